"""Refuse wrong arguments where a function takes tables, with errors that name the right call."""

from __future__ import annotations

from pathlib import Path

from churnpredict.errors import UsageError, kind_of
from churnpredict.events.declarations import Declaration
from churnpredict.events.tables import EventTables

__all__ = ["check_tables", "one_log", "wrapping"]

_WRAP = 'cp.EventTables(orders=cp.Events({}, customer="...", time="..."))'


def wrapping(given: object) -> str:
    """Return the code that wraps the given object as tables."""
    if isinstance(given, Declaration):
        return "cp.EventTables(orders=...)"
    if isinstance(given, dict) and given and all(isinstance(part, Declaration) for part in given.values()):
        return "cp.EventTables(**tables)"
    return _WRAP.format('"orders.csv"' if isinstance(given, (str, Path)) else "frame")


def check_tables(given: object, call: str, *, in_parts: bool = False) -> None:
    """Refuse anything but EventTables.

    Parameters
    ----------
    given : object
    call : str
        The call as its user writes it, with its arguments: ``"take_snapshots(tables, churn)"``.
    in_parts : bool
        Whether tables that :func:`churnpredict.runs.scan_tables` reads in parts are accepted.

    Raises
    ------
    UsageError
        ``not-tables``, ``needs-whole-tables``.

    Examples
    --------
    >>> check_tables({}, "rfm(tables, at)")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: rfm takes EventTables as tables, not a dict. Call rfm(tables, at) with tables = \
cp.EventTables(orders=cp.Events(frame, customer="...", time="...")). [not-tables]
    """
    if isinstance(given, EventTables):
        return
    name = call.split("(", maxsplit=1)[0]
    if hasattr(given, "outline"):  # tables in parts, here or on Spark
        if in_parts:
            return
        remedy = "Give EventTables; if they are too large, only the columns and years that matter."
        raise UsageError("needs-whole-tables", f"{name} takes tables in memory, not {kind_of(given)}", remedy=remedy)
    remedy = f"Call {call} with tables = {wrapping(given)}."
    raise UsageError("not-tables", f"{name} takes EventTables as tables, not {kind_of(given)}", remedy=remedy)


def one_log(tables: EventTables, of: str | None, call: str) -> str:
    """Return the table of events that is meant: ``of``, or the only one.

    Parameters
    ----------
    tables : EventTables
    of : str, optional
    call : str
        The call as its user writes it, with braces for the name of the table: ``"rfm(tables, at, of={})"``.

    Raises
    ------
    UsageError
        ``which-table``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> one_log(cp.make_business(50, random_state=0).tables, None, "rfm(tables, at, of={})")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: there are 8 tables of events: orders, usage, errors, help, \
returns, payments, contacts, market. Name one: rfm(tables, at, of="orders"). [which-table]
    """
    names = tables.logs() if of is None else [of]
    if len(names) == 1:
        return names[0]
    if not names:
        raise UsageError("which-table", "there is no table of events", remedy="Declare one: orders=cp.Events(...).")
    what = f"there are {len(names)} tables of events: {', '.join(names)}"
    likely = next((n for n in names if getattr(tables.declarations[n], "value", None) is not None), names[0])
    raise UsageError("which-table", what, remedy="Name one: " + call.format(f'"{likely}"') + ".")
