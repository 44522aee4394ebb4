"""Lines of an order: one event of the exact sum, whatever the order of the rows."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from churnpredict.events.order_lines import one_row_per_order
from churnpredict.events.rows import Rows

LABELS = ("user", "item", "kind")


def some_rows(seed: int, n: int = 400, roles: tuple[str, ...] = ("value", "kind", "item", "user", "known")) -> tuple[Rows, Any, Any]:
    """Rows of few customers and orders, with amounts whose sums depend on the order of adding."""
    rng = np.random.default_rng(seed)
    amounts = np.append(rng.choice([1e16, -1e16, 1.0, 0.1, 0.7, 1e-17, 2.0**-53, 3.0, np.nan, 0.0], n - 2), [1e16, 1.0])
    labels = {name: rng.integers(-1, 3, n).astype(np.int32) for name in ("kind", "item", "user")}
    times = rng.integers(0, 50, n)
    columns = {"value": amounts, **labels, "known": times + rng.integers(0, 9, n)}
    codes = rng.integers(0, 4, n).astype(np.int32)
    rows = Rows(codes, pa.array(list("abcd")), times, {name: columns[name] for name in roles})
    high = rng.integers(-1, 2, n)
    return rows, high, np.where(high < 0, 0, rng.integers(0, 30, n))


def as_set(rows: Rows) -> list[Any]:
    return sorted(zip(rows.codes.tolist(), rows.times.tolist(), *(map(repr, c.tolist()) for c in rows.columns.values()), strict=True))


def slowly(rows: Rows, high: Any, low: Any) -> list[Any]:
    """The same, order by order."""
    orders: dict[Any, list[int]] = defaultdict(list)
    for i in range(len(rows.times)):
        orders[(rows.codes[i], high[i], low[i]) if high[i] >= 0 else ("alone", i)].append(i)
    found = []
    for lines in orders.values():
        value = rows.columns.get("value", np.full(len(rows.times), np.nan))
        best = min(lines, key=lambda i: (-np.nan_to_num(abs(value[i])), *(rows.columns[n][i] for n in LABELS if n in rows.columns)))
        there = [value[i] for i in lines if not np.isnan(value[i])]
        own = {name: column[best] for name, column in rows.columns.items()}
        own |= {"value": math.fsum(there) if there else math.nan} if "value" in own else {}
        own |= {"known": max(rows.columns["known"][lines])} if "known" in own else {}
        found.append((int(rows.codes[best]), int(rows.times[lines].min()), *(repr(np.asarray(v).item()) for v in own.values())))
    return sorted(found)


@pytest.mark.parametrize("roles", [("value", "kind", "item", "user", "known"), ("value",), ("item", "kind"), ()])
@pytest.mark.parametrize("seed", range(4))
def test_orders_are_merged_as_one_by_one(seed: int, roles: tuple[str, ...]) -> None:
    rows, high, low = some_rows(seed, roles=roles)
    expected = slowly(rows, high, low)
    assert len(expected) < 350
    assert as_set(one_row_per_order(rows, high, low)) == expected


def test_the_order_of_rows_changes_no_digit() -> None:
    rows, high, low = some_rows(9)
    order = np.random.default_rng(1).permutation(len(high))
    shuffled = Rows(rows.codes[order], rows.ids, rows.times[order], {name: column[order] for name, column in rows.columns.items()})
    assert as_set(one_row_per_order(shuffled, high[order], low[order])) == as_set(one_row_per_order(rows, high, low))


@pytest.mark.parametrize("seed", range(40))
def test_a_sum_is_rounded_once(seed: int) -> None:
    """Halves of the last digit, with more below them, and sums that cancel."""
    rng = np.random.default_rng(seed)
    amounts = np.ldexp(rng.integers(-3, 4, 60).astype(float), rng.integers(-120, 60, 60))
    amounts = rng.permutation(np.concatenate([amounts, -amounts[:50], [1.0, 2.0**-53, 2.0**-106 * rng.integers(-1, 2)]]))
    rows = Rows(np.zeros(len(amounts), np.int32), pa.array(["a"]), np.zeros(len(amounts), np.int64), {"value": amounts})
    same = np.zeros(len(amounts), np.int64)
    assert one_row_per_order(rows, same, same).columns["value"].tolist() == [math.fsum(amounts)]


def test_neither_half_of_a_number_is_enough() -> None:
    rows = Rows(np.zeros(4, np.int32), pa.array(["a"]), np.arange(4), {"value": np.ones(4)})
    assert len(one_row_per_order(rows, np.array([0, 0, 1, 1]), np.array([5, 6, 5, 6])).times) == 4
    assert len(one_row_per_order(rows, np.array([0, 0, 1, 1]), np.array([5, 5, 5, 5])).times) == 2
