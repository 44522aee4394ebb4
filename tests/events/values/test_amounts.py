"""Amounts in every way that people write them: what was written is what is read, to the last bit, by a writer that is the oracle."""

import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnpredict import Events, EventTables, File
from churnpredict.errors import ChurnError
from churnpredict.events.values import amounts as module
from churnpredict.events.values.amounts import NumberFormat, number_readings, read_amounts
from churnpredict.runs import scan_tables


def grouped(digits, sign, indian=False):
    """Digits in groups of three, or, as in India, of two but for the last."""
    head, tail = digits[:-3], digits[-3:]
    size = 2 if indian else 3
    groups = [head[max(i - size, 0) : i] for i in range(len(head), 0, -size)][::-1]
    return sign.join([*groups, tail])


def written(amount, decimal, thousands, *, indian=False, places=2):
    whole, _, fraction = f"{abs(amount):.{places}f}".partition(".")
    return (grouped(whole, thousands, indian) if thousands else whole) + (decimal + fraction if fraction else "")


# How a country, or its accountants, write: decimal sign, signs of thousands, and what stands around a number that is positive or negative.
WAYS = {
    "German": (",", ".", "{} €", "-{} €"),
    "German ledger": (",", ".", "{}", "{}-"),
    "Austrian": (",", ".", "€ {}", "€ -{}"),
    "French": (",", "\u202f", "{} €", "-{} €"),
    "French, typed": (",", " ", "{}€", "-{}€"),
    "Polish": (",", "\u00a0", "{} zł", "-{} zł"),
    "Swiss": (".", "'", "CHF {}", "CHF -{}"),
    "Swiss, typeset": (".", "’", "Fr. {}", "−{}"),
    "American": (".", ",", "${}", "-${}"),
    "American ledger": (".", ",", "$ {}", "({})"),
    "American, signs within": (".", ",", "${}", "$({})"),
    "Indian": (".", ",", "₹{}", "-₹{}"),
    "Brazilian": (",", ".", "R$ {}", "-R$ {}"),
    "Turkish": (",", ".", "₺{}", "-₺{}"),
    "Turkish code": (",", ".", "{} TL", "-{} TL"),
    "Russian": (",", " ", "{} руб.", "-{} руб."),
    "Russian sign": (",", "\u2009", "{} ₽", "−{} ₽"),
    "Swedish": (",", " ", "{} kr", "−{} kr"),
    "Czech": (",", "\u00a0", "{} Kč", "-{} Kč"),
    "by code": (".", ",", "{} USD", "-{} USD"),
    "plain": (".", "", "{}", "-{}"),
}
AMOUNTS = st.lists(st.decimals(min_value=Decimal("-99999999"), max_value=Decimal("99999999"), places=2), min_size=1, max_size=30)


def texts_of(amounts, way):
    decimal, thousands, plus, minus = WAYS[way]
    return [(minus if a < 0 else plus).format(written(a, decimal, thousands, indian=way == "Indian")) for a in amounts]


def form_of(way):
    decimal, thousands, *_ = WAYS[way]
    thousands = {"\u202f": " ", "\u00a0": " ", "\u2009": " ", "’": "'"}.get(thousands, thousands)
    return NumberFormat(decimal, thousands or None)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25, deadline=None)
@given(amounts=AMOUNTS)
def test_what_is_written_is_read_exactly(way, amounts):
    found = read_amounts(pa.array(texts_of(amounts, way)), form_of(way))
    assert found.whole
    assert found.values.to_pylist() == [float(a) for a in amounts]
    assert [Decimal(t) for t in found.texts.to_pylist()] == amounts  # digit by digit, before any rounding


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=15, deadline=None)
@given(amounts=AMOUNTS)
def test_the_way_is_found_or_the_doubt_is(way, amounts):
    """Whatever the values, the true reading is among those that are found; and with a value that decides, it is the only one."""
    exact = [float(a) for a in dict.fromkeys(amounts)]
    distinct = list(dict.fromkeys(amounts))
    assert any(f.values.to_pylist() == exact for f in number_readings(pa.array(texts_of(distinct, way))).values())
    sure = number_readings(pa.array(texts_of([*distinct, Decimal("1234567.89")], way)))
    assert {tuple(f.values.to_pylist()) for f in sure.values()} == {(*exact, 1234567.89)} or Decimal("1234567.89") in distinct


