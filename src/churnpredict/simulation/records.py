"""Raw tables of a simulated business, with traces of the planted causes.

Every cause leaves only its own traces: a customer who leaves because of a price rise orders and clicks as before. Rates are therefore a
customer's own habit times a factor per state of the hidden chain; harmless episodes of stayers leave the same traces. Longer than most
modules because it holds one function for each of eleven tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnpredict.moments import moment
from churnpredict.simulation.planting import CHANNELS, DAY, DRIVERS, NEVER, NUMBER, PLANS, REGIONS, SCARE_DAYS, Array, World, factors

__all__ = ["write_records"]

HOUR = DAY // 24
PRODUCTS = tuple(f"sku-{i:02d}" for i in range(20))
FEATURES = ("search", "lists", "export", "share", "reports", "alerts", "mobile", "import", "teams", "api", "themes", "archive")
TOPICS = ("billing", "delivery", "technical", "account")
PLAN_PRICE = np.array([19.0, 39.0, 79.0])
STATED = {
    "habit": "no longer needed",
    "value": "not worth it",
    "onboarding": "never got going",
    "quality": "too many faults",
    "support": "problems not solved",
    "communication": "nobody cared",
    "price": "too expensive",
    "payment": "card declined",
    "contract": "contract ended",
    "complexity": "too complicated",
    "competition": "better offer elsewhere",
    "lifecycle": "moved",
}

ACTION = factors(habit=(0.40, 0.15), onboarding=(0.08, 1.0), complexity=(1.2, 0.7))
ERROR = factors(quality=(10.0, 14.0))
HELP = factors(complexity=(10.0, 12.0), onboarding=(0.3, 1.0))
TRIED = factors(default=0.0, complexity=(12.0, 1.0))  # how many features are in use instead of the usual ones
BASKET = factors(value=(0.35, 0.25))
RETURNED = factors(default=0.03, quality=(0.35, 0.45))
TICKET = factors(support=(20.0, 26.0))
OUTREACH = factors(communication=(0.08, 0.03))
MARKET = factors(competition=(16.0, 24.0))
WELCOME = {"orders": 1.2, "action": 1.6, "email": 2.0}  # more on the day of joining: most customers are active then
HARD = factors(default=0.0, support=(1.0, 1.0))  # unsolved tickets
FAILING = factors(default=0.0, payment=(1.0, 1.0))


@dataclass(frozen=True)
class Cells:
    """All days of all customers of a chunk on which rows can be recorded, customer by customer."""

    customer: Array
    day: Array
    code: Array  # state of the hidden chain
    scare: Array  # code of a harmless episode

    def factor(self, table: Array) -> Array:
        return np.asarray(table[self.code] * table[self.scare])

    def either(self, table: Array) -> Array:
        """Return the state's value, or the harmless episode's where the state has none; for tables whose ordinary value is not 1."""
        return np.where(table[self.code] != table[0], table[self.code], table[self.scare])

    def at(self, index: Array) -> Cells:
        return Cells(self.customer[index], self.day[index], self.code[index], self.scare[index])


Rows = dict[str, Array]


def _happen(world: World, cells: Cells, name: str, rate: Array) -> tuple[Cells, Array]:
    """Return Poisson events at a daily rate: their cells, and their times between 7 and 21 o'clock."""
    counts = world.streams[f"{name} count"].poisson(rate + WELCOME.get(name, 0.0) * (cells.day == world.join[cells.customer]))
    where = cells.at(np.repeat(np.arange(len(rate)), counts))
    return where, _clock(world, name, where.day)


def _clock(world: World, name: str, day: Array) -> Array:
    return np.asarray(day * DAY + 7 * HOUR + (world.streams[f"{name} clock"].random(len(day)) * 14 * HOUR).astype(np.int64))


