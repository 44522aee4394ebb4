"""The examples for schedulers import, keep their order, and call commands and options that exist."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shlex
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import typer

from churnpredict.cli.commands import app

EXAMPLES = Path(__file__).parents[1] / "examples"
COMMANDS = typer.main.get_command(app).commands


class Recorder:
    """Stands for any class or function of a scheduler: remembers how it was made, and what comes after it."""

    made: list[Recorder] = []  # noqa: RUF012 - shared on purpose

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named, self.after = given, named, []
        Recorder.made.append(self)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __rshift__(self, other: Recorder) -> Recorder:
        self.after.append(other)
        return other

    def __call__(self, function: Any) -> Any:
        return function


class Failure(Exception):
    def __init__(self, words: str, metadata: dict[str, int]) -> None:
        super().__init__(words)
        self.metadata = metadata


@pytest.fixture
def schedulers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow and Dagster, as far as the examples use them."""
    Recorder.made.clear()
    for name in ("airflow", "airflow.sdk", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    bash = types.ModuleType("airflow.providers.standard.operators.bash")
    bash.BashOperator = Recorder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, bash.__name__, bash)
    monkeypatch.setattr(sys.modules["airflow.sdk"], "DAG", Recorder, raising=False)
    dagster = types.ModuleType("dagster")
    for name in ("Definitions", "ScheduleDefinition", "MaterializeResult", "define_asset_job"):
        setattr(dagster, name, Recorder)
    dagster.asset = lambda function=None, **_: function or (lambda f: f)  # type: ignore[attr-defined]
    dagster.Failure = Failure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dagster", dagster)


def imported(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_known(command: str) -> None:
    """A call of ours names a command that exists, with options that it knows."""
    words = shlex.split(re.sub(r"\{\{.*?\}\}|\$\(.*?\)", "2024-01-01", command))
    assert words[0] == "churnpredict"
    known = {option for parameter in COMMANDS[words[1]].params for option in parameter.opts}
    given = [word for word in words[2:] if word.startswith("-")]
    assert set(given) <= known, command


def test_airflow(schedulers: None) -> None:
    module = imported("airflow_dag")
    tasks = {made.named["task_id"]: made for made in Recorder.made if "task_id" in made.named}
    assert set(tasks) == {"drift", "score", "retrain"}
    assert tasks["drift"].after == [tasks["score"]]
    for task in tasks.values():
        assert_known(task.named["bash_command"])
    assert module.nightly.named["max_active_runs"] == 1


def test_dagster(schedulers: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    module = imported("dagster_jobs")
    called: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        called.append(command)
        answer = '{"checks": 3, "customers": 7, "promoted": false, "words": "no difference"}'
        return types.SimpleNamespace(returncode=0, stdout=answer, stderr='{"event": "a line of the log"}')

    monkeypatch.setattr(module.subprocess, "run", run)
    assert module.drift().named == {"metadata": {"checks": 3}}
    assert module.scores().named == {"metadata": {"customers": 7}}
    assert module.model().named["metadata"]["words"] == "no difference"
    for command in called:
        assert_known(shlex.join(command))
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: types.SimpleNamespace(returncode=3, stdout="", stderr="error: late"))
    with pytest.raises(Failure, match="late") as failed:
        module.drift()
    assert failed.value.metadata == {"exit_code": 3}


def test_mlflow(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    mlflow = types.ModuleType("mlflow")
    version = types.SimpleNamespace(get_model_version_by_alias=lambda *_: types.SimpleNamespace(version="2"))
    mlflow.MlflowClient = lambda: version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    module = imported("mlflow_registry")
    called: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        called.append(command)
        return types.SimpleNamespace(stdout='{"action": "promote", "verdict": "better", "words": "log loss -0.01"}')

    monkeypatch.setattr(module.subprocess, "run", run)
    module.retrain()
    assert "promote [better]: log loss -0.01; version 2" in capsys.readouterr().out
    module.take_back()
    for command in called:
        assert_known(shlex.join(command))


def test_cron() -> None:
    lines = [line for line in (EXAMPLES / "crontab").read_text().splitlines() if re.match(r"[\d*]", line)]
    assert len(lines) == 2
    for line in lines:
        moved, *commands = [part.strip() for part in line.replace("\\%", "%").split(None, 5)[5].split("&&")]
        assert moved == "cd /srv/churn"
        for command in commands:
            assert_known(command)


def test_a_wrong_option_is_noticed() -> None:
    with pytest.raises(AssertionError):
        assert_known("churnpredict drift --no-such-option")
    with contextlib.suppress(KeyError):
        assert_known("churnpredict no-such-command")
        pytest.fail("an unknown command passed")
