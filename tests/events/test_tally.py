"""Checks of tables that are read in partitions: counted first, judged once on the sum."""

from __future__ import annotations

from collections import Counter

from churnpredict.events.tally import Tally, counting, judge, summing


def test_a_check_is_judged_at_once_or_on_the_sum_of_partitions() -> None:
    seen: list[tuple[int, ...]] = []
    judge(("late", "orders"), lambda *counts: seen.append(counts), 1, 10)
    assert seen == [(1, 10)]
    tally = Tally()
    for bad in (2, 3):
        with counting(tally):
            assert summing()
            judge(("late", "orders"), lambda *counts: seen.append(counts), bad, 100)
    assert not summing()
    assert seen == [(1, 10)], "partitions only count"
    tally.settle()
    assert seen == [(1, 10), (5, 200)]


def test_tallies_of_two_tables_and_of_earlier_rows_add_up() -> None:
    seen: list[tuple[object, ...]] = []
    one, other = Tally(), Tally()
    one.add(("kinds",), lambda *counts: seen.append(counts), (Counter({"a": 1}),))
    other.add(("kinds",), lambda *counts: seen.append(counts), (Counter({"a": 2, "b": 1}),))
    one.merge(other)
    one.add_earlier(("kinds",), ([("b", 4)],))
    one.add_earlier(("unknown",), (1,))  # a check that these rows have not made
    assert one.counts() == [(("kinds",), (Counter({"a": 3, "b": 5}),))]
    one.settle()
    assert seen == [(Counter({"a": 3, "b": 5}),)]
