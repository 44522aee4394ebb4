"""A newcomer's path, measured: a fresh clone, a fresh home, an own CSV; commands and minutes to the first score.

    python benchmarks/newcomer.py [--wheel]

The checkout is cloned, everything is installed into a new environment (from the package index, with an empty cache of its own), and what
``docs/start`` says is typed: init, train, score, on a CSV of 100,000 rows. At most 3 commands, under 90 seconds together,
the first word within a second; installation is told apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
SECONDS, FIRST, COMMANDS, ROWS = 90, 1.0, 3, 100_000


def write_csv(path: Path) -> None:
    """A shop's orders as somebody would export them: own column names, dates as text."""
    rng = np.random.default_rng(7)
    rows = []
    customer = 0
    while len(rows) < ROWS:
        gap, leaves = rng.gamma(3, 8) + 4, rng.exponential(400)
        days = rng.integers(0, 300) + np.cumsum(rng.exponential(gap, 80))
        rows += [(f"C-{customer:05d}", day, rng.gamma(2, 20)) for day in days if day < min(730, days[0] + leaves)]
        customer += 1
    frame = pd.DataFrame(rows[:ROWS], columns=["client", "day", "total"])
    frame.insert(1, "order_date", (pd.Timestamp("2023-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")).dt.strftime("%Y-%m-%d"))
    frame.round(2).to_csv(path, index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", action="store_true", help="install a wheel built from the clone instead of the clone")
    given = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        home, clone, work = place / "home", place / "clone", place / "work"
        home.mkdir()
        work.mkdir()
        write_csv(work / "orders.csv")
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "SSL_CERT_FILE") or k.startswith(("PIP_", "HTTP", "http"))}
        environment = {**kept, "HOME": str(home)}
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)

        def run(command: list[str], folder: Path) -> tuple[float, float]:
            begin, spent = time.perf_counter(), os.times()
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
            now = os.times()
            cpu = now.children_user + now.children_system - spent.children_user - spent.children_system
            return time.perf_counter() - begin, cpu

        steps = [("python -m venv", run([sys.executable, "-m", "venv", str(place / "venv")], place))]
        pip = [str(place / "venv/bin/python"), "-m", "pip", "install", "--quiet"]
        if given.wheel:
            run([*pip, "build"], place)
            run([str(place / "venv/bin/python"), "-m", "build", "--wheel", "--outdir", str(place / "dist"), str(clone)], place)
            (package,) = (place / "dist").glob("*.whl")
        else:
            package = clone
        steps.append(("pip install churnpredict", run([*pip, str(package)], place)))
        tool = str(place / "venv/bin/churnpredict")
        begin = time.perf_counter()
        with subprocess.Popen(
            [tool, "init", "--dry-run", "orders.csv"], cwd=work, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        ) as asked:
            assert asked.stderr is not None
            asked.stderr.readline()
            first = time.perf_counter() - begin
        typed = [["init", "orders.csv"], ["train"], ["score"]]
        steps += [(f"churnpredict {' '.join(words)}", run([tool, *words], work)) for words in typed]
        scores = pd.read_csv(work / "scores.csv")
    print(f"  load {load:.1f} before; seconds by the clock, and of CPU")
    for name, (seconds, cpu) in steps:
        print(f"  {name:<28}{seconds:7.1f} {cpu:7.1f}")
    total, cpu = (sum(both[i] for name, both in steps if name.startswith("churnpredict ")) for i in (0, 1))
    print(f"  first word after {first:.2f} s; {len(typed)} commands, {total:.0f} s ({cpu:.0f} s of CPU), {len(scores):,} scores")
    print(f"  the first: {scores['words'].iloc[0]}")
    if len(typed) > COMMANDS or total > SECONDS or first > FIRST:
        raise SystemExit(f"more than {COMMANDS} commands, {SECONDS} seconds, or {FIRST} s to the first word")


if __name__ == "__main__":
    main()
