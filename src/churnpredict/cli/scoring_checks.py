"""Refuse outputs of a scoring run before anything is computed, and note what was written to a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.errors import UsageError

if TYPE_CHECKING:
    from churnpredict.cli.config import Config
    from churnpredict.events.sources.upserts import Upsert

__all__ = ["Copied", "check_scoring", "upsert_of"]


class Copied:
    """A log of a scoring run that notes how many rows went into the database, and passes each line on."""

    def __init__(self, log: Callable[[Mapping[str, object]], object] | None) -> None:
        self.log, self.counts, self.rows = log, dict[str, int](), 0

    def __call__(self, line: Mapping[str, Any]) -> None:
        if line["event"] == "copied":
            self.rows = line["customers"]
            self.counts = {name: line[name] for name in ("new", "changed", "unchanged", "vanished") if name in line}
        if self.log is not None:
            self.log(line)

    def told(self) -> str:
        """Return the counts as a line of the output, "" where nothing went into a database."""
        if self.counts:
            return f"\nrows in the database: {', '.join(f'{n:,} {name}' for name, n in self.counts.items())}"
        return f"\ncopied {self.rows:,} rows into the database" if self.rows else ""


def upsert_of(settings: Config, changes: bool, key: str | None, vanished: str | None, copied_to: str | None, folder: bool) -> Upsert | None:
    """Return how changes are written to the database, by the options and the configuration; None where all rows are written."""
    from churnpredict.events.sources.upserts import Upsert

    if not (changes or settings.output.changes):
        if key or vanished:
            named = "--key" if key else "--vanished"
            raise UsageError("needs-changes", f"{named} says how changes are written", remedy="Add --changes.")
        return None
    if not folder and changes:
        raise UsageError("needs-folder", "--changes is for a folder of runs", remedy="Give --output a name without an ending.")
    if copied_to is None:
        remedy = "Give --into, or a database under [output]."
        raise UsageError("needs-database", "changes are written to a database, and none is named", remedy=remedy)
    return Upsert(key or settings.output.key, vanished or settings.output.vanished)  # type: ignore[arg-type]


def check_scoring(
    settings: Config,
    target: Path,
    folder: bool,
    unscored: Path | None,
    only: dict[str, Any],
    copied_to: str | None,
    reads: dict[str, Path | None],
    history: Path | None = None,
) -> None:
    """Refuse outputs that cannot or must not be written; ``only`` are options for folders of runs alone."""
    from churnpredict.cli.outputs import refuse_clashes, refuse_own_tables
    from churnpredict.events.sources.destinations import check_destination
    from churnpredict.table_files import check_ending

    others = {"--unscored": unscored, "keep_history": history}
    writes = {"scores": target, **{name: path for name, path in others.items() if path is not None}}
    refuse_clashes(writes, reads=reads, settings=settings)
    if unscored is not None:
        check_ending(unscored)
        if folder:
            remedy = "Give --output a name that ends in .csv or .parquet."
            raise UsageError("needs-file", "--unscored is for scores in one file", remedy=remedy)
    if not folder:
        check_ending(target)
        for name, given in only.items():
            if given:
                raise UsageError("needs-folder", f"--{name} is for a folder of runs", remedy="Give --output a name without an ending.")
    elif copied_to is not None:
        check_destination(copied_to, settings.output.table)
        refuse_own_tables(copied_to, settings.output.table, settings)
        if "://" not in copied_to:
            refuse_clashes({"--into": copied_to}, reads={**reads, "--output": target})
