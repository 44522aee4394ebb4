"""Numbers that are identifiers are refused by name and content, and warned of by content alone."""

import warnings

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, ContentError
from churnpredict.model.identifiers import why_identifier

QUICK = {"n_estimators": 5, "n_seeds": 1, "n_jobs": 1}


def rows(rng, n=400, **columns):
    X = pd.DataFrame({"habit__orders": rng.normal(size=n)} | columns)
    return X, (rng.random(n) < 1 / (1 + np.exp(-X["habit__orders"]))).astype(int)


@pytest.mark.parametrize("name", ["user_id", "userId", "ID", "lifecycle__customer_id", "Unnamed: 0"])
def test_numbers_called_an_id_are_refused(name, rng):
    X, y = rows(rng, **{name: rng.permutation(400) * 13 + 70_000})
    with pytest.raises(ContentError, match="identifier-column") as refused:
        cp.ChurnClassifier(**QUICK).fit(X, y)
    assert name in str(refused.value)
    cp.ChurnClassifier(**QUICK).fit(X.drop(columns=name), y)


def test_ids_of_several_cutoffs_are_counted_by_customer(rng):
    who = np.repeat(np.arange(100), 4)
    X, y = rows(rng, user_id=who * 7 + 1_000)
    X.index = pd.MultiIndex.from_arrays(
        [who, np.tile(pd.date_range("2024-01-01", periods=4, freq="30D"), 100)], names=["customer_id", "cutoff"]
    )
    with pytest.raises(ContentError, match="identifier-column"):
        cp.ChurnClassifier(**QUICK).fit(X, y)


def test_numbers_given_out_in_a_row_are_warned_of(rng):
    X, y = rows(rng, nummer=rng.permutation(400) + 5_000)
    with pytest.warns(ChurnWarning, match="identifier-like") as seen:
        cp.ChurnClassifier(**QUICK).fit(X, y)
    assert any("nummer" in str(w.message) for w in seen)


def test_a_count_that_changes_is_no_id_whatever_its_range(rng):
    who = np.repeat(np.arange(300), 6)
    count = pd.Series(np.r_[np.arange(300), rng.integers(0, 300, 1500)], name="habit__usage_count_365d")
    assert why_identifier(count, rng.permutation(who)) is None


def test_amounts_and_kinds_are_no_ids(rng):
    X, y = rows(rng, cents=rng.integers(100, 900_000, 400), region_id=rng.integers(1, 20, 400), index=rng.normal(size=400))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        cp.ChurnClassifier(**QUICK).fit(X, y)
    assert not [w for w in seen if "identifier" in str(w.message)]
