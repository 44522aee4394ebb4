"""A file, and the options that say how it is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from churnpredict.errors import UsageError
from churnpredict.events.sources.character_sets import check_encoding

__all__ = ["FILE_OPTIONS", "File"]


@dataclass(frozen=True)
class File:
    """A file with options that say how it is written.

    ``churnpredict init`` finds these options and writes them into ``churn.toml``, where they are keys of the table.

    Parameters
    ----------
    path : str or Path
        A file, a folder or a glob.
    encoding : str, optional
        How letters are stored, such as ``"cp1252"``, ``"iso-8859-2"`` or ``"utf-16"``; UTF-8 by default.
    delimiter : str, optional
        Separator of fields; detected among comma, semicolon, tab and vertical bar by default.
    decimal : str, optional
        The sign before decimals, ``"."`` or ``","``; a point by default.
    thousands : str, optional
        The sign between groups of digits; none by default. Currencies, parentheses and minus signs around a number need no option.
    skip_rows : int, optional
        Number of lines above the header, empty ones included.
    footer_rows : int, optional
        Number of rows below the table, such as totals, to leave out; empty lines do not count.
    column_names : list of str, optional
        The names of the columns of a file without a header.
    sheet : str, optional
        The sheet of an Excel file; its only one, or the first that holds a table, by default.
    member : str, optional
        The file within a zip archive, or the list within a JSON document.
    version : int or str, optional
        The version of a Delta table or the snapshot of an Iceberg table; the newest by default.

    Raises
    ------
    UsageError
        ``file-option``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.File("orders.csv", encoding="cp1252", decimal=",", thousands=".").options
    {'encoding': 'cp1252', 'decimal': ',', 'thousands': '.'}
    """

    path: str | Path
    encoding: str | None = field(default=None, kw_only=True)
    delimiter: str | None = field(default=None, kw_only=True)
    decimal: str | None = field(default=None, kw_only=True)
    thousands: str | None = field(default=None, kw_only=True)
    skip_rows: int | None = field(default=None, kw_only=True)
    footer_rows: int | None = field(default=None, kw_only=True)
    column_names: Sequence[str] = field(default=(), kw_only=True)
    sheet: str | None = field(default=None, kw_only=True)
    member: str | None = field(default=None, kw_only=True)
    version: int | str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("encoding", "delimiter", "decimal", "thousands", "sheet", "member"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise _refuse(name, value, "Write a text.")
        if self.encoding is not None and check_encoding(self.encoding) is None:
            raise _refuse("encoding", self.encoding, 'Use an encoding that Python supports, such as "cp1252", "iso-8859-2" or "utf-16".')
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise _refuse("delimiter", self.delimiter, r'Write one character, such as ";" or "\t".')
        if self.decimal not in (None, ".", ","):
            raise _refuse("decimal", self.decimal, 'Write "." or ",".')
        thousands = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "’": "'"}.get(self.thousands or "", self.thousands)
        object.__setattr__(self, "thousands", thousands)
        if thousands not in (None, ".", ",", " ", "'", "_"):
            raise _refuse("thousands", thousands, 'Write ".", ",", " " or "\'".')
        if thousands is not None and thousands == (self.decimal or "."):
            raise _refuse("thousands", thousands, f'It is the decimal sign too: add decimal = "{"," if thousands == "." else "."}".')
        for name in ("skip_rows", "footer_rows"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise _refuse(name, value, "Write a whole number, zero or more.")
        names = self.column_names
        if (
            isinstance(names, str)
            or not isinstance(names, Iterable)
            or not all(isinstance(n, str) and n for n in names)
            or len(set(names)) < len(names)
        ):
            raise _refuse("column_names", names, "Write a list of different names, one for each column of the file.")
        object.__setattr__(self, "column_names", tuple(names))

    @property
    def options(self) -> dict[str, object]:
        """The options that were given, without the path."""
        said = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)[1:]}
        return {name: value for name, value in said.items() if value is not None and value != ()}


def _refuse(name: str, value: object, remedy: str) -> UsageError:
    return UsageError("file-option", f"{name} is {value!r}", remedy=remedy)


FILE_OPTIONS: tuple[str, ...] = tuple(f.name for f in dataclasses.fields(File)[1:])
