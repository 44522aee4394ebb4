"""Types that public signatures name: tables, matrices, columns, and what another library made."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy.typing as npt
import pandas as pd

__all__ = ["Column", "CustomerId", "Database", "Estimator", "Frame", "Matrix", "Names", "PerCustomer", "Source"]

Frame = pd.DataFrame
Matrix = pd.DataFrame | npt.ArrayLike | object  # or a Polars or Arrow frame: anything with __arrow_c_stream__
Column = pd.Series | pd.Index | npt.ArrayLike  # one value per row
CustomerId = Hashable
Source = object  # a frame of any library, a path or glob, a File, a Query, a DuckDB relation: distinguished when it is read
Database = object  # an open connection, an address, or the path of a database file
Estimator = object  # fitted, of scikit-learn's manner, or a booster
Names = Mapping[str, str | Sequence[str]]  # what tables and columns are called: one word, or singular and plural
PerCustomer = float | str | Mapping[Hashable, object] | Column  # one for all, a column of the scores, by customer id, or one value per row
