"""Streams: grouped, sorted and searched as plain Python would do it, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.clock import OPEN
from churnpredict.events.streams import count_labels, group_rows, local_days, spread_rows

DAY = 86_400_000_000
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2), st.integers(0, 3)), max_size=25)


def stream_of(rows, remap=(0, 1, 2, 3), n=4, known=False, timezone="UTC"):  # type: ignore[no-untyped-def]
    """Rows of id, day, item and delay."""
    ids, days, items, delays = (np.array(c, np.int64) for c in (zip(*rows, strict=True) if rows else ([], [], [], [])))
    columns = {"item": items.astype(np.int32), "value": items.astype(np.float64)} | ({"known": (days + delays) * DAY} if known else {})
    return group_rows(ids, np.array(remap, np.int32), n, days * DAY, columns, timezone)


@given(ROWS, st.randoms(use_true_random=False))
def test_rows_are_grouped_and_sorted_whatever_their_order(rows, random) -> None:  # type: ignore[no-untyped-def]
    stream, repeats = stream_of(rows)
    expected = sorted((i, d * DAY, v) for i, d, v, _ in rows)
    found = list(zip(stream.owners.tolist(), stream.times.tolist(), stream.columns["item"].tolist(), strict=True))
    assert found == expected
    assert repeats == len(expected) - len(set(expected))
    random.shuffle(rows)
    again, _ = stream_of(rows)
    assert again.times.tolist() == stream.times.tolist()
    assert again.columns["item"].tolist() == stream.columns["item"].tolist()


@given(ROWS)
def test_ids_without_a_customer_are_left_out_and_others_renumbered(rows) -> None:  # type: ignore[no-untyped-def]
    stream, _ = stream_of(rows, remap=(1, -1, 0, 2), n=3)
    expected = sorted(({0: 1, 2: 0, 3: 2}[i], d * DAY) for i, d, *_ in rows if i != 1)
    assert list(zip(stream.owners.tolist(), stream.times.tolist(), strict=True)) == expected


@given(ROWS)
def test_rows_that_are_grouped_already_are_spread_to_the_same(rows) -> None:  # type: ignore[no-untyped-def]
    whole, repeats = stream_of(rows)
    remap = np.array([0, -1, 1, 2], np.int32)
    spread, _ = spread_rows(whole.offsets, remap, 3, whole.times, whole.columns, "UTC")
    direct, _ = stream_of(rows, remap=remap, n=3)
    assert spread.offsets.tolist() == direct.offsets.tolist()
    assert spread.times.tolist() == direct.times.tolist()
    everybody, same = spread_rows(whole.offsets, np.arange(4, dtype=np.int32), 4, whole.times, whole.columns, "UTC")
    assert same == repeats
    assert everybody.times is whole.times, "used as it is where nothing is left out"


@given(ROWS, st.integers(0, 12))
def test_what_was_known_before_a_moment(rows, moment) -> None:  # type: ignore[no-untyped-def]
    past = stream_of(rows, known=True)[0].known_before(moment * DAY)
    assert len(past) == sum(d < moment and d + late < moment for _, d, _, late in rows)
    assert past.n_customers == 4


@given(ROWS)
def test_days_next_rows_and_next_items(rows) -> None:  # type: ignore[no-untyped-def]
    stream, _ = stream_of(rows)
    offsets, days, place = stream.active_days
    for c in range(4):
        own = slice(stream.offsets[c], stream.offsets[c + 1])
        assert days[offsets[c] : offsets[c + 1]].tolist() == sorted({d for i, d, *_ in rows if i == c})
        assert days[place[own]].tolist() == (stream.times[own] // DAY).tolist()
    times, owners, items = stream.times.tolist(), stream.owners.tolist(), stream.columns["item"].tolist()
    n = len(times)
    assert stream.following.tolist() == [times[k + 1] if k + 1 < n and owners[k + 1] == owners[k] else OPEN for k in range(n)]
    assert stream.next_same_item.tolist() == [
        next((j for j in range(k + 1, n) if owners[j] == owners[k] and items[j] == items[k]), n) for k in range(n)
    ]


def test_days_are_those_of_the_business() -> None:
    late = np.array([np.datetime64("2024-06-30T22:30", "us").astype(np.int64)])
    assert (local_days(late, "Europe/Berlin") - local_days(late, "UTC")).tolist() == [1]


@given(ROWS)
def test_labels_are_counted_by_row_and_by_customer(rows) -> None:  # type: ignore[no-untyped-def]
    stream, _ = stream_of(rows)
    codes = stream.columns["item"]
    counts = count_labels(stream.offsets, codes, stream.times, 3)
    assert np.asarray(counts[0]).tolist() == [sum(v == k for *_, v, _ in rows) for k in range(3)]
    assert np.asarray(counts[1]).tolist() == [len({i for i, _, v, _ in rows if v == k}) for k in range(3)]
