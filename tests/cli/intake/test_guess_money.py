"""Money that customers pay is marked once, and what the amounts of contracts are paid for is read from the name of their column."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.intake.profiles import days, profile_of

from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.draft_tables import read_tables

STARTS, ENDS = days("2022-01-01", 60, 3), days("2022-09-01", 60, 3)


def contracts(folder: Path, column: str):  # type: ignore[no-untyped-def]
    rows = [f"c{i},{STARTS[i]},{ENDS[i] if i % 3 else ''},{10 + i % 7}.5" for i in range(60)]
    return profile_of(folder, "subscriptions", f"customer_id,start_date,end_date,{column}", rows)


@pytest.mark.parametrize(
    ("column", "per"),
    [
        ("monthly_price", "month"),
        ("mrr_amount", "month"),
        ("annual_amount", "year"),
        ("Jahresbetrag", "year"),
        ("price", None),
        ("monthly", "month"),
    ],
)
def test_what_is_paid_for_is_in_the_name(tmp_path: Path, column: str, per: str | None) -> None:
    (found,) = read_tables([contracts(tmp_path, column)], lambda question: 0)
    assert (found.kind, found.roles["value"], found.key("money"), found.key("per")) == ("intervals", column, True, per)


def test_where_nothing_says_it_the_draft_asks(tmp_path: Path) -> None:
    plain, told = (draft_config([contracts(tmp_path, name)], tmp_path).text for name in ("price", "monthly_price"))
    assert '# per = "month"' in plain
    assert "# value = 500" in plain, "nothing says yet what customers are worth"
    assert 'per = "month"' in told
    assert "# per" not in told
    assert "# value = 500" not in told


@pytest.mark.parametrize("column", ["month", "year", "monthly"])
def test_a_whole_number_of_a_month_is_no_price(tmp_path: Path, column: str) -> None:
    rows = [f"c{i},{STARTS[i]},{ENDS[i] if i % 3 else ''},{1 + i % 12}" for i in range(60)]
    profile = profile_of(tmp_path, "subscriptions", f"customer_id,start_date,end_date,{column}", rows)
    (found,) = read_tables([profile], lambda question: 0)
    assert "value" not in found.roles
    assert found.key("money") is None
