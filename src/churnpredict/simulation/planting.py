"""Hidden states of a simulated business: causes, recoveries, departures, and every true risk.

Separate from :mod:`churnpredict.simulation.business`, which holds only what a company would record. Longer than most modules because
traits, calendar and chain belong together. Each customer is a Markov chain in whole days::

    calm --onset of cause k--> early k --> acute k --> left (or lost, when the cause is a failing payment)
      ^------- recovers ----------'----------'

Its transition probabilities depend on the customer's own traits, their owner, the calendar and the tenure, all drawn beforehand. So the
probability of leaving within a horizon is computed exactly, by propagating the distribution over the 25 states.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["CAUSES", "DRIVERS", "Settings", "World", "plant"]

Array = np.ndarray[Any, Any]


class Cause(NamedTuple):
    """One reason to leave: its driver, share of onsets, and daily chance to leave once acute."""

    driver: str
    share: float
    leaves: float


# The share of payment is set by the caller: it is involuntary churn.
CAUSES = (
    Cause("habit", 0.15, 0.030),
    Cause("value", 0.10, 0.030),
    Cause("onboarding", 0.10, 0.035),
    Cause("quality", 0.10, 0.030),
    Cause("support", 0.12, 0.030),
    Cause("communication", 0.08, 0.030),
    Cause("price", 0.11, 0.035),
    Cause("payment", 1.00, 0.040),
    Cause("contract", 0.15, 0.035),
    Cause("complexity", 0.07, 0.030),
    Cause("competition", 0.08, 0.030),
    Cause("lifecycle", 0.08, 0.035),
)
DRIVERS = tuple(cause.driver for cause in CAUSES)
NUMBER = {driver: k for k, driver in enumerate(DRIVERS)}
K = len(CAUSES)

NOT_YET, LEFT = -1, -2  # states besides 0 = calm, 1..K = early, K+1..2K = acute
DAY = 86_400_000_000  # microseconds
NEVER = np.iinfo(np.int64).min  # marks NaT
ONSETS = 0.0022  # of any voluntary cause, per calm customer and day
SETTLED = 25  # days of tenure before a cause other than a failed start may begin: normal behaviour must be recorded first
ACUTE = 1 / 28  # early -> acute
RECOVERS = 0.005, 0.009  # early -> calm, acute -> calm, for an average owner
CONTACT_DAYS = 45  # how long a retention contact works
SCARE_DAYS = 30
MAX_HORIZON = 365
CHUNK = 4096  # customers held in memory at once; results do not depend on it

CHANNELS, CHANNEL_SHARES = ("search", "referral", "promotion", "partner"), (0.40, 0.25, 0.20, 0.15)
REGIONS, REGION_SHARES = ("north", "south", "east", "west"), (0.30, 0.25, 0.25, 0.20)
PLANS, PLAN_SHARES = ("basic", "standard", "premium"), (0.45, 0.35, 0.20)
TERMS, TERM_SHARES = (30, 90, 365), (0.40, 0.25, 0.35)
N_OWNERS = 12


@dataclass(frozen=True)
class Settings:
    """Arguments of the caller; checked by :func:`~churnpredict.simulation.business.make_business`."""

    n_customers: int
    seed: int
    months: int
    start: pd.Timestamp
    season: float
    trial_days: int
    second_year: float
    involuntary: float
    distractors: float
    signal: float
    causes: tuple[str, ...]
    spend: float
    treatments: bool


class Streams:
    """One generator for each purpose.

    Every purpose draws customer after customer, so the first customers of a larger business are the same to the last bit, and a new purpose
    does not change the numbers of an older one.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._open: dict[str, np.random.Generator] = {}

    def __getitem__(self, purpose: str) -> np.random.Generator:
        if purpose not in self._open:
            self._open[purpose] = np.random.default_rng([self._seed, zlib.crc32(purpose.encode())])
        return self._open[purpose]


def pick(u: Array, shares: tuple[float, ...]) -> Array:
    """Return the index of the share that each uniform draw falls into."""
    return np.minimum(np.searchsorted(np.cumsum(shares), u, side="right"), len(shares) - 1)


