"""Ten features at many cutoffs by Polars and DuckDB, three ways each, beside the compiled pass: for ``features.py --peers``.

Of each customer at each cutoff: rows, sum of amounts and distinct items in the last 30, 90 and 365 days, and days since the last row.
Every side reads the same Parquet file and returns one row per customer and cutoff with a row in the last year; the results are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu

WINDOWS = (30, 90, 365)
NAMES = ["since", *(f"{what}{w}" for w in WINDOWS for what in ("count", "sum", "items"))]
Cutoffs = list[pd.Timestamp]


def ours(path: Path, cutoffs: Cutoffs) -> pd.DataFrame:
    tables = cp.EventTables(orders=cp.Events(str(path), customer="user_id", time="ts", value="amount", item="item"))
    past = cp.take_snapshots(tables, cp.Inactivity("90d", active_within="365d"), at=cutoffs)
    wanted = [cp.Feature("orders", what, f"{w}d") for w in WINDOWS for what in ("count", "sum", "distinct")]
    X = cp.build_features(tables, past, features=[cp.Feature("orders", "days_since_last"), *wanted])
    return X.reset_index().set_axis(["user_id", "cutoff", *NAMES], axis=1)


def polars_per_cutoff(path: Path, cutoffs: Cutoffs, *, trick: bool = False) -> pd.DataFrame:
    """Filter and group by once per cutoff; ``trick`` counts an item where its next occurrence is not before the cutoff."""
    import polars as pl

    events = pl.read_parquet(path)
    if trick:
        events = events.sort("ts").with_columns(again=pl.col("ts").shift(-1).over("user_id", "item"))
    parts = []
    for cutoff in cutoffs:
        at, own = pl.lit(cutoff.to_pydatetime()), pl.col("ts")
        made: list[Any] = [((at - own.max()).dt.total_microseconds() / 86_400e6).alias("since")]
        for w in WINDOWS:
            late = own >= at - pl.duration(days=w)
            last = pl.col("again").is_null() | (pl.col("again") >= at) if trick else pl.lit(True)
            items = (late & last).sum() if trick else pl.col("item").filter(late).n_unique()
            made += [late.sum().alias(f"count{w}"), pl.col("amount").filter(late).sum().alias(f"sum{w}"), items.alias(f"items{w}")]
        recent = events.filter((own < at) & (own >= at - pl.duration(days=max(WINDOWS))))
        parts.append(recent.group_by("user_id").agg(*made).with_columns(cutoff=at))
    return pl.concat(parts).to_pandas()


def polars_trick(path: Path, cutoffs: Cutoffs) -> pd.DataFrame:
    return polars_per_cutoff(path, cutoffs, trick=True)


def polars_rolling(path: Path, cutoffs: Cutoffs) -> pd.DataFrame:
    """One rolling window over events and questions for each length."""
    import polars as pl

    events = pl.read_parquet(path).with_columns(asked=pl.lit(False))
    times = pl.DataFrame({"ts": [c.to_pydatetime() for c in cutoffs]}).cast({"ts": events.schema["ts"]})
    probes = events.select("user_id").unique().join(times, how="cross").with_columns(asked=pl.lit(True))
    both = pl.concat([events, probes], how="diagonal").sort("user_id", "ts")
    happened = pl.col("ts").filter(~pl.col("asked"))
    found = both.filter("asked").select("user_id", cutoff="ts")
    for w in WINDOWS:
        made = [
            happened.len().alias(f"count{w}"),
            pl.col("amount").sum().alias(f"sum{w}"),
            pl.col("item").drop_nulls().n_unique().alias(f"items{w}"),
        ]
        made += [happened.max().alias("last")] if w == max(WINDOWS) else []
        rolled = both.rolling("ts", period=f"{w}d", closed="left", group_by="user_id").agg(*made)
        rolled = rolled.with_columns(asked=both["asked"]).filter("asked").rename({"ts": "cutoff"}).drop("asked")
        found = found.join(rolled, on=["user_id", "cutoff"])
    found = found.with_columns(since=(pl.col("cutoff") - pl.col("last")).dt.total_microseconds() / 86_400e6)
    return found.filter(pl.col(f"count{max(WINDOWS)}") > 0).drop("last").to_pandas()


def duckdb_rows(query: str) -> pd.DataFrame:
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        return con.sql(query).to_arrow_table().to_pandas()


def duckdb_filter(path: Path, cutoffs: Cutoffs) -> pd.DataFrame:
    """The next occurrence of an item by LEAD, then one FILTER aggregation for all cutoffs."""
    made = ["date_diff('microsecond', max(ts), cutoff) / 86400e6 AS since"]
    for w in WINDOWS:
        late = f"ts >= cutoff - INTERVAL {w} DAY"
        made += [f"count(*) FILTER ({late}) AS count{w}", f"sum(amount) FILTER ({late}) AS sum{w}"]
        made += [f"count(*) FILTER ({late} AND (again IS NULL OR again >= cutoff)) AS items{w}"]
    times = ", ".join(f"(TIMESTAMP '{c}')" for c in cutoffs)
    return duckdb_rows(
        f"""WITH c(cutoff) AS (VALUES {times}),
                 e AS (SELECT *, lead(ts) OVER (PARTITION BY user_id, item ORDER BY ts) AS again FROM '{path}')
            SELECT user_id, cutoff, {", ".join(made)} FROM e, c
            WHERE ts < cutoff AND ts >= cutoff - INTERVAL {max(WINDOWS)} DAY GROUP BY user_id, cutoff"""
    )


def duckdb_frames(path: Path, cutoffs: Cutoffs) -> pd.DataFrame:
    """Window functions with RANGE frames over events and questions."""
    frames = [
        f"w{w} AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL {w} DAY PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING)"
        for w in WINDOWS
    ]
    made = [f"date_diff('microsecond', max(happened) OVER w{max(WINDOWS)}, ts) / 86400e6 AS since"]
    for w in WINDOWS:
        made += [
            f"count(happened) OVER w{w} AS count{w}",
            f"sum(amount) OVER w{w} AS sum{w}",
            f"count(DISTINCT item) OVER w{w} AS items{w}",
        ]
    times = ", ".join(f"(TIMESTAMP '{c}')" for c in cutoffs)
    return duckdb_rows(
        f"""WITH e AS (SELECT user_id, ts, ts AS happened, amount, item FROM '{path}'), c(cutoff) AS (VALUES {times}),
            b AS (FROM e UNION ALL SELECT DISTINCT user_id, cutoff, NULL, NULL, NULL FROM e, c)
            SELECT * EXCLUDE (happened, amount, item, ts), ts AS cutoff FROM
              (SELECT *, {", ".join(made)} FROM b WINDOW {", ".join(frames)}) WHERE happened IS NULL AND count{max(WINDOWS)} > 0"""
    )


def duckdb_join(path: Path, cutoffs: Cutoffs) -> pd.DataFrame:
    """What most people write: questions joined with the rows before them, then one aggregation with distinct counts."""
    made = ["date_diff('microsecond', max(ts), cutoff) / 86400e6 AS since"]
    for w in WINDOWS:
        late = f"FILTER (ts >= cutoff - INTERVAL {w} DAY)"
        made += [f"count(*) {late} AS count{w}", f"sum(amount) {late} AS sum{w}", f"count(DISTINCT item) {late} AS items{w}"]
    times = ", ".join(f"(TIMESTAMP '{c}')" for c in cutoffs)
    return duckdb_rows(
        f"""WITH c(cutoff) AS (VALUES {times}), asked AS (SELECT DISTINCT user_id, cutoff FROM '{path}', c)
            SELECT user_id, cutoff, {", ".join(made)} FROM asked JOIN '{path}' USING (user_id)
            WHERE ts < cutoff AND ts >= cutoff - INTERVAL {max(WINDOWS)} DAY GROUP BY user_id, cutoff"""
    )


SIDES: dict[str, tuple[str, Callable[[Path, Cutoffs], pd.DataFrame]]] = {
    "Polars, next occurrence": ("polars", polars_trick),
    "Polars, per cutoff": ("polars", polars_per_cutoff),
    "Polars, rolling": ("polars", polars_rolling),
    "DuckDB, LEAD and FILTER": ("duckdb", duckdb_filter),
    "DuckDB, RANGE frames": ("duckdb", duckdb_frames),
    "DuckDB, join": ("duckdb", duckdb_join),
}


def plain(found: pd.DataFrame) -> pd.DataFrame:
    frame = found[["user_id", "cutoff", *NAMES]].astype({"user_id": str, "cutoff": "datetime64[us]"})
    return frame.sort_values(["user_id", "cutoff"], ignore_index=True).fillna(0)


def report_peers(path: Path, cutoffs: Cutoffs, events: int) -> bool:
    """Print what each side costs, and return whether none is ahead and all agree."""
    expected, mine = cpu(ours, path, cutoffs)
    mine = min(mine, *(cpu(ours, path, cutoffs)[1] for _ in range(2)))
    want, agree, ahead = plain(expected), True, False
    table = Table(
        f"{len(NAMES)} features, {events:,} events, {len(cutoffs)} cutoffs: {len(want):,} rows", ["side", "CPU s", "ratio", "results"]
    )
    table.add("churnpredict", f"{mine:.2f}", "1", "")
    for name, (library, side) in SIDES.items():
        try:
            found, seconds = cpu(side, path, cutoffs)
        except ImportError:
            table.add(f"{name}: {library} is not installed", "", "", "")
            continue
        made = plain(found)
        same = len(made) == len(want) and np.allclose(made[NAMES].to_numpy(float), want[NAMES].to_numpy(float), rtol=1e-5, atol=1e-3)
        agree, ahead = agree and same, ahead or seconds < mine
        table.add(f"{name} ({library} {version(library)})", f"{seconds:.2f}", f"{seconds / mine:.1f}", "equal" if same else "DIFFER")
    table.print()
    return agree and not ahead
