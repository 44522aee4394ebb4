"""Queries over files that `init` writes: joins on the way to the customer, months turned into rows, rows of leaving."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from churnpredict.cli.intake import flags
from churnpredict.cli.intake.table_keys import Way
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.events.source import File, Query

__all__ = [
    "YES",
    "extended",
    "flagged_rows",
    "is_zoned",
    "joined_profile",
    "loses_none",
    "moment_of",
    "months_as_rows",
    "number_in",
    "number_of",
    "path_of",
    "query_over",
    "quoted",
    "with_customer",
]

# As a reader that takes flags for numbers writes them, too.
YES = (*sorted(flags.YES), "1.0")
_NO = (*sorted(flags.NO), "0.0")

_RESERVED = (  # words that have a meaning of their own in a query
    "all|analyse|analyze|and|anti|any|array|as|asc|asof|at|authorization|between|binary|both|by|case|cast|check|collate|collation|column"
    "|columns|concurrently|constraint|create|cross|default|deferrable|desc|describe|distinct|do|else|end|except|exists|false|fetch|for"
    "|foreign|freeze|from|full|generated|given|glob|group|having|ilike|in|initially|inner|intersect|interval|into|is|isnull|join|lambda"
    "|lateral|leading|left|like|limit|map|natural|not|notnull|null|offset|on|only|or|order|outer|overlaps|pivot|placing|positional|primary"
    "|qualify|references|returning|right|select|semi|show|similar|some|struct|summarize|symmetric|table|tablesample|then|to|trailing|true"
    "|union|unique|unpack|unpivot|using|variadic|verbose|when|where|window|with"
)


def quoted(name: str) -> str:
    """Return a name as a query writes it."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and not re.fullmatch(_RESERVED, name) else '"' + name.replace('"', '""') + '"'


def number_of(text: str, decimal: str = ".", thousands: str | None = None) -> str:
    """Return a text as a number in a query."""
    text = f"CAST({text} AS VARCHAR)"
    if thousands:
        text = f"replace({text}, '{thousands.replace(chr(39), chr(39) * 2)}', '')"
    if decimal == ",":
        text = f"replace({text}, ',', '.')"
    return f"TRY_CAST(replace(regexp_replace({text}, '[A-Za-z]{{2,}}|[^0-9.eE(+-]', '', 'g'), '(', '-') AS DOUBLE)"


def number_in(profile: TableProfile, column: str) -> str:
    """Return a column of numbers of a table as a number in a query.

    Numbers of databases are numbers. Files give texts, without the signs that their options name and with all others.
    """
    source = profile.source
    return f"CAST({column} AS DOUBLE)" if isinstance(source, Query) and not isinstance(source.database, Mapping) else number_of(column)


def is_zoned(times: Column) -> bool:
    """Return whether times say their offset from UTC."""
    kind = times.values.type
    if pa.types.is_timestamp(kind):
        return kind.tz is not None
    return not times.how and any(re.search(r"(Z|UTC|[+-]\d\d(:?\d\d)?)$", str(v).strip()[10:]) for v in times.codes[1][:20])


def moment_of(column: str, times: Column, *, zoned: bool = False) -> str | None:
    """Return a column as a moment in a query, NULL where it is empty; None where a query cannot read its times.

    Times with an offset stay moments with ``zoned``, and become those of UTC without.
    """
    how = {key: value for key, value, _ in times.how}
    text = f"nullif(trim(CAST({column} AS VARCHAR)), '')"
    if not how and is_zoned(times):
        return f"TRY_CAST({text} AS TIMESTAMPTZ)" + ("" if zoned else " AT TIME ZONE 'UTC'")
    if not how:
        return f"TRY_CAST({text} AS TIMESTAMP)"
    form = str(how.get("format", ""))
    return f"try_strptime({text}, '{form}')" if form and not set(re.findall("%(.)", form)) - set("YmdyHMS") else None


def loses_none(made: TableProfile, name: str, of: Sequence[Column]) -> bool:
    """Return whether a column that a query makes of others has a value wherever these have one: no number was written unexpectedly."""
    there = np.logical_and.reduce([c.filled for c in of])
    return name in made.columns and bool((made.columns[name].filled | ~there).all())


def query_over(sql: str, tables: Sequence[TableProfile]) -> Query:
    """Return a query over the sources of some tables: files under their names, or the one database that holds them."""
    databases = {str(t.source.database) for t in tables if isinstance(t.source, Query) and not isinstance(t.source.database, Mapping)}
    if databases:
        return Query(sql, databases.pop())
    return Query(sql, {t.name: t.source for t in tables})


def extended(profile: TableProfile, selected: str, joined: str, others: Mapping[str, TableProfile]) -> Query:
    """Return a query over a table, called ``given`` in it, and others that are joined to it."""
    sources = {name: t.source for name, t in others.items()}
    if not isinstance(profile.source, Query):
        return query_over(f"SELECT {selected} FROM {quoted(profile.name)} AS given {joined}".strip(), [profile, *others.values()])
    inner = profile.source.sql if " " in profile.source.sql else f"SELECT * FROM {profile.source.sql}"
    database = profile.source.database
    return Query(
        f"SELECT {selected} FROM ({inner}) AS given {joined}".strip(),
        {**database, **sources} if isinstance(database, Mapping) else database,
    )


