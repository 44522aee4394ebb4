"""Feature: one row of data with table, aggregate, window, kind and driver."""

from __future__ import annotations

from dataclasses import dataclass, field

from churnpredict.argument_checks import check_text
from churnpredict.errors import UsageError, closest
from churnpredict.events.values.labels import label_of
from churnpredict.events.wide_rows import LATER_MOMENTS
from churnpredict.feature_names import kind_part
from churnpredict.number_checks import is_whole_number
from churnpredict.spans import span_text

__all__ = ["AGGREGATES", "OF_ATTRIBUTES", "OF_KIND", "OF_SEATS", "OF_VISITS", "WRITTEN_LATER", "Aggregate", "Feature"]

OF_ATTRIBUTES = ("days_since_change", "changes")  # aggregates of states that attributes of intervals have as well
OF_SEATS = ("seats_used", "seats_change")  # people, divided by the paid seats of another table
OF_VISITS = (  # aggregates of activity: refunds do not count as visits, see churnpredict.events.visits
    *("days_since_last", "days_since_first", "active_days", "decayed", "stage", "first_count", "days_to"),
    *("gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer", "last_gap"),
    *("active_users", "new_users", "lost_users", "concentration", "busiest_silence", "busiest_gone", "kinds_per_user", "items_per_user"),
    *("first_value_share", "first_value_days"),
    *OF_SEATS,
)
WRITTEN_LATER = (*LATER_MOMENTS, "value_at_end", "known")  # columns of a row that may be unknown at a cutoff after its beginning
_MOST_NTH = 10_000
OF_KIND = ("share", "streak", "recovered", "recovered_share", "per_session")  # aggregates that compare one kind with the others


@dataclass(frozen=True)
class Aggregate:
    """The requirements of an aggregate, and its description.

    Attributes
    ----------
    driver : str
        The driver of its features, unless the table declares one.
    takes : {"window", "half-life", "within", "nth", ""}
        The parameter that each of its rows needs; a row may leave out "within".
    needs : str
        What the table must declare: ``value``, ``item``, ``user``, ``since``, ``attribute``, ``end``, ..., or nothing.
    unit, formula : str
        For the list of all features.
    fixed : bool
        Whether the driver is kept even if the table declares one.
    """

    driver: str
    takes: str
    needs: str
    unit: str
    formula: str
    fixed: bool = False


