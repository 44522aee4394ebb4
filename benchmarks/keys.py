"""What event ids and order numbers cost a kept history: its first run, and the next day beside a run from scratch.

    python benchmarks/keys.py [--rows 600000] [--new 3000]

Parquet files of one log, read by a history of 8 partitions; each row of the table has histories of its own. An order has two lines.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin

KEYS: dict[str, dict[str, Any]] = {
    "neither": {},
    "id=, whole numbers": {"id": "number"},
    "id=, texts": {"id": "line"},
    "order=, texts": {"order": "bill"},
    "id= and order=, texts": {"id": "line", "order": "bill"},
}


def write_log(path: Path, rows: int, first: int, random: np.random.Generator) -> None:
    """Write rows of orders, numbered from ``first`` on; the lines of an order have one customer and one moment."""
    number = first + np.arange(rows)
    orders = pd.DataFrame({"who": random.integers(0, 40_000, rows // 2 + 1), "day": random.integers(0, 700, rows // 2 + 1)})
    of = orders.iloc[(number - first) // 2].reset_index(drop=True)
    at = pd.Timestamp("2022-01-01") + pd.to_timedelta(of["day"], unit="D")
    text = number.astype(str)
    frame = pd.DataFrame({"who": of["who"], "at": at, "amount": random.integers(1, 9_999, rows) / 100, "number": number})
    frame.assign(line="line-" + pd.Series(text), bill="bill-" + pd.Series((number // 2).astype(str))).to_parquet(path, index=False)


def read(folder: Path, history: Path, keys: dict[str, Any]) -> int:
    """Return how many customers a history holds that has read the folder."""
    declared = cp.Events(str(folder), customer="who", time="at", value="amount", money=True, repeats="keep", **keys)
    with cp.runs.open_history(history, orders=declared, partitions=8) as tables:
        return len(tables)


def measured(rows: int, new: int, keys: dict[str, Any]) -> tuple[float, float, float]:
    """Return the CPU seconds of the first run, of the next day, and of a run from scratch then."""
    with tempfile.TemporaryDirectory() as folder:
        home, random = Path(folder), np.random.default_rng(0)
        (home / "log").mkdir()
        write_log(home / "log" / "1.parquet", rows, 0, random)
        _, first = cpu(read, home / "log", home / "history", keys)
        write_log(home / "log" / "2.parquet", new, rows, random)
        people, later = cpu(read, home / "log", home / "history", keys)
        again, scratch = cpu(read, home / "log", home / "anew", keys)
    if people != again:
        raise SystemExit(f"{people} customers the next day, {again} from scratch")
    return first, later, scratch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--new", type=int, default=3_000)
    given = parser.parse_args()
    pin()
    table = Table(
        f"{given.rows:,} rows, then {given.new:,} more; CPU seconds of reading",
        ["keys", "first run", "next day", "from scratch", "times less"],
    )
    for name, keys in KEYS.items():
        measured(5_000, 100, keys)  # compiles
        first, later, scratch = measured(given.rows, given.new, keys)
        table.add(name, f"{first:.2f}", f"{later:.2f}", f"{scratch:.2f}", f"{scratch / later:.1f}")
    table.print()


if __name__ == "__main__":
    main()
