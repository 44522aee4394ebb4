"""Certainty of the order of the first two reasons: the spread of the members' own orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

__all__ = ["RankedReasons", "lead_error"]

_SURE = 1.96  # standard errors that 95 % of a normal distribution lie within
_ALIKE = 0.5  # of the first reason: nobody reads +7.9 and +1.4 as about equal


def lead_error(opinions: Sequence[np.ndarray], weights: Sequence[float], total: np.ndarray) -> np.ndarray:
    """Return the standard error of each row's lead: by how much the first reason exceeds the second.

    Each member of a blend is one estimate of the lead, the blend their weighted mean; with weights w that sum to 1 and distances d from
    that mean, the squared error is the sum of ``(w d)**2``. One member alone has no spread: the error is NaN.

    Parameters
    ----------
    opinions : list of (n, D) arrays
        Each member's own contributions per driver, unweighted.
    weights : list of float
        Of the members.
    total : (n, D) array
        Contributions of the blend: they choose the two drivers, zero in place of a second one that does not raise the risk.

    Examples
    --------
    >>> one, two = np.array([[0.9, 0.1]]), np.array([[0.5, 0.3]])
    >>> lead_error([one, two], [0.5, 0.5], (one + two) / 2).round(9).tolist()
    [0.212132034]
    """
    n, width = total.shape
    scale = float(np.sum(weights))
    if len(opinions) < 2 or scale == 0:
        return np.full(n, np.nan)
    rows, order = np.arange(n), np.argsort(-total, axis=1, kind="stable")
    first, second = order[:, 0], order[:, min(1, width - 1)]
    counts = (total[rows, second] > 0) & (second != first)
    leads = [opinion[rows, first] - np.where(counts, opinion[rows, second], 0.0) for opinion in opinions]
    shares = [weight / scale for weight in weights]
    mean = sum((share * lead for share, lead in zip(shares, leads, strict=True)), start=np.zeros(n))
    squared = sum(((share * (lead - mean)) ** 2 for share, lead in zip(shares, leads, strict=True)), start=np.zeros(n))
    return np.asarray(abs(scale) * np.sqrt(squared))


class RankedReasons:
    """The part of an :class:`churnpredict.Explanation` that says whether its first reason is sure to be the first."""

    if TYPE_CHECKING:
        index: pd.Index
        by_driver: np.ndarray
        lead_error: np.ndarray | None

    @property
    def lead(self) -> pd.Series:
        """By how much the strongest driver exceeds the next one, or zero, in log-odds; 0 where none raises the risk."""
        first, second = self._two()
        return pd.Series(first - second, index=self.index, name="lead")

    def _two(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what the two strongest drivers (n,) add, 0 where they do not raise the risk."""
        ranked = np.sort(np.hstack([np.maximum(self.by_driver, 0.0), np.zeros((len(self.by_driver), 2))]), axis=1)
        return ranked[:, -1], ranked[:, -2]

    @property
    def about_equal(self) -> pd.Series:
        """Whether the first two reasons cannot be ranked: the first does not lead significantly (95 %), and the second has half of its
        points or more.

        The standard error of the lead is the spread of the members' own opinions: :attr:`lead_error`. False where no second driver raises
        the risk, and where the error is unknown: for a model of one member, and for a part of the risk.
        """
        tied = np.zeros(len(self.by_driver), dtype=bool)
        if self.lead_error is not None:
            first, second = self._two()
            alike = (second > 0) & (second >= _ALIKE * first)
            tied = alike & (first - second < _SURE * np.nan_to_num(self.lead_error))
        return pd.Series(tied, index=self.index, name="about_equal")
