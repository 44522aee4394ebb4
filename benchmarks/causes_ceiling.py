"""How often the first reason can be right at all: an observer who knows every hazard of the simulated business and reads its records.

For ``causes.py --worlds``. The observer knows how often each customer orders, clicks and is contacted when nothing is the matter, what
each cause changes, and how causes begin, worsen, pass and make customers leave. The states are hidden: their probabilities are computed
from all records before the cutoff, day by day (the forward filter of a hidden Markov chain: Rabiner 1989). The first reason is then the
cause from which the customer most probably leaves within the window. A model that has to learn all this from the same records is
hardly right more often.

One simplification keeps the chain at 275 states: harmless episodes end with a chance of 1 in 30 a day, where they last 30 days.
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.simulation import planting as plan
from churnpredict.simulation import records as made

_DAYS = 240  # of records that are read: episodes last 50 days on average
_SURE = -30.0  # log-likelihood of what cannot be
CAUSES = plan.DRIVERS
K, N = plan.K, plan.NUMBER
VISIBLE = np.array([N[name] for name in CAUSES if name not in ("onboarding", "lifecycle")])  # causes that harmless episodes look like


def _pair(table: np.ndarray) -> np.ndarray:
    """Return a rate's factor (25, 11) in each state and harmless episode; 0 is none."""
    return np.outer(table, np.r_[1.0, table[VISIBLE + 1]])


def _either(table: np.ndarray) -> np.ndarray:
    """Return the state's value (25, 11), or the harmless episode's where the state has the ordinary one."""
    episode = np.r_[table[0], table[VISIBLE + 1]]
    return np.where(table[:, None] != table[0], table[:, None], episode[None, :])


def _state(cause: str) -> np.ndarray:
    """Return whether (25, 11) is this cause, early or acute."""
    mask = np.zeros((2 * K + 1, 1 + len(VISIBLE)), bool)
    mask[[1 + N[cause], 1 + K + N[cause]]] = True
    return mask


def _scare(cause: str) -> np.ndarray:
    """Return whether (25, 11) holds a harmless episode that looks like this cause."""
    mask = np.zeros((2 * K + 1, 1 + len(VISIBLE)), bool)
    mask[:, 1 + int(np.flatnonzero(N[cause] == VISIBLE)[0])] = True
    return mask


