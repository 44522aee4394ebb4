"""Parse and validate a LightGBM model before LightGBM reads it.

LightGBM trusts its text format: a damaged file causes a crash, an endless loop or a different model instead of an error. So a file is read
here first, strictly: every key in the order in which LightGBM 4 writes them, every length, every range, every node reached exactly once
from a parent that comes before it, every number finite. A model that passes is kept as flat arrays, and :meth:`TreeModel.to_text` gives the
same trees under a new header without values that may be private (minima and maxima, category strings, training parameters).

Longer than most modules because the format is checked key by key in one place.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from churnpredict.errors import ModelFileError
from churnpredict.model.boosters import model_text

__all__ = ["EXPLAINABLE_OBJECTIVES", "SCORING_OBJECTIVES", "ZERO_THRESHOLD", "TreeModel", "read_trees"]

SCORING_OBJECTIVES = frozenset({"binary"})
"""Objectives that a churn model may have."""

EXPLAINABLE_OBJECTIVES = SCORING_OBJECTIVES | {
    "cross_entropy", "cross_entropy_lambda", "fair", "gamma", "huber", "lambdarank", "mape", "poisson", "quantile", "rank_xendcg",
    "regression", "regression_l1", "tweedie", "",
}  # fmt: skip
"""Objectives whose raw score is one sum over trees, so that it can be read and explained; ``""`` is a user's own objective."""

ZERO_THRESHOLD = float(np.float32(1e-35))
"""LightGBM treats magnitudes up to this as zero."""

MAX_BYTES = 1 << 30
MAX_TREES = 1 << 17
MAX_FEATURES = 1 << 20
MAX_LEAVES = 1 << 17  # LightGBM's own limit for num_leaves

_CATEGORICAL_BIT = 1
_NUMERIC_DECISIONS = (0, 2, 4, 6, 8, 10)
_CATEGORICAL_DECISIONS = (1, 5, 9)
_DECISION_IS_KNOWN = np.isin(np.arange(256), _NUMERIC_DECISIONS + _CATEGORICAL_DECISIONS)

