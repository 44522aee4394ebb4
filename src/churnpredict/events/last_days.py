"""Ends that are the last day of an interval: detected by intervals that begin on the day after, and moved to the end of the day."""

from __future__ import annotations

from dataclasses import replace

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY, NEVER, OPEN, local_time, utc_time
from churnpredict.errors import warn
from churnpredict.events.declarations import Declaration, Intervals
from churnpredict.events.streams import Stream
from churnpredict.events.tally import judge, summing

__all__ = ["ENDS", "Counts", "are_last_days", "count_follow_ups", "day_after", "through_last_days", "with_last_days"]

Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]
ENDS = ("end", "planned_end")
_FEWEST = 3  # number of intervals that begin a day after another's end from which this is not chance
_LAST_MINUTE = DAY // 1440


def day_after(moments: Ints, timezone: str) -> Ints:
    """Return the first moment of the calendar day after each moment, shape (n,); ``OPEN`` and ``NEVER`` stay.

    >>> (day_after(np.array([0, DAY - 1, OPEN]), "UTC")[:2] // DAY).tolist()
    [1, 1]
    """
    marks = (moments == OPEN) | (moments == NEVER)
    wall = local_time(np.where(marks, 0, moments), timezone)
    return np.where(marks, moments, utc_time((wall // DAY + 1) * DAY, timezone))


def count_follow_ups(stream: Stream) -> dict[str, Counts]:
    """Return how the intervals that follow others of the same customer begin, by column of ends.

    Returns
    -------
    dict of str to ndarray of shape (4,), int64
        Ends that are neither midnights nor within the last minute of a day; follow-ups that begin as the interval ends, at midnight on the
        day after, and at any other time. Counts of parts of the customers add up.
    """
    found = {}
    for column in ENDS:
        if column in stream.columns:
            ends = stream.columns[column]
            time = local_time(np.where(ends == OPEN, 0, ends), stream.timezone) % DAY
            uneven = (time != 0) & (time < DAY - _LAST_MINUTE) & (ends != OPEN)
            after = day_after(ends, stream.timezone)
            found[column] = np.append(np.count_nonzero(uneven), _follow_ups(stream.offsets, stream.times, ends, after))
    return found


@nb.njit(cache=True, nogil=True)
def _follow_ups(offsets, starts, ends, after):  # type: ignore[no-untyped-def]
    found = np.zeros(3, np.int64)
    for c in range(offsets.size - 1):
        for i in range(offsets[c], offsets[c + 1]):
            if ends[i] == OPEN:
                continue
            for j in range(i + 1, offsets[c + 1]):
                if starts[j] >= ends[i]:
                    found[0 if starts[j] == ends[i] else 1 if starts[j] == after[i] else 2] += 1
                    break
    return found


def are_last_days(counts: dict[str, Counts]) -> list[str]:
    """Return the columns of ends that hold last days: all are dates, and most intervals that follow another begin on the day after."""
    even = [column for column, (uneven, *_) in counts.items() if not uneven]
    found = [c for c in even if counts[c][2] >= _FEWEST and counts[c][2] > counts[c][1] + counts[c][3]]
    return even if "end" in found else found


def through_last_days(stream: Stream, columns: list[str]) -> Stream:
    """Return the intervals with the days of their ends included: they end as the next day begins."""
    if not columns:
        return stream
    return replace(stream, columns={**stream.columns, **{c: day_after(stream.columns[c], stream.timezone) for c in columns}})


def with_last_days(name: str, declaration: Declaration, stream: Stream) -> Stream:
    """Return the rows of a table; intervals include the days of their ends where these are detected to be last days.

    In a part of a table this cannot be detected: it is only counted, and the rows are not changed.
    """
    if not isinstance(declaration, Intervals) or declaration.end_inclusive is not None:
        return stream
    counts, names = count_follow_ups(stream), {"end": declaration.end, "planned_end": str(declaration.planned_end)}
    judge(
        ("last-days", name),
        lambda *found, columns=tuple(counts): _warn_of_last_days(name, names, dict(zip(columns, found, strict=True))),
        *counts.values(),
    )
    return stream if summing() else through_last_days(stream, are_last_days(counts))


def _warn_of_last_days(table: str, names: dict[str, str], counts: dict[str, Counts]) -> None:
    """Warn if the ends of a table were detected to be last days; ``names`` are the columns of the source."""
    columns = are_last_days(counts)
    if not columns:
        return
    _, touching, seams, other = counts[next(c for c in columns if counts[c][2] >= _FEWEST)]
    warn(
        "last-days",
        f"{seams:,} of {touching + seams + other:,} intervals that follow another begin on the day after its end: ends are read as last "
        f"days, which belong to the interval",
        table=table,
        column=" and ".join(names[c] for c in columns),
        rows=int(seams),
        total=int(touching + seams + other),
        remedy="Write end_inclusive=True where the table is declared, or end_inclusive=False if the day of the end does not belong to it.",
        stacklevel=7,
    )
