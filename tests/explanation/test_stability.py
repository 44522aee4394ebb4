"""Agreement of two explanations, against a count by hand."""

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import UsageError
from churnpredict.explanation.attribution import explain
from churnpredict.explanation.stability import compare_reasons, confused_reasons
from churnpredict.model.classifier import ChurnClassifier


@pytest.fixture(scope="module")
def two(book):
    model, X, y = book
    other = ChurnClassifier(n_estimators=60, n_jobs=1, random_state=1).fit(X.iloc[::2], y.iloc[::2])
    return explain(model, X.iloc[:100]), explain(other, X.iloc[20:140])


def test_figures_by_hand(two):
    one, other = two
    found = compare_reasons(one, other, k=2)
    first, second = one[slice(20, 100)], other[slice(0, 80)]
    assert found["rows"] == 80
    tops = [(a, b) for a, b in zip(first.top(1)["reason_1"].fillna("-"), second.top(1)["reason_1"].fillna("-"), strict=True)]
    assert found["same_first"] == pytest.approx(np.mean([a == b for a, b in tops]))
    drivers = np.sort(np.maximum(first.drivers.to_numpy(), 0), axis=1)
    clear = drivers[:, -1] - drivers[:, -2] >= 0.05
    assert 0 < clear.mean() < 1
    assert found["clear"] == pytest.approx(clear.mean())
    assert found["same_clear"] == pytest.approx(np.mean([a == b for (a, b), c in zip(tops, clear, strict=True) if c]))
    sets = [[set(row.dropna()) for _, row in why.top(2)[["reason_1", "reason_2"]].iterrows()] for why in (first, second)]
    assert found["overlap"] == pytest.approx(
        np.mean([len(a & b) / max(len(a), len(b)) if a | b else 1 for a, b in zip(*sets, strict=True)])
    )
    assert found["driver_change"] == pytest.approx((first.drivers - second.drivers).abs().to_numpy().mean())
    features = (first.values - second.values).abs().sum(axis=1).mean() / len(first.table)
    assert found["feature_change"] == pytest.approx(features)
    assert 0 < found["ratio"] <= 1


def test_the_same_model_agrees_with_itself_whatever_the_order(two):
    one, _ = two
    found = compare_reasons(one, one[np.arange(100)[::-1]])
    assert (found["same_first"], found["overlap"], found["driver_change"]) == (1.0, 1.0, 0.0)


def test_drivers_only_give_no_feature_change(book):
    model, X, _ = book
    why = explain(model, X.iloc[:200], detail="drivers")
    assert np.isnan(compare_reasons(why, why)["feature_change"])


def test_rows_must_meet_once(two):
    one, other = two
    with pytest.raises(UsageError, match="no-common-rows"):
        compare_reasons(one[slice(0, 10)], other)
    with pytest.raises(UsageError, match="repeated-rows"):
        compare_reasons(one[[0, 0]], other)


def test_confusion_is_by_true_driver(two):
    one, _ = two
    top = one.top(1)["reason_1"]
    truth = pd.Series(top.to_numpy(), index=one.index.get_level_values(0)).dropna()
    table = confused_reasons(one, truth)
    assert np.allclose(table.sum(axis=1), 1)
    assert all(table.loc[key, key] == 1 for key in table.index)
