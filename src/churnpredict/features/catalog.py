"""The default feature rows for each kind of table."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from dataclasses import replace

from churnpredict.errors import warn
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import Customers, Events, EventTables, Intervals, States
from churnpredict.feature_names import kind_part
from churnpredict.features.feature import AGGREGATES, Feature
from churnpredict.features.state_kernels import LATENESS_OUTPUTS
from churnpredict.moments import Moment
from churnpredict.spans import SpanLike, span

__all__ = ["catalog", "with_driver"]

WINDOWS = ("7d", "14d", "30d", "60d", "90d", "180d", "365d")
_TRENDS = ("14d", "30d", "90d", "180d")
_HALF_LIVES = ("7d", "30d", "90d")
_FIRST_DAYS = ("30d", "60d", "90d")
_TROUBLE = re.compile(r"fail|declin|reject|bounc|error|exception|crash", re.IGNORECASE)  # share of customers that a kind must reach
_ADMINISTRATORS = re.compile(r"admin|(?<![a-z])owner|superuser", re.IGNORECASE)  # kinds that are roles: who has them has changed
_DATES = ((r"card|mandate|iban|payment", "payment"), (r"expir|renew|end|until|due|trial", "contract"))  # what the name of a date tells
_DUE = ("payment", "support")  # tables whose planned ends are a promise: contracts end on theirs, or are renewed
_OWN_DRIVER = ("habit", "value")  # tables that declare these are about the business itself: each aggregate keeps its own driver


def with_driver(feature: Feature, tables: EventTables) -> Feature:
    """Return the feature with its driver settled: its own, else the one its table declares, else the aggregate's."""
    if feature.driver is not None:
        return feature
    aggregate = AGGREGATES[feature.aggregate]
    declared = getattr(tables.declarations.get(feature.table), "driver", None)
    takes_declared = declared is not None and declared not in _OWN_DRIVER and not aggregate.fixed
    return replace(feature, driver=declared if takes_declared else aggregate.driver)


def catalog(tables: EventTables, *, until: Moment | None = None, history: SpanLike | None = None) -> list[Feature]:
    """Return the default features of these tables, one row each.

    Parameters
    ----------
    tables : EventTables
    until : time, optional
        Use only what was known before this time: later kinds get no features.
    history : str, optional
        Windows longer than this are left out, and so are features that need the beginning of a customer's history.

    Returns
    -------
    list of Feature
        Add rows of your own: ``catalog(tables) + [Feature("orders", "sum", "45d")]``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> rows = cp.catalog(cp.make_business(50, random_state=0).tables)
    >>> "habit__orders_gap_ratio" in {r.name for r in rows}
    True
    """
    check_tables(tables, "catalog(tables)")
    moment = None if until is None else tables.instant(until, "until")
    rows: list[Feature] = []
    for name, declaration in tables.declarations.items():
        if isinstance(declaration, Events):
            rows += _events(name, declaration, history)
            kinds = tables.kinds(name, before=moment)
            for kind, called in kinds.items():
                rows += _kind(name, declaration, kind, history, _apart(name, kind, called, tables))
            _warn_of_like_kinds(name, kinds)
        elif isinstance(declaration, Intervals):
            rows += _intervals(name, declaration, history)
        elif isinstance(declaration, States):
            rows += _states(name, declaration, tables)
    rows += _customers(tables)
    rows += [Feature("calendar", "season_sin"), Feature("calendar", "season_cos")]
    return _distinct([with_driver(row, tables) for row in rows])


def _apart(name: str, kind: str, called: str, tables: EventTables) -> str | None:
    """Return what the kind is called where its spelling would not do: kind "paid" of ``orders`` beside a table ``orders_paid``."""
    whole = f"{name}_{called}_"
    if any(other != name and whole.lower().startswith(f"{other}_".lower()) and len(other) > len(name) for other in tables.declarations):
        called = f"kind_{called}"
    return None if called == kind_part(kind) else called


def _warn_of_like_kinds(name: str, kinds: dict[str, str]) -> None:
    parts = Counter(kind_part(kind) for kind in kinds)
    like = [kind for kind in kinds if parts[kind_part(kind)] > 1]
    if like:
        remedy = "Write them alike in the source if they mean the same; a number distinguishes them in the names of features."
        what = f"{len(like)} kinds differ only in capitals, spaces or punctuation"
        warn("like-kinds", what, table=name, column="kind", examples=like, remedy=remedy, stacklevel=4)


