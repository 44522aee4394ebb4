"""Files and folders whose own names hold the signs of wildcards: read as they are called, and never together with others."""

from __future__ import annotations

import glob
from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.events.sources.wildcards import as_pattern, files_of, fixed_part, has_wildcards, plain_path

ROWS = pd.DataFrame({"who": ["a", "a", "b"], "at": ["2024-01-01", "2024-02-01", "2024-03-01"], "eur": [1.0, 2.0, 3.0]})
WRITERS = {
    ".csv": lambda path: ROWS.to_csv(path, index=False),
    ".csv.gz": lambda path: ROWS.to_csv(path, index=False),
    ".parquet": lambda path: ROWS.to_parquet(path, index=False),
    ".jsonl": lambda path: ROWS.to_json(path, orient="records", lines=True),
    ".xlsx": lambda path: ROWS.to_excel(path, index=False),
}
STEMS = ("orders[1]", "orders [a-z]", "or*ders", "what?", "[[]", "a]b[c")


def rows_of(source: object) -> int:
    return len(cp.EventTables(orders=cp.Events(source, customer="who", time="at", value="eur", repeats="keep")).streams["orders"])


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("stem", STEMS)
def test_a_file_is_found_under_its_own_name(tmp_path: Path, stem: str, ending: str) -> None:
    path = tmp_path / f"{stem}{ending}"
    WRITERS[ending](path)
    assert rows_of(str(path)) == len(ROWS)
    assert rows_of(path) == len(ROWS)
    assert rows_of(cp.File(path)) == len(ROWS)


def test_a_name_that_could_match_others_means_itself(tmp_path: Path) -> None:
    ROWS.to_csv(tmp_path / "orders[1].csv", index=False)
    ROWS.to_csv(tmp_path / "orders1.csv", index=False)
    ROWS.head(1).to_parquet(tmp_path / "day*.parquet", index=False)
    ROWS.to_parquet(tmp_path / "day2.parquet", index=False)
    assert rows_of(str(tmp_path / "orders[1].csv")) == 3
    assert rows_of(str(tmp_path / "day*.parquet")) == 1, "day2.parquet is another file"
    assert rows_of(str(tmp_path / "day[2].parquet")) == 3, "no file is called so: a wildcard"
    assert rows_of(str(tmp_path / "orders*.csv")) == 6


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_folders_with_such_names(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "[client] 2024*"
    for key in ("k=1", "k=[2]"):
        (folder / key).mkdir(parents=True)
        WRITERS[ending](folder / key / f"part[0]{ending}")
    assert rows_of(folder) == 6
    assert rows_of(f"{folder}/k=*/*{ending}") == 6
    assert rows_of(f"{folder}/k=[[]*/*{ending}") == 3
    if ending != ".jsonl":
        tables = cp.EventTables(orders=cp.Events(folder, customer="who", time="at", kind="k", repeats="keep"))
        assert sorted(tables.kinds("orders")) == ["1", "[2]"]


def test_commands_in_such_a_folder(tmp_path: Path) -> None:
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.errors import UsageError

    folder = tmp_path / "[client] data"
    folder.mkdir()
    ROWS.to_csv(folder / "orders.csv", index=False)
    (folder / "churn.toml").write_text(
        '[tables.orders]\nkind = "events"\nsource = "orders*.csv"\ncustomer = "who"\ntime = "at"\n'
        '[churn]\nrule = "inactivity"\nhorizon = "30d"\n'
    )
    settings = read_config(folder / "churn.toml")
    assert len(settings.event_tables().streams["orders"]) == 3
    refuse_clashes({"scores": folder / "scores.csv"}, settings=settings)
    for inside in ("orders.csv", "orders_new.csv"):
        with pytest.raises(UsageError, match="output-is-input"):
            refuse_clashes({"scores": folder / inside}, settings=settings)


def test_a_kept_history_reads_only_the_new_file(tmp_path: Path) -> None:
    folder = tmp_path / "log [kept]"
    folder.mkdir()
    ROWS.to_parquet(folder / "1[a].parquet", index=False)
    declared = {"orders": cp.Events(str(folder / "*.parquet"), customer="who", time="at", value="eur")}
    with cp.runs.open_history(tmp_path / "kept", **declared) as first:
        assert sum(len(part.streams["orders"]) for part in first) == 3
    ROWS.assign(who="c").to_parquet(folder / "2[b].parquet", index=False)
    with cp.runs.open_history(tmp_path / "kept", **declared) as kept:
        assert sum(len(part.streams["orders"]) for part in kept) == 6


def test_parts_of_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "[x]").mkdir()
    pattern = as_pattern(tmp_path / "[x]" / "a*.csv")
    assert has_wildcards(pattern)
    assert plain_path(pattern) == str(tmp_path / "[x]" / "a*.csv")
    assert fixed_part(pattern) == str(tmp_path / "[x]") + "/"
    assert as_pattern(pattern) == pattern
    (tmp_path / "[x]" / "ab.csv").write_text("")
    assert files_of(pattern) == [str(tmp_path / "[x]" / "ab.csv")]
    assert not has_wildcards(glob.escape("[*]?"))
    assert as_pattern("plain.csv") == "plain.csv"
    assert fixed_part("plain.csv") == ""


def test_what_is_not_there_is_named_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "[x]").mkdir()
    with pytest.raises(cp.ChurnError, match="missing-file") as error:
        rows_of(str(tmp_path / "[x]" / "b?.csv"))
    assert "[x]/b?.csv" in str(error.value)
