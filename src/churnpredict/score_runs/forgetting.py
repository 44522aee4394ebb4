"""Remove customers from runs and from tables in databases."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, cast

from churnpredict.argument_checks import check_path, check_text
from churnpredict.errors import IdentityError, SourceError, UsageError, kind_of
from churnpredict.events.history.removal import remove_customers
from churnpredict.events.sources.destinations import check_destination, delete_rows
from churnpredict.files import write_whole
from churnpredict.score_runs import runs
from churnpredict.score_runs.runs import Part, Run, open_run, run_names
from churnpredict.score_runs.writer import hide, remove, tidy, told, write_part, writing
from churnpredict.signatures import CustomerId, Database
from churnpredict.table_files import write_blocks

__all__ = ["Forgotten", "customer_texts", "forget", "ids_in"]

_OWN = (".lock", ".attempt")  # other files in a folder of runs
_MARKS = {
    b"\xef\xbb\xbf": "",
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a workbook or another zipped file",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "a gzipped file",
}


class Forgotten(TypedDict):
    """What :func:`forget` has done: counts, and the names in the folder that are not runs."""

    rows: int
    runs: int
    rows_in_table: int
    rows_in_history: int
    asked: int
    found: int
    not_found: int
    spelt_otherwise: int
    not_reached: list[str]


def forget(
    customers: Iterable[CustomerId],
    folder: str | Path,
    *,
    into: Database | None = None,
    table: str = "churn_scores",
    history: str | Path | None = None,
) -> Forgotten:
    """Remove customers from all runs of a folder, and from a table that the runs were written into.

    Parts that hold one of them are written again under a new name; the new manifest replaces the old one in one step, and then the old
    parts are removed. Unfinished runs are removed too. If it is interrupted, call it again. All other values, including percentiles, are
    not changed. Model files and logs hold no customers.

    Not reached: the sources, a treatment log, and files written elsewhere, such as a plan, alerts or a page. Remove the
    customers from the sources and write those again.

    Parameters
    ----------
    customers : iterable of ids
        Ids to remove, compared as text, to the last character.
    folder : path
        Folder of runs, written by :func:`churnpredict.runs.write_scores`.
    into, table : database and name, optional
        As for :func:`churnpredict.runs.write_scores`.
    history : path, optional
        Folder of a kept history (:func:`churnpredict.runs.open_history`). Source files that hold rows of the customers are taken out of it,
        and the next run reads them again: remove the customers there first.

    Returns
    -------
    dict
        ``rows`` and ``runs`` affected, ``rows_in_table`` and ``rows_in_history``; how many different ids were ``asked`` for, ``found``
        anywhere, and ``not_found``; how many of these exist in another spelling (``spelt_otherwise``: blanks, quotes or zeros around
        them); and ``not_reached``, the names in the folder that are not runs.

    Raises
    ------
    OutputError
        ``locked``, ``not-written``, ``not-a-history``.
    SourceError
        ``no-run``; ``damaged-run`` or ``newer-run`` after the customers are removed from all other runs and from the table.
    IdentityError
        ``float-id``, ``null-id``.
    UsageError
        ``no-customers``, ``unknown-database``, ``bad-table-name``.

    Examples
    --------
    >>> import tempfile, churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> quick = cp.ChurnClassifier(members=("linear",), n_jobs=1)
    >>> pipeline = cp.ChurnPipeline(shop.churn, every="60d", classifier=quick).fit(shop.tables, until="2024-01-01")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = cp.runs.write_scores(pipeline, shop.tables, folder, at="2024-01-01")
    ...     gone = cp.runs.read_scores(folder)["customer_id"].head(2)
    ...     done = cp.runs.forget(gone, folder)
    ...     left = cp.runs.read_scores(folder)["customer_id"]
    >>> done["found"], done["rows"], bool(left.isin(gone).any())
    (2, 2, False)
    """
    gone = customer_texts(customers)
    if into is not None:
        check_destination(into, table)
    folder = check_path(folder, "folder")
    history = None if history is None else check_path(history, "history")
    check_text(table, "table")
    _check_folder(folder)
    spellings = {other: one for one in sorted(gone) for other in _otherwise(one) - gone}
    seen, unreadable = _Seen(gone, set(spellings)), []
    counts = {"runs": 0, "rows": 0, "rows_in_table": 0, "rows_in_history": 0}
    if history is not None:
        counts["rows_in_history"] = remove_customers(Path(history), seen.stays)
    with writing(folder) as home, told(home):
        remove(home / ".attempt")
        for name in run_names(home):
            try:
                rows = _forget_in(home, open_run(home / name), seen)
            except SourceError as error:
                unreadable.append(error)
                continue
            counts["runs"] += rows > 0
            counts["rows"] += rows
        tidy(home)
        if into is not None:
            counts["rows_in_table"], in_table = delete_rows(into, table, sorted(gone))
            seen.found |= in_table
        others = sorted({entry.name for entry in home.iterdir()} - {*_OWN, *run_names(home)})
    if unreadable:
        remedy = f"Move the {len(unreadable):,} unreadable runs away or remove them; the customers are removed everywhere else."
        raise SourceError(unreadable[0].code, unreadable[0].what, remedy=remedy)
    otherwise = {spellings[other] for other in seen.otherwise} - seen.found
    ids = {"asked": len(gone), "found": len(seen.found), "not_found": len(gone - seen.found), "spelt_otherwise": len(otherwise)}
    return cast("Forgotten", {**counts, **ids, "not_reached": others})


def ids_in(content: bytes, name: str) -> list[str]:
    """Return the ids in a file, one per line, unchanged; a byte-order mark and empty lines are left out.

    Raises
    ------
    SourceError
        ``not-utf8``, which names the encoding or the kind of file, where it is known.
    """
    mark = next((mark for mark in _MARKS if content.startswith(mark)), None)
    if mark is not None and _MARKS[mark]:
        raise _not_text(name, f"is {_MARKS[mark]}")
    content = content if mark is None else content[len(mark) :]
    if b"\x00" in content:
        raise _not_text(name, "holds null characters, as UTF-16 without a byte-order mark does")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _not_text(name, f"is not UTF-8 from line {line:,} on (perhaps it is Windows-1252 or Latin-1)") from None  # it would quote ids
    return [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]


def _not_text(name: str, what: str) -> SourceError:
    return SourceError("not-utf8", f'"{name}" {what}', remedy="Save it as text in UTF-8, one id per line.")


def customer_texts(customers: Iterable[Any]) -> set[str]:
    """Return ids as text.

    Raises
    ------
    IdentityError
        ``float-id``, ``null-id``.
    UsageError
        ``no-customers``.
    """
    import pandas as pd

    table = isinstance(customers, pd.DataFrame)  # a loop over it gives the names of its columns
    if isinstance(customers, (str, bytes)) or not isinstance(customers, Iterable) or getattr(customers, "ndim", 1) != 1 or table:
        remedy = "Name the column: frame[...]." if table else "Give a list: [customer]."
        raise UsageError("no-customers", f"customers is {kind_of(customers)}, not a list of ids", remedy=remedy)
    given = list(customers)
    if any(pd.isna(one) is True for one in given):
        raise IdentityError("null-id", "ids to forget that are missing", remedy="Leave them out.")
    if any(isinstance(one, float) or type(one).__name__.startswith("float") for one in given):
        raise IdentityError("float-id", "customer ids are floats", remedy="Cast them to whole numbers or to text first.")
    if not given:
        raise UsageError("no-customers", "there is no customer to remove", remedy="Give at least one customer's id.")
    return {str(one) for one in given}


def _otherwise(one: str) -> set[str]:
    """Return other spellings that the writer of a list may have meant."""
    bare = one.strip()
    unquoted = bare[1:-1] if len(bare) > 2 and bare[0] == bare[-1] and bare[0] in "\"'" else bare
    return {bare, unquoted, unquoted.lstrip("0") or "0"} - {one}


def _check_folder(folder: Path) -> None:
    """Refuse a path that is not a folder of runs."""
    if (folder / runs.MANIFEST).exists():
        raise SourceError("no-run", f'"{folder}" is a run, not the folder of runs', remedy=f'Give the folder above it: "{folder.parent}".')
    if not run_names(folder) and not any((folder / name).exists() for name in _OWN):
        raise SourceError("no-run", f'"{folder}" holds no run', remedy="Check the path.")


class _Seen:
    """Which of the ids were found, and which of their other spellings."""

    def __init__(self, gone: set[str], spellings: set[str]) -> None:
        import pyarrow as pa

        self.found: set[str] = set()
        self.otherwise: set[str] = set()
        self._gone, self._spellings = (pa.array(sorted(some), pa.string()) for some in (gone, spellings))

    def stays(self, ids: Any) -> Any:
        """Return whether each id stays, as a mask."""
        import pyarrow.compute as pc

        goes = pc.is_in(ids, value_set=self._gone)
        self.found.update(ids.filter(goes).to_pylist())
        if len(self._spellings):
            self.otherwise.update(ids.filter(pc.is_in(ids, value_set=self._spellings)).to_pylist())
        return pc.invert(goes)


def _forget_in(home: Path, run: Run, seen: _Seen) -> int:
    """Return how many rows of a run were removed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: list[Part] = []
    bands = dict.fromkeys(run.bands, 0)
    for part, held in zip(run.parts, run.tables(), strict=True):
        kept = held.filter(seen.stays(held["customer_id"].cast(pa.string())))
        for band in bands:
            bands[band] += pc.sum(pc.equal(kept["band"], band)).as_py() or 0
        if kept.num_rows == held.num_rows:
            parts.append(part)
        elif kept.num_rows:
            parts.append(write_part(run.path, _next_name(part.name), kept.num_rows, partial(write_blocks, [kept])))
    rows = sum(part.rows for part in parts)
    if not rows:
        hide(home, run.path.name)
    elif rows < run.rows:
        changed = replace(run, parts=tuple(parts), rows=rows, bands=bands)
        write_whole(run.path / runs.MANIFEST, lambda file: file.write(changed.manifest()))
    return run.rows - rows


def _next_name(name: str) -> str:
    """Return the next name in the series part-00001.parquet, part-00001.1.parquet, part-00001.2.parquet, ..."""
    stem, *number = name.removesuffix(".parquet").split(".")
    return f"{stem}.{int(number[0]) + 1 if number else 1}.parquet"
