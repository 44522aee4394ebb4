"""EventTables: the tables of a business, read and checked once.

A little longer than most modules because what is known up to when is answered in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Never

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.clock import DAY, NEVER, OPEN, local_time, utc_time
from churnpredict.errors import IdentityError, SchemaError, UsageError, closest, warn
from churnpredict.events.check_declarations import check_declarations, check_zones
from churnpredict.events.declarations import Customers, Declaration, Events, Intervals, States
from churnpredict.events.holes import warn_of_holes
from churnpredict.events.last_days import with_last_days
from churnpredict.events.membership import read_tables
from churnpredict.events.reading import all_ids, judge_repeats
from churnpredict.events.rows import Rows
from churnpredict.events.shared_ids import warn_of_shared_ids
from churnpredict.events.streams import Stream, count_labels, group_rows, spread_rows
from churnpredict.events.tally import judge
from churnpredict.events.ties import without_ties
from churnpredict.events.timing import stamp
from churnpredict.events.values.labels import label_of
from churnpredict.feature_names import kind_names
from churnpredict.markup import show
from churnpredict.moments import Moment, Moments, moment, moments
from churnpredict.text_tables import paragraph, text_table

__all__ = ["Customers", "EventTables", "Events", "Intervals", "Profile", "States"]

Ints = npt.NDArray[np.int64]
_HEAD = ("table", "kind", "rows", "customers", "when, or attributes")
_FEW_EARLY = 0.005  # clocks of two systems differ a little
_MANY_HOLDERS = 20  # customers who make a kind anybody's


@dataclass(frozen=True)
class Profile:
    """The customers table once read, in the order of :attr:`EventTables.ids`.

    Attributes
    ----------
    name : str
    versions : Stream
        The rows of each customer, oldest first: one, or several with ``valid_from``. Attributes are its columns.
    attributes : list of str
    labels : dict
        For label attributes (and ``owner``), the sorted values that the codes point to.
    since : ndarray of shape (n_customers,), int64, or None
        When each joined; ``NEVER`` for "unknown, always there".
    """

    name: str
    versions: Stream
    attributes: list[str]
    labels: dict[str, pa.Array]
    since: Ints | None

    def joined_before(self, moment: int) -> npt.NDArray[np.bool_]:
        """Return who had joined before a moment, shape (n_customers,)."""
        return np.ones(self.versions.n_customers, np.bool_) if self.since is None else self.since < moment

    def as_of(self, customers: npt.NDArray[np.int32], cutoffs: Ints) -> Ints:
        """Return the row that held for each customer at each cutoff (-1 where none held yet), shape (n,)."""
        offsets, times = self.versions.offsets, self.versions.times
        if len(times) == len(offsets) - 1:
            return np.where(times[customers] < cutoffs, offsets[customers], -1)
        rows = offsets[customers]
        last = offsets[customers + 1] - 1
        while True:
            step = (rows < last) & (times[np.minimum(rows + 1, len(times) - 1)] < cutoffs)
            if not step.any():
                return np.where(times[rows] < cutoffs, rows, -1)
            rows = rows + step


class EventTables:
    """All tables of a business, read and checked.

    Parameters
    ----------
    **declarations : Events, Intervals, States or Customers
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

    _ends: Mapping[str, int] = MappingProxyType({})

    def __init__(self, *unnamed: Never, timezone: str = "UTC", observed_until: Moment | None = None, **declarations: Declaration) -> None:
        check_declarations(declarations, timezone, unnamed, whole=True)
        self.timezone = timezone
        rows = read_tables(declarations, timezone)
        self.declarations: dict[str, Declaration] = {name: declarations[name] for name in rows}
        self._gather(rows)
        self._observed = None if observed_until is None else self.instant(observed_until, "observed_until")

    @classmethod
    def of_rows(cls, declarations: dict[str, Declaration], timezone: str, rows: dict[str, Rows], *, judged: bool = False) -> EventTables:
        """Return the tables of rows that were read and checked before; if ``judged``, what shows in all rows together, too."""
        tables = object.__new__(cls)
        tables.declarations, tables.timezone, tables._observed = declarations, timezone, None
        tables._gather(rows, judged=judged)
        return tables

    def _gather(self, rows: dict[str, Rows], *, judged: bool = False) -> None:
        """Bring the rows of all tables together: customers, streams, and what only shows in all of them."""
        check_zones({name: r.aware for name, r in rows.items()})
        self.aware = {name: r.aware for name, r in rows.items()}
        people = next((n for n, d in self.declarations.items() if isinstance(d, Customers)), None)
        self.ids = all_ids(rows, people)
        self.labels: dict[str, dict[str, pa.Array]] = {name: r.labels for name, r in rows.items()}
        streams = {name: self._stream(name, r, judged=judged) for name, r in rows.items()}
        self.profile = None if people is None else self._profile(people, streams.pop(people))
        self.streams = streams
        if not judged:
            self._check_joining()

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return "\n".join([*paragraph(self._headline()), *text_table(self._told(), _HEAD, indent="  ")])

    def _repr_html_(self) -> str:
        return show(self._headline(), self._told(), _HEAD)

    def _headline(self) -> str:
        ends = [self.observed_until(name) for name in self.logs() or self.streams if len(self.streams[name])]
        return f"EventTables: {len(self):,} customers" + (f", observed until {self.stamp(max(ends))}" if ends else "")

    def _told(self) -> Iterator[tuple[str, str, int, int, str]]:
        """Yield name, kind, rows, customers with rows, and when, or the attributes, of each table."""
        for name, declaration in self.declarations.items():
            if self.profile and name == self.profile.name:
                yield name, "customers", len(self), len(self), ", ".join(self.profile.attributes)
                continue
            stream = self.streams[name]
            when = f"{self._date(stream.times.min())} to {self._date(stream.times.max())}" if len(stream) else ""
            yield name, type(declaration).__name__.lower(), len(stream), int((np.diff(stream.offsets) > 0).sum()), when

    def _date(self, moment: int) -> str:
        return "always" if moment == NEVER else str(self.wall_times(np.array([moment]))[0].date())

    def _stream(self, name: str, rows: Rows, *, judged: bool) -> Stream:
        own, known = (rows.ids, self.ids) if len(rows.ids) and len(self) else (rows.ids, rows.ids[:0])  # nobody's ids have no type
        found = np.arange(len(own)) if own is known else pc.fill_null(pc.index_in(own, value_set=known), -1).to_numpy(zero_copy_only=False)
        remap = found.astype(np.int32)
        what = (remap, len(self.ids), rows.times, rows.columns, self.timezone)
        stream, repeats = group_rows(rows.codes, *what) if rows.offsets is None else spread_rows(rows.offsets, *what, count=not judged)
        declaration = self.declarations[name]
        if judged:
            return with_last_days(name, declaration, without_ties(name, declaration, stream))
        strangers = int((remap < 0).sum())
        judge(
            ("unknown-customer", name),
            lambda strangers, rows, total: _warn_of_strangers(name, strangers, rows, total),
            strangers,
            len(rows.times) - len(stream),
            len(rows.times),
        )
        if isinstance(declaration, (Events, Intervals)):
            judge_repeats(name, rows, repeats, declaration)
            warn_of_shared_ids(name, declaration.customer, stream, self.ids)
        if isinstance(declaration, Events):
            warn_of_holes(name, stream)
        return with_last_days(name, declaration, without_ties(name, declaration, stream))

    def _profile(self, name: str, versions: Stream) -> Profile:
        declaration = self.declarations[name]
        assert isinstance(declaration, Customers)
        since = versions.columns["since"][versions.offsets[:-1]] if "since" in versions.columns else None
        return Profile(name, versions, list(declaration.attributes), self.labels[name], since)

    def _check_joining(self) -> None:
        """Warn of rows before their customer had joined: the time of joining, or a join of two tables, is most likely wrong."""
        if self.profile is None or self.profile.since is None:
            return
        for name, stream in self.streams.items():
            early = int(np.count_nonzero(stream.times < self.profile.since[stream.owners]))
            judge(("before-joining", name), lambda early, total, name=name: _warn_of_early_rows(name, early, total), early, len(stream))

    def logs(self) -> list[str]:
        """Return the names of the tables of events."""
        return [n for n, d in self.declarations.items() if isinstance(d, Events)]

    def stream(self, name: str, kind: str | None = None) -> Stream:
        """Return the rows of a table, or of one kind of them.

        Raises
        ------
        UsageError
            ``unknown-table``, ``no-kinds``.
        """
        if not isinstance(name, str) or name not in self.streams:
            remedy = f"There are: {', '.join(self.streams) or 'none'}.{closest(name, self.streams)}"
            raise UsageError("unknown-table", f'there is no table of events called "{name}"', remedy=remedy)
        stream = self.streams[name]
        if kind is None:
            return stream
        if "kind" not in stream.columns:
            raise UsageError("no-kinds", "the table has no declared kinds", table=name, remedy="Declare the column: Events(..., kind=...).")
        kinds, kind = self.labels[name]["kind"].to_pylist(), label_of(kind)
        code = kinds.index(kind) if kind in kinds else -2  # a kind that has not happened yet has no rows
        return stream.where(stream.columns["kind"] == code)

    def kinds(self, name: str, before: int | None = None, most: int = 8) -> dict[str, str]:
        """Return the most frequent kinds of a table before a moment, in the alphabet's order, and what each is called in names of features.

        They name features, and features are in model files: so a kind must have been met at 20 customers, in small tables at one in 20
        of those whom the table knows, and never at one alone. Of kinds that would be called alike, such as "Late fee" and "late-fee", the
        one that was known first has the name, and the others have it with a number, so that a later moment changes no name.
        """
        stream = self.stream(name)
        if "kind" not in stream.columns:
            return {}
        labels = self.labels[name]["kind"]
        return common_kinds(labels, [kinds_before(stream, before, len(labels))], most)

    def first_event(self, name: str | None = None) -> int:
        """Return the time of the first row of a table, in microseconds UTC; without a name, of all tables."""
        if name is None:
            return min((int(s.times.min()) for s in self.streams.values() if len(s)), default=OPEN)
        return int(self._times(name).min())

    def observed_until(self, name: str | None = None) -> int:
        """Return the moment up to which a table is complete, in microseconds UTC; without a name, up to which any is."""
        own = None if name is None else self._own_end(name)
        if own is not None:
            return own
        if self._observed is not None:
            return self._observed
        if name is None:
            return max(self.observed_until(n) for n in self.streams if len(self.streams[n]))
        wall = local_time(self._times(name).max(keepdims=True), self.timezone)
        return int(utc_time(wall // DAY * DAY + DAY, self.timezone)[0])

    def _own_end(self, name: str) -> int | None:
        """Return where a table ends apart from the others: because it was declared so, or because it did in the later tables that these
        were cut from.
        """
        if name in self._ends:
            return self._ends[name]
        declared = getattr(self.declarations.get(name), "observed_until", None)
        return None if declared is None else moment(declared, "observed_until", self.timezone)

    def _has_rows(self, name: str) -> bool:
        return len(self.streams[name]) > 0

    def _times(self, name: str) -> Ints:
        times = self.stream(name).times
        if not len(times):
            remedy = "Take a table with rows, or say observed_until=."
            raise SchemaError("empty-table", "the table has no rows to tell time by", table=name, remedy=remedy)
        return times

    def known_before(self, moment: int) -> EventTables:
        """Return the tables as known before a moment: only rows known strictly before it."""
        streams = {name: stream.known_before(moment) for name, stream in self.streams.items()}
        if all(streams[n] is self.streams[n] for n in streams) and self._ends_by(moment):
            return self
        past = self.with_streams(streams)
        past._ends = {name: min(moment, self.observed_until(name)) for name in self.streams if self._has_rows(name)}
        past._observed = min(moment, self.observed_until())  # a log that had ended by then stays ended: silence after it is not churn
        return past

    def with_streams(self, streams: dict[str, Stream], profile: Profile | None = None) -> EventTables:
        """Return tables of the same declarations and customers with other rows, and another customers table if one is given."""
        other = object.__new__(EventTables)  # of a part, too: what is known of other rows is theirs alone
        other.__dict__.update(self.__dict__)
        other.streams, other.profile = streams, profile or self.profile
        return other

    def _ends_by(self, moment: int) -> bool:
        """Return whether nothing that is declared reaches beyond a moment."""
        told = [self._observed, *(self._own_end(name) for name in self.streams)]
        return all(end is None or end <= moment for end in told)

    def instants(self, when: Moments, what: str = "time") -> Ints:
        """Return moments given by a person, in microseconds UTC, ascending: naive ones are wall times of the business."""
        return moments(when, what, self.timezone)

    def instant(self, when: Moment, what: str) -> int:
        """Return the one moment that a person gives as the argument ``what``, in microseconds UTC; several are refused."""
        return moment(when, what, self.timezone)

    def stamp(self, moment: int) -> str:
        """Return a moment for people, as the clock on the wall of the business shows it."""
        return stamp(moment, self.timezone)

    def wall_times(self, moments: Ints) -> pd.DatetimeIndex:
        """Return moments as naive wall times of the business, for people."""
        return pd.DatetimeIndex(local_time(moments, self.timezone).astype("datetime64[us]"))

    def codes(self, customer_ids: pd.Series | pd.Index) -> npt.NDArray[np.int32]:
        """Return the position of each id in :attr:`ids`, shape (n,).

        Raises
        ------
        IdentityError
            ``snapshot-id-type``, ``unknown-snapshot-customer``.
        """
        given = pa.array(customer_ids)
        given = given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
        if len(given) and not _one_kind(given.type, self.ids.type):  # Arrow casts "007" to 7, and 7 to "7": another customer
            raise IdentityError(
                "snapshot-id-type",
                f"ids of type {given.type}, where the tables have {self.ids.type}",
                table="snapshots",
                rows=len(given),
                remedy=f"Cast them before: {_cast_to(self.ids.type)}",
            )
        try:
            runs = pc.run_end_encode(given.cast(self.ids.type) if given.type != self.ids.type else given)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            raise IdentityError(
                "snapshot-id-type",
                f"ids of type {given.type}, where the tables have {self.ids.type}",
                table="snapshots",
                remedy=f"Cast them before: {_cast_to(self.ids.type)}",
            ) from None  # what Arrow says quotes an id
        places = pc.index_in(runs.values, value_set=self.ids)
        if places.null_count:
            remedy = "Take the snapshots from the same tables."
            raise IdentityError(
                "unknown-snapshot-customer", "snapshots of customers who are in no table", rows=places.null_count, remedy=remedy
            )
        lengths = np.diff(runs.run_ends.to_numpy(), prepend=0)
        return np.repeat(places.to_numpy().astype(np.int32), lengths)


def _one_kind(given: pa.DataType, ours: pa.DataType) -> bool:
    """Return whether ids of two types can be the same ids: whole numbers of any width, or texts of any make."""
    kinds = []
    for kind in (given, ours):
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        text = str(plain) in ("string", "large_string", "string_view")
        kinds.append("text" if text else "whole" if pa.types.is_integer(plain) else str(plain))
    return kinds[0] == kinds[1]


def _cast_to(ours: pa.DataType) -> str:
    """Return the line that makes a frame's ids those of the tables."""
    name = "str" if not pa.types.is_integer(ours) else str(ours)
    return f'snapshots["customer_id"] = snapshots["customer_id"].astype("{name}").'


Counts = tuple[Ints, Ints, Ints, int]


def kinds_before(stream: Stream, before: int | None, n: int) -> Counts:
    """Count rows and customers of each of n kinds as known before a moment, say since when it is known, and count customers of any."""
    codes = stream.columns["kind"]
    since = np.maximum(stream.times, stream.columns["known"]) if "known" in stream.columns else stream.times
    if before is not None:
        codes = np.where(since < before, codes, np.int32(-1))
    rows, holders, first, anybody = count_labels(stream.offsets, codes, since, n)
    return rows, holders, first, int(anybody)


def common_kinds(labels: pa.Array, counts: list[Counts], most: int) -> dict[str, str]:
    """Return the most frequent of the kinds that enough customers have, and their names, from the counts of all parts of a table."""
    rows, holders, customers = (sum(c[k] for c in counts) for k in (0, 1, 3))
    since = np.min([c[2] for c in counts], axis=0, initial=OPEN)
    least = max(2, min(_MANY_HOLDERS, -(-customers // _MANY_HOLDERS)))
    frequent = [i for i in np.argsort(-np.asarray(rows), kind="stable") if np.asarray(holders)[i] >= least][:most]
    texts = labels.to_pylist()  # sorted, so that of two kinds of one moment the first in the alphabet comes first
    names = kind_names(texts[i] for i in np.argsort(since, kind="stable") if since[i] < OPEN)
    return {kind: names[kind] for kind in sorted(texts[int(i)] for i in frequent)}


def _warn_of_early_rows(name: str, early: int, total: int) -> None:
    if early > _FEW_EARLY * total:
        remedy = "Check the moments of joining; nobody is at risk before having joined, but these rows still count in features."
        warn("before-joining", "rows before their customer had joined", table=name, rows=early, total=total, remedy=remedy, stacklevel=6)


def _warn_of_strangers(name: str, strangers: int, rows: int, total: int) -> None:
    if rows:
        warn(
            "unknown-customer",
            f"rows of {strangers:,} customers who are not in the customers table are left out",
            table=name,
            rows=rows,
            total=total,
            remedy="Add them to the customers table if they are customers.",
            stacklevel=7,
        )
