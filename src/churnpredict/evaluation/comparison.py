"""Compare a model with baselines: figures and paired differences, with intervals over customers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import ChurnError, ChurnWarning, warn
from churnpredict.evaluation import metrics
from churnpredict.evaluation.baselines import MBGNBD, BaseRate, RecencyLogistic, binary_outcome
from churnpredict.evaluation.campaign import ASSUMED, Campaign
from churnpredict.evaluation.curves import resampled_weights
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.labels import risk_of
from churnpredict.model.purchases import find_triple
from churnpredict.model.split import cutoffs_of
from churnpredict.number_checks import check_whole_number

__all__ = ["BASELINES", "DIFFERENCE", "METRICS", "OF_RANKINGS", "baseline_risks", "calibration_gap", "judge", "measures_for"]

_TOO_FEW = ("one-class", "too-few-leavers", "empty-matrix", "identifier-column")  # what one cutoff alone may lack
BASELINES = ("base rate", "recency", "MBG/NBD", "one-snapshot LightGBM")
DIFFERENCE = ("difference", "difference_low", "difference_high")


def calibration_gap(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return the mean risk minus the observed share of leavers (0 is perfect, above 0 too pessimistic).

    >>> calibration_gap([0, 1], [0.5, 0.75])
    0.125
    """
    return float(np.average(np.asarray(p, dtype=np.float64) - np.asarray(y, dtype=np.float64), weights=sample_weight))


METRICS: dict[str, Callable[..., float]] = {
    "auc": metrics.auc,
    "average_precision": metrics.average_precision,
    "log_loss": metrics.log_loss,
    "brier": metrics.brier,
    "calibration_gap": calibration_gap,
    "calibration_intercept": metrics.calibration_intercept,
    "calibration_slope": metrics.calibration_slope,
    "lift_10": partial(metrics.lift, k=0.1),
    "empc": partial(metrics.empc, **ASSUMED.amounts),
    "expected_profit": partial(metrics.expected_profit, **ASSUMED.amounts, acceptance=ASSUMED.acceptance),
}


OF_RANKINGS = ("auc", "average_precision", "lift_10")
"""The metrics of scores that are not probabilities: those that see only their order."""


def measures_for(campaign: Campaign) -> dict[str, Callable[..., float]]:
    """Return the metrics, with profits from the money of a campaign."""
    profit = partial(metrics.expected_profit, **campaign.amounts, acceptance=campaign.acceptance)
    return METRICS | {"empc": partial(metrics.empc, **campaign.amounts), "expected_profit": profit}


def baseline_risks(
    X: pd.DataFrame,
    y: Any,
    X_test: pd.DataFrame,
    *,
    horizon: Any,
    gap: Any = "0d",
    of: str | None = None,
    recurring: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> dict[str, np.ndarray]:
    """Return risks (n_test,) of the baselines, each trained on the same rows as the model.

    Parameters
    ----------
    X, y : DataFrame (n, n_features), labels (n,)
        The training rows of the model.
    X_test : DataFrame (n_test, n_features)
    horizon, gap : span
    of : str, optional
        Table whose events recur.
    recurring : pair of DataFrame, optional
        Rows for recency and MBG/NBD, training and test, where X itself does not hold the three columns that these need.

    Returns
    -------
    dict of str to ndarray
        Keys of :data:`BASELINES`, without those that the columns do not allow. "one-snapshot LightGBM" is
        LightGBM with early stopping on the rows of the latest cutoff alone, as most churn models are trained.
    """
    target = binary_outcome(y)
    train, test = (X, X_test) if recurring is None else recurring
    risks = {"base rate": BaseRate().fit(X, target).predict_proba(X_test)[:, 1]}
    triple = find_triple(train.columns, of)
    recency = triple.since_last if triple else next((str(c) for c in train.columns if str(c).endswith("days_since_last")), None)
    if recency is not None:
        risks["recency"] = RecencyLogistic(column=recency).fit(train, target).predict_proba(test)[:, 1]
    if triple is not None:
        risks["MBG/NBD"] = MBGNBD(horizon=horizon, gap=gap, of=of).fit(train, target).predict_proba(test)[:, 1]
    check_whole_number(random_state, "random_state", most=2**31 - 1)
    single = _one_snapshot(X, target, X_test, random_state=random_state, n_jobs=n_jobs)
    return risks if single is None else risks | {"one-snapshot LightGBM": single}


def _one_snapshot(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, *, random_state: int, n_jobs: int | None) -> np.ndarray | None:
    times = cutoffs_of(X)
    latest = np.ones(len(X), bool) if times is None else times == times.max()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)
            single = ChurnClassifier(
                members=("trees",),
                n_seeds=1,
                half_life=None,
                calibration="identity",
                lightgbm_params={"max_bin": 255},
                random_state=random_state,
                n_jobs=n_jobs,
            ).fit(X[latest], y[latest])
            return risk_of(single, X_test)
    except ChurnError as error:
        if error.code not in _TOO_FEW:
            what = f"the baseline of one snapshot could not be trained and is left out: {error.what} [{error.code}]"
            warn("baseline-missing", what, remedy=error.remedy, stacklevel=5)
        return None


