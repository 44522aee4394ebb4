"""Are the reasons the true ones, and do they stay? Planted causes, monthly retrains, other seeds, and a table that says everything twice.

Run as ``python benchmarks/causes.py [--customers 4000] [--seed 5]``. The business writes cancellations down and knows why each of its
customers left. Judged are the customers of the riskiest tenth who then left for a cause that was at work at the cutoff: a cause that had
not begun is in nobody's records. The model is the default one.

``python benchmarks/causes.py --worlds 10 --customers 2000`` asks the same in harder worlds, so many seeds of each: *weak* (two traces in
five are not recorded), *overlapping* (most customers have harmless episodes that look like causes), *late* (churn counts from 30 days
after the cutoff on), *confounded* (customers in trouble use the service more), *correlated* (a second table says nearly the same as the
first), and all five at once. All leavers with a cause at work are judged, the riskiest tenth beside them, and the first reasons of
customers who have neither a cause nor such an episode. Features of 30 and 90 days keep the many trainings short. Beside each share stands
the ceiling: how often an observer is right who knows every hazard and reads the same records (``causes_ceiling.py``). A cause that
leaves no trace before the cutoff is in nobody's reach.

``--sooner`` beside ``--worlds`` trains two models on the same rows of each world: the default, and one whose members are also trees that
learn who left in the first third of the window.
"""

from __future__ import annotations

import argparse
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

import churnpredict as cp
from _measure import Table, cpu, pin
from causes_ceiling import CAUSES, Observer
from churnpredict.evaluation.metrics import auc
from churnpredict.explanation.stability import compare_reasons, confused_reasons
from churnpredict.model.calibration import AffineCalibration


def midnight(business: Any, days: int) -> pd.Timestamp:
    """So many days before the end of the records."""
    return (business.end - pd.Timedelta(days=days)).normalize()


def planted(business: Any, pipeline: Any, at: pd.Timestamp) -> pd.DataFrame:
    """Which causes were found on top, for planted leavers in the riskiest tenth."""
    X = pipeline.features_at(business.tables, at=at)
    why = cp.explain(pipeline.model_, X)
    became = cp.label_churn(business.tables, cp.take_snapshots(business.tables, business.churn, at=at), business.churn).loc[X.index]
    truth = business.truth.reindex(X.index.get_level_values("customer_id"))
    riskiest = why.risk.to_numpy() >= np.quantile(why.risk, 0.9)
    left, known = (became["outcome"] > 0).to_numpy(), (truth["cause_at"] < at).to_numpy()
    judged = riskiest & left & known
    right = (why.top(1)["reason_1"].to_numpy() == truth["driver"].to_numpy())[judged]
    named = (why.top(3)[["reason_1", "reason_2", "reason_3"]].to_numpy() == truth[["driver"]].to_numpy()).any(axis=1)[judged]
    spread = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / len(right))
    tenth = f"{riskiest.sum():,} in the riskiest tenth, {(riskiest & left).sum()} of them left, {judged.sum()} for a cause at work by then"
    print(f"{at.date()}: {len(X):,} at risk, {tenth}")
    print(f"  true cause first: {right.mean():.1%} +- {spread:.1%} (90 % asked); among the first three: {named.mean():.1%}\n")
    return confused_reasons(why[judged], pd.Series(truth["driver"].to_numpy(), index=X.index)[judged])


_RECORDED = 0.6  # share of the traces of a harder world that are on record
_RECENT = 14  # days: a cause that began later than so long before the cutoff has left few traces
_EXTRA = 0.8  # actions a day that a cause adds while it is at work
_KINDS = ("weak", "overlapping", "late", "confounded", "correlated")
_BUSY = ("price", "support", "quality", "competition")  # causes whose customers use the service more


def harder(customers: int, seed: int, kinds: tuple[str, ...]) -> tuple[Any, Any, Any]:
    """A business whose reasons are harder to find in the ways named; its tables, and the churn rule."""
    business = cp.make_business(customers, random_state=seed, rule="cancellation", distractors=0.6 if "overlapping" in kinds else 0.2)
    rng = np.random.default_rng(seed)
    frames = dict(business.frames)
    if "weak" in kinds:
        for name in ("usage", "tickets", "contacts", "returns"):
            frames[name] = frames[name][rng.random(len(frames[name])) < _RECORDED]
    if "confounded" in kinds:
        frames["usage"] = busier(business, frames["usage"], rng)
    business = replace(business, frames=frames)
    declared = dict(business.tables.declarations)
    if "correlated" in kinds:
        copy = frames["usage"][(frames["usage"]["kind"] == "action") & (rng.random(len(frames["usage"])) < 0.8)]
        declared["visits"] = cp.Events(copy, customer="user", time="at", item="feature", optional=True)
    gap = "30d" if "late" in kinds else "0d"
    churn = cp.Cancellation("90d", of="cancellations", involuntary=["payment_failure"], gap=gap)
    return business, cp.EventTables(**declared, observed_until=business.end), churn


