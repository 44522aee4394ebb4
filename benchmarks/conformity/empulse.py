"""Profit of a ranking beside empulse, and beside values that were published."""

from __future__ import annotations

import numpy as np

from churnpredict.evaluation.metrics import empc, mpc

from .rankings import cases, given
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare", "ours"]

TOOL = Tool("empulse", "empulse", "0.13.1", ("empulse==0.13.1",))
# value, cost of the offer, cost of the contact, acceptance, alpha, beta: the paper's, a dear offer, a sure acceptance, a dear contact
MONEY = np.array([[200, 10, 1, 0.3, 6, 14], [200, 60, 1, 0.6, 12, 8], [50, 5, 0.1, 0.9, 18, 2], [1000, 10, 25, 0.1, 2, 18]], dtype=float)


def ours(y: np.ndarray, p: np.ndarray, money: np.ndarray) -> tuple[list[float], list[float]]:
    """Return MPC and EMPC of every setting."""
    costs = [{"value": v, "offer_cost": d, "contact_cost": f} for v, d, f, *_ in money]
    return (
        [mpc(y, p, acceptance=gamma, **c) for c, (_, _, _, gamma, _, _) in zip(costs, money, strict=True)],
        [empc(y, p, alpha=a, beta=b, **c) for c, (_, _, _, _, a, b) in zip(costs, money, strict=True)],
    )


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against ``answers`` of others/empulse.py on the same cases, without weights, which empulse does not take."""
    made = cases()
    arrays = given(made)
    theirs = other.ask({"y": arrays["y"], "p": arrays["p"], "money": MONEY})
    each = [ours(y, p, MONEY) for y, p, _ in made]
    same = "Same definition and the same convex hull; sums in another order. Money: in the unit of the customer's value."
    return [
        row("MPC, four sets of costs", np.ravel([m for m, _ in each]), theirs["mpc"], limit=1e-11, why=same),
        row("EMPC, four sets of costs and of acceptance", np.ravel([e for _, e in each]), theirs["empc"], limit=1e-11, why=same),
    ]
