"""Connections to DuckDB: shared where somebody says so, and only there."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from churnpredict.events.sources import connections, files
from churnpredict.events.sources.connections import connect, one_connection, shared_connection


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that have been opened."""
    found: list[Any] = []

    def counted() -> Any:
        found.append(connect())
        return found[-1]

    monkeypatch.setattr(connections, "connect", counted)
    monkeypatch.setattr(files, "connect", counted)
    return found


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    made = [tmp_path / f"{n}.csv" for n in range(3)]
    for number, path in enumerate(made):
        path.write_text(f"who,n\na,{number}\n")
    return [str(path) for path in made]


def numbers(paths: list[str]) -> list[str]:
    return [files.open_files(path, "t").read(["n"], ())["n"][0].as_py() for path in paths]


def test_files_share_one_connection_within_and_have_their_own_outside(paths: list[str], opened: list[Any]) -> None:
    with one_connection():
        assert numbers(paths) == ["0", "1", "2"]
        with one_connection():
            assert numbers(paths) == ["0", "1", "2"]
        assert len(opened) == 1
    assert shared_connection() is None
    assert numbers(paths) == ["0", "1", "2"]
    assert len(opened) == 4


def test_a_source_outlives_the_connection_that_it_shared(paths: list[str]) -> None:
    with one_connection():
        source = files.open_files(paths[0], "t")
        source.read(["n"], ())
    assert source.read(["n"], ())["n"].to_pylist() == ["0"]


def test_the_connection_is_closed_when_something_goes_wrong(opened: list[Any]) -> None:
    with pytest.raises(KeyError), one_connection():
        raise KeyError
    assert shared_connection() is None
    with pytest.raises(Exception, match="closed"):
        opened[0].sql("SELECT 1")


def test_another_thread_does_not_share_it(paths: list[str]) -> None:
    seen: list[Any] = []
    with one_connection():
        thread = threading.Thread(target=lambda: seen.append(shared_connection()))
        thread.start()
        thread.join()
    assert seen == [None]
