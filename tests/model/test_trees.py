"""A LightGBM model read into arrays: what is kept, what is refused, what is stripped."""

import json

import lightgbm
import numpy as np
import pandas as pd
import pytest
from tests.oracles import shapley as oracle

from churnpredict.errors import ModelFileError
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, SCORING_OBJECTIVES, read_trees


@pytest.fixture(scope="module")
def binary():
    """A binary model over named columns with a category whose levels are private."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(
        {"age": rng.normal(50, 9, 800), "visits": rng.poisson(3, 800), "town": pd.Categorical(rng.choice(["Ada", "Bob", "Cy"], 800))}
    )
    y = (X["age"] > 50) ^ (X["town"] == "Bob")
    params = {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1, "min_data_per_group": 5}
    return lightgbm.train(params, lightgbm.Dataset(X, y), 9), X


def test_arrays_are_those_of_the_booster(binary):
    booster, _ = binary
    model = read_trees(booster)
    dump = booster.dump_model()
    assert model.n_trees == len(dump["tree_info"])
    assert model.feature_names == ("age", "visits", "town")
    assert np.diff(model.leaf_start).tolist() == [tree["num_leaves"] for tree in dump["tree_info"]]
    for tree, info in enumerate(dump["tree_info"]):
        stack = [info["tree_structure"]]
        while stack:
            node = stack.pop()
            if "split_feature" in node:
                at = model.node_start[tree] + node["split_index"]
                assert model.split_feature[at] == node["split_feature"]
                assert model.internal_count[at] == node["internal_count"]
                if node["decision_type"] == "<=":
                    assert model.threshold[at] == node["threshold"]
                else:
                    words = model.bitset_words[model.bitset_start[model.bitset[at]] : model.bitset_start[model.bitset[at] + 1]]
                    categories = [c for c in range(32 * len(words)) if words[c >> 5] >> (c & 31) & 1]
                    assert "||".join(map(str, categories)) == node["threshold"]
                stack += [node["left_child"], node["right_child"]]
            else:
                at = model.leaf_start[tree] + node["leaf_index"]
                assert model.leaf_value[at] == node["leaf_value"]
                assert model.leaf_count[at] == node["leaf_count"]


def test_the_canonical_text_scores_identically():
    for seed in range(25):
        booster, A = oracle.random_booster(seed)
        rows = oracle.hard_rows(booster, A, seed)
        text = read_trees(booster, EXPLAINABLE_OBJECTIVES).to_text()
        again = lightgbm.Booster(model_str=text)
        np.testing.assert_array_equal(again.predict(rows), booster.predict(rows))
        np.testing.assert_array_equal(again.predict(rows, pred_contrib=True), booster.predict(rows, pred_contrib=True))
        np.testing.assert_array_equal(again.feature_importance("gain"), booster.feature_importance("gain"))
        assert read_trees(text, EXPLAINABLE_OBJECTIVES).to_text() == text


def test_nothing_private_is_left(binary):
    booster, X = binary
    before = booster.model_to_string()
    text = read_trees(booster).to_text()
    for private in ("Ada", repr(float(X["age"].max()))[:9], "pandas_categorical", "parameters", json.dumps("Bob")):
        assert private in before
        assert private not in text


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("tree\n", "pickle\n", "model-format"),
        ("version=v4", "version=v3", "model-version"),
        ("num_class=1", "num_class=2", "model-objective"),
        ("objective=binary sigmoid:1", "objective=binary sigmoid:2", "model-objective"),
        ("objective=binary sigmoid:1", "objective=regression", "model-objective"),
        ("max_feature_idx=2", "max_feature_idx=1", "model-header"),
        ("max_feature_idx=2", "max_feature_idx=-1", "model-number"),
        ("max_feature_idx=2", "max_feature_idx=99999999999", "model-number"),
        ("label_index=0\n", "label_index=0\nsurprise=1\n", "model-header"),
        ("label_index=0\n", "", "model-header"),
        ("label_index=0", "label_index=0\nlabel_index=0", "model-header"),
        ("feature_names=age", "feature_names=a\x07ge", "model-header"),
        ("\ntree_sizes=", "\ntree_sizes=1 ", "model-tree"),
        ("Tree=3\n", "Tree=4\n", "model-tree"),
        ("num_leaves=7", "num_leaves=6", "model-tree"),
        ("num_leaves=7", "num_leaves=0", "model-range"),
        ("is_linear=0", "is_linear=1", "model-linear"),
        ("shrinkage=1", "shrinkage=0", "model-range"),
        ("split_feature=", "split_feature=9", "model-range"),
        ("left_child=1 ", "left_child=0 ", "model-structure"),
        ("left_child=1 ", "left_child=7 ", "model-structure"),
        ("leaf_value=", "leaf_value=1e", "model-number"),
        ("leaf_value=", "leaf_value=nan ", "model-tree"),
        ("leaf_value=", "leaf_value= ", "model-number"),
        ("end of trees", "end of", "model-truncated"),
    ],
)
def test_what_is_wrong_is_said(binary, old, new, code):
    text = binary[0].model_to_string()
    assert old in text
    changed = text.replace(old, new, 1)
    if "tree_sizes" not in old and not old.startswith(("tree", "end")):
        at = changed.index("tree_sizes=") + len("tree_sizes=")
        first = changed[at:].split(" ", 1)[0]
        grown = len(new) - len(old) if text.index(old) > text.index("tree_sizes") and not old.startswith("Tree=3") else 0
        changed = changed[:at] + str(int(first) + grown) + changed[at + len(first) :]
    with pytest.raises(ModelFileError) as caught:
        read_trees(changed)
    assert caught.value.code == code


def test_refusals_of_whole_files(binary, monkeypatch):
    text = binary[0].model_to_string()
    for wrong, code in (
        (b"", "model-format"), (b"\x80\x04\x95", "model-format"), (3, "model-format"), ("tree\n\ud800", "model-encoding"),
        (b"tree\nversion=v4", "model-truncated"), (b"tree\n\xff\xfe\n\n", "model-encoding"), (text[: len(text) // 3], "model-tree"),
    ):  # fmt: skip
        with pytest.raises(ModelFileError) as caught:
            read_trees(wrong)
        assert caught.value.code == code, wrong
    monkeypatch.setattr("churnpredict.model.trees.MAX_BYTES", 100)
    with pytest.raises(ModelFileError, match="model-too-large"):
        read_trees(text)


def test_linear_trees_and_several_scores_are_refused(rng):
    A = rng.normal(size=(300, 3))
    quiet = {"verbose": -1, "num_threads": 1}
    linear = lightgbm.train(quiet | {"objective": "regression", "linear_tree": True}, lightgbm.Dataset(A, A[:, 0]), 2)
    with pytest.raises(ModelFileError, match="model-linear"):
        read_trees(linear, EXPLAINABLE_OBJECTIVES)
    regression = lightgbm.train(quiet | {"objective": "regression"}, lightgbm.Dataset(A, A[:, 0]), 2)
    with pytest.raises(ModelFileError, match="model-objective"):
        read_trees(regression)
    assert read_trees(regression, EXPLAINABLE_OBJECTIVES).n_trees == 2
    assert SCORING_OBJECTIVES < EXPLAINABLE_OBJECTIVES
