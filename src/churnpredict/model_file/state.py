"""TrainedState: the state of a trained pipeline, which a model file holds."""

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
    """Settings of a pipeline and what it has learnt; a pipeline returns its state, and can be made from one.

    Attributes
    ----------
    churn : ChurnRule
    settings : dict
        The other arguments of the pipeline, by name.
    features : list of Feature or OwnFeature
        The features that were built, given or chosen.
    model : classifier
    model_id : str
    cutoffs : list of Timestamp
        Training cutoffs.
    n_snapshots, n_leavers : int
    base_rate : float
    worth : Credibility or None
        Weights of one customer's payments against those of all.
    usual : dict or None
        Usual values, by feature.
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