def test_a_planted_fault_is_caught(monkeypatch):
    """The oracle above would notice a reader that forgets a sign, or takes the wrong sign for that of decimals."""
    true = module.read_dressed

    def forgetful(text, numbers, missing, form):
        return true(text, pa.array([None if t is None else re.sub(r"[()-]", "", t) for t in numbers.to_pylist()]), missing, form)

    monkeypatch.setattr(module, "read_dressed", forgetful)
    with pytest.raises(AssertionError):
        test_what_is_written_is_read_exactly("German ledger")


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("1,23", ".", ","),
        ("12,34,56", ".", ","),
        ("0,123", ".", ","),
        ("1,2345", ".", ","),
        (",123", ".", ","),
        ("1,234,", ".", ","),
        ("1.234.567", ".", None),
        ("1 234", ".", None),
        ("5,-", ",", "."),
        ("5,–", ",", "."),
        ("5.-", ".", None),
        ("--5", ".", None),
        ("(-5)", ".", None),
        ("(5", ".", None),
        ("5)", ".", None),
        ("-5-", ".", None),
        ("$5 €", ".", None),
        ("$5%", ".", None),
        ("5 apples", ".", None),
        ("5e", ".", None),
        ("e5", ".", None),
        ("$", ".", None),
        (".", ".", None),
        ("1_000", ".", None),
        ("0x1F", ".", None),
        ("1/2", ".", None),
        ("12:30", ".", None),
    ],
)
def test_what_is_not_a_number_is_not_read(text, decimal, thousands):
    found = read_amounts(pa.array([text, "1"]), NumberFormat(decimal, thousands))
    assert found.unread.to_pylist() == [True, False]
    assert found.texts[0].as_py() == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5 %", 0.125),
        ("7%", 0.07),
        ("-0.3%", -0.003),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e-3", 0.001),
        ("+7", 7.0),
        ("007.50", 7.5),
        ("-0", -0.0),
        ("NULL", None),
        ("n/a", None),
        ("—", None),
        ("", None),
        (None, None),
        ("\u00a05\u202f", 5.0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
    ],
)
def test_single_numbers(text, value):
    found = read_amounts(pa.array([text], pa.string()), NumberFormat())
    assert found.values.to_pylist() == [value]
    assert found.unread.to_pylist() == [False]


def test_ambiguous_texts_have_two_readings():
    both = number_readings(pa.array(["1,234", "5,678"]))
    assert {tuple(found.values.to_pylist()) for found in both.values()} == {(1.234, 5.678), (1234.0, 5678.0)}


def log(folder, values, **options):
    lines = [f"c{i % 3};2024-01-{i % 28 + 1:02};{v}" for i, v in enumerate(values)]
    (folder / "orders.csv").write_text("id;day;eur\n" + "\n".join(lines) + "\n")
    return Events(File(folder / "orders.csv", **options), customer="id", time="day", value="eur", repeats="keep")


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("way", WAYS)
def test_sums_of_tables_are_those_of_the_file(tmp_path, way):
    rng = np.random.default_rng(5)
    amounts = [Decimal(int(cents)) / 100 for cents in rng.integers(-(10**8), 10**8, 400)]
    form = form_of(way)
    options = {"decimal": form.decimal, "thousands": form.thousands}
    tables = EventTables(orders=log(tmp_path, texts_of(amounts, way), **options))
    found = tables.stream("orders").columns["value"]
    assert sorted(found.tolist()) == sorted(float(a) for a in amounts)
    with scan_tables(orders=log(tmp_path, texts_of(amounts, way), **options), partitions=3) as parts:
        again = np.concatenate([part.stream("orders").columns["value"] for part in parts])
    assert sorted(again.tolist()) == sorted(found.tolist())


