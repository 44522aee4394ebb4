"""Registry of models: which one is in use and why."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churnpredict.errors import ModelFileError, OutputError, UsageError
from churnpredict.files import lock, write_whole
from churnpredict.model_file import store
from churnpredict.pipeline.loading import unpacked

if TYPE_CHECKING:
    from churnpredict.lifecycle.retraining import Retraining
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["Entry", "Ledger", "Registry", "alone"]

_POINTER, _LOCK = "registry.json", ".lock"
_NAME = 16


class Entry(BaseModel):
    """One decision: the action, the model, the reason; without a clock time, so that the same data give the same bytes.

    ``model`` is the SHA-256 of the file that is the champion afterwards; ``before`` of the one before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, protected_namespaces=())  # model_id is a field name here

    action: Literal["add", "promote", "refuse", "roll back"]
    model: str = Field(pattern=r"^[0-9a-f]{64}$")
    before: str | None
    model_id: str
    verdict: str
    words: str
    until: str
    key: str


class _Pointer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["churnpredict registry"]
    version: Literal[1]
    history: list[Entry]


class Ledger(ABC):
    """Decisions on the model in use.

    Subclasses store models and decisions. Models are identified by the SHA-256 of their file, and checked against it when they are read.
    """

    # --- storage ---

    @abstractmethod
    def history(self) -> list[Entry]:
        """Return every decision, oldest first."""

    @abstractmethod
    def deciding(self) -> contextlib.AbstractContextManager[None]:
        """Let nobody else decide inside the block."""

    @abstractmethod
    def _read(self, sha256: str) -> bytes:
        """Return a model file that was kept, checked."""

    @abstractmethod
    def _keep(self, pipeline: ChurnPipeline, content: bytes, sha256: str, decision: Retraining | None) -> None:
        """Store a model file, unless it exists."""

    @abstractmethod
    def _write(self, history: list[Entry]) -> None:
        """Write the history with one more entry."""

    # --- the model in use ---

    def champion_content(self) -> bytes | None:
        """Return the model file in use, checked against the hash under which it was recorded; None while there is none.

        Raises
        ------
        ModelFileError
            The file is missing, or is not the one that was recorded.
        """
        history = self.history()
        return self._read(history[-1].model) if history else None

    def champion(self) -> ChurnPipeline | None:
        """Return the pipeline in use, read as by :func:`churnpredict.load`; None while there is none."""
        content = self.champion_content()
        if content is None:
            return None
        found: ChurnPipeline = unpacked(content)
        return found

    # --- deciding ---

    def add(self, pipeline: ChurnPipeline, words: str = "entered by hand", *, key: str = "") -> Entry:
        """Make a trained pipeline the champion without a comparison: the first one, or by a person's decision."""
        return self._enter("add", pipeline, None, verdict="added", words=words, until=str(pipeline.cutoffs_[-1]), key=key)

    def record(self, decision: Retraining, key: str = "") -> Entry:
        """Record the decision of :func:`retrain`; a promotion makes its winner the champion."""
        about = {"verdict": decision.verdict, "words": decision.words, "until": str(decision.until), "key": key}
        if decision.promoted and decision.winner is not None:
            return self._enter("promote", decision.winner, decision, **about)
        last = self._last("refuse")
        return self._append(Entry(action="refuse", model=last.model, before=last.model, model_id=last.model_id, **about))

    def roll_back(self, words: str = "by hand") -> Entry:
        """Make the previous model the champion again.

        Raises
        ------
        UsageError
            ``nothing-before``: there was no other model before.
        """
        history = self.history()
        last = self._last("roll back")
        line: list[str] = []  # champions that were not rolled back: a roll back removes the last one
        for entry in history:
            if entry.action == "roll back":
                line.pop()
            elif not line or entry.model != line[-1]:
                line.append(entry.model)
        if len(line) < 2:
            raise UsageError("nothing-before", "there was no other model before this one", remedy="Add one, or retrain.")
        model_id = next(e.model_id for e in reversed(history) if e.model == line[-2])
        entry = Entry(
            action="roll back",
            model=line[-2],
            before=last.model,
            model_id=model_id,
            verdict="rolled back",
            words=words,
            until=last.until,
            key="",
        )
        return self._append(entry)

    def decided(self, key: str) -> Entry | None:
        """Return the decision that was made on the same data and settings, if any."""
        return next((entry for entry in reversed(self.history()) if key and entry.key == key), None)

    def _last(self, what: str) -> Entry:
        history = self.history()
        if not history:
            raise UsageError("no-champion", f"there is no model to {what}", remedy="Add a trained model first.")
        return history[-1]

    def _enter(self, action: Literal["add", "promote"], pipeline: ChurnPipeline, decision: Retraining | None, **about: str) -> Entry:
        content = store.packed(pipeline.state)
        sha256 = hashlib.sha256(content).hexdigest()
        self._keep(pipeline, content, sha256, decision)
        history = self.history()
        before = history[-1].model if history else None
        return self._append(Entry(action=action, model=sha256, before=before, model_id=pipeline.model_id_, **about))

    def _append(self, entry: Entry) -> Entry:
        history = self.history()
        if not history or history[-1] != entry:  # the same decision about the same champion: no second entry
            self._write([*history, entry])
        return entry


