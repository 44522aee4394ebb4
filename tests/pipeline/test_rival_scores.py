"""Scores, rules and lists of the user's own are read as they stood at the cutoff, or refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.errors import ChurnError, ChurnWarning, ConfigError, IdentityError, UsageError
from churnpredict.pipeline import rival_scores as module
from churnpredict.pipeline.rival_scores import Ranking, check_rivals, rank_rivals

AT = pd.to_datetime(["2023-10-01", "2023-12-01"])
X = pd.DataFrame({"value__crm_score": [0.2, 0.9]}, index=pd.MultiIndex.from_product([["b", "a"], AT[:1]], names=["customer_id", "cutoff"]))
BY_ROW = pd.Series([0.1, 0.2, 0.3, 0.4], pd.MultiIndex.from_product([["a", "b"], AT], names=["customer_id", "cutoff"]))
START = pd.Timestamp("2023-09-01")


def world(health: pd.DataFrame | None = None, **more: Any) -> cp.EventTables:
    """Two customers who order, and what is said of their health."""
    log = pd.DataFrame({"who": ["a", "b"], "at": [START, START]})
    shown = {} if health is None else {"health": cp.States(health, customer="who", time="at", values=["score"], known_at="known")}
    return cp.EventTables(orders=cp.Events(log, customer="who", time="at"), observed_until="2024-03-01", **shown, **more)


TABLES = world()


def ranked(scores: Any, high: Any = None, tables: cp.EventTables = TABLES, rows: pd.DataFrame = X, cutoffs: int = 1) -> Ranking:
    return rank_rivals(check_rivals({"ours": scores}, cutoffs, high), AT[0], rows, tables)["ours"]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("value__crm_score", [0.2, 0.9]),
        (BY_ROW, [0.3, 0.1]),
        (BY_ROW.swaplevel(), [0.3, 0.1]),
        (BY_ROW.rename("p").reset_index(), [0.3, 0.1]),
        ({"2023-10-01": {"a": 0.1, "b": 0.3}, "2023-12-01": {"a": 0.5}}, [0.3, 0.1]),
        ({AT[0]: BY_ROW.xs(AT[0], level=1)}, [0.3, 0.1]),
        (pd.Series({"a": 0.1, "b": 0.3, "gone": 0.5}), [0.3, 0.1]),
        (lambda tables, cutoff: {"a": 0.1, "b": 0.3}, [0.3, 0.1]),
    ],
)
def test_every_form_of_probabilities_says_the_same(scores: Any, expected: list[float]) -> None:
    assert ranked(scores).risks.tolist() == expected
    assert ranked(scores).kind == "probability"


@pytest.mark.parametrize(
    "scores",
    [
        ["b", "gone"],
        {"b"},
        pd.Index(["b"]),
        pd.Series({"a": False, "b": True}),
        {"a": False, "b": True},
        {"2023-10-01": ["b"], "2023-12-01": ["a"]},
        lambda tables, cutoff: np.array(["b"]),
        "value__crm_score < 0.5",
        'value__crm_score < 0.5 and "value__crm_score" >= 0.1',
    ],
)
def test_every_form_of_a_list_says_the_same(scores: Any) -> None:
    found = ranked(scores)
    assert found.kind == "list"
    assert found.risks.tolist() == [1.0, 0.0]


def test_nobody_may_be_on_a_list() -> None:
    assert ranked({"2023-10-01": []}).risks.tolist() == [0.0, 0.0]
    assert ranked("value__crm_score > 5").risks.tolist() == [0.0, 0.0]


def test_what_a_high_score_means_is_declared() -> None:
    rows = pd.DataFrame(
        {"points": [70.0, np.nan, 10.0, 70.0]},
        index=pd.MultiIndex.from_product([list("abcd"), AT[:1]], names=["customer_id", "cutoff"]),
    )
    assert ranked("points", "risk", rows=rows) == Ranking(pytest.approx([2, 0, 1, 2]), "score", 1)
    assert ranked("points", {"ours": "healthy"}, rows=rows) == Ranking(pytest.approx([1, 0, 2, 1]), "score", 1)
    with pytest.raises(UsageError, match=r"what a high score means is not declared \(3 of 4 rows\).*no-direction"):
        ranked("points", rows=rows)


@pytest.mark.parametrize(
    ("against", "cutoffs", "high", "said"),
    [
        (BY_ROW, 1, None, "does not name its scores"),
        (None, 1, "risk", "does not name its scores"),
        ({"model": BY_ROW}, 1, None, "as a model here is"),
        ({"ours": {"a": 0.1, "b": 0.3}}, 2, None, "does not name the cutoff"),
        ({"ours": ["a"]}, 2, None, "does not name the cutoff"),
        ({"ours": {"a": 0.1}}, 1, None, r"missing values \(1 of 2 rows\)"),
        ({"ours": {"a": 10, "b": 30}}, 1, None, "no-direction"),
        ({"ours": {"a": 10, "b": float("inf")}}, 1, "risk", "out of range"),
        ({"ours": "value__crm_scor"}, 1, None, 'Did you mean "value__crm_score"'),
        ({"ours": "value__crm_scor >= 1"}, 1, None, 'Did you mean "value__crm_score"'),
        ({"ours": {"2023-12-01": {"a": 0.1, "b": 0.2}}}, 1, None, "has no scores"),
        ({"ours": {"a": 0.1, "b": "much"}}, 1, None, "not a number"),
        ({"ours": BY_ROW}, 1, "high", "high is 'high'"),
        ({"ours": BY_ROW}, 1, {"our": "risk"}, 'Did you mean "ours"'),
        ({"ours": "value__crm_score < 1"}, 1, {"ours": "risk"}, "needs no direction"),
        ({"ours": {"a": True, "b": False}}, 1, "healthy", "True and False"),
        ({"ours": "orders.at"}, 1, "risk", "a column of events"),
    ],
)
def test_what_cannot_be_judged_is_refused(against: Any, cutoffs: int, high: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rank_rivals(check_rivals(against, cutoffs, high), AT[0], X, TABLES)


def test_ids_of_another_type_and_of_nobody_are_refused() -> None:
    for scores in ({1: 0.1, 2: 0.2}, [1, 2]):
        with pytest.raises(ChurnError, match="id-types-differ"):
            ranked(scores)
    with pytest.raises(IdentityError, match=r"none of the customers at risk is on the list.*\(2 of 2 rows\).*unknown-ids"):
        ranked(["x", "y"])


def test_a_rule_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigError, match="bad-alert"):
        ranked("value__crm_score >< 3")


# --- as it stood at the cutoff -----------------------------------------------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 60), st.integers(0, 40), st.integers(0, 9)),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row[:2],
)


def health_of(rows: list[tuple[str, int, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["who", "day", "late", "score"])
    at = START + pd.to_timedelta(frame["day"], unit="D")
    return pd.DataFrame({"who": frame["who"], "at": at, "known": at + pd.to_timedelta(frame["late"], unit="D"), "score": frame["score"]})


def as_it_stood(rows: list[tuple[str, int, int, int]], who: str) -> float:
    """Row by row: the newest one that had happened and was known before the cutoff, on day 30."""
    newest = None
    for customer, day, late, score in rows:
        if customer == who and day < 30 and day + late < 30 and (newest is None or day > newest[0]):
            newest = (day, score)
    return np.nan if newest is None else float(newest[1])


def check_as_it_stood(rows: list[tuple[str, int, int, int]]) -> None:
    tables = world(health_of(rows))
    expected = np.array([as_it_stood(rows, who) for who in ("b", "a")])
    found = ranked("health.score", "risk", tables)
    assert found.without == np.isnan(expected).sum()
    places = pd.Series(expected).rank(method="dense").fillna(0).to_numpy()
    assert found.risks == pytest.approx(places)
    healthy = ranked("health.score", "healthy", tables).risks
    assert healthy == pytest.approx(pd.Series(-expected).rank(method="dense").fillna(0).to_numpy())


@given(ROWS)
def test_a_column_is_read_as_it_stood_and_was_known_at_the_cutoff(rows: list[tuple[str, int, int, int]]) -> None:
    check_as_it_stood(rows)


def test_a_score_read_one_day_late_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault."""
    build = module.build_features

    def a_day_late(tables: Any, snapshots: pd.DataFrame, **options: Any) -> pd.DataFrame:
        later = build(tables, snapshots.assign(cutoff=snapshots["cutoff"] + pd.Timedelta("1D")), **options)
        return later.set_index(pd.MultiIndex.from_frame(snapshots.sort_values("customer_id")))

    check_as_it_stood([("a", 3, 0, 5), ("b", 30, 0, 7)])
    monkeypatch.setattr(module, "build_features", a_day_late)
    with pytest.raises(AssertionError):
        check_as_it_stood([("a", 3, 0, 5), ("b", 30, 0, 7)])


