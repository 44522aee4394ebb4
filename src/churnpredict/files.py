"""Write files atomically, and lock them."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from churnpredict.argument_checks import check_path
from churnpredict.errors import OutputError

__all__ = [
    "lock",
    "may_be_file",
    "not_written",
    "sync_folder",
    "umask",
    "write_text",
    "write_whole",
]

_ASKING = threading.Lock()


def write_whole(path: str | Path, write: Callable[[IO[bytes]], Any]) -> Path:
    """Let ``write`` fill a temporary file, then give it its name; the folder is created if missing.

    Raises
    ------
    OutputError
        ``not-written``: disk full, no permission, a folder of that name. An earlier file of that name is unchanged.
    """
    target = check_path(path, "path")
    temporary: str | None = None
    if not may_be_file(target):
        raise not_written(target, "it is not a regular file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~umask())  # temporary files are private, results get the usual permissions
        os.replace(temporary, target)
        temporary = None
        sync_folder(target.parent)
    except OSError as error:
        raise not_written(target, error.strerror or error) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
    return target


def may_be_file(path: Path) -> bool:
    """Return whether a file may be written under a path: nothing is there yet, or a regular file. A device would be replaced like
    any file.
    """
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return True  # missing or not visible: writing will report it


def not_written(target: Path, why: object, *, left: str = "no partial output is left") -> OutputError:
    """Return the error for a refusal of the operating system; ``left`` describes what is left."""
    return OutputError(
        "not-written",
        f'"{target}" could not be written: {why}',
        remedy=f"Check the path, its permissions and the space left; {left}.",
    )


def umask() -> int:
    """Return the permissions that new files of this process go without.

    It can only be read by setting it, and it belongs to the process: a thread that reads between the two calls of another would get the
    wrong one, and would set it. Linux reports it without setting it.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1], 8) for line in file if line.startswith("Umask:"))
    except (OSError, StopIteration):
        with _ASKING:
            mask = os.umask(0o077)
            os.umask(mask)
        return mask


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk."""
    if not hasattr(os, "O_DIRECTORY"):  # a folder cannot be opened on Windows
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(handle: int, *, wait: bool) -> bool:
    """Return whether this process now holds the lock on an open file; the system releases it when the process ends, however it ends."""
    try:
        try:
            import fcntl
        except ImportError:  # Windows
            import importlib

            windows: Any = importlib.import_module("msvcrt")
            windows.locking(handle, windows.LK_LOCK if wait else windows.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        if wait:
            raise
        return False
    return True


def write_text(path: str | Path, text: str) -> Path:
    """Write text as UTF-8."""
    return write_whole(path, lambda file: file.write(text.encode("utf-8")))
