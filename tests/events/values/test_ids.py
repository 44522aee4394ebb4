"""Customer ids: exact or refused; whole numbers of a text file are numbers, and near twins are told."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churnpredict.errors import ChurnWarning, IdentityError
from churnpredict.events.values.ids import check_spellings, read_ids


def read(values: list[object], form: bytes | None = None, kind: pa.DataType | None = None) -> list[object]:
    codes, ids = read_ids(pa.chunked_array([pa.array(values, kind)]), table="orders", name="user", form=form)
    return [ids[int(c)].as_py() for c in codes]


def test_ids_come_back_row_by_row_as_they_were() -> None:
    assert read(["b", "a", "b"]) == ["b", "a", "b"]
    assert read([3, 1, 3]) == [3, 1, 3]
    assert read([], kind=pa.string()) == []


def test_texts_of_a_file_without_types_are_numbers_if_all_of_them_are() -> None:
    assert read(["12", "7"], b"text") == [12, 7]
    assert read(["12", "007"], b"text") == ["12", "007"], "leading zeros are part of an id"
    assert read(["12", "7"]) == ["12", "7"], "where the source has types, text is text"


@pytest.mark.parametrize(
    ("values", "code"), [(["a", None], "null-id"), (["a", " "], "empty-id"), ([7.0, 9.0], "float-id"), (["a", "Grand Total"], "total-row")]
)
def test_what_is_no_id_is_refused_by_name(values: list[object], code: str) -> None:
    with pytest.raises(IdentityError, match=code):
        read(values)


@pytest.mark.parametrize(
    ("twins", "code"), [(["a", "a "], "id-spaces"), (["a", "A"], "id-case"), (["é", "e\u0301"], "id-unicode"), (["7", "07"], "id-zeros")]
)
def test_ids_that_differ_only_in_spelling_are_told_and_kept(twins: list[str], code: str) -> None:
    with pytest.warns(ChurnWarning, match=code):
        check_spellings(pa.array(twins), "orders")
    check_spellings(pa.array(["a", "b"]), "orders")
