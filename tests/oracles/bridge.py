"""Slow oracle of the revenue bridge: one customer, one day after the other, whole cents, in the words of the definitions."""

__all__ = ["bridge_of", "bridged", "cut_by", "priced"]

NEVER_ENDS = 10**6
MOVES = ("new", "expansion", "contraction", "churn", "returned")


def bridged(contracts, grace):
    """Contracts (first day, day of the end, cents), those that a late renewal carries on up to its first day.

    A renewal is late where nothing runs on the day before it. It carries on a contract if no other began since that ended.
    """
    real = [c for c in contracts if c[1] > c[0]]
    found = []
    for start, end, cents in real:
        renewal = min([day for day, _, _ in real if day >= end], default=None)
        late = renewal is not None and not any(a < renewal <= b for a, b, _ in real)
        found.append((start, renewal if late and renewal <= end + grace else end, cents))
    return found


def priced(rows):
    """Prices (day, cents) as contracts: each until the next."""
    rows = sorted(rows)
    ends = [day for day, _ in rows[1:]] + [NEVER_ENDS]
    return [(day, end, cents) for (day, cents), end in zip(rows, ends, strict=True)]


def cut_by(contracts, cancellations):
    """Contracts up to the first cancellation after their first day, and the days on which they were cut."""
    found, days = [], set()
    for start, end, cents in contracts:
        cut = min([end, *(day for day in cancellations if start < day < end)])
        days |= {cut} - {end}
        found.append((start, cut, cents))
    return found, days


def bridge_of(customers, periods, changes, opened=None):
    """The bridge of a book: one dict of cents and counts per period.

    Parameters
    ----------
    customers : dict of id to list of (first day, day of the end, cents)
    periods : list of (first day, first day of the next)
    changes : "net", "day" or "each"
    opened : dict of id to set of days, optional
        On which something happened besides the start of a contract.
    """
    rows = [dict.fromkeys(("start", *MOVES, "end", "kept", "stayed", "customers", "joined", "lost", "came_back"), 0) for _ in periods]
    for who, given in customers.items():
        contracts = [c for c in given if c[1] > c[0]]
        starts = {c[0] for c in contracts} | (opened or {}).get(who, set())

        def level(day, contracts=contracts):
            return sum(cents for start, end, cents in contracts if start <= day < end)

        def change_on(day, starts=starts):
            """The day to which the change at a midnight belongs: the one that it closes, if nothing begins then."""
            return day if day in starts else day - 1

        midnights = sorted({c[0] for c in contracts} | {c[1] for c in contracts if c[1] != NEVER_ENDS})
        steps = [(change_on(day), level(day - 1), level(day)) for day in midnights]
        for row, (first, after) in zip(rows, periods, strict=True):
            earlier = [now for day, _, now in steps if day < first]
            start = earlier[-1] if earlier else 0
            inside = [step for step in steps if first <= step[0] < after]
            end = inside[-1][2] if inside else start
            row["start"] += start
            row["end"] += end
            row["customers"] += start > 0
            if start > 0:
                row["kept"] += min(start, end)
                row["stayed"] += end
            paid = any(now > 0 for now in earlier)
            for unit in _units(inside, changes):
                move = _move(unit[0][1], unit[-1][2], paid=paid)
                if move:
                    row[move] += abs(unit[-1][2] - unit[0][1])
                    row["joined"] += move == "new"
                    row["lost"] += move == "churn"
                    row["came_back"] += move == "returned"
                paid = paid or any(now > 0 for _, _, now in unit)
    return rows


def _units(steps, changes):
    if changes == "each" or not steps:
        return [[step] for step in steps]
    if changes == "net":
        return [steps]
    return [[step for step in steps if step[0] == day] for day in sorted({step[0] for step in steps})]


def _move(before, now, *, paid):
    if now == before:
        return None
    if before == 0:
        return "returned" if paid else "new"
    return "churn" if now == 0 else "expansion" if now > before else "contraction"
