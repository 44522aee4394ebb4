"""Shared parts of accounting tables: display, intervals, groups, and suppression of small groups."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.plotting import PlotAccessor

from churnpredict.accounting.ledger import Ledger, Periods
from churnpredict.accounting.paid_for import ASSUMED, MONTH, UNTOLD
from churnpredict.clock import NEVER
from churnpredict.errors import UsageError, closest
from churnpredict.events.tables import EventTables
from churnpredict.figures import amount, percent
from churnpredict.markup import show
from churnpredict.number_checks import check_whole_number
from churnpredict.per_customer import by_customer
from churnpredict.spans import whole_years
from churnpredict.text_tables import Figure, text_table

__all__ = ["Accounts", "Drawer", "Groups", "check_least", "hide", "members", "share_of"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BLOCK = 1 << 20
_SHARES = {
    *("rate", "low", "high", "gross_churn", "net_churn", "customer_churn", "renews", "risk", "share"),
    *("gross_retention", "gross_low", "gross_high", "net_retention", "net_low", "net_high"),
}
_MONEY = {
    "average_payment",
    "money_lost",
    "start",
    "lost_revenue",
    "contraction",
    "expansion",
    "end",
    "amount",
    "at_risk",
    "at_risk_low",
    "at_risk_high",
    "money_start",
    "money_end",
}
_MOVED = {"new", "churn", "returned", "moved"}  # money of a bridge, which prints it itself
_AMOUNTS = {
    MONTH: "Amounts are per month.",
    ASSUMED: "Amounts are taken to be per month: nothing says what those of the contracts are paid for.",
}
_MOST_GROUPS = 20
UNKNOWN = "unknown"


class Accounts(pd.DataFrame):
    """A table of accounts: a frame of plain numbers that prints shares as per cent and money with separators.

    Attributes
    ----------
    amounts_per : {"month", "assumed", ""}
        Whether amounts are per month; "assumed" where nothing says what those of contracts are paid for; "" without contracts.
    """

    _metadata = ["amounts_per"]  # noqa: RUF012 (pandas asks for a list)
    amounts_per: str = UNTOLD

    @property
    def _constructor(self) -> type[Accounts]:
        return Accounts

    def printed(self) -> pd.DataFrame:
        """Return the table as text for display."""
        text = {}
        for place, column in enumerate(self.columns):
            values = self.iloc[:, place]
            if pd.api.types.is_float_dtype(values.dtype):
                values = values.where(np.isfinite(values.to_numpy(np.float64, na_value=np.nan)))
            if column in _SHARES or not isinstance(column, str):
                shown = [percent(v) if pd.notna(v) else "" for v in values]
            elif column in _MONEY:
                shown = [amount(v) if pd.notna(v) else "" for v in values]
            elif pd.api.types.is_numeric_dtype(values):
                shown = ["" if pd.isna(v) else f"{v:,.1f}" if v % 1 else f"{v:,.0f}" for v in values.astype(object)]
            else:
                shown = ["" if pd.isna(v) else str(v) for v in values]
            text[column] = shown
        return pd.DataFrame(text, index=self.index, columns=list(self.columns))

    @property
    def plot(self) -> Drawer:
        """The picture of these accounts: ``plot()``; everything of pandas: ``plot.bar(...)``, ``plot(kind=...)``.

        :func:`~churnpredict.accounting.cohorts` are retention curves, :func:`~churnpredict.churn_rate` and
        :func:`~churnpredict.accounting.tenure_table` rates with their intervals, :func:`~churnpredict.accounting.revenue_churn` and
        :func:`~churnpredict.accounting.revenue_bridge` are bridges, :func:`~churnpredict.accounting.transitions` a map of moves. ``theme``
        is "light" or "dark"; more options are those of :mod:`churnpredict.accounting.pictures`,
        :mod:`churnpredict.accounting.transition_map` and :mod:`churnpredict.accounting.waterfalls`.
        """
        return Drawer(self)

    def _rows(self) -> tuple[list[tuple[object, ...]], list[str]]:
        """Return rows and names of the columns, the index first where it says something; empty notes are left out."""
        text = self.printed()
        if "note" in text and not (text["note"] != "").any():
            text = text.drop(columns="note")
        figures = [pd.api.types.is_numeric_dtype(self[c]) for c in text.columns]
        rows: list[tuple[object, ...]] = [
            tuple(Figure(v) if figure else v for v, figure in zip(row, figures, strict=True)) for row in text.itertuples(index=False)
        ]
        names = [str(c) for c in text.columns]
        if isinstance(self.index, pd.RangeIndex):
            return rows, names
        return [(str(i), *row) for i, row in zip(self.index, rows, strict=True)], [str(self.index.name or ""), *names]

    def __repr__(self) -> str:
        plain = self.columns.nlevels > 1 or not self.columns.is_unique or not len(self)
        if plain:
            return self.printed().to_string(index=False)
        rows, names = self._rows()
        keys = next((j for j, value in enumerate(rows[0]) if isinstance(value, Figure)), 1)  # the period and the group
        return "\n".join([*text_table(rows, names, keys=max(keys, 1)), *self._notes()])

    __str__ = __repr__

    def _repr_html_(self) -> str:
        if self.columns.nlevels > 1 or not self.columns.is_unique or not len(self):
            return self.printed().to_html(index=False)
        return show("", *self._rows(), after=self._notes())

    def _notes(self) -> list[str]:
        """Return the sentences below the table: what the amounts are paid for."""
        told = self.amounts_per == ASSUMED or not (_MONEY | _MOVED).isdisjoint(self.columns)
        return [_AMOUNTS[self.amounts_per]] if told and self.amounts_per in _AMOUNTS else []


class Drawer(PlotAccessor):
    """What draws accounts: the picture of their kind without arguments of pandas, else what pandas draws."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        from churnpredict.accounting import pictures, transition_map, waterfalls

        frame: pd.DataFrame = getattr(self, "_parent")  # noqa: B009 (what the accessor of pandas was made of)
        kind = pictures.kind_of(frame)
        if kind is None or args or {"kind", "x", "y"} & set(options):
            return super().__call__(*args, **options)
        home = waterfalls if kind in ("bridge", "revenue") else transition_map if kind == "transitions" else pictures
        draw: Any = getattr(home, f"plot_{kind}")
        return draw(frame, **options)


