"""The page for 100,000 customers and 500 cards: CPU seconds and size, beside writing the scores as CSV.

Run as ``taskset -c 1 python benchmarks/report.py [customers]``.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin

DRIVERS = np.array(["support", "price", "habit", "quality", "payment", "contract", "value"], dtype=object)


def made(n):
    """Scores, changes and activity of customers who never were."""
    rng = np.random.default_rng(0)
    risk, value = rng.beta(2, 8, n), rng.gamma(2, 200, n)
    frame = {"customer_id": [f"K{i:07d}" for i in range(n)], "cutoff": pd.Timestamp("2024-09-01"), "risk": risk, "value": value}
    first = rng.integers(0, len(DRIVERS), n)
    for k in (1, 2, 3):
        frame |= {f"reason_{k}": DRIVERS[(first + k) % len(DRIVERS)], f"reason_{k}_points": risk / 2 / k}
    words = "Support: 3 tickets are open, usually 0. Price: 2 rises within 90 days, typical 0. Habit: 41 days since the last order."
    scores = pd.DataFrame(
        frame | {"money_at_risk": risk * value, "words": words, "owner": rng.integers(0, 40, n).astype(str), "model_id": "f00d"}
    )
    changes = pd.DataFrame({"words": ["Risk up 3.0 points: support +2.1, price +1.2, habit -0.3."] * n}, index=scores["customer_id"])
    return scores, changes, pd.DataFrame(rng.poisson(1, (n, 26)), index=scores["customer_id"])


def main():
    pin()
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    scores, changes, counts = made(n)
    with tempfile.TemporaryDirectory() as folder:
        plan, planning = cpu(lambda: cp.plan_retention(scores, budget=50_000))
        page, writing = cpu(lambda: cp.write_report(scores, Path(folder) / "r.html", plan=plan, changes=changes, activity=counts))
        size = page.stat().st_size
    _, plain = cpu(lambda: scores.to_csv(io.StringIO()))
    table = Table(f"{n:,} customers, {min(500, len(plan.contacts)):,} cards", ["step", "CPU s"])
    for name, seconds in (("plan", planning), ("page", writing), ("both", planning + writing), ("the scores as CSV, by pandas", plain)):
        table.add(name, f"{seconds:.1f}")
    table.print()
    print(f"size of the page: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
