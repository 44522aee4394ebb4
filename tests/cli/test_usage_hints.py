"""A command line that the parser refuses is answered with the one that was probably meant."""

from __future__ import annotations

import pytest
import typer
from tests.cli.test_commands import run

from churnpredict.cli.commands import app
from churnpredict.cli.usage_hints import CALLED, PURPOSE


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("fit", "churnpredict train"),
        ("predict", "churnpredict score"),
        ("plan", "churnpredict report"),
        ("trian", "train"),
        ("xyzzy", "churnpredict --help"),
        ("train orders.csv", "churnpredict init orders.csv"),
        ("train shop.toml", "churnpredict train --config shop.toml"),
        ("score churn.model", "churnpredict score --model churn.model"),
        ("--config shop.toml train --dry-run", "churnpredict train --config shop.toml --dry-run"),
    ],
)
def test_slips_are_answered_with_what_was_meant(typed: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*typed.split()) == 2
    assert meant in capsys.readouterr().err.splitlines()[-1]
    assert run(*typed.split(), "--format=json") == 2
    assert meant in capsys.readouterr().err.replace('\\"', '"')


def test_what_a_command_is_called_elsewhere_leads_to_one_that_there_is() -> None:
    there = typer.main.get_command(app).commands.keys()
    assert set(CALLED.values()) == PURPOSE.keys() <= there
    assert not CALLED.keys() & there


def test_a_mistyped_option_needs_no_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "--untl", "2024-01-01") == 2
    assert "churnpredict" not in capsys.readouterr().err.splitlines()[-1]
