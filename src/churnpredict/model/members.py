"""Members of a blend: each gives a margin in log-odds that is a sum over features."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np

from churnpredict.model.boosters import score
from churnpredict.model.logistic import fit_logistic
from churnpredict.model.purchases import PurchaseModel, Triple, fit_to_outcomes, silence_margin, triple_values
from churnpredict.model.tree_scores import BoosterScores

__all__ = ["CalendarMember", "LinearMember", "PurchaseMember", "TreeMember", "blended_margin", "mean_contributions", "mean_line"]


_BLOCK = 1024  # rows scored at a time: small enough to stay in the cache


class TreeMember:
    """A LightGBM booster on columns f0..fn.

    Attributes
    ----------
    name, weight : str, float
    booster : lightgbm.Booster
    """

    name = "trees"

    def __init__(self, booster: Any, *, weight: float = 1.0) -> None:
        self.booster = booster
        self.weight = weight
        self.scores = BoosterScores(booster)
        self.joint: tuple[list[Any], BoosterScores] = [], self.scores

    def scores_with(self, others: Sequence[TreeMember]) -> BoosterScores:
        """Return the scores of this booster and others, the same object for the same others: it learns whether building pays."""
        boosters = [other.booster for other in others]
        if boosters != self.joint[0]:
            self.joint = boosters, BoosterScores(self.booster, *boosters)
        return self.joint[1]

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Return log-odds (n,) of encoded rows A (n, n_features)."""
        return self.scores.raw(A)

    def __getstate__(self) -> dict[str, Any]:
        return {"booster": self.booster, "weight": self.weight}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["booster"], weight=state["weight"])  # type: ignore[misc]

    def contributions(self, A: np.ndarray) -> tuple[np.ndarray, float]:
        """Return path-dependent SHAP values (n, n_features) and their base, by LightGBM itself: exact and slow."""
        phi = score(self.booster, A, contributions=True)
        return phi[:, :-1], float(phi[0, -1]) if len(phi) else 0.0


def blended_margin(members: Sequence[Any], A: np.ndarray, known: Sequence[np.ndarray | None] = ()) -> np.ndarray:
    """Return the weighted sum of the members' margins (n,) for encoded rows A (n, n_features); boosters share the bins of a row.

    ``known`` holds the margins (n,) of members, in their order, where they have been computed already; None elsewhere.
    """
    margins = [*known, *[None] * (len(members) - len(known))]
    trees = [m for m, margin in zip(members, margins, strict=True) if isinstance(m, TreeMember) and margin is None]
    scored = iter(trees[0].scores_with(trees[1:]).raw_of_each(A) if trees else ())
    total = np.zeros(len(A))
    for member, margin in zip(members, margins, strict=True):
        if margin is None:
            margin = next(scored) if isinstance(member, TreeMember) else member.margin(A)  # noqa: PLW2901
        total += member.weight * margin
    return total


def _signed_log(a: np.ndarray) -> np.ndarray:
    out: np.ndarray = np.abs(a)
    out += 1.0  # log(1 + |a|), not log1p: half the time, and customers do not differ below 1e-16
    np.log(out, out=out)
    np.copysign(out, a, out=out)
    return out


