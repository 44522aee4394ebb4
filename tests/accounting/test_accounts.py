"""Tables of accounts: plain numbers that print as people write them, small groups hidden with a note."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.accounts import Accounts, Groups, check_least, hide, share_of
from churnpredict.errors import UsageError


def test_numbers_print_as_people_write_them_and_stay_numbers() -> None:
    frame = Accounts({"period": ["2024Q1"], "rate": [0.25], "money_lost": [2_400_000.0], "lost": [1200], "note": [""]})
    text = repr(frame)
    assert "25 %" in text
    assert "1,200" in text
    assert "2,400,000" in text
    assert "note" not in text, "empty notes take no column"
    assert frame["rate"].sum() == 0.25
    assert isinstance(frame.head(1), Accounts)


def test_a_share_of_nobody_is_not_known() -> None:
    assert share_of([1, 0, 3], [4, 0, 3]) == pytest.approx([0.25, np.nan, 1], nan_ok=True)


def test_hidden_rows_lose_their_figures_and_say_why() -> None:
    frame = Accounts({"period": ["a", "b"], "customers": [3, 30], "rate": [0.3, 0.2], "note": ["", ""]})
    hide(frame, np.array([True, False]), "fewer than 5 customers", shown=["period"])
    assert frame["rate"].isna().tolist() == frame["customers"].isna().tolist() == [True, False]
    assert frame["note"].tolist() == ["fewer than 5 customers", ""]
    for wrong in (0, 1.5, True):
        with pytest.raises(UsageError):
            check_least(wrong)  # type: ignore[arg-type]


@pytest.fixture
def tables() -> cp.EventTables:
    people = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "joined": ["2022-01-01", "2023-06-01", None],
            "plan": ["basic", None, "pro"],
            "seats": [1.0, 2.0, np.nan],
        }
    )
    visits = pd.DataFrame({"id": ["a", "b", "c"], "day": ["2024-01-10"] * 3})
    return cp.EventTables(
        people=cp.Customers(people, customer="id", since="joined", attributes=["plan", "seats"]),
        visits=cp.Events(visits, customer="id", time="day"),
    )


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("plan", ["basic", "unknown", "pro"]),
        ("seats", [1.0, 2.0, "unknown"]),
        ("tenure_year", [3, 1, "unknown"]),
        ({"a": "x", "c": "y"}, ["x", "unknown", "y"]),
        (pd.Series(["x", "y"], index=["b", "a"], name="team"), ["y", "x", "unknown"]),
    ],
    ids=["label", "number", "tenure", "mapping", "series"],
)
@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_every_customer_is_in_a_group_or_unknown(tables: cp.EventTables, by: object, expected: list[object]) -> None:
    groups = Groups.of(tables, by)  # type: ignore[arg-type]
    moments = np.repeat(tables.instants("2024-01-11", "at"), 3)
    codes = groups.codes(tables, tables.codes(pd.Series(["a", "b", "c"])), moments)
    assert groups.named(codes).tolist() == expected


def test_a_group_that_is_not_there_is_refused_with_those_that_are(tables: cp.EventTables) -> None:
    with pytest.raises(UsageError, match=r"plan.*no-such-group"):
        Groups.of(tables, "plans")
