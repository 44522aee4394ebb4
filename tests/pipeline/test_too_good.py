"""A back-test that is too good to be true says so, and names the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICK, shop_log

import churnpredict as cp
from churnpredict.errors import ChurnWarning
from churnpredict.evaluation.audit_columns import separation


def test_a_column_that_was_written_at_the_leaving_is_named() -> None:
    """A state that somebody set in hindsight, dated just after the last purchase."""
    log = shop_log(n=160, seed=2)
    seen = log.groupby("who")["paid_at"].agg(["min", "max"]).reset_index()
    begun = pd.DataFrame({"who": seen["who"], "at": seen["min"], "closing": 0})
    ended = pd.DataFrame({"who": seen["who"], "at": seen["max"] + pd.Timedelta(seconds=1), "closing": 1})
    tables = cp.EventTables(
        orders=cp.Events(log, customer="who", time="paid_at"),
        notes=cp.States(pd.concat([begun, ended]), customer="who", time="at", values=["closing"]),
    )
    pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of="orders"), classifier=cp.ChurnClassifier(**QUICK))
    with pytest.warns(ChurnWarning, match=r'too good to be true: AUC (0\.9|1\.0).*"[a-z]+__notes_[a-z_]*closing[a-z_]*" alone') as told:
        found = pipeline.backtest(tables, at="2023-12-01", rounds=20)
    assert any(w.message.code == "too-good" for w in told if isinstance(w.message, ChurnWarning))
    assert "TOO GOOD TO BE TRUE" in repr(found)
    assert "notes_" in repr(found).split("Look at")[1]


def test_how_well_one_column_tells() -> None:
    y = np.array([0, 0, 0, 1, 1, 1])
    assert separation(pd.Series([1.0, 2, 3, 4, 5, 6]), y) == 1.0
    assert separation(pd.Series([6.0, 5, 4, 3, 2, 1]), y) == 1.0
    assert separation(pd.Series([np.nan, np.nan, np.nan, 1, 1, 1]), y) == 1.0
    assert separation(pd.Series(["a", "a", "a", "b", "b", "b"], dtype="category"), y) == 1.0
    assert separation(pd.Series([1.0] * 6), y) == 0.5
