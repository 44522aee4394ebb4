"""Labels, ids and amounts are the same whatever type stores them, and labels that a person gives are found among them."""

import datetime
import decimal
import itertools
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from tests.shops import QUICKEST

import churnpredict as cp
from churnpredict.errors import ChurnError, ChurnWarning, MismatchError, SchemaError
from churnpredict.events.values.ids import read_ids
from churnpredict.events.values.labels import as_labels, label_of, read_labels
from churnpredict.events.values.numbers import read_numbers

D = decimal.Decimal


def labels(values):
    return as_labels(values if isinstance(values, pa.Array) else pa.array(values)).to_pylist()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 20, None], kind)
        for kind in (pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(9, 2), pa.decimal256(50, 7))
    ]
    + [pa.array(["1", "20", None], kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]
    + [pa.array(["1", "20", None]).dictionary_encode(), pa.array(["1", "20", ""]), pa.array(["1", "20", "  "])],
    ids=str,
)
def test_whole_numbers_are_written_as_whole_numbers(values):
    assert labels(values) == ["1", "20", None]
    codes, distinct = read_labels(pa.chunked_array([values, values]), table="t", name="k")
    assert distinct.to_pylist() == ["1", "20"]
    assert codes.tolist() == [0, 1, -1] * 2


def test_other_types():
    assert labels([1.5, -0.0, 1e20 / 1e10, float("nan"), 0.1]) == ["1.5", "0", "10000000000", None, "0.1"]
    assert labels([D("1.10"), D("-2.00"), D("0.000")]) == ["1.1", "-2", "0"]
    assert labels([True, False, None]) == ["true", "false", None]
    assert labels(["True", "FALSE", "true", "yes", "1.10", "1e5"]) == ["true", "false", "true", "yes", "1.10", "1e5"]
    assert labels([datetime.date(2024, 1, 31)]) == ["2024-01-31"]
    days = [datetime.datetime(2024, 1, 31), datetime.datetime(2024, 1, 31, 10, 0, 0, 500)]
    for unit in ("us", "ns"):
        assert labels(pa.array(days, pa.timestamp(unit))) == ["2024-01-31", "2024-01-31 10:00:00.000500"]
    assert labels(pa.array(days, pa.timestamp("us", "Asia/Tokyo")))[0] == "2024-01-31 00:00:00Z".replace(" 00:00:00Z", " 00:00:00Z")
    assert labels(pa.nulls(2)) == [None, None]


@pytest.mark.parametrize("values", [[[1], [2]], [{"a": 1}], [b"x"], [datetime.timedelta(1)]])
def test_what_is_no_label_is_refused(values):
    with pytest.raises(ChurnError, match="label-type") as caught:
        read_labels(pa.chunked_array([pa.array(values)]), table="t", name="k")
    assert (caught.value.table, caught.value.column) == ("t", "k")


def test_whole_numbers_that_floats_have_merged_are_refused():
    with pytest.raises(ChurnError, match="float-label"):
        labels([float(2**53), None])
    assert labels(pa.array([2**53, 2**53 + 1, None])) == [str(2**53), str(2**53 + 1), None]


def test_a_label_that_a_person_gives():
    for value in (1, 1.0, np.int64(1), np.float32(1), D("1.00"), "1"):
        assert label_of(value) == "1"
    for value in (True, np.True_, "True", "true"):
        assert label_of(value) == "true"
    assert label_of(np.str_("yes")) == "yes"
    assert label_of("1.0") == "1.0"
    assert label_of(None) is None


LOG = pd.DataFrame(
    {
        "user": np.repeat(range(40), 3),
        "at": pd.date_range("2024-01-01", periods=120, freq="D"),
        "why": [1, 2, None] * 40,
        "failed": [True, False, None] * 40,
    }
)


