"""Two values at one moment: the one known last holds; without that order they are refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from churnpredict.errors import ContentError, warn
from churnpredict.events.declarations import Declaration, Intervals, States
from churnpredict.events.streams import Stream
from churnpredict.events.tally import judge

__all__ = ["without_ties"]

Mask = npt.NDArray[np.bool_]
_FEW = 0.01  # share of the rows of a table: more are not an accident


def without_ties(name: str, declaration: Declaration, stream: Stream) -> Stream:
    """Return the rows of a table without states that contradict each other at one moment; the state before them goes on.

    Rows of one moment are in the order in which they became known, where that is declared, and the last one applies. The order of the
    source says nothing: the same rows in another order are the same table.

    Raises
    ------
    ContentError
        ``two-states``: more than one row in a hundred is such.
    """
    if not isinstance(declaration, (States, Intervals)) or len(stream) < 2:
        return stream
    values = [*(declaration.values if isinstance(declaration, States) else declaration.attributes), *declaration.dates]
    tied = _tied(stream, values)
    verdict = _judge_states if isinstance(declaration, States) else _warn_of_attributes
    judge(("two-states", name), lambda rows, total: verdict(name, rows, total), int(tied.sum()), len(stream))
    return stream.where(~tied) if isinstance(declaration, States) and tied.any() else stream


def _tied(stream: Stream, columns: list[str]) -> Mask:
    """Return rows of the same customer, moment and knowledge as another, with other values, shape (n,)."""
    together = (stream.times[1:] == stream.times[:-1]) & (stream.owners[1:] == stream.owners[:-1])
    if "known" in stream.columns:
        together &= stream.columns["known"][1:] == stream.columns["known"][:-1]
    differs = np.zeros(len(together), np.bool_)
    for column in columns if together.any() else []:
        values = stream.columns[column]
        same = values[1:] == values[:-1]
        differs |= ~(same | (np.isnan(values[1:]) & np.isnan(values[:-1])) if values.dtype.kind == "f" else same)
    group = np.append(0, np.cumsum(~together))
    return np.bincount(group[1:], together & differs, minlength=int(group[-1]) + 1).astype(np.bool_)[group]


def _judge_states(table: str, rows: int, total: int) -> None:
    what = "rows that say something else of the same customer at the same moment"
    remedy = "Keep one row per customer and moment, or declare known_at=: then the row that was known last holds."
    if rows > _FEW * total:
        raise ContentError("two-states", what, table=table, rows=rows, total=total, remedy=remedy)
    if rows:
        what += " are left out: the state before them goes on"
        warn("two-states", what, table=table, rows=rows, total=total, remedy=remedy, stacklevel=7)


def _warn_of_attributes(table: str, rows: int, total: int) -> None:
    if rows:
        warn(
            "two-states",
            "intervals of the same customer that begin at the same moment with other attributes: features show the greater ones",
            table=table,
            rows=rows,
            total=total,
            remedy="Distinguish them by kind=, or declare known_at=: then the interval that was known last counts.",
            stacklevel=7,
        )
