"""The commonest slips of newcomers: each is refused in words that name the right call."""

import re

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import ModelFileError, UsageError
from churnpredict.pipeline.expected import ELSEWHERE

LOG = pd.DataFrame({"user": ["a", "a", "b", "c"], "at": pd.to_datetime(["2024-01-01", "2024-02-20", "2024-01-15", "2024-03-31"])})
EVENTS = cp.Events(LOG, customer="user", time="at")
TABLES = cp.EventTables(orders=EVENTS)
CHURN = cp.Inactivity("30d")
X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 0.0]})
Y = pd.Series([0, 1, 0])


class Trained(cp.ChurnPipeline):
    """What a call refuses before it looks at the model."""

    def _fitted(self) -> None:
        pass


PIPELINE, TRAINED = cp.ChurnPipeline(CHURN), Trained(CHURN)
TAKERS = {
    "take_snapshots": lambda given, folder: cp.take_snapshots(given, CHURN),
    "label_churn": lambda given, folder: cp.label_churn(given, LOG, CHURN),
    "build_features": lambda given, folder: cp.build_features(given, LOG),
    "catalog": lambda given, folder: cp.catalog(given),
    "churn_rate": lambda given, folder: cp.churn_rate(given, CHURN),
    "revenue_churn": lambda given, folder: cp.accounting.revenue_churn(given, CHURN, value="orders"),
    "cohorts": lambda given, folder: cp.accounting.cohorts(given, CHURN),
    "tenure_table": lambda given, folder: cp.accounting.tenure_table(given, CHURN),
    "contradictions": lambda given, folder: cp.accounting.contradictions(given, CHURN),
    "suggest_horizon": lambda given, folder: cp.accounting.suggest_horizon(given),
    "return_curve": lambda given, folder: cp.accounting.return_curve(given),
    "rfm": lambda given, folder: cp.diagnostics.rfm(given, "2024-03-01"),
    "rfm_summary": lambda given, folder: cp.diagnostics.rfm_summary(given, "2024-03-01"),
    "probe_features": lambda given, folder: cp.diagnostics.probe_features(len, given, LOG),
    "write_features": lambda given, folder: cp.runs.write_features(given, CHURN, folder / "features"),
    "find_drift": lambda given, folder: cp.find_drift(TRAINED, given),
    "retrain": lambda given, folder: cp.retrain(TRAINED, given),
    "write_scores": lambda given, folder: cp.runs.write_scores(TRAINED, given, folder / "scores"),
    "pipeline.fit": lambda given, folder: PIPELINE.fit(given),
    "pipeline.audit": lambda given, folder: PIPELINE.audit(given),
    "pipeline.training_rows": lambda given, folder: PIPELINE.training_rows(given),
    "pipeline.score": lambda given, folder: TRAINED.score(given),
    "pipeline.predict_proba": lambda given, folder: TRAINED.predict_proba(given),
    "pipeline.features_at": lambda given, folder: TRAINED.features_at(given),
    "pipeline.explain": lambda given, folder: TRAINED.explain(given),
    "pipeline.when": lambda given, folder: TRAINED.when(given),
    "pipeline.report": lambda given, folder: TRAINED.report(given, folder / "report.html"),
    "pipeline.unscored": lambda given, folder: TRAINED.unscored(given),
    "pipeline.backtest": lambda given, folder: PIPELINE.backtest(given),
    "pipeline.learn_uplift": lambda given, folder: TRAINED.learn_uplift(given),
}
WRONG = {
    "a pandas DataFrame": (LOG, "cp.EventTables(orders=cp.Events(frame, customer="),
    "a polars DataFrame": (pl.from_pandas(LOG), "cp.EventTables(orders=cp.Events(frame, customer="),
    "a pyarrow Table": (pa.Table.from_pandas(LOG), "cp.EventTables(orders=cp.Events(frame, customer="),
    "a text": ("orders.csv", 'cp.EventTables(orders=cp.Events("orders.csv", customer='),
    "a list": ([LOG], "cp.EventTables(orders=cp.Events(frame, customer="),
    "a dict": ({"orders": EVENTS}, "cp.EventTables(**tables)"),
    "an Events": (EVENTS, "cp.EventTables(orders=...)"),
    "an Inactivity": (CHURN, "cp.EventTables(orders=cp.Events(frame, customer="),
    "the class EventTables": (cp.EventTables, "cp.EventTables(orders=cp.Events(frame, customer="),
    "None": (None, "cp.EventTables(orders=cp.Events(frame, customer="),
}


