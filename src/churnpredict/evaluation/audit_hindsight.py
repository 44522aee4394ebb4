"""Audit columns for hindsight: values of today in rows of the past, found by the final state of each customer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from churnpredict.evaluation.audit_columns import TOO_WELL, auc_bound, column_scores, is_numeric
from churnpredict.evaluation.audit_report import FEW, Audit, Case, Finding, place
from churnpredict.figures import percent, score
from churnpredict.model.split import customers_of, cutoffs_of

__all__ = ["audit_hindsight", "in_hindsight"]

_MOST_CUSTOMERS = 20_000
_OF_LABELS = (0.95, 0.9)  # labels are written by people: no honest one tells who leaves long after; rhythms of purchases nearly do
_PURE = 20  # customers of one value from which on "all of them left" is evidence
_RARE = 0.25  # share of those who stayed that may have the one value of all who left
_KNOWN = 0.5  # share of the customers whose number is known, below which it is not judged
_CHANCE = 1e-6
_CURE = "It is most likely overwritten when a customer leaves. Use its history (States, or Customers with valid_from=), or leave it out."


def in_hindsight(case: Case) -> Iterator[Finding]:
    """Yield columns that know today who left long after the cutoff.

    A column that is overwritten at leaving says so at every earlier cutoff too, even where the customer stayed for the whole outcome
    window, so on all rows together it looks no better than a good feature. Therefore customers are compared at one cutoff: those who
    stayed in its window and left later with those who are still there at the newest cutoff. No honest feature tells these apart nearly
    without fault.
    """
    compared = _compared(case)
    if compared is None:
        return
    rows, gone = compared
    X, who = case.X.iloc[rows], np.arange(len(rows))
    for name, scores in column_scores(X, gone, who).items():
        told = (auc_bound(gone, values, who) for values in scores)
        a, bound = max(told, key=lambda pair: pair[1], default=(0.5, 0.5))
        surely, likely = (TOO_WELL, TOO_WELL) if is_numeric(X[name]) else _OF_LABELS
        if bound > likely:
            what = (
                "it separates customers who left only after the outcome window from those who are still there, "
                f"with an AUC of {score(a)}: its values seem to be of today, not of the cutoff"
            )
            severity, sure = ("error", 0.99) if bound > surely else ("warning", 0.8)
            yield Finding(severity, "written-in-hindsight", place(name), what, sure, _CURE)
        else:
            yield from _of_one_side(name, X[name], gone)


def audit_hindsight(X: pd.DataFrame, y: pd.Series, there: np.ndarray | None) -> Audit:
    """Return the findings of :func:`in_hindsight` alone, for features with customers and cutoffs in their index."""
    case = Case(X, np.asarray(y, dtype=np.int64), cutoffs_of(X), customers_of(X), None, [], list(X.columns), None, there)
    return Audit(tuple(in_hindsight(case)))


def _compared(case: Case) -> tuple[np.ndarray, np.ndarray] | None:
    """Return rows of one cutoff, one per customer, and whether the customer stayed in the window and left later (1) or never left (0)."""
    if case.times is None or case.customers is None:
        return None
    there, left = _in_the_end(case)
    later = left & (case.y == 0)
    cutoffs, at = np.unique(case.times, return_inverse=True)
    fewer = np.minimum(np.bincount(at[later], minlength=len(cutoffs)), np.bincount(at[there], minlength=len(cutoffs)))
    best = int(np.argmax(fewer))
    if fewer[best] < FEW:
        return None
    rows = np.flatnonzero((at == best) & (later | there))
    if len(rows) > _MOST_CUSTOMERS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_CUSTOMERS, replace=False))
    return rows, later[rows].astype(np.int64)


def _in_the_end(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return whether the customer of each row is still there, and has left, by its newest row; neither where that is not known."""
    if case.there is not None:
        return case.there == 1, case.there == 0
    assert case.times is not None
    assert case.customers is not None
    codes, distinct = pd.factorize(case.customers)
    newest = np.full(len(distinct), np.iinfo(np.int64).min)
    np.maximum.at(newest, codes, case.times)
    left = np.zeros(len(distinct), bool)
    left[codes[(case.times == newest[codes]) & (case.y == 1)]] = True
    stays = ~left & (newest == case.times.max())
    return stays[codes], left[codes]


def _of_one_side(name: str, column: pd.Series, gone: np.ndarray) -> Iterator[Finding]:
    """Yield columns with a value that all who left have and few others, or that nobody has who stayed."""
    if is_numeric(column):  # what is not known of a customer is not a value that others could share
        known = column.notna().to_numpy()
        column, gone = column[known], gone[known]
        if known.mean() < _KNOWN or not 0 < gone.sum() < len(gone):
            return
    codes, levels = pd.factorize(column, use_na_sentinel=False)
    n = np.bincount(codes, minlength=len(levels))
    left = np.bincount(codes, gone, len(levels))
    stayed, base = n - left, gone.mean()
    common = int(np.argmax(left))
    if left[common] == left.sum() >= _PURE and stayed[common] <= _RARE * stayed.sum():
        share = float(stayed[common] / stayed.sum())
        if max(share, 1 / stayed.sum()) ** left.sum() < _CHANCE:
            what = (
                f"all {int(left.sum()):,} customers who left later have the same value, and {percent(share)} of those who are still there"
            )
            yield Finding("warning", "written-in-hindsight", place(name), what, 0.8, _CURE)
            return
    usual = int(np.argmax(stayed))
    others = int(left.sum() - left[usual])
    if stayed[usual] == stayed.sum() and others >= _PURE and base**others < _CHANCE:
        what = f"all who are still there have the same value; the {others:,} customers with another one left later"
        yield Finding("warning", "written-in-hindsight", place(name), what, 0.8, _CURE)
        return
    pure = (stayed == 0) & (left >= _PURE) & (base**left * len(levels) < _CHANCE)
    if len(levels) <= len(gone) / _PURE and pure.any():
        what = f"all {int(left[pure].max()):,} customers with one of its values left later, and nobody who is still there has it"
        yield Finding("warning", "written-in-hindsight", place(name), what, 0.8, _CURE)
