"""Match values that users give per customer (value, owner, segment) by id."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import IdentityError, SchemaError, UsageError, warn

__all__ = ["Listed", "by_customer", "check_kind", "id_form", "ids_as_text", "keyed", "listed_customers", "match_ids", "read_as"]

_EXACT = 2**53  # whole numbers beyond it are not distinct as floats
_WHOLE = re.compile(r"(0|-?[1-9][0-9]*)(?:\.0+)?")
_NUMBERS, _TEXT = "whole numbers", "text"
_CAST = {
    _NUMBERS: 'Cast its ids to whole numbers, for example series.index.astype("int64").',
    _TEXT: "Cast its ids to text, for example series.index.astype(str) (mind leading zeros).",
}

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Listed(NamedTuple):
    """Customers who are on a list.

    Attributes
    ----------
    found : ndarray of shape (n,), bool
        Which of the customers are on it.
    why : ndarray of shape (n,), object
        The text beside each, "" where there is none.
    strangers : int
        Ids on the list that no customer has, including missing ones.
    """

    found: Bools
    why: npt.NDArray[np.object_]
    strangers: int


def id_form(ids: Any) -> tuple[str, npt.NDArray[Any], Bools]:
    """Return what kind of ids these are, the ids in one form, and which are missing; both arrays of shape (n,).

    1, 1.0, ``Decimal(1)`` and a category of 1 are the same id; 1 and "1" are different ids. The form is Python's or NumPy's whole numbers,
    or texts.

    >>> id_form(pd.Series([1.0, 2.0, None]))[:2]
    ('whole numbers', array([1, 2, None], dtype=object))
    >>> id_form(pd.Categorical(["a", "b"]))[0]
    'text'
    """
    index = (
        ids if isinstance(ids, (pd.Index, pd.Series)) else pd.Index(ids if isinstance(ids, np.ndarray) else list(ids), tupleize_cols=False)
    )
    if isinstance(index.dtype, np.dtype) and index.dtype.kind in "iu":
        return _NUMBERS, index.to_numpy(), np.zeros(len(index), np.bool_)
    values = index.astype(object).to_numpy(dtype=object)
    missing = np.asarray(pd.isna(values), np.bool_)
    kind = pd.api.types.infer_dtype(values[~missing], skipna=False)
    if kind == "string":
        return _TEXT, values, missing
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        known = values[~missing]
        exact = kind == "integer" or all(math.isfinite(v) and v == int(v) and abs(v) < _EXACT for v in known)
        out = np.full(len(values), None, dtype=object)
        out[~missing] = [int(v) for v in known] if exact else known
        return _NUMBERS if exact else "numbers with a fraction or beyond 2^53", out, missing
    names = {"empty": "", "mixed": "of several types", "mixed-integer": "of several types"}
    return names.get(kind, f"of type {kind}"), values, missing


def check_kind(given: str, customers: str, what: str) -> None:
    """Refuse ids that can never be those of the customers; kinds are those of :func:`id_form`.

    Raises
    ------
    IdentityError
        ``id-types-differ``.
    """
    if not given or not customers or given == customers:
        return
    remedy = _CAST.get(customers, "Give the ids in the type of the tables.")
    raise IdentityError("id-types-differ", f"the ids of {what} are {given}, and those of the customers are {customers}", remedy=remedy)


def keyed(given: Any, what: str, customers: Any, *, texts: bool = False) -> tuple[Any, Any] | None:
    """Return ids and values of a mapping, Series or frame by customer; None if it does not name customers.

    A Series whose index is 0, 1, 2, ... is by customer only where all of these are ids of customers: pandas gives that index to every
    Series, and also to one that is made of a mapping of 0, 1, 2, ... With ``texts``, only where it holds texts besides, and no ids.

    Raises
    ------
    IdentityError
        ``default-index``.
    SchemaError
        ``missing-column``: of a frame.
    """
    if isinstance(given, pd.DataFrame):
        others = [c for c in given.columns if c != "customer_id"]
        if "customer_id" not in given.columns or (what not in others and len(others) != 1):
            remedy = f'Give a Series by customer: frame.set_index("customer_id")[{what!r}].'
            raise SchemaError("missing-column", f"{what} is a frame without customer_id and one other column", remedy=remedy)
        return given["customer_id"], given[what if what in others else others[0]].array
    if isinstance(given, pd.Series):
        index = given.index
        if isinstance(index, pd.MultiIndex):
            index = index.get_level_values("customer_id" if "customer_id" in index.names else 0)
        elif _is_default(index) and not (_are_ids(index, customers) and not (texts and id_form(given)[0] != _TEXT)):
            raise IdentityError(
                "default-index",
                f"the index of {what} is the default one (0, 1, 2, ...) and holds no customer ids",
                remedy='Give it customer ids, series.set_axis(frame["customer_id"]), or give a mapping, series.to_dict(), where the index '
                "holds ids; a list of ids is series.tolist().",
            )
        return index, given.array
    if isinstance(given, Mapping):
        return list(given), pd.Series(list(given.values()), dtype=object).infer_objects().array
    return None


def _is_default(index: pd.Index) -> bool:
    return isinstance(index, pd.RangeIndex) and index.name is None and len(index) > 0 and (index.start, index.step) == (0, 1)


def _are_ids(index: pd.Index, customers: Any) -> bool:
    kind, ids, missing = id_form(customers)
    return kind == _NUMBERS and bool(index.isin(ids[~missing]).all())


def match_ids(keys: Any, customers: Any, what: str) -> tuple[Ints, int]:
    """Return the row of each customer among the keys, -1 for none, shape (n,); and how many keys no customer has.

    Raises
    ------
    IdentityError
        ``id-types-differ``, ``duplicate-customer``.
    """
    kind, ids, missing = id_form(keys)
    wanted_kind, wanted, unnamed = id_form(customers)
    check_kind(kind, wanted_kind, what)
    rows = np.flatnonzero(~missing)
    index = pd.Index(ids[rows])
    if index.has_duplicates:
        raise IdentityError(
            "duplicate-customer",
            f"customers with several rows in {what}",
            rows=int(index.duplicated().sum()),
            total=len(ids),
            remedy="Keep one row per customer.",
        )
    place = np.full(len(wanted), -1, np.int64)
    if len(rows):
        place[~unnamed] = index.get_indexer(pd.Index(wanted[~unnamed]))
    strangers = len(ids) - len(np.unique(place[place >= 0]))
    return np.where(place >= 0, np.append(rows, -1)[place], -1), strangers


def by_customer(given: Any, customers: Any, what: str, *, positional: bool = False, partial: bool = False, stacklevel: int = 4) -> Any:
    """Return the value given for each customer, in their order, shape (n,); missing where none is given.

    Parameters
    ----------
    given : mapping, Series or frame
        By customer. With ``positional`` also an array or list of n values, in the order of the customers.
    customers : array, Index or Series (n,)
        Ids; they may repeat.
    what : str
        Its name, for messages.
    partial : bool
        Whether some customers may be missing in it without a warning.

    Raises
    ------
    IdentityError
        ``id-types-differ``, ``default-index``, ``duplicate-customer``, ``unknown-ids``: no customer has any of its ids.
    UsageError
        ``bad-argument``: it does not name the customers of its values, or has another length.

    Examples
    --------
    >>> by_customer({"b": 2.0, "a": 1.0}, ["a", "b"], "value").tolist()
    [1.0, 2.0]
    >>> by_customer(pd.Series({"1": 2.0}), [1, 2], "value")
    Traceback (most recent call last):
    churnpredict.errors.IdentityError: the ids of value are text, and those of the customers are whole numbers. Cast its ids to whole \
