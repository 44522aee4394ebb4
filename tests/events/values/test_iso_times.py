"""A moment that a person gives and a column of times are read alike: same value, same zone, or refused by both."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from churnpredict.errors import TimeError
from churnpredict.events.values import iso_times
from churnpredict.moments import is_aware, moment

ZONES = ["", "", "Z", "z", "UTC", "GMT", " UTC", " Z", "+00:00", "+01:00", "-0530", "+02", " +0100", " -05:30", "+14:00", "-12:00"]
ODD_ZONES = ["+24:00", "+01:60", "[Europe/Berlin]", "+01:00[Europe/Berlin]", " +0100 CET", "+1:00", "Europe/Berlin"]


def written(r: random.Random) -> str:
    """A time as people and machines write it: extended or basic, with fractions, zones, hours of 24 and leap seconds."""
    basic = r.random() < 0.2
    dash, colon = ("", "") if basic else ("-", ":")
    usual = r.random() < 0.7
    month, day = (r.choice([1, 3, 12]), r.randint(1, 28)) if usual else (r.choice([0, 2, 6, 13]), r.choice([0, 1, 29, 30, 31, 32]))
    text = f"{r.choice([1, 1900, 1970, 2000, 2023, 2024, 9999]):04d}{dash}{month:02d}{dash}{day:02d}"
    k = r.random()
    if k < 0.1:
        return text
    text += r.choice(["T", "T", " ", " ", "t", "  ", ""]) + f"{r.choice([0, 9, 23, 23, 24] if r.random() < 0.2 else [0, 9, 23]):02d}"
    if k > 0.15:
        text += f"{colon}{r.choice([0, 30, 59, 60] if r.random() < 0.1 else [0, 30, 59]):02d}"
    if k > 0.25:
        text += f"{colon}{r.choice([0, 1, 60] if r.random() < 0.1 else [0, 1, 59]):02d}"
    if k > 0.5:
        text += r.choice(".,") + "".join(r.choice("0123456789") for _ in range(r.choice([1, 3, 6, 7, 9, 12])))
    text += r.choice(ZONES if r.random() < 0.9 else ODD_ZONES)
    return f" {text} " if r.random() < 0.05 else text


def as_column(text: str) -> tuple[int, bool] | None:
    try:
        read = iso_times.parse_iso(pa.array([text]), "log", "at")
    except TimeError:
        return None
    return read.cast(pa.int64())[0].as_py(), read.type.tz is not None


def as_moment(text: str) -> tuple[int, bool] | None:
    try:
        return moment(text), is_aware(text)
    except TimeError:
        return None


def test_thousands_of_texts_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        iso_times, "not_iso", lambda *_: TimeError("not-iso", "times", remedy="Write them otherwise.")
    )  # the search for a format is slow
    r = random.Random(14)
    texts = sorted({written(r) for _ in range(2500)})
    apart = [(text, as_column(text), as_moment(text)) for text in texts if as_column(text) != as_moment(text)]
    assert not apart
    read = sum(as_moment(text) is not None for text in texts)
    assert 0.3 * len(texts) < read < 0.95 * len(texts)  # both happen


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2024-01-31T10:00:00.1234567Z", 1706695200123456),
        ("20240131T1000UTC", 1706695200000000),
        ("2024-01-31t10:00:00,5 +01:00", 1706691600500000),
        ("2024-01-31 10:00:00 +0100 CET", 1706691600000000),
        ("2024-01-31T10:00:00+01:00[Europe/Berlin]", 1706691600000000),
        ("2024-01-31 10", 1706695200000000),
        ("0001-01-01", -62135596800000000),
    ],
)
def test_both_read_the_right_moment(text: str, right: int) -> None:
    assert as_column(text)[0] == as_moment(text)[0] == right  # type: ignore[index]


@pytest.mark.parametrize("text", ["2024-01-31T24:00:00", "2023-12-31T23:59:60Z", "2023-02-29", "2024-13-01", "2024-01-31T10:00+24:00"])
def test_both_refuse_what_does_not_exist(text: str) -> None:
    assert as_column(text) is None
    assert as_moment(text) is None
