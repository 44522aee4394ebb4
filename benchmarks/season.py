"""The season as a clock: kinds of simulated business and the real histories, each without the clock, with it, and with the truth.

Run ``python benchmarks/season.py [--real | --cost] [--seeds N] [--cutoffs N] [--line] [--defaults] [name ...]``.
Worlds are drawn with a seed, so that anybody gets the same ones. The truth knows the world: its season, also of the time ahead, and the
law by which its customers buy and leave. No model can do better but by chance, so what it gains is what there is to gain. The kinds
called "cancellations" are subscriptions that customers cancel; the others are shops whose customers fall silent. ``--line`` leaves out
the trees, which costs a tenth: for many seeds. Without ``--defaults`` the pipeline takes steps of a third of the horizon and one seed for
its trees, which changes both sides alike and costs a sixth. The real data are not part of the project: they are looked for in
``../shared/data`` beside the checkout, or in CHURNPREDICT_DATA. ``--cost`` asks what the season adds to the CPU of a whole fit: pairs of
fits with it and without, by turns, each with tables of its own.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import cpu, pin
from churnpredict.model import classifier, training
from churnpredict.model.calibration import sigmoid
from churnpredict.model.labels import risk_of
from churnpredict.model.purchases import PurchaseModel, find_triple, silence_margin, triple_values
from churnpredict.pipeline import season_counts

DATA = Path(os.environ.get("CHURNPREDICT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
START = pd.Timestamp("2009-01-01")
EPOCH = (START - pd.Timestamp(0)).days
CUSTOMER = PurchaseModel(1.3, 55.0, 1.0, 8.0)  # of every world
Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _peak(days: np.ndarray, middle: float, width: float) -> np.ndarray:
    """A bump on the days of the year, over its turn."""
    away = (days - middle + 182.6) % 365.25 - 182.6
    return np.exp(-0.5 * (away / width) ** 2)


def _christmas(days: np.ndarray, _: np.ndarray) -> np.ndarray:
    return 1.0 * _peak(days, 345, 16) - 0.3 * _peak(days, 35, 22)


def _long_christmas(days: np.ndarray, _: np.ndarray) -> np.ndarray:
    """From October on, with a quiet January and February."""
    return 0.8 * _peak(days, 325, 28) - 0.4 * _peak(days, 30, 30)


def _years_that_differ(days: np.ndarray, at: np.ndarray) -> np.ndarray:
    size = np.array([1.2, 0.8, 1.4, 0.9, 1.1])[np.minimum(at // 365, 4)]
    return size * _long_christmas(days, at) + _rough(at, 0.1)


def _rough(days: np.ndarray, size: float) -> np.ndarray:
    """Shocks that no year repeats: an Ornstein-Uhlenbeck process of 60 days."""
    rng = np.random.default_rng(7)
    steps = rng.normal(0, size * np.sqrt(2 / 60), len(days))
    out, level = np.empty(len(days)), 0.0
    for i, step in enumerate(steps):
        level += step - level / 60
        out[i] = level
    return out


@dataclass(frozen=True)
class World:
    """One kind of business: the log intensity by day of the year and day of the history, and how it differs otherwise.

    Worlds of two countries compare a clock for each country with one clock for both.

    ``group`` is "mild" or "strong" for a season that moves the level of a window by about .05 or about .1, "festival", "week" or "none".
    """

    curve: Curve
    group: str
    horizon: str = "90d"
    growth: float = 0.0
    joins: Curve | None = None
    days: int = 1_460
    cutoffs: tuple[str, ...] = ("2011-03-14", "2011-06-12", "2011-09-10", "2011-12-12", "2012-03-12", "2012-06-12", "2012-09-10")
    south: float | None = None  # share of the customers of a second country, half a year later; all of one season where negative

    @property
    def other(self) -> World:
        """The same as the second country has it."""
        return replace(self, curve=lambda d, t: self.curve((d + 182.6) % 365.25, t)) if self.south and self.south > 0 else self

    def time(self) -> np.ndarray:
        """Operational time at the beginning of each day, of those ahead as well."""
        day = np.arange(self.days + 200)
        of_year = (START + pd.to_timedelta(day, unit="D")).day_of_year.to_numpy().astype(float)
        return np.concatenate([[0.0], np.cumsum(np.exp(self.curve(of_year, day)))])


WORLDS: dict[str, World] = {
    "christmas": World(_christmas, "mild"),
    "christmas, growing": World(_christmas, "mild", growth=1.0),
    "summer": World(lambda d, _: 1.2 * _peak(d, 200, 35), "mild"),
    "holiday troughs, 30 days": World(lambda d, _: -1.6 * _peak(d, 225, 14) - 1.6 * _peak(d, 362, 8), "mild", "30d"),
    "two seasons": World(lambda d, _: 0.7 * _peak(d, 110, 25) + 0.7 * _peak(d, 290, 25), "mild"),
    "a wave": World(lambda d, _: 0.6 * np.sin(2 * np.pi * d / 365.25), "mild"),
    "festival": World(
        lambda d, _: -2.5 + 4.2 * _peak(d, 280, 12), "festival", days=2_920, cutoffs=("2013-03-14", "2014-09-10", "2015-09-10")
    ),
    "weak last year": World(
        lambda d, t: np.where(t < 4 * 365, 1.0, 0.5) * _christmas(d, t),
        "mild",
        days=1_925,
        cutoffs=("2012-09-10", "2013-09-10", "2013-12-12"),
    ),
    "long christmas": World(_long_christmas, "strong"),
    "long christmas, growing": World(_long_christmas, "strong", growth=1.0),
    "long holidays, 30 days": World(lambda d, _: -1.6 * _peak(d, 220, 25) - 1.6 * _peak(d, 362, 12), "strong", "30d"),
    "spring": World(lambda d, _: 1.3 * _peak(d, 150, 40), "strong"),
    "years that differ": World(_years_that_differ, "strong"),
    "weekdays, 3 days": World(
        lambda _, t: 2.5 - 1.6 * ((t % 7 == 2) | (t % 7 == 3)),  # the first day is a Thursday
        "week",
        "3d",
        days=330,
        cutoffs=("2009-10-06", "2009-10-07", "2009-10-08", "2009-10-09", "2009-10-10", "2009-10-11", "2009-10-12"),
    ),
    "two hemispheres": World(_christmas, "segments", south=0.5),
    "two hemispheres, summer": World(lambda d, _: 1.2 * _peak(d, 200, 35), "segments", south=0.3),
    "two countries alike": World(_christmas, "alike", south=-0.4),
    "nothing": World(lambda d, _: 0 * d, "none"),
    "trend": World(lambda d, t: 0.35 * t / 365, "none"),
    "growth": World(lambda d, _: 0 * d, "none", growth=1.5),
    "christmas joins": World(lambda d, _: 0 * d, "none", joins=_christmas),
    "shocks": World(lambda d, _: _rough(d, 0.25), "none"),
}


def simulate(world: World, *, n: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Purchases of customers with rates of their own, in the operational time of the world; each may be the last."""
    rng = np.random.default_rng(seed)
    day = np.arange(world.days)
    of_year = (START + pd.to_timedelta(day, unit="D")).day_of_year.to_numpy().astype(float)
    time = world.time()[: world.days + 1]
    weights = np.exp(world.growth * day / 365 + (0 if world.joins is None else world.joins(of_year, day)))[: world.days - 60]
    joined = rng.choice(len(weights), n, p=weights / weights.sum())
    at, rate, leaves = time[joined], rng.gamma(1.3, 1 / 55, n), rng.beta(1, 8, n)
    who, found = np.arange(n), []
    while len(who):
        found.append(np.column_stack([who, np.searchsorted(time, at, "right") - 1]))
        at = at + rng.exponential(1 / rate[who])
        on = (rng.random(len(who)) > leaves[who]) & (at < time[-1])
        who, at = who[on], at[on]
    rows = np.concatenate(found)
    when = (START + pd.to_timedelta(rows[:, 1], unit="D")).astype("datetime64[us]")
    return pd.DataFrame({"who": [f"K{c:05d}" for c in rows[:, 0]], "when": when, "eur": rng.gamma(2, 15, len(rows)).round(2)})


