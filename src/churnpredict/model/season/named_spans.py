"""Named days of the calendar that are busier or quieter: closures, sales, holidays, breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["NamedSpan", "days_inside", "share_of_effect"]


@dataclass(frozen=True)
class NamedSpan:
    """Days of one name, and by what factor a living customer is busier on them.

    Attributes
    ----------
    name : str
        Spans of one name share one factor, which is estimated where they lie in the past.
    first, last : int
        The first and the last day, both included, in days since 1970.
    factor : float
        What is believed of it.
    sd : float
        How far the logarithm of the factor may be from that.
    """

    name: str
    first: int
    last: int
    factor: float
    sd: float


def days_inside(spans: Sequence[NamedSpan], days: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which days (n,) lie in any of the spans."""
    found = np.zeros(len(days), np.bool_)
    for span in spans:
        found |= (days >= span.first) & (days <= span.last)
    return found


def share_of_effect(inside: npt.NDArray[np.float64], factor: float) -> npt.NDArray[np.float64]:
    """Return the part of a log factor that falls to a week of which the share ``inside`` lies in the span.

    A week that is closed for half of its days is half as busy, which is more than half of the logarithm of a hundredth.
    """
    if abs(np.log(factor)) < 1e-3:
        return inside
    return np.asarray(np.log1p(inside * (factor - 1)) / np.log(factor))
