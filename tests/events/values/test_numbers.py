"""Columns of amounts: the nearest float64 of what is written, whatever type a source stores; what is no number is refused."""

from __future__ import annotations

import warnings
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from churnpredict.errors import ChurnWarning, ContentError
from churnpredict.events.values.numbers import numbers_of_texts, read_numbers


def read(values: list[object], kind: pa.DataType | None = None, **options: object) -> list[float]:
    return read_numbers(pa.chunked_array([pa.array(values, kind)]), table="orders", name="eur", **options).tolist()  # type: ignore[arg-type]


CENTS = [n / 100 for n in range(1, 100_000, 997)]


@pytest.mark.parametrize("kind", [pa.decimal128(12, 2), pa.decimal128(38, 2), pa.decimal256(40, 2), pa.string(), pa.float64()], ids=str)
def test_every_type_is_read_to_the_nearest_number(kind: pa.DataType) -> None:
    written = [f"{x:.2f}" for x in CENTS]
    values = {"decimal": [Decimal(t) for t in written], "string": written, "double": CENTS}
    assert read(values[next(k for k in values if str(kind).startswith(k))], kind) == CENTS


def test_missing_is_nan_and_whole_numbers_do_not_wrap() -> None:
    with pytest.warns(ChurnWarning, match="huge-value"):
        found = read([1, None, 2**63 - 1], pa.int64())
    assert found == pytest.approx([1, np.nan, 2.0**63], nan_ok=True)
    with pytest.warns(ChurnWarning, match="missing-words"):
        words = read(["1.5", "N/A", ""])
    assert np.isnan(words[1:]).all()


def test_texts_that_are_no_numbers_are_marked() -> None:
    values, words, unread = numbers_of_texts(pa.array(["1", "n/a", "1,5"]))
    assert words == 1
    assert unread is not None
    assert unread.to_pylist() == [False, False, True]
    assert numbers_of_texts(pa.array(["+1e3", "-.5"]))[0].to_pylist() == [1000.0, -0.5]
    assert len(values) == 3


@pytest.mark.parametrize(
    ("values", "code"),
    [(["1", "two"], "value-type"), ([True, False], "value-type"), ([1.0, np.inf], "infinite-value"), (["007"], "value-type")],
)
def test_what_is_no_amount_is_refused(values: list[object], code: str) -> None:
    with pytest.raises(ContentError, match=code):
        read(values)


@pytest.mark.parametrize(("values", "code"), [([1.0, -2.0], "negative-value"), ([1e16], "huge-value"), ([None, None], "null-column")])
def test_what_may_be_a_mistake_is_told(values: list[object], code: str) -> None:
    with pytest.warns(ChurnWarning, match=code):
        read(values, pa.float64())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read([1.0, -2.0], signed=False)