@pytest.mark.parametrize("call", TAKERS)
@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_tables_is_refused_with_the_code_that_makes_them(call, what, tmp_path):
    given, write = WRONG[what]
    with pytest.raises(UsageError) as caught:
        TAKERS[call](given, tmp_path)
    assert caught.value.code == "not-tables"
    assert f"{call} takes EventTables as tables, not {what}" in str(caught.value)
    assert write in str(caught.value)
    assert f"Call {call}(" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_tables_in_parts_where_they_must_be_whole(tmp_path):
    with (
        cp.runs.scan_tables(orders=EVENTS, partitions=2) as parts,
        pytest.raises(UsageError, match=r"take_snapshots takes tables in memory.*needs-whole-tables"),
    ):
        cp.take_snapshots(parts, CHURN)


@pytest.mark.parametrize(
    ("given", "write"),
    [
        ("180d", 'cp.Inactivity("180d", of="...")'),
        (90, 'cp.Inactivity("90d", of="...")'),
        (cp.Inactivity, "churn = cp.Inactivity("),
        (cp.Cancellation, "churn = cp.Cancellation(...)"),
        (None, "cp.Inactivity("),
        (TABLES, "cp.Inactivity("),
        (pd.Timedelta("90D"), "cp.Inactivity("),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "call",
    [
        cp.ChurnPipeline,
        lambda churn: cp.take_snapshots(TABLES, churn),
        lambda churn: cp.label_churn(TABLES, LOG, churn),
        lambda churn: cp.churn_rate(TABLES, churn),
        lambda churn: cp.runs.write_features(TABLES, churn, "nowhere"),
    ],
    ids=["ChurnPipeline", "take_snapshots", "label_churn", "churn_rate", "write_features"],
)
def test_what_is_no_rule_is_refused_with_the_rule_to_write(call, given, write):
    with pytest.raises(UsageError) as caught:
        call(given)
    assert caught.value.code == "not-a-rule"
    assert write in str(caught.value)


def test_tables_without_a_name_or_a_declaration():
    with pytest.raises(UsageError, match=r"unnamed-table") as caught:
        cp.EventTables(LOG)
    assert "cp.EventTables(orders=cp.Events(frame, customer=" in str(caught.value)
    with pytest.raises(UsageError, match="unnamed-table"):
        cp.runs.scan_tables(EVENTS)
    with pytest.raises(UsageError, match="undeclared-table"):
        cp.EventTables(orders=LOG)


@pytest.mark.parametrize("at", [Y, Y.to_numpy(), Y.to_frame(), Y.astype(bool)])
@pytest.mark.parametrize("rows", [X, TABLES], ids=["matrix", "tables"])
def test_score_is_no_metric(rows, at):
    with pytest.raises(UsageError, match=r"roc_auc_score.*not-a-metric"):
        TRAINED.score(rows, at)


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        (lambda model: cp.find_drift(TABLES, TRAINED), "not-a-pipeline", "find_drift(pipeline, tables)"),
        (lambda model: cp.find_drift("churn.model", TABLES), "not-a-pipeline", "cp.load(path)"),
        (lambda model: cp.runs.write_scores(model, TABLES, "nowhere"), "not-a-pipeline", "classifier=model"),
        (lambda model: cp.retrain(TABLES, TRAINED), "not-a-pipeline", "retrain(pipeline, tables)"),
        (lambda model: cp.find_drift(PIPELINE, TABLES), "not-fitted", "fit"),
        (lambda model: model.fit(TABLES, Y), "not-a-matrix", "cp.build_features(tables, snapshots)"),
        (lambda model: model.fit("orders.csv", Y), "not-a-matrix", "fit(X, y)"),
        (lambda model: model.fit(Y, X), "swapped", "fit(X, y)"),
        (lambda model: cp.audit(Y, X), "swapped", "audit(X, y)"),
        (lambda model: cp.audit([0, 1], X), "not-a-matrix", "audit(X, y)"),
        (lambda model: cp.audit(TABLES, Y), "not-a-matrix", "cp.build_features(tables, snapshots)"),
        (lambda model: cp.explain(X, model), "swapped", "explain(model, X)"),
        (lambda model: cp.explain(TRAINED, X), "needs-a-model", "explain(pipeline.model_, X)"),
        (lambda model: cp.explain(TRAINED, TABLES), "needs-a-model", "explain(pipeline.model_, pipeline.features_at(tables))"),
        (lambda model: cp.diagnostics.what_would_help(X, model, among=X), "swapped", "what_would_help(model, X)"),
        (lambda model: cp.diagnostics.what_would_help(TRAINED, X, among=X), "needs-a-model", "pipeline.model_"),
        (lambda model: cp.plan_retention(TRAINED), "not-scores", "scores = pipeline.score(tables)"),
        (lambda model: cp.plan_retention(TABLES), "not-scores", "scores = pipeline.score(tables)"),
        (lambda model: cp.plan_retention("scores.csv"), "not-scores", "read_scores(folder)"),
        (lambda model: cp.load(TRAINED), "not-a-path", "load(path)"),
    ],
)
def test_other_slips_name_the_right_call(call, code, words):
    with pytest.raises(UsageError) as caught:
        call(cp.ChurnClassifier(n_jobs=1))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_configuration_is_no_model(tmp_path):
    (tmp_path / "churn.toml").write_text("[churn]\n", encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"is a configuration, not a model.*churnpredict train.*not-a-model"):
        cp.load(tmp_path / "churn.toml")


