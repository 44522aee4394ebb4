"""The audit where tables are known: each kind of future is named, fit and the command line run it, and sound data give no alarm."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.cli.test_config import GOOD
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.cli import commands as cli
from churnpredict.errors import ChurnWarning, LeakageError
from churnpredict.events.timing import OPEN
from churnpredict.pipeline import churn_pipeline
from churnpredict.pipeline.auditing import audit_tables


@pytest.fixture(scope="module")
def shop():
    return cp.make_business(250, random_state=3, months=18)


@pytest.fixture(scope="module")
def past(shop):
    return cp.take_snapshots(shop.tables, shop.churn, every="60d")


def frame(values, snapshots, name="mine"):
    return pd.DataFrame({name: np.asarray(values, float)}, index=snapshots.index)


def count(tables, snapshots, name, *, late=False, ahead=0):
    """Rows of each customer before the cutoff; a user's own function, with one of two mistakes."""
    stream = tables.stream(name)
    cutoffs = pd.to_datetime(snapshots["cutoff"]).to_numpy().astype("M8[us]").astype(np.int64) + ahead
    out = []
    for c, t in zip(tables.codes(snapshots["customer_id"]), cutoffs, strict=True):
        rows = slice(stream.offsets[c], stream.offsets[c + 1])
        keep = stream.times[rows] < t
        if not late and "known" in stream.columns:
            keep &= stream.columns["known"][rows] < t
        out.append(keep.sum())
    return frame(out, snapshots)


def ended(tables, snapshots):
    """Ends of tickets as they stand in the table today."""
    stream = tables.stream("tickets")
    cutoffs = pd.to_datetime(snapshots["cutoff"]).to_numpy().astype("M8[us]").astype(np.int64)
    out = []
    for c, t in zip(tables.codes(snapshots["customer_id"]), cutoffs, strict=True):
        rows = slice(stream.offsets[c], stream.offsets[c + 1])
        out.append(((stream.times[rows] < t) & (stream.columns["end"][rows] != OPEN)).sum())
    return frame(out, snapshots)


MISTAKES = {
    "rows-after-cutoff": lambda t, s: count(t, s, "orders", ahead=90 * 86_400_000_000),
    "known-at-ignored": lambda t, s: count(t, s, "returns", late=True),
    "end-not-yet-known": ended,
    "moves-with-the-future": lambda t, s: frame(np.full(len(s), t.profile.since.max()), s),
}


@pytest.mark.parametrize("code", MISTAKES)
def test_each_kind_of_future_is_named(shop, past, code):
    if code == "moves-with-the-future":  # joining dates are no rows: only garbage moves them
        past = past[past["cutoff"] < past["cutoff"].quantile(0.5)]
    report = audit_tables(shop.tables, past, shop.churn, function=MISTAKES[code])
    assert [f.code for f in report.errors] == [code], report


def test_a_sound_function_of_ones_own_passes(shop, past):
    report = audit_tables(shop.tables, past, shop.churn, function=lambda t, s: count(t, s, "returns"))
    assert report.ok, report


def test_snapshots_of_those_who_had_left(shop, past):
    everybody = pd.DataFrame({"customer_id": past["customer_id"].unique(), "cutoff": past["cutoff"].max()})
    report = audit_tables(shop.tables, everybody, shop.churn, function=lambda t, s: count(t, s, "orders"))
    assert {f.code for f in report.errors} == {"already-left"}


