"""The pipeline trains on what was known, scores who is at risk, and refuses what it cannot score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICK, shop_log

import churnpredict as cp
from churnpredict.errors import ContentError, ImmatureError, MismatchError, OutcomeError, TimeError, UsageError
from churnpredict.pipeline import cutoffs, scoring

UNTIL = "2023-12-01"


def refit(tables: cp.EventTables, churn: cp.Inactivity, **options: object) -> cp.ChurnPipeline:
    return cp.ChurnPipeline(churn, classifier=cp.ChurnClassifier(**QUICK), **options).fit(tables, until=UNTIL)


def declared(log: pd.DataFrame) -> cp.EventTables:
    return cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True))


def test_scores_have_the_promised_columns_sorted_by_risk(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    scores = trained.score(tables, at=UNTIL)
    assert tuple(scores.columns) == scoring.COLUMNS
    assert scores["risk"].is_monotonic_decreasing
    assert scores["risk"].between(0, 1).all()
    assert (scores["cutoff"] == pd.Timestamp(UNTIL)).all()
    assert scores["customer_id"].is_unique
    assert np.allclose(scores["money_at_risk"], scores["risk"] * scores["value"])
    assert scores["percentile"].is_monotonic_decreasing
    assert scores["percentile"].tolist() == [float((scores["risk"] <= own).sum() * 100 / len(scores)) for own in scores["risk"]]
    assert set(scores["model_id"]) == {trained.model_id_}
    reasons = scores["reason_1"].dropna()
    assert len(reasons)
    assert scores.loc[reasons.index, "remedy_1"].str.len().gt(0).all()
    assert (scores.loc[reasons.index, "reason_1_points"] > 0).all()
    assert scores["words"].str.len().gt(0).any()


def test_scored_are_exactly_those_at_risk(trained: cp.ChurnPipeline, tables: cp.EventTables, churn: cp.Inactivity) -> None:
    at_risk = cp.take_snapshots(tables, churn, at=UNTIL)["customer_id"]
    assert sorted(trained.score(tables, at=UNTIL)["customer_id"]) == sorted(at_risk)


def test_predict_proba_agrees_with_score(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    proba = trained.predict_proba(tables, at=UNTIL)
    assert proba.columns.tolist() == ["customer_id", "stays", "leaves"]
    assert np.allclose(proba["stays"] + proba["leaves"], 1)
    joined = trained.score(tables, at=UNTIL).merge(proba, on="customer_id")
    assert np.array_equal(joined["risk"], joined["leaves"])


@pytest.mark.filterwarnings("ignore:.*a single customer has")
def test_nothing_known_at_or_after_until_is_used(log: pd.DataFrame, trained: cp.ChurnPipeline, churn: cp.Inactivity) -> None:
    """Law 1 for the whole pipeline: the future may be cut off or poisoned without a trace in the model."""
    past = log[log["paid_at"] < UNTIL]
    poison = log.assign(eur=np.where(log["paid_at"] < UNTIL, log["eur"], 1e6))
    more = pd.concat([poison, poison[poison["paid_at"] >= UNTIL].assign(who="K0001")], ignore_index=True)
    cut = cp.EventTables(orders=cp.Events(past, customer="who", time="paid_at", value="eur", money=True), observed_until=UNTIL)
    for tables in (cut, declared(more)):
        other = refit(tables, churn)
        assert other.model_id_ == trained.model_id_
        assert other.cutoffs_ == trained.cutoffs_


def test_a_pipeline_that_peeks_is_caught(
    log: pd.DataFrame, trained: cp.ChurnPipeline, churn: cp.Inactivity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted fault: `until` is ignored. The check above would see it."""
    monkeypatch.setattr(cutoffs, "as_known", lambda tables, until: tables)
    assert refit(declared(log), churn).model_id_ != trained.model_id_


def test_outcome_windows_of_training_end_before_until(trained: cp.ChurnPipeline, churn: cp.Inactivity) -> None:
    assert trained.cutoffs_[-1] + pd.Timedelta(days=60) <= pd.Timestamp(UNTIL)
    steps = np.diff(np.array(trained.cutoffs_, dtype="datetime64[D]"))
    assert set(steps) == {np.timedelta64(10, "D")}  # a sixth of 60 days


def test_the_number_of_cutoffs_and_of_rows_is_bounded(tables: cp.EventTables, churn: cp.Inactivity) -> None:
    few = cutoffs.training_snapshots(tables, churn, most_cutoffs=3)
    assert few["cutoff"].nunique() == 3
    newest = few["cutoff"].max()
    small = cutoffs.training_snapshots(tables, churn, most_rows=int((few["cutoff"] == newest).sum()))
    assert small["cutoff"].unique().tolist() == [newest]
    assert cutoffs.training_snapshots(tables, churn, most_rows=1)["cutoff"].nunique() == 1


