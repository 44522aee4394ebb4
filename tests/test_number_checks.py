"""Numbers that a person gives: a wrong type or range is refused at every public door, and nothing is clipped in silence."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.evaluation import metrics
from churnpredict.number_checks import check_number, check_numbers, check_rounds, check_share, check_whole_number, is_whole_number

SCORES = pd.DataFrame({"customer_id": ["a", "b", "c"], "risk": [0.9, 0.5, 0.01], "value": [15.0, 500.0, 900.0]})
Y, P = np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.2, 0.6])
NOT_NUMBERS: list[Any] = [
    True,
    np.True_,
    "30",
    "30 %",
    1 + 0j,
    [1.0, 2.0],
    float("nan"),
    float("inf"),
    -float("inf"),
    pd.NA,
    np.timedelta64(30, "D"),
]


def plan(**given: Any) -> Any:
    return cp.plan_retention(SCORES, holdout=given.pop("holdout", 0), **given)


def quick(**given: Any) -> Any:
    X = pd.DataFrame({"a__x": np.arange(80.0), "a__y": np.arange(80) % 7.0})
    return cp.ChurnClassifier(**({"n_jobs": 1, "n_estimators": 5, "n_seeds": 1} | given)).fit(X, np.arange(80) % 2)


def rates(**given: Any) -> Any:
    log = pd.DataFrame({"u": [1, 2] * 9, "t": pd.date_range("2024-01-01", periods=18, freq="17D")})
    return cp.churn_rate(cp.EventTables(log=cp.Events(log, customer="u", time="t")), cp.Inactivity("30d"), **given)


DOORS: dict[str, Callable[[Any], Any]] = {
    "plan value": lambda v: plan(value=v),
    "plan budget": lambda v: plan(budget=v),
    "plan offer": lambda v: plan(offer_cost=v),
    "plan contact": lambda v: plan(contact_cost=v),
    "plan acceptance": lambda v: plan(acceptance=v),
    "plan holdout": lambda v: plan(holdout=v),
    "plan capacity": lambda v: plan(capacity=v),
    "plan uplift": lambda v: plan(uplift=[v, 0.1, 0.1]),
    "playbook": lambda v: plan(playbook={"support": {"acceptance": v}}),
    "metric k": lambda v: metrics.gain(Y, P, k=v),
    "metric value": lambda v: metrics.empc(Y, P, value=v, offer_cost=10, contact_cost=1),
    "metric acceptance": lambda v: metrics.expected_profit(Y, P, value=200, offer_cost=10, contact_cost=1, acceptance=v),
    "metric level": lambda v: metrics.bootstrap_interval(metrics.auc, Y, P, level=v, rounds=3),
    "metric bins": lambda v: metrics.calibration_error(Y, P, bins=v),
    "metric weights": lambda v: metrics.auc(Y, P, sample_weight=[1, v, 1, 1]),
    "rates value": lambda v: rates(value=v),
    "rates payments": lambda v: rates(value=10, payments=v),
    "rates level": lambda v: rates(level=v),
    "rates min_group": lambda v: rates(min_group=v),
    "rule drop": lambda v: cp.rules.DownSell("90d", drop=v),
    "trees": lambda v: quick(n_estimators=v),
    "rate of learning": lambda v: quick(learning_rate=v),
    "min_leavers": lambda v: quick(min_leavers=v),
    "seed": lambda v: quick(random_state=v),
    "nth": lambda v: cp.Feature("orders", "last_gap", nth=v),
    "business": cp.make_business,
    "business season": lambda v: cp.make_business(20, season=v),
}


@pytest.mark.parametrize("door", DOORS)
def test_what_is_no_number_is_refused(door: str) -> None:
    for given in NOT_NUMBERS:
        if door == "plan uplift" and given is not True and pd.isna(given) is True:
            continue  # an uplift may be missing
        if isinstance(given, str) and door in ("plan value", "plan offer", "rates value"):
            continue  # the name of a column or of a table
        if isinstance(given, list) and door in ("plan offer", "plan value", "plan uplift", "metric weights"):
            continue
        with pytest.raises(ValueError, match=r"\[[a-z-]+\]"):
            DOORS[door](given)


@pytest.mark.parametrize(
    ("door", "given"),
    [
        ("plan uplift", 30),
        ("plan uplift", 1.5),
        ("plan uplift", "0.3"),
        ("plan value", -5),
        ("plan budget", -1),
        ("plan acceptance", 30),
        ("plan acceptance", -0.1),
        ("plan holdout", 0.6),
        ("plan holdout", 10),
        ("plan capacity", 2.5),
        ("plan capacity", -1),
        ("plan offer", -3),
        ("metric k", 10),
        ("metric acceptance", 30),
        ("metric weights", -1),
        ("metric bins", 0),
        ("metric bins", 2.5),
        ("metric value", 5),
        ("rates payments", 0),
        ("rates level", 95),
        ("rule drop", 30),
        ("rule drop", 0),
        ("trees", 2.5),
        ("trees", 0),
        ("min_leavers", -1),
        ("nth", 1.5),
        ("business", 10.5),
    ],
)
def test_what_is_out_of_range_is_refused(door: str, given: Any) -> None:
    with pytest.raises(UsageError):
        DOORS[door](given)


def test_percent_is_told_from_a_share() -> None:
    with pytest.raises(UsageError, match=r"acceptance is 30\. Give a share from 0 to 1: 30 % is 0\.3"):
        plan(acceptance=30)
    with pytest.raises(UsageError, match=r"drop is 25\. .*25 % is 0\.25"):
        cp.rules.DownSell("90d", drop=25)


def test_numbers_of_every_make_are_one_number() -> None:
    for given in (30, 30.0, np.int8(30), np.float32(30), Decimal(30), np.array(30)):
        assert check_number(given, "x") == 30.0
        assert check_whole_number(given, "x") == 30
        assert plan(value=given).table["value"].tolist() == plan(value=30).table["value"].tolist()
    assert check_share(np.float64(0.3), "x") == 0.3
    assert check_numbers([Decimal("0.5"), None, 1], "x", missing=True)[[0, 2]].tolist() == [0.5, 1.0]


def test_arrays_are_counted_and_never_shown() -> None:
    with pytest.raises(UsageError, match=r"value holds what is not a number, such as a text \(1 of 3 rows\)") as caught:
        plan(value=[1.0, "secret", 2.0])
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match=r"uplift holds numbers out of range \(2 of 3 rows\)\. Give numbers from -1 to 1"):
        plan(uplift={"a": 30, "b": 0.1, "c": -2})


def test_an_uplift_above_the_risk_is_told() -> None:
    with pytest.warns(cp.ChurnWarning, match=r"uplifts are larger than the risk.*1 of 3 rows.*uplift-above-risk"):
        found = plan(uplift={"a": 0.95, "b": 0.2, "c": 0.0})
    assert found.table.set_index("customer_id")["acceptance"].to_dict()["b"] == 0.4


@pytest.mark.parametrize("metric", [metrics.log_loss, metrics.brier, metrics.calibration_slope, metrics.calibration_error])
def test_percent_are_no_risks(metric: Callable[..., float]) -> None:
    with pytest.raises(UsageError, match=r"p holds numbers out of range \(4 of 4 rows\)"):
        metric(Y, 100 * P)


def test_labels_of_a_metric_are_0_and_1() -> None:
    with pytest.raises(UsageError, match=r"y holds other than 0 and 1 \(2 of 4 rows\)"):
        metrics.auc([1, 2, 1, 2], P)


def test_numbers_beyond_all_floats_are_refused_and_rounds_have_an_end():
    """Python's whole numbers have no end; a call that resamples 1e300 times has none either."""
    for given in (10**400, -(10**5000), Fraction(10**400, 3), Decimal("1e400"), Decimal("sNaN")):
        for check in (check_number, check_share, check_whole_number):
            with pytest.raises(UsageError, match=r"^it is .{1,20}\. Give") as caught:
                check(given, "it")
            assert caught.value.code == "bad-argument"
        assert not is_whole_number(given)
    for given in (1e300, 10**9, 100_001, -1, 2.5):
        with pytest.raises(UsageError, match="from 0 to 100,000"):
            check_rounds(given)
    assert check_rounds(100_000) == 100_000