LEAVING: dict[str, World] = {
    "cancellations, january": World(lambda d, _: 1.2 * _peak(d, 15, 25), "cancellations"),
    "cancellations, summer": World(lambda d, _: 1.0 * _peak(d, 200, 40), "cancellations"),
    "cancellations, 30 days": World(lambda d, _: 1.0 * _peak(d, 200, 40), "cancellations", "30d"),
    "cancellations, nothing": World(lambda d, _: 0 * d, "none"),
    "cancellations, shocks": World(lambda d, _: _rough(d, 0.25), "none"),
}
RATE = (2.0, 1_500.0)  # gamma, of leaving by day


def simulate_leaving(world: World, *, n: int = 3_000, seed: int = 0) -> cp.EventTables:
    """Subscriptions that customers cancel at rates of their own, in the operational time of the world; logins say nothing of it."""
    rng, time = np.random.default_rng(seed), world.time()
    joined = rng.integers(0, world.days - 60, n)
    left = np.searchsorted(time, time[joined] + rng.exponential(1 / rng.gamma(RATE[0], 1 / RATE[1], n)), "right") - 1
    stays = np.minimum(left, world.days)
    logins = rng.poisson(rng.gamma(2, 0.03, n) * (stays - joined))
    who = np.repeat(np.arange(n), logins)
    at = joined[who] + 0.25 + np.floor(rng.random(len(who)) * (stays - joined)[who])
    gone = np.flatnonzero(left < world.days)

    def frame(customers: np.ndarray, days: np.ndarray) -> pd.DataFrame:
        when = (START + pd.to_timedelta(days, unit="D")).astype("datetime64[us]")
        return pd.DataFrame({"who": [f"K{c:05d}" for c in customers], "when": when})

    return cp.EventTables(
        customers=cp.Customers(frame(np.arange(n), joined), customer="who", since="when"),
        logins=cp.Events(frame(who, at), customer="who", time="when"),
        cancellations=cp.Events(frame(gone, left[gone] + 0.5), customer="who", time="when"),
        observed_until=START + pd.Timedelta(days=world.days),
    )


