"""MLflow: pipelines as runs and as models that load without unpickling, and MLflow's model registry as a churnpredict registry.

The only file that names MLflow (extra ``mlflow``). Longer than most modules for that reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from churnpredict.churn.rule import window_after
from churnpredict.errors import ModelFileError, OutputError, SchemaError, UsageError, missing_extra
from churnpredict.lifecycle.registry import Entry, Ledger, alone
from churnpredict.model_file import store
from churnpredict.pipeline import scoring
from churnpredict.pipeline.cutoffs import warn_in_sample
from churnpredict.pipeline.loading import unpacked

if TYPE_CHECKING:
    from churnpredict.events.tables import EventTables
    from churnpredict.lifecycle.retraining import Retraining
    from churnpredict.monitoring.drift import Drift
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["MlflowRegistry", "inputs_at", "log_pipeline"]

_FILE = "churn.model"
_ALIAS = "champion"
_SHA256, _DECISION, _SETTLED = "churnpredict.sha256", "churnpredict.decision.", "churnpredict.settled"
_NAME = re.compile(r"[\w. -]+")
_INDEX = ("customer_id", "cutoff")


def _mlflow() -> Any:
    try:
        import mlflow
        import mlflow.pyfunc
    except ImportError as missing:
        raise missing_extra("runs and models in MLflow need mlflow-skinny", "mlflow") from missing
    if not sys.stderr.isatty():  # bars are for terminals
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    return mlflow


def log_pipeline(
    pipeline: ChurnPipeline,
    *,
    name: str = "churn",
    registered_model_name: str | None = None,
    retraining: Retraining | None = None,
    drift: Drift | None = None,
) -> str:
    """Log a trained pipeline to the active MLflow run, or to a new run: settings, figures, and the model as a pyfunc.

    The model is a churnpredict model file, which is data, with a loader that is part of this package: it loads with
    ``MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false``. No customer id, no row and no example of the input is written.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained.
    name : str
        Name of the logged model.
    registered_model_name : str, optional
        Also a new version in MLflow's model registry, where the store has one.
    retraining : Retraining, optional
        Its figures become metrics, its verdict and words tags.
    drift : Drift, optional
        Its alarms are counted and listed, without single values.

    Returns
    -------
    str
        The address for ``mlflow.pyfunc.load_model``. Its ``predict`` takes a frame as :func:`inputs_at` gives it, and returns the table of
        scores, riskiest first; ``value`` is unknown there, so there is no money at risk, and reasons do not call an amount money.

    Raises
    ------
    MissingExtraError
        ``missing-extra``.
    UsageError
        ``not-storable``: custom code in the pipeline.
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
    """Return the input of the logged model: everybody at risk at a cutoff, ids as text, features as double precision numbers or text."""
    X = pipeline.features_at(tables, at)
    texts = _text_columns(pipeline)
    index = {"customer_id": X.index.get_level_values("customer_id").astype(str), "cutoff": X.index.get_level_values("cutoff")}
    features: dict[Any, Any] = {c: X[c].astype(object).where(X[c].notna(), None) if c in texts else X[c].astype(np.float64) for c in X}
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
    encoder = getattr(pipeline.model_, "matrix_encoder_", None)
    return set() if encoder is None else {encoder.names[j] for j in encoder.levels}


