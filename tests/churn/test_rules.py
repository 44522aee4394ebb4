"""Churn rules beside Inactivity (whose laws are in tests/laws): each against a plain loop over the words of its rule."""

import decimal
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict import Cancellation, Customers, Events, EventTables, Inactivity, SubscriptionEnd, label_churn, take_snapshots
from churnpredict.errors import OutcomeError
from churnpredict.events.tables import Intervals
from churnpredict.spans import Span

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

D = pd.Timedelta("1D")
START = pd.Timestamp("2024-01-01")
FAR = "2027-01-01"


def days(rng, n, top=400):
    return START + pd.to_timedelta(rng.integers(0, top, n), unit="D")


def make_cancellations(seed, n=12):
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"id": [f"c{i:02d}" for i in range(n)], "joined": days(rng, n, 200).as_unit("us")})
    gone = people.sample(n // 2, random_state=seed)
    left = gone["joined"] + pd.to_timedelta(rng.integers(1, 200, len(gone)), unit="D")
    kinds = rng.choice(["wish", "card"], len(gone))
    log = pd.DataFrame({"id": gone["id"].to_numpy(), "at": left.to_numpy().astype("datetime64[us]"), "why": kinds})
    tables = EventTables(
        cancellations=Events(log, customer="id", time="at", kind="why"),
        people=Customers(people, customer="id", since="joined"),
        observed_until=FAR,
    )
    return tables, people.set_index("id")["joined"], log.set_index("id")


@given(st.integers(0, 10_000), st.integers(10, 500), st.sampled_from(["0d", "14d"]))
def test_cancellation_is_the_plain_loop(seed, day, gap):
    assume(compared_with_the_plain_loop(seed, day, gap))


def compared_with_the_plain_loop(seed, day, gap):
    """Compare the labels; return whether there was anybody to compare."""
    tables, joined, log = make_cancellations(seed)
    churn = Cancellation("60d", of="cancellations", involuntary=["card"], gap=gap)
    cutoff = max(START + day * D, joined.min() + D, log["at"].min() + D)  # something is known by then
    opens = cutoff + pd.Timedelta(gap.upper())
    expected = {}
    for customer in joined.index:
        left = log["at"].get(customer)
        if joined[customer] >= cutoff or (left is not None and left < cutoff):
            continue  # not there yet, or not there any more
        if left is not None and left < opens:
            expected[customer] = None  # leaves within the gap: nothing to predict
        elif left is not None and left < opens + 60 * D:
            expected[customer] = (2 if log["why"][customer] == "card" else 1, (left - cutoff) / D)
        else:
            expected[customer] = (0, 60 + (opens - cutoff) / D)
    if not expected:
        return False
    past = take_snapshots(tables, churn, at=cutoff)
    assert past["customer_id"].tolist() == list(expected)
    if all(e is None for e in expected.values()):
        return False
    labelled = label_churn(tables, past, churn)
    found = {c: (o, d) for (c, _), o, d in zip(labelled.index, labelled["outcome"], labelled["duration"], strict=True)}
    assert found == {c: e for c, e in expected.items() if e is not None}
    return True


def make_contracts(seed, n=40):
    rng = np.random.default_rng(seed)
    start = days(rng, n, 500)
    end = (start + pd.to_timedelta(rng.choice([30, 90, 365], n), unit="D")).to_series().mask(rng.random(n) < 0.15).to_numpy()
    frame = pd.DataFrame(
        {"id": rng.choice([f"c{i}" for i in range(8)], n), "from": start.as_unit("us"), "to": end.astype("datetime64[us]")}
    )
    frame = frame.drop_duplicates(["id", "from"])
    return EventTables(plans=Intervals(frame, customer="id", start="from", end="to"), observed_until=FAR), frame


def spell_end(own, cutoff, grace):
    """When the contracts that cover the cutoff, and those that carry them on within the grace, come to an end; NaT for never."""
    own = own.assign(to=own["to"].fillna(pd.Timestamp("2200-01-01"))).sort_values("from")
    end = own.loc[(own["from"] < cutoff) & (own["to"] >= cutoff - grace), "to"].max()
    for _, row in own[own["from"] >= cutoff].iterrows():
        if row["from"] - end <= grace:
            end = max(end, row["to"])
    return end


def has_contract(own, cutoff, grace):
    """A contract from before the cutoff runs on, or one that begins at the cutoff carries it on."""
    before, runs = own["from"] < cutoff, own["to"].isna() | (own["to"] > cutoff)
    renews = (before & (own["to"] <= cutoff) & (cutoff - own["to"] <= grace)).any() and ((own["from"] == cutoff) & runs).any()
    return bool((before & runs).any() or renews)


@given(st.integers(0, 10_000), st.integers(40, 480), st.sampled_from(["0d", "30d"]))
def test_the_end_of_a_subscription_is_the_plain_loop(seed, day, grace):
    tables, frame = make_contracts(seed)
    churn, cutoff = SubscriptionEnd("90d", of="plans", grace=grace), max(START + day * D, frame["from"].min() + D)
    expected = {}
    for customer, own in frame.groupby("id"):
        if has_contract(own, cutoff, pd.Timedelta(grace.upper())):
            end = spell_end(own, cutoff, pd.Timedelta(grace.upper()))
            left = end < cutoff + 90 * D
            expected[customer] = (int(left), (end - cutoff) / D if left else 90.0)
    assume(expected)
    labelled = label_churn(tables, take_snapshots(tables, churn, at=cutoff), churn)
    found = {c: (o, d) for (c, _), o, d in zip(labelled.index, labelled["outcome"], labelled["duration"], strict=True)}
    assert found == expected


def test_within_derives_shorter_horizons_only_where_they_are_known():
    tables, _, log = make_cancellations(3, n=40)
    churn = Cancellation("90d", of="cancellations", involuntary=["card"])
    y = label_churn(tables, take_snapshots(tables, churn, at=["2024-06-01", "2024-09-01"]), churn)
    short, long = y.within("30d"), y.within()
    assert (short <= long).all()
    assert long.tolist() == (y["outcome"] > 0).astype(int).tolist()
    assert 0 < short.sum() < long.sum()
    with pytest.raises(OutcomeError, match="longer-horizon"):
        y.within("91d")
    orders = EventTables(orders=Events(log.reset_index(), customer="id", time="at"), observed_until=FAR)
    silent = Inactivity("90d", active_within="ever")
    z = label_churn(orders, take_snapshots(orders, silent, at="2024-09-01"), silent)
    with pytest.raises(OutcomeError, match="shorter-horizon"):
        z.within("30d")


def over_many_days():
    assert sum(compared_with_the_plain_loop(5, day, "14d") for day in range(60, 400, 20)) > 10


def test_the_comparisons_above_can_fail():
    """With the gap forgotten, who leaves within it is labelled as having left: the loop disagrees."""
    over_many_days()
    with mock.patch.object(Cancellation, "gap_span", Span()), pytest.raises(AssertionError):
        over_many_days()


@pytest.mark.parametrize(
    "make",
    [
        lambda k: cp.Cancellation("30d", of="o", involuntary=k),
        lambda k: cp.SubscriptionEnd("30d", involuntary=k),
        lambda k: cp.rules.TrialEnd("30d", kinds=k),
        lambda k: cp.Inactivity("30d", kinds=k),
        lambda k: cp.rules.WinBack("30d", kinds=k),
    ],
)
def test_kinds_of_a_rule_are_the_texts_of_the_tables(make):
    """1, 1.0 and Decimal(1) are one kind, in any list; a missing one, which no row has, is refused instead of finding nobody."""
    same = make(["1", "2"])
    for kinds in ([1, 2.0], np.array([1, 2]), {1, 2}, pd.Series([1, 2]), [decimal.Decimal("1.0"), 2]):
        assert make(kinds) == same, kinds
    for wrong in ("paid", 1, {"paid": 1}, [None], [float("nan")], [""]):
        with pytest.raises(cp.ChurnError):
            make(wrong)
