"""The command line: five commands, exit codes that programs can rely on, and no traceback for anything expected."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_config import GOOD

import churnpredict as cp
from churnpredict.cli import commands as cli


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.filterwarnings("default::churnpredict.errors.ChurnWarning")
def test_the_whole_way(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--until", "2023-12-01") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["wrote churn.model", "next: churnpredict score"]
    assert run("score", "--at", "2023-12-01", "--output", "out/scores.parquet", "--unscored", "out/unscored.csv") == 0
    text = capsys.readouterr().out
    assert "reasons" in text
    assert text.splitlines()[-1] == "next: churnpredict report"
    absent = pd.read_csv(folder / "out" / "unscored.csv")
    assert f"no score: {(absent['reason'] == 'gone already').sum():,} gone already" in text
    assert absent["words"].str.startswith("gone already: the last row in orders is").any()
    scores = pd.read_parquet(folder / "out" / "scores.parquet")
    assert scores["risk"].is_monotonic_decreasing
    assert run("backtest", "--at", "2023-12-01", "--rounds", "20") == 0
    assert "MBG/NBD" in capsys.readouterr().out
    assert set(pd.read_csv(folder / "backtest.csv")["model"]) >= {"model", "base rate", "recency", "MBG/NBD"}
    tenths = pd.read_csv(folder / "backtest.tenths.csv")
    assert tenths.columns.tolist() == ["said", "lost", "n"]
    assert run("score", "--at", "2023-10-01", "--output", "scores.csv") == 0
    assert run("report", "--at", "2023-12-15") == 0
    page = (folder / "report.html").read_text()
    assert "Did the risks come true?" in page
    assert f"{tenths['n'].iloc[-1]:,}" in page
    assert "What has changed since training" in page
    assert "earlier scores do not count: their model was trained on later outcomes" in page
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "next: open report.html"
    assert "in-sample" in told.err  # of the scores of October, by a model of December
    assert "later-backtest" in told.err
    assert "it tests what came after the page" in page


@pytest.mark.filterwarnings("ignore:the model was trained on outcomes after")
def test_a_folder_of_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nightly: one run a cutoff, log lines of counts for machines, the newest two kept, and a second start does nothing."""
    assert run("train", "--until", "2023-12-01") == 0
    for at in ("2023-10-01", "2023-11-01", "2023-12-01"):
        assert run("score", "--at", at, "--output", "nightly", "--keep", "2", "--partitions", "3") == 0
    assert "nightly/2023-12-01" in capsys.readouterr().out
    assert run("score", "--at", "2023-12-01", "--output", "nightly", "--partitions", "3", "--format", "json") == 0
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.err.splitlines()]
    assert [line["event"] for line in lines] == ["tables read", "nothing to do", "done"]
    assert "K0" not in told.err
    assert run("drift", "--scores", "nightly", "--format", "json") == 0  # what was sent out, from the runs themselves
    capsys.readouterr()
    assert sorted(p.name for p in (folder / "nightly").iterdir()) == [".lock", "2023-11-01", "2023-12-01"]
    assert len(cp.runs.read_scores("nightly")) == json.loads(told.out)["customers"]
    (folder / "nightly" / "2023-12-01" / "part-00001.parquet").write_bytes(b"PAR1")
    assert run("score", "--at", "2023-12-01", "--output", "nightly", "--partitions", "3") == 3
    assert capsys.readouterr().err.startswith("error: ")
    assert run("score", "--at", "2023-12-01", "--output", "nightly", "--partitions", "3", "--format", "json") == 3
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line.get("code")) for line in lines] == [("tables read", None), ("error", "damaged-run")]
    assert run("score", "--output", "scores.csv", "--keep", "2") == 2
    assert run("score", "--output", "nightly", "--unscored", "absent.csv") == 2
    assert run("score", "--at", "2029-01-01", "--output", "other", "--format=json") == 3
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["code"] == "cutoff-past-data"
    assert [p.name for p in (folder / "other").iterdir()] == [".lock"]  # nothing is left of what was refused


