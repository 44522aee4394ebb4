"""People inside accounts: what it costs to declare who acted, against the same events of the same accounts, and of people without accounts.

    python benchmarks/accounts.py [--events 2000000 20000000] [--cutoffs 12]

Accounts of 20 people on average and 400 events; every side reads the same Parquet file and makes the whole catalog at the same cutoffs; CPU
time, one pinned core, all in one run. Features that only the first side has are those of its people.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import churnpredict as cp
from _measure import Table, cpu, pin

PEOPLE, EVENTS = 20, 400  # of an account on average
PROMISE = 1.3


def write_events(path: Path, events: int, seed: int = 0) -> None:
    """Three years of events in time order: accounts and people with ids of text, an amount, a kind; busy and quiet people."""
    rng = np.random.default_rng(seed)
    accounts = events // EVENTS
    people = accounts * PEOPLE
    home = np.sort(
        np.append(np.arange(accounts), rng.integers(0, accounts, people - accounts))
    )  # everybody has one account, each account somebody
    weight = rng.gamma(0.5, 1.0, people)
    who = rng.choice(people, events, p=weight / weight.sum()).astype(np.int32)
    shuffled = rng.permutation(people)  # ids of the people of an account are not neighbours
    names, firms = pa.array([f"user-{i:08d}" for i in range(people)]), pa.array([f"account-{i:06d}" for i in range(accounts)])
    when = np.sort(rng.integers(0, 3 * 365 * 86_400, events)) * 1_000_000 + pd.Timestamp("2022-01-01").value // 1000
    table = pa.table(
        {
            "account_id": pa.DictionaryArray.from_arrays(pa.array(home[who].astype(np.int32)), firms).cast(pa.string()),
            "user_id": pa.DictionaryArray.from_arrays(pa.array(shuffled[who].astype(np.int32)), names).cast(pa.string()),
            "ts": pa.array(when, pa.timestamp("us")),
            "amount": np.round(rng.gamma(2.0, 20.0, events), 2),
            "kind": rng.choice(["view", "edit", "share", "export"], events),
        }
    )
    pq.write_table(table, path, row_group_size=1_000_000)


def features(path: Path, cutoffs: list[pd.Timestamp], customer: str, user: str | None) -> tuple[int, int]:
    """Return the customers and features of the whole catalog at the cutoffs."""
    log = cp.Events(str(path), customer=customer, time="ts", value="amount", kind="kind", user=user, repeats="keep")
    tables = cp.EventTables(log=log)
    past = cp.take_snapshots(tables, cp.Inactivity("90d", of="log", active_within="ever"), at=cutoffs)
    X = cp.build_features(tables, past)
    return len(tables), X.shape[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[2_000_000, 20_000_000])
    parser.add_argument("--cutoffs", type=int, default=12)
    options = parser.parse_args()
    pin()
    cutoffs = [pd.Timestamp("2024-12-31") - pd.Timedelta(days=30 * k) for k in range(options.cutoffs)][::-1]
    sides = {
        "accounts and their people": ("account_id", "user_id"),
        "accounts alone": ("account_id", None),
        "people without accounts": ("user_id", None),
    }
    with tempfile.TemporaryDirectory() as folder:
        for events in options.events:
            path = Path(folder) / "events.parquet"
            write_events(path, events)
            for side in sides.values():  # compiled code
                cpu(features, path, cutoffs[-1:], *side)
            table = Table(f"{events:,} events, {len(cutoffs)} cutoffs", ["side", "customers", "features", "CPU s", "ratio", "promise"])
            runs = {
                name: min((cpu(features, path, cutoffs, *side) for _ in range(3)), key=lambda run: run[1]) for name, side in sides.items()
            }
            mine = next(iter(runs.values()))[1]
            for place, (name, ((customers, made), seconds)) in enumerate(runs.items()):
                ratio = f"{mine / seconds:.2f}x" if place else ""
                table.add(name, f"{customers:,}", f"{made}", f"{seconds:.2f}", ratio, f"<= {PROMISE}" if place else "")
            table.print()


if __name__ == "__main__":
    main()
