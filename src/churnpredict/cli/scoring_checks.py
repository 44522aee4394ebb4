"""Refuse outputs of a scoring run before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.errors import UsageError

if TYPE_CHECKING:
    from churnpredict.cli.config import Config

__all__ = ["check_scoring"]


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
