"""Splits by time with a purge between training labels and test cutoffs."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from churnpredict.argument_checks import check_flag
from churnpredict.clock import DAY, days_between
from churnpredict.errors import TimeError, UsageError, kind_of
from churnpredict.moments import moment, moment_column
from churnpredict.number_checks import is_whole_number
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column, Matrix
from churnpredict.spans import Span, SpanLike, span

__all__ = ["TemporalSplit", "Window", "customers_of", "cutoffs_of", "zone_of"]


@dataclass(frozen=True)
class Window:
    """An outcome window, [cutoff + gap, cutoff + gap + horizon), by the wall clock of a time zone.

    Attributes
    ----------
    horizon, gap : Span
    timezone : str
        Time zone of the cutoffs; naive ones are wall times, with 24 hours every day.
    """

    horizon: Span
    gap: Span = field(default_factory=Span)
    timezone: str = "UTC"

    @classmethod
    def of(cls, horizon: Any, gap: Any = None, timezone: str = "UTC") -> Window:
        """Return the window from two spans as users write them."""
        return cls(span(horizon, "horizon"), Span() if gap is None else span(gap, "gap", zero=True), timezone)

    @property
    def nominal(self) -> int:
        """The usual time from a cutoff to the end of its window, in microseconds."""
        return self.gap.nominal + self.horizon.nominal

    def closes(self, times: np.ndarray) -> np.ndarray:
        """Return the end of the window of each cutoff, in microseconds, shape (n,)."""
        return np.asarray(self.horizon.after(self.gap.after(times, self.timezone), self.timezone))

    def days(self, times: np.ndarray | None) -> np.ndarray | float:
        """Return calendar days from each cutoff to the end of its window; the most there can be where no cutoffs are known."""
        if times is not None:
            return days_between(times, self.closes(times), self.timezone)
        return self.nominal / DAY + (3 if self.gap.months or self.horizon.months else 0)


def zone_of(X: Any, cutoff: Any = None) -> str:
    """Return the time zone in which the cutoffs of X are given; UTC for naive ones, which are wall times already."""
    index = getattr(X, "index", None)
    names = list(getattr(index, "names", None) or [])
    given = cutoff if cutoff is not None else index.get_level_values("cutoff") if "cutoff" in names else None  # type: ignore[union-attr]
    zone = getattr(given, "tzinfo", None) or getattr(getattr(given, "dtype", None), "tz", None)
    name = str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
    return name if zone is not None and name in zoneinfo.available_timezones() else "UTC"  # listing them takes as long as a small tree


def cutoffs_of(X: Any, cutoff: Any = None) -> np.ndarray | None:
    """Return the cutoff of each row as int64 microseconds UTC, from ``cutoff`` or the index level "cutoff"; None when there is none.

    Raises
    ------
    TimeError
        ``bad-time`` for numbers, periods and text that is not ISO 8601; ``null-cutoff``, ``mixed-zones``.
    """
    if cutoff is not None:
        if np.ndim(cutoff) == 0:
            return np.repeat(np.int64(moment(cutoff, "cutoff")), len(X))
        return moment_column(cutoff)
    index = getattr(X, "index", None)
    names = getattr(index, "names", None)
    if names is not None and "cutoff" in names:
        level = list(names).index("cutoff")
        if isinstance(index, pd.MultiIndex):
            return moment_column(index.levels[level])[_known(index.codes[level])]
        return moment_column(index)
    return None


def _known(codes: Any) -> np.ndarray:
    missing = int(np.count_nonzero(np.asarray(codes) < 0))
    if missing:
        remedy = "Give every row its cutoff, or drop these rows."
        raise TimeError("null-cutoff", "rows without a cutoff", column="cutoff", rows=missing, total=len(codes), remedy=remedy)
    return np.asarray(codes)


def customers_of(X: Any, customers: Any = None) -> np.ndarray | None:
    """Return the code of the customer of each row (int64), from ``customers`` or the index level "customer_id"; None when there is none."""
    if customers is None:
        names = getattr(getattr(X, "index", None), "names", None)
        if names is None or "customer_id" not in names:
            return None
        if isinstance(X.index, pd.MultiIndex):
            return np.asarray(X.index.codes[list(names).index("customer_id")], dtype=np.int64)
        customers = X.index
    if np.ndim(customers) != 1:
        raise UsageError("bad-argument", f"customers is {kind_of(customers)}", remedy="Give one customer per row.")
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
        Such as ``"90d"`` or ``"3 months"``: the outcome window is ``[cutoff + gap, cutoff + gap + horizon)``, by the wall clock of the
        cutoffs. A number without a unit is refused. Without ``horizon`` it is unknown how far labels reach, and splitting by time is
        refused (``no-horizon``).
    apart : bool
        Split by customer as well: fold ``i`` tests one part of the customers and trains on the others.
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

    def __init__(
        self, n_splits: int = 3, *, horizon: SpanLike | None = None, gap: SpanLike = "0d", apart: bool = False, test_size: int = 1
    ) -> None:
        self.n_splits = n_splits
        self.horizon = horizon
        self.gap = gap
        self.apart = apart
        self.test_size = test_size

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"TemporalSplit({given})"

    def get_n_splits(self, X: Matrix | None = None, y: Column | None = None, groups: Column | None = None) -> int:
        """Return the number of folds. ``X``, ``y`` and ``groups`` are there for scikit-learn, and are not used."""
        return self.n_splits

    def split(
        self,
        X: Matrix,
        y: Column | None = None,
        groups: Column | None = None,
        *,
        cutoff: Column | None = None,
        customers: Column | None = None,
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (training rows, test rows) as integer positions, oldest test block first.

        Parameters
        ----------
        X : frame or array (n, n_features)
            Only its index is read.
        y : optional
            Not used; it is there for scikit-learn.
        groups : array (n,), optional
            Cutoffs, if they are times; else customers.
        cutoff, customers : array (n,), optional
            The cutoff and the customer of each row, instead of the index levels "cutoff" and "customer_id".

        Raises
        ------
        TimeError
            No cutoffs (``no-cutoff``), or too few of them for ``n_splits`` blocks with a purge (``too-few-cutoffs``).
        UsageError
            ``no-horizon``, ``no-customers``.
        """
        apart = check_flag(self.apart, "apart")
        if self.horizon is None:
            remedy = 'Pass the horizon of the labels: TemporalSplit(horizon="90d").'
            raise UsageError("no-horizon", "nothing says how far the labels reach beyond their cutoffs", remedy=remedy)
        if groups is not None and _looks_like_time(groups):
            cutoff = groups if cutoff is None else cutoff
        elif groups is not None and customers is None:
            customers = groups
        cutoff, customers = in_row_order(cutoff, X, "cutoff"), in_row_order(customers, X, "customers")
        times = cutoffs_of(X, cutoff)
        if times is None:
            raise TimeError("no-cutoff", "the rows carry no cutoff", remedy='Name an index level "cutoff", or pass cutoff=.')
        who = customers_of(X, customers)
        if apart and who is None:
            raise UsageError(
                "no-customers",
                "folds cannot be split by customer: the rows do not name customers",
                remedy='Name an index level "customer_id", or pass customers=.',
            )
        distinct = np.unique(times)
        window = Window.of(self.horizon, self.gap, zone_of(X, cutoff))
        blocks = _test_blocks(distinct, window.closes(distinct), n_splits=self.n_splits, size=self.test_size)
        closes = window.closes(times)
        part = None if who is None or not apart else _parts(who, self.n_splits)
        for i, (first, last) in enumerate(blocks):
            train = closes <= first
            test = (times >= first) & (times <= last)
            if part is not None:
                train &= part != i
                test &= part == i
            yield np.flatnonzero(train), np.flatnonzero(test)


