"""Read a declared table and check its contents.

Longer than most modules because the four kinds of table are read in the same few steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.clock import local_time
from churnpredict.errors import ContentError, IdentityError, SchemaError, TimeError, UsageError, warn
from churnpredict.events.check_declarations import RESERVED
from churnpredict.events.declarations import ANY, Customers, Declaration, Events, Intervals, States
from churnpredict.events.last_days import day_after
from churnpredict.events.observation import end_of_period, observed_rows
from churnpredict.events.one_row import ID, bring_together, key_codes, key_numbers, keys_of
from churnpredict.events.rows import Rows
from churnpredict.events.source import open_source
from churnpredict.events.sources.texts import form_of_column, texts_form
from churnpredict.events.streams import UNIT
from churnpredict.events.tally import judge, summing
from churnpredict.events.terms import per_month
from churnpredict.events.timing import DAY, NEVER, OPEN
from churnpredict.events.values.columns import encoded
from churnpredict.events.values.currency import in_one_currency
from churnpredict.events.values.ids import check_spellings, read_ids
from churnpredict.events.values.labels import read_labels
from churnpredict.events.values.numbers import read_numbers
from churnpredict.events.values.times import drop_unknown_times, read_times
from churnpredict.figures import percent

__all__ = ["all_ids", "are_midnights", "judge_repeats", "read_rows"]

_MANY_REPEATS = 0.2

Ints = npt.NDArray[np.int64]


class Reader:
    """One table being read: the declaration, what the source gave, and what the columns have become."""

    def __init__(self, name: str, declaration: Declaration, timezone: str, extra: Sequence[str] = (), *, with_ids: bool = False) -> None:
        self.name, self.declaration, self.timezone, self.extra, self.with_ids = name, declaration, timezone, extra, with_ids
        self.table = _fetch(name, declaration, extra)
        self.columns: dict[str, npt.NDArray[Any]] = {}
        self.labels: dict[str, pa.Array] = {}
        self.aware: bool | None = None

    def drop(self, column: str, missing: npt.NDArray[np.bool_], times: Ints) -> Ints:
        """Leave out the rows whose time is unknown."""
        if getattr(self.declaration, "optional_time", False):
            keep = ~missing if missing.any() else None
        else:
            keep = drop_unknown_times(missing, table=self.name, name=column)
        return self.only(keep, times)

    def only(self, keep: npt.NDArray[np.bool_] | None, times: Ints) -> Ints:
        """Leave out all other rows, before anything else of them is read."""
        if keep is None:
            return times
        self.table = self.table.filter(pa.array(keep))
        return times[keep]

    def happened(self, column: str) -> Ints:
        """Return when each row happened: at the end of its period where it is a total. Leave out rows without a time, or not observed."""
        how = self.declaration
        assert not isinstance(how, Customers)
        found, missing = self.times(column)
        times = self.drop(column, missing, found)
        if not isinstance(how, Intervals) and how.known_after is not None:
            times = end_of_period(times, how.known_after, self.timezone)
        bounds = (getattr(how, "observed_from", None), how.observed_until)
        where = {"timezone": self.timezone, "table": self.name, "column": column}
        keep = observed_rows(times, *bounds, **where, logged=isinstance(how, Events))
        return self.only(keep, times)

    def times(self, column: str, *, placeholders: bool = False) -> tuple[Ints, npt.NDArray[np.bool_]]:
        how = self.declaration
        found, missing, aware = read_times(
            self.table[column],
            table=self.name,
            name=column,
            timezone=self.timezone,
            unit=how.unit,
            form=how.format,
            placeholders=placeholders,
        )
        if None not in (aware, self.aware) and aware != self.aware:
            raise TimeError(
                "mixed-zones",
                "some columns carry a time zone, others do not",
                table=self.name,
                column=column,
                remedy="Give all times a zone, or none of them.",
            )
        self.aware = aware if self.aware is None else self.aware
        return found, missing

    def ends(self, column: str, inclusive: bool | None) -> Ints:
        """Return the ends of intervals, ``OPEN`` for none; the days of inclusive ones belong to the interval."""
        found, missing = self.times(column, placeholders=True)
        ends = np.where(missing, OPEN, found)
        return day_after(ends, self.timezone) if inclusive else ends

    def ids(self, column: str) -> tuple[npt.NDArray[np.int32], pa.Array]:
        return read_ids(self.table[column], table=self.name, name=column, form=form_of_column(self.table.schema.field(column)))

    def number(self, role: str, column: str | None, *, signed: bool = True, negative: str = "") -> None:
        if column is not None:
            found = read_numbers(self.table[column], table=self.name, name=column, signed=signed, negative=negative)
            self.columns[role] = found + 0.0  # one zero: rows that differ in its sign only are equal, and have one place

    def money(self, declaration: Events | Intervals) -> None:
        """Read the value, in one currency."""
        negative = ""
        if isinstance(declaration, Events):
            counts = declaration.activity == ANY
            negative = ", and such rows count as activity" if counts else ", and such rows do not count as activity"
        self.number("value", declaration.value, negative=negative)
        if declaration.value is not None and declaration.currency is not None:
            codes, names = read_labels(self.table[declaration.currency], table=self.name, name=declaration.currency)
            where = (self.name, declaration.currency)
            self.columns["value"] = in_one_currency(self.columns["value"], codes, names, declaration.rates, where)

    def label(self, role: str, column: str | None) -> None:
        if column is not None:
            self.columns[role], self.labels[role] = read_labels(self.table[column], table=self.name, name=column)

    def either(self, column: str) -> None:
        """Read a column as numbers or as labels, as its type says; texts are what all of them look like, from every source."""
        if column in RESERVED:
            raise SchemaError("reserved-column", "this name is reserved", table=self.name, column=column, remedy="Rename the column.")
        kind = self.table.schema.field(column).type
        stored = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_nested(stored):
            remedy = "Write one value a row, or one column for each: a list or record is not a number or a label."
            raise SchemaError("label-type", f"attributes or values of type {stored}", table=self.name, column=column, remedy=remedy)
        if pa.types.is_temporal(stored) or "period" in str(stored):
            remedy = "Declare days in dates=[...]; convert a duration to a number, and a period to text or to a day."
            raise SchemaError("label-type", f"attributes or values of type {stored}", table=self.name, column=column, remedy=remedy)
        form = form_of_column(self.table.schema.field(column))
        if form in (None, b"text") and "string" in str(stored):
            form = texts_form(encoded(self.table[column])[1], described=True)
        numeric = pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored)
        if column in getattr(self.declaration, "labels", ()) or not (numeric or form in (b"whole", b"number")):
            self.label(column, column)
            return
        if stored != kind and not summing():
            warn(
                "category-numbers",
                "categories that are numbers are read as numbers",
                table=self.name,
                column=column,
                remedy=f'If they are labels, declare labels=["{column}"].',
                stacklevel=7,
            )
        self.number(column, column, signed=False)

    def dates(self, columns: Sequence[str]) -> None:
        """Read columns of days, with a zone or without, whatever the table's times have."""
        for column in columns:
            where = {"table": self.name, "name": column, "timezone": self.timezone}
            days, missing, _ = read_times(self.table[column], **where, placeholders=True)
            self.columns[column] = np.where(missing, OPEN, days)

    def known(self, column: str | None, times: Ints) -> None:
        if column is not None:
            known, unknown = self.times(column)
            # missing: known at once; the far future (9999): not known yet
            self.columns["known"] = np.maximum(np.where(unknown & (known <= 0), times, known), times)

    def one_row_each(self, times: Ints) -> Rows:
        """Return all rows, those that are one brought together; with their keys beside them where rows are read apart from others."""
        keys = keys_of(self.declaration).items()
        codes, ids = self.ids(self.declaration.customer)
        rows = Rows(codes, ids, times, self.columns, self.labels, self.aware, are_midnights(times, self.timezone))
        if UNIT in self.extra:
            columns = dict(rows.columns)
            for key, column in keys:
                columns |= key_numbers(key, self.table[column], self.name, column)
            return replace(rows, columns=columns, units=self.table[UNIT].to_numpy())
        coded = {key: key_codes(key, self.table[column], self.name, column) for key, column in keys}
        together = bring_together(self.name, self.declaration, rows, coded)
        if not self.with_ids or ID not in coded:
            return together
        high, low = key_numbers(ID, self.table[dict(keys)[ID]], self.name, dict(keys)[ID]).values()
        return replace(together, event_ids=(high, low))


