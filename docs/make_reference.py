"""Write the pages of the reference: one per group of public names, the command line, and churn.toml. Called by conf.py.

Nothing is listed by hand: names come from the public face, and a name's group from the module that defines it.
"""

from __future__ import annotations

import inspect
import operator
from pathlib import Path
from typing import Any

import make_samples
import toml_page

import churnpredict as cp
from churnpredict.public_names import ON_TOP, PARTS, RETURNED

# page -> title, first sentence, modules (or folders) whose names it shows; the first that fits wins
GROUPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "errors": ("Errors and warnings", "Every error raised on purpose is a ``ChurnError`` with a stable code.", ("errors",)),
    "business": (
        "A business to try things on",
        "Simulated, with its true risks and true reasons.",
        ("simulation.business", "simulation.planting"),
    ),
    "outcomes": (
        "What leaving means",
        "Rules, snapshots of who could leave, and what became of them.",
        (
            "churn.rules",
            "churn.snapshots",
            "churn.outcomes",
            "churn.leaving_times",
            "accounting.horizon",
            "accounting.contradictions",
            "churn.unscored",
        ),
    ),
    "rates": (
        "Rates and cohorts",
        "How many leave, when, and what that costs.",
        (
            *("accounting.rates", "accounting.cohorts", "accounting.accounts", "accounting.bridge", "accounting.state_moves"),
            *("accounting.coming_renewals", "accounting.retention_forecast", "accounting.account_risks"),
            "accounting.expected_purchases",
        ),
    ),
    "tables": ("Tables", "Columns are declared once, and checked once.", ("events",)),
    "features": ("Features", "What was known before each cutoff, as numbers.", ("features",)),
    "displays": (
        "Pictures",
        "Calibration, gain, profit, time; in the manner of scikit-learn. All pictures: :doc:`/gallery`.",
        ("evaluation.displays", "retention.pictures"),
    ),
    "model": ("Model", "Learning from a matrix, and the audit of one.", ("model", "evaluation")),
    "explanation": ("Explanation", "The reasons for each risk.", ("explanation",)),
    "retention": ("Retention", "Whom to contact, alerts, and the page to read.", ("retention", "report")),
    "operations": (
        "Pipeline and operation",
        "The whole way in one object; models in files; scoring, drift, retraining.",
        ("pipeline", "model_file", "score_runs", "monitoring", "lifecycle"),
    ),
}
ORDER = (
    *("operations", "tables", "outcomes", "features", "model", "displays", "explanation", "retention", "rates", "business"),
    *("errors", "modules", "command-line", "churn-toml"),
)

# What users reach for by the name of its module
MODULES = {
    "spark": "Inside Spark",
    "lifecycle.tracking": "MLflow",
    "lifecycle.registry": "Which model is in use",
    "churn.treatments": "Past retention contacts",
    "explanation.change": "Why risks changed",
    "evaluation.baselines": "The old ways",
    "evaluation.metrics": "Metrics",
}


def group_of(name: str) -> str:
    """Return the page on which a public name stands."""
    home = homes()[name]
    for page, (_, _, modules) in GROUPS.items():
        if any(home == m or home.startswith(m + ".") for m in modules):
            return page
    raise LookupError(f"no page of the reference takes the names of {home}: add it to GROUPS in docs/make_reference.py")


def public_names() -> list[str]:
    """Return all names of the public face: those on top, the classes that functions return, and those of its parts
    (``accounting.cohorts``).
    """
    return sorted(homes())


def homes() -> dict[str, str]:
    """Return the module that defines each public name; a name that is on top is not shown a second time."""
    top = ON_TOP | RETURNED
    parts = {f"{part}.{n}": getattr(getattr(cp, part), n) for part in PARTS for n in getattr(cp, part).__all__ if n not in top}
    return top | {name: thing.__module__.removeprefix("churnpredict.") for name, thing in parts.items()}


def thing_of(name: str) -> Any:
    """Return what a public name stands for."""
    return operator.attrgetter(name)(cp)