def _orders(world: World, cells: Cells) -> tuple[Rows, Rows]:
    draw = world.streams
    hit, time = _happen(world, cells, "orders", world.order_rate(cells.customer, cells.day, cells.code))
    n = len(time)
    spread = hit.factor(BASKET)
    amount = np.round(world.traits["basket"][hit.customer] * spread * np.exp(0.3 * draw["amount"].standard_normal(n)), 2)
    breadth = np.where(spread < 1, 1, world.traits["breadth"][hit.customer])
    product = (world.traits["home"][hit.customer] + (breadth * draw["product"].random(n) ** 1.5).astype(np.int64)) % len(PRODUCTS)
    first = np.r_[True, hit.customer[1:] != hit.customer[:-1]] if n else np.empty(0, bool)
    number = np.arange(n) - np.maximum.accumulate(np.where(first, np.arange(n), 0)) if n else np.empty(0, np.int64)
    orders = {"customer": hit.customer, "paid_at": time, "amount": amount, "product": product, "order_id": hit.customer * 10_000 + number}
    u = draw["returns"].random((n, 3))
    back = time + ((1 + 5 * u[:, 1]) * DAY).astype(np.int64)
    recorded = back + (u[:, 2] ** 3 * 5 * DAY).astype(np.int64)
    known = (
        (u[:, 0] < hit.either(RETURNED)) & (back < (world.last_day()[hit.customer] + 1) * DAY - 3 * HOUR) & (recorded < world.days * DAY)
    )
    returns = {"customer": hit.customer, "returned_at": back, "recorded_at": recorded, "order_id": orders["order_id"], "amount": amount}
    return orders, {name: column[known] for name, column in returns.items()}


def _usage(world: World, cells: Cells) -> Rows:
    rate = world.traits["usage_rate"][cells.customer]
    parts: list[Rows] = []
    for kind, (name, level, table) in enumerate((("action", 1.0, ACTION), ("error", 0.06, ERROR), ("help", 0.06, HELP))):
        hit, time = _happen(world, cells, name, level * rate * cells.factor(table))
        tried = hit.either(TRIED)
        breadth = np.where(tried > 0, tried, world.traits["breadth"][hit.customer])
        chosen = (breadth * world.streams[f"{name} feature"].random(len(time)) ** 1.5).astype(np.int64)
        feature = (world.traits["home"][hit.customer] + chosen) % len(FEATURES)
        parts.append({"user": hit.customer, "at": time, "feature": feature, "kind": np.full(len(time), kind)})
    return _join(parts)


def _tickets(world: World, cells: Cells) -> Rows:
    hit, time = _happen(world, cells, "tickets", 0.004 * cells.factor(TICKET))
    u, hard = world.streams["ticket"].random((len(time), 4)), hit.either(HARD) > 0
    pace = np.exp(0.9 * world.streams["ticket pace"].standard_normal(len(time)) - 0.3 * world.traits["owner_quality"][hit.customer])
    closed = time + (np.where(hard, 14.0, 1.5) * pace * DAY).astype(np.int64)
    ends = np.minimum((world.last_day()[hit.customer] + 1) * DAY - 2 * HOUR, world.days * DAY)
    is_open = closed >= ends
    mood = np.clip(np.round(np.where(hard, 2.2, 4.6) - 1.2 * u[:, 3]), 1, 5)
    return {
        "customer": hit.customer,
        "opened_at": time,
        "closed_at": np.where(is_open, NEVER, closed),
        "topic": (u[:, 0] * len(TOPICS)).astype(np.int64),
        "severity": 1 + (u[:, 1] ** np.where(hard, 0.6, 2.0) * 4).astype(np.int64),
        "reopened": np.where(is_open, np.nan, np.floor(u[:, 2] * np.where(hard, 3.0, 1.08))),
        "satisfaction": np.where(is_open, np.nan, mood),
    }


