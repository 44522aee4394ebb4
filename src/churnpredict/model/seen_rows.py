"""Recognise the rows that a model was trained on, from a small sketch of them: figures on these rows are too good."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import warn

__all__ = ["sketch_of", "warn_if_seen"]

_SIZE = 1024  # hashes that are kept: the lowest, so that other rows are compared with the same part of them
_COLUMNS = 64  # columns that tell rows apart
_MOST = 0.75  # share of rows from which on they are those of the training
_FEWEST = 20  # rows behind that share

Hashes = npt.NDArray[np.uint64]


def sketch_of(A: npt.NDArray[np.float64]) -> Hashes:
    """Return the lowest hashes of the rows that occur once, ascending; rows that several customers share tell nothing.

    Parameters
    ----------
    A : ndarray of shape (n, n_features)
        Encoded rows.
    """
    hashes, counts = np.unique(_hashes(A), return_counts=True)
    return np.asarray(hashes[counts == 1][:_SIZE])


def warn_if_seen(model: Any, X: Any) -> None:
    """Warn where most rows of X are those that a fitted :class:`~churnpredict.ChurnClassifier` was trained on."""
    sketch = getattr(model, "_seen", None)
    if sketch is None or not len(sketch):
        return
    hashes, counts = np.unique(_hashes(model.encode(X)[:, : model.n_features_in_]), return_counts=True)
    comparable = hashes[counts == 1]
    if len(sketch) == _SIZE:
        comparable = comparable[comparable <= sketch[-1]]
    if len(comparable) >= min(_FEWEST, len(sketch)) and np.isin(comparable, sketch).mean() >= _MOST:
        what = "the model was trained on these rows, so it looks better here than it will on new ones"
        warn("in-sample", what, remedy="Draw rows that it has not seen: those of a later cutoff, or a test part.", stacklevel=4)


def _hashes(A: npt.NDArray[np.float64]) -> Hashes:
    step = -(-A.shape[1] // _COLUMNS)
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(np.asarray(A)[:, ::step]), index=False).to_numpy(np.uint64))
