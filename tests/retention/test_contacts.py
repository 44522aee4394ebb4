"""Contacts read back: one declared table, matched with the plan by a plain loop, and usable as a treatment log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.treatments import arms_of
from churnpredict.errors import ChurnError
from churnpredict.retention.contacts import of_customers, read_contacts

DAY = pd.Timestamp("2024-05-01")


def test_the_first_contact_after_the_cutoff_and_the_latest_answer_count(rng: np.random.Generator) -> None:
    n = 300
    who, days = rng.integers(0, 40, n), rng.integers(-20, 40, n)
    at = DAY + pd.to_timedelta(days, "D")
    frame = pd.DataFrame({"who": who, "day": at, "said": rng.choice(["yes", "no", None], n), "staff": rng.choice(["Ada", None], n)})
    frame["done"] = rng.choice(["contact", "Hold-out"], n, p=[0.9, 0.1])
    plan = pd.DataFrame({"customer_id": range(30), "cutoff": DAY, "arm": "contact"})
    made = read_contacts(frame, customer="who", time="day", response="said", by="staff", arm="done")
    found = made.follow_up(plan, until="2024-06-01")
    rows = frame.sort_values("day", kind="stable")
    for row in found.itertuples():
        mine = rows[(rows["who"] == row.customer_id) & (rows["day"] >= DAY) & (rows["day"] < "2024-06-01") & (rows["done"] == "contact")]
        assert row.contacts == len(mine)
        assert (pd.isna(row.contacted_at) and not len(mine)) or row.contacted_at == mine["day"].iloc[0]
        for name, column in (("response", "said"), ("by", "staff")):
            noted = mine[column].dropna()
            assert getattr(row, name) == (noted.iloc[-1] if len(noted) else None)


def test_it_is_a_treatment_log() -> None:
    shop = cp.make_business(200, random_state=0)
    past = cp.take_snapshots(shop.tables, shop.churn, at="2023-10-01")
    ids = past["customer_id"].tolist()[:6]
    made = read_contacts(
        {"customer_id": ids, "at": ["2023-10-05"] * 6, "arm": [None, "contact", "call", "hold-out", "Control", "no contact"]}
    )
    tables = cp.EventTables(orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at"), made=made.events())
    arms = arms_of(tables, past.head(6), cp.Inactivity("60d", of="orders"), "made")
    assert arms["treated"].tolist() == [True, True, True, False, False, False]
    assert arms["hold_out"].tolist() == [False, False, False, True, True, True]


def test_outcomes_and_breaches_are_counted() -> None:
    plan = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "cutoff": DAY, "arm": ["contact", "contact", "hold-out", "contact"]})
    made = read_contacts({"customer_id": ["a", "c"], "at": ["2024-05-02", "2024-05-03"], "outcome": ["kept", None]})
    index = pd.MultiIndex.from_arrays([["a", "b", "c"], [DAY] * 3], names=["customer_id", "cutoff"])
    found = made.follow_up(plan, outcomes=pd.DataFrame({"outcome": [1, 0, 2], "duration": 1.0}, index=index))
    assert found["left"].tolist()[:3] == [1.0, 0.0, 1.0]
    assert np.isnan(found["left"].iloc[3]), "what is not known is not 0"
    assert made.breaches(found).startswith("1 of 3 customers to contact were contacted (33 %); 1 of 1 held out")
    table = made.summary(found).set_index("arm")
    assert table.loc["contact", ["customers", "known", "left"]].tolist() == [3, 2, 0.5]
    assert made.summary(found, by="outcome")["outcome"].tolist() == ["kept", "none noted"]


def test_who_must_not_be_called_is_left_out_of_a_plan() -> None:
    made = read_contacts({"customer_id": ["a", "b"], "at": ["2024-05-02"] * 2, "response": ["do not call", "later"]})
    scores = pd.DataFrame({"customer_id": ["a", "b"], "risk": 0.5, "value": 500.0})
    plan = cp.plan_retention(scores, exclude=made.answered("do not call"), holdout=0)
    assert plan.decisions.set_index("customer_id")["decision"].to_dict() == {"a": "excluded", "b": "contact"}
    with pytest.raises(ChurnError, match="unknown-choice"):
        made.answered(["later", "dont call"])


def test_files_hold_texts(tmp_path: Path) -> None:
    (tmp_path / "made.csv").write_text("customer_id,at,by\n7,2024-05-02,Ada\nx,2024-05-02,Ada\n")
    made = read_contacts(tmp_path / "made.csv")
    assert of_customers(made, [7, 8]).table["customer_id"].tolist() == [7]
    assert of_customers(made, ["7"]).table["customer_id"].tolist() == ["7", "x"]


@pytest.mark.parametrize(
    ("given", "options", "code"),
    [
        ({"customer_id": ["secret"]}, {}, "missing-column"),
        ({"who": ["secret"], "at": ["2024-05-01"]}, {}, "missing-column"),
        ({"customer_id": ["secret"], "at": ["2024-05-01"]}, {"response": "answer"}, "missing-column"),
        ({"customer_id": ["secret", None], "at": ["2024-05-01"] * 2}, {}, "null-id"),
        ({"customer_id": ["secret"], "at": ["soon"]}, {}, "bad-time"),
        ({"customer_id": ["secret", "b"], "at": ["2024-05-01", None]}, {}, "null-cutoff"),
    ],
)
def test_what_cannot_be_read_is_refused(given: Any, options: Any, code: str) -> None:
    with pytest.raises(ChurnError, match=code) as refused:
        read_contacts(given, **options)
    assert "secret" not in str(refused.value)


def test_ids_of_another_type_are_refused() -> None:
    plan = pd.DataFrame({"customer_id": [1], "cutoff": DAY, "arm": "contact"})
    with pytest.raises(ChurnError, match="id-types-differ"):
        read_contacts({"customer_id": ["secret"], "at": ["2024-05-01"]}).follow_up(plan)
    with pytest.raises(ChurnError, match="missing-column"):
        read_contacts({"customer_id": [1], "at": ["2024-05-01"]}).follow_up(plan.drop(columns="cutoff"))
