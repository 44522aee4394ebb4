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
