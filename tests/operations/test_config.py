"""churn.toml: under ten lines are enough, and every mistake is named with a proposal."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ConfigError, UsageError
from churnpredict.operations.config import read_config
from churnpredict.operations.sniffing import guess_table, write_draft

GOOD = """
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "paid_at"
value = "eur"
[churn]
rule = "inactivity"
horizon = "60d"
active_within = "90d"
"""


def config(folder: Path, text: str) -> Path:
    path = folder / "churn.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path, log: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    log.to_csv(tmp_path / "sub" / "orders.csv", index=False)
    path = config(tmp_path / "sub", GOOD)
    monkeypatch.chdir(tmp_path)
    found = read_config(path.relative_to(tmp_path))
    assert len(found.event_tables()) == log["who"].nunique()
    assert found.churn_rule() == cp.Inactivity("60d", active_within="90d")
    assert found.resolve(found.output.model) == Path("sub/churn.model")


def test_all_sections_reach_the_pipeline(tmp_path: Path) -> None:
    more = GOOD + '[model]\nhistory = "365d"\nevery = "15d"\nsince = 2023-02-01\nn_jobs = 1\n[output]\nscores = "out/s.parquet"\n'
    found = read_config(config(tmp_path, 'timezone = "Europe/Berlin"\nobserved_until = 2024-02-01\n' + more))
    pipeline = found.pipeline()
    assert (pipeline.history, pipeline.every, pipeline.n_jobs) == ("365d", "15d", 1)
    assert found.timezone == "Europe/Berlin"
    assert found.output.scores == "out/s.parquet"


MISTAKES = [
    ("kind = ", "knd = ", "tables.orders", "kind"),
    ('kind = "events"', 'kind = "event"', "events", "events"),
    ("customer = ", "custmer = ", "custmer", "customer"),
    ("[churn]", "[chrn]", "chrn", "churn"),
    ("horizon = ", "horizn = ", "horizn", "horizon"),
    ('rule = "inactivity"', 'rule = "inactive"', "inactive", "inactivity"),
    ('horizon = "60d"', 'horizon = "60 days"', "60 days", "90d"),
    ('horizon = "60d"', "horizon = 60", "60", "90d"),
    ('customer = "who"', "customer = 5", "customer", "text"),
    ('time = "paid_at"\n', "", "time", "events"),
    ('customer = "who"', 'customer = "who', "TOML", "line"),
    ("[churn]", '[model]\nhistry = "1d"\n[churn]', "histry", "history"),
    ("[churn]", "[model]\nn_jobs = true\n[churn]", "n_jobs", "whole number"),
    ("[churn]", "[model]\nn_jobs = 1.5\n[churn]", "n_jobs", "whole number"),
    ("[churn]", '[output]\nscore = "s.csv"\n[churn]', "score", "scores"),
    ("[churn]", "[output]\nscores = 3\n[churn]", "scores", "text"),
]


@pytest.mark.parametrize(("old", "new", "named", "proposed"), MISTAKES)
def test_mistakes_are_named_with_a_proposal(tmp_path: Path, old: str, new: str, named: str, proposed: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        read_config(config(tmp_path, GOOD.replace(old, new, 1)))
    assert named in str(caught.value)
    assert proposed in str(caught.value)


@pytest.mark.parametrize("text", ["", "x = 1", "[churn]\nrule = 'inactivity'\nhorizon = '9d'", "tables = 3\nchurn = 4"])
def test_files_that_say_too_little(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        read_config(config(tmp_path, text))


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="churnpredict init"):
        read_config(tmp_path / "churn.toml")


def test_a_draft_from_found_columns_can_be_used_at_once(tmp_path: Path, log: pd.DataFrame) -> None:
    log.assign(order_id=range(len(log)), product="x").to_csv(tmp_path / "orders.csv", index=False)
    people = pd.DataFrame({"who": sorted(set(log["who"])), "signup_date": "2022-12-01", "region": "north", "age": 30})
    people.to_parquet(tmp_path / "people.parquet")
    text = write_draft([guess_table(tmp_path / name) for name in ("orders.csv", "people.parquet")], tmp_path)
    found = read_config(config(tmp_path, text))
    orders, customers = found.tables["orders"], found.tables["people"]
    assert (orders["time"], orders["value"], orders["item"]) == ("paid_at", "eur", "product")
    assert (customers["kind"], customers["since"], customers["attributes"]) == ("customers", "signup_date", ["region", "age"])
    assert found.churn["of"] == "orders"
    assert "#" in text


@pytest.mark.parametrize(
    ("columns", "customer", "time"),
    [
        ({"customer_id": [1, 1], "order_date": ["2024-01-01", "2024-02-01"]}, "customer_id", "order_date"),
        ({"id": [7, 8], "user": ["a", "a"], "ts": ["2024-01-01", "2024-02-01"]}, "user", "ts"),
        ({"created": ["2024-01-01", "2024-02-01"], "client no": ["x", "x"], "note": ["p", "q"]}, "client no", "created"),
    ],
)
def test_columns_are_recognised(tmp_path: Path, columns: dict[str, list[object]], customer: str, time: str) -> None:
    pd.DataFrame(columns).to_csv(tmp_path / "log.csv", index=False)
    guess = guess_table(tmp_path / "log.csv")
    assert (guess.kind, guess.roles["customer"], guess.roles["time"]) == ("events", customer, time)


def test_no_log_no_draft(tmp_path: Path) -> None:
    pd.DataFrame({"customer_id": [1, 2], "region": ["a", "b"]}).to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(ConfigError, match="nothing-found"):
        write_draft([guess_table(tmp_path / "people.csv")], tmp_path)
