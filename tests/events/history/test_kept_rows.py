"""Rows that are kept: a planted fault in their merging is caught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.events.history.test_kept_tables import MARKS, from_scratch, seen
from tests.laws.days import Sources

import churnpredict as cp
from churnpredict.errors import ChurnWarning
from churnpredict.events.history import kept_table

pytestmark = MARKS


def test_rows_of_the_future_are_read_again(tmp_path: Path) -> None:
    soon = pd.Timestamp.now(tz="UTC").tz_localize(None).floor("s") + pd.Timedelta(days=4)
    pd.DataFrame({"who": ["a", "b"], "at": [pd.Timestamp("2024-01-01"), soon]}).to_csv(tmp_path / "log.csv", index=False)
    declared = {"log": cp.Events(str(tmp_path / "*.csv"), customer="who", time="at")}
    for _ in range(2):
        with pytest.warns(ChurnWarning, match="future-time"), cp.runs.open_history(tmp_path / "history", **declared) as tables:
            assert tables.changes["log"] == "read 1 of 1 files"


def _drop_late(first: Any, second: Any, timezone: str) -> Any:
    return first


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (kept_table, "merge_rows", _drop_late),
        (kept_table, "is_unchanged", lambda unit, proof: proof),
        (kept_table, "without_units", lambda kept, gone, timezone: kept),
        (kept_table, "RATIO", 0),
    ],
)
def test_planted_faults_are_seen(sources: Sources, where: Any, name: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(sources)
    monkeypatch.setattr(where, name, fault)
    sources.correct()  # a file that has been read before
    sources.late_rows()
    sources.new_kind()
    same = seen(sources) == from_scratch(sources)
    assert same == (name == "RATIO"), "how files are put together is no fault: the rows are the same"
