"""Parameters of the trees: read under their own names, and refused with a fix where they would end the process or change a meaning."""

from __future__ import annotations

import pytest

from churnpredict.errors import UsageError
from churnpredict.model.tree_parameters import PARAMETERS, REFUSED, read_parameter, read_parameters


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_alias_is_the_parameter(name: str) -> None:
    row = PARAMETERS[name]
    if name == "interaction_constraints":
        value: object = [["a"]]
    else:
        value = row.kind[0] if isinstance(row.kind, tuple) else True if row.kind is bool else row.kind(max(row.least, 1))
    read = read_parameters({name: value}, ["a"])
    assert list(read) == [name]
    for alias in row.aliases:
        assert read_parameters({alias: value}, ["a"]) == read
        with pytest.raises(UsageError, match="parameter-twice"):
            read_parameters({name: value, alias: value}, ["a"])


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_parameter_comes_with_its_fix(name: str) -> None:
    with pytest.raises(UsageError, match="refused-parameter") as caught:
        read_parameters({name: 1}, [])
    assert REFUSED[name] in str(caught.value)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"num_leave": 7}, "unknown-parameter"),
        ({"num_leaves": 1}, "bad-parameter"),
        ({"num_leaves": 7.5}, "bad-parameter"),
        ({"learning_rate": float("nan")}, "bad-parameter"),
        ({"learning_rate": "0.1"}, "bad-parameter"),
        ({"interaction_constraints": "a"}, "bad-parameter"),
        ({"interaction_constraints": [["z"]]}, "unknown-feature"),
        ([("num_leaves", 7)], "bad-parameter"),
    ],
    ids=str,
)
def test_a_value_outside_its_range_is_refused(given: object, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        read_parameters(given, ["a", "b"])  # type: ignore[arg-type]


def test_columns_may_be_named_or_numbered() -> None:
    assert read_parameters({"interaction_constraints": [["b", 0]]}, ["a", "b"]) == {"interaction_constraints": [[1, 0]]}
    assert read_parameter("num_leaves", 15) == 15
