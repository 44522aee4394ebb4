"""Check output paths: an output never replaces a source, the configuration, a model or another output."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churnpredict.cli.config import Config
from churnpredict.errors import OutputError, UsageError
from churnpredict.events.sources.wildcards import as_pattern, has_wildcards, plain_path
from churnpredict.files import may_be_file

__all__ = ["refuse_clashes", "refuse_own_tables"]

_PAGES = (".html", ".model", ".toml")  # no source includes these, wherever they are
_FOLDERS = ("scores", "registry", "demo", "keep_history", "digests")  # files that may be one
_RUN = Path("2024-01-01", "part-00000.parquet")  # files in a folder of runs


def refuse_clashes(
    writes: Mapping[str, str | Path], *, reads: Mapping[str, str | Path | None] | None = None, settings: Config | None = None
) -> None:
    """Refuse outputs that would destroy an input or another output, or be read as input the next time, before anything is written.

    Parameters
    ----------
    writes : mapping of name to path
        Paths that the command writes, by the key of ``[output]`` that they replace, if there is one.
    reads : mapping of name to path, optional
        Other paths that it reads, by option; None where that was not given.
    settings : Config, optional
        The configuration: its file, its sources and the files that it names are inputs; its other outputs are outputs.

    Raises
    ------
    UsageError
        ``output-is-input``, ``same-output``, ``not-a-path``.
    OutputError
        ``not-written`` where a folder, a device or missing permissions prevent it.
    """
    targets = {name: Path(path) for name, path in writes.items()}
    for name, path in targets.items():
        _refuse_place(name, path)
    found = {f"the file that {name} names": str(path) for name, path in (reads or {}).items() if path is not None}
    others: dict[str, Path] = {}
    if settings is not None:
        found = {"the configuration": str(settings.path), **settings.inputs(), **found}
        others = {f"[output] {key}": path for key, path in settings.outputs().items() if key not in targets}
    for name, path in targets.items():
        for what, source in found.items():
            if _is_read(path, source):
                raise UsageError(
                    "output-is-input",
                    f'the output "{path}" ({name}) is also {what}, or would be read with it: "{source}"',
                    remedy="Nothing was written. Write the result somewhere else.",
                )
    _refuse_twice(targets, others)


def _refuse_place(name: str, path: Path) -> None:
    """Refuse paths that no result can be written to, before hours of work."""
    if str(path) in ("", ".", "-"):
        remedy = 'Give the path of a file, such as "out/scores.csv"; results are not written to standard output.'
        raise UsageError("not-a-path", f'"{path}" ({name}) is not the path of a file', remedy=remedy)
    if "\0" in str(path):
        raise UsageError("not-a-path", f"{name} holds a null character", remedy="Give the path of a file.")
    is_folder = path.is_dir()
    if (is_folder and name not in _FOLDERS) or not (is_folder or may_be_file(path)):
        why = "it is a folder" if is_folder else "it is not a regular file"
        raise OutputError("not-written", f'"{path}" could not be written: {why}', remedy="Give another path.")
    parent = next((p for p in path.parents if os.path.lexists(p)), Path())
    if not parent.is_dir():
        raise OutputError("not-written", f'"{path}" could not be written: "{parent}" is not a folder', remedy="Give another path.")
    if not os.access(parent, os.W_OK | os.X_OK):
        remedy = "Check its permissions, or write somewhere else."
        raise OutputError("not-written", f'"{path}" could not be written: the folder "{parent}" may not be changed', remedy=remedy)


def _refuse_twice(targets: Mapping[str, Path], others: Mapping[str, Path]) -> None:
    """Refuse two outputs under one path."""
    seen: dict[str, Path] = dict(others)
    for name, path in targets.items():
        for other, there in seen.items():
            if _same(path, there):
                remedy = "Nothing was written. Give each a separate path; names that differ only in case are the same on some machines."
                raise UsageError("same-output", f'the output "{path}" ({name}) is also "{there}" ({other})', remedy=remedy)
        seen[name] = path


def _real(path: str | Path) -> str:
    return os.path.realpath(os.path.expanduser(str(path)))


def _same(one: str | Path, other: str | Path) -> bool:
    """Return whether two paths are one file: by links of both kinds, by another spelling of the path, or on a machine that ignores
    capitals.
    """
    try:
        if os.path.samefile(one, other):
            return True
    except (OSError, ValueError):  # one of them does not exist
        pass
    return _real(one).casefold() == _real(other).casefold()


def _within(path: str | Path, folder: str | Path) -> bool:
    return Path(_real(path)).is_relative_to(_real(folder)) and _real(path) != _real(folder)


def _is_read(output: Path, source: str) -> bool:
    """Return whether a source would include the output, or the output would replace the source."""
    pattern = as_pattern(source)
    source = plain_path(pattern)
    is_folder = output.suffix == "" or output.is_dir()
    base = _base(pattern)
    if _same(output, source) or (is_folder and (_within(base, output) or (base != source and _real(base) == _real(output)))):
        return True
    places = [output, *([output / _RUN] if is_folder else [])]
    if os.path.isdir(source):
        return any(_within(place, source) for place in places) and (is_folder or output.suffix.lower() not in _PAGES)
    if not has_wildcards(pattern):
        return False
    matches = _pattern(pattern)
    if any(matches.fullmatch(spelt) for place in places for spelt in (_real(place), os.path.join(_real(place.parent), place.name))):
        return True
    return output.exists() and any(_same(output, file) for file in glob.iglob(pattern, recursive=True))


def _base(source: str) -> str:
    """Return the part of a glob before its first sign."""
    parts = Path(source).parts
    plain = next((i for i, part in enumerate(parts) if has_wildcards(part)), len(parts))
    return plain_path(os.path.join(*parts[:plain])) if plain else "."


def _pattern(source: str) -> re.Pattern[str]:
    """Return what a glob matches, as a pattern of whole real paths."""
    import fnmatch

    base = _base(source)
    rest = Path(source).parts[len(Path(base).parts) if base != "." or source.startswith("." + os.sep) else 0 :]

    def piece(part: str) -> str:
        return r"(?:[^/]+/)*" if part == "**" else re.sub(r"\\[Zz]$", "", fnmatch.translate(part)).replace(".*", "[^/]*") + "/"

    pieces = [piece(part) for part in rest]
    return re.compile(re.escape(_real(base).rstrip("/") + "/") + "".join(pieces).removesuffix("/"))


def refuse_own_tables(database: Any, table: str, settings: Config) -> None:
    """Refuse to write scores into a table from which the history is read.

    Raises
    ------
    UsageError
        ``output-is-input``.
    """
    name = re.compile(rf"(?<!\w){re.escape(table.rpartition('.')[2])}(?!\w)", re.IGNORECASE)
    for what, (source, query) in settings.databases().items():
        same = _address(source) == _address(database) if "://" in f"{source}{database}" else _same(str(database), source)
        if same and name.search(query):
            raise UsageError(
                "output-is-input",
                f'the scores would be written into "{table}", from which {what} is read',
                remedy="Nothing was written. Name another table with --table or under [output].",
            )


def _address(database: Any) -> str:
    """Return a server and its database, without user and options."""
    return re.sub(r"^postgres(ql)?://([^/@]*@)?", "", str(database)).partition("?")[0]