def busier(business: Any, usage: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The usage, and more of it by customers while a cause is at work."""
    causes = business.causes[business.causes["driver"].isin(_BUSY)]
    days = ((causes["ended_at"].fillna(business.end) - causes["cause_at"]) / pd.Timedelta(days=1)).to_numpy()
    n = rng.poisson(_EXTRA * np.maximum(days, 0))
    later = (rng.random(n.sum()) * np.repeat(days, n) * 86_400e6).astype("timedelta64[us]")
    when = (np.repeat(causes["cause_at"].to_numpy(), n) + later).astype("datetime64[us]")
    actions = usage[usage["kind"] == "action"]
    more = actions.iloc[rng.integers(0, len(actions), n.sum())].assign(user=np.repeat(causes["customer_id"].to_numpy(), n), at=when)
    return pd.concat([usage, more]).sort_values("at", kind="stable", ignore_index=True)


def observed(business: Any, ids: pd.Index, at: pd.Timestamp, kinds: tuple[str, ...]) -> np.ndarray:
    """Return the chance (causes, n) of leaving from the cause at work, as the records tell an observer who knows every hazard."""
    recorded, extra = _RECORDED if "weak" in kinds else 1.0, (_EXTRA, _BUSY) if "confounded" in kinds else (0.0, ())
    return Observer(business, ids, at, recorded=recorded, extra=extra).leaves_from(30 if "late" in kinds else 0, 90)


def default_rows(tables: Any) -> list[Any]:
    """Features of 30 and 90 days, and of all time."""
    return [row for row in cp.catalog(tables) if row.window in (None, "30d", "90d")]


def judged_in(business: Any, tables: Any, churn: Any, kinds: tuple[str, ...] = ()) -> dict[str, float]:
    """Shares of right first reasons among planted leavers, and of false ones among customers without a cause."""
    at = midnight(business, 121)
    pipeline = cp.ChurnPipeline(churn, features=default_rows(tables), n_jobs=1).fit(tables, until=at)
    return judged_by(pipeline, business, tables, at, kinds)


def judged_by(pipeline: Any, business: Any, tables: Any, at: pd.Timestamp, kinds: tuple[str, ...] = ()) -> dict[str, float]:
    """The same of a trained pipeline."""
    churn, X = pipeline.churn, pipeline.features_at(tables, at=at)
    why = cp.explain(pipeline.model_, X)
    became = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=at), churn).reindex(X.index)
    ids = X.index.get_level_values("customer_id")
    truth = business.truth.reindex(ids)
    riskiest = why.risk.to_numpy() >= np.quantile(why.risk, 0.9)
    leavers = (became["outcome"] > 0).to_numpy() & (truth["cause_at"] < at).to_numpy()
    first = why.top(1)
    right = first["reason_1"].to_numpy() == truth["driver"].to_numpy()
    three = (why.top(3)[["reason_1", "reason_2", "reason_3"]].to_numpy() == truth[["driver"]].to_numpy()).any(axis=1)
    active = business.causes[(business.causes["cause_at"] < at) & ~(business.causes["ended_at"] < at)]["customer_id"]
    world = business.world
    day, who = (at - business.start).days, business.truth.index.get_indexer(ids)
    calm = ~ids.isin(active) & (world.scare(who, day) == 0) & (world.scare(who, day - 30) == 0)
    points = first["reason_1_points"].fillna(0.0).to_numpy()
    recent = (at - truth["cause_at"] < pd.Timedelta(days=_RECENT)).to_numpy()
    by_driver = why.points.reindex(columns=[*dict.fromkeys(truth["driver"])], fill_value=0.0)
    own = by_driver.to_numpy()[np.arange(len(ids)), by_driver.columns.get_indexer(truth["driver"])]
    wrong, clear = leavers & ~right, leavers & (points >= 0.05)
    chances = observed(business, ids, at, kinds)
    best, sure = np.array(CAUSES)[chances.argmax(axis=0)] == truth["driver"].to_numpy(), chances.max(axis=0) / chances.sum(axis=0)
    fixed = first["reason_1"].isin(["lifecycle", "calendar", "competition"]).to_numpy()
    return {
        "leavers": float(leavers.sum()), "right": right[leavers].mean(), "right_of_3": three[leavers].mean(),
        "tenth": float((leavers & riskiest).sum()), "right_tenth": right[leavers & riskiest].mean(),
        "ceiling": best[leavers].mean(), "ceiling_said": sure[leavers].mean(), "ceiling_tenth": best[leavers & riskiest].mean(),
        "clear": float(clear.sum()), "right_clear": right[clear].mean(),
        "recent": float((leavers & recent).sum()), "right_recent": right[leavers & recent].mean(),
        "older": float((leavers & ~recent).sum()), "right_older": right[leavers & ~recent].mean(),
        "wrong": float(wrong.sum()), "untold": (own < 0.01)[wrong].mean(), "habit": (first["reason_1"] == "habit").to_numpy()[wrong].mean(),
        "start": (first["reason_1"].eq("habit").to_numpy() & truth["driver"].eq("onboarding").to_numpy())[wrong].mean(),
        "points_wrong": 100 * float(np.median(points[wrong])), "points_right": 100 * float(np.median(points[leavers & right])),
        "calm": float(calm.sum()),
        "false_5": ((points >= 0.05) & ~fixed)[calm].mean(), "false_2": ((points >= 0.02) & ~fixed)[calm].mean(),
    }  # fmt: skip


def first_reasons(pipeline: Any, X: pd.DataFrame, left: np.ndarray, truth: pd.DataFrame, at: pd.Timestamp) -> dict[str, Any]:
    """Who is judged, in the riskiest tenth or not, for whom the first reason is right, and the log loss and AUC of all customers."""
    why = cp.explain(pipeline.model_, X)
    risk = np.clip(why.risk.to_numpy(), 1e-9, 1 - 1e-9)
    return {
        "judged": left & (truth["cause_at"] < at).to_numpy(),
        "riskiest": risk >= np.quantile(risk, 0.9),
        "right": why.top(1)["reason_1"].to_numpy() == truth["driver"].to_numpy(),
        "loss": -np.where(left, np.log(risk), np.log(1 - risk)),
        "auc": auc(left.astype(float), risk),
        "slope": AffineCalibration(prior=0.0).fit(np.log(risk / (1 - risk)), left).slope,
    }


def sooner(n: int, customers: int, first: int) -> None:
    """Print what trees that learn who left soon change, on the same rows of each world: reasons, log loss, AUC and the cost of a fit."""
    kinds = {"as they are": (), **{kind: (kind,) for kind in _KINDS}, "all at once": _KINDS}
    table = Table(
        "Without and with trees that learn who left soon",
        ["", "leavers", "first right", "better, worse", "riskiest tenth", "log loss", "AUC", "slope", "CPU s of the fit", "weight"],
    )
    kept: list[tuple[dict[str, Any], dict[str, Any]]] = []
    spent = np.zeros(2)
    for number, (name, chosen) in enumerate(kinds.items()):
        for seed in range(first + 100 * number, first + 100 * number + n):
            business, tables, churn = harder(customers, seed, chosen)
            at = midnight(business, 121)
            plain = cp.ChurnPipeline(churn, features=default_rows(tables), n_jobs=1)
            X, outcomes = plain.training_rows(tables, at)
            more = copy(plain)
            more.classifier = cp.ChurnClassifier(members=("trees", "linear", "purchases", "sooner"), n_jobs=1)
            seconds = np.array([cpu(pipeline.learn, X, outcomes)[1] for pipeline in (plain, more)])
            now = plain.features_at(tables, at=at)
            became = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=at), churn).reindex(now.index)
            left = (became["outcome"] > 0).to_numpy()
            truth = business.truth.reindex(now.index.get_level_values("customer_id"))
            pair = tuple(first_reasons(pipeline, now, left, truth, at) for pipeline in (plain, more))
            kept.append((pair[0], pair[1]))
            spent += seconds
            weight = more.model_.training_record_["weights"].get("sooner", 0.0)
            table.add(f"{name} {seed}", *sides([(pair[0], pair[1])]), " -> ".join(f"{s:.0f}" for s in seconds), f"{weight:.2f}")
            print(table.rows[-1], flush=True)
    table.add("all", *sides(kept), " -> ".join(f"{s:.0f}" for s in spent), "")
    table.print()
    change = np.array([two["loss"].mean() - one["loss"].mean() for one, two in kept])
    error = 2 * change.std(ddof=1) / np.sqrt(len(change)) if len(change) > 1 else np.nan
    print(f"log loss, mean change over {len(kept)} worlds {change.mean():+.4f} +- {error:.4f}, worst {change.max():+.4f}")


def sides(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[str]:
    """Cells of the table: both sides, over all these worlds."""
    one, two = ([pair[side] for pair in pairs] for side in (0, 1))

    def right(side: list[dict[str, Any]], tenth: bool = False) -> np.ndarray:
        return np.concatenate([w["right"][w["judged"] & (w["riskiest"] | (not tenth))] for w in side])

    before, after = right(one), right(two)
    better, worse = int((after & ~before).sum()), int((before & ~after).sum())
    p = binomtest(better, better + worse).pvalue if better + worse else 1.0
    tenth = " -> ".join(f"{right(side, True).mean():.1%} of {len(right(side, True))}" for side in (one, two))
    losses = " -> ".join(f"{np.concatenate([w['loss'] for w in side]).mean():.4f}" for side in (one, two))
    aucs = " -> ".join(f"{np.mean([w['auc'] for w in side]):.3f}" for side in (one, two))
    slopes = " -> ".join(f"{np.exp(np.mean(np.log([w['slope'] for w in side]))):.2f}" for side in (one, two))
    both = f"{before.mean():.1%} -> {after.mean():.1%}"
    return [f"{len(before)}", both, f"{better}, {worse} (p {p:.2g})", tenth, losses, aucs, slopes]


_SHARES = {
    "right": "leavers", "ceiling": "leavers", "ceiling_said": "leavers", "right_of_3": "leavers",
    "right_tenth": "tenth", "ceiling_tenth": "tenth", "false_5": "calm", "false_2": "calm",
    "right_clear": "clear", "right_recent": "recent", "right_older": "older",
    "untold": "wrong", "habit": "wrong", "start": "wrong", "points_wrong": "wrong", "points_right": "leavers",
}  # fmt: skip
_WHERE = {
    "right where it adds 5 points": ("right_clear", "clear"), "cause of the last 14 days": ("right_recent", "recent"),
    "older": ("right_older", "older"), "wrong: the cause adds under 1 point": ("untold", "wrong"), "habit is named": ("habit", "wrong"),
    "of a failed start": ("start", "wrong"),
}  # fmt: skip


def together(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each share over all customers of several worlds, and the sums of the counts."""
    frame = pd.DataFrame(found).fillna(0.0)
    shares = {value: float(frame[value] @ frame[by] / max(frame[by].sum(), 1)) for value, by in _SHARES.items()}
    return shares | {count: float(frame[count].sum()) for count in dict.fromkeys(_SHARES.values())}


def worlds(n: int, customers: int, first: int) -> None:
    """Print a row per kind of world, over all seeds, and whether each keeps its promises."""
    table = Table(
        f"Harder worlds, {n} of each kind, {customers:,} customers each",
        [
            "",
            "leavers",
            "first right",
            "ceiling",
            "as it expects",
            "of three",
            "riskiest tenth",
            "first right",
            "ceiling",
            "calm",
            "false, 5 points",
            "2 points",
            "CPU s",
        ],
    )
    kinds = {"as they are": (), **{kind: (kind,) for kind in _KINDS}, "all at once": _KINDS}
    where = Table(
        "First reasons of planted leavers: where they are right (of how many), and what is named instead", ["", *_WHERE, "points"]
    )
    told = []
    for number, (name, chosen) in enumerate(kinds.items()):
        found, seconds = [], 0.0
        for seed in range(first + 100 * number, first + 100 * number + n):
            one, spent = cpu(lambda seed=seed, chosen=chosen: judged_in(*harder(customers, seed, chosen), chosen))
            found.append(one)
            seconds += spent
        mean = together(found)
        table.add(name, *cells(mean), f"{seconds:.0f}")
        where.add(name, *traces(mean))
        print(f"{name}: {mean}", flush=True)
        for what, value, wanted, most, ceiling in (
            ("first reason right, riskiest tenth", mean["right_tenth"], 0.90, False, mean["ceiling_tenth"]),
            ("first reason right, all planted leavers", mean["right"], 0.75, False, mean["ceiling"]),
            ("false reasons of 5 points or more, customers without a cause", mean["false_5"], 0.10, True, None),
        ):
            reach = "" if ceiling is None else f", ceiling {ceiling:.1%}"
            holds = value <= wanted if most else value >= wanted
            told.append(f"{'ok  ' if holds else 'MISS'}  {name}: {what}: {value:.1%} (wanted {wanted:.0%}{reach})")
    table.print()
    where.print()
    print("points: median points of a wrong first reason, and of a right one")
    print("ceiling: the same customers, judged by an observer who knows every hazard; as it expects: by its own probabilities")
    print("\n".join(told))


def cells(one: dict[str, float]) -> list[str]:
    """Cells of one world."""
    names = (
        "leavers",
        "right",
        "ceiling",
        "ceiling_said",
        "right_of_3",
        "tenth",
        "right_tenth",
        "ceiling_tenth",
        "calm",
        "false_5",
        "false_2",
    )
    return [f"{one[name]:,.0f}" if name in ("leavers", "tenth", "calm") else f"{one[name]:.1%}" for name in names]


def traces(one: dict[str, float]) -> list[str]:
    """Cells of one world in the table of where reasons are right."""
    shares = [f"{one[share]:.0%} of {one[count]:.0f}" for share, count in _WHERE.values()]
    return [*shares, f"{one['points_wrong']:.1f}, {one['points_right']:.1f}"]


def twice(tables: dict[str, Any], name: str) -> dict[str, Any]:
    """The declarations, with one table declared once more under another name."""
    return {**tables, f"{name}_again": tables[name]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--worlds", type=int, default=0)
    parser.add_argument("--sooner", action="store_true")
    given = parser.parse_args()
    pin()
    if given.worlds:
        (sooner if given.sooner else worlds)(given.worlds, given.customers, given.seed)
        return
    business = cp.make_business(given.customers, random_state=given.seed, rule="cancellation")
    at = midnight(business, 91)

    def trained(until: pd.Timestamp, tables: Any = business.tables, **options: Any) -> Any:
        return cp.ChurnPipeline(business.churn, n_jobs=1, **options).fit(tables, until=until)

    today, seconds = cpu(trained, at)
    print(f"business {given.seed}: {today.n_snapshots_:,} snapshots x {len(today.features_)} features, trained in {seconds:.0f} s CPU")
    confusion = planted(business, today, at)
    print("What is said (columns) of each true cause (rows), shares:")
    print(confusion.map(lambda share: f"{share:.2f}" if share else ".").to_string(), "\n")
    X = today.features_at(business.tables, at=at)
    now = cp.explain(today.model_, X)
    table = Table(
        "Steadiness of reasons, same customers",
        ["", "same first reason", "riskiest tenth", "where it leads", "that is", "can be ranked", "that is", "ratio"],
    )
    others = {
        "retrained a month earlier": lambda: trained(at - pd.Timedelta(days=30)),
        "another seed": lambda: trained(at, random_state=1),
    }
    riskiest = now.risk.to_numpy() >= np.quantile(now.risk, 0.9)
    for name, train in others.items():
        then = cp.explain(train().model_, X)
        table.add(name, *figures(now, then, riskiest))
    doubled = cp.EventTables(**twice(business.tables.declarations, "usage"), observed_until=business.end)
    pipeline = trained(at, doubled)
    then = cp.explain(pipeline.model_, pipeline.features_at(doubled, at=at))
    table.add("usage in two tables", *figures(now, then, riskiest))
    table.print()
    print("Where it leads: by a twentieth in log-odds, 5 % of the odds, or more; the rest are near ties.")
    print(
        "Can be ranked: by 1.96 standard errors or more, from the members' spread; of the rest, words say that the model cannot rank them."
    )
    print("Asked: the same first reason after a month for 90 % of those that can be ranked; a ratio of at most .33.")


def figures(one: Any, two: Any, riskiest: np.ndarray) -> list[str]:
    """Cells of the table."""
    found, tenth = compare_reasons(one, two), compare_reasons(one[riskiest], two[riskiest])
    ranked = f"{found['same_ranked']:.1%}", f"of {found['ranked']:.0%}", f"{found['ratio']:.2f}"
    return [f"{found['same_first']:.1%}", f"{tenth['same_first']:.1%}", f"{found['same_clear']:.1%}", f"of {found['clear']:.0%}", *ranked]


if __name__ == "__main__":
    main()
