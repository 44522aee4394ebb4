"""Single columns of an audit: how well each separates leavers, counted by customers, and which cells hold nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from churnpredict.evaluation.audit_columns import auc_bound, column_scores, is_blank, is_numeric, numbers, separation

RNG = np.random.default_rng(0)
Y = (RNG.random(400) < 0.3).astype(float)
SCORE = RNG.normal(size=400) + Y


def test_the_bound_counts_customers_and_not_rows() -> None:
    once, bound = auc_bound(Y, SCORE, np.arange(400))
    assert once == pytest.approx(roc_auc_score(Y, SCORE))
    assert auc_bound(Y, -SCORE, np.arange(400))[0] == pytest.approx(once), "either direction"
    again, lower = auc_bound(np.tile(Y, 5), np.tile(SCORE, 5), np.tile(np.arange(400), 5))
    assert (again, lower) == pytest.approx((once, bound)), "five rows of each customer are no more evidence"
    assert auc_bound(Y[:3], SCORE[:3], np.arange(3)) == (0.5, 0.5), "too few to say"


def test_a_column_separates_by_its_values_or_by_being_filled() -> None:
    assert separation(pd.Series(SCORE), Y) == pytest.approx(roc_auc_score(Y, SCORE))
    assert separation(pd.Series(np.where(Y == 1, 7.0, np.nan)), Y) == 1
    assert separation(pd.Series(np.where(Y == 1, "gone", "here")), Y) == 1
    assert separation(pd.Series(np.ones(400)), Y) == 0.5


def test_a_category_is_scored_by_the_other_half_of_the_customers() -> None:
    own = pd.DataFrame({"each": [f"c{i}" for i in range(400)], "plan": np.where(Y == 1, "a", "b")})
    found = column_scores(own, Y, np.arange(400))
    assert roc_auc_score(Y, found["plan"][0]) > 0.99
    assert abs(roc_auc_score(Y, found["each"][0]) - 0.5) < 0.1, "a category of one customer tells nothing about others"


def test_cells_that_hold_nothing_are_found_in_every_type() -> None:
    assert is_blank(pd.Series(["a", "", "N/A", None, "0"])).tolist() == [False, True, True, True, False]
    assert is_blank(pd.Series([1.0, np.nan])).tolist() == [False, True]
    assert is_blank(pd.to_datetime(pd.Series(["2024-01-01", None]))).tolist() == [False, True]
    assert numbers(pd.Series(["1"])) is None
    assert numbers(pd.Series([True, False])).tolist() == [1.0, 0.0]  # type: ignore[union-attr]
    assert [is_numeric(pd.Series(v)) for v in ([1], [True], ["1"])] == [True, True, False]