class Registry(Ledger):
    """Which model is the champion, what it was before, and why it changed.

    Every model file is in the folder under the first digits of its SHA-256, and is never changed. Writing a model changes nothing until
    ``registry.json`` is replaced, in one step; a process that dies between the two leaves the old champion and an unused file. One process
    at a time decides: a second one waits.

    Parameters
    ----------
    folder : path
        Folder of the registry; created if missing.

    Examples
    --------
    >>> import tempfile
    >>> registry = Registry(tempfile.mkdtemp())
    >>> registry.history(), registry.champion_file()
    ([], None)
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def history(self) -> list[Entry]:
        """Return every decision, oldest first.

        Raises
        ------
        ModelFileError
            ``damaged-registry``.
        """
        try:
            content = (self.folder / _POINTER).read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._damaged(str(error.strerror)) from error
        try:
            return _Pointer.model_validate_json(content).history
        except ValidationError as error:
            raise self._damaged(str(error.errors(include_url=False, include_input=False)[0]["type"])) from None

    def _damaged(self, why: str) -> ModelFileError:
        remedy = "Restore the file from a backup; the model files beside it are whole."
        return ModelFileError("damaged-registry", f'"{self.folder / _POINTER}" cannot be used: {why}', remedy=remedy)

    def champion_file(self) -> Path | None:
        """Return the model file in use; None while there is none."""
        history = self.history()
        return self._path(history[-1].model) if history else None

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256[:_NAME]}.model"

    def deciding(self) -> contextlib.AbstractContextManager[None]:
        """Let nobody else decide inside the block; the lock ends with the process, however it ends."""
        return alone(self.folder / _LOCK)

    def _read(self, sha256: str) -> bytes:
        return store.content_of(self._path(sha256), sha256)

    def _keep(self, pipeline: ChurnPipeline, content: bytes, sha256: str, decision: Retraining | None) -> None:
        if not self._path(sha256).exists():
            write_whole(self._path(sha256), lambda file: file.write(content))

    def _write(self, history: list[Entry]) -> None:
        pointer = _Pointer(format="churnpredict registry", version=1, history=history)
        text = json.dumps(pointer.model_dump(), indent=1, sort_keys=True)
        write_whole(self.folder / _POINTER, lambda file: file.write(text.encode()))


@contextlib.contextmanager
def alone(lock_file: Path) -> Iterator[None]:
    """Lock the file, after waiting for other processes of this machine.

    Raises
    ------
    OutputError
        ``not-written``.
    """
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        remedy = "Check the path and its permissions."
        raise OutputError("not-written", f'"{lock_file.parent}" cannot be written to: {error.strerror}', remedy=remedy) from error
    try:
        lock(handle, wait=True)
        yield
    finally:
        os.close(handle)
