"""Leakage audit of tables: features that use the future, customers who have left, treated outcomes.

Longer than most modules because every check that needs tables is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.pairs import sorted_pairs
from churnpredict.churn.rule import ChurnRule, is_of_silence
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.churn.treatments import arms_of
from churnpredict.errors import DataError, TimeError, warn
from churnpredict.evaluation.audit import Audit, Finding, audit_matrix
from churnpredict.evaluation.audit_hindsight import audit_hindsight
from churnpredict.evaluation.audit_report import place
from churnpredict.events.source import File, open_source
from churnpredict.events.streams import Stream
from churnpredict.events.tables import Customers, Events, EventTables, Intervals, States
from churnpredict.events.timing import DAY
from churnpredict.events.window_edges import latest_known
from churnpredict.features.build import build_features
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import AGGREGATES, Feature
from churnpredict.features.probe import probe_features
from churnpredict.figures import percent
from churnpredict.number_checks import check_whole_number
from churnpredict.pipeline.period_totals import period_totals
from churnpredict.pipeline.source_columns import sources_of

__all__ = ["audit_rows", "audit_tables", "audit_training", "columns_of_hindsight", "settle", "still_there"]

Function = Callable[[EventTables, pd.DataFrame], pd.DataFrame]
_CUTOFFS, _CUSTOMERS = 2, 200
_FEW_TREATED = 0.01
_LATE = {"recorded", "known", "booked", "ingested", "inserted", "loaded", "posted", "created", "entered", "received", "processed"}
_GONE = {"cancel", "cancellation", "cancellations", "churn", "churned", "terminations", "termination", "closures", "deactivations", "exits"}
_TREATED = {"treatment", "treatments", "retention"}
_LOGS = (Events, Intervals)
_ONE_KIND = 0.9  # share of the customers with one kind in all of their rows, above which the kind is the customer's
_TOLD = 10  # features listed by name; the rest are counted


def audit_tables(
    tables: EventTables,
    snapshots: pd.DataFrame,
    churn: ChurnRule,
    *,
    function: Function = build_features,
    treatments: str | None = None,
    handled: str | None = None,
    raise_on: str | None = None,
    random_state: int = 0,
) -> Audit:
    """Look for leaks in the tables behind features; works on a feature function of your own.

    On a sample of customers and cutoffs, everything that happened or became known at or after the cutoff is replaced by garbage, and the
    features are computed again: none may change. Those that change are tested again with one kind of future at a time, to name the one they
    use.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    churn : churn rule
    function : callable
        ``function(tables, snapshots) -> frame`` with one row per snapshot; :func:`~churnpredict.build_features` by default.
    treatments : str, optional
        The table of past retention contacts.
    handled : {"exclude", "flag", "feature"}, optional
        How training handles them; not at all by default.
    raise_on : {"error", "warning", "note"}, optional
    random_state : int

    Returns
    -------
    Audit
        See :func:`churnpredict.audit`.

    Raises
    ------
    LeakageError
        If a finding is at least as severe as ``raise_on``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(100, random_state=0)
    >>> past = cp.take_snapshots(shop.tables, shop.churn, at="2024-01-01")
    >>> def peeking(tables, snapshots):
    ...     last = pd.Series(tables.stream("orders").times.max(), index=snapshots.index)
    ...     return pd.DataFrame({"newest": last})
    >>> audit_tables(shop.tables, past, shop.churn, function=peeking).findings["code"].tolist()
    ['rows-after-cutoff']
    """
    check_whole_number(random_state, "random_state")
    found = [
        *_moving(tables, snapshots, function, random_state),
        *_not_at_risk(tables, snapshots, churn),
        *_cancelled(tables, snapshots, churn),
        *_treated(tables, snapshots, churn, treatments, handled),
        *_late_columns(tables),
        *period_totals(tables, snapshots, churn),
    ]
    return Audit(tuple(found)).raise_on(raise_on)


def audit_training(
    tables: EventTables,
    churn: ChurnRule,
    X: pd.DataFrame,
    outcomes: Any,
    *,
    features: Sequence[Feature | OwnFeature],
    history: str | None = None,
    treatments: str | None = None,
    handled: str | None = None,
    there: pd.Series | None = None,
) -> Audit:
    """Return the audit of a pipeline's training rows: of the matrix, and of the tables behind it; ``there`` are the customers who are
    still there in the end (:func:`still_there`).
    """

    def function(some: EventTables, snapshots: pd.DataFrame) -> pd.DataFrame:
        return build_features(some, snapshots, features=features, history=history)

    matrix = audit_rows(tables, churn, X, outcomes, features=features, there=there)
    handled = None if treatments is None else handled
    behind = audit_tables(tables, X.index.to_frame(index=False), churn, function=function, treatments=treatments, handled=handled)
    return Audit(tuple(_known_by_then(matrix, behind, tables, features))) + behind


def audit_rows(
    tables: EventTables,
    churn: ChurnRule,
    X: pd.DataFrame,
    outcomes: Any,
    *,
    features: Sequence[Feature | OwnFeature],
    there: pd.Series | None = None,
) -> Audit:
    """Return the audit of the matrix alone, where the tables are not at hand; of those only the declarations are looked at."""
    window = {"horizon": str(churn.horizon_span), "gap": str(churn.gap_span)}
    found = audit_matrix(X, outcomes, names=_named_by_people(tables, features), there=_is_there(X, there), **window).found
    behind = {f'column "{name}"': column for name, column in sources_of(features, tables).items()}
    return Audit(tuple(replace(f, what=f"{f.what} (made of {behind[f.where]})") if f.where in behind else f for f in found))


def still_there(tables: EventTables, churn: ChurnRule) -> pd.Series | None:
    """Return who is still there by the end of the tables (1), or was at risk in the last outcome window and may be there (NaN), by id; who
    is not named has left. None where no cutoff has a complete outcome window.

    A customer active only in the first part of that window may have left in the rest: silence shows only after a whole horizon.
    """
    try:
        past = take_snapshots(tables, churn, at=tables.stamp(churn.latest_cutoff(tables)))
        stayed = label_churn(tables, past, churn).within()
    except (TimeError, DataError):
        return None
    ids = stayed.index[stayed.to_numpy() == 0].get_level_values("customer_id")
    there = np.ones(len(ids))
    if is_of_silence(churn):
        stream = churn.visits(tables)
        since = churn.settled_until(tables) - churn.horizon_span.nominal // 4
        newest = np.full(stream.n_customers, np.iinfo(np.int64).min)
        np.maximum.at(newest, stream.owners, stream.times)
        there[newest[tables.codes(ids)] < since] = np.nan
    return pd.Series(there, index=ids)


def _is_there(X: pd.DataFrame, there: pd.Series | None) -> np.ndarray | None:
    if there is None:
        return None
    place = there.index.get_indexer(X.index.get_level_values("customer_id"))
    return np.where(place < 0, 0.0, there.to_numpy()[place] if len(there) else 0.0)


def columns_of_hindsight(
    tables: EventTables, X: pd.DataFrame, outcomes: Any, features: Sequence[Feature | OwnFeature], there: pd.Series | None
) -> list[str]:
    """Return the columns of training rows that only hindsight explains."""
    found = _known_by_then(audit_hindsight(X, outcomes.within(), _is_there(X, there)), Audit(()), tables, features)
    told = {f.where for f in found if f.severity == "error"}
    return [str(name) for name in X.columns if place(str(name)) in told]


def _known_by_then(matrix: Audit, behind: Audit, tables: EventTables, features: Sequence[Feature | OwnFeature]) -> Iterator[Finding]:
    """Yield the findings of the matrix; less severe for features of the catalog that are made of times alone and predict no better than
    their table.

    The probe has shown that such a feature does not change with the future. Its values were known at the cutoff: the customer had left by
    then, as far as that table shows. Columns that people write (attributes, states) and custom functions keep their findings.
    """
    moved = {f.where for f in behind.errors}
    rows = {f'column "{f.name}"': f for f in features if isinstance(f, Feature) and isinstance(tables.declarations.get(f.table), _LOGS)}
    proven = {w: f for w, f in rows.items() if f.aggregate != "attribute" and f'feature "{f.name}"' not in moved}
    telling = ("predicts-too-well", "predicts-well", "missing-tells", "written-in-hindsight")
    said = [proven[f.where] for f in matrix.found if f.code in telling and f.where in proven]
    timed = [row for row in said if AGGREGATES[row.aggregate].needs in ("", "end") and row.aggregate != "open_value"]
    witnesses = {row.table for row in timed if row.kind is None or not _kind_is_of_customer(tables, row.table)}
    for f in matrix.found:
        if f.code in telling and f.where in proven and proven[f.where].table in witnesses:
            remedy = (
                "No leak: it was known at the cutoff. Many of these customers have left already; a shorter active_within= leaves them out."
            )
            f = replace(f, severity="note", remedy=remedy)  # noqa: PLW2901
        yield f


def _kind_is_of_customer(tables: EventTables, table: str) -> bool:
    """Return whether nearly all rows of a customer have one kind: then it is an attribute that somebody may have overwritten on all of
    them, not what happened in each row.
    """
    stream = tables.stream(table)
    several = np.flatnonzero(np.diff(stream.offsets) > 1)
    first, last = stream.offsets[several], stream.offsets[several + 1]
    kinds = stream.columns["kind"]
    changes = np.concatenate([[0], np.cumsum(kinds[1:] != kinds[:-1])]) if len(kinds) else np.zeros(1)
    return bool(len(several)) and float(np.mean(changes[last - 1] == changes[first])) > _ONE_KIND and len(np.unique(kinds)) > 1


def settle(report: Audit, raise_on: str | None) -> Audit:
    """Raise on findings at least as severe as ``raise_on``; warn about the other errors and warnings."""
    report.raise_on(raise_on)
    for f in report.alarms:
        warn(f.code, f"the audit found {f.where}: {f.what}", remedy=f.remedy, stacklevel=4)
    return report


def _named_by_people(tables: EventTables, features: Sequence[Feature | OwnFeature]) -> list[str]:
    """Return features that show a column as somebody wrote it: only their names are evidence, not those of counts of a table of
    cancellations.
    """
    shown = (Customers, States)
    return [f.name for f in features if isinstance(f, OwnFeature) or isinstance(tables.declarations.get(f.table), shown)]


# --- features that use the future ---


def _moving(tables: EventTables, snapshots: pd.DataFrame, function: Function, random_state: int) -> Iterator[Finding]:
    customers, moments = sorted_pairs(tables, snapshots)
    rng = np.random.default_rng(random_state)
    who = np.unique(customers)
    some = rng.choice(who, _CUSTOMERS, replace=False) if len(who) > _CUSTOMERS else who
    chosen = np.isin(customers, some)
    part = _of_customers(tables, some)
    ids = pd.Index(tables.ids.to_pandas())
    distinct = np.unique(moments[chosen])
    tried = distinct[np.unique(np.linspace(0, len(distinct) - 1, _CUTOFFS + 1).round().astype(int))[1:]] if len(distinct) > 1 else distinct
    seen: dict[str, str] = {}
    for cutoff in tried:
        rows = chosen & (moments == cutoff)
        here = pd.DataFrame({"customer_id": ids.take(customers[rows]), "cutoff": tables.wall_times(moments[rows])})
        moved = probe_features(function, part, here, cutoffs=1, random_state=random_state)["feature"].tolist()
        for name, code in _which_future(part, here, function, int(cutoff), moved).items():
            order = list(_FUTURES)  # where little future is left, only garbage changes it: the clearer message is kept
            seen[name] = min(seen.get(name, code), code, key=order.index)
    for code, (what, remedy) in _FUTURES.items():
        names = sorted(name for name, c in seen.items() if c == code)
        for name in names[:_TOLD]:
            yield Finding("error", code, f'feature "{name}"', what, 0.999, remedy)
        if len(names) > _TOLD:
            yield Finding("error", code, f"{len(names) - _TOLD} more features", what, 0.999, remedy)


_FUTURES = {
    "rows-after-cutoff": (
        "it changes when the rows at and after the cutoff are removed",
        "Read only rows with time < cutoff.",
    ),
    "end-not-yet-known": (
        "it changes when ends that had not happened by the cutoff are hidden",
        "Treat an interval as open, and what is written at its end as unknown, until the end has passed.",
    ),
    "known-at-ignored": (
        "it changes when the rows that became known only after the cutoff are removed",
        "Read only rows with known_at < cutoff.",
    ),
    "moves-with-the-future": (
        "it changes when everything after the cutoff is replaced by garbage",
        "Find the value that it reads and that is written later: a joining date, a total, a newest value.",
    ),
}


def _which_future(tables: EventTables, here: pd.DataFrame, function: Function, cutoff: int, moved: list[str]) -> dict[str, str]:
    """Return the kind of future that each changed feature uses."""
    if not moved:
        return {}
    full = function(tables, here)
    by_time = function(_changed(tables, lambda s: s.where(s.times < cutoff)), here)
    hidden = function(_changed(tables, lambda s: _ends_hidden(s, cutoff)), here)
    known = function(_changed(tables, lambda s: s.known_before(cutoff)), here)
    steps = (("rows-after-cutoff", full, by_time), ("end-not-yet-known", by_time, hidden), ("known-at-ignored", hidden, known))
    found = {}
    for name in moved:
        differs = (
            code
            for code, a, b in steps
            if not (name in a and name in b and a[name].reset_index(drop=True).equals(b[name].reset_index(drop=True)))
        )
        found[name] = next(differs, "moves-with-the-future")
    return found


def _ends_hidden(stream: Stream, cutoff: int) -> Stream:
    past = stream.where(stream.times < cutoff)
    known = past.columns.get("known")
    bare = replace(past, columns={k: v for k, v in past.columns.items() if k != "known"}).known_before(cutoff)
    return bare if known is None else replace(bare, columns={**bare.columns, "known": known})


def _changed(tables: EventTables, change: Callable[[Stream], Stream]) -> EventTables:
    return tables.with_streams({name: change(stream) for name, stream in tables.streams.items()})


def _of_customers(tables: EventTables, some: np.ndarray) -> EventTables:
    """Return the tables with the rows of some customers only: the cost of the probe does not grow with the number of customers."""
    if len(some) > len(tables) / 2:
        return tables
    wanted = np.zeros(len(tables), np.bool_)
    wanted[some] = True
    return _changed(tables, lambda s: s.where(wanted[s.owners]))


# --- populations and treatments ---


def _not_at_risk(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> Iterator[Finding]:
    customers, moments = sorted_pairs(tables, snapshots)
    gone = int(np.count_nonzero(~churn.at_risk(tables, customers, moments)))
    if gone:
        what = f"{gone:,} of {len(customers):,} snapshots belong to customers who, by the churn rule, had already left or not yet joined"
        yield Finding("error", "already-left", "snapshots", what, 0.999, "Take snapshots with take_snapshots, which applies the rule.")


def _cancelled(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> Iterator[Finding]:
    """Yield tables, other than the rule's, that record customers as gone before the cutoff, of whom none came back."""
    customers, moments = sorted_pairs(tables, snapshots)
    mature = moments <= churn.latest_cutoff(tables)
    customers, moments = customers[mature], moments[mature]
    for name in tables.logs():
        if name == getattr(churn, "of", None) or not _GONE & set(re.split(r"[^a-z]+", name.lower())) or not len(customers):
            continue
        gone = latest_known(tables.stream(name), customers, moments) >= 0
        n = len(np.unique(customers[gone]))
        if n < 20:
            continue
        outcome = churn.outcomes(tables, customers[gone], moments[gone])[1]
        left = float(np.mean(outcome != 0))
        if left > 0.99:
            what = (
                f"{int(gone.sum()):,} of {len(customers):,} snapshots are of customers who are in this table; {percent(left)} of them leave"
            )
            remedy = "They had left already: use the rule Cancellation, or leave them out of the snapshots."
            yield Finding("warning", "already-left", f'table "{name}"', what, 0.95, remedy)


