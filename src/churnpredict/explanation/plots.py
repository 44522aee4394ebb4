"""Plots of explanations in probability points: one customer, segments, all customers, customers in the order of risk, single features."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice
from churnpredict.errors import UsageError
from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, low_to_high, new_figure, percent_axis, sentence
from churnpredict.explanation.explained import Explained
from churnpredict.explanation.rows import row_of
from churnpredict.feature_names import read_name
from churnpredict.figures import people, percent, tick
from churnpredict.figures import points as in_points
from churnpredict.moments import Moment

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_book", "plot_customer", "plot_map", "plot_segments", "plot_swarm", "short_label"]

_MARKERS = "osD^vPX"
_LEAST = 0.0005  # contributions that would be printed as 0.0 points get no bar
_BINS = 40
_UNITS = {"h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_MOST_DOTS = 2000


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, list[Any]]:
    figure, grid = new_figure(width, height, columns=columns, sharey=columns > 1)
    return figure, [bare(ax, grid="x") for ax in grid.ravel()]


@drawn
def plot_customer(why: Explained, *, customer: Any = None, cutoff: Moment | None = None, most: int = 8) -> Figure:
    """Plot the path of one customer from the base risk to their own, driver by driver.

    Parameters
    ----------
    why : Explanation
    customer : id, optional
        Needed where several customers are explained.
    cutoff : time, optional
        Of several explained cutoffs the newest by default.
    most : int
        Bars; the smallest drivers are drawn as one.

    Raises
    ------
    UsageError
        ``which-customer``, ``no-such-customer``.
    """
    row = row_of(why, customer, cutoff)
    theme = look()
    points = why.by_driver[row] * why._secant[row]
    order = np.argsort(-np.abs(points), kind="stable")
    shown = [j for j in order[:most] if abs(points[j]) >= _LEAST]
    rest = float(points.sum() - points[shown].sum())
    labels = [driver.label for driver in why.table.values()]
    steps = [(labels[j], float(points[j])) for j in shown]
    if abs(rest) >= _LEAST:
        n_rest = len(points) - len(shown)
        steps.append((f"{n_rest} other driver{'' if n_rest == 1 else 's'}", rest))
    base, risk = why.base_risk, float(why.risk.iloc[row])
    figure, (ax,) = _figure(7.2, 1.5 + 0.42 * (len(steps) + 2))
    level, lows, highs = base, [min(base, risk)], [max(base, risk)]
    for i, (_, step) in enumerate(steps, start=1):
        ax.barh(i, step, left=level, height=0.62, color=theme.raises if step > 0 else theme.lowers)
        ax.plot([level + step] * 2, [i - 0.31, i + (1.31 if i < len(steps) else 1)], color=theme.quiet, linewidth=0.8, zorder=3)
        lows.append(min(level, level + step))
        highs.append(max(level, level + step))
        # always to the right of the bar: never on another bar, never cut off
        ax.annotate(in_points(step), (highs[-1], i), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        level += step
    for place, value in ((0, base), (len(steps) + 1, risk)):
        ax.plot([value], [place], "o", color=theme.quiet, markersize=8, zorder=4)
        beside = {"xytext": (9, 0), "textcoords": "offset points", "va": "center", "fontsize": 10, "fontweight": "bold"}
        ax.annotate(f"{in_points(value, sign=False)} %", (value, place), **beside)
    ax.plot([base, base], [0, 1.31 if steps else 1], color=theme.quiet, linewidth=0.8, zorder=3)
    ax.set_yticks(range(len(steps) + 2), [escaped(t) for t in ["start", *[s for s, _ in steps], "calibrated risk"]])
    ax.invert_yaxis()
    span = max(max(highs) - min(lows), 0.02)
    ax.set_xlim(max(min(lows) - 0.06 * span, -0.02), max(highs) + 0.16 * span)
    ax.xaxis.set_major_formatter(lambda value, _=None: tick(value))
    ax.set_xlabel(escaped(f"probability of leaving; start: {why.reference}; bars in points"))
    raising = [f"{label} ({in_points(step)})" for label, step in steps if step > 0][:2]
    because = f", mostly {' and '.join(raising)}" if raising else ", and no driver raises it"
    title = f"{_name_of(why, row)}: risk {percent(risk)} instead of {percent(base)}{because}"
    return finish(figure, title, f"Bars lead from {percent(base)} over {len(steps)} drivers to {percent(risk)}.")


def _name_of(why: Explained, row: int) -> str:
    """Return how the row is called: its customer, or its place."""
    if "customer_id" in why.index.names:
        return f"Customer {why.index.get_level_values('customer_id')[row]}"
    return f"Row {why.index[row]}"


@drawn
def plot_segments(why: Explained, *, by: Any, most: int = 7) -> Any:
    """Return mean probability points of every driver, segment beside segment.

    Parameters
    ----------
    why : Explanation
    by : array, Series (n,) or str
        The segment of every row, or a feature whose values are the segments.
    most : int
        Segments, the largest ones, 7 at most; the rest is counted in the title. The one of the highest mean risk is named and drawn first.
    """
    labels = why.frame()[by].to_numpy(dtype=object) if isinstance(by, str) and by in why.features else by
    if isinstance(labels, str) or len(labels) != len(why):
        raise UsageError("bad-segments", "by is neither a feature nor one value per row", remedy="Give the segment of every row.")
    theme = look()
    segment = pd.Series(np.asarray(labels, dtype=object)).fillna("(missing)").astype(str)
    sizes = segment.value_counts()
    chosen = sorted(sizes.index, key=lambda s: (-sizes[s], s))[: min(most, len(theme.colours))]
    if len(chosen) == len(segment) > 1:
        raise UsageError("bad-segments", "every row is a separate segment", remedy="Give fewer segments, or bin the numbers.")
    risk = why.risk.to_numpy()
    chosen.sort(key=lambda s: -risk[segment == s].mean())  # of equal risks the largest segment stays first
    points = 100 * why.by_driver * why._secant[:, None]
    means = np.array([points[(segment == s).to_numpy()].mean(axis=0) for s in chosen])
    order = np.argsort(np.abs(means).max(axis=0), kind="stable")
    figure, (ax,) = _figure(7.6, 1.9 + 0.42 * len(order) + 0.22 * len(chosen))
    for i, name in enumerate(chosen):
        label = f"{name}: {percent(risk[segment == name].mean())} mean risk, {sizes[name]:,} rows"
        beside = np.arange(len(order)) + 0.14 * ((len(chosen) - 1) / 2 - i)  # equal means stay visible
        ax.plot(means[i][order], beside, _MARKERS[i], color=theme.colours[i], label=escaped(label), markersize=7, alpha=0.9)
    ax.hlines(range(len(order)), means.min(axis=0)[order], means.max(axis=0)[order], color=theme.grid, linewidth=2, zorder=0)
    ax.axvline(0, color=theme.quiet, linewidth=1)
    drivers = [driver.label for driver in why.table.values()]
    ax.set_yticks(range(len(order)), [escaped(drivers[j]) for j in order])
    ax.set_xlabel(escaped(f"mean probability points, counted from {percent(why.base_risk)} ({why.reference})"))
    figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    wide = means.max(axis=0) - means.min(axis=0)
    j = int(np.argmax(wide))
    left_out = len(sizes) - len(chosen)
    rest = f" ({left_out} smaller segments left out)" if left_out else ""
    title = (
        f"{drivers[j]} tells the segments apart most: {in_points(means[:, j].min() / 100)} to "
        f"{in_points(means[:, j].max() / 100)} points{rest}"
    )
    if len(chosen) == 1:
        title = f"One segment, {chosen[0]}: {drivers[j]} moves its risk most, by {in_points(means[0, j] / 100)} points"
    return finish(figure, title, f"Marks: mean points of {len(order)} drivers in {len(chosen)} segments.")


@drawn
def plot_book(why: Explained) -> Any:
    """Return all customers: how much each driver raises and lowers risks on average, and of how many it is the first reason."""
    if not len(why):
        return _nobody()
    theme = look()
    points = 100 * why.by_driver * why._secant[:, None]
    up, down = np.maximum(points, 0).mean(axis=0), np.minimum(points, 0).mean(axis=0)
    first = np.array([(why.strongest(1)[0][:, 0] == j).mean() for j in range(len(why.table))])
    order = np.argsort(up - down, kind="stable")
    places = np.arange(len(order))
    labels = [driver.label for driver in why.table.values()]
    figure, (left, right) = _figure(9.2, 2.1 + 0.36 * len(order), columns=2)
    left.barh(places, up[order], color=theme.raises, height=0.66, label="raises the risk")
    left.barh(places, down[order], color=theme.lowers, height=0.66, label="lowers the risk")
    left.axvline(0, color=theme.quiet, linewidth=1)
    left.set_yticks(places, [escaped(labels[j]) for j in order])
    left.set_xlabel("mean probability points over all customers")
    left.legend(frameon=False, loc="lower right", fontsize=9)
    right.barh(places, first[order], color=theme.quiet, height=0.66)
    for place, share in zip(places, first[order], strict=True):
        right.annotate(percent(share), (share, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    right.set_xlim(0, max(0.01, 1.15 * first.max()))
    percent_axis(right.xaxis)
    right.set_xlabel("customers whose first reason it is")
    rate = "" if why.base_rate is None else f"; {percent(why.base_rate)} left in training"
    top = int(np.argmax(first))
    customers = f"{len(why):,} customer{'' if len(why) == 1 else 's'}"
    title = f"{labels[top]} is the first reason of {percent(first[top])} of {customers}; mean risk {percent(why.risk.mean())}, "
    return finish(
        figure,
        f"{title}counted from {percent(why.base_risk)}{rate}",
        f"Left: mean points of {len(order)} drivers, up and down; right: of how many customers each is the first reason.",
    )


@drawn
def plot_map(why: Explained, *, most: int = 6) -> Any:
    """Return the customer base from the highest risk to the lowest, each risk divided into the points of its drivers.

    Parameters
    ----------
    why : Explanation
    most : int
        Drivers of a colour of their own, those that move risks most; the others are one. At most 6.
    """
    if not len(why):
        return _nobody()
    theme = look()
    risk = why.risk.to_numpy()
    points = 100 * (why.by_driver * why._secant[:, None])[np.argsort(-risk, kind="stable")]
    groups = np.array_split(np.arange(len(risk)), min(_BINS, len(risk)))
    means = np.array([points[rows].mean(axis=0) for rows in groups])
    order = np.argsort(-np.abs(points).mean(axis=0), kind="stable")
    chosen = order[: min(most, len(theme.colours) - 1)]
    labels = [driver.label for driver in why.table.values()]
    layers = [(labels[j], means[:, j], theme.colours[i]) for i, j in enumerate(chosen)]
    if len(order) > len(chosen):
        layers.append((f"{len(order) - len(chosen)} other drivers", means[:, order[len(chosen) :]].sum(axis=1), theme.quiet))
    figure, grid = new_figure(8.2, 4.6)
    ax = bare(grid[0, 0])
    wide = np.array([len(rows) for rows in groups]) / len(risk)
    left = np.r_[0.0, np.cumsum(wide)[:-1]]
    up, down = np.zeros(len(groups)), np.zeros(len(groups))
    for name, values, colour in layers:
        rises, falls = np.maximum(values, 0), np.minimum(values, 0)
        ax.bar(left, rises, wide, bottom=up, align="edge", color=colour, label=escaped(name), gid=name)
        ax.bar(left, falls, wide, bottom=down, align="edge", color=colour)
        up, down = up + rises, down + falls
    total = means.sum(axis=1)
    ax.step(np.r_[left, 1.0], np.r_[total, total[-1]], where="post", color=theme.ink, linewidth=1.6, label="risk minus start", gid="total")
    ax.axhline(0, color=theme.quiet, linewidth=0.8)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _=None: tick(value))
    ax.set_xlabel("share of customers, highest risk first")
    ax.set_ylabel(f"probability points above {percent(why.base_risk)}")
    figure.legend(loc="outside lower left", frameon=False, fontsize=9, ncols=4)
    tenth = points[: max(1, round(len(risk) / 10))].mean(axis=0)
    two = [f"{labels[j]} {in_points(tenth[j] / 100)}" for j in np.argsort(-tenth, kind="stable")[:2] if tenth[j] > 0]
    title = f"What lifts the riskiest tenth of {people(len(risk))} customers: {' and '.join(two) or 'nothing in particular'}"
    title += " points on average" if two else ""
    return finish(figure, title, f"Stacked columns: points of {len(layers)} drivers by customers in the order of their risk.")


@drawn
def plot_swarm(why: Explained, *, by: str = "features", most: int = 10) -> Any:
    """Return every customer as a dot, one line per feature or driver: how far it moves the risk, coloured by the feature's value.

    Parameters
    ----------
    why : Explanation
        Of more than 2,000 customers, 2,000 are drawn, evenly spaced in risk.
    by : {"features", "drivers"}
    most : int
        Lines, those that move risks most.
    """
    check_choice(by, "by", ("features", "drivers"))
    if not len(why):
        return _nobody()
    theme, secant = look(), why._secant[:, None]
    points = 100 * (why.values.to_numpy() if by == "features" else why.by_driver) * secant
    names = [short_label(n) for n in why.features] if by == "features" else [d.label for d in why.table.values()]
    frame = why.frame() if by == "features" else None
    rows = np.argsort(why.risk.to_numpy(), kind="stable")
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_DOTS)).round().astype(int))]
    order = np.argsort(-np.abs(points).mean(axis=0), kind="stable")[:most]
    figure, (ax,) = _figure(8.2, 1.9 + 0.44 * len(order))
    for place, j in enumerate(order):
        x = points[rows, j]
        colour = _levels(frame.iloc[:, j].iloc[rows]) if frame is not None else np.full(len(rows), 0.5)
        known = ~np.isnan(colour)
        y = place + _spread(x, float(np.abs(points[:, order]).max()))
        ax.scatter(x[~known], y[~known], s=7, color=theme.quiet, linewidth=0, alpha=0.8)
        drawing = {"c": colour[known], "cmap": low_to_high(), "vmin": 0, "vmax": 1} if frame is not None else {"color": theme.colours[0]}
        ax.scatter(x[known], y[known], s=7, linewidth=0, alpha=0.9, gid=names[j], **drawing)
    ax.axvline(0, color=theme.quiet, linewidth=1)
    ax.set_yticks(range(len(order)), [escaped(names[j]) for j in order])
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.set_xlabel("probability points: right of the line the risk is raised")
    if frame is not None:
        from matplotlib.cm import ScalarMappable

        bar = figure.colorbar(ScalarMappable(cmap=low_to_high()), ax=ax, aspect=40, pad=0.01, ticks=[0, 1])
        bar.ax.set_yticklabels(["low", "high"], fontsize=9)
        bar.set_label("value, among these customers", fontsize=9)
        bar.outline.set_visible(False)
    low, high = points[:, order[0]].min(), points[:, order[0]].max()
    title = f"{names[order[0]][:1].upper()}{names[order[0]][1:]} moves risks most: {in_points(low / 100)} to {in_points(high / 100)} points"
    return finish(
        figure, title, f"Dots: {people(len(rows))} customers on each of {len(order)} lines, by the points that it adds to their risk."
    )


def short_label(feature: str) -> str:
    """Return a feature's name in a few words: what it is about, what is measured, over which window.

    >>> short_label("support__tickets_open_count"), short_label("value__orders_sum_90d"), short_label("age")
    ('tickets: open count', 'orders: sum, 90 days', 'age')
    """
    name = read_name(feature)
    subject = name.subject.replace("_", " ")
    if name.aggregate == "plain":
        return subject
    window = "" if name.window in ("", "all") else f", {_in_words(name.window)}"
    number = f" ({name.number})" if name.number else ""
    measure = name.aggregate.replace("_", " ")
    return f"{subject}: {measure}{number}{window}" if subject and name.aggregate else feature.replace("_", " ")


def _in_words(window: str) -> str:
    """Return a window as people say it: "90d" is "90 days"."""
    parts = [(n, _UNITS.get(unit, unit)) for n, unit in re.findall(r"([0-9.]+)([a-z]+)", window)]
    return " ".join(f"{n} {unit}{'' if n == '1' else 's'}" for n, unit in parts) or window


def _levels(column: pd.Series) -> np.ndarray:
    """Return how high each value is among all of them, 0 to 1 (n,); NaN where it is missing or no number."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return np.full(len(column), np.nan)
    values = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))
    ranks = values.rank(method="average")
    return ((ranks - 1) / max(float(values.notna().sum()) - 1, 1)).to_numpy()


def _spread(x: np.ndarray, most: float) -> np.ndarray:
    """Return dots of nearly the same points one above the other, at most 0.4 from their line (n,)."""
    cell = np.round(60 * x / max(most, 1e-9)).astype(np.int64)
    order = np.argsort(cell, kind="stable")
    _, start, count = np.unique(cell[order], return_index=True, return_counts=True)
    rank = np.empty(len(x))
    rank[order] = np.arange(len(x)) - np.repeat(start, count)
    side = np.where(rank % 2 == 0, 1, -1) * np.ceil(rank / 2)
    return np.asarray(0.4 * side / max(float(np.abs(side).max(initial=0.0)), 12.0))


def _nobody() -> Any:
    return sentence("There is nothing to draw: no customer is explained.")
