"""Times as sources write them: every one is the moment that is meant, missing, or refused by name."""

import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, TimeError
from churnpredict.events.values.times import read_times

T = 1_706_695_200_000_000  # 2024-01-31T10:00:00Z
NAIVE = "2024-01-31 10:00:00"


def read(values, **how):
    column = (
        values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)])
    )
    return read_times(column, **{"table": "t", "name": "at", "timezone": "UTC"} | how)


def one(value, **how):
    times, missing, _ = read([value, None] if not isinstance(value, pa.Array) else value, **how)
    assert not missing[0]
    return int(times[0])


def refused(values, **how):
    with pytest.raises(TimeError) as caught:
        read(values, **how)
    return caught.value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31T10:00:00", T),
        ("2024-01-31 10:00:00.1234567", T + 123_456),
        ("2024-01-31T10:00:00.123456789", T + 123_456),
        ("2024-01-31T10:00:00,5", T + 500_000),
        ("2024-01-31T10:00:00Z", T),
        ("2024-01-31t10:00:00z", T),
        ("2024-01-31 10:00:00 UTC", T),
        ("2024-01-31 10:00:00.1234567 UTC", T + 123_456),
        ("2024-01-31 10:00:00 GMT", T),
        ("2024-01-31 10:00:00 Z", T),
        ("2024-01-31 05:00:00 -0500", T),
        ("2024-01-31 05:00:00 -05:00", T),
        ("2024-01-31 15:00:00+05", T),
        ("2024-01-31T11:00:00+01:00[Europe/Berlin]", T),
        ("2024-01-31 11:00:00 +0100 CET", T),
        ("20240131T100000Z", T),
        ("20240131T100000", T),
        ("20240131T1000", T),
        ("20240131T100000.5+0000", T + 500_000),
        (" 2024-01-31T10:00 ", T),
        ("1969-12-31T23:59:59.9999999", -1),
    ],
)
def test_texts_that_are_iso_or_nearly(text, moment):
    assert one(text) == moment


def test_offsets_without_a_colon_and_seconds_above_keep_their_zone():
    assert read(["2024-01-31T10:00:00Z", None])[2] is True
    assert read(["2024-01-31 10:00:00 UTC", "2024-01-31 10:00:00 -0500"])[2] is True
    assert read([NAIVE])[2] is False
    assert refused(["2024-01-31 10:00:00 UTC", NAIVE]).code == "mixed-zones"


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-01-31 25:00", "31.01.2024", "yesterday", "2024-01-31 10:00:00 CET", "2024-W05", "2024"]
)
def test_other_texts_are_refused(text):
    assert refused([text, "2024-01-01"]).code in ("not-iso", "mixed-zones")


def test_words_for_nothing_are_missing_and_counted():
    words = ["NULL", "N/A", "\\N", "-", "", "None", "0000-00-00", "0000-00-00 00:00:00", None, NAIVE]
    with pytest.warns(ChurnWarning, match=r"missing-words|read as missing") as warned:
        _, missing, _ = read(words)
    assert missing.tolist() == [True] * 9 + [False]
    assert "7 of 10" in str(warned[0].message)


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_infinity_is_no_moment():
    for texts in (["infinity", "-infinity", NAIVE], ["infinity", "-infinity", NAIVE + "+00"]):
        times, missing, _ = read(texts)
        assert missing.tolist() == [True, True, False]
        assert times[0] > T > times[1]


@pytest.mark.parametrize(
    ("form", "bad", "good"),
    [
        ("%d.%m.%Y", "31.04.2024", "30.04.2024"),
        ("%d.%m.%Y", "29.02.2023", "29.02.2024"),
        ("%d.%m.%Y %H:%M:%S", "30.04.2024 23:59:61", "30.04.2024 23:59:59"),
        ("%m/%d/%Y", "02/30/2024", "02/28/2024"),
        ("%Y%m%d", "20240431", "20240430"),
        ("%d %b %Y", "31 Nov 2024", "30 Nov 2024"),
    ],
)
def test_days_that_do_not_exist_are_refused_with_their_count(form, bad, good):
    error = refused([good, bad, bad, None], form=form)
    assert (error.code, error.rows, error.total) == ("time-format", 2, 4)
    expected = int(np.datetime64(datetime.datetime.strptime(good, form), "us").astype(np.int64))
    assert one(good, form=form) == expected


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_formats_with_zones_keep_them():
    for text, form in (
        ("31.01.2024 11:00 +0100", "%d.%m.%Y %H:%M %z"),
        ("31.01.2024 10:00 UTC", "%d.%m.%Y %H:%M %Z"),
        ("31.01.2024 10:00 GMT", "%d.%m.%Y %H:%M %Z"),
        ("31.01.2024 10:00 UTC", "%d.%m.%Y %H:%M UTC"),
        ("2024/01/31 10:00:00Z", "%Y/%m/%d %H:%M:%SZ"),
    ):
        times, _, aware = read([text], form=form, timezone="America/New_York")
        assert (int(times[0]), aware) == (T, True), form
    error = refused(["31.01.2024 10:00 CET"], form="%d.%m.%Y %H:%M %Z")
    assert error.code == "time-format"
    assert "%z" in error.remedy
    assert one("31.01.2024 10:00:00.250", form="%d.%m.%Y %H:%M:%S.%f") == T + 250_000
    assert read(["31.12.9999", "31.01.2024", "NULL"], form="%d.%m.%Y")[1].tolist() == [True, False, True]
    assert one("31.01.2024 10:00", form="%d.%m.%Y %H:%M", timezone="Europe/Berlin") == T - 3_600_000_000


