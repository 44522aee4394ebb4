"""Floats of 32 and 16 bits are the decimals that they are written as: a table says the same as the CSV that is written from it."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError
from churnpredict.events.values.columns import as_double, encoded
from churnpredict.events.values.labels import as_labels, label_of

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def test_cents_stay_cents():
    cents = np.arange(-50_000, 50_000)
    assert np.array_equal(as_double(pa.array((cents / 100).astype(np.float32))).to_numpy(), cents / 100)
    assert as_double(pa.array(np.array([1.1, 0.25, np.inf]).astype(np.float16))).to_pylist() == [1.1, 0.25, np.inf]
    assert as_double(pa.array([np.float16(0.1), None], pa.float16())).to_pylist() == [0.1, None]
    assert as_double(pa.array([16777216, 3.4e38, 1e-30], pa.float32())).to_pylist() == [16777216.0, 3.4e38, 1e-30]


def test_sums_and_features_are_those_of_the_file(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"u": np.repeat(np.arange(30), 20), "t": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(600), unit="h")})
    frame["v"] = (rng.integers(1, 9999, 600) / 100).astype(np.float32)
    frame["k"] = rng.choice([1.1, 2.5, 3.0], 600).astype(np.float32)
    frame.to_csv(tmp_path / "short.csv", index=False)
    frame.to_parquet(tmp_path / "short.parquet")
    exact = frame.assign(
        v=[float(str(v)) for v in frame["v"].to_numpy()], k=[{"3.0": "3"}.get(str(k), str(k)) for k in frame["k"].to_numpy()]
    )

    def read(source):
        tables = cp.EventTables(log=cp.Events(source, customer="u", time="t", value="v", kind="k"), observed_until="2024-03-01")
        past = cp.take_snapshots(tables, cp.Inactivity("20d"), at="2024-01-28")
        return cp.build_features(tables, past), cp.diagnostics.rfm(tables, at="2024-01-28")["value"]

    X, paid = read(exact)
    assert "habit__log_1_1_count_30d" in X
    assert paid.to_numpy() == pytest.approx(paid.round(2).to_numpy(), abs=1e-10)
    for source in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame), str(tmp_path / "short.parquet")):
        other, money = read(source)
        pd.testing.assert_frame_equal(other, X, check_exact=True)
        pd.testing.assert_series_equal(money, paid, check_exact=True)
    money = read(str(tmp_path / "short.csv"))[1]
    pd.testing.assert_series_equal(money, paid, check_exact=True)


def test_labels_are_called_as_they_are_written():
    assert as_labels(pa.array([1.1, 2.5, 3.0, None], pa.float32())).to_pylist() == ["1.1", "2.5", "3", None]
    assert label_of(np.float32(1.1)) == label_of(1.1) == "1.1"


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.7])
def test_a_fall_of_exactly_the_share_is_one(share):
    prices = [p for p in range(99, 4000, 37) if (p * round(100 * (1 - share))) % 100 == 0]
    rows = [(i, "2024-01-01", p / 100) for i, p in enumerate(prices)]
    rows += [(i, "2024-03-01", p * round(100 * (1 - share)) / 10_000) for i, p in enumerate(prices)]
    rows += [(10_000 + i, day, value / 100) for i, p in enumerate(prices) for day, value in (("2024-01-01", p), ("2024-03-01", p - 1))]
    frame = pd.DataFrame(rows, columns=["u", "t", "price"]).astype({"price": np.float32})
    tables = cp.EventTables(prices=cp.States(frame, customer="u", time="t", values=["price"]), observed_until="2024-12-01")
    rule = cp.rules.DownSell("30d", value="price", drop=share)
    outcomes = cp.label_churn(tables, cp.take_snapshots(tables, rule, at="2024-02-20"), rule)["outcome"].to_numpy()
    fallen = np.arange(len(outcomes)) < len(prices)
    assert prices
    assert np.array_equal(outcomes[fallen], np.ones(len(prices)))
    assert not outcomes[~fallen & np.r_[np.zeros(len(prices), bool), np.array(prices) * share > 1]].any()


@pytest.mark.parametrize(
    "values", [pd.period_range("2024-01", periods=2, freq="M"), pd.cut(pd.Series([1, 9]), 2)], ids=["period", "interval"]
)
def test_types_that_are_no_labels_and_no_ids_are_refused_by_name(values):
    frame = pd.DataFrame({"u": ["a", "b"], "t": ["2024-01-01", "2024-01-02"], "x": values})
    with pytest.raises(ChurnError, match="label-type"):
        cp.EventTables(log=cp.Events(frame, customer="u", time="t", kind="x"))
    with pytest.raises(ChurnError, match="id-type"):
        cp.EventTables(log=cp.Events(frame, customer="x", time="t"))


@pytest.mark.parametrize("parts", [1, 2])
def test_a_text_that_a_dictionary_lists_twice_is_one_text(parts):
    twice = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 1]), pa.array(["a", "b", "a"]))
    codes, values = encoded(pa.chunked_array([twice] * parts))
    assert codes.tolist() == [0, 1, 0, -1, 1] * parts
    assert values.to_pylist() == ["a", "b"]
