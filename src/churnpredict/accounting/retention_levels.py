"""Rates at which customers leave, pay less or pay more: a level that changes slowly, a shock that all share, and chance.

Of each kind of move there is, per past period and class of customers, the share of revenue that made it. Its log-odds are those of the
class, plus a level that wanders from period to period, plus a shock of the period alone. Both are shared by all classes and customers; what
is left is the chance of each customer, as if there were as many customers of one size as vary by as much.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["chances", "drawn_amounts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_LEVELS = np.linspace(-4.0, 4.0, 81)  # of the log-odds around those of the class
_SHOCKS = np.linspace(0.0, 1.2, 9)
_WALKS = np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.45])  # standard deviations of a level's step in a period
_PRIORS = (0.5, 0.15)  # half-normal, of shocks and of steps: larger ones need periods that show them
_SINGLE = 400  # customers who are drawn one by one; the many others, who pay less, as a sum


def chances(shares: Floats, sizes: Floats, ahead: Ints, draws: int, rng: np.random.Generator) -> Floats:
    """Return drawn chances of a move in coming periods, shape (draws, n_ahead, n_classes).

    Parameters
    ----------
    shares : ndarray of shape (n_periods, n_classes)
        Of the revenue of each class, what made the move in each past period.
    sizes : ndarray of shape (n_periods, n_classes)
        Customers of one size who would vary by as much; 0 where there were none.
    ahead : ndarray of shape (n_ahead,)
        Periods after the last past one, ascending.

    >>> rng = np.random.default_rng(0)
    >>> steady = chances(np.full((12, 1), 0.1), np.full((12, 1), 1000.0), np.array([1]), 1000, rng)
    >>> bool(0.09 < np.median(steady) < 0.11 and steady.std() < 0.02)
    True
    """
    shares = np.where(sizes > 0, shares, 0.0)
    whole = ((sizes * shares).sum() + 0.5) / (sizes.sum() + 1.0)
    pooled = ((sizes * shares).sum(axis=0) + whole) / (sizes.sum(axis=0) + 1.0)
    base = np.log(pooled / (1 - pooled))
    nodes, weights = np.polynomial.hermite_e.hermegauss(11)
    odds = base[:, None, None, None] + _LEVELS[None, :, None, None] + _SHOCKS[None, None, :, None] * nodes
    moves, stays = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
    steps = _LEVELS[:, None] - _LEVELS[None, :]
    walks = np.stack([np.exp(-0.5 * (steps / max(s, 1e-3)) ** 2) for s in _WALKS])
    walks /= walks.sum(axis=1, keepdims=True)
    state = np.broadcast_to(np.exp(-0.5 * _LEVELS**2), (len(_WALKS), len(_SHOCKS), len(_LEVELS))).copy()
    state /= state.sum(axis=-1, keepdims=True)
    evidence = -0.5 * (_SHOCKS[None, :] / _PRIORS[0]) ** 2 - 0.5 * (_WALKS[:, None] / _PRIORS[1]) ** 2
    for share, size in zip(shares, sizes, strict=True):
        told = np.tensordot(size * share, moves, 1) + np.tensordot(size * (1 - share), stays, 1)
        top = told.max()
        likely = (np.exp(told - top) @ (weights / weights.sum())).T  # (shocks, levels)
        state = np.einsum("wij,wsj->wsi", walks, state) * likely
        total = np.maximum(state.sum(axis=-1), 1e-300)
        evidence = evidence + np.log(total)
        state /= total[..., None]
    weight = np.exp(evidence - evidence.max()).reshape(-1)
    chosen = rng.choice(weight.size, size=draws, p=weight / weight.sum())
    walk, shock = np.divmod(chosen, len(_SHOCKS))
    passed = np.cumsum(state.reshape(weight.size, -1)[chosen], axis=1)
    place = (rng.random(draws)[:, None] * passed[:, -1:] > passed).sum(axis=1)
    level = _LEVELS[place] + (rng.random(draws) - 0.5) * (_LEVELS[1] - _LEVELS[0])
    found, before = np.empty((draws, len(ahead), len(base))), 0
    for place_ahead, n in enumerate(ahead):
        level = level + _WALKS[walk] * np.sqrt(n - before) * rng.standard_normal(draws)
        now = base + (level + _SHOCKS[shock] * rng.standard_normal(draws))[:, None]
        found[:, place_ahead] = 1 / (1 + np.exp(-now))
        before = int(n)
    return found


def drawn_amounts(amounts: Floats, classes: Ints, chance: Floats, parts: Floats, weights: Floats, rng: np.random.Generator) -> Floats:
    """Return what moves of one period add up to, in each draw, shape (draws,).

    Parameters
    ----------
    amounts : ndarray of shape (n,)
        Of customers.
    classes : ndarray of shape (n,)
    chance : ndarray of shape (draws, n_classes)
        Of :func:`chances`.
    parts, weights : ndarray of shape (n_parts,)
        Parts of their amounts by which customers moved before, and how much each counts; without any, the whole amount.
    """
    if not len(parts):
        parts, weights = np.ones(1), np.ones(1)
    weights = weights / weights.sum()
    order = np.argsort(-amounts, kind="stable")
    single, many = order[:_SINGLE], order[_SINGLE:]
    own = rng.random((len(chance), len(single))) < chance[:, classes[single]]
    sizes = rng.choice(parts, size=own.shape, p=weights) if len(parts) > 1 else parts[0]
    total = (own * amounts[single] * sizes).sum(axis=1)
    if len(many):
        n = chance.shape[1]
        sums, squares = (np.bincount(classes[many], amounts[many] ** power, minlength=n) for power in (1, 2))
        mean, square = float(weights @ parts), float(weights @ parts**2)
        spread = np.sqrt(np.maximum((chance * square - (chance * mean) ** 2) @ squares, 0.0))
        total = total + np.maximum(chance @ sums * mean + spread * rng.standard_normal(len(chance)), 0.0)
    return np.asarray(total)
