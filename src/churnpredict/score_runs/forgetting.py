"""Customers who are to be forgotten leave every run, and the table in the database."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from churnpredict.errors import UsageError
from churnpredict.events.sources.destinations import delete_rows
from churnpredict.files import write_whole
from churnpredict.score_runs import runs
from churnpredict.score_runs.runs import Part, Run, open_run, run_names
from churnpredict.score_runs.writer import hide, tidy, told, write_part, writing

__all__ = ["forget"]


def forget(folder: str | Path, customers: Iterable[Any], *, into: Any = None, table: str = "churn_scores") -> dict[str, int]:
    """Remove customers from all runs of a folder, and from a table that the runs were written into.

    Parts that hold one of them are written anew, under another name; the manifest that names the new ones takes the place of the old one at
    once, and then the old parts go. What an unfinished run has left goes, too. Killed half-way: call it again. What else is said of
    those who stay, their percentiles among it, stays as it was sent out. Model files hold no customer; logs tell none.

    Parameters
    ----------
    folder : path
        Of runs, as :func:`churnpredict.write_scores` makes it.
    customers : iterable of ids
        Compared as text.
    into, table : database and name, optional
        As for :func:`churnpredict.write_scores`.

    Returns
    -------
    dict of str to int
        ``rows`` and ``runs`` that were concerned, and ``rows_in_table``.

    Raises
    ------
    OutputError
        ``locked``, ``not-written``.
    SourceError
        ``damaged-run``, ``no-run``.
    UsageError
        ``no-customers``.
    """
    gone = {str(customer) for customer in customers}
    if not gone:
        raise UsageError("no-customers", "there is nobody to forget", remedy="Give at least one customer's id.")
    run_names(folder)  # a wrong path is an error, not a new folder
    found = {"runs": 0, "rows": 0, "rows_in_table": 0}
    with writing(folder) as home, told(home):
        shutil.rmtree(home / ".attempt", ignore_errors=True)
        for name in run_names(home):
            rows = _forget_in(home, open_run(home / name), gone)
            found["runs"] += rows > 0
            found["rows"] += rows
        tidy(home)
    if into is not None:
        found["rows_in_table"] = delete_rows(into, table, sorted(gone))
    return found


def _forget_in(home: Path, run: Run, gone: set[str]) -> int:
    """How many rows of a run went."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: list[Part] = []
    bands = dict.fromkeys(run.bands, 0)
    for part, held in zip(run.parts, run.tables(), strict=True):
        ids = held["customer_id"].cast(pa.string())
        stays = pc.invert(pc.is_in(ids, value_set=pa.array(sorted(gone), pa.string())))
        kept = held.filter(stays)
        for band in bands:
            bands[band] += pc.sum(pc.equal(kept["band"], band)).as_py() or 0
        if kept.num_rows == held.num_rows:
            parts.append(part)
        elif kept.num_rows:
            parts.append(write_part(run.path, _next_name(part.name), kept.num_rows, partial(_write, kept)))
    rows = sum(part.rows for part in parts)
    if not rows:
        hide(home, run.path.name)
    elif rows < run.rows:
        changed = replace(run, parts=tuple(parts), rows=rows, bands=bands)
        write_whole(run.path / runs.MANIFEST, lambda file: file.write(changed.manifest()))
    return run.rows - rows


def _write(table: Any, file: Any) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, file, write_page_checksum=True)


def _next_name(name: str) -> str:
    """part-00001.parquet, part-00001.1.parquet, part-00001.2.parquet, ..."""
    stem, *number = name.removesuffix(".parquet").split(".")
    return f"{stem}.{int(number[0]) + 1 if number else 1}.parquet"
