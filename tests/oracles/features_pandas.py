"""Slow oracle of all features: pandas reads the raw frame, then one snapshot, one feature, one plain loop over the rows that were known."""

import itertools
import math
import statistics
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tests.oracles.wall_clock import anniversaries, moved_by, wall

from churnpredict.features.feature import AGGREGATES, OF_KIND

__all__ = ["MEASURES", "PlainTables", "length", "measure_all", "plain_rows", "utc"]

DAY = pd.Timedelta(days=1)
DAY_US = 86_400_000_000
LATEST_GAPS = 32
OF_ACTIVITY = [
    "days_since_last",
    "days_since_first",
    "active_days",
    "decayed",
    "stage",
    "first_count",
    "days_to",
    "gap_mean",
    "gap_sd",
    "gap_max",
    "gap_ratio",
    "gap_share_longer",
    "last_gap",
    "active_users",
    "new_users",
    "lost_users",
    "first_value_share",
    "first_value_days",
    "concentration",
    "busiest_silence",
    "busiest_gone",
    "kinds_per_user",
    "items_per_user",
    "seats_used",
    "seats_change",
]  # a refund is no visit


def length(span):
    """A span such as "90d", "12h" or "2w" as pandas writes it."""
    return pd.Timedelta(span.replace("d", "D").replace("w", "W")) if span[-1] in "dwh" else pd.Timedelta(int(span[:-2]) * 30.436875, "D")


