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

# Codes with several messages, or with one whose parts the source does not hold in one place: what they mean, and what to do.
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
    "bad-accounts": (
        "a log names people only, and their accounts are unknown, or a table of people declares what is of accounts",
        'Declare people=Customers(..., customer="person", account="account"), and what describes accounts in another table.',
    ),
    "bad-argument": (
        "an argument has a value or a type that it cannot have: the message names it, and what it is",
        "Give what the message asks for.",
    ),
    "bad-horizons": (
        "horizons= is not a list of spans shorter than the horizon, or over= is shorter than it or longer than a century",
        'Give spans such as ["30d", "60d"]; over="365d".',
    ),
    "bad-money": (
        "money=, currency= or per= does not fit the other columns of the declaration",
        "Declare value= too, and money=True where the values are money.",
    ),
    "bad-monotone": (
        "monotone= has a value other than +1, -1 and 0, or names a column of categories",
        "Use +1, -1 or 0, and name columns of numbers.",
    ),
    "bad-parameter": (
        "a setting of the classifier, or of lightgbm_params, has a value that it cannot have",
        "Give what the message asks for.",
    ),
    "bad-period": (
        "period= is not a calendar period, or one that the named service does not count by",
        "Use W, M, Q or Y, or a fiscal period such as Q-JAN; with like= months, quarters or years.",
    ),
    "bad-playbook": (
        "a section of the playbook is not one, or holds a value that it cannot have",
        "A remedy is text, a cost at least 0, an acceptance from 0 to 1.",
    ),
    "bad-rate": (
        "rates= are missing, not positive numbers, or given twice for one currency, or no currency is declared",
        'Give what one unit is worth, rates={"EUR": 1.0, "USD": 0.92}, and declare currency=.',
    ),
    "bad-risk": (
        "risks are not probabilities",
        "Give risks from 0 to 1.",
    ),
    "bad-seats": (
        "seats= does not name a number of a table",
        'Declare user=, and write seats="plans.seats": a table and one of its attributes or values.',
    ),
    "bad-segments": (
        "by= of a picture is neither a feature nor one value per row, or every row would be a segment of its own",
        "Give the segment of every row; fewer segments, or binned numbers.",
    ),
    "choose-member": (
        "an archive or a JSON document holds several tables, and none is chosen",
        "Name one with member=.",
    ),
    "damaged-model": (
        "the model file is damaged or cut off, or its parts are not those that its manifest lists",
        "Take the file from its source again.",
    ),
    "damaged-registry": (
        "the record of which model is in use cannot be read, or was edited",
        "Restore it from a backup; the model files are whole.",
    ),
    "default-index": (
        "a Series has the default index (0, 1, 2, ...), which holds no customer ids",
        'Give it customer ids: series.set_axis(frame["customer_id"]), or give a mapping.',
    ),
    "duplicate-column": (
        "two columns have one name",
        "Rename one of them.",
    ),
    "duplicate-customer": (
        "customers have several rows where one is needed",
        "Keep one row per customer; declare valid_from= if they are versions.",
    ),
    "empty-query": (
        "the query is empty, or names no files",
        'Write Query("SELECT * FROM orders", database).',
    ),
    "empty-table": (
        "a table has no rows, or a source not even names of columns",
        "Check its source, or declare it optional=True.",
    ),
    "encoding": (
        "a text file is not written in the declared encoding; the message says what it looks like",
        "Say so with encoding= in cp.File or churn.toml, or save the file as UTF-8.",
    ),
    "epoch-unit": (
        "times are numbers without a unit, or lie far from any history with the declared one",
        'Declare what they count: unit="s", "ms", "us", "ns", "d" or "excel".',
    ),
    "file-option": (
        "an option of a file does not apply to files of this kind, or has a value that it cannot have",
        "Leave it out, or give what the message asks for.",
    ),
    "float-id": (
        "ids are stored as floats or have been through a spreadsheet, so digits may be lost",
        "Export the table again from its source, with this column as text or whole numbers.",
    ),
    "id-type": (
        "customer ids are neither whole numbers nor text",
        "Cast the column to text.",
    ),
    "id-types-differ": (
        "ids are of one type here and of another there, such as text and whole numbers: they can never match",
        "Cast one of them first (mind leading zeros).",
    ),
    "immature": (
        "the outcomes of a cutoff are not fully observed yet; the message names the latest cutoff whose outcomes are",
        "Take an earlier cutoff.",
    ),
    "in-sample": (
        "the model was trained on these rows or on later outcomes, so it looks better here than on new ones",
        "Use a model that was trained until this cutoff, or run a backtest.",
    ),
    "infinite-value": (
        "a column holds infinite values",
        "Find where a division by zero made them; write them as missing.",
    ),
    "label-type": (
        "an attribute or value is of a type that is neither a number nor a label",
        "Convert the column to text or numbers; declare days in dates=[...].",
    ),
    "locked": (
        "another process uses the folder, the history or the database",
        "Wait until it has ended; locks of folders are released even if it is killed.",
    ),
    "missing-column": (
        "a column is missing; the message says which, of what",
        "Give the table, frame or file that the message names, with that column.",
    ),
    "missing-extra": (
        "an optional dependency is not installed; the message says which",
        'Install it: pip install "churnpredict[...]" with the extra that the message names.',
    ),
    "missing-file": (
        "no file is found under the path, or it cannot be read",
        "Check the path and its permissions; a glob such as data/*.parquet works too.",
    ),
    "missing-key": (
        "a section or a key of churn.toml is missing",
        "Add the line that the message names.",
    ),
    "mixed-types": (
        "a column holds values of different types, or numbers that no type holds exactly",
        "Convert the column to one type.",
    ),
    "mixed-zones": (
        "some times carry a time zone and some do not",
        "Write all of them with a zone, or all without.",
    ),
    "model-contradiction": (
        "the model file contradicts itself",
        "Take the file from its source again.",
    ),
    "model-header": (
        "the header of the trees is not as LightGBM writes it",
        "Take the file from a backup, or train and save the model again.",
    ),
    "model-number": (
        "a number of the trees cannot be read, or is not finite",
        "Take the file from a backup, or train and save the model again.",
    ),
    "model-objective": (
        "the trees were trained for an objective that is not supported",
        "Train and save the model again, for one score per row.",
    ),
    "model-range": (
        "a number of the trees is out of its range",
        "Take the file from a backup, or train and save the model again.",
    ),
    "model-schema": (
        "a part of the model file is not as churnpredict writes it",
        "Take the file from its source again.",
    ),
    "model-too-large": (
        "a model is larger than any model should be",
        "Check the path: a model file is a few MiB.",
    ),
    "model-tree": (
        "a tree does not have the lines of a LightGBM tree",
        "Take the file from a backup, or train and save the model again.",
    ),
    "needs-column": (
        "a feature needs a column that the table does not declare",
        "Name another table, or declare the column.",
    ),
    "needs-database": (
        "changes are written to a database, and none is named",
        "Give into=, --into, or a database under [output].",
    ),
    "needs-whole-tables": (
        "a function needs tables in memory, and was given partitions",
        "Give EventTables; if they are too large, only the columns and years that matter.",
    ),
    "no-alerts": (
        "there are no alert rules",
        'Add a section [alerts] with lines such as silent = "habit__orders_days_since_last >= 60".',
    ),
    "no-customers": (
        "no customer is named, or none was seen before the cutoff",
        "Give customers, a column of them, or a later cutoff.",
    ),
    "no-cutoff": (
        "rows do not say at which cutoff they stand, or no moment is given",
        'Keep the index level "cutoff", or pass cutoff=.',
    ),
    "no-duration": (
        "the days on which customers left are needed, and y does not hold them",
        "Pass the outcomes frame of label_churn as y, of a rule that knows the day of leaving.",
    ),
    "no-history": (
        "there is no cutoff with enough history before it and observed outcomes after it",
        "Take more history, or shorten the horizon or active_within=.",
    ),
    "no-horizon": (
        "the horizon is needed, and was not given",
        'Pass horizon="90d".',
    ),
    "no-kinds": (
        "kinds are named, and the table declares no column of them",
        "Declare the column: kind=....",
    ),
    "no-model-file": (
        "there is no model file under the path, or it cannot be read",
        "Train a model first, or check the path.",
    ),
    "no-outcomes-apart": (
        "the model does not distinguish customers who left from customers who were lost",
        "Train on an outcomes frame that holds outcomes 1 and 2, such as that of Cancellation(involuntary=[...]).",
    ),
    "no-period": (
        "no period lies within the data, or between start= and end=",
        'Take shorter periods, such as period="M", or give start= and end=.',
    ),
    "no-planned-end": (
        "the agreed end of contracts is needed, and not declared",
        "Declare the column: Intervals(..., planned_end=...).",
    ),
    "no-positive-class": (
        "it is unknown which label means that the customer left",
        "Pass positive=, or labels 0 and 1.",
    ),
    "no-predictions": (
        "the predicted risks of a backtest are needed",
        "Give the object that pipeline.backtest(tables) returned.",
    ),
    "no-probability": (
        "risks are not probabilities",
        "Give risks from 0 to 1, as churnpredict score wrote them; if the model gave them, train it again.",
    ),
    "no-rows": (
        "there are no rows to explain, or to compare with",
        "Give at least one customer.",
    ),
    "no-spend": (
        "repeat purchases have no values to learn from",
        "Check the values of the table, or leave them out.",
    ),
    "no-such-customer": (
        "the explained rows hold no customer of this id, or not at this cutoff",
        "Give an id of the explained rows in its own type: a number is not its text.",
    ),
    "no-such-flag": (
        "a flag is not an attribute of the customers, or no customer has the value that means gone",
        "Declare it in Customers(attributes=[...]), and give the value exactly as in the column.",
    ),
    "no-such-group": (
        "by= or group= names no group",
        "Name one of those that the message lists, or give a Series of segments.",
    ),
    "no-such-value": (
        "value= does not name one number of the table",
        'Name a table, or a table and its column: value="prices.price".',
    ),
    "no-treatments": (
        "no table of past retention contacts is named",
        'Name it: treatments="contacts".',
    ),
    "not-a-model": (
        "the file is not a model of churnpredict; it was not opened",
        "Give a file that pipeline.save or churnpredict train wrote.",
    ),
    "not-a-matrix": (
        "X is not a matrix of features",
        "Build features first: X = cp.build_features(tables, snapshots).",
    ),
    "not-a-number": (
        "a column of numbers holds other or missing values, which this model does not take",
        "Convert the column, and fill missing values as in training.",
    ),
    "not-a-path": (
        "the path is not that of a file",
        'Give the path of a file, such as "out/scores.csv"; results are not written to standard output.',
    ),
    "not-a-risk": (
        "the scores of the model are not log-odds of two classes",
        "Train a classifier of two classes.",
    ),
    "not-documented": (
        "the documentation of the service named by like= does not say how this is counted",
        "Leave out like=, or the argument that the message names.",
    ),
    "not-fitted": (
        "the pipeline or the model is not trained yet",
        "Call fit(...) first, or load a trained one.",
    ),
    "nothing-found": (
        "no file looks like a log of events (one customer on many rows, with times)",
        "Give the file of orders, payments or visits.",
    ),
    "nothing-to-write": (
        "there are no rows, or no digests, to write",
        "Score again; with nobody on a list there is nothing to send.",
    ),
    "null-cutoff": (
        "rows without a cutoff",
        "Give every row its cutoff, or drop these rows.",
    ),
    "null-id": (
        "rows without a customer id",
        "Drop these rows, or fill in their customer ids.",
    ),
    "null-time": (
        "rows without a time",
        "Fill the times in, or drop the rows on purpose.",
    ),
    "one-arm": (
        "all rows are treated, or none, or nothing says which",
        "Keep a random hold-out, and give treated=: 1 for contacted, 0 for held out.",
    ),
    "other-categories": (
        "values are not among the categories that the model was trained on",
        "Give the values of the training, of the same type.",
    ),
    "other-width": (
        "X does not have the columns of the booster",
        "Give the columns of the training, one row per customer.",
    ),
    "repeated-rows": (
        "rows repeat another row in every declared column; many of them are refused, a few are kept",
        'Declare repeats="keep" if they are real, or repeats="drop" if they are duplicates.',
    ),
    "rule-not-accountable": (
        "the churn rule does not define what this function counts",
        "Use a rule that the message names.",
    ),
    "shorter-horizon": (
        "under this rule it is known only at the end of the whole horizon who has left, so there is no earlier horizon",
        "Leave out horizons=, or train one model for each length of silence.",
    ),
    "swapped": (
        "two arguments were given in the wrong order",
        "Call the function as the message shows.",
    ),
    "table-name": (
        "a table has a name that cannot be used in feature names or in churn.toml",
        "Use letters, digits and single underscores.",
    ),
    "too-few-customers": (
        "there are too few customers",
        "Give more customers, or lower n_splits.",
    ),
    "too-good": (
        "the backtest is too good to be true: a feature most likely holds the outcome",
        "Find out when its values are written: use those from before the cutoff, or leave it out.",
    ),
    "two-rows": (
        "customers have more than one row",
        "Give the rows of one cutoff.",
    ),
    "two-states": (
        "rows of one customer and moment contradict each other",
        "Keep one row per customer and moment, or declare known_at=.",
    ),
    "unequal-lengths": (
        "arrays that belong together differ in length",
        "Pass one value per row in each.",
    ),
    "unknown-customer": (
        "customers who are not in the tables, or not in the table of customers",
        "Compare the ids: spelling, type, leading zeros; or add them to the customers table.",
    ),
    "unknown-database": (
        "the database is of no known kind, or not there",
        'Give "postgresql://user@host/name", the path of a DuckDB or SQLite file, or an open connection.',
    ),
    "unknown-driver": (
        "a driver is not one of the driver table",
        "Use a key of the driver table, or of a custom driver.",
    ),
    "unknown-feature": (
        "a name is not a column of X",
        "Use a column of X.",
    ),
    "unknown-ids": (
        "ids that none or not all of the customers have",
        "Compare the ids: they must be of the same customers, and in the same spelling and type.",
    ),
    "unknown-key": (
        "a section has a key that is unknown",
        "Use one of those that the message names.",
    ),
    "unknown-language": (
        "there is no such language, or a file of a language lacks something",
        "Use one of those that the message names; a file needs the sections of languages/en.toml.",
    ),
    "unlike-files": (
        "files of one folder or glob have different columns",
        'Name the files that belong to the table with a glob, such as "data/orders*.csv".',
    ),
    "unreadable-query": (
        "the database does not answer the query",
        "Try the query, and the connection, with the database's own client.",
    ),
    "value-type": (
        "values are not plain numbers where numbers are needed",
        "Write plain numbers such as -1234.50: one currency and no signs; say decimal= and thousands= of text files.",
    ),
    "which-table": (
        "there is no table, or more than one, that could be meant",
        'Name it: of="orders".',
    ),
}


@dataclass
class Entry:
    """One code: its classes, the places where it is raised, and its messages."""

    classes: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    what: str = ""
    remedy: str = ""
    messages: set[str] = field(default_factory=set)


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
            entry.messages.add(what)
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
    if name == "check_choice" and len(call.args) > 1:
        code = next((k.value.value for k in call.keywords if k.arg == "code" and isinstance(k.value, ast.Constant)), "unknown-choice")
        return "UsageError", code, f"{_text(call.args[1], scope, tree)} is …", "Use one of those that the message names."
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
            given = [a for a in (ast.walk(place) if place is scope else tree.body) if isinstance(a, ast.Assign) and _gives(a, node.id)]
            nearest = max((a for a in given if place is tree or a.lineno <= node.lineno), key=lambda a: a.lineno, default=None)
            if nearest is not None:
                return _text(nearest.value, scope, tree, depth + 1)
    return "…"


def _gives(assignment: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in assignment.targets)


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
