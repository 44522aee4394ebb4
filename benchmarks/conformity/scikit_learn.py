"""Measures of risks beside scikit-learn."""

from __future__ import annotations

import numpy as np

from churnpredict.evaluation import metrics

from .rankings import cases, given
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool("scikit_learn", "scikit-learn", "1.9.1", ("scikit-learn==1.9.1",))
DIGITS = 4e-16  # two units in the last place of a number between 1/2 and 1
SUMS = 4e-15  # running sums of 2,000 weights that are not whole numbers, and logarithms, whose last digit depends on the processor


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against ``answers`` of others/scikit_learn.py on the same cases."""
    made = cases()
    theirs = other.ask(given(made))
    plain = np.array([(w == 1).all() for _, _, w in made])
    same = "Same definition; sums in another order."
    measures = {
        "AUC, ties counted half": ("auc", metrics.auc),
        "average precision": ("average_precision", metrics.average_precision),
        "Brier score": ("brier", metrics.brier),
        "log loss": ("log_loss", metrics.log_loss),
    }
    rows = []
    for name, (key, metric) in measures.items():
        mine = np.array([metric(y, p, sample_weight=w) for y, p, w in made])
        rows.append(row(name, mine[plain], theirs[key][plain], limit=SUMS if name == "log loss" else DIGITS, why=same))
        rows.append(row(f"{name}, weighted", mine[~plain], theirs[key][~plain], limit=SUMS, why=same))
    untied = [(y, p) for y, p, w in made if (w == 1).all() and len(np.unique(p)) == len(p)]
    return [
        *rows,
        row(
            "log loss where a certain risk is wrong (one row of three)",
            metrics.log_loss([0, 1, 1], [0.0, 1.0, 0.0]),
            theirs["certain"],
            limit=None,
            why="Risks are kept away from 0 and 1: by 1e-15 here, by the precision of the input there (2e-16). A certainty that "
            "is wrong costs 34.5 nats here and 36.0 there.",
        ),
        row(
            "calibration error, ten bins, from the points of `calibration_curve`",
            [metrics.calibration_error(y, p) for y, p in untied],
            theirs["calibration"],
            limit=DIGITS,
            why="Same bins where no risks are equal. Where they are, bins there lie between quantiles of the risks and may differ in size; "
            "here they hold equal weight as far as ties allow.",
        ),
        row(
            "calibration slope, beside `LogisticRegression` without a penalty on the log-odds",
            [metrics.calibration_slope(y, p, sample_weight=w) for y, p, w in made],
            theirs["slope"],
            limit=1e-8,
            why="Same likelihood; each side stops at its own tolerance.",
        ),
    ]
