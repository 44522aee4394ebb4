"""what_would_help: find one to three changes that bring a risk below a threshold."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.explanation.additive import AdditiveModel, as_additive, check_model
from churnpredict.explanation.attribution import explain
from churnpredict.explanation.drivers import assign_drivers, label_and_remedy, nature_of
from churnpredict.explanation.words import Narrator
from churnpredict.feature_names import read_name, subjects_of
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.model.calibration import sigmoid
from churnpredict.model.encoding import as_frame
from churnpredict.model.seen_rows import warn_if_seen
from churnpredict.number_checks import check_number, is_number
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column, Estimator, Matrix, Names

__all__ = ["what_would_help"]

_MOST_STAYERS = 5_000
_SIMILAR = 60  # number of stayers whose values are tried
_LEVERS = 6  # levers tried per customer: all that raise the risk much, and 41 ways to combine up to three of them


@dataclass(frozen=True)
class _Lever:
    """Features that change together: all of one driver about one table, because a silence cannot end while the counts stay."""

    driver: str
    table: str
    columns: np.ndarray
    nature: str


def what_would_help(
    model: Estimator,
    X: Matrix,
    *,
    among: Matrix,
    stayed: Column | None = None,
    threshold: float | None = None,
    max_changes: int = 3,
    drivers: Mapping[str, object] | None = None,
    positive: Hashable = None,
    language: str | Language = "en",
    names: Names | None = None,
) -> pd.DataFrame:
    """Find one to three changes that would bring each risk below the threshold, according to the model.

    A change replaces all features of one driver about one table that are not fixed by the values of a similar customer who stayed, so that
    the values did occur together. Of the changes that suffice, the fewest are taken, then the smallest. Similar customers are nearest in
    the fixed features (in all features, if none is fixed). The result describes the model, not cause and effect.

    Parameters
    ----------
    model : as for :func:`explain`
    X : frame or array (n, F)
        The customers to be helped: dozens, not millions. The risks of rows that the model was trained on are too certain: 20 or more of
        them are recognised, and warned of.
    among : frame or array (m, F)
        Customers of the past.
    stayed : array (m,) or outcomes frame, optional
        Their labels, 0 for customers who stayed. Default: all of them stayed.
    threshold : float, optional
        A risk. Default: the 90 % quantile of the risks in ``among``.
    max_changes : int
        1 to 3.
    drivers, positive, language, names
        As for :func:`explain` and :meth:`Explanation.words`.

    Returns
    -------
    frame, index as in X
        risk, threshold, changes (driver keys, joined by ", "), n_changes, risk_then, reached (bool), values (feature -> what
        it would be), words.

    Raises
    ------
    UsageError
        ``bad-changes``, ``bad-threshold``, ``unequal-lengths``, nobody stayed (``nobody-stayed``), or nothing can be changed
        (``nothing-to-change``).

    Examples
    --------
    >>> from churnpredict import ChurnClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"support__tickets_count_30d": rng.poisson(1, 800), "lifecycle__region": rng.integers(0, 3, 800)})
    >>> y = (rng.random(800) < sigmoid(X.iloc[:, 0].to_numpy() - 2.0)).astype(int)
    >>> help = what_would_help(ChurnClassifier(n_jobs=1).fit(X, y), X[X.iloc[:, 0] == 4][:1], among=X, stayed=y, threshold=0.3)
    >>> help["changes"].iloc[0], bool(help["risk_then"].iloc[0] < 0.3)
    ('support', True)
    """
    if not is_number(max_changes) or max_changes not in (1, 2, 3):
        raise UsageError("bad-changes", f"max_changes={max_changes!r}", remedy="Give 1, 2 or 3: people cannot act on more.")
    max_changes = int(max_changes)
    stayed = in_row_order(stayed, among, "stayed", "among")
    check_model(model, X, "what_would_help(model, X)")
    rows, past = _framed(X), _framed(among)
    warn_if_seen(model, X)
    additive = as_additive(model, rows, positive=positive)
    search = _Search(additive, past, _labels(stayed, len(past)), threshold, drivers)
    spoken = language_of(language)
    A = additive.encode(rows)
    risk = sigmoid(additive.decide(A))
    there = {str(c): c for c in search.donors.columns}
    found: list[tuple[Any, ...]] = []
    for i in range(len(rows)):
        if risk[i] < search.threshold:
            found.append((risk[i], search.threshold, "", 0, risk[i], True, {}, spoken.words["help.below"]))
            continue
        levers, donor, then = search.best(A[i], max_changes)
        keys = ", ".join(lever.driver for lever in levers)
        values = {additive.names[j]: search.donors[there[additive.names[j]]].iloc[donor] for lever in levers for j in lever.columns}
        text = _told(model, rows.iloc[[i]], search.donors.iloc[[donor]], levers, (risk[i], then), spoken, names, drivers, positive)
        found.append((risk[i], search.threshold, keys, len(levers), then, bool(then < search.threshold), values, text))
    columns = ["risk", "threshold", "changes", "n_changes", "risk_then", "reached", "values", "words"]
    return pd.DataFrame(found, columns=columns, index=rows.index)


def _framed(X: Any) -> pd.DataFrame:
    frame = as_frame(X)
    if frame is None:
        A = np.asarray(X)
        frame = pd.DataFrame(A, columns=[f"x{j}" for j in range(A.shape[1])])
    return frame


def _labels(stayed: Any, n: int) -> np.ndarray:
    if stayed is None:
        return np.ones(n, dtype=bool)
    labels = np.asarray(stayed["outcome"] if isinstance(stayed, pd.DataFrame) else stayed)
    if len(labels) != n:
        raise UsageError("unequal-lengths", f"among has {n} rows and stayed {len(labels)}", remedy="Give one label per row.")
    return labels == 0


class _Search:
    """The search: stayers, their ranks, and the levers; then one customer after the other."""

    def __init__(
        self, model: AdditiveModel, past: pd.DataFrame, stayed: np.ndarray, threshold: float | None, drivers: Mapping[str, object] | None
    ) -> None:
        if not stayed.any():
            raise UsageError("nobody-stayed", "no row of among has the label 0", remedy="Give stayed= with 0 for customers who stayed.")
        self.model = model
        A = model.encode(past)
        log_odds = model.decide(A)
        if threshold is not None and not (is_number(threshold) and 0 < threshold < 1):
            raise UsageError("bad-threshold", f"threshold={threshold!r}", remedy="Give a risk between 0 and 1.")
        self.threshold = float(np.quantile(sigmoid(log_odds), 0.9)) if threshold is None else check_number(threshold, "threshold")
        keep = np.flatnonzero(stayed)
        keep = keep[np.argsort(log_odds[keep], kind="stable")]  # by risk, so that the order of the rows does not matter
        if len(keep) > _MOST_STAYERS:
            keep = keep[np.linspace(0, len(keep) - 1, _MOST_STAYERS).round().astype(np.int64)]
        self.A, self.donors = A[keep], past.iloc[keep]
        keys, table = assign_drivers(model.names, drivers)
        natures = [nature_of(name, table[key]) for name, key in zip(model.names, keys, strict=True)]
        parts = subjects_of(model.names)
        groups: dict[tuple[str, str], list[int]] = {}
        for j, (name, key) in enumerate(zip(model.names, keys, strict=True)):
            if natures[j] != "fixed":
                groups.setdefault((key, parts[read_name(name).subject][0]), []).append(j)
        self.levers = [_Lever(key, table_, np.array(js), natures[js[0]]) for (key, table_), js in groups.items()]
        if not self.levers:
            raise UsageError(
                "nothing-to-change", "every feature is fixed", remedy='Name the drivers of the columns: drivers={"Contract": "contract"}.'
            )
        self.fixed = np.array([j for j, nature in enumerate(natures) if nature == "fixed"], dtype=np.int64)
        self.sorted = np.sort(self.A, axis=0)  # NaN last
        self.known = np.maximum((~np.isnan(self.A)).sum(axis=0), 1)
        self.ranks = self._ranked(self.A)

    def _ranked(self, A: np.ndarray) -> np.ndarray:
        """Return values as shares of the stayers below them, so that distances do not depend on units."""
        ranks = np.empty(A.shape)
        for j in range(A.shape[1]):
            known = self.sorted[: self.known[j], j]
            ranks[:, j] = (np.searchsorted(known, A[:, j], "left") + np.searchsorted(known, A[:, j], "right")) / (2 * len(known))
        return np.where(np.isnan(A), np.nan, ranks)

    def _distance(self, row: np.ndarray, donors: np.ndarray, columns: np.ndarray) -> np.ndarray:
        gap = np.abs(self.ranks[np.ix_(donors, columns)] - row[columns])
        one_missing = np.isnan(self.ranks[np.ix_(donors, columns)]) != np.isnan(row[columns])
        return np.asarray(np.where(np.isnan(gap), one_missing, gap).mean(axis=1))

    def best(self, a: np.ndarray, max_changes: int) -> tuple[list[_Lever], int, float]:
        """Return the levers, the donor's position among the donors, and the risk after the change."""
        rank = self._ranked(a[None, :])[0]
        everybody = np.arange(len(self.A))
        by = self.fixed if len(self.fixed) else np.arange(self.A.shape[1])
        near = np.argsort(self._distance(rank, everybody, by), kind="stable")[:_SIMILAR]
        single = np.array([self._risks(a, near, lever.columns) for lever in self.levers])
        strongest = np.argsort(np.median(single, axis=1), kind="stable")[:_LEVERS]
        best: tuple[float, tuple[int, ...], int] = (np.inf, (), 0)
        for size in range(1, max_changes + 1):
            enough: list[tuple[float, tuple[int, ...], int, float]] = []
            for chosen in combinations(sorted(int(s) for s in strongest), size):
                columns = np.concatenate([self.levers[c].columns for c in chosen])
                risks = single[chosen[0]] if size == 1 else self._risks(a, near, columns)
                place = int(np.argmin(risks))
                if risks[place] < best[0]:
                    best = (float(risks[place]), chosen, int(near[place]))
                below = np.flatnonzero(risks < self.threshold)
                if len(below):
                    far = self._distance(rank, near[below], columns) * len(columns)
                    least = int(np.argmin(far))
                    enough.append((float(far[least]), chosen, int(near[below[least]]), float(risks[below[least]])))
            if enough:
                _, chosen, donor, then = min(enough)
                return [self.levers[c] for c in chosen], donor, then
        return [self.levers[c] for c in best[1]], best[2], best[0]

    def _risks(self, a: np.ndarray, donors: np.ndarray, columns: np.ndarray) -> np.ndarray:
        changed = np.repeat(a[None, :], len(donors), axis=0)
        changed[:, columns] = self.A[np.ix_(donors, columns)]
        return sigmoid(self.model.decide(changed))


