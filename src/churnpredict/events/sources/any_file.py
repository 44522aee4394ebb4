"""Files by path: each kind of file has its reader and its options."""

from __future__ import annotations

import glob
import os

from churnpredict.errors import SourceError, UsageError
from churnpredict.events.sources.base import Source
from churnpredict.events.sources.endings import JSON, JSON_LINES, TEXT, WORKBOOKS
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.files import open_files
from churnpredict.events.sources.folders import files_within
from churnpredict.events.sources.json_files import JsonFiles
from churnpredict.events.sources.lakes import Lake, lake_around, lake_kind
from churnpredict.events.sources.text_files import open_text
from churnpredict.events.sources.unpacking import members, stem_ending
from churnpredict.events.sources.wildcards import as_pattern, files_of, has_wildcards, plain_path
from churnpredict.events.sources.workbooks import Workbook
from churnpredict.events.sources.written import Written
from churnpredict.events.values.amounts import NumberFormat

__all__ = ["first_file", "open_file"]

_NUMBERS = ("decimal", "thousands")
_LAYOUT = ("skip_rows", "footer_rows", "column_names")
# Kind -> its name, and the options that apply to it.
_OPTIONS = {
    "parquet": ("Parquet", ()),
    "text": ("text", ("encoding", "delimiter", "member", *_LAYOUT, *_NUMBERS)),
    "workbook": ("a workbook", ("sheet", *_LAYOUT, *_NUMBERS)),
    "json": ("JSON", ("encoding", "member", *_NUMBERS)),
    "delta": ("a Delta Lake table", ("version",)),
    "iceberg": ("an Iceberg table", ("version",)),
}


def first_file(file: File, name: str) -> str:
    """Return the first file under a path; the folder itself for a Delta or Iceberg table.

    Raises
    ------
    SourceError
        ``missing-file``, ``mixed-files``, ``lake-file``.
    """
    path = _resolved(file, name)
    found = [path] if lake_kind(path) is not None else files_of(path)
    if not found:
        raise _missing(path, name)
    return found[0]


def _resolved(file: File, name: str) -> str:
    path = os.path.expanduser(str(file.path))
    if lake_kind(path) is not None:
        return path
    pattern = files_within(path, name) if os.path.isdir(path) else as_pattern(path)
    if has_wildcards(pattern) and (lake := lake_around(files_of(pattern))) is not None:
        raise SourceError(
            "lake-file",
            f'"{plain_path(pattern)}" means loose files of the Delta or Iceberg table "{lake}", some of which may belong to it no longer',
            table=name,
            remedy="Give the folder of that table, which says which files it consists of.",
        )
    return pattern


def _missing(path: str, name: str) -> SourceError:
    remedy = "Check the path; a glob such as data/*.parquet works too."
    return SourceError("missing-file", f'nothing is found under "{plain_path(path)}"', table=name, remedy=remedy)


def open_file(file: File, name: str) -> Source:
    """Open a file, a folder or a glob.

    Raises
    ------
    SourceError
        ``missing-file``, ``mixed-files``, ``lake-file``, ``unknown-file``.
    UsageError
        ``file-option``, ``choose-sheet``, ``choose-member``.
    """
    path = _resolved(file, name)
    kind = _kind(path)
    called, options = _OPTIONS[kind]
    for option in file.options:
        if option not in options:
            known = ", ".join(options)
            remedy = f"Leave it out; such a file takes {known}." if known else "Leave it out."
            raise UsageError(
                "file-option", f'"{plain_path(path)}" is {called}, to which {option} does not apply', table=name, remedy=remedy
            )
    if file.member is not None and stem_ending(path) in (*TEXT, *JSON_LINES):  # nothing in it has a name
        remedy = "Leave it out; member= is for .zip files, and for JSON that holds several lists."
        raise UsageError("file-option", f'"{plain_path(path)}" holds one table, and member is given', table=name, remedy=remedy)
    if kind in ("delta", "iceberg"):
        return Lake(name, file, path, kind)
    if kind == "parquet":
        return open_files(path, name)
    if not glob.glob(path, recursive=True):
        raise _missing(path, name)
    if kind == "text":
        return open_text(file, path, name)
    source = Workbook(name, file, _only(path, name)) if kind == "workbook" else JsonFiles(name, file, path)
    return source if file.decimal is None and file.thousands is None else Written(source, NumberFormat(file.decimal or ".", file.thousands))


def _only(path: str, name: str) -> str:
    found = files_of(path)
    if len(found) != 1:
        raise UsageError(
            "file-option",
            f'"{plain_path(path)}" names {len(found)} workbooks',
            table=name,
            remedy="Give one table per workbook, or write them as CSV.",
        )
    return found[0]


def _kind(path: str) -> str:
    lake = lake_kind(path)
    if lake is not None:
        return lake
    ending = stem_ending(path)
    if ending == ".zip":
        first = next(iter(sorted(glob.glob(path))), None)
        inside = members(first, (*TEXT, *JSON)) if first else []
        return "json" if inside and all(i.filename.lower().endswith(JSON) for i in inside) else "text"
    if ending in WORKBOOKS:
        return "workbook"
    if ending in JSON:
        return "json"
    return "text" if ending in TEXT else "parquet"
