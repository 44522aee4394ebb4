"""Only the last rows of an id count, where something says which these are; lines and histories stay whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.replaced_rows import without_replaced

AT = days("2024-01-01", 40)


def amounts(folder: Path, head: str, rows: list[str]) -> list[float]:
    found = without_replaced(profile_of(folder, "orders", head, rows))
    return sorted(found.columns["amount"].numbers.tolist())


def test_the_last_version_of_an_invoice_counts_with_all_its_lines(tmp_path: Path) -> None:
    rows = [f"R{i},1,c{i % 9},{AT[i]},{line},{10 * i + line}" for i in range(40) for line in (1, 2)]
    rows += [f"R{i},2,c{i % 9},{AT[i]},{line},{10 * i + line + 0.5}" for i in range(15) for line in (1, 2)]
    head = "invoice_no,version,customer_no,invoice_date,line,amount"
    assert amounts(tmp_path, head, rows) == sorted(10 * i + line + 0.5 * (i < 15) for i in range(40) for line in (1, 2))
    (note,) = without_replaced(profile_of(tmp_path, "orders", head, rows)).notes
    assert note.startswith('30 rows are left out: later rows of the same "invoice_no" replace them, by "version"')


@pytest.mark.parametrize(("create", "update", "delete"), [("c", "u", "d"), ("insert", "update", "delete"), ("I", "U", "D")])
def test_logged_changes_are_applied(create: str, update: str, delete: str, tmp_path: Path) -> None:
    """The last state of each row counts, and deleted rows do not."""
    rows = [f"{create},{i},c{i % 9},{AT[i]},{i}.5,{AT[i]}T00:00:00" for i in range(40)]
    rows += [f"{update},{i},c{i % 9},{AT[i]},{i}.75,{AT[i]}T06:00:00" for i in range(0, 40, 2)]
    rows += [f"{delete},{i},c{i % 9},{AT[i]},{i}.75,{AT[i]}T09:00:00" for i in range(0, 40, 8)]
    kept = sorted(i + (0.75 if i % 2 == 0 else 0.5) for i in range(40) if i % 8)
    assert amounts(tmp_path, "__op,id,customer_id,created_at,amount,__source_ts", rows) == kept


def test_rows_that_were_loaded_again_when_they_changed(tmp_path: Path) -> None:
    rows = [f"{i},c{i % 9},{AT[i]}T08:00:00,{AT[i]}T09:00:00,paid,{i}.5" for i in range(40)]
    rows += [f"{i},c{i % 9},{AT[i]}T08:00:00,{AT[i]}T19:00:00,shipped,{i}.75" for i in range(12)]
    head = "order_id,customer_id,created_at,updated_at,status,amount"
    assert amounts(tmp_path, head, rows) == sorted(i + (0.75 if i < 12 else 0.5) for i in range(40))


@pytest.mark.parametrize(
    ("head", "row"),
    [
        (
            "order_id,customer_id,created_at,updated_at,product,amount",
            "{i},c{c},{at}T08:00:00,{at}T{hour:02d}:00:00,p{line},{n}.5",
        ),  # lines
        ("id,order_id,customer_id,created_at,updated_at,amount", "{n},{i},c{c},{at}T08:00:00,{at}T{hour:02d}:00:00,{n}.5"),  # a history
        ("session_id,customer_id,at,version,amount", "{i},c{c},{at}T{hour:02d}:00:00,{app},{n}.5"),  # of an app
        ("order_id,customer_id,changed_at,status,amount", "{i},c{c},{at}T{hour:02d}:00:00,s{line},{n}.5"),
    ],
)
def test_lines_and_histories_stay_whole(head: str, row: str, tmp_path: Path) -> None:
    told = [
        row.format(i=i, c=i % 9, at=AT[i], hour=10 + line, line=line, n=2 * i + line, app=3 + (i + line) % 4)
        for i in range(40)
        for line in (0, 1)
    ]
    assert len(amounts(tmp_path, head, told)) == 80
