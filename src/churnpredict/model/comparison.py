"""A model beside the old baselines: figures with intervals over customers, and whether there is a signal at all."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import ChurnError, ChurnWarning
from churnpredict.model import metrics
from churnpredict.model.baselines import MBGNBD, BaseRate, RecencyLogistic, binary_outcome, find_triple
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.split import cutoffs_of

__all__ = ["BASELINES", "METRICS", "Backtest", "baseline_risks", "calibration_gap", "is_weak", "judge"]

BASELINES = ("base rate", "recency", "MBG/NBD", "one-snapshot LightGBM")
_SHOWN = ("auc", "average_precision", "log_loss", "brier", "lift_10", "calibration_gap", "calibration_slope", "empc")


def calibration_gap(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Mean risk minus the observed share of leavers (0 is perfect, above 0 too pessimistic).

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
    "empc": metrics.empc,
    "expected_profit": metrics.expected_profit,
}


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
    """Risks (n_test,) of the old ways, each trained on the same rows as the model.

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
        LightGBM with early stopping on the rows of the latest cutoff alone, which is how churn models are mostly trained.
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
    single = _one_snapshot(X, target, X_test, random_state=random_state, n_jobs=n_jobs)
    return risks if single is None else risks | {"one-snapshot LightGBM": single}


def _one_snapshot(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, *, random_state: int, n_jobs: int | None) -> np.ndarray | None:
    times = cutoffs_of(X)
    latest = np.ones(len(X), bool) if times is None else times == times.max()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)
            single = ChurnClassifier(
                members=("trees",), n_seeds=1, half_life=None, calibration="identity", random_state=random_state, n_jobs=n_jobs
            ).fit(X[latest], y[latest])
            return np.asarray(single.predict_proba(X_test)[:, 1])
    except ChurnError:  # too few rows or leavers at one cutoff: this way there is no model at all
        return None


def judge(y: Any, risks: Mapping[str, np.ndarray], *, customers: Any = None, rounds: int = 200, random_state: int = 0) -> pd.DataFrame:
    """Every metric of every model, with 95 % intervals over customers.

    Parameters
    ----------
    y : array (n,)
    risks : dict of str to ndarray of shape (n,)
        The model first, baselines after it.
    customers : array (n,), optional
        Rows of the same customer are drawn together.
    rounds : int
        Bootstrap samples.

    Returns
    -------
    DataFrame
        Columns ``model``, ``metric``, ``value``, ``low``, ``high``.

    Examples
    --------
    >>> y = np.tile([0, 1], 50)
    >>> figures = judge(y, {"model": np.where(y, 0.9, 0.1), "base rate": np.full(100, 0.5)}, rounds=20)
    >>> figures.query("model == 'base rate' and metric == 'lift_10'")["value"].item()
    1.0
    """
    target = np.asarray(y, dtype=np.float64)
    rows = []
    for name, risk in risks.items():
        for metric, function in METRICS.items():
            interval = metrics.bootstrap_interval(function, target, risk, customers=customers, rounds=rounds, random_state=random_state)
            rows.append({"model": name, "metric": metric, **interval._asdict()})
    return pd.DataFrame(rows)


def is_weak(
    y: Any, risk: np.ndarray, base: np.ndarray, *, customers: Any = None, rounds: int = 200, random_state: int = 0
) -> tuple[bool, metrics.Interval]:
    """Whether the interval of (log loss of the model - log loss of the base rate) reaches zero, and that interval.

    >>> y = np.tile([0, 1], 50)
    >>> is_weak(y, np.where(y, 0.9, 0.1), np.full(100, 0.5), rounds=20)[0]
    False
    """
    difference = metrics.compare(y, risk, base, metric=metrics.log_loss, customers=customers, rounds=rounds, random_state=random_state)
    return not difference.high < 0, difference


class Backtest(pd.DataFrame):
    """Figures of a backtest: ``cutoff``, ``model``, ``metric``, ``value``, ``low``, ``high``, ``n``, ``leavers``, ``signal``.

    ``signal`` is "weak" at cutoffs where the model cannot be told from the base rate.
    """

    @property
    def _constructor(self) -> type[Backtest]:
        return Backtest

    def table(self, *names: str) -> pd.DataFrame:
        """One line per cutoff and model, one column per metric."""
        wanted = list(names) or [m for m in _SHOWN if m in set(self["metric"])]
        order = list(dict.fromkeys(self["model"]))
        wide = pd.DataFrame(self).pivot_table(index=["cutoff", "model"], columns="metric", values="value", dropna=False)[wanted]
        wide = wide.reindex(pd.MultiIndex.from_product([sorted(set(self["cutoff"])), order], names=["cutoff", "model"]))
        return wide.dropna(how="all")

    def summary(self) -> str:
        """The backtest in words and figures, as people read it."""
        lines = []
        for cutoff, part in pd.DataFrame(self).groupby("cutoff", sort=True):
            n, leavers = int(part["n"].iloc[0]), int(part["leavers"].iloc[0])
            weak = part["signal"].iloc[0] == "weak"
            head = f"{pd.Timestamp(str(cutoff)).date()}: {n:,} customers at risk, {leavers:,} left ({leavers / n:.1%})"
            lines.append(head + ("  WEAK SIGNAL: the model cannot be told from the base rate" if weak else ""))
            shown = [m for m in ("auc", "log_loss", "lift_10", "calibration_gap") if m in set(part["metric"])]
            lines.append("  " + " " * 22 + "".join(f"{m:>26}" for m in shown))
            for model in dict.fromkeys(part["model"]):
                figures = part[part["model"] == model].set_index("metric")
                cells = "".join(f"{_cell(figures.loc[m]):>26}" for m in shown)
                lines.append(f"  {model:<22}{cells}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        needed = {"cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal"}
        return self.summary() if len(self) and needed <= set(self.columns) else super().__repr__()

    __str__ = __repr__


def _cell(row: pd.Series) -> str:
    if np.isnan(row["value"]):
        return "-"
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