def _parts(customers: np.ndarray, n: int) -> np.ndarray:
    distinct, code = np.unique(customers, return_inverse=True)
    if len(distinct) < n:
        raise UsageError("too-few-customers", f"{len(distinct)} customers are too few for {n} folds", remedy="Lower n_splits.")
    part = np.random.default_rng(0).permutation(len(distinct)) % n
    return np.asarray(part[code])


def _test_blocks(distinct: np.ndarray, closes: np.ndarray, *, n_splits: int, size: int) -> list[tuple[int, int]]:
    """Return first and last cutoff of each test block, oldest first; the newest block ends at the newest cutoff."""
    if not all(is_whole_number(number) and number >= 1 for number in (n_splits, size)):
        raise UsageError("bad-split", "n_splits and test_size are not whole numbers of at least 1", remedy="Give whole numbers above 0.")
    n_splits, size = int(n_splits), int(size)
    starts = np.arange(max(len(distinct) - size + 1, 0))
    starts = starts[distinct[starts] >= closes[0]]
    chosen: list[int] = []
    for start in starts[::-1]:
        if not chosen or (closes[start] <= distinct[chosen[-1]] and start + size <= chosen[-1]):
            chosen.append(int(start))
        if len(chosen) == n_splits:
            break
    if len(chosen) < n_splits:  # the history is too short to space them a whole window apart: as far as possible
        usable = len(starts) // size
        if usable < n_splits:
            raise TimeError(
                "too-few-cutoffs",
                f"{len(distinct)} cutoffs leave room for {usable} test blocks after gap + horizon, n_splits is {n_splits}",
                remedy="Take more snapshots, lower n_splits, or shorten the horizon.",
            )
        step = max(size, (len(starts) - 1) // max(n_splits - 1, 1))
        chosen = [int(starts[-1]) - step * i for i in range(n_splits)]
    return [(int(distinct[s]), int(distinct[s + size - 1])) for s in sorted(chosen)]