COUNTS = {"s": T // 1_000_000, "ms": T // 1_000, "us": T, "ns": T * 1_000, "excel": 45_322 + 10 / 24}


@pytest.mark.parametrize("unit", COUNTS)
def test_units(unit):
    assert abs(one(pa.array([COUNTS[unit]] * 3), unit=unit) - T) <= 1
    assert abs(one(pa.array([str(COUNTS[unit])] * 3), unit=unit) - T) <= 1
    error = refused(pa.array([COUNTS[unit]] * 3))
    assert error.code == "epoch-unit"
    assert f'unit="{unit}"' in error.remedy
    assert f'unit="{unit}"' in refused(pa.array([str(COUNTS[unit])] * 3)).remedy
    for other in {*COUNTS, "d"} - {unit}:
        error = refused(pa.array([COUNTS[unit]] * 3), unit=other)
        assert (error.code, f'unit="{unit}"' in error.remedy) == ("epoch-unit", True), other


def test_days_of_ones_own_and_days_of_the_calendar():
    assert read(pa.array([0, 100, 269]), unit="d")[0].tolist() == [0, 100 * 86_400_000_000, 269 * 86_400_000_000]
    day = pa.array([datetime.date(2024, 1, 31)])
    for timezone in ("UTC", "Europe/Berlin", "America/New_York"):
        wanted = one(day, timezone=timezone)
        assert one(pa.array([19_753]), unit="d", timezone=timezone) == wanted
        assert one(pa.array([45_322]), unit="excel", timezone=timezone) == wanted
        assert one(day.cast(pa.date64()), timezone=timezone) == wanted
        assert one("2024-01-31", timezone=timezone) == wanted


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit(unit, zone, timezone):
    ns = np.array([T * 1_000, -1, 0], np.int64)
    per = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    column = pa.array(ns // per).cast(pa.timestamp(unit, zone))
    micros = read(pa.array(ns // per * per // 1_000).cast(pa.timestamp("us", zone)), timezone=timezone)[0]
    assert read(column, timezone=timezone)[0].tolist() == micros.tolist()
    ends = pa.array([2**63 - 1, -(2**63) + 1, 0]).cast(pa.timestamp(unit, zone))
    times, missing, _ = read(ends, timezone=timezone)
    assert missing.tolist() == [True, True, False]
    assert times[0] > times[2] > times[1]


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin"])
def test_dates_of_the_year_one_and_beyond_all_calendars(timezone):
    for values in (
        pa.array([datetime.date(1, 1, 1), datetime.date(2024, 1, 31)]),
        pa.array([-(2**31), 19_753], pa.int32()).cast(pa.date32()),
        pa.array([2**31 - 1, 19_753], pa.int32()).cast(pa.date32()),
        pa.array(["0001-01-01", "2024-01-31"]),
        pa.array([datetime.datetime(1, 1, 1), datetime.datetime(2024, 1, 31)]),
    ):
        assert read(values, timezone=timezone)[1].tolist() == [True, False]


def test_what_is_no_moment_is_refused_by_name():
    frame = pa.Table.from_pandas(
        pd.DataFrame({"p": pd.period_range("2024-01", periods=2, freq="M"), "d": pd.to_timedelta([1, 2], unit="D")})
    )
    error = refused(frame["p"])
    assert error.code == "time-type"
    assert "to_timestamp" in error.remedy
    assert refused(frame["d"]).code == "time-type"
    assert refused(pa.array([datetime.time(10)])).code == "time-type"
    assert refused(pa.array([True])).code == "time-type"


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"unit": "sec"}, "epoch-unit"),
        ({"unit": ""}, "epoch-unit"),
        ({"unit": "D"}, "epoch-unit"),
        ({"format": "dd.mm.yyyy"}, "bad-format"),
        ({"format": "90"}, "bad-format"),
        ({"format": "100 %"}, "bad-format"),
    ],
)
def test_a_unit_or_a_format_that_no_time_has_is_refused_even_where_none_is_needed(option: dict[str, str], code: str) -> None:
    frame = pd.DataFrame({"who": ["a"], "at": pd.to_datetime(["2024-01-01"])})
    with pytest.raises(cp.ChurnError, match=code):
        cp.EventTables(orders=cp.Events(frame, customer="who", time="at", **option))
    people = pd.DataFrame({"who": ["a"]})
    with pytest.raises(cp.ChurnError, match=code):
        cp.EventTables(orders=cp.Events(frame, customer="who", time="at"), people=cp.Customers(people, customer="who", **option))
