"""Tables of the calls that models, scores, rules and lists lead to, and the worth of a switch in sentences."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from churnpredict.evaluation.capacity import AT_CAPACITY
from churnpredict.evaluation.comparison import BASELINES
from churnpredict.figures import amount, interval_of, people
from churnpredict.languages.catalogue import language_of
from churnpredict.text_tables import Figure

__all__ = ["HEAD", "calls_heading", "calls_notes", "calls_table", "switch_words"]

_Rows = dict[tuple[str, str], Any]
HEAD = ("", "called", "leavers found", "false alarms", "days before leaving", "profit of the calls", "profit, model minus this")


def calls_heading(part: pd.DataFrame) -> str:
    """Return how many customers are called at one cutoff; "" where no calls were judged."""
    row = part[part["metric"] == "called"]
    return f"If the team calls {people(row['value'].iloc[0])} customers:" if len(row) else ""


def calls_table(part: pd.DataFrame) -> list[list[object]]:
    """Return the rows of the table of one cutoff, below :data:`HEAD`: expected figures where customers have equal scores."""
    told = _by_key(part)
    rows: list[list[object]] = []
    for name in dict.fromkeys(part["model"]):
        if (name, "called") not in told:
            continue
        called, *counted, worth = (told[name, metric] for metric in AT_CAPACITY)
        cells = [_cell(called, people, whole=True), *(_cell(row, _count) for row in counted)]
        rows.append([name, *cells, _cell(worth, amount), _cell(worth, _signed, "difference")])
    return rows


def calls_notes(part: pd.DataFrame) -> list[str]:
    """Return what must be known of single scores and lists at one cutoff, as sentences."""
    told, notes = _by_key(part), []
    for name in dict.fromkeys(part["model"]):
        without = told.get((name, "without_score"))
        if without is not None and without["value"]:
            notes.append(f"{name}: {people(without['value'])} customers without a score come last.")
        same = told.get((name, "found_by_model"))
        if same is not None:
            found, called = told[name, "found"]["value"], told[name, "called"]["value"]
            if not called:
                notes.append(f"{name} names nobody.")
                continue
            notes.append(
                f"{name} names only {people(called)} of them; leavers among these: {_count(found)}. In as many calls the model finds "
                f"{interval_of(same['value'], same['low'], same['high'], _count)}."
            )
    return notes


def switch_words(switch: pd.DataFrame | None, capacity: int | None, leavers: int, cutoffs: int) -> list[str]:
    """Return what a switch from each score, rule and list to the model would have meant over all cutoffs, as sentences."""
    if switch is None:
        return []
    told, (model, *others) = _by_key(switch), dict.fromkeys(switch["model"])
    calls = "a tenth of the customers (no capacity was given)" if capacity is None else f"{capacity:,} customers"
    over = f"each of {cutoffs} cutoffs" if cutoffs > 1 else "the cutoff"
    chance = f"; as many called at random hold {_count(told['base rate', 'found']['value'])}" if ("base rate", "found") in told else ""
    words = [f"Calling {calls} at {over}, the model finds {_finds(told, model)}. {leavers:,} left in all{chance}."]
    return words + [f"{name} finds {_finds(told, name)}. {_switched(told, name)}" for name in others if name not in BASELINES]


def _finds(told: _Rows, name: str) -> str:
    days = told[name, "lead_days"]["value"]
    early = "" if math.isnan(days) else f", on average {_count(days)} days before they leave"
    found = _count(told[name, "found"]["value"])
    return f"{found} leaver{'' if found == '1' else 's'}{early}"


def _switched(told: _Rows, name: str) -> str:
    """Return what a switch to the model changes, with intervals."""
    found, alarms, worth = (told[name, key] for key in ("found", "false_alarms", "profit_of_calls"))
    same = ", no significant difference" if worth["difference_low"] <= 0 <= worth["difference_high"] else ""
    more = f"leavers found {_gap(found, _signed_count)}, false alarms {_gap(alarms, _signed_count)}"
    return f"Switching to the model: {more}; worth {_gap(worth, _signed)}{same}."


def _by_key(frame: pd.DataFrame) -> _Rows:
    return {(str(row["model"]), str(row["metric"])): row for row in pd.DataFrame(frame).to_dict("records")}


def _gap(row: Any, write: Any) -> str:
    return interval_of(row["difference"], row["difference_low"], row["difference_high"], write)


def _cell(row: Any, write: Any, of: str = "value", *, whole: bool = False) -> Figure:
    """Return a figure with its interval below, where it has one."""
    low, high = ("low", "high") if of == "value" else (f"{of}_low", f"{of}_high")
    if math.isnan(row[of]):
        return Figure("" if of == "difference" else "-")
    if whole or math.isnan(row[low]):
        return Figure(write(row[of]))
    return Figure(f"{write(row[of])}\n{write(row[low])} to {write(row[high])}")


def _count(value: float) -> str:
    """Return a count that may be an expected one: whole from a hundred on, else to one digit."""
    return language_of("en").number(value, 0 if abs(value) >= 100 else 1)


def _signed_count(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_count(value)}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{amount(value)}"
