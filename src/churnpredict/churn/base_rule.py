"""The base of all churn rules: a horizon, a table, a gap, and how tables show that a customer has left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from churnpredict.argument_checks import check_text
from churnpredict.churn.rule import ChurnRule, LeftBy, window_after
from churnpredict.churn.rule_questions import keep_as_text
from churnpredict.clock import days_between
from churnpredict.events.expected import one_log
from churnpredict.events.tables import EventTables
from churnpredict.spans import Span, span

__all__ = ["GONE_BEFORE", "LEFT", "LOST", "STAYED", "BaseRule", "Labelled"]

Ints = npt.NDArray[np.int64]
Labelled = tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]
STAYED = 0
LEFT = 1  # by the customer's own decision
LOST = 2  # without it, such as by a payment that failed
GONE_BEFORE = -1  # in the gap, before the window opened


@dataclass(frozen=True)
class BaseRule(ChurnRule):
    """Base of all rules: a horizon, a table, and a gap in which a retention team can act."""

    left_by: ClassVar[LeftBy] = "outcome"
    # Whether leaving is the end of a paid or trial period, which belongs to the day before it.
    ends_with_period: ClassVar[bool] = False

    horizon: str
    of: str | None = field(default=None, kw_only=True)
    gap: str = field(default="0d", kw_only=True)

    def __post_init__(self) -> None:
        keep_as_text(self, "horizon")
        keep_as_text(self, "gap", zero=True)
        if self.of is not None:
            check_text(self.of, "of", "Give the name of a table.")

    @property
    def horizon_span(self) -> Span:
        return span(self.horizon, "horizon")

    @property
    def gap_span(self) -> Span:
        return span(self.gap, "gap", zero=True)

    @property
    def decided_at_end(self) -> bool:
        return False

    def table(self, tables: EventTables) -> str:
        """Return the table that the rule reads; the only one of its kind by default."""
        return one_log(tables, self.of, f'{type(self).__name__}("{self.horizon}", of={{}})')

    def check(self, tables: EventTables) -> None:
        tables.stream(self.table(tables))

    def settled_until(self, tables: EventTables) -> int:
        return tables.observed_until()

    def _judge(self, tables: EventTables, cutoffs: Ints, left_at: Ints, outcome: npt.NDArray[np.int8]) -> Labelled:
        """Return duration and outcome, from the moment of leaving (``OPEN`` for never) and its kind."""
        opens, closes = window_after(self, cutoffs, tables.timezone)
        left = (left_at >= opens) & (left_at < closes)
        duration = days_between(cutoffs, np.where(left, left_at, closes), tables.timezone)
        return duration, np.where(left, outcome, np.where(left_at < opens, GONE_BEFORE, STAYED)).astype(np.int8)
