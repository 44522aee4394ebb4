"""Alert rules: thresholds on features, evaluated like a model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.amounts import DOUBLE, SINGLE, at_least, at_most, equal
from churnpredict.argument_checks import check_instance
from churnpredict.clock import DAY
from churnpredict.errors import ConfigError, SchemaError, UsageError, closest
from churnpredict.intervals import wilson
from churnpredict.moments import Moment, moment
from churnpredict.number_checks import check_numbers
from churnpredict.per_customer import match_ids
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column, CustomerId

__all__ = ["features_of_rules", "find_alerts", "holds", "judge_alerts", "read_alerts"]

_COMPARE: dict[str, Callable[[Any, Any, float], Any]] = {
    "<=": at_most,
    ">=": at_least,
    "==": equal,
    "<": lambda left, right, share: ~at_least(left, right, share),
    ">": lambda left, right, share: ~at_most(left, right, share),
}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NAME = r'[^\W\d]\w*|"[^"]+"'
_PART = re.compile(rf"\s*({_NAME})\s*(<=|>=|==|<|>)\s*(?:({_NUMBER})(?:\s*\*\s*({_NAME}))?|({_NAME}))\s*")


@dataclass(frozen=True)
class _Condition:
    """``feature compare factor * other``; without another, the factor is the threshold."""

    feature: str
    compare: str
    factor: float
    other: str | None


def read_alerts(rules: str | Path | Mapping[str, str]) -> dict[str, list[_Condition]]:
    """Return the conditions of every rule; nothing in a rule is executed.

    Parameters
    ----------
    rules : mapping of name to rule, or path of a TOML file with a section ``[alerts]``
        A rule is one or more conditions joined by ``and``: a feature, one of ``< <= > >= ==``, and a number, a feature, or a number times a
        feature. Names of features that are not plain words need double quotes. Both sides are equal where they differ by less than the
        precision of stored features: 20.30 is not below 0.7 * 29.00.

    Raises
    ------
    ConfigError
        ``unreadable-alerts``, ``no-alerts``, ``bad-alert``.

    Examples
    --------
    >>> read_alerts({"silent": "habit__orders_days_since_last >= 60"})
    {'silent': [_Condition(feature='habit__orders_days_since_last', compare='>=', factor=60.0, other=None)]}
    >>> len(read_alerts({"halved": "usage_30d < 0.5 * usage_30d_before and usage_30d_before >= 4"})["halved"])
    2
    """
    if isinstance(rules, Mapping):
        said: Any = rules
    else:
        try:
            said = tomllib.loads(Path(rules).read_text(encoding="utf-8")).get("alerts")
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError("unreadable-alerts", "the alerts cannot be read as TOML", remedy="Give a section [alerts].") from error
    if not isinstance(said, Mapping) or not said:
        raise ConfigError("no-alerts", "there is no rule", remedy='Give names and rules, such as silent = "orders_days_since_last >= 60".')
    return {str(name): _conditions(str(name), rule) for name, rule in said.items()}


def _conditions(name: str, rule: Any) -> list[_Condition]:
    found = []
    for part in re.split(r"\band\b(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", rule) if isinstance(rule, str) else [""]:
        parsed = _PART.fullmatch(part)
        if parsed is None:
            raise ConfigError(
                "bad-alert",
                f"the rule {name!r} cannot be read",
                remedy='Join conditions by "and": a feature, one of < <= > >= ==, and a number, a feature, or a number * a feature.',
            )
        feature, compare, number, times, other = parsed.groups()
        beside = times or other
        factor = 1.0 if number is None else float(number)
        found.append(_Condition(feature.strip('"'), compare, factor, beside.strip('"') if beside else None))
    return found


def _fires(X: pd.DataFrame, conditions: list[_Condition], name: str) -> Any:
    """Return rows (n,) on which all conditions hold; conditions on missing values never hold."""
    holds = np.ones(len(X), dtype=bool)
    for c in conditions:
        left = _column(X, c.feature, name)
        right = c.factor * _column(X, c.other, name) if c.other is not None else np.full(len(X), c.factor)
        single = any(X[column].dtype == np.float32 for column in (c.feature, c.other) if column is not None)
        holds &= ~np.isnan(left) & ~np.isnan(right) & _COMPARE[c.compare](left, right, SINGLE if single else DOUBLE)
    return holds


def _column(X: pd.DataFrame, feature: str, name: str) -> Any:
    if feature not in X:
        raise SchemaError(
            "unknown-feature",
            f"the rule {name!r} needs the feature {feature!r}, which does not exist.{closest(feature, map(str, X.columns))}",
            remedy="Use a column of X.",
        )
    if not pd.api.types.is_numeric_dtype(X[feature]):
        raise SchemaError("bad-feature", f"the rule {name!r} compares {feature!r}, which is not numeric", remedy="Use a numeric feature.")
    return X[feature].to_numpy(dtype=np.float64)


def features_of_rules(rules: str | Path | Mapping[str, str]) -> list[str]:
    """Return the names of the features that rules compare, each once.

    >>> features_of_rules({"halved": "usage_30d < 0.5 * usage_30d_before and usage_30d_before >= 4"})
    ['usage_30d', 'usage_30d_before']
    """
    conditions = (c for rule in read_alerts(rules).values() for c in rule)
    return list(dict.fromkeys(name for c in conditions for name in (c.feature, c.other) if name is not None))


def holds(X: pd.DataFrame, rule: str) -> Any:
    """Return on which rows of X one rule holds, (n,) of bool; conditions on missing values never hold.

    >>> holds(pd.DataFrame({"days_since_last": [70.0, 20.0, None]}), "days_since_last >= 60").tolist()
    [True, False, False]
    """
    return _fires(X, read_alerts({rule: rule})[rule], rule)


def _checked_index(X: Any) -> pd.Index:
    if not isinstance(X, pd.DataFrame) or list(X.index.names) != ["customer_id", "cutoff"]:
        raise SchemaError(
            "bad-index", "X is not indexed by customer_id and cutoff", remedy="Give the frame that build_features() returned."
        )
    return X.index


def checked(X: Any) -> pd.DataFrame:
    _checked_index(X)
    return X.sort_index(level=["customer_id", "cutoff"], sort_remaining=False)


def find_alerts(
    X: pd.DataFrame, rules: str | Path | Mapping[str, str], *, snoozed: Mapping[tuple[CustomerId, str], Moment] | None = None
) -> pd.DataFrame:
    """Return which customers fulfil which rules now, and since when.

    Parameters
    ----------
    X : DataFrame (n, n_features)
        Features from :func:`churnpredict.build_features`. Now is the latest cutoff; earlier ones show since when.
    rules : mapping of name to rule, or path of a TOML file
        See :func:`read_alerts`.
    snoozed : mapping of (customer, rule) to time, optional
        Time until which an alert is not shown.

    Returns
    -------
    DataFrame
        ``alert``, ``customer_id``, ``since`` (first cutoff of the unbroken run up to now), ``cutoff``; in the order of the rules, the
        newest alerts of each first.

    Raises
    ------
    ConfigError
        A rule cannot be read.
    SchemaError
        ``unknown-feature``, ``bad-feature``, ``bad-index``.
    IdentityError, UsageError
        ``id-types-differ``, ``bad-argument``: of ``snoozed``.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2024-01-01", "2024-02-01"])], names=["customer_id", "cutoff"])
    >>> X = pd.DataFrame({"days_since_last": [70.0, 101.0, 40.0, 71.0]}, index=index)
    >>> find_alerts(X, {"silent": "days_since_last >= 60"})[["customer_id", "since"]].astype(str).values.tolist()
    [['b', '2024-02-01'], ['a', '2024-01-01']]
    """
    frame = checked(X)
    customers, cutoffs = (frame.index.get_level_values(i) for i in (0, 1))
    now = cutoffs.max()
    until = _asleep({} if snoozed is None else snoozed, frame.index.get_level_values(0).unique())
    parts = []
    for name, conditions in read_alerts(rules).items():
        fires = _fires(frame, conditions, name)
        # A run ends where the rule does not hold, and where another customer begins; rows are sorted by customer and time.
        begins = fires & ~(np.r_[False, fires[:-1]] & np.r_[False, np.asarray(customers[1:] == customers[:-1])])
        start = np.maximum.accumulate(np.where(begins, np.arange(len(frame)), 0))
        rows = np.flatnonzero(fires & np.asarray(cutoffs == now))
        part = pd.DataFrame({"alert": name, "customer_id": customers[rows], "since": cutoffs[start[rows]], "cutoff": cutoffs[rows]})
        awake = np.array([not until.get((c, name), now) > now for c in part["customer_id"]], dtype=bool)
        parts.append(part[awake].sort_values("since", ascending=False, kind="stable"))
    return pd.concat(parts, ignore_index=True)


def _asleep(snoozed: Mapping[tuple[Any, str], Any], customers: Any) -> dict[tuple[Any, str], pd.Timestamp]:
    """Return until when each customer's alert is snoozed, for known ids."""
    check_instance(snoozed, "snoozed", Mapping, 'Give {("C1", "silent"): "2024-09-01"}.')
    if not snoozed:
        return {}
    if not all(isinstance(key, tuple) and len(key) == 2 for key in snoozed):
        raise UsageError("bad-argument", "snoozed is not by customer and rule", remedy='Give {("C1", "silent"): "2024-09-01"}.')
    people = list(dict.fromkeys(who for who, _ in snoozed))
    place, _ = match_ids(people, customers, "snoozed")
    here = {people[p]: customer for customer, p in zip(customers, place, strict=True) if p >= 0}
    return {
        (here[who], str(name)): pd.Timestamp(moment(until, "snoozed"), unit="us") for (who, name), until in snoozed.items() if who in here
    }


