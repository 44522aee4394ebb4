"""Declarations are judged before any row is read: names, kinds of table, zones."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError, TimeError
from churnpredict.events.check_declarations import RESERVED, check_declarations, check_zones

LOG = pd.DataFrame({"id": ["a"], "day": ["2024-01-01"], "eur": [1.0]})


def events(**more: object) -> cp.Events:
    return cp.Events(LOG, **{"customer": "id", "time": "day"} | more)  # type: ignore[arg-type]


PEOPLE = cp.Customers(LOG, customer="id")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "no-events"),
        ({"people": PEOPLE}, "no-events"),
        ({"log": LOG}, "undeclared-table"),
        ({"a": events(), "people": PEOPLE, "others": PEOPLE}, "two-customers"),
        ({"log": events(driver="habbit")}, "unknown-driver"),
        ({"log": events(unit="fortnight")}, "epoch-unit"),
        ({"log": events(format="day")}, "bad-format"),
        ({"log": events(replies=["open"])}, "no-kinds"),
        ({"log": events(seats="plans.seats")}, "bad-seats"),
        ({"log": events(repeats="twice")}, "bad-repeats"),
        ({"log": events(activity=["paid"])}, "bad-argument"),
        *[({name: events()}, "table-name") for name in (*sorted(RESERVED), "calendar", "my log", "a__b", "1st", "")],
        ({"log": events(), "LOG": events()}, "table-name"),
    ],
    ids=str,
)
def test_what_cannot_be_declared_is_refused(given: dict[str, object], code: str) -> None:
    with pytest.raises(ChurnError) as caught:
        check_declarations(given, "UTC")
    assert caught.value.code == code


@pytest.mark.parametrize("zone", ["Europe", "CET/Nowhere", "", 3], ids=str)
def test_a_zone_that_does_not_exist_is_refused(zone: object) -> None:
    with pytest.raises(ChurnError):
        check_declarations({"log": events()}, zone)  # type: ignore[arg-type]
    check_declarations({"log": events(), "people": PEOPLE}, "Europe/Berlin")


def test_all_tables_have_a_zone_or_none() -> None:
    check_zones({"a": True, "b": None, "c": True})
    with pytest.raises(TimeError, match="mixed-zones"):
        check_zones({"a": True, "b": False})
