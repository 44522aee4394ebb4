"""Collect everything that the page, the plan and the alerts show at one cutoff."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.accounting.cohorts import cohorts, tenure_table
from churnpredict.accounting.rates import churn_rate
from churnpredict.churn.leaving_times import leaving_days
from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.treatments import contacted
from churnpredict.errors import ChurnError, SchemaError, SourceError, UsageError, warn
from churnpredict.events.activity import activity
from churnpredict.events.money import money_tables
from churnpredict.events.tables import EventTables
from churnpredict.explanation.attribution import explain
from churnpredict.explanation.change import explain_change
from churnpredict.features.build import build_features
from churnpredict.features.catalog import catalog
from churnpredict.features.feature import Feature
from churnpredict.moments import moment_column
from churnpredict.monitoring.drift import find_drift
from churnpredict.monitoring.realised_outcomes import read_earlier
from churnpredict.number_checks import is_number
from churnpredict.per_customer import listed_customers, read_as
from churnpredict.pipeline.cutoffs import one_moment, scoring_cutoff, scoring_snapshots, training_snapshots
from churnpredict.pipeline.scoring import snapshots_of
from churnpredict.report.leaving import NOTHING_YET, rates_by_definition
from churnpredict.report.revenue_section import coming_renewals, recurring_revenue
from churnpredict.report.season_section import season_ahead
from churnpredict.retention.alerts import features_of_rules, find_alerts, judge_alerts
from churnpredict.retention.plan import Plan, plan_retention, with_plan_values
from churnpredict.spans import Span, span
from churnpredict.table_files import check_ending, read_frame

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["Findings", "alerts_at", "find_all", "judged_alerts"]

_MONTH = Span(days=28)
_MONTHS = 4  # of features, to tell since when an alert holds


@dataclass(frozen=True)
class Findings:
    """What :func:`churnpredict.write_report` shows: ``scores``, ``plan`` if anything says what customers are worth, and ``parts``.

    A part may be the error that it failed with.
    """

    scores: pd.DataFrame
    plan: Plan | None
    parts: dict[str, Any]

    @property
    def failed(self) -> dict[str, ChurnError]:
        """The parts that are not available, and why."""
        return {name: part for name, part in self.parts.items() if isinstance(part, ChurnError)}


def find_all(
    pipeline: ChurnPipeline,
    tables: EventTables,
    *,
    at: Any = None,
    since: Any = None,
    rules: Mapping[str, str] | None = None,
    plan: Plan | Mapping[str, Any] | None = None,
    sent: Path | None = None,
    snoozed: Path | None = None,
    most_cards: int = 500,
) -> Findings:
    """Return score, plan, and collect what the page shows; a part that fails is kept as its error.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained.
    tables : EventTables
    at : time, optional
        The cutoff; by default the end of what was observed.
    since : time, optional
        The scoring before, which changes are counted from; by default four weeks earlier.
    rules : mapping of name to rule, optional
        Alerts.
    plan : Plan or mapping, optional
        A plan of these scores, or arguments of :func:`churnpredict.plan_retention`; ``exclude`` may be a file with ``customer_id`` and
        perhaps ``why``, and ``rest`` a span in which nobody is contacted again.
    sent : path, optional
        Earlier scorings, a file or a folder of runs, that the drift check compares with the outcomes of the customers.
    snoozed : path, optional
        Alerts that are not to be shown, see :func:`alerts_at`.
    most_cards : int
        Changes and activity are found for so many customers of the plan.

    Returns
    -------
    Findings
    """
    cutoff = scoring_cutoff(tables, pipeline.churn, at)
    moment = pd.Timestamp(cutoff, unit="us", tz="UTC")
    before = _MONTH.before(cutoff, tables.timezone) if since is None else one_moment(tables, since, "since")
    earlier = pd.Timestamp(before, unit="us", tz="UTC")
    X = pipeline.features_at(tables, moment)
    options = {} if plan is None or isinstance(plan, Plan) else plan
    options = {"language": pipeline.language, "unit": pipeline.unit} | dict(options)
    worth = options.get("value")
    scores = with_owners(tables, pipeline.scores_of(tables, X, value=worth if is_number(worth) else None), cutoff)
    chosen = plan if isinstance(plan, Plan) else _plan(scores, left_alone(pipeline, tables, cutoff, scores, options))
    scores = scores if chosen is None else with_plan_values(scores, chosen)
    cards = scores["customer_id"].head(0) if chosen is None else chosen.contacts["customer_id"].head(most_cards)
    past = tables.known_before(cutoff)
    parts: dict[str, Any] = {"unscored": _part(lambda: pipeline.unscored(tables, at=moment))}
    parts["churn"] = pipeline.churn
    parts["definition"] = _part(lambda: rates_by_definition(past, pipeline.churn))
    parts["rates"] = _part(lambda: churn_rate(past, pipeline.churn, period="Q").tail(12))
    parts["tenure"] = _part(lambda: tenure_table(past, pipeline.churn))
    parts["cohorts"] = _part(lambda: cohorts(past, pipeline.churn, period="Q"))
    parts["season"] = _part(lambda: season_ahead(pipeline, X, cutoff, tables.timezone))
    parts["renewals"] = _part(lambda: coming_renewals(pipeline, tables, X))
    parts["revenue"] = _part(lambda: recurring_revenue(past, pipeline.churn))
    parts |= _drift(pipeline, tables, moment, sent)
    parts["activity"] = _part(lambda: activity_part(tables, pipeline, cards, X))
    parts["changes"] = _part(lambda: changes_part(pipeline, _of(pipeline.features_at(tables, earlier), cards), _of(X, cards)))
    parts["pairs"] = _part(lambda: pairs_part(pipeline, tables, _of(X, cards)))
    if rules:
        parts["alerts"] = alerts_at(tables, pipeline.churn, rules, at=moment, history=pipeline.history, snoozed=snoozed)
    return Findings(scores, chosen, parts)


def with_owners(tables: EventTables, scores: pd.DataFrame, cutoff: int) -> pd.DataFrame:
    """Return the scores with each customer's ``owner`` at the cutoff, where owners are declared."""
    if tables.profile is None or "owner" not in tables.profile.labels or not len(scores):
        return scores
    held = tables.profile.as_of(tables.codes(scores["customer_id"]), np.full(len(scores), cutoff))
    labels = [*tables.profile.labels["owner"].to_pylist(), None]
    return scores.assign(owner=[labels[i] for i in np.append(tables.profile.versions.columns["owner"], -1)[held]])


