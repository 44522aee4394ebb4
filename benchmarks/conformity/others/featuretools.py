"""The side of featuretools: aggregates at every (customer, cutoff) of asked.csv from the orders of orders.csv."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

PRIMITIVES = ["count", "sum", "mean", "max", "num_unique", "time_since_last", "time_since_first"]


def main(folder):
    """Answer everything at once: all rows before the cutoff, those of 90 days, and those of 90 days with the cutoff itself."""
    import featuretools as ft

    orders = pd.read_csv(folder / "orders.csv", parse_dates=["paid_at"]).reset_index(names="order")
    asked = pd.read_csv(folder / "asked.csv", parse_dates=["time"])
    es = ft.EntitySet("shop")
    kinds = {"product": "Categorical", "customer": "Categorical"}
    es = es.add_dataframe(dataframe_name="orders", dataframe=orders, index="order", time_index="paid_at", logical_types=kinds)
    es = es.normalize_dataframe("orders", "customers", "customer", make_time_index=False)
    out = {}
    for name, window, inclusive in (("all", None, False), ("90d", "90 days", False), ("90d_inclusive", "90 days", True)):
        made, _ = ft.dfs(
            entityset=es,
            target_dataframe_name="customers",
            cutoff_time=asked,
            cutoff_time_in_index=True,
            training_window=window,
            include_cutoff_time=inclusive,
            agg_primitives=PRIMITIVES,
            trans_primitives=[],
            n_jobs=1,
        )
        made = made.loc[pd.MultiIndex.from_frame(asked)]
        columns = ["COUNT(orders)", *(f"{p}(orders.amount)" for p in ("SUM", "MEAN", "MAX")), "NUM_UNIQUE(orders.product)"]
        since = [f"TIME_SINCE_{p}(orders.paid_at)" for p in ("LAST", "FIRST")]
        out[name] = made[[*columns, *since]].to_numpy(dtype=float)
        out[name][:, -2:] /= 86_400
    np.savez(folder / "answers.npz", **out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
