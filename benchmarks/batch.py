"""Scoring and explaining everybody from files, against the bare sum of what nobody could leave out.

    taskset -c 1 python benchmarks/batch.py [--customers 1000000] [--events 50000000] [--memory 4GiB] [--detail words]

The log has string ids, an amount and an item, and one customer with 1 % of all rows; a model is trained on another, small log with the
whole catalog and the default classifier. Then a process of its own does what ``churnpredict score --output FOLDER`` does: read, cut into
partitions, make features, score, explain, write, rank, write again. Its peak is ``ru_maxrss``, its cost CPU time (user and system, all
threads), and where that goes is measured around the functions that do it. The other side: one scan of the same file in DuckDB,
``Booster.predict`` and ``pred_contrib`` of every booster for as many rows; the last two are measured on some rows and scaled, since
``pred_contrib`` takes a millisecond a row.

With ``--next-day`` the log is a folder of files, and the other side is the same job with a kept history (``--keep-history``): what the
first run costs, and the next one, for which a file with a thousandth of the rows has come, then others with more, against runs from scratch
on the same files. The cutoff is the end of the last day that has come, so it moves as well. The scores of both sides must be equal.
Features alone, without a model, are compared in the same way.
``--same-codes`` prints how much of what the trees see is the same a day later.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from _measure import Table, pin
from size import cutoffs, write_events

ROOM = 4 << 30
SAMPLE = 5_000
TRAINED_ON = 4_000  # customers


def declared(source: Path) -> dict[str, Any]:
    import churnpredict as cp

    return {"orders": cp.Events(str(source), customer="user_id", time="ts", value="amount", money=True, item="item")}


def train(source: Path, model: Path) -> None:
    import churnpredict as cp

    tables = cp.EventTables(**declared(source))
    churn = cp.Inactivity("90d", active_within="365d")
    cp.ChurnPipeline(churn, every="90d", most_cutoffs=6, n_jobs=1, raise_on=None).fit(tables, until=cutoffs(1)[0]).save(model)


class Stages:
    """CPU seconds inside functions; what one of them spends inside another counts only there."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self.within: list[str] = []
        self.last = time.process_time()

    def switch(self) -> None:
        now = time.process_time()
        self.spent[self.within[-1] if self.within else "the rest"] += now - self.last
        self.last = now

    def watch(self, home: Any, name: str, stage: str) -> None:
        work = getattr(home, name)

        def watched(*given: Any, **options: Any) -> Any:
            self.switch()
            self.within.append(stage)
            try:
                return work(*given, **options)
            finally:
                self.switch()
                self.within.pop()

        setattr(home, name, watched)


def child(source: Path, model: Path, target: Path, memory: str, detail: str, at: str, history: str = "") -> None:
    """What is measured: all that a job of its own does, imports included; with a kept history in a folder, if one is given."""
    stages = Stages()
    pin()
    import pyarrow.parquet as pq

    import churnpredict as cp
    from churnpredict.events.history import kept_tables
    from churnpredict.explanation import attribution
    from churnpredict.model.classifier import ChurnClassifier
    from churnpredict.pipeline import churn_pipeline as pipeline
    from churnpredict.pipeline import scoring, valuing
    from churnpredict.score_runs import batch

    stages.watch(cp.events.partitions, "scan_tables", "reading and sorting")
    stages.watch(kept_tables, "open_history", "reading and merging")
    stages.watch(kept_tables.KeptTables, "partition", "loading partitions")
    stages.watch(kept_tables.KeptTables, "digest", "digests")
    stages.watch(cp.events.partitions.PartitionedTables, "partition", "loading partitions")
    stages.watch(cp.events.partitions.PartitionedTables, "digest", "digests")
    stages.watch(batch, "build_rows", "features")
    stages.watch(valuing, "value_over_horizon", "value")
    stages.watch(ChurnClassifier, "encode", "risk")
    stages.watch(ChurnClassifier, "parts_of_encoded", "risk")
    stages.watch(attribution, "explain", "reasons (SHAP)")
    stages.watch(attribution.Explanation, "words", "reasons in words")
    stages.watch(scoring, "score_columns", "table")
    stages.watch(batch, "part_table", "table")
    stages.watch(pq, "ParquetWriter", "writing")
    stages.watch(batch, "write_blocks", "writing")
    stages.watch(batch, "_write_staged", "writing")
    assert pipeline.ChurnPipeline  # the roof, whose methods find the watched functions
    loaded = cp.load(model)
    seen: list[Any] = []
    run = batch.score_into(
        loaded,
        lambda folder: (
            kept_tables.open_history(history, memory=memory, **declared(source))
            if history
            else cp.events.partitions.scan_tables(folder=folder, memory=memory, **declared(source))
        ),
        target,
        at=at,
        detail=detail,
        log=seen.append,
    )
    stages.switch()
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "cpu": used.ru_utime + used.ru_stime,
        "scored": run.rows,
        "bytes": sum(part.bytes for part in run.parts),
        "partitions": seen[0]["partitions"],
        "features": len(loaded.features_),
        "read": seen[0].get("read", {}).get("orders", "all"),
        "stages": dict(stages.spent),
    }
    print(json.dumps(found))