def share_of(part: Any, whole: Any) -> Floats:
    """Return part / whole, shape (n,), NaN where the whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def check_least(min_group: int) -> None:
    """Refuse an invalid minimum size of a group."""
    check_whole_number(min_group, "min_group", least=1, what="a whole number of customers")


def hide(frame: pd.DataFrame, rows: npt.NDArray[np.bool_], note: str | list[str], *, shown: Sequence[str] = ()) -> None:
    """Set figures that would mislead to missing, except those ``shown``, and add a note that says why."""
    for column in frame.columns:
        if column in (*shown, "note") or not pd.api.types.is_numeric_dtype(frame[column]) or str(column).startswith("_"):
            continue
        if frame[column].dtype.kind == "i":
            frame[column] = frame[column].astype("Int64")
        frame[column] = frame[column].mask(rows)
    frame.loc[rows, "note"] = note


def members(ledger: Ledger, periods: Periods) -> Iterator[tuple[npt.NDArray[np.int32], Ints]]:
    """Yield customers at the start of each period, as codes and places of periods, sorted by both; in blocks, so the full cross product is
    never in memory.
    """
    step = max(1, BLOCK // len(periods))
    for start in range(0, len(ledger.tables), step):
        people = np.arange(start, min(start + step, len(ledger.tables)), dtype=np.int32)
        customers, place = np.repeat(people, len(periods)), np.tile(np.arange(len(periods)), len(people))
        there = ledger.customers_at(customers, periods.starts[place])
        yield customers[there], place[there]


@dataclass(frozen=True)
class Groups:
    """Groups of customers at a moment."""

    name: str
    labels: Sequence[Hashable]
    fixed: npt.NDArray[np.int64] | None = None

    @classmethod
    def of(cls, tables: EventTables, by: str | pd.Series | Mapping[Any, Any]) -> Groups:
        if not isinstance(by, str):
            return cls._of_customers(tables, by)
        profile = tables.profile
        known = [] if profile is None else [*profile.attributes, *(["owner"] if "owner" in profile.labels else [])]
        if by == "tenure_year" and profile is not None and profile.since is not None:
            joined = profile.since[profile.since != NEVER]
            oldest, now = joined.min(keepdims=True) if len(joined) else joined, np.array([tables.observed_until()])
            years = int(whole_years(oldest, now, tables.timezone)[0]) + 1 if len(joined) else 0
            return cls(by, list(range(1, max(years, 0) + 1)))
        if profile is None or by not in known:
            known = [*known, "tenure_year"]
            remedy = f"There are {', '.join(known)}, where declared in Customers; or give a Series of segments.{closest(str(by), known)}"
            raise UsageError("no-such-group", f"by is {str(by)!r}", remedy=remedy)
        if by in profile.labels:
            return cls(by, [str(v) for v in profile.labels[by].to_pylist()])
        values = profile.versions.columns[by]
        levels = np.unique(values[~np.isnan(values)])
        if len(levels) > _MOST_GROUPS:
            remedy = "Bin the numbers and give them as a Series with customer ids as its index."
            raise UsageError("too-many-groups", f'"{by}" has {len(levels):,} different numbers', table=profile.name, remedy=remedy)
        return cls(by, [float(v) for v in levels])

    @classmethod
    def _of_customers(cls, tables: EventTables, by: pd.Series | Mapping[Any, Any]) -> Groups:
        known = by_customer(by, pd.Index(tables.ids.to_pandas()), "by", partial=True, stacklevel=6)  # without one: "unknown"
        codes, labels = pd.factorize(pd.Series(known), sort=True)
        name = getattr(by, "name", None)
        return cls("group" if name is None else str(name), list(labels), np.where(codes < 0, len(labels), codes).astype(np.int64))

    def named(self, codes: Ints) -> pd.Series:
        """Return the labels at places as :meth:`codes` gives them, "unknown" for the one after the last."""
        return pd.Series([[*self.labels, UNKNOWN][code] for code in codes], dtype=object)

    def codes(self, tables: EventTables, customers: npt.NDArray[np.int32], moments: Ints) -> Ints:
        """Return the place of each label; the one after the last for unknown, shape (n,)."""
        unknown = len(self.labels)
        if self.fixed is not None:
            return self.fixed[customers]
        profile = tables.profile
        assert profile is not None
        if self.name == "tenure_year" and self.name not in profile.attributes:
            assert profile.since is not None
            since = profile.since[customers]
            years = whole_years(np.where(since == NEVER, moments, since), moments, tables.timezone)
            return np.where(since == NEVER, unknown, np.clip(years, 0, unknown))
        rows = profile.as_of(customers, moments)
        values = profile.versions.columns[self.name][rows]
        if self.name in profile.labels:
            return np.where((rows < 0) | (values < 0), unknown, values).astype(np.int64)
        missing = (rows < 0) | np.isnan(values)
        return np.where(missing, unknown, np.searchsorted(np.array(self.labels, np.float64), np.where(missing, 0.0, values)))
