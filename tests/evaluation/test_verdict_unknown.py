"""A figure that could not be computed is said to be unknown, and why; no sentence says "nan"."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from churnpredict.evaluation.comparison import judge
from churnpredict.evaluation.verdict import reach_verdict

COLUMNS = ["value", "low", "high", "difference", "difference_low", "difference_high"]


def figures():
    y = np.tile([0, 0, 0, 1], 60)
    risks = {"model": np.where(y, 0.7, 0.4), "base rate": np.full(240, 0.25), "recency": np.where(y, 0.5, 0.2)}
    return judge(y, risks, rounds=10)


@pytest.mark.parametrize(
    ("model", "metric"),
    [*itertools.product(["model", "base rate", "recency"], ["auc", "log_loss", "calibration_gap", "calibration_slope"])],
)
def test_no_sentence_says_nan(model, metric):
    for lost in (COLUMNS, COLUMNS[1:3], COLUMNS[3:], COLUMNS[:1]):
        table = figures()
        table.loc[(table["model"] == model) & (table["metric"] == metric), lost] = np.nan
        for rate, seasons in ((0.2, 0), (float("nan"), 1), (None, None)):
            found = reach_verdict(table, train_rate=rate, seasons_seen=seasons)
            assert "nan" not in found.words.lower().replace("known", "")
            assert "TOO GOOD" not in found.words or metric != "auc" or model != "model" or lost in (COLUMNS[1:3], COLUMNS[3:])


def test_unknown_is_said_with_its_reason():
    table = figures()
    table.loc[(table["model"] == "model") & (table["metric"] == "calibration_gap"), COLUMNS] = np.nan
    found = reach_verdict(table)
    assert found.level == "unknown"
    assert "Whether risks are right on average is not known: no outcome could be compared with them." in found.words


def test_a_cutoff_at_which_all_stayed():
    y = np.zeros(50)
    risks = {"model": np.linspace(0.1, 0.4, 50), "base rate": np.full(50, 0.2), "recency": np.linspace(0.4, 0.1, 50)}
    found = reach_verdict(judge(y, risks, rounds=5))
    assert "nan" not in found.words
    assert "TOO GOOD" not in found.words
