"""One mechanism writes numbers for people: shares, money, scores, multiples and points look the same wherever they are shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import churnpredict
from churnpredict import figures
from churnpredict.languages.catalogue import language_of

SOURCE = Path(churnpredict.__file__).parent
# Files that write numbers themselves, each with its reason.
OWN = {
    "languages/catalogue.py": "the one that writes them",
    "figures.py": "its English, and ticks of an axis",
    "markup.py": "widths in CSS",
    "number_checks.py": "a number as it was given",
    "progress.py": "the pattern of tqdm",
    "events/sources/unpacking.py": "sizes of files",
    "events/sources/destinations.py": "seconds of patience",
    "score_runs/runs.py": "sizes of files",
    "accounting/accounts.py": "plain figures, whole or to one digit",
}
AFTER = re.compile(r" (times|points?|%)(?!\w)")


def written_here(source: str) -> Iterator[str]:
    """Numbers that f-strings of a file format by themselves although :mod:`churnpredict.figures` knows their kind."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        texts = [str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values]
        for part, before, after in zip(node.values, ["", *texts], [*texts[1:], ""], strict=False):
            if not isinstance(part, ast.FormattedValue) or part.format_spec is None:
                continue
            spec, value = ast.unparse(part.format_spec)[2:-1], ast.unparse(part.value)
            known = spec.endswith("%") or re.search(r",\.\d+f", spec) or before.rstrip().endswith("AUC") or AFTER.match(after)
            if spec.endswith(("f", "g", "%")) and (known or value.startswith("100 *")):
                yield f"line {node.lineno}: {{{value}:{spec}}}{after[:8]}"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_numbers_are_written_in_one_place(path: Path) -> None:
    if str(path.relative_to(SOURCE)) not in OWN:
        assert [*written_here(path.read_text())] == []


def test_a_number_written_elsewhere_is_noticed() -> None:
    wrong = ("f'{x:.1%} left'", "f'{x:,.0f}'", "f'AUC {a:.3f}'", "f'{100 * x:.0f}'", "f'{x:.1f} times'", "f'{x:+.1f} points'")
    assert all([*written_here(source)] for source in wrong)
    assert [*written_here("f'{n:,} rows, slope {s:.2f}, {seconds:4.0f} s'")] == []


def test_the_english_of_the_languages_is_that_of_tables_and_pictures() -> None:
    english = language_of("en")
    for value in (0.0, 0.0002, 0.0217, 0.123, 0.5, 0.9996, 1.0):
        assert figures.percent(value) == english.percent(value)
        assert figures.score(value) == english.score(value)
    for value in (-3.0, 0.2, 12.5, 12345.6):
        assert figures.amount(value, "€") == english.amount(value, "€")
        assert figures.people(abs(value)) == english.people(abs(value))
    assert figures.amount(12345.6, "€") == "€12,346"


@pytest.mark.parametrize("write", [figures.percent, figures.points, figures.amount, figures.people, figures.score, figures.times])
@pytest.mark.parametrize("unknown", [None, float("nan"), float("inf")])
def test_what_is_not_known_is_a_dash(write: Callable[[object], str], unknown: object) -> None:
    assert write(unknown) == "–"
