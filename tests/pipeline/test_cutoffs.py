"""Looking back with a model that has seen what came after: warned, marked, and left out of judgement."""

import json
import warnings

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning
from churnpredict.lifecycle.tracking import has_seen
from churnpredict.pipeline.cutoffs import learnt_until
from churnpredict.report.page import render_report

UNTIL, BEFORE, LATER = "2023-12-01", "2023-09-15", "2023-12-15"  # the fixture is trained until the first


def quiet(ask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChurnWarning)
        return ask()


def test_scores_that_look_back_say_so(trained, tables):
    assert "in_sample" not in trained.score(tables, at=UNTIL)
    assert "in_sample" not in trained.score(tables, at=LATER)
    with pytest.warns(ChurnWarning, match="in-sample"):
        scores = trained.score(tables, at=BEFORE)
    assert list(scores)[-1] == "in_sample"
    assert scores["in_sample"].all()
    with pytest.warns(ChurnWarning, match="in-sample"):
        trained.predict_proba(tables, at=BEFORE)
    trained.predict_proba(tables, at=UNTIL)


def test_the_border_is_the_end_of_the_newest_outcome_window(trained, tables):
    end = pd.Timestamp(learnt_until(tables, trained.churn, trained.cutoffs_), unit="us")
    assert end <= pd.Timestamp(UNTIL)
    assert not trained.has_seen(tables, [end])
    assert trained.has_seen(tables, [end - pd.Timedelta("1us")])
    assert has_seen(trained, [pd.Timestamp(BEFORE)])
    assert not has_seen(trained, [pd.Timestamp(UNTIL)])


def test_runs_are_marked_in_manifest_rows_and_database(trained, tables, tmp_path):
    with pytest.warns(ChurnWarning, match="in-sample"):
        path = cp.runs.write_scores(trained, tables, tmp_path / "runs", at=BEFORE, into=tmp_path / "scores.duckdb")
    assert json.loads((path / "manifest.json").read_text())["in_sample"] is True
    assert cp.runs.read_scores(path)["in_sample"].all()
    honest = cp.runs.write_scores(trained, tables, tmp_path / "runs", at=LATER, into=tmp_path / "scores.duckdb")
    assert "in_sample" not in json.loads((honest / "manifest.json").read_text())
    assert "in_sample" not in cp.runs.read_scores(honest)
    import duckdb

    with duckdb.connect(str(tmp_path / "scores.duckdb")) as database:
        kept = database.sql("SELECT cutoff, model_id FROM churn_scores").fetchdf().drop_duplicates()
    marked = kept.set_index("cutoff")["model_id"].str.endswith("(in-sample)")
    assert marked.to_dict() == {pd.Timestamp(BEFORE): True, pd.Timestamp(LATER): False}


@pytest.mark.parametrize("kept", [["customer_id", "cutoff", "risk", "in_sample"], ["customer_id", "cutoff", "risk", "model_id"]])
def test_drift_judges_forecasts_only(trained, tables, kept, tmp_path):
    """Marked rows, and rows of this very model from before the end of what it has learnt from, tell nothing of how good it is."""
    back, forecast = quiet(lambda: trained.score(tables, at=BEFORE)), trained.score(tables, at=UNTIL)
    back[kept].to_csv(tmp_path / "back.csv", index=False)
    read = pd.read_csv(tmp_path / "back.csv", dtype={"customer_id": str})
    alone = cp.find_drift(trained, tables, scores=read)
    assert not len(alone.outcomes)
    assert alone.in_sample == len(back)
    assert f"{len(back):,} scored rows are left out" in repr(alone)
    assert not alone.of("outcome")
    both = cp.find_drift(trained, tables, scores=[read, forecast])
    pd.testing.assert_frame_equal(both.outcomes, cp.find_drift(trained, tables, scores=forecast).outcomes)
    assert "left out" in both.sent


def test_a_drift_check_that_looks_back_says_so(trained, tables):
    with pytest.warns(ChurnWarning, match="in-sample"):
        found = cp.find_drift(trained, tables, at=BEFORE)
    assert found.looks_back
    assert "in-sample" in repr(found)
    assert "score" not in set(found.figures["group"])
    assert not cp.find_drift(trained, tables, at=LATER).looks_back


def test_the_page_says_so(trained, tables):
    page = render_report(quiet(lambda: trained.score(tables, at=BEFORE)))
    assert "This page looks back" in page
    assert "This page looks back" not in render_report(trained.score(tables, at=UNTIL))
