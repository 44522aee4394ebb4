"""The examples for schedulers import, keep their order, and call commands and options that exist; the others run on a small shop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import re
import shlex
import shutil
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest
import typer

import churnpredict as cp
from churnpredict.cli.commands import app
from churnpredict.cli.config import read_config

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


@pytest.fixture(scope="module")
def scorer(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("api") / "churn.model"
    trained.save(path)
    return imported("score_api").Scorer(str(path), tables, at="2023-11-01")


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")  # the small shop is scored at a cutoff of its training
def test_one_customer_is_scored_as_all_are(scorer: Any, trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    everybody = pd.DataFrame(trained.score(tables, at="2023-11-01")).set_index("customer_id")
    for customer in everybody.index[[0, 40, -1]]:
        found = scorer.score(customer)
        assert found["risk"] == pytest.approx(everybody.loc[customer, "risk"], abs=1e-12)
        assert found["cutoff"] == "2023-11-01T00:00:00"
        assert all(reason["points"] > 0 for reason in found["reasons"])
        assert len(found["reasons"]) <= 3
        first = everybody.loc[customer, "reason_1"]
        assert not isinstance(first, str) or found["reasons"][0]["driver"] == first
    with pytest.raises(KeyError):
        scorer.score("nobody")
    assert scorer.model.n_jobs == 1


def test_one_customer_takes_milliseconds(scorer: Any) -> None:
    customers = list(scorer.place)[:20]
    spent = []
    for customer in customers:
        start = time.process_time()
        scorer.score(customer)
        spent.append(time.process_time() - start)
    assert np.median(spent) < 0.05, f"{1e3 * np.median(spent):.1f} ms of CPU time"


def test_the_endpoint_says_risk_or_404(scorer: Any) -> None:
    fastapi = pytest.importorskip("fastapi", reason="FastAPI is not installed")
    application = imported("score_api").make_app(scorer)
    (endpoint,) = (route.endpoint for route in application.routes if getattr(route, "path", "") == "/customers/{customer}")
    assert inspect.iscoroutinefunction(endpoint), "a call of milliseconds is not handed to another thread"
    customer = next(iter(scorer.place))
    assert asyncio.run(endpoint(customer)) == scorer.score(customer)
    with pytest.raises(fastapi.HTTPException) as refused:
        asyncio.run(endpoint("nobody"))
    assert refused.value.status_code == 404


RAW = """
CREATE TABLE raw_orders AS SELECT * FROM (VALUES
    (1, 'a', TIMESTAMP '2024-01-01 10:00:00', 1999, TIMESTAMP '2024-01-01 11:00:00'),
    (1, 'a', TIMESTAMP '2024-01-01 10:00:00', 2999, TIMESTAMP '2024-03-01 11:00:00'),
    (2, 'b', TIMESTAMP '2024-01-05 10:00:00', 500, TIMESTAMP '2024-01-05 09:59:00'),
    (3, 'b', NULL, 700, TIMESTAMP '2024-01-06 10:00:00')) AS rows(order_id, customer_id, paid_at, amount_cents, loaded_at);
CREATE TABLE raw_refunds AS SELECT 1 AS order_id, 'a' AS customer_id, TIMESTAMP '2024-02-01 12:00:00' AS refunded_at, 1999 AS amount_cents,
    TIMESTAMP '2024-02-03 12:00:00' AS loaded_at;
CREATE TABLE raw_subscriptions AS SELECT * FROM (VALUES
    (7, 'a', TIMESTAMP '2023-12-01', TIMESTAMP '2024-02-10', 999),
    (8, 'b', TIMESTAMP '2023-12-01', TIMESTAMP '2999-01-01', 1999))
    AS rows(subscription_id, customer_id, started_at, ended_at, monthly_cents);
"""


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")  # one row of three is a refund
@pytest.mark.skipif(duckdb.__version__ == "1.5.0", reason="an internal error of DuckDB 1.5.0 in one of the queries")
def test_dbt_models_make_what_churn_toml_declares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = EXAMPLES / "dbt"
    known: dict[str, Callable[..., str]] = {"source": lambda _, table: table, "var": lambda _, otherwise: otherwise}
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as shop:
        shop.execute("SET TimeZone='UTC'")
        shop.execute(RAW)
        for model in sorted((folder / "models").glob("*.sql")):
            rendered = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(model.read_text()).render(**known)
            shop.execute(f"CREATE TABLE {model.stem} AS {rendered}")
        ends = shop.sql("SELECT ended_at FROM churn_subscriptions ORDER BY subscription_id").fetchall()
        assert ends[1] == (None,), "an end that lies ahead has not happened"
    shutil.copy(folder / "churn.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    config = read_config(tmp_path / "churn.toml")
    tables = config.event_tables()
    assert set(tables.declarations) == {"orders", "subscriptions"}
    assert isinstance(config.churn_rule(), cp.SubscriptionEnd)
    total = cp.Feature("orders", "sum", "all")
    at = {day: pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp(day)]}) for day in ("2024-01-02", "2024-02-02", "2024-02-04")}
    found = {day: float(cp.build_features(tables, rows, features=[total]).iloc[0, 0]) for day, rows in at.items()}
    assert found == pytest.approx({"2024-01-02": 19.99, "2024-02-02": 19.99, "2024-02-04": 0.0}, abs=1e-5), (
        "a refund counts once it is known"
    )
