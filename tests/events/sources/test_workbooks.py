"""Workbooks: types as a sheet has them, one table of many sheets, and what looks empty but is not."""

import datetime as dt
import re
import zipfile

import openpyxl
import pandas as pd
import pytest
from openpyxl.compat import safe_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, to_excel

from churnpredict import Events, EventTables, File
from churnpredict.errors import ChurnError, ChurnWarning
from churnpredict.events.file_formats import detect_format
from churnpredict.events.source import open_source
from churnpredict.events.sources import unpacking


def workbook(path, **sheets):
    """Sheets of rows; what is written stands as openpyxl stores it."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def rows_of(source, **options):
    opened = open_source(File(source, **options), "orders")
    return opened.read(opened.columns(), ()).to_pylist()


def refused(source, **options):
    with pytest.raises(ChurnError) as caught:
        rows_of(source, **options)
    assert caught.value.table == "orders"
    assert "Zaphod" not in str(caught.value)
    return caught.value


HEADER = ["id", "day", "eur"]
DAY = dt.datetime(2024, 1, 5, 13, 45, 10)
ROWS = [HEADER, ["Zaphod", DAY, 1.5], ["Arthur", dt.datetime(2024, 1, 6), None]]


def test_types_are_those_of_the_cells(tmp_path):
    header, first = ["id", "day", "eur", "yes", "mixed", "at"], [7, DAY, 1, True, "007", dt.time(5, 6)]
    path = workbook(tmp_path / "a.xlsx", rows=[header, first, [8, dt.date(2024, 1, 6), 2.5, False, 12.0, None]])
    opened = open_source(str(path), "orders")
    table = opened.read(opened.columns(), ())
    assert [str(t) for t in table.schema.types] == ["int64", "timestamp[us]", "double", "bool", "string", "string"]
    assert table.to_pylist()[1] == {"id": 8, "day": dt.datetime(2024, 1, 6), "eur": 2.5, "yes": False, "mixed": "12", "at": None}


def test_every_second_of_a_day_comes_back(tmp_path):
    """A sheet counts days in floats: the second next to it must be the one that was meant."""
    moments = pd.date_range("2031-03-09", periods=86_400, freq="s").to_pydatetime().tolist()
    numbers = [safe_string(to_excel(moment)) for moment in moments]
    workbook(tmp_path / "few.xlsx", rows=[["at"], *([moment] for moment in moments[:9])])
    with zipfile.ZipFile(tmp_path / "few.xlsx") as few, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as whole:
        for name in few.namelist():
            content = few.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":  # the library itself would write for seconds
                head, *written, tail = re.split("(?=<row )|(?=</sheetData>)", content.replace("A1:A10", "A1:A86401"))
                row = written[1].replace(numbers[0], "{1}").replace('"A2"', '"A{0}"').replace('"2"', '"{0}"')
                rows = [row.format(n, number) for n, number in enumerate(numbers, 2)]
                assert rows[:9] == written[1:]
                content = "".join([head, written[0], *rows, tail])
            whole.writestr(name, content)
    assert [r["at"] for r in rows_of(tmp_path / "a.xlsx")] == moments


def test_dates_of_the_system_of_1904(tmp_path):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(HEADER)
    book.active.append(["a", DAY, 1])
    book.save(tmp_path / "mac.xlsx")
    assert rows_of(tmp_path / "mac.xlsx")[0]["day"] == DAY


def test_one_sheet_of_many(tmp_path):
    path = workbook(tmp_path / "a.xlsx", notes=[["Orders of the north"]], orders=ROWS, empty=[])
    assert len(rows_of(path)) == 2
    path = workbook(tmp_path / "b.xlsx", orders=ROWS, refunds=ROWS[:2])
    error = refused(path)
    assert error.code == "choose-sheet"
    assert 'sheet=: "orders", "refunds"' in str(error)
    assert len(rows_of(path, sheet="refunds")) == 1
    assert 'Did you mean "refunds"?' in str(refused(path, sheet="refund"))


def test_a_title_and_a_total_must_be_said(tmp_path):
    rows = [["id", "day", "eur"], *(["Zaphod", DAY, float(n)] for n in range(20))]
    path = workbook(tmp_path / "a.xlsx", rows=[["Orders of 2024", None, None], [None, None, None], *rows, ["Total", None, 190.0]])
    book = openpyxl.load_workbook(path)
    book.active.merge_cells("A1:C1")
    book.save(path)
    assert refused(path).code == "lines-above"
    assert refused(path, skip_rows=2).code == "rows-below"
    assert len(rows_of(path, skip_rows=2, footer_rows=1)) == 20
    assert detect_format(path).file.options == {"skip_rows": 2, "footer_rows": 1}
    moved = workbook(tmp_path / "b.xlsx", rows=[[], [], *([None, None, *row] for row in rows)])
    assert len(rows_of(moved)) == 20  # empty rows and columns around a table are no matter


def test_a_sheet_without_a_header(tmp_path):
    path = workbook(tmp_path / "a.xlsx", rows=[["Zaphod4711", DAY, n + 0.5] for n in range(9)])
    assert refused(path).code == "no-header"
    assert rows_of(path, column_names=HEADER)[8]["eur"] == 8.5
    assert refused(path, column_names=["id", "day"]).code == "file-option"


def test_errors_and_formulas_without_results_are_no_blanks(tmp_path):
    """A reader gives both as empty cells: a sum would be too small without a word."""
    path = workbook(tmp_path / "a.xlsx", rows=[HEADER, ["a", DAY, "=1+1"], ["b", DAY, 3]])
    error = refused(path)
    assert error.code == "error-cells"
    assert "1 formulas" in str(error)
    book = openpyxl.load_workbook(workbook(tmp_path / "b.xlsx", rows=[HEADER, ["a", DAY, "#DIV/0!"], ["b", DAY, 3]]))
    book.active["C2"].data_type = "e"
    book.save(tmp_path / "b.xlsx")
    assert "1 cells with errors" in str(refused(tmp_path / "b.xlsx"))


def test_texts_within_a_column_of_numbers_are_read_as_texts_of_a_csv(tmp_path):
    """A number among texts with decimal commas has three decimals: its point is not a sign of thousands."""
    path = workbook(tmp_path / "a.xlsx", rows=[HEADER, ["a", DAY, "1.234,50 €"], ["b", DAY, "(2,00)"], ["c", DAY, 3.125]])
    assert [r["eur"] for r in rows_of(path, decimal=",", thousands=".")] == ["1234.50", "-2.00", "3.125"]
    with pytest.warns(ChurnWarning, match="negative-value"):
        table = EventTables(o=Events(File(path, decimal=",", thousands="."), customer="id", time="day", value="eur"))
    assert sorted(table.stream("o").columns["value"]) == [-2.0, 3.125, 1234.5]


def test_ids_beyond_what_a_sheet_can_hold_are_refused(tmp_path):
    path = workbook(tmp_path / "a.xlsx", rows=[HEADER, [9007199254740993 * 8, DAY, 1.0]])
    with pytest.raises(ChurnError, match="float-id"):
        EventTables(o=Events(path, customer="id", time="day"))


def test_what_is_no_workbook_or_too_large(tmp_path, monkeypatch):
    (tmp_path / "a.xlsx").write_bytes(b"Zaphod")
    assert refused(tmp_path / "a.xlsx").code == "unreadable-file"
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("hello", "world")
    assert refused(tmp_path / "b.xlsx").code == "unreadable-file"
    monkeypatch.setattr(unpacking, "LARGEST", 1000)
    assert refused(workbook(tmp_path / "c.xlsx", rows=ROWS)).code == "oversized-file"


def test_an_option_that_means_nothing_for_a_workbook(tmp_path):
    path = workbook(tmp_path / "a.xlsx", rows=ROWS)
    assert refused(path, encoding="cp1252").code == "file-option"
    assert refused(path, version=1).code == "file-option"


def test_the_reader_is_an_extra(tmp_path, monkeypatch):
    import sys

    path = workbook(tmp_path / "a.xlsx", rows=ROWS)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    error = refused(path)
    assert error.code == "missing-extra"
    assert 'pip install "churnpredict[excel]"' in str(error)
