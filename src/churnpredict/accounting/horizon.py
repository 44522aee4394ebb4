"""Propose a horizon from the share of quiet customers who come back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import DataError, UsageError
from churnpredict.events.expected import check_tables, one_log
from churnpredict.events.streams import Stream, local_days
from churnpredict.events.tables import EventTables
from churnpredict.events.visits import visits
from churnpredict.figures import percent
from churnpredict.number_checks import check_share, check_whole_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ReturnCurve", "SuggestedHorizon", "return_curve", "suggest_horizon"]

Ints = npt.NDArray[np.int64]
_FEWEST = 20  # minimum number of silences behind a share
_Z = 1.959963984540054
_ROUNDING = 1e-9  # a share that is exactly the one asked for may come out a few bits above it


@dataclass(frozen=True, repr=False)
class ReturnCurve:
    """How many quiet customers come back, from the gaps between active days; silences that are still running are censored.

    Attributes
    ----------
    frame : DataFrame
        Index ``days`` of silence, 0 to the longest that at least 20 silences have reached. Columns: ``quiet`` (silences that reached
        it and were watched so long), ``returned`` (share of all silences that ended by then, Kaplan-Meier), ``comes_back`` (share of
        customers silent for this long who still come back), ``low`` and ``high`` (95 %, Greenwood).
    table : str
    span : int
        Observed days.
    longest_gaps : ndarray of shape (n,), int64
        Of each customer who ever came back, the longest silence, in days.
    """

    frame: pd.DataFrame
    table: str
    span: int
    longest_gaps: Ints

    def comes_back(self, days: int) -> float:
        """Return the share of customers silent for this many days who still come back.

        Raises
        ------
        UsageError
            ``too-long-silence``.
        """
        days = check_whole_number(days, "days")
        if days > self.frame.index[-1]:
            raise UsageError(
                "too-long-silence",
                f"too few silences have lasted {days} days",
                table=self.table,
                remedy=f"Ask for 0 to {self.frame.index[-1]} days.",
            )
        return float(self.frame["comes_back"].loc[days])

    def plot(self, horizon: str | None = None, **options: object) -> Figure:
        """Draw the share of quiet customers who still come back, by days of silence, with a horizon marked.

        Parameters
        ----------
        horizon : str, optional
            Such as ``"90d"``.
        **options
            ``theme``: "light" or "dark".

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        MissingExtraError
            ``missing-extra``.
        """
        from churnpredict.accounting.pictures import plot_return

        return plot_return(self, horizon, **options)

    def __repr__(self) -> str:
        days = [d for d in (7, 14, 30, 60, 90, 180, 365) if d <= self.frame.index[-1]]
        told = ", ".join(f"{d} d {percent(self.comes_back(d))}" for d in days)
        return (
            f'ReturnCurve of "{self.table}", {int(self.frame["quiet"].iloc[0]):,} silences; share who come back after a silence of: {told}'
        )


@dataclass(frozen=True, repr=False)
class SuggestedHorizon:
    """A proposed horizon, with the evidence.

    Attributes
    ----------
    horizon : str
        The span to give to :class:`~churnpredict.Inactivity`, such as ``"43d"``.
    days : int
    comes_back : float
        Share of customers silent for this long who still come back.
    final : bool
        Whether that share is at most ``returning``; if not, no silence in these data is long enough.
    curve : ReturnCurve
    """

    horizon: str
    days: int
    comes_back: float
    final: bool
    curve: ReturnCurve

    def __repr__(self) -> str:
        of = f'"{self.curve.table}"'
        if self.final:
            return f"{self.horizon}: of customers without {of} for {self.days} days, {percent(self.comes_back)} still come back."
        return (
            f"{self.horizon}: no silence in {of} is final; of customers quiet for {self.days} days "
            f"{percent(self.comes_back)} still come back; "
            f"nine of ten who came back were never quiet for longer, or it is a third of the {self.curve.span} days observed."
        )

    def plot(self, **options: object) -> Figure:
        """Return the return curve with the proposed horizon marked."""
        return self.curve.plot(self.horizon, **options)


def return_curve(tables: EventTables, of: str | None = None, *, kinds: Sequence[str] = ()) -> ReturnCurve:
    """Return the share of quiet customers who come back after n days of silence.

    A silence runs from one active day to the next. The last of each customer is still running when the data end, so it is censored, and
    shares are Kaplan-Meier estimates: S(n) is the probability that a silence lasts longer than n days, and of customers silent for n days
    the share 1 - S(end) / S(n) comes back, where "end" is the longest silence that at least 20 have reached.

    Parameters
    ----------
    tables : EventTables
    of : str, optional
        Table whose events count; the only table of events by default.
    kinds : list of str
        Kinds of events that count as activity, as for :class:`~churnpredict.Inactivity`.

    Returns
    -------
    ReturnCurve

    Raises
    ------
    DataError
        ``too-few-silences``: fewer than 20.

    Notes
    -----
    Source: E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations, JASA 53 (1958), 457-481.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(300, random_state=2)
    >>> curve = cp.accounting.return_curve(shop.tables, of="orders")
    >>> curve.comes_back(7) > curve.comes_back(60)
    True
    """
    check_tables(tables, "return_curve(tables)")
    name = one_log(tables, of, "of={}")
    stream = visits(tables, name, kinds)
    end = int(local_days(np.array([tables.observed_until(name)]), tables.timezone)[0])
    ended, running, longest = _silences(stream, end)
    if len(ended) + len(running) < _FEWEST:
        raise DataError(
            "too-few-silences",
            "too few silences to estimate how many customers come back",
            table=name,
            rows=len(ended) + len(running),
            remedy="Choose the horizon from knowledge of the business.",
        )
    length = int(max(ended.max(initial=0), running.max(initial=0))) + 1
    ends, stops = np.bincount(ended, minlength=length), np.bincount(running, minlength=length)
    quiet = (ends + stops)[::-1].cumsum()[::-1]  # silences that reached day d: ended on it or later, or were watched through it
    last = max(int(np.flatnonzero(quiet >= _FEWEST)[-1]), 1) if (quiet >= _FEWEST).any() else 1
    quiet, ends = quiet[: last + 1], ends[: last + 1]
    lasting = np.cumprod(1 - ends / quiet)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(ends / (quiet * (quiet - ends)))
        ratio = np.where(lasting > 0, lasting[-1] / lasting, 0.0)
        error = _Z * np.sqrt(np.maximum(greenwood[-1] - greenwood, 0))
        low, high = 1 - np.minimum(ratio * np.exp(error), 1), 1 - ratio * np.exp(-error)
    frame = pd.DataFrame(
        {"quiet": quiet, "returned": 1 - lasting, "comes_back": 1 - ratio, "low": np.nan_to_num(low), "high": np.nan_to_num(high, nan=1.0)},
        index=pd.RangeIndex(last + 1, name="days"),
    )
    first = int(local_days(np.array([tables.first_event(name)]), tables.timezone)[0])
    return ReturnCurve(frame, name, end - first, longest)


def suggest_horizon(tables: EventTables, of: str | None = None, *, returning: float = 0.1, kinds: Sequence[str] = ()) -> SuggestedHorizon:
    """Propose how long a silence must last to mean leaving.

    The horizon is the shortest silence after which at most ``returning`` of the customers still come back. Where no silence up to a third
    of the observed time is as final as that (a training window, an outcome window and a test window must fit), it is the silence that nine
    of ten customers who ever came back did not exceed, at most that third.

    Parameters
    ----------
    tables : EventTables
    of : str, optional
        Table whose events count; the only table of events by default.
    returning : float
        The share of quiet customers who may still come back, between 0 and 1.
    kinds : list of str
        Kinds of events that count as activity, as for :class:`~churnpredict.Inactivity`.

    Returns
    -------
    SuggestedHorizon
        Prints as a sentence; ``.horizon`` is the span, ``.plot()`` draws the curve.

    Raises
    ------
    UsageError
        ``bad-argument``, ``which-table``.
    DataError
        ``too-few-silences``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(300, random_state=2)
    >>> proposed = cp.accounting.suggest_horizon(shop.tables, of="orders")
    >>> churn = cp.Inactivity(proposed.horizon, of="orders")
    """
    check_share(returning, "returning", open_=True)
    check_tables(tables, "suggest_horizon(tables)")
    returning, curve = float(returning), return_curve(tables, of, kinds=kinds)
    share = curve.frame["comes_back"].to_numpy()
    most = max(min(curve.span // 3, len(share) - 1), 1)
    # the curve ends at 0 by definition: a share needs at least half of the curve behind its silence
    trusted = share[1 : min(most, max((len(share) - 1) // 2, 1)) + 1]
    low_enough = np.flatnonzero(trusted <= returning + _ROUNDING)
    if len(low_enough):
        days = int(low_enough[0]) + 1
    else:
        usual = math.ceil(np.quantile(curve.longest_gaps, 0.9)) if len(curve.longest_gaps) else most
        days = max(min(usual, most), 1)
    return SuggestedHorizon(f"{days}d", days, float(share[days]), bool(share[days] <= returning + _ROUNDING and len(low_enough)), curve)


def _silences(stream: Stream, end: int) -> tuple[Ints, Ints, Ints]:
    """Return days of the silences that ended, of those still running on the day ``end``, and the longest ended one of each customer."""
    starts, days, _ = stream.active_days
    ended, running, longest = gaps(starts, days.astype(np.int64), end)
    return ended, running, longest


@nb.njit(cache=True, nogil=True)
def gaps(starts, days, end):  # type: ignore[no-untyped-def]
    ended = np.empty(days.size, np.int64)
    running = np.empty(starts.size, np.int64)
    longest = np.empty(starts.size, np.int64)
    n, m, k = 0, 0, 0
    for c in range(starts.size - 1):
        greatest = 0
        for i in range(starts[c], starts[c + 1] - 1):
            ended[n] = days[i + 1] - days[i]
            greatest = max(greatest, ended[n])
            n += 1
        if starts[c + 1] > starts[c]:
            running[m] = max(end - 1 - days[starts[c + 1] - 1], 0)  # the day ``end`` itself is not observed any more
            m += 1
        if greatest:
            longest[k] = greatest
            k += 1
    return ended[:n], running[:m], longest[:k]
