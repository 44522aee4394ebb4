"""Buckets of customers on disk: a customer is always in one, whatever its id's type, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.events.sources import spill


def fnv1a(text: str) -> int:
    """FNV-1a with the final mix, as in its definition."""
    h = 14695981039346656037
    for byte in text.encode():
        h = (h ^ byte) * 1099511628211 % 2**64
    return h ^ (h >> 32)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=20), st.integers(1, 50))
def test_the_bucket_of_an_id_is_its_hash(ids: list[str], n: int) -> None:
    texts = pa.array(ids, pa.string())
    assert spill.bucket_of(texts, n).tolist() == [fnv1a(i) % n for i in ids]
    assert spill.bucket_of(texts.slice(1), n).tolist() == [fnv1a(i) % n for i in ids[1:]], "of a slice, too"


@pytest.mark.parametrize(
    "ids",
    [pa.array([42, None, 7]), pa.array(["42", None, "7"]), pa.array(["42", None, "7"]).dictionary_encode()],
)
def test_an_id_of_any_type_is_one_text(ids: pa.Array) -> None:
    assert spill.id_texts(ids).to_pylist() == ["42", "", "7"]


def test_ids_that_cannot_be_ids_meet_in_one_bucket_to_be_refused_there() -> None:
    assert set(spill.id_texts(pa.array([1.5, 2.5])).to_pylist()) == {""}
    assert spill.id_texts(pa.nulls(2)).to_pylist() == ["", ""]


@pytest.mark.parametrize("n", [1, 3, 16])
def test_buckets_hold_all_rows_and_a_customer_is_in_one(n: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    who = [f"c{i}" for i in rng.integers(0, 40, 500)]
    table = pa.table({"who": who, "n": np.arange(500)})
    held = spill.Buckets(tmp_path, n)
    held.write("orders", table.to_batches(max_chunksize=64), ["who", "n"])
    parts = [held.read("orders", [b]) for b in range(n)]
    assert sorted(x for p in parts for x in p["n"].to_pylist()) == list(range(500))
    owners = [set(p["who"].to_pylist()) for p in parts]
    assert sum(map(len, owners)) == len(set(who))
    assert held.rows["orders"].sum() == 500
    assert all((np.diff(p["n"].to_numpy()) > 0).all() for p in parts), "rows keep their order"
    held.remove(range(n))
    assert not any(tmp_path.iterdir())


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    held = spill.Buckets(tmp_path, 4)
    held.write("orders", [], ["who", "day"])
    assert held.read("orders", range(4)).schema.names == ["who", "day"]


@pytest.mark.parametrize(
    ("texts", "form"), [([["1", "2"], ["3"]], b"whole"), ([["1", "2"], ["2.5"]], b"number"), ([["1"], ["x"], ["2"]], b"words")]
)
def test_what_texts_are_is_seen_in_all_batches(texts: list[list[str]], form: bytes) -> None:
    seen: dict[str, bytes] = {}
    for some in texts:
        spill.see_forms(pa.record_batch({"n": pa.array(some)}), ["n"], seen)
    assert seen == {"n": form}


def test_arrays_and_values_come_back_under_their_names(tmp_path: Path) -> None:
    arrays = {"a/b": np.arange(5), "value": np.array([1.5, np.nan]), "none": np.empty(0, np.int32)}
    spill.save_arrays(tmp_path / "arrays", arrays)
    found = spill.load_arrays(tmp_path / "arrays")
    assert found.keys() == arrays.keys()
    assert all(found[k].dtype == arrays[k].dtype and np.array_equal(found[k], arrays[k], equal_nan=k == "value") for k in arrays)
    assert spill.load_arrays(tmp_path / "arrays", ["value", "other"]).keys() == {"value"}
    values = {"ids": pa.array(["x", None]), "days": pa.array([1, 2], pa.timestamp("us")), "none": pa.array([], pa.string())}
    spill.save_values(tmp_path / "values", values)
    assert spill.load_values(tmp_path / "values") == values
