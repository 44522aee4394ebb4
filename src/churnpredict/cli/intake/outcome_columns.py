"""Columns that leak who left: written when a customer leaves, or growing with the customer's activity until then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.table_profiles import Column

__all__ = ["ending_codes", "flags_leaving", "follows_activity", "is_counter", "leaving_values", "said_gone", "tells_whether"]

Mask = npt.NDArray[np.bool_]
_MOST_VALUES = 50
_WEEK = 7 * 86_400_000_000
_RETURN = 0.3  # of those who left, at most so many come back
_GONE = {
    "inactive",
    "inaktiv",
    "inactif",
    "inactivo",
    "inattivo",
    "inativo",
    "nieaktywny",
    "inactief",
    "expired",
    "closed",
    "ended",
    "beendet",
    "former",
    "past",
    "ehemalig",
    "ehemaliger",
    "ehemalige",
    "exkunde",
    "ancien",
    "byly",
    "voormalig",
    "бывшии",
    "eski",
}
# Codes of transactions on insurance policies: what begins, goes on or changes them, and what ends them.
_POLICY = {"nb", "nbs", "new", "rn", "ren", "rnl", "rnw", "mta", "end", "ends", "endt", "rei", "rein", "adj", "cor"}
_POLICY_ENDS = {"can", "canc", "cnc", "cnx", "cx", "xln", "cn", "lap", "laps", "ntu"}
_STEPS, _NEVER_LESS = 50, 0.99  # from row to row of a customer, and the share of those that go up or stay
_LAST = 0.9  # of the flagged rows are the last of their customer
_SAME = 0.8  # rank correlation with the number of rows
_TELLING = 0.95  # AUC of a column against having fallen silent


def tells_whether(column: Column, ended: Mask) -> float:
    """Return how well a column says what has ended, by being filled or by its values: 0 for not at all, 1 for perfectly."""
    share = float(ended.mean())
    if share in (0.0, 1.0):
        return 0.0
    filled = column.known if column.kind == "time" else column.filled
    found = _agreement(filled.astype(np.int64), ended)
    if column.kind in ("text", "flag", "number") and 2 <= column.distinct <= _MOST_VALUES:
        found = max(found, _agreement(column.codes[0] + 1, ended))
    elif column.kind == "number":  # one value stands out: a balance of zero
        known = column.codes[0][column.codes[0] >= 0]
        usual = int(np.bincount(known, minlength=1).argmax())
        found = max(found, _agreement((column.codes[0] == usual).astype(np.int64), ended))
    return found


def _agreement(codes: npt.NDArray[np.int64], ended: Mask) -> float:
    """Return by how much knowing the value lowers the error of guessing (Goodman and Kruskal's lambda)."""
    both = np.zeros((int(codes.max(initial=0)) + 1, 2))
    np.add.at(both, (codes, ended.astype(np.int64)), 1)
    blind = min(ended.sum(), (~ended).sum())
    return float(1 - both.min(axis=1).sum() / blind)


def flags_leaving(column: Column, customer: Column, time: Column) -> Any | None:
    """Return the value of a flag that is on the last rows of customers and on no others; None where no value does."""
    order = np.lexsort((time.times, customer.codes[0]))
    who = customer.codes[0][order]
    last = np.append(who[1:] != who[:-1], True)
    codes = column.codes[0][order]
    if column.kind == "flag" and not column.filled.all():
        return None
    best: tuple[float, Any | None] = (_LAST, None)
    for code, value in enumerate(column.codes[1]):
        flagged = codes == code
        if flagged.sum() < 5 or flagged.mean() > 0.5 or last[~flagged].mean() > 0.5 * last[flagged].mean():
            continue
        if column.says("staying") and not column.says("leaving") and str(value) in ("1", "true", "True"):
            continue
        if last[flagged].mean() >= best[0]:
            best = (float(last[flagged].mean()), value)
    return best[1]


def is_counter(column: Column, customer: Column, time: Column) -> bool:
    """Return whether a number grows from each row of a customer to the next, such as the reading of a meter or a mileage."""
    order = np.lexsort((time.times, customer.codes[0]))
    same = customer.codes[0][order][1:] == customer.codes[0][order][:-1]
    steps = np.diff(column.numbers[order])[same]
    steps = steps[np.isfinite(steps)]
    return bool(len(steps) > _STEPS and (steps >= 0).mean() > _NEVER_LESS and (steps > 0).mean() > 0.5)


def said_gone(value: str) -> bool:
    """Return whether the value of a state, or of a type of customer, says that somebody has left: "cancelled", "Former customer"."""
    return has_word(value, "leaving") or bool(_GONE & set(tokens(value)))


def ending_codes(column: Column) -> tuple[str, ...]:
    """Return the codes of a column that end an insurance policy, where all its values are codes of transactions on policies."""
    if column.kind != "text" or column.distinct > len(_POLICY) or column.says("reason", "before"):
        return ()
    codes = {str(v): str(v).strip().lower() for v in column.codes[1]}
    ends = tuple(v for v, code in codes.items() if code in _POLICY_ENDS)
    others = set(codes.values()) - _POLICY_ENDS
    return ends if len(others) > 1 and others <= _POLICY else ()


def leaving_values(column: Column, customer: Column, time: Column) -> tuple[str, ...]:
    """Return the values of a state, or of a type of event, that say that a customer has left, by their words and by what follows.

    An order that is cancelled says the word too, but its customer goes on.
    """
    if column.kind != "text" or not 2 <= column.distinct <= _MOST_VALUES or column.says("before", "reason"):
        return ()
    names = [str(v) for v in column.codes[1]]
    codes = ending_codes(column)
    gone = np.array([v in codes or (said_gone(v) if column.says("kind") else has_word(v, "leaving")) for v in names])
    flagged = gone[column.codes[0]] & (column.codes[0] >= 0) & time.known
    if flagged.sum() < 5 or gone.all() or flagged.mean() > 0.5:
        return ()
    latest = np.full(customer.distinct, np.iinfo(np.int64).min)
    others = ~flagged & time.known
    np.maximum.at(latest, customer.codes[0][others], time.times[others])
    goes_on = latest[customer.codes[0][flagged]] > time.times[flagged] + _WEEK
    return tuple(v for v, said in zip(names, gone, strict=True) if said) if goes_on.mean() < _RETURN else ()


def follows_activity(column: Column, customer: Column, counts: Mapping[str, int], last: Mapping[str, int], end: int) -> str:
    """Return why a column of a customer follows from what the customer did until the export, or nothing: it would show the past
    the future.
    """
    ids = customer.codes[1][customer.codes[0]]
    n = np.array([counts.get(str(i), 0) for i in ids], dtype=np.float64)
    until = np.array([last.get(str(i), 0) for i in ids], dtype=np.float64)
    seen = n > 0
    if seen.sum() < 40:
        return ""
    score = column.codes[0].astype(np.float64) if column.kind == "text" else column.numbers
    known = seen & np.isfinite(score)
    if column.kind == "number" and known.sum() >= 40 and len(np.unique(score[known])) > 4:
        ranks, rows = rankdata(score[known]), rankdata(n[known])
        if ranks.std() > 0 and rows.std() > 0 and abs(np.corrcoef(ranks, rows)[0, 1]) > _SAME and not has_word(column.name, "price"):
            return "grows with the rows of the log: a total up to the export"
    silent = (until < end - 0.25 * (end - min(until[seen]))).astype(np.int64)
    if column.kind == "text":
        if column.distinct > _MOST_VALUES:
            return ""
        share = np.array(
            [silent[(column.codes[0] == c) & seen].mean() if ((column.codes[0] == c) & seen).any() else 0.5 for c in range(column.distinct)]
        )
        score = np.append(share, 0.5)[column.codes[0]]
        known = seen
    filled = np.where(seen, column.filled, np.nan)
    for tried, where in ((score, known), (filled, seen)):
        found = _auc(silent[where], tried[where])
        if max(found, 1 - found) > _TELLING:
            return "tells the outcome"
    return ""


def _auc(y: npt.NDArray[np.int64], score: npt.NDArray[np.float64]) -> float:
    left, stayed = int(y.sum()), int((1 - y).sum())
    if left < 10 or stayed < 10:
        return 0.5
    ranks = rankdata(score)
    return float((ranks[y == 1].sum() - left * (left + 1) / 2) / (left * stayed))
