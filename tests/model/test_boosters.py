"""Every training goes through one place: dense data sets, checked parameters, no more threads than help. Nothing here ends a process."""

import ast
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

import lightgbm
import numpy as np
import pandas as pd
import pytest

import churnpredict
from churnpredict.errors import TrainingError, UsageError
from churnpredict.model import boosters, training
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.tree_parameters import PARAMETERS, REFUSED, read_parameters

SOURCE = Path(churnpredict.__file__).parent


def quick(**parameters):
    return ChurnClassifier(**({"n_estimators": 12, "n_jobs": 1, "n_seeds": 1, "members": ("trees",)} | parameters))


@pytest.fixture
def sparse_rows(rng):
    """Harmless rows, most of whose values are 0, as counts are."""
    A = np.where(rng.random((600, 12)) < 0.9, 0.0, rng.poisson(3, (600, 12)))
    X = pd.DataFrame(A, columns=[f"c{j}" for j in range(12)]).assign(plan=pd.Categorical(rng.choice(["a", "b", "c"], 600)))
    return X, (rng.random(600) < 1 / (1 + np.exp(1 - A[:, 0]))).astype(int)


@pytest.fixture
def seen(monkeypatch):
    """What LightGBM is really given: parameters of data sets and of trainings."""
    given = {"data": [], "training": []}
    make, learn = lightgbm.Dataset, lightgbm.train

    def note_data(*args, **options):
        given["data"].append(options.get("params"))
        return make(*args, **options)

    def note_training(parameters, data, **options):
        given["training"].append((parameters, data))
        return learn(parameters, data, **options)

    monkeypatch.setattr(lightgbm, "Dataset", note_data)
    monkeypatch.setattr(lightgbm, "train", note_training)
    return given


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"bagging_fraction": 0.3},
        {"enable_bundle": True, "max_bin": 15},
        {"extra_trees": True, "subsample": 0.5},
        {"interaction_constraints": [["c0", "c1"], [2, "plan"]]},
    ],
)
def test_data_sets_are_dense_whatever_is_asked(sparse_rows, seen, more):
    X, y = sparse_rows
    quick(members=("trees", "linear"), lightgbm_params=more).fit(X, y)
    assert len(seen["data"]) == 2
    assert len(seen["training"]) > 10
    for parameters in [*seen["data"], *(given for given, _ in seen["training"])]:
        assert parameters["is_enable_sparse"] is False
        assert not set(parameters) & {"is_sparse", "enable_sparse", "sparse"}  # another name would win over it
    for _, data in seen["training"]:  # and so are the rows taken out of them
        assert data.get_params()["is_enable_sparse"] is False


def test_rows_are_not_taken_out_of_a_sparse_data_set(sparse_rows):
    X, y = sparse_rows
    data = lightgbm.Dataset(X.iloc[:, :12].to_numpy(), y, params={"verbosity": -1, "num_threads": 1}).construct()
    with pytest.raises(TrainingError, match="unsafe-data-set"):
        boosters.take_rows(data, np.arange(10))


