"""explain: any additive model, any frame, the same reasons whatever the road."""

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.oracles.additivity import violations

from churnpredict.errors import MismatchError, UsageError
from churnpredict.explanation import contributions
from churnpredict.explanation.attribution import explain
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.encoding import EncodedRows

QUIET = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 7, "min_data_in_leaf": 5}


def _top_by_hand(why, k):
    rows = []
    for _, row in why.points.iterrows():
        ranked = sorted(((-v, j, key) for j, (key, v) in enumerate(row.items()) if v > 0))
        ranked = [one for i, one in enumerate(ranked) if i == 0 or -one[0] > 0.1 * abs(row.sum())][:k]  # less is no reason to act on
        rows.append([key for _, _, key in ranked] + [None] * (k - len(ranked)) + [-v for v, _, _ in ranked] + [np.nan] * (k - len(ranked)))
    names = [f"reason_{i + 1}" for i in range(k)] + [f"reason_{i + 1}_points" for i in range(k)]
    return pd.DataFrame(rows, index=why.index, columns=names)


def test_shapes_names_and_index(book):
    model, X, _ = book
    why = explain(model, X)
    assert list(why.drivers.columns) == ["habit", "value", "support", "lifecycle"]
    assert why.values.index.equals(X.index)
    assert list(why.values.columns) == list(X.columns)
    assert why.points.shape == (len(X), 4)
    assert np.allclose(why.feature_points.sum(axis=1), why.risk - why.base_risk, atol=1e-9)
    assert why.base_rate == pytest.approx(model.base_rate_)
    assert len(why) == len(X)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_top_only_names_what_raises_the_risk(book, k):
    model, X, _ = book
    why = explain(model, X.iloc[:60])
    top = why.top(k)
    expected = _top_by_hand(why, k)
    for i in range(1, k + 1):
        assert list(top[f"reason_{i}"].fillna("none")) == list(expected[f"reason_{i}"].fillna("none"))
    points = [f"reason_{i}_points" for i in range(1, k + 1)]
    np.testing.assert_allclose(top[points].to_numpy(dtype=float), expected[points].to_numpy(dtype=float))
    assert np.nanmin(top[points].to_numpy(dtype=float)) > 0


def test_top_is_padded_when_there_are_fewer_drivers(rng):
    X = pd.DataFrame({"habit__a": rng.normal(size=300)})
    model = ChurnClassifier(n_estimators=20, n_jobs=1).fit(X, (X["habit__a"] + rng.normal(size=300) > 0).astype(int))
    top = explain(model, X).top(3)
    assert list(top.columns)[:3] == ["reason_1", "reason_2", "reason_3"]
    assert top["reason_3"].isna().all()


@pytest.mark.parametrize("k", [0, 5, -1])
def test_more_than_four_reasons_are_refused(book, k):
    model, X, _ = book
    with pytest.raises(UsageError, match="bad-reasons"):
        explain(model, X.iloc[:5]).top(k)


def test_drivers_only_are_the_same_drivers_without_the_matrix(book):
    model, X, _ = book
    whole, frugal = explain(model, X), explain(model, X, detail="drivers")
    np.testing.assert_allclose(frugal.by_driver, whole.by_driver, atol=1e-12)
    assert frugal.by_feature is None
    with pytest.raises(UsageError, match="only-drivers"):
        _ = frugal.values
    with pytest.raises(UsageError, match="unknown-choice"):
        explain(model, X, detail="all")


def test_blocks_change_nothing(book, monkeypatch):
    model, X, _ = book
    whole = explain(model, X)
    monkeypatch.setattr(contributions, "BLOCK_CELLS", 100 * X.shape[1])
    parts = explain(model, X)
    np.testing.assert_allclose(parts.by_feature, whole.by_feature, atol=1e-12)
    assert parts.index.equals(X.index)


def test_other_frames_and_orders_give_the_same(book):
    model, X, _ = book
    X = X.iloc[:50]
    expected = explain(model, X)
    shuffled = explain(model, X[X.columns[::-1]].assign(extra=1.0))
    np.testing.assert_array_equal(shuffled.by_feature, expected.by_feature)
    assert shuffled.features == expected.features
    assert shuffled.frame().equals(expected.frame())
    polars = explain(model, pl.from_pandas(X.reset_index()))
    np.testing.assert_allclose(polars.by_feature, expected.by_feature, atol=1e-12)
    assert polars.index.names == ["customer_id", "cutoff"]


def test_array_in_array_out(rng):
    A = rng.normal(size=(400, 3))
    model = ChurnClassifier(n_estimators=20, n_jobs=1).fit(A, (A[:, 0] + rng.normal(size=400) > 0).astype(int))
    why = explain(model, A, drivers={"x0": "habit"})
    assert why.features == ["x0", "x1", "x2"]
    assert list(why.drivers.columns) == ["habit", "other"]
    assert violations(why, model.decision_function(A)) == []
    assert why[3].frame().shape == (1, 3)


def test_booster_columns_are_checked(book):
    _, X, y = book
    flat = X.drop(columns="lifecycle__customers_plan")
    booster = lightgbm.train(QUIET, lightgbm.Dataset(flat, y.to_numpy()), 5)
    with pytest.raises(MismatchError, match="missing-column"):
        explain(booster, flat.iloc[:, 1:])
    with pytest.raises(MismatchError, match="other-width"):
        explain(booster, flat.to_numpy()[:, 1:])
    unnamed = lightgbm.train(QUIET, lightgbm.Dataset(flat.to_numpy(), y.to_numpy()), 5)
    assert explain(unnamed, flat).features == list(flat.columns)
    with pytest.raises(MismatchError, match="other-width"):
        explain(unnamed, flat.iloc[:, 1:])


def test_progress_bar_only_on_request(book, capsys):
    model, X, _ = book
    explain(model, X)
    assert "explaining" not in capsys.readouterr().err
    explain(model, X, progress=True)
    assert "explaining" in capsys.readouterr().err


@pytest.mark.parametrize("detail", ["features", "drivers"])
def test_margins_come_with_the_reasons_to_the_last_bit(book, detail, monkeypatch):
    """Of rows that are scored as well: whether tables, LightGBM or the members themselves computed them is not seen."""
    model, X, _ = book
    whole = model.margin(X)
    A = model.encode(X)
    assert explain(model, X).margin is None
    for rows in (slice(None), slice(0, 7)):
        why = explain(model, EncodedRows(X[rows], A[rows]), detail=detail)
        assert why.margin.tobytes() == whole[rows].tobytes()
        assert why[2:5].margin.tobytes() == whole[rows][2:5].tobytes()
        for name, part in model.predict_parts(X[rows]).items():
            assert model.parts_of_encoded(A[rows], why.margin)[name].tobytes() == part.to_numpy().tobytes()
    monkeypatch.setattr(contributions, "BLOCK_CELLS", 300 * A.shape[1])
    assert explain(model, EncodedRows(X, A), detail=detail).margin.tobytes() == whole.tobytes()
    with contributions.always_by_tables():
        assert explain(model, EncodedRows(X[:9], A[:9]), detail=detail).margin.tobytes() == whole[:9].tobytes()
