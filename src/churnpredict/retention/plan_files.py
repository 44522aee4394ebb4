"""Write plans as CSV and as a workbook."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd

from churnpredict.errors import MissingExtraError
from churnpredict.files import harmless, safe_texts, write_whole

__all__ = ["write_csv", "write_excel"]

_CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])  # characters that a workbook cannot hold


def write_csv(path: str | Path, frame: pd.DataFrame) -> Path:
    """Return CSV in UTF-8, a row per line; all is quoted, because a bare carriage return would otherwise end a row for some readers."""
    safe = safe_texts(frame)
    return write_whole(path, lambda file: safe.to_csv(file, index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC))


def write_excel(path: str | Path, sheets: dict[str, pd.DataFrame]) -> Path:
    """Return a workbook, every text stored as text.

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
    """Return a value that a workbook can hold; an apostrophe is not enough, since openpyxl reads a leading = as a formula."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.tz_localize(None).to_pydatetime()
    return harmless(value.translate(_CONTROL)) if isinstance(value, str) else value
