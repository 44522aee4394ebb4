"""A backtest's costly features computed once for all its cutoffs, beside once for each: CPU time of both, and the largest difference.

    python benchmarks/backtest.py [--customers 300 1000] [--whole]

Both sides make what a backtest asks for: training rows, test rows and the baselines' rows of three cutoffs, of all default features and one
that is a Python function, called for every snapshot. With ``--whole`` one backtest of the first size is run as well, to show which part of
it the features are. Customers are simulated.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.pipeline.backtesting import recurring_features
from churnpredict.pipeline.cutoffs import backtest_cutoffs
from churnpredict.pipeline.scoring import snapshots_of
from churnpredict.pipeline.shared_rows import share_features

EVENING = cp.features.OwnFeature("evening", lambda known, cutoff: float((known["orders"].time.dt.hour >= 18).mean()), tables=["orders"])


def rows_of(pipeline: cp.ChurnPipeline, tables: cp.EventTables, cutoffs: list[pd.Timestamp], *, sharing: bool) -> Iterator[pd.DataFrame]:
    """All frames of a backtest in its order: features and outcomes of training and test, and the features of the baselines."""
    shared = share_features(pipeline, tables, cutoffs) if sharing else None
    assert not sharing or shared is not None
    build = cp.build_features if shared is None else shared.build
    for cutoff in cutoffs:
        one = pipeline.copy()
        X, outcomes = one.training_rows(tables, cutoff, shared=shared)
        happened = cp.label_churn(tables, cp.take_snapshots(tables, one.churn, at=cutoff), one.churn)
        X_test = build(tables, snapshots_of(happened), features=one.features_, history=one.history)
        yield from (X, outcomes, X_test, happened, *(recurring_features(tables, build, pipeline=one, X=X, X_test=X_test) or ()))


def run(pipeline: cp.ChurnPipeline, tables: cp.EventTables, cutoffs: list[pd.Timestamp], sharing: bool) -> None:
    """Make all frames and keep none, as a backtest does."""
    for _ in rows_of(pipeline, tables, cutoffs, sharing=sharing):
        pass


def difference(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """The largest absolute difference of any number; missing equals missing, labels and indexes must be equal."""
    worst = 0.0
    pd.testing.assert_index_equal(one.index, other.index)
    for name in one:
        if isinstance(one[name].dtype, pd.CategoricalDtype):
            pd.testing.assert_series_equal(one[name], other[name])
            continue
        x, y = one[name].to_numpy(np.float64), other[name].to_numpy(np.float64)
        worst = max(worst, float(np.nan_to_num(np.abs(x - y), nan=0.0).max()) if (np.isnan(x) == np.isnan(y)).all() else np.inf)
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[300, 1_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="run a whole backtest of the first size, too")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    pin()
    found = Table(
        "features, labels and snapshots of a backtest of three cutoffs, CPU s",
        ["customers", "cutoffs", "distinct", "snapshots", "each alone", "together", "ratio", "shared MiB", "difference"],
    )
    small = cp.make_business(60, random_state=1)
    rows = [*cp.catalog(small.tables), EVENING]
    run(cp.ChurnPipeline(small.churn, features=rows), small.tables, backtest_cutoffs(small.tables, small.churn), True)  # compile
    for n in given.customers:
        shop = cp.make_business(n, random_state=1)
        rows = [*cp.catalog(shop.tables), EVENING]
        pipeline, cutoffs = cp.ChurnPipeline(shop.churn, features=rows), backtest_cutoffs(shop.tables, shop.churn)
        worst, moments, snapshots = 0.0, [], 0
        both = (rows_of(pipeline, shop.tables, cutoffs, sharing=sharing) for sharing in (False, True))
        for k, (one, other) in enumerate(zip(*both, strict=True)):
            worst = max(worst, difference(one, other))
            if k % 6 in (0, 2):
                moments.append(one.index.get_level_values("cutoff").unique())
                snapshots += len(one)
        seconds = {False: np.inf, True: np.inf}
        for _ in range(given.repeats):  # in turns, the best of each: other work on the machine disturbs both
            for sharing, best in seconds.items():
                seconds[sharing] = min(best, cpu(run, pipeline, shop.tables, cutoffs, sharing)[1])
        kept = share_features(pipeline, shop.tables, cutoffs)
        found.add(
            f"{n:,}",
            str(sum(map(len, moments))),
            str(len(set().union(*moments))),
            f"{snapshots:,}",
            f"{seconds[False]:.2f}",
            f"{seconds[True]:.2f}",
            f"{seconds[False] / seconds[True]:.2f}x",
            f"{(0 if kept is None else kept.nbytes) / 2**20:.0f}",
            f"{worst:g}",
        )
    found.print()
    if given.whole:
        shop = cp.make_business(given.customers[0], random_state=1)
        _, whole = cpu(lambda: cp.ChurnPipeline(shop.churn, n_jobs=1).backtest(shop.tables))
        print(f"a whole backtest of {given.customers[0]:,} customers: {whole:.1f} CPU s")


if __name__ == "__main__":
    main()
