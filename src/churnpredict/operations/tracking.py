"""MLflow: a pipeline as a run and a model that loads without unpickling anything; the only file that names MLflow (extra ``mlflow``)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.errors import MissingExtraError, SchemaError
from churnpredict.operations import scoring

if TYPE_CHECKING:
    from churnpredict.events.tables import EventTables
    from churnpredict.operations.drift import Drift
    from churnpredict.operations.pipeline import ChurnPipeline
    from churnpredict.operations.retraining import Retraining

__all__ = ["inputs_at", "log_pipeline"]

_FILE = "churn.model"
_INDEX = ("customer_id", "cutoff")


def _mlflow() -> Any:
    try:
        import mlflow
        import mlflow.pyfunc
    except ImportError as missing:
        remedy = 'Install it: pip install "churnpredict[mlflow]"'
        raise MissingExtraError("missing-extra", "runs and models in MLflow need mlflow-skinny", remedy=remedy) from missing
    return mlflow


def log_pipeline(
    pipeline: ChurnPipeline,
    *,
    name: str = "churn",
    registered_model_name: str | None = None,
    retraining: Retraining | None = None,
    drift: Drift | None = None,
) -> str:
    """Log a trained pipeline to the active MLflow run, or to a run of its own: settings, figures, and the model as a pyfunc.

    The model is our own file, which is data, with a loader that is part of this package: it loads with
    ``MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false``. No customer id, no row and no example of the input is written.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained.
    name : str
        Of the logged model.
    registered_model_name : str, optional
        Also a new version in MLflow's model registry, where the store has one.
    retraining : Retraining, optional
        Its figures become metrics, its verdict and words tags.
    drift : Drift, optional
        Its alarms are counted and listed, without what they say of single values.

    Returns
    -------
    str
        The address for ``mlflow.pyfunc.load_model``. Its ``predict`` takes a frame as :func:`inputs_at` gives it, and returns the table of
        scores, riskiest first; ``value`` is unknown there, so there is no money at risk.

    Raises
    ------
    MissingExtraError
        ``missing-extra``.
    UsageError
        ``not-storable``: code of your own in the pipeline.
    """
    mlflow = _mlflow()
    with tempfile.TemporaryDirectory() as folder:
        path = pipeline.save(Path(folder) / _FILE)
        started = None if mlflow.active_run() else mlflow.start_run()
        try:
            mlflow.log_params(_settings(pipeline))
            mlflow.log_metrics(_figures(pipeline, retraining, drift))
            mlflow.set_tags(_tags(retraining, drift))
            logged = mlflow.pyfunc.log_model(
                name=name,
                loader_module=__name__,
                data_path=str(path),
                signature=_signature(pipeline),
                pip_requirements=_requirements(),
                registered_model_name=registered_model_name,
            )
        finally:
            if started is not None:
                mlflow.end_run()
    return str(logged.model_uri)


def inputs_at(pipeline: ChurnPipeline, tables: EventTables, at: Any = None) -> pd.DataFrame:
    """What the logged model takes: everybody at risk at a cutoff, ids as text, features as double precision numbers or text."""
    X = pipeline.features_at(tables, at)
    texts = _text_columns(pipeline)
    index = {"customer_id": X.index.get_level_values("customer_id").astype(str), "cutoff": X.index.get_level_values("cutoff")}
    features = {c: X[c].astype(object).where(X[c].notna(), None) if c in texts else X[c].astype(np.float64) for c in X}
    return pd.DataFrame({**index, **{c: np.asarray(values) for c, values in features.items()}})


def _settings(pipeline: ChurnPipeline) -> dict[str, Any]:
    first, last = (str(pipeline.cutoffs_[i].date()) for i in (0, -1))
    trained = {"cutoffs": len(pipeline.cutoffs_), "first_cutoff": first, "last_cutoff": last, "features": len(pipeline.features_)}
    return {"model_id": pipeline.model_id_, "churn": repr(pipeline.churn)[:500], "history": str(pipeline.history), **trained}


def _figures(pipeline: ChurnPipeline, retraining: Retraining | None, drift: Drift | None) -> dict[str, float]:
    found = {"snapshots": float(pipeline.n_snapshots_), "leavers": float(pipeline.n_leavers_), "base_rate": pipeline.base_rate_}
    if retraining is not None and len(retraining.figures):
        rows = retraining.figures.dropna(subset="value")
        found |= {f"{m.replace(' ', '_')}.{k}": float(v) for m, k, v in zip(rows["model"], rows["metric"], rows["value"], strict=True)}
    if drift is not None:
        found |= {"drift.alarms": float(len(drift.alarms)), "drift.checks": float(len(drift.figures))}
    return found


def _tags(retraining: Retraining | None, drift: Drift | None) -> dict[str, str]:
    found = {} if retraining is None else {"verdict": retraining.verdict, "words": retraining.words[:5000]}
    if drift is not None:
        found["drift"] = "; ".join(f"{a.code} {a.where}" for a in drift.alarms)[:5000] or "none"
    return found


def _text_columns(pipeline: ChurnPipeline) -> set[str]:
    encoder = getattr(pipeline.model_, "_encoder", None)
    return set() if encoder is None else {encoder.names[j] for j in encoder.levels}


def _signature(pipeline: ChurnPipeline) -> Any:
    """Doubles throughout, since a missing whole number has no place in MLflow's integers."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    texts = _text_columns(pipeline)
    columns = [ColSpec(DataType.string, "customer_id"), ColSpec(DataType.datetime, "cutoff")]
    columns += [
        ColSpec(DataType.string if c in texts else DataType.double, str(c), required=False) for c in pipeline.model_.feature_names_in_
    ]
    said = {"cutoff": DataType.datetime, **dict.fromkeys(("risk", "percentile", "value", "money_at_risk"), DataType.double)}
    said |= {f"reason_{i}_points": DataType.double for i in range(1, scoring.REASONS + 1)}
    return ModelSignature(Schema(columns), Schema([ColSpec(said.get(c, DataType.string), c, required=False) for c in scoring.COLUMNS]))


def _requirements() -> list[str]:
    from churnpredict import __version__

    return [f"churnpredict=={__version__}"]


def _load_pyfunc(path: str) -> _Scorer:
    """What MLflow calls to load the model: reads our own file, which runs nothing."""
    from churnpredict.operations.store import load

    found = Path(path)
    return _Scorer(load(found / _FILE if found.is_dir() else found))


class _Scorer:
    """The loaded model: a frame of features in, the table of scores out."""

    def __init__(self, pipeline: ChurnPipeline) -> None:
        self.pipeline = pipeline

    def predict(self, frame: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """One row per customer, riskiest first."""
        from churnpredict.explanation.attribution import explain

        missing = [c for c in _INDEX if c not in frame]
        if missing:
            remedy = "Give a frame as inputs_at makes it."
            raise SchemaError("missing-column", "there is no such column", table="inputs", column=missing[0], remedy=remedy)
        pipeline = self.pipeline
        index = pd.MultiIndex.from_arrays([frame[c] for c in _INDEX], names=list(_INDEX))
        X = frame.drop(columns=list(_INDEX)).set_axis(index)
        for column in X:
            X[column] = X[column].astype("category") if column in _text_columns(pipeline) else X[column].astype(np.float32)
        why = explain(pipeline.model_, X, usual=pipeline.usual_)
        parts = scoring.parts_of_risk(pipeline.model_, X)
        worth = np.full(len(X), np.nan)
        rate, name = pipeline.base_rate_, pipeline.model_id_
        return scoring.score_table(scoring.score_rows(X, parts, worth, explanation=why, base_rate=rate, model_id=name, words=True))
