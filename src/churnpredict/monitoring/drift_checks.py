"""Drift checks of sources, inputs, scores and realised outcomes.

Longer than most modules because every check is a measure, a limit and a sentence, and they are in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.rule import window_before
from churnpredict.churn.snapshots import grid, pairs_at_risk, take_snapshots
from churnpredict.clock import DAY
from churnpredict.errors import UsageError
from churnpredict.events.arrivals import Pulse, take_pulse
from churnpredict.events.tables import EventTables
from churnpredict.figures import interval_of, loss_gap, percent, ratio, short
from churnpredict.figures import times as multiple
from churnpredict.model.labels import risk_of
from churnpredict.monitoring import realised_outcomes as matured
from churnpredict.monitoring.drift_statistics import (
    FLOOR,
    Bins,
    Change,
    chance,
    in_small_steps,
    jump,
    level_distances,
    psi_distances,
    unlike,
)
from churnpredict.per_customer import ids_as_text
from churnpredict.pipeline.cutoffs import default_step, learnt_until, observed_until
from churnpredict.pipeline.scoring import IN_SAMPLE, snapshots_of
from churnpredict.spans import Span

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = [
    "EVERYTHING",
    "INPUTS",
    "OUTCOMES",
    "SCORES",
    "SOURCES",
    "Alarm",
    "Book",
    "count_customers",
    "look_at_inputs",
    "look_at_outcomes",
    "look_at_sources",
    "look_at_the_past",
    "seen_by_model",
]

SOURCES = "source"
INPUTS = "input"
SCORES = "score"
OUTCOMES = "outcome"
EVERYTHING = ("all customers", "earlier scorings", "training period")  # where an alarm is not about a table or a column
_MOST = 20_000  # customers in a sample of the inputs
_PERIODS = 24
_ODDS = float(np.log(1.5))  # a mean risk with odds 1.5 times as high
_MOVED, _REWRITTEN, _GONE = 0.01, 0.05, 0.02
_UNSEEN = 0.01
_FEW_ROWS, _FEW_PERIODS = 20, 4
_TOLD = 3


Facts = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Alarm:
    """One alarm: a difference from training.

    Attributes
    ----------
    group : {"source", "input", "score", "outcome"}
        Which of the four differs: tables, customers, risks or outcomes.
    code : str
        Stable code of the kind of alarm.
    where : str
        Table, column or "all customers".
    what : str
        The difference in words, with figures.
    value, usual, limit : float
        The effect, its largest earlier value, and the limit from which it is an alarm; in the unit of the check.
    remedy : str
    facts : tuple of (kind, figures)
        Further figures of ``what``, for sentences in other languages: ``("median", 3.0, 12.0)``. Not a column of the table of alarms.
    """

    group: str
    code: str
    where: str
    what: str
    value: float
    usual: float
    limit: float
    remedy: str
    facts: Facts = ()


class Book:
    """Collected figures and alarms."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.alarms: list[Alarm] = []

    def note(self, group: str, check: str, where: str, change: Change) -> bool:
        self.rows.append({"group": group, "check": check, "where": where, **change._asdict(), "alarm": change.alarming})
        return change.alarming

    def alarm(self, group: str, code: str, where: str, what: str, change: Change, remedy: str, facts: Facts = ()) -> None:
        self.alarms.append(Alarm(group, code, where, what, *change, remedy, facts))

    def check(self, group: str, code: str, where: str, change: Change, what: str, remedy: str, facts: Facts = ()) -> None:
        if self.note(group, code, where, change):
            self.alarm(group, code, where, what, change, remedy, facts)


# --- sources ---


