"""Drift is silent where nothing has changed, and says what has: what, where, how much, what to do."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.cli.test_config import GOOD
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.errors import ContentError, IdentityError, SchemaError, UsageError
from churnpredict.monitoring import realised_outcomes as matured
from churnpredict.pipeline import churn_pipeline
from churnpredict.pipeline.churn_pipeline import ChurnPipeline
from churnpredict.report.page import render_report

AT = pd.Timestamp("2023-12-01")
FEATURES = [
    cp.Feature("orders", "sum", "30d"),
    cp.Feature("orders", "mean", "90d"),
    cp.Feature("orders", "count", "60d"),
    cp.Feature("orders", "days_since_last"),
    cp.Feature("orders", "gap_mean"),
    cp.Feature("calls", "count", "30d", driver="support"),
]


def steady_log(n: int = 900, seed: int = 5, days: int = 420) -> pd.DataFrame:
    """Orders of customers who come and go at a steady pace, with a channel."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n), 40)
    start, life = rng.uniform(-300, days, n), rng.exponential(150, n) + 20
    gap = rng.gamma(3, 4, n) + 2
    times = start[who] + np.cumsum(rng.exponential(gap[who].reshape(n, 40)), axis=1).ravel()
    keep = (times > 0) & (times < days) & (times < (start + life)[who])
    paid = (pd.Timestamp("2023-01-01") + pd.to_timedelta((times[keep] * 86_400).astype(int), unit="s")).astype("datetime64[us]")
    log = pd.DataFrame({"who": [f"K{w:04d}" for w in who[keep]], "eur": rng.gamma(2, 15, keep.sum()).round(2), "paid_at": paid})
    log["channel"] = rng.choice(["web", "shop", "phone"], len(log), p=[0.6, 0.3, 0.1])
    return log.sort_values("paid_at", ignore_index=True)


def declared(log: pd.DataFrame, calls: pd.DataFrame) -> cp.EventTables:
    orders = cp.Events(log, customer="who", time="paid_at", value="eur", kind="channel")
    contacts = cp.Events(calls, customer="who", time="at", known_at="known", driver="support")
    return cp.EventTables(orders=orders, calls=contacts, observed_until="2024-02-20")


@pytest.fixture(scope="module")
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    log = steady_log()
    calls = log.iloc[::4][["who"]].assign(at=log["paid_at"].iloc[::4] + pd.Timedelta(hours=3))
    return log, calls.assign(known=calls["at"] + pd.Timedelta(hours=5))


@pytest.fixture(scope="module")
def model(frames: tuple[pd.DataFrame, pd.DataFrame]) -> cp.ChurnPipeline:
    churn = cp.Inactivity("40d", of="orders", active_within="60d")
    classifier = cp.ChurnClassifier(**{**QUICK, "horizon": "40d"})
    pipeline = ChurnPipeline(churn, features=FEATURES, classifier=classifier)
    return pipeline.learn(*pipeline.training_rows(declared(*frames), "2023-10-01"))


@pytest.fixture(scope="module")
def sent(frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline) -> list[pd.DataFrame]:
    return [model.score(declared(*frames), at) for at in ("2023-10-01", "2023-10-15")]


def codes(found: cp.Drift) -> set[tuple[str, str]]:
    return {(alarm.code, alarm.where) for alarm in found.alarms}


def test_silent_where_nothing_has_changed(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]
) -> None:
    for at in ("2023-11-01", "2023-12-01", "2024-01-10"):
        found = cp.find_drift(model, declared(*frames), at, scores=sent)
        assert found.ok, found
        assert len(found.figures) > len(FEATURES)
    assert "no alarm" in repr(found)
    assert "realised outcomes" in repr(found)


def newest(frame: pd.DataFrame, time: str, days: int) -> pd.Series:
    return frame[time] >= AT - pd.Timedelta(days=days)


