"""A health score of known quality in a simulated world: what a backtest says of it is what a plain loop over the raw rows counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICKEST

import churnpredict as cp

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
START, END = pd.Timestamp("2023-01-01"), pd.Timestamp("2024-01-01")
CUTOFFS = [pd.Timestamp("2023-08-01"), pd.Timestamp("2023-10-01")]
DAYS, CAPACITY = 60, 17
MONEY = cp.Campaign(value=300, offer_cost=15, contact_cost=2, acceptance=0.25)


class World:
    """Customers who order weekly and leave at a moment of their own; a coarse score falls before that, and is sometimes known late."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        names = [f"K{i:03d}" for i in range(130)]
        self.left = dict(zip(names, START + pd.to_timedelta(rng.integers(90, 700, 130) + rng.random(130).round(3), unit="D"), strict=True))
        orders, scores = [], []
        for who, gone in self.left.items():
            end = min(gone, END)
            orders += [(who, t) for t in pd.date_range(START + pd.Timedelta(days=int(rng.integers(0, 7))), end, freq="9D") if t < end]
            if rng.random() < 0.15:
                continue  # nobody ever scored this customer
            for t in pd.date_range(START + pd.Timedelta(days=int(rng.integers(0, 30))), end, freq="21D"):
                ahead = (gone - t).days
                scores.append((who, t, t + pd.Timedelta(days=int(rng.integers(0, 12))), int(np.clip(ahead / 30 + rng.normal(0, 2), 0, 6))))
        self.orders = pd.DataFrame(orders, columns=["who", "at"])
        self.health = pd.DataFrame(scores, columns=["who", "at", "known", "score"])
        gone = [(who, t) for who, t in self.left.items() if t < END]
        self.gone = pd.DataFrame(gone, columns=["who", "at"])

    def tables(self, health: pd.DataFrame | None = None) -> cp.EventTables:
        return cp.EventTables(
            orders=cp.Events(self.orders, customer="who", time="at"),
            gone=cp.Events(self.gone, customer="who", time="at"),
            health=cp.States(self.health if health is None else health, customer="who", time="at", values=["score"], known_at="known"),
            observed_until=END,
        )

    def score_of(self, who: str, cutoff: pd.Timestamp) -> int | None:
        """The newest score that had happened and was known before the cutoff, row by row."""
        found = None
        for customer, at, known, score in self.health.itertuples(index=False):
            if customer == who and at < cutoff and known < cutoff and (found is None or at > found[0]):
                found = (at, score)
        return None if found is None else found[1]

    def counted(self, cutoff: pd.Timestamp) -> dict[str, float]:
        """Call the least healthy first, those without a score last; at the border of the capacity everybody in the group by its share."""
        groups: dict[float, list[float | None]] = {}
        for who, gone in self.left.items():
            if gone < cutoff or not (self.orders["who"] == who).any():
                continue
            score = self.score_of(who, cutoff)
            days = (gone - cutoff) / pd.Timedelta("1D")
            groups.setdefault(np.inf if score is None else score, []).append(days if days < DAYS else None)
        room, found, called, waited = float(CAPACITY), 0.0, 0.0, 0.0
        for score in sorted(groups):
            share = min(1.0, room / len(groups[score]))
            called += share * len(groups[score])
            found += share * sum(days is not None for days in groups[score])
            waited += share * sum(days for days in groups[score] if days is not None)
            room -= share * len(groups[score])
        profit = found * 0.25 * (300 - 15) - (called - found) * 15 - called * 2
        return {
            "called": called,
            "found": found,
            "false_alarms": called - found,
            "lead_days": waited / found,
            "profit_of_calls": profit,
            "without_score": float(len(groups.get(np.inf, []))),
        }


def judged(tables: cp.EventTables, at: list[pd.Timestamp] = CUTOFFS) -> cp.Backtest:
    pipeline = cp.ChurnPipeline(cp.Cancellation(f"{DAYS}d", of="gone"), classifier=cp.ChurnClassifier(**QUICKEST), every="30d", n_jobs=1)
    options = {"against": {"health": "health.score"}, "high": "healthy", "capacity": CAPACITY, "campaign": MONEY}
    return pipeline.backtest(tables, at, rounds=0, **options)


def figures_of(found: cp.Backtest, cutoff: pd.Timestamp) -> pd.Series:
    part = pd.DataFrame(found)
    return part[(part["cutoff"] == cutoff) & (part["model"] == "health")].set_index("metric")["value"]


@pytest.fixture(scope="module")
def world() -> World:
    return World(3)


@pytest.fixture(scope="module")
def found(world: World) -> cp.Backtest:
    return judged(world.tables())


def test_the_figures_are_those_of_a_loop_over_the_raw_rows(world: World, found: cp.Backtest) -> None:
    total = 0.0
    for cutoff in CUTOFFS:
        told, counted = figures_of(found, cutoff), world.counted(cutoff)
        assert counted["without_score"] > 0
        assert {name: told[name] for name in counted} == pytest.approx(counted)
        total += counted["found"]
    assert found.switch is not None
    assert found.switch.set_index(["model", "metric"]).loc[("health", "found"), "value"] == pytest.approx(total)


def test_a_good_score_finds_more_than_chance_and_says_so(found: cp.Backtest) -> None:
    assert found.switch is not None
    calls = found.switch.set_index(["model", "metric"])["value"]
    assert calls["health", "found"] > 1.5 * calls["base rate", "found"]
    assert "health finds" in " ".join(repr(found).split())


def test_rows_of_the_future_and_their_order_change_nothing(world: World, found: cp.Backtest) -> None:
    """The truncation law: scores at, after or known after the cutoff are as good as absent, in any order of rows."""
    cutoff = CUTOFFS[0]
    future = (world.health["at"] >= cutoff) | (world.health["known"] >= cutoff)
    poisoned = world.health.assign(score=world.health["score"].where(~future, 99)).sample(frac=1, random_state=0)
    again = figures_of(judged(world.tables(poisoned), [cutoff]), cutoff)
    pd.testing.assert_series_equal(again, figures_of(found, cutoff), check_exact=True)
