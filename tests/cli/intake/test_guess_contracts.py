"""Contracts and tickets: which two times are the beginning and the end, and what the others are."""

from __future__ import annotations

from pathlib import Path

from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.guess_contracts import find_pair, guess_contracts, is_of_people, is_short, joins

STARTS, ENDS = days("2023-01-01", 40, 3), days("2023-06-01", 40, 3)


def contracts(folder: Path, head: str = "who,start_date,end_date", extra: str = ""):  # type: ignore[no-untyped-def]
    rows = [f"c{i},{STARTS[i]},{ENDS[i] if i % 2 else ''}{extra}" for i in range(40)]
    return profile_of(folder, "subscriptions", head, rows)


def test_the_end_is_later_and_often_empty(tmp_path: Path) -> None:
    profile = contracts(tmp_path)
    pair = find_pair(profile, profile.of_kind("time"), once=True)
    assert pair is not None
    assert [c.name for c in pair] == ["start_date", "end_date"]


def test_two_times_out_of_order_are_no_pair(tmp_path: Path) -> None:
    rows = [f"c{i},{ENDS[i]},{STARTS[i]}" for i in range(40)]
    profile = profile_of(tmp_path, "subscriptions", "who,start_date,end_date", rows)
    assert find_pair(profile, profile.of_kind("time"), once=True) is None


def test_sessions_are_short_and_contracts_are_not(tmp_path: Path) -> None:
    rows = [f"c{i},{STARTS[i]} 10:00,{STARTS[i]} 10:20" for i in range(40)]
    calls = profile_of(tmp_path, "calls", "who,started,ended", rows).columns
    assert is_short(calls["started"], calls["ended"])
    assert not is_short(*contracts(tmp_path).of_kind("time"))


def test_people_join_and_contracts_start(tmp_path: Path) -> None:
    people = profile_of(tmp_path, "members", "who,signup_date,cancelled_on", [f"c{i},{STARTS[i]},{ENDS[i]}" for i in range(40)])
    assert joins(people.columns["signup_date"])
    assert is_of_people(people, *people.of_kind("time"))
    own = contracts(tmp_path)
    assert not joins(own.columns["start_date"])
    assert not is_of_people(own, *own.of_kind("time"))


def test_the_other_times_of_a_contract(tmp_path: Path) -> None:
    """A planned end is a role; what is overwritten, and what is filled only when a contract has ended, is not used."""
    rows = [f"c{i},{STARTS[i]},{ENDS[i] if i % 2 else ''},{days('2024-01-01', 40, 3)[i]},{ENDS[i] if i % 2 else ''}" for i in range(40)]
    profile = profile_of(tmp_path, "subscriptions", "who,start_date,end_date,renewal_date,archived_on", rows)
    times = profile.of_kind("time")
    found = guess_contracts(profile, "who", profile.columns["start_date"], profile.columns["end_date"], times)
    assert (found.kind, found.roles["start"], found.roles["end"], found.roles["planned_end"]) == (
        "intervals", "start_date", "end_date", "renewal_date"
    )  # fmt: skip
    assert found.unused["archived_on"] == "tells the outcome"


def test_tickets_are_not_contracts(tmp_path: Path) -> None:
    rows = [f"c{i % 9},{STARTS[i]} 09:00,{ENDS[i] if i % 2 else ''}" for i in range(40)]
    profile = profile_of(tmp_path, "tickets", "who,opened_at,closed_at", rows)
    found = guess_contracts(profile, "who", *profile.of_kind("time"), profile.of_kind("time"))
    assert (found.kind, found.key("driver")) == ("intervals", "support")