def _told(
    model: Any,
    row: pd.DataFrame,
    donor: pd.DataFrame,
    levers: list[_Lever],
    risks: tuple[float, float],
    spoken: Language,
    names: Names | None,
    drivers: Mapping[str, object] | None,
    positive: Any,
) -> str:
    """Return the changes in words: for each lever the feature that lowers the risk most, as it would be and as it is."""
    features = as_additive(model, row, positive=positive).names
    changed = [features[j] for lever in levers for j in lever.columns]
    pair = pd.concat([row, row])
    for name in changed:
        if isinstance(row[name].dtype, pd.CategoricalDtype):
            levels = list(dict.fromkeys([*row[name].cat.categories, *pd.Index(donor[name].dropna().unique())]))
            pair[name] = pd.Categorical([row[name].iloc[0], donor[name].iloc[0]], categories=levels)
        else:
            pair[name] = [row[name].iloc[0], donor[name].iloc[0]]
    why = explain(model, pair, drivers=drivers, positive=positive)
    lowered = why.values.to_numpy()[0] - why.values.to_numpy()[1]
    narrator = Narrator(why, spoken, names, bare=True)
    clauses = []
    for lever in levers:
        label = label_and_remedy(why.table[lever.driver], spoken)[0]
        for j in lever.columns[np.argsort(-lowered[lever.columns], kind="stable")]:
            now, then = narrator.fact(int(j), 0), narrator.fact(int(j), 1)
            if now != then and now and then:
                clauses.append(spoken.words["help.change"].format(label=label, then=then, now=now))
                break
    risk, then_risk = (spoken.percent(r) for r in risks)
    return spoken.words["help"].format(risk=risk, then=then_risk, changes=spoken.words["and"].join(clauses))
