"""The season as a clock: thirteen kinds of simulated business and the real histories, each with the clock and without it.

Run ``python benchmarks/season.py [--real] [--seeds N] [--cutoffs N] [--defaults] [name ...]``. Worlds are drawn with a seed, so that
anybody gets the same ones. Without ``--defaults`` the pipeline takes steps of a third of the horizon and one seed for its trees, which
changes both sides alike and costs a sixth. The real data are not part of the project: they are looked for in ``../shared/data`` beside the
checkout, or in CHURNPREDICT_DATA.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import cpu, pin
from churnpredict.model.labels import risk_of

DATA = Path(os.environ.get("CHURNPREDICT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
START = pd.Timestamp("2009-01-01")
Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _peak(days: np.ndarray, middle: float, width: float) -> np.ndarray:
    """A bump on the days of the year, over its turn."""
    away = (days - middle + 182.6) % 365.25 - 182.6
    return np.exp(-0.5 * (away / width) ** 2)


def _christmas(days: np.ndarray, _: np.ndarray) -> np.ndarray:
    return 1.0 * _peak(days, 345, 16) - 0.3 * _peak(days, 35, 22)


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
    """One kind of business: the log intensity by day of the year and day of the history, and how it differs otherwise."""

    curve: Curve
    seasonal: bool
    horizon: str = "90d"
    growth: float = 0.0
    joins: Curve | None = None
    days: int = 1_460
    cutoffs: tuple[str, ...] = ("2011-03-14", "2011-09-10", "2011-12-12", "2012-06-12", "2012-09-10")


WORLDS: dict[str, World] = {
    "christmas": World(_christmas, True),
    "christmas, growing": World(_christmas, True, growth=1.0),
    "summer": World(lambda d, _: 1.2 * _peak(d, 200, 35), True),
    "holiday troughs, 30 days": World(lambda d, _: -1.6 * _peak(d, 225, 14) - 1.6 * _peak(d, 362, 8), True, "30d"),
    "two seasons": World(lambda d, _: 0.7 * _peak(d, 110, 25) + 0.7 * _peak(d, 290, 25), True),
    "a wave": World(lambda d, _: 0.6 * np.sin(2 * np.pi * d / 365.25), True),
    "festival": World(lambda d, _: -2.5 + 4.2 * _peak(d, 280, 12), True, days=2_920, cutoffs=("2013-03-14", "2014-09-10", "2015-09-10")),
    "weak last year": World(
        lambda d, t: np.where(t < 4 * 365, 1.0, 0.5) * _christmas(d, t),
        True,
        days=1_925,
        cutoffs=("2012-09-10", "2013-09-10", "2013-12-12"),
    ),
    "nothing": World(lambda d, _: 0 * d, False),
    "trend": World(lambda d, t: 0.35 * t / 365, False),
    "growth": World(lambda d, _: 0 * d, False, growth=1.5),
    "christmas joins": World(lambda d, _: 0 * d, False, joins=_christmas),
    "shocks": World(lambda d, _: _rough(d, 0.25), False),
}


def simulate(world: World, *, n: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """Purchases of customers with rates of their own, in the operational time of the world; each may be the last."""
    rng = np.random.default_rng(seed)
    day = np.arange(world.days)
    of_year = (START + pd.to_timedelta(day, unit="D")).day_of_year.to_numpy().astype(float)
    time = np.concatenate([[0.0], np.cumsum(np.exp(world.curve(of_year, day)))])
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


@dataclass
class Figures:
    """Log loss, mean risk minus share, and CPU of the fit, without and with the clock, at one cutoff."""

    loss: tuple[float, float]
    gap: tuple[float, float]
    seconds: tuple[float, float]
    base: float
    said: str


def compare(tables: cp.EventTables, churn: cp.Inactivity, cutoff: str, *, defaults: bool, calendar: list[dict] | None = None) -> Figures:
    """Both sides on the same rows: nothing at or after the cutoff is used."""
    loss, gap, seconds, said, base = [], [], [], "", 0.0
    quick = (
        {}
        if defaults
        else {
            "every": f"{int(churn.horizon.removesuffix('d')) // 3}d",
            "classifier": cp.ChurnClassifier(n_seeds=1, n_jobs=1, min_leavers=10),
        }
    )
    for season in (False, True):
        pipeline = cp.ChurnPipeline(churn, n_jobs=1, season=season, calendar=calendar if season else None, **quick)
        X, outcomes = pipeline.training_rows(tables, cutoff)
        _, trained = cpu(pipeline.learn, X, outcomes)
        happened = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=cutoff), churn)
        rows = happened.index.to_frame(index=False)
        X_test = cp.build_features(tables, rows, features=pipeline.features_)
        y, p = happened.within().to_numpy(), np.clip(risk_of(pipeline.model_, X_test), 1e-9, 1 - 1e-9)
        loss.append(float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()))
        gap.append(float(p.mean() - y.mean()))
        seconds.append(trained)
        said = pipeline.season_.brief()
        rate = min(max(pipeline.base_rate_, 1e-9), 1 - 1e-9)
        base = float(-(y * np.log(rate) + (1 - y) * np.log(1 - rate)).mean())
    return Figures((loss[0], loss[1]), (gap[0], gap[1]), (seconds[0], seconds[1]), base, said)


def show(name: str, cutoff: str, found: Figures) -> None:
    (now, then), (gap, gap_then), (cost, cost_then) = found.loss, found.gap, found.seconds
    print(
        f"{name:<26}{cutoff:<12}{now:.4f} ({gap:+.3f}) -> {then:.4f} ({gap_then:+.3f})  {1e4 * (then - now):+5.0f}   "
        f"base {found.base:.4f}   "
        f"fit {cost:5.1f} -> {cost_then:5.1f} s   {found.said}",
        flush=True,
    )


def summarise(title: str, figures: list[Figures]) -> None:
    if not figures:
        return
    change = np.array([f.loss[1] - f.loss[0] for f in figures])
    gaps = np.abs([f.gap for f in figures]).mean(axis=0)
    cost = np.array([f.seconds for f in figures]).sum(axis=0)
    print(
        f"{title}: {len(figures)} cutoffs, log loss {change.mean():+.4f} on average, worst {change.max():+.4f}, "
        f"mean |gap| {gaps[0]:.3f} -> {gaps[1]:.3f}, CPU of fit {100 * (cost[1] / cost[0] - 1):+.0f} %",
        flush=True,
    )


def worlds(names: list[str], *, seeds: int, most: int, defaults: bool) -> None:
    found: dict[bool, list[Figures]] = {True: [], False: []}
    for name in names:
        world = WORLDS[name]
        for seed in range(seeds):
            log = simulate(world, seed=seed)
            tables = cp.EventTables(orders=cp.Events(log, customer="who", time="when", value="eur", money=True))
            for cutoff in world.cutoffs[-most:]:
                figures = compare(tables, cp.Inactivity(world.horizon, of="orders"), cutoff, defaults=defaults)
                show(name, cutoff, figures)
                found[world.seasonal].append(figures)
    summarise("with a season", found[True])
    summarise("without a season", found[False])


def real(*, defaults: bool) -> None:
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
            found.append(compare(tables, churn, cutoff, defaults=defaults))
            show(name, cutoff, found[-1])
    summarise("real histories", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="kinds of business; all by default")
    parser.add_argument("--real", action="store_true", help="the real histories instead")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cutoffs", type=int, default=3, help="the latest of each kind")
    parser.add_argument("--defaults", action="store_true", help="the pipeline as it is by default")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    pin()
    if given.real:
        real(defaults=given.defaults)
    else:
        worlds(given.names or list(WORLDS), seeds=given.seeds, most=given.cutoffs, defaults=given.defaults)


if __name__ == "__main__":
    main()
