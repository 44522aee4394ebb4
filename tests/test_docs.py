"""The documentation misses no public name, and its pages say what is so."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from churnpredict.cli import config
from churnpredict.cli.commands import app
from churnpredict.public_names import ON_TOP

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import make_gallery  # noqa: E402
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
        for n in re.findall(r"^\.\. auto(?:class|function|exception):: (?:churnpredict\.)?([\w.]+)$", page.read_text(), re.M)
    ]
    assert sorted(shown) == sorted(NAMES)
    commands = (tmp_path / "command-line.rst").read_text()
    for command in typer.main.get_command(app).commands:
        assert f"churnpredict {command}\n" in commands
    assert "``active_within``" in (tmp_path / "churn-toml.rst").read_text()


def test_a_name_without_a_page_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ON_TOP, "Stranger", "cellar.wine")
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


# Keys that an example needs beside it, by the key.
BESIDE = {
    "database": "",
    "query": 'database = "shop.duckdb"',
    "grows_by": 'database = "shop.duckdb"',
    "files": 'query = "SELECT * FROM orders"',
}


@pytest.mark.parametrize(("section", "key"), KEYS, ids=[f"{section} {key.name}" for section, key in KEYS])
def test_every_example_of_the_configuration_is_accepted_in_its_section(section: str, key: toml_page.Key) -> None:
    needed = [k.example for k in toml_page.sections()[section] if k.default == "needed" and k.name not in ("kind", "rule")]
    lines = [line for line in needed if line != key.example] + [key.example]
    kind = re.search(r'(kind|rule) = "(\w+)"', section)
    table = '[tables.orders]\nkind = "events"\nsource = "orders.csv"\ncustomer = "id"\ntime = "at"\n'
    churn = '[churn]\nrule = "inactivity"\nhorizon = "90d"\n'
    if section.startswith("[tables"):
        if kind is None:
            lines, kind = [key.example, 'customer = "id"', 'time = "at"'], re.search(r'(kind) = "(events)"', 'kind = "events"')
        beside = BESIDE.get(key.name, 'source = "orders.csv"')
        parts = {line for line in (*lines, beside, f'kind = "{kind[2]}"') if line}
        if key.name == "source":
            parts.discard('source = "orders.csv"')
            parts.add(key.example)
        text = churn + "[tables.one]\n" + "\n".join(sorted(parts))
    elif section.startswith("[churn]"):
        text = table + "[churn]\n" + "\n".join(dict.fromkeys([f'rule = "{kind[2]}"', *lines]))
    elif section.startswith("["):
        text = table + churn + section + "\n" + key.example
    else:
        text = key.example + "\n" + table + churn
    assert config.parse_config(text, Path("churn.toml"))


def test_every_choice_of_the_configuration_is_that_of_the_library() -> None:
    from churnpredict.churn.treatments import HANDLINGS
    from churnpredict.cli import setting_values
    from churnpredict.evaluation.audit_report import SEVERITIES
    from churnpredict.events.source import File
    from churnpredict.events.sources.upserts import KEYS as UPSERT_KEYS
    from churnpredict.events.sources.upserts import VANISHED

    there = {"treated": HANDLINGS, "raise_on": (*SEVERITIES[:2], "nothing"), "key": UPSERT_KEYS, "vanished": VANISHED}
    assert there == setting_values.CHOICES
    assert tuple(f.name for f in dataclasses.fields(File) if f.name != "path") == config.FILE


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


def test_every_command_shows_what_it_prints(tmp_path: Path) -> None:
    make_reference.write(tmp_path)
    sections = re.split(r"^churnpredict ([\w-]+)\n~+$", (tmp_path / "command-line.rst").read_text(), flags=re.M)
    shown = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert shown.keys() == typer.main.get_command(app).commands.keys()
    for command, text in shown.items():
        assert re.search(rf"^   \$ churnpredict {command}( .*)?\n   \S", text, re.M), command
        assert re.search(r"^   next: ", text, re.M), command


@pytest.mark.parametrize("entry", make_gallery.entries(), ids=lambda entry: entry.name)
def test_every_picture_of_the_gallery_stands_on_its_page_with_its_line_and_its_words(entry: make_gallery.Entry) -> None:
    page = make_gallery.PAGE.read_text(encoding="utf-8")
    assert f"```python\n{entry.line}\n```" in page
    for theme in make_gallery.THEMES:
        assert (make_gallery.FOLDER / f"{entry.name}-{theme}.png").stat().st_size > 1000
        alt = re.search(rf"!\[([^\]]+)\]\(gallery/{entry.name}-{theme}\.png\)", page)
        assert alt, "every picture is told in words"
        assert len(alt[1].split()) > 8


@pytest.mark.parametrize("entry", [e for e in make_gallery.entries() if e.line.startswith('why.plot("')], ids=lambda entry: entry.name)
def test_lines_of_reasons_give_what_their_picture_takes(entry: make_gallery.Entry) -> None:
    """A parameter that was renamed made a line of the page fail, and nothing said so."""
    from churnpredict.explanation import plots

    call = ast.parse(entry.line, mode="eval").body
    assert isinstance(call, ast.Call)
    (kind,) = (arg.value for arg in call.args if isinstance(arg, ast.Constant))
    draw = getattr(plots, f"plot_{kind}", None) or getattr(plots, f"plot_{kind}s")
    assert {keyword.arg for keyword in call.keywords} <= set(inspect.signature(draw).parameters)


def test_cards_take_their_sentence_from_the_page(tmp_path: Path) -> None:
    pytest.importorskip("docutils")
    import page_parts

    (tmp_path / "one.md").write_text(
        "# One\n\n*Accepted.* Concerns `a.py`.\n\n```python\ncode\n```\n\nWhat it **says**: [this](that.md). More.\n"
    )
    (tmp_path / "two.md").write_text("# 0002. Two\n\n| a | b |\n|---|---|\n\nSecond thing.\n")
    found = page_parts.listed(tmp_path, ["two | told here | window", "*"])
    assert found == [("two", "told here", "window"), ("one", "", "")]
    assert page_parts.first_sentence(tmp_path / "one.md") == "What it says: this."
    assert page_parts.first_sentence(tmp_path / "two.md") == "Second thing."
    assert page_parts.title_of(tmp_path / "two.md") == "0002. Two"


def test_long_sections_fold_and_wide_tables_name_their_cells() -> None:
    pytest.importorskip("docutils")
    pytest.importorskip("bs4")
    import page_parts

    head = "".join(f"<th>{c}</th>" for c in "abcd")
    table = f"<table><thead><tr>{head}</tr></thead><tbody><tr>{'<td>x</td>' * 4}</tr></tbody></table>"
    body = f"<section><h1>T</h1><section id='s'><h2>S</h2>{table}</section></section>"
    context = {"body": body}
    page_parts.finish_page(None, "features", "", context, None)
    assert '<details class="folded"><summary><h2>S</h2></summary><table class="wide">' in context["body"]
    assert '<td data-label="d">' in context["body"]
    untouched = {"body": "<p>no table</p>"}
    page_parts.finish_page(None, "index", "", untouched, None)
    assert untouched == {"body": "<p>no table</p>"}


def test_contributors_read_the_rooms_and_targets_that_there_are() -> None:
    """Both are written in CONTRIBUTING.md by hand: the rooms in the order of the import contract, the targets of the Makefile."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    (contract,) = (
        c for c in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"] if c["type"] == "layers"
    )
    layers = [name for layer in contract["layers"] for name in layer.split(" | ")]
    rooms = [name for name in layers if (ROOT / "src" / "churnpredict" / name / "__init__.py").exists() and name != "languages"]
    told = re.search(r"From the top: (.*?)small files below", page, re.S)
    assert told is not None
    assert re.findall(r"`(\w+)`", told[1]) == rooms
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.M)
    assert sorted(re.findall(r"^\| `make (\w+)`", page, re.M)) == sorted({*targets} - {"help", "clean"})
