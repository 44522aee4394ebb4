"""Contracts on the page: months by hand, the same figures as the accounts give, and nothing where contracts or money are not known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.report.page import render_report
from churnpredict.report.revenue_section import coming_renewals, recurring_revenue, renewals_told, revenue_told

SCORES = pd.DataFrame({"customer_id": ["a"], "risk": [0.4], "cutoff": [pd.Timestamp("2024-06-01", tz="UTC")]})
RULE = cp.SubscriptionEnd("60d", of="contracts", grace="10d")
MONTHS = pd.DataFrame(
    {
        "period": ["2024-03", "2024-04", "2024-05"],
        **{"start": [1000.0, 1100.0, np.nan], "new": [150.0, 0.0, np.nan], "expansion": [20.0, 5.0, np.nan]},
        **{"contraction": [30.0, 0.0, np.nan], "churn": [90.0, 55.0, np.nan], "returned": [50.0, 0.0, np.nan]},
        **{"end": [1100.0, 1050.0, np.nan], "net_retention": [0.9, 0.95, np.nan], "note": ["", "", "immature until 2024-06-11"]},
    }
)
COMING = pd.DataFrame(
    {
        "period": ["2024-06", "2024-07", "2024-08", "2024-09"],
        **{"contracts": [10.0, np.nan, 8.0, 3.0], "amount": [1000.0, np.nan, 800.0, 300.0], "scored": [10.0, np.nan, 6.0, np.nan]},
        **{"renews": [0.8, np.nan, 0.7, np.nan], "at_risk": [200.0, np.nan, 150.0, np.nan]},
        **{"at_risk_low": [120.0, np.nan, 80.0, np.nan], "at_risk_high": [300.0, np.nan, 240.0, np.nan]},
        "note": ["", "fewer than 5 customers", "2 without a chance", "beyond the longest horizon"],
    }
)


def declared(**money):
    rows = [(who, "2024-01-01", None, 100.0) for who in "abcde"] + [
        ("f", "2024-02-10", "2024-04-15", 60.0),
        ("g", "2024-03-05", None, 40.0),
    ]
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "eur"])
    role = {"customer": "user", "start": "from", "end": "to", "value": "eur", "end_inclusive": False}
    return cp.EventTables(contracts=cp.Intervals(frame, **role, **money), observed_until="2024-06-15")


def test_months_by_hand() -> None:
    told = revenue_told(recurring_revenue(declared(money=True, per="month"), RULE))
    assert told is not None
    found = {row["label"]: tuple(row[name] for name in ("start", "new", "churn", "end")) for row in told["rows"]}
    assert found == {
        "2024-01": (0.0, 500.0, 0.0, 500.0),
        "2024-02": (500.0, 60.0, 0.0, 560.0),
        "2024-03": (560.0, 40.0, 0.0, 600.0),
        "2024-04": (600.0, 0.0, 60.0, 540.0),
        "2024-05": (540.0, 0.0, 0.0, 540.0),
    }
    assert told["last"]["net_retention"] == 1.0


def test_every_line_adds_up_and_months_that_are_not_over_are_left_out() -> None:
    told = revenue_told(MONTHS)
    assert told is not None
    assert [row["label"] for row in told["rows"]] == ["2024-03", "2024-04"]
    for row in told["rows"]:
        assert row["start"] + row["new"] + row["expansion"] - row["contraction"] - row["churn"] == row["end"]
    assert revenue_told(MONTHS.tail(1)) is None


@pytest.mark.parametrize("money", [{}, {"money": False}])
def test_what_is_not_declared_as_money_is_not_revenue(money: dict[str, bool]) -> None:
    assert recurring_revenue(declared(**money), RULE) is None


def test_a_history_without_a_whole_month_has_no_bridge() -> None:
    frame = pd.DataFrame({"user": list("abcde"), "from": "2024-05-20", "to": None, "eur": 10.0})
    contracts = cp.Intervals(frame, customer="user", start="from", end="to", value="eur", money=True, per="month")
    assert recurring_revenue(cp.EventTables(contracts=contracts, observed_until="2024-06-01"), RULE) is None


def test_renewals_with_what_is_hidden_and_what_lies_too_far_ahead() -> None:
    told = renewals_told(COMING, language_of("en"))
    assert told is not None
    assert [(row["label"], row["note"]) for row in told["rows"]] == [
        ("2024-06", ""),
        ("2024-07", "fewer than five customers"),
        ("2024-08", "2 of them without a chance: too far ahead"),
    ]
    assert (told["contracts"], told["at_risk"], told["later"], told["later_amount"]) == (16, 350.0, 3, 300.0)
    assert renewals_told(COMING.tail(1), language_of("en"))["rows"] == []


def test_the_loss_to_expect_lies_between_its_bounds() -> None:
    rare = COMING.head(1).assign(at_risk=15.0, at_risk_low=0.0, at_risk_high=0.0)  # two contracts that are hardly ever lost
    told = renewals_told(rare, language_of("en"))
    assert told is not None
    assert [(row["at_risk_low"], row["at_risk"], row["at_risk_high"]) for row in told["rows"]] == [(0.0, 15.0, 15.0)]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_tells_it(code: str) -> None:
    spoken = language_of(code)
    text = render_report(SCORES, churn=RULE, renewals=COMING, revenue=MONTHS, unit="€", language=code)
    for key in ("renewals.head", "revenue.head"):
        assert spoken.say(key) in text
    lost = spoken.amount(350, "€")
    assert spoken.say("renewals.told", days=spoken.span("days", 60), n=16, risk=lost) in text
    assert spoken.say("revenue.kept", share=spoken.percent(0.95).replace(" ", "\u00a0")) in text


def test_the_page_says_nothing_of_contracts_where_none_are_known() -> None:
    text = render_report(SCORES, renewals=None, revenue=None)
    assert 'id="renewals"' not in text
    assert 'id="revenue"' not in text
    failed = cp.ChurnError("broken", "it broke", remedy="Mend it.")
    assert "What became of the revenue: not available [broken]" in render_report(SCORES, revenue=failed)


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_renewals_are_those_of_the_accounts() -> None:
    shop = cp.make_business(120, random_state=3)
    contracts = shop.tables.declarations["subscriptions"]
    tables = cp.EventTables(subscriptions=contracts, observed_until=shop.end)
    churn = cp.SubscriptionEnd("60d", of="subscriptions", grace="14d")
    learner = cp.ChurnClassifier(horizon="60d", n_estimators=5, n_jobs=1, min_leavers=5)
    rows = [cp.Feature("subscriptions", "days_to_end")]
    pipeline = cp.ChurnPipeline(churn, classifier=learner, every="60d", features=rows).fit(tables, until="2024-01-01")
    X = pipeline.features_at(tables, pd.Timestamp("2024-03-01"))
    found = coming_renewals(pipeline, tables, X)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(cp.accounting.renewals(pipeline, tables, at="2024-03-01")))
    plain = cp.EventTables(subscriptions=dataclasses.replace(contracts, money=False, per=None), observed_until=shop.end)
    assert coming_renewals(pipeline, plain, X) is None