class Step(NamedTuple):
    """The chain's daily transition probabilities; arrays of shape (causes, customers) or (customers,)."""

    onset: Array
    worsen: float
    recover_early: Array
    leave: Array
    recover_acute: Array


@dataclass
class World:
    """Traits, calendar and course of all customers. Arrays have one entry per customer unless said otherwise; days count from the start.

    ``states`` (customers x days + 1, int8) holds the state *during* each day. It changes at the end of a day, so the state at midnight of
    day c is ``states[:, c]``.
    """

    settings: Settings
    streams: Streams
    n: int
    days: int
    join: Array
    traits: dict[str, Array]
    prone: Array  # (causes, customers): relative onset rates
    owner_quality: Array  # per owner, -1 .. 1
    season_curve: Array  # per day
    waves: Array  # (regions, days): competitors' campaigns
    scare_start: Array  # (customers, years): harmless episodes; a far day when there is none
    scare_cause: Array
    campaigns: Array  # days of the retention campaigns
    arms: Array  # (customers, campaigns): 0 not chosen, 1 hold-out, 2 contacted
    states: Array = field(default_factory=lambda: np.empty((0, 0), np.int8))
    left_day: Array = field(default_factory=lambda: np.empty(0, np.int64))

    def treated(self, rows: Array, day: int, contact_from: int | None = None, contact: bool = False) -> Array:
        """Return which customers a retention contact still affects on a day; after ``contact_from`` the campaigns stop."""
        last = day if contact_from is None else min(day, contact_from - 1)
        works = (self.campaigns > day - CONTACT_DAYS) & (self.campaigns <= last)
        under = (self.arms[rows][:, works] == 2).any(axis=1)
        if contact and contact_from is not None and day < contact_from + CONTACT_DAYS:
            under[:] = True
        return np.asarray(under)

    def step(self, rows: Array, day: int, treated: Array) -> Step:
        """Return transition probabilities at the end of a day: both the simulation and the true risk use them."""
        tenure, term, quality = day - self.join[rows], self.traits["term"][rows], self.traits["owner_quality"][rows]
        onset = self.prone[:, rows] * np.exp(-0.6 * self.settings.season * self.season_curve[day])
        onset[:, tenure < SETTLED] = 0.0
        onset[NUMBER["habit"]] *= tenure >= 60  # a rhythm must exist before it can be lost
        onset[NUMBER["onboarding"]] = self.prone[NUMBER["onboarding"], rows] * (tenure < 6)
        to_renewal = term - (tenure - self.settings.trial_days) % term
        onset[NUMBER["contract"]] *= np.where(term == 30, 0.5, ((to_renewal <= 60) & (to_renewal > 10)) * np.where(term == 90, 1.5, 5.0))
        if self.settings.trial_days:
            ending = (tenure >= self.settings.trial_days - 4) & (tenure < self.settings.trial_days)
            onset[NUMBER["contract"], ending] = 0.03
        onset[NUMBER["competition"]] *= self.waves[self.traits["region"][rows], day]
        onset[NUMBER["lifecycle"]] *= np.where((tenure >= 350) & (tenure < 410), 14.0 * self.settings.second_year, 0.3)
        onset *= tenure >= 0
        help_ = np.where(treated, self.traits["effect"][rows], 0.0)
        leave = np.array([c.leaves for c in CAUSES])[:, None] * (self.traits["tolerance"][rows] * np.exp(-help_))[None, :]
        leave[NUMBER["lifecycle"]] = CAUSES[NUMBER["lifecycle"]].leaves * self.traits["tolerance"][rows]  # no contact keeps them
        better = np.exp(0.5 * quality)
        signal = self.settings.signal
        slower, stays = 1 - 0.5 * signal, 1 - 0.7 * signal
        return Step(onset, ACUTE * slower, RECOVERS[0] * stays * better, leave, RECOVERS[1] * stays * better)

    def order_rate(self, rows: Array, day: Array | int, code: Array) -> Array:
        """Return expected orders of a customer on a day in a state (harmless scares included)."""
        rate = self.traits["order_rate"][rows] * np.exp(self.settings.season * self.season_curve[day])
        return np.asarray(rate * ORDER_FACTOR[code] * ORDER_FACTOR[self.scare(rows, day)])

    def scare(self, rows: Array, day: Array | int) -> Array:
        """Return the code of the harmless episode that a customer has on a day, or 0."""
        code = np.zeros(len(rows), np.int64)
        for year in range(self.scare_start.shape[1]):
            since = day - self.scare_start[rows, year]
            code = np.where((since >= 0) & (since < SCARE_DAYS), self.scare_cause[rows, year] + 1, code)
        return code

    def chunks(self) -> Iterator[slice]:
        for low in range(0, self.n, CHUNK):
            yield slice(low, min(low + CHUNK, self.n))

    def risk(self, day: int, horizon: int, *, outcome: int | None, contact: bool | None, quiet: bool) -> tuple[Array, Array]:
        """Return customers alive at midnight of ``day`` and their true probability of leaving (or of not ordering) within
        ``horizon`` days.
        """
        rows = np.flatnonzero((self.states[:, day] >= 0) & (self.join < day))
        state = self.states[rows, day].astype(np.int64)
        mass = np.zeros((2 * K + 1, len(rows)))
        mass[state, np.arange(len(rows))] = 1.0
        gone = np.zeros((2, len(rows)))
        lost = np.arange(K) == NUMBER["payment"]
        for now in range(day, day + horizon):
            if quiet:
                silent = np.exp(-self.order_rate(rows, now, np.zeros(len(rows), np.int64)))
                mass *= silent[None, :] ** ORDER_FACTOR[:, None]
            step = self.step(rows, now, self.treated(rows, now, None if contact is None else day, bool(contact)))
            calm, early, acute = mass[0], mass[1 : K + 1], mass[K + 1 :]
            leaving = acute * step.leave
            gone[0] += leaving[~lost].sum(axis=0)
            gone[1] += leaving[lost].sum(axis=0)
            recovered = early.sum(axis=0) * step.recover_early + acute.sum(axis=0) * step.recover_acute
            new_early = early * (1 - step.worsen - step.recover_early) + calm * step.onset
            new_acute = acute * (1 - step.recover_acute) - leaving + early * step.worsen
            mass = np.vstack([(calm * (1 - step.onset.sum(axis=0)) + recovered)[None, :], new_early, new_acute])
        if quiet:
            return rows, mass.sum(axis=0) + gone.sum(axis=0)
        return rows, gone.sum(axis=0) if outcome is None else gone[outcome - 1]

    def last_day(self) -> Array:
        """Return the last day on which a customer can leave a trace."""
        return np.where(self.left_day >= 0, self.left_day, self.days - 1)

    def joined_at(self) -> Array:
        """Return microseconds from the start to the sign-up: before 6 o'clock, so before all other rows of the day."""
        return np.asarray((self.join + self.traits["clock"][:, 0] * 6 / 24) * DAY).astype(np.int64)

    def left_at(self) -> Array:
        """Return microseconds from the start to the leaving: after 22 o'clock, so after all other rows of the day; ``NEVER`` for customers
        who stayed.
        """
        return np.where(self.left_day >= 0, ((self.left_day + (22 + 2 * self.traits["clock"][:, 1]) / 24) * DAY).astype(np.int64), NEVER)

    def episodes(self) -> pd.DataFrame:
        """Return every episode of a cause: ``customer`` (number), ``cause``, ``first`` and ``last`` day, ``end`` ('left', 'recovered',
        'open').
        """
        parts = []
        for part in self.chunks():
            now = np.maximum(self.states[part].astype(np.int16), 0)
            cause = np.where(now > 0, (now - 1) % K + 1, 0)
            before = np.hstack([np.zeros((len(now), 1), cause.dtype), cause[:, :-1]])
            after = np.hstack([cause[:, 1:], np.zeros((len(now), 1), cause.dtype)])
            who, first = np.nonzero((cause > 0) & (cause != before))
            _, last = np.nonzero((cause > 0) & (cause != after))
            left = self.left_day[part][who] == last
            end = np.where(left, "left", np.where(last == self.days, "open", "recovered"))
            parts.append(
                pd.DataFrame({"customer": who + part.start, "cause": cause[who, first] - 1, "first": first, "last": last, "end": end})
            )
        return pd.concat(parts, ignore_index=True)


