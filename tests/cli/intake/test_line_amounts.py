"""Amounts of lines: quantity times price, less a discount that is a share, and prices from a list."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import profile_of

from churnpredict.cli.intake.line_amounts import AMOUNT, best_price, with_amount, with_prices


@pytest.mark.parametrize(
    ("head", "rows", "amounts"),
    [
        ("who,quantity,unit_price", ("a,2,1.50", "b,3,2.25"), [3.0, 6.75]),
        ("who,qty,price,discount", ("a,2,10.00,0.1", "b,3,2.00,0.5"), [18.0, 3.0]),
        ("who,qty,price,discount_pct", ("a,2,10.00,10", "b,3,2.00,50"), [18.0, 3.0]),
        ("who,qty,price,discount", ("a,2,10.00,10%", "b,3,2.00,50%"), [18.0, 3.0]),
        ("wer;Menge;Einzelpreis", ("a;2;1,50", "b;3;2,25"), [3.0, 6.75]),
    ],
)
def test_the_amount_of_a_line(head: str, rows: tuple[str, ...], amounts: list[float], tmp_path: Path) -> None:
    found = with_amount(profile_of(tmp_path, "lines", head, rows))
    assert found.columns[AMOUNT].numbers.tolist() == pytest.approx(amounts)
    assert any(AMOUNT in note for note in found.notes)


def test_a_discount_that_may_be_money_is_not_taken_off_and_said(tmp_path: Path) -> None:
    found = with_amount(profile_of(tmp_path, "lines", "who,qty,price,discount", ["a,2,10.00,3", "b,3,2.00,1"]))
    assert found.columns[AMOUNT].numbers.tolist() == [20.0, 6.0]
    assert '"discount" is not taken off' in found.notes[-1]


@pytest.mark.parametrize("head", ["who,quantity,unit_price,total", "who,quantity,city,day", "who,unit_price,city,day"])
def test_nothing_is_multiplied_where_the_amount_is_stated_or_a_factor_is_missing(head: str, tmp_path: Path) -> None:
    found = with_amount(profile_of(tmp_path, "lines", head, ["a,2,1.50,3.00", "b,3,2.25,6.75"]))
    assert AMOUNT not in found.columns


def test_prices_come_from_a_list_without_customers(tmp_path: Path) -> None:
    lines = profile_of(tmp_path, "lines", "who,sku,quantity", ["a,x,2", "b,y,3", "c,x,1"])
    listed = profile_of(tmp_path, "products", "sku,list_price", ["x,1.50", "y,2.25"])
    found, lists = with_prices({"lines": lines, "products": listed}, ["lines"])
    assert found["lines"].columns["list_price"].numbers.tolist() == [1.5, 2.25, 1.5]
    assert lists == {"products": "a list of prices: joined to lines"}
    _, lists = with_prices({"lines": listed, "products": profile_of(tmp_path, "fees", "fee,price", ["a,1.5", "b,2.5"])}, ["lines"])
    assert lists == {"fees": "a list of prices that no other table refers to"}


def test_the_price_of_a_list_is_preferred_to_others(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "products", "sku,price,unit_price,city", ["x,1.50,1.25,a", "y,2.25,2.00,b"])
    assert best_price(found).name == "unit_price"  # type: ignore[union-attr]
    assert best_price(profile_of(tmp_path, "none", "sku,city", ["x,a", "y,b"])) is None