def test_kinds_are_found_by_whatever_names_them():
    for given in (1, 1.0, "1", D(1)):
        tables = cp.EventTables(log=cp.Events(LOG, customer="user", time="at", kind="why", replies=[given]))
        assert [*tables.kinds("log")] == ["1", "2"]
        assert len(tables.stream("log", given)) == 40
        assert cp.Feature("log", "count", "30d", kind=given) == cp.Feature("log", "count", "30d", kind="1")
        churn = cp.Cancellation("30d", of="log", involuntary=[given])
        ends = cp.EventTables(log=cp.Events(LOG, customer="user", time="at", kind="why"), all=cp.Events(LOG, customer="user", time="at"))
        pairs = pd.DataFrame({"customer_id": range(40), "cutoff": LOG["at"][::3].to_numpy()})
        assert set(cp.label_churn(ends, pairs.iloc[:20], churn)["outcome"]) == {2}
    for given in (True, "True", "true"):
        assert len(cp.EventTables(log=cp.Events(LOG, customer="user", time="at", kind="failed")).stream("log", given)) == 40


def test_rates_of_currencies_that_are_numbers():
    log = LOG.assign(eur=2.0).dropna()
    for rates in ({1: 1.0, 2: 0.5}, {"1": 1.0, "2": 0.5}, {1.0: 1.0, 2.0: 0.5}):
        tables = cp.EventTables(log=cp.Events(log, customer="user", time="at", value="eur", currency="why", rates=rates))
        assert sorted(set(tables.stream("log").columns["value"])) == [1.0, 2.0]


IDS = [0, 7, 2**53, 2**53 + 1, 2**63 - 1]


def ids(values, form=None):
    codes, distinct = read_ids(pa.chunked_array([values]), table="t", name="id", form=form)
    return distinct.take(pa.array(codes)).to_pylist()


def test_ids_are_exact_whatever_stores_them():
    exact = [
        pa.array(IDS),
        pa.array(IDS, pa.uint64()),
        pa.array(list(map(D, IDS)), pa.decimal128(38, 0)),
        pa.array(list(map(D, IDS)), pa.decimal128(38, 2)),
    ]
    for values in [*exact, *(v.dictionary_encode() for v in exact)]:
        assert ids(values) == IDS
    texts = pa.array(list(map(str, IDS)))
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        assert ids(texts.cast(kind)) == list(map(str, IDS))
        assert ids(texts.cast(kind), b"text") == IDS
    beyond = [*IDS, 2**63, 2**64 - 1]
    assert (
        ids(pa.array(beyond, pa.uint64()))
        == ids(pa.array(list(map(D, beyond))))
        == ids(pa.array(list(map(str, beyond))))
        == list(map(str, beyond))
    )
    assert ids(pa.array([D(2**127 - 1), D(1)])) == [str(2**127 - 1), "1"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([1.0, 2.0], "float-id"),
        ([float(2**60)], "float-id"),
        (["1.23457E+12"], "float-id"),
        (["42.0"], "float-id"),
        ([D("1.50")], "id-type"),
        ([[1], [2]], "id-type"),
        ([{"a": 1}], "id-type"),
        ([b"ab"], "id-type"),
        ([True], "id-type"),
        ([datetime.date(2024, 1, 1)], "id-type"),
        ([1, None], "null-id"),
        ([" "], "empty-id"),
    ],
)
@pytest.mark.parametrize("scan", [False, True])
def test_what_is_no_id_is_refused(values, code, scan):
    frame = pa.table({"id": pa.array(values), "at": pa.array([datetime.date(2024, 1, 1)] * len(values))})
    with pytest.raises(ChurnError) as caught:
        (cp.runs.scan_tables if scan else cp.EventTables)(log=cp.Events(frame, customer="id", time="at"))
    assert caught.value.code == code


def test_one_id_of_two_decimal_types_is_one_customer_in_partitions_too():
    one = pa.table({"id": pa.array([D(i) for i in range(50)], pa.decimal128(20, 2)), "at": [datetime.date(2024, 1, 1)] * 50})
    two = pa.table({"id": pa.array(range(50)), "at": [datetime.date(2024, 1, 2)] * 50})
    given = {"one": cp.Events(one, customer="id", time="at"), "two": cp.Events(two, customer="id", time="at")}
    assert len(cp.EventTables(**given)) == 50
    with cp.runs.scan_tables(**given, partitions=7) as tables:
        assert len(tables) == 50


