"""Drift: compare sources, customers, scores and outcomes with those of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import shows_call
from churnpredict.errors import ChurnError, ContentError, ModelError, UsageError
from churnpredict.events.tables import EventTables
from churnpredict.figures import percent, points
from churnpredict.markup import show
from churnpredict.moments import Moment
from churnpredict.monitoring import drift_checks as watching
from churnpredict.monitoring import realised_outcomes as matured
from churnpredict.monitoring.drift_checks import INPUTS, OUTCOMES, SCORES, SOURCES, Alarm
from churnpredict.monitoring.drift_statistics import Change
from churnpredict.pipeline.cutoffs import in_sample, observed_until, one_moment, warn_in_sample
from churnpredict.pipeline.expected import check_trained_and_tables
from churnpredict.text_tables import paragraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["Alarm", "Drift", "find_drift", "refuse"]

_TOLD = 3


@dataclass(frozen=True, repr=False)
class Drift:
    """Result of :func:`find_drift`.

    Attributes
    ----------
    at : Timestamp
    customers : int
        Customers at risk at that cutoff.
    alarms : tuple of Alarm
        Alarms in the order to check them: a broken source explains those after it.
    figures : DataFrame
        Every check, alarming or not: ``group``, ``check``, ``where``, ``value``, ``usual``, ``limit``, ``alarm``.
    in_sample : int
        Rows of earlier scorings by a model trained on later outcomes: not forecasts, and not in :attr:`outcomes`.
    looks_back : bool
        Whether the model was trained on outcomes after this cutoff.
    outcomes : DataFrame
        Realised outcomes of earlier scores, see
        :func:`churnpredict.monitoring.realised_outcomes.judge_matured`; empty without earlier scorings.
    """

    at: pd.Timestamp
    customers: int
    alarms: tuple[Alarm, ...] = field(default=())
    figures: pd.DataFrame = field(default_factory=pd.DataFrame)
    outcomes: pd.DataFrame = field(default_factory=pd.DataFrame)
    in_sample: int = 0
    looks_back: bool = False

    @property
    def ok(self) -> bool:
        """Whether there is no alarm."""
        return not self.alarms

    @property
    def table(self) -> pd.DataFrame:
        """The alarms as a frame."""
        return pd.DataFrame([vars(a) for a in self.alarms], columns=[f.name for f in fields(Alarm) if f.name != "facts"])

    def of(self, *groups: str) -> tuple[Alarm, ...]:
        """Return the alarms of some groups."""
        return tuple(a for a in self.alarms if a.group in groups)

    @property
    def sent(self) -> str:
        """The realised outcomes of earlier scores, in a sentence; empty where none are known."""
        left_out = f"{self.in_sample:,} scored rows are left out: their model was trained on later outcomes" if self.in_sample else ""
        if not len(self.outcomes):
            return left_out
        v = matured.verdict(self.outcomes)
        gap = v["calibration_gap"]
        forms = {"calibration_slope": "slope {:.2f}", "lift_10": "top tenth {:.1f}x"}
        order = "".join(f", {said.format(v[name].value)}" for name, said in forms.items() if name in v and np.isfinite(v[name].value))
        bounds = f"[{points(gap.low)}, {points(gap.high)}]" if np.isfinite(gap.high - gap.low) else "interval not known"
        return (
            f"realised outcomes: mean risk {percent(v['mean_risk'].value)}, observed {percent(v['observed'].value)} "
            f"(difference {points(gap.value)} points, {bounds}){order}; {gap.n:,} snapshots, {gap.leavers:,} left"
            + (f"; {left_out}" if left_out else "")
        )

    def plot(self, **options: object) -> Figure:
        """Draw how near each check is to its limit, as a matplotlib Figure; ``theme`` is "light" or "dark", ``most`` the number of checks.

        Raises
        ------
        MissingExtraError
            ``missing-extra``: matplotlib is not installed.
        """
        from churnpredict.monitoring.pictures import plot_drift

        draw: Any = plot_drift
        return draw(self, **options)

    def _headline(self) -> str:
        n = len(self.alarms)
        return (
            f"Drift at {self.at.date()}, {self.customers:,} customers at risk, {len(self.figures)} checks: "
            + ("no alarm" if not n else f"{n} alarm{'s' if n > 1 else ''}")
            + ("; in-sample: the model was trained on outcomes after this cutoff" if self.looks_back else "")
        )

    def __repr__(self) -> str:
        lines = paragraph(self._headline())
        for n, a in enumerate(self.alarms, 1):
            lines += paragraph(f"{a.group:<8}{a.where}  [{a.code}]", indent=" " * 10, first="  ")
            lines += paragraph(a.what, indent=" " * 10)
            if n == len(self.alarms) or self.alarms[n].remedy != a.remedy:  # the same one stands once, after the last of its alarms
                lines += paragraph(f"-> {a.remedy}", indent=" " * 13, first=" " * 10)
        return "\n".join([*lines, *(paragraph(self.sent, indent="  ") if self.sent else [])])

    def _repr_html_(self) -> str:
        rows = [(a.group, a.where, a.what, a.remedy) for a in self.alarms]
        return show(self._headline(), rows, ("group", "where", "what", "remedy"), [self.sent] if self.sent else [])


@shows_call("cp.find_drift(pipeline, tables)")
def find_drift(
    pipeline: ChurnPipeline, tables: EventTables, at: Moment | None = None, *, scores: pd.DataFrame | Sequence[pd.DataFrame] | None = None
) -> Drift:
    """Report what has changed since the model was trained, by how much, and what to do.

    The model stores no reference data: the tables still hold the training period, and features at a past cutoff are computed from what was
    known then, so the training data can be rebuilt. The cutoff is compared with every training cutoff, and raises an alarm only if it is
    further from the nearest of them than they are from one another, beyond what chance explains.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained.
    tables : EventTables
    at : time, optional
        The cutoff; by default the end of the observed time. Set it to detect sources that have stopped updating.
    scores : DataFrame or list of DataFrame, optional
        Earlier scores from :meth:`ChurnPipeline.score`: ``customer_id``, ``cutoff``, ``risk``, and ``model_id`` if known. Those whose
        outcome windows have passed are compared with their outcomes, except rows of a model that was trained on later outcomes
        (``in_sample``, or of this model before the end of its training outcomes), which are counted and left out. Scores of cutoffs
        after ``at`` are left out, too: nothing was known of them then.

    Returns
    -------
    Drift

    Warns
    -----
    ChurnWarning
        ``in-sample``: the model was trained on outcomes after the cutoff; its risks are then not checked.

    Raises
    ------
    UsageError
        ``not-fitted``; ``no-reference``: no training cutoff lies before ``at``.
    SchemaError, ContentError, IdentityError
        ``missing-column``, ``no-probability``, ``scores-id-type``: invalid scores.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(300, random_state=1)
    >>> tables = cp.EventTables(orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at", value="amount", money=True))
    >>> pipeline = cp.ChurnPipeline(shop.churn, every="45d", n_jobs=1).fit(tables, until="2024-01-01")
    >>> cp.find_drift(pipeline, tables, at="2024-03-01").ok
    True
    """
    check_trained_and_tables(pipeline, tables, "find_drift(pipeline, tables)")
    book, outcomes = watching.Book(), pd.DataFrame()
    scorings = None if scores is None else matured.read_scorings(scores)
    moment = observed_until(tables, pipeline.churn) if at is None else one_moment(tables, at, "at")
    looks_back = in_sample(tables, pipeline.churn, pipeline.cutoffs_, [pd.Timestamp(moment, unit="us", tz="UTC")])
    past = tables.known_before(moment)  # outcomes, too: what became known later is not known here
    scorings = None if scorings is None else _sent_by(moment, tables, scorings)
    missing = sorted({name for row in pipeline.features_ for name in row.tables} - {"calendar"} - set(tables.declarations))
    for name in missing:
        gone = Change(1.0, 0.0, 0.0)
        remedy = "Declare the table again; nothing can be scored without it."
        book.check(SOURCES, "missing-table", name, gone, "the model was trained with this table, and it is not here", remedy)
    watching.look_at_sources(book, pipeline, past, moment)
    customers = 0
    try:
        customers = watching.count_customers(book, pipeline, past, moment)
        if not missing:
            watching.look_at_inputs(book, pipeline, past, moment)
            watching.look_at_the_past(book, pipeline, past)
    except UsageError:
        raise
    except ChurnError as error:
        what = f"the customers cannot be looked at: {error.what}"
        book.check(INPUTS, "not-scored", "all customers", Change(1.0, 0.0, 0.0), what, error.remedy)
    if scorings is not None and not missing:
        outcomes = watching.look_at_outcomes(book, pipeline, past, scorings)
    figures = pd.DataFrame(book.rows, columns=["group", "check", "where", "value", "usual", "limit", "alarm"])
    if looks_back:
        warn_in_sample(stacklevel=3)
    when, left_out = tables.wall_times(np.array([moment]))[0], 0
    if scorings is not None and not missing:
        left_out = int(watching.seen_by_model(pipeline, past, scorings).sum())
    return Drift(when, customers, tuple(book.alarms), figures, outcomes, left_out, looks_back)


def _sent_by(moment: int, tables: EventTables, scorings: pd.DataFrame) -> pd.DataFrame:
    """Return the scorings of cutoffs up to the moment: of later ones the data known by then say nothing."""
    later = [c for c in scorings["cutoff"].unique() if int(tables.instants(pd.Timestamp(c))[0]) > moment]
    return scorings[~scorings["cutoff"].isin(later)].reset_index(drop=True)


def refuse(found: Drift) -> None:
    """Refuse what alarms, for those who would rather stop than read.

    Raises
    ------
    ContentError
        ``drift``: sources or inputs alarm.
    ModelError
        ``drift``: only scores or outcomes do.
    """
    for groups, kind in (((SOURCES, INPUTS), ContentError), ((SCORES, OUTCOMES), ModelError)):
        alarms = found.of(*groups)
        if alarms:
            what = "; ".join(f"{a.where}: {a.what}" for a in alarms[:_TOLD])
            raise kind("drift", what, remedy=alarms[0].remedy)
