"""The total of an order on each of its lines counts once; prices of lines that happen to be equal are left as they are."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.cli.door_cases import comma, lines
from tests.cli.export_cases import D

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles


def drafted(folder: Path) -> tuple[dict[str, object], float]:
    profiles, _ = read_profiles(found_files(folder))
    text = draft_config(profiles, folder).text
    stream = parse_config(text, folder / "churn.toml").event_tables().streams["orders"]
    return tomllib.loads(text)["tables"]["orders"], float(stream.columns["value"].sum())


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("more", [1, 2])
def test_a_total_counts_once(more: int, tmp_path: Path) -> None:
    rows = [
        f"B{i};{r.who};{r.at:%d.%m.%Y};{comma(r.eur)};Ware {k}" for i, r in enumerate(D.itertuples()) for k in range(1 + more * (i % 3))
    ]
    lines(tmp_path, "orders.csv", ["Bestellnr;Kundennr;Bestelldatum;Gesamtbetrag;Artikel", *rows])
    table, total = drafted(tmp_path)
    assert (table["order"], table["value"]) == ("Bestellnr", "share_of_total")
    assert total == pytest.approx(D["eur"].sum(), abs=0.005)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_value_that_repeats_beside_prices_that_do_not(tmp_path: Path) -> None:
    rows = [f"B{i},{r.who},{r.at:%Y-%m-%d},{r.eur},{10 + k + i % 5}.25" for i, r in enumerate(D.itertuples()) for k in range(2)]
    lines(tmp_path, "orders.csv", ["order_no,customer_id,ordered_at,paid_amount,line_price", *rows])
    table, total = drafted(tmp_path)
    assert table["value"] == "share_of_total"
    assert total == pytest.approx(D["eur"].sum(), abs=0.005)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_equal_prices_of_lines_are_kept(tmp_path: Path) -> None:
    """Two tickets of one order cost the same each."""
    rows = [f"T{i},{r.who},{r.at:%Y-%m-%d %H:%M},{20 + i % 7}.50,seat {k}" for i, r in enumerate(D.itertuples()) for k in range(2)]
    lines(tmp_path, "orders.csv", ["order_no,customer_id,ordered_at,ticket_price,product", *rows])
    table, total = drafted(tmp_path)
    assert (table["order"], table["value"]) == ("order_no", "ticket_price")
    assert total == pytest.approx(sum(2 * (20.5 + i % 7) for i in range(len(D))))
