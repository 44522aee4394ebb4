"""Ids of snapshots are those of the tables, or are refused: no cast makes one customer of another."""

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import IdentityError


def tables(*ids):
    log = pd.DataFrame({"who": list(ids), "at": pd.date_range("2024-01-01", periods=len(ids), freq="D")})
    return cp.EventTables(visits=cp.Events(log, customer="who", time="at"))


@pytest.mark.parametrize(
    ("ours", "given", "cast"),
    [
        ((7, 8), ("007",), 'astype("int64")'),
        (("7", "8"), (7,), 'astype("str")'),
        ((7, 8), (7.0,), 'astype("int64")'),
        ((0, 1), (True,), "int64"),
    ],
)
def test_ids_of_another_type_are_refused_with_the_cast(ours, given, cast):
    with pytest.raises(IdentityError, match="snapshot-id-type") as refused:
        tables(*ours).codes(pd.Series(list(given)))
    assert cast in str(refused.value)


def test_ids_of_the_same_kind_are_found_however_wide():
    assert tables(7, 8).codes(pd.Series([8, 7], dtype="int16")).tolist() == [1, 0]
    assert tables("a", "b").codes(pd.Series(["b", "b"], dtype="category")).tolist() == [1, 1]
    assert tables("a", "b").codes(pd.Series([], dtype="float64")).tolist() == []
