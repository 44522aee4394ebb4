"""Slow oracles of churn accounts: every customer, every period, every row, in the words of the definitions."""

import itertools
import math

import pandas as pd
from tests.oracles.features_pandas import length, us
from tests.oracles.wall_clock import moved_by

__all__ = [
    "calendar_of",
    "cancelling",
    "falling_silent",
    "kaplan_meier",
    "kept_by_cohort",
    "lost_per_period",
    "subscribing",
    "wilson_by_search",
]

TICK = pd.Timedelta("1us")
FAR = pd.Timestamp("2200-01-01")  # the end of what has not ended


def calendar_of(first, last, months):
    """Periods of so many months, [start, end), that begin in [first, last)."""
    start, found = pd.Timestamp(first.year, 1, 1), []
    while start < last:
        end = start + pd.DateOffset(months=months)
        if start >= first:
            found.append((start, end))
        start = end
    return found


class falling_silent:
    """Inactivity: a customer is who was active in [moment - horizon, moment); leaving is the last such moment."""

    def __init__(self, rows, horizon, since=None, timezone="UTC"):
        self.rows, self.since = rows, since or {}
        every = {t for own in rows.values() for t in own}
        self.silent_at = {t: pd.Timestamp(moved_by(us(t), horizon, timezone), unit="us") for t in every}

    def there(self, customer, moment):
        if customer in self.since and not self.since[customer] < moment:
            return False
        return any(t < moment <= self.silent_at[t] for t in self.rows.get(customer, []))

    def leaves(self, customer, start, end):
        """The outcome of [start, end): 1 if at some moment in it the customer is one for the last time, for now."""
        for t in self.rows.get(customer, []):
            moment = self.silent_at[t]
            active_then = any(x < moment <= self.silent_at[x] for x in self.rows[customer])
            active_after = any(x < moment + TICK <= self.silent_at[x] for x in self.rows[customer])
            if start <= moment < end and active_then and not active_after:
                return 1
        return 0


class cancelling:
    """Cancellation: a customer is who has joined and not cancelled."""

    def __init__(self, cancelled, since, involuntary=()):
        self.cancelled, self.since, self.involuntary = cancelled, since, involuntary

    def there(self, customer, moment):
        return self.since[customer] < moment and not any(t < moment for t, _ in self.cancelled.get(customer, []))

    def leaves(self, customer, start, end):
        for t, kind in sorted(self.cancelled.get(customer, [])):
            if start <= t < end:
                return 2 if kind in self.involuntary else 1
        return 0


class subscribing:
    """SubscriptionEnd: contracts run in [start, end), and are one as far as each begins within the grace of an earlier one.

    A customer at a moment is who was one before it and still is. Leaving is the end of the spell, and belongs to the period that it closes.
    """

    def __init__(self, contracts, grace):
        self.contracts, self.grace = contracts, length(grace)

    def spell(self, customer, moment):
        own = [(a, b) for a, b in self.contracts.get(customer, []) if a < b]
        for first, end in sorted(own):
            last = end
            while last != FAR and (longer := [b for a, b in own if first <= a <= last + self.grace and b > last]):
                last = max(longer)
            if first < moment < last:
                return first, last
        return None

    def there(self, customer, moment):
        return self.spell(customer, moment) is not None

    def leaves(self, customer, start, end):
        return int(self.spell(customer, start)[1] <= end)


def lost_per_period(rule, customers, periods):
    """(customers at the start, left, lost) of each period."""
    found = []
    for start, end in periods:
        there = [c for c in customers if rule.there(c, start)]
        outcomes = [rule.leaves(c, start, end) for c in there]
        found.append((len(there), outcomes.count(1), outcomes.count(2)))
    return found


def kept_by_cohort(rule, joined, periods):
    """For each cohort, the share of it that is there at each later start of a period."""
    found = []
    for i, (start, end) in enumerate(periods):
        own = [c for c, t in joined.items() if start <= t < end]
        found.append([sum(rule.there(c, later) for c in own) / len(own) if own else math.nan for later, _ in periods[i + 1 :]])
    return found


def kaplan_meier(active_days, end_day):
    """[(silences that reached day d, share that ended by d)] from lists of active days; silences still running are censored."""
    silences = []
    for days in active_days:
        own = sorted(set(days))
        silences += [(b - a, True) for a, b in itertools.pairwise(own)]
        silences.append((end_day - 1 - own[-1], False))
    lasting, curve = 1.0, []
    for day in range(max(days for days, _ in silences) + 1):
        reached = sum(days >= day for days, _ in silences)
        ended = sum(n == day and over for n, over in silences)
        lasting *= 1 - ended / reached
        curve.append((reached, 1 - lasting))
    return curve


def wilson_by_search(lost, customers, z=1.959963984540054):
    """All p whose score test does not refuse lost of customers, by bisection of its two ends."""

    def score(p):
        return abs(lost / customers - p) - z * math.sqrt(p * (1 - p) / customers)

    def edge(inside, outside):
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if score(middle) <= 0 else (inside, middle)
        return inside

    share = lost / customers
    return edge(share, 0.0) if lost else 0.0, edge(share, 1.0) if lost < customers else 1.0