def factors(default: float = 1.0, **signals: tuple[float, float]) -> Array:
    """Return a rate's factor in each of the 25 states, from (early, acute) per cause."""
    table = np.full(2 * K + 1, default)
    for driver, (early, acute) in signals.items():
        table[NUMBER[driver] + 1], table[NUMBER[driver] + 1 + K] = early, acute
    return table


ORDER_FACTOR = factors(habit=(0.30, 0.12), onboarding=(0.40, 1.0))


def plant(settings: Settings) -> World:
    """Draw traits and calendar, then run every customer's chain day by day."""
    streams = Streams(settings.seed)
    n = settings.n_customers
    days = (settings.start + pd.DateOffset(months=settings.months) - settings.start).days
    u = streams["traits"].random((n, 12))
    z = streams["temper"].standard_normal((n, 4))
    traits = {
        "channel": pick(u[:, 0], CHANNEL_SHARES),
        "region": pick(u[:, 1], REGION_SHARES),
        "plan": pick(u[:, 2], PLAN_SHARES),
        "term": np.array(TERMS)[pick(u[:, 3], TERM_SHARES)],
        "owner": (u[:, 4] * N_OWNERS).astype(np.int64),
        "order_rate": 1 / np.exp(np.log(4) + u[:, 5] * np.log(12 / 4)),
        "clock": streams["clock"].random((n, 2)),
        "basket": np.exp(3.6 + 0.45 * z[:, 1]) * settings.spend,
        "usage_rate": 0.35 * np.exp(0.35 * z[:, 2]),
        "breadth": 3 + (u[:, 6] * 5).astype(np.int64),
        "home": (u[:, 7] * 20).astype(np.int64),
        "manual": u[:, 8] < 0.12,
        "tolerance": np.exp(0.35 * z[:, 0]),
        # Persuadable, indifferent, and customers whom a contact reminds that they can leave (log of the hazard ratio, positive helps).
        "effect": np.where(u[:, 9] < 0.45, np.maximum(0.9 + 0.3 * z[:, 3], 0.1), np.where(u[:, 9] < 0.90, 0.0, -0.5)),
    }
    # One in five joins on the first day; the others join evenly, and all have at least 45 days on record.
    waiting = u[:, 10] < 0.2
    traits["join"] = np.where(waiting, 31 * u[:, 11] ** 2, u[:, 11] * max(days - 45, 1)).astype(np.int64)
    quality = streams["owners"].permutation(np.linspace(-1, 1, N_OWNERS))
    traits["owner_quality"] = quality[traits["owner"]]
    calendar = pd.date_range(settings.start, periods=days + 1 + MAX_HORIZON, freq="D")
    world = World(
        settings=settings,
        streams=streams,
        n=n,
        days=days,
        join=traits["join"],
        traits=traits,
        prone=_proneness(settings, streams, traits),
        owner_quality=quality,
        season_curve=_season_curve(calendar),
        waves=_waves(streams["waves"], len(calendar)),
        **_scares(settings, streams["scares"], traits["join"], days),
        **_campaigns(settings, streams["campaigns"], days),
    )
    _run(world)
    return world


