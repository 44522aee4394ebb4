"""How a file is written is found from the file: encodings, layouts, numbers, and doubt where there is doubt."""

import bz2
import gc
import gzip
import lzma
import re
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict import Events, EventTables
from churnpredict.errors import ChurnError, UsageError
from churnpredict.events.file_formats import detect_format
from churnpredict.events.sources import unpacking
from churnpredict.events.sources.file_options import File
from churnpredict.events.values.amounts import NumberFormat
from churnpredict.runs import scan_tables


def write(folder, text, encoding="utf-8", name="orders.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def found(folder, text, encoding="utf-8"):
    return detect_format(write(folder, text, encoding))


def options(folder, text, encoding="utf-8"):
    return found(folder, text, encoding).file.options


GERMAN = "Kundennr;Bestelldatum;Betrag;Ort\n" + "".join(f"{i:04};{i % 28 + 1:02}.03.2024;1.2{i:02},50;Lübeck\n" for i in range(40))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "iso-8859-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_german_export(tmp_path, encoding):
    form = found(tmp_path, GERMAN, encoding)
    said = dict(form.file.options)
    name = said.pop("encoding", "utf-8")
    assert write(tmp_path, GERMAN, encoding).read_bytes().decode(name).removeprefix("\ufeff") == GERMAN
    assert said == {"delimiter": ";", "decimal": ",", "thousands": "."}
    assert form.times == {"Bestelldatum": ("%d.%m.%Y",)}
    assert form.header
    assert not form.alternatives


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("klient,miasto\n1,Łódź\n2,Gdańsk\n3,Świętochłowice\n", "cp1250"),
        ("klient,miasto\n1,Łódź\n2,Gdańsk\n3,Świętochłowice\n", "iso-8859-2"),
        ("müşteri,şehir\n1,Iğdır\n2,İstanbul\n", "cp1254"),
        ("müşteri,şehir\n1,Iğdır\n2,İstanbul\n", "iso-8859-9"),
        ("Müşteri,Tarih,Şehir\n" + "1,2024,İstanbul\n" * 50, "cp1254"),
        ("клиент,город\n1,Москва\n2,Екатеринбург\n", "cp1251"),
        ("client,ville,prix\n1,Nîmes,5 €\n2,Besançon,6 €\n", "cp1252"),
        ("client,ville,prix\n1,Nîmes,5 €\n2,Besançon,6 €\n", "iso-8859-15"),
        ("cliente,città,età\n1,Forlì,7\n", "cp1252"),
    ],
)
def test_letters_say_the_encoding(tmp_path, text, encoding):
    name = options(tmp_path, text, encoding)["encoding"]
    assert text.encode(encoding).decode(name) == text


def test_a_sign_for_number_says_no_language(tmp_path):
    """The sign of "nº" is a letter of Romanian in another encoding."""
    text = "nº conta;segmento;abertura\n" + "".join(f"{i:08d};varejo;2024-01-0{i}\n" for i in range(1, 9))
    assert text.encode("latin-1").decode(options(tmp_path, text, "latin-1")["encoding"]) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    text = "id,day,eur\n1,2024-01-01,5\n2,2024-01-02,6\n".replace(",", delimiter)
    assert options(tmp_path, text) == ({} if delimiter == "," else {"delimiter": delimiter})


@pytest.mark.parametrize(
    ("title", "lines"),
    [("Orders report\n\n", 2), ("Orders, exported 2024-07-01\n", 1), ("Report,,\nPeriod: 2024,,\n,,\n", 3), ("\n\n", None), ("", None)],
)
def test_lines_above_the_header(tmp_path, title, lines):
    text = title + "id,day,eur\n" + "".join(f"c{i},2024-01-{i + 1:02},{i}.5\n" for i in range(20))
    form = found(tmp_path, text)
    assert form.file.skip_rows == lines
    assert form.header


@pytest.mark.parametrize(
    ("footer", "rows"),
    [
        ("Total,,205.00\n", 1),
        ("Gesamtsumme,,205.00\n", 1),
        (",,205.00\n", 1),
        ("Итого:,,205.00\n", 1),
        ("\nGrand Total,,205.00\nExported by CRM\n", 2),
        ("Toplam,,205.00\n", 1),
        ("Total,,205.00\nAverage,,10.25\n", 2),
        ("Source: CRM,,\n", 1),
        ("c99,,\n", None),
        ("", None),
    ],
)
def test_rows_below_the_table(tmp_path, footer, rows):
    text = "id,day,eur\n" + "".join(f"c{i},2024-01-{i + 1:02},{i}.50\n" for i in range(20)) + footer
    assert found(tmp_path, text).file.footer_rows == rows


