"""Declarations: which columns are read, which keep every digit, and what is refused before anything is read."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError

FRAME = pd.DataFrame({"who": ["a"], "at": ["2024-01-01"]})
KINDS = {
    "events": cp.Events(FRAME, customer="who", time="at", value="eur", kind="what", item="sku", user="person", known_at="seen", id="no"),
    "intervals": cp.Intervals(FRAME, customer="who", start="from", end="to", value="eur", kind="plan", attributes=["size"], dates=["due"]),
    "states": cp.States(FRAME, customer="who", time="at", values=["plan", "price"], labels=["plan"]),
    "people": cp.Customers(FRAME, customer="who", account="firm", valid_from="from"),
    "customers": cp.Customers(FRAME, customer="who", since="joined", attributes=["city", "age"], owner="amy", labels=["age"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_role_that_names_a_column_is_read(kind: str) -> None:
    """A role that is added to a declaration and not read would be ignored in silence."""
    declared = KINDS[kind]
    given = {f.name: getattr(declared, f.name) for f in dataclasses.fields(declared) if f.name not in ("source", "driver", "seats")}
    named = {v for v in given.values() if isinstance(v, str)} | {c for v in given.values() if isinstance(v, list) for c in v}
    assert set(declared.columns()) == named
    assert set(declared.as_written()) <= named


def test_numbers_are_not_kept_as_written_and_labels_are() -> None:
    assert "eur" not in KINDS["events"].as_written()
    assert {"who", "sku", "no"} <= set(KINDS["events"].as_written())
    assert {"who", "firm", "from"} <= set(KINDS["people"].as_written())
    assert KINDS["states"].described() == ["price"], "declared labels are not judged by their values"
    assert KINDS["customers"].described() == ["city"]


@pytest.mark.parametrize(
    "given", [{"a", "b"}, np.array(["a", "b"]), pd.Series(["a", "b"]), (c for c in "ab")], ids=lambda g: type(g).__name__
)
def test_lists_that_can_be_read_once_are_read_once(given: object) -> None:
    declared = cp.States(FRAME, customer="who", time="at", values=given)  # type: ignore[arg-type]
    assert sorted(declared.values) == sorted(declared.values) == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (cp.Events, {"customer": 3, "time": "at"}),
        (cp.Events, {"customer": "who", "time": None}),
        (cp.States, {"customer": "who", "time": "at", "values": "plan"}),
        (cp.Customers, {"customer": "who", "attributes": [3]}),
        (cp.Intervals, {"customer": "who", "start": "from", "end": ["to"]}),
    ],
)
def test_what_is_no_name_of_a_column_is_refused(kind: type, roles: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        kind(FRAME, **roles)