def features_child(source: Path, target: Path, memory: str, at: str, history: str) -> None:
    """Features of everybody at risk at the next cutoff to Parquet: reading and writing included."""
    pin()
    import churnpredict as cp
    from churnpredict.events.history import kept_tables

    tables = (
        kept_tables.open_history(history, memory=memory, **declared(source))
        if history
        else cp.runs.scan_tables(folder=target.parent, memory=memory, **declared(source))
    )
    with tables:
        cp.runs.write_features(tables, cp.Inactivity("90d", active_within="365d"), target, at=at)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)}))


def bare(source: Path, model: Path, rows: int) -> dict[str, float]:
    """CPU seconds of one scan, and of predicting and explaining so many rows with LightGBM alone."""
    pin()
    import duckdb

    import churnpredict as cp

    begin = time.process_time()
    with duckdb.connect() as connection:
        connection.execute("SET threads=1; SET memory_limit='1GB'; SET preserve_insertion_order=false")
        for _ in connection.sql(f"SELECT user_id, ts, amount, item FROM '{source}'").to_arrow_reader(1 << 19):
            pass
    scan = time.process_time() - begin
    pipeline = cp.load(model)
    X = pd.read_pickle(source.with_suffix(".sample"))
    A = pipeline.model_.encode(X)
    boosters = [m.booster for m in pipeline.model_.members_ if hasattr(m, "booster")]
    spent = {}
    for name, option in (("Booster.predict", {"raw_score": True}), ("pred_contrib", {"pred_contrib": True})):
        begin = time.process_time()
        for booster in boosters:
            booster.predict(A, num_threads=1, **option)
        spent[name] = (time.process_time() - begin) * rows / len(A)
    return {"DuckDB scan": scan, **spent, "boosters": len(boosters), "trees": sum(b.num_trees() for b in boosters)}


def sample(source: Path, model: Path) -> None:
    """Rows to measure LightGBM on: features of the first customers."""
    import churnpredict as cp

    pipeline = cp.load(model)
    tables = cp.EventTables(**declared(source))
    pipeline.features_at(tables, cutoffs(1)[0]).iloc[:SAMPLE].to_pickle(source.with_suffix(".sample"))


def in_child(*arguments: object) -> dict[str, Any]:
    code = Path(importlib.util.find_spec("churnpredict").origin).parents[1]  # type: ignore[union-attr, arg-type]  # the same as here
    env = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONPATH": str(code)}
    command = [sys.executable, __file__, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parent, env=env)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--events", type=int, help="50 a customer by default")
    parser.add_argument("--memory", default="4GiB")
    parser.add_argument("--detail", choices=("words", "drivers"), nargs="+", default=["drivers", "words"])
    parser.add_argument("--next-day", action="store_true", help="a kept history against runs from scratch")
    parser.add_argument("--days", type=int, nargs="+", default=[1, 4, 16], help="thousandths of the rows that come at a time")
    parser.add_argument("--what", choices=("features", "run"), nargs="+", default=["features", "run"], help="of the next day")
    parser.add_argument("--same-codes", action="store_true", help="how many rows have the same codes at the next day's cutoff")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--features", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--bare", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(*map(Path, given.child[:3]), *given.child[3:])
        return
    if given.features:
        features_child(*map(Path, given.features[:2]), *given.features[2:])
        return
    if given.bare:
        print(json.dumps(bare(Path(given.bare[0]), Path(given.bare[1]), int(given.bare[2]))))
        return
    events = given.events or 50 * given.customers
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        small, source, model = home / "small.parquet", home / "log.parquet", home / "churn.model"
        write_events(small, 50 * TRAINED_ON, customers=TRAINED_ON)
        train(small, model)
        sample(small, model)
        small.with_suffix(".sample").rename(source.with_suffix(".sample"))
        if given.next_day:
            sys.exit(not next_day(home, model, events, given))
        write_events(source, events, seed=1, customers=given.customers)
        if given.same_codes:
            same_codes(source, model)
            return
        for detail in given.detail:
            found = in_child("--child", source, model, home / detail, given.memory, detail, cutoffs(1)[0])
            other = in_child("--bare", source, model, found["scored"])
            kept &= tell(found, other, events, given, detail)
    sys.exit(not kept)


