"""Slow oracle of calendar time, in plain Python: one moment after the other, moved on the wall clock of a zone."""

import calendar
import datetime
import functools
import re
import zoneinfo

__all__ = ["anniversaries", "moved", "moved_by", "wall"]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
TICK = datetime.timedelta(microseconds=1)
SIZES = {"y": (12, 0, 0), "mo": (1, 0, 0), "w": (0, 7, 0), "d": (0, 1, 0), "h": (0, 0, 3_600_000_000)}


def _local(moment, timezone):
    return (EPOCH + datetime.timedelta(microseconds=moment)).astimezone(zoneinfo.ZoneInfo(timezone)).replace(tzinfo=None)


def _there(local, zone):
    """The moment of a wall time: fold 0 of what occurs twice, and the end of the gap of what does not exist."""
    there = local.replace(tzinfo=zone, fold=0)
    back = there.astimezone(datetime.UTC).astimezone(zone).replace(tzinfo=None)
    if back != local:  # in the gap: the offset before it is that of fold 0, and the gap ends where the offset changes
        late, early = local.replace(tzinfo=zone, fold=1).astimezone(datetime.UTC), there.astimezone(datetime.UTC)
        while early - late > TICK:
            middle = late + (early - late) / 2
            before = middle.astimezone(zone).utcoffset() == there.utcoffset()
            late, early = (middle, early) if before else (late, middle)
        there = early
    return (there.astimezone(datetime.UTC) - EPOCH) // TICK


def _calendar(moment, timezone):
    """The wall time, or midnight for the first moment of a day that has none."""
    local = _local(moment, timezone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if local.hour < 3 and _there(midnight, zoneinfo.ZoneInfo(timezone)) == moment else local


@functools.cache
def wall(moment, timezone):
    """What the clock on the wall shows at a moment, in microseconds since 1970; a day that has no midnight begins with it all the same."""
    return (_calendar(moment, timezone) - EPOCH.replace(tzinfo=None)) // TICK


@functools.cache
def moved(moment, months, days, elapsed, timezone):
    """A moment moved on the wall clock; months are clipped at their ends."""
    if not months and not days:
        return moment + elapsed
    local = _calendar(moment, timezone)
    month = local.year * 12 + local.month - 1 + months
    last = calendar.monthrange(month // 12, month % 12 + 1)[1]
    local = local.replace(year=month // 12, month=month % 12 + 1, day=min(local.day, last)) + datetime.timedelta(days=days)
    return _there(local, zoneinfo.ZoneInfo(timezone)) + elapsed


def moved_by(moment, span, timezone, times=1):
    """A moment so many spans later, such as "90d", "2w", "1mo" or "12h"; earlier for negative ``times``."""
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", span).groups()
    return moved(moment, *(times * int(number) * size for size in SIZES[unit]), timezone)


def anniversaries(since, moment, timezone):
    """How many anniversaries have been reached: counted one by one."""
    n, begun = 0, wall(since, timezone)
    while moved(begun, 12 * (n + 1), 0, 0, "UTC") <= wall(moment, timezone):
        n += 1
    return n
