"""Tables of recency, frequency and money, MBG/NBD and BG/NBD beside pymc-marketing, on the data that ship with lifetimes."""

from __future__ import annotations

import numpy as np

from churnpredict.model.purchases import PurchaseModel

from . import lifetimes
from .purchases import fitted, histories, model_rows, summary_rows, with_first
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool(
    "pymc_marketing",
    "pymc-marketing",
    "1.3.0",
    ("pymc-marketing==1.3.0", "pymc==6.3.2", "pandas==3.1.1", "numpy==2.4.6"),
    python="3.12",
)
HOW = {
    "D": "Same definition: repeat days, not orders. The observation ends with a day that counts there, and at the moment after it here.",
    "W": "Counted here with every order dated by the number of its week.",
    "M": "Counted here with every order dated by the number of its calendar month: January to March is 2, beside 1.94 in lifetimes.",
}


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against others/pymc_marketing.py on the logs and the summary of lifetimes."""
    shipped = other.beside(lifetimes.TOOL).ask()
    names = [f"{name}_{part}" for name in ("cdnow", "example") for part in ("log", "ends")]
    given = {key: shipped[key] for key in ("history", *names)}
    theirs = other.ask(given)
    logs = histories(given)
    rows = [r for period in "DWM" for r in summary_rows(logs, theirs, period, numbered=True, why=HOW[period])]
    counted = [with_first(log, end) for _, log, end in logs]
    made = np.vstack([theirs[f"{name}_D_with"] for name, _, _ in logs])
    turned = (
        "`include_first_transaction=True` is meant for segments: the first purchase counts, and recency is turned round to the days since "
        "the last purchase, with the name unchanged."
    )
    moment = turned + " It is counted there to the start of the last day, here (`days_since_last`) to the cutoff: one day more."
    rows += [
        row("frequency, first included", np.concatenate([c[0] for c in counted]), made[:, 1], limit=0, why=turned),
        row("recency, first included, less one day here", np.concatenate([c[2] for c in counted]) - 1, made[:, 2], limit=0, why=moment),
        row("monetary value, first included", np.concatenate([c[1] for c in counted]), made[:, 3], limit=1e-9, why=turned),
    ]
    history = given["history"]
    again = history[:, 0] > 0
    less = PurchaseModel(*map(float, theirs["bg_parameters"] - [0, 0, 0, 1]))
    silent = np.exp(less.log_silence(*history[again].T, horizon=39.0)[0])
    return [
        *rows,
        row(
            "MBG/NBD: r, alpha, a, b by maximum likelihood",
            fitted(history, 0.0),
            theirs["mbg_parameters"],
            limit=1e-4,
            relative=True,
            why="Same likelihood, with flat priors there; each side stops at its own tolerance. Its default is a sample of the posterior.",
        ),
        *model_rows(theirs),
        row(
            "BG/NBD: P(no purchase in 39 weeks), bought again",
            silent,
            theirs["bg_silent"][again],
            limit=1e-12,
            why="BG/NBD of these customers is MBG/NBD with b smaller by 1. For MBG/NBD itself, pymc-marketing refuses this probability; "
            "here it is a baseline.",
        ),
    ]
