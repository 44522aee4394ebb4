"""Plans from files: ids as the tables have them, and who is still there by the churn rule."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, SchemaError
from churnpredict.report.digest_inputs import digest_inputs

LOG = pd.DataFrame({"user": [1, 2, 3], "day": ["2024-01-01", "2024-05-20", "2024-05-25"]})
RULE = cp.Inactivity("30d", of="orders")


def tables() -> cp.EventTables:
    return cp.EventTables(orders=cp.Events(LOG, customer="user", time="day"), observed_until="2024-07-01")


def test_who_is_there_and_who_is_gone(tmp_path: Path) -> None:
    plan = pd.DataFrame({"customer_id": [2], "cutoff": "2024-06-01", "arm": "contact", "risk": 0.5})
    plan.to_csv(tmp_path / "now.csv", index=False)
    plan.assign(customer_id=1, cutoff="2024-01-15").to_csv(tmp_path / "before.csv", index=False)
    found = digest_inputs(tables(), RULE, tmp_path / "now.csv", tmp_path / "before.csv")
    assert found["plan"]["customer_id"].tolist() == [2]
    assert found["unscored"]["customer_id"].tolist() == [1]
    assert sorted(found["scored"]) == [2, 3]
    [digest] = cp.diagnostics.digests(**found)
    assert [one.status for one in digest.past] == ["left"]


def test_strangers_are_told_and_other_tables_refused(tmp_path: Path) -> None:
    plan = pd.DataFrame({"customer_id": [2, 99], "cutoff": "2024-06-01", "arm": "contact", "risk": 0.5})
    plan.to_csv(tmp_path / "now.csv", index=False)
    with pytest.warns(ChurnWarning, match="unknown-ids") as told:
        digest_inputs(tables(), RULE, tmp_path / "now.csv")
    assert "99" not in str(told[0].message)
    plan.drop(columns="cutoff").to_csv(tmp_path / "now.csv", index=False)
    with pytest.raises(SchemaError, match="missing-column"):
        digest_inputs(tables(), RULE, tmp_path / "now.csv")
