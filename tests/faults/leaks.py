"""Leaks planted into a sound matrix: each is one plausible mistake, with the code by which the audit must name it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp

__all__ = ["LEAKS", "sound"]

HORIZON = "60d"
Matrix = dict[str, Any]


def sound(seed: int = 0, customers: int = 500, cutoffs: int = 8) -> Matrix:
    """Arguments of an audit that has nothing to find: features of the past, labels of the future, folds that purge."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2023-01-01", periods=cutoffs, freq="30D").as_unit("us")
    index = pd.MultiIndex.from_product([[f"K{i:04d}" for i in range(customers)], times], names=["customer_id", "cutoff"])
    n = len(index)
    habit, tenure = np.repeat(rng.gamma(2.0, 1.0, customers), cutoffs), np.tile(np.arange(cutoffs) * 30.0, customers)
    since = rng.exponential(8 / (habit + 0.1)) + 0.01
    X = pd.DataFrame(
        {
            "habit__orders_count_90d": rng.poisson(8 * habit).astype(np.float32),
            "habit__orders_days_since_last": since.astype(np.float32),
            "value__orders_sum_90d": (rng.gamma(2.0, 20.0, n) * habit).astype(np.float32),
            "value__orders_mean_90d": rng.gamma(3.0, 15.0, n).astype(np.float32),
            "lifecycle__tenure_days": (tenure + np.repeat(rng.integers(10, 900, customers), cutoffs)).astype(np.float32),
            "support__tickets_open_age": np.where(rng.random(n) < 0.2, rng.exponential(5, n), np.nan).astype(np.float32),
            "quality__errors_share": rng.beta(2, 8, n).astype(np.float32),
            "price__price": np.repeat(rng.choice([9.0, 19.0, 49.0], customers), cutoffs).astype(np.float32),
            "lifecycle__plan": pd.Categorical(np.repeat(rng.choice([f"plan {c}" for c in "abcdefgh"], customers), cutoffs)),
        },
        index=index,
    )
    z = 0.12 * np.minimum(since, 30) - 0.4 * habit + 0.5 * X["support__tickets_open_age"].notna() - 0.8
    y = pd.Series((rng.random(n) < 1 / (1 + np.exp(-z))).astype(int), index=index)
    return {"X": X, "y": y, "horizon": HORIZON, "gap": "0d", "folds": cp.TemporalSplit(2, horizon=HORIZON)}


def add(name: str, make: Callable[[Matrix, np.random.Generator], Any]) -> Callable[[Matrix, np.random.Generator], Matrix]:
    def plant(m: Matrix, rng: np.random.Generator) -> Matrix:
        return m | {"X": m["X"].assign(**{name: make(m, rng)})}

    return plant


def left(m: Matrix) -> np.ndarray:
    return m["y"].to_numpy() == 1


def after(m: Matrix, rng: np.random.Generator) -> pd.DatetimeIndex:
    """Moments in the outcome window."""
    return m["X"].index.get_level_values("cutoff") + pd.to_timedelta(rng.integers(1, 60, len(m["y"])), unit="D")


def off_by_one(m: Matrix, rng: np.random.Generator) -> np.ndarray:
    """Orders on the cutoff itself are counted as past; who orders there has not gone silent."""
    since = m["X"]["habit__orders_days_since_last"].to_numpy().copy()
    since[~left(m) & (rng.random(len(since)) < 0.2)] = 0
    return since


def target_encoded(m: Matrix, rng: np.random.Generator, smoothing: float = 0.0) -> pd.Series:
    plan, y = m["X"]["lifecycle__plan"].astype(str).to_numpy(), m["y"].reset_index(drop=True)
    groups = y.groupby(plan)
    n = groups.transform("size")
    return pd.Series(((groups.transform("sum") + smoothing * y.mean()) / (n + smoothing)).to_numpy(), index=m["X"].index)


def left_one_out(m: Matrix, rng: np.random.Generator) -> np.ndarray:
    plan, y = m["X"]["lifecycle__plan"].astype(str).to_numpy(), m["y"].reset_index(drop=True)
    groups = y.groupby(plan)
    return ((groups.transform("sum") - y) / (groups.transform("size") - 1)).to_numpy()


