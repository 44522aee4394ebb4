"""Load a pipeline from a model file."""

from __future__ import annotations

from pathlib import Path

from churnpredict.argument_checks import shows_call
from churnpredict.model_file import store
from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["load", "unpacked"]


def unpacked(content: bytes, *, signed_by: str | Path | None = None) -> ChurnPipeline:
    """Return the pipeline whose file has these bytes, checked as :func:`load` does."""
    return ChurnPipeline.from_state(store.unpacked(content, signed_by=signed_by))


@shows_call('cp.load("churn.model")')
def load(path: str | Path, *, expected_sha256: str | None = None, signed_by: str | Path | None = None) -> ChurnPipeline:
    """Read a pipeline that :meth:`ChurnPipeline.save` wrote. No code in the file is run, whatever its source.

    Members, sizes and hashes are checked, then every key and number of the JSON, then the structure of every tree; LightGBM reads only a
    text of the trees that is written anew from the checked values. The loaded pipeline gives the same scores as the saved one, to the last
    bit.

    Parameters
    ----------
    path : path
    expected_sha256 : str, optional
        SHA-256 of the whole file, as ``sha256sum`` prints it: a harmless file can still be the wrong one.
    signed_by : path, optional
        A public ed25519 key (PEM): only a file signed with its private key is read. Needs ``churnpredict[sign]``.

    Raises
    ------
    ModelFileError
        ``no-model-file``, ``not-a-model``, ``pickled-model`` (never opened), ``newer-model``, ``other-model``, ``model-too-large``,
        ``unsigned-model``, ``wrong-signature``, ``damaged-model``, ``repacked-model``, ``model-json``, ``model-schema``,
        ``model-contradiction``, and those of :func:`churnpredict.model.trees.read_trees`.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.load("nowhere.model")
    Traceback (most recent call last):
    churnpredict.errors.ModelFileError: there is no file "nowhere.model". Train a model first, or check the path. [no-model-file]
    """
    return unpacked(store.content_of(path, expected_sha256), signed_by=signed_by)
