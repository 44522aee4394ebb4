"""Transitions: equal to a plain oracle in whole days under each rule, and shown as they are counted."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from tests.oracles.transitions import NOW, Contract, Row, Silence, moves

import churnpredict as cp
from churnpredict.accounting import transitions
from churnpredict.accounting.state_moves import STATES
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import ImmatureError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
FIRST = pd.Timestamp("2022-01-01")
LAST = 1000


def dated(day):
    return FIRST + pd.Timedelta(days=int(day))


def visits_of(rng):
    """Days of visits in a few busy times with silences between them, some of them twice on a day."""
    days, day = [], int(rng.integers(0, 500))
    for _ in range(int(rng.integers(1, 5))):
        gap = int(rng.choice([1, 5, 20, 45, 60, 90]))
        days += [day + gap * i for i in range(int(rng.integers(1, 9)))]
        day = days[-1] + int(rng.choice([30, 60, 61, 90, 179, 180, 181, 300]))
    return [d for d in days if d < LAST]


def world(rng, n=40):
    """Customers with visits, contracts and cancellations."""
    visits = {who: visits_of(rng) if rng.random() < 0.85 else [] for who in range(n)}
    contracts, ends = {}, {}
    for who in range(n):
        day, own = int(rng.integers(0, 500)), []
        for _ in range(int(rng.integers(1, 5))):
            length = int(rng.choice([30, 90, 180, 365]))
            own.append((day, NOW if rng.random() < 0.1 else day + length, bool(rng.random() < 0.3)))
            day += length + int(rng.choice([0, 10, 30, 31, 90, 91, 200]))
        contracts[who] = [c for c in own if c[0] < LAST]
        days = rng.choice([*visits[who], *rng.integers(0, LAST, 4)], int(rng.integers(0, 4)))
        ends[who] = [(int(d), bool(rng.random() < 0.4)) for d in days]
    return visits, contracts, ends


def declared(visits, contracts, ends, timezone="UTC"):
    logins = pd.DataFrame([(who, dated(d)) for who, days in visits.items() for d in days], columns=["id", "day"])
    rows = [(w, dated(a), None if b == NOW else dated(b), "failed" if lost else "paid") for w, cs in contracts.items() for a, b, lost in cs]
    plans = pd.DataFrame(rows, columns=["id", "from", "to", "kind"]).assign(eur=[10.1 * (i % 7) for i in range(len(rows))])
    gone = pd.DataFrame(
        [(w, dated(d), "lost" if lost else "own") for w, es in ends.items() for d, lost in es], columns=["id", "day", "why"]
    )
    return cp.EventTables(
        visits=cp.Events(logins.assign(eur=1.1), customer="id", time="day", value="eur", money=True, repeats="keep"),
        plans=cp.Intervals(
            plans, customer="id", start="from", end="to", end_inclusive=False, kind="kind", value="eur", money=True, per="month"
        ),
        ends=cp.Events(gone, customer="id", time="day", kind="why", repeats="keep"),
        observed_until=dated(LAST + 400),
        timezone=timezone,
    )


@pytest.mark.parametrize("seed", range(12))
def test_moves_are_those_of_the_oracle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    visits, contracts, ends = world(rng)
    tables = declared(visits, contracts, ends, timezone=["UTC", "Europe/Berlin"][seed % 2])
    edges = [d for days in visits.values() for d in days] + [d for own in contracts.values() for d, _, _ in own]
    start = int(rng.choice([d for d in edges if 100 < d < 700]))  # something happens at the moment itself
    end = int(rng.choice([start + 1, start + 365, *(d for d in edges if d > start)]))
    silence = [Silence(days, 60) for days in visits.values()]
    contract = [Contract(own, 30) for own in contracts.values()]
    row = [Row(own, visits[who]) for who, own in ends.items()]
    rules = (
        (cp.Inactivity("60d", of="visits", active_within="400d"), None, zip(silence, visits.values(), strict=True)),
        (cp.SubscriptionEnd("30d", of="plans", grace="30d", involuntary=["failed"]), None, ((c, None) for c in contract)),
        (cp.SubscriptionEnd("30d", of="plans", grace="30d", involuntary=["failed"]), "visits", zip(contract, visits.values(), strict=True)),
        (cp.Cancellation("30d", of="ends", back="visits", involuntary=["lost"]), "visits", zip(row, visits.values(), strict=True)),
    )
    for churn, of, customers in rules:
        whole = list(customers)
        if isinstance(churn, cp.Cancellation):  # the first row of any table makes a customer
            for (who, _), own in zip(whole, contracts.values(), strict=True):
                who.entry = min([*([] if who.entry is None else [who.entry]), *(a for a, _, _ in own)])
        found = transitions(tables, churn, start=dated(start), end=dated(end), of=of, min_group=1)
        pairs = dict(zip(zip(found["from"], found["to"], strict=True), found["customers"], strict=True))
        assert pairs == moves(whole, start, end), (churn, of)


def test_all_states_occur_in_the_oracle() -> None:
    """Nothing is compared that does not occur."""
    seen = set()
    for seed in range(12):
        visits, contracts, _ = world(np.random.default_rng(seed))
        who = [(Contract(own, 30), days) for own, days in zip(contracts.values(), visits.values(), strict=True)]
        seen |= {state for pair in moves(who, 300, 600) for state in pair}
    assert seen == set(STATES)


RULES = (
    cp.Inactivity("60d", of="visits"),
    cp.SubscriptionEnd("30d", of="plans", grace="30d"),
    cp.Cancellation("30d", of="ends", involuntary=["lost"]),
)


@pytest.mark.parametrize("churn", RULES, ids=lambda rule: type(rule).__name__)
def test_money_is_that_of_the_customers_of_each_cell(churn) -> None:
    visits, contracts, ends = world(np.random.default_rng(5), n=60)
    tables = declared(visits, contracts, ends)
    one = transitions(tables, churn, start=dated(500), end=dated(600), value="visits", min_group=1)
    if isinstance(churn, cp.Inactivity):  # all who pay are customers
        for name, a, b in (("money_start", 400, 500), ("money_end", 500, 600)):
            paid = [d for days in visits.values() for d in days if a <= d < b]
            assert math.isclose(one[name].sum(), 1.1 * len(paid), rel_tol=1e-12)
    held = transitions(tables, churn, start=dated(500), end=dated(600), value="plans", min_group=1)
    gone = held["to"].isin(["left", "lost"]).to_numpy()
    assert (held.loc[gone, "money_end"] == 0).all()
    assert (held.loc[held["from"].isin(["left", "lost"]).to_numpy(), "money_start"] == 0).all()
    assert (held.loc[(held["from"] == "not yet").to_numpy(), "money_start"] == 0).all()
    assert held.loc[~gone, "money_end"].sum() > 0


def test_no_silence_is_seen_before_the_table_begins() -> None:
    contracts = {"old": [(0, NOW, False)], "other": [(0, NOW, False)]}
    tables = declared({"old": [], "other": [300, 340, 440]}, contracts, {"other": [(900, False)]})
    churn = cp.SubscriptionEnd("30d", of="plans")
    moved = transitions(tables, churn, start=dated(300 + 90), end=dated(300 + 91), of="visits", min_group=1)
    assert moved.matrix().to_dict() == {"current": {"current": 1}, "at risk": {"current": 1}}


def test_money_does_not_depend_on_the_order_of_customers() -> None:
    some = world(np.random.default_rng(5), n=300)
    other = tuple({-who: own for who, own in table.items()} for table in some)
    options = {"start": dated(500), "end": dated(600), "value": "plans", "min_group": 1}
    one, two = (transitions(declared(*given), cp.SubscriptionEnd("30d", of="plans"), **options) for given in (some, other))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_payments_before_the_table_begins_are_unknown() -> None:
    visits, contracts, ends = world(np.random.default_rng(5))
    first = min(min(days, default=NOW) for days in visits.values())
    tables = declared(visits, contracts, ends)
    churn = cp.Inactivity("60d", of="visits")
    options = {"value": "visits", "min_group": 1}
    early = transitions(tables, churn, start=dated(first + 99), end=dated(first + 199), **options)
    assert early["money_start"].isna().all()
    assert early["money_end"].notna().all()
    assert transitions(tables, churn, start=dated(first + 100), end=dated(first + 200), **options)["money_start"].notna().all()


def test_shares_are_of_the_rows_and_small_rows_are_hidden() -> None:
    visits, contracts, ends = world(np.random.default_rng(1))
    tables = declared(visits, contracts, ends)
    churn = cp.SubscriptionEnd("30d", of="plans", grace="30d")
    every = transitions(tables, churn, start=dated(500), end=dated(700), min_group=1)
    assert every.groupby("from")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert every.matrix().sum().sum() == every["customers"].sum()
    assert ((every["low"] <= every["share"]) & (every["share"] <= every["high"])).all()
    sizes = every.groupby("from")["customers"].sum()
    least = int(sizes.min()) + 1
    some = transitions(tables, churn, start=dated(500), end=dated(700), min_group=least)
    hidden = some["customers"].isna().to_numpy()
    assert set(some.loc[hidden, "from"]) == set(sizes.index[(sizes < least).to_numpy()])
    assert some.loc[~hidden, "customers"].tolist() == every.loc[~hidden, "customers"].tolist()
    assert f"fewer than {least} customers" in some._repr_html_()
    assert "\u2013" in repr(some)
    with pytest.raises(UsageError, match="unknown-choice"):
        some.matrix("money_end")


def test_moments_are_checked() -> None:
    tables = declared(*world(np.random.default_rng(1)))
    churn = cp.SubscriptionEnd("30d", of="plans", grace="30d")
    with pytest.raises(UsageError, match=r"start is 2023-01-01 and end 2023-01-01.*bad-argument"):
        transitions(tables, churn, start="2023-01-01", end="2023-01-01")
    settled = dated(LAST + 400 - 30)
    transitions(tables, churn, start="2023-01-01", end=settled)
    with pytest.raises(ImmatureError, match=re.escape(f"known before {settled.date()}")):
        transitions(tables, churn, start="2023-01-01", end=settled + pd.Timedelta(days=1))
    with pytest.raises(UsageError, match="unknown-table"):
        transitions(tables, churn, start="2023-01-01", end="2023-02-01", of="vist")
    with pytest.raises(UsageError, match="rule-not-accountable"):
        transitions(tables, cp.rules.WinBack("30d", of="visits"), start="2023-01-01", end="2023-02-01")


def test_a_part_of_the_columns_is_shown_as_a_table() -> None:
    moved = transitions(declared(*world(np.random.default_rng(1))), cp.Inactivity("60d", of="visits"), start=dated(400), end=dated(500))
    assert "2023-02-05 \u2192 2023-05-16" in repr(moved).splitlines()[0]
    assert repr(moved[["from", "to", "customers"]]).split()[:3] == ["from", "to", "customers"]
    assert (moved.start, moved.end) == ("2023-02-05", "2023-05-16")


@pytest.mark.parametrize(
    "churn", [cp.Inactivity("60d", of="orders"), cp.SubscriptionEnd("60d", of="subscriptions"), cp.Cancellation("60d", of="cancellations")]
)
def test_the_last_quarter_is_the_default(churn: ChurnRule) -> None:
    tables = cp.make_business(150, random_state=8, rule="cancellation").tables
    found = cp.accounting.transitions(tables, churn)
    start, end = pd.Timestamp(found.start), pd.Timestamp(found.end)
    assert end - start == pd.Timedelta(days=90)
    pd.testing.assert_frame_equal(found, cp.accounting.transitions(tables, churn, start=start, end=end))
    with pytest.raises(ImmatureError):
        cp.accounting.transitions(tables, churn, start=start, end=end + pd.Timedelta(days=1, seconds=1))
    sooner = cp.accounting.transitions(tables, churn, end=end - pd.Timedelta(days=30))
    assert (sooner.start, sooner.end) == tuple(str((day - pd.Timedelta(days=30)).date()) for day in (start, end))