def us(moment):
    """Microseconds of a naive UTC timestamp or a span."""
    return int(moment.value // 1000) if isinstance(moment, pd.Timedelta) else int(pd.Timestamp(moment).as_unit("us").value // 1000)


def utc(times, timezone="UTC"):
    """Naive wall times as naive UTC: an hour that is not there moves forward, an hour that is there twice is its first."""
    times = pd.DatetimeIndex(times)
    if times.tz is None:
        times = times.tz_localize(timezone, ambiguous=np.ones(len(times), bool), nonexistent="shift_forward")
    return times.tz_convert("UTC").tz_localize(None)


def plain_rows(
    frame,
    *,
    customer,
    time,
    value=None,
    kind=None,
    item=None,
    user=None,
    known_at=None,
    timezone="UTC",
    ends=None,
    extras=(),
    dates=(),
    replies=(),
):
    """A log under the names that this module uses, in UTC, each row with the moment it was known, sorted with its tie-break."""
    happened = pd.Series(utc(frame[time], timezone))
    rows = pd.DataFrame({"customer": frame[customer].to_numpy(), "time": happened})
    rows["known"] = happened
    if known_at is not None:
        rows["known"] = pd.Series(utc(frame[known_at], timezone)).fillna(happened).clip(lower=happened)
    for role, column in (("value", value), ("kind", kind), ("item", item), ("user", user)):
        if column is not None:
            rows[role] = frame[column].to_numpy()
    for role, column in (ends or {}).items():  # of intervals: end, planned_end, response (moments), value_at_end
        rows[role] = frame[column].to_numpy() if role == "value_at_end" else pd.Series(utc(frame[column], timezone))
    for column in extras:
        rows[column] = frame[column].to_numpy()
    for column in dates:
        rows[column] = pd.Series(utc(frame[column], timezone)).astype(object)
    if replies:
        rows["reply"] = rows["kind"].isin(replies)
    rows["local_day"] = happened.dt.tz_localize("UTC").dt.tz_convert(timezone).dt.tz_localize(None).dt.floor("D")
    # The tie-break: negative values first, then by size, missing last; then by kind and item, missing first.
    value_of = rows["value"] if value is not None else pd.Series(0.0, index=rows.index)
    codes = [pd.factorize(rows[role], sort=True)[0] if role in rows else 0 for role in ("kind", "item")]
    keys = rows[["customer", "time"]].assign(sign=value_of >= 0, size=value_of.abs(), kind=codes[0], item=codes[1])
    keys["sign"] = keys["sign"] | value_of.isna()
    return rows.loc[keys.sort_values(list(keys), kind="stable", na_position="last").index].reset_index(drop=True)


@dataclass
class PlainTables:
    """Logs as :func:`plain_rows` gives them, and the customers table (index: id; columns: since and attributes)."""

    logs: dict
    people: pd.DataFrame | None = None
    people_name: str = "customers"
    timezone: str = "UTC"


class Row(NamedTuple):
    time: int
    known: int
    day: int
    value: Any
    kind: Any
    item: Any
    user: Any
    end: Any
    planned_end: Any
    response: Any
    reopened: Any
    value_at_end: Any
    extras: dict


@dataclass
class Seen:
    """What one measure may look at."""

    rows: list  # known before the cutoff, within the history, of the kind
    complete: bool  # whether the bound of the history left nothing out
    cutoff: int
    feature: object
    origin: int | None
    person: dict | None
    timezone: str
    people_name: str

    def days_between(self, start, end):
        """How far the clock on the wall has moved, in days."""
        return (wall(end, self.timezone) - wall(start, self.timezone)) / DAY_US

    def within(self, factor=1):
        if self.feature.window == "all":
            return self.rows
        start = moved_by(self.cutoff, self.feature.window, self.timezone, -factor)
        return [r for r in self.rows if r.time >= start]

    def values(self):
        return [r.value for r in self.within() if r.value is not None]

    @property
    def silence(self):
        return self.days_between(self.rows[-1].time, self.cutoff) if self.rows else math.nan

    @property
    def days(self):
        return sorted({r.day for r in self.rows})

    @property
    def open(self):
        return [r for r in self.rows if r.end is None or r.end >= self.cutoff]

    @property
    def closed(self):
        return sorted((r for r in self.rows if r.end is not None and r.end < self.cutoff), key=lambda r: r.end)

    @property
    def held(self):
        """The values of the feature's column, row by row."""
        return [r.extras[self.feature.column] for r in self.rows]

    @property
    def changes(self):
        """Where the value differs from the row before: the positions."""
        return [i for i, (a, b) in enumerate(itertools.pairwise(self.held), 1) if a != b]

    @property
    def gaps(self):
        return [b - a for a, b in itertools.pairwise(self.days[-(LATEST_GAPS + 1) :])]


def mean(numbers):
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def population_sd(numbers):
    return math.sqrt(mean([(n - mean(numbers)) ** 2 for n in numbers])) if numbers else math.nan


def trend(s):
    now, both = len(s.within()), len(s.within(2))
    return (now - (both - now)) / both if both else math.nan


def share_longer(s):
    return (sum(g > s.silence for g in s.gaps) + 1) / (len(s.gaps) + 2) if s.rows else math.nan


def decayed(s):
    half_life = us(length(s.feature.window)) / DAY_US
    return math.fsum(2 ** (-((s.days[-1] - day) + s.silence) / half_life) for day in s.days)


def from_the_end(values, nth):
    found = values[-nth] if len(values) >= nth else None
    return math.nan if found is None else found


def knows_beginning(s):
    return s.origin is not None and s.origin < s.cutoff and s.complete


def first_count(s):
    if not knows_beginning(s):
        return math.nan
    return sum(s.origin <= r.time < moved_by(s.origin, s.feature.window, s.timezone) for r in s.rows)


def days_to(s):
    nth = s.feature.nth
    return s.days_between(s.origin, s.rows[nth - 1].time) if knows_beginning(s) and len(s.rows) >= nth else math.nan


def tenure(s):
    since = s.person["since"]
    return s.days_between(since, s.cutoff) if since is not None and since < s.cutoff else math.nan


def angle(s):
    local = pd.Timestamp(s.cutoff, unit="us", tz="UTC").tz_convert(s.timezone)
    return 2 * math.pi * (local.day_of_year - 1) / 365.2425


def planned(s, what):
    newest = s.open[-1] if s.open else None
    return what(newest) if newest is not None and newest.planned_end is not None else math.nan


def renewals(s):
    found = 0
    for i, row in enumerate(s.rows[1:], 1):
        covered = max(s.cutoff if r.end is None else min(r.end, s.cutoff) for r in s.rows[:i])
        found += s.days_between(covered, row.time) <= 30
    return found


def attribute(s):
    if s.feature.table in ("calendar", s.people_name):
        return s.person[s.feature.column]
    return s.held[-1] if s.held else None


def percent(now, before):
    return math.nan if now is None or before is None or before == 0 else 100 * (now - before) / abs(before)


def last_change_pct(s):
    return percent(s.held[s.changes[-1]], s.held[s.changes[-1] - 1]) if s.changes else math.nan


def change_year_pct(s):
    year_ago = [r.extras[s.feature.column] for r in s.rows if r.time < moved_by(s.cutoff, "1y", s.timezone, -1)] or s.held[:1]
    return percent(s.held[-1], year_ago[-1]) if s.rows else math.nan


def days_since_change(s):
    return s.days_between(s.rows[s.changes[-1] if s.changes else 0].time, s.cutoff) if s.rows else math.nan


def share(s, holds):
    rows = s.within()
    return sum(holds(r) for r in rows) / len(rows) if rows else math.nan


def streak(s):
    return len(list(itertools.takewhile(lambda r: r.kind == s.feature.kind, reversed(s.rows))))


def followed(s):
    """For each row of the kind in the window: whether the next row known is of another kind."""
    rows = s.within()
    return [j + 1 < len(rows) and rows[j + 1].kind != s.feature.kind for j, r in enumerate(rows) if r.kind == s.feature.kind]


def answered(s):
    rows = s.within()
    return [j + 1 < len(rows) and rows[j + 1].extras["reply"] for j, r in enumerate(rows) if not r.extras["reply"]]


def per_session(s):
    rows = s.within()
    pauses = [b.time - a.time for a, b in itertools.pairwise(rows)]
    return sum(r.kind == s.feature.kind for r in rows) / (1 + sum(p >= DAY_US / 48 for p in pauses)) if rows else math.nan


def sessions(rows):
    """Rows in lists: after half an hour of silence the next one begins."""
    found = []
    for row in rows:
        if found and row.time - found[-1][-1].time < DAY_US / 48:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def session_minutes(s):
    lengths = [(rows[-1].time - rows[0].time) / 60e6 for rows in sessions(s.within())]
    return statistics.median(lengths) if lengths else math.nan


def depth(rows):
    return mean([len({r.item for r in some} - {None}) for some in sessions(rows)])


def responses(s):
    return [s.days_between(r.time, r.response) for r in s.rows if r.response is not None and r.response < s.cutoff]


def waiting_days(s):
    waiting = [r.time for r in s.open if r.response is None or r.response >= s.cutoff]
    return s.days_between(min(waiting), s.cutoff) if waiting else math.nan


def slow_answers(s):
    """For each interval that can be judged: whether it had no answer in time."""
    found = []
    for r in s.rows:
        deadline = moved_by(r.time, s.feature.window or "1d", s.timezone)
        if r.response is not None and r.response < s.cutoff:
            found.append(r.response > deadline)
        elif deadline < s.cutoff and (r.end is None or r.end > deadline):
            found.append(True)
    return found


def reopened(s):
    return [r for r in s.rows if r.reopened is not None and r.reopened < s.cutoff]


def day_of(s, moment):
    return wall(moment, s.timezone) // DAY_US


def days_late(s):
    """Whole days after the planned day, of those that have ended, the latest end last."""
    return [max(day_of(s, r.end) - day_of(s, r.planned_end), 0) for r in s.closed if r.planned_end is not None]


def days_overdue(s):
    days = [day_of(s, s.cutoff) - day_of(s, r.planned_end) for r in s.open if r.planned_end is not None]
    return [d for d in days if d > 0]


def late_rate(s):
    late, overdue = days_late(s), days_overdue(s)
    return (sum(d > 0 for d in late) + len(overdue)) / (len(late) + len(overdue)) if late or overdue else math.nan


def late_days_trend(s):
    late = days_late(s)
    return sum(late[-3:]) / 3 - mean(late[:-3]) if len(late) > 3 else math.nan


def days_until(s):
    date = attribute(s)
    return math.nan if date is None or pd.isna(date) else s.days_between(s.cutoff, us(date))


def entropy(s):
    found = [r.item for r in s.within() if r.item is not None]
    shares = [found.count(item) / len(found) for item in set(found)]
    return -math.fsum(p * math.log2(p) for p in shares) if found else math.nan


def dropped(s):
    now = s.within()
    before = s.within(2)[: len(s.within(2)) - len(now)]
    return len({r.item for r in before} - {r.item for r in now} - {None})


def people(rows):
    return {r.user for r in rows} - {None}


def lost_users(s):
    now = s.within()
    return len(people(s.within(2)) - people(now))


def new_users(s):
    first = {}
    for r in s.rows:
        first.setdefault(r.user, r)
    now = {id(r) for r in s.within()}
    return sum(id(r) in now for user, r in first.items() if user is not None) if s.complete else math.nan


def first_values(s):
    """Days until the first value of each person who is new in the window, None for those without one yet."""
    now, found = {id(r) for r in s.within()}, []
    for user in sorted(people(s.rows)):
        own = [r for r in s.rows if r.user == user]
        if id(own[0]) in now and s.complete:
            valued = [r for r in own if r.value is not None and r.value > 0]
            found.append(wall(valued[0].time, s.timezone) - wall(own[0].time, s.timezone) if valued else None)
    return found


def first_value_share(s):
    found = first_values(s)
    return sum(days is not None for days in found) / len(found) if found else math.nan


def first_value_days(s):
    found = [days for days in first_values(s) if days is not None]
    return sum(found) / DAY_US / len(found) if found else math.nan


def seats(s, people):
    """Divide by the paid seats, which the histories declare to be the age."""
    paid = s.person["age"]
    return people / paid if paid is not None and paid > 0 else math.nan


def seats_change(s):
    now = s.within()
    return seats(s, len(people(now)) - len(people(s.within(2)[: len(s.within(2)) - len(now)])))


def rows_by_person(s):
    return [[r for r in s.within() if r.user == user] for user in people(s.within())]


def concentration(s):
    counts = [len(rows) for rows in rows_by_person(s)]
    return max(counts) / sum(counts) if counts else math.nan


def busiest_silence(s):
    """Of people with as many rows the one who acted last; of those the one with the shortest mean gap."""
    found = rows_by_person(s)
    found = [rows for rows in found if len(rows) == max(map(len, found))]
    found = [rows for rows in found if rows[-1].time == max(other[-1].time for other in found)]
    days = [sorted({r.day for r in rows}) for rows in found]
    gaps = [(d[-1] - d[0]) / (len(d) - 1) for d in days if len(d) > 1]
    return s.days_between(found[0][-1].time, s.cutoff) / min(gaps) if gaps else math.nan


def per_person(s, role):
    rows = [r for r in s.within() if r.user is not None]
    pairs = {(r.user, getattr(r, role)) for r in rows if getattr(r, role) is not None}
    return len(pairs) / len(people(rows)) if rows else math.nan


def value_ratio(s):
    last, *earlier = [r.value for r in s.rows[:-14:-1]] or [None]
    usual = statistics.median(v for v in earlier if v is not None) if any(v is not None for v in earlier) else 0
    return max(-1e30, min(1e30, last / usual)) if last is not None and usual > 0 else math.nan


def local(s, row):
    return pd.Timestamp(row.time, unit="us", tz="UTC").tz_convert(s.timezone)


def stage(s):
    if not s.rows:
        return math.nan
    every = [b - a for a, b in itertools.pairwise(s.days)]
    lately = [g for g, day in zip(every, s.days[1:], strict=True) if wall(s.cutoff, s.timezone) / DAY_US - day <= 31]
    if s.silence >= 180:
        return 3
    if any(g >= 180 for g in lately):
        return 4
    if s.days_between(s.rows[0].time, s.cutoff) <= 90:
        return 0
    return 2 if s.silence > 2 * (mean(every) if every else 45) else 1


MEASURES = {
    "share": lambda s: share(s, lambda r: r.kind == s.feature.kind),
    "streak": streak,
    "recovered": lambda s: sum(followed(s)),
    "recovered_share": lambda s: mean(followed(s)),
    "per_session": per_session,
    "sessions": lambda s: len(sessions(s.within())),
    "session_minutes": session_minutes,
    "session_events": lambda s: mean([len(rows) for rows in sessions(s.within())]),
    "session_depth": lambda s: depth(s.within()),
    "session_depth_change": lambda s: depth(s.within()) - depth(s.within(2)[: len(s.within(2)) - len(s.within())]),
    "unanswered": lambda s: len(list(itertools.takewhile(lambda r: not r.extras["reply"], reversed(s.rows)))),
    "answered_share": lambda s: mean(answered(s)),
    "own_share": lambda s: len(s.within()) / len(s.rows) if s.rows else math.nan,
    "entropy": entropy,
    "dropped": dropped,
    "active_users": lambda s: len(people(s.within())),
    "new_users": new_users,
    "seats_used": lambda s: seats(s, len(people(s.within()))),
    "seats_change": seats_change,
    "lost_users": lost_users,
    "first_value_share": first_value_share,
    "first_value_days": first_value_days,
    "concentration": concentration,
    "busiest_silence": busiest_silence,
    "busiest_gone": lambda s: math.nan if math.isnan(busiest_silence(s)) else float(busiest_silence(s) >= 2),
    "kinds_per_user": lambda s: per_person(s, "kind"),
    "items_per_user": lambda s: per_person(s, "item"),
    "value_ratio": value_ratio,
    "weekend_share": lambda s: share(s, lambda r: local(s, r).day_of_week >= 5),
    "night_share": lambda s: share(s, lambda r: local(s, r).hour >= 22 or local(s, r).hour < 6),
    "stage": stage,
    "count": lambda s: len(s.within()),
    "active_days": lambda s: len({r.day for r in s.within()}),
    "trend": trend,
    "sum": lambda s: math.fsum(s.values()),
    "mean": lambda s: mean(s.values()),
    "max": lambda s: max(s.values(), default=math.nan),
    "distinct": lambda s: len({r.item for r in s.within()} - {None}),
    "days_since_last": lambda s: s.silence,
    "days_since_first": lambda s: s.days_between(s.rows[0].time, s.cutoff) if s.rows else math.nan,
    "gap_mean": lambda s: mean(s.gaps),
    "gap_sd": lambda s: population_sd(s.gaps),
    "gap_max": lambda s: max(s.gaps, default=math.nan),
    "gap_ratio": lambda s: s.silence / mean(s.gaps) if s.gaps else math.nan,
    "gap_share_longer": share_longer,
    "last_gap": lambda s: from_the_end(s.gaps, s.feature.nth),
    "decayed": decayed,
    "last_value": lambda s: from_the_end([r.value for r in s.rows], s.feature.nth),
    "first_count": first_count,
    "days_to": days_to,
    "tenure_days": tenure,
    "tenure_year": lambda s: anniversaries(s.person["since"], s.cutoff, s.timezone) + 1 if not math.isnan(tenure(s)) else math.nan,
    "attribute": attribute,
    "days_until": days_until,
    "season_sin": lambda s: math.sin(angle(s)),
    "season_cos": lambda s: math.cos(angle(s)),
    "open_count": lambda s: len(s.open),
    "open_age": lambda s: s.days_between(min(r.time for r in s.open), s.cutoff) if s.open else math.nan,
    "open_value": lambda s: math.fsum(r.value for r in s.open if r.value is not None),
    "days_to_end": lambda s: planned(s, lambda r: s.days_between(s.cutoff, r.planned_end)),
    "planned_days": lambda s: planned(s, lambda r: s.days_between(r.time, r.planned_end)),
    "closed_count": lambda s: len(s.closed),
    "days_since_end": lambda s: s.days_between(s.closed[-1].end, s.cutoff) if s.closed else math.nan,
    "closed_days_mean": lambda s: mean([s.days_between(r.time, r.end) for r in s.closed]),
    "end_value_mean": lambda s: mean([r.value_at_end for r in s.closed if r.value_at_end is not None]),
    "end_value_last": lambda s: from_the_end([r.value_at_end for r in s.closed], 1),
    "renewals": renewals,
    "slow_answer_rate": lambda s: mean(slow_answers(s)),
    "reopenings": lambda s: len(reopened(s)),
    "reopened_rate": lambda s: len(reopened(s)) / len(s.rows) if s.rows else math.nan,
    "late_rate": late_rate,
    "late_days_mean": lambda s: mean(days_late(s)),
    "late_days_max": lambda s: max(days_late(s) + days_overdue(s), default=math.nan),
    "late_days_last": lambda s: from_the_end(days_late(s), 1),
    "late_days_trend": late_days_trend,
    "overdue_days": lambda s: max(days_overdue(s), default=math.nan),
    "response_days_mean": lambda s: mean(responses(s)),
    "waiting_days": waiting_days,
    "state": lambda s: s.held[-1] if s.held else None,
    "days_since_change": days_since_change,
    "changes": lambda s: len(s.changes) if s.rows else math.nan,
    "last_change_pct": last_change_pct,
    "change_year_pct": change_year_pct,
}


_OWN = {
    "customer",
    "time",
    "known",
    "local_day",
    "value",
    "kind",
    "item",
    "user",
    "end",
    "planned_end",
    "response",
    "reopened",
    "value_at_end",
    "size",
    "sign",
}


def _plain(value):
    return None if value is None or value != value else value


def _by_customer(log):
    found = {}
    times, known = ([us(t) for t in log[c]] for c in ("time", "known"))
    days = [us(d) // DAY_US for d in log["local_day"]]
    roles = [log[c].tolist() if c in log else [None] * len(log) for c in ("value", "kind", "item", "user")]
    for role in ("end", "planned_end", "response", "reopened"):
        roles.append([None if pd.isna(t) else us(t) for t in log[role]] if role in log else [None] * len(log))
    roles.append(log["value_at_end"].tolist() if "value_at_end" in log else [None] * len(log))
    others = log.drop(columns=[c for c in log if c in _OWN]).to_dict("records") or [{}] * len(log)
    for customer, time, seen, day, other, *rest in zip(log["customer"], times, known, days, others, *roles, strict=True):
        extras = {name: _plain(value) for name, value in other.items()}
        found.setdefault(customer, []).append(Row(time, seen, day, *map(_plain, rest), extras))
    return found


def measure_all(tables, pairs, features, history=None):
    """One value per snapshot and feature: rows in the order of ``pairs`` (customer, naive UTC cutoff), columns by feature name."""
    out = {f.name: [] for f in features}
    logs = {name: _by_customer(log) for name, log in tables.logs.items()}
    people = {}
    if tables.people is not None:
        people = tables.people.to_dict("index")
        for person in people.values():
            if "since" in person:
                person["since"] = us(person["since"]) if pd.notna(person["since"]) else None
    for customer, moment in pairs:
        cutoff, person = us(moment), people.get(customer)
        for feature in features:
            whole = []
            one_kind = feature.kind is not None and feature.aggregate not in OF_KIND
            if feature.table in logs and AGGREGATES[feature.aggregate].needs != "since":
                whole = [r for r in logs[feature.table].get(customer, []) if r.time < cutoff and r.known < cutoff]
                whole = [r for r in whole if not one_kind or r.kind == feature.kind]
                if not one_kind and feature.aggregate in OF_ACTIVITY:
                    whole = [r for r in whole if r.value is None or r.value >= 0]
            rows = whole if history is None else [r for r in whole if r.time >= moved_by(cutoff, history, tables.timezone, -1)]
            origin = whole[0].time if whole else None
            if person is not None and person.get("since") is not None:
                origin = person["since"]
            seen = Seen(rows, len(rows) == len(whole), cutoff, feature, origin, person, tables.timezone, tables.people_name)
            out[feature.name].append(MEASURES[feature.aggregate](seen))
    return pd.DataFrame(out)