def summary(thing: Any) -> str:
    """Return the first sentence of a docstring."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def title(text: str) -> list[str]:
    return [text, "=" * len(text), ""]


def _group_page(page: str) -> str:
    heading, sentence, _ = GROUPS[page]
    names = [n for n in public_names() if group_of(n) == page]
    lines = [*title(heading), sentence, "", ".. currentmodule:: churnpredict", ""]
    for name in names:
        thing = thing_of(name)
        lines += [name, "-" * len(name), ""]
        if inspect.isclass(thing):
            kind, options = ("autoexception" if issubclass(thing, BaseException) else "autoclass"), ["   :members:"]
            if name == "ChurnPipeline":  # what it answers is in a class of its own
                options.append("   :inherited-members: object")
            if issubclass(thing, BaseException):
                options.append("   :show-inheritance:")
        else:
            kind, options = "autofunction", []
        lines += [f".. {kind}:: {f'churnpredict.{name}' if '.' in name else name}", *options, ""]  # names of a part in full
    if page == "errors":
        lines += ["The tree", "--------", "", ".. automodule:: churnpredict.errors", "   :members:", "   :show-inheritance:"]
        lines.append("   :exclude-members: ChurnError, ChurnWarning, closest, mask, warn")
    return "\n".join(lines) + "\n"


def _modules() -> str:
    """Return names that are imported from their module, not from the package."""
    lines = [*title("Modules"), "Imported from where they stand: ``from churnpredict.evaluation.metrics import log_loss``.", ""]
    for name, heading in MODULES.items():
        full = f"churnpredict.{name}"
        lines += [heading, "-" * len(heading), "", f"``{full}``", "", f".. automodule:: {full}", "   :members:", ""]
    return "\n".join(lines) + "\n"


TASKS = {
    "Try it": ("demo",),
    "Set up": ("init", "check"),
    "Train and judge": ("train", "backtest"),
    "Score and act": ("score", "when", "expected", "transitions", "report", "digest", "alerts", "why"),
    "Keep it running": ("drift", "retrain", "history", "check-model", "card", "forget"),
}


def _command_line() -> str:
    """Return every command with its arguments, by task, as the program itself tells them; commands of no task come last."""
    import typer

    from churnpredict.cli import commands as cli

    root: Any = typer.main.get_command(cli.app)
    codes = " ".join((inspect.getdoc(cli) or "").split("\n\n", 1)[1].split()).split(". ")[0]
    lines = [*title("Command line"), f"{codes}.", ""]
    lines += ["The outputs are those of the business that ``churnpredict demo`` makes, in a terminal of 80 columns.", ""]
    placed = [name for names in TASKS.values() for name in names]
    tasks = TASKS | {"More": tuple(name for name in sorted(root.commands) if name not in placed)}
    for task, names in tasks.items():
        there = [name for name in names if name in root.commands]
        if not there:
            continue
        lines += [task, "-" * len(task), ""]
        for name in there:
            lines += _command(root, name)
    return "\n".join(lines) + "\n"


def _command(root: Any, name: str) -> list[str]:
    """Return usage, meaning, a sample of the output, and options of one command."""
    import typer

    command = root.commands[name]
    heading = f"churnpredict {name}"
    usage = command.get_usage(typer.Context(command, info_name=name, parent=typer.Context(root, info_name="churnpredict")))
    lines = [heading, "~" * len(heading), "", *(command.help or "").splitlines(), "", ".. code-block:: console", ""]
    lines += [f"   $ {usage.removeprefix('Usage: ')}", ""]
    lines += _sample(name)
    lines += [".. list-table::", "   :widths: 28 72", ""]
    for option in command.params:
        said = option.metavar or option.name.upper() if option.param_type_name == "argument" else ", ".join(option.opts)
        default = option.default if isinstance(option.default, str | int | float | Path) and option.default is not False else None
        text = (getattr(option, "help", None) or "").rstrip(".") + "." + (f" Default: ``{default}``." if default not in (None, "") else "")
        lines += [f"   * - ``{said}``", f"     - {text}"]
    return [*lines, ""]


def _sample(name: str) -> list[str]:
    """Return the first output that is kept of a command, as it was typed and printed."""
    for step, text in make_samples.read_samples()[1].items():
        if step.split()[0] == name:
            printed = [f"   {line}".rstrip() for line in text.splitlines()]
            return [".. code-block:: console", "   :class: terminal", "", f"   $ churnpredict {step}", *printed, ""]
    raise LookupError(f"no output of {name} is kept: add it to docs/make_samples.py, and run it")


def _index() -> str:
    lines = [*title("Reference"), "Everything importable from ``churnpredict``, by subject; the command line; the configuration.", ""]
    for page in ORDER:
        if page in GROUPS:
            lines += [f":doc:`{GROUPS[page][0]} <{page}>`", "~" * (len(GROUPS[page][0]) + len(page) + 11), "", ".. list-table::"]
            lines += ["   :widths: 30 70", ""]
            for name in (n for n in public_names() if group_of(n) == page):
                role = "func" if inspect.isfunction(thing_of(name)) else "exc" if page == "errors" else "class"
                lines += [f"   * - :{role}:`~churnpredict.{name}`", f"     - {summary(thing_of(name))}"]
            lines.append("")
    lines += [".. toctree::", "   :hidden:", "", *(f"   {page}" for page in ORDER)]
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write all pages; those that are already so are left alone, so that Sphinx need not read them again."""
    pages = {page: _group_page(page) for page in GROUPS}
    pages |= {"modules": _modules(), "command-line": _command_line(), "churn-toml": toml_page.page(), "index": _index()}
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
