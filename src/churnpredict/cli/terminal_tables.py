"""Tables and results for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churnpredict.explanation.drivers import label_of
from churnpredict.figures import amount, people, percent, points
from churnpredict.text_tables import Figure, paragraph, text_table

if TYPE_CHECKING:
    import pandas as pd

    from churnpredict.lifecycle.registry import Entry
    from churnpredict.score_runs.forgetting import Forgotten

__all__ = ["alert_table", "best_buyers", "counted", "decided", "forgotten", "history_table", "riskiest"]

_DONE = {"add": "added", "promote": "promoted", "refuse": "refused", "roll back": "rolled back"}


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "run"), counted(1200, "row")
    ('1 run', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def alert_table(judged: pd.DataFrame, now: Mapping[Any, int]) -> str:
    """Return each alert rule in a row: customers now, how often it fired in the past, and how many left after it and
    anyway, how many leavers it missed, and how early it fired; shares with their intervals in the line below.
    """
    rows = [
        (
            *(r["alert"], now.get(r["alert"], 0), int(r["fired"])),
            Figure(f"{percent(r['left'])}{_between(r['left_low'], r['left_high'])}"),
            Figure(percent(r["base_rate"])),
            Figure(f"{people(r['missed'])} of {people(r['leavers'])}{_between(r['missed_low'], r['missed_high'])}"),
            Figure("-" if math.isnan(r["lead_days"]) else f"{r['lead_days']:.0f}"),
        )
        for r in judged.to_dict("records")
    ]
    head = ("alert", "now", "in the past", "left after it", "left anyway", "leavers missed", "days before leaving")
    return "\n".join(text_table(rows, head))


def _between(low: float, high: float) -> str:
    """Return an interval as a second line of a cell, nothing where there is none."""
    return "" if math.isnan(low) else f"\n{percent(low)} to {percent(high)}"


def best_buyers(found: pd.DataFrame, over: str, unit: str = "", n: int = 10) -> str:
    """Return the sums of a table of expected purchases, and the customers from whom most is expected, in money where it is known."""
    spent = "expected_spend" in found
    purchases, alive = (people(found[name].sum()) for name in ("expected_purchases", "p_alive"))
    money = f", worth {amount(found['expected_spend'].sum(), unit)}" if spent else ""
    told = f"{len(found):,} customers, about {alive} of them still customers; {purchases} purchase days expected in {over}{money}"
    best = found.sort_values("expected_spend" if spent else "expected_purchases", ascending=False, kind="stable").head(n)
    rows = [
        [str(customer), Figure(percent(row.p_alive)), Figure(f"{row.expected_purchases:.1f}")]
        + ([Figure(amount(row.expected_spend, unit))] if spent else [])
        for customer, row in best.iterrows()
    ]
    titles = ("customer", "still a customer", "purchase days", *(["spend"] if spent else []))
    return "\n".join([*paragraph(told, indent="  ", first=""), *text_table(rows, titles, indent="  ")])


def decided(entry: Entry) -> str:
    """Return a decision of a registry as a paragraph."""
    return "\n".join(paragraph(f"{_DONE[entry.action]} [{entry.verdict}]: {entry.words}", indent="  ", first=""))


def history_table(entries: Sequence[Entry]) -> str:
    """Return the decisions of a registry, one per row, oldest first."""
    rows = [(e.until[:10] or "-", _DONE[e.action], e.verdict, e.model_id, e.words) for e in entries]
    return "\n".join(text_table(rows, ("data until", "decision", "verdict", "model in use", "reason")))


def forgotten(found: Forgotten, into: bool, history: bool) -> str:
    """Return what was removed, and what was not reached; ``into`` and ``history`` say whether a database and a history were named."""
    text = f"removed {counted(found['rows'], 'row')} from {counted(found['runs'], 'run')}"
    text += f", and {found['rows_in_table']:,} from the table" if into else ""
    text += f"; {found['rows_in_history']:,} from the kept history" if history else ""
    lines = [text, f"{counted(found['asked'], 'id')} asked for: {found['found']:,} found, {found['not_found']:,} not found"]
    if found["spelt_otherwise"]:
        spelt = f"{found['spelt_otherwise']:,} of these exist in another spelling (blanks, quotes, zeros)"
        lines.append(f"{spelt}: write them in the spelling of the runs")
    if found["not_reached"]:
        lines.append(f"not reached, because they are not runs: {', '.join(found['not_reached'])}")
    lines += [] if into else ["not reached: databases; name one with --into"]
    lines += [] if history else ["not reached: a kept history; name it with --history"]
    lines.append("not reached: sources, treatment logs, and earlier plans, alerts and pages")
    return "\n".join(part for line in lines for part in paragraph(line, indent="  ", first=""))


def riskiest(scores: pd.DataFrame, unit: str = "", n: int = 10) -> str:
    """Return the first rows of a table of scores, as wide as the terminal: reasons with their points, a slash between two that
    cannot be ranked, money with its ``unit``.
    """
    rows = []
    for row in scores.head(n).to_dict("records"):
        reasons = [
            f"{label_of(row[f'reason_{i}'])} {points(row[f'reason_{i}_points'])}" for i in (1, 2, 3) if isinstance(row[f"reason_{i}"], str)
        ]
        if len(reasons) > 1 and row.get("about_equal") is True:
            reasons[:2] = [" / ".join(reasons[:2])]
        money = amount(row["money_at_risk"], unit)
        rows.append((str(row["customer_id"]), Figure(percent(row["risk"])), Figure(money), ", ".join(reasons)))
    return "\n".join(text_table(rows, ("customer", "risk", "money at risk", "reasons, in points of the risk")))
