"""Choose contacts under budget and capacity, and draw the hold-out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from churnpredict.retention.profit import Floats

__all__ = ["choose", "draw_holdout"]

_BLOCK = 20  # customers of similar profit among whom the hold-out is drawn


def draw_holdout(n: int, share: float, rng: np.random.Generator) -> Any:
    """Return who is held out (n,): in every block of customers of similar profit the same share, everybody with the same chance."""
    held = np.zeros(n, dtype=bool)
    begin = rng.random()
    for start in range(0, n, _BLOCK):
        end = min(start + _BLOCK, n)
        many = math.floor(end * share + begin) - math.floor(start * share + begin)
        held[start + rng.permutation(end - start)[:many]] = True
    return held


def choose(order: Any, held: Any, profit: Floats, spend: Floats, room: Any, budget: float | None) -> Any:
    """Return decisions along ``order``, by the better of two greedy rules.

    Taking the most profitable first or the most profitable per money first, whichever expects more, is never worse than half the best
    possible choice under a budget alone, and nearly the best where single contacts are small beside it.
    """
    first = _walk(order, held, spend, room, budget)
    if budget is None or "beyond budget" not in first:
        return first
    by_rate = np.argsort(-profit[order] / np.maximum(spend[order], 1e-12), kind="stable")
    second = np.empty(len(order), dtype=object)
    second[by_rate] = _walk(order[by_rate], held, spend, room, budget)
    return max((first, second), key=lambda d: float(profit[order][d == "contact"].sum()))


def _walk(order: Any, held: Any, spend: Floats, room: Any, budget: float | None) -> Any:
    """Take all customers who fit; the hold-out must fit as well, so that both arms are alike, but uses nothing up."""
    owners, most = room
    left, places = math.inf if budget is None else float(budget), dict(most)
    spare = 0.0 if budget is None else 1e-9 * left  # ten contacts of 0.10 fit into 1.00, whatever the subtractions lose
    out = np.empty(len(order), dtype=object)
    for i, customer in enumerate(order):
        who = None if owners is None else owners[customer]
        if places.get(who, math.inf) < 1:
            out[i] = "beyond capacity"
        elif spend[customer] > left + spare:
            out[i] = "beyond budget"
        elif held[customer]:
            out[i] = "hold-out"
        else:
            out[i] = "contact"
            left -= spend[customer]
            if who in places:
                places[who] -= 1
    return out
