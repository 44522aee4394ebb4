"""An id that many people share is named: a word for nobody, or one customer with a large share of all rows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnpredict.errors import ChurnWarning
from churnpredict.events.declarations import Events, Intervals
from churnpredict.events.partitions import scan_tables
from churnpredict.events.shared_ids import NOBODY, can_name_nobody, names_nobody
from churnpredict.events.tables import EventTables
from churnpredict.figures import percent


def log(shared: object, share: float, people: int = 200, rows: int = 4000) -> pd.DataFrame:
    """Rows of many people, a share of which has one id."""
    random = np.random.default_rng(3)
    who = random.integers(1000, 1000 + people, rows)
    numbers = not isinstance(shared, str)
    ids = pd.Series(who if numbers else [f"C{i}" for i in who], dtype="int64" if numbers else object)
    ids[random.uniform(size=rows) < share] = shared
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.uniform(0, 300, rows), "D")
    return pd.DataFrame({"who": ids, "at": at}).assign(end=lambda f: f["at"] + pd.Timedelta(hours=1))


def told(make, frame: pd.DataFrame, **more: object) -> list[str]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        make(sales=Events(frame, customer="who", time="at"), **more)
    return [str(w.message) for w in seen if isinstance(w.message, ChurnWarning) and w.message.code == "shared-customer"]


@pytest.mark.parametrize(
    "word", ["guest", "Guest", "anonymous", "0000000", 0, -1, "Laufkunde", "consumidor final", "anonymous@shop.example"]
)
@pytest.mark.parametrize("share", [0.08, 0.5])
def test_words_for_nobody_are_named(word: object, share: float) -> None:
    frame = log(word, share)
    rows = int((frame["who"] == word).sum())
    (message,) = told(EventTables, frame)
    shown = str(word).replace("@shop.example", "@...")
    assert f'column "who": "{shown}" has {percent(rows / 4000)} of the rows: an id that many people share' in message
    assert f"{rows:,} of 4,000 rows" in message


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_customer_with_a_large_share_is_told_without_the_id(share: float) -> None:
    frame = log("K77123", share)
    (message,) = told(EventTables, frame)
    assert "a single customer has" in message
    assert f"{int((frame['who'] == 'K77123').sum()):,} of 4,000 rows" in message
    assert "K77123" not in message


def test_every_word_for_nobody_is_looked_at() -> None:
    words = [*NOBODY, "000", "9999", *(str(n) for n in range(-1200, 1200)), *(f"C{n}" for n in range(1200))]
    shown = [f(word) for word in words for f in (str, str.upper, " {}\t".format, "\u2003{}".format, "{}@x1.example".format, "{} @2".format)]
    looked_at = can_name_nobody(pa.array(shown))
    assert [text for text, seen in zip(shown, looked_at, strict=True) if names_nobody(text) and not seen] == []
    assert looked_at.mean() < 0.2


def test_intervals_are_checked_too() -> None:
    frame = log("guest", 0.3)
    with pytest.warns(ChurnWarning, match='"guest" has'):
        EventTables(stays=Intervals(frame, customer="who", start="at", end="end"))


@pytest.mark.parametrize(
    "frame",
    [
        log("C1", 0.0),
        log("guest", 0.001),  # as many rows as any other
        log("C1", 0.05),  # a large customer
        log("guest", 0.5, people=8),  # too few to tell
        log("C1", 0.3).assign(
            who=lambda f: f["who"].where(f.index % 2 == 0, f["who"].replace("C1", "C2"))
        ),  # two large customers, as businesses have
    ],
)
def test_customers_of_any_usual_size_are_not_told(frame: pd.DataFrame) -> None:
    assert told(EventTables, frame) == []


@pytest.mark.parametrize("shared", ["guest", "K77123"])
def test_partitions_say_the_same(shared: str) -> None:
    frame = log(shared, 0.3)
    whole = told(EventTables, frame)
    assert len(whole) == 1
    assert told(scan_tables, frame, partitions=7) == whole


def test_words() -> None:
    assert names_nobody(" Unbekannt ")
    assert not names_nobody("guesthouse")
    assert not names_nobody("10")
