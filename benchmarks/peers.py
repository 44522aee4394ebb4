"""What other learners reach on the same rows, and LightGBM on deep feature synthesis: for ``quality.py --peers``.

scikit-learn, XGBoost and CatBoost run with their own defaults on the X that the model gets. featuretools wants another pandas: it runs in a
virtual environment of its own (see rfm.py) and makes its features at the latest six training cutoffs and at the test cutoff.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rfm import environment

DFS = """
import sys, warnings, pandas as pd, featuretools as ft
warnings.simplefilter("ignore")
events, asked, out = (pd.read_parquet(sys.argv[1]).reset_index(names="event"), pd.read_parquet(sys.argv[2]), sys.argv[3])
es = ft.EntitySet("shop")
es = es.add_dataframe(dataframe_name="events", dataframe=events, index="event", time_index="time",
                      logical_types={"customer": "Categorical"})
es = es.normalize_dataframe("events", "customers", "customer", make_time_index=False)
made, _ = ft.dfs(entityset=es, target_dataframe_name="customers", cutoff_time=asked.rename(columns={"cutoff": "time"}),
                 cutoff_time_in_index=True, agg_primitives=["count", "sum", "mean", "max", "min", "std", "trend", "num_unique",
                 "time_since_last", "time_since_first", "avg_time_between"], trans_primitives=["month", "weekday"], n_jobs=1)
made = made.select_dtypes(["number", "bool"]).astype(float)
made.reset_index().to_parquet(out)
"""


def _codes(X: pd.DataFrame) -> pd.DataFrame:
    """Texts and flags as pandas categories, which all of them take; nothing else changed."""
    return X.assign(**{c: X[c].astype("category") for c in X if X[c].dtype.kind not in "fiu" and X[c].dtype != "category"})


def learners(X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, *, n_jobs: int = 1) -> dict[str, np.ndarray]:
    """Risks (n_test,) of every learner that is installed; CPU seconds are printed."""
    X, X_test = _codes(X), _codes(X_test)
    categories = [c for c in X if X[c].dtype == "category"]
    X_test = X_test.assign(**{c: pd.Categorical(X_test[c], categories=X[c].cat.categories) for c in categories})

    def boosting() -> np.ndarray:
        from sklearn.ensemble import HistGradientBoostingClassifier

        fitted = HistGradientBoostingClassifier(categorical_features=categories or None, random_state=0).fit(X, y)
        return fitted.predict_proba(X_test)[:, 1]

    def xgboost() -> np.ndarray:
        from xgboost import XGBClassifier

        return XGBClassifier(enable_categorical=True, random_state=0, n_jobs=n_jobs).fit(X, y).predict_proba(X_test)[:, 1]

    def catboost() -> np.ndarray:
        from catboost import CatBoostClassifier

        train, test = (part.assign(**{c: part[c].astype(object).where(part[c].notna(), "") for c in categories}) for part in (X, X_test))
        fitted = CatBoostClassifier(verbose=False, thread_count=n_jobs, random_seed=0, allow_writing_files=False)
        return fitted.fit(train, y, cat_features=categories).predict_proba(test)[:, 1]

    risks = {}
    for name, fit in (("HistGradientBoosting", boosting), ("XGBoost", xgboost), ("CatBoost", catboost)):
        start = time.process_time()
        try:
            risks[name] = np.asarray(fit(), dtype=np.float64)
        except ImportError:
            print(f"  {name}: not installed")
            continue
        print(f"  {name}: {time.process_time() - start:.0f} s CPU", flush=True)
    return risks


def deep_features(events: pd.DataFrame, y: pd.Series, test: pd.MultiIndex, *, n_jobs: int = 1) -> np.ndarray | None:
    """Risks (n_test,) of LightGBM on deep feature synthesis; None where featuretools does not install.

    ``events`` has columns customer, time and others; ``y`` is indexed by (customer_id, cutoff) as ``test`` is.
    """
    import lightgbm as lgb

    cutoffs = y.index.get_level_values("cutoff")
    y = y[cutoffs.isin(sorted(set(cutoffs))[-6:])]
    asked = [index.to_frame(index=False).set_axis(["customer", "cutoff"], axis=1) for index in (y.index, test)]
    try:
        python = environment("featuretools", "featuretools", "pandas<3", "pyarrow", "setuptools<80")
    except subprocess.CalledProcessError:
        print("  featuretools: does not install")
        return None
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("events.parquet", "asked.parquet", "made.parquet")]
        as_text = {"customer": str}
        both = pd.concat(asked, ignore_index=True).astype(as_text)
        both["cutoff"] = both["cutoff"] - pd.Timedelta("1us")  # what happens at the cutoff itself is not known
        events.astype(as_text).to_parquet(paths[0])
        both.to_parquet(paths[1])
        subprocess.run([str(python), "-c", DFS, *map(str, paths)], check=True, capture_output=True)
        made = pd.read_parquet(paths[2])
    keys = made.columns[:2]
    made = made.set_index(list(keys)).reindex(pd.MultiIndex.from_frame(both))
    A = made.to_numpy(dtype=np.float64)
    data = lgb.Dataset(A[: len(y)], y.to_numpy())
    settings: dict[str, Any] = {"objective": "binary", "verbosity": -1, "num_threads": n_jobs, "seed": 0}
    return np.asarray(lgb.train(settings, data, 100).predict(A[len(y) :]))
