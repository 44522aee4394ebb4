"""What a customer did, as tables: columns declared once, checked once at the door."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ContentError, IdentityError, SchemaError, TimeError, UsageError, closest, warn
from churnpredict.events.columns import check_spellings, drop_unknown_times, read_ids, read_labels, read_numbers, read_times
from churnpredict.events.source import Source, open_source
from churnpredict.events.streams import Stream, group_rows
from churnpredict.events.timing import DAY, NEVER, instant, stamp

__all__ = ["Customers", "EventTables", "Events", "Profile"]

_DRIVERS = (
    "habit",
    "value",
    "onboarding",
    "quality",
    "support",
    "communication",
    "price",
    "payment",
    "contract",
    "complexity",
    "competition",
    "lifecycle",
)
_RESERVED = {"customer_id", "cutoff", "outcome", "duration"}
_MANY_REPEATS = 0.2
_BUSY_DAY = 30  # rows a day from which a day without any row is a hole in the log


@dataclass(frozen=True)
class Events:
    """A log: something happened to a customer at a time (orders, logins, payments, contacts).

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
        See :func:`churnpredict.events.source.open_source`.
    customer, time : str
        Columns of the customer's id and of the moment.
    value : str, optional
        Column of a number, most often money.
    kind : str, optional
        Column that tells kinds of event apart.
    item : str, optional
        Column of what the event was about: product, page, function.
    known_at : str, optional
        Column of the moment at which the row came to be known, where that is later than ``time``.
    id : str, optional
        Column of the event's own id: the same id with other content is an error.
    driver : str, optional
        The driver that the table speaks for, such as ``"support"`` or ``"payment"``.
    unit : {"s", "ms", "us"}, optional
        What times count, where they are numbers since 1970.
    optional : bool
        Whether the table may be empty.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "b"], "paid_at": ["2024-01-01", "2024-01-03"], "eur": [10.0, 20.0]})
    >>> cp.EventTables(orders=cp.Events(log, customer="user", time="paid_at", value="eur"))
    EventTables: 2 customers, observed until 2024-01-04
      orders  2 events of 2 customers, 2024-01-01 to 2024-01-03
    """

    source: Any = field(repr=False)
    customer: str = field(kw_only=True)
    time: str = field(kw_only=True)
    value: str | None = field(default=None, kw_only=True)
    kind: str | None = field(default=None, kw_only=True)
    item: str | None = field(default=None, kw_only=True)
    known_at: str | None = field(default=None, kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    driver: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    def columns(self) -> list[str]:
        named = (self.customer, self.time, self.value, self.kind, self.item, self.known_at, self.id)
        return [c for c in named if c is not None]

    def as_written(self) -> list[str]:
        return [c for c in (self.customer, self.time, self.known_at) if c is not None]


@dataclass(frozen=True)
class Customers:
    """Who exists: one row per customer.

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
    customer : str
        Column of the customer's id.
    since : str, optional
        Column of the moment of joining: nobody is at risk before it.
    attributes : list of str
        Columns that describe the customer and do not change: numbers, or labels that become categories.
    unit : {"s", "ms", "us"}, optional
        What ``since`` counts, where it is a number since 1970.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.Customers("customers.csv", customer="id", since="joined", attributes=["region"]).columns()
    ['id', 'joined', 'region']
    """

    source: Any = field(repr=False)
    customer: str = field(kw_only=True)
    since: str | None = field(default=None, kw_only=True)
    attributes: Sequence[str] = field(default=(), kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)

    def columns(self) -> list[str]:
        return [c for c in (self.customer, self.since, *self.attributes) if c is not None]

    def as_written(self) -> list[str]:
        return [c for c in (self.customer, self.since) if c is not None]


@dataclass(frozen=True)
class Profile:
    """The customers table once read, in the order of :attr:`EventTables.ids`.

    ``since`` is int64 microseconds, with the least int64 for "unknown, always there". ``numbers`` and ``labels`` hold the attributes;
    labels are codes (-1 for missing) into their sorted values.
    """

    name: str
    listed: npt.NDArray[np.bool_]
    since: npt.NDArray[np.int64] | None
    numbers: dict[str, npt.NDArray[np.float64]]
    labels: dict[str, tuple[npt.NDArray[np.int32], pa.Array]]


@dataclass(frozen=True)
class _Rows:
    """One table as read from its source, before ids of all tables are brought together."""

    ids: pa.DictionaryArray
    times: npt.NDArray[np.int64]
    columns: dict[str, npt.NDArray[Any]]
    names: dict[str, pa.Array]
    aware: bool | None
    days_only: bool


class EventTables:
    """All tables of a business, read and checked.

    Parameters
    ----------
    **declarations : Events or Customers
        Each table under the name by which features will call it.
    timezone : str
        The business's time zone (IANA). Naive times are its wall times, and calendar days are its days.
    observed_until : time, optional
        The moment up to which the tables are complete. By default the end of the day of the last row of each table; say it where
        events are rare, since a quiet end would pass for the end of the log.

    Raises
    ------
    DataError
        Everything the data are refused for, with table, column, count and remedy.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": [1, 1, 2], "day": ["2024-01-01", "2024-01-05", "2024-01-03"]})
    >>> tables = cp.EventTables(visits=cp.Events(log, customer="user", time="day"))
    >>> len(tables)
    2
    """

    def __init__(self, *, timezone: str = "UTC", observed_until: Any = None, **declarations: Any) -> None:
        _check_declarations(declarations, timezone)
        self.timezone = timezone
        self.declarations: dict[str, Events | Customers] = declarations
        rows = {name: _read_events(name, d, timezone) for name, d in declarations.items() if isinstance(d, Events)}
        people = next(((n, d) for n, d in declarations.items() if isinstance(d, Customers)), None)
        profile = _read_customers(*people, timezone) if people else None
        _check_zones(rows)
        self.ids = _universe(rows, profile[0] if profile else None)
        self.names: dict[str, dict[str, pa.Array]] = {name: r.names for name, r in rows.items()}
        self.profile = _align_profile(profile, self.ids) if profile else None
        self.streams = {name: self._stream(name, r) for name, r in rows.items()}
        self._observed = None if observed_until is None else int(self.instants(observed_until)[0])

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        ends = [self.observed_until(name) for name in self.streams if len(self.streams[name])]
        lines = [f"EventTables: {len(self):,} customers" + (f", observed until {stamp(max(ends))}" if ends else "")]
        width = max(len(n) for n in self.declarations)
        for name in self.declarations:
            if name in self.streams:
                stream = self.streams[name]
                active = int((np.diff(stream.offsets) > 0).sum())
                when = f", {_date(stream.times.min())} to {_date(stream.times.max())}" if len(stream) else ""
                lines.append(f"  {name:<{width}}  {len(stream):,} events of {active:,} customers{when}")
            elif self.profile:
                attributes = [*self.profile.numbers, *self.profile.labels]
                lines.append(
                    f"  {name:<{width}}  {int(self.profile.listed.sum()):,} customers"
                    + (f" with {', '.join(attributes)}" if attributes else "")
                )
        return "\n".join(lines)

    def _stream(self, name: str, rows: _Rows) -> Stream:
        values = rows.ids.dictionary
        remap = pc.fill_null(pc.index_in(values, value_set=self.ids), -1).to_numpy(zero_copy_only=False).astype(np.int32)
        stream, repeats = group_rows(
            rows.ids.indices.to_numpy(zero_copy_only=False), remap, len(self.ids), rows.times, rows.columns, self.timezone
        )
        dropped = len(rows.times) - len(stream)
        if dropped:
            warn(
                "unknown-customer",
                f"rows of {int((remap < 0).sum()):,} customers who are not in the customers table are left out",
                table=name,
                rows=dropped,
                total=len(rows.times),
                remedy="Add them to the customers table if they are customers.",
                stacklevel=5,
            )
        if repeats:
            _judge_repeats(name, rows, repeats)
        _warn_of_holes(name, stream)
        return stream

    def stream(self, name: str, kind: str | None = None) -> Stream:
        """The rows of a table of events, or of one kind of them.

        Raises
        ------
        UsageError
            ``unknown-table``, ``unknown-kind``.
        """
        if name not in self.streams:
            raise UsageError(
                "unknown-table",
                f'there is no table of events called "{name}"',
                remedy=f"There are: {', '.join(self.streams) or 'none'}.{closest(name, self.streams)}",
            )
        stream = self.streams[name]
        if kind is None:
            return stream
        kinds = [str(k) for k in self.names[name].get("kind", pa.array([], pa.string())).to_pylist()]
        if "kind" not in stream.columns:
            raise UsageError(
                "unknown-kind", "the table has no declared kinds", table=name, remedy="Declare the column: Events(..., kind=...)."
            )
        code = kinds.index(kind) if kind in kinds else -2  # a kind that has not happened yet has no rows
        return stream.where(stream.columns["kind"] == code)

    def kinds(self, name: str, before: int | None = None, most: int = 8) -> list[str]:
        """The most frequent kinds of a table of events before a moment, in the alphabet's order."""
        stream = self.stream(name)
        if "kind" not in stream.columns:
            return []
        codes = stream.columns["kind"] if before is None else stream.known_before(before).columns["kind"]
        counts = np.bincount(codes[codes >= 0], minlength=len(self.names[name]["kind"]))
        frequent = [i for i in np.argsort(-counts, kind="stable")[:most] if counts[i]]
        return sorted(str(self.names[name]["kind"][int(i)].as_py()) for i in frequent)

    def first_event(self, name: str) -> int:
        """The time of the first row of a table, in microseconds UTC."""
        return int(self.stream(name).times.min())

    def observed_until(self, name: str) -> int:
        """The moment up to which a table is complete, in microseconds UTC."""
        if self._observed is not None:
            return self._observed
        last = pd.Timestamp(int(self.stream(name).times.max()), unit="us", tz="UTC").tz_convert(self.timezone)
        return instant(last.normalize() + pd.DateOffset(days=1))

    def known_before(self, moment: int) -> EventTables:
        """The same tables as they stood at a moment: only what was known strictly before it."""
        if all(stream.known_before(moment) is stream for stream in self.streams.values()) and (
            self._observed is None or self._observed <= moment
        ):
            return self
        past = object.__new__(EventTables)
        past.__dict__.update(self.__dict__)
        past.streams = {name: stream.known_before(moment) for name, stream in self.streams.items()}
        past._observed = min(moment, max(self.observed_until(n) for n in self.streams if len(self.streams[n])))
        return past

    def instants(self, when: Any, what: str = "time") -> npt.NDArray[np.int64]:
        """Moments given by a person, in microseconds UTC, ascending: naive ones are wall times of the business."""
        several = [when] if isinstance(when, (str, pd.Timestamp, np.datetime64)) or not hasattr(when, "__iter__") else list(when)
        if not several:
            raise TimeError("no-cutoff", f"{what} holds no time", remedy="Give at least one.")
        return np.unique(np.array([self._instant(w, what) for w in several], dtype=np.int64))

    def _instant(self, when: Any, what: str) -> int:
        moment = instant(when, what)
        if (
            self.timezone == "UTC"
            or getattr(when, "tzinfo", None) is not None
            or (isinstance(when, str) and pd.Timestamp(when).tzinfo is not None)
        ):
            return moment
        local = pc.assume_timezone(pa.scalar(moment, pa.timestamp("us")), self.timezone, ambiguous="earliest", nonexistent="latest")
        return int(local.cast(pa.int64()).as_py())

    def wall_times(self, moments: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
        """Moments as naive wall times of the business, for people."""
        times = pd.DatetimeIndex(moments.astype("datetime64[us]"))
        return times if self.timezone == "UTC" else times.tz_localize("UTC").tz_convert(self.timezone).tz_localize(None)

    def codes(self, customer_ids: pd.Series | pd.Index) -> npt.NDArray[np.int32]:
        """The position of each id in :attr:`ids`, shape (n,).

        Raises
        ------
        IdentityError
            ``unknown-snapshot-customer`` for ids that are in no table.
        """
        given = pa.array(customer_ids)
        given = given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
        runs = pc.run_end_encode(given.cast(self.ids.type) if given.type != self.ids.type else given)
        found = pc.index_in(runs.values, value_set=self.ids)
        if found.null_count:
            raise IdentityError(
                "unknown-snapshot-customer",
                "snapshots of customers who are in no table",
                rows=found.null_count,
                remedy="Take the snapshots from the same tables.",
            )
        lengths = np.diff(runs.run_ends.to_numpy(), prepend=0)
        return np.repeat(found.to_numpy().astype(np.int32), lengths)


def _date(moment: int) -> str:
    return stamp(int(moment) // DAY * DAY)


def _check_declarations(declarations: dict[str, Any], timezone: str) -> None:
    """Refuse names and kinds that cannot be, and missing columns, before any row is read."""
    import zoneinfo

    if timezone not in zoneinfo.available_timezones():
        raise UsageError("unknown-timezone", f'timezone is "{timezone}"', remedy='Use an IANA name such as "Europe/Berlin" or "UTC".')
    people = [n for n, d in declarations.items() if isinstance(d, Customers)]
    if len(people) > 1:
        raise UsageError("two-customers", f"two tables of customers: {', '.join(people)}", remedy="Join them before.")
    if not any(isinstance(d, Events) for d in declarations.values()):
        raise UsageError(
            "no-events",
            "no table of events is declared",
            remedy='Declare at least one: EventTables(orders=Events(frame, customer="user_id", time="paid_at")).',
        )
    for name, declaration in declarations.items():
        if not isinstance(declaration, (Events, Customers)):
            raise UsageError(
                "undeclared-table",
                "the columns are not declared",
                table=name,
                remedy=f'Wrap the source: {name}=Events(source, customer="...", time="...").',
            )
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or "__" in name or name in _RESERVED:
            raise UsageError(
                "table-name", "this name cannot stand in feature names", table=name, remedy="Use letters, digits and single underscores."
            )
        driver = getattr(declaration, "driver", None)
        if driver is not None and driver not in _DRIVERS:
            raise UsageError(
                "unknown-driver",
                f'driver is "{driver}"',
                table=name,
                remedy=f"Drivers are {', '.join(_DRIVERS)}.{closest(driver, _DRIVERS)}",
            )


def _fetch(name: str, declaration: Events | Customers) -> tuple[Source, pa.Table]:
    source = open_source(declaration.source, name)
    source.check(declaration.columns())
    table = source.read(declaration.columns(), text=declaration.as_written())
    if table.num_rows == 0:
        if not declaration.optional:
            raise SchemaError("empty-table", "the table has no rows", table=name, remedy="Check its source, or declare it optional=True.")
        warn("empty-table", "the table has no rows", table=name, remedy="Features of it will be missing.", stacklevel=6)
    return source, table


def _read_events(name: str, events: Events, timezone: str) -> _Rows:
    source, table = _fetch(name, events)
    times, missing, aware = read_times(table[events.time], table=name, name=events.time, timezone=timezone, unit=events.unit)
    keep = drop_unknown_times(missing, table=name, name=events.time)
    if keep is not None:
        table, times = table.filter(pa.array(keep)), times[keep]
    ids = read_ids(table[events.customer], table=name, name=events.customer, from_text=getattr(source, "kind", "") == "text")
    columns: dict[str, npt.NDArray[Any]] = {}
    names: dict[str, pa.Array] = {}
    if events.value is not None:
        columns["value"] = read_numbers(table[events.value], table=name, name=events.value)
    for role, column in (("kind", events.kind), ("item", events.item)):
        if column is not None:
            columns[role], names[role] = read_labels(table[column], table=name, name=column)
    if events.known_at is not None:
        known, unknown, aware_too = read_times(
            table[events.known_at], table=name, name=events.known_at, timezone=timezone, unit=events.unit
        )
        _same_zone(name, aware, aware_too)
        columns["known"] = np.maximum(np.where(unknown, times, known), times)
    if events.id is not None:
        table, times, ids, columns = _one_row_per_id(name, events, table, times, ids, columns)
    _warn_of_tomorrow(name, events.time, times)
    return _Rows(ids, times, columns, names, aware, bool((times % DAY == 0).all()))


def _one_row_per_id(
    name: str, events: Events, table: pa.Table, times: npt.NDArray[np.int64], ids: pa.DictionaryArray, columns: dict[str, npt.NDArray[Any]]
) -> tuple[pa.Table, npt.NDArray[np.int64], pa.DictionaryArray, dict[str, npt.NDArray[Any]]]:
    """An event id that comes twice with the same content counts once; with other content it is an error."""
    frame = pd.DataFrame(
        {"id": table[events.id].to_pandas(), "customer": ids.indices.to_numpy(zero_copy_only=False), "time": times, **columns}
    )
    again = frame.duplicated("id").to_numpy()
    if not again.any():
        return table, times, ids, columns
    differs = again & ~frame.duplicated().to_numpy()
    if differs.any():
        raise ContentError(
            "event-id",
            "the same event id stands on rows of different content",
            table=name,
            column=events.id,
            rows=int(differs.sum()),
            total=len(frame),
            examples=frame["id"][differs].tolist(),
            remedy="Keep one row per event, the latest as a rule.",
        )
    warn(
        "repeated-event",
        "rows that repeat an event id are dropped",
        table=name,
        column=events.id,
        rows=int(again.sum()),
        total=len(frame),
        remedy="Load each event once.",
        stacklevel=6,
    )
    keep = ~again
    return table.filter(pa.array(keep)), times[keep], ids.filter(pa.array(keep)), {k: v[keep] for k, v in columns.items()}


def _read_customers(name: str, customers: Customers, timezone: str) -> tuple[pa.DictionaryArray, Profile]:
    source, table = _fetch(name, customers)
    for column in customers.attributes:
        if column in _RESERVED:
            raise SchemaError(
                "reserved-column", "this name has a meaning of its own", table=name, column=column, remedy="Rename the column."
            )
    ids = read_ids(table[customers.customer], table=name, name=customers.customer, from_text=getattr(source, "kind", "") == "text")
    if len(ids.dictionary) < len(ids):
        raise IdentityError(
            "duplicate-customer",
            "customers who stand on several rows",
            table=name,
            column=customers.customer,
            rows=len(ids) - len(ids.dictionary),
            total=len(ids),
            remedy="Keep one row per customer.",
        )
    since = None
    if customers.since is not None:
        moments, unknown, _ = read_times(table[customers.since], table=name, name=customers.since, timezone=timezone, unit=customers.unit)
        since = np.where(unknown, NEVER, moments)
    numbers: dict[str, npt.NDArray[np.float64]] = {}
    labels: dict[str, tuple[npt.NDArray[np.int32], pa.Array]] = {}
    for column in customers.attributes:
        kind = table.schema.field(column).type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            numbers[column] = read_numbers(table[column], table=name, name=column, signed=False)
        else:
            labels[column] = read_labels(table[column], table=name, name=column)
    return ids, Profile(name, np.ones(len(ids), np.bool_), since, numbers, labels)


def _align_profile(read: tuple[pa.DictionaryArray, Profile], ids: pa.Array) -> Profile:
    """Bring the rows of the customers table into the order of the ids."""
    given, profile = read
    place = pc.index_in(given.dictionary.take(given.indices), value_set=ids).to_numpy(zero_copy_only=False)
    order = np.empty(len(ids), np.int64)
    order[place] = np.arange(len(place))
    return replace(
        profile,
        since=None if profile.since is None else profile.since[order],
        numbers={k: v[order] for k, v in profile.numbers.items()},
        labels={k: (v[order], names) for k, (v, names) in profile.labels.items()},
    )


def _check_zones(rows: dict[str, _Rows]) -> None:
    aware = {name: r.aware for name, r in rows.items() if r.aware is not None}
    if len(set(aware.values())) > 1:
        naive = next(n for n, a in aware.items() if not a)
        zoned = next(n for n, a in aware.items() if a)
        raise TimeError(
            "mixed-zones",
            f'times without a time zone, while those of "{zoned}" carry one',
            table=naive,
            remedy="Give all times a zone, or take it from all.",
        )


def _same_zone(name: str, one: bool | None, other: bool | None) -> None:
    if one is not None and other is not None and one != other:
        raise TimeError(
            "mixed-zones", "time and known_at: one carries a time zone, the other does not", table=name, remedy="Give both a zone, or none."
        )


def _universe(rows: dict[str, _Rows], customers: pa.DictionaryArray | None) -> pa.Array:
    """All customer ids, sorted: those of the customers table where there is one, else those of all events."""
    parts: Iterator[tuple[str, pa.Array]] = iter(
        [*([("customers", customers.dictionary)] if customers is not None else []), *((n, r.ids.dictionary) for n, r in rows.items())]
    )
    given = [(n, p) for n, p in parts if len(p)]
    texts = [n for n, p in given if p.type == pa.string()]
    if texts and len(texts) < len(given):
        number = next(n for n, p in given if p.type != pa.string())
        raise IdentityError(
            "id-types-differ",
            f'customer ids are text, while those of "{number}" are whole numbers',
            table=texts[0],
            remedy=f'Cast one of them before, for example {number}: column.astype("str") (mind leading zeros).',
        )
    every = pa.chunked_array([p for _, p in given]) if given else pa.chunked_array([pa.array([], pa.int64())])
    distinct = pc.unique(every)
    check_spellings(distinct, given[0][0] if len(given) == 1 else ", ".join(n for n, _ in given))
    chosen = distinct if customers is None else customers.dictionary
    return chosen.take(pc.sort_indices(chosen))


def _judge_repeats(name: str, rows: _Rows, repeats: int) -> None:
    """Identical rows are an accident where rows say enough to be told apart, and ordinary where they do not."""
    if rows.days_only and not rows.columns:
        return
    share = repeats / len(rows.times)
    telling = not rows.days_only or "value" in rows.columns or "item" in rows.columns
    if telling and share >= _MANY_REPEATS:
        raise ContentError(
            "repeated-rows",
            f"{share:.0%} of the rows repeat another row in every declared column",
            table=name,
            rows=repeats,
            total=len(rows.times),
            remedy="The table was most likely loaded twice: drop the duplicates, or declare the event's id=.",
        )
    warn(
        "repeated-rows",
        "rows that repeat another row in every declared column are kept",
        table=name,
        rows=repeats,
        total=len(rows.times),
        remedy="Declare the event's id= to have repetitions dropped.",
        stacklevel=6,
    )


def _warn_of_holes(name: str, stream: Stream) -> None:
    if not len(stream):
        return
    counts = np.bincount((stream.times - stream.times.min()) // DAY)
    if len(counts) < 14 or np.median(counts) < _BUSY_DAY:
        return
    empty = np.flatnonzero(counts == 0)
    weekdays = np.arange(len(counts)) % 7
    closed = [w for w in range(7) if (counts[weekdays == w] == 0).mean() > 0.5]
    holes = empty[~np.isin(weekdays[empty], closed)]
    if len(holes):
        warn(
            "silent-day",
            f"days without a single row, the first of them {_date(stream.times.min() // DAY * DAY + holes[0] * DAY)}",
            table=name,
            rows=len(holes),
            remedy="Check that nothing was lost on the way: a hole looks like silence.",
            stacklevel=6,
        )


def _warn_of_tomorrow(name: str, column: str, times: npt.NDArray[np.int64]) -> None:
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1_000_000)
    if len(times) and times.max() > now + DAY:
        late = int((times > now + DAY).sum())
        warn(
            "future-time",
            "rows after today",
            table=name,
            column=column,
            rows=late,
            total=len(times),
            remedy="Check the clock or the time zone of the source.",
            stacklevel=6,
        )
