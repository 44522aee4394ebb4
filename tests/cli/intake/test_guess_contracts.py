"""What contracts cost, in units that the file proves or that a note leaves open; usage is no money; times with and without a zone."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.cli.door_cases import lines
from tests.cli.export_cases import D, P, day, recurly_subscriptions

from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles
from churnpredict.errors import ConfigError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")


def drafted(folder: Path) -> tuple[str, dict[str, Any]]:
    profiles, refused = read_profiles(found_files(folder))
    text = draft_config(profiles, folder, refused=refused).text
    return text, tomllib.loads(text)["tables"]


@pytest.mark.parametrize(("prices", "doubt"), [(("29", "49"), True), (("29.00", "49.50"), False), (("29.00", "29.00"), False)])
def test_the_price_of_a_unit_is_what_a_contract_costs(prices: tuple[str, str], doubt: bool, tmp_path: Path) -> None:
    """Whole numbers may be cents or whole units: nothing is divided, and a note says so."""
    rows = [f"{r.who},{day(r.first)},{day(r.last, r.gone)},{prices[r.who % 3 == 0]},usd" for r in P.itertuples()]
    lines(tmp_path, "subscriptions.csv", ["customer_id,started_at,ended_at,unit_amount,currency", *rows])
    lines(tmp_path, "logins.csv", ["customer_id,login_at", *(f"{r.who},{r.at:%Y-%m-%d %H:%M}" for r in D.itertuples())])
    text, found = drafted(tmp_path)
    assert (found["subscriptions"]["value"], found["subscriptions"]["money"]) == ("unit_amount", True)
    assert ("where they are cents, divide by 100" in text) == doubt


def test_usage_is_not_money(tmp_path: Path) -> None:
    recurly_subscriptions(tmp_path)
    _, found = drafted(tmp_path)
    assert "money" not in found["usage"]
    assert found["subscriptions"]["money"]


def test_times_with_and_without_a_zone_are_named(tmp_path: Path) -> None:
    rows = [f"{r.who},{r.at:%Y-%m-%dT%H:%M:%S}{'Z' if i % 3 else ''},{r.eur}" for i, r in enumerate(D.itertuples())]
    lines(tmp_path, "orders.csv", ["customer_id,ordered_at,amount", *rows])
    naive = len(range(0, len(D), 3))
    with pytest.raises(ConfigError, match=f'"ordered_at" holds {len(D) - naive:,} times with a time zone and {naive:,} without'):
        drafted(tmp_path)


@pytest.mark.parametrize(
    ("name", "opened", "closed", "reopened"),
    [
        ("tickets", "opened_at", "closed_at", "reopened_at"),
        ("tickets", "created", "solved_at", "last_reopened"),
        ("cases", "CreatedDate", "ClosedDate", "ReopenedDate"),
        ("anfragen", "eroeffnet_am", "geschlossen_am", "wiedereroeffnet_am"),
        ("reclamations", "ouverture", "cloture", "reouverture"),
        ("zgloszenia", "otwarto", "zamknieto", "ponownie_otwarto"),
    ],
)
def test_reopened_tickets_are_declared(name: str, opened: str, closed: str, reopened: str, tmp_path: Path) -> None:
    rows = []
    for i, r in enumerate(D.itertuples()):
        at = r.at.floor("s")
        again = at + (at - at.floor("D")) / 2 if i % 6 == 0 else None
        end = (again or at) + 2 * (at - at.floor("D")) if i % 9 else None
        rows.append(f"{i},{r.who},{again or ''},{end or ''},{at}")
    lines(tmp_path, f"{name}.csv", [f"id,customer_id,{reopened},{closed},{opened}", *rows])
    lines(tmp_path, "orders.csv", ["customer_id,ordered_at,amount", *(f"{r.who},{r.at:%Y-%m-%d %H:%M},{r.eur}" for r in D.itertuples())])
    text, found = drafted(tmp_path)
    table = found[name]
    assert (table["kind"], table["start"], table["end"], table["reopened"]) == ("intervals", opened, closed, reopened)
    from churnpredict.cli.config import parse_config

    tables = parse_config(text, tmp_path / "churn.toml").event_tables()
    assert int((tables.stream(name).columns["reopened"] < 2**62).sum()) == sum(r.split(",")[2] != "" for r in rows)


def test_a_time_of_nearly_all_tickets_or_before_they_open_is_not_a_reopening(tmp_path: Path) -> None:
    rows = [
        f"{i},{r.who},{r.at:%Y-%m-%d},{r.at + 3 * (r.at - r.at.floor('D')):%Y-%m-%d},{r.at:%Y-%m-%d}" for i, r in enumerate(D.itertuples())
    ]
    rows = [",".join([*r.split(",")[:3], "" if i % 9 == 0 else r.split(",")[3], r.split(",")[4]]) for i, r in enumerate(rows)]
    lines(tmp_path, "tickets.csv", ["id,customer_id,opened_at,closed_at,reopened_at", *rows])
    lines(tmp_path, "orders.csv", ["customer_id,ordered_at,amount", *(f"{r.who},{r.at:%Y-%m-%d %H:%M},{r.eur}" for r in D.itertuples())])
    _, found = drafted(tmp_path)
    assert "reopened" not in found["tickets"]


@pytest.mark.parametrize("name", ["satisfaction_rating", "CSAT", "Zufriedenheit", "note_client", "ocena"])
def test_what_customers_say_of_a_ticket_is_not_known_while_it_is_open(name: str, tmp_path: Path) -> None:
    rows = []
    for i, r in enumerate(D.itertuples()):
        end = r.at + 3 * (r.at - r.at.floor("D")) if i % 9 else ""
        rows.append(f"{i},{r.who},{r.at:%Y-%m-%d %H:%M},{end},{('good', 'bad', 'none')[i % 3]},{('low', 'high')[i % 2]}")
    lines(tmp_path, "tickets.csv", [f"id,customer_id,opened_at,closed_at,{name},priority", *rows])
    lines(tmp_path, "orders.csv", ["customer_id,ordered_at,amount", *(f"{r.who},{r.at:%Y-%m-%d %H:%M},{r.eur}" for r in D.itertuples())])
    text, found = drafted(tmp_path)
    assert name not in str(found["tickets"])
    assert f"recorded at the end: unknown while it is open: {name}" in text
    assert "priority" in str(found["tickets"])
