"""Exact SHAP interaction values from leaf tables, beside woodelf's and shap's: one core, CPU time, one run.

taskset -c 0 python benchmarks/interactions.py            # 300 trees x 31 leaves, 100 features, 50,000 rows
python benchmarks/interactions.py --quick                 # 5,000 rows

Building the tables is counted; the compiled kernels are on disk already. Slow sides are measured on fewer rows and scaled per row, which
the table says. woodelf (`pip install woodelf-explainer`) is left out where it is not installed.
"""

import argparse
import contextlib
import io
import re
import sys
import warnings
from pathlib import Path

import numpy as np

from _measure import Table, cpu, pin
from churnpredict.explanation.treeshap import TreeShap
from explain import FEATURES, best, gate, gates, make

DRIVERS = np.arange(FEATURES) % 12


def peak_mb(reset=False):
    """The most memory held since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1)) / 1024


def consume(blocks):
    """Go through all blocks as somebody would who sums them: the whole array would have 4 GB."""
    total = np.zeros(FEATURES)
    for _, values in blocks:
        total += values[:, 0].sum(axis=0)
    return total


def shap_side(booster, A, n):
    """shap's own interaction values, on few rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    explainer = shap.TreeExplainer(booster)
    theirs, seconds = cpu(lambda: explainer.shap_interaction_values(A))
    return np.asarray(theirs), seconds * n / len(A)


def woodelf_side(booster, A):
    """woodelf's interaction values of all rows, path-dependent, its preparation included; None where it is not installed."""
    try:
        from woodelf import WoodelfExplainer
    except ImportError:
        return None
    import pandas as pd

    X = pd.DataFrame(A, columns=[f"Column_{j}" for j in range(FEATURES)])
    explainer = WoodelfExplainer(booster)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # it tells of every tree
        _, seconds = cpu(lambda: explainer.shap_interaction_values(X))
    return seconds


def main():
    """Run both sides, print them, fail when a promise does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    pin()
    booster, A = make(5_000 if quick else 50_000, 6)
    n, few = len(A), 20 if quick else 60
    TreeShap(booster).interaction_values(A[:600], groups=DRIVERS)
    before = peak_mb(reset=True)
    _, ours = best(lambda: consume(TreeShap(booster, few_rows=0).iter_interactions(A)), 2)
    grown = peak_mb() - before
    _, top = best(lambda: TreeShap(booster).top_pairs(A, 20), 2)
    _, drivers = best(lambda: TreeShap(booster).interaction_values(A, groups=DRIVERS), 2)
    _, background = best(lambda: consume(TreeShap(booster, A[:1000]).iter_interactions(A)), 1)
    theirs, slow = shap_side(booster, A[:few], n)
    difference = np.abs(TreeShap(booster).interaction_values(A[:few])[0] - theirs).max()
    woodelf = woodelf_side(booster, A)
    table = Table(f"interaction values, {n:,} rows x {FEATURES} features, {booster.num_trees()} trees x 31 leaves", ["", "CPU s", "ratio"])
    table.add("all pairs of features, block by block", f"{ours:.1f}", "1")
    table.add("the 20 strongest pairs, two passes", f"{top:.1f}", f"{top / ours:.2f}")
    table.add("pairs of 12 drivers", f"{drivers:.1f}", f"{drivers / ours:.2f}")
    table.add("against 1,000 reference rows", f"{background:.1f}", f"{background / ours:.2f}")
    table.add(f"shap.TreeExplainer ({few} rows, scaled)", f"{slow:.0f}", f"{slow / ours:.0f}")
    table.add("woodelf, all rows", "-" if woodelf is None else f"{woodelf:.1f}", "" if woodelf is None else f"{woodelf / ours:.1f}")
    table.add("largest difference to shap", f"{difference:.1e}", "")
    table.add("MB more at the peak, all pairs", f"{grown:.0f}", "")
    table.print()
    gate("times shap", slow / ours, 40 if quick else 80)
    if woodelf is not None:
        gate("times woodelf", woodelf / ours, 1 if quick else 3)
    gate("difference to shap", difference, 1e-12, at_least=False)
    gate("MB more at the peak", grown, 600, at_least=False)
    for what, value, wanted, holds in gates:
        print(f"{'ok  ' if holds else 'MISS'}  {what}: {value:.3g} (wanted {wanted:.3g})")
    sys.exit(not all(holds for *_, holds in gates))


if __name__ == "__main__":
    main()
