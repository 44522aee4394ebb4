"""Warn of an id that many people share, such as that of guests: it looks like one customer who never leaves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import warn
from churnpredict.events.streams import Stream
from churnpredict.events.tally import judge
from churnpredict.figures import percent

__all__ = ["NOBODY", "can_name_nobody", "names_nobody", "warn_of_shared_ids"]

NOBODY = frozenset(
    (
        *("-1", "-99", "-999"),
        *("none", "null", "nil", "n/a", "na", "nan", "-", "--", "?", "x", "cash", "cash customer", "cash sale", "counter", "counter sale"),
        *("guest", "guests", "guest user", "guest customer", "unknown", "anonymous", "anon", "walk-in", "walkin", "walk in", "noemail"),
        *("no-email", "no email", "not provided", "deleted", "deleted user", "no card", "no customer", "one-time customer", "misc"),
        *("diverse", "gast", "gäste", "unbekannt", "anonym", "laufkunde", "laufkundschaft", "barverkauf", "barkunde", "diverse kunden"),
        "sammelkunde",
        *("invité", "invite", "inconnu", "anonyme", "client comptoir", "client de passage", "divers", "invitado", "desconocido"),
        *("público en general", "publico en general", "cliente ocasional", "ospite", "sconosciuto", "anonimo", "anónimo", "convidado"),
        *("consumidor final", "desconhecido", "gość", "gosc", "nieznany", "anonimowy", "onbekend", "anoniem", "passant"),
        *("гость", "неизвестно", "неизвестный", "аноним", "розничный покупатель", "misafir", "bilinmiyor", "anonim", "perakende"),
    )
)
_NINES = 3  # 999 may be a customer; 9999 and longer ones stand for nobody
_MANY = 20  # customers, and rows of an id, before one of them stands out
_TIMES = 10  # as many rows as usual
_LARGE = 0.1  # of all rows
_SIZES = 48  # numbers of rows per customer, by powers of two
_ABOVE = 3  # powers of two between the largest customer and all others


def names_nobody(value: str) -> bool:
    """Return whether an id, or what stands before the @ of an address, is a word for nobody.

    >>> names_nobody("Guest"), names_nobody("anonymous@shop.example"), names_nobody("C-1042")
    (True, True, False)
    """
    word = value.strip().lower().split("@")[0].strip()
    return word in NOBODY or set(word) == {"0"} or (set(word) == {"9"} and len(word) > _NINES)


def can_name_nobody(texts: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which ids :func:`names_nobody` has to look at: of those with a digit from 1 to 8 only the ones with -1."""
    numbered = pc.match_substring_regex(texts, "^[^@]*[1-8]")
    return np.asarray(pc.or_(pc.invert(numbered), pc.match_substring(texts, "-1")).to_numpy(zero_copy_only=False))


def warn_of_shared_ids(name: str, column: str, stream: Stream, ids: pa.Array) -> None:
    """Warn of an id that stands for nobody and has far more rows than usual, and of one that has a large share of all rows."""
    rows = np.diff(stream.offsets)
    some = np.flatnonzero(rows)
    if not len(some):
        return
    power = np.log2(rows[some]).astype(np.int64)
    customers, counts = np.bincount(power, minlength=_SIZES), np.bincount(power, rows[some], minlength=_SIZES)
    large = some[rows[some] > max(_MANY, _TIMES / 2 * float(np.median(rows[some])))]  # few: words are looked at one by one
    texts = ids.take(pa.array(large)).cast(pa.string()) if len(large) else pa.array([], pa.string())
    doubtful = np.flatnonzero(can_name_nobody(texts))
    named = zip(texts.take(pa.array(doubtful)).to_pylist(), rows[large[doubtful]], strict=True)
    nobody = Counter({text: int(n) for text, n in named if names_nobody(text)})
    judge(("shared-customer", name), lambda *found: _warn(name, column, *found), customers, counts.astype(np.int64), nobody)


def _warn(name: str, column: str, customers: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], nobody: Counter[str]) -> None:
    if customers.sum() < _MANY:
        return
    total = int(counts.sum())
    usual = 2.0 ** (int(np.searchsorted(np.cumsum(customers), customers.sum() / 2)) + 1)
    shared = {word: n for word, n in sorted(nobody.items()) if n > _TIMES * usual}
    top, second = ([int(i) for i in np.flatnonzero(customers)[::-1]] + [0, 0])[:2]
    alone = customers[top] == 1 and top - second >= _ABOVE and counts[top] > _LARGE * total
    if shared:
        who, rows = ", ".join(f'"{word.split("@")[0]}{"@..." if "@" in word else ""}"' for word in shared), sum(shared.values())
    elif alone:
        who, rows = "a single customer", int(counts[top])
    else:
        return
    warn(
        "shared-customer",
        f"{who} has {percent(rows / total)} of the rows: an id that many people share looks like one customer who never leaves",
        table=name,
        column=column,
        rows=rows,
        total=total,
        remedy=f'If it is not one customer, leave these rows out in a query (WHERE "{column}" <> ...), or give each person an id.',
        stacklevel=7,
    )
