"""Types that Parquet files hold as plain whole numbers, and that only Arrow's own part of the file names: durations and periods."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import pyarrow as pa

from churnpredict.errors import SchemaError

__all__ = ["check_stored_types"]

_EXTENSION = b"ARROW:extension:name"


def check_stored_types(schema_of: Callable[[str], pa.Schema], files: Iterable[str], wanted: Collection[str], *, table: str) -> None:
    """Refuse durations and periods in the wanted columns: a reader that knows Parquet only takes them for counts of a unit it cannot see.

    Raises
    ------
    SchemaError
        ``stored-type``.
    """
    for file in files:
        for field in schema_of(file):
            what = _hidden(field) if field.name in wanted else ""
            if what:
                remedy = "Write the column again: a duration as a number of hours or days, a period as a day or as text."
                raise SchemaError("stored-type", f"the file holds {what} as whole numbers", table=table, column=field.name, remedy=remedy)


def _hidden(field: pa.Field) -> str:
    """Return what a column means if its whole numbers do not say it, such as ``durations (ns)``."""
    kind = field.type
    if pa.types.is_duration(kind):
        return f"durations ({kind.unit})"
    name = kind.extension_name if isinstance(kind, pa.BaseExtensionType) else (field.metadata or {}).get(_EXTENSION, b"").decode()
    return "periods" if "period" in name else ""
