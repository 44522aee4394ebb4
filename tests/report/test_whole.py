"""The facts of the whole customer base at the head of the page."""

import pandas as pd
from tests.report.test_page import check_page

import churnpredict as cp
from churnpredict.languages.catalogue import language_of
from churnpredict.report import page as module


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
