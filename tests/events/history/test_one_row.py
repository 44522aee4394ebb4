"""Kept rows that are one: a file more or less changes what it would change in a run from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.events.history.test_kept_tables import MARKS, from_scratch, seen
from tests.laws.days import Sources

import churnpredict as cp
from churnpredict.errors import ChurnWarning, ContentError
from churnpredict.events import reading
from churnpredict.events.history import kept_tables, one_row
from churnpredict.events.one_row import key_numbers

pytestmark = MARKS


def test_event_ids_are_unique_across_files(tmp_path: Path) -> None:
    rows = pd.DataFrame({"who": ["a", "b"], "at": ["2024-01-01", "2024-01-02"], "id": ["x", "y"], "eur": [1.0, 2.0]})
    rows.to_csv(tmp_path / "1.csv", index=False)
    declared = {"log": cp.Events(str(tmp_path / "*.csv"), customer="who", time="at", id="id", value="eur")}
    with cp.runs.open_history(tmp_path / "history", **declared) as tables:
        assert tables.changes["log"] == "read 1 of 1 files"
    rows.to_csv(tmp_path / "2.csv", index=False)
    with pytest.warns(ChurnWarning, match=r"2 of 4 rows.*repeated-event"):
        tables = cp.runs.open_history(tmp_path / "history", **declared)
    with tables:
        assert tables.changes["log"] == "read 1 of 2 files"
        assert sorted(tables.partition(0).streams["log"].columns["value"].tolist()) == [1.0, 2.0]
    rows.assign(eur=[3.0, 2.0]).to_csv(tmp_path / "2.csv", index=False)
    with pytest.warns(ChurnWarning, match="history-reread"), pytest.raises(ContentError, match=r"1 of 4 rows.*event-id"):
        cp.runs.open_history(tmp_path / "history", **declared)


@pytest.mark.parametrize("many", [1, 100])  # new rows are few, or not
@pytest.mark.parametrize("ids", ["text", "number"])
def test_an_event_id_at_two_customers_is_noticed_in_whatever_partition_they_are(tmp_path: Path, ids: str, many: int) -> None:
    def write(number: int, rows: int, event: int) -> None:
        """Write a file of new customers; one of them has an event of a given number."""
        numbers = np.append(np.arange(rows - 1) + 10_000 * number, event)
        frame = pd.DataFrame({"who": [f"c{number}-{i}" for i in range(rows)], "at": "2024-01-01", "id": numbers})
        frame.assign(id=frame["id"].map("e{}".format) if ids == "text" else frame["id"]).to_csv(tmp_path / f"{number}.csv", index=False)

    declared = {"log": cp.Events(str(tmp_path / "*.csv"), customer="who", time="at", id="id")}
    write(1, 5 * many, 1)
    write(2, 50, 2)
    cp.runs.open_history(tmp_path / "history", partitions=8, **declared).close()
    write(3, 20, 3)
    with cp.runs.open_history(tmp_path / "history", partitions=8, **declared) as tables:
        assert tables.changes["log"] == "read 1 of 3 files"
    write(3, 20, 10_003)
    with pytest.warns(ChurnWarning, match="history-reread"), pytest.raises(ContentError, match=rf"1 of {70 + 5 * many} rows.*event-id"):
        cp.runs.open_history(tmp_path / "history", partitions=8, **declared)
    write(3, 20, 3)
    with cp.runs.open_history(tmp_path / "history", partitions=8, **declared) as tables:
        assert len(tables) == 70 + 5 * many


def test_the_lines_of_an_order_come_together_from_any_file(tmp_path: Path) -> None:
    """The largest line gives the item, and its file may go again."""
    declared = {"log": cp.Events(str(tmp_path / "*.csv"), customer="who", time="at", order="no", value="eur", item="item")}
    lines = [("a", "2024-01-02", "x", 10.0, "pen"), ("a", "2024-01-01", "x", 30.0, "ink"), ("a", "2024-01-03", " ", 1.0, "cap")]

    def seen() -> list[tuple[str, float]]:
        with cp.runs.open_history(tmp_path / "history", **declared) as tables:
            stream, labels = tables.partition(0).streams["log"], tables.labels["log"]["item"].to_pylist()
            return [(labels[i], v) for i, v in zip(stream.columns["item"], stream.columns["value"], strict=True)]

    for number, line in enumerate(lines):
        pd.DataFrame([line], columns=["who", "at", "no", "eur", "item"]).to_csv(tmp_path / f"{number}.csv", index=False)
        expected = [[("pen", 10.0)], [("ink", 40.0)], [("ink", 40.0), ("cap", 1.0)]][number]
        assert seen() == expected
    (tmp_path / "1.csv").unlink()
    assert seen() == [("pen", 10.0), ("cap", 1.0)]


def test_customers_are_unique_across_files(tmp_path: Path) -> None:
    pd.DataFrame({"who": ["a", "b"], "at": ["2024-01-01", "2024-01-02"]}).to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "people").mkdir()
    pd.DataFrame({"who": ["a"], "city": ["Bonn"]}).to_csv(tmp_path / "people" / "1.csv", index=False)
    log = cp.Events(str(tmp_path / "log.csv"), customer="who", time="at")
    people = cp.Customers(str(tmp_path / "people"), customer="who", attributes=["city"])
    cp.runs.open_history(tmp_path / "history", log=log, people=people).close()
    pd.DataFrame({"who": ["b"], "city": ["Rome"]}).to_csv(tmp_path / "people" / "2.csv", index=False)
    with cp.runs.open_history(tmp_path / "history", log=log, people=people) as tables:
        assert tables.changes["people"] == "read 1 of 2 files"
        assert len(tables) == 2
    pd.DataFrame({"who": ["b", "a"], "city": ["Rome", "Bonn"]}).to_csv(tmp_path / "people" / "2.csv", index=False)
    with pytest.warns(ChurnWarning, match="history-reread"), pytest.raises(cp.ChurnError, match="duplicate-customer"):
        cp.runs.open_history(tmp_path / "history", log=log, people=people)


def _one_key(key: str, column: Any, table: str, name: str) -> Any:
    found = key_numbers(key, column, table, name)
    return {column: np.where(numbers < 0, numbers, 1) for column, numbers in found.items()}


@pytest.mark.parametrize(
    ("options", "where", "name", "fault"),
    [
        ({"repeats": "drop"}, kept_tables, "bring_kept_together", lambda name, declaration, rows, new: rows),
        ({"id": "line"}, one_row, "_repeats", lambda declaration, rows, hidden: (0, np.zeros(len(rows.times), np.bool_))),
        ({"id": "line"}, one_row, "_differing", lambda rows, hidden, some: 0),
        ({"order": "basket"}, one_row, "one_row_per_order", lambda rows, high, low: rows),
        ({"order": "basket"}, reading, "key_numbers", _one_key),
    ],
)
def test_planted_faults_of_rows_that_are_one_are_seen(
    sources: Sources, options: dict[str, Any], where: Any, name: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources.options = options
    monkeypatch.setattr(where, name, fault)
    seen(sources)
    rows = next(iter(sources.files.values()))
    sources.write("again", rows.assign(eur=7.5) if name == "_differing" else rows)
    if name == "_differing":
        with pytest.raises(ContentError, match="event-id"):
            from_scratch(sources)
        seen(sources)
    else:
        assert seen(sources) != from_scratch(sources)
