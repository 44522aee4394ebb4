"""Taking in new files: in buckets where days are large, and all or nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.events.history.test_kept_tables import MARKS, from_scratch, kept, seen
from tests.laws.days import Sources

import churnpredict as cp
from churnpredict.errors import ChurnWarning
from churnpredict.events.history import intake

pytestmark = MARKS


def test_refused_data_leave_the_history_what_it_was(sources: Sources) -> None:
    seen(sources)
    before = (sources.home.parent / "history" / "manifest.json").read_bytes()
    rows = sources.rows(60, (0, 5))
    sources.write("wrong", rows.assign(paid_at=pd.NaT))
    with pytest.raises(cp.ChurnError) as scratch:
        from_scratch(sources)
    with pytest.warns(ChurnWarning, match="history-reread"), pytest.raises(cp.ChurnError) as refused:
        kept(sources)
    assert str(refused.value) == str(scratch.value)
    assert (sources.home.parent / "history" / "manifest.json").read_bytes() == before


def test_shares_are_of_all_rows_not_of_new_ones(sources: Sources) -> None:
    """A day on which half of the rows have no time is refused alone, and is a small share of the whole."""
    for _ in range(10):
        sources.new_file()
    seen(sources)
    rows = sources.rows(4, (0, 5))
    sources.write("half", rows.assign(paid_at=rows["paid_at"].where([True, True, True, False])))
    with pytest.warns(ChurnWarning, match="null-time"):
        expected = from_scratch(sources)
    with pytest.warns(ChurnWarning, match="null-time"):
        assert seen(sources) == expected


def test_large_days_go_through_buckets(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "FEW", 20)
    seen(sources)
    for _ in range(3):
        sources.new_file()
    assert seen(sources) == from_scratch(sources)
    assert not (sources.home.parent / "history" / ".scratch").exists()
