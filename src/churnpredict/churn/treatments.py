"""Past retention contacts: their effect on outcomes, and how labels and training handle them.

A treatment log is a table of events with one row per contact; its ``kind`` is the arm. Rows of a hold-out arm ("hold_out", "control", ...)
say that a customer was chosen at random *not* to be contacted: nothing was done, so that the comparison is fair.

A snapshot is *treated* if a contact falls between its cutoff and the end of its outcome window. Its outcome is not what it would have been
without the contact. There are three ways to train on such data:

``exclude``
    Treated snapshots are left out. A customer who leaves early in the window can no longer be contacted and would always be kept, so the
    same share of leavers is left out: see :func:`untouched`. This is fair where customers were chosen at random, or by what features show;
    where people chose customers by judgement, the hardest cases are missing.
``flag``
    All snapshots are kept; outcomes get the columns ``treated`` and ``arm``. For small campaigns, and for learning uplift later.
``feature``
    All snapshots are kept, and the model gets a feature ``communication__<table>_ahead``: 1 if treated. At scoring it is 0: the risk if
    nobody acts.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.argument_checks import check_text
from churnpredict.churn.outcomes import Outcomes, label_churn
from churnpredict.churn.pairs import index_of, sorted_pairs
from churnpredict.churn.rule import ChurnRule, window_after
from churnpredict.clock import days_between
from churnpredict.errors import UsageError, closest
from churnpredict.events.streams import Stream
from churnpredict.events.tables import Events, EventTables
from churnpredict.events.window_edges import positions

__all__ = [
    "HANDLINGS",
    "ahead_column",
    "apply",
    "arms_of",
    "check_handling",
    "contacted",
    "evened",
    "experiment",
    "flag_treated",
    "hold_out_rates",
    "nobody_treated",
    "prepare",
    "until_contact",
    "untouched",
    "with_treated",
]

HANDLINGS = ("exclude", "flag", "feature")
_AHEAD = ("communication__", "_ahead")
_HOLD_OUT = frozenset({"holdout", "control", "nocontact", "none", "untreated"})

Bools = npt.NDArray[np.bool_]


def check_handling(handling: str) -> None:
    """Refuse an unknown way of handling treatments.

    Raises
    ------
    UsageError
        ``unknown-handling``.
    """
    if handling not in HANDLINGS:
        raise UsageError(
            "unknown-handling",
            f"treated is {handling!r}.{closest(str(handling), HANDLINGS)}",
            remedy=f"Choose from {', '.join(HANDLINGS)}.",
        )


def arms_of(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, treatments: str) -> pd.DataFrame:
    """Return what was done to each snapshot's customer between the cutoff and the end of the outcome window.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    churn : churn rule
        Contacts count in its window, [cutoff, cutoff + gap + horizon).
    treatments : str
        The table of events that logs the contacts; its kinds are arms.

    Returns
    -------
    DataFrame
        ``arm`` (of the first contact, else of the hold-out; missing for neither), ``treated`` and ``hold_out``; index
        (customer_id, cutoff).

    Raises
    ------
    UsageError
        ``no-treatments`` if it is not a table of events.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=0, treatments=True)
    >>> past = cp.take_snapshots(shop.tables, shop.churn, at="2023-10-01")
    >>> arms_of(shop.tables, past, shop.churn, "treatments")["arm"].value_counts().index.sort_values().tolist()
    ['contact', 'hold_out']
    """
    customers, cutoffs = sorted_pairs(tables, snapshots)
    stream, _ = _log(tables, treatments)
    kinds = stream.columns.get("kind", np.full(len(stream), -1, np.int32))
    names = _arms(tables, treatments)
    treated, first_treated, held, first_held = _in_window(tables, customers, cutoffs, churn, treatments)
    row = np.where(treated, first_treated, np.where(held, first_held, -1))
    code = np.append(kinds, -1)[row]
    arm = np.array([*names, None], dtype=object)[code]
    arm[(code < 0) & treated] = "contact"
    found = {"arm": arm, "treated": treated, "hold_out": held & ~treated}
    return pd.DataFrame(found, index=index_of(tables, customers, cutoffs))


def _in_window(
    tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: npt.NDArray[np.int64], churn: ChurnRule, treatments: str
) -> tuple[Bools, npt.NDArray[np.int64], Bools, npt.NDArray[np.int64]]:
    """Return whether a contact lies between a cutoff and the end of its outcome window, and the row of the first; the same for the
    hold-out.
    """
    stream, idle = _log(tables, treatments)
    low, high = np.empty((2, 1, len(customers)), np.int64)
    positions(stream.offsets, stream.times, customers, cutoffs, low)
    _, closes = window_after(churn, cutoffs, tables.timezone)
    positions(stream.offsets, stream.times, customers, closes, high)
    return *_first(~idle, low[0], high[0]), *_first(idle, low[0], high[0])


def _arms(tables: EventTables, treatments: str) -> list[str]:
    return [str(k) for k in tables.labels[treatments]["kind"].to_pylist()] if "kind" in tables.stream(treatments).columns else []


def _log(tables: EventTables, treatments: str | None) -> tuple[Stream, Bools]:
    """Return the log, and which of its rows say that nothing was done."""
    if treatments is not None:
        check_text(treatments, "treatments", "Give the name of the table of contacts.")
    if treatments is None or not isinstance(tables.declarations.get(treatments), Events):
        names = tables.logs()
        what = "no treatment log is named" if treatments is None else f'there is no table of events called "{treatments}"'
        raise UsageError(
            "no-treatments",
            what,
            remedy=f'Name the log of retention contacts: treatments="contacts".{closest(treatments or "", names)}',
        )
    stream = tables.stream(treatments)
    kinds = stream.columns.get("kind", np.full(len(stream), -1, np.int32))
    names = ["".join(c for c in name.lower() if c.isalnum()) for name in _arms(tables, treatments)]
    return stream, np.append(np.array([name in _HOLD_OUT for name in names], np.bool_), False)[kinds]


def _first(marked: Bools, low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]) -> tuple[Bools, npt.NDArray[np.int64]]:
    """Return whether a marked row lies in each [low, high), and the first."""
    rows = np.append(np.flatnonzero(marked), len(marked))
    first = rows[np.searchsorted(rows[:-1], low)]
    return first < high, first


def contacted(tables: EventTables, treatments: str, since: int, until: int) -> pa.Array:
    """Return the ids of customers who were contacted in [since, until), in microseconds; a hold-out is not a contact.

    Raises
    ------
    UsageError
        ``no-treatments``.
    """
    stream, idle = _log(tables, treatments)
    here = ~idle & (stream.times >= since) & (stream.times < until)
    return tables.ids.take(pa.array(np.unique(stream.owners[here])))


def experiment(tables: EventTables, churn: ChurnRule, treatments: str | None) -> pd.DataFrame:
    """Return the rows of a treatment log as an experiment: who was contacted or held out, when, while at risk, with a full window after it.

    The time in the log is the cutoff, so that nothing that happened later, such as leaving, decides who counts as treated.

    Returns
    -------
    DataFrame
        ``customer_id``, ``cutoff``, ``treated`` (0 held out, 1 contacted); sorted by customer, then cutoff. Of several rows at one moment,
        the first.

    Raises
    ------
    UsageError
        ``no-treatments``; ``no-hold-out``: the log has no control group.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=0, treatments=True)
    >>> experiment(shop.tables, shop.churn, "treatments").columns.tolist()
    ['customer_id', 'cutoff', 'treated']
    """
    stream, idle = _log(tables, treatments)
    if not idle.any():
        raise UsageError(
            "no-hold-out",
            f'the log "{treatments}" has no randomised control group',
            remedy='Log the hold-out too, with the kind "hold_out": plan.log does.',
        )
    customers, moments = stream.owners.astype(np.int32), stream.times
    kept = np.append(True, (np.diff(customers) > 0) | (np.diff(moments) > 0))[: len(moments)] & (moments <= churn.latest_cutoff(tables))
    kept[kept] = churn.at_risk(tables, customers[kept], moments[kept])
    index = index_of(tables, customers[kept], moments[kept])
    return index.to_frame(index=False).assign(treated=(~idle[kept]).astype(np.int8))


def untouched(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, treatments: str) -> pd.DataFrame:
    """Return the snapshots without a contact in their window, with the same share of leavers as of stayers kept.

    Leaving out only the contacted snapshots would keep too many leavers: a customer who leaves on the third day of a window cannot be
    contacted on the tenth. A contact acts like censoring. So at each cutoff the share not contacted by a time t of the window, G(t), is
    estimated among the customers still there (Kaplan and Meier 1958). Leaving out contacts keeps the share G(end) of the stayers, and G(t)
    of those who left at t. Leavers are then thinned to G(end) too, evenly over t. Where leaving is known only at the end of the window, as
    with inactivity, contacts do not depend on it, and nothing is thinned.

    Parameters
    ----------
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``, all of them mature.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(2000, random_state=0, treatments=True, rule="cancellation")
    >>> past = cp.take_snapshots(shop.tables, shop.churn, at=["2023-07-01", "2023-10-01"])
    >>> def rate(rows):
    ...     return round(float(cp.label_churn(shop.tables, rows, shop.churn).within().mean()), 2)
    >>> arms = arms_of(shop.tables, past, shop.churn, "treatments")
    >>> biased = arms.index[~arms["treated"]].to_frame(index=False)
    >>> rate(biased), rate(untouched(shop.tables, past, shop.churn, "treatments"))
    (0.17, 0.14)
    """
    outcomes = label_churn(tables, snapshots, churn)
    kept = evened(outcomes, until_contact(tables, outcomes, churn, treatments))
    return outcomes.index[kept].to_frame(index=False)


def until_contact(tables: EventTables, outcomes: Outcomes, churn: ChurnRule, treatments: str) -> npt.NDArray[np.float64]:
    """Return days from each cutoff to the first contact in its window (n,); inf for none."""
    customers, cutoffs = sorted_pairs(tables, outcomes.index.to_frame(index=False))
    reached, first, *_ = _in_window(tables, customers, cutoffs, churn, treatments)
    days = np.full(len(outcomes), np.inf)
    contacts = tables.stream(treatments).times[first[reached]]
    days[reached] = days_between(cutoffs[reached], contacts, tables.timezone)
    return days


def evened(outcomes: Outcomes, contacted: npt.NDArray[np.float64]) -> Bools:
    """Return which snapshots :func:`untouched` keeps (n,), from their outcomes and :func:`until_contact`; rows sorted by customer."""
    kept = np.isinf(contacted)
    if outcomes.decided_at_end:
        return kept
    cutoffs = outcomes.index.get_level_values("cutoff")
    left = np.where(outcomes["outcome"] != 0, outcomes["duration"], np.inf)
    for cutoff in cutoffs.unique():
        here = np.flatnonzero(cutoffs == cutoff)
        kept[here] &= as_many(left[here], contacted[here])
    return kept


def as_many(left: npt.NDArray[np.float64], contacted: npt.NDArray[np.float64]) -> Bools:
    """Return which of those who left at a time (days; inf for never) to keep, so that the share kept equals that of those who
    stayed (n,).
    """
    moments, reached = np.unique(contacted[np.isfinite(contacted) & (contacted <= left)], return_counts=True)
    there = len(left) - np.searchsorted(np.sort(np.minimum(left, contacted)), moments)
    unreached = np.append(1.0, np.cumprod(1 - reached / there))  # after this many moments
    leavers = np.flatnonzero(np.isfinite(left) & (left < contacted))
    leavers = leavers[np.argsort(left[leavers], kind="stable")]
    share = unreached[-1] / unreached[np.searchsorted(moments, left[leavers])]
    kept = np.ones(len(left), np.bool_)
    kept[leavers] = np.diff(np.floor(np.cumsum(share) + 0.5), prepend=0.0) > 0  # every n-th, so that it is not random
    return kept


def flag_treated(tables: EventTables, outcomes: Outcomes, churn: ChurnRule, treatments: str) -> Outcomes:
    """Return the outcomes with the columns ``arm``, ``treated`` and ``hold_out``."""
    arms = arms_of(tables, outcomes.index.to_frame(index=False), churn, treatments)
    marked: Outcomes = outcomes.copy()
    for name in arms:
        marked[name] = arms[name].to_numpy()
    return marked


def with_treated(tables: EventTables, X: pd.DataFrame, churn: ChurnRule, treatments: str) -> pd.DataFrame:
    """Return the features of past snapshots with one more: whether a contact followed."""
    treated = arms_of(tables, X.index.to_frame(index=False), churn, treatments)["treated"].to_numpy()
    return X.assign(**{ahead_column(treatments): treated.astype(np.float32)})


def ahead_column(treatments: str) -> str:
    """Return the name of the column that :func:`with_treated` adds."""
    return f"{_AHEAD[0]}{treatments}{_AHEAD[1]}"


def nobody_treated(X: pd.DataFrame, wanted: Iterable[str]) -> pd.DataFrame:
    """Return the features with the columns of :func:`with_treated` that a model needs, all 0: the risk if nobody acts."""
    missing = [n for n in wanted if n.startswith(_AHEAD[0]) and n.endswith(_AHEAD[1]) and n not in X]
    return X.assign(**{name: np.zeros(len(X), np.float32) for name in missing}) if missing else X


def prepare(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, treatments: str, handling: str) -> pd.DataFrame:
    """Return the snapshots to train on, under one of the three ways."""
    check_handling(handling)
    return untouched(tables, snapshots, churn, treatments) if handling == "exclude" else snapshots


def apply(
    tables: EventTables, X: pd.DataFrame, outcomes: Outcomes, churn: ChurnRule, treatments: str, handling: str
) -> tuple[pd.DataFrame, Outcomes]:
    """Return features and outcomes of the prepared snapshots, under one of the three ways."""
    if handling == "flag":
        return X, flag_treated(tables, outcomes, churn, treatments)
    return (with_treated(tables, X, churn, treatments) if handling == "feature" else X), outcomes


def hold_out_rates(flagged: pd.DataFrame) -> pd.DataFrame:
    """Return the share of leavers in each arm, from the outcomes of :func:`flag_treated`.

    Where the hold-out was drawn at random, the difference between the arms is the effect of the contact.

    Returns
    -------
    DataFrame
        Per arm (``""`` for neither contacted nor held out): ``n``, ``left`` (share), ``low`` and ``high`` (95 %, Wilson).

    Examples
    --------
    >>> import pandas as pd
    >>> hold_out_rates(pd.DataFrame({"outcome": [1, 0, 1, 1], "arm": ["contact", "contact", "hold_out", None]}))["n"].to_dict()
    {'': 1, 'contact': 2, 'hold_out': 1}
    """
    arm = flagged["arm"].astype(object).where(flagged["arm"].notna(), "")
    found = (flagged["outcome"] != 0).groupby(arm.to_numpy()).agg(["size", "mean"])
    n, p, z = found["size"].to_numpy(), found["mean"].to_numpy(), 1.959964
    centre, half = (p + z * z / (2 * n)) / (1 + z * z / n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return pd.DataFrame({"n": n, "left": p, "low": centre - half, "high": centre + half}, index=found.index.rename("arm"))
