"""Files for each day are read together where they are alike, and one by one where any of them is written in another way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnpredict.cli.intake.found_files import read_profiles, tables_under
from churnpredict.cli.intake.many_files import tables_of_many
from churnpredict.cli.intake.parts_of_tables import one_of_many

DAYS = pd.date_range("2024-01-05", periods=40)
ROWS = 6


def orders(day: pd.Timestamp) -> pd.DataFrame:
    random = np.random.default_rng(day.day_of_year)
    paid = [f"{day:%Y-%m-%d} {hour:02d}:00:00" for hour in range(8, 8 + ROWS)]
    return pd.DataFrame({"customer": random.integers(0, 25, ROWS), "paid_at": paid, "amount": random.integers(100, 90_000, ROWS) / 100})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for day in DAYS:
        orders(day).to_csv(tmp_path / f"orders_{day:%Y-%m-%d}.csv", index=False)
    return tmp_path


TOTAL = round(sum(orders(day)["amount"].sum() for day in DAYS), 2)


def test_alike_files_are_one_table_with_all_rows(folder):
    orders(DAYS[0]).to_csv(folder / "other.csv", index=False)
    paths = tables_under([folder])
    (whole,), single = tables_of_many(paths)
    assert (whole.rows, round(float(whole.columns["amount"].numbers.sum()), 2)) == (len(DAYS) * ROWS, TOTAL)
    assert (whole.name, single) == ("orders", [folder / "other.csv"])
    profiles, refused = read_profiles(paths)
    assert [p.name for p in profiles] == ["orders"]
    assert list(refused) == [str(folder / "other.csv")]


def test_alike_parquet_files_are_one_table(tmp_path):
    for day in DAYS:
        orders(day).to_parquet(tmp_path / f"orders_{day:%Y%m%d}.parquet", index=False)
    (whole,), single = tables_of_many(tables_under([tmp_path]))
    assert (whole.rows, round(float(whole.columns["amount"].numbers.sum()), 2), single) == (len(DAYS) * ROWS, TOTAL, [])


def comma(path: Path, frame: pd.DataFrame) -> None:
    told = [f'{row.customer},{row.paid_at},"{row.amount:.2f}"'.replace(".", ",") for row in frame.itertuples()]
    path.write_text("\n".join(["customer,paid_at,amount", *told, ""]))


def total_below(path: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(path, index=False)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"Total,,{frame['amount'].sum():.2f}\n")


def another_column(path: Path, frame: pd.DataFrame) -> None:
    frame.assign(shop="A").to_csv(path, index=False)


def another_order(path: Path, frame: pd.DataFrame) -> None:
    frame.iloc[:, ::-1].to_csv(path, index=False)


def empty_times(path: Path, frame: pd.DataFrame) -> None:
    frame.assign(paid_at="").to_csv(path, index=False)


@pytest.mark.parametrize("written", [comma, total_below, another_column, another_order, empty_times])
def test_one_file_that_is_written_otherwise_leads_to_each_file(folder, written):
    day = DAYS[17]  # not one of those that are looked at first
    written(folder / f"orders_{day:%Y-%m-%d}.csv", orders(day))
    assert tables_of_many(tables_under([folder])) == ([], tables_under([folder]))


def test_words_among_dates_lead_to_each_file(folder):
    for k, day in enumerate(DAYS):
        due = "on receipt" if k == 17 else f"{day:%d-%b-%Y}"
        orders(day).assign(due=due).to_csv(folder / f"orders_{day:%Y-%m-%d}.csv", index=False)
    assert tables_of_many(tables_under([folder]))[0] == []


def test_files_with_totals_lead_to_each_file(folder):
    for day in DAYS:
        total_below(folder / f"orders_{day:%Y-%m-%d}.csv", orders(day))
    assert tables_of_many(tables_under([folder]))[0] == []


def test_files_without_times_keep_the_date_of_their_names(folder):
    for day in DAYS:
        orders(day).drop(columns="paid_at").to_csv(folder / f"orders_{day:%Y-%m-%d}.csv", index=False)
    assert tables_of_many(tables_under([folder]))[0] == []


def test_few_files_are_looked_at_one_by_one(folder):
    paths = tables_under([folder])[:20]
    assert tables_of_many(paths) == ([], paths)


def test_exports_that_overlap_count_their_rows_once(tmp_path):
    for day, before in zip(DAYS[1:], DAYS, strict=False):  # each export repeats the day before
        pd.concat([orders(before), orders(day)]).to_csv(tmp_path / f"orders_{day:%Y-%m-%d}.csv", index=False)
    profiles, _ = read_profiles(tables_under([tmp_path]))
    (whole,) = one_of_many(profiles)
    assert (whole.rows, round(float(whole.columns["amount"].numbers.sum()), 2)) == (len(DAYS) * ROWS, TOTAL)


def test_many_files_of_backtests_are_not_tables(tmp_path):
    for day in DAYS:
        told = pd.DataFrame({"cutoff": [f"{day:%Y-%m-%d}"], "model": ["model"], "metric": ["auc"], "train_rate": [day.day / 100]})
        told.to_csv(tmp_path / f"backtest_{day:%Y-%m-%d}.csv", index=False)
    orders(DAYS[0]).to_csv(tmp_path / "orders.csv", index=False)
    profiles, refused = read_profiles(tables_under([tmp_path]))
    assert ([p.name for p in profiles], refused) == (["orders"], {"backtest_*-*-*.csv": "written by churnpredict"})
