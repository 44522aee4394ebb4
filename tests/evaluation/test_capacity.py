"""Calls at the same capacity against every order of equal scores, written out; intervals over customers are paired."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.errors import UsageError
from churnpredict.evaluation import capacity as module
from churnpredict.evaluation.campaign import Campaign
from churnpredict.evaluation.capacity import AT_CAPACITY, Called, default_capacity, judge_calls

MONEY = Campaign(value=100, offer_cost=10, contact_cost=3, acceptance=0.4)


def by_every_order(
    left: list[int], days: list[float], rank: list[float], capacity: int, on_list: bool
) -> tuple[float, float, float, float, float]:
    """Called, leavers, false alarms, days of a leaver found and profit: the mean over every order in which a team may call."""
    rows = [i for i in range(len(rank)) if not on_list or rank[i] > 0]
    orders = [o for o in itertools.permutations(rows) if all(rank[a] >= rank[b] for a, b in itertools.pairwise(o))]
    called = found = alarms = waited = money = 0.0
    for order in orders:
        for i in order[:capacity]:
            called += 1
            found += left[i]
            alarms += 1 - left[i]
            waited += days[i] if left[i] else 0.0
            money += (0.4 * (100 - 10) if left[i] else -10.0) - 3
    n = len(orders)
    return called / n, found / n, alarms / n, waited / found if found else math.nan, money / n


CUSTOMERS = st.lists(st.tuples(st.integers(0, 1), st.integers(-5, 90), st.integers(0, 3), st.integers(0, 1)), min_size=1, max_size=6)


def compare(people: list[tuple[int, int, int, int]], capacity: int) -> None:
    left, days, score, listed = (list(v) for v in zip(*people, strict=True))
    part = Called(
        np.array(left, float),
        np.where(left, np.array(days, float), np.nan),
        {"model": np.array(score, float), "list": np.array(listed, float)},
        capacity,
        ("list",),
    )
    wide = judge_calls([part], campaign=MONEY, rounds=0).pivot(index="model", columns="metric", values="value")
    for name, rank in (("model", score), ("list", listed)):
        expected = by_every_order(left, [float(d) for d in days], [float(r) for r in rank], capacity, name == "list")
        assert wide.loc[name, list(AT_CAPACITY)].tolist() == pytest.approx(expected, nan_ok=True)
    if sum(listed) < capacity:
        as_many = by_every_order(left, [float(d) for d in days], [float(r) for r in score], sum(listed), False)[1]
        assert wide.loc["list", "found_by_model"] == pytest.approx(as_many)
    else:
        assert "found_by_model" not in wide


@given(CUSTOMERS, st.integers(1, 7))
def test_figures_are_the_mean_over_every_order_of_equal_scores(people: list[tuple[int, int, int, int]], capacity: int) -> None:
    compare(people, capacity)


def test_an_order_by_rows_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: equal scores are called in the order of the rows."""
    monkeypatch.setattr(module.np, "diff", lambda values: np.ones(len(values) - 1))
    with pytest.raises(AssertionError):
        compare([(0, 1, 1, 1), (1, 5, 1, 1), (0, 2, 1, 0)], 1)


@given(CUSTOMERS, st.integers(1, 7), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(people: list[tuple[int, int, int, int]], capacity: int, random: object) -> None:
    def judged(rows: list[tuple[int, int, int, int]]) -> np.ndarray:
        left, days, score, listed = (np.array(v, float) for v in zip(*rows, strict=True))
        part = Called(left, np.where(left > 0, days, np.nan), {"model": score, "list": listed}, capacity, ("list",))
        return judge_calls([part], rounds=0)["value"].to_numpy()

    shuffled = list(people)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judged(shuffled) == pytest.approx(judged(people), nan_ok=True)


def business(rng: np.random.Generator, n: int = 300) -> list[Called]:
    """Two cutoffs of the same customers: a model that knows something, and a score that knows less."""
    parts = []
    for _ in range(2):
        left = (rng.random(n) < 0.2).astype(float)
        rankings = {"model": left + rng.normal(0, 0.8, n), "score": left + rng.normal(0, 2.0, n)}
        parts.append(Called(left, np.where(left > 0, rng.uniform(0, 60, n), np.nan), rankings, 40))
    return parts


def test_several_cutoffs_are_summed_and_lead_is_their_mean(rng: np.random.Generator) -> None:
    parts = business(rng)
    together = judge_calls(parts, rounds=0).set_index(["model", "metric"])["value"]
    single = [judge_calls([part], rounds=0).set_index(["model", "metric"])["value"] for part in parts]
    for metric in ("called", "found", "false_alarms", "profit_of_calls"):
        assert together["score", metric] == pytest.approx(sum(one["score", metric] for one in single))
    days = sum(one["score", "lead_days"] * one["score", "found"] for one in single)
    assert together["score", "lead_days"] == pytest.approx(days / together["score", "found"])


def test_differences_are_paired_over_the_same_draws_of_customers(rng: np.random.Generator) -> None:
    parts = business(rng)
    who = np.tile(np.arange(300), 2)
    told = judge_calls(parts, customers=who, rounds=200).set_index(["model", "metric"])
    row = told.loc["score", "found"]
    assert row["difference"] == told.loc["model", "found"]["value"] - row["value"]
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    same = [Called(p.y, p.days, {"model": p.rankings["model"], "score": p.rankings["model"]}, p.capacity) for p in parts]
    twin = judge_calls(same, customers=who, rounds=50).set_index(["model", "metric"]).loc["score"]
    assert (twin[["difference_low", "difference_high"]] == 0).all().all()
    assert (twin["low"] < twin["high"]).loc["found"]


def test_an_interval_holds_the_difference_that_is_true() -> None:
    """On 200 businesses whose model and score find equally many in truth, 95 % intervals hold zero about as often as they say."""
    rng, held = np.random.default_rng(5), 0
    for _ in range(200):
        left = (rng.random(150) < 0.3).astype(float)
        rankings = {name: left + rng.normal(0, 1.5, 150) for name in ("model", "score")}
        row = judge_calls([Called(left, np.where(left > 0, 1.0, np.nan), rankings, 30)], rounds=100).set_index(["model", "metric"])
        one = row.loc["score", "found"]
        held += one["difference_low"] <= 0 <= one["difference_high"]
    assert 182 <= held <= 200


def test_cutoffs_with_other_rankings_are_refused(rng: np.random.Generator) -> None:
    one, two = business(rng)
    with pytest.raises(UsageError, match="differ in their rankings"):
        judge_calls([one, Called(two.y, two.days, {"model": two.y}, 40)])
    with pytest.raises(UsageError, match="differ in their rankings"):
        judge_calls([])


def test_a_list_longer_than_the_capacity_is_called_in_random_order() -> None:
    left = np.array([1.0, 0, 0, 0])
    part = Called(left, np.where(left > 0, 8.0, np.nan), {"model": left, "list": np.ones(4)}, 1, ("list",))
    told = judge_calls([part], rounds=0).set_index(["model", "metric"])["value"]
    assert told["list", "found"] == 0.25
    assert told["list", "lead_days"] == 8.0
    assert isinstance(judge_calls([part], rounds=0), pd.DataFrame)
    assert default_capacity(5) == 1
