"""A table of people says which account a person belongs to: events that name only the person become events of the account.

Only tables in memory use this: partitions are cut by customer, before the rows of people could be brought to their accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import IdentityError, warn
from churnpredict.events.check_declarations import names_people, people_table
from churnpredict.events.declarations import Declaration
from churnpredict.events.reading import read_rows
from churnpredict.events.rows import Rows

__all__ = ["Membership", "read_tables"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Membership:
    """Accounts of people, row by row, sorted by person and time.

    Attributes
    ----------
    table : str
        The name of the table of people.
    people : pyarrow.Array of shape (n_people,)
        Their ids.
    offsets : ndarray of shape (n_people + 1,), int64
        The rows of person ``i`` are ``offsets[i]:offsets[i + 1]``.
    times : ndarray of shape (n,), int64
        Since when each row applies.
    accounts : ndarray of shape (n,), int32
        Codes into ``ids``, the ids of accounts.
    """

    table: str
    people: pa.Array
    offsets: Ints
    times: Ints
    accounts: npt.NDArray[np.int32]
    ids: pa.Array

    def account_of(self, people: npt.NDArray[np.int64], times: Ints) -> npt.NDArray[np.int32]:
        """Return the account of each person (a place in :attr:`people`, or -1) at each time, -1 where there is none yet, shape (n,)."""
        known = people >= 0
        low = self.offsets[np.where(known, people, 0)]
        rows, last = low, self.offsets[np.where(known, people, 0) + 1] - 1
        while (later := (rows < last) & (self.times[np.minimum(rows + 1, last)] <= times)).any():
            rows = rows + later
        return np.where(known & (self.times[rows] <= times), self.accounts[rows], np.int32(-1))

    def of_accounts(self, name: str, rows: Rows) -> Rows:
        """Return rows of people as rows of their accounts at the time of each row; rows of nobody's people are left out.

        Raises
        ------
        IdentityError
            ``id-types-differ``.
        """
        if len(rows.ids) and rows.ids.type != self.people.type:
            told = f'ids of people are {self.people.type}, while those of "{name}" are {rows.ids.type}'
            raise IdentityError("id-types-differ", told, table=self.table, remedy="Cast one of them first (mind leading zeros).")
        place = pc.fill_null(pc.index_in(rows.ids.cast(self.people.type), value_set=self.people), -1).to_numpy(zero_copy_only=False)
        accounts = self.account_of(place.astype(np.int64)[rows.codes], rows.times)
        there = accounts >= 0
        if not there.all():
            warn(
                "unknown-person",
                f'rows of people without an account at that time are left out; the table of people is "{self.table}"',
                table=name,
                rows=int((~there).sum()),
                total=len(there),
                remedy="Add these people, or an earlier row of theirs, if they belong to an account.",
                stacklevel=6,
            )
            rows, accounts = rows.keep(there), accounts[there]
        seen, codes = np.unique(accounts, return_inverse=True)  # accounts without a row are not customers
        return replace(rows, codes=codes.astype(np.int32), ids=self.ids.take(pa.array(seen)))


def read_tables(declarations: dict[str, Declaration], timezone: str) -> dict[str, Rows]:
    """Return the rows of each table that is not one of people, with the account as the customer."""
    people = people_table(declarations)
    rows = {name: read_rows(name, d, timezone) for name, d in declarations.items()}
    if people is None:
        return rows
    found = _membership(people, rows.pop(people))
    return {name: found.of_accounts(name, r) if names_people(declarations[name]) else r for name, r in rows.items()}


def _membership(table: str, rows: Rows) -> Membership:
    order = np.lexsort((rows.times, rows.codes))
    offsets = np.searchsorted(rows.codes[order], np.arange(len(rows.ids) + 1))
    return Membership(table, rows.ids, offsets, rows.times[order], rows.columns["account"][order], rows.labels["account"])
