"""AUC and Brier score at a horizon beside the measures for censored data of scikit-survival."""

from __future__ import annotations

import numpy as np

from churnpredict.evaluation.metrics import auc, brier

from .rankings import cases, given
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool("scikit_survival", "scikit-survival", "0.28.0", ("scikit-survival==0.28.0", "scikit-learn==1.9.1", "numpy==2.4.6"))
HORIZON = 90.0


def compare(other: Other) -> list[Row]:
    """Return the rows: leavers leave on a day of their own before the horizon, the others are seen for up to 60 days after it."""
    made = cases()
    arrays = given(made)
    y = arrays["y"]
    rng = np.random.default_rng(2)
    days = np.where(y == 1, rng.uniform(1, HORIZON - 1, y.shape), HORIZON + rng.uniform(1, 60, y.shape))
    theirs = other.ask({"y": y, "p": arrays["p"], "days": days, "horizon": np.array(HORIZON)})
    ours = [auc(left, p) for left, p, _ in made]
    why = (
        "Where everybody is observed for the whole horizon, weights for censoring are 1. Here, a shorter observation has no label and is "
        "left out."
    )
    return [
        row("AUC at the horizon (`cumulative_dynamic_auc`)", ours, theirs["auc"], limit=1e-12, why=why),
        row("Brier score at the horizon (`brier_score`)", [brier(left, p) for left, p, _ in made], theirs["brier"], limit=1e-12, why=why),
        row(
            "AUC beside Harrell's concordance",
            ours,
            theirs["concordance"],
            limit=None,
            why="Concordance also compares leavers with each other, by the day of leaving. Neither it nor the integrated Brier score is "
            "offered: a risk here is for one horizon.",
        ),
    ]
