"""RFM for reports: scores from 1 to 5, segments, life-cycle stage, next expected event."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.events.expected import check_tables, one_log
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.visits import visits
from churnpredict.events.window_edges import positions
from churnpredict.features.build import build_features
from churnpredict.features.feature import Feature
from churnpredict.features.profile_kernels import STAGES
from churnpredict.moments import Moment

__all__ = ["SEGMENTS", "rfm", "rfm_summary", "table_meant"]

# segment by score of recency (rows, 1 to 5) and frequency (columns, 1 to 5)
SEGMENTS = (
    ("lost", "lost", "at risk", "at risk", "cannot lose"),
    ("hibernating", "hibernating", "at risk", "at risk", "cannot lose"),
    ("about to sleep", "about to sleep", "needs attention", "loyal", "loyal"),
    ("promising", "potential loyalist", "potential loyalist", "loyal", "loyal"),
    ("new", "potential loyalist", "potential loyalist", "champion", "champion"),
)


def rfm(tables: EventTables, at: Moment, *, of: str | None = None) -> pd.DataFrame:
    """Return recency, frequency and money of every customer seen before a moment, with scores, segment and stage.

    Scores are quintiles among these customers; equal customers have equal scores. Nothing at or after the moment is used. Only activity
    counts, and refunds are not activity: see :class:`churnpredict.Events`.

    Parameters
    ----------
    tables : EventTables
    at : time
        The cutoff.
    of : str, optional
        The table of events meant; the only one by default.

    Returns
    -------
    DataFrame
        Index ``customer_id``; columns ``days_since_last`` and ``active_days``, ``value`` (the sum of all rows, net of refunds, where a
        value is declared),
        ``recency_score``, ``frequency_score``, ``money_score`` (1 worst to 5 best), ``segment``, ``stage`` (new, current, at risk, dormant,
        resurrected) and ``expected_next_event`` (the last event plus the own mean gap; missing with a single active day).

    Raises
    ------
    UsageError
        ``which-table``, ``unknown-table``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=0)
    >>> table = cp.diagnostics.rfm(shop.tables, "2024-01-01", of="orders")
    >>> table["recency_score"].between(1, 5).all()
    np.True_
    """
    check_tables(tables, "rfm(tables, at)")
    name, stream = table_meant(tables, of)
    cutoff = tables.instant(at, "at")
    seen = pd.DataFrame({"customer_id": pd.Index(tables.ids.to_pandas())[_seen_before(visits(tables, name), cutoff)]})
    rows = [Feature(name, "days_since_last"), Feature(name, "active_days", "all"), Feature(name, "gap_mean"), Feature(name, "stage")]
    X = build_features(tables, seen.assign(cutoff=tables.wall_times(np.array([cutoff]))[0]), features=rows)
    columns = ["days_since_last", "active_days", "gap_mean", "stage"]
    table = X.droplevel("cutoff").set_axis(columns, axis=1).astype(np.float64)
    if "value" in stream.columns:
        table.insert(2, "value", _paid(stream.known_before(int(cutoff)))[tables.codes(seen["customer_id"])])
    table["recency_score"] = _quintile(-table["days_since_last"])
    table["frequency_score"] = _quintile(table["active_days"])
    if "value" in table:
        table["money_score"] = _quintile(table["value"])
    names = np.array(SEGMENTS)
    table["segment"] = pd.Categorical(
        names[table["recency_score"] - 1, table["frequency_score"] - 1], categories=sorted(set(names.ravel()))
    )
    table["stage"] = pd.Categorical.from_codes(table["stage"].astype(int).tolist(), categories=pd.Index(STAGES))
    due = tables.wall_times(np.array([cutoff]))[0] + pd.to_timedelta(table.pop("gap_mean") - table["days_since_last"], unit="D")
    table["active_days"] = table["active_days"].astype(int)
    return table.assign(expected_next_event=due.dt.floor("D"))


def rfm_summary(tables: EventTables, at: Moment, *, of: str | None = None) -> pd.DataFrame:
    """Return the inputs of models of repeat buying for every customer seen before a moment, counted in active days.

    Parameters
    ----------
    tables : EventTables
    at : time
        The cutoff; days before it count.
    of : str, optional
        The table of events meant; the only one by default.

    Returns
    -------
    DataFrame
        Index ``customer_id``; columns ``repeat_days`` (active days after the first: "frequency" in the literature), ``days_first_to_last``
        ("recency" there), ``days_since_first`` ("T") and, where a value is declared, ``mean_repeat_value`` (mean sum of a repeat day, net
        of refunds, 0 for none: "monetary value").

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "a", "b"], "day": ["2024-01-01", "2024-01-11", "2024-01-03"], "eur": [5.0, 7.0, 1.0]})
    >>> tables = cp.EventTables(orders=cp.Events(log, customer="user", time="day", value="eur"))
    >>> cp.diagnostics.rfm_summary(tables, "2024-01-21").loc["a"].tolist()
    [1.0, 10.0, 19.0, 7.0]
    """
    check_tables(tables, "rfm_summary(tables, at)")
    name, money = table_meant(tables, of)
    cutoff = tables.instant(at, "at")
    stream = visits(tables, name)
    if "known" in stream.columns:  # otherwise rows before the cutoff come first anyway, and need no copy
        stream, money = stream.known_before(int(cutoff)), money.known_before(int(cutoff))
    _, days, place = stream.active_days
    _, money_days, money_place = money.active_days
    last_day = int(tables.wall_times(np.array([cutoff - 1])).to_numpy().astype("datetime64[D]").astype(np.int64)[0])
    out = np.empty((4, stream.n_customers))
    values = money.columns.get("value", np.empty(0))
    paid = (money.offsets, money.times, money_days, money_place, values)
    _summarise(stream.offsets, stream.times, days, place, *paid, cutoff, last_day, out)
    seen = ~np.isnan(out[0])
    names = ["repeat_days", "days_first_to_last", "days_since_first", "mean_repeat_value"][: 4 if len(values) else 3]
    ids = pd.Index(tables.ids.to_pandas(), name="customer_id")[seen]
    return pd.DataFrame({n: out[i][seen] for i, n in enumerate(names)}, index=ids)


@nb.njit(cache=True, nogil=True)
def _summarise(offsets, times, days, place, money_offsets, money_times, money_days, money_place, values, cutoff, last_day, out):  # type: ignore[no-untyped-def]
    for c in range(offsets.size - 1):
        low, high = offsets[c], offsets[c + 1]
        while high > low and times[high - 1] >= cutoff:
            high -= 1
        if high == low:
            out[:, c] = np.nan
            continue
        first, last = place[low], place[high - 1]
        out[0, c] = last - first
        out[1, c] = days[last] - days[first]
        out[2, c] = last_day - days[first]
        total = 0.0
        for i in range(money_offsets[c], money_offsets[c + 1] if values.size else money_offsets[c]):
            if money_times[i] < cutoff and money_days[money_place[i]] > days[first] and not np.isnan(values[i]):
                total += values[i]
        out[3, c] = total / (last - first) if last > first else 0.0


def table_meant(tables: EventTables, of: str | None) -> tuple[str, Stream]:
    """Return the table of events of that name, or the only one.

    Raises
    ------
    UsageError
        ``which-table``, ``unknown-table``.
    """
    name = one_log(tables, of, "of={}")
    return name, tables.stream(name)


def _paid(stream: Stream) -> npt.NDArray[np.float64]:
    """Return the sum of the values of each customer in double precision: it is shown to people, and must be exact to the cent."""
    return np.bincount(stream.owners, np.nan_to_num(stream.columns["value"]), minlength=stream.n_customers).astype(np.float64)


def _seen_before(stream: Stream, cutoff: int) -> npt.NDArray[np.bool_]:
    past = stream.known_before(int(cutoff))
    edges = np.empty((1, past.n_customers), np.int64)
    everybody = np.arange(past.n_customers, dtype=np.int32)
    positions(past.offsets, past.times, everybody, np.full(past.n_customers, cutoff), edges)
    return np.asarray(edges[0] > past.offsets[:-1])


def _quintile(better: pd.Series) -> pd.Series:
    """Return quintiles 1 to 5 by rank, ties at the middle of their ranks."""
    rank = (better.rank(method="average") - 0.5) / len(better)
    return pd.Series(np.ceil(rank * 5).clip(1, 5).astype(int), index=better.index)
