"""A first churn.toml from the columns that are found: guesses by name and type, each with a comment, for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from churnpredict.errors import ConfigError
from churnpredict.events.source import Query, open_source, table_names

__all__ = ["Guess", "guess_database", "guess_table", "write_draft"]

_WORDS = {
    "customer": r"customer|client|user|account|member|subscriber|cust|kunde|msisdn",
    "time": r"date|time|timestamp|_at$|_on$|^at$|^on$|^day$|datum",
    "value": r"amount|total|revenue|price|value|sum|paid|spend|eur|usd|betrag",
    "item": r"product|item|sku|feature|page|article",
    "kinds": r"kind|type|event|status|category|channel|action|reason",
    "since": r"signup|sign_up|since|joined|created|registered|start",
    "start": r"start|begin|open|submitted|created|from|since",
    "end": r"end|clos|until|expir|finish|resolved",
}
_TELLS = r"churn|cancel|attrit|terminat|unsubscri|unregist"  # of the outcome
_LASTS = r"subscri|contract|member|plan|polic|licen"  # what a customer has as long as it runs
_MOST_KINDS = 50


@dataclass(frozen=True)
class Guess:
    """What a file, or a table of a database, seems to hold: kind of table, role -> column, and the columns left over with their types."""

    name: str
    source: str | Query
    kind: str
    roles: dict[str, str]
    rest: dict[str, str]
    rows: int
    sure: bool = True  # that the column is the customer: its name says so
    names: tuple[str, ...] = ()  # columns of which nearly every row has its own text


def _is_time(column: pa.ChunkedArray) -> bool:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return True
    if not pa.types.is_string(column.type):
        return False
    seen = [v for v in column.slice(0, 50).to_pylist() if v]
    return bool(seen) and all(re.match(r"\d{4}-\d{2}-\d{2}", str(v)) for v in seen)


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
    name = re.sub(r"[^A-Za-z0-9]+", "_", called).strip("_").lower() or "events"
    name = name if name[0].isalpha() else f"t_{name}"
    source = open_source(path if isinstance(path, Query) else str(path), name)
    table = _plain(source.read(source.columns()))
    times = [c for c in table.column_names if _is_time(table[c])]
    others = [c for c in table.column_names if c not in times]
    plain = [c for c in others if not pa.types.is_floating(table[c].type)]
    spoken = _first("customer", plain)
    customer = spoken or next(iter(plain), None)
    if customer is None:
        raise ConfigError("nothing-found", f'"{called}" has no column that could be a customer', remedy="Write churn.toml by hand.")
    roles = {"customer": customer}
    distinct = {c: len(table[c].unique()) for c in others if pa.types.is_string(table[c].type)}
    if len(table[customer].unique()) == table.num_rows or not times:
        since = _first("since", times) or next(iter(times), None)
        roles |= {"since": since} if since else {}
        kind = "customers"
    else:
        span = _span(table, times)
        kind, roles = ("events", roles | {"time": _first("time", times) or times[0]}) if span is None else ("intervals", roles | span)
        numbers = [c for c in others if _is_number(table[c].type) and c != customer and not _is_id(c)]
        texts = [c for c in distinct if c != customer]
        few = [c for c in texts if distinct[c] <= _MOST_KINDS and not _is_id(c)]
        wanted = (("value", _first("value", numbers)), ("item", _first("item", texts)), ("kinds", _first("kinds", few)))
        for role, column in wanted:
            if column is not None and column not in roles.values() and not (role == "item" and kind == "intervals"):
                roles[role] = column
    rest = {c: str(table[c].type) for c in table.column_names if c not in roles.values()}
    named = tuple(c for c, n in distinct.items() if n > max(_MOST_KINDS, table.num_rows / 2))
    return Guess(name, path if isinstance(path, Query) else str(path), kind, roles, rest, table.num_rows, spoken is not None, named)


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


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_SAYS = {
    "customer": "whose row it is",
    "time": "when it happened",
    "value": "a number, most often money",
    "item": "what it was about",
    "kinds": "tells kinds of event apart",
    "since": "when the customer joined",
    "start": "when it began",
    "end": "when it ended; empty while it runs",
    "attributes": "what describes the customer and does not change",
}


def write_draft(guesses: Sequence[Guess], folder: Path) -> str:
    """The text of a commented churn.toml with paths relative to ``folder``."""
    used = [g for g in guesses if g.sure]
    if all(g.kind == "customers" for g in used):
        used = list(guesses)
    churn = _rule(used)
    lines = ["# Written by churnpredict init from the columns it found: look at every line before you train.", ""]
    lines += [f"# {g.name}: no column says whose row it is, not used" for g in guesses if g not in used]
    for guess in used:
        queried = isinstance(guess.source, Query)
        path = Path(guess.source.database if isinstance(guess.source, Query) else guess.source).resolve()
        shown = path.relative_to(folder.resolve()) if path.is_relative_to(folder.resolve()) else path
        lines += [f"[tables.{guess.name}]  # {guess.rows:,} rows", f'kind = "{guess.kind}"']
        lines.append(f"{'database' if queried else 'source'} = {_text(shown.as_posix())}")
        lines += [f"query = {_text(guess.source.sql)}  # a table, or a SELECT"] if isinstance(guess.source, Query) else []
        lines += [f"{role} = {_text(column)}  # {_SAYS[role]}" for role, column in guess.roles.items()]
        described = [c for c, kind in guess.rest.items() if guess.kind == "customers" and kind in ("string", "int64", "double", "bool")]
        telling = [c for c in described if re.search(_TELLS, c.lower())]
        described = [c for c in described if c not in telling and c not in guess.names]
        if described:
            lines.append(f"attributes = [{', '.join(_text(c) for c in described)}]  # {_SAYS['attributes']}")
        lines += [f"# tells the outcome, does it not? {', '.join(telling)}"] if telling else []
        unused = [c for c in guess.rest if c not in described and c not in telling]
        lines += [f"# not used: {', '.join(unused)}"] if unused else []
        lines.append("")
    lines += [
        "[churn]",
        *churn,
        "",
        "[output]",
        'model = "churn.model"',
        'scores = "scores.csv"    # or scores.parquet',
        'backtest = "backtest.csv"',
    ]
    return "\n".join(lines) + "\n"


def _rule(guesses: Sequence[Guess]) -> list[str]:
    """The churn rule that these tables allow: by a log of cancellations, by the silence of a log, or by the end of contracts."""
    logs = [g for g in guesses if g.kind == "events"]
    cancelled = [g for g in logs if re.search(_TELLS, g.name)]
    lasting = [g for g in guesses if g.kind == "intervals"]
    if cancelled and len(guesses) > 1:
        return [
            'rule = "cancellation"    # who has a row in this table has left',
            'horizon = "90d"          # within that long',
            f"of = {_text(cancelled[0].name)}",
        ]
    if logs:
        longest = max(logs, key=lambda g: ("value" in g.roles, g.rows))
        return [
            'rule = "inactivity"      # who does nothing for a whole horizon has left',
            'horizon = "90d"          # that long',
            f"of = {_text(longest.name)}  # the table whose silence counts",
            'active_within = "180d"   # at risk is who was active that recently',
        ]
    if lasting:
        longest = max(lasting, key=lambda g: (re.search(_LASTS, g.name) is not None, g.rows))
        return [
            'rule = "subscription_end"  # whose contract ends and is not renewed has left',
            'horizon = "90d"            # within that long',
            'grace = "30d"              # a renewal may be so late',
            f"of = {_text(longest.name)}",
        ]
    raise ConfigError(
        "nothing-found",
        "no file looks like a log of events (one customer on many rows, with times)",
        remedy="Give the file of orders, payments or visits. A flat table with its outcome goes to ChurnClassifier in Python.",
    )
