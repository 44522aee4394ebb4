"""What a sceptic asks of reasons: shuffled columns and outcomes, deletion curves, reruns, and two features that say nearly the same.

Run as ``python benchmarks/sceptic.py [--customers 2000]``. The customers are drawn from a known rule: silence, price rises and open tickets
cause leaving, spend and visits do not. Risks and reasons are those of the default classifier, of customers that it was not trained on.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.explanation.stability import compare_reasons

CORRELATIONS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
RERUNS = 10


def world(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of whom three features cause leaving and two do not."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "habit__silence_days": rng.exponential(30, n),
            "price__rises": rng.poisson(0.4, n).astype(float),
            "support__open_tickets": rng.poisson(0.3, n).astype(float),
            "value__spend": rng.lognormal(3, 1, n),
            "communication__visits": rng.poisson(4, n).astype(float),
        }
    )
    z = X["habit__silence_days"] / 25 + 1.2 * X["price__rises"] + X["support__open_tickets"] - 3
    return X, (rng.random(n) < 1 / (1 + np.exp(-z))).to_numpy().astype(int)


def learnt(X: pd.DataFrame, y: np.ndarray, seed: int = 0) -> Any:
    return cp.ChurnClassifier(n_jobs=1, random_state=seed).fit(X, y)


def weight(why: Any) -> pd.Series:
    """Mean magnitude of each driver, in points."""
    return 100 * np.abs(why.points).mean()


def shuffled(X: pd.DataFrame, y: np.ndarray, new: pd.DataFrame, why: Any) -> None:
    """Train again with one column, then with the outcomes in random order."""
    true, rng = weight(why), np.random.default_rng(1)
    table = Table("Mean points of a driver, before and after its column is shuffled", ["", "true", "shuffled", "what is left"])
    for name in ("habit__silence_days", "price__rises", "support__open_tickets"):
        mixed = X.assign(**{name: rng.permutation(X[name].to_numpy())})
        driver = name.split("__", maxsplit=1)[0]
        false = weight(cp.explain(learnt(mixed, y), new))[driver]
        table.add(driver, f"{true[driver]:.2f}", f"{false:.2f}", f"{false / true[driver]:.0%}")
    none = weight(cp.explain(learnt(X, rng.permutation(y)), new))
    table.add("all drivers, outcomes shuffled", f"{true.sum():.2f}", f"{none.sum():.2f}", f"{none.sum() / true.sum():.0%}")
    innocent = true[["value", "communication"]].sum()
    table.add("drivers without any effect", f"{innocent:.2f}", "", f"{innocent / true.sum():.0%} of all")
    table.print()


def deletion(model: Any, new: pd.DataFrame) -> None:
    """Replace features of risky customers by the usual values, strongest reason first, and in random order."""
    risky = new.iloc[np.argsort(-model.predict_proba(new)[:, 1])[:200]].reset_index(drop=True)
    usual, rng = new.median(), np.random.default_rng(2)

    def curve(order: np.ndarray) -> list[float]:
        rows, risks = risky.copy(), [float(model.predict_proba(risky)[:, 1].mean())]
        for step in range(order.shape[1]):
            for j, name in enumerate(new):
                rows.loc[order[:, step] == j, name] = usual[name]
            risks.append(float(model.predict_proba(rows)[:, 1].mean()))
        return risks

    by_reason = curve(np.argsort(-cp.explain(model, risky).values.to_numpy(), axis=1))
    random = np.array([curve(np.argsort(rng.random((len(risky), new.shape[1])), axis=1)) for _ in range(20)])
    table = Table("Mean risk of the 200 riskiest after deleting k features", ["k", "strongest first", "random order", "lowest of 20"])
    for k, risk in enumerate(by_reason):
        table.add(str(k), f"{risk:.1%}", f"{random[:, k].mean():.1%}", f"{random[:, k].min():.1%}")
    table.print()


def reruns(X: pd.DataFrame, y: np.ndarray, new: pd.DataFrame, why: Any) -> None:
    """Train ten times: with other seeds, and on customers drawn again."""
    rng = np.random.default_rng(3)
    table = Table(f"Agreement of {RERUNS} reruns with the first run", ["", "same first reason", "where it can be ranked", "of", "lowest"])
    for name in ("other seeds", "customers drawn again"):
        found = []
        for seed in range(1, RERUNS + 1):
            rows = rng.integers(0, len(X), len(X)) if name == "customers drawn again" else np.arange(len(X))
            found.append(compare_reasons(why, cp.explain(learnt(X.iloc[rows].reset_index(drop=True), y[rows], seed), new)))
        told = pd.DataFrame(found)
        same, ranked = told["same_first"], told["same_ranked"]
        table.add(name, f"{same.mean():.1%}", f"{ranked.mean():.1%}", f"{told['ranked'].mean():.0%}", f"{ranked.min():.1%}")
    table.print()


def swapped(X: pd.DataFrame, y: np.ndarray, new: pd.DataFrame) -> None:
    """Give price rises an innocent twin in another driver, the more alike the more credit it takes."""
    table = Table(
        "Two features of two drivers, one of them without any effect",
        ["correlation", "points of the cause", "of its twin", "credit taken", "twin named instead"],
    )
    rng = np.random.default_rng(4)
    noise = rng.normal(size=len(X)), rng.normal(size=len(new))
    for r in CORRELATIONS:
        rows = []
        for frame, extra in zip((X, new), noise, strict=True):
            cause = ((frame["price__rises"] - X["price__rises"].mean()) / X["price__rises"].std()).to_numpy()
            rows.append(frame.assign(competition__offers=r * cause + np.sqrt(1 - r * r) * extra))
        why = cp.explain(learnt(rows[0], y), rows[1])
        found = weight(why)
        struck = (new["price__rises"] >= 2).to_numpy()
        first = why.top(1)["reason_1"].to_numpy()[struck]
        named = np.isin(first, ["price", "competition"])
        share = float((first[named] == "competition").mean()) if named.any() else float("nan")
        taken = found["competition"] / (found["competition"] + found["price"])
        table.add(f"{r:.2f}", f"{found['price']:.2f}", f"{found['competition']:.2f}", f"{taken:.0%}", f"{share:.0%}")
    table.print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=2000)
    n = parser.parse_args().customers
    pin()
    (X, y), (new, _) = world(n, 0), world(1000, 1)
    model, seconds = cpu(learnt, X, y)
    why = cp.explain(model, new)
    print(f"{n:,} customers, {y.mean():.0%} left; trained in {seconds:.0f} s CPU; explained: 1,000 others\n")
    shuffled(X, y, new, why)
    deletion(model, new)
    reruns(X, y, new, why)
    swapped(X, y, new)


if __name__ == "__main__":
    main()
