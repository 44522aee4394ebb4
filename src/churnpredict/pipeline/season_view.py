"""Season of a trained pipeline, for people: a table, a sentence, a plot."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.churn.rule import ChurnRule
from churnpredict.clock import DAY
from churnpredict.evaluation.pictures import bare, drawn, finish, look, new_figure, sentence
from churnpredict.figures import percent
from churnpredict.figures import times as multiple
from churnpredict.model.season.leaving import LeavingSeason
from churnpredict.model.season.leaving_counts import PERIOD
from churnpredict.model.season.season import Season
from churnpredict.model.seasonal import AnySeason

__all__ = ["SeasonView", "season_of"]

_MOST_TOLD = 4  # segments
_TIMES = ("never", "once", "twice")


def season_of(model: Any, churn: ChurnRule) -> SeasonView:
    """Return the season that a trained model knows."""
    season = getattr(model, "season_", None)
    encoder, column = getattr(model, "matrix_encoder_", None), getattr(season, "columns", ())[3:]
    labels = encoder.levels[encoder.names.index(column[0])] if encoder is not None and column else ()
    why = (getattr(model, "training_record_", None) or {}).get("season", {}).get("why", "")
    return SeasonView(season, (churn.gap_span.nominal / DAY, churn.horizon_span.nominal / DAY), why, labels)


class SeasonView:
    """The season of a trained pipeline.

    Parameters
    ----------
    season : Season, LeavingSeason or None
    window : (float, float)
        Gap and horizon in days.
    why : str
        Why there is no season, where there is none.
    labels : list of str
        The values behind the codes of segments that have clocks of their own.

    Attributes
    ----------
    share : float
        How much of the season is used, in [0, 1]: as much as earlier cutoffs support.
    table : DataFrame
        The usual year from the end of training on, a row per day: ``activity`` (1 is the mean of what was counted; how often customers
        leave, for cancellations and contracts) and, two standard deviations away, ``low`` and ``high``. Without rows where no season is
        used.
    segments : Series
        How busy customers of each segment that has a clock of its own are expected to be in the window ahead, by its value; 1 is the mean
        of what was learnt from.
    """

    def __init__(self, season: AnySeason | None, window: tuple[float, float], why: str = "", labels: Sequence[str] = ()) -> None:
        self.season, self.window, self.why = season, window, why
        self.share = 0.0 if season is None else season.share
        clock = None if season is None else season.clock
        days = pd.DatetimeIndex([]) if clock is None else _date(clock.end + np.arange(len(clock.year)))
        activity, sd = (np.empty(0), np.empty(0)) if clock is None else (clock.year, clock.year_sd)
        bounds = {"low": activity * np.exp(-2 * sd), "high": activity * np.exp(2 * sd)}
        self.table = pd.DataFrame({"activity": activity, **bounds}, index=days.rename("date"))
        own = season.own if isinstance(season, Season) else {}
        ahead = {labels[code] if code < len(labels) else str(code): self._ratio(np.array([code])) for code in own}
        self.segments = pd.Series(ahead, name="activity", dtype=np.float64)

    def __repr__(self) -> str:
        return self.words()

    def brief(self) -> str:
        """Say what the clock knew of the time ahead, in one sentence."""
        if self.season is None:
            return f"No season is used: {self.why}." if self.why else ""
        if not self.season.clock.knows_the_year:
            what = "declared days alone" if self.season.clock.effects else "days of the week alone, as history is shorter than a year"
            return f"Season: {what}; used at {percent(self.share)}."
        if not (self._differs or self.season.clock.effects or len(self.segments)):
            return f"Season: times of the year hardly differ; used at {percent(self.share)}."
        start, end = self._ahead()
        n = self.season.clock.years_seen(start, end)
        times = _TIMES[n] if n < len(_TIMES) else f"{n} times"
        return f"Season: this time of the year was seen {times} before; used at {percent(self.share)}."

    def words(self) -> str:
        """Say what the clock knows: what it expects of the time ahead, how often that was seen, and the extremes of the year."""
        if self.season is None:
            return self.brief() or "No season is used."
        return f"{self.brief()} {self._expected()}"

    def _expected(self) -> str:
        """Say what is expected of the time ahead, the extremes of the year, and the factor of each declared name."""
        assert self.season is not None
        start, end = self._ahead()
        ratio = self._ratio()
        first, last = _date(np.array([int(start), int(end) - 1]))
        busy = "about" if abs(ratio - 1) < 0.05 else multiple(ratio)
        ahead = f"the days from {_day(first)} to {_day(last)}"
        said = [
            f"Customers usually leave {busy} as often in {ahead} as in the time that the model learnt from."
            if self._of_leaving
            else f"T{ahead[1:]} are usually {busy} as active as those that the model learnt from."
        ]
        year = self.season.clock.year
        if self._differs:
            high, low = _date(self.season.clock.end + np.array([year.argmax(), year.argmin()]))
            most, least = ("Most leave", "fewest") if self._of_leaving else ("Busiest", "quietest")
            said.append(
                f"{most} around {_day(high)} ({multiple(year.max())} the mean), {least} around {_day(low)} ({multiple(year.min())})."
            )
        told = "customers leave {} as often" if self._of_leaving else "{} as active"
        said += [f"{name}: {told.format(multiple(factor))}." for name, factor in self.season.clock.effects.items()]
        furthest = sorted(self.segments.items(), key=lambda of: -abs(np.log(of[1])))[:_MOST_TOLD]
        said += [f"{label} by its own clock: {multiple(busy)} as active." for label, busy in furthest]
        return " ".join(said)

    def _ratio(self, *segment: Any) -> float:
        """Return how busy the window ahead is expected to be, against those that were learnt from."""
        assert self.season is not None
        start, end = self._ahead()
        return float(self.season.activity_ratio(np.array([start]), np.array([end]), *segment)[0])

    @property
    def _of_leaving(self) -> bool:
        return isinstance(self.season, LeavingSeason)

    @property
    def _differs(self) -> bool:
        """Whether the busiest and the quietest time of the year differ by more than a tenth."""
        return self.season is not None and float(np.ptp(np.log(self.season.clock.year))) > 0.1

    def _ahead(self) -> tuple[float, float]:
        assert self.season is not None
        start = self.season.clock.end + self.window[0]
        return start, start + self.window[1]

    @drawn
    def plot(self) -> Any:
        """Draw the usual year with its bounds, what was counted week by week, and the window that the model predicts; or the days of the
        week, where they are all that is known.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        MissingExtraError
            ``missing-extra``: matplotlib is not installed.
        """
        if self.season is None:
            return sentence(self.words())
        clock, colours = self.season.clock, look().colours
        if not (clock.knows_the_year or clock.effects):
            return self._week()
        figure, axes = new_figure(8.0, 3.4)
        ax = bare(axes[0, 0])
        past = np.arange(clock.first, clock.end)
        days, each = (PERIOD, "by four weeks") if self._of_leaving else (7, "by week")
        counted = clock.rates[: len(past)].reshape(-1, days).mean(axis=1)
        ax.step(
            _date(np.append(past[::days], clock.end)),
            np.append(counted, counted[-1]),
            where="post",
            color=look().quiet,
            linewidth=1,
            label=f"counted, {each}",
        )
        ax.plot(self.table.index, self.table["activity"], color=colours[0], linewidth=2, label="usual year")
        ax.fill_between(self.table.index, self.table["low"], self.table["high"], color=colours[0], alpha=0.18, linewidth=0)
        start, end = self._ahead()
        opens, closes = _date(np.array([int(start), int(end)]))
        ax.axvspan(opens, closes, color=colours[4], alpha=0.18, linewidth=0, label="predicted window")
        ax.set_ylim(bottom=0)
        ax.set_ylabel("customers who leave (mean = 1)" if self._of_leaving else "activity (mean = 1)")
        ax.legend(frameon=False, fontsize=9, loc="upper left", ncols=3)
        return finish(figure, self.brief(), self._expected())

    def _week(self) -> Any:
        """Draw how busy each day of the week is."""
        assert self.season is not None
        clock = self.season.clock
        monday = clock.first + (4 - clock.first) % 7  # day 4 of 1970 is a Monday
        figure, axes = new_figure(8.0, 3.4)
        ax = bare(axes[0, 0])
        ax.bar(range(7), clock.mean_rate(monday + np.arange(7.0), monday + np.arange(1.0, 8.0)), color=look().colours[0], width=0.8)
        ax.set_xticks(range(7), list(calendar.day_abbr))
        ax.set_ylabel("activity (mean = 1)")
        return finish(figure, self.brief(), self._expected())


def _date(days: Any) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.asarray(days, np.int64).astype("datetime64[D]"))


def _day(moment: pd.Timestamp) -> str:
    return f"{moment.day} {moment.strftime('%B')}"
