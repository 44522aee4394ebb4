"""Audit rows, labels and folds: single labels per cutoff, outcomes known too early, repeated customers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.evaluation.audit_columns import is_numeric
from churnpredict.evaluation.audit_report import Case, Finding
from churnpredict.figures import percent

__all__ = ["constant_labels", "duplicates", "left_before", "mixed_folds", "time_order"]

_FEWEST = 100  # rows below which copies are not evidence
_WIDE = 64  # number of columns that are enough to distinguish customers
_MOST_COPIES = 5  # equal customers: more are a common pattern, not copies of one
_NEIGHBOURS = 20_000  # rows whose neighbours are compared
_CHANCE = 1e-6


def constant_labels(case: Case) -> Iterator[Finding]:
    """Yield cutoffs at which everybody has one label: immature windows, or a rule that has already decided."""
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
            what = f"all {total:,} customers {said} at this cutoff, while {percent(rest)} left at the others"
            remedy = "Most likely the outcome window is not fully observed: such rows have no label. Take earlier cutoffs."
            yield Finding("error", "constant-labels", f"cutoff {pd.Timestamp(c, unit='us').date()}", what, 1 - chance, remedy)


def time_order(case: Case) -> Iterator[Finding]:
    """Yield duplicate rows, outcomes before their cutoff and outcomes after the window."""
    if case.times is not None and case.customers is not None:
        twice = int(pd.DataFrame({"c": case.customers, "t": case.times}).duplicated().sum())
        if twice:
            remedy = "Keep one row per customer and cutoff."
            what = f"{twice:,} rows repeat a customer and cutoff"
            yield Finding("error", "duplicate-snapshot", "rows", what, 0.99, remedy)
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
    """Yield customers whose earlier window had closed with "left" before a later cutoff, where all of them "leave" again."""
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
        f'{int(known.sum()):,} rows are of customers whose earlier outcome was already known to be "left"; '
        f"{percent(again)} of them leave again"
    )
    remedy = "Take snapshots only of customers who can still leave: take_snapshots, or a shorter active_within=."
    final = case.outcomes is not None and not getattr(case.outcomes, "decided_at_end", True)
    yield Finding("error" if final else "note", "already-left", "rows", what, 0.99 if final else 0.6, remedy)


def duplicates(case: Case) -> Iterator[Finding]:
    """Yield customers with several ids: rows that are equal in all columns and labels, more often than chance explains.

    Poor rows (one purchase, few columns filled) are equal by chance: patterns that many share do not count, nor do rows with fewer
    distinct values than the middle row. For the rest, the columns are split into two halves, and rows equal in one half must be equal in
    the other far more often than rows that are only neighbours in the first half. So dependent columns, or few columns of few values, are
    not evidence, and a single column never is.
    """
    X = case.X.loc[:, [len(pd.unique(case.X.iloc[:, j])) > 1 for j in range(case.X.shape[1])]]
    if len(X) < _FEWEST or X.shape[1] < 2:
        return
    rng = np.random.default_rng(0)
    part = X if X.shape[1] <= _WIDE else X[[X.columns[j] for j in sorted(rng.choice(X.shape[1], _WIDE, replace=False))]]
    times = np.zeros(len(X), np.int64) if case.times is None else case.times
    codes = np.column_stack([_ordered_codes(part[c]) for c in part.columns])
    keys = _hashes(np.column_stack([codes, times]))
    rich = _several(keys, case.who) <= _MOST_COPIES
    numeric = [c for c in part.columns if is_numeric(part[c])]
    if numeric:
        ordered = np.sort(part[numeric].to_numpy(dtype=np.float64, na_value=np.nan), axis=1)
        richness = ((ordered[:, 1:] != ordered[:, :-1]) & ~np.isnan(ordered[:, 1:])).sum(axis=1)
        middle = np.median(richness)
        rich &= richness > middle if (richness > middle).any() else richness >= middle
    same = rich & (_several(keys, case.who, rich) > 1)
    people = len(np.unique(case.who[same]))
    of = len(np.unique(case.who[rich]))
    if people < max(6, 0.005 * of):
        return
    expected = _expected(codes[rich], times[rich], case.who[rich])
    from scipy.stats import poisson

    if people // 2 < 3 * expected or poisson.sf(people // 2 - 1, expected) > _CHANCE:
        return
    by_group = pd.Series(case.y[same]).groupby(keys[same])
    agree = float((by_group.transform("min") == by_group.transform("max")).mean())
    if agree < 0.95:
        return
    across = ""
    for train, test in case.folds:
        n = int(np.isin(keys[test][same[test]], keys[train][same[train]]).sum())
        across = f", {n:,} of them in test with a twin in training" if n else across
    what = f"{people:,} customers have rows that another customer has too, value for value{across}"
    remedy = "One customer seems to have several ids: map them to one, or keep them in one fold."
    yield Finding("error" if across else "warning", "duplicate-customers", f"{int(same.sum()):,} rows", what, 0.9, remedy)


def _ordered_codes(column: pd.Series) -> np.ndarray:
    """Return codes (n,) in the order of the values, -1 for missing; near values have near codes."""
    values = column.astype("string") if not is_numeric(column) else column
    return np.asarray(pd.factorize(values, sort=True)[0])


def _expected(codes: np.ndarray, times: np.ndarray, who: np.ndarray) -> float:
    """Return how many pairs of customers are equal in all columns by chance: those equal in one half, times how often neighbours share the
    other.

    The halves take turns by how many values a column has. Neighbours differ in the first half, least in its finest column; columns of the
    other half count as shared when they are about equal, so that columns that depend on the first half are expected to be shared.
    """
    fineness = np.array([len(np.unique(column)) for column in codes.T])
    ranked = np.argsort(-fineness, kind="stable")
    one, other = codes[:, ranked[::2]], _coarse(codes[:, ranked[1::2]])
    keys = _hashes(np.column_stack([one, times]))
    sizes = pd.Series(keys).value_counts().to_numpy(dtype=np.float64)
    own = pd.DataFrame({"key": keys, "who": who}).value_counts().to_numpy(dtype=np.float64)
    pairs = float((sizes * (sizes - 1) / 2).sum() - (own * (own - 1) / 2).sum())
    some = np.sort(np.random.default_rng(0).permutation(len(codes))[:_NEIGHBOURS])
    order = some[np.lexsort((*one[some].T, times[some]))]
    here, there = order[:-1], order[1:]
    beside = (times[here] == times[there]) & (keys[here] != keys[there]) & (who[here] != who[there])
    shared = (other[here[beside]] == other[there[beside]]).all(axis=1).sum()
    return pairs * float(shared + 1) / float(beside.sum() + 2)


def _coarse(codes: np.ndarray) -> np.ndarray:
    """Return codes of columns with many values, cut into about twenty steps of as many rows."""
    from scipy.stats import rankdata

    steps = [np.floor(20 * rankdata(c, method="min") / (len(c) + 1)) if len(np.unique(c)) > 20 else c for c in codes.T]
    return np.column_stack(steps)


def _hashes(codes: np.ndarray) -> np.ndarray:
    """Return one number per row of codes; equal rows have the same one, others a different one except with a chance of 2**-64."""
    weights = np.random.default_rng(7).integers(1, 2**62, codes.shape[1], dtype=np.uint64)
    mixed = np.asarray(pd.util.hash_array(codes.astype(np.int64).ravel())).reshape(codes.shape)
    return np.asarray((mixed * (2 * weights + 1)).sum(axis=1, dtype=np.uint64))


def _several(keys: np.ndarray, who: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
    """Return how many customers (n,) have a row of the same key; 0 outside ``rows``."""
    some = np.ones(len(keys), bool) if rows is None else rows
    found = np.zeros(len(keys), np.int64)
    found[some] = pd.Series(who[some]).groupby(keys[some]).transform("nunique").to_numpy()
    return found


def mixed_folds(case: Case) -> Iterator[Finding]:
    """Yield folds: windows that reach into the test, times at random, the same customers on both sides."""
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
    remedy = "Split along time and leave out training rows whose window reaches into the test: TemporalSplit(horizon=..., gap=...)."
    if mixed:
        what = f"{percent(mixed / rows)} of the training rows are later than the first row tested: times are split at random"
        yield Finding("error", "random-split", "folds", what, 0.99, remedy)
    if overlap:
        what = f"the outcome windows of {percent(overlap / rows)} of the training rows reach into the test"
        yield Finding("error", "overlapping-windows", "folds", what, 0.99, remedy)
    if shared and repeated:
        what = f"{percent(shared / tested)} of the rows tested are of customers who are in training too (at other cutoffs)"
        yield Finding(
            "note",
            "same-customer",
            "folds",
            what,
            0.99,
            "Usual when the customers to be scored are known; otherwise split by customer: apart=True.",
        )


def _positions(fold: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    train, test = (np.asarray(part) for part in fold)
    return tuple(np.flatnonzero(p) if p.dtype == bool and len(p) == n else p for p in (train, test))  # type: ignore[return-value]
