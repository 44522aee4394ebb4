"""What a plan assumes, and what its hold-out will show: numbers first, then the sentence that fits them."""

from __future__ import annotations

import numpy as np
import pytest

from churnpredict.evaluation.campaign import ASSUMED
from churnpredict.languages.catalogue import language_of
from churnpredict.retention.plan_words import Assumption, assumed, assumptions_of, justify_holdout
from churnpredict.retention.profit import Offer

EN = language_of("en")


def an_offer(n: int, risk: float = 0.3, acceptance: float = 0.3) -> Offer:
    return Offer(np.full(n, risk), np.full(n, 100.0), np.linspace(5, 10, n), np.full(n, acceptance), 2.0)


def test_assumptions_are_the_range_over_the_contacts() -> None:
    said = {"offer": True, "contact": False, "acceptance": False}
    assert assumptions_of(an_offer(5), said) == (
        Assumption("offer", 5.0, 10.0, True),
        Assumption("contact", 2.0, 2.0, False),
        Assumption("acceptance", 0.3, 0.3, False),
    )
    assert assumptions_of(an_offer(0), said) == ()


def test_only_what_was_not_given_is_assumed_and_noted() -> None:
    numbers, given, note = assumed(25.0, None, None, EN, "€")
    assert numbers == (25.0, ASSUMED.contact_cost, ASSUMED.acceptance)
    assert given == {"offer": True, "contact": False, "acceptance": False}
    assert len(note) == 1
    assert assumed(25.0, 1.0, 0.2, EN, "€")[2] == ()


@pytest.mark.parametrize(
    ("offer", "n", "m", "key"),
    [
        (an_offer(0), 0, 0, "nobody"),
        (an_offer(50), 50, 0, "none"),
        (an_offer(5_000), 4_000, 1_000, "enough"),
        (an_offer(50), 40, 10, "more"),
        (an_offer(50, acceptance=0.0), 40, 10, "never"),
    ],
    ids=["nobody", "none", "enough", "more", "never"],
)
def test_the_hold_out_says_what_it_will_show(offer: Offer, n: int, m: int, key: str) -> None:
    said = justify_holdout(offer, np.arange(n), np.arange(n, n + m), "€10", EN)
    fixed = EN.say("holdout.nobody") if key == "nobody" else EN.say("holdout.none") if key == "none" else None
    if fixed is not None:
        assert said == fixed
        return
    begin = EN.say("holdout.begin", n=m, m=n + m, cost="€10")
    risk, effect = 0.3, 0.3 * (0.0 if key == "never" else 0.3)
    error = 1.96 * (risk * (1 - risk) * (1 / n + 1 / m)) ** 0.5
    ends = {
        "enough": error <= effect,
        "never": effect == 0,
        "more": 0 < effect < error,
    }
    assert ends[key]
    assert said.startswith(begin)
    if key == "never":
        assert said.endswith(EN.say("holdout.never"))
