"""Backtest: train at past cutoffs on what was known then, and compare with what followed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_instance
from churnpredict.churn.leaving_times import leaving_days
from churnpredict.churn.outcomes import immature, label_churn
from churnpredict.churn.rule import ChurnRule, is_of_silence
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.churn.treatments import nobody_treated
from churnpredict.errors import ChurnError, ImmatureError, warn
from churnpredict.evaluation.audit_columns import separation
from churnpredict.evaluation.campaign import ASSUMED, Campaign
from churnpredict.evaluation.capacity import Called, default_capacity, judge_calls
from churnpredict.evaluation.comparison import baseline_risks, judge
from churnpredict.evaluation.verdict import TOO_GOOD, reach_verdict
from churnpredict.events.tables import EventTables
from churnpredict.features.build import build_features
from churnpredict.features.feature import Feature
from churnpredict.features.shared import SharedFeatures
from churnpredict.figures import score
from churnpredict.intervals import wilson
from churnpredict.model.labels import risk_of
from churnpredict.number_checks import check_rounds, check_whole_number
from churnpredict.pipeline.auditing import columns_of_hindsight, still_there
from churnpredict.pipeline.backtest_result import Backtest
from churnpredict.pipeline.cutoffs import backtest_cutoffs
from churnpredict.pipeline.period_totals import period_totals
from churnpredict.pipeline.rival_scores import Rival, check_rivals, rank_rivals
from churnpredict.pipeline.scoring import check_risks, snapshots_of
from churnpredict.pipeline.season_view import SeasonView
from churnpredict.pipeline.shared_rows import Planned, share_features
from churnpredict.pipeline.source_columns import sources_of
from churnpredict.progress import progress

__all__ = ["backtest", "seasons_seen"]

_NO_REASONS = ("cannot-explain", "not-a-risk", "no-positive-class")
_EXPLAINED = 2000  # customers on whom two models compare their reasons


class Trainable(Planned, Protocol):
    """What a backtest needs of a pipeline."""

    random_state: int
    n_jobs: int | None
    features_: list[Any]
    model_: Any
    base_rate_: float
    cutoffs_: list[pd.Timestamp]

    @property
    def season_(self) -> SeasonView:
        """Say what it knows of the season."""

    def copy(self) -> Trainable:
        """Return an unfitted pipeline of the same settings."""

    def training_rows(self, tables: EventTables, until: Any = None, *, shared: SharedFeatures | None = None) -> tuple[Any, Any]:
        """Return features and outcomes of all training snapshots."""

    def learn(self, X: Any, outcomes: Any) -> Any:
        """Train on features and outcomes."""


def backtest(
    pipeline: Trainable,
    tables: EventTables,
    at: Any = None,
    *,
    against: Any = None,
    high: Any = None,
    capacity: int | None = None,
    rounds: int = 200,
    campaign: Campaign = ASSUMED,
) -> Backtest:
    """See :meth:`churnpredict.ChurnPipeline.backtest`."""
    rounds, churn = check_rounds(rounds), pipeline.churn
    check_instance(campaign, "campaign", Campaign, "Give campaign=Campaign(value=..., offer_cost=..., contact_cost=...).")
    cutoffs = backtest_cutoffs(tables, churn, at)
    rivals = check_rivals(against, len(cutoffs), high)
    if capacity is not None:
        capacity = check_whole_number(capacity, "capacity", least=1, what="the number of customers that the team can call")
    late = int(immature(tables, churn, tables.instants(cutoffs)).sum())
    if late:
        latest = tables.stamp(churn.latest_cutoff(tables))
        raise ImmatureError(
            "immature",
            f"test cutoffs whose outcome window is not fully observed yet; the latest cutoff that can be tested is {latest}",
            rows=late,
            total=len(cutoffs),
            remedy="Take earlier cutoffs.",
        )
    for finding in period_totals(tables, take_snapshots(tables, churn, at=cutoffs), churn):
        what = f"the backtest is too good to be true: {finding.where}: {finding.what}"
        warn("too-good", what, remedy=finding.remedy)
    tested: list[_Tested] = []
    shared = share_features(pipeline, tables, cutoffs)
    for cutoff in progress(cutoffs, "backtest"):
        before = tested[-1].pipeline if tested else None
        tested.append(
            _at_one(pipeline, tables, cutoff, rivals, capacity=capacity, rounds=rounds, before=before, campaign=campaign, shared=shared)
        )
    result = Backtest(pd.concat([part.figures for part in tested], ignore_index=True))
    result.predictions, result.campaign, result.capacity = pd.concat([part.predictions for part in tested]), campaign, capacity
    result.switch = _over_all(tested, campaign, rounds)
    _warn_of_reversed(result, [name for name in rivals if not any(part.called and name in part.called.lists for part in tested)])
    return result


class _Tested(NamedTuple):
    """What one cutoff gave, and the pipeline that was trained there."""

    figures: pd.DataFrame
    predictions: pd.DataFrame
    pipeline: Trainable
    called: Called | None


def _over_all(parts: Sequence[_Tested], campaign: Campaign, rounds: int) -> pd.DataFrame | None:
    """Return what the calls find over all cutoffs together, of the models that were there at each; None where no calls were judged."""
    all_called = [part.called for part in parts if part.called is not None]
    if not all_called:
        return None
    common = [name for name in all_called[0].rankings if all(name in one.rankings for one in all_called)]
    called = [replace(one, rankings={name: one.rankings[name] for name in common}) for one in all_called]
    customers = pd.concat([part.predictions.index.to_frame(index=False)["customer_id"] for part in parts])
    return judge_calls(called, customers=customers.to_numpy(), campaign=campaign, rounds=rounds)


def _at_one(
    pipeline: Trainable,
    tables: EventTables,
    cutoff: pd.Timestamp,
    rivals: Mapping[str, Rival],
    *,
    capacity: int | None,
    rounds: int,
    before: Trainable | None,
    campaign: Campaign,
    shared: SharedFeatures | None,
) -> _Tested:
    """Return figures and risks at one cutoff; nothing known at or after the cutoff reaches the model, the baselines or what tables hold of
    the rivals.
    """
    build, trained = build_features if shared is None else shared.build, pipeline.copy()
    X, outcomes = trained.training_rows(tables, cutoff, shared=shared)
    trained.learn(X, outcomes)
    snapshots = take_snapshots(tables, trained.churn, at=cutoff)
    test_outcomes = label_churn(tables, snapshots, trained.churn)
    X_test = build(tables, snapshots_of(test_outcomes), features=trained.features_, history=trained.history)
    X_test = nobody_treated(X_test, getattr(trained.model_, "feature_names_in_", ()))
    y_test = test_outcomes.within().to_numpy()
    risks = {"model": check_risks(risk_of(trained.model_, X_test))}
    risks |= baseline_risks(
        X,
        outcomes.within(),
        X_test,
        horizon=str(trained.churn.horizon_span),
        gap=str(trained.churn.gap_span),
        recurring=recurring_features(tables, build, pipeline=trained, X=X, X_test=X_test),
        random_state=trained.random_state,
        n_jobs=trained.n_jobs,
    )
    moment = snapshots["cutoff"].iloc[0]
    ranked = rank_rivals(rivals, moment, X_test, tables, trained.features_)
    risks |= {name: ranking.risks for name, ranking in ranked.items()}
    customers = X_test.index.get_level_values("customer_id")
    not_probabilities = [name for name, ranking in ranked.items() if ranking.kind != "probability"]
    figures = judge(y_test, risks, customers=customers, campaign=campaign, rounds=rounds, rankings=not_probabilities)
    called = None
    if rivals or capacity is not None:
        days = leaving_days(tables, test_outcomes, trained.churn).to_numpy()
        lists = [name for name, ranking in ranked.items() if ranking.kind == "list"]
        called = Called(y_test.astype(np.float64), days, risks, capacity or default_capacity(len(y_test)), lists)
        without = [{"model": name, "metric": "without_score", "value": float(r.without)} for name, r in ranked.items() if r.kind == "score"]
        in_calls = judge_calls([called], customers=customers, campaign=campaign, rounds=rounds)
        figures = pd.concat([figures, in_calls, *([pd.DataFrame(without)] if without else [])], ignore_index=True)
    signal = reach_verdict(figures).signal
    same_reason = None if before is None else _same_first_reason(before, trained, X_test)
    if same_reason is not None:
        figures = pd.concat([figures, pd.DataFrame([same_reason])], ignore_index=True)
    figures.insert(0, "cutoff", moment)
    figures = figures.assign(
        n=len(y_test),
        leavers=int(y_test.sum()),
        train_rate=trained.base_rate_,
        seasons_seen=seasons_seen(trained.cutoffs_, moment, trained.churn),
        signal=signal,
        strongest=_strongest(trained, tables, figures, (X, outcomes), (X_test, y_test)),
        season=trained.season_.brief() or None,
    )
    return _Tested(figures, pd.DataFrame({"outcome": y_test, **risks}, index=X_test.index), trained, called)


def _warn_of_reversed(figures: pd.DataFrame, scores: Collection[str]) -> None:
    """Warn of scores that rank leavers last, significantly at each cutoff: they may have been declared the wrong way round."""
    for name, rows in figures[(figures["metric"] == "auc") & figures["model"].isin(scores)].groupby("model", sort=False):
        if (rows["high"] < 0.5).all():
            what = f'"{name}" ranks customers who left behind those who stayed (AUC {score(rows["value"].mean())})'
            warn("reversed-score", what, remedy='If a high score means a healthy customer, say so: high="healthy".', stacklevel=5)


def _strongest(
    trained: Trainable, tables: EventTables, figures: pd.DataFrame, rows: tuple[Any, Any], test: tuple[pd.DataFrame, np.ndarray]
) -> str | None:
    """Return the single feature that best separates leavers where the model is too good to be true, and warn about it.

    A column that is overwritten when customers leave makes the model less than perfect, as it also tells those who leave after the outcome
    window; it is found among the training rows.
    """
    model_auc = figures[(figures["model"] == "model") & (figures["metric"] == "auc")]["value"]
    auc = float(model_auc.iloc[0]) if len(model_auc) else np.nan
    (X, y), (rows_trained, outcomes) = test, rows
    alone = {str(name): separation(column, y) for name, column in X.items()} if auc >= TOO_GOOD else {}
    still_customers = still_there(tables, trained.churn)
    hindsight = [] if np.isnan(auc) else columns_of_hindsight(tables, rows_trained, outcomes, trained.features_, still_customers)
    if not alone and not hindsight:
        return None
    if hindsight:
        strongest = max(hindsight, key=lambda name: separation(pd.Series(X[name]), y))
        why = f'"{strongest}" separates customers who left only after the outcome window from those who stayed'
    else:
        strongest = max(alone, key=lambda name: alone[name])
        why = f'"{strongest}" alone reaches {score(alone[strongest])}'
    made_of = sources_of(trained.features_, tables).get(strongest)
    warn(
        "too-good",
        f"the backtest is too good to be true: AUC {score(auc)}; {why}" + (f". It is made of {made_of}" if made_of else ""),
        remedy="Find out when its values are written: use their values from before the cutoff, or leave them out.",
    )
    return strongest


def seasons_seen(trained_on: Sequence[pd.Timestamp], cutoff: pd.Timestamp, churn: ChurnRule) -> int:
    """Return in how many earlier years an outcome window of training covers at least half of the same days of the year."""
    half, found = pd.Timedelta(churn.horizon_span.nominal // 2, unit="us"), set()
    for trained in trained_on:
        years = cutoff.year - trained.year
        found |= {n for n in (years - 1, years, years + 1) if n >= 1 and abs(cutoff - pd.DateOffset(years=n) - trained) <= half}
    return len(found)


def _same_first_reason(before: Trainable, now: Trainable, X: pd.DataFrame) -> dict[str, Any] | None:
    """Return the share of customers for whom two models name the same strongest driver, as a figure; None where one cannot be explained."""
    from churnpredict.explanation.attribution import explain
    from churnpredict.explanation.stability import compare_reasons

    some = X.iloc[np.linspace(0, len(X) - 1, min(len(X), _EXPLAINED)).astype(int)]
    try:
        share = float(compare_reasons(explain(before.model_, some), explain(now.model_, some))["same_first"])
    except ChurnError as error:
        if error.code not in _NO_REASONS:  # a classifier of the user's own gives none
            what = f"the reasons of two models could not be compared: {error.what} [{error.code}]"
            warn("reasons-not-compared", what, remedy=error.remedy, stacklevel=5)
        return None
    low, high = wilson(share * len(some), len(some))
    return {"model": "model", "metric": "same_first_reason", "value": share, "low": float(low), "high": float(high)}


def recurring_features(
    tables: EventTables, build: Callable[..., pd.DataFrame], *, pipeline: Trainable, X: pd.DataFrame, X_test: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the features that recency and MBG/NBD need, whatever features the user chose: of the events that the rule reads, else of the
    first table of events.

    The table that records departures does not count: no customer at risk is in it.
    """
    of = getattr(pipeline.churn, "of", None)
    logs = [name for name in tables.logs() if is_of_silence(pipeline.churn) == (name == of)]
    logs = logs or [name for name in tables.logs() if name != of]
    name = next(iter(logs), None)
    if name is None:
        return None
    rows = [Feature(name, "active_days", "all"), Feature(name, "days_since_last"), Feature(name, "days_since_first")]
    train, test = (build(tables, snapshots_of(part), features=rows, history=None) for part in (X, X_test))
    return train, test
