"""Check arguments of calls: yes or no, a text or texts, a choice, a path, or an object of the kind that is asked for."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from churnpredict.errors import UsageError, closest, kind_of

__all__ = ["check_choice", "check_flag", "check_flag_or_none", "check_instance", "check_path", "check_text", "check_texts", "shows_call"]

_ALSO = {"seed": "random_state", "date": "time", "datetime": "time", "user": "customer", "amount": "value", "threads": "n_jobs"}
T = TypeVar("T", bound=Callable[..., Any])


def shows_call(call: str) -> Callable[[T], T]:
    """Return a decorator of classes, functions and methods: called with missing or unknown arguments, they say how they are called.

    >>> @shows_call("Span(days=7)")
    ... class Span:
    ...     def __init__(self, *, days: int) -> None: ...
    >>> Span(7)
    Traceback (most recent call last):
    TypeError: Span: too many positional arguments. Write Span(days=7).
    >>> Span(day=7)
    Traceback (most recent call last):
    TypeError: Span: got an unexpected keyword argument 'day'. Did you mean "days"? Write Span(days=7).
    """

    def decorate(called: T) -> T:
        plain: Any = called.__init__ if isinstance(called, type) else called  # type: ignore[misc]
        stem = call.split("(", maxsplit=1)[0]
        name = stem.removeprefix("cp.") if stem.endswith(f".{called.__name__}") else called.__name__

        @wraps(plain)
        def checked(*given: Any, **named: Any) -> Any:
            try:
                return plain(*given, **named)
            except TypeError as error:
                wrong = _not_bound(plain, given, named)
                if not wrong:
                    raise
                raise TypeError(f"{name}: {wrong} Write {call}.").with_traceback(error.__traceback__) from None

        if not isinstance(called, type):
            return cast(T, checked)
        called.__init__ = checked  # type: ignore[misc]
        return called

    return decorate


def _not_bound(call: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> str:
    """Return what is wrong with the arguments of a call, an unknown name before a missing one; nothing where they fit."""
    signature = inspect.signature(call)
    try:
        signature.bind(*given, **named)
    except TypeError as error:
        known = [name for name, parameter in signature.parameters.items() if parameter.kind is not parameter.POSITIONAL_ONLY]
        if any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()) or set(named) <= set(known):
            return f"{error}."
        unknown = next(name for name in named if name not in known)
        near = f' Did you mean "{_ALSO[unknown]}"?' if _ALSO.get(unknown) in known else closest(unknown, [k for k in known if k != "self"])
        return f"got an unexpected keyword argument {unknown!r}.{near}"
    return ""


def check_flag(given: Any, name: str, *, table: str | None = None, remedy: str = "Give True or False.") -> bool:
    """Return True or False as it is given; ``"no"``, which counts as true in Python, is refused, and so are 0 and 1.

    Raises
    ------
    UsageError
        ``bad-argument``.

    Examples
    --------
    >>> import numpy as np
    >>> check_flag(np.True_, "drop_immature")
    True
    >>> check_flag("no", "drop_immature")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: drop_immature is 'no'. Give True or False. [bad-argument]
    """
    from numpy import bool_  # here, since commands that only move files use this module, too

    if not isinstance(given, (bool, bool_)):
        raise UsageError("bad-argument", f"{name} is {given!r:.60}", table=table, remedy=remedy)
    return bool(given)


def check_flag_or_none(given: Any, name: str, *, table: str | None = None, remedy: str) -> bool | None:
    """Return True, False or None as it is given; the remedy says what None stands for.

    >>> check_flag_or_none(None, "money", remedy="Give True or False, or leave it out.") is None
    True
    """
    return None if given is None else check_flag(given, name, table=table, remedy=remedy)


def check_text(given: Any, name: str, remedy: str = "Give a text.") -> str:
    """Return a text as it is given.

    >>> check_text(3, "unit")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: unit is a number. Give a text. [bad-argument]
    """
    if not isinstance(given, str):
        raise UsageError("bad-argument", f"{name} is {kind_of(given)}", remedy=remedy)
    return given


def check_texts(given: Any, name: str, what: str = "column names") -> list[str] | tuple[str, ...]:
    """Return several texts as a list, a tuple as it is; what can be read only once, such as a generator, is read here.

    Raises
    ------
    UsageError
        ``bad-argument``: a single text, nothing that can be listed, or anything but texts in it.

    Examples
    --------
    >>> check_texts((c for c in "ab"), "attributes")
    ['a', 'b']
    >>> check_texts("region", "attributes")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: attributes is a text. Give a list of column names, such as ["region"]. [bad-argument]
    """
    example = given if isinstance(given, str) and given else "a"
    remedy = f'Give a list of {what}, such as ["{example}"].'
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise UsageError("bad-argument", f"{name} is {kind_of(given)}", remedy=remedy)
    listed = sorted(given, key=repr) if isinstance(given, (set, frozenset)) else list(given)
    others = [one for one in listed if not isinstance(one, str)]
    if others:
        raise UsageError("bad-argument", f"{name} holds {kind_of(others[0])}", rows=len(others), total=len(listed), remedy=remedy)
    return given if isinstance(given, tuple) else listed


def check_choice(given: Any, name: str, choices: Collection[str], *, code: str = "unknown-choice", table: str | None = None) -> str:
    """Return one of the texts that may be chosen from.

    >>> check_choice("driver", "detail", ["words", "drivers"])
    Traceback (most recent call last):
    churnpredict.errors.UsageError: detail is 'driver'. Use 'words' or 'drivers'. Did you mean "drivers"? [unknown-choice]
    """
    if isinstance(given, str) and given in choices:
        return given
    shown, near = (f"{given!r:.60}", closest(given, choices)) if isinstance(given, str) else (kind_of(given), "")
    *others, last = map(repr, choices)
    raise UsageError(code, f"{name} is {shown}", table=table, remedy=f"Use {', '.join(others)}{' or ' if others else ''}{last}.{near}")


def check_path(given: Any, name: str) -> Path:
    """Return a path, given as a text or as a path.

    Raises
    ------
    UsageError
        ``not-a-path``: another object, an empty text, or one with a null character, which no system accepts.

    Examples
    --------
    >>> check_path(None, "folder")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: folder is None, not a path. Give the path as a text. [not-a-path]
    """
    text = os.fspath(given) if isinstance(given, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text or "\0" in text:
        what = "empty" if text == "" else "a text with a null character" if isinstance(text, str) else kind_of(given)
        raise UsageError("not-a-path", f"{name} is {what}, not a path", remedy="Give the path as a text.")
    return Path(text)


def check_instance(given: Any, name: str, kinds: type | tuple[type, ...], remedy: str) -> None:
    """Refuse an object of another kind; its values are not shown, they may be of customers.

    >>> check_instance([1], "plan", dict, remedy="Give a dict.")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: plan is a list. Give a dict. [bad-argument]
    """
    if not isinstance(given, kinds):
        raise UsageError("bad-argument", f"{name} is {kind_of(given)}", remedy=remedy)
