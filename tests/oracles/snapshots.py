"""Slow oracle of risk sets and labels: every customer, every cutoff, every row."""

import pandas as pd
from tests.oracles.features_pandas import us
from tests.oracles.wall_clock import moved_by

__all__ = ["latest_labelled", "left_or_stayed", "risk_set", "shifted"]


def shifted(moment, span, timezone, times=1):
    """A naive UTC timestamp moved on the wall clock of a zone."""
    return pd.Timestamp(moved_by(us(moment), span, timezone, times), unit="us")


def risk_set(rows, people, cutoffs, *, within, everybody=(), timezone="UTC"):
    """Pairs (customer, cutoff) at risk: joined before the cutoff, and known to be active in [cutoff - within, cutoff).

    ``within`` of None is "ever", where customers who joined and never came are at risk too.
    """
    pairs = []
    for customer in sorted(everybody if len(everybody) else set(rows["customer"])):
        own = rows[(rows["customer"] == customer) & ~(rows["value"] < 0)]  # a refund is no visit
        for cutoff in sorted(cutoffs):
            since = None if people is None else people.loc[customer, "since"]
            if since is not None and pd.notna(since) and not since < cutoff:
                continue
            seen = own[(own["time"] < cutoff) & (own["known"] < cutoff)]
            if within is not None:
                seen = seen[seen["time"] >= shifted(cutoff, within, timezone, -1)]
            if len(seen) or (within is None and people is not None):
                pairs.append((customer, cutoff))
    return pairs


def left_or_stayed(rows, pairs, *, horizon, gap="0d", timezone="UTC"):
    """1 for every pair without a row in [cutoff + gap, cutoff + gap + horizon)."""
    labels = []
    for customer, cutoff in pairs:
        opens = shifted(cutoff, gap, timezone)
        times = rows.loc[(rows["customer"] == customer) & ~(rows["value"] < 0), "time"]
        labels.append(int(not ((times >= opens) & (times < shifted(opens, horizon, timezone))).any()))
    return labels


def latest_labelled(observed_until, *, horizon, gap="0d"):
    return shifted(shifted(pd.Timestamp(observed_until), horizon, "UTC", -1), gap, "UTC", -1)
