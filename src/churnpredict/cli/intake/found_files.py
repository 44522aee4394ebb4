"""Which files of a folder are tables, and their profiles; files that cannot be read are kept with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from churnpredict.errors import ChurnError

if TYPE_CHECKING:
    from churnpredict.cli.intake.table_profiles import TableProfile

__all__ = ["found_files", "read_profiles"]

_DATABASES = (".db", ".duckdb", ".sqlite", ".sqlite3")
_TEXTS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json")
_PACKED = tuple(text + packed for text in _TEXTS for packed in (".gz", ".zst", ".bz2", ".xz"))
_ENDINGS = (*_TEXTS, *_PACKED, ".parquet", ".pq", ".xlsx", ".xlsm", ".zip", *_DATABASES)
_NOT_TABLES = ("package.json", "package-lock.json", "tsconfig.json", "requirements.txt", "readme.txt", "license.txt")


def found_files(folder: Path) -> list[Path]:
    """The files of a folder that may be tables, sorted."""
    return sorted(p for p in folder.iterdir() if p.is_file() and p.name.lower().endswith(_ENDINGS) and p.name.lower() not in _NOT_TABLES)


def read_profiles(paths: Sequence[Path]) -> tuple[list[TableProfile], dict[str, str]]:
    """The profiles of files and databases, and why others could not be read.

    Raises
    ------
    ChurnError
        Where no file can be read: what the first is refused for.
    """
    from churnpredict.cli.intake.table_profiles import profile_database, profile_table

    profiles: list[TableProfile] = []
    refused: dict[str, str] = {}
    first: ChurnError | None = None
    for path in paths:
        try:
            profiles += profile_database(path) if path.suffix.lower() in _DATABASES else [profile_table(path)]
        except ChurnError as error:
            first = first or error
            refused[path.name] = str(error).removesuffix(f" [{error.code}]").split(": ", 1)[-1]
    if first is not None and not profiles:
        raise first
    return profiles, refused
