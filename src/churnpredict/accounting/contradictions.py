"""Records that contradict each other about who left; they are counted, not resolved."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import numpy.typing as npt

from churnpredict.accounting.accounts import Accounts
from churnpredict.accounting.ledger import Ledger
from churnpredict.argument_checks import check_instance
from churnpredict.churn.rule import ChurnRule, left_by
from churnpredict.errors import UsageError, closest
from churnpredict.events.declarations import Intervals
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import NEVER, OPEN

__all__ = ["contradictions"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_MEANING = {
    "flagged-but-there": "flagged as gone, but still customers by the churn rule",
    "gone-but-unflagged": "gone by the churn rule, but not flagged",
    "row-before-joining": "rows before the customer joined",
    "left-before-joining": "left before joining",
    "row-after-leaving": "rows after the customer left for good",
    "open-after-leaving": "contracts that still run after the customer left for good",
    "left-again": "left again without having come back in between",
}


def contradictions(tables: EventTables, churn: ChurnRule, *, flags: Mapping[str, Hashable] | None = None) -> Accounts:
    """Count records that contradict each other about who is a customer.

    Parameters
    ----------
    tables : EventTables
    churn : Inactivity, SubscriptionEnd or Cancellation
        The rule decides who has left for good.
    flags : dict, optional
        Attributes of the customers table that say who is gone, each with the value that means gone: ``{"churn_flag": True}``. Flags are
        compared with who is gone at the end of the data.

    Returns
    -------
    Accounts
        One row per contradiction found: ``finding`` (a stable code), ``table``, ``column``, ``rows`` concerned, ``total`` they are of,
        ``share``, ``customers`` concerned, and ``meaning``. Empty where the records agree.

    Raises
    ------
    UsageError
        ``no-such-flag``, ``rule-not-accountable``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> people = pd.DataFrame({"id": [1, 2, 3], "joined": "2024-01-10", "gone": [True, True, False]})
    >>> visits = pd.DataFrame({"id": [1, 2, 3], "day": ["2024-01-01", "2024-02-01", "2024-02-01"]})
    >>> ends = pd.DataFrame({"id": [1], "day": ["2024-01-20"]})
    >>> import warnings; warnings.simplefilter("ignore")
    >>> tables = cp.EventTables(
    ...     people=cp.Customers(people, customer="id", since="joined", attributes=["gone"]),
    ...     visits=cp.Events(visits, customer="id", time="day"),
    ...     ends=cp.Events(ends, customer="id", time="day"),
    ... )
    >>> found = cp.accounting.contradictions(tables, cp.Cancellation("30d", of="ends"), flags={"gone": True})
    >>> found[["finding", "table", "rows", "total", "share"]]
    finding             table   rows  total  share
    flagged-but-there   people     1      2   50 %
    row-before-joining  visits     1      3   33 %
    """
    ledger = Ledger(tables, churn, "contradictions(tables, churn)")
    gone = ledger.gone()
    found: list[tuple[str, str, str | None, int, int, int]] = []
    flags = {} if flags is None else flags
    check_instance(flags, "flags", Mapping, 'Give {"churned": True}: the column, and its value for customers who have left.')
    for column, meaning in flags.items():
        found += _flags(tables, column, meaning, gone != OPEN)
    read = ledger.churn.table(tables)
    since = ledger.joined
    by_row = left_by(churn) == "row"
    for name, stream in ledger.tables.streams.items():
        owner = stream.owners
        if since is not None:
            early = (stream.times < since[owner]) & (since[owner] != NEVER)
            found.append(("left-before-joining" if by_row and name == read else "row-before-joining", name, None, *_counts(early, owner)))
        if name != read:
            found.append(("row-after-leaving", name, None, *_counts(stream.times > gone[owner], owner)))
        declaration = tables.declarations[name]
        if isinstance(declaration, Intervals) and declaration.driver in (
            None,
            "contract",
        ):  # a ticket may stay open when its customer leaves
            still = (stream.columns["end"] == OPEN) & (stream.times <= gone[owner]) & (gone[owner] != OPEN)
            found.append(("open-after-leaving", name, None, *_counts(still, owner)))
        if by_row and name == read:
            found.append(("left-again", name, None, *_counts(_again(ledger, name), owner)))
    rows = [(code, t, c, n, of, n / of, who, _MEANING[code]) for code, t, c, n, of, who in found if n]
    return Accounts(rows, columns=["finding", "table", "column", "rows", "total", "share", "customers", "meaning"])


def _counts(wrong: Mask, owner: npt.NDArray[np.int32]) -> tuple[int, int, int]:
    return int(wrong.sum()), len(wrong), len(np.unique(owner[wrong]))


def _flags(tables: EventTables, column: str, meaning: Hashable, gone: Mask) -> list[tuple[str, str, str | None, int, int, int]]:
    profile = tables.profile
    known = [] if profile is None else profile.attributes
    if profile is None or column not in known:
        remedy = f"Declare it in Customers(attributes=[...]).{closest(column, known)}"
        raise UsageError("no-such-flag", f'"{column}" is not an attribute of the customers', remedy=remedy)
    latest = profile.versions.columns[column][profile.versions.offsets[1:] - 1]
    if column in profile.labels:
        labels = [str(v) for v in profile.labels[column].to_pylist()]
        wanted = str(meaning).lower() if isinstance(meaning, (bool, np.bool_)) else str(meaning)
        flagged = latest == (labels.index(wanted) if wanted in labels else -2)
        unheard = wanted not in labels and set(labels) != {"false"}  # a flag that is never set is not a mistake
    else:
        flagged, unheard = latest == float(str(meaning)), False
    if unheard:
        remedy = "Give the value that means gone exactly as in the column."
        raise UsageError("no-such-flag", f"no customer has the value {meaning!r}", table=profile.name, column=column, remedy=remedy)
    there, unmarked = flagged & ~gone, gone & ~flagged
    return [
        ("flagged-but-there", profile.name, column, int(there.sum()), int(flagged.sum()), int(there.sum())),
        ("gone-but-unflagged", profile.name, column, int(unmarked.sum()), int(gone.sum()), int(unmarked.sum())),
    ]


def _again(ledger: Ledger, name: str) -> Mask:
    """Return cancellations at which the customer had already left: not a customer just before."""
    stream = ledger.tables.stream(name)
    before = np.zeros(len(stream), np.bool_)
    before[1:] = stream.owners[1:] == stream.owners[:-1]
    if getattr(ledger.churn, "back", None) is None:
        return before
    there = ledger.customers_at(stream.owners, stream.times)
    return before & ~there
