"""What terminals and notebooks show of results: every one says something, and no name of the user's becomes markup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.shops import shop_log

import churnpredict as cp
from churnpredict.accounting.accounts import Accounts
from churnpredict.evaluation.audit_report import Finding
from churnpredict.lifecycle.retraining import Retraining
from churnpredict.markup import show
from churnpredict.monitoring.drift import Alarm, Drift
from churnpredict.pipeline.scores import Scores
from churnpredict.score_runs.runs import Part, Run

EVIL = "<img src=x onerror=alert(1)>"
AT = pd.Timestamp("2024-09-01")


def tables() -> cp.EventTables:
    log = shop_log(n=20)
    people = pd.DataFrame({"who": sorted(set(log["who"])), EVIL: "x"})
    return cp.EventTables(
        orders=cp.Events(log, customer="who", time="paid_at", value="eur"), people=cp.Customers(people, customer="who", attributes=[EVIL])
    )


def partitions() -> object:
    return cp.runs.scan_tables(orders=cp.Events(shop_log(n=20), customer="who", time="paid_at"))


def plan() -> object:
    scores = pd.DataFrame({"customer_id": range(40), "risk": 0.8, "value": 500.0, "reason_1": "support", "reason_1_points": 0.3})
    return cp.plan_retention(scores, playbook={"support": {"remedy": EVIL}})


def run() -> Run:
    parts = (Part("part-00000.parquet", 3, 2_000_000, "0" * 64),)
    return Run(Path(EVIL), "2024-09-01", 0, "abc", None, "", "words", (), 3, {"high": 1, "low": 2}, parts, {})


def accounts() -> object:
    return Accounts({"period": [EVIL], "customers": [1200], "rate": [0.5], "note": [""]})


def scores() -> object:
    return Scores({"customer_id": [EVIL], "risk": [0.5], "reason_1": [EVIL], "reason_1_points": [0.1], "remedy_1": [EVIL]})


SHOWN: list[tuple[Callable[[], object], str]] = [
    (tables, "19 customers"),
    (partitions, "PartitionedTables"),
    (lambda: cp.make_business(60, random_state=1), "Business of 60 customers"),
    (lambda: cp.ChurnPipeline(cp.Inactivity("60d", of=EVIL)), "not trained yet"),
    (plan, "expected profit"),
    (accounts, "1,200"),
    (scores, "1 customer at risk"),
    (run, "3 customers, 1 high, 2 low"),
    (lambda: cp.Audit((Finding("error", "leak", EVIL, EVIL, 0.9, EVIL),)), "1 error"),
    (lambda: Drift(AT, 5, (Alarm("source", "late", EVIL, EVIL, 1.0, 0.0, 0.5, EVIL),)), "1 alarm"),
    (lambda: Retraining(promoted=False, verdict="worse", words=EVIL, until=AT), "refused [worse]"),
]


@pytest.mark.parametrize(("make", "told"), SHOWN)
def test_results_are_shown_and_names_stay_names(make: Callable[[], object], told: str) -> None:
    shown = make()
    page = shown._repr_html_()  # type: ignore[attr-defined]
    assert told in page
    assert repr(shown).strip()
    assert "<img" not in page
    assert EVIL not in repr(shown) or "&lt;img" in page


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize(("make", "told"), SHOWN)
def test_terminals_get_lines_that_fit(make: Callable[[], object], told: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(len, repr(make()).splitlines())) <= width


def test_markup_escapes_everything() -> None:
    page = show(EVIL, [(EVIL, 1234)], (EVIL, EVIL), [EVIL])
    assert "<img" not in page
    assert page.count("&lt;img") == 5
    assert page.count("<style>") == 1
    assert "<td>1,234</td>" in page
