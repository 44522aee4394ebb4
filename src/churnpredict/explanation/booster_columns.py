"""Columns of a LightGBM booster that was trained elsewhere: by name, and categories by its own list."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import MismatchError, SchemaError, UsageError, closest
from churnpredict.model.boosters import model_text
from churnpredict.model.encoding import as_frame, check_finite

__all__ = ["BoosterColumns"]

_PLACES = re.compile(r"^(Column_|f|x)\d+$")


class BoosterColumns:
    """Columns of X by the booster's own names, because LightGBM takes them by position, and silently gives wrong scores for another
    order.

    Parameters
    ----------
    booster : lightgbm.Booster
        It is read, and not kept.
    X : frame or array, optional
        Its columns are named as the explanation will name them.
    """

    def __init__(self, booster: Any, X: Any = None) -> None:
        self._theirs = list(booster.feature_name())
        levels = list(booster.pandas_categorical or [])
        self._levels = self._levels_of(levels, model_text(booster).split("\nTree=", 1)[0]) if levels else {}
        self._named = not all(_PLACES.match(name) for name in self._theirs)
        frame = as_frame(X)
        self.names = list(self._theirs) if frame is None else [str(c) for c in self._aligned(frame).columns]

    def _aligned(self, frame: pd.DataFrame) -> pd.DataFrame:
        there = {str(c).replace(" ", "_"): c for c in frame.columns}  # LightGBM writes a space as an underscore
        if len(there) < frame.shape[1]:
            raise SchemaError("duplicate-column", "two column names are the same once spaces are underscores", remedy="Rename one.")
        if all(name in there for name in self._theirs):
            return frame[[there[name] for name in self._theirs]]
        if self._named:
            missing = [name for name in self._theirs if name not in there]
            raise MismatchError(
                "missing-column",
                f"{len(missing)} of the {len(self._theirs)} columns of the booster are missing.{closest(missing[0], there)}",
                column=missing[0],
                remedy="Build X with the features of the training.",
            )
        if frame.shape[1] != len(self._theirs):
            raise MismatchError(
                "other-width",
                f"X has {frame.shape[1]} columns, the booster {len(self._theirs)}",
                remedy="Give the columns of the training.",
            )
        return frame

    def encode(self, X: Any) -> np.ndarray:
        frame = as_frame(X)
        if frame is None:
            A = np.ascontiguousarray(X, dtype=np.float64)
            if A.ndim != 2 or A.shape[1] != len(self._theirs):
                raise MismatchError(
                    "other-width",
                    f"X is of shape {A.shape}, the booster has {len(self._theirs)} columns",
                    remedy="Give one row per customer.",
                )
            check_finite(A, self.names)
            self.check_codes(A)
            return A
        frame = self._aligned(frame)
        A = np.empty(frame.shape)
        for j in range(frame.shape[1]):
            column = frame.iloc[:, j]
            A[:, j] = self._codes(j, column) if j in self._levels else self._numbers(j, column)
        check_finite(A, self.names)
        return A

    def _levels_of(self, levels: list[list[Any]], head: str) -> dict[int, list[Any]]:
        """Return the categories of each column that was one in training, by the booster's own list.

        The booster keeps the lists in the order of the columns, and separately which columns were split as categories.
        """
        line = next((line for line in head.splitlines() if line.startswith("feature_infos=")), "feature_infos=")
        infos = line.removeprefix("feature_infos=").split(" ")
        places = [j for j, info in enumerate(infos) if info != "none" and not info.startswith("[")]
        if len(places) != len(levels):
            raise UsageError(
                "other-categories",
                f"the booster keeps categories of {len(levels)} columns and splits {len(places)} as categories: it is unknown which lists "
                f"belong to which columns",
                remedy="Train it with numbers in place of categories, or train a ChurnClassifier.",
            )
        return dict(zip(places, levels, strict=True))

    def _codes(self, j: int, column: pd.Series) -> np.ndarray:
        """Return places of the values in the booster's own list, whatever the dtype of the column; unknown ones are missing, as in
        LightGBM.
        """
        values = column.astype(object)
        codes = pd.Index(self._levels[j], dtype=object).get_indexer(pd.Index(values, dtype=object)).astype(np.float64)
        known = column.notna().to_numpy()
        if known.any() and (codes[known] < 0).all():
            raise MismatchError(
                "other-categories",
                "no value is one of the categories that the booster was trained on",
                column=self.names[j] if hasattr(self, "names") else self._theirs[j],
                rows=int(known.sum()),
                total=len(column),
                remedy="Give the values of the training, of the same type.",
            )
        codes[(codes < 0) | ~known] = np.nan
        return np.asarray(codes)

    def _numbers(self, j: int, column: pd.Series) -> np.ndarray:
        """Return numbers; of a category whose values are numbers, these values and never their codes."""
        try:
            if isinstance(column.dtype, pd.CategoricalDtype):
                column = column.astype(column.cat.categories.dtype) if not column.isna().any() else column.astype(object).astype(np.float64)
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError) as error:
            raise MismatchError(
                "other-categories",
                f"the booster was trained on numbers, {column.dtype} is given",
                column=self._theirs[j],
                remedy="Give the numbers of the training.",
            ) from error

    def check_codes(self, A: np.ndarray) -> None:
        """Refuse a matrix that holds the values of categories where LightGBM takes their places in its list, counted from 0."""
        for j, levels in self._levels.items():
            there = A[~np.isnan(A[:, j]), j]
            if len(there) and not ((there >= 0) & (there < len(levels))).any():
                raise MismatchError(
                    "other-categories",
                    "no value is one of the categories that the booster was trained on; in a matrix they are numbered from 0",
                    column=self.names[j],
                    rows=len(there),
                    total=len(A),
                    remedy="Give a frame with the values of the training, or their places in the booster's own list.",
                )
