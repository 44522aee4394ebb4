"""Results written whole or not at all: a temporary file beside the target, flushed to disk, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from churnpredict.errors import OutputError, SourceError, UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_ending", "harmless", "read_frame", "sync_folder", "write_frame", "write_text", "write_whole"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> Path:
    """Let ``write`` fill a temporary file, then give it its name; the folder is made if need be.

    Raises
    ------
    OutputError
        ``not-written``: disk full, no permission, a folder of that name. What stood under the name before still stands.
    """
    target = Path(path)
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
        temporary = None
        sync_folder(target.parent)
    except OSError as error:
        raise OutputError(
            "not-written",
            f'"{target}" could not be written: {error.strerror or error}',
            remedy="Check the path, its permissions and the space left; nothing half-written stays.",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return target


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # a folder cannot be opened on Windows
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: str | Path, text: str) -> Path:
    """Write text as UTF-8."""
    return write_whole(path, lambda file: file.write(text.encode("utf-8")))


def harmless(text: Any) -> Any:
    """A text that no spreadsheet takes for a formula: an apostrophe before = + - @, tab and carriage return.

    >>> harmless("=cmd()"), harmless("plain")
    ("'=cmd()", 'plain')
    """
    return "'" + text if isinstance(text, str) and text.startswith(_FORMULA) else text


def check_ending(path: str | Path) -> str:
    """ "csv", "csv.gz" or "parquet", by the path's ending.

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
    """Write a frame as CSV or Parquet, as the ending says.

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
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(frame, preserve_index=False)
        return write_whole(path, lambda file: pq.write_table(table, file, write_page_checksum=True))
    import csv

    import pandas as pd

    safe = pd.DataFrame(frame).copy()
    kinds = pd.api.types
    texts = [c for c in safe if not kinds.is_numeric_dtype(safe[c]) and not kinds.is_datetime64_any_dtype(safe[c])]
    returns = any("\r" in str(v) for c in safe for v in (c, *(safe[c] if c in texts else ())))
    for column in texts:
        safe[column] = safe[column].astype(object).map(harmless)
    safe.columns = [harmless(str(c)) for c in safe.columns]
    # A bare carriage return ends the row for some readers, and what follows could be a formula: then every text is quoted.
    quoting: Any = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    packed: Any = {"method": "gzip", "mtime": 0} if ending == "csv.gz" else None  # no clock in the file: the same table, the same bytes
    return write_whole(path, lambda file: safe.to_csv(file, index=False, compression=packed, lineterminator="\n", quoting=quoting))


def read_frame(path: str | Path) -> pd.DataFrame:
    """A table that :func:`write_frame` wrote; from CSV, customer ids are texts, since the file does not know better.

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
    except (OSError, ValueError) as error:  # a parser's own words could quote a row
        if isinstance(error, UsageError):
            raise
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no such table"
        raise SourceError("unreadable-scores", f'"{path}" cannot be read: {why}', remedy="Give a file that score wrote.") from None
