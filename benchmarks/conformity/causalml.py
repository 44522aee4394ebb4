"""Qini, uplift and the areas under them beside causalml."""

from __future__ import annotations

import numpy as np

from churnpredict.evaluation.metrics import qini
from churnpredict.evaluation.uplift_curves import auuc, qini_curve, uplift_curve

from .experiments import experiment
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool("causalml", "causalml", "0.18.0", ("causalml==0.18.0", "scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6"))


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against others/causalml.py on untied scores, and what ties do there."""
    e = experiment()
    theirs = other.ask(e._asdict())
    n, contacted = len(e.y), e.treated.sum()
    ranked = e.treated[np.argsort(-e.p)]
    both = np.r_[False, (np.cumsum(ranked) > 0) & (np.cumsum(1 - ranked) > 0)]
    kept = uplift_curve(e.y, e.p, treated=e.treated)[1]
    gained = qini_curve(e.y, e.p, treated=e.treated)[1]
    area, last = auuc(e.y, e.p, treated=e.treated), kept[-1]
    same = "Same curve from where both arms have been seen; before, causalml interpolates, and an arm without customers counts as 0 here."
    mean = "The mean over ranks there, the area by trapezoids here: apart by no more than one rank."
    return [
        row("uplift curve (`get_cumgain`)", kept[both] * n, theirs["p_gain"][both], limit=1e-9, why=same),
        row("Qini curve (`get_qini`)", gained[both] * contacted, theirs["p_qini"][both], limit=1e-9, why=same),
        row("AUUC, without normalisation", area, theirs["p_auuc"] / n, limit=1 / n, why=mean),
        row("Qini, without normalisation", qini(e.y, e.p, treated=e.treated), theirs["p_qini_score"] / contacted, limit=1 / n, why=mean),
        row(
            "AUUC, as each side gives it",
            area,
            theirs["p_auuc_normal"],
            limit=None,
            why=f"The default there divides the curve by the size of its last value, the effect of the whole experiment ({last:.2f}). "
            "Where the effect is small, it grows without bound.",
        ),
        row(
            "AUUC of tied scores there, rows in two orders",
            theirs["tied_auuc"] / n,
            theirs["tied_again_auuc"] / n,
            limit=None,
            why="Ties are in the order of the rows there, so the figure moves with that order. Here they are crossed in a straight line, "
            "and it does not move.",
        ),
    ]
