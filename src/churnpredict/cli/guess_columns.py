"""What a file, or a table of a database, seems to hold: guesses by the names, the types and the form of its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from churnpredict.errors import ConfigError
from churnpredict.events.source import Query, open_source, table_names
from churnpredict.events.time_formats import fitting_formats

__all__ = ["Guess", "guess_database", "guess_table"]

_WORDS = {
    "customer": r"customer|client|user|account|member|subscriber|cust|kunde|msisdn|household|student|visitor|player|patient|donor|guest",
    "time": r"date|time|timestamp|_at$|_on$|^at$|^on$|^day$|datum",
    "value": r"amount|total|revenue|price|value|sum|paid|spend|eur|usd|betrag",
    "item": r"product|item|sku|feature|page|article|stock|site|merchant",
    "kinds": r"kind|type|event|status|category|channel|action|reason",
    "since": r"signup|sign_up|since|joined|created|registered|start",
    "start": r"start|begin|open|submitted|created|from|since",
    "end": r"end|clos|until|expir|finish|resolved",
}
_MOST_KINDS = 50
_RESULTS = ({"customer_id", "risk"}, {"cutoff", "model", "metric"}, {"alert", "customer_id"})  # scores and plan, back-test, alerts
_UNITS = (("s", 1e8, 5e9), ("ms", 1e11, 5e12), ("us", 1e14, 5e15))  # since 1970: what is counted, and from 1973 to 2128
_MOST_DAYS = 60_000  # more than a century of them
_MONTH = 31  # numbers of days that span no more are days of a month or of a week


@dataclass(frozen=True)
class Guess:
    """What a file, or a table of a database, seems to hold: kind of table, role -> column, and the columns left over with their types."""

    name: str
    source: str | Query
    kind: str
    roles: dict[str, str]
    rest: dict[str, str]
    rows: int
    unused: str = ""  # why the table is left out
    names: tuple[str, ...] = ()  # columns of which nearly every row has its own text
    written: tuple[tuple[str, str, str], ...] = ()  # what must be said of its times: key, value, why


def _how_written(column: pa.ChunkedArray, name: str) -> tuple[str, str] | None:
    """What must be said for a column to be read as times, as key and value; ("", "") for nothing, None where it holds no times."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "", ""
    if pa.types.is_string(kind):
        seen = [v for v in column.slice(0, 50).to_pylist() if v]
        if seen and all(re.match(r"\d{4}-\d{2}-\d{2}", v) for v in seen):
            return "", ""
        forms = fitting_formats(column.combine_chunks())
        return ("format", " or ".join(forms)) if forms and (forms != ["%Y%m%d"] or _says_time(name)) else None
    if not _is_number(kind) or not _says_time(name):
        return None
    return _counted(column, name)


