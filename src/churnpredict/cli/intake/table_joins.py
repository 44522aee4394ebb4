"""Queries over files that `init` writes: joins on the way to the customer, months turned into rows, rows of leaving."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.cli.intake.table_keys import Way
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query
from churnpredict.events.source import Query

__all__ = ["flagged_rows", "joined_profile", "months_as_rows", "one_of_many", "with_customer"]

_YES = ("1", "1.0", "true", "yes", "y", "t", "ja", "oui", "si", "sí", "sim", "tak", "да", "evet")
_NO = ("0", "0.0", "false", "no", "n", "f", "nein", "non", "nao", "não", "nie", "nee", "нет", "hayir", "hayır")


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def _query(sql: str, tables: Sequence[TableProfile]) -> Query:
    """Return a query over the sources of some tables: files under their names, or the one database that holds them."""
    databases = {str(t.source.database) for t in tables if isinstance(t.source, Query) and not isinstance(t.source.database, Mapping)}
    if databases:
        return Query(sql, databases.pop())
    return Query(sql, {t.name: t.source for t in tables})


def joined_profile(table: TableProfile, way: Way, tables: Mapping[str, TableProfile]) -> TableProfile | None:
    """Return the table with the customer, and the times that it lacks itself, joined to it; None where its sources cannot be joined."""
    through = [tables[step.table] for step in way.steps]
    kinds = {isinstance(t.source, Query) for t in (table, *through)}
    if len(kinds) > 1:
        return None
    selected = [f"{_quoted(table.name)}.*"]
    have = set(table.columns)
    if not table.of_kind("time"):
        timed = next((t for t in through if t.of_kind("time")), None)
        for column in timed.of_kind("time") if timed is not None else []:
            if column.name not in have:
                selected.append(f"{_quoted(timed.name)}.{_quoted(column.name)}")  # type: ignore[union-attr]
                have.add(column.name)
    lines, before = [f"FROM {_quoted(table.name)}"], table
    for step, there in zip(way.steps, through, strict=True):
        keys = [f"{_quoted(before.name)}.{_quoted(step.here)}", f"{_quoted(there.name)}.{_quoted(step.there)}"]
        on = " = ".join(keys if step.here == step.there else [f"CAST({key} AS VARCHAR)" for key in keys])
        lines.append(f"JOIN {_quoted(there.name)} ON {on}")
        before = there
    if way.column in have:
        return None
    selected.append(f"{_quoted(before.name)}.{_quoted(way.column)}")
    sql = f"SELECT {', '.join(selected)} " + " ".join(lines)
    return profile_query(_query(sql, [table, *through]), table.name)


def with_customer(profile: TableProfile, customer: str) -> TableProfile:
    """Return the rows with a customer; ids that a data frame has stored as decimal numbers become whole numbers again."""
    name, who = _quoted(profile.name), _quoted(customer)
    whole = pa.types.is_floating(profile.table[customer].type)
    everything = f"* REPLACE (CAST({who} AS BIGINT) AS {who})" if whole else "*"
    if isinstance(profile.source, Query):
        inner = profile.source.sql if " " in profile.source.sql else f"SELECT * FROM {profile.source.sql}"
        query = Query(f"SELECT {everything} FROM ({inner}) AS given WHERE {who} IS NOT NULL", profile.source.database)
    else:
        query = _query(f"SELECT {everything} FROM {name} WHERE {who} IS NOT NULL", [profile])
    return profile_query(query, profile.name)


def months_as_rows(profile: TableProfile, customer: str) -> Query:
    """Return one row per customer and month, of columns that are months: months without a value are left out."""
    others = [c for c in profile.columns if c not in profile.months]
    name, who = _quoted(profile.name), _quoted(customer)
    left_out = ", ".join(_quoted(c) for c in others)
    if all(re.fullmatch(r"\d{4}-\d{2}", c) or re.fullmatch(r"[A-Z][a-z]{2}-\d\d", c) for c in profile.months):
        turned = f"UNPIVOT {name} ON COLUMNS(* EXCLUDE ({left_out})) INTO NAME month VALUE amount"
        return _query(f"SELECT {who}, month, amount FROM ({turned}) WHERE regexp_matches(CAST(amount AS VARCHAR), '[1-9]')", [profile])
    rows = " UNION ALL ".join(f"SELECT {who}, '{day}' AS month, {_quoted(c)} AS amount FROM {name}" for c, day in profile.months.items())
    return _query(f"SELECT * FROM ({rows}) WHERE regexp_matches(CAST(amount AS VARCHAR), '[1-9]')", [profile])


def flagged_rows(profile: TableProfile, column: str, value: str) -> Query:
    """Return the rows in which a column has a value."""
    texts = profile.table[column].cast(pa.string()).unique().to_pylist() if not pa.types.is_boolean(profile.table[column].type) else []
    said = value.strip().lower() in _YES  # a flag is written 1 or true, depending on the reader
    meant = {value} if profile.columns[column].kind != "flag" else set(_YES if said else _NO)
    there = [str(t) for t in texts if t is not None and str(t).strip().lower() in {m.lower() for m in meant}]
    listed = ", ".join("'" + t.replace("'", "''") + "'" for t in there or sorted({"true", "1"} if said else {"false", "0"}))
    whole = f"CAST({_quoted(column)} AS VARCHAR)" if there else f"lower(CAST({_quoted(column)} AS VARCHAR))"
    if isinstance(profile.source, Query):
        inner = profile.source.sql if " " in profile.source.sql else f"SELECT * FROM {profile.source.sql}"
        return Query(f"SELECT * FROM ({inner}) AS given WHERE {whole} IN ({listed})", profile.source.database)
    return _query(f"SELECT * FROM {_quoted(profile.name)} WHERE {whole} IN ({listed})", [profile])


def one_of_many(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return files of the same columns whose names differ in digits alone, such as those of single years, as one table."""
    groups: dict[Any, list[TableProfile]] = {}
    for profile in profiles:
        stem = re.sub(r"\d+", "#", Path(profile.source).name) if isinstance(profile.source, str) else profile.name
        groups.setdefault((stem, tuple(profile.columns), isinstance(profile.source, str)), []).append(profile)
    found = []
    for (stem, _, _), group in groups.items():
        pattern = str(Path(group[0].source).parent / stem.replace("#", "*")) if len(group) > 1 else ""
        if len(group) > 1 and "#" in stem and sorted(glob.glob(pattern)) == sorted(str(p.source) for p in group):
            name = re.sub(r"_*\d+", "", group[0].name).strip("_") or group[0].name
            found.append(replace(profile_query(pattern, name), name=name))
        else:
            found += group
    return found
