"""The help of each command names values as people do, at any width of the terminal."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from churnpredict.cli.commands import app

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
