"""Small histories full of corners: ties, rows on cutoffs, late rows, kinds that appear late, daylight saving, empty customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from tests.oracles.features_pandas import PlainTables, plain_rows, utc

from churnpredict import Customers, Events, EventTables, Feature

__all__ = ["EVERY_FEATURE", "OF_PEOPLE", "ROLES", "History", "cutoffs_of", "features_of", "histories", "make_history", "pairs_of"]

ROLES = {"customer": "user", "time": "at", "value": "amount", "kind": "what", "item": "sku", "user": "person", "known_at": "seen_at"}
ROLES |= {"replies": ["gift"]}
GRAINS = {"day": "D", "half-day": "12h", "hour": "h", "second": "s"}
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe")
START = pd.Timestamp("2024-02-01")  # both changes of the clocks of a year lie within the next 300 days


@dataclass(frozen=True)
class History:
    """Raw frames as a person has them, and how they are declared."""

    log: pd.DataFrame
    people: pd.DataFrame | None
    timezone: str = "UTC"
    known_at: bool = True

    @property
    def roles(self):
        return ROLES if self.known_at else {r: c for r, c in ROLES.items() if r != "known_at"}

    def tables(self, log=None, people=None, **settings):
        """The history as EventTables; other sources may stand in for the frames."""
        seats = {} if self.people is None else {"seats": "people.age"}
        declared = {"orders": Events(self.log if log is None else log, **self.roles, **seats)}
        if self.people is not None:
            who = self.people if people is None else people
            declared["people"] = Customers(who, customer="id", since="joined", attributes=["age", "region"], dates=["card"])
        return EventTables(**declared, timezone=self.timezone, **settings)

    def plain(self):
        """The history as the oracles read it."""
        rows = plain_rows(self.log, **self.roles, timezone=self.timezone)
        people = None
        if self.people is not None:
            people = self.people.set_index("id").rename(columns={"joined": "since"})
            for column in ("since", "card"):
                people[column] = pd.Series(utc(people[column], self.timezone), index=people.index)
        return PlainTables({"orders": rows}, people, "people", self.timezone)

    def customers(self):
        return sorted(set(self.log["user"]) if self.people is None else set(self.people["id"]))

    def with_log(self, log):
        return History(log.reset_index(drop=True), self.people, self.timezone, self.known_at)


def make_history(seed, *, n_rows=60, n_customers=6, grain="hour", timezone="UTC", known_at=True, people=True):
    """A random history; the same arguments give the same one."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{i:02d}" for i in range(n_customers)])
    offset = np.sort(rng.integers(0, 300 * 86_400, n_rows))
    if n_rows > 4:
        offset[rng.integers(0, n_rows, n_rows // 4)] = offset[rng.integers(0, n_rows)]  # ties
    at = (START + pd.to_timedelta(offset, unit="s")).floor(GRAINS[grain])
    late = np.where(rng.random(n_rows) < 0.3, rng.integers(0, 60 * 86_400, n_rows), 0)
    seen = (at + pd.to_timedelta(late, unit="s")).floor(GRAINS[grain]).to_series().mask(rng.random(n_rows) < 0.2).to_numpy()
    amount = np.round(rng.lognormal(3, 4, n_rows) * rng.choice([1, 1, 1, -0.5], n_rows), 2) + 0.01 * (1 + np.arange(n_rows))
    log = pd.DataFrame(
        {
            "user": ids[rng.integers(0, max(1, n_customers - 1), n_rows)],
            "at": at.as_unit("us"),
            "amount": np.where(rng.random(n_rows) < 0.1, np.nan, amount),
            "what": pd.Series(rng.choice(["buy", "return", "gift"], n_rows)).mask(rng.random(n_rows) < 0.05).astype("str"),
            "sku": pd.Series(rng.choice(list("abcdef"), n_rows)).mask(rng.random(n_rows) < 0.05).astype("str"),
            "person": np.random.default_rng([seed, n_rows]).choice(["amy", "bob", "cem", "dua", None], n_rows),
            "seen_at": seen.astype("datetime64[us]"),
        }
    )
    joined = START - pd.Timedelta("5D") + pd.to_timedelta(rng.integers(0, 200 * 86_400, n_customers), unit="s")
    who = pd.DataFrame(
        {
            "id": ids,
            "joined": joined.floor(GRAINS[grain]).to_series().mask(rng.random(n_customers) < 0.3).to_numpy().astype("datetime64[us]"),
            "age": np.where(rng.random(n_customers) < 0.2, np.nan, rng.integers(18, 80, n_customers).astype(float)),
            "region": rng.choice(["north", "south", "east"], n_customers),
        }
    )
    expires = START + pd.to_timedelta(rng.integers(-100 * 86_400, 400 * 86_400, n_customers), unit="s")
    who["card"] = expires.floor(GRAINS[grain]).to_series().mask(rng.random(n_customers) < 0.2).to_numpy().astype("datetime64[us]")
    return History(log.drop_duplicates(ignore_index=True), who if people else None, timezone, known_at)


def histories(**fixed):
    """A hypothesis strategy of histories: shrinks to few rows, one customer, plain days in UTC."""
    drawn = {
        "n_rows": st.integers(2, 80),
        "n_customers": st.integers(2, 7),
        "grain": st.sampled_from(list(GRAINS)),
        "timezone": st.sampled_from(ZONES),
        "known_at": st.booleans(),
        "people": st.booleans(),
    }
    drawn |= {name: st.just(value) for name, value in fixed.items()}
    return st.builds(make_history, st.integers(0, 10_000), **drawn)


def cutoffs_of(history, seed=0, n=4):
    """Wall times to look from: exactly on a row, just after one, at a change of the clocks, and anywhere."""
    rng = np.random.default_rng(seed)
    times = pd.DatetimeIndex(history.log["at"])
    first, last = times.min(), times.max()
    wanted = [times[rng.integers(0, len(times))], times[rng.integers(0, len(times))] + pd.Timedelta("1us"), last + pd.Timedelta("40D")]
    wanted += [pd.Timestamp("2024-03-31 03:00"), pd.Timestamp("2024-10-27 02:30"), first + (last - first) * float(rng.random())]
    # the same moment may bear two wall times where the clocks change: keep one
    moments = pd.Series(utc(wanted, history.timezone).as_unit("us"), index=pd.DatetimeIndex(wanted).as_unit("us"))
    moments = moments[moments > utc(history.log["at"], history.timezone).min()].drop_duplicates()
    return sorted(moments.index[rng.permutation(len(moments))[:n]])


def pairs_of(history, cutoffs):
    """Every customer who has joined at every cutoff, at risk or not: features must hold for all of them."""
    people = history.customers()
    pairs = pd.DataFrame({"customer_id": np.repeat(people, len(cutoffs)), "cutoff": list(cutoffs) * len(people)})
    if history.people is None:
        return pairs
    joined = pairs["customer_id"].map(history.people.set_index("id")["joined"])
    there = joined.isna() | (utc(joined.fillna(START), history.timezone) < utc(pairs["cutoff"], history.timezone))
    return pairs[there.to_numpy()].reset_index(drop=True)


# One row per aggregate at least, with short and long windows, all of them together.
EVERY_FEATURE = [
    *(Feature("orders", a, w) for a in ("count", "active_days", "sum", "mean", "max", "distinct") for w in ("12h", "7d", "60d", "all")),
    *(Feature("orders", "trend", w) for w in ("7d", "60d")),
    *(Feature("orders", "count", "60d", kind=k) for k in ("buy", "gift")),
    *(Feature("orders", a, kind="return") for a in ("days_since_last", "gap_mean")),
    *(
        Feature("orders", a)
        for a in ("days_since_last", "days_since_first", "gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer")
    ),
    *(Feature("orders", a, nth=n) for a in ("last_gap", "last_value", "days_to") for n in (1, 2, 5)),
    *(Feature("orders", "decayed", h) for h in ("3d", "36h")),
    *(Feature("orders", "first_count", w) for w in ("2d", "90d")),
    *(Feature("orders", a, w) for a in ("own_share", "entropy", "dropped", "weekend_share", "night_share") for w in ("7d", "60d")),
    *(Feature("orders", "share", "60d", kind=k) for k in ("buy", "gift")),
    Feature("orders", "streak", kind="buy"),
    *(Feature("orders", a, w, kind="buy") for a in ("recovered", "recovered_share", "per_session") for w in ("7d", "60d", "all")),
    *(Feature("orders", a, w) for a in ("sessions", "session_minutes", "session_events", "session_depth") for w in ("12h", "60d", "all")),
    *(Feature("orders", "session_depth_change", w) for w in ("7d", "60d")),
    Feature("orders", "sessions", "60d", kind="buy"),
    Feature("orders", "unanswered"),
    *(Feature("orders", "answered_share", w) for w in ("60d", "all")),
    Feature("orders", "value_ratio"),
    Feature("orders", "stage"),
    *(Feature("orders", a, w) for a in ("active_users", "new_users", "concentration") for w in ("12h", "7d", "60d", "all")),
    *(Feature("orders", "lost_users", w) for w in ("7d", "60d")),
    *(Feature("orders", a, w) for a in ("first_value_share", "first_value_days") for w in ("7d", "60d", "all")),
    Feature("orders", "new_users", "60d", kind="buy"),
    *(Feature("orders", a, w) for a in ("busiest_silence", "busiest_gone") for w in ("60d", "all")),
    *(Feature("orders", a, w) for a in ("kinds_per_user", "items_per_user") for w in ("7d", "60d", "all")),
    Feature("orders", "active_users", "60d", kind="buy"),
    Feature("calendar", "season_sin"),
    Feature("calendar", "season_cos"),
]
OF_PEOPLE = [
    Feature("people", "tenure_days"),
    Feature("people", "tenure_year"),
    Feature("people", "attribute", column="age"),
    Feature("people", "attribute", column="region"),
    Feature("people", "days_until", column="card"),
    *(Feature("orders", "seats_used", w) for w in ("60d", "all")),
    *(Feature("orders", "seats_change", w) for w in ("7d", "60d")),
]


def features_of(history):
    return EVERY_FEATURE + (OF_PEOPLE if history.people is not None else [])
