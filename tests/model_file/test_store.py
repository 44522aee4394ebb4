"""A saved pipeline is whole or refused, scores as before to the last bit, and tells nothing; a failed write leaves what was there."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from copy import copy
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tests.shops import QUICK, shop_log

import churnpredict as cp
from churnpredict.errors import ModelFileError, UsageError
from churnpredict.features import custom as own
from churnpredict.model_file import store

UNTIL = "2023-12-01"
OLD = Path(__file__).parents[1] / "data" / "models"


@pytest.fixture(scope="module")
def saved(trained: cp.ChurnPipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained.save(tmp_path_factory.mktemp("model") / "deep" / "churn.model")


def test_loaded_scores_are_those_of_the_saved(saved: Path, trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    pd.testing.assert_frame_equal(cp.load(saved).score(tables, at=UNTIL), trained.score(tables, at=UNTIL), check_exact=True)


def test_nothing_of_a_pipeline_is_forgotten(saved: Path, trained: cp.ChurnPipeline) -> None:
    """An attribute that is added to a pipeline, a classifier or a member must find its way into the file."""
    loaded = cp.load(saved)
    assert vars(loaded).keys() == vars(trained).keys() - {"audit_"}  # that speaks of the tables of the training
    assert repr(loaded) == repr(trained)
    assert loaded.features_ == trained.features_
    assert vars(loaded.model_).keys() == vars(trained.model_).keys() - {"_seen"}  # hashes of training rows stay out of the file
    assert vars(loaded.model_.matrix_encoder_) == vars(trained.model_.matrix_encoder_)
    assert loaded.model_.get_params() == trained.model_.get_params()
    assert loaded.model_.classes_.dtype == trained.model_.classes_.dtype


def test_every_setting_comes_back(trained: cp.ChurnPipeline, tmp_path: Path) -> None:
    odd = copy(trained)
    odd.treatments, odd.treated, odd.raise_on, odd.since, odd.most_rows = "calls", "flag", "error", pd.Timestamp("2023-02-01"), 99
    loaded = cp.load(odd.save(tmp_path / "odd.model"))
    names = vars(odd).keys() - {"churn", "features", "classifier"}
    assert {n: getattr(loaded, n) for n in names if not n.endswith("_")} == {n: getattr(odd, n) for n in names if not n.endswith("_")}
    assert loaded.usual_ == trained.usual_
    assert all(v == float(f"{v:.3g}") for v in loaded.usual_.values() if not isinstance(v, str))  # no customer's very own value


def test_the_same_model_gives_the_same_bytes_and_name(saved: Path, trained: cp.ChurnPipeline, tmp_path: Path) -> None:
    loaded = cp.load(saved)
    assert loaded.save(tmp_path / "again.model").read_bytes() == saved.read_bytes()
    assert store.fingerprint(loaded.model_, []) == trained.model_id_


def test_a_model_file_is_a_zip_that_anybody_can_look_into(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[:2] == ["manifest.json", "numbers.json"]
        assert {i.date_time[0] for i in archive.infolist()} == {1980}
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["files"][0]["sha256"] == hashlib.sha256(archive.read("numbers.json")).hexdigest()
        assert archive.read("trees-0.txt").startswith(b"tree\nversion=v4\n")


def test_old_files_of_format_1_are_read_for_ever() -> None:
    pipeline = cp.load(OLD / "format_1.model", expected_sha256="304f1713660d752d61f223a316f0596671ebf9bd32ed2d0b707e3ccd7971a16a")
    rows = pd.read_csv(OLD / "format_1_rows.csv")
    assert pipeline.model_id_ == "685e523b27cb"
    assert pipeline.churn == cp.Inactivity("60d", of="orders", active_within="90d")
    assert [m.name for m in pipeline.model_.members_] == ["trees", "trees", "linear", "purchases"]
    risk = rows.pop("risk")
    rows = rows.astype({c: np.float32 for c in rows.columns if c != "contract__people_plan"})  # as features are
    np.testing.assert_allclose(pipeline.model_.predict_proba(rows)[:, 1], risk, rtol=1e-9)


def test_old_files_of_format_2_are_read_for_ever(tmp_path: Path) -> None:
    pipeline = cp.load(OLD / "format_2.model", expected_sha256="323af4df1890db446f46705172e30480ec170678efa7415ef774d4dcaa675e4c")
    rows = pd.read_csv(OLD / "format_2_rows.csv")
    parts = rows.loc[:, "risk":].copy()  # type: ignore[misc]
    found = pipeline.model_.predict_parts(rows.loc[:, :"risk"].iloc[:, :-1].astype(np.float32))  # type: ignore[misc]
    assert found.columns.tolist() == ["risk", "risk_left", "risk_lost", "risk_30d", "risk_60d", "expected_days"]
    pd.testing.assert_frame_equal(found, parts, rtol=1e-9)
    again = cp.load(pipeline.save(tmp_path / "again.model")).model_
    pd.testing.assert_frame_equal(again.predict_parts(rows.iloc[:, :7].astype(np.float32)), found, check_exact=True)
    assert "30d, lost" in store.told(store.describe(OLD / "format_2.model"))


def test_the_expected_sha256_is_held(saved: Path) -> None:
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert cp.load(saved, expected_sha256=digest.upper()).model_id_
    with pytest.raises(ModelFileError, match="other-model"):
        cp.load(saved, expected_sha256="0" * 64)
    with pytest.raises(UsageError, match="bad-sha256"):
        cp.load(saved, expected_sha256="abc")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "newer"])
def test_damaged_files_are_refused_unopened(saved: Path, tmp_path: Path, damage: str) -> None:
    content = bytearray(saved.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[-100] ^= 1
    elif damage == "empty":
        content = bytearray()
    elif damage == "text":
        content = bytearray(b"id,risk\n1,0.5\n")
    else:
        content = bytearray(b"churnpredict model, format 9\nxyz")
    path = tmp_path / "m.model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        cp.load(path)


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("bomb-went-off"),))


def test_a_pickle_offered_as_a_model_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.model").write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ModelFileError, match="pickled-model"):
        cp.load("m.model")
    assert not (tmp_path / "bomb-went-off").exists()


def test_no_customer_id_in_a_model_file(trained: cp.ChurnPipeline, saved: Path) -> None:
    assert b"K0007" not in pickle.dumps(trained)
    assert b"K0007" not in saved.read_bytes()


def test_joblib_still_works(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    joblib.dump(trained, tmp_path / "p.joblib")
    again = joblib.load(tmp_path / "p.joblib")
    pd.testing.assert_frame_equal(again.score(tables, at=UNTIL), trained.score(tables, at=UNTIL), check_exact=True)
    with pytest.raises(ModelFileError, match="pickled-model"):
        cp.load(tmp_path / "p.joblib")


# --- what is private ---

LONE, FEW, MANY = "Zaphod-Town", "Fewville", "Springfield"


def test_what_only_a_few_customers_share_is_not_in_the_file(churn: cp.Inactivity, tmp_path: Path) -> None:
    """One customer has many snapshots, so rows are no measure; and no trace is left in minima, maxima or limits."""
    log = shop_log(150, seed=8)
    log.loc[log["who"] == "K0003", "eur"] = 98765.4321  # the largest there is
    who = log["who"].unique()
    city = np.where(np.arange(len(who)) % 2 == 0, MANY, "Shelbyville").astype(object)
    city[3], city[4:8] = LONE, FEW
    people = cp.Customers(pd.DataFrame({"who": who, "city": city}), customer="who", attributes=["city"])
    tables = cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True), people=people)
    learner = cp.ChurnClassifier(**(QUICK | {"members": ("trees", "linear")}))
    rows = [cp.Feature("orders", "max", "all"), cp.Feature("orders", "count", "90d"), cp.Feature("people", "attribute", column="city")]
    pipeline = cp.ChurnPipeline(churn, features=rows, every="30d", classifier=learner).fit(tables, until=UNTIL)
    content = pipeline.save(tmp_path / "m").read_bytes()
    assert MANY.encode() in content
    for secret in (LONE, FEW, "K0003", "98765.4", str(np.log1p(98765.4321))[:9]):
        assert secret.encode() not in content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        numbers = json.loads(archive.read("numbers.json"))
        trees = archive.read("trees-0.txt").decode()
    assert "feature_infos=none none none\n" in trees
    line = next(m for m in numbers["members"] if m["kind"] == "linear")
    assert abs(np.expm1(line["high"]) / 98765.4321 - 1).min() > 0.005  # a limit, but nobody's value
    pd.testing.assert_frame_equal(cp.load(tmp_path / "m").score(tables, at=UNTIL), pipeline.score(tables, at=UNTIL), check_exact=True)


# --- what is not data ---


def mean_gap(history: dict[str, pd.DataFrame], cutoff: pd.Timestamp) -> float:
    return float(len(history["orders"]))


class OwnRule(cp.Inactivity):
    """Subclasses are code."""


@pytest.fixture
def twice_counted() -> Iterator[None]:
    cp.features.aggregate("twice_counted")(lambda times, cutoff: 2.0 * len(times))
    yield
    own.AGGREGATES.pop("twice_counted")
    own.OWN.discard("twice_counted")


@pytest.mark.usefixtures("twice_counted")
def test_what_is_code_is_not_stored_and_the_way_out_is_named(trained: cp.ChurnPipeline, tmp_path: Path) -> None:
    def changed(**attributes: object) -> cp.ChurnPipeline:
        pipeline = cp.ChurnPipeline(trained.churn)
        pipeline.__dict__.update(vars(trained) | attributes)
        return pipeline

    def settings(**changes: object) -> cp.ChurnClassifier:
        return cp.ChurnClassifier(**(QUICK | changes))

    sklearns = make_pipeline(FunctionTransformer(), LogisticRegression())
    cases = {
        "classifier": changed(model_=sklearns),
        "unfitted classifier": changed(classifier=sklearns),
        "python feature": changed(features_=[*trained.features_, cp.features.OwnFeature("mean_gap", mean_gap, tables=["orders"])]),
        "python aggregate": changed(features_=[cp.Feature("orders", "twice_counted", "90d")]),
        "rule": changed(churn=OwnRule("60d", of="orders")),
        "random state": changed(classifier=settings(random_state=np.random.RandomState(0))),
        "parameter": changed(classifier=settings(lightgbm_params={"objective": mean_gap})),
        "since": changed(since=np.nan),
    }
    for case, pipeline in cases.items():
        with pytest.raises(UsageError, match="not-storable") as caught:
            pipeline.save(tmp_path / "m")
        assert "joblib" in str(caught.value), case
    assert not list(tmp_path.iterdir())


# --- every kind of member, calibration and setting ---


def history(n: int = 500) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(7)
    age, silence = rng.uniform(100, 400, n), rng.exponential(30, n).clip(0, 99)
    X = pd.DataFrame(
        {
            "habit__orders_active_days_all": rng.integers(1, 20, n).astype(float),
            "habit__orders_days_since_last": silence,
            "lifecycle__orders_days_since_first": age,
            "value__orders_sum_90d": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(2, 50, n)),
            "contract__plan": rng.choice(["month", "year", None], n),
            "contract__still": 7.25,
        }
    )
    return X, (rng.random(n) < 1 / (1 + np.exp(2 - silence / 15))).astype(int)
