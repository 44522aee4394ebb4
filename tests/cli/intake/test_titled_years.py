"""Days without a year take the year of the lines above the header; two years, or none, are refused as before."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from tests.cli.door_cases import comma, lines
from tests.cli.export_cases import D

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles
from churnpredict.errors import ConfigError


def bookings(folder: Path, title: str, day: str) -> None:
    for year, part in D.groupby(D["at"].dt.year):
        rows = [f"{r.who};{r.at.strftime(day)};{comma(r.eur, '')}" for r in part.itertuples()]
        lines(folder, f"export_{year}.csv", [title.format(year=year, next=year + 1), "Konto;Belegdatum;Betrag", *rows])


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize(
    "title", ["EXTF;700;21;{year}0101;4;{year}1231", "Journal vom 01.01.{year} bis 31.12.{year}", "Wirtschaftsjahr {year}"]
)
@pytest.mark.parametrize("day", ["%d%m", "%d.%m.", "%m-%d"])
def test_the_title_gives_the_year(title: str, day: str, tmp_path: Path) -> None:
    bookings(tmp_path, title, day)
    profiles, refused = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path, refused=refused).text
    assert tomllib.loads(text)["tables"]["export"]["time"] == "date"
    stream = parse_config(text, tmp_path / "churn.toml").event_tables().streams["export"]
    np.testing.assert_array_equal(
        np.sort(stream.times), np.sort(D["at"].dt.floor("D").to_numpy().astype("datetime64[us]").astype(np.int64))
    )


@pytest.mark.parametrize("title", ["EXTF;700;21;{year}0401;4;{next}0331", "Buchungen aller Konten"])
def test_two_years_give_none(title: str, tmp_path: Path) -> None:
    bookings(tmp_path, title, "%d%m")
    profiles, refused = read_profiles(found_files(tmp_path))
    with pytest.raises(ConfigError, match="without a year"):
        draft_config(profiles, tmp_path, refused=refused)
