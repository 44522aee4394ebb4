"""The folder of a kept history on any file system that Spark knows: numbered manifests, and rows that are never changed.

::

    history/
      manifest-0000000007.json     written last, and whole; the highest number is the history
      rows/0000000007-1f0c.../     Parquet files of one generation of rows, written by the run that wrote, or would have written, manifest 7

Two runs never mix: both begin at manifest 6 and write rows under names of their own, and only one of them can create manifest 7.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from typing import Any
from uuid import uuid4

from churnpredict.errors import OutputError, SourceError

__all__ = ["HistoryFolder"]

FORMAT = "churnpredict history in Spark"
VERSION = 1
_MANIFEST = re.compile(r"manifest-(\d{10})\.json")
_KNOWN = re.compile(rf"{_MANIFEST.pattern}|rows|\..*")
_GENERATION = re.compile(r"(\d{10})-[0-9a-f]{32}")
_WHOLE = ("s3a", "s3", "s3n", "gs", "oss", "cosn")  # stores in which a file is there once it is whole, and creating it may be refused


class HistoryFolder:
    """A folder that holds a kept history, or nothing.

    Parameters
    ----------
    session : SparkSession
    path : str
        On any file system that Spark knows.

    Raises
    ------
    OutputError
        ``not-a-history`` for a folder of other files; ``not-written``.
    """

    def __init__(self, session: Any, path: str) -> None:
        self._fs = session._jvm.org.apache.hadoop.fs
        self._conf = session._jsc.hadoopConfiguration()
        self._py4j = session.sparkContext._gateway
        given = self._fs.Path(path)
        self._files = given.getFileSystem(self._conf)
        self._path = self._files.makeQualified(given)
        self.scheme = str(self._path.toUri().getScheme())
        names = [status.getPath().getName() for status in self._files.listStatus(self._path)] if self._files.exists(self._path) else []
        strange = [name for name in names if not _KNOWN.fullmatch(name)]
        if strange:
            remedy = "Give a folder of its own, which is created if it is missing."
            raise OutputError("not-a-history", f'"{path}" holds {len(strange):,} files that are not of a history', remedy=remedy)
        self._files.mkdirs(self._below("rows"))
        self.base = max((int(found[1]) for name in names if (found := _MANIFEST.fullmatch(name))), default=0)

    def _below(self, *names: str) -> Any:
        path = self._path
        for name in names:
            path = self._fs.Path(path, name)
        return path

    def _numbers(self) -> list[int]:
        names = [status.getPath().getName() for status in self._files.listStatus(self._path)]
        return sorted(int(found[1]) for name in names if (found := _MANIFEST.fullmatch(name)))

    def manifest(self) -> dict[str, Any] | None:
        """Return what was written last as a whole; None where nothing was.

        Raises
        ------
        SourceError
            ``damaged-history``, ``other-history``: it cannot be used, and the history is read again from its sources.
        """
        numbers = self._numbers()
        for number in reversed(numbers):  # a run that was killed while it wrote may leave part of a manifest beside the one before
            found = _unpacked(self._content(self._below(_name(number))))
            if found is not None:
                break
        else:
            if numbers:
                raise SourceError("damaged-history", "the manifest is not what was written", remedy="It is read again from its sources.")
            return None
        if found.get("format") != FORMAT or found.get("version") != VERSION:
            raise SourceError("other-history", "it was written by another version", remedy="It is read again from its sources.")
        return found

    def _content(self, path: Any) -> bytes:
        stream = self._files.open(path)
        try:
            return bytes(stream.readAllBytes())
        finally:
            stream.close()

    def new_generation(self) -> str:
        """Return the name of a new generation of rows."""
        return f"{self.base + 1:010d}-{uuid4().hex}"

    def address(self, generation: str) -> str:
        """Return where the files of a generation are."""
        return str(self._below("rows", generation).toString())

    def files(self, generation: str) -> tuple[tuple[str, int], ...]:
        """Return name and size of each file of a generation; none if it is not there."""
        folder = self._below("rows", generation)
        if not self._files.exists(folder):
            return ()
        found = [(status.getPath().getName(), int(status.getLen())) for status in self._files.listStatus(folder)]
        return tuple(sorted((name, size) for name, size in found if name.endswith(".parquet")))

    def write(self, content: dict[str, Any], named: set[str]) -> None:
        """Write the next manifest: from here on the history is the new one. Then remove what it does not name.

        Raises
        ------
        OutputError
            ``locked``: another run has written it meanwhile; the history is what that one has written.
        """
        content = {**content, "format": FORMAT, "version": VERSION}
        text = json.dumps({**content, "sha256": _digest(content)}).encode()
        if not self.create(_name(self.base + 1), text):
            remedy = "Start again; let one run at a time use a history."
            raise OutputError("locked", "another run has changed the history since this one began", remedy=remedy)
        self.base += 1
        self.tidy(named)

    def create(self, name: str, content: bytes) -> bool:
        """Create a file that is whole once it is there; return whether it was not there before."""
        target, own = self._below(name), self._below(f".{name}.{uuid4().hex}")
        if self.scheme in _WHOLE:
            return self._put(target, content, replace=False)
        self._put(own, content, replace=True)
        try:
            return self._link(own, target) if self.scheme == "file" else self._rename(own, target)
        finally:
            self._files.delete(own, False)

    def _put(self, path: Any, content: bytes, *, replace: bool) -> bool:
        from py4j.protocol import Py4JJavaError

        try:
            stream = self._files.create(path, replace)
            stream.write(bytearray(content))
            with suppress(Py4JJavaError):  # not every file system can
                stream.hsync()
            stream.close()
        except Py4JJavaError as error:
            if not replace and self._files.exists(path):
                return False
            raise _not_written(error.java_exception.getClass().getSimpleName()) from None
        return True

    @staticmethod
    def _link(own: Any, target: Any) -> bool:
        """Give a local file its name, in one step that fails where there is one of that name."""
        try:
            os.link(own.toUri().getPath(), target.toUri().getPath())
        except FileExistsError:
            return False
        except OSError as error:
            raise _not_written(error.strerror or "it cannot be linked") from error
        return True

    def _rename(self, own: Any, target: Any) -> bool:
        """Give a file its name, which fails where there is one of that name; in one step on file systems that can."""
        from py4j.protocol import Py4JJavaError

        how = self._py4j.new_array(getattr(self._fs, "Options$Rename"), 1)
        how[0] = getattr(self._fs, "Options$Rename").NONE
        try:
            self._fs.FileContext.getFileContext(self._path.toUri(), self._conf).rename(own, target, how)
        except Py4JJavaError as error:
            if self._files.exists(target):
                return False
            raise _not_written(error.java_exception.getClass().getSimpleName()) from None
        return True

    def tidy(self, named: set[str]) -> None:
        """Remove older manifests, and rows that the newest does not name; rows of runs that began after it are not touched."""
        for number in self._numbers():
            if number < self.base:
                self._files.delete(self._below(_name(number)), False)
        for status in self._files.listStatus(self._below("rows")):
            name = status.getPath().getName()
            found = _GENERATION.fullmatch(name)
            if found and name not in named and int(found[1]) <= self.base:
                self._files.delete(status.getPath(), True)


def _not_written(why: str) -> OutputError:
    remedy = "Free space, or give a folder that may be written to; the history is what it was."
    return OutputError("not-written", f"the manifest of the history cannot be written: {why}", remedy=remedy)


def _name(number: int) -> str:
    return f"manifest-{number:010d}.json"


def _unpacked(content: bytes) -> dict[str, Any] | None:
    """Return what a manifest says; None if it is not whole."""
    try:
        found = json.loads(content)
        told = found.pop("sha256")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return found if told == _digest(found) else None


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
