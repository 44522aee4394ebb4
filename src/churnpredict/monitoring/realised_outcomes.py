"""Compare earlier scorings with their outcomes once the windows have passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.argument_checks import check_instance
from churnpredict.churn.outcomes import immature, label_churn
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import ContentError, IdentityError, SchemaError, SourceError, closest
from churnpredict.evaluation import metrics
from churnpredict.evaluation.comparison import calibration_gap
from churnpredict.events.tables import EventTables
from churnpredict.moments import moment_column
from churnpredict.pipeline.scoring import IN_SAMPLE
from churnpredict.score_runs import runs
from churnpredict.table_files import read_frame

__all__ = ["LEVEL", "SLOPE", "Matured", "judge_matured", "level_of", "mature", "read_earlier", "read_scorings", "verdict"]

LEVEL = 0.25  # log-odds: a quarter too many or too few; a smaller error of the level changes no decision
SLOPE = 0.7  # calibration slope below which high risks are much too high and low ones much too low
_ROUNDS = 200
_MOST = 10_000  # customers in an interval


class Matured(NamedTuple):
    """Earlier scorings whose outcomes are known.

    Attributes
    ----------
    rows : DataFrame
        ``customer_id``, ``cutoff``, ``risk``, ``left`` (0 or 1).
    immature : int
        Scored rows whose outcome window is still open.
    unknown : int
        Scored rows of customers who are no longer in any table.
    """

    rows: pd.DataFrame
    immature: int
    unknown: int


def read_scorings(scores: pd.DataFrame | Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return earlier scorings as one frame; of a customer scored twice at one cutoff, the last row counts.

    Column ``in_sample`` marks rows of a model trained on later outcomes; it is False where a table does not have it.

    Raises
    ------
    SchemaError
        ``missing-column``: ``customer_id``, ``cutoff`` and ``risk`` are needed.
    ContentError
        ``no-probability``: a risk outside [0, 1].
    """
    asked = "Give a table of scores, or a list of such tables."
    if not isinstance(scores, pd.DataFrame):
        check_instance(scores, "scores", (list, tuple), asked)
    parts = [scores] if isinstance(scores, pd.DataFrame) else list(scores)
    for part in parts:
        check_instance(part, "an item of scores", pd.DataFrame, asked)
        for column in ("customer_id", "cutoff", "risk"):
            if column not in part:
                remedy = "Give tables as churnpredict score writes them." + closest(column, map(str, part.columns))
                raise SchemaError("missing-column", "there is no such column", table="scores", column=column, remedy=remedy)
    columns = [c for c in ("customer_id", "cutoff", "risk", "model_id") if all(c in part for part in parts)] + [IN_SAMPLE]
    if not parts:
        return pd.DataFrame({"customer_id": [], "cutoff": pd.to_datetime([]), "risk": [], IN_SAMPLE: np.zeros(0, bool)})
    marked = [pd.DataFrame(part) if IN_SAMPLE in part else pd.DataFrame(part).assign(**{IN_SAMPLE: False}) for part in parts]
    every = pd.concat([part[columns].assign(cutoff=pd.to_datetime(part["cutoff"])) for part in marked], ignore_index=True)
    every[IN_SAMPLE] = every[IN_SAMPLE].astype(str).str.lower().isin(("true", "1", "1.0"))  # a file may keep it as text
    wrong = ~every["risk"].between(0, 1)
    if wrong.any():
        raise ContentError(
            "no-probability",
            "risks that are not probabilities",
            table="scores",
            column="risk",
            rows=int(wrong.sum()),
            total=len(every),
            remedy="Give the column risk as churnpredict score wrote it.",
        )
    return every.drop_duplicates(["customer_id", "cutoff"], keep="last", ignore_index=True)


