"""Tables of recency, frequency and money, MBG/NBD and BG/NBD beside lifetimes, on the data that ship with it."""

from __future__ import annotations

import numpy as np

from .purchases import MONTH, fitted, histories, model_rows, summary_rows, with_first
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool(
    "lifetimes",
    "lifetimes",
    "0.11.3",
    ("lifetimes==0.11.3", "pandas==1.5.3", "numpy==1.24.4", "scipy==1.10.1", "autograd==1.6.2"),
)


HOW = {
    "D": "Same definition: repeat days, not orders. The observation ends with a day that counts there, and at the moment after it here.",
    "W": "Counted here with every order moved to the Monday of its week, days divided by 7.",
    "M": "Counted here with every order moved to the first of its month. A month has 30.436875 days there: January to March is 1.94.",
}
UNITS = {"D": 1.0, "W": 7.0, "M": MONTH}


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against others/lifetimes.py."""
    theirs = other.ask()
    logs = histories(theirs)
    rows = [r for period in "DWM" for r in summary_rows(logs, theirs, period, numbered=False, why=HOW[period], unit=UNITS[period])]
    counted = [with_first(log, end) for _, log, end in logs]
    made = np.vstack([theirs[f"{name}_D_with"] for name, _, _ in logs])
    with_why = (
        "`include_first_transaction=True` counts the first purchase too: active days here, and the mean over them. Recency stays as it is."
    )
    rows.append(row("frequency, first included", np.concatenate([c[0] for c in counted]), made[:, 1], limit=0, why=with_why))
    rows.append(row("monetary value, first included", np.concatenate([c[1] for c in counted]), made[:, 4], limit=1e-9, why=with_why))
    history = theirs["history"]
    rows.append(
        row(
            "MBG/NBD: r, alpha, a, b by maximum likelihood",
            fitted(history, 0.0),
            theirs["mbg_parameters"],
            limit=1e-6,
            relative=True,
            why="Same likelihood; each side stops at its own tolerance.",
        )
    )
    rows.append(
        row(
            "MBG/NBD: r, alpha, a, b with the default prior",
            fitted(history, 0.01),
            theirs["mbg_parameters"],
            limit=None,
            relative=True,
            why="A wide prior with the weight of one customer in 10,000 holds parameters that the data leave open; there is none there.",
        )
    )
    return rows + model_rows(theirs)
