"""Coming renewals: which contracts come up when, how likely each is renewed, and how much is at risk."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.accounting.accounts import Accounts, Groups, check_least, hide
from churnpredict.accounting.ledger import Periods
from churnpredict.accounting.paid_for import amounts_per
from churnpredict.accounting.renewal_shocks import drawn_losses, spread_of_months
from churnpredict.accounting.worth import Worth
from churnpredict.churn.rule import ContractRule, is_of_contracts
from churnpredict.churn.rule_questions import first_from
from churnpredict.clock import DAY, OPEN, local_time
from churnpredict.errors import UsageError, kind_of, warn
from churnpredict.events.expected import check_tables
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.moments import Moment
from churnpredict.number_checks import check_share, check_whole_number
from churnpredict.signatures import CustomerId
from churnpredict.spans import SpanLike, span

__all__ = ["Forecaster", "renewals"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_PAST = 24  # months of past renewals from which the shocks are learnt


class Forecaster(Protocol):
    """What gives the risks: a trained :class:`churnpredict.ChurnPipeline`."""

    @property
    def churn(self) -> object:
        """The rule."""
        ...

    def when(self, tables: EventTables, at: Moment | None = None) -> pd.DataFrame:
        """Return customers, horizons, the moments by which they end, and risks."""
        ...


def renewals(
    pipeline: Forecaster,
    tables: EventTables,
    *,
    at: Moment | None = None,
    value: str | None = None,
    period: str = "M",
    by: str | pd.Series | Mapping[CustomerId, Hashable] | None = None,
    notice: SpanLike | None = None,
    notices: str | None = None,
    level: float = 0.8,
    draws: int = 2_000,
    random_state: int = 0,
    min_group: int = 5,
) -> Accounts:
    """Return the contracts that come up for renewal in the coming months or quarters, with their amounts and what is at risk.

    A contract comes up at the end that was agreed (``planned_end``), and is not renewed if its customer leaves then or before. The risk
    of that follows the risks of the pipeline's horizons up to that moment; between two horizons it rises at the ends of contracts and with
    the days, in the proportion in which customers left at ends, and before them, in the last 24 months. Contracts beyond the longest
    horizon have an amount and no chance: give the pipeline a longer horizon. All of it is as known at the cutoff.
    Amounts are per month, as the table declares what they are paid for; where it does not, they are taken to be, with a warning.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained, under ``SubscriptionEnd``; ``horizons=`` make the chances of the next renewals sharper.
    tables : EventTables
    at : time, optional
        The cutoff; by default the end of what was observed.
    value : str, optional
        The table of contracts, which must have a value; by default that of the rule.
    period : {"M", "Q", "Y", "W"}
        As for :func:`churn_rate`.
    by : str, Series or mapping, optional
        Groups at the cutoff, as for :func:`churn_rate`.
    notice : str, optional
        How long before the agreed end notice must be given, such as ``"30d"``, where contracts renew themselves otherwise: once that day
        has passed without notice, a contract is renewed for certain.
    notices : str, optional
        A table of events, the notices: a customer who has given one since a contract began does not renew it.
    level : float
        Level of the interval.
    draws : int
        Draws of the interval.
    random_state : int
    min_group : int
        Figures of fewer customers than this are missing, with a note.

    Returns
    -------
    Accounts
        One row per period, or per period and group: ``period``, the group, ``contracts``, their ``amount`` per month; ``scored``, how many
        of them have a chance, and of these ``renews`` (the mean chance), ``at_risk`` (the amount per month that is expected to be lost) and
        its interval, ``at_risk_low`` and ``at_risk_high``; ``note``. With ``notice`` or ``notices`` also how many contracts are
        ``on_notice``, and how many are ``certain`` to be renewed because the day of notice has passed. The interval counts that contracts
        are lost or not, and a shock that all of a month share: how far past months lay from their average, in the last 24. It does not
        count errors of the model that last.

    Raises
    ------
    UsageError
        ``rule-not-accountable``, ``no-planned-end``, ``no-such-value``, ``bad-argument``, ``bad-period``, ``no-such-group``, and what
        ``pipeline.when`` raises.
    TimeError
        ``no-period``: no contract comes up.

    Examples
    --------
    >>> import warnings; warnings.simplefilter("ignore")
    >>> import churnpredict as cp
    >>> shop = cp.make_business(120, random_state=3)
    >>> churn = cp.SubscriptionEnd("60d", of="subscriptions", grace="14d")
    >>> quick = cp.ChurnClassifier(horizon="60d", n_estimators=5, n_jobs=1, min_leavers=5)
    >>> rows = [cp.Feature("subscriptions", "days_to_end")]
    >>> pipeline = cp.ChurnPipeline(churn, classifier=quick, every="60d", features=rows).fit(shop.tables, until="2024-01-01")
    >>> coming = cp.accounting.renewals(pipeline, shop.tables, at="2024-03-01", min_group=1)
    >>> coming[["period", "contracts", "scored"]].head(3)  # doctest: +NORMALIZE_WHITESPACE
    period   contracts  scored
    2024-03         30      30
    2024-04          2       2
    2024-05          4
    """
    churn = _contract_rule(pipeline, tables)
    check_share(level, "level")
    check_whole_number(draws, "draws", least=100, what="a number of draws")
    check_least(min_group)
    name = churn.table(tables)
    worth = Worth(tables, name if value is None else value, None)
    stream = worth.stream
    if worth.contracts is None or "planned_end" not in stream.columns:
        remedy = "Declare the end that was agreed: Intervals(..., planned_end=..., value=...)."
        raise UsageError("no-planned-end", "renewals need contracts with a planned end and a value", table=name, remedy=remedy)
    paid = amounts_per(tables, name if value is None else value)
    risks = pipeline.when(tables, at)
    cutoff = tables.observed_until() if at is None else tables.instant(at, "at")
    rows = _running(stream, name, cutoff)
    customers, ends, amounts = stream.owners[rows], stream.columns["planned_end"][rows], np.nan_to_num(worth.values[rows])
    came_up, lost, at_ends = _past(tables, churn, cutoff)
    risk = _risk_at(tables, risks, churn, cutoff, (customers, stream.times[rows], ends), at_ends)
    on_notice, certain = _told(tables, notice, notices, cutoff, (customers, stream.times[rows], ends))
    risk = np.where(on_notice, 1.0, np.where(certain, 0.0, risk))
    periods = Periods.between(tables, period, Periods.start_of(tables, period, cutoff), int(ends.max(initial=cutoff)) + 1)
    groups = None if by is None else Groups.of(tables, by)
    group = np.zeros(len(rows), np.int64)
    if groups is not None:
        group = groups.codes(tables, customers, np.full(len(rows), cutoff, np.int64))
    n_groups = 1 if groups is None else len(groups.labels) + 1
    cell = (np.searchsorted(periods.starts, ends, side="right") - 1) * n_groups + group
    table = _sums(cell, len(periods) * n_groups, amounts, risk)
    if notice is not None or notices is not None:
        table |= {
            name: np.bincount(cell[rows], minlength=len(periods) * n_groups)
            for name, rows in (("on_notice", on_notice), ("certain", certain))
        }
    scored, open_ = ~np.isnan(risk), ~np.isnan(risk) & ~on_notice & ~certain
    drawn = drawn_losses(
        *(amounts[scored], risk[scored], _months(tables, ends[scored]), cell[scored], len(periods) * n_groups),
        spread_of_months(came_up, lost, risk[open_]),
        draws=draws,
        random_state=random_state,
    )
    table["at_risk_low"], table["at_risk_high"] = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    shown = np.flatnonzero(table["contracts"] > 0)
    row, column = np.divmod(shown, n_groups)
    keys: dict[str, object] = {"period": np.array(periods.labels, object)[row]}
    if groups is not None:
        keys[groups.name] = groups.named(column)
    frame = Accounts(keys | {key: values[shown] for key, values in table.items()})
    people = np.bincount(np.unique(np.column_stack([cell, customers]), axis=0)[:, 0], minlength=len(periods) * n_groups)
    frame.amounts_per = paid
    return _noted(frame, list(keys), people[shown] < min_group, f"fewer than {min_group} customers")


def _contract_rule(pipeline: Forecaster, tables: EventTables) -> ContractRule:
    """Return the rule of a pipeline, which must be one of contracts."""
    check_tables(tables, "renewals(pipeline, tables)")
    if not hasattr(pipeline, "when") or not hasattr(pipeline, "churn"):
        raise UsageError("bad-argument", f"pipeline is {kind_of(pipeline)}", remedy="Give a trained ChurnPipeline.")
    if not is_of_contracts(pipeline.churn):
        remedy = "Train the pipeline under SubscriptionEnd: contracts are renewed under no other rule."
        raise UsageError("rule-not-accountable", f"{type(pipeline.churn).__name__} does not know renewals", remedy=remedy)
    return pipeline.churn


def _sums(cell: Ints, size: int, amounts: Floats, risk: Floats) -> dict[str, npt.NDArray[Any]]:
    """Return what contracts add up to in each cell; chances are means over those that have one."""
    scored = ~np.isnan(risk)
    known = np.bincount(cell[scored], minlength=size)
    stays = np.bincount(cell[scored], 1 - risk[scored], minlength=size)
    return {
        "contracts": np.bincount(cell, minlength=size),
        "amount": np.bincount(cell, amounts, minlength=size),
        "scored": known,
        "renews": np.divide(stays, known, out=np.full(size, np.nan), where=known > 0),
        "at_risk": np.bincount(cell[scored], (amounts * risk)[scored], minlength=size),
    }


def _noted(frame: Accounts, keys: list[str], small: npt.NDArray[np.bool_], why: str) -> Accounts:
    """Return the table with what is not known hidden, and why in a note."""
    known, contracts = frame["scored"].to_numpy(), frame["contracts"].to_numpy()
    frame["note"] = ""
    part = (known > 0) & (known < contracts)
    frame.loc[part, "note"] = [f"{n:,} without a chance" for n in (contracts - known)[part]]
    hide(frame, known == 0, "beyond the longest horizon", shown=[*keys, "contracts", "amount"])
    hide(frame, small, why, shown=keys)
    return frame


def _running(stream: Stream, name: str, cutoff: int) -> npt.NDArray[np.intp]:
    """Return the rows of contracts that run at a cutoff, as known then, and whose agreed end lies ahead."""
    known = stream.columns.get("known", stream.times)
    running = (stream.times < cutoff) & (known < cutoff) & (stream.columns["end"] >= cutoff)
    planned = stream.columns["planned_end"]
    over = running & (planned < cutoff)
    if over.any():
        remedy = "Write the new planned end of contracts that were renewed, or a new row for each renewal."
        warn(
            "overdue-contracts",
            "contracts that run beyond the end that was agreed are left out",
            table=name,
            rows=int(over.sum()),
            total=int(running.sum()),
            remedy=remedy,
        )
    return np.flatnonzero(running & ~over & (planned != OPEN))


def _risk_at(
    tables: EventTables,
    risks: pd.DataFrame,
    churn: ContractRule,
    cutoff: int,
    contracts: tuple[npt.NDArray[np.int32], Ints, Ints],
    at_ends: float,
) -> Floats:
    """Return the risk of each contract (customer, start, agreed end) of not being renewed, NaN where the model says nothing, shape (n,).

    What a horizon adds to the risk of a customer, as a sum of hazards, falls in equal parts on the ends of contracts within it, as far as
    customers leave at ends, and evenly on its days, as far as they leave in between.
    """
    customers, starts, ends = contracts
    found = np.full(len(ends), np.nan)
    opens = churn.gap_span.after(cutoff, tables.timezone)
    codes = tables.codes(risks["customer_id"]) if len(risks) else np.empty(0, np.int32)
    before, lengths = np.zeros(len(tables)), np.maximum(ends - starts, DAY)
    for horizon in dict.fromkeys(risks["horizon"]):
        here = (risks["horizon"] == horizon).to_numpy()
        closes = int(tables.instants(risks.loc[here, "by"].iloc[[0]], "by")[0])
        hazard = np.full(len(tables), np.nan)
        hazard[codes[here]] = -np.log1p(-np.clip(risks.loc[here, "risk"].to_numpy(dtype=np.float64), 0.0, 1 - 1e-12))
        inside = (ends >= opens) & (ends < closes)
        who, end = customers[inside], ends[inside]
        times = 1 + (closes - 1 - end) // lengths[inside]
        part = at_ends / times + (1 - at_ends) * (end - opens) / (closes - opens)
        found[inside] = -np.expm1(-(before[who] + np.maximum(hazard[who] - before[who], 0.0) * part))
        opens, before = closes, hazard
    return found


def _told(
    tables: EventTables,
    notice: SpanLike | None,
    notices: str | None,
    cutoff: int,
    contracts: tuple[npt.NDArray[np.int32], Ints, Ints],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return for each contract (customer, start, agreed end) whether notice has been given, and whether the day of notice has passed
    without, shape (n,) each.
    """
    customers, starts, ends = contracts
    given, certain = np.zeros(len(ends), np.bool_), np.zeros(len(ends), np.bool_)
    if notices is not None:
        stream = tables.known_before(cutoff).stream(notices)
        row = first_from(stream, customers, starts)
        given = row >= 0
    if notice is not None:
        certain = ~given & (span(notice, "notice").before(ends, tables.timezone) < cutoff)
    return given, certain


