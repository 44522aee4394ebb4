"""Ids to the last digit: whole numbers and texts of any type; what may have lost digits is refused."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from churnpredict.errors import IdentityError
from churnpredict.events.sources.exact_ids import exact_ids, refuse_missing


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint16(), pa.int64(), pa.uint64(), pa.decimal128(10, 2), pa.decimal256(50, 0)], ids=str)
def test_whole_numbers_are_whole_numbers(kind: pa.DataType) -> None:
    values = [Decimal(7), Decimal(9)] if pa.types.is_decimal(kind) else [7, 9]
    assert exact_ids(pa.array(values, kind), "t", "id").equals(pa.array([7, 9], pa.int64()))


def test_what_int64_does_not_hold_is_text() -> None:
    large = 2**63
    assert exact_ids(pa.array([large], pa.uint64()), "t", "id").to_pylist() == [str(large)]
    assert exact_ids(pa.array([Decimal(large)], pa.decimal256(40, 0)), "t", "id").to_pylist() == [str(large)]
    assert exact_ids(pa.array(["0012", "é"], pa.large_string()), "t", "id").to_pylist() == ["0012", "é"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (pa.array([1.0, 2.0]), "float-id"),
        (pa.array([2.0**60]), "float-id"),
        (pa.array(["1.2E+11"]), "float-id"),
        (pa.array(["17.0"]), "float-id"),
        (pa.array(["a", "  "]), "empty-id"),
        (pa.array([Decimal("1.50")]), "id-type"),
        (pa.array([True]), "id-type"),
    ],
    ids=str,
)
def test_what_is_no_exact_id_is_refused(values: pa.Array, code: str) -> None:
    with pytest.raises(IdentityError, match=code):
        exact_ids(values, "t", "id")


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (pa.array(["a", None]), "null-id"),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])), "null-id"),
        (pa.array([["a"]]), "id-type"),
    ],
    ids=["plain", "in the dictionary", "list"],
)
def test_a_missing_id_is_found_wherever_it_hides(column: pa.Array, code: str) -> None:
    with pytest.raises(IdentityError, match=code):
        refuse_missing(pa.chunked_array([column]), "t", "id")
    refuse_missing(pa.chunked_array([pa.array(["a"])]), "t", "id")
