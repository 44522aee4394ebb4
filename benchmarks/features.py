"""Features of many cutoffs in one pass, against the scripts that people write: pandas per cutoff, SQL, one scan-and-aggregate pass.

    python benchmarks/features.py [--events 1000000 10000000] [--customers N] [--cutoffs 24] [--without pandas sql] [--threads 1 2]
    python benchmarks/features.py --peers --events 1000000     # ten features by Polars and DuckDB, three ways each (feature_peers.py)

Every side reads the same Parquet file and makes the same 42 features; CPU time, one pinned core, all in one run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import churnpredict as cp
from _measure import Table, cpu, pin

WINDOWS = (7, 30, 90, 180, 365)
PER_WINDOW = ("count", "sum", "mean", "max", "active_days", "distinct")
TRENDS = (30, 90, 180)
WHOLE = ("days_since_last", "days_since_first", "gap_mean", "gap_sd", "gap_max")


def write_events(path: Path, events: int, customers: int, seed: int = 0) -> None:
    """A log of three years in time order: string ids, an amount, an item; heavy and light customers."""
    rng = np.random.default_rng(seed)
    weight = rng.gamma(1.0, 1.0, customers)
    who = rng.choice(customers, events, p=weight / weight.sum()).astype(np.int32)
    when = np.sort(rng.integers(0, 3 * 365 * 86_400, events)) * 1_000_000 + pd.Timestamp("2022-01-01").value // 1000
    ids = pa.array([f"customer-{i:08d}" for i in range(customers)])
    items = pa.array([f"item-{i:04d}" for i in range(2_000)])
    table = pa.table(
        {
            "user_id": pa.DictionaryArray.from_arrays(pa.array(who), ids).cast(pa.string()),
            "ts": pa.array(when, pa.timestamp("us")),
            "amount": np.round(rng.gamma(2.0, 20.0, events), 2),
            "item": pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, len(items), events).astype(np.int32)), items).cast(pa.string()),
        }
    )
    pq.write_table(table, path, row_group_size=1_000_000)


def rows() -> list[cp.Feature]:
    """The 42 features that every side computes."""
    found = [cp.Feature("orders", a, f"{w}d") for w in WINDOWS for a in PER_WINDOW]
    found += [cp.Feature("orders", "trend", f"{w}d") for w in TRENDS]
    found += [cp.Feature("orders", a, "all") for a in ("count", "sum", "active_days")]
    return found + [cp.Feature("orders", a) for a in WHOLE] + [cp.Feature("orders", "last_value", nth=1)]


def ours(path: Path, cutoffs: list[pd.Timestamp]) -> pd.DataFrame:
    tables = cp.EventTables(orders=cp.Events(str(path), customer="user_id", time="ts", value="amount", item="item"))
    past = cp.take_snapshots(tables, cp.Inactivity("90d", active_within="ever"), at=cutoffs)
    return cp.build_features(tables, past, features=rows())


def by_pandas(path: Path, cutoffs: list[pd.Timestamp]) -> pd.DataFrame:
    """The notebook's way: filter and group by once per cutoff and window."""
    events = pd.read_parquet(path).sort_values(["user_id", "ts"], kind="stable")
    events["day"] = events["ts"].dt.floor("D")
    frames = []
    for cutoff in cutoffs:
        past = events[events["ts"] < cutoff]
        groups = past.groupby("user_id", sort=False)
        out = groups["ts"].agg(last="max", first="min")
        out["days_since_last"] = (cutoff - out.pop("last")) / pd.Timedelta(days=1)
        out["days_since_first"] = (cutoff - out.pop("first")) / pd.Timedelta(days=1)
        out[["count_all", "sum_all"]] = groups["amount"].agg(["size", "sum"])
        out["last_value_1"] = groups["amount"].last()
        days = past[["user_id", "day"]].drop_duplicates()
        out["active_days_all"] = days.groupby("user_id", sort=False).size()
        gaps = (days["day"] - days.groupby("user_id", sort=False)["day"].shift()).dt.days
        out[["gap_mean", "gap_sd", "gap_max"]] = gaps.groupby(days["user_id"], sort=False).agg(["mean", "std", "max"])
        for w in sorted({*WINDOWS, *(2 * t for t in TRENDS)}):
            recent = past[past["ts"] >= cutoff - pd.Timedelta(days=w)]
            some = recent.groupby("user_id", sort=False)
            if w in WINDOWS:
                made = some.agg(count=("amount", "size"), sum=("amount", "sum"), mean=("amount", "mean"), max=("amount", "max"))
                made["active_days"] = recent[["user_id", "day"]].drop_duplicates().groupby("user_id", sort=False).size()
                made["distinct"] = recent[["user_id", "item"]].drop_duplicates().groupby("user_id", sort=False).size()
            else:
                made = some.agg(count=("amount", "size"))
            out = out.join(made.add_suffix(f"_{w}d"))
        for w in TRENDS:
            late, both = out[f"count_{w}d"].fillna(0), out[f"count_{2 * w}d"].fillna(0)
            out[f"trend_{w}d"] = (2 * late - both) / both
        frames.append(out.drop(columns=["count_60d"]).astype(np.float32).assign(cutoff=cutoff))
    return pd.concat(frames)


