"""Write and read feature names: driver, subject, aggregate, window."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["FAMILIES", "GRAMMAR", "FeatureName", "column_alone", "kind_names", "kind_part", "read_name", "subjects_of"]

# The part after the aggregate: a window ("90d", "all"), a number ("2"), or nothing.
_WINDOW = (
    *("count", "active_days", "trend", "sum", "mean", "max", "distinct", "decayed", "first_count"),
    *("recovered", "recovered_share", "per_session", "answered_share"),
    *("sessions", "session_minutes", "session_events", "session_depth", "session_depth_change"),
    *("share", "own_share", "entropy", "dropped", "weekend_share", "night_share", "peer_churn", "peer_count"),
    *("active_users", "new_users", "lost_users", "concentration", "busiest_silence", "busiest_gone", "kinds_per_user", "items_per_user"),
    *("seats_used", "seats_change", "first_value_share", "first_value_days"),
)
_NUMBER = ("last_gap", "last_value", "days_to")
_NOTHING = (
    *("days_since_last", "days_since_first", "gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer"),
    *("tenure_days", "tenure_year", "season_sin", "season_cos", "streak", "stage", "value_ratio"),
    *("open_count", "open_age", "open_value", "days_to_end", "planned_days", "closed_count", "days_since_end", "closed_days_mean"),
    *("end_value_mean", "end_value_last", "response_days_mean", "waiting_days", "days_until", "unanswered"),
    *("late_rate", "late_days_mean", "late_days_max", "late_days_last", "late_days_trend", "overdue_days", "reopenings", "reopened_rate"),
    *("days_since_change", "changes", "last_change_pct", "change_year_pct"),
)
GRAMMAR: dict[str, str] = {
    **dict.fromkeys(_WINDOW, "window"),
    **dict.fromkeys(_NUMBER, "number"),
    **dict.fromkeys(_NOTHING, ""),
    "renewals": "perhaps a window",
    "slow_answer_rate": "perhaps a window",
    "plain": "",
}
"""Aggregate -> the ending of its name. ``plain`` is an unchanged value: an attribute, a state, a column of a flat matrix."""

FAMILIES: dict[str, str] = {
    **dict.fromkeys(("count", "active_days", "trend", "decayed", "sessions"), "activity"),
    **dict.fromkeys(("days_since_last", "gap_ratio", "gap_share_longer"), "silence"),
    **dict.fromkeys(("gap_mean", "gap_sd", "gap_max", "last_gap"), "rhythm"),
    **dict.fromkeys(("sum", "mean", "max", "last_value"), "worth"),
    **dict.fromkeys(("first_count", "days_to"), "start"),
    **dict.fromkeys(("distinct", "entropy"), "variety"),
    **dict.fromkeys(("active_users", "new_users", "lost_users"), "people"),
    **dict.fromkeys(("busiest_silence", "busiest_gone"), "busiest"),
    **dict.fromkeys(("first_value_share", "first_value_days"), "first value"),
    **dict.fromkeys(("seats_used", "seats_change"), "seats"),
    **dict.fromkeys(("kinds_per_user", "items_per_user"), "breadth"),
    **dict.fromkeys(("weekend_share", "night_share"), "hours"),
    **dict.fromkeys(("peer_churn", "peer_count"), "peers"),
    **dict.fromkeys(("season_sin", "season_cos"), "season"),
    **dict.fromkeys(("tenure_days", "tenure_year"), "tenure"),
    **dict.fromkeys(("open_count", "open_age", "open_value"), "open"),
    **dict.fromkeys(("closed_count", "closed_days_mean", "days_since_end"), "closed"),
    **dict.fromkeys(("end_value_mean", "end_value_last"), "ending"),
    **dict.fromkeys(("days_to_end", "planned_days"), "term"),
    **dict.fromkeys(("session_minutes", "session_events", "session_depth", "session_depth_change"), "session"),
    **dict.fromkeys(("recovered", "recovered_share"), "recovery"),
    **dict.fromkeys(("unanswered", "answered_share"), "answers"),
    **dict.fromkeys(("response_days_mean", "waiting_days", "slow_answer_rate"), "response"),
    **dict.fromkeys(("reopenings", "reopened_rate"), "reopened"),
    **dict.fromkeys(("late_rate", "late_days_mean", "late_days_max", "late_days_last", "late_days_trend", "overdue_days"), "lateness"),
    **dict.fromkeys(("days_since_change", "changes", "last_change_pct", "change_year_pct"), "change"),
}
"""Aggregates that express the same in other numbers: reasons use one of a family. An aggregate that is not here is its own family."""

_END = re.compile(r"^(?P<head>.+)_(?P<end>all|(?:\d+[a-z]{1,3})+|\d+\.\d+[a-z]{1,3}|\d+)$")
_BY_LENGTH = sorted((a for a in GRAMMAR if a != "plain"), key=len, reverse=True)
_HALVES = {a[: -len(b) - 1] for a in GRAMMAR for b in GRAMMAR if a.endswith("_" + b)}  # "own": own_share is an aggregate, share is one too


@dataclass(frozen=True)
class FeatureName:
    """A feature's name, read.

    Attributes
    ----------
    name, driver : str
        The driver is "" where the name carries none.
    subject : str
        The subject: a table, a kind of its events, or a column.
    aggregate : str
        A key of :data:`GRAMMAR`.
    window : str
        "90d", "all" or "".
    number : int
        Which one, or 0.
    """

    name: str
    driver: str
    subject: str
    aggregate: str
    window: str = ""
    number: int = 0

    @property
    def family(self) -> str:
        """The family of its aggregate, whatever the number it uses."""
        return FAMILIES.get(self.aggregate, self.aggregate)

    @property
    def of_table(self) -> bool:
        """Whether the subject is a table of events (or a kind of them), not a column of a table."""
        return bool(self.driver) and self.aggregate != "plain" and self.family not in ("change", "peers", "days_until")


def read_name(name: str) -> FeatureName:
    """Read a feature's name.

    >>> f = read_name("payment__payments_failed_count_30d")
    >>> f.driver, f.subject, f.aggregate, f.window
    ('payment', 'payments_failed', 'count', '30d')
    >>> read_name("MonthlyCharges").aggregate
    'plain'
    """
    driver, separator, rest = name.partition("__")
    if not separator or not driver or not rest:
        return FeatureName(name, "", name, "plain")
    ended = _END.match(rest)
    for aggregate in _BY_LENGTH:
        takes = GRAMMAR[aggregate]
        if takes in ("", "perhaps a window"):
            subject = _before(rest, aggregate)
            if subject:
                return FeatureName(name, driver, subject, aggregate)
        if takes and ended is not None and ended["end"].isdecimal() == (takes == "number"):
            subject = _before(ended["head"], aggregate)
            if subject and takes == "number":
                return FeatureName(name, driver, subject, aggregate, number=int(ended["end"]))
            if subject:
                return FeatureName(name, driver, subject, aggregate, window=ended["end"])
    return FeatureName(name, driver, rest, "plain")


def kind_part(kind: str) -> str:
    """Return what stands for a kind in a feature's name: small letters, digits and single underscores.

    A kind that is half the name of an aggregate, and one without a letter or digit, has ``kind`` before it.

    >>> kind_part("Late fee"), kind_part("own"), kind_part("+")
    ('late_fee', 'kind_own', 'kind')
    """
    plain = re.sub(r"[^\w]+|_+", "_", kind.lower()).strip("_")
    return "_".join(part for part in ("kind" if not plain or plain in _HALVES else "", plain) if part)


def kind_names(kinds: Iterable[str]) -> dict[str, str]:
    """Return what each kind is called in the names of features: no two alike, and earlier ones never depend on later ones.

    Give all kinds in the order in which they were first known; then the names at an earlier cutoff are those at a later one.

    >>> kind_names(["sign-up", "Sign_Up", "sign up 2", "call"])
    {'sign-up': 'sign_up', 'Sign_Up': 'sign_up_2', 'sign up 2': 'sign_up_2_2', 'call': 'call'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    tried: dict[str, int] = {}
    for kind in kinds:
        part = kind_part(kind)
        name, number = part, tried.get(part, 1)
        while name in taken:
            number += 1
            name = f"{part}_{number}"
        tried[part] = number
        taken.add(name)
        found[kind] = name
    return found


def _before(text: str, aggregate: str) -> str:
    return text[: -len(aggregate) - 1] if text.endswith("_" + aggregate) else ""


def subjects_of(features: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return subject -> (table, kind or column), as far as the other names show: ``payments_failed`` is a kind of ``payments``.

    >>> subjects_of(["payment__payments_count_7d", "payment__payments_failed_count_7d", "lifecycle__customers_region"])
    {'payments': ('payments', ''), 'payments_failed': ('payments', 'failed'), 'customers_region': ('customers_region', '')}
    """
    read = [read_name(name) for name in features]
    subjects = list(dict.fromkeys(f.subject for f in read))
    tables = {f.subject for f in read if f.of_table}
    columns = [f.subject for f in read if f.driver and f.subject not in tables]  # of a profile or of states
    heads = [c.partition("_")[0] for c in dict.fromkeys(columns)]
    tables |= {head for head in heads if heads.count(head) > 1}
    found: dict[str, tuple[str, str]] = {}
    for subject in subjects:
        inside = [t for t in tables if subject.startswith(t + "_")]
        table = max(inside, key=len, default=subject)
        found[subject] = (table, subject[len(table) + 1 :])
    return found


def column_alone(table: str) -> str:
    """Return the name of a column alone where it repeats the name of its table.

    >>> column_alone("seats_seats"), column_alone("prices_price"), column_alone("team_seats")
    ('seats', 'price', 'team_seats')
    """
    for place in (k for k, letter in enumerate(table) if letter == "_"):
        if table[:place].rstrip("s") == table[place + 1 :].rstrip("s"):
            return table[place + 1 :]
    return table
