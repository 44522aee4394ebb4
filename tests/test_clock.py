"""Wall times and moments: there and back, over every change of the clock of a year."""

import numpy as np
import pytest

from churnpredict.clock import DAY, calendar_time, days_between, local_time, utc_time

HOURS = np.arange(0, 366 * 24, dtype=np.int64) * (DAY // 24) + 19_723 * DAY  # of 2024


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_a_moment_comes_back_from_its_wall_time(zone):
    back = utc_time(local_time(HOURS, zone), zone)
    earlier = HOURS - back  # a wall time that occurs twice is the earlier moment
    assert set(np.unique(earlier // (DAY // 48)).tolist()) <= {0, 1, 2}
    assert (earlier != 0).sum() <= 2


def test_a_day_without_a_midnight_begins_at_midnight():
    first = utc_time(np.array([19_974 * DAY]), "America/Santiago")
    assert (local_time(first, "America/Santiago") % DAY).tolist() == [DAY // 24]
    assert (calendar_time(first, "America/Santiago") % DAY).tolist() == [0]


def test_days_are_those_of_the_calendar():
    midnights = utc_time(np.arange(19_723, 20_088, dtype=np.int64) * DAY, "Europe/Berlin")
    assert (days_between(midnights[:-1], midnights[1:], "Europe/Berlin") == 1).all()
