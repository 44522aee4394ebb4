"""Law 6 for every source there is, read whole and read in partitions: the same features, to the last bit; and typed errors."""

import contextlib
import json
import os
import sqlite3
import zipfile

import deltalake
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.memory import InMemoryCatalog
from tests.laws.businesses import SOURCES as WRITERS
from tests.laws.businesses import make_business, meaning, written
from tests.laws.checks import check_order, same_bits
from tests.laws.histories import cutoffs_of, features_of, make_history, pairs_of

import churnpredict as cp
from churnpredict import Customers, Events, EventTables, File, Query, build_features
from churnpredict.errors import ChurnError, ContentError, SchemaError, SourceError
from churnpredict.runs import scan_tables

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def arrow(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


def packed_csv(kind, ending):
    def make(frame, place, name):
        path = place / f"{name}.csv{ending}"
        with pa.CompressedOutputStream(str(path), kind) as file:
            pa.csv.write_csv(arrow(frame), file)
        return path

    return make


def csv_glob(frame, place, name):
    for part in range(3):
        pa.csv.write_csv(arrow(frame.iloc[part::3]), place / f"{name}-{part}.csv")
    return str(place / f"{name}-*.csv")


def hive(frame, place, name):
    """Folders by a column that stands in no file, the way warehouses write."""
    for part in range(3):
        folder = place / name / f"loaded=2024-0{part + 1}"
        folder.mkdir(parents=True)
        pq.write_table(arrow(frame.iloc[part::3]), folder / "rows.parquet")
    return place / name


def sqlite_file(frame, place, name):
    with contextlib.closing(sqlite3.connect(place / "shop.sqlite")) as connection:
        frame.to_sql(name, connection, index=False)
    return Query(name, place / "shop.sqlite")


def duckdb_file(frame, place, name):
    with duckdb.connect(str(place / "shop.duckdb")) as connection:
        connection.register("given", arrow(frame))
        connection.execute(f"CREATE TABLE {name} AS FROM given")
    return Query(f"SELECT * FROM {name};", place / "shop.duckdb")


def duckdb_connection(frame, place, name):
    connection = duckdb.connect()
    connection.register(name, arrow(frame))
    return Query(name, connection)


def reader(frame, place, name):
    table = arrow(frame)
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=7))


def lazy(frame, place, name):
    return pl.from_pandas(frame).lazy().with_columns(unused=pl.lit(1))


def xlsx(frame, place, name):
    frame.to_excel(place / f"{name}.xlsx", index=False, sheet_name="rows")
    return place / f"{name}.xlsx"


def json_lines(frame, place, name):
    frame.to_json(place / f"{name}.jsonl", orient="records", lines=True, date_format="iso", date_unit="us", double_precision=15)
    return place / f"{name}.jsonl"


def json_list(frame, place, name):
    rows = json.loads(frame.to_json(orient="records", date_format="iso", date_unit="us", double_precision=15))
    (place / f"{name}.json").write_text(json.dumps({"status": "ok", "rows": rows}, indent=1))
    return place / f"{name}.json"


