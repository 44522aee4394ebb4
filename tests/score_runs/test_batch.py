"""Scores of everybody in a folder of runs: the rows of memory, the same bytes whatever happened, and nothing unverified."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import churnpredict as cp
from churnpredict.errors import OutputError, SourceError, UsageError
from churnpredict.events.sources import destinations
from churnpredict.pipeline.scoring import Coded
from churnpredict.score_runs import batch, runs
from churnpredict.score_runs import writer as writing

AT = "2023-12-01"
pytestmark = pytest.mark.filterwarnings("ignore:the model was trained on outcomes")  # what runs hold matters here, not how good they are
TEXTS = ["band", "words", "model_id", *(f"{what}_{i}" for what in ("reason", "remedy") for i in (1, 2, 3))]  # missing: None or NaN


@pytest.fixture(scope="module")
def parts(log: pd.DataFrame) -> Iterator[cp.events.partitions.PartitionedTables]:
    with cp.runs.scan_tables(orders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True), partitions=4) as tables:
        yield tables


@pytest.fixture(scope="module")
def run(trained: cp.ChurnPipeline, parts: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cp.runs.write_scores(trained, parts, tmp_path_factory.mktemp("scores"), at=AT)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_run_says_what_scoring_in_memory_says(run: Path, trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    found, expected = (
        f.astype(dict.fromkeys(TEXTS, object)).fillna(dict.fromkeys(TEXTS, ""))
        for f in (cp.runs.read_scores(run.parent), trained.score(tables, at=AT))
    )
    exact = [c for c in expected if not c.endswith("_points")]  # fewer than 150 rows in memory are left to LightGBM
    pd.testing.assert_frame_equal(found[exact], expected[exact], check_exact=True, check_dtype=False)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12, atol=1e-14, check_dtype=False)
    assert run.name == AT
    assert sorted(p.name for p in run.iterdir()) == ["manifest.json", *(f"part-{n:05d}.parquet" for n in range(4))]


def test_rows_do_not_depend_on_how_they_are_cut(run: Path, trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    cp.runs.write_scores(trained, tables, tmp_path, at=AT, n_jobs=2)
    pd.testing.assert_frame_equal(cp.runs.read_scores(tmp_path), cp.runs.read_scores(run), check_exact=True)


def test_small_blocks_give_the_same_rows(
    run: Path, trained: cp.ChurnPipeline, parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "ROWS", 7)
    other = cp.runs.write_scores(trained, parts, tmp_path, at=AT)
    assert pq.ParquetFile(other / "part-00000.parquet").num_row_groups > 2
    pd.testing.assert_frame_equal(cp.runs.read_scores(tmp_path), cp.runs.read_scores(run), check_exact=True)


def test_the_same_job_gives_the_same_bytes_and_is_done_once(run: Path, trained: cp.ChurnPipeline, parts: Any, tmp_path: Path) -> None:
    again = cp.runs.write_scores(trained, parts, tmp_path, at=AT)
    assert files(again) == files(run)
    said: list[Any] = []
    assert cp.runs.write_scores(trained, parts, tmp_path, at=AT, log=said.append) == again
    assert [e["event"] for e in said] == ["tables read", "nothing to do", "done"]
    assert sorted(os.listdir(tmp_path)) == [".lock", AT]


def test_a_restart_takes_up_whole_partitions(
    run: Path, trained: cp.ChurnPipeline, parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = cp.ChurnPipeline.columns_of, []

    def breaks_off(*given: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*given, **options)

    monkeypatch.setattr(cp.ChurnPipeline, "columns_of", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        cp.runs.write_scores(trained, parts, tmp_path, at=AT)
    assert sorted(os.listdir(tmp_path)) == [".attempt", ".lock"]
    with pytest.raises(SourceError, match="no-run"):
        cp.runs.read_scores(tmp_path)
    damaged = next((tmp_path / ".attempt").glob("*.arrow"))
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"otherwise")  # what cannot be trusted is made again
    said: list[Any] = []
    again = cp.runs.write_scores(trained, parts, tmp_path, at=AT, log=said.append)
    assert [e["reused"] for e in said if e["event"] == "partition"].count(True) == 1
    assert files(again) == files(run)
    assert sorted(os.listdir(tmp_path)) == [".lock", AT]


def test_other_data_make_another_run_and_the_latest_is_read(
    run: Path, trained: cp.ChurnPipeline, log: pd.DataFrame, tmp_path: Path
) -> None:
    declared = [
        cp.Events(frame, customer="who", time="paid_at", value="eur", money=True)
        for frame in (log, log.iloc[:-1], log.assign(eur=log["eur"] + 1))
    ]
    names = [cp.runs.write_scores(trained, cp.EventTables(orders=orders), tmp_path, at=AT).name for orders in (*declared, declared[2])]
    assert names == [AT, f"{AT}.2", f"{AT}.3", f"{AT}.3"]
    assert runs.run_names(tmp_path) == [f"{AT}.3", f"{AT}.2", AT]
    assert cp.runs.read_scores(tmp_path)["value"].sum() > cp.runs.read_scores(tmp_path / AT)["value"].sum()
    earlier = cp.runs.write_scores(trained, cp.EventTables(orders=declared[0]), tmp_path, at="2023-11-01", keep=2)
    assert runs.run_names(tmp_path) == [f"{AT}.3", "2023-11-01"]  # what was written last, and the newest of the others
    assert earlier.exists()


def test_drivers_alone_are_the_same_reasons_without_sentences(run: Path, trained: cp.ChurnPipeline, parts: Any, tmp_path: Path) -> None:
    cp.runs.write_scores(trained, parts, tmp_path, at=AT, detail="drivers")
    short, full = cp.runs.read_scores(tmp_path), cp.runs.read_scores(run)
    assert short.pop("words").isna().all()
    pd.testing.assert_frame_equal(short, full.drop(columns="words"), rtol=1e-12)


def test_parts_are_read_only_by_the_manifest(run: Path, trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    whole = cp.runs.write_scores(trained, tables, tmp_path, at=AT)
    rows = len(cp.runs.read_scores(tmp_path))
    (whole / "part-00001.parquet").write_bytes((run / "part-00001.parquet").read_bytes())
    assert len(cp.runs.read_scores(tmp_path)) == rows
    with writing.writing(tmp_path):
        assert sorted(p.name for p in whole.iterdir()) == ["manifest.json", "part-00000.parquet"]


def test_every_byte_of_a_run_is_held_to_its_manifest(run: Path, tmp_path: Path, rng: np.random.Generator) -> None:
    copy = tmp_path / AT
    copy.mkdir()
    for name, content in files(run).items():
        (copy / name).write_bytes(content)
    for name, content in files(run).items():
        places = range(len(content)) if name == "manifest.json" else rng.integers(0, len(content), 40)
        damages = [content[:p] + bytes([content[p] ^ (1 << int(rng.integers(8)))]) + content[p + 1 :] for p in places]
        for bad in [*damages, b"", content[:-1], content + b"\n", content[: len(content) // 2], None]:
            (copy / name).unlink() if bad is None else (copy / name).write_bytes(bad)
            with pytest.raises(SourceError, match=r"damaged-run|no-run|newer-run"):
                runs.open_run(copy).verify()
        (copy / name).write_bytes(content)
    runs.open_run(copy).verify()


def test_a_second_writer_is_refused_and_the_lock_goes_with_the_first(
    trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path
) -> None:
    with writing.writing(tmp_path), pytest.raises(OutputError, match="locked"):
        cp.runs.write_scores(trained, tables, tmp_path, at=AT)
    assert cp.runs.write_scores(trained, tables, tmp_path, at=AT).name == AT


def test_wrong_arguments(run: Path, trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown-choice"):
        cp.runs.write_scores(trained, tables, tmp_path, detail="all")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="bad-keep"):
        cp.runs.write_scores(trained, tables, tmp_path, keep=0)
    with pytest.raises(UsageError, match="unknown-column"):
        cp.runs.read_scores(run, columns=["riks"])
    with pytest.raises(SourceError, match="no-run"):
        cp.runs.read_scores(run.parent, at="2020-01-01")
    assert list(cp.runs.read_scores(run.parent, at=AT, columns=["band"]).columns) == ["band"]
    assert not list(tmp_path.iterdir())


def test_a_manifest_tells_no_id_no_date_of_writing_and_the_types(run: Path) -> None:
    found = json.loads((run / "manifest.json").read_text())
    assert found["rows"] == sum(found["bands"].values()) == sum(part["rows"] for part in found["parts"])
    assert not re.search(r"K\d{4}", (run / "manifest.json").read_text())
    schema = pq.read_schema(run / "part-00000.parquet")
    assert schema.field("cutoff").type == pa.timestamp("us")
    assert list(schema.names) == found["columns"]


def test_a_run_has_the_types_of_scores_in_memory(run: Path, trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    written, scored = (frame.drop(columns=TEXTS) for frame in (cp.runs.read_scores(run), trained.score(tables, at=AT)))
    assert written.dtypes.astype(str).to_dict() == scored.dtypes.astype(str).to_dict()
    assert pq.read_schema(run / "part-00000.parquet").field("about_equal").type == pa.bool_()
    assert scored["about_equal"].dtype == bool
    # The planted fault: a column that nobody names is written as a number.
    assert batch.part_schema(["tied"], pa.string()).field("tied").type == pa.float64()


def test_texts_that_repeat_are_written_once_each_and_none_stays_none() -> None:
    coded = Coded(np.array([2, -1, 0, 1], np.int32), ["call", None, "call"])
    columns = {"customer_id": pd.Index(["a", "b", "c", "d"]), "remedy_1": coded, "words": None, "model_id": "m", "in_sample": True}
    found = batch.part_table(columns, pa.string())
    assert found["remedy_1"].chunk(0).dictionary.to_pylist() == ["call"]
    assert found["remedy_1"].to_pylist() == coded.spread().tolist() == ["call", None, "call", None]
    assert found.select(["words", "model_id", "in_sample"]).slice(3).to_pylist() == [{"words": None, "model_id": "m", "in_sample": True}]


def test_a_truncated_log_is_refused_and_leaves_the_runs_alone(trained: cp.ChurnPipeline, log: pd.DataFrame, tmp_path: Path) -> None:
    whole = tmp_path / "orders.parquet"
    log.to_parquet(whole)
    content = whole.read_bytes()

    def scan(scratch: Path) -> Any:
        return cp.runs.scan_tables(orders=cp.Events(str(whole), customer="who", time="paid_at", value="eur", money=True), folder=scratch)

    run = batch.score_into(trained, scan, tmp_path / "scores", at="2023-12-01", detail="drivers")
    for share in (0.1, 0.5, 0.99):
        whole.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(SourceError, match="unreadable"):
            batch.score_into(trained, scan, tmp_path / "scores", at="2023-11-01", detail="drivers")
    whole.write_bytes(content)
    assert batch.score_into(trained, scan, tmp_path / "scores", at="2023-12-01", detail="drivers") == run
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == [".lock", "2023-12-01"]


# --- databases ---


def rows_of(database: Any, sql: str = "SELECT * FROM churn_scores ORDER BY cutoff, risk DESC, customer_id") -> pd.DataFrame:
    tables = cp.events.source.open_source(cp.Query(sql, database), "scores")
    return tables.read(tables.columns()).to_pandas()


def check_database(database: str, trained: cp.ChurnPipeline, tables: cp.EventTables, folder: Path) -> None:
    for at in ("2023-10-01", "2023-11-01", AT, AT):
        cp.runs.write_scores(trained, tables, folder, at=at, detail="drivers", into=database, keep=2)
    expected = pd.concat([cp.runs.read_scores(folder, at=at) for at in ("2023-11-01", AT)], ignore_index=True)
    looks_back = expected.pop("in_sample").notna()  # said beside the model in a database, whose columns never change
    expected["model_id"] = expected["model_id"].where(~looks_back, expected["model_id"] + " (in-sample)")
    found = rows_of(database)
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected), check_exact=True, check_dtype=False)
    with pytest.raises(OutputError, match="not-written"):
        cp.runs.write_scores(trained, tables, folder, at=AT, detail="drivers", into=database, table="nowhere.scores")
    run = runs.find_run(folder)
    part = run.path / run.parts[-1].name
    content = part.read_bytes()
    part.write_bytes(content[:-1])
    with pytest.raises(SourceError, match="damaged-run"):  # the transaction had begun
        destinations.replace_rows(database, "churn_scores", pd.Timestamp(AT).to_pydatetime(), run.tables())
    part.write_bytes(content)
    pd.testing.assert_frame_equal(rows_of(database), found, check_exact=True)
    one = str(found["customer_id"].iloc[0])
    gone = cp.runs.forget([one], folder, into=database)
    assert gone["rows_in_table"] == (found["customer_id"] == one).sum() == gone["rows"]
    assert one not in set(rows_of(database)["customer_id"])


def test_a_run_is_copied_into_duckdb_at_once(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    check_database(str(tmp_path / "book.duckdb"), trained, tables, tmp_path / "scores")


def test_a_run_is_copied_into_postgresql_at_once(
    trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, postgres: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check_database(postgres, trained, tables, tmp_path / "scores")
    with pytest.raises(OutputError) as refused:
        cp.runs.write_scores(trained, tables, tmp_path / "scores", at=AT, detail="drivers", into=postgres.replace("s3cret", "wr0ng"))
    assert "wr0ng" not in str(refused.value)


def test_other_databases_and_names_are_refused(run: Path) -> None:
    for database, table, code in (("mysql://host/x", "scores", "unknown-database"), ("x.duckdb", "a b; DROP", "bad-table-name")):
        with pytest.raises(UsageError, match=code):
            destinations.replace_rows(database, table, None, [])


# --- forgotten customers ---


# --- which runs stay ---


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_run_just_written_stays_whatever_its_date(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path, keep: int) -> None:
    """An earlier cutoff scored again, a run dated in the future, the same cutoff twice."""
    for at in ("2023-10-01", "2023-11-01", AT):
        cp.runs.write_scores(trained, tables, tmp_path, at=at, detail="drivers")
    shutil.copytree(tmp_path / AT, tmp_path / "2099-01-01")
    written = cp.runs.write_scores(trained, tables, tmp_path, at="2023-10-15", detail="drivers", keep=keep)
    assert runs.run_names(tmp_path) == [*["2099-01-01", AT, "2023-11-01"][: keep - 1], written.name]
    again = cp.runs.write_scores(trained, tables, tmp_path, at="2023-10-15", detail="words", keep=keep)
    assert again.name == "2023-10-15.2"
    assert again.exists()


def test_the_inputs_of_a_run_before_the_latest_are_scored_again(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    """Readers take the latest run at a cutoff: going back to earlier inputs must be its content, not "nothing to do"."""
    names = [cp.runs.write_scores(trained, tables, tmp_path, at=AT, detail=d).name for d in ("drivers", "words", "words", "drivers")]  # type: ignore[arg-type]
    assert names == [AT, f"{AT}.2", f"{AT}.2", f"{AT}.3"]
    assert cp.runs.read_scores(tmp_path)["words"].isna().all()


# --- threads ---


@pytest.mark.parametrize("detail", ["words", "drivers"])
def test_threads_that_score_by_one_pipeline_write_the_same_bytes(
    trained: cp.ChurnPipeline, tables: cp.EventTables, parts: Any, tmp_path: Path, detail: Any
) -> None:
    """One pipeline and one set of tables in several threads at once, over and over, each into a folder and a database of its own."""
    from multiprocessing.pool import ThreadPool

    def write(number: int) -> Path:
        given = parts if number % 2 else tables
        into = str(tmp_path / f"book-{number}.duckdb") if number < 4 else None
        return cp.runs.write_scores(trained, given, tmp_path / f"scores-{number}", at=AT, detail=detail, n_jobs=1 + number % 2, into=into)

    alone = [files(write(number)) for number in (100, 101)]
    with ThreadPool(4) as pool:
        written = [files(path) for path in pool.map(write, range(8), chunksize=1)]
    for number, found in enumerate(written):
        assert found == alone[number % 2], number
    loaded = [rows_of(str(tmp_path / f"book-{number}.duckdb")) for number in range(4)]
    for one in loaded[1:]:
        pd.testing.assert_frame_equal(one, loaded[0], check_exact=True)


def test_threads_in_one_folder_do_not_mix(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    from multiprocessing.pool import ThreadPool

    def write(_: int) -> str:
        try:
            return cp.runs.write_scores(trained, tables, tmp_path, at=AT, detail="drivers").name
        except OutputError as error:
            return error.code

    with ThreadPool(4) as pool:
        assert set(pool.map(write, range(8), chunksize=1)) <= {AT, "locked"}
    assert runs.run_names(tmp_path) == [AT]


def test_the_permissions_of_new_files_are_the_same_from_every_thread(tmp_path: Path) -> None:
    from multiprocessing.pool import ThreadPool

    from churnpredict.files import umask, write_text

    mask = umask()
    with ThreadPool(8) as pool:
        found = pool.map(lambda n: write_text(tmp_path / f"{n}.txt", "x").stat().st_mode & 0o777, range(400))
    assert set(found) == {0o666 & ~mask}
    assert umask() == mask


def test_a_run_is_copied_as_changes(trained: cp.ChurnPipeline, tables: cp.EventTables, tmp_path: Path) -> None:
    """One row per customer equals the newest run, and a run that is copied twice writes nothing the second time."""
    book, lines = str(tmp_path / "book.sqlite"), list[Any]()
    how: dict[str, Any] = {"detail": "drivers", "into": book, "changes": cp.runs.Upsert("customer"), "log": lines.append}
    for at in ("2023-11-01", AT, AT):
        cp.runs.write_scores(trained, tables, tmp_path / "scores", at=at, **how)
    copied = [line for line in lines if line["event"] == "copied"]
    newest = cp.runs.read_scores(tmp_path / "scores")
    assert copied[1]["new"] + copied[1]["changed"] + copied[1]["unchanged"] == len(newest)
    assert (copied[2]["new"], copied[2]["changed"], copied[2]["unchanged"], copied[2]["vanished"]) == (0, 0, len(newest), 0)
    found = rows_of(book)
    assert found["customer_id"].tolist() == newest["customer_id"].tolist()
    assert found["risk"].tolist() == newest["risk"].tolist()
    with pytest.raises(UsageError, match="needs-database"):
        cp.runs.write_scores(trained, tables, tmp_path / "scores", at=AT, changes=cp.runs.Upsert())
    with pytest.raises(UsageError, match="bad-argument"):
        cp.runs.write_scores(trained, tables, tmp_path / "scores", at=AT, into=book, changes=True)  # type: ignore[arg-type]
