"""The page of error codes, read from the source: where each code is raised, its classes, what it says, and what to do."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import churnpredict
from churnpredict import errors

SOURCE = Path(churnpredict.__file__).parent
WARNS = re.compile(r"_*warn\w*")

# The areas of the page, from what a newcomer meets first: a heading, and the folders (or files) of the source.
AREAS = {
    "Command line and churn.toml": ("cli", "table_files.py", "files.py"),
    "Tables and sources": ("events", "spans.py", "moments.py", "clock.py", "intervals.py"),
    "Ids and values given by customer": ("per_customer.py", "number_checks.py", "row_order.py"),
    "Churn rules, snapshots, outcomes": ("churn",),
    "Features": ("features", "feature_names.py"),
    "Training": ("model", "pipeline"),
    "Evaluation and audit": ("evaluation",),
    "Explanation": ("explanation",),
    "Plan, alerts, value": ("retention",),
    "Scoring runs": ("score_runs",),
    "Monitoring and retraining": ("monitoring", "lifecycle"),
    "Model files": ("model_file",),
    "Report": ("report",),
    "Churn rates and revenue in hindsight": ("accounting",),
    "Spark": ("spark",),
    "Simulation": ("simulation",),
    "Everywhere": ("",),
}

# Codes whose message is made of parts that the source does not hold in one place: what it says, and what to do.
TOLD = {
    "bad-changes": ("max_changes is not 1, 2 or 3", "Ask for 1, 2 or 3: more is not advice."),
    "bad-calendar": (
        "an entry of the calendar has no name, an unknown key or kind, or days that cannot be read",
        'Give name, kind or factor, and days, such as ["12-24/12-26"].',
    ),
    "damaged-history": (
        "a file of the kept history is missing, or is not what was written",
        "Nothing: the history is read again from its sources. Check the disk.",
    ),
    "other-history": ("the kept history was written by another version", "Nothing: it is read again from its sources."),
    "bad-span": ("the span is not a whole number and a unit, or not positive", 'Write "90d", "2w", "3 months", "1y" or "12h".'),
    "bad-time": ("the moment is missing, or not one that can be read without doubt", 'Write it as ISO 8601, such as "2024-09-01".'),
    "not-additive": ("the contributions of the model do not sum to what it predicts", "Train plain boosted trees, without linear leaves."),
    "memory-limit": ("there is not enough memory", "Allow more memory, or more partitions; for training, lower most_rows."),
    "bad-size": (
        "memory is not a size, or a limit that could not be held",
        'Write a number and a unit, such as "2GiB", within what there is.',
    ),
    "no-config": ("the configuration cannot be read", "Write one with: churnpredict init orders.csv"),
    "bad-toml": ("the file is not UTF-8, or not TOML", "Correct that line; save the file as UTF-8."),
    "bad-setting": ("a key of churn.toml has a value of a wrong type or out of range", "Write what the message asks for."),
    "flat-table": (
        "one row per customer and no times: there is no history in this table",
        "Follow the script that init writes for such a table.",
    ),
    "unknown-choice": ("an argument is not one of its values", "Use one of those that the message names."),
    "unreadable-file": (
        "a file cannot be read, or is not of the kind that its name says",
        "Check that it is whole; write it again where it comes from.",
    ),
    "not-written": (
        "a result could not be written: disk, permission, connection",
        "Check the path, its permissions and the space left; no partial output is left.",
    ),
    "internal": ("something that nobody has thought of", "Report it with the line it names; CHURNPREDICT_TRACEBACK=1 shows all of it."),
    "not-utf8": ("a list of ids is not text in UTF-8; the encoding or kind of file is named", "Save it as text in UTF-8, one id per line."),
    "output-is-input": (
        "a result would be written over an input, or be read with it next time",
        "Write the result somewhere else; nothing was written.",
    ),
    "damaged-run": ("a file of a run is not what its manifest says", "Score again, or take the folder from a copy."),
    "no-run": ("the folder holds no run, or is one run and not the folder above it", "Check the path, or score first."),
    "not-money": ("the values are declared not to be money", "Say money=True if they are, or name another table."),
    "choose-sheet": ("a workbook has several sheets, and none is chosen", "Name one with sheet=."),
    "end-before-start": (
        "intervals that end before they begin",
        "Correct the times; where ends are dates that belong to the interval, declare end_inclusive=True.",
    ),
    "huge-value": ("values beyond any that a business has", "Check the unit and the separators of the column."),
    "identifier-column": (
        "a column of text has so many different values that it looks like an identifier",
        "Drop it, or group its values.",
    ),
    "missing-words": ("words such as NULL or N/A were read as missing", "Write nothing where nothing is known."),
    "calendar-ends": (
        "a declared country has no public holidays in the year of training or the next one",
        "Update the package holidays, or give the days by date.",
    ),
    "placeholder-date": ("dates far outside any history were read as open", "Leave the cell empty where there is no date."),
    "model-unsupported": (
        "the booster is of a kind that cannot be explained exactly",
        "Explain it without a background, or train plain boosted trees.",
    ),
    "one-cutoff": ("several moments were given where one is needed", "Give one; call once for each."),
    "no-version": ("the table in the lake no longer has the version or snapshot", "Give one that the table still keeps."),
    "refused-parameter": (
        "a parameter of LightGBM that the library sets itself, or that is not safe",
        "Leave it out; the message says what to use.",
    ),
    "same-output": ("two results would be written under one path", "Give each a path of its own; nothing was written."),
    "leakage": ("the audit found features that contain the outcome", "Follow the advice that the message gives for each finding."),
}


@dataclass
class Entry:
    """One code: its classes, the places where it is raised, and its messages."""

    classes: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    what: str = ""
    remedy: str = ""


def codes() -> dict[str, Entry]:
    """Return every code that the source raises or warns with."""
    found: dict[str, Entry] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        through = _through(tree)
        for scope, call in _calls(tree):
            cls, code, what, remedy = _read(call, scope, tree, through)
            if cls is None or code is None:
                continue
            entry = found.setdefault(code, Entry())
            entry.classes.add(cls)
            entry.places.append(path.relative_to(SOURCE).as_posix())
            if len(what) > len(entry.what):
                entry.what, entry.remedy = what, remedy or entry.remedy
            entry.remedy = entry.remedy or remedy
    return found


def _calls(tree: ast.Module) -> list[tuple[ast.AST, ast.Call]]:
    """Return each call with the innermost function around it."""
    out: list[tuple[ast.AST, ast.Call]] = []

    def walk(node: ast.AST, scope: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            inner = child if isinstance(child, (ast.FunctionDef, ast.Lambda)) else scope
            if isinstance(child, ast.Call):
                out.append((inner, child))
            walk(child, inner)

    walk(tree, tree)
    return out


def _class_of(call: ast.Call) -> str | None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if WARNS.fullmatch(name):
        return "ChurnWarning"
    known = vars(errors).get(name)
    return name if isinstance(known, type) and issubclass(known, errors.ChurnError) else None


def _through(tree: ast.Module) -> dict[str, tuple[str, ast.Call]]:
    """Return functions that hand a code on: ``_refuse(code, what)`` raises an error of one class."""
    out = {}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        arguments = [a.arg for a in function.args.args]
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            first = call.args[0] if call.args else None
            if (cls := _class_of(call)) and isinstance(first, ast.Name) and arguments[:1] == [first.id]:
                out[function.name] = (cls, call)
    return out


def _read(call: ast.Call, scope: ast.AST, tree: ast.Module, through: dict[str, Any]) -> tuple[str | None, str | None, str, str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    cls, inner = through.get(name, (_class_of(call), call))
    first = call.args[0] if call.args else None
    if cls is None or not (isinstance(first, ast.Constant) and isinstance(first.value, str) and re.fullmatch(r"[a-z0-9-]+", first.value)):
        return None, None, "", ""
    what = _text(call.args[1], scope, tree) if len(call.args) > 1 else ""
    given = {k.arg: k.value for c in (inner, call) for k in c.keywords}
    remedy = _text(given["remedy"], scope, tree) if "remedy" in given else ""
    return cls, first.value, _clean(what), _clean(remedy)


def _text(node: ast.AST, scope: ast.AST, tree: ast.Module, depth: int = 0) -> str:
    """Return what an expression says, with a sign for every part that only a run knows."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(v, scope, tree, depth) for v in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, scope, tree, depth) + _text(node.right, scope, tree, depth)
    if isinstance(node, ast.IfExp):
        return _text(node.body, scope, tree, depth)
    if isinstance(node, ast.Name) and depth < 3:
        for place in (scope, tree):
            for found in ast.walk(place) if place is scope else tree.body:
                targets = found.targets if isinstance(found, ast.Assign) else []
                if any(isinstance(t, ast.Name) and t.id == node.id for t in targets):
                    return _text(found.value, scope, tree, depth + 1)  # type: ignore[attr-defined]
    return "…"


