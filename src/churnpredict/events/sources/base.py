"""The base of all sources: column names, and columns as Arrow, whole or a batch at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from churnpredict.errors import SchemaError, closest, mask

__all__ = ["BATCH", "Source", "Unit", "distinct", "quoted", "said"]

BATCH = 1 << 19  # rows at a time where a table is streamed
_MESSAGE = 200


@dataclass(frozen=True)
class Unit:
    """A part of a source that can be read by itself, and compared with what was read before.

    Attributes
    ----------
    name : str
        The same from day to day.
    files : tuple of str
        Paths of all files that its rows come from; none where the source must be read to be compared.
    read : callable
        :meth:`Source.batches` of this part.
    kind : str
        Types of its columns: the same where its rows are read alone and where they are read with those of other units.
    state : str
        What the source reports about rows that come from no files; it does not change as long as they do not.
    """

    name: str
    files: tuple[str, ...]
    read: Callable[[Sequence[str], Sequence[str] | None], Iterator[pa.RecordBatch]]
    kind: str = ""
    state: str = ""


class Source:
    """A table outside the library: its column names, and its columns as Arrow on request.

    Parameters
    ----------
    name : str
        Name of the table in messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def columns(self) -> list[str]:
        raise NotImplementedError

    def plain_columns(self) -> list[str]:
        """Return the columns that can be read: of JSON, those without lists and deeper objects."""
        return self.columns()

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        """Return the columns as Arrow.

        Parameters
        ----------
        columns : sequence of str
        text : sequence of str, optional
            Columns in which numbers that a server sends as text keep all their digits. Without it, types are guessed, for previews of
            undeclared files; with it, columns without types stay text, and are marked as untyped. Texts may come with a
            dictionary.
        """
        raise NotImplementedError

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the columns as Arrow, a batch at a time, in any order; a source that can stream never holds the whole."""
        yield from self.read(columns, text).to_batches(max_chunksize=BATCH)

    def paths(self) -> list[str]:
        """Return the paths of all files that the rows come from; none where the source is not made of files."""
        return []

    def units(self, columns: Sequence[str], known: Sequence[str] = ()) -> list[Unit]:
        """Return the parts in which the columns can be read: one, or several of which each row is read as it is in the whole.

        ``known`` are the names of those that were read before.
        """
        return [Unit("", tuple(self.paths()), self.batches)]

    def count(self) -> int | None:
        """Return the number of rows, where that is cheap to find."""
        return None

    def check(self, wanted: Sequence[str]) -> None:
        """Refuse duplicate names and names that are not there, before anything is read."""
        names = self.columns()
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        for column in wanted:
            if column in twice:
                raise SchemaError(
                    "duplicate-column",
                    "the name occurs on more than one column",
                    table=self.name,
                    column=column,
                    remedy="Rename one of them.",
                )
            if not names:
                remedy = "Check that the export has run to its end, and that the path is the right one."
                raise SchemaError("empty-table", "the source is empty: it holds not even names of columns", table=self.name, remedy=remedy)
            if column not in names:
                shown = ", ".join(f'"{n}"' for n in names[:12]) + (", ..." if len(names) > 12 else "")
                raise SchemaError(
                    "missing-column",
                    "there is no such column",
                    table=self.name,
                    column=column,
                    remedy=f"The table has {shown or 'no columns'}.{closest(column, names)}",
                )

    def check_files(self, wanted: Sequence[str], needed: Collection[str]) -> None:
        """Refuse a file that lacks a needed column, and warn of files that lack another: nothing is filled in silence."""


def distinct(columns: Sequence[str]) -> list[str]:
    """Return each name once, in order: one column may have two roles."""
    return list(dict.fromkeys(columns))


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def said(error: Exception, ours: Collection[str]) -> str:
    """Return a reader's error for a message: its first line, with only known words and files of what it quotes.

    Readers and servers quote rows, values and addresses with passwords; none of that may be shown.
    """
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:_MESSAGE]
    line = re.sub(r"\w+://\S+", "(an address)", line)

    def keep(found: re.Match[str]) -> str:
        inside = found[0][1:-1]
        return found[0] if os.path.exists(inside) or any(inside in word for word in ours) else found[0][0] + mask(inside) + found[0][-1]

    return re.sub(r"'[^']*'|\"[^\"]*\"", keep, line)
