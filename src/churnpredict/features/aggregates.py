"""Aggregates: prepare each family for a stream and run it on blocks of snapshots.

Longer than most modules because it holds one small function for each family, and the table that names them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY, NEVER, calendar_time
from churnpredict.events.streams import Stream
from churnpredict.features import kernels, profile_kernels, state_kernels, user_kernels
from churnpredict.features.feature import AGGREGATES, OF_SEATS, Feature
from churnpredict.spans import Span, span

__all__ = ["Block", "Plan", "Run", "Wanted", "register"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Wanted = list[tuple[int, Feature]]  # (column of the output, feature)

_NO_NUMBERS, _NO_TIMES, _NO_CODES, _NO_FACTORS = np.empty(0), np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, 0))
_YEAR = Span(months=12)
_IN_TIME = Span(days=1)  # an answer within this is in time
_RENEWAL, _RENEWALS = Span(days=30), state_kernels.INTERVAL_OUTPUTS.index("renewals")
_UNSURE = 4  # days by which some months, or a change of the clock, may differ from normal
_AGAINST_BEFORE = ("trend", "dropped", "lost_users", "seats_change", "session_depth_change")  # these also use the window before their own
_RHYTHM = ("gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer")


@dataclass(frozen=True)
class Block:
    """A block of snapshots of one stream, and the output array.

    Attributes
    ----------
    customers, cutoffs : ndarray of shape (n,)
        Sorted by customer, then cutoff; customers are positions in the stream's offsets.
    walls : ndarray of shape (n,), int64
        Wall times of the cutoffs: days are counted on them.
    edges : ndarray of shape (n_windows + 1, n), int64
        See :func:`churnpredict.events.window_edges.window_edges`.
    origins : ndarray of shape (n_customers,), int64
        When each customer of the stream began.
    out : ndarray of shape (n_features, n_snapshots), float32
    at : int
        The first snapshot's place in ``out``.
    """

    customers: npt.NDArray[np.int32]
    cutoffs: Ints
    walls: Ints
    edges: Ints
    origins: Ints
    out: Floats
    at: int


Run = Callable[[Stream, Block], None]


class Plan:
    """What to compute of one stream: the windows whose edges are needed, and the prepared families.

    Parameters
    ----------
    wanted : list of (int, Feature)
    limit : Span or None
        How far back the history may reach.
    kinds : list of str
        The table's kinds in the order of their codes, for aggregates that compare some kinds with the others.
    replies : list of str
        The kinds that are replies.
    session : str, optional
        The silence that ends a session.
    """

    def __init__(
        self, wanted: Wanted, limit: Span | None, kinds: Sequence[str] = (), replies: Sequence[str] = (), session: str | None = None
    ) -> None:
        self.limit, self.kinds, self.replies = limit, list(kinds), replies
        self.session = profile_kernels.SESSION_ENDS if session is None else span(session).nominal
        distinct, self.copies = self._without_repeats(wanted)
        self.columns = [column for column, _ in distinct]
        self.spans = self._windows(row for _, row in distinct)
        families: dict[str, Wanted] = defaultdict(list)
        for column, row in distinct:
            families[_FAMILY_OF[row.aggregate]].append((column, row))
        self.runs: list[Run] = [_PREPARE[family](self, rows) for family, rows in families.items()]

    def run(self, stream: Stream, block: Block) -> None:
        for run in self.runs:
            run(stream, block)

    def copy_repeats(self, out: Floats) -> None:
        """Fill in the features that equal another."""
        for column, kept in self.copies:
            out[column] = out[kept]

    def _length(self, row: Feature) -> Span | None:
        """Return the feature's window; None where it reaches as far back as the history does."""
        if row.window in (None, "all"):
            return None
        length = span(row.window)
        bounded = AGGREGATES[row.aggregate].takes == "window" and row.aggregate != "first_count"
        return None if bounded and self._beyond(length) else length

    def _beyond(self, length: Span) -> bool:
        """Return whether a window always reaches as far back as the history; where one is in months and the other in days, the edge is
        computed and bounded separately.
        """
        if self.limit is None:
            return False
        unsure = 0 if self.limit.months == length.months == 0 else _UNSURE
        return length == self.limit or length.nominal - unsure * DAY >= self.limit.nominal

    def _without_repeats(self, wanted: Wanted) -> tuple[Wanted, list[tuple[int, int]]]:
        """Return features that compute the same (two drivers, "14d" and "2w", windows beyond the history) once, and what to copy from
        where.
        """
        first: dict[tuple[object, ...], tuple[int, Feature]] = {}
        copies: list[tuple[int, int]] = []
        for column, row in wanted:
            kept = first.setdefault((row.aggregate, self._length(row), row.nth, row.column, row.kind), (column, row))
            if kept[0] != column:
                copies.append((column, kept[0]))
        return list(first.values()), copies

    def _windows(self, rows: Iterable[Feature]) -> list[Span | None]:
        """Return the bound of the history first, then all windows, ascending."""
        lengths: set[Span] = set()
        for row in rows:
            length = self._length(row)
            if AGGREGATES[row.aggregate].takes == "window" and row.aggregate != "first_count" and length is not None:
                lengths.update({length, length.times(2)} if row.aggregate in _AGAINST_BEFORE else {length})
        return [self.limit, *sorted((w for w in lengths if not self._beyond(w)), key=lambda w: (w.nominal, w.months, w.days))]

    def window(self, row: Feature, factor: int = 1) -> int:
        """Return the row of ``edges`` that holds the start of the feature's window."""
        length = self._length(row)
        if length is None or self._beyond(length.times(factor)):
            return 1
        return 2 + self.spans[1:].index(length.times(factor))

    def members(self, rows: Wanted) -> npt.NDArray[np.bool_]:
        """Return the kinds of each feature, by their codes, shape (n_features, n_kinds + 1); the last place is that of a missing kind.

        These are the feature's kind, or for contacts all kinds that are not replies.
        """
        every = [*self.kinds, None]
        contacts = [k not in self.replies for k in every]
        return np.array([[k == r.kind for k in every] if r.kind is not None else contacts for _, r in rows])

    def windows(self, rows: Wanted, factor: int = 1) -> Ints:
        return _ints(self.window(row, factor) for _, row in rows)

    def nested(self, rows: Wanted) -> list[tuple[int, int, Feature]]:
        """Return (window, column, row), shortest window first and the whole history last."""
        return sorted(((self.window(row), column, row) for column, row in rows), key=lambda w: (w[0] == 1, w[0], w[1]))


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _columns(rows: Wanted) -> Ints:
    return _ints(column for column, _ in rows)


