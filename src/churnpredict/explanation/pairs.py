"""Pairs of reasons: what two drivers, or two features, add to a risk together beyond what each adds alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.explanation.additive import AdditiveModel
from churnpredict.explanation.contributions import encoded_blocks, tree_parts
from churnpredict.explanation.drivers import label_and_remedy
from churnpredict.explanation.explained import Explained
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.threads import thread_count

__all__ = ["Halves", "PairSource", "pair_frame", "pair_words", "strongest_pairs"]

MOST_NUMBERS = 1 << 29
"""Numbers that the matrices of all rows may have: 4 GiB."""

_LEAST = 0.005  # a pair of less than half a point is not worth a sentence
_PART = 0.2  # nor one that adds less than a fifth of the strongest driver
_ROWS = 1_000  # that are worth another thread
CELLS = 1 << 22  # numbers held at a time while all pairs are ranked: 32 MB


@dataclass(frozen=True, eq=False)
class Halves:
    """Pairs and one side of their interaction: the matrix holds it twice, at (first, second) and at (second, first).

    Attributes
    ----------
    first, second : (n_pairs,) int64
        The smaller number first.
    values : (n, n_pairs) float64
        In calibrated log-odds.
    """

    first: np.ndarray
    second: np.ndarray
    values: np.ndarray

    def matrices(self, single: np.ndarray) -> np.ndarray:
        """Return symmetric matrices (n, width, width) whose rows sum to ``single`` (n, width)."""
        n, width = single.shape
        if n * width * width > MOST_NUMBERS:
            raise UsageError(
                "too-many-pairs",
                f"matrices of {n:,} rows x {width:,} x {width:,} numbers do not fit into {MOST_NUMBERS >> 27} GiB",
                remedy="Ask for fewer rows, for pairs of drivers, or for the strongest pairs only: top_pairs().",
            )
        out = np.zeros((n, width, width))
        out[:, self.first, self.second] = self.values
        out[:, self.second, self.first] = self.values
        diagonal = np.arange(width)
        out[:, diagonal, diagonal] = single - out.sum(axis=2)
        return out


@dataclass(frozen=True, eq=False)
class PairSource:
    """What pairs are computed from when somebody asks: models, by how much each counts in each row, and the reference rows.

    Members that are sums of functions of one column each have no pairs.
    """

    models: tuple[AdditiveModel, ...]
    scales: tuple[np.ndarray, ...]
    background: np.ndarray | None
    n_jobs: int | None

    def __getitem__(self, rows: Any) -> PairSource:
        return replace(self, scales=tuple(scale[rows] for scale in self.scales))

    def halves(self, rows: Any, groups: np.ndarray | None = None, *, most: int | None = None, weight: np.ndarray | None = None) -> Halves:
        """Return the pairs of features, or of groups of features, of every row.

        Parameters
        ----------
        groups : (F,) int64, optional
        most : int, optional
            Only so many pairs, those of the largest mean magnitude; all pairs are never held at once.
        weight : (n,) array, optional
            Of the rows in that mean.
        """
        shaps = [[(member.weight, part) for member, part in tree_parts(model, self.background)] for model in self.models]
        plans = [[(w, shap.pair_plan(groups)) for w, shap in own] for own in shaps]
        every = [plan for own in plans for _, plan in own]
        width = max((plan.width for plan in every), default=1)
        keys = np.unique(np.concatenate([np.empty(0, np.int64), *(plan.first * width + plan.second for plan in every)]))
        n = len(rows)
        if most is not None and most < len(keys):
            total = np.zeros(len(keys))
            step = max(1, CELLS // max(len(keys), 1))
            for begin, values in self._blocks(rows, shaps, groups, keys, width, step):
                counted = np.abs(values) if weight is None else np.abs(values) * weight[begin : begin + len(values), None]
                total += counted.sum(axis=0)
            keys = keys[np.argsort(-total, kind="stable")[:most]]
        if n * len(keys) > MOST_NUMBERS:
            raise UsageError(
                "too-many-pairs", f"{len(keys):,} pairs of {n:,} rows do not fit into {MOST_NUMBERS >> 27} GiB",
                remedy="Ask for fewer rows, for pairs of drivers, or for the strongest pairs only: top_pairs().",
            )  # fmt: skip
        out = np.zeros((n, len(keys)))
        for begin, values in self._blocks(rows, shaps, groups, keys, width, max(1, CELLS // max(len(keys), 1))):
            out[begin : begin + len(values)] = values
        return Halves(keys // width, keys % width, out)

    def _blocks(self, rows: Any, shaps: list[list[tuple[float, Any]]], groups: Any, keys: np.ndarray, width: int, step: int) -> Any:
        """Yield where each block of rows begins, and its halves, weighted and scaled."""
        plans = [[(w, shap.pair_plan(groups, (keys // width, keys % width))) for w, shap in own] for own in shaps]
        at = 0
        for A in encoded_blocks(self.models[0], rows):
            for begin in range(0, len(A), step):
                part = A[begin : begin + step]
                total = np.zeros((len(part), len(keys)))
                for own, scale in zip(plans, self.scales, strict=True):
                    for w, plan in own:
                        halves = plan.columns(part, thread_count(self.n_jobs, pieces=len(part) / _ROWS))[1]
                        total += (w * scale[at : at + len(part)])[:, None] * halves
                yield at, total
                at += len(part)


def pair_frame(matrices: np.ndarray, names: list[str], index: pd.Index) -> pd.DataFrame:
    """Return a column per name (what it adds alone) and per pair (both sides of the interaction): together they sum to the whole."""
    first, second = np.triu_indices(len(names))
    values = matrices[:, first, second] * np.where(first == second, 1.0, 2.0)
    columns = pd.MultiIndex.from_arrays([np.array(names, object)[first], np.array(names, object)[second]], names=["first", "second"])
    return pd.DataFrame(values, index=index, columns=columns)


def strongest_pairs(halves: Halves, names: list[str], secant: np.ndarray) -> pd.DataFrame:
    """Return one row per pair: mean magnitude in probability points, and of which share of the rows it raises the risk."""
    points = 2 * halves.values * secant[:, None]
    table = pd.DataFrame(
        {
            "first": [names[j] for j in halves.first],
            "second": [names[j] for j in halves.second],
            "mean_abs_points": np.abs(points).mean(axis=0),
            "raises_risk_of": (points > 0).mean(axis=0),
        }
    )
    return table.sort_values("mean_abs_points", ascending=False, kind="stable", ignore_index=True)


def pair_words(
    why: Explained, *, language: str | Language = "en", names: Mapping[str, Any] | None = None, money: Mapping[str, str] | None = None
) -> pd.Series:
    """Return a sentence on the pair of drivers that raises a risk most, where it carries a risk; elsewhere missing.

    A pair is listed where both drivers raise the risk, and it adds half a point or more and a fifth of what the strongest driver adds.
    (An absent cause interacts as well: nothing is open and no price rose, at the same time. Nobody wants to read that.)
    """
    from churnpredict.explanation.words import Narrator, leading_features

    spoken = language_of(language)
    narrator = Narrator(why, spoken, names, money=money)
    halves = why.pair_halves()
    texts: list[str | None] = [None] * len(why)
    if halves.values.shape[1]:
        points = 2 * halves.values * why._secant[:, None]
        raises = why.by_driver > 0
        points[~(raises[:, halves.first] & raises[:, halves.second])] = 0.0
        best = points.argmax(axis=1)
        added = points[np.arange(len(why)), best]
        told = np.flatnonzero((added >= _LEAST) & (added >= _PART * np.nan_to_num(why.strongest(1)[1][:, 0])))
        sides = np.column_stack([halves.first[best], halves.second[best]])
        labels = [label_and_remedy(driver, spoken)[0] for driver in why.table.values()]
        leads = {d: leading_features(why, narrator, d) for d in np.unique(sides[told]).tolist()}
        for i in told.tolist():
            a, b = sides[i].tolist()
            facts = [narrator.fact(int(leads[d][i, 0]), i) if leads[d][i, 0] >= 0 else "" for d in (a, b)]
            key = "together" if all(facts) else "together.bare"
            texts[i] = spoken.clause(key, 100 * float(added[i]), 1).format(
                a=labels[a], b=labels[b], points=spoken.points(float(added[i])), one=facts[0], two=facts[1]
            )
    return pd.Series(texts, index=why.index, name="pairs", dtype=object)
