"""Splits along time: training label windows never reach into the cutoff that is tested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from churnpredict.errors import TimeError, UsageError

__all__ = ["TemporalSplit", "customers_of", "cutoffs_of", "span_microseconds"]

_UNITS = {"h": 3_600_000_000, "d": 86_400_000_000, "w": 7 * 86_400_000_000}


def span_microseconds(span: str | pd.Timedelta | np.timedelta64 | Any) -> int:
    """Length of a span such as ``"90d"``, ``"12h"`` or ``"2w"`` in microseconds.

    >>> span_microseconds("90d") // 86_400_000_000
    90
    """
    if isinstance(span, str):
        found = re.fullmatch(r"\s*(\d{1,9})\s*([hdw])\s*", span.lower())
        if found is None:
            raise UsageError("bad-span", f"{span!r} is not a span of time", remedy='Write hours, days or weeks, like "12h", "90d" or "2w".')
        return int(found[1]) * _UNITS[found[2]]
    length = pd.Timedelta(span)
    if length < pd.Timedelta(0):
        raise UsageError("bad-span", "a span of time is negative", remedy='Write hours, days or weeks, like "90d".')
    return int(length // pd.Timedelta(microseconds=1))


def _as_microseconds(times: Any) -> np.ndarray:
    stamps = pd.DatetimeIndex(pd.to_datetime(np.asarray(times) if not isinstance(times, (pd.Series, pd.Index)) else times))
    if stamps.tz is not None:
        stamps = stamps.tz_convert("UTC").tz_localize(None)
    if stamps.hasnans:
        raise TimeError(
            "null-cutoff", "some rows have no cutoff", rows=int(np.count_nonzero(stamps.isna())), remedy="Give every row its cutoff."
        )
    return np.asarray(stamps.as_unit("us").asi8)


def cutoffs_of(X: Any, cutoff: Any = None) -> np.ndarray | None:
    """Cutoff of each row as int64 microseconds, from ``cutoff`` or the index level "cutoff"; None when there is none."""
    if cutoff is not None:
        if np.ndim(cutoff) == 0:
            return np.repeat(_as_microseconds([cutoff]), len(X))
        return _as_microseconds(cutoff)
    index = getattr(X, "index", None)
    names = getattr(index, "names", None)
    if names is not None and "cutoff" in names:
        level = list(names).index("cutoff")
        if isinstance(index, pd.MultiIndex):
            return _as_microseconds(index.levels[level])[index.codes[level]]
        return _as_microseconds(index)
    return None


def customers_of(X: Any, customers: Any = None) -> np.ndarray | None:
    """Code of the customer of each row (int64), from ``customers`` or the index level "customer_id"; None when there is none."""
    if customers is None:
        names = getattr(getattr(X, "index", None), "names", None)
        if names is None or "customer_id" not in names:
            return None
        if isinstance(X.index, pd.MultiIndex):
            return np.asarray(X.index.codes[list(names).index("customer_id")], dtype=np.int64)
        customers = X.index
    return np.asarray(pd.factorize(np.asarray(customers))[0], dtype=np.int64)


def _looks_like_time(values: Any) -> bool:
    return np.issubdtype(getattr(values, "dtype", np.asarray(values).dtype), np.datetime64) or isinstance(
        getattr(values, "dtype", None), pd.DatetimeTZDtype
    )


class TemporalSplit(BaseCrossValidator):  # type: ignore[misc]
    """Rolling test cutoffs, each trained only on rows whose outcome was known by then.

    A row with cutoff ``t`` may train for test cutoff ``c`` only if ``t + gap + horizon <= c``: its outcome window has
    closed before the moment of prediction (purging, López de Prado 2018, chapter 7).

    Parameters
    ----------
    n_splits : int
        Number of test cutoffs, the newest ones, at least ``gap + horizon`` apart where there are enough of them.
    horizon, gap : span
        The outcome window is ``[cutoff + gap, cutoff + gap + horizon)``.
    apart : bool
        Keep customers apart as well: fold ``i`` tests one part of the customers and trains on the others.
    test_size : int
        Number of consecutive cutoffs in one test block.

    Notes
    -----
    The cutoff of each row is the index level "cutoff" of ``X``, or ``cutoff=`` (metadata routing:
    ``set_split_request(cutoff=True)``), or ``groups`` when those are times. Other ``groups`` are customers.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"a": range(6)}, index=pd.Index(pd.date_range("2024-01-01", periods=6, freq="30D"), name="cutoff"))
    >>> for train, test in TemporalSplit(2, horizon="60d").split(X):
    ...     print(train, test)
    [0 1] [3]
    [0 1 2 3] [5]
    """

    def __init__(self, n_splits: int = 3, *, horizon: Any = "90d", gap: Any = "0d", apart: bool = False, test_size: int = 1) -> None:
        self.n_splits = n_splits
        self.horizon = horizon
        self.gap = gap
        self.apart = apart
        self.test_size = test_size

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"TemporalSplit({given})"

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds."""
        return self.n_splits

    def split(
        self, X: Any, y: Any = None, groups: Any = None, *, cutoff: Any = None, customers: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (training rows, test rows) as integer positions, oldest test block first.

        Raises
        ------
        TimeError
            No cutoffs (``no-cutoff``), or too few of them for ``n_splits`` blocks with a purge (``too-few-cutoffs``).
        """
        if groups is not None and _looks_like_time(groups):
            cutoff = groups if cutoff is None else cutoff
        elif groups is not None and customers is None:
            customers = groups
        times = cutoffs_of(X, cutoff)
        if times is None:
            raise TimeError("no-cutoff", "the rows carry no cutoff", remedy='Name an index level "cutoff", or pass cutoff=.')
        who = customers_of(X, customers)
        if self.apart and who is None:
            raise UsageError(
                "no-customers",
                "customers cannot be kept apart: nobody knows them",
                remedy='Name an index level "customer_id", or pass customers=.',
            )
        distinct = np.unique(times)
        purge = span_microseconds(self.gap) + span_microseconds(self.horizon)
        blocks = _test_blocks(distinct, purge, n_splits=self.n_splits, size=self.test_size)
        part = None if who is None or not self.apart else _parts(who, self.n_splits)
        for i, (first, last) in enumerate(blocks):
            train = times + purge <= first
            test = (times >= first) & (times <= last)
            if part is not None:
                train &= part != i
                test &= part == i
            yield np.flatnonzero(train), np.flatnonzero(test)


def _parts(customers: np.ndarray, n: int) -> np.ndarray:
    distinct, code = np.unique(customers, return_inverse=True)
    if len(distinct) < n:
        raise UsageError("too-few-customers", f"{len(distinct)} customers cannot be kept apart in {n} folds", remedy="Lower n_splits.")
    part = np.random.default_rng(0).permutation(len(distinct)) % n
    return np.asarray(part[code])


def _test_blocks(distinct: np.ndarray, purge: int, *, n_splits: int, size: int) -> list[tuple[int, int]]:
    """First and last cutoff of each test block, oldest first; the newest block ends at the newest cutoff."""
    starts = np.arange(len(distinct) - size + 1)
    starts = starts[distinct[starts] >= distinct[0] + purge]
    if n_splits < 1 or size < 1:
        raise UsageError("bad-split", "n_splits and test_size must be at least 1", remedy="Give whole numbers above 0.")
    chosen: list[int] = []
    for start in starts[::-1]:
        if not chosen or (distinct[start] + purge <= distinct[chosen[-1]] and start + size <= chosen[-1]):
            chosen.append(int(start))
        if len(chosen) == n_splits:
            break
    if len(chosen) < n_splits:  # too short a history to have them a whole window apart: as far apart as it allows
        usable = len(starts) // size
        if usable < n_splits:
            raise TimeError(
                "too-few-cutoffs",
                f"{len(distinct)} cutoffs leave room for {usable} test blocks after gap + horizon, {n_splits} are asked for",
                remedy="Take more snapshots, lower n_splits, or shorten the horizon.",
            )
        step = max(size, (len(starts) - 1) // max(n_splits - 1, 1))
        chosen = [int(starts[-1]) - step * i for i in range(n_splits)]
    return [(int(distinct[s]), int(distinct[s + size - 1])) for s in sorted(chosen)]
