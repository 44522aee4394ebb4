"""What all kinds of table share: which column is the amount, which are left out and why, and how times are declared."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import profile_of, read

from churnpredict.cli.intake.readings import best_quantity, best_value, is_status, left_out, said_how, say_rest, with_currency


@pytest.mark.parametrize(
    ("head", "value"),
    [
        ("who,total,tax", "total"),
        ("who,Rabatt,Betrag", "Betrag"),
        ("who,quantity,price", "price"),
        ("who,latitude,longitude", None),
        ("who,age,score", None),
    ],
)
def test_the_amount_is_found_by_its_name(head: str, value: str | None, tmp_path: Path) -> None:
    found = best_value(profile_of(tmp_path, "t", head, ["a,3,10.50", "b,4,2.25", "c,5,7.75"]).of_kind("number"))
    assert (found and found.name) == value
    assert best_value([]) is None


def test_a_quantity_of_one_value_says_nothing(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "t", "who,quantity,hours", ["a,1,2.5", "b,1,3.5", "c,1,0.5"])
    assert best_quantity(found.of_kind("number")).name == "hours"  # type: ignore[union-attr]
    assert best_quantity([found.columns["quantity"]]) is None


@pytest.mark.parametrize(("name", "state"), [("status", True), ("Lifecycle Stage", True), ("Estado", True), ("city", False)])
def test_columns_of_a_current_state(name: str, state: bool, tmp_path: Path) -> None:
    assert is_status(profile_of(tmp_path, "t", f"who,{name}", ["a,x", "b,y"]).columns[name]) is state


def test_every_column_that_is_not_used_says_why(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "t", "who,ref_id,email,at,odd", [f"c{i},{900 + 7 * i},p{i}@x.org,0{i}:00,{i}" for i in range(6)])
    unused = {"odd": "always the same"}
    say_rest(profile, {"customer": "who"}, {}, unused)
    assert unused == {"odd": "always the same", "ref_id": "an id", "email": "names a person", "at": "a time of day"}


def test_a_time_in_another_format_than_the_first_is_not_used(tmp_path: Path) -> None:
    rows = ["a,31.12.2023,2024-01-05", "b,13.01.2024,2024-02-07"]
    profile = profile_of(tmp_path, "t", "who,start,recorded", rows)
    roles, unused = {"customer": "who", "start": "start", "known_at": "recorded"}, {}
    how = said_how(profile, roles, unused)
    assert [key for key, *_ in how] == ["format"]
    assert roles == {"customer": "who", "start": "start"}
    assert unused == {"recorded": "written in another format than the first time of the table"}


@pytest.mark.parametrize(("money", "declared"), [(["EUR", "USD"], True), (["EUR", "EUR"], False)])
def test_a_currency_is_declared_where_there_are_several(money: list[str], declared: bool, tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "t", "who,amount,currency", [f"a,1.50,{money[0]}", f"b,2.50,{money[1]}"])
    roles = {"customer": "who", "value": "amount"}
    with_currency(list(profile.columns.values()), roles)
    assert ("currency" in roles) is declared
    without = {"customer": "who"}
    with_currency(list(profile.columns.values()), without)
    assert without == {"customer": "who"}


def test_a_reading_gives_its_columns_and_keys(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "t", "who,day", ["a,2024-01-01", "b,2024-01-02"])
    found = read(profile, "events", customer="who", time="day")
    assert (found.customer.name, found.column("time").name, found.key("driver")) == ("who", "day", None)
    assert (left_out(profile, "no customer").kind, left_out(profile, "no customer").why) == ("", "no customer")
