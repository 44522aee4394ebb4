"""Features of many cutoffs, built in one pass, from which later builds take their rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.pairs import sorted_pairs
from churnpredict.events.tables import EventTables
from churnpredict.features.asof import is_label
from churnpredict.features.build import build_features, build_rows, check_rows, checked_rows
from churnpredict.features.catalog import with_driver
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import Feature
from churnpredict.features.peers import PeerCounts, count_peers
from churnpredict.spans import SpanLike

__all__ = ["SharedFeatures"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


class SharedFeatures:
    """Numbers of all snapshots of several cutoffs. A feature depends on nothing from its own cutoff on, so it is the same in every build.

    Labels are not kept: their categories are those known before the latest cutoff of a build, which differs from build to build.

    Parameters
    ----------
    tables : EventTables
        With everything that any of the later builds knows.
    customers, cutoffs : ndarray of shape (n,)
        The snapshots, sorted by customer, then cutoff.
    features : list of Feature or OwnFeature
        Those of all later builds; of several with one name, the first is kept.
    history : span, optional
        As for :func:`churnpredict.build_features`.

    Raises
    ------
    UsageError
        As :func:`churnpredict.build_features`.
    """

    def __init__(
        self, tables: EventTables, customers: Codes, cutoffs: Ints, features: Sequence[Feature | OwnFeature], *, history: SpanLike | None
    ) -> None:
        named: dict[str, Feature | OwnFeature] = {}
        for feature in features:
            row = feature if isinstance(feature, OwnFeature) else with_driver(feature, tables)
            named.setdefault(row.name, row)
        check_rows([*named.values()], tables)
        rows = [row for row in named.values() if isinstance(row, OwnFeature) or not is_label(row, tables)]
        counts = PeerCounts()
        count_peers([r for r in rows if isinstance(r, Feature)], tables, cutoffs, counts)
        built = build_rows(tables, customers, cutoffs, rows, counts, history=history, n_jobs=1)
        self.history = history
        self._row = {row.name: (place, row) for place, row in enumerate(rows)}
        self._values = built.to_numpy().T  # as it was built: one feature after the other
        self._cutoffs = np.unique(cutoffs)
        self.pairs = self._keys(customers, cutoffs)

    @property
    def nbytes(self) -> int:
        """Memory that the numbers take."""
        return int(self._values.nbytes)

    def build(
        self, tables: EventTables, snapshots: pd.DataFrame, *, features: Sequence[Feature | OwnFeature], history: SpanLike | None
    ) -> pd.DataFrame:
        """Return what :func:`churnpredict.build_features` returns, to the last bit; what is not kept here is built now.

        Parameters
        ----------
        tables : EventTables
            The tables of the constructor, or what of them was known before a moment.
        snapshots, features, history
            As for :func:`churnpredict.build_features`.
        """
        customers, cutoffs = sorted_pairs(tables, snapshots)
        place = self.places(customers, cutoffs)
        if place is None or history != self.history:
            return build_features(tables, snapshots, features=features, history=history)
        rows = checked_rows(features, tables)
        kept = [row for row in rows if row.name in self._row and self._row[row.name][1] == row]
        names = {row.name for row in kept}
        counts = PeerCounts()
        count_peers([r for r in rows if isinstance(r, Feature) and r.name not in names], tables, cutoffs, counts)
        built = {row.name: partial(self._write, self._row[row.name][0], place) for row in kept}
        return build_rows(tables, customers, cutoffs, rows, counts, history=history, n_jobs=1, built=built)

    def _write(self, row: int, place: Ints, out: npt.NDArray[np.float32]) -> None:
        np.take(self._values[row], place, out=out, mode="clip")  # any other mode writes through a copy

    def _keys(self, customers: Codes, cutoffs: Ints) -> Ints:
        return customers.astype(np.int64) * len(self._cutoffs) + np.searchsorted(self._cutoffs, cutoffs)

    def places(self, customers: Codes, cutoffs: Ints) -> Ints | None:
        """Return where each snapshot is kept; None if one of them is not."""
        if not len(self.pairs) or not np.isin(np.unique(cutoffs), self._cutoffs).all():
            return None
        asked = self._keys(customers, cutoffs)
        place = np.minimum(np.searchsorted(self.pairs, asked), len(self.pairs) - 1)
        return place if bool((self.pairs[place] == asked).all()) else None
