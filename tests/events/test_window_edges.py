"""Edges of windows are counts of earlier rows, whether customers share their cutoffs or not, and in every time zone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.clock import NEVER
from churnpredict.events.streams import group_rows
from churnpredict.events.window_edges import latest_known, positions, window_edges
from churnpredict.spans import Span

DAY = 86_400_000_000
SPRING = 19_811  # 29 March 2024: two days before the clock is put forward in Berlin
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 3)), max_size=25)
ASKED = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=40)
WINDOWS = [Span(days=8), None, Span(days=3), Span(days=0), Span(microseconds=DAY), Span(months=1)]


def stream_of(rows, timezone="UTC", begin=0):  # type: ignore[no-untyped-def]
    """Rows of id, day and delay."""
    ids, days, delays = (np.array(c, np.int64) for c in (zip(*rows, strict=True) if rows else ([], [], [])))
    days += begin
    return group_rows(ids, np.arange(4, dtype=np.int32), 4, days * DAY, {"known": (days + delays) * DAY}, timezone)[0]


def pairs(asked, begin=0):  # type: ignore[no-untyped-def]
    asked = sorted(asked)
    return np.array([a for a, _ in asked], np.int32), (np.array([b for _, b in asked], np.int64) + begin) * DAY


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
@given(rows=ROWS, asked=ASKED)
def test_edges_are_counts_of_earlier_rows(timezone, rows, asked) -> None:  # type: ignore[no-untyped-def]
    stream = stream_of(rows, timezone, SPRING)
    who, when = pairs(asked, SPRING)
    edges = window_edges(stream, who, when, WINDOWS)
    for r, (c, t) in enumerate(zip(who, when, strict=True)):
        own, oldest = stream.times[stream.offsets[c] : stream.offsets[c + 1]], WINDOWS[0].before(int(t), timezone)
        begins = [t, *(NEVER if w is None else w.before(int(t), timezone) for w in WINDOWS)]
        expected = [int((own < b).sum()) for b in begins[:2]] + [int((own < max(b, oldest)).sum()) for b in begins[2:]]
        assert (edges[:, r] - stream.offsets[c]).tolist() == expected


@given(ROWS)
def test_cutoffs_that_customers_share_have_the_edges_that_each_has_alone(rows) -> None:  # type: ignore[no-untyped-def]
    stream, (who, when) = stream_of(rows), pairs((c, day) for c in range(4) for day in range(13))
    together, plain = window_edges(stream, who, when, WINDOWS), np.empty((1, len(who)), np.int64)
    for r in range(len(who)):
        alone = window_edges(stream, who[r : r + 1], when[r : r + 1], WINDOWS)
        assert together[:, r].tolist() == alone[:, 0].tolist()
    positions(stream.offsets, stream.times, who, when, plain)
    assert together[0].tolist() == plain[0].tolist()


@given(ROWS, ASKED)
def test_the_latest_row_is_the_latest_that_was_known(rows, asked) -> None:  # type: ignore[no-untyped-def]
    stream, (who, when) = stream_of(rows), pairs(asked)
    found = latest_known(stream, who, when)
    for place, c, t in zip(found.tolist(), who, when, strict=True):
        own = range(stream.offsets[c], stream.offsets[c + 1])
        assert place == max((k for k in own if stream.times[k] < t and stream.columns["known"][k] < t), default=-1)