def judge(
    y: Any,
    risks: Mapping[str, np.ndarray],
    *,
    customers: Any = None,
    campaign: Campaign = ASSUMED,
    rounds: int = 200,
    random_state: int = 0,
    rankings: Collection[str] = (),
) -> pd.DataFrame:
    """Return every metric of every model, and the model minus each baseline, with 95 % intervals over customers.

    All of it is computed on the same draws of customers, so differences are paired.

    Parameters
    ----------
    y : array (n,)
    risks : dict of str to ndarray of shape (n,)
        The model first, baselines after it.
    customers : array (n,), optional
        Rows of the same customer are drawn together.
    campaign : Campaign
        The costs and values of the profit metrics.
    rounds : int
        Bootstrap samples.
    rankings : collection of str
        Names of scores that are not probabilities; they have :data:`OF_RANKINGS` only, and NaN for the rest.

    Returns
    -------
    DataFrame
        Columns ``model``, ``metric``, ``value``, ``low``, ``high`` and ``difference``, ``difference_low``, ``difference_high``: the first
        model's metric minus this one's (NaN in its own rows).

    Examples
    --------
    >>> y = np.tile([0, 1], 50)
    >>> figures = judge(y, {"model": np.where(y, 0.9, 0.1), "base rate": np.full(100, 0.5)}, rounds=20)
    >>> figures.query("model == 'base rate' and metric == 'lift_10'")["value"].item()
    1.0
    >>> bool(figures.query("model == 'base rate' and metric == 'log_loss'")["difference_high"].item() < 0)
    True
    """
    target = np.asarray(y, dtype=np.float64)
    every = np.ones(len(target))
    measures = measures_for(campaign)

    def measured(w: np.ndarray) -> np.ndarray:
        def one(name: str, metric: str) -> float:
            fits = name not in rankings or metric in OF_RANKINGS
            return measures[metric](target, risks[name], sample_weight=w) if fits else np.nan

        return np.array([[one(name, metric) for metric in measures] for name in risks])

    value = measured(every)
    draws = [measured(w) for w in resampled_weights(len(target), customers=customers, rounds=rounds, random_state=random_state)]
    drawn = np.array(draws).reshape(len(draws), *value.shape)
    rows = []
    for i, name in enumerate(risks):
        for j, metric in enumerate(METRICS):
            own = metrics.interval(value[i, j], drawn[:, i, j])
            row = {"model": name, "metric": metric, **own._asdict()}
            nothing = metrics.Interval(np.nan, np.nan, np.nan)
            apart = metrics.interval(value[0, j] - value[i, j], drawn[:, 0, j] - drawn[:, i, j]) if i else nothing
            rows.append(row | dict(zip(DIFFERENCE, apart, strict=True)))
    return pd.DataFrame(rows)
