"""What calibration, validation and alignment cost: ChurnClassifier beside plain LightGBM, one core, CPU time, one run.

taskset -c 1 python benchmarks/classifier.py            # 400,000 x 100: fit <= 3x, predict_proba <= 1.15x
python benchmarks/classifier.py --quick                 # 120,000 x 100
"""

import argparse
import time
import warnings

import lightgbm as lgb
import numpy as np
import pandas as pd

from churnpredict.model.classifier import ChurnClassifier


def cpu(function, repeats=1):
    """Result and least CPU seconds of a few calls."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        best = min(best, time.process_time() - start)
    return result, best


def make_rows(n, features, seed=0):
    """A history of 20 cutoffs with a signal in a fifth of its columns; float32, as features are built."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, features)).astype(np.float32), columns=[f"habit__f{j}" for j in range(features)])
    beta = rng.normal(size=features) * (np.arange(features) % 5 == 0) / np.sqrt(features / 5)
    z = X.to_numpy() @ beta + 0.5 * X["habit__f0"] * X["habit__f5"] - 1
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int).to_numpy()
    cutoffs = pd.date_range("2023-01-01", periods=20, freq="15D").as_unit("us")
    X.index = pd.MultiIndex.from_arrays([np.arange(n) // 20, cutoffs[np.arange(n) % 20]], names=["customer_id", "cutoff"])
    return X, y


def main():
    """Measure both sides and say whether the promises hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    n = 120_000 if parser.parse_args().quick else 400_000
    warnings.simplefilter("ignore")
    X, y = make_rows(n, 100)
    model, ours = cpu(lambda: ChurnClassifier(horizon="90d", n_jobs=1, n_estimators=300, n_seeds=1).fit(X, y))
    booster = next(m for m in model.members_ if m.name == "trees").booster
    parameters = {**booster.params, "num_threads": 1}
    plain, theirs = cpu(lambda: lgb.train(parameters, lgb.Dataset(X.to_numpy(), y), num_boost_round=booster.num_trees()))
    what = f"fit {n:,} x 100, {booster.num_trees()} trees"
    print(f"{what}: churnpredict {ours:.1f} s, one LightGBM training {theirs:.1f} s, ratio {ours / theirs:.2f} (<= 3)")
    print("  members:", {m.name: round(m.weight, 2) for m in model.members_})
    test = X.iloc[:100_000]
    raw = test.to_numpy()
    model.predict_proba(test[:100])
    _, ours_p = cpu(lambda: model.predict_proba(test), 3)
    _, theirs_p = cpu(lambda: plain.predict(raw, num_threads=1), 3)
    what = f"predict {len(test):,} x 100"
    print(f"{what}: churnpredict {ours_p:.2f} s, Booster.predict {theirs_p:.2f} s, ratio {ours_p / theirs_p:.3f} (<= 1.15)")
    raise SystemExit(0 if ours <= 3 * theirs and ours_p <= 1.15 * theirs_p else 1)


if __name__ == "__main__":
    main()
