"""The plan on the page: twenty lines are seen, the rest is folded, and hold-out customers have no card."""

import re

import numpy as np
from tests.report.test_page import check_page

import churnpredict as cp
from churnpredict.report import page as module


def test_hold_out_customers_have_no_card(scores):
    plan = cp.plan_retention(scores, holdout=0.3)
    text = module.render_report(scores, plan=plan)
    held = plan.table.loc[plan.table["arm"] == "hold-out", "customer_id"]
    cards = "".join(re.findall(r'<details class="card">.*?</details>', text, re.DOTALL))
    assert not any(c in cards for c in held)
    assert all(c in text for c in held)


def test_twenty_lines_are_seen_and_the_rest_is_folded_grouped_by_remedy(scores):
    plan = cp.plan_retention(scores.assign(owner="Anna"), holdout=0.05, contact_cost=2.0)
    text = module.render_report(scores, plan=plan, unit="€")
    before, _, after = text.partition('<details class="more">')
    assert before.count('class="card"') == 20
    assert after.count('class="card"') == len(plan.contacts) - 20
    page = check_page(text).text
    for remedy in plan.contacts.head(20)["remedy"].unique():
        assert remedy in page
    assert "Anna" in page
    assert "An offer costs €10 assumed, because nobody has said" in page
    assert "A contact costs €2 as you said" in page
    assert "Offers that keep a customer who would leave 30 % assumed" in page


def test_without_a_plan_there_is_a_list_and_what_to_do_about_it(scores):
    nothing = scores.assign(value=np.nan, money_at_risk=np.nan)
    text = module.render_report(nothing)
    page = check_page(text).text
    assert "nothing says what customers are worth" in page
    assert "set value = 500 under [plan]" in page
    assert text.count('class="card"') == (scores["risk"] >= scores["risk"].mean()).sum()
    assert "–</span>" not in text, "no column of money that nobody knows"
    riskiest = scores.loc[scores["risk"].idxmax(), "customer_id"]
    assert riskiest in text.partition('<details class="more">')[0]
    assert "Mark payments or orders as money" in page
    assert "It takes one whole period" in page.replace("it takes", "It takes")


def test_a_budget_that_is_too_small_is_not_a_customer_base_without_profit(scores):
    """Both plans are empty; only one of them means that contacts do not pay."""
    poor = cp.plan_retention(scores, budget=0)
    hopeless = cp.plan_retention(scores, offer_cost=1e6)
    assert any(name.startswith("beyond") for name in poor.counts)
    assert not len(poor.contacts) + len(hopeless.contacts)
    poor_page, hopeless_page = (check_page(module.render_report(scores, plan=plan)).text for plan in (poor, hopeless))
    assert "the budget or the capacity is too small for any contact that would pay" in poor_page
    assert "no contact is expected to bring in more than it costs" not in poor_page
    assert "worth contacting" not in poor_page
    assert "no contact is expected to bring in more than it costs" in hopeless_page
