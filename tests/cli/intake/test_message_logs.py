"""Sends, opens and clicks in files of their own are one log of messages; what the business sent is nobody's activity."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.door_cases import END, lines
from tests.cli.key_cases import D2, P2

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import found_files, read_profiles


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M"])
def test_messages_and_their_replies_are_one_log(form: str, tmp_path: Path) -> None:
    weeks = [f"u{r.who}@x.example,{at:{form}}" for r in P2.itertuples() for at in pd.date_range(r.first, END, freq="7D")]
    opened = [f"u{r.who}@x.example,{r.at:{form}}" for r in D2.itertuples()]
    lines(tmp_path, "sends.csv", ["Email,Sent At", *weeks])
    lines(tmp_path, "opens.csv", ["Email,Opened At", *opened])
    lines(tmp_path, "clicks.csv", ["Email,Clicked At", *opened[::3]])
    profiles, refused = read_profiles(found_files(tmp_path))
    text = draft_config(profiles, tmp_path, refused=refused).text
    found = tomllib.loads(text)
    assert found["churn"]["of"] == "opens"  # weekly newsletters never fall silent
    assert {"opens", "clicks", "messages"} == set(found["tables"])
    messages = found["tables"]["messages"]
    assert (messages["driver"], sorted(messages["replies"])) == ("communication", ["clicks", "opens"])
    stream = parse_config(text, tmp_path / "churn.toml").event_tables().streams["messages"]
    assert len(stream) == len(weeks) + len(opened) + len(opened[::3])
    first = pd.Timestamp(P2["first"].min()).floor("min" if "%S" not in form else "s")
    assert stream.times.min() == first.value // 1000


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_messages_without_replies_are_communication(tmp_path: Path) -> None:
    weeks = [f"{r.who},{at:%Y-%m-%d}" for r in P2.itertuples() for at in pd.date_range(r.first, END, freq="7D")]
    lines(tmp_path, "mailings.csv", ["customer_id,sent_on", *weeks])
    lines(tmp_path, "visits.csv", ["customer_id,visited_at", *(f"{r.who},{r.at}" for r in D2.itertuples())])
    profiles, refused = read_profiles(found_files(tmp_path))
    found = tomllib.loads(draft_config(profiles, tmp_path, refused=refused).text)
    assert found["tables"]["mailings"]["driver"] == "communication"
    assert found["churn"]["of"] == "visits"
