"""The documentation misses no public name, and its pages say what is so."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest

import churnpredict as cp
from churnpredict.cli import config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import make_reference  # noqa: E402
import toml_page  # noqa: E402

NAMES = make_reference.public_names()


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_and_method_is_explained(name: str) -> None:
    thing = make_reference.thing_of(name)
    assert inspect.getdoc(thing), name
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)):
                assert inspect.getdoc(getattr(thing, member)), f"{name}.{member}"


def test_every_public_name_is_in_the_reference(tmp_path: Path) -> None:
    make_reference.write(tmp_path)
    shown = [
        n
        for page in tmp_path.glob("*.rst")
        for n in re.findall(r"^\.\. auto(?:class|function|exception):: ([\w.]+)$", page.read_text(), re.M)
    ]
    assert sorted(shown) == sorted(NAMES)
    commands = (tmp_path / "command-line.rst").read_text()
    for command in ("demo", "init", "check", "train", "score", "backtest", "check-model"):
        assert f"churnpredict {command}\n" in commands
    assert "``active_within``" in (tmp_path / "churn-toml.rst").read_text()


def test_a_name_without_a_page_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cp._HOME, "Stranger", "cellar.wine")
    with pytest.raises(LookupError, match="cellar"):
        make_reference.group_of("Stranger")


def test_no_page_tells_of_a_machine() -> None:
    pages = [p for p in (ROOT / "docs").rglob("*") if p.suffix in {".md", ".py", ".svg", ".css"} and "_build" not in p.parts]
    assert len(pages) > 10
    for page in pages:
        assert not re.search(r"/(home|root|work|tmp)/\w|/Users/", page.read_text(encoding="utf-8")), page


def test_a_decision_is_titled_by_its_number() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        assert page.read_text().startswith(f"# {page.name[:4]}. "), page.name


KEYS = [(section, key) for section, keys in toml_page.sections().items() for key in keys]


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[f"{section} {key.name}" for section, key in KEYS])
def test_every_key_of_the_configuration_is_explained_with_an_example_that_can_be_read(section: str, key: toml_page.Key) -> None:
    assert all(cell.strip() for cell in key), f"{section}: {key.name} has an empty cell"
    assert list(tomllib.loads(key.example)) == [key.name]
    assert key.means.endswith(".")
    assert len(key.means) < 200, "one sentence"


def test_the_page_of_the_configuration_has_every_key_of_every_class() -> None:
    page = toml_page.page()
    for cls in (config.Settings, config.Planning, config.Output):
        for field in dataclasses.fields(cls):
            assert f"``{field.name}``" in page
    for name in ("source", "database", "files", "encoding", "timezone", "language" if hasattr(config.Config, "language") else "timezone"):
        assert f"   * - ``{name}``\n" in page


def test_commands_are_told_by_task_with_their_usage(tmp_path: Path) -> None:
    make_reference.write(tmp_path)
    page = (tmp_path / "command-line.rst").read_text()
    for task in make_reference.TASKS:
        assert f"\n{task}\n" in page
    assert "   $ churnpredict train" in page
