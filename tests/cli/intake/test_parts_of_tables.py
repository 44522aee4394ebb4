"""A folder of tables is read file by file; months, years, sheets and members with the same columns are one table, with all their rows."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tomllib
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.cli.export_cases import D, P
from tests.cli.test_commands import run

from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import Draft, draft_config
from churnpredict.cli.intake.found_files import read_profiles, tables_under

ORDERS = D.assign(order_id=range(len(D))).rename(columns={"who": "customer_id", "at": "ordered_at", "eur": "amount"})
PEOPLE = P.rename(columns={"who": "customer_id", "first": "signup_date"})[["customer_id", "signup_date"]].assign(
    country=np.resize(["DE", "FR"], len(P))
)
TICKETS = D[::7].rename(columns={"who": "customer_id", "at": "opened_at"})[["customer_id", "opened_at"]]
YEARS = [(year, part) for year, part in ORDERS.groupby(ORDERS["ordered_at"].dt.year)]
MONTHS = [(month, part) for month, part in ORDERS.groupby(ORDERS["ordered_at"].dt.to_period("M"))]
NAMES = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember")


def drafted(paths: list[Path], folder: Path) -> tuple[Draft, dict[str, Any]]:
    profiles, refused = read_profiles(tables_under(paths))
    draft = draft_config(profiles, folder, refused=refused)
    return draft, tomllib.loads(draft.text)


def flat(folder: Path) -> None:
    ORDERS.to_csv(folder / "orders.csv", index=False)
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def mixed(folder: Path) -> None:
    ORDERS.to_parquet(folder / "orders.parquet")
    TICKETS.to_json(folder / "tickets.jsonl", orient="records", lines=True, date_format="iso")


def months_in_a_folder(folder: Path) -> None:
    flat(folder)
    (folder / "orders.csv").unlink()
    (folder / "orders").mkdir()
    for month, part in MONTHS:
        part.to_csv(folder / "orders" / f"{month}.csv", index=False)


def years_as_folders(folder: Path) -> None:
    for year, part in YEARS:
        (folder / str(year)).mkdir()
        part.to_csv(folder / str(year) / "orders.csv", index=False)
        TICKETS[TICKETS["opened_at"].dt.year == year].to_csv(folder / str(year) / "tickets.csv", index=False)


def shops_as_folders(folder: Path) -> None:
    for place, rest in (("berlin", 0), ("lyon", 1)):
        (folder / place).mkdir()
        ORDERS[ORDERS["customer_id"] // 13 % 2 == rest].to_parquet(folder / place / "orders.parquet")
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def parts_of_an_engine(folder: Path) -> None:
    (folder / "orders").mkdir()
    for i, name in enumerate(("3f2c1e1a-07d4-4f7e-9f0a-1f2e3d4c5b6a", "a0b1c2d3-07d4-4f7e-9f0a-1f2e3d4c5b6a")):
        ORDERS[i::2].to_parquet(folder / "orders" / f"part-{i:05d}-{name}-c000.snappy.parquet")
    (folder / "orders" / "_SUCCESS").touch()
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def hive(folder: Path) -> None:
    for year, part in YEARS:
        (folder / "orders" / f"year={year}").mkdir(parents=True)
        part.to_parquet(folder / "orders" / f"year={year}" / "data.parquet")
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def sheets(folder: Path) -> None:
    with pd.ExcelWriter(folder / "orders.xlsx") as book:
        for (_, part), name in zip(MONTHS[-12:], NAMES, strict=True):
            part.to_excel(book, sheet_name=name, index=False)
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def members(folder: Path) -> None:
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        for month, part in MONTHS:
            archive.writestr(f"orders_{month}.csv", part.to_csv(index=False))
        archive.writestr("tickets.csv", TICKETS.to_csv(index=False))


def names_of_months(folder: Path) -> None:
    for (_, part), name in zip(MONTHS[-12:], NAMES, strict=True):
        part.to_csv(folder / f"orders_{name}.csv", index=False)
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def a_column_came_later(folder: Path) -> None:
    for year, part in YEARS:
        (part.drop(columns="amount") if year == 2023 else part).to_csv(folder / f"orders_{year}.csv", index=False)
    TICKETS.to_csv(folder / "tickets.csv", index=False)


def lists_of_a_document(folder: Path) -> None:
    lists = {"orders": ORDERS, "tickets": TICKETS}
    document = {name: json.loads(frame.to_json(orient="records", date_format="iso")) for name, frame in lists.items()}
    (folder / "dump.json").write_text(json.dumps({"exported": "2025-03-01", **document}), encoding="utf-8")


def database(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as connection:
        for year, part in YEARS:
            part.astype({"ordered_at": str}).to_sql(f"orders_{year}", connection, index=False)
        TICKETS.astype({"opened_at": str}).to_sql("tickets", connection, index=False)


CASES: list[Callable[[Path], None]] = [
    flat,
    mixed,
    months_in_a_folder,
    years_as_folders,
    shops_as_folders,
    parts_of_an_engine,
    hive,
    sheets,
]
CASES += [members, names_of_months, a_column_came_later, lists_of_a_document, database]


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("write", CASES, ids=lambda w: w.__name__)
def test_a_folder_is_read_as_its_tables(write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same by its path, as "." and without an argument; every row is read once."""
    write(tmp_path)
    PEOPLE.to_csv(tmp_path / "customers.csv", index=False)
    draft, found = drafted([tmp_path], tmp_path)
    tables = parse_config(draft.text, tmp_path / "churn.toml").event_tables()
    wanted = pd.concat(part for _, part in MONTHS[-12:]) if write in (sheets, names_of_months) else ORDERS
    assert set(found["tables"]) == {"orders", "tickets", "customers"}
    assert len(tables.streams["orders"]) == len(wanted)
    assert len(tables.streams["tickets"]) == len(TICKETS)
    told = wanted if write is not a_column_came_later else wanted[wanted["ordered_at"].dt.year > 2023]
    assert tables.streams["orders"].columns["value"][~pd.isna(tables.streams["orders"].columns["value"])].sum() == pytest.approx(
        told["amount"].sum()
    )
    assert found["churn"]["of"] == "orders"
    assert ("1 of 3 parts have no amount" in draft.text) == (write is a_column_came_later)
    monkeypatch.chdir(tmp_path)
    for paths in ([Path()], [Path(".")]):
        assert drafted(paths, Path())[0].text == draft.text


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_globs_folders_and_files_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    months_in_a_folder(tmp_path)
    PEOPLE.to_csv(tmp_path / "customers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert run("init", "orders", "*.csv", "tickets.csv", "--yes") == 0
    found = tomllib.loads(Path("churn.toml").read_text(encoding="utf-8"))["tables"]
    assert {name: table["source"] for name, table in found.items()} == {
        "orders": "orders/*-*.csv",
        "tickets": "tickets.csv",
        "customers": "customers.csv",
    }
    assert "orders/*-*.csv" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_copies_results_and_other_projects_are_not_tables(tmp_path: Path) -> None:
    flat(tmp_path)
    shutil.copy(tmp_path / "orders.csv", tmp_path / "orders (1).csv")
    (tmp_path / "old").mkdir()
    ORDERS[:900].to_csv(tmp_path / "old" / "orders.csv", index=False)
    PEOPLE[["customer_id"]].assign(cutoff="2025-01-01", risk=0.5, model_id="m").to_csv(tmp_path / "scores.csv", index=False)
    pd.DataFrame({c: [1] for c in ("cutoff", "model", "metric", "train_rate")}).to_csv(tmp_path / "backtest.csv", index=False)
    for name, inside in (("other", "churn.toml"), (".hidden", "x"), ("node_modules", "x")):
        (tmp_path / name).mkdir()
        (tmp_path / name / inside).touch()
        ORDERS.to_csv(tmp_path / name / "orders.csv", index=False)
    (tmp_path / "old" / "again").symlink_to(tmp_path, target_is_directory=True)  # a circle
    draft, found = drafted([tmp_path], tmp_path)
    assert set(found["tables"]) == {"orders", "tickets"}
    assert "to the last byte; not used" in draft.text
    assert "under the same name: name it" in draft.text
    assert "scores: written by churnpredict" in draft.text
    assert "backtest.csv: written by churnpredict" in draft.text


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_logs_of_other_things_with_the_same_columns_stay_apart(tmp_path: Path) -> None:
    for name, rows in (("orders", ORDERS), ("refunds", ORDERS[::20]), ("export_1", ORDERS[["customer_id", "ordered_at"]])):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    TICKETS.assign(agent=1, text="", grade=2).to_csv(tmp_path / "export_2.csv", index=False)
    _, found = drafted([tmp_path], tmp_path)
    assert set(found["tables"]) == {"orders", "refunds", "export_1", "export_2"}


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_word_that_may_name_a_part_is_told(tmp_path: Path) -> None:
    for name, rest in (("orders_north", 0), ("orders_south", 1)):
        ORDERS[ORDERS["customer_id"] // 13 % 4 // 2 == rest].to_csv(tmp_path / f"{name}.csv", index=False)
    text = drafted([tmp_path], tmp_path)[0].text
    assert "# the same columns as orders_south: if they are parts of one table, name them in one glob" in text


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
@pytest.mark.parametrize("holder", ["zip", "sheets", "folders"])
def test_months_that_stand_only_in_names(holder: str, tmp_path: Path) -> None:
    panel = ORDERS.groupby(["customer_id", ORDERS["ordered_at"].dt.to_period("M")])["amount"].sum().reset_index()
    parts = [(month, part[["customer_id", "amount"]]) for month, part in panel.groupby("ordered_at")]
    if holder == "zip":
        with zipfile.ZipFile(tmp_path / "panel.zip", "w") as archive:
            for month, part in parts:
                archive.writestr(f"revenue_{month}.csv", part.to_csv(index=False))
    elif holder == "sheets":
        with pd.ExcelWriter(tmp_path / "revenue.xlsx") as book:
            for month, part in parts:
                part.to_excel(book, sheet_name=f"{NAMES[month.month - 1]} {month.year}", index=False)
    else:
        for month, part in parts:
            (tmp_path / str(month)).mkdir()
            part.to_csv(tmp_path / str(month) / "revenue.csv", index=False)
    draft, found = drafted([tmp_path], tmp_path)
    (table,) = found["tables"].values()
    assert (table["time"], table["known_after"]) == ("file_month", "month")
    (stream,) = parse_config(draft.text, tmp_path / "churn.toml").event_tables().streams.values()
    assert len(stream) == len(panel)
    assert stream.columns["value"].sum() == pytest.approx(panel["amount"].sum())


@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_no_table_takes_the_place_of_another(tmp_path: Path) -> None:
    """What the names of parts have in common is the name of another file."""
    for year, part in YEARS:
        part.to_csv(tmp_path / f"orders_{year}.csv", index=False)
    TICKETS.to_csv(tmp_path / "orders.csv", index=False)
    draft, found = drafted([tmp_path], tmp_path)
    assert set(found["tables"]) == {"orders", "orders_2"}
    streams = parse_config(draft.text, tmp_path / "churn.toml").event_tables().streams
    assert {len(stream) for stream in streams.values()} == {len(ORDERS), len(TICKETS)}
