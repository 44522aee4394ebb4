"""Audit names and contents of columns: outcomes, dates, ids, and values written after the cutoff."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from churnpredict.evaluation.audit_columns import auc_bound, is_blank, numbers
from churnpredict.evaluation.audit_report import FEW, Case, Finding, place
from churnpredict.figures import percent, score
from churnpredict.model.identifiers import tokens, why_identifier

__all__ = ["at_the_cutoff", "dates_and_ids", "named", "names_outcome"]

_CHANCE = 1e-6
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE = re.compile(r"\d{1,4}[./ -](\d{1,2}|[A-Za-z]{3,9})[./ -]\d{2,4}$|\d{8}$")
_FORMATS = [
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"),
    *("%d-%b-%Y", "%d %b %Y", "%d-%b-%y", "%d %B %Y", "%Y%m%d"),
]
_LEFT_WORDS = {
    *("churn", "churned", "churner", "churners", "attrition", "attrited", "exited", "unsubscribed", "unsubscribe", "deactivated"),
    *("deactivation", "terminated", "termination", "defected", "lapsed", "winback"),
}
_CANCEL = {"cancel", "canceled", "cancelled", "cancellation", "cancels", "closed", "closing", "closure", "exit", "quit", "leaving", "left"}
_WRITTEN = {"date", "at", "on", "time", "reason", "reasons", "flag", "code", "day", "survey", "interview", "type", "ts", "timestamp"}
_ACCOUNT = {
    *("account", "customer", "subscription", "membership", "contract", "user", "client", "member", "subscriber", "person", "people"),
    *("accounts", "customers", "subscriptions", "memberships", "contracts", "users", "clients", "members", "subscribers", "persons"),
}
_OF_A_PERSON = {"marital", "civil", "family", "relationship", "employment", "job", "work", "health", "smoking", "education"}
_GUESS = {"prediction", "predicted", "propensity", "proba"}
_HISTORY = {
    "count",
    "orders",
    "order",
    "num",
    "number",
    "n",
    "rate",
    "peer",
    "previous",
    "prior",
    "prev",
    "past",
    "before",
    "items",
    "peers",
}
# A current status under another name: what it may be called, and the words of which all of its values are, one of the first at least.
_STATE = {"active", "inactive", "enabled", "disabled", "alive", "state", "standing", "live"}
_GONE = (
    {"inactive", "closed", "ended", "left", "former", "gone", "dead", "disabled", "dormant", "lost", "expired", "ex", "past"}
    | _LEFT_WORDS
    | _CANCEL
)
_THERE = {
    *("active", "open", "live", "running", "current", "enabled", "ok", "new", "good", "paying", "existing", "customer", "trial", "paused"),
}
_FEW_LEVELS = 12
_PLANNED = {"planned", "scheduled", "renewal", "trial", "promo", "promotion", "discount", "campaign"}


def names_outcome(name: str) -> str | None:  # noqa: PLR0911 - one line per meaning reads best
    """Return what a column's name tells about the outcome, or None.

    >>> names_outcome("CancelDate"), names_outcome("account_status"), names_outcome("marital_status")
    ('the moment or manner of leaving', 'a status that leaving changes', None)
    """
    words = tokens(name.split("__", 1)[-1])  # the part before is the driver
    there = set(words)
    if there & _HISTORY:
        return None
    if there & _LEFT_WORDS:
        return "a model's score" if there & {"score", "risk", "probability", *_GUESS} else "the outcome itself"
    if there & _GUESS or words in (["score"], ["risk", "score"], ["risk"], ["probability"]):
        return "a model's score"
    if there & _CANCEL and (there & _WRITTEN or len(words) == 1 or there & {"is", "has", "was"}):
        return "the moment or manner of leaving"
    if words in (["target"], ["label"], ["outcome"], ["y"]):
        return "the outcome itself"
    if {"retention", "save"} & there and {"offer", "call", "flag", "desk"} & there:
        return "an action after the customer left"
    if "status" in there and (len(words) == 1 or there & _ACCOUNT) and not there & _OF_A_PERSON:
        return "a status that leaving changes"
    ends = {"end", "ended", "ends", "enddate"} & there
    if ends and ("enddate" in there or there & {"date", "at", "on", "time"}) and not there & _PLANNED:
        return "the moment or manner of leaving"
    return None


def named(case: Case) -> Iterator[Finding]:
    """Yield columns whose names refer to the outcome."""
    remedy = "Drop it, or use its value from before the cutoff (States, or Customers with valid_from=)."
    for name in case.names:
        if name not in case.X:
            continue
        column, meaning = case.X[name], names_outcome(name)
        perhaps = meaning is None and _is_status(name, column)  # a status as of today, where it tells who left
        if meaning is None and not perhaps:
            continue
        values = numbers(column)
        if values is None:
            values = pd.factorize(column)[0].astype(float)
        strength = max(auc_bound(case.y, np.where(np.isnan(values), -1e300, values), case.who)[0], 0.5)
        telling = strength > 0.8 or _all_one(values[case.y == 1], values, case.who[case.y == 1])
        if perhaps and not telling:
            continue
        what = "it is a status that leaving changes" if perhaps else f"the name refers to {meaning}"
        what += f", and it separates leavers (AUC {score(strength)})" if telling else ""
        yield Finding("error" if telling else "warning", "names-outcome", place(name), what, 0.95 if telling else 0.6, remedy)


def _is_status(name: str, column: pd.Series) -> bool:
    """Return whether a column may be a status as of today: by its name, or by the words that are its values."""
    rest = set(tokens(name.split("__", 1)[-1])) - _ACCOUNT
    if rest & _STATE and rest <= _STATE | {"is", "still", "currently"}:
        return True
    if numbers(column) is not None:
        return False
    levels = pd.unique(column.dropna())
    said = {str(v).strip().lower() for v in levels} if len(levels) <= _FEW_LEVELS else set()
    return bool(said & _GONE) and said <= _GONE | _THERE


def _all_one(of_leavers: np.ndarray, values: np.ndarray, who: np.ndarray) -> bool:
    """Return whether all leavers have the same value, as with a current status, though not nearly everybody has it."""
    n = len(np.unique(who))
    if n < FEW or np.isnan(of_leavers).any() or (of_leavers != of_leavers[0]).any():
        return False
    return bool(float((values == of_leavers[0]).mean()) ** n < _CHANCE)


def _moments(column: pd.Series) -> np.ndarray | None:
    """Return times in microseconds (NaT as the smallest int64) of a column that holds times, as text or number too; None for others."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        times = pd.DatetimeIndex(column)
        return np.asarray((times.tz_convert("UTC").tz_localize(None) if times.tz is not None else times).as_unit("us").asi8)
    known = column.dropna()
    if not len(known):
        return None
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        first = known.iloc[:200].to_numpy(dtype=np.float64)
        if not ((first >= 19_000_101) & (first <= 21_001_231) & (first % 1 == 0) & (first // 100 % 100 <= 12) & (first % 100 <= 31)).all():
            return None
        if len(np.unique(first // 100 % 100)) < 2 or (first // 100 % 100 < 1).any() or (first % 100 < 1).any():
            return None
        text = column.astype("Int64").astype("string")
        return np.asarray(pd.DatetimeIndex(pd.to_datetime(text, format="%Y%m%d", errors="coerce")).as_unit("us").asi8)
    return _written(column)


def _written(column: pd.Series) -> np.ndarray | None:
    """Return times in microseconds of texts that are dates, in ISO 8601 or in the order of a country; None for others.

    Texts that fit two orders get the earlier time: nobody is accused of a date in the future that may lie in the past.
    """
    codes, levels = pd.factorize(column)
    filled = pd.Series([str(v).strip() for v in levels], dtype="string")
    filled = filled.mask(is_blank(filled))
    some = filled.dropna()
    if not len(some):
        return None
    if some.iloc[:50].str.match(_ISO).all():
        read = [pd.to_datetime(filled.str[:19], format="ISO8601", errors="coerce")]
    elif some.iloc[:50].str.match(_DATE).all():
        tried = (_read(filled, f) for f in _FORMATS)
        read = [times for times in tried if times[some.index].notna().all()]
    else:
        return None
    if not read:
        return None
    times = np.stack([pd.DatetimeIndex(r).as_unit("us").asi8 for r in read]).min(axis=0)
    return np.append(times, np.iinfo(np.int64).min)[codes]


def _read(texts: pd.Series, form: str) -> pd.Series:
    """Return the texts read in a format; a year of two digits is of the past century where it would lie more than ten years ahead."""
    times = pd.to_datetime(texts, format=form, errors="coerce")
    ahead = times.dt.year > pd.Timestamp.now().year + 10
    return times.where(~ahead, times - pd.DateOffset(years=100)) if "%y" in form else times


def dates_and_ids(case: Case) -> Iterator[Finding]:
    """Yield times and ids that are used as features; times after the cutoff are leaks."""
    for name in case.X.columns:
        column = case.X[name]
        moments = _moments(column)
        if moments is not None:
            known = moments != np.iinfo(np.int64).min
            late = known & (moments >= case.times) if case.times is not None else np.zeros(len(known), bool)
            if late.any():
                what = f"{int(late.sum()):,} of {int(known.sum()):,} dates lie at or after the cutoff"
                remedy = "Use only what was known before the cutoff."
                yield Finding("error", "date-after-cutoff", place(name), what, 0.99, remedy)
            else:
                remedy = "Give days before the cutoff instead."
                yield Finding(
                    "warning", "date-as-feature", place(name), "a date keeps growing: next month has none of its values", 0.9, remedy
                )
        elif why_identifier(column, case.who) is not None:
            remedy = "Move it to the index, or drop it."
            yield Finding(
                "warning", "id-as-feature", place(name), "nearly every customer has a different value: an identifier", 0.9, remedy
            )


def at_the_cutoff(case: Case) -> Iterator[Finding]:
    """Yield recency that is negative, or never zero for leavers: rows at or after the cutoff were counted."""
    remedy = "Count only rows with time < cutoff; a day's rows are known the day after."
    for name in case.X.columns:
        words = set(tokens(name))
        if not ("since" in words or "recency" in words):
            continue
        values = numbers(case.X[name])
        if values is None or not (values <= 0).any():
            continue
        negative = values < 0
        if negative.any():
            what = f"{int(negative.sum()):,} rows lie after the cutoff: the time since the last one is negative"
            yield Finding("error", "after-cutoff", place(name), what, 0.99, remedy)
            continue
        zero = values == 0
        near = (values > 0) & (values <= 7)
        n = len(np.unique(case.who[zero]))
        if near.sum() < 30 or not len(case.y[zero]) or case.y[zero].any():
            continue
        chance = float((1 - case.y[near].mean()) ** n)
        if chance < 1e-4:
            what = f"none of the {int(zero.sum()):,} rows at 0 left, while {percent(case.y[near].mean())} of those next to them did"
            yield Finding("error", "after-cutoff", place(name), what + ": 0 seems to mean activity after the cutoff", 1 - chance, remedy)