def test_one_file_knows_lightgbm():
    """Whoever else imports it could train past the guard."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(name.split(".")[0] == "lightgbm" for name in names):
                found.add(path.relative_to(SOURCE).as_posix())
    assert found == {"model/boosters.py"}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_would_spoil_or_end_a_training_is_refused_by_name(name):
    with pytest.raises(UsageError) as caught:
        read_parameters({name: 1}, [])
    assert caught.value.code == "refused-parameter"
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"boosting": "rf"}, "bad-parameter"),
        ({"boosting_type": "dart"}, "bad-parameter"),
        ({"data_sample_strategy": "goss"}, "bad-parameter"),
        ({"objective": "multiclass"}, "bad-parameter"),
        ({"objective": lambda y, p: (y, p)}, "bad-parameter"),
        ({"num_class": 3}, "unknown-parameter"),
        ({"forcedsplits_filename": "splits.json"}, "unknown-parameter"),
        ({"input_model": "other.txt"}, "unknown-parameter"),
        ({"device_type": "gpu"}, "unknown-parameter"),
        ({"lamda_l2": 1.0}, "unknown-parameter"),
        ({"lambda_l2": 1.0, "reg_lambda": 2.0}, "parameter-twice"),
        ({"lambda_l2": "1 num_leaves=3"}, "bad-parameter"),
        ({"lambda_l2": np.nan}, "bad-parameter"),
        ({"lambda_l2": np.inf}, "bad-parameter"),
        ({"lambda_l2": [1, 2]}, "bad-parameter"),
        ({"learning_rate": 1e300}, "bad-parameter"),
        ({"num_leaves": 131_072}, "bad-parameter"),
        ({"num_leaves": 15.5}, "bad-parameter"),
        ({"max_bin": 1}, "bad-parameter"),
        ({"bin_construct_sample_cnt": 1}, "bad-parameter"),
        ({"extra_trees": 1}, "bad-parameter"),
        ({"metric": "ndcg"}, "bad-parameter"),
        ({"interaction_constraints": [[0, 99]]}, "unknown-feature"),
        ({"interaction_constraints": [[]]}, "bad-parameter"),
        ([("lambda_l2", 1.0)], "bad-parameter"),
    ],
)
def test_parameters_outside_their_range_are_refused(sparse_rows, seen, given, code):
    X, y = sparse_rows
    with pytest.raises(UsageError) as caught:
        quick(lightgbm_params=given).fit(X, y)
    assert caught.value.code == code
    assert not seen["training"]


@pytest.mark.parametrize(
    "settings",
    [{"n_estimators": 0}, {"n_estimators": 1e9}, {"n_seeds": -1}, {"learning_rate": 0}, {"num_leaves": 1}, {"max_depth": "deep"}],
)
def test_settings_of_the_classifier_are_checked_too(sparse_rows, settings):
    with pytest.raises(UsageError, match="bad-parameter"):
        quick(**settings).fit(*sparse_rows)


def test_a_parameter_counts_under_any_of_its_names(sparse_rows):
    X, y = sparse_rows
    own = quick(learning_rate=0.2).fit(X, y).predict_proba(X)
    for alias in ("eta", "shrinkage_rate", "learning_rate"):  # LightGBM would prefer the name to an alias, in silence
        np.testing.assert_array_equal(quick(lightgbm_params={alias: 0.2}).fit(X, y).predict_proba(X), own)
    assert not np.array_equal(quick().fit(X, y).predict_proba(X), own)


def test_the_table_knows_every_alias_of_lightgbm():
    theirs = lightgbm.basic._ConfigAliases._get_all_param_aliases()
    for name, row in PARAMETERS.items():
        assert set(theirs[name]) <= {name, *row.aliases}
    for name in ("is_enable_sparse", "linear_tree", "monotone_constraints", "num_iterations", "num_threads", "seed"):
        assert set(theirs[name]) <= set(REFUSED)


def test_a_monotone_category_is_refused(sparse_rows, seen):
    X, y = sparse_rows
    with pytest.raises(UsageError, match="bad-monotone"):
        quick(monotone={"plan": 1}).fit(X, y)
    assert not seen["training"]
    encoded = training.Rows(np.zeros((40, 2)), np.arange(40.0) % 2, np.ones(40), categories=(1,))
    with pytest.raises(TrainingError, match="unsafe-constraint"):
        training.train(encoded, training.Settings(monotone=(0, 1), members=("trees",)))
    with pytest.raises(TrainingError, match="unsafe-constraint"):
        training.train(encoded, training.Settings(monotone=(1,), members=("trees",)))
    assert not seen["training"]


def test_what_lightgbm_refuses_is_an_error_of_ours(rng):
    rows = training.Rows(rng.normal(size=(60, 2)), np.arange(60.0) % 2, np.ones(60))
    with pytest.raises(TrainingError, match="lightgbm-refused"):
        training.train(rows, training.Settings(members=("trees",), extra={"bagging_fraction": 1e-9, "min_data_in_leaf": 1}))


def test_boosters_side_by_side_are_those_of_one_thread(sparse_rows, capfd):
    X, y = sparse_rows
    alone = quick(n_seeds=2).fit(X, y).predict_proba(X)
    for n_jobs in (2, 5):
        np.testing.assert_array_equal(quick(n_seeds=2, n_jobs=n_jobs).fit(X, y).predict_proba(X), alone)
    assert capfd.readouterr() == ("", "")  # LightGBM prints by itself in threads that it does not know


@pytest.mark.parametrize(("cells", "n_jobs", "at_once"), [(100, 1, {1}), (100, 3, {1, 2, 3}), (2 * boosters.CELLS, 3, {1})])
def test_small_matrices_only_grow_side_by_side(monkeypatch, cells, n_jobs, at_once):
    """Of a large matrix no more than one data set is held at a time, and LightGBM's threads share it."""
    growing, setting_up, held, lock, most = [], [], [], Lock(), set()

    def learn(parameters, data, **options):
        with lock:
            growing.append(data)
            most.add(len(growing))
            setting_up.append(data)
            assert len(setting_up) == 1
        sleep(0.01)
        setting_up.remove(data)
        options["callbacks"][0](None)  # LightGBM changes its data sets no more
        assert parameters["num_threads"] == (n_jobs if cells > 100 else 1)
        sleep(0.05)
        with lock:
            growing.remove(data)
        return data

    def growths():
        for i in range(6):
            held.append(len(growing))
            yield boosters.Growth(i, seed=i)

    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr(lightgbm, "train", learn)
    assert boosters.grow(growths(), {}, rounds=1, n_jobs=n_jobs, cells=cells) == list(range(6))
    assert most <= at_once
    assert max(most) == max(at_once)
    if max(at_once) == 1:
        assert held == [0] * 6


def test_a_growth_that_fails_ends_the_others(rng):
    A, y = rng.normal(size=(200, 3)), np.arange(200.0) % 2
    data = boosters.make_dataset(A, y, np.ones(200), (), {})
    grown = []

    def growths():
        yield boosters.Growth(data, seed=1)
        yield boosters.Growth(data, seed=2)
        grown.append("began")
        raise KeyboardInterrupt

    began = monotonic()
    with pytest.raises(KeyboardInterrupt):
        boosters.grow(growths(), {"objective": "binary"}, rounds=10_000_000, n_jobs=2, cells=600)
    assert grown == ["began"]
    assert monotonic() - began < 60
    with pytest.raises(TrainingError, match="lightgbm-refused"):
        boosters.grow([boosters.Growth(data, 1)] * 3, {"objective": "binary", "bagging_fraction": -1}, rounds=5, n_jobs=2, cells=600)
