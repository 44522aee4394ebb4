"""Scores of the user's own are judged beside the model, on the same customers, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError, UsageError
from churnpredict.pipeline.rival_scores import check_rivals, rival_risks

AT = pd.to_datetime(["2023-10-01", "2023-12-01"])
X = pd.DataFrame({"value__crm_score": [0.2, 0.9]}, index=pd.MultiIndex.from_product([["b", "a"], AT[:1]], names=["customer_id", "cutoff"]))
BY_ROW = pd.Series([0.1, 0.2, 0.3, 0.4], pd.MultiIndex.from_product([["a", "b"], AT], names=["customer_id", "cutoff"]))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("value__crm_score", [0.2, 0.9]),
        (BY_ROW, [0.3, 0.1]),
        ({"2023-10-01": {"a": 0.1, "b": 0.3}, "2023-12-01": {"a": 0.5}}, [0.3, 0.1]),
        ({AT[0]: BY_ROW.xs(AT[0], level=1)}, [0.3, 0.1]),
        (pd.Series({"a": 0.1, "b": 0.3, "gone": 0.5}), [0.3, 0.1]),
    ],
)
def test_every_form_says_the_same(scores: Any, expected: list[float]) -> None:
    given = check_rivals({"ours": scores}, 1)
    assert rival_risks(given, AT[0], X)["ours"].tolist() == expected


@pytest.mark.parametrize(
    ("against", "cutoffs", "said"),
    [
        (BY_ROW, 1, "does not name its scores"),
        ({"model": BY_ROW}, 1, "as a model here is"),
        ({"ours": {"a": 0.1, "b": 0.3}}, 2, "does not name the cutoff"),
        ({"ours": {"a": 0.1}}, 1, r"missing values \(1 of 2 rows\)"),
        ({"ours": {"a": 10, "b": 30}}, 1, "out of range"),
        ({"ours": "value__crm_scor"}, 1, 'Did you mean "value__crm_score"'),
        ({"ours": {"2023-12-01": {"a": 0.1, "b": 0.2}}}, 1, "has no scores"),
        ({"ours": {"a": 0.1, "b": "much"}}, 1, "not a number"),
    ],
)
def test_what_cannot_be_judged_is_refused(against: Any, cutoffs: int, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rival_risks(check_rivals(against, cutoffs), AT[0], X)


def test_ids_of_another_type_are_refused() -> None:
    with pytest.raises(ChurnError, match="id-types-differ"):
        rival_risks({"ours": {1: 0.1, 2: 0.2}}, AT[0], X)


def test_it_stands_in_the_table_beside_the_baselines(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    past = cp.take_snapshots(tables, trained.churn, at="2023-10-01")
    half = pd.Series(np.full(len(past), 0.5), pd.MultiIndex.from_frame(past))
    found = trained.backtest(tables, at="2023-10-01", against={"a coin": half}, rounds=10)
    coin = found.query("model == 'a coin'").set_index("metric")
    assert coin.loc["log_loss", "value"] == pytest.approx(np.log(2))
    assert coin.loc["auc", "value"] == 0.5
    assert coin["difference"].notna().any()
    assert "a coin" in repr(found)
