"""Exact SHAP values of boosted trees and forests at about the cost of scoring them, by tables over leaf patterns.

The contribution of a leaf to a row depends on the row only through which of the leaf's path features the row satisfies. So each row is
binned once against the model's thresholds, neighbouring leaves share a table indexed by the bins, and explaining is a look-up and an
addition. Leaves too deep for a table are summed by quadrature. ``docs/algorithm.md`` derives it. Longer than most modules
because laying out, choosing, filling and looking up are one algorithm.

An example: a leaf of value 1 is reached by rows with "x <= 3" and "y <= 5", and half of the training rows pass each of the two. On average
the leaf gives 1/4. Its table has four cells. A row that passes both conditions gets 3/8 for x and 3/8 for y, and 1/4 + 3/8 + 3/8 is the 1
that the leaf gives it. A row that passes the one of x alone gets 1/8 for x and -3/8 for y, and 1/4 + 1/8 - 3/8 = 0.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from churnpredict.errors import MismatchError, ModelFileError, UsageError
from churnpredict.explanation.block_sums import FEW_TARGETS, Room, explain_each
from churnpredict.explanation.booster_columns import BoosterColumns
from churnpredict.explanation.code_steps import codes_of_changes, steps_of
from churnpredict.explanation.leaf_layout import BLOCK, CHUNK, UnsupportedError, beta_weights, gauss_legendre, lay_out
from churnpredict.explanation.readers.find_reader import read_forest
from churnpredict.explanation.readers.forest import Forest
from churnpredict.model.boosters import load_booster, score
from churnpredict.model.codes import TreeCodes
from churnpredict.model.encoding import as_frame
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, TreeModel, read_trees
from churnpredict.number_checks import check_whole_number, is_whole_number
from churnpredict.signatures import Estimator
from churnpredict.threads import thread_count

if TYPE_CHECKING:
    from churnpredict.explanation.interactions import PairPlan, PairTables

__all__ = ["Tables", "TreeShap"]

FEW_ROWS = 150
"""Up to this many rows ``pred_contrib`` explains: building pays from about 80 rows on, and loading numba costs as much."""

DEEPEST_FOR_LIGHTGBM = 24
"""Beyond about this depth the recursion behind ``pred_contrib`` loses digits: it is off by 1e-11 at 25 features on a path, by 5 % at 60."""

MOST_CELLS = 512
MOST_FEATURES = 9  # a feature has two classes or more: 2**9 cells
CELL_COST = 2e-5  # of building a cell, in units of one look-up for one row, spread over 50,000 rows
PAIR_CELLS = 1 << 23  # numbers of a block of matrices: 64 MB

_log = logging.getLogger("churnpredict")


def _numbers_of(frame: Any) -> NDArray[np.float64]:
    """Return the numbers of a frame for trees that do not know names or categories."""
    other = [str(c) for c in frame.columns if not (is_numeric_dtype(frame[c]) or is_bool_dtype(frame[c]))]
    if other:
        raise MismatchError(
            "other-categories",
            f"{len(other)} columns are not numbers, and the model's text does not say which number stands for which value",
            column=other[0],
            remedy="Give the lightgbm.Booster itself, or the places of the categories in its list as numbers.",
        )
    return np.asarray(frame.to_numpy(np.float64, na_value=np.nan))


class TreeShap:
    """Exact SHAP values and interaction values of a model made of trees, from tables that are built once.

    Parameters
    ----------
    model : lightgbm.Booster, str, bytes, TreeModel; or a model of XGBoost, CatBoost or scikit-learn
        Any LightGBM model with one score per row, also one trained elsewhere, with any objective, boosting and missing type;
        an ``xgboost.Booster`` (gbtree, dart) or an estimator that holds one; a CatBoost model with symmetric trees on numbers; trees,
        forests, gradient boosting and histogram boosting of scikit-learn. Those of two classes or one number: of a forest and a tree
        the probability of the second class is explained, of all others the raw score.
    background : (n_background, n_features) array-like, optional
        Reference rows. Without them the values are path-dependent (what ``pred_contrib`` gives); with them interventional: the mean
        over the reference of the game in which absent features take the reference row's values. Building costs time in proportion to
        the reference, explaining does not.
    n_jobs : int, default 1
        Threads; the result does not depend on it, to the last bit.
    few_rows : int, optional
        Up to this many rows of a call are left to LightGBM where its recursion is exact (trees of moderate depth), whether tables are
        built or not: what a call returns does not depend, to the last bit, on the calls before it. Default: :data:`FEW_ROWS`.

    Attributes
    ----------
    n_features : int
    expected_value : float
        Mean raw score: over the training rows, by the covers stored in the trees, or over the background.
    base : str
        Which rows the expected value is the mean of. Without a background libraries mean three things by it: LightGBM and histogram
        boosting count training rows without weights, CatBoost and scikit-learn's trees with their weights, XGBoost weights them by the
        Hessian of the loss. After ``refit`` LightGBM still counts the rows of the first training: give a background.

    Raises
    ------
    ModelFileError
        The model is damaged, or of a kind that has no exact values: linear leaves, linear boosters, more than one score per row,
        trees of CatBoost that are not symmetric or split on categories (``model-unsupported``).
    MismatchError
        The rows do not have the model's number of columns.

    Notes
    -----
    Where no training row reached a node, LightGBM divides zero by zero; here both of its sides count as equally likely.
    Of a forest of LightGBM (``boosting="rf"``) the raw score is the sum over the trees, though it predicts from their mean; these values
    add up to the sum, as ``pred_contrib`` does, and :func:`churnpredict.explain` divides them.

    References
    ----------
    Lundberg, Erion, Chen et al. (2020), From local explanations to global understanding with explainable AI for trees, Nature Machine
    Intelligence 2, algorithms 2 and 3. Yang (2021), Fast TreeSHAP, arXiv:2109.09847 (tables over patterns).

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> A = rng.normal(size=(500, 3))
    >>> train = lightgbm.Dataset(A, A[:, 0] + A[:, 1] > 0)
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1}, train, 5)
    >>> phi, expected = TreeShap(booster).shap_values(A)
    >>> bool(np.allclose(phi.sum(axis=1) + expected, booster.predict(A, raw_score=True)))
    True
    """

    def __init__(self, model: Estimator, background: ArrayLike | None = None, *, n_jobs: int = 1, few_rows: int | None = None) -> None:
        if not is_whole_number(n_jobs) or n_jobs < 1:
            raise UsageError("bad-n-jobs", f"n_jobs is {n_jobs!r:.40}", remedy="Give the number of threads, 1 or more.")
        self.n_jobs = int(n_jobs)
        self._few_rows = FEW_ROWS if few_rows is None else few_rows
        booster: Any = model if hasattr(model, "predict") else None
        self._tables: Tables | None = None
        self._pairs: PairTables | None = None
        self._why_not = ""
        self._background: NDArray[np.float64] | None = None
        self._forest = model if isinstance(model, Forest) else read_forest(model)
        if self._forest is None and hasattr(model, "booster_"):
            model = booster = model.booster_
        self._columns = BoosterColumns(booster) if self._forest is None and hasattr(booster, "pandas_categorical") else None
        try:
            self._trees: TreeModel | Forest | None = self._forest
            if self._trees is None:
                self._trees = model if isinstance(model, TreeModel) else read_trees(model, EXPLAINABLE_OBJECTIVES)
        except ModelFileError as error:
            # LightGBM may still explain a model that is only of another version or size
            if booster is None or background is not None or error.code not in ("model-version", "model-too-large"):
                raise
            self._trees, self._why_not = None, error.what
        # The trees are enough to rebuild the booster, so do not keep the caller's alive
        self._booster: Any = booster if self._trees is None else None
        self._borrowed = None if booster is None or self._forest is not None else weakref.ref(booster)
        self.n_features: int = self._trees.n_features if self._trees is not None else cast(Any, self._booster).num_feature()
        self._is_deep = isinstance(self._trees, TreeModel) and self._trees.depth() > DEEPEST_FOR_LIGHTGBM
        self.base = "the background" if background is not None else "the training rows, counted without weights"
        if background is None and self._forest is not None:
            self.base = self._forest.base
        if background is not None:
            self._background = self._matrix(background)
            if not len(self._background):
                raise UsageError("empty-background", "the background has no rows", remedy="Give at least one reference row.")
            try:
                self._build()
            except UnsupportedError as why:
                raise ModelFileError("model-unsupported", str(why), remedy="Explain it without a background.") from why

    @property
    def expected_value(self) -> float:
        """Mean raw score: a row's values and it add up to the row's raw score."""
        if self._left_to_lightgbm(self._few_rows + 1):
            return float(self._contributions(np.zeros((1, self.n_features)), 1)[0, -1])
        return float(self._build().expected)

    def shap_values(
        self,
        A: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        out: NDArray[np.float64] | None = None,
        n_jobs: int | None = None,
        few_rows: int | None = None,
    ) -> tuple[NDArray[np.float64], float]:
        """Explain the raw score of every row.

        Parameters
        ----------
        A : (n, n_features) array-like
            Rows: NaN is missing. Columns of a frame are taken by the names of the booster, and categories by its own list; in a matrix
            categories are their places in that list. Read in blocks.
        groups : (n_features,) array of int, optional
            The number of each feature's group (its driver), 0 up; values of a group are summed without the matrix of all features.
        out : (n, n_features or n_groups) float64 array, optional
            Written to and returned, a memory map for example. Default: a new array.
        n_jobs, few_rows : int, optional
            Override the settings of the object for this call.

        Returns
        -------
        phi : (n, n_features or n_groups) float64
            In the unit of the raw score. ``phi.sum(axis=1) + expected_value`` is the raw score.
        expected_value : float
        """
        rows = self._rows(A)
        target = self._target(groups)
        width = self.n_features if target is None else int(target.max()) + 1
        if out is None:
            out = np.empty((len(rows), width))
        elif out.shape != (len(rows), width) or out.dtype != np.float64 or not out.flags.c_contiguous or not out.flags.writeable:
            raise UsageError(
                "bad-out", f"out is not a writeable C-ordered float64 array of shape {(len(rows), width)}", remedy="Leave out out=."
            )
        threads = thread_count(self.n_jobs if n_jobs is None else n_jobs)
        if self._left_to_lightgbm(len(rows), few_rows):
            expected = np.nan if len(rows) else self.expected_value
            for begin, phi, expected in self._by_lightgbm(rows, target, width, threads):  # noqa: B007
                out[begin : begin + len(phi)] = phi
            return out, expected
        for _ in self._by_tables(rows, target, out, threads):
            pass  # each block writes its own rows
        return out, self._build().expected

    def iter_blocks(self, A: ArrayLike, *, groups: ArrayLike | None = None) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Explain block after block, for more rows than fit into memory with their values.

        Yields
        ------
        rows : slice
        phi : (n_block, n_features or n_groups) float64
            Of these rows; a new array each time.
        """
        rows = self._rows(A)
        target = self._target(groups)
        threads = thread_count(self.n_jobs)
        if self._left_to_lightgbm(len(rows)):
            width = self.n_features if target is None else int(target.max()) + 1
            for begin, phi, _ in self._by_lightgbm(rows, target, width, threads):
                yield slice(begin, begin + len(phi)), phi
            return
        for begin, phi in self._by_tables(rows, target, None, threads):
            yield slice(begin, begin + len(phi)), phi

    def interaction_values(
        self, A: ArrayLike, *, groups: ArrayLike | None = None, out: NDArray[np.float64] | None = None, n_jobs: int | None = None
    ) -> tuple[NDArray[np.float64], float]:
        """Explain the raw score of every row by features and by pairs of features: exact SHAP interaction values.

        Parameters
        ----------
        A : (n, n_features) array-like
        groups : (n_features,) array of int, optional
            As in :meth:`shap_values`. A pair of groups sums the pairs of their features.
        out : (n, n_features, n_features) or (n, n_groups, n_groups) float64 array, optional
            Written to and returned. 100 features take 80 kB a row: see :meth:`iter_interactions` and :meth:`top_pairs` for many rows.
        n_jobs : int, optional

        Returns
        -------
        values : (n, n_features, n_features) or (n, n_groups, n_groups) float64
            Symmetric; half a pair's interaction on either side of the diagonal. A row of a matrix sums to the feature's SHAP value.
        expected_value : float
        """
        rows = self._rows(A)
        plan = self.pair_plan(self._target(groups))
        shape = (len(rows), plan.width, plan.width)
        if out is None:
            out = np.empty(shape)
        elif out.shape != shape or out.dtype != np.float64 or not out.flags.c_contiguous or not out.flags.writeable:
            raise UsageError("bad-out", f"out is not a writeable C-ordered float64 array of shape {shape}", remedy="Leave out out=.")
        plan.matrices(rows, out, thread_count(self.n_jobs if n_jobs is None else n_jobs))
        return out, self._build_pairs().expected

    def iter_interactions(self, A: ArrayLike, *, groups: ArrayLike | None = None) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield interaction values block after block, for more rows than fit into memory with their matrices.

        Yields
        ------
        rows : slice
        values : (n_block, n_features, n_features) or (n_block, n_groups, n_groups) float64
            Of these rows; a new array each time, of about 64 MB.
        """
        rows = self._rows(A)
        plan = self.pair_plan(self._target(groups))
        step = max(1, PAIR_CELLS // plan.width**2)
        for begin in range(0, len(rows), step):
            part = rows[begin : begin + step]
            out = np.empty((len(part), plan.width, plan.width))
            plan.matrices(part, out, thread_count(self.n_jobs))
            yield slice(begin, begin + len(part)), out

    def top_pairs(self, A: ArrayLike, k: int, *, groups: ArrayLike | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the ``k`` pairs with the largest mean magnitude over the rows, and their values; all pairs are never held at once.

        ``groups`` are as for :meth:`interaction_values`.

        Returns
        -------
        pairs : (k, 2) int64
            Features (or groups), the smaller one first, the strongest pair first; fewer where fewer are on a path.
        values : (n, k) float64
            As in the matrices: half of the interaction.
        """
        k = check_whole_number(k, "k", least=1, what="a whole number of pairs")
        rows, target, threads = self._rows(A), self._target(groups), thread_count(self.n_jobs)
        plan = self.pair_plan(target)
        best = np.argsort(-plan.strength(rows, threads), kind="stable")[:k]
        chosen = plan.first[best], plan.second[best]
        return np.column_stack(chosen), self.pair_plan(target, chosen).columns(rows, threads)[1]

    def pair_plan(
        self, target: NDArray[np.int64] | None = None, only: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
    ) -> PairPlan:
        """Return tables of pairs of features, or of groups of features: all or some (:mod:`churnpredict.explanation.interactions`)."""
        return self._build_pairs().plan(target, only)

    # -- rows in, blocks out ----------------------------------------------------------------------------------------------------------

    def _rows(self, A: ArrayLike) -> Any:
        if self._forest is not None:
            return self._forest.rows(A)
        rows: Any = A if hasattr(A, "shape") else np.asarray(A, np.float64)
        frame = as_frame(A)
        if frame is not None and self._columns is not None:
            rows = self._columns.encode(frame)
        elif frame is not None:
            rows = _numbers_of(frame)
        if len(rows.shape) != 2 or rows.shape[1] != self.n_features:
            raise MismatchError(
                "column-count", f"the rows have shape {tuple(rows.shape)}, the model has {self.n_features} columns",
                remedy="Give the encoded matrix that the model scores.",
            )  # fmt: skip
        if frame is None and self._columns is not None:
            self._columns.check_codes(rows)
        return rows

    def _matrix(self, A: ArrayLike) -> NDArray[np.float64]:
        return np.ascontiguousarray(self._rows(A), np.float64)

    def _target(self, groups: ArrayLike | None) -> NDArray[np.int64] | None:
        if groups is None:
            return None
        target = np.asarray(groups)
        if target.shape != (self.n_features,) or not np.issubdtype(target.dtype, np.integer) or target.min() < 0:
            raise UsageError("bad-groups", "groups is not one number from 0 up per feature", remedy="Number the groups 0, 1, 2, ...")
        return target.astype(np.int64)

    def _by_lightgbm(
        self, rows: Any, target: NDArray[np.int64] | None, width: int, n_jobs: int
    ) -> Iterator[tuple[int, NDArray[np.float64], float]]:
        """Yield begin, values and expected value of one chunk after the other."""
        for begin in range(0, len(rows), CHUNK):
            phi = self._contributions(np.ascontiguousarray(rows[begin : begin + CHUNK], np.float64), n_jobs)
            yield begin, phi[:, :-1].copy() if target is None else _summed(phi[:, :-1], target, width), float(phi[0, -1])

    def _by_tables(
        self, rows: Any, target: NDArray[np.int64] | None, out: NDArray[np.float64] | None, n_jobs: int
    ) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Begin and values of one chunk after the other, in order; written into ``out`` where given."""
        n = len(rows)
        width = self.n_features if target is None else int(target.max()) + 1
        explain = self._build().explain(target)
        # chunks are small enough for bounded memory, and for every thread to have some
        chunk = min(CHUNK, max(BLOCK, -(-n // (2 * n_jobs * BLOCK)) * BLOCK))

        def one(begin: int) -> tuple[int, NDArray[np.float64]]:
            part = np.require(rows[begin : begin + chunk], np.float64, ["C", "W"])  # one form, one compiled signature
            phi = np.empty((len(part), width)) if out is None else out[begin : begin + len(part)]
            explain(part, phi)
            return begin, phi

        starts = range(0, n, chunk)
        if n_jobs == 1 or len(starts) < 2:
            yield from map(one, starts)
            return
        with ThreadPoolExecutor(n_jobs) as pool:
            ahead = 2 * n_jobs  # chunks in flight: memory stays bounded when the reader is slow
            waiting = [pool.submit(one, begin) for begin in starts[:ahead]]
            for begin in [*starts[ahead:], *([None] * len(waiting))]:
                done = waiting.pop(0).result()
                if begin is not None:
                    waiting.append(pool.submit(one, begin))
                yield done

    # -- tables, or LightGBM's own ----------------------------------------------------------------------------------------------------

    def _left_to_lightgbm(self, n: int, few_rows: int | None = None) -> bool:
        """Return whether ``n`` rows are explained by ``pred_contrib``; said in the log."""
        why = self._why_not or (f"building tables does not pay for {n} rows" if self._are_few(n, few_rows) else "")
        if not why:
            try:
                self._build()
            except UnsupportedError as error:
                if self._is_deep or self._forest is not None:
                    raise ModelFileError("model-unsupported", str(error), remedy="Train with max_depth=.") from error
                why = self._why_not = str(error)
        if why:
            _log.debug("explained by pred_contrib: %s", why)
        return bool(why)

    def _are_few(self, n: int, few_rows: int | None) -> bool:
        few = -1 if self._background is not None or self._forest is not None else self._few_rows if few_rows is None else few_rows
        return n <= few and not self._is_deep

    def trees_for(self, n: int, few_rows: int | None = None) -> TreeModel | None:
        """Return LightGBM's trees without a background, if ``n`` rows are enough for tables: what models of the same rows can share."""
        is_shared = isinstance(self._trees, TreeModel) and self._background is None and not self._why_not
        return self._trees if is_shared and not self._are_few(n, few_rows) else None  # type: ignore[return-value]

    def _contributions(self, A: NDArray[np.float64], n_jobs: int) -> NDArray[np.float64]:
        booster = self._booster if self._borrowed is None else self._borrowed() or self._booster
        if booster is None:
            assert isinstance(self._trees, TreeModel)
            booster = self._booster = load_booster(self._trees.to_text())
        return score(booster, A, n_jobs=n_jobs, contributions=True)

    def _build_pairs(self) -> PairTables:
        if self._pairs is None:
            from churnpredict.explanation.interactions import PairTables

            if self._trees is None:
                raise ModelFileError("model-unsupported", self._why_not, remedy="Save the model with LightGBM 4, then read it again.")
            try:
                self._pairs = PairTables(self._trees, self._background)
            except UnsupportedError as why:
                raise ModelFileError("model-unsupported", str(why), remedy="Explain it without pairs.") from why
        return self._pairs

    def _build(self) -> Tables:
        if self._tables is None:
            assert self._trees is not None
            self._tables = Tables(self._trees, self._background)
        return self._tables


