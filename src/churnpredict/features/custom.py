"""Custom features: a small compiled aggregate, or any Python function of one customer's history."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.argument_checks import check_text, check_texts
from churnpredict.errors import UsageError, kind_of
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import OPEN
from churnpredict.events.wide_rows import LATER_MOMENTS
from churnpredict.features.aggregates import Block, Plan, Run, Wanted, register
from churnpredict.features.feature import AGGREGATES, Aggregate

__all__ = ["OwnFeature", "aggregate", "is_own"]

_COLUMNS = {"": None, "value": "value", "item": "item", "kind": "kind"}


def aggregate(
    name: str, *, needs: str = "", driver: str = "habit", unit: str = "", formula: str = ""
) -> Callable[[Callable[..., float]], Callable[..., float]]:
    """Register a function as an aggregate: it is compiled, and :class:`~churnpredict.Feature` can use its name.

    The function gets the rows of one customer in one window, oldest first: ``times`` in microseconds UTC and, with ``needs="value"``, their
    values (or the codes of their items or kinds), and the cutoff. It returns a number. It gets nothing else, so it cannot look ahead.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores.
    needs : {"", "value", "item", "kind"}
        The column it needs besides the times.
    driver : str
        The driver of its features.
    unit, formula : str
        For the list of features.

    Raises
    ------
    UsageError
        ``aggregate-name``, ``aggregate-needs``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> @cp.features.aggregate("largest_half", needs="value", driver="value")
    ... def largest_half(times, values, cutoff):
    ...     return values.max() / 2 if len(values) else 0.0
    >>> cp.Feature("orders", "largest_half", "90d").name
    'value__orders_largest_half_90d'
    """
    for given, what in ((name, "name"), (needs, "needs"), (driver, "driver"), (unit, "unit"), (formula, "formula")):
        check_text(given, what)
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or (name in AGGREGATES and name not in OWN):
        raise UsageError(
            "aggregate-name",
            f'"{name}" cannot be the name of an aggregate',
            remedy="Use a new name of lower-case letters, digits and underscores.",
        )
    if needs not in _COLUMNS:
        raise UsageError("aggregate-needs", f'needs is "{needs}"', remedy=f"Use one of {', '.join(repr(k) for k in _COLUMNS)}.")

    def enter(function: Callable[..., float]) -> Callable[..., float]:
        OWN.add(name)
        AGGREGATES[name] = Aggregate(driver, "window", needs, unit, formula or (function.__doc__ or "").strip().split("\n")[0])
        register(name, _family(function, needs))
        return function

    return enter


OWN: set[str] = set()


def is_own(name: str) -> bool:
    """Return whether an aggregate was made by :func:`aggregate`: no other process knows it."""
    return name in OWN


def _family(function: Callable[..., float], needs: str) -> Callable[[Plan, Wanted], Run]:
    """Return the loop over snapshots and windows, compiled around the function when first used."""
    loops: list[Any] = []

    def prepare(plan: Plan, rows: Wanted) -> Run:
        which = plan.windows(rows)
        columns = np.fromiter((c for c, _ in rows), dtype=np.int64)
        if not loops:
            loops.append(_compile(function, bool(needs)))

        def run(s: Stream, b: Block) -> None:
            column = s.columns[needs] if needs else s.times
            loops[0](s.times, column, b.cutoffs, b.edges, which, columns, b.out, b.at)

        return run

    return prepare


def _compile(function: Callable[..., float], takes_column: bool) -> Any:
    import numba as nb

    inner = nb.njit(function)

    @nb.njit(nogil=True)
    def loop(times, column, cutoffs, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
        for f in range(columns.size):
            for r in range(edges.shape[1]):
                low, high = edges[which[f], r], edges[0, r]
                if takes_column:
                    out[columns[f], at + r] = inner(times[low:high], column[low:high], cutoffs[r])
                else:
                    out[columns[f], at + r] = inner(times[low:high], cutoffs[r])

    return loop


@dataclass(frozen=True, init=False)
class OwnFeature:
    """A feature computed by any Python function over what was known of one customer.

    The function is called once per snapshot, with frames that end before the cutoff: it cannot look ahead, but it is slow. Where speed
    matters, write an :func:`aggregate`.

    Parameters
    ----------
    name : str
        Name of the feature, without the driver.
    function : callable
        ``function(history, cutoff) -> float``; ``history`` maps each table's name to a frame with ``time`` and the declared columns
        (``value``, ``kind``, ``item``, ``end``, ...), oldest first; ``cutoff`` is a timestamp.
    tables : list of str
        The tables it needs.
    driver : str
        The driver of its features.

    Attributes
    ----------
    name : str
        Name of its column: ``driver__name``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(50, random_state=0)
    >>> past = cp.take_snapshots(shop.tables, shop.churn, at="2024-01-01")
    >>> evening = cp.features.OwnFeature("evening_orders", lambda h, cutoff: (h["orders"].time.dt.hour >= 18).mean(), tables=["orders"])
    >>> cp.build_features(shop.tables, past, features=[evening]).columns.tolist()
    ['habit__evening_orders']
    """

    name_: str
    function: Callable[[Mapping[str, pd.DataFrame], pd.Timestamp], float]
    tables: tuple[str, ...] | list[str]
    driver: str

    def __init__(
        self,
        name: str,
        function: Callable[[Mapping[str, pd.DataFrame], pd.Timestamp], float],
        *,
        tables: tuple[str, ...] | list[str],
        driver: str = "habit",
    ) -> None:
        # not generated: the parameter is the short name, and the property of the same name adds the driver
        for given, what in ((name, "name"), (driver, "driver")):
            check_text(given, what)
        if not callable(function):
            raise UsageError("bad-argument", f"function is {kind_of(function)}", remedy="Give a function of the history and the cutoff.")
        tables = check_texts(tables, "tables", "tables")
        for field, value in (("name_", name), ("function", function), ("tables", tables), ("driver", driver)):
            object.__setattr__(self, field, value)

    @property
    def name(self) -> str:
        """``driver__name``."""
        return f"{self.driver}__{self.name_}"

    def compute(self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the feature of each snapshot, shape (n,)."""
        frames = {name: _Frame(tables, name) for name in self.tables}
        moments = tables.wall_times(cutoffs)
        values = [
            float(self.function({n: f.before(int(c), int(t)) for n, f in frames.items()}, moment))
            for c, t, moment in zip(customers, cutoffs, moments, strict=True)
        ]
        return np.array(values, np.float32)


