"""MLflow: logged to a real local store, loaded without unpickling, scoring as the pipeline does; and nobody's id anywhere in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.shops import QUICK, shop_log

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.errors import MissingExtraError, ModelFileError, OutputError, SchemaError, UsageError
from churnpredict.lifecycle import promotion, retraining, tracking
from churnpredict.lifecycle.registry import Registry
from churnpredict.lifecycle.retraining import Retraining

UNTIL, AT = "2023-11-01", "2023-12-01"
SENTINEL = "SENTINEL-"


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    found = pytest.importorskip("mlflow", reason='MLflow is not installed (pip install "churnpredict[mlflow]")')
    folder = tmp_path_factory.mktemp("mlflow")
    os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
    before = Path.cwd()
    os.chdir(folder)
    found.set_tracking_uri(f"sqlite:///{folder / 'runs.db'}")
    found.set_experiment(experiment_id=found.create_experiment("churn", artifact_location=(folder / "artifacts").as_uri()))
    yield found
    os.chdir(before)


@pytest.fixture(scope="module")
def shop() -> cp.EventTables:
    log = shop_log()
    log["who"] = SENTINEL + log["who"]
    people = pd.DataFrame({"who": log["who"].unique()})
    people["region"] = np.where(np.arange(len(people)) % 3 == 0, "north", "south")
    customers = cp.Customers(people, customer="who", attributes=["region"])
    return cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True), customers=customers)


@pytest.fixture(scope="module")
def pipeline(shop: cp.EventTables) -> cp.ChurnPipeline:
    one = cp.ChurnPipeline(cp.Inactivity("60d", of="orders", active_within="90d"), classifier=cp.ChurnClassifier(**QUICK))
    return one.learn(*one.training_rows(shop, UNTIL))


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_logged_loaded_and_scored(mlflow: object, shop: cp.EventTables, pipeline: cp.ChurnPipeline) -> None:
    drift = cp.find_drift(pipeline, shop, AT)
    decision = Retraining(False, "equal", "no difference", pd.Timestamp(UNTIL))
    uri = tracking.log_pipeline(pipeline, retraining=decision, drift=drift)
    model = mlflow.pyfunc.load_model(uri)
    frame = tracking.inputs_at(pipeline, shop, AT)
    scores, ours = model.predict(frame), pipeline.score(shop, AT)
    assert scores["customer_id"].tolist() == ours["customer_id"].tolist()
    np.testing.assert_array_equal(scores["risk"], ours["risk"])  # to the last bit
    for column in ("cutoff", "percentile", "band", "reason_1", "reason_1_points", "remedy_1", "model_id"):
        pd.testing.assert_series_equal(scores[column], ours[column], check_dtype=False)
    assert scores["words"].notna().equals(ours["words"].notna())  # without tables nobody says which amounts are money
    assert scores["value"].isna().all()
    assert mlflow.active_run() is None
    run = mlflow.search_runs(output_format="list")[0]
    assert run.data.params["model_id"] == pipeline.model_id_
    assert run.data.metrics["drift.alarms"] == len(drift.alarms)
    assert run.data.tags["verdict"] == "equal"
    assert model.metadata.signature is not None
    names = model.metadata.signature.inputs.input_names()
    assert names == ["customer_id", "cutoff", *pipeline.model_.feature_names_in_]
    with pytest.raises(Exception, match="customer_id"):
        model.predict(frame.drop(columns="customer_id"))


# --- the registry ---


@pytest.fixture(scope="module")
def other(shop: cp.EventTables) -> cp.ChurnPipeline:
    one = cp.ChurnPipeline(
        cp.Inactivity("60d", of="orders", active_within="90d"), classifier=cp.ChurnClassifier(**{**QUICK, "n_estimators": 5})
    )
    return one.learn(*one.training_rows(shop, "2023-09-01"))


def better(winner: cp.ChurnPipeline) -> Retraining:
    return Retraining(True, "better", "the challenger is better", pd.Timestamp(UNTIL), winner=winner)


@pytest.mark.filterwarnings("ignore")
def test_the_registry_decides_as_the_folder_does(
    mlflow: object, tmp_path: Path, pipeline: cp.ChurnPipeline, other: cp.ChurnPipeline
) -> None:
    client = mlflow.MlflowClient()
    there, here = tracking.MlflowRegistry("shop", lock_file=tmp_path / ".lock"), Registry(tmp_path / "models")
    assert (there.history(), there.champion()) == ([], None)
    for one in (there, here):
        with pytest.raises(UsageError, match="no-champion"):
            one.roll_back()
        with one.deciding():
            one.add(other, key="first")
            one.record(better(pipeline), key="second")
            one.record(Retraining(False, "equal", "no difference", pd.Timestamp(UNTIL)), key="third")
            assert one.decided("second") == one.history()[1]
            one.roll_back("too many surprised people")
            with pytest.raises(UsageError, match="nothing-before"):
                one.roll_back()
            one.record(better(pipeline), key="fourth")
        champion = one.champion()
        assert champion is not None
        assert champion.model_id_ == pipeline.model_id_
    assert there.history() == here.history()
    assert there.champion_content() == here.champion_content()  # byte for byte
    assert len(client.search_model_versions("name='shop'")) == 2  # forward again: no second version of the same model
    assert str(client.get_model_version_by_alias("shop", "champion").version) == "2"
    told = client.get_registered_model("shop").tags
    assert json.loads(told["churnpredict.decision.000004"])["words"] == "too many surprised people"
    run = mlflow.get_run(client.get_model_version("shop", "2").run_id)
    assert run.data.tags["verdict"] == "better"
    scores = mlflow.pyfunc.load_model("models:/shop@champion")  # as anybody else would load it, unpickling nothing
    assert scores.metadata.signature is not None


class Killed(BaseException):
    pass


@pytest.mark.filterwarnings("ignore")
def test_killed_before_the_alias_and_moved_by_hand(
    mlflow: object, pipeline: cp.ChurnPipeline, other: cp.ChurnPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, held = mlflow.MlflowClient(), tracking.MlflowRegistry("twice")
    held.add(other)
    with monkeypatch.context() as planted:
        planted.setattr(mlflow.MlflowClient, "set_registered_model_alias", mock.Mock(side_effect=Killed))
        with pytest.raises(Killed):
            held.record(better(pipeline), key="second")
    assert str(client.get_model_version_by_alias("twice", "champion").version) == "1"
    with held.deciding():  # the decision stands, and the alias follows it
        assert held.decided("second") is not None
    assert str(client.get_model_version_by_alias("twice", "champion").version) == "2"
    assert [e.action for e in held.history()] == ["add", "promote"]
    client.set_registered_model_alias("twice", "champion", "1")  # a person, in MLflow
    for _ in range(2):
        with held.deciding():
            assert [e.action for e in held.history()] == ["add", "promote", "add"]
    assert held.champion().model_id_ == other.model_id_
    assert "version 1" in held.history()[-1].words
    held.roll_back()
    assert held.champion().model_id_ == pipeline.model_id_


@pytest.mark.filterwarnings("ignore")
def test_damage_and_refusals_are_said(
    mlflow: object, pipeline: cp.ChurnPipeline, other: cp.ChurnPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, held = mlflow.MlflowClient(), tracking.MlflowRegistry("hurt")
    held.add(other)
    version = client.get_model_version("hurt", "1")
    [path] = [p for p in Path.cwd().rglob("churn.model") if version.source.rpartition("/")[2] in p.parts]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelFileError, match="other-model"):
        held.champion()
    client.set_registered_model_tag("hurt", "churnpredict.decision.000001", "{}")
    with pytest.raises(ModelFileError, match="damaged-registry"):
        held.history()
    with pytest.raises(UsageError, match="bad-argument"):
        tracking.MlflowRegistry("a/b")

    def refused(*_: object, **__: object) -> None:
        raise mlflow.exceptions.MlflowException("no space\nTraceback ...")

    monkeypatch.setattr(mlflow.MlflowClient, "get_registered_model", refused)
    with pytest.raises(OutputError, match=r"no space\. .*mlflow-refused"):
        held.history()


@pytest.mark.filterwarnings("ignore")
def test_the_command_promotes_and_rolls_back_in_mlflow(
    mlflow: object, tmp_path: Path, pipeline: cp.ChurnPipeline, other: cp.ChurnPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = shop_log()
    log["who"] = SENTINEL + log["who"]
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(
        '[tables.orders]\nkind = "events"\nsource = "orders.csv"\ncustomer = "who"\ntime = "paid_at"\nvalue = "eur"\n'
        '[churn]\nrule = "inactivity"\nhorizon = "60d"\nactive_within = "90d"\n[output]\nregistry = "mlflow:desk"\n'
    )
    other.save(tmp_path / "churn.model")
    first = (tmp_path / "churn.model").read_bytes()
    monkeypatch.setattr(retraining, "retrain", lambda *_, **__: better(pipeline))
    settings, config = read_config(tmp_path / "churn.toml"), ("--config", str(tmp_path / "churn.toml"))
    assert run("retrain", *config, "--until", UNTIL, "--dry-run") == 0
    assert promotion.registry_of(settings).history() == []
    for _ in range(2):  # the same data are decided once
        assert run("retrain", *config, "--until", UNTIL) == 0
    assert [e.action for e in promotion.registry_of(settings).history()] == ["add", "promote"]
    assert cp.load(tmp_path / "churn.model").model_id_ == pipeline.model_id_
    assert run("history", *config, "--roll-back") == 0
    assert (tmp_path / "churn.model").read_bytes() == first
    assert str(mlflow.MlflowClient().get_model_version_by_alias("desk", "champion").version) == "1"


@pytest.mark.filterwarnings("ignore")
def test_nothing_private_and_no_pickle_in_the_store(mlflow: object, shop: cp.EventTables, pipeline: cp.ChurnPipeline) -> None:
    with mlflow.start_run():
        tracking.log_pipeline(pipeline, name="again", registered_model_name="churn")
        assert mlflow.active_run() is not None  # a run that was there goes on
    files = [path for path in Path.cwd().rglob("*") if path.is_file()]
    assert any(path.name == "churn.model" for path in files)
    assert any(path.suffix == ".db" for path in files)
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib")]
    for path in files:
        content = path.read_bytes()
        assert SENTINEL.encode() not in content, path
        assert SENTINEL.encode("utf-16-le") not in content, path
    assert mlflow.MlflowClient().get_model_version("churn", "1").version in ("1", 1)


def test_what_is_missing_is_said(pipeline: cp.ChurnPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SchemaError, match="missing-column"):
        tracking.Scorer(pipeline).predict(pd.DataFrame({"cutoff": [pd.Timestamp(AT)]}))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match="missing-extra"):
        tracking.log_pipeline(pipeline)
