"""Save and load a trained pipeline as one checked file."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.argument_checks import check_path
from churnpredict.errors import ModelError, ModelFileError, UsageError, kind_of
from churnpredict.figures import percent, score
from churnpredict.files import write_whole
from churnpredict.model_file import archive
from churnpredict.text_tables import paragraph, text_table

if TYPE_CHECKING:
    from churnpredict.model_file import schema
    from churnpredict.model_file.state import TrainedState

__all__ = ["content_of", "describe", "fingerprint", "identity", "packed", "save", "told", "unpacked", "versions"]

_DIGEST = 64
_MANIFEST, _NUMBERS = "manifest.json", "numbers.json"
_LIBRARIES = ("churnpredict", "lightgbm", "numpy", "pandas", "scikit-learn")
# First bytes of pickle, of joblib's compressed pickles, and of the first format of this library, which held one.
_PICKLED = (
    b"\x80",
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"ZF",
    b"churnpredict model, format 1\n",
)


def fingerprint(model: Any, columns: list[str]) -> str:
    """Return a hash of a fitted model, twelve hexadecimal digits: the same for the same numbers, before and after saving."""
    from pydantic import ValidationError

    from churnpredict.model_file.schema import write_json
    from churnpredict.model_file.serialise import freeze_model

    try:
        found, classifier, numbers, texts = freeze_model(model)
    except (ModelError, UsageError, ValidationError):  # a custom classifier
        import joblib

        return str(joblib.hash((model, columns)))[:12]
    labels = f"{classifier.labels} {classifier.base_rate!r}".encode()
    parts = [write_json(found), write_json(numbers), labels, *texts.values()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:12]


def save(state: TrainedState, path: str | Path, *, sign_with: str | Path | None = None) -> Path:
    """Write a trained pipeline as data: a zip of JSON and of trees as text. No code, no customer ids, no rows, no minima and maxima.

    The same pipeline gives the same bytes. The file is read back before it gets its name, so an existing file can be loaded.

    Parameters
    ----------
    state : TrainedState
    path : path
    sign_with : path, optional
        A private ed25519 key (PEM), to sign the file with; needs ``churnpredict[sign]``.

    Raises
    ------
    UsageError
        ``not-storable``: a custom classifier, churn rule or feature, which is code. ``bad-key``.
    ModelFileError
        Trees that cannot be checked, such as linear ones.
    OutputError
        ``not-written``: no partial file is left.
    """
    content = packed(state, sign_with=sign_with)
    return write_whole(path, lambda file: file.write(content))


def identity(state: TrainedState) -> str | None:
    """Return SHA-256 of the whole state of a trained pipeline, as in its file; None if it holds custom code."""
    try:
        return hashlib.sha256(packed(state, read_back=False)).hexdigest()
    except (ModelError, UsageError):
        return None


def packed(state: TrainedState, *, sign_with: str | Path | None = None, read_back: bool = True) -> bytes:
    """Return the bytes of the file that :func:`save` writes, read once for a check unless ``read_back`` is False."""
    from pydantic import ValidationError

    from churnpredict.model_file import schema
    from churnpredict.model_file import serialise as freezing
    from churnpredict.model_file import sign as signing

    try:
        columns, classifier, numbers, texts = freezing.freeze_model(state.model)
        files = {_NUMBERS: schema.write_json(numbers), **texts}
        manifest = schema.Manifest(
            format=schema.FORMAT,
            version=schema.VERSION,
            written_by=versions(),
            model_id=state.model_id,
            files=[schema.FileEntry(name=n, bytes=len(c), sha256=hashlib.sha256(c).hexdigest()) for n, c in files.items()],
            pipeline=freezing.freeze_pipeline(state),
            columns=columns,
            classifier=classifier,
        )
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise freezing.not_storable(f"{where} of the {error.title.lower()} is of a kind or size") from None
    files = {_MANIFEST: schema.write_json(manifest), **files}
    if sign_with is not None:
        files[signing.MEMBER] = signing.sign(files[_MANIFEST], sign_with)
    content = archive.pack(files)
    if read_back:
        unpacked(content)
    return content


def unpacked(content: bytes, *, signed_by: str | Path | None = None) -> TrainedState:
    """Return the trained pipeline whose file has these bytes.

    Members, sizes and hashes are checked, then every key and number of the JSON, then the structure of every tree; LightGBM reads only a
    text of the trees that is written anew from the checked values.
    """
    return _made_of(_opened(content, signed_by))


def describe(path: str | Path, *, expected_sha256: str | None = None, signed_by: str | Path | None = None) -> dict[str, Any]:
    """Return what is in a model file, checked as :func:`unpacked` does, but without LightGBM and without building the pipeline."""
    from churnpredict.model.trees import read_trees
    from churnpredict.model_file import serialise as freezing
    from churnpredict.model_file import sign as signing

    content = content_of(path, expected_sha256)
    manifest, numbers, texts = _opened(content, signed_by)
    part = manifest.pipeline
    members = []
    for member in numbers.members:
        found: dict[str, Any] = {"kind": member.kind, "weight": member.weight}
        if member.kind == "trees":
            trees = read_trees(texts.get(member.file, b""))
            found |= {"file": member.file, "trees": trees.n_trees, "depth": trees.depth()}
        members.append(found)
    return {
        "file": str(path),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "format": manifest.version,
        "written_by": manifest.written_by,
        "signature": "checked" if signed_by else "there, not checked" if signing.MEMBER in archive.unpack(content) else "none",
        "model_id": manifest.model_id,
        "churn": repr(freezing.thaw_rule(part.churn)),
        "history": part.settings.get("history"),
        "trained": {"snapshots": part.n_snapshots, "leavers": part.n_leavers, "cutoffs": len(part.cutoffs), "base_rate": part.base_rate},
        "features": len(part.features),
        "tables": sorted({row.table for row in part.features}),
        "columns": len(manifest.columns.names),
        "categories": {manifest.columns.names[c.column]: len(c.levels) for c in manifest.columns.categories},
        "members": members,
        "calibration": numbers.calibration.kind,
        "shares": [share.name for share in numbers.shares],
    }


def told(found: Mapping[str, Any]) -> str:
    """Return what :func:`describe` found, for a terminal."""
    trained, writer = found["trained"], found["written_by"]
    first = f"{found['file']}: whole, {found['bytes']:,} bytes, format {found['format']}, model {found['model_id']}"
    rows = [
        ("SHA-256", found["sha256"]),
        ("written by", ", ".join(f"{library} {version}" for library, version in writer.items())),
        ("signature", found["signature"]),
        ("churn", found["churn"]),
        ("trained on", f"{trained['snapshots']:,} snapshots at {trained['cutoffs']} cutoffs, {percent(trained['base_rate'])} left"),
        ("features", f"{found['features']} of the tables {', '.join(found['tables'])}; {found['columns']} columns"),
        ("categories", ", ".join(f"{name} ({n})" for name, n in found["categories"].items())),
        *(("members" if not n else "", words) for n, words in enumerate(_members(found["members"]))),
        ("calibration", found["calibration"]),
        ("risks of", f"{', '.join(found['shares'])}, besides the whole" if found["shares"] else ""),
    ]
    return "\n".join([*paragraph(first, indent="  ", first=""), *text_table([row for row in rows if row[1]], indent="  ")])


def _members(members: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the members of a blend in words; equal ones once, with their number."""
    told = []
    for member in members:
        trees = f", {member['trees']} trees, up to {member['depth']} deep" if "trees" in member else ""
        told.append(f"{member['kind']}: weight {score(member['weight'])}{trees}")
    return [words if n == 1 else f"{n} times {words} each" for words, n in Counter(told).items()]


