"""A first churn.toml from what was guessed: each line with a comment, for a person to correct.

What is written runs: a table that would be refused later is left out here, with the reason.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from churnpredict.accounting.horizon import suggest_horizon
from churnpredict.cli.flat_table import flat_recipe
from churnpredict.cli.guess_columns import Guess
from churnpredict.errors import ChurnError, ChurnWarning, ConfigError
from churnpredict.events.source import Query
from churnpredict.events.tables import Events, EventTables

__all__ = ["write_draft"]

_HORIZON = 90  # days
_MONEY = re.compile(r"amount|revenue|turnover|price|sales|paid|spen[dt]|fee|cost|total|sum|eur|usd|gbp|chf|dollar|betrag|umsatz|preis")
_PAID = re.compile(r"pay|invoice|bill|charge|transaction|zahl|rechnung")
_LASTS = r"subscri|contract|member|plan|polic|licen"  # what a customer has as long as it runs
_TELLS = r"churn|cancel|attrit|terminat|unsubscri|unregist"  # of the outcome


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_SAYS = {
    "customer": "whose row it is",
    "time": "when it happened",
    "value": "a number, most often money",
    "item": "what it was about",
    "kinds": "tells kinds of event apart",
    "id": "its own number: what stands there twice is taken once",
    "since": "when the customer joined",
    "start": "when it began",
    "end": "when it ended; empty while it runs",
    "attributes": "what describes the customer and does not change",
}


def write_draft(guesses: Sequence[Guess], folder: Path) -> str:
    """The text of a commented churn.toml with paths relative to ``folder``."""
    used = _usable(guesses)
    churn, paying = _rule(used), _paying(used)
    lines = ["# Written by churnpredict init from the columns it found: look at every line before you train.", ""]
    lines += [f"# {g.name}: {g.unused}; not used" for g in guesses if g not in used]
    for guess in used:
        queried = isinstance(guess.source, Query)
        path = Path(guess.source.database if isinstance(guess.source, Query) else guess.source).resolve()
        shown = path.relative_to(folder.resolve()) if path.is_relative_to(folder.resolve()) else path
        lines += [f"[tables.{guess.name}]  # {guess.rows:,} rows", f'kind = "{guess.kind}"']
        lines.append(f"{'database' if queried else 'source'} = {_text(shown.as_posix())}")
        lines += [f"query = {_text(guess.source.sql)}  # a table, or a SELECT"] if isinstance(guess.source, Query) else []
        lines += [f"{role} = {_text(column)}  # {_SAYS[role]}" for role, column in guess.roles.items()]
        lines += _money(guess, paying)
        lines += [f"{key} = {_text(value)}  # {why}" for key, value, why in guess.written]
        described = [c for c, kind in guess.rest.items() if guess.kind == "customers" and kind in ("string", "int64", "double", "bool")]
        telling = [c for c in described if re.search(_TELLS, c.lower())]
        described = [c for c in described if c not in telling and c not in guess.names]
        if described:
            lines.append(f"attributes = [{', '.join(_text(c) for c in described)}]  # {_SAYS['attributes']}")
        lines += [f"# tells the outcome, does it not? {', '.join(telling)}"] if telling else []
        unused = [c for c in guess.rest if c not in described and c not in telling]
        lines += [f"# not used: {', '.join(unused)}"] if unused else []
        lines.append("")
    lines += [
        "[churn]",
        *churn,
        "",
        "[output]",
        'model = "churn.model"',
        'scores = "scores.csv"    # or scores.parquet',
        'backtest = "backtest.csv"',
    ]
    if not any("value" in g.roles for g in used):
        lines += [
            "",
            "[plan]",
            "# value = 500  # what a customer is worth over the horizon: no column says it, and a plan whom to contact needs it",
        ]
    return "\n".join(lines) + "\n"


def _paying(used: Sequence[Guess]) -> str | None:
    """The log whose values are what customers pay, going by names: one of payments before one of orders, and then the longest."""
    logs = [g for g in used if g.kind == "events" and _MONEY.search(g.roles.get("value", "").lower())]
    return max(logs, key=lambda g: (bool(_PAID.search(g.name.lower())), g.rows)).name if logs else None


def _money(guess: Guess, paying: str | None) -> list[str]:
    if "value" not in guess.roles or guess.kind not in ("events", "intervals"):
        return []
    if guess.name == paying or (guess.kind == "intervals" and _MONEY.search(guess.roles["value"].lower())):
        return ["money = true  # the values are money; take this away if they are hours, points or pieces"]
    why = "if the values are money" if paying is None else f"if these are what customers pay, and not those of {paying}"
    return [f"# money = true  # {why}"]


def _usable(guesses: Sequence[Guess]) -> list[Guess]:
    """The tables that can be used; where they make no history, those that could if their customer is the first column.

    Raises
    ------
    ConfigError
        ``flat-table``, ``nothing-found``.
    """
    for used in ([g for g in guesses if not g.unused], [g for g in guesses if not g.unused or g.unused.startswith("no column")]):
        if any(g.kind != "customers" for g in used):
            return _with_one_table_of_people(used)
    flat = [recipe for g in guesses if not isinstance(g.source, Query) and (recipe := flat_recipe(g.source))]
    if flat:
        raise ConfigError("flat-table", "one row per customer and no times: there is no history in this table", remedy=flat[0])
    why = "".join(f" {g.name}: {g.unused or 'each customer stands on one row'}." for g in guesses)
    raise ConfigError(
        "nothing-found",
        "no file looks like a log of events (one customer on many rows, with times)." + why,
        remedy="Give the file of orders, payments or visits.",
    )


def _with_one_table_of_people(guesses: Sequence[Guess]) -> list[Guess]:
    """The widest table of customers stays one; of another, in which everybody also stands once, its time is that of an event."""
    people = [g for g in guesses if g.kind == "customers"]
    main = max(people, key=lambda g: (re.search(_TELLS, g.name) is None, len(g.rest), g.rows), default=None)
    kept = []
    for g in guesses:
        if g.kind != "customers" or g is main:
            kept.append(g)
        elif "since" in g.roles:
            kept.append(replace(g, kind="events", roles={"customer": g.roles["customer"], "time": g.roles["since"]}))
    return kept


def _horizon(guess: Guess) -> tuple[int, str]:
    """Days of a silence that mean leaving, and why: what the log itself proposes, never so much that no past is left to learn from."""
    source = guess.source if isinstance(guess.source, Query) else str(guess.source)
    written: dict[str, Any] = {key: value for key, value, _ in guess.written}
    declared = Events(source, customer=guess.roles["customer"], time=guess.roles["time"], **written)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)
            proposed = suggest_horizon(EventTables(log=declared), of="log")
    except ChurnError:  # too few silences, or a table that will be refused, in words, when it is read
        return _HORIZON, "that long"
    most = max(proposed.curve.span // 6, 1)
    days = proposed.days if proposed.final and proposed.days <= most else min(_HORIZON, most)
    come_back = proposed.curve.frame["comes_back"].reindex([days]).iloc[0]
    return days, "that long" + ("" if math.isnan(come_back) else f"; {come_back:.0%} of who is silent for so long still come back")


def _rule(guesses: Sequence[Guess]) -> list[str]:
    """The churn rule that these tables allow: by a log of cancellations, by the silence of a log, or by the end of contracts."""
    logs = [g for g in guesses if g.kind == "events"]
    cancelled = [g for g in logs if re.search(_TELLS, g.name)]
    lasting = [g for g in guesses if g.kind == "intervals"]
    if cancelled and len(guesses) > 1:
        return [
            'rule = "cancellation"    # who has a row in this table has left',
            'horizon = "90d"          # within that long',
            f"of = {_text(cancelled[0].name)}",
        ]
    if logs:
        longest = max(logs, key=lambda g: ("value" in g.roles, g.rows))
        horizon, why = _horizon(longest)
        return [
            'rule = "inactivity"      # who does nothing for a whole horizon has left',
            f'horizon = "{horizon}d"          # {why}',
            f"of = {_text(longest.name)}  # the table whose silence counts",
            f'active_within = "{2 * horizon}d"   # at risk is who was active that recently',
        ]
    if lasting:
        longest = max(lasting, key=lambda g: (re.search(_LASTS, g.name) is not None, g.rows))
        return [
            'rule = "subscription_end"  # whose contract ends and is not renewed has left',
            'horizon = "90d"            # within that long',
            'grace = "30d"              # a renewal may be so late',
            f"of = {_text(longest.name)}",
        ]
    raise AssertionError("what is usable holds a log or intervals")