def test_a_table_that_already_says_who_left(shop, past):
    gone = cp.Events(shop.frames["cancellations"], customer="customer", time="at")
    tables = cp.EventTables(orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at"), cancellations=gone)
    snapshots = cp.take_snapshots(tables, shop.churn, every="30d")
    report = audit_tables(tables, snapshots, shop.churn, function=lambda t, s: count(t, s, "orders"))
    assert [(f.severity, f.where) for f in report.alarms] == [("warning", 'table "cancellations"')]


def test_a_column_of_late_writing_that_nobody_declared(shop, tmp_path):
    returns = shop.frames["returns"]
    orders = cp.Events(shop.frames["orders"], customer="customer", time="paid_at")
    returns.to_csv(tmp_path / "returns.csv", index=False)
    for source in (returns, str(tmp_path / "returns.csv")):
        tables = cp.EventTables(orders=orders, returns=cp.Events(source, customer="customer", time="returned_at"))
        snapshots = cp.take_snapshots(tables, shop.churn, at="2023-01-01")
        report = audit_tables(tables, snapshots, shop.churn, function=lambda t, s: count(t, s, "orders"))
        assert [f.code for f in report.alarms] == ["known-at-undeclared"]
        assert 'known_at="recorded_at"' in report.alarms[0].remedy


def test_treated_outcomes_are_told_until_they_are_handled():
    shop = cp.make_business(200, random_state=2, months=18, treatments=True)
    past = cp.take_snapshots(shop.tables, shop.churn, every="60d")
    simple = {"function": lambda t, s: count(t, s, "orders")}
    report = audit_tables(shop.tables, past, shop.churn, **simple)
    assert [f.code for f in report.alarms] == ["treated-outcomes"]
    assert 'treatments="treatments"' in report.alarms[0].remedy
    assert audit_tables(shop.tables, past, shop.churn, treatments="treatments", handled="flag", **simple).ok


@pytest.mark.parametrize("treated", ["exclude", "flag", "feature"])
def test_a_pipeline_trains_and_scores_in_each_way(treated):
    shop = cp.make_business(200, random_state=2, months=18, treatments=True, rule="cancellation")
    rows = [cp.Feature("orders", "count", "90d"), cp.Feature("orders", "days_since_last")]
    options = {
        "features": rows,
        "classifier": cp.ChurnClassifier(**QUICK | {"min_leavers": 5, "horizon": "90d"}),
        "treatments": "treatments",
    }
    pipeline = cp.ChurnPipeline(shop.churn, treated=treated, **options).fit(shop.tables, until="2023-05-01")
    plain = cp.ChurnPipeline(shop.churn, **options)
    assert pipeline.audit_.ok
    scores = pipeline.score(shop.tables, at="2023-05-01")
    assert scores["risk"].between(0, 1).all()
    assert (treated == "feature") == ("communication__treatments_ahead" in pipeline.model_.feature_names_in_)
    assert (pipeline.n_snapshots_ == len(plain.training_rows(shop.tables, "2023-05-01")[0])) == (treated == "exclude")


def leaking(log, name="account_status", gone="inactive", there="active", written=lambda frame: frame):
    """Customers with a status of today, as a warehouse has it: at the newest training cutoff it is the answer."""
    last = log.groupby("who")["paid_at"].max()
    status = np.where(last < log["paid_at"].max() - pd.Timedelta("60D"), gone, there)
    people = written(pd.DataFrame({"who": last.index, name: status}))
    orders = cp.Events(log, customer="who", time="paid_at", value="eur")
    return cp.EventTables(orders=orders, people=cp.Customers(people, customer="who", attributes=[name]))


def test_fit_warns_of_leaks_and_refuses_them_on_request(log, churn, quick):
    tables = leaking(log)
    with pytest.raises(LeakageError, match="account_status"):
        cp.ChurnPipeline(churn, classifier=quick, most_cutoffs=1, raise_on="error").fit(tables)
    with pytest.warns(ChurnWarning) as said:
        lenient = cp.ChurnPipeline(churn, classifier=quick, most_cutoffs=1).fit(tables)
    assert {"names-outcome", "predicts-too-well"} <= {w.message.code for w in said}
    assert not lenient.audit_.ok


def as_csv(frame, folder):
    frame.to_csv(folder / "people.csv", index=False)
    return str(folder / "people.csv")


def as_parquet(frame, folder):
    frame.to_parquet(folder / "people.parquet")
    return str(folder / "people.parquet")


@pytest.mark.parametrize(
    ("name", "gone", "there", "source"),
    [
        ("state", "closed", "open", as_parquet),
        ("is_active", False, True, as_csv),
        ("enabled", 0, 1, as_csv),
        ("kind_of_relation", "Former", "Current", as_csv),
        ("inactive", "yes", "no", lambda frame, _: pl.from_pandas(frame)),
    ],
)
def test_a_status_of_today_is_refused_from_every_source(log, churn, quick, tmp_path, name, gone, there, source):
    """Whatever it is called and however it is stored: it says of customers at an earlier cutoff that they are gone now."""
    tables = leaking(log, name, gone, there, lambda frame: source(frame, tmp_path))
    with pytest.raises(LeakageError, match=name):
        cp.ChurnPipeline(churn, classifier=quick, most_cutoffs=1, raise_on="error").fit(tables)


def test_fit_on_sound_tables_is_silent(trained):
    assert trained.audit_.ok


def test_what_was_known_by_then_is_no_leak(churn):
    """Who has no contract any more has left, and everybody could know: a note; a column that somebody overwrote stays an error."""
    n, last = 120, pd.Timestamp("2023-06-30")
    stays = np.arange(n) % 2 == 0
    end = np.where(stays, np.datetime64("NaT", "D"), np.datetime64("2023-04-15"))
    contracts = pd.DataFrame({"who": np.arange(n), "start": pd.Timestamp("2023-01-01"), "end": end, "auto_renew": stays.astype(float)})
    days = pd.date_range("2023-01-02", last, freq="7D").as_unit("us")
    visits = pd.DataFrame([(w, d) for w in range(n) for d in days if stays[w] or d < pd.Timestamp("2023-04-20")], columns=["who", "at"])
    tables = cp.EventTables(
        contracts=cp.Intervals(contracts, customer="who", start="start", end="end", attributes=["auto_renew"]),
        visits=cp.Events(visits, customer="who", time="at"),
    )
    rule = cp.Inactivity("30d", of="visits", active_within="60d")
    rows = [
        cp.Feature("contracts", "open_count"),
        cp.Feature("contracts", "open_age"),
        cp.Feature("contracts", "attribute", column="auto_renew"),
    ]
    report = cp.ChurnPipeline(rule, features=rows, most_cutoffs=1).audit(tables, until="2023-06-15")
    by_place = {f.where: f.severity for f in report.found if "column" in f.where}
    assert {s for w, s in by_place.items() if "open_" in w} == {"note"}
    assert {s for w, s in by_place.items() if "auto_renew" in w} == {"error"}


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended_:
        cli.main(list(arguments))
    return int(ended_.value.code or 0)


def test_the_command_checks_and_tells(tmp_path: Path, log, monkeypatch, capsys):
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: pytest.fail("check does not train"))
    assert run("check", "--until", "2023-12-01") == 0
    assert "nothing found" in capsys.readouterr().out
    assert run("check", "--until", "2023-12-01", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []
    (tmp_path / "orders.csv").write_text("who,paid_at,eur\n,2023-01-01,1\n")
    assert run("check") == 3


def test_the_command_ends_with_4_on_leaks(tmp_path: Path, log, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tables = leaking(log)
    log.to_csv("orders.csv", index=False)
    tables.declarations["people"].source.to_csv("people.csv", index=False)
    model = "[model]\nmost_cutoffs = 1\n"
    people = '\n[tables.people]\nkind = "customers"\nsource = "people.csv"\ncustomer = "who"\nattributes = ["account_status"]\n'
    Path("churn.toml").write_text(GOOD + people + model)
    assert run("check") == 4
    told = capsys.readouterr()
    assert "account_status" in told.out
    assert "[leakage]" in told.err


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("name", ["status", "account_status"])
def test_a_status_of_today_is_refused_by_fit_check_and_train(tmp_path: Path, log, churn, name, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    people = leaking(log).declarations["people"].source.rename(columns={"account_status": name})
    orders = cp.Events(log, customer="who", time="paid_at", value="eur")
    tables = cp.EventTables(orders=orders, people=cp.Customers(people, customer="who", attributes=[name]))
    with pytest.raises(LeakageError, match=name):
        cp.ChurnPipeline(churn, most_cutoffs=1, raise_on="error").fit(tables)
    log.to_csv("orders.csv", index=False)
    people.to_csv("people.csv", index=False)
    declared = f'\n[tables.people]\nkind = "customers"\nsource = "people.csv"\ncustomer = "who"\nattributes = ["{name}"]\n'
    Path("churn.toml").write_text(GOOD + declared + "[model]\nmost_cutoffs = 1\n")
    for command in ("check", "train"):
        assert run(command) == 4
        assert "[leakage]" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.model")) + list(tmp_path.glob("*.churn"))


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("rule", ["inactivity", "cancellation"])
def test_clean_businesses_give_no_alarm(rule):
    for seed in range(2):
        shop = cp.make_business(120, random_state=100 + seed, months=12, rule=rule)
        report = cp.ChurnPipeline(shop.churn).audit(shop.tables)
        assert report.ok, report


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_cdnow_gives_no_alarm(cdnow):
    tables = cp.EventTables(orders=cp.Events(cdnow, customer="customer_id", time="date", value="amount"))
    report = cp.ChurnPipeline(cp.Inactivity("91d", of="orders", active_within="182d"), most_cutoffs=6).audit(tables)
    assert report.ok, report
