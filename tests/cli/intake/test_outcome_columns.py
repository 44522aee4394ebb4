"""Columns that leak who left: found where they do, and left alone where they only sound like it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.outcome_columns import (
    ending_codes,
    flags_leaving,
    follows_activity,
    is_counter,
    leaving_values,
    said_gone,
    tells_whether,
)


def test_how_well_a_column_tells_is_goodman_and_kruskals_lambda(tmp_path: Path) -> None:
    rows = [f"c{i},{'x' if i < 4 else 'y'},{'same'},{'r' if i < 3 else ''}" for i in range(10)]
    found = profile_of(tmp_path, "t", "who,plan,all,reason", rows).columns
    ended = np.arange(10) < 4
    assert tells_whether(found["plan"], ended) == 1.0
    assert tells_whether(found["all"], ended) == 0.0
    assert tells_whether(found["reason"], ended) == 0.75  # filled for three of the four: one error in place of four
    assert tells_whether(found["plan"], np.zeros(10, bool)) == 0.0, "nobody has ended"


def test_one_number_that_stands_out_tells(tmp_path: Path) -> None:
    balances = [0.0] * 60 + [float(100 + i) for i in range(60)]
    found = profile_of(tmp_path, "t", "who,balance", [f"c{i},{b}" for i, b in enumerate(balances)]).columns["balance"]
    assert tells_whether(found, np.array(balances) == 0) == 1.0


def panel(folder: Path, flag: str, last_only: bool = True):  # type: ignore[no-untyped-def]
    """Six months of forty customers; a quarter of them has the flag, on the last row or on a row in the middle."""
    months = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01", "2024-06-01"]
    rows = [f"c{c},{m},{int(c % 4 == 0 and k == (5 if last_only else 2))}" for c in range(40) for k, m in enumerate(months)]
    return profile_of(folder, "panel", f"who,month,{flag}", rows).columns


def test_a_flag_on_last_rows_says_who_left(tmp_path: Path) -> None:
    found = panel(tmp_path, "churned")
    assert flags_leaving(found["churned"], found["who"], found["month"]) == "1"


def test_a_flag_in_the_middle_or_of_those_who_stay_does_not(tmp_path: Path) -> None:
    found = panel(tmp_path, "churned", last_only=False)
    assert flags_leaving(found["churned"], found["who"], found["month"]) is None
    found = panel(tmp_path, "is_active")
    assert flags_leaving(found["is_active"], found["who"], found["month"]) is None


def test_words_for_having_left() -> None:
    assert all(map(said_gone, ("cancelled", "Former customer", "gekündigt", "ehemalig", "expired")))
    assert not any(map(said_gone, ("active", "open", "renewed", "paid")))


def test_a_cancelled_order_is_no_leaver_because_its_customer_goes_on(tmp_path: Path) -> None:
    times = days("2024-01-01", 6, 20)
    stays = [f"c{c},{d},{'cancelled' if k == 2 and c % 3 == 0 else 'paid'}" for c in range(30) for k, d in enumerate(times)]
    found = profile_of(tmp_path, "orders", "who,day,status", stays).columns
    assert leaving_values(found["status"], found["who"], found["day"]) == ()
    leaves = [f"c{c},{d},{'cancelled' if k == 5 and c % 3 == 0 else 'paid'}" for c in range(30) for k, d in enumerate(times)]
    found = profile_of(tmp_path, "states", "who,day,status", leaves).columns
    assert leaving_values(found["status"], found["who"], found["day"]) == ("cancelled",)


def test_totals_up_to_the_export_follow_from_the_log(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = rng.integers(1, 40, 80)
    rows = [f"c{i},{n[i] * 3},{rng.integers(18, 80)}" for i in range(80)]
    found = profile_of(tmp_path, "people", "who,orders_total,age", rows).columns
    counts, last = {f"c{i}": int(n[i]) for i in range(80)}, {f"c{i}": int(rng.integers(0, 100)) for i in range(80)}
    assert "a total up to the export" in follows_activity(found["orders_total"], found["who"], counts, last, 100)
    assert follows_activity(found["age"], found["who"], counts, last, 100) == ""


def test_a_state_of_the_export_tells_who_fell_silent(tmp_path: Path) -> None:
    last = {f"c{i}": 100 if i % 2 else 10 for i in range(80)}
    rows = [f"c{i},{'live' if i % 2 else 'quiet'},{'ab'[i // 2 % 2]}" for i in range(80)]
    found = profile_of(tmp_path, "people", "who,mood,plan", rows).columns
    counts = dict.fromkeys(last, 5)
    assert follows_activity(found["mood"], found["who"], counts, last, 100) == "tells the outcome"
    assert follows_activity(found["plan"], found["who"], counts, last, 100) == ""


def test_a_meter_is_a_counter_and_an_amount_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = [f"c{i % 12},{day},{1000 * (i % 12) + 7 * i},{rng.integers(1, 90)},9.5" for i, day in enumerate(days("2024-01-01", 120))]
    found = profile_of(tmp_path, "readings", "meter_id,reading_date,reading,amount,fee", rows).columns
    who, time = found["meter_id"], found["reading_date"]
    assert [is_counter(found[name], who, time) for name in ("reading", "amount", "fee")] == [True, False, False]


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        (["NB", "RN", "MTA", "CAN"], ("CAN",)),
        (["new", "ren", "xln"], ("xln",)),
        (["NB", "RN", "MTA"], ()),
        (["USA", "CAN", "MEX"], ()),  # countries
        (["NEW", "CAN"], ()),  # too few to tell
        (["NB", "RN", "CAN", "OTHER"], ()),
    ],
)
def test_codes_that_end_a_policy(values: list[str], ends: tuple[str, ...], tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "transactions", "policy_no,transaction_code", [f"{i},{v}" for i, v in enumerate(values)])
    assert ending_codes(profile.columns["transaction_code"]) == ends
