"""The randomisation test keeps its level; effects by group hold the truth, all together; the plan keeps out what is not proven."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from churnpredict.errors import UsageError
from churnpredict.evaluation.uplift import UpliftModel
from churnpredict.evaluation.uplift_effects import effects_by_group, no_effect_test


def test_the_test_of_no_effect_keeps_its_level():
    found = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        y, arm = (rng.random(200) < 0.3).astype(float), (rng.random(200) < 0.5).astype(float)
        found.append(no_effect_test(y, arm, rounds=99, random_state=seed))
    assert np.mean(np.array(found) <= 0.05) <= 0.10
    assert 0.2 < np.mean(np.array(found) <= 0.5) < 0.7


def test_arms_are_drawn_again_as_they_were_drawn():
    """Cutoffs differ in both risk and share of contacts: without strata the test would find an effect that is not there."""
    rng = np.random.default_rng(3)
    cutoff = np.repeat([0, 1], 1000)
    arm = (rng.random(2000) < np.where(cutoff, 0.8, 0.2)).astype(float)
    y = (rng.random(2000) < np.where(cutoff, 0.5, 0.1)).astype(float)
    assert no_effect_test(y, arm, rounds=199) < 0.02
    assert no_effect_test(y, arm, cutoffs=cutoff, rounds=199) > 0.05
    # 20 customers with 50 rows each and one arm each: no evidence, though 1,000 rows look like some
    customer = np.repeat(np.arange(20), 50)
    own = np.repeat(np.arange(20) % 2, 50).astype(float)
    left = np.repeat(np.random.default_rng(8).random(20) < 0.5, 50).astype(float)
    assert no_effect_test(left, own, customers=customer, rounds=199) > no_effect_test(left, own, rounds=199)


def world(seed, n=6000):
    rng = np.random.default_rng(seed)
    reason = np.array(["price", "support", "habit"])[rng.integers(0, 3, n)]
    X = pd.DataFrame({"a": rng.normal(size=n), "b": (reason == "price").astype(float)})
    risk = 1 / (1 + np.exp(1.2 - X["a"]))
    kept = pd.Series(reason).map({"price": 0.5, "support": 0.25, "habit": 0.0}).to_numpy()
    arm = (rng.random(n) < 0.5).astype(int)
    y = (rng.random(n) < risk * (1 - kept * arm)).astype(int)
    truth = pd.Series(risk * kept).groupby(reason).mean()
    return X, y, arm, reason, truth


@pytest.mark.parametrize("seed", range(3))
def test_effects_by_driver_hold_the_truth(seed):
    X, y, arm, reason, truth = world(seed)
    model = UpliftModel(classifier=LogisticRegression(), learner="two", rounds=30).fit(X, y, arm, groups=reason)
    table = model.by_group_
    assert table.index[0] == "price"
    assert (table["low"] <= truth[table.index]).all()
    assert (table["high"] >= truth[table.index]).all()
    assert table.loc["price", "proven"]
    assert not table.loc["habit", "proven"]
    assert model.no_effect_ < 0.01


def test_few_leavers_have_no_interval_and_missing_groups_none():
    y, arm = np.tile([1.0, 0.0, 0.0, 1.0], 10), np.tile([0.0, 1.0, 0.0, 1.0], 10)
    table = effects_by_group([*["price"] * 12, *[None] * 28], y, y, arm)
    assert table.index.tolist() == ["price"]
    assert np.isnan(table.loc["price", "low"])
    assert not table.loc["price", "proven"]
    with pytest.raises(UsageError, match="unequal-lengths"):
        effects_by_group(["price"], y, y, arm)
    assert len(effects_by_group([None] * 40, y, y, arm)) == 0
