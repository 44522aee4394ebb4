"""Inside a real local Spark session: features, outcomes, scores, drivers and models equal to those of one process, to the last bit."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.laws.checks import same_bits

import churnpredict as cp
from churnpredict import spark
from churnpredict.errors import ChurnWarning, ImmatureError, UsageError
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.spark.jobs import ranked

AT = ["2023-10-01", "2024-01-01"]
TABLES = ("customers", "orders", "payments", "tickets", "prices")
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def shop():
    return cp.make_business(270, random_state=3)


@pytest.fixture(scope="module")
def local(shop):
    declared = {n: shop.tables.declarations[n] for n in TABLES}
    orders = declared["orders"]
    people = np.random.default_rng(0).choice(["amy", "bob", "cem", None], len(orders.source))
    declared["orders"] = replace(orders, source=orders.source.assign(person=people), user="person", seats="prices.price")
    return cp.EventTables(observed_until=pd.Timestamp(shop.tables.observed_until(), unit="us"), **declared)


def in_spark(session, declarations):
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return {name: replace(d, source=session.createDataFrame(d.source)) for name, d in declarations.items()}


@pytest.fixture(scope="module")
def cluster(session, local):
    given = in_spark(session, local.declarations)
    with warnings.catch_warnings(action="ignore"):
        tables = spark.SparkTables(observed_until=pd.Timestamp(local.observed_until(), unit="us"), partitions=3, **given)
    yield tables
    tables.close()


@pytest.fixture(scope="module")
def pipeline(shop):
    quick = cp.ChurnClassifier(n_estimators=30, n_seeds=1, n_jobs=1, min_leavers=5)
    return cp.ChurnPipeline(shop.churn, every="60d", most_cutoffs=5, classifier=quick)


@pytest.fixture(scope="module")
def trained(pipeline, local):
    with warnings.catch_warnings(action="ignore", category=ChurnWarning):
        return pipeline.copy().fit(local, until="2024-01-01")


def collected(frame):
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return frame.toArrow().to_pandas()


def snapshots(frame):
    return frame.set_index(["customer_id", "cutoff"]).sort_index()


def same_frames(left, right):
    """Equal in every bit of every number, and in every text."""
    assert list(left.columns) == list(right.columns)
    assert len(left) == len(right)
    for name in left:
        a, b = left[name], right[name]
        if pd.api.types.is_float_dtype(a):
            assert a.dtype == b.dtype, name
            assert a.to_numpy().tobytes() == b.to_numpy().tobytes(), name
        else:
            assert a.isna().equals(b.isna()), name
            assert a[a.notna()].astype(str).tolist() == b[b.notna()].astype(str).tolist(), name


def test_features_and_outcomes_are_those_of_one_process(cluster, local, shop):
    assert len(cluster) == len(local)
    past = cp.take_snapshots(local, shop.churn, at=AT)
    expected = cp.build_features(local, past)
    outcomes = cp.label_churn(local, past, shop.churn)
    found = snapshots(collected(spark.build_features(cluster, shop.churn, at=AT, outcomes=True)))
    same_frames(found[["duration", "outcome"]], outcomes.sort_index())
    rows = expected.reindex(found.index)
    same_frames(found.drop(columns=["duration", "outcome"]), rows)
    assert any(c.endswith("_region") for c in found)  # labels travel as text
    assert any("failed" in c for c in found), "features of kinds are those of the whole"
    assert found[["habit__orders_active_users_30d", "habit__orders_concentration_90d", "value__orders_seats_used_90d"]].notna().any().all()


def test_scores_are_those_of_one_process(cluster, local, trained):
    expected = trained.score(local, at="2024-01-01")
    assert len(expected) > 150
    found = collected(spark.score(trained, cluster, at="2024-01-01"))
    same_frames(*(f.sort_values("customer_id", ignore_index=True) for f in (found, expected)))


def test_drivers_sum_to_the_risk(cluster, local, trained):
    found = snapshots(collected(spark.explain(trained, cluster, at="2024-01-01")))
    points = found.drop(columns=["risk", "base_risk"])
    assert np.abs(points.sum(axis=1) + found["base_risk"] - found["risk"]).max() < 1e-9
    why = cp.explain(trained.model_, trained.features_at(local, "2024-01-01"), detail="drivers")
    same_frames(points, why.points.sort_index())


def test_a_model_trained_on_spark_is_the_same_model(cluster, pipeline, trained):
    with warnings.catch_warnings(action="ignore", category=ChurnWarning):
        found = spark.fit(pipeline.copy(), cluster, until="2024-01-01")
        some = spark.fit(pipeline.copy(), cluster, until="2024-01-01", share=0.7)
    assert found.model_id_ == trained.model_id_
    assert found.worth_ == trained.worth_
    assert found.cutoffs_ == trained.cutoffs_
    assert 0.5 < some.n_snapshots_ / found.n_snapshots_ < 0.9


def test_contacted_snapshots_are_left_out_as_in_one_process(session):
    """How many leavers go with them is settled over all tasks."""
    shop = cp.make_business(240, random_state=4, rule="cancellation", treatments=True)
    declared = {name: shop.tables.declarations[name] for name in ("orders", "cancellations", "treatments")}
    end = {"observed_until": pd.Timestamp(shop.tables.observed_until(), unit="us")}
    rows = [cp.Feature("orders", "count", "30d"), cp.Feature("orders", "days_since_last")]
    quick = cp.ChurnClassifier(members=("trees",), n_estimators=10, n_seeds=1, n_jobs=1, min_leavers=5, horizon="90d")
    pipeline = cp.ChurnPipeline(shop.churn, every="90d", features=rows, classifier=quick, treatments="treatments")
    with warnings.catch_warnings(action="ignore"):
        expected = pipeline.copy().fit(cp.EventTables(**end, **declared), until="2024-01-01")
        with spark.SparkTables(partitions=3, **end, **in_spark(session, declared)) as cut:
            found = spark.fit(pipeline.copy(), cut, until="2024-01-01")
    assert (found.n_snapshots_, found.n_leavers_, found.model_id_) == (expected.n_snapshots_, expected.n_leavers_, expected.model_id_)


@pytest.mark.filterwarnings("ignore:.*an id that many people share")
def test_one_customer_with_most_of_the_rows(session):
    """A giant customer makes one task longer, and nothing else; ties of risks share a percentile."""
    rng = np.random.default_rng(0)
    who = np.where(rng.random(6000) < 0.6, 7, rng.integers(0, 300, 6000))
    log = pd.DataFrame({"who": who, "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200, 6000), unit="D")})
    declared = {"visits": cp.Events(log, customer="who", time="day")}
    churn = cp.Inactivity("30d")
    tables = cp.EventTables(**declared)
    expected = cp.build_features(tables, cp.take_snapshots(tables, churn, at="2024-05-01"))
    with spark.SparkTables(partitions=4, **in_spark(session, declared)) as cut:
        found = snapshots(collected(spark.build_features(cut, churn, at="2024-05-01")))
        frame = ranked(session.createDataFrame([(i, 0.25) for i in range(10)] + [(10, 0.5)], "i int, risk double"), 0, "UTC")
        assert sorted({(row.risk, row.percentile) for row in frame.collect()}) == [(0.25, 1000 / 11), (0.5, 100.0)]
    same_bits(expected, found)


def test_questions_that_tasks_cannot_answer_are_refused(cluster, shop):
    with pytest.raises(ImmatureError, match="immature"):
        spark.build_features(cluster, shop.churn, at="2030-01-01", outcomes=True)
    with pytest.raises(UsageError, match="needs-everybody"):
        spark.build_features(cluster, shop.churn, at=AT, features=[cp.Feature("customers", "peer_churn", "90d", column="region")])


@pytest.fixture
def log():
    rng = np.random.default_rng(1)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**7, 3000), unit="s")
    return pd.DataFrame({"who": rng.integers(0, 90, 3000), "t": times, "eur": rng.gamma(2, 10, 3000), "k": rng.choice(list("abc"), 3000)})


def in_parcels(log, n):
    batches = pa.Table.from_pandas(log, preserve_index=False).to_batches(max_chunksize=700)
    return pa.Table.from_batches(list(parts.cut(batches, "visits", "who", n))).sort_by("bucket")


def test_parcels_bring_a_customer_together(log):
    """Without Spark: every customer is in one bucket, whole; the buckets together give what one process gives."""
    declared = cp.Events(None, customer="who", time="t", value="eur", kind="k")
    empty = {"visits": pa.Table.from_pandas(log.head(0), preserve_index=False)}
    found = [parts.read_bucket(given, {"visits": declared}, empty, "UTC") for given in parts.unpack(in_parcels(log, 5).to_batches())]
    people = [set(tables.ids.to_pylist()) for _, tables in found]
    assert sum(map(len, people)) == len(set.union(*people)) == 90
    seen = parts.Seen(parts.Whole({"visits": declared}, "UTC"))
    for part, _ in found:
        parts.merge(seen, part)
    seen.whole.draw_outline()
    whole = cp.EventTables(visits=replace(declared, source=log))
    assert len(seen.whole) == 90
    assert seen.whole.outline.observed_until() == whole.observed_until()
    assert seen.rows == {"visits": 3000}
    labels = seen.whole.labels["visits"]["kind"]
    kinds = [parts.count_kinds(tables, "visits", None, labels) for _, tables in found]
    assert sum(rows for rows, *_ in kinds).tolist() == log["k"].value_counts().sort_index().tolist()
    asked = parts.Question(cp.Inactivity("30d"), whole.instants("2024-03-20"), cp.catalog(whole))
    frames = [frame for _, tables in found for frame in parts.rows_of(parts.as_part(tables, seen.whole), asked)]
    same_bits(cp.build_features(whole, cp.take_snapshots(whole, asked.churn, at="2024-03-20")), pd.concat(frames).sort_index())


def test_parcels_out_of_order_are_noticed(log, monkeypatch):
    """The planted fault: without the sort by bucket, a customer's rows would come in two pieces."""
    monkeypatch.setattr(parts, "ROWS", 700)
    parcels = in_parcels(log, 5)
    mixed = parcels.take(np.random.default_rng(0).permutation(len(parcels)))
    with pytest.raises(RuntimeError, match="sorted by bucket"):
        list(parts.unpack(mixed.to_batches()))