@pytest.mark.parametrize(
    "scores",
    [
        "health.score",
        "habit__orders_days_since_last",
        "habit__orders_days_since_last >= 30",
        lambda tables, cutoff: pd.Series(
            np.diff(tables.stream("health", None).offsets), index=[tables.ids[i].as_py() for i in range(len(tables.ids))]
        ),
    ],
)
def test_what_comes_at_or_after_the_cutoff_changes_nothing(scores: Any) -> None:
    past = [("a", 3, 0, 5), ("b", 5, 2, 7)]
    future = [*past, ("a", 30, 0, 9), ("b", 20, 10, 0), ("b", 45, 0, 1)]
    high = None if isinstance(scores, str) and ">" in scores else "risk"
    one, two = (ranked(scores, high, world(health_of(rows))) for rows in (past, future))
    assert one.kind == two.kind
    assert one.risks.tolist() == two.risks.tolist()


def test_a_column_of_today_is_refused() -> None:
    people = pd.DataFrame({"who": ["a", "b"], "since": [START, START], "score": [1.0, 2.0], "plan": ["x", "y"]})
    today = world(people=cp.Customers(people, customer="who", attributes=["score", "plan"]))
    name = next(row.name for row in cp.catalog(today) if row.column == "score")
    for scores in ("people.score", name, f"{name} >= 2"):
        with pytest.raises(UsageError, match=r"of today's values.*as-of-today"):
            ranked(scores, None if ">" in scores else "risk", today)
    dated = world(people=cp.Customers(people, customer="who", attributes=["score", "plan"], valid_from="since"))
    assert ranked("people.score", "risk", dated).risks.tolist() == [2, 1]
    with pytest.raises(UsageError, match="is a label"):
        ranked("people.plan", "risk", dated)
    with pytest.raises(UsageError, match='Did you mean "score"'):
        ranked("people.scor", "risk", dated)


