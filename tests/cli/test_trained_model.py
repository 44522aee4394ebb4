"""A model is used with the configuration that it was trained by: another one is refused, naming both files and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_commands import run
from tests.cli.test_config import GOOD

import churnpredict as cp
from churnpredict.cli.trained_model import rules

RENAMED = GOOD.replace("[tables.orders]", "[tables.sales]")
SHORTER = GOOD.replace('horizon = "60d"', 'horizon = "30d"')


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_model_of_another_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SHORTER != GOOD != RENAMED
    assert run("train", "--until", "2023-12-01") == 0
    (folder / "other.toml").write_text(SHORTER, encoding="utf-8")
    (folder / "renamed.toml").write_text(RENAMED, encoding="utf-8")
    capsys.readouterr()
    for command in ("score", "report", "drift"):
        assert run(command, "--config", "other.toml", "--at", "2023-12-01") == 4
        told = capsys.readouterr().err
        assert "[other-config]" in told
        assert all(said in told for said in ('"churn.model"', '"other.toml"', 'horizon is "60d" in the model and "30d" in the file'))
        assert "churnpredict train --config other.toml" in told
    assert run("score", "--config", "renamed.toml", "--at", "2023-12-01") == 4
    assert "tables of the model that are not declared: orders" in capsys.readouterr().err
    assert not (folder / "scores.csv").exists()


def test_rules_that_mean_the_same_do_not_differ() -> None:
    assert rules(cp.Inactivity("14d", of="a", kinds=["x", "y"]), cp.Inactivity("2w", kinds=["y", "x"])) == []
    assert rules(cp.Inactivity("9d"), cp.Cancellation("9d")) == ["the rule is Inactivity in the model and Cancellation in the file"]
    assert rules(cp.Inactivity("9d"), cp.Inactivity("9d", active_within="30d")) == [
        'active_within is not set in the model and "30d" in the file'
    ]
