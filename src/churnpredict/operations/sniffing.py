"""A first churn.toml from the columns that are found: guesses by name and type, each with a comment, for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from churnpredict.errors import ConfigError
from churnpredict.events.source import Query, open_source, table_names

__all__ = ["Guess", "guess_database", "guess_table", "write_draft"]

_WORDS = {
    "customer": r"customer|client|user|account|member|subscriber|cust|kunde|msisdn",
    "time": r"date|time|timestamp|_at$|_on$|^at$|^on$|^day$|datum",
    "value": r"amount|total|revenue|price|value|sum|paid|spend|eur|usd|betrag",
    "item": r"product|item|sku|feature|page|article",
    "kinds": r"kind|type|event|status|category|channel|action",
    "since": r"signup|sign_up|since|joined|created|registered|start",
}


@dataclass(frozen=True)
class Guess:
    """What a file, or a table of a database, seems to hold: kind of table, role -> column, and the columns left over with their types."""

    name: str
    source: str | Query
    kind: str
    roles: dict[str, str]
    rest: dict[str, str]
    rows: int


def _is_time(column: pa.ChunkedArray) -> bool:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return True
    if not pa.types.is_string(column.type):
        return False
    seen = [v for v in column.slice(0, 50).to_pylist() if v]
    return bool(seen) and all(re.match(r"\d{4}-\d{2}-\d{2}", str(v)) for v in seen)


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
    table = source.read(source.columns())
    times = [c for c in table.column_names if _is_time(table[c])]
    others = [c for c in table.column_names if c not in times]
    plain = [c for c in others if not pa.types.is_floating(table[c].type)]
    customer = _first("customer", plain) or next(iter(plain), None)
    if customer is None:
        raise ConfigError("nothing-found", f'"{called}" has no column that could be a customer', remedy="Write churn.toml by hand.")
    roles = {"customer": customer}
    once = len(table[customer].unique()) == table.num_rows
    if once or not times:
        since = _first("since", times) or next(iter(times), None)
        roles |= {"since": since} if since else {}
        kind = "customers"
    else:
        roles["time"] = _first("time", times) or times[0]
        kind = "events"
        numbers = [c for c in others if _is_number(table[c].type) and c != customer and not re.search(r"(^|_)id$", c.lower())]
        value = _first("value", numbers)
        texts = [c for c in others if pa.types.is_string(table[c].type) and c != customer]
        for role, column in (("value", value), ("item", _first("item", texts)), ("kinds", _first("kinds", texts))):
            if column is not None and column not in roles.values():
                roles[role] = column
    rest = {c: str(table[c].type) for c in table.column_names if c not in roles.values()}
    return Guess(name, path if isinstance(path, Query) else str(path), kind, roles, rest, table.num_rows)


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_SAYS = {
    "customer": "whose row it is",
    "time": "when it happened",
    "value": "a number, most often money",
    "item": "what it was about",
    "kinds": "tells kinds of event apart",
    "since": "when the customer joined",
    "attributes": "what describes the customer and does not change",
}


def write_draft(guesses: Sequence[Guess], folder: Path) -> str:
    """The text of a commented churn.toml with paths relative to ``folder``."""
    logs = [g for g in guesses if g.kind == "events"]
    if not logs:
        raise ConfigError(
            "nothing-found",
            "no file looks like a log of events (one customer on many rows, with times)",
            remedy="Give the file of orders, payments or visits.",
        )
    lines = ["# Written by churnpredict init from the columns it found: look at every line before you train.", ""]
    for guess in guesses:
        queried = isinstance(guess.source, Query)
        path = Path(guess.source.database if isinstance(guess.source, Query) else guess.source).resolve()
        shown = path.relative_to(folder.resolve()) if path.is_relative_to(folder.resolve()) else path
        lines += [f"[tables.{guess.name}]  # {guess.rows:,} rows", f'kind = "{guess.kind}"']
        lines.append(f"{'database' if queried else 'source'} = {_text(shown.as_posix())}")
        lines += [f"query = {_text(guess.source.sql)}  # a table, or a SELECT"] if isinstance(guess.source, Query) else []
        lines += [f"{role} = {_text(column)}  # {_SAYS[role]}" for role, column in guess.roles.items()]
        described = [c for c, kind in guess.rest.items() if guess.kind == "customers" and kind in ("string", "int64", "double", "bool")]
        if described:
            lines.append(f"attributes = [{', '.join(_text(c) for c in described)}]  # {_SAYS['attributes']}")
        unused = [c for c in guess.rest if c not in described]
        lines += [f"# not used: {', '.join(unused)}"] if unused else []
        lines.append("")
    longest = max(logs, key=lambda g: ("value" in g.roles, g.rows))
    lines += [
        "[churn]",
        'rule = "inactivity"      # who does nothing for a whole horizon has left',
        'horizon = "90d"          # that long',
        f"of = {_text(longest.name)}  # the table whose silence counts",
        'active_within = "180d"   # at risk is who was active that recently',
        "",
        "[output]",
        'model = "churn.model"',
        'scores = "scores.csv"    # or scores.parquet',
        'backtest = "backtest.csv"',
    ]
    return "\n".join(lines) + "\n"
