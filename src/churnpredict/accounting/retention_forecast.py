"""Gross and net retention of revenue in the coming quarters, with intervals."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnpredict.accounting.accounts import Accounts
from churnpredict.accounting.bridge_cells import levels_at_edges
from churnpredict.accounting.definitions import Definition
from churnpredict.accounting.ledger import Periods
from churnpredict.accounting.paid_for import amounts_per
from churnpredict.accounting.recurring import holdings
from churnpredict.accounting.retention_levels import chances, drawn_amounts
from churnpredict.accounting.revenue_steps import Steps
from churnpredict.accounting.worth import Worth
from churnpredict.churn.rule import ChurnRule, check_rule
from churnpredict.clock import DAY, OPEN
from churnpredict.errors import TimeError, UsageError
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import EventTables
from churnpredict.moments import Moment
from churnpredict.number_checks import check_share, check_whole_number
from churnpredict.spans import Span

__all__ = ["retention_forecast"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_LEAST = 3  # past periods, for a level and a shock
_MOST = 40
_CLOSE = 2 * DAY  # by which terms of whole months differ from each other


def retention_forecast(
    tables: EventTables,
    churn: ChurnRule | None = None,
    *,
    value: str,
    at: Moment | None = None,
    period: str = "Q",
    periods: int = 4,
    level: float = 0.8,
    trials: Sequence[str] = (),
    draws: int = 2_000,
    random_state: int = 0,
) -> Accounts:
    """Return the gross and net retention of revenue that is expected in the coming periods, with intervals.

    The figures are those of :func:`revenue_bridge`: of what customers pay at the start of a period, the share that they pay at its end,
    without and with what each pays more. How often customers leave, pay less and pay more is learnt from past periods; its level may wander
    from one to the next, and all customers of a period share a shock. Where contracts have an agreed end, customers whose contract ends in
    a period count apart, and contracts are taken to run on for terms of the same length. All of it is as known at the cutoff; customers
    who join later are taken to behave like those of today.

    Parameters
    ----------
    tables : EventTables
    churn : SubscriptionEnd or Cancellation, optional
        As for :func:`revenue_bridge`.
    value : str
        A table of contracts or of prices, as for :func:`revenue_bridge`; or a table of payments: then what customers pay in a period is
        compared with what they paid in the one before.
    at : time, optional
        The cutoff; by default the end of what was observed. The first period is the one that it lies in.
    period : {"Q", "M", "Y", "W"}
        As for :func:`churn_rate`.
    periods : int
        How many, 1 to 12.
    level : float
        Level of the intervals.
    trials : list of str
        Kinds of contracts that are not revenue.
    draws : int
        Draws of the intervals.
    random_state : int

    Returns
    -------
    Accounts
        One row per coming period: ``period``, ``gross_retention``, ``gross_low``, ``gross_high``, ``net_retention``, ``net_low``,
        ``net_high``: medians and the bounds of the intervals. They count that each customer leaves or not, that a few pay much, that all
        share a shock, and that past periods tell only so much. They count no season other than that of the ends of contracts.

    Raises
    ------
    UsageError
        What :func:`revenue_bridge` raises.
    TimeError
        ``no-period``: fewer than three whole periods have passed.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(300, random_state=3, rule="cancellation")
    >>> cp.accounting.retention_forecast(shop.tables, shop.churn, value="prices.price", at="2023-07-01", periods=2)
    period  gross_retention  gross_low  gross_high  net_retention  net_low  net_high
    2023Q3             87 %       79 %        93 %           88 %     80 %      94 %
    2023Q4             88 %       78 %        94 %           88 %     79 %      95 %
    """
    call = "retention_forecast(tables, value=...)"
    check_tables(tables, call)
    if churn is not None:
        check_rule(churn, call)
    if not isinstance(value, str) or not value.partition(".")[0]:
        raise UsageError(
            "bad-argument", f"value is {value!r}", remedy='Name a table of contracts, prices or payments: value="subscriptions".'
        )
    check_whole_number(periods, "periods", least=1, most=12, what="a number of coming periods")
    check_share(level, "level", open_=True)
    check_whole_number(draws, "draws", least=100, what="a number of draws")
    cutoff = tables.observed_until() if at is None else tables.instant(at, "at")
    paid = amounts_per(tables, value)
    past = tables.known_before(cutoff)
    paths = _paths(past, churn, value, cutoff, (period, periods, trials))
    rng = np.random.default_rng(random_state)
    gross, net = _drawn(paths, draws, rng)
    columns: dict[str, object] = {"period": np.array(paths.labels, object)}
    for name, drawn in (("gross", gross), ("net", net)):
        low, middle, high = np.quantile(drawn, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
        columns |= {f"{name}_retention": middle, f"{name}_low": low, f"{name}_high": high}
    found = Accounts(columns)
    found.amounts_per = paid
    return found


@dataclass(frozen=True)
class _Paths:
    """What customers paid at the start and at the end of past periods, and to which class each belongs.

    Attributes
    ----------
    first, last : ndarray of shape (n_customers, n_periods)
    due : ndarray of shape (n_customers, n_periods + n_ahead), int64
        1 where a contract comes to its agreed end.
    today : ndarray of shape (n_customers,)
        What customers pay now.
    ahead : ndarray of shape (n_ahead,)
        How many periods after the last past one each coming one is.
    labels : list of str
        Of coming periods.
    """

    first: Floats
    last: Floats
    due: Ints
    today: Floats
    ahead: Ints
    labels: list[str]


def _paths(tables: EventTables, churn: ChurnRule | None, value: str, cutoff: int, asked: tuple[str, int, Sequence[str]]) -> _Paths:
    period, n_ahead, trials = asked
    name = value.partition(".")[0]
    worth = Worth(tables, value, None)
    times = worth.stream.times
    coming = _coming(tables, period, cutoff, n_ahead)
    begun = Periods.start_of(tables, period, int(times.min(initial=cutoff)))
    grace: Span = getattr(churn, "grace_span", Span())
    settled = grace.before(cutoff, tables.timezone)
    whole = Periods.between(tables, period, begun, max(cutoff, begun + 1))
    edges = np.append(whole.starts, whole.ends[-1])
    edges = edges[edges <= settled]
    skip = 1 if worth.counted else 0  # payments begin at some moment of their first period
    if len(edges) - 1 - skip - worth.counted < _LEAST:
        raise TimeError(
            "no-period",
            f"fewer than {_LEAST} whole periods had passed at {tables.stamp(cutoff)}",
            remedy='Take shorter periods, such as period="M".',
        )
    amounts = _payments(worth, edges[skip:], len(tables)) if worth.counted else _levels(tables, churn, value, name, edges, trials)
    amounts = amounts[:, -_MOST - 1 :]
    starts = np.append(whole.starts, coming.starts)
    last = int(edges[-1])
    between = int(np.sum((np.unique(starts) >= last) & (np.unique(starts) < coming.starts[0])))
    n_past = amounts.shape[1] - 1
    bounds = edges[-n_past - 1 :]
    due = np.zeros((len(tables), n_past + len(coming)), np.int64)
    if worth.contracts is not None and "planned_end" in worth.stream.columns:
        due = _due(tables, name, [*itertools.pairwise(bounds), *zip(coming.starts, coming.ends, strict=True)])
    ahead = between + 1 + np.arange(len(coming))
    return _Paths(amounts[:, :-1], amounts[:, 1:], due, amounts[:, -1], ahead, coming.labels)


def _coming(tables: EventTables, period: str, cutoff: int, n: int) -> Periods:
    start = Periods.start_of(tables, period, cutoff)
    found = Periods.between(tables, period, start, cutoff + (n + 1) * 367 * DAY)
    return Periods(found.labels[:n], found.starts[:n], found.ends[:n], found.earlier[:n])


def _levels(tables: EventTables, churn: ChurnRule | None, value: str, name: str, edges: Ints, trials: Sequence[str]) -> Floats:
    """Return what customers pay at the edges of periods, as the bridge counts it, shape (n_customers, n_edges)."""
    steps = Steps.of(holdings(tables, churn, value, 2, Definition(), trials=trials), name)
    people = np.arange(len(tables), dtype=np.int32)
    changes = (steps.after - steps.before)[: len(steps.owners)]
    found = levels_at_edges(people, steps, steps.places(edges), slice(0, len(steps.owners)), len(edges) - 1, changes)
    return found / 100.0


def _payments(worth: Worth, edges: Ints, n_customers: int) -> Floats:
    """Return what customers paid between edges, shape (n_customers, n_edges - 1)."""
    stream = worth.stream
    place = np.searchsorted(edges, stream.times, side="right") - 1
    inside = (place >= 0) & (place < len(edges) - 1)
    cell = stream.owners[inside].astype(np.int64) * (len(edges) - 1) + place[inside]
    paid = np.bincount(cell, worth.values[inside], minlength=n_customers * (len(edges) - 1))
    return np.maximum(paid, 0.0).reshape(n_customers, -1)


def _due(tables: EventTables, name: str, bounds: list[tuple[int, int]]) -> Ints:
    """Return whether a contract of each customer comes to its agreed end in each period, shape (n_customers, n_periods)."""
    stream = tables.stream(name)
    planned = stream.columns["planned_end"]
    term = np.where((planned != OPEN) & (planned > stream.times), planned - stream.times, OPEN)
    found = np.zeros((len(tables), len(bounds)), np.int64)
    for place, (low, high) in enumerate(bounds):
        running = (stream.times <= low) & (stream.columns["end"] > low) & (term != OPEN)
        rows = np.flatnonzero(running)
        ends = (high + _CLOSE - stream.times[rows]) // term[rows] > np.maximum(low + _CLOSE - stream.times[rows], 0) // term[rows]
        found[stream.owners[rows[ends]], place] = 1
    return found


def _drawn(paths: _Paths, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return drawn gross and net retention, shape (draws, n_ahead) each."""
    first, last = paths.first, paths.last
    n_past, n_classes = first.shape[1], int(paths.due.max(initial=0)) + 1
    paying = first > 0
    gone = paying & (last <= 0)
    stayed = paying & ~gone
    moves = {
        "lost": (paying, gone, np.ones_like(first)),
        "less": (stayed, stayed & (last < first), np.divide(first - last, first, out=np.zeros_like(first), where=paying)),
        "more": (stayed, stayed & (last > first), np.divide(last - first, first, out=np.zeros_like(first), where=paying)),
    }
    now = np.flatnonzero(paths.today > 0)
    amounts, total = paths.today[now], float(paths.today[now].sum())
    drawn: dict[str, Floats] = {}
    for name, (among, made, part) in moves.items():
        shares, sizes = (np.zeros((n_past, n_classes)) for _ in range(2))
        for k in range(n_classes):
            here = among & (paths.due[:, :n_past] == k)
            sums, squares = (np.where(here, first, 0.0) ** power for power in (1, 2))
            whole = sums.sum(axis=0)
            shares[:, k] = np.divide((sums * made).sum(axis=0), whole, out=np.zeros(n_past), where=whole > 0)
            sizes[:, k] = np.divide(whole**2, squares.sum(axis=0), out=np.zeros(n_past), where=whole > 0)
        chance = chances(shares, sizes, paths.ahead, draws, rng)
        parts, weights = (part[made], first[made]) if name != "lost" else (np.empty(0), np.empty(0))
        totals = [drawn_amounts(amounts, paths.due[now, n_past + h], chance[:, h], parts, weights, rng) for h in range(len(paths.ahead))]
        drawn[name] = np.column_stack(totals) / max(total, 1e-9)
    stays = np.maximum(1 - drawn["lost"], 0.0)
    gross = stays * np.maximum(1 - drawn["less"], 0.0)
    return gross, gross + stays * drawn["more"]
