"""Raw scores of trees beside LightGBM's own predict: one core, CPU time, one run.

    python benchmarks/scores.py [--rows 100000] [--peers]

300 trees on 100 columns with missing values. The compiled kernel is on disk already (a first call compiles it once per installation).
``--peers`` adds treelite with its compiler tl2cgen where they are installed. lleaves 1.3 asks for an older llvmlite than Numba does.
"""

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.model.tree_scores import TreeScores
from churnpredict.model.trees import read_trees

COLUMNS = 100
TREES = 300
PROMISE = 0.4


def make(rows, leaves, seed=0):
    """A booster, and rows of which a twentieth of the values are missing."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, COLUMNS))
    A[rng.random(A.shape) < 0.05] = np.nan
    some = A[: min(rows, 20_000)]
    y = rng.random(len(some)) < 1 / (1 + np.exp(-np.nan_to_num(some) @ rng.normal(0, 0.3, COLUMNS)))
    params = {"objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    return lgb.train(params, lgb.Dataset(some, y), TREES), A


def best(work, repeats=3):
    """The result and the least CPU seconds: other processes only ever add."""
    return min((cpu(work) for _ in range(repeats)), key=lambda pair: pair[1])


def treelite(booster, A):
    """Scores by treelite's compiled C."""
    import tl2cgen
    import treelite as library

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.so")
        tl2cgen.export_lib(library.frontend.from_lightgbm(booster), toolchain="gcc", libpath=path, params={"parallel_comp": 8})
        predictor, rows = tl2cgen.Predictor(path, nthread=1), tl2cgen.DMatrix(A, dtype="float64")
        return best(lambda: predictor.predict(rows, pred_margin=True).ravel())


PEERS = {"tl2cgen": treelite}


def many_rows(rows, peers):
    """Whether the promise holds for trees of 31 leaves; other sizes are printed beside."""
    ratios = {}
    for leaves in (31, 63, 255):
        booster, A = make(rows, leaves)
        trees = read_trees(booster)
        scores, build = cpu(lambda trees=trees: TreeScores(trees))
        scores.raw(A[:10])
        mine, ours = best(lambda scores=scores, A=A: scores.raw(A))
        theirs, predict = best(lambda booster=booster, A=A: booster.predict(A, raw_score=True, num_threads=1))
        if not np.array_equal(mine, theirs):
            sys.exit("the scores differ")
        ratios[leaves] = ours / predict
        table = Table(f"{rows:,} rows x {COLUMNS} columns, {TREES} trees x {leaves} leaves: equal to the last bit", ["", "CPU s", "ratio"])
        table.add("Booster.predict", f"{predict:.2f}", "1")
        table.add("churnpredict", f"{ours:.2f}", f"{ours / predict:.3f}")
        table.add("building, once", f"{build:.2f}", "")
        for name in peers:
            found, seconds = PEERS[name](booster, A)
            table.add(f"{name} (difference {np.abs(found - theirs).max():.0e})", f"{seconds:.2f}", f"{seconds / predict:.3f}")
        table.print()
    return ratios[31]


def few_rows():
    """Microseconds of one call."""
    booster, A = make(20_000, 31)
    scores = TreeScores(read_trees(booster))
    table = Table("one call, microseconds", ["rows", "churnpredict", "Booster.predict"])
    for rows in (1, 16, 100, 1000):
        calls = range(0, len(A) - rows, max(rows, len(A) // 200))
        _, ours = best(lambda rows=rows, calls=calls: [scores.raw(A[i : i + rows]) for i in calls])
        _, theirs = best(lambda rows=rows, calls=calls: [booster.predict(A[i : i + rows], raw_score=True, num_threads=1) for i in calls])
        left = " (left to LightGBM)" if rows < 16 else ""
        table.add(f"{rows:,}{left}", f"{1e6 * ours / len(calls):,.0f}", f"{1e6 * theirs / len(calls):,.0f}")
    table.print()


def look_up():
    """Milliseconds of one call of a trained classifier on a frame: columns by name, all members, calibration."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(3_000, 60)), columns=[f"habit__orders_count_{j}d" for j in range(60)])
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-X.to_numpy() @ rng.normal(0, 0.3, 60)))).astype(int)
    model = cp.ChurnClassifier(n_jobs=1, random_state=0).fit(X, y)
    boosters = [m.booster for m in model.members_ if hasattr(m, "booster")]
    table = Table(
        f"one call of a classifier of {len(boosters)} boosters, milliseconds",
        ["rows", "predict_proba", "Booster.predict of each, columns by place"],
    )
    for rows in (1, 100):
        some = [X.iloc[i : i + rows] for i in range(0, 2_000, 20)]
        ours = best(lambda some=some: [model.predict_proba(part) for part in some], 5)[1]
        theirs = best(lambda some=some: [b.predict(part.to_numpy(), raw_score=True, num_threads=1) for part in some for b in boosters], 5)[
            1
        ]
        table.add(f"{rows:,}", f"{1e3 * ours / len(some):.2f}", f"{1e3 * theirs / len(some):.2f}")
    table.print()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    pin()
    peers = [name for name in PEERS if given.peers and importlib.util.find_spec(name)]
    ratio = many_rows(given.rows, peers)
    few_rows()
    look_up()
    print(f"ratio at 31 leaves {ratio:.3f} (<= {PROMISE}): {'kept' if ratio <= PROMISE else 'MISSED'}")
    sys.exit(ratio > PROMISE)


if __name__ == "__main__":
    main()
