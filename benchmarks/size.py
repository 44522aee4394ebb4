"""Features of more events than fit into memory: peak memory of a child process, and how its cost grows with events and cutoffs.

    python benchmarks/size.py [--quick] [--events 1000000 10000000 100000000] [--memory 2GiB] [--plot docs/images/cost.png]

The log has string ids, an amount and an item, 100 events a customer, and one customer with 1 % of all rows; it is generated in chunks. Each
row of the tables is a child process of its own that reads the log from Parquet, makes the 42 features of ``benchmarks/features.py`` and
writes them to Parquet: its peak is ``ru_maxrss``, its cost CPU time (user and system, all threads).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from _measure import Table

CHUNK = 2_000_000
GIANT = 0.01  # of all rows are one customer's
YEARS = 3
PER_CUSTOMER = 100
ROOM = 2 << 30


def write_events(path: Path, events: int, seed: int = 0, customers: int | None = None, giant: float = GIANT) -> None:
    """A log of three years in time order, written in chunks; one customer has the share ``giant`` of all rows."""
    rng = np.random.default_rng(seed)
    customers = customers or max(2, events // PER_CUSTOMER)
    heavy = np.cumsum(rng.gamma(1.0, 1.0, customers))
    heavy /= heavy[-1]
    ids = pa.array([f"customer-{i:08d}" for i in range(customers)])
    items = pa.array([f"item-{i:04d}" for i in range(2_000)])
    start, length = pd.Timestamp("2022-01-01").value // 1000, YEARS * 365 * 86_400 * 1_000_000
    writer = None
    for first in range(0, events, CHUNK):
        n = min(CHUNK, events - first)
        who = np.searchsorted(heavy, rng.random(n)).astype(np.int32)
        who[rng.random(n) < giant] = 0
        when = start + length * first // events + np.sort(rng.integers(0, length * n // events, n))
        table = pa.table(
            {
                "user_id": ids.take(pa.array(who)),
                "ts": pa.array(when, pa.timestamp("us")),
                "amount": np.round(rng.gamma(2.0, 20.0, n), 2),
                "item": items.take(pa.array(rng.integers(0, len(items), n))),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=500_000)
    if writer is not None:
        writer.close()


def cutoffs(n: int) -> list[pd.Timestamp]:
    last = pd.Timestamp("2022-01-01") + pd.Timedelta(days=YEARS * 365 - 90)
    return [last - pd.Timedelta(days=15 * i) for i in range(n)]


def child(source: Path, target: Path, n: int, memory: str) -> None:
    """What is measured: everything that a job of its own does, imports included."""
    import churnpredict as cp
    from features import rows

    begin = time.perf_counter()
    declared = cp.Events(str(source), customer="user_id", time="ts", value="amount", item="item")
    with cp.runs.scan_tables(orders=declared, memory=memory, folder=target.parent) as tables:
        read = time.process_time()
        cp.runs.write_features(tables, cp.Inactivity("90d", active_within="ever"), target, at=cutoffs(n), features=rows())
        parts = tables.n_partitions
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                "cpu": used.ru_utime + used.ru_stime,
                "read": read,
                "clock": time.perf_counter() - begin,
                "partitions": parts,
                "snapshots": sum(pq.ParquetFile(f).metadata.num_rows for f in target.glob("*.parquet")),
                "bytes": sum(f.stat().st_size for f in target.glob("*.parquet")),
            }
        )
    )


def measure(source: Path, n: int, memory: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        command = [sys.executable, __file__, "--child", str(source), str(Path(folder) / "features"), str(n), memory]
        env = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parent, env=env)
    return json.loads(done.stdout.splitlines()[-1])


def line(table: Table, head: str, found: dict[str, float], base: float) -> None:
    table.add(
        head,
        f"{found['peak'] / (1 << 30):.2f} GiB",
        f"{found['cpu']:.1f}",
        f"{found['read']:.1f}",
        f"{found['cpu'] / base:.2f}",
        f"{found['snapshots']:,}",
        f"{found['partitions']}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--cutoffs", type=int, nargs="+", default=[1, 12, 24])
    parser.add_argument("--memory", default="2GiB")
    parser.add_argument("--quick", action="store_true", help="200 thousand and 2 million events only")
    parser.add_argument("--plot", type=Path, help="write both curves to this picture")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(Path(given.child[0]), Path(given.child[1]), int(given.child[2]), given.child[3])
        return
    sizes = [200_000, 2_000_000] if given.quick else sorted(given.events)
    middle = sizes[len(sizes) // 2]
    head = ["peak memory", "CPU s", "of these reading", "ratio", "snapshots", "partitions"]
    by_events = Table(
        f"12 cutoffs, 42 features, to Parquet, memory={given.memory!r}; ratio: CPU per event, first row = 1", ["events", *head]
    )
    by_cutoffs = Table(f"{middle:,} events; ratio: CPU, first row = 1", ["cutoffs", *head])
    curves: dict[str, list[tuple[int, float]]] = {"events": [], "cutoffs": []}
    peak = 0.0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "warm.parquet"
        write_events(source, 20_000)
        first = measure(source, 2, given.memory)
        again = measure(source, 2, given.memory)
        print(f"first run (kernels compiled unless cached) {first['cpu']:.1f} CPU s, second {again['cpu']:.1f}: fixed cost of every row\n")
        for n in sizes:
            source = Path(folder) / f"{n}.parquet"
            write_events(source, n)
            found = measure(source, 12, given.memory)
            curves["events"].append((n, found["cpu"] - again["cpu"]))
            line(by_events, f"{n:,}", found, curves["events"][0][1] / sizes[0] * n + again["cpu"])
            peak = max(peak, found["peak"])
            if n == middle:
                for k in given.cutoffs:
                    found = measure(source, k, given.memory)
                    curves["cutoffs"].append((k, found["cpu"] - again["cpu"]))
                    line(by_cutoffs, str(k), found, curves["cutoffs"][0][1] + again["cpu"])
            source.unlink()
            by_events.print()
    by_cutoffs.print()
    print(f"peak {peak / (1 << 30):.2f} GiB of {ROOM / (1 << 30):.0f} GiB promised: {'kept' if peak <= ROOM else 'BROKEN'}")
    if given.plot:
        plot(curves, middle, given.plot)
    if peak > ROOM:
        sys.exit(1)


def plot(curves: dict[str, list[tuple[int, float]]], middle: int, path: Path) -> None:
    """Both curves, start-up costs left out, beside what strict proportion and strict flatness would be."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    titles = {"events": "12 cutoffs: linear in the events", "cutoffs": f"{middle:,} events: nearly flat in the cutoffs"}
    for axis, (name, points) in zip(axes, curves.items(), strict=True):
        (x, y), scale = zip(*points, strict=True), 1e6 if name == "events" else 1
        axis.plot(
            [0, x[-1] / scale],
            [0, y[-1]] if name == "events" else [y[0]] * 2,
            color="0.8",
            label="proportional" if name == "events" else "flat",
        )
        axis.plot([v / scale for v in x], y, marker="o", label="measured")
        axis.set(title=titles[name], xlabel="million events" if name == "events" else name, ylabel="CPU s", ylim=(0, 1.15 * max(y)), xlim=0)
        axis.legend(frameon=False, loc="lower right")
        axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
