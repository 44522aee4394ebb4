"""Choose the reference customers of an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError, closest
from churnpredict.explanation.additive import AdditiveModel
from churnpredict.explanation.contributions import encoded_blocks
from churnpredict.figures import percent
from churnpredict.model.calibration import sigmoid
from churnpredict.model.encoding import as_frame
from churnpredict.number_checks import check_number, is_number

__all__ = ["Reference", "choose_reference", "usual_values"]

MOST_ROWS = 5_000
"""Number of reference rows taken from X: more change the mean by less than is visible."""

FEW_ROWS = 30
"""Number of rows below which a median is not reliable."""


@dataclass(frozen=True)
class Reference:
    """Reference rows, as given and as a matrix (both None: those stored in the model), and their name."""

    name: str
    rows: Any = None
    matrix: np.ndarray | None = None


def choose_reference(model: AdditiveModel, rows: Any, reference: Any, threshold: float | None) -> Reference:
    """Return the rows that a reference names.

    Raises
    ------
    UsageError
        Unknown name (``unknown-reference``), a threshold outside (0, 1) or not needed (``bad-threshold``), no row of X below the threshold
        (``nobody-below``), a reference without rows (``no-rows``).
    """
    wants_threshold = isinstance(reference, str) and reference == "just_below_threshold"
    if threshold is not None and not (wants_threshold and is_number(threshold) and 0 < threshold < 1):
        raise UsageError(
            "bad-threshold", f"threshold={threshold!r}", remedy='Give a risk between 0 and 1, with reference="just_below_threshold".'
        )
    if reference is None:
        return Reference(model.stands_for if model.typical is None else "an average customer at the newest training cutoff")
    if not isinstance(reference, str):
        frame = as_frame(reference)
        own = reference if frame is None else frame
        if len(own) == 0:
            raise UsageError("no-rows", "the reference has no rows", remedy="Give at least one.")
        return Reference(f"{len(own):,} rows of your own" if len(own) > 1 else "a given row", own, model.encode(own))
    if reference not in ("all_active", "just_below_threshold"):
        raise UsageError(
            "unknown-reference",
            f"reference={reference!r}.{closest(reference, ('all_active', 'just_below_threshold'))}",
            remedy='Use "all_active", "just_below_threshold" or rows.',
        )
    log_odds = np.concatenate([model.decide(A) for A in encoded_blocks(model, rows)])
    # ranked by risk, so that the order of the rows does not matter
    ranked = np.argsort(log_odds, kind="stable")
    if reference == "all_active":
        name = "all active customers"
    else:
        risk = sigmoid(log_odds)
        limit = float(np.quantile(risk, 0.9)) if threshold is None else check_number(threshold, "threshold")
        below = ranked[risk[ranked] < limit]
        if not len(below):
            raise UsageError("nobody-below", f"no risk in X is below {percent(limit)}", remedy="Give a higher threshold.")
        ranked = below[-max(FEW_ROWS, len(log_odds) // 20) :]
        name = f"customers just below {percent(limit)}"
    if len(ranked) > MOST_ROWS:
        ranked = ranked[np.linspace(0, len(ranked) - 1, MOST_ROWS).round().astype(np.int64)]
    frame = as_frame(rows)
    own = np.asarray(rows)[ranked] if frame is None else frame.iloc[ranked]
    return Reference(name, own, model.encode(own))


def usual_values(rows: Any, names: list[str]) -> dict[str, Any]:
    """Return medians of numbers and most frequent values of the rest, by feature; nothing for fewer than 30 rows."""
    if len(rows) < FEW_ROWS:
        return {}
    frame = as_frame(rows)
    if frame is None:
        frame = pd.DataFrame(np.asarray(rows), columns=names)
    usual: dict[str, Any] = {}
    there = {str(c): c for c in frame.columns}
    for name in names:
        column = frame[there[name]].dropna() if name in there else pd.Series(dtype=float)
        if not len(column):
            continue
        if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
            usual[name] = float(column.median())
        else:
            counts = column.astype(str).value_counts()
            usual[name] = min(counts.index[counts == counts.iloc[0]])
    return usual