def test_a_name_nearly_right_is_proposed():
    with pytest.raises(AttributeError, match='Did you mean "Inactivity"'):
        _ = cp.Inactivty
    with pytest.raises(AttributeError, match=r"no attribute '__nowhere__'$"):
        _ = cp.__nowhere__


def test_an_own_feature_takes_the_parameters_that_its_page_names():
    made = cp.features.OwnFeature(name="orders", function=lambda h, cutoff: float(len(h["orders"])), tables=["orders"], driver="usage")
    assert made.name == "usage__orders"
    assert made == cp.features.OwnFeature("orders", made.function, tables=["orders"], driver="usage")
    past = cp.take_snapshots(TABLES, CHURN, at="2024-03-01")
    assert cp.build_features(TABLES, past, features=[made])["usage__orders"].tolist() == [2.0]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("predict", r"pipeline\.score\(tables\)"),
        ("fit_predict", r"pipeline\.score\(tables\)"),
        ("transform", r"pipeline\.features_at\(tables\)"),
        ("feature_importances_", r"pipeline\.explain\(tables\)\.drivers"),
        ("evaluate", r"pipeline\.backtest\(tables\)"),
        ("model_", r"not trained yet; call pipeline\.fit\(tables\)"),
    ],
)
def test_names_of_other_libraries_lead_to_the_call_that_is_meant(name, call):
    assert not hasattr(PIPELINE, name)
    with pytest.raises(AttributeError, match=call):
        getattr(PIPELINE, name)


def test_advice_names_calls_that_there_are():
    for name, advice in ELSEWHERE.items():
        assert not hasattr(cp.ChurnPipeline, name), name
        assert all(hasattr(cp.ChurnPipeline, method) for method in re.findall(r"pipeline\.(\w+)\(", advice)), advice
        assert all(hasattr(cp, function) for function in re.findall(r"cp\.(\w+)\(", advice)), advice


@pytest.mark.parametrize(
    ("slip", "call"),
    [
        (lambda: cp.Events(LOG, "user", "at"), r"Events: too many positional.*customer=\"user_id\", time=\"paid_at\""),
        (lambda: cp.Events(LOG, customer_col="user", time="at"), r"Events: .*customer.*Write cp\.Events\(frame, customer="),
        (lambda: cp.Customers(LOG), r"Customers: missing.*Write cp\.Customers\(frame, customer="),
        (cp.ChurnPipeline, r"ChurnPipeline: missing.*Write ChurnPipeline\(cp\.Inactivity"),
        (lambda: cp.ChurnPipeline(TABLES, CHURN), r"ChurnPipeline: too many.*\.fit\(tables\)"),
    ],
)
def test_a_constructor_that_is_called_wrongly_shows_how_it_is_called(slip, call):
    with pytest.raises(TypeError, match=call):
        slip()


def test_labels_are_not_the_name_of_a_column():
    with pytest.raises(UsageError, match=r"takes the labels as y, not a name of a column\. Give its values: y = frame\[name\]"):
        cp.ChurnClassifier().fit(X, "b")


@pytest.mark.parametrize(("name", "call"), [("read_csv", "take a path"), ("train", r"\.fit\(tables\)"), ("predict", r"pipeline\.score")])
def test_names_that_people_expect_on_top_lead_to_the_call_that_is_meant(name, call):
    assert not hasattr(cp, name)
    with pytest.raises(AttributeError, match=call):
        getattr(cp, name)
