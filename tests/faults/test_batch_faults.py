"""Law 13 in the night: whatever befalls a batch, what is there is whole, and a restart ends as if nothing had happened.

A sample; every kill point: ``python tests/faults/batch_job.py FOLDER --full``, where FOLDER holds what the fixture below puts there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.shops import QUICK, shop_log

import churnpredict as cp

JOB = Path(__file__).with_name("batch_job.py")


def prepare(folder: Path) -> None:
    """A model, and the log of a few customers."""
    shop_log(60).to_parquet(folder / "log.parquet")
    orders = cp.Events(shop_log(260), customer="who", time="paid_at", value="eur", money=True)
    model = cp.ChurnClassifier(**QUICK | {"n_estimators": 10})
    pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of="orders", active_within="90d"), every="30d", classifier=model)
    pipeline.fit(cp.EventTables(orders=orders), until="2023-12-01").save(folder / "churn.model")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("night")
    prepare(folder)
    done = subprocess.run([sys.executable, JOB, folder], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="forks, mounts and limits as Linux has them")
@pytest.mark.parametrize("fault", ["calls", "system calls", "full disk", "read only", "memory", "clock", "two writers"])
def test_whole_or_absent_and_the_restart_undisturbed(found: dict[str, Any], fault: str) -> None:
    if "skipped" in found[fault]:
        pytest.skip(found[fault]["skipped"])
    assert not found[fault]["wrong"]


def test_the_faults_did_happen(found: dict[str, Any]) -> None:
    assert found["calls"]["tried"] >= 8
    assert found["full disk"]["refused"] >= 2
    assert found["two writers"]["rounds"] == 100
    assert found["two writers"]["refused"] > 0
    if "skipped" not in found["system calls"]:
        assert found["system calls"]["killed"] >= 2
