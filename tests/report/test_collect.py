"""Who owns a customer, and who is left alone: because on a list, or because contacted lately."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import SchemaError, UsageError
from churnpredict.report.collect import left_alone, with_owners

AT = pd.Timestamp("2024-01-01")


@pytest.fixture(scope="module")
def shop() -> cp.Business:
    return cp.make_business(300, random_state=2, treatments=True, rule="cancellation")


@pytest.fixture(scope="module")
def scores(shop: cp.Business) -> pd.DataFrame:
    now = cp.take_snapshots(shop.tables, shop.churn, at=AT)
    return now.assign(risk=0.3, value=500.0).iloc[::-1].reset_index(drop=True)


def test_owners_are_those_declared(shop: cp.Business, scores: pd.DataFrame) -> None:
    cutoff = int(shop.tables.instants(AT)[0])
    owned = with_owners(shop.tables, scores, cutoff)
    declared = shop.frames["customers"].drop_duplicates("customer_id", keep="last").set_index("customer_id")["owner"]
    assert owned["owner"].tolist() == declared.reindex(scores["customer_id"]).tolist()
    plain = cp.EventTables(orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at"))
    assert "owner" not in with_owners(plain, scores, cutoff)
    assert cp.plan_retention(owned, capacity=2, offer_cost=1).contacts["owner"].value_counts().max() == 2


def test_who_is_on_a_list_or_was_contacted_lately_is_left_alone(shop: cp.Business, scores: pd.DataFrame, tmp_path: Path) -> None:
    cutoff, log = int(shop.tables.instants(AT)[0]), shop.frames["treatments"]
    lately = log[(log["at"] < AT) & (log["at"] >= AT - pd.Timedelta("30D")) & (log["arm"] == "contact")]["customer"]
    wanted = set(scores["customer_id"]) & set(lately)
    assert wanted
    listed = tmp_path / "opted_out.csv"
    free = next(c for c in scores["customer_id"] if c not in wanted)
    pd.DataFrame({"customer_id": [free, "nobody"], "why": ["opted out", ""]}).to_csv(listed, index=False)
    logged, bare = SimpleNamespace(treatments="treatments"), SimpleNamespace(treatments=None)
    options = left_alone(logged, shop.tables, cutoff, scores, {"exclude": listed, "rest": "30d", "offer_cost": 1.0})
    said = cp.plan_retention(scores, **options).decisions.set_index("customer_id")["why"]
    assert said[said != ""].to_dict() == dict.fromkeys(wanted, "contacted within 30d") | {free: "opted out"}
    assert left_alone(bare, shop.tables, cutoff, scores, {"offer_cost": 1.0}) == {"offer_cost": 1.0, "exclude": None}
    assert left_alone(logged, shop.tables, cutoff, scores, {"exclude": [free], "rest": "30d"})["exclude"][free] == ""
    numbered = scores.assign(customer_id=range(len(scores)))  # ids that CSV gives back as texts
    pd.DataFrame({"customer_id": [3]}).to_csv(listed, index=False)
    assert left_alone(bare, shop.tables, cutoff, numbered, {"exclude": listed})["exclude"] == {3: "on the list"}
    with pytest.raises(UsageError, match="no-treatments"):
        left_alone(bare, shop.tables, cutoff, scores, {"rest": "30d"})
    pd.DataFrame({"who": [free]}).to_csv(listed, index=False)
    with pytest.raises(SchemaError, match="missing-column"):
        left_alone(bare, shop.tables, cutoff, scores, {"exclude": listed})
