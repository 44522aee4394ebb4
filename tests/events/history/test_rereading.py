"""What a run before has kept is used, or read again with a warning that says why."""

from __future__ import annotations

from typing import Any

import pytest

from churnpredict.errors import ChurnWarning, SourceError
from churnpredict.events.history.kept_table import Reread
from churnpredict.events.history.rereading import kept_before, warn_unless_other

VERSIONS = {"duckdb": "2"}
MANIFEST = {"made_by": VERSIONS, "partitions": 3, "tables": {"orders": 7}}


class Home:
    def __init__(self, manifest: Any) -> None:
        self.found = manifest

    def manifest(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_a_folder_without_a_history_has_nothing_to_say() -> None:
    assert kept_before(Home(None), VERSIONS, 3, str) == ({}, 0)


@pytest.mark.parametrize("partitions", [None, 3])
def test_what_is_kept_is_read(partitions: int | None) -> None:
    assert kept_before(Home(MANIFEST), VERSIONS, partitions, str) == ({"orders": "7"}, 3)


@pytest.mark.parametrize(
    ("manifest", "versions", "partitions", "why"),
    [
        (MANIFEST, {"duckdb": "3"}, 3, "other versions"),
        (MANIFEST, VERSIONS, 4, "another number of partitions"),
        (SourceError("damaged-history", "the manifest is cut off", remedy="Look at the disk."), VERSIONS, 3, "the manifest is cut off"),
    ],
)
def test_what_cannot_be_used_is_said(manifest: Any, versions: dict[str, str], partitions: int, why: str) -> None:
    with pytest.warns(ChurnWarning, match=why):
        assert kept_before(Home(manifest), versions, partitions, str) == ({}, 0)


def test_a_table_is_read_again_for_its_kept_rows_and_for_nothing_else() -> None:
    with pytest.warns(ChurnWarning, match=r'"orders".*rows are missing'):
        warn_unless_other(SourceError("damaged-history", "rows are missing", remedy="Look at the disk."), "orders")
    with pytest.warns(ChurnWarning, match=r'"orders".*its declaration has changed'):
        warn_unless_other(Reread("its declaration has changed"), "orders")
    with pytest.raises(SourceError, match="no such file"):
        warn_unless_other(SourceError("no-file", "no such file", remedy="Look at the path."), "orders")