def look_at_sources(book: Book, pipeline: ChurnPipeline, tables: EventTables, moment: int) -> None:
    """Check rows, lateness and columns of every table that the model uses: the newest period against those of the training."""
    step = default_step(pipeline.churn)
    first, learnt = (int(tables.instants(pipeline.cutoffs_[i])[0]) for i in (0, -1))
    most = int(np.clip((moment - first) // step.nominal + 1, _PERIODS, 4 * _PERIODS))
    used = {name for row in pipeline.features_ for name in row.tables} | {getattr(pipeline.churn, "of", "")}
    pulses = [p for p in take_pulse(tables, moment, step, most=most) if p.name in used and not np.isnan(p.age)]
    n_columns = sum(len(p.columns) for p in pulses)
    for whole in pulses:
        pulse, since = _against_training(whole, learnt), int(np.searchsorted(whole.ends, learnt, side="right"))
        _arrival(book, tables, pulse, moment, step, learnt, crept=since < len(whole.ends) - 1 and in_small_steps(whole.rows, since))
        for column, values in pulse.columns.items():
            _column(book, pulse, column, values, n_columns, partial(_crept, whole, column, since, n_columns))


def _crept(whole: Pulse, column: str, since: int, tests: int) -> bool:
    """Return whether a column has changed since training little by little: at no period was it unlike every one before."""
    if since >= len(whole.ends) - 1:
        return False
    values = whole.columns[column]
    for last in range(max(since, _FEW_PERIODS), len(whole.ends)):
        upto = whole.period <= last
        if not (whole.period == last).any():
            return False
        if _psi(values[upto].reset_index(drop=True), whole.period[upto], whole.ends[: last + 1], tests).alarming:
            return False
    return True


def _against_training(pulse: Pulse, learnt: int) -> Pulse:
    """Drop the periods between training and now: changes in them would pass for normal."""
    k = len(pulse.ends)
    kept = np.append(pulse.ends[:-1] <= learnt, True)
    if kept.sum() < _FEW_PERIODS:
        return pulse
    place = np.cumsum(kept) - 1
    rows = kept[pulse.period]
    columns = {name: values[rows].reset_index(drop=True) for name, values in pulse.columns.items()}
    delays = pulse.delays[kept] if len(pulse.delays) == k else pulse.delays
    period = place[pulse.period[rows]]
    return replace(pulse, ends=pulse.ends[kept], rows=pulse.rows[kept], delays=delays, period=period, columns=columns)


def _arrival(book: Book, tables: EventTables, pulse: Pulse, moment: int, step: Span, learnt: int, *, crept: bool) -> None:
    """Check how the rows of a table arrive. A change step by step is normal business, not a fault of the source."""
    days, until = step.nominal / DAY, tables.stamp(moment)
    alive = moment - pulse.age * DAY >= learnt  # a table that stopped before the model was trained is not reported
    if alive and pulse.rows[:-1].sum() >= _FEW_ROWS:
        late = Change(pulse.age, pulse.silence, max(1.0, 2 * pulse.silence))
        what = f"no row for {pulse.age:.1f} days before {until}; the longest silence before was {pulse.silence:.1f} days"
        book.check(SOURCES, "late-source", pulse.name, late, what, "Check whether this table was loaded; score again afterwards.")
    change, ratio = jump(pulse.rows, pulse.ends)
    usual = int(np.median(pulse.rows[:-1][-6:])) if len(pulse.rows) > 1 else 0
    what = f"{int(pulse.rows[-1]):,} rows in the {days:g} days before {until}, where {usual:,} were usual in training: {percent(ratio)}"
    if crept:
        what, remedy = f"{what}, in steps no larger than before", "Business has grown or shrunk since training: train again."
    else:
        remedy = "Check whether the table is loaded completely and once; if business really changed this much, train again."
    book.check(INPUTS if crept else SOURCES, "volume", pulse.name, change, what, remedy, (("count", usual, int(pulse.rows[-1])),))
    if len(pulse.delays) >= _FEW_PERIODS and np.isfinite(pulse.delays[-1]):
        usual_delay = float(np.nanmax(pulse.delays[:-1], initial=0.0))
        delay = Change(float(pulse.delays[-1]), usual_delay, 2 * usual_delay + 1)
        what = f"a tenth of the newest rows became known {delay.value:.1f} days late or later; {usual_delay:.1f} was the most before"
        book.check(SOURCES, "delay", pulse.name, delay, what, "Check the delay with the owner of the table: features lag behind events.")


def _column(book: Book, pulse: Pulse, column: str, values: pd.Series, tests: int, crept: Callable[[], bool]) -> None:
    k = len(pulse.ends)
    now = pulse.period == k - 1
    if k < _FEW_PERIODS or not now.any():
        return
    where = f"{pulse.name}.{column}"
    change = _psi(values, pulse.period, pulse.ends, tests)
    group = INPUTS if change.alarming and crept() else SOURCES
    if book.note(group, "column", where, change):
        remedy = "Check the newest rows of this column: unit, currency, codes, a field no longer filled."
        if group == INPUTS:
            remedy = "It has changed little by little since training: if the table is right, train again."
        what, facts = _told(values[~now], values[now], change)
        book.alarm(group, "column", where, what, change, remedy, facts)
    _new_levels(book, SOURCES, where, values, pulse.period, pulse.ends)


def _psi(values: pd.Series, groups: np.ndarray, times: np.ndarray, tests: int) -> Change:
    """Return how unlike the last group is to every earlier one, of one column."""
    last = len(times) - 1
    bins = Bins(values[groups < last])
    counts = bins.count(values, groups, len(times))
    n = counts.sum(axis=1)
    filled = n > 0
    if filled[:last].sum() < 2 or not filled[last]:
        return Change(0.0, 0.0, np.inf)
    counts, n, times = counts[filled], n[filled], times[filled]
    held = int((counts.sum(axis=0) > 0).sum())
    return unlike(psi_distances(counts), times, floor=FLOOR, extra=chance(held, n[-1], n[:-1], tests))


def _told(before: pd.Series, now: pd.Series, change: Change) -> tuple[str, Facts]:
    """Return a changed column in words and as facts: the index, and what of missing, median and levels tells most of it."""
    facts: list[tuple[Any, ...]] = []
    usual, limit = (f"{v:.2f}" if np.isfinite(v) else "not known" for v in (change.usual, change.limit))
    said = [f"PSI {change.value:.2f} against the most similar time in training (usual {usual}, limit {limit})"]
    missing = [float(part.isna().mean()) for part in (before, now)]
    if not len(before) or not len(now):
        return said[0] + "; " + ("no rows before" if len(now) else "no rows now"), ()
    if abs(missing[1] - missing[0]) > 0.05:
        facts.append(("missing", *missing))
        said.append(f"missing {percent(missing[0])} before, {percent(missing[1])} now")
    if isinstance(before.dtype, pd.CategoricalDtype) or before.dtype == object:
        shares = [part.value_counts(normalize=True) for part in (before, now)]
        moved = (shares[1].astype(float).sub(shares[0].astype(float), fill_value=0.0)).abs()
        if len(moved):
            level = moved.idxmax()
            held = [float(share.get(level, 0.0)) for share in shares]
            facts.append(("level", *held, str(level)))
            said.append(f'"{level}" {percent(held[0])} before, {percent(held[1])} now')
    elif now.notna().any() and before.notna().any():
        old, new = float(before.median()), float(now.median())
        unit = f", {multiple(new / old)}: a change of unit?" if old > 0 and new > 0 and not 1 / 8 < new / old < 8 else ""
        texts = [short(v) for v in (old, new)]
        if texts[0] != texts[1] or len(said) == 1:
            facts.append(("median", old, new))
            said.append(f"median {texts[0]} before, {texts[1]} now{unit}")
    return "; ".join(said), tuple(facts)


def _new_levels(book: Book, group: str, where: str, values: pd.Series, groups: np.ndarray, times: np.ndarray) -> None:
    """Check the share of rows whose category no earlier group has."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return
    codes, k = values.cat.codes.to_numpy(), len(times)
    seen = np.full((len(values.cat.categories), k), False)
    seen[codes[codes >= 0], groups[codes >= 0]] = True
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), k)
    rows = [codes[(groups == g) & (codes >= 0)] for g in range(k)]
    newly = np.array([float(np.mean(first[here] == g)) if len(here) else 0.0 for g, here in enumerate(rows)])
    newly = np.nan_to_num(newly)
    usual = float(newly[k // 2 : -1].max(initial=0.0))
    n = int((groups == k - 1).sum())
    change = Change(float(newly[-1]), usual, max(_UNSEEN, 2 * usual) + 3 / max(n, 1))
    if book.note(group, "new-values", where, change):
        new = [str(v) for v in values.cat.categories[first == k - 1]]
        named = ", ".join(f'"{v}"' for v in new[:_TOLD]) + (f" and {len(new) - _TOLD} more" if len(new) > _TOLD else "")
        what = f"{percent(change.value)} of the rows have values not seen in training: {named}"
        remedy = "The model treats them as missing: map them to known ones, or train again."
        book.alarm(group, "new-values", where, what, change, remedy, (("names", *new[:_TOLD]),))


# --- customers, inputs, scores ---


def count_customers(book: Book, pipeline: ChurnPipeline, tables: EventTables, moment: int) -> int:
    """Return how many are at risk, against the training cutoffs."""
    pipeline.churn.check(tables)
    step = default_step(pipeline.churn)
    learnt = int(tables.instants(pipeline.cutoffs_[-1])[0])
    first = max(pipeline.churn.first_cutoff(tables), tables.first_event() + 1)
    before = grid(learnt, first, step, tables.timezone, _PERIODS) if learnt >= first else np.empty(0, np.int64)
    cutoffs = np.append(before[before < moment], moment)
    at_risk = pairs_at_risk(tables, pipeline.churn, cutoffs)[1]
    counts = np.bincount(np.searchsorted(cutoffs, at_risk), minlength=len(cutoffs))
    change, ratio = jump(counts, cutoffs)
    usual = int(np.median(counts[:-1][-6:])) if len(counts) > 1 else 0
    what = f"{int(counts[-1]):,} customers are at risk at {tables.stamp(moment)}, where {usual:,} were usual in training: {percent(ratio)}"
    remedy = "Check whether all customers are loaded: missing ones are not scored. If business has changed this much, train again."
    observed = observed_until(tables, pipeline.churn)
    if moment > observed:
        days = -(-(moment - observed) // DAY)
        after = f"{days:,} {'day' if days == 1 else 'days'} after the end of the data at {tables.stamp(observed)}"
        what = f"{tables.stamp(moment)} is {after}: {what}"
        remedy = "Load the data up to that moment, or give a moment that they cover as at."
    book.check(INPUTS, "customers", "all customers", change, what, remedy, (("count", usual, int(counts[-1])),))
    return int(counts[-1])


def look_at_inputs(book: Book, pipeline: ChurnPipeline, tables: EventTables, moment: int) -> None:
    learnt = [c for c in pipeline.cutoffs_ if int(tables.instants(c)[0]) < moment]
    if not learnt:
        remedy = "Use a later cutoff, or the model that was in use then."
        raise UsageError("no-reference", f"no cutoff that the model was trained on lies before {tables.stamp(moment)}", remedy=remedy)
    snapshots = take_snapshots(tables, pipeline.churn, at=[*learnt, pd.Timestamp(moment, unit="us", tz="UTC")])
    every = len(tables) // _MOST + 1
    snapshots = snapshots[tables.codes(snapshots["customer_id"]) % every == 0]
    X = pipeline.features_of(tables, snapshots)
    groups, cutoffs = pd.factorize(X.index.get_level_values("cutoff"), sort=True)
    times = np.array([int(tables.instants(c)[0]) for c in cutoffs])
    tables_of = {row.name: next(iter(row.tables), "other") for row in pipeline.features_}
    changed: dict[str, list[tuple[Change, str, str, Facts]]] = {}
    now = groups == len(times) - 1
    for name in X.columns:
        values = X[name].reset_index(drop=True)
        change = _psi(values, groups, times, X.shape[1])
        if book.note(INPUTS, "feature", name, change):
            changed.setdefault(tables_of.get(name, "other"), []).append((change, name, *_told(values[~now], values[now], change)))
        _new_levels(book, INPUTS, name, values, groups, times)
    for table, found in changed.items():
        found.sort(key=lambda item: item[0].limit - item[0].value)
        told = "; ".join(f"{name}: {what}" for _, name, what, _ in found[:_TOLD])
        more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        of, verb = sum(t == table for t in tables_of.values()), "is" if len(found) == 1 else "are"
        what = f"{len(found)} of {of} features {verb} unlike every training cutoff: {told}{more}"
        remedy = "If the table is right, customers have changed: retrain, and until then trust the ranking more than the level."
        moved = tuple((name, *facts) for _, name, _, facts in found[:_TOLD])
        book.alarm(INPUTS, "inputs", table, what, found[0][0], remedy, (("features", *moved),))
    if moment >= learnt_until(tables, pipeline.churn, pipeline.cutoffs_):  # in-sample risks are not checked
        _look_at_scores(book, risk_of(pipeline.model_, X), groups, times)


def _look_at_scores(book: Book, risk: np.ndarray, groups: np.ndarray, times: np.ndarray) -> None:
    there = np.isin(np.arange(len(times)), groups)  # cutoffs at which nobody was at risk say nothing
    if not there[-1] or there.sum() < 2:
        return
    groups, times = (np.cumsum(there) - 1)[groups], times[there]
    k = len(times)
    change = _psi(pd.Series(risk), groups, times, 1)
    n = np.bincount(groups, minlength=k)
    means = np.bincount(groups, weights=risk, minlength=k) / n
    spread = np.sqrt(np.maximum(np.bincount(groups, weights=risk**2, minlength=k) / n - means**2, 0) / n) / np.maximum(
        means * (1 - means), 1e-9
    )
    level = unlike(level_distances(means), times, floor=_ODDS, extra=4 * np.hypot(spread[-1], spread[:-1]))
    told = f"mean risk {percent(means[-1])} now, {percent(means[:-1].min())} to {percent(means[:-1].max())} at the training cutoffs"
    remedy = "Check the alarms of sources and inputs first; if there are none, customers behave differently: retrain."
    if not book.note(SCORES, "level", "all customers", level):
        what = f"the distribution of risks differs from every training cutoff: PSI {change.value:.2f} (limit {change.limit:.2f}); {told}"
        book.check(SCORES, "scores", "all customers", change, what, remedy)
        return
    book.note(SCORES, "scores", "all customers", change)
    what = f"{told}: odds {multiple(np.exp(level.value))} those of the most similar time (limit {np.exp(level.limit):.1f})"
    book.alarm(SCORES, "risk-level", "all customers", what, level, remedy)


def look_at_the_past(book: Book, pipeline: ChurnPipeline, tables: EventTables) -> None:
    """Check whether the training period still holds as many snapshots and leavers as the model was trained on."""
    if pipeline.treatments is not None or int(tables.instants(pipeline.cutoffs_[-1])[0]) > pipeline.churn.latest_cutoff(tables):
        return
    left = label_churn(tables, take_snapshots(tables, pipeline.churn, at=pipeline.cutoffs_), pipeline.churn).within()
    then, now = (pipeline.n_snapshots_, pipeline.n_leavers_), (len(left), int(left.sum()))
    moved = max(abs(a - b) / max(a, b, 1) for a, b in zip(then, now, strict=True))
    counts = [f"{snapshots:,} snapshots with {leavers:,} leavers" for snapshots, leavers in (now, then)]
    what = f"the training period has {counts[0]} today, the model was trained on {counts[1]}"
    remedy = "Rows were deleted, added or corrected afterwards: load the history again, or retrain if it is right now."
    book.check(SOURCES, "rewritten", "training period", Change(moved, 0.0, _GONE), what, remedy)


# --- outcomes of earlier scores ---


def seen_by_model(pipeline: ChurnPipeline, tables: EventTables, scorings: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return the scored rows (n,) whose model was trained on later outcomes: marked so, or scored in-sample by this model."""
    seen = scorings[IN_SAMPLE].to_numpy(dtype=np.bool_)
    if "model_id" not in scorings or not len(scorings):
        return seen
    own = (scorings["model_id"] == pipeline.model_id_).to_numpy()
    until = learnt_until(tables, pipeline.churn, pipeline.cutoffs_)
    early = {c for c in scorings.loc[own, "cutoff"].unique() if int(tables.instants(pd.Timestamp(c))[0]) < until}
    return np.asarray(seen | (own & scorings["cutoff"].isin(early).to_numpy()))


def look_at_outcomes(book: Book, pipeline: ChurnPipeline, tables: EventTables, scorings: pd.DataFrame) -> pd.DataFrame:
    seen = seen_by_model(pipeline, tables, scorings)
    found = matured.mature(tables, scorings[~seen], pipeline.churn)
    if seen.any():
        book.note(OUTCOMES, "in-sample", "earlier scorings", Change(float(seen.mean()), 0.0, np.inf))  # a fact, not an alarm
    forecasts = len(scorings) - int(seen.sum())
    gone = Change(found.unknown / max(forecasts, 1), 0.0, _GONE)
    what = f"{found.unknown:,} of {forecasts:,} scored rows are of customers who are no longer in any table"
    book.check(OUTCOMES, "gone", "earlier scorings", gone, what, "Check whether they were deleted or their ids changed.")
    _replay(book, pipeline, tables, scorings)
    if not len(found.rows):
        return pd.DataFrame()
    newest = found.rows["cutoff"].max()  # a wall time
    begins = window_before(pipeline.churn, int(newest.as_unit("us").asm8.astype(np.int64)), "UTC")
    window = newest - pd.Timestamp(begins, unit="us")
    figures = matured.judge_matured(found.rows, pipeline.base_rate_, window)
    v = matured.verdict(figures)
    level, gain = v["level"], v["gain"]
    when = f"{level.n:,} scored rows, {level.leavers:,} of whom left"
    sure = max(level.low, -level.high, 0.0)  # distance of the interval from 0
    what = f"mean risk {percent(v['mean_risk'].value)}, observed {percent(v['observed'].value)} ({when}): odds wrong by a factor of "
    what += interval_of(np.exp(-level.value), np.exp(-level.high), np.exp(-level.low), ratio)
    remedy = "Money at risk and bands are off by the same factor: retrain, which resets the level."
    book.check(OUTCOMES, "calibration", "earlier scorings", Change(sure, 0.0, matured.LEVEL), what, remedy)
    if "calibration_slope" in v:
        slope = v["calibration_slope"]
        off = Change(1 - slope.high, 0.0, 1 - matured.SLOPE)
        what = f"risks are too extreme: calibration slope {interval_of(slope.value, slope.low, slope.high, ratio)} ({when})"
        book.check(OUTCOMES, "slope", "earlier scorings", off, what, "Retrain: customers differ less than these risks imply.")
    loss = interval_of(-gain.value, -gain.high, -gain.low, loss_gap)
    what = f"the risks were worse than one risk for everybody: log loss {loss} ({when})"
    worse = Change(max(-gain.high, 0.0), 0.0, 0.0)
    book.check(OUTCOMES, "no-gain", "earlier scorings", worse, what, "Do not act on these scores; retrain, and check the backtest.")
    return figures


def _replay(book: Book, pipeline: ChurnPipeline, tables: EventTables, scorings: pd.DataFrame) -> None:
    """Repeat the newest earlier scoring by this model: it is the same unless the past was rewritten."""
    if "model_id" not in scorings:
        return
    own = scorings[scorings["model_id"] == pipeline.model_id_]
    own = own[own["cutoff"] == own["cutoff"].max()]
    if not len(own):
        return
    cutoff = own["cutoff"].iloc[0]
    snapshots = take_snapshots(tables, pipeline.churn, at=cutoff)
    X = pipeline.features_of(tables, snapshots)
    again = snapshots_of(X).assign(again=risk_of(pipeline.model_, X))[["customer_id", "again"]]
    # A CSV file does not store whether ids were numbers.
    own, again = (part.assign(customer_id=ids_as_text(part["customer_id"])) for part in (own, again))
    both = own.merge(again, on="customer_id", how="outer")
    moved = ~((both["risk"] - both["again"]).abs() <= _MOVED)  # missing on either side counts as changed
    change = Change(float(moved.mean()), 0.0, _REWRITTEN)
    day = pd.Timestamp(cutoff).date()
    what = f"{percent(change.value)} of the customers of {day} would get another risk today, from the same model for the same day"
    remedy = "Rows came late or were corrected: declare known_at=, or score later in the day; if the history was rewritten, retrain."
    book.check(SOURCES, "rewritten", "earlier scorings", change, what, remedy)
