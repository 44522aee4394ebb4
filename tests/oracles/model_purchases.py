"""Slow oracles of MBG/NBD: direct integration over its two mixing laws, and a simulated population."""

import numpy as np
from scipy.stats import beta as beta_law
from scipy.stats import gamma as gamma_law

__all__ = ["integrated", "simulate"]


def _grid(r, alpha, a, b, n=1500):
    share = (np.arange(n) + 0.5) / n
    return gamma_law.ppf(share, r, scale=1 / alpha)[:, None], beta_law.ppf(share, a, b)[None, :]


def integrated(model, x, t_x, T, *, horizon, gap):
    """Likelihood of one history, and the probability of silence in its window, by a midpoint rule over (rate, p)."""
    rate, p = _grid(model.r, model.alpha, model.a, model.b)
    gone = (1 - p) ** x * rate**x * p * np.exp(-rate * t_x)
    alive = (1 - p) ** (x + 1) * rate**x * np.exp(-rate * T)
    buys = np.exp(-rate * p * gap) * (1 - np.exp(-rate * horizon))
    return float(np.mean(gone + alive)), 1 - float(np.mean(alive * buys) / np.mean(gone + alive))


def simulate(model, n, *, until, seed):
    """(x, t_x) at ``until`` and the purchase times after it, of n customers acquired at 0."""
    rng = np.random.default_rng(seed)
    x, t_x, later = np.zeros(n), np.zeros(n), []
    for i in range(n):
        rate, p = rng.gamma(model.r, 1 / model.alpha), rng.beta(model.a, model.b)
        t, after = 0.0, []
        while rng.random() > p:
            t += rng.exponential(1 / max(rate, 1e-12))
            if t > 3 * until:
                break
            if t <= until:
                x[i], t_x[i] = x[i] + 1, t
            else:
                after.append(t)
        later.append(after)
    return x, t_x, later