def joined_profile(table: TableProfile, way: Way, tables: Mapping[str, TableProfile]) -> TableProfile | None:
    """Return the table with the customer, and the times that it lacks itself, joined to it; None where its sources cannot be joined."""
    through = [tables[step.table] for step in way.steps]
    kinds = {isinstance(t.source, Query) for t in (table, *through)}
    if len(kinds) > 1:
        return None
    selected = [f"{quoted(table.name)}.*"]
    have = set(table.columns)
    if not table.of_kind("time"):
        timed = next((t for t in through if t.of_kind("time")), None)
        for column in timed.of_kind("time") if timed is not None else []:
            if column.name not in have:
                selected.append(f"{quoted(timed.name)}.{quoted(column.name)}")  # type: ignore[union-attr]
                have.add(column.name)
    lines, before = [f"FROM {quoted(table.name)}"], table
    for step, there in zip(way.steps, through, strict=True):
        on = [_equal(before, step.here, there, step.there), *([_equal(before, step.also, there, step.also)] if step.also else [])]
        lines.append(f"JOIN {quoted(there.name)} ON {' AND '.join(on)}")
        before = there
    if way.column in have:
        return None
    if way.steps[0].also:  # an order has two numbers: one of both together
        parts = f"{quoted(table.name)}.{quoted(way.steps[0].also)}, {quoted(table.name)}.{quoted(way.steps[0].here)}"
        selected.append(f"concat_ws('-', {parts}) AS order_key")
    selected.append(f"{quoted(before.name)}.{quoted(way.column)}")
    sql = f"SELECT {', '.join(selected)} " + " ".join(lines)
    found = profile_query(query_over(sql, [table, *through]), table.name, table)
    lost = table.rows - found.rows
    told = f"{lost:,} of {table.rows:,} rows lead to no customer by {', '.join(step.table for step in way.steps)}: they are left out"
    return replace(found, notes=(*found.notes, told)) if lost else found


def _equal(one: TableProfile, here: str, other: TableProfile, there: str) -> str:
    keys = [f"{quoted(one.name)}.{quoted(here)}", f"{quoted(other.name)}.{quoted(there)}"]
    return " = ".join(keys if here == there else [f"CAST({key} AS VARCHAR)" for key in keys])


def with_customer(profile: TableProfile, customer: str, nobody: Sequence[str] = ()) -> TableProfile:
    """Return the rows that say whose they are, without those of ``nobody``; decimal numbers of a data frame become whole ids again."""
    name, who = quoted(profile.name), quoted(customer)
    whole = pa.types.is_floating(profile.table[customer].type)
    meant = f"{who} IS NOT NULL"
    if nobody:
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in nobody)
        meant += f" AND CAST({who} AS VARCHAR) NOT IN ({listed})"
    everything = f"* REPLACE (CAST({who} AS BIGINT) AS {who})" if whole else "*"
    if isinstance(profile.source, Query):
        inner = profile.source.sql if " " in profile.source.sql else f"SELECT * FROM {profile.source.sql}"
        query = Query(f"SELECT {everything} FROM ({inner}) AS given WHERE {meant}", profile.source.database)
    else:
        query = query_over(f"SELECT {everything} FROM {name} WHERE {meant}", [profile])
    return profile_query(query, profile.name, profile)


def months_as_rows(profile: TableProfile, customer: str, *, zeros: bool = False) -> Query:
    """Return one row per customer and month, of columns that are months.

    Months without a value are left out, and with ``zeros`` false those of nothing as well.
    """
    others = [c for c in profile.columns if c not in profile.months]
    who, left_out = quoted(customer), ", ".join(quoted(c) for c in others)
    meant = f"regexp_matches(CAST(amount AS VARCHAR), '[{0 if zeros else 1}-9]')"
    source = profile.source
    name = "given" if isinstance(source, Query) else quoted(profile.name)
    if all(re.fullmatch(r"\d{4}-\d{2}", c) or re.fullmatch(r"[A-Z][a-z]{2}-\d\d", c) for c in profile.months):
        turned = f"UNPIVOT {name} ON COLUMNS(* EXCLUDE ({left_out})) INTO NAME month VALUE amount"
        sql = f"SELECT {who}, month, amount FROM ({turned}) WHERE {meant}"
    else:
        parts = (f"SELECT {who}, '{day}' AS month, {quoted(c)} AS amount FROM {name}" for c, day in profile.months.items())
        sql = f"SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE {meant}"
    if not isinstance(source, Query):
        return query_over(sql, [profile])
    inner = source.sql if " " in source.sql else f"SELECT * FROM {source.sql}"
    return Query(f"WITH given AS ({inner}) {sql}", source.database)


def flagged_rows(profile: TableProfile, column: str, values: Sequence[str]) -> Query:
    """Return the rows in which a column has one of some values."""
    texts = profile.table[column].cast(pa.string()).unique().to_pylist() if not pa.types.is_boolean(profile.table[column].type) else []
    said = values[0].strip().lower() in YES  # a flag is written 1, true or yes, depending on the reader
    meant = set(values) if profile.columns[column].kind != "flag" else set(YES if said else _NO)
    there = [str(t) for t in texts if t is not None and str(t).strip().lower() in {m.lower() for m in meant}]
    listed = ", ".join("'" + t.replace("'", "''") + "'" for t in there or sorted(YES if said else _NO))
    whole = f"CAST({quoted(column)} AS VARCHAR)" if there else f"lower(CAST({quoted(column)} AS VARCHAR))"
    if isinstance(profile.source, Query):
        inner = profile.source.sql if " " in profile.source.sql else f"SELECT * FROM {profile.source.sql}"
        return Query(f"SELECT * FROM ({inner}) AS given WHERE {whole} IN ({listed})", profile.source.database)
    return query_over(f"SELECT * FROM {quoted(profile.name)} WHERE {whole} IN ({listed})", [profile])


def path_of(profile: TableProfile) -> str:
    """Return the path of a file that is a table by itself; nothing for sheets, members and queries."""
    source = profile.source
    if isinstance(source, File):
        return "" if source.sheet or source.member else str(source.path)
    return source if isinstance(source, str) else ""
