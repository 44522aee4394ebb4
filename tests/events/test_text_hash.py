"""The compiled hash of texts is that of the standard library."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pytest

from churnpredict.events.text_hash import hash_texts


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_bytes_of_any_length_have_the_digest_of_the_standard_library(kind: pa.DataType) -> None:
    rng = np.random.default_rng(0)
    texts = [rng.bytes(length) for length in [*range(300), 383, 384, 385, 5000]]
    digests = [blake2b(text, digest_size=16).digest() for text in texts]
    assert [row.tobytes() for row in hash_texts(pa.array(texts, kind))] == digests
    assert [row.tobytes() for row in hash_texts(pa.array(texts, kind).slice(40, 100))] == digests[40:140], "a slice begins elsewhere"


def test_texts_are_hashed_as_utf_8_and_missing_ones_as_empty() -> None:
    found = hash_texts(pa.array(["Zoë", None, "", "\x00"]))
    assert [row.tobytes() for row in found] == [blake2b(text.encode(), digest_size=16).digest() for text in ["Zoë", "", "", "\x00"]]
    assert hash_texts(pa.array([], pa.string())).shape == (0, 2)