numbers, for example series.index.astype("int64"). [id-types-differ]
    """
    named = keyed(given, what, customers)
    if named is None:
        return _in_order(given, len(customers), what, positional)
    keys, values = named
    place, strangers = match_ids(keys, customers, what)
    without = int((place < 0).sum())
    if len(keys) and len(customers) and without == len(customers):
        raise IdentityError(
            "unknown-ids",
            f"none of the customers is among the ids of {what}",
            rows=len(keys),
            total=len(keys),
            remedy="Compare its ids with those of the tables: they must be of the same customers, and in the same spelling.",
        )
    if strangers:
        remedy = "They are left out; compare the ids if they should be here."
        warn("unknown-ids", f"{what} names unknown customers", rows=strangers, total=len(keys), remedy=remedy, stacklevel=stacklevel)
    if without and not partial:
        remedy = "They get no value; complete it if they should have one."
        warn("missing-ids", f"{what} does not name all customers", rows=without, total=len(customers), remedy=remedy, stacklevel=stacklevel)
    values = values.to_numpy() if isinstance(values, pd.arrays.NumpyExtensionArray) else values  # pandas 2 warns of its own array
    taken = pd.Series(pd.api.extensions.take(values, place, allow_fill=True))
    return taken.to_numpy() if isinstance(taken.dtype, np.dtype) else taken.astype(object).where(taken.notna(), None).to_numpy(dtype=object)


def _in_order(given: Any, n: int, what: str, positional: bool) -> Any:
    if not positional:
        raise UsageError(
            "bad-argument",
            f"{what} does not name the customers of its values",
            remedy="Give a mapping, or a Series with customer ids as its index.",
        )
    whole = isinstance(given, (str, bytes, set, frozenset)) or not hasattr(given, "__len__") or getattr(given, "ndim", 1) == 0
    if whole or len(given) != n or np.ndim(given) != 1:
        shown = f"a {type(given).__name__}" if whole else f"of the shape {np.shape(given)}"
        raise UsageError(
            "bad-argument", f"{what} is {shown}", remedy=f"Give {n:,} in the order of the rows, or a mapping or Series by customer."
        )
    return pd.Series(given, dtype=object).infer_objects().to_numpy() if isinstance(given, (list, tuple)) else np.asarray(given)


def listed_customers(given: Any, customers: Any, what: str) -> Listed:
    """Return which of the customers (n,) are on a list: ids, a mapping or Series of id to why, or one of id to True or False.

    A list may name unknown customers without being refused: customers who opted out may have left long ago.

    Raises
    ------
    IdentityError
        ``id-types-differ``, ``default-index`` (of a Series of texts beside ids).
    UsageError
        ``bad-argument``: it is not a list.

    Examples
    --------
    >>> listed_customers(["a", "c"], ["a", "b"], "exclude").found.tolist()
    [True, False]
    """
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable) or getattr(given, "ndim", 1) == 0:
        raise UsageError("bad-argument", f"{what} is not a list of customers", remedy="Give ids, or a mapping of id to why.")
    named = keyed(given, what, customers, texts=True)
    if named is None:
        keys, texts = list(dict.fromkeys(_plain(given))), np.array([], dtype=object)
    else:
        keys, texts = list(named[0]), np.asarray(named[1], dtype=object)
        if flags := [v for v in texts if isinstance(v, (bool, np.bool_))]:
            keys, texts = _flagged(keys, texts, len(flags), what), np.array([], dtype=object)
    place, strangers = match_ids(keys, customers, what)
    why = np.full(len(customers), "", dtype=object)
    if len(texts):
        why = np.array(["" if p < 0 or pd.isna(texts[p]) else str(texts[p]) for p in place], dtype=object)
    return Listed(place >= 0, why, strangers)


def _flagged(keys: list[Any], flags: npt.NDArray[np.object_], n: int, what: str) -> list[Any]:
    """Return the ids whose flag is True: a column of yes and no by customer says who is on the list, and who is not."""
    if n < len(flags):
        remedy = "Give True or False for each, or only the customers who are on the list."
        told = f"{what} holds flags, and missing ones among them"
        raise UsageError("bad-argument", told, rows=len(flags) - n, total=len(flags), remedy=remedy)
    return [key for key, flag in zip(keys, flags, strict=True) if flag]


def _plain(given: Iterable[Any]) -> list[Any]:
    """Return Python objects of an array, a Series of another library, or any iterable."""
    found = given.tolist() if hasattr(given, "tolist") else given.to_pylist() if hasattr(given, "to_pylist") else given
    return list(found)


def ids_as_text(ids: Any) -> npt.NDArray[np.object_]:
    """Return ids as written in a file without types, shape (n,); None where one is missing.

    >>> ids_as_text([7.0, 8.0]).tolist()
    ['7', '8']
    """
    _, values, missing = id_form(ids)
    return np.array([None if gone else str(v) for v, gone in zip(values, missing, strict=True)], dtype=object)


def read_as(ids: Any, customers: Any) -> Any:
    """Return ids from a file without types, as those of the customers are: texts, or whole numbers; None for a text that is not such a
    number.

    >>> read_as(pd.Series(["7", "8.0", "x"]), [1, 7]).tolist()
    [7, 8, None]
    """
    kind, values, _ = id_form(ids)
    if kind != _TEXT or id_form(customers)[0] != _NUMBERS:
        return pd.Series(ids)
    out = [int(m[1]) if isinstance(v, str) and (m := _WHOLE.fullmatch(v.strip())) else None for v in values]
    return pd.Series(out, dtype=object)