def truth_of_leaving(world: World, X: pd.DataFrame, horizon: int) -> np.ndarray:
    """The risk of each row (n,) under the law and the season of the world: its customer's rate given how long the customer has stayed."""
    time = world.time()
    cutoffs = (X.index.get_level_values("cutoff") - pd.Timestamp(0)).days.to_numpy() - EPOCH
    (name,) = (c for c in X.columns if c.endswith("tenure_days"))
    now, joined = time[cutoffs], time[cutoffs - X[name].to_numpy(float).round().astype(np.int64)]
    stayed = RATE[1] + now - joined
    return 1 - (stayed / (stayed + time[cutoffs + horizon] - now)) ** RATE[0]


def truth(world: World, X: pd.DataFrame, horizon: int) -> np.ndarray:
    """The risk of each row (n,) under the law and the season of the world: MBG/NBD in its own time, with its own parameters."""
    triple = find_triple(X.columns, "orders")
    assert triple is not None
    x, t_x, T, _ = triple_values(*(X[name].to_numpy(float) for name in triple))
    time = world.time()
    cutoffs = (X.index.get_level_values("cutoff") - pd.Timestamp(0)).days.to_numpy() - EPOCH

    def at(days: np.ndarray) -> np.ndarray:
        return np.interp(days, np.arange(len(time)), time)

    now, first = at(cutoffs), at(cutoffs - T)
    ahead = at(cutoffs + horizon) - now
    return sigmoid(silence_margin(CUSTOMER, x, at(cutoffs - T + t_x) - first, now - first, window=(ahead, np.zeros(len(X)))))