def _treated(
    tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, treatments: str | None, handled: str | None
) -> Iterator[Finding]:
    named = [n for n in tables.logs() if _TREATED & set(re.split(r"[^a-z]+", n.lower()))]
    for name in [treatments] if treatments is not None else named:
        arms = arms_of(tables, snapshots, churn, name)
        share = float(arms["treated"].mean())
        what = f"{percent(share)} of the outcome windows contain a retention contact: these outcomes may be its effect"
        if share > _FEW_TREATED and handled is None:
            remedy = f'Declare how to handle them: ChurnPipeline(..., treatments="{name}", treated="exclude"), "flag" or "feature".'
            yield Finding("warning", "treated-outcomes", f'table "{name}"', what, 0.9, remedy)
        elif share:
            yield Finding("note", "treated-outcomes", f'table "{name}"', what, 0.9, f"Training handles them: {handled or 'they are few'}.")


def _late_columns(tables: EventTables) -> Iterator[Finding]:
    """Yield columns of a source that say when a row was written, but are not declared as ``known_at``."""
    for name, declaration in tables.declarations.items():
        if isinstance(declaration, Customers) or declaration.known_at is not None:
            continue
        happened = declaration.start if isinstance(declaration, Intervals) else declaration.time
        for column in _columns(name, declaration.source):
            words = set(re.split(r"[^a-z]+", column.lower()))
            if column in declaration.columns() or not (words & _LATE and words & {"at", "on", "date", "time", "ts", "timestamp"}):
                continue
            written, since = (_microseconds(s) for s in _two_columns(name, declaration.source, column, happened))
            share = float(np.mean(written - since > DAY // 24)) if len(since) else 0.0
            if share > _FEW_TREATED:
                what = f"{percent(share)} of the rows were written more than an hour after they happened"
                remedy = f'Declare it: known_at="{column}". Otherwise features at a cutoff count rows that were not known yet.'
                yield Finding("warning", "known-at-undeclared", f'table "{name}", column "{column}"', what, 0.8, remedy)


def _columns(name: str, source: Any) -> list[str]:
    """Return the columns of a source that can be read again: a pandas frame or files."""
    if isinstance(source, pd.DataFrame):
        return [str(c) for c in source.columns]
    return open_source(source, name).columns() if isinstance(source, (str, Path, File)) else []


def _two_columns(name: str, source: Any, *columns: str) -> list[pd.Series]:
    if isinstance(source, pd.DataFrame):
        some = source.iloc[:: max(len(source) // 10_000, 1)]
        return [some[c] for c in columns]
    table = open_source(source, name).read(list(columns))
    return [table.column(c).to_pandas() for c in columns]


def _microseconds(column: pd.Series) -> np.ndarray:
    """Return times as float microseconds, NaN for what is none."""
    kind = pd.api.types
    if kind.is_numeric_dtype(column.dtype) or kind.is_timedelta64_dtype(column.dtype) or isinstance(column.dtype, pd.PeriodDtype):
        return np.full(len(column), np.nan)  # pandas would take numbers for nanoseconds since 1970
    times = pd.DatetimeIndex(pd.to_datetime(column, errors="coerce", utc=True))
    return np.where(times.isna(), np.nan, times.as_unit("us").asi8.astype(np.float64))
