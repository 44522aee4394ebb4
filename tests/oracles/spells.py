"""Slow oracle of contracts in whole days: every customer a set of days, in plain Python."""

import itertools

__all__ = ["FOR_EVER", "bridged", "days_of", "leaves_on", "on_contract", "there"]

FOR_EVER = 1_000  # no day comes after it


def days_of(contracts):
    """The days of [start, end) of every contract."""
    return {day for start, end in contracts for day in range(start, min(end, FOR_EVER))}


def bridged(contracts, grace):
    """The days of all contracts, and those of every hole that is not longer than the grace."""
    days = sorted(days_of(contracts))
    filled = set(days)
    for before, after in itertools.pairwise(days):
        if after - (before + 1) <= grace:
            filled.update(range(before, after))
    return filled


def there(contracts, grace, day):
    """Whether the customer was one before the morning of a day and still is; in hindsight."""
    return {day - 1, day} <= bridged(contracts, grace)


def leaves_on(contracts, grace, day):
    """The first day from this one on without a contract or a seam; FOR_EVER for never."""
    days = bridged(contracts, grace)
    return next(d for d in range(day, FOR_EVER + 1) if d not in days)


def on_contract(contracts, grace, day):
    """The same as was known on that morning: a renewal that begins later is not."""
    begun = [(a, b) for a, b in contracts if a < day]
    if day in days_of(begun):
        return True
    renews = day in days_of([(a, b) for a, b in contracts if a == day])
    return renews and bool(begun) and {day - 1, day} <= bridged([*begun, (day, day + 1)], grace)