def test_scoring_builds_the_columns_of_training_whatever_kinds_there_are(log: pd.DataFrame, churn: cp.Inactivity) -> None:
    def with_kinds(kinds: list[str]) -> cp.EventTables:
        kind = np.array(kinds)[np.arange(len(log)) % len(kinds)]
        return cp.EventTables(orders=cp.Events(log.assign(kind=kind), customer="who", time="paid_at", kind="kind"))

    pipeline = refit(with_kinds(["web", "shop"]), churn)
    X = pipeline.features_at(with_kinds(["phone", "web"]), UNTIL)
    assert X.columns.tolist() == [f.name for f in pipeline.features_]
    assert "habit__orders_shop_count_30d" in X
    assert not any("phone" in c for c in X)


def test_own_features_and_a_bounded_history(tables: cp.EventTables, churn: cp.Inactivity) -> None:
    rows = [*cp.catalog(tables, history="180d"), cp.Feature("orders", "sum", "45d")]
    pipeline = refit(tables, churn, features=rows, history="180d")
    scores = pipeline.score(tables, at=UNTIL)
    assert scores["value"].notna().all()
    assert "value__orders_sum_45d" in pipeline.features_at(tables, UNTIL)


def test_scored_and_unscored_are_everybody(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    scores, rest = trained.score(tables, at=UNTIL), trained.unscored(tables, at=UNTIL)
    assert sorted([*scores["customer_id"], *rest["customer_id"]]) == sorted(tables.ids.to_pylist())
    assert set(rest["reason"]) == {"gone already"}


def test_bands_follow_the_odds_and_percentiles_share_ties() -> None:
    assert scoring.band(np.array([0.0, 0.05, 0.06, 0.1, 0.181, 0.2, 1.0]), 0.1).tolist() == [
        "low",
        "low",
        "medium",
        "medium",
        "medium",
        "high",
        "high",
    ]
    assert scoring.percentile(np.full(7, 0.3)).tolist() == [100.0] * 7
    assert scoring.percentile(np.linspace(0.1, 0.9, 345))[-1] == 100.0


def test_the_same_data_give_the_same_model(trained: cp.ChurnPipeline, tables: cp.EventTables, churn: cp.Inactivity) -> None:
    again = refit(tables, churn)
    assert again.model_id_ == trained.model_id_
    other = cp.ChurnPipeline(churn, classifier=cp.ChurnClassifier(**(QUICK | {"n_estimators": 5}))).fit(tables, until=UNTIL)
    assert other.model_id_ != trained.model_id_


def test_order_of_rows_and_names_of_customers_do_not_matter(log: pd.DataFrame, trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    shuffled = declared(log.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(trained.score(shuffled, at=UNTIL), trained.score(tables, at=UNTIL))


@pytest.mark.parametrize(
    ("at", "error", "code"),
    [
        ("2030-01-01", TimeError, "cutoff-past-data"),
        ("2022-06-01", TimeError, "before-first-event"),
        (["2023-11-01", "2023-12-01"], UsageError, "one-cutoff"),
        ("whenever", TimeError, "bad-time"),
    ],
)
def test_cutoffs_that_cannot_be_scored(
    trained: cp.ChurnPipeline, tables: cp.EventTables, at: object, error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as caught:
        trained.score(tables, at=at)
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_nobody_at_risk_is_an_error(trained: cp.ChurnPipeline) -> None:
    gap = declared(pd.DataFrame({"who": ["a", "b"], "paid_at": pd.to_datetime(["2023-01-05", "2023-12-20"]), "eur": [1.0, 2.0]}))
    with pytest.raises(cp.ChurnError, match="nobody-at-risk"):
        trained.score(gap, at="2023-09-01")


def test_a_cutoff_a_little_after_the_data_warns(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    end = pd.Timestamp(cutoffs.observed_until(tables, trained.churn), unit="us")
    with pytest.warns(cp.ChurnWarning, match="stale-data"):
        trained.score(tables, at=end + pd.Timedelta(days=3))


def test_missing_tables_and_columns_are_named(trained: cp.ChurnPipeline, log: pd.DataFrame) -> None:
    with pytest.raises(MismatchError, match="missing-table"):
        trained.score(cp.EventTables(visits=cp.Events(log, customer="who", time="paid_at")), at=UNTIL)
    with pytest.raises(UsageError, match="needs-column"):
        trained.score(cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at")), at=UNTIL)


def test_an_untrained_pipeline_says_so(tables: cp.EventTables, churn: cp.Inactivity, tmp_path: object) -> None:
    pipeline = cp.ChurnPipeline(churn)
    for call in (lambda: pipeline.score(tables), lambda: pipeline.predict_proba(tables), lambda: pipeline.save(f"{tmp_path}/m")):
        with pytest.raises(UsageError, match="not-fitted"):
            call()


def test_too_little_to_learn_from_is_refused(churn: cp.Inactivity) -> None:
    tiny = declared(shop_log(12, seed=5))
    with pytest.raises((OutcomeError, cp.ChurnError)):
        cp.ChurnPipeline(churn).fit(tiny, until="2023-07-01")
    with pytest.raises(TimeError, match="no-history"):
        cp.ChurnPipeline(churn).fit(tiny, until="2023-03-01")


def test_risks_that_are_no_probabilities_never_leave() -> None:
    for wrong in (np.array([0.1, np.nan]), np.array([-0.1, 0.5]), np.array([0.5, 1.1])):
        with pytest.raises(cp.ChurnError, match="no-probability"):
            scoring.check_risks(wrong)


def test_backtest_shows_every_baseline_with_intervals(tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier) -> None:
    pipeline = cp.ChurnPipeline(churn, classifier=quick)
    figures = pipeline.backtest(tables, at=["2023-10-01", "2023-12-01"], rounds=20)
    assert not hasattr(pipeline, "model_")  # a backtest leaves the pipeline as it was
    assert set(figures["model"]) == {"model", "base rate", "recency", "MBG/NBD", "one-snapshot LightGBM"}
    for _, part in figures.groupby(["cutoff", "model"]):
        assert {"auc", "log_loss", "brier", "lift_10", "calibration_slope", "calibration_intercept", "empc"} <= set(part["metric"])
    sure = figures.dropna(subset=["value"])
    assert (sure["low"] <= sure["value"] + 1e-9).all()
    assert (sure["high"] >= sure["value"] - 1e-9).mean() > 0.95
    base = figures[(figures["model"] == "base rate") & (figures["metric"] == "lift_10")]
    assert np.allclose(base["value"], 1.0)
    text = str(figures)
    assert "2023-10-01" in text
    assert "MBG/NBD" in text
    wide = figures.table("auc", "log_loss")
    assert wide.shape == (10, 2)


def test_backtest_trains_only_on_what_was_known(
    log: pd.DataFrame, tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier
) -> None:
    """Rows after the test window change nothing; neither do rows at or after the cutoff, except in the outcomes."""
    end = pd.Timestamp("2023-10-01") + pd.Timedelta(days=60)
    poisoned = pd.concat([log, log[log["paid_at"] > end].assign(eur=1e5)], ignore_index=True)
    one, other = (cp.ChurnPipeline(churn, classifier=quick).backtest(t, at="2023-10-01", rounds=20) for t in (tables, declared(poisoned)))
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


def test_backtest_refuses_immature_cutoffs(tables: cp.EventTables, churn: cp.Inactivity) -> None:
    with pytest.raises(ImmatureError, match="immature"):
        cp.ChurnPipeline(churn).backtest(tables, at="2024-02-15")


def test_weak_signal_is_said() -> None:
    rng = np.random.default_rng(1)
    who = np.repeat([f"K{i:03d}" for i in range(250)], rng.poisson(12, 250))
    times = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.uniform(0, 420 * 86_400, len(who)).astype(int), unit="s")
    noise = cp.EventTables(orders=cp.Events(pd.DataFrame({"who": who, "at": times}), customer="who", time="at"))
    churn = cp.Inactivity("30d", active_within="200d")
    figures = cp.ChurnPipeline(churn, classifier=cp.ChurnClassifier(**(QUICK | {"horizon": "30d"}))).backtest(
        noise, at="2023-12-01", rounds=40
    )
    assert set(figures["signal"]) == {"weak"}
    assert "WEAK SIGNAL" in str(figures)


def test_no_customer_id_in_errors(trained: cp.ChurnPipeline, log: pd.DataFrame) -> None:
    bad = log.assign(eur=np.where(log["who"] == "K0007", np.inf, log["eur"]))
    with pytest.raises(ContentError) as caught:
        trained.score(declared(bad), at=UNTIL)
    assert "K0007" not in str(caught.value)


def test_a_short_history_is_trained_on_with_a_warning() -> None:
    """Too short to see everybody at risk a full active_within back, but long enough for outcomes."""
    log = shop_log(900, seed=6)
    start = log["paid_at"].min()
    tables = declared(log)
    until = start + pd.Timedelta(days=75)
    long_ago = cp.Inactivity("30d", of="orders", active_within="60d")
    with pytest.warns(cp.ChurnWarning, match="short-history"):
        pipeline = cp.ChurnPipeline(long_ago, classifier=cp.ChurnClassifier(**(QUICK | {"horizon": "30d"}))).fit(tables, until=until)
    assert pipeline.cutoffs_[-1] <= until - pd.Timedelta(days=30)
    assert pipeline.cutoffs_[0] >= start + pd.Timedelta(days=10)


def test_a_pipeline_with_a_function_of_the_users_own_scores_and_is_watched(tables, churn, quick):
    """It could be trained, and every score ended in an AttributeError."""
    own = cp.features.OwnFeature("orders_so_far", lambda history, _: float(len(history["orders"])), tables=["orders"])
    rows = [cp.Feature("orders", "days_since_last"), cp.Feature("orders", "count", "90d"), own]
    pipeline = cp.ChurnPipeline(churn, features=rows, classifier=quick).fit(tables, until="2023-12-01")
    scores = pipeline.score(tables, at="2024-01-15")
    assert scores["risk"].between(0, 1).all()
    assert not cp.find_drift(pipeline, tables, at="2024-01-15").of("sources")
    without = cp.EventTables(visits=tables.declarations["orders"])
    with pytest.raises(MismatchError, match="orders"):
        pipeline.check_tables(without)
