"""LeavingSeason: when in the year customers leave, for cancellations and contracts, and what that adds to their log-odds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY
from churnpredict.model.season.clock import AHEAD, Clock
from churnpredict.model.season.decomposition import Effect, decompose
from churnpredict.model.season.intensity import Intensity
from churnpredict.model.season.leaving_counts import PERIOD, LeavingCounts
from churnpredict.model.season.named_spans import NamedSpan, days_inside, share_of_effect
from churnpredict.model.season.share import Trial, choose_share

__all__ = ["LEAVING", "LearntLeaving", "LeavingSeason", "Windows", "learn_leaving", "leaving_clock", "leaving_intensity"]

LEAVING = "calendar__expected_leaving"
"""The column of the offset: beside the features, named as they are."""

_FEWEST_PERIODS = 14  # just over a year: else part of it was never seen
_FEWEST_LEAVERS = 200
_FLAT = 0.03  # deviation of the usual year in log hazard, below which there is nothing to use
_CLIP = 2.0  # log-odds: beyond it the calendar would overrule everything known of a customer
_FEW, _SLIGHT = 50, 0.05  # rows of a trial; a share below which the season is left out
_UNKNOWN, _PASSES, _FURTHEST = 1.0, 4, 4.0  # deviation of the log factor of declared days, passes of its estimate, and its bound
_MOST = 8  # older cutoffs that are tried: each costs a line
_OLDER, _BLOCK = 0.5, 1 / 3  # weights of trials, as in season.py
_WIDE, _SMOOTH = 1 / 9.0, 1.0  # weak priors of the first estimate, taken out again before the second
_DOUBT = 1.3  # customers who leave together say less than independent ones would

Floats = npt.NDArray[Any]
Fold = tuple[np.ndarray, np.ndarray]


class Windows(NamedTuple):
    """Outcome windows of rows, and their cutoffs, in days since 1970 by the wall clock; all (n,)."""

    cutoffs: Floats
    starts: Floats
    ends: Floats

    def take(self, rows: np.ndarray) -> Windows:
        """Return some of them."""
        return Windows(*(values[rows] for values in self))


class LearntLeaving(NamedTuple):
    """The season, the offsets (n,) of the training rows, and for each fold those of its training and validation rows."""

    season: LeavingSeason
    offset: Floats
    by_fold: list[tuple[Floats, Floats]]


@dataclass(frozen=True, eq=False)
class LeavingSeason:
    """How often customers leave on each day, and the share of it that is used.

    Attributes
    ----------
    clock : Clock
        Its rates are relative hazards, 1 is the mean of the past.
    usual : float
        Hazard of an average outcome window of those that were learnt from.
    share : float
        Of the offset, in [0, 1].
    learnt_rate : float
        Mean relative hazard of these windows.
    """

    clock: Clock
    usual: float
    share: float
    learnt_rate: float
    column: ClassVar[str] = LEAVING
    columns: ClassVar[tuple[str, ...]] = ()

    def offsets(self, rows: Windows) -> Floats:
        """Return what the calendar adds to each row's log-odds of leaving, shape (n,)."""
        return self.share * _offsets(self.clock, self.usual, self.learnt_rate, rows.starts, rows.ends)

    def activity_ratio(self, starts: Floats, ends: Floats) -> Floats:
        """Return how often customers leave in windows, against those that were learnt from, shape (n,)."""
        return self.clock.mean_rate(starts, ends) / self.learnt_rate


def _offsets(clock: Clock, usual: float, learnt_rate: float, starts: Floats, ends: Floats) -> Floats:
    """Return by how much the log-odds of leaving move where the hazard is higher: log-odds of 1 - exp(-h) are log(exp(h) - 1)."""
    hazards = usual * clock.mean_rate(starts, ends) / learnt_rate
    return np.clip(_log_odds(hazards) - _log_odds(usual), -_CLIP, _CLIP)


def _log_odds(hazard: Floats | float) -> Floats:
    """Return log(exp(h) - 1) in a form that does not overflow."""
    return np.asarray(hazard + np.log(-np.expm1(-np.asarray(hazard))))