def _proneness(settings: Settings, streams: Streams, traits: dict[str, Array]) -> Array:
    n = settings.n_customers
    prone = np.exp(0.4 * streams["proneness"].standard_normal((n, K)) - 0.08).T.copy()
    odds = settings.involuntary / (1 - settings.involuntary)
    onsets = ONSETS * (1 + 0.8 * settings.signal)
    for k, cause in enumerate(CAUSES):
        prone[k] *= onsets * (1.05 * odds if cause.driver == "payment" else cause.share)
    # A failed start can only happen once, in its first six days; about 7 in 100 customers have one.
    prone[NUMBER["onboarding"]] *= 0.07 / 6 / (onsets * CAUSES[NUMBER["onboarding"]].share)
    prone[NUMBER["onboarding"], traits["channel"] == 2] *= 1.6
    prone[NUMBER["communication"]] *= np.exp(-0.6 * traits["owner_quality"])
    prone[NUMBER["lifecycle"]] *= np.where(traits["channel"] == 2, 5.0, 0.25)
    for k, cause in enumerate(CAUSES):
        if cause.driver not in settings.causes:
            prone[k] = 0.0
    return prone


def _season_curve(calendar: pd.DatetimeIndex) -> Array:
    """Return the season's curve: +1 in the middle of December, -0.5 early in February."""
    day = calendar.day_of_year.to_numpy()

    def bump(centre: int, width: float) -> Array:
        away = np.abs(day - centre)
        return np.asarray(np.exp(-0.5 * (np.minimum(away, 365 - away) / width) ** 2))

    return bump(349, 13) - 0.5 * bump(38, 18)


