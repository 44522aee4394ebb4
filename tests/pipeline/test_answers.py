"""The pipeline's short ways: why (explain), when, and the page (report), each in one call."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICKEST

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.figures import amount as money
from churnpredict.pipeline import churn_pipeline

AT = "2023-12-01"


@pytest.fixture(scope="module")
def cancelling() -> tuple[cp.ChurnPipeline, cp.EventTables]:
    shop = cp.make_business(400, random_state=4, rule="cancellation")
    pipeline = cp.ChurnPipeline(shop.churn, horizons=["30d", "60d"], every="45d")
    own = churn_pipeline.default_classifier(shop.churn, horizons=pipeline.horizons)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: own.set_params(**QUICKEST))
        return pipeline.fit(shop.tables, until=AT), shop.tables


def test_explain_gives_the_risks_of_the_scores(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    why = trained.explain(tables, at=AT)
    assert isinstance(why, cp.Explanation)
    scores = trained.score(tables, at=AT).set_index("customer_id")
    np.testing.assert_allclose(why.risk.droplevel("cutoff").loc[scores.index], scores["risk"], atol=1e-12)
    np.testing.assert_allclose(why.points.sum(axis=1), why.risk - why.base_risk, atol=1e-9)
    first = why.top(3)["reason_1"].droplevel("cutoff").loc[scores.index]
    assert first.fillna("").tolist() == scores["reason_1"].fillna("").tolist()


def test_scores_know_the_unit_of_their_money(trained: cp.ChurnPipeline, tables: cp.EventTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "unit", "€")
    scores = trained.score(tables, at=AT)
    first = scores.iloc[0]["money_at_risk"]
    assert f"€{first:,.0f}" in repr(scores) if first >= 100 else f"€{first:.2f}" in repr(scores)


@pytest.mark.parametrize("given", ["report", "plan", "pipeline"])
def test_one_unit_stands_at_every_amount_of_the_page(
    trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """Wherever it was said: amounts in the reasons too."""
    costs = {"offer_cost": 1, "contact_cost": 0.2, "holdout": 0.0}
    if given == "pipeline":
        monkeypatch.setattr(trained, "unit", "€")
    said = {"report": {"unit": "€", "plan": costs}, "plan": {"plan": costs | {"unit": "€"}}, "pipeline": {"plan": costs}}[given]
    page = trained.report(tables, tmp_path / "page.html", at=AT, **said).read_text()  # type: ignore[arg-type]
    assert "worth €" in page
    assert not re.findall(r"worth [0-9][^<]{0,30}", page)
    assert trained.unit == ("€" if given == "pipeline" else ""), "the pipeline stays as it was"


def test_a_plan_and_a_page_of_scores_have_the_unit_of_the_scores(
    trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained, "unit", "€")
    scores = trained.score(tables, at=AT)
    plan = cp.plan_retention(scores, offer_cost=1, contact_cost=0.2, holdout=0.0)
    assert plan.unit == "€"
    assert f"{money(plan.profit.value, '€')}" in cp.write_report(scores, tmp_path / "page.html", plan=plan).read_text()
    assert cp.plan_retention(scores, unit="$").unit == "$"


def test_when_never_falls_and_sums(cancelling: tuple[cp.ChurnPipeline, cp.EventTables]) -> None:
    pipeline, tables = cancelling
    found = pipeline.when(tables, at=AT)
    scores = pipeline.score(tables, at=AT).set_index("customer_id")
    assert found.columns.tolist() == ["customer_id", "cutoff", "horizon", "by", "risk", "risk_left", "risk_lost", "stays"]
    assert found["horizon"].tolist() == ["30d", "60d", "90d"] * len(scores)
    risk = found.pivot_table(index="customer_id", columns="horizon", values="risk")
    assert (risk["30d"] <= risk["60d"]).all()
    assert (risk["60d"] <= risk["90d"]).all()
    np.testing.assert_allclose(found["risk"] + found["stays"], 1, atol=1e-12)
    np.testing.assert_allclose(found["risk_left"] + found["risk_lost"], found["risk"], atol=1e-12)
    for horizon, column in (("30d", "risk_30d"), ("60d", "risk_60d"), ("90d", "risk")):
        np.testing.assert_allclose(risk[horizon], scores.loc[risk.index, column], atol=1e-12)
    assert set(found["by"] - found["cutoff"]) == {pd.Timedelta(days=d) for d in (30, 60, 90)}


def test_when_of_silence_knows_the_whole_horizon_only(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    found = trained.when(tables, at=AT)
    assert set(found["horizon"]) == {"60d"}
    assert "risk_lost" not in found


def test_months_close_on_the_wall_clock() -> None:
    shop = cp.make_business(300, random_state=1, rule="cancellation")
    tables = cp.EventTables(timezone="Europe/Berlin", **shop.tables.declarations)
    churn = cp.Cancellation("3 months", of="cancellations", gap="7d")
    found = cp.ChurnPipeline(churn, classifier=cp.ChurnClassifier(**QUICKEST), every="60d").fit(tables, until=AT).when(tables, at=AT)
    assert set(found["by"]) == {pd.Timestamp("2024-03-08")}, "seven days, then three months: no hour lost to summer time"


def test_report_is_one_call(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "unit", "€")
    plan = cp.plan_retention(trained.score(tables, at=AT), offer_cost=1, contact_cost=0.2, holdout=0.0, unit="€")
    first = trained.report(tables, tmp_path / "given.html", at=AT, plan=plan, unit="€", title="Who to call")
    page = first.read_text()
    assert "Who to call" in page
    assert "<script" not in page
    told = trained.report(tables, tmp_path / "made.html", at=AT, plan={"offer_cost": 1, "contact_cost": 0.2, "holdout": 0.0}, unit="€")
    assert told.read_text() == page.replace("Who to call", "Customers at risk"), "a plan that is made is the plan that was given"
    trained.language = "ar"
    try:
        arabic = trained.report(tables, tmp_path / "ar.html", at=AT, plan={"offer_cost": 1, "contact_cost": 0.2}).read_text()
    finally:
        trained.language = "en"
    assert '<html lang="ar" dir="rtl">' in arabic
    assert "مع من تتواصلون" in arabic
    assert "Whom to contact" not in arabic
    assert "\ufffd" not in arabic, "marks that keep a sign beside its number are no damage"
    assert "(\u200e+" in arabic
    assert re.search(r'class="why"><b>[^<]+</b><span>[^<]+</span>', arabic), "the line of a customer says its fact"
    alerts = {"silent": "habit__orders_days_since_last >= 20"}
    figures = trained.backtest(tables, at=["2023-09-01"], rounds=5)
    with_more = trained.report(tables, tmp_path / "more.html", at=AT, backtest=figures, alerts=alerts).read_text()
    assert "silent" in with_more
    assert "AUC" in with_more
    assert "AUC" not in page


def test_an_untrained_pipeline_has_no_page(churn: cp.Inactivity, tables: cp.EventTables, tmp_path: Path) -> None:
    pipeline = cp.ChurnPipeline(churn)
    for call in (pipeline.explain, pipeline.when, lambda t: pipeline.report(t, tmp_path / "x.html")):
        with pytest.raises(UsageError, match="not-fitted"):
            call(tables)
    assert not list(tmp_path.iterdir())


def test_money_that_nobody_named_is_shown_as_assumed(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    plain = trained.backtest(tables, at=["2023-09-01"], rounds=5)
    named = trained.backtest(tables, at=["2023-09-01"], rounds=5, campaign=cp.Campaign(value=60, offer_cost=1, contact_cost=0.1))
    assert "Profits assume: a customer is worth 200, an offer costs 10, a contact 1, 30 % of offers keep a leaver." in plain.to_html()
    assert "Profits are reckoned so: a customer is worth 60, an offer costs 1, a contact 0.1" in named.to_html()
    told = named.predictions
    assert told is not None
    money = {"value": 60, "offer_cost": 1, "contact_cost": 0.1}
    from churnpredict.evaluation.metrics import expected_profit

    shown = named[(named["metric"] == "expected_profit") & (named["model"] == "model")]["value"].item()
    assert shown == pytest.approx(expected_profit(told["outcome"], told["model"], **money))
    with pytest.raises(UsageError, match="bad-argument"):
        cp.Campaign(value=-1, offer_cost=1, contact_cost=1)