def leaving_clock(counts: LeavingCounts, before: float | None = None, spans: Sequence[NamedSpan] = ()) -> Clock | str:
    """Return the clock of leaving from what was known before a day, everything by default; or why there is none.

    In period p and tenure class c, of n at risk ``n exp(a[c] + u[p])`` are expected to leave, so neither growth nor the age of the
    customer base passes for season. The classes are taken out, and u is divided into trend, season, deviation and noise.

    Of declared days only the place in the calendar is believed: their factors are of activity, and a closure or a price rise may move the
    hazard either way. What they do to it is estimated, and is nothing where such days were never seen.
    """
    skipped = 0 if before is None else _unsettled(counts, before)
    end = counts.moment // DAY - skipped * PERIOD
    at_risk, left = (part[skipped:][::-1].astype(np.float64) for part in (counts.at_risk, counts.left))
    seen = np.flatnonzero(at_risk.sum(axis=1))
    if len(seen) < _FEWEST_PERIODS:
        return "less than a year of history"
    at_risk, left = at_risk[seen[0] :], left[seen[0] :]
    if left.sum() < _FEWEST_LEAVERS:
        return f"fewer than {_FEWEST_LEAVERS} customers who left"
    intensity, n = leaving_intensity(at_risk, left), len(left)
    names = list(dict.fromkeys(span.name for span in spans))
    inside = [days_inside([s for s in spans if s.name == name], np.arange(end - PERIOD * n, end + AHEAD)) for name in names]
    of_period = [some[: PERIOD * n].reshape(n, PERIOD).mean(axis=1) for some in inside]
    factors = np.ones(len(names))
    for _ in range(_PASSES if names else 1):  # how much of an effect falls to a period that it covers in part depends on its size
        shares = [share_of_effect(share, factor) for share, factor in zip(of_period, factors, strict=True)]
        parts = decompose(intensity, [Effect(share, 0.0, _UNKNOWN) for share in shares])
        factors = np.exp(np.clip(parts.effects, -_FURTHEST, _FURTHEST))
    log_rate, ahead = parts.log_rate(np.arange(-PERIOD * n, AHEAD) + 0.5), np.arange(366) + 0.5
    for some, factor in zip(inside, factors, strict=True):
        log_rate += np.log(factor) * some
    rates = np.exp(log_rate)
    scale = rates[: PERIOD * n].mean()
    effects = {name: float(factor) for name, factor, share in zip(names, factors, of_period, strict=True) if share.any()}
    return Clock(end, end - PERIOD * n, rates / scale, np.exp(parts.season(ahead)) / scale, parts.season_sd(ahead), effects)


