"""MatrixEncoder: numbers of any make, categories as codes, keys that are never features."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import ChurnWarning
from churnpredict.model.encoding import MatrixEncoder, as_frame


def test_numbers_of_any_make_are_one_number():
    frame = pd.DataFrame(
        {
            "decimal": [Decimal("1.5"), None, Decimal(2)],
            "nullable": pd.array([1, None, 2], dtype="Int64"),
            "flag": [True, False, True],
            "small": np.array([1, 2, 3], dtype=np.int8),
            "empty": [None, None, None],
        }
    )
    A = MatrixEncoder().fit(frame).transform(frame)
    expected = [[1.5, 1, 1, 1, np.nan], [np.nan, np.nan, 0, 2, np.nan], [2, 2, 1, 3, np.nan]]
    np.testing.assert_array_equal(A, expected)
    assert A.flags["C_CONTIGUOUS"]


def test_a_category_is_its_text_whatever_its_make():
    texts = pd.DataFrame({"plan": ["b", "a", "b", None]})
    encoder = MatrixEncoder().fit(texts)
    assert encoder.levels == {0: ["b", "a"]}
    expected = [[0], [1], [0], [np.nan]]
    for column in (texts["plan"].astype("category"), texts["plan"].astype(object), pd.Categorical(texts["plan"], ["z", "b", "a"])):
        np.testing.assert_array_equal(encoder.transform(pd.DataFrame({"plan": column})), expected)
    years = MatrixEncoder().fit(pd.DataFrame({"year": pd.Categorical([2020, 2021, 2021])}))
    np.testing.assert_array_equal(years.transform(pd.DataFrame({"year": [2021, 2020]})), [[0], [1]])
    flags = MatrixEncoder().fit(pd.DataFrame({"flag": np.array([True, False, None], dtype=object)}))
    np.testing.assert_array_equal(flags.transform(pd.DataFrame({"flag": [False, True]})), [[0], [1]])


def test_codes_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"city": rng.choice(list("abcdefg"), 200)})
    assert MatrixEncoder().fit(frame).levels == MatrixEncoder().fit(frame.sample(frac=1, random_state=2)).levels


def test_few_unseen_categories_are_silent_many_are_not():
    encoder = MatrixEncoder().fit(pd.DataFrame({"plan": ["a", "b"] * 50}))
    few = encoder.transform(pd.DataFrame({"plan": ["a"] * 99 + ["new"]}))
    assert np.isnan(few[99, 0])
    with pytest.warns(ChurnWarning, match=r"unseen-categories") as caught:
        encoder.transform(pd.DataFrame({"plan": ["a"] * 90 + ["new"] * 10}))
    assert "10 of 100 rows" in str(caught[0].message)
    assert "new" not in str(caught[0].message).split("like")[-1]


def test_keys_become_the_index():
    frame = as_frame(pd.DataFrame({"customer_id": [1], "cutoff": [pd.Timestamp("2024-01-01")], "a": [2.0]}))
    assert list(frame.columns) == ["a"]
    assert frame.index.names == ["customer_id", "cutoff"]


def test_the_users_frame_is_never_changed(rng):
    frame = pd.DataFrame({"lifecycle__calendar_season_sin": rng.normal(size=100)})
    before = frame.copy()
    A = MatrixEncoder().fit(frame).transform(frame)
    from churnpredict.model.training import Rows, Settings, settle_season

    blanked = settle_season(Rows(A, np.zeros(100), np.ones(100), np.arange(100), names=list(frame.columns)), Settings())
    assert np.isnan(blanked.A).all()
    pd.testing.assert_frame_equal(frame, before)
