"""Score tables: rank, band, money at risk, reasons and remedies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import ModelError, UsageError
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.explanation.references import FEW_ROWS, usual_values
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.pipeline.scores import Scores

__all__ = [
    "COLUMNS",
    "FLAGS",
    "IN_SAMPLE",
    "REASONS",
    "TEXTS",
    "Coded",
    "Ranks",
    "band",
    "check_risks",
    "earlier_horizons_of",
    "first_reasons",
    "frame_of",
    "is_score_column",
    "parts_of_risk",
    "percentile",
    "probability_table",
    "score_columns",
    "score_table",
    "snapshots_of",
    "staying_table",
    "usual_in",
]

REASONS = 3
IN_SAMPLE = "in_sample"  # the last column of scores by a model that was trained on outcomes after the cutoff; other scores do not have it
COLUMNS = (
    "customer_id",
    "cutoff",
    "risk",
    "percentile",
    "band",
    "value",
    "money_at_risk",
    *(f"reason_{i}" for i in range(1, REASONS + 1)),
    *(f"reason_{i}_points" for i in range(1, REASONS + 1)),
    "about_equal",
    "words",
    *(f"remedy_{i}" for i in range(1, REASONS + 1)),
    "model_id",
)
# The types of all columns besides the customer and the cutoff: true or false, text, and the rest numbers.
FLAGS = frozenset({"about_equal", IN_SAMPLE})
TEXTS = frozenset({"band", "words", "model_id", *(f"{what}_{i}" for what in ("reason", "remedy") for i in range(1, REASONS + 1))})

_REASON_KEYS = tuple(f"reason_{i}" for i in range(1, REASONS + 1))

Floats = npt.NDArray[np.float64]


def is_score_column(name: str) -> bool:
    """Return whether a column of a table belongs to scores, of any model.

    >>> is_score_column("risk_30d"), is_score_column("expected_days"), is_score_column("note")
    (True, True, False)
    """
    return name in COLUMNS or name in (IN_SAMPLE, "expected_days") or name.startswith("risk_")


def check_risks(risk: Floats) -> Floats:
    """Raise an error if a risk is NaN or outside [0, 1]."""
    wrong = ~((risk >= 0) & (risk <= 1))
    if wrong.any():
        raise ModelError(
            "no-probability",
            "the model returned risks that are not probabilities",
            rows=int(wrong.sum()),
            total=len(risk),
            remedy="Train the model again; if it was loaded from a file, check that file.",
        )
    return risk


def parts_of_risk(model: Any, X: pd.DataFrame, A: Floats | None = None, margin: Floats | None = None) -> dict[str, Floats]:
    """Return the risk, and what a :class:`~churnpredict.ChurnClassifier` divides it into, by name of the column.

    A (n, n_features) are the encoded rows and ``margin`` (n,) the model's margins, where they are there already.
    """
    if not hasattr(model, "parts_of_encoded"):
        from churnpredict.model.labels import risk_of

        return {"risk": check_risks(risk_of(model, X))}
    parts: dict[str, Floats] = model.parts_of_encoded(model.encode(X) if A is None else A, margin)
    check_risks(parts["risk"])
    return parts


def earlier_horizons_of(model: Any) -> list[str]:
    """Return the horizons before the whole one that a model has learnt."""
    return [name for name, share in getattr(model, "shares_", {}).items() if share.days is not None]


def staying_table(model: Any, X: pd.DataFrame, ends: Mapping[str, pd.DatetimeIndex]) -> pd.DataFrame:
    """Return the chance of having left by the end of every horizon, customer by customer: see :meth:`ChurnPipeline.when`.

    Parameters
    ----------
    model : fitted classifier
    X : DataFrame (n, n_features)
        Index (customer_id, cutoff).
    ends : dict of str to DatetimeIndex (n,)
        When the outcome window of each row closes, by horizon, shortest first; the last one is the whole horizon.
    """
    whole = parts_of_risk(model, X)
    apart = [outcome for outcome in ("left", "lost") if f"risk_{outcome}" in whole]
    tables = []
    for place, (horizon, by) in enumerate(ends.items()):
        last = place == len(ends) - 1
        risk = whole["risk"] if last else check_risks(model.predict_risk(X, horizon=horizon))
        columns = {"customer_id": X.index.get_level_values("customer_id"), "cutoff": X.index.get_level_values("cutoff"), "horizon": horizon}
        columns |= {"by": by, "risk": risk}
        for outcome in apart:
            columns[f"risk_{outcome}"] = whole[f"risk_{outcome}"] if last else model.predict_risk(X, outcome=outcome, horizon=horizon)
        tables.append(pd.DataFrame({**columns, "stays": 1 - risk}).assign(_row=np.arange(len(X)), _place=place))
    return pd.concat(tables).sort_values(["_row", "_place"]).drop(columns=["_row", "_place"]).reset_index(drop=True)


def percentile(risk: Floats) -> Floats:
    """Return the percentage of customers whose risk is not higher, each customer included: 100 for the highest risk; ties share the highest
    percentile.

    >>> percentile(np.array([0.1, 0.2, 0.2, 0.9])).tolist()
    [25.0, 75.0, 75.0, 100.0]
    """
    return Ranks(risk).percentile(risk)


class Ranks:
    """All risks, sorted, to rank parts of them among all.

    Parameters
    ----------
    risks : ndarray of shape (n,)
    """

    def __init__(self, risks: Floats) -> None:
        self.all = np.sort(risks)

    def percentile(self, risk: Floats) -> Floats:
        """Return the percentiles of some of these risks: see :func:`percentile`."""
        order, places = np.argsort(risk), np.empty(len(risk), np.int64)
        places[order] = np.searchsorted(self.all, risk[order], "right")  # neighbours are sought one after the other: they are in the cache
        return np.asarray(places * 100 / max(len(self.all), 1))


@dataclass(frozen=True)
class Coded:
    """A column of texts, most of which repeat.

    Attributes
    ----------
    codes : ndarray of shape (n,), int32
        The place of each row's text; -1 for none.
    texts : list of str or None
    """

    codes: npt.NDArray[np.int32]
    texts: list[str | None]

    def spread(self) -> npt.NDArray[np.object_]:
        """Return the text of each row, None for none, shape (n,).

        >>> Coded(np.array([1, -1], np.int32), ["a", "b"]).spread().tolist()
        ['b', None]
        """
        return np.array([*self.texts, None], dtype=object)[self.codes]


ScoreColumn = pd.Index | Floats | npt.NDArray[np.bool_] | npt.NDArray[np.object_] | Coded | str | bool | None
"""A column of scores: values, or one value for all rows."""


def band(risk: Floats, base_rate: float) -> npt.NDArray[np.object_]:
    """Return "high" where the odds of leaving are at least twice those of the base rate, "low" where at most half, else "medium".

    Unlike quantiles, such bands can be empty: a good month has fewer customers in "high".

    >>> band(np.array([0.02, 0.1, 0.3]), 0.1).tolist()
    ['low', 'medium', 'high']
    """
    return _bands(risk, base_rate).spread()


def _bands(risk: Floats, base_rate: float) -> Coded:
    base = min(max(base_rate, 1e-9), 1 - 1e-9)
    below = np.clip(risk, 0, 1 - 1e-12)
    odds = below / (1 - below) * (1 - base) / base
    return Coded(np.where(odds >= 2, 0, np.where(odds <= 0.5, 1, 2)).astype(np.int32), ["high", "low", "medium"])


def frame_of(columns: Mapping[str, ScoreColumn]) -> pd.DataFrame:
    """Return the columns of :func:`score_columns` as a frame."""
    frame = {name: values.spread() if isinstance(values, Coded) else values for name, values in columns.items()}
    return pd.DataFrame(frame | {name: pd.Series(frame[name], dtype=object) for name in _REASON_KEYS})


def score_columns(
    X: pd.DataFrame,
    parts: Mapping[str, Floats],
    value: Floats,
    *,
    explanation: Any,
    base_rate: float,
    model_id: str,
    words: bool = True,
    in_sample: bool = False,
    language: Language | None = None,
    money: Mapping[str, str] | None = None,
) -> dict[str, ScoreColumn]:
    """Return all columns of the scores but the percentile, in the order of X.

    Parameters
    ----------
    X : DataFrame (n, n_features)
        Index (customer_id, cutoff).
    parts : dict of str to ndarray of shape (n,)
        ``risk``, and the columns that follow it.
    value : ndarray of shape (n,)
    explanation : Explanation
        The explanation of the same rows; with values per feature if ``words``.
    base_rate : float
        Share of leavers that bands refer to.
    model_id : str
    words : bool
        Whether to add the reasons in sentences: the slowest column by far.
    in_sample : bool
        Whether the model was trained on outcomes after the cutoff: adds the column :data:`IN_SAMPLE`.
    language : Language, optional
        Of reasons and remedies; English by default.
    money : mapping of table to unit, optional
        Tables whose values are money, for the reasons.

    Returns
    -------
    dict of str to Index, ndarray, Coded, str, bool or None
        Columns :data:`COLUMNS` but ``percentile``, with all parts in place of the risk. A text, True and None stand
        for every row.
    """
    spoken = language or language_of("en")
    risk, keys = parts["risk"], list(explanation.table)
    remedies = [spoken.remedy(key) if key in DRIVERS else None for key in keys]
    chosen, points = explanation.strongest(REASONS)
    columns: dict[str, Any] = {
        "customer_id": X.index.get_level_values("customer_id"),
        "cutoff": X.index.get_level_values("cutoff"),
        **parts,
        "band": _bands(risk, base_rate),
        "value": value,
        "money_at_risk": risk * value,
        "about_equal": explanation.about_equal.to_numpy(),
        "words": np.asarray(explanation.words(language=spoken, money=money), dtype=object) if words else None,
        "model_id": model_id,
    }
    for i in range(REASONS):
        codes = chosen[:, i].astype(np.int32)
        columns[f"reason_{i + 1}"], columns[f"remedy_{i + 1}"] = Coded(codes, keys), Coded(codes, remedies)
        columns[f"reason_{i + 1}_points"] = points[:, i]
    found = {name: columns[name] for name in ("customer_id", "cutoff", *parts, *COLUMNS[COLUMNS.index("band") :])}
    return found | ({IN_SAMPLE: True} if in_sample else {})


def first_reasons(model: Any, X: pd.DataFrame) -> pd.Series | None:
    """Return the strongest driver of each row; None where the model cannot be explained."""
    from churnpredict.explanation.attribution import explain

    try:
        return explain(model, X, detail="drivers").top(1)["reason_1"]
    except UsageError:
        return None


def score_table(rows: pd.DataFrame) -> Scores:
    """Return the table of scores from all its rows: with percentiles, highest risk first; equal risks in the order of the rows.

    Parameters
    ----------
    rows : DataFrame
        Rows from :func:`frame_of`.

    Returns
    -------
    Scores
        A DataFrame of the columns :data:`COLUMNS`, with all parts in the place of the risk.
    """
    frame = rows.copy()
    frame.insert(list(rows).index("band"), "percentile", percentile(rows["risk"].to_numpy()))
    return Scores(frame.sort_values("risk", ascending=False, kind="stable").reset_index(drop=True))


def usual_in(X: pd.DataFrame, model: Any) -> dict[str, float | str]:
    """Return the usual values at the newest training cutoff, safe to keep: medians rounded to three digits, only categories that the model
    keeps.

    An exact median may be one customer's value.
    """
    encoder = getattr(model, "matrix_encoder_", None)
    kept = {} if encoder is None else {encoder.names[j]: levels for j, levels in encoder.levels.items()}
    cutoffs = X.index.get_level_values("cutoff")
    newest = X[cutoffs == cutoffs.max()]
    found = usual_values(newest if len(newest) >= FEW_ROWS else X, list(X.columns))
    return {k: v if isinstance(v, str) else float(f"{v:.3g}") for k, v in found.items() if not isinstance(v, str) or v in kept.get(k, ())}


def snapshots_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the snapshots that the rows of features or outcomes stand for."""
    return frame.index.to_frame(index=False)[["customer_id", "cutoff"]]


def probability_table(X: pd.DataFrame, risk: Floats) -> pd.DataFrame:
    """Return columns ``customer_id``, ``stays``, ``leaves``, in the order of X."""
    check_risks(risk)
    return pd.DataFrame({"customer_id": X.index.get_level_values("customer_id"), "stays": 1 - risk, "leaves": risk})
