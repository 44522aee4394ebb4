"""What an experiment teaches, in worlds whose effects are known: the test of no effect, effects by reason, the learner that is chosen.

Run as ``python benchmarks/uplift.py [--seeds 10] [--customers 4000]``. Half of the customers are contacted by chance. In *by reason* a
contact keeps half of those who would leave for the price, a quarter of those with open tickets, nobody who fell silent, and drives away
some who have no reason; in *alike* it keeps a fifth of everybody; in *none* it does nothing. Both learners use scikit-learn's histogram
boosting, which takes seconds where the default takes minutes. Judged on 4,000 other customers, by their true effects.

``python benchmarks/uplift.py --business`` learns from the monthly campaigns of ten simulated businesses, and is judged by their true
effects 121 days before the end of the records; no outcome of the log reaches beyond that day. A contact of these businesses lowers the
hazard of nearly half of the customers and raises that of one in ten, for 45 of the 90 days that count: about one leaver in thirty is kept.

``python benchmarks/uplift.py --random 40`` draws the arms of these ten campaign logs anew, 40 times each, and counts how often they are
refused as not random: by chance, once for each customer, and more likely the higher the true risk. Beside it stands the rule it replaced:
the AUC of a five-fold cross-validation above .52, with a bootstrap interval above .5.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.churn.treatments import experiment
from churnpredict.errors import TrainingError
from churnpredict.evaluation.metrics import auc, bootstrap_interval
from churnpredict.evaluation.random_arms import places_of, random_arms_test
from churnpredict.evaluation.uplift import UpliftModel
from churnpredict.pipeline.cutoffs import as_known

REASONS = ("price", "support", "habit", "none")
KEPT = {
    "by reason": {"price": 0.5, "support": 0.25, "habit": 0.0, "none": -0.15},
    "alike": dict.fromkeys(REASONS, 0.2),
    "none": dict.fromkeys(REASONS, 0.0),
}
_TOP = 0.3  # share of the customers who are contacted
_STRENGTHS = (0.1, 0.2, 0.3, 0.5)  # log-odds of a contact per standard deviation of the logarithm of the true risk


def world(kind: str, n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, outcomes, arms, first reasons, true effects and true risks."""
    rng = np.random.default_rng(seed)
    reason = np.array(REASONS)[rng.choice(4, n, p=[0.25, 0.25, 0.25, 0.25])]
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=["a", "b", "c", "d"])
    for name in REASONS[:3]:
        X[f"{name}__sign"] = (reason == name) * rng.gamma(3, 1, n) + rng.normal(0, 0.4, n)
    risk = 1 / (1 + np.exp(1.4 - 0.7 * X["a"] - 0.6 * (reason != "none"))).to_numpy()
    effect = risk * pd.Series(reason).map(KEPT[kind]).to_numpy()
    arm = (rng.random(n) < 0.5).astype(int)
    y = (rng.random(n) < risk - arm * effect).astype(int)
    return X, y, arm, reason, effect, risk


def learnt(kind: str, n: int, seed: int) -> dict[str, Any]:
    X, y, arm, reason, effect, _ = world(kind, n, seed)
    new, *_, truth, risk = world(kind, 4000, 1000 + seed)
    learner = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, learning_rate=0.1, random_state=0)
    model = UpliftModel(classifier=learner, rounds=100, random_state=seed).fit(X, y, arm, groups=reason)
    own = pd.Series(effect).groupby(reason).mean()
    table = model.by_group_
    inside = (table["low"] <= own[table.index]) & (own[table.index] <= table["high"])
    real = own[table.index].abs() > 1e-9
    others = {
        name: UpliftModel(classifier=learner, learner=name, rounds=2, random_state=seed).fit(X, y, arm).predict(new)
        for name in ("two", "single")
    }

    def caught(score: np.ndarray) -> float:
        return float(np.sort(truth[np.argsort(-score, kind="stable")[: int(_TOP * len(truth))]]).sum() / len(truth))

    return {
        "refuted": model.no_effect_ < 0.05, "proven": model.proven, "inside": bool(inside.all()),
        "found": int((table["proven"] & real).sum()),
        "real": int(real.sum()), "false": int((table["proven"] & ~real).sum()), "single": model.learner_ == "single",
        "chosen": caught(model.predict(new)), **{name: caught(score) for name, score in others.items()}, "risk": caught(risk),
        "best": caught(truth),
    }  # fmt: skip


def plain(X: pd.DataFrame) -> pd.DataFrame:
    """Labels as codes, and -1 where nothing is known: the learner refuses columns that are empty in one arm."""
    return X.assign(**{name: X[name].cat.codes for name in X if X[name].dtype == "category"}).fillna(-1.0)


