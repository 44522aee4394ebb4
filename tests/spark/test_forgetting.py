"""Customers who are removed from a kept history in Spark are in none of its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.spark.test_history import found, one_process, pytestmark, tables_of  # noqa: F401 - the marks

from churnpredict import spark
from churnpredict.errors import UsageError


def test_a_forgotten_customer_is_in_no_file_of_the_history(session: Any, tmp_path: Path, orders: Any) -> None:
    orders(2, who=["mr secret", *["b"] * 29])
    for day in (0, 1):
        orders(day, who=["a"] * 30)
    with tables_of(session, tmp_path):
        pass
    pd.read_parquet(tmp_path / "orders" / "2.parquet").iloc[1:].to_parquet(tmp_path / "orders" / "2.parquet")
    assert spark.forget(["mr secret"], str(tmp_path / "history")) == 1
    assert not any(b"secret" in file.read_bytes() for file in (tmp_path / "history").rglob("*") if file.is_file())
    of_spark, changes = found(lambda: tables_of(session, tmp_path))
    assert changes == {"orders": "read 1 of 3 files"}
    assert of_spark == one_process(tmp_path)


def test_nobody_to_forget_and_nothing_to_forget_in(session: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no-customers"):
        spark.forget([], str(tmp_path / "history"))
    assert spark.forget(["a"], str(tmp_path / "history")) == 0
