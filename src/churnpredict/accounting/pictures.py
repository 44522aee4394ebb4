"""Pictures of accounts: retention curves, churn rates over time, the share of quiet customers who come back."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.accounting.waterfalls import PARTS
from churnpredict.clock import DAY
from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, percent_axis, sentence
from churnpredict.figures import amount, percent
from churnpredict.spans import span

__all__ = ["kind_of", "plot_coming", "plot_rates", "plot_retention", "plot_return", "retention_curve", "spread_out"]

_PERIODS = ((r"\d{4}Q\d", "quarter"), (r"\d{4}-\d{2}", "month"), (r"\d{4}", "year"), (r"\d{4}-\d{2}-\d{2}/.*", "week"))
_KINDS = {
    "bridge": {"period", *PARTS},
    "coming": {"period", "amount", "at_risk", "at_risk_low", "at_risk_high"},
    "revenue": {"period", "start", "lost_revenue", "contraction", "expansion", "end"},
    "transitions": {"from", "to", "customers", "share"},
}
_LABELLED = 6  # cohorts with a line of their own colour


def kind_of(frame: pd.DataFrame) -> str | None:
    """Return which picture shows these accounts, such as "retention" or "bridge"; None for none."""
    columns = set(frame.columns)
    if frame.index.name == "joined" and "customers" in columns:
        return "retention"
    if {"customers", "rate", "low", "high"} <= columns and {"period", "tenure_year"} & columns:
        return "rates"
    return next((kind for kind, needed in _KINDS.items() if needed <= columns), None)


def retention_curve(frame: pd.DataFrame) -> pd.Series:
    """Return the share of customers still there after k periods, over all cohorts: index 0, 1, ..., the number of periods.

    From one period to the next only cohorts are compared that are observed at both, so that no step comes from a cohort that is missing.

    >>> table = pd.DataFrame({"customers": [100, 100], 1: [0.8, 0.6], 2: [0.4, np.nan]}, index=pd.Index(["a", "b"], name="joined"))
    >>> [round(v, 9) for v in retention_curve(table)]
    [1.0, 0.7, 0.35]
    """
    steps = [c for c in list(frame.columns) if not isinstance(c, str)]
    size = frame["customers"].to_numpy(dtype=np.float64, na_value=np.nan)
    before, level, curve = np.where(size > 0, 1.0, np.nan), 1.0, {0: 1.0}
    for k in steps:
        now = frame[k].to_numpy(dtype=np.float64, na_value=np.nan)
        both = ~np.isnan(now) & ~np.isnan(before) & ~np.isnan(size)
        there = float((size * before)[both].sum())
        if there <= 0:
            break
        level *= float((size * now)[both].sum()) / there
        curve[int(k)] = level
        before = now
    return pd.Series(curve, name="retained")


@drawn
def plot_retention(frame: pd.DataFrame) -> Any:
    """Retention curves: one line per cohort, and a thick one over all of them.

    Parameters
    ----------
    frame : Accounts
        As :func:`churnpredict.accounting.cohorts` gives them.
    """
    mean = retention_curve(frame)
    if len(mean) < 2:
        return sentence("There are no retention curves to draw: no cohort is large enough and observed for a whole period.")
    theme, unit = look(), _unit(frame.index)
    steps = [int(k) for k in mean.index]
    figure, grid = new_figure(7.4, 4.4)
    ax = bare(grid[0, 0])
    lines = {str(name): np.r_[1.0, row.to_numpy(dtype=np.float64, na_value=np.nan)] for name, row in frame[steps[1:]].iterrows()}
    lines = {name: values for name, values in lines.items() if np.isfinite(values[1:]).any()}
    few = len(lines) <= _LABELLED
    for i, (name, values) in enumerate(lines.items()):
        colour = theme.colours[i % len(theme.colours)] if few else theme.quiet
        ax.plot(steps, values, color=colour, linewidth=1.3, alpha=0.9 if few else 0.35, gid=f"cohort {name}")
        last = int(np.flatnonzero(np.isfinite(values))[-1])
        if few and last < steps[-1]:
            _label(ax, last, values[last], name, colour)
    ax.plot(mean.index, mean.to_numpy(), color=theme.ink, linewidth=2.8, gid="all cohorts")
    _label(ax, steps[-1], float(mean.iloc[-1]), f"all: {percent(mean.iloc[-1])}", theme.ink, bold=True)
    ax.set_xlim(0, steps[-1] * 1.16)
    ax.set_ylim(0, 1.03)
    ax.set_xticks([k for k in steps if len(steps) <= 14 or k % max(1, len(steps) // 8) == 0])
    percent_axis(ax.yaxis)
    ax.set_xlabel(f"{unit}s after joining")
    ax.set_ylabel("customers still there")
    half = next((k for k in steps if mean[k] < 0.5), None)
    n = int(frame["customers"].sum())
    finding = f"Half of the customers have left after {_count(half, unit)}" if half else f"Most customers stay {_count(steps[-1], unit)}"
    first = f"{percent(mean[1])} are still there after the first {unit}, {percent(mean.iloc[-1])} after {_count(steps[-1], unit)}"
    return finish(
        figure,
        f"{finding}: {first}",
        f"Lines: share of customers still there by {unit}s after joining, {len(lines)} cohorts, {n:,} customers.",
    )


@drawn
def plot_rates(frame: pd.DataFrame, *, most: int = 6) -> Any:
    """Return churn rate per period with its interval; columns are divided where some were lost against their will. Groups are lines.

    Parameters
    ----------
    frame : Accounts
        As :func:`churnpredict.churn_rate` or :func:`churnpredict.accounting.tenure_table` gives them.
    most : int
        Groups, the largest first.
    """
    of = "period" if "period" in frame else "tenure_year"
    columns = list(frame.columns)
    group = columns[1] if of == "period" and columns[1] != "customers" else None
    known = frame[frame["rate"].notna().to_numpy()]
    if not len(known):
        return sentence("There is no churn rate to draw: no period is fully observed with enough customers.")
    figure, grid = new_figure(7.4, 4.2)
    ax = bare(grid[0, 0])
    names = list(dict.fromkeys(str(v) for v in frame[of] if str(v) in set(known[of].astype(str))))
    place = {name: i for i, name in enumerate(names)}
    title = _columns(ax, known, of, place) if group is None else _lines(ax, known, of, group, place, most)
    every = max(1, -(-len(names) // 12))
    ax.set_xticks(range(0, len(names), every), [escaped(n) for n in names[::every]])
    ax.set_xlabel("period" if of == "period" else "year as a customer")
    ax.set_ylabel("customers lost")
    ax.set_ylim(0, None)
    percent_axis(ax.yaxis)
    low, high = float(known["rate"].min()), float(known["rate"].max())
    return finish(figure, title, f"Share of customers lost in each period, {len(names)} periods, from {percent(low)} to {percent(high)}.")


def _columns(ax: Any, known: pd.DataFrame, of: str, place: dict[str, int]) -> str:
    theme = look()
    x = [place[str(v)] for v in known[of]]
    rate, low, high = (known[c].to_numpy(dtype=np.float64) for c in ("rate", "low", "high"))
    forced = np.divide(known["involuntary"].to_numpy(dtype=np.float64), known["customers"].to_numpy(dtype=np.float64))
    ax.bar(x, rate - forced, color=theme.colours[0], width=0.62, label="left", gid="left")
    if (forced > 0).any():
        ax.bar(x, forced, bottom=rate - forced, color=theme.colours[1], width=0.62, label="lost to failed payments", gid="lost")
        ax.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, 1.12), ncols=2)
    ax.vlines(x, low, high, color=theme.ink, linewidth=1.2)
    for at, value, top in zip(x, rate, high, strict=True):
        if len(x) <= 16:
            ax.annotate(percent(value), (at, top), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9)
    last = str(known[of].iloc[-1])
    period = last if of == "period" else f"year {last} as a customer"
    if len(x) == 1:
        return f"{percent(rate[-1])} of customers were lost in {period} (95 %: {percent(low[-1])} to {percent(high[-1])})"
    before = dict.fromkeys((percent(rate[:-1].min()), percent(rate[:-1].max())))
    return f"{percent(rate[-1])} of customers were lost in {period}; before: {' to '.join(before)}"


def _lines(ax: Any, known: pd.DataFrame, of: str, group: str, place: dict[str, int], most: int) -> str:
    theme = look()
    sizes = known.groupby(group)["customers"].sum().sort_values(ascending=False, kind="stable")
    shown = [str(name) for name in sizes.index[: min(most, len(theme.colours))]]
    ends = {}
    for i, name in enumerate(shown):
        part = known[known[group].astype(str) == name]
        x, rate = [place[str(v)] for v in part[of]], part["rate"].to_numpy(dtype=np.float64)
        ax.fill_between(x, part["low"].to_numpy(float), part["high"].to_numpy(float), color=theme.colours[i], alpha=0.13, linewidth=0)
        ax.plot(x, rate, "o-", color=theme.colours[i], linewidth=1.6, markersize=4, gid=name)
        ends[name] = (x[-1], float(rate[-1]), theme.colours[i])
    top = 1.05 * float(known["high"].max())
    beside = spread_out([value for _, value, _ in ends.values()], 0.05 * top)
    for (name, (at, _, colour)), y in zip(ends.items(), beside, strict=True):
        _label(ax, at, y, name, colour)
    ax.set_xlim(-0.4, len(place) - 1 + max(0.8, 0.18 * len(place)))
    of_group = f"{group.replace('_', ' ')} " if all(name.replace(".", "").isdigit() for name in ends) else ""
    latest = {of_group + name: value for name, (_, value, _) in ends.items()}
    worst, best = max(latest, key=latest.__getitem__), min(latest, key=latest.__getitem__)
    rest = f" ({len(sizes) - len(shown)} smaller groups left out)" if len(sizes) > len(shown) else ""
    if worst == best:
        return f"{percent(latest[worst])} of the customers in {worst} were lost in the newest period{rest}"
    return f"Lost in the newest period: {percent(latest[worst])} of {worst}, {percent(latest[best])} of {best}{rest}"


@drawn
def plot_coming(frame: pd.DataFrame, *, unit: str = "") -> Any:
    """Return the amounts of the contracts that come up in each period, and what of them is at risk, with its interval.

    Parameters
    ----------
    frame : Accounts
        As :func:`churnpredict.accounting.renewals` gives them; groups are added up, and have no interval then.
    unit : str
        Currency of the amounts, such as "€".
    """
    known = frame[frame["amount"].notna().to_numpy()]
    if not len(known):
        return sentence("There are no renewals to draw: no period has enough customers.")
    theme, grouped = look(), frame.columns[1] != "contracts"
    sums = known.groupby("period", sort=False)[["contracts", "amount", "at_risk", "at_risk_low", "at_risk_high"]].sum()
    figure, grid = new_figure(7.4, 4.0)
    ax = bare(grid[0, 0])
    x = np.arange(len(sums))
    amounts, risk = (sums[c].to_numpy(dtype=np.float64, na_value=0.0) for c in ("amount", "at_risk"))
    ax.bar(x, amounts, color=theme.quiet, width=0.62, label="comes up", gid="amount")
    ax.bar(x, risk, color=theme.raises, width=0.62, label="at risk", gid="at risk")
    if not grouped:
        ax.vlines(
            x, *(sums[c].to_numpy(dtype=np.float64, na_value=0.0) for c in ("at_risk_low", "at_risk_high")), color=theme.ink, linewidth=1.2
        )
    ax.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, 1.12), ncols=2)
    every = max(1, -(-len(sums) // 12))
    ax.set_xticks(x[::every], [escaped(str(p)) for p in sums.index[::every]])
    ax.set_ylabel(f"contracts that come up{f' in {unit}' if unit else ''}")
    ax.yaxis.set_major_formatter(lambda value, _=None: amount(value))
    n = int(sums["contracts"].sum())
    title = (
        f"{n:,} contracts over {amount(amounts.sum(), unit)} come up; {amount(risk.sum(), unit)} of that is at risk, as far as it is known"
    )
    return finish(
        figure, title, f"Columns: amounts by the period in which contracts come up, {len(sums)} periods, and what of them is at risk."
    )


@drawn
def plot_return(curve: Any, horizon: str | None = None) -> Any:
    """Return the share of quiet customers who still come back, by days of silence, with a horizon marked.

    Parameters
    ----------
    curve : ReturnCurve
    horizon : str, optional
        Such as ``"90d"``.
    """
    theme = look()
    figure, grid = new_figure(7.2, 3.8)
    ax = bare(grid[0, 0])
    days, frame = curve.frame.index.to_numpy(), curve.frame[["comes_back", "low", "high"]]
    ax.fill_between(days, frame["low"], frame["high"], color=theme.colours[0], alpha=0.18, linewidth=0)
    ax.plot(days, frame["comes_back"], color=theme.colours[0], linewidth=2, gid="comes back")
    settled = int(np.searchsorted(-frame["comes_back"].to_numpy(), -0.01))  # a long flat end would hide the fall
    chosen = None if horizon is None else int(span(horizon, "horizon").nominal // DAY)
    ax.set_xlim(0, min(days[-1], max(3 * settled, 2 * (chosen or 0), 1)))
    told = min(30, int(days[-1])) if chosen is None or chosen > days[-1] else chosen
    share = curve.comes_back(told)
    if chosen is not None:
        ax.axvline(chosen, color=theme.colours[1], linewidth=1.4, linestyle="--")
        near = chosen < 0.6 * ax.get_xlim()[1]
        text = f"{chosen} days: {percent(share)} still come back" if chosen <= days[-1] else f"{chosen} days"
        place = {"xytext": (6 if near else -6, 0), "textcoords": "offset points", "ha": "left" if near else "right"}
        ax.annotate(text, (chosen, 0.92), color=theme.colours[1], **place)
    ax.set_ylim(0, 1)
    percent_axis(ax.yaxis)
    ax.set_xlabel("days of silence")
    ax.set_ylabel("customers who still come back")
    title = f"Of customers without {curve.table} for {told} days, {percent(share)} still come back"
    return finish(figure, title, "Curve: share of quiet customers who come back, by days of silence, with a 95 % band.")


def _label(ax: Any, x: float, y: float, text: str, colour: str, *, bold: bool = False) -> None:
    weight = "bold" if bold else "normal"
    options = {"xytext": (5, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
    ax.annotate(escaped(text), (x, y), color=colour, fontweight=weight, **options)


def spread_out(values: list[float], gap: float) -> list[float]:
    """Return places for labels, in the order of the values, that lie at least a gap apart, and as near to the values as that allows from
    below.

    >>> [round(v, 9) for v in spread_out([0.15, 0.1, 0.16], 0.05)]
    [0.15, 0.1, 0.2]
    """
    places, last = [0.0] * len(values), -np.inf
    for i in np.argsort(values, kind="stable"):
        last = max(float(values[i]), last + gap)
        places[i] = last
    return places


def _unit(names: pd.Index) -> str:
    first = str(names[0]) if len(names) else ""
    return next((unit for pattern, unit in _PERIODS if re.fullmatch(pattern, first)), "period")


def _count(n: int, unit: str) -> str:
    return f"{n} {unit}{'' if n == 1 else 's'}"
