"""TemporalSplit: law 5, no training label window reaches into a test cutoff."""

import importlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.model_selection import cross_validate
from tests.oracles.model_split import reaching_into

from churnpredict.errors import TimeError, UsageError
from churnpredict.evaluation.baselines import BaseRate
from churnpredict.model.split import TemporalSplit, cutoffs_of

DAYS = st.lists(st.integers(0, 700), min_size=4, max_size=40)


def frame(days, customers=7):
    cutoffs = pd.Timestamp("2022-03-01") + pd.to_timedelta(np.asarray(days), unit="D")
    who = np.arange(len(days)) % customers
    return pd.DataFrame({"a": np.arange(len(days))}, index=pd.MultiIndex.from_arrays([who, cutoffs], names=["customer_id", "cutoff"]))


def check_law_5(splitter, X):
    cutoffs = X.index.get_level_values("cutoff")
    folds = list(splitter.split(X))
    assert len(folds) == splitter.get_n_splits()
    for train, test in folds:
        assert len(train)
        assert len(test)
        assert not reaching_into(cutoffs[train], cutoffs[test], horizon=splitter.horizon, gap=splitter.gap)


@settings(max_examples=60, deadline=None)
@given(DAYS, st.integers(1, 3), st.sampled_from(["30d", "60d", "90d"]), st.sampled_from(["0d", "7d"]), st.integers(1, 2))
def test_law_5_no_label_window_reaches_into_a_test_cutoff(days, n_splits, horizon, gap, test_size):
    splitter = TemporalSplit(n_splits, horizon=horizon, gap=gap, test_size=test_size)
    try:
        check_law_5(splitter, frame(days))
    except TimeError as error:
        if error.code != "too-few-cutoffs":
            raise


def test_law_5_catches_a_splitter_that_forgets_the_gap(monkeypatch):
    module = importlib.import_module("churnpredict.model.split")
    monkeypatch.setattr(module.Window, "closes", lambda self, times: self.horizon.after(times))
    with pytest.raises(AssertionError):
        check_law_5(TemporalSplit(1, horizon="30d", gap="7d"), frame(range(0, 40, 2)))


def test_the_newest_cutoff_is_tested_last_and_blocks_do_not_overlap():
    X = frame(range(0, 300, 15))
    blocks = [set(X.index.get_level_values("cutoff")[test]) for _, test in TemporalSplit(2, horizon="60d", test_size=2).split(X)]
    assert max(blocks[1]) == X.index.get_level_values("cutoff").max()
    assert not blocks[0] & blocks[1]
    assert [len(b) for b in blocks] == [2, 2]


def test_customers_are_kept_apart_on_request():
    X = frame(np.repeat(range(0, 300, 30), 7))
    who = X.index.get_level_values("customer_id")
    tested = []
    for train, test in TemporalSplit(3, horizon="30d", apart=True).split(X):
        assert not set(who[train]) & set(who[test])
        tested.extend(set(who[test]))
    assert sorted(tested) == list(range(7))


def test_cutoffs_come_from_metadata_or_from_groups():
    X = frame(np.repeat(range(0, 300, 15), 2))
    cutoff = X.index.get_level_values("cutoff")
    expected = list(TemporalSplit(2, horizon="90d").split(X))
    bare = X.reset_index(drop=True)
    for folds in (TemporalSplit(2, horizon="90d").split(bare, cutoff=cutoff), TemporalSplit(2, horizon="90d").split(bare, groups=cutoff)):
        for (a, b), (c, d) in zip(expected, folds, strict=True):
            np.testing.assert_array_equal(a, c)
            np.testing.assert_array_equal(b, d)
    with config_context(enable_metadata_routing=True):
        y = np.arange(len(bare)) % 2
        splitter = TemporalSplit(2, horizon="90d").set_split_request(cutoff=True)
        assert len(cross_validate(BaseRate(), bare, y, cv=splitter, params={"cutoff": cutoff}, scoring="neg_log_loss")["test_score"]) == 2


@pytest.mark.parametrize(
    ("splitter", "X", "code"),
    [
        (TemporalSplit(horizon="90d"), pd.DataFrame({"a": [1, 2]}), "no-cutoff"),
        (TemporalSplit(), frame([0, 30, 60]), "no-horizon"),
        (TemporalSplit(3, horizon="90d"), frame([0, 30, 60]), "too-few-cutoffs"),
        (TemporalSplit(horizon=90), frame([0, 30, 60]), "bad-span"),
        (TemporalSplit(0, horizon="90d"), frame([0, 30, 200]), "bad-split"),
        (
            TemporalSplit(1, horizon="90d", apart=True),
            pd.DataFrame({"a": [1]}, index=pd.Index([pd.Timestamp(0)], name="cutoff")),
            "no-customers",
        ),
    ],
)
def test_errors_speak(splitter, X, code):
    with pytest.raises((TimeError, UsageError)) as caught:
        list(splitter.split(X))
    assert caught.value.code == code


def test_times_of_any_make_are_microseconds():
    want = [1_640_995_200_000_000]
    for given_as in (
        "2022-01-01",
        pd.Timestamp("2022-01-01"),
        np.datetime64("2022-01-01", "ns"),
        pd.Timestamp("2022-01-01 01:00", tz="Europe/Berlin"),
    ):
        np.testing.assert_array_equal(cutoffs_of(pd.DataFrame({"a": [1]}), [given_as]), want)
    with pytest.raises(TimeError, match="null-cutoff"):
        cutoffs_of(pd.DataFrame({"a": [1]}), [pd.NaT])
