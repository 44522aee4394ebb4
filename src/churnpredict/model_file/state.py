"""TrainedState: everything that a trained pipeline knows and a model file holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from churnpredict.churn.rule import ChurnRule
    from churnpredict.retention.value import Credibility

__all__ = ["TrainedState"]


@dataclass(frozen=True)
class TrainedState:
    """Settings of a pipeline and what it has learnt; a pipeline gives its own and is made from one.

    Attributes
    ----------
    churn : ChurnRule
    settings : dict
        The other arguments of the pipeline, by name.
    features : list of Feature or OwnFeature
        The rows that were built, given or chosen.
    model : classifier
    model_id : str
    cutoffs : list of Timestamp
        Of the training rows.
    n_snapshots, n_leavers : int
    base_rate : float
    worth : Credibility or None
        How payments of one customer are weighed against those of all.
    usual : dict or None
        What is usual, by feature.
    """

    churn: ChurnRule
    settings: dict[str, Any]
    features: list[Any]
    model: Any
    model_id: str
    cutoffs: list[pd.Timestamp]
    n_snapshots: int
    n_leavers: int
    base_rate: float
    worth: Credibility | None
    usual: dict[str, float | str] | None
