"""The example of daily files that Spark writes, in a real Spark session, and a kept history of them."""

from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from tests.laws.days import found

import churnpredict as cp

EXAMPLE = Path(__file__).parents[2] / "examples" / "spark_daily_files.py"


@pytest.mark.filterwarnings("error:.*history-reread")
@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_day_that_spark_writes_is_all_that_is_read(session: Any, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("spark_daily_files", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    log = [  # customer, paid, amount, arrived
        ["a", "2024-05-01 09:00:00", 1.0, "2024-05-01 10:00:00"],
        ["b", "2024-05-01 23:00:00", 2.5, "2024-05-01 23:59:59"],
        ["a", "2024-04-20 12:00:00", 3.0, "2024-05-02 00:00:00"],
        ["c", "2024-05-02 07:00:00", 4.0, "2024-05-02 08:00:00"],
    ]
    declared = {"orders": cp.Events(str(tmp_path / "orders"), customer="who", time="paid_at", value="eur")}
    told, rows = [], 0
    for day in (1, 2, 2):
        rows_told = ", ".join(f"('{who}', TIMESTAMP'{paid}', {eur}D, TIMESTAMP'{arrived}')" for who, paid, eur, arrived in log)
        session.sql(f"SELECT * FROM VALUES {rows_told} AS t(who, paid_at, eur, inserted_at)").createOrReplaceTempView("orders")
        example.write_day(session, "orders", "inserted_at", datetime.date(2024, 5, day), str(tmp_path / "orders"))
        with cp.runs.open_history(tmp_path / "history", **declared) as tables, cp.runs.scan_tables(**declared) as scratch:
            told.append(tables.changes["orders"])
            assert found(tables, features=False) == found(scratch, features=False)
            rows = sum(len(part.streams["orders"]) for part in tables)
        log[3][2] = 5.0  # corrected: its day is written again
    assert told == ["read 1 of 1 files", "read 1 of 2 files", "read 1 of 2 files"]
    assert rows == len(log)
