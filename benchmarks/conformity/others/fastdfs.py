"""The side of fastdfs: aggregates at every (customer, cutoff) of asked.csv from the orders of orders.csv, by DuckDB, and what they cost."""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

MADE = ("COUNT(orders)", "SUM(orders.amount)", "MEAN(orders.amount)", "MAX(orders.amount)")


def aggregates(orders, asked):
    """Return count, sum, mean and maximum, (rows, 4), of orders before the time that is asked for."""
    import fastdfs

    rdb = fastdfs.create_rdb(
        {"orders": orders, "customers": orders[["customer"]].drop_duplicates()},
        primary_keys={"orders": "order", "customers": "customer"},
        foreign_keys=[("orders", "customer", "customers", "customer")],
        time_columns={"orders": "paid_at"},
        type_hints={"orders": {"amount": "float"}},
    )
    how = {"engine": "dfs2sql", "engine_path": ":memory:", "dfs2sql_threads": 1, "max_depth": 2}
    found = fastdfs.compute_dfs_features(
        rdb,
        asked,
        key_mappings={"customer": "customers.customer"},
        cutoff_time_column="time",
        config_overrides=how | {"agg_primitives": ["count", "sum", "mean", "max"]},
    )
    return found[[f"d2__customers.{name}" for name in MADE]].to_numpy(dtype=float)


def main(folder):
    """Answer with the aggregates, and with the CPU seconds from frames to numbers."""
    from loguru import logger

    logger.remove()
    orders = pd.read_csv(folder / "orders.csv", parse_dates=["paid_at"]).reset_index(names="order")
    asked = pd.read_csv(folder / "asked.csv", parse_dates=["time"])
    aggregates(orders.iloc[:100], asked.iloc[:100])  # imports
    begin = time.process_time()
    made = aggregates(orders, asked)
    np.savez(folder / "answers.npz", made=made, seconds=time.process_time() - begin)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
