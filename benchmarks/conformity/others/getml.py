"""The side of getML: FastProp's aggregates at every (customer, cutoff) of asked.csv from the orders of orders.csv.

Its engine runs on this machine while the script does, with its files in the folder that is given.
"""

import contextlib
import io
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

WANTED = ("COUNT( * )", 'SUM( t2."amount" )', 'AVG( t2."amount" )', 'MAX( t2."amount" )')


def aggregates(orders, asked, memory):
    """Return count, sum, mean and maximum, (rows, 4), of orders up to and including the time that is asked for."""
    import getml

    roles = {"join_key": ["customer"], "time_stamp": ["time"], "target": ["y"]}
    population = getml.data.DataFrame.from_pandas(asked.assign(y=np.arange(len(asked)) % 2.0), "population", roles=roles)
    roles = {"join_key": ["customer"], "time_stamp": ["paid_at"], "numerical": ["amount"]}
    peripheral = getml.data.DataFrame.from_pandas(orders[["customer", "paid_at", "amount"]], "orders", roles=roles)
    model = getml.data.DataModel(population.to_placeholder("population"))
    model.add(peripheral.to_placeholder("orders"))
    more = {} if memory is None else {"memory": getml.data.time.days(memory)}
    model.population.join(model.orders, on="customer", time_stamps=("time", "paid_at"), **more)
    kinds = getml.feature_learning.aggregations
    learner = getml.feature_learning.FastProp(
        loss_function=getml.feature_learning.loss_functions.CrossEntropyLoss,
        aggregation=[kinds.COUNT, kinds.SUM, kinds.AVG, kinds.MAX],
        num_features=100,
        num_threads=1,
        min_df=1,
    )
    pipeline = getml.pipeline.Pipeline(data_model=model, feature_learners=[learner])
    container = getml.data.Container(train=population)
    container.add(orders=peripheral)
    pipeline.fit(container.train, check=False)
    made = np.asarray(pipeline.transform(container.train))
    sql = [str(feature.sql) for feature in pipeline.features]
    return np.column_stack([made[:, next(i for i, text in enumerate(sql) if f"SELECT {name}" in text)] for name in WANTED])


def spent():
    """Return the CPU seconds so far, of this process and of the engine, which is a process of its own."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended
            if b"getML" in (process / "cmdline").read_bytes().split(b"\0")[0]:
                ticks += sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def main(folder):
    """Answer everything at once: a millisecond before each cutoff, and at it; where the cost is asked for, once before it, and the cost."""
    import getml

    orders = pd.read_csv(folder / "orders.csv", parse_dates=["paid_at"])
    asked = pd.read_csv(folder / "asked.csv", parse_dates=["time"])
    before = asked.assign(time=asked["time"] - pd.Timedelta("1ms"))
    getml.engine.launch(home_directory=str(folder), launch_browser=False)
    try:
        getml.engine.set_project("conformance")
        if "cost" in np.load(folder / "given.npz"):
            begin = spent()
            made = aggregates(orders, before, None)
            np.savez(folder / "answers.npz", made=made, seconds=spent() - begin)
            return
        out = {
            "before": aggregates(orders, before, None),
            "before_90d": aggregates(orders, before, 90),
            "at": aggregates(orders, asked, None),
        }
    finally:
        getml.engine.shutdown()
    np.savez(folder / "answers.npz", **out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        main(Path(sys.argv[1]))
