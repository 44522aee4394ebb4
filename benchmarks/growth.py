"""What the next day costs with a kept history: against the size of the day, and against the size of the history.

    taskset -c 1 python benchmarks/growth.py [--plot docs/images/next-day.png]

Each point is a process of its own that reads what is new, merges it and writes the features of everybody at risk (``batch.py --features``):
CPU seconds without what the same process takes for 5,000 events, beside a run from scratch on the same files.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from _measure import Table, pin
from batch import end_of, in_child, write_days
from size import write_events

HISTORIES, HISTORY = (1_000_000, 2_000_000, 4_000_000, 8_000_000), 2_000_000
DAYS = (2, 16, 64, 128, 256)  # thousandths of the history
Points = list[tuple[float, float, float]]  # rows, kept, from scratch


def next_days(home: Path, events: int, days: tuple[int, ...], start: float) -> Points:
    """Keep a history of so many events, then let one day after the other come."""
    folder, later = home / "log", home / "later"
    folder.mkdir(parents=True)
    later.mkdir()
    files = write_days(folder, later, events, SimpleNamespace(days=days, customers=events // 100))
    in_child("--features", folder, home / "first", "4GiB", end_of(folder), home / "history")
    found = []
    for number, (file, rows) in enumerate(files):
        file.rename(folder / file.name)
        kept = in_child("--features", folder, home / f"kept-{number}", "4GiB", end_of(folder), home / "history")["cpu"]
        scratch = in_child("--features", folder, home / f"scratch-{number}", "4GiB", end_of(folder), "")["cpu"]
        found.append((rows, kept - start, scratch - start))
    return found


def draw(path: Path, by_day: Points, by_history: Points) -> None:
    """Both curves, from scratch and kept."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    for axis, points, what in zip(axes, (by_day, by_history), ("new rows, thousands", "rows kept, millions"), strict=True):
        rows, kept, scratch = np.array(points).T
        rows = rows / (1e3 if points is by_day else 1e6)
        axis.plot(rows, scratch, "o-", color="0.55", label="from scratch")
        axis.plot(rows, kept, "o-", color="#0b6e99", label="kept history")
        axis.set_xlabel(what)
        axis.set_ylim(0)
        axis.set_xlim(0)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_title(f"size of the day ({HISTORY / 1e6:.0f} million rows kept)", fontsize=10, loc="left")
    axes[1].set_title("size of the history (a day of two thousandths)", fontsize=10, loc="left")
    axes[0].set_ylabel("CPU s without the start")
    axes[1].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    pin()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_events(home / "tiny.parquet", 5_000, customers=100)
        start = min(
            in_child("--features", home / "tiny.parquet", home / f"tiny-{i}", "4GiB", end_of(home / "tiny.parquet"), "")["cpu"]
            for i in range(3)
        )
        by_history = [next_days(home / f"{events}", events, DAYS if events == HISTORY else DAYS[:1], start) for events in HISTORIES]
    by_day = by_history[HISTORIES.index(HISTORY)]
    table = Table(
        f"features the next day; the start of a process, {start:.2f} CPU s, is left out",
        ["kept", "new", "kept, s", "from scratch, s", "ratio"],
    )
    for events, points in zip(HISTORIES, by_history, strict=True):
        for rows, kept, scratch in points:
            table.add(f"{events:,}", f"{rows:,}", f"{kept:.2f}", f"{scratch:.2f}", f"{scratch / kept:.1f}")
    table.print()
    if given.plot:
        draw(given.plot, by_day, [(events, *points[0][1:]) for events, points in zip(HISTORIES, by_history, strict=True)])


if __name__ == "__main__":
    main()
