"""Find the tables in a folder and in the folders below it, and profile them; what cannot be read is kept with the reason."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.errors import ChurnError
from churnpredict.events.sources.connections import one_connection
from churnpredict.events.sources.endings import TABLES
from churnpredict.events.sources.lakes import lake_kind
from churnpredict.events.sources.wildcards import as_pattern, files_of, has_wildcards
from churnpredict.progress import progress

if TYPE_CHECKING:
    from churnpredict.cli.intake.table_profiles import TableProfile

__all__ = ["found_files", "read_profiles", "tables_under"]

_DATABASES = (".db", ".duckdb", ".sqlite", ".sqlite3")
_NOT_DATA = ("node_modules", "site-packages", "venv", "env")
_OTHERS = ("churn.toml", "pyvenv.cfg")  # in folders that are another project, or software
_DEEPEST = 4  # levels of folders below the one that is read
_BACKTEST = ({"cutoff", "model", "metric", "train_rate"}, {"said", "lost", "n"})  # the columns of files that have no customer
_OWN = "written by churnpredict"
_NOT_TABLES = ("package.json", "package-lock.json", "tsconfig.json", "requirements.txt", "readme.txt", "license.txt")


def tables_under(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths, folders and globs mean, each once; a folder that is one table stays a folder."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [path] if _is_one_table(path) else found_files(path)
        else:
            found += [path] if path.exists() or not has_wildcards(str(path)) else map(Path, files_of(as_pattern(path)) or [str(path)])
    return list({p.absolute(): p for p in found}.values())


def found_files(folder: Path, *, depth: int = _DEEPEST) -> list[Path]:
    """Return the files of a folder, and of the folders some levels below it, that may be tables, sorted: first those that lie higher.

    Folders that are one table are returned as such: Delta and Iceberg tables, and those with folders ``name=value`` in them. Folders of
    software, links to folders, and other projects of churnpredict are left out.
    """
    there = _entries(folder)
    files = [p for p in there if p.is_file() and p.name.lower().endswith((*TABLES, *_DATABASES)) and p.name.lower() not in _NOT_TABLES]
    below = [p for p in there if p.is_dir() and not p.is_symlink() and not p.name.startswith("_") and p.name.lower() not in _NOT_DATA]
    inside = [p for p in below if depth and not any((p / name).exists() for name in _OTHERS)]
    deeper = [found for p in inside for found in ([p] if _is_one_table(p) else found_files(p, depth=depth - 1))]
    return [*files, *sorted(deeper, key=lambda p: (len(p.parts), p))]


def _entries(folder: Path) -> list[Path]:
    """Return what is in a folder that may be read, sorted, without what is hidden."""
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith((".", "~$")))
    except OSError:
        return []


def _is_one_table(folder: Path) -> bool:
    return lake_kind(str(folder)) is not None or any(p.is_dir() and re.fullmatch(r"[^=.]+=[^=]*", p.name) for p in _entries(folder))


def _copies(paths: Sequence[Path]) -> dict[Path, str]:
    """Return files that are copies of others, or lie deeper under the same name, with the reason to leave them out."""
    series = Counter(map(_series, paths))
    files = sorted((p for p in paths if p.is_file()), key=lambda p: (len(p.absolute().parts), -series[_series(p)], len(p.name), p))
    of_size: dict[int, set[str]] = {}
    for path in files:
        of_size.setdefault(path.stat().st_size, set()).add(_series(path))
    told: dict[Path, str] = {}
    kept: dict[object, list[Path]] = {}  # by name, and by content where files of one size may be copies
    for path in files:
        content = _digest(path) if len(of_size[path.stat().st_size]) > 1 else b""
        same = [p for p in kept.get(content, []) if _series(p) != _series(path)] if content else []
        above = [p for p in kept.get(path.name, []) if p.parent != path.parent and path.is_relative_to(p.parent)]
        if same:
            told[path] = f"the same as {same[0]}, to the last byte"
        elif above:
            told[path] = f"it lies below {above[0]} under the same name: name it on the command line if it belongs to the table"
        else:
            kept.setdefault(path.name, []).append(path)
            kept.setdefault(content, []).append(path)
    return told


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _series(path: Path) -> str:
    """Return a path without its digits: files of months or parts are alike in it, and none of them is a copy of another."""
    return re.sub(r"\d+", "#", str(path))


@one_connection()
def read_profiles(paths: Sequence[Path]) -> tuple[list[TableProfile], dict[str, str]]:
    """Return the profiles of files, of each sheet of a workbook, file of an archive and table of a database, and why others could not be
    read.

    Raises
    ------
    ChurnError
        Where no file can be read: the error of the first.
    """
    from churnpredict.cli.intake.many_files import tables_of_many
    from churnpredict.cli.intake.table_joins import path_of
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

    copies = _copies(paths)
    refused |= {str(path): why for path, why in copies.items()}
    wholes, single = tables_of_many([path for path in paths if path not in copies])
    for whole in wholes:
        if _is_backtest(whole):
            refused[Path(path_of(whole)).name] = _OWN
        else:
            profiles.append(_named(whole, whole.name, profiles))
    for path in progress(single, "reading"):
        if path.suffix.lower() in _DATABASES:
            profiles += tried(lambda path=path: profile_database(path), path.name)  # type: ignore[misc]
            continue
        for part in tried(lambda path=path: tables_within(path), path.name):  # type: ignore[misc]
            within = part.sheet or part.member
            found = tried(lambda part=part: [profile_table(part)], f"{path.name}, {within}" if within else path.name)  # type: ignore[misc]
            for p in found:
                if _is_backtest(p):
                    refused[path.name] = _OWN
                    continue
                name = f"{table_name(path.stem)}_{p.name}" if within and p.name in {q.name for q in profiles} else p.name
                profiles.append(_named(p, name, profiles))
    if first is not None and not profiles:
        raise first
    return profiles, refused


def _is_backtest(profile: TableProfile) -> bool:
    return any(own <= set(profile.columns) for own in _BACKTEST)


def _named(profile: TableProfile, name: str, others: Sequence[TableProfile]) -> TableProfile:
    """Return a profile under a name that no other has."""
    taken = {q.name for q in others}
    return replace(profile, name=next(n for n in (name, *(f"{name}_{k}" for k in range(2, len(taken) + 3))) if n not in taken))
