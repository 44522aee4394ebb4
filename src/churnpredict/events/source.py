"""Open a source of any kind as Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churnpredict.errors import UsageError
from churnpredict.events.sources.any_file import open_file
from churnpredict.events.sources.base import Source
from churnpredict.events.sources.databases import Database, Query, table_names
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.frames import open_frame
from churnpredict.events.sources.joined import Joined

__all__ = ["File", "Query", "Source", "open_source", "table_names"]


def open_source(source: Any, name: str) -> Source:
    """Wrap any object that holds a table.

    Parameters
    ----------
    source : frame, relation, Arrow stream, cursor, path, glob, File or Query
        pandas, Polars (eager or lazy), PyArrow, a DuckDB relation, anything with ``__arrow_c_stream__``, a record batch reader, an ADBC
        cursor that has executed; the path, folder (Hive partitions too) or glob of Parquet, CSV or JSON files, compressed or not; a
        workbook (.xlsx); the folder of a Delta Lake or Iceberg table; a :class:`File` where a path alone does not tell how it is written;
        or a :class:`Query` on PostgreSQL, DuckDB or SQLite, or on several files.
    name : str
        Name of the table in messages.

    Raises
    ------
    SourceError
        If nothing is found under the path, its ending is unknown, or a database does not answer.
    UsageError
        If the object holds no table.
    """
    if isinstance(source, Query) and isinstance(source.database, Mapping):
        if source.grows_by is not None:
            raise UsageError("bad-argument", "grows_by is for tables of a database, not for files", table=name, remedy="Leave it out.")
        return Joined(name, source.sql, source.database)
    if isinstance(source, Query):
        return Database(name, source)
    if isinstance(source, (str, Path, File)):
        return open_file(source if isinstance(source, File) else File(source), name)
    return open_frame(source, name)
