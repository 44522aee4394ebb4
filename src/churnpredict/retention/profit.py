"""Expected profit of contacts, with its uncertainty."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from churnpredict.evaluation.metrics import Interval

__all__ = ["Offer", "contact_profit", "contact_spend", "profit_interval"]

# Uncertainty of the inputs, for the interval. Acceptance: as from 20 offers observed, Beta(6, 14) at 0.3, which is what Verbraken,
# Verbeke and Baesens (2013) assume. Risks: all of them too high or too low together by 0.15 in log-odds, 2 points at a risk of 0.15.
_OFFERS_SEEN = 20.0
_RISK_ERROR = 0.15
_DRAWS = 4000

Floats = npt.NDArray[np.float64]


class Offer(NamedTuple):
    """The inputs of the profit of n customers: arrays (n,); money in the unit of the values."""

    risk: Floats
    value: Floats
    offer_cost: Floats
    acceptance: Floats
    contact_cost: float


def contact_profit(offer: Offer) -> Floats:
    """Return expected profit (n,) of a contact: ``p * gamma * (V - d) - (1 - p) * d - f``.

    A customer who would leave (p) is kept with probability gamma and is then worth V less the offer d; a customer who would stay takes the
    offer too; the contact costs f in any case.

    >>> one = np.ones(1)
    >>> contact_profit(Offer(0.5 * one, 200 * one, 10 * one, 0.3 * one, 1.0)).tolist()
    [22.5]
    """
    p, value, d, gamma, f = offer
    return np.asarray(p * gamma * (value - d) - (1 - p) * d - f)


def contact_spend(offer: Offer) -> Floats:
    """Return expected spend (n,): the contact, and the offer wherever it is taken, by stayers and by customers whom it keeps."""
    p, _, d, gamma, f = offer
    return np.asarray(f + d * (1 - p + p * gamma))


def profit_interval(offer: Offer, *, random_state: int = 0, level: float = 0.95) -> Interval:
    """Return expected profit of contacting all of these, with an interval for the outcome.

    Three things make the outcome differ from its expectation: who happens to leave and to accept (independently of each other), the
    acceptance, and the level of the risks, both of which are wrong for everybody at once.

    Returns
    -------
    Interval
        ``value``, ``low``, ``high``; the interval always holds the value.
    """
    value = float(contact_profit(offer).sum())
    if not len(offer.risk):
        return Interval(0.0, 0.0, 0.0)
    rng = np.random.default_rng(random_state)
    p, worth, d, gamma, f = offer
    gain = worth - d
    usual = float(np.average(gamma, weights=p)) if p.sum() > 0 else float(gamma.mean())
    factor = np.ones(_DRAWS)
    if 0 < usual < 1:
        factor = rng.beta(usual * _OFFERS_SEEN, (1 - usual) * _OFFERS_SEEN, _DRAWS) / usual
    shift = rng.normal(0.0, _RISK_ERROR, _DRAWS)
    # To first order the sum is linear in the shift of the risks; its random variation is taken at the stated risks.
    kept, slope = float((p * gamma * gain).sum()), p * (1 - p)
    moved = shift * (factor * float((slope * gamma * gain).sum()) + float((slope * d).sum()))
    mean = factor * kept - float(((1 - p) * d).sum()) - f * len(p) + moved
    saves, stays = p * gamma * gain**2, (1 - p) * d**2
    chance = np.sqrt(max(float((saves + stays - (p * gamma * gain - (1 - p) * d) ** 2).sum()), 0.0))
    low, high = np.quantile(mean + chance * rng.normal(size=_DRAWS), [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, min(float(low), value), max(float(high), value))
