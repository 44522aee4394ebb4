"""Draft a churn.toml from the guesses: each line with a comment, for a person to correct.

The draft runs: it is read and its snapshots are taken, and anything that would be refused is left out with the reason.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from churnpredict.cli.config import Config, parse_config
from churnpredict.cli.intake.choose_rule import Rule, rules_for
from churnpredict.cli.intake.draft_tables import Ask, Question, read_tables
from churnpredict.cli.intake.flat_table import flat_recipe
from churnpredict.cli.intake.paid_seats import with_seats
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_profiles import TableProfile
from churnpredict.errors import ChurnError, ChurnWarning, ConfigError
from churnpredict.events.source import File, Query
from churnpredict.events.sources.connections import one_connection
from churnpredict.events.tables import EventTables
from churnpredict.pipeline.cutoffs import training_snapshots

__all__ = ["Draft", "draft_config"]

_LEAVERS = 10
_SAYS = {
    "customer": "the customer's id",
    "time": "when it happened",
    "value": "the amount: money, hours, points, pieces",
    "item": "product, page or function",
    "user": "the person inside the account",
    "kinds": "the kind",
    "id": "id of the event: repeated ids count once",
    "order": "order number: rows that share it are one purchase",
    "currency": "currency of the value",
    "known_at": "when the row became known",
    "since": "when the customer joined",
    "account": "the account that the person belongs to",
    "valid_from": "since when the row applies",
    "start": "when it began",
    "end": "when it ended; empty while it runs",
    "planned_end": "the agreed end",
    "response": "the first response",
    "reopened": "when it was last reopened",
    "value_at_end": "a number recorded at the end",
    "owner": "who looks after the customer",
    "attributes": "attributes that do not change",
    "values": "values that apply until the next row",
    "dates": "dates in the future",
    "replies": "kinds that are the customer's replies",
}


@dataclass(frozen=True)
class Draft:
    """A draft of a churn.toml that was tested.

    Attributes
    ----------
    text : str
        The file.
    readings : list of Reading
        All tables, including those left out.
    rule : Rule
    snapshots, leavers : int
        Number of snapshots and of leavers to train on.
    """

    text: str
    readings: list[Reading]
    rule: Rule
    snapshots: int
    leavers: int


def _best_of(question: Question) -> int:
    return 0


@one_connection()
def draft_config(profiles: Sequence[TableProfile], folder: Path, *, ask: Ask = _best_of, refused: Mapping[str, str] | None = None) -> Draft:
    """Draft a churn.toml with paths relative to ``folder``, and test it.

    Parameters
    ----------
    profiles : list of TableProfile
    folder : Path
    ask : callable
        Settles a :class:`Question`; by default the first choice is taken.
    refused : mapping, optional
        Files that could not be read -> why; they are named in the draft.

    Raises
    ------
    ConfigError
        ``flat-table``, ``nothing-found``.
    ChurnError
        Any error of a table, when no other table is left.
    """
    readings = with_seats(read_tables(profiles, ask))
    problem: ChurnError | None = None
    for _ in range(4 * len(readings) + 4):
        used = [r for r in readings if r.kind]
        if not any(r.kind in ("events", "intervals") for r in used):
            break
        try:
            return _tried(readings, folder, ask, refused or {})
        except ChurnError as error:
            problem = error
            culprit = next((r for r in used if error.table == r.name), None) if getattr(error, "table", None) else None
            if culprit is None:
                raise
            readings = [_without(r, culprit, error) for r in readings]
    if problem is not None:
        raise problem
    raise _nothing(readings, refused or {})


def _without(reading: Reading, culprit: Reading, error: ChurnError) -> Reading:
    """Leave out the column, or the table, that caused an error."""
    if reading is not culprit:
        return reading
    column = getattr(error, "column", None)
    needed = {reading.roles.get(role) for role in ("customer", "time", "start", "end")}
    if error.code == "mixed-currency":  # amounts in several currencies cannot be summed
        taken = {"currency": reading.roles.get("currency"), "value": reading.roles.get("value")}
        return replace(
            reading,
            roles={k: v for k, v in reading.roles.items() if k not in taken},
            keys=[k for k in reading.keys if k[0] != "money"],
            unused={**reading.unused, **{c: _first_sentence(error) for c in taken.values() if c}},
        )
    if column is not None and column not in needed:
        roles = {k: v for k, v in reading.roles.items() if v != column}
        lists = {k: [c for c in v if c != column] for k, v in reading.lists.items()}
        if (roles, lists) != (reading.roles, reading.lists):
            return replace(reading, roles=roles, lists=lists, unused={**reading.unused, column: _first_sentence(error)})
    return replace(reading, kind="", why=_first_sentence(error))


def _first_sentence(error: ChurnError) -> str:
    text = str(error).removesuffix(f" [{error.code}]")
    return text.split(": ", 1)[-1] if text.startswith("table ") else text


def _tried(readings: list[Reading], folder: Path, ask: Ask, refused: Mapping[str, str]) -> Draft:
    """Read the tables as drafted, choose the rule on them, and take snapshots."""
    used = [r for r in readings if r.kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChurnWarning)
        tables = _config(used, folder, Rule([("rule", "inactivity", ""), ("horizon", "30d", "")])).event_tables()
        rules = rules_for(used, tables)
        reasons: list[str] = []
        last: ChurnError | None = None
        for rule in _in_order(rules, ask):
            for shorter in _with_shorter(rule):
                config = _config(used, folder, shorter)
                try:
                    n, leavers = _counted(config, tables)
                except ChurnError as error:
                    if getattr(error, "table", None) and any(r.name == error.table for r in used):
                        raise
                    last = error
                    continue
                if leavers < _LEAVERS or n - leavers < _LEAVERS:
                    continue
                text = _text_of(readings, folder, shorter, refused, reasons)
                return Draft(text, readings, shorter, n, leavers)
            reasons.append(f"{rule.lines[0][1]} of {rule.table}")
        if rules:  # too little to learn from under any rule: the first is written, and training reports what is missing
            return Draft(_text_of(readings, folder, rules[0], refused, []), readings, rules[0], 0, 0)
    if last is not None:
        raise last
    why = "".join(f" {r.name}: {r.why}." for r in readings if r.why)
    why += "".join(f" {name}: {said}." for name, said in refused.items())
    what = f"no table holds departures or is a log.{why}" if why else "no table holds departures or is a log"
    raise ConfigError("nothing-found", what.rstrip("."), remedy="Give the file of orders, payments or visits.")


def _in_order(rules: Sequence[Rule], ask: Ask) -> list[Rule]:
    return list(rules)


def _with_shorter(rule: Rule) -> list[Rule]:
    """Return the rule; where its horizon is a default and not a proposal from the data, also with shorter ones."""
    if rule.lines[0][1] == "inactivity":
        return [rule]
    days = int(str(next(v for k, v, _ in rule.lines if k == "horizon")).removesuffix("d"))
    shorter = [d for d in (60, 30, 14, 7) if d < days]
    return [
        rule,
        *(
            Rule([(k, f"{d}d" if k == "horizon" else v, w) for k, v, w in rule.lines], rule.words.replace(f"{days} days", f"{d} days"))
            for d in shorter
        ),
    ]


def _counted(config: Config, tables: EventTables) -> tuple[int, int]:
    """Return the number of snapshots to train on, and how many of them left."""
    from churnpredict.churn.outcomes import label_churn

    churn = config.churn_rule()
    churn.check(tables)
    snapshots = training_snapshots(tables, churn)
    outcomes = label_churn(tables, snapshots, churn)
    return len(outcomes), int(outcomes.within().sum())


def _config(used: Sequence[Reading], folder: Path, rule: Rule) -> Config:
    return parse_config(_text_of(list(used), folder, rule, {}, []), folder / "churn.toml")


def _nothing(readings: Sequence[Reading], refused: Mapping[str, str]) -> ConfigError:
    flat = [recipe for r in readings if isinstance(r.profile.source, (str, File)) and (recipe := flat_recipe(r.profile.source))]
    if flat:
        return ConfigError("flat-table", "one row per customer and no times: there is no history in this table", remedy=flat[0])
    why = "".join(f" {r.name}: {r.why or 'each customer has a single row'}." for r in readings)
    why += "".join(f" {name}: {said}." for name, said in refused.items())
    return ConfigError(
        "nothing-found",
        "no file looks like a log of events (one customer on many rows, with times)." + why,
        remedy="Give the file of orders, payments or visits.",
    )


# --- the text ---


def _toml(value: Any) -> str:
    """Return a value as TOML writes it; texts of JSON are texts of TOML, except that characters beyond ASCII are not escaped."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(v) for v in value)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _toml_key(key: str) -> str:
    return key if key.replace("_", "a").replace("-", "a").isalnum() and key.isascii() else json.dumps(key, ensure_ascii=False)


