"""Tables of customers: since when, which columns describe them, and which were written after the fact."""

from __future__ import annotations

from pathlib import Path

from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.guess_customers import guess_customers
from churnpredict.cli.intake.readings import Activity

JOINED, LEFT = days("2022-01-01", 60, 5), days("2023-06-01", 60, 3)


def guessed(folder: Path, head: str, row, activity: Activity | None = None):  # type: ignore[no-untyped-def]
    profile = profile_of(folder, "customers", head, [row(i) for i in range(60)])
    times = [c for c in profile.of_kind("time") if not c.says("birth")]
    return guess_customers(profile, "customer_id", times, activity)


def test_since_attributes_and_owner(tmp_path: Path) -> None:
    found = guessed(
        tmp_path, "customer_id,signup_date,birth_date,region,owner,email",
        lambda i: f"c{i},{JOINED[i]},{1950 + i % 40}-03-05,{'nsew'[i % 4]},{['amy', 'bob'][i % 2]},p{i}@x.org",
    )  # fmt: skip
    assert found.roles == {"customer": "customer_id", "since": "signup_date", "owner": "owner"}
    assert found.lists["attributes"] == ["region"]
    assert found.unused["birth_date"] == "a date of birth"
    assert "email" in found.unused


def test_a_date_of_leaving_is_no_attribute_and_its_reason_neither(tmp_path: Path) -> None:
    found = guessed(
        tmp_path, "customer_id,signup_date,cancelled_at,cancel_reason,status",
        lambda i: f"c{i},{JOINED[i]},{LEFT[i] if i % 3 == 0 else ''},{['price', 'moved'][i % 2] if i % 3 == 0 else ''},"
        f"{'cancelled' if i % 3 == 0 else 'active'}",
    )  # fmt: skip
    assert (found.leaving, found.reason) == ("cancelled_at", "cancel_reason")
    assert found.lists["attributes"] == []
    assert set(found.unused) >= {"cancelled_at", "cancel_reason", "status"}


def test_a_state_with_the_day_of_its_last_change_dates_the_leaving(tmp_path: Path) -> None:
    found = guessed(
        tmp_path, "customer_id,signup_date,status,status_changed_at",
        lambda i: f"c{i},{JOINED[i]},{'cancelled' if i % 3 == 0 else 'active'},{LEFT[i]}",
    )  # fmt: skip
    assert found.leaving == "left_on"
    column = found.profile.columns["left_on"]
    assert column.known.tolist() == [i % 3 == 0 for i in range(60)]
    assert any("left_on" in note for note in found.profile.notes)


def test_totals_of_the_export_are_no_attributes(tmp_path: Path) -> None:
    counts = {f"c{i}": i + 1 for i in range(60)}
    activity = Activity(counts, dict.fromkeys(counts, 100), 100)
    found = guessed(tmp_path, "customer_id,signup_date,orders_count", lambda i: f"c{i},{JOINED[i]},{3 * i + 3}", activity)
    assert found.lists["attributes"] == []
    assert "orders_count" in found.unused


def test_what_a_business_customer_earns_is_not_its_value(tmp_path: Path) -> None:
    found = guessed(tmp_path, "customer_id,annual_revenue,arr", lambda i: f"c{i},{1000 * i + 17},{10 * i + 7}.5")
    assert found.roles.get("value") == "arr"
