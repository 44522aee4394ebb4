"""Small businesses by what their tables mean, written to every source in hostile but valid types.

The meaning is said in plain Python (whole numbers, Decimals, texts, datetimes): it is the oracle, and knows no reader of ours.
Longer than most modules because each source has types of its own.
"""

import contextlib
import datetime
import sqlite3
import zoneinfo
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from churnpredict import Customers, Events, EventTables, Intervals, Query

__all__ = ["SOURCES", "Business", "make_business", "meaning", "written"]

MICROSECOND = datetime.timedelta(microseconds=1)
EPOCH = datetime.datetime(1970, 1, 1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York")
GRAINS = {"day": 86_400_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
LABELS = {
    "whole": [0, 1, 2, 10, -3],
    "large": [2**53, 2**53 + 1, 7],
    "yes": ["yes", "no"],
    "flag": [True, False],
    "odd": ["1.10", "1.1", "1e5", "12E4", "120000", "0x1F", "007", "NA", "a,b", 'say "hi"', "two\nlines", "ü"],
    "words": ["buy", "return", "gift"],
}


@dataclass(frozen=True)
class Column:
    """What a column means: values (None for missing), and of which kind they are."""

    kind: str  # "id", "text id", "amount", "whole", "large", "yes", "flag", "odd", "words", "number", "time"
    values: list
    grain: str = ""
    zoned: bool = False


@dataclass(frozen=True)
class Business:
    """Tables of columns, and the time zone of naive times."""

    tables: dict[str, dict[str, Column]]
    timezone: str
    optional: tuple[str, ...]

    def declared(self, sources, **settings):
        """The business as EventTables, from a source per table."""
        extra = {role: role for role in self.optional}
        return EventTables(
            orders=Events(
                sources["orders"], customer="who", time="at", value="eur", kind="kind", item="item", user="person", repeats="keep", **extra
            ),
            people=Customers(sources["people"], customer="who", since="since", attributes=["size", "plan"], owner="owner"),
            terms=Intervals(sources["terms"], customer="who", start="first", end="last", value="fee", kind="kind", repeats="keep"),
            timezone=self.timezone,
            **settings,
        )


def make_business(seed):
    """A random business; the same seed gives the same one."""
    rng, own = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    n, rows, terms = int(rng.integers(3, 9)), int(rng.integers(20, 60)), int(rng.integers(4, 12))
    timezone = str(rng.choice(ZONES))
    zoned = bool(rng.random() < 0.4)
    base = {"small": 0, "large": 2**53 - 2, "text": 0}[style := str(rng.choice(["small", "large", "text"]))]
    ids = [f"{i:03d}" if style == "text" else base + i for i in range(n)]
    grain = str(rng.choice(list(GRAINS)))

    def some(values, count, missing, rng=rng):
        return [None if rng.random() < missing else values[int(rng.integers(len(values)))] for _ in range(count)]

    def column_of_ids(values):
        return Column("text id" if style == "text" else "id", values)

    def labels(count, missing):
        kind = str(rng.choice(list(LABELS)))
        return Column(kind, some(LABELS[kind], count, missing))

    def amounts(count, missing, low=-(10**4)):
        return Column(
            "amount", [None if rng.random() < missing else Decimal(int(rng.integers(low, 10**6))).scaleb(-2) for _ in range(count)]
        )

    def moments(count, missing, first=0, days=300):
        """Wall times between 4 and 23 o'clock, so that none is skipped and none comes twice."""
        found = []
        for _ in range(count):
            day = datetime.timedelta(days=int(rng.integers(first, first + days)))
            clock = datetime.timedelta(hours=4) + int(rng.integers(19 * 3_600_000_000)) * MICROSECOND
            clock = datetime.timedelta(0) if grain == "day" else clock // MICROSECOND // GRAINS[grain] * GRAINS[grain] * MICROSECOND
            found.append(None if rng.random() < missing else datetime.datetime(2023, 2, 1) + day + clock)
        return Column("time", found, grain, zoned and grain != "day")

    at = moments(rows, 0)
    late = Column(
        "time", [None if rng.random() < 0.5 else t + datetime.timedelta(days=int(rng.integers(0, 9))) for t in at.values], grain, at.zoned
    )
    first = moments(terms, 0)
    last = [None if rng.random() < 0.4 else t + datetime.timedelta(days=int(rng.integers(1, 200))) for t in first.values]
    tables = {
        "orders": {
            "who": column_of_ids(some(ids, rows, 0)),
            "at": at,
            "eur": amounts(rows, 0.1),
            "kind": labels(rows, 0.1),
            "item": labels(rows, 0.1),
            "person": Column(who := str(own.choice(list(LABELS))), some(LABELS[who], rows, 0.1, own)),
            "known_at": late,
        },
        "people": {
            "who": column_of_ids(ids),
            "since": Column("time", [None if rng.random() < 0.3 else datetime.datetime(2023, 1, 15) for _ in ids], "day", at.zoned),
            "size": Column("number", [None if rng.random() < 0.2 else int(rng.integers(0, 50)) for _ in ids]),
            "plan": Column(str(rng.choice(["yes", "words", "odd"])), []),
            "owner": Column("whole", some(LABELS["whole"], n, 0.2)),
        },
        "terms": {
            "who": column_of_ids(some(ids, terms, 0)),
            "first": first,
            "last": Column("time", last, grain, first.zoned),
            "fee": amounts(terms, 0.2, low=0),
            "kind": labels(terms, 0),
        },
    }
    plan = tables["people"]["plan"]
    tables["people"]["plan"] = Column(plan.kind, some(LABELS[plan.kind], n, 0.1))
    if all(v is None for v in tables["people"]["size"].values):
        tables["people"]["size"] = Column("number", list(range(n)))
    return Business(tables, timezone, ("known_at",) if rng.random() < 0.5 else ())


# --- the oracle ---


def meaning(column, timezone):
    """What each value is, in plain Python: ids as they are, the nearest float, microseconds since 1970, or the label's text."""
    if column.kind in ("id", "text id"):
        return column.values
    if column.kind in ("amount", "number"):
        return [None if v is None else float(str(v)) for v in column.values]
    if column.kind == "time":
        return [None if v is None else _utc(v, column.zoned, timezone) for v in column.values]
    return [None if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in column.values]


def _utc(wall, zoned, timezone):
    """Microseconds since 1970: a zoned time is written as its wall time in UTC, a naive one is a wall time of the business."""
    offset = datetime.timedelta(0) if zoned else wall.replace(tzinfo=zoneinfo.ZoneInfo(timezone)).utcoffset()
    return (wall - offset - EPOCH) // MICROSECOND


# --- the writers ---


def _iso(column, rng, value):
    """A time as text, in one of the forms that stand in files; all of a column carry a zone, or none."""
    if value is None:
        return None
    if column.grain == "day" and not column.zoned:
        return value.date().isoformat()
    zone = str(rng.choice(["Z", "+00:00", " UTC", " +0000"])) if column.zoned else ""
    digits = str(rng.choice(["", "0", "000"])) if value.microsecond else ""
    return value.isoformat(sep=str(rng.choice(["T", " "]))) + digits + zone


def _texts(column, rng):
    """A column as it stands in a text file."""
    if column.kind == "time":
        return [_iso(column, rng, v) for v in column.values]
    return [None if v is None else str(v) for v in column.values]


def _of(rng, *choices):
    return choices[int(rng.integers(len(choices)))]


def _micros(values):
    return [None if v is None else (v - EPOCH) // MICROSECOND for v in values]


def _arrow_column(column, rng, *, narrow=False):
    values, blank = column.values, any(v is None for v in column.values)
    texts = [pa.string(), pa.large_string(), *([] if narrow else [pa.string_view()]), "dictionary"]
    if column.kind == "time":
        if column.grain == "day" and not column.zoned:
            return pa.array([None if v is None else v.date() for v in values], _of(rng, pa.date32(), pa.date64()))
        units = {"day": ["s", "ms", "us", "ns"], "s": ["s", "ms", "us", "ns"], "ms": ["ms", "us", "ns"], "us": ["us", "ns"]}[column.grain]
        zone = _of(rng, "UTC", "Asia/Tokyo") if column.zoned else None
        found = pa.array(_micros(values), pa.int64()).cast(pa.timestamp("us", zone)).cast(pa.timestamp(_of(rng, *units), zone))
        return pa.array(_texts(column, rng)) if rng.random() < 0.2 else found
    if column.kind == "amount":
        kind = _of(
            rng, pa.float64(), pa.decimal128(12, 2), pa.decimal128(38, 9), pa.decimal128(11, 2) if narrow else pa.decimal256(50, 2), "text"
        )
        if kind == "text":
            return pa.array(_texts(column, rng))
        return pa.array(values if kind != pa.float64() else [None if v is None else float(v) for v in values], kind)
    if column.kind == "number":
        kind = _of(rng, pa.int8(), pa.int64(), pa.uint16(), pa.float32(), pa.float64(), pa.decimal128(9, 3))
        return pa.array([None if v is None else Decimal(v) for v in values] if pa.types.is_decimal(kind) else values, kind)
    if column.kind == "flag":
        return pa.array(values, pa.bool_()) if rng.random() < 0.7 else pa.array([None if v is None else str(v) for v in values])
    if column.kind in ("id", "whole", "large"):
        small = column.kind == "whole"
        kinds = [
            pa.int64(),
            pa.decimal128(38, 0),
            pa.decimal128(25, 4),
            *([pa.int16(), pa.float64(), pa.float32()] if small else [pa.uint64()]),
        ]
        kind = _of(rng, *kinds, *([] if column.kind == "id" else texts))
        if kind not in texts:
            found = pa.array([None if v is None else Decimal(v) for v in values] if pa.types.is_decimal(kind) else values, kind)
            return found.dictionary_encode() if rng.random() < 0.2 and not narrow else found
        values = [None if v is None else str(v) for v in values]
    else:
        kind = _of(rng, *texts)
    if blank and rng.random() < 0.3 and not column.kind.endswith("id"):
        values = ["" if v is None else v for v in values]  # an empty label is none
    return pa.array(values).dictionary_encode() if kind == "dictionary" else pa.array(values, kind)


def arrow(table, rng, place, name):
    return pa.table({c: _arrow_column(column, rng) for c, column in table.items()})


def parquet(table, rng, place, name):
    pq.write_table(pa.table({c: _arrow_column(column, rng, narrow=True) for c, column in table.items()}), place / f"{name}.parquet")
    return place / f"{name}.parquet"


def polars(table, rng, place, name):
    frame = pl.from_arrow(pa.table({c: _arrow_column(column, rng, narrow=True) for c, column in table.items()}))
    return frame.lazy() if rng.random() < 0.3 else frame


def pandas(table, rng, place, name):
    return pd.DataFrame({c: _pandas_column(column, rng) for c, column in table.items()})


def _pandas_column(column, rng):
    values = column.values
    if column.kind == "time":
        if column.grain == "day" and not column.zoned and rng.random() < 0.3:
            return pd.Series([None if v is None else v.date() for v in values], dtype=object)
        units = {"day": ["s", "ms", "us", "ns"], "s": ["s", "ms", "us", "ns"], "ms": ["ms", "us", "ns"], "us": ["us", "ns"]}[column.grain]
        found = pd.Series(pd.DatetimeIndex(values).as_unit("us")).dt.as_unit(_of(rng, *units))
        found = found.dt.tz_localize("UTC") if column.zoned else found
        return found.dt.tz_convert("Asia/Tokyo") if column.zoned and rng.random() < 0.5 else found
    if column.kind in ("amount", "number"):
        kind = _of(rng, "float64", "Float64", object) if column.kind == "amount" else _of(rng, "float64", "Int64", "Float64")
        return pd.Series(values if kind is object else [None if v is None else float(v) for v in values], dtype=kind)
    if column.kind == "flag":
        return pd.Series(values, dtype=_of(rng, "boolean", object))
    if column.kind in ("id", "whole", "large"):
        kinds = ["Int64", "UInt64" if min((v for v in values if v is not None), default=0) >= 0 else "Int64"]
        kinds += ["int64"] if None not in values else []
        kinds += ["float64"] if column.kind == "whole" else []
        found = pd.Series(values, dtype=_of(rng, *kinds))
        return found.astype("category") if rng.random() < 0.2 else found
    return pd.Series(values, dtype=_of(rng, object, "string", "category"))


def csv(table, rng, place, name):
    """Rows as people's programs write them; words for nothing in columns of numbers and times."""
    delimiter, end = _of(rng, ",", ";", "\t"), _of(rng, "\n", "\r\n")
    nothing = {c: _of(rng, "", "NULL", "\\N") if column.kind in ("amount", "time") else "" for c, column in table.items()}

    def field(text):
        return '"' + text.replace('"', '""') + '"' if any(s in text for s in ',;\t"\n') else text

    columns = {c: [nothing[c] if t is None else field(t) for t in _texts(column, rng)] for c, column in table.items()}
    lines = [delimiter.join(columns), *(delimiter.join(row) for row in zip(*columns.values(), strict=True)), ""]
    mark = "\ufeff" if rng.random() < 0.3 else ""
    (place / f"{name}.csv").write_bytes((mark + end.join(lines)).encode())
    return place / f"{name}.csv"


def sqlite(table, rng, place, name):
    columns = {}
    for c, column in table.items():
        values = _texts(column, rng)
        if (column.kind in ("id", "whole", "large", "number") and rng.random() < 0.8) or column.kind == "id":
            values = column.values
            if column.kind in ("whole", "number") and rng.random() < 0.4:
                values = [None if v is None else float(v) for v in values]
        elif column.kind == "number":
            values = column.values
        elif column.kind == "amount" and rng.random() < 0.7:
            values = [None if v is None else float(v) for v in column.values]
        columns[c] = values
    with contextlib.closing(sqlite3.connect(place / "shop.sqlite")) as connection:
        connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", list(zip(*columns.values(), strict=True)))
        connection.commit()
    return Query(name, place / "shop.sqlite")


def _sql_types(column, rng, *, server):
    """A type that holds the column exactly, in PostgreSQL or in DuckDB."""
    if column.kind == "time":
        if column.zoned:
            return "TIMESTAMPTZ"
        exact = {
            "day": ["DATE", "TIMESTAMP_S"],
            "s": ["TIMESTAMP_S", "TIMESTAMP_MS"],
            "ms": ["TIMESTAMP_MS", "TIMESTAMP_NS"],
            "us": ["TIMESTAMP_NS"],
        }
        return _of(rng, "TIMESTAMP", *(["DATE"] if server and column.grain == "day" else [] if server else exact[column.grain]))
    if column.kind == "amount":
        return _of(rng, "NUMERIC(12, 2)", "NUMERIC(38, 6)", "DOUBLE PRECISION", *(["MONEY", "NUMERIC"] if server else ["VARCHAR"]))
    if column.kind == "number":
        return _of(rng, "SMALLINT", "BIGINT", "NUMERIC(9, 2)", "REAL")
    if column.kind == "flag":
        return "BOOLEAN"
    if column.kind in ("id", "whole", "large"):
        more = ["NUMERIC"] if server else ["HUGEINT"]
        return _of(rng, "BIGINT", "NUMERIC(20, 2)", *more, *([] if column.kind == "id" else ["VARCHAR(30)"]))
    return _of(rng, "VARCHAR(30)", "TEXT")


def _columns(table, types):
    return ", ".join('"' + c + '" ' + kind for c, kind in zip(table, types, strict=True))


def _insert(table, types, rng):
    """The rows as VALUES, each text cast to its column's type."""
    columns = {c: _texts(column, rng) for c, column in table.items()}

    def literal(text, kind):
        return "NULL" if text is None else "CAST('" + text.replace("'", "''") + f"' AS {kind})"

    rows = zip(*columns.values(), strict=True)
    return ", ".join("(" + ", ".join(literal(t, k) for t, k in zip(row, types, strict=True)) + ")" for row in rows)


def duckdb_table(table, rng, place, name):
    types = [_sql_types(column, rng, server=False) for column in table.values()]
    plain = {c: Column(column.kind, column.values, column.grain, column.zoned) for c, column in table.items()}
    with duckdb.connect(str(place / "shop.duckdb")) as connection:
        connection.execute("SET TimeZone='UTC'")
        connection.execute(f"CREATE TABLE {name} ({_columns(table, types)})")
        connection.execute(f"INSERT INTO {name} VALUES {_insert(_clear(plain), types, rng)}")
    return Query(name, place / "shop.duckdb")


def _clear(table):
    """Times in UTC written as +00, which every server reads."""
    return {
        c: Column("clear", [_for_server(column, v) for v in column.values]) if column.kind == "time" else column
        for c, column in table.items()
    }


def _for_server(column, value):
    return None if value is None else value.isoformat(sep=" ") + ("+00" if column.zoned else "")


def postgres(table, rng, place, name, address):
    from adbc_driver_postgresql import dbapi

    types = [_sql_types(column, rng, server=True) for column in table.values()]
    with dbapi.connect(address) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '60s'")  # a lock that is never released fails the test, it does not hang it
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(f"CREATE TABLE {name} ({_columns(table, types)})")
            cursor.execute(f"INSERT INTO {name} VALUES {_insert(_clear(table), types, rng)}")
        connection.commit()
    return Query(name, address)


SOURCES = {
    "pandas": pandas,
    "polars": polars,
    "arrow": arrow,
    "csv": csv,
    "parquet": parquet,
    "sqlite": sqlite,
    "duckdb": duckdb_table,
    "postgres": postgres,
}


def written(business, kind, seed, place, address=None):
    """The tables of a business in one source: name -> what a declaration takes."""
    rng = np.random.default_rng([seed, list(SOURCES).index(kind)])
    place.mkdir(parents=True, exist_ok=True)
    more = {"address": address} if kind == "postgres" else {}
    return {name: SOURCES[kind](table, rng, place, name, **more) for name, table in business.tables.items()}
