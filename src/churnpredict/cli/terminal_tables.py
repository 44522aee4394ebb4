"""Tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["riskiest"]


def riskiest(scores: pd.DataFrame, n: int = 10) -> str:
    """Return the first rows of a table of scores, for a terminal."""
    lines = [f"{'customer':<16}{'risk':>7}{'money at risk':>15}  reasons"]
    for row in scores.head(n).to_dict("records"):
        reasons = [f"{row[f'reason_{i}']} +{100 * row[f'reason_{i}_points']:.0f}" for i in (1, 2, 3) if isinstance(row[f"reason_{i}"], str)]
        money = "-" if row["money_at_risk"] != row["money_at_risk"] else f"{row['money_at_risk']:,.0f}"
        lines.append(f"{row['customer_id']!s:<16}{row['risk']:>7.1%}{money:>15}  {', '.join(reasons)}")
    return "\n".join(lines)
