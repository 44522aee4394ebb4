"""A model card: what a model predicts, on which data it was trained, how it was tested, and where it must not be trusted."""

from __future__ import annotations

import math
import tempfile
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnpredict.argument_checks import check_instance, check_text
from churnpredict.evaluation.metric_titles import head_of, write_figure
from churnpredict.evaluation.verdict import reach_verdict
from churnpredict.figures import percent, points, score
from churnpredict.files import write_text
from churnpredict.languages.catalogue import language_of
from churnpredict.markup import document, table
from churnpredict.model_file.store import describe
from churnpredict.pipeline.loading import load
from churnpredict.report.customer_page import STYLE
from churnpredict.report.leaving import meaning
from churnpredict.text_tables import Figure

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["write_model_card"]

_FEW = 200  # leavers in training, below which the card says that they are few
_FIGURES = ("auc", "log_loss", "lift_10", "calibration_gap")


def write_model_card(
    model: ChurnPipeline | str | Path,
    path: str | Path,
    *,
    backtest: pd.DataFrame | None = None,
    errors: pd.DataFrame | None = None,
    purpose: str = "",
    not_for: str = "",
    contact: str = "",
) -> Path:
    """Write a model card, after Mitchell et al. (2019), as one HTML page without scripts or requests. It holds no customer's data.

    Parameters
    ----------
    model : ChurnPipeline, or path of a model file
        With a file, its SHA-256 and whether it is signed are written, too.
    path : path
        Of the page.
    backtest : Backtest or DataFrame, optional
        How the model was tested. Without it the card says that nothing is known of that.
    errors : DataFrame, optional
        Error rates by group, from :func:`churnpredict.diagnostics.error_rates`.
    purpose, not_for, contact : str
        Intended use, uses to avoid, and the person to ask: shown as they are.

    Returns
    -------
    Path

    Raises
    ------
    ModelError
        The file is not a model.
    OutputError
        ``not-written``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> rows = [cp.Feature("orders", "count", "90d"), cp.Feature("orders", "days_since_last")]
    >>> pipeline = cp.ChurnPipeline(shop.churn, features=rows, every="60d", n_jobs=1).fit(shop.tables, until="2024-01-01")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "What it predicts" in write_model_card(pipeline, f"{folder}/card.html").read_text()
    True
    """
    for name, text in (("purpose", purpose), ("not_for", not_for), ("contact", contact)):
        check_text(text, name)
    for name, frame in (("backtest", backtest), ("errors", errors)):
        if frame is not None:
            check_instance(frame, name, pd.DataFrame, "Give what pipeline.backtest() or error_rates() returned.")
    pipeline = load(model) if isinstance(model, (str, Path)) else model
    pipeline._fitted()
    found = _described(pipeline, model)
    unsaid = "Nothing was stated."
    parts = [
        f"<h1>Model card: {escape(found['model_id'])}</h1>",
        *_part("What it predicts", *meaning(pipeline.churn, "the cutoff", language_of("en")), _horizons(pipeline)),
        *_part("What it is for", purpose or unsaid, f"Not for: {not_for}" if not_for else "", f"Contact: {contact}" if contact else ""),
        *_part("What it was trained on"),
        table(_training(pipeline, found)),
        *_part(
            "How it computes", "Risks are a blend of the members below, calibrated on later cutoffs; every risk can be explained exactly."
        ),
        table(_members(found["members"])),
        *_part("How it was tested", *_tested(backtest)),
        "" if backtest is None else _figures(backtest),
        *_part("Errors by group", *([] if errors is not None else ["Nobody has looked at groups of customers: use error_rates."])),
        "" if errors is None else _groups(errors),
        *_part("Limits", *_limits(pipeline, backtest)),
        *_part("Versions"),
        table(_versions(found)),
    ]
    return write_text(path, document(f"Model card: {found['model_id']}", "\n".join(part for part in parts if part), STYLE))


def _part(heading: str, *sentences: str) -> list[str]:
    return [f"<h2>{escape(heading)}</h2>", *(f"<p>{escape(text)}</p>" for text in sentences if text)]


def _described(pipeline: ChurnPipeline, model: Any) -> dict[str, Any]:
    """Return what a model file contains; of a pipeline in memory, without what only a file has."""
    if isinstance(model, (str, Path)):
        return describe(model)
    with tempfile.TemporaryDirectory() as folder:
        found = describe(pipeline.save(Path(folder) / "a.model"))
    return {name: value for name, value in found.items() if name not in ("file", "sha256", "bytes", "signature")}


def _horizons(pipeline: ChurnPipeline) -> str:
    return f"It also gives the risks within {', '.join(map(str, pipeline.horizons))}." if pipeline.horizons else ""