def twice(m: Matrix, rng: np.random.Generator) -> Matrix:
    """One customer in ten stands under a second id."""
    X, y = m["X"], m["y"]
    ids = X.index.levels[0][::10]
    again = X[X.index.get_level_values(0).isin(ids)]
    renamed = again.index.set_levels([f"{i}-new" for i in again.index.levels[0]], level=0)
    return m | {"X": pd.concat([X, again.set_axis(renamed)]), "y": pd.concat([y, y.loc[again.index].set_axis(renamed)])}


def no_purge(m: Matrix, rng: np.random.Generator) -> Matrix:
    times = m["X"].index.get_level_values("cutoff")
    latest = times.max()
    return m | {"folds": [(np.flatnonzero(times < latest), np.flatnonzero(times == latest))]}


def at_random(m: Matrix, rng: np.random.Generator) -> Matrix:
    part = rng.integers(0, 3, len(m["y"]))
    return m | {"folds": [(np.flatnonzero(part != i), np.flatnonzero(part == i)) for i in range(3)]}


def immature(m: Matrix, rng: np.random.Generator) -> Matrix:
    times = m["X"].index.get_level_values("cutoff")
    return m | {"y": m["y"].where(times < times.max(), 0)}


def gone_already(m: Matrix, rng: np.random.Generator) -> Matrix:
    """Cancelled customers stay in the population for ever, with "left" as their label; the outcomes frame says when."""
    y = m["y"].groupby(level=0).cummax()
    return m | {"y": pd.DataFrame({"duration": np.where(y.to_numpy() == 1, rng.integers(-40, 60, len(y)), 60.0), "outcome": y})}


def in_the_end(m: Matrix) -> np.ndarray:
    """Whether the customer of each row leaves at this cutoff or any later one; rows after leaving are kept, as in the sound matrix."""
    return m["y"].groupby(level=0).transform("last").to_numpy() == 1


def overwritten(m: Matrix, rng: np.random.Generator, keep: float = 0.0) -> np.ndarray:
    """The plan of today: whoever has left by now is on the free one, and a share of the others too, by choice."""
    stays = np.repeat(rng.random(len(m["y"].index.levels[0])) < keep, len(m["y"].index.levels[1]))
    return np.where(in_the_end(m) | stays, "free", m["X"]["lifecycle__plan"].astype(str))


def end_as_text(form: str, nothing: str) -> Callable[[Matrix, np.random.Generator], np.ndarray]:
    """The day on which the customer left, as an export writes it; something else for those who stay."""

    def make(m: Matrix, rng: np.random.Generator) -> np.ndarray:
        days = pd.Series(after(m, rng).strftime(form), index=m["y"].index).groupby(level=0).transform("last").to_numpy()
        return np.where(in_the_end(m), days, nothing)

    return make


def doubled(m: Matrix, rng: np.random.Generator) -> Matrix:
    rows = np.r_[np.arange(len(m["y"])), rng.integers(0, len(m["y"]), 40)]
    return m | {"X": m["X"].iloc[rows], "y": m["y"].iloc[rows]}


def too_long(m: Matrix, rng: np.random.Generator) -> Matrix:
    y = m["y"]
    return m | {"y": pd.DataFrame({"duration": np.where(left(m), rng.integers(1, 90, len(y)), 60.0), "outcome": y})}


