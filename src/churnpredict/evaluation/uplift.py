"""Uplift: how much a contact lowers each customer's risk, learnt from a randomised log."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from churnpredict.argument_checks import check_choice
from churnpredict.errors import TrainingError, UsageError
from churnpredict.evaluation.metrics import Interval, auc, bootstrap_interval, qini
from churnpredict.evaluation.random_arms import places_of, random_arms_test
from churnpredict.evaluation.uplift_effects import effects_by_group, mean_effect, no_effect_test
from churnpredict.figures import percent, points, score
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.labels import risk_of
from churnpredict.model.split import Window, customers_of, cutoffs_of, zone_of
from churnpredict.number_checks import check_whole_number
from churnpredict.row_order import in_row_order
from churnpredict.spans import SpanLike

if TYPE_CHECKING:
    from churnpredict.evaluation.uplift_display import UpliftDisplay

__all__ = ["UpliftModel"]

_FOLDS = 5
_LEARNERS = ("two", "single")
_ARM = "communication__experiment_contacted"
_EARLIER = 0.6  # of the rows train the two learners that are compared
_HALVES = 3
_FEW_TO_CHOOSE = 15  # leavers per arm on either side
_FEWEST = 50  # leavers per arm
_UNLIKELY = 0.05  # the level of the test of no effect
_NOT_RANDOM = 0.025  # the level of the test that contacts were drawn at random

Floats = npt.NDArray[np.float64]


class UpliftModel:
    """Two models, one per arm, or one that knows the arm, shrunk to what the experiment supports.

    The two-model learner (Hansotia and Rukstales 2002) and the S-learner, one model of trees that has the contact among its features
    (Künzel et al. 2019), are compared on later cutoffs, learnt from rows whose outcome windows had closed by then; on other customers
    where the log has one cutoff or the window is unknown. The higher Qini wins.

    The difference of the risks that the two models give is noisy, because effects are small beside risks. So it is used only as far as it
    holds on customers whom the models were not trained on: with the risk p without a contact and the difference u, both cross-fitted, the
    uplift is ``g p + b (u - g p)``. The general acceptance g is the effect of the experiment per leaver; b, from 0 to 1, is the slope of
    the outcomes on the difference (the best linear predictor of Chernozhukov, Demirer, Duflo and Fernández-Val 2018). With b = 0 a contact
    keeps the same share of would-be leavers everywhere.

    Parameters
    ----------
    classifier : estimator, optional
        The classifier of each arm; by default a :class:`churnpredict.ChurnClassifier` of the logistic member alone, which suits the size of
        such logs, and of trees for the S-learner.
    learner : {"auto", "two", "single"}
        Which of both; "auto" chooses.
    horizon, gap : span, optional
        The outcome window behind y, such as ``"90d"``.
    min_leavers : int
        A log with fewer leavers in either arm is refused.
    rounds : int
        Bootstrap samples of customers for the intervals.
    random_state : int

    Attributes
    ----------
    no_effect_ : float
        The p-value of the hypothesis that a contact changes nothing for anybody:
        :func:`~churnpredict.evaluation.uplift_effects.no_effect_test`.
    effect_ : Interval
        Share of leavers in the hold-out minus that among contacted customers.
    by_group_ : DataFrame or None
        The effect in each group that ``fit(groups=)`` named, with intervals that hold for all groups together:
        :func:`~churnpredict.evaluation.uplift_effects.effects_by_group`.
    acceptance_, belief_ : float
        g and b.
    learner_ : {"two", "single"}
    choice_ : dict of learner to Interval
        Their Qini where they were compared; empty where there was no choice or too few leavers for one.
    chosen_on_ : {"later cutoffs", "other customers"} or None
    qini_ : Interval
        Of the cross-fitted uplift: area between its Qini curve and that of chance; if its interval holds 0, this log does not tell whom to
        contact.
    propensity_ : Interval
        AUC of predicting from X who was contacted, on customers who came later in a random order; 0.5 if contacts were random.
    random_arms_ : float
        The p-value of the hypothesis that contacts were drawn at random: :func:`~churnpredict.evaluation.random_arms.random_arms_test`.
        Below 0.025 the log is refused.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> risk, treated = rng.uniform(0, 0.6, 4000), rng.random(4000) < 0.5
    >>> y = (rng.random(4000) < risk * (1 - 0.5 * treated)).astype(int)
    >>> model = UpliftModel(learner="two", rounds=50).fit(risk[:, None], y, treated)
    >>> model.effect_.low > 0, model.predict([[0.05], [0.55]]).argmax()
    (True, np.int64(1))
    """

    def __init__(
        self,
        *,
        classifier: Any = None,
        learner: str = "auto",
        horizon: SpanLike | None = None,
        gap: SpanLike | None = None,
        min_leavers: int = _FEWEST,
        rounds: int = 200,
        random_state: int = 0,
    ) -> None:
        self.classifier = classifier
        self.learner = learner
        self.horizon = horizon
        self.gap = gap
        self.min_leavers = min_leavers
        self.rounds = rounds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, treated: Any, *, groups: Any = None) -> UpliftModel:
        """Learn from the rows X (n, n_features) of an experiment, their outcomes, and who was contacted.

        Parameters
        ----------
        X : DataFrame or array (n, n_features)
            Features known before the contact; rows of one customer, by the index, are kept together.
        y : array (n,)
            1 left, 0 stayed.
        treated : array (n,)
            1 contacted, 0 held out at random.
        groups : array (n,), optional
            Groups whose own effects are wanted, known before the contact: the first reason of each row, for example.

        Raises
        ------
        TrainingError
            ``log-too-small``; ``not-random``: X, or the risk, predicts who was contacted, so that the arms cannot be compared.
        UsageError
            ``bad-argument``.
        """
        check_choice(self.learner, "learner", ("auto", *_LEARNERS))
        check_whole_number(self.random_state, "random_state", most=2**32 - 1)
        given = (in_row_order(v, X, name) for v, name in ((y, "y"), (treated, "treated")))
        target, arm = (np.asarray(v, dtype=np.float64).ravel() for v in given)
        if len(target) != len(X) or len(arm) != len(X) or not np.isin(target, (0, 1)).all() or not np.isin(arm, (0, 1)).all():
            raise UsageError("bad-argument", "y and treated must be 0 or 1, one per row of X", remedy="Give one of each per row.")
        customers = customers_of(X)
        owner = np.arange(len(target)) if customers is None else pd.factorize(np.asarray(customers))[0]
        self._check_size(target, arm)
        folds = list(GroupKFold(_FOLDS, shuffle=True, random_state=self.random_state).split(target, groups=owner))
        how: Any = {"customers": owner, "rounds": self.rounds, "random_state": self.random_state}

        def predicted_by(labels: Floats) -> Any:
            return lambda train, test: risk_of(self._learner().fit(_rows(X, train), labels[train].astype(int)), _rows(X, test))

        parts = [test for _, test in folds]
        told = places_of(predicted_by(arm), parts)
        self.propensity_ = bootstrap_interval(auc, arm[told.rows], told.place, **(how | {"customers": owner[told.rows]}))
        self.random_arms_ = random_arms_test(told, places_of(predicted_by(target), parts), arm, owner)
        if self.random_arms_ < _NOT_RANDOM:
            raise TrainingError(
                "not-random",
                f"the features or the risk predict who was contacted (p = {score(self.random_arms_, digits=4)}): "
                "the arms differ in more than the contact",
                remedy="Learn from a randomised log: plan_retention(holdout=) draws a random hold-out.",
            )
        share = float(arm.mean())
        self.no_effect_ = no_effect_test(target, arm, customers=owner, cutoffs=cutoffs_of(X), random_state=self.random_state)
        self.effect_ = bootstrap_interval(mean_effect, target, arm, **how)
        self._choose(X, target, arm, owner, how)
        without, difference = np.empty(len(target)), np.empty(len(target))
        for train, test in folds:
            models = self._fitted(self.learner_, _rows(X, train), target[train], arm[train])
            without[test], difference[test] = _predicted(models, _rows(X, test))
        # The mean over both arms of this outcome is the uplift; subtracting the risk removes variation that is unrelated to the contact.
        seen = (target - without) * (np.where(arm == 0, 1 / (1 - share), 0) - np.where(arm == 1, 1 / share, 0))
        self.acceptance_ = max(float(seen.sum() / without.sum()), 0.0)
        usual = self.acceptance_ * without
        more = difference - usual
        self.belief_ = float(np.clip(more @ (seen - usual) / max(float(more @ more), 1e-12), 0, 1))
        uplift = usual + self.belief_ * more
        self.qini_ = bootstrap_interval(qini, target, uplift, treated=arm, **how)
        self._experiment = {"y": target, "p": uplift, "treated": arm, "customers": owner}
        self.by_group_ = None
        if groups is not None:
            self.by_group_ = effects_by_group(in_row_order(groups, X, "groups"), seen, target, arm, customers=owner)
        self._models = self._fitted(self.learner_, X, target, arm)
        return self

    @property
    def proven(self) -> bool:
        """Whether the log shows an effect at all: no effect is refuted and the interval of the mean effect is above zero, or that of the
        ranking's Qini is.
        """
        self._fitted_or_refused()
        return bool((self.no_effect_ < _UNLIKELY and self.effect_.low > 0) or self.qini_.low > 0)

    def plot(self, **options: Any) -> UpliftDisplay:
        """Draw the uplift curve of the experiment: each customer ranked by models that were not trained on them.

        Parameters
        ----------
        **options
            ``kind``, ``value``, ``offer_cost``, ``contact_cost`` and others of
            :meth:`churnpredict.displays.UpliftDisplay.from_predictions`.
        """
        from churnpredict.evaluation.uplift_display import UpliftDisplay

        self._fitted_or_refused()
        known: Any = self._experiment | {"rounds": self.rounds, "random_state": self.random_state}
        return UpliftDisplay.from_predictions(**(known | options))

    def for_plan(self, X: Any) -> pd.Series:
        """Return the uplift by customer for ``plan_retention(uplift=)``: missing, so that the plan keeps to its acceptance, unless proven.

        The index is that of X, its first level if it has several.
        """
        uplift = self.predict(X) if self.proven else np.full(len(X), np.nan)
        index = X.index.get_level_values(0) if hasattr(X, "index") else pd.RangeIndex(len(X))
        return pd.Series(uplift, index=index, name="uplift")

    def predict(self, X: Any) -> Floats:
        """Return uplift (n,): by how much a contact lowers the risk of each row, in probability; negative where it drives
        customers away.
        """
        self._fitted_or_refused()
        without, difference = _predicted(self._models, X)
        usual = self.acceptance_ * without
        return np.asarray(usual + self.belief_ * (difference - usual))

    def _fitted_or_refused(self) -> None:
        if not hasattr(self, "effect_"):
            raise UsageError("not-fitted", "the uplift has not been learnt yet", remedy="Call fit(X, y, treated) first.")

    def __repr__(self) -> str:
        if not hasattr(self, "effect_"):
            return "UpliftModel()"
        effect = self.effect_
        told = (
            f"; it does not differ significantly from none (p = {score(self.no_effect_)})"
            if min(effect.low, _UNLIKELY - self.no_effect_) <= 0
            else ""
        )
        five = partial(score, digits=5)
        return (
            f"UpliftModel: a contact lowers the risk by {points(effect.value, sign=False)} points "
            f"(95 %: {points(effect.low, sign=False)} to {points(effect.high, sign=False)}){told}; "
            f"it keeps {percent(self.acceptance_)} of would-be "
            f"leavers, differences between customers count with weight {percent(self.belief_)}\n"
            f"  Qini {five(self.qini_.value)} (95 %: {five(self.qini_.low)} to {five(self.qini_.high)}); "
            f"AUC of separating the arms {score(self.propensity_.value)}; "
            f"{'two models' if self.learner_ == 'two' else 'one model that knows the arm'}"
        )

    def _check_size(self, y: Floats, arm: Floats) -> None:
        least = min(int(y[arm == a].sum()) for a in (0, 1))
        if least < self.min_leavers:
            raise TrainingError(
                "log-too-small",
                f"one arm of the log has {least:,} leavers, and {self.min_leavers:,} are needed",
                remedy="Keep contacting and holding out at random, and log both.",
            )

    def _choose(self, X: Any, y: Floats, arm: Floats, groups: np.ndarray, how: dict[str, Any]) -> None:
        """Compare both learners on rows that neither has seen."""
        self.choice_: dict[str, Interval] = {}
        self.chosen_on_: str | None = None
        self.learner_ = "two" if self.learner == "auto" else self.learner
        if self.learner != "auto":
            return
        cutoffs = cutoffs_of(X)
        if cutoffs is not None and cutoffs.min() < cutoffs.max() and self.horizon is not None:
            later, chosen_on = cutoffs >= max(np.quantile(cutoffs, _EARLIER), cutoffs.min() + 1), "later cutoffs"
            known = Window.of(self.horizon, self.gap, zone_of(X)).closes(cutoffs) <= cutoffs[later].min()
        else:
            later, chosen_on = np.zeros(len(y), bool), "other customers"
            folds = GroupKFold(_HALVES, shuffle=True, random_state=self.random_state)
            later[next(folds.split(y, groups=groups))[1]] = True
            known = ~later
        train, test = np.flatnonzero(known), np.flatnonzero(later)
        if min(y[rows][arm[rows] == a].sum() for rows in (train, test) for a in (0, 1)) < _FEW_TO_CHOOSE:
            return
        for kind in _LEARNERS:
            uplift = _predicted(self._fitted(kind, _rows(X, train), y[train], arm[train]), _rows(X, test))[1]
            self.choice_[kind] = bootstrap_interval(qini, y[test], uplift, treated=arm[test], **(how | {"customers": groups[test]}))
        self.chosen_on_ = chosen_on
        self.learner_ = max(_LEARNERS, key=lambda kind: self.choice_[kind].value)

    def _learner(self, members: tuple[str, ...] = ("linear",)) -> Any:
        if self.classifier is not None:
            return clone(self.classifier)
        return ChurnClassifier(members=members, half_life=None, random_state=self.random_state)

    def _fitted(self, kind: str, X: Any, y: Floats, arm: Floats) -> list[Any]:
        """Return the models: of those left alone and of the contacted, or one that knows the arm."""
        if kind == "two":
            return [self._learner().fit(_rows(X, np.flatnonzero(arm == a)), y[arm == a].astype(int)) for a in (0, 1)]
        return [self._learner(("trees",)).fit(_with_arm(X, arm), y.astype(int))]


def _predicted(models: list[Any], X: Any) -> tuple[Floats, Floats]:
    """Return the risk of rows without a contact, and by how much a contact lowers it."""
    if len(models) == 2:
        alone, contacted = (np.asarray(risk_of(model, X)) for model in models)
    else:
        alone, contacted = (np.asarray(risk_of(models[0], _with_arm(X, np.full(len(X), a)))) for a in (0.0, 1.0))
    return alone, alone - contacted


def _with_arm(X: Any, arm: Floats) -> Any:
    """Return the rows with the arm as one more column."""
    return X.assign(**{_ARM: arm}) if hasattr(X, "assign") else np.column_stack([np.asarray(X), arm])


def _rows(X: Any, rows: Any) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows]
