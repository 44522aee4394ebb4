"""Scores, rules and lists of the user's own that a backtest judges beside the model: the argument ``against``.

Columns of tables are read as known before each cutoff, by the kernels that build features.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import ChurnWarning, IdentityError, UsageError, closest
from churnpredict.evaluation.comparison import BASELINES
from churnpredict.events.tables import Customers, EventTables, States
from churnpredict.features.build import build_features
from churnpredict.features.catalog import catalog
from churnpredict.features.feature import Feature
from churnpredict.moments import moment_column
from churnpredict.number_checks import check_numbers
from churnpredict.per_customer import by_customer, listed_customers
from churnpredict.retention.alerts import features_of_rules, holds

__all__ = ["Ranking", "Rival", "check_rivals", "rank_rivals"]

Floats = npt.NDArray[np.float64]
Kind = Literal["probability", "score", "list"]
_TAKEN = ("model", *BASELINES)
_HIGH = ("risk", "healthy")
_FORMS = (
    'a feature, "table.column" of a States table, an alert rule, a Series by customer_id and cutoff, a mapping of cutoff to scores by '
    "customer or to a list of ids, or a function of tables and cutoff"
)
_LISTS = (list, tuple, set, frozenset, pd.Index, np.ndarray)
_COMPARES = re.compile(r"[<>]|==")


class Rival(NamedTuple):
    """What is judged, and what a high score means: None for a probability of leaving."""

    given: Any
    high: str | None


class Ranking(NamedTuple):
    """A rival at one cutoff, in the order of the rows.

    Attributes
    ----------
    risks : ndarray (n,)
        Probabilities of leaving; or places, the highest first to be called; or 1 for customers on a list and 0 for others.
    kind : {"probability", "score", "list"}
    without : int
        Customers without a score: they come last.
    """

    risks: Floats
    kind: Kind
    without: int = 0


def check_rivals(against: Any, n_cutoffs: int, high: Any = None) -> dict[str, Rival]:
    """Return what is to be judged, by name, before anything is trained.

    Raises
    ------
    UsageError
        ``bad-argument``: not a mapping, a name that is taken, one score per customer where several cutoffs are tested, or a direction
        that is unknown or of nothing.
    """
    if against is None and high is None:
        return {}
    if not isinstance(against, Mapping) or not all(isinstance(name, str) and name for name in against):
        remedy = f'Write against={{"our score": ...}}, with {_FORMS}.'
        raise UsageError("bad-argument", "against does not name its scores", remedy=remedy)
    directions = _directions(against, high)
    for name, scores in against.items():
        if name in _TAKEN:
            raise UsageError("bad-argument", f'against has a score called "{name}", as a model here is', remedy="Give it another name.")
        if n_cutoffs > 1 and not isinstance(scores, str) and not callable(scores) and not _has_cutoffs(_series_of(scores)):
            remedy = f"Give {_FORMS}; or test at a single cutoff. A score made after a cutoff has seen what it is to predict."
            raise UsageError("bad-argument", f'against["{name}"] does not name the cutoff of its scores', remedy=remedy)
    return {name: Rival(_series_of(scores), directions.get(name)) for name, scores in against.items()}


def _directions(against: Mapping[str, Any], high: Any) -> dict[str, str]:
    """Return what a high score means, by name; names that are missing are of probabilities, rules and lists."""
    of = (
        dict(high) if isinstance(high, Mapping) else {} if high is None else {name: high for name in against if not _is_rule(against[name])}
    )
    remedy = f'Write high="healthy" or high="risk", or one for each: high={{"{next(iter(against), "our score")}": "healthy"}}.'
    for name, meaning in of.items():
        if name not in against:
            what = f"high names a score that against does not have.{closest(str(name), list(against))}"
            raise UsageError("bad-argument", what, remedy=remedy)
        if _is_rule(against[name]):
            raise UsageError("bad-argument", f'against["{name}"] is a rule, which needs no direction', remedy="Leave it out of high.")
        if meaning not in _HIGH:
            raise UsageError("bad-argument", f"high is {meaning!r:.40}", remedy=remedy)
    return of


def rank_rivals(
    rivals: Mapping[str, Rival], cutoff: pd.Timestamp, X: pd.DataFrame, tables: EventTables, features: Sequence[Any] = ()
) -> dict[str, Ranking]:
    """Return the rivals at one cutoff.

    Parameters
    ----------
    rivals : mapping
        From :func:`check_rivals`.
    cutoff : Timestamp
    X : DataFrame (n, n_features)
        Features of the customers at risk, by ``customer_id`` and ``cutoff``.
    tables : EventTables
        Of columns and features that X does not hold; only what was known before the cutoff is read.
    features : sequence of Feature
        The rows of X.

    Raises
    ------
    UsageError
        ``bad-argument``: an unknown feature or column, a score that is not a number, a customer without a probability;
        ``no-direction``: scores beyond 0 to 1 without a declared direction; ``as-of-today``: a column of customers without
        ``valid_from``.
    IdentityError
        ``id-types-differ``, ``duplicate-customer``, ``default-index``, ``unknown-ids``.
    """
    return {name: _ranked(rival, cutoff, X, tables, features, f'against["{name}"] at {cutoff.date()}') for name, rival in rivals.items()}


def _ranked(rival: Rival, cutoff: pd.Timestamp, X: pd.DataFrame, tables: EventTables, features: Sequence[Any], what: str) -> Ranking:
    customers = X.index.get_level_values("customer_id")
    if isinstance(rival.given, str):
        values = _read(rival.given, X, tables, features, what)
        if values.dtype == np.bool_:
            return Ranking(values.astype(np.float64), "list")
    else:
        given = rival.given
        given = given(tables.known_before(int(tables.instants(cutoff)[0])), cutoff) if callable(given) else _at(given, cutoff, what)
        if _is_list(given):
            _check_flags(given, rival.high, what)
            return Ranking(_on_list(given, customers, what), "list")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ChurnWarning)  # scores of customers who are not at risk any more are as they should be
            values = by_customer(given, customers, what, partial=True)
    if rival.high is None:
        return Ranking(_probabilities(values, what), "probability")
    scores = check_numbers(values, what, missing=True)
    known = ~np.isnan(scores)
    places = np.zeros(len(scores))
    ordered = scores[known] if rival.high == "risk" else -scores[known]
    places[known] = np.unique(ordered, return_inverse=True)[1].ravel() + 1.0
    return Ranking(places, "score", int((~known).sum()))


def _probabilities(values: Any, what: str) -> Floats:
    scores = check_numbers(values, what, missing=True)
    outside = (scores < 0) | (scores > 1)
    if outside.any():
        remedy = 'Say it: high="healthy" or high="risk". Without it, scores are probabilities of leaving, from 0 to 1.'
        told = f"{what} is not a probability, and what a high score means is not declared"
        raise UsageError("no-direction", told, rows=int(outside.sum()), total=len(scores), remedy=remedy)
    if np.isnan(scores).any():
        remedy = 'Give every customer a probability; or declare a ranking with high="risk": customers without a score then come last.'
        raise UsageError("bad-argument", f"{what} has missing values", rows=int(np.isnan(scores).sum()), total=len(scores), remedy=remedy)
    return scores


# --- forms of scores ---------------------------------------------------------------------------------------------------------------------


def _series_of(scores: Any) -> Any:
    """Return a frame with customer_id, cutoff and one more column as a Series by both; everything else as it is."""
    if isinstance(scores, pd.DataFrame) and {"customer_id", "cutoff"} < set(scores.columns) and scores.shape[1] == 3:
        return scores.set_index(["customer_id", "cutoff"]).iloc[:, 0]
    return scores


def _is_rule(scores: Any) -> bool:
    return isinstance(scores, str) and bool(_COMPARES.search(scores))


def _has_cutoffs(scores: Any) -> bool:
    if isinstance(scores, pd.Series):
        return scores.index.nlevels == 2
    return isinstance(scores, Mapping) and any(isinstance(one, (Mapping, pd.Series, *_LISTS)) for one in scores.values())


def _at(scores: Any, cutoff: pd.Timestamp, what: str) -> Any:
    """Return the scores by customer of one cutoff."""
    if not _has_cutoffs(scores):
        return scores
    level: Any = "cutoff" if isinstance(scores, pd.Series) and "cutoff" in scores.index.names else 1
    keys = scores.index.get_level_values(level) if isinstance(scores, pd.Series) else list(scores)
    here = moment_column(keys, "cutoff", None) == moment_column([cutoff], "cutoff", None)[0]
    if not here.any():
        raise UsageError("bad-argument", f"{what} has no scores", remedy="Give scores for every cutoff that is tested, as at= names them.")
    if isinstance(scores, pd.Series):
        return scores[here].droplevel(level)
    return scores[keys[int(np.argmax(here))]]


def _is_list(scores: Any) -> bool:
    """Return whether scores by customer are a list of customers: ids, or True and False by customer."""
    values = scores.values() if isinstance(scores, Mapping) else list(scores) if isinstance(scores, pd.Series) else []
    return isinstance(scores, _LISTS) or (len(values) > 0 and all(isinstance(v, (bool, np.bool_)) for v in values))


def _check_flags(given: Any, high: str | None, what: str) -> None:
    """Refuse True and False where high="healthy": a list has True for the customers to call."""
    if high == "healthy" and isinstance(given, (Mapping, pd.Series)):
        remedy = "Give the ids of the customers to call; or 1 and 0 as the score that it is."
        raise UsageError("bad-argument", f"{what} holds True and False, and a high score is declared as healthy", remedy=remedy)


def _on_list(given: Any, customers: pd.Index, what: str) -> Floats:
    """Return 1 for customers who are on a list, (n,): customers whom it names may have left since."""
    listed = listed_customers(given, customers, what)
    if not listed.found.any() and len(cast(Any, given)) and listed.strangers == len(cast(Any, given)):
        told, remedy = f"none of the customers at risk is on the list of {what}", "Compare its ids with those of the tables."
        raise IdentityError("unknown-ids", told, rows=len(cast(Any, given)), total=len(cast(Any, given)), remedy=remedy)
    return listed.found.astype(np.float64)


# --- what tables hold --------------------------------------------------------------------------------------------------------------------


def _read(text: str, X: pd.DataFrame, tables: EventTables, features: Sequence[Any], what: str) -> Any:
    """Return the values of a feature or a column, or on whom a rule holds, (n,)."""
    if _is_rule(text):
        return holds(_with_columns(X, features_of_rules({what: text}), tables, features, what), text)
    table, _, column = text.partition(".")
    if text not in X and table in tables.declarations and column:
        return _column_as_it_stood(table, column, X, tables, what)
    values = _with_columns(X, [text], tables, features, what)[text]
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise UsageError("bad-argument", f"{what} is a label, not a number", remedy="Make a number of each label, and give these.")
    return values.to_numpy()


def _with_columns(X: pd.DataFrame, names: Iterable[str], tables: EventTables, features: Sequence[Any], what: str) -> pd.DataFrame:
    """Return features by their names; those that the pipeline does not have are built for these customers alone."""
    wanted = list(dict.fromkeys(names))
    rows = {row.name: row for row in (*features, *(catalog(tables) if set(wanted) - set(X) else ()))}
    for name in wanted:
        if name not in X and name not in rows:
            near = closest(name, [*map(str, X.columns), *rows])
            raise UsageError("bad-argument", f'{what} needs "{name}", which is not a feature.{near}', remedy=f"Give {_FORMS}.")
        if getattr(rows.get(name), "aggregate", "") == "attribute":
            _check_dated(tables, rows[name].table, what)
    more = [rows[name] for name in wanted if name not in X]
    if not more:
        return X
    return pd.concat([X[[n for n in wanted if n in X]], build_features(tables, X.index.to_frame(index=False), features=more)], axis=1)


def _column_as_it_stood(table: str, column: str, X: pd.DataFrame, tables: EventTables, what: str) -> Any:
    declared = tables.declarations[table]
    if isinstance(declared, States):
        there = [*declared.values, *declared.labels]
        row = Feature(table, "state", column=column)
    elif isinstance(declared, Customers):
        there = list(declared.attributes)
        row = Feature(table, "attribute", column=column)
        _check_dated(tables, table, what)
    else:
        remedy = "Declare the score as cp.States(..., values=[...]), or name a feature."
        raise UsageError("bad-argument", f"{what} is a column of events", table=table, column=column, remedy=remedy)
    if column not in there:
        remedy = f"Declare it there, or choose from {', '.join(there)}." if there else "Declare it there."
        raise UsageError("bad-argument", f"{what} is not a column declared there.{closest(column, there)}", table=table, remedy=remedy)
    values = build_features(tables, X.index.to_frame(index=False), features=[row]).iloc[:, 0]
    if not pd.api.types.is_numeric_dtype(values.dtype):
        remedy = "Make a number of each label, and declare that column."
        raise UsageError("bad-argument", f"{what} is a label, not a number", table=table, column=column, remedy=remedy)
    return values.reindex(X.index).to_numpy()


def _check_dated(tables: EventTables, table: str, what: str) -> None:
    """Refuse a column of customers that holds what is true today: at a past cutoff it may have been another."""
    declared = tables.declarations.get(table)
    if isinstance(declared, Customers) and declared.valid_from is None:
        remedy = "Declare its history: cp.States(..., values=[...]), or valid_from= of the customers; or give a Series of what was known."
        raise UsageError("as-of-today", f"{what} is a column of today's values, whatever the cutoff", table=table, remedy=remedy)