def _training(pipeline: ChurnPipeline, found: dict[str, Any]) -> list[tuple[object, ...]]:
    first, last = (pd.Timestamp(cutoff).date() for cutoff in (pipeline.cutoffs_[0], pipeline.cutoffs_[-1]))
    rows: list[tuple[object, ...]] = [
        ("Snapshots (a customer at a cutoff)", Figure(f"{pipeline.n_snapshots_:,}")),
        ("Of these, left", Figure(f"{pipeline.n_leavers_:,} ({percent(pipeline.base_rate_)})")),
        ("Cutoffs", Figure(f"{len(pipeline.cutoffs_):,}, {first} to {last}")),
        ("Tables", Figure(", ".join(found["tables"]))),
        ("Features", Figure(f"{found['features']:,}, in {found['columns']:,} columns")),
        ("History before a cutoff", Figure(str(found["history"] or "all"))),
        ("Past contacts", Figure(f"{pipeline.treatments}: {pipeline.treated}" if pipeline.treatments else "none declared")),
    ]
    return rows


def _members(members: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return kind, number and weight together of the members that are alike."""
    weights: dict[str, list[float]] = {}
    for member in members:
        trees = f", {member['trees']} trees" if "trees" in member else ""
        weights.setdefault(f"{member['kind']}{trees}", []).append(float(member["weight"]))
    return [(f"{name}{'' if len(w) == 1 else f' ({len(w)} times)'}", Figure(f"weight {score(sum(w))}")) for name, w in weights.items()]


def _tested(backtest: pd.DataFrame | None) -> list[str]:
    if backtest is None:
        return ["Nothing is known of how good it is: no backtest was given."]
    told = ["At each cutoff the model and the baselines were trained on what was known before it, and tested on what came after."]
    for cutoff, part in pd.DataFrame(backtest).groupby("cutoff", sort=True):
        n, left = int(part["n"].iloc[0]), int(part["leavers"].iloc[0])
        told.append(f"{pd.Timestamp(str(cutoff)).date()}: {n:,} customers at risk, {left:,} left. {reach_verdict(part).words}")
    return told


def _figures(backtest: pd.DataFrame) -> str:
    """Return the model beside the baselines at each cutoff."""
    rows: list[tuple[object, ...]] = []
    for (cutoff, model), part in pd.DataFrame(backtest).groupby(["cutoff", "model"], sort=False):
        by = {str(row["metric"]): row for row in part.to_dict("records")}
        cells = []
        for metric in _FIGURES:
            write = partial(write_figure, metric)
            told = by.get(metric, {})
            value, low, high = (float(told.get(side, math.nan)) for side in ("value", "low", "high"))
            cells.append(Figure("-" if math.isnan(value) else f"{write(value)}\n{write(low)} to {write(high)}"))
        rows.append((f"{pd.Timestamp(str(cutoff)).date()} {model}", *cells))
    return table(rows, ["", *map(head_of, _FIGURES)])


def _groups(errors: pd.DataFrame) -> str:
    def between(row: Any, name: str, write: Any) -> Figure:
        value, low, high = (float(row[key]) for key in (name, f"{name}_low", f"{name}_high"))
        return Figure("too few" if pd.isna(value) else f"{write(value)}\n{write(low)} to {write(high)}")

    rows: list[tuple[object, ...]] = []
    for row in errors.to_dict("records"):
        rates = (between(row, name, percent) for name in ("false_positive_rate", "false_negative_rate"))
        rows.append((str(row["group"]), int(row["customers"]), *rates, between(row, "calibration_gap", points)))
    return table(rows, ["Group", "Customers", "Called for nothing", "Leavers missed", "Mean risk minus observed, points"])


def _limits(pipeline: ChurnPipeline, backtest: pd.DataFrame | None) -> list[str]:
    told = [
        "It knows customers as they were until the last cutoff above; when the business changes, it must be trained again.",
        "Only customers at risk have a score; customers who are gone or have no data do not.",
        "Reasons describe the model: they do not prove what causes customers to leave.",
    ]
    if pipeline.n_leavers_ < _FEW:
        told.append(f"It learnt from {pipeline.n_leavers_:,} snapshots of leavers, which is few.")
    if backtest is not None:
        weak = [cutoff for cutoff, part in pd.DataFrame(backtest).groupby("cutoff") if reach_verdict(part).signal == "weak"]
        if weak:
            told.append(
                f"Weak signal at {len(weak)} of {pd.DataFrame(backtest)['cutoff'].nunique()} tested cutoffs: do not act on single risks."
            )
    return told


def _versions(found: dict[str, Any]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [(library, Figure(version)) for library, version in found["written_by"].items()]
    rows += [("format of the file", Figure(str(found["format"])))]
    return rows + [(name, Figure(str(found[key]))) for key, name in (("sha256", "SHA-256"), ("signature", "signature")) if key in found]
