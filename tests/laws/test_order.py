"""Law 6: order, names and sources do not matter, to the last bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_order, same_bits
from tests.laws.histories import cutoffs_of, features_of, histories, make_history, pairs_of

from churnpredict import Inactivity, build_features, label_churn, take_snapshots

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@given(histories(), st.integers(0, 50))
def test_shuffled_rows_columns_and_customers(history, seed):
    rng = np.random.default_rng(seed)
    log = history.log.sample(frac=1, random_state=seed)[list(rng.permutation(history.log.columns))]
    people = None
    if history.people is not None:
        people = history.people.sample(frac=1, random_state=seed)[list(rng.permutation(history.people.columns))]
    check_order(history, history.tables(log, people), cutoffs_of(history, seed))


@given(histories(), st.integers(0, 50))
def test_renamed_customers_in_another_order(history, seed):
    """Ids reversed in the alphabet: every customer stands elsewhere, and has the same features."""
    new = {old: f"z{99 - i:02d}" for i, old in enumerate(history.customers())}
    people = None if history.people is None else history.people.assign(id=history.people["id"].map(new))
    renamed = type(history)(history.log.assign(user=history.log["user"].map(new)), people, history.timezone, history.known_at)
    cutoffs, features = cutoffs_of(history, seed), features_of(history)
    a = build_features(history.tables(), pairs_of(history, cutoffs), features=features)
    b = build_features(renamed.tables(), pairs_of(renamed, cutoffs), features=features)
    back = {n: o for o, n in new.items()}
    index = pd.MultiIndex.from_tuples([(back[c], t) for c, t in b.index], names=b.index.names)
    same_bits(a, b.set_axis(index).reindex(a.index))


@given(histories(), st.integers(0, 50))
def test_other_customers_do_not_matter(history, seed):
    """Sums run within a customer: nobody's digits depend on who else is in the file."""
    cutoffs, features = cutoffs_of(history, seed), features_of(history)
    X = build_features(history.tables(), pairs_of(history, cutoffs), features=features)
    one = sorted(set(history.log["user"]))[0]
    people = None if history.people is None else history.people[history.people["id"] == one]
    alone = type(history)(history.log[history.log["user"] == one].reset_index(drop=True), people, history.timezone, history.known_at)
    Y = build_features(alone.tables(), pairs_of(alone, cutoffs), features=features)
    same_bits(X.loc[Y.index], Y)


def test_shuffled_snapshots_come_back_sorted():
    history = make_history(5)
    pairs = pairs_of(history, cutoffs_of(history))
    same_bits(build_features(history.tables(), pairs), build_features(history.tables(), pairs.sample(frac=1, random_state=1)))


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
def test_every_source_gives_the_same_bits(constructor, timezone):
    history = make_history(7, n_rows=120, timezone=timezone)
    if constructor.kind == "csv":  # text cannot tell a missing word from an empty one, but it is missing in both
        history = history.with_log(history.log)
    other = history.tables(constructor(history.log), constructor(history.people))
    check_order(history, other, cutoffs_of(history, 3))
    churn = Inactivity("30d", of="orders", active_within="90d")
    here, there = (take_snapshots(t, churn, at="2024-07-01") for t in (history.tables(), other))
    pd.testing.assert_frame_equal(here, there)
    pd.testing.assert_frame_equal(label_churn(history.tables(), here, churn), label_churn(other, there, churn))


@pytest.mark.parametrize("ids", [lambda i: i, lambda i: i * 1_000_003 - 7, lambda i: f"{i:05d}", lambda i: f"kunde {i} ä"])
def test_every_source_keeps_every_kind_of_id(constructor, ids):
    history = make_history(8, n_rows=50)
    new = {old: ids(i) for i, old in enumerate(history.customers())}
    log = history.log.assign(user=history.log["user"].map(new))
    people = history.people.assign(id=history.people["id"].map(new))
    renamed = type(history)(log, people)
    tables = renamed.tables(constructor(log), constructor(people))
    assert tables.ids.to_pylist() == sorted(new.values())
    check_order(renamed, tables, cutoffs_of(renamed))
