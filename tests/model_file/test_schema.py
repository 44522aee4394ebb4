"""The parts of a model file: written in one way only, and nothing unknown or out of range is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.errors import ModelFileError
from churnpredict.model_file.schema import Affine, CategoryColumn, FileEntry, Rule, Worth, read_json, write_json

ENTRY = FileEntry(name="trees.txt", bytes=12, sha256="0" * 64)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1e6), st.floats(0, 1e6))
def test_every_digit_comes_back(mean: float, doubt: float, bound: float) -> None:
    part = Worth(mean=mean, doubt=doubt, bound=bound)
    assert read_json(Worth, write_json(part), "x") == part


def test_there_is_one_way_to_write_a_part() -> None:
    content = write_json(ENTRY)
    assert content == b'{"bytes":12,"name":"trees.txt","sha256":"' + b"0" * 64 + b'"}'
    for other in (
        content.replace(b":12", b": 12"),
        content.replace(b'"bytes":12,', b"") + b" ",
        json.dumps(json.loads(content), indent=1).encode(),
    ):
        with pytest.raises(ModelFileError, match="model-json"):
            read_json(FileEntry, other, "manifest.json")
    twice = content.replace(b'"bytes":12', b'"bytes":11,"bytes":12')
    with pytest.raises(ModelFileError, match="model-json"):
        read_json(FileEntry, twice, "manifest.json")


@pytest.mark.parametrize(
    ("kind", "change", "where"),
    [
        (FileEntry, {"name": "a", "bytes": -1, "sha256": "0" * 64}, "bytes"),
        (FileEntry, {"name": "a", "bytes": 1.0, "sha256": "0" * 64}, "bytes"),
        (FileEntry, {"name": "", "bytes": 1, "sha256": "0" * 64}, "name"),
        (FileEntry, {"name": "a", "bytes": 1, "sha256": "G" * 64}, "sha256"),
        (FileEntry, {"name": "a", "bytes": 1, "sha256": "0" * 64, "more": 1}, "more"),
        (FileEntry, {"name": "a"}, "bytes"),
        (CategoryColumn, {"column": 0, "levels": ["x"], "rest": 1.5}, "rest"),
        (CategoryColumn, {"column": 1 << 20, "levels": ["x"], "rest": None}, "column"),
        (Worth, {"mean": 1.0, "doubt": -1.0, "bound": 0.0}, "doubt"),
        (Rule, {"name": "Inactivity", "options": "all"}, "options"),
    ],
)
def test_what_is_out_of_range_is_refused_where_it_is_and_not_shown(kind: type, change: dict[str, object], where: str) -> None:
    content = json.dumps(change, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(ModelFileError) as refused:
        read_json(kind, content, "manifest.json")
    assert refused.value.code == "model-schema"
    assert f"invalid at {where}" in str(refused.value)
    assert "GGG" not in str(refused.value)


def test_no_part_holds_what_is_no_number() -> None:
    with pytest.raises(ModelFileError, match="model-json"):
        read_json(Affine, b'{"intercept":NaN,"slope":1.0}', "numbers.json")
    with pytest.raises(ModelFileError):
        read_json(Worth, b'{"bound":0.0,"doubt":0.0,"mean":1e999}', "numbers.json")


def test_deep_texts_do_not_crash() -> None:
    with pytest.raises(ModelFileError, match="model-json"):
        read_json(FileEntry, b"[" * 100_000, "manifest.json")