def same_codes(source: Path, model: Path) -> None:
    """Print the share of customers, and of their codes, that are the same at two cutoffs a day apart."""
    import churnpredict as cp
    from churnpredict.model.codes import codes_of
    from churnpredict.model.joined_trees import join_trees
    from churnpredict.model.trees import read_trees

    pipeline, tables, last = cp.load(model), cp.EventTables(**declared(source)), pd.Timestamp(end_of(source))
    frames = [pipeline.features_at(tables, at) for at in (last - pd.Timedelta(days=1), last)]
    both = frames[0].index.droplevel("cutoff").intersection(frames[1].index.droplevel("cutoff"))
    rows = [pipeline.model_.encode(frame.loc[frame.index.isin(both, level="customer_id")]) for frame in frames]
    trees = [read_trees(m.booster) for m in pipeline.model_.members_ if hasattr(m, "booster")]
    table = Table(f"{len(both):,} customers a day later", ["trees of", "thresholds", "same codes", "customers with all codes the same"])
    for name, model_ in (("all boosters", join_trees(trees)), ("the first", trees[0])):
        codes = codes_of(model_)
        same = codes.encode(rows[0]) == codes.encode(rows[1])
        table.add(name, f"{len(codes.edges):,}", f"{same.mean():.1%}", f"{same.all(axis=0).mean():.1%}")
    table.print()


def next_day(home: Path, model: Path, events: int, given: Any) -> bool:
    """Write the log as files, let them come one after the other, and compare every run with one from scratch."""
    import churnpredict as cp

    folder, later = home / "log", home / "later"
    folder.mkdir()
    later.mkdir()
    days = write_days(folder, later, events, given)
    detail, memory, sides = given.detail[0], given.memory, []
    at = end_of(folder)
    first = in_child("--child", folder, model, home / "kept", memory, detail, at, home / "history") if "run" in given.what else None
    if "features" in given.what:
        in_child("--features", folder, home / "features-0", memory, at, home / "history-of-features")
    told = f"the next day: {given.customers:,} customers, {events:,} events kept"
    if first:
        size = sum(file.stat().st_size for file in (home / "history").rglob("*") if file.is_file())
        told += f" ({size / 1e6:,.0f} MB), {first['features']} features, detail={detail!r}, {first['partitions']} partitions; "
        told += f"the first run with a kept history takes {first['cpu']:.1f} CPU s"
    table = Table(told, ["new rows", "what", "from scratch, CPU s", "kept, CPU s", "ratio", "without the start", "peak, GiB"])
    peak, same, starts = 0, True, start_of(home, model, memory, detail, given)
    for number, (file, rows) in enumerate(days, 1):
        file.rename(folder / file.name)
        at = end_of(folder)
        pairs = {}
        if "features" in given.what:
            own = in_child("--features", folder, home / f"features-{number}", memory, at, home / "history-of-features")
            pairs["features"] = own, in_child("--features", folder, home / f"features-{number}s", memory, at, "")
        if "run" in given.what:
            kept = in_child("--child", folder, model, home / "kept", memory, detail, at, home / "history")
            pairs["whole run"] = kept, in_child("--child", folder, model, home / "scratch", memory, detail, at)
            same &= cp.runs.read_scores(home / "kept").equals(cp.runs.read_scores(home / "scratch"))
            sides.append(pairs["whole run"])
        for what, (ours, theirs) in pairs.items():
            ratio = f"{theirs['cpu'] / ours['cpu']:.1f}"
            less = f"{(theirs['cpu'] - starts[what]) / (ours['cpu'] - starts[what]):.1f}"
            table.add(f"{rows:,}", what, f"{theirs['cpu']:.1f}", f"{ours['cpu']:.1f}", ratio, less, f"{ours['peak'] / (1 << 30):.2f}")
            peak = max(peak, ours["peak"])
    table.print()
    print("start of a process, the same work on 5,000 events: " + ", ".join(f"{what} {s:.2f} CPU s" for what, s in starts.items()) + "\n")
    if not sides:
        return same
    kept, scratch = sides[0]
    stages = Table("where each second goes, first of these days", ["stage", "from scratch, CPU s", "kept, CPU s"])
    for stage in sorted(scratch["stages"] | kept["stages"], key=lambda name: -scratch["stages"].get(name, 0)):
        stages.add(stage, *(f"{side['stages'].get(stage, 0):.2f}" for side in (scratch, kept)))
    stages.print()
    print(f"read: {kept['read']}; scores {'equal to the last bit' if same else 'DIFFER'}; peak {peak / (1 << 30):.2f} GiB\n")
    return same


