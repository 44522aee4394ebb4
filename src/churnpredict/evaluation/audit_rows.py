"""Audit rows, labels and folds: single labels per cutoff, outcomes known too early, repeated customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.evaluation.audit_columns import is_numeric
from churnpredict.evaluation.audit_report import Case, Finding

__all__ = ["constant_labels", "duplicates", "left_before", "mixed_folds", "time_order"]

_WIDE = 64  # columns that are enough to tell customers apart


def constant_labels(case: Case) -> Iterator[Finding]:
    """Cutoffs at which everybody has one label: immature windows, or a rule that has already decided."""
    if case.times is None:
        return
    distinct, code, n = np.unique(case.times, return_inverse=True, return_counts=True)
    left = np.bincount(code, case.y)
    if len(distinct) < 2 or not 0 < case.y.sum() < len(case.y):
        return
    for c, total, leavers in zip(distinct, n, left, strict=True):
        if 0 < leavers < total:
            continue
        rest = (case.y.sum() - leavers) / max(len(case.y) - total, 1)
        chance = float((1 - rest) ** total if leavers == 0 else rest**total)
        if chance < 1e-4:
            said = "stayed" if leavers == 0 else "left"
            what = f"all {total:,} customers {said} at this cutoff, while {rest:.1%} left at the others"
            cure = "Most likely the outcome window is not fully observed: such rows have no label. Take earlier cutoffs."
            yield Finding("error", "constant-labels", f"cutoff {pd.Timestamp(c, unit='us').date()}", what, 1 - chance, cure)


def time_order(case: Case) -> Iterator[Finding]:
    """Rows twice, outcomes before their cutoff, outcomes after the window."""
    if case.times is not None and case.customers is not None:
        twice = int(pd.DataFrame({"c": case.customers, "t": case.times}).duplicated().sum())
        if twice:
            cure = "Keep one row per customer and cutoff."
            what = f"{twice:,} rows repeat a customer and cutoff"
            yield Finding("error", "duplicate-snapshot", "rows", what, 0.99, cure)
    if case.outcomes is None:
        return
    duration = np.asarray(case.outcomes["duration"], dtype=np.float64)
    early = int((duration[case.y == 1] < 0).sum())  # at the cutoff: within the window, which holds its first moment
    if early:
        what = f"{early:,} outcomes happened before their cutoff: these customers had already left"
        yield Finding("error", "already-left", "rows", what, 0.99, "Take snapshots only of customers who can still leave (take_snapshots).")
    late = 0 if case.window is None else int((duration > case.window.days(case.times) + 1e-6).sum())
    if late:
        what = f"{late:,} outcomes lie beyond gap + horizon"
        yield Finding("error", "outcome-after-window", "rows", what, 0.95, "Label with the horizon that the model is for.")


def left_before(case: Case) -> Iterator[Finding]:
    """Customers whose earlier window had closed with "left" before a later cutoff, and who "leave" again without exception."""
    if case.times is None or case.customers is None or case.window is None:
        return
    order = np.lexsort((case.times, case.customers))
    who, times, y = case.customers[order], case.times[order], case.y[order]
    closed = np.where(y == 1, case.window.closes(times), np.iinfo(np.int64).max)
    known = pd.Series(closed).groupby(who).transform("min").to_numpy() <= times
    n, again = len(np.unique(who[known])), float(y[known].mean()) if known.any() else 0.0
    if n < 20 or again < 0.99:
        return
    what = (
        f'{int(known.sum()):,} rows are of customers whose earlier outcome was already known to be "left"; {again:.1%} of them leave again'
    )
    cure = "Take snapshots only of customers who can still leave: take_snapshots, or a shorter active_within=."
    final = case.outcomes is not None and not getattr(case.outcomes, "decided_at_end", True)
    yield Finding("error" if final else "note", "already-left", "rows", what, 0.99 if final else 0.6, cure)


def duplicates(case: Case) -> Iterator[Finding]:
    """Customers who stand under several ids: rows equal in everything, and in their labels, more often than chance allows.

    Poor rows (one purchase, few columns filled) are equal by chance. So only rows with more distinct values than the middle row
    count, and they must be equal no less often than they are equal in half of the columns.
    """
    X = case.X
    numeric = [c for c in X.columns if is_numeric(X[c])]
    if len(X) < 100 or len(numeric) < 4:
        return
    rng = np.random.default_rng(0)
    part = X if X.shape[1] <= _WIDE else X[[X.columns[j] for j in sorted(rng.choice(X.shape[1], _WIDE, replace=False))]]
    chosen = range(part.shape[1])
    times = np.zeros(len(X), np.int64) if case.times is None else case.times
    codes = np.column_stack([pd.factorize(part[c])[0] for c in part.columns])
    ordered = np.sort(part[[c for c in part.columns if c in set(numeric)]].to_numpy(dtype=np.float64, na_value=np.nan), axis=1)
    richness = ((ordered[:, 1:] != ordered[:, :-1]) & ~np.isnan(ordered[:, 1:])).sum(axis=1)
    rich = richness > np.median(richness) if (richness > np.median(richness)).any() else np.ones(len(X), bool)
    halves = rng.permutation(len(chosen))[: max(len(chosen) // 2, 2)]
    same = _alike(np.column_stack([codes, times]), case.who, rich)
    half = _alike(np.column_stack([codes[:, halves], times]), case.who, rich)
    people = len(np.unique(case.who[same]))
    of = len(np.unique(case.who[rich]))
    if people < max(6, 0.005 * of) or same.sum() < 0.8 * half.sum():
        return
    group = pd.Series(_hashes(np.column_stack([codes, times]))[same])
    by_group = pd.Series(case.y[same]).groupby(group.to_numpy())
    agree = float((by_group.transform("min") == by_group.transform("max")).mean())
    if agree < 0.95:
        return
    across = ""
    for train, test in case.folds:
        keys = _hashes(np.column_stack([codes, times]))
        n = int(np.isin(keys[test][same[test]], keys[train][same[train]]).sum())
        across = f", {n:,} of them in test with a twin in training" if n else across
    what = f"{people:,} customers have rows that another customer has too, value for value{across}"
    cure = "One customer seems to stand under several ids: map them to one, or keep them in one fold."
    yield Finding("error" if across else "warning", "duplicate-customers", f"{int(same.sum()):,} rows", what, 0.9, cure)


def _hashes(codes: np.ndarray) -> np.ndarray:
    """One number per row of codes; rows of equal codes have the same, others another but for a chance of 2**-64."""
    weights = np.random.default_rng(7).integers(1, 2**62, codes.shape[1], dtype=np.uint64)
    mixed = np.asarray(pd.util.hash_array(codes.astype(np.int64).ravel())).reshape(codes.shape)
    return np.asarray((mixed * (2 * weights + 1)).sum(axis=1, dtype=np.uint64))


def _alike(codes: np.ndarray, who: np.ndarray, rich: np.ndarray) -> np.ndarray:
    """Rich rows that some other customer's rich row equals."""
    keys = pd.DataFrame({"key": _hashes(codes)[rich], "who": who[rich]})
    several = keys.groupby("key")["who"].transform("nunique") > 1
    found = np.zeros(len(codes), bool)
    found[np.flatnonzero(rich)[several.to_numpy()]] = True
    return found


