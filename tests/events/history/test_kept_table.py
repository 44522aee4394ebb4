"""One kept table: which of its files are read again."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from tests.events.history.test_kept_tables import MARKS, changes, from_scratch, seen
from tests.laws.days import Sources

import churnpredict as cp
from churnpredict.errors import ChurnWarning

pytestmark = MARKS


def at_rest(sources: Sources) -> None:
    """Give all sources a moment of change long ago, as those of yesterday have, and let the history see it."""
    for path in sources.home.rglob("*"):
        os.utime(path, (1.7e9, 1.7e9))


def test_only_new_and_changed_files_are_read(sources: Sources) -> None:
    assert changes(sources) == {"orders": "read 6 of 6 files", "tickets": "read 1 of 1 files", "plans": "read 1 of 1 files"}
    at_rest(sources)
    assert set(changes(sources).values()) == {"unchanged (6 files)", "unchanged (1 files)"}
    sources.new_file()
    assert changes(sources)["orders"] == "read 1 of 7 files"
    sources.correct()
    assert changes(sources)["orders"] == "read 1 of 7 files"
    sources.delete()
    assert changes(sources)["orders"] == "unchanged (6 files)"
    assert seen(sources) == from_scratch(sources)


def test_a_changed_file_of_the_same_size_and_time_is_noticed(sources: Sources) -> None:
    path = sources.home / "tickets.csv"
    seen(sources)
    stat, text = path.stat(), path.read_text()
    path.write_text(text.replace("bill", "ball"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert changes(sources)["tickets"] == "read 1 of 1 files"
    assert seen(sources) == from_scratch(sources)


def test_how_a_file_is_written_is_a_part_of_its_declaration(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("who,at,eur\na,2024-01-01,1.234\nb,2024-01-02,5.678\n")
    found = []
    for decimal, thousands in ((".", None), (",", ".")):
        source = cp.File(str(tmp_path / "log.csv"), decimal=decimal, thousands=thousands)
        orders = cp.Events(source, customer="who", time="at", value="eur")
        if found:
            with pytest.warns(ChurnWarning, match="declaration has changed"):
                tables = cp.runs.open_history(tmp_path / "history", orders=orders)
        else:
            tables = cp.runs.open_history(tmp_path / "history", orders=orders)
        with tables:
            found.append(float(tables.partition(0).streams["orders"].columns["value"].sum()))
    assert found == [1.234 + 5.678, 1234 + 5678]


def test_what_was_counted_in_earlier_rows_is_counted_once(tmp_path: Path) -> None:
    """Five days of 20 rows: 2 rows without a time are 2 %, whatever was counted in how many runs."""
    (tmp_path / "log").mkdir()
    told = []
    for day in range(5):
        times = ["" if day == 4 and i < 2 else f"2024-01-0{day + 1}" for i in range(20)]
        (tmp_path / "log" / f"{day}.csv").write_text("who,at\n" + "".join(f"c{i},{at}\n" for i, at in enumerate(times)))
        visits = cp.Events(str(tmp_path / "log"), customer="who", time="at")
        with pytest.warns(ChurnWarning) if day == 4 else nullcontext() as warned, cp.runs.open_history(tmp_path / "history", visits=visits):
            told = [] if warned is None else [str(w.message) for w in warned]
    assert [text for text in told if "2 of 100 rows" in text], told
