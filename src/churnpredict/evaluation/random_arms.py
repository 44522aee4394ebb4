"""Were contacts drawn at random? Two tests on rows that the predicting model has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

__all__ = ["Places", "places_of", "random_arms_test"]

Floats = npt.NDArray[np.float64]


class Places(NamedTuple):
    """Rows that a model of earlier parts has scored: ``rows`` (m,), their ``place`` (m,) in the order of their own part, above -0.5 and
    below 0.5, and that ``part`` (m,).
    """

    rows: npt.NDArray[np.int64]
    place: Floats
    part: npt.NDArray[np.int64]


def places_of(predict: Callable[[Any, Any], Any], parts: Sequence[Any]) -> Places:
    """Score each part by a model of all parts before it.

    In a cross-validation of who was contacted, two rows of different folds teach each other's model, so each pair counts twice, and the
    variance of the AUC under chance is twice what a bootstrap of the predictions shows. Here each pair counts once: given the parts before
    it, the arms of a part are a new draw.

    Parameters
    ----------
    predict : callable (train, test) -> (n_test,)
        Train on row numbers, score others.
    parts : list of row numbers
        No customer is in two of them.

    Examples
    --------
    >>> found = places_of(lambda train, test: test % 2, [np.arange(4), np.arange(4, 8)])
    >>> found.rows.tolist(), found.place.tolist()
    ([4, 5, 6, 7], [-0.25, 0.25, -0.25, 0.25])
    """
    later = range(1, len(parts))
    scores = [predict(np.concatenate(parts[:k]), np.asarray(parts[k])) for k in later]
    place = [(rankdata(score) - 0.5) / len(score) - 0.5 for score in scores]
    part = [np.full(len(parts[k]), k) for k in later]
    return Places(np.concatenate(parts[1:]), np.concatenate(place), np.concatenate(part))


def random_arms_test(of_contact: Places, of_risk: Places, arm: Floats, customers: Any) -> float:
    """Return the p-value of the hypothesis that contacts were drawn at random.

    Two tests share the level (Bonferroni): whether rows that look contacted are contacted more often than others, which sees every
    difference of the arms if it is large, and whether the contacted differ in risk, in either direction. The second sees far smaller
    differences, of the kind that bias an effect. Variances are of sums over customers, so that it does not matter whether a
    customer's arm was drawn once or for each contact.

    Parameters
    ----------
    of_contact, of_risk : Places
        By models of who was contacted, and of who left.
    arm : (n,) array of 0 and 1
        1 contacted.
    customers : (n,) array of int
        From 0.

    Examples
    --------
    >>> arm, parts, who = np.tile([0.0, 1.0], 200), np.arange(400).reshape(2, 200), np.arange(400)
    >>> seen, blind = places_of(lambda train, test: test % 2, parts), places_of(lambda train, test: test // 2, parts)
    >>> random_arms_test(seen, blind, arm, who) < 1e-6, random_arms_test(blind, seen, arm, who) < 1e-6
    (True, True)
    >>> random_arms_test(blind, blind, arm, who)
    1.0
    """
    chances = norm.sf(_excess(of_contact, arm, customers)), 2 * norm.sf(abs(_excess(of_risk, arm, customers)))
    return float(min(1.0, 2 * min(chances)))


def _excess(found: Places, arm: Floats, customers: Any) -> float:
    """Return how much higher contacted rows stand, in standard errors."""
    own = arm[found.rows]
    share = np.bincount(found.part, weights=own) / np.maximum(np.bincount(found.part), 1)
    away = np.bincount(customers[found.rows], weights=found.place * (own - share[found.part]))
    spread = float(np.sqrt(away @ away))
    return float(away.sum()) / spread if spread else 0.0
