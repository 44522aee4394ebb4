"""All tables together: one table of people, money counted once, activity, and where tables end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.cli.intake.profiles import days, profile_of, read

from churnpredict.cli.intake.draft_tables import Question, observed_times, read_tables

START = days("2022-01-01", 200, 3)


def first(question: Question) -> int:
    return 0


def shop(folder: Path):  # type: ignore[no-untyped-def]
    people = profile_of(folder, "customers", "customer_id,signup_date,city", [f"c{i},{START[i]},{'xyz'[i % 3]}" for i in range(40)])
    orders = profile_of(folder, "orders", "customer_id,order_date,total", [f"c{i % 40},{START[i]},{i}.5" for i in range(200)])
    paid = profile_of(folder, "payments", "customer_id,paid_at,amount", [f"c{i % 40},{START[i]},{i}.5" for i in range(200)])
    return people, orders, paid


def test_each_table_is_read_and_money_is_counted_once(tmp_path: Path) -> None:
    found = {r.name: r for r in read_tables(shop(tmp_path), first)}
    assert {name: r.kind for name, r in found.items()} == {"customers": "customers", "orders": "events", "payments": "events"}
    assert [name for name, r in found.items() if r.key("money")] == ["payments"], "payments rather than orders"


def test_a_table_without_customers_is_left_out_and_says_why(tmp_path: Path) -> None:
    weather = profile_of(tmp_path, "weather", "day,celsius", [f"{d},{i}.5" for i, d in enumerate(START)])
    found = {r.name: r for r in read_tables([*shop(tmp_path), weather], first)}
    assert found["weather"].kind == ""
    assert found["weather"].why


def test_lines_get_the_customer_and_the_day_of_their_order(tmp_path: Path) -> None:
    orders = profile_of(tmp_path, "orders", "order_id,customer_id,order_date", [f"o{i},c{i % 40},{START[i]}" for i in range(200)])
    lines = profile_of(tmp_path, "lines", "order_id,sku,price", [f"o{i % 200},s{i % 7},{i}.5" for i in range(400)])
    found = {r.name: r for r in read_tables([orders, lines], first)}
    assert (found["lines"].roles["customer"], found["lines"].roles["time"]) == ("customer_id", "order_date")


def test_which_of_two_dates_is_meant_is_asked(tmp_path: Path) -> None:
    rows = [f"c{i % 20},{i * 7 % 12 + 1:02d}/{i * i % 11 + 1:02d}/2023,{i}.5" for i in range(120)]
    asked: list[Question] = []

    def second(question: Question) -> int:
        asked.append(question)
        return 1

    profile = profile_of(tmp_path, "orders", "customer_id,order_date,total", rows)
    one, other = read_tables([profile], first)[0], read_tables([profile], second)[0]
    assert len(asked) == 1
    assert len(asked[0].choices) == 2
    assert one.key("format") != other.key("format")


def test_times_of_logs_and_of_both_ends_of_contracts(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "contracts", "who,start,end", ["a,2024-01-01,2024-02-01", "b,2024-01-02,"])
    found = observed_times(read(profile, "intervals", customer="who", start="start", end="end"))
    assert np.sort(found).astype("datetime64[us]").astype("datetime64[D]").astype(str).tolist() == [
        "2024-01-01",
        "2024-01-02",
        "2024-02-01",
    ]
    assert len(observed_times(read(profile, "events", customer="who", time="end"))) == 1
