"""Four aggregates of whole histories at many cutoffs, beside tools that write features themselves: getML's FastProp and fastdfs.

    python benchmarks/synthesis.py [--events 1000000] [--customers 10000] [--cutoffs 24]

Count, sum, mean and largest amount are what all three share; the others make many more kinds of features over any relation. Each side
begins with the same frame in memory and ends with the same numbers, which are compared. CPU time on one core, the engine of getML included.
The others are installed into environments of their own, as for ``conformance.py``.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from conformity import getml
from conformity.side import Tool, other_side

FASTDFS = Tool("fastdfs", "fastdfs", "1.2", ("fastdfs==1.2", "featuretools==1.31.0", "duckdb==2.0.1", "pandas==2.3.3", "numpy==2.4.6"))


def log(events: int, customers: int) -> pd.DataFrame:
    """Return a log of three years: text ids, heavy and light customers, times in whole seconds."""
    rng = np.random.default_rng(0)
    weight = rng.gamma(1.0, 1.0, customers)
    seconds = np.sort(rng.integers(0, 3 * 365 * 86_400, events))
    return pd.DataFrame(
        {
            "customer": pd.Series(rng.choice(customers, events, p=weight / weight.sum())).map("customer-{:08d}".format),
            "paid_at": pd.Timestamp("2022-01-01") + pd.to_timedelta(seconds, unit="s"),
            "amount": np.round(rng.gamma(2.0, 20.0, events), 2),
        }
    )


def ours(orders: pd.DataFrame, cutoffs: list[pd.Timestamp]) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Return who is asked for when, and the four aggregates of everything before."""
    tables = cp.EventTables(orders=cp.Events(orders, customer="customer", time="paid_at", value="amount", repeats="keep"))
    past = cp.take_snapshots(tables, cp.Inactivity("90d", active_within="ever"), at=cutoffs)
    rows = [cp.Feature("orders", name, "all") for name in ("count", "sum", "mean", "max")]
    X = cp.build_features(tables, past, features=rows)
    return X.index.to_frame(index=False).set_axis(["customer", "time"], axis=1), X.to_numpy(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--cutoffs", type=int, default=24)
    given = parser.parse_args()
    pin()
    orders = log(given.events, given.customers)
    cutoffs = [pd.Timestamp("2024-12-31") - pd.Timedelta(days=30 * k) for k in range(given.cutoffs)][::-1]
    ours(orders.iloc[:1000], cutoffs)  # compiled code
    (asked, made), mine = cpu(ours, orders, cutoffs)
    title = f"four aggregates of {given.events:,} events, {given.customers:,} customers, {given.cutoffs} cutoffs: {len(asked):,} rows"
    table = Table(title, ["side", "CPU s", "ratio", "largest relative difference"])
    table.add("churnpredict", f"{mine:.2f}", "1", "")
    for tool in (getml.TOOL, FASTDFS):
        found = other_side(tool).ask(given={"cost": np.ones(1)}, frames={"orders": orders, "asked": asked})
        apart = np.max(np.abs(found["made"] - made) / np.abs(made))
        seconds = float(found["seconds"])
        table.add(f"{tool.name} {tool.version}", f"{seconds:.2f}", f"{seconds / mine:.1f}", f"{apart:.1e}")
    table.print()


if __name__ == "__main__":
    main()
