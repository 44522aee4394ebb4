"""The protocol of a churn rule, and its outcome window."""

from __future__ import annotations

import re
from typing import Any, Literal, Protocol, TypeGuard, overload, runtime_checkable

import numpy as np
import numpy.typing as npt

from churnpredict.errors import UsageError, kind_of
from churnpredict.events.spells import Contracts
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.spans import Span

__all__ = [
    "ChurnRule",
    "ContractRule",
    "LeftBy",
    "SilenceRule",
    "check_rule",
    "is_of_contracts",
    "is_of_silence",
    "left_by",
    "rule_name",
    "window_after",
    "window_before",
]

Ints = npt.NDArray[np.int64]
# How tables show that a customer has left: a silence that lasts, the end of the last contract, a row that says so, whatever the outcome
# says; None: the rule is not about leaving.
LeftBy = Literal["silence", "contract", "row", "outcome"] | None


@runtime_checkable
class ChurnRule(Protocol):
    """The protocol that every churn rule follows."""

    @property
    def horizon_span(self) -> Span:
        """The length of the outcome window."""
        ...

    @property
    def gap_span(self) -> Span:
        """The time between a cutoff and the beginning of its outcome window."""
        ...

    @property
    def decided_at_end(self) -> bool:
        """Whether leaving is known only when the whole window has passed."""
        ...

    def check(self, tables: EventTables) -> None:
        """Refuse tables that the rule cannot be applied to."""
        ...

    def first_cutoff(self, tables: EventTables) -> int:
        """Return the first moment at which the whole risk set can be seen."""
        ...

    def settled_until(self, tables: EventTables) -> int:
        """Return the end of the last outcome window that is fully observed, in microseconds UTC."""
        ...

    def latest_cutoff(self, tables: EventTables) -> int:
        """Return the last moment whose outcome window is fully observed."""
        settled = self.settled_until(tables)
        for days in range(3):  # a cutoff may fall into the hour that a change of the clock leaves out: then a day before
            last = window_before(self, Span(days=days).before(settled, tables.timezone), tables.timezone)
            if window_after(self, last, tables.timezone)[1] <= settled:
                break
        return last

    def at_risk(self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints) -> npt.NDArray[np.bool_]:
        """Return whether each customer can still leave at each cutoff (pairs, sorted by customer, then cutoff)."""
        ...

    def outcomes(
        self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        """Return duration in calendar days and outcome of each pair; outcome -1 for customers who left in the gap, before the window
        opened.
        """
        ...


class SilenceRule(ChurnRule, Protocol):
    """A rule under which customers leave by silence: ``left_by`` is "silence"."""

    def table(self, tables: EventTables) -> str:
        """Return the table whose silence means leaving."""
        ...

    def visits(self, tables: EventTables) -> Stream:
        """Return its rows that count as activity."""
        ...


class ContractRule(ChurnRule, Protocol):
    """A rule under which customers leave when contracts end: ``left_by`` is "contract"."""

    @property
    def grace_span(self) -> Span:
        """How late a renewal may be."""
        ...

    def table(self, tables: EventTables) -> str:
        """Return the table of contracts."""
        ...

    def contracts(self, tables: EventTables) -> Contracts:
        """Return the contracts, and the spells that they make."""
        ...


def left_by(churn: object) -> LeftBy:
    """Return how tables show that a customer has left; a rule that does not say so is judged by its outcomes.

    >>> import churnpredict as cp
    >>> left_by(cp.Inactivity("90d")), left_by(cp.rules.DownSell("90d"))
    ('silence', 'outcome')
    """
    declared: LeftBy = getattr(churn, "left_by", "outcome")
    return declared


def is_of_silence(churn: object) -> TypeGuard[SilenceRule]:
    """Return whether customers leave by silence under a rule."""
    return left_by(churn) == "silence"


def is_of_contracts(churn: object) -> TypeGuard[ContractRule]:
    """Return whether customers leave with the end of contracts under a rule."""
    return left_by(churn) == "contract"


def rule_name(churn: ChurnRule | type[ChurnRule]) -> str:
    """Return the name of a rule, or of its class, in ``churn.toml`` and in the languages.

    >>> import churnpredict as cp
    >>> rule_name(cp.SubscriptionEnd("90d")), rule_name(cp.Inactivity)
    ('subscription_end', 'inactivity')
    """
    cls = churn if isinstance(churn, type) else type(churn)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


def check_rule(given: Any, call: str) -> None:
    """Refuse anything but a churn rule.

    Parameters
    ----------
    given : object
    call : str
        The call as its user writes it: ``"take_snapshots(tables, churn)"``.

    Raises
    ------
    UsageError
        ``not-a-rule``.

    Examples
    --------
    >>> check_rule("180d", "ChurnPipeline(churn)")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: ChurnPipeline takes a churn rule as churn, not a text. Call ChurnPipeline(churn) with churn = \
cp.Inactivity("180d", of="..."), where of= names the table whose silence means leaving, or another churn rule. [not-a-rule]
    """
    if not isinstance(given, type) and hasattr(given, "horizon_span") and hasattr(given, "at_risk"):
        return
    horizon, table = "90d", "..."
    if isinstance(given, str) and re.fullmatch(r"\s*\d+ ?[A-Za-z]+\s*", given):
        horizon = given.strip()
    elif isinstance(given, int) and not isinstance(given, bool) and given > 0:
        horizon = f"{given}d"
    write = f"{given.__name__}(...)" if isinstance(given, type) and hasattr(given, "at_risk") else f'Inactivity("{horizon}", of="{table}")'
    meant = ", where of= names the table whose silence means leaving, or another churn rule" if write.startswith('Inactivity("') else ""
    raise UsageError(
        "not-a-rule",
        f"{call.split('(', maxsplit=1)[0]} takes a churn rule as churn, not {kind_of(given)}",
        remedy=f"Call {call} with churn = cp.{write}{meant}.",
    )


@overload
def window_after(churn: ChurnRule, cutoffs: int, timezone: str) -> tuple[int, int]: ...


@overload
def window_after(churn: ChurnRule, cutoffs: Ints, timezone: str) -> tuple[Ints, Ints]: ...


def window_after(churn: ChurnRule, cutoffs: int | Ints, timezone: str) -> tuple[int | Ints, int | Ints]:
    """Return the outcome windows of cutoffs, [opens, closes), by the wall clock of the business."""
    opens = churn.gap_span.after(cutoffs, timezone)
    return opens, churn.horizon_span.after(opens, timezone)


def window_before(churn: ChurnRule, closes: int, timezone: str) -> int:
    """Return the cutoff whose outcome window closes at a moment."""
    return churn.gap_span.before(churn.horizon_span.before(closes, timezone), timezone)
