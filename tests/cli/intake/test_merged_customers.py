"""A table of customers who were merged is named with what to do; referrals and transfers between customers are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import read_profiles, tables_under

MERGED = {f"K{i:04d}": f"K{i + 500:04d}" for i in range(60)}


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    random, rows = np.random.default_rng(1), []
    start = pd.Timestamp("2023-01-01")
    for i in range(240):
        at, stop = start + pd.Timedelta(days=float(random.uniform(0, 60))), start + pd.Timedelta(days=float(60 + random.exponential(500)))
        while at < min(stop, pd.Timestamp("2024-07-01")):
            who = f"K{i:04d}"
            rows.append(
                (MERGED.get(who, who) if at > pd.Timestamp("2024-01-15") else who, at.round("s"), round(float(random.gamma(3, 15)), 2))
            )
            at += pd.Timedelta(days=float(random.gamma(2, 9)))
    return pd.DataFrame(rows, columns=["customer_id", "paid_at", "amount"])


def draft(tmp_path, orders, name, pairs):
    orders.to_csv(tmp_path / "orders.csv", index=False)
    pairs.to_csv(tmp_path / name, index=False)
    profiles, refused = read_profiles(tables_under([tmp_path]))
    return draft_config(profiles, tmp_path, refused=refused).text


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("customer_merges.csv", "old_customer_id", "new_customer_id"),
        ("kunden_zusammengefuehrt.csv", "alte_kundennr", "neue_kundennr"),
        ("merged.csv", "duplicate", "kept"),
    ],
)
@pytest.mark.parametrize("dated", [True, False])
def test_merges_are_named(tmp_path, orders, name, old, new, dated):
    kept = {a: b for a, b in MERGED.items() if b in set(orders["customer_id"])}
    pairs = pd.DataFrame({new: kept.values(), old: kept.keys()} | ({"merged_on": "2024-01-15"} if dated else {}))
    text = draft(tmp_path, orders, name, pairs)
    assert f'"{old}" and "{new}" pair ids of customers: where the first became the second' in text


@pytest.mark.parametrize(("giver", "taker"), [("referrer_id", "referred_id"), ("from_customer", "to_customer")])
def test_customers_who_know_each_other_are_not_merged(tmp_path, orders, giver, taker):
    ids = orders["customer_id"].unique()
    pairs = pd.DataFrame({giver: ids[:60], taker: ids[60:120], "day": pd.date_range("2023-06-01", periods=60).astype(str)})
    assert "pair ids of customers" not in draft(tmp_path, orders, "pairs.csv", pairs)
