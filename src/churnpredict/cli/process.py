"""The process around a command: its exit code, its two streams, and the signals that end it.

Whatever happens, a command ends with one of the documented exit codes (docs/operators.md) and at most one sentence, never with a
traceback: that could quote a customer's id.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from churnpredict.errors import ChurnError, ChurnWarning, OutputError, SourceError, memory_shortage

__all__ = ["log_line", "run", "say"]

_PACKAGE = Path(__file__).parents[1]
_DISK = {errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}
_ENDING = ("SIGTERM", "SIGHUP")  # an interrupt from the keyboard comes as KeyboardInterrupt
_WRONG_OPTION, _INTERRUPTED, _CLOSED_PIPE = 2, 130, 141


class _Stopped(BaseException):
    """The process is to end now, as a signal of this number would end it."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Log:
    """Standard error. What it does not take is remembered and told at the end: a full disk under the log must not cost the scores."""

    refused: OSError | None = None

    def write(self, text: str) -> None:
        try:
            _put(sys.stderr, text)
        except OSError as error:
            self.refused = self.refused or error


_log = _Log()


def say(text: str, *, end: str = "\n") -> None:
    """Write a result to standard output."""
    try:
        _put(sys.stdout, text + end)
    except BrokenPipeError:  # the reader has seen enough, such as head
        raise _Stopped(_CLOSED_PIPE - 128) from None


def log_line(event: Mapping[str, Any]) -> None:
    """Write one line of JSON to standard error: counts and seconds, never an id."""
    from datetime import UTC, datetime

    _log.write(json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}) + "\n")


def _put(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # closed before the process began
        stream.write(text)
        stream.flush()


def run(command: Callable[[], Any], *, as_json: bool) -> int:
    """Run a command and say how it ended.

    Parameters
    ----------
    command : callable
        Returns an exit code or None.
    as_json : bool
        Whether errors and warnings are lines of JSON.

    Returns
    -------
    int
        The exit code: 0, 2, 3, 4 or 5; 70 for a fault of the library; 128 and the number of the signal that ended the command.
    """
    _log.refused = None
    for stream in (sys.stdout, sys.stderr):  # names and amounts that the terminal cannot show are no reason to fail
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with _ending_signals(), warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _tell("warning", message, as_json)
            code = int(command() or 0)
    except _Stopped as stopped:
        code = 128 + stopped.number
        if code != _CLOSED_PIPE:
            _tell("error", _interrupted(), as_json)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as left:  # the parser's way out of a pipe that is closed while it shows its help
        code = _CLOSED_PIPE if left.code == 1 else int(left.code or 0)
    except Exception as error:
        code = _failed(error, as_json)
    if code == _INTERRUPTED:
        _tell("error", _interrupted(), as_json)
    return _close(code)


def _failed(error: Exception, as_json: bool) -> int:
    """Say what went wrong, and give its exit code."""
    if callable(usage := getattr(error, "show", None)):  # a wrong option, in the words of the parser
        if as_json:
            log_line({"event": "error", "code": "wrong-option", "message": error.format_message()})  # type: ignore[attr-defined]
        else:
            with suppress(OSError):
                usage()
        return _WRONG_OPTION
    told = error if isinstance(error, ChurnError) else memory_shortage(error) or _refused(error) or _fault(error)
    _tell("error", told, as_json)
    if os.environ.get("CHURNPREDICT_TRACEBACK"):
        _log.write("".join(traceback.format_exception(error)))
    return told.exit_code


def _refused(error: Exception) -> ChurnError | None:
    """Return what the machine refuses, where no other place has said so."""
    if not isinstance(error, OSError):
        return None
    what = error.strerror or type(error).__name__
    name = f'"{error.filename}"' if error.filename is not None else "a result"
    if error.errno in _DISK or error.filename is None:
        return OutputError("not-written", f"{name} could not be written: {what}", remedy="Check the space left and the permissions.")
    return SourceError("unreadable-file", f"{name} cannot be used: {what}", remedy="Check the path and its permissions.")


def _fault(error: Exception) -> ChurnError:
    """Return an error that nobody has thought of: where it was, without its own words, which may quote a row."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(_PACKAGE)]
    place = f" at {Path(frames[-1].filename).relative_to(_PACKAGE)}:{frames[-1].lineno}" if frames else ""
    remedy = "This is a fault of churnpredict. Please report it with this line; CHURNPREDICT_TRACEBACK=1 shows all of it."
    return ChurnError("internal", f"unexpected {type(error).__name__}{place}", remedy=remedy)


def _interrupted() -> ChurnError:
    return ChurnError("interrupted", "stopped by a signal", remedy="Nothing half-written stays; start the command again.")


def _tell(kind: str, told: Any, as_json: bool) -> None:
    """Print a warning or an error to standard error, as a sentence or a line of JSON. Warnings of other libraries are left out."""
    if not isinstance(told, (ChurnError, ChurnWarning)):
        return
    if as_json:
        log_line({"event": kind, "code": told.code, "message": str(told)})
    else:
        _log.write(f"{kind}: {told}\n")


@contextmanager
def _ending_signals() -> Iterator[None]:
    """Let signals that end the process run through everything that cleans up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: Any) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)  # one is enough, and must not break into the cleaning
        raise _Stopped(number)

    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) is signal.SIG_DFL}  # nohup ignores one: so be it
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silence(stream: TextIO | None) -> None:
    """Let what a stream still holds go nowhere: Python would try once more at its end, and fail with a code of its own."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def _close(code: int) -> int:
    """Flush both streams; where one cannot take what was said, that is the exit code, unless there is a graver one."""
    failed = _log.refused
    if code == _CLOSED_PIPE:
        _silence(sys.__stdout__)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            failed = failed or error
            _silence(stream)
    if failed is None or code:
        return code
    if isinstance(failed, BrokenPipeError):
        return _CLOSED_PIPE
    why = failed.strerror or type(failed).__name__
    with suppress(OSError):
        remedy = "The command itself has done its work."
        _put(sys.stderr, f"error: {OutputError('not-written', f'what was said could not be written: {why}', remedy=remedy)}\n")
    return OutputError.exit_code
