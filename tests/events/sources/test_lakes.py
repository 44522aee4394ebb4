"""Delta Lake and Iceberg: what the log says and nothing else, by version, or refused by name."""

import shutil
import sys

import deltalake
import pyarrow as pa
import pytest
from pyiceberg.catalog.memory import InMemoryCatalog

from churnpredict import File
from churnpredict.errors import ChurnError
from churnpredict.events.declarations import Events
from churnpredict.events.source import open_source
from churnpredict.runs import scan_tables


def rows(*ids):
    days = pa.array([0] * len(ids), pa.timestamp("us"))
    return pa.table({"id": pa.array(ids, pa.string()), "day": days, "eur": pa.array([1.5] * len(ids))})


def delta(folder):
    """Version 0: a, b; 1: b; 2: b, c."""
    path = str(folder / "orders")
    deltalake.write_deltalake(path, rows("a", "b"))
    deltalake.DeltaTable(path).delete("id = 'a'")
    deltalake.write_deltalake(path, rows("c"), mode="append")
    return path, (0, 1, 2)


def iceberg(folder):
    """The same in three snapshots."""
    catalog = InMemoryCatalog("tests", warehouse=f"file://{folder}")
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", schema=rows("a").schema)
    table.append(rows("a", "b"))
    table.overwrite(rows("b"))
    snapshots = [table.snapshots()[0].snapshot_id, table.current_snapshot().snapshot_id]
    table.append(rows("c"))
    last = table.current_snapshot().snapshot_id
    catalog.engine.dispose()
    return str(folder / "shop" / "orders"), (*snapshots, last)


LAKES = pytest.mark.parametrize("lake", [delta, iceberg])


def ids(source):
    opened = open_source(source, "orders")
    return sorted(opened.read(["id"]).column("id").to_pylist())


def refused(source):
    with pytest.raises(ChurnError) as caught:
        ids(source)
    assert caught.value.table == "orders"
    return caught.value


@LAKES
def test_rows_are_those_of_the_log_by_version(tmp_path, lake):
    path, versions = lake(tmp_path)
    assert ids(path) == ["b", "c"]
    assert [ids(File(path, version=v)) for v in versions] == [["a", "b"], ["b"], ["b", "c"]]
    assert ids(File(path, version=str(versions[0]))) == ["a", "b"]
    opened = open_source(path, "orders")
    assert opened.columns() == ["id", "day", "eur"]
    assert opened.read(["eur", "id"]).schema == pa.schema([("eur", pa.float64()), ("id", pa.string())])


@LAKES
def test_partitions_read_the_same(tmp_path, lake):
    path, versions = lake(tmp_path)
    with scan_tables(orders=Events(File(path, version=versions[0]), customer="id", time="day", value="eur"), partitions=2) as tables:
        assert sorted(c for part in tables for c in part.ids.to_pylist()) == ["a", "b"]


@LAKES
def test_a_version_that_is_not_there(tmp_path, lake):
    path, _ = lake(tmp_path)
    assert refused(File(path, version=77)).code == "no-version"
    assert refused(File(path, version="last week")).code == "file-option"
    assert refused(File(path, version=-1)).code == "file-option"
    assert refused(File(path, encoding="cp1252")).code == "file-option"


@LAKES
def test_a_table_that_is_not_whole(tmp_path, lake):
    path, _ = lake(tmp_path)
    for file in (tmp_path / "orders", tmp_path / "shop" / "orders" / "data"):
        for part in file.glob("*.parquet"):
            part.unlink()
    error = refused(path)
    assert error.code == "unreadable-file"
    assert "cannot be read as" in str(error)


@LAKES
def test_a_log_that_is_not_whole(tmp_path, lake):
    path, _ = lake(tmp_path)
    for file in (*(tmp_path / "orders" / "_delta_log").glob("*"), *(tmp_path / "shop" / "orders" / "metadata").glob("*.json")):
        file.write_text("{")
    assert refused(path).code == "unreadable-file"


@LAKES
def test_the_reader_is_an_extra(tmp_path, lake, monkeypatch):
    path, _ = lake(tmp_path)
    for module in ("deltalake", "pyiceberg.table"):
        monkeypatch.setitem(sys.modules, module, None)
    error = refused(path)
    assert error.code == "missing-extra"
    assert f'pip install "churnpredict[{lake.__name__}]"' in str(error)


def test_metadata_of_iceberg_by_path_and_by_hint(tmp_path):
    path, _ = iceberg(tmp_path)
    folder = tmp_path / "shop" / "orders" / "metadata"
    files = sorted(folder.glob("*.metadata.json"))
    assert ids(files[1]) == ["a", "b"]
    for number, file in enumerate(files):
        shutil.move(file, folder / f"v{number}.metadata.json")
    (folder / "version-hint.text").write_text("1")
    assert ids(path) == ["a", "b"]
    (folder / "version-hint.text").unlink()
    assert ids(path) == ["b", "c"]
    shutil.copy(folder / "v3.metadata.json", folder / "00003-aa.metadata.json")
    assert "metadata file itself" in str(refused(path))
