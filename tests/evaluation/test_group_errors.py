"""Error rates by group: equal to a plain loop, right intervals, and nothing about few customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import ChurnError
from churnpredict.evaluation.group_errors import ALL, SMALL, called_share, error_rates

DAYS = pd.to_datetime(["2024-01-01", "2024-02-01"])


def made(random: np.random.Generator, n: int = 300, days: Any = DAYS) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([[f"K{i}" for i in range(n)], days], names=["customer_id", "cutoff"])
    p = random.random(len(index))
    return pd.DataFrame({"outcome": (random.random(len(index)) < p).astype(int), "model": p}, index=index)


def test_rates_are_those_of_a_plain_loop(rng: np.random.Generator) -> None:
    told = made(rng)
    group = {f"K{i}": "abc"[i % 3] for i in range(300)}
    found = error_rates(told, group, called=0.2).set_index("group")
    called = set()
    for day in DAYS:
        here = told[told.index.get_level_values(1) == day].sort_values("model", ascending=False)
        called |= set(here.index[:60])
    for name in "abc":
        rows = [
            (key in called, y, p) for key, y, p in zip(told.index, told["outcome"], told["model"], strict=True) if group[key[0]] == name
        ]
        stayed, left = [c for c, y, _ in rows if y == 0], [c for c, y, _ in rows if y == 1]
        assert found.loc[name, "false_positive_rate"] == pytest.approx(sum(stayed) / len(stayed), abs=1e-12)
        assert found.loc[name, "false_negative_rate"] == pytest.approx(1 - sum(left) / len(left), abs=1e-12)
        assert found.loc[name, "calibration_gap"] == pytest.approx(np.mean([p - y for _, y, p in rows]), abs=1e-12)
        assert found.loc[name, "rows"] == len(rows) == 200
    assert found.loc[ALL, "customers"] == 300
    assert found.loc[ALL, "called"] == pytest.approx(0.2)


def test_intervals_hold(rng: np.random.Generator) -> None:
    """Of risks that are right, 95 % intervals of the gap hold zero in 92 to 98 % of 400 draws, with both snapshots of a customer alike."""
    holds = 0
    for _ in range(400):
        told = made(rng, 150)
        first = told.groupby(level=0)["outcome"].transform("first")
        p = told.groupby(level=0)["model"].transform("first")
        found = error_rates(told.assign(outcome=first, model=p), dict.fromkeys(told.index.get_level_values(0), "a"))
        holds += bool(found["calibration_gap_low"].iloc[0] <= 0 <= found["calibration_gap_high"].iloc[0])
    assert 0.92 <= holds / 400 <= 0.98


def test_small_groups_are_not_shown_and_cannot_be_worked_out(rng: np.random.Generator) -> None:
    told = made(rng)
    group = {f"K{i}": "tiny" if i < 7 else "other tiny" if i < 15 else "a" if i < 150 else "b" for i in range(300)}
    found = error_rates(told, group)
    assert found["group"].tolist() == ["a", "b", ALL]
    assert found["customers"].tolist() == [135, 150, 285], "the total is that of the groups shown"
    merged = error_rates(told, group | {f"K{i}": "third" for i in range(15, 30)})
    assert merged["group"].tolist() == ["a", "b", SMALL, ALL]
    assert merged.loc[2, "customers"] == 30


def test_outcomes_of_single_customers_are_not_told(rng: np.random.Generator) -> None:
    told = made(rng, 40, DAYS[:1])
    told["outcome"] = [1, 1, 1, 1] + [0] * 36
    found = error_rates(told, dict.fromkeys(told.index.get_level_values(0), "a"), called=0.5).iloc[0]
    assert found["customers"] == 40
    hidden = found.drop(["group", "customers", "rows", "mean_risk"])
    assert hidden.isna().all(), "gap and mean risk together would tell the share that left"


def test_ties_are_called_in_part(rng: np.random.Generator) -> None:
    told = made(rng, 100, DAYS[:1]).assign(model=0.3)
    found = error_rates(told, ["x", "y"] * 50, called=0.1)
    assert found["called"].tolist() == pytest.approx([0.1, 0.1, 0.1])
    assert found["false_negative_rate"].tolist() == pytest.approx([0.9, 0.9, 0.9])
    for share in (0.0, 0.013, 0.5, 1.0):
        p = np.round(rng.random(77), 1)
        calls = called_share(p, ["a"] * 77, share)
        assert calls.sum() == pytest.approx(share * 77)
        assert all(calls[i] >= calls[j] for i in range(0, 77, 5) for j in range(77) if p[i] > p[j])


def test_values_are_matched_by_customer_and_the_rest_is_not_known(rng: np.random.Generator) -> None:
    told = made(rng)
    found = error_rates(told, pd.Series("a", index=[f"K{i}" for i in range(200)]), threshold=0.5)
    assert found["group"].tolist() == ["a", "not known", ALL]
    assert found["customers"].tolist() == [200, 100, 300]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"predictions": pd.DataFrame({"outcome": [1]})}, "no-predictions"),
        ({"risk": "ours"}, "missing-column"),
        ({"called": 1.5}, "bad-argument"),
        ({"called": None}, "bad-argument"),
        ({"threshold": 2}, "bad-argument"),
        ({"least": 1}, "bad-argument"),
        ({"group": ["a"]}, "bad-argument"),
        ({"group": {"stranger": "a"}}, "unknown-ids"),
    ],
)
def test_what_cannot_be_judged_is_refused(rng: np.random.Generator, change: dict[str, Any], code: str) -> None:
    given = {"predictions": made(rng), "group": ["a"] * 600} | change
    with pytest.raises(ChurnError, match=code) as refused:
        error_rates(**given)
    assert not any(f"K{i}" in str(refused.value) for i in range(300))
