"""The public face is typed: every parameter and every return says what it is, and the README's first lines pass a strict type checker."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import churnpredict as cp
from churnpredict.public_names import ON_TOP, PARTS, RETURNED

ROOT = Path(__file__).parents[1]


def names_for_typing(module: str) -> dict[str, object]:
    """What a module's annotations may name: its own names, and those it imports for type checkers only."""
    found = dict(vars(importlib.import_module(module)))
    path = sys.modules[module].__file__
    assert path is not None
    for node in ast.parse(Path(path).read_text()).body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what other libraries say of each other when they are imported
                exec(compile(ast.Module(node.body, []), module, "exec"), found)
    return found


def holds_any(hint: object) -> bool:
    """Whether ``Any`` stands somewhere in a type; NumPy's own (the shape of an array, what can become one) is NumPy's."""
    if hint is typing.Any:
        return True
    if str(getattr(typing.get_origin(hint), "__module__", "")).startswith("numpy"):
        return False
    return any(holds_any(part) for part in typing.get_args(hint) if part is not hint)


def untyped(function: typing.Callable[..., object]) -> list[str]:
    """The parameters that say nothing, and ``return`` where it does not."""
    hints = typing.get_type_hints(function, names_for_typing(function.__module__))
    bare = [p for p in inspect.signature(function).parameters if p not in hints and p not in ("self", "cls")]
    return sorted(bare + [name for name, hint in hints.items() if holds_any(hint)])


def public_functions() -> Iterator[tuple[str, typing.Callable[..., object]]]:
    things = {id(thing): thing for thing in (getattr(cp, name) for name in (*ON_TOP, *RETURNED))}
    things |= {id(thing): thing for part in PARTS for thing in (getattr(getattr(cp, part), n) for n in getattr(cp, part).__all__)}
    for thing in things.values():
        if inspect.isfunction(thing):
            yield thing.__qualname__, thing
        for kind in thing.__mro__ if inspect.isclass(thing) else ():
            for name, value in vars(kind).items() if kind.__module__.startswith("churnpredict") else ():
                made = (
                    value.__func__
                    if isinstance(value, classmethod | staticmethod)
                    else getattr(value, "fget", getattr(value, "func", value))
                )
                if (
                    inspect.isfunction(made)
                    and (name == "__init__" or not name.startswith("_"))
                    and made.__module__.startswith("churnpredict")
                ):
                    yield f"{thing.__name__}.{name}", made


FUNCTIONS = dict(public_functions())


def test_the_face_is_seen() -> None:
    assert len(FUNCTIONS) > 150
    assert {"take_snapshots", "ChurnPipeline.score", "GainDisplay.from_estimator", "Business.tables"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_public_is_any(name: str) -> None:
    assert untyped(FUNCTIONS[name]) == []


def test_any_is_noticed() -> None:
    def loose(a: dict[str, typing.Any], b: int, c) -> typing.Any:  # type: ignore[no-untyped-def]
        """Say nothing."""

    assert untyped(loose) == ["a", "c", "return"]


def readme_lines() -> str:
    """The code of the README's first example, without prompts and results."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert block is not None
    return "\n".join(line[4:] for line in block[1].splitlines() if line.startswith((">>> ", "... "))) + "\n"


def test_the_example_for_type_checkers_is_the_readme() -> None:
    """``make check`` gives tests/typing_example.py to mypy --strict; here: it holds what the README shows, statement by statement."""
    shown = [ast.dump(node) for node in ast.parse(readme_lines()).body]
    held = [ast.dump(node) for node in ast.parse((ROOT / "tests" / "typing_example.py").read_text()).body]
    assert len(shown) > 4
    assert [node for node in held if node in shown] == shown
    assert "mypy --strict tests/typing_example.py" in (ROOT / "Makefile").read_text()


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(cp.__file__).with_name("py.typed").exists()
