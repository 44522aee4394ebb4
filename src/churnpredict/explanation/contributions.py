"""Contributions of all members of a blend, calibrated and summed by driver, block by block."""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import numpy as np

from churnpredict.argument_checks import check_flag_or_none
from churnpredict.errors import ModelFileError
from churnpredict.explanation.additive import AdditiveModel, check_additive
from churnpredict.explanation.certainty import lead_error
from churnpredict.explanation.joint_shap import values_of_each
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.encoding import EncodedRows, as_frame
from churnpredict.model.members import CalendarMember, blended_margin
from churnpredict.threads import asking, thread_count

__all__ = ["Contributions", "always_by_tables", "encoded_blocks", "rows_bar", "tree_parts"]

BLOCK_CELLS = 4_000_000
"""Cells of the encoded matrix at a time: 32 MB, and as much for the values of each member."""

_PROGRESS_ROWS = 200_000  # above it a progress bar is shown on a terminal
_log = logging.getLogger("churnpredict")
_ROWS = 4_000
"""Rows that are worth another thread."""

_IN_CACHE = 1024
"""Rows whose contributions by feature stay in the cache until they are summed by group."""

_FEW_ROWS: ContextVar[int | None] = ContextVar("few_rows", default=None)
_tables: weakref.WeakKeyDictionary[Any, TreeShap] = weakref.WeakKeyDictionary()  # of a booster, for the next call


