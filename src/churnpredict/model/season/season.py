"""Season: what the clock adds to each customer's log-odds, and how it is learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY
from churnpredict.model.purchases import PurchaseModel, fit_to_outcomes, silence_margin, triple_values
from churnpredict.model.season.clock import Clock, estimate_clock
from churnpredict.model.season.decomposition import YEAR
from churnpredict.model.season.named_spans import NamedSpan
from churnpredict.model.season.segments import SegmentClocks, clock_of_segment
from churnpredict.model.season.share import Trial, choose_share
from churnpredict.model.season.week_counts import WeekCounts

__all__ = ["COLUMN", "FEWEST_PEOPLE", "Learnt", "Season", "SeasonRows", "clock_of", "learn_season"]

COLUMN = "calendar__expected_activity"
"""The column of the offset: beside the features, named as they are."""

FEWEST_PEOPLE = 200  # customers with inner events, below which there is no clock
_YEAR = 365  # days of history, below which part of the year was never seen
_SHORT, _WEEKS = 14, 8  # days of a window up to which days of the week matter by themselves; fewest weeks of events for them
_CLIP = 2.0  # log-odds: beyond it the calendar would overrule everything known of a customer
_FEW, _SLIGHT = 50, 0.05  # rows of a trial; a share below which the season is left out
_ROWS = 1_000  # for four parameters; more rows move a trial less than another month does
_OLDER, _BLOCK = 0.5, 1 / 3  # weights of trials: windows half a horizon apart overlap, blocks of validation more so

Floats = npt.NDArray[np.float64]
Fold = tuple[np.ndarray, np.ndarray]


class SeasonRows(NamedTuple):
    """What the clock needs of snapshots; times are days since 1970 by the wall clock.

    Attributes
    ----------
    x, t_x, T : (n,) float
        Repeat days, days from the first to the last, days since the first: see :func:`churnpredict.model.purchases.triple_values`.
    known : (n,) bool
    cutoffs, starts, ends : (n,) float
        Each row's cutoff, and its outcome window.
    segments : (n,) int, optional
        Code of each customer's segment, -1 for none.
    """

    x: Floats
    t_x: Floats
    T: Floats
    known: npt.NDArray[np.bool_]
    cutoffs: Floats
    starts: Floats
    ends: Floats
    segments: npt.NDArray[np.int64] | None = None

    def take(self, rows: Any) -> SeasonRows:
        """Return some of the rows."""
        return SeasonRows(*(None if values is None else values[rows] for values in self))  # type: ignore[arg-type]

    @classmethod
    def of(cls, columns: Sequence[np.ndarray], cutoffs: Floats, starts: Floats, ends: Floats) -> SeasonRows:
        """Make them from the three columns of a table of recurring events and, for segments, that of their codes, and from their times in
        days since 1970 by the wall clock.
        """
        codes = [np.where(np.isnan(column), -1, column).astype(np.int64) for column in columns[3:]]
        return cls(*triple_values(*columns[:3]), cutoffs, starts, ends, *codes)


class _Pair(NamedTuple):
    """MBG/NBD in calendar time and in operational time, of the same rows."""

    plain: PurchaseModel
    warped: PurchaseModel


def _warp(rows: SeasonRows, clock: SegmentClocks) -> tuple[Floats, Floats, Floats, Floats]:
    """Return ``(t_x, T, horizon, gap)`` in operational time."""
    moments = rows.cutoffs, rows.starts, rows.cutoffs - rows.T, rows.cutoffs - (rows.T - rows.t_x), rows.ends
    now, opens, first, last, closes = (clock.at(days, rows.segments) for days in moments)
    T = np.maximum(now - first, 0.0)
    return np.clip(last - first, 0.0, T), T, np.maximum(closes - opens, 1e-3), np.maximum(opens - now, 0.0)


def _fit(rows: SeasonRows, y: Floats, w: Floats, clock: SegmentClocks, *, near: _Pair | None = None) -> _Pair:
    """Fit both; ``near`` are those of an earlier day, from which the search starts."""
    known = np.flatnonzero(rows.known)
    if len(known) > _ROWS:
        known = known[np.linspace(0, len(known) - 1, _ROWS).astype(np.int64)]
    rows, y, w = rows.take(known), y[known], w[known]
    horizon, gap = rows.ends - rows.starts, rows.starts - rows.cutoffs
    plain = fit_to_outcomes(rows.x, rows.t_x, rows.T, y, w, horizon=horizon, gap=gap, near=near and near.plain)
    t_x, T, h, g = _warp(rows, clock)
    return _Pair(plain, fit_to_outcomes(rows.x, t_x, T, y, w, horizon=h, gap=g, near=near.warped if near else plain))


def _margins(rows: SeasonRows, pair: _Pair, clock: SegmentClocks) -> tuple[Floats, Floats]:
    """Return log-odds of silence in calendar time (n,), and what operational time adds; 0 where nothing is known."""
    plain = silence_margin(pair.plain, rows.x, rows.t_x, rows.T, window=(rows.ends - rows.starts, rows.starts - rows.cutoffs))
    t_x, T, h, g = _warp(rows, clock)
    warped = silence_margin(pair.warped, rows.x, t_x, T, window=(h, g))
    return plain, np.where(rows.known, np.clip(warped - plain, -_CLIP, _CLIP), 0.0)


@dataclass(frozen=True, eq=False)
class Season:
    """The clock, MBG/NBD in both times, and the share of their difference that is used.

    Attributes
    ----------
    clock : Clock
        Of everybody whose segment has no other one.
    plain, warped : PurchaseModel
        In calendar time and in operational time.
    share : float
        Of the difference, in [0, 1]; what is only declared is used whole.
    learnt_rate : float
        Mean intensity of the outcome windows that the model has learnt from.
    columns : tuple of str
        The columns of the recurring event: active days, days since the last and since the first; and that of the segments, where they
        have clocks.
    own : dict of int to Clock
        Clocks of segments, by the code of their value.
    """

    clock: Clock
    plain: PurchaseModel
    warped: PurchaseModel
    share: float
    learnt_rate: float
    columns: tuple[str, ...] = ("", "", "")
    own: dict[int, Clock] = field(default_factory=dict)
    column: ClassVar[str] = COLUMN

    @property
    def clocks(self) -> SegmentClocks:
        """The clock of each customer."""
        return SegmentClocks(self.clock, self.own)

    def offsets(self, rows: SeasonRows) -> Floats:
        """Return what the calendar adds to each row's log-odds of leaving, shape (n,)."""
        return self.share * _margins(rows, _Pair(self.plain, self.warped), self.clocks)[1]

    def activity_ratio(self, starts: Floats, ends: Floats, segments: npt.NDArray[np.int64] | None = None) -> Floats:
        """Return how busy the days from ``starts`` to ``ends`` are expected to be, against those learnt from, shape (n,)."""
        return self.clocks.mean_rate(starts, ends, segments) / self.learnt_rate


