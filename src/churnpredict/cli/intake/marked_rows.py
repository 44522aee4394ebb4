"""Rows that an application keeps but does not count: deleted ones, and those of tests, robots and its own staff."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.flags import NO, YES
from churnpredict.cli.intake.table_joins import extended, quoted, with_customer
from churnpredict.cli.intake.table_keys import placeholders
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import SourceError

__all__ = ["rows_that_count", "without_marked"]

Mark = tuple[Column, str, npt.NDArray[np.bool_], str]  # the column, its condition in a query, the rows, and what it says
_MOST = 0.5  # a mark on more rows says something else
# Beginnings of words of a row that was deleted. A person or a contract that is deleted has left: there the column tells who leaves.
_DELETED = (
    *("delet", "geloesch", "gelosch", "loesch", "losch", "supprim", "eliminad", "borrad", "excluid", "usunie", "verwijder", "silin"),
    *("удален", "eliminat", "void", "invalidat", "loekz", "lvorm"),
)
# Names of flags for rows that no customer made, without a leading "is"; "test" and "demo" alone may be groups of an experiment, and visits.
_UNREAL = {"sandbox", "testmode", "testkonto", "testkunde", "testbestellung", "bot", "robot", "crawler", "spider", "dummy"}
_UNREAL |= {f"{what}_{of}" for what in ("test", "demo", "internal", "bot") for of in ("user", "account", "customer", "order", "client")}
_UNREAL |= {"test_mode", "test_flag", "test_data", "test_event", "test_payment", "test_transaction", "bot_traffic"}
_WITH_IS = _UNREAL | {"test", "internal", "demo", "fake"}
_PLACES = ({"sandbox", "test", "testing", "staging", "dev", "development", "qa", "xcode"}, {"production", "prod", "live"})


def rows_that_count(profile: TableProfile, customer: str) -> tuple[TableProfile, str]:
    """Return the table without the rows of nobody and those that are marked as not to count, and a note on them."""
    nobody = placeholders(profile.columns[customer])
    empty = int((~profile.columns[customer].filled).sum())
    said = []
    if empty or nobody:
        missing = [f'{empty:,} rows have no "{customer}"'] if empty else []
        missing += [f'{rows:,} rows have {value} as "{customer}", which is nobody' for value, rows in nobody.items()]
        said = [f"{' and '.join(missing)}: they are left out"]
        profile = with_customer(profile, customer, list(nobody))
    profile, marks = without_marked(profile, customer)
    return profile, "; ".join([*said, *marks])


def without_marked(profile: TableProfile, customer: str) -> tuple[TableProfile, list[str]]:
    """Return the table without the rows that it marks as deleted or as made by nobody, and a note on each mark.

    A row is deleted in logs only: where each customer has one row, and in contracts, that is how customers leave.
    """
    notes = []
    log = not profile.columns[customer].unique and bool(profile.of_kind("time")) and not profile.says("people", "contract", "ticket")
    for column, meant, marked, why in [*_unreal(profile), *(_deleted(profile) if log else [])]:
        rows = int(marked.sum())
        if not 0 < rows < _MOST * profile.rows:
            continue
        said = f'{rows:,} rows are {why} by "{column.name}"'
        found = _left(profile, meant)
        if found is not None and found.rows == profile.rows - rows:
            profile = found
            notes.append(f"{said}: they are left out")
        else:
            notes.append(f"{said}: leave them out in a query")
    return profile, notes


def _left(profile: TableProfile, meant: str) -> TableProfile | None:
    """Return the rows that a condition does not mean."""
    try:
        return profile_query(extended(profile, "given.*", f"WHERE CASE WHEN {meant} THEN 0 ELSE 1 END = 1", {}), profile.name, profile)
    except SourceError:  # a database that lacks a function of the query
        return None


def _deleted(profile: TableProfile) -> Iterator[Mark]:
    for column in profile.columns.values():
        words = tokens(column.name)
        if not any(word.startswith(_DELETED) for word in words) or {"by", "reason", "von"} & set(words):
            continue
        if column.kind == "time":
            # Neither zeros for no day, nor a word for nothing, nor the last day of all
            yield column, f"trim(CAST({quoted(column.name)} AS VARCHAR)) BETWEEN '0001' AND '9998'", column.known, "deleted"
        elif column.kind == "flag" or column.distinct <= 2:
            yield from _flagged(column, "deleted")


def _unreal(profile: TableProfile) -> Iterator[Mark]:
    for column in profile.columns.values():
        words = tokens(column.name)
        is_so = words[:1] in (("is",), ("ist",))
        called = "_".join(words[1:] if is_so else words)
        if called in ("livemode", "live_mode") and column.kind == "flag":
            yield from _flagged(column, "of a test", yes=False)
        elif called in (_WITH_IS if is_so else _UNREAL) and column.kind == "flag":
            yield from _flagged(column, "not of customers")
        elif column.kind == "text" and column.distinct <= len(_PLACES[0]) + len(_PLACES[1]):
            values = {str(v).strip().lower(): i for i, v in enumerate(column.codes[1])}
            tests = set(values) & _PLACES[0]
            if tests and set(values) <= _PLACES[0] | _PLACES[1] and set(values) & _PLACES[1]:
                listed = ", ".join(f"'{value}'" for value in sorted(tests))
                marked = np.isin(column.codes[0], [values[value] for value in tests])
                meant = f"lower(trim(CAST({quoted(column.name)} AS VARCHAR))) IN ({listed})"
                yield column, meant, marked, f"of {', '.join(sorted(tests))}"


def _flagged(column: Column, why: str, *, yes: bool = True) -> Iterator[Mark]:
    """Yield the rows where a flag is set, or where it is not."""
    if column.kind == "flag":
        marked = column.numbers == (1 if yes else 0)
        written = {*map(str.lower, YES), "1.0"}
    else:  # "X" or nothing
        marked, written = column.filled, {str(v).strip().lower() for v in column.codes[1]}
        if column.distinct != 1:
            return
    if not yes:
        written = {*map(str.lower, NO), "0.0"}
    listed = ", ".join("'" + w.replace("'", "''") + "'" for w in sorted(written))
    yield column, f"lower(trim(CAST({quoted(column.name)} AS VARCHAR))) IN ({listed})", marked, why
