"""Shared shocks of the renewals of one month: learnt from past months, and losses drawn with them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["drawn_losses", "spread_of_months"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
SPREADS = np.linspace(0.0, 1.5, 16)  # of the log-odds of a month around those of an average month
_LEVELS = np.linspace(-1.5, 1.5, 31)  # of the average month around the rate of all months
_PRIOR = 0.9  # half-normal: larger shocks need months that show them
_SMOOTHER = 0.346  # a logistic curve averaged over a normal shock of variance v is that of log-odds / sqrt(1 + 0.346 v), nearly
_CHUNK = 2_000


def spread_of_months(came_up: Ints, lost: Ints, risk: Floats | None = None) -> Floats:
    """Return how likely each of ``SPREADS`` is, from how many contracts came up for renewal in past months, and were lost, shape (16,).

    The log-odds of being lost are those of an average month plus a shock that all contracts of the month share. Without months, the prior.
    Contracts whose risks differ vary less by chance than those of one risk, and their sum answers less to a shock: ``risk`` says how much
    they differ, shape (n,).

    >>> weights = spread_of_months(np.full(24, 100), np.full(24, 20))
    >>> calm = float(SPREADS @ weights)
    >>> wild = float(SPREADS @ spread_of_months(np.full(24, 100), np.tile([5, 35], 12)))
    >>> calm < 0.15 < 0.9 < wild
    True
    """
    prior = np.exp(-0.5 * (SPREADS / _PRIOR) ** 2)
    seen = came_up > 0
    alike = 1.0
    if risk is not None and len(risk) and 0 < risk.mean() < 1:
        alike = max(float((risk * (1 - risk)).mean() / (risk.mean() * (1 - risk.mean()))), 0.05)
    size, gone = came_up[seen] / alike, lost[seen] / alike
    if not len(size):
        return np.asarray(prior / prior.sum())
    rate = (gone.sum() + 0.5) / (size.sum() + 1.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(21)
    odds = np.log(rate / (1 - rate)) + _LEVELS[:, None, None] + alike * SPREADS[None, :, None] * nodes
    stays, leaves = -np.logaddexp(0.0, odds), -np.logaddexp(0.0, -odds)
    total = np.zeros(odds.shape[:2])
    for n, left in zip(size, gone, strict=True):
        month = left * leaves + (n - left) * stays
        top = month.max(axis=-1, keepdims=True)
        total += np.log(np.exp(month - top) @ (weights / weights.sum())) + top[..., 0]
    likely = np.exp(total - total.max()).sum(axis=0) * prior
    return np.asarray(likely / likely.sum())


def drawn_losses(
    amounts: Floats, risk: Floats, months: Ints, cells: Ints, n_cells: int, weights: Floats, *, draws: int, random_state: int
) -> Floats:
    """Return what is lost in each cell in each draw, shape (draws, n_cells).

    Parameters
    ----------
    amounts, risk : ndarray of shape (n,)
        Of contracts; the risk of not being renewed.
    months : ndarray of shape (n,)
        Contracts of the same month share a shock.
    cells : ndarray of shape (n,)
        Where each is added up.
    weights : ndarray of shape (16,)
        Of :func:`spread_of_months`.
    """
    rng = np.random.default_rng(random_state)
    spread = rng.choice(SPREADS, size=draws, p=weights)[:, None]
    _, month = np.unique(months, return_inverse=True)
    shocks = rng.standard_normal((draws, int(month.max(initial=-1)) + 1)) * spread
    found = np.zeros((draws, n_cells))
    inside = np.clip(risk, 1e-9, 1 - 1e-9)
    odds = np.log(inside / (1 - inside))
    for start in range(0, len(amounts), _CHUNK):
        part = slice(start, start + _CHUNK)
        shifted = odds[part] * np.sqrt(1 + _SMOOTHER * spread**2) + shocks[:, month[part]]
        lost = rng.random(shifted.shape) < 1 / (1 + np.exp(-shifted))
        order = np.argsort(cells[part], kind="stable")
        first = np.flatnonzero(np.r_[True, np.diff(cells[part][order]) > 0])
        found[:, cells[part][order][first]] += np.add.reduceat((lost * amounts[part])[:, order], first, axis=1)
    return found
