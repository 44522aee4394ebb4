"""Contracts: rules, accounts and the ledger against sets of whole days, and the corners by hand."""

import itertools
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracles.spells import FOR_EVER, bridged, leaves_on, on_contract, there

import churnpredict as cp
from churnpredict.accounting.ledger import Ledger
from churnpredict.events import spells

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

START = pd.Timestamp("2024-01-01")
UNTIL = 900  # days observed


def date(day):
    return pd.NaT if day >= FOR_EVER else START + pd.Timedelta(days=day)


def draw(seed, n=30):
    """Contracts of few customers: many that touch, overlap, leave seams, last no time at all, or have not ended."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(8):
        day = int(rng.integers(0, 40))
        for _ in range(int(rng.integers(1, 7))):
            length = int(rng.choice([0, 1, 5, 30, 31]))
            rows.append((who, day, FOR_EVER if rng.random() < 0.05 else day + length))
            day += int(rng.choice([0, length, length, length + 1, length + 3, length + 20]))
    return rows


def tables_of(rows, **more):
    frame = pd.DataFrame({"id": [r[0] for r in rows], "a": [date(r[1]) for r in rows], "b": [date(r[2]) for r in rows]})
    visits = pd.DataFrame({"id": [0], "at": [START]})
    declared = cp.Intervals(frame, customer="id", start="a", end="b", repeats="keep", **more)  # few lengths: some are drawn twice
    log = cp.Events(visits, customer="id", time="at")
    return cp.EventTables(subs=declared, visits=log, observed_until=date(UNTIL))


def contracts_of(rows):
    return {who: [(a, b) for w, a, b in rows if w == who] for who in sorted({r[0] for r in rows})}


def check_snapshots(seed, grace):
    """Risk set, outcomes and durations at many cutoffs."""
    rows = draw(seed)
    tables, own = tables_of(rows, end_inclusive=False), contracts_of(rows)
    churn = cp.SubscriptionEnd("30d", of="subs", grace=f"{grace}d")
    met = 0
    for day in range(min(r[1] for r in rows) + 1, 130, 3):
        expected = [who for who, c in own.items() if on_contract(c, grace, day)]
        moments = np.full(len(own), tables.instants(date(day))[0])
        found = churn.at_risk(tables, np.arange(len(own), dtype=np.int32), moments)
        assert [who for who, risk in zip(own, found, strict=True) if risk] == expected
        if not expected:
            continue
        labels = cp.label_churn(tables, pd.DataFrame({"customer_id": expected, "cutoff": date(day)}), churn)
        ends = {who: leaves_on(own[who], grace, day) - day for who in expected}
        assert labels["outcome"].tolist() == [int(ends[who] < 30) for who in expected]
        assert labels["duration"].tolist() == [float(min(ends[who], 30)) for who in expected]
        met += sum(e < 30 for e in ends.values())
    return met


def check_ledger(seed, grace):
    """Who is a customer when, and who has left by the end of a period."""
    rows = draw(seed)
    own = contracts_of(rows)
    ledger = Ledger(tables_of(rows, end_inclusive=False), cp.SubscriptionEnd("30d", of="subs", grace=f"{grace}d"))
    met = 0
    for day in range(1, 130, 3):
        moments = np.full(len(own), ledger.tables.instants(date(day))[0])
        everybody = np.arange(len(own), dtype=np.int32)
        customers = ledger.customers_at(everybody, moments)
        assert customers.tolist() == [there(c, grace, day) for c in own.values()]
        left_at, _ = ledger.leaving(everybody[customers], moments[customers])
        ends = np.full(customers.sum(), ledger.tables.instants(date(day + 30))[0])
        expected = [leaves_on(own[who], grace, day) <= day + 30 for who in np.array(list(own))[customers]]
        assert ledger.gone_by(left_at, ends).tolist() == expected
        met += sum(expected)
    return met


@given(st.integers(0, 10_000), st.sampled_from([0, 1, 10]))
def test_risk_set_outcomes_and_durations_are_those_of_sets_of_days(seed, grace):
    check_snapshots(seed, grace)


@given(st.integers(0, 10_000), st.sampled_from([0, 1, 10]))
def test_the_ledger_is_that_of_sets_of_days(seed, grace):
    check_ledger(seed, grace)


def check_rates(seed, grace):
    """Rates, cohorts and tenure of the same contracts."""
    rows = draw(seed)
    own, tables = contracts_of(rows), tables_of(rows, end_inclusive=False)
    churn = cp.SubscriptionEnd("30d", of="subs", grace=f"{grace}d")
    edges = [(m - START).days for m in pd.date_range(START, periods=8, freq="MS")]
    window = {"start": date(edges[1]), "end": date(edges[-1]), "min_group": 1}
    table = cp.churn_rate(tables, churn, period="M", **window)
    lost = 0
    for row, start, end in zip(table.to_dict("records"), edges[1:-1], edges[2:], strict=True):
        customers = [who for who, c in own.items() if there(c, grace, start)]
        gone = [who for who in customers if leaves_on(own[who], grace, start) <= end]
        assert row["customers"] == len(customers)
        assert (0 if pd.isna(row["lost"]) else row["lost"]) == len(gone)
        lost += len(gone)
    joined = {who: min(days) for who, c in own.items() if (days := bridged(c, grace))}
    kept = cp.accounting.cohorts(tables, churn, period="M", min_group=1, end=date(edges[3]))
    for month, (start, end) in enumerate(itertools.pairwise(edges)):
        members = [who for who, day in joined.items() if start <= day < end]
        if members and f"2024-{month + 1:02d}" in kept.index and month < 3:
            shares = [np.mean([there(own[who], grace, edge) for who in members]) for edge in edges[month + 1 :]]
            row = kept.loc[f"2024-{month + 1:02d}"]
            assert row["customers"] == len(members)
            assert [row.get(k + 1, np.nan) for k in range(len(shares))] == pytest.approx(shares)
    (first, *_) = cp.accounting.tenure_table(tables, churn, min_group=1).to_dict("records")
    assert first["customers"] == len(joined)
    assert first["lost"] == sum(leaves_on(own[who], grace, day) <= day + 365 for who, day in joined.items())
    return lost


@given(st.integers(0, 10_000), st.sampled_from([0, 1, 10]))
def test_rates_cohorts_and_tenure_are_those_of_sets_of_days(seed, grace):
    check_rates(seed, grace)


def swapped(name, old, new):
    """A kernel with one comparison spoilt, as plain Python."""
    import inspect

    source = inspect.getsource(getattr(spells, name).py_func)
    assert old in source
    scope = dict(vars(spells))
    exec(compile("from __future__ import annotations\n" + source.replace("@nb.njit(cache=True, nogil=True)\n", "").replace(old, new), name, "exec"), scope)  # fmt: skip  # noqa: E501
    return mock.patch.object(spells, name, scope[name])


FAULTS = {
    "an end at the cutoff still covers": ("running_at", "ends[i] > t", "ends[i] >= t"),
    "a start at the cutoff is known": ("running_at", "known[i] < t or", "known[i] <= t or"),
    "no renewal at the cutoff": ("running_at", "until[i] >= t", "until[i] > 2 * t"),
    "an end at the moment still covers": ("spell_at", "ends[i] > moments[r]", "ends[i] >= moments[r]"),
    "a start at the moment covers": ("spell_at", "starts[i] >= moments[r]", "starts[i] > moments[r]"),
    "nothing is bridged": ("merge", "starts[i] > reach[n - 1]", "starts[i] > final[n - 1]"),
    "the seam itself is not bridged": ("merge", "starts[i] > reach[n - 1]", "starts[i] >= reach[n - 1]"),
    "no time at all is a contract": ("merge", "ends[i] <= starts[i]", "ends[i] < starts[i]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_caught(fault):
    def run():
        for seed in range(6):
            for grace in (0, 1, 10):
                check_snapshots(seed, grace)
                check_ledger(seed, grace)

    with swapped(*FAULTS[fault]), pytest.raises(AssertionError):
        run()


def test_leaving_in_the_period_after_the_end_is_caught():
    def strict(self, left_at, ends):
        return left_at < ends

    with mock.patch.object(Ledger, "gone_by", strict), pytest.raises(AssertionError):
        list(map(check_rates, range(12), [1] * 12))


def test_the_comparisons_meet_leavers():
    assert sum(check_snapshots(seed, 1) for seed in range(3)) > 20
    assert sum(check_ledger(seed, 1) for seed in range(3)) > 20
    assert sum(check_rates(seed, 1) for seed in range(3)) > 5


# --- by hand ---


def frame_of(*rows):
    return pd.DataFrame(rows, columns=["id", "a", "b", *(["eur"] if len(rows[0]) > 3 else [])])


def declared(*rows, until="2024-12-01", **more):
    frame = frame_of(*rows)
    return cp.EventTables(subs=cp.Intervals(frame, customer="id", start="a", end="b", **more), observed_until=until)


def test_a_contract_that_ends_at_the_cutoff_has_ended():
    tables = declared(
        ("a", "2024-01-01", "2024-03-01"), ("b", "2024-01-01", "2024-03-02"), ("c", "2024-03-01", None), ("d", "2024-01-01", None)
    )
    for grace in ("0d", "30d"):
        churn = cp.SubscriptionEnd("30d", of="subs", grace=grace)
        past = cp.take_snapshots(tables, churn, at="2024-03-01")
        assert past["customer_id"].tolist() == ["b", "d"]
        assert cp.label_churn(tables, past, churn)["duration"].tolist() == [1.0, 30.0]


def test_who_renews_at_the_cutoff_is_a_customer():
    """Monthly contracts, seen on the first of a month: the same moment ends one and begins the next."""
    months = pd.date_range("2024-01-01", periods=7, freq="MS")
    rows = [(i, a, b) for i in range(6) for a, b in itertools.pairwise(months) if i or a < months[3]]
    tables = declared(*rows, until="2024-08-01", end_inclusive=False)
    for grace in ("0d", "10d"):
        churn = cp.SubscriptionEnd("20d", of="subs", grace=grace)
        assert cp.take_snapshots(tables, churn, at="2024-03-01")["customer_id"].tolist() == [0, 1, 2, 3, 4, 5]
        assert cp.take_snapshots(tables, churn, at="2024-04-01")["customer_id"].tolist() == [1, 2, 3, 4, 5]
        table = cp.churn_rate(tables, churn, period="M", min_group=1, start="2024-02-01", end="2024-06-01")
        assert table[["customers", "lost"]].to_numpy().tolist() == [[6, 0], [6, 1], [5, 0], [5, 0]]


def test_whose_renewal_may_still_come_has_not_left():
    """Data end as contracts do: the renewals would be the first rows that are not there."""
    months = pd.date_range("2024-01-01", periods=5, freq="MS")
    rows = [(i, a, b) for i in range(6) for a, b in itertools.pairwise(months)]
    tables = declared(*rows, until="2024-05-01", end_inclusive=False)
    churn = cp.SubscriptionEnd("20d", of="subs", grace="0d")
    table = cp.churn_rate(tables, churn, period="M", min_group=1, start="2024-02-01")
    assert table["customers"].tolist() == [6, 6, 6]
    assert table["lost"].tolist()[:2] == [0, 0]
    assert pd.isna(table["lost"].iloc[2])
    assert cp.accounting.cohorts(tables, churn, min_group=1).loc["2024-01", [1, 2, 3, 4]].tolist() == [1, 1, 1, 1]


def test_revenue_is_bridged():
    rows = [
        (i, a, a + pd.Timedelta(days=27), 10.0 + m)
        for i in range(6)
        for m, a in enumerate(pd.date_range("2024-01-01", periods=6, freq="MS"))
    ]
    tables = declared(*rows, value="eur")
    frame = cp.accounting.revenue_churn(
        tables, cp.SubscriptionEnd("30d", of="subs", grace="10d"), value="subs", period="M", start="2024-02-01", end="2024-06-01"
    )
    assert frame["customers"].tolist() == [6, 6, 6, 6]
    assert frame["start"].tolist() == [60.0, 66.0, 72.0, 78.0]
    assert frame["expansion"].tolist() == [6.0, 6.0, 6.0, 6.0]
    assert frame["lost_revenue"].tolist() == [0.0] * 4


def test_two_lines_of_one_customer_are_both_carried_on():
    rows = [
        (i, a, a + pd.Timedelta(days=26 + line), 10.0)
        for i in range(5)
        for line in (0, 1)
        for a in pd.date_range("2024-01-01", periods=4, freq="MS")
    ]
    worth = cp.accounting.revenue_churn(
        declared(*rows, value="eur"),
        cp.SubscriptionEnd("30d", of="subs", grace="10d"),
        value="subs",
        period="M",
        start="2024-02-01",
        end="2024-04-01",
    )
    assert worth["start"].tolist() == [100.0, 100.0]


def test_what_is_known_late_is_not_known_before():
    frame = frame_of(("a", "2024-01-01", "2024-02-01"), ("b", "2024-01-01", "2024-06-01"), ("c", "2024-01-01", "2024-06-01"))
    frame["known"] = ["2024-03-01", "2024-02-15", "2024-02-14"]
    tables = cp.EventTables(subs=cp.Intervals(frame, customer="id", start="a", end="b", known_at="known"), observed_until="2024-12-01")
    churn = cp.SubscriptionEnd("30d", of="subs", grace="0d")
    assert cp.take_snapshots(tables, churn, at="2024-02-15")["customer_id"].tolist() == ["c"]
    assert cp.take_snapshots(tables, churn, at="2024-02-16")["customer_id"].tolist() == ["b", "c"]
    hand = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-02-16")})
    assert cp.label_churn(tables, hand, churn).index.get_level_values(0).tolist() == ["b"], "who had left has no outcome"


def test_the_kind_of_the_last_contract_says_how_it_ended():
    frame = frame_of(("a", "2024-01-01", "2024-03-01"), ("a", "2024-01-05", "2024-03-01"), ("b", "2024-01-01", "2024-03-01"))
    for kinds in (["card", "wish", "wish"], ["wish", "card", "wish"]):
        tables = cp.EventTables(
            subs=cp.Intervals(frame.assign(kind=kinds), customer="id", start="a", end="b", kind="kind"), observed_until="2024-12-01"
        )
        churn = cp.SubscriptionEnd("60d", of="subs", grace="0d", involuntary=["card"])
        assert cp.label_churn(tables, cp.take_snapshots(tables, churn, at="2024-02-01"), churn)["outcome"].tolist() == [2, 1]


# --- cancellations at one moment ---


def cancelled(*rows, visits=()):
    ends = pd.DataFrame(rows, columns=["id", "at", "why", "known"])
    seen = pd.DataFrame([(w, "2024-01-01") for w in "abc"] + list(visits), columns=["id", "at"])
    return ends, seen


def test_back_at_the_same_moment_is_a_return():
    ends, seen = cancelled(
        ("a", "2024-03-01 10:00", "plan", None),
        ("b", "2024-03-01 10:00", "plan", None),
        visits=[("a", "2024-03-01 10:00"), ("c", "2024-04-01")],
    )
    tables = cp.EventTables(
        ends=cp.Events(ends, customer="id", time="at", kind="why"),
        visits=cp.Events(seen, customer="id", time="at"),
        observed_until="2024-09-01",
    )
    churn = cp.Cancellation("60d", of="ends", back="visits")
    past = cp.take_snapshots(tables, churn, at="2024-02-01")
    assert cp.label_churn(tables, past, churn)["outcome"].tolist() == [0, 1, 0]
    assert cp.take_snapshots(tables, churn, at="2024-04-01")["customer_id"].tolist() == ["a", "c"]
    table = cp.churn_rate(tables, churn, period="M", min_group=1, start="2024-02-01", end="2024-06-01")
    assert table[["customers", "lost"]].to_numpy().tolist() == [[3, 0], [3, 1], [2, 0], [2, 0]]
    assert cp.accounting.contradictions(tables, churn).empty


@pytest.mark.parametrize(("known", "expected"), [((None, None), 2), (("2024-03-02", "2024-03-03"), 1), (("2024-03-03", "2024-03-02"), 2)])
def test_of_two_kinds_at_one_moment_the_first_known_counts_else_the_involuntary(known, expected):
    ends, seen = cancelled(("a", "2024-03-01", "wish", known[0]), ("a", "2024-03-01", "card", known[1]))
    churn = cp.Cancellation("60d", of="ends", involuntary=["card"])
    for rows in (ends, ends[::-1]):
        more = {} if known[0] is None else {"known_at": "known"}
        tables = cp.EventTables(
            ends=cp.Events(rows, customer="id", time="at", kind="why", **more),
            visits=cp.Events(seen, customer="id", time="at"),
            observed_until="2024-09-01",
        )
        assert cp.label_churn(tables, cp.take_snapshots(tables, churn, at="2024-02-01"), churn)["outcome"].tolist() == [expected, 0, 0]


def test_a_cancellation_at_the_cutoff_is_in_the_window_and_the_audit_takes_it():
    ends, seen = cancelled(("a", "2024-03-01", "wish", None))
    tables = cp.EventTables(
        ends=cp.Events(ends, customer="id", time="at"), visits=cp.Events(seen, customer="id", time="at"), observed_until="2024-09-01"
    )
    churn = cp.Cancellation("60d", of="ends")
    past = cp.take_snapshots(tables, churn, at="2024-03-01")
    y = cp.label_churn(tables, past, churn)
    assert y["outcome"].tolist() == [1, 0, 0]
    assert "already-left" not in {f.code for f in cp.audit(cp.build_features(tables, past), y).found}
    assert cp.churn_rate(tables, churn, period="M", start="2024-03-01", end="2024-04-01", min_group=1)["lost"].tolist() == [1]