def _summed(phi: NDArray[np.float64], target: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    total = np.zeros((len(phi), width))
    np.add.at(total.T, target, phi.T)
    return total


class Tables:
    """The tables of one model: arrays for the kernels that add up what rows find in them, and the expected value.

    ``has_scores``: whether each tree lies in tables as a whole. The leaf of a row is then known with its cell, and so is the raw score.
    """

    def __init__(self, trees: TreeModel | Forest, background: NDArray[np.float64] | None, codes: TreeCodes | None = None) -> None:
        from churnpredict.explanation import column_kernels, deep_kernels, table_kernels

        self._kernels = column_kernels
        self._add_deep = deep_kernels.add_deep
        self._n_features = trees.n_features
        layout = lay_out(trees, background, MOST_CELLS, MOST_FEATURES, CELL_COST, codes)
        self.codes, values, reference = layout.codes, layout.values, layout.reference
        entry_start, entry_slot, entry_q, entry_ok, ok, slot_feature, _, slot_codes, code_class = layout.leaves
        nodes, weights = gauss_legendre(layout.deepest)
        self._beta = beta_weights(layout.deepest)
        self._interventional = background is not None
        *look, self._cells, self._table_start, self._table, leaf_start, leaf_of_cell, shared = table_kernels.fill_tables(
            layout.begins, layout.ends, values, *layout.leaves, MOST_FEATURES, nodes, weights, reference, self._beta,
        )  # fmt: skip
        self._column_start, self._column_feature, lookup_start, lookup = look
        self._find = *look, *steps_of(self._column_start, lookup_start, lookup), self._cells, leaf_start, leaf_of_cell
        deep_leaves = layout.deep
        self.has_scores = not len(deep_leaves) and isinstance(trees, TreeModel) and bool((np.diff(trees.leaf_start) > 1).all())
        self._deep_value = values[deep_leaves]
        start, feature, q, *deep, alone = deep_kernels.fill_deep(
            deep_leaves, values, entry_start, entry_slot, entry_q, entry_ok, ok, slot_feature, slot_codes, code_class, reference
        )
        few = slice(0, 0 if self._interventional else len(deep_leaves))
        parts = deep_kernels.fill_parts(self._deep_value[few], start[: few.stop + 1], q, nodes, weights)
        self._deep = start, feature, *deep, *parts, *codes_of_changes(deep[0], deep[1])
        self.expected = layout.constant + shared + alone
        self._merged: tuple[bytes, tuple[NDArray[Any], ...]] | None = None

    def explain(self, target: NDArray[np.int64] | None) -> Any:
        """Return a function of (rows, out) that explains rows, per feature or per group of features."""
        adder = self.adder(target)
        return lambda rows, out: explain_each(self.codes, [adder], rows, [out])

    def adder(self, target: NDArray[np.int64] | None) -> Any:
        """Return a function of (codes, room, scores) that writes the values of rows (n_targets, at least n) into the sums of the room, and
        their raw scores into ``scores`` (n,), unless it is empty.
        """
        features = self.codes.features
        if target is None:
            goal, n_targets = features, self._n_features
            tables: tuple[NDArray[Any], ...] = self._column_start, features[self._column_feature], self._table_start, self._table  # pyright: ignore[reportArgumentType]
        else:
            goal, n_targets = target[features], int(target.max()) + 1
            key = goal.tobytes()
            merged = self._merged  # read once: another thread may put the tables of other groups in its place
            if merged is None or merged[0] != key:
                columns = self._column_start, self._column_feature, self._cells, self._table_start, self._table
                self._merged = merged = key, self._kernels.merge_columns(*columns, goal)
            tables = merged[1]
        # targets of many groups share a quad: the others are in few groups, and those have less to add
        groups_of = np.bincount(tables[1], minlength=n_targets)
        lane_of = 1 + np.argsort(np.argsort(-groups_of, kind="stable"), kind="stable")

        def add(codes: NDArray[np.uint16], room: Room, scores: NDArray[np.float64]) -> None:
            rows, sums = codes.shape[1], room.sums
            if n_targets <= FEW_TARGETS:
                space = room.for_few(rows, n_targets, int(self._cells.max(initial=0)))
                self._kernels.add_few(codes, sums, scores, *space, *self._find, *tables, lane_of)
            else:
                self._kernels.add_many(codes, sums, scores, room.cell(rows), *self._find, *tables)
            if len(self._deep_value):
                self._add_deep(codes, rows, self._deep_value, *self._deep, goal, self._beta, self._interventional, sums)

        return add
