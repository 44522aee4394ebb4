"""Files of the same columns are one table where only their periods differ; rows of exports that overlap count once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from churnpredict.cli.intake.parts_of_tables import one_of_many
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table

ROWS = [f"c{n % 17},{datetime(2023, 10, 1) + timedelta(hours=17 * n):%Y-%m-%d %H:%M},{n}.50" for n in range(240)]


def written(folder: Path, files: dict[str, list[str]], head: str = "customer,date,amount") -> list[TableProfile]:
    for name, rows in files.items():
        (folder / name).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return one_of_many([profile_table(folder / name) for name in files])


@pytest.mark.parametrize(
    "names",
    [
        ("orders_2023.csv", "orders_2024.csv"),
        ("sales Q4 2023.csv", "sales H1 2024.csv"),
        ("orders_jan.csv", "orders_feb.csv"),
        ("Umsatz Januar 2024.csv", "Umsatz Februar 2024.csv"),
    ],
)
def test_files_of_periods_are_one_table(names: tuple[str, str], tmp_path: Path) -> None:
    (found,) = written(tmp_path, {names[0]: ROWS[:120], names[1]: ROWS[120:]})
    assert found.rows == len(ROWS)
    assert not found.notes


def test_rows_of_two_exports_that_overlap_count_once(tmp_path: Path) -> None:
    (found,) = written(tmp_path, {"sales 2023.csv": ROWS[:140], "sales H1 2024.csv": ROWS[120:]})
    assert found.rows == len(ROWS)
    assert found.notes == ("20 rows are in two of the files: they count once",)


def test_purchases_that_are_equal_by_chance_count_twice(tmp_path: Path) -> None:
    """Two shops sell the same to one customer on one day; and a row that stands twice in one file may be two purchases."""
    (shops,) = written(tmp_path, {"shop_1.csv": ROWS[:200], "shop_2.csv": [*ROWS[60:200:15], *(r.replace(".50", ".70") for r in ROWS)]})
    assert shops.rows == 200 + 10 + 240
    (twice,) = written(tmp_path, {"till_1.csv": [*ROWS[:140], ROWS[3]], "till_2.csv": ROWS[120:]})
    assert twice.rows == 141 + 120


def test_files_of_other_things_stay_apart(tmp_path: Path) -> None:
    assert len(written(tmp_path, {"orders.csv": ROWS[:120], "payments.csv": ROWS[120:]})) == 2


def test_files_of_single_years_are_one_table_and_wider_ones_with_few_columns_are_not(tmp_path: Path) -> None:
    years = {f"orders_{year}.csv": [f"c{year},{year}-01-05"] for year in (2022, 2023)}
    assert [p.rows for p in written(tmp_path, years, "who,day")] == [2]
    (tmp_path / "orders_2024.csv").write_text("who,day,more\nc1,2024-01-05,x\n", encoding="utf-8")
    names = (*years, "orders_2024.csv")
    found = one_of_many([profile_table(tmp_path / name) for name in names])
    assert sorted(p.rows for p in found) == [1, 2], "the wider file stays apart"
