"""The table of guesses: one line per table, with what is not used and why, and the rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.cli.intake.profiles import profile_of, read

from churnpredict.cli.intake.choose_rule import Rule
from churnpredict.cli.intake.guess_report import guess_report
from churnpredict.cli.intake.readings import left_out

RULE = Rule([("rule", "inactivity", ""), ("horizon", "60d", "proposed from 400 silences")], "customers who are silent have left")


def report(readings, refused=None) -> str:  # type: ignore[no-untyped-def]
    return guess_report(readings, RULE, refused or {}, width=200)


def test_each_table_has_a_line_with_its_roles(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "orders", "who,day,amount,note", ["a,2024-01-01,1.5,x", "b,2024-01-02,2.5,y"])
    log = replace(read(profile, "events", customer="who", time="day", value="amount"), unused={"note": "no role found"})
    line = next(row for row in report([log]).splitlines() if row.startswith("orders.csv"))
    assert line.split()[1:5] == ["log", "who", "day", "amount"]
    assert "note: no role found" in line


def test_tables_that_are_left_out_or_cannot_be_read_say_why(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "weather", "day,celsius", ["2024-01-01,1.5"])
    text = report([left_out(profile, "no customer")], {"scan.pdf": "not a table"})
    assert "no customer" in text
    assert "scan.pdf" in text
    assert "not a table" in text


def test_contracts_of_support_are_tickets_and_totals_name_their_period(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "cases", "who,start,end", ["a,2024-01-01,2024-01-05", "b,2024-01-02,"])
    tickets = replace(read(profile, "intervals", customer="who", start="start", end="end"), keys=[("driver", "support", "")])
    text = report([tickets])
    assert "tickets" in text
    assert "start to end" in text
    panel = replace(read(profile, "events", customer="who", time="start"), keys=[("known_after", "month", "")])
    assert "(totals of a month)" in report([panel])


def test_the_rule_and_where_its_horizon_comes_from_stand_below(tmp_path: Path) -> None:
    text = report([])
    assert "Rule: customers who are silent have left." in text
    assert "Horizon proposed from 400 silences" in text
    other = Rule([("rule", "cancellation", "")], "a date says who left")
    assert "Horizon" not in guess_report([], other, {}, width=80)


def test_what_is_left_out_has_the_whole_width(tmp_path: Path) -> None:
    """Below the table: beside its columns a reason had eleven characters a line on a narrow terminal."""
    profile = profile_of(tmp_path, "weather", "day,celsius", ["2024-01-01,1.5"])
    why = "no column names the customer, and no other table leads to it"
    text = guess_report([left_out(profile, why)], RULE, {}, width=80)
    assert f"Not used: weather.csv: {why}".split() == text[text.index("Not used") : text.index("Rule:")].split()
    assert max(map(len, text.splitlines())) <= 80
    assert text[text.index("Not used") : text.index("Rule:")].count("\n") <= 3
