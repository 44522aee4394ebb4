"""Outcomes sum to the risk, shorter horizons are never riskier, and both are right where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import churnpredict as cp
from churnpredict.churn.outcomes import Outcomes
from churnpredict.errors import OutcomeError, UsageError
from churnpredict.model.sub_risks import earlier_horizons, expected_days, shares_of

QUICK = {"horizon": "90d", "members": ("trees", "linear"), "n_estimators": 120, "n_seeds": 1, "half_life": None, "n_jobs": 1}


@pytest.fixture(scope="module")
def world():
    """1,500 customers at 6 cutoffs with a constant hazard of their own for each outcome: every part of the risk is known."""
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product(
        [np.arange(1500), pd.date_range("2023-01-01", periods=6, freq="30D")], names=["customer_id", "cutoff"]
    )
    X = pd.DataFrame(rng.normal(size=(len(index), 3)).astype(np.float32), index=index, columns=["habit__a", "payment__b", "value__c"])
    own = 0.004 * np.exp(0.9 * X["habit__a"].to_numpy(dtype=float))
    forced = 0.002 * np.exp(1.1 * X["payment__b"].to_numpy(dtype=float))
    when = rng.exponential(1 / (own + forced))
    lost = rng.random(len(when)) < forced / (own + forced)
    left = when < 90
    y = pd.DataFrame({"duration": np.minimum(when, 90.0), "outcome": np.where(left, np.where(lost, 2, 1), 0)}, index=index)

    def truth(outcome=None, days=90.0):
        share = {None: 1.0, "left": own / (own + forced), "lost": forced / (own + forced)}[outcome]
        return share * (1 - np.exp(-(own + forced) * days))

    return X, y, truth


@pytest.fixture(scope="module")
def model(world):
    X, y, _ = world
    return cp.ChurnClassifier(horizons=["30d", "60d"], **QUICK).fit(X, y)


def test_outcomes_sum_to_the_risk_and_horizons_are_in_order(world, model) -> None:
    X, _, _ = world
    X = X[:2000]
    for horizon in (None, "30d", "60d", "90d"):
        left, lost = (model.predict_risk(X, outcome=one, horizon=horizon) for one in ("left", "lost"))
        np.testing.assert_allclose(left + lost, model.predict_risk(X, horizon=horizon), rtol=0, atol=1e-15)
    for outcome in (None, "left", "lost"):
        month, two, three = (model.predict_risk(X, outcome=outcome, horizon=h) for h in ("30d", "60d", "90d"))
        assert (month <= two).all()
        assert (two <= three).all()
    np.testing.assert_array_equal(model.predict_risk(X), model.predict_proba(X)[:, 1])


@pytest.mark.parametrize("outcome", [None, "left", "lost"])
@pytest.mark.parametrize("days", [30, 60, 90])
def test_every_part_is_calibrated(world, model, outcome, days) -> None:
    X, y, truth = world
    risk, true = model.predict_risk(X, outcome=outcome, horizon=f"{days}d"), truth(outcome, days)
    happened = (y["outcome"] > 0 if outcome is None else y["outcome"] == (1 if outcome == "left" else 2)) & (y["duration"] <= days)
    assert abs(risk.mean() - happened.mean()) < 0.01
    assert np.corrcoef(risk, true)[0, 1] > 0.93
    riskiest = risk > np.quantile(risk, 0.9)
    assert abs(risk[riskiest].mean() - true[riskiest].mean()) < 0.12 * true[riskiest].mean()


def test_lost_has_reasons_of_its_own(world, model) -> None:
    X, _, _ = world
    lost, left = (cp.explain(model, X[:500], outcome=one).summary()["mean_abs_points"] for one in ("lost", "left"))
    assert lost.idxmax() == "payment"
    assert left.idxmax() == "habit"


def test_a_table_of_all_parts(world, model) -> None:
    X, _, truth = world
    parts = model.predict_parts(X)
    assert parts.columns.tolist() == ["risk", "risk_left", "risk_lost", "risk_30d", "risk_60d", "expected_days"]
    assert parts.index.equals(X.index)
    np.testing.assert_array_equal(parts["risk_lost"], model.predict_risk(X, outcome="lost"))
    np.testing.assert_array_equal(parts["risk_30d"], model.predict_risk(X, horizon="30d"))
    life = -90 / np.log1p(-truth())
    usual = (life > np.quantile(life, 0.2)) & (life < np.quantile(life, 0.8))
    assert abs(np.log(parts["expected_days"] / life)[usual].median()) < 0.15
    assert parts["expected_days"].corr(pd.Series(life, index=X.index), method="spearman") > 0.9


def test_few_of_one_kind_give_one_share_for_all(world) -> None:
    X, y, _ = world
    few = y.copy()
    few.loc[few.index[few["outcome"] == 2][10:], "outcome"] = 1
    model = cp.ChurnClassifier(**QUICK).fit(X, few)
    ratio = model.predict_risk(X, outcome="lost") / model.predict_risk(X)
    assert np.ptp(ratio) < 1e-12
    assert ratio[0] == pytest.approx(10 / (few["outcome"] > 0).sum(), rel=0.1)
    why = cp.explain(model, X[:20], outcome="lost")  # one number for all has no reasons, and the rest still sums
    np.testing.assert_allclose(why.points.sum(axis=1), why.risk - why.base_risk, atol=1e-12)


def test_weights_count_and_rows_without_weight_do_not(world) -> None:
    X, y, _ = world
    some = np.where(np.arange(len(X)) < 5000, 1.0, 0.0)
    kept, weighted = cp.ChurnClassifier(**QUICK).fit(X[:5000], y[:5000]), cp.ChurnClassifier(**QUICK).fit(X, y, sample_weight=some)
    np.testing.assert_array_equal(kept.predict_parts(X[:50]).to_numpy(), weighted.predict_parts(X[:50]).to_numpy())


def test_plain_labels_teach_no_parts(world) -> None:
    X, y, _ = world
    model = cp.ChurnClassifier(**QUICK).fit(X, (y["outcome"] > 0).astype(int))
    assert model.predict_parts(X[:3]).columns.tolist() == ["risk"]
    with pytest.raises(UsageError, match="no-outcomes-apart"):
        model.predict_risk(X, outcome="lost")
    with pytest.raises(UsageError, match="unknown-horizon"):
        model.predict_risk(X, horizon="30d")
    with pytest.raises(UsageError, match="unknown-outcome-name"):
        model.predict_risk(X, outcome="lots")
    with pytest.raises(UsageError, match="no-outcomes-apart"):
        cp.explain(model, X, outcome="lost")
    with pytest.raises(UsageError, match="no-duration"):
        cp.ChurnClassifier(horizons=["30d"], **QUICK).fit(X, (y["outcome"] > 0).astype(int))


def test_inactivity_is_known_only_at_the_end(world) -> None:
    X, y, _ = world
    outcomes = Outcomes(y)
    outcomes.decided_at_end = True
    with pytest.raises(OutcomeError, match="shorter-horizon"):
        cp.ChurnClassifier(horizons=["30d"], **QUICK).fit(X, outcomes)


def test_horizons_are_checked() -> None:
    assert earlier_horizons(["60d", "2w"], "90d") == {"2w": 14.0, "60d": 60.0}
    for wrong in ("30d", ["120d"], 30):
        with pytest.raises(UsageError, match="bad-horizons"):
            earlier_horizons(wrong, "90d")
    with pytest.raises(UsageError, match="no-horizon"):
        earlier_horizons(["30d"], None)


def test_durations_start_at_the_cutoff_and_horizons_after_the_gap() -> None:
    y = pd.DataFrame({"duration": [8.0, 37.0, 38.0, 97.0, 97.0], "outcome": [1, 2, 1, 1, 0]})
    asked = shares_of(y, {"30d": 30.0, "60d": 60.0}, gap="7d")
    assert {k: v.tolist() for k, v in asked.items()} == {"60d": [1, 1, 1, 0, -1], "30d": [1, 0, 0, -1, -1], "lost": [0, 1, 0, 0, -1]}


def test_certain_leavers_have_days_too() -> None:
    assert np.isfinite(expected_days([0.0, 90.0], [np.ones(2), np.array([0.0, 1.0])])).all()


def test_a_reversed_chain_is_caught(world) -> None:
    """The planted fault: learning the shorter horizon from all leavers, not from those of the next, breaks calibration at once."""
    _, y, _ = world
    wrong = shares_of(y, {"30d": 30.0, "60d": 60.0}, gap="0d")
    leavers = (y["outcome"] > 0).to_numpy()
    right = (wrong["30d"] == 1).sum() / (wrong["30d"] >= 0).sum() * (wrong["60d"] == 1).sum() / leavers.sum()
    np.testing.assert_allclose(right, ((y["duration"] < 30) & leavers).sum() / leavers.sum())
    assert abs((y["duration"][leavers] < 30).mean() * (wrong["60d"] == 1).sum() / leavers.sum() - right) > 0.05


def test_rates_are_those_of_the_world(world, model) -> None:
    _, y, _ = world
    lost = (y["outcome"] == 2).sum() / (y["outcome"] > 0).sum()
    assert model.shares_["lost"].rate == pytest.approx(lost, abs=0.001)
    assert expit(model.shares_["lost"].constant) == pytest.approx(model.shares_["lost"].rate)


@pytest.mark.parametrize("members", [("sooner",), ("trees", "sooner")])
def test_trees_that_learn_who_left_early_keep_the_level_and_add_up(world, members) -> None:
    X, y, truth = world
    model = cp.ChurnClassifier(horizons=["30d"], **QUICK | {"members": members, "n_estimators": 60}).fit(X, y)
    assert model.training_record_["weights"]["sooner"] == 1 or "trees" in members
    risk = model.predict_risk(X)
    assert abs(risk.mean() - (y["outcome"] > 0).mean()) < 0.01  # of early leavers alone there are a third as many
    assert np.corrcoef(risk, truth())[0, 1] > 0.93
    why = cp.explain(model, X[:50])
    np.testing.assert_allclose(expit(why.base_value + why.drivers.sum(axis=1)), risk[:50], rtol=0, atol=1e-9)
    assert (model.predict_risk(X, horizon="30d") <= risk).all()


def test_members_learn_early_leavers_only_where_asked(world) -> None:
    X, y, _ = world
    small, quick = slice(0, 1200), QUICK | {"n_estimators": 20}
    fitted = cp.ChurnClassifier(**quick).fit(X[small], y[small])
    assert "sooner" not in fitted.training_record_["weights"]
    few = y[small].assign(duration=y[small]["duration"].clip(lower=31))
    none = cp.ChurnClassifier(**quick | {"members": ("trees", "linear", "sooner")}).fit(X[small], few)
    np.testing.assert_array_equal(none.predict_risk(X[small]), fitted.predict_risk(X[small]))  # fewer than 50 left early


def at_end(y):
    outcomes = Outcomes(y)
    outcomes.decided_at_end = True
    return outcomes


@pytest.mark.parametrize(
    ("given", "changes", "code"),
    [
        (lambda y: y["outcome"].to_numpy().clip(max=1), {}, "no-duration"),
        (lambda y: y[["outcome"]], {}, "no-duration"),
        (at_end, {}, "no-duration"),
        (lambda y: y, {"horizon": None}, "no-horizon"),
        (lambda y: y, {"members": ("soon",)}, "unknown-member"),
    ],
    ids=["labels", "no duration", "decided at the end", "no horizon", "no such member"],
)
def test_early_leavers_are_refused_where_nobody_knows_when(world, given, changes, code) -> None:
    X, y, _ = world
    with pytest.raises(UsageError) as caught:
        cp.ChurnClassifier(**QUICK | {"members": ("trees", "sooner")} | changes).fit(X[:1200], given(y[:1200]))
    assert caught.value.code == code
