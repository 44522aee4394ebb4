"""Check declarations before any row is read: names, kinds of table, columns, zones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from churnpredict.argument_checks import check_choice, check_flag, check_flag_or_none, check_text
from churnpredict.driver_keys import DRIVER_KEYS
from churnpredict.errors import TimeError, UsageError, closest, kind_of
from churnpredict.events.declarations import ANY, REPEATS, Customers, Declaration, Events
from churnpredict.events.money import check_money
from churnpredict.events.values.currency import check_rates
from churnpredict.events.values.labels import labels_of
from churnpredict.events.values.time_units import UNITS
from churnpredict.spans import span

__all__ = ["RESERVED", "check_declarations", "check_zones", "names_people", "people_table"]

RESERVED = {"customer_id", "cutoff", "outcome", "duration"}


def _refuse_unnamed(given: Sequence[Any]) -> None:
    if given:
        source = "..." if isinstance(given[0], Declaration) else 'cp.Events(frame, customer="...", time="...")'
        remedy = f"Write cp.EventTables(orders={source}): features call the table by its name."
        raise UsageError("unnamed-table", f"{kind_of(given[0])} was given without a name", remedy=remedy)


def people_table(declarations: Mapping[str, Any]) -> str | None:
    """Return the table that says which account a person belongs to."""
    return next((n for n, d in declarations.items() if isinstance(d, Customers) and d.account is not None), None)


def names_people(declaration: Any) -> bool:
    """Return whether the rows of a log name a person and not the account."""
    return isinstance(declaration, Events) and declaration.user == declaration.customer


def check_declarations(declarations: dict[str, Any], timezone: str, unnamed: Sequence[Any] = (), *, whole: bool = False) -> None:
    """Refuse invalid names and kinds, before any row is read; ``whole`` says that all rows are read at once.

    Raises
    ------
    UsageError
        ``unnamed-table``, ``unknown-timezone``, ``two-customers``, ``no-events``, ``undeclared-table``, ``table-name``, ``unknown-driver``,
        ``epoch-unit``, ``bad-format``, ``bad-money``, ``bad-seats``, ``bad-accounts``, ``needs-whole-tables``.
    """
    import zoneinfo

    _refuse_unnamed(unnamed)
    try:
        zoneinfo.ZoneInfo(check_text(timezone, "timezone", 'Use an IANA name such as "Europe/Berlin" or "UTC".'))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:  # no text; a folder of zones, such as "Europe"
        raise UsageError(
            "unknown-timezone", f'timezone is "{timezone}"', remedy='Use an IANA name such as "Europe/Berlin" or "UTC".'
        ) from error
    _check_customers(declarations)
    _check_people(declarations, whole)
    for name, declaration in declarations.items():
        if not isinstance(declaration, Declaration):
            remedy = f'Wrap the source: {name}=Events(source, customer="...", time="...").'
            raise UsageError("undeclared-table", "the columns are not declared", table=name, remedy=remedy)
        plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) is not None and "__" not in name
        twice = sum(other.lower() == name.lower() for other in declarations) > 1  # Spark and databases take their columns for one
        if not plain or twice or name in RESERVED or name == "calendar":
            remedy = 'Use letters, digits and single underscores; "calendar" is taken, and tables differ in more than capitals.'
            raise UsageError("table-name", "this name cannot be used in feature names", table=name, remedy=remedy)
        for flag in ("optional", "optional_time"):
            check_flag(getattr(declaration, flag, False), flag, table=name)
        remedy = "Write True or False, or leave it out to detect it."
        check_flag_or_none(getattr(declaration, "end_inclusive", None), "end_inclusive", table=name, remedy=remedy)
        activity = getattr(declaration, "activity", None)
        listed = isinstance(activity, Iterable) and not isinstance(activity, (str, bytes, Mapping)) and len(labels_of(activity)) > 0
        said = activity is None or (isinstance(activity, str) and activity == ANY)
        if not said and not (listed and getattr(declaration, "kind", None) is not None):
            remedy = 'Declare kind= and give a list of kinds, such as activity=["paid"], or "any" to count rows below zero as well.'
            raise UsageError("bad-argument", f"activity is {activity!r}", table=name, remedy=remedy)
        replies = getattr(declaration, "replies", ())
        if labels_of(() if replies is None else replies) and getattr(declaration, "kind", None) is None:
            raise UsageError("no-kinds", "replies are kinds, but no kind is declared", table=name, remedy="Declare the column: kind=....")
        stray = sorted(
            set(getattr(declaration, "labels", ())) - {*getattr(declaration, "attributes", ()), *getattr(declaration, "values", ())}
        )
        if stray:
            remedy = "Name in labels= only declared attributes or values."
            raise UsageError("bad-labels", "labels name a column that is not declared", table=name, column=stray[0], remedy=remedy)
        repeats = getattr(declaration, "repeats", None)
        if repeats is not None:
            check_choice(repeats, "repeats", REPEATS, code="bad-repeats", table=name)
        driver = getattr(declaration, "driver", None)
        if driver is not None and driver not in DRIVER_KEYS:
            remedy = f"Drivers are {', '.join(DRIVER_KEYS)}.{closest(driver, DRIVER_KEYS)}"
            raise UsageError("unknown-driver", f'driver is "{driver}"', table=name, remedy=remedy)
        if (session := getattr(declaration, "session", None)) is not None:
            span(session, f"session of table {name}")
        _check_seats(name, declaration, declarations)
        _check_times(name, declaration)
        check_money(name, declaration)
        check_rates(name, declaration)


def _check_customers(declarations: dict[str, Any]) -> None:
    """Refuse two tables of customers, or of people, and customers without any other table."""
    for has_account, what in ((False, "customers"), (True, "people")):
        same = [n for n, d in declarations.items() if isinstance(d, Customers) and (d.account is not None) == has_account]
        if len(same) > 1:
            raise UsageError("two-customers", f"two tables of {what}: {', '.join(same)}", remedy="Join them first.")
    if all(isinstance(d, Customers) for d in declarations.values()):
        remedy = 'Declare at least one: EventTables(orders=Events(frame, customer="user_id", time="paid_at")).'
        raise UsageError("no-events", "no table of events is declared", remedy=remedy)


def _check_people(declarations: dict[str, Any], whole: bool) -> None:
    """Refuse a table of people that no log needs, or that holds what only accounts have; and a log of people without one."""
    people, logs = people_table(declarations), [name for name, d in declarations.items() if names_people(d)]
    if people is None:
        if logs:
            told = "one column is the customer and the user, and no table says to which account a person belongs"
            remedy = 'Declare people=Customers(..., customer="person", account="account"), or leave out user=.'
            raise UsageError("bad-accounts", told, table=logs[0], remedy=remedy)
        return
    table = declarations[people]
    more = [part for part in ("since", "owner", "value", "attributes", "dates", "labels") if getattr(table, part)]
    if more:
        remedy = "Leave it out here. What describes accounts is in another table of customers, with the account as customer=."
        raise UsageError("bad-accounts", f"{more[0]} is declared in a table of people", table=people, remedy=remedy)
    if not logs:
        remedy = f'Give such a log its column of people twice: Events(..., customer="{table.customer}", user="{table.customer}").'
        raise UsageError("bad-accounts", "no log of events names people without their accounts", table=people, remedy=remedy)
    if not whole:
        remedy = "Read whole tables with EventTables and score into one file, or join the account to the events first."
        raise UsageError("needs-whole-tables", "a table of people is not read in partitions", table=people, remedy=remedy)


def _check_seats(name: str, declaration: Declaration, declarations: dict[str, Any]) -> None:
    """Refuse seats of nobody, and those that are not an attribute or a value of another table."""
    seats = getattr(declaration, "seats", None)
    if seats is None:
        return
    table, _, column = str(seats).partition(".")
    held = (*getattr(declarations.get(table), "attributes", ()), *getattr(declarations.get(table), "values", ()))
    if column not in held or getattr(declaration, "user", None) is None:
        what = f'seats is "{seats}"' + ("" if column not in held else ", and no user is declared")
        remedy = 'Declare user=, and write seats="plans.seats": a table and one of its attributes or values.'
        raise UsageError("bad-seats", what, table=name, remedy=remedy)


def _check_times(name: str, declaration: Any) -> None:
    """Refuse a unit or a format that no column of times could have, whether it is needed or not."""
    if declaration.unit is not None:
        check_choice(declaration.unit, "unit", UNITS, code="epoch-unit", table=name)
    if declaration.format is not None and not (isinstance(declaration.format, str) and re.search("%[A-Za-z]", declaration.format)):
        remedy = 'Write what stands for day, month and year, such as format="%d.%m.%Y", or leave it out to detect it.'
        raise UsageError("bad-format", f"format is {declaration.format!r}", table=name, remedy=remedy)


def check_zones(aware: dict[str, bool | None]) -> None:
    """Refuse a mix of tables with and without time zones."""
    aware = {name: a for name, a in aware.items() if a is not None}
    if len(set(aware.values())) > 1:
        naive = next(n for n, a in aware.items() if not a)
        zoned = next(n for n, a in aware.items() if a)
        raise TimeError(
            "mixed-zones",
            f'times without a time zone, while those of "{zoned}" carry one',
            table=naive,
            remedy="Give all times a zone, or remove it from all.",
        )
