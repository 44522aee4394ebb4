"""The observer that knows every hazard: its probabilities are those that come true, and it reads nothing after the cutoff."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from causes_ceiling import CAUSES, Observer


@pytest.fixture(scope="module")
def business():
    return cp.make_business(1200, random_state=31, rule="cancellation", months=18)


AT = pd.Timestamp("2023-02-01")


def there(business):
    truth = business.truth
    signed = business.frames["customers"].set_index("customer_id")["signup_date"]
    return truth.index[(signed < AT).reindex(truth.index) & ~(truth["left_at"] < AT)]


def test_what_it_expects_comes_true(business):
    ids = there(business)
    chances = Observer(business, ids, AT).leaves_from(0, 90)
    truth = business.truth.loc[ids]
    left = (truth["cause_at"] < AT) & (truth["left_at"] < AT + pd.Timedelta(days=90))
    error = np.sqrt((chances.sum(axis=0) * (1 - chances.sum(axis=0))).sum())
    assert abs(chances.sum() - left.sum()) < 3 * error
    first = np.array(CAUSES)[chances.argmax(axis=0)]
    right, sure = (first == truth["driver"])[left], (chances.max(axis=0) / chances.sum(axis=0))[left]
    assert abs(right.mean() - sure.mean()) < 3 * np.sqrt((sure * (1 - sure)).sum()) / left.sum()
    assert right.mean() > 0.75


def test_rows_after_the_cutoff_change_nothing(business):
    from dataclasses import replace

    ids = there(business)[:150]
    known = {"orders": "paid_at", "usage": "at", "tickets": "opened_at", "contacts": "at", "market": "at", "payments": "at", "prices": "at"}
    cut = {name: frame[frame[known[name]] < AT] if name in known else frame for name, frame in business.frames.items()}
    cut["returns"] = cut["returns"][cut["returns"]["recorded_at"] < AT]
    cut["subscriptions"] = cut["subscriptions"][cut["subscriptions"]["starts"] < AT]
    cut["tickets"] = cut["tickets"].assign(closed_at=cut["tickets"]["closed_at"].where(cut["tickets"]["closed_at"] < AT))
    found = [Observer(one, ids, AT).leaves_from(0, 90) for one in (business, replace(business, frames=cut))]
    np.testing.assert_array_equal(*found)
