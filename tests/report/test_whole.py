"""The facts of the whole customer base at the head of the page."""

import numpy as np
import pandas as pd
import pytest
from tests.report.test_page import check_page
from tests.shops import HOSTILE

import churnpredict as cp
from churnpredict.languages.catalogue import language_of
from churnpredict.pipeline.backtest_result import Backtest
from churnpredict.report import page as module


@pytest.fixture(scope="module")
def everything():
    """What the page can show beside scores, plan and back-test."""
    rng = np.random.default_rng(1)
    shop = cp.make_business(400, random_state=3, rule="cancellation")
    rates, tenure = cp.churn_rate(shop.tables, shop.churn), cp.accounting.tenure_table(shop.tables, shop.churn)
    ids = [f"K{i:04d}" for i in range(400)]
    index = pd.MultiIndex.from_product([ids, [pd.Timestamp("2024-06-01")]], names=["customer_id", "cutoff"])
    risk = rng.beta(2, 8, 400)
    figures = Backtest([(pd.Timestamp("2024-06-01"), "model", "auc", 0.7, 0.6, 0.8, 400, 80, "clear")])
    figures.columns = ["cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal"]
    figures.predictions = pd.DataFrame({"outcome": (rng.random(400) < risk).astype(int), "model": risk}, index=index)
    return {
        "rates": rates,
        "tenure": tenure,
        "cohorts": cp.accounting.cohorts(shop.tables, shop.churn, period="Q"),
        "backtest": figures,
        "drift": pd.DataFrame({"where": [HOSTILE], "what": ["PSI 0.31"], "remedy": ["Retrain."]}),
        "unscored": pd.DataFrame({"customer_id": range(12), "reason": ["gone already"] * 9 + ["no data"] * 3}),
        "changes": pd.DataFrame({"words": [f"Risk up 3.0 points: {HOSTILE} +3.0."] * 400}, index=ids),
        "activity": pd.DataFrame(rng.poisson(1, (400, 26)) * (np.arange(26) < 24), index=ids),
    }


def test_the_page_tells_what_leaving_means_and_how_much_money_a_year(scores):
    churn = cp.Inactivity("73d", of="orders")
    text = check_page(module.render_report(scores, churn=churn, unit="€")).text
    assert "A customer counts as gone who has nothing under “orders” within 73 days after 1 Sep 2024." in text
    assert f"Money at risk a year €{5 * scores['money_at_risk'].sum():,.0f}" in text
    order = [
        "What leaving means here",
        "How far to trust it",
        "Money at risk",
        "Whom to contact",
        "Why they would leave",
        "How many have left",
    ]
    places = [text.index(head) for head in [*order, "For specialists"]]
    assert places == sorted(places)
    for rule, told in (
        (
            cp.Cancellation("90d", of="c", gap="7d"),
            "who cancels within 90 days after 1 Sep 2024. The first 7 days after that date do not count",
        ),
        (cp.SubscriptionEnd("3mo", of="s"), "whose contract ends within 3 months after 1 Sep 2024 and is not renewed"),
    ):
        assert told in check_page(module.render_report(scores, churn=rule)).text


def test_two_rates_are_both_shown_and_named(scores, everything):
    dates = pd.to_datetime(["2024-01-01", "2024-04-01"])
    definition = pd.DataFrame({"cutoff": dates, "customers": [200, 220], "lost": [20, 33], "involuntary": [2, 3]})
    definition = definition.assign(rate=definition["lost"] / definition["customers"], low=0.05, high=0.2)
    page = check_page(
        module.render_report(scores, definition=definition, churn=cp.Cancellation("90d", of="c"), rates=everything["rates"])
    ).text
    newest = everything["rates"].dropna(subset="rate").iloc[-1]
    assert (
        f"15 % by the definition above (1 Apr 2024), {language_of('en').percent(newest.rate)} by calendar period ({newest.period})" in page
    )
    assert "this is why these shares differ from those above" in page