def by_sql(path: Path, cutoffs: list[pd.Timestamp]) -> pa.Table:
    """The best SQL we found: each row's next row of the same day and the same item by LEAD, then one FILTER aggregation per cutoff."""
    import duckdb

    parts = []
    for cutoff in cutoffs:
        at = f"TIMESTAMP '{cutoff}'"
        columns = [f"date_diff('microsecond', max(ts), {at}) / 86400e6 AS r", f"date_diff('microsecond', min(ts), {at}) / 86400e6 AS a"]
        columns += [
            "count(*) AS n",
            "sum(amount) AS s",
            "arg_max(amount, ts) AS last_value",
            f"count(*) FILTER (next_day IS NULL OR next_day >= {at}) AS d",
        ]
        gap = f"FILTER (next_day IS NOT NULL AND next_day < {at})"
        columns += [f"avg(gap) {gap} AS gm", f"stddev_pop(gap) {gap} AS gs", f"max(gap) {gap} AS gx"]
        for w in WINDOWS:
            recent = f"ts >= {at} - INTERVAL {w} DAY"
            columns += [
                f"{f} FILTER ({recent}) AS {n}{w}"
                for f, n in (("count(*)", "c"), ("sum(amount)", "s"), ("avg(amount)", "m"), ("max(amount)", "x"))
            ]
            columns += [
                f"count(*) FILTER ({recent} AND (next_day IS NULL OR next_day >= {at})) AS d{w}",
                f"count(*) FILTER ({recent} AND (next_item IS NULL OR next_item >= {at})) AS i{w}",
            ]
        columns += [f"count(*) FILTER (ts >= {at} - INTERVAL {2 * w} DAY) AS t{w}" for w in TRENDS]
        parts.append(f"SELECT user_id, {at} AS cutoff, {', '.join(columns)} FROM e WHERE ts < {at} GROUP BY user_id")
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        con.execute(
            f"""CREATE TEMP TABLE e AS SELECT user_id, ts, amount,
                  CASE WHEN lead(ts::DATE) OVER own = ts::DATE THEN ts ELSE lead(ts) OVER own END AS next_day,
                  date_diff('day', ts::DATE, lead(ts::DATE) OVER own) AS gap,
                  lead(ts) OVER (PARTITION BY user_id, item ORDER BY ts) AS next_item
                FROM '{path}' WINDOW own AS (PARTITION BY user_id ORDER BY ts)"""
        )
        return con.sql(" UNION ALL ".join(parts)).to_arrow_table()


def one_pass(path: Path, _: list[pd.Timestamp]) -> pa.Table:
    """The floor: one scan of the same columns and one hash aggregation."""
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        query = f"SELECT user_id, count(*), sum(amount), max(ts), max(item) FROM '{path}' GROUP BY user_id"
        return con.sql(query).to_arrow_table()


