"""A customer base that shrinks is business; half a table is a fault of the source. Only the latter stops a retraining."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICK

import churnpredict as cp

UNTIL, NOW = "2024-01-01", "2024-09-01"
CHURN = cp.Inactivity("60d", of="orders", active_within="90d")


def business(joining: float, seed: int = 3) -> pd.DataFrame:
    """Orders of customers who leave at a steady pace; after training so many join as ``joining`` says, 1 being as many as before."""
    rng = np.random.default_rng(seed)
    n, days = 1600, 609
    start = rng.uniform(-300, days, n)
    start = start[(start < 365) | (rng.random(n) < joining)]
    end = start + rng.exponential(220, len(start)) + 20
    times = start[:, None] + np.cumsum(rng.exponential(12, (len(start), 90)), axis=1)
    keep = (times > 0) & (times < np.minimum(end, days)[:, None])
    who = np.repeat(np.arange(len(start)), keep.sum(axis=1))
    at = pd.Timestamp("2023-01-01") + pd.to_timedelta(times[keep], unit="D")
    return pd.DataFrame({"who": who, "at": at.astype("datetime64[us]"), "eur": rng.gamma(2, 15, len(who)).round(2)})


def declared(log: pd.DataFrame) -> cp.EventTables:
    return cp.EventTables(orders=cp.Events(log, customer="who", time="at", value="eur", money=True), observed_until=NOW)


def trained(log: pd.DataFrame) -> cp.ChurnPipeline:
    return cp.ChurnPipeline(CHURN, classifier=cp.ChurnClassifier(**QUICK)).fit(declared(log), until=UNTIL)


@pytest.fixture(scope="module")
def shrinking() -> tuple[pd.DataFrame, cp.ChurnPipeline]:
    log = business(0.0)
    return log, trained(log)


def test_a_shrinking_base_is_no_fault_of_the_sources(shrinking: tuple[pd.DataFrame, cp.ChurnPipeline]) -> None:
    log, model = shrinking
    found = cp.find_drift(model, declared(log), at=NOW)
    assert found.of("source") == ()
    assert ("volume", "orders") in {(a.code, a.where) for a in found.of("input")}
    assert "train again" in next(a.remedy for a in found.of("input") if a.code == "volume")


def test_retraining_goes_on(shrinking: tuple[pd.DataFrame, cp.ChurnPipeline]) -> None:
    log, model = shrinking
    assert cp.retrain(model, declared(log), rounds=50).verdict != "sources"


@pytest.mark.parametrize("began", ["2024-08-20", "2024-06-15", "2024-03-01"])
@pytest.mark.parametrize("fault", ["half of the customers", "half of the rows", "a fifth of the rows", "cents"])
def test_a_fault_of_the_source_is_one_whenever_it_began(shrinking: tuple[pd.DataFrame, cp.ChurnPipeline], fault: str, began: str) -> None:
    whole, model = shrinking
    later = whole["at"] >= began
    log = {
        "half of the customers": whole[~later | (whole["who"] % 2 == 0)],
        "half of the rows": whole[~later | (np.arange(len(whole)) % 2 == 0)],
        "a fifth of the rows": whole[~later | (np.arange(len(whole)) % 5 == 0)],
        "cents": whole.assign(eur=whole["eur"].where(~later, whole["eur"] * 100)),
    }[fault]
    alarms = {a.code for a in cp.find_drift(model, declared(log), at=NOW).of("source")}
    assert ("column" if fault == "cents" else "volume") in alarms
