"""Audit of rows: copies between customers are found, and chance is not a copy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnpredict.evaluation import audit as room


def test_few_leavers_prove_nothing(rng):
    """Twelve leavers can be told apart by chance almost perfectly: a note, no alarm; and fewer than ten say nothing."""
    y = np.r_[np.ones(12, int), np.zeros(300, int)]
    x = np.r_[rng.normal(3, 1, 12), rng.normal(0, 1, 300)]
    report = room.audit(pd.DataFrame({"x": x, "noise": rng.normal(size=312)}), y)
    assert report.ok
    assert {f.code for f in report.found} <= {"predicts-well"}


def test_customers_count_not_rows(rng):
    """Eleven leaving customers with a hundred rows each are eleven, not eleven hundred."""
    who = np.repeat(np.arange(60), 100)
    y = (who < 11).astype(int)
    x = np.where(who < 11, 3.5, 0) + rng.normal(0, 1, len(who))
    frame = pd.DataFrame({"x": x})
    assert not room.audit(frame, y).ok
    assert room.audit(frame, y, customers=who).ok


def test_equal_poor_rows_are_chance_and_equal_rich_rows_are_not(rng):
    n = 900
    poor = rng.random(n) < 0.7  # one purchase on one of few days: many customers are equal
    day, amount = rng.integers(1, 20, n), rng.integers(1, 6, n) * 5.0
    columns = {f"c{i}": np.where(poor, v, rng.gamma(2, 9, n)) for i, v in enumerate((day, day, amount, amount, day + 1, amount, day))}
    X, y = pd.DataFrame(columns), rng.integers(0, 2, n)
    assert "duplicate-customers" not in {f.code for f in room.audit(X, y).found}
    rich = np.flatnonzero(~poor)[:40]
    again = room.audit(pd.concat([X, X.iloc[rich]], ignore_index=True), np.r_[y, y[rich]])
    assert "duplicate-customers" in {f.code for f in again.alarms}


def _copied(X, y, rng, share=0.05):
    again = rng.choice(len(X), int(share * len(X)), replace=False)
    return pd.concat([X, X.iloc[again]], ignore_index=True), np.r_[y, y[again]]


def _few_columns(rng, n=1000):
    """Frames without copies, in some of which rows are equal by chance or by kinship of their columns."""
    cents, plan = rng.gamma(2, 30, n).round(2), rng.choice(list("abcdefgh"), n)
    poor = rng.random(n) < 0.4
    told = {
        "two numbers": {"cents": cents, "age": rng.integers(18, 90, n)},
        "two fine numbers": {"a": rng.normal(size=n), "b": rng.normal(size=n)},
        "categories": {f"c{j}": rng.choice(list("abcdefghij"), n) for j in range(9)},
        "a number and texts": {"x": rng.gamma(2, 30, n), "plan": plan, "town": rng.choice([f"town {i}" for i in range(60)], n)},
    }
    kin = {
        "one column": {"cents": cents},
        "with tax": {"net": cents, "gross": (cents * 1.19).round(2)},
        "with its band": {"cents": cents, "band": pd.cut(cents, 20).astype(str)},
        "plan and price": {"plan": plan, "price": pd.Series(plan).map(dict(zip("abcdefgh", (9, 5, 7, 1, 8, 2, 6, 3), strict=True)))},
        "few values": {f"c{j}": rng.integers(0, 4, n) for j in range(4)},
        "mostly empty": {"a": np.where(poor, 0, cents), "b": np.where(poor, 0, rng.integers(1, 9, n)), "c": rng.integers(0, 3, n)},
        "place and region": {"cents": cents, "town": (town := rng.integers(0, 50, n)), "region": (town // 5).astype(str)},
        "bought once": {"sum": (s := rng.integers(1, 40, n) * 5.0), "mean": np.where(poor, s, s / 3), "days": rng.integers(0, 90, n)},
    }
    return {k: pd.DataFrame(v) for k, v in told.items()}, {k: pd.DataFrame(v) for k, v in kin.items()}


@pytest.mark.parametrize("seed", range(4))
def test_copies_are_found_in_any_columns_and_chance_is_no_copy(seed):
    rng = np.random.default_rng(seed)
    told, kin = _few_columns(rng)
    y = rng.integers(0, 2, 1000)
    for kind, X in (told | kin).items():
        assert "duplicate-customers" not in {f.code for f in room.audit(X, y).found}, kind
        same_label = np.ones(1000, int) - (np.arange(1000) < 30)  # nearly all labels agree: they prove nothing
        assert "duplicate-customers" not in {f.code for f in room.audit(X, same_label).found}, kind
    for kind, X in told.items():
        assert "duplicate-customers" in {f.code for f in room.audit(*_copied(X, y, rng)).found}, kind
