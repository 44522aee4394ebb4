"""No command writes over what it reads, over another output, or into what a source would take in next time; nothing has run by then."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.cli.test_config import GOOD

from churnpredict.cli.outputs import refuse_clashes
from churnpredict.errors import ChurnError, UsageError

MORE = """
[plan]
exclude = "no_contact.csv"
playbook = "book.toml"
"""


@pytest.fixture
def folder(tmp_path: Path, log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    log.head(50).to_csv("orders.csv", index=False)
    Path("churn.toml").write_text(GOOD + MORE)
    Path("churn.model").write_bytes(b"a model")
    Path("no_contact.csv").write_text("customer_id\n")
    Path("book.toml").write_text("")
    Path("key.pem").write_text("a key")
    Path("snoozed.csv").write_text("customer_id,alert,until\n")
    Path("early.csv").write_text("customer_id,risk\n")
    Path("data").mkdir()
    for month in ("01", "02"):
        log.head(20).to_csv(f"data/orders-{month}.csv", index=False)
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: str = "output-is-input") -> None:
    before = content(folder)
    assert run(*arguments) in (2, 5), arguments
    told = capsys.readouterr().err
    assert f"[{code}]" in told, (arguments, told)
    assert content(folder) == before


def with_output(**keys: str) -> None:
    Path("churn.toml").write_text(GOOD + MORE + "\n[output]\n" + "\n".join(f'{k} = "{v}"' for k, v in keys.items()))


INPUTS = ["orders.csv", "churn.toml", "no_contact.csv", "book.toml"]
BY_KEY = {"train": "model", "backtest": "backtest", "report": "report", "retrain": "model", "alerts": "alerts"}


@pytest.mark.parametrize("command", BY_KEY)
@pytest.mark.parametrize("name", INPUTS)
def test_outputs_of_the_file_are_not_its_inputs(folder: Path, capsys: pytest.CaptureFixture[str], command: str, name: str) -> None:
    key = BY_KEY[command]
    if key in ("backtest", "alerts") and not name.endswith(".csv"):
        pytest.skip("refused for its ending")
    with_output(**{key: name})
    if command == "alerts":
        with Path("churn.toml").open("a") as file:
            file.write('\n[alerts]\nsilent = "habit__orders_days_since_last >= 30"\n')
    refused(folder, capsys, command)


@pytest.mark.parametrize(
    "arguments",
    [
        ("score", "--output", "orders.csv"),
        ("score", "--output", "./data/../orders.csv"),
        ("score", "--output", "early.csv", "--unscored", "orders.csv"),
        ("drift", "--output", "orders.csv"),
        ("drift", "--scores", "early.csv", "--output", "early.csv"),
        ("report", "--output", "churn.model"),
        ("report", "--output", "snoozed.csv", "--snoozed", "snoozed.csv"),
        ("init", "orders.csv", "--config", "orders.csv", "--force"),
        ("init", "orders.csv", "--config", "./data/../orders.csv", "--force"),
    ],
)
def test_options_are_not_inputs(folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    refused(folder, capsys, *arguments, code="same-output" if arguments[-1] == "churn.model" else "output-is-input")


def test_a_key_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_output(model="key.pem")
    refused(folder, capsys, "train", "--sign-with", "key.pem")


def test_by_links_of_both_kinds_and_by_capitals(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("linked.csv").symlink_to("orders.csv")
    os.link("orders.csv", "hard.csv")
    Path("shortcut").symlink_to(folder)
    for name in ("linked.csv", "hard.csv", "ORDERS.csv", "shortcut/orders.csv", str(folder / "orders.csv")):
        refused(folder, capsys, "score", "--output", name)


@pytest.mark.parametrize("source", ["data/*.csv", "data", "**/orders-*.csv", "data/orders-0[0-9].csv", "./data/../data/orders*"])
def test_what_a_glob_or_a_folder_would_take_in(folder: Path, capsys: pytest.CaptureFixture[str], source: str) -> None:
    Path("churn.toml").write_text(GOOD.replace("orders.csv", source) + MORE)
    for name in ("data/orders-01.csv", "data/orders-03.csv", "data"):
        if name == "data" and source.startswith("**"):
            continue
        refused(folder, capsys, "score", "--output", name)


def test_a_folder_of_runs_within_a_source(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("churn.toml").write_text(GOOD.replace("orders.csv", "data/**/*.parquet") + MORE)
    refused(folder, capsys, "score", "--output", "data/scores")
    with pytest.raises(UsageError):
        refuse_clashes({"scores": "data"}, reads={"x": "data/orders-01.csv"})


@pytest.mark.parametrize(
    ("output", "source"),
    [
        ("scores.csv", "orders.csv"),
        ("data/report.html", "data"),
        ("data/report.html", "data/*.csv"),
        ("data/sub/scores.csv", "data/*.csv"),
        ("scores", "data/**/*.parquet"),
        ("data2/scores.csv", "data"),
        ("data-scores", "data"),
        ("out/scores.csv", "**/orders-*.csv"),
    ],
)
def test_what_does_no_harm_is_let_through(folder: Path, output: str, source: str) -> None:
    refuse_clashes({"scores": output}, reads={"x": source})


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        ({"plan": "x.csv", "alerts": "X.csv"}, "alerts"),
        ({"backtest": "scores.csv"}, "backtest"),
        ({"report": "churn.model"}, "report"),
        ({"plan": "backtest.tenths.csv"}, "backtest"),
    ],
)
def test_two_outputs_are_not_one(folder: Path, capsys: pytest.CaptureFixture[str], keys: dict[str, str], command: str) -> None:
    with_output(**keys)
    with Path("churn.toml").open("a") as file:
        file.write('\n[alerts]\nsilent = "habit__orders_days_since_last >= 30"\n')
    refused(folder, capsys, command, code="same-output")
    if command == "backtest":
        refused(folder, capsys, "score", "--output", "s.csv", "--unscored", "./s.csv", code="same-output")


@pytest.mark.parametrize("path", ["-", ".", ""])
def test_standard_output_and_nothing_are_no_paths(folder: Path, capsys: pytest.CaptureFixture[str], path: str) -> None:
    for command in ("score", "report", "alerts") if path else ("report",):
        if command != "alerts":
            refused(folder, capsys, command, "--output", path, code="not-a-path")


def test_what_cannot_be_written_is_said_before_anything_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.csv")
    Path("dir.html").mkdir()
    for command, path in (("score", "pipe.csv"), ("report", "dir.html"), ("report", "orders.csv/report.html"), ("report", "/dev/full")):
        refused(folder, capsys, command, "--output", path, code="not-written")
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("closed").mkdir(mode=0o500)
    refused(folder, capsys, "report", "--output", "closed/report.html", code="not-written")


def shop(path: Path) -> None:
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders AS SELECT 'a' AS who, TIMESTAMP '2024-01-01' AS paid_at, 1.0 AS eur")


@pytest.mark.parametrize("query", ["", 'query = "SELECT * FROM Orders"'])
def test_scores_are_not_written_into_the_table_that_is_read(folder: Path, capsys: pytest.CaptureFixture[str], query: str) -> None:
    shop(folder / "shop.duckdb")
    declared = GOOD.replace('source = "orders.csv"', f'database = "shop.duckdb"\n{query}')
    Path("churn.toml").write_text(declared + '[output]\nscores = "runs"\ntable = "orders"\n')
    refused(folder, capsys, "score", "--into", "./shop.duckdb")
    Path("churn.toml").write_text(declared + '[output]\nscores = "runs"\ndatabase = "shop.duckdb"\ntable = "main.ORDERS"\n')
    refused(folder, capsys, "score")
    Path("churn.toml").write_text(declared + '[output]\nscores = "runs"\ndatabase = "shop.duckdb"\n')
    assert run("score") == 4, "another table of the same database is allowed; only the model is not one"


@pytest.mark.parametrize("into", ["orders.csv", "data", "churn.model", "churn.toml", "mysql://host/x", "new.csv"])
def test_into_what_is_no_database(folder: Path, capsys: pytest.CaptureFixture[str], into: str) -> None:
    refused(folder, capsys, "score", "--output", "runs", "--into", into, code="unknown-database")
    with_output(scores="runs", database=into)
    refused(folder, capsys, "score", code="unknown-database")


def test_the_database_of_the_file_lies_beside_it_or_in_a_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from churnpredict.cli.config import read_config

    with_output(database="book.duckdb")
    assert read_config("../" + folder.name + "/churn.toml").destination() == f"../{folder.name}/book.duckdb"
    with_output(database="$BOOK")
    with pytest.raises(ChurnError, match="no-variable"):
        read_config("churn.toml").destination()
    monkeypatch.setenv("BOOK", "postgresql://host/book")
    assert read_config("churn.toml").destination() == "postgresql://host/book"
    with_output(database="postgresql://me:s3cret@host/x")
    with pytest.raises(ChurnError, match="password-in-file"):
        read_config("churn.toml")


def test_a_demo_replaces_nothing_of_somebody_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(folder, capsys, "demo", ".", code="folder-in-use")
    refused(folder, capsys, "demo", "data", code="folder-in-use")
