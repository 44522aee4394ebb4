"""Commands about a coming period: what they write is what the library says, and nothing is written that was refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.cli.test_config import GOOD

import churnpredict as cp
from churnpredict.cli.config import read_config


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_when_writes_dates_and_curves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "churn.toml").write_text(GOOD + '[plan]\nunit = "EUR"\n')
    assert run("train", "--until", "2023-10-01") == 0
    tables = read_config("churn.toml").event_tables()
    asked = ("when", "--at", "2023-10-01", "--over", "120d", "--discount", "0.2", "--output", "out/when.parquet")
    capsys.readouterr()
    assert run(*asked, "--dry-run") == 0
    assert "over 120d and write out/when.parquet, out/when.curves.parquet\nnext: churnpredict when\n" in capsys.readouterr().out
    assert not (folder / "out").exists()
    assert run(*asked) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-3:] == ["wrote out/when.parquet", "wrote out/when.curves.parquet", "next: open out/when.parquet"]
    found = cp.load("churn.model").when(tables, "2023-10-01", over="120d", discount=0.2)
    assert found.customers is not None
    total = found.customers["expected_revenue"].sum()
    assert printed[-4] == f"expected revenue over 120d: {total:,.0f} EUR"
    pd.testing.assert_frame_equal(pd.read_parquet("out/when.parquet"), found.customers.reset_index(drop=True))
    pd.testing.assert_frame_equal(pd.read_parquet("out/when.curves.parquet"), pd.DataFrame(found))
    assert run(*asked, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["customers"] == len(found.customers)
    assert told["expected_revenue"] == pytest.approx(total)
    assert told["stay"] == pytest.approx(found.customers["stays"].mean())
    (folder / "churn.toml").write_text((folder / "churn.toml").read_text() + "value = 100.0\n")
    assert run(*asked, "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["expected_revenue"] != pytest.approx(total), "of [plan] value"


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_when_looks_a_year_ahead_and_further_where_the_horizon_is_longer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "churn.toml").write_text(GOOD.replace("money = true", ""))
    assert run("train", "--until", "2023-10-01") == 0
    capsys.readouterr()
    assert run("when", "--at", "2023-10-01") == 0
    assert "expected revenue" not in capsys.readouterr().out, "values that are not declared as money"
    curves = pd.read_csv("when.curves.csv")
    assert (curves.groupby("customer_id")["horizon"].last() == "365d").all()
    assert len(curves) == len(pd.read_csv("when.csv")) * curves["horizon"].nunique()
    model = cp.load("churn.model")
    model.churn = replace(model.churn, horizon="400d")
    model.save("churn.model")
    (folder / "churn.toml").write_text(GOOD.replace("60d", "400d"))
    assert run("when", "--at", "2023-10-01", "--dry-run") == 0
    assert "over 400d" in capsys.readouterr().out
    assert run("when", "--at", "2023-10-01", "--over", "365d", "--dry-run") == 2
    assert "bad-horizons" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_what_is_expected_of_customers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("expected", "--at", "2023-12-01") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2:] == ["wrote expected.csv", "next: open expected.csv"]
    tables = read_config("churn.toml").event_tables()
    found = cp.accounting.expected(tables, "2023-12-01", over="60d", of="orders")  # the horizon and the table of the rule
    pd.testing.assert_frame_equal(pd.read_csv("expected.csv"), found.reset_index(), check_exact=False, rtol=1e-12)
    best = found["expected_spend"].idxmax()
    assert printed[3].split()[0] == best
    assert run("expected", "--at", "2023-12-01", "--over", "30d", "--buying", "BG/NBD", "--output", "e.parquet", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    other = cp.accounting.expected(tables, "2023-12-01", over="30d", of="orders", model="BG/NBD")
    assert told["expected_spend"] == pytest.approx(other["expected_spend"].sum())
    assert told["customers"] == len(pd.read_parquet("e.parquet")) == len(other)
    (folder / "churn.toml").write_text(GOOD.replace('value = "eur"\nmoney = true\n', ""))
    assert run("expected", "--at", "2023-12-01", "--format", "json") == 0
    assert "expected_spend" not in json.loads(capsys.readouterr().out)


def test_several_logs_need_the_name_of_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = pd.read_csv("orders.csv")
    log.to_csv("visits.csv", index=False)
    visits = GOOD[GOOD.index("[tables.orders]") : GOOD.index("[churn]")].replace("orders", "visits")
    (folder / "churn.toml").write_text(GOOD + visits)
    assert run("expected") == 2
    assert 'there are 2 tables of events: orders, visits. Name one: --of "orders". [which-table]' in capsys.readouterr().err
    assert not Path("expected.csv").exists()
    assert run("expected", "--of", "visits") == 0


def test_transitions_are_those_of_the_library(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = read_config("churn.toml")
    tables, churn = config.event_tables(), config.churn_rule()
    asked = ("transitions", "--start", "2023-03-01", "--end", "2023-09-01")
    assert run(*asked, "--min-group", "1") == 0
    printed = capsys.readouterr().out
    found = cp.accounting.transitions(tables, churn, start="2023-03-01", end="2023-09-01", min_group=1)
    assert printed == f"{found}\nwrote transitions.csv\nnext: open transitions.csv\n"
    pd.testing.assert_frame_equal(
        pd.read_csv("transitions.csv", keep_default_na=False), pd.DataFrame(found).astype({"customers": "int64"}), rtol=1e-12
    )
    assert run(*asked, "--value", "orders", "--min-group", "30", "--output", "m.parquet", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    money = cp.accounting.transitions(tables, churn, start="2023-03-01", end="2023-09-01", value="orders", min_group=30)
    pd.testing.assert_frame_equal(pd.read_parquet("m.parquet"), pd.DataFrame(money))
    assert (told["start"], told["end"], told["moves"]) == ("2023-03-01", "2023-09-01", len(money))
    assert told["customers"] == money["customers"].sum()
    assert run(*asked, "--min-group", "1000") == 0
    assert "hidden (\u2013): fewer than 1000 customers" in capsys.readouterr().out


def test_transitions_of_the_last_quarter_by_default(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("transitions", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert pd.Timestamp(told["end"]) - pd.Timestamp(told["start"]) == pd.Timedelta(days=90)
    config = read_config("churn.toml")
    later = pd.Timestamp(told["end"]) + pd.Timedelta(seconds=1)
    with pytest.raises(cp.errors.ImmatureError):
        cp.accounting.transitions(config.event_tables(), config.churn_rule(), end=later)