def read_rows(name: str, declaration: Declaration, timezone: str, *, units: bool = False, event_ids: bool = False) -> Rows:
    """Read one table as declared.

    With ``units``, its source says in a column of that name from which part of it each row comes. With ``event_ids``, the ids of events
    come with the rows, to be compared with those of other partitions.

    Raises
    ------
    DataError
        Any error in the table.
    """
    reader = Reader(name, declaration, timezone, (UNIT,) if units else (), with_ids=event_ids)
    if isinstance(declaration, Events):
        return _events(reader, declaration)
    if isinstance(declaration, Intervals):
        return _intervals(reader, declaration)
    if isinstance(declaration, States):
        return _states(reader, declaration)
    return _customers(reader, declaration)


def _events(reader: Reader, events: Events) -> Rows:
    times = reader.happened(events.time)
    reader.money(events)
    reader.label("kind", events.kind)
    reader.label("item", events.item)
    reader.label("user", events.user)
    reader.known(events.known_at, times)
    return reader.one_row_each(times)


def _intervals(reader: Reader, intervals: Intervals) -> Rows:
    starts = reader.happened(intervals.start)
    ends = reader.ends(intervals.end, intervals.end_inclusive)
    _refuse_backwards(reader, starts, ends, intervals.end, "intervals that end before they begin")
    reader.columns["end"] = ends
    if intervals.planned_end is not None:
        reader.columns["planned_end"] = reader.ends(intervals.planned_end, intervals.end_inclusive)
    for role, column in (("response", intervals.response), ("reopened", intervals.reopened)):
        if column is not None:
            moments, waiting = reader.times(column, placeholders=True)
            reader.columns[role] = np.where(waiting, OPEN, moments)
            what = "responses" if role == "response" else "reopened"
            _refuse_backwards(reader, starts, reader.columns[role], column, f"{what} before the interval begins")
    reader.money(intervals)
    if intervals.per is not None:
        c = reader.columns
        c["value"] = per_month(c["value"], intervals.per, starts, c.get("planned_end"), reader.timezone, reader.name)
    reader.number("value_at_end", intervals.value_at_end)
    reader.label("kind", intervals.kind)
    for column in intervals.attributes:
        reader.either(column)
    reader.dates(intervals.dates)
    reader.known(intervals.known_at, starts)
    return reader.one_row_each(starts)


