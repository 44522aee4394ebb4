"""Text to codes: whatever the texts and however they are cut into chunks, Arrow's own dictionary."""

from itertools import takewhile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.events.values import text_encoding as codes
from churnpredict.events.values.text_encoding import encode_text

# One family of texts per column, so that many columns are short in what differs and some are not; the last mixes all.
FAMILIES = [
    st.text("ab\0é", max_size=5),
    st.integers(0, 30).map(lambda i: f"customer-{i:08d}"),
    st.integers(0, 20).map(lambda i: "x" * i),
    st.binary(max_size=15).map(lambda b: b.decode("latin-1")),
]
COLUMNS = st.sampled_from([*FAMILIES, st.one_of(FAMILIES)]).flatmap(
    lambda texts: st.lists(st.lists(st.one_of(st.none(), texts), max_size=30), min_size=1, max_size=4)
)


@pytest.fixture(autouse=True)
def few_rows_suffice(monkeypatch):
    monkeypatch.setattr(codes, "FEW", 0)
    monkeypatch.setattr(codes, "BLOCK", 4)


def arrows(column):
    chunks = column.dictionary_encode().chunks
    found = np.concatenate([c.indices.fill_null(-1).to_numpy(zero_copy_only=False) for c in chunks])
    return found.tolist(), chunks[-1].dictionary.to_pylist()


def differing_bytes(column):
    """How long the longest text is behind what all texts share at their beginning."""
    texts = [t.encode() for t in column.to_pylist() if t is not None]
    shared = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))
    return max(map(len, texts), default=0) - shared


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@given(COLUMNS, st.integers(0, 3))
def test_codes_and_texts_are_those_of_arrow(kind, parts, skipped):
    column = pa.chunked_array([pa.array([*part, *part], kind)[min(skipped, len(part)) :] for part in parts], kind)
    encoded = encode_text(column)
    if not len(column) or differing_bytes(column) > 15:
        assert encoded is None
    else:
        found, texts = encoded
        assert (found.tolist(), texts.to_pylist()) == arrows(column)


@pytest.mark.parametrize(
    "texts",
    [["a" * 15, "b" * 15], ["shared beginning 1", "shared beginning 22"], [""], [None, None], ["", "\0", "\0\0", None], ["é", "e\u0301"]],
)
def test_what_is_short_in_what_differs_is_encoded_here(texts):
    column = pa.chunked_array([texts * 3, texts], pa.string())
    found, distinct = encode_text(column)
    assert (found.tolist(), distinct.to_pylist()) == arrows(column)


def test_what_is_long_goes_another_way():
    assert encode_text(pa.chunked_array([["a" * 16, "b" * 16]])) is None
    assert encode_text(pa.chunked_array([["a", "a" + 16 * "b"]])) is None
    assert encode_text(pa.chunked_array([[1, 2]])) is None


def test_texts_that_end_in_zero_bytes_are_told_apart_by_their_length(monkeypatch):
    """The planted fault: without the length, "a" and "a" with a zero byte are one customer."""
    plain = codes.pack.py_func

    def forgetful(offsets, data, shared, low, high):
        plain(offsets, data, shared, low, high)
        high &= (1 << 56) - 1

    column = pa.chunked_array([["a", "a\0"]])
    assert encode_text(column)[0].tolist() == [0, 1]
    monkeypatch.setattr(codes, "pack", forgetful)
    assert encode_text(column)[0].tolist() == [0, 0]
