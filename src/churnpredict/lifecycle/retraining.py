"""Retrain: compare a challenger with the champion on a window that neither was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice, check_flag, shows_call
from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.rule import window_after
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.errors import ModelError, UsageError
from churnpredict.evaluation.comparison import judge
from churnpredict.evaluation.metric_titles import head_of, write_figure
from churnpredict.evaluation.metrics import Interval, compare, log_loss
from churnpredict.events.tables import EventTables
from churnpredict.figures import interval_of, loss_gap, percent, points, ratio
from churnpredict.markup import show
from churnpredict.model.labels import risk_of
from churnpredict.moments import Moment
from churnpredict.monitoring.realised_outcomes import LEVEL, level_of
from churnpredict.number_checks import check_rounds
from churnpredict.pipeline import cutoffs
from churnpredict.pipeline.expected import check_pipeline, check_trained_and_tables
from churnpredict.pipeline.scoring import check_risks, snapshots_of
from churnpredict.text_tables import Figure, paragraph, text_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["Retraining", "retrain", "weigh"]

_ROUNDS = 500
_FIGURES = ("auc", "log_loss", "lift_10", "calibration_gap")
_REFIT = 0.02  # log loss: the refit is trained on the test window, and must not be worse on it than the challenger was
Verdict = Literal["better", "equal", "worse", "no-signal", "calibration", "too-early", "sources", "leakage", "refit"]


@dataclass(frozen=True, repr=False)
class Retraining:
    """The decision of a retraining, and its reasons.

    Attributes
    ----------
    promoted : bool
    verdict : str
        ``better``; or why the champion stays: ``equal``, ``worse``, ``no-signal``, ``calibration``, ``too-early``, ``sources``,
        ``leakage``, ``refit``. ``equal`` promotes if ``when_equal`` is "newer", or if only the champion's level is off.
    words : str
    until : Timestamp
        Only data known before this time were used.
    judged_at : Timestamp or None
        The cutoff whose outcomes decided.
    n, leavers : int
        Snapshots judged.
    difference : Interval or None
        Log loss of the challenger minus that of the champion, 95 % over the same resampled customers; below 0 is better.
    figures : DataFrame
        ``model`` ("challenger", "champion", "base rate"), ``metric``, ``value``, ``low``, ``high``.
    drivers : DataFrame
        Mean absolute probability points of each driver with both models, on the customers judged; index ``driver``.
    agreement : Series
        Of the two explanations, see :func:`churnpredict.explanation.stability.compare_reasons`: ``same_first`` is the share of customers
        with the same strongest driver.
    winner : ChurnPipeline or None
        The challenger, refitted on everything known before ``until``; None if it was refused.
    """

    promoted: bool
    verdict: Verdict
    words: str
    until: pd.Timestamp
    judged_at: pd.Timestamp | None = None
    n: int = 0
    leavers: int = 0
    difference: Interval | None = None
    figures: pd.DataFrame = field(default_factory=pd.DataFrame)
    drivers: pd.DataFrame = field(default_factory=pd.DataFrame)
    agreement: pd.Series = field(default_factory=lambda: pd.Series(dtype=np.float64))
    winner: ChurnPipeline | None = None

    def __repr__(self) -> str:
        lines = [*paragraph(self._headline(), indent="  ", first=""), *text_table(*self._table(), indent="  ")]
        return "\n".join([*lines, *(line for text in self._moved() for line in paragraph(text, indent="  "))])

    def _repr_html_(self) -> str:
        return show(self._headline(), *self._table(), self._moved())

    def _table(self) -> tuple[list[tuple[object, ...]], tuple[str, ...]]:
        """Return rows and names of the columns."""
        wide = self._wide()
        rows: list[tuple[object, ...]] = [
            (str(model), *(Figure(write_figure(m, float(v))) for m, v in zip(wide.columns, row, strict=True)))
            for model, row in zip(wide.index, wide.to_numpy(), strict=True)
        ]
        return rows, ("", *(head_of(m, short=True) for m in wide.columns)) if rows else ()

    def plot(self, **options: object) -> Picture:
        """Draw champion against challenger, as a matplotlib Figure; ``theme`` is "light" or "dark", ``most`` the number of drivers.

        Raises
        ------
        MissingExtraError
            ``missing-extra``: matplotlib is not installed.
        """
        from churnpredict.lifecycle.pictures import plot_retraining

        draw: Any = plot_retraining
        return draw(self, **options)

    def _headline(self) -> str:
        return f"{'promoted' if self.promoted else 'refused'} [{self.verdict}]: {self.words}"

    def _wide(self) -> pd.DataFrame:
        """Return champion and challenger in rows, figures in columns."""
        if not len(self.figures):
            return pd.DataFrame()
        wide = self.figures.pivot_table(index="model", columns="metric", values="value", sort=False)
        return wide[[m for m in _FIGURES if m in wide]]

    def _moved(self) -> Iterator[str]:
        if len(self.drivers):
            moved = self.drivers.assign(change=self.drivers["challenger"] - self.drivers["champion"])
            moved = moved.reindex(moved["change"].abs().sort_values(ascending=False).index).head(3)
            pairs = zip(moved.index, moved["champion"], moved["challenger"], strict=True)
            told = ", ".join(f"{driver} {points(old, sign=False)} -> {points(new, sign=False)}" for driver, old, new in pairs)
            yield f"same strongest driver for {percent(self.agreement['same_first'])} of customers; mean points that moved most: {told}"


@shows_call("cp.retrain(pipeline, tables)")
def retrain(
    champion: ChurnPipeline,
    tables: EventTables,
    until: Moment | None = None,
    *,
    challenger: ChurnPipeline | None = None,
    when_equal: Literal["keep", "newer"] = "keep",
    despite_sources: bool = False,
    rounds: int = _ROUNDS,
) -> Retraining:
    """Train a challenger, and compare it with the champion on the newest window whose outcomes neither was trained on.

    The challenger has the same settings and learns only from what was known before the judging cutoff. It is promoted if its log loss is
    significantly lower, or ``when_equal`` decides for it; in any case it must be significantly better than one risk for everybody, and its
    level must not be off. It is then trained again on everything known before ``until``. The champion stays as it is.

    Parameters
    ----------
    champion : ChurnPipeline
        Trained.
    tables : EventTables
    until : time, optional
        Use only what was known before it.
    challenger : ChurnPipeline, optional
        Other settings to try, under the same churn rule; those of the champion by default.
    when_equal : {"keep", "newer"}
        Which model to keep when the difference is not significant: by default the champion, unless its level is off and the challenger's is
        not.
    despite_sources : bool
        Continue although tables do not arrive as usual; by default that is refused.
    rounds : int
        Bootstrap samples of customers, at least 1: without an interval nothing can be decided.

    Returns
    -------
    Retraining
        ``promoted``, ``verdict``, ``words``, ``difference``, ``figures``, ``drivers``, ``agreement``, ``winner``.

    Raises
    ------
    ChurnError
        ``other-rule``: the challenger predicts another outcome. Any error of the training: then nothing is promoted.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> quick = cp.ChurnClassifier(members=("linear",), n_jobs=1)
    >>> orders = cp.EventTables(orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at"))
    >>> rows = [cp.Feature("orders", "days_since_last")]
    >>> champion = cp.ChurnPipeline(shop.churn, features=rows, classifier=quick, season=False).fit(orders, until="2023-07-01")
    >>> decision = cp.retrain(champion, orders, until="2024-05-01", rounds=20)
    >>> decision.promoted == (decision.winner is not None)
    True
    """
    check_choice(when_equal, "when_equal", ("keep", "newer"), code="bad-argument")
    check_flag(despite_sources, "despite_sources")
    rounds = check_rounds(rounds, least=1)
    check_trained_and_tables(champion, tables, "retrain(pipeline, tables)")
    if challenger is not None:
        check_pipeline(challenger, "retrain(champion, tables, challenger=pipeline)")
    fresh = champion.copy() if challenger is None else challenger.copy()
    if fresh.churn != champion.churn:
        remedy = "Train a new model with the new rule; its figures cannot be compared."
        raise UsageError("other-rule", "champion and challenger predict different outcomes", remedy=remedy)
    past, churn = cutoffs.as_known(tables, until), champion.churn
    churn.check(past)
    known = cutoffs.observed_until(past, churn)
    end = past.wall_times(np.array([known]))[0]
    at = churn.latest_cutoff(past)
    saw = cutoffs.learnt_until(past, churn, champion.cutoffs_)
    if at < saw:
        wait = past.stamp(window_after(churn, saw, past.timezone)[1])
        words = f"the champion has learnt from outcomes up to {past.stamp(saw)}, and the newest observed window begins at {past.stamp(at)}"
        return Retraining(False, "too-early", f"{words}. A fair comparison needs outcomes up to {wait}", end)
    if not despite_sources and (broken := _broken_sources(champion, past, known)):
        return Retraining(False, "sources", f"the tables do not arrive as usual: {broken}", end)
    return _Contest(champion, fresh, past, end, at, when_equal, rounds).decide()


def weigh(  # noqa: PLR0911 - one for each verdict
    y: np.ndarray, risks: dict[str, np.ndarray], difference: Interval, customers: Any = None, *, when_equal: str = "keep", rounds: int = 200
) -> tuple[bool, Verdict, str]:
    """Return whether to promote, the verdict, and the words: better promotes; worse, without signal, off its level or no different does
    not.

    Parameters
    ----------
    y : ndarray (n,)
        0 stayed, 1 left.
    risks : dict
        ``challenger``, ``champion`` and ``base rate``, each of shape (n,).
    difference : Interval
        Log loss of the challenger minus that of the champion.
    customers : array (n,), optional
        Rows of the same customer are drawn together.
    when_equal : {"keep", "newer"}
    """
    told = f"log loss {interval_of(*difference, loss_gap)} against the champion"
    if difference.low > 0:
        return False, "worse", f"the challenger is worse: {told}"
    if not compare(y, risks["challenger"], risks["base rate"], customers=customers, rounds=rounds).high < 0:
        return False, "no-signal", f"the challenger is not significantly better than one risk for everybody; {told}"
    levels = {name: level_of(y, risks[name], customers=customers) for name in ("challenger", "champion")}
    off = {name: max(level.low, -level.high, 0.0) > LEVEL for name, level in levels.items()}
    if off["challenger"] and not (off["champion"] and abs(levels["challenger"].value) < abs(levels["champion"].value)):
        factor = ratio(np.exp(-levels["challenger"].value))
        return False, "calibration", f"the challenger's odds are wrong by a factor of {factor}; {told}"
    if difference.high < 0:
        return True, "better", f"the challenger is better: {told}"
    if off["champion"] and not off["challenger"]:
        return True, "equal", f"no significant difference, but the champion's level is off, and the challenger's is not: {told}"
    if when_equal == "newer":
        return True, "equal", f"no significant difference, and the newer one is preferred: {told}"
    return False, "equal", f"no significant difference, and a new model changes reasons: the champion stays; {told}"


def _broken_sources(champion: ChurnPipeline, past: EventTables, known: int) -> str:
    """Return what is wrong with the tables themselves. Customers who have changed are a reason to retrain, not one against it."""
    from churnpredict.monitoring.drift import find_drift

    alarms = find_drift(champion, past, pd.Timestamp(known, unit="us", tz="UTC")).of("source")
    return "; ".join(f"{a.where}: {a.what} ({a.remedy.rstrip('.')})" for a in alarms if a.code != "rewritten")


class _Contest:
    """The comparison at one cutoff, step by step."""

    def __init__(
        self, champion: ChurnPipeline, fresh: ChurnPipeline, past: EventTables, end: pd.Timestamp, at: int, when_equal: str, rounds: int
    ) -> None:
        self.champion, self.fresh, self.past, self.end, self.when_equal, self.rounds = champion, fresh, past, end, when_equal, rounds
        self.at, self.cutoff = at, pd.Timestamp(at, unit="us", tz="UTC")
        snapshots = take_snapshots(past, champion.churn, at=self.cutoff)
        outcomes = label_churn(past, snapshots, champion.churn)
        self.snapshots, self.y = snapshots_of(outcomes), outcomes.within().to_numpy()
        self.customers = self.snapshots["customer_id"].to_numpy()

    def decide(self) -> Retraining:
        challenger = self.fresh.copy().fit(self.past, until=self.cutoff)  # the purge: it is not trained on anything at or after the cutoff
        newest = int(self.past.instants(challenger.cutoffs_[-1])[0])
        if window_after(self.champion.churn, newest, self.past.timezone)[1] > self.at:
            remedy = "This is a fault of churnpredict: report it."
            raise ModelError("seen-window", "the challenger was trained on its test window", remedy=remedy)
        if challenger.audit_.errors:
            leaks = "; ".join(f"{f.where}: {f.what}" for f in challenger.audit_.errors[:3])
            return self._refuse("leakage", f"the audit of the training rows found leakage: {leaks}")
        X = {"challenger": self._features(challenger), "champion": self._features(self.champion)}
        models = {"challenger": challenger, "champion": self.champion}
        risks = {name: check_risks(risk_of(models[name].model_, X[name])) for name in models}
        risks["base rate"] = np.full(len(self.y), min(max(challenger.base_rate_, 1e-6), 1 - 1e-6))
        drivers, agreement = _compare_drivers(models, X)
        figures = judge(self.y, risks, customers=self.customers, rounds=min(self.rounds, 200))
        difference = compare(self.y, risks["challenger"], risks["champion"], customers=self.customers, rounds=self.rounds)
        found = {"figures": figures, "drivers": drivers, "agreement": agreement, "difference": difference}
        promoted, verdict, words = weigh(self.y, risks, difference, self.customers, when_equal=self.when_equal)
        words = f"{words} on {len(self.y):,} customers at {self.cutoff.date()}, {int(self.y.sum()):,} of whom left"
        if promoted:
            return self._promote(verdict, words, risks["challenger"], found)
        return self._refuse(verdict, words, **found)

    def _features(self, pipeline: ChurnPipeline) -> pd.DataFrame:
        X: pd.DataFrame = pipeline.features_of(self.past, self.snapshots)
        return X

    def _about(self) -> dict[str, Any]:
        return {"until": self.end, "judged_at": self.snapshots["cutoff"].iloc[0], "n": len(self.y), "leavers": int(self.y.sum())}

    def _refuse(self, verdict: Verdict, words: str, **found: Any) -> Retraining:
        return Retraining(False, verdict, words, **self._about(), **found)

    def _promote(self, verdict: Verdict, words: str, judged: np.ndarray, found: dict[str, Any]) -> Retraining:
        """Refit the winner on everything, and check that it is not worse."""
        winner = self.fresh.copy().fit(self.past)
        again = check_risks(risk_of(winner.model_, self._features(winner)))
        worse = log_loss(self.y, again) - log_loss(self.y, judged)
        if worse > _REFIT:
            why = f"refitted on everything, the challenger is worse by {loss_gap(worse)} in log loss on a window that it is now trained on"
            return self._refuse("refit", f"{words}; but {why}", **found)
        return Retraining(True, verdict, words, **self._about(), **found, winner=winner)


def _compare_drivers(models: dict[str, Any], X: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.Series]:
    from churnpredict.explanation.attribution import explain
    from churnpredict.explanation.stability import compare_reasons

    why = {name: explain(models[name].model_, X[name]) for name in models}
    drivers = pd.DataFrame({name: one.points.abs().mean() for name, one in why.items()}).fillna(0.0)
    drivers = drivers.sort_values("champion", ascending=False).rename_axis("driver")
    return drivers, compare_reasons(why["champion"], why["challenger"])
