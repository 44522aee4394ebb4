"""Prices over time by the tariff of each contract: each customer's price on each day, against a plain loop."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.door_cases import D, P, comma, lines

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles

P2 = P[P["who"] % 2 == 0]
TARIFFS = ("Basis", "Fix", "Öko")
DAYS = [pd.Timestamp(day) for day in ("2023-01-01", "2024-02-01", "2025-01-01")]


def price(tariff: int, day: int) -> float:
    return 28.5 + 3 * day + tariff


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("german", [True, False])
def test_prices_that_applied_on_each_day(german: bool, tmp_path: Path) -> None:
    if german:
        head, form = "Vertragsnummer;Kundennummer;Tarif;Vertragsbeginn;Vertragsende", "%d.%m.%Y"
        listed, sign, names = ["Tarif;gültig ab;Arbeitspreis"], ";", TARIFFS
        lines(tmp_path, "zaehler.csv", ["Kundennummer;Ablesedatum", *(f"{r.who};{r.at:%d.%m.%Y}" for r in D[D.who % 2 == 0].itertuples())])
    else:
        head, form = "id,customer_id,plan_id,started_on,ended_on", "%Y-%m-%d"
        listed, sign, names = ["id,valid_from,price_per_seat"], ",", ("p1", "p2", "p3")
        lines(tmp_path, "usage.csv", ["customer_id,used_at", *(f"{r.who},{r.at}" for r in D[D.who % 2 == 0].itertuples())])
    rows = [
        sign.join([f"V{r.who}", str(r.who), names[i % 3], f"{r.first:{form}}", f"{r.last:{form}}" if r.gone else ""])
        for i, r in enumerate(P2.itertuples())
    ]
    lines(tmp_path, "vertraege.csv" if german else "subscriptions.csv", [head, *rows])
    listed += [
        sign.join([name, f"{day:{form}}", comma(price(t, d)) if german else f"{price(t, d):.2f}"])
        for t, name in enumerate(names)
        for d, day in enumerate(DAYS)
    ]
    lines(tmp_path, "preise.csv" if german else "plans.csv", listed)
    profiles, refused = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path, refused=refused).text
    name = "preise_by_customer" if german else "plans_by_customer"
    assert tomllib.loads(text)["tables"][name]["kind"] == "states"
    tables = parse_config(text, tmp_path / "churn.toml").event_tables()
    stream = tables.streams[name]
    value = next(c for c in stream.columns if "preis" in c.lower() or "price" in c.lower())
    ids = [str(v) for v in tables.ids.to_pylist()]
    got = {
        (ids[c], int(t)): v
        for c, lo, hi in zip(range(len(ids)), stream.offsets[:-1], stream.offsets[1:], strict=True)
        for t, v in zip(stream.times[lo:hi], stream.columns[value][lo:hi], strict=True)
    }
    want = {}
    for i, r in enumerate(P2.itertuples()):
        start, end = r.first.normalize(), r.last.normalize() if r.gone else pd.Timestamp.max
        for d, day in enumerate(DAYS):
            until = DAYS[d + 1] if d < 2 else pd.Timestamp.max
            if until > start and day < end:
                want[str(r.who), int(max(day, start).value // 1000)] = price(i % 3, d)
    assert got.keys() == want.keys()
    assert np.allclose([got[k] for k in want], list(want.values()), rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_database_without_the_functions_of_a_query_is_read_without_it(tmp_path: Path) -> None:
    """SQLite parses no formats of times: the tariffs are left out with a word, and the other tables are used."""
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        contracts = P2.assign(tariff_code=[f"T{i % 3}" for i in range(len(P2))], started_on=P2["first"].dt.strftime("%Y-%m-%d"))
        contracts["ended_on"] = P2["last"].dt.strftime("%Y-%m-%d").where(P2["gone"])
        contracts.rename(columns={"who": "customer_id"}).drop(columns=["first", "last", "gone"]).to_sql("contracts", database, index=False)
        listed = [(f"T{t}", f"{day:%Y-%m-%d}", price(t, d)) for t in range(3) for d, day in enumerate(DAYS)]
        pd.DataFrame(listed, columns=["tariff_code", "valid_from", "monthly_fee"]).to_sql("tariffs", database, index=False)
        seen = D[D["who"] % 2 == 0].assign(seen_at=lambda f: f["at"].astype(str)).rename(columns={"who": "customer_id"})
        seen[["customer_id", "seen_at"]].to_sql("visits", database, index=False)
        database.commit()
    profiles, refused = read_profiles(found_files(tmp_path))
    draft = draft_config(profiles, tmp_path, refused=refused)
    assert {"contracts", "visits"} <= set(tomllib.loads(draft.text)["tables"])
    assert any(r.name == "tariffs" and not r.kind and "a list of prices" in r.why for r in draft.readings)


def test_a_price_with_its_discount_is_a_state(tmp_path: Path) -> None:
    customers = [f"K{w:03d}" for w in range(60)]
    paid = [(who, day) for i, who in enumerate(customers) for day in pd.date_range("2023-01-01", periods=40, freq="9D")[i % 5 :: 3]]
    payments = pd.DataFrame(paid, columns=["customer", "paid_at"]).assign(amount=[10.0 + i % 7 for i in range(len(paid))])
    payments.to_csv(tmp_path / "payments.csv", index=False)
    first = pd.DataFrame({"customer": customers, "at": "2023-01-01", "price": 20.0, "discount": [0.1, 0.0] * 30})
    later = first.assign(at="2023-08-01", price=[22.0 + w % 3 for w in range(60)])
    pd.concat([first, later]).to_csv(tmp_path / "prices.csv", index=False)
    tables = tomllib.loads(draft_config(read_profiles(found_files(tmp_path))[0], tmp_path).text)["tables"]
    assert tables["prices"]["kind"] == "states"
    assert set(tables["prices"]["values"]) == {"price", "discount"}
    assert tables["payments"]["kind"] == "events"
