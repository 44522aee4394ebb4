"""Audit single columns: those that predict too well by value, by single values, or by being filled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from churnpredict.evaluation.audit_report import FEW, Case, Finding, place
from churnpredict.evaluation.metrics import auc
from churnpredict.figures import percent, score

__all__ = [
    "TOO_WELL",
    "auc_bound",
    "column_scores",
    "is_blank",
    "is_numeric",
    "missing_tells",
    "numbers",
    "separation",
    "single_values",
    "too_well",
]

TOO_WELL = 0.98
_SCREEN = 4_000
_CHANCE = 1e-6
_RARE_LEVEL = 5  # rows of a category below which it is none of its own
_BLANKS = {"", "-", "--", "n/a", "na", "nan", "nat", "none", "null", "\\n", "#n/a", "0000-00-00", "00.00.0000"}


def numbers(column: pd.Series) -> np.ndarray | None:
    kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or pd.api.types.is_numeric_dtype(kind):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return None


def auc_bound(y: np.ndarray, score: np.ndarray, who: np.ndarray) -> tuple[float, float]:
    """Return the AUC of a column, in either direction, and its one-sided 95 % lower bound, counting customers."""
    known = ~np.isnan(score)
    y, score, who = y[known], score[known], who[known]
    left, stayed = len(np.unique(who[y == 1])), len(np.unique(who[y == 0]))
    if left < FEW or stayed < FEW:
        return 0.5, 0.5
    a = auc(y, score)
    a = max(a, 1 - a)
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (left - 1) * (q1 - a * a) + (stayed - 1) * (q2 - a * a)) / (left * stayed)
    return a, a - 1.645 * float(np.sqrt(max(variance, 0.0)))


def separation(column: pd.Series, y: np.ndarray) -> float:
    """Return the AUC of one column, in either direction: by its values, or by being filled at all; categories by their share of leavers."""
    if not is_numeric(column):
        codes, levels = pd.factorize(column)
        share = np.bincount(codes + 1, y, len(levels) + 1) / np.maximum(np.bincount(codes + 1, minlength=len(levels) + 1), 1)
        score = share[codes + 1]
    else:
        score = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(score)
    found = [0.5]
    for where, values in ((known, score), (np.ones(len(y), np.bool_), known.astype(float))):
        if 0 < y[where].sum() < where.sum():
            a = auc(y[where], values[where])
            found.append(max(a, 1 - a))
    return max(found)


def _screen(A: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the AUC of every column where it is known, from a sample balanced between leavers and stayers."""
    rng = np.random.default_rng(0)
    parts = [np.flatnonzero(y == label) for label in (0, 1)]
    rows = np.concatenate([p if len(p) <= _SCREEN // 2 else rng.choice(p, _SCREEN // 2, replace=False) for p in parts])
    S, left = A[rows], y[rows] == 1
    known = ~np.isnan(S)
    from scipy.stats import rankdata

    ranks = rankdata(np.where(known, S, np.inf), axis=0)
    n1, n0 = (known & left[:, None]).sum(axis=0), (known & ~left[:, None]).sum(axis=0)
    total = np.where(known & left[:, None], ranks, 0).sum(axis=0) - n1 * (n1 + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found = total / (n1 * n0)
    return np.where((n1 > 0) & (n0 > 0), np.maximum(found, 1 - found), 0.5)


def too_well(case: Case) -> Iterator[Finding]:
    """Yield single features that predict better than the future allows: numbers by AUC, categories by their share of leavers."""
    remedy = "Find out when this value is written. Drop it, or use its value from before the cutoff."
    for name, (values, *_) in column_scores(case.X, case.y, case.who).items():
        a, bound = auc_bound(case.y, values, case.who)
        what = f"alone it separates leavers from stayers with an AUC of {score(a)}; honest features rarely pass {score(TOO_WELL)}"
        if bound > TOO_WELL:
            yield Finding("error", "predicts-too-well", place(name), what, min(0.999, 0.95 + (bound - TOO_WELL) * 2.45), remedy)
        elif a > TOO_WELL:
            yield Finding("note", "predicts-well", place(name), what + ", but so few customers left that it may be chance", 0.5, remedy)


def column_scores(X: pd.DataFrame, y: np.ndarray, who: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Return the scores (n,) by which each column may tell leavers: its values, and whether it is filled where some are not.

    A category's score is the share of leavers among the other half of the customers with it. Numbers that are far from telling by their
    values have no scores of values, only of being filled.
    """
    numeric = [c for c in X.columns if is_numeric(X[c])]
    found: dict[str, list[np.ndarray]] = {str(c): [] for c in X.columns}
    if numeric:
        A = X[numeric].to_numpy(dtype=np.float64, na_value=np.nan)
        telling = _screen(A, y) > TOO_WELL - 0.03
        for j, name in enumerate(numeric):
            found[name] = [A[:, j] if telling[j] else np.full(len(y), np.nan)]
    half = np.random.default_rng(0).permutation(len(pd.unique(who)))[pd.factorize(who)[0]] % 2
    for name in X.columns.difference(numeric, sort=False):
        found[name] = [_other_half(X[name], y, half)]
    for name in X.columns:
        missing = is_blank(X[name])
        if missing.any() and not missing.all():
            found[name].append(missing.astype(np.float64))
    return found


def _other_half(column: pd.Series, y: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return for each row the share of leavers among the rows of the other half of the customers with its category, shape (n,).

    Of the same rows, many small categories would tell the outcome by themselves. Categories of few rows count as one.
    """
    codes, levels = pd.factorize(column, use_na_sentinel=False)
    rare = np.bincount(codes, minlength=len(levels)) < _RARE_LEVEL
    codes = np.where(rare[codes], len(levels), codes)
    base = y.mean()
    n, left = (np.stack([np.bincount(codes[half == h], w[half == h], len(levels) + 1) for h in (0, 1)]) for w in (np.ones(len(y)), y))
    return np.asarray(((left + base) / (n + 1))[1 - half, codes])


def is_numeric(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))


def is_blank(column: pd.Series) -> np.ndarray:
    """Return which cells (n,) hold nothing: missing values, and texts that stand for one."""
    if is_numeric(column) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column.isna().to_numpy()
    codes, levels = pd.factorize(column)
    said = np.array([str(v).strip().lower() in _BLANKS for v in levels] + [True])
    return np.asarray(said[codes])


def missing_tells(case: Case) -> Iterator[Finding]:
    """Yield columns whose mere presence of a value separates leavers: leaving, or staying, wrote it."""
    missing = np.column_stack([is_blank(case.X.iloc[:, j]) for j in range(case.X.shape[1])])
    some = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    left = case.y == 1
    gap = missing[left].mean(axis=0) - missing[~left].mean(axis=0)
    remedy = "It is most likely written when a customer leaves, or stops being written. Drop it, or use its value from before the cutoff."
    for j in some:
        name, there = str(case.X.columns[int(j)]), ~missing[:, j]
        a, bound = auc_bound(case.y, missing[:, j].astype(float), case.who) if abs(gap[j]) > 0.9 else (0.5, 0.5)
        if bound > TOO_WELL:
            side = "missing" if gap[j] > 0 else "filled"
            yield Finding(
                "error", "missing-tells", place(name), f"it is {side} for leavers and not for others (AUC {score(a)})", 0.99, remedy
            )
        elif (purity := _pure(there, case.y, case.who)) is not None and _is_sparse(there):
            what = f"all {int(there.sum()):,} rows in which it is filled left, while {percent(left.mean())} of all rows did"
            yield Finding("warning", "missing-tells", place(name), what, 1 - purity, remedy)


def _is_sparse(there: np.ndarray) -> bool:
    return bool(there.mean() < 0.5)


def _pure(rows: np.ndarray, y: np.ndarray, who: np.ndarray) -> float | None:
    """Return the chance that all customers of these rows left, if they left like others; None unless all did and chance does not explain
    it.
    """
    if not rows.any() or not (y[rows] == 1).all():
        return None
    n = len(np.unique(who[rows]))
    chance = float(y.mean() ** n)
    return chance if n >= 20 and chance < _CHANCE else None


def single_values(case: Case) -> Iterator[Finding]:
    """Yield target encodings: each distinct value is the share of leavers among its rows, or belongs to one label alone."""
    base = case.y.mean()
    for name in case.X.columns:
        values = numbers(case.X[name])
        if values is None:
            continue
        known = ~np.isnan(values)
        if known.sum() < 50 or np.nanmin(values) < 0 or np.nanmax(values) > 1 or not ((values > 0) & (values < 1)).any():
            continue
        distinct, code, n = np.unique(values[known], return_inverse=True, return_counts=True)
        if len(distinct) > known.sum() / 5:
            continue
        mean = np.bincount(code, case.y[known]) / n
        large = (n >= 5) & (distinct > 0) & (distinct < 1)
        if large.sum() < 3 or n[n >= 5].sum() < 0.8 * known.sum():
            continue
        v, m, k = distinct[large], mean[large], n[large]
        where, remedy = place(name), "Encode categories inside each training fold, from outcomes that were known before the cutoff."
        if _is_encoding(v, m, k, base):
            what = f"its {len(distinct)} values are the shares of leavers among the very rows that carry them"
            yield Finding("error", "target-encoding", where, what, 0.99, remedy)
        elif np.isin(m, (0.0, 1.0)).all() and 0 < m.mean() < 1 and (1 - max(base, 1 - base)) * k.sum() > 20:
            what = f"each of its {len(distinct)} values belongs to leavers alone or to stayers alone, as in leave-one-out encodings"
            yield Finding("error", "target-encoding", where, what, 0.99, remedy)


def _is_encoding(v: np.ndarray, mean: np.ndarray, n: np.ndarray, base: float) -> bool:
    """Return whether v = (n mean + m base) / (n + m) for some m >= 0, far closer than sampling would allow."""
    noise = float(np.sqrt(np.mean(np.maximum(mean * (1 - mean), base * (1 - base) / 4) / n)))
    away = np.abs(base - v) > 1e-6
    m = float(np.median(np.maximum(n * (v - mean), 0)[away] / (base - v)[away])) if away.any() else 0.0
    guesses = (0.0, m, -m if m < 0 else float(np.median((n * (v - mean))[away] / (base - v)[away])) if away.any() else 0.0)
    for weight in guesses:
        if weight < 0:
            continue
        residual = float(np.sqrt(np.mean((v - (n * mean + weight * base) / (n + weight)) ** 2)))
        if residual < 0.03 * noise and float(np.std(v)) > 3 * residual:
            return True
    return False
