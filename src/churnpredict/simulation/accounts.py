"""make_accounts: a simulated software business of accounts with people and contracts, and one planted cause: the busiest person goes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.moments import Moment, moment
from churnpredict.number_checks import check_whole_number

if TYPE_CHECKING:
    from churnpredict.churn.rules import SubscriptionEnd
    from churnpredict.events.tables import EventTables

__all__ = ["AccountBusiness", "make_accounts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PLANS, PRICES = ("team", "business", "enterprise"), np.array([12.0, 20.0, 35.0])
REGIONS = ("north", "south", "east", "west")
FEATURES = ("boards", "lists", "search", "export", "share", "reports", "api", "alerts")
_TERMS = np.array([90, 365])
_LATE = 200  # days before the end of a contract in which the loss of the busiest person counts
_USUAL, _PLANTED = 0.06, 0.65  # chance that a contract is not renewed
_LEAVES = 0.4 / 365  # of a person, per day, after the first months


@dataclass(frozen=True, repr=False)
class AccountBusiness:
    """A simulated business of accounts: its records, and the truth behind them.

    Attributes
    ----------
    frames : dict of pandas.DataFrame
        ``accounts`` (account, signed_up, plan, region), ``contracts`` (account, starts, ends, renews_at, seats, monthly) and ``usage``
        (account, person, role, at, feature).
    truth : pandas.DataFrame
        One row per account, index ``account``: ``left_at`` (NaT: stayed), ``cause`` ("busiest gone", "other" or ""), and
        ``busiest_gone_at``, the last day of the person who acted most (NaT: still there).
    end : pandas.Timestamp
        The end of the records.
    """

    frames: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    end: pd.Timestamp

    @cached_property
    def tables(self) -> EventTables:
        """The frames, declared."""
        from churnpredict.events import tables as kinds

        frames = self.frames
        term: dict[str, Any] = {"start": "starts", "end": "ends", "planned_end": "renews_at", "end_inclusive": False}
        seats = frames["contracts"][["account", "starts", "seats"]]
        return kinds.EventTables(
            accounts=kinds.Customers(frames["accounts"], customer="account", since="signed_up", attributes=["plan", "region"]),
            contracts=kinds.Intervals(frames["contracts"], customer="account", value="monthly", money=True, per="month", **term),
            seats=kinds.States(seats, customer="account", time="starts", values=["seats"], driver="value"),
            usage=kinds.Events(frames["usage"], customer="account", time="at", user="person", item="feature", seats="seats.seats"),
            observed_until=self.end,
        )

    @cached_property
    def churn(self) -> SubscriptionEnd:
        """The churn rule under which this business is studied."""
        from churnpredict.churn import rules

        return rules.SubscriptionEnd("90d", of="contracts", grace="14d")

    def __repr__(self) -> str:
        causes = self.truth["cause"].value_counts()
        return (
            f"Business of {len(self.truth):,} accounts until {self.end.date()}; {int(causes.get('busiest gone', 0)):,} left after their "
            f"busiest person had gone, {int(causes.get('other', 0)):,} for other reasons"
        )


def make_accounts(n_accounts: int = 400, random_state: int = 0, *, months: int = 36, start: Moment = "2022-01-01") -> AccountBusiness:
    """Simulate a software business of accounts with people inside, contracts that end on a day, and one planted cause.

    In each account several people act, one of them most. People go, and others do their work, so that the activity of the account stays
    what it was. Where the busiest one has gone in the 200 days before the end of a contract, 65 % of contracts are not renewed, else 6 %.
    Nothing is recorded after an account has left.

    Parameters
    ----------
    n_accounts : int
        At least 1.
    random_state : int
        Not negative. The same number gives the same business.
    months : int
        Length of the records, 12 to 120.
    start : str, datetime or timestamp
        First day.

    Returns
    -------
    AccountBusiness
        With ``frames``, ``tables``, ``churn`` and ``truth``.

    Raises
    ------
    UsageError
        ``bad-argument``.

    Examples
    --------
    >>> from churnpredict.simulation.accounts import make_accounts
    >>> business = make_accounts(50, random_state=1)
    >>> sorted(business.frames)
    ['accounts', 'contracts', 'usage']
    """
    n = check_whole_number(n_accounts, "n_accounts", least=1, what="a number of accounts")
    months = check_whole_number(months, "months", least=12, most=120, what="a number of months")
    rng = np.random.default_rng(check_whole_number(random_state, "random_state", least=0, what="a whole number"))
    first = pd.Timestamp(moment(start, "start"), unit="us")
    end = first + pd.DateOffset(months=months)
    days = (end - first).days
    joined = np.where(rng.random(n) < 0.4, rng.integers(0, 90, n), rng.integers(0, max(days - 100, 1), n))
    plan, term = rng.integers(0, len(PLANS), n), _TERMS[(rng.random(n) < 0.65).astype(int)]
    ids = np.array([f"A{number:05d}" for number in range(1, n + 1)])
    people = _people(rng, joined, days)
    busiest = people[people["busiest"]].set_index("home")["until"].to_numpy()
    contracts, left, cause = _contracts(rng, joined, term, plan, busiest, np.bincount(people["home"]), days)
    usage = _usage(rng, people, np.where(left < 0, days, left))

    def when(day: Any) -> pd.Series:
        return pd.Series(first + pd.to_timedelta(np.asarray(day, np.float64) * 86_400_000_000, unit="us")).astype("datetime64[us]")

    contracts = contracts.assign(account=ids[contracts["home"]], starts=when(contracts["starts"]), renews_at=when(contracts["renews_at"]))
    contracts["ends"] = when(contracts["ends"].where(contracts["ends"] >= 0, 0)).where(contracts["ends"] >= 0)
    frames = {
        "accounts": pd.DataFrame(
            {
                "account": ids,
                "signed_up": when(joined),
                "plan": np.array(PLANS)[plan],
                "region": np.array(REGIONS)[rng.integers(0, len(REGIONS), n)],
            }
        ),
        "contracts": contracts[["account", "starts", "ends", "renews_at", "seats", "monthly"]],
        "usage": usage.assign(account=ids[usage["home"]], at=when(usage["at"]))[["account", "person", "role", "at", "feature"]],
    }
    truth = pd.DataFrame({"left_at": when(np.maximum(left, 0)).where(left >= 0), "cause": cause}).set_index(pd.Index(ids, name="account"))
    gone = (busiest < days) & ((left < 0) | (busiest < left))
    truth["busiest_gone_at"] = when(busiest).where(gone).to_numpy()
    return AccountBusiness(frames, truth, end)


def _people(rng: np.random.Generator, joined: Ints, days: int) -> pd.DataFrame:
    """Return people: their account, when they begin and stop to act, how often they act in a day, and whether they are the busiest."""
    home = np.repeat(np.arange(len(joined)), 3 + rng.poisson(5, len(joined)))
    weight = rng.gamma(1.2, 1.0, len(home)) + 0.1
    order = np.lexsort((-weight, home))
    home, weight = home[order], weight[order]
    top = np.r_[True, home[1:] != home[:-1]]
    weight[top] *= 1.8
    since = joined[home] + np.where(top | (rng.random(len(home)) < 0.5), 0, rng.integers(0, 400, len(home)))
    until = np.minimum(since + 100 + rng.exponential(1 / _LEAVES, len(home)).astype(np.int64), days)
    rate = 0.08 * weight * rng.gamma(6, 1 / 6, len(joined))[home]
    role = np.where(rng.random(len(home)) < np.where(top, 0.5, 0.1), "admin", "member")
    person = np.array([f"u{number:06d}" for number in rng.permutation(len(home))])
    return pd.DataFrame({"home": home, "since": since, "until": until, "rate": rate, "busiest": top, "role": role, "person": person})


def _contracts(
    rng: np.random.Generator, joined: Ints, term: Ints, plan: Ints, busiest: Ints, size: Ints, days: int
) -> tuple[pd.DataFrame, Ints, npt.NDArray[np.str_]]:
    """Return contracts, one row per term, the day on which each account left (-1: stayed), and why."""
    n = len(joined)
    begin, there, left = joined.copy(), np.ones(n, bool), np.full(n, -1, np.int64)
    cause = np.full(n, "", dtype="<U12")
    seats = np.ceil(size * rng.uniform(0.8, 1.5, n)).astype(np.int64)
    price = PRICES[plan] * rng.uniform(0.85, 1.1, n)
    rows = []
    while there.any():
        over = begin + term
        gone = (busiest < over) & (busiest >= over - _LATE)
        stops = rng.random(n) < np.where(gone, _PLANTED, _USUAL)
        known = over < days
        here = np.flatnonzero(there)
        ends = np.where(known, over, -1)
        monthly = np.round(seats * price, 2)
        row = {"home": here, "starts": begin[here], "ends": ends[here], "renews_at": over[here], "seats": seats[here]}
        rows.append(pd.DataFrame(row | {"monthly": monthly[here]}))
        leaves = there & known & stops
        left[leaves], cause[leaves] = over[leaves], np.where(gone, "busiest gone", "other")[leaves]
        there = there & known & ~stops
        begin = np.where(there, over, begin)
        price = price * rng.uniform(1.0, 1.05, n)
        seats = np.maximum(seats + rng.integers(-1, 3, n), 1)
    return pd.concat(rows, ignore_index=True).sort_values(["home", "starts"], kind="stable", ignore_index=True), left, cause


def _usage(rng: np.random.Generator, people: pd.DataFrame, last: Ints) -> pd.DataFrame:
    """Return what people do between their first and last day, while their account is there; others do the work of those who have gone."""
    home = people["home"].to_numpy()
    since, until = people["since"].to_numpy(), np.minimum(people["until"].to_numpy(), last[home])
    parts = []
    for low in range(0, int(last.max()) + 1, 30):
        span = np.clip(np.minimum(until, low + 30) - np.maximum(since, low), 0, 30)
        begun = np.clip(np.minimum(last[home], low + 30) - np.maximum(since, low), 0, 30)
        here, all_of = (np.bincount(home, people["rate"] * days, minlength=len(last)) for days in (span, begun))
        more = np.divide(all_of, here, out=np.ones(len(last)), where=here > 0)
        count = rng.poisson(people["rate"].to_numpy() * span * np.minimum(more, 4.0)[home])
        who = np.repeat(np.arange(len(people)), count)
        day = np.maximum(since, low)[who] + rng.random(len(who)) * span[who]
        parts.append(pd.DataFrame({"row": who, "at": np.floor(day) + (8 + 10 * rng.random(len(who))) / 24}))
    usage = pd.concat(parts, ignore_index=True)
    usage = usage[usage["at"] < last[home[usage["row"]]]]
    row = usage["row"].to_numpy()
    usage = usage.assign(home=home[row], person=people["person"].to_numpy()[row], role=people["role"].to_numpy()[row])
    usage["feature"] = np.array(FEATURES)[(len(FEATURES) * rng.random(len(usage)) ** 1.6).astype(np.int64)]
    return usage.sort_values(["at", "person"], kind="stable", ignore_index=True)
