"""Commands about one model file, one owner or one customer."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_config import GOOD
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.cli import commands as cli
from churnpredict.pipeline import churn_pipeline


@pytest.fixture
def folder(tmp_path: Path, log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with orders and a churn.toml, and a learner that is quick."""
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**QUICK))
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def test_check_model_says_what_is_in_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = str(Path(__file__).parents[1] / "data" / "models" / "format_1.model")
    assert run("check-model", old, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model_id"] == "685e523b27cb"
    assert [m["kind"] for m in found["members"]] == ["trees", "trees", "linear", "purchases"]
    assert run("check-model", old, "--sha256", found["sha256"]) == 0
    text = capsys.readouterr().out
    assert "Inactivity(horizon='60d'" in text
    assert "9 trees, up to 4 deep" in text
    assert run("check-model", old, "--sha256", "0" * 64) == 4
    assert run("check-model", "orders.csv") == 4
    assert "not-a-model" in capsys.readouterr().err
