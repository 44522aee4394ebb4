"""Profiles of the columns of a file, or of a table of a database: types, times, number of values, number of blanks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.cli.intake.column_amounts import numbers_between_words
from churnpredict.cli.intake.column_times import header_month, how_written, is_number
from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.flags import as_flag, is_flag
from churnpredict.errors import ChurnError, ChurnWarning, IdentityError, UsageError
from churnpredict.events.file_formats import FileFormat, detect_format
from churnpredict.events.source import File, Query, open_source, table_names
from churnpredict.events.sources.texts import form_of_column, texts_form
from churnpredict.events.values.amounts import number_readings
from churnpredict.events.values.durations import in_seconds
from churnpredict.events.values.times import read_times

__all__ = ["Column", "TableProfile", "profile_database", "profile_query", "profile_table", "table_name"]

Ints = npt.NDArray[np.int64]
_A_DAY = 86_400  # seconds: a time of day is less
_TYPES = {b"whole": pa.int64(), b"number": pa.float64()}
_CLOCK = r"^[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?( ?[AaPp][Mm])?$"
_LATIN = {  # letters that do not fall apart into a Latin one and a sign
    **dict(zip("абвгдеёзийклмнопрстуфыэії", "abvgdeeziiklmnoprstufyeii", strict=True)),
    **{"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya", "є": "ye"},
    **{"ß": "ss", "ł": "l", "ı": "i", "ø": "o", "đ": "d", "æ": "ae"},
}


@dataclass(frozen=True)
class Column:
    """One column of a profile.

    Attributes
    ----------
    kind : {"time", "number", "text", "flag", "clock", "empty"}
        "clock" is a time of day.
    how : tuple of (key, value, why)
        The declaration that reads its times.
    doubts : tuple of str
        Other formats that read every row as well, as other times.
    """

    name: str
    kind: str
    values: pa.ChunkedArray
    how: tuple[tuple[str, Any, str], ...] = ()
    doubts: tuple[str, ...] = ()

    def says(self, *roles: str) -> bool:
        """Return whether its name has a word for any of the roles."""
        return any(has_word(self.name, role) for role in roles)

    @property
    def names_person(self) -> bool:
        """Whether its name is that of a person, an address or free text; the name of an event, a product or a plan is not."""
        return self.says("person") and (self.says("customer") or not self.says("kind", "item", "contract", "ticket"))

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Where there is a value, shape (n,)."""
        values = self.values
        if pa.types.is_string(values.type):
            return np.asarray(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(values), ""), False).to_numpy())
        return np.asarray(pc.is_valid(values).to_numpy())

    @cached_property
    def codes(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """Each row's value as a code (-1 where it is empty), and the distinct values as texts."""
        texts = self.values if pa.types.is_string(self.values.type) else self.values.cast(pa.string())
        codes, distinct = pd.factorize(texts.to_pandas().where(self.filled))
        return codes, np.asarray(distinct, dtype=object)

    @property
    def distinct(self) -> int:
        return len(self.codes[1])

    @property
    def unique(self) -> bool:
        """Whether no value comes twice, and none is missing."""
        return bool(self.filled.all()) and self.distinct == len(self.values)

    @property
    def is_whole(self) -> bool:
        return bool(pa.types.is_integer(self.values.type))

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """Numbers, or flags as 0 and 1, NaN where there is none, shape (n,)."""
        values = self.values.cast(pa.int8()) if pa.types.is_boolean(self.values.type) else self.values
        return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)

    @cached_property
    def times(self) -> Ints:
        """Times in microseconds, ``NaT`` as the least number, shape (n,)."""
        how = {key: value for key, value, _ in self.how}
        values = self.values
        with warnings.catch_warnings():  # words for "no time" are named when the declared table is read
            warnings.simplefilter("ignore", ChurnWarning)
            found, missing, _ = read_times(
                values, table="", name=self.name, timezone="UTC", unit=how.get("unit"), form=how.get("format"), placeholders=True
            )
        return np.where(missing, np.iinfo(np.int64).min, found)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where there is a time, shape (n,)."""
        return self.times != np.iinfo(np.int64).min


@dataclass(frozen=True)
class TableProfile:
    """A file, or a table of a database, and its columns."""

    name: str
    source: Any
    table: pa.Table
    columns: Mapping[str, Column]
    keys: tuple[tuple[str, Any, str], ...] = ()
    notes: tuple[str, ...] = ()
    called: str = ""  # as the file is called: a name of its letters may say nothing
    months: Mapping[str, str] = field(default_factory=dict)  # columns that are months -> the first day of each

    @property
    def rows(self) -> int:
        return int(self.table.num_rows)

    def of_kind(self, *kinds: str) -> list[Column]:
        return [c for c in self.columns.values() if c.kind in kinds]

    def says(self, *roles: str) -> bool:
        """Return whether the name of the table has a word for any of the roles."""
        return any(has_word(self.called or self.name, role) for role in roles)


def table_name(called: str) -> str:
    """Return a name that can be used in feature names, from the name of a file or of a table."""
    import unicodedata

    spelt = "".join(_LATIN.get(c.lower(), c) for c in re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", called))
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    name = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]+", "_", plain)).strip("_").lower() or "events"
    name = name if name[0].isalpha() else f"t_{name}"
    return f"{name}_table" if name in ("calendar", "customer_id", "cutoff", "outcome", "duration") else name


def profile_database(path: Path) -> list[TableProfile]:
    """Return profiles of the tables of a DuckDB or SQLite file."""
    return [_profile(Query(name, str(path)), name) for name in table_names(str(path))]


def profile_table(path: str | Path | File) -> TableProfile:
    """Return the profile of a file, or of a sheet or a member of it, read as it is written.

    Raises
    ------
    ChurnError
        Any error of the file's reader; ``float-id``: its ids are damaged.
    """
    within = (path.sheet or path.member) if isinstance(path, File) else None
    path = path if within else str(path.path if isinstance(path, File) else path)
    called = Path(within or str(path)).name.split(".")[0]
    name = table_name(called)
    found = detect_format(path, name)
    file = found.file if found.header else _with_names(found, name)
    reasons = {"sheet": "the workbook has several", "member": "the archive holds several files", **found.reasons}
    keys = [(key, value, reasons.get(key, "")) for key, value in file.options.items()]
    if not found.header:
        keys = [(k, v, "the file has no header: correct these names" if k == "column_names" else w) for k, v, w in keys]
    others = found.alternatives.get("decimal", ())
    notes = [f'decimal = "{o.decimal}" would read every number too, as a different one' for o in others]
    profile = _profile(file if file.options else str(path), called)
    return replace(profile, keys=tuple(keys), notes=(*profile.notes, *notes))


def _with_names(found: FileFormat, name: str) -> File:
    """Return names for the columns of a file without a header, from their values: the time, the customer, the amount."""
    for width in range(2, 1000):
        names = [f"column_{n}" for n in range(1, width + 1)]
        file = replace(found.file, column_names=names)
        try:
            looked = _profile(file, name)
        except UsageError:  # another number of columns
            continue
        columns = list(looked.columns.values())
        repeated = [
            c for c in columns if c.kind in ("text", "number") and (c.kind == "text" or c.is_whole) and 10 < c.distinct < looked.rows
        ]
        decimals = [c for c in columns if c.kind == "number" and not c.is_whole]
        roles = {"date": looked.of_kind("time"), "customer": sorted(repeated, key=lambda c: -c.distinct), "amount": decimals}
        called = {fitting[0].name: role for role, fitting in roles.items() if fitting}
        return replace(found.file, column_names=[called.get(n, n) for n in names])
    return found.file


def profile_query(source: Any, name: str, like: TableProfile | None = None) -> TableProfile:
    """Return the profile of a query, a glob, or a file whose options are known; ``like`` is the table that it is made of."""
    found = _profile(source, name)
    return found if like is None else replace(found, called=like.called, notes=like.notes)


def _profile(source: Any, called: str) -> TableProfile:
    name = table_name(called)
    opened = open_source(source, name)
    names = opened.columns()
    opened.check(names)
    lists = [c for c in names if c not in opened.plain_columns()]
    names = [c for c in names if c not in lists]
    written = opened.read(names, ())
    untyped = [f.name for f in written.schema if form_of_column(f) is not None]
    if isinstance(source, Query):  # read once: a join may give its rows in another order each time
        table = written = _plain(written)
        for column in untyped:
            form = texts_form(table[column].combine_chunks())
            if form in _TYPES:
                table = table.set_column(table.column_names.index(column), column, table[column].cast(_TYPES[form]))
    else:
        table, written = _plain(opened.read(names)), _plain(written)
        for column in untyped:  # what a reader of text takes as dates may have many formats, and numbers may have lost their zeros
            kind = table.schema.field(column).type
            if not (pa.types.is_floating(kind) or pa.types.is_boolean(kind) or _same_whole(table[column], written[column])):
                table = table.set_column(table.column_names.index(column), column, written[column])
    for column in untyped:
        _refuse_spoilt(written[column], column, name)
        if pa.types.is_floating(table.schema.field(column).type) and _is_dotted(written[column], column):
            table = table.set_column(table.column_names.index(column), column, written[column])
    for column in untyped:
        if (numbers := numbers_between_words(table[column], column)) is not None:
            table = table.set_column(table.column_names.index(column), column, numbers)
    columns = {c: _column(table[c], c) for c in names}
    months = {c: day for c in names if (day := header_month(c)) and (columns[c].kind in ("number", "empty") or _has_amounts(columns[c]))}
    notes = (f"{', '.join(lists)}: lists within a row, not used",) if lists else ()
    return TableProfile(name, source, table, columns, notes=notes, called=called, months=months if len(months) > 2 else {})


def _has_amounts(column: Column) -> bool:
    """Return whether texts are numbers and dashes, as a pivot table writes months without a sale."""
    return column.kind == "text" and bool(number_readings(column.values.combine_chunks()))


def _refuse_spoilt(texts: pa.ChunkedArray, column: str, table: str) -> None:
    """Refuse ids that a spreadsheet has shortened to powers of ten."""
    if not (has_word(column, "customer") or tokens(column)[-1:] in (("id",), ("uid",))):
        return
    powers = pc.match_substring_regex(pc.utf8_trim_whitespace(texts), r"^[0-9][.,]?[0-9]*[eE]\+?[0-9]+$")
    lost = int(pc.sum(powers).as_py() or 0)
    if lost > len(texts) / 2:
        raise IdentityError(
            "float-id",
            "ids have been through a spreadsheet: they are written as powers of ten, and their last digits are lost",
            table=table,
            column=column,
            rows=lost,
            total=len(texts),
            remedy="Export the table again with this column as text, and do not open and save it in a spreadsheet.",
        )


def _is_dotted(texts: pa.ChunkedArray, column: str) -> bool:
    """Return whether texts are ids of two numbers with a dot between them, such as those in the cookies of web analytics, not decimals."""
    if not (has_word(column, "customer") or tokens(column)[-1:] in (("id",), ("cid",), ("uid",))):
        return False
    known = pc.drop_null(pc.utf8_trim_whitespace(texts))
    return len(known) > 0 and bool(pc.all(pc.match_substring_regex(known, r"^[0-9]{5,}\.[0-9]{5,}$")).as_py())


def _same_whole(read: pa.ChunkedArray, written: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(read.type)) and read.cast(pa.string()).combine_chunks() == written.combine_chunks()


def _plain(table: pa.Table) -> pa.Table:
    """Return texts as plain strings, whatever they are stored as; numbers as numbers."""
    for i, column in enumerate(table.schema):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            table = table.set_column(i, column.name, table.column(i).cast(pa.string()))
        elif pa.types.is_decimal(kind):
            table = table.set_column(i, column.name, table.column(i).cast(pa.float64()))
    return table


def _column(values: pa.ChunkedArray, name: str) -> Column:
    kind = values.type
    if pa.types.is_null(kind) or values.null_count == len(values):
        return Column(name, "empty", values.cast(pa.string()) if pa.types.is_null(kind) else values)
    found = how_written(values, name)
    if found is not None:
        how, doubts = found
        column = Column(name, "time", values, how, doubts)
        try:
            return column if column.known.any() else Column(name, "empty", values)
        except ChurnError:  # some rows cannot be read in this format: then the column holds no times
            found = None
    if pa.types.is_boolean(kind):
        return Column(name, "flag", values)
    if is_number(kind):
        flag = set(pc.unique(values).drop_null().to_pylist()) == {0, 1}
        return Column(name, "flag" if flag else "number", values)
    if (seconds := in_seconds(values.combine_chunks())) is not None and (has_word(name, "duration") or pc.max(seconds).as_py() >= _A_DAY):
        return Column(name, "number", pa.chunked_array([seconds]))
    if pa.types.is_time(kind):
        return Column(name, "clock", values.cast(pa.string()))
    if not pa.types.is_string(kind):
        return Column(name, "empty", pa.chunked_array([pa.nulls(len(values), pa.string())]))  # lists, structs and the like: not used
    column = Column(name, "text", values)
    if all(re.match(_CLOCK, str(v).strip()) for v in column.codes[1]):
        return Column(name, "clock", values)
    if is_flag(column.codes[1]):
        return Column(name, "flag", as_flag(values))
    return column
