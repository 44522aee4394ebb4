"""Find the customer of each table: by its own column, through joins, and never by ids that only look alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import DIMENSION, days, profile_of, versions

from churnpredict.cli.intake.table_keys import Step, Way, customer_ways, placeholders, unlike_customer


def test_the_customer_is_the_column_that_tables_share(tmp_path: Path) -> None:
    people = profile_of(tmp_path, "customers", "customer_id,city", [f"c{i},x{i % 3}" for i in range(30)])
    orders = profile_of(tmp_path, "orders", "order_id,customer_id,day", [f"o{i},c{i % 30},2024-01-{i % 28 + 1:02d}" for i in range(90)])
    assert customer_ways([people, orders]) == {"customers": Way("customer_id"), "orders": Way("customer_id")}


def test_rows_without_a_customer_are_joined_to_one(tmp_path: Path) -> None:
    orders = profile_of(tmp_path, "orders", "order_id,customer_id,day", [f"o{i},c{i % 30},2024-01-{i % 28 + 1:02d}" for i in range(90)])
    lines = profile_of(tmp_path, "lines", "order_id,sku,price", [f"o{i % 90},s{i % 7},{i}.5" for i in range(200)])
    assert customer_ways([orders, lines])["lines"] == Way("customer_id", (Step("order_id", "orders", "order_id"),))


def test_two_columns_that_are_a_key_together(tmp_path: Path) -> None:
    """Receipts are numbered anew in each store."""
    sold = [(store, n) for store in "AB" for n in range(1, 31)]
    bills = [f"{s},{n},c{k % 20},2024-01-{n % 28 + 1:02d}" for k, (s, n) in enumerate(sold)]
    receipts = profile_of(tmp_path, "receipts", "store,receipt_no,customer_id,day", bills)
    lines = profile_of(tmp_path, "lines", "store,receipt_no,price", [f"{s},{n},{n}.5" for s, n in sold for _ in range(2)])
    assert customer_ways([receipts, lines])["lines"] == Way("customer_id", (Step("receipt_no", "receipts", "receipt_no", "store"),))


def test_users_belong_to_their_accounts(tmp_path: Path) -> None:
    accounts = profile_of(tmp_path, "accounts", "account_id,plan", [f"a{i},{'xy'[i % 2]}" for i in range(30)])
    users = profile_of(tmp_path, "users", "user_id,account_id", [f"u{i},a{i % 30}" for i in range(120)])
    logins = profile_of(tmp_path, "logins", "user_id,day", [f"u{i % 120},2024-01-{i % 28 + 1:02d}" for i in range(400)])
    ways = customer_ways([accounts, users, logins])
    assert ways["logins"] == Way("account_id", (Step("user_id", "users", "user_id"),))
    assert ways["accounts"].column == ways["users"].column == "account_id"


def test_no_column_no_way(tmp_path: Path) -> None:
    assert customer_ways([profile_of(tmp_path, "weather", "day,celsius", [f"2024-01-{d:02d},{d}.5" for d in range(1, 20)])]) == {}
    amounts = profile_of(tmp_path, "t", "customer_value,owner,who", ["1.5,amy,a", "2.5,bob,", "3.5,cem,"]).columns
    assert unlike_customer(amounts["customer_value"]), "decimals without gaps are no ids"
    assert unlike_customer(amounts["owner"])
    assert unlike_customer(amounts["who"]), "mostly empty"


def test_ids_that_stand_for_nobody_are_found_by_their_rows(tmp_path: Path) -> None:
    rows = [f"c{i % 40}" for i in range(200)] + ["guest"] * 300 + ["VIP"] * 300
    column = profile_of(tmp_path, "orders", "customer", rows).columns["customer"]
    assert placeholders(column) == {"guest": 300}, "a customer who buys much is one"


@pytest.mark.parametrize(("number", "who"), [("Id", "Email"), ("id", "phone"), ("ref", "E-Mail"), ("key", "customer")])
@pytest.mark.parametrize("later", [True, False])
def test_the_number_of_an_order_with_several_lines_is_not_the_customer(number: str, who: str, later: bool, tmp_path: Path) -> None:
    """All lines of an order are of one moment; its customer comes again. A time that only the first line has decides nothing."""
    head = [number, who, "Created at", "Lineitem price", "Paid at"]
    rows = []
    for order in range(400):
        at = f"2024-{1 + order // 40:02d}-{1 + order % 27:02d} 10:{order % 60:02d}:00"
        for line in range(2 + order % 2):
            rows.append([f"{900000 + order}", f"b{order % 57}@x.example", at, f"{5 + line}.50", at if line == 0 and later else ""])
    profile = profile_of(tmp_path, "orders", ",".join(head), (",".join(r) for r in rows))
    assert customer_ways([profile])["orders"].column == who


def test_the_customer_is_behind_the_versions_of_a_warehouse(tmp_path: Path) -> None:
    """Each version has a number of its own, which the facts name: it is not a customer who leaves when the next version begins."""
    facts = [f"{3 * (i % 30) + i % 3},{day},{i}.5" for i, day in enumerate(days("2024-05-01", 200))]
    tables = [
        profile_of(tmp_path, "dim_customer", DIMENSION, versions()),
        profile_of(tmp_path, "fact_orders", "customer_sk,order_date,net_amount", facts),
    ]
    ways = customer_ways(tables)
    assert ways["dim_customer"].column == "customer_bk"
    assert (ways["fact_orders"].column, [s.here for s in ways["fact_orders"].steps]) == ("customer_bk", ["customer_sk"])


def test_people_of_a_company_are_not_its_versions(tmp_path: Path) -> None:
    """Their terms do not follow each other."""
    rows = [f"{i},F{i % 12},{day},{'' if i % 2 else '2025-06-01'}" for i, day in enumerate(days("2024-01-01", 60, 3))]
    tables = [
        profile_of(tmp_path, "users", "user_id,company_code,joined,left_on", rows),
        profile_of(tmp_path, "visits", "user_id,visited_at", [f"{i % 60},{day}" for i, day in enumerate(days("2024-07-01", 300))]),
    ]
    assert customer_ways(tables)["visits"].column == "user_id"
