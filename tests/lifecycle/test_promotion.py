"""Promote a challenger, write down each decision, and roll back."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.lifecycle.champions import SHORT, TRAINED, UNTIL, Frames

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.errors import UsageError
from churnpredict.lifecycle import promotion, retraining
from churnpredict.lifecycle.registry import Registry
from churnpredict.pipeline import churn_pipeline
from churnpredict.pipeline.churn_pipeline import ChurnPipeline


def test_promotion_history_and_roll_back(tmp_path: Path, champion: ChurnPipeline, promoted: retraining.Retraining) -> None:
    held = Registry(tmp_path / "models")
    assert held.champion() is None
    with pytest.raises(UsageError, match="no-champion"):
        held.record(promoted.__class__(False, "equal", "no difference", promoted.until))
    held.add(champion)
    held.record(promoted)
    assert promoted.winner is not None
    now = held.champion()
    assert now is not None
    assert now.model_id_ == promoted.winner.model_id_
    assert [e.action for e in held.history()] == ["add", "promote"]
    held.roll_back()
    assert (held.champion() or now).model_id_ == champion.model_id_
    with pytest.raises(UsageError, match="nothing-before"):
        held.roll_back()
    held.record(promoted)  # and forward again: the same file, no second copy
    assert len(list(held.folder.glob("*.model"))) == 2
    text = (held.folder / "registry.json").read_text()
    assert "K0" not in text
    assert held.history()[-1].before == held.history()[0].model


TOML = """
observed_until = 2024-02-20
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "paid_at"
value = "eur"
[churn]
rule = "inactivity"
horizon = "40d"
active_within = "60d"
[model]
since = 2023-04-01
"""


def test_the_command_decides_once_and_rolls_back(
    tmp_path: Path, frames: Frames, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frames[0].drop(columns="channel").to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**SHORT))
    assert run("retrain", "--until", TRAINED, "--dry-run") == 0
    assert not (tmp_path / "models").exists()
    assert not (tmp_path / "churn.model").exists()
    assert run("retrain", "--until", TRAINED) == 0
    first = (tmp_path / "churn.model").read_bytes()
    capsys.readouterr()
    assert run("retrain", "--until", UNTIL, "--when-equal", "newer", "--format", "json") == 0
    decided = json.loads(capsys.readouterr().out)
    assert decided["promoted"]
    assert decided["verdict"] in ("better", "equal")
    second, history = (tmp_path / "churn.model").read_bytes(), (tmp_path / "models" / "registry.json").read_bytes()
    assert second != first
    monkeypatch.setattr(ChurnPipeline, "fit", lambda *_: pytest.fail("decided already"))
    assert run("retrain", "--until", UNTIL, "--when-equal", "newer") == 0  # the same data: no second entry, no training
    assert (tmp_path / "models" / "registry.json").read_bytes() == history
    assert run("history", "--roll-back") == 0
    assert (tmp_path / "churn.model").read_bytes() == first
    assert run("retrain", "--until", UNTIL, "--when-equal", "newer") == 0  # what a person took back stays taken back
    assert (tmp_path / "churn.model").read_bytes() == first
    capsys.readouterr()
    assert run("history", "--format", "json") == 0
    assert [e["action"] for e in json.loads(capsys.readouterr().out)["history"]] == ["add", "promote", "roll back"]


def test_a_model_that_is_there_becomes_the_first_champion(
    tmp_path: Path, tables: cp.EventTables, champion: ChurnPipeline, frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames[0].drop(columns="channel").to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(TOML)
    settings = read_config(tmp_path / "churn.toml")
    champion.save(tmp_path / "churn.model")
    monkeypatch.setattr(retraining, "retrain", lambda *_, **__: retraining.Retraining(False, "equal", "planted", pd.Timestamp(UNTIL)))
    promotion.promote(settings, UNTIL)
    assert [e.action for e in promotion.registry_of(settings).history()] == ["add", "refuse"]
    (tmp_path / "churn.model").unlink()  # a process that died before putting it into force
    promotion.promote(settings, UNTIL)
    assert cp.load(tmp_path / "churn.model").model_id_ == champion.model_id_
