"""What a synthetic business costs, how its cost grows, and whether its true risks are true.

Run as ``taskset -c 1 python benchmarks/business.py``. CPU time, one core. The bare cost to compare with is drawing as many random numbers
as the business has customer-days and rows.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from churnpredict.simulation.business import make_business


def cpu(make, repeats=1):
    best, made = float("inf"), None
    for _ in range(repeats):
        began = time.process_time()
        made = make()
        best = min(best, time.process_time() - began)
    return best, made


def bare_draws(days, rows):
    rng = np.random.default_rng(0)
    rng.random(days)
    for _ in range(3):  # a time, a value and a kind
        rng.random(rows)


def main():
    cpu(lambda: make_business(100))
    print(f"{'customers':>10} {'rows':>12} {'CPU s':>7} {'bare draws':>11} {'ratio':>6} {'risk, CPU s':>12}")
    for n in (1_000, 3_000, 10_000):
        seconds, shop = cpu(lambda n=n: make_business(n, random_state=0), repeats=2)
        rows = sum(map(len, shop.frames.values()))
        until = shop.truth["left_at"].fillna(shop.end).to_numpy()
        days = int(((until - shop.frames["customers"]["signup_date"].to_numpy()) / np.timedelta64(1, "D")).sum())
        bare, _ = cpu(lambda days=days, rows=rows: bare_draws(days, rows), repeats=3)
        risk, _ = cpu(lambda shop=shop: shop.true_risk("2023-09-01", "90d"), repeats=2)
        print(f"{n:>10,} {rows:>12,} {seconds:>7.2f} {bare:>11.3f} {seconds / bare:>6.1f} {risk:>12.3f}")
    print()
    print(shop)
    print(f"\n{'cutoff':>10} {'alive':>6} {'true risk':>10} {'left':>7} {'z':>6} {'no order':>9} {'silent':>7}")
    orders = shop.frames["orders"]
    for cutoff in map(pd.Timestamp, ("2022-09-01", "2023-01-01", "2023-06-01", "2024-01-01", "2024-04-01")):
        end = cutoff + pd.Timedelta(days=90)
        risk, silence = shop.true_risk(cutoff, "90d"), shop.true_risk(cutoff, "90d", meaning="silence")
        left = shop.truth["left_at"].reindex(risk.index).between(cutoff, end, inclusive="left")
        z = (left - risk).sum() / np.sqrt((risk * (1 - risk)).sum())
        seen = orders.loc[orders["paid_at"].between(cutoff, end, inclusive="left"), "customer"].unique()
        quiet = ~silence.index.isin(seen)
        begin = f"{cutoff.date()!s:>10} {len(risk):>6,} {risk.mean():>10.4f} {left.mean():>7.4f} {z:>6.2f}"
        print(f"{begin} {silence.mean():>9.4f} {quiet.mean():>7.4f}")


if __name__ == "__main__":
    main()
