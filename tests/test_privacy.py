"""Law 15 for all that a night leaves behind: planted ids are searched for in everything written and said; and nothing is unpickled."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path

import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.shops import QUICK, shop_log

import churnpredict as cp
from churnpredict.pipeline import churn_pipeline

SENTINEL = "Zaphod4711x"
SOURCE = Path(cp.__file__).parent
# Who may name a library that can run code when it reads, and why it does no harm there.
PICKLERS = {
    "model_file/store.py": "joblib hashes a classifier of the user's own, and reads nothing",
    "spark/transfer.py": "sends our own functions to our own workers",
    "threads.py": "joblib counts the processors that a container grants, and reads nothing",
}
CONFIG = """
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "paid_at"
value = "eur"
[churn]
rule = "inactivity"
horizon = "60d"
of = "orders"
active_within = "90d"
"""


def test_planted_ids_are_found_only_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log = shop_log(200)
    log["who"] = SENTINEL + log["who"]
    log.to_csv(tmp_path / "orders.csv", index=False)
    (tmp_path / "churn.toml").write_text(CONFIG)
    (tmp_path / "gone.txt").write_text(f"{log['who'].iloc[0]}\n{SENTINEL}-nobody\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**QUICK))
    caplog.set_level(logging.DEBUG)
    json_too = ("--format", "json")
    assert run("train", "--until", "2023-12-01", *json_too) == 0
    assert run("check-model", "churn.model", *json_too) == 0
    assert run("score", "--at", "2023-12-01", "--output", "scores", "--partitions", "3", "--into", "book.duckdb", *json_too) == 0
    assert run("forget", "scores", "--customers", "gone.txt", "--into", "book.duckdb", *json_too) == 0
    part = next(Path("scores").glob("2023-12-01/*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    assert run("forget", "scores", "--customers", "gone.txt", *json_too) == 3  # damaged
    assert run("score", "--at", "2023-12-01", "--output", "scores", "--into", "gone.txt", *json_too) == 2  # no database
    pd.concat([log, log.assign(paid_at="?")]).to_csv(tmp_path / "orders.csv", index=False)
    assert run("score", "--output", "scores", *json_too) == 3  # times that are none
    said = capsys.readouterr()
    held = {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    telling = {"orders.csv", "gone.txt", "book.duckdb", *(name for name in held if name.endswith(".parquet"))}
    assert len(json.loads(held["scores/2023-12-01/manifest.json"])["parts"]) == 3
    for name, text in {"output": said.out, "errors": said.err, "logging": caplog.text}.items():
        assert SENTINEL.lower() not in text.lower(), name
    assert not {name for name, content in held.items() if SENTINEL.encode() in content} - telling
    assert SENTINEL.encode() in part.read_bytes(), "the search can find it"


def test_pickle_is_named_where_it_does_no_harm_and_nowhere_else() -> None:
    dangerous = {"pickle", "cPickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            calls = {"read_pickle", "to_pickle", "eval", "exec"} & {getattr(getattr(node, "func", None), a, "") for a in ("attr", "id")}
            unpickling = isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True) is not False
            if calls or unpickling or {part for name in names for part in name.split(".")} & dangerous:
                found.add(str(path.relative_to(SOURCE)))
    assert found <= set(PICKLERS), found - set(PICKLERS)
