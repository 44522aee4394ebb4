"""People who move between accounts, beside a log that names only the person: declared so that events count for the account of that time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import read_profiles, tables_under
from churnpredict.simulation.accounts import make_accounts

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")

NAMES = {
    "english": ("users", "user_id", "account_id", "valid_from", "usage", "user_id", "at"),
    "german": ("ansprechpartner", "nutzer_id", "kundennr", "gueltig_ab", "nutzung", "nutzer_id", "zeitpunkt"),
    "spanish": ("usuarios", "id_usuario", "id_cliente", "desde", "sesiones", "usuario", "fecha"),
    "CRM": ("memberships", "personId", "companyId", "startDate", "activity", "actor_id", "occurred_at"),
}


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    business = make_accounts(120, random_state=4, months=15)
    usage = business.frames["usage"][["account", "person", "at", "feature"]].copy()
    people = usage.groupby("person").agg(account=("account", "first"), since=("at", "min")).reset_index()
    people["since"] = people["since"].dt.normalize()
    rng = np.random.default_rng(0)
    movers = people[people["since"] < "2022-06-01"].sample(40, random_state=1).copy()
    movers["since"] = pd.Timestamp("2022-09-01") + pd.to_timedelta(rng.integers(0, 60, 40), "D")
    movers["account"] = rng.choice(business.frames["accounts"]["account"], 40)
    for row in movers.itertuples():
        usage.loc[(usage["person"] == row.person) & (usage["at"] >= row.since), "account"] = row.account
    return {"usage": usage, "people": pd.concat([people, movers]), **{k: business.frames[k] for k in ("accounts", "contracts")}}


def written(folder: Path, frames: dict[str, pd.DataFrame], names: tuple[str, ...], *, turned: bool = False) -> str:
    table, person, account, since, log, actor, at = names
    people = frames["people"].rename(columns={"person": person, "account": account, "since": since})
    usage = frames["usage"].rename(columns={"person": actor, "at": at}).drop(columns="account")
    for name, frame in ((table, people), (log, usage)):
        (frame[frame.columns[::-1]] if turned else frame).to_csv(folder / f"{name}.csv", index=False)
    for name in ("accounts", "contracts"):
        frames[name].rename(columns={"account": account}).to_csv(folder / f"{name}.csv", index=False)
    profiles, refused = read_profiles(tables_under([folder]))
    return draft_config(profiles, folder, refused=refused).text


@pytest.mark.parametrize("language", NAMES)
def test_events_count_for_the_account_of_their_time(tmp_path: Path, frames: dict[str, pd.DataFrame], language: str) -> None:
    text = written(tmp_path, frames, NAMES[language], turned=language == "german")
    config = parse_config(text, tmp_path / "churn.toml")
    found = config.event_tables()
    log = NAMES[language][4]
    usage = frames["usage"].assign(user=frames["usage"]["person"])
    contracts = cp.Intervals(frames["contracts"], customer="account", start="starts", end="ends", planned_end="renews_at")
    accounts = cp.Customers(frames["accounts"], customer="account", since="signed_up")
    events = cp.Events(usage, customer="account", time="at", item="feature", user="user")
    meant = cp.EventTables(accounts=accounts, contracts=contracts, **{log: events})
    at = pd.DataFrame({"customer_id": sorted(usage["account"].unique()), "cutoff": pd.Timestamp("2023-01-15")})
    rows = [r for r in cp.catalog(meant) if r.table == log]
    mine, expected = (cp.build_features(t, at, features=rows) for t in (found, meant))
    assert any("user" in c for c in expected.columns)
    pd.testing.assert_frame_equal(mine, expected)


def test_people_who_stay_are_joined(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    """Where each person has one row, the account is brought to the log by a join, as for any other table."""
    once = frames["people"].drop_duplicates("person")
    text = written(tmp_path, {**frames, "people": once}, NAMES["english"])
    assert "JOIN users ON usage.user_id = users.user_id" in text
    assert "\naccount = " not in text


def test_a_log_of_other_people_is_not_taken(tmp_path: Path, frames: dict[str, pd.DataFrame]) -> None:
    strangers = frames["usage"].assign(person="x" + frames["usage"]["person"])
    text = written(tmp_path, {**frames, "usage": strangers}, NAMES["english"])
    assert "\naccount = " not in text
    assert "usage: no column names the customer" in text
