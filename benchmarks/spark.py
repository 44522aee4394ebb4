"""Spark against one process: the same features of the same log, what the engine costs on top, and what a second core brings.

    python benchmarks/spark.py [--events 1000000] [--customers 200000] [--cutoffs 6] [--giant 0.01] [--plans] [--cores 1 2] [--partitions N]

The log is that of ``benchmarks/size.py``: string ids, an amount and an item, one customer with the share ``--giant`` of all rows. Every row
of the table is a child process that reads it from Parquet, makes the 42 features of ``benchmarks/features.py`` and writes them to Parquet;
``--plans`` runs two cores once more without adaptive execution, ``--cores 2`` leaves out Spark on one core, ``--partitions`` are Spark's
buckets (its own choice: one for 500,000 rows). CPU is user and system time of all processes of the child (Python, Java, Python workers)
after the session has started; spilled are the bytes that Spark moved from memory to disk. Elapsed is the clock on the wall, which only
means something on a machine that does nothing else. Rows and the sum of all features are compared: they must be the same.

    python benchmarks/spark.py --next-day [--events 10000000] [--cutoffs 1] [--cores 2]

compares a run from scratch with one on a kept history inside Spark, a day later: the log is a folder of twelve files, a thousandth of its
rows comes in one new file, and both sides make features of all. The run before, which keeps the history, is shown too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from _measure import Table
from size import GIANT, cutoffs, write_events

CLOCK = os.sysconf("SC_CLK_TCK")
SIDES: dict[str, tuple[Any, ...]] = {
    "one process, one core": (0,),
    "Spark, one core": (1,),
    "Spark, two cores": (2,),
    "Spark, two cores, not adaptive": (2, "false"),
}


def tree_cpu(name: str = "") -> float:
    """CPU seconds of this process and all its descendants, dead ones that were waited for included; ``name``: only of those named so."""
    parents, used, names = {}, {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                names[int(folder.name)], fields = (folder / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            parents[int(folder.name)] = int(fields.split()[1])
            used[int(folder.name)] = sum(map(int, fields.split()[11:15])) / CLOCK
    ours = {os.getpid()}
    while more := {p for p, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return sum(used[p] for p in ours if p in used and name in names[p])


def spilled(session: Any) -> float:
    """Bytes that the stages so far moved from memory to disk, as Spark's own status store counts them."""
    context = session.sparkContext
    nothing = context._gateway.new_array(context._jvm.double, 0)
    stages = context._jsc.sc().statusStore().stageList(None, False, False, nothing, context._jvm.java.util.ArrayList())
    return float(sum(stages.apply(k).memoryBytesSpilled() for k in range(stages.size())))


def local(source: Path, target: Path, n: int) -> dict[str, float]:
    import churnpredict as cp
    from features import rows

    begin, started = tree_cpu(), time.perf_counter()
    declared = cp.Events(str(source), customer="user_id", time="ts", value="amount", money=True, item="item")
    with cp.runs.scan_tables(orders=declared, partitions=8, folder=target.parent) as tables:
        cp.runs.write_features(tables, cp.Inactivity("90d", active_within="ever"), target, at=cutoffs(n), features=rows())
    return {"cpu": tree_cpu() - begin, "elapsed": time.perf_counter() - started}


def start_session(cores: int, settings: dict[str, str]) -> Any:
    """A quiet session on this machine, in UTC, with this Python for its workers."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    quiet = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"}
    session = SparkSession.builder.master(f"local[{cores}]").config(map=quiet | settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def spark(
    source: Path, target: Path, n: int, cores: int, adaptive: str, partitions: int | None, history: str | None = None
) -> dict[str, float]:
    import churnpredict as cp
    from churnpredict.spark import SparkTables, build_features
    from features import rows

    session = start_session(cores, {"spark.driver.memory": "4g", "spark.sql.adaptive.enabled": adaptive})
    begin, java, started = tree_cpu(), tree_cpu("java"), time.perf_counter()
    declared = cp.Events(session.read.parquet(str(source)), customer="user_id", time="ts", value="amount", money=True, item="item")
    with SparkTables(orders=declared, partitions=partitions, keep_history=history) as tables:
        read, read_cpu = time.perf_counter() - started, tree_cpu() - begin
        frame = build_features(tables, cp.Inactivity("90d", active_within="ever"), at=cutoffs(n), features=rows())
        frame.write.parquet(str(target))
    found = {"cpu": tree_cpu() - begin, "java": tree_cpu("java") - java, "elapsed": time.perf_counter() - started, "read": read}
    found["read_cpu"] = read_cpu
    found["spilled"] = spilled(session)
    session.stop()
    return found


def run(source: Path, n: int, partitions: int | None, cores: int, adaptive: str = "true", history: Path | None = None) -> dict[str, float]:
    """One side in a process of its own; ``cores`` is 0 for the library alone."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "features"
        command = [
            sys.executable,
            "-W",
            "ignore",
            __file__,
            "--child",
            str(source),
            str(target),
            "--cutoffs",
            str(n),
            "--cores",
            str(cores),
            "--adaptive",
            adaptive,
            *(["--partitions", str(partitions)] if partitions else []),
            *(["--history", str(history)] if history else []),
        ]
        pinned = {0: {0}, 1: {0}}.get(cores)
        child = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            preexec_fn=None if pinned is None else lambda: os.sched_setaffinity(0, pinned),
        )
        if child.returncode:
            raise SystemExit(child.stderr[-4000:])
        found: dict[str, float] = json.loads(child.stdout.strip().splitlines()[-1])
        table = pq.read_table(target).sort_by([("customer_id", "ascending"), ("cutoff", "ascending")])
        numbers = table.drop_columns(["customer_id", "cutoff"])
        found["rows"] = table.num_rows
        found["bits"] = hash(tuple(numbers.column(c).to_numpy().tobytes() for c in sorted(numbers.column_names)))
        return found