def judge_alerts(X: pd.DataFrame, y: Column, rules: str | Path | Mapping[str, str], *, days: Column | None = None) -> pd.DataFrame:
    """Return how often each rule was followed by churn, compared with the base rate, and with ``days`` how early it fired and how many
    leavers it missed.

    Parameters
    ----------
    X : DataFrame (n, n_features)
        Past snapshots.
    y : array (n,)
        1 where the customer left, in the order of X.
    rules : mapping of name to rule, or path of a TOML file
        As for :func:`find_alerts`.
    days : array (n,), optional
        Days from the cutoff until the customer left, NaN for customers who stayed, in the order of X: see
        :func:`churnpredict.diagnostics.leaving_days`.

    Returns
    -------
    DataFrame
        One row per rule: ``alert``, ``fired`` (snapshots), ``customers``, ``left`` (share of the snapshots that left) with its interval
        ``left_low`` to ``left_high``, ``base_rate``, ``lift``, ``caught`` (share of all leavers). NaN where nothing fired or nobody left.
        Of the customers who left, each counted once per leaving: ``leavers``, ``missed`` (those of whom it did not fire at any snapshot
        before they left), ``missed_low`` to ``missed_high`` (interval of their share) and ``lead_days`` (days from the first of these
        snapshots until they left; the median of those not missed). NaN without ``days``. Intervals are Wilson's, of 95 %; that of
        ``left`` counts customers and not snapshots, since those of one customer are alike.

    Raises
    ------
    UsageError
        ``bad-argument``: X, y and days differ in length, y holds other than 0 and 1, or days are known of others than those who left.
    ConfigError, SchemaError
        As for :func:`find_alerts`.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2024-01-01", "2024-02-01"])], names=["customer_id", "cutoff"])
    >>> X = pd.DataFrame({"days_since_last": [30.0, 61.0, 1.0, 9.0]}, index=index)
    >>> told = judge_alerts(X, [1, 1, 1, 1], {"silent": "days_since_last >= 60"}, days=[41.0, 10.0, 59.0, 28.0])
    >>> told[["leavers", "missed", "lead_days"]].values.tolist()
    [[2.0, 1.0, 10.0]]
    """
    remedy = "Give 0 or 1 per row of X."
    check_instance(X, "X", pd.DataFrame, "Give the features of past snapshots: pipeline.features_of(tables, snapshots).")
    try:
        target = np.asarray(in_row_order(y, X, "y"), dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        raise UsageError("bad-argument", "y holds what is not a number", remedy=remedy) from None
    if len(target) != len(X) or not np.isin(target, (0, 1)).all():
        raise UsageError("bad-argument", f"y does not fit the {len(X):,} rows of X", remedy=remedy)
    ahead = None if days is None else _checked_days(in_row_order(days, X, "days"), target)
    leaving = None if ahead is None else _leavings(X, ahead)
    base = float(target.mean()) if len(target) else np.nan
    rows = []
    for name, conditions in read_alerts(rules).items():
        fires = _fires(X, conditions, name)
        left = float(target[fires].mean()) if fires.any() else np.nan
        who = X.index.get_level_values(0)[fires].nunique()
        lift, caught = (left / base, float(target[fires].sum() / target.sum())) if base > 0 else (np.nan, np.nan)
        early = (np.nan,) * 3 if ahead is None or leaving is None else _how_early(fires, ahead, leaving)
        rows.append((name, int(fires.sum()), who, left, base, lift, caught, *early))
    columns = ["alert", "fired", "customers", "left", "base_rate", "lift", "caught", "leavers", "missed", "lead_days"]
    found = pd.DataFrame(rows, columns=columns)
    for share, count, n in (
        ("left", found["left"] * found["customers"], found["customers"]),
        ("missed", found["missed"], found["leavers"]),
    ):
        place = list(found).index(share)
        for i, bound in enumerate(wilson(count, n)):
            found.insert(place + 1 + i, f"{share}_{('low', 'high')[i]}", bound)
    return found


def _checked_days(days: Any, target: Any) -> Any:
    ahead = check_numbers(days, "days", missing=True)
    if len(ahead) != len(target) or (np.isnan(ahead) == (target == 1)).any():
        remedy = "Give days for the rows of y that are 1, and NaN for the others: leaving_days(tables, outcomes, churn)."
        raise UsageError("bad-argument", "days are not those of the customers who left", remedy=remedy)
    return ahead


def _leavings(X: pd.DataFrame, days: Any) -> Any:
    """Return the number of each leaving, (n,), -1 for customers who stayed: rows of one customer and one moment of leaving share it."""
    index, left = _checked_index(X), ~np.isnan(days)
    cutoffs = pd.DatetimeIndex(index.get_level_values("cutoff")).as_unit("us").asi8
    moments = cutoffs[left] + np.round(days[left] * DAY).astype(np.int64)
    who = pd.factorize(index.get_level_values("customer_id"))[0][left]
    number = np.full(len(X), -1)
    number[left] = pd.DataFrame({"who": who, "moment": moments}).groupby(["who", "moment"]).ngroup().to_numpy()
    return number


def _how_early(fires: Any, days: Any, leaving: Any) -> tuple[float, float, float]:
    """Return how many customers left, how many of them the rule missed, and the median days from its first alert until they left."""
    n = int(leaving.max(initial=-1)) + 1
    first = np.full(n, -np.inf)
    in_time = fires & (days > 0)
    np.maximum.at(first, leaving[in_time], days[in_time])
    found = first[np.isfinite(first)]
    return float(n), float(n - len(found)), float(np.median(found)) if len(found) else np.nan
