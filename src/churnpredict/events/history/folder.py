"""The folder of a kept history: one process at a time, a manifest that is replaced in one step, and nothing that it does not name.

::

    history/
      manifest.json   written last: every file of rows with its size and checksums, every source file with its SHA-256; and one of itself
      rows/           rows of one table and one partition of customers, named after their content, never changed
      .lock           held by the process that uses the history
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from churnpredict.errors import OutputError, SourceError
from churnpredict.files import lock, not_written, sync_folder, write_whole

__all__ = ["Folder"]

MANIFEST = "manifest.json"
FORMAT, VERSION = "churnpredict history", 1
_ROWS = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\..*\.part")
_KNOWN = ("rows", ".lock", ".scratch", MANIFEST)


class Folder:
    """A folder that this process has locked.

    Parameters
    ----------
    path : Path
        Created if missing.

    Raises
    ------
    OutputError
        ``locked`` if another process, or this one, has it open; ``not-a-history`` for a folder of other files; ``not-written``.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, path / "rows"
        self._file: IO[bytes] | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._refuse_others()
            self._file = open(path / ".lock", "ab")  # noqa: SIM115 - held until it is closed
            if not lock(self._file.fileno(), wait=False):
                remedy = "Wait until that run has ended; the lock is released even if it is killed."
                raise OutputError("locked", f'the history in "{path}" is in use', remedy=remedy)
            self.rows.mkdir(exist_ok=True)
        except BaseException as error:
            self.close()
            if isinstance(error, OutputError) or not isinstance(error, OSError):
                raise
            raise not_written(path, error.strerror or error, left="the history is what it was") from error

    def _refuse_others(self) -> None:
        """Refuse a folder that holds something else: files that no manifest names are removed from a history."""
        strange = [entry.name for entry in self.path.iterdir() if entry.name not in _KNOWN and not entry.name.startswith(f".{MANIFEST}.")]
        if strange:
            remedy = "Give a folder of its own, which is created if it is missing."
            raise OutputError("not-a-history", f'"{self.path}" holds {len(strange):,} files that are not of a history', remedy=remedy)

    def close(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def manifest(self) -> dict[str, Any] | None:
        """Return what was written last; None where nothing was.

        Raises
        ------
        SourceError
            ``damaged-history``, ``other-history``: it cannot be used, and the history is read again from its sources.
        """
        try:
            content = (self.path / MANIFEST).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _damaged(f"the manifest cannot be read: {error.strerror}") from None
        try:
            found = json.loads(content)
            told = found.pop("sha256")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            raise _damaged("the manifest is not whole") from None
        if told != _digest(found):
            raise _damaged("the manifest is not what was written")
        if found.get("format") != FORMAT or found.get("version") != VERSION:
            raise SourceError("other-history", "it was written by another version", remedy="It is read again from its sources.")
        return found

    def write(self, content: dict[str, Any]) -> None:
        """Replace the manifest: from here on the history is the new one. Then remove what it does not name."""
        content = {**content, "format": FORMAT, "version": VERSION}
        sync_folder(self.rows)
        text = json.dumps({**content, "sha256": _digest(content)})  # without indentation, which is written ten times as slowly
        write_whole(self.path / MANIFEST, lambda file: file.write(text.encode()))
        self.tidy({segment["file"] for table in content["tables"].values() for segment in table["segments"]})

    def tidy(self, named: set[str]) -> None:
        """Remove files of rows that are not named."""
        for file in self.rows.iterdir():
            if file.name not in named and _ROWS.fullmatch(file.name):
                with suppress(OSError):  # the next one tries again
                    file.unlink()

    def clear(self) -> None:
        """Remove all that is kept."""
        (self.path / MANIFEST).unlink(missing_ok=True)
        sync_folder(self.path)
        self.tidy(set())


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _damaged(what: str) -> SourceError:
    return SourceError("damaged-history", what, remedy="It is read again from its sources; check the disk.")
