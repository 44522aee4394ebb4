"""Tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnpredict.text_tables import Figure, text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["riskiest"]


def riskiest(scores: pd.DataFrame, n: int = 10) -> str:
    """Return the first rows of a table of scores, as wide as the terminal."""
    rows = []
    for row in scores.head(n).to_dict("records"):
        reasons = [f"{row[f'reason_{i}']} +{100 * row[f'reason_{i}_points']:.0f}" for i in (1, 2, 3) if isinstance(row[f"reason_{i}"], str)]
        money = "-" if row["money_at_risk"] != row["money_at_risk"] else f"{row['money_at_risk']:,.0f}"
        rows.append((str(row["customer_id"]), Figure(f"{row['risk']:.1%}"), Figure(money), ", ".join(reasons)))
    return "\n".join(text_table(rows, ("customer", "risk", "money at risk", "reasons")))
