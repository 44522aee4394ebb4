"""Slow oracle of risk sets and labels: every customer, every cutoff, every row."""

import pandas as pd
from tests.oracles.features_pandas import length

__all__ = ["latest_labelled", "left_or_stayed", "risk_set"]


def risk_set(rows, people, cutoffs, *, within, everybody=()):
    """Pairs (customer, cutoff) at risk: joined before the cutoff, and known to be active in [cutoff - within, cutoff).

    ``within`` of None is "ever", where customers who joined and never came are at risk too.
    """
    pairs = []
    for customer in sorted(everybody if len(everybody) else set(rows["customer"])):
        own = rows[rows["customer"] == customer]
        for cutoff in sorted(cutoffs):
            since = None if people is None else people.loc[customer, "since"]
            if since is not None and pd.notna(since) and not since < cutoff:
                continue
            seen = own[(own["time"] < cutoff) & (own["known"] < cutoff)]
            if within is not None:
                seen = seen[seen["time"] >= cutoff - length(within)]
            if len(seen) or (within is None and people is not None):
                pairs.append((customer, cutoff))
    return pairs


def left_or_stayed(rows, pairs, *, horizon, gap="0d"):
    """1 for every pair without a row in [cutoff + gap, cutoff + gap + horizon)."""
    labels = []
    for customer, cutoff in pairs:
        opens = cutoff + length(gap)
        times = rows.loc[rows["customer"] == customer, "time"]
        labels.append(int(not ((times >= opens) & (times < opens + length(horizon))).any()))
    return labels


def latest_labelled(observed_until, *, horizon, gap="0d"):
    return pd.Timestamp(observed_until) - length(gap) - length(horizon)
