"""Saving and loading a trained pipeline: one file, whole or not at all, checked before it is opened."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from churnpredict.errors import ModelFileError, UsageError
from churnpredict.operations.output import write_whole

__all__ = ["fingerprint", "load", "save"]

_HEAD = b"churnpredict model, format 1\n"
_DIGEST = 64


def fingerprint(model: Any, columns: list[str]) -> str:
    """Twelve hexadecimal digits that stand for a fitted model: the same for the same model, another for another."""
    import joblib

    return str(joblib.hash((model, columns)))[:12]


def save(pipeline: Any, path: str | Path) -> Path:
    """Write a fitted pipeline.

    The file holds a line that names the format, the SHA-256 of what follows, and the pipeline as joblib stores it.

    Raises
    ------
    OutputError
        ``not-written``: nothing half-written stays.
    """
    import joblib

    body = io.BytesIO()
    joblib.dump(pipeline, body, compress=("zlib", 3))
    content = body.getvalue()
    return write_whole(path, lambda file: file.write(_HEAD + hashlib.sha256(content).hexdigest().encode() + b"\n" + content))


def load(path: str | Path, *, expected_sha256: str | None = None) -> Any:
    """Read a pipeline that :func:`save` wrote.

    The format and the checksum are checked first, so that a file that was cut, damaged or is of another kind is refused unopened. Load only
    files from people you trust: what joblib stored can run code when it is read. ``expected_sha256`` holds a file to what you know it is.

    Parameters
    ----------
    path : path
    expected_sha256 : str, optional
        SHA-256 of the whole file, as ``sha256sum`` prints it.

    Raises
    ------
    ModelFileError
        ``no-model-file``, ``not-a-model``, ``damaged-model``, ``other-model``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.load("nowhere.model")
    Traceback (most recent call last):
    churnpredict.errors.ModelFileError: there is no file "nowhere.model". Train a model first, or check the path. [no-model-file]
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelFileError("no-model-file", f'there is no file "{path}"', remedy="Train a model first, or check the path.") from None
    except OSError as error:
        raise ModelFileError(
            "no-model-file", f'"{path}" cannot be read: {error.strerror}', remedy="Check the path and its permissions."
        ) from error
    if expected_sha256 is not None:
        if len(expected_sha256) != _DIGEST:
            raise UsageError("bad-sha256", "expected_sha256 is not 64 hexadecimal digits", remedy="Take what sha256sum prints.")
        if hashlib.sha256(content).hexdigest() != expected_sha256.lower():
            raise ModelFileError(
                "other-model",
                f'"{path}" is not the file that was expected: its SHA-256 differs',
                remedy="Take the file from its source again.",
            )
    if not content.startswith(_HEAD):
        older = content.startswith(b"churnpredict model, format ")
        raise ModelFileError(
            "not-a-model",
            f'"{path}" is a model of another format' if older else f'"{path}" is not a model of churnpredict; it was not opened',
            remedy="Read it with the version that wrote it." if older else "Give a file that pipeline.save or churnpredict train wrote.",
        )
    digest, _, body = content[len(_HEAD) :].partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ModelFileError(
            "damaged-model", f'"{path}" is damaged or cut: its checksum does not fit', remedy="Take the file from its source again."
        )
    import joblib

    return joblib.load(io.BytesIO(body))
