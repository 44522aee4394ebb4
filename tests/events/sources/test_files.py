"""Damaged files are refused by name, without their rows in the message."""

import gzip
import os

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.laws.test_sources_agree import arrow, refused

from churnpredict import Events, EventTables
from churnpredict.errors import ChurnError, SourceError
from churnpredict.events.sources.files import Files
from churnpredict.runs import scan_tables

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


ROWS = "id,day,eur\n" + "Zaphod4711,2024-01-01,4711.5\n" * 3000


@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("short.csv", ROWS.encode() + b"Zaphod4711,2024-01-02\n", "ragged-rows"),
        ("long.csv", ROWS.encode() + b"Zaphod4711,2024-01-02,4711,4711\n", "ragged-rows"),
        ("late.csv", ROWS.encode() + ROWS.encode()[11:] * 9 + b"Zaphod4711,2024-01-02,Zaphod\n", "value-type"),
        ("latin.csv", b"id,day,eur\nm\xfcller Zaphod,2024-01-01,1\n", "encoding"),
        ("cut.csv.gz", gzip.compress(ROWS.encode())[:-20], "unreadable-file"),
        ("not.csv.zst", b"Zaphod4711", "unreadable-file"),
        ("empty.csv", b"", "empty-table"),
        ("not.parquet", b"Zaphod4711" * 10, "unreadable-file"),
        ("shop.sqlite", b"Zaphod4711", "unknown-file"),
    ],
)
def test_damaged_files_are_refused_by_name_and_without_their_rows(tmp_path, name, content, code, scan):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ChurnError) as caught:
        (scan_tables if scan else EventTables)(orders=Events(tmp_path / name, customer="id", time="day", value="eur"))
    assert caught.value.code == code
    assert caught.value.table == "orders"
    if caught.value.code in ("ragged-rows", "unreadable-file", "unknown-file"):
        assert name in str(caught.value)
    assert "Zaphod" not in str(caught.value) + repr(caught.value.__cause__)
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize("harm", ["cut", "zeros"])
def test_the_one_damaged_file_of_many_is_named(tmp_path, harm):
    frame = pd.DataFrame({"id": [f"Zaphod{i}" for i in range(500)], "day": pd.Timestamp("2024-01-01"), "eur": 1.5})
    for part in range(4):
        pq.write_table(arrow(frame), tmp_path / f"{part}.parquet", compression="snappy")
    whole = (tmp_path / "2.parquet").read_bytes()
    (tmp_path / "2.parquet").write_bytes(
        whole[:-40] if harm == "cut" else whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :]
    )
    error = refused(tmp_path, SourceError)
    assert os.path.join(tmp_path, "2.parquet") in str(error)
    assert isinstance(Files("orders", str(tmp_path / "*.parquet"), "parquet").refusal(ValueError("odd")), SourceError)
