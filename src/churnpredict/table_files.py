"""Write tables as CSV, Parquet or a workbook, and read them back: the only file that writes any of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from churnpredict.errors import SourceError, UsageError, memory_shortage, missing_extra
from churnpredict.files import write_whole

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "beside",
    "check_ending",
    "harmless",
    "read_frame",
    "write_blocks",
    "write_csv",
    "write_frame",
    "write_parquet",
    "write_workbook",
]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])  # characters that a workbook cannot hold


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


def beside(path: Path, part: str) -> Path:
    """Return the path of another part of a table, in the same folder and format.

    >>> beside(Path("out/backtest.csv.gz"), "tenths").as_posix()
    'out/backtest.tenths.csv.gz'

    Raises
    ------
    UsageError
        ``unknown-ending``.
    """
    check_ending(path)
    name = path.name.split(".")[0] if path.name.endswith(".csv.gz") else path.stem
    return path.with_name(f"{name}.{part}{path.name.removeprefix(name)}")


def write_frame(path: str | Path, frame: pd.DataFrame) -> Path:
    """Write a frame as CSV or Parquet, by the ending of the path.

    Raises
    ------
    UsageError
        ``unknown-ending``.
    OutputError
        ``not-written``.
    """
    ending = check_ending(path)
    return write_parquet(path, frame) if ending == "parquet" else write_csv(path, frame, packed=ending == "csv.gz")


def write_csv(path: str | Path, frame: pd.DataFrame, *, packed: bool = False) -> Path:
    """Write a frame as CSV; texts that a spreadsheet would run as formulas are made harmless, in the header too."""
    safe = _safe_texts(frame)
    returns = any("\r" in str(v) for c in safe for v in (c, *(safe[c] if _has_texts(safe[c]) else ())))
    # A bare carriage return ends the row for some readers, and what follows could be a formula: then every text is quoted.
    quoting: Any = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    gzip: Any = {"method": "gzip", "mtime": 0} if packed else None  # no time in the file: the same table gives the same bytes
    return write_whole(path, lambda file: safe.to_csv(file, index=False, compression=gzip, lineterminator="\n", quoting=quoting))


def write_parquet(path: str | Path, frame: pd.DataFrame, *, dictionary: bool | Sequence[str] = True) -> Path:
    """Write a frame as Parquet; ``dictionary`` names the columns whose values are stored once each."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    return write_whole(path, lambda file: write_blocks([table], file, dictionary=dictionary))


def write_blocks(blocks: Iterable[pa.Table], file: IO[bytes], *, dictionary: bool | Sequence[str] = True) -> None:
    """Write Arrow tables of one schema into an open Parquet file, a row group or more each; pages carry checksums.

    Dictionaries of texts are read back as texts.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    each = iter(blocks)
    first = next(each)
    plain = not any(pa.types.is_dictionary(field.type) for field in first.schema)
    with pq.ParquetWriter(file, first.schema, write_page_checksum=True, use_dictionary=dictionary, store_schema=plain) as writer:
        writer.write_table(first)
        for block in each:
            writer.write_table(block)


def write_workbook(path: str | Path, sheets: dict[str, pd.DataFrame]) -> Path:
    """Write an Excel workbook with every text as text.

    Raises
    ------
    MissingExtraError
        ``missing-extra``: openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        raise missing_extra("writing workbooks needs openpyxl", "report") from error
    book = Workbook(write_only=True)
    for name, frame in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append([_cell(column) for column in frame])
        for row in frame.astype(object).itertuples(index=False):
            sheet.append([_cell(value) for value in row])
    return write_whole(path, book.save)


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


def harmless(text: Any) -> Any:
    """Return a text that no spreadsheet reads as a formula: an apostrophe before = + - @, tab and carriage return; anything else unchanged.

    >>> harmless("=cmd()"), harmless("plain"), harmless(-1)
    ("'=cmd()", 'plain', -1)
    """
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text


def _safe_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose texts and headers no spreadsheet runs."""
    import pandas as pd

    safe = pd.DataFrame(frame).copy()
    for column in safe:
        if _has_texts(safe[column]):
            safe[column] = safe[column].astype(object).map(harmless)
    safe.columns = pd.Index([harmless(str(column)) for column in safe])
    return safe


def _has_texts(column: pd.Series) -> bool:
    import pandas as pd

    return not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_datetime64_any_dtype(column)


def _cell(value: Any) -> Any:
    """Return a value that a workbook can hold; an apostrophe is not enough, since openpyxl reads a leading = as a formula."""
    import pandas as pd

    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime()
    return harmless(value.translate(_CONTROL)) if isinstance(value, str) else value