class LinearMember:
    """A logistic regression on winsorised, standardised logarithms, with an effect for missing and for each frequent level.

    Every number passes through ``sign(a) log(1 + |a|)``, is clipped to what 99 % of the training rows span and centred, so a contribution
    of 0 is the average row and no outlier dominates the margin.

    Parameters
    ----------
    categories : sequence of int
        Positions of columns of category codes.
    strength : float
        Inverse of the L2 penalty on standardised coefficients.
    monotone : sequence of int
        For each feature +1, -1 or 0: the sign its slope may have; a slope of the other sign is set to 0.
    """

    name = "linear"

    def __init__(self, *, categories: Sequence[int] = (), strength: float = 0.1, monotone: Sequence[int] = (), weight: float = 1.0) -> None:
        self.categories = tuple(categories)
        self.strength = strength
        self.monotone = tuple(monotone)
        self.weight = weight

    def fit(self, A: np.ndarray, y: np.ndarray, w: np.ndarray, offset: np.ndarray | None = None) -> LinearMember:
        """Learn from encoded rows (n, n_features), labels 0/1 and weights; ``offset`` (n,) are log-odds that are known already."""
        n_features = A.shape[1]
        self.numbers_ = np.array([j for j in range(n_features) if j not in self.categories], dtype=np.int64)
        self._learn_scale(A, w)
        holes = np.isnan(A[:, self.numbers_])
        self.holes_ = np.flatnonzero((holes.sum(axis=0) >= 20) & ((~holes).sum(axis=0) >= 20))
        design = [self._standardised(A), holes[:, self.holes_].astype(np.float64)]
        self.levels_: list[tuple[int, np.ndarray]] = []
        for j in self.categories:
            counts = np.bincount(A[~np.isnan(A[:, j]), j].astype(np.int64))
            kept = np.flatnonzero(counts >= 20)[:30]
            self.levels_.append((j, kept))
            design.append((A[:, j, None] == kept).astype(np.float64))
        Z = np.hstack(design)
        middle = w @ Z / w.sum()
        Z -= middle
        signs = np.zeros(Z.shape[1])
        if any(self.monotone):
            signs[: len(self.numbers_)] = np.asarray(self.monotone)[self.numbers_]
        while True:  # drop coefficients of the forbidden sign until none is left
            beta, self.base_ = fit_logistic(Z, y, w, strength=self.strength, offset=offset)
            wrong = beta * signs < 0
            if not wrong.any():
                break
            Z[:, wrong] = 0
        self._unpack(beta, middle, n_features)
        return self

    def _learn_scale(self, A: np.ndarray, w: np.ndarray) -> None:
        logs = _signed_log(A[:, self.numbers_])
        known = ~np.isnan(logs)
        some = known.any(axis=0)
        self.low_, self.high_ = np.zeros(len(some)), np.zeros(len(some))  # pyright: ignore[reportArgumentType]
        whole = some & known.all(axis=0)  # NumPy takes columns with missing values one by one
        for columns, quantile in ((whole, np.quantile), (some & ~whole, np.nanquantile)):
            if columns.any():
                self.low_[columns], self.high_[columns] = quantile(logs[:, columns], [0.005, 0.995], axis=0)
        logs = np.clip(np.where(known, logs, 0), self.low_, self.high_)
        total = np.maximum(w @ known, 1e-12)
        self.center_ = (w @ (logs * known)) / total
        spread = np.sqrt((w @ ((logs - self.center_) ** 2 * known)) / total)
        self.scale_ = np.where(spread > 1e-9, spread, np.inf)
        # Limits on a grid of quarter deviations: in small data they would otherwise be one customer's value, readable in the model.
        step = np.where(spread > 1e-9, spread / 4, 1.0)
        self.low_ = self.center_ + np.floor((self.low_ - self.center_) / step) * step
        self.high_ = self.center_ + np.ceil((self.high_ - self.center_) / step) * step

    def _standardised(self, A: np.ndarray) -> np.ndarray:
        Z = _signed_log(A if len(self.numbers_) == A.shape[1] else A[:, self.numbers_])
        np.clip(Z, self.low_, self.high_, out=Z)
        Z -= self.center_
        Z /= self.scale_
        if np.isnan(Z.sum()):
            np.copyto(Z, 0.0, where=np.isnan(Z))
        return Z

    def _unpack(self, beta: np.ndarray, middle: np.ndarray, n_features: int) -> None:
        """Unpack the coefficients by purpose; shifts make the mean contribution of every feature 0."""
        n, h = len(self.numbers_), len(self.holes_)
        self.slope_, self.hole_ = beta[:n], np.zeros(n)
        self.hole_[self.holes_] = beta[n : n + h]
        self.shift_ = np.zeros(n_features)
        self.shift_[self.numbers_] = -beta[:n] * middle[:n]
        self.shift_[self.numbers_[self.holes_]] -= beta[n : n + h] * middle[n : n + h]
        self.effects_: dict[int, np.ndarray] = {}
        at = n + h
        for j, kept in self.levels_:
            effect = np.zeros(int(kept.max(initial=-1)) + 1)
            effect[kept] = beta[at : at + len(kept)]
            self.effects_[j] = effect
            self.shift_[j] = -float(beta[at : at + len(kept)] @ middle[at : at + len(kept)])
            at += len(kept)

    def _level_effect(self, j: int, codes: np.ndarray) -> np.ndarray:
        effect = np.append(self.effects_[j], 0.0)
        known = (codes >= 0) & (codes < len(effect) - 1)
        return np.asarray(effect[np.where(known, codes, len(effect) - 1).astype(np.int64)])

    def contributions(self, A: np.ndarray) -> tuple[np.ndarray, float]:
        """Return contribution (n, n_features) of each feature in log-odds, and the base: together exactly the margin."""
        return self._by_feature(A, *self._terms(A))

    def margin_and_contributions(self, A: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """Return what :meth:`margin` and :meth:`contributions` return, to the last bit, of rows that are standardised once."""
        terms = self._terms(A)
        margin = self._sums(A, *terms) + (self.base_ + self.shift_.sum())  # first: the contributions are written over the terms
        return margin, *self._by_feature(A, *terms)

    def _terms(self, A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what numbers (n, n_numbers) and missing values (n, n_holes) add to the margin."""
        numeric = self._standardised(A)
        numeric *= self.slope_
        return numeric, np.isnan(A[:, self.numbers_[self.holes_]]) * self.hole_[self.holes_]

    def _by_feature(self, A: np.ndarray, numeric: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, float]:
        if len(self.holes_):
            numeric[:, self.holes_] += missing
        if len(self.numbers_) == A.shape[1]:
            phi = numeric
        else:
            phi = np.zeros(A.shape)
            phi[:, self.numbers_] = numeric
        for j in self.categories:
            phi[:, j] = self._level_effect(j, A[:, j])
        phi += self.shift_
        return phi, self.base_

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Return log-odds (n,) of encoded rows A (n, n_features), in blocks that stay in the cache."""
        out = np.empty(len(A))
        for start in range(0, len(A), _BLOCK):
            block = A[start : start + _BLOCK]
            out[start : start + _BLOCK] = self._sums(block, *self._terms(block))
        out += self.base_ + self.shift_.sum()
        return out

    def _sums(self, A: np.ndarray, numeric: np.ndarray, missing: np.ndarray) -> np.ndarray:
        z = _row_sums(numeric)
        if len(self.holes_):
            z += _row_sums(missing)
        for j in self.categories:
            z += self._level_effect(j, A[:, j])
        return z


def mean_line(lines: Sequence[LinearMember], weights: Sequence[float]) -> LinearMember:
    """Return one line whose contributions and margin are the weighted means of those of ``lines``; weights sum to 1.

    The lines are learnt from the same rows under different penalties. They share their scale, so their mean is a line again.
    """
    mean = copy(lines[0])
    mean.strength = float(np.dot(weights, [line.strength for line in lines]))
    mean.base_ = float(np.dot(weights, [line.base_ for line in lines]))
    for name in ("slope_", "hole_", "shift_"):
        setattr(mean, name, np.average([getattr(line, name) for line in lines], axis=0, weights=weights))
    mean.effects_ = {j: np.average([line.effects_[j] for line in lines], axis=0, weights=weights) for j in mean.effects_}
    return mean


def mean_contributions(members: Sequence[Any], A: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return mean contributions (n_features,), weighted by ``w``, of rows ``A`` to the blend of ``members``, before calibration."""
    return np.asarray(sum(member.weight * (w @ member.contributions(A)[0]) for member in members) / w.sum())


def _row_sums(A: np.ndarray) -> np.ndarray:
    """Return sums of rows (n,). Not by a matrix product, whose last digits depend on the number of rows."""
    return np.asarray(np.ascontiguousarray(A).sum(axis=1))


class PurchaseMember:
    """MBG/NBD as a member: all of its log-odds belong to the recency column.

    Parameters
    ----------
    triple : Triple
        Names of the three columns.
    columns : (int, int, int)
        Their positions: active days, days since the last, days since the first event.
    window : (float, float)
        Horizon and gap in days.
    """

    name = "purchases"

    def __init__(self, triple: Triple, *, columns: tuple[int, int, int], window: tuple[float, float], weight: float = 1.0) -> None:
        self.triple = triple
        self.columns = columns
        self.window = window
        self.weight = weight

    def fit(self, A: np.ndarray, y: np.ndarray, w: np.ndarray) -> PurchaseMember:
        """Learn the four parameters from the outcome of each row."""
        x, t_x, T, known = triple_values(*(A[:, j] for j in self.columns))
        never = ~known
        self.never_ = 0.0
        if never.any():
            self.never_ = float(np.log(w[never] @ y[never] + 0.5) - np.log(w[never] @ (1 - y[never]) + 0.5))
        self.model_: PurchaseModel = fit_to_outcomes(
            x[known], t_x[known], T[known], y[known], w[known], horizon=self.window[0], gap=self.window[1]
        )
        some = np.linspace(0, len(A) - 1, min(len(A), 20_000)).astype(np.int64)
        self.base_ = 0.0
        self.base_ = float(np.average(self.margin(A[some]), weights=w[some]))
        return self

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Return log-odds (n,) of encoded rows A (n, n_features)."""
        x, t_x, T, known = triple_values(*(A[:, j] for j in self.columns))
        return np.asarray(np.where(known, silence_margin(self.model_, x, t_x, T, window=self.window), self.never_))

    def contributions(self, A: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the whole margin on the recency column, around its training mean."""
        phi = np.zeros(A.shape)
        phi[:, self.only_column] = self.margin(A) - self.base_
        return phi, self.base_

    @property
    def only_column(self) -> int:
        """The column that all of its margin belongs to."""
        return self.columns[1]


class CalendarMember:
    """What the calendar adds to the log-odds: the values of one column, as they are.

    The other members are learnt around it, so it enters the blend with a weight of 1.

    Parameters
    ----------
    column : int
        Its position.
    """

    name = "calendar"
    base_ = 0.0

    def __init__(self, column: int, *, weight: float = 1.0) -> None:
        self.column = column
        self.weight = weight

    @property
    def only_column(self) -> int:
        """The column that all of its margin belongs to."""
        return self.column

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Return log-odds (n,) of encoded rows A (n, n_features)."""
        return np.array(A[:, self.column], dtype=np.float64)

    def contributions(self, A: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the column itself."""
        phi = np.zeros(A.shape)
        phi[:, self.column] = A[:, self.column]
        return phi, 0.0
