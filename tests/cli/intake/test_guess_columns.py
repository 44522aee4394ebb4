"""The kind of a table: results of churnpredict, people, contracts, logs, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.cli.intake.profiles import DIMENSION, days, profile_of, versions

from churnpredict.cli.intake.guess_columns import guess_columns

START, END = days("2023-01-01", 40, 3), days("2023-06-01", 40, 3)


@pytest.mark.parametrize(
    ("name", "head", "row", "kind"),
    [
        ("customers", "customer_id,signup_date,city", lambda i: f"c{i},{START[i]},{'xy'[i % 2]}", "customers"),
        ("orders", "customer_id,order_date,amount", lambda i: f"c{i % 9},{START[i]},{i}.5", "events"),
        ("subscriptions", "customer_id,start_date,end_date", lambda i: f"c{i % 20},{START[i]},{END[i] if i % 2 else ''}", "intervals"),
        ("price_history", "customer_id,valid_from,price", lambda i: f"c{i % 9},{START[i]},{9.5 + i % 3}", "states"),
        ("cancellations", "customer_id,cancelled_on", lambda i: f"c{i},{END[i]}", "events"),
    ],
)
def test_kinds_of_tables(name: str, head: str, row, kind: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (found,) = guess_columns(profile_of(tmp_path, name, head, [row(i) for i in range(40)]), "customer_id")
    assert found.kind == kind
    assert found.roles["customer"] == "customer_id"


@pytest.mark.parametrize(
    ("head", "row", "why"),
    [
        ("customer_id,risk", lambda i: f"c{i},0.{i + 1}", "written by churnpredict"),
        ("customer_id,amount", lambda i: f"c{i % 5},{i}.5", "no time distinguishes them"),
        ("customer_id,order_date", lambda i: f"{f'c{i % 5}' if i else ''},{START[i]}", "1 rows have no"),
        ("customer_id,day", lambda i: f"c{i % 5},{i % 28 + 1:02d} Mar", "without a year"),
    ],
)
def test_what_cannot_be_read_says_why(head: str, row, why: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (found,) = guess_columns(profile_of(tmp_path, "t", head, [row(i) for i in range(30)]), "customer_id")
    assert found.kind == ""
    assert why in found.why


def test_rows_that_follow_each_other_without_a_hole_are_states(tmp_path: Path) -> None:
    rows = []
    for c in range(15):
        for k, plan in enumerate(["basic", "plus", "pro"]):
            end = f"2023-0{2 * k + 3}-01" if k < 2 else ""
            rows.append(f"c{c},2023-0{2 * k + 1}-01,{end},{plan}")
    profile = profile_of(tmp_path, "plans", "customer_id,valid_from,valid_to,status", rows)
    (found,) = guess_columns(profile, "customer_id")
    assert (found.kind, found.roles["time"]) == ("states", "valid_from")


@pytest.mark.parametrize(("name", "kind"), [("usage", "events"), ("salden", "states"), ("account_balances", "states")])
def test_columns_that_are_months_become_rows(name: str, kind: str, tmp_path: Path) -> None:
    """Totals are events; balances hold until the next month, and are no amounts."""
    head = "customer_id," + ",".join(f"2023-{m:02d}" for m in range(1, 13))
    profile = profile_of(tmp_path, name, head, [f"c{i}," + ",".join(str(i + m) for m in range(12)) for i in range(1, 30)])
    assert len(profile.months) == 12
    (found,) = guess_columns(profile, "customer_id")
    assert (found.kind, found.key("known_after"), "value" in found.roles) == (kind, "month", kind == "events")


@pytest.mark.parametrize(
    ("names", "n"),
    [
        ([f"{d:02d}.03.2024" for d in range(1, 32)], 31),
        ([f"2024-02-{d:02d}" for d in range(1, 30)], 29),
        ([f"{d.month}/{d.day}/{d.year % 100}" for d in pd.date_range("2023-12-20", "2024-02-10")], 53),
        ([f"Tag {d}.1.2024" for d in range(1, 32)], 31),
        ([str(d) for d in range(1, 32)], 31),
    ],
)
def test_columns_that_are_days_are_named(names: list[str], n: int, tmp_path: Path) -> None:
    rows = (",".join([f"M{i}", *("x" if (i + j) % 3 else "" for j in range(len(names)))]) for i in range(60))
    found = guess_columns(profile_of(tmp_path, "attendance", ",".join(["member_id", *names]), rows), "member_id")
    assert [(r.kind, r.why[: r.why.index(":")]) for r in found] == [("", f"{n} of its columns are days")]


@pytest.mark.parametrize(
    "names",
    [
        [f"2023-{m:02d}-01" for m in range(1, 13)] + [f"2024-{m:02d}-01" for m in range(1, 13)],
        [f"01.{m:02d}.2023" for m in range(1, 13)] + [f"01.{m:02d}.2024" for m in range(1, 9)],
        [f"q{i}" for i in range(1, 32)],
    ],
)
def test_first_days_of_months_and_questions_are_not_days(names: list[str], tmp_path: Path) -> None:
    rows = (",".join([f"M{i}", *(str((i + j) % 7) for j in range(len(names)))]) for i in range(60))
    found = guess_columns(profile_of(tmp_path, "sales", ",".join(["member_id", *names]), rows), "member_id")
    assert not any("are days" in r.why for r in found)


def test_versions_of_customers_are_states(tmp_path: Path) -> None:
    """Nobody leaves when the next version begins; what only says which one is the newest is not used."""
    profile = profile_of(tmp_path, "dim_customer", DIMENSION, versions())
    (found,) = guess_columns(profile, "customer_bk")
    assert (found.kind, found.roles["time"], found.lists["values"]) == ("states", "valid_from", ["tier", "city"])
    assert "newest" in found.unused["is_current"]


def test_renewed_contracts_are_not_versions(tmp_path: Path) -> None:
    rows = [row.rsplit(",", 1)[0] for row in versions()]
    profile = profile_of(tmp_path, "subscriptions", "subscription_id,customer_id,plan,seats,start_date,end_date", rows)
    (found,) = guess_columns(profile, "customer_id")
    assert found.kind == "intervals"


def test_transactions_in_codes_are_dated_by_what_they_do(tmp_path: Path) -> None:
    """A policy that is cancelled ends on the day of that transaction, not with its term; the term of a renewal ends nothing."""
    rows = []
    for i, day in enumerate(days("2024-01-01", 30)):
        term = f"{day},{day[:3]}5{day[4:]}"
        rows += [
            f"P{i},{k},{code},{on},{term},{premium}" for k, (code, on, premium) in enumerate((("NB", day, 300), ("MTA", "2024-03-01", 9)))
        ]
        rows += [f"P{i},2,CAN,2024-06-{1 + i % 20:02d},{term},-80"] if i % 2 else []
    profile = profile_of(
        tmp_path, "transactions", "policy_no,endorsement,transaction_code,effective_date,term_start,term_end,premium", rows
    )
    (found,) = guess_columns(profile, "policy_no")
    assert (found.kind, found.roles["time"], found.roles["kinds"]) == ("events", "effective_date", "transaction_code")
    assert found.outcome == ("transaction_code", "CAN")