def report_threads(path: Path, cutoffs: list[pd.Timestamp], counts: list[int]) -> None:
    """The pass over the streams in several threads, by the clock, since their CPU time is the same; reading is not part of it."""
    tables = cp.EventTables(orders=cp.Events(str(path), customer="user_id", time="ts", value="amount", item="item"))
    past = cp.take_snapshots(tables, cp.Inactivity("90d", active_within="ever"), at=cutoffs)
    took = dict.fromkeys(counts, np.inf)
    for n_jobs in counts * 7:
        begin = time.perf_counter()
        cp.build_features(tables, past, features=rows(), n_jobs=n_jobs)
        took[n_jobs] = min(took[n_jobs], time.perf_counter() - begin)
    table = Table(f"build_features by threads, {len(past):,} snapshots, least of 7 by the clock", ["n_jobs", "clock s", "speed-up"])
    for n_jobs, seconds in took.items():
        table.add(str(n_jobs), f"{seconds:.2f}", f"{took[counts[0]] / seconds:.2f}x")
    table.print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--cutoffs", type=int, default=24)
    parser.add_argument("--customers", type=int, help="a hundredth of the events by default")
    parser.add_argument("--peers", action="store_true", help="only Polars and DuckDB, three ways each, on ten features")
    parser.add_argument("--without", nargs="*", default=[], choices=["pandas", "sql"])
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="before anything is pinned to a core; none to leave it out")
    options = parser.parse_args()
    cutoffs = [pd.Timestamp("2024-12-31") - pd.Timedelta(days=30 * k) for k in range(options.cutoffs)][::-1]
    with tempfile.TemporaryDirectory() as folder:
        if options.threads and not options.peers:
            write_events(Path(folder) / "threads.parquet", options.events[0], customers=options.events[0] // 100)
            report_threads(Path(folder) / "threads.parquet", cutoffs, options.threads)
        pin()
        for events in options.events:
            path = Path(folder) / f"{events}.parquet"
            customers = options.customers or events // 100
            write_events(path, events, customers=customers)
            if options.peers:
                from feature_peers import report_peers

                report_peers(path, cutoffs, events)
                path.unlink()
                continue
            if events == options.events[0]:
                _, first = cpu(ours, path, cutoffs[-1:])
                _, second = cpu(ours, path, cutoffs[-1:])
                print(f"first run in a process, imports and compiled code: {first - second:.1f} s CPU more than later ones\n")
            report(path, cutoffs, events, customers, options.without)
            path.unlink()


def report(path: Path, cutoffs: list[pd.Timestamp], events: int, customers: int, without: list[str]) -> None:
    sides: dict[str, tuple[str, Callable[[Path, list[pd.Timestamp]], object], list[pd.Timestamp]]] = {
        "one scan and aggregate, DuckDB": ("<= 6", one_pass, cutoffs),
        "churnpredict, 1 cutoff": ("", ours, cutoffs[-1:]),
        f"churnpredict, {len(cutoffs)} cutoffs": ("", ours, cutoffs),
    }
    if "sql" not in without:
        sides["SQL, LEAD and FILTER, DuckDB"] = (">= 10", by_sql, cutoffs)
    if "pandas" not in without:
        sides["pandas, one pass per cutoff"] = (">= 25", by_pandas, cutoffs)
    took = {}
    for name, (_, side, at) in sides.items():
        rounds = 1 if "pandas" in name or "SQL" in name else 3
        took[name] = min(cpu(side, path, at)[1] for _ in range(rounds))
    many = took[f"churnpredict, {len(cutoffs)} cutoffs"]
    table = Table(f"{events:,} events, {customers:,} customers, {len(rows())} features", ["side", "CPU s", "ratio", "promise"])
    for name, seconds in took.items():
        ratio = many / seconds if "scan" in name or "1 cutoff" in name else seconds / many
        promise = "<= 1.5" if "1 cutoff" in name else sides[name][0]
        table.add(name, f"{seconds:.2f}", "" if name.endswith("cutoffs") else f"{ratio:.2f}x", promise)
    table.print()


if __name__ == "__main__":
    main()
