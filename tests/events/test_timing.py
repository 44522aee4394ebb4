"""Moments as people read them: the date, and the time of day where there is one, on the business's clock."""

from __future__ import annotations

import pandas as pd
import pytest

from churnpredict.events.timing import DAY, stamp


@pytest.mark.parametrize("moment", ["0001-01-01", "1969-12-31 23:59:59", "1970-01-01", "2024-02-29", "2024-06-01 12:30:05", "2199-12-31"])
def test_a_moment_is_written_as_iso_writes_it(moment: str) -> None:
    given = (pd.Timestamp(moment).as_unit("s").asm8.astype("datetime64[us]")).astype("int64")
    assert stamp(int(given)) == moment


def test_the_clock_on_the_wall_decides() -> None:
    summer = int(pd.Timestamp("2024-06-30 22:00").value // 1000)
    assert stamp(summer, "Europe/Berlin") == "2024-07-01"
    assert stamp(summer + DAY // 48, "Europe/Berlin") == "2024-07-01 00:30:00"
