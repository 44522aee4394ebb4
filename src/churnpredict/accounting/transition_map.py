"""Picture of transitions: a map with one field per move, from the states at the start to those at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, sentence
from churnpredict.figures import amount, people, percent

__all__ = ["plot_transitions"]

_GONE = ("left", "lost")
_PALEST = 0.1  # weight of the colour in a field of nearly nobody


@drawn
def plot_transitions(frame: Any, *, of: str = "customers", unit: str = "") -> Any:
    """Return a map of the moves: one row per state at the start, one column per state at the end.

    The stronger the colour, the larger the share of the row; departures have a colour of their own.

    Parameters
    ----------
    frame : Transitions
        As :func:`churnpredict.accounting.transitions` gives them.
    of : {"customers", "money_start", "money_end"}
        What the fields show.
    unit : str
        Currency of the amounts, such as "€".

    Raises
    ------
    UsageError
        ``unknown-choice``.
    """
    counts = frame.matrix()
    values = frame.matrix(of).to_numpy(dtype=np.float64, na_value=np.nan)
    if not frame["customers"].notna().any():
        return sentence("There are no moves to draw: no group of customers is large enough.")
    shares = frame.matrix("share").to_numpy(np.float64)
    theme = look()
    height, width = values.shape
    figure, grid = new_figure(max(4.8, 2.0 + 0.95 * width), 1.9 + 0.55 * height)
    ax = bare(grid[0, 0], grid=None)
    ax.spines["bottom"].set_visible(False)
    for i, j in np.ndindex(values.shape):
        here, hidden = values[i, j], np.isnan(shares[i, j])
        if shares[i, j] == 0:
            continue
        colour = _mixed(theme.raises if counts.columns[j] in _GONE else theme.lowers, 0.0 if hidden else shares[i, j])
        ax.add_patch(_field(j, i, colour, f"{counts.index[i]} to {counts.columns[j]}"))
        text = "–" if hidden else f"{_written(here, of, unit)}\n{percent(shares[i, j])}"
        ax.annotate(escaped(text), (j, i), ha="center", va="center", fontsize=8.5, color="#000000" if _bright(colour) else "#FFFFFF")
    ax.set_xlim(-0.5, width - 0.5)
    ax.set_ylim(height - 0.5, -0.5)
    ax.set_xticks(range(width), [escaped(name) for name in counts.columns])
    ax.set_yticks(range(height), [escaped(name) for name in counts.index])
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(f"{frame.end} (per cent: of the customers of a row)")
    ax.set_ylabel(frame.start)
    n = int(frame["customers"].sum())
    seen = f"Map of {people(n)} customers: {height} states at the start in rows, {width} at the end in columns. {_largest(frame)}"
    return finish(figure, _finding(frame), seen)


def _written(value: float, of: str, unit: str) -> str:
    return people(value) if of == "customers" else amount(value, unit)


def _field(x: int, y: int, colour: Any, gid: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, facecolor=colour, linewidth=0, gid=gid)


def _mixed(colour: str, share: float) -> Any:
    """Return a colour that stands out from the paper more, the larger the share."""
    from matplotlib.colors import to_rgb

    weight = _PALEST + (1 - _PALEST) * share
    return tuple(weight * c + (1 - weight) * p for c, p in zip(to_rgb(colour), to_rgb(look().paper), strict=True))


def _bright(colour: Any) -> bool:
    """Return whether black is easier to read on a colour than white, by relative luminance as in WCAG 2."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179


def _finding(frame: Any) -> str:
    """Return how many of the customers at the start have left, and of which state most."""
    known = frame[frame["customers"].notna().to_numpy()]
    at_start = known[(~known["from"].isin(("not yet", *_GONE))).to_numpy()]
    n = int(at_start["customers"].sum())
    if not n:
        joined = int(known.loc[(known["from"] == "not yet").to_numpy(), "customers"].sum())
        return f"{people(joined)} customers joined between {frame.start} and {frame.end}"
    gone = at_start[at_start["to"].isin(_GONE).to_numpy()]
    whole, left = at_start.groupby("from")["customers"].sum(), gone.groupby("from")["customers"].sum()
    hidden = frame["customers"].isna().any()
    who = f"the {people(n)} customers shown" if hidden else "the customers"
    title = f"{percent(int(gone['customers'].sum()) / n)} of {who} at {frame.start} had left by {frame.end}"
    rates = (left / whole.reindex(left.index)).astype(float).sort_values(ascending=False, kind="stable")
    if len(whole) < 2 or not len(rates):
        return title
    rest = f"; of those who were {rates.index[0]}, {percent(rates.iloc[0])}"
    return title + rest + (f"; of the current ones, {percent(rates['current'])}" if "current" in rates.index[1:] else "")


def _largest(frame: Any) -> str:
    """Return the three largest moves as a sentence."""
    most = frame[frame["customers"].notna().to_numpy()].sort_values("customers", ascending=False, kind="stable").head(3)
    moves = (
        f"{people(n)} from {source} to {target}" for source, target, n in zip(most["from"], most["to"], most["customers"], strict=True)
    )
    return f"Most are {', '.join(moves)}."
