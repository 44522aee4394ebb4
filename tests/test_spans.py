"""Spans: what is read, what is refused, and where each of them leads, against a slow oracle in plain Python."""

from __future__ import annotations

import datetime
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from tests.oracles.wall_clock import moved

from churnpredict.clock import DAY, NEVER, OPEN
from churnpredict.errors import UsageError
from churnpredict.spans import Span, span, span_text

HOUR = DAY // 24
with warnings.catch_warnings():  # deprecated by NumPy 2.5, and still made by older ones
    warnings.simplefilter("ignore", DeprecationWarning)
    WITHOUT_UNIT = np.timedelta64(60)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("90d", Span(days=90)),
        (" 90 d ", Span(days=90)),
        ("90 days", Span(days=90)),
        ("1 day", Span(days=1)),
        ("90D", Span(days=90)),
        ("2w", Span(days=14)),
        ("2 Weeks", Span(days=14)),
        ("3 months", Span(months=3)),
        ("1 month", Span(months=1)),
        ("3mo", Span(months=3)),
        ("1y", Span(months=12)),
        ("2 years", Span(months=24)),
        ("1 year 6 months", Span(months=18)),
        ("1y6mo", Span(months=18)),
        ("1d 12h", Span(days=1, microseconds=12 * HOUR)),
        ("12h", Span(microseconds=12 * HOUR)),
        ("6 hours", Span(microseconds=6 * HOUR)),
        ("30 minutes", Span(microseconds=HOUR // 2)),
        ("24h", Span(microseconds=24 * HOUR)),
        (Span(days=3), Span(days=3)),
        (pd.Timedelta(90, "D"), Span(days=90)),
        (pd.Timedelta("36h"), Span(microseconds=36 * HOUR)),
        (datetime.timedelta(days=2), Span(days=2)),
        (datetime.timedelta(minutes=90), Span(microseconds=HOUR * 3 // 2)),
        (np.timedelta64(90, "D"), Span(days=90)),
        (np.timedelta64(2, "W"), Span(days=14)),
        (np.timedelta64(3, "M"), Span(months=3)),
        (np.timedelta64(1, "Y"), Span(months=12)),
        (np.timedelta64(5, "h"), Span(microseconds=5 * HOUR)),
        (pd.DateOffset(months=3), Span(months=3)),
        (pd.DateOffset(years=1, days=2), Span(months=12, days=2)),
        (pd.DateOffset(2), Span(days=2)),
        (pd.offsets.Day(30), Span(days=30)),
        (pd.offsets.Hour(24), Span(microseconds=24 * HOUR)),
        (pd.offsets.Week(2), Span(days=14)),
    ],
)
def test_a_span_is_read(given, expected):
    assert span(given) == expected
    assert span(span_text(given)) == expected
    assert re.fullmatch(r"(?:[0-9]+[a-z]{1,3})+", span_text(given)), "names of features carry it"


REFUSED = [
    *(
        60,
        60.0,
        0,
        -1,
        True,
        False,
        None,
        np.int64(60),
        np.float32(60),
        WITHOUT_UNIT,
        np.timedelta64("NaT", "D"),
        pd.NaT,
        pd.NA,
        float("nan"),
    ),
    *("60", " 60 ", "6e1", "60.0", "-60", "", " ", "d", "d90", "90x", "90 d x", "1.5d", "1,5d", "-90d", "+90d", "0d", "0h", "0 months"),
    *("3M", "3m", "3ME", "1Q", "MS", "30T", "90 days ago", "P90D", "1d 1d", "1h 2d", "٣d", "99999999y", "1/2d", "90d\x00", "1d;2h"),
    *(
        pd.Timedelta(-1, "D"),
        pd.Timedelta(0),
        pd.Timedelta(1, "ns"),
        datetime.timedelta(0),
        datetime.timedelta(-3),
        np.timedelta64(-3, "M"),
        np.timedelta64(10**9, "D"),
    ),
    *(pd.offsets.MonthEnd(1), pd.offsets.BusinessDay(3), pd.offsets.Week(weekday=0), pd.DateOffset(day=1), pd.DateOffset(months=-1)),
    *(["90d"], ("90d",), {"days": 90}, b"90d", pd.Timestamp("2024-01-01"), pd.Period("2024-01"), datetime.date(2024, 1, 1), ...),
]


@pytest.mark.parametrize("given", REFUSED, ids=repr)
def test_anything_else_is_refused_with_a_remedy(given):
    with pytest.raises(UsageError) as refused:
        span(given, "horizon")
    assert refused.value.code == "bad-span"
    assert "horizon" in str(refused.value)
    assert "Write" in str(refused.value)


def test_no_time_at_all_where_it_is_allowed():
    assert span("0d", zero=True) == Span()
    assert not Span()
    assert span_text("0d", zero=True) == "0d"
    with pytest.raises(UsageError, match="negative"):
        span(pd.Timedelta(-1, "D"), zero=True)


def test_text_of_a_span_is_kept_where_names_can_carry_it():
    assert [span_text(t) for t in ("2w", "90d", "52w", "12h", "3mo", "1y", "90 days", "12 months")] == [
        *("2w", "90d", "52w", "12h", "3mo", "1y", "90d", "1y")
    ]


def hours_of_two_years(timezone: str) -> np.ndarray:
    """Every half hour near a change of the clock, a month's end or a leap day, and some in between."""
    rng = np.random.default_rng(1)
    grid = np.arange(19_700 * 48, 19_900 * 48) * (HOUR // 2)
    days = np.concatenate(
        [np.arange(a, a + 4) for a in (19_811, 19_814, 19_781, 20_022, 20_029, 19_819, 19_974, 19_972, 19_782, 19_839, 20_026)]
    )
    near = (days[:, None] * 48 + np.arange(48)).ravel() * (HOUR // 2)
    return np.unique(np.concatenate([rng.choice(grid, 300), near]))


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("text", ["1d", "90d", "2w", "1 month", "3 months", "1y", "1d 5h", "36h"])
def test_spans_move_as_the_oracle_says(timezone, text):
    moments, s = hours_of_two_years(timezone), span(text)
    after, before = s.after(moments, timezone), s.before(moments, timezone)
    assert after.tolist() == [moved(m, s.months, s.days, s.microseconds, timezone) for m in moments.tolist()]
    assert before.tolist() == [moved(m, -s.months, -s.days, -s.microseconds, timezone) for m in moments.tolist()]
    assert np.array_equal(s.after(np.tile(moments, 8), timezone), np.tile(after, 8)), "many moments go by the distinct ones"
    assert s.after(int(moments[0]), timezone) == after[0]
    assert isinstance(s.after(int(moments[0]), timezone), int)


def test_the_oracle_catches_days_of_24_hours():
    """A fault planted: the same test fails where a day is 24 hours."""
    moments, zone = hours_of_two_years("Europe/Berlin"), "Europe/Berlin"
    assert (moments + 90 * DAY).tolist() != [moved(m, 0, 90, 0, zone) for m in moments.tolist()]


def test_marks_are_not_moved_and_shapes_are_kept():
    moments = np.array([[NEVER, 0], [OPEN, DAY]])
    for zone in ("UTC", "Europe/Berlin"):
        for text in ("1d", "1 month", "12h"):
            moved = span(text).after(moments, zone)
            assert moved.shape == (2, 2)
            assert moved[0, 0] == NEVER
            assert moved[1, 0] == OPEN
            assert moved[0, 1] > 0
    assert span("90d").after(OPEN) == OPEN
    assert span("90d").before(NEVER) == NEVER


def test_nominal_lengths_are_for_comparing():
    assert span("90d").nominal == 90 * DAY
    assert span("1y").nominal == round(365.2425 * DAY)
    assert span("2 months").nominal < span("62d").nominal
