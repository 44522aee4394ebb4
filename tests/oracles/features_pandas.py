"""Slow oracle of all features: pandas reads the raw frame, then one snapshot, one feature, one plain loop over the rows that were known."""

import itertools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from churnpredict.features.feature import AGGREGATES

__all__ = ["MEASURES", "PlainTables", "length", "measure_all", "plain_rows", "utc"]

DAY = pd.Timedelta(days=1)
DAY_US = 86_400_000_000
LATEST_GAPS = 32


def length(span):
    """A span such as "90d", "12h" or "2w" as pandas writes it."""
    return pd.Timedelta(span.replace("d", "D").replace("w", "W"))


def us(moment):
    """Microseconds of a naive UTC timestamp or a span."""
    return int(moment.value // 1000) if isinstance(moment, pd.Timedelta) else int(pd.Timestamp(moment).as_unit("us").value // 1000)


def utc(times, timezone="UTC"):
    """Naive wall times as naive UTC: an hour that is not there moves forward, an hour that is there twice is its first."""
    times = pd.DatetimeIndex(times)
    if times.tz is None:
        times = times.tz_localize(timezone, ambiguous=np.ones(len(times), bool), nonexistent="shift_forward")
    return times.tz_convert("UTC").tz_localize(None)


def plain_rows(frame, *, customer, time, value=None, kind=None, item=None, known_at=None, timezone="UTC"):
    """A log under the names that this module uses, in UTC, each row with the moment it was known, sorted with its tie-break."""
    happened = pd.Series(utc(frame[time], timezone))
    rows = pd.DataFrame({"customer": frame[customer].to_numpy(), "time": happened})
    rows["known"] = happened
    if known_at is not None:
        rows["known"] = pd.Series(utc(frame[known_at], timezone)).fillna(happened).clip(lower=happened)
    for role, column in (("value", value), ("kind", kind), ("item", item)):
        if column is not None:
            rows[role] = frame[column].to_numpy()
    rows["local_day"] = happened.dt.tz_localize("UTC").dt.tz_convert(timezone).dt.tz_localize(None).dt.floor("D")
    if value is None:
        return rows.sort_values(["customer", "time"], kind="stable", ignore_index=True)
    rows = rows.assign(size=rows["value"].abs(), sign=rows["value"] < 0)  # the tie-break: negative first, then by size, missing last
    by = ["customer", "time", "sign", "size"]
    return rows.sort_values(by, ascending=[True, True, False, True], kind="stable", na_position="last", ignore_index=True)


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

    @property
    def span(self):
        return us(length(self.feature.window))

    def within(self, factor=1):
        if self.feature.window == "all":
            return self.rows
        return [r for r in self.rows if r.time >= self.cutoff - factor * self.span]

    def values(self):
        return [r.value for r in self.within() if r.value is not None]

    @property
    def silence(self):
        return (self.cutoff - self.rows[-1].time) / DAY_US if self.rows else math.nan

    @property
    def days(self):
        return sorted({r.day for r in self.rows})

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
    half_life = s.span / DAY_US
    return math.fsum(2 ** (-((s.days[-1] - day) + s.silence) / half_life) for day in s.days)


def from_the_end(values, nth):
    found = values[-nth] if len(values) >= nth else None
    return math.nan if found is None else found


def knows_beginning(s):
    return s.origin is not None and s.origin < s.cutoff and s.complete


def first_count(s):
    return sum(s.origin <= r.time < s.origin + s.span for r in s.rows) if knows_beginning(s) else math.nan


def days_to(s):
    nth = s.feature.nth
    return (s.rows[nth - 1].time - s.origin) / DAY_US if knows_beginning(s) and len(s.rows) >= nth else math.nan


def tenure(s):
    since = s.person["since"]
    return (s.cutoff - since) / DAY_US if since is not None and since < s.cutoff else math.nan


def angle(s):
    local = pd.Timestamp(s.cutoff, unit="us", tz="UTC").tz_convert(s.timezone)
    return 2 * math.pi * (local.day_of_year - 1) / 365.2425


MEASURES = {
    "count": lambda s: len(s.within()),
    "active_days": lambda s: len({r.day for r in s.within()}),
    "trend": trend,
    "sum": lambda s: math.fsum(s.values()),
    "mean": lambda s: mean(s.values()),
    "max": lambda s: max(s.values(), default=math.nan),
    "distinct": lambda s: len({r.item for r in s.within()} - {None}),
    "days_since_last": lambda s: s.silence,
    "days_since_first": lambda s: (s.cutoff - s.rows[0].time) / DAY_US if s.rows else math.nan,
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
    "tenure_year": lambda s: math.floor(tenure(s) / 365.2425) + 1 if not math.isnan(tenure(s)) else math.nan,
    "attribute": lambda s: s.person[s.feature.column],
    "season_sin": lambda s: math.sin(angle(s)),
    "season_cos": lambda s: math.cos(angle(s)),
}


def _plain(value):
    return None if value is None or value != value else value


def _by_customer(log):
    found = {}
    times, known = ([us(t) for t in log[c]] for c in ("time", "known"))
    days = [us(d) // DAY_US for d in log["local_day"]]
    roles = [log[c].tolist() if c in log else [None] * len(log) for c in ("value", "kind", "item")]
    for customer, time, seen, day, *rest in zip(log["customer"], times, known, days, *roles, strict=True):
        found.setdefault(customer, []).append(Row(time, seen, day, *map(_plain, rest)))
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
            if feature.table in logs and AGGREGATES[feature.aggregate].needs not in ("since", "attribute"):
                whole = [r for r in logs[feature.table].get(customer, []) if r.time < cutoff and r.known < cutoff]
                whole = [r for r in whole if feature.kind is None or r.kind == feature.kind]
            rows = whole if history is None else [r for r in whole if r.time >= cutoff - us(length(history))]
            origin = whole[0].time if whole else None
            if person is not None and person.get("since") is not None:
                origin = person["since"]
            seen = Seen(rows, len(rows) == len(whole), cutoff, feature, origin, person, tables.timezone)
            out[feature.name].append(MEASURES[feature.aggregate](seen))
    return pd.DataFrame(out)
