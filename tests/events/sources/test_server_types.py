"""What only databases have: money, exact numerics, infinity, enums; exact, or refused with the cast to write."""

import contextlib

import duckdb
import numpy as np
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
T = 1_706_695_200_000_000  # 2024-01-31T10:00:00Z


@contextlib.contextmanager
def asked(address, sql, how):
    """The same query by address, by an open connection, and as a cursor that has executed."""
    from adbc_driver_postgresql import dbapi

    if how == "address":
        yield cp.Query(sql, address)
        return
    with dbapi.connect(address) as connection, connection.cursor() as cursor:
        if how == "connection":
            yield cp.Query(sql, connection)
        else:
            cursor.execute(sql)
            yield cursor


@pytest.fixture(params=["address", "connection", "cursor"])
def how(request):
    return request.param


def refused(address, sql, how, **roles):
    with asked(address, sql, how) as source, pytest.raises(ChurnError) as caught:
        cp.EventTables(log=cp.Events(source, **{"customer": "id", "time": "at"} | roles))
    return caught.value


def test_money_is_exact_or_refused_with_its_cast(postgres, how):
    sql = "SELECT i AS id, now() AS at, (i * 1234.56)::numeric::money AS eur FROM generate_series(1, 3) AS i"
    if how == "cursor":
        error = refused(postgres, sql, how, value="eur")
        assert (error.code, 'CAST("eur" AS numeric)' in error.remedy) == ("server-type", True)
        return
    with asked(postgres, sql, how) as source:
        tables = cp.EventTables(log=cp.Events(source, customer="id", time="at", value="eur"))
    assert sorted(tables.stream("log").columns["value"]) == [1234.56, 2469.12, 3703.68]


def test_numerics_are_exact_ids_and_labels_and_the_nearest_amounts(postgres, how):
    sql = """SELECT 9007199254740992::numeric + i AS id, now() AS at, (i + 0.50)::numeric(12, 4) AS kind, (i * 0.1)::numeric AS eur
             FROM generate_series(0, 3) AS i"""
    for read in (cp.EventTables, lambda **k: cp.runs.scan_tables(partitions=3, **k)):
        with asked(postgres, sql, how) as source:
            tables = read(log=cp.Events(source, customer="id", time="at", value="eur", kind="kind"))
        parts = [tables] if isinstance(tables, cp.EventTables) else list(tables)
        assert sorted(i for p in parts for i in p.ids.to_pylist()) == [2**53 + i for i in range(4)]
        assert tables.labels["log"]["kind"].to_pylist() == ["0.5", "1.5", "2.5", "3.5"]
        assert sorted(v for p in parts for v in p.stream("log").columns["value"]) == [0.0, 0.1, 0.2, 0.3]


def test_whole_numerics_are_whole_numbers_and_others_no_ids(postgres, how):
    sql = "SELECT (i + 41)::numeric(12, 2) AS id, '2024-01-01'::date AS at, (i + 6)::numeric(5, 1) AS kind FROM generate_series(1, 3) AS i"
    with asked(postgres, sql, how) as source:
        tables = cp.EventTables(log=cp.Events(source, customer="id", time="at", kind="kind", item="kind"))
    assert tables.ids.to_pylist() == [42, 43, 44]
    assert tables.labels["log"]["kind"].to_pylist() == ["7", "8", "9"]
    assert refused(postgres, "SELECT 'NaN'::numeric AS id, now() AS at", how).code == "null-id"
    far = "SELECT 10::numeric ^ 30 + i AS id, now() AS at FROM generate_series(1, 2) AS i"
    with asked(postgres, far.replace("10::numeric ^ 30", "1000000000000000000000000000000::numeric"), how) as source:
        assert cp.EventTables(log=cp.Events(source, customer="id", time="at")).ids.to_pylist() == [f"1{'0' * 29}{i}" for i in (1, 2)]
    assert refused(postgres, "SELECT 1 AS id, now() AS at, 'Infinity'::numeric AS eur", how, value="eur").code == "infinite-value"


def test_infinity_is_never_known_open_or_unknown(postgres, how):
    sql = """SELECT i AS id, TIMESTAMPTZ '2024-01-31 10:00Z' AS at,
             CASE i WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' ELSE '2024-02-02' END::timestamptz AS later
             FROM generate_series(1, 3) AS i"""
    with asked(postgres, sql, how) as source:
        tables = cp.EventTables(log=cp.Events(source, customer="id", time="at", known_at="later"), observed_until="2025-01-01")
    assert cp.take_snapshots(tables, cp.Inactivity("30d"), at="2024-02-03")["customer_id"].tolist() == [2, 3]
    unknown = "SELECT 1 AS id, at FROM (VALUES ('infinity'::timestamp), ('2024-01-31 10:00')) AS t(at)"
    assert refused(postgres, unknown, how).code == "null-time"


