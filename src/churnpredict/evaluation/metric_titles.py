"""Titles of metrics where people read them, and how their figures are written: one row per metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from churnpredict.figures import amount, points, ratio, score

__all__ = ["TITLES", "MetricTitle", "axis_title", "head_of", "write_figure"]


class MetricTitle(NamedTuple):
    """The words for one metric.

    Attributes
    ----------
    long : str
        For the heads of a page, and for axes.
    short : str
        For tables of a terminal.
    write : callable
        Return a value of the metric as text.
    unit : str
        Unit of that text, where it has one.
    note : str
        How to read the metric, where that is not plain.
    """

    long: str
    short: str
    write: Callable[[float], str] = score
    unit: str = ""
    note: str = ""


TITLES = {
    "auc": MetricTitle("AUC", "AUC"),
    "average_precision": MetricTitle("Average precision", "average precision"),
    "log_loss": MetricTitle("Log loss", "log loss", note="lower is better"),
    "brier": MetricTitle("Brier score", "Brier score", note="lower is better"),
    "lift_10": MetricTitle("Lift of the top tenth", "lift of the top tenth", ratio),
    "calibration_gap": MetricTitle("Mean risk minus share that left", "risk minus observed", points, unit="points"),
    "calibration_slope": MetricTitle("Calibration slope", "calibration slope", ratio),
    "calibration_intercept": MetricTitle("Calibration intercept", "calibration intercept", ratio),
    "empc": MetricTitle("EMPC", "EMPC"),
    "expected_profit": MetricTitle("Expected profit", "expected profit", amount),
}


def _title_of(metric: str) -> MetricTitle:
    """Return the words for a metric; one without a row is called by its key."""
    words = metric.replace("_", " ")
    return TITLES.get(metric, MetricTitle(words, words))


def head_of(metric: str, *, short: bool = False) -> str:
    """Return the head of a table's column, with the unit of the figures below it.

    >>> head_of("calibration_gap"), head_of("calibration_gap", short=True), head_of("same_first_reason")
    ('Mean risk minus share that left, points', 'risk minus observed, points', 'same first reason')
    """
    title = _title_of(metric)
    name = title.short if short else title.long
    return f"{name}, {title.unit}" if title.unit else name


def axis_title(metric: str) -> str:
    """Return the name of an axis, which shows the values themselves: no unit, but how to read them.

    >>> axis_title("log_loss"), axis_title("calibration_gap")
    ('Log loss (lower is better)', 'Mean risk minus share that left')
    """
    title = _title_of(metric)
    return f"{title.long} ({title.note})" if title.note else title.long


def write_figure(metric: str, value: float) -> str:
    """Return a value as its kind is written: scores without the leading zero, gaps in points, money with three digits.

    >>> write_figure("auc", 0.7321), write_figure("lift_10", 2.5), write_figure("calibration_gap", 0.054)
    ('.732', '2.50', '+5.4')
    """
    return _title_of(metric).write(value)
