"""Tables of leaving: made of a date or a state, with those who come back, and forgotten where customers go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from tests.cli.intake.profiles import days, profile_of, read

from churnpredict.cli.intake.readings import Activity
from churnpredict.cli.intake.tables_of_leaving import leavers, more_states, with_payment_driver, without_contradicted

DAY = 86_400_000_000


def test_a_date_of_leaving_becomes_a_table_with_its_reason(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "people", "who,left_on,why", ["a,2024-01-05,price", "b,,", "c,2024-02-07,moved"])
    people = replace(read(profile, "customers", customer="who"), leaving="left_on", reason="why")
    (made,) = leavers([people])
    assert (made.name, made.kind, made.leaving) == ("people_left", "events", "left_on")
    assert made.roles == {"customer": "who", "time": "left_on", "kinds": "why"}
    assert made.key("optional_time") is True, "customers without the date have not left"
    assert leavers([replace(people, leaving="")]) == []


def states(folder: Path, back: bool):  # type: ignore[no-untyped-def]
    times = days("2024-01-01", 4, 30)
    said = ["active", "cancelled", "active" if back else "cancelled", "active" if back else "cancelled"]
    profile = profile_of(folder, "states", "who,day,status", [f"c{c},{d},{s}" for c in range(12) for d, s in zip(times, said, strict=True)])
    return replace(read(profile, "states", customer="who", time="day"), outcome=("status", "cancelled"))


def test_customers_who_come_back_have_a_table_of_their_own(tmp_path: Path) -> None:
    assert [r.name for r in leavers([states(tmp_path, back=True)])] == ["states_left", "states_back"]
    assert [r.name for r in leavers([states(tmp_path, back=False)])] == ["states_left"]


def test_an_outcome_after_which_customers_go_on_is_forgotten(tmp_path: Path) -> None:
    reading = states(tmp_path, back=False)
    gone = int(np.datetime64("2024-01-31", "us").astype(np.int64))
    on = Activity({f"c{c}": 9 for c in range(12)}, {f"c{c}": gone + 200 * DAY for c in range(12)}, gone + 200 * DAY)
    (found,) = without_contradicted([reading], on)
    assert found.outcome == ()
    assert '"cancelled" go on' in found.notes[0]
    over = replace(on, last={f"c{c}": gone for c in range(12)})
    assert without_contradicted([reading], over)[0].outcome == ("status", "cancelled")
    assert without_contradicted([reading], None) == [reading]


def test_other_numbers_of_a_panel_are_states_of_each_period(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "panel", "who,month,spend,logins,monthly_price", [f"a,2024-0{m}-01,{m},{m},{m}.5" for m in range(1, 7)])
    panel = replace(read(profile, "events", customer="who", time="month", value="spend"), keys=[("known_after", "month", "")])
    panel = replace(panel, unused={"logins": "no role found", "monthly_price": "no role found"})
    made = {r.name: (r.lists["values"], r.key("driver"), r.key("known_after")) for r in more_states([panel])}
    assert made == {"panel_more": (["logins"], "value", "month"), "panel_prices": (["monthly_price"], "price", "month")}
    assert panel.unused == {}, "what became a table is not told as unused"


def test_payments_that_fail_are_payments_where_something_else_says_who_left(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "payments", "who,day,result", ["a,2024-01-01,paid", "b,2024-01-02,failed"])
    pays = read(profile, "events", customer="who", time="day", kinds="result")
    left = replace(pays, name="people_left", roles={}, leaving="left_on")
    assert with_payment_driver([pays, left])[0].key("driver") == "payment"
    assert with_payment_driver([pays])[0].key("driver") is None, "then silence in them says who left"
