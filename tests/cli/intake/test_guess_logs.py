"""Logs: the time of a row, totals of periods, kinds, orders of several lines, and states that are no events."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.guess_logs import guess_log, period_of

FIRSTS = [f"{y}-{m:02d}-01" for y in (2022, 2023) for m in range(1, 13)]
LASTS = ["2022-01-31", "2022-02-28", "2022-03-31", "2022-04-30", "2022-05-31"]


@pytest.mark.parametrize(
    ("dated", "period"),
    [
        (FIRSTS, "month"),
        (LASTS, "month"),
        (FIRSTS[::3], "quarter"),
        (["2020-01-01", "2021-01-01", "2022-01-01"], "year"),
        (days("2024-01-01", 12, 7), "week"),  # Mondays
        (days("2024-01-02", 12, 7), ""),
        (days("2024-01-01", 24, 11), ""),
        (FIRSTS[:2], ""),  # two days prove nothing
    ],
)
def test_totals_of_a_period_are_dated_its_first_or_last_day(dated: list[str], period: str, tmp_path: Path) -> None:
    found = profile_of(tmp_path, "t", "who,day", [f"c{c},{d}" for c in range(5) for d in dated]).columns
    assert period_of(found["day"], found["who"]) == period


def test_two_rows_of_a_customer_on_one_day_are_no_totals(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "t", "who,day", [f"c{c % 3},{d}" for c in range(6) for d in FIRSTS[:4]]).columns
    assert period_of(found["day"], found["who"]) == ""


def test_roles_of_a_log(tmp_path: Path) -> None:
    times = days("2024-01-03", 60)
    rows = [f"c{i % 9},{times[i]} 10:{i % 60:02d},{i + 0.25},{['web', 'shop'][i % 2]},{['pen', 'ink', 'pad'][i % 3]}" for i in range(60)]
    profile = profile_of(tmp_path, "orders", "customer_id,ordered_at,amount,channel,product", rows)
    (found,) = guess_log(profile, "customer_id", profile.of_kind("time"), None)
    assert found.kind == "events"
    assert {"time": "ordered_at", "value": "amount", "item": "product"}.items() <= found.roles.items()


def test_a_day_that_is_due_is_not_when_it_happened(tmp_path: Path) -> None:
    billed, due = days("2024-01-03", 40), days("2024-01-17", 40)
    rows = [f"c{i % 9},{due[i]},{billed[i]},{i}.5" for i in range(40)]
    profile = profile_of(tmp_path, "invoices", "customer_id,due_date,invoice_date,amount", rows)
    (found,) = guess_log(profile, "customer_id", profile.of_kind("time"), None)
    assert found.roles["time"] == "invoice_date"
    assert found.unused["due_date"] == "another time of the same row"


def test_when_a_row_was_recorded_is_when_it_was_known(tmp_path: Path) -> None:
    happened, recorded = days("2024-01-03", 40), days("2024-01-05", 40)
    rows = [f"c{i % 9},{happened[i]},{recorded[i]},{i}.5" for i in range(40)]
    profile = profile_of(tmp_path, "orders", "customer_id,order_date,recorded_at,amount", rows)
    (found,) = guess_log(profile, "customer_id", profile.of_kind("time"), None)
    assert (found.roles["time"], found.roles["known_at"]) == ("order_date", "recorded_at")


def test_lines_of_an_order_share_its_number(tmp_path: Path) -> None:
    times = days("2024-01-03", 40)
    rows = [f"c{i % 9},{times[i]},o{i},{k}.5" for i in range(40) for k in range(1, 3)]
    profile = profile_of(tmp_path, "lines", "customer_id,order_date,order_id,amount", rows)
    (found,) = guess_log(profile, "customer_id", profile.of_kind("time"), None)
    assert "order_id" in found.roles.values()


def test_prices_from_a_day_on_are_states(tmp_path: Path) -> None:
    rows = [f"c{i % 9},{d},{9.5 + i % 3}" for i, d in enumerate(days("2024-01-03", 45))]
    profile = profile_of(tmp_path, "price_history", "customer_id,valid_from,price", rows)
    (found,) = guess_log(profile, "customer_id", profile.of_kind("time"), None)
    assert (found.kind, found.lists["values"], found.key("driver")) == ("states", ["price"], "price")


def test_another_number_of_the_customer_is_no_amount(tmp_path: Path) -> None:
    """The number of a contract or a device is the same on all rows of a customer: its sum means nothing."""
    rows = [f"{7000 + i % 30},{9_100_000 + 13 * (i % 30)},{day}" for i, day in enumerate(days("2024-01-01", 300))]
    profile = profile_of(tmp_path, "readings", "customer_no,supply_point,read_on", rows)
    (found,) = guess_log(profile, "customer_no", profile.of_kind("time"), None)
    assert "value" not in found.roles
