"""Commands about one model file, one owner or one customer."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_commands import run


def test_check_model_says_what_is_in_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = str(Path(__file__).parents[1] / "data" / "models" / "format_1.model")
    assert run("check-model", old, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model_id"] == "685e523b27cb"
    assert [m["kind"] for m in found["members"]] == ["trees", "trees", "linear", "purchases"]
    assert run("check-model", old, "--sha256", found["sha256"]) == 0
    text = capsys.readouterr().out
    assert "Inactivity(horizon='60d'" in text
    assert "9 trees, up to 4 deep" in text
    assert run("check-model", old, "--sha256", "0" * 64) == 4
    assert run("check-model", "orders.csv") == 4
    assert "not-a-model" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_digests_of_two_reports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--until", "2023-10-01") == 0
    for at in ("2023-11-01", "2023-12-01"):
        assert run("report", "--at", at) == 0
        (folder / "plan.csv").rename(folder / f"plan-{at}.csv")
    capsys.readouterr()
    first = pd.read_csv("plan-2023-11-01.csv")
    who = first.loc[first["arm"] == "contact", "customer_id"].iloc[0]
    (folder / "made.csv").write_text(f"customer_id,at,by,response\n{who},2023-11-05,Ada,call back\n")
    given = ("--plan", "plan-2023-12-01.csv", "--before", "plan-2023-11-01.csv", "--contacts", "made.csv")
    assert run("digest", *given) == 0
    assert "next: open digests/2023-12-01/no-owner.html" in capsys.readouterr().out
    text = (folder / "digests" / "2023-12-01" / "no-owner.txt").read_text()
    assert "contacted on 5 Nov 2023 by Ada; answer: call back" in text
    assert run("digest", *given, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["owners"] == 1
    assert run("digest", *given, "--output", "plan-2023-12-01.csv") in (2, 5)


def test_the_page_of_a_customer_and_the_card_of_a_model(folder: Path, log: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--until", "2023-10-01") == 0
    assert run("score", "--at", "2023-12-01") == 0
    who = pd.read_csv("scores.csv", dtype={"customer_id": str})["customer_id"].iloc[0]
    capsys.readouterr()
    assert run("why", who, "--at", "2023-12-01", "--purpose", "To call.") == 0
    assert capsys.readouterr().out.splitlines() == ["wrote why.html", "next: open why.html"]
    assert who in Path("why.html").read_text()
    assert run("card", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"command": "card", "written": "model-card.html", "tested": False}
    assert run("why", "nobody-7", "--at", "2023-12-01") == 3
    told = capsys.readouterr().err
    assert "unknown-customer" in told
    assert "nobody-7" not in told