def _waves(rng: np.random.Generator, length: int) -> Array:
    """Return competitors' campaigns: in each region, one of 45 days in every 240."""
    waves = np.full((len(REGIONS), length), 0.4)
    for start in range(0, length, 240):
        for region, shift in enumerate(rng.integers(0, 195, len(REGIONS))):
            waves[region, start + shift : start + shift + 45] = 4.0
    return waves


def _scares(settings: Settings, rng: np.random.Generator, join: Array, days: int) -> dict[str, Array]:
    years = 1 + days // 365
    u = rng.random((settings.n_customers, years, 3))
    visible = np.array([NUMBER[d] for d in DRIVERS if d not in ("onboarding", "lifecycle")])
    start = join[:, None] + 60 + 365 * np.arange(years) + (u[:, :, 1] * (365 - SCARE_DAYS)).astype(np.int64)
    return {
        "scare_start": np.where(u[:, :, 0] < settings.distractors, start, 10**6),
        "scare_cause": visible[(u[:, :, 2] * len(visible)).astype(np.int64)],
    }


def _campaigns(settings: Settings, rng: np.random.Generator, days: int) -> dict[str, Array]:
    """Draw a randomised experiment: every 30 days from day 90 three customers in ten are chosen, half of them as hold-out."""
    campaigns = np.arange(90, days, 30) if settings.treatments else np.empty(0, np.int64)
    u = rng.random((settings.n_customers, len(campaigns)))
    return {"campaigns": campaigns, "arms": np.where(u < 0.15, 1, np.where(u < 0.30, 2, 0)).astype(np.int8)}


def _run(world: World) -> None:
    world.states = np.full((world.n, world.days + 1), NOT_YET, np.int8)
    world.left_day = np.full(world.n, -1, np.int64)
    for part in world.chunks():
        rows = np.arange(part.start, part.stop)
        draws = np.ascontiguousarray(world.streams["course"].random((len(rows), world.days)).T)
        join, state = world.join[rows], np.full(len(rows), NOT_YET, np.int64)
        course = np.empty((world.days + 1, len(rows)), np.int8)
        for day in range(world.days):
            state[join == day] = 0
            course[day] = state
            u = draws[day]
            step = world.step(rows, day, world.treated(rows, day))
            struck = np.flatnonzero((state == 0) & (u < step.onset.sum(axis=0)))
            ill = np.flatnonzero(state > 0)
            state[struck] = 1 + np.minimum((np.cumsum(step.onset[:, struck], axis=0) <= u[struck]).sum(axis=0), K - 1)
            was, draw = state[ill], u[ill]
            early, cause = was <= K, (was - 1) % K
            onward = np.where(early, step.worsen, step.leave[cause, ill])
            back = np.where(early, step.recover_early[ill], step.recover_acute[ill])
            state[ill] = np.where(draw < onward, np.where(early, was + K, LEFT), np.where(draw < onward + back, 0, was))
            world.left_day[rows[ill[state[ill] == LEFT]]] = day
        state[join == world.days] = 0
        course[world.days] = state
        world.states[part] = course.T