class Learnt(NamedTuple):
    """A season, the offsets of the training rows (n,), and those of each fold's training and validation rows."""

    season: Season
    offset: Floats
    by_fold: list[tuple[Floats, Floats]]


def learn_season(
    rows: SeasonRows,
    y: Floats,
    w: Floats,
    counts: Sequence[WeekCounts],
    *,
    folds: Sequence[Fold],
    seasonless: Callable[[Fold], Floats],
    spans: Sequence[NamedSpan] = (),
    codes: Mapping[str, int] | None = None,
) -> Learnt | str:
    """Learn the season from training rows and weekly counts; where there is no evidence for one, why.

    Parameters
    ----------
    rows : SeasonRows
    y, w : (n,) float
        Labels and weights.
    counts : list of WeekCounts
        Before each of several moments; the last ones are those before the end of training. At an earlier cutoff only the clock of that
        moment, or of one before it, is used.
    folds : list of (training rows, validation rows)
        Of the validation of the blend.
    seasonless : callable
        Log-odds of the validation rows of a fold by a quick model that knows no clock.
    spans : list of NamedSpan
        Declared days.
    codes : dict of str to int
        The code in ``rows`` of the value of each segment that has counts of its own.
    """
    apart = [c for c in counts if c.segment is not None]
    counts = sorted((c for c in counts if c.segment is None), key=lambda c: c.moment)
    if not counts or not rows.known.any():
        return "no recurring event is known"
    clocks = Clocks(counts, spans, float(np.median(rows.ends - rows.starts)), apart, codes or {})
    now = clocks.before(counts[-1].moment / DAY)
    found = _why_no_clock(counts[-1]) if now is None else _with_share(rows, y, w, now, clocks, folds, seasonless)
    declared = _declared(rows, y, w, counts, folds, spans) if spans and isinstance(found, str) else None
    return found if declared is None else declared


def _why_no_clock(counts: WeekCounts) -> str:
    if counts.days < _YEAR:
        return "less than a year of events"
    if counts.people < FEWEST_PEOPLE:
        return f"fewer than {FEWEST_PEOPLE} customers with repeated events"
    return "too few weeks"