def _refuse_backwards(reader: Reader, starts: Ints, ends: Ints, column: str, what: str) -> None:
    backwards = int((ends < starts).sum())
    if backwards:
        remedy = "Correct the times, or leave these rows out. If ends are dates that belong to the interval, declare end_inclusive=True."
        raise TimeError("end-before-start", what, table=reader.name, column=column, rows=backwards, total=len(ends), remedy=remedy)


def _states(reader: Reader, states: States) -> Rows:
    if not states.values and not states.dates:
        raise UsageError(
            "no-values", "no value is declared", table=reader.name, remedy='Declare the columns of values: States(..., values=["price"]).'
        )
    times = reader.happened(states.time)
    for column in states.values:
        reader.either(column)
    reader.dates(states.dates)
    reader.known(states.known_at, times)
    return reader.one_row_each(times)


def _customers(reader: Reader, customers: Customers) -> Rows:
    times = np.full(reader.table.num_rows, NEVER, np.int64)
    if customers.valid_from is not None:
        moments, unknown = reader.times(customers.valid_from)
        times = np.where(unknown, NEVER, moments)
    if customers.since is not None:
        moments, unknown = reader.times(customers.since)
        reader.columns["since"] = np.where(unknown, NEVER, moments)
    for column in customers.attributes:
        reader.either(column)
    reader.dates(customers.dates)
    if customers.account is not None:
        reader.columns["account"], reader.labels["account"] = reader.ids(customers.account)
    reader.label("owner", customers.owner)
    reader.number("value", customers.value, signed=False)
    return reader.one_row_each(times)


