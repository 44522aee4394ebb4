"""Encode frames of any library as a matrix: columns aligned by name, categories as codes."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import ContentError, MismatchError, SchemaError, UsageError, closest, kind_of, warn

__all__ = ["EncodedRows", "MatrixEncoder", "as_frame", "check_matrix"]

_KEYS = ("customer_id", "cutoff")
_MAX_LEVELS = 1000  # categories kept per column; all rarer ones share one code
_UNSEEN_SHARE = 0.05  # share of rows above which unseen categories cause a warning


def check_matrix(X: Any, call: str, y: Any = None) -> None:
    """Refuse anything but a matrix of features as X: tables, a model, labels. ``call`` is the call as its user writes it.

    Raises
    ------
    UsageError
        ``not-a-matrix``, ``swapped``; ``bad-argument`` where y is the name of a column.
    """
    name = call.split("(", maxsplit=1)[0]
    if hasattr(X, "declarations") or hasattr(X, "outline"):
        remedy = f"Build features of them first: X = cp.build_features(tables, snapshots), then {call}; or train cp.ChurnPipeline(churn)."
        raise UsageError("not-a-matrix", f"{name} takes a matrix of features as X, not {kind_of(X)}", remedy=remedy)
    is_mapping = isinstance(X, dict) and not hasattr(X, "tocsr")  # some of SciPy's sparse matrices are dicts; scikit-learn refuses them
    if X is None or is_mapping or isinstance(X, (str, Path, type)) or hasattr(X, "predict_proba"):
        raise UsageError("not-a-matrix", f"{name} takes a matrix of features as X, not {kind_of(X)}", remedy=f"Call {call}.")
    if hasattr(y, "of") and hasattr(y, "check"):
        remedy = f"Label snapshots by it: y = cp.label_churn(tables, snapshots, churn), then {call}; or train cp.ChurnPipeline(churn)."
        raise UsageError("bad-argument", f"{name} takes the labels as y, not a churn rule", remedy=remedy)
    if isinstance(y, str):
        remedy = f"Give its values: y = frame[name] and X = frame.drop(columns=name), then {call}."
        raise UsageError("bad-argument", f"{name} takes the labels as y, not a name of a column", remedy=remedy)
    if getattr(X, "ndim", 0) == 1 and getattr(y, "ndim", 1) == 2 and y.shape[1] > 1 and "outcome" not in getattr(y, "columns", ()):
        raise UsageError("swapped", f"{name} takes the features first, and was given labels", remedy=f"Call {call}.")


@dataclass(frozen=True)
class EncodedRows:
    """Rows that are scored and explained: encoded once for both, and explanations of them tell their margins.

    Attributes
    ----------
    frame : DataFrame (n, n_features)
    matrix : ndarray (n, n_features)
        What the model's ``encode`` gives for the frame.
    """

    frame: pd.DataFrame
    matrix: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)


def as_frame(X: Any) -> pd.DataFrame | None:
    """Return a pandas frame from pandas, Polars, Arrow or anything with ``__arrow_c_stream__``; None for arrays and lists.

    Columns named customer_id and cutoff are keys, never features: they become the index.

    >>> as_frame(np.zeros((2, 2))) is None
    True
    """
    if isinstance(X, EncodedRows):
        return X.frame
    if not isinstance(X, pd.DataFrame):
        if hasattr(X, "collect") and hasattr(X, "lazy"):  # a lazy Polars frame
            X = X.collect()
        if isinstance(X, pd.Series) or not hasattr(X, "__arrow_c_stream__"):
            return None
        import pyarrow as pa

        table = pa.table(X)
        for i, field in enumerate(table.schema):  # Polars counts categories without a sign, which older Arrow cannot give to pandas
            if pa.types.is_dictionary(field.type) and pa.types.is_unsigned_integer(field.type.index_type):
                signed = pa.dictionary(pa.int64(), field.type.value_type, ordered=field.type.ordered)
                table = table.set_column(i, field.name, table.column(i).cast(signed))
        X = table.to_pandas()
    frame: pd.DataFrame = X
    keys = [k for k in _KEYS if k in frame.columns]
    if keys:
        frame = frame.set_index(keys)
    if frame.columns.has_duplicates:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise SchemaError("duplicate-column", "a column name occurs twice", column=str(twice), remedy="Give every column its own name.")
    return frame


def _by_name(frame: pd.DataFrame) -> dict[str, int]:
    """Return the position of each column by its name as text, whatever type the name has."""
    there = {str(c): i for i, c in enumerate(frame.columns)}
    if len(there) < frame.shape[1]:
        raise SchemaError("duplicate-column", "two column names are one as text", remedy="Give every column its own name.")
    return there


def _refuse_what_is_no_value(name: str, column: pd.Series) -> None:
    """Refuse times of any type, and columns that are neither numbers nor categories."""
    kind = column.dtype
    first = column.dropna().iloc[:1].tolist() if pd.api.types.is_object_dtype(kind) or isinstance(kind, pd.CategoricalDtype) else []
    what = str(kind).lower()
    timed = isinstance(kind, (pd.PeriodDtype, pd.DatetimeTZDtype, pd.IntervalDtype)) or any(
        isinstance(v, (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64, pd.Period, pd.Interval))
        for v in first
    )
    if timed or pd.api.types.is_datetime64_any_dtype(kind) or re.match(r"timedelta|date|time|duration", what):
        raise SchemaError(
            "time-as-feature",
            "a time cannot be a feature: it grows for ever",
            column=name,
            remedy="Give days before the cutoff instead (a duration as a number of days), or drop the column.",
        )
    if pd.api.types.is_complex_dtype(kind) or any(isinstance(v, (list, dict, set, tuple, np.ndarray, complex)) for v in first):
        raise SchemaError(
            "not-a-value", "a feature must be a number or a category", column=name, remedy="Split it into columns of numbers, or drop it."
        )


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)


def _numbers(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.SparseDtype):
        dense: Any = column.sparse  # missing in the type stubs
        column = dense.to_dense()
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _texts(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return codes (-1 missing) and the distinct values as text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.int64), np.array([str(v) for v in column.cat.categories], dtype=object)
    codes, values = pd.factorize(column)
    return np.asarray(codes, dtype=np.int64), np.array([str(v) for v in values], dtype=object)


def _holders(column: pd.Series, codes: np.ndarray, n_levels: int) -> np.ndarray:
    """Return how many customers have each level (n_levels,); rows count where the index names no customer."""
    known = codes >= 0
    if "customer_id" not in column.index.names:
        return np.bincount(codes[known], minlength=n_levels)
    customers = pd.factorize(column.index.get_level_values("customer_id"))[0]
    pairs = pd.unique(codes[known] * (customers.max(initial=0) + 1) + customers[known])
    return np.bincount(pairs // (customers.max(initial=0) + 1), minlength=n_levels)


class MatrixEncoder:
    """Learn columns and their categories; return float64 matrices (n, n_features).

    Parameters
    ----------
    fewest : int
        Levels of fewer customers (rows, where the index names none) are not kept: a model must not hold values that only a few customers
        share.

    Attributes
    ----------
    names : list of str
        Columns, in training order.
    levels : dict
        Position of a category column -> its levels as text, most frequent first; the code is the position in that list,
        the code after the last is that of all levels too rare to be kept.
    rest : dict
        Position of a category column with levels too rare to be kept -> the share of training rows that have one.
    """

    def __init__(self, *, fewest: int = 1) -> None:
        self.fewest = fewest
        self.names: list[str] = []
        self.levels: dict[int, list[str]] = {}
        self.rest: dict[int, float] = {}

    def fit(self, frame: pd.DataFrame) -> MatrixEncoder:
        """Learn the columns of a frame."""
        self.names, self.levels, self.rest = list(_by_name(frame)), {}, {}
        for j, (name, column) in enumerate(frame.items()):
            _refuse_what_is_no_value(str(name), column)
            if not _is_number(column) and self._as_numbers(column) is None:
                self.levels[j], rare = self._learn_levels(str(name), column)
                if rare:
                    self.rest[j] = rare / len(frame)
        return self

    @staticmethod
    def _as_numbers(column: pd.Series) -> np.ndarray | None:
        """Return numbers kept as objects (decimals), or None."""
        if column.dtype != object:
            return None
        known = column[column.notna()]
        import decimal
        import numbers

        if len(known) and all(isinstance(v, (bool, np.bool_)) for v in known):  # object dtype because of blanks
            return np.asarray(column.where(column.notna(), np.nan).astype(np.float64))
        if len(known) and all(isinstance(v, (numbers.Real, decimal.Decimal)) and not isinstance(v, bool) for v in known):
            return np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
        return None

    def _learn_levels(self, name: str, column: pd.Series) -> tuple[list[str], int]:
        """Return the levels to keep, and how many rows have another one."""
        codes, values = _texts(column)
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        present = counts > 0
        n_levels, n_rows = int(present.sum()), int(counts.sum())
        if n_levels > _MAX_LEVELS and n_levels > n_rows / 2:
            raise ContentError(
                "identifier-column",
                f"{n_levels:,} different values in {n_rows:,} rows look like an identifier",
                column=name,
                remedy=_unlike_a_category(name, values[present]),
            )
        present &= _holders(column, codes, len(values)) >= self.fewest
        ranked = sorted(zip(-counts[present], values[present], strict=True))[:_MAX_LEVELS]
        return [str(value) for _, value in ranked], n_rows + int(sum(count for count, _ in ranked))

    def transform(self, frame: pd.DataFrame, *, beside: int = 0) -> np.ndarray:
        """Return matrix (n, n_features) of a frame: columns found by name, extra ones ignored, unseen categories missing.

        ``beside`` further columns come after them, for the caller to fill.

        Raises
        ------
        MismatchError
            A column of the training is missing (``missing-column``).
        ContentError
            A value is infinite (``infinite-value``).
        """
        there = _by_name(frame)
        missing = [name for name in self.names if name not in there]
        if missing:
            extra = [c for c in there if c not in set(self.names)]
            raise MismatchError(
                "missing-column",
                f"{len(missing)} of the {len(self.names)} columns the model was trained on are missing.{closest(missing[0], extra)}",
                column=missing[0],
                remedy="Build X with the features of the training.",
            )
        if list(there) != self.names:
            frame = frame.iloc[:, [there[name] for name in self.names]]
        whole = np.empty((len(frame), len(self.names) + beside))
        A = whole[:, : len(self.names)]
        if not self.levels and all(isinstance(d, np.dtype) and d.kind in "fiub" for d in frame.dtypes):
            A[:] = frame.to_numpy() if len(set(frame.dtypes)) == 1 else frame.to_numpy(dtype=np.float64)  # of one type: not copied twice
        else:
            for j in range(len(self.names)):
                A[:, j] = self._column(j, frame.iloc[:, j])
        check_finite(A, self.names)
        return whole

    def _column(self, j: int, column: pd.Series) -> np.ndarray:
        _refuse_what_is_no_value(self.names[j], column)
        if j in self.levels:
            return self._codes(j, column)
        if _is_number(column):
            return _numbers(column)
        numbers = self._as_numbers(column)
        if numbers is None and column.notna().any():
            raise MismatchError(
                "not-a-number",
                f"the model was trained on numbers, {column.dtype} is given",
                column=self.names[j],
                rows=int(column.notna().sum()),
                total=len(column),
                remedy="Convert the column to numbers.",
            )
        return np.full(len(column), np.nan) if numbers is None else numbers

    def _codes(self, j: int, column: pd.Series) -> np.ndarray:
        levels = self.levels[j]
        if _is_number(column) and not pd.api.types.is_bool_dtype(column.dtype):
            column = column.astype(object)
        codes, values = _texts(column)
        target = pd.Index(levels, dtype=object).get_indexer(pd.Index(values, dtype=object)).astype(np.float64)
        unseen = target < 0
        target[unseen] = len(levels) if j in self.rest else np.nan
        if unseen.any():
            rows = int(np.count_nonzero(unseen[codes] & (codes >= 0)))
            word = "other" if j in self.rest else "missing"
            if rows > (_UNSEEN_SHARE + self.rest.get(j, 0.0)) * len(column):
                warn(
                    "unseen-categories",
                    f"{int(unseen.sum())} categories were never seen in training, or too rarely, and count as {word}",
                    column=self.names[j],
                    rows=rows,
                    total=len(column),
                    examples=values[unseen],
                    remedy="Retrain, or check the column.",
                )
        return np.asarray(np.append(target, np.nan)[codes])


def check_finite(A: np.ndarray, names: list[str]) -> None:
    """Refuse infinite values; NaN means missing and is accepted."""
    bad = np.isinf(A)
    if bad.any():
        j = int(np.flatnonzero(bad.any(axis=0))[0])
        raise ContentError(
            "infinite-value",
            "X holds infinite values (inf)",
            column=names[j],
            rows=int(bad[:, j].sum()),
            total=len(A),
            remedy="Replace them by numbers, or by NaN where the value is unknown.",
        )


def _unlike_a_category(name: str, texts: np.ndarray) -> str:
    """Return the fix for a column of texts that nearly all differ; a single blank turns every number of a column into a text."""
    drop = "Drop the column, or move it to the index."
    if pd.to_numeric(pd.Series(texts), errors="coerce").notna().mean() < 0.9:
        return drop
    return f'If these are numbers, convert them: X["{name}"] = pd.to_numeric(X["{name}"], errors="coerce"). {drop}'
