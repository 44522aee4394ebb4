"""Verdict on one cutoff in words: signal, comparison with the baselines, level."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd

from churnpredict.figures import loss_gap, percent, points, score

__all__ = ["GAP", "SLOPES", "TOO_GOOD", "Verdict", "reach_verdict"]

TOO_GOOD = 0.97  # an AUC of this or more is rarely possible without leakage

GAP = 0.02  # mean risk minus share that left: the largest difference that counts as right on average
SLOPES = (0.9, 1.1)


class Verdict(NamedTuple):
    """A verdict, in one word per aspect, and in sentences.

    ``signal``: "clear" or "weak". ``against``: "better", "not told apart" or "worse", against the best baseline other than the base rate
    ("alone" where there is none). ``level``: "right", "too few rows", "season never seen", "season seen once" or "level moved". ``slope``:
    "right", "too few rows", "overconfident", "underconfident" or "unknown".
    """

    signal: str
    against: str
    level: str
    slope: str
    words: str


def reach_verdict(
    figures: pd.DataFrame,
    *,
    train_rate: float | None = None,
    seasons_seen: int | None = None,
    strongest: str | None = None,
    season: str | None = None,
) -> Verdict:
    """Return the verdict on the first model among the figures of one cutoff, as :func:`churnpredict.evaluation.comparison.judge` gives
    them.

    Parameters
    ----------
    figures : DataFrame
        ``model``, ``metric``, ``value``, ``low``, ``high``, ``difference``, ``difference_low``, ``difference_high``.
    train_rate : float, optional
        Share that left among the training rows.
    seasons_seen : int, optional
        In how many earlier years training saw outcomes of the same time of the year.
    strongest : str, optional
        The single feature that best separates leavers, where the model is too good to be true or a feature was written in hindsight.
    season : str, optional
        What the clock of the season knew, as a sentence.

    Examples
    --------
    >>> import numpy as np
    >>> from churnpredict.evaluation.comparison import judge
    >>> y = np.tile([0, 0, 0, 1], 200)
    >>> figures = judge(y, {"model": np.where(y, 0.7, 0.4), "base rate": np.full(800, 0.25)}, rounds=50)
    >>> found = reach_verdict(figures, train_rate=0.5, seasons_seen=0)
    >>> found.signal, found.against, found.level
    ('clear', 'alone', 'season never seen')
    """
    table = {(str(row["model"]), str(row["metric"])): row for row in figures.to_dict("records")}
    model = str(figures["model"].iloc[0])
    signal, about_signal = _signal(table)
    against, about_rivals = against_baseline(table, model)
    level, about_level = level_sentence(table[model, "calibration_gap"], train_rate, seasons_seen)
    slope, about_slope = slope_sentence(table[model, "calibration_slope"])
    words = " ".join(
        part
        for part in (_too_good(table.get((model, "auc")), strongest), about_signal, about_rivals, about_level, about_slope, season)
        if part
    )
    return Verdict(signal, against, level, slope, words)


_Row = dict[Any, Any]


def _too_good(row: _Row | None, strongest: str | None) -> str:
    if row is None or not (float(row["value"]) >= TOO_GOOD or strongest):  # NaN, where all left or all stayed, is not too good
        return ""
    named = f' Check "{strongest}" first: it is the single feature that best separates leavers.' if strongest else ""
    return (
        f"TOO GOOD TO BE TRUE: AUC {score(float(row['value']))}. Some column contains what happened after the cutoff, or many of these "
        f"customers had left by then.{named}"
    )


def _signal(table: dict[tuple[str, str], _Row]) -> tuple[str, str]:
    row = table.get(("base rate", "log_loss"))
    if row is None or row["difference_high"] < 0:
        return "clear", ""
    if math.isnan(row["difference_high"]):
        return "weak", "WEAK SIGNAL: whether the model beats the base rate is not known, as the log loss could not be computed for both."
    return "weak", "WEAK SIGNAL: the model does not differ significantly from the base rate; do not act on single risks."


def against_baseline(table: dict[tuple[str, str], _Row], model: str) -> tuple[str, str]:
    rivals = [row for (name, metric), row in table.items() if metric == "log_loss" and name not in (model, "base rate")]
    if not rivals:
        return "alone", ""
    best = min(rivals, key=lambda row: (math.isnan(row["value"]), row["value"]))
    gap, low, high = (float(best[name]) for name in ("difference", "difference_low", "difference_high"))
    if math.isnan(gap + low + high):
        why = "the log loss or its interval could not be computed for both"
        return "not told apart", f"How the model compares with {best['model']} is not known: {why}."
    kind = "better" if high < 0 else "worse" if low > 0 else "not told apart"
    said = {"better": "Better than", "worse": "Worse than", "not told apart": "No significant difference from"}[kind]
    return (
        kind,
        f"{said} {best['model']}, the best baseline (log loss {loss_gap(gap)} [{loss_gap(low)}, {loss_gap(high)}]).",
    )


def level_sentence(row: _Row, train_rate: float | None, seasons_seen: int | None) -> tuple[str, str]:
    gap, low, high = float(row["value"]), float(row["low"]), float(row["high"])
    if math.isnan(gap):
        return "unknown", "Whether risks are right on average is not known: no outcome could be compared with them."
    if abs(gap) <= GAP:
        return "right", f"Right on average ({points(gap)} points)."
    side = "high" if gap > 0 else "low"
    off = f"Risks are {points(abs(gap), sign=False)} points too {side} on average"
    if low <= 0 <= high or not high > low:
        return "too few rows", f"{off}, which may be chance with so few customers."
    moved = "" if train_rate is None or math.isnan(train_rate) else f" (training left {percent(train_rate)})"
    if seasons_seen == 0:
        return "season never seen", f"{off}: season never seen, no training outcome lies at this time of an earlier year{moved}."
    if seasons_seen == 1:
        return "season seen once", f"{off}: training saw this time of the year once, and one year does not prove a season{moved}."
    return "level moved", f"{off}: the level moved after the last outcomes that training knew{moved}."


def slope_sentence(row: _Row) -> tuple[str, str]:
    slope, low, high = float(row["value"]), float(row["low"]), float(row["high"])
    if math.isnan(slope):
        return "unknown", ""
    if SLOPES[0] <= slope <= SLOPES[1]:
        return "right", ""
    if low <= 1 <= high or math.isnan(low + high):
        return "too few rows", f"Slope {slope:.2f}, which may be 1, with so few customers."
    if slope < 1:
        return "overconfident", f"Overconfident: slope {slope:.2f} [{low:.2f}, {high:.2f}], high risks are too high and low ones too low."
    return "underconfident", f"Underconfident: slope {slope:.2f} [{low:.2f}, {high:.2f}], true risks differ more than predicted."
