"""Drift statistics: effect sizes against every training cutoff, with limits that account for chance.

A p-value only tells that two months differ, which they always do with many customers. Here every difference is an effect size (the
population stability index, or a ratio of odds), compared with two things: how much earlier times differ from one another at the same
distance in time, which covers season and growth, and what chance alone explains with this number of rows, over all columns at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["FLOOR", "Bins", "Change", "chance", "in_small_steps", "jump", "level_distances", "psi", "psi_distances", "unlike"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FLOOR = 0.2  # limit of the index: a considerable change by the usual convention (Siddiqi 2006)
_FACTOR = 2.0  # multiple of the usual difference
_BINS = 10
_FEW = 0.01  # share of rows below which levels are pooled
_SMOOTH = 0.5


class Change(NamedTuple):
    """Change of one figure: now, at most among earlier times, and the limit of an alarm."""

    value: float
    usual: float
    limit: float

    @property
    def alarming(self) -> bool:
        return self.value > self.limit


def psi(one: Any, two: Any) -> float:
    """Return population stability index of two vectors of counts, without what chance alone adds on average; about 0 for equal shares.

    Half a row is added to every bin, so that an empty one gives a large index and not an infinite one. Under equal shares the plain index
    is about (1/n + 1/m) times a chi-squared variable with (bins - 1) degrees of freedom (Yurdakul 2018); its mean is taken off.

    >>> round(psi([500, 500], [500, 500]), 3)
    -0.002
    >>> round(psi([900, 100], [100, 900]), 2)
    3.5
    """
    return float(psi_distances(np.array([one, two], dtype=np.float64))[0, 1])


def psi_distances(counts: Floats) -> Floats:
    """Return the index between each two rows of counts (k, bins): symmetric, zero on the diagonal, shape (k, k)."""
    held = counts[:, counts.sum(axis=0) > 0]
    if held.shape[1] < 2:
        return np.zeros((len(counts), len(counts)))
    n = held.sum(axis=1)
    share = (held + _SMOOTH) / (n + _SMOOTH * held.shape[1])[:, None]
    logs = np.log(share)
    own = (share * logs).sum(axis=1)
    cross = share @ logs.T
    index = own[:, None] + own[None, :] - cross - cross.T
    index -= (held.shape[1] - 1) * (1 / np.maximum(n, 1)[:, None] + 1 / np.maximum(n, 1)[None, :])
    np.fill_diagonal(index, 0.0)
    return np.asarray(index)


def level_distances(means: Floats) -> Floats:
    """Return the absolute difference in log-odds between each two mean risks, shape (k, k)."""
    p = np.clip(means, 1e-6, 1 - 1e-6)
    z = np.log(p / (1 - p))
    return np.asarray(np.abs(z[:, None] - z[None, :]))


def chance(bins: int, n: float, m: Any, tests: int, alarms: float = 1e-3) -> Any:
    """Return the index that chance alone exceeds in a share ``alarms`` of all months, when ``tests`` columns are checked; m may be an
    array.

    >>> bool(chance(10, 100, 100, 1) > chance(10, 10_000, 10_000, 1))
    True
    >>> bool(chance(10, 1000, 1000, 100) > chance(10, 1000, 1000, 1))
    True
    """
    from scipy.special import chdtri

    if bins < 2:
        return np.zeros_like(m, dtype=np.float64)
    return (chdtri(bins - 1, alarms / max(tests, 1)) - (bins - 1)) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1))


def unlike(distances: Floats, times: Ints, *, floor: float, extra: Any = 0.0, factor: float = _FACTOR) -> Change:
    """Return how much the last time differs from all earlier ones: the distance to the nearest of them.

    Season and growth are not drift: a December is compared with known Decembers, and steady growth continues. So the same distance is
    computed for every earlier time, from times before it at least as far back as the newest earlier time is now. The limit is twice the
    largest of these, at least the part that chance adds above it, and never below ``floor``.

    Parameters
    ----------
    distances : ndarray of shape (k, k)
        Between all times; the last row is now.
    times : ndarray of shape (k,)
        Ascending.
    floor : float
        Below this, a change is too small to matter.
    extra : float or ndarray of shape (k - 1,)
        What chance alone adds against each earlier time.

    Examples
    --------
    >>> x = np.array([0.0, 0.1, 0.0, 0.1, 0.9])
    >>> unlike(np.abs(x[:, None] - x), np.arange(5), floor=0.2).alarming
    True
    """
    last = len(times) - 1
    against = distances[last, :last]
    nearest = int(np.argmin(against - extra))
    added = float(np.broadcast_to(extra, last)[nearest])
    lag = min(int(times[last] - times[last - 1]), int(times[last - 1] - times[0]) // 2)
    apart = times[:last, None] - times[None, :last] >= max(lag, 1)
    among = np.where(apart, distances[:last, :last], np.inf).min(axis=1, initial=np.inf)
    usual = float(max(among[np.isfinite(among)].max(initial=0.0), 0.0))
    return Change(float(against[nearest]), usual, max(floor, factor * usual, usual + added))


def jump(
    counts: Any, times: Any = None, *, floor: float = float(np.log(1.5)), factor: float = 1.5, middle: int = 6, sure: float = 4.0
) -> tuple[Change, float]:
    """Return how far the last of a row of counts lies from the median of the six before it, as the logarithm of their ratio, and that
    ratio.

    The limit is 1.5 times the largest earlier jump in the same direction over the same length of time, at least four standard errors above
    it, and at least a ratio of 1.5.

    Parameters
    ----------
    counts : array (k,)
        Of equal periods.
    times : array (k,), optional
        Where the last period does not follow the one before it: their ends, in any unit.

    Examples
    --------
    >>> change, ratio = jump([100, 104, 98, 101, 97, 102, 99, 50])
    >>> round(ratio, 1), change.alarming
    (0.5, False)
    >>> jump([1000, 1040, 980, 1010, 970, 1020, 990, 500])[0].alarming
    True
    """
    c = np.asarray(counts, dtype=np.float64)
    last = len(c) - 1
    if last < 3:
        return Change(0.0, 0.0, np.inf), 1.0
    t = np.arange(len(c)) if times is None else np.asarray(times)
    lag = max(1, round((t[last] - t[last - 1]) / (t[1] - t[0])))
    middles = np.array([np.median(c[max(0, i - middle + 1) : i + 1]) for i in range(last)])
    lag_before = min(lag, last - 2)
    before = np.log((c[lag_before + 1 : last] + _SMOOTH) / (middles[1 : last - lag_before] + _SMOOTH))
    now = float(np.log((c[last] + _SMOOTH) / (middles[-1] + _SMOOTH)))
    usual = float((before * np.sign(now)).max(initial=0.0))  # growth does not explain a fall
    error = float(np.sqrt(1 / (c[last] + 1) + 1 / (middles[-1] + 1)))
    return Change(abs(now), usual, max(floor, factor * usual, usual + sure * error)), float(np.exp(now))


def in_small_steps(counts: Any, first: int, *, floor: float = float(np.log(1.5)), factor: float = 1.5, sure: float = 2.0) -> bool:
    """Return whether equal periods from position ``first`` on have changed step by step, none larger than earlier steps.

    Business grows and shrinks in steps; a table that is loaded by half, or twice, jumps. Steps of one and of two periods are checked, since
    a fault may begin within a period. The limit is as in :func:`jump`, but with two standard errors instead of four: the change itself is
    known already.

    >>> in_small_steps([100, 104, 98, 101, 92, 83, 76, 70, 62, 55, 50], 4)
    True
    >>> in_small_steps([1000, 1040, 980, 1010, 1000, 990, 1005, 500, 510, 490, 500], 4)
    False
    """
    c = np.asarray(counts, dtype=np.float64) + _SMOOTH
    for lag in (1, 2):
        steps = np.log(c[lag:] / c[:-lag])  # step i ends at place i + lag
        before = steps[: max(first - lag, 0)]
        for i in range(max(first - lag, 0), len(steps)):
            usual = float((before * np.sign(steps[i])).max(initial=0.0))
            error = float(np.sqrt(1 / c[i + lag] + 1 / c[i]))
            if abs(steps[i]) > max(floor, factor * usual, usual + sure * error):
                return False
    return True


class Bins:
    """The bins of one column, learnt from its reference: tenths of the numbers, levels of the categories, a bin for the missing.

    Where many rows share a value, tenths collapse and the value gets its own bin. Levels with fewer than one row in a hundred are pooled.
    The last bin is for values not in the reference; for numbers it does not exist.
    """

    def __init__(self, reference: pd.Series) -> None:
        self.edges: Floats | None = None
        self.levels: dict[Any, int] = {}
        self.known: frozenset[Any] = frozenset()
        if _is_label(reference):
            counts = reference.value_counts(sort=False)
            counts = counts[counts > 0]
            self.known = frozenset(counts.index)
            frequent = sorted((v for v, n in counts.items() if n >= _FEW * len(reference)), key=str)
            self.levels = {level: j for j, level in enumerate(frequent)}
            self.n = len(frequent) + 3  # rare, missing, never seen
            return
        values = reference.to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
        edges = np.unique(np.quantile(values, np.arange(1, _BINS) / _BINS, method="lower")) if len(values) else np.empty(0)
        if len(edges) == 1:
            edges = np.array([np.nextafter(edges[0], -np.inf), edges[0]])
        self.edges = edges
        self.n = len(edges) + 2  # above the last edge, missing

    def place(self, values: pd.Series) -> Ints:
        """Return the bin of each value, shape (n,)."""
        if self.edges is None:
            coded = values.astype("category").cat
            bins = [self.levels.get(v, self.n - 3 if v in self.known else self.n - 1) for v in coded.categories]
            return np.asarray(np.append(bins, self.n - 2)[coded.codes.to_numpy()], dtype=np.int64)  # code -1: missing
        numbers = values.to_numpy(dtype=np.float64)
        place = np.searchsorted(self.edges, numbers, side="left")
        return np.asarray(np.where(np.isnan(numbers), self.n - 1, place), dtype=np.int64)

    def count(self, values: pd.Series, groups: Ints, n_groups: int) -> Floats:
        """Return rows per group and bin, shape (n_groups, bins)."""
        flat = np.bincount(groups * self.n + self.place(values), minlength=n_groups * self.n)
        return np.asarray(flat.reshape(n_groups, self.n), dtype=np.float64)

    @property
    def missing(self) -> int:
        """The bin of the missing."""
        return self.n - 1 if self.edges is not None else self.n - 2


def _is_label(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)
