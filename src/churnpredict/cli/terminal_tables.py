"""Tables and results for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnpredict.figures import amount, percent, points
from churnpredict.text_tables import Figure, text_table

if TYPE_CHECKING:
    import pandas as pd

    from churnpredict.score_runs.forgetting import Forgotten

__all__ = ["forgotten", "riskiest"]


def forgotten(found: Forgotten, into: bool, history: bool) -> str:
    """Return what was removed, and what was not reached; ``into`` and ``history`` say whether a database and a history were named."""
    text = f"removed {found['rows']:,} rows from {found['runs']:,} runs, and {found['rows_in_table']:,} from the table"
    text += f"; {found['rows_in_history']:,} from the kept history" if history else ""
    lines = [text, f"{found['asked']:,} ids asked for: {found['found']:,} found, {found['not_found']:,} not found"]
    if found["spelt_otherwise"]:
        spelt = f"{found['spelt_otherwise']:,} of these exist in another spelling (blanks, quotes, zeros)"
        lines.append(f"{spelt}: write them in the spelling of the runs")
    if found["not_reached"]:
        lines.append(f"not reached, because they are not runs: {', '.join(found['not_reached'])}")
    lines += [] if into else ["not reached: databases; name one with --into"]
    lines += [] if history else ["not reached: a kept history; name it with --history"]
    return "\n".join([*lines, "not reached: sources, treatment logs, and earlier plans, alerts and pages"])


def riskiest(scores: pd.DataFrame, n: int = 10) -> str:
    """Return the first rows of a table of scores, as wide as the terminal."""
    rows = []
    for row in scores.head(n).to_dict("records"):
        reasons = [f"{row[f'reason_{i}']} {points(row[f'reason_{i}_points'])}" for i in (1, 2, 3) if isinstance(row[f"reason_{i}"], str)]
        money = amount(row["money_at_risk"])
        rows.append((str(row["customer_id"]), Figure(percent(row["risk"])), Figure(money), ", ".join(reasons)))
    return "\n".join(text_table(rows, ("customer", "risk", "money at risk", "reasons")))
