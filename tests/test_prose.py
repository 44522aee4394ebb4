"""The linter for the language of the project, docs/prose.py: what it finds, where, and what it leaves alone."""

import importlib.util
import json
from pathlib import Path

import pytest

_PATH = Path(__file__).parent.parent / "docs" / "prose.py"
_SPEC = importlib.util.spec_from_file_location("prose", _PATH)
prose = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(prose)


def rules_of(text, kind="docs"):
    return [hit.rule for hit in prose.check(prose.Piece(1, kind, text))]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("terms", "The back-test ran on three cutoffs."),
        ("terms", "The model is better than the old ways."),
        ("terms", "Nothing tells the two models apart."),
        ("terms", "A join is twice as dear."),
        ("terms", "Scores of a night are written at once."),
        ("terms", "Findings at least as grave refuse the training."),
        ("terms", "Predictions are held against outcomes."),
        ("terms", "Money at risk of the whole book."),
        ("idioms", "A refund is no activity of the customer."),
        ("idioms", "It contacts whoever promises a profit."),
        ("idioms", "The name speaks of the outcome."),
        ("idioms", "The values are said to be money."),
        ("idioms", "Nobody knows which label means left."),
        ("idioms", "A value given by the user goes before all that."),
        ("idioms", "Tables as they stood at a moment."),
        ("idioms", "The folder is made if need be."),
        ("idioms", "The figures stand in the last column."),
        ("idioms", "An order at the very cutoff counts."),
        ("idioms", "The season that the past bears out is used."),
        ("idioms", "The risks have come true."),
        ("idioms", "A restart takes up what was done."),
        ("terms", "All files are read every night."),
        ("terms", "The books tell that a customer has left."),
        ("tone", "We train the model on past cutoffs."),
        ("tone", "Please report it."),
        ("tone", "This simply works."),
        ("tone", "In order to train, load the tables."),
        ("jargon", "The command is idempotent."),
        ("exclamation", "It works!"),
        ("bare who", "Who left in the gap has no row."),
        ("bare who", "Two rules. Who has no score is listed."),
        ("length", "The word " + "again and " * 30 + "ends."),
    ],
)
def test_a_planted_sentence_is_found_once_with_advice(rule, text):
    hits = list(prose.check(prose.Piece(7, "docs", text)))
    assert [hit.rule for hit in hits] == [rule]
    assert hits[0].line == 7
    assert hits[0].words
    assert hits[0].advice


@pytest.mark.parametrize(
    "text",
    [
        "The backtest compares the model with three baselines.",
        "The difference is not significant.",
        "The number 0 stands in for a missing one; the model stands by itself.",
        "A timestamp without a zone is a wall time.",
        "Customers who left in the gap are dropped: there was no time to act.",
        "There is no longer a table of that name.",
        "Who leaves, and why?",
        "The playbook holds one remedy per driver, the workbook one sheet.",
        'The option `--night` and the string "who left, whoever it was" are quoted.',
        "Exact values: n! m! / (n + m + 1)!, and 5! cells.",
        "![A long description of a picture " + "and more " * 40 + "](picture.svg)",
        "Return the share of leavers; the status US is a country.",
    ],
)
def test_good_sentences_pass(text):
    assert [h for h in prose.check(prose.Piece(1, "docs", text)) if h.words != "US"] == []


def test_a_docstring_of_a_function_begins_with_a_verb_and_that_of_a_class_or_property_need_not():
    code = (
        '"""The module of a test."""\n\n\nclass Rule:\n    """A rule."""\n\n'
        '    @property\n    def span(self):\n        """The length."""\n\n'
        '    def at(self):\n        """The customers at a moment."""\n\n'
        '    def good(self):\n        """Return the customers."""\n'
    )
    hits = [(hit.line, hit.rule) for piece in prose.of_python(code) for hit in prose.check(piece)]
    assert hits == [(12, "verb first")]


def test_a_module_says_what_is_in_it_and_asks_nothing():
    bad = (
        "What decides how rows are read.",
        "Which files are tables.",
        "From the risks of people to the risk of accounts.",
        "How sure it is.",
    )
    for text in bad:
        hits = [hit.rule for piece in prose.of_python(f'"""{text}"""\n') for hit in prose.check(piece)]
        assert hits == ["module"], text
    for text in ("Versions that decide how rows are read.", "Find the files that are tables.", "Whole numbers.", "Read ids from a column."):
        assert not [hit for piece in prose.of_python(f'"""{text}"""\n') for hit in prose.check(piece)], text


def test_messages_and_comments_of_python_are_read_and_code_is_not():
    code = (
        "import x\n\n"
        'raise x.Error("bad", f"the column {name} is no number of the table", remedy="Use it.")  # we say why\n'
        'x.run("SELECT a FROM b WHERE c is no number at all")\n'
        'x.words = "whoever* whom* whatever* night* nightly*"\n'
        "y = 1  # noqa: S608\n"
    )
    hits = sorted((hit.line, hit.rule, hit.words) for piece in prose.of_python(code) for hit in prose.check(piece))
    assert hits == [(3, "idioms", "is no"), (3, "tone", "we")]


def test_examples_and_types_in_docstrings_are_no_prose():
    code = (
        'def f(a):\n    """Return a number.\n\n    Parameters\n    ----------\n    whoever : int\n        The night is a scoring run.\n\n'
        '    Examples\n    --------\n    >>> f("whoever it is")\n    \'as dear\'\n    """\n'
    )
    hits = [(hit.line, hit.words) for piece in prose.of_python(code) for hit in prose.check(piece)]
    assert hits == [(7, "The night")]


def test_markdown_is_read_by_paragraph_and_cell_without_code():
    text = "# A heading\n\nA line of\nwhoever it is.\n\n```python\n# whoever\n```\n\n| a | b |\n|---|---|\n| whoever | `whoever` |\n"
    hits = [(hit.line, hit.words) for piece in prose.of_markdown(text) for hit in prose.check(piece)]
    assert hits == [(4, "whoever"), (12, "whoever")]
    assert rules_of("A heading that goes on and on until it names three subjects and a verb and more", "heading") == ["heading"]


def test_notebooks_are_read_at_their_lines_without_code_cells():
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["A good line.\n", "Then whoever it was."]},
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": ["# whoever"]},
    ]
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    hits = [hit for piece in prose.of_notebook(text) for hit in prose.check(piece)]
    assert [hit.words for hit in hits] == ["whoever"]
    assert "whoever" in text.split("\n")[hits[0].line - 1]


def test_the_command_prints_file_line_rule_and_remedy(tmp_path, capsys):
    (tmp_path / "page.md").write_text("Fine.\n\nIt is no number.\n", encoding="utf-8")
    assert prose.main([str(tmp_path)]) == 1
    first = capsys.readouterr().out.split("\n")[0]
    assert first.endswith('page.md:3: idioms: "is no": "is not a", never "is no"')
    (tmp_path / "page.md").write_text("It is not a number.\n", encoding="utf-8")
    assert prose.main([str(tmp_path)]) == 0