def true_effect(business: Any, at: pd.Timestamp, ids: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """True risk (n,) of customers at a cutoff, and by how much a contact on that day lowers it."""
    alone, contacted = (business.true_risk(at, "90d", contact=contact).reindex(ids).to_numpy() for contact in (False, True))
    return alone, alone - contacted


def judged_at(business: Any) -> pd.Timestamp:
    """The day on which effects are judged: no outcome of the log reaches beyond it."""
    return (business.end - pd.Timedelta(days=121)).normalize()


def campaigns(n: int, seed: int) -> tuple[Any, list[Any], pd.DataFrame, np.ndarray, np.ndarray]:
    """A business, its features, and its campaign log before the last day on which effects are judged: features, outcomes, arms."""
    business = cp.make_business(n, random_state=seed, treatments=True, rule="cancellation")
    churn = business.churn
    past = as_known(business.tables, judged_at(business))
    rows = experiment(past, churn, "treatments")
    features = [row for row in cp.catalog(past) if row.window in (None, "30d", "90d") and row.table not in ("treatments", "cancellations")]
    outcomes = cp.label_churn(past, rows, churn)
    X = plain(cp.build_features(past, rows, features=features)).loc[outcomes.index]
    arm = rows.set_index(["customer_id", "cutoff"]).loc[outcomes.index, "treated"].to_numpy()
    return business, features, X, outcomes.within().to_numpy(), arm


def learnt_in_business(n: int, seed: int) -> dict[str, Any]:
    """Learn from a business's own campaigns, and judge by its true effects later."""
    business, features, X, y, arm = campaigns(n, seed)
    churn, at = business.churn, judged_at(business)
    learner = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=8, learning_rate=0.1, random_state=0)
    try:
        model = UpliftModel(classifier=learner, rounds=100, random_state=seed).fit(X, y, arm)
    except TrainingError as error:
        return {"rows": len(y), "leavers": int(y.sum()), "refused": error.code}
    days = pd.Series(X.index.get_level_values("cutoff")).dt.normalize()
    real = [true_effect(business, day, X.index.get_level_values(0)[days == day])[1] for day in sorted(set(days))[::4]]
    mean = float(np.nanmean(np.concatenate(real)))
    new = plain(cp.build_features(business.tables, cp.take_snapshots(business.tables, churn, at=at), features=features))
    risk, truth = true_effect(business, at, new.index.get_level_values(0))
    known = ~np.isnan(truth)
    new, risk, truth = new[known], risk[known], truth[known]
    others = {
        name: UpliftModel(classifier=learner, learner=name, rounds=2, random_state=seed).fit(X, y, arm).predict(new)
        for name in ("two", "single")
    }
    top = int(_TOP * len(truth))
    scores = {"chosen": model.predict(new), "two": others["two"], "single_kept": others["single"], "risk": risk, "best": truth}
    first = {name: np.argsort(-score, kind="stable")[:top] for name, score in scores.items()}
    caught = {name: float(truth[rows].sum() / len(truth)) for name, rows in first.items()}
    return {
        "rows": len(y), "leavers": int(y.sum()), "refuted": model.no_effect_ < 0.05, "proven": model.proven,
        "inside": model.effect_.low <= mean <= model.effect_.high, "mean": mean, "estimate": model.effect_.value,
        "qini": model.qini_.low > 0, "single": model.learner_ == "single", "chance": _TOP * float(truth.mean()), **caught,
    }  # fmt: skip


def replaced_rule(predict: Any, arm: np.ndarray, owner: np.ndarray, parts: list[np.ndarray]) -> bool:
    """Whether the earlier rule refuses: pairs of rows teach each other's models, which the bootstrap of the AUC does not see."""
    chance = np.empty(len(arm))
    for k, test in enumerate(parts):
        chance[test] = predict(np.concatenate([*parts[:k], *parts[k + 1 :]]), test)
    found = bootstrap_interval(auc, arm, chance, customers=owner, rounds=60)
    return found.value > 0.52 and found.low > 0.5


