"""Cells of the first row of a record or group: the rows below have them, in the order of the file; guests get nobody's name."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.draft_tables import read_tables
from churnpredict.cli.intake.filled_down import is_grouped_report, with_filled_cells
from churnpredict.cli.intake.table_profiles import profile_table

AT = days("2024-01-01", 40)
LINES = [(f"S{i:03d}", AT[i], f"Partner {i % 7}", 10 * i + 1.5, 2.25) for i in range(40)]


def test_lines_of_a_record_have_its_customer_and_date(tmp_path: Path) -> None:
    rows = [row for no, at, who, one, two in LINES for row in (f"{no},{at},{who},{no}-total,A,{one}", f",,,,B,{two}")]
    (found,) = with_filled_cells([profile_of(tmp_path, "sales", "Order Reference,Order Date,Customer,Remark,Product,Subtotal", rows)])
    assert found.table["Customer"].to_pylist() == [who for _, _, who, _, _ in LINES for _ in range(2)]
    assert found.table["Order Reference"].to_pylist() == [no for no, *_ in LINES for _ in range(2)]
    assert [str(v)[:10] for v in found.table["Order Date"].to_pylist()] == [at for _, at, *_ in LINES for _ in range(2)]
    assert found.columns["Subtotal"].numbers.sum() == sum(one + two for *_, one, two in LINES)
    assert any("only on the first row" in note for note in found.notes)


def test_a_total_is_not_copied(tmp_path: Path) -> None:
    rows = [row for no, at, who, one, two in LINES for row in (f"{no},{at},{who},{one + two},A,{one}", f",,,,B,{two}")]
    (found,) = with_filled_cells([profile_of(tmp_path, "sales", "Order Reference,Order Date,Customer,Total,Product,Subtotal", rows)])
    assert found.columns["Customer"].filled.all()
    assert found.columns["Total"].filled.sum() == len(LINES)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_customer_above_its_rows(ending: str, tmp_path: Path) -> None:
    """Merged cells; leading zeros stay."""
    rows = [(f"00{c}" if k == 0 else "", "Lima" if k == 0 else "", AT[c + 2 * k], c + k / 4) for c in range(15) for k in range(5)]
    frame = pd.DataFrame(rows, columns=["customer_no", "city", "visited", "paid"])
    path = tmp_path / f"visits.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.replace("", None).to_excel(path, index=False)
    (found,) = with_filled_cells([profile_table(path)])
    assert found.table["customer_no"].to_pylist() == [f"00{c}" for c in range(15) for _ in range(5)]
    assert found.columns["paid"].numbers.tolist() == frame["paid"].tolist()


def test_guests_are_not_the_customer_above_them(tmp_path: Path) -> None:
    """In the order of time, each customer once: the rows between them are of guests."""
    rows = [f"{f'c{i}' if i % 4 == 0 else ''},{at},{i}.5" for i, at in enumerate(days("2024-01-01", 80))]
    profile = profile_of(tmp_path, "orders", "customer_id,ordered_on,amount", rows)
    assert with_filled_cells([profile])[0] is profile


def test_guests_among_customers_who_come_again_stay_guests(tmp_path: Path) -> None:
    rows = [f"{f'c{i % 5}' if i % 3 == 0 else ''},{at},{i}.5" for i, at in enumerate(days("2024-01-01", 80))]
    random.Random(2).shuffle(rows)
    rows.sort(key=lambda row: row.startswith(","))
    profile = profile_of(tmp_path, "orders", "customer_id,ordered_on,amount", rows)
    assert with_filled_cells([profile])[0] is profile


def test_a_report_in_groups_is_told_as_one(tmp_path: Path) -> None:
    """The customers are in a column without a name, in rows of their own: the number of a transaction is not one of them."""
    rows = [
        row for c in range(20) for row in (f"Cust {c},,,", *(f",{AT[c + k]},{k},{c + k}.25" for k in range(6)), f"Total Cust {c},,,9.5")
    ]
    profile = profile_of(tmp_path, "report", ",Date,Num,Amount", rows)
    assert is_grouped_report(profile, "Num")
    assert not is_grouped_report(profile, "Customer No")
    (reading,) = read_tables([profile], lambda _: 0)
    assert (reading.kind, reading.why) == ("", reading.why)
    assert "headings" in reading.why
