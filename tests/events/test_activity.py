"""Counts per period are those of a loop, strictly before the cutoff."""

from __future__ import annotations

import numpy as np
import pandas as pd

import churnpredict as cp
from churnpredict.events.activity import activity


def test_counts_are_those_of_a_loop(rng: np.random.Generator) -> None:
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 24 * 60, 400), unit="h")
    log = pd.DataFrame({"who": rng.choice(list("abcdefgh"), 400), "at": times}).drop_duplicates()
    tables = cp.EventTables(visits=cp.Events(log, customer="who", time="at"))
    at = [pd.Timestamp("2024-02-10") if i % 2 else pd.Timestamp("2024-02-01") for i in range(8)]
    snapshots = pd.DataFrame({"customer_id": list("hgfedcba"), "cutoff": at})
    found = activity(tables, snapshots, "visits", every="3d", periods=5)
    for who, cutoff in zip(snapshots["customer_id"], snapshots["cutoff"], strict=True):
        mine = log.loc[log["who"] == who, "at"]
        for k in range(-5, 0):
            low, high = cutoff + k * pd.Timedelta("3D"), cutoff + (k + 1) * pd.Timedelta("3D")
            assert found.loc[who, k] == ((mine >= low) & (mine < high)).sum()