def write_days(source: Path, folder: Path) -> tuple[Path, pa.Table]:
    """Write a log as twelve files, and return their folder and the last thousandth of the rows, which are of the day after."""
    file = pq.ParquetFile(source)
    rows, own = file.metadata.num_rows, folder / "orders"
    own.mkdir()
    last = rows // 1000
    table, begin = file.read(), 0
    for number in range(12):
        end = (rows - last) * (number + 1) // 12
        pq.write_table(table.slice(begin, end - begin), own / f"{number:02d}.parquet", row_group_size=500_000)
        begin = end
    return own, table.slice(rows - last)


def next_day(events: int, customers: int | None, giant: float, n: int, cores: int, partitions: int | None) -> None:
    """Compare a run from scratch with one on a kept history, one day after that was written."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "events.parquet"
        write_events(source, events, customers=customers, giant=giant)
        orders, last = write_days(source, Path(folder))
        source.unlink()
        history = Path(folder) / "history"
        found = {"the day before, keeping a history": run(orders, n, partitions, cores, history=history)}
        pq.write_table(last, orders / "12.parquet")
        found["kept"] = run(orders, n, partitions, cores, history=history)
        found["from scratch"] = run(orders, n, partitions, cores)
        size = sum(f.stat().st_size for f in history.rglob("*") if f.is_file())
    table = Table(
        f"{events:,} events, {len(last):,} of them new, {n} cutoffs, 42 features, Spark on {cores} cores",
        ["", "reading, CPU s", "whole, CPU s", "of it Java", "elapsed s", "from scratch / it"],
    )
    for name, f in found.items():
        ratio = found["from scratch"]["cpu"] / f["cpu"]
        table.add(name, f"{f['read_cpu']:.1f}", f"{f['cpu']:.1f}", f"{f['java']:.1f}", f"{f['elapsed']:.1f}", f"{ratio:.2f}")
    table.print()
    ratio = found["from scratch"]["read_cpu"] / found["kept"]["read_cpu"]
    print(f"  reading takes {ratio:.2f} times the CPU from scratch; the history has {size / 1e6:,.0f} MB")
    same = all(found["kept"][what] == found["from scratch"][what] for what in ("rows", "bits"))
    print(f"  {found['kept']['rows']:,.0f} rows of features, {'equal to the last bit' if same else 'DIFFERENT'}")
    if not same:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--cutoffs", type=int, default=6)
    parser.add_argument("--customers", type=int, help="default: one for 100 events")
    parser.add_argument("--giant", type=float, default=GIANT, help="share of all rows that one customer has")
    parser.add_argument("--plans", action="store_true", help="two cores once more, without adaptive execution")
    parser.add_argument("--partitions", type=int, help="buckets of Spark; default: one for 500,000 rows")
    parser.add_argument("--adaptive", default="true", help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="sides of Spark to run, by their cores")
    parser.add_argument("--next-day", action="store_true", help="a kept history inside Spark against a run from scratch, a day later")
    parser.add_argument("--history", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        source, target = given.child
        (cores,) = given.cores
        how = (source, target, given.cutoffs)
        found = spark(*how, cores, given.adaptive, given.partitions, given.history) if cores else local(*how)
        print(json.dumps(found))
        return
    if given.next_day:
        next_day(given.events, given.customers, given.giant, given.cutoffs, max(given.cores), given.partitions)
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "events.parquet"
        write_events(source, given.events, customers=given.customers, giant=given.giant)
        wanted = {name: how for name, how in SIDES.items() if how[0] in (0, *given.cores) and (given.plans or len(how) == 1)}
        found = {}
        for name, how in wanted.items():
            found[name] = run(source, given.cutoffs, given.partitions, *how)
            print(f"  {name}: {found[name]['cpu']:.0f} s of CPU", flush=True)
    table = Table(
        f"{given.events:,} events, one customer with {given.giant:.0%}, {given.cutoffs} cutoffs, 42 features, Parquet to Parquet",
        ["", "CPU s", "of it Java", "elapsed s", "CPU / one process", "events per CPU s", "spilled GB"],
    )
    alone = found["one process, one core"]
    for name, f in found.items():
        java, spill = (f"{f['java']:.1f}", f"{f['spilled'] / 1e9:.2f}") if "java" in f else ("", "")
        rate = f"{given.events / f['cpu']:,.0f}"
        table.add(name, f"{f['cpu']:.1f}", java, f"{f['elapsed']:.1f}", f"{f['cpu'] / alone['cpu']:.2f}", rate, spill)
    table.print()
    if {1, 2} <= set(given.cores):
        print(f"  second core: {found['Spark, one core']['elapsed'] / found['Spark, two cores']['elapsed']:.2f} times as fast on the clock")
    same = len({(f["rows"], f["bits"]) for f in found.values()}) == 1
    print(f"  {alone['rows']:,.0f} rows of features, {'equal to the last bit on all sides' if same else 'DIFFERENT'}")
    if not same:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