def test_an_end_at_infinity_is_open(postgres, how):
    for kind in ("timestamptz", "timestamp", "date"):
        sql = f"SELECT 1 AS id, '2024-01-31'::{kind} AS at, 'infinity'::{kind} AS till UNION ALL SELECT 2, '2024-01-31', '2024-02-02'"
        with asked(postgres, sql, how) as source:
            tables = cp.EventTables(log=cp.Intervals(source, customer="id", start="at", end="till"), observed_until="2025-01-01")
        pairs = cp.take_snapshots(tables, cp.SubscriptionEnd("30d", of="log", grace="0d"), at="2024-03-01")
        assert pairs["customer_id"].tolist() == [1]


def test_enums_and_addresses_are_text(postgres, how):
    sql = (
        "SELECT i AS id, now() AS at, ('1.2.3.' || i)::inet AS ip, 'ok'::char(5) AS state, '{}'::json AS js FROM generate_series(1, 2) AS i"
    )
    if how == "cursor":
        assert 'CAST("ip" AS text)' in refused(postgres, sql, how, kind="ip").remedy
        return
    with asked(postgres, sql, how) as source:
        tables = cp.EventTables(log=cp.Events(source, customer="id", time="at", kind="ip", item="state"))
    assert [label.removesuffix("/32") for label in tables.labels["log"]["kind"].to_pylist()] == ["1.2.3.1", "1.2.3.2"]
    assert tables.labels["log"]["item"].to_pylist() == ["ok"]


@pytest.mark.parametrize(("kind", "code"), [("interval", "label-type"), ("int[]", "label-type"), ("bytea", "label-type")])
def test_what_is_no_label_is_refused(postgres, how, kind, code):
    value = {"interval": "'1 day'", "int[]": "'{1}'", "bytea": "'x'"}[kind]
    assert refused(postgres, f"SELECT 1 AS id, now() AS at, {value}::{kind} AS k", how, kind="k").code == code


DUCK = {
    "hugeint": ("9007199254740993::HUGEINT", 2**53 + 1),
    "uhugeint": ("9007199254740993::UHUGEINT", 2**53 + 1),
    "ubigint": ("18446744073709551615::UBIGINT", str(2**64 - 1)),
    "decimal": ("42.00::DECIMAL(10, 2)", 42),
    "uuid": ("'00000000-0000-0000-0000-000000000001'::UUID", "00000000-0000-0000-0000-000000000001"),
    "enum": ("'ok'::ENUM('ok', 'no')", "ok"),
}


@pytest.mark.parametrize("kind", DUCK)
@pytest.mark.parametrize("file", [False, True])
def test_ids_and_labels_of_duckdb(kind, file, tmp_path):
    sql, expected = DUCK[kind]
    query = f"SELECT {sql} AS id, DATE '2024-01-31' AS at"
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(f"CREATE TABLE log AS {query}")
        for source in (connection.sql(query), cp.Query("log", connection)) if not file else ():
            tables = cp.EventTables(log=cp.Events(source, customer="id", time="at", kind="id"))
            assert tables.ids.to_pylist() == [expected]
            assert tables.labels["log"]["kind"].to_pylist() == [str(expected)]
    if file:
        tables = cp.EventTables(log=cp.Events(cp.Query("log", tmp_path / "shop.duckdb"), customer="id", time="at", kind="id"))
        assert tables.ids.to_pylist() == [expected]


def test_infinity_of_duckdb():
    connection = duckdb.connect()
    for kind in ("TIMESTAMP", "TIMESTAMPTZ", "DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"):
        sql = f"SELECT 1 AS id, '2024-01-31'::{kind} AS at, 'infinity'::{kind} AS till"
        sql += f" UNION ALL SELECT 2, '2024-01-31'::{kind}, '2024-02-02'::{kind}"
        spells = cp.Intervals(cp.Query(sql, connection), customer="id", start="at", end="till")
        tables = cp.EventTables(log=spells, observed_until="2025-01-01")
        pairs = cp.take_snapshots(tables, cp.SubscriptionEnd("30d", of="log", grace="0d"), at="2024-03-01")
        assert pairs["customer_id"].tolist() == [1], kind


def test_other_types_of_duckdb():
    connection = duckdb.connect()

    def labels(value):
        sql = f"SELECT 1 AS id, DATE '2024-01-31' AS at, {value} AS k"
        return (
            cp.EventTables(log=cp.Events(cp.Query(sql, connection), customer="id", time="at", kind="k")).labels["log"]["kind"].to_pylist()
        )

    assert labels("TIME '10:00:00'") == ["10:00:00"]
    assert labels("true") == ["true"]
    for value in ("INTERVAL 1 DAY", "[1, 2]", "{'a': 1}", "'x'::BLOB", "'0101'::BIT"):
        with pytest.raises(ChurnError, match="label-type"):
            labels(value)
    yes = cp.Query("SELECT 1 AS id, DATE '2024-01-31' AS at, true AS v", connection)
    with pytest.raises(ChurnError, match="value-type"):
        cp.EventTables(log=cp.Events(yes, customer="id", time="at", value="v"))
    huge = cp.Query("SELECT 1 AS id, DATE '2024-01-31' AS at, 170141183460469231731687303715884105727::HUGEINT AS v", connection)
    assert np.isfinite(cp.EventTables(log=cp.Events(huge, customer="id", time="at", value="v")).stream("log").columns["value"]).all()
