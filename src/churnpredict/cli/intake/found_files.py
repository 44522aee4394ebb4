"""Which files of a folder are tables, and their profiles; files that cannot be read are kept with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """Return the files of a folder that may be tables, sorted."""
    return sorted(p for p in folder.iterdir() if p.is_file() and p.name.lower().endswith(_ENDINGS) and p.name.lower() not in _NOT_TABLES)


def read_profiles(paths: Sequence[Path]) -> tuple[list[TableProfile], dict[str, str]]:
    """Return the profiles of files, of each sheet of a workbook, file of an archive and table of a database, and why others could not be
    read.

    Raises
    ------
    ChurnError
        Where no file can be read: the error of the first.
    """
    from churnpredict.cli.intake.table_profiles import profile_database, profile_table, table_name
    from churnpredict.events.file_formats import tables_within

    profiles: list[TableProfile] = []
    refused: dict[str, str] = {}
    first: ChurnError | None = None

    def tried(read: Callable[[], list[Any]], name: str) -> list[Any]:
        nonlocal first
        try:
            return read()
        except ChurnError as error:
            first = first or error
            refused[name] = str(error).removesuffix(f" [{error.code}]").split(": ", 1)[-1]
            return []

    for path in paths:
        if path.suffix.lower() in _DATABASES:
            profiles += tried(lambda path=path: profile_database(path), path.name)  # type: ignore[misc]
            continue
        for part in tried(lambda path=path: tables_within(path), path.name):  # type: ignore[misc]
            within = part.sheet or part.member
            found = tried(lambda part=part: [profile_table(part)], f"{path.name}, {within}" if within else path.name)  # type: ignore[misc]
            for p in found:
                name = f"{table_name(path.stem)}_{p.name}" if within and p.name in {q.name for q in profiles} else p.name
                taken = {q.name for q in profiles}
                profiles.append(
                    replace(p, name=next(n for n in (name, *(f"{name}_{k}" for k in range(2, len(taken) + 3))) if n not in taken))
                )
    if first is not None and not profiles:
        raise first
    return profiles, refused