def end_of(source: Path) -> str:
    """The end of the last day in a log: the cutoff of its next run."""
    import pyarrow.parquet as pq

    files = sorted(source.glob("*.parquet"))[-1:] if source.is_dir() else [source]
    last = max(pq.read_table(file, columns=["ts"])["ts"].to_numpy().max() for file in files)
    return str(pd.Timestamp(last).floor("1D"))


def start_of(home: Path, model: Path, memory: str, detail: str, given: Any) -> dict[str, float]:
    """What starting a process costs: imports, compiled code and the model, by the same work on a log of a hundred customers."""
    tiny = home / "tiny.parquet"
    write_events(tiny, 5_000, customers=100)
    found, at = {}, end_of(tiny)
    if "features" in given.what:
        found["features"] = min(in_child("--features", tiny, home / f"tiny-{i}", memory, at, "")["cpu"] for i in range(2))
    if "run" in given.what:
        found["whole run"] = min(in_child("--child", tiny, model, home / f"tiny-run-{i}", memory, detail, at)["cpu"] for i in range(2))
    return found


def write_days(folder: Path, later: Path, events: int, given: Any) -> list[tuple[Path, int]]:
    """Write most of a log as files of about a month, and its last rows as files that come later; return these."""
    import pyarrow.parquet as pq

    whole = folder.parent / "whole.parquet"
    sizes = [max(1, events * day // 1000) for day in given.days]
    write_events(whole, events + sum(sizes), seed=1, customers=given.customers)
    ends = [events * i // 36 for i in range(1, 37)]
    ends += [events + sum(sizes[: i + 1]) for i in range(len(sizes))]
    writers: dict[int, Any] = {}
    place, at = 0, 0
    for rows in pq.ParquetFile(whole).iter_batches(500_000):
        batch = rows
        while batch.num_rows:
            if place not in writers:
                writers[place] = pq.ParquetWriter((folder if place < 36 else later) / f"{place:03d}.parquet", batch.schema)
            n = min(batch.num_rows, ends[place] - at)
            writers[place].write_batch(batch.slice(0, n))
            batch, at = batch.slice(n), at + n
            place += at == ends[place]
    for writer in writers.values():
        writer.close()
    whole.unlink()
    return [(later / f"{36 + i:03d}.parquet", n) for i, n in enumerate(sizes)]


def tell(found: dict[str, Any], other: dict[str, float], events: int, given: Any, detail: str) -> bool:
    table = Table(
        f"{given.customers:,} customers, {events:,} events, {found['scored']:,} at risk, {found['features']} features, "
        f"{other['trees']:.0f} trees, detail={detail!r}, {found['partitions']} partitions",
        ["stage", "CPU s", "share"],
    )
    for stage, spent in sorted(found["stages"].items(), key=lambda item: -item[1]):
        table.add(stage, f"{spent:.1f}", f"{spent / found['cpu']:.0%}")
    table.add("all", f"{found['cpu']:.1f}", f"{events / found['cpu']:,.0f} events/s, {found['scored'] / found['cpu']:,.0f} customers/s")
    table.print()
    bare_sum = other["DuckDB scan"] + other["Booster.predict"] + other["pred_contrib"]
    table = Table("against the bare sum", ["side", "CPU s", "ratio"])
    for name in ("DuckDB scan", "Booster.predict", "pred_contrib"):
        table.add(name, f"{other[name]:.1f}", "")
    table.add("bare sum", f"{bare_sum:.1f}", "1")
    table.add("churnpredict, everything", f"{found['cpu']:.1f}", f"{found['cpu'] / bare_sum:.2f}")
    table.print()
    kept = found["peak"] <= ROOM
    peak = f"peak {found['peak'] / (1 << 30):.2f} GiB of {ROOM >> 30} GiB promised: {'kept' if kept else 'BROKEN'}"
    print(f"{peak}; wrote {found['bytes']:,} bytes\n")
    return kept


if __name__ == "__main__":
    main()
