"""The public face: sorted names that exist, imported only when used, and cheap to import."""

from __future__ import annotations

import inspect
import re
import resource
import subprocess
import sys

import pytest
import typer

import churnpredict as cp
from churnpredict.cli.commands import app
from churnpredict.public_names import ON_TOP, PARTS, RETURNED

HEAVY = ("numpy", "pandas", "pyarrow", "duckdb", "numba", "scipy", "sklearn", "lightgbm", "shap", "matplotlib", "tqdm", "joblib")


def run(*arguments: str) -> tuple[str, float]:
    """Output and CPU seconds of a child Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_names_are_sorted_and_exist() -> None:
    names = [n for n in cp.__all__ if n != "__version__"]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    for name in [*names, *RETURNED]:
        assert getattr(cp, name).__doc__, name
    for part in PARTS:
        for name in getattr(cp, part).__all__:
            assert getattr(getattr(cp, part), name).__doc__, name
    assert set(dir(cp)) == set(cp.__all__)


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in PARTS for name in getattr(cp, part).__all__])
def test_a_name_that_stands_elsewhere_says_where(part: str, name: str) -> None:
    """Each name of a part is on top too, or refused there with the place where it is: never an alias that nobody lists."""
    if name in cp.__all__ or name in RETURNED:
        assert getattr(getattr(cp, part), name) is getattr(cp, name)
    else:
        with pytest.raises(AttributeError, match=rf"It is churnpredict.{part}.{name}\."):
            getattr(cp, name)


def test_names_that_outsiders_rely_on_are_there() -> None:
    promised = (
        "ChurnClassifier ChurnPipeline Customers EventTables Events Explanation Feature Inactivity TemporalSplit build_features catalog "
        "explain label_churn load make_business take_snapshots accounting diagnostics displays audit churn_rate write_report retrain "
        "find_drift plan_retention SubscriptionEnd Cancellation"
    )
    assert set(promised.split()) - {"Explanation"} <= set(cp.__all__)
    for name in ("Backtest", "Plan", "Drift", "Outcomes", "Business", "Explanation", "Audit", "Retraining"):
        assert isinstance(getattr(cp, name), type), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="ChurnPipline"):
        _ = cp.ChurnPipline


def test_importing_imports_nothing_heavy() -> None:
    code = "import sys, churnpredict, churnpredict.errors; print(*sorted(m for m in sys.modules if '.' not in m))"
    loaded = set(run("-c", code)[0].split())
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(("arguments", "most"), [(("-c", "import churnpredict"), 0.3), (("-m", "churnpredict", "--help"), 0.5)])
def test_the_start_is_cheap(arguments: tuple[str, ...], most: float) -> None:
    assert min(run(*arguments)[1] for _ in range(3)) <= most


@pytest.mark.parametrize("command", sorted(typer.main.get_command(app).commands))
def test_every_command_has_help_without_heavy_imports(command: str) -> None:
    code = "import sys\nfrom churnpredict.cli import commands as cli\n"
    code += f"try:\n    cli.main(['{command}', '--help'])\nexcept SystemExit as e:\n    "
    code += f"assert e.code in (0, None)\nheavy = {HEAVY!r}\nassert not [m for m in heavy if m in sys.modules], sys.modules.keys()"
    assert "Usage" in run("-c", code)[0]


def public_functions() -> dict[str, inspect.Signature]:
    """Signatures of the public functions, and of the methods of public classes, by name."""
    found = {}
    things = {name: getattr(cp, name) for name in [*ON_TOP, *RETURNED]}
    things |= {f"{part}.{name}": getattr(getattr(cp, part), name) for part in PARTS for name in getattr(cp, part).__all__}
    for name, value in things.items():
        methods = {f"{name}.{m}": f for m, f in inspect.getmembers(value, inspect.isfunction) if not m.startswith("_")}
        found |= (
            {name: value} if inspect.isfunction(value) else {m: f for m, f in methods.items() if f.__module__.startswith("churnpredict")}
        )
    return {name: inspect.signature(function) for name, function in found.items()}


def test_input_comes_first_and_the_path_last() -> None:
    paths = {"path", "folder", "file"}
    for name, signature in public_functions().items():
        positional = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]
        assert not paths & set(positional[:-1]), f"{name}{signature}"


def test_one_word_for_one_thing_in_every_signature() -> None:
    """Money is ``offer_cost`` and ``contact_cost``, chance ``random_state``, and a moment is a Moment wherever one is meant."""
    others = {"offer": "offer_cost", "contact": "contact_cost", "cost": "contact_cost", "seed": "random_state"}
    moments = {"at", "until", "since", "last", "start", "end", "observed_until", "observed_from"}
    for name, signature in public_functions().items():
        for parameter in signature.parameters.values():
            number = re.search(r"float|int\b|PerCustomer", str(parameter.annotation))
            assert not number or parameter.name not in others, f"{name}: {others.get(parameter.name)}"
            if parameter.name in moments:
                assert str(parameter.annotation).startswith("Moment"), f"{name}: {parameter}"
