"""A small business whose sources change from day to day as sources do: new files, late rows, corrections, deletions, other declarations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp
from churnpredict.events.partition_context import all_streams
from churnpredict.features.write import features_by_part

__all__ = ["TOGETHER", "Sources", "features_of", "found", "rows_of"]

FIRST = pd.Timestamp("2024-01-01")
TOGETHER: list[dict[str, Any]] = [  # of which rows are one is decided among all files
    {"repeats": "drop"},
    {"id": "line"},
    {"order": "basket", "known_at": "seen_at"},
    {"id": "line", "order": "basket", "repeats": "drop"},
    {"order": "basket", "repeats": "drop", "item": None},
]


class Sources:
    """Folders of files that a job reads, and the random changes of a day.

    Parameters
    ----------
    home : Path
    rng : Generator
    ending : str
        Of the files of orders: "parquet" or "csv".
    numbers : bool
        Whether ids are whole numbers.
    """

    def __init__(self, home: Path, rng: np.random.Generator, ending: str = "parquet", *, numbers: bool = False) -> None:
        self.home, self.rng, self.ending, self.numbers = home, rng, ending, numbers
        self.day, self.customers, self.kinds = 0, 30, ["paid", "web"]
        self.files: dict[str, pd.DataFrame] = {}
        self.options: dict[str, Any] = {}
        self.people, self.lines = False, 0
        (home / "orders").mkdir(parents=True)
        for _ in range(6):
            self.new_file()
        self.write_tickets()
        self.write_plans()

    def id_of(self, number: Any) -> Any:
        return int(number) * 7 if self.numbers else f"c-{int(number):03d}"

    def rows(self, n: int, days: tuple[int, int]) -> pd.DataFrame:
        """Orders at few moments, so that there are ties in every column."""
        rng = self.rng
        when = FIRST + pd.to_timedelta(rng.integers(days[0] * 4, days[1] * 4, n) * 6, unit="h")
        self.lines += n
        return pd.DataFrame(
            {
                "line": [f"e{i}" if i % 7 else None for i in range(self.lines - n, self.lines)],
                "basket": [f"b{i}" if i % 5 else None for i in rng.integers(0, 40, n)],
                "who": [self.id_of(i) for i in rng.integers(0, self.customers, n)],
                "paid_at": when.astype("datetime64[us]"),
                "eur": np.where(rng.random(n) < 0.1, np.nan, rng.integers(-1, 4, n) * 1.25),
                "kind": rng.choice(self.kinds, n),
                "item": [f"i{i}" for i in rng.integers(0, 9, n)],
                "person": [None if i == 4 else f"p{i}" for i in rng.integers(0, 5, n)],
                "seen_at": (when + pd.to_timedelta(rng.integers(0, 3, n), unit="D")).astype("datetime64[us]"),
            }
        )

    def write(self, name: str, rows: pd.DataFrame) -> None:
        path = self.home / "orders" / f"{name}.{self.ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files[name] = rows
        rows.to_parquet(path) if self.ending == "parquet" else rows.to_csv(path, index=False)

    def new_file(self) -> None:
        self.day += 1
        self.write(f"part={self.day // 3}/day-{self.day:03d}", self.rows(int(self.rng.integers(5, 40)), (self.day - 1, self.day)))

    def late_rows(self) -> None:
        self.write(f"late-{self.day:03d}-{len(self.files)}", self.rows(9, (0, self.day)))

    def correct(self) -> None:
        name = str(self.rng.choice(list(self.files)))
        rows = self.files[name].copy()
        rows.loc[rows.index[:3], "eur"] = 77.5
        self.write(name, pd.concat([rows.iloc[1:], self.rows(2, (0, self.day))]) if self.rng.random() < 0.5 else rows)

    def repeat(self) -> None:
        """Deliver some rows of a file once more, in another one, as they are or a little later."""
        name = str(self.rng.choice(list(self.files)))
        rows = self.files[name].sample(frac=0.6, random_state=int(self.rng.integers(1e6)))
        if self.rng.random() < 0.2:
            rows = rows.assign(eur=0.5)
        self.write(f"again-{self.day:03d}-{len(self.files)}", rows)

    def delete(self) -> None:
        if len(self.files) > 3:
            name = str(self.rng.choice(list(self.files)))
            del self.files[name]
            (self.home / "orders" / f"{name}.{self.ending}").unlink()

    def shuffle(self) -> None:
        name = str(self.rng.choice(list(self.files)))
        self.write(name, self.files[name].sample(frac=1, random_state=int(self.rng.integers(1e6))))

    def touch(self) -> None:
        (self.home / "orders" / f"{self.rng.choice(list(self.files))}.{self.ending}").touch()

    def new_kind(self) -> None:
        self.kinds.append(str(self.rng.choice(["app", "zoo", "Paid", "shop"])) + str(len(self.kinds)))
        self.new_file()

    def new_customers(self) -> None:
        self.customers += 6
        self.new_file()

    def forget(self) -> None:
        """Remove a customer from all orders."""
        gone = self.id_of(self.rng.integers(0, self.customers))
        for name, rows in list(self.files.items()):
            if (rows["who"] == gone).any() and (rows["who"] != gone).any():
                self.write(name, rows[rows["who"] != gone])

    def write_tickets(self) -> None:
        """A table of intervals that is written again whole, with ends that were open before."""
        rng, n = self.rng, 40
        opened = FIRST + pd.to_timedelta(rng.integers(0, 6 * self.day + 6, n) * 4, unit="h")
        closed = opened + pd.to_timedelta(rng.integers(1, 200, n), unit="h")
        known = closed < FIRST + pd.Timedelta(days=self.day)
        frame = pd.DataFrame(
            {
                "who": [self.id_of(i) for i in rng.integers(0, self.customers, n)],
                "opened": opened,
                "closed": closed.where(known),
                "topic": rng.choice(["bill", "late"], n),
                "stars": np.where(known, rng.integers(1, 6, n), np.nan),
            }
        )
        frame.to_csv(self.home / "tickets.csv", index=False)

    def write_plans(self) -> None:
        """A table of states in one file a week; values that are all numbers, or not."""
        rng, n = self.rng, 12
        values = rng.integers(1, 4, n) if rng.random() < 0.8 else rng.choice(["a", "b"], n)
        frame = pd.DataFrame(
            {
                "who": [self.id_of(i) for i in rng.permutation(self.customers)[:n]],
                "since": FIRST + pd.to_timedelta(rng.integers(0, 4 * self.day + 4, n) * 6, unit="h"),
                "tier": values,
            }
        )
        (self.home / "plans").mkdir(exist_ok=True)
        frame.to_csv(self.home / "plans" / f"{len(list((self.home / 'plans').iterdir())):03d}.csv", index=False)

    def write_people(self) -> None:
        """A table of customers, which leaves some rows to strangers."""
        self.people = True
        part = int(self.rng.integers(0, 2))
        known = [i for i in self.rng.permutation(self.customers)[: max(3, self.customers - 4)] if i % 2 == part]
        frame = pd.DataFrame({"who": [self.id_of(i) for i in known], "city": self.rng.choice(["Rome", "Bonn", "Oslo"], len(known))})
        (self.home / "people").mkdir(exist_ok=True)
        frame.to_csv(self.home / "people" / f"{part}.csv", index=False)

    def declare(self) -> None:
        """Declare the orders in another way."""
        choices: list[dict[str, Any]] = [{}, {"known_at": "seen_at"}, {"item": None}, {"user": None}, *TOGETHER]
        self.options = choices[int(self.rng.integers(len(choices)))]

    def change(self) -> list[str]:
        """Make the changes of one day, and return what they are."""
        mostly = [self.new_file] * 6
        others = [self.late_rows, self.correct, self.delete, self.shuffle, self.touch, self.new_kind, self.new_customers, self.forget]
        others += [self.write_tickets, self.write_plans, self.declare, self.write_people, self.repeat]
        n = int(self.rng.integers(0, 4))
        chosen = [mostly[0], *(others[int(i)] for i in self.rng.integers(0, len(others), n))] if self.rng.random() < 0.9 else []
        for change in chosen:
            change()
        return [change.__name__ for change in chosen]

    def declared(self) -> dict[str, Any]:
        orders = {"customer": "who", "time": "paid_at", "value": "eur", "kind": "kind", "item": "item", "user": "person"}
        orders |= {"repeats": "keep"} | self.options
        tickets = cp.Intervals(
            str(self.home / "tickets.csv"),
            customer="who",
            start="opened",
            end="closed",
            kind="topic",
            value_at_end="stars",
            end_inclusive=False,
            repeats="keep",
        )
        found: dict[str, Any] = {
            "orders": cp.Events(str(self.home / "orders" / "**" / f"*.{self.ending}"), **orders),
            "tickets": tickets,
            "plans": cp.States(str(self.home / "plans"), customer="who", time="since", values=["tier"]),
        }
        if self.people:
            found["people"] = cp.Customers(str(self.home / "people"), customer="who", attributes=["city"])
        return found


def rows_of(tables: Any) -> dict[str, pd.DataFrame]:
    """Return all rows of partitioned tables, by customer and then in their order, labels as texts."""
    found: dict[str, list[pd.DataFrame]] = {}
    for part in tables:
        ids = part.ids.to_pandas()
        for name, stream in all_streams(part).items():
            frame = pd.DataFrame({"customer": ids.take(stream.owners).to_numpy(), "time": stream.times})
            for column, values in stream.columns.items():
                labels = part.labels[name].get(column)
                frame[column] = values if labels is None else [None if c < 0 else labels[int(c)].as_py() for c in values]
            found.setdefault(name, []).append(frame)
    return {name: pd.concat(frames).sort_values("customer", kind="stable", ignore_index=True) for name, frames in found.items()}


def found(tables: Any, *, features: bool = True) -> dict[str, Any]:
    """Return all that a run sees of tables: rows, kinds, labels and ends, and features as bytes."""
    whole = tables.outline
    ends = {name: (whole.first_event(name), whole.observed_until(name)) for name in whole.streams if len(whole.streams[name])}
    rows = {name: {c: frame[c].tolist() for c in sorted(frame)} for name, frame in rows_of(tables).items()}
    kinds = {name: whole.kinds(name) for name in whole.streams}
    labels = {name: {c: v.to_pylist() for c, v in own.items()} for name, own in tables.labels.items()}
    seen = {"rows": repr(sorted(rows.items())), "kinds": kinds, "ends": ends, "labels": labels}
    return seen | features_of(tables, max(end for _, end in ends.values())) if features else seen


def features_of(tables: Any, end: int) -> dict[str, Any]:
    """Return the whole catalog at two cutoffs, to the last bit."""
    at = pd.Timestamp(end, unit="us", tz="UTC")
    rule = cp.Inactivity("5d", of="orders", active_within="ever")
    X = pd.concat(list(features_by_part(tables, rule, at=[at, at - pd.Timedelta(days=3)]))).sort_index()
    categories = {c: [str(v) for v in X[c].cat.categories] for c in X if isinstance(X[c].dtype, pd.CategoricalDtype)}
    bits = {c: X[c].astype(object).map(str).tolist() if c in categories else X[c].to_numpy().tobytes() for c in X}
    return {"index": X.index.tolist(), "bits": bits, "categories": categories}