def _months(tables: EventTables, moments: Ints) -> Ints:
    """Return the calendar month of each moment, as months since 1970, shape (n,)."""
    return (local_time(moments, tables.timezone) // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _past(tables: EventTables, churn: ContractRule, cutoff: int) -> tuple[Ints, Ints, float]:
    """Return what is known at a cutoff of the contracts whose agreed ends lie in the last months: how many came up in each month, how many
    were not renewed, and the share of these that left at the end and not before.
    """
    past = tables.known_before(cutoff)
    settled = churn.grace_span.before(cutoff, tables.timezone)
    contracts = churn.contracts(past)
    stream = past.stream(churn.table(past))
    planned = stream.columns["planned_end"]
    gone = np.zeros(len(stream), np.bool_)
    gone[contracts.spells.last] = contracts.spells.ends < settled
    lost = gone & (contracts.ends <= churn.grace_span.after(planned, tables.timezone))
    month = _months(tables, np.where(planned < settled, planned, 0))
    age = int(_months(tables, np.array([settled], np.int64))[0]) - month
    near = (planned < settled) & (planned > stream.times) & (age >= 1) & (age <= _PAST)  # the month of the cutoff is not over
    came_up, left = (np.bincount(age[rows], minlength=_PAST + 1).astype(np.int64) for rows in (near, near & lost))
    at_end = int((near & lost & (contracts.ends >= planned - DAY)).sum())
    return came_up, left, (at_end + 1) / (int(left.sum()) + 2)
