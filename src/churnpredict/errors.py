"""Errors and warnings of churnpredict: one tree with stable codes.

::

    ChurnError                      the root: catch this one                        exit code 70: a fault of the library
    ├── UsageError                  a wrong argument or setting                     exit code 2
    │   ├── ConfigError             churn.toml
    │   └── MissingExtraError       an optional dependency is not installed
    ├── DataError                   the data are refused                            exit code 3
    │   ├── SourceError             a source that cannot be read
    │   ├── SchemaError             columns and types
    │   ├── IdentityError           customer ids
    │   ├── TimeError               times, cutoffs, windows
    │   ├── ContentError            values
    │   └── OutcomeError            labels
    │       └── ImmatureError       an outcome window that is not fully observed yet
    ├── ModelError                  a model is refused                              exit code 4
    │   ├── TrainingError           it cannot be trained on this
    │   ├── MismatchError           the columns are not those it was trained on
    │   ├── LeakageError            features contain the outcome
    │   └── ModelFileError          a model file that is damaged or not a churnpredict model
    └── OutputError                 a result could not be written                   exit code 5

    ChurnWarning                    handled, but to be checked: carries a code too

A message holds where, what, how many, up to three masked examples, and what to do. Codes never change their meaning.
"""

from __future__ import annotations

import errno
import re
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

__all__ = [
    "ChurnError",
    "ChurnWarning",
    "ConfigError",
    "ContentError",
    "DataError",
    "IdentityError",
    "ImmatureError",
    "LeakageError",
    "MismatchError",
    "MissingExtraError",
    "ModelError",
    "ModelFileError",
    "OutcomeError",
    "OutputError",
    "SchemaError",
    "SourceError",
    "TimeError",
    "TrainingError",
    "UsageError",
    "closest",
    "kind_of",
    "mask",
    "memory_shortage",
    "missing_extra",
    "warn",
]


def mask(value: object, width: int = 24) -> str:
    """Show the form of a value without the value: letters become ``a``/``A``, digits ``9``.

    >>> mask("CUST-0042")
    'AAAA-9999'
    """
    text = "".join("9" if c.isdigit() else "A" if c.isupper() else "a" if c.isalpha() else c for c in str(value))
    return text if len(text) <= width else text[: width - 1] + "…"


def closest(word: str, known: Iterable[str]) -> str:
    """Return a "did you mean" clause, or nothing when no known word is near.

    >>> closest("custmer", ["customer", "time"])
    ' Did you mean "customer"?'
    """
    import difflib

    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def kind_of(given: object) -> str:
    """Return the kind of an object, without its values: "a pandas DataFrame", "the class Inactivity".

    >>> kind_of([1, 2]), kind_of("180d")
    ('a list', 'a text')
    """
    if isinstance(given, type):
        return f"the class {given.__name__}"
    if given is None:
        return "None"
    plain = {str: "text", int: "number", float: "number", bool: "bool", dict: "dict"}
    name = plain.get(type(given), type(given).__name__)
    library = type(given).__module__.split(".")[0]
    name = f"{library} {name}" if library in ("numpy", "pandas", "polars", "pyarrow", "duckdb", "pyspark") else name
    return f"{'an' if name[:1] in 'AEIOUaeio' else 'a'} {name}"


def _sentence(
    code: str,
    what: str,
    remedy: str,
    table: str | None,
    column: str | None,
    rows: int | None,
    total: int | None,
    examples: Iterable[object],
) -> str:
    where = f'table "{table}"' if table else ""
    if column is not None:
        where += (", " if where else "") + f'column "{column}"'
    count = "" if rows is None else f" ({rows:,} of {total:,} rows)" if total is not None else f" ({rows:,} rows)"
    shown = [mask(e) for e in list(examples)[:3]]
    like = f", like {', '.join(repr(s) for s in shown)}" if shown else ""
    return f"{where + ': ' if where else ''}{what.rstrip('.')}{count}{like}. {remedy} [{code}]"


