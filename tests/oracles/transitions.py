"""Slow oracle of transitions: one customer and one day at a time, in the words of the definitions."""

from collections import Counter

__all__ = ["moves", "state_on"]

NOW = 10**6  # a contract without an end


class Silence:
    """A customer by visits: silent for the horizon means gone."""

    def __init__(self, visits, horizon):
        self.visits, self.horizon = sorted(visits), horizon
        self.entry = self.visits[0] if visits else None

    def there(self, day):
        return any(v < day <= v + self.horizon for v in self.visits)

    def departures(self):
        after = [*self.visits[1:], NOW]
        return [(v + self.horizon, False) for v, n in zip(self.visits, after, strict=True) if n > v + self.horizon]


class Contract:
    """A customer by contracts (first day, day of the end, lost), renewed at most so many days late."""

    def __init__(self, contracts, grace):
        self.spells = []
        for start, end, lost in sorted(contracts):
            if self.spells and start <= self.spells[-1][1] + grace:
                first, last, before = self.spells[-1]
                self.spells[-1] = (first, max(last, end), lost if end > last else before or lost if end == last else before)
            else:
                self.spells.append((start, end, lost))
        self.entry = self.spells[0][0] if self.spells else None

    def there(self, day):
        return any(a < day < b for a, b, _ in self.spells)

    def departures(self):
        return [(b, lost) for _, b, lost in self.spells]


class Row:
    """A customer by cancellations (day, lost) and visits, which bring one back."""

    def __init__(self, rows, visits):
        self.rows, self.visits = rows, visits
        self.entry = min([*visits, *(day for day, _ in rows)], default=None)

    def there(self, day):
        gone, back = (max([d for d in days if d < day], default=-1) for days in ([d for d, _ in self.rows], self.visits))
        return self.entry is not None and self.entry < day and (gone < 0 or back >= gone)

    def departures(self):
        days = sorted({d for d, _ in self.rows if d not in self.visits})
        return [(d, any(lost for day, lost in self.rows if day == d)) for d in days]


def state_on(who, day, visits, first_visit):
    """The state of a customer at the beginning of a day; ``visits`` is None where no silence counts."""
    if who.entry is None or who.entry >= day:
        return "not yet"
    if not who.there(day):
        return "lost" if max(d for d in who.departures() if d[0] <= day)[1] else "left"
    if visits is not None:
        days = sorted({v for v in visits if v < day})
        last = days[-1] if days else max(who.entry, first_visit)
        usual = (days[-1] - days[0]) / (len(days) - 1) if len(days) > 1 else 45
        if day - last >= 180:
            return "dormant"
    if day - who.entry <= 90:
        return "new"
    if visits is not None and day - last > 2 * usual:
        return "at risk"
    if not who.there(day - 90) or any(day - 90 <= d < day for d, _ in who.departures()):
        return "returned"
    return "current"


def moves(customers, start, end):
    """How many customers went from which state to which; ``customers`` are (who, visits or None)."""
    first = min((v for _, visits in customers for v in visits or ()), default=0)
    pairs = Counter((state_on(who, start, visits, first), state_on(who, end, visits, first)) for who, visits in customers)
    return {pair: n for pair, n in pairs.items() if pair != ("not yet", "not yet")}
