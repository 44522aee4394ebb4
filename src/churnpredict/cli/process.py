"""The process around a command: its exit code, its two streams, and the signals that end it.

A command always ends with one of the documented exit codes (docs/operators.md) and at most one sentence, never with a traceback, which
could quote a customer's id.
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
from churnpredict.text_tables import paragraph

__all__ = ["coloured", "log_line", "run", "say"]

_PACKAGE = Path(__file__).parents[1]
_DISK = {errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}
_COLOURS = {"next": "1;32", "warning": "1;33", "error": "1;31"}  # bold green, yellow, red
_ENDING = ("SIGTERM", "SIGHUP")  # an interrupt from the keyboard comes as KeyboardInterrupt
_WRONG_OPTION, _INTERRUPTED, _CLOSED_PIPE = 2, 130, 141


class _Stopped(BaseException):
    """Raised to end the process as a signal of this number would."""

    def __init__(self, number: int) -> None:
        self.number = number


class _Log:
    """Standard error. Failed writes are remembered and reported at the end: a full disk under the log must not cost the scores."""

    refused: OSError | None = None

    def write(self, text: str) -> None:
        try:
            _put(sys.stderr, text)
        except OSError as error:
            self.refused = self.refused or error


_log = _Log()


def coloured(text: str, code: str, stream: TextIO | None) -> str:
    """Return a text with the codes of a colour where the stream is a terminal that shows colours and ``NO_COLOR`` is not set."""
    shown = stream is not None and stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return f"\x1b[{code}m{text}\x1b[0m" if shown else text


def say(text: str, *, end: str = "\n") -> None:
    """Write a result to standard output; its last line, where it begins with ``next:``, in colour."""
    *before, last = text.split("\n")
    if last.startswith("next: "):
        text = "\n".join([*before, coloured("next:", _COLOURS["next"], sys.stdout) + last.removeprefix("next:")])
    try:
        _put(sys.stdout, text + end)
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        raise _Stopped(_CLOSED_PIPE - 128) from None


def log_line(event: Mapping[str, Any]) -> None:
    """Write one line of JSON to standard error: counts and seconds, never an id."""
    from datetime import UTC, datetime

    _log.write(json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}) + "\n")


def _put(stream: TextIO | None, text: str) -> None:
    if stream is not None:  # closed before the process began
        stream.write(text)
        stream.flush()


def run(command: Callable[[], Any], *, as_json: bool, hint: Callable[[str], str] = lambda _: "") -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    command : callable
        Returns an exit code or None.
    as_json : bool
        Whether errors and warnings are lines of JSON.
    hint : callable, optional
        Returns what to type instead, for a message of the parser.

    Returns
    -------
    int
        The exit code: 0, 2, 3, 4 or 5; 70 for a fault of the library; 128 and the number of the signal that ended the command.
    """
    _log.refused = None
    for stream in (sys.stdout, sys.stderr):  # names and amounts that the terminal cannot show must not fail
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with _ending_signals(), warnings.catch_warnings():
            warnings.showwarning = _once(as_json)
            code = int(command() or 0)
    except _Stopped as stopped:
        code = 128 + stopped.number
        if code != _CLOSED_PIPE:
            _tell("error", _interrupted(), as_json)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except SystemExit as left:  # the parser's exit when a pipe closes while it prints its help
        code = _CLOSED_PIPE if left.code == 1 else int(left.code or 0)
    except Exception as error:
        code = _failed(error, as_json, hint)
    if code == _INTERRUPTED:
        _tell("error", _interrupted(), as_json)
    return _close(code)


def _failed(error: Exception, as_json: bool, hint: Callable[[str], str]) -> int:
    """Report the error, and return its exit code."""
    if callable(usage := getattr(error, "show", None)):  # a wrong option, in the parser's message
        message: str = error.format_message()  # type: ignore[attr-defined]
        advice = hint(message)
        if as_json:
            log_line({"event": "error", "code": "wrong-option", "message": f"{message} {advice}".strip()})
        else:
            with suppress(OSError):
                usage()
            _log.write(f"{advice}\n" if advice else "")
        return _WRONG_OPTION
    told = error if isinstance(error, ChurnError) else memory_shortage(error) or _refused(error) or _fault(error)
    _tell("error", told, as_json)
    if os.environ.get("CHURNPREDICT_TRACEBACK"):
        _log.write("".join(traceback.format_exception(error)))
    return told.exit_code


def _refused(error: Exception) -> ChurnError | None:
    """Return the error for a refusal of the operating system that no other code has handled."""
    if not isinstance(error, OSError):
        return None
    what = error.strerror or type(error).__name__
    name = f'"{error.filename}"' if error.filename is not None else "a result"
    if error.errno in _DISK or error.filename is None:
        return OutputError("not-written", f"{name} could not be written: {what}", remedy="Check the space left and the permissions.")
    return SourceError("unreadable-file", f"{name} cannot be used: {what}", remedy="Check the path and its permissions.")


def _fault(error: Exception) -> ChurnError:
    """Return the report of an unexpected error: its place, without its message, which may quote a row."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(_PACKAGE)]
    place = f" at {Path(frames[-1].filename).relative_to(_PACKAGE)}:{frames[-1].lineno}" if frames else ""
    remedy = "This is a fault of churnpredict. Report it with this line; CHURNPREDICT_TRACEBACK=1 shows the traceback."
    return ChurnError("internal", f"unexpected {type(error).__name__}{place}", remedy=remedy)


def _interrupted() -> ChurnError:
    return ChurnError("interrupted", "stopped by a signal", remedy="No partial output is left; start the command again.")


def _once(as_json: bool) -> Callable[..., None]:
    """Return what prints a warning that was not printed before: two parts of a page may find the same."""
    told: set[str] = set()

    def show(message: Any, *_: Any, **__: Any) -> None:
        if str(message) not in told:
            told.add(str(message))
            _tell("warning", message, as_json)

    return show


def _tell(kind: str, told: Any, as_json: bool) -> None:
    """Print a warning or an error to standard error, as a sentence or a line of JSON. Warnings of other libraries are left out."""
    if not isinstance(told, (ChurnError, ChurnWarning)):
        return
    if as_json:
        log_line({"event": kind, "code": told.code, "message": str(told)})
    else:
        text = f"{kind}: {told}"
        if sys.stderr is not None and sys.stderr.isatty():  # elsewhere a message stays one line
            text = "\n".join(paragraph(text, indent="  ", first=""))
        _log.write(f"{coloured(f'{kind}:', _COLOURS[kind], sys.stderr)}{text.removeprefix(f'{kind}:')}\n")


@contextmanager
def _ending_signals() -> Iterator[None]:
    """Let signals that end the process run all clean-up code."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _: Any) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)  # one is enough, and must not interrupt the clean-up
        raise _Stopped(number)

    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) is signal.SIG_DFL}  # nohup ignores one, and that is kept
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _silence(stream: TextIO | None) -> None:
    """Discard what a stream still holds: Python would try to write it again at exit, and fail with a different exit code."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def _close(code: int) -> int:
    """Flush both streams; if one fails, return its exit code, unless there is a more severe one."""
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
        remedy = "The command has completed."
        _put(sys.stderr, f"error: {OutputError('not-written', f'the output could not be written: {why}', remedy=remedy)}\n")
    return OutputError.exit_code
