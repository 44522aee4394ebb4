"""The sides of LightGBM, shap, woodelf and XGBoost, which share one environment: attributions of the models and rows in given.npz."""

import contextlib
import io
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd


def positive(values):
    """Return attributions of the positive class, however many classes a library returns."""
    values = np.asarray(values)
    return values[..., 1] if values.ndim == 3 and values.shape[-1] == 2 else values


def main(folder):
    """Answer everything at once."""
    import lightgbm
    import shap
    import xgboost
    from woodelf import WoodelfExplainer

    with np.load(folder / "given.npz") as arrays:
        given = {key: arrays[key] for key in arrays.files}
    A, background = given["A"], given["background"]
    booster = lightgbm.Booster(model_str=str(given["lightgbm"]))
    out = {"lightgbm": booster.predict(A, pred_contrib=True)}
    paths = shap.TreeExplainer(booster)
    out["shap"] = positive(paths.shap_values(A, check_additivity=False))
    out["shap_pairs"] = np.asarray(paths.shap_interaction_values(A[:20]))
    against = shap.TreeExplainer(booster, data=background, feature_perturbation="interventional")
    out["shap_background"] = positive(against.shap_values(A, check_additivity=False))
    frame = pd.DataFrame(A, columns=[f"Column_{j}" for j in range(A.shape[1])])
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # it tells of every tree
        out["woodelf"] = np.asarray(WoodelfExplainer(booster).shap_values(frame))
        named = pd.DataFrame(background, columns=frame.columns)
        out["woodelf_background"] = np.asarray(WoodelfExplainer(booster, named).shap_values(frame))
    other = xgboost.Booster()
    other.load_model(bytearray(str(given["xgboost"]).encode()))
    out["xgboost"] = other.predict(xgboost.DMatrix(A), pred_contribs=True)
    np.savez(folder / "answers.npz", **out)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
