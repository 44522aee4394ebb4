"""Picture of a drift report: every check against its limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, sentence
from churnpredict.figures import times

__all__ = ["checks_by_limit", "plot_drift"]

_FAR = 3.0  # times the limit; beyond it a bar says no more


def checks_by_limit(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the checks of a drift report with their size as a multiple of the limit, and the usual size, the largest first.

    >>> rows = pd.DataFrame({"group": ["input"], "check": ["psi"], "where": ["age"], "value": [0.3], "usual": [0.1], "limit": [0.2]})
    >>> checks_by_limit(rows.assign(alarm=True))[["value_by_limit", "usual_by_limit"]].round(3).values.tolist()
    [[1.5, 0.5]]
    """
    limit = figures["limit"].to_numpy(dtype=np.float64)
    frame = figures.copy()
    for name in ("value", "usual"):
        size = figures[name].to_numpy(dtype=np.float64)
        frame[f"{name}_by_limit"] = np.where(limit > 0, size / np.where(limit > 0, limit, 1.0), np.where(size > 0, np.inf, 0.0))
    order = np.lexsort((-frame["value_by_limit"].fillna(0.0).to_numpy(), ~frame["alarm"].to_numpy(dtype=bool)))
    return frame.iloc[order].reset_index(drop=True)


@drawn
def plot_drift(drift: Any, *, most: int = 15) -> Any:
    """Draw how near each check is to its limit, alarms first, and how near it usually is.

    Parameters
    ----------
    drift : Drift
    most : int
        Checks, those nearest to their limits.
    """
    if not len(drift.figures):
        return sentence("There is no check to draw: nothing could be compared.")
    theme, table = look(), checks_by_limit(drift.figures)
    shown = table.head(most)
    figure, grid = new_figure(8.0, 1.7 + 0.34 * len(shown))
    ax = bare(grid[0, 0], grid="x")
    size = np.clip(shown["value_by_limit"].fillna(0.0).to_numpy(), 0, _FAR)
    usual = np.clip(shown["usual_by_limit"].fillna(0.0).to_numpy(), 0, _FAR)
    alarm = shown["alarm"].to_numpy(dtype=bool)
    places = np.arange(len(shown))
    colours = [theme.raises if a else theme.lowers for a in alarm]
    ax.barh(places, size, color=colours, height=0.62, gid="checks")
    ax.plot(usual, places, "|", color=theme.ink, markersize=11, markeredgewidth=2, linestyle="none", label="usual", gid="usual")
    ax.axvline(1, color=theme.ink, linewidth=1.2, linestyle="--")
    ax.annotate("limit", (1, -0.75), xytext=(4, 0), textcoords="offset points", fontsize=9, annotation_clip=False)
    for place, (value, a) in enumerate(zip(shown["value_by_limit"], alarm, strict=True)):
        told = ("> " if value > _FAR else "") + times(min(value, _FAR)) if np.isfinite(value) else "not comparable"
        beside = {"xytext": (7, 0), "textcoords": "offset points", "va": "center", "fontsize": 9}
        beside["bbox"] = {"facecolor": theme.paper, "edgecolor": "none", "pad": 1.0}  # over the line of the limit
        ax.annotate(told, (max(size[place], usual[place]), place), fontweight="bold" if a else "normal", **beside)
    ax.set_yticks(places, [escaped(f"{g}: {w} ({c})") for g, w, c in zip(shown["group"], shown["where"], shown["check"], strict=True)])
    ax.set_ylim(len(shown) - 0.4, -1.1)
    ax.set_xlim(0, max(1.25, 1.2 * float(max(size.max(), usual.max()))))
    ax.set_xlabel("size of the change, as a multiple of the limit; | is what was usual among training cutoffs")
    n, first = int(table["alarm"].sum()), table.iloc[0]
    rest = f" ({len(table) - len(shown)} farther from their limits left out)" if len(table) > len(shown) else ""
    if n:
        title = f"{n} of {len(table)} checks raise{'s' if n == 1 else ''} a drift alarm, {first['where']} ({first['check']}) most{rest}"
    else:
        near = f"{first['where']} ({first['check']}) is nearest, at {times(first['value_by_limit'])} its limit"
        title = f"No drift alarm in {len(table)} checks; {near}{rest}"
    return finish(figure, title, f"Bars: {len(shown)} checks at {drift.at:%Y-%m-%d} as multiples of their limits.")
