"""Spark and one process on a real log: features, outcomes, model, scores and drivers, compared bit by bit.

    python benchmarks/spark_equal.py [FILE --customer COLUMN --time COLUMN [--value COLUMN]]

Without a file, cdnow from ``../shared/data`` beside the checkout (or CHURNPREDICT_DATA), which is no part of the project; the simulated
business is compared in ``tests/spark/test_jobs.py``. Inactivity of 91 days, three cutoffs a quarter apart, local session of one core.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp

DATA = Path(os.environ.get("CHURNPREDICT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def parted(left: pd.DataFrame, right: pd.DataFrame) -> int:
    """Cells that are not the same to the last bit; all of them where rows or columns differ."""
    if list(left.columns) != list(right.columns) or not left.index.equals(right.index):
        return max(left.size, right.size)
    return sum(_parted(left[name], right[name]) for name in left)


def _parted(a: pd.Series, b: pd.Series) -> int:
    if not pd.api.types.is_float_dtype(a):
        there = a.notna() & b.notna()  # a missing text is None here and NaN there
        return int((a.isna() != b.isna()).sum()) + int((a[there].astype(str).to_numpy() != b[there].astype(str).to_numpy()).sum())
    if a.dtype != b.dtype:
        return len(a)
    bits = np.dtype(f"u{a.dtype.itemsize}")
    return int((a.to_numpy().view(bits) != b.to_numpy().view(bits)).sum())


def compare(path: Path, customer: str, time: str, value: str | None) -> int:
    """Print each comparison; how many have failed."""
    from churnpredict import spark
    from spark import start_session

    session = start_session(1, {"spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "2"})
    columns = {"customer": customer, "time": time, "value": value}
    local = cp.EventTables(orders=cp.Events(str(path), **columns))
    churn = cp.Inactivity("91d", of="orders", active_within="182d")
    pipeline = cp.ChurnPipeline(churn, every="30d", n_jobs=1)
    trained = pipeline.copy().fit(local)
    end = pd.Timestamp(local.observed_until("orders"), unit="us")
    at = [end - pd.Timedelta(days=91 * back) for back in (3, 2, 1)]
    past = cp.take_snapshots(local, churn, at=at)
    failed = 0

    def told(what: str, left: pd.DataFrame, right: pd.DataFrame) -> None:
        nonlocal failed
        n = parted(left, right)
        failed += n > 0
        print(
            f"  {what:<12}{len(left):>8,} rows x {left.shape[1]:>3}  {'equal to the last bit' if not n else f'{n:,} cells DIFFER'}",
            flush=True,
        )

    keys = ["customer_id", "cutoff"]
    with spark.SparkTables(orders=cp.Events(session.read.parquet(str(path)), **columns), partitions=4) as tables:
        print(f"{path.name}: {len(local):,} customers; one process against Spark")
        found = spark.build_features(tables, churn, at=at, outcomes=True).toArrow().to_pandas().set_index(keys).sort_index()
        both = [cp.build_features(local, past), cp.label_churn(local, past, churn)]
        features, outcomes = (pd.DataFrame(f).sort_index() for f in both)
        told("features", found[list(features)], features)
        told("outcomes", found[list(outcomes)], outcomes)
        again = spark.fit(pipeline.copy(), tables)
        print(f"  model       {again.model_id_}  {'the same' if again.model_id_ == trained.model_id_ else 'ANOTHER'}")
        failed += again.model_id_ != trained.model_id_
        scores = [
            f.set_index("customer_id").sort_index() for f in (spark.score(trained, tables).toArrow().to_pandas(), trained.score(local))
        ]
        told("scores", *scores)
        why = cp.explain(trained.model_, trained.features_at(local), detail="drivers").points.sort_index()
        points = spark.explain(trained, tables).toArrow().to_pandas().set_index(keys).sort_index()
        told("drivers", points[list(why)], why)
    session.stop()
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--customer", default="customer_id")
    parser.add_argument("--time", default="date")
    parser.add_argument("--value")
    given = parser.parse_args()
    path = given.file or DATA / "cdnow" / "transactions.parquet"
    if not path.exists():
        print(f"skipped: {path.name} of cdnow is not there")
        return
    with warnings.catch_warnings(action="ignore"):
        sys.exit(1 if compare(path, given.customer, given.time, given.value or (None if given.file else "amount")) else 0)


if __name__ == "__main__":
    main()
