"""A back-test that is too good to be true says so, and names the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.errors import ChurnWarning
from churnpredict.evaluation.audit_columns import separation


def _purchases(rng: np.random.Generator, until: int) -> np.ndarray:
    """Days of purchases, never 50 days apart, so that nobody who stays looks gone."""
    days = np.cumsum(rng.integers(2, 50, 400))
    return days[days < until]


def test_a_column_that_was_written_at_the_leaving_is_named() -> None:
    """A state that somebody set in hindsight: from the last purchase on."""
    rng = np.random.default_rng(0)
    begun = pd.Timestamp("2023-01-01")
    days = {f"K{c:03d}": _purchases(rng, rng.integers(60, 640)) for c in range(200)}
    rows = [(who, begun + pd.Timedelta(days=int(d))) for who, some in days.items() for d in some if d < 420]
    log = pd.DataFrame(rows, columns=["who", "paid_at"])
    last = [(who, begun + pd.Timedelta(days=int(some[-1]), seconds=1), 1) for who, some in days.items() if some[-1] < 420]
    notes = pd.DataFrame([*((who, begun, 0) for who in days), *last], columns=["who", "at", "closing"])
    tables = cp.EventTables(
        orders=cp.Events(log, customer="who", time="paid_at"),
        notes=cp.States(notes, customer="who", time="at", values=["closing"]),
    )
    pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of="orders"), classifier=cp.ChurnClassifier(**QUICK))
    with pytest.warns(ChurnWarning, match=r'too good to be true: AUC (\.9|1\.0).*"[a-z]+__notes_[a-z_]*closing[a-z_]*" alone') as told:
        found = pipeline.backtest(tables, at="2023-12-01", rounds=20)
    assert any(w.message.code == "too-good" for w in told if isinstance(w.message, ChurnWarning))
    said = " ".join(repr(found).split())
    assert "TOO GOOD TO BE TRUE" in said
    assert "notes_" in said.split("TRUE")[1]


def test_how_well_one_column_tells() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    assert separation(pd.Series([1.0, 2, 3, 4, 5, 6]), y) == 1.0
    assert separation(pd.Series([6.0, 5, 4, 3, 2, 1]), y) == 1.0
    assert separation(pd.Series([np.nan, np.nan, np.nan, 1, 1, 1]), y) == 1.0
    assert separation(pd.Series(["a", "a", "a", "b", "b", "b"], dtype="category"), y) == 1.0
    assert separation(pd.Series([1.0] * 6), y) == 0.5


def _leavers(leak: str) -> tuple[cp.EventTables, cp.Cancellation]:
    """Two years of orders of customers of whom a tenth leaves each two months, and what a table of today says of them."""
    rng = np.random.default_rng(4)
    end, n = pd.Timestamp("2024-06-01"), 160
    stay = rng.exponential(1.0, n) * 600
    left_at = (end - pd.Timedelta(days=700) + pd.to_timedelta(stay, unit="D")).floor("s")
    gone = left_at < end
    days = [
        (c, end - pd.Timedelta(days=700) + pd.Timedelta(days=float(d))) for c in range(n) for d in np.arange(rng.random() * 15, 700, 15.0)
    ]
    log = pd.DataFrame(days, columns=["who", "at"])
    log = log[log["at"].to_numpy() < left_at.to_numpy()[log["who"]]]
    plan = np.where(gone, "free", rng.choice(["basic", "plus"], n))
    honest = np.where(stay < 250, np.where(rng.random(n) < 0.8, "trial", "basic"), rng.choice(["basic", "plus", "trial"], n))
    noted = np.where(gone, left_at.strftime("%d.%m.%Y"), "")
    people = pd.DataFrame({"who": range(n), "plan": plan, "honest": honest, "noted": noted})
    shown = {"kind": "plan"} if leak == "orders" else {}
    attributes = ["noted"] if leak == "noted" else ["plan"] if leak == "people" else ["honest"]
    tables = cp.EventTables(
        orders=cp.Events(log.merge(people, on="who"), customer="who", time="at", **shown),
        people=cp.Customers(people, customer="who", attributes=attributes),
        gone=cp.Events(pd.DataFrame({"who": np.flatnonzero(gone), "at": left_at[gone]}), customer="who", time="at"),
        observed_until=end,
    )
    return tables, cp.Cancellation(of="gone", horizon="60d")


def _pipeline(churn: cp.Cancellation) -> cp.ChurnPipeline:
    return cp.ChurnPipeline(churn, classifier=cp.ChurnClassifier(**QUICK), most_cutoffs=6, every="60d")


@pytest.mark.parametrize(("leak", "column"), [("people", "plan"), ("orders", "plan"), ("noted", "noted")])
def test_a_column_of_today_is_named_though_it_also_tells_of_later_leavers(leak: str, column: str) -> None:
    tables, churn = _leavers(leak)
    told = f'column "{column}" of table "{"orders" if leak == "orders" else "people"}"'
    with pytest.warns(ChurnWarning, match=f"too good to be true.*made of {told}"):
        found = _pipeline(churn).backtest(tables, at="2024-01-01", rounds=20)
    assert "TOO GOOD TO BE TRUE" in repr(found)
    report = _pipeline(churn).audit(tables, "2024-01-01")
    assert any(f.code == "written-in-hindsight" and told in f.what for f in report.errors)


def test_a_strong_label_that_was_known_is_not_accused() -> None:
    tables, churn = _leavers("")
    assert _pipeline(churn).backtest(tables, at="2024-01-01", rounds=20)["strongest"].isna().all()
    assert _pipeline(churn).audit(tables, "2024-01-01").ok