_TREE_KEYS = (
    "Tree", "num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
    "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count",
)  # fmt: skip
_CATEGORY_KEYS = ("cat_boundaries", "cat_threshold")
# Each group ends at the line end that it cannot contain: one way to match, linear time. The parser of numbers checks the contents.
_TREE = re.compile(
    b"".join(key.encode() + (b"=([0-9]{1,10})\n" if key in ("Tree", "num_leaves", "num_cat") else b"=([^\n]*)\n") for key in _TREE_KEYS)
    + rb"(?:cat_boundaries=([^\n]*)\ncat_threshold=([^\n]*)\n)?is_linear=0\nshrinkage=([^\n]*)\n\n\n"
)
_GROUPS = (*_TREE_KEYS, *_CATEGORY_KEYS, "shrinkage")
_NODE_FLOATS = ("split_gain", "threshold", "internal_value", "internal_weight")
_LEAF_FLOATS = ("leaf_value", "leaf_weight")
_NODE_INTS = ("split_feature", "decision_type", "left_child", "right_child", "internal_count")
_LEAF_INTS = ("leaf_count",)
_HEADER_KEYS = frozenset(
    {"version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective", "average_output", "feature_names",
     "monotone_constraints", "feature_infos", "tree_sizes"}
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class TreeModel:
    """The trees of one model as flat arrays, tree after tree.

    Nodes of tree ``t`` are ``node_start[t]:node_start[t + 1]``, its leaves ``leaf_start[t]:leaf_start[t + 1]``. A child is the number of
    a node within its tree, or ``~leaf``.

    Attributes
    ----------
    objective : str
        As LightGBM writes it, such as ``"binary sigmoid:1"``; empty for a user's own.
    feature_names : tuple of str
    average_output : bool
        Random forests: the raw score is the sum over trees as usual, the probability comes from the mean.
    node_start, leaf_start : (n_trees + 1,) int64
    split_feature, left_child, right_child : (n_nodes,) int64
    decision_type : (n_nodes,) int64
        Bit 0 categorical, bit 1 missing goes left, bits 2 and 3 what is missing: 0 nothing, 1 zero, 2 NaN.
    threshold : (n_nodes,) float64
        Values up to it go left.
    bitset : (n_nodes,) int64
        Which bitset of categories goes left, -1 for a numeric split.
    bitset_start : (n_bitsets + 1,) int64
    bitset_words : (n_words,) uint32
    internal_count : (n_nodes,) int64
    leaf_value : (n_leaves,) float64
    leaf_count : (n_leaves,) int64
    """

    objective: str
    feature_names: tuple[str, ...]
    average_output: bool
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
    internal_count: NDArray[np.int64]
    leaf_value: NDArray[np.float64]
    leaf_count: NDArray[np.int64]
    blocks: bytes = field(repr=False)
    block_sizes: tuple[int, ...] = field(repr=False)

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.block_sizes)

    @property
    def n_features(self) -> int:
        """Number of columns of the matrix that the model scores."""
        return len(self.feature_names)

    def depth(self) -> int:
        """Return the longest way from a root to a leaf, in splits."""
        here = self.node_start[:-1][np.diff(self.node_start) > 0]
        tree = np.flatnonzero(np.diff(self.node_start) > 0)
        levels = 0
        while len(here):
            levels += 1
            child = np.concatenate([self.left_child[here], self.right_child[here]])
            tree = np.concatenate([tree, tree])[child >= 0]
            here = child[child >= 0] + self.node_start[tree]
        return levels

    def to_text(self) -> str:
        """Return the model as text for LightGBM: same trees, same scores; no minima, maxima, category strings or parameters.

        Returns
        -------
        str
            What ``lightgbm.Booster(model_str=...)`` reads.
        """
        head = ["tree", "version=v4", "num_class=1", "num_tree_per_iteration=1", "label_index=0", f"max_feature_idx={self.n_features - 1}"]
        if self.objective:
            head.append(f"objective={self.objective}")
        if self.average_output:
            head.append("average_output")
        head += [
            f"feature_names={' '.join(self.feature_names)}",
            f"feature_infos={' '.join(['none'] * self.n_features)}",
            f"tree_sizes={' '.join(map(str, self.block_sizes))}",
        ]
        return b"".join([("\n".join(head) + "\n\n").encode(), self.blocks, b"end of trees\n\n"]).decode()


def read_trees(source: Any, objectives: Collection[str] = SCORING_OBJECTIVES) -> TreeModel:
    """Read and check a LightGBM model.

    Parameters
    ----------
    source : str, bytes or lightgbm.Booster
        The text that ``Booster.model_to_string`` gives (LightGBM 4), or the booster.
    objectives : collection of str
        Objectives to accept: :data:`SCORING_OBJECTIVES` by default, :data:`EXPLAINABLE_OBJECTIVES` to explain a model of another kind.

    Returns
    -------
    TreeModel

    Raises
    ------
    ModelFileError
        The text is damaged, of another version, or of a kind that cannot be read; the message says what and in which tree.

    Examples
    --------
    >>> from churnpredict.model.trees import read_trees
    >>> read_trees("not a model")
    Traceback (most recent call last):
        ...
    churnpredict.errors.ModelFileError: the model text does not begin with a LightGBM header. ... [model-format]
    """
    if hasattr(source, "model_to_string"):
        source = model_text(source)
    if not isinstance(source, (str, bytes)):
        _refuse("model-format", f"a model is text, bytes or a lightgbm.Booster, not {type(source).__name__}")
    if len(source) > MAX_BYTES:
        _refuse("model-too-large", f"the model text has more than {MAX_BYTES >> 20} MiB")
    try:
        data = source.encode("utf-8") if isinstance(source, str) else source
    except UnicodeEncodeError:
        _refuse("model-encoding", "the model text is not valid Unicode")
    if not data.startswith(b"tree\n"):
        _refuse("model-format", "the model text does not begin with a LightGBM header")
    end_of_head = data.find(b"\n\n")
    if end_of_head < 0:
        _refuse("model-truncated", "the model text ends inside its header")
    head = _read_header(data[:end_of_head], objectives)
    return _read_blocks(head, data, end_of_head + 2)


