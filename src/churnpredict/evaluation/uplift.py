"""Uplift: how much a contact lowers each customer's risk, learnt from a randomised log."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from churnpredict.errors import TrainingError, UsageError
from churnpredict.evaluation.metrics import auc, bootstrap_interval, qini
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.labels import risk_of
from churnpredict.model.split import customers_of

__all__ = ["UpliftModel"]

_FOLDS = 5
_FEWEST = 50  # leavers per arm
_CHANCE = 0.52  # AUC of separating the arms that is still taken as chance

Floats = npt.NDArray[np.float64]


class UpliftModel:
    """Two models, one per arm, shrunk to what the experiment supports (a two-model learner; Hansotia and Rukstales 2002).

    The difference of the risks that the two models give is noisy, because effects are small beside risks. So it is used only as far as it
    holds on customers whom the models were not trained on: with the risk p without a contact and the difference u, both cross-fitted, the
    uplift is ``g p + b (u - g p)``. The general acceptance g is the effect of the experiment per leaver; b, from 0 to 1, is the slope of
    the outcomes on the difference (the best linear predictor of Chernozhukov, Demirer, Duflo and Fernández-Val 2018). With b = 0 a contact
    keeps the same share of would-be leavers everywhere.

    Parameters
    ----------
    classifier : estimator, optional
        The classifier of each arm; by default a :class:`churnpredict.ChurnClassifier` of the logistic member alone, which suits the size of
        such logs.
    min_leavers : int
        A log with fewer leavers in either arm is refused.
    rounds : int
        Bootstrap samples of customers for the intervals.
    random_state : int

    Attributes
    ----------
    effect_ : Interval
        Share of leavers in the hold-out minus that among contacted customers.
    acceptance_, belief_ : float
        g and b.
    qini_ : Interval
        Of the cross-fitted uplift: area between its Qini curve and that of chance; if its interval holds 0, this log does not tell whom to
        contact.
    propensity_ : Interval
        AUC of predicting from X who was contacted; 0.5 if contacts were random.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> risk, treated = rng.uniform(0, 0.6, 4000), rng.random(4000) < 0.5
    >>> y = (rng.random(4000) < risk * (1 - 0.5 * treated)).astype(int)
    >>> model = UpliftModel(rounds=50).fit(risk[:, None], y, treated)
    >>> model.effect_.low > 0, model.predict([[0.05], [0.55]]).argmax()
    (True, np.int64(1))
    """

    def __init__(self, *, classifier: Any = None, min_leavers: int = _FEWEST, rounds: int = 200, random_state: int = 0) -> None:
        self.classifier = classifier
        self.min_leavers = min_leavers
        self.rounds = rounds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, treated: Any) -> UpliftModel:
        """Learn from the rows X (n, n_features) of an experiment, their outcomes, and who was contacted.

        Parameters
        ----------
        X : DataFrame or array (n, n_features)
            Features known before the contact; rows of one customer, by the index, are kept together.
        y : array (n,)
            1 left, 0 stayed.
        treated : array (n,)
            1 contacted, 0 held out at random.

        Raises
        ------
        TrainingError
            ``log-too-small``; ``not-random``: X predicts who was contacted, so that the arms cannot be compared.
        UsageError
            ``bad-argument``.
        """
        target, arm = (np.asarray(v, dtype=np.float64).ravel() for v in (y, treated))
        if len(target) != len(X) or len(arm) != len(X) or not np.isin(target, (0, 1)).all() or not np.isin(arm, (0, 1)).all():
            raise UsageError("bad-argument", "y and treated must be 0 or 1, one per row of X", remedy="Give one of each per row.")
        customers = customers_of(X)
        groups = np.arange(len(target)) if customers is None else np.asarray(customers)
        self._check_size(target, arm)
        folds = list(GroupKFold(_FOLDS, shuffle=True, random_state=self.random_state).split(target, groups=groups))
        how: Any = {"customers": groups, "rounds": self.rounds, "random_state": self.random_state}
        chance = np.empty(len(target))
        for train, test in folds:
            chance[test] = risk_of(self._learner().fit(_rows(X, train), arm[train].astype(int)), _rows(X, test))
        self.propensity_ = bootstrap_interval(auc, arm, chance, **how)
        if self.propensity_.value > _CHANCE and self.propensity_.low > 0.5:
            raise TrainingError(
                "not-random",
                f"the features predict who was contacted (AUC {self.propensity_.value:.2f}, 0.5 is chance): the arms differ in more than "
                f"the contact",
                remedy="Learn from a randomised log: plan_retention(holdout=) draws a random hold-out.",
            )
        share = float(arm.mean())
        self.effect_ = bootstrap_interval(_effect, target, arm, **how)
        without, difference = np.empty(len(target)), np.empty(len(target))
        for train, test in folds:
            alone, contacted = self._two(_rows(X, train), target[train], arm[train])
            without[test] = risk_of(alone, _rows(X, test))
            difference[test] = without[test] - risk_of(contacted, _rows(X, test))
        # The mean over both arms of this outcome is the uplift; subtracting the risk removes variation that is unrelated to the contact.
        seen = (target - without) * (np.where(arm == 0, 1 / (1 - share), 0) - np.where(arm == 1, 1 / share, 0))
        self.acceptance_ = max(float(seen.sum() / without.sum()), 0.0)
        usual = self.acceptance_ * without
        more = difference - usual
        self.belief_ = float(np.clip(more @ (seen - usual) / max(float(more @ more), 1e-12), 0, 1))
        self.qini_ = bootstrap_interval(qini, target, _ranked(usual + self.belief_ * more), treated=arm, **how)
        self._alone, self._contacted = self._two(X, target, arm)
        return self

    def predict(self, X: Any) -> Floats:
        """Return uplift (n,): by how much a contact lowers the risk of each row, in probability; negative where it drives
        customers away.
        """
        if not hasattr(self, "effect_"):
            raise UsageError("not-fitted", "the uplift has not been learnt yet", remedy="Call fit(X, y, treated) first.")
        without = risk_of(self._alone, X)
        usual = self.acceptance_ * without
        return np.asarray(usual + self.belief_ * (without - risk_of(self._contacted, X) - usual))

    def __repr__(self) -> str:
        if not hasattr(self, "effect_"):
            return "UpliftModel()"
        told = "" if self.effect_.low > 0 else "; it does not differ significantly from none"
        return (
            f"UpliftModel: a contact lowers the risk by {100 * self.effect_.value:.1f} points "
            f"(95 %: {100 * self.effect_.low:.1f} to {100 * self.effect_.high:.1f}){told}; it keeps {self.acceptance_:.1%} of would-be "
            f"leavers, differences between customers count with weight {self.belief_:.0%}\n"
            f"  Qini {self.qini_.value:.5f} (95 %: {self.qini_.low:.5f} to {self.qini_.high:.5f}); "
            f"AUC of separating the arms {self.propensity_.value:.2f}"
        )

    def _check_size(self, y: Floats, arm: Floats) -> None:
        least = min(int(y[arm == a].sum()) for a in (0, 1))
        if least < self.min_leavers:
            raise TrainingError(
                "log-too-small",
                f"one arm of the log has {least:,} leavers, and {self.min_leavers:,} are needed",
                remedy="Keep contacting and holding out at random, and log both.",
            )

    def _learner(self) -> Any:
        if self.classifier is not None:
            return clone(self.classifier)
        return ChurnClassifier(members=("linear",), half_life=None, random_state=self.random_state)

    def _two(self, X: Any, y: Floats, arm: Floats) -> list[Any]:
        return [self._learner().fit(_rows(X, np.flatnonzero(arm == a)), y[arm == a].astype(int)) for a in (0, 1)]


def _rows(X: Any, rows: Any) -> Any:
    return X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows]


def _effect(y: Floats, arm: Floats, *, sample_weight: Any = None) -> float:
    w = np.ones(len(y)) if sample_weight is None else sample_weight
    return float(np.average(y[arm == 0], weights=w[arm == 0]) - np.average(y[arm == 1], weights=w[arm == 1]))


def _ranked(uplift: Floats) -> Floats:
    """Return the same order, between 0 and 1, as metrics want their scores."""
    span = float(uplift.max() - uplift.min())
    return np.asarray((uplift - uplift.min()) / span if span > 0 else np.zeros(len(uplift)))