def _contacts(world: World, cells: Cells) -> Rows:
    care = np.exp(0.25 * world.traits["owner_quality"])[cells.customer] * cells.factor(OUTREACH)
    parts: list[Rows] = []
    for kind, (name, level) in enumerate((("email", 0.16), ("call", 0.02), ("visit", 0.004))):
        hit, time = _happen(world, cells, name, level * care)
        parts.append({"customer": hit.customer, "at": time, "kind": np.full(len(time), kind)})
        if name == "email":
            u = world.streams["opens"].random((len(time), 3))
            night = (hit.day + 1) * DAY - 2 * HOUR  # nothing is recorded later: a customer may leave on the same day
            seen = time + (u[:, 1] * np.minimum(night - time, 3 * HOUR)).astype(np.int64)
            clicked = seen + (u[:, 2] * np.minimum(night - seen, HOUR // 2)).astype(np.int64)
            for code, when, share in ((3, seen, 0.45), (4, clicked, 0.12)):
                did = u[:, 0] < share
                parts.append({"customer": hit.customer[did], "at": when[did], "kind": np.full(int(did.sum()), code)})
    return _join(parts)


def _market(world: World, cells: Cells) -> Rows:
    wave = np.sqrt(world.waves[world.traits["region"][cells.customer], cells.day])
    hit, time = _happen(world, cells, "market", 0.006 * wave * cells.factor(MARKET))
    kind = (world.streams["market kind"].random(len(time)) < 0.35).astype(np.int64)
    return {"customer": hit.customer, "at": time, "kind": kind}


def _join(parts: Sequence[Rows]) -> Rows:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


@dataclass(frozen=True)
class Spells:
    """Episodes of one cause, real or harmless; ``over`` where the customer is still there on the day after."""

    customer: Array
    first: Array
    after: Array
    over: Array
    real: Array


def _spells(world: World, episodes: pd.DataFrame, driver: str) -> Spells:
    real = episodes[episodes["cause"] == NUMBER[driver]]
    who, year = np.nonzero((world.scare_cause == NUMBER[driver]) & (world.scare_start <= world.last_day()[:, None]))
    start = world.scare_start[who, year]
    customer = np.concatenate([real["customer"].to_numpy(), who])
    after = np.concatenate([real["last"].to_numpy() + 1, start + SCARE_DAYS])
    over = (after <= world.last_day()[customer]) & np.concatenate([(real["end"] == "recovered").to_numpy(), np.ones(len(who), bool)])
    first = np.concatenate([real["first"].to_numpy(), start])
    order = np.lexsort((first, customer))
    is_real = np.arange(len(customer)) < len(real)
    keep = order[first[order] <= world.last_day()[customer[order]]]
    return Spells(customer[keep], first[keep], after[keep], over[keep], is_real[keep])


def _prices(world: World, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return price and discount as states: a rise drives the price episodes, small yearly rises and harmless ones surround them."""
    spells, draw, n = _spells(world, episodes, "price"), world.streams, world.n
    everyone = np.arange(n)
    discount = np.array([0.0, 0.1, 0.2])[(draw["discount"].random(n) * 3).astype(np.int64)]
    rise = 1 + 0.10 + 0.15 * draw["price rise"].random(len(spells.first))
    years = 1 + world.days // 365
    u = draw["yearly rise"].random((n, years, 2))
    who, year = np.nonzero(u[:, :, 0] < 0.6)
    day = world.join[who] + 300 + 365 * year + (u[who, year, 1] * 60).astype(np.int64)
    kept = spells.over & spells.real  # customers who recover were given a discount
    changes = pd.DataFrame(
        {
            "customer": np.concatenate([everyone, who, spells.customer, spells.customer[kept]]),
            "day": np.concatenate([world.join, day, spells.first, spells.after[kept]]),
            "factor": np.concatenate(
                [PLAN_PRICE[world.traits["plan"]] * world.settings.spend, np.full(len(who), 1.03), rise, np.ones(int(kept.sum()))]
            ),
            "discount": np.concatenate(
                [discount, np.full(len(who), np.nan), np.where(spells.real, 0.0, np.nan), np.full(int(kept.sum()), 0.15)]
            ),
            "list": np.arange(n + len(who) + len(spells.first) + int(kept.sum())),
        }
    )
    changes = changes[changes["day"] <= world.last_day()[changes["customer"]]]
    changes = changes.sort_values(["customer", "day", "list"], kind="stable").reset_index(drop=True)
    changes["discount"] = changes.groupby("customer")["discount"].ffill()
    changes["price"] = (changes.groupby("customer")["factor"].cumprod() * (1 - changes["discount"])).round(2)
    changes = changes.drop_duplicates(["customer", "day"], keep="last")
    # A change is known early in the day, after the sign-ups of the day.
    return changes.assign(at=changes["day"] * DAY + 6 * HOUR)[["customer", "day", "at", "price", "discount"]]


def _price_on(world: World, prices: pd.DataFrame) -> Callable[[Array, Array], Array]:
    width = world.days + 1
    keys, values = prices["customer"].to_numpy() * width + prices["day"].to_numpy(), prices["price"].to_numpy()
    return lambda customer, day: np.asarray(values[np.searchsorted(keys, customer * width + day, side="right") - 1])


def _payments(world: World, episodes: pd.DataFrame, price_on: Callable[[Array, Array], Array]) -> pd.DataFrame:
    """Return monthly charges. One in 25 fails and is recovered three days later; in a payment episode all fail."""
    draw, last = world.streams, world.last_day()
    months = 1 + world.days // 30
    due = world.join[:, None] + world.settings.trial_days + 30 * np.arange(months)
    who, month = np.nonzero(due <= last[:, None])
    day = due[who, month]
    u = draw["charges"].random((world.n, months, 2))[who, month]
    blocked = _blocked(world, who, day)
    failed = blocked | (u[:, 0] < 0.04)
    again = np.flatnonzero(failed & (day + 3 <= last[who]))
    still = _blocked(world, who[again], day[again] + 3)
    late = np.where(u[:, 1] < 0.8, 0, (1 + (u[:, 1] - 0.8) * 15).astype(np.int64))
    spells = _spells(world, episodes, "payment")
    tries = draw["tries"].random((len(spells.first), 12))
    attempt = spells.first[:, None] + np.concatenate([np.zeros((len(tries), 1)), np.cumsum(3 + 4 * tries[:, 1:], axis=1)], axis=1).astype(
        np.int64
    )
    spell, number = np.nonzero(attempt < np.minimum(spells.after, last[spells.customer] + 1)[:, None])
    parts = [  # customer, day, kind (0 paid, 1 failed, 2 retried with success), days late
        (who[~failed], day[~failed], 0, late[~failed]),
        (who[failed], day[failed], 1, 0),
        (who[again[still]], day[again[still]] + 3, 1, 3),
        (who[again[~still]], day[again[~still]] + 3, 2, 3),
        (spells.customer[spell], attempt[spell, number], 1, attempt[spell, number] - spells.first[spell]),
        (spells.customer[spells.over], spells.after[spells.over], 2, (spells.after - spells.first)[spells.over]),
    ]
    frame = pd.concat([pd.DataFrame({"customer": c, "day": d, "kind": k, "days_late": x}) for c, d, k, x in parts], ignore_index=True)
    frame = frame.sort_values(["customer", "day", "kind", "days_late"], kind="stable").reset_index(drop=True)
    frame["amount"] = price_on(frame["customer"].to_numpy(), frame["day"].to_numpy())
    frame["at"] = _clock(world, "payments", frame["day"].to_numpy())
    return frame[["customer", "at", "kind", "amount", "days_late"]]


def _blocked(world: World, customer: Array, day: Array) -> Array:
    return (FAILING[np.maximum(world.states[customer, day], 0)] > 0) | (FAILING[world.scare(customer, day)] > 0)


def _subscriptions(world: World, episodes: pd.DataFrame, price_on: Callable[[Array, Array], Array]) -> pd.DataFrame:
    """Return terms, and amendments within a term: auto-renewal switched off when a contract is in question, on again when it is settled."""
    last, trial, term = world.last_day(), world.settings.trial_days, world.traits["term"]
    first = world.join + trial
    count = np.where(last >= first, (last - first) // term + 1, 0)
    who = np.repeat(np.arange(world.n), count)
    number = np.arange(len(who)) - np.repeat(np.cumsum(count) - count, count)
    spells = _spells(world, episodes, "contract")
    parts = [
        (who, first[who] + number * term[who]),
        (spells.customer, spells.first),
        (spells.customer[spells.over], spells.after[spells.over]),
    ]
    if trial:
        parts.append((np.arange(world.n), world.join))
    frame = pd.DataFrame({"customer": np.concatenate([p[0] for p in parts]), "day": np.concatenate([p[1] for p in parts])})
    frame = frame.drop_duplicates().sort_values(["customer", "day"], kind="stable").reset_index(drop=True)
    customer, day = frame["customer"].to_numpy(), frame["day"].to_numpy()
    in_trial = day < first[customer]
    width = 10 * world.days  # one key for customer and day, so that spells begun and ended before a row are two sorted look-ups
    opened = np.searchsorted(np.sort(spells.customer * width + spells.first), customer * width + day, side="right")
    closed = np.searchsorted(np.sort(spells.customer * width + spells.after), customer * width + day, side="right")
    off = opened > closed
    follows = np.r_[customer[1:] == customer[:-1], False]
    starts = day * DAY + 6 * HOUR
    ends_at = np.where(follows, np.r_[starts[1:], 0], world.left_at()[customer])
    renews = np.where(in_trial, first[customer], first[customer] + ((day - first[customer]) // term[customer] + 1) * term[customer])
    return pd.DataFrame(
        {
            "customer": customer,
            "starts": starts,
            "ends": ends_at,
            "plan": np.where(in_trial, len(PLANS), world.traits["plan"][customer]),
            "price": np.where(in_trial, 0.0, price_on(customer, day)),
            "auto_renew": ~(off | world.traits["manual"][customer]),
            "renews_at": renews * DAY,
        }
    )


def _cancellations(world: World, episodes: pd.DataFrame) -> Rows:
    left = episodes[episodes["end"] == "left"].sort_values("customer")
    customer, cause = left["customer"].to_numpy(), left["cause"].to_numpy()
    u = world.streams["stated"].random((world.n, 3))[customer]
    said = np.where(u[:, 1] < 0.75, cause, (u[:, 2] * len(DRIVERS)).astype(np.int64))
    return {
        "customer": customer,
        "at": world.left_at()[customer],
        "kind": np.where(cause == NUMBER["payment"], 2, np.where(cause == NUMBER["contract"], 1, 0)),
        "stated_reason": np.where(u[:, 0] < 0.6, said, -1),
    }


def _treatments(world: World) -> Rows:
    there = (world.join[:, None] <= world.campaigns) & (world.campaigns <= world.last_day()[:, None])
    customer, campaign = np.nonzero((world.arms > 0) & there)
    return {
        "customer": customer,
        "at": world.campaigns[campaign] * DAY + 10 * HOUR,
        "arm": world.arms[customer, campaign].astype(np.int64) - 1,
    }


# The texts of the codes of each text column, and which columns are times.
WORDS: dict[str, dict[str, Sequence[str]]] = {
    "orders": {"product": PRODUCTS},
    "usage": {"feature": FEATURES, "kind": ("action", "error", "help")},
    "tickets": {"topic": TOPICS},
    "payments": {"kind": ("paid", "failed", "retried")},
    "contacts": {"kind": ("email", "call", "visit", "open", "click")},
    "market": {"kind": ("comparison_visit", "competitor_offer")},
    "subscriptions": {"plan": (*PLANS, "trial")},
    "cancellations": {"kind": ("customer_request", "contract_end", "payment_failure"), "stated_reason": tuple(STATED.values())},
    "treatments": {"arm": ("hold_out", "contact")},
}
TIMES = {"paid_at", "returned_at", "recorded_at", "at", "opened_at", "closed_at", "starts", "ends", "renews_at", "signup_date"}


def _frame(world: World, ids: pd.Series, name: str, rows: Rows | pd.DataFrame) -> pd.DataFrame:
    """Turn codes into words and day counts into dates, and sort rows by time."""
    columns: Rows = {str(c): np.asarray(values) for c, values in rows.items()}
    time = next(c for c in columns if c in TIMES)
    order = np.argsort(columns[time], kind="stable")
    out: dict[str, object] = {}
    for column, values in columns.items():
        ordered = values[order]
        if column in ("customer", "user"):
            out[column] = ids.take(ordered).array
        elif column in TIMES:
            out[column] = when(world, ordered)
        elif column in WORDS.get(name, {}):
            words = pd.Series([*WORDS[name][column], None])
            out[column] = words.take(ordered).array  # -1 takes the last one: not stated
        else:
            out[column] = ordered
    return pd.DataFrame(out)


def when(world: World, microseconds: Array) -> Array:
    """Return microseconds since the start as datetime64; the lowest integer as NaT."""
    origin = moment(world.settings.start)
    return np.where(microseconds == NEVER, NEVER, microseconds + origin).astype("datetime64[us]")


def write_records(world: World, ids: pd.Series, episodes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return all raw tables of the business, by name."""
    parts: dict[str, list[Rows]] = {}
    for part in world.chunks():
        customer, day = np.nonzero(world.states[part, : world.days] >= 0)
        customer += part.start
        cells = Cells(customer, day, world.states[customer, day].astype(np.int64), world.scare(customer, day))
        orders, returns = _orders(world, cells)
        made = {"orders": orders, "returns": returns, "usage": _usage(world, cells), "tickets": _tickets(world, cells)}
        made |= {"contacts": _contacts(world, cells), "market": _market(world, cells)}
        for name, rows in made.items():
            parts.setdefault(name, []).append(rows)
    prices = _prices(world, episodes)
    price_on = _price_on(world, prices)
    raw: dict[str, Rows | pd.DataFrame] = {name: _join(rows) for name, rows in parts.items()}
    raw |= {
        "payments": _payments(world, episodes, price_on),
        "subscriptions": _subscriptions(world, episodes, price_on),
        "prices": prices.drop(columns="day"),
        "cancellations": _cancellations(world, episodes),
    }
    if world.settings.treatments:
        raw["treatments"] = _treatments(world)
    traits = world.traits
    customers = pd.DataFrame(
        {
            "customer_id": ids,
            "signup_date": when(world, world.joined_at()),
            "channel": pd.Series(CHANNELS).take(traits["channel"]).array,
            "region": pd.Series(REGIONS).take(traits["region"]).array,
            "plan": pd.Series(PLANS).take(traits["plan"]).array,
            "owner": pd.Series([f"owner-{i + 1:02d}" for i in range(len(world.owner_quality))]).take(traits["owner"]).array,
        }
    )
    return {"customers": customers} | {name: _frame(world, ids, name, rows) for name, rows in raw.items()}