@dataclass
class Figures:
    """At one cutoff of one history, without the clock and with it, and of the truth where it is known: log loss, mean risk minus share; and
    CPU of the fit, the log loss of the base rate, and what the clock says."""

    history: str
    loss: list[float]
    gap: list[float]
    seconds: list[float]
    base: float
    said: str


def log_loss(y: np.ndarray, p: np.ndarray | float) -> float:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())


def compare(
    tables: cp.EventTables,
    churn: cp.Inactivity | cp.Cancellation,
    cutoff: str,
    *,
    history: str,
    how: argparse.Namespace,
    world: World | None = None,
) -> Figures:
    """All sides on the same rows: nothing at or after the cutoff is used, but by the truth."""
    days = int(str(churn.horizon).removesuffix("d"))
    settings: dict[str, object] = {}
    if not how.defaults:
        members = ("linear", "purchases") if how.line else "auto"
        settings = {
            "every": f"{days // 3}d",
            "classifier": cp.ChurnClassifier(n_seeds=1, n_jobs=1, min_leavers=10, members=members),
        }
    happened = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=cutoff), churn)
    y = happened.within().to_numpy()
    found = Figures(history, [], [], [], 0.0, "")
    by = "country" if world is not None and world.south is not None else None
    for season in (False, True):
        alone = {"season": True} if by else {"season": season}  # one clock for both countries, and one for each
        pipeline = cp.ChurnPipeline(churn, n_jobs=1, season_by=by if season else None, **alone, **settings)
        X, outcomes = pipeline.training_rows(tables, cutoff)
        _, trained = cpu(pipeline.learn, X, outcomes)
        X_test = cp.build_features(tables, happened.index.to_frame(index=False), features=pipeline.features_)
        p = risk_of(pipeline.model_, X_test)
        found.loss.append(log_loss(y, p))
        found.gap.append(float(p.mean() - y.mean()))
        found.seconds.append(trained)
        found.said, found.base = pipeline.season_.brief(), log_loss(y, pipeline.base_rate_)
    if world is not None and by is None:
        p = (truth if isinstance(churn, cp.Inactivity) else truth_of_leaving)(world, X_test, days)
        found.loss.append(log_loss(y, p))
        found.gap.append(float(p.mean() - y.mean()))
    return found


def show(name: str, cutoff: str, found: Figures) -> None:
    sides = " -> ".join(f"{loss:.4f} ({gap:+.3f})" for loss, gap in zip(found.loss[:2], found.gap[:2], strict=True))
    true = f"truth {found.loss[2]:.4f} ({found.gap[2]:+.3f})" if len(found.loss) > 2 else ""
    print(
        f"{name:<26}{cutoff:<12}{sides}  {1e4 * (found.loss[1] - found.loss[0]):+5.0f}   {true:<24} base {found.base:.4f}   "
        f"fit {found.seconds[0]:5.1f} -> {found.seconds[1]:5.1f} s   {found.said}",
        flush=True,
    )


def mean_within(values: np.ndarray, histories: list[str]) -> str:
    """The mean, and two standard errors of it: cutoffs of one history hang together, so histories are what is counted."""
    each = pd.Series(values).groupby(histories).mean()
    error = f" +- {2 * each.std() / np.sqrt(len(each)):.4f}" if len(each) > 1 else ""
    return f"{each.mean():+.4f}{error}"


def summarise(title: str, figures: list[Figures]) -> None:
    if not figures:
        return
    histories = [f.history for f in figures]
    change = np.array([f.loss[1] - f.loss[0] for f in figures])
    gaps = np.abs([f.gap for f in figures]).mean(axis=0)
    cost = np.array([f.seconds for f in figures]).sum(axis=0)
    print(
        f"{title}: {len(figures)} cutoffs of {len(set(histories))} histories, log loss {mean_within(change, histories)}, "
        f"worst {change.max():+.4f}, mean |gap| {gaps[0]:.3f} -> {gaps[1]:.3f}, CPU of fit {100 * (cost[1] / cost[0] - 1):+.0f} %"
    )
    if len(figures[0].loss) > 2:
        most = np.array([f.loss[2] - f.loss[0] for f in figures])
        part = f": the clock gets {100 * change.mean() / most.mean():.0f} % of it" if most.mean() < -0.001 else ""
        print(f"    the truth {mean_within(most, histories)}, mean |gap| {gaps[2]:.3f}{part}")
    print(end="", flush=True)


