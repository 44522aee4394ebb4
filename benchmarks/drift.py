"""Drift: false alarms in stable months, and whether planted shifts are found; both rates, with what was found.

Run as ``taskset -c 1 python benchmarks/drift.py [stable months] [businesses]``. Two kinds of stable month. *Simulated*: columns of many
kinds, with season (up to half a standard deviation either way), steady growth (up to 0.36 a year), customers who stay, and samples from
150 to 4,000 customers, looked at with the library's own limits. *Whole*: businesses of ``make_business``, a model trained once, then
drift every month with all earlier scorings given. A month is a false alarm if anything at all alarms in it. The same businesses are then
damaged in one way at a time.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.monitoring.drift_statistics import FLOOR, Bins, chance, level_distances, psi_distances, unlike

QUICK = {"members": ("trees",), "half_life": None, "n_estimators": 60, "n_seeds": 1, "n_jobs": 1, "horizon": "90d", "min_leavers": 10}
COLUMNS, CUTOFFS, LAG = 40, 24, 8  # 24 training cutoffs, 15 days apart; today lies 8 steps after the last


def simulated_month(seed: int) -> dict[str, bool]:
    """Whether anything alarms in a stable month, and in the same month with one column shifted."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([150, 300, 600, 1200, 2500, 4000]))
    times = np.append(np.arange(CUTOFFS), CUTOFFS - 1 + LAG)
    k = len(times)
    season = np.cos(2 * np.pi * (times + rng.integers(24)) / 24.3)
    groups = np.repeat(np.arange(k), n)
    alarms = {"stable": False, "x100": False, "missing": False, "new category": False, "twice the risk": False}
    own = rng.normal(size=n)  # customers who stay as they are
    for j in range(COLUMNS):
        stays, swing, growth = rng.uniform(0, 0.95), rng.choice([0, 0, 0.2, 0.5]), rng.choice([0, 0, 0.005, 0.015])
        noise = rng.normal(size=(k, n))
        z = (stays * own + np.sqrt(1 - stays**2) * noise + (swing * season + growth * times)[:, None]).ravel()
        kind = j % 5
        values = pd.Series(
            [z, np.exp(z), np.round(np.exp(z)), np.where(z > 1.2, z, 0.0), np.where(z > 1.5, np.nan, z)][kind]
            if kind < 4 or j % 2
            else np.digitize(z, [-1, 0, 1]).astype(float)
        )
        alarms["stable"] |= _change(values, groups, times, n).alarming
        if j == 1:
            now = groups == k - 1
            alarms["x100"] = _change(values.where(~now, values * 100), groups, times, n).alarming
            alarms["missing"] = _change(values.where(~now), groups, times, n).alarming
            labels = pd.Series(np.where(z > 0, "a", "b"))
            new = pd.Series(np.where(now & (rng.random(len(z)) < 0.2), "c", labels)).astype("category")
            alarms["new category"] = _change(new, groups, times, n).alarming
    risk = 1 / (1 + np.exp(1.5 - (0.7 * own + 0.7 * rng.normal(size=(k, n)) + 0.2 * season[:, None])))
    alarms["stable"] |= _level(risk, times).alarming or _change(pd.Series(risk.ravel()), groups, times, n, tests=1).alarming
    risk[-1] = np.minimum(2 * risk[-1], 1)
    alarms["twice the risk"] = _level(risk, times).alarming
    return alarms


def _change(values, groups, times, n, tests=COLUMNS):
    bins = Bins(values[groups < len(times) - 1])
    counts = bins.count(values, groups, len(times))
    held = int((counts.sum(axis=0) > 0).sum())
    return unlike(psi_distances(counts), times, floor=FLOOR, extra=chance(held, n, np.full(len(times) - 1, n), tests))


def _level(risk, times):
    means = risk.mean(axis=1)
    error = risk.std(axis=1) / np.sqrt(risk.shape[1]) / (means * (1 - means))
    return unlike(level_distances(means), times, floor=float(np.log(1.5)), extra=4 * np.hypot(error[-1], error[:-1]))


# --- whole businesses ---


def declared(frames, end):
    return cp.EventTables(
        customers=cp.Customers(frames["customers"], customer="customer_id", since="signup_date", attributes=["plan", "region"]),
        orders=cp.Events(frames["orders"], customer="customer", time="paid_at", value="amount", money=True),
        payments=cp.Events(frames["payments"], customer="customer", time="at", value="amount", kind="kind", driver="payment"),
        tickets=cp.Events(frames["tickets"], customer="customer", time="opened_at", kind="topic", driver="support"),
        returns=cp.Events(
            frames["returns"], customer="customer", time="returned_at", value="amount", known_at="recorded_at", driver="quality"
        ),
        observed_until=end,
    )


