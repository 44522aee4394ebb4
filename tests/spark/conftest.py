"""One Spark session for all tests of this room: starting it takes longer than most of them."""

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest


def java_version() -> int:
    """The major version of Java, 0 without one."""
    if shutil.which("java") is None:
        return 0
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else 0


@pytest.fixture(scope="package")
def session() -> Iterator[Any]:
    pytest.importorskip("pyspark", reason='PySpark is not installed (pip install "churnpredict[spark]")')
    if java_version() < 17:
        pytest.skip("Spark needs Java 17 or later (Debian: apt-get install default-jre-headless)")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",  # nor are plans for a few hundred rows
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # a short life is not worth compiling for
    }
    with warnings.catch_warnings(action="ignore"):
        session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture
def orders(tmp_path: Path) -> Any:
    """A function that writes one day of orders."""
    (tmp_path / "orders").mkdir()
    rng = np.random.default_rng(3)

    def write(day: int, name: str | None = None, **columns: Any) -> None:
        rows = pd.DataFrame(
            {
                "who": rng.integers(0, 9, 30),
                "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 24, 30) + day * 24, unit="h"),
            }
        )
        rows = rows.astype({"at": "datetime64[us]"}).assign(eur=rng.integers(0, 4, 30) / 2, **columns)
        rows.to_parquet(tmp_path / "orders" / f"{name or day}.parquet")

    write(0)
    write(1)
    return write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files with signs in their names that addresses spell in another way."""
    for name, value in {"a b": 1.0, "ü%20x": 2.0, "day=1/c+d": 3.0, "day=2/e#f[g]": 4.0}.items():
        path = tmp_path / "rows" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"who": ["x", "y"], "eur": value}).to_parquet(path)
    return tmp_path / "rows"
