"""Columns that a query makes of others: right to the last cent, or not made."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnpredict.cli.intake.derived_columns import in_one_unit, with_derived
from churnpredict.cli.intake.readings import best_value
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table


def derived(folder: Path, head: str, *rows: str) -> TableProfile:
    (folder / "sales.csv").write_text("\n".join([head, *rows]) + "\n")
    return with_derived(profile_table(folder / "sales.csv"))


@pytest.mark.parametrize(
    ("head", "rows", "name", "values"),
    [
        ("who,price_cents", ("a,1999", "b,500"), "amount", [19.99, 5.0]),
        ("who,priceAmountMicros", ("a,19990000", "b,500000"), "amount", [19.99, 0.5]),
        ("who,price_micros,currency", ("a,500000000,JPY", "b,19990000,EUR"), "amount", [500.0, 19.99]),
        ("who,paid", ("a,EUR 12.50", "b,$3.00", "c,EUR 1.00"), "amount", [12.5, 3.0, 1.0]),
        ("who,paid", ("a,(12.50) EUR", "b,$3.00"), "amount", [-12.5, 3.0]),
        ("id,amount_due", ("in_1MtHbELkdIwHu7ixl4OzzPMv,1999", "in_2MtHbELkdIwHu7ixl4OzzPMv,500"), "amount", [19.99, 5.0]),
        ("id,amount,currency", ("ch_1MtHbELkdIwHu7ixl4OzzPMv,1999,jpy", "ch_2MtHbELkdIwHu7ixl4OzzPMv,500,eur"), "full_amount", [1999, 5.0]),
    ],
)
def test_amounts_are_made_exactly(head: str, rows: tuple[str, ...], name: str, values: list[float], tmp_path: Path) -> None:
    found = derived(tmp_path, head, *rows)
    assert found.columns[name].numbers.tolist() == values
    assert any(name in note for note in found.notes)


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("who,cents_off,total", ("a,10,5.5", "b,20,6.5")),
        ("who,year,month", ("a,24,5", "b,23,6")),  # years of another count
        ("id,amount", ("in_1,1999", "in_2,500")),  # ids of anybody
        ("id,amount,currency", ("ch_1MtHbELkdIwHu7ixl4OzzPMv,1999,jpy", "ch_2MtHbELkdIwHu7ixl4OzzPMv,500,JPY")),  # without cents
        ("id,amount", ("ch_1MtHbELkdIwHu7ixl4OzzPMv,19.99", "ch_2MtHbELkdIwHu7ixl4OzzPMv,5.00")),
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


@pytest.mark.parametrize(
    ("head", "rows", "results"),
    [
        ("who,paid_at,amount,success", ("a,2024-01-01,5,TRUE", "b,2024-01-02,5,FALSE"), ["paid", "failed"]),
        ("who,Date,Montant,Rejeté", ("a,2024-01-01,5,N", "b,2024-01-02,5,O"), ["paid", "failed"]),
        ("who,Datum,Betrag,bezahlt", ("a,2024-01-01,5,J", "b,2024-01-02,5,N"), ["paid", "failed"]),
    ],
)
def test_flags_of_success_and_failure_are_results(head: str, rows: tuple[str, ...], results: list[str], tmp_path: Path) -> None:
    found = derived(tmp_path, head, *rows, rows[0].replace("a,", "c,").rsplit(",", 1)[0] + ",")  # of the last nothing is known
    assert found.table["payment_result"].to_pylist() == [*results, None]


def test_the_month_in_which_a_card_expires_is_its_last_day(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("member,card_expiry\na,02/28\nb,12/2025\nc,\n")
    found = with_derived(profile_table(tmp_path / "members.csv"))
    assert [str(v) for v in found.table["card_expiry_day"].to_pylist()] == ["2028-02-29", "2025-12-31", "None"]
    (tmp_path / "users.csv").write_text("user,card_exp_month,card_exp_year\na,2,2028\nb,12,2025\n")
    found = with_derived(profile_table(tmp_path / "users.csv"))
    assert [str(v) for v in found.table["card_expiry_day"].to_pylist()] == ["2028-02-29", "2025-12-31"]


def test_cents_beside_amounts_of_another_table(tmp_path: Path) -> None:
    """Whole numbers a hundred times the prices of another table are cents; whole euros beside them are not."""
    prices = ["9.90", "29.00", "99.50"]
    for name, of in (("charges", [990, 2900, 9950]), ("fees", [9, 29, 99])):
        (tmp_path / f"{name}.csv").write_text("who,amount\n" + "".join(f"c{i},{of[i % 3]}\n" for i in range(60)))
    (tmp_path / "subscriptions.csv").write_text("who,amount\n" + "".join(f"c{i},{prices[i % 3]}\n" for i in range(60)))
    found = {p.name: p for p in in_one_unit([profile_table(path) for path in sorted(tmp_path.glob("*.csv"))])}
    assert found["charges"].columns["full_amount"].numbers[:3].tolist() == [9.9, 29.0, 99.5]
    assert best_value(found["charges"].of_kind("number")).name == "full_amount"  # type: ignore[union-attr]
    assert "full_amount" not in {*found["fees"].columns, *found["subscriptions"].columns}