def _distinct(rows: list[Feature]) -> list[Feature]:
    """Return the rows with names that differ in more than capitals: a column called ``tenure_days`` may be beside the aggregate."""
    taken = {row.name.lower() for row in rows if row.column is None}
    of_column: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.column is not None:
            of_column[row.table, row.column].append(place)
    for (_, column), places in of_column.items():
        for number in itertools.count():
            called = None if not number else f"{column}_column" if number == 1 else f"{column}_column_{number}"
            renamed = [replace(rows[place], called=called) for place in places]
            names = {row.name.lower() for row in renamed}
            if not names & taken:
                break
        taken |= names
        for place, row in zip(places, renamed, strict=True):
            rows[place] = row
    return rows


def _fitting(windows: tuple[str, ...], history: SpanLike | None, factor: int = 1) -> list[str]:
    return [w for w in windows if history is None or span(w).times(factor).nominal <= span(history, "history").nominal]


def _events(name: str, events: Events, history: SpanLike | None) -> list[Feature]:
    windows = [*_fitting(WINDOWS, history), "all"]
    rows = [Feature(name, a, w) for a in ("count", "active_days") for w in windows]
    rows += [Feature(name, "trend", w) for w in _fitting(_TRENDS, history, factor=2)]
    rows += [
        Feature(name, a) for a in ("days_since_last", "days_since_first", "gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer")
    ]
    rows += [Feature(name, "last_gap", nth=n) for n in (1, 2, 3)]
    rows += [Feature(name, "decayed", h) for h in _HALF_LIVES]
    rows += [Feature(name, a, "90d") for a in ("weekend_share", "own_share") if "90d" in windows]
    if events.value is not None:
        rows += [Feature(name, "sum", w) for w in windows]
        rows += [Feature(name, "mean", w) for w in ("30d", "90d", "365d", "all") if w in windows]
        rows += [Feature(name, "max", "all")]
        rows += [Feature(name, "last_value", nth=n) for n in (1, 2, 3)]
        rows += [Feature(name, "value_ratio")]
    if events.item is not None:
        rows += [Feature(name, "distinct", w) for w in ("30d", "90d", "365d") if w in windows]
        rows += [Feature(name, "entropy", w) for w in ("90d",) if w in windows]
        rows += [Feature(name, "dropped", w) for w in _fitting(("90d",), history, factor=2)]
    if events.session is not None:
        some = [w for w in ("30d", "90d") if w in windows]
        rows += [Feature(name, a, w) for a in ("sessions", "session_minutes", "session_events") for w in some]
        rows += [Feature(name, "session_depth", w) for w in some if events.item is not None]
        rows += [Feature(name, "session_depth_change", w) for w in _fitting(("30d", "90d"), history, factor=2) if events.item is not None]
    if events.user is not None:
        rows += _people(name, events, windows, history)
    if events.replies:
        rows += [Feature(name, "unanswered"), *(Feature(name, "answered_share", w) for w in ("90d", "all") if w in windows)]
    if history is None:
        rows += [Feature(name, "first_count", w) for w in _FIRST_DAYS]
        rows += [Feature(name, "days_to", nth=n) for n in (2, 3)]
    return rows


def _people(name: str, events: Events, windows: list[str], history: SpanLike | None) -> list[Feature]:
    """Return the rows about the people inside an account."""
    rows = [Feature(name, "active_users", w) for w in ("7d", "30d", "90d", "365d") if w in windows]
    rows += [Feature(name, "new_users", w) for w in ("30d", "90d") if history is None]
    rows += [Feature(name, a, "90d") for a in ("first_value_share", "first_value_days") if history is None and events.value is not None]
    rows += [Feature(name, "lost_users", w) for w in _fitting(("30d", "90d"), history, factor=2)]
    wanted = [("concentration", "90d"), ("busiest_silence", "180d"), ("busiest_gone", "180d")]
    rows += [Feature(name, "seats_used", w) for w in ("30d", "90d") if w in windows and events.seats is not None]
    rows += [Feature(name, "seats_change", w) for w in _fitting(("90d",), history, factor=2) if events.seats is not None]
    wanted += [("kinds_per_user", "90d")] if events.kind is not None else []
    wanted += [("items_per_user", "90d")] if events.item is not None else []
    return rows + [Feature(name, a, w) for a, w in wanted if w in windows]


