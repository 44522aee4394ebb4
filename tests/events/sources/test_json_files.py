"""JSON: lines, lists and documents; what is nested one level; types as they are written."""

import gzip
import json

import pytest

from churnpredict import File
from churnpredict.errors import ChurnError
from churnpredict.events.source import open_source
from churnpredict.events.sources import json_files

ROWS = [{"id": "a", "n": 1, "x": 1.5, "ok": True, "at": {"day": "2024-01-05", "zone": None}}, {"id": "b", "n": 2, "x": 2, "ok": None}]


def write(path, text):
    path.write_text(text)
    return path


def rows_of(path, **options):
    opened = open_source(File(path, **options), "events")
    return opened.read(opened.columns(), ()).to_pylist()


def refused(path, **options):
    with pytest.raises(ChurnError) as caught:
        rows_of(path, **options)
    assert caught.value.table == "events"
    assert "Zaphod" not in str(caught.value)
    return caught.value


LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
FOUND = [
    {"id": "a", "n": 1, "x": 1.5, "ok": True, "at.day": "2024-01-05", "at.zone": None},
    {"id": "b", "n": 2, "x": 2.0, "ok": None, "at.day": None, "at.zone": None},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", LINES),
        ("a.ndjson", LINES.replace("\n", "\n\n")),
        ("a.json", LINES),
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps(ROWS, indent=2)),
        ("a.json", "\n".join(json.dumps(row, indent=2) for row in ROWS)),
        ("a.json", json.dumps({"status": "ok", "count": 2, "data": ROWS})),
        ("a.json", "\ufeff" + json.dumps(ROWS)),
    ],
)
def test_every_shape_gives_the_same_rows(tmp_path, name, text):
    assert rows_of(write(tmp_path / name, text)) == FOUND


def test_packed_and_in_other_letters(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    assert rows_of(tmp_path / "a.jsonl.gz") == FOUND
    (tmp_path / "b.json").write_bytes(json.dumps(ROWS).encode("utf-16"))
    assert rows_of(tmp_path / "b.json", encoding="utf-16") == FOUND
    assert refused(tmp_path / "b.json").code == "unreadable-file"


def test_one_object_is_one_row(tmp_path):
    assert rows_of(write(tmp_path / "a.jsonl", '{"id": 7}\n')) == [{"id": 7}]


def test_types_are_decided_by_all_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(json_files, "ROWS", 3)
    lines = [{"v": n} for n in range(10)] + [{"v": 0.5, "late": "x"}]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in lines))
    opened = open_source(str(path), "events")
    assert [str(t) for t in opened.read(["v", "late"]).schema.types] == ["double", "string"]
    assert sum(batch.num_rows for batch in opened.batches(["v"])) == 11
    assert opened.read(["late"]).column("late").null_count == 10


def test_a_list_is_chosen_by_name(tmp_path):
    path = write(tmp_path / "a.json", json.dumps({"orders": ROWS, "users": [{"id": 1}]}))
    error = refused(path)
    assert error.code == "choose-member"
    assert 'member=: "orders", "users"' in str(error)
    assert rows_of(path, member="users") == [{"id": 1}]
    assert refused(path, member="sales").code == "choose-member"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"v": 1}, {"v": "Zaphod"}], "mixed-types"),
        ([{"v": True}, {"v": 1}], "mixed-types"),
        ([{"v": [1, 2]}], "nested-column"),
        ([{"v": {"a": {"b": 1}}}], "nested-column"),
        ([{"v": 2**63}], "mixed-types"),
        ([{"v": 2**53 + 1}, {"v": 0.5}], "mixed-types"),
        ([{"a.b": 1, "a": {"b": 2}}], "duplicate-column"),
        (["Zaphod"], "unreadable-file"),
        ("Zaphod", "unreadable-file"),
    ],
)
def test_what_cannot_be_a_column_is_refused(tmp_path, rows, code):
    assert refused(write(tmp_path / "a.json", json.dumps(rows))).code == code


def test_amounts_as_text(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"id": "1,5", "v": "1.234,50 €"}\n{"id": "2", "v": "(7,25)"}\n')
    opened = open_source(File(path, decimal=",", thousands="."), "events")
    assert opened.read(["id", "v"], ["id"]).to_pylist() == [{"id": "1,5", "v": "1234.50"}, {"id": "2", "v": "-7.25"}]


def test_whole_numbers_keep_every_digit(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"v": 9007199254740993}\n{"v": -1}\n')
    assert rows_of(path) == [{"v": 9007199254740993}, {"v": -1}]


@pytest.mark.parametrize("text", ['{"id": "Zaphod"', '{"id": "Zaphod"}\n{"id": ', "Zaphod", '{"id": "Zaphod"} x\n'])
def test_what_is_no_json_is_refused_without_a_word_of_it(tmp_path, text):
    assert refused(write(tmp_path / "a.jsonl", text)).code == "unreadable-file"
