"""Assumptions of a plan, and its reasons for leaving customers alone, as numbers and in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from churnpredict.evaluation.campaign import ASSUMED
from churnpredict.languages.catalogue import Language
from churnpredict.retention.profit import Offer

__all__ = ["Assumption", "assumed", "assumptions_of", "justify_holdout"]

_ASSUMED = {"offer": ASSUMED.offer_cost, "contact": ASSUMED.contact_cost, "acceptance": ASSUMED.acceptance}


class Assumption(NamedTuple):
    """A number that the plan uses: ``offer``, ``contact`` or ``acceptance``, from ``low`` to ``high`` over the contacts.

    ``said`` is whether somebody has said it; otherwise it is assumed.
    """

    name: str
    low: float
    high: float
    said: bool


def assumptions_of(offer: Offer, said: Mapping[str, bool]) -> tuple[Assumption, ...]:
    """Return the numbers behind the contacts; none where nobody is contacted."""
    if not len(offer.risk):
        return ()
    ranges = {"offer": offer.offer_cost, "contact": np.array([offer.contact_cost]), "acceptance": offer.acceptance}
    return tuple(Assumption(name, float(values.min()), float(values.max()), said[name]) for name, values in ranges.items())


def assumed(
    offer_cost: Any, contact_cost: float | None, acceptance: float | None, spoken: Language, unit: str
) -> tuple[tuple[Any, float, float], dict[str, bool], tuple[str, ...]]:
    """Return the numbers to use, which of them were given, and a note on the assumed ones."""
    arguments = {"offer": offer_cost, "contact": contact_cost, "acceptance": acceptance}
    chosen = {name: _ASSUMED[name] if given is None else given for name, given in arguments.items()}
    numbers = {name: spoken.percent(value) if name == "acceptance" else spoken.amount(value, unit) for name, value in _ASSUMED.items()}
    assumptions = spoken.words["and"].join(
        spoken.say(f"note.{name}", n=numbers[name]) for name, given in arguments.items() if given is None
    )
    note = (spoken.say("note.assumed", what=assumptions),) if assumptions else ()
    return (chosen["offer"], chosen["contact"], chosen["acceptance"]), {name: given is not None for name, given in arguments.items()}, note


def justify_holdout(offer: Offer, contacts: Any, away: Any, price: str, spoken: Language) -> str:
    """Return the size of the hold-out in sentences: what it will show and what it costs."""
    n, m = len(contacts), len(away)
    if not n + m:
        return spoken.say("holdout.nobody")
    if not m or not n:
        return spoken.say("holdout.none")
    risk = float(offer.risk[np.concatenate((contacts, away))].mean())
    effect = float((offer.risk[contacts] * offer.acceptance[contacts]).mean())
    error = 1.96 * math.sqrt(risk * (1 - risk) * (1 / n + 1 / m))
    begin = spoken.say("holdout.begin", n=m, m=n + m, cost=price)
    shows = {"error": spoken.points(error), "effect": spoken.points(effect)}
    if error <= effect:
        return f"{begin} {spoken.say('holdout.enough', **shows)}"
    if effect <= 0:
        return f"{begin} {spoken.say('holdout.never')}"
    return f"{begin} {spoken.say('holdout.more', n=math.ceil((error / effect) ** 2), **shows)}"
