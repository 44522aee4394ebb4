"""A model text that cannot hurt: damaged files, each judged in a child process, and what checking costs beside LightGBM's own load.

taskset -c 1 python benchmarks/model_file.py            # 1,000 damaged files
python benchmarks/model_file.py --quick                 # 150
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import lightgbm as lgb
import numpy as np

from _measure import Table, cpu, pin

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.faults.model_damage import damaged, judge

from churnpredict.model.trees import read_trees


def make(n_trees, num_leaves=31):
    """A binary booster with categories and missing values, its rows and their scores."""
    rng = np.random.default_rng(1)
    A = np.column_stack([rng.normal(size=(5000, 20)), rng.integers(0, 60, 5000)])
    A[rng.random(A.shape) < 0.05] = np.nan
    y = np.nan_to_num(A[:, :5]).sum(axis=1) + (A[:, 20] % 3 == 0) + rng.normal(size=5000) > 0
    params = {"objective": "binary", "num_leaves": num_leaves, "verbose": -1, "num_threads": 1, "min_data_per_group": 20}
    booster = lgb.train(params, lgb.Dataset(A, y, categorical_feature=[20]), n_trees)
    return booster, A[:300], booster.predict(A[:300], raw_score=True)


def damage(n):
    """Judge ``n`` damaged files; true when none crashed, hung, or differed other than by a number."""
    booster, rows, expected = make(12, 15)
    data = booster.model_to_string().encode()
    verdicts = Counter()
    for name, bad in damaged(data, n, seed=2):
        verdicts[name.split()[0], judge(bad, rows, expected)] += 1
    kinds = sorted({kind for kind, _ in verdicts})
    results = ("refused", "same", "different", "crash", "hang")
    table = Table(f"{n} damaged files of {len(data):,} bytes", ["", *results])
    for kind in kinds:
        table.add(kind, *(str(verdicts[kind, result]) for result in results))
    total = {result: sum(verdicts[kind, result] for kind in kinds) for result in results}
    table.add("all", *(str(total[result]) for result in results))
    table.print()
    print("A different model is one number changed into another: the hash of the model file refuses these too.\n")
    return total["crash"] + total["hang"] == 0


def loading():
    """What the check and the canonical text cost beside LightGBM's own load of the same text."""
    text = make(300)[0].model_to_string()

    sides = (
        lambda: lgb.Booster(model_str=text),
        lambda: read_trees(text),
        lambda: lgb.Booster(model_str=read_trees(text).to_text()),
    )
    least = [np.inf] * 3
    for _ in range(40):  # in turn, so that what else runs on the machine meets all of them
        least = [min(known, 1000 * cpu(side)[1]) for known, side in zip(least, sides, strict=True)]
    own, check, both = least
    table = Table(f"300 trees x 31 leaves, {len(text):,} bytes", ["", "CPU ms", "ratio"])
    table.add("LightGBM reads its text", f"{own:.1f}", "1")
    table.add("check alone", f"{check:.1f}", f"{check / own:.2f}")
    table.add("check, canonical text, LightGBM reads it", f"{both:.1f}", f"{both / own:.2f}")
    table.print()
    return both / own <= 3


def main():
    """Both promises; fails when one does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    pin()
    holds = [damage(150 if quick else 1000), loading()]
    sys.exit(not all(holds))


if __name__ == "__main__":
    main()