@pytest.mark.parametrize("tables", [EventTables, scan_tables])
@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["5 €", "$5", "5 €"], "mixed-currencies"),
        (["5 USD", "5 CAD"], "mixed-currencies"),
        (["5%", "5", "7%"], "mixed-percent"),
        (["1,5", "2,5", "Zaphod", "3,5"], "value-type"),
    ],
)
def test_columns_that_are_not_of_one_kind_are_refused(tmp_path, tables, values, code):
    with pytest.raises(ChurnError) as caught:
        tables(orders=log(tmp_path, values, decimal=","))
    assert caught.value.code == code
    assert (caught.value.table, caught.value.column) == ("orders", "eur")
    assert "Zaphod" not in str(caught.value)
    if code == "value-type":
        assert caught.value.rows == 1


@pytest.mark.parametrize("tables", [EventTables, scan_tables])
def test_numbers_of_two_ways_in_one_column_are_refused(tmp_path, tables):
    """1.250 with thousands would be 1250 beside 0.125, which only decimals can be."""
    with pytest.raises(ChurnError) as caught:
        tables(orders=log(tmp_path, ["1.250", "2.500", "0.125", "1.250,50"], decimal=",", thousands="."))
    assert (caught.value.code, caught.value.rows) == ("value-type", 1)


def test_a_plain_column_beside_one_with_commas_is_read_as_it_is(tmp_path):
    (tmp_path / "orders.csv").write_text("id;day;eur\n1;2024-01-01;1.250\n2;2024-01-02;0.125\n3;2024-01-03;0.5\n")
    file = File(tmp_path / "orders.csv", decimal=",", thousands=".")
    tables = EventTables(orders=Events(file, customer="id", time="day", value="eur"))
    assert tables.stream("orders").columns["value"].tolist() == [1.25, 0.125, 0.5]


def test_labels_and_ids_stay_as_they_are_written(tmp_path):
    (tmp_path / "orders.csv").write_text('id,day,eur,plan\n"1,5",2024-01-01,"1,5","2,5"\n"1,50",2024-01-02,"2,5","2,50"\n')
    file = File(tmp_path / "orders.csv", decimal=",")
    tables = EventTables(orders=Events(file, customer="id", time="day", value="eur", kind="plan"))
    assert tables.ids.to_pylist() == ["1,5", "1,50"]
    assert tables.labels["orders"]["kind"].to_pylist() == ["2,5", "2,50"]


@pytest.mark.parametrize(
    "texts",
    [
        ["12", "7", "950"],
        ["12.5", "7", "1234.25"],
        ["1.234", "950"],
        ["1,234", "5,678"],
        ["1 234,5", "7"],
        ["1'234.50 CHF", "7.25 CHF"],
        ["12 €", "7 €"],
        ["-5", "(7)", "n/a", None],
        ["1e5", "2e-3"],
        ["12:30", "7"],
        ["Fr. 12", "Fr. 7"],
        ["12 eur", "7 eur"],
        ["5 US $", "1E5"],
        ["inf", "-Infinity", " NULL "],
        ["C-017", "C-018"],
        ["7", "soon"],
        ["7", "€"],
        [None, ""],
        [*map(str, range(600)), "1.234,5"],
    ],
    ids=str,
)
def test_readings_are_those_of_each_format_by_itself(texts: list[str | None]) -> None:
    column = pa.array(texts, pa.string())
    distinct = column.unique()
    alone = {form: read_amounts(distinct, form) for form in module.FORMATS}
    expected = {form: read for form, read in alone.items() if read.whole and not all(read.missing.to_pylist())}
    found = number_readings(column)
    assert list(found) == list(expected)
    for form, read in found.items():
        other = expected[form]
        assert (read.texts, read.missing, read.currencies, read.percent) == (other.texts, other.missing, other.currencies, other.percent)
        assert (read.values, read.unread, read.dressed) == (other.values, other.unread, other.dressed)
