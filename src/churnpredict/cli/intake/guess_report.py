"""The guesses as a table for a terminal: one line per table, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from churnpredict.cli.intake.choose_rule import Rule
from churnpredict.cli.intake.readings import Reading
from churnpredict.events.source import File, Query
from churnpredict.events.sources.wildcards import fixed_part, plain_path
from churnpredict.text_tables import paragraph, text_table

__all__ = ["guess_report"]

_HEADS = ("file", "read as", "key", "times", "amount", "not used, and why")


def guess_report(readings: Sequence[Reading], rule: Rule, refused: Mapping[str, str], width: int | None = None) -> str:
    """Return the tables, and the rule in a sentence.

    Parameters
    ----------
    readings : list of Reading
    rule : Rule
    refused : mapping
        Files that could not be read -> why.
    width : int, optional
        Columns of the terminal by default.
    """
    above = _common_folder(readings)
    lines = text_table([_row(r, above) for r in readings if r.kind], _HEADS, width=width)
    left_out = [(_file(r, above), r.why) for r in readings if not r.kind] + list(refused.items())
    lines += (
        ["", *(line for name, why in left_out for line in paragraph(f"Not used: {name}: {why}", indent="  ", first="", width=width))]
        if left_out
        else []
    )
    lines += ["", *paragraph(f"Rule: {rule.words}.", width=width)]
    horizon: Any = next((w for k, _, w in rule.lines if k == "horizon"), "")
    if rule.lines[0][1] == "inactivity":
        lines += paragraph(f"Horizon {horizon}", width=width)
    return "\n".join(lines)


def _path(source: Any) -> str:
    """Return the path of a file, of the first file of a query; nothing for tables of databases."""
    if isinstance(source, Query):
        return _path(next(iter(source.database.values()))) if isinstance(source.database, Mapping) else ""
    return str(Path(source.path if isinstance(source, File) else source).absolute())


def _common_folder(readings: Sequence[Reading]) -> str:
    folders = [fixed_part(path).rstrip(os.sep) or os.sep for r in readings if (path := _path(r.profile.source))]
    return os.path.commonpath(folders) if folders else ""


def _file(reading: Reading, above: str) -> str:
    source = reading.profile.source
    path = _path(source)
    file = Path(plain_path(path)).relative_to(above).as_posix() if path else reading.name
    if isinstance(source, Query) and isinstance(source.database, Mapping):
        file += " …" if len(source.database) > 1 else ""
    if isinstance(source, File) and (source.sheet or source.member):
        file += f", {source.sheet or source.member}"
    return file


def _row(reading: Reading, above: str) -> tuple[str, ...]:
    roles = [r for r in ("time", "start", "end", "since", "valid_from") if r in reading.roles]
    times = [reading.roles[r] for r in roles if r != "end" or reading.column(r).kind == "time"]
    planned = [f"planned end {reading.roles['planned_end']}"] if "planned_end" in reading.roles else []
    period = reading.key("known_after")
    when = ", ".join(filter(None, [" to ".join(times), *planned])) + (f" (totals of a {period})" if period else "")
    by_reason: dict[str, list[str]] = {}
    for column, why in reading.unused.items():
        by_reason.setdefault(why, []).append(column)
    unused = "; ".join(f"{', '.join(columns)}: {why}" for why, columns in by_reason.items())
    notes = [*reading.notes, *reading.profile.notes, *(why for key, _, why in reading.keys if key in ("observed_from", "observed_until"))]
    kind = {"events": "log", "customers": "customers", "intervals": "contracts", "states": "states"}[reading.kind]
    kind = "tickets" if kind == "contracts" and reading.key("driver") == "support" else kind
    kind = "leaving" if reading.kind == "events" and (reading.leaving or reading.profile.says("leaving")) else kind
    return (
        _file(reading, above),
        kind,
        reading.roles["customer"],
        when,
        reading.roles.get("value", ""),
        "; ".join([*notes, unused] if unused else notes),
    )
