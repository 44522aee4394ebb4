"""Scores of the user's own that a backtest judges beside the model: the argument ``against``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import ChurnWarning, UsageError, closest
from churnpredict.moments import moment_column
from churnpredict.number_checks import check_numbers
from churnpredict.per_customer import by_customer

__all__ = ["check_rivals", "rival_risks"]

Floats = npt.NDArray[np.float64]
_TAKEN = ("model", "base rate", "recency", "MBG/NBD", "one-snapshot LightGBM")
_FORMS = "a column of the features, a Series by customer_id and cutoff, or a mapping of cutoff to scores by customer"


def check_rivals(against: Any, n_cutoffs: int) -> Mapping[str, Any]:
    """Return the scores to judge, by their names, before anything is trained.

    Raises
    ------
    UsageError
        ``bad-argument``: not a mapping, a name that is taken, or one score per customer where several cutoffs are tested.
    """
    if against is None:
        return {}
    if not isinstance(against, Mapping) or not all(isinstance(name, str) and name for name in against):
        remedy = f'Write against={{"our score": ...}}, with {_FORMS}.'
        raise UsageError("bad-argument", "against does not name its scores", remedy=remedy)
    for name, scores in against.items():
        if name in _TAKEN:
            raise UsageError("bad-argument", f'against has a score called "{name}", as a model here is', remedy="Give it another name.")
        if n_cutoffs > 1 and not isinstance(scores, str) and not _has_cutoffs(scores):
            remedy = f"Give {_FORMS}; or test at a single cutoff. A score made after a cutoff has seen what it is to predict."
            raise UsageError("bad-argument", f'against["{name}"] does not name the cutoff of its scores', remedy=remedy)
    return against


def rival_risks(against: Mapping[str, Any], cutoff: pd.Timestamp, X: pd.DataFrame) -> dict[str, Floats]:
    """Return the scores of the customers of a cutoff, in the order of the rows of X, shape (n,) each.

    Raises
    ------
    UsageError
        ``bad-argument``: a customer without a score, or a score that is not a probability.
    IdentityError
        ``id-types-differ``, ``duplicate-customer``, ``default-index``.
    """
    return {name: _of_cutoff(scores, cutoff, X, f'against["{name}"] at {cutoff.date()}') for name, scores in against.items()}


def _has_cutoffs(scores: Any) -> bool:
    if isinstance(scores, pd.Series):
        return scores.index.nlevels == 2
    return isinstance(scores, Mapping) and any(isinstance(one, (Mapping, pd.Series)) for one in scores.values())


def _of_cutoff(scores: Any, cutoff: pd.Timestamp, X: pd.DataFrame, what: str) -> Floats:
    customers = X.index.get_level_values("customer_id")
    if isinstance(scores, str):
        if scores not in X:
            near = closest(scores, map(str, X.columns))
            raise UsageError(
                "bad-argument", f'{what} is "{scores}", which is not a feature of the pipeline.{near}', remedy=f"Give {_FORMS}."
            )
        values: Any = X[scores].to_numpy()
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)  # scores of customers who are not at risk any more are as they should be
            values = by_customer(_at(scores, cutoff, what), customers, what, partial=True)
    return check_numbers(values, what, least=0, most=1)


def _at(scores: Any, cutoff: pd.Timestamp, what: str) -> Any:
    """Return the scores by customer of one cutoff."""
    if not _has_cutoffs(scores):
        return scores
    keys = scores.index.get_level_values(1) if isinstance(scores, pd.Series) else list(scores)
    here = moment_column(keys, "cutoff", None) == moment_column([cutoff], "cutoff", None)[0]
    if not here.any():
        raise UsageError("bad-argument", f"{what} has no scores", remedy="Give scores for every cutoff that is tested, as at= names them.")
    if isinstance(scores, pd.Series):
        return scores[here].droplevel(1)
    return scores[keys[int(np.argmax(here))]]