@pytest.mark.filterwarnings("ignore:the model was trained on outcomes after")
def test_a_kept_history(folder: Path, log: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    """The next day reads the new file alone, and writes the scores of a run from scratch; customers are forgotten there, too."""
    assert run("train", "--until", "2023-12-01") == 0
    (folder / "days").mkdir()
    config = (folder / "churn.toml").read_text().replace("orders.csv", "days/*.csv")
    (folder / "churn.toml").write_text(config)
    late = log["paid_at"] >= "2023-11-15"
    log[~late].to_csv(folder / "days" / "1.csv", index=False)
    for day in ("2023-11-15", "2023-12-01"):
        capsys.readouterr()
        how = ("--output", "kept", "--keep-history", "history", "--partitions", "3", "--format", "json")
        assert run("score", "--at", day, *how) == 0
        read = json.loads(capsys.readouterr().err.splitlines()[0])["read"]
        assert read == {"orders": f"read 1 of {1 if day < '2023-12' else 2} files"}
        log[late].to_csv(folder / "days" / "2.csv", index=False)
    assert run("score", "--at", "2023-12-01", "--output", "scratch") == 0
    pd.testing.assert_frame_equal(cp.runs.read_scores("kept"), cp.runs.read_scores("scratch"), check_exact=True)
    gone = str(log["who"].iloc[0])
    (folder / "gone.txt").write_text(gone)
    assert run("forget", "kept", "--customers", "gone.txt", "--history", "history") == 0
    assert f"; {(log['who'] == gone).sum()} from the kept history" in capsys.readouterr().out
    assert not any(gone.encode() in file.read_bytes() for file in (folder / "history").rglob("*") if file.is_file())
    assert run("score", "--output", "scores.csv", "--keep-history", "history") == 2
    assert run("score", "--output", "kept", "--keep-history", "days") == 2


RULES = """
[plan]
budget = 50
offer_cost = 5
unit = "EUR"
exclude = "opted_out.csv"

[alerts]
silent = "habit__orders_days_since_last >= 30"
"""


def test_the_page_the_plan_and_the_alerts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "churn.toml").write_text(GOOD + RULES)
    pd.DataFrame({"customer_id": [f"K{i:04d}" for i in range(40)], "why": "opted out"}).to_csv(folder / "opted_out.csv", index=False)
    assert run("train", "--until", "2023-12-01") == 0
    capsys.readouterr()
    assert run("report", "--at", "2023-12-01", "--dry-run") == 0
    assert "would report on" in capsys.readouterr().out
    assert not (folder / "report.html").exists()
    assert run("report", "--at", "2023-12-01", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    page = (folder / "report.html").read_text()
    plan, alerts = pd.read_csv(folder / "plan.csv"), pd.read_csv(folder / "alerts.csv")
    assert (plan["arm"] == "contact").sum() == told["plan"]["contact"] > 0
    assert told["plan"]["excluded"] > 0
    assert not set(plan["customer_id"]) & set(pd.read_csv(folder / "opted_out.csv")["customer_id"])
    assert plan.loc[plan["arm"] == "contact", "expected_spend"].sum() <= 50
    assert len(alerts) == told["alerts"]["silent"] > 0
    assert sum(told["without_score"].values()) + told["customers"] == pd.read_csv(folder / "orders.csv")["who"].nunique()
    assert all(word in page for word in ("Since the last scoring", "EUR", "silent", "gone already", "there was no backtest"))
    assert run("alerts", "--at", "2023-12-01", "--format", "json") == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["now"] == len(alerts)
    alerts.head(3)[["customer_id", "alert"]].assign(until=["2024-01-01", "2023-12-24", "2023-11-01"]).to_csv("snoozed.csv", index=False)
    assert run("alerts", "--at", "2023-12-01", "--snoozed", "snoozed.csv", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["now"] == len(alerts) - 2  # one has woken
    assert judged["alerts"][0]["left"] > judged["alerts"][0]["base_rate"], "silence is followed by leaving"


def test_alerts_need_rules_that_can_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("alerts") == 2
    assert "no-alerts" in capsys.readouterr().err
    (folder / "churn.toml").write_text(GOOD + '[alerts]\nsilent = "import os"\n')
    assert run("alerts") == 2
    assert "bad-alert" in capsys.readouterr().err
    (folder / "churn.toml").write_text(GOOD + '[alerts]\nsilent = "habit__orders_days_since_lsat >= 30"\n')
    assert run("alerts") == 3
    assert 'habit__orders_days_since_last"' in capsys.readouterr().err


def test_json_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--until", "2023-12-01", "--format", "json") == 0
    trained = json.loads(capsys.readouterr().out)
    assert trained["model"] == "churn.model"
    assert run("score", "--at", "2023-12-01", "--format", "json") == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["model_id"] == trained["model_id"]
    assert sum(scored["bands"].values()) == scored["customers"] == len(pd.read_csv(folder / "scores.csv"))
    assert run("backtest", "--at", "2023-12-01", "--rounds", "20", "--format", "json") == 0
    assert {"model", "metric", "value", "low", "high"} <= set(json.loads(capsys.readouterr().out)["figures"][0])


def test_dry_runs_write_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(p.name for p in folder.iterdir())
    assert run("train", "--dry-run") == 0
    assert run("backtest", "--dry-run", "--format", "json") == 0
    assert run("init", "--dry-run") == 0
    assert "[tables.orders]" in capsys.readouterr().out
    assert sorted(p.name for p in folder.iterdir()) == before


def test_init_writes_what_train_reads(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == 2
    assert "config-exists" in capsys.readouterr().err
    assert run("init", "orders.csv", "--config", "new.toml") == 0
    assert run("train", "--config", "new.toml", "--dry-run") == 0


CASES = [
    (["train", "--config", "nowhere.toml"], 2, "no-config"),
    (["train", "--untill", "2024-01-01"], 2, "No such option"),
    (["brew"], 2, "No such command"),
    (["train", "--format", "xml"], 2, "Invalid value"),
    (["train", "--until", "2023-02-01"], 3, "no-history"),
    (["score"], 4, "no-model-file"),
    (["score", "--model", "orders.csv"], 4, "not-a-model"),
    (["score", "--output", "scores.xlsx"], 2, "unknown-ending"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), CASES)
def test_exit_codes_without_a_traceback(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert run(*arguments) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_refused_data_and_outputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "churn.model").mkdir()
    assert run("train", "--until", "2023-12-01") == 5
    assert "not-written" in capsys.readouterr().err
    (folder / "orders.csv").write_text("who,paid_at,eur\n,2024-01-01,3\n")
    assert run("train") == 3
    assert "null-id" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")  # identical orders on one day are original
def test_train_and_score_on_real_orders_from_under_ten_lines(
    tmp_path: Path, cdnow: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tenth of the customers, so that the test stays short; benchmarks/quality.py runs on all."""
    some = cdnow[cdnow["customer_id"] % 10 == 0]
    some.to_csv(tmp_path / "orders.csv", index=False)
    lines = [
        "[tables.orders]",
        'kind = "events"',
        'source = "orders.csv"',
        'customer = "customer_id"',
        'time = "date"',
        'value = "amount"',
        'churn = {rule = "inactivity", horizon = "91d", active_within = "182d"}',
    ]
    text = "\n".join([lines[-1], *lines[:-1]])  # what stands above all sections
    assert len(text.splitlines()) < 10
    (tmp_path / "churn.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert run("train", "--until", "1998-03-31") == 0
    assert run("score", "--at", "1998-03-31") == 0
    capsys.readouterr()
    scores = pd.read_csv(tmp_path / "scores.csv")
    times = pd.to_datetime(some["date"])
    recent = some.loc[(times < "1998-03-31") & (times >= pd.Timestamp("1998-03-31") - pd.Timedelta(days=182)), "customer_id"]
    assert set(scores["customer_id"]) == set(recent)
    came_back = set(some.loc[(times >= "1998-03-31") & (times < "1998-06-30"), "customer_id"])
    left = ~scores["customer_id"].isin(came_back)
    assert abs(scores["risk"].mean() - left.mean()) < 0.08
    assert left.head(len(left) // 2).mean() > left.tail(len(left) // 2).mean() + 0.1


@pytest.mark.filterwarnings("ignore:the model was trained on outcomes after")
def test_scores_go_into_a_database_as_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--until", "2023-12-01") == 0
    into = ("--into", "book.sqlite", "--changes", "--key", "customer", "--vanished", "empty")
    for at in ("2023-11-01", "2023-12-01"):
        assert run("score", "--at", at, "--output", "nightly", *into) == 0
    assert "rows in the database: " in capsys.readouterr().out
    assert run("score", "--at", "2023-12-01", "--output", "nightly", *into, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["table"] == {"new": 0, "changed": 0, "unchanged": told["customers"], "vanished": 0}
    for wrong, code in (
        (("--output", "nightly", "--into", "book.sqlite", "--key", "customer"), "needs-changes"),
        (("--output", "nightly", "--changes"), "needs-database"),
        (("--output", "one.csv", "--changes"), "needs-folder"),
    ):
        assert run("score", *wrong) == 2
        assert f"[{code}]" in capsys.readouterr().err
    with (folder / "churn.toml").open("a") as file:
        file.write('\n[output]\nscores = "nightly"\ndatabase = "other.sqlite"\nchanges = true\n')
    assert run("score", "--at", "2023-12-01") == 0
    assert f"rows in the database: {told['customers']:,} new, 0 changed, 0 unchanged, 0 vanished" in capsys.readouterr().out


def test_a_backtest_judges_what_the_configuration_names_and_the_page_shows_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = folder / "churn.toml"
    config.write_text(config.read_text() + '\n[against]\n"our rule" = "habit__orders_days_since_last >= 30"\n')
    assert run("backtest", "--at", "2023-12-01", "--rounds", "20", "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["model"] for row in told["switch"]} >= {"model", "our rule"}
    written = pd.read_csv(folder / "backtest.csv").set_index(["model", "metric"])["value"]
    assert written["our rule", "found"] + written["our rule", "false_alarms"] == pytest.approx(written["our rule", "called"])
    assert run("train", "--until", "2023-12-01") == 0
    assert run("report", "--at", "2024-02-15") == 0
    assert f"of “our rule”, {written['our rule', 'found']:.0f}." in (folder / "report.html").read_text()
