"""Qini, uplift and the areas under them beside scikit-uplift."""

from __future__ import annotations

import numpy as np

from churnpredict.evaluation.metrics import qini
from churnpredict.evaluation.uplift_curves import auuc, qini_curve, uplift_curve

from .experiments import experiment
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool("scikit_uplift", "scikit-uplift", "0.5.1", ("scikit-uplift==0.5.1", "scikit-learn==1.9.1", "pandas==3.1.1", "numpy==2.4.6"))


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against others/scikit_uplift.py on untied scores and on ten levels."""
    e = experiment()
    theirs = other.ask(e._asdict())
    n, contacted = len(e.y), e.treated.sum()
    scores = {"p": e.p, "tied": e.tied}
    curves = {"qini": [], "uplift": []}
    areas = {"qini": [], "uplift": []}
    plain = {"qini": [], "uplift": []}
    for score in scores.values():
        curves["qini"].append(qini_curve(e.y, score, treated=e.treated)[1] * contacted)
        curves["uplift"].append(uplift_curve(e.y, score, treated=e.treated)[1] * n)
        plain["qini"].append(qini(e.y, score, treated=e.treated))
        plain["uplift"].append(auuc(e.y, score, treated=e.treated))
        areas["qini"].append(plain["qini"][-1] * contacted * n)
        areas["uplift"].append((plain["uplift"][-1] - uplift_curve(e.y, score, treated=e.treated)[1][-1] / 2) * n * n)
    rows = []
    for key, name, per, measure in (
        ("qini", "Qini", "per contacted customer", "`qini_auc_score`"),
        ("uplift", "uplift", "per customer", "`uplift_auc_score`"),
    ):
        told = np.concatenate([theirs[f"{s}_{key}_curve"] for s in scores])
        rows.append(
            row(
                f"{name} curve, at every distinct score",
                np.concatenate(curves[key]),
                told,
                limit=1e-9,
                why=f"Same curve. Customers kept there, {per} here. The outcome is who stayed there, and who left here.",
            )
        )
        perfect = np.array([theirs[f"{s}_{key}_perfect"] for s in scores])
        score = np.array([theirs[f"{s}_{key}_score"] for s in scores])
        rows.append(
            row(
                f"area between the {name} curve and a random ranking",
                np.array(areas[key]) / perfect,
                score,
                limit=1e-12,
                why=f"{measure} divides the area by that of a perfect ranking, which no model reaches; divided here as well.",
            )
        )
        as_given = (
            "Divided by the area of a perfect ranking there; per customer here, so that it can be read as customers kept."
            if key == "qini"
            else "Less the area of a random ranking there, and divided by that of a perfect one. The plain area here: half the effect "
            "for a random ranking."
        )
        rows.append(
            row(f"{'Qini coefficient' if key == 'qini' else 'AUUC'}, as each side gives it", plain[key], score, limit=None, why=as_given)
        )
    return rows
