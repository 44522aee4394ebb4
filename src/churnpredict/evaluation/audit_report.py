"""Findings of an audit, and the data that its checks read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice
from churnpredict.errors import LeakageError
from churnpredict.figures import percent
from churnpredict.markup import show
from churnpredict.model.split import Window
from churnpredict.text_tables import paragraph

__all__ = ["DAY", "FEW", "SEVERITIES", "Audit", "Case", "Finding", "place"]

SEVERITIES = ("error", "warning", "note")
DAY = 86_400_000_000
FEW = 10  # number of leavers below which columns are not judged


@dataclass(frozen=True)
class Finding:
    """One finding of an audit.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
        An error invalidates the figures of the model; a warning needs a check; a note is for the record.
    code : str
        Stable code of the kind of finding.
    where : str
        Column, table or rows.
    what, remedy : str
        What is wrong, and what to do about it.
    sure : float
        Confidence, between 0 and 1.
    """

    severity: str
    code: str
    where: str
    what: str
    sure: float
    remedy: str


@dataclass(frozen=True, repr=False)
class Audit:
    """Findings of an audit, most severe first; see :func:`audit`."""

    found: tuple[Finding, ...] = field(default=())

    def __post_init__(self) -> None:
        ranked = sorted(self.found, key=lambda f: (SEVERITIES.index(f.severity), -f.sure, f.code, f.where))
        object.__setattr__(self, "found", tuple(ranked))

    @property
    def findings(self) -> pd.DataFrame:
        """One row per finding: ``severity``, ``code``, ``where``, ``what``, ``sure``, ``remedy``."""
        columns = ["severity", "code", "where", "what", "sure", "remedy"]
        return pd.DataFrame([asdict(f) for f in self.found], columns=columns)

    @property
    def ok(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return not self.alarms

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The errors and the warnings."""
        return tuple(f for f in self.found if f.severity != "note")

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The errors alone."""
        return tuple(f for f in self.found if f.severity == "error")

    def __len__(self) -> int:
        return len(self.found)

    def __add__(self, other: Audit) -> Audit:
        return Audit((*self.found, *other.found))

    def raise_on(self, severity: str | None = "error") -> Audit:
        """Raise an error on findings at least as severe as ``severity``; otherwise return the audit.

        Raises
        ------
        LeakageError
            ``leakage``, with the most severe findings in the message.
        """
        if severity is None:
            return self
        check_choice(severity, "raise_on", SEVERITIES, code="bad-severity")
        grave = [f for f in self.found if SEVERITIES.index(f.severity) <= SEVERITIES.index(severity)]
        if grave:
            first = "; ".join(f"{f.where}: {f.what}" for f in grave[:3])
            more = f"; and {len(grave) - 3} more" if len(grave) > 3 else ""
            raise LeakageError("leakage", f"the audit found {first}{more}", remedy=" ".join(dict.fromkeys(f.remedy for f in grave[:3])))
        return self

    def _summary(self) -> str:
        counts = [(sum(f.severity == s for f in self.found), s) for s in SEVERITIES]
        return ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for n, s in counts if n) or "nothing found"

    def __repr__(self) -> str:
        lines = [f"Audit: {self._summary()}"]
        for f in self.found:
            lines += paragraph(f"{f.severity:<8}{f.where}  [{f.code}, {percent(f.sure)} sure]", indent=" " * 10, first="  ")
            lines += [*paragraph(f.what, indent=" " * 10), *paragraph(f"-> {f.remedy}", indent=" " * 13, first=" " * 10)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(f.severity, f.where, f.what, percent(f.sure), f.remedy) for f in self.found]
        return show(f"Audit: {self._summary()}", rows, ("severity", "where", "what", "sure", "remedy"))


@dataclass(frozen=True)
class Case:
    """The data of all checks; rows aligned. ``there`` gives for each row whether its customer is still there in the end (1), or has
    left (0), where that is known from more than the rows.
    """

    X: pd.DataFrame
    y: np.ndarray
    times: np.ndarray | None
    customers: np.ndarray | None
    window: Window | None
    folds: list[tuple[np.ndarray, np.ndarray]]
    names: Sequence[str]
    outcomes: pd.DataFrame | None
    there: np.ndarray | None = None

    @property
    def who(self) -> np.ndarray:
        return np.arange(len(self.y)) if self.customers is None else self.customers

    def take(self, rows: np.ndarray) -> Case:
        times, customers = (None if v is None else v[rows] for v in (self.times, self.customers))
        return replace(self, X=self.X.iloc[rows], y=self.y[rows], times=times, customers=customers)


def place(name: str) -> str:
    return f'column "{name}"'