def versions() -> dict[str, str]:
    """Return versions of Python and of the libraries that scores depend on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:  # run from a checkout that is not installed
            from churnpredict import __version__

            found[library] = __version__ if library == "churnpredict" else "unknown"
    return found


def content_of(path: str | Path, expected_sha256: str | None = None) -> bytes:
    """Return the bytes of a regular file of reasonable size, held to the expected hash."""
    if expected_sha256 is not None and (
        not isinstance(expected_sha256, str) or len(expected_sha256) != _DIGEST or set(expected_sha256.lower()) - set("0123456789abcdef")
    ):
        raise UsageError("bad-sha256", "expected_sha256 is not 64 hexadecimal digits", remedy="Give the digits that sha256sum prints.")
    if not isinstance(path, (str, os.PathLike)):
        remedy = "Call load(path) with the path of a file that pipeline.save or churnpredict train wrote."  # type: ignore[unreachable]
        raise UsageError("not-a-path", f"load takes a path, not {kind_of(path)}", remedy=remedy)
    check_path(path, "path")
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):  # a pipe would block, a device never end
            raise ModelFileError(
                "not-a-model", f'"{path}" is not a file', remedy="Give a file that pipeline.save or churnpredict train wrote."
            )
        with open(path, "rb") as file:
            content = file.read(found.st_size + 1) if found.st_size <= archive.MAX_BYTES else None
    except FileNotFoundError:
        raise ModelFileError("no-model-file", f'there is no file "{path}"', remedy="Train a model first, or check the path.") from None
    except OSError as error:
        raise ModelFileError(
            "no-model-file", f'"{path}" cannot be read: {error.strerror}', remedy="Check the path and its permissions."
        ) from error
    if content is None or len(content) > archive.MAX_BYTES:
        raise ModelFileError(
            "model-too-large", f'"{path}" has more than {archive.MAX_BYTES >> 20} MiB', remedy="A model file is a few MiB: check the path."
        )
    if expected_sha256 is not None and hashlib.sha256(content).hexdigest() != expected_sha256.lower():
        raise ModelFileError(
            "other-model", f'"{path}" is not the file that was expected: its SHA-256 differs', remedy="Take the file from its source again."
        )
    if content.startswith(_PICKLED):
        raise ModelFileError(
            "pickled-model",
            f'"{path}" is a pickle, or a compressed one, which can run code when it is read; it was not opened',
            remedy="Give a file that pipeline.save wrote; read files of joblib.dump with joblib.load, if you trust their source.",
        )
    if not content.startswith(archive.START) and Path(path).suffix in (".toml", ".csv", ".parquet"):
        raise ModelFileError(
            "not-a-model",
            f'"{path}" is {"a configuration" if Path(path).suffix == ".toml" else "a table"}, not a model',
            remedy="Give the model that churnpredict train wrote beside its churn.toml, or that pipeline.save wrote.",
        )
    if not content.startswith(archive.START):
        raise ModelFileError(
            "not-a-model",
            f'"{path}" is not a model of churnpredict; it was not opened',
            remedy="Give a file that pipeline.save or churnpredict train wrote.",
        )
    return content


def _opened(content: bytes, signed_by: str | Path | None = None) -> tuple[schema.Manifest, schema.Numbers, dict[str, bytes]]:
    """Return manifest, numbers and trees of an archive whose members, sizes and hashes are those of its manifest."""
    from churnpredict.model_file import schema
    from churnpredict.model_file import sign as signing

    files = archive.unpack(content)
    raw = files.pop(_MANIFEST, b"")
    _check_version(raw)
    signature = files.pop(signing.MEMBER, None)
    signed = None if signature is None else schema.read_json(schema.Signature, signature, signing.MEMBER)
    if signed_by is not None:
        signing.check_signature(raw, signed, signed_by)
    manifest = schema.read_json(schema.Manifest, raw, _MANIFEST)
    listed = {entry.name: entry for entry in manifest.files}
    fits = list(listed) == list(files) and len(listed) == len(manifest.files)
    if not fits or any(
        len(body) != listed[name].bytes or hashlib.sha256(body).hexdigest() != listed[name].sha256 for name, body in files.items()
    ):
        raise ModelFileError(
            "damaged-model", "the files in the archive are not those that its manifest lists", remedy="Take the file from its source again."
        )
    numbers = schema.read_json(schema.Numbers, files.pop(_NUMBERS, b""), _NUMBERS)
    return manifest, numbers, files


def _check_version(raw: bytes) -> None:
    """Report which version is needed, before this version's rules are applied to the file."""
    import json

    from churnpredict.model_file import schema

    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != schema.FORMAT:
        raise ModelFileError(
            "not-a-model",
            "the archive is not a model of churnpredict",
            remedy="Give a file that pipeline.save or churnpredict train wrote.",
        )
    version, by = found.get("version"), found.get("written_by")
    if type(version) is not int or version < 1:
        raise ModelFileError("model-schema", f"{_MANIFEST} names no version", remedy="Take the file from its source again.")
    if version > schema.VERSION:
        writer = by.get("churnpredict") if isinstance(by, Mapping) else None
        known = isinstance(writer, str) and len(writer) < 20 and writer.isascii() and writer.isprintable()
        raise ModelFileError(
            "newer-model",
            f"the model file is of format {version}, this version reads up to {schema.VERSION}",
            remedy=f"Install churnpredict {writer} or later." if known else "Install a newer churnpredict.",
        )


def _made_of(opened: tuple[schema.Manifest, schema.Numbers, dict[str, bytes]]) -> TrainedState:
    from churnpredict.model_file import serialise as freezing

    manifest, numbers, texts = opened
    model = freezing.thaw_model(manifest.columns, manifest.classifier, numbers, texts)
    return freezing.thaw_pipeline(manifest.pipeline, model, manifest.model_id)
