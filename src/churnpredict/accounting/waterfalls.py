"""Pictures of revenue: from the revenue at the start of a period to that at its end, step by step."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnpredict.accounting.paid_for import UNTOLD
from churnpredict.errors import UsageError
from churnpredict.evaluation.pictures import bare, drawn, finish, look, new_figure, sentence
from churnpredict.figures import amount, percent

__all__ = ["PARTS", "plot_bridge", "plot_revenue"]

PARTS = ("start", "new", "returned", "expansion", "contraction", "churn", "end")


@drawn
def plot_revenue(frame: pd.DataFrame, *, period: Any = None, unit: str = "") -> Any:
    """Return the way from the revenue at the start of a period to that at its end: lost, reduced, extended.

    Parameters
    ----------
    frame : Accounts
        As :func:`churnpredict.accounting.revenue_churn` gives them.
    period : str, optional
        The newest that is fully observed by default.
    unit : str
        Currency of the amounts, such as "€".

    Raises
    ------
    UsageError
        ``no-period``: there is no such period, or it is not fully observed.
    """
    parts = ["start", "lost_revenue", "contraction", "expansion", "end"]
    known = _of_period(frame, parts, period)
    if not len(known):
        return sentence("There is no revenue to follow: no period is fully observed with enough customers.")
    row = known.iloc[-1]
    start, lost, less, more, end = (float(row[c]) for c in parts)
    steps = [("at the start", start), ("lost customers", -lost), ("pay less", -less), ("pay more", more), ("at the end", end)]
    figure = _waterfall(steps, unit, f"revenue{_of(frame, unit)} of the customers at the start")
    kept = end / start if start > 0 else float("nan")
    title = f"{row['period']}: {percent(kept)} of the revenue stayed; {amount(lost, unit)} left with customers"
    between = f"{amount(lost, unit)} lost, {amount(less, unit)} less and {amount(more, unit)} more"
    return finish(figure, title, f"Bridge from {amount(start, unit)} at the start over {between} to {amount(end, unit)} at the end.")


@drawn
def plot_bridge(frame: pd.DataFrame, *, period: Any = None, group: Any = None, unit: str = "") -> Any:
    """Return the way from the recurring revenue at the start of a period to that at its end: new, returned, more, less, lost.

    Parameters
    ----------
    frame : RevenueBridge
        As :func:`churnpredict.accounting.revenue_bridge` gives them.
    period : str, optional
        The newest that is fully observed by default.
    group : optional
        One of the groups; by default all that are shown.
    unit : str
        Currency of the amounts, such as "€".

    Raises
    ------
    UsageError
        ``no-period``: there is no such period, or it is not fully observed. ``no-such-group``.
    """
    if group is not None:
        frame = _of_group(frame, str(group))
    known = _of_period(frame, list(PARTS), period)
    if not len(known):
        return sentence("There is no revenue to follow: no period is fully observed with enough customers.")
    newest = str(known["period"].iloc[-1])
    known = known[(known["period"].astype(str) == newest).to_numpy()]
    start, new, back, more, less, lost, end = (float(known[c].sum()) for c in PARTS)
    steps = [("at the start", start), ("new", new), ("came back", back), ("pay more", more), ("pay less", -less), ("lost customers", -lost)]
    moved = float(known["moved"].sum()) if "moved" in known else 0.0
    if abs(moved) > 1e-6:
        steps.append(("changed groups", moved))
    figure = _waterfall([*steps, ("at the end", end)], unit, f"recurring revenue{_of(frame, unit)}")
    grown = "" if start <= 0 else f" ({percent(abs(end / start - 1))} {'more' if end >= start else 'less'})"
    first, then, gone = (amount(v, unit) for v in (start, end, lost))
    whose = f" of {group}" if group is not None else ""
    title = f"{newest}: revenue{whose} went from {first} to {then}{grown}; {gone} left with customers"
    words = (("new", new), ("returned", back), ("more", more), ("less", less), ("lost", lost))
    between = ", ".join(f"{amount(v, unit)} {word}" for word, v in words)
    return finish(figure, title, f"Bridge from {first} at the start over {between} to {then} at the end.")


def _of(frame: pd.DataFrame, unit: str) -> str:
    """Return the unit of amounts, as it follows their name."""
    return (f" in {unit}" if unit else "") + (" per month" if getattr(frame, "amounts_per", UNTOLD) != UNTOLD else "")


def _of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the rows of one group."""
    names = frame.iloc[:, 1].astype(str) if frame.columns[1] != "start" else pd.Series([], dtype=str)
    if group not in set(names):
        known = f"There are {', '.join(dict.fromkeys(names))}." if len(names) else "Give by= to revenue_bridge."
        raise UsageError("no-such-group", f"group is {group!r}", remedy=known)
    return frame[(names == group).to_numpy()]


def _of_period(frame: pd.DataFrame, parts: list[str], period: Any) -> pd.DataFrame:
    """Return the rows that are fully observed, of one period if it is given."""
    known = frame[frame[parts].notna().all(axis=1).to_numpy()]
    if period is None:
        return known
    known = known[known["period"].astype(str) == str(period)]
    if not len(known):
        remedy = f"Take one of {', '.join(dict.fromkeys(map(str, frame['period'])))}."
        raise UsageError("no-period", f"period is {str(period)!r}, which is not there or not fully observed", remedy=remedy)
    return known


def _waterfall(steps: list[tuple[str, float]], unit: str, label: str) -> Any:
    """Draw a level, what is added to it and taken from it, one after the other, and the level that this leads to."""
    theme, final = look(), len(steps) - 1
    figure, grid = new_figure(7.4, 4.2)
    ax = bare(grid[0, 0])
    level, peak = 0.0, 1e-9
    for i, (name, change) in enumerate(steps):
        whole = i in (0, final)
        bottom = 0.0 if whole else level
        colour = theme.quiet if whole else theme.raises if change < 0 or name == "lost customers" else theme.lowers
        ax.bar(i, change, bottom=bottom, color=colour, width=0.62, gid=name)
        sign = "" if whole else "+" if change > 0 else "\u2212" if change < 0 else ""
        top = max(bottom, bottom + change)
        size = abs(change) if abs(steps[0][1]) < 1000 else round(abs(change))  # no cents beside thousands
        ax.annotate(sign + amount(size, unit), (i, top), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=9)
        level, peak = bottom + change, max(peak, top)
        if i < final:
            ax.plot([i, i + 1], [level] * 2, color=theme.quiet, linewidth=0.8, linestyle=":")
    ax.set_xticks(range(len(steps)), ["\n".join(name.rsplit(" ", 1)) if final > 5 else name for name, _ in steps])
    ax.set_ylim(min(0.0, steps[-1][1]) * 1.12, 1.12 * peak)
    ax.set_ylabel(label)
    ax.yaxis.set_major_formatter(lambda value, _=None: amount(value))
    return figure