GROUPS = {
    "mild": "mild seasons",
    "strong": "strong seasons",
    "festival": "one festival a year",
    "week": "weekdays, less than a year",
    "segments": "two seasons, a clock for each country against one for both",
    "alike": "one season, a clock for each country against one for both",
    "cancellations": "a season of cancellations",
    "none": "no season",
}


def two_countries(world: World, seed: int) -> Callable[[], cp.EventTables]:
    """Shops of two countries, whose customers are told apart by an attribute."""
    assert world.south is not None
    n = round(2_000 * abs(world.south))
    logs = {"north": simulate(world, n=2_000 - n, seed=seed), "south": simulate(world.other, n=n, seed=seed + 1_000)}
    log = pd.concat([part.assign(who=country[0] + part["who"], country=country) for country, part in logs.items()])
    people = log[["who", "country"]].drop_duplicates()

    def tables() -> cp.EventTables:
        return cp.EventTables(
            customers=cp.Customers(people, customer="who", attributes=["country"]),
            orders=cp.Events(log, customer="who", time="when", value="eur", money=True),
        )

    return tables


def draw(name: str, seed: int) -> tuple[World, Callable[[], cp.EventTables], cp.Inactivity | cp.Cancellation]:
    """A world of one seed: its kind, its tables (made anew each time, so that nothing is remembered), and what leaving is."""
    world = (WORLDS | LEAVING)[name]
    if name in LEAVING:
        return world, lambda: simulate_leaving(world, seed=seed), cp.Cancellation(world.horizon, of="cancellations")
    if world.south is not None:
        return world, two_countries(world, seed), cp.Inactivity(world.horizon, of="orders")
    log = simulate(world, seed=seed)

    def tables() -> cp.EventTables:
        return cp.EventTables(orders=cp.Events(log, customer="who", time="when", value="eur", money=True))

    return world, tables, cp.Inactivity(world.horizon, of="orders")


def worlds(names: list[str], how: argparse.Namespace) -> None:
    found: dict[str, list[Figures]] = {group: [] for group in GROUPS}
    for name in names:
        for seed in range(how.seeds):
            world, make, churn = draw(name, seed)
            tables = make()
            for cutoff in world.cutoffs[-how.cutoffs :]:
                figures = compare(tables, churn, cutoff, history=f"{name} {seed}", how=how, world=world)
                show(name, cutoff, figures)
                found[world.group].append(figures)
    for group, title in GROUPS.items():
        summarise(title, found[group])
    summarise("all with a season", found["mild"] + found["strong"] + found["festival"] + found["cancellations"])


def real(how: argparse.Namespace) -> None:
    """The visible histories at all their rolling cutoffs; OULAD, with Christmas declared and without, is in ``quality.py``."""
    orders = pd.read_parquet(DATA / "cdnow" / "transactions.parquet")
    cdnow = cp.EventTables(orders=cp.Events(orders, customer="customer_id", time="date", value="amount"))
    visits = pd.read_parquet(DATA / "grocery_elog" / "transactions.parquet").astype({"cust": str, "date": "datetime64[us]"})
    grocery = cp.EventTables(visits=cp.Events(visits, customer="cust", time="date"))
    asked = [
        ("cdnow", cdnow, cp.Inactivity("91d", of="orders", active_within="182d"), ["1997-12-31", "1998-02-14", "1998-03-31"]),
        ("grocery, 180 days", grocery, cp.Inactivity("180d", of="visits"), ["2007-03-01", "2007-07-03"]),
        ("grocery, 90 days", grocery, cp.Inactivity("90d", of="visits"), ["2007-01-03", "2007-04-03", "2007-07-03", "2007-10-01"]),
    ]
    found = []
    for name, tables, churn, cutoffs in asked:
        for cutoff in cutoffs:
            found.append(compare(tables, churn, cutoff, history=name, how=how))
            show(name, cutoff, found[-1])
    summarise("real histories", found)