# kind of leak -> how it is planted, and the code (one of) that must be among the alarms
LEAKS: dict[str, tuple[Callable[[Matrix, np.random.Generator], Matrix], set[str]]] = {
    "late-written column": (
        add("usage_minutes", lambda m, r: np.where(left(m), 0, 40) + r.normal(0, 6, len(m["y"]))),
        {"predicts-too-well"},
    ),
    "category that tells": (add("desk", lambda m, r: np.where(left(m), r.choice(["a", "b"], len(m["y"])), "c")), {"predicts-too-well"}),
    "cancel date": (add("cancel_date", lambda m, r: after(m, r).where(left(m))), {"date-after-cutoff"}),
    "cancel date as text": (
        add("closing", lambda m, r: pd.Series(after(m, r).strftime("%Y-%m-%d"), index=m["X"].index).where(left(m))),
        {"date-after-cutoff"},
    ),
    "cancel date as number": (
        add("contract_stop", lambda m, r: pd.Series(after(m, r).strftime("%Y%m%d").astype(float), index=m["X"].index).where(left(m))),
        {"date-after-cutoff"},
    ),
    "churn flag of another team": (
        add("churn_flag", lambda m, r: (left(m) ^ (r.random(len(m["y"])) < 0.15)).astype(int)),
        {"names-outcome"},
    ),
    "status as of today": (
        add("account_status", lambda m, r: np.where(left(m) & (r.random(len(m["y"])) < 0.7), "inactive", "active")),
        {"names-outcome"},
    ),
    "score of an older model": (add("churnScore", lambda m, r: left(m) * 0.5 + r.normal(0, 0.4, len(m["y"]))), {"names-outcome"}),
    "filled only for leavers": (
        add("survey_answer", lambda m, r: np.where(left(m), r.integers(1, 5, len(m["y"])), np.nan)),
        {"missing-tells"},
    ),
    "filled for some leavers": (
        add("last_words", lambda m, r: np.where(left(m) & (r.random(len(m["y"])) < 0.3), r.integers(1, 5, len(m["y"])), np.nan)),
        {"missing-tells"},
    ),
    "missing only for leavers": (
        add("next_invoice", lambda m, r: np.where(left(m), np.nan, r.gamma(2, 20, len(m["y"])))),
        {"missing-tells"},
    ),
    "plan of today": (add("tariff", overwritten), {"written-in-hindsight"}),
    "plan of today that some others have too": (add("tariff", lambda m, r: overwritten(m, r, 0.15)), {"written-in-hindsight"}),
    "segment set for half of the leavers": (
        add("tier", lambda m, r: np.where(in_the_end(m) & (np.arange(len(m["y"])) // 8 % 2 == 0), "Z", m["X"]["lifecycle__plan"])),
        {"written-in-hindsight"},
    ),
    "end as German text": (add("vertrag", end_as_text("%d.%m.%Y", "")), {"written-in-hindsight", "date-after-cutoff"}),
    "end as American text": (add("contract_note", end_as_text("%m/%d/%y", "-")), {"written-in-hindsight", "date-after-cutoff"}),
    "end as a month": (add("contract_note", end_as_text("%b %Y", "n/a")), {"written-in-hindsight"}),
    "target encoding over the future": (add("plan_risk_te", target_encoded), {"target-encoding"}),
    "smoothed target encoding": (add("plan_te", lambda m, r: target_encoded(m, r, 20.0)), {"target-encoding"}),
    "leave-one-out encoding": (add("plan_loo", left_one_out), {"target-encoding"}),
    "customer encoded by label": (
        add("who_te", lambda m, r: m["y"].groupby(level=0).transform("mean")),
        {"target-encoding", "predicts-too-well"},
    ),
    "off-by-one boundary": (lambda m, r: m | {"X": m["X"].assign(habit__orders_days_since_last=off_by_one(m, r))}, {"after-cutoff"}),
    "rows after the cutoff": (
        add("days_since_last_visit", lambda m, r: np.where(left(m), 1, -1) * r.gamma(2, 9, len(m["y"]))),
        {"after-cutoff"},
    ),
    "customer id as feature": (add("customer_no", lambda m, r: m["X"].index.get_level_values(0).to_numpy()), {"id-as-feature"}),
    "date as feature": (
        add("signup", lambda m, r: pd.Timestamp("2020-01-01") + pd.to_timedelta(r.integers(0, 900, len(m["y"])), unit="D")),
        {"date-as-feature"},
    ),
    "duplicates with new ids": (twice, {"duplicate-customers"}),
    "random split": (at_random, {"random-split"}),
    "split without purge": (no_purge, {"overlapping-windows"}),
    "immature labelled 0": (immature, {"constant-labels"}),
    "population that already left": (gone_already, {"already-left"}),
    "same snapshot twice": (doubled, {"duplicate-snapshot"}),
    "outcomes beyond the window": (too_long, {"outcome-after-window"}),
}
