"""Values of keys of churn.toml: what each type, bound and choice allows, by the type of the field that a key fills."""

from __future__ import annotations

import datetime
import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from churnpredict.errors import ConfigError, closest

__all__ = ["BOUNDS", "KINDS", "SPANS", "check_value", "kinds_of", "shown"]

_TEXTS: tuple[Callable[[Any], bool], str] = (
    lambda v: isinstance(v, list) and all(isinstance(one, str) for one in v),
    "a list of texts in quotes",
)
# Values of a key, by the type of its field: a test, and what to write instead.
KINDS: dict[Any, tuple[Callable[[Any], bool], str]] = {
    str: (lambda v: isinstance(v, str) and "\0" not in v, "a text in quotes"),
    bool: (lambda v: isinstance(v, bool), "true or false"),
    int: (lambda v: isinstance(v, int) and not isinstance(v, bool), "a whole number"),
    float: (lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v), "a number"),
    list[str]: _TEXTS,
    Sequence[str]: _TEXTS,
    Mapping[str, float]: (
        lambda v: isinstance(v, dict) and all(KINDS[float][0](one) for one in v.values()),
        "a table of numbers, such as { EUR = 1.0, USD = 0.92 }",
    ),
    dict: (
        lambda v: isinstance(v, dict) and bool(v) and all(isinstance(one, (str, dict)) for one in v.values()),
        'a table of names and paths, such as { orders = "orders.csv" }',
    ),
    Sequence[str] | Literal["any"]: (
        lambda v: v == "any" or _TEXTS[0](v),
        'a list of texts in quotes, or "any"',
    ),
    list[dict[str, Any]]: (
        lambda v: isinstance(v, list) and all(isinstance(one, dict) for one in v),
        'sections [[model.calendar]], each with a name, a kind and days such as ["12-24/12-26"]',
    ),
    int | str: (lambda v: isinstance(v, (int, str)) and not isinstance(v, bool), "the number of a version or snapshot"),
    datetime.date: (lambda v: isinstance(v, (str, datetime.date)), 'a moment such as "2024-07-01"'),
}
SPANS = ("horizon", "gap", "active_within", "grace", "silent_for", "history", "every", "rest", "horizons")
_MAY_BE_ZERO = ("gap", "grace")
# Bounds of numbers, and the allowed words of texts. Every number has its bounds here.
BOUNDS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("most_cutoffs", "most_rows", "keep"), (1, math.inf)),
    **dict.fromkeys(("budget", "capacity", "value", "offer_cost", "contact_cost"), (0, math.inf)),
    **dict.fromkeys(("acceptance", "holdout", "drop"), (0, 1)),
    **dict.fromkeys(("skip_rows", "footer_rows"), (0, math.inf)),
    "random_state": (0, 2**32 - 1),
    "n_jobs": (-1, math.inf),
}
CHOICES = {
    "treated": ("exclude", "flag", "feature"),
    "raise_on": ("error", "warning", "nothing"),
    "key": ("cutoff", "customer"),
    "vanished": ("remove", "keep", "empty"),
}


def kinds_of(cls: Any) -> dict[str, Any]:
    """Return the type of each field of a dataclass, as a key of ``KINDS``."""
    return {name: _kind_of(hint) for name, hint in get_type_hints(cls).items()}


def _kind_of(hint: Any) -> Any:
    """Return the key of a type: without None; a moment is whatever may be a date; everything else is text."""
    among = tuple(one for one in get_args(hint) if one is not NoneType) if get_origin(hint) in (Union, UnionType) else (hint,)
    if datetime.date in among:
        return datetime.date
    kind = functools.reduce(operator.or_, among)
    return kind if kind in KINDS else str


def check_value(where: str, key: str, value: Any, kind: Any) -> None:
    """Check the value of a key against its type, its bounds and its choices.

    Raises
    ------
    ConfigError
        ``bad-setting``.
    """
    fits, wanted = KINDS[kind]
    if not fits(value) or (value == "" and key not in ("unit", "thousands")):
        example = ', such as "90d"' if key in SPANS else ""
        raise ConfigError("bad-setting", f"{where}: {key} is {shown(value)}", remedy=f"Write {wanted}{example}.")
    if key in SPANS:
        from churnpredict.spans import span

        for one in value if isinstance(value, list) else [value]:
            span(one, f"{where}: {key}", zero=key in _MAY_BE_ZERO)
    low, high = BOUNDS.get(key, (-math.inf, math.inf))
    if kind in (int, float) and (not low <= value <= high or (key == "n_jobs" and value == 0)):
        bounds = (
            "-1 for one thread per core, or 1 or more"
            if key == "n_jobs"
            else f"{low:g} or more"
            if high == math.inf
            else f"{low:g} to {high:g}"
        )
        raise ConfigError("bad-setting", f"{where}: {key} is {value}", remedy=f"Write {bounds}.")
    if key in CHOICES and value not in CHOICES[key]:
        remedy = f"Write one of {', '.join(CHOICES[key])}."
        raise ConfigError("bad-setting", f"{where}: {key} is {shown(value)}.{closest(value, CHOICES[key])}", remedy=remedy)


def shown(value: Any) -> str:
    """Return a value of the file, in short."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
