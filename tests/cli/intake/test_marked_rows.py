"""Rows that are marked as deleted or as made by nobody are left out, and counted; columns that only look like marks are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.marked_rows import without_marked

AT = days("2024-01-01", 12)


def rows_left(folder: Path, name: str, column: str, values: list[str]) -> tuple[list[int], list[str]]:
    rows = (f"c{i % 4},{AT[i]},{i},{value}" for i, value in enumerate(values))
    found, notes = without_marked(profile_of(folder, name, f"customer_id,at,n,{column}", rows), "customer_id")
    return found.table["n"].to_pylist(), notes


@pytest.mark.parametrize(
    ("column", "mark", "other"),
    [
        ("deleted_at", "2024-02-01T10:00:00", ""),
        ("deletedAt", "2024-02-01", "0000-00-00"),
        ("deleted_at", "2024-02-01", "NULL"),
        ("is_deleted", "true", "false"),
        ("_fivetran_deleted", "1", "0"),
        ("geloescht", "ja", "nein"),
        ("LOEKZ", "X", ""),
        ("voided", "Y", "N"),
        ("is_test", "True", "False"),
        ("test_order", "1", "0"),
        ("livemode", "false", "true"),
        ("is_bot", "yes", "no"),
        ("environment", "Sandbox", "Production"),
        ("env", "staging", "prod"),
    ],
)
def test_marked_rows_are_left_out(column: str, mark: str, other: str, tmp_path: Path) -> None:
    kept, notes = rows_left(tmp_path, "orders", column, [mark if i in (2, 7) else other for i in range(12)])
    assert kept == [i for i in range(12) if i not in (2, 7)]
    assert len(notes) == 1
    assert notes[0].startswith("2 rows are")
    assert notes[0].endswith(f'by "{column}": they are left out')


@pytest.mark.parametrize(
    ("name", "column", "mark", "other"),
    [
        ("subscriptions", "deleted_at", "2024-02-01", ""),  # the end of a contract
        ("users", "deleted_at", "2024-02-01", ""),  # of a person
        ("orders", "deleted_by", "anna", ""),
        ("orders", "demo", "1", "0"),  # a visit
        ("orders", "test", "1", "0"),  # a group of an experiment
        ("orders", "internal_transfer", "1", "0"),
        ("orders", "env", "forest", "sea"),
        ("orders", "environment", "Sandbox", "playground"),
    ],
)
def test_what_is_not_a_mark_stays(name: str, column: str, mark: str, other: str, tmp_path: Path) -> None:
    kept, notes = rows_left(tmp_path, name, column, [mark if i in (2, 7) else other for i in range(12)])
    assert (kept, notes) == (list(range(12)), [])


def test_a_mark_on_most_rows_means_something_else(tmp_path: Path) -> None:
    kept, notes = rows_left(tmp_path, "orders", "is_test", ["false" if i in (2, 7) else "true" for i in range(12)])
    assert (len(kept), notes) == (12, [])


def test_people_of_tests_are_left_out_of_the_people(tmp_path: Path) -> None:
    rows = (f"c{i},{at},{str(i == 3).lower()}" for i, at in enumerate(AT))
    found, notes = without_marked(profile_of(tmp_path, "users", "customer_id,signup,is_test", rows), "customer_id")
    assert "c3" not in found.table["customer_id"].to_pylist()
    assert (found.rows, len(notes)) == (11, 1)
