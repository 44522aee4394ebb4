"""Types that only a database has, as types that every source has: exactly, or refused with the cast to write."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import SchemaError
from churnpredict.events.sources.texts import mark_untyped

__all__ = ["cast_on_server", "plain_types"]

# PostgreSQL counts from 2000, and the driver adds the years since 1970 to infinity until it wraps round into the past.
_ENDLESS_MICROSECONDS = {-9_222_425_352_054_775_809: 253_402_214_400_000_000, -9_222_425_352_054_775_808: -62_135_596_800_000_000}
_ENDLESS_DAYS = {-2_147_472_692: 2_932_896, -2_147_472_691: -719_162}
_LONG_AGO = -4_000_000  # days since 1970, before which PostgreSQL has no date


def cast_on_server(field: pa.Field) -> str | None:
    """Return the type into which PostgreSQL has to cast a column before it is sent, None for those that arrive as they are.

    ``money`` would come in cents, ``char(n)`` filled up with spaces, an ``oid`` with a sign, an ``enum``, ``inet`` or ``bit`` as bytes.
    """
    metadata = field.metadata or {}
    known = {b"money": "numeric", b"bpchar": "text", b"oid": "int8"}.get(metadata.get(b"POSTGRESQL:type", b""))
    return known or ("text" if _is_opaque(field.type) and pa.types.is_binary(field.type.storage_type) else None)


def _is_opaque(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.opaque"


def plain_types(table: pa.Table, name: str, text: Collection[str] | None = None) -> pa.Table:
    """Return a table without extension types, and with infinity as a far date.

    Parameters
    ----------
    table : pyarrow.Table
    name : str
        What the table is called in messages.
    text : collection of str, optional
        Columns in which exact numerics stay text and are marked as untyped; in others they become float64.

    Raises
    ------
    SchemaError
        ``server-type`` for what a cursor that was opened elsewhere has already brought in another form.
    """
    exact = []
    for place, field in enumerate(table.schema):
        plain = _plain_column(table.column(place), field, name, exactly=text is not None and field.name in text)
        if plain is None:
            continue
        if _is_numeric(field) and plain.type == pa.string():
            exact.append(field.name)
        table = table.set_column(place, field.name, plain)
    return mark_untyped(table, exact)


def _is_numeric(field: pa.Field) -> bool:
    """Return whether a column is of PostgreSQL's exact numeric type."""
    return getattr(field.type, "type_name", "") == "numeric"


def _plain_column(column: pa.ChunkedArray, field: pa.Field, table: str, *, exactly: bool) -> Any:
    """Return a column in a type that all readers know; None where it has one."""
    if _is_numeric(field):
        return _numeric(_storage(column), exactly=exactly)
    extension = field.type if isinstance(field.type, pa.BaseExtensionType) else None
    if extension is not None and extension.extension_name == "arrow.uuid":
        return pa.chunked_array([pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())])
    cast = cast_on_server(field)
    if cast is not None and cast != "int8" and field.metadata.get(b"POSTGRESQL:type") != b"bpchar":
        raise _lost_meaning(field, table, cast)
    if extension is not None:
        return _storage(column)
    if pa.types.is_timestamp(field.type) and field.type.unit == "us":
        return _without_infinity(column, pa.int64(), _ENDLESS_MICROSECONDS, _LONG_AGO * 86_400_000_000)
    if pa.types.is_date32(field.type):
        return _without_infinity(column, pa.int32(), _ENDLESS_DAYS, _LONG_AGO)
    return None


def _lost_meaning(field: pa.Field, table: str, cast: str) -> SchemaError:
    kind = field.metadata.get(b"POSTGRESQL:type", b"").decode()
    return SchemaError(
        "server-type",
        f"a column of PostgreSQL's type {kind}, of which the cursor has lost the meaning",
        table=table,
        column=field.name,
        remedy=f'Write CAST("{field.name}" AS {cast}) in the query; cp.Query(sql, address) does it by itself.',
    )


def _storage(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([c.storage for c in column.chunks], column.type.storage_type)


def _numeric(column: pa.ChunkedArray, *, exactly: bool) -> pa.ChunkedArray:
    """Return exact numerics as float64, or as the texts of whole numbers and of decimals without zeros at their end."""
    if not exactly:
        return column.cast(pa.float64())
    column = pc.if_else(pc.equal(column, "nan"), None, column)
    return pc.replace_substring_regex(pc.replace_substring_regex(column, r"(\.[0-9]*?)0+$", r"\1"), r"\.$", "")


def _without_infinity(column: pa.ChunkedArray, counts: pa.DataType, endless: dict[int, int], earliest: int) -> pa.ChunkedArray | None:
    """Return the column with 9999-12-31 and 0001-01-01 for infinity and -infinity; None where it has neither."""
    numbers = column.cast(counts)
    lowest = pc.min(numbers).as_py()
    if lowest is None or lowest >= earliest:
        return None
    for found, instead in endless.items():
        numbers = pc.if_else(pc.equal(numbers, pa.scalar(found, counts)), pa.scalar(instead, counts), numbers)
    return numbers.cast(column.type)