def _unsettled(counts: LeavingCounts, day: float) -> int:
    """Return how many of the newest periods were not settled before a day."""
    return max(-(-(counts.moment // DAY - int(np.floor(day)) + counts.lag) // PERIOD), 0)


def leaving_intensity(at_risk: Floats, left: Floats) -> Intensity:
    """Return the Poisson likelihood of log hazards by period, from counts (periods, classes) in the order of time, without the classes."""
    some = left.sum(axis=0) > 0
    at_risk, left = at_risk[:, some], left[:, some]
    n, k = left.shape
    step = np.diff(np.eye(n), axis=0)
    prior = np.zeros((n + k, n + k))
    prior[:n, :n] = _WIDE * np.eye(n) + _SMOOTH * step.T @ step
    theta = np.r_[np.zeros(n), np.log(left.sum(axis=0) / at_risk.sum(axis=0))]
    for _ in range(30):
        expected = at_risk * np.exp(theta[:n, None] + theta[n:])
        gradient = np.r_[(left - expected).sum(axis=1), (left - expected).sum(axis=0)]
        hessian = np.diag(np.r_[expected.sum(axis=1), expected.sum(axis=0)])
        hessian[:n, n:], hessian[n:, :n] = expected, expected.T
        move = np.linalg.solve(hessian + prior, gradient - prior @ theta)
        if np.abs(move).max() < 1e-6:
            break
        theta = theta + min(1.0, 2 / max(float(np.abs(move).max()), 1e-12)) * move
    u = theta[:n]
    within = np.linalg.solve(hessian[n:, n:], hessian[n:, :n])
    information = (hessian[:n, :n] - hessian[:n, n:] @ within) / _DOUBT
    information = (information + information.T) / 2
    score = (gradient[:n] - gradient[n:] @ within) / _DOUBT + information @ u
    return Intensity((np.arange(n) - n + 0.5) * PERIOD, score, information, u - u.mean(), np.zeros(2))


def learn_leaving(
    windows: Windows,
    y: Floats,
    w: Floats,
    counts: LeavingCounts,
    *,
    folds: Sequence[Fold],
    seasonless: Callable[[Fold], Floats],
    spans: Sequence[NamedSpan] = (),
) -> LearntLeaving | str:
    """Learn the season of leaving; return in words why there is none, where there is none.

    Parameters
    ----------
    windows : Windows
        Of the training rows.
    y, w : (n,) float
        Labels, and weights of the rows.
    counts : LeavingCounts
        Of what was known before training. The clock of an older day takes only the periods that were settled by then.
    folds : list of (training rows, validation rows)
        Of the validation of the blend.
    seasonless : callable
        Log-odds of the second rows of a fold by a quick model that has learnt from the first ones, and knows no season.
    spans : list of NamedSpan
        Declared days.
    """
    now = leaving_clock(counts, spans=spans)
    if isinstance(now, str):
        return now
    if float(np.log(now.year).std()) < _FLAT and not now.effects:
        return "customers leave about as often at all times of the year"
    trials: list[Trial] = []
    half = float(np.median(windows.ends - windows.starts)) / 2
    older: list[float] = []
    for day in np.unique(windows.cutoffs)[::-1].tolist():
        if not older or older[-1] - day >= half:
            older.append(day)
    clocks: dict[int, Clock | str] = {}

    def clock_before(day: float) -> Clock | str:
        skipped = _unsettled(counts, day)
        if skipped not in clocks:
            clocks[skipped] = leaving_clock(counts, day, spans)
        return clocks[skipped]

    for i in range(0, min(len(older), _MOST), 2):  # (i) older cutoffs, each with the clock of its day
        days = older[i : i + 2]
        before = np.flatnonzero(windows.ends <= days[-1])  # two cutoffs share the line of the older one: lines cost most
        asked = [(np.flatnonzero(windows.cutoffs == day), day) for day in days]
        known = [(here, clock) for here, day in asked if _learnable(y[here]) and isinstance(clock := clock_before(day), Clock)]
        if known and _learnable(y[before]):
            z = seasonless((before, np.concatenate([here for here, _ in known])))
            for here, clock in known:
                offset = _ahead(windows, y, w, clock, (before, here))[1]
                trials.append(Trial(z[: len(here)], offset, y[here], _OLDER))
                z = z[len(here) :]
    by_fold: list[tuple[Floats, Floats]] = []
    for fold in folds:  # (ii) the blocks that validate the blend
        clock = clock_before(float(windows.cutoffs[fold[1]].min()))
        if isinstance(clock, str):
            by_fold.append((np.zeros(len(fold[0])), np.zeros(len(fold[1]))))
            continue
        by_fold.append(_ahead(windows, y, w, clock, fold))
        trials.append(Trial(seasonless(fold), by_fold[-1][1], y[fold[1]], _BLOCK))
    share = choose_share(trials)
    if share < _SLIGHT:
        return "earlier cutoffs do not bear a season out" if trials else "no earlier cutoff can tell whether it helps"
    usual, rate = _usual(windows, y, w, now)
    season = LeavingSeason(now, usual, share, rate)
    return LearntLeaving(season, season.offsets(windows), [(share * a, share * b) for a, b in by_fold])


def _learnable(y: Floats) -> bool:
    return len(y) >= _FEW and min(y.sum(), (1 - y).sum()) >= 10


def _usual(windows: Windows, y: Floats, w: Floats, clock: Clock) -> tuple[float, float]:
    """Return the hazard of an average window, and the mean relative hazard of the windows."""
    share = float(np.clip(np.average(y, weights=w), 1e-6, 1 - 1e-6))
    return -float(np.log1p(-share)), max(float(np.average(clock.mean_rate(windows.starts, windows.ends), weights=w)), 1e-6)


def _ahead(windows: Windows, y: Floats, w: Floats, clock: Clock, fold: Fold) -> tuple[Floats, Floats]:
    """Return offsets of the training and the validation rows of a fold, against the training rows."""
    before, after = fold
    usual, rate = _usual(windows.take(before), y[before], w[before], clock)
    one, other = (_offsets(clock, usual, rate, windows.starts[rows], windows.ends[rows]) for rows in (before, after))
    return one, other
