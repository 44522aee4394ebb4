"""What a person gives: a text that means no is never taken for yes, and an object of another kind is named as what it is."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.argument_checks import check_flag, check_flag_or_none, shows_call
from churnpredict.errors import UsageError
from churnpredict.evaluation.baselines import MBGNBD
from churnpredict.model.sub_risks import product_shares
from churnpredict.monitoring.realised_outcomes import read_scorings

NO_FLAGS = ["no", "false", "", 0, 1, 2.0, None, np.nan, pd.NA, [True], np.array([True, False]), object]


@pytest.mark.parametrize("given", NO_FLAGS, ids=repr)
def test_only_true_and_false_are_taken(given):
    with pytest.raises(UsageError, match="flag is"):
        check_flag(given, "flag")
    assert check_flag(np.bool_(False), "flag") is False
    assert check_flag_or_none(None, "flag", remedy="") is None


@pytest.fixture(scope="module")
def shop():
    return cp.make_business(40, random_state=0, months=12)


def tables_with(kind, **flag):
    frame = pd.DataFrame({"c": ["a", "a"], "t": ["2024-01-01", "2024-02-01"], "e": ["2024-01-31", None], "v": [1.0, 2.0]})
    columns = {"start": "t", "end": "e"} if kind is cp.Intervals else {"time": "t"} | ({"values": ["v"]} if kind is cp.States else {})
    log = cp.Events(frame[["c", "t"]], customer="c", time="t")
    return cp.EventTables(log=log, other=kind(frame, customer="c", **columns, **flag), observed_until="2024-03-01")


ASKED = {
    "label_churn": lambda shop, given: cp.label_churn(
        shop.tables, cp.take_snapshots(shop.tables, shop.churn, at="2022-10-01"), shop.churn, drop_immature=given
    ),
    "split": lambda _, given: next(
        cp.TemporalSplit(2, horizon="30d", apart=given).split(
            pd.DataFrame({"x": range(4)}, index=pd.MultiIndex.from_product([["a"], pd.date_range("2024-01-01", periods=4, freq="90D")]))
        )
    ),
    "pipeline": lambda shop, given: cp.ChurnPipeline(shop.churn, season=given),
    "make_business": lambda _, given: cp.make_business(10, treatments=given),
    "true_risk": lambda shop, given: shop.true_risk("2022-10-01", contact=given),
    "baseline": lambda _, given: MBGNBD(recalibrate=given).fit(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1]),
    **{
        f"{kind.__name__}.{name}": lambda _, given, kind=kind, name=name: tables_with(kind, **{name: given})
        for kind, name in (
            (cp.Events, "optional"),
            (cp.Events, "optional_time"),
            (cp.Events, "money"),
            (cp.Intervals, "end_inclusive"),
            (cp.Intervals, "optional"),
            (cp.States, "optional"),
        )
    },
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("given", ["no", 0, np.nan])
def test_every_question_of_yes_or_no(shop, asked, given):
    with pytest.raises(UsageError, match=f"is {given!r}"):
        ASKED[asked](shop, given)


SCORES = pd.DataFrame({"customer_id": ["a", "b"], "risk": [0.9, 0.2], "value": [100.0, 300.0]})
OTHER_KINDS = [3, 0.5, "text", [1], np.array(1), object, pd.NaT, b"3"]


@pytest.mark.parametrize("given", OTHER_KINDS, ids=repr)
@pytest.mark.parametrize("part", ["plan", "backtest", "alerts", "rates", "drift", "season", "definition"])
def test_a_page_is_not_made_of_something_else(part, given, tmp_path):
    with pytest.raises(UsageError, match=f"^{part} is"):
        cp.write_report(SCORES, tmp_path / "report.html", **{part: given})
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("given", OTHER_KINDS, ids=repr)
def test_other_objects_than_those_asked_for(given, tmp_path):
    with pytest.raises(UsageError, match="scores is"):
        read_scorings([given] if isinstance(given, list) else given)
    if not isinstance(given, list):
        with pytest.raises(UsageError, match="customers is"):
            cp.runs.forget(given, tmp_path)
        with pytest.raises(UsageError, match="exclude is"):
            cp.plan_retention(SCORES, exclude=given)
    if not isinstance(given, str):
        with pytest.raises(UsageError, match="unit is"):
            cp.plan_retention(SCORES, unit=given)
        with pytest.raises(UsageError, match="outcome="):
            product_shares({}, given, None, None)


def test_a_frame_is_not_a_list_of_customers_to_forget(tmp_path):
    """A loop over a frame gives the names of its columns: nobody would be removed."""
    with pytest.raises(UsageError, match=r"Name the column"):
        cp.runs.forget(SCORES, tmp_path)


X, Y = pd.DataFrame({"a": [1.0, 2.0]}), [0, 1]
FIRST_CALLS = {  # what somebody types first -> what the message names
    lambda shop: cp.ChurnClassifier(shop.churn): "cp.ChurnPipeline(churn).fit(tables)",
    lambda shop: cp.ChurnClassifier("90d"): "cp.ChurnPipeline(churn).fit(tables)",
    lambda shop: cp.ChurnClassifier(X, Y): "cp.ChurnClassifier().fit(X, y)",
    lambda shop: cp.ChurnClassifier(n_estimator=8): 'Did you mean "n_estimators"?',
    lambda shop: cp.ChurnClassifier(seed=8): 'Did you mean "random_state"?',
    lambda shop: cp.ChurnClassifier().fit(shop.tables): "cp.ChurnPipeline(churn).fit(tables)",
    lambda shop: cp.ChurnClassifier().fit(X): "model.fit(X, y)",
    lambda shop: cp.ChurnClassifier().fit(X, shop.churn): "cp.label_churn(tables, snapshots, churn)",
    lambda shop: cp.ChurnClassifier().fit(X, Y, eval_set=[(X, Y)]): "model.fit(X, y)",
    lambda shop: cp.ChurnClassifier().predict_proba(): "model.predict_proba(X)",
    lambda shop: cp.ChurnClassifier().save("a"): "joblib.dump(model, path)",
    lambda shop: cp.ChurnClassifier().explain(X): "cp.explain(model, X)",
    lambda shop: cp.ChurnClassifier().classes_: "it is not trained yet",
    lambda shop: cp.ChurnPipeline(shop.churn).fit(): "pipeline.fit(tables",
    lambda shop: cp.ChurnPipeline(shop.churn).fit(shop.tables, test_size=0.2): "pipeline.fit(tables",
    lambda shop: cp.ChurnPipeline(shop.churn).score(): "pipeline.score(tables",
    lambda shop: cp.ChurnPipeline(shop.churn).backtest(): "pipeline.backtest(tables)",
    lambda shop: cp.ChurnPipeline(shop.churn).explain(): "pipeline.explain(tables)",
    lambda shop: cp.ChurnPipeline(shop.churn).make_future_dataframe(periods=3): "pipeline.when(tables)",
    lambda shop: cp.ChurnPipeline(shop.churn).plot(): "pipeline.report(tables, path)",
    lambda shop: cp.Events(X, customer="a", timestamp="b"): 'Did you mean "time"?',
    lambda shop: cp.Events(X, customer_id="a", time="b"): 'Did you mean "customer"?',
    lambda shop: cp.Inactivity(): 'cp.Inactivity("90d", of="orders")',
    lambda shop: cp.Inactivity(shop.tables, "90d"): 'cp.Inactivity("90d", of="orders")',
    lambda shop: cp.Inactivity(days=90): 'cp.Inactivity("90d", of="orders")',
    lambda shop: cp.Cancellation(): 'cp.Cancellation("90d", of="cancellations")',
    lambda shop: cp.SubscriptionEnd(): 'cp.SubscriptionEnd("90d", of="subscriptions")',
    lambda shop: cp.take_snapshots(shop.tables): "cp.take_snapshots(tables, churn",
    lambda shop: cp.take_snapshots(shop.tables, shop.churn, "2024-01-01"): "cp.take_snapshots(tables, churn",
    lambda shop: cp.build_features(shop.tables): "snapshots = cp.take_snapshots(",
    lambda shop: cp.label_churn(shop.tables, shop.churn): "cp.label_churn(tables, snapshots, churn)",
    lambda shop: cp.explain(cp.ChurnClassifier()): "pipeline.explain(tables)",
    lambda shop: cp.plan_retention(): "scores = pipeline.score(tables)",
    lambda shop: cp.audit(shop.tables): "pipeline.audit(tables)",
    lambda shop: cp.churn_rate(shop.tables): 'cp.churn_rate(tables, churn, period="M")',
    lambda shop: cp.find_drift(shop.tables): "cp.find_drift(pipeline, tables)",
    lambda shop: cp.retrain(shop.tables): "cp.retrain(pipeline, tables)",
    lambda shop: cp.load(): 'cp.load("churn.model")',
    lambda shop: cp.make_business(10, seed=1): 'Did you mean "random_state"?',
    lambda shop: cp.BetaGeoFitter(): "cp.diagnostics.rfm_summary",
    lambda shop: cp.train_test_split(X): "cp.TemporalSplit",
}


@pytest.mark.parametrize(("call", "named"), FIRST_CALLS.items(), ids=list(FIRST_CALLS.values()))
def test_a_first_call_that_is_wrong_names_the_right_one(shop, call, named):
    with pytest.raises((TypeError, AttributeError, UsageError)) as caught:
        call(shop)
    assert named in str(caught.value)


def test_an_error_within_a_call_stays_as_it_is():
    """Arguments that fit are not blamed for an error that comes later."""

    @shows_call("broken(1)")
    def broken(n):
        return len(n)

    with pytest.raises(TypeError, match=r"object of type 'int' has no len\(\)$"):
        broken(1)


@pytest.mark.parametrize("name", ["encoding", "delimiter", "decimal", "thousands", "sheet", "member", "column_names"])
@pytest.mark.parametrize("given", [True, 3, pd.NA, np.nan, b";", object], ids=repr)
def test_options_of_a_file_are_texts(name, given):
    with pytest.raises(UsageError, match=f"{name} is"):
        cp.File("orders.csv", **{name: given})