def _refuse(code: str, what: str) -> NoReturn:
    raise ModelFileError(code, what, remedy="Take the file from a backup, or train and save the model again.")


@dataclass(frozen=True)
class _Header:
    objective: str
    feature_names: tuple[str, ...]
    average_output: bool
    tree_sizes: tuple[int, ...]


def _read_header(raw: bytes, objectives: Collection[str]) -> _Header:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("model-encoding", "the header is not UTF-8")
    values: dict[str, str] = {}
    for line in text.split("\n")[1:]:
        key, _, value = line.partition("=")
        if key not in _HEADER_KEYS or key in values:
            _refuse("model-header", "a header line is unknown or comes twice")
        values[key] = value
    missing = sorted(_HEADER_KEYS - {"objective", "average_output", "monotone_constraints"} - values.keys())
    if missing:
        _refuse("model-header", f"the header has no {missing[0]}")
    _check_kind(values, objectives)
    n_features = _small_int(values["max_feature_idx"], MAX_FEATURES - 1, "max_feature_idx") + 1
    names = tuple(values["feature_names"].split(" "))
    if len(names) != n_features or len(values["feature_infos"].split(" ")) != n_features:
        _refuse("model-header", "feature_names or feature_infos do not have max_feature_idx + 1 entries")
    if not all(name and name.isprintable() for name in names):
        _refuse("model-header", "a feature name is empty or not printable")
    sizes = values["tree_sizes"].split(" ") if values["tree_sizes"] else []
    if len(sizes) > MAX_TREES:
        _refuse("model-too-large", f"the model has more than {MAX_TREES:,} trees")
    sizes_of = tuple(_small_int(size, MAX_BYTES, "tree_sizes") for size in sizes)
    return _Header(values.get("objective", ""), names, "average_output" in values, sizes_of)


def _check_kind(values: dict[str, str], objectives: Collection[str]) -> None:
    """Refuse a version, number of scores or objective that cannot be read."""
    if values["version"] != "v4":
        _refuse("model-version", "the model was not written by LightGBM 4")
    if values["num_class"] != "1" or values["num_tree_per_iteration"] != "1":
        _refuse("model-objective", "the model has more than one score per row")
    if values["label_index"] != "0" or values.get("average_output", "") != "":
        _refuse("model-header", "label_index or average_output is not as LightGBM writes it")
    name, *options = values.get("objective", "").split(" ")
    if name not in objectives:
        _refuse("model-objective", "the objective of the model is not one of " + ", ".join(sorted(o or "(own)" for o in objectives)))
    if name == "binary" and options != ["sigmoid:1"]:
        _refuse("model-objective", "the model is binary, but not with sigmoid:1")
    if not all(option.isascii() and option.isprintable() for option in options):
        _refuse("model-objective", "the options of the objective cannot be read")


def _small_int(token: str, largest: int, what: str) -> int:
    if not (token.isascii() and token.isdigit() and len(token) <= 10 and int(token) <= largest):
        _refuse("model-number", f"{what} is not a whole number from 0 to {largest:,}")
    return int(token)


