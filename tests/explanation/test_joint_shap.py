"""Models that share the bins of their rows give what each gives alone, to the last bit."""

import os

import lightgbm
import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.explanation import block_sums, joint_shap, table_kernels, treeshap
from churnpredict.explanation.joint_shap import values_of_each
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.codes import TreeCodes

FUZZ = int(os.environ.get("CHURNPREDICT_FUZZ", "60"))
KINDS = (
    {"zero_as_missing": True},
    {"use_missing": False},
    {"min_data_in_leaf": 2, "num_leaves": 4},
    {"min_data_in_leaf": 2, "num_leaves": 90, "max_depth": 18},  # too deep for tables
)


def boosters_of_one_table(seed, n=3):
    """Boosters on the same columns, with thresholds, categories and missing values of their own; one may use no column at all."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(400, 6)).round(rng.integers(1, 3))
    A[:, 0] = rng.integers(0, 40, 400)
    A[rng.random(A.shape) < 0.1] = np.nan
    A[rng.random(A.shape) < 0.1] = 0.0
    found = []
    for number in range(n):
        some = rng.random(400) < 0.7
        y = rng.integers(0, 2, 400) if number % 2 else np.nan_to_num(A[:, 1]) + np.nan_to_num(A[:, 0]) % 3 > 1
        options = {"objective": "binary", "verbose": -1, "seed": seed, "num_threads": 1, **KINDS[(seed + number) % len(KINDS)]}
        if number == 2 and seed % 3 == 0:
            options["min_data_in_leaf"] = 1000  # trees of one leaf
        train = lightgbm.Dataset(A[some], np.asarray(y[some], float), categorical_feature=[0])
        found.append(lightgbm.train(options, train, 8))
    return found, oracle.hard_rows(found[0], A, seed, n=60)


def alike(shaps, rows, groups):
    joint = values_of_each(shaps, rows, groups, n_jobs=1, few_rows=0)
    return [
        phi.tobytes() == own.tobytes() and expected == same
        for (phi, expected, _), (own, same) in zip(joint, each(shaps, rows, groups), strict=True)
    ]


def each(shaps, rows, groups):
    return [shap.shap_values(rows, groups=groups, few_rows=0) for shap in shaps]


@pytest.mark.parametrize("seed", range(12))
def test_values_are_those_of_each_model(seed, monkeypatch):
    boosters, rows = boosters_of_one_table(seed)
    shaps = [TreeShap(b) for b in boosters]
    joined, honest = [], joint_shap.JointTables.shap_values
    monkeypatch.setattr(joint_shap.JointTables, "shap_values", lambda self, *a, **k: joined.append(self) or honest(self, *a, **k))
    for groups in (None, np.array([0, 1, 0, 2, 1, 0])):
        assert all(alike(shaps, rows, groups))
    assert len(joined) == 2
    assert joined[0] is joined[1]  # built once


def test_threads_and_blocks_change_nothing():
    boosters, _ = boosters_of_one_table(1)
    shaps = [TreeShap(b) for b in boosters]
    rows = np.random.default_rng(0).normal(size=(3 * joint_shap.CHUNK // 2, 6))
    one = values_of_each(shaps, rows, None, n_jobs=1, few_rows=0)
    for (phi, _, raw), (own, _, same) in zip(values_of_each(shaps, rows, None, n_jobs=3, few_rows=0), one, strict=True):
        assert phi.tobytes() == own.tobytes()
        assert raw.tobytes() == same.tobytes()
    parts = [values_of_each(shaps, part, None, n_jobs=1, few_rows=0) for part in (rows[:5000], rows[5000:])]
    for place, (own, _, same) in enumerate(one):
        assert np.concatenate([part[place][0] for part in parts]).tobytes() == own.tobytes()
        assert np.concatenate([part[place][2] for part in parts]).tobytes() == same.tobytes()


@pytest.mark.parametrize("groups", [None, np.array([0, 1, 0, 2, 1, 0])])
def test_raw_scores_are_those_of_lightgbm_to_the_last_bit(groups, monkeypatch):
    for wide in (True, False):
        monkeypatch.setattr(treeshap, "FEW_TARGETS", block_sums.FEW_TARGETS if wide else 0)
        seen = 0
        for seed in range(FUZZ // 3):
            boosters, rows = boosters_of_one_table(seed)
            found = values_of_each([TreeShap(b) for b in boosters], rows, groups, n_jobs=1, few_rows=0)
            for booster, (_, _, raw) in zip(boosters, found, strict=True):
                if raw is not None:
                    assert raw.tobytes() == booster.predict(rows, raw_score=True).tobytes()
                    seen += 1
        assert seen > FUZZ // 3


def test_trees_of_one_leaf_and_deep_ones_have_no_raw_scores_here():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(3000, 14))
    chain = lightgbm.train({"objective": "regression", "verbose": -1, "num_leaves": 40, "min_data_in_leaf": 1, "feature_fraction": 0.4},
                           lightgbm.Dataset(A, np.cumsum(A > 0.8, axis=1).argmax(axis=1).astype(float)), 10)  # fmt: skip
    constant = lightgbm.train({"objective": "binary", "verbose": -1, "min_data_in_leaf": 5000}, lightgbm.Dataset(A, A[:, 0] > 0), 3)
    for booster in (chain, constant):
        phi, expected, raw = values_of_each([TreeShap(booster)], A[:200], None, n_jobs=1, few_rows=0)[0]
        np.testing.assert_allclose(phi.sum(axis=1) + expected, booster.predict(A[:200], raw_score=True), atol=1e-9)
        assert raw is None or raw.tobytes() == booster.predict(A[:200], raw_score=True).tobytes()
    assert raw is None


@pytest.mark.parametrize("fault", ["order", "leaf"])
def test_leaves_in_another_order_or_place_are_caught(fault, monkeypatch):
    boosters, rows = boosters_of_one_table(1, n=1)
    honest = table_kernels.fill_tables

    def spoilt(*given):
        *found, leaf_of_cell, expected = honest(*given)
        if fault == "leaf":
            leaf_of_cell[:-1] = leaf_of_cell[1:].copy()
        else:
            leaf_of_cell += 1e-16
        return *found, leaf_of_cell, expected

    monkeypatch.setattr(table_kernels, "fill_tables", spoilt)
    raw = values_of_each([TreeShap(boosters[0])], rows, None, n_jobs=1, few_rows=0)[0][2]
    assert raw.tobytes() != boosters[0].predict(rows, raw_score=True).tobytes()


def test_the_decisions_of_another_model_are_caught(monkeypatch):
    boosters, rows = boosters_of_one_table(1)
    monkeypatch.setattr(
        TreeCodes, "of_nodes", lambda self, nodes, honest=TreeCodes.of_nodes: honest(self, slice(0, nodes.stop - nodes.start))
    )
    assert not all(alike([TreeShap(b) for b in boosters], rows, None))


def test_few_rows_and_models_that_cannot_share_are_explained_alone(monkeypatch):
    boosters, rows = boosters_of_one_table(2)
    monkeypatch.setattr(joint_shap.JointTables, "shap_values", lambda *_, **__: pytest.fail("they were joined"))
    shaps = [TreeShap(b) for b in boosters]
    for (phi, _, raw), shap in zip(values_of_each(shaps, rows[:5], None, n_jobs=1, few_rows=None), shaps, strict=True):
        assert phi.tobytes() == shap.shap_values(rows[:5])[0].tobytes()
        assert raw is None
    against = [TreeShap(b, rows[:10]) for b in boosters]
    assert all(alike(against, rows, None))
