"""The demo runs from files alone and says where everything is; bars appear only where someone is watching."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.cli.demo import run_demo
from churnpredict.pipeline.churn_pipeline import ChurnPipeline
from churnpredict.progress import progress


def test_the_demo_goes_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChurnPipeline, "_unfitted", lambda self: cp.ChurnClassifier(**(QUICK | {"horizon": "60d"})))
    told: list[str] = []
    written = run_demo(tmp_path / "demo", customers=400, seed=3, say=told.append)
    assert all(path.exists() for path in written.values())
    text = "\n".join(told)
    for path in written.values():
        assert f"wrote {path}" in text
    scores = pd.read_csv(written["scores"])
    assert scores["customer_id"].iloc[0] in text
    assert scores["reason_1"].iloc[0] in text
    assert "MBG/NBD" in text
    page = written["report"].read_text()
    assert all(word in page for word in ("Whom to contact", "By year as a customer", "Alerts", "How far to trust it"))
    assert set(pd.read_csv(written["alerts"])["alert"]) <= set(read_config(written["config"]).alerts)
    again = read_config(written["config"])
    assert set(again.tables) >= {"customers", "orders", "payments", "tickets"}
    assert len(cp.load(written["model"]).score(again.event_tables())) == len(scores)


class _Stream:
    def __init__(self, terminal: bool) -> None:
        self.terminal, self.written = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        """Nothing to do."""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_only_where_someone_is_watching(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    stream = _Stream(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert list(progress([1, 2, 3], "work")) == [1, 2, 3]
    assert ("work" in stream.written) == terminal
