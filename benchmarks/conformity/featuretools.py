"""Aggregates at a cutoff beside deep feature synthesis, on a simulated business whose orders also fall on the cutoffs themselves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

import churnpredict as cp

from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool(
    "featuretools",
    "featuretools",
    "1.31.0",
    ("featuretools==1.31.0", "woodwork==0.31.0", "pandas==2.3.3", "numpy==2.4.6", "setuptools==65.5.0"),
)
CUTOFFS = pd.to_datetime(["2023-09-01", "2023-12-01", "2024-03-01"])
TIMES = 2  # columns


def shop() -> pd.DataFrame:
    """Return orders, a third of them dated at midnight, and one more of every tenth customer at each cutoff."""
    orders = cp.make_business(150, random_state=4).frames["orders"][["customer", "paid_at", "amount", "product"]]
    orders = orders.assign(paid_at=orders["paid_at"].where(np.arange(len(orders)) % 3 > 0, orders["paid_at"].dt.floor("D")))
    some = sorted(orders["customer"].unique())[::10]
    more = [orders[orders["customer"].isin(some)].drop_duplicates("customer").assign(paid_at=at) for at in CUTOFFS]
    return pd.concat([orders, *more], ignore_index=True)


def ours(orders: pd.DataFrame) -> tuple[pd.MultiIndex, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return who is asked for when, and the aggregates of all rows and of 90 days."""
    log = cp.Events(orders, customer="customer", time="paid_at", value="amount", item="product", repeats="keep")
    tables = cp.EventTables(orders=log)
    at = cp.take_snapshots(tables, cp.Inactivity("30d", of="orders", active_within="ever"), at=list(CUTOFFS))
    made = []
    for window in ("all", "90d"):
        rows = [cp.Feature("orders", a, window) for a in ("count", "sum", "mean", "max", "distinct")]
        rows += [cp.Feature("orders", a) for a in ("days_since_last", "days_since_first")]
        X = cp.build_features(tables, at, features=rows)
        made.append(X.astype(np.float64).to_numpy())
    return X.index, made[0], made[1]


def compare(other: Other) -> list[Row]:
    """Return the rows: ours against others/featuretools.py, with the cutoff excluded and included."""
    orders = shop()
    index, whole, recent = ours(orders)
    asked = index.to_frame(index=False).set_axis(["customer", "time"], axis=1)
    theirs = other.ask(frames={"orders": orders, "asked": asked})
    there = "Same rows: everything strictly before the cutoff, with `include_cutoff_time=False` there. Features here are kept in 32 bits."
    rows = []
    for name, mine, answers in (("all history", whole, theirs["all"]), ("90 days", recent, theirs["90d"])):
        rows.append(row(f"count, {name}", mine[:, 0], answers[:, 0], limit=0, why=there))
        missing = int(np.isnan(answers[:, 4]).sum())
        why = f"Same rows. A window without orders has 0 distinct items here, a missing value there ({missing} rows)." if missing else there
        rows.append(row(f"distinct items, {name}", mine[:, 4], np.nan_to_num(answers[:, 4]), limit=0, why=why))
        money = [1, 2, 3]
        rows.append(row(f"sum, mean and largest amount, {name}", mine[:, money], answers[:, money], limit=1e-6, relative=True, why=there))
    rows.append(row("days since the last and the first order", whole[:, -TIMES:], theirs["all"][:, -TIMES:], limit=1e-4, why=there))
    differ = np.mean(recent[:, 0] != theirs["90d_inclusive"][:, 0])
    rows.append(
        row(
            "count, 90 days, with the default `include_cutoff_time=True`",
            recent[:, 0],
            theirs["90d_inclusive"][:, 0],
            limit=None,
            why=f"The default there counts what happens at the cutoff itself: another number for {100 * differ:.0f} % of these "
            "snapshots, where a tenth of the customers order at that moment. Here no setting does so.",
        )
    )
    return rows
