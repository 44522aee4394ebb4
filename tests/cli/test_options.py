"""Options that commands share: names of values in the help, results, questions, and files named on the command line."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from churnpredict.cli import options
from churnpredict.cli.commands import app
from churnpredict.cli.intake.draft_tables import Question
from churnpredict.errors import UsageError

COMMANDS = sorted(str(c.name or c.callback.__name__.replace("_", "-")) for c in app.registered_commands if c.callback)


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_type_of_python_is_shown(command: str, width: int) -> None:
    text = CliRunner().invoke(app, [command, "--help"], terminal_width=width).output
    assert not re.search(r"<\w|list\[|\bPath\b|INTEGER|\brange\b", text), text
    assert "--help" in text
    assert max(map(len, text.splitlines())) <= width


def test_values_have_names() -> None:
    text = CliRunner().invoke(app, ["init", "--help"], terminal_width=100).output
    assert "FILES  Files, folders or globs" in text
    assert "--config FILE" in text
    text = CliRunner().invoke(app, ["score", "--help"], terminal_width=100).output
    for shown in ("--keep N", "--keep-history FOLDER", "--output FILE", "--at TIME", "--detail [words|drivers]"):
        assert shown in text


def test_results_are_json_or_text_with_the_next_step(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options.tell({"rows": 3, "path": tmp_path}, "3 rows", options.Format.json, "open it")
    assert json.loads(capsys.readouterr().out) == {"rows": 3, "path": str(tmp_path)}
    options.tell({"rows": 3}, "3 rows", options.Format.text, "open it")
    assert capsys.readouterr().out == "3 rows\nnext: open it\n"


def test_a_command_is_told_as_it_is_typed() -> None:
    assert options.typed("train", Path("churn.toml")) == "churnpredict train"
    assert options.typed("train", Path("shop/churn.toml")) == "churnpredict train --config shop/churn.toml"


@pytest.mark.parametrize(("answer", "chosen"), [("1\n", 0), ("2\n", 1), ("7\n", 0), ("\n", 0), ("x\n2\n", 1)])
def test_a_question_is_answered_by_its_number(answer: str, chosen: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert options.ask(Question("Which day comes first?", ("day", "month"))) == chosen


def test_a_file_or_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ids.txt").write_bytes(b"a\nb\n")
    assert options.content_of(tmp_path / "ids.txt") == b"a\nb\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"c\n")))
    assert options.content_of(Path("-")) == b"c\n"
    for wrong in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(UsageError, match="missing-file"):
            options.content_of(wrong)


def test_counts_are_told_as_people_read_them() -> None:
    assert options.in_words({"high": 1234, "low": 5}) == "1,234 high, 5 low"
    assert options.in_words({}) == ""
