"""The same features, scores and drivers inside Spark, for histories that outgrow one machine.

Each table is cut into parcels by the hash of the customer's id, so that all rows of a customer, of all tables, are in one task, a bucket of
customers at a time. The task runs the same checks, kernels and model as a single process: results are equal to the last bit, whatever the
number of partitions. churnpredict must be installed where the tasks run.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnpredict.churn.outcomes import Outcomes
from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.snapshots import check_somebody, choose_cutoffs
from churnpredict.churn.treatments import ahead_column, evened
from churnpredict.errors import UsageError
from churnpredict.features.asof import is_label
from churnpredict.features.catalog import catalog
from churnpredict.features.feature import Feature
from churnpredict.pipeline import cutoffs
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.pipeline.scoring import COLUMNS, FLAGS, IN_SAMPLE, TEXTS
from churnpredict.pipeline.valuing import by_quarter, payment_rows
from churnpredict.retention.value import learn_credibility
from churnpredict.spark.tables import Rows, SparkTables

__all__ = ["build_features", "explain", "fit", "score"]

_BINS = 4096  # number of risks that are ranked one by one


def build_features(
    tables: SparkTables,
    churn: ChurnRule,
    *,
    at: Any = None,
    every: str | None = None,
    since: Any = None,
    last: Any = None,
    features: Rows | None = None,
    history: str | None = None,
    outcomes: bool = False,
) -> Any:
    """Return the features of everybody at risk at each cutoff, as a Spark DataFrame that is computed when it is used.

    Parameters
    ----------
    tables : SparkTables
    churn, at, every, since, last
        Who is at risk, and the cutoffs: as for :func:`churnpredict.take_snapshots`. No ``features=[]`` gives the snapshots alone.
    features, history
        As for :func:`churnpredict.build_features`.
    outcomes : bool
        With the columns ``duration`` and ``outcome`` as :func:`churnpredict.label_churn` gives them; all cutoffs must be mature.

    Returns
    -------
    pyspark.sql.DataFrame
        ``customer_id``, ``cutoff``, then the features, in no particular order of rows; labels as text.

    Raises
    ------
    UsageError
        ``needs-everybody`` for features that compare a customer with all others; ``own-aggregate``.
    ImmatureError
        ``immature``, with ``outcomes=True``.
    """
    moments = choose_cutoffs(tables.outline, churn, at=at, every=every, since=since, last=last)
    if outcomes:
        cutoffs.check_mature(tables.outline, churn, moments)
    if features is None:
        features = catalog(tables.outline, until=pd.Timestamp(int(moments.max()), unit="us", tz="UTC"), history=history)
    rows = tables.check_features(features)
    asked = parts.Question(churn, moments, rows, history, outcomes=outcomes)
    return tables.ask(partial(parts.rows_of, asked=asked), (_OUTCOMES if outcomes else {}) | tables.columns_of(rows))


_OUTCOMES = {"duration": pa.float64(), "outcome": pa.int8()}


def fit(pipeline: Any, tables: SparkTables, until: Any = None, *, share: float = 1.0) -> Any:
    """Train a pipeline on snapshots, features and outcomes made in Spark; the training itself runs here, on the driver.

    With all customers the model is the one that :meth:`ChurnPipeline.fit` would train. The audit checks the training rows; to probe the
    tables too, call :meth:`ChurnPipeline.audit` on some customers' tables in memory.

    Parameters
    ----------
    pipeline : ChurnPipeline
    tables : SparkTables
    until : time, optional
        Train on what was known before it, outcomes included.
    share : float
        Share of the customers to train on, drawn by the hash of their ids: the same ones every time.

    Returns
    -------
    ChurnPipeline
        The same, fitted.
    """
    from churnpredict.pipeline.auditing import audit_rows, settle

    if not 0 < share <= 1:
        raise UsageError("bad-argument", f"share is {share!r}", remedy="Give a share above 0 and up to 1.")
    if pipeline.season_by is not None:
        raise UsageError("bad-argument", "training in Spark does not support season_by", remedy="Leave it out, or train in one process.")
    churn, outline = pipeline.churn, tables.outline
    moment = None if until is None else cutoffs.one_moment(outline, until, "until")
    past = cutoffs.as_known(outline, until)
    churn.check(past)
    every = pipeline.step_between(past, tables.weeks)
    at = cutoffs.training_cutoffs(past, churn, every=every, since=pipeline.since, most_cutoffs=pipeline.most_cutoffs)
    asked = parts.Question(churn, past.instants(at), until=moment, share=share)
    counts = tables.ask(partial(parts.rows_of, asked=asked), {}).groupBy("cutoff").count().toArrow().to_pandas()
    found = counts.set_index("cutoff")["count"]
    there = np.isin(asked.cutoffs, past.instants(list(found.index)) if len(found) else [])
    check_somebody(asked.cutoffs, there, tables.outline.timezone)
    kept = past.instants(list(cutoffs.latest_within(found, pipeline.most_rows)))
    before = None if moment is None else pd.Timestamp(moment, unit="us", tz="UTC")
    features = catalog(outline, until=before, history=pipeline.history) if pipeline.features is None else list(pipeline.features)
    pipeline.features_ = features
    rows = tables.check_features(features)
    asked = replace(
        asked,
        cutoffs=kept,
        features=rows,
        history=pipeline.history,
        outcomes=True,
        treatments=pipeline.treatments,
        treated=pipeline.treated,
    )
    ahead = pipeline.treatments is not None and pipeline.treated == "feature"
    extra = {ahead_column(pipeline.treatments): pa.float32()} if ahead else {}  # pyright: ignore[reportArgumentType]
    excluded = pipeline.treatments is not None and pipeline.treated == "exclude"
    extra |= {parts.CONTACTED: pa.float64()} if excluded else {}
    columns = _OUTCOMES | tables.columns_of(rows) | extra
    frame = tables.ask(partial(parts.rows_of, asked=asked), columns).toArrow().to_pandas()
    frame = frame.set_index(["customer_id", "cutoff"]).sort_index()
    X, outcomes = frame.drop(columns=list(_OUTCOMES)), Outcomes(frame[list(_OUTCOMES)])
    outcomes.horizon_span, outcomes.gap_span, outcomes.decided_at_end = churn.horizon_span, churn.gap_span, churn.decided_at_end
    if excluded:
        untouched = evened(outcomes, X.pop(parts.CONTACTED).to_numpy())
        X, outcomes = X[untouched], outcomes[untouched]
    latest = int(past.instants([frame.index.get_level_values("cutoff").max()])[0])
    for row in rows:
        if isinstance(row, Feature) and is_label(row, outline):
            known = [str(v) for v in tables.known_labels(row.table, str(row.column), latest)]
            X[row.name] = pd.Categorical(X[row.name], categories=pd.Index(known, dtype=object))
    pipeline.audit_ = settle(audit_rows(outline, churn, X, outcomes, features=rows), pipeline.raise_on)
    pipeline.weeks_ = tables.season_counts(past, churn, X, moment) if pipeline.season else []
    pipeline.learn(X, outcomes)
    paid = payment_rows(outline)
    if paid:
        last = X.index[X.index.get_level_values("cutoff") == pipeline.cutoffs_[-1]]
        asked = replace(asked, cutoffs=past.instants(pipeline.cutoffs_[-1]), features=paid, outcomes=False)
        frame = tables.ask(partial(parts.rows_of, asked=asked), tables.columns_of(paid)).toArrow().to_pandas()
        pipeline.worth_ = learn_credibility(*by_quarter(frame.set_index(["customer_id", "cutoff"]).loc[last]))
    else:
        pipeline.worth_ = None
    return pipeline


def score(pipeline: Any, tables: SparkTables, at: Any = None) -> Any:
    """Return one row per customer at risk, as :meth:`ChurnPipeline.score` gives it, as a Spark DataFrame.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Fitted; its model file is sent to the tasks, so custom classifiers do not work.
    tables : SparkTables
    at : time, optional
        The cutoff; by default the end of what was observed.

    Returns
    -------
    pyspark.sql.DataFrame
        The columns of :meth:`ChurnPipeline.score`, in no particular order of rows; percentiles are among all customers.
    """
    content, cutoff = _prepare(pipeline, tables, at)
    names = [*parts.names_of_risks(pipeline.model_), *COLUMNS[COLUMNS.index("band") :]]
    seen = pipeline.has_seen(tables.outline, [pd.Timestamp(cutoff, unit="us", tz="UTC")])
    if seen:
        cutoffs.warn_in_sample(stacklevel=3)
        names.append(IN_SAMPLE)
    columns = {name: _type_of(name) for name in names}
    frame = tables.hold(tables.ask(partial(parts.scored, content=content, cutoff=cutoff), columns))
    names.insert(names.index("band"), "percentile")
    return ranked(frame, cutoff, tables.outline.timezone).select("customer_id", "cutoff", *names)


def _type_of(column: str) -> pa.DataType:
    return pa.bool_() if column in FLAGS else pa.string() if column in TEXTS else pa.float64()


def explain(pipeline: Any, tables: SparkTables, at: Any = None) -> Any:
    """Return why each risk is what it is: probability points per driver, which sum to ``risk - base_risk``.

    Returns
    -------
    pyspark.sql.DataFrame
        ``customer_id``, ``cutoff``, ``risk``, ``base_risk``, then a column per driver as in :attr:`Explanation.points`.
    """
    from churnpredict.explanation.drivers import assign_drivers

    content, cutoff = _prepare(pipeline, tables, at)
    season = getattr(pipeline.model_, "season_", None)
    names = [str(c) for c in pipeline.model_.feature_names_in_] + ([] if season is None else [season.column])
    _, drivers = assign_drivers(names, None)
    columns = dict.fromkeys(["risk", "base_risk", *drivers], pa.float64())
    return tables.ask(partial(parts.explained, content=content, cutoff=cutoff), columns)


def _prepare(pipeline: Any, tables: SparkTables, at: Any) -> tuple[bytes, int]:
    """Return the model's bytes and the cutoff, both checked before any task starts."""
    from churnpredict.model_file.store import packed

    pipeline._fitted()
    pipeline.check_tables(tables.outline)
    tables.check_features(pipeline.features_)
    cutoff = cutoffs.scoring_cutoff(tables.outline, pipeline.churn, at)
    choose_cutoffs(tables.outline, pipeline.churn, at=pd.Timestamp(cutoff, unit="us", tz="UTC"))
    return packed(pipeline.state), cutoff


def ranked(frame: Any, cutoff: int, timezone: str) -> Any:
    """Add the percentile among all: count risks in bins first, then rank within each, so that no task sees them all."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    frame = frame.withColumn("bin", F.floor(F.col("risk") * _BINS).cast("int"))
    counts = dict(sorted((row["bin"], row["count"]) for row in frame.groupBy("bin").count().collect()))
    total = sum(counts.values())
    check_somebody(np.array([cutoff]), np.array([total > 0]), timezone)
    below = np.cumsum([0, *counts.values()])[:-1].tolist()
    bins = frame.sparkSession.createDataFrame(list(zip(counts, below, strict=True)), "bin int, below bigint")
    up_to = F.count("*").over(Window.partitionBy("bin").orderBy("risk"))  # equal risks share a rank: a range of values, not of rows
    return frame.join(F.broadcast(bins), "bin").withColumn("percentile", (F.col("below") + up_to) * 100 / total)
