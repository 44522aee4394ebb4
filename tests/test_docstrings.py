"""Docstrings of the public face: every parameter is named, every code is one that is raised, and every function has an example."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest
from docs import error_page

import churnpredict as cp
from churnpredict import errors
from churnpredict.languages.catalogue import LANGUAGES
from churnpredict.public_names import ON_TOP, PARTS, RETURNED

CODES = error_page.codes()
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.M)


def things() -> dict[str, object]:
    """Public functions and classes by name."""
    top = {name: getattr(cp, name) for name in [*ON_TOP, *RETURNED]}
    parts = {part: importlib.import_module(f"churnpredict.{part}") for part in PARTS}
    return top | {f"{part}.{name}": getattr(module, name) for part, module in parts.items() for name in module.__all__}


def callables() -> list[tuple[str, object]]:
    """Return public functions, and the public methods that classes define themselves."""
    found = []
    for name, thing in things().items():
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
                if not member.startswith("_") and inspect.isfunction(function):
                    found.append((f"{name}.{member}", function))
        else:
            found.append((name, thing))
    return found


def sections(thing: object) -> dict[str, str]:
    """Return the text of each section of a docstring; what comes before the first under ""."""
    parts = SECTION.split(inspect.getdoc(thing) or "")
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))


# Steps of a training or of a rule, called by other code: their arguments are the same everywhere, and not explained again.
STEPS = ("columns_of", "at_risk", "outcomes", "compute", "of_rows", "kinds")


@pytest.mark.parametrize(("name", "function"), callables(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_function_of_several_parameters_names_each(name: str, function: object) -> None:
    given = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls", "unnamed")]
    told = sections(function)
    if "Parameters" in told:
        named = {n.strip(" *") for line in re.findall(r"^(\*{0,2}\w[^:\n]*)(?: : |$)", told["Parameters"], re.M) for n in line.split(",")}
        assert named == {p.name for p in given}
    elif len(given) > 2 and name.rpartition(".")[2] not in STEPS:
        assert not [p.name for p in given[1:] if f"``{p.name}``" not in told[""]]


@pytest.mark.parametrize(("name", "thing"), [*things().items(), *callables()], ids=lambda v: v if isinstance(v, str) else "")
def test_codes_of_a_docstring_are_raised_and_by_that_class(name: str, thing: object) -> None:
    heading: tuple[type, ...] = ()
    for line in sections(thing).get("Raises", "").splitlines():
        if re.match(r"\w", line):
            heading = tuple(getattr(errors, cls.strip()) for cls in line.split(","))
        for code in re.findall(r"``([a-z0-9]+(?:-[a-z0-9]+)+)``", line):
            assert code in CODES, f"{name}: no code {code}"
            assert any(issubclass(getattr(errors, cls), heading) for cls in CODES[code].classes), f"{name}: {code} is not of {heading}"


@pytest.mark.parametrize("name", [n for n, thing in things().items() if inspect.isfunction(thing)])
def test_a_public_function_has_an_example(name: str) -> None:
    assert ">>> " in sections(things()[name]).get("Examples", "")


@pytest.mark.parametrize(("name", "thing"), [*things().items(), *callables()], ids=lambda v: v if isinstance(v, str) else "")
def test_a_docstring_that_lists_languages_lists_all(name: str, thing: object) -> None:
    for listed in re.findall(r"\{(\"en\"[^}]*)\}", inspect.getdoc(thing) or ""):
        assert set(re.findall(r'"(\w+)"', listed)) == set(LANGUAGES), name