def mixed_folds(case: Case) -> Iterator[Finding]:
    """Folds: windows that reach into the test, times at random, the same customers on both sides."""
    if not case.folds:
        return
    overlap = mixed = shared = rows = tested = 0
    for train, test in (_positions(f, len(case.y)) for f in case.folds):
        tested += len(test)
        if case.customers is not None:
            shared += int(np.isin(case.customers[test], case.customers[train]).sum())
        if case.times is None or len(np.unique(case.times)) < 2 or not len(test):
            continue
        rows += len(train)
        mixed += int((case.times[train] > case.times[test].min()).sum())
        if case.window is not None:
            overlap += int((case.window.closes(case.times[train]) > case.times[test].min()).sum())
    repeated = case.customers is not None and len(np.unique(case.customers)) < len(case.customers)
    cure = "Split along time and leave out training rows whose window reaches into the test: TemporalSplit(horizon=..., gap=...)."
    if mixed:
        what = f"{mixed / rows:.0%} of the training rows are later than the first row tested: times are split at random"
        yield Finding("error", "random-split", "folds", what, 0.99, cure)
    if overlap:
        what = f"the outcome windows of {overlap / rows:.0%} of the training rows reach into the test"
        yield Finding("error", "overlapping-windows", "folds", what, 0.99, cure)
    if shared and repeated:
        what = f"{shared / tested:.0%} of the rows tested are of customers who are in training too (at other cutoffs)"
        yield Finding(
            "note",
            "same-customer",
            "folds",
            what,
            0.99,
            "Usual when the customers to be scored are known; else keep them apart: apart=True.",
        )


def _positions(fold: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    train, test = (np.asarray(part) for part in fold)
    return tuple(np.flatnonzero(p) if p.dtype == bool and len(p) == n else p for p in (train, test))  # type: ignore[return-value]
