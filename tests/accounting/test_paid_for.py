"""Amounts of contracts are per month in every account: as declared, as given, or taken to be, which the table and the page say."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting import renewals, retention_forecast, revenue_bridge, revenue_churn, transitions
from churnpredict.accounting.paid_for import ASSUMED, MONTH, UNTOLD, amounts_per
from churnpredict.errors import ChurnWarning, UsageError
from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.report.page import render_report
from churnpredict.report.revenue_section import recurring_revenue

RULE = cp.SubscriptionEnd("90d", of="contracts", grace="10d")
PAID = {"month": 1.0, "year": 12.0, "contract": 24.0}  # how much more than a month's amount is paid for each, in terms of two years
UNDECLARED = "taken to be per month"


def contracts(times=1.0, **money):
    """Five customers of 100 a month and five of 40, on two-year terms around a leap day; those of 40 leave in May 2024."""
    rows = [(f"a{n}", "2023-03-01", None, "2025-03-01", 100.0) for n in range(5)]
    rows += [(f"b{n}", "2022-06-01", "2024-05-15", "2024-06-01", 40.0) for n in range(5)]
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "until", "eur"])
    frame["eur"] *= times
    role = {"customer": "user", "start": "from", "end": "to", "planned_end": "until", "value": "eur", "end_inclusive": False}
    return cp.EventTables(contracts=cp.Intervals(frame, **role, **money), observed_until="2024-09-01")


class Trained:
    """What renewals reads of a pipeline: each customer leaves within 90 days with a chance of 40 %."""

    churn = RULE

    def when(self, tables, at=None):
        found = pd.DataFrame({"customer_id": [f"{kind}{n}" for kind in "ab" for n in range(5)], "risk": 0.4, "horizon": "90d"})
        return found.assign(by=pd.Timestamp("2024-07-30", tz="UTC"))


def figures(tables):
    """Every account that reads amounts of contracts, as plain frames."""
    span = {"start": "2024-01-01", "end": "2024-08-01"}
    return {
        "bridge": revenue_bridge(tables, RULE, value="contracts", min_group=1),
        "page": recurring_revenue(tables, RULE),
        "renewals": renewals(Trained(), tables, at="2024-05-01", draws=100, min_group=1),
        "revenue churn": revenue_churn(tables, RULE, value="contracts", min_group=1),
        "transitions": transitions(tables, RULE, value="contracts", min_group=1, **span),
        "forecast": retention_forecast(tables, RULE, value="contracts", draws=100),
        "rate": cp.churn_rate(tables, RULE, value="contracts", min_group=1),
    }


@pytest.mark.parametrize("per", PAID)
def test_by_hand(per):
    told = figures(contracts(PAID[per], money=True, per=per))
    months = told["bridge"].set_index("period")
    assert months.loc["2024-02", ["start", "end"]].tolist() == [700.0, 700.0]
    assert months.loc["2024-05", ["start", "churn", "end"]].tolist() == [700.0, 200.0, 500.0]
    coming = told["renewals"].set_index("period")
    assert coming.loc["2024-06", "amount"] == 200.0
    assert coming.loc["2025-03", "amount"] == 500.0
    page = told["page"].set_index("period")
    assert page.loc["2024-05", ["start", "churn", "end"]].tolist() == [700.0, 200.0, 500.0]
    quarters = told["revenue churn"].set_index("period")
    assert quarters.loc["2024Q2", ["start", "lost_revenue", "end"]].tolist() == [700.0, 200.0, 500.0]
    assert told["transitions"]["money_start"].sum() == 700.0
    assert told["rate"].set_index("period").loc["2024Q2", "average_payment"] == 40.0


def test_every_account_is_the_same_whatever_the_amounts_are_paid_for():
    plain = figures(contracts(money=True, per="month"))
    for per in ("year", "contract"):
        for name, found in figures(contracts(PAID[per], money=True, per=per)).items():
            pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(plain[name]), obj=f"{name} {per}")


@pytest.mark.parametrize("per", PAID)
def test_given_to_the_bridge_is_as_declared(per):
    given = revenue_bridge(contracts(PAID[per]), RULE, value="contracts", per=per, min_group=1)
    declared = revenue_bridge(contracts(PAID[per], money=True, per=per), RULE, value="contracts", min_group=1)
    pd.testing.assert_frame_equal(pd.DataFrame(given), pd.DataFrame(declared))
    assert given.amounts_per == declared.amounts_per == MONTH


@pytest.mark.parametrize(
    "account",
    [
        lambda t: revenue_bridge(t, RULE, value="contracts", min_group=1),
        lambda t: recurring_revenue(t, RULE),
        lambda t: renewals(Trained(), t, at="2024-05-01", draws=100, min_group=1),
        lambda t: revenue_churn(t, RULE, value="contracts", min_group=1),
        lambda t: transitions(t, RULE, start="2024-01-01", end="2024-08-01", value="contracts", min_group=1),
        lambda t: retention_forecast(t, RULE, value="contracts", draws=100),
    ],
)
def test_an_assumption_is_never_silent(account):
    with pytest.warns(ChurnWarning, match=r'table "contracts": .*taken to be per month.*per="month".*\[amounts-per-month\]') as caught:
        found = account(contracts(money=True))
    assert len([w for w in caught if getattr(w.message, "code", "") == "amounts-per-month"]) == 1
    assert found.amounts_per == ASSUMED
    assert UNDECLARED in repr(found)
    assert UNDECLARED in found._repr_html_()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = account(contracts(money=True, per="month"))
    assert known.amounts_per == MONTH
    assert UNDECLARED not in repr(known)


def test_the_unit_stands_below_every_table_with_amounts():
    told = figures(contracts(money=True, per="year"))
    without = told.pop("forecast")
    for name, found in told.items():
        assert "Amounts are per month." in repr(found), name
        assert "Amounts are per month." in found._repr_html_(), name
    assert "Amounts" not in repr(without)
    assert "Amounts" not in repr(told["bridge"][["period", "net_retention"]])
    assert "Amounts are per month." in repr(told["bridge"][["period", "end"]])


def test_prices_and_payments_are_not_asked_what_they_are_paid_for():
    prices = cp.States(pd.DataFrame({"user": ["a"], "since": ["2024-01-01"], "eur": [9.0]}), customer="user", time="since", values=["eur"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert amounts_per(cp.EventTables(prices=prices, observed_until="2024-06-01"), "prices.eur") == UNTOLD


def test_a_contradiction_is_refused():
    with pytest.raises(UsageError, match=r'per is "month", and amounts are declared per year.*\[bad-argument\]'):
        revenue_bridge(contracts(money=True, per="year"), value="contracts", per="month")


SCORES = pd.DataFrame({"customer_id": ["a"], "risk": [0.4], "cutoff": [pd.Timestamp("2024-06-01", tz="UTC")]})


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_the_page_says_what_the_amounts_are_paid_for(code):
    spoken = language_of(code)
    for how, key, other in (({}, "assumed", "month"), ({"per": "year"}, "month", "assumed")):
        tables = contracts(money=True, **how)
        coming = renewals(Trained(), tables, at="2024-05-01", draws=100, min_group=1)
        revenue = revenue_bridge(tables, RULE, value="contracts", min_group=1)
        text = render_report(SCORES, churn=RULE, renewals=coming, revenue=revenue, unit="€", language=code)
        assert text.count(spoken.say(f"contracts.{key}")) == 2
        assert spoken.say(f"contracts.{other}") not in text