def _shown(path: Any, folder: Path) -> str:
    whole = Path(path).resolve()
    inside = whole.relative_to(folder.resolve()) if whole.is_relative_to(folder.resolve()) else whole
    return inside.as_posix()


def _place(source: Any, folder: Path) -> list[str]:
    if not isinstance(source, Query):
        return [f"source = {_toml(_shown(source.path if isinstance(source, File) else source, folder))}"]
    if isinstance(source.database, Mapping):
        files = {name: _file(path, folder) for name, path in source.database.items()}
        return [f"files = {_toml(files)}  # names of the files in the query", f"query = {_toml(source.sql)}"]
    return [f"database = {_toml(_shown(source.database, folder))}", f"query = {_toml(source.sql)}  # a table, or a SELECT"]


def _file(source: Any, folder: Path) -> Any:
    """Return a file of a query: its path, with the options that read it where there are any."""
    if not isinstance(source, File):
        return _shown(source, folder)
    return {"source": _shown(source.path, folder), **source.options}


def _section(reading: Reading, folder: Path) -> list[str]:
    written = () if isinstance(reading.profile.source, Query) else reading.profile.keys  # for a query they are next to the file
    lines = [
        f"[tables.{reading.name}]  # {reading.profile.rows:,} rows",
        f'kind = "{reading.kind}"',
        *_place(reading.profile.source, folder),
    ]
    lines += [f"{role} = {_toml(column)}  # {_SAYS[role]}" for role, column in reading.roles.items()]
    lines += [f"{role} = {_toml(columns)}  # {_SAYS[role]}" for role, columns in reading.lists.items() if columns]
    lines += [f"{key} = {_toml(value)}  # {why}" for key, value, why in (*written, *reading.keys)]
    if reading.kind == "intervals" and reading.key("money") and not reading.key("per"):
        lines.append('# per = "month"  # or "year", "contract": what the amounts are paid for; without it customers have no value')
    lines += [f"# {note}" for note in reading.notes]
    lines += [f"# {note}" for note in reading.profile.notes]
    by_reason: dict[str, list[str]] = {}
    for column, why in reading.unused.items():
        by_reason.setdefault(why, []).append(column)
    lines += [f"# not used, {why}: {', '.join(columns)}".replace("\n", " ") for why, columns in by_reason.items()]
    return lines


