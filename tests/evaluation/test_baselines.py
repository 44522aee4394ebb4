"""Baselines: MBG/NBD against integration, simulation and the published history; base rate and recency."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import MismatchError, UsageError
from churnpredict.evaluation.baselines import MBGNBD, BaseRate, RecencyLogistic
from churnpredict.evaluation.metrics import auc, log_loss
from churnpredict.model.purchases import find_triple, fit_to_outcomes

DATA = Path(__file__).parents[3] / "shared" / "data"


def triple_frame(x, t_x, T):
    return pd.DataFrame(
        {"habit__orders_active_days_all": x + 1, "habit__orders_days_since_last": T - t_x, "lifecycle__orders_days_since_first": T}
    )


def test_nobody_who_has_bought_yet_leaves_what_was_believed_before():
    """Cancellations are a log of events, too: at risk is who has none. The model stays finite, so that it can be stored."""
    nothing = np.empty(0)
    found = fit_to_outcomes(nothing, nothing, nothing, nothing, nothing, horizon=90.0)
    assert np.isfinite([found.r, found.alpha, found.a, found.b]).all()


def test_never_active_customers_get_the_share_of_their_like():
    X = triple_frame(np.array([3.0] * 60), np.array([50.0] * 60), np.array([80.0] * 60))
    X.iloc[:30] = np.nan
    y = np.r_[np.ones(30), np.tile([0, 1], 15)]
    for model in (MBGNBD(), RecencyLogistic()):
        p = model.fit(X, y).predict_proba(X)[:, 1]
        assert p[:30] == pytest.approx(30.5 / 31)
        assert p[30:].mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.skipif(not DATA.exists(), reason="the real histories are not shipped with the project")
def test_cdnow_as_published():
    orders = pd.read_parquet(DATA / "cdnow" / "transactions.parquet")[["customer_id", "date"]].drop_duplicates()
    cutoff = pd.Timestamp("1998-03-31")
    seen = orders[orders["date"] < cutoff].groupby("customer_id")["date"].agg(["min", "max", "count"])
    T, silent = (cutoff - seen["min"]).dt.days, (cutoff - seen["max"]).dt.days
    X = triple_frame(seen["count"] - 1.0, (T - silent).astype(float), T.astype(float))
    after = orders[(orders["date"] >= cutoff) & (orders["date"] < cutoff + pd.Timedelta(days=91))]
    y = (~X.index.isin(after["customer_id"])).astype(int)
    p = MBGNBD(horizon="91d", method="histories").fit(X).predict_proba(X)[:, 1]
    active = (silent <= 182).to_numpy()
    assert auc(y[active], p[active]) == pytest.approx(0.721, abs=5e-4)
    assert log_loss(y[active], p[active]) == pytest.approx(0.592, abs=5e-4)
    assert auc(y, p) == pytest.approx(0.834, abs=5e-4)


def test_base_rate_and_recency():
    X = pd.DataFrame({"habit__t_days_since_last": np.r_[np.arange(50.0), np.arange(50.0) + 100]})
    y = np.r_[np.zeros(50), np.ones(50)].astype(int)
    assert BaseRate().fit(X, y, np.r_[np.ones(50), 3 * np.ones(50)]).predict_proba(X)[0, 1] == pytest.approx(150.5 / 201)
    outcomes = pd.DataFrame({"duration": 1.0, "outcome": np.where(y == 1, 2, 0)})
    risk = RecencyLogistic().fit(X, outcomes).predict_proba(X)[:, 1]
    assert np.all(np.diff(risk) > 0)
    np.testing.assert_array_equal(RecencyLogistic().fit(X, y).predict(X), y)


def test_errors_and_names():
    X = pd.DataFrame({"a": [1.0, 2.0]})
    for model, code in ((RecencyLogistic(), "no-recency"), (MBGNBD(), "no-recurring-event")):
        with pytest.raises(UsageError) as caught:
            model.fit(X, [0, 1])
        assert caught.value.code == code
    T = triple_frame(np.array([3.0, 4.0]), np.array([50.0, 3.0]), np.array([80.0, 70.0]))
    with pytest.raises(UsageError, match="bad-method"):
        MBGNBD().fit(T)
    with pytest.raises(MismatchError, match="missing-column"):
        MBGNBD().fit(T, [0, 1]).predict_proba(X)
    columns = [*T.columns, *(c.replace("orders", "visits") for c in T.columns)]
    assert find_triple(columns).since_last == "habit__orders_days_since_last"
    assert find_triple(columns, "visits").since_last == "habit__visits_days_since_last"
    assert find_triple(["orders_days_since_last"]) is None
