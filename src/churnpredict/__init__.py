"""churnpredict: which customers will leave, why, and what to do about it.

Names are imported on first use, so ``import churnpredict`` is quick.
"""

from __future__ import annotations

import importlib

from churnpredict import threads  # noqa: F401 - notices forks from here on
from churnpredict.public_names import ON_TOP, PARTS, RETURNED

__version__ = "0.2.0"
__all__ = [*sorted((*ON_TOP, *PARTS)), "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name in PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    home = ON_TOP.get(name) or RETURNED.get(name)
    if home is not None:
        value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_hint(name)}")


_PATH = 'tables take a path as it is, such as cp.Events("orders.csv", customer="...", time="...")'
# Names that people expect here -> what to call
_ELSEWHERE = {
    **dict.fromkeys(("read_csv", "read_parquet", "read_excel", "read_table", "load_csv", "read_sql"), _PATH),
    **dict.fromkeys(("train", "fit"), "call cp.ChurnPipeline(churn).fit(tables)"),
    **dict.fromkeys(("predict", "score", "predict_proba"), "call pipeline.score(tables), with a pipeline that is trained or loaded"),
    **dict.fromkeys(("backtest", "evaluate", "cross_validate"), "call pipeline.backtest(tables)"),
    **dict.fromkeys(("Model", "Classifier", "ChurnModel", "Predictor"), "ChurnPipeline for tables of events, ChurnClassifier for a matrix"),
    **dict.fromkeys(("save", "dump"), "call pipeline.save(path)"),
    **dict.fromkeys(("plan",), "call cp.plan_retention(scores)"),
    **dict.fromkeys(
        (
            "summary_data_from_transaction_data",
            "clv_summary",
            "BetaGeoFitter",
            "ParetoNBDFitter",
            "ModifiedBetaGeoFitter",
            "GammaGammaFitter",
        ),
        "cp.diagnostics.rfm_summary gives frequency, recency and value; cp.ChurnPipeline holds MBG/NBD as one of its members",
    ),
    **dict.fromkeys(("train_test_split", "TimeSeriesSplit"), "cp.TemporalSplit splits rows by cutoff; pipeline.backtest(tables) does all"),
    **dict.fromkeys(("Churn", "ChurnRule", "ChurnDefinition"), "cp.Inactivity, cp.SubscriptionEnd and cp.Cancellation are the churn rules"),
    **dict.fromkeys(("Table", "Tables", "Dataset", "EntitySet", "Orders"), "cp.EventTables(orders=cp.Events(...)) holds the tables"),
}


def _hint(name: str) -> str:
    """Return where a name of that spelling is, or the nearest one."""
    if name.startswith("_"):
        return ""
    if name in _ELSEWHERE:
        return f": {_ELSEWHERE[name]}"
    for part in PARTS:
        if name in importlib.import_module(f"{__name__}.{part}").__all__:
            return f". It is churnpredict.{part}.{name}."
    from churnpredict.errors import closest

    near = closest(name, (*__all__, *RETURNED))
    return f".{near}" if near else ""


def __dir__() -> list[str]:
    return __all__
