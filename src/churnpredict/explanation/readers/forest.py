"""One layout for the trees of any library: flat arrays, covers, and how a row becomes numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from churnpredict.errors import MismatchError, ModelFileError
from churnpredict.model.encoding import as_frame

__all__ = ["Forest", "ForestBuilder", "refuse_model"]

_NAN_LEFT, _NAN_RIGHT, _CATEGORY = 10, 8, 1  # decision types as LightGBM counts them: what is missing is NaN, and its side


def refuse_model(what: str, remedy: str) -> NoReturn:
    """Raise ModelFileError (``model-unsupported``): these trees have no exact explanation here."""
    raise ModelFileError("model-unsupported", what, remedy=remedy)


@dataclass(frozen=True, eq=False)
class Forest:
    """The trees of a model of another library, in the layout of :class:`churnpredict.model.trees.TreeModel`.

    Attributes
    ----------
    library : str
    feature_names : tuple of str, or None
        Names of the columns where the model knows them.
    n_features : int
    offset : float
        What every score begins with.
    base : str
        Which rows the base value is the mean of.
    link : {"log-odds", "probability", "score"}
        What the sum over the trees is.
    scale : float
        Log-odds per unit of it.
    single : bool
        The library rounds its rows to 32 bits.
    missing : bool
        The library takes NaN.
    categories : mapping of column to number
        The number that stands for a missing category in each column of categories.
    levels : mapping of column to {value: number}
        Of columns whose categories are known by name.
    transform : callable, optional
        The library's own encoder of rows.
    """

    library: str
    feature_names: tuple[str, ...] | None
    n_features: int
    offset: float
    base: str
    link: str
    scale: float
    single: bool
    missing: bool
    categories: Mapping[int, int]
    levels: Mapping[int, Mapping[Any, int]]
    transform: Callable[[Any], Any] | None
    node_start: NDArray[np.int64]
    leaf_start: NDArray[np.int64]
    split_feature: NDArray[np.int64]
    left_child: NDArray[np.int64]
    right_child: NDArray[np.int64]
    decision_type: NDArray[np.int64]
    threshold: NDArray[np.float64]
    bitset: NDArray[np.int64]
    bitset_start: NDArray[np.int64]
    bitset_words: NDArray[np.uint32]
    internal_count: NDArray[np.float64]
    leaf_value: NDArray[np.float64]
    leaf_count: NDArray[np.float64]
    flush: float = -1.0  # no magnitude is taken for zero
    stands_for_missing: float = float("nan")  # the number that the library takes for a missing value

    def rows(self, A: Any) -> NDArray[np.float64]:
        """Return the matrix (n, n_features) of rows as the trees compare them.

        Raises
        ------
        MismatchError
            Columns are missing, values are not numbers or are unknown categories, or are missing where the library takes none.
        """
        rows = self.aligned(A)
        if self.transform is not None:
            matrix = np.array(self.transform(rows), np.float64)
        else:
            matrix = self._of_frame(rows) if hasattr(rows, "iloc") else np.array(rows, np.float64)
        if not self.missing and np.isnan(matrix).any():
            raise MismatchError(
                "not-a-number", f"{int(np.isnan(matrix).any(axis=1).sum())} rows have missing values, which this model of {self.library} "
                "does not take", remedy="Fill them as in training.",
            )  # fmt: skip
        if self.single:
            with np.errstate(over="ignore"):
                matrix = matrix.astype(np.float32).astype(np.float64)
        matrix[matrix == self.stands_for_missing] = np.nan
        for column, number in self.categories.items():
            matrix[np.isnan(matrix[:, column]), column] = number
        return np.ascontiguousarray(matrix)

    def aligned(self, A: Any) -> Any:
        """Return the rows as a frame with the columns of the training in their order, or as an array of as many columns."""
        frame = as_frame(A)
        if frame is not None and self.feature_names is not None:
            there = {str(column): column for column in frame.columns}
            lacking = [name for name in self.feature_names if name not in there]
            if not lacking:
                return frame[[there[name] for name in self.feature_names]]
            if len(lacking) < len(self.feature_names):
                raise MismatchError(
                    "missing-column", f"{len(lacking)} of the {self.n_features} columns of the model are missing", column=lacking[0],
                    remedy="Build X with the features of the training.",
                )  # fmt: skip
        rows = np.asarray(A) if frame is None else frame
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise MismatchError(
                "column-count", f"the rows have shape {rows.shape}, the model has {self.n_features} columns",
                remedy="Give one row per customer, with the columns of the training.",
            )  # fmt: skip
        return rows

    def _of_frame(self, frame: Any) -> NDArray[np.float64]:
        out = np.empty(frame.shape)
        for j in range(frame.shape[1]):
            column = frame.iloc[:, j]
            if j in self.levels:
                out[:, j] = self._numbered(j, column)
                continue
            try:
                out[:, j] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            except (TypeError, ValueError) as error:
                raise MismatchError(
                    "other-categories", f"the model was trained on numbers, {column.dtype} is given", column=str(column.name),
                    remedy="Give the numbers of the training.",
                ) from error  # fmt: skip
        return out

    def _numbered(self, j: int, column: Any) -> NDArray[np.float64]:
        numbers = column.astype(object).map(dict(self.levels[j])).to_numpy(dtype=np.float64, na_value=np.nan)
        unknown = int((np.isnan(numbers) & column.notna().to_numpy()).sum())
        if unknown:
            raise MismatchError(
                "other-categories", "values are none of the categories that the model was trained on", column=str(column.name),
                rows=unknown, total=len(column), remedy="Give the values of the training, of the same type.",
            )  # fmt: skip
        return np.asarray(numbers)


@dataclass
class ForestBuilder:
    """Collects trees one after the other; ``missing_of`` is the number of a missing category per column of categories."""

    missing_of: dict[int, int] = field(default_factory=dict)
    trees: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    sets: list[NDArray[np.uint32]] = field(default_factory=list)

    def add(
        self,
        left: Sequence[int] | NDArray[Any],
        right: Sequence[int] | NDArray[Any],
        feature: Sequence[int] | NDArray[Any],
        threshold: Sequence[float] | NDArray[Any],
        missing_left: Sequence[bool] | NDArray[Any],
        value: Sequence[float] | NDArray[Any],
        cover: Sequence[float] | NDArray[Any],
        categories: Mapping[int, tuple[Collection[int], bool]] | None = None,
    ) -> None:
        """Add a tree: values up to the threshold go left; node 0 is the root, a leaf has the left child -1.

        ``categories`` names for a node the categories that go to one side, and whether that is the left one.
        """
        low, high = np.array(left, np.int64), np.array(right, np.int64)
        reached = np.zeros(len(low), bool)
        here = np.zeros(1, np.int64)
        while len(here):
            reached[here] = True
            here = here[low[here] >= 0]
            here = np.concatenate([low[here], high[here]])
        inner = reached & (low >= 0)
        leaf = reached & (low < 0)
        number = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(leaf) - 1))
        decision = np.where(np.asarray(missing_left, bool), _NAN_LEFT, _NAN_RIGHT)
        bitset = np.full(len(low), -1, np.int64)
        features, goes_left = np.asarray(feature, np.int64), np.asarray(missing_left, bool)
        for node, (chosen, to_left) in (categories or {}).items():
            if not inner[node]:
                continue
            # the layout sends the set to the left; what is missing has a number of its own, so that it may be in the set
            every = [*chosen, *([self.missing_of[int(features[node])]] if goes_left[node] == to_left else [])]
            words = np.zeros(max(every, default=0) // 32 + 1, np.uint32)
            for category in every:
                words[category // 32] |= np.uint32(1 << (category % 32))
            decision[node], bitset[node] = _CATEGORY, len(self.sets)
            self.sets.append(words)
            if not to_left:
                low[node], high[node] = high[node], low[node]
        self.trees.append(
            {
                "split_feature": features[inner],
                "left_child": number[low[inner]],
                "right_child": number[high[inner]],
                "decision_type": decision[inner].astype(np.int64),
                "threshold": np.asarray(threshold, np.float64)[inner],
                "bitset": bitset[inner],
                "internal_count": np.asarray(cover, np.float64)[inner],
                "leaf_value": np.asarray(value, np.float64)[leaf],
                "leaf_count": np.asarray(cover, np.float64)[leaf],
            }
        )

    def forest(self, **known: Any) -> Forest:
        """Return the forest of all trees added."""
        whole = ("split_feature", "left_child", "right_child", "decision_type", "bitset")
        reals = ("threshold", "internal_count", "leaf_value", "leaf_count")
        arrays: dict[str, Any] = {
            name: np.concatenate([np.empty(0, np.int64 if name in whole else np.float64), *(tree[name] for tree in self.trees)])
            for name in (*whole, *reals)
        }
        sizes = [len(words) for words in self.sets]
        defaults: dict[str, Any] = {"feature_names": None, "offset": 0.0, "link": "score", "scale": 1.0, "single": False}
        defaults |= {"missing": True, "levels": {}, "transform": None}
        return Forest(
            **(defaults | known),
            categories=dict(self.missing_of),
            node_start=np.concatenate([[0], np.cumsum([len(tree["threshold"]) for tree in self.trees])]).astype(np.int64),
            leaf_start=np.concatenate([[0], np.cumsum([len(tree["leaf_value"]) for tree in self.trees])]).astype(np.int64),
            bitset_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            bitset_words=np.concatenate([np.empty(0, np.uint32), *self.sets]),
            **arrays,
        )