class Clocks:
    """The clock of each moment, made when it is first asked for; None before enough history, or of too few customers."""

    def __init__(
        self,
        counts: Sequence[WeekCounts],
        spans: Sequence[NamedSpan],
        horizon: float,
        apart: Sequence[WeekCounts] = (),
        codes: Mapping[str, int] | None = None,
    ) -> None:
        self.counts, self.spans, self.horizon, self.apart, self.codes = counts, spans, horizon, apart, codes or {}
        self.made: dict[int, SegmentClocks | None] = {}

    def before(self, day: float) -> SegmentClocks | None:
        """Return the latest clock that knows nothing at or after a day."""
        known = [i for i, c in enumerate(self.counts) if c.moment <= day * DAY]
        if not known:
            return None
        i = known[-1]
        if i not in self.made:
            self.made[i] = self._make(self.counts[i])
        return self.made[i]

    def _make(self, counts: WeekCounts) -> SegmentClocks | None:
        pooled = clock_of(counts, self.spans, horizon=self.horizon)
        if pooled is None:
            return None
        own: dict[int, Clock] = {}
        for part in self.apart if pooled.knows_the_year else ():
            code = self.codes.get(part.segment[1]) if part.segment and part.moment == counts.moment else None
            if code is not None and part.people >= FEWEST_PEOPLE and (clock := clock_of_segment(pooled, part)) is not None:
                own[code] = clock
        return SegmentClocks(pooled, own)


def clock_of(counts: WeekCounts, spans: Sequence[NamedSpan] = (), *, horizon: float = YEAR) -> Clock | None:
    """Return the clock of counts; None before a year of history, or of too few customers.

    For a ``horizon`` of up to 14 days, eight weeks are enough for a clock of the days of the week.
    """
    if counts.people < FEWEST_PEOPLE:
        return None
    if counts.days >= _YEAR:
        return estimate_clock(counts, spans)
    return estimate_clock(counts, spans, year=False) if horizon <= _SHORT and counts.days >= 7 * _WEEKS else None


def _learnable(y: Floats) -> bool:
    return len(y) >= _FEW and min(y.sum(), (1 - y).sum()) >= 10


def _with_share(
    rows: SeasonRows, y: Floats, w: Floats, now: SegmentClocks, clocks: Clocks, folds: Sequence[Fold], seasonless: Callable[[Fold], Floats]
) -> Learnt | str:
    trials: list[Trial] = []
    pair: _Pair | None = None
    for counts in clocks.counts[:-1]:  # (i) older cutoffs, each with the clock and the models of its day
        day = counts.moment / DAY
        here, before = np.flatnonzero(rows.cutoffs == day), np.flatnonzero(rows.ends <= day)
        if not (_learnable(y[here]) and _learnable(y[before])):
            continue
        clock = clocks.before(day)
        if clock is None:
            continue
        pair = _fit(rows.take(before), y[before], w[before], clock, near=pair)
        test = rows.take(here[rows.known[here]])
        trials.append(Trial(*_margins(test, pair, clock), y[here[rows.known[here]]], _OLDER))
    by_fold: list[tuple[Floats, Floats]] = []
    for fold in folds:  # (ii) the blocks that validate the blend
        before, valid = fold
        clock = clocks.before(float(rows.cutoffs[valid].min()))
        if clock is None:
            by_fold.append((np.zeros(len(before)), np.zeros(len(valid))))
            continue
        pair = _fit(rows.take(before), y[before], w[before], clock, near=pair)
        by_fold.append((_margins(rows.take(before), pair, clock)[1], _margins(rows.take(valid), pair, clock)[1]))
        trials.append(Trial(seasonless(fold), by_fold[-1][1], y[valid], _BLOCK))
    share = choose_share(trials)
    if share < _SLIGHT:
        return "earlier cutoffs do not bear a season out" if trials else "no earlier cutoff can tell whether it helps"
    return _assembled(rows, y, w, now, share, [(share * a, share * b) for a, b in by_fold], near=pair)


def _assembled(
    rows: SeasonRows,
    y: Floats,
    w: Floats,
    clock: SegmentClocks,
    share: float,
    by_fold: list[tuple[Floats, Floats]],
    near: _Pair | None = None,
) -> Learnt:
    pair = _fit(rows, y, w, clock, near=near)
    rate = float(np.average(clock.mean_rate(rows.starts, rows.ends, rows.segments), weights=w))
    season = Season(clock.pooled, pair.plain, pair.warped, share, max(rate, 1e-6), own=clock.own)
    return Learnt(season, season.offsets(rows), by_fold)


def _declared(
    rows: SeasonRows, y: Floats, w: Floats, counts: Sequence[WeekCounts], folds: Sequence[Fold], spans: Sequence[NamedSpan]
) -> Learnt | None:
    """Use what was declared, whether or not the past shows a season."""
    declared = estimate_clock(counts[-1], spans, year=False, week=False)
    if declared is None:
        return None
    clock = SegmentClocks(declared)
    by_fold = []
    for before, valid in folds:
        pair = _fit(rows.take(before), y[before], w[before], clock)
        by_fold.append((_margins(rows.take(before), pair, clock)[1], _margins(rows.take(valid), pair, clock)[1]))
    return _assembled(rows, y, w, clock, 1.0, by_fold)
