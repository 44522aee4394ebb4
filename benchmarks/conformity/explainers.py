"""SHAP values beside LightGBM, shap, woodelf and XGBoost, on one model of LightGBM and one of XGBoost."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np

import churnpredict as cp

from .side import Other, Row, Tool, row

__all__ = ["TOOL", "compare"]

TOOL = Tool(
    "explainers",
    "shap",
    "0.54.1",
    (
        "shap==0.54.1",
        "lightgbm==4.7.0",
        "woodelf-explainer==0.4.8",
        "xgboost==3.4.1",
        "scikit-learn==1.9.1",
        "numpy==2.4.6",
        "pandas==3.1.1",
    ),
    python="3.12",
)


def models(n: int = 400, features: int = 12, seed: int = 0) -> tuple[np.ndarray, lightgbm.Booster, object]:
    """Return rows with missing values, and a booster of each library with 60 trees."""
    import xgboost

    rng = np.random.default_rng(seed)
    A = rng.normal(size=(4_000, features))
    A[rng.random(A.shape) < 0.05] = np.nan
    z = np.nan_to_num(A[:, 0]) + np.sin(2 * np.nan_to_num(A[:, 1])) * np.nan_to_num(A[:, 2]) - 1
    y = (rng.random(len(A)) < 1 / (1 + np.exp(-z))).astype(float)
    settings = {"objective": "binary", "num_leaves": 15, "max_depth": 6, "verbose": -1, "num_threads": 1, "seed": 0}
    first = lightgbm.train(settings, lightgbm.Dataset(A, y), 60)
    other = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.1, "nthread": 1, "seed": 0}
    return A[:n], first, xgboost.train(other, xgboost.DMatrix(A.astype(np.float32), y), 60)


def compare(other: Other) -> list[Row]:
    """Return the rows: ``TreeShap`` against others/explainers.py."""
    A, booster, second = models()
    A32 = A.astype(np.float32).astype(np.float64)  # what XGBoost sees of the rows
    background = A32[300:]
    given = {"A": A32, "background": background, "lightgbm": np.array(booster.model_to_string())}
    given["xgboost"] = np.array(bytes(second.save_raw("json")).decode())
    theirs = other.ask(given)
    phi, base = cp.TreeShap(booster).shap_values(A32)
    against, _ = cp.TreeShap(booster, background).shap_values(A32)
    pairs = cp.TreeShap(booster).interaction_values(A32[:20])[0]
    psi, second_base = cp.TreeShap(second).shap_values(A32)
    exact = "Same definition, with the counts of rows that the trees keep."
    named = "Same definition: the mean over 100 named rows."
    single = "The difference has the size of rounding to 32 bits."
    weighted = "Same definition, with rows weighted by Hessians, as XGBoost keeps them."
    cells = [
        ("LightGBM 4.7.0", "SHAP values and base value", np.c_[phi, np.full(len(phi), base)], theirs["lightgbm"], 1e-12, exact),
        ("shap 0.54.1", "SHAP values", phi, theirs["shap"], 1e-12, exact + " shap asks LightGBM."),
        ("shap 0.54.1", "SHAP values against 100 rows", against, theirs["shap_background"], 1e-6, f"{named} {single}"),
        ("shap 0.54.1", "interaction values", pairs, theirs["shap_pairs"], 1e-6, exact),
        ("woodelf 0.4.8", "SHAP values", phi, theirs["woodelf"], 1e-5, f"{exact} {single}"),
        ("woodelf 0.4.8", "SHAP values against 100 rows", against, theirs["woodelf_background"], 1e-5, f"{named} {single}"),
        ("XGBoost 3.4.1", "SHAP values of its own model", psi, theirs["xgboost"][:, :-1], 1e-5, f"{weighted} {single}"),
        (
            "XGBoost 3.4.1",
            "base value of its own model",
            np.full(len(psi), second_base),
            theirs["xgboost"][:, -1],
            1e-5,
            f"{weighted} {single}",
        ),
    ]
    return [replace(row(name, mine, told, limit=limit, why=why), beside=beside) for beside, name, mine, told, limit, why in cells]
