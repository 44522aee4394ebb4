"""Staying: when customers are likely to leave, as curves and as one row per customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.rule import ChurnRule
from churnpredict.clock import DAY
from churnpredict.errors import IdentityError, UsageError
from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, percent_axis
from churnpredict.events.tables import EventTables
from churnpredict.figures import percent
from churnpredict.markup import show
from churnpredict.model.staying_curves import StayingCurves
from churnpredict.number_checks import check_number
from churnpredict.pipeline import cutoffs, leaving_curves, scoring, valuing
from churnpredict.spans import SpanLike, span
from churnpredict.text_tables import Figure, paragraph, text_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

__all__ = ["Staying", "check_period", "draw_staying", "staying_over"]

_REASONS = 3
_SHARES = (0.1, 0.5, 0.9)
_YEAR = 365.25
_MOST = 10
_CENTURY = 36_525

Floats = npt.NDArray[np.float64]


class Staying(pd.DataFrame):
    """Curves of staying, one row per customer and day of the curve. Made by :meth:`churnpredict.ChurnPipeline.when`.

    Attributes
    ----------
    customers : DataFrame or None
        One row per customer, with ``over=`` only: ``stays`` (the chance of still being there at the end of the period), ``expected_days``
        until leaving and their standard deviation ``days_sd``, ``expected_date``, ``left_by_10``, ``left_by_50``, ``left_by_90`` (the
        days by which the chance of having left reaches a tenth, a half and nine tenths; missing where that lies after the period),
        ``expected_revenue`` over the period, ``reason_1`` to ``reason_3`` and the points that each takes from ``stays``.
    points : DataFrame or None
        Points of every driver; they sum to ``stays`` minus :attr:`usual_stays`.
    usual_stays : float
        The chance of staying of the customer that the others are compared with.
    observed_days : float
        How far ahead customers were observed in training; later hazards repeat the last one.
    """

    _metadata = ["customers", "points", "usual_stays", "observed_days"]  # noqa: RUF012 (pandas asks for a list)
    customers: pd.DataFrame | None = None
    points: pd.DataFrame | None = None
    usual_stays: float = float("nan")
    observed_days: float = float("nan")

    @property
    def _constructor(self) -> type[Staying]:
        return Staying

    def plot(self, customer: object = None, **options: object) -> MatplotlibFigure:  # type: ignore[override]
        """Draw the curve of one customer, or without one the mean of all with the tenth that stays shortest and longest.

        ``theme`` is "light" or "dark".

        Raises
        ------
        IdentityError
            ``unknown-ids``.
        MissingExtraError
            ``missing-extra``: matplotlib is not installed.
        """
        draw: Any = draw_staying
        return draw(self, customer, **options)

    def _headline(self) -> str:
        people = self.customers
        assert people is not None
        end = self["horizon"].iloc[-1]
        mean = float(people["stays"].mean())
        told = f"{len(people):,} customers; {percent(mean)} are expected to be there after {end}"
        seen = float(str(end).removesuffix("d")) <= self.observed_days + 1e-9
        return told if seen else f"{told} (observed in training up to {self.observed_days:.0f} days; later hazards repeat the last)"

    def _shown(self) -> tuple[list[list[object]], list[str]]:
        assert self.customers is not None
        rows: list[list[object]] = []
        for row in self.customers.sort_values("stays", kind="stable").head(_MOST).itertuples(index=False):
            day = getattr(row, "left_by_50")  # noqa: B009 - a name with a number reads worse as an attribute of a tuple
            reasons = [r for r in (row.reason_1, row.reason_2, row.reason_3) if isinstance(r, str)]
            half = "later" if pd.isna(day) else f"{pd.Timestamp(str(day)):%Y-%m-%d}"
            rows.append([str(row.customer_id), Figure(percent(float(str(row.stays)))), half, ", ".join(reasons)])
        return rows, ["customer", "stays", "half have left by", "what brings it forward"]

    def _whole(self) -> bool:
        return (
            self.customers is not None
            and {"customer_id", "horizon"} <= set(self.columns)
            and self["customer_id"].nunique() == len(self.customers)
        )

    def __repr__(self) -> str:
        if not self._whole():
            return super().__repr__()
        return "\n".join([*paragraph(self._headline()), *text_table(*self._shown(), indent="  ")])

    def _repr_html_(self) -> str:
        return show(self._headline(), *self._shown()) if self._whole() else str(pd.DataFrame(self)._repr_html_())  # type: ignore[operator]


def staying_over(
    pipeline: Any, tables: EventTables, X: pd.DataFrame, over: SpanLike, *, discount: float = 0.0, value: float | None = None
) -> Staying:
    """See :meth:`churnpredict.ChurnPipeline.when`."""
    churn: ChurnRule = pipeline.churn
    days = check_period(over, discount, churn)
    cutoff = int(cutoffs.one_moment(tables, X.index.get_level_values("cutoff")[0], "at"))
    hazards = leaving_curves.learn_leaving(pipeline, tables, cutoff, days)
    curves = leaving_curves.curves_of(pipeline.model_, churn, hazards, X)
    found = Staying(_long(curves, tables, churn, pipeline.model_, X, days))
    from churnpredict.explanation.attribution import explain

    why = explain(pipeline.model_, X, usual=pipeline.usual_, detail="drivers", n_jobs=pipeline.n_jobs, progress=False)
    found.points, found.usual_stays = leaving_curves.points_of_staying(why, churn, hazards, X, days, pipeline.n_jobs)
    worth = valuing.value_by_model(tables, scoring.snapshots_of(X), churn, getattr(pipeline, "worth_", None), value)
    found.customers = _by_customer(curves, tables, churn, X, days, worth, discount).join(_reasons(found.points))
    found.observed_days = hazards.observed_days
    return found


def check_period(over: SpanLike, discount: float, churn: ChurnRule) -> float:
    """Return the length of the period in days.

    Raises
    ------
    UsageError
        ``bad-horizons``: it is shorter than the horizon, or longer than a century. ``bad-argument``, ``bad-span``.
    """
    check_number(discount, "discount", least=0)
    days = span(over, "over").nominal / DAY
    if days < churn.horizon_span.nominal / DAY:
        raise UsageError("bad-horizons", f"over={str(over)!r} is shorter than the horizon", remedy="Give a longer span, or leave it out.")
    if days > _CENTURY:
        raise UsageError("bad-horizons", f"over={str(over)!r} is longer than a century", remedy='Give a span such as "365d".')
    return float(round(days)) if days >= 1 else days


def _long(curves: StayingCurves, tables: EventTables, churn: ChurnRule, model: Any, X: pd.DataFrame, over: float) -> pd.DataFrame:
    days = leaving_curves.days_of_grid(churn, model, over)
    stays, lost = curves.at(days), curves.lost_at(days)
    whole = churn.horizon_span.nominal / DAY
    names = {whole: str(churn.horizon_span)}
    if not churn.decided_at_end:
        names |= {span(name, "horizons").nominal / DAY: name for name in scoring.earlier_horizons_of(model)}
    n, k = stays.shape
    columns: dict[str, Any] = {
        "customer_id": X.index.get_level_values("customer_id").repeat(k),
        "cutoff": X.index.get_level_values("cutoff").repeat(k),
        "horizon": [names.get(d, f"{d:g}d") for d in days] * n,
        "by": np.column_stack([leaving_curves.moments_after(tables, churn, X, d, names.get(d)) for d in days]).ravel(),
        "risk": 1 - stays.ravel(),
    }
    if lost is not None:
        columns |= {"risk_left": 1 - stays.ravel() - lost.ravel(), "risk_lost": lost.ravel()}
    return pd.DataFrame(columns | {"stays": stays.ravel()})


def _by_customer(
    curves: StayingCurves, tables: EventTables, churn: ChurnRule, X: pd.DataFrame, over: float, worth: Floats, discount: float
) -> pd.DataFrame:
    mean, spread = curves.expected_days()
    whole = churn.horizon_span.nominal / DAY
    lag = whole if churn.decided_at_end else 0.0
    paid = curves.paid_days(over, lag=lag, discount=float(np.log1p(discount)) / _YEAR)
    opens = leaving_curves.moments_after(tables, churn, X, 0.0, None)
    columns: dict[str, Any] = {
        "customer_id": X.index.get_level_values("customer_id"),
        "cutoff": X.index.get_level_values("cutoff"),
        "stays": curves.at(np.array([over]))[:, 0],
        "expected_days": mean,
        "days_sd": spread,
        "expected_date": _dates(opens, mean),
    }
    for share in _SHARES:
        day = curves.left_by(share)
        columns[f"left_by_{share * 100:.0f}"] = _dates(opens, np.where(day <= over, day, np.inf))
    return pd.DataFrame(columns | {"expected_revenue": worth / whole * paid}, index=X.index)


def _dates(opens: pd.DatetimeIndex, days: Floats) -> pd.DatetimeIndex:
    """Return the date so many days after each moment; missing beyond a century."""
    known = days <= _CENTURY
    whole = pd.to_timedelta(np.where(known, np.ceil(days - 1e-9), 0.0), unit="D")
    return pd.DatetimeIndex((opens.normalize() + whole).where(known))


def _reasons(points: pd.DataFrame) -> pd.DataFrame:
    """Return the drivers that take most from the chance of staying, and how much."""
    values, keys = points.to_numpy(), np.array([*points.columns, None], dtype=object)
    k = min(_REASONS, values.shape[1])
    order = np.argsort(values, axis=1, kind="stable")[:, :k]
    taken = np.take_along_axis(values, order, axis=1)
    least = np.zeros(taken.shape)
    least[:, 1:] = 0.1 * np.abs(values.sum(axis=1))[:, None]
    kept = taken < -least
    order = np.where(kept, order, len(points.columns))
    columns: dict[str, Any] = {f"reason_{i + 1}": keys[order[:, i]] if i < k else None for i in range(_REASONS)}
    columns |= {f"reason_{i + 1}_points": np.where(kept[:, i], taken[:, i], np.nan) if i < k else np.nan for i in range(_REASONS)}
    return pd.DataFrame(columns, index=points.index)


@drawn
def draw_staying(found: Staying, customer: object = None) -> Any:
    """Draw curves of staying.

    Parameters
    ----------
    found : Staying
    customer : id, optional
    """
    theme = look()
    frame = pd.DataFrame(found)
    start = pd.Timestamp(frame["cutoff"].iloc[0])
    figure, grid = new_figure(8.4, 4.6)
    ax = grid[0, 0]
    bare(ax)
    if customer is not None:
        part = frame[frame["customer_id"] == customer]
        if not len(part):
            remedy = "Give one id exactly as in the table: its column customer_id holds them."
            raise IdentityError("unknown-ids", "the customer has no curve", rows=1, total=1, remedy=remedy)
        when, stays = [start, *part["by"]], [1.0, *part["stays"]]
        ax.plot(when, stays, "o-", color=theme.ink, linewidth=2, markersize=4, gid="stays", label="is there")
        told = f"Customer {customer}: {percent(stays[-1])} chance of staying until {when[-1]:%Y-%m-%d}"
        if found.customers is not None:
            row = found.customers[found.customers["customer_id"] == customer].iloc[0]
            if not pd.isna(row["left_by_50"]):
                ax.axvline(row["left_by_50"], color=theme.raises, linewidth=1.2, linestyle="--", gid="half")
                ax.annotate(
                    escaped(f"as likely gone as not from {row['left_by_50']:%Y-%m-%d}"),
                    (row["left_by_50"], 1.0), color=theme.raises, fontsize=9, xytext=(5, -4), textcoords="offset points", va="top",
                )  # fmt: skip
        if "risk_lost" in part:
            ax.plot(when, [0.0, *part["risk_left"]], color=theme.colours[0], label="has left", gid="left")
            ax.plot(when, [0.0, *part["risk_lost"]], color=theme.colours[1], label="was lost", gid="lost")
            ax.legend(frameon=False, fontsize=9)
    else:
        wide = frame.pivot_table(index="customer_id", columns="by", values="stays", aggfunc="first")
        when = [start, *wide.columns]
        low, middle, high = ([1.0, *values] for values in (wide.quantile(0.1), wide.mean(), wide.quantile(0.9)))
        ax.fill_between(when, low, high, color=theme.colours[0], alpha=0.18, linewidth=0, gid="tenths")
        ax.plot(when, middle, "o-", color=theme.ink, linewidth=2, markersize=4, gid="mean")
        told = f"{percent(middle[-1])} of {len(wide):,} customers are expected to be there on {when[-1]:%Y-%m-%d}"
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    ax.xaxis.set_major_locator(AutoDateLocator(maxticks=8))
    ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
    ax.set_ylim(0, 1.04)
    percent_axis(ax.yaxis)
    ax.set_ylabel("chance of staying")
    below = "The band holds eight of ten customers." if customer is None else f"Curve from {start:%Y-%m-%d} on, as known then."
    return finish(figure, told, below)
