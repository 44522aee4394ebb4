"""Seats that accounts pay for, beside a log with the people inside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.table_profiles import profile_table
from churnpredict.simulation.accounts import make_accounts


def drafted(folder: Path, frames: dict[str, pd.DataFrame]) -> str:
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return draft_config([profile_table(folder / f"{name}.csv") for name in frames], folder).text


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    business = make_accounts(150, random_state=2, months=18)
    contracts = business.frames["contracts"].rename(columns={"account": "account_id"})
    usage = business.frames["usage"].rename(columns={"account": "account_id", "person": "user_id"})
    return {"contracts": contracts, "usage": usage}


def test_seats_of_contracts_are_found(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    text = drafted(tmp_path, frames)
    assert 'user = "user_id"' in text
    assert 'seats = "contracts.seats"' in text
    assert "paid seats of the account" in text


def test_without_people_or_without_whole_numbers_there_are_no_seats(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    (tmp_path / "alone").mkdir()
    text = drafted(tmp_path / "alone", {**frames, "usage": frames["usage"].drop(columns="user_id")})
    assert "seats = " not in text
    (tmp_path / "texts").mkdir()
    rng = np.random.default_rng(0)
    some = frames["contracts"].assign(seats=rng.choice(["few", "many"], len(frames["contracts"])))
    assert "seats = " not in drafted(tmp_path / "texts", {**frames, "contracts": some})


def test_the_draft_gives_features_of_seats(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    text = drafted(tmp_path, frames)
    (tmp_path / "churn.toml").write_text(text, encoding="utf-8")
    tables = read_config(tmp_path / "churn.toml").event_tables()
    assert {"seats_used", "seats_change"} <= {row.aggregate for row in cp.catalog(tables)}
