"""churn.toml: under ten lines are enough, and every mistake is named with a proposal."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.draft_tables import read_tables
from churnpredict.cli.intake.table_profiles import profile_database, profile_table
from churnpredict.errors import ConfigError, UsageError

GOOD = """
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "paid_at"
value = "eur"
money = true
[churn]
rule = "inactivity"
horizon = "60d"
active_within = "90d"
"""


def config(folder: Path, text: str) -> Path:
    path = folder / "churn.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_language_is_one_of_eight_and_goes_to_the_pipeline_and_the_plan(tmp_path: Path) -> None:
    text = '[tables.orders]\nkind = "events"\nsource = "o.csv"\ncustomer = "c"\ntime = "t"\n[churn]\nrule = "inactivity"\nhorizon = "30d"\n'
    path = tmp_path / "churn.toml"
    path.write_text('language = "pl"\n' + text + '[plan]\nunit = "zł"\n')
    found = read_config(path)
    assert (found.language, found.pipeline().language, found.pipeline().unit) == ("pl", "pl", "zł")
    assert (found.planning()["language"], found.planning()["unit"]) == ("pl", "zł")
    path.write_text(text)
    assert read_config(path).pipeline().language == "en"
    path.write_text('language = "xx"\n' + text)
    with pytest.raises(UsageError, match="unknown-language") as error:
        read_config(path)
    assert '"ar"' in str(error.value)


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
    ('horizon = "60d"', 'horizon = "60 moons"', "60 moons", "90d"),
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
    log.assign(order_id=range(len(log)), product=["x", "y", "z"] * (len(log) // 3) + ["x"] * (len(log) % 3)).to_csv(
        tmp_path / "orders.csv", index=False
    )
    people = pd.DataFrame(
        {
            "who": sorted(set(log["who"])),
            "signup_date": "2022-12-01",
            "region": np.where(np.arange(log["who"].nunique()) % 2, "north", "south"),
            "age": 30,
        }
    )
    people.to_parquet(tmp_path / "people.parquet")
    text = draft_config([profile_table(tmp_path / name) for name in ("orders.csv", "people.parquet")], tmp_path).text
    found = read_config(config(tmp_path, text))
    orders, customers = found.tables["orders"], found.tables["people"]
    assert (orders["time"], orders["value"], orders["item"]) == ("paid_at", "eur", "product")
    assert (customers["kind"], customers["since"], customers["attributes"]) == ("customers", "signup_date", ["region"])
    assert "# not used, always the same: age" in text
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
    (guess,) = read_tables([profile_table(tmp_path / "log.csv")], lambda _: 0)
    assert (guess.kind, guess.roles["customer"], guess.roles["time"]) == ("events", customer, time)


def test_a_business_with_contracts_tickets_and_cancellations(tmp_path: Path) -> None:
    """Two times that never end before they start are intervals; a log of cancellations is the rule; what tells the outcome is left out."""
    n, day = 60, pd.Timestamp("2024-01-01")
    ids = [f"A{i % 30}" for i in range(n)]
    starts = [day + pd.Timedelta(days=10 * i) for i in range(n)]
    contracts = pd.DataFrame(
        {
            "contract_id": range(n),
            "account_id": ids,
            "start_date": starts,
            "end_date": [s + pd.Timedelta(days=290 + i % 9) for i, s in enumerate(starts)],
        }
    )
    contracts.loc[50:, "end_date"] = pd.NaT
    contracts.to_parquet(tmp_path / "subscriptions.parquet")
    people = pd.DataFrame(
        {"account_id": sorted(set(ids)), "signup_date": day, "plan": ["basic", "plus", "pro"] * 10, "churn_flag": [True, False] * 15}
    )
    people.assign(account_name=[f"Company {i} of the long name" for i in range(30)]).to_csv(tmp_path / "accounts.csv", index=False)
    gone = pd.DataFrame(
        {
            "churn_event_id": [f"e{i}" for i in range(n)],
            "account_id": ids,
            "churn_date": [s + pd.Timedelta(days=200) for s in starts],
            "reason_code": ["price", "card declined"] * 30,
        }
    )
    gone.iloc[30:].to_parquet(tmp_path / "churn_events.parquet")
    usage = pd.DataFrame({"usage_id": range(2 * n), "contract_id": [*range(n)] * 2, "usage_date": starts * 2})
    usage.to_parquet(tmp_path / "usage.parquet")
    names = ("accounts.csv", "subscriptions.parquet", "churn_events.parquet", "usage.parquet")
    text = draft_config([profile_table(tmp_path / name) for name in names], tmp_path).text
    found = read_config(config(tmp_path, text))
    assert (found.tables["subscriptions"]["start"], found.tables["subscriptions"]["end"]) == ("start_date", "end_date")
    assert found.churn == {"rule": "cancellation", "horizon": "90d", "of": "churn_events", "involuntary": ["card declined"]}
    assert found.tables["churn_events"]["kinds"] == "reason_code"
    assert "JOIN subscriptions ON usage.contract_id = subscriptions.contract_id" in found.tables["usage"]["query"]
    assert "churn_flag" not in found.tables["accounts"]["attributes"]
    assert "# not used, tells the outcome: churn_flag" in text
    alone = read_config(config(tmp_path, draft_config([profile_table(tmp_path / "subscriptions.parquet")], tmp_path).text))
    assert (alone.churn["rule"], alone.churn["of"]) == ("subscription_end", "subscriptions")


def test_no_log_no_draft(tmp_path: Path) -> None:
    pd.DataFrame({"customer_id": [1, 2], "region": ["a", "b"]}).to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(ConfigError, match="nothing-found"):
        draft_config([profile_table(tmp_path / "people.csv")], tmp_path)


# --- databases ---

OF_DATABASE = GOOD.replace('source = "orders.csv"', 'database = "shop.db"')


def shop_in(kind: str, path: Path, log: pd.DataFrame) -> None:
    import sqlite3

    import duckdb

    if kind == "duckdb":
        with duckdb.connect(str(path)) as shop:
            shop.register("given", log)
            shop.execute("CREATE TABLE orders AS SELECT * FROM given")
            return
    with closing(sqlite3.connect(path)) as plain, plain:
        log.assign(paid_at=log["paid_at"].astype(str)).to_sql("orders", plain, index=False)
    plain.close()


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
@pytest.mark.parametrize("query", ["", 'query = "orders"', 'query = "SELECT * FROM orders WHERE eur >= 0"'])
def test_a_table_may_stand_in_a_database_file(tmp_path: Path, log: pd.DataFrame, kind: str, query: str) -> None:
    shop_in(kind, tmp_path / "shop.db", log)
    found = read_config(config(tmp_path, OF_DATABASE.replace('database = "shop.db"', f'database = "shop.db"\n{query}'))).event_tables()
    assert (
        found.stream("orders").times.tolist()
        == cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at")).stream("orders").times.tolist()
    )


def test_the_address_of_a_server_comes_from_a_variable(
    tmp_path: Path, log: pd.DataFrame, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("config_orders", pa.Table.from_pandas(log, preserve_index=False), mode="replace")
        connection.commit()
    text = OF_DATABASE.replace('database = "shop.db"', 'database = "$SHOP"\nquery = "config_orders"')
    with pytest.raises(ConfigError, match="no-variable"):
        read_config(config(tmp_path, text)).event_tables()
    monkeypatch.setenv("SHOP", postgres)
    assert len(read_config(config(tmp_path, text)).event_tables()) == log["who"].nunique()
    user, _, rest = postgres.rpartition("@")
    monkeypatch.setenv("PGPASSWORD", user.rpartition(":")[2])
    named = text.replace("$SHOP", f"{user.rpartition(':')[0]}@{rest}")
    assert len(read_config(config(tmp_path, named)).event_tables()) == log["who"].nunique()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('database = "postgresql://me:s3cret@host/shop"', "password-in-file"),
        ('database = "postgresql://host/shop?user=me&password=s3cret"', "password-in-file"),
        ('database = "shop.db"\nsource = "orders.csv"', "bad-setting"),
        ('source = "orders.csv"\nquery = "orders"', "bad-setting"),
        ("database = 5", "bad-setting"),
        ("", "missing-key"),
    ],
)
def test_places_that_cannot_be_are_refused(tmp_path: Path, line: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(config(tmp_path, OF_DATABASE.replace('database = "shop.db"', line)))
    assert caught.value.code == code
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_draft_of_a_database_can_be_read_back(tmp_path: Path, log: pd.DataFrame, kind: str) -> None:
    shop_in(kind, tmp_path / "shop.db", log)
    text = draft_config(profile_database(tmp_path / "shop.db"), tmp_path).text
    assert 'database = "shop.db"' in text
    assert len(read_config(config(tmp_path, text)).event_tables()) == log["who"].nunique()


def test_a_table_of_a_database_may_name_the_column_that_grows(tmp_path: Path) -> None:
    import sqlite3

    shop = sqlite3.connect(tmp_path / "shop.db")
    shop.execute("CREATE TABLE log (no INTEGER, who TEXT, day TEXT)")
    shop.execute("INSERT INTO log VALUES (1, 'a', '2024-01-01'), (2, 'b', '2024-01-02')")
    shop.commit()
    toml = (
        '[tables.log]\nkind = "events"\ndatabase = "shop.db"\ngrows_by = "no"\n'
        'customer = "who"\ntime = "day"\n[churn]\nrule = "inactivity"\nhorizon = "30d"\nof = "log"\n'
    )
    (tmp_path / "churn.toml").write_text(toml)
    told = []
    for _ in range(2):
        with read_config(tmp_path / "churn.toml").scan_tables(tmp_path, history=tmp_path / "history") as tables:
            told.append(tables.changes["log"])
        shop.execute("INSERT INTO log VALUES (3, 'b', '2024-01-03')")
        shop.commit()
    shop.close()
    assert told == ["read 3 of 3 parts", "read 2 of 4 parts"]
    (tmp_path / "churn.toml").write_text(toml.replace('database = "shop.db"', 'source = "log.csv"'))
    with pytest.raises(ConfigError, match="grows_by is for databases"):
        read_config(tmp_path / "churn.toml")
