"""Dates that two formats read, dates without a year, and ids that look like decimals: settled by what else the files say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.cli.door_cases import D, P, comma, lines

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import Draft, draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles
from churnpredict.errors import ConfigError

D2, P2 = D[D["who"] % 2 == 0], P[P["who"] % 2 == 0]


def drafted(folder: Path, ask: Any = None) -> Draft:
    profiles, refused = read_profiles(found_files(folder))
    return draft_config(profiles, folder, refused=refused, **({"ask": ask} if ask else {}))


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_the_other_dates_tell_day_from_month(tmp_path: Path) -> None:
    """Nobody is asked, and the totals of months are known at their end."""
    months = D2.assign(mese=D2["at"].dt.to_period("M")).groupby(["who", "mese"])["eur"].sum().reset_index()
    lines(
        tmp_path,
        "consumi.csv",
        ["cliente;mese;importo", *(f"{r.who};01/{r.mese:%m/%Y};{comma(r.eur)}" for r in months[months["mese"] >= "2025"].itertuples())],
    )
    rows = [f"{r.who};{r.first:%d/%m/%Y};{f'{r.last:%d/%m/%Y}' if r.gone else ''}" for r in P2.itertuples()]
    lines(tmp_path, "contratti.csv", ["cliente;data_attivazione;data_cessazione", *rows])
    early = D2[(D2["at"].dt.day <= 12) & (D2["at"].dt.year == 2024)].sample(frac=1, random_state=0)
    lines(tmp_path, "accessi.csv", ["cliente;data", *(f"{r.who};{r.at:%d/%m/%Y}" for r in early.itertuples())])
    asked: list[Any] = []
    tables = tomllib.loads(drafted(tmp_path, lambda question: asked.append(question) or 0).text)["tables"]
    assert tables["accessi"]["format"] == "%d/%m/%Y"
    assert not asked


@pytest.mark.parametrize("form", ["%d-%b", "%d.%m.", "%b %d", "%d%m"])
def test_days_without_a_year_are_named(tmp_path: Path, form: str) -> None:
    rows = [f"{r.who};{r.at:{form}};{comma(r.eur)}" for r in D2[D2["at"] > "2024-06"].itertuples()]
    lines(tmp_path, "ventas.csv", ["cliente;fecha;importe", *rows])
    with pytest.raises(ConfigError, match='"fecha" holds days without a year') as caught:
        drafted(tmp_path)
    assert caught.value.code == "nothing-found"


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_ids_of_two_numbers_stay_as_they_are_written(tmp_path: Path) -> None:
    """As web analytics write them: read as decimals, their last digits would be lost and customers would be merged."""
    ids = {r.who: f"{1_000_000_000 + r.who}.17000000{r.who % 7}0" for r in P2.itertuples()}
    rows = [f"{ids[r.who]},{r.at:%Y%m%d},{r.eur}" for r in D2.itertuples()]
    lines(tmp_path, "report.csv", ["Client ID,Date,Revenue", *rows])
    config = parse_config(drafted(tmp_path).text, tmp_path / "churn.toml")
    tables = config.event_tables()
    assert set(tables.ids.to_pylist()) == set(ids.values())
