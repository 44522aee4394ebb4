"""A column that is overwritten when customers leave tells of it long before; what was known at the time does not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnpredict.evaluation import audit as room


def _histories(rng, n=600, cutoffs=10):
    """Customers at monthly cutoffs until they leave: X by customer and cutoff, whether each leaves within two months, who never does."""
    steps = pd.date_range("2023-01-01", periods=cutoffs, freq="30D")
    weak = rng.random(n) < 0.5
    left_at = rng.geometric(np.where(weak, 0.12, 0.01), n)  # the cutoff after which each has left
    rows = [(i, steps[k], int(left_at[i] - k <= 2)) for i in range(n) for k in range(min(cutoffs, left_at[i]))]
    frame = pd.DataFrame(rows, columns=["customer_id", "cutoff", "y"]).set_index(["customer_id", "cutoff"])
    return frame["y"], weak, left_at <= cutoffs + 1


def test_a_label_of_today_is_an_error_and_a_strong_label_of_the_past_is_none(rng):
    """A plan overwritten at leaving says so long before, while those on an honest plan leave twelve times as often."""
    y, weak, gone = _histories(rng)
    who = y.index.get_level_values("customer_id").to_numpy()
    others = rng.choice(["a", "b", "c"], len(weak))
    honest = pd.DataFrame({"plan": np.where(weak, "trial", others)[who], "usage": np.where(weak, 1.0, 3.0)[who] + rng.normal(size=len(y))})
    assert room.audit(honest.set_index(y.index), y).ok
    for leak in (np.where(gone, "free", others), np.where(gone, "free", np.where(rng.random(len(weak)) < 0.02, "free", others))):
        found = room.audit(honest.assign(plan=leak[who]).set_index(y.index), y).errors
        assert ("written-in-hindsight", 'column "plan"') in {(f.code, f.where) for f in found}


def test_columns_that_some_of_the_leavers_share_are_a_warning(rng):
    y, weak, gone = _histories(rng)
    who = y.index.get_level_values("customer_id").to_numpy()
    others = rng.choice(["a", "b", "c"], len(weak))
    for leak in (
        np.where(gone | (rng.random(len(weak)) < 0.2), "free", others),
        np.where(gone & (rng.random(len(weak)) < 0.5), "Z", others),
    ):
        found = room.audit(pd.DataFrame({"segment": leak[who]}, index=y.index), y).alarms
        assert {f.code for f in found} == {"written-in-hindsight"}
    few = y[np.isin(who, np.r_[np.flatnonzero(gone)[:8], np.flatnonzero(~gone)])]
    assert room.audit(pd.DataFrame({"segment": np.where(gone, "Z", others)[few.index.get_level_values(0)]}, index=few.index), few).ok
