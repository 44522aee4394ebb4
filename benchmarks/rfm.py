"""RFM summary and the same aggregates as deep feature synthesis, against the libraries that people use for them.

    python benchmarks/rfm.py [--rows 5000000] [--events 1000000]

pymc-marketing and featuretools want other versions of pandas than this library: each runs in a virtual environment of its own, made in the
cache folder on first use. Both sides read the same Parquet file; CPU seconds of the work itself, one pinned core, without imports.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from features import write_events

CACHE = Path.home() / ".cache" / "churnpredict-benchmarks"
PYMC = """
import sys, time, json, pandas as pd
from pymc_marketing.clv import utils
path, at, out = sys.argv[1:]
begin = time.process_time()
orders = pd.read_parquet(path, columns=["user_id", "ts", "amount"])
orders = orders[orders["ts"] < pd.Timestamp(at)]
made = utils.rfm_summary(orders, "user_id", "ts", monetary_value_col="amount",
                         observation_period_end=pd.Timestamp(at) - pd.Timedelta("1us"))
seconds = time.process_time() - begin
made.to_parquet(out)
print(json.dumps(seconds))
"""
FEATURETOOLS = """
import sys, time, json, warnings, pandas as pd, featuretools as ft
warnings.simplefilter("ignore")
path, cutoffs, out = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
begin = time.process_time()
orders = pd.read_parquet(path, columns=["user_id", "ts", "amount", "item"]).reset_index(names="order_id")
es = ft.EntitySet("shop")
es = es.add_dataframe(dataframe_name="orders", dataframe=orders, index="order_id", time_index="ts",
                      logical_types={"item": "Categorical", "user_id": "Categorical"})
es = es.normalize_dataframe("orders", "customers", "user_id", make_time_index=False)
pairs = [sorted(orders["user_id"].unique()), pd.to_datetime(cutoffs)]
times = pd.MultiIndex.from_product(pairs, names=["user_id", "time"]).to_frame(index=False)
made, _ = ft.dfs(entityset=es, target_dataframe_name="customers", cutoff_time=times, cutoff_time_in_index=True,
                 agg_primitives=["count", "sum", "mean", "max", "num_unique", "time_since_last", "time_since_first"],
                 trans_primitives=[], approximate=None, n_jobs=1)
seconds = time.process_time() - begin
made.reset_index().to_parquet(out)
print(json.dumps(seconds))
"""


def environment(name: str, *packages: str) -> Path:
    """The Python of a virtual environment with these packages."""
    python = CACHE / name / "bin" / "python"
    if not python.exists():
        print(f"making the environment of {name} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / name)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def other_side(python: Path, script: str, *arguments: str) -> float:
    run = subprocess.run(["taskset", "-c", "0", str(python), "-c", script, *arguments], check=True, capture_output=True, text=True)
    return float(json.loads(run.stdout.strip().splitlines()[-1]))


def rfm(folder: Path, rows: int) -> None:
    """RFM summary at one cutoff."""
    path, theirs_path, at = folder / "orders.parquet", folder / "theirs.parquet", "2024-10-01"
    write_events(path, rows, customers=rows // 50)

    def ours() -> pd.DataFrame:
        tables = cp.EventTables(orders=cp.Events(str(path), customer="user_id", time="ts", value="amount"))
        return cp.diagnostics.rfm_summary(tables, at)

    ours()
    made, mine = min((cpu(ours) for _ in range(3)), key=lambda run: run[1])
    theirs = other_side(environment("pymc", "pymc-marketing", "pyarrow"), PYMC, str(path), at, str(theirs_path))
    expected = pd.read_parquet(theirs_path).set_index("customer_id").sort_index()
    pairs = {"frequency": "repeat_days", "recency": "days_first_to_last", "T": "days_since_first", "monetary_value": "mean_repeat_value"}
    worst = max(float(np.abs(expected[a].to_numpy() - made[b].to_numpy()).max()) for a, b in pairs.items())
    table = Table(f"RFM summary at one cutoff, {rows:,} rows, {len(made):,} customers", ["side", "CPU s", "ratio", "promise"])
    table.add("churnpredict, reading included", f"{mine:.2f}", "", "")
    table.add("pymc-marketing rfm_summary", f"{theirs:.2f}", f"{theirs / mine:.1f}x", ">= 8")
    table.print()
    print(f"largest difference of any value: {worst:.2g}\n")


def synthesis(folder: Path, events: int) -> None:
    """The aggregates that featuretools makes by default, at six cutoffs."""
    path, theirs_path = folder / "events.parquet", folder / "features.parquet"
    write_events(path, events, customers=events // 100)
    cutoffs = [str(pd.Timestamp("2024-12-31") - pd.Timedelta(days=30 * k)) for k in range(6)][::-1]
    features = [cp.Feature("orders", a, "all") for a in ("count", "sum", "mean", "max", "distinct")]
    features += [cp.Feature("orders", a) for a in ("days_since_last", "days_since_first")]

    def ours() -> pd.DataFrame:
        tables = cp.EventTables(orders=cp.Events(str(path), customer="user_id", time="ts", value="amount", item="item"))
        past = cp.take_snapshots(tables, cp.Inactivity("90d", active_within="ever"), at=cutoffs)
        return cp.build_features(tables, past, features=features)

    ours()
    made, mine = min((cpu(ours) for _ in range(3)), key=lambda run: run[1])
    theirs = other_side(
        environment("featuretools", "featuretools", "pandas<3", "pyarrow"), FEATURETOOLS, str(path), json.dumps(cutoffs), str(theirs_path)
    )
    expected = pd.read_parquet(theirs_path)
    table = Table(f"{len(features)} aggregates, 6 cutoffs, {events:,} events", ["side", "CPU s", "ratio", "promise"])
    table.add("churnpredict, reading included", f"{mine:.2f}", "", "")
    table.add("featuretools DFS", f"{theirs:.2f}", f"{theirs / mine:.0f}x", ">= 100")
    table.print()
    both = expected.set_index(["user_id", "time"]).sort_index()["SUM(orders.amount)"].reindex(made.index)
    print(f"largest relative difference of the sums: {float((both / made['value__orders_sum_all'] - 1).abs().max()):.2g}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    options = parser.parse_args()
    pin()
    with tempfile.TemporaryDirectory() as folder:
        rfm(Path(folder), options.rows)
        synthesis(Path(folder), options.events)


if __name__ == "__main__":
    main()
