"""What ``init`` writes runs to the end, on tables of the shapes that newcomers have; what cannot run is told with the way on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.cli.test_commands import run
from tests.shops import QUICKEST, shop_log

import churnpredict as cp
from churnpredict.cli.config import parse_config, read_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.draft_tables import read_tables
from churnpredict.cli.intake.flat_table import flat_recipe
from churnpredict.cli.intake.found_files import found_files, read_profiles
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_profiles import profile_table
from churnpredict.errors import ConfigError, TimeError
from churnpredict.events.values.time_formats import fitting_formats, read_formatted
from churnpredict.pipeline import churn_pipeline

LEARNER = QUICKEST


def guess(path: Path) -> Reading:
    return read_tables([profile_table(path)], lambda _: 0)[0]


def visits() -> pd.DataFrame:
    return shop_log(n=140, seed=3)


def orders_with_foreign_dates(folder: Path) -> None:
    log = visits()
    log["InvoiceDate"] = log.pop("paid_at").dt.strftime("%m/%d/%Y %H:%M")
    log.rename(columns={"who": "CustomerID", "eur": "UnitPrice"}).assign(InvoiceNo=range(len(log))).to_csv(
        folder / "sales.csv", index=False
    )


def two_columns(folder: Path) -> None:
    log = visits()
    log.assign(cust=log["who"].astype("category"), date=log["paid_at"].dt.date)[["cust", "date"]].to_parquet(folder / "visits.parquet")


def days_of_a_course(folder: Path) -> None:
    """Numbers of days; a table in which people stand twice without a time; tables of things."""
    log = visits()
    day = (log["paid_at"] - log["paid_at"].min()).dt.days - 20
    clicks = pd.DataFrame({"course": "A", "id_student": log["who"].str[1:].astype(int), "id_site": 7, "date": day, "sum_click": 3})
    clicks.to_csv(folder / "studentVle.csv", index=False)
    people = clicks.groupby("id_student", as_index=False)["date"].min()
    people.assign(date_registration=people.pop("date").astype(float).where(people.index > 2), date_unregistration=np.nan).to_csv(
        folder / "studentRegistration.csv", index=False
    )
    pd.DataFrame({"id_student": [1, 1, 2], "region": ["a", "b", "c"]}).to_csv(folder / "studentInfo.csv", index=False)
    pd.DataFrame({"code": ["x", "y"], "length": [200, 300]}).to_csv(folder / "courses.csv", index=False)


def accounts_and_contracts(folder: Path) -> None:
    """A folder of five tables: people, contracts, tickets, cancellations, and usage of contracts."""
    shop = cp.make_business(220, random_state=4)
    people = shop.frames["customers"].rename(columns={"customer_id": "account_id"})
    people.assign(churn_flag=True).drop(columns="owner").to_csv(folder / "accounts.csv", index=False)
    terms = shop.frames["subscriptions"].rename(columns={"customer": "account_id", "start": "start_date", "end": "end_date"})
    terms.to_csv(folder / "subscriptions.csv", index=False)
    shop.frames["tickets"].rename(columns={"customer": "account_id"}).to_csv(folder / "support_tickets.csv", index=False)
    gone = shop.frames["cancellations"].rename(columns={"customer": "account_id"})
    gone.to_csv(folder / "churn_events.csv", index=False)
    pd.DataFrame({"usage_id": range(3), "contract_id": [1, 1, 2], "usage_date": ["2024-01-01"] * 3}).to_csv(
        folder / "usage.csv", index=False
    )


def contracts_alone(folder: Path) -> None:
    shop = cp.make_business(220, random_state=4)
    terms = shop.frames["subscriptions"].rename(columns={"customer": "account_id", "start": "start_date", "end": "end_date"})
    terms.to_parquet(folder / "subscriptions.parquet")


def seconds(folder: Path) -> None:
    log = visits()
    log.assign(ts=log.pop("paid_at").astype("int64") // 10**6, event="view").rename(columns={"who": "visitorid"}).to_csv(
        folder / "events.csv", index=False
    )


SHAPES = [orders_with_foreign_dates, two_columns, days_of_a_course, accounts_and_contracts, contracts_alone, seconds]


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("write", SHAPES)
def test_what_init_writes_runs_to_the_end(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(churn_pipeline, "default_classifier", lambda *_, **__: cp.ChurnClassifier(**LEARNER))
    write(tmp_path)
    for command in ("init", "train", "score", "report"):
        assert run(command) == 0, f"{command}: {capsys.readouterr().err}"
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores["risk"].between(0, 1).all()
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert run("init", "--config", "again.toml") == 0
    assert set(read_config(Path("again.toml")).tables) == set(read_config(Path("churn.toml")).tables)  # results are not taken for data


@pytest.mark.parametrize(
    ("texts", "forms"),
    [
        (["31.12.2023", "1.2.2024"], ["%d.%m.%Y"]),
        (["12/31/2010 8:26", "1/2/2011 17:05"], ["%m/%d/%Y %H:%M"]),
        (["1/2/2011", "3/4/2011"], ["%m/%d/%Y", "%d/%m/%Y"]),
        (["12/31/10"], ["%m/%d/%y"]),
        (["20240131"], ["%Y%m%d"]),
        (["5 Jan 2024 9:00:00 PM"], ["%d %b %Y %I:%M:%S %p"]),
        (["2024-01-31"], []),
        (["31.12.2023", "soon"], []),
        ([], []),
    ],
)
def test_formats_that_read_every_value(texts: list[str], forms: list[str]) -> None:
    assert fitting_formats(pa.array(texts, pa.string())) == forms
    for form in forms:
        assert read_formatted(pa.array([*texts, None]), form, table="t", name="at").null_count == 1


def test_times_are_read_as_declared() -> None:
    """The same log, written in five ways, is the same log."""
    days = pd.to_datetime(["2024-01-05", "2024-02-06", "2024-03-31"])
    ways: list[tuple[object, dict[str, str]]] = [
        (days, {}),
        (days.strftime("%m/%d/%Y"), {"format": "%m/%d/%Y"}),
        (days.strftime("%Y%m%d").astype(int), {"format": "%Y%m%d"}),
        ((days - pd.Timestamp(0)).days, {"unit": "d"}),
        ((days - pd.Timestamp(0)).days.astype(float).astype(str), {"unit": "d"}),
    ]
    seen = {
        repr(cp.EventTables(log=cp.Events(pd.DataFrame({"u": [1, 2, 2], "at": at}), customer="u", time="at", **how))) for at, how in ways
    }
    assert len(seen) == 1
    assert "2024-01-05 to 2024-03-31" in seen.pop()


@pytest.mark.parametrize(
    ("at", "how", "code", "told"),
    [
        (["31.01.2024", "x"], {}, "not-iso", 'Write them as "2024-09-01"'),
        (["31.01.2024", "1.2.2024"], {}, "not-iso", 'format="%d.%m.%Y"'),
        ([20240131, 20240201], {}, "epoch-unit", 'format="%Y%m%d"'),
        ([5, 6], {}, "epoch-unit", '"d" for numbers of days'),
        (["31.01.2024", "1.2.2024"], {"format": "%m.%d.%Y"}, "time-format", '"%d.%m.%Y"'),
        (["31.01.2024", "soon"], {"format": "%d.%m.%Y"}, "time-format", "in one way"),
        (["31.01.2024", "1.2.2024"], {"format": "%Q"}, "time-format", '"%d.%m.%Y"'),
    ],
)
def test_a_refused_time_tells_how_it_would_be_read(at: list[object], how: dict[str, str], code: str, told: str) -> None:
    with pytest.raises(TimeError) as caught:
        cp.EventTables(log=cp.Events(pd.DataFrame({"u": [1, 2], "at": at}), customer="u", time="at", **how))
    assert caught.value.code == code
    assert told in str(caught.value)


def test_numbers_with_the_name_of_something_else_are_no_times(tmp_path: Path) -> None:
    """Days late, calls of a day, minutes, a day of the week."""
    n = 300
    frame = pd.DataFrame(
        {"user": np.arange(n) % 40, "days_late": np.arange(n), "total_day_calls": np.arange(n), "response_time_minutes": range(n)}
    )
    frame.assign(day=np.arange(n) % 7).to_parquet(tmp_path / "log.parquet")
    assert guess(tmp_path / "log.parquet").kind not in ("events", "intervals", "states")


def test_what_an_event_was_about_and_its_own_number(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"order_id": range(6), "user": [1, 2] * 3, "at": "2024-01-01", "site_id": [7, 7, 8] * 2, "amount": [1.5, 2.5, 3.5] * 2}
    )
    frame.to_csv(tmp_path / "log.csv", index=False)
    found = guess(tmp_path / "log.csv").roles
    assert (found["item"], found["id"], found["value"]) == ("site_id", "order_id", "amount")


@pytest.mark.parametrize("people", ["of one account", "of all"])
def test_people_inside_accounts(tmp_path: Path, people: str) -> None:
    """Several people in each account, who act several times; people who serve all accounts are not inside one."""
    rng = np.random.default_rng(0)
    who = rng.integers(0, 90, 900)
    account = who // 3 if people == "of one account" else rng.integers(0, 30, 900)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 100 * 86_400, 900), unit="s")
    frame = pd.DataFrame({"account_id": [f"A{a}" for a in account], "user_id": [f"U{w}" for w in who], "occurred_at": at})
    frame.to_csv(tmp_path / "log.csv", index=False)
    found = guess(tmp_path / "log.csv").roles
    assert found["customer"] == "account_id"
    assert found.get("user") == ("user_id" if people == "of one account" else None)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_rows_of_nobody_are_counted_and_left_out(tmp_path: Path, ending: str) -> None:
    """As a data frame stores them: ids with gaps are decimal numbers."""
    log = visits()
    frame = pd.DataFrame({"CustomerID": log["who"].str[1:].astype(float), "at": log["paid_at"]})
    frame.loc[::9, "CustomerID"] = np.nan
    path = tmp_path / f"log.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    draft = draft_config([profile_table(path)], tmp_path)
    assert f'# {frame["CustomerID"].isna().sum():,} rows have no "CustomerID": they are left out' in draft.text
    tables = parse_config(draft.text, tmp_path / "churn.toml").event_tables()
    assert len(tables.streams["log"]) == frame["CustomerID"].notna().sum()
    assert len(tables) == frame["CustomerID"].nunique()


FLAT = [("Yes", "No"), (1, 0), (True, False), (1.0, 0.0), ("gone", "there")]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(("left", "stayed"), FLAT)
def test_a_flat_table_gets_a_script(tmp_path: Path, kind: str, left: object, stayed: object) -> None:
    rng = np.random.default_rng(0)
    tenure = rng.integers(0, 60, 200)
    gone = rng.random(200) < 0.35 * (tenure < 30)
    frame = pd.DataFrame({"customerID": [f"c{i}" for i in range(200)], "tenure": tenure, "Churn": np.where(gone, left, stayed)})
    path = tmp_path / f"telco.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    with pytest.raises(ConfigError, match="flat-table"):
        draft_config([profile_table(path)], tmp_path)
    script = flat_recipe(str(path))
    asked = script[script.index("y = ") : script.index("print(")]
    read = script[script.index("X = ") : script.index("y = ")]
    found: dict[str, object] = {"pd": pd}
    exec(read + asked, found)
    assert found["X"].index.name == "customerID"
    assert (found["y"].to_numpy() == gone).all()


def test_the_script_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    tenure, plan = rng.integers(0, 60, 400), rng.choice(["a", "b"], 400)
    frame = pd.DataFrame({"tenure": tenure, "plan": plan, "Churn": np.where(rng.random(400) < 0.5 * (tenure < 30), "Yes", "No")})
    frame["charges"] = [" ", *(20 + tenure[1:] + 0.01 * np.arange(1, 400)).astype(str)]  # one blank makes texts of all of them
    frame["phone"] = [f"555-{i}" for i in range(400)]
    frame.to_csv(tmp_path / "flat.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cp, "ChurnClassifier", partial(cp.ChurnClassifier, **LEARNER))
    exec(flat_recipe("flat.csv").split("Python:")[1], {})
    scores = pd.read_csv("scores.csv")
    assert scores["risk"].between(0, 1).all()
    assert scores["why"].str.contains("tenure|charges").any()
    assert scores["charges"].isna().sum() == 1
    assert "phone" not in scores
    assert "Audit" in capsys.readouterr().out


def test_no_outcome_no_script(tmp_path: Path) -> None:
    pd.DataFrame({"customer": [1, 2, 3], "churn_score": [0.1, 0.2, 0.3]}).to_csv(tmp_path / "flat.csv", index=False)
    assert flat_recipe(str(tmp_path / "flat.csv")) == ""


def test_rows_without_a_way_to_a_customer_are_counted(tmp_path: Path) -> None:
    """Orders of guests, without a mail, are left out with a word."""
    people = "".join(f"{700 + i},u{i}@x.example\n" for i in range(40))
    (tmp_path / "customers.csv").write_text("Customer ID,Email\n" + people)
    rows = [(f"u{i % 40}@x.example" if i % 25 else "", i) for i in range(600)]
    text = "".join(f"{i},{mail},2024-{1 + i % 12:02d}-{1 + i % 28:02d},5\n" for mail, i in rows)
    (tmp_path / "orders.csv").write_text("order_no,Email,ordered_at,total\n" + text)
    profiles, _ = read_profiles(found_files(tmp_path))
    assert "# 24 of 600 rows lead to no customer by customers: they are left out" in draft_config(profiles, tmp_path).text
