"""A part that fails is said to be missing, with its code; one customer has one value; a back-test of another date is told apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.errors import ChurnWarning, ContentError, SourceError, UsageError
from churnpredict.languages.catalogue import language_of
from churnpredict.report import collect
from churnpredict.report.backtest_files import date_backtest, read_backtest
from churnpredict.report.collect import find_all
from churnpredict.report.page import render_report

AT = "2023-12-01"
FAILS = {  # part -> what makes it
    "rates": "churn_rate",
    "tenure": "tenure_table",
    "cohorts": "cohorts",
    "definition": "rates_by_definition",
    "drift": "find_drift",
    "activity": "activity_part",
    "changes": "changes_part",
    "pairs": "pairs_part",
}


def page_of(found: collect.Findings, **more: Any) -> str:
    return render_report(found.scores, plan=found.plan, **found.parts, **more)


@pytest.mark.parametrize("part", FAILS)
def test_a_part_that_fails_is_said_with_its_code(
    trained: cp.ChurnPipeline, tables: cp.EventTables, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ContentError("planted-fault", "planted <b>here</b>", remedy="Take it out.")

    monkeypatch.setattr(collect, FAILS[part], fail)
    found = find_all(trained, tables, at=AT, plan={"value": 300.0})
    assert {name: error.code for name, error in found.failed.items()} == {part: "planted-fault"}
    page = page_of(found)
    assert page.count('not available [planted-fault]. <bdi lang="en">planted &lt;b&gt;here&lt;/b&gt;.') == 1


@pytest.fixture(scope="module")
def both_make_leave() -> cp.EventTables:
    """A business whose customers leave if they have tickets and price rises, and stay with either alone."""
    draw, first = np.random.default_rng(4), pd.Timestamp("2024-01-01")
    logs: dict[str, list[tuple[int, pd.Timestamp]]] = {"orders": [], "tickets": [], "rises": []}
    for who in range(400):
        has = dict(zip(("tickets", "rises"), draw.random(2) < 0.5, strict=True))
        last = int(draw.integers(150, 330)) if all(has.values()) else 400
        logs["orders"] += [(who, first + pd.Timedelta(days=int(day))) for day in np.cumsum(draw.integers(8, 13, last // 10))]
        for name in (name for name, there in has.items() if there):
            logs[name] += [(who, first + pd.Timedelta(days=int(day + draw.integers(0, 5)))) for day in range(0, last, 15)]
    drivers = {"orders": None, "tickets": "support", "rises": "price"}
    return cp.EventTables(
        **{
            name: cp.Events(pd.DataFrame(rows, columns=["who", "at"]), customer="who", time="at", driver=drivers[name])
            for name, rows in logs.items()
        }
    )


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_two_reasons_that_act_together_are_told_on_the_cards(both_make_leave: cp.EventTables) -> None:
    pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of="orders"), classifier=cp.ChurnClassifier(**QUICK))
    pipeline.fit(both_make_leave, until="2024-10-01")
    found = find_all(pipeline, both_make_leave, at="2024-10-01", plan={"value": 3000.0})
    why = pipeline.explain(both_make_leave, at="2024-10-01")
    told = why.pair_words().set_axis(why.index.get_level_values("customer_id")).dropna()
    assert found.plan is not None
    told = told[told.index.isin(found.plan.contacts["customer_id"])]
    pd.testing.assert_series_equal(found.parts["pairs"], told, check_names=False)
    assert len(told)
    assert told.str.startswith("Support and Price at the same time").mean() > 0.5  # what was planted
    page = page_of(found)
    assert page.count("at the same time (+") == len(told)


def test_nothing_is_missing_where_nothing_fails(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    found = find_all(trained, tables, at=AT)
    assert not found.failed
    assert "not available" not in page_of(found)


def test_a_damaged_run_is_said_and_the_others_are_judged(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    runs = [cp.runs.write_scores(trained, tables, tmp_path, at=at) for at in (AT, "2023-12-10")]
    whole = find_all(trained, tables, sent=tmp_path)
    part = next(runs[1].glob("part-*"))
    part.write_bytes(part.read_bytes()[:-1])
    found = find_all(trained, tables, sent=tmp_path)
    assert {name: error.code for name, error in found.failed.items()} == {"earlier": "damaged-run"}
    assert 0 < len(found.parts["drift"].outcomes) < len(whole.parts["drift"].outcomes)
    assert "Earlier scorings, compared with what happened: not available [damaged-run]" in page_of(found)


@pytest.mark.parametrize("content", ["no,scores\n1,2\n", "customer_id,cutoff,risk\nK0,2023-12-01,7\n", "\x00"])
def test_scorings_that_cannot_be_used_leave_the_rest_of_the_check(
    trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, content: str
) -> None:
    (tmp_path / "scores.csv").write_text(content)
    found = find_all(trained, tables, at=AT, sent=tmp_path / "scores.csv")
    assert list(found.failed) == ["earlier"]
    assert found.parts["drift"].customers > 0
    assert re.search(r"compared with what happened: not available \[[a-z-]+\]", page_of(found))


@pytest.mark.parametrize("content", ["cutoff\n2023-12-01\n", "cutoff,model,metric,value,low,high,n,leavers\nx,m,auc,1,1,1,1,1\n", ""])
def test_a_back_test_that_cannot_be_read(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, content: str) -> None:
    (tmp_path / "backtest.csv").write_text(content)
    read = read_backtest(tmp_path / "backtest.csv")
    assert isinstance(read["backtest"], SourceError)
    page = render_report(trained.score(tables, at=AT), **date_backtest(read, tables, trained.churn, AT))
    assert "Test on the past: not available [unreadable-backtest]" in page
    assert "Nothing on this page says how good these risks are" in page


def figures(cutoff: str) -> pd.DataFrame:
    names = ["cutoff", "model", "metric", "value", "low", "high", "n", "leavers"]
    return pd.DataFrame([(pd.Timestamp(cutoff), "model", "auc", 0.7, 0.6, 0.8, 100, 30)], columns=names)


@pytest.mark.parametrize(
    ("tested", "code"), [("2023-10-15", "later-backtest"), ("2023-12-15", "later-backtest"), ("2023-07-01", "old-backtest")]
)
def test_a_back_test_of_another_date_is_said_so(trained: cp.ChurnPipeline, tables: cp.EventTables, tested: str, code: str) -> None:
    with pytest.warns(ChurnWarning, match=code):
        parts = date_backtest({"backtest": figures(tested)}, tables, trained.churn, AT)
    page = render_report(trained.score(tables, at=AT), **parts)
    assert f"The backtest is of {language_of('en').day(pd.Timestamp(tested))}" in page


def test_a_back_test_of_the_right_date_needs_no_word(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    assert list(date_backtest({"backtest": figures("2023-10-01")}, tables, trained.churn, AT)) == ["backtest"]
    later = render_report(trained.score(tables, at=AT), backtest=figures("2023-12-15"))
    assert "it tests what came after the page" in later


@pytest.mark.parametrize("value", [300.0, "by customer"])
def test_one_customer_has_one_value(trained: cp.ChurnPipeline, tables: cp.EventTables, value: Any) -> None:
    scores = trained.score(tables, at=AT)
    if value == "by customer":
        value = pd.Series(np.arange(len(scores)) + 100.0, index=scores["customer_id"])
    found = find_all(trained, tables, at=AT, plan={"value": value})
    assert found.plan is not None
    wanted = dict(zip(scores["customer_id"], value if isinstance(value, pd.Series) else [value] * len(scores), strict=True))
    assert dict(zip(found.scores["customer_id"], found.scores["value"], strict=True)) == pytest.approx(wanted)
    on_cards = dict(zip(found.plan.table["customer_id"], found.plan.table["value"], strict=True))
    assert on_cards == pytest.approx({who: wanted[who] for who in on_cards})
    money = f"{sum(scores['risk'] * scores['customer_id'].map(wanted)):,.0f}"
    for shown in (found.scores, scores):  # the page goes by the plan, whatever the scores say
        page = render_report(shown, plan=found.plan)
        assert f"<dt>Money at risk</dt><dd>{money}" in page
    with pytest.raises(UsageError, match="other-customers"):
        render_report(scores.assign(customer_id=scores["customer_id"] + "x"), plan=found.plan)


def test_scores_and_runs_take_the_value_of_everybody(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    assert set(trained.score(tables, at=AT, value=300)["value"]) == {300.0}
    runs = [cp.runs.write_scores(trained, tables, tmp_path, at=AT, detail="drivers", value=v) for v in (300, 300.0, None)]
    assert [run.name for run in runs] == [AT, AT, f"{AT}.2"]
    assert set(cp.runs.read_scores(runs[0])["value"]) == {300.0}
    for wrong in (-1.0, float("nan"), True, "300"):
        with pytest.raises(UsageError, match="bad-argument"):
            trained.score(tables, at=AT, value=wrong)  # type: ignore[arg-type]


def test_hours_make_no_plan_and_the_page_says_why(log: pd.DataFrame, churn: cp.Inactivity) -> None:
    tables = cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur"))
    pipeline = cp.ChurnPipeline(churn, classifier=cp.ChurnClassifier(**QUICK)).fit(tables, until=AT)
    with pytest.warns(ChurnWarning, match="no-plan"):
        found = find_all(pipeline, tables, at=AT)
    assert found.scores[["value", "money_at_risk"]].isna().all(axis=None)
    assert "There is no plan, because nothing says what customers are worth." in page_of(found)