def _read_blocks(head: _Header, data: bytes, begin: int) -> TreeModel:
    """Cut the text into trees, then check all numbers of all trees at once."""
    position = begin
    rows: list[tuple[bytes | None, ...]] = []
    for number, size in enumerate(head.tree_sizes):
        match = _TREE.fullmatch(data, position, position + size)
        if match is None:
            linear = data.find(b"\nis_linear=1\n", position, position + size) >= 0
            if linear:
                _refuse("model-linear", f"tree {number} has linear leaves, which have no exact explanation")
            _refuse("model-tree", f"tree {number} does not have the lines of a LightGBM tree")
        rows.append(match.groups())
        position += size
    if data[position : position + 13] != b"end of trees\n":
        _refuse("model-truncated", "the trees do not end where the header says")
    blocks = data[begin:position]
    if not blocks.isascii() or b"x" in blocks:  # Arrow reads 0x10 as 16, LightGBM as 0
        _refuse("model-number", "a number cannot be read")
    columns = dict(zip(_GROUPS, zip(*rows, strict=True) if rows else ((),) * len(_GROUPS), strict=True))
    if list(map(int, columns["Tree"])) != list(range(len(rows))):
        _refuse("model-tree", "the trees are not in order")
    leaves = np.array(list(map(int, columns["num_leaves"])), np.int64)
    sets = np.array(list(map(int, columns["num_cat"])), np.int64)
    if rows and (leaves.min() < 1 or leaves.max() > MAX_LEAVES or (sets >= leaves).any()):
        _refuse("model-range", f"num_leaves is not from 1 to {MAX_LEAVES:,}, or num_cat is too large")
    if any((text is None) != (n == 0) for text, n in zip(columns["cat_boundaries"], sets.tolist(), strict=True)):
        _refuse("model-tree", "a tree contradicts itself in num_cat")
    nodes = leaves - 1
    # a tree of one leaf may leave out its weight and its count
    own = {
        key: leaves - np.array([text == b"" for text in columns[key]], np.int64) * (leaves == 1) for key in ("leaf_weight", "leaf_count")
    }
    floats = _numbers(
        columns,  # pyright: ignore[reportArgumentType]
        {**dict.fromkeys(_NODE_FLOATS, nodes), "leaf_value": leaves, "leaf_weight": own["leaf_weight"], "shrinkage": np.ones_like(leaves)},
        "float64",
    )
    whole = {**dict.fromkeys(_NODE_INTS, nodes), "leaf_count": own["leaf_count"], **dict.fromkeys(_CATEGORY_KEYS)}
    ints = _numbers(columns, whole, "int64")  # pyright: ignore[reportArgumentType]
    if (own["leaf_count"] == 0).any():
        ints["leaf_count"] = np.insert(ints["leaf_count"], np.cumsum(own["leaf_count"])[own["leaf_count"] == 0], 0)
    if not (floats["shrinkage"] > 0).all():
        _refuse("model-range", "shrinkage is not above zero")
    node_start = np.concatenate([[0], np.cumsum(nodes)])
    leaf_start = np.concatenate([[0], np.cumsum(leaves)])
    _check_ranges(ints, len(head.feature_names))
    bitset, bitset_start = _check_categories(ints, floats["threshold"], sets, node_start)
    _check_structure(ints["left_child"], ints["right_child"], node_start, leaf_start)
    return TreeModel(
        head.objective, head.feature_names, head.average_output, node_start, leaf_start,
        ints["split_feature"], ints["left_child"], ints["right_child"], ints["decision_type"], floats["threshold"],
        bitset, bitset_start, ints["cat_threshold"].astype(np.uint32), ints["internal_count"], floats["leaf_value"], ints["leaf_count"],
        blocks, head.tree_sizes,
    )  # fmt: skip


