"""Timeline: one customer's events, risk and reasons at past cutoffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.snapshots import grid, pairs_at_risk
from churnpredict.clock import NEVER, OPEN
from churnpredict.errors import IdentityError, UsageError
from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, percent_axis, sentence
from churnpredict.events.tables import EventTables
from churnpredict.explanation.attribution import Explanation, explain
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.figures import percent, points
from churnpredict.pipeline.cutoffs import default_step, in_sample, observed_until, one_moment
from churnpredict.signatures import CustomerId
from churnpredict.text_tables import Figure, paragraph, text_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

__all__ = ["Timeline", "draw_timeline", "timeline_of"]

_CUTOFFS = 12
_MOST_LANES = 10
_REASONS = 3


@dataclass(frozen=True, eq=False, repr=False)
class Timeline:
    """What happened to one customer, and what risk it gave. Made by :meth:`churnpredict.ChurnPipeline.timeline`.

    Attributes
    ----------
    customer : object
        Its id.
    risks : DataFrame
        One row per cutoff at which the customer was at risk: ``cutoff``, ``risk``, ``driver`` (the first reason, or None), ``points`` (that
        it adds).
    drivers : DataFrame
        Probability points of every driver, index ``cutoff``.
    events : DataFrame
        ``table``, ``start``, ``end`` (NaT for events without length, and where nothing is known of the end) of the rows known.
    in_sample : bool
        Whether the model has learnt from what came after one of the cutoffs: the line then says what it says in hindsight.
    """

    customer: CustomerId
    risks: pd.DataFrame
    drivers: pd.DataFrame
    events: pd.DataFrame
    in_sample: bool = False

    @property
    def began(self) -> tuple[str, pd.Timestamp] | None:
        """The newest first reason, and the cutoff since which it has been the first without a break; None without one."""
        driver = self.risks["driver"].to_numpy(dtype=object)
        if not len(driver) or not driver[-1]:
            return None
        others = np.flatnonzero(driver != driver[-1])
        return str(driver[-1]), pd.Timestamp(self.risks["cutoff"].iloc[others[-1] + 1 if len(others) else 0])

    def plot(self, **options: object) -> MatplotlibFigure:
        """Draw risk, reasons and events over time; ``theme`` is "light" or "dark".

        Raises
        ------
        MissingExtraError
            ``missing-extra``: matplotlib is not installed.
        """
        draw: Any = draw_timeline
        return draw(self, **options)

    def __repr__(self) -> str:
        rows = [(f"{c:%Y-%m-%d}", Figure(percent(r)), _label_of(d), Figure(points(p))) for c, r, d, p in self.risks.itertuples(index=False)]
        return "\n".join([*paragraph(self._headline()), *text_table(rows, ("cutoff", "risk", "first reason", "points"), indent="  ")])

    def _repr_html_(self) -> str:
        from churnpredict.markup import show

        rows = [(f"{c:%Y-%m-%d}", Figure(percent(r)), _label_of(d), Figure(points(p))) for c, r, d, p in self.risks.itertuples(index=False)]
        return show(self._headline(), rows, ("cutoff", "risk", "first reason", "points"))

    def _headline(self) -> str:
        if not len(self.risks):
            return f"Customer {self.customer} was at risk at none of the cutoffs; {len(self.events):,} rows of events"
        first, last = self.risks["risk"].iloc[0], self.risks["risk"].iloc[-1]
        told = f"Customer {self.customer}: risk {percent(last)}, {percent(first)} at the first of {len(self.risks)} cutoffs"
        if self.began is not None:
            told += f"; first reason since {self.began[1]:%Y-%m-%d}: {_label_of(self.began[0])}"
        return told + (" (in hindsight: the model has learnt from what came after)" if self.in_sample else "")


def timeline_of(pipeline: Any, tables: EventTables, customer: Any, at: Any = None) -> Timeline:
    """See :meth:`churnpredict.ChurnPipeline.timeline`."""
    code = _place(tables, customer)
    churn: ChurnRule = pipeline.churn
    moments = _moments(tables, churn, at)
    past = tables.known_before(int(moments.max()))
    people, when = pairs_at_risk(tables, churn, moments)
    mine = np.sort(when[people == code])
    events = _events(past, code)
    if not len(mine):
        risks = pd.DataFrame({"cutoff": pd.to_datetime([]), "risk": [], "driver": pd.Series(dtype=object), "points": []})
        return Timeline(customer, risks, pd.DataFrame(), events)
    stamps = tables.wall_times(mine)
    snapshots = pd.DataFrame({"customer_id": [customer] * len(mine), "cutoff": pd.to_datetime(mine, unit="us", utc=True)})
    X = pipeline.features_of(tables, snapshots).sort_index(level="cutoff")
    why: Explanation = explain(pipeline.model_, X, usual=pipeline.usual_, detail="drivers", n_jobs=1)
    top = why.top(1)
    driver = [d if isinstance(d, str) else None for d in top["reason_1"]]
    risks = pd.DataFrame({"cutoff": stamps, "risk": why.risk.to_numpy(), "driver": driver, "points": top["reason_1_points"].to_numpy()})
    drivers = pd.DataFrame(why.points.to_numpy(), index=pd.Index(stamps, name="cutoff"), columns=list(why.table))
    return Timeline(customer, risks, drivers, events, in_sample(tables, churn, pipeline.cutoffs_, list(snapshots["cutoff"])))


def _place(tables: EventTables, customer: Any) -> int:
    ids = pd.Index(tables.ids.to_pandas())
    found = np.flatnonzero(ids == customer) if pd.api.types.is_scalar(customer) else np.array([], dtype=np.int64)
    if len(found) != 1:
        remedy = "Give one id exactly as in the tables, text as text and numbers as numbers: scores['customer_id'] holds them."
        raise IdentityError("unknown-ids", "the customer is not in the tables", rows=1, total=1, remedy=remedy)
    return int(found[0])


def _moments(tables: EventTables, churn: ChurnRule, at: Any) -> Any:
    """Return cutoffs in microseconds UTC, ascending: those given, or twelve back from the end of what was observed, in steps of
    training.
    """
    if at is None:
        last, first = observed_until(tables, churn), tables.first_event() + 1
        return grid(last, min(first, last), default_step(churn), tables.timezone, _CUTOFFS)
    given = at if isinstance(at, Sequence | pd.Index | pd.Series | np.ndarray) and not isinstance(at, str) else [at]
    if not len(given):
        raise UsageError("bad-argument", "at is empty", remedy="Give one or more cutoffs, or leave it out.")
    return np.unique([one_moment(tables, moment, "at") for moment in given]).astype(np.int64)


def _events(tables: EventTables, code: int) -> pd.DataFrame:
    """Return rows of one customer in every table, in the order of time."""
    parts = []
    for name, stream in tables.streams.items():
        rows = slice(int(stream.offsets[code]), int(stream.offsets[code + 1]))
        times = stream.times[rows]
        ends = stream.columns["end"][rows] if "end" in stream.columns else np.full(len(times), OPEN)
        keep = times != NEVER
        start = tables.wall_times(times[keep])
        closed = (ends[keep] != OPEN) & (ends[keep] != NEVER)
        end = pd.Series(pd.NaT, index=range(int(keep.sum())), dtype="datetime64[us]")
        if closed.any():
            end[closed] = pd.DatetimeIndex(tables.wall_times(ends[keep][closed])).as_unit("us")
        parts.append(pd.DataFrame({"table": name, "start": pd.DatetimeIndex(start).as_unit("us"), "end": end.to_numpy()}))
    if not parts:
        return pd.DataFrame({"table": [], "start": pd.to_datetime([]), "end": pd.to_datetime([])})
    return pd.concat(parts, ignore_index=True).sort_values("start", kind="stable", ignore_index=True)


@drawn
def draw_timeline(found: Timeline, *, most: int = _REASONS) -> Any:
    """Draw risk at past cutoffs, the points of the strongest reasons, and the customer's events below.

    Parameters
    ----------
    found : Timeline
    most : int
        Drivers that are drawn, those that add most at the newest cutoff.
    """
    if not len(found.risks):
        return sentence(f"{found._headline()}: there is no risk to draw.")
    theme = look()
    lanes = list(dict.fromkeys(found.events["table"]))[:_MOST_LANES]
    heights = {"height_ratios": [3.0, 1.8, 0.5 + 0.36 * len(lanes)]}
    figure, grid = new_figure(8.4, 5.0 + 0.3 * len(lanes), rows=3, sharex=True, gridspec_kw=heights)
    risk_ax, reason_ax, event_ax = grid[:, 0]
    when, risk = pd.DatetimeIndex(found.risks["cutoff"]), found.risks["risk"].to_numpy()
    bare(risk_ax)
    risk_ax.plot(when, risk, "o-", color=theme.ink, linewidth=2, markersize=5, gid="risk")
    beside = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center", "fontsize": 10, "fontweight": "bold"}
    risk_ax.annotate(percent(risk[-1]), (when[-1], risk[-1]), **beside)
    risk_ax.set_ylim(0, min(1.12, 1.3 * float(risk.max()) + 0.02))
    percent_axis(risk_ax.yaxis)
    risk_ax.set_ylabel("risk")
    first = min([when[0], *found.events["start"].head(1)])
    room = max((when[-1] - first) * 0.04, pd.Timedelta(days=3))
    risk_ax.set_xlim(first - room, when[-1] + room)
    if found.began is not None:
        risk_ax.axvline(found.began[1], color=theme.raises, linewidth=1.2, linestyle="--", gid="began")
        late, high = found.began[1] > first + (when[-1] - first) * 0.6, risk[-1] > 0.6 * risk_ax.get_ylim()[1]
        told = f"{_label_of(found.began[0])} first since {found.began[1]:%Y-%m-%d}"
        place = {"xytext": (-5 if late else 5, 4 if high else -4), "textcoords": "offset points", "ha": "right" if late else "left"}
        edge = risk_ax.get_ylim()[0 if high else 1]
        risk_ax.annotate(escaped(told), (found.began[1], edge), color=theme.raises, fontsize=9, va="bottom" if high else "top", **place)
    bare(reason_ax)
    newest = found.drivers.iloc[-1].sort_values(ascending=False, kind="stable")
    for i, name in enumerate(newest.index[: min(most, len(theme.colours))]):
        values = 100 * found.drivers[name].to_numpy()
        reason_ax.plot(when, values, "o-", color=theme.colours[i], linewidth=1.5, markersize=3, label=escaped(_label_of(name)), gid=name)
    reason_ax.axhline(0, color=theme.quiet, linewidth=0.8)
    reason_ax.set_ylabel("points")
    reason_ax.legend(frameon=False, fontsize=9, loc="upper left", ncols=most)
    reason_ax.margins(y=0.35)
    _lanes(event_ax, found.events, lanes, pd.Timestamp(when[-1]))
    return finish(
        figure, found._headline(), f"Above: risk at {len(when)} cutoffs; below: {len(found.events):,} rows of {len(lanes)} tables."
    )


def _lanes(ax: Any, events: pd.DataFrame, lanes: list[str], now: pd.Timestamp) -> None:
    theme = look()
    bare(ax, grid=None)
    for place, name in enumerate(lanes):
        part = events[events["table"] == name]
        single, long = part[part["end"].isna()], part[part["end"].notna()]
        ax.plot(
            single["start"], np.full(len(single), place), "|", color=theme.colours[0], markersize=9, linestyle="none", gid=f"events {name}"
        )
        ax.hlines(
            np.full(len(long), place),
            long["start"],
            long["end"].where(long["end"] < now, now),
            color=theme.colours[0],
            linewidth=5,
            alpha=0.7,
        )
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    ax.xaxis.set_major_locator(AutoDateLocator(maxticks=8))
    ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
    ax.set_yticks(range(len(lanes)), [escaped(name.replace("_", " ")) for name in lanes])
    ax.set_ylim(len(lanes) - 0.4, -0.6)
    ax.set_xlabel("events, and contracts or tickets with their length")


def _label_of(driver: Any) -> str:
    if not isinstance(driver, str) or not driver:
        return "none"
    return DRIVERS[driver].label if driver in DRIVERS else driver.replace("_", " ").capitalize()
