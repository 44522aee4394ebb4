"""Features that several builds share equal those that each builds alone, to the last bit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws.checks import same_bits
from tests.laws.histories import cutoffs_of, features_of, histories, make_history, pairs_of

import churnpredict as cp
from churnpredict.churn.pairs import sorted_pairs
from churnpredict.features import shared as shared_module
from churnpredict.features.shared import SharedFeatures

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

LAST = cp.features.OwnFeature("last_amount", lambda known, cutoff: float(known["orders"]["value"].tail(1).sum()), tables=["orders"])


def compare(history, seed, limit=None):
    """Share features over all cutoffs; build those of the first k, as known at the k-th or later, both ways."""
    cutoffs, tables = cutoffs_of(history, seed, n=3), history.tables()
    features = [*features_of(history), LAST, *([cp.Feature("people", "peer_churn", "60d", column="region")] * (history.people is not None))]
    shared = SharedFeatures(tables, *sorted_pairs(tables, pairs_of(history, cutoffs)), features, history=limit)
    for k in range(1, len(cutoffs) + 1):
        pairs, past = pairs_of(history, cutoffs[:k]), tables.known_before(int(tables.instants(cutoffs[k - 1])[0]))
        alone = cp.build_features(past, pairs, features=features, history=limit)
        taken = shared.build(past, pairs, features=features, history=limit)
        same_bits(taken, alone)
        pd.testing.assert_frame_equal(taken, alone, check_exact=True)  # categories, too


@settings(max_examples=4)
@given(histories(n_rows=30, n_customers=4), st.integers(0, 50), st.sampled_from([None, "45d"]))
def test_shared_or_each_alone(history, seed, limit):
    compare(history, seed, limit)


def test_a_row_taken_from_the_wrong_snapshot_is_caught(monkeypatch):
    right = SharedFeatures.places

    def one_later(self, customers, cutoffs):
        found = right(self, customers, cutoffs)
        return None if found is None else np.minimum(found + 1, len(self.pairs) - 1)

    monkeypatch.setattr(SharedFeatures, "places", one_later)
    with pytest.raises(AssertionError):
        compare(make_history(1), 1)


def test_a_row_on_the_cutoff_in_the_shared_features_is_caught(monkeypatch):
    right = shared_module.build_rows

    def inclusive(tables, customers, cutoffs, rows, counts, **settings):
        late = cutoffs if settings.get("built") else cutoffs + 1
        return right(tables, customers, late, [r for r in rows if "peer" not in r.name], counts, **settings)

    monkeypatch.setattr(shared_module, "build_rows", inclusive)
    with pytest.raises(AssertionError):
        compare(make_history(1, people=False), 1)


def test_what_is_not_kept_is_built():
    history = make_history(4)
    cutoffs, tables = cutoffs_of(history, 2), history.tables()
    few = [cp.Feature("orders", "count", "7d"), cp.Feature("orders", "sum", "all", driver="price")]
    shared = SharedFeatures(tables, *sorted_pairs(tables, pairs_of(history, cutoffs[:2])), few, history=None)
    assert shared.nbytes == 4 * len(few) * len(pairs_of(history, cutoffs[:2]))
    more = [cp.Feature("orders", "sum", "60d"), cp.Feature("orders", "count", "7d"), cp.Feature("people", "tenure_days")]
    for k, limit in ((1, None), (len(cutoffs), None), (1, "30d")):
        pairs = pairs_of(history, cutoffs[:k])
        same_bits(shared.build(tables, pairs, features=more, history=limit), cp.build_features(tables, pairs, features=more, history=limit))
