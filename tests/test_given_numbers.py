"""Numbers that people give: every public parameter takes the same numbers, and refuses the same things."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.displays import GainDisplay, ProfitDisplay, ReliabilityDisplay
from churnpredict.errors import ChurnError
from churnpredict.evaluation import metrics
from churnpredict.evaluation.curves import profit_curve, reliability_curve
from churnpredict.retention.pictures import renewals_by_week

Call = Callable[[Any], Any]
Y = np.tile([0, 0, 1], 40)
P = np.linspace(0.05, 0.95, 120)
MONEY = {"offer_cost": 10.0, "contact_cost": 1.0, "acceptance": 0.3}
LOG = pd.DataFrame({"u": np.repeat(range(8), 4), "t": pd.date_range("2024-01-01", periods=32, freq="5D")})
SCORES = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-01-01")], "risk": [0.5]})


def tables(**more: Any) -> cp.EventTables:
    frame = LOG.assign(v=1.0, c="EUR")
    return cp.EventTables(log=cp.Events(frame, customer="u", time="t", value="v", **more))


def money(name: str, call: Callable[..., Any]) -> Call:
    return lambda given: call(Y, P, **{"value": 100.0, **MONEY, name: given})


SHARES: dict[str, Call] = {
    "Campaign(acceptance)": lambda v: cp.Campaign(200.0, 10.0, 1.0, acceptance=v),
    "DownSell(drop)": lambda v: cp.rules.DownSell("30d", drop=v).drop,
    "gain(k)": lambda v: metrics.gain(Y, P, k=v),
    "lift(k)": lambda v: metrics.lift(Y, P, k=v),
    "bootstrap_interval(level)": lambda v: metrics.bootstrap_interval(metrics.auc, Y, P, rounds=5, level=v),
    "compare(level)": lambda v: metrics.compare(Y, P, P / 2, rounds=5, level=v),
    "churn_rate(level)": lambda v: cp.churn_rate(tables(), cp.Inactivity("30d"), period="M", level=v, min_group=1),
    "suggest_horizon(returning)": lambda v: cp.accounting.suggest_horizon(tables(), returning=v),
    "profit_curve(acceptance)": money("acceptance", profit_curve),
}
AMOUNTS: dict[str, Call] = {
    "Campaign(value)": lambda v: cp.Campaign(v, 10.0, 1.0),
    "Campaign(offer_cost)": lambda v: cp.Campaign(100.0, v, 1.0),
    "Campaign(contact_cost)": lambda v: cp.Campaign(100.0, 1.0, v),
    "rates": lambda v: tables(currency="c", rates={"EUR": v}),
    "profit_curve(offer_cost)": money("offer_cost", profit_curve),
    "ProfitDisplay(contact_cost)": money("contact_cost", ProfitDisplay.from_predictions),
    "expected_profit(offer_cost)": money("offer_cost", metrics.expected_profit),
}
WHOLE: dict[str, Call] = {
    "reliability_curve(bins)": lambda v: reliability_curve(Y, P, bins=v),
    "brier_decomposition(bins)": lambda v: metrics.brier_decomposition(Y, P, bins=v),
    "calibration_error(bins)": lambda v: metrics.calibration_error(Y, P, bins=v),
    "ReliabilityDisplay(bins)": lambda v: ReliabilityDisplay.from_predictions(Y, P, bins=v),
    "GainDisplay(rounds)": lambda v: GainDisplay.from_predictions(Y, P, rounds=v),
    "compare(rounds)": lambda v: metrics.compare(Y, P, P / 2, rounds=v),
    "ReturnCurve.comes_back(days)": lambda v: cp.accounting.return_curve(tables()).comes_back(v),
    "TemporalSplit(n_splits)": lambda v: list(cp.TemporalSplit(v, horizon="2d").split(*split_rows())),
    "TemporalSplit(test_size)": lambda v: list(cp.TemporalSplit(1, horizon="2d", test_size=v).split(*split_rows())),
    "churn_rate(min_group)": lambda v: cp.churn_rate(tables(), cp.Inactivity("30d"), period="M", min_group=v),
    "Feature(nth)": lambda v: cp.Feature("log", "last_gap", nth=v),
    "renewals_by_week(weeks)": lambda v: renewals_by_week(SCORES, {"a": "2024-01-09"}, weeks=v),
}
WRONG = [True, np.True_, "3", float("nan"), float("inf"), -1, 1j, [2], pd.NA]
_ALL = {**SHARES, **AMOUNTS, **WHOLE}


def split_rows() -> tuple[pd.DataFrame, np.ndarray]:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    index = pd.MultiIndex.from_product([range(3), days], names=["customer_id", "cutoff"])
    return pd.DataFrame({"x": 1.0}, index=index), np.tile([0, 1], 60)


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", _ALL)
def test_what_is_not_a_number_in_range_is_refused(name: str) -> None:
    for given in [*WRONG, *([2.5] if name in WHOLE else [])]:
        with pytest.raises(ChurnError):
            _ALL[name](given)


@pytest.mark.parametrize("name", _ALL)
def test_every_kind_of_number_is_taken(name: str) -> None:
    number = 0.5 if name in SHARES else 2
    for kind in (np.float32, np.float64, Decimal, Fraction, *([np.int64, np.int8, int] if name not in SHARES else [])):
        _ALL[name](kind(number))


def test_a_short_float_is_the_decimal_that_it_is_written_as() -> None:
    """29.00 to 20.30 is exactly 30 %, and ``np.float32(0.3)`` is a little more than 0.3."""
    prices = pd.DataFrame({"u": [1, 1], "t": ["2024-01-01", "2024-03-01"], "p": [29.0, 20.3]})
    there = cp.EventTables(prices=cp.States(prices, customer="u", time="t", values=["p"]), observed_until="2024-09-01")
    for drop in (0.3, np.float32(0.3), Decimal("0.3"), Fraction(3, 10)):
        rule = cp.rules.DownSell("60d", of="prices", value="p", drop=drop)
        past = cp.take_snapshots(there, rule, at="2024-02-01")
        assert cp.label_churn(there, past, rule)["outcome"].tolist() == [1], type(drop)
        assert rule == cp.rules.DownSell("60d", of="prices", value="p", drop=0.3)


def test_rates_without_a_currency_or_twice_are_refused() -> None:
    for more in ({"rates": {"EUR": 1.0}}, {"currency": "c", "rates": {1: 1.0, "1": 2.0}}, {"currency": "c", "rates": [("EUR", 1.0)]}):
        with pytest.raises(ChurnError, match="bad-rate"):
            tables(**more)


def test_a_campaign_is_told_in_the_amounts_that_were_given() -> None:
    told = str(cp.Campaign(value=1_234_567.5, offer_cost=0.05, contact_cost=Decimal("16777217"), acceptance=0.005))
    assert told == "a customer is worth 1,234,567.5, an offer costs 0.05, a contact 16,777,217, 0.5 % of offers keep a leaver"
