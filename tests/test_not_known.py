"""What is not known is told in words or as a dash: no sentence, table or page says nan, None, inf, NaT or <NA>."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict import figures
from churnpredict.accounting.accounts import Accounts
from churnpredict.evaluation.metric_titles import write_figure
from churnpredict.evaluation.metrics import Interval
from churnpredict.evaluation.uplift import UpliftModel
from churnpredict.evaluation.verdict import against_baseline, level_sentence, slope_sentence
from churnpredict.languages.catalogue import language_of
from churnpredict.lifecycle.retraining import Retraining, weigh
from churnpredict.pipeline.backtest_result import cell, steady
from churnpredict.pipeline.scores import Scores

UNKNOWN = re.compile(r"\b(nan|NaN|None|inf|NaT)\b|<NA>")
NAN, INF = float("nan"), float("inf")
MISSING = (NAN, INF, -INF, None)
Y = np.tile([0.0, 0.0, 1.0], 30)
RISKS = {"challenger": np.where(Y, 0.6, 0.2), "champion": np.where(Y, 0.5, 0.3), "base rate": np.full(90, 1 / 3)}


def of_figures() -> Iterator[str]:
    for v in MISSING:
        yield from (f(v) for f in (figures.percent, figures.points, figures.amount, figures.people, figures.score, figures.times))
        yield from (figures.given(v), figures.short(v), figures.ratio(v), figures.interval_of(v, NAN, NAN, figures.loss_gap))
        spoken = language_of("en")
        yield from (spoken.amount(v, "€"), spoken.percent(v))
    yield figures.interval_of(0.1, NAN, 0.2, figures.points)


def of_retraining() -> Iterator[str]:
    unknown = Interval(0.01, NAN, NAN)
    for rounds in (0, 5):
        for difference in (unknown, Interval(NAN, NAN, NAN), Interval(-0.1, -0.2, -0.05), Interval(0.1, 0.05, 0.2)):
            for y in (Y, np.zeros(90), np.ones(90)):
                words = weigh(y, RISKS, difference, rounds=rounds)[2]
                yield words
                rows = pd.DataFrame({"model": ["champion"], "metric": ["auc"], "value": [NAN], "low": [NAN], "high": [NAN]})
                drivers = pd.DataFrame({"champion": [NAN, 0.1], "challenger": [0.1, NAN]}, index=["habit", "price"])
                agreement = pd.Series({"same_first": NAN})
                found = Retraining(False, "equal", words, pd.Timestamp("2024-01-01"), difference=difference, figures=rows)
                yield repr(found)
                yield repr(Retraining(False, "equal", words, pd.Timestamp("2024-01-01"), drivers=drivers, agreement=agreement))


def of_verdicts() -> Iterator[str]:
    row: Any = {"model": "recency", "value": NAN, "low": NAN, "high": NAN, "difference": NAN, "difference_low": NAN, "difference_high": NAN}
    half = row | {"value": 0.3, "difference": 0.1}
    for figures_of in (row, half):
        yield against_baseline({("recency", "log_loss"): figures_of}, "model")[1]
        yield from (level_sentence(figures_of, rate, 0)[1] for rate in (None, NAN, 0.1))
        yield slope_sentence(figures_of)[1]
    for metric in ("auc", "lift_10", "calibration_gap", "expected_profit", "calibration_slope"):
        yield str(cell(metric, pd.Series({"value": 0.5, "low": NAN, "high": NAN})))
        yield write_figure(metric, NAN)
    yield steady(pd.DataFrame({"metric": ["same_first_reason"], "value": [NAN]})) or ""


def of_objects() -> Iterator[str]:
    model = UpliftModel()
    model.effect_ = model.qini_ = model.propensity_ = Interval(NAN, NAN, NAN)
    model.acceptance_, model.belief_, model.no_effect_, model.learner_ = NAN, NAN, NAN, "two"
    yield repr(model)
    yield repr(
        Accounts(
            {"period": ["2024Q1"], "customers": [NAN], "rate": [NAN], "money_lost": [INF], "payments": [INF], "low": [INF], "note": [None]}
        )
    )
    scores = Scores({"customer_id": ["a"], "risk": [0.2], "percentile": [100.0], "value": [NAN], "money_at_risk": [NAN], "own": [INF]})
    scores["reason_1"], scores["reason_1_points"], scores["words"], scores["model_id"] = None, NAN, None, "m"
    yield repr(scores)
    yield scores.to_html() if not hasattr(scores, "_repr_html_") else str(scores._repr_html_())
    yield str(cp.Campaign(1.0, 0.0, 0.0, acceptance=0.0))


@pytest.mark.parametrize("said", [of_figures, of_retraining, of_verdicts, of_objects])
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_known_is_never_told_as_nan(said: Any) -> None:
    told = list(said())
    assert told
    for text in told:
        assert not UNKNOWN.search(re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)), text