def zipped(frame, place, name):
    with zipfile.ZipFile(place / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/rows.csv", frame.to_csv(index=False))
        archive.writestr("__MACOSX/export/._rows.csv", b"\0\5\x16\7")
    return place / f"{name}.zip"


def utf16_with_title_and_total(frame, place, name):
    text = "Report of all rows\n\n" + frame.to_csv(index=False, sep="\t") + "\n\nTotal\n"
    (place / f"{name}.txt").write_bytes(text.encode("utf-16"))
    return File(place / f"{name}.txt", encoding="utf-16", skip_rows=2, footer_rows=1)


def decimal_commas(frame, place, name):
    frame.to_csv(place / f"{name}.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    return File(place / f"{name}.csv", encoding="cp1252", decimal=",", thousands=".")


def delta(frame, place, name):
    """Rows that were deleted and overwritten lie beside those that are there."""
    wrong = frame.assign(**{c: frame[c] * 2 for c in frame.select_dtypes("number")})
    deltalake.write_deltalake(place / name, arrow(wrong))
    deltalake.write_deltalake(place / name, arrow(frame.iloc[::2]), mode="overwrite")
    deltalake.write_deltalake(place / name, arrow(frame.iloc[1::2]), mode="append")
    deltalake.write_deltalake(place / name, arrow(wrong), mode="append")
    return File(place / name, version=2)


def iceberg(frame, place, name):
    catalog = InMemoryCatalog("tests", warehouse=f"file://{place}")
    catalog.create_namespace("shop")
    table = catalog.create_table(f"shop.{name}", schema=arrow(frame).schema)
    table.append(arrow(frame.iloc[::2]))
    table.append(arrow(frame.iloc[1::2]))
    snapshot = table.current_snapshot().snapshot_id
    table.append(arrow(frame))
    catalog.engine.dispose()
    return File(place / "shop" / name, version=snapshot)


SOURCES = {
    "xlsx": xlsx,
    "jsonl": json_lines,
    "json": json_list,
    "zip": zipped,
    "utf-16 with a title and a total": utf16_with_title_and_total,
    "decimal commas": decimal_commas,
    "delta": delta,
    "iceberg": iceberg,
    "polars-lazy": lazy,
    "csv.gz": packed_csv("gzip", ".gz"),
    "csv.zst": packed_csv("zstd", ".zst"),
    "csv-glob": csv_glob,
    "hive-parquet": hive,
    "batch-reader": reader,
    "sqlite-file": sqlite_file,
    "duckdb-file": duckdb_file,
    "duckdb-connection": duckdb_connection,
}


def scanned(history, log, people, cutoffs, partitions=3):
    """The features of a history whose tables are read in partitions, sorted as in memory."""
    seats = {} if people is None else {"seats": "people.age"}
    declared = {"orders": Events(log, **history.roles, **seats)}
    if people is not None:
        declared["people"] = Customers(people, customer="id", since="joined", attributes=["age", "region"], dates=["card"])
    features, pairs = features_of(history), pairs_of(history, cutoffs)
    with scan_tables(timezone=history.timezone, partitions=partitions, **declared) as tables:
        frames = []
        for part in tables:
            mine = pairs[pairs["customer_id"].isin(part.ids.to_pylist())]
            if len(mine):
                frames.append(build_features(part, mine, features=features))
    return pd.concat([f.astype({c: object for c in f if f[c].dtype == "category"}) for f in frames]).sort_index()


def check_both_ways(history, make):
    """``make`` gives the tables of the history anew: streams and cursors can be read only once."""
    cutoffs = cutoffs_of(history, 3)
    check_order(history, history.tables(*make()), cutoffs)
    inside = build_features(history.tables(), pairs_of(history, cutoffs), features=features_of(history))
    found = scanned(history, *make(), cutoffs)
    same_bits(inside.astype({"lifecycle__people_region": object})[NUMBERS(inside)], found[NUMBERS(inside)])
    assert inside["lifecycle__people_region"].astype(object).tolist() == found["lifecycle__people_region"].tolist()


def NUMBERS(frame):
    return [c for c in frame if c != "lifecycle__people_region"]


@pytest.mark.parametrize("kind", SOURCES)
def test_every_source_gives_the_same_bits_whole_and_in_partitions(kind, tmp_path):
    history = make_history(7, n_rows=120, timezone="Europe/Berlin")
    places = iter(tmp_path / str(i) for i in range(9))

    def make():
        place = next(places)
        place.mkdir()
        return SOURCES[kind](history.log, place, "orders"), SOURCES[kind](history.people, place, "people")

    check_both_ways(history, make)


def test_a_stream_that_breaks_off_is_refused():
    def batches():
        yield pa.record_batch({"id": [1], "day": ["2024-01-01"], "eur": [1.0]})
        raise OSError("lost row 'Zaphod4711' at postgresql://churn:s3cret@host/shop")

    schema = pa.schema([("id", pa.int64()), ("day", pa.string()), ("eur", pa.float64())])
    assert refused(pa.RecordBatchReader.from_batches(schema, batches()), SourceError).code == "unreadable-stream"
    with pytest.raises(SourceError, match="unreadable-stream"):
        scan_tables(orders=Events(pa.RecordBatchReader.from_batches(schema, batches()), customer="id", time="day"))


def refused(source, error, **roles):
    with pytest.raises(error) as caught:
        EventTables(orders=Events(source, **{"customer": "id", "time": "day", "value": "eur", **roles}))
    assert caught.value.table == "orders"
    chain = f"{caught.value} {caught.value.__cause__!r} {caught.value!r}"
    for secret in ("s3cret", "Zaphod", "4711"):
        assert secret not in chain
    return caught.value


def test_a_stream_is_read_once_and_says_so():
    table = pa.table({"id": [1, 2], "day": ["2024-01-01", "2024-01-02"]})
    stream = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    declared = Events(stream, customer="id", time="day")
    EventTables(orders=declared)
    with pytest.raises((SourceError, SchemaError, ContentError)):
        EventTables(orders=declared)


# --- law 18: every source says the same ---

BUSINESSES = {"quick": 6, "thorough": 200}[os.environ.get("CHURNPREDICT_PROFILE", "quick")]


def same_as_meant(tables, business):
    """Every row of every table, by the plain meaning of what was written."""
    for name, roles in (
        ("orders", {"time": "at", "value": "eur", "kind": "kind", "item": "item", "user": "person"}),
        ("terms", {"time": "first", "value": "fee"}),
    ):
        columns, stream = business.tables[name], tables.stream(name)
        meant = {role: meaning(columns[c], business.timezone) for role, c in roles.items()}
        expected = sorted(zip(columns["who"].values, *meant.values(), strict=True), key=repr)
        owners = np.array(tables.ids.to_pylist(), object)[stream.owners].tolist()
        found = {"time": stream.times.tolist(), "value": [None if np.isnan(v) else v for v in stream.columns["value"].tolist()]}
        for role in ("kind", "item", "user"):
            if role in roles:
                names = [*tables.labels[name][role].to_pylist(), None]
                found[role] = [names[code] for code in stream.columns[role].tolist()]
        assert sorted(zip(owners, *(found[r] for r in roles), strict=True), key=repr) == expected, name


def features_by_kind(tables):
    """Some of every column that a source may store in its own way."""
    of = cp.Feature
    found = [of("orders", a, w) for a in ("count", "sum", "max", "distinct", "active_days", "entropy") for w in ("60d", "all")]
    found += [of("orders", a, "60d") for a in ("active_users", "new_users", "lost_users", "concentration", "busiest_silence")]
    found += [of("orders", a, "all") for a in ("busiest_gone", "kinds_per_user", "items_per_user")]
    found += [of("orders", a) for a in ("days_since_last", "gap_mean", "gap_ratio", "value_ratio", "stage")]
    found += [of("orders", "count", "all", kind=kind) for kind in tables.labels["orders"]["kind"].to_pylist()[:3]]
    found += [of("people", "tenure_days"), of("people", "attribute", column="size"), of("people", "attribute", column="plan")]
    found += [of("terms", a) for a in ("open_count", "open_age")] + [of("terms", "sum", "all")]
    return list({f.name: f for f in found}.values())


def or_code(make):
    """What is made, or the code of the refusal: a small business may have nobody at risk."""
    try:
        return make()
    except ChurnError as error:
        return error.code


def everything_told(business, sources):
    """Features, labels, outcomes and rates of a business."""
    tables = business.declared(sources, observed_until="2024-06-01")
    churn = cp.Inactivity("30d", of="orders", active_within="120d")
    snapshots = or_code(lambda: cp.take_snapshots(tables, churn, at=["2023-08-01", "2023-11-05"]))
    everybody = pd.DataFrame(
        {"customer_id": np.repeat(np.array(tables.ids.to_pylist(), object), 2), "cutoff": ["2023-08-01", "2023-11-05"] * len(tables)}
    )
    labels = {(t, c): v.to_pylist() for t, columns in tables.labels.items() for c, v in columns.items()}
    outcomes = cp.label_churn(tables, snapshots, churn) if isinstance(snapshots, pd.DataFrame) else snapshots
    rates = or_code(lambda: cp.churn_rate(tables, churn, period="Q"))
    ends = or_code(lambda: cp.take_snapshots(tables, cp.SubscriptionEnd("30d", of="terms"), at="2023-08-01"))
    return tables, {
        "features": build_features(tables, everybody, features=features_by_kind(tables)),
        "labels": labels,
        "outcomes": outcomes,
        "rates": rates,
        "ends": ends,
    }


def check_same(found, expected, where):
    for part, value in expected.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(pd.DataFrame(found[part]), pd.DataFrame(value), check_exact=True, obj=f"{where}: {part}")
        else:
            assert found[part] == value, (where, part)


@pytest.mark.parametrize("seed", range(BUSINESSES))
def test_every_source_says_the_same(seed, tmp_path, postgres):
    business = make_business(seed)
    expected = None
    for kind in WRITERS:
        tables, found = everything_told(business, written(business, kind, seed, tmp_path / kind, postgres))
        same_as_meant(tables, business)
        expected = expected or found
        check_same(found, expected, f"{kind} of {seed}")


def test_every_source_gives_the_same_scores(tmp_path, postgres):
    """A model trained on one source scores the same tables of another, to the last bit."""
    made = cp.make_business(200, 0)
    name = made.churn.of or "orders"
    log = made.tables.declarations[name]
    frame = log.source
    scores, few = [], cp.ChurnClassifier(n_estimators=10, n_seeds=1, n_jobs=1)
    for kind in ("pandas", "csv", "parquet", "duckdb"):
        place = tmp_path / kind
        place.mkdir()
        path = place / f"{name}.{kind}"
        if kind == "csv":
            frame.to_csv(path, index=False)
        elif kind == "parquet":
            frame.to_parquet(path)
        source = frame if kind == "pandas" else duckdb_file(frame, place, name) if kind == "duckdb" else path
        tables = EventTables(**{name: Events(source, **roles_of(log))})
        if not scores:
            pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of=name), classifier=few).fit(tables)
        scores.append(pipeline.score(tables))
    for other in scores[1:]:
        pd.testing.assert_frame_equal(other, scores[0], check_exact=True)


def roles_of(declaration):
    roles = {r: getattr(declaration, r) for r in ("customer", "time", "value", "kind", "item", "user")}
    return {r: c for r, c in roles.items() if c is not None}