def _kind(name: str, events: Events, kind: str, history: SpanLike | None, called: str | None) -> list[Feature]:
    windows = _fitting(("30d", "90d", "365d"), history)
    rows = [Feature(name, "count", w, kind=kind, called=called) for w in windows]
    rows += [Feature(name, a, kind=kind, called=called) for a in ("days_since_last", "streak")]
    wanted = [("share", "90d"), ("trend", "30d")]
    if _TROUBLE.search(kind):
        paid = events.driver == "payment"
        wanted += [("recovered", "365d"), ("recovered_share", "365d")] if paid else [("per_session", "30d"), ("per_session", "90d")]
    if events.user is not None and _ADMINISTRATORS.search(kind):
        wanted += [("active_users", "90d")] + ([("new_users", "90d")] if history is None else [])
        wanted += [("lost_users", w) for w in _fitting(("90d",), history, factor=2)]
    return rows + [Feature(name, a, w, kind=kind, called=called) for a, w in wanted if w in windows]


def _dates(name: str, declaration: Intervals | States | Customers) -> list[Feature]:
    """Return days until each declared date; where its table names no driver, the column's own name may."""
    usual = "contract" if isinstance(declaration, Intervals) else None
    said = {c: next((d for word, d in _DATES if re.search(word, c.lower())), usual) for c in declaration.dates}
    declared = getattr(declaration, "driver", None)
    return [Feature(name, "days_until", column=c, driver=declared or driver) for c, driver in said.items()]


def _intervals(name: str, intervals: Intervals, history: SpanLike | None) -> list[Feature]:
    windows = [*_fitting(("30d", "90d", "365d"), history), "all"]
    rows = [Feature(name, "count", w) for w in windows]
    rows += [
        Feature(name, a)
        for a in ("days_since_last", "open_count", "open_age", "closed_count", "days_since_end", "closed_days_mean", "renewals")
    ]
    rows += [Feature(name, a) for a in ("days_to_end", "planned_days") if intervals.planned_end is not None]
    if intervals.value is not None:
        rows += [Feature(name, "open_value"), Feature(name, "last_value", nth=1), Feature(name, "last_value", nth=2)]
    if intervals.value_at_end is not None:
        rows += [Feature(name, "end_value_mean"), Feature(name, "end_value_last")]
    rows += [Feature(name, a) for a in ("response_days_mean", "waiting_days", "slow_answer_rate") if intervals.response is not None]
    rows += [Feature(name, a) for a in ("reopenings", "reopened_rate") if intervals.reopened is not None]
    if intervals.planned_end is not None and intervals.driver in _DUE:
        rows += [Feature(name, a) for a in LATENESS_OUTPUTS]
    rows += [Feature(name, "attribute", column=c, driver=intervals.driver or "contract") for c in intervals.attributes]
    return rows + _dates(name, intervals)


def _states(name: str, states: States, tables: EventTables) -> list[Feature]:
    rows = _dates(name, states)
    use = states.driver if states.driver in _OWN_DRIVER else None  # a change of usage is not one of the price
    for column in (*states.values, *states.dates):
        rows += [
            Feature(name, a, column=column) for a in ("state", "days_since_change", "changes") if a != "state" or column in states.values
        ]
        if column in states.values and column not in tables.labels[name]:
            rows += [Feature(name, a, column=column, driver=use) for a in ("last_change_pct", "change_year_pct")]
    return rows


def _customers(tables: EventTables) -> list[Feature]:
    if tables.profile is None:
        return []
    name = tables.profile.name
    rows = [Feature(name, a) for a in ("tenure_days", "tenure_year")] if tables.profile.since is not None else []
    declared = tables.declarations[name]
    assert isinstance(declared, Customers)
    return rows + [Feature(name, "attribute", column=c) for c in tables.profile.attributes] + _dates(name, declared)