def unit(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return log.assign(eur=np.where(newest(log, "paid_at", 30), 100 * log["eur"], log["eur"])), calls


def null(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return log.assign(eur=log["eur"].where(~newest(log, "paid_at", 15))), calls


def stopped(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return log, calls[~newest(calls, "at", 20)]


def late(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return log[~newest(log, "paid_at", 4)], calls


def delayed(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return log, calls.assign(at=np.where(newest(calls, "known", 10), calls["at"] - pd.Timedelta(days=9), calls["at"]))


def category(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    swap = newest(log, "paid_at", 30) & (np.arange(len(log)) % 8 == 0)
    return log.assign(channel=np.where(swap, "app", log["channel"])), calls


def half(log: pd.DataFrame, calls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    gone = set(log["who"].unique()[::2])
    return log[~(newest(log, "paid_at", 60) & log["who"].isin(gone))], calls[~(newest(calls, "at", 60) & calls["who"].isin(gone))]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (unit, {("column", "orders.value"), ("inputs", "orders")}),
        (null, {("column", "orders.value")}),
        (stopped, {("late-source", "calls"), ("inputs", "calls")}),
        (late, {("late-source", "orders")}),
        (delayed, {("delay", "calls")}),
        (category, {("new-values", "orders.kind")}),
        (half, {("customers", "all customers")}),
    ],
)
def test_what_has_changed_is_named(
    damage: Callable[..., tuple[pd.DataFrame, pd.DataFrame]],
    expected: set[tuple[str, str]],
    frames: tuple[pd.DataFrame, pd.DataFrame],
    model: cp.ChurnPipeline,
) -> None:
    found = cp.find_drift(model, declared(*damage(*frames)), AT)
    assert expected <= codes(found), found
    for alarm in found.alarms:
        assert alarm.value > alarm.limit >= alarm.usual or alarm.limit == 0
        assert alarm.what
        assert alarm.remedy
    page = render_report(pd.DataFrame({"customer_id": ["a"], "cutoff": [AT], "risk": [0.2]}), drift=found, language="de")
    plain = html.unescape(page)
    assert [a.code for a in found.alarms if a.what.rstrip(".") in plain or a.remedy in plain] == []
    assert plain.count('<li class="warn">') >= len(found.alarms)
    assert "K0" not in repr(found) + found.figures.to_csv() + found.table.to_csv()  # no customer is named


def test_a_change_of_unit_is_called_one(frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline) -> None:
    found = cp.find_drift(model, declared(*unit(*frames)), AT)
    said = next(a.what for a in found.alarms if a.where == "orders.value")
    assert "change of unit" in said
    assert found.alarms[0].group == "source"  # what explains the rest comes first


def test_a_missing_table_is_an_alarm_and_no_crash(frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline) -> None:
    orders = cp.Events(frames[0], customer="who", time="paid_at", value="eur")
    found = cp.find_drift(model, cp.EventTables(orders=orders), AT)
    assert ("missing-table", "calls") in codes(found)


def test_nothing_after_the_moment_is_seen(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]
) -> None:
    """Law 1: the future of the moment may be anything."""
    log, calls = frames
    poison = log.assign(eur=np.where(log["paid_at"] < AT, log["eur"], 1e6), channel=np.where(log["paid_at"] < AT, log["channel"], "?"))
    clean, poisoned = (cp.find_drift(model, declared(part, calls), AT, scores=sent) for part in (log, poison))
    pd.testing.assert_frame_equal(clean.figures, poisoned.figures)
    pd.testing.assert_frame_equal(clean.outcomes, poisoned.outcomes)


def test_outcomes_are_those_known_at_the_moment(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]
) -> None:
    """The tables go on until February; in November only the scoring of 1 October had its 40 days."""
    found = cp.find_drift(model, declared(*frames), "2023-11-12", scores=sent)
    assert found.outcomes["cutoff"].dropna().unique().tolist() == [pd.Timestamp("2023-10-01")]


def test_scores_sent_after_the_moment_are_not_earlier_ones(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]
) -> None:
    """A folder of runs holds later ones, too; repeated on the data of the moment, each would look like a rewritten past."""
    tables = declared(*frames)
    later = model.score(tables, "2024-01-15")
    without, with_later = (cp.find_drift(model, tables, AT, scores=scores) for scores in (sent, [*sent, later]))
    assert with_later.alarms == without.alarms
    pd.testing.assert_frame_equal(with_later.figures, without.figures)
    assert not len(cp.find_drift(model, tables, AT, scores=[later]).outcomes)


# --- what was sent out ---


def test_risks_twice_too_high_are_noticed(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]
) -> None:
    doubled = [part.assign(risk=np.minimum(2 * part["risk"], 1), model_id="another") for part in sent]
    found = cp.find_drift(model, declared(*frames), AT, scores=doubled)
    assert ("calibration", "earlier scorings") in codes(found), found
    turned = [part.assign(risk=1 - part["risk"], model_id="another") for part in sent]
    assert ("no-gain", "earlier scorings") in codes(cp.find_drift(model, declared(*frames), AT, scores=turned))


def test_the_future_of_the_last_cutoffs_is_not_taken_for_staying(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline
) -> None:
    """Law 4: a scoring whose window is open has no outcome; planted, counting it as 0 would halve the observed share."""
    tables = declared(*frames)
    scores = matured.read_scorings([model.score(tables, at) for at in ("2023-12-01", "2024-02-10")])
    found = matured.mature(tables, scores, model.churn)
    assert set(found.rows["cutoff"]) == {AT}
    assert found.immature == (scores["cutoff"] > AT).sum() > 0
    truth = cp.label_churn(tables, scores[scores["cutoff"] == AT], model.churn).within()
    assert found.rows["left"].sum() == truth.sum()
    assert len(found.rows) == len(truth)


def test_a_rewritten_past_is_noticed(frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]) -> None:
    log, calls = frames
    rewritten = log.assign(eur=100 * log["eur"])  # all of it: nothing differs from the past within the tables
    assert ("rewritten", "earlier scorings") in codes(cp.find_drift(model, declared(rewritten, calls), AT, scores=sent))
    fewer = log[log["who"].str[-1] != "7"]
    assert ("rewritten", "training period") in codes(cp.find_drift(model, declared(fewer, calls), AT))


