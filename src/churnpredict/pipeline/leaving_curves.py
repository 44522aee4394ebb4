"""Curves of staying over a period that is longer than the horizon, coherent with the risks within it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.leaving_times import leaving_times
from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.snapshots import grid, take_snapshots
from churnpredict.clock import DAY
from churnpredict.events.tables import EventTables
from churnpredict.model.hazards import HazardModel, intervals_of, learn_hazards
from churnpredict.model.staying_curves import StayingCurves, join_curves, secant_of_exp
from churnpredict.moments import moment_column
from churnpredict.pipeline import cutoffs, scoring
from churnpredict.spans import Span, span

if TYPE_CHECKING:
    from churnpredict.explanation.attribution import Explanation

__all__ = ["curves_of", "days_of_grid", "learn_leaving", "moments_after", "points_of_staying"]

_CUTOFFS = 24
_STEP = 30  # days between the rows of a curve

Floats = npt.NDArray[np.float64]


def learn_leaving(pipeline: Any, tables: EventTables, until: int, over: float) -> HazardModel:
    """Learn the hazards of a period from what was known before a moment, at cutoffs that reach back as far as the period.

    Parameters
    ----------
    pipeline : ChurnPipeline
        A trained one.
    tables : EventTables
    until : int
        Microseconds UTC.
    over : float
        Days.
    """
    past = tables.known_before(until)
    churn: ChurnRule = pipeline.churn
    horizon = churn.horizon_span.nominal / DAY
    edges = intervals_of(horizon, over)
    snapshots = curve_snapshots(pipeline, past, float(edges[-1]))
    times = leaving_times(past, snapshots, churn, float(edges[-1]))
    X = pipeline.features_of(past, times.index.to_frame(index=False))
    silence = churn.decided_at_end
    first = int(np.argmin(np.abs(edges - horizon))) if silence else 0
    return learn_hazards(
        X,
        times["days"].to_numpy(),
        times["outcome"].to_numpy(),
        edges,
        closed=silence,
        first=first,
        random_state=pipeline.random_state,
        n_jobs=pipeline.n_jobs,
    )


def curve_snapshots(pipeline: Any, past: EventTables, over: float) -> pd.DataFrame:
    """Return snapshots at up to 24 cutoffs from the latest whose horizon is observed back to one whose whole period is, and further if the
    usual step goes further.
    """
    churn: ChurnRule = pipeline.churn
    last = churn.latest_cutoff(past)
    first = churn.first_cutoff(past) if pipeline.since is None else cutoffs.one_moment(past, pipeline.since, "since")
    first = min(first, last)
    usual = cutoffs.default_step(churn)
    wanted = Span(days=max(int(np.ceil(over * 1.25 / _CUTOFFS)), 1))
    step = max(usual, wanted, key=lambda s: s.nominal)
    moments = grid(last, first, step, past.timezone, _CUTOFFS)
    snapshots = take_snapshots(past, churn, at=[pd.Timestamp(int(m), unit="us", tz="UTC") for m in moments])
    kept = cutoffs.latest_within(snapshots["cutoff"].value_counts(), pipeline.most_rows)
    return snapshots[snapshots["cutoff"].isin(kept)].reset_index(drop=True)


def curves_of(model: Any, churn: ChurnRule, hazards: HazardModel, X: pd.DataFrame) -> StayingCurves:
    """Return the curves of the rows of X: the model's risks within its horizons, and the hazards after them."""
    whole = churn.horizon_span.nominal / DAY
    parts = scoring.parts_of_risk(model, X)
    anchors = {whole: parts["risk"]}
    silence = churn.decided_at_end
    if not silence:
        for name in scoring.earlier_horizons_of(model):
            anchors[span(name, "horizons").nominal / DAY] = scoring.check_risks(model.predict_risk(X, horizon=name))
    first = int(np.argmin(np.abs(hazards.edges - whole))) if silence else 0
    chances = hazards.hazards(X, first)
    chances = np.concatenate([np.zeros((len(X), first)), chances], axis=1)
    apart = "risk_lost" in parts
    share = np.divide(parts["risk_lost"], parts["risk"], out=np.zeros(len(X)), where=parts["risk"] > 0) if apart else None
    shares = hazards.lost_shares(X) if apart else None
    return join_curves(anchors, chances, hazards.edges, at_once=silence, lost_share=share, lost_shares=shares)


