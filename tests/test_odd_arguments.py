"""Arguments that are not what was asked for: every call returns, or raises an error of ours; none ends in a traceback of a library."""

from __future__ import annotations

import dataclasses
import datetime
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import churnpredict as cp
from churnpredict import accounting, diagnostics
from churnpredict.displays import GainDisplay, plot_renewals
from churnpredict.errors import ChurnError, SchemaError, TimeError, UsageError
from churnpredict.evaluation import metrics

ODD: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "1e300": lambda: 1e300,
    "beyond floats": lambda: 10**400,
    "NA": lambda: pd.NA,
    "Decimal NaN": lambda: Decimal("NaN"),
    "null character": lambda: "a\0b",
    "list": lambda: [],
    "list of number": lambda: [1],
    "class": lambda: int,
    "2-d array": lambda: np.ones((2, 2)),
    "span": lambda: datetime.timedelta(days=30),
    "Polars": lambda: pl.DataFrame({"a": [1]}),
    "generator": lambda: (i for i in range(2)),
}
LOG = pd.DataFrame({"u": np.repeat(range(8), 4), "t": pd.date_range("2024-01-01", periods=32, freq="5D"), "v": 1.0, "k": "paid"})
TERMS = pd.DataFrame({"u": range(8), "s": pd.Timestamp("2024-01-01"), "e": pd.date_range("2024-02-01", periods=8, freq="10D"), "v": 2.0})
PEOPLE = pd.DataFrame({"u": range(8), "since": pd.Timestamp("2023-12-01"), "size": np.arange(8.0)})
PRICES = pd.DataFrame({"u": range(8), "t": pd.Timestamp("2024-01-01"), "p": np.arange(8.0)})
ROLES: dict[type, dict[str, Any]] = {
    cp.Events: {"source": LOG, "customer": "u", "time": "t", "value": "v", "kind": "k"},
    cp.Intervals: {"source": TERMS, "customer": "u", "start": "s", "end": "e", "value": "v"},
    cp.States: {"source": PRICES, "customer": "u", "time": "t", "values": ["p"]},
    cp.Customers: {"source": PEOPLE, "customer": "u", "since": "since", "attributes": ["size"]},
}
Y, P = np.tile([0, 0, 1], 40), np.linspace(0.05, 0.95, 120)
SCORES = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2024-01-01")], "risk": [0.5]})
MATRIX = pd.DataFrame({"a__x": np.arange(120.0)})