class Observer:
    """The posterior of every customer's state at a cutoff, from the records before it.

    Parameters
    ----------
    business : Business
        Its frames, thinned or filled up as the world has it.
    customers : index of ids
    at : Timestamp
    recorded : float
        Share of usage, tickets, contacts and returns on record.
    extra : (float, tuple of str)
        Actions a day that a cause adds while it is at work, and which causes do.
    """

    def __init__(
        self,
        business: Any,
        customers: pd.Index,
        at: pd.Timestamp,
        *,
        recorded: float = 1.0,
        extra: tuple[float, tuple[str, ...]] = (0.0, ()),
    ) -> None:
        self.world, self.end = business.world, (at - business.start).days
        self.rows = business.truth.index.get_indexer(customers)
        self.first = max(self.end - _DAYS, 0)
        self.recorded, self.extra = recorded, extra
        self.traits = {name: values[self.rows] for name, values in self.world.traits.items()}
        self.joined = self.world.join[self.rows]
        self.place = pd.Series(np.arange(len(customers)), index=customers)
        self.start, self.frames = business.start, business.frames
        self.seen: dict[int, np.ndarray] = {}
        self._orders()
        self._tickets()

    def _read(self, name: str, time: str) -> pd.DataFrame:
        """Return the rows of a table in the days that are read, with the customer's position and the day."""
        frame = self.frames[name]
        who = self.place.reindex(frame["user" if "user" in frame else "customer"]).to_numpy()
        day = ((frame[time] - self.start) // pd.Timedelta(days=1)).to_numpy()
        keep = ~np.isnan(who) & (day >= self.first) & (day < self.end)
        return frame[keep].assign(who=who[keep].astype(np.int64), day=day[keep])

    def _counts(self, frame: pd.DataFrame) -> np.ndarray:
        table = np.zeros((self.end - self.first, len(self.rows)))
        np.add.at(table, (frame["day"].to_numpy() - self.first, frame["who"].to_numpy()), 1.0)
        return table

    def _add(self, day: int, who: int, told: np.ndarray) -> None:
        """Remember a log-likelihood (25, 11) of one row of a table."""
        if day not in self.seen:
            self.seen[day] = np.zeros((2 * K + 1, 1 + len(VISIBLE), len(self.rows)), np.float32)
        self.seen[day][:, :, who] += told

    def _orders(self) -> None:
        """Read amounts, products and returns."""
        orders, back = self._read("orders", "paid_at"), self.frames["returns"].set_index("order_id")["recorded_at"]
        at = self.start + pd.Timedelta(days=self.end)
        back = set(back[back < at].index)
        spread, returned = _pair(made.BASKET), np.minimum(_either(made.RETURNED) * self.recorded, 1.0)
        narrow = spread < 1
        for who, day, amount, product, order in orders[["who", "day", "amount", "product", "order_id"]].itertuples(index=False):
            away = np.log(max(amount, 0.01) / self.traits["basket"][who]) - np.log(spread)
            home = made.PRODUCTS.index(product) == self.traits["home"][who] % len(made.PRODUCTS)
            told = -0.5 * (away / 0.3) ** 2 + np.where(
                narrow, 0.0 if home else _SURE, -2 / 3 * np.log(self.traits["breadth"][who]) if home else 0.0
            )
            arrived = min((self.end - day - 1) / 8, 1.0)
            told += np.log(returned) if order in back else np.log(1 - returned * max(arrived, 0.0))
            self._add(day, who, told)

    def _tickets(self) -> None:
        """Read severities, how long tickets are open, and how satisfied customers were."""
        hard = _either(made.HARD) > 0
        for who, day, opened, closed, severity, mood in self._read("tickets", "opened_at")[
            ["who", "day", "opened_at", "closed_at", "severity", "satisfaction"]
        ].itertuples(index=False):
            over = pd.notna(closed) and closed < self.start + pd.Timedelta(days=self.end)
            days = max(((closed if over else self.start + pd.Timedelta(days=self.end)) - opened) / pd.Timedelta(days=1), 1e-3)
            told = []
            for is_hard, usual, power in ((False, 1.5, 2.0), (True, 14.0, 0.6)):
                known = np.log((severity / 4) ** (1 / power) - ((severity - 1) / 4) ** (1 / power))
                z = (np.log(days / usual) + 0.3 * self.traits["owner_quality"][who]) / 0.9
                known += -0.5 * z * z if over else np.log(max(_tail(z), 1e-12))
                if over:
                    known += np.log(_moods(2.2 if is_hard else 4.6)[int(mood) - 1])
                told.append(known)
            self._add(day, who, np.where(hard, told[1], told[0]))

    def _rates(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | float]]:
        """Return counts (days, n), rates (n,), factors (25, 11) and what is added (25, 11), for every kind of event but orders."""
        usage, contacts, t, r = self._read("usage", "at"), self._read("contacts", "at"), self.traits, self.recorded
        care, none = np.exp(0.25 * t["owner_quality"]), 0.0
        level, busy = self.extra
        more = level * sum((_state(cause) for cause in busy), np.zeros((2 * K + 1, 1 + len(VISIBLE)))) if busy else none
        return [
            *(
                (self._counts(usage[usage["kind"] == kind]), share * r * t["usage_rate"], _pair(table), added)
                for kind, share, table, added in (
                    ("action", 1.0, made.ACTION, more),
                    ("error", 0.06, made.ERROR, none),
                    ("help", 0.06, made.HELP, none),
                )
            ),
            *(
                (self._counts(contacts[contacts["kind"] == kind]), level * r * care, _pair(made.OUTREACH), none)
                for kind, level in (("email", 0.16), ("call", 0.02), ("visit", 0.004))
            ),
            (self._counts(self._read("tickets", "opened_at")), np.full(len(self.rows), 0.004 * r), _pair(made.TICKET), none),
        ]

    def _dated(self) -> dict[str, np.ndarray]:
        """Return what is dated to the day (days, n): price rises, whether they took a discount away, given discounts, contracts in
        question, failed and recovered payments.
        """
        n = self.end - self.first
        flags = {
            name: np.zeros((n, len(self.rows)), bool) for name in ("rise", "took", "left_it", "given", "question", "failed", "fine", "due")
        }
        prices = self.frames["prices"].sort_values(["customer", "at"], kind="stable")
        plain = prices["price"] / (1 - prices["discount"])
        same = prices["customer"].eq(prices["customer"].shift())
        before = prices["discount"].shift().where(same)
        kinds = {
            "rise": same & (plain / plain.shift() > 1.08),
            "given": same & (prices["discount"].sub(0.15).abs() < 1e-9) & (before.sub(0.15).abs() > 1e-9),
        }
        kinds["took"] = kinds["rise"] & (before > 0) & (prices["discount"] == 0)
        kinds["left_it"] = kinds["rise"] & (before > 0) & (prices["discount"] > 0)
        for name, mask in kinds.items():
            self._flag(flags[name], prices[mask], "at")
        payments = self.frames["payments"]
        self._flag(flags["failed"], payments[payments["kind"] == "failed"], "at")
        self._flag(flags["fine"], payments[payments["kind"] != "failed"], "at")
        terms = self.frames["subscriptions"]
        began = ((terms["starts"] - self.start) // pd.Timedelta(days=1)).to_numpy()
        who = self.place.reindex(terms["customer"]).to_numpy()
        keep = ~np.isnan(who) & (began < self.end)
        who, began = who[keep].astype(np.int64), began[keep]
        since = began - self.joined[who] - self.world.settings.trial_days
        amended = since % self.traits["term"][who] != 0
        for i, day in zip(who[amended], began[amended], strict=True):  # an amendment opens a question, the next one settles it
            flags["question"][max(day - self.first, 0) :, i] ^= True
        days = np.arange(self.first, self.end)[:, None] - self.joined[None, :] - self.world.settings.trial_days
        flags["due"] = (days >= 0) & (days % 30 == 0)
        return flags

    def _flag(self, table: np.ndarray, frame: pd.DataFrame, time: str) -> None:
        who = self.place.reindex(frame["customer"]).to_numpy()
        day = ((frame[time] - self.start) // pd.Timedelta(days=1)).to_numpy() - self.first
        keep = ~np.isnan(who) & (day >= 0) & (day < len(table))
        table[day[keep], who[keep].astype(np.int64)] = True

    def posterior(self) -> np.ndarray:
        """Return the probability (25, n) of each state at the cutoff."""
        n, width = len(self.rows), 1 + len(VISIBLE)
        mass = np.zeros((2 * K + 1, width, n))
        mass[0, 0] = 1.0
        rates, dated = self._rates(), self._dated()
        orders, market = self._counts(self._read("orders", "paid_at")), self._counts(self._read("market", "at"))
        order_factor, market_factor = _pair(plan.ORDER_FACTOR), _pair(made.MARKET)
        price, contract, payment = (_state(cause) for cause in ("price", "contract", "payment"))
        looks = {cause: _scare(cause) for cause in ("price", "contract", "payment")}
        begins = self.world.settings.distractors / 365 / len(VISIBLE)
        for i, day in enumerate(range(self.first, self.end)):
            told = self.seen.get(day, np.zeros_like(mass)).astype(np.float64)
            wave = np.sqrt(self.world.waves[self.traits["region"], day])
            season = np.exp(self.world.settings.season * self.world.season_curve[day])
            everything = [(counts[i], rate, factor, added) for counts, rate, factor, added in rates]
            everything += [
                (orders[i], self.traits["order_rate"] * season, order_factor, 0.0),
                (market[i], 0.006 * wave, market_factor, 0.0),
            ]
            for count, rate, factor, added in everything:
                mean = rate[None, None, :] * factor[:, :, None] + np.asarray(added)[..., None]
                told += count * np.log(mean) - mean
            told[:, :, self.joined == day] = 0.0  # more happens on the first day
            # A contract in question, a price rise and a payment are dated: no state but those that explain them is left.
            unclear = dated["question"][i]
            told += np.where((contract | looks["contract"])[:, :, None] == unclear, 0.0, _SURE)
            rise, given = dated["rise"][i], dated["given"][i]
            told += np.where(rise & ~(price | looks["price"])[:, :, None], _SURE, 0.0)
            told += np.where(dated["took"][i] & ~price[:, :, None], _SURE, 0.0) + np.where(
                dated["left_it"][i] & price[:, :, None], _SURE, 0.0
            )
            told += np.where(given & price[:, :, None], _SURE, 0.0)
            stuck = payment | looks["payment"]
            failed, fine, due = dated["failed"][i], dated["fine"][i], dated["due"][i]
            told += np.where(stuck[:, :, None], np.where(fine, _SURE, np.where(failed, np.log(0.2), np.log(0.8))), 0.0)
            told += np.where(
                ~stuck[:, :, None],
                np.where(due, np.where(failed, np.log(0.04), np.log(0.96)), np.where(failed & ~fine, np.log(0.002), 0.0)),
                0.0,
            )
            if i >= 3:
                hanging = dated["failed"][i - 3] & dated["due"][i - 3] & ~fine & ~dated["fine"][i - 3 : i].any(axis=0)
                told += np.where(hanging & ~stuck[:, :, None], np.log(0.02), 0.0)
            there = self.joined <= day
            told[:, :, ~there] = 0.0
            mass = mass * np.exp(told - told.max(axis=(0, 1)))
            mass /= np.maximum(mass.sum(axis=(0, 1)), 1e-300)
            last = i == self.end - self.first - 1
            mass = self._step(mass, day, begins, there, None if last else (dated["rise"][i + 1], dated["given"][i + 1]))
        return mass.sum(axis=1)

    def _step(
        self, mass: np.ndarray, day: int, begins: float, there: np.ndarray, dated: tuple[np.ndarray, np.ndarray] | None
    ) -> np.ndarray:
        """Return the masses of the next day, of customers who have not left; price episodes begin and end on the days on record."""
        step = self.world.step(self.rows, day, self.world.treated(self.rows, day))
        calm, early, acute = mass[0], mass[1 : K + 1], mass[K + 1 :]
        onset, back_early, back_acute = step.onset[:, None, :], np.tile(step.recover_early, (K, 1)), np.tile(step.recover_acute, (K, 1))
        if dated is not None:
            rise, given = dated
            onset = onset.copy()
            onset[N["price"]] = np.where(rise, onset[N["price"]], 0.0)
            back_early[N["price"]] *= given
            back_acute[N["price"]] *= given
        back_early, back_acute = back_early[:, None, :], back_acute[:, None, :]
        leaving = step.leave[:, None, :]
        new = np.empty_like(mass)
        new[0] = calm * (1 - step.onset.sum(axis=0)) + (early * back_early).sum(axis=0) + (acute * back_acute).sum(axis=0)
        new[1 : K + 1] = early * (1 - step.worsen - step.recover_early) + calm * onset
        new[K + 1 :] = acute * (1 - leaving - step.recover_acute) + early * step.worsen
        tenure = day - self.joined
        starts = np.where(tenure >= 60, begins, 0.0)
        moved = np.empty_like(new)
        moved[:, 1:] = new[:, 1:] * (1 - 1 / plan.SCARE_DAYS) + new[:, :1] * starts
        moved[:, 0] = new[:, 0] * (1 - len(VISIBLE) * starts) + new[:, 1:].sum(axis=1) / plan.SCARE_DAYS
        moved[:, :, ~there] = mass[:, :, ~there]
        return moved / np.maximum(moved.sum(axis=(0, 1)), 1e-300)

    def leaves_from(self, gap: int, horizon: int) -> np.ndarray:
        """Return the probability (causes, n) of leaving in the window from the cause that is at work at the cutoff."""
        found = self.posterior()
        early, acute = found[1 : K + 1], found[K + 1 :]
        total = np.zeros_like(early)
        for day in range(self.end, self.end + gap + horizon):
            step = self.world.step(self.rows, day, self.world.treated(self.rows, day))
            leaving = acute * step.leave
            if day >= self.end + gap:
                total += leaving
            acute = acute * (1 - step.leave - step.recover_acute) + early * step.worsen
            early = early * (1 - step.worsen - step.recover_early)
        return total


def _tail(z: float) -> float:
    return 0.5 * erfc(z / sqrt(2))


def _moods(top: float) -> np.ndarray:
    """Return the chance of each satisfaction, 1 to 5: ``top`` less up to 1.2, rounded."""
    grid = np.clip(np.round(top - 1.2 * (np.arange(1200) + 0.5) / 1200), 1, 5).astype(int)
    return np.maximum(np.bincount(grid - 1, minlength=5) / len(grid), 1e-6)
