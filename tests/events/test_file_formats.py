"""How a file is written is found from the file: encodings, layouts, numbers, and doubt where there is doubt."""

import zipfile

import pytest

from churnpredict.errors import UsageError
from churnpredict.events.amounts import NumberFormat
from churnpredict.events.file_formats import detect_format
from churnpredict.events.sources.file_options import File


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
        ("клиент,город\n1,Москва\n2,Екатеринбург\n", "cp1251"),
        ("client,ville,prix\n1,Nîmes,5 €\n2,Besançon,6 €\n", "cp1252"),
        ("client,ville,prix\n1,Nîmes,5 €\n2,Besançon,6 €\n", "iso-8859-15"),
        ("cliente,città,età\n1,Forlì,7\n", "cp1252"),
    ],
)
def test_letters_say_the_encoding(tmp_path, text, encoding):
    name = options(tmp_path, text, encoding)["encoding"]
    assert text.encode(encoding).decode(name) == text


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
