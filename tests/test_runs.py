"""The part of the public face that works in files: what is written in partitions is what one call gives."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import churnpredict as cp


def test_partitions_and_a_kept_history_give_the_features_of_one_call(tmp_path: Path) -> None:
    log = pd.DataFrame({"user": [f"c{i % 7}" for i in range(60)], "day": pd.date_range("2024-01-01", periods=60)})
    visits = cp.Events(log, customer="user", time="day")
    churn = cp.Inactivity("10d")
    tables = cp.EventTables(visits=visits)
    expected = cp.build_features(tables, cp.take_snapshots(tables, churn, at="2024-02-20"))
    log.to_parquet(tmp_path / "visits.parquet")
    kept = cp.Events(str(tmp_path / "visits.parquet"), customer="user", time="day")
    with cp.runs.scan_tables(visits=visits, partitions=3) as large, cp.runs.open_history(tmp_path / "history", visits=kept) as history:
        for name, given in {"from_partitions": large, "from_history": history}.items():
            written = pd.read_parquet(cp.runs.write_features(given, churn, tmp_path / name, at="2024-02-20"))
            found = written.set_index(["customer_id", "cutoff"]).sort_index()
            assert len(found) == 7
            pd.testing.assert_frame_equal(found, expected.sort_index()[found.columns], check_index_type=False)
