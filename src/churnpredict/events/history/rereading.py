"""Use of what was kept by the run before, or a warning that it is read again, on one machine and inside Spark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from churnpredict.errors import SourceError, warn
from churnpredict.events.history.kept_table import Reread

__all__ = ["kept_before", "warn_reread", "warn_unless_other"]

T = TypeVar("T")


def kept_before(home: Any, versions: dict[str, str], partitions: int | None, read: Callable[[Any], T]) -> tuple[dict[str, T], int]:
    """Return what is kept of each table, and the number of partitions; nothing, with a warning, where that cannot be used.

    Parameters
    ----------
    home : object with ``manifest()``
        The folder of the history.
    versions : dict of str to str
        Of what reads and keeps rows now; others made other rows.
    partitions : int or None
        How many are asked for; None for as many as there are.
    read : callable
        Makes a table of its part of the manifest.
    """
    try:
        found = home.manifest()
        if found is None:
            return {}, 0
        why = "" if found["made_by"] == versions else "other versions of libraries or of the time zone made it"
        n = int(found["partitions"])
        why = why or ("" if partitions in (None, n) else "another number of partitions is asked for")
        if not why:
            return {name: read(told) for name, told in found["tables"].items()}, n
    except SourceError as error:
        why = error.what
    warn_reread(why)
    return {}, 0


def warn_unless_other(error: Reread | SourceError, table: str) -> None:
    """Warn that a table is read again because its kept rows cannot be used; raise an error that has another cause."""
    if isinstance(error, SourceError) and error.code != "damaged-history":
        raise error
    warn_reread(error.what if isinstance(error, SourceError) else str(error), table)


def warn_reread(why: str, table: str | None = None) -> None:
    """Warn that kept rows, or the whole history, cannot be used, and why."""
    warn(
        "history-reread",
        f"{'kept rows are' if table else 'the kept history is'} read again from {'its source' if table else 'the sources'}: {why}",
        table=table,
        remedy="Nothing needs to be done: the results are those of a run from scratch; this run takes as long as one.",
        stacklevel=5,
    )
