"""Picture of a retraining: champion against challenger."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, sentence
from churnpredict.figures import loss_gap, people, score
from churnpredict.languages.catalogue import capital

__all__ = ["plot_retraining"]

_ORDER = ("challenger", "champion", "base rate")
_METRICS = (("log_loss", "log loss (lower is better)"), ("auc", "AUC (higher is better)"))


@drawn
def plot_retraining(found: Any, *, most: int = 8) -> Any:
    """Draw log loss and AUC of challenger, champion and base rate with their intervals, and what moves risks in each.

    Parameters
    ----------
    found : Retraining
    most : int
        Drivers, those that differ most.
    """
    if not len(found.figures):
        return sentence(f"Nothing was compared. {found.words}")
    theme, table = look(), found.figures
    panels = [(m, title) for m, title in _METRICS if m in set(table["metric"])]
    drivers = found.drivers if len(found.drivers) else None
    figure, grid = new_figure(10.4, 3.6 if drivers is None else 4.0, columns=len(panels) + (drivers is not None))
    for ax, (metric, title) in zip(grid[0], panels, strict=False):
        part = table[table["metric"] == metric].set_index("model")
        models = [m for m in _ORDER if m in part.index]
        bare(ax, grid="x")
        for place, model in enumerate(models):
            row, colour = part.loc[model], theme.colours[_ORDER.index(model)]
            if np.isfinite(row["low"]) and np.isfinite(row["high"]):
                ax.hlines(place, row["low"], row["high"], color=colour, linewidth=2)
            ax.plot([row["value"]], [place], "o", color=colour, markersize=8, gid=f"{metric} {model}")
            above = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center", "fontsize": 10}
            ax.annotate(score(row["value"]), (row["value"], place), color=colour, **above)
        ax.set_yticks(range(len(models)), models)
        ax.set_ylim(len(models) - 0.4, -0.7)
        ax.margins(x=0.12)
        ax.set_xlabel(title)
    if drivers is not None:
        _drivers(bare(grid[0, -1], grid="x"), drivers, most)
    verdict = "The challenger takes over" if found.promoted else "The champion stays"
    apart = found.difference
    figures = "" if apart is None else f": log loss {loss_gap(apart.value)} (95 %: {loss_gap(apart.low)} to {loss_gap(apart.high)})"
    seen = f"Dots with 95 % intervals for {people(found.n)} snapshots, of which {people(found.leavers)} left."
    return finish(figure, f"{verdict} [{found.verdict}]{figures}", f"{capital(found.words.rstrip('.'))}. {seen}")


def _drivers(ax: Any, drivers: Any, most: int) -> None:
    theme = look()
    order = (drivers["challenger"] - drivers["champion"]).abs().sort_values(ascending=False, kind="stable").index[:most]
    for place, name in enumerate(order):
        old, new = 100 * float(drivers.loc[name, "champion"]), 100 * float(drivers.loc[name, "challenger"])
        ax.plot([old, new], [place, place], color=theme.grid, linewidth=3, zorder=1)
        ax.plot([old], [place], "o", color=theme.colours[1], markersize=7, gid=f"champion {name}")
        ax.plot([new], [place], "D", color=theme.colours[0], markersize=6, gid=f"challenger {name}")
    ax.set_yticks(range(len(order)), [escaped(name) for name in order])
    ax.set_ylim(len(order) - 0.4, -0.7)
    ax.set_xlim(0, None)
    ax.set_xlabel("mean points of each driver: ● champion, ◆ challenger")
