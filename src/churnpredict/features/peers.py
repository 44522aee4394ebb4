"""The second hop, point in time: how those fared who share a plan, an item, a channel or an owner with the customer.

For a window w before a cutoff t, the peers of a customer are the others who had the same label at t - w and were active in
[t - 2w, t - w). Those of them without an event in [t - w, t) have fallen silent. All of this was known before t, and none of it lies in the
snapshot's own outcome window. Small groups are drawn towards everybody's rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnpredict.events.streams import latest_known
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import span
from churnpredict.features.feature import Feature

__all__ = ["PEER_AGGREGATES", "of_peers"]

PEER_AGGREGATES = ("peer_churn", "peer_count")
SMOOTHING = 20  # peers that everybody's rate is worth

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class _Then:
    """One cutoff: every customer's label a window before, who was active then, and who has been silent since."""

    labels: npt.NDArray[np.int64]
    active: npt.NDArray[np.bool_]
    silent: npt.NDArray[np.bool_]


def of_peers(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.float32]:
    """A feature of peers for each snapshot, shape (n,); missing for customers without a label."""
    out = np.full(len(customers), np.nan, np.float32)
    width = span(str(row.window))
    for cutoff in np.unique(cutoffs):
        rows = np.flatnonzero(cutoffs == cutoff)
        then = _look_back(row, tables, int(cutoff), width)
        own = customers[rows]
        now = _labels_at(row, tables, own, np.full(len(rows), cutoff))
        counted = then.active & (then.labels >= 0)
        size = int(max(then.labels.max(initial=-1), now.max(initial=-1))) + 1
        peers = np.bincount(then.labels[counted], minlength=size)
        lost = np.bincount(then.labels[counted & then.silent], minlength=size)
        mine = counted[own] & (then.labels[own] == now)
        n = peers[now] - mine
        if row.aggregate == "peer_count":
            out[rows] = np.where(now >= 0, n, np.nan)
            continue
        left = lost[now] - (mine & then.silent[own])
        everybody = then.active.sum() - then.active[own]
        base = ((then.active & then.silent).sum() - (then.active & then.silent)[own]) / np.maximum(everybody, 1)
        rate = (left + SMOOTHING * base) / (n + SMOOTHING)
        out[rows] = np.where((now >= 0) & (everybody > 0), rate, np.nan)
    return out


def _look_back(row: Feature, tables: EventTables, cutoff: int, width: int) -> _Then:
    log = row.table if row.table in tables.logs() else tables.logs()[0]
    stream = tables.stream(log)
    everybody = np.arange(len(tables), dtype=np.int32)
    before, now = np.full(len(tables), cutoff - width), np.full(len(tables), cutoff)
    active = latest_known(stream, everybody, before, width) >= 0
    silent = latest_known(stream, everybody, now, width) < 0
    return _Then(_labels_at(row, tables, everybody, before), active, silent)


def _labels_at(row: Feature, tables: EventTables, customers: Codes, moments: Ints) -> npt.NDArray[np.int64]:
    """The code of each customer's label at a moment: of the profile, or of the last item."""
    if tables.profile is not None and row.table == tables.profile.name:
        stream, held = tables.profile.versions, tables.profile.as_of(customers, moments)
    else:
        stream = tables.stream(row.table)
        held = latest_known(stream, customers, moments)
    return np.append(stream.columns[str(row.column)], -1)[held].astype(np.int64)
