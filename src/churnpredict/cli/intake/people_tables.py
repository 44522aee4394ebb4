"""Find a dated table of people and their accounts, beside logs that name only the person.

Where each person has one row, a join brings the account to the log. Where people move, the account depends on the time of the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnpredict.cli.intake.guess_logs import guess_log
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.readings import Reading, said_how
from churnpredict.cli.intake.table_keys import unlike_customer
from churnpredict.cli.intake.table_profiles import Column, TableProfile
from churnpredict.figures import percent

__all__ = ["with_people"]

_KNOWN = 0.9  # of the people in a log are in the table of people
_FEW = 10


@dataclass(frozen=True)
class _People:
    """The columns of a table that say since when a person has belonged to which account."""

    reading: Reading
    person: Column
    since: Column

    @property
    def moved(self) -> int:
        """The number of people with more than one account."""
        there = self.person.filled & self.reading.customer.filled
        pairs = np.unique(np.stack([self.person.codes[0][there], self.reading.customer.codes[0][there]], axis=1), axis=0)
        return int((np.bincount(pairs[:, 0]) > 1).sum())

    def declared(self) -> Reading:
        profile = self.reading.profile
        roles = {"customer": self.person.name, "account": self.reading.roles["customer"], "valid_from": self.since.name}
        unused = {c: "accounts are described in their own table" for c in profile.columns if c not in roles.values()}
        note = f"{self.moved:,} people have belonged to several accounts: their events count for the account of that time"
        return Reading(profile, "customers", self.reading.name, roles, {}, said_how(profile, roles, unused), unused, [note])


def with_people(readings: Sequence[Reading], tables: Mapping[str, TableProfile]) -> list[Reading]:
    """Return the readings, with a table of people who move between accounts declared, and the logs that name only these people.

    Parameters
    ----------
    readings : list of Reading
    tables : dict of str to TableProfile
        Tables that no join leads to a customer.
    """
    for people in _people(readings):
        logs = {name: log for name, t in tables.items() if (log := _log_of(t, people)) is not None}
        if logs and people.moved:
            declared = {people.reading.name: people.declared(), **logs}
            return [declared.get(r.name, r) for r in readings]
    return list(readings)


def _people(readings: Sequence[Reading]) -> Iterator[_People]:
    """Yield tables with dated rows of people, several of some: each person has one account at a time."""
    for r in readings:
        if "customer" not in r.roles or r.roles["customer"] not in r.profile.columns:
            continue
        times = [c for c in r.profile.of_kind("time") if c.known.all() and not c.says("end", "leaving", "birth", "clerical")]
        for person in r.profile.of_kind("text", "number"):
            ours = person.name != r.roles["customer"] and person.says("inside", "customer") and is_id(person.name)
            if not ours or unlike_customer(person) or person.unique or not person.filled.all() or person.distinct <= _FEW:
                continue
            since = [c for c in times if len(np.unique(np.stack([person.codes[0], c.times], axis=1), axis=0)) == r.profile.rows]
            named = sorted(since, key=lambda c: -2 * c.says("start", "since"))
            if named and person.distinct > r.profile.rows / 2:
                yield _People(r, person, named[0])


def _log_of(profile: TableProfile, people: _People) -> Reading | None:
    """Return the reading of a log whose rows name these people; None where it does not."""
    known = set(map(str, people.person.codes[1]))
    times = [c for c in profile.of_kind("time") if not c.says("birth")]
    for column in profile.of_kind("text", "number"):
        share = float(np.mean([str(v) in known for v in column.codes[1]])) if column.distinct > _FEW else 0.0
        if share < _KNOWN or column.unique or not column.filled.all() or not times:
            continue
        reading = guess_log(profile, column.name, times, None)[0]
        if reading.kind != "events":
            return None
        strangers = [f"{percent(1 - share)} of its people are in no account"] if share < 1 else []
        return replace(reading, roles={**reading.roles, "user": column.name}, notes=[*reading.notes, *strangers])
    return None
