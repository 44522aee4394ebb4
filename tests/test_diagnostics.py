"""The part of the public face that looks closer: every name works on the outputs of the main way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp


def test_rows_of_one_pipeline_pass_through_every_diagnosis(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    X = trained.features_at(tables, at="2023-12-01")
    why = cp.explain(trained.model_, X)
    agreement = cp.diagnostics.compare_reasons(why, why)
    assert agreement["same_first"] == 1.0
    changes = cp.diagnostics.what_would_help(trained.model_, X.head(3), among=X)
    assert set(changes.index.get_level_values(0)) <= set(X.head(3).index.get_level_values(0))
    summary = cp.diagnostics.rfm_summary(tables, at="2023-12-01")
    assert {"repeat_days", "days_first_to_last"} <= set(summary.columns)


def test_segments_and_alerts_are_of_the_rows_that_are_given() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"value__region": pd.Categorical(rng.choice(["n", "s"], 800)), "habit__silence": rng.exponential(30, 800)})
    X.index = pd.MultiIndex.from_product([range(800), [pd.Timestamp("2024-01-01")]], names=["customer_id", "cutoff"])
    y = (rng.random(800) < np.where(X["value__region"] == "n", 0.6, 0.1)).astype(int)
    segments = cp.diagnostics.find_segments(X, y)
    assert len(segments)
    found = cp.diagnostics.find_alerts(X, {"silent": "habit__silence > 60"})
    assert len(found) == (X["habit__silence"] > 60).sum()


def test_a_campaign_is_a_plain_set_of_numbers() -> None:
    assert cp.diagnostics.Campaign is cp.Campaign
    with pytest.raises(AttributeError, match=r"cp\.diagnostics|churnpredict\.diagnostics"):
        _ = cp.probe_features