def _fetch(name: str, declaration: Declaration, extra: Sequence[str] = ()) -> pa.Table:
    source = open_source(declaration.source, name)
    source.check(declaration.columns())
    source.check_files(declaration.columns(), declaration.needed())
    table = source.read([*declaration.columns(), *extra], text=declaration.as_written())
    if table.num_rows == 0:
        if not declaration.optional:
            raise SchemaError("empty-table", "the table has no rows", table=name, remedy="Check its source, or declare it optional=True.")
        if not summing():
            warn("empty-table", "the table has no rows", table=name, remedy="Features of it will be missing.", stacklevel=6)
    return table


def all_ids(rows: dict[str, Rows], people: str | None) -> pa.Array:
    """Return all customer ids, sorted: those of the customers table where there is one, else those of all tables.

    Raises
    ------
    IdentityError
        ``id-types-differ``.
    """
    given = {n: r.ids for n, r in rows.items() if len(r.ids)}
    texts = [n for n, ids in given.items() if ids.type == pa.string()]
    if texts and len(texts) < len(given):
        number = next(n for n in given if n not in texts)
        raise IdentityError(
            "id-types-differ",
            f'customer ids are text, while those of "{number}" are whole numbers',
            table=texts[0],
            remedy=f'Cast one of them first, for example in "{number}": column.astype("str") (mind leading zeros).',
        )
    if not given:
        return pa.array([], pa.int64())
    grouped = len(given) == 1 and rows[next(iter(given))].offsets is not None  # by their sorted ids
    distinct = next(iter(given.values())) if grouped else pc.unique(pa.chunked_array(list(given.values())))
    if not summing():  # two spellings of one id are in two partitions
        check_spellings(distinct, ", ".join(given))
    chosen = distinct if people is None else rows[people].ids
    if grouped and chosen is distinct:
        return chosen
    return chosen.take(pc.sort_indices(chosen))


def judge_repeats(name: str, rows: Rows, repeats: int, declaration: Events | Intervals) -> None:
    """Warn about or refuse identical rows where rows hold enough to differ; they are ordinary where they do not, or where it is
    declared.
    """
    if declaration.repeats is not None or getattr(declaration, "id", None) is not None:
        return
    columns = set(rows.columns)  # not the rows: a verdict may be sent to another process

    def verdict(repeats: int, total: int, exact: int) -> None:
        """Judge all tables together; ``exact`` counts the tables, or partitions of one, in which times are more than days."""
        if not repeats or (not exact and not columns):
            return
        telling = bool(exact) or bool({"value", "item", "user", "end"} & columns)
        if telling and repeats / total >= _MANY_REPEATS:
            raise ContentError(
                "repeated-rows",
                f"{percent(repeats / total)} of the rows repeat another row in every declared column",
                table=name,
                rows=repeats,
                total=total,
                remedy='The table was most likely loaded twice: declare repeats="drop", or repeats="keep" if these rows are real'
                + ("." if "end" in columns else ", or the event's id=."),
            )
        warn(
            "repeated-rows",
            "rows that repeat another row in every declared column are kept",
            table=name,
            rows=repeats,
            total=total,
            remedy='Declare repeats="keep" if they are real, or repeats="drop" if they are duplicates.',
            stacklevel=7,
        )

    judge(("repeated-rows", name), verdict, repeats, len(rows.times), int(not rows.days_only))


def are_midnights(times: Ints, timezone: str) -> bool:
    """Return whether all times are midnights of the business: days without a time."""
    few = local_time(times[:1000], timezone)
    return bool((few % DAY == 0).all() and (local_time(times, timezone) % DAY == 0).all())
