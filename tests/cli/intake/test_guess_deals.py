"""Deals of a pipeline: those that are closed are events, a renewal that is lost is leaving, and what is open says nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.door_cases import END, lines
from tests.cli.export_cases import D, P, terms

import churnpredict as cp
from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles

WORDS = {
    "en": ("Stage", "Close Date", "Closed Won", "Closed Lost", "Negotiation", "Renewal"),
    "de": ("Phase der Verkaufschance", "Abschlussdatum", "gewonnen", "verloren", "Angebot", "Verlängerung"),
    "es": ("Etapa", "Fecha de cierre", "Ganada", "Perdida", "Propuesta", "Renovación"),
    "pl": ("Etap", "Data zamknięcia", "wygrana", "przegrana", "oferta", "odnowienie"),
}


def deals(folder: Path, language: str, *, flags: bool = False) -> pd.DataFrame:
    """Renewals every three months and first deals, one in four of them lost, with the amount of each."""
    stage, closed, won, lost, pending, renewal = WORDS[language]
    rows, truth = [], []
    for i, (who, begin, end, last) in enumerate(terms()):
        over = end < END
        state = (lost if last else won) if over else pending
        first = i % 4 == 0
        rows.append(
            f"D{i},A{who},{state},{begin:%Y-%m-%d},{end:%Y-%m-%d},{100 + i},{renewal}" + (f",{state == won},{over}" if flags else "")
        )
        truth.append((over, state == won, last, 100 + i))
        if first:
            rows.append(f"N{i},A{who},{lost},{begin:%Y-%m-%d},{begin:%Y-%m-%d},{7000 + i},New" + (",False,True" if flags else ""))
            truth.append((True, False, False, 7000 + i))
    lines(folder, "deals.csv", [f"Id,Account,{stage},Created,{closed},Amount,Type" + (",IsWon,IsClosed" if flags else ""), *rows])
    lines(folder, "logins.csv", ["Account,login_at", *(f"A{r.who},{r.at:%Y-%m-%d %H:%M}" for r in D.itertuples())])
    return pd.DataFrame(truth, columns=["over", "won", "last", "amount"])


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("language", WORDS)
def test_a_lost_renewal_is_leaving(language: str, tmp_path: Path) -> None:
    truth = deals(tmp_path, language, flags=language == "en")
    profiles, refused = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path, refused=refused).text
    found = tomllib.loads(text)
    assert (found["churn"]["rule"], found["churn"]["of"]) == ("cancellation", "deals_left")
    assert found["tables"]["deals"]["time"] == WORDS[language][1]
    assert not {"IsWon", "IsClosed", WORDS[language][0]} & {str(v) for v in found["tables"]["deals"].values()}
    streams = parse_config(text, tmp_path / "churn.toml").event_tables().streams
    assert len(streams["deals"]) == truth["over"].sum()
    assert np.nansum(streams["deals"].columns["value"]) == truth.loc[truth["won"], "amount"].sum()
    assert len(streams["deals_left"]) == (truth["over"] & truth["last"]).sum()


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_bets_are_not_deals(tmp_path: Path) -> None:
    rows = [
        f"{r.who},{r.at:%Y-%m-%d %H:%M},{r.at + pd.Timedelta(hours=2):%Y-%m-%d %H:%M},{r.eur},{('won', 'lost')[i % 2]}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(tmp_path, "bets.csv", ["player_id,placed_at,ended_at,stake_amount,result", *rows])
    profiles, _ = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path).text
    streams = parse_config(text, tmp_path / "churn.toml").event_tables().streams
    assert streams["bets"].columns["value"].sum() == pytest.approx(D["eur"].sum())
    assert len(P) > 50


@pytest.mark.parametrize("renewals", [False, True])
def test_lost_deals_are_no_activity_where_no_renewal_is_lost(renewals: bool, tmp_path: Path) -> None:
    truth = deals(tmp_path, "en")
    file = tmp_path / "deals.csv"
    frame = pd.read_csv(file)
    frame = frame[(frame["Type"] == "New") | (frame["Stage"] != "Closed Lost")] if renewals else frame.drop(columns="Type")
    frame.to_csv(file, index=False)
    draft = draft_config(read_profiles(found_files(tmp_path))[0], tmp_path, ask=lambda _: 0)
    config = tomllib.loads(draft.text)
    lost = int((frame["Stage"] == "Closed Lost").sum())
    assert f"{lost:,} lost deals are left out" in draft.text
    assert config["churn"]["rule"] == "inactivity"
    tables = parse_config(draft.text, tmp_path / "churn.toml").event_tables()
    assert len(tables.stream("deals")) == truth["won"].sum()
    assert "kinds" not in config["tables"]["deals"]


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_lost_renewal_is_no_activity_where_too_few_are_told(tmp_path: Path) -> None:
    """Silence is the rule then, and the customers at risk are those of the deals that were won, whatever was lost."""
    deals(tmp_path, "en")
    (tmp_path / "logins.csv").unlink()
    frame = pd.read_csv(tmp_path / "deals.csv")
    gone = frame[(frame["Type"] == "Renewal") & (frame["Stage"] == "Closed Lost")]
    frame = frame.drop(index=gone.index[1:])
    frame.to_csv(tmp_path / "deals.csv", index=False)
    text = draft_config(read_profiles(found_files(tmp_path))[0], tmp_path).text
    config = parse_config(text, tmp_path / "churn.toml")
    found = tomllib.loads(text)
    assert (found["churn"]["rule"], found["churn"]["of"]) == ("inactivity", "deals")
    assert found["tables"]["deals"]["activity"] == ["won"]
    won = frame[frame["Stage"] == "Closed Won"]
    alone = cp.EventTables(deals=cp.Events(won, customer="Account", time="Close Date", observed_until=str(END)))
    at = pd.date_range("2024-06-01", "2024-12-01", freq="30D")
    mine, wanted = (cp.take_snapshots(tables, config.churn_rule(), at=list(at)) for tables in (config.event_tables(), alone))
    order = ["cutoff", "customer_id"]
    pd.testing.assert_frame_equal(
        mine.sort_values(order, ignore_index=True), wanted.sort_values(order, ignore_index=True), check_dtype=False
    )
    assert len(mine) > 50


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_payment_that_failed_is_no_activity(tmp_path: Path) -> None:
    rows = [
        f"{r.who},{r.at:%Y-%m-%d},{r.eur},{'not paid' if i % 5 == 0 else 'retried' if i % 7 == 0 else 'paid'}"
        for i, r in enumerate(D.itertuples())
    ]
    lines(tmp_path, "payments.csv", ["customer_id,charged_at,amount,status", *rows])
    found = tomllib.loads(draft_config(read_profiles(found_files(tmp_path))[0], tmp_path).text)
    assert (found["churn"]["rule"], found["tables"]["payments"].get("activity")) == ("inactivity", ["paid"])
