"""Plots of explanations in probability points: one customer, segments, all customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.evaluation.pictures import NEUTRAL, new_figure
from churnpredict.explanation.explained import Explained

__all__ = ["plot_book", "plot_customer", "plot_segments"]

RAISES, LOWERS = "#D55E00", "#0072B2"  # Okabe and Ito (2008)
_SEGMENTS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#F0E442")
_MARKERS = "osD^vPX*"
_LEAST = 0.0005  # what would be printed as 0.0 points gets no bar of its own


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, list[Any]]:
    figure, grid = new_figure(width, height, columns=columns, sharey=columns > 1)
    axes = list(grid.ravel())
    for ax in axes:
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
        ax.set_axisbelow(True)
        ax.grid(axis="x", color="#E5E5E5", linewidth=0.8)
    return figure, axes


def _plain(text: Any) -> str:
    """Return a label as it is: matplotlib takes dollars for formulas."""
    return str(text).replace("$", r"\$")


def plot_customer(why: Explained, *, row: int = 0, most: int = 8) -> Any:
    """Return the way of one customer from the base risk to their own, driver by driver.

    Parameters
    ----------
    why : Explanation
    row : int
        Its place in the explanation.
    most : int
        Bars; the smallest drivers are drawn as one.
    """
    if not -len(why) <= row < len(why):
        raise UsageError("no-such-row", f"row {row} of {len(why):,}", remedy="Give a place in the explanation.")
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
    figure, (ax,) = _figure(7.2, 1.3 + 0.42 * (len(steps) + 2))
    level, lows, highs = base, [min(base, risk)], [max(base, risk)]
    for i, (_, step) in enumerate(steps, start=1):
        ax.barh(i, step, left=level, height=0.62, color=RAISES if step > 0 else LOWERS)
        ax.plot([level + step] * 2, [i - 0.31, i + (1.31 if i < len(steps) else 1)], color=NEUTRAL, linewidth=0.8, zorder=3)
        lows.append(min(level, level + step))
        highs.append(max(level, level + step))
        # always to the right of the bar: never on another bar, never cut off
        ax.annotate(f"{100 * step:+.1f}", (highs[-1], i), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        level += step
    ends = [(0, base, "where all begin"), (len(steps) + 1, risk, "this customer")]
    for place, value, _ in ends:
        ax.plot([value], [place], "o", color=NEUTRAL, markersize=8, zorder=4)
        ax.annotate(f"{value:.1%}", (value, place), xytext=(9, 0), textcoords="offset points", va="center", fontsize=10, fontweight="bold")
    ax.plot([base, base], [0, 1.31], color=NEUTRAL, linewidth=0.8, zorder=3)
    ax.set_yticks(range(len(steps) + 2), [_plain(t) for t in [f"Base ({why.reference})", *[s for s, _ in steps], "Risk"]])
    ax.invert_yaxis()
    span = max(max(highs) - min(lows), 0.02)
    ax.set_xlim(max(min(lows) - 0.06 * span, -0.02), max(highs) + 0.16 * span)
    ax.xaxis.set_major_formatter(_percent)
    ax.set_xlabel("Probability of leaving; bars in probability points")
    ax.set_title(f"Why the risk is {risk:.1%} and not {base:.1%}", loc="left", fontsize=12)
    return figure


def _percent(value: float, _: Any = None) -> str:
    return f"{100 * value:.4g} %"


def plot_segments(why: Explained, *, by: Any, most: int = 8) -> Any:
    """Return mean probability points of every driver, segment beside segment.

    Parameters
    ----------
    why : Explanation
    by : array, Series (n,) or str
        The segment of every row, or a feature whose values are the segments.
    most : int
        Segments, the largest first, 8 at most; the rest is left out and counted in the title.
    """
    labels = why.frame()[by].to_numpy(dtype=object) if isinstance(by, str) and by in why.features else by
    if isinstance(labels, str) or len(labels) != len(why):
        raise UsageError("bad-segments", "by is neither a feature nor one value per row", remedy="Give the segment of every row.")
    segment = pd.Series(np.asarray(labels, dtype=object)).fillna("(missing)").astype(str)
    sizes = segment.value_counts()
    chosen = sorted(sizes.index, key=lambda s: (-sizes[s], s))[: min(most, len(_SEGMENTS))]
    if len(chosen) == len(segment) > 1:
        raise UsageError("bad-segments", "every row is a segment of its own", remedy="Give fewer segments, or bin the numbers.")
    points = 100 * why.by_driver * why._secant[:, None]
    means = np.array([points[(segment == s).to_numpy()].mean(axis=0) for s in chosen])
    order = np.argsort(np.abs(means).max(axis=0), kind="stable")
    risk = why.risk.to_numpy()
    figure, (ax,) = _figure(7.6, 1.8 + 0.42 * len(order) + 0.22 * len(chosen))
    for i, name in enumerate(chosen):
        members = (segment == name).to_numpy()
        label = f"{name}: {risk[members].mean():.1%} mean risk, {members.sum():,} rows"
        beside = np.arange(len(order)) + 0.14 * (i - (len(chosen) - 1) / 2)  # equal means stay visible
        ax.plot(means[i][order], beside, _MARKERS[i], color=_SEGMENTS[i], label=_plain(label), markersize=7, alpha=0.9)
    ax.hlines(range(len(order)), means.min(axis=0)[order], means.max(axis=0)[order], color="#CCCCCC", linewidth=2, zorder=0)
    ax.axvline(0, color=NEUTRAL, linewidth=1)
    drivers = [driver.label for driver in why.table.values()]
    ax.set_yticks(range(len(order)), [_plain(drivers[j]) for j in order])
    ax.set_xlabel(f"Mean probability points, counted from {why.base_risk:.1%} ({why.reference})")
    left_out = len(sizes) - len(chosen)
    ax.set_title(
        "What drives the risk of each segment" + (f" ({left_out} smaller ones left out)" if left_out else ""), loc="left", fontsize=12
    )
    figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    return figure


def plot_book(why: Explained) -> Any:
    """Return all customers: how much each driver raises and lowers risks on average, and of how many it is the first reason."""
    points = 100 * why.by_driver * why._secant[:, None]
    up, down = np.maximum(points, 0).mean(axis=0), np.minimum(points, 0).mean(axis=0)
    first = np.array([(why.strongest(1)[0][:, 0] == j).mean() for j in range(len(why.table))])
    order = np.argsort(up - down, kind="stable")
    places = np.arange(len(order))
    labels = [driver.label for driver in why.table.values()]
    figure, (left, right) = _figure(9.2, 1.9 + 0.36 * len(order), columns=2)
    left.barh(places, up[order], color=RAISES, height=0.66, label="raises the risk")
    left.barh(places, down[order], color=LOWERS, height=0.66, label="lowers the risk")
    left.axvline(0, color=NEUTRAL, linewidth=1)
    left.set_yticks(places, [_plain(labels[j]) for j in order])
    left.set_xlabel("Mean probability points over all customers")
    left.legend(frameon=False, loc="lower right", fontsize=9)
    right.barh(places, 100 * first[order], color=NEUTRAL, height=0.66)
    for place, share in zip(places, 100 * first[order], strict=True):
        right.annotate(f"{share:.0f} %", (share, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    right.set_xlim(0, max(1.0, 115 * first.max()))
    right.set_xlabel("First reason of so many customers, in %")
    rate = "" if why.base_rate is None else f"; {why.base_rate:.1%} left in training"
    figure.suptitle(
        f"Why {len(why):,} customers may leave: mean risk {why.risk.mean():.1%}, counted from {why.base_risk:.1%}{rate}",
        x=0.01,
        ha="left",
        fontsize=12,
    )
    return figure
