"""Numbers as a file writes them become plain digits; what is written in two ways is refused, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

import churnpredict as cp
from churnpredict.errors import ContentError, SchemaError


def totals(folder: Path, values: list[str], **options: object) -> list[float]:
    """The sums that a file gives, one customer each."""
    path = folder / "orders.csv"
    path.write_text("who;day;eur\n" + "".join(f"c{i};2024-01-0{i + 1};{v}\n" for i, v in enumerate(values)), encoding="utf-8")
    source = cp.File(str(path), delimiter=";", **options)  # type: ignore[arg-type]
    tables = cp.EventTables(orders=cp.Events(source, customer="who", time="day", value="eur"))
    return tables.streams["orders"].columns["value"].tolist()


@pytest.mark.parametrize(
    ("values", "options", "sums"),
    [
        (["1.234,50", "7", "-0,25"], {"decimal": ",", "thousands": "."}, [1234.5, 7.0, -0.25]),
        (["1,234.50", "7", "(0.25)"], {"thousands": ","}, [1234.5, 7.0, -0.25]),
        (["1 234,5 €", "7 €", "0,25 €"], {"decimal": ",", "thousands": " "}, [1234.5, 7.0, 0.25]),
        (["12 %", "7.5 %", "100 %"], {"decimal": "."}, [0.12, 0.075, 1.0]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*negative")
def test_signs_of_their_own_become_digits(values: list[str], options: dict[str, object], sums: list[float], tmp_path: Path) -> None:
    assert totals(tmp_path, values, **options) == sums


@pytest.mark.parametrize(
    ("values", "options", "code"),
    [
        (["12 €", "7 $", "1 €"], {"decimal": "."}, "mixed-currencies"),
        (["12 %", "7", "1 %"], {"decimal": "."}, "mixed-percent"),
        (["1.234,50", "7,25", "1234.50"], {"decimal": ",", "thousands": "."}, "value-type"),
        (["1,50", "2,50", "many"], {"decimal": ","}, "value-type"),
    ],
)
def test_one_column_is_written_in_one_way(values: list[str], options: dict[str, object], code: str, tmp_path: Path) -> None:
    with pytest.raises(ContentError) as refused:
        totals(tmp_path, values, **options)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Report of January\n\nwho,day,eur\n" + "a,2024-01-01,1\nb,2024-01-02,2\n" * 9, "lines-above"),
        ("who,day,eur\n" + "a,2024-01-01,1\nb,2024-01-02,2\n" * 9 + "Total,,27\n", "rows-below"),
        ("a,2024-01-01,1\nb,2024-01-02,2\n" * 9, "no-header"),
    ],
)
def test_titles_totals_and_missing_headers_are_refused_by_name(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text)
    with pytest.raises(SchemaError) as refused:
        cp.EventTables(orders=cp.Events(str(tmp_path / "orders.csv"), customer="who", time="day", value="eur"))
    assert refused.value.code == code