def _numbers(
    columns: dict[str, tuple[bytes | None, ...]], want: dict[str, NDArray[np.int64] | None], dtype: str
) -> dict[str, NDArray[Any]]:
    """Return all numbers of several keys, and how many each tree has of each, in one pass through Arrow's parser.

    Arrow rounds correctly, refuses what is not a number, and is five times faster than Python here.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = {key: [text for text in columns[key] if text] for key in want}
    split = pc.split_pattern(pa.array([text for key in want for text in texts[key]], pa.string()), " ")
    try:
        flat = split.values.cast(dtype).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        _refuse("model-number", "a number cannot be read")
    offsets = split.offsets.to_numpy()
    numbers: dict[str, NDArray[Any]] = {}
    at = 0
    for key, counts in want.items():
        ends = offsets[at : at + len(texts[key]) + 1]
        at += len(texts[key])
        if counts is not None and not np.array_equal(np.diff(ends), counts[counts > 0]):
            _refuse("model-tree", f"a tree has too few or too many values of {key}")
        numbers[key] = flat[ends[0] : ends[-1]].copy()  # Arrow's own memory is read-only
        if dtype == "float64" and not np.isfinite(numbers[key]).all() and (key != "threshold" or not (numbers[key] > -np.inf).all()):
            _refuse("model-number", f"a value of {key} is not finite")
    return numbers


def _check_ranges(ints: dict[str, NDArray[Any]], n_features: int) -> None:
    largest = np.iinfo(np.int32).max
    for key, low, high in (
        ("split_feature", 0, n_features - 1),
        ("decision_type", 0, 255),
        ("internal_count", 0, largest),
        ("leaf_count", 0, largest),
    ):
        if ints[key].size and (ints[key].min() < low or ints[key].max() > high):
            _refuse("model-range", f"a value of {key} is not from {low} to {high:,}")
    if not _DECISION_IS_KNOWN[ints["decision_type"]].all():
        _refuse("model-range", "a decision_type is unknown")


def _check_categories(
    ints: dict[str, NDArray[Any]], threshold: NDArray[np.float64], n_bitsets: NDArray[np.int64], node_start: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Assign numbers to the category sets across all trees: each categorical node has exactly one, each set is used exactly once."""
    categorical = (ints["decision_type"] & _CATEGORICAL_BIT) == 1
    bitset = np.full(len(threshold), -1, np.int64)
    total = int(n_bitsets.sum())
    if int(categorical.sum()) != total:
        _refuse("model-tree", "the number of categorical splits is not num_cat")
    if not total:
        return bitset, np.zeros(1, np.int64)
    tree_of_node = np.repeat(np.arange(len(n_bitsets)), np.diff(node_start))[categorical]
    local = threshold[categorical]
    if (local < 0).any() or (local != np.floor(local)).any() or (local >= n_bitsets[tree_of_node]).any():
        _refuse("model-range", "a categorical split names a category set that is not there")
    numbered = local.astype(np.int64) + (np.cumsum(n_bitsets) - n_bitsets)[tree_of_node]
    if np.bincount(numbered, minlength=total).max() > 1:
        _refuse("model-range", "a category set is used twice")
    bitset[categorical] = numbered
    # per tree, the boundaries begin at 0, rise, and end at the number of words
    bounds = ints["cat_boundaries"]
    with_sets = n_bitsets[n_bitsets > 0]
    first = np.cumsum(with_sets + 1) - (with_sets + 1)
    is_first = np.zeros(len(bounds), bool)
    is_first[first] = True
    steps = np.diff(bounds)[~is_first[1:]]
    if bounds[first].any() or (steps <= 0).any() or steps.max() > MAX_LEAVES or steps.sum() != len(ints["cat_threshold"]):
        _refuse("model-range", "cat_boundaries do not fit cat_threshold")
    words = ints["cat_threshold"]
    if words.min() < 0 or words.max() > np.iinfo(np.uint32).max:
        _refuse("model-range", "a word of cat_threshold is out of range")
    return bitset, np.concatenate([[0], np.cumsum(steps)])


def _check_structure(
    left: NDArray[np.int64], right: NDArray[np.int64], node_start: NDArray[np.int64], leaf_start: NDArray[np.int64]
) -> None:
    """Check that every node but the root has one parent that comes before it, and every leaf one parent: each tree is a tree, and walks
    end.
    """
    nodes = np.diff(node_start)
    tree = np.repeat(np.arange(len(nodes)), nodes)
    own = np.arange(len(left)) - node_start[tree]
    child = np.concatenate([left, right])
    own, tree = np.concatenate([own, own]), np.concatenate([tree, tree])
    inner = child >= 0
    if (child[inner] <= own[inner]).any() or (child >= nodes[tree]).any() or (~child > nodes[tree]).any():
        _refuse("model-structure", "a child is out of range or comes before its parent")
    reached = np.bincount(child[inner] + node_start[tree[inner]], minlength=len(left))
    roots = node_start[:-1][nodes > 0]
    expected = np.ones(len(left), np.int64)
    expected[roots] = 0
    leaves = np.bincount(~child[~inner] + leaf_start[tree[~inner]], minlength=int(leaf_start[-1]))
    if not np.array_equal(reached, expected) or (leaves[np.repeat(nodes > 0, nodes + 1)] != 1).any():
        _refuse("model-structure", "a node or a leaf is not reached exactly once")