def days_of_grid(churn: ChurnRule, model: Any, over: float) -> Floats:
    """Return the days at which a curve is shown: every thirty, the horizons, and the end."""
    known = {churn.horizon_span.nominal / DAY}
    if not churn.decided_at_end:
        known |= {span(name, "horizons").nominal / DAY for name in scoring.earlier_horizons_of(model)}
    return np.array(sorted({float(d) for d in range(_STEP, int(over) + 1, _STEP)} | known | {over}))


def points_of_staying(
    why: Explanation, churn: ChurnRule, hazards: HazardModel, X: pd.DataFrame, over: float, n_jobs: int | None
) -> tuple[pd.DataFrame, float]:
    """Return probability points per driver that are taken from (negative) or added to the chance of staying over the period, and the
    chance of the reference.

    The logarithm of the chance is a sum over the horizon and the later intervals, and each term follows the log-odds of a risk along its
    secant; the points sum to the chance minus that of the reference.
    """
    from churnpredict.explanation.attribution import explain

    whole = churn.horizon_span.nominal / DAY
    total, base = log_stay_by_driver(pd.DataFrame(why.by_driver, columns=list(why.table)), why.log_odds, why.base_value)
    if hazards.classifier is not None:
        for k in np.flatnonzero(hazards.edges[:-1] >= whole - 1e-9):
            start, stop = float(hazards.edges[k]), float(hazards.edges[k + 1])
            if start >= over - 1e-9:
                break
            found = explain(hazards.classifier, hazards.rows_at(X, int(k)), detail="drivers", n_jobs=n_jobs, progress=False)
            drivers = pd.DataFrame(found.by_driver, columns=list(found.table))
            usual = float(hazards.reference[k])
            drivers["lifecycle"] = drivers["lifecycle"] + (found.base_value - usual)  # the time ahead is not a reason of its own
            part, usual_part = log_stay_by_driver(drivers, found.log_odds, usual)
            inside = min((over - start) / (stop - start), 1.0)
            total, base = total.add(part * inside, fill_value=0.0), base + usual_part * inside
    value = total.sum(axis=1).to_numpy() + base
    points = total.to_numpy() * secant_of_exp(value, np.full(len(value), base))[:, None]
    return pd.DataFrame(points, index=X.index, columns=total.columns), float(np.exp(base))


def log_stay_by_driver(drivers: pd.DataFrame, z: Floats, z0: float) -> tuple[pd.DataFrame, float]:
    """Return what each driver adds to log(1 - sigmoid(z)), counted from z0, and that of z0."""
    log_stay, base = -np.logaddexp(0.0, z), -float(np.logaddexp(0.0, z0))
    gap = z - z0
    near = np.abs(gap) < 1e-5
    middle = (z + z0) / 2
    slope = np.where(near, -1 / (1 + np.exp(-middle)), (log_stay - base) / np.where(near, 1.0, gap))
    return drivers.mul(slope, axis=0), base


def moments_after(tables: EventTables, churn: ChurnRule, X: pd.DataFrame, days: float, name: str | None) -> pd.DatetimeIndex:
    """Return the moment so many days, or the span of a horizon, after the start of each row's outcome window, on the wall clock."""
    opens = churn.gap_span.after(moment_column(X.index.get_level_values("cutoff"), "cutoff", tables.timezone), tables.timezone)
    length = span(name, "horizon") if name is not None else Span(days=int(days), microseconds=round((days - int(days)) * DAY))
    return tables.wall_times(length.after(opens, tables.timezone))
