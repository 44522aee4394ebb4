"""Run ``churnpredict retrain``: decide once per data set, record the decision, publish the champion."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from churnpredict.files import write_whole
from churnpredict.lifecycle.registry import Entry, Ledger, Registry
from churnpredict.pipeline import cutoffs

if TYPE_CHECKING:
    from churnpredict.events.tables import EventTables
    from churnpredict.lifecycle.retraining import Retraining
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["Settings", "fingerprint_of", "promote", "publish", "registry_of"]


_MLFLOW = "mlflow:"


class Names(Protocol):
    """Names of the results."""

    @property
    def registry(self) -> str:
        """A folder, or ``mlflow:`` and the name of a registered model."""

    @property
    def model(self) -> str:
        """The file that scoring reads."""


class Settings(Protocol):
    """The settings of a churn.toml that a decision needs."""

    @property
    def output(self) -> Names:
        """The names of results."""

    def resolve(self, name: str) -> Path:
        """Return the path of a name, relative to the churn.toml."""

    def event_tables(self) -> EventTables:
        """Return the tables, read."""

    def pipeline(self) -> ChurnPipeline:
        """Return an unfitted pipeline."""


def registry_of(settings: Settings) -> Ledger:
    """Return the registry that a churn.toml names: a folder, or ``mlflow:`` and the name of a registered model."""
    name = settings.output.registry
    if not name.startswith(_MLFLOW):
        return Registry(settings.resolve(name))
    from churnpredict.lifecycle.tracking import MlflowRegistry

    name = name.removeprefix(_MLFLOW)
    return MlflowRegistry(name, lock_file=settings.resolve(f".{name}.lock"))


def publish(settings: Settings, registry: Ledger) -> None:
    """Copy the champion to the path of the model, whole or not at all."""
    content, target = registry.champion_content(), settings.resolve(settings.output.model)
    if content is None:
        return
    if not target.exists() or target.read_bytes() != content:
        write_whole(target, lambda file: file.write(content))


def promote(settings: Settings, until: Any = None, *, dry_run: bool = False, **how: Any) -> tuple[Entry, Retraining | None]:
    """Decide on the data of a churn.toml, record the decision, and publish the champion.

    The same data and settings are decided once: a second run finds the decision and changes nothing, not even after a roll back. If a
    process died between recording and publishing, the next run publishes.

    Parameters
    ----------
    settings : Settings
    until : time, optional
        Use only what was known before it.
    dry_run : bool
        Decide, and write nothing.
    **how
        As in :func:`churnpredict.retrain`.

    Returns
    -------
    entry : Entry
        The decision in the history (or as it would be).
    decision : Retraining or None
        With its figures; None where it was made before, or there was nothing to compare with.
    """
    past = cutoffs.as_known(settings.event_tables(), until)
    registry = registry_of(settings)
    if dry_run:
        return _decide(settings, _Rehearsal(registry), past, how)
    with registry.deciding():
        entry, decision = _decide(settings, registry, past, how)
        publish(settings, registry)
    return entry, decision


class _Rehearsal(Ledger):
    """A registry for dry runs: it decides like another one, and keeps nothing."""

    def __init__(self, real: Ledger) -> None:
        self._real, self._history = real, real.history()

    def history(self) -> list[Entry]:
        return self._history

    def deciding(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def _read(self, sha256: str) -> bytes:
        return self._real._read(sha256)

    def _keep(self, pipeline: ChurnPipeline, content: bytes, sha256: str, decision: Retraining | None) -> None: ...

    def _write(self, history: list[Entry]) -> None:
        self._history = history


def _decide(settings: Settings, registry: Ledger, past: EventTables, how: dict[str, Any]) -> tuple[Entry, Retraining | None]:
    from churnpredict.lifecycle.retraining import retrain
    from churnpredict.pipeline.loading import load

    key = fingerprint_of(past, settings.pipeline(), how)
    taken = registry.decided(key)
    if taken is not None:
        return taken, None
    target = settings.resolve(settings.output.model)
    champion = registry.champion()
    if champion is None and target.exists():
        champion = load(target)
        registry.add(champion, "the existing model")
    if champion is None:
        words = "the first model: there is nothing to compare it with"
        return registry.add(settings.pipeline().fit(past), words, key=key), None
    decision = retrain(champion, past, challenger=settings.pipeline(), **how)
    return registry.record(decision, key), decision


def fingerprint_of(tables: EventTables, pipeline: ChurnPipeline, how: Mapping[str, Any]) -> str:
    """Return SHA-256 of the tables and of all settings of the decision; neither the order of rows nor the width of the terminal, to which
    a printed pipeline is wrapped, changes it.
    """
    digest = hashlib.sha256()
    for what in ({k: v for k, v in vars(pipeline).items() if not k.endswith("_")}, how):
        digest.update(repr(sorted((name, repr(value)) for name, value in what.items())).encode())
    digest.update(str(tables.observed_until()).encode())
    _add(digest, tables.ids)
    streams = dict(tables.streams)
    if tables.profile is not None:
        streams[tables.profile.name] = tables.profile.versions
    for name in sorted(streams):
        stream = streams[name]
        digest.update(name.encode())
        for values in (stream.offsets, stream.times, *(stream.columns[c] for c in sorted(stream.columns))):
            digest.update(np.ascontiguousarray(values).tobytes())
        for column, labels in sorted(tables.labels.get(name, {}).items()):
            digest.update(column.encode())
            _add(digest, labels)
    return digest.hexdigest()


def _add(digest: Any, values: pa.Array) -> None:
    digest.update(pa.RecordBatch.from_arrays([values], ["values"]).serialize())