AGGREGATES: dict[str, Aggregate] = {
    "count": Aggregate("habit", "window", "", "events", "events in the window"),
    "active_days": Aggregate("habit", "window", "", "days", "distinct calendar days with an event in the window"),
    "trend": Aggregate("habit", "window", "", "-1 to 1", "(events in the window - events in the one before) / both"),
    "sum": Aggregate("value", "window", "value", "value", "sum of the values in the window"),
    "mean": Aggregate("value", "window", "value", "value", "mean of the values in the window"),
    "max": Aggregate("value", "window", "value", "value", "largest value in the window"),
    "distinct": Aggregate("value", "window", "item", "items", "distinct items in the window"),
    "days_since_last": Aggregate("habit", "", "", "days", "cutoff - last event"),
    "days_since_first": Aggregate("lifecycle", "", "", "days", "cutoff - first event", fixed=True),
    "gap_mean": Aggregate("habit", "", "", "days", "mean gap between the latest 33 active days"),
    "gap_sd": Aggregate("habit", "", "", "days", "standard deviation of these gaps"),
    "gap_max": Aggregate("habit", "", "", "days", "longest of these gaps"),
    "gap_ratio": Aggregate("habit", "", "", "times", "days since the last event / mean gap"),
    "gap_share_longer": Aggregate("habit", "", "", "share", "(own gaps longer than the silence + 1) / (gaps + 2)"),
    "last_gap": Aggregate("habit", "nth", "", "days", "the n-th last gap between active days"),
    "decayed": Aggregate("habit", "half-life", "", "days", "sum over active days of 2^(-age / half-life)"),
    "last_value": Aggregate("value", "nth", "value", "value", "value of the n-th last event"),
    "value_ratio": Aggregate(
        "value", "", "value", "times", "value of the last event / median of the up to 12 values before it, where that is above 0"
    ),
    "share": Aggregate("value", "window", "kind", "share", "share of the events in the window that are of the kind"),
    "streak": Aggregate("habit", "", "kind", "events", "the newest events that are of the kind, in a row"),
    "recovered": Aggregate(
        "payment", "window", "kind", "events", "events of the kind in the window directly followed by one of another kind"
    ),
    "recovered_share": Aggregate("payment", "window", "kind", "share", "recovered / events of the kind in the window"),
    "per_session": Aggregate("complexity", "window", "kind", "per session", "events of the kind in the window / sessions in it"),
    "sessions": Aggregate(
        "habit", "window", "", "sessions", "sessions, which end with 30 minutes of silence, or with the silence that the table declares"
    ),
    "session_minutes": Aggregate(
        "value", "window", "", "minutes", "median time from the first to the last event of the sessions in the window"
    ),
    "session_events": Aggregate("value", "window", "", "events", "events / sessions in the window"),
    "session_depth": Aggregate("value", "window", "item", "items", "mean distinct items per session in the window"),
    "session_depth_change": Aggregate("value", "window", "item", "items", "session_depth - session_depth of the window before"),
    "unanswered": Aggregate("communication", "", "replies", "events", "contacts since the last reply"),
    "answered_share": Aggregate(
        "communication", "window", "replies", "share", "share of the contacts in the window directly followed by a reply"
    ),
    "own_share": Aggregate("habit", "window", "", "share", "share of all own events that lies in the window"),
    "entropy": Aggregate("value", "window", "item", "bits", "Shannon entropy of the items in the window"),
    "dropped": Aggregate("value", "window", "item", "items", "distinct items of the window before that do not occur in the window"),
    "active_users": Aggregate("habit", "window", "user", "people", "people of the account with an event in the window"),
    "new_users": Aggregate("habit", "window", "user", "people", "people whose first event of all lies in the window"),
    "first_value_share": Aggregate(
        "onboarding",
        "window",
        "user and value",
        "share",
        "share of the people whose first event of all lies in the window that have had an event with a value above 0",
        fixed=True,
    ),
    "first_value_days": Aggregate(
        "onboarding",
        "window",
        "user and value",
        "days",
        "mean days of these people from their first event to their first event with a value above 0",
        fixed=True,
    ),
    "lost_users": Aggregate("habit", "window", "user", "people", "people with an event in the window before and none in the window"),
    "concentration": Aggregate("habit", "window", "user", "share", "events of the busiest person in the window / events of all people"),
    "busiest_silence": Aggregate(
        "habit", "window", "user", "times", "days since the last event of the window's busiest person / mean gap between their active days"
    ),
    "busiest_gone": Aggregate("habit", "window", "user", "0 or 1", "whether busiest_silence is 2 or more"),
    "kinds_per_user": Aggregate("value", "window", "user and kind", "kinds", "mean distinct kinds per person active in the window"),
    "items_per_user": Aggregate("value", "window", "user and item", "items", "mean distinct items per person active in the window"),
    "seats_used": Aggregate("value", "window", "seats", "share", "active_users / paid seats at the cutoff"),
    "seats_change": Aggregate(
        "value", "window", "seats", "share", "(active_users - active_users of the window before) / paid seats at the cutoff"
    ),
    "weekend_share": Aggregate("lifecycle", "window", "", "share", "share of the events in the window on Saturday or Sunday"),
    "night_share": Aggregate("lifecycle", "window", "", "share", "share of the events in the window between 22 and 6 o'clock"),
    "stage": Aggregate("habit", "", "", "stage", "new, current, at risk, dormant or resurrected, by the own rhythm"),
    "first_count": Aggregate(
        "onboarding", "window", "", "events", "events in the first days after joining (or the first event)", fixed=True
    ),
    "days_to": Aggregate("onboarding", "nth", "", "days", "days from joining (or the first event) to the n-th event", fixed=True),
    "tenure_days": Aggregate("lifecycle", "", "since", "days", "cutoff - joining", fixed=True),
    "tenure_year": Aggregate("lifecycle", "", "since", "years", "1 in the first year as a customer, 2 in the second, ...", fixed=True),
    "attribute": Aggregate(
        "lifecycle", "", "attribute", "as declared", "the attribute at the cutoff; for intervals, that of the latest one"
    ),
    "days_until": Aggregate("lifecycle", "", "date", "days", "date as known at the cutoff - cutoff; negative once it is past"),
    "season_sin": Aggregate("lifecycle", "", "calendar", "-1 to 1", "sine of the cutoff's day of the year", fixed=True),
    "season_cos": Aggregate("lifecycle", "", "calendar", "-1 to 1", "cosine of the cutoff's day of the year", fixed=True),
    "peer_churn": Aggregate(
        "lifecycle", "window", "label", "share", "share of customers with the same label who have fallen silent, smoothed"
    ),
    "peer_count": Aggregate("lifecycle", "window", "label", "customers", "other customers with the same label who were active"),
    "open_count": Aggregate("contract", "", "end", "intervals", "intervals begun and not yet ended"),
    "open_age": Aggregate("contract", "", "end", "days", "cutoff - beginning of the oldest open interval"),
    "open_value": Aggregate("value", "", "end", "value", "sum of the values of open intervals"),
    "days_to_end": Aggregate("contract", "", "planned_end", "days", "agreed end of the latest open interval - cutoff"),
    "planned_days": Aggregate("contract", "", "planned_end", "days", "agreed length of the latest open interval"),
    "closed_count": Aggregate("contract", "", "end", "intervals", "intervals that have ended"),
    "days_since_end": Aggregate("contract", "", "end", "days", "cutoff - latest end"),
    "closed_days_mean": Aggregate("contract", "", "end", "days", "mean length of the intervals that have ended"),
    "end_value_mean": Aggregate("quality", "", "value_at_end", "value", "mean of the values recorded at the ends"),
    "end_value_last": Aggregate("quality", "", "value_at_end", "value", "value recorded at the latest end"),
    "response_days_mean": Aggregate(
        "support", "", "response", "days", "mean time from the beginning to the first response, of those that have come"
    ),
    "waiting_days": Aggregate("support", "", "response", "days", "cutoff - beginning of the oldest open interval without a response"),
    "slow_answer_rate": Aggregate(
        "support",
        "within",
        "response",
        "share",
        "share not answered within a day (or the given span), of those that were answered or were still open then",
    ),
    "reopenings": Aggregate("support", "", "reopened", "intervals", "intervals that have been reopened"),
    "reopened_rate": Aggregate("support", "", "reopened", "share", "share of the intervals that have been reopened"),
    "late_rate": Aggregate(
        "payment", "", "planned_end", "share", "share that ended after the planned day, or is open after it, of those that ended or are due"
    ),
    "late_days_mean": Aggregate("payment", "", "planned_end", "days", "mean days from the planned day to the end, 0 for one in time"),
    "late_days_max": Aggregate(
        "payment", "", "planned_end", "days", "most days after the planned day, of those that ended or are still open after it"
    ),
    "late_days_last": Aggregate("payment", "", "planned_end", "days", "days from the planned day to the latest end, 0 for one in time"),
    "late_days_trend": Aggregate(
        "payment", "", "planned_end", "days", "mean days after the planned day of the latest 3 that ended - that of those before"
    ),
    "overdue_days": Aggregate("payment", "", "planned_end", "days", "days since the earliest planned day that an open interval has passed"),
    "renewals": Aggregate(
        "contract", "within", "end", "intervals", "intervals begun within 30 days (or the given span) of another's end, or before it"
    ),
    "state": Aggregate("lifecycle", "", "state", "as declared", "the value that holds at the cutoff"),
    "days_since_change": Aggregate("lifecycle", "", "state", "days", "cutoff - last change of the value, or its first row"),
    "changes": Aggregate("lifecycle", "", "state", "changes", "changes of the value so far"),
    "last_change_pct": Aggregate("price", "", "state", "%", "the last change of the value"),
    "change_year_pct": Aggregate("price", "", "state", "%", "change of the value against a year before"),
}