@pytest.fixture(scope="module")
def tables() -> cp.EventTables:
    return cp.EventTables(
        log=cp.Events(**ROLES[cp.Events]),
        terms=cp.Intervals(**ROLES[cp.Intervals]),
        prices=cp.States(**ROLES[cp.States]),
        people=cp.Customers(**ROLES[cp.Customers]),
        observed_until="2024-07-01",
    )


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)  # "x" is a path, too
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def survives(call: Callable[[Any], Any]) -> None:
    """Call with every odd thing; anything but a result or an error of ours fails the test."""
    for name, make in ODD.items():
        try:
            call(make())
        except ChurnError:
            continue
        except Exception as error:
            raise AssertionError(f"{name}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("declaration", list(ROLES))
def test_declarations(declaration: type) -> None:
    log = {} if declaration is not cp.Customers else {"log": cp.Events(**ROLES[cp.Events])}
    for field in (f.name for f in dataclasses.fields(declaration)):
        survives(lambda given, field=field: cp.EventTables(**log, it=declaration(**ROLES[declaration] | {field: given})))


RULES: dict[type, dict[str, Any]] = {
    cp.Inactivity: {"of": "log"},
    cp.rules.WinBack: {"of": "log", "silent_for": "20d"},
    cp.Cancellation: {"of": "log"},
    cp.SubscriptionEnd: {"of": "terms"},
    cp.rules.TrialEnd: {"of": "terms"},
    cp.rules.DownSell: {"of": "prices", "value": "p"},
}


@pytest.mark.parametrize("rule", list(RULES))
def test_rules(rule: type, tables: cp.EventTables) -> None:
    for field in (f.name for f in dataclasses.fields(rule)):
        survives(
            lambda given, field=field: cp.take_snapshots(tables, rule(**{"horizon": "30d", **RULES[rule], field: given}), at="2024-03-01")
        )


CALLS: dict[str, Callable[[cp.EventTables, Any], Any]] = {
    **{
        f"Feature({f})": lambda t, v, f=f: cp.build_features(
            t, SNAPSHOTS, features=[cp.Feature(**{"table": "log", "aggregate": "count", "window": "30d", f: v})]
        )
        for f in cp.Feature.__dataclass_fields__
    },
    "Feature(nth) of a gap": lambda t, v: cp.build_features(t, SNAPSHOTS, features=[cp.Feature("log", "last_gap", nth=v)]),
    "OwnFeature(name)": lambda t, v: cp.build_features(t, SNAPSHOTS, features=[cp.features.OwnFeature(v, lambda *_: 1.0, tables=["log"])]),
    "OwnFeature(tables)": lambda t, v: cp.build_features(t, SNAPSHOTS, features=[cp.features.OwnFeature("a", lambda *_: 1.0, tables=v)]),
    "build_features(features)": lambda t, v: cp.build_features(t, SNAPSHOTS, features=v),
    "build_features(n_jobs)": lambda t, v: cp.build_features(t, SNAPSHOTS, features=[cp.Feature("log", "count", "30d")], n_jobs=v),
    "aggregate(name)": lambda t, v: cp.features.aggregate(v),
    "aggregate(needs)": lambda t, v: cp.features.aggregate("odd_needs", needs=v),
    "take_snapshots(treatments)": lambda t, v: cp.take_snapshots(t, cp.Inactivity("30d", of="log"), at="2024-03-01", treatments=v),
    "EventTables(timezone)": lambda t, v: cp.EventTables(log=cp.Events(**ROLES[cp.Events]), timezone=v),
    "scan_tables(partitions)": lambda t, v: cp.runs.scan_tables(log=cp.Events(**ROLES[cp.Events]), partitions=v).close(),
    "scan_tables(folder)": lambda t, v: cp.runs.scan_tables(log=cp.Events(**ROLES[cp.Events]), folder=v).close(),
    "open_history(folder)": lambda t, v: cp.runs.open_history(v, log=cp.Events(**ROLES[cp.Events])).close(),
    "read_scores(folder)": lambda t, v: cp.runs.read_scores(v),
    "forget(folder)": lambda t, v: cp.runs.forget(["a"], v),
    "load(path)": lambda t, v: cp.load(v),
    "load(expected_sha256)": lambda t, v: cp.load("x", expected_sha256=v),
    "return_curve(of)": accounting.return_curve,
    "return_curve(kinds)": lambda t, v: accounting.return_curve(t, "log", kinds=v),
    "contradictions(flags)": lambda t, v: accounting.contradictions(t, cp.Inactivity("30d", of="log"), flags=v),
    "cohorts(start)": lambda t, v: accounting.cohorts(t, cp.Inactivity("30d", of="log"), start=v),
    "ChurnPipeline(most_cutoffs)": lambda t, v: cp.ChurnPipeline(cp.Inactivity("30d"), most_cutoffs=v),
    "ChurnPipeline(classifier)": lambda t, v: cp.ChurnPipeline(cp.Inactivity("30d"), classifier=v),
    "ChurnPipeline(features)": lambda t, v: cp.ChurnPipeline(cp.Inactivity("30d"), features=v),
    "ChurnPipeline(horizons)": lambda t, v: cp.ChurnPipeline(cp.Inactivity("30d"), horizons=v),
    "ChurnPipeline(treatments)": lambda t, v: cp.ChurnPipeline(cp.Inactivity("30d"), treatments=v),
    "auc(y)": lambda t, v: metrics.auc(v, P),
    "auc(p)": lambda t, v: metrics.auc(Y, v),
    "calibration_error(bins)": lambda t, v: metrics.calibration_error(Y, P, bins=v),
    "gain(k)": lambda t, v: metrics.gain(Y, P, k=v),
    "GainDisplay(y)": lambda t, v: GainDisplay.from_predictions(v, P, rounds=2),
    "bootstrap_interval(customers)": lambda t, v: metrics.bootstrap_interval(metrics.auc, Y, P, rounds=2, customers=v),
    "plot_renewals(scores)": lambda t, v: plot_renewals(v, {"a": "2024-01-09"}),
    "find_alerts(snoozed)": lambda t, v: cp.diagnostics.find_alerts(INDEXED, {"high": "a__x > 5"}, snoozed=v),
    "judge_alerts(X)": lambda t, v: diagnostics.judge_alerts(v, Y, {"high": "a__x > 5"}),
    "judge_alerts(y)": lambda t, v: diagnostics.judge_alerts(INDEXED, v, {"high": "a__x > 5"}),
    "audit(customers)": lambda t, v: cp.audit(MATRIX, Y, customers=v),
    "audit(folds)": lambda t, v: cp.audit(MATRIX, Y, folds=v),
    "audit(raise_on)": lambda t, v: cp.audit(MATRIX, Y, raise_on=v),
    "TemporalSplit(n_splits)": lambda t, v: list(cp.TemporalSplit(v, horizon="2d").split(INDEXED, Y)),
    "TemporalSplit(groups)": lambda t, v: list(cp.TemporalSplit(1, horizon="2d").split(INDEXED, Y, v)),
}
SNAPSHOTS = pd.DataFrame({"customer_id": range(8), "cutoff": "2024-04-01"})
INDEXED = MATRIX.set_axis(
    pd.MultiIndex.from_product([range(3), pd.date_range("2024-01-01", periods=40)], names=["customer_id", "cutoff"]), axis=0
)


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str, tables: cp.EventTables) -> None:
    survives(lambda given: CALLS[name](tables, given))


