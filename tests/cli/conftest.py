"""A folder in which the commands run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_config import GOOD
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.pipeline import churn_pipeline


@pytest.fixture
def folder(tmp_path: Path, log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with orders and a churn.toml, and a learner that is quick."""
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**QUICK))
    return tmp_path