@dataclass(frozen=True)
class Feature:
    """One feature, as a row of data: which table, which aggregate, over which window.

    Parameters
    ----------
    table : str
        Name of the table, as declared; ``"calendar"`` for the season.
    aggregate : str
        One of the aggregates, such as ``"count"``, ``"sum"``, ``"gap_ratio"``.
    window : str, optional
        Length of the window before the cutoff, such as ``"90d"``; ``"all"`` for the whole history. For ``decayed`` the half-life, for
        ``first_count`` the time after joining. For ``renewals`` how long after the end of an interval the next one still renews it, such as
        ``"1 month"``: 30 days by default. For ``slow_answer_rate`` within how long an answer is in time: ``"1d"`` by default.
    kind : str, optional
        Only events of this kind.
    nth : int, optional
        Which one, for ``last_gap``, ``last_value`` (1 is the last) and ``days_to``.
    column : str, optional
        The column, for ``attribute`` and for aggregates of states.
    driver : str, optional
        The driver of the feature; by default the aggregate's, or the one the table declares.
    called : str, optional
        What the kind or the column is called in the name, where its own spelling would make the name of another feature.

    Examples
    --------
    >>> from churnpredict import Feature
    >>> Feature("orders", "sum", "45d").name
    'value__orders_sum_45d'
    >>> Feature("tickets", "count", "30d", kind="Complaint", driver="support").name
    'support__tickets_complaint_count_30d'
    """

    table: str
    aggregate: str
    window: str | None = None
    kind: str | None = field(default=None, kw_only=True)
    nth: int | None = field(default=None, kw_only=True)
    column: str | None = field(default=None, kw_only=True)
    driver: str | None = field(default=None, kw_only=True)
    called: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._check_types()
        if self.aggregate not in AGGREGATES:
            raise UsageError(
                "unknown-aggregate",
                f'there is no aggregate "{self.aggregate}"',
                remedy=f"There are {', '.join(AGGREGATES)}.{closest(self.aggregate, AGGREGATES)}",
            )
        takes = AGGREGATES[self.aggregate].takes
        if self.aggregate in OF_KIND and self.kind is None:
            raise UsageError(
                "no-kind", f'"{self.aggregate}" needs a kind', remedy=f'Write Feature("{self.table}", "{self.aggregate}", kind="failed").'
            )
        if AGGREGATES[self.aggregate].needs == "replies" and self.kind is not None:
            raise UsageError("no-such-kind", f'"{self.aggregate}" takes no kind', remedy="It uses all kinds that are not replies.")
        if takes in ("window", "half-life") and self.window is None:
            raise UsageError(
                "no-window", f'"{self.aggregate}" needs a {takes}', remedy=f'Write Feature("{self.table}", "{self.aggregate}", "90d").'
            )
        if takes != "nth" and self.nth is not None:
            raise UsageError("no-such-nth", f'"{self.aggregate}" takes no nth', remedy="Leave it out.")
        if takes == "nth" and (self.nth is None or not is_whole_number(self.nth) or not 1 <= self.nth <= _MOST_NTH):
            raise UsageError(
                "no-nth",
                f'"{self.aggregate}" needs nth from 1 to {_MOST_NTH:,}',
                remedy=f'Write Feature("{self.table}", "{self.aggregate}", nth=1).',
            )
        if AGGREGATES[self.aggregate].needs in ("attribute", "state", "label", "date") and self.column is None:
            raise UsageError(
                "no-column",
                f'"{self.aggregate}" needs a column',
                remedy=f'Write Feature("{self.table}", "{self.aggregate}", column="plan").',
            )
        if AGGREGATES[self.aggregate].needs not in ("attribute", "state", "label", "date") and self.column is not None:
            raise UsageError("no-such-column", f'"{self.aggregate}" takes no column', remedy="Leave it out: it uses the whole table.")
        if self.called is not None and not (isinstance(self.called, str) and self.called.strip() and (self.kind or self.column)):
            remedy = "Give a text, and the kind or the column that is called so."
            raise UsageError("bad-argument", f"called is {self.called!r}", remedy=remedy)
        if takes not in ("window", "half-life", "within") and self.window is not None:
            raise UsageError("no-such-window", f'"{self.aggregate}" takes no window', remedy="Leave it out.")
        unbounded = isinstance(self.window, str) and self.window == "all" and takes == "window" and self.aggregate != "first_count"
        if self.window is not None and not unbounded:
            object.__setattr__(self, "window", span_text(self.window, "window"))
        if self.nth is not None:
            object.__setattr__(self, "nth", int(self.nth))

    def _check_types(self) -> None:
        """Refuse names that are not texts, and a kind that no row is called; keep the kind as the text that names it in the tables."""
        for name in ("table", "aggregate"):
            check_text(getattr(self, name), name)
        for name in ("column", "driver"):
            if getattr(self, name) is not None:
                check_text(getattr(self, name), name)
        if self.kind is not None:
            kind = label_of(self.kind)  # 1, 1.0 and "1" are the same kind, as in the tables
            if kind is None:
                raise UsageError("bad-argument", "kind is a missing value, which no row is called", remedy="Name a kind, or leave it out.")
            object.__setattr__(self, "kind", kind)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it is made of, as a feature of the user's own names them."""
        return (self.table,)

    @property
    def name(self) -> str:
        """The name of its column: ``driver__table[_kind]_aggregate[_window]``."""
        driver = self.driver or AGGREGATES[self.aggregate].driver
        kind = None if self.kind is None else self.called or kind_part(self.kind)
        column = self.called if self.called and kind is None else self.column
        what = None if self.aggregate in ("attribute", "state") else self.aggregate
        parts = [self.table, kind, column, what, self.window, None if self.nth is None else str(self.nth)]
        return f"{driver}__{'_'.join(p for p in parts if p)}"
