"""Exact SHAP values by woodelf, XGBoost and shapiq beside the leaf tables: for ``explain.py --peers``.

The same 300 trees of 31 leaves, where a library reads LightGBM; XGBoost explains a model of its own of that size, by its own recursion and,
from version 3.3 on, by quadrature. Slow sides are measured on some rows and scaled.
"""

import contextlib
import io
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd

from _measure import Table, cpu
from churnpredict.explanation.treeshap import TreeShap


def by_woodelf(booster, A, y):
    """All rows, preparation included."""
    from woodelf import WoodelfExplainer

    X = pd.DataFrame(A, columns=booster.feature_name())
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # it tells of every tree
        found, seconds = cpu(lambda: WoodelfExplainer(booster).shap_values(X))
    return np.asarray(found), seconds, A


def by_xgboost(booster, A, y):
    """A model of its own: 300 trees of 31 leaves and depth 6 at most."""
    import xgboost as xgb

    rows = xgb.DMatrix(A[:2000])
    params = {"objective": "binary:logistic", "max_leaves": 31, "max_depth": 6, "grow_policy": "lossguide", "nthread": 1, "verbosity": 0}
    model = xgb.train(params, xgb.DMatrix(A, y), 300)
    _, seconds = cpu(lambda: model.predict(rows, pred_contribs=True))
    return None, seconds, A[:2000]


def by_shapiq(booster, A, y):
    """Path-dependent values, row after row; of rows without missing values, which it sends right at every split
    (findings/missing-goes-right.sh).
    """
    import shapiq

    A = np.nan_to_num(A[:50])
    explainer = shapiq.TreeExplainer(model=booster, max_order=1, index="SV")
    found, seconds = cpu(lambda: [explainer.explain(row) for row in A])
    values = np.array([[one.dict_values.get((j,), 0.0) for j in range(A.shape[1])] for one in found])
    return values, seconds, A


PEERS = {"woodelf": ("woodelf-explainer", by_woodelf), "XGBoost": ("xgboost", by_xgboost), "shapiq": ("shapiq", by_shapiq)}


def report_peers(booster, A, y):
    """Print what each side costs for all rows, and its largest difference to the tables; return who is ahead."""
    ours = min(cpu(lambda: TreeShap(booster, few_rows=0).shap_values(A))[1] for _ in range(3))
    table = Table(
        f"SHAP values of {len(A):,} rows x {A.shape[1]} features, 300 trees x 31 leaves, depth 6", ["", "CPU s", "ratio", "difference"]
    )
    table.add("churnpredict, tables built inside", f"{ours:.2f}", "1", "")
    ahead = []
    for name, (package, side) in PEERS.items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found, seconds, rows = side(booster, A, y)
        except ImportError:
            table.add(f"{name}: not installed", "", "", "")
            continue
        seconds *= len(A) / len(rows)
        scaled = "" if len(rows) == len(A) else f", {len(rows):,} rows, scaled"
        difference = "its own model" if found is None else f"{np.abs(found - TreeShap(booster, few_rows=0).shap_values(rows)[0]).max():.0e}"
        table.add(f"{name} {version(package)}{scaled}", f"{seconds:.1f}", f"{seconds / ours:.1f}", difference)
        ahead += [name] if seconds < ours else []
    table.print()
    return ahead
