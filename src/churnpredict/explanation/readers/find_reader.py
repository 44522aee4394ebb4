"""Find the reader of a model by the library that made it, without importing that library."""

from __future__ import annotations

from typing import Any

from churnpredict.explanation.readers.forest import Forest

__all__ = ["read_forest"]


def read_forest(model: Any) -> Forest | None:
    """Return the trees of a model of XGBoost, CatBoost or scikit-learn, None of anything else."""
    made_by = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if hasattr(model, "booster_") or "lightgbm" in made_by:
        return None
    if "xgboost" in made_by and (hasattr(model, "save_raw") or hasattr(model, "get_booster")):
        from churnpredict.explanation.readers.xgboost_trees import read_xgboost

        return read_xgboost(model)
    if "catboost" in made_by and hasattr(model, "save_model"):
        from churnpredict.explanation.readers.catboost_trees import read_catboost

        return read_catboost(model)
    if "sklearn" in made_by:
        from churnpredict.explanation.readers.sklearn_trees import read_sklearn

        return read_sklearn(model)
    return None