def test_scores_that_are_none_are_refused(
    frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline, sent: list[pd.DataFrame]
) -> None:
    tables = declared(*frames)
    with pytest.raises(SchemaError, match="missing-column"):
        cp.find_drift(model, tables, AT, scores=sent[0].drop(columns="risk"))
    with pytest.raises(ContentError, match="no-probability"):
        cp.find_drift(model, tables, AT, scores=sent[0].assign(risk=2.0))
    with pytest.raises(UsageError, match="no-reference"):
        cp.find_drift(model, tables, "2023-04-01")
    numbers = cp.EventTables(orders=cp.Events(pd.DataFrame({"who": [1, 2], "at": ["2024-01-01", "2024-01-02"]}), customer="who", time="at"))
    with pytest.raises(IdentityError, match="scores-id-type") as refused:
        matured.mature(numbers, matured.read_scorings(sent), model.churn)
    assert "K0" not in str(refused.value)


def test_rows_scored_twice_count_once_and_the_last_one(sent: list[pd.DataFrame]) -> None:
    again = sent[0].assign(risk=0.5)
    read = matured.read_scorings([sent[0], again])
    assert len(read) == len(sent[0])
    assert (read["risk"] == 0.5).all()


# --- the command ---


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    log = steady_log()
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**QUICK))
    assert run("train", "--until", "2023-10-01") == 0
    assert run("score", "--at", "2023-10-01", "--output", "october.csv") == 0
    capsys.readouterr()
    assert run("drift", "--at", "2023-12-20", "--scores", "october.csv", "--output", "checks.csv", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["checks"] == len(pd.read_csv("checks.csv"))
    assert found["customers"] > 0
    assert run("drift", "--at", "2024-02-20", "--strict") == 0
    log[log["paid_at"] < "2024-02-05"].to_csv(tmp_path / "orders.csv", index=False)
    assert run("drift", "--at", "2024-02-20", "--strict") == 3
    assert "late-source" in capsys.readouterr().out
    assert run("drift", "--scores", "nowhere.csv") == 3


def test_figures_that_are_not_known_are_not_told_as_nan() -> None:
    """Constant risks have no slope, and very few outcomes no interval."""
    row = {"value": 0.2, "low": np.nan, "high": np.nan, "cutoff": pd.NaT, "n": 9, "leavers": 2}
    known = pd.DataFrame([row | {"metric": name} for name in ("mean_risk", "observed", "calibration_gap", "calibration_slope", "lift_10")])
    known.loc[known["metric"] == "calibration_slope", "value"] = np.nan
    told = cp.Drift(AT, 100, outcomes=known).sent
    assert "nan" not in told
    assert "difference +20.0 points, interval not known" in told
    assert "slope" not in told
    assert "top tenth 0.2x; 9 snapshots, 2 left" in told


def test_a_moment_after_the_data_is_said(frames: tuple[pd.DataFrame, pd.DataFrame], model: cp.ChurnPipeline) -> None:
    """Nobody is missing: there are no data of that time."""
    found = cp.find_drift(model, declared(*frames), at="9999-12-31")
    said = next(alarm for alarm in found.alarms if alarm.code == "customers")
    assert "days after the end of the data at" in said.what
    assert "Load the data up to that moment" in said.remedy
