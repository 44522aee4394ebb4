"""Features of peers, point in time: outcomes of customers with the same plan, item, channel or owner.

For a window w before a cutoff t, the peers of a customer are the others who had the same label at t - w and were active in
[t - 2w, t - w). Peers without an event in [t - w, t) have gone silent. All of this was known before t, and none of it is in the snapshot's
own outcome window. Small groups are shrunk towards the overall rate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnpredict.events.tables import EventTables
from churnpredict.events.visits import visits
from churnpredict.events.window_edges import latest_known
from churnpredict.features.feature import Feature
from churnpredict.spans import span

__all__ = ["PEER_AGGREGATES", "PeerCounts", "count_peers", "of_peers"]

PEER_AGGREGATES = ("peer_churn", "peer_count")
SMOOTHING = 20  # weight of the overall rate, in peers

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
_Asked = tuple[str, str, str]  # table, column, window


@dataclass(frozen=True)
class _Then:
    """One cutoff: every customer's label a window before, who was active then, and who has been silent since."""

    labels: npt.NDArray[np.int64]
    active: npt.NDArray[np.bool_]
    silent: npt.NDArray[np.bool_]


class PeerCounts:
    """How many customers of each label were active before each cutoff, and how many of them fell silent; the last place is everybody.

    Whole numbers: counts of parts of the customers add up to those of all, whatever the parts.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[_Asked, int], npt.NDArray[np.int64]] = {}

    def add(self, asked: _Asked, cutoff: int, then: _Then, n_labels: int) -> None:
        counted = then.active & (then.labels >= 0)
        both = [counted, counted & then.silent]
        of_label = [np.bincount(then.labels[who], minlength=n_labels) for who in both]
        everybody = [then.active.sum(), (then.active & then.silent).sum()]
        now = np.column_stack([of_label, everybody])
        before = self._found.get((asked, cutoff))
        self._found[asked, cutoff] = now if before is None else before + now

    def of(self, asked: _Asked, cutoff: int) -> npt.NDArray[np.int64]:
        """Return active and silent, shape (2, n_labels + 1)."""
        return self._found[asked, cutoff]


def count_peers(rows: Iterable[Feature], tables: EventTables, cutoffs: Ints, counts: PeerCounts) -> None:
    """Add these tables' customers to the counts that the features of peers among ``rows`` need."""
    for asked in dict.fromkeys(_asked(row) for row in rows if row.aggregate in PEER_AGGREGATES):
        for cutoff in np.unique(cutoffs).tolist():
            counts.add(asked, cutoff, _look_back(asked, tables, cutoff), len(tables.labels[asked[0]][asked[1]]))


def of_peers(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, counts: PeerCounts) -> npt.NDArray[np.float32]:
    """Return a feature of peers for each snapshot, shape (n,); missing for customers without a label.

    ``counts`` are those of all customers, of whom ``tables`` may hold a part.
    """
    out = np.full(len(customers), np.nan, np.float32)
    asked = _asked(row)
    for cutoff in np.unique(cutoffs).tolist():
        rows = np.flatnonzero(cutoffs == cutoff)
        own = customers[rows]
        then = _look_back(asked, tables, cutoff)
        now = _labels_at(asked, tables, own, np.full(len(rows), cutoff))
        active, lost = counts.of(asked, cutoff)
        mine = then.active[own] & (then.labels[own] == now)
        n = active[:-1][now] - mine
        if row.aggregate == "peer_count":
            out[rows] = np.where(now >= 0, n, np.nan)
            continue
        left = lost[:-1][now] - (mine & then.silent[own])
        everybody = active[-1] - then.active[own]
        base = (lost[-1] - (then.active & then.silent)[own]) / np.maximum(everybody, 1)
        rate = (left + SMOOTHING * base) / (n + SMOOTHING)
        out[rows] = np.where((now >= 0) & (everybody > 0), rate, np.nan)
    return out


def _asked(row: Feature) -> _Asked:
    return row.table, str(row.column), str(row.window)


def _look_back(asked: _Asked, tables: EventTables, cutoff: int) -> _Then:
    table, _, window = asked
    width = span(window)
    stream = visits(tables, table if table in tables.logs() else tables.logs()[0])
    everybody = np.arange(len(tables), dtype=np.int32)
    before, now = np.full(len(tables), width.before(cutoff, tables.timezone)), np.full(len(tables), cutoff)
    active = latest_known(stream, everybody, before, width) >= 0
    silent = latest_known(stream, everybody, now, width) < 0
    return _Then(_labels_at(asked, tables, everybody, before), active, silent)


def _labels_at(asked: _Asked, tables: EventTables, customers: Codes, moments: Ints) -> npt.NDArray[np.int64]:
    """Return the code of each customer's label at a moment: of the profile, or of the last item."""
    table, column, _ = asked
    if tables.profile is not None and table == tables.profile.name:
        stream, held = tables.profile.versions, tables.profile.as_of(customers, moments)
    else:
        stream = tables.stream(table)
        held = latest_known(stream, customers, moments)
    return np.append(stream.columns[column], -1)[held].astype(np.int64)
