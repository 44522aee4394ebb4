"""Look-ups shared by several churn rules: who has joined, which rows are of a kind, which row comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.clock import NEVER, OPEN
from churnpredict.errors import UsageError, kind_of, warn
from churnpredict.events.spells import Contracts
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.values.labels import labels_of
from churnpredict.events.window_edges import latest_known, positions
from churnpredict.spans import Span, span_text

__all__ = [
    "are_present",
    "check_kinds",
    "contracts_of",
    "first_below",
    "first_from",
    "have_joined",
    "is_kind",
    "keep_as_list",
    "keep_as_text",
    "known_first",
    "same_moment",
    "unknown_before",
]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


def keep_as_text(rule: object, name: str, *, zero: bool = False) -> None:
    """Check a span of a rule, and store it as text, as model files do."""
    given = getattr(rule, name)
    text = span_text(given, name, zero=zero)
    object.__setattr__(rule, name, given if isinstance(given, str) else text)


def have_joined(tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
    if tables.profile is None or tables.profile.since is None:
        return np.ones(len(customers), np.bool_)
    return np.asarray(tables.profile.since[customers] < cutoffs)


def are_present(tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
    """Return who is a known customer at each cutoff: has joined, or has appeared in some table."""
    if tables.profile is not None:
        return have_joined(tables, customers, cutoffs)
    seen = np.zeros(len(customers), np.bool_)
    for stream in tables.streams.values():
        seen |= latest_known(stream, customers, cutoffs) >= 0
    return seen


def keep_as_list(rule: object, name: str) -> None:
    """Check a list of kinds of a rule, and store it as the texts that name them in every table.

    Raises
    ------
    UsageError
        ``bad-argument``: a text, nothing that can be listed, or a missing value among the kinds.
    """
    given = getattr(rule, name)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable) or getattr(given, "ndim", 1) != 1:
        example = given if isinstance(given, str) else "paid"
        raise UsageError("bad-argument", f"{name} is {kind_of(given)}", remedy=f"Give a list: {name}=[{example!r}].")
    kinds = sorted(labels_of(given)) if isinstance(given, (set, frozenset)) else labels_of(given)
    object.__setattr__(rule, name, tuple(kinds) if isinstance(given, tuple) else kinds)


def check_kinds(tables: EventTables, name: str, kinds: Sequence[str]) -> None:
    """Warn about kinds that the table does not hold: most likely they are misspelt."""
    if not kinds:
        return
    tables.stream(name, kinds[0])
    there = set(tables.labels[name]["kind"].to_pylist())
    for kind in labels_of(kinds):
        if kind not in there:
            warn(
                "unknown-kind",
                f'no row is of kind "{kind}"',
                table=name,
                remedy=f"Its kinds are {', '.join(sorted(there)[:12])}.",
                stacklevel=5,
            )


def is_kind(tables: EventTables, name: str, kinds: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return whether each row of a table is of one of the kinds, shape (n + 1,): the last, for "no row", is False."""
    stream = tables.stream(name)
    if not kinds or "kind" not in stream.columns:
        return np.zeros(len(stream) + 1, np.bool_)
    names = tables.labels[name]["kind"].to_pylist()
    return np.append(np.isin(stream.columns["kind"], [names.index(k) for k in labels_of(kinds) if k in names]), False)


def first_from(stream: Stream, customers: Codes, moments: Ints) -> Ints:
    """Return the first row of each customer at or after each moment, -1 for none."""
    edges = np.empty((1, len(customers)), np.int64)
    positions(stream.offsets, stream.times, customers, moments, edges)
    return np.where(edges[0] < stream.offsets[customers + 1], edges[0], -1)


def unknown_before(stream: Stream, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
    """Return whether some row of each customer had happened before each cutoff, but was not known then."""
    if "known" not in stream.columns:
        return np.zeros(len(customers), np.bool_)
    in_time = replace(stream, columns={})
    return np.asarray(latest_known(in_time, customers, cutoffs) > latest_known(stream, customers, cutoffs))


def contracts_of(stream: Stream, grace: Span, lost: npt.NDArray[np.bool_] | None = None) -> Contracts:
    return Contracts.of(stream, grace.after(stream.columns["end"], stream.timezone), lost)


def same_moment(stream: Stream, other: Stream) -> npt.NDArray[np.bool_]:
    """Return whether each row's customer has a row of another stream at the same moment, shape (n,)."""
    there = np.append(other.times, NEVER)[first_from(other, stream.owners, stream.times)]
    return np.asarray(there == stream.times)


def known_first(stream: Stream, lost: npt.NDArray[np.bool_], rows: Ints) -> Ints:
    """Return the row that was known first among those of the same customer and moment as each row; in a tie, a ``lost`` one; shape (n,)."""
    known = stream.columns.get("known", stream.times)
    return np.asarray(_first_known(stream.offsets, stream.owners, stream.times, known, lost, rows))


@nb.njit(cache=True, nogil=True)
def _first_known(offsets, owners, times, known, lost, rows):  # type: ignore[no-untyped-def]
    chosen = rows.copy()
    for r in range(rows.size):
        first = rows[r]
        if first < 0:
            continue
        i = first + 1
        while i < offsets[owners[first] + 1] and times[i] == times[first]:
            if known[i] < known[chosen[r]] or (known[i] == known[chosen[r]] and lost[i] and not lost[chosen[r]]):
                chosen[r] = i
            i += 1
    return chosen


@nb.njit(cache=True, nogil=True)
def first_below(offsets, times, values, customers, moments, bounds):  # type: ignore[no-untyped-def]
    """Write the time of the first row at or after each moment whose value is at most the bound (``OPEN`` for none)."""
    found = np.full(customers.size, OPEN, np.int64)
    for r in range(customers.size):
        for i in range(offsets[customers[r]], offsets[customers[r] + 1]):
            if i + 1 < offsets[customers[r] + 1] and times[i + 1] == times[i]:
                continue  # the last row of a moment counts
            if times[i] >= moments[r] and values[i] <= bounds[r]:
                found[r] = times[i]
                break
    return found
