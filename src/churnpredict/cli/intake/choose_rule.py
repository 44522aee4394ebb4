"""Choose the churn rule that the tables allow: a date of leaving, the end of contracts, or silence."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churnpredict.accounting.horizon import suggest_horizon
from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.draft_tables import observed_times
from churnpredict.cli.intake.readings import Reading
from churnpredict.errors import ChurnWarning, DataError
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY

__all__ = ["Rule", "rules_for"]

_HORIZON = 90  # days
_STEPS = (90, 60, 30, 14, 7)


@dataclass(frozen=True)
class Rule:
    """A section ``[churn]``: lines of key, value and comment, and the rule in one sentence."""

    lines: list[tuple[str, Any, str]] = field(default_factory=list)
    words: str = ""

    @property
    def table(self) -> str:
        return str(next(value for key, value, _ in self.lines if key == "of"))


def rules_for(readings: Sequence[Reading], tables: EventTables) -> list[Rule]:
    """Return the churn rules that the declared tables allow, the best first.

    Parameters
    ----------
    readings : list of Reading
        The readings that are used.
    tables : EventTables
        The tables read accordingly: :func:`churnpredict.accounting.suggest_horizon` proposes the horizon of a silence from them.
    """
    found: list[Rule] = []
    logs = [r for r in readings if r.kind == "events" and not r.name.endswith("_back")]
    gone = [r for r in logs if r.profile.says("leaving") or r.leaving]
    others = [r for r in readings if r not in gone]
    contracts = [r for r in readings if r.kind == "intervals" and r.column("end").kind == "time" and r.key("driver") != "support"]
    for r in sorted(gone, key=lambda r: (not r.leaving, len(observed_times(r))), reverse=True):
        if any(o.kind for o in others):
            found.append(_cancellation(r, readings))
    named = sorted(contracts, key=lambda r: (r.profile.says("contract"), r.profile.rows), reverse=True)
    ends = [_contract_end(r, readings) for r in named]
    own = [r for r in gone if not r.leaving]
    found = [*found[: len(own)], *ends, *found[len(own) :]] if own else [*ends, *found]
    silent = [r for r in logs if r not in gone]
    silent = [r for r in silent if r.key("driver") not in ("communication", "support")] or silent  # what customers did by themselves
    for r in sorted(silent, key=lambda r: ("value" in r.roles and len(observed_times(r)) > 0, r.profile.rows), reverse=True):
        found.append(_silence(r, tables, alone=len(silent) == 1))
    return found


def _span(readings: Sequence[Reading]) -> int:
    times = [t for r in readings for t in [observed_times(r)] if len(t)]
    if not times:
        return 0
    every = np.concatenate(times)
    return int((np.quantile(every, 0.999) - np.quantile(every, 0.001)) // DAY)


def _fitting(readings: Sequence[Reading], wait: int = 0) -> int:
    """Return the longest usual horizon of which five, and the grace period, fit into the history."""
    days = _span(readings)
    return next((h for h in _STEPS if 5 * h + wait <= days), max(days // 6, 1))


def _cancellation(reading: Reading, readings: Sequence[Reading]) -> Rule:
    days = _fitting(readings)
    lines: list[tuple[str, Any, str]] = [
        ("rule", "cancellation", "customers leave on the date of their row in this table"),
        ("horizon", f"{days}d", "length of the outcome window"),
        ("of", reading.name, "the table of leaving"),
    ]
    kind = reading.profile.columns.get(reading.roles.get("kinds", ""))
    lost = [str(v) for v in kind.codes[1] if has_word(str(v), "involuntary")] if kind is not None else []
    if kind is not None and 0 < len(lost) < kind.distinct:
        lines.append(("involuntary", sorted(lost), "not the customer's decision"))
    back = next((r.name for r in readings if r.name == f"{reading.name.removesuffix('_left')}_back"), None)
    lines += [("back", back, "rows after which a customer is back")] if back and reading.leaving else []
    if reading.leaving and reading.leaving == reading.roles.get("time"):
        told = f'"{reading.leaving}" is the date of leaving'
    else:
        told = f'"{reading.leaving}" says who left' if reading.leaving else f"rows of {reading.name} are customers leaving"
    return Rule(lines, f"{told}; at risk within {days} days")


def _contract_end(reading: Reading, readings: Sequence[Reading]) -> Rule:
    grace = 30 if _span(readings) > 200 else 7
    days = _fitting(readings, grace)
    lines: list[tuple[str, Any, str]] = [
        ("rule", "subscription_end", "customers leave when their contract ends and is not renewed"),
        ("horizon", f"{days}d", "length of the outcome window"),
        ("grace", f"{grace}d", "how late a renewal may be"),
        ("of", reading.name, "the table of contracts"),
    ]
    return Rule(
        lines, f'customers leave when "{reading.roles["end"]}" of {reading.name} has passed and no new contract begins; within {days} days'
    )


def _silence(reading: Reading, tables: EventTables, *, alone: bool) -> Rule:
    """Return the rule of leaving by silence, with the horizon that the log proposes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)
            proposed = suggest_horizon(tables, of=reading.name)
        days, why = proposed.days, str(proposed)
    except DataError as error:
        if error.code != "too-few-silences":
            raise
        days, why = (
            min(_HORIZON, max(_span([reading]) // 4, 1)),
            "too few silences in this table to propose one: choose it from knowledge of the business",
        )
    lines: list[tuple[str, Any, str]] = [
        ("rule", "inactivity", "customers who do nothing for a whole horizon have left"),
        ("horizon", f"{days}d", why),
        ("of", reading.name, "the table whose silence counts"),
        ("active_within", f"{days}d", "customers are at risk if active this recently"),
    ]
    return Rule(
        lines,
        f"customers who are silent in {reading.name} for {days} days have left; no table records who left"
        if alone
        else f"customers who are silent in {reading.name} for {days} days have left",
    )