def read_earlier(path: str | Path, *, damaged: list[SourceError] | None = None) -> list[pd.DataFrame]:
    """Return the scorings of a file, of a run, or of all runs in a folder, as input for :func:`read_scorings`.

    With a list of ``damaged``, runs that cannot be read are left out and their errors put there.

    Raises
    ------
    SourceError
        ``unreadable-scores``, ``no-run``, ``damaged-run``.
    """
    path = Path(path)
    if not path.is_dir():
        return [read_frame(path)]
    folders = [path] if (path / runs.MANIFEST).exists() else [path / name for name in reversed(runs.run_names(path))]
    found: list[pd.DataFrame] = []
    for folder in folders:
        try:
            run = runs.open_run(folder)
            columns = [c for c in ("customer_id", "cutoff", "risk", "model_id", IN_SAMPLE) if c in run.columns]
            found.append(runs.read_scores(folder, columns=columns))
        except SourceError as error:
            if damaged is None:
                raise
            damaged.append(error)
    return found


def mature(tables: EventTables, scorings: pd.DataFrame, churn: ChurnRule) -> Matured:
    """Return the scored rows whose outcome windows have passed, labelled by the churn rule; never 0 for unknown outcomes.

    Raises
    ------
    IdentityError
        ``scores-id-type``: ids of another type than in the tables.
    """
    ids = _as_in(tables, scorings["customer_id"])
    known = np.asarray(pc.is_in(ids, value_set=tables.ids).to_numpy(zero_copy_only=False))
    held = scorings[known].assign(customer_id=ids.filter(pa.array(known)).to_pandas().to_numpy())
    if held["cutoff"].dt.tz is not None:
        held = held.assign(cutoff=held["cutoff"].dt.tz_convert(tables.timezone).dt.tz_localize(None))
    distinct = held["cutoff"].unique()
    ripe_cutoffs = ~immature(tables, churn, moment_column(distinct, timezone=tables.timezone, table="scores"))
    closed = held["cutoff"].isin(distinct[ripe_cutoffs])
    ripe, unknown = held.loc[closed, ["customer_id", "cutoff", "risk"]], int((~known).sum())
    if not len(ripe):
        return Matured(ripe.assign(left=0), int((~closed).sum()), unknown)
    left = label_churn(tables, ripe, churn).within().astype(np.float64)
    place = left.index.get_indexer(pd.MultiIndex.from_frame(ripe[["customer_id", "cutoff"]]))
    ripe = ripe.assign(left=np.append(left.to_numpy(), np.nan)[place])
    return Matured(ripe.dropna(subset="left"), int((~closed).sum()), unknown)  # customers who left within the gap have no outcome


