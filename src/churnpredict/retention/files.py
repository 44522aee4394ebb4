"""Plans and pages written whole or not at all; in tables for spreadsheets no text is a formula."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pandas as pd

from churnpredict.errors import MissingExtraError, OutputError

__all__ = ["harmless", "write_csv", "write_excel", "write_parquet", "write_whole"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])  # what a workbook cannot hold


def harmless(text: Any) -> Any:
    """A text that no spreadsheet runs: an apostrophe before = + - @, tab and carriage return; anything else as it is.

    >>> harmless("@SUM(A1)"), harmless("plain"), harmless(-1)
    ("'@SUM(A1)", 'plain', -1)
    """
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> Path:
    """Fill a temporary file beside the target, flush it to disk, then give it its name.

    Raises
    ------
    OutputError
        ``not-written``; what stood under the name before still stands.
    """
    target = Path(path)
    part: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())  # temporary files are private, results are like any other file
        part.replace(target)
        part = None
    except OSError as error:
        raise OutputError(
            "not-written",
            f'"{target}" could not be written: {error.strerror or error}',
            remedy="Check the path, its permissions and the space left; nothing half-written stays.",
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return target


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _safe(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose texts, headers too, no spreadsheet runs."""
    safe = frame.copy()
    for column in safe:
        if not pd.api.types.is_numeric_dtype(safe[column]) and not pd.api.types.is_datetime64_any_dtype(safe[column]):
            safe[column] = safe[column].astype(object).map(harmless)
    safe.columns = [harmless(str(column)) for column in safe]
    return safe


def write_csv(path: str | Path, frame: pd.DataFrame) -> Path:
    """UTF-8, a row per line; quoted throughout, because a bare carriage return would otherwise end a row for some readers."""
    safe = _safe(frame)
    return write_whole(path, lambda file: safe.to_csv(file, index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC))


def write_parquet(path: str | Path, frame: pd.DataFrame) -> Path:
    """With page checksums."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    return write_whole(path, lambda file: pq.write_table(table, file, write_page_checksum=True))


def write_excel(path: str | Path, sheets: dict[str, pd.DataFrame]) -> Path:
    """A workbook, every text stored as text.

    Raises
    ------
    MissingExtraError
        ``missing-extra``: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise MissingExtraError(
            "missing-extra", "Excel needs openpyxl, which is not installed", remedy="Run: pip install 'churnpredict[report]'"
        ) from error
    book = Workbook(write_only=True)
    for name, frame in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append([_cell(column) for column in frame])
        for row in frame.astype(object).itertuples(index=False):
            sheet.append([_cell(value) for value in row])
    return write_whole(path, book.save)


def _cell(value: Any) -> Any:
    """What a workbook can hold; an apostrophe is not enough there, since openpyxl takes a leading = for a formula by itself."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime()
    return harmless(value.translate(_CONTROL)) if isinstance(value, str) else value
