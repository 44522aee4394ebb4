"""Remove customers from a kept history: no trace stays."""

from __future__ import annotations

import pandas as pd
import pyarrow.compute as pc
from tests.events.history.test_kept_tables import MARKS, from_scratch, seen
from tests.laws.days import Sources

from churnpredict.events.history.removal import remove_customers

pytestmark = MARKS


def test_forgetting_leaves_no_trace(sources: Sources) -> None:
    seen(sources)
    home = sources.home.parent / "history"
    gone = str(sources.files["part=0/day-001"]["who"].iloc[0])
    assert any(gone.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())
    rows = remove_customers(home, lambda ids: pc.not_equal(ids, gone))
    assert rows == sum(int((file["who"] == gone).sum()) for file in sources.files.values()) + sum(
        int((pd.read_csv(path)["who"] == gone).sum()) for path in (sources.home / "tickets.csv", *(sources.home / "plans").iterdir())
    )
    assert not any(gone.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert seen(sources) == from_scratch(sources), "the sources still hold the customer: forgetting there comes first"
