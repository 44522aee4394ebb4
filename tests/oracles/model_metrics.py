"""Slow oracles of the metrics: every pair, every order of ties, every cut-off."""

import itertools

import numpy as np
from scipy.stats import beta as beta_distribution

__all__ = ["auc_by_pairs", "empc_by_integration", "lift_over_orders", "mpc_by_cutoffs"]


def auc_by_pairs(y, p, w):
    won = total = 0.0
    for i, j in itertools.product(np.flatnonzero(np.asarray(y) == 1), np.flatnonzero(np.asarray(y) == 0)):
        total += w[i] * w[j]
        won += w[i] * w[j] * ((p[i] > p[j]) + 0.5 * (p[i] == p[j]))
    return won / total


def lift_over_orders(y, p, top):
    """Mean lift of the first ``top`` rows over all row orders, sorted stably by score."""
    y, p = np.asarray(y), np.asarray(p)
    orders = [np.array(o)[np.argsort(-p[list(o)], kind="stable")] for o in itertools.permutations(range(len(y)))]
    return np.mean([y[o[:top]].mean() for o in orders]) / y.mean()


def mpc_by_cutoffs(y, p, *, gamma, value=200, offer=10, contact=1):
    """Best mean profit over all thresholds at one acceptance rate."""
    y, p = np.asarray(y), np.asarray(p)
    profits = [0.0]
    for t in np.unique(p):
        called = p >= t
        profits.append(np.sum(called * (y * (gamma * (value - offer)) - (1 - y) * offer - contact)) / len(y))
    return max(profits)


def empc_by_integration(y, p, n=4000, **costs):
    """Mean of the best profit over equally likely acceptance rates. Accepting customers receive the offer, stayers always do."""
    gammas = beta_distribution.ppf((np.arange(n) + 0.5) / n, 6, 14)
    return float(np.mean([mpc_by_cutoffs(y, p, gamma=g, **costs) for g in gammas]))
