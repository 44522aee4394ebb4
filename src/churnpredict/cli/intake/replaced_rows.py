"""Rows that replace earlier ones of the same id: versions of an invoice, changes that a database has logged, rows loaded again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.table_joins import extended, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import SourceError

__all__ = ["without_replaced"]

_SOME = 10  # ids that come again
_VERSION = {"version", "versionno", "rev", "revision", "fassung", "revisie", "wersja", "versie", "versione", "версия", "surum"}
_CHANGED = {"updated", "modified", "synced", "ingested", "loaded", "lsn", "ts", "geandert", "geaendert", "aktualisiert", "modif"}
_OPERATION = {"op", "operation", "dml"}
_DELETE = {"d", "delete", "deleted"}
_OTHER = {"c", "u", "r", "i", "insert", "update", "create", "read", "upsert", "update_postimage", "snapshot"}
_BEFORE = {"update_preimage", "before"}


def without_replaced(profile: TableProfile) -> TableProfile:
    """Return the table with the last rows of each id only, where a version, a logged change or a day of change says which these are.

    Lines of one invoice have one version; a log without versions, such as that of the states of an order, is left as it is.
    """
    if profile.months:
        return profile
    operation = next((c for c in profile.of_kind("text") if _is_operation(c)), None)
    for key in _keys(profile):
        for order in profile.columns.values():
            if order is key or not order.filled.all() or not _is_order(order, key, profile, logged=operation is not None):
                continue
            found = _last_rows(profile, key, order, operation)
            if found is not None:
                return found
    return profile


def _is_operation(column: Column) -> bool:
    words = set(tokens(column.name))
    values = {str(v).strip().lower() for v in column.codes[1]}
    named = bool(words & _OPERATION) or {"change", "type"} <= words
    return named and len(values) >= 2 and values <= _DELETE | _OTHER | _BEFORE


def _keys(profile: TableProfile) -> Iterator[Column]:
    """Yield the columns whose ids come again."""
    for column in profile.of_kind("text", "number"):
        whole = column.kind == "text" or column.is_whole
        named = whole and is_id(column.name) and not column.says("customer", "person") and column.filled.all()
        if named and np.count_nonzero(np.bincount(column.codes[0], minlength=column.distinct) > 1) >= _SOME:
            yield column


def _is_order(column: Column, key: Column, profile: TableProfile, *, logged: bool) -> bool:
    """Return whether a column says in which order the rows of an id were written: numbers from 1 on, or moments of change."""
    words = set(tokens(column.name))
    if column.kind == "number" and column.is_whole and words & _VERSION:
        return _counts_up(column, key)
    if column.kind != "time" or not words & _CHANGED or not column.known.all():
        return False
    frame = pd.DataFrame({"key": key.codes[0], "at": column.times})
    if frame.duplicated().any():  # lines that were changed together, or two changes at one moment
        return False
    if logged:
        return True
    happened = [c for c in profile.of_kind("time") if c is not column and c.known.all()]
    same = [c for c in profile.of_kind("text", "number") if c is not key and (is_id(c.name) or c.says("customer", "item"))]
    # Lines of an order differ in their product, and a history numbers its rows
    return any(_is_of_one(c.times, key) for c in happened) and all(_is_of_one(c.codes[0], key) for c in same)


def _counts_up(column: Column, key: Column) -> bool:
    """Return whether the versions of each id are 1, 2, 3 and so on, from 0 or 1."""
    seen = pd.DataFrame({"key": key.codes[0], "n": column.numbers}).drop_duplicates()
    each = seen.groupby("key")["n"].agg(["min", "max", "size"])
    return bool(
        each["min"].isin((0, 1)).all() and (each["max"] - each["min"] + 1 == each["size"]).all() and (each["size"] > 1).sum() >= _SOME
    )


def _is_of_one(values: npt.NDArray[np.int64], key: Column) -> bool:
    """Return whether all rows of an id have one value."""
    return len(pd.DataFrame({"key": key.codes[0], "value": values}).drop_duplicates()) == key.distinct


def _last_rows(profile: TableProfile, key: Column, order: Column, operation: Column | None) -> TableProfile | None:
    numbers = order.times if order.kind == "time" else order.numbers
    latest = pd.Series(numbers).groupby(key.codes[0]).transform("max").to_numpy() == numbers
    by = quoted(order.name) if order.kind != "number" else f"CAST({quoted(order.name)} AS BIGINT)"
    meant = f"{by} = max({by}) OVER (PARTITION BY {quoted(key.name)})"
    kept, said = latest, ""
    if operation is not None:
        gone = [str(v) for v in operation.codes[1] if str(v).strip().lower() in _DELETE | _BEFORE]
        listed = ", ".join("'" + v.replace("'", "''") + "'" for v in gone)
        kept = latest & ~np.isin(operation.codes[0], [i for i, v in enumerate(operation.codes[1]) if str(v) in gone])
        meant += f" AND CAST({quoted(operation.name)} AS VARCHAR) NOT IN ({listed})" if gone else ""
        said = f', and those that "{operation.name}" says are deleted' if gone else ""
    if kept.all() or not kept.any():
        return None
    sql = f"*, CASE WHEN {meant} THEN 1 ELSE 0 END AS is_last_row"
    try:
        inner = extended(profile, sql, "", {})
        found = profile_query(replace(inner, sql=f"SELECT * FROM ({inner.sql}) AS told WHERE is_last_row = 1"), profile.name, profile)
    except SourceError:  # a database that lacks a function of the query
        return None
    if found.rows != int(kept.sum()):
        return None
    note = f'{profile.rows - found.rows:,} rows are left out: later rows of the same "{key.name}" replace them, by "{order.name}"{said}'
    return replace(found, notes=(*profile.notes, note))