def _in_words(name: str) -> str:
    """In small letters, with a stroke where a capital begins a word."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _counted(column: pa.ChunkedArray, name: str) -> tuple[str, str] | None:
    """The same for a column of numbers with the name of a time."""
    numbers = column.to_pandas().dropna()
    if numbers.empty or not (numbers == numbers.round()).all():
        return None
    low, high = numbers.min(), numbers.max()
    for unit, first, last in _UNITS:
        if first <= low and high < last:
            return "unit", unit
    if pa.types.is_integer(column.type) and fitting_formats(column.cast(pa.string()).combine_chunks()):
        return "format", "%Y%m%d"
    named = re.search(r"^(date|day|datum)|(date|day|datum)$", name.lower())
    return ("unit", "d") if named and max(abs(low), abs(high)) <= _MOST_DAYS and high - low > _MONTH else None


def _says_time(name: str) -> bool:
    """Whether a word of the name is one of time: "DAY" and "InvoiceDate" are, "days_late" and "response_minutes" are not."""
    words = _in_words(name)
    return re.search(r"(^|[^a-z])(date|datum|day|dt|ts|time|timestamp|at|on)([^a-z]|$)", words) is not None


def _plain(table: pa.Table) -> pa.Table:
    """Texts as plain strings, whatever they are stored as."""
    for i, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _first(role: str, names: Sequence[str]) -> str | None:
    """The first column whose name speaks for the role; names that say it exactly come first."""
    found = [n for n in names if re.search(_WORDS[role], n.lower())]
    exact = [n for n in found if re.fullmatch(f"({_WORDS[role]})(_?id)?", n.lower())]
    return next(iter(exact or found), None)


def guess_database(path: Path) -> list[Guess]:
    """Guess what the tables of a DuckDB or SQLite file hold.

    Raises
    ------
    ConfigError
        ``nothing-found``.
    """
    return [guess_table(Query(name, str(path))) for name in table_names(str(path))]


def guess_table(path: str | Path | Query) -> Guess:
    """Guess what a file, or a table of a database, holds.

    A column is a time by its type or its form, and the customer by its name (else the first column that is neither a time nor a decimal
    number). A table in which no customer comes twice is taken for the table of customers.

    Raises
    ------
    ConfigError
        ``nothing-found``: no column could be the customer or the time.
    """
    called = path.sql if isinstance(path, Query) else Path(path).name.split(".")[0]
    name = _in_words(re.sub(r"[^A-Za-z0-9]+", "_", called).strip("_")) or "events"
    name = name if name[0].isalpha() else f"t_{name}"
    source = open_source(path if isinstance(path, Query) else str(path), name)
    table = _plain(source.read(source.columns()))
    dated = [f.name for f in table.schema if pa.types.is_timestamp(f.type) or pa.types.is_date(f.type)]
    if dated and getattr(source, "kind", "") == "text":  # what a reader of CSV takes for a date may be written in many ways
        told = _plain(source.read(dated, dated))
        for column in dated:
            table = table.set_column(table.column_names.index(column), column, told[column])
    how = {c: found for c in table.column_names if (found := _how_written(table[c], c)) is not None}
    typed = [c for c in how if how[c][0] != "unit"]  # numbers may be times only where nothing else is
    times = typed or list(how)
    others = [c for c in table.column_names if c not in how]
    plain = [c for c in others if not pa.types.is_floating(table[c].type)]
    spoken = _first("customer", plain) or _first("customer", others)
    customer = spoken or next(iter(plain), None)
    if customer is None:
        raise ConfigError("nothing-found", f'"{called}" has no column that could be a customer', remedy="Write churn.toml by hand.")
    roles = {"customer": customer}
    distinct = {c: len(table[c].unique()) for c in others if pa.types.is_string(table[c].type)}
    once = len(table[customer].unique()) == table.num_rows
    if once or not times:
        since = _first("since", times) or next(iter(times), None)
        roles |= {"since": since} if since else {}
        kind = "customers"
    else:
        span = _span(table, [c for c in times if how[c] == ("", "")])
        kind, roles = ("events", roles | {"time": _first("time", times) or times[0]}) if span is None else ("intervals", roles | span)
        roles |= _more_roles(table, kind, [c for c in others if c != customer], distinct)
    rest = {c: str(table[c].type) for c in table.column_names if c not in roles.values()}
    named = tuple(c for c, n in distinct.items() if n > max(_MOST_KINDS, table.num_rows / 2))
    unused = _left_out(table, customer, spoken is not None, once or bool(times))
    written = tuple({_said(*how[c]) for c in roles.values() if c in how and how[c][0]})
    return Guess(name, path if isinstance(path, Query) else str(path), kind, roles, rest, table.num_rows, unused, named, written)


def _more_roles(table: pa.Table, kind: str, columns: Sequence[str], distinct: Mapping[str, int]) -> dict[str, str]:
    """Value, item, kind and number of what has happened: role -> column, each column in one role."""
    numbers = [c for c in columns if _is_number(table[c].type) and not _is_id(c)]
    texts = [c for c in columns if c in distinct]
    few = [c for c in texts if distinct[c] <= _MOST_KINDS and not _is_id(c)]
    wanted = {"value": _first("value", numbers), "kinds": _first("kinds", few)}
    if kind == "events":
        named = [*texts, *(c for c in columns if pa.types.is_integer(table[c].type) and re.search(r"id|no|code", c.lower()))]
        own = [c for c in named if _is_id(c) and len(table[c].unique()) == table.num_rows]
        wanted |= {"item": _first("item", [c for c in named if c not in own]), "id": next(iter(own), None)}
    roles: dict[str, str] = {}
    for role in ("value", "item", "kinds", "id"):
        column = wanted.get(role)
        if column is not None and column not in roles.values():
            roles[role] = column
    return roles


def _left_out(table: pa.Table, customer: str, spoken: bool, told_apart: bool) -> str:
    """Why a table cannot be used, or nothing."""
    column = table[customer]
    if any(results <= set(table.column_names) for results in _RESULTS):
        return "written by churnpredict"
    if not spoken:
        return "no column says whose row it is"
    if column.null_count:
        return f'{column.null_count:,} rows have no "{customer}": leave them out, or say whose they are'
    if pa.types.is_floating(column.type):
        return f'"{customer}" is a decimal number: write whole numbers or texts'
    return "" if told_apart else f'"{customer}" stands on several rows, and no time tells them apart'


def _said(key: str, value: str) -> tuple[str, str, str]:
    if value == "d":
        return key, value, "days that are counted; day 0 is shown as 1970-01-01"
    first, *more = value.split(" or ")
    why = "how times are written" if key == "format" else "what times count since 1970"
    return key, first, why + "".join(f'; "{form}" would read every row too' for form in more)


def _is_id(column: str) -> bool:
    return re.search(r"(^|_)id$", column.lower()) is not None


def _span(table: pa.Table, times: Sequence[str]) -> dict[str, str] | None:
    """Start and end, where two times are named so and no row ends before it starts."""
    end = _first("end", times)
    start = _first("start", [c for c in times if c != end])
    if start is None or end is None:
        return None
    begins, ends = (pd.to_datetime(table[c].to_pandas(), errors="coerce", utc=True) for c in (start, end))
    return None if bool((ends < begins).any()) else {"start": start, "end": end}
