"""Figures that were published, beside what comes out here on the same data: the CDNOW summary that ships with lifetimes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from churnpredict.evaluation.metrics import empc
from churnpredict.model.purchases import negative_log_likelihood

from . import lifetimes
from .purchases import expected_purchases, fitted
from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL: Tool = replace(lifetimes.TOOL, name="published figures")
BTYDPLUS = np.array([0.525, 6.183, 0.891, 1.614])  # MBG/NBD: r, alpha, a, b; quoted in tests/test_estimation.py of lifetimes
CLVTOOLS = np.array([0.2425945, 4.4136019, 0.7929199, 2.4258881])  # BG/NBD, and its log-likelihood: test_correctness_bgnbd.R of CLVTools
CLVTOOLS_LIKELIHOOD = -9582.429
FADER = np.array([0.243, 4.414, 0.793, 2.426])  # Fader, Hardie and Lee (2005), and the purchases that they expect of one customer
FADER_CUSTOMER, FADER_PURCHASES = np.array([[2, 30.43, 38.86]]), 1.226
COSTS = {"value": 200, "offer_cost": 10, "contact_cost": 1}
RANKINGS = (
    ([1] * 2 + [0] * 8, [0.9] * 2 + [0.1] * 8, 11.2),
    ([1] * 2 + [0] * 8, [0.5] * 10, 2.960376682757553),
    ([0, 1, 0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9], 23.875593418348124),
)


def bg_likelihood(parameters: np.ndarray, history: np.ndarray) -> float:
    """Return the log-likelihood of BG/NBD from that of MBG/NBD with b smaller by 1, for customers who bought again."""
    r, alpha, a, b = parameters
    again = history[:, 0] > 0
    n = int(again.sum())
    moved = np.array([r, alpha, a, b - 1])
    value, _ = negative_log_likelihood(moved, *history[again].T, w=np.full(n, 1.0))
    never_left = n * np.log((b - 1) / (a + b - 1))  # the chance to have stayed after the first purchase, which MBG/NBD counts
    return -value - never_left + float(np.sum(r * np.log(alpha) - r * np.log(alpha + history[~again, 2])))


def compare(other: Other) -> list[Row]:
    """Return the rows; ``beside`` names the source of each."""
    history = other.ask()["history"]
    ours = [empc(y, p, **COSTS) for y, p, _ in RANKINGS]
    less = FADER - [0, 0, 0, 1]
    rounded = "Published with the digits that are compared."
    return [
        replace(
            row("MBG/NBD of CDNOW: r, alpha, a, b", fitted(history, 0.0), BTYDPLUS, limit=5e-4, why=rounded),
            beside="BTYDplus, in the tests of lifetimes",
        ),
        replace(
            row(
                "BG/NBD of CDNOW: log-likelihood",
                bg_likelihood(CLVTOOLS, history),
                CLVTOOLS_LIKELIHOOD,
                limit=5e-3,
                why="From that of MBG/NBD with b smaller by 1. Histories are rounded to two digits in what ships with lifetimes.",
            ),
            beside="CLVTools, test_correctness_bgnbd.R",
        ),
        replace(
            row(
                "BG/NBD: purchases of one customer in 39 weeks",
                expected_purchases(less, FADER_CUSTOMER, 39.0),
                FADER_PURCHASES,
                limit=5e-4,
                why=rounded,
            ),
            beside="Fader, Hardie and Lee 2005",
        ),
        replace(
            row(
                "EMPC of three rankings, one of them constant",
                ours,
                [value for _, _, value in RANKINGS],
                limit=1e-10,
                why="A perfect ranking at 20 % churn earns 0.2 (0.3 × 190 − 1) = 11.2, and 2e-11 more, because nobody is contacted where "
                "the acceptance is too low to pay.",
            ),
            beside="formula of Verbraken, Verbeke and Baesens 2013",
        ),
    ]
