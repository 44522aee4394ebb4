"""Training with the default number of threads beside one thread, by the clock and by the CPU: neither may be wasted on a small business.

    python benchmarks/threads.py [--rows 5000 10000 20000] [--columns 42] [--repeats 3]

The machine must have more than one core for the comparison to say anything. Promised: the default is never above 1.1 times the best
by the clock, and its CPU never above 1.3 times that of one thread.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
import pandas as pd

from churnpredict import ChurnClassifier
from churnpredict.threads import processors


def history(rows: int, columns: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Counts and amounts, many of them zero, as features of customers are."""
    rng = np.random.default_rng(0)
    A = rng.gamma(0.5, 4.0, (rows, columns)) * (rng.random((rows, columns)) > 0.6)
    left = rng.random(rows) < 1 / (1 + np.exp(0.3 * A[:, 0] - 0.2 * A[:, 1]))
    return pd.DataFrame(A, columns=[f"habit__f{j}" for j in range(columns)]), left.astype(int)


SIDES = {"default": None, "one": 1, "all": -1}


def measured(X: pd.DataFrame, y: np.ndarray, repeats: int) -> dict[str, tuple[float, float]]:
    """The best clock time and the best CPU time of a few fits of each side, in seconds; in turn, so that other work troubles all alike."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in SIDES}
    for _ in range(repeats):
        for name, n_jobs in SIDES.items():
            clock, cpu = time.perf_counter(), time.process_time()
            ChurnClassifier(n_jobs=n_jobs).fit(X, y)
            seen[name].append((time.perf_counter() - clock, time.process_time() - cpu))
    return {name: (min(clock for clock, _ in both), min(cpu for _, cpu in both)) for name, both in seen.items()}


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 10_000, 20_000])
    parser.add_argument("--columns", type=int, default=42)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{processors()} processors, load {load:.1f} before; seconds by the clock (CPU), best of {given.repeats}")
    for rows in given.rows:
        X, y = history(rows, given.columns)
        sides = measured(X, y, given.repeats)
        told = ", ".join(f"{name} {clock:.2f} ({cpu:.2f})" for name, (clock, cpu) in sides.items())
        better = min(clock for clock, _ in sides.values())
        by_clock, by_cpu = sides["default"][0] / better, sides["default"][1] / sides["one"][1]
        print(f"{rows:,} x {given.columns}: {told}; default {by_clock:.2f}x of the best by the clock, {by_cpu:.2f}x the CPU")


if __name__ == "__main__":
    main()
