"""What a person gives to a call: yes or no, a text, or an object of the kind that is asked for. One strict check each."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnpredict.errors import UsageError, kind_of

__all__ = ["check_flag", "check_flag_or_none", "check_instance", "check_text"]


def check_flag(given: Any, name: str, *, table: str | None = None, remedy: str = "Give True or False.") -> bool:
    """Return True or False as it is given; ``"no"``, which counts as true in Python, is refused, and so are 0 and 1.

    Raises
    ------
    UsageError
        ``bad-argument``.

    Examples
    --------
    >>> check_flag(np.True_, "drop_immature")
    True
    >>> check_flag("no", "drop_immature")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: drop_immature is 'no'. Give True or False. [bad-argument]
    """
    if not isinstance(given, (bool, np.bool_)):
        raise UsageError("bad-argument", f"{name} is {given!r:.60}", table=table, remedy=remedy)
    return bool(given)


def check_flag_or_none(given: Any, name: str, *, table: str | None = None, remedy: str) -> bool | None:
    """Return True, False or None as it is given; the remedy says what None stands for.

    >>> check_flag_or_none(None, "money", remedy="Give True or False, or leave it out.") is None
    True
    """
    return None if given is None else check_flag(given, name, table=table, remedy=remedy)


def check_text(given: Any, name: str) -> str:
    """Return a text as it is given.

    >>> check_text(3, "unit")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: unit is a number. Give a text. [bad-argument]
    """
    if not isinstance(given, str):
        raise UsageError("bad-argument", f"{name} is {kind_of(given)}", remedy="Give a text.")
    return given


def check_instance(given: Any, name: str, kinds: type | tuple[type, ...], remedy: str) -> None:
    """Refuse an object of another kind; its values are not shown, they may be of customers.

    >>> check_instance([1], "plan", dict, remedy="Give a dict.")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: plan is a list. Give a dict. [bad-argument]
    """
    if not isinstance(given, kinds):
        raise UsageError("bad-argument", f"{name} is {kind_of(given)}", remedy=remedy)
