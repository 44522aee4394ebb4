"""Columns are found by name, of whatever type, and hold numbers or categories: anything else is refused by name, at training and after."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnpredict.errors import ChurnError
from churnpredict.model.classifier import ChurnClassifier

NAMES = {
    "text": ["a", "b", "c", "d"],
    "numbers": [3, 1, 2, 0],
    "positions": [0, 1, 2, 3],
    "floats": [1.5, 0.5, 2.5, 3.5],
    "pairs": [("m", 1), ("m", 2), ("n", 1), ("n", 2)],
    "times": list(pd.date_range("2024-01-01", periods=4)),
    "bools and none": [True, None, "z", 2],
}


def quick():
    return ChurnClassifier(n_estimators=8, n_seeds=1, n_jobs=1)


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(200, 4)) * [1, 2, 3, 4]
    return A, (rng.random(200) < 1 / (1 + np.exp(-2 * A[:, 0] + A[:, 1]))).astype(int)


@pytest.fixture(scope="module")
def models(values):
    A, y = values
    return {kind: (X := pd.DataFrame(A, columns=names), quick().fit(X, y)) for kind, names in NAMES.items() if kind != "bools and none"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(4)), kind=st.sampled_from([k for k in NAMES if k != "bools and none"]))
def test_permuted_columns_give_the_same(models, order, kind):
    X, model = models[kind]
    np.testing.assert_array_equal(model.predict_proba(X.iloc[:, list(order)]), model.predict_proba(X))
    np.testing.assert_array_equal(
        model.predict_proba(X.iloc[:, list(order)].assign(extra=1.0) if kind == "text" else X), model.predict_proba(X)
    )


def test_other_names_are_refused_and_arrays_are_taken_by_position(models):
    X, model = models["numbers"]
    with pytest.raises(ChurnError, match="missing-column"):
        model.predict_proba(X.set_axis([3, 1, 2, 9], axis=1))
    np.testing.assert_array_equal(model.predict_proba(X.to_numpy()), model.predict_proba(X))


def test_bools_with_blanks_are_numbers_whenever_they_come(values):
    A, y = values
    X = pd.DataFrame(A[:, :2], columns=["a", "b"]).assign(flag=A[:, 2] > 0)
    blank = X.assign(flag=X["flag"].astype(object).where(A[:, 3] > 0, None))
    nullable = X.assign(flag=X["flag"].astype("boolean").where(A[:, 3] > 0))
    for trained in (X, blank, nullable):
        model = quick().fit(trained, y)
        np.testing.assert_array_equal(model.predict_proba(blank), model.predict_proba(nullable))
        assert np.isfinite(model.predict_proba(X)).all()


def test_decimals_and_sparse_columns_are_numbers(values):
    A, y = values
    X = pd.DataFrame(np.round(A, 2), columns=list("abcd"))
    model = quick().fit(X, y)
    exact = X.assign(a=[decimal.Decimal(f"{v:.2f}") for v in X["a"]])
    sparse = X.assign(b=pd.arrays.SparseArray(X["b"].to_numpy()))
    for other in (exact, sparse):
        np.testing.assert_array_equal(model.predict_proba(other), model.predict_proba(X))
        np.testing.assert_array_equal(quick().fit(other, y).predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    "make",
    [
        lambda n: [datetime.date(2024, 1, 1 + i % 28) for i in range(n)],
        lambda n: pd.period_range("2000-01", periods=n, freq="M"),
        lambda n: pd.to_timedelta(np.arange(n) % 5, unit="D"),
        lambda n: [datetime.timedelta(days=i % 5) for i in range(n)],
        lambda n: [datetime.time(i % 24) for i in range(n)],
        lambda n: pd.date_range("2024-01-01", periods=n, tz="UTC"),
        lambda n: pd.Categorical(pd.date_range("2024-01-01", periods=n)),
        lambda n: [[1, 2]] * n,
        lambda n: np.arange(n) * 1j,
    ],
    ids=["date", "period", "timedelta", "duration", "time of day", "zoned", "category of times", "list", "complex"],
)
def test_what_is_no_value_is_refused_by_name_at_both_ends(values, make):
    A, y = values
    X = pd.DataFrame(A, columns=list("abcd"))
    spoilt = X.assign(b=make(len(X)))
    for call in (lambda: quick().fit(spoilt, y), lambda: quick().fit(X, y).predict_proba(spoilt)):
        with pytest.raises(ChurnError, match='column "b"') as caught:
            call()
        assert caught.value.code in ("time-as-feature", "not-a-value")