def test_lists_that_can_be_read_once_are_read_once() -> None:
    """A generator was used up by the first check, and the columns were missing without a word."""
    people = cp.Customers(PEOPLE.assign(plan="a"), customer="u", attributes=(c for c in ["size", "plan"]), labels=iter(["size"]))
    there = cp.EventTables(people=people, log=cp.Events(LOG, customer="u", time="t"))
    assert there.profile is not None
    assert there.profile.attributes == ["size", "plan"]
    assert sorted(there.labels["people"]) == ["plan", "size"]
    log = cp.Events(LOG, customer="u", time="t", kind="k", replies=iter(["paid"]), activity=iter(["paid"]))
    assert (log.replies, log.activity) == (["paid"], ["paid"])
    assert cp.Events(LOG, customer="u", time="t", kind="k", activity=np.array(["paid", "free"])).activity == ["paid", "free"]


def test_parameters_that_an_aggregate_does_not_use_are_refused() -> None:
    """They only changed the feature's name, and a kind of NaN counted the rows of all kinds."""
    for wrong in ({"nth": 2}, {"column": "size"}, {"kind": float("nan")}, {"kind": ""}, {"kind": pd.NaT}):
        with pytest.raises(UsageError):
            cp.Feature("log", "count", "30d", **wrong)


def test_a_unit_is_checked_even_where_times_have_a_type() -> None:
    with pytest.raises(UsageError, match="unit is 'hours'"):
        cp.EventTables(log=cp.Events(LOG, customer="u", time="t", unit="hours"))


def test_cohorts_without_a_period_are_refused(tables: cp.EventTables) -> None:
    with pytest.raises(TimeError, match="no-period"):
        accounting.cohorts(tables, cp.Inactivity("30d", of="log"), start="9999-01-01")


def test_a_single_column_is_not_a_source() -> None:
    for column in (LOG["u"], pl.Series("u", [1, 2])):
        with pytest.raises((SchemaError, UsageError)):
            cp.EventTables(log=cp.Events(column, customer="u", time="t"))


def test_times_beyond_int64_are_refused_by_name() -> None:
    frame = pd.DataFrame({"u": [1, 2], "t": pd.array([2**63 + 5, 1], dtype="UInt64")})
    with pytest.raises(TimeError, match="epoch-unit"):
        cp.EventTables(log=cp.Events(frame, customer="u", time="t"))