def encoded_blocks(model: AdditiveModel, rows: Any) -> Iterator[np.ndarray]:
    """Yield the matrix of the rows, block after block."""
    n = len(rows)
    block = max(1, BLOCK_CELLS // max(len(model.names), 1))
    if isinstance(rows, EncodedRows):
        yield from (rows.matrix[start : start + block] for start in range(0, n, block))
        return
    if n <= block:
        yield model.encode(rows)
        return
    frame = as_frame(rows)
    for start in range(0, n, block):
        yield model.encode(rows[start : start + block] if frame is None else frame.iloc[start : start + block])


def _part(member: Any, background: np.ndarray | None) -> _Trees | _Sum:
    if not hasattr(member, "booster"):
        return _Sum(member, background)
    try:
        return _Trees(member.booster, background)
    except ModelFileError as error:
        if error.code != "model-objective" or background is not None:
            raise
        _log.debug("explained by the member itself: %s", error.what)  # an objective that only LightGBM supports
        return _Sum(member, None)


def tree_parts(model: AdditiveModel, background: np.ndarray | None) -> list[tuple[Any, TreeShap]]:
    """Return the members that are made of trees, each with its tables: the only ones in which two features can act together."""
    parts = [(member, _part(member, background)) for member in model.members]
    return [(member, part.shap) for member, part in parts if isinstance(part, _Trees)]


@contextmanager
def always_by_tables() -> Iterator[None]:
    """Explain all trees from tables inside the block, in this thread, however few the rows.

    Few rows are otherwise explained by LightGBM: equal to 1e-14, but not to the last bit, and a job that is split into blocks, interrupted
    and resumed must give the same bytes each time.
    """
    token = _FEW_ROWS.set(0)
    try:
        yield
    finally:
        _FEW_ROWS.reset(token)


class _Trees:
    """A member made of trees: exact tables, kept with the booster unless they are for given reference rows."""

    def __init__(self, booster: Any, background: np.ndarray | None) -> None:
        if background is not None:
            self.shap = TreeShap(booster, background)
        else:
            known = _tables.get(booster)
            self.shap = _tables.setdefault(booster, TreeShap(booster)) if known is None else known


class _Sum:
    """A member of another kind, which computes its own contributions.

    Against reference rows they are counted from the mean of these rows. For a member that is a sum of functions of one column each
    (a logistic regression) that is the interventional Shapley value.
    """

    def __init__(self, member: Any, background: np.ndarray | None) -> None:
        self.member = member
        self.mean = None if background is None else member.contributions(background)[0].mean(axis=0)

    def contributions(self, A: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, float, np.ndarray | None]:
        """Return values (n, n_features or n_groups), their base, and the margin (n,) where it is computed on the way."""
        if groups is None:
            return self._counted(A)
        column = getattr(self.member, "only_column", None)
        if column is not None and self.mean is None:  # no matrix of zeros
            margin, total = self.member.margin(A), np.zeros((len(A), int(groups.max()) + 1))
            total[:, groups[column]] += margin - self.member.base_
            return total, self.member.base_, margin
        total = np.empty((len(A), int(groups.max()) + 1))
        blocks: list[Any] = []
        for start in range(0, max(len(A), 1), _IN_CACHE):
            phi, base, margin = self._counted(A[start : start + _IN_CACHE])
            total[start : start + _IN_CACHE] = _by_group(phi, groups)
            blocks.append(margin)
        return total, base, None if blocks[0] is None else np.concatenate(blocks)

    def _counted(self, A: np.ndarray) -> tuple[np.ndarray, float, np.ndarray | None]:
        if hasattr(self.member, "margin_and_contributions"):
            margin, phi, base = self.member.margin_and_contributions(A)
        else:
            margin, (phi, base) = None, self.member.contributions(A)
        return (phi, base, margin) if self.mean is None else (phi - self.mean, base + float(self.mean.sum()), margin)


def _by_group(phi: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return sums of columns (n, n_groups). Not by a matrix product, whose last digits depend on how many rows there are."""
    total = np.zeros((len(phi), int(groups.max()) + 1))
    for column, group in enumerate(groups):
        total[:, group] += phi[:, column]
    return total


class Contributions:
    """Sums the members' contributions block by block.

    Parameters
    ----------
    model : AdditiveModel
    group_of : (F,) array of int
        The number of each feature's driver.
    keep_features : bool
        Whether values per feature are kept, an (n, F) matrix.
    background : (n_background, F) array, optional
        Reference rows.
    n_jobs : int, optional
        Threads; None: as many as speed up the work and this process may use.
    """

    def __init__(
        self,
        model: AdditiveModel,
        group_of: np.ndarray,
        *,
        keep_features: bool,
        background: np.ndarray | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.model, self.group_of, self.keep_features = model, group_of, keep_features
        self.n_jobs = n_jobs
        self.parts = [_part(member, background) for member in model.members]
        self.typical = model.typical if background is None else None
        self.base = 0.0
        self.phi: list[np.ndarray] = []
        self.grouped: list[np.ndarray] = []
        self.margins: list[np.ndarray] = []
        self.errors: list[np.ndarray] = []
        self.with_margin = False
        self._exact: list[np.ndarray] = []
        self.scale = np.empty(0)
        """By what every row's contributions were multiplied, (n,); known once :meth:`calibrated` was called."""

    def add(self, A: np.ndarray) -> None:
        """Explain the next block of encoded rows (n, F)."""
        groups = None if self.keep_features else self.group_of
        total, base = None, 0.0
        opinions: list[tuple[float, np.ndarray]] = []
        known: list[np.ndarray | None] = []
        threads = thread_count(self.n_jobs, pieces=len(A) / _ROWS)
        shaps = [part.shap for part in self.parts if isinstance(part, _Trees)]
        by_trees = iter(values_of_each(shaps, A, groups, n_jobs=threads, few_rows=_FEW_ROWS.get()))
        for member, part in zip(self.model.members, self.parts, strict=True):
            phi, start, margin = next(by_trees) if isinstance(part, _Trees) else part.contributions(A, groups)
            known.append(margin)
            if not isinstance(member, CalendarMember):  # it says something about one column only
                opinions.append((member.weight, phi if groups is not None else _by_group(phi, self.group_of)))
            phi = member.weight * phi
            total = phi if total is None else total + phi
            base += member.weight * start
        if total is None:  # no customer differs from another
            total = np.zeros((len(A), A.shape[1] if groups is None else int(self.group_of.max()) + 1))
        if self.typical is not None:
            total -= self.typical if groups is None else _by_group(self.typical[None], groups)
            base += float(self.typical.sum())
        margin = base + total.sum(axis=1)
        if not self.margins:
            with asking(self.n_jobs):
                check_additive(self.model, A, margin)
        if self.with_margin:
            with asking(self.n_jobs):
                self._exact.append(blended_margin(self.model.members, A, known))
        self.base = base
        self.margins.append(margin)
        if self.keep_features:
            self.phi.append(total)
            total = _by_group(total, self.group_of)
        self.grouped.append(total)
        self.errors.append(lead_error([opinion for _, opinion in opinions], [weight for weight, _ in opinions], total))

    def calibrated(self) -> tuple[float, np.ndarray, np.ndarray, np.ndarray | None]:
        """Return base value, log-odds (n,), values per driver (n, D) and per feature (n, F), after calibration."""
        calibration = self.model.calibration
        margin, grouped = np.concatenate(self.margins), np.concatenate(self.grouped)
        phi = np.concatenate(self.phi) if self.keep_features else None
        base = float(np.asarray(calibration.transform(np.array([self.base])))[0])
        log_odds = np.asarray(calibration.transform(margin), dtype=np.float64)
        if getattr(calibration, "slope", None) is not None:
            scale = np.full((len(margin), 1), float(calibration.slope))
        else:  # any monotone calibration is additive along its secant
            gap = margin - self.base
            scale = np.divide(log_odds - base, gap, out=np.zeros_like(gap), where=gap != 0)[:, None]
        self.scale = scale[:, 0]
        grouped *= scale
        if phi is not None:
            phi *= scale
        return base, log_odds, grouped, phi

    @property
    def exact_margin(self) -> np.ndarray | None:
        """The model's own margins (n,), which the sums of contributions equal but for the last digits; None unless ``with_margin``."""
        return np.concatenate(self._exact) if self.with_margin else None

    def lead_error(self) -> np.ndarray:
        """Return the standard error (n,) of each row's first reason's lead, after calibration; NaN where it is unknown."""
        return np.asarray(np.concatenate(self.errors) * np.abs(self.scale))


def rows_bar(n: int, progress: bool | None) -> Any:
    """Return a progress bar of rows as a context, or one that shows nothing."""
    if check_flag_or_none(progress, "progress", remedy="Give True or False; None shows a bar for many rows.") is None:
        progress = n >= _PROGRESS_ROWS and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    if not progress:
        return nullcontext(SimpleNamespace(update=lambda _: None))
    from tqdm.auto import tqdm

    return tqdm(total=n, desc="explaining", unit=" rows", unit_scale=True)
