"""Prices over time by the tariff of each contract: each customer's price on each day, against a plain loop."""

from __future__ import annotations

import tomllib
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
