"""Tables of the terminal: what was decided, removed and scored, in the words of the commands."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnpredict.cli.terminal_tables import alert_table, counted, decided, forgotten, history_table, riskiest
from churnpredict.lifecycle.registry import Entry


def entry(action: Any) -> Entry:
    return Entry(
        action=action,
        model="a" * 64,
        before=None,
        model_id="m1",
        verdict="better",
        words="log loss is lower",
        until="2024-03-01 00:00",
        key="k",
    )


@pytest.mark.parametrize(("number", "noun", "told"), [(0, "row", "0 rows"), (1, "run", "1 run"), (1200, "row", "1,200 rows")])
def test_a_noun_follows_its_number(number: int, noun: str, told: str) -> None:
    assert counted(number, noun) == told


@pytest.mark.parametrize(
    ("action", "done"), [("add", "added"), ("promote", "promoted"), ("refuse", "refused"), ("roll back", "rolled back")]
)
def test_every_decision_has_its_word(action: str, done: str) -> None:
    assert decided(entry(action)) == f"{done} [better]: log loss is lower"
    table = history_table([entry(action)])
    assert "2024-03-01" in table
    assert done in table


def test_what_was_removed_and_what_was_not_reached() -> None:
    found: Any = {"rows": 1200, "runs": 3, "rows_in_table": 5, "rows_in_history": 7, "asked": 2, "found": 1, "not_found": 1}
    found |= {"spelt_otherwise": 1, "not_reached": ["notes"]}
    told = " ".join(forgotten(found, True, True).split())
    for part in (
        "1,200 rows from 3 runs",
        "5 from the table",
        "7 from the kept history",
        "1 found, 1 not found",
        "another spelling",
        "notes",
    ):
        assert part in told
    bare = " ".join(forgotten(found | {"spelt_otherwise": 0, "not_reached": []}, False, False).split())
    assert "--into" in bare
    assert "--history" in bare


def test_the_riskiest_customers_and_alerts() -> None:
    row = {"customer_id": "C1", "risk": 0.42, "money_at_risk": 1234.0, "reason_1": "price", "reason_1_points": 0.05}
    row |= {f"reason_{i}{part}": None for i in (2, 3) for part in ("", "_points")}
    text = riskiest(pd.DataFrame([row] * 12), "€")
    assert text.count("C1") == 10
    assert "42 %" in text
    assert "Price +5.0" in text  # spelt as in notebooks and on the page
    two = row | {"reason_2": "support", "reason_2_points": 0.04, "about_equal": True}
    both = riskiest(pd.DataFrame([two, two | {"about_equal": False}]))
    assert both.count("Price +5.0 / Support +4.0") == both.count("Price +5.0, Support +4.0") == 1
    judged = pd.DataFrame({"alert": ["silent"], "fired": [30], "left": [0.5], "base_rate": [0.1]})
    judged = judged.assign(left_low=0.33, left_high=0.67, leavers=1200.0, missed=34.0, missed_low=0.02, missed_high=0.039, lead_days=[41.6])
    assert "silent" in alert_table(judged, {"silent": 4})
    assert "34 of 1,200" in alert_table(judged, {})
    assert re.search("42 *\n", alert_table(judged, {}))
    assert all(told in alert_table(judged, {}) for told in ("33 % to 67 %", "2.0 % to 3.9 %"))
    bare = alert_table(judged.assign(lead_days=np.nan, left_low=np.nan, left_high=np.nan, missed_low=np.nan, missed_high=np.nan), {})
    assert " to " not in bare
    assert bare.split()[-1] == "-"
