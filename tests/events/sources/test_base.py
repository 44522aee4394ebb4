"""What all sources share: columns checked before anything is read, and messages of readers without what they quote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from churnpredict.errors import SchemaError
from churnpredict.events.sources.base import Source, distinct, quoted, said


class Fixed(Source):
    """A source of fixed columns."""

    def __init__(self, *names: str) -> None:
        super().__init__("log")
        self.names = list(names)

    def columns(self) -> list[str]:
        return self.names

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        return pa.table({name: list(range(3)) for name in columns})


def test_columns_are_checked_before_anything_is_read() -> None:
    Fixed("id", "day").check(["id", "day"])
    with pytest.raises(SchemaError, match=r'"day".*missing-column'):
        Fixed("id", "dya").check(["day"])
    with pytest.raises(SchemaError, match="duplicate-column"):
        Fixed("id", "id").check(["id"])
    with pytest.raises(SchemaError, match="empty-table"):
        Fixed().check(["id"])


def test_a_source_is_one_unit_unless_it_says_otherwise() -> None:
    source = Fixed("id")
    (unit,) = source.units(["id"])
    assert pa.Table.from_batches(unit.read(["id"], None)) == source.read(["id"])
    assert unit.files == ()


def test_names_are_quoted_and_listed_once() -> None:
    assert quoted('a"b') == '"a""b"'
    assert distinct(["b", "a", "b"]) == ["b", "a"]


def test_a_message_keeps_its_own_words_and_masks_the_rest(tmp_path: Path) -> None:
    told = said(ValueError(f"cannot cast 'Jane Doe' in \"day\" of '{tmp_path}' at postgres://me:secret@host/db\nmore"), ["day"])
    assert "Jane Doe" not in told
    assert "secret" not in told
    assert '"day"' in told
    assert str(tmp_path) in told
    assert "more" not in told