def _clean(text: str) -> str:
    text = re.sub(r"\s*…(\s*…)+", "…", text.replace("\n", " ")).replace(".…", ".").strip()
    return "" if re.fullmatch(r"[\s…\"']*", text) else text


def areas(found: dict[str, Entry]) -> dict[str, list[str]]:
    """Return the codes of each area: where a code is raised in several, in the first of the page's order."""
    out: dict[str, list[str]] = {area: [] for area in AREAS}
    for code in sorted(found):
        rooms = {place.partition("/")[0] for place in found[code].places}
        out[next(area for area, folders in AREAS.items() if rooms & set(folders) or folders == ("",))].append(code)
    return {area: listed for area, listed in out.items() if listed}


def page() -> str:
    """docs/errors.md."""
    found = codes()
    lines = [
        "# Codes of errors and warnings",
        "",
        "Generated by `docs/make_pages.py` from the source: after adding a code, run `python docs/make_pages.py`.",
        "",
        "Every error (`ChurnError`) and warning (`ChurnWarning`) carries a `.code`. Codes are stable: catch them, filter by them,",
        "search for them. The message says where, how many rows, up to three masked examples, and what to do. Below, … stands for what",
        "only the run knows.",
        "Exit codes of the command line: 2 for `UsageError` and its kinds, 3 for `DataError`, 4 for `ModelError`, 5 for `OutputError`; see",
        "[For operators](operators.md).",
    ]
    for area, listed in areas(found).items():
        lines += ["", f"## {area}", "", "| code | class | what it says | what to do |", "|---|---|---|---|"]
        for code in listed:
            entry = found[code]
            what, remedy = TOLD.get(code, (entry.what, entry.remedy))
            cells = [f"`{code}`", ", ".join(sorted(entry.classes)), *(_cell(text) for text in (what, remedy or "See the message."))]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
