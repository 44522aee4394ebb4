"""Columns of plain types from Parquet files, read by Arrow; whatever else a file holds is left to DuckDB.

Arrow takes half the time of DuckDB, and a tenth where a file holds the distinct texts of a column and their numbers, which is what texts
become here anyway. It reads only what both readers take for the same, so that it does not matter which of them reads a file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa

__all__ = ["plain_names", "read_plain"]

_TEXTS = (pa.string(), pa.large_string())
_PLAIN = (*_TEXTS, pa.int32(), pa.int64(), pa.float64(), pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC"))
_PHYSICAL = ("BYTE_ARRAY", "INT32", "INT64", "DOUBLE")
# A timestamp noted in the older way is UTC for Arrow and of an unknown zone for DuckDB; whole numbers that are declared shorter than they
# are stored may be longer in a damaged file.
_DOUBTFUL = ("is_from_converted_type=true", "bitWidth=8", "bitWidth=16", "JSON", "Enum")
_LENGTH = 4  # bytes before each text that is written out


def plain_names(schema: pa.Schema) -> list[str] | None:
    """Return the names of a file's columns; None where DuckDB, which does not tell capitals from small letters, has others for them.

    >>> ids = [("id", pa.int64()), ("at", pa.date32())]
    >>> plain_names(pa.schema(ids)), plain_names(pa.schema([*ids, ("ID", pa.int64())]))
    (['id', 'at'], None)
    """
    names = [str(name) for name in schema.names]
    return names if names and all(names) and len({name.lower() for name in names}) == len(names) else None


def read_plain(files: Sequence[str], columns: Sequence[str], coded: Collection[str] = ()) -> pa.Table | None:
    """Return columns of some files, one after the other; None where DuckDB has to read them, or to say what is wrong with them.

    Parameters
    ----------
    files : sequence of str
        Paths.
    columns : sequence of str
        Different names.
    coded : collection of str
        Columns of texts that may come with a dictionary, as they do where the files have one.
    """
    import pyarrow.parquet as pq

    try:
        about = [pq.read_metadata(file) for file in files]
        kinds = [_plain_types(one, columns) for one in about]
        if not kinds or None in kinds or any(kind != kinds[0] for kind in kinds):
            return None
        texts = [name for name, kind in zip(columns, kinds[0] or (), strict=True) if kind in _TEXTS and name in coded]
        short = [name for name in texts if all(_has_dictionary(file, one, name) for file, one in zip(files, about, strict=True))]
        parts = []
        for file, one in zip(files, about, strict=True):
            with pq.ParquetFile(file, metadata=one, read_dictionary=short) as opened:
                part = opened.read(list(columns)).select(list(columns))
            parts.append(pa.table(part.columns, names=list(columns)))  # without what the writer noted about them
            # In a damaged file, numbers may lie beyond the dictionary, texts may be none, and columns may be longer than the table.
            part.validate(full=True)
            if any(chunk.num_values != rows for name in columns for chunk, rows in _chunks(one, name)):
                return None
        return pa.concat_tables(parts)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return None


def _plain_types(about: Any, columns: Sequence[str]) -> list[pa.DataType] | None:
    """Return the types of some columns of a file; None where one is missing, or where DuckDB may read it as another type."""
    schema = about.schema.to_arrow_schema()
    paths = _paths(about)
    for name in columns:
        if paths.count(name) != 1 or name not in schema.names or schema.field(name).type not in _PLAIN:  # a part may be called as a column
            return None
        stored = about.schema.column(paths.index(name))
        if stored.physical_type not in _PHYSICAL or any(word in str(stored.logical_type) for word in _DOUBTFUL):
            return None
    return [schema.field(name).type for name in columns]


def _has_dictionary(file: str, about: Any, name: str) -> bool:
    """Return whether texts are stored as numbers of distinct texts: they take less room than texts can that are written out."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, metadata=about) as opened:
        for group in range(about.num_row_groups):  # what damage there is becomes an error here; in _chunks it would end the process
            next(opened.iter_batches(1, row_groups=[group], columns=[name]), None)
    return all(chunk.has_dictionary_page and chunk.total_uncompressed_size < _LENGTH * rows for chunk, rows in _chunks(about, name))


def _chunks(about: Any, name: str) -> Iterator[tuple[Any, int]]:
    """Yield what is known of a column, and the number of rows, in each group of rows. Only for columns that have been read."""
    place = _paths(about).index(name)
    for group in map(about.row_group, range(about.num_row_groups)):
        yield group.column(place), group.num_rows


def _paths(about: Any) -> list[str]:
    return [about.schema.column(place).path for place in range(len(about.schema))]