def amounts(values):
    return read_numbers(pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)]), table="t", name="eur")


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_amounts_are_the_nearest_float_whatever_stores_them():
    cents = np.random.default_rng(0).integers(-(10**9), 10**9, 5_000)
    exact = [D(int(c)).scaleb(-2) for c in cents]
    expected = amounts(np.array([float(d) for d in exact]))
    for values in (
        pa.array(exact, pa.decimal128(18, 2)),
        pa.array(exact, pa.decimal128(38, 20)),
        pa.array(exact, pa.decimal256(60, 4)),
        pa.array(map(str, exact)),
        pa.array(map(str, exact), pa.large_string()),
        pa.array(exact, pa.decimal128(18, 2)).slice(1),
    ):
        np.testing.assert_array_equal(amounts(values), expected[len(expected) - len(values) :])
    assert np.isnan(amounts(pa.array([D("1.25"), None]))[1])


@pytest.mark.parametrize("word", ["NULL", "null", "N/A", "NA", "\\N", "-", "nan", "NaN", "None", " ", "<NA>", "#N/A"])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_words_for_nothing_are_missing_with_a_word(word, kind):
    if word.strip():
        with pytest.warns(ChurnWarning, match="missing-words"):
            found = amounts(pa.array(["1.5", word, "2"], kind))
    else:
        found = amounts(pa.array(["1.5", word, "2"], kind))
    np.testing.assert_array_equal(found, [1.5, np.nan, 2])


@pytest.mark.parametrize(
    "bad", ["0x1F", "1_000", "5%", "1,5", "1.000,00", "€5", "007", "00012.50", "1e", "five", ".", "+", "--5", "1 000", "5f", "(5)", "yes"]
)
def test_what_is_no_plain_number_is_refused_with_its_form(bad):
    with pytest.raises(ChurnError, match="value-type") as caught:
        amounts(pa.array(["1.5", bad, bad, None]))
    assert (caught.value.rows, caught.value.total) == (2, 4)
    assert "like '" in str(caught.value)


def test_numbers_as_texts_and_those_that_are_none():
    np.testing.assert_array_equal(amounts(["1.5", " 2 ", "1e3", ".5", "7.", "+3", None]), [1.5, 2, 1000, 0.5, 7, 3, np.nan])
    for values in (["inf", "1"], ["-Infinity"], ["1e400"], [float("inf")]):
        with pytest.raises(ChurnError, match="infinite-value"):
            amounts(values)
    with pytest.raises(ChurnError, match="value-type") as caught:
        amounts([True, False])
    assert "kind=" in caught.value.remedy
    with pytest.warns(ChurnWarning, match="huge-value"):
        assert amounts(["9" * 40])[0] == 1e30


@pytest.mark.parametrize("read", [cp.EventTables, lambda **k: cp.runs.scan_tables(partitions=3, **k)])
def test_equal_rows_may_be_real(read):
    log = pd.DataFrame({"user": [1, 1, 2, 3] * 2, "at": pd.to_datetime(["2024-01-01 10:00"] * 8), "eur": 5.0, "no": range(8)})
    with pytest.raises(ChurnError, match="repeated-rows") as caught:
        read(log=cp.Events(log, customer="user", time="at", value="eur"))
    assert 'repeats="keep"' in caught.value.remedy
    for more, rows in (({"repeats": "keep"}, 8), ({"repeats": "drop"}, 3), ({"id": "no"}, 8)):
        tables = read(log=cp.Events(log, customer="user", time="at", value="eur", **more))
        parts = [tables] if isinstance(tables, cp.EventTables) else list(tables)
        assert sum(len(p.stream("log")) for p in parts) == rows, more
    spans = log.assign(end=pd.Timestamp("2024-02-01"))
    for repeats, rows in (("keep", 8), ("drop", 3)):
        tables = read(log=cp.Intervals(spans, customer="user", start="at", end="end", repeats=repeats))
        parts = [tables] if isinstance(tables, cp.EventTables) else list(tables)
        assert sum(len(p.stream("log")) for p in parts) == rows
    with pytest.raises(ChurnError, match="bad-repeats"):
        read(log=cp.Events(log, customer="user", time="at", repeats="both"))


def test_event_ids_beyond_2_to_53_are_events_of_their_own():
    log = pd.DataFrame(
        {
            "user": [1, 1, 1],
            "at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
            "no": pd.array([2**53, 2**53 + 1, None], "Int64"),
        }
    )
    for source in (log, pl.from_pandas(log), pa.Table.from_pandas(log)):
        assert len(cp.EventTables(log=cp.Events(source, customer="user", time="at", id="no")).stream("log")) == 3
    with pytest.raises(ChurnError, match="float-id"):
        cp.EventTables(log=cp.Events(log.astype({"no": float}), customer="user", time="at", id="no"))