def _says_worth(reading: Reading) -> bool:
    """Return whether a table says what customers are worth: payments, contracts of a known period, or a value of each."""
    of_contracts = reading.kind == "intervals"
    return bool(reading.key("per" if of_contracts else "money")) or (reading.kind == "customers" and "value" in reading.roles)


def _text_of(readings: Sequence[Reading], folder: Path, rule: Rule, refused: Mapping[str, str], tried: Sequence[str]) -> str:
    used = [r for r in readings if r.kind]
    lines = ["# Written by churnpredict init from the columns it found: check every line before you train.", ""]
    left_out = {r.name: r.why for r in readings if not r.kind} | dict(refused)
    lines += [f"# {name}: {why}; not used".replace("\n", " ") for name, why in left_out.items()]
    for reading in used:
        lines += [*_section(reading, folder), ""]
    lines += [f"# {rule.words}"] if rule.words else []
    lines += ["[churn]", *(f"{key} = {_toml(value)}" + (f"  # {why}" if why else "") for key, value, why in rule.lines), ""]
    lines += [f"# too few customers left by: {', '.join(tried)}", ""] if tried else []
    lines += ["[output]", 'model = "churn.model"', 'scores = "scores.csv"    # or scores.parquet', 'backtest = "backtest.csv"']
    if not any(_says_worth(r) for r in used):
        lines += ["", "[plan]"]
        lines += ["# value = 500  # what a customer is worth over the horizon: no column has it, and a contact plan needs it"]
    return "\n".join(lines) + "\n"
