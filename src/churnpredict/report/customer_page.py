"""A page on why one customer was scored, for data-protection requests: this customer's data only."""

from __future__ import annotations

from collections.abc import Hashable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_text
from churnpredict.errors import DataError, IdentityError
from churnpredict.events.money import money_tables
from churnpredict.events.tables import EventTables
from churnpredict.explanation.attribution import Explanation, explain
from churnpredict.explanation.drivers import label_and_remedy
from churnpredict.explanation.words import Narrator
from churnpredict.features.peers import PEER_AGGREGATES
from churnpredict.files import write_text
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.markup import document, table
from churnpredict.moments import Moment
from churnpredict.per_customer import match_ids
from churnpredict.pipeline.cutoffs import scoring_cutoff
from churnpredict.report.display_formats import shown
from churnpredict.report.leaving import meaning
from churnpredict.text_tables import Figure

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["STYLE", "page", "write_customer_page"]

_FACTS = 6  # sentences per driver
STYLE = (Path(__file__).parent / "templates" / "document.css").read_text(encoding="utf-8")


def write_customer_page(
    pipeline: ChurnPipeline,
    tables: EventTables,
    customer: Hashable,
    path: str | Path,
    *,
    at: Moment | None = None,
    purpose: str = "",
    controller: str = "",
) -> Path:
    """Write a page that tells one customer how the model used the customer's data, as data-protection laws require.

    It holds the risk and what it means, how much each group of reasons added or took away, the customer's own data behind them, every value
    that went into the model, and how many rows of each table were used. It holds nothing of other customers: no ranks, no usual values of
    others, and no values that are computed from groups of customers (their points are shown, since the sum needs them).

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained or loaded.
    tables : EventTables
    customer : str or int
        The id, in the type that the tables have.
    path : path
        Of the HTML file.
    at : time, optional
        The cutoff; by default the end of what was observed.
    purpose, controller : str
        What the score is used for and what follows from it, and who is responsible: shown as they are.

    Returns
    -------
    Path

    Raises
    ------
    IdentityError
        ``unknown-customer``, ``id-types-differ``.
    DataError
        ``not-scored``: the customer is not at risk at the cutoff, so there is no score.
    OutputError
        ``not-written``.

    Examples
    --------
    >>> import tempfile, churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> rows = [cp.Feature("orders", "count", "90d"), cp.Feature("orders", "gap_ratio"), cp.Feature("orders", "days_since_last")]
    >>> pipeline = cp.ChurnPipeline(shop.churn, features=rows, every="60d", n_jobs=1).fit(shop.tables, until="2024-01-01")
    >>> one = pipeline.predict_proba(shop.tables, at="2024-01-01")["customer_id"].iloc[0]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_customer_page(pipeline, shop.tables, one, f"{folder}/why.html", at="2024-01-01").read_text()
    >>> "Why this customer was scored" in page
    True
    """
    check_text(purpose, "purpose")
    check_text(controller, "controller")
    pipeline._fitted()
    pipeline.check_tables(tables)
    spoken = language_of(pipeline.language)
    cutoff = scoring_cutoff(tables, pipeline.churn, at)
    code = _code_of(tables, customer)
    moments = np.array([cutoff], np.int64)
    if not pipeline.churn.at_risk(tables, np.array([code], np.int32), moments)[0]:
        remedy = "Customers who are gone, or not yet there, have no score; pipeline.unscored(tables) says which."
        raise DataError("not-scored", "the customer has no score at this cutoff", remedy=remedy)
    wall = tables.wall_times(moments)[0]
    who = tables.ids.take([code]).to_pandas()
    X = pipeline.features_of(tables, pd.DataFrame({"customer_id": who, "cutoff": [wall]}))
    why = explain(pipeline.model_, X, usual={})
    return write_text(path, page(why, X, tables, pipeline, spoken, cutoff=cutoff, code=code, purpose=purpose, controller=controller))


def _code_of(tables: EventTables, customer: Any) -> int:
    """Return the place of a customer among the ids; a message never repeats the id."""
    place = int(match_ids(tables.ids.to_pandas(), [customer], "the tables")[0][0])
    if place < 0:
        raise IdentityError("unknown-customer", "the tables hold no such customer", remedy="Compare the id: spelling, type, leading zeros.")
    return place