def test_a_first_row_of_data_is_no_header(tmp_path):
    rows = "".join(f"{i:05},{i}.5,2024-01-{i % 28 + 1:02}\n" for i in range(40))
    assert not found(tmp_path, rows).header
    assert found(tmp_path, "id,eur,day\n" + rows).header
    assert found(tmp_path, "id,2021,2022\n" + "".join(f"a{i},{i}.5,{i}\n" for i in range(9))).header


@pytest.mark.parametrize(
    ("values", "form", "others"),
    [
        (["1,234", "5,678"], NumberFormat(","), 1),
        (["1,234", "950"], NumberFormat(".", ","), 1),
        (["1.234", "950"], NumberFormat(",", "."), 1),
        (["1.234", "5.678"], NumberFormat(",", "."), 1),
        (["1.234", "9500"], NumberFormat(), 0),
        (["1.234", "0.5"], NumberFormat(), 0),
        (["1,234", "0,5"], NumberFormat(","), 0),
        (["1,234", "1,234,567"], NumberFormat(".", ","), 0),
        (["1.234,50 zł", "12 zł"], NumberFormat(",", "."), 0),
        (["1 234,50 zł", "12 zł"], NumberFormat(",", " "), 0),
        (["1\u202f234,50 €", "12 €"], NumberFormat(",", " "), 0),
        (["CHF 1'234.50", "CHF 0.05"], NumberFormat(".", "'"), 0),
        (["12,34,567.00", "5.00"], NumberFormat(".", ","), 0),
        (["(1,234.50)", "5.00"], NumberFormat(".", ","), 0),
        (["1.234,50-", "5,00"], NumberFormat(",", "."), 0),
        (["5.5", "7"], NumberFormat(), 0),
    ],
)
def test_signs_within_numbers(tmp_path, values, form, others):
    text = "id;day;amount\n" + "".join(f"c{i};2024-01-0{i + 1};{v}\n" for i, v in enumerate(values))
    seen = found(tmp_path, text)
    assert NumberFormat(seen.file.decimal or ".", seen.file.thousands) == form
    assert len(seen.alternatives.get("decimal", ())) == others


def read(source, **roles):
    return EventTables(orders=Events(source, customer="id", time="day", value="eur", **roles)).stream("orders").columns["value"].tolist()


def refused(source, **roles):
    with pytest.raises(ChurnError) as caught:
        read(source, **roles)
    return caught.value


def test_a_point_that_may_be_of_thousands_is_a_question(tmp_path):
    """Every reader of CSV takes 1.234 beside 950 for decimals; where it is German, each amount is a thousand times too small."""
    path = write(tmp_path, "id;day;eur\n1;2024-01-01;1.234\n2;2024-01-02;950\n")
    error = refused(path)
    assert error.code == "ambiguous-numbers"
    assert (error.table, error.column) == ("orders", "eur")
    with pytest.raises(ChurnError, match="ambiguous-numbers"):
        scan_tables(orders=Events(path, customer="id", time="day", value="eur"))
    assert read(File(path, decimal=".")) == [1.234, 950.0]
    assert read(File(path, decimal=",", thousands=".")) == [1234.0, 950.0]
    assert read(write(tmp_path, "id,day,eur\n1,2024-01-01,1.234\n2,2024-01-02,5.678\n")) == [1.234, 5.678]


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        (["1.234,50", "7,25"], 'decimal=",", thousands="."'),
        (["$1,234.50", "$7"], 'decimal=".", thousands=","'),
        (["(7.25)", "7"], 'decimal="."'),
        (["1,234", "5,678"], 'decimal="," or decimal=".", thousands=","'),
        (["7 apples", "2"], "Write plain numbers"),
    ],
)
def test_numbers_that_are_not_plain_are_refused_with_the_option_to_write(tmp_path, values, remedy):
    path = write(tmp_path, "id;day;eur\n" + "".join(f"c{i};2024-01-0{i + 1};{v}\n" for i, v in enumerate(values)))
    error = refused(path)
    assert error.code == "value-type"
    assert remedy in str(error)


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "utf-16", "utf-16-le"])
def test_another_encoding_is_refused_with_the_option_to_write(tmp_path, encoding):
    city = "Köln" if encoding == "cp1252" else "Łódź"
    path = write(tmp_path, "id;day;eur;city\n" + "".join(f"c{i};2024-01-0{i + 1};5;{city}\n" for i in range(3)), encoding)
    error = refused(path, item="city")
    assert error.code == "encoding"
    name = re.search('encoding="([^"]+)"', str(error))[1]
    assert read(File(path, encoding=name), item="city") == [5.0, 5.0, 5.0]


