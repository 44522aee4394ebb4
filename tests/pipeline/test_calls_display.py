"""What is printed of the calls says what the figures say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.evaluation.campaign import ASSUMED
from churnpredict.evaluation.comparison import DIFFERENCE
from churnpredict.figures import amount
from churnpredict.pipeline.backtest_result import Backtest
from churnpredict.pipeline.calls_display import HEAD, calls_heading, calls_notes, calls_table, switch_words

AT = ["2023-10-01", "2023-12-01"]


@pytest.fixture(scope="module")
def found(tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier) -> Backtest:
    past = cp.take_snapshots(tables, churn, at=AT)
    known = past.groupby("cutoff").head(40)
    health = pd.Series(np.arange(len(known)) % 7, pd.MultiIndex.from_frame(known))
    few = {cutoff: list(part["customer_id"][:3]) for cutoff, part in past.groupby("cutoff")}
    pipeline = cp.ChurnPipeline(churn, classifier=quick, n_jobs=1)
    against = {"health": health, "few": few, "silent": "habit__orders_days_since_last >= 45"}
    return pipeline.backtest(tables, at=AT, against=against, high={"health": "healthy"}, capacity=25, rounds=20)


def test_a_backtest_without_rivals_is_as_before(tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier) -> None:
    plain = cp.ChurnPipeline(churn, classifier=quick, n_jobs=1).backtest(tables, at=AT[0], rounds=0)
    assert plain.switch is None
    assert "called" not in set(plain["metric"])
    assert "If the team calls" not in repr(plain)
    assert not calls_heading(pd.DataFrame(plain))
    assert switch_words(plain.switch, None, 5, 1) == []


def test_the_table_of_a_cutoff_has_the_figures_of_everybody(found: Backtest) -> None:
    part = pd.DataFrame(found)[found["cutoff"] == AT[0]]
    rows = calls_table(part)
    assert {row[0] for row in rows} == set(found["model"])
    assert all(len(row) == len(HEAD) for row in rows)
    assert rows[0][-1] == "", "the model has no difference from itself"
    profit = part.query("model == 'silent' and metric == 'profit_of_calls'")["value"].item()
    assert next(row for row in rows if row[0] == "silent")[5].split("\n")[0] == amount(profit)
    assert calls_heading(part) == "If the team calls 25 customers:"


def test_customers_without_a_score_and_short_lists_are_told(found: Backtest) -> None:
    part = pd.DataFrame(found)[found["cutoff"] == AT[0]]
    notes = calls_notes(part)
    missing = int(part["n"].iloc[0]) - 40
    assert f"health: {missing} customers without a score come last." in notes
    assert any(note.startswith("few names only 3 of them; leavers among these: ") for note in notes)


def test_a_switch_is_told_over_all_cutoffs_with_its_money(found: Backtest) -> None:
    text = " ".join(str(found).split())
    leavers = int(pd.DataFrame(found).drop_duplicates("cutoff")["leavers"].sum())
    for words in switch_words(found.switch, 25, leavers, 2):
        assert " ".join(words.split()) in text
    assert "Calling 25 customers at each of 2 cutoffs, the model finds" in text
    assert f"Profits assume: {ASSUMED}." in text
    row = found.switch.set_index(["model", "metric"]).loc[("health", "profit_of_calls")]
    per_cutoff = pd.DataFrame(found).query("model == 'health' and metric == 'profit_of_calls'")["difference"].sum()
    assert row["difference"] == pytest.approx(per_cutoff)
    assert f"worth {'+' if row['difference'] > 0 else ''}{amount(row['difference'])}" in text


def test_without_a_capacity_a_tenth_is_assumed_and_said(found: Backtest) -> None:
    words = switch_words(found.switch, None, 10, 1)
    assert words[0].startswith("Calling a tenth of the customers (no capacity was given) at the cutoff, the model finds")
    assert not any("interval not known" in words_ for words_ in words)


def test_notebooks_and_pages_show_it_as_text(found: Backtest) -> None:
    renamed = Backtest(pd.DataFrame(found).replace({"model": {"few": "<script>alert(1)</script>"}}))
    page = renamed._repr_html_()
    assert page.count("<table") == 4
    assert "<script" not in page
    assert "worth" in found._repr_html_()
    assert "worth" in found.to_html()


def test_pictures_leave_out_what_is_not_a_probability(found: Backtest) -> None:
    pytest.importorskip("matplotlib")
    axes = found.plot().axes
    drawn = {ax.get_title(loc="left"): {line.get_label() for line in ax.get_lines()} for ax in axes}
    assert any("health" in str(label) for label in drawn["Are leavers found first?"])
    assert not any("health" in str(label) for label in drawn["What would a campaign earn?"])


def test_a_list_that_names_nobody_and_one_leaver_are_worded_as_such() -> None:
    def row(model: str, metric: str, value: float) -> dict[str, object]:
        return {"model": model, "metric": metric, "value": value, "low": value, "high": value} | dict.fromkeys(DIFFERENCE, 0.0)

    nobody = {"called": 0.0, "found": 0.0, "false_alarms": 0.0, "lead_days": np.nan, "profit_of_calls": 0.0, "found_by_model": 0.0}
    one = {"called": 9.0, "found": 1.0, "false_alarms": 8.0, "lead_days": 12.25, "profit_of_calls": 3.0}
    figures = pd.DataFrame([*(row("model", k, v) for k, v in one.items()), *(row("list", k, v) for k, v in nobody.items())])
    assert calls_notes(figures) == ["list names nobody."]
    words = switch_words(figures, 9, 4, 1)
    assert words[0] == "Calling 9 customers at the cutoff, the model finds 1 leaver, on average 12.2 days before they leave. 4 left in all."
    assert words[1].startswith("list finds 0 leavers. Switching to the model: ")