def _signature(pipeline: ChurnPipeline) -> Any:
    """Convert numbers to doubles, since MLflow's integers cannot be missing."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    texts = _text_columns(pipeline)
    columns = [ColSpec(DataType.string, "customer_id"), ColSpec(DataType.datetime, "cutoff")]
    columns += [
        ColSpec(DataType.string if c in texts else DataType.double, str(c), required=False) for c in pipeline.model_.feature_names_in_
    ]
    said = {"customer_id": DataType.string, "cutoff": DataType.datetime}
    said |= dict.fromkeys(scoring.TEXTS, DataType.string) | dict.fromkeys(scoring.FLAGS, DataType.boolean)
    return ModelSignature(Schema(columns), Schema([ColSpec(said.get(c, DataType.double), c, required=False) for c in scoring.COLUMNS]))  # pyright: ignore[reportArgumentType]


def _requirements() -> list[str]:
    from churnpredict import __version__

    return [f"churnpredict=={__version__}"]


def _load_pyfunc(path: str) -> Scorer:
    """Return the function that MLflow calls to load the model: it reads a churnpredict model file, which runs no code."""
    from churnpredict.pipeline.loading import load

    found = Path(path)
    return Scorer(load(found / _FILE if found.is_dir() else found))


class Scorer:
    """The loaded model: a frame of features in, the table of scores out."""

    def __init__(self, pipeline: ChurnPipeline) -> None:
        self.pipeline = pipeline

    def predict(self, frame: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Return one row per customer, riskiest first."""
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
        how: dict[str, Any] = {
            "base_rate": pipeline.base_rate_,
            "model_id": pipeline.model_id_,
            "in_sample": has_seen(pipeline, frame["cutoff"]),
        }
        if how["in_sample"]:
            warn_in_sample()
        return scoring.score_table(scoring.frame_of(scoring.score_columns(X, parts, worth, explanation=why, **how)))


def has_seen(pipeline: ChurnPipeline, moments: Any) -> bool:
    """Check :meth:`ChurnPipeline.has_seen` on wall times: without tables the business's clock is unknown, and two hours may be off."""
    newest = int(pipeline.cutoffs_[-1].tz_localize(None).to_datetime64().astype("datetime64[us]").astype(np.int64))
    until = pd.Timestamp(window_after(pipeline.churn, newest, "UTC")[1], unit="us")
    first = pd.DatetimeIndex(moments).min()
    return not pd.isna(first) and bool(first < until - pd.Timedelta(hours=2))


