"""Proofs that a file on any file system is what it was."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Never

from churnpredict.events.history.units import Proof, is_unchanged, take_proof
from churnpredict.events.sources.base import Unit
from churnpredict.spark.transfer import address_of, without_globs

__all__ = ["is_local", "proved", "state_of"]

_AT_ONCE = 16  # checksums that are asked for at the same time


def proved(session: Any, files: Mapping[str, str], known: Mapping[str, Proof]) -> dict[str, tuple[Proof, bool]]:
    """Return what proves later that each file is what it is now, and whether it is what a known proof says.

    ``files`` are the paths of files by their addresses.

    A time and a size prove nothing, here as on one machine. What proves a file is, whichever is there first:

    1. on a local disk, what proves it on one machine (:mod:`churnpredict.events.history.units`);
    2. the tag that an object store gives to each content (its ETag);
    3. size, time and the checksum of its blocks, as HDFS has them;
    4. its SHA-256, which Spark computes from its bytes without reading rows.
    """
    statuses = _statuses(session, files)
    found: dict[str, tuple[Proof, bool]] = {}
    local = [address for address, path in files.items() if is_local(path)]
    for address in local:
        path = session._jvm.org.apache.hadoop.fs.Path(files[address]).toUri().getPath()
        unit = Unit(address, (path,), _unread)
        proof = is_unchanged(unit, known[address]) if address in known else None
        found[address] = (take_proof(unit) if proof is None else proof, proof is not None)
    others = [address for address in files if address not in found]
    states = _states(session, {address: files[address] for address in others}, statuses)
    for address in others:
        proof = Proof.of_state(states[address])
        found[address] = (proof, known.get(address) == proof)
    return found


def is_local(path: str) -> bool:
    """Return whether a path is on a disk of this machine."""
    return path.startswith("file:")


def _unread(*_: Any) -> Never:
    raise AssertionError("the files of Spark are read by Spark")


def _statuses(session: Any, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the state of each file as its folder lists it now, for files that are not on a local disk."""
    fs = session._jvm.org.apache.hadoop.fs
    conf = session._jsc.hadoopConfiguration()
    folders = {path.rsplit("/", 1)[0] for path in files.values() if not is_local(path)}
    listed = [fs.Path(folder).getFileSystem(conf).listStatus(fs.Path(folder)) for folder in sorted(folders)]
    return {address_of(status): status for statuses in listed for status in statuses}


def _states(session: Any, files: Mapping[str, str], statuses: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known of the content of each file."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = dict(zip(files, pool.map(lambda address: state_of(session, statuses.get(address)), files), strict=True))
    unknown = {address: path for address, path in files.items() if not told[address]}
    return told | (_hashed(session, unknown) if unknown else {})


def state_of(session: Any, status: Any) -> str:
    """Return the tag or the checksum of a file; nothing where its file system has neither."""
    if status is None:
        return ""
    tag = getattr(status, "getEtag", None) if "getEtag" in dir(status) else None
    if tag is not None and tag():
        return f"tag {status.getLen()} {tag()}"
    path = status.getPath()
    checksum = path.getFileSystem(session._jsc.hadoopConfiguration()).getFileChecksum(path)
    if checksum is None:
        return ""
    return f"checksum {status.getLen()} {status.getModificationTime()} {checksum.getAlgorithmName()} {bytes(checksum.getBytes()).hex()}"


def _hashed(session: Any, files: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of files, computed where the tasks run."""
    from pyspark.sql import functions as F

    reader = session.read.format("binaryFile")
    rows = reader.load([without_globs(path) for path in files.values()]).select("path", F.sha2("content", 256).alias("digest")).collect()
    digests = {row["path"]: row["digest"] for row in rows}
    return {address: f"sha256 {digests[path]}" for address, path in files.items()}
