"""Numbers of a file as it writes them, in plain form; and refusal of titles, totals and missing headers that are not declared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ContentError, SchemaError
from churnpredict.events.sources.base import Source, distinct
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.layouts import Layout
from churnpredict.events.sources.texts import form_of_column, texts_form
from churnpredict.events.values.amounts import NumberFormat, read_amounts

__all__ = ["Written", "refuse_layout"]

_PLAIN = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_MOST = 0.5  # of a column's texts: then they are numbers, and the others are wrong


@dataclass
class _Seen:
    """What the texts of one column were read as."""

    texts: int = 0
    unread: int = 0
    changed: int = 0  # are written otherwise once they are made plain
    odd: int = 0  # are not plain numbers
    sneaking: int = 0  # are not read, but would be as plain numbers
    percent: int = 0
    plain: int = 0
    currencies: set[str] = field(default_factory=set)


class Written(Source):
    """A source whose texts hold numbers with signs of their own: they become plain digits, everything else is unchanged."""

    def __init__(self, inner: Source, form: NumberFormat) -> None:
        super().__init__(inner.name)
        self.inner, self.form = inner, form

    def columns(self) -> list[str]:
        return self.inner.columns()

    def count(self) -> int | None:
        return self.inner.count()

    def paths(self) -> list[str]:
        return self.inner.paths()

    def check(self, wanted: Sequence[str]) -> None:
        self.inner.check(wanted)

    def check_files(self, wanted: Sequence[str], needed: Collection[str]) -> None:
        self.inner.check_files(wanted, needed)

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        table = self.inner.read(columns, () if text is None else text)
        seen: dict[str, _Seen] = {}
        for batch in table.to_batches():
            self._look(batch, text or (), seen)
        plain = pa.Table.from_batches([self._made_plain(b, self._numbers(seen)) for b in table.to_batches()], table.schema)
        return plain if text is not None else _guessed(plain)

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = [c for c in distinct(columns) if c not in (text or ())]
        seen: dict[str, _Seen] = {}
        if wanted:
            for batch in self.inner.batches(wanted, text or ()):
                self._look(batch, text or (), seen)
        numbers = self._numbers(seen)
        for batch in self.inner.batches(columns, text or ()):
            yield self._made_plain(batch, numbers)

    def _look(self, batch: pa.RecordBatch, text: Sequence[str], seen: dict[str, _Seen]) -> None:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name in text or not pa.types.is_string(column.type):
                continue
            amounts, found = read_amounts(column, self.form), seen.setdefault(name, _Seen())
            found.texts += pc.sum(pc.invert(amounts.missing)).as_py() or 0
            found.unread += pc.sum(amounts.unread).as_py() or 0
            plain = pc.fill_null(pc.match_substring_regex(column, _PLAIN), False)
            known = pc.invert(amounts.missing)
            found.odd += pc.sum(pc.and_(known, pc.invert(plain))).as_py() or 0
            found.sneaking += pc.sum(pc.and_(amounts.unread, plain)).as_py() or 0
            found.changed += pc.sum(pc.and_(known, pc.not_equal(amounts.texts, column))).as_py() or 0
            found.currencies |= set(amounts.currencies)
            if len(column) and not pc.all(amounts.missing).as_py():
                found.percent += amounts.percent != "none"
                found.plain += amounts.percent != "all"

    def _numbers(self, seen: dict[str, _Seen]) -> list[str]:
        """Return the columns of numbers.

        Raises
        ------
        ContentError
            ``mixed-currencies``, ``mixed-percent``, ``value-type``.
        """
        numbers = [name for name, found in seen.items() if found.texts and (not found.unread or self._mostly(name, found))]
        for name in numbers:
            found = seen[name]
            if len(found.currencies) > 1:
                raise ContentError(
                    "mixed-currencies",
                    f"amounts in {len(found.currencies)} currencies ({', '.join(sorted(found.currencies)[:4])})",
                    table=self.name,
                    column=name,
                    remedy="Write the currency into a column of its own, and declare currency= and rates=.",
                )
            if found.percent and found.plain:
                raise ContentError(
                    "mixed-percent",
                    "some numbers carry a percent sign and some do not",
                    table=self.name,
                    column=name,
                    remedy="Write all of them with it, or none.",
                )
        return numbers

    def _mostly(self, name: str, found: _Seen) -> bool:
        """Return whether a column of which not all is read holds such numbers, so that the others are wrong; else it stays as it is.

        A number that is read otherwise than those beside it must not pass for one of them.
        """
        if not found.changed or not found.odd or found.unread > _MOST * found.texts:
            return False
        if found.sneaking:
            raise ContentError(
                "value-type",
                "numbers are written in more than one way in one column",
                table=self.name,
                column=name,
                rows=found.unread,
                total=found.texts,
                remedy="Write all of them in the way that the file's decimal and thousands say.",
            )
        return True

    def _made_plain(self, batch: pa.RecordBatch, numbers: Sequence[str]) -> pa.RecordBatch:
        columns = [
            read_amounts(column, self.form).texts if name in numbers else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _guessed(table: pa.Table) -> pa.Table:
    """Return the table with the types that all texts of each column have, for previews of undeclared files."""
    columns = []
    for field_, column in zip(table.schema, table.columns, strict=True):
        kinds = {b"whole": pa.int64(), b"number": pa.float64()}
        form = texts_form(column.combine_chunks()) if form_of_column(field_) is not None else b""
        columns.append(column.cast(kinds[form]) if form in kinds else column)
    return pa.table(columns, names=table.schema.names)


def refuse_layout(file: File, layout: Layout, path: str, table: str) -> None:
    """Refuse what a reader would take for something else, where the file's options do not say it.

    Raises
    ------
    SchemaError
        ``lines-above``, ``rows-below``, ``no-header``.
    """
    if file.skip_rows is None and layout.skip_rows:
        raise SchemaError(
            "lines-above",
            f'"{path}" has {layout.skip_rows} lines above its header',
            table=table,
            remedy=f"Say so: skip_rows={layout.skip_rows} in cp.File, skip_rows = {layout.skip_rows} in churn.toml; 0 if it is not so.",
        )
    if file.footer_rows is None and layout.footer_rows:
        raise SchemaError(
            "rows-below",
            f'"{path}" ends with rows that are not of the table, such as a total',
            table=table,
            rows=layout.footer_rows,
            remedy=f"Leave them out: footer_rows={layout.footer_rows} in cp.File or churn.toml; 0 if they are rows like the others.",
        )
    if not layout.header and not file.column_names:
        raise SchemaError(
            "no-header",
            f'the first row of "{path}" looks like data, so the columns have no names',
            table=table,
            remedy='Name them: column_names=["customer", "date", ...] in cp.File or churn.toml, one for each column of the file.',
        )
