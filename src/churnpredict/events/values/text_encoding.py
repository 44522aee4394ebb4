"""Encode texts as codes, in the order of their first rows.

Ids share their beginning ("customer-00012345") and are short: what follows the common beginning, and its length, packed into two machine
words, stands for the whole text, so that equal words are equal texts. That is exact, and several times as fast as hashing texts.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["encode_text"]

_LONGEST = 15  # bytes that may differ: two words with their length
BLOCK = 1 << 15  # rows at a time: their words stay in the cache
FEW = 50_000  # rows below which compiled code is not worth loading
_ODD = -7046029254386353131  # 2^64 / golden ratio, as a signed word
_jit = nb.njit(cache=True, nogil=True)


def encode_text(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], pa.Array] | None:
    """Return codes of shape (n,), -1 for missing, and the distinct texts; None where texts are few, or too long in what differs.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Of any type: only ``string`` and ``large_string`` are encoded here.

    Examples
    --------
    >>> codes, texts = encode_text(pa.chunked_array([["c-2", "c-1", None, "c-2"] * 20_000]))
    >>> codes[:4].tolist(), texts.to_pylist()
    ([0, 1, -1, 0], ['c-2', 'c-1'])
    """
    if len(column) < max(FEW, 1) or not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    parts = [_parts(chunk) for chunk in column.chunks if len(chunk)]
    begin, shared, longest = np.empty(0, np.uint8), -1, 0
    for offsets, data, missing in parts:
        if shared < 0 and (there := np.flatnonzero(~missing) if missing.size else np.arange(1)).size:
            begin = data[offsets[there[0]] : offsets[there[0] + 1]]
            shared = len(begin)
        shared, longest = _shape(offsets, data, missing, begin, shared, longest, _LONGEST)
        if longest - shared > _LONGEST:
            return None
    table, n = np.zeros((2 * BLOCK, 3), np.int64), 0
    low, high, firsts = (np.empty(BLOCK, np.int64) for _ in range(3))
    codes = np.empty(len(column), np.int32)
    texts: list[pa.Array] = []
    begun = 0
    for chunk, (offsets, data, missing) in zip((c for c in column.chunks if len(c)), parts, strict=True):
        for start in range(0, len(chunk), BLOCK):
            rows = slice(start, min(start + BLOCK, len(chunk)))
            if 4 * (n + BLOCK) > 3 * len(table):
                table = _grown(table)
            known, size = n, rows.stop - start
            pack(offsets[start : rows.stop + 1], data, max(shared, 0), low, high)
            n = _look_up(low[:size], high[:size], missing[rows], table, n, firsts, codes[begun : begun + size])
            texts.append(chunk.take(pa.array(start + firsts[: n - known])))
            begun += size
    return codes, pa.concat_arrays(texts)


def _parts(chunk: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return where each text begins, the bytes of all, and which are missing (empty for none)."""
    wide = pa.types.is_large_string(chunk.type)
    _, ends, data = chunk.buffers()
    offsets = np.frombuffer(ends, np.int64 if wide else np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    missing = chunk.is_null().to_numpy(zero_copy_only=False) if chunk.null_count else np.empty(0, np.bool_)
    return offsets, np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8), missing


@_jit
def _shape(offsets, data, missing, begin, shared, longest, most):  # type: ignore[no-untyped-def]
    """Find how many first bytes all texts share, and the length of the longest; stop where too much differs."""
    for i in range(offsets.size - 1):
        if missing.size and missing[i]:
            continue
        start, length = offsets[i], offsets[i + 1] - offsets[i]
        longest = max(longest, length)
        shared = min(shared, length)
        for j in range(shared):
            if data[start + j] != begin[j]:
                shared = j
                break
        if longest - shared > most:
            break
    return shared, longest


@_jit
def pack(offsets, data, shared, low, high):  # type: ignore[no-untyped-def]
    """Pack the bytes after the shared ones into two words, with the length in the last byte: texts may end in zero bytes."""
    for i in range(offsets.size - 1):
        start, length = offsets[i] + shared, offsets[i + 1] - offsets[i] - shared
        a, b = np.int64(0), np.int64(length) << 56
        for j in range(min(length, 8)):
            a |= np.int64(data[start + j]) << (8 * j)
        for j in range(8, length):
            b |= np.int64(data[start + j]) << (8 * (j - 8))
        low[i], high[i] = a, b


@_jit
def _look_up(low, high, missing, table, n, firsts, codes):  # type: ignore[no-untyped-def]
    """Look up the code of each pair of words; new pairs get the next codes, and ``firsts`` says where they stand.

    A row of the table is a pair and its code + 1, or 0 for an empty place.
    """
    last, known = table.shape[0] - 1, n
    for i in range(low.size):
        if missing.size and missing[i]:
            codes[i] = -1
            continue
        a, b = low[i], high[i]
        at = _place(a, b) & last
        while table[at, 2] != 0 and (table[at, 0] != a or table[at, 1] != b):
            at = (at + 1) & last
        if table[at, 2] == 0:
            firsts[n - known] = i
            n += 1
            table[at, 0], table[at, 1], table[at, 2] = a, b, n
        codes[i] = table[at, 2] - 1
    return n


@_jit
def _place(low, high):  # type: ignore[no-untyped-def]
    mixed = (low ^ (high * _ODD)) * _ODD
    return mixed ^ ((mixed >> 32) & 0xFFFFFFFF)


@_jit
def _grown(table):  # type: ignore[no-untyped-def]
    """Copy the hash table into one four times as large."""
    room = np.zeros((4 * table.shape[0], 3), np.int64)
    last = room.shape[0] - 1
    for old in range(table.shape[0]):
        if table[old, 2] != 0:
            at = _place(table[old, 0], table[old, 1]) & last
            while room[at, 2] != 0:
                at = (at + 1) & last
            room[at] = table[old]
    return room
