"""Models that share the bins of their rows give what each gives alone, to the last bit."""

import lightgbm
import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.explanation import joint_shap
from churnpredict.explanation.joint_shap import values_of_each
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.codes import TreeCodes

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
        for (phi, expected), (own, same) in zip(joint, each(shaps, rows, groups), strict=True)
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
    for (phi, _), (own, _) in zip(values_of_each(shaps, rows, None, n_jobs=3, few_rows=0), one, strict=True):
        assert phi.tobytes() == own.tobytes()
    parts = [values_of_each(shaps, part, None, n_jobs=1, few_rows=0) for part in (rows[:5000], rows[5000:])]
    for place, (own, _) in enumerate(one):
        assert np.concatenate([part[place][0] for part in parts]).tobytes() == own.tobytes()


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
    for (phi, _), shap in zip(values_of_each(shaps, rows[:5], None, n_jobs=1, few_rows=None), shaps, strict=True):
        assert phi.tobytes() == shap.shap_values(rows[:5])[0].tobytes()
    against = [TreeShap(b, rows[:10]) for b in boosters]
    assert all(alike(against, rows, None))