TIMES = {"orders": "paid_at", "payments": "at", "tickets": "opened_at", "returns": "recorded_at"}


def damages(frames, at):
    """Name, and the tables with one thing wrong in the days before a moment."""

    def newest(name, days):
        return frames[name].copy(), frames[name][TIMES[name]] >= at - pd.Timedelta(days=days)

    orders, new = newest("orders", 30)
    orders["amount"] = orders["amount"].where(~new, orders["amount"] * 100)
    yield "amounts x100", frames | {"orders": orders}
    tickets, new = newest("tickets", 60)
    yield "source stopped", frames | {"tickets": tickets[~new]}
    orders, new = newest("orders", 8)
    yield "source 8 days late", frames | {"orders": orders[~new]}
    payments, new = newest("payments", 30)
    payments["amount"] = payments["amount"].where(~new)
    yield "column all null", frames | {"payments": payments}
    payments, new = newest("payments", 30)
    payments.loc[new & (np.arange(len(payments)) % 5 == 0), "kind"] = "crypto"
    yield "new category", frames | {"payments": payments}
    returns, new = newest("returns", 30)
    returns.loc[new, "returned_at"] -= pd.Timedelta(days=30)
    yield "known 30 days late", frames | {"returns": returns}
    gone = set(frames["customers"]["customer_id"].iloc[::2])
    cut = {name: newest(name, 150) for name in TIMES}
    yield "half of the customers gone", frames | {name: f[~(new & f["customer"].isin(gone))] for name, (f, new) in cut.items()}


def whole(seed: int, customers: int, months: int):
    """False alarms by month, and what each damage set off."""
    business = cp.make_business(customers, random_state=seed, months=36 + months)
    tables = declared(business.frames, business.end)
    pipeline = cp.ChurnPipeline(cp.Inactivity("90d", of="orders", active_within="120d"), classifier=cp.ChurnClassifier(**QUICK))
    pipeline.learn(*pipeline.training_rows(tables, "2024-10-01"))
    sent, quiet = [], []
    for at in pd.date_range("2024-10-01", periods=months, freq="MS"):
        found = cp.find_drift(pipeline, tables, at, scores=sent)
        quiet.append((at, found.table))
        sent.append(pipeline.score(tables, at))
    at, earlier = pd.Timestamp("2025-01-01"), sent[:3]
    loud = {}
    for name, frames in damages(business.frames, at):
        loud[name] = cp.find_drift(pipeline, declared(frames, business.end), at, scores=earlier).table["code"].tolist()
    doubled = [part.assign(risk=np.minimum(2 * part["risk"], 1), model_id="other") for part in sent]
    loud["risks sent out doubled"] = cp.find_drift(pipeline, tables, at + pd.DateOffset(months=3), scores=doubled).table["code"].tolist()
    return quiet, loud


def main() -> None:
    pin()
    warnings.simplefilter("ignore")
    simulated = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    businesses = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    months, spent = cpu(lambda: [simulated_month(seed) for seed in range(simulated)])
    frame = pd.DataFrame(months)
    table = Table(f"{simulated} simulated months of {COLUMNS} columns, {spent:.0f} s of CPU time", ["month", "alarm"])
    for name, share in frame.mean().items():
        table.add(str(name), f"{share:.1%}")
    table.print()
    alarms, n, found = 0, 0, {}
    for seed in range(businesses):
        quiet, loud = whole(seed, 700, 6)
        n += len(quiet)
        for at, one in quiet:
            alarms += bool(len(one))
            for row in one.itertuples():
                print(f"  false alarm, business {seed}, {at.date()}: {row.where} [{row.code}] {row.what[:160]}")
        for name, codes in loud.items():
            found.setdefault(name, []).append(codes)
    table = Table(
        f"{businesses} whole businesses, {n} stable months: {alarms} with an alarm ({alarms / max(n, 1):.1%})", ["damage", "found", "by"]
    )
    for name, runs in found.items():
        table.add(name, f"{sum(bool(r) for r in runs)} of {len(runs)}", ", ".join(sorted({c for r in runs for c in r})))
    table.print()


if __name__ == "__main__":
    main()