def refusals(draws: int, seeds: int, customers: int) -> None:
    """Print how often logs are refused as not random: logs that are, and logs whose contacts follow the true risk."""
    line = LogisticRegression(C=0.1)
    found: list[dict[str, Any]] = []
    for seed in range(seeds):
        business, _, frame, y, _ = campaigns(customers, seed)
        X = PCA(40, random_state=0).fit_transform(StandardScaler().fit_transform(frame))
        ids, days = frame.index.get_level_values(0), pd.Series(frame.index.get_level_values("cutoff")).dt.normalize()
        owner, risk = pd.factorize(ids)[0], np.full(len(X), np.nan)
        for day in days.unique():
            risk[days == day] = business.true_risk(day, "90d").reindex(ids[days == day]).to_numpy()
        pull = np.log(np.clip(np.where(np.isnan(risk), np.nanmean(risk), risk), 1e-3, 1))
        pull = (pull - pull.mean()) / pull.std()
        parts = [test for _, test in GroupKFold(5, shuffle=True, random_state=seed).split(X, groups=owner)]

        def model(labels: np.ndarray, X: np.ndarray = X) -> Any:
            return lambda known, new: clone(line).fit(X[known], labels[known]).predict_proba(X[new])[:, 1]

        by_risk = places_of(model(y), parts)
        for draw in range(draws):
            rng = np.random.default_rng([seed, draw])
            chances = {
                "by chance": rng.random(len(X)) < 0.5, "by chance, once a customer": (rng.random(len(X)) < 0.5)[owner],
                "by chance, one in ten held out": rng.random(len(X)) < 0.9,
                **{f"by risk, {s}": rng.random(len(X)) < 1 / (1 + np.exp(-s * pull)) for s in _STRENGTHS},
            }  # fmt: skip
            for kind, drawn in chances.items():
                arm = drawn.astype(int)
                told = places_of(model(arm), parts)
                p = random_arms_test(told, by_risk, arm, owner)
                alone = random_arms_test(told, told._replace(place=0 * told.place), arm, owner) / 2
                old = replaced_rule(model(arm), arm, owner, parts)
                found.append(
                    {"kind": kind, "refused": p < 0.025, "at 1 %": p < 0.01, "alone": alone < 0.01, "old": old, "auc": auc(arm, pull)}
                )
    head = ["arms drawn", "AUC of the true risk", "logs", "refused", "at 1 %", "at 1 %, without the test by risk", "the replaced rule"]
    table = Table(f"Logs of {len(y):,} rows and {y.sum():,} leavers refused as not random, 95 % intervals", head)
    for kind, rows in pd.DataFrame(found).groupby("kind", sort=False):
        shares = [share_of(int(rows[column].sum()), len(rows)) for column in ("refused", "at 1 %", "alone", "old")]
        table.add(str(kind), f"{rows['auc'].mean():.3f}", str(len(rows)), *shares)
    table.print()


def share_of(count: int, n: int) -> str:
    """A share with its 95 % interval."""
    found = binomtest(count, n).proportion_ci(method="wilson")
    return f"{count / n:.1%} ({found.low:.1%} to {found.high:.1%})"


def businesses(seeds: int, customers: int) -> None:
    """Print what ten businesses' own campaigns teach."""
    found, seconds = cpu(lambda: pd.DataFrame([{"refused": "", **learnt_in_business(customers, seed)} for seed in range(seeds)]))
    refused, found = found[found["refused"] != ""], found[found["refused"] == ""]
    table = Table(
        f"{seeds} businesses of {customers:,} customers, their monthly campaigns: {found['rows'].mean():,.0f} contacts and hold-outs, "
        f"{found['leavers'].mean():,.0f} leavers each; {seconds:.0f} s CPU",
        ["", ""],
    )
    for what, name in (
        ("no effect refuted", "refuted"), ("used by a plan", "proven"), ("interval of the mean effect holds the true one", "inside"),
        ("interval of Qini above zero", "qini"), ("S-learner chosen", "single"),
    ):  # fmt: skip
        table.add(what, f"{int(found[name].sum())} of {len(found)}")
    table.add("refused", f"{len(refused)} of {seeds} {sorted(set(refused['refused'])) or ''}")
    table.add("mean effect, true and estimated", f"{100 * found['mean'].mean():.2f} and {100 * found['estimate'].mean():.2f} points")
    table.print()
    kept = Table(f"Customers kept of 100, contacting {_TOP:.0%}; with the standard error of the mean", ["by", "", "more than chance"])
    kept.add("chance", f"{100 * found['chance'].mean():.2f}", "")
    names = {"chosen": "the chosen", "two": "two models", "single_kept": "S-learner", "risk": "true risk", "best": "true effect"}
    for name, what in names.items():
        more = 100 * (found[name] - found["chance"])
        error = more.std() / np.sqrt(len(more))
        kept.add(what, f"{100 * found[name].mean():.2f}", f"{more.mean():+.2f} +- {error:.2f}")
    kept.print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--customers", type=int, default=4000)
    parser.add_argument("--business", action="store_true")
    parser.add_argument("--random", type=int, default=0)
    given = parser.parse_args()
    pin()
    if given.random:
        refusals(given.random, given.seeds, min(given.customers, 1000))
        return
    if given.business:
        businesses(given.seeds, given.customers)
        return
    head = ["", "no effect refuted", "used by a plan", "all intervals hold", "reasons found", "falsely", "S-learner", "CPU s"]
    tests = Table(f"{given.seeds} experiments of {given.customers:,} customers in each world", head)
    kept = Table(
        f"Customers kept of 100, contacting {_TOP:.0%} by", ["", "the chosen", "two models", "S-learner", "true risk", "true effect"]
    )
    for kind in KEPT:
        found, seconds = cpu(lambda kind=kind: pd.DataFrame([learnt(kind, given.customers, seed) for seed in range(given.seeds)]))
        n = len(found)
        counts = [f"{int(found[name].sum())} of {n}" for name in ("refuted", "proven", "inside")]
        of = f"{found['found'].sum()} of {found['real'].sum()}"
        tests.add(kind, *counts, of, str(found["false"].sum()), f"{int(found['single'].sum())} of {n}", f"{seconds:.0f}")
        kept.add(kind, *(f"{100 * found[name].mean():.2f}" for name in ("chosen", "two", "single", "risk", "best")))
    tests.print()
    kept.print()


if __name__ == "__main__":
    main()
