"""How a file is written: every option is checked where it is given, and only those given are kept."""

from __future__ import annotations

import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.events.sources.file_options import FILE_OPTIONS

GOOD = {"encoding": "latin1", "skip_rows": 2, "footer_rows": 1, "decimal": ",", "thousands": ".", "column_names": ["id", "day"]}


def test_only_what_is_given_is_an_option() -> None:
    assert cp.File("log.csv").options == {}
    given = cp.File("log.csv", **GOOD).options  # type: ignore[arg-type]
    assert given.keys() == GOOD.keys() <= set(FILE_OPTIONS)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("encoding", "klingon"),
        ("skip_rows", -1),
        ("skip_rows", True),
        ("footer_rows", 1.5),
        ("decimal", ";"),
        ("thousands", "x"),
        ("column_names", "id"),
        ("column_names", ["id", "id"]),
    ],
)
def test_an_option_that_no_file_has_is_refused_by_its_name(name: str, wrong: object) -> None:
    with pytest.raises(UsageError, match=rf"{name} is .*file-option"):
        cp.File("log.csv", **{name: wrong})  # type: ignore[arg-type]


def test_the_decimal_sign_is_never_the_separator_of_thousands() -> None:
    with pytest.raises(UsageError, match="file-option"):
        cp.File("log.csv", thousands=".")
    assert cp.File("log.csv", thousands="\u202f", decimal=",").thousands == " ", "narrow spaces are spaces"
