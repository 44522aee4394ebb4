"""Tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnpredict.figures import amount, percent, points
from churnpredict.text_tables import Figure, text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["riskiest"]


def riskiest(scores: pd.DataFrame, n: int = 10) -> str:
    """Return the first rows of a table of scores, as wide as the terminal."""
    rows = []
    for row in scores.head(n).to_dict("records"):
        reasons = [f"{row[f'reason_{i}']} {points(row[f'reason_{i}_points'])}" for i in (1, 2, 3) if isinstance(row[f"reason_{i}"], str)]
        money = amount(row["money_at_risk"])
        rows.append((str(row["customer_id"]), Figure(f"{percent(row['risk'])}"), Figure(money), ", ".join(reasons)))
    return "\n".join(text_table(rows, ("customer", "risk", "money at risk", "reasons")))
