"""Outputs of a scoring run are refused before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_config import GOOD

from churnpredict.cli.config import Config, read_config
from churnpredict.cli.scoring_checks import Copied, check_scoring
from churnpredict.errors import ChurnError


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text("who,paid_at,eur\na,2024-01-01,1\n")
    (tmp_path / "churn.toml").write_text(GOOD)
    return read_config(tmp_path / "churn.toml")


def checked(settings: Config, target: str, **given: object) -> None:
    usual: dict[str, object] = {"folder": "." not in target, "unscored": None, "only": {}, "copied_to": None, "reads": {}}
    check_scoring(settings, Path(target), **(usual | given))  # type: ignore[arg-type]


def test_files_and_folders_that_can_be_written_pass(settings: Config) -> None:
    checked(settings, "scores.csv", unscored=Path("unscored.csv"))
    checked(settings, "runs", only={"keep": 3}, copied_to="book.duckdb")


@pytest.mark.parametrize(
    ("target", "given", "code"),
    [
        ("scores.pdf", {}, "unknown-ending"),
        ("runs", {"unscored": Path("unscored.csv")}, "needs-file"),
        ("scores.csv", {"only": {"keep": 3}}, "needs-folder"),
        ("scores.csv", {"unscored": Path("scores.csv")}, "same-output"),
        ("orders.csv", {}, "output-is-input"),
    ],
)
def test_what_cannot_or_must_not_be_written_is_refused(settings: Config, target: str, given: dict[str, object], code: str) -> None:
    with pytest.raises(ChurnError) as refused:
        checked(settings, target, **given)
    assert refused.value.code == code
    assert not Path(target).exists() or target == "orders.csv"


def test_what_went_into_a_database_is_said() -> None:
    lines: list[object] = []
    copied = Copied(lines.append)
    assert copied.told() == ""
    copied({"event": "copied", "customers": 1200})
    assert copied.told() == "\ncopied 1,200 rows into the database"
    copied({"event": "copied", "customers": 1200, "new": 1, "changed": 2, "unchanged": 1197, "vanished": 0})
    assert copied.told() == "\nrows in the database: 1 new, 2 changed, 1,197 unchanged, 0 vanished"
    assert len(lines) == 2