def test_an_encoding_that_is_not_the_files(tmp_path):
    path = write(tmp_path, GERMAN, "cp1252")
    assert refused(File(path, encoding="utf-16")).code == "encoding"
    path.write_bytes(b"id;day;eur;city\n1;2024-01-01;5;\x81\x8d\n")
    assert refused(File(path, encoding="cp1252")).code == "encoding"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"encoding": "klingon"}, "klingon"),
        ({"decimal": ";"}, "decimal"),
        ({"thousands": "."}, 'decimal = ","'),
        ({"thousands": ",", "decimal": ","}, 'decimal = "."'),
        ({"delimiter": ";;"}, "delimiter"),
        ({"skip_rows": -1}, "skip_rows"),
        ({"footer_rows": True}, "footer_rows"),
        ({"column_names": "id"}, "column_names"),
        ({"column_names": ["a", "a"]}, "column_names"),
    ],
)
def test_options_that_cannot_be_are_refused_at_once(options, said):
    with pytest.raises(UsageError, match="file-option") as caught:
        File("orders.csv", **options)
    assert said in str(caught.value)


def test_archives_that_hold_more_than_any_table_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "SMALL", 10_000)
    for name in ("rows.zip", "rows.csv.gz", "rows.csv.bz2", "rows.csv.xz"):
        path, content = tmp_path / name, b"id,day,eur\n" + b"0,2024-01-01,0\n" * 20_000
        if name.endswith("zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("rows.csv", content)
        else:
            path.write_bytes({"gz": gzip, "bz2": bz2, "xz": lzma}[name.rsplit(".")[-1]].compress(content))
        assert refused(File(path, encoding="cp1252")).code == "oversized-file"


def test_copies_go_with_their_source(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "temporary").mkdir()
    read(File(write(tmp_path, "id,day,eur\n1,2024-01-01,5\n", "utf-16"), encoding="utf-16"))
    gc.collect()
    assert not list((tmp_path / "temporary").iterdir())


def test_names_for_a_file_without_a_header(tmp_path):
    rows = "".join(f"Zaphod{i:05};{i}.5;2024-01-{i % 28 + 1:02}\n" for i in range(40))
    path = write(tmp_path, rows)
    error = refused(path)
    assert error.code == "no-header"
    assert "Zaphod" not in str(error)
    assert len(read(File(path, column_names=["id", "eur", "day"]))) == 40
    assert refused(File(path, column_names=["id", "eur"])).code == "file-option"


def test_ragged_rows_of_a_copy_are_said_of_the_file(tmp_path):
    row = "1;2024-01-01;5\n"
    path = write(tmp_path, "Report\n\nid;day;eur\n" + row * 50 + "1;2024-01-01;5;Zaphod;7\n" + row * 9, "cp1252")
    error = refused(File(path, encoding="cp1252", skip_rows=2))
    assert error.code == "ragged-rows"
    assert str(path) in str(error)
    assert "Zaphod" not in str(error)


def test_line_breaks_in_quotes_are_neither_rows_below_nor_above(tmp_path):
    text = "Report\nid,day,eur,note\n" + '1,2024-01-01,5,"one\ntwo, ""three"""\n' * 4 + 'Total,,20,"all\n\nof it"\n\n'
    path = write(tmp_path, text)
    assert read(File(path, skip_rows=1, footer_rows=1), repeats="keep") == [5.0] * 4


def test_what_is_given_stays(tmp_path):
    path = write(tmp_path, "id;amount\n1;1,234\n2;5,678\n")
    form = detect_format(File(path, decimal=".", thousands=","))
    assert form.file.options == {"delimiter": ";", "decimal": ".", "thousands": ","}
    assert not form.alternatives


def test_a_zip_of_several_tables_is_a_question(tmp_path):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", GERMAN.encode("cp1252"))
        archive.writestr("__MACOSX/._orders.csv", b"\0\1")
    assert detect_format(path).file.options == {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "thousands": "."}
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("users.csv", "id\n1\n")
    with pytest.raises(UsageError, match=r'"orders.csv", "users.csv"') as caught:
        detect_format(path)
    assert caught.value.code == "choose-member"
    assert detect_format(File(path, member="orders.csv")).file.encoding == "cp1252"


@pytest.mark.parametrize("name", ["orders.csv", "orders.txt", "orders.csv.gz", "orders.jsonl"])
def test_a_member_of_what_is_one_table_is_refused(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"who": ["a"], "at": ["2024-01-01"]})
    if name.endswith(".jsonl"):
        frame.to_json(tmp_path / name, orient="records", lines=True)
    else:
        frame.to_csv(tmp_path / name, index=False)
    with pytest.raises(UsageError, match="file-option"):
        cp.EventTables(orders=cp.Events(cp.File(tmp_path / name, member="orders"), customer="who", time="at"))
