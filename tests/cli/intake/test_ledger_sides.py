"""Amounts without a sign: which rows are negative, to the last cent, and which are left as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.draft_tables import read_tables
from churnpredict.cli.intake.ledger_sides import with_sides


@pytest.mark.parametrize(
    ("head", "rows", "values"),
    [
        ("who,amount,D/C", ("a,10.50,D", "b,4,D", "c,2.25,C"), [10.5, 4.0, -2.25]),
        ("wer;Betrag;S/H", ("a;1.234,50;S", "b;4,25;S", "c;12.002,25;H"), [1234.5, 4.25, -12002.25]),
        ("who;amount;D/C", ("a;1,234.50;D", "b;4.25;D", "c;12,002.25;C"), [1234.5, 4.25, -12002.25]),
        ("who,total,type", ("a,10.50,Sale", "b,4,Sale", "c,2.25,Refund"), [10.5, 4.0, -2.25]),
        ("who,amount,type", ("a,10.50,purchase", "b,4,verify", "c,2.25,refund", "d,9,purchase"), [10.5, 4.0, -2.25, 9.0]),
        ("who,amount,kind", ("a,10.5,payment", "b,4,chargeback", "c,2,reversal", "d,9,payment", "e,1,payment"), [10.5, -4, -2, 9, 1]),
        ("who,amount,type", ("a,10.50,sale", "b,4,credit", "c,2.25,sale"), [10.5, -4.0, 2.25]),
        ("wer;Betrag;Art", ("a;10,50;Rechnung", "b;4,00;Gutschrift", "c;2,25;Rechnung"), [10.5, -4.0, 2.25]),
        ("qui;montant;type", ("a;10,50;Vente", "b;4,00;Retour", "c;2,25;Vente"), [10.5, -4.0, 2.25]),
        ("quien;importe;tipo", ("a;10,50;Compra", "b;4,00;Devolución", "c;2,25;Compra"), [10.5, -4.0, 2.25]),
        ("who,price,Transaction", ("a,10.50,Invoice", "b,4,Credit Memo", "c,2.25,Invoice"), [10.5, -4.0, 2.25]),
        ("who,amount,type", ("a,10.50,deposit", "b,4,withdrawal", "c,2.25,deposit"), [10.5, -4.0, 2.25]),
        (
            "who,amount,type",
            ("a,10.50,issued", "b,4,Points Expired", "c,2.25,issued", "d,1,redeemed", "e,2,issued"),
            [10.5, -4, 2.25, -1, 2],
        ),
        ("who,Type,Net", ("a,SI,10.50", "b,SC,4", "c,SI,2.25"), [10.5, -4.0, 2.25]),
        ("KUNNR;AUART;NETWR", ("1;TA;10,50", "2;RE;4,00", "3;TA;2,25"), [10.5, -4.0, 2.25]),
        ("wer;Belegart;Betrag", ("a;RE;10,50", "b;GS;4,00", "c;RE;2,25"), [10.5, -4.0, 2.25]),
        ("who,Paid out,Paid in", ("a,,10.5", "b,,4", "c,2.25,", "d,,"), [10.5, 4.0, -2.25, None]),
        ("wer;Soll;Haben", ("a;;1.010,50", "b;0,00;4,00", "c;2,25;0,00"), [1010.5, 4.0, -2.25]),
        ("wer;Belastung CHF;Gutschrift CHF", ("a;;1010.50", "b;;4.00", "c;-2.25;"), [1010.5, 4.0, -2.25]),
        ("who,Debit,Credit", ("a,10.5,", "b,4,", "c,,2.25"), [10.5, 4.0, -2.25]),
        ("who,Withdrawal Amt.,Deposit Amt.", ("a,10.5,", "b,,4", "c,,2.25"), [-10.5, 4.0, 2.25]),
        ("who;amount", ("a;1,234.50 CR", "b;2.25 DR", "c;5.00 CR"), [1234.5, -2.25, 5.0]),
        ("wer;Betrag", ("a;1.234,50 H", "b;2,25 S", "c;5,00 H"), [1234.5, -2.25, 5.0]),
    ],
)
def test_amounts_get_their_sign(head: str, rows: tuple[str, ...], values: list[float | None], tmp_path: Path) -> None:
    found = with_sides(profile_of(tmp_path, "bookings", head, rows))
    assert found.table["signed_amount"].to_pylist() == values
    assert any("signed_amount" in note for note in found.notes)


@pytest.mark.parametrize(
    ("head", "rows"),
    [
        ("who,amount,D/C", ("a,10.50,D", "b,-4,D", "c,2.25,C")),  # signed already
        ("who,amount,type", ("a,10.50,sale", "b,-4,refund", "c,2.25,sale")),
        ("who,amount,status", ("a,10.50,paid", "b,4,refunded", "c,2.25,paid")),  # a payment that was refunded later
        ("who,amount,status", ("a,10.50,paid", "b,4,refund", "c,2.25,paid")),
        ("who,fare,trip", ("a,10.50,single", "b,4,return", "c,2.25,single")),  # a journey there and back
        ("wer;Betrag;Art", ("a;10,50;Lastschrift", "b;4,00;Gutschrift", "c;2,25;Dauerauftrag")),  # money that comes in
        ("who,amount,method", ("a,10.50,cash", "b,4,credit", "c,2.25,cash")),  # a card
        ("who,amount,reason", ("a,10.50,order", "b,4,refund", "c,2.25,order")),
        ("who,amount,type", ("a,10.50,refund", "b,4,refund", "c,2.25,purchase")),  # not what the table is about
        ("who,Type,Net", ("a,SI,10.50", "b,SC,4", "c,XX,2.25")),  # another code means another system
        ("who,debit_balance,credit_limit", ("a,5,", "b,,2", "c,,3")),
        ("who,Debit,Credit", ("a,-5,", "b,6,", "c,,3")),
        ("who,hours_in,hours_out,n", ("a,5.5,3,1", "b,6,2,4", "c,4,3,3")),
    ],
)
def test_other_amounts_are_left_as_they_are(head: str, rows: tuple[str, ...], tmp_path: Path) -> None:
    assert "signed_amount" not in with_sides(profile_of(tmp_path, "bookings", head, rows)).columns


def test_a_table_of_refunds_has_its_own_sign(tmp_path: Path) -> None:
    rows = ("a,10.50,sale", "b,4,refund", "c,2.25,sale")
    assert "signed_amount" not in with_sides(profile_of(tmp_path, "refunds", "who,amount,type", rows)).columns


def test_a_journal_with_both_sides_of_each_booking_is_named(tmp_path: Path) -> None:
    """Its sum is nothing: neither side is a correction of the other."""
    rows = [row for i in range(20) for row in (f"{i},1200,D{i % 4},{i + 1.25},", f"{i},4400,D{i % 4},,{i + 1.25}")]
    found = with_sides(profile_of(tmp_path, "journal", "entry_no,gl_account,debtor,debit,credit", rows))
    assert "signed_amount" not in found.columns
    assert any("each booking is there twice" in note for note in found.notes)


def test_rows_with_both_sides_are_named(tmp_path: Path) -> None:
    """Their difference may be meant, or a mistake: nothing is made of them."""
    found = with_sides(profile_of(tmp_path, "bookings", "who,Debit,Credit", ("a,5,6", "b,4,", "c,,3")))
    assert "signed_amount" not in found.columns
    assert any("two sides of an account, and some rows have both" in note for note in found.notes)


@pytest.mark.parametrize(
    ("value", "acts"), [("amount", ["ACCRUAL", "REDEMPTION"]), ("miles", ["ACCRUAL", "REDEMPTION"]), ("", ["ACCRUAL", "REDEMPTION"])]
)
def test_points_that_lapse_are_not_activity(value: str, acts: list[str], tmp_path: Path) -> None:
    """Nobody comes back by losing points; spending them is coming back, whatever the sign of the amount."""
    kinds = ["ACCRUAL", "REDEMPTION", "ACCRUAL", "EXPIRY", "ACCRUAL"]
    rows = [f"m{i % 20},{day},{kinds[i % 5]}{f',{100 + i}' if value else ''}" for i, day in enumerate(days("2024-01-01", 200))]
    head = "member_no,activity_date,transaction_type" + (f",{value}" if value else "")
    (reading,) = read_tables([profile_of(tmp_path, "ledger", head, rows)], lambda _: 0)
    assert reading.key("activity") == acts
    assert (reading.roles.get("value") == "signed_amount") == (value == "amount")


def test_other_kinds_are_activity_as_they_are(tmp_path: Path) -> None:
    rows = [f"m{i % 20},{day},{['visit', 'call'][i % 2]},{100 + i}" for i, day in enumerate(days("2024-01-01", 200))]
    (reading,) = read_tables([profile_of(tmp_path, "log", "member_no,activity_date,type,amount", rows)], lambda _: 0)
    assert reading.key("activity") is None
