"""Turn files into declared tables: customers, kinds of table, observed times, and tables of leaving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from churnpredict.cli.intake.date_orders import with_settled_dates
from churnpredict.cli.intake.dated_files import with_dates_of_names
from churnpredict.cli.intake.derived_columns import in_one_unit, with_derived
from churnpredict.cli.intake.filled_down import is_grouped_report, with_filled_cells
from churnpredict.cli.intake.guess_columns import guess_columns
from churnpredict.cli.intake.guess_money import with_money
from churnpredict.cli.intake.id_spellings import with_one_spelling
from churnpredict.cli.intake.ledger_sides import with_activity_of_customers
from churnpredict.cli.intake.line_amounts import with_amount, with_prices
from churnpredict.cli.intake.marked_rows import rows_that_count
from churnpredict.cli.intake.merged_customers import Known, with_merges_named, without_merged
from churnpredict.cli.intake.message_logs import with_messages
from churnpredict.cli.intake.parts_of_tables import one_of_many
from churnpredict.cli.intake.people_tables import with_people
from churnpredict.cli.intake.planned_ends import with_planned_ends
from churnpredict.cli.intake.readings import Activity, Reading
from churnpredict.cli.intake.received_amounts import with_received
from churnpredict.cli.intake.repeated_totals import with_totals_once
from churnpredict.cli.intake.replaced_rows import without_replaced
from churnpredict.cli.intake.table_joins import joined_profile
from churnpredict.cli.intake.table_keys import Way, customer_ways
from churnpredict.cli.intake.table_profiles import TableProfile
from churnpredict.cli.intake.tables_of_leaving import leavers, months_turned, more_states, with_payment_driver, without_contradicted
from churnpredict.cli.intake.tariff_states import tariff_states
from churnpredict.cli.intake.titled_years import with_years_of_titles
from churnpredict.events.timing import DAY, stamp
from churnpredict.figures import percent

__all__ = ["Question", "observed_times", "read_tables"]

_NONE = np.iinfo(np.int64).min
_FAR = 180 * DAY  # a row this far from all others is an error
_RARE = 0.005
_APART = 14 * DAY
_IN_GROUPS = "some rows are headings without a column of their own, as in a report in groups: export a list with the customer on each row"
_COVERED = 0.5  # share of the customers in the logs that a table of customers must hold


@dataclass(frozen=True)
class Question:
    """Two equally good readings: the user is asked on a terminal; otherwise the first is taken."""

    text: str
    choices: tuple[str, ...]


Ask = Callable[[Question], int]


def read_tables(profiles: Sequence[TableProfile], ask: Ask) -> list[Reading]:
    """Return the reading of each table, including those left out; nothing is written or trained."""
    profiles = in_one_unit(
        [
            with_derived(p)
            for p in one_of_many(with_years_of_titles(with_dates_of_names([without_replaced(p) for p in with_filled_cells(profiles)])))
        ]
    )
    profiles, apart = with_one_spelling(profiles)
    readings: list[Reading] = [Reading(p, "", p.name, why=apart[p.name]) for p in profiles if p.name in apart]
    profiles = [p for p in profiles if p.name not in apart]
    tables = {p.name: p for p in profiles}
    ways = customer_ways(profiles)
    known: Known = {}
    notes: dict[str, str] = {}
    lists: dict[str, str] = {}
    for name, profile in tables.items():
        way = ways.get(name)
        if way is None:
            lists[name] = "no column names the customer, and no other table leads to the customer"
            continue
        if is_grouped_report(profile, way.column):
            lists[name] = _IN_GROUPS
            continue
        joined = joined_profile(profile, way, tables) if way.steps else profile
        if joined is None:
            readings.append(
                Reading(profile, "", name, why=f'"{way.column}" is reached through {", ".join(s.table for s in way.steps)}: join them')
            )
            continue
        customer = _customer(name, way, ask)
        joined, notes[name] = rows_that_count(joined, customer)
        known[name] = (joined, customer)
    priced, told = with_prices(tables | {name: p for name, (p, _) in known.items()}, list(known))
    known = {
        name: (with_amount(priced.get(name, p), set(priced.get(name, p).columns) - set(p.columns)), c) for name, (p, c) in known.items()
    }
    known = _dated(known)
    first = _guessed(known)
    merged = without_merged(known, tables, first)
    known, pairs = merged or (known, {})
    lists |= pairs
    activity = _activity(_guessed(known) if merged else first)
    found = [r for name, (p, c) in known.items() for r in guess_columns(p, c, activity=activity)]
    found = [_asked(r, ask) for r in without_contradicted(found, activity)]
    found = with_planned_ends(found, activity, lambda text, choices: ask(Question(text, choices)) == 1)
    found = with_messages(found)
    over_time, seen = tariff_states(found, {name: tables[name] for name in lists})
    told |= seen
    readings += [Reading(tables[name], "", name, why=told.get(name, why)) for name, why in lists.items()]
    used = {s.table for w in ways.values() for s in w.steps}
    found = [with_received(with_totals_once(r)) for r in found]
    found = [_lines_of_orders(r, ways[r.name]) if r.name in ways else r for r in found]
    readings += [replace(r, why=f"{r.why}: it links other tables to the customer") if not r.kind and r.name in used else r for r in found]
    readings = [replace(r, notes=[notes[r.name], *r.notes]) if notes.get(r.name) else r for r in readings]
    readings = with_people(_one_table_of_people(readings), {name: tables[name] for name in lists})
    readings = [months_turned(r) for r in readings]
    readings = _observed(with_merges_named(readings) if merged is None else readings)
    return with_activity_of_customers(with_payment_driver(with_money([*readings, *leavers(readings), *more_states(readings), *over_time])))


def _dated(known: Known) -> Known:
    """Return the tables with the order of day and month in their dates settled."""
    settled = with_settled_dates({name: p for name, (p, _) in known.items()})
    return {name: (settled[name], customer) for name, (_, customer) in known.items()}


def _guessed(known: Known) -> list[Reading]:
    return [r for profile, customer in known.values() for r in guess_columns(profile, customer)]


def _lines_of_orders(reading: Reading, way: Way) -> Reading:
    """Make the key by which a table is joined to that of orders its order: several rows may share it, though none do as yet."""
    if not way.steps or reading.roles.get("id") != way.steps[0].here:
        return reading
    return replace(reading, roles={("order" if role == "id" else role): column for role, column in reading.roles.items()})


def _customer(name: str, way: Way, ask: Ask) -> str:
    if not way.doubt:
        return way.column
    choices = (way.column, way.doubt)
    return choices[ask(Question(f"{name}: which column is the customer?", choices))]


def _asked(reading: Reading, ask: Ask) -> Reading:
    """Settle which of two formats its times have."""
    for key, value, why in reading.keys:
        if key == "format" and "would read" in why:
            role = next(r for r in ("time", "start", "since", "end") if r in reading.roles and reading.column(r).doubts)
            choices = (str(value), *reading.column(role).doubts)
            chosen = choices[ask(Question(f"{reading.name}: which format do its dates have?", choices))]
            keys = [(k, chosen if k == "format" else v, w) for k, v, w in reading.keys]
            columns = dict(reading.profile.columns)
            for name, column in columns.items():
                if chosen in column.doubts:
                    columns[name] = replace(column, how=(("format", chosen, "how times are written"),), doubts=())
            return replace(reading, keys=keys, profile=replace(reading.profile, columns=columns))
    return reading


def observed_times(reading: Reading) -> np.ndarray:
    """Return the times of the rows of a log, or the beginnings and ends of contracts, in microseconds, without those that are unknown."""
    if reading.kind == "intervals":
        ends = [reading.column("end").times] if reading.column("end").kind == "time" else []
        times = np.concatenate([reading.column("start").times, *ends])
    elif "time" in reading.roles and reading.roles["time"] in reading.profile.columns:
        times = reading.column("time").times
    else:
        return np.empty(0, np.int64)
    return times[times != _NONE]


def _activity(readings: Sequence[Reading]) -> Activity | None:
    """Return the activity of each customer in the logs."""
    counts: dict[str, int] = {}
    last: dict[str, int] = {}
    for r in readings:
        if r.kind != "events" or r.profile.months:
            continue
        column, ids = r.column("time"), r.customer
        frame = pd.DataFrame({"c": ids.codes[0], "t": column.times})[column.known]
        grouped = frame.groupby("c")["t"].agg(["size", "max"])
        for code, n, latest in grouped.itertuples():
            who = str(ids.codes[1][code])
            counts[who] = counts.get(who, 0) + int(n)
            last[who] = max(last.get(who, _NONE), int(latest))
    return Activity(counts, last, int(np.quantile(list(last.values()), 0.99))) if last else None


def _one_table_of_people(readings: Sequence[Reading]) -> list[Reading]:
    """Keep one table of customers; in any other table with one row per customer, the time is that of an event."""
    people = [r for r in readings if r.kind == "customers"]
    logs = {str(v) for r in readings if r.kind in ("events", "intervals") for v in r.customer.codes[1]}
    enough = []
    kept: list[Reading] = []
    for r in people:
        covered = len(logs & set(map(str, r.customer.codes[1]))) / len(logs) if logs else 1.0
        if covered < _COVERED and not r.leaving:
            enough.append(replace(r, kind="", why=f"it knows only {percent(covered)} of the customers of the other tables"))
    partial = {r.name for r in enough}
    able = [r for r in people if r.name not in partial]
    main = max(
        able,
        key=lambda r: (not r.profile.says("leaving"), r.profile.says("people"), len(r.lists["attributes"]), r.profile.rows),
        default=None,
    )
    for r in readings:
        if r.kind != "customers" or r is main:
            kept.append(r)
        elif r.name in partial:
            kept.append(next(e for e in enough if e.name == r.name))
        else:
            kept.append(_as_event(r))
    return kept


def _as_event(r: Reading) -> Reading:
    when = r.leaving or r.roles.get("since")
    if not when:
        return replace(r, kind="", why="another table of customers: join the columns that you need to the first")
    roles = {"customer": r.roles["customer"], "time": when}
    if r.reason:
        roles["kinds"] = r.reason
    kinds = [c for c in r.lists["attributes"] if r.profile.columns[c].kind == "text" and r.profile.columns[c].says("reason", "kind")]
    if kinds and "kinds" not in roles:
        roles["kinds"] = kinds[0]
    column = r.profile.columns[when]
    keys = list(column.how) + ([("optional_time", True, "rows without this time are not events")] if not column.known.all() else [])
    unused = {c: "no role found" for c in r.profile.columns if c not in roles.values()}
    return replace(r, kind="events", roles=roles, lists={}, keys=keys, unused=unused, leaving="")


def _bounds(times: np.ndarray) -> tuple[int | None, int | None]:
    """Return the first and the last moment of the bulk of the rows, where single rows lie far from all others; else None."""
    ordered = np.sort(times)
    most = max(3, int(_RARE * len(ordered)))
    if len(ordered) < 50:
        return None, None
    inner = ordered[most : len(ordered) - most]
    far = max(_FAR, int(0.3 * (inner[-1] - inner[0])))
    gaps = np.diff(ordered)
    early = [i for i in range(min(most, len(gaps))) if gaps[i] > far]
    late = [i for i in range(max(len(gaps) - most, 0), len(gaps)) if gaps[i] > far]
    return (int(ordered[early[-1] + 1]) if early else None), (int(ordered[late[0]]) if late else None)


def _day_after(moment: int) -> str:
    return stamp(moment // DAY * DAY + DAY)


def _observed(readings: Sequence[Reading]) -> list[Reading]:
    """Declare where a table begins and ends, where its own rows would mislead."""
    ends: dict[str, int] = {}
    found: list[Reading] = []
    for r in readings:
        keys = list(r.keys)
        times = observed_times(r)
        if r.kind == "events" and len(times):
            first, last = _bounds(times)
            if first is not None:
                early = times[times < first]
                why = f"{_rows(len(early))} dated {_when(early)}: left out as an error"
                keys.append(("observed_from", stamp(first // DAY * DAY), why))
            if last is not None:
                late = times[times > last]
                keys.append(("observed_until", _day_after(last), f"{_rows(len(late))} dated {_when(late)}: left out as an error"))
                times = times[times <= last]
        if len(times) and r.kind in ("events", "states"):
            ends[r.name] = int(times.max())
        found.append(replace(r, keys=keys))
    if not found:
        return found
    logs = {r.name: ends[r.name] for r in found if r.kind == "events" and r.name in ends}
    latest = max(ends.values(), default=None)
    done = []
    for r in found:
        keys = list(r.keys)
        if (
            r.name in logs
            and latest is not None
            and latest - logs[r.name] > _APART
            and r.key("observed_until") is None
            and not r.profile.says("leaving")
        ):
            days = (latest - logs[r.name]) // DAY
            why = f"it ends {days} days before the other tables: silence after that is not leaving"
            keys.append(("observed_until", _day_after(logs[r.name]), why))
        if (
            r.kind == "intervals"
            and r.column("end").kind == "time"
            and r.key("driver") != "support"
            and (until := _contracts_until(r, latest)) is not None
        ):
            keys.append(("observed_until", _day_after(until), "the last day on which something in this table begins or ends"))
        done.append(replace(r, keys=keys))
    return done


def _contracts_until(reading: Reading, latest: int | None) -> int | None:
    """Return the last beginning or end of contracts, where no log reaches that far; None where ends were agreed beforehand."""
    start, end = reading.column("start"), reading.column("end")
    begun, over = start.times[start.known], end.times[end.known]
    if "planned_end" in reading.roles:  # an end as planned says nothing of what has been observed
        plan = reading.column("planned_end")
        over = end.times[end.known & ~(plan.known & (end.times >= plan.times))]
    last_begun = int(begun.max())
    if latest is not None and latest >= max(last_begun, int(over.max(initial=_NONE))) - DAY:
        return None
    if end.known.all():
        lengths = np.round((end.times - start.times) / DAY)
        if len(np.unique(lengths)) <= max(4, len(lengths) // 20):
            return None  # lengths with few distinct values: agreed beforehand
    now = int(pd.Timestamp.now("UTC").timestamp() * 1_000_000)
    return max(last_begun, int(over[over <= now].max(initial=_NONE)))


def _rows(n: int) -> str:
    return "1 row is" if n == 1 else f"{n:,} rows are"


def _when(times: np.ndarray) -> str:
    first, last = stamp(int(times.min()) // DAY * DAY), stamp(int(times.max()) // DAY * DAY)
    return first if first == last else f"{first} to {last}"