class _Frame:
    """One table for a Python function: labels as text, ends that have not happened hidden."""

    def __init__(self, tables: EventTables, name: str) -> None:
        self.tables, self.stream = tables, tables.stream(name)
        self.labels = {k: np.array([*map(str, v.to_pylist()), None], dtype=object) for k, v in tables.labels[name].items()}

    def before(self, customer: int, cutoff: int) -> pd.DataFrame:
        rows = slice(self.stream.offsets[customer], self.stream.offsets[customer + 1])
        times = self.stream.times[rows]
        known = self.stream.columns.get("known", self.stream.times)[rows]
        keep = (times < cutoff) & (known < cutoff)
        frame = pd.DataFrame({"time": self.tables.wall_times(times[keep])})
        for name, values in self.stream.columns.items():
            column = values[rows][keep]
            if name in self.labels:
                frame[name] = self.labels[name][column]
            elif name != "known" and column.dtype == np.int64:  # times: some are unknown until they have passed
                hidden = (column == OPEN) | ((column >= cutoff) & (name in LATER_MOMENTS))
                frame[name] = pd.Series(self.tables.wall_times(np.where(hidden, 0, column))).mask(hidden)
            elif name != "known":
                frame[name] = column
        if "value_at_end" in frame:
            frame["value_at_end"] = frame["value_at_end"].where(frame["end"].notna())
        return frame
