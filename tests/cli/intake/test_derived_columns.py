"""Columns that a query makes of others: right to the last cent, or not made."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnpredict.cli.intake.derived_columns import with_derived
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table


def derived(folder: Path, head: str, *rows: str) -> TableProfile:
    (folder / "sales.csv").write_text("\n".join([head, *rows]) + "\n")
    return with_derived(profile_table(folder / "sales.csv"))


@pytest.mark.parametrize(
    ("head", "rows", "name", "values"),
    [
        ("who,price_cents", ("a,1999", "b,500"), "amount", [19.99, 5.0]),
        ("who,amount,D/C", ("a,10.50,D", "b,4,D", "c,2.25,C"), "signed_amount", [10.5, 4.0, -2.25]),
        ("who,total,type", ("a,10.50,Sale", "b,4,Sale", "c,2.25,Refund"), "signed_amount", [10.5, 4.0, -2.25]),
        ("who,paid", ("a,EUR 12.50", "b,$3.00", "c,EUR 1.00"), "amount", [12.5, 3.0, 1.0]),
        ("who,paid", ("a,(12.50) EUR", "b,$3.00"), "amount", [-12.5, 3.0]),
    ],
)
def test_amounts_are_made_exactly(head: str, rows: tuple[str, ...], name: str, values: list[float], tmp_path: Path) -> None:
    found = derived(tmp_path, head, *rows)
    assert found.columns[name].numbers.tolist() == values
    assert any(name in note for note in found.notes)


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("who,amount,D/C", ("a,10.50,D", "b,-4,D", "c,2.25,C")),  # signed already
        ("who,cents_off,total", ("a,10,5.5", "b,20,6.5")),
        ("who,year,month", ("a,24,5", "b,23,6")),  # years of another count
    ],
)
def test_nothing_is_made_of_what_does_not_fit(head: str, rows: tuple[str, ...], tmp_path: Path) -> None:
    found = derived(tmp_path, head, *rows)
    assert list(found.columns) == head.split(",")


def test_days_and_months_are_made_of_their_parts(tmp_path: Path) -> None:
    days = derived(tmp_path, "who,year,month,day", "a,2024,2,29", "b,2023,12,1")
    assert [str(v) for v in days.table["date"].to_pylist()] == ["2024-02-29", "2023-12-01"]
    months = derived(tmp_path, "who,jahr,monat", "a,2024,2", "b,2023,12")
    assert [str(v) for v in months.table["month_start"].to_pylist()] == ["2024-02-01", "2023-12-01"]