def test_scoring_says_that_the_kinds_of_training_are_gone():
    rng = np.random.default_rng(0)
    n = 6_000
    log = pd.DataFrame(
        {"user": rng.integers(0, 300, n), "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300 * 24, n), unit="h")}
    )
    log = log.assign(what=rng.integers(1, 4, n)).drop_duplicates()
    tables = cp.EventTables(log=cp.Events(log, customer="user", time="at", kind="what"))
    features = [cp.Feature("log", "count", "30d", kind=1), cp.Feature("log", "days_since_last")]
    quickest = cp.ChurnClassifier(**QUICKEST)
    pipeline = cp.ChurnPipeline(cp.Inactivity("30d", of="log"), features=features, classifier=quickest).fit(tables)
    spoilt = log.assign(what=log["what"].astype(float).mask(log.index % 50 == 0))
    blanks = cp.EventTables(log=cp.Events(spoilt, customer="user", time="at", kind="what"))
    with pytest.warns(ChurnWarning, match="spoilt-labels"):
        renamed = cp.EventTables(log=cp.Events(log.assign(what=log["what"].map("{}.0".format)), customer="user", time="at", kind="what"))
    assert pipeline.features_at(blanks).filter(like="_1_").to_numpy().sum() > 0
    with pytest.warns(ChurnWarning, match="absent-kinds"):
        pipeline.features_at(renamed)
    pipeline.raise_on = "error"
    with pytest.raises(MismatchError, match="absent-kinds"):
        pipeline.features_at(renamed)


def test_every_pair_of_types_gives_the_same_labels():
    frames = {
        "pandas": pd.DataFrame({"k": [1, 2, 1]}),
        "nullable": pd.DataFrame({"k": pd.array([1, 2, 1], "Int64")}),
        "float": pd.DataFrame({"k": [1.0, 2.0, 1.0]}),
        "object": pd.DataFrame({"k": ["1", "2", "1"]}, dtype=object),
        "category": pd.DataFrame({"k": pd.Categorical([1, 2, 1])}),
        "sparse": pd.DataFrame({"k": pd.arrays.SparseArray([1, 2, 1])}),
        "polars": pl.DataFrame({"k": ["1", "2", "1"]}, schema={"k": pl.Categorical}),
        "decimal": pl.DataFrame({"k": [D(1), D(2), D(1)]}),
    }
    found = {}
    for name, frame in frames.items():
        at, user = ["2024-01-01", "2024-01-02", "2024-01-03"], [1, 1, 2]
        given = (
            frame.assign(user=user, at=at)
            if isinstance(frame, pd.DataFrame)
            else frame.with_columns(user=pl.Series(user), at=pl.Series(at))
        )
        tables = cp.EventTables(log=cp.Events(given, customer="user", time="at", kind="k", item="k"))
        found[name] = (tables.labels["log"]["kind"].to_pylist(), tables.stream("log").columns["item"].tolist())
    for one, other in itertools.combinations(found, 2):
        assert found[one] == found[other], (one, other)


STORED = {
    "text": pa.array(["1", "2.5", None, "3"]),
    "large": pa.array(["1", "2.5", None, "3"], pa.large_string()),
    "category": pa.array(["1", "2.5", None, "3"]).dictionary_encode(),
    "numbers": pa.array([1, 2.5, None, 3]),
    "numbers as category": pa.array([1, 2.5, None, 3]).dictionary_encode(),
    "decimals": pa.array([D("1.0"), D("2.5"), None, D("3.0")]),
}


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("stored", STORED)
def test_what_is_described_is_read_by_what_stands_in_it(stored):
    people = pa.table({"id": range(4), "size": STORED[stored]})
    log = pa.table({"id": range(4), "at": [datetime.date(2024, 1, 1)] * 4})
    for read in (cp.EventTables, lambda **k: cp.runs.scan_tables(partitions=5, **k)):
        for labels_, kind in (([], "f"), (["size"], "i")):
            told = cp.Customers(people, customer="id", attributes=["size"], labels=labels_)
            tables = read(log=cp.Events(log, customer="id", time="at"), people=told)
            parts = [tables] if isinstance(tables, cp.EventTables) else list(tables)
            values = np.concatenate([p.profile.versions.columns["size"] for p in parts])
            assert values.dtype.kind == kind
            if kind == "f":
                np.testing.assert_array_equal(np.sort(values), [1, 2.5, 3, np.nan])
            else:
                assert tables.labels["people"]["size"].to_pylist() == ["1", "2.5", "3"]


def test_categories_of_numbers_are_warned_of_and_words_are_labels_in_every_partition():
    log = pa.table({"id": range(40), "at": [datetime.date(2024, 1, 1)] * 40})
    people = pa.table({"id": range(40), "size": pa.array([1] * 40).dictionary_encode()})
    with pytest.warns(ChurnWarning, match="category-numbers"):
        cp.EventTables(log=cp.Events(log, customer="id", time="at"), people=cp.Customers(people, customer="id", attributes=["size"]))
    mixed = pa.table({"id": range(40), "size": ["1"] * 39 + ["many"]})
    told = cp.Customers(mixed, customer="id", attributes=["size"])
    with cp.runs.scan_tables(log=cp.Events(log, customer="id", time="at"), people=told, partitions=9) as tables:
        assert {p.profile.versions.columns["size"].dtype.kind for p in tables} == {"i"}
    with pytest.raises(ChurnError, match="bad-labels"):
        cp.EventTables(log=cp.Events(log, customer="id", time="at"), people=cp.Customers(mixed, customer="id", labels=["size"]))


@pytest.mark.parametrize("values", [[datetime.date(2024, 1, 1)] * 3, [datetime.timedelta(1)] * 3, [datetime.datetime(2024, 1, 1)] * 3])
def test_days_are_no_description(values):
    frame = pa.table({"id": range(3), "at": [datetime.date(2024, 1, 1)] * 3, "day": values})
    with pytest.raises(ChurnError, match="label-type") as caught:
        cp.EventTables(log=cp.Events(frame, customer="id", time="at"), people=cp.Customers(frame, customer="id", attributes=["day"]))
    assert "dates=" in caught.value.remedy


def test_times_of_day_are_named_alike_in_every_unit():
    """01:02:00, 01:02:00.000000 and 01:02:00.000000000 were three labels, by the source they came from."""
    when = [datetime.time(1, 2), datetime.time(23, 0, 0, 500_000), None]
    for unit in (pa.time32("ms"), pa.time64("us"), pa.time64("ns")):
        assert as_labels(pa.array(when, unit)).to_pylist() == ["01:02:00", "23:00:00.5", None]
    assert as_labels(pa.array(when[:1], pa.time32("s"))).to_pylist() == ["01:02:00"]


def test_lists_are_no_labels():
    frame = pa.table({"who": [1, 2], "day": ["2024-01-01", "2024-01-02"], "tags": [["a"], ["b", "c"]]})
    with pytest.raises(SchemaError, match="label-type"):
        cp.EventTables(plans=cp.States(frame, customer="who", time="day", values=["tags"]))


@pytest.mark.parametrize("word", ["NULL", "N/A", "NA", "nan", "-", "\\N"])
def test_a_word_for_nothing_makes_no_labels_of_numbers(tmp_path, word):
    """One cell of NULL made a label of every age: no number was left, without a word."""
    rows = "".join(f"{i},{word if i == 3 else i}.5,2024-01-0{i}\n".replace(f"{word}.5", word) for i in range(1, 9))
    (tmp_path / "people.csv").write_text("id,age,day\n" + rows)
    log = cp.Events(tmp_path / "people.csv", customer="id", time="day")
    people = cp.Customers(tmp_path / "people.csv", customer="id", attributes=["age"])
    for make in (cp.EventTables, cp.runs.scan_tables):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            tables = make(people=people, log=log, **({} if make is cp.EventTables else {"partitions": 1}))
            there = tables if make is cp.EventTables else tables.partition(0)
        assert "missing-words" in {getattr(w.message, "code", "") for w in told}
        assert "age" not in there.labels["people"]
        assert sorted(there.profile.versions.columns["age"].tolist(), key=str)[:2] == [1.5, 2.5]