def left_alone(pipeline: ChurnPipeline, tables: EventTables, cutoff: int, scores: pd.DataFrame, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a plan, with customers on a list or contacted lately among those to exclude, and why."""
    options = dict(plan)
    exclude, rest = options.pop("exclude", None), options.pop("rest", None)
    why: dict[Any, str] = {}
    if rest is not None:
        if pipeline.treatments is None:
            remedy = 'Name the log of contacts under [model]: treatments = "contacts_made".'
            raise UsageError("no-treatments", "rest counts from the last contact, and no table says who was contacted", remedy=remedy)
        why = dict.fromkeys(
            contacted(tables, pipeline.treatments, span(rest, "rest").before(cutoff, tables.timezone), cutoff).to_pylist(),
            f"contacted within {rest}",
        )
    if not isinstance(exclude, Path):
        return options | {"exclude": exclude if not why else _reasons(exclude) | why}
    listed = _listed(exclude, "exclude", ("customer_id",))
    reasons = listed["why"].fillna("") if "why" in listed else pd.Series("on the list", index=listed.index)
    ids = read_as(listed["customer_id"], scores["customer_id"]) if _untyped(exclude) else listed["customer_id"]
    said = {who: text for who, text in zip(ids, reasons.astype(str), strict=True) if not pd.isna(who)}
    here = listed_customers(said, scores["customer_id"], "exclude").found.any()
    if len(listed) and not here and not listed_customers(said, pd.Index(tables.ids.to_pandas()), "exclude").found.any():
        _of_nobody("exclude", len(listed))
    return options | {"exclude": (why | said) or None}


def _untyped(path: Path) -> bool:
    return check_ending(path) != "parquet"


def _listed(path: Path, what: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a file of customers that a person keeps."""
    listed = read_frame(path)
    for column in columns:
        if column not in listed:
            remedy = f"The file needs the columns {', '.join(columns)}."
            raise SchemaError("missing-column", "there is no such column", table=what, column=column, remedy=remedy)
    return listed


def _of_nobody(what: str, total: int) -> None:
    remedy = "Compare the ids with those of the tables: are they written alike, and of the same customers?"
    warn("unknown-ids", f"nobody whom {what} names is in the tables", rows=total, total=total, remedy=remedy, stacklevel=5)


def _reasons(exclude: Any) -> dict[Any, str]:
    return {} if exclude is None else dict(exclude) if isinstance(exclude, (Mapping, pd.Series)) else dict.fromkeys(exclude, "")


def _plan(scores: pd.DataFrame, options: Mapping[str, Any]) -> Plan | None:
    if len(scores) and options.get("value") is None and scores["value"].isna().all():
        warn(
            "no-plan",
            "there is no plan whom to contact: nothing says what customers are worth",
            remedy="Write money = true beside a value that is money and train again (with contracts also what it is paid for, such as "
            'per = "month"), or value = 500 (over the horizon) under [plan].',
        )
        return None
    return plan_retention(scores, **options)


def alerts_at(
    tables: EventTables,
    churn: ChurnRule,
    rules: Mapping[str, str],
    *,
    at: Any = None,
    history: str | None = None,
    snoozed: Path | None = None,
) -> pd.DataFrame:
    """Return who fulfils which rule at a cutoff; since when is looked up at the same day of the last three periods of four weeks.

    No model is needed: the features that the rules name are built, and no others. ``snoozed`` is a file with the columns ``customer_id``,
    ``alert`` and ``until``: until when an alert is not to be shown.
    """
    cutoff = scoring_cutoff(tables, churn, at)
    rows = _named(tables, rules, history)
    found = [build_features(tables, scoring_snapshots(tables, churn, pd.Timestamp(cutoff, unit="us", tz="UTC")), features=rows)]
    try:
        for back in range(1, _MONTHS):
            moment = pd.Timestamp(_MONTH.times(back).before(cutoff, tables.timezone), unit="us", tz="UTC")
            found.append(build_features(tables, scoring_snapshots(tables, churn, moment), features=rows))
    except ChurnError as error:
        if error.code not in NOTHING_YET:
            raise
    return find_alerts(pd.concat(found), rules, snoozed=None if snoozed is None else _snoozed(snoozed, tables))


def _snoozed(path: Path, tables: EventTables) -> dict[tuple[Any, str], Any]:
    listed = _listed(path, "snoozed", ("customer_id", "alert", "until"))
    everybody = pd.Index(tables.ids.to_pandas())
    who = read_as(listed["customer_id"], everybody) if _untyped(path) else listed["customer_id"]
    found = listed_customers(who.tolist(), everybody, "snoozed")
    if len(who) and not found.found.any():
        _of_nobody("snoozed", who.nunique(dropna=False))
    until = pd.to_datetime(moment_column(listed["until"], "until", None, table="snoozed"), unit="us")
    return {(w, str(a)): u for w, a, u in zip(who, listed["alert"], until, strict=True) if not pd.isna(w)}


def judged_alerts(tables: EventTables, churn: ChurnRule, rules: Mapping[str, str], *, history: str | None = None) -> pd.DataFrame:
    """Return how often and how early each rule was followed by churn, over all cutoffs whose outcomes are known: see
    :func:`churnpredict.diagnostics.judge_alerts`.
    """
    outcomes = label_churn(tables, training_snapshots(tables, churn), churn)
    X = build_features(tables, snapshots_of(outcomes), features=_named(tables, rules, history))
    return judge_alerts(X, outcomes.within().to_numpy(), rules, days=leaving_days(tables, outcomes, churn).to_numpy())


def _named(tables: EventTables, rules: Mapping[str, str], history: str | None) -> list[Feature]:
    """Return the rows of the catalog that rules name; all of them where a name is unknown, so that the nearest can be proposed."""
    wanted = set(features_of_rules(rules))
    rows = catalog(tables, history=history)
    there = [row for row in rows if row.name in wanted]
    return there if len(there) == len(wanted) else rows


def _of(X: pd.DataFrame, customers: pd.Series) -> pd.DataFrame:
    return X[X.index.get_level_values("customer_id").isin(customers)]


def changes_part(pipeline: ChurnPipeline, before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame | None:
    if before.empty or now.empty:
        return None
    return explain_change(explain(pipeline.model_, before), explain(pipeline.model_, now), language=pipeline.language)


def pairs_part(pipeline: ChurnPipeline, tables: EventTables, X: pd.DataFrame) -> pd.Series | None:
    """Return, by customer, two reasons that raise a risk together by more than each alone; None where there is no such pair."""
    if X.empty:
        return None
    money = dict.fromkeys(money_tables(tables.declarations), pipeline.unit)
    found = explain(pipeline.model_, X, usual=pipeline.usual_).pair_words(language=pipeline.language, money=money)
    told = found.set_axis(X.index.get_level_values("customer_id")).dropna()
    return told if len(told) else None


def _part(ask: Callable[[], Any]) -> Any:
    """Return a part of the page, or the error that it failed with: the page says so, and stands without it."""
    try:
        return ask()
    except ChurnError as error:
        return error


def _drift(pipeline: ChurnPipeline, tables: EventTables, moment: pd.Timestamp, sent: Path | None) -> dict[str, Any]:
    """Return the drift check and, under ``earlier``, why earlier scorings are missing in it: those that cannot be read are left out, and
    said.
    """
    damaged: list[SourceError] = []
    frames = None if sent is None else _part(lambda: read_earlier(sent, damaged=damaged))
    broken: ChurnError | None = frames if isinstance(frames, ChurnError) else damaged[0] if damaged else None
    scorings = frames if isinstance(frames, list) and frames else None
    found = _part(lambda: find_drift(pipeline, tables, moment, scores=scorings))
    if isinstance(found, ChurnError) and scorings is not None:
        broken, found = found, _part(lambda: find_drift(pipeline, tables, moment))
        if isinstance(found, ChurnError):  # it is not the scorings
            broken = damaged[0] if damaged else None
    return {"drift": found} | ({} if broken is None else {"earlier": broken})


def activity_part(tables: EventTables, pipeline: ChurnPipeline, customers: pd.Series, X: pd.DataFrame) -> pd.DataFrame | None:
    """Return the activity of the table that the rule reads if customers act in it, else of the table with the most rows."""
    rule = getattr(pipeline.churn, "of", None)
    logs = {name: len(tables.streams[name]) for name in tables.logs()}
    busy = logs if getattr(pipeline.churn, "decided_at_end", False) else {n: rows for n, rows in logs.items() if n != rule}
    if not busy or not len(customers):
        return None
    of = rule if rule in busy else max(busy, key=lambda name: busy[name])
    return activity(tables, _of(X, customers).index.to_frame(index=False), of)
