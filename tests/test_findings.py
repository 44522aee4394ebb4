"""Findings about other software: their form, their page, and what keeps churnpredict's users from each.

The scripts install packages, so they are run by hand; what they say about churnpredict is tested here, or where the page says.
"""

from __future__ import annotations

import datetime
import re
import subprocess
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import churnpredict as cp
from churnpredict.errors import ChurnWarning, ContentError, MismatchError, SchemaError
from churnpredict.evaluation import metrics
from churnpredict.monitoring.drift_statistics import Bins, psi
from churnpredict.spans import span

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "findings").glob("*"))
PAGE = (ROOT / "docs" / "findings.md").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_has_the_form_of_a_finding(script):
    text = script.read_text()
    assert script.suffix == ".sh"
    head = text.split("\nset -euo pipefail\n")[0]
    for said in ("good guess:", "What happens:", "Why it matters", "Versions:"):
        assert said in head, f"{said} is missing at the top"
    assert re.search(r"trap 'rm -rf \"\$\w+\"' EXIT", text), "the folder is temporary"
    assert not re.search(r"^\s*(import|from) churnpredict|pip\" install.*churnpredict", text, re.MULTILINE), (
        "the surprise needs no churnpredict"
    )
    assert re.findall(r'pip" install.*\w==\d', text), "versions are pinned"
    subprocess.run(["bash", "-n", str(script)], check=True)
    (code,) = re.findall(r"<<'(PY|PYTHON)'\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL)
    compile(code[1], script.name, "exec")
    assert "assert" in code[1] or "sys.exit" in code[1], "a change is noticed"


def test_the_page_lists_every_finding_once():
    assert re.findall(r"^\| .*? \| `([a-z-]+)` \|", PAGE, re.MULTILINE) == [*dict.fromkeys(re.findall(r"\| `([a-z-]+)` \|", PAGE))]
    assert set(re.findall(r"\| `([a-z-]+)` \|", PAGE)) == {script.stem for script in SCRIPTS}
    for place in re.findall(r"`(tests/[a-z_/]+(?:\.py)?)`", PAGE):
        assert (ROOT / place).exists(), place


def test_log_loss_does_not_depend_on_the_type_of_the_risks():
    risk = np.array([1e-12, 0.5])
    assert metrics.log_loss([1, 0], risk.astype(np.float32)) == pytest.approx(metrics.log_loss([1, 0], risk), rel=1e-6)


def test_small_risks_are_ranked_exactly(rng):
    risk = rng.random(500)
    left = rng.random(500) < risk
    assert metrics.auc(left, risk / 1e12) == metrics.auc(left, risk) > 0.7


def test_a_period_of_a_month_is_not_thirty_days():
    shop = duckdb.connect()
    sql = """SELECT i AS customer, DATE '2024-01-01' AS day,
             CASE WHEN i % 2 = 0 THEN INTERVAL '1 month' ELSE INTERVAL '30 days' END AS period
             FROM range(10) AS rows(i)"""
    with pytest.raises(SchemaError) as refused:
        cp.EventTables(bills=cp.Events(cp.Query(sql, shop), customer="customer", time="day", kind="period"))
    assert refused.value.code == "label-type"


@pytest.mark.parametrize("mode", ["Min", "Max"])
def test_catboost_with_values_missing_only_now_is_refused(mode, rng):
    catboost = pytest.importorskip("catboost")
    X = rng.normal(size=(400, 3))
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(int)
    model = catboost.CatBoostClassifier(iterations=10, depth=3, nan_mode=mode, verbose=0, allow_writing_files=False, thread_count=1)
    model.fit(X, y)
    X[::3, 0] = np.nan
    with pytest.raises(MismatchError) as refused:
        cp.explain(model, X)
    assert refused.value.code == "not-a-number"


def features_of(tables: cp.EventTables, who: list[str], at: str) -> pd.DataFrame:
    return cp.build_features(tables, pd.DataFrame({"customer_id": who, "cutoff": pd.Timestamp(at)}))


@pytest.mark.parametrize("read", [str, pq.read_table], ids=["by path", "by Arrow"])
def test_open_contracts_stay_open_when_their_end_runs_over(read, tmp_path):
    ends = [datetime.datetime(2024, 3, 1), datetime.datetime(9999, 12, 31), datetime.datetime(2024, 4, 1)]
    rows = {"who": list("abc"), "start": [datetime.datetime(2024, 1, 1)] * 3, "end": pa.array(ends, pa.timestamp("us"))}
    pq.write_table(pa.table(rows), tmp_path / "contracts.parquet", use_deprecated_int96_timestamps=True)
    contracts = cp.Intervals(read(tmp_path / "contracts.parquet"), customer="who", start="start", end="end")
    with pytest.warns(ChurnWarning, match="placeholder-date"):
        tables = cp.EventTables(contracts=contracts, timezone="UTC")
    assert features_of(tables, ["a", "b", "c"], "2024-06-01")["contract__contracts_open_count"].tolist() == [0, 1, 0]


def test_an_empty_label_is_missing_whether_a_table_is_partitioned_by_it_or_not(tmp_path):
    deltalake = pytest.importorskip("deltalake")
    days = [datetime.datetime(2024, 1, day) for day in range(1, 5)]
    rows = pa.table({"who": list("abcd"), "day": days, "plan": ["team", "", None, "pro"]})
    found = []
    for name, by in {"plain": None, "partitioned": ["plan"]}.items():
        deltalake.write_deltalake(tmp_path / name, rows, partition_by=by)
        tables = cp.EventTables(visits=cp.Events(str(tmp_path / name), customer="who", time="day", kind="plan"), timezone="UTC")
        found.append(features_of(tables, list("abcd"), "2024-02-01"))
    pd.testing.assert_frame_equal(*found)


def test_moments_are_no_amounts_and_lengths_are_seconds():
    frame = {"who": ["a", "b"], "day": [datetime.date(2024, 1, 1)] * 2}
    calls = [datetime.datetime(1899, 12, 31, 0, 25, 30)] * 2
    with pytest.raises(ContentError) as refused:
        cp.EventTables(calls=cp.Events(pl.DataFrame({**frame, "length": calls}), customer="who", time="day", value="length"))
    assert refused.value.code == "value-type"
    calls = [datetime.timedelta(minutes=25, seconds=30)] * 2
    tables = cp.EventTables(calls=cp.Events(pl.DataFrame({**frame, "length": calls}), customer="who", time="day", value="length"))
    assert features_of(tables, ["a", "b"], "2024-01-02")["value__calls_last_value_1"].tolist() == [1530, 1530]


def test_a_refit_model_has_a_base_of_the_rows_that_are_given(rng):
    X = rng.normal(size=(2000, 3))
    y = (rng.random(2000) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    late = X[:, 0] > 1
    first = lightgbm.train({"objective": "binary", "num_leaves": 4, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, y), 5)
    booster = first.refit(X[late], y[late], decay_rate=0.0)
    alone, with_rows = cp.TreeShap(booster), cp.TreeShap(booster, background=X[late])
    assert alone.expected_value == pytest.approx(booster.predict(X[:1], pred_contrib=True)[0, -1])
    assert with_rows.expected_value == pytest.approx(booster.predict(X[late], raw_score=True).mean())
    assert with_rows.expected_value - alone.expected_value > 0.3


def test_categories_of_histogram_boosting_are_explained_to_the_score(rng):
    plan = rng.integers(0, 6, 1000)
    X = np.column_stack([plan, rng.normal(size=1000)])
    y = rng.random(1000) < np.array([0.6, 0.1, 0.3, 0.7, 0.05, 0.4])[plan]
    model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=5).fit(X, y)
    values, base = cp.TreeShap(model).shap_values(X)
    np.testing.assert_allclose(values.sum(axis=1) + base, model.decision_function(X), atol=1e-12)


def test_months_from_the_last_day_of_a_month_keep_to_the_last_day():
    january, month = pd.Timestamp("2024-01-31").value // 1000, span("1 month")
    found = [pd.Timestamp(month.times(k).after(january), unit="us").strftime("%m-%d") for k in range(1, 5)]
    assert found == ["02-29", "03-31", "04-30", "05-31"]


@pytest.fixture
def orders_with_nan():
    """Four orders of which one has NaN for an amount: not null, so that Parquet's statistics count it as there and leave it out."""
    days = [datetime.datetime(2024, 1, day) for day in range(1, 5)]
    return pa.table({"who": list("aabb"), "day": days, "amount": pa.array([10.0, 20.0, float("nan"), 30.0])})


def test_nan_in_parquet_is_missing_as_it_is_in_memory(orders_with_nan, tmp_path):
    pq.write_table(orders_with_nan, tmp_path / "orders.parquet")
    found = []
    for source in (orders_with_nan, str(tmp_path / "orders.parquet")):
        tables = cp.EventTables(orders=cp.Events(source, customer="who", time="day", value="amount"), timezone="UTC")
        found.append(features_of(tables, ["a", "b"], "2024-02-01"))
    pd.testing.assert_frame_equal(*found)
    assert found[0]["value__orders_sum_90d"].tolist() == [30, 30]


def test_a_plan_that_has_ended_is_missing_and_not_the_one_before():
    states = {"who": list("aabb"), "day": [datetime.datetime(2024, 1, 1), datetime.datetime(2024, 2, 1)] * 2}
    plans = cp.States(pl.DataFrame({**states, "plan": ["gold", None, "gold", "basic"]}), customer="who", time="day", values=["plan"])
    found = features_of(cp.EventTables(plans=plans, timezone="UTC"), ["a", "b"], "2024-03-01")["lifecycle__plans_plan"]
    assert found.isna().tolist() == [True, False]
    assert found.iloc[1] == "basic"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_in_any_unit_are_the_same_moments(unit):
    days = pd.Series(pd.to_datetime(["2024-01-01 10:00", "2024-01-03 15:00"])).astype(f"datetime64[{unit}]")
    orders = cp.Events(pd.DataFrame({"who": "a", "day": days}), customer="who", time="day")
    found = features_of(cp.EventTables(orders=orders, timezone="UTC"), ["a"], "2024-01-06")
    assert found["habit__orders_days_since_last"].tolist() == pytest.approx([2.375])


def test_one_large_order_does_not_hide_a_drift(rng):
    before, after = pd.Series(rng.normal(50, 10, 5000)), rng.normal(25, 10, 5000)
    bins = Bins(before)

    def index(amounts):
        return psi(*(bins.count(pd.Series(a), np.zeros(len(a), np.int64), 1)[0] for a in (before, amounts)))

    after_a_large_one = np.append(after[:-1], 10_000.0)
    assert index(after_a_large_one) == pytest.approx(index(after), rel=0.05)
    assert index(after) > 4


def test_a_missing_value_has_the_risk_of_customers_with_missing_values(rng):
    silence = rng.normal(size=3000)
    left = (rng.random(3000) < 0.2).astype(int)
    silence[:500], left[:500] = np.nan, rng.random(500) < 0.8
    model = cp.ChurnClassifier(random_state=0).fit(pd.DataFrame({"silence": silence}), left)
    unknown, known = model.predict_proba(pd.DataFrame({"silence": [np.nan, 0.0]}))[:, 1]
    assert unknown == pytest.approx(0.8, abs=0.1)
    assert known == pytest.approx(0.2, abs=0.1)
