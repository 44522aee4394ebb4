"""Leaving times against plain loops, and against the outcomes of the same rule within its horizon."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.churn import leaving_times as module
from churnpredict.churn.leaving_times import leaving_days, leaving_times, return_times
from churnpredict.errors import SchemaError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
START, END = pd.Timestamp("2024-01-01"), pd.Timestamp("2025-02-04")
DAY = pd.Timedelta("1D")


def visits(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 60))
    days = rng.integers(0, 400, n) if seed % 2 else rng.integers(0, 40, n) * 10  # often exactly a horizon apart
    return pd.DataFrame({"who": rng.choice(list("abcdef"), n), "at": (START + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")})


def plain(times: list[pd.Timestamp], opens: pd.Timestamp, horizon: int, over: int) -> tuple[float, int]:
    """Day by day: the first day that ends a silence of the horizon which began at the opening, or at a visit after it."""
    observed = (END - opens) / DAY
    day = 0
    while day < min(over, observed):
        day += 1
        moment = opens + day * DAY
        since = [t for t in times if opens <= t < moment]
        begins = max(since) if since else opens
        if (moment - begins) / DAY >= horizon:
            return float(day), 1
    return float(min(over, observed)), 0


def cutoff_of(log: pd.DataFrame) -> pd.Timestamp:
    return max(START + 150 * DAY, log["at"].min() + DAY)


def somebody_at_risk(seed: int) -> bool:
    log = visits(seed)
    return bool(log["at"].between(cutoff_of(log) - 120 * DAY, cutoff_of(log), inclusive="left").any())


def observed(seed: int, gap: int) -> tuple[pd.DataFrame, cp.EventTables, cp.Inactivity, pd.Timestamp]:
    """Return visits, the tables of them, a rule, and a cutoff."""
    log = visits(seed)
    tables = cp.EventTables(visits=cp.Events(log, customer="who", time="at"), observed_until=str(END.date()))
    return log, tables, cp.Inactivity("30d", of="visits", active_within="120d", gap=f"{gap}d"), cutoff_of(log)


def compared(seed: int, gap: int) -> None:
    log, tables, churn, cutoff = observed(seed, gap)
    past = cp.take_snapshots(tables, churn, at=cutoff)
    found = leaving_times(tables, past, churn, 200.0)
    assert len(found) == len(past)
    for (customer, _), row in found.iterrows():
        times = sorted(log.loc[log["who"] == customer, "at"])
        days, outcome = plain(times, cutoff + gap * DAY, 30, 200)
        assert row["days"] == pytest.approx(days, abs=1e-9)
        assert row["outcome"] == outcome
    labels = cp.label_churn(tables, past, churn)
    assert ((found["days"] <= 30) & (found["outcome"] > 0)).tolist() == (labels["outcome"] > 0).tolist()
    back = return_times(tables, past, churn)
    assert (back >= 30).tolist() == (labels["outcome"] > 0).tolist()


@given(st.integers(0, 10_000), st.sampled_from([0, 7]))
@example(6426, 0)  # a visit at the very opening of the window
def test_silence_is_complete_as_the_plain_loop_says(seed: int, gap: int) -> None:
    assume(somebody_at_risk(seed))
    compared(seed, gap)


def test_a_silence_longer_by_a_day_is_noticed() -> None:
    """A planted fault: a silence of exactly the horizon is one."""
    source = module.silent_at
    with mock.patch.object(module, "silent_at", lambda *a: source(*a) + 86_400_000_000), pytest.raises(AssertionError):
        _many()


def _many() -> None:
    for seed in filter(somebody_at_risk, range(20)):
        compared(seed, 0)


@pytest.mark.parametrize("rule", ["cancellation", "contract"])
def test_within_the_horizon_it_is_the_outcome(rule: str) -> None:
    shop = cp.make_business(200, random_state=2, rule="cancellation" if rule == "cancellation" else "inactivity")
    churn = shop.churn if rule == "cancellation" else cp.SubscriptionEnd("60d", of="subscriptions", grace="14d")
    at = ["2023-03-01", "2023-06-01"]
    past = cp.take_snapshots(shop.tables, churn, at=at)
    labels = cp.label_churn(shop.tables, past, churn)
    found = leaving_times(shop.tables, past, churn, 300.0)
    assert found.index.equals(labels.index)
    days = churn.horizon_span.nominal / 86_400_000_000
    inside = (found["outcome"] > 0) & (found["days"] < days)
    assert inside.tolist() == (labels["outcome"] > 0).tolist()
    assert found.loc[inside, "days"].tolist() == labels.loc[inside, "duration"].tolist()
    assert found.loc[inside, "outcome"].tolist() == labels.loc[inside, "outcome"].tolist()
    later = found[~inside & (found["outcome"] > 0)]
    assert len(later) > 0
    cut = shop.tables.known_before(int(shop.tables.instants("2023-07-01")[0]))
    early = leaving_times(cut, past, churn, 300.0)
    assert early["days"].max() <= (pd.Timestamp("2023-07-01") - pd.Timestamp(at[0])) / DAY, "nothing is seen after what was observed"


def test_a_rule_of_ones_own_without_a_horizon_to_lengthen_is_refused() -> None:
    shop = cp.make_business(60, random_state=2, rule="cancellation")
    past = cp.take_snapshots(shop.tables, shop.churn, at="2023-06-01")

    class Own:
        gap_span = shop.churn.gap_span

        def settled_until(self, tables: object) -> int:
            return shop.churn.settled_until(tables)

    with pytest.raises(UsageError, match="no longer horizon"):
        leaving_times(shop.tables, past, Own(), 300.0)


# --- days until a customer left ----------------------------------------------------------------------------------------------------------


def check_days(seed: int, gap: int) -> None:
    """A silent customer leaves 30 days after the last visit before the outcome window; the truth is found visit by visit."""
    log, tables, churn, cutoff = observed(seed, gap)
    outcomes = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=[cutoff, cutoff + 7 * DAY]), churn).sample(
        frac=1, random_state=seed
    )
    found = leaving_days(tables, outcomes, churn)
    assert found.index.equals(outcomes.index)
    for (customer, at), days in found.items():
        opens = at + gap * DAY
        times = log.loc[log["who"] == customer, "at"]
        if any(opens <= t < opens + 30 * DAY for t in times):
            assert np.isnan(days)
        else:
            assert days == (max(t for t in times if t < opens) + 30 * DAY - at) / DAY


@given(st.integers(0, 10_000), st.sampled_from([0, 9]))
def test_days_until_the_silence_since_the_last_visit_is_complete(seed: int, gap: int) -> None:
    assume(somebody_at_risk(seed))
    check_days(seed, gap)


def test_days_from_the_window_instead_of_the_last_visit_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "first_from", lambda stream, customers, moments: stream.offsets[customers].astype(np.int64))
    with pytest.raises(AssertionError):
        list(map(check_days, range(20), [0] * 20))


def test_days_of_other_rules_are_their_durations() -> None:
    shop = cp.make_business(60, random_state=2, rule="cancellation")
    outcomes = cp.label_churn(shop.tables, cp.take_snapshots(shop.tables, shop.churn, every="60d"), shop.churn, drop_immature=True)
    found = leaving_days(shop.tables, outcomes, shop.churn)
    left = outcomes["outcome"] > 0
    assert left.any()
    assert (found[left] == outcomes["duration"][left]).all()
    assert found[~left].isna().all()


def test_what_are_not_outcomes_is_refused() -> None:
    shop = cp.make_business(60, random_state=2, rule="cancellation")
    for given_ in (cp.take_snapshots(shop.tables, shop.churn, at="2024-01-01"), [1, 2]):
        with pytest.raises(SchemaError, match="label_churn"):
            leaving_days(shop.tables, given_, shop.churn)
