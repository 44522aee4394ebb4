"""What customers then pay, beside what was expected of them: own means, the mean of all, shrinking to the book, shrinking to segments.

Run as ``taskset -c 1 python benchmarks/worth.py [customers]``. Judged on customers who stayed, over the horizon after each cutoff: mean and
root mean square error, the sum of what was expected over the sum of what was paid, for everybody and for the tenth of which most was
expected (it is they whom a plan contacts). Segments are shrunk to their own mean with their own doubt.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, pin
from churnpredict.events.timing import DAY
from churnpredict.features.build import build_features
from churnpredict.pipeline.valuing import by_quarter, payment_rows
from churnpredict.retention.value import credible_rate, learn_credibility

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def expected(paid, days, segments):
    """Money per day, (n,), by each way."""
    total = days.sum(axis=1)

    def shrunk(codes):
        out = np.zeros(len(paid))
        for code in np.unique(codes):
            here = codes == code
            out[here] = credible_rate(paid[here], days[here], learn_credibility(paid[here], days[here]))
        return out

    ways = {
        "own mean of a year": paid.sum(axis=1) / np.maximum(total, 1),
        "own mean of a quarter": paid[:, 0] / np.maximum(days[:, 0], 1),
        "mean of all": np.full(len(paid), learn_credibility(paid, days).mean),
        "shrunk to the book (built)": shrunk(np.zeros(len(paid))),
        "shrunk to segments: tenure": shrunk(np.digitize(total, [92, 183, 274, 363])),
        "shrunk to segments: quarters paid in": shrunk((paid > 0).sum(axis=1)),
    }
    return ways | {f"shrunk to segments: {name}": shrunk(codes) for name, codes in segments.items()}


def study(title, tables, churn, cutoffs, orders, declared=None):
    """``orders``: customer, time, amount; ``declared``: a frame of attributes by customer."""
    found, horizon = {}, churn.horizon_span / DAY
    for cutoff in map(pd.Timestamp, cutoffs):
        past = cp.take_snapshots(tables, churn, at=cutoff)
        X = build_features(tables, past, features=payment_rows(tables, churn))
        who = X.index.get_level_values(0)
        outcomes = cp.label_churn(tables, past, churn)["outcome"].reindex(X.index)
        then = orders[(orders["time"] >= cutoff) & (orders["time"] < cutoff + pd.Timedelta(horizon, "D"))]
        paid = then.groupby("customer")["amount"].sum().reindex(who).fillna(0).to_numpy()
        segments = {} if declared is None else {c: declared[c].reindex(who).astype("category").cat.codes.to_numpy() for c in declared}
        stayed = (outcomes == 0).to_numpy()
        for name, rate in expected(*by_quarter(X), segments).items():
            found.setdefault(name, []).append(np.c_[rate * horizon, paid][stayed])
    table = Table(title, ["value of a customer", "mean error", "root mean square", "sum", "sum, highest tenth"])
    for name, parts in found.items():
        guess, paid = np.concatenate(parts).T
        top = guess >= np.quantile(guess, 0.9)
        off = guess - paid
        sums = f"{guess.sum() / paid.sum():.2f}", f"{guess[top].sum() / paid[top].sum():.2f}"
        table.add(name, f"{np.abs(off).mean():.1f}", f"{np.sqrt((off**2).mean()):.0f}", *sums)
    table.print()


def main():
    pin()
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    quarters = ["2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01"]
    for rule, seed in (("cancellation", 0), ("inactivity", 1)):
        shop = cp.make_business(n, random_state=seed, rule=rule)
        orders = shop.frames["orders"].rename(columns={"paid_at": "time"})
        declared = shop.frames["customers"].drop_duplicates("customer_id").set_index("customer_id")[["plan", "channel"]]
        study(f"make_business, {rule}, {n:,} customers", shop.tables, shop.churn, quarters, orders, declared)
    path = DATA / "cdnow" / "transactions.parquet"
    if not path.exists():
        print("cdnow is not beside the checkout: left out")
        return
    orders = pd.read_parquet(path).rename(columns={"customer_id": "customer", "date": "time"})
    orders["time"] = pd.to_datetime(orders["time"])
    tables = cp.EventTables(orders=cp.Events(orders, customer="customer", time="time", value="amount", money=True))
    study("cdnow", tables, cp.Inactivity("91d", of="orders", active_within="182d"), ["1997-12-31", "1998-03-31"], orders)


if __name__ == "__main__":
    main()