class ChurnError(Exception):
    """Base class of all errors that churnpredict raises on purpose.

    Parameters
    ----------
    code : str
        Stable identifier, such as ``"null-id"``.
    what, remedy : str
        The problem, and the fix.
    table, column : str, optional
        Where.
    rows, total : int, optional
        How many rows are concerned, of how many.
    examples : iterable, optional
        Up to three are shown, masked: messages never quote values of the data.
    """

    exit_code: ClassVar[int] = 70  # of the root itself: errors that no class below covers

    def __init__(
        self,
        code: str,
        what: str,
        *,
        remedy: str,
        table: str | None = None,
        column: str | None = None,
        rows: int | None = None,
        total: int | None = None,
        examples: Iterable[object] = (),
    ) -> None:
        self.code, self.what, self.remedy = code, what, remedy
        self.table, self.column, self.rows, self.total = table, column, rows, total
        self.message = _sentence(code, what, remedy, table, column, rows, total, examples)
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(cls: type[ChurnError], state: dict[str, Any]) -> ChurnError:
    error = cls.__new__(cls, state["message"])
    Exception.__init__(error, state["message"])
    error.__dict__.update(state)
    return error


class UsageError(ChurnError, ValueError):
    """A wrong argument or setting."""

    exit_code = 2


class ConfigError(UsageError):
    """churn.toml cannot be used as it is."""


class MissingExtraError(UsageError, ImportError):
    """An optional dependency is not installed; the message names the pip command."""


class DataError(ChurnError, ValueError):
    """The data are refused."""

    exit_code = 3


class SourceError(DataError):
    """A source that cannot be read."""


class SchemaError(DataError):
    """Columns or types are not as declared."""


class IdentityError(DataError):
    """Customer ids that cannot be trusted."""


class TimeError(DataError):
    """Times, cutoffs or windows that cannot be used."""


class ContentError(DataError):
    """Values that cannot be used."""


class OutcomeError(DataError):
    """Labels that cannot be learnt from."""


class ImmatureError(OutcomeError):
    """The outcome window of a snapshot is not fully observed yet; the message names the latest allowed cutoff."""


class ModelError(ChurnError, ValueError):
    """A model is refused."""

    exit_code = 4


class TrainingError(ModelError):
    """No model can be trained on this."""


class MismatchError(ModelError):
    """The columns are not those that the model was trained on."""


class LeakageError(ModelError):
    """The audit found features that contain the outcome."""


class ModelFileError(ModelError):
    """A model file that is damaged, of another version, or not a churnpredict model."""


class OutputError(ChurnError, OSError):
    """A result could not be written; no partial output is left."""

    exit_code = 5


class ChurnWarning(UserWarning):
    """Warning of a problem that was handled but should be checked; ``.code`` names it."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


_SHORTAGE = re.compile(r"bad[ _]alloc|out of memory|cannot allocate memory|can't start new thread", re.IGNORECASE)
_LOCAL = ("builtins", "duckdb", "_duckdb", "lightgbm", "pyarrow", "sqlite3", "numba")  # libraries in this process, unlike a server


def missing_extra(what: str, extra: str, *, table: str | None = None) -> MissingExtraError:
    """Return the error of an optional dependency that is not installed; ``extra`` is one of those in pyproject.toml.

    >>> str(missing_extra("pictures need matplotlib", "plot"))
    'pictures need matplotlib. Install it: pip install "churnpredict[plot]" [missing-extra]'
    """
    return MissingExtraError("missing-extra", what, table=table, remedy=f'Install it: pip install "churnpredict[{extra}]"')


def memory_shortage(error: BaseException) -> DataError | None:
    """Return an error about memory if a library's error is a lack of memory; else None.

    >>> memory_shortage(MemoryError()).code, memory_shortage(KeyError("x"))
    ('memory-limit', None)
    """
    kind = type(error)
    short = isinstance(error, MemoryError) or kind.__name__ in ("OutOfMemoryException", "TerminatedWorkerError", "ArrowException")
    short = short or (isinstance(error, OSError) and error.errno == errno.ENOMEM)  # Arrow: an error without a more specific type
    if not short and not (kind.__module__.partition(".")[0] in _LOCAL and _SHORTAGE.search(str(error))):
        return None
    remedy = "Allow more memory, or use more and smaller partitions of customers; for training, lower most_rows."
    return DataError("memory-limit", "there is not enough memory", remedy=remedy)


def warn(
    code: str,
    what: str,
    *,
    remedy: str,
    table: str | None = None,
    column: str | None = None,
    rows: int | None = None,
    total: int | None = None,
    examples: Iterable[object] = (),
    stacklevel: int = 3,
) -> None:
    """Issue a :class:`ChurnWarning` with the structure of an error message."""
    message = _sentence(code, what, remedy, table, column, rows, total, examples)
    warnings.warn(ChurnWarning(message, code), stacklevel=stacklevel)
