"""Write and read result tables as CSV or Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.errors import SourceError, UsageError, memory_shortage
from churnpredict.files import safe_texts, write_parquet, write_whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_ending", "read_frame", "write_frame"]


def check_ending(path: str | Path) -> str:
    """Return "csv", "csv.gz" or "parquet", by the path's ending.

    Raises
    ------
    UsageError
        ``unknown-ending``.
    """
    for ending, kind in ((".csv", "csv"), (".csv.gz", "csv.gz"), (".parquet", "parquet"), (".pq", "parquet")):
        if str(path).lower().endswith(ending):
            return kind
    raise UsageError("unknown-ending", f'"{path}" has an ending that is not known', remedy="Use .csv, .csv.gz or .parquet.")


def write_frame(path: str | Path, frame: pd.DataFrame) -> Path:
    """Write a frame as CSV or Parquet, by the ending of the path.

    In CSV, texts that a spreadsheet would run as formulas are made harmless, in the header too. Parquet pages carry checksums.

    Raises
    ------
    UsageError
        ``unknown-ending``.
    OutputError
        ``not-written``.
    """
    ending = check_ending(path)
    if ending == "parquet":
        return write_parquet(path, frame)
    import csv

    safe = safe_texts(frame)
    returns = any("\r" in str(v) for c in safe for v in (c, *(safe[c] if safe[c].dtype == object else ())))
    # A bare carriage return ends the row for some readers, and what follows could be a formula: then every text is quoted.
    quoting: Any = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    packed: Any = {"method": "gzip", "mtime": 0} if ending == "csv.gz" else None  # no time in the file: the same table gives the same bytes
    return write_whole(path, lambda file: safe.to_csv(file, index=False, compression=packed, lineterminator="\n", quoting=quoting))


def read_frame(path: str | Path) -> pd.DataFrame:
    """Return a table that :func:`write_frame` wrote; from CSV, customer ids are texts, since the file has no types.

    Raises
    ------
    UsageError
        ``unknown-ending``.
    SourceError
        ``unreadable-scores``.
    """
    import pandas as pd

    try:
        if check_ending(path) == "parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype={"customer_id": str})
    except (OSError, ValueError) as error:  # a parser's message could quote a row
        if isinstance(error, UsageError):
            raise
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not such a table"
        raise memory_shortage(error) or SourceError(
            "unreadable-scores", f'"{path}" cannot be read: {why}', remedy="Give a file that churnpredict score wrote."
        ) from None
