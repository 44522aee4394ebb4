"""Recurring revenue as paths: cents, months as agreed, pauses, grace periods and cancellations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.definitions import Definition
from churnpredict.accounting.recurring import Holdings, holdings
from churnpredict.clock import OPEN
from churnpredict.errors import ChurnWarning, ContentError, UsageError

PLAIN = Definition()


def contracts(*rows, **more):  # type: ignore[no-untyped-def]
    frame = pd.DataFrame(rows, columns=["who", "start", "end", "eur", "kind", "planned"])
    frame = frame.astype({"start": "datetime64[us]", "end": "datetime64[us]", "planned": "datetime64[us]"})
    held = cp.Intervals(frame, customer="who", start="start", end="end", value="eur", money=True, kind="kind", planned_end="planned")
    return cp.EventTables(contracts=held, observed_until="2025-01-01", **more)


def row(who="a", start="2024-01-01", end=None, eur=10.0, kind="paid", planned=None):  # type: ignore[no-untyped-def]
    return who, start, end, eur, kind, planned


def shown(held: Holdings) -> list[tuple[str, str, int]]:
    """Start, end and cents of each interval."""
    day = lambda moments: ["open" if m == OPEN else str(np.datetime64(int(m), "us").astype("datetime64[D]")) for m in moments]  # noqa: E731
    return list(zip(day(held.starts), day(held.ends), held.cents.tolist(), strict=True))


def test_amounts_are_whole_cents_and_empty_intervals_are_none() -> None:
    tables = contracts(row(eur=19.99), row("b", "2024-02-01", "2024-02-01"), row("c", "2024-02-01", "2024-03-01", 0.1))
    assert shown(holdings(tables, None, "contracts.value", 2, PLAIN)) == [("2024-01-01", "open", 1999), ("2024-02-01", "2024-03-01", 10)]


@pytest.mark.parametrize(
    ("planned", "cents"),
    [("2025-01-01", 1000), ("2024-02-01", 12000), ("2024-03-01", 6000)],  # 120 for a year, a month, and two months
)
def test_amounts_of_contracts_are_spread_over_the_months_as_agreed(planned: str, cents: int) -> None:
    tables = contracts(row(eur=120.0, planned=planned))
    assert holdings(tables, None, "contracts.value", 2, PLAIN, per="contract").cents.tolist() == [cents]


def test_nothing_is_paid_during_a_pause() -> None:
    pauses = pd.DataFrame({"who": ["a"], "from": ["2024-03-01"], "to": ["2024-04-01"]})
    tables = contracts(row(), pauses=cp.Intervals(pauses, customer="who", start="from", end="to"))
    found = holdings(tables, None, "contracts.value", 2, PLAIN, pauses="pauses")
    paid = [part for part in shown(found) if part[2]]
    assert paid == [("2024-01-01", "2024-03-01", 1000), ("2024-04-01", "open", 1000)]
    assert found.cut.tolist()[0], "a pause is an event, and belongs to the period that it opens"


@pytest.mark.parametrize(("grace", "end"), [("30d", "2024-03-10"), ("7d", "2024-03-01")])
def test_a_late_renewal_carries_on_within_the_grace_period(grace: str, end: str) -> None:
    tables = contracts(row(end="2024-03-01"), row(start="2024-03-10"))
    churn = cp.SubscriptionEnd("30d", of="contracts", grace=grace)
    assert shown(holdings(tables, churn, "contracts.value", 2, PLAIN))[0] == ("2024-01-01", end, 1000)


def test_a_cancellation_ends_what_is_paid() -> None:
    gone = cp.Events(pd.DataFrame({"who": ["a"], "at": ["2024-03-10"]}), customer="who", time="at")
    tables = contracts(row(), row("b"), gone=gone)
    found = holdings(tables, cp.Cancellation("30d", of="gone"), "contracts.value", 2, PLAIN)
    assert shown(found) == [("2024-01-01", "2024-03-10", 1000), ("2024-01-01", "open", 1000)]
    assert found.cut.tolist() == [True, False]


def test_trials_are_left_out() -> None:
    tables = contracts(row(kind="trial", end="2024-02-01", eur=0.0), row(start="2024-02-01"))
    assert shown(holdings(tables, None, "contracts.value", 2, PLAIN, trials=["trial"])) == [("2024-02-01", "open", 1000)]


def test_what_is_no_recurring_revenue_is_refused() -> None:
    orders = cp.EventTables(
        orders=cp.Events(pd.DataFrame({"who": ["a"], "at": ["2024-01-01"], "eur": [1.0]}), customer="who", time="at", value="eur")
    )
    with pytest.raises(UsageError, match="not-recurring"):
        holdings(orders, None, "orders.value", 2, PLAIN)
    with pytest.raises(UsageError, match="rule-not-accountable"):
        holdings(contracts(row()), cp.Inactivity("30d", of="contracts"), "contracts.value", 2, PLAIN)
    with pytest.raises(UsageError, match="no-planned-end"):
        holdings(contracts(row()), None, "contracts.value", 2, PLAIN, per="contract")
    with pytest.raises(ContentError, match="amount-too-large"):
        holdings(contracts(row(eur=1e15)), None, "contracts.value", 2, PLAIN)
    with pytest.warns(ChurnWarning, match="amounts-vanish"):
        holdings(contracts(row(eur=0.001)), None, "contracts.value", 2, PLAIN)
    with pytest.warns(ChurnWarning, match="no-amount"):
        assert holdings(contracts(row(eur=None), row("b")), None, "contracts.value", 2, PLAIN).cents.tolist() == [0, 1000]
