"""Rows of a table: some of them are kept with everything that belongs to them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from churnpredict.events.rows import Rows


def test_rows_are_kept_with_their_columns_and_units() -> None:
    codes, times = np.array([0, 1, 0], np.int32), np.array([5, 6, 7])
    rows = Rows(codes, pa.array(["a", "b"]), times, {"value": np.array([1.0, 2.0, 3.0])}, units=np.array([4, 5, 6], np.int32))
    assert rows.units is not None
    found = rows.keep(np.array([True, False, True]))
    assert found.units is not None
    assert [found.codes.tolist(), found.times.tolist(), found.columns["value"].tolist(), found.units.tolist()] == [
        [0, 0],
        [5, 7],
        [1.0, 3.0],
        [4, 6],
    ]
    assert found.ids is rows.ids