def _by_name(rows: Wanted, names: Sequence[str]) -> Ints:
    """Return the column of each aggregate, -1 where it is not wanted."""
    found = {row.aggregate: column for column, row in rows}
    return _ints(found.get(name, -1) for name in names)


def _by_nth(rows: Wanted, aggregate: str) -> Ints:
    """Return columns by nth, from the first; -1 where one is not wanted."""
    found = {int(r.nth or 0): c for c, r in rows if r.aggregate == aggregate}
    return _ints(found.get(n, -1) for n in range(1, max(found, default=0) + 1))


def _counts(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    return lambda s, b: kernels.counts(b.edges, which, columns, b.out, b.at)


def _active_days(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    return lambda s, b: kernels.active_days(s.active_days[2], b.edges, which, columns, b.out, b.at)


def _trends(plan: Plan, rows: Wanted) -> Run:
    which, before, columns = plan.windows(rows), plan.windows(rows, 2), _columns(rows)
    return lambda s, b: kernels.trends(b.edges, which, before, columns, b.out, b.at)


def _ages(_: Plan, rows: Wanted) -> Run:
    last, first = _by_name(rows, ("days_since_last", "days_since_first"))
    return lambda s, b: kernels.ages(s.calendar_times, b.walls, b.edges, last, first, b.out, b.at)


def _values(plan: Plan, rows: Wanted) -> Run:
    windows, wanted = _columns_by_window(plan, rows, ("sum", "mean", "max"))
    whole = windows == 1
    which, columns = windows[~whole], [column[~whole] for column in wanted]
    of_history = [int(column[whole][0]) for column in wanted] if whole.any() else []

    def run(s: Stream, b: Block) -> None:
        kernels.value_windows(s.columns["value"], b.edges, which, *columns, b.out, b.at)
        if of_history:
            kernels.value_history(s.columns["value"], b.edges, *of_history, b.out, b.at)

    return run


def _distinct(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    return lambda s, b: kernels.distinct_items(s.next_same_item, b.edges, which, columns, b.out, b.at)


def _rhythm(_: Plan, rows: Wanted) -> Run:
    wanted, back = _by_name(rows, _RHYTHM), _by_nth(rows, "last_gap")

    def run(s: Stream, b: Block) -> None:
        _, days, place = s.active_days
        kernels.rhythm(s.calendar_times, place, days, b.walls, b.edges, *wanted, back, b.out, b.at)

    return run


def _decayed(_: Plan, rows: Wanted) -> Run:
    half_lives, columns = np.array([span(r.window).nominal / DAY for _, r in rows]), _columns(rows)
    kept: list[tuple[Stream, npt.NDArray[np.float64]]] = []

    def run(s: Stream, b: Block) -> None:
        _, days, place = s.active_days
        of, factors = kept[0] if kept else (None, _NO_FACTORS)
        if of is not s:  # the factor of every gap that occurs in this stream
            longest = int(days.max(initial=0) - days.min(initial=np.iinfo(np.int32).max)) if len(days) else 0
            factors = np.exp2(-np.arange(longest + 1)[None, :] / half_lives[:, None])
            kept[:] = [(s, factors)]
        kernels.decayed_days(b.customers, s.calendar_times, place, days, b.walls, b.edges, factors, half_lives, columns, b.out, b.at)

    return run


def _values_back(_: Plan, rows: Wanted) -> Run:
    columns = _by_nth(rows, "last_value")
    return lambda s, b: kernels.values_back(s.columns["value"], b.edges, columns, b.out, b.at)


def _first_counts(_: Plan, rows: Wanted) -> Run:
    spans, columns = [span(r.window) for _, r in rows], _columns(rows)
    kept: list[tuple[Ints, Ints]] = []

    def run(s: Stream, b: Block) -> None:
        of, until = kept[0] if kept else (None, _NO_TIMES)
        if of is not b.origins:  # when the first days of each customer are over
            until = np.array([length.after(b.origins, s.timezone) for length in spans])
            kept[:] = [(b.origins, until)]
        kernels.first_counts(s.offsets, s.times, b.origins, b.customers, b.cutoffs, b.edges, until, columns, b.out, b.at)

    return run


def _nth_days(_: Plan, rows: Wanted) -> Run:
    nth, columns = _ints(int(r.nth or 1) for _, r in rows), _columns(rows)

    def run(s: Stream, b: Block) -> None:
        walls = _wall_origins(s, b)
        kernels.nth_days(s.offsets, s.calendar_times, b.origins, walls, b.customers, b.cutoffs, b.edges, nth, columns, b.out, b.at)

    return run


def _wall_origins(s: Stream, b: Block) -> Ints:
    """Return the wall time at which each customer began."""
    return np.where(b.origins == NEVER, NEVER, calendar_time(np.where(b.origins == NEVER, 0, b.origins), s.timezone))


def _kind_shares(plan: Plan, rows: Wanted) -> Run:
    members, which, columns = plan.members(rows), plan.windows(rows), _columns(rows)
    return lambda s, b: profile_kernels.kind_shares(s.columns["kind"], members, b.edges, which, columns, b.out, b.at)


def _kind_streaks(plan: Plan, rows: Wanted) -> Run:
    members, columns = plan.members(rows), _columns(rows)
    return lambda s, b: profile_kernels.kind_streaks(s.columns["kind"], members, b.edges, columns, b.out, b.at)


def _followed(plan: Plan, rows: Wanted) -> Run:
    members, which, columns = plan.members(rows), plan.windows(rows), _columns(rows)
    share = np.array([r.aggregate != "recovered" for _, r in rows])
    return lambda s, b: profile_kernels.followed(s.columns["kind"], members, share, b.edges, which, columns, b.out, b.at)


def _per_session(plan: Plan, rows: Wanted) -> Run:
    members, which, columns = plan.members(rows), plan.windows(rows), _columns(rows)
    return lambda s, b: profile_kernels.per_session(s.times, s.columns["kind"], members, plan.session, b.edges, which, columns, b.out, b.at)


def _sessions(plan: Plan, rows: Wanted) -> Run:
    by_window: dict[tuple[int, int], Wanted] = defaultdict(list)
    for column, row in rows:
        by_window[plan.window(row), plan.window(row, 2) if row.aggregate in _AGAINST_BEFORE else -1].append((column, row))
    which, before = (_ints(key[k] for key in by_window) for k in (0, 1))
    columns = np.array([_by_name(some, profile_kernels.SESSION_OUTPUTS) for some in by_window.values()])

    return lambda s, b: profile_kernels.sessions(s.times, *_items(s), plan.session, b.edges, which, before, columns, b.out, b.at)


def _own_shares(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    return lambda s, b: profile_kernels.own_shares(b.edges, which, columns, b.out, b.at)


def _entropies(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    return lambda s, b: profile_kernels.entropies(*_items(s), b.edges, which, columns, b.out, b.at)


def _dropped(plan: Plan, rows: Wanted) -> Run:
    which, before, columns = plan.windows(rows), plan.windows(rows, 2), _columns(rows)
    return lambda s, b: profile_kernels.dropped_labels(*_items(s), b.edges, which, before, columns, b.out, b.at)


def _items(s: Stream) -> tuple[npt.NDArray[np.int32], int]:
    """Return the items of a stream, and the number of different ones."""
    items = s.columns.get("item", _NO_CODES)
    return items, s.once("items", lambda: int(items.max(initial=-1)) + 1)


def _numbered(s: Stream) -> tuple[npt.NDArray[np.int32], ...]:
    """Return the users of a stream, numbered within their customers: see :func:`user_kernels.number_within`."""
    users = s.columns["user"]
    return s.once("users", partial(user_kernels.number_within, s.offsets, users, int(users.max(initial=-1)) + 1))


def _people(plan: Plan, rows: Wanted) -> Run:
    """Count people who are active, and those who were before; build_rows divides by seats."""
    windows = {plan.window(row, factor) for _, row in rows for factor in ((1, 2) if row.aggregate == "lost_users" else (1,))}
    which = _ints(sorted(windows, key=lambda w: (w == 1, w)))
    place = {int(window): position for position, window in enumerate(which)}
    now = [(c, place[plan.window(r)]) for c, r in rows if r.aggregate in ("active_users", "seats_used")]
    lost = [(c, place[plan.window(r)], place[plan.window(r, 2)]) for c, r in rows if r.aggregate == "lost_users"]

    gained = [(c, place[plan.window(r)], [plan.window(r), plan.window(r, 2)]) for c, r in rows if r.aggregate == "seats_change"]

    def run(s: Stream, b: Block) -> None:
        found, before = (np.empty((n, len(b.customers)), np.int64) for n in (len(which), 1))
        user_kernels.distinct(_numbered(s)[2], b.edges, which, found)
        here = slice(b.at, b.at + len(b.customers))
        for column, window in now:
            b.out[column, here] = found[window]
        for column, window, twice in lost:
            b.out[column, here] = found[twice] - found[window]
        for column, window, both in gained:
            user_kernels.distinct(_numbered(s)[2], b.edges[both], np.ones(1, np.int64), before)
            b.out[column, here] = found[window] - before[0]

    return run


def _new_people(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    return lambda s, b: user_kernels.first_seen(s.offsets, _numbered(s)[1], b.customers, b.edges, which, columns, b.out, b.at)


def _columns_by_window(plan: Plan, rows: Wanted, aggregates: Sequence[str]) -> tuple[Ints, list[Ints]]:
    """Return the windows of some features, and for each aggregate the column of its feature of each window, -1 for none."""
    column = {(plan.window(row), row.aggregate): column for column, row in rows}
    windows = sorted({window for window, _ in column})
    return _ints(windows), [_ints(column.get((w, a), -1) for w in windows) for a in aggregates]


def _first_values(plan: Plan, rows: Wanted) -> Run:
    which, wanted = _columns_by_window(plan, rows, ("first_value_share", "first_value_days"))

    def run(s: Stream, b: Block) -> None:
        numbers, seen, _, _, sizes = _numbered(s)
        people = s.once("first values", partial(user_kernels.first_valued_rows, s.offsets, numbers, sizes, s.columns["value"]))
        user_kernels.first_values(s.offsets, seen, people, s.calendar_times, b.customers, b.edges, which, *wanted, b.out, b.at)

    return run


def _busiest(plan: Plan, rows: Wanted) -> Run:
    which, wanted = _columns_by_window(plan, rows, ("concentration", "busiest_silence", "busiest_gone"))

    def run(s: Stream, b: Block) -> None:
        numbers, _, ahead, behind, sizes = _numbered(s)
        _, distinct, place = s.active_days
        days = (s.times, s.calendar_times, place, distinct, b.walls)
        user_kernels.busiest(numbers, ahead, behind, sizes, days, b.customers, b.edges, which, *wanted, b.out, b.at)

    return run


def _breadths(plan: Plan, rows: Wanted) -> Run:
    by_role = {role: [(c, r) for c, r in rows if r.aggregate == f"{role}s_per_user"] for role in ("kind", "item")}

    def run(s: Stream, b: Block) -> None:
        numbers, _, ahead, _, sizes = _numbered(s)
        for role, some in by_role.items():
            nested, labels = plan.nested(some), s.columns.get(role, _NO_CODES)
            which = _ints(w for w, _, _ in nested)
            pairs, people = (np.empty((len(which), len(b.customers)), np.int64) for _ in range(2))
            if nested:
                most = (int(sizes.max(initial=0)), labels, int(labels.max(initial=-1)) + 1)
                of_pairs = s.once(("pairs", role), partial(user_kernels.next_of_pairs, s.offsets, numbers, *most))
                user_kernels.distinct(of_pairs, b.edges, which, pairs)
                user_kernels.distinct(ahead, b.edges, which, people)
            for (_, column, _), found, active in zip(nested, pairs, people, strict=True):
                b.out[column, b.at : b.at + len(found)] = np.where(active > 0, found / np.maximum(active, 1), np.nan)

    return run


def _value_ratios(_: Plan, rows: Wanted) -> Run:
    ((column, _row),) = rows
    return lambda s, b: kernels.value_ratios(s.columns["value"], b.edges, column, b.out, b.at)


def _clock_shares(plan: Plan, rows: Wanted) -> Run:
    which, columns = plan.windows(rows), _columns(rows)
    weekend = np.array([r.aggregate == "weekend_share" for _, r in rows])
    return lambda s, b: profile_kernels.clock_shares(s.wall_times, b.edges, which, weekend, columns, b.out, b.at)


def _stages(_: Plan, rows: Wanted) -> Run:
    ((column, _row),) = rows

    def run(s: Stream, b: Block) -> None:
        _, days, place = s.active_days
        profile_kernels.stages(s.calendar_times, place, days, b.walls, b.edges, column, b.out, b.at)

    return run


def _intervals(_: Plan, rows: Wanted) -> Run:
    """Prepare the features of intervals in one pass; each further span of renewals takes a pass of its own."""
    renewals = [(span(row.window) if row.window else _RENEWAL, column) for column, row in rows if row.aggregate == "renewals"]
    first = _by_name(rows, state_kernels.INTERVAL_OUTPUTS)
    passes: list[tuple[Span, Ints]] = []
    for within, column in renewals or [(_RENEWAL, -1)]:
        columns = np.full_like(first, -1) if passes else first
        columns[_RENEWALS] = column
        passes.append((within, columns))

    def run(s: Stream, b: Block) -> None:
        values, at_end = s.columns.get("value", _NO_NUMBERS), s.columns.get("value_at_end", _NO_NUMBERS)
        ends, response = s.columns["end"], s.columns.get("response", _NO_TIMES)
        walls = tuple(s.calendar_of(name) if name in s.columns else _NO_TIMES for name in ("end", "planned_end", "response"))
        for within, columns in passes:
            last = (within.days * DAY, _NO_TIMES if within == Span(days=within.days) else s.calendar_of("end", within))
            state_kernels.interval_states(
                ends, response, s.calendar_times, *walls, values, at_end, *last, b.cutoffs, b.walls, b.edges, columns, b.out, b.at
            )

    return run


def _lateness(_: Plan, rows: Wanted) -> Run:
    columns = _by_name(rows, state_kernels.LATENESS_OUTPUTS)
    return lambda s, b: state_kernels.lateness(
        s.columns["end"], s.calendar_of("end"), s.calendar_of("planned_end"), b.cutoffs, b.walls, b.edges, columns, b.out, b.at
    )


def _handling(_: Plan, rows: Wanted) -> Run:
    """Prepare answers and reopened intervals in one pass; each further span in which an answer is in time takes a pass of its own."""
    by_span: dict[Span, Wanted] = defaultdict(list)
    for column, row in rows:
        by_span[span(row.window) if row.window else _IN_TIME].append((column, row))
    passes = [(within, _by_name(some, state_kernels.HANDLING_OUTPUTS)) for within, some in by_span.items()]

    def run(s: Stream, b: Block) -> None:
        response, reopened = (s.columns.get(name, _NO_TIMES) for name in ("response", "reopened"))
        for within, columns in passes:
            deadlines = s.once(("deadline", within), partial(within.after, s.times, s.timezone))
            state_kernels.handling(s.columns["end"], response, deadlines, reopened, b.cutoffs, b.edges, columns, b.out, b.at)

    return run


def _states(_: Plan, rows: Wanted) -> Run:
    by_column: dict[str, Wanted] = defaultdict(list)
    for column, row in rows:
        by_column[str(row.column)].append((column, row))
    wanted = [(name, _by_name(some, state_kernels.STATE_OUTPUTS)) for name, some in by_column.items()]

    def run(s: Stream, b: Block) -> None:
        year_ago = _YEAR.before(b.cutoffs, s.timezone)
        for name, columns in wanted:
            values = s.columns[name].astype(np.float64, copy=False)
            state_kernels.state_changes(s.times, s.calendar_times, values, year_ago, b.walls, b.edges, columns, b.out, b.at)

    return run


_FAMILIES: dict[str, tuple[Callable[[Plan, Wanted], Run], tuple[str, ...]]] = {
    "counts": (_counts, ("count",)),
    "active days": (_active_days, ("active_days",)),
    "trends": (_trends, ("trend",)),
    "ages": (_ages, ("days_since_last", "days_since_first")),
    "values": (_values, ("sum", "mean", "max")),
    "items": (_distinct, ("distinct",)),
    "rhythm": (_rhythm, (*_RHYTHM, "last_gap")),
    "decay": (_decayed, ("decayed",)),
    "last values": (_values_back, ("last_value",)),
    "first days": (_first_counts, ("first_count",)),
    "first events": (_nth_days, ("days_to",)),
    "shares of kinds": (_kind_shares, ("share",)),
    "streaks of kinds": (_kind_streaks, ("streak", "unanswered")),
    "what follows a kind": (_followed, ("recovered", "recovered_share", "answered_share")),
    "kinds in sessions": (_per_session, ("per_session",)),
    "sessions": (_sessions, profile_kernels.SESSION_OUTPUTS),
    "shares of the own total": (_own_shares, ("own_share",)),
    "entropies": (_entropies, ("entropy",)),
    "dropped items": (_dropped, ("dropped",)),
    "people": (_people, ("active_users", "lost_users", *OF_SEATS)),
    "new people": (_new_people, ("new_users",)),
    "first values of new people": (_first_values, ("first_value_share", "first_value_days")),
    "busiest person": (_busiest, ("concentration", "busiest_silence", "busiest_gone")),
    "breadth of people": (_breadths, ("kinds_per_user", "items_per_user")),
    "last value against the usual": (_value_ratios, ("value_ratio",)),
    "clock": (_clock_shares, ("weekend_share", "night_share")),
    "stages": (_stages, ("stage",)),
    "intervals": (_intervals, state_kernels.INTERVAL_OUTPUTS),
    "lateness": (_lateness, state_kernels.LATENESS_OUTPUTS),
    "handling": (_handling, state_kernels.HANDLING_OUTPUTS),
    "states": (_states, state_kernels.STATE_OUTPUTS),
}
_PREPARE = {family: prepare for family, (prepare, _) in _FAMILIES.items()}
_FAMILY_OF = {aggregate: family for family, (_, aggregates) in _FAMILIES.items() for aggregate in aggregates}


def register(aggregate: str, prepare: Callable[[Plan, Wanted], Run]) -> None:
    """Register another aggregate, as a separate family."""
    _PREPARE[aggregate] = prepare
    _FAMILY_OF[aggregate] = aggregate
