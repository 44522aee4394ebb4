"""Segments in which leaving concentrates: two or three conditions, found in one half of the customers and tested in the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.argument_checks import check_instance
from churnpredict.errors import DataError, UsageError
from churnpredict.intervals import wilson
from churnpredict.number_checks import check_numbers, check_share, check_whole_number
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column

__all__ = ["find_segments"]

_QUANTILES = (0.2, 0.4, 0.6, 0.8)
_WIDE, _PAIRS = 40, 25  # conditions that are combined, pairs that are extended
_TESTED = 20  # segments that the second half is asked about
_ALIKE = 0.5  # of two segments that share more than this, the weaker one is left out
_FEWEST = 20  # customers of a segment in each half
_LEVELS = 30  # categories of one column

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
_COLUMNS = ["segment", "conditions", "customers", "left", "rate", "low", "high", "rate_elsewhere", "share_of_leavers", "p_value"]


@dataclass(frozen=True)
class _Segment:
    conditions: tuple[int, ...]
    inside: Bools
    score: float
    rate: float


def find_segments(
    X: pd.DataFrame,
    y: Column,
    *,
    value: Column | None = None,
    level: float = 0.0001,
    smallest: float = 0.02,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return segments of two or three conditions in which more customers left than elsewhere, strongest first.

    Segments are looked for among one random half of the customers, and the twenty best are tested on the other half, which the search has
    not seen: by Fisher's exact test against all others there, corrected by Holm's method. So the chance that any listed segment is there
    by luck alone is at most ``level``, however many conditions were tried. All figures are those of the second half, with one snapshot, the
    latest, for each customer. In both halves every segment has a higher rate than with any of its conditions left out.

    Parameters
    ----------
    X : DataFrame (n, n_features)
        Features of past snapshots, index (customer_id, cutoff).
    y : array (n,)
        1 where the customer left, in the order of X.
    value : array (n,), optional
        Value of each customer: adds ``money_lost`` and ``share_of_money``.
    level : float
        Bound on the chance of any false segment: by default one in ten thousand, so that 200 businesses without structure give none.
    smallest : float
        The least share of the customers in a segment; never fewer than 20 in either half.
    random_state : int

    Returns
    -------
    DataFrame
        ``segment`` (the conditions, written like an alert rule; one of numbers alone is one:
        see :func:`churnpredict.diagnostics.find_alerts`),
        ``conditions`` (how many), ``customers``, ``left``, ``rate`` with its 95 % interval ``low`` and ``high``, ``rate_elsewhere``,
        ``share_of_leavers``, ``p_value`` (corrected), with ``value`` also ``money_lost`` and ``share_of_money``. Empty where nothing is
        proved.

    Raises
    ------
    UsageError
        ``bad-argument``.
    DataError
        ``too-few-customers``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> index = pd.MultiIndex.from_product([range(4000), ["2024-01-01"]], names=["customer_id", "cutoff"])
    >>> X = pd.DataFrame({"tickets": rng.poisson(1.0, 4000), "age": rng.uniform(0, 100, 4000)}, index=index)
    >>> y = rng.random(4000) < np.where((X["tickets"] >= 2) & (X["age"] < 40), 0.5, 0.1)
    >>> find_segments(X, y)["segment"].tolist()[0]
    'age < 41.7 and tickets >= 2'
    """
    check_instance(X, "X", pd.DataFrame, "Give the features of past snapshots: pipeline.features_of(tables, snapshots).")
    if "customer_id" not in X.index.names:
        raise UsageError("bad-argument", "X does not name its customers", remedy="Give features with the index (customer_id, cutoff).")
    level, smallest = check_share(level, "level", open_=True), check_share(smallest, "smallest")
    check_whole_number(random_state, "random_state")
    labels = np.asarray(in_row_order(y, X, "y"))
    target = check_numbers(labels.astype(np.float64) if labels.dtype == np.bool_ else labels, "y", least=0, most=1)
    if not np.isin(target, (0, 1)).all():
        raise UsageError("bad-argument", "y holds other values than 0 and 1", remedy="Give 1 where the customer left.")
    worth = None if value is None else check_numbers(in_row_order(value, X, "value"), "value", least=0)
    rows = _latest(X)
    X, target, worth = X.iloc[rows], target[rows], None if worth is None else worth[rows]
    if len(X) < 4 * _FEWEST:
        raise DataError("too-few-customers", f"{len(X):,} customers are too few to look for segments", remedy="Give more customers.")
    half = np.zeros(len(X), np.bool_)
    half[np.random.default_rng(random_state).permutation(len(X))[: len(X) // 2]] = True
    names, holds = _conditions(X, half)
    found = search_half(holds[half], target[half], max(_FEWEST, int(np.ceil(smallest * half.sum())))) if len(names) else []
    return prove(found, names, holds[~half], target[~half], None if worth is None else worth[~half], level)


def _latest(X: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the place of each customer's latest row, ascending."""
    place = pd.DataFrame({"who": X.index.get_level_values("customer_id"), "row": np.arange(len(X))})
    place["when"] = X.index.get_level_values("cutoff") if "cutoff" in X.index.names else 0
    last = place.sort_values("when", kind="stable").groupby("who", sort=False)["row"].last()
    return np.sort(last.to_numpy())


def _conditions(X: pd.DataFrame, half: Bools) -> tuple[list[str], Bools]:
    """Return conditions as text, and on which rows they hold (n, m); thresholds are quantiles of the half that is searched."""
    names: list[str] = []
    columns: list[Bools] = []
    for feature in sorted(map(str, X.columns)):
        column: Any = X[feature]
        shown = feature if feature.isidentifier() else f'"{feature}"'
        if pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype=np.float64)
            known = values[half & ~np.isnan(values)]
            # as it is written, so that the rule says what was tested
            cuts = sorted({float(f"{v:.3g}") for v in np.quantile(known, _QUANTILES)}) if len(known) else []
            for cut in cuts:
                for text, inside in ((f"{shown} >= {cut:g}", values >= cut), (f"{shown} < {cut:g}", values < cut)):
                    names.append(text)
                    columns.append(inside)
            continue
        for label in column[half].value_counts().index[:_LEVELS]:
            names.append(f'{shown} is "{label}"')
            columns.append(np.asarray(column == label, dtype=np.bool_))
    return names, np.column_stack(columns) if columns else np.zeros((len(X), 0), np.bool_)


def search_half(holds: Bools, y: Floats, least: int) -> list[_Segment]:
    """Return the best segments of the first half, none of them much like a better one."""
    base = float(y.mean())
    if base in (0.0, 1.0):
        return []

    def judged(conditions: tuple[int, ...], inside: Bools) -> _Segment | None:
        n = int(inside.sum())
        if not least <= n <= len(y) - least:
            return None
        rate = float(y[inside].mean())
        score = (rate - base) * np.sqrt(n * len(y) / (len(y) - n))
        return _Segment(conditions, inside, float(score), rate)

    single = sorted(filter(None, (judged((j,), holds[:, j]) for j in range(holds.shape[1]))), key=lambda s: -s.score)
    rate_of = {s.conditions: s.rate for s in single}
    first = [s for s in single if s.score > 0][:_WIDE]
    pairs = []
    for one, two in combinations(first, 2):
        found = judged(tuple(sorted(one.conditions + two.conditions)), one.inside & two.inside)
        if found is not None and found.rate > max(one.rate, two.rate):
            pairs.append(found)
            rate_of[found.conditions] = found.rate
    pairs.sort(key=lambda s: -s.score)
    triples: dict[tuple[int, ...], _Segment] = {}
    for pair in pairs[:_PAIRS]:
        for one in first:
            key = tuple(sorted({*pair.conditions, *one.conditions}))
            found = judged(key, pair.inside & one.inside) if len(key) == 3 and key not in triples else None
            if found is not None and found.rate > max(rate_of.get(part, 0.0) for part in combinations(key, 2)):
                triples[key] = found
    chosen: list[_Segment] = []
    for segment in sorted([*pairs, *triples.values()], key=lambda s: -s.score):
        if all(_overlap(segment.inside, other.inside) <= _ALIKE for other in chosen):
            chosen.append(segment)
        if len(chosen) == _TESTED:
            break
    return chosen


def _overlap(one: Bools, other: Bools) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def prove(found: list[_Segment], names: list[str], holds: Bools, y: Floats, worth: Floats | None, level: float) -> pd.DataFrame:
    """Return the segments that hold in the second half."""
    from scipy.stats import hypergeom

    money = ["money_lost", "share_of_money"] if worth is not None else []
    inside = [holds[:, list(s.conditions)].all(axis=1) for s in found]
    p = np.array([hypergeom.sf(y[rows].sum() - 1, len(y), y.sum(), rows.sum()) for rows in inside])
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))), 1.0)
    rows = []
    for k, (segment, here) in enumerate(zip(found, inside, strict=True)):
        n, left = int(here.sum()), int(y[here].sum())
        wider = [holds[:, list(part)].all(axis=1) for part in combinations(segment.conditions, len(segment.conditions) - 1)]
        if corrected[k] > level or n < _FEWEST or any(y[w].mean() >= left / n for w in wider):
            continue
        low, high = wilson([left], [n])
        text = " and ".join(sorted(names[j] for j in segment.conditions))
        row = [text, len(segment.conditions), n, left, left / n, low[0], high[0], float(y[~here].mean()), left / y.sum(), corrected[k]]
        if worth is not None:
            lost, every = float((worth * y)[here].sum()), float((worth * y).sum())
            row += [lost, lost / every if every > 0 else np.nan]
        rows.append(row)
    return pd.DataFrame(rows, columns=[*_COLUMNS, *money]).sort_values("p_value", kind="stable", ignore_index=True)
