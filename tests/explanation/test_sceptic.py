"""What reasons must not do: outlive a shuffled column or outcome, say less than chance when deleted, or change on a rerun."""

import numpy as np
import pandas as pd
import pytest

from churnpredict import ChurnClassifier, explain
from churnpredict.explanation.stability import compare_reasons
from churnpredict.model.calibration import sigmoid

OPTIONS = {"n_jobs": 1, "members": ("trees",), "n_estimators": 60, "n_seeds": 1}


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(11)
    n = 2500
    X = pd.DataFrame(
        {
            "habit__silence": rng.exponential(30, n),
            "price__rises": rng.poisson(0.4, n).astype(float),
            "support__open": rng.poisson(0.3, n).astype(float),
            "value__spend": rng.normal(size=n),
        }
    )
    y = (rng.random(n) < sigmoid(X["habit__silence"] / 25 + 1.2 * X["price__rises"] + X["support__open"] - 3)).astype(int)
    return X, y, ChurnClassifier(**OPTIONS, random_state=0).fit(X, y)


def weight(why):
    return np.abs(why.points).mean()


def test_a_shuffled_column_loses_its_reasons(world):
    X, y, model = world
    mixed = X.assign(price__rises=np.random.default_rng(1).permutation(X["price__rises"].to_numpy()))
    true, false = weight(explain(model, X)), weight(explain(ChurnClassifier(**OPTIONS, random_state=0).fit(mixed, y), mixed))
    assert false["price"] < 0.15 * true["price"]
    assert false["habit"] > 0.7 * true["habit"]


def test_shuffled_outcomes_have_no_reasons(world):
    X, y, model = world
    none = ChurnClassifier(**OPTIONS, random_state=0).fit(X, np.random.default_rng(2).permutation(y))
    assert weight(explain(none, X)).sum() < 0.15 * weight(explain(model, X)).sum()


def test_deleting_reasons_moves_the_risk_sooner_than_deleting_at_random(world):
    X, _, model = world
    risky = X.iloc[np.argsort(-model.predict_proba(X)[:, 1])[:200]].reset_index(drop=True)
    why, usual = explain(model, risky), X.median()
    rng = np.random.default_rng(3)

    def curve(order):
        rows, areas = risky.copy(), []
        for step in range(3):
            for j, name in enumerate(X):
                rows.loc[order[:, step] == j, name] = usual[name]
            areas.append(model.predict_proba(rows)[:, 1].mean())
        return np.mean(areas)

    by_reason = np.argsort(-why.values.to_numpy(), axis=1)
    at_random = [curve(np.argsort(rng.random(by_reason.shape), axis=1)) for _ in range(5)]
    assert curve(by_reason) < min(at_random) - 0.05


def test_reruns_agree_where_the_first_reason_leads_clearly(world):
    X, y, model = world
    first = explain(model, X.iloc[:500])
    for seed in (1, 2):
        found = compare_reasons(first, explain(ChurnClassifier(**OPTIONS, random_state=seed).fit(X, y), X.iloc[:500]))
        assert found["same_clear"] > 0.9
