"""A damaged model is refused before LightGBM can crash on it (law 12); the whole sweep is benchmarks/model_file.py."""

import lightgbm
import numpy as np
import pytest
from tests.faults.model_damage import damaged, judge, score_in_child


@pytest.fixture(scope="module")
def model():
    """The bytes of a small model with categories and missing values, rows and their scores."""
    rng = np.random.default_rng(11)
    A = np.column_stack([rng.normal(size=(600, 4)), rng.integers(0, 40, 600)])
    A[rng.random(A.shape) < 0.1] = np.nan
    y = np.nan_to_num(A[:, 0]) + (A[:, 4] % 3 == 0) > 0.2
    params = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "min_data_per_group": 5, "cat_smooth": 1}
    booster = lightgbm.train(params, lightgbm.Dataset(A, y, categorical_feature=[4]), 6)
    return booster.model_to_string().encode(), A[:200], booster.predict(A[:200], raw_score=True)


def test_no_damage_reaches_lightgbm(model):
    data, rows, expected = model
    assert judge(data, rows, expected) == "same"
    seen = {}
    for name, bad in damaged(data, 120):
        seen.setdefault(judge(bad, rows, expected), []).append(name)
    assert not {"crash", "hang"} & seen.keys(), seen
    assert len(seen["refused"]) >= 60
    # a number changed into another number is a different model: that is what the file's hash is for
    assert all(name.startswith(("flipped", "edited", "rearranged")) for name in seen.get("different", []))


def test_the_judge_sees_a_crash(model):
    """LightGBM itself, given the same text, dies or loops: the check is not idle."""
    data, rows, _ = model
    bad = data.replace(b"\nleft_child=1 ", b"\nleft_child=0 ", 1)
    assert bad != data
    assert score_in_child(bad.decode(), rows, seconds=2) in ("crash", "hang")
    assert judge(bad, rows, None) == "refused"
