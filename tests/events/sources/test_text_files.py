"""CSV and text files: types come from all rows, not from the first."""

import pandas as pd
import pytest

from churnpredict import Events, EventTables
from churnpredict.runs import scan_tables

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def test_numbers_that_begin_whole_are_read_as_decimals(tmp_path):
    """A reader that guesses types from the first rows would round 2.5 to 3 without a word."""
    times = pd.date_range("2020-01-01", periods=30_000, freq="h")
    (tmp_path / "rows.csv").write_text("id,day,eur\n" + "".join(f"7,{t},3\n" for t in times) + "7,2024-01-02,2.5\n")
    for tables in (EventTables, scan_tables):
        found = tables(orders=Events(tmp_path / "rows.csv", customer="id", time="day", value="eur"))
        found = found if tables is EventTables else found.partition(0)
        assert found.stream("orders").columns["value"][-1] == 2.5
