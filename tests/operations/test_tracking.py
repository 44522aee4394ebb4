"""MLflow: logged to a real local store, loaded without unpickling, scoring as the pipeline does; and nobody's id anywhere in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.operations.conftest import QUICK, shop_log

import churnpredict as cp
from churnpredict.errors import MissingExtraError, SchemaError
from churnpredict.operations import tracking
from churnpredict.operations.retraining import Retraining

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
    return cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur"), customers=customers)


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
    for column in ("cutoff", "percentile", "band", "reason_1", "reason_1_points", "words", "remedy_1", "model_id"):
        pd.testing.assert_series_equal(scores[column], ours[column], check_dtype=False)
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
        tracking._Scorer(pipeline).predict(pd.DataFrame({"cutoff": [pd.Timestamp(AT)]}))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtraError, match="missing-extra"):
        tracking.log_pipeline(pipeline)