def page(
    why: Explanation,
    X: pd.DataFrame,
    tables: EventTables,
    pipeline: ChurnPipeline,
    spoken: Language,
    *,
    cutoff: int,
    code: int,
    purpose: str,
    controller: str,
) -> str:
    """Return the page of one row as HTML: no script, no request."""
    say, date = spoken.say, spoken.day(pd.Timestamp(tables.wall_times(np.array([cutoff]))[0]))
    risk, base = spoken.percent(float(why.risk.iloc[0])), spoken.percent(why.base_risk)
    narrator = Narrator(why, spoken, money=dict.fromkeys(money_tables(tables.declarations), pipeline.unit))
    of_others = [f.aggregate in PEER_AGGREGATES for f in narrator.read]
    customer = shown(X.index.get_level_values("customer_id")[0], "id")
    parts = [
        f"<h1>{escape(say('subject.title'))}</h1>",
        *_texts(f"{say('column.customer')}: {spoken.isolated(customer)}", say("as_known", date=date), say("model", id=pipeline.model_id_)),
        *_texts(*meaning(pipeline.churn, date, spoken)),
        *_texts(say("subject.risk", risk=risk, base=base), say("subject.how")),
        f"<h2>{escape(say('subject.reasons'))}</h2>",
        *_texts(say("subject.sum", risk=risk, base=base)),
        _reasons(why, narrator, of_others, spoken),
        f"<h2>{escape(say('subject.data'))}</h2>",
        *_texts(say("subject.data.told", date=date)),
        _rows(tables, {name for row in pipeline.features_ for name in row.tables}, cutoff, code, spoken),
        f"<h2>{escape(say('subject.values'))}</h2>",
        _values(why, X, of_others, spoken),
        f"<h2>{escape(say('subject.purpose'))}</h2>",
        *_texts(purpose or say("subject.unsaid")),
        f"<h2>{escape(say('subject.controller'))}</h2>",
        *_texts(controller or say("subject.unsaid")),
    ]
    return document(say("subject.title"), "\n".join(parts), STYLE, language=spoken.code, direction=spoken.direction)


def _texts(*sentences: str) -> list[str]:
    return [f"<p>{escape(text)}</p>" for text in sentences if text]


def _reasons(why: Explanation, narrator: Narrator, of_others: list[bool], spoken: Language) -> str:
    """Return a row per driver: its points, and the customer's own facts of its strongest features."""
    points = why.points.iloc[0]
    strength = np.abs(why.feature_points.to_numpy()[0])
    rows: list[tuple[object, ...]] = []
    for key in points.abs().sort_values(ascending=False, kind="stable").index:
        inside = [j for j in np.argsort(-strength, kind="stable") if why.keys[j] == key and strength[j] > 0]
        facts: list[str] = []
        for j in inside:
            text = "" if of_others[j] else narrator.fact(int(j), 0)
            if text and text not in facts and len(facts) < _FACTS:
                facts.append(text)
        if any(of_others[j] for j in inside):
            facts.append(spoken.say("subject.peers"))
        label = label_and_remedy(why.table[str(key)], spoken)[0]
        rows.append((label, Figure(spoken.points(float(points[key]), sign=True)), spoken.words["and"].join(facts)))
    return table(rows, [spoken.say("column.reason"), spoken.say("column.points"), spoken.say("subject.data")])


def _rows(tables: EventTables, used: set[str], cutoff: int, code: int, spoken: Language) -> str:
    """Return how many rows of each table that the model uses are the customer's, known before the cutoff, and of which days."""
    past = tables.known_before(cutoff)
    rows: list[tuple[object, ...]] = []
    for name, stream in past.streams.items():
        if name not in used:
            continue
        times = stream.times[stream.offsets[code] : stream.offsets[code + 1]]
        if len(times):
            first, last = (spoken.day(pd.Timestamp(w)) for w in tables.wall_times(np.array([times.min(), times.max()])))
            rows.append((spoken.noun(name), len(times), Figure(first), Figure(last)))
    return table(rows, [spoken.say(f"subject.{name}") for name in ("table", "rows", "first", "last")])


def _values(why: Explanation, X: pd.DataFrame, of_others: list[bool], spoken: Language) -> str:
    """Return every value that went into the model, the weightiest first."""
    points = why.feature_points.to_numpy()[0]
    rows: list[tuple[object, ...]] = []
    for j in np.argsort(-np.abs(points), kind="stable"):
        name = why.features[j]
        value = X[name].iloc[0] if name in X else None
        text = "–" if value is None or pd.isna(value) else _text(value, spoken)
        text = spoken.say("subject.peers") if of_others[j] else text
        rows.append((spoken.isolated(str(name)), Figure(text), Figure(spoken.points(float(points[j]), sign=True))))
    return table(rows, [spoken.say("subject.name"), spoken.say("column.value"), spoken.say("column.points")])


def _text(value: Any, spoken: Language) -> str:
    return spoken.number(float(value)) if _is_number(value) else spoken.isolated(shown(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, (bool, np.bool_))