def _as_in(tables: EventTables, ids: pd.Series) -> pa.Array:
    """Return ids (n,) of scores, which a CSV file keeps as text, in the type of the tables; null where an id does not fit it, as "007" is
    not 7.
    """
    if not len(ids):
        return pa.array([], tables.ids.type)
    given = pa.array(ids)
    given = given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
    try:
        cast = given.cast(tables.ids.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise IdentityError(
            "scores-id-type",
            f"ids of type {given.type}, where the tables have {tables.ids.type}",
            table="scores",
            column="customer_id",
            remedy="Cast them first; a CSV file keeps no types.",
        ) from None  # what Arrow says quotes an id
    same = pc.fill_null(pc.equal(cast.cast(given.type), given), False)
    return pc.if_else(same, cast, pa.scalar(None, cast.type))


def judge_matured(rows: pd.DataFrame, base_rate: float, window: pd.Timedelta) -> pd.DataFrame:
    """Compare earlier risks with their outcomes: per cutoff, and for all cutoffs of the newest window together.

    Parameters
    ----------
    rows : DataFrame
        Of :class:`Matured`; not empty.
    base_rate : float
        Share of leavers among the training snapshots; predicting it for everybody is the baseline.
    window : Timedelta
        How far back from the newest mature cutoff the verdict reaches.

    Returns
    -------
    DataFrame
        ``metric``, ``value``, ``low``, ``high`` (95 % over customers), ``cutoff`` (none for the verdict, in the last rows), ``n``,
        ``leavers``.
        Metrics: ``observed``, ``mean_risk``, ``calibration_gap``, ``level`` (log-odds to add to be right), and for the verdict
        ``calibration_slope``, ``auc``, ``lift_10`` and ``gain``: log loss of the base rate minus that of the risks.
    """
    parts = [_level_figures(part, cutoff) for cutoff, part in rows.groupby("cutoff", sort=True)]
    newest = rows[rows["cutoff"] > rows["cutoff"].max() - window]
    return pd.concat([*parts, _level_figures(newest, pd.NaT), _order_figures(newest, base_rate)], ignore_index=True)


def verdict(figures: pd.DataFrame) -> dict[str, Any]:
    """Return the rows of :func:`judge_matured` that are about the newest window, by metric: each with value, low, high, n, leavers."""
    return {str(row.metric): row for row in figures[figures["cutoff"].isna()].itertuples()}


def _as_arrays(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes, risks and customers; an even sample of customers where there are very many, where intervals are narrow anyway."""
    who = pd.factorize(rows["customer_id"])[0]
    keep = who % (who.max() // _MOST + 1) == 0
    return rows["left"].to_numpy(dtype=np.float64)[keep], rows["risk"].to_numpy(dtype=np.float64)[keep], who[keep]


def _table(found: dict[str, metrics.Interval], y: np.ndarray, cutoff: Any) -> pd.DataFrame:
    about = {"cutoff": cutoff, "n": len(y), "leavers": int(y.sum())}
    return pd.DataFrame([{"metric": name, **interval._asdict(), **about} for name, interval in found.items()])


def _level_figures(rows: pd.DataFrame, cutoff: Any) -> pd.DataFrame:
    y, p, who = _as_arrays(rows)
    mean = float(p.mean())
    found = {
        "observed": metrics.bootstrap_interval(_observed, y, p, customers=who, rounds=_ROUNDS),
        "mean_risk": metrics.Interval(mean, mean, mean),
        "calibration_gap": metrics.bootstrap_interval(calibration_gap, y, p, customers=who, rounds=_ROUNDS),
        "level": level_of(y, p, customers=who),
    }
    return _table(found, y, cutoff)


def level_of(y: np.ndarray, p: np.ndarray, *, customers: Any = None) -> metrics.Interval:
    """Return the log-odds to add to all risks to match the observed outcomes (0 is right), with an interval over customers.

    Where nobody or everybody left, half a customer is added to the other side: the level exists, and its interval is wide.

    >>> level_of(np.tile([0.0, 0.0, 0.0, 1.0], 100), np.full(400, 0.5)).high < -0.5
    True
    """
    n, left = len(y), float(y.sum())
    if 0 < left < n:
        return metrics.bootstrap_interval(metrics.calibration_intercept, y, p, customers=customers, rounds=_ROUNDS)
    share, mean = (left + 0.5) / (n + 1), float(np.clip(p.mean(), 1e-6, 1 - 1e-6))
    value = float(np.log(share / (1 - share)) - np.log(mean / (1 - mean)))
    error = 2 * float(np.sqrt(1 / (left + 0.5) + 1 / (n - left + 0.5)))
    return metrics.Interval(value, value - error, value + error)


def _order_figures(rows: pd.DataFrame, base_rate: float) -> pd.DataFrame:
    y, p, who = _as_arrays(rows)
    constant = np.full(len(y), min(max(base_rate, 1e-6), 1 - 1e-6))
    found = {"gain": metrics.compare(y, constant, p, customers=who, rounds=_ROUNDS)}
    if 0 < y.sum() < len(y):
        for name, function in (("calibration_slope", metrics.calibration_slope), ("auc", metrics.auc), ("lift_10", metrics.lift)):
            found[name] = metrics.bootstrap_interval(function, y, p, customers=who, rounds=_ROUNDS)
    return _table(found, y, pd.NaT)


def _observed(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    return float(np.average(y, weights=sample_weight))
