"""Where public names are defined: sorted, each there, and each once."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import churnpredict as cp
from churnpredict.public_names import ON_TOP, PARTS, RETURNED


@pytest.mark.parametrize("names", [ON_TOP, RETURNED], ids=["on top", "returned"])
def test_each_name_is_defined_where_it_is_said(names: dict[str, str]) -> None:
    assert list(names) == sorted(names)
    for name, home in names.items():
        module = importlib.import_module(f"churnpredict.{home}")
        assert getattr(module, name) is getattr(cp, name)
        assert name in module.__all__, f"{home} does not list {name}"


def test_few_names_stand_on_top() -> None:
    """Thirty to look through; the rest is one dot away, in parts that say what they hold."""
    assert len(ON_TOP) <= 30
    assert not set(RETURNED) & set(ON_TOP)
    assert set(cp.__all__) == {*ON_TOP, *PARTS, "__version__"}


def test_editors_and_type_checkers_know_the_same_names() -> None:
    """The stub beside the lazy module: without it every public name would be Any, and an editor would complete nothing."""
    stub = Path(cp.__file__).with_suffix(".pyi").read_text()
    promised = {f"from churnpredict.{module} import {name} as {name}" for name, module in (ON_TOP | RETURNED).items()}
    promised |= {f"from churnpredict import {part} as {part}" for part in PARTS}
    assert {line for line in stub.splitlines() if line.startswith("from ")} == promised