# --- in a backtest -----------------------------------------------------------------------------------------------------------------------


def test_it_stands_in_the_table_beside_the_baselines(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    past = cp.take_snapshots(tables, trained.churn, at="2023-10-01")
    half = pd.Series(np.full(len(past), 0.5), pd.MultiIndex.from_frame(past))
    found = trained.backtest(tables, at="2023-10-01", against={"a coin": half}, rounds=10)
    coin = found.query("model == 'a coin'").set_index("metric")
    assert coin.loc["log_loss", "value"] == pytest.approx(np.log(2))
    assert coin.loc["auc", "value"] == 0.5
    assert coin["difference"].notna().any()
    assert "a coin" in repr(found)
    calls = found.switch.set_index(["model", "metric"])["value"]
    assert calls["a coin", "found"] == pytest.approx(calls["base rate", "found"]), "ties are called at random"
    assert calls["model", "called"] == len(past) // 10


def test_a_score_the_wrong_way_round_is_told(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    silence = {"silence": "habit__orders_days_since_last"}
    with pytest.warns(ChurnWarning, match=r'"silence" ranks customers who left behind those who stayed.*reversed-score'):
        found = trained.backtest(tables, at="2023-10-01", against=silence, high="healthy", capacity=20, rounds=20)
    silent = found.query("model == 'silence'").set_index("metric")["value"]
    assert silent["auc"] < 0.5
    assert np.isnan(silent["log_loss"])
    assert silent["without_score"] == 0