class MlflowRegistry(Ledger):
    """MLflow's model registry as a churnpredict registry: each model is a version of one registered model, with the alias ``champion`` on
    the one in use.

    Decisions are numbered tags of the registered model; they count, and the alias follows them: if a process dies between the two, the next
    decision repairs it. Moving the alias in MLflow is a decision too: the next decision finds it and records it as added. Models are the
    pyfunc of :func:`log_pipeline`, logged to the active run or a new one; only the churnpredict model file is read back, checked against
    its SHA-256, so nothing is unpickled.

    MLflow has no lock: processes of one machine wait for each other, those of several must be kept from running at the same time by their
    scheduler.

    Parameters
    ----------
    name : str
        Name of the registered model, created if missing, on the server that ``MLFLOW_TRACKING_URI`` (or ``MLFLOW_REGISTRY_URI``) names.
    lock_file : path, optional
        Locked while a process decides; without one, processes do not wait.

    Raises
    ------
    MissingExtraError
        ``missing-extra``.
    UsageError
        ``bad-argument``: a name that MLflow does not take.
    OutputError
        ``mlflow-refused``: an error of the server, from any method.
    """

    def __init__(self, name: str, *, lock_file: str | Path | None = None) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError("bad-argument", f'"{name}" is not a valid name of a model', remedy="Use letters, digits, dots and dashes.")
        self.name, self.lock_file = name, None if lock_file is None else Path(lock_file)
        self._mlflow = _mlflow()

    def history(self) -> list[Entry]:
        """Return every decision, oldest first.

        Raises
        ------
        ModelFileError
            ``damaged-registry``: a tag has been edited.
        """
        return self._history(self._model())

    @contextlib.contextmanager
    def deciding(self) -> Iterator[None]:
        """Let nobody else on this machine decide inside the block. First make the alias and the history agree."""
        with contextlib.nullcontext() if self.lock_file is None else alone(self.lock_file):
            self._reconcile()
            yield

    def _reconcile(self) -> None:
        model = self._model()
        history, version = self._history(model), self._alias(model)
        if history and (model.tags.get(_SETTLED) != str(len(history)) or version is None):
            self._settle(history)
            return
        if version is None:
            return
        content = self._content(version)
        sha256 = hashlib.sha256(content).hexdigest()
        if history and sha256 == history[-1].model:
            return
        self._ask("set_model_version_tag", self.name, version, _SHA256, sha256)
        pipeline = unpacked(content)
        words = f'the alias "{_ALIAS}" was put on version {version} in MLflow'
        about = {"verdict": "added", "words": words, "until": str(pipeline.cutoffs_[-1]), "key": ""}
        before = history[-1].model if history else None
        self._write([*history, Entry(action="add", model=sha256, before=before, model_id=pipeline.model_id_, **about)])

    # --- where things are kept ---

    def _read(self, sha256: str) -> bytes:
        return self._content(self._version(sha256), sha256)

    def _keep(self, pipeline: ChurnPipeline, content: bytes, sha256: str, decision: Retraining | None) -> None:
        if self._version(sha256, missing_ok=True):
            return
        with self._said():
            uri = log_pipeline(pipeline, retraining=decision)
            with contextlib.redirect_stderr(io.StringIO()):  # MLflow shows it in plain words, the log holds JSON
                self._mlflow.register_model(uri, self.name, tags={_SHA256: sha256})

    def _write(self, history: list[Entry]) -> None:
        self._ask("set_registered_model_tag", self.name, f"{_DECISION}{len(history):06d}", history[-1].model_dump_json())
        self._settle(history)

    def _settle(self, history: list[Entry]) -> None:
        self._ask("set_registered_model_alias", self.name, _ALIAS, self._version(history[-1].model))
        self._ask("set_registered_model_tag", self.name, _SETTLED, str(len(history)))

    # --- calls to MLflow ---

    def _ask(self, what: str, *given: Any, **named: Any) -> Any:
        with self._said():
            return getattr(self._mlflow.MlflowClient(), what)(*given, **named)

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except self._mlflow.exceptions.MlflowException as error:
            said = str(error.message).splitlines()[0][:300]
            remedy = "Check MLFLOW_TRACKING_URI, the server and your permissions, and start again: nothing is done twice."
            raise OutputError("mlflow-refused", f'the registered model "{self.name}": {said}', remedy=remedy) from error

    def _model(self) -> Any:
        """Return the registered model; one without tags and aliases where there is none yet."""
        try:
            return self._mlflow.MlflowClient().get_registered_model(self.name)
        except self._mlflow.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                with self._said():
                    raise
            return self._mlflow.entities.model_registry.RegisteredModel(self.name)

    def _history(self, model: Any) -> list[Entry]:
        try:
            return [Entry.model_validate_json(model.tags[key]) for key in sorted(model.tags) if key.startswith(_DECISION)]
        except ValidationError:
            remedy = f"Put the tags that begin with {_DECISION} back to what they were, or register under another name."
            raise ModelFileError(
                "damaged-registry", f'a decision on the registered model "{self.name}" was edited', remedy=remedy
            ) from None

    def _alias(self, model: Any) -> str | None:
        """Return the version that the alias is on."""
        found = model.aliases.get(_ALIAS)
        return None if found is None else str(found)

    def _version(self, sha256: str, *, missing_ok: bool = False) -> str:
        """Return the version that holds a file; empty if it may be missing and is."""
        for one in self._ask("search_model_versions", f"name='{self.name}'"):
            if one.tags.get(_SHA256) == sha256:
                return str(one.version)
        if missing_ok:
            return ""
        remedy = "Restore it, or move the alias to another version."
        raise ModelFileError("no-model-file", f'"{self.name}" has no version of the recorded model', remedy=remedy)

    def _content(self, version: str, sha256: str | None = None) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            with self._said():
                self._mlflow.artifacts.download_artifacts(f"models:/{self.name}/{version}", dst_path=folder)
            found = next(iter(sorted(Path(folder).rglob(_FILE))), Path(folder) / _FILE)
            return store.content_of(found, sha256)
