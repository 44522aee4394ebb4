"""Ids of scores that a CSV file kept as text are read in the type of the tables, and only where they are the same id."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.monitoring.realised_outcomes import mature

LOG = pd.DataFrame({"who": np.repeat([7, 8, 9], 6), "at": [*pd.date_range("2024-01-01", periods=6, freq="20D")] * 3})


@pytest.mark.parametrize(
    ("kind", "given", "known"),
    [("int64", ["7", "8", "007"], [7, 8]), ("int64", [7, 8, 9], [7, 8, 9]), (str, [7, 8, 10], ["7", "8"]), (str, ["x", "y", "z"], [])],
)
def test_ids_of_scores(kind, given, known):
    tables = cp.EventTables(visits=cp.Events(LOG.astype({"who": kind}), customer="who", time="at"))
    scores = pd.DataFrame({"customer_id": given, "cutoff": pd.Timestamp("2024-02-01"), "risk": [0.1, 0.2, 0.3]})
    found = mature(tables, scores, cp.Inactivity("30d", of="visits"))
    assert found.rows["customer_id"].tolist() == known
    assert found.unknown == 3 - len(known)
