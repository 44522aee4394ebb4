"""All columns of a plain CSV as they are written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from churnpredict.errors import SourceError
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.layouts import Layout

__all__ = ["read_texts"]


def read_texts(plain: Path, layout: Layout, file: File, table: str) -> pa.Table:
    """Every column of a file in UTF-8 as text.

    Raises
    ------
    SourceError
        ``unreadable-file``.
    """
    import duckdb

    options = {"delim": layout.delimiter, "quote": '"', "escape": '"', "header": layout.header, "skip": layout.skip_rows, "nullstr": ""}
    names = {"names": list(file.column_names)} if file.column_names else {}
    told = ", ".join(f"{k}=" + (f"'{v}'" if isinstance(v, str) else str(v)) for k, v in {**options, **names}.items())
    with duckdb.connect() as connection:
        try:
            found = connection.sql(
                f"FROM read_csv(?, {told}, all_varchar=true, null_padding=true, strict_mode=false)",
                params=[str(plain)],
            ).to_arrow_table()
        except duckdb.Error:
            raise SourceError(
                "unreadable-file",
                f'"{file.path}" cannot be read as a table',
                table=table,
                remedy="Check that every row has every field, and that quotes are closed.",
            ) from None
    return found.slice(0, max(found.num_rows - layout.footer_rows, 0))
