"""Folders and globs that are one table: which files they mean, and whether all of these have its columns."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Mapping, Sequence

from churnpredict.errors import SchemaError, SourceError, warn
from churnpredict.events.sources.endings import TABLES

__all__ = ["check_alike", "files_within", "key_pattern", "keys_of"]

_BESIDE = (".json", ".txt")  # notes and lists of files are beside tables under these endings: a table only where nothing else is
_ENDINGS = tuple(ending for ending in TABLES if f".{ending.split('.')[1]}" not in _BESIDE)


def files_within(folder: str, table: str) -> str:
    """Return the glob of all files of a folder, which are of one ending.

    Raises
    ------
    SourceError
        ``mixed-files``.
    """
    inside = glob.glob(os.path.join(glob.escape(folder), "**", "*"), recursive=True)
    counts = {ending: n for ending in (*_ENDINGS, *_BESIDE) if (n := sum(path.endswith(ending) for path in inside))}
    there = [ending for ending in counts if ending in _ENDINGS]
    if len(there) > 1:
        listed = ", ".join(f"{counts[ending]} {ending}" for ending in there)
        raise SourceError(
            "mixed-files",
            f'the folder "{folder}" holds files of several kinds ({listed}), and a folder is one table',
            table=table,
            remedy=f'Say which files are the table: "{os.path.join(folder, "*" + there[0])}".',
        )
    return os.path.join(glob.escape(folder), "**", "*" + next(iter(there or counts), ".parquet"))


def keys_of(below: str) -> list[str]:
    """Return the names of the folders ``name=value`` on a path.

    >>> keys_of("country=DE/month=5/part-0.parquet")
    ['country', 'month']
    """
    return [part.partition("=")[0] for part in os.path.dirname(below).split(os.sep) if re.match("[^=]+=", part)]


def key_pattern(key: str) -> str:
    """Return the regular expression that finds the value of such a folder on a path."""
    return f"(?:^|[/\\\\]){re.escape(key)}=([^/\\\\]*)[/\\\\]"


def check_alike(columns: Mapping[str, Collection[str]], wanted: Sequence[str], needed: Collection[str], *, table: str) -> None:
    """Refuse files that lack a column without which a row says nothing, and warn about others.

    Parameters
    ----------
    columns : mapping
        File -> the names of its columns.
    wanted, needed : collection of str
        Columns that are read, and those of them that every file must have.
    table : str

    Raises
    ------
    SchemaError
        ``unlike-files``.
    """
    lacking = {c: missing for c in wanted if (missing := [file for file, names in columns.items() if c not in names])}
    for column, files in lacking.items():
        if column in needed:
            raise SchemaError(
                "unlike-files",
                f"{_some(files, columns)} no such column: files of one folder or glob are one table",
                table=table,
                column=column,
                remedy='Name the files that belong to the table with a glob, such as "data/orders*.csv", and declare the others as tables.',
            )
    if lacking:
        told = ", ".join(f'"{column}": {_some(files, columns)} no such column' for column, files in lacking.items())
        warn(
            "unlike-files",
            f"files of one table have unlike columns ({told}); their rows have no value there",
            table=table,
            remedy="Check that all these files belong to the table; name those that do with a glob.",
            stacklevel=6,
        )


def _some(files: Sequence[str], of: Collection[str]) -> str:
    return f'{len(files)} of {len(of)} files, such as "{os.path.basename(files[0])}", {"has" if len(files) == 1 else "have"}'