COSTS = ("christmas", "holiday troughs, 30 days", "nothing", "cancellations, summer", "cancellations, 30 days", "cancellations, nothing")


def cost(names: list[str], how: argparse.Namespace) -> None:
    """Print the CPU of whole fits by default, with the season against without it, and what of it the season's own steps take.

    The whole contains that trees stop elsewhere once the season is known: the rounds of both sides are printed, and what trees and lines
    add or save, in percent of the fit without the season.
    """
    clock = Clock()
    for module, step in ((season_counts, "training_step"), (season_counts, "weeks_before"), (classifier, "season_beside")):
        setattr(module, step, clock.on("own", getattr(module, step)))
    for step in ("make_dataset", "grow", "score"):
        setattr(training, step, clock.on("trees", getattr(training, step)))
    training.fit_line = clock.on("lines", training.fit_line)
    for name in names:
        for seed in range(how.seeds):
            world, make, churn = draw(name, seed)
            pairs, parts, rounds = [], [], ["", ""]
            for turn in range(how.repeats + 1):
                took, of = [0.0, 0.0], [{}, {}]
                for season in (turn % 2 == 0, turn % 2 == 1):
                    clock.start()
                    tables = make()
                    settings = {} if not how.line else {"classifier": cp.ChurnClassifier(n_jobs=1, members=("linear", "purchases"))}
                    pipeline = cp.ChurnPipeline(churn, n_jobs=1, season=season, **settings)
                    _, took[season] = cpu(pipeline.fit, tables, world.cutoffs[-1])
                    rounds[season] = "/".join(str(n) for n in pipeline.model_.training_record_["rounds"].values())
                    of[season] = dict(clock.total)
                if turn:  # the first turn compiles and warms up
                    pairs.append(took)
                    own = of[True]["own"]
                    parts.append([own / (took[True] - own), *((of[True][part] - of[False][part]) / took[False] for part in clock.total)])
            without, beside = np.array(pairs).T
            own, *apart = np.array(parts).T
            said = ", ".join(f"{part} {spread(change)}" for part, change in zip(clock.total, apart, strict=True))
            print(
                f"{name:<26}seed {seed}  fit {np.median(without):6.2f} s, with season {spread(beside / without - 1)}, of which {said}; "
                f"its own steps, of the rest {spread(own)}; rounds {rounds[0]} -> {rounds[1]}   {pipeline.season_.brief()}",
                flush=True,
            )


class Clock:
    """CPU seconds of some kinds of step. A step within another one counts for the outer one."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.total, self.inside = {"own": 0.0, "trees": 0.0, "lines": 0.0}, False

    def on(self, kind: str, step: Callable[..., object]) -> Callable[..., object]:
        """The same step, timed."""

        def run(*given: object, **named: object) -> object:
            if self.inside:
                return step(*given, **named)
            self.inside = True
            found, seconds = cpu(lambda: step(*given, **named))
            self.inside = False
            self.total[kind] += seconds
            return found

        return run


def spread(shares: np.ndarray) -> str:
    """The median and the range of some shares, in percent."""
    low, middle, high = (100 * np.quantile(shares, q) for q in (0, 0.5, 1))
    return f"{middle:+.1f} % ({low:+.1f} to {high:+.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="kinds of business; all by default")
    parser.add_argument("--real", action="store_true", help="the real histories instead")
    parser.add_argument("--cost", action="store_true", help="what the season adds to the CPU of a fit instead")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of fits, for --cost")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cutoffs", type=int, default=7, help="the latest of each kind")
    parser.add_argument("--line", action="store_true", help="without the trees")
    parser.add_argument("--defaults", action="store_true", help="the pipeline as it is by default")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    pin()
    if given.real:
        real(given)
    elif given.cost:
        cost(given.names or list(COSTS), given)
    else:
        worlds(given.names or [*WORLDS, *LEAVING], given)


if __name__ == "__main__":
    main()
