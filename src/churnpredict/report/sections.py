"""Figures of each section of the page, with small groups suppressed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.accounting.accounts import wilson
from churnpredict.errors import ChurnError
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.report.charts import columns_chart, reliability_chart
from churnpredict.report.display_formats import label_of, percent, shown

__all__ = [
    "SMALL",
    "book",
    "calibration",
    "cohort_table",
    "drifted",
    "histogram",
    "judged",
    "money_of",
    "not_available",
    "owners",
    "segments",
    "shares_over_time",
    "without_score",
]

SMALL = 5  # smaller groups would speak of single people
_BINS = 20
_METRICS = {
    "auc": ("AUC", "higher is better, 0.5 is chance"),
    "lift_10": ("Lift of the top tenth", "higher is better, 1 is chance"),
    "log_loss": ("Log loss", "lower is better"),
    "calibration_gap": ("Risk said minus share that left", "0 is best"),
}


def money_of(scores: pd.DataFrame) -> pd.Series:
    if "money_at_risk" in scores:
        return scores["money_at_risk"].astype(np.float64)
    if "value" in scores:
        return (scores["risk"] * scores["value"]).astype(np.float64)
    return pd.Series(np.nan, index=scores.index)


def book(scores: pd.DataFrame, money: pd.Series) -> dict[str, Any]:
    return {
        "cutoff": f"{scores['cutoff'].max():%Y-%m-%d}" if "cutoff" in scores and len(scores) else None,
        "model": shown(scores["model_id"].iloc[0], "id") if "model_id" in scores and len(scores) else None,
        "customers": len(scores),
        "leavers": float(scores["risk"].sum()),
        "mean": float(scores["risk"].mean()) if len(scores) else float("nan"),
        "money": float(money.sum(min_count=1)) if len(scores) else float("nan"),
        "without_value": int(money.isna().sum()),
        "looks_back": "in_sample" in scores and bool(scores["in_sample"].astype(bool).any()),
        "high": int((scores["band"] == "high").sum()) if "band" in scores else None,
    }


def histogram(risk: pd.Series) -> list[dict[str, Any]]:
    """Return customers per twentieth of risk; heights as shares of the highest."""
    counts = np.histogram(risk.to_numpy(dtype=np.float64), bins=_BINS, range=(0, 1))[0]
    most = max(int(counts.max()), 1)
    return [{"low": i / _BINS, "high": (i + 1) / _BINS, "n": int(n), "height": round(100 * n / most, 2)} for i, n in enumerate(counts)]


def segments(scores: pd.DataFrame, money: pd.Series) -> list[dict[str, Any]]:
    """Return customers by main reason, most money (else most expected leavers) first; small groups together at the end."""
    if "reason_1" not in scores or not len(scores):
        return []
    reason = scores["reason_1"].astype(object).where(scores["reason_1"].notna(), "")
    size = reason.map(reason.value_counts())
    groups = pd.DataFrame({"key": reason.where(size >= SMALL), "risk": scores["risk"], "money": money}).groupby("key", dropna=False)
    found = groups.agg(n=("risk", "size"), mean=("risk", "mean"), left=("risk", "sum"), money=("money", lambda m: m.sum(min_count=1)))
    found = found.reset_index()
    by = "money" if found["money"].notna().any() else "left"
    most = max(float(found[by].max()), 1e-12)
    rows = []
    for row in found.sort_values(by, ascending=False).to_dict("records"):
        small = not isinstance(row["key"], str)
        if small and row["n"] < SMALL:  # still so few that they speak of single people
            continue
        width = 0.0 if math.isnan(row[by]) else max(row[by], 0.0) / most
        label, remedy = (
            ("Other reasons, small groups", "")
            if small
            else (label_of(row["key"]), DRIVERS[row["key"]].remedy if row["key"] in DRIVERS else "")
        )
        rows.append(row | {"label": label, "remedy": remedy, "width": round(100 * width, 2), "small": small})
    return sorted(rows, key=lambda r: r["small"])


_LABELS = {
    "rates": "Who left, by period",
    "tenure": "Who left, by year as a customer",
    "cohorts": "Who left, by when they joined",
    "backtest": "Back-test",
    "calibration": "Was the risk said the risk that came",
    "drift": "Has the world changed since training",
    "earlier": "Earlier scorings, held against what happened",
    "alerts": "Alerts",
    "plan": "The plan",
    "changes": "Changes since the last scoring",
    "activity": "Activity of the customers",
    "unscored": "Customers without a score",
}


def not_available(parts: Mapping[str, Any]) -> dict[str, dict[str, str] | None]:
    """Return the code and the message of the error of each part that failed, by part; None for the others."""
    failed = {name: parts[name] if isinstance(parts.get(name), ChurnError) else None for name in _LABELS}
    return {
        name: None if error is None else {"label": _LABELS[name], "code": error.code, "what": shown(error.what.rstrip("."))}
        for name, error in failed.items()
    }


def judged(backtest: pd.DataFrame | None, scores: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """Return per metric the models with their intervals, at the latest cutoff, on a scale of their own; baselines beside, always.

    With the scores of the page, a back-test of a cutoff that is not before theirs is marked as ``later``.
    """
    if backtest is None or not len(backtest):
        return []
    frame = pd.DataFrame(backtest)
    frame = frame[frame["cutoff"] == frame["cutoff"].max()]
    out = []
    for key, (label, better) in _METRICS.items():
        rows = frame[(frame["metric"] == key) & frame["value"].notna()]
        if not len(rows):
            continue
        low, high = float(rows[["low", "value"]].min().min()), float(rows[["high", "value"]].max().max())
        wide = max(high - low, 1e-12)

        def place(number: float, low: float = low, wide: float = wide) -> float:
            return round(2 + 96 * (number - low) / wide, 2)

        models = []
        for row in rows.to_dict("records"):
            ends = [row["value"] if math.isnan(row[end]) else row[end] for end in ("low", "high")]
            models.append(row | {"x": place(row["value"]), "from": place(ends[0]), "to": place(ends[1])})
        first = models[0]
        out.append(
            {
                "label": label,
                "better": better,
                "models": models,
                "cutoff": f"{pd.Timestamp(first['cutoff']):%Y-%m-%d}",
                "n": first["n"],
                "leavers": first["leavers"],
                "weak": first.get("signal") == "weak",
                "later": _is_later(first["cutoff"], scores),
            }
        )
    return out


def _is_later(tested: Any, scores: pd.DataFrame | None) -> bool:
    if scores is None or "cutoff" not in scores or not len(scores):
        return False
    tested, date = (pd.Timestamp(t).tz_localize(None) for t in (tested, scores["cutoff"].max()))
    return bool(tested >= date)


def owners(scores: pd.DataFrame, money: pd.Series) -> list[dict[str, Any]]:
    """Return customers and money at risk by owner, most money (else most expected leavers) first; owners of few customers are left out."""
    if "owner" not in scores or not len(scores):
        return []
    found = pd.DataFrame({"owner": scores["owner"], "risk": scores["risk"], "money": money}).groupby("owner", sort=False)
    table = found.agg(n=("risk", "size"), mean=("risk", "mean"), left=("risk", "sum"), money=("money", lambda m: m.sum(min_count=1)))
    table = table[table["n"] >= SMALL]
    by = "money" if table["money"].notna().any() else "left"
    most = max(float(table[by].max()), 1e-12) if len(table) else 1.0
    rows: list[Any] = table.sort_values(by, ascending=False, kind="stable").reset_index().to_dict("records")
    return [r | {"label": shown(r["owner"], "id"), "width": round(100 * max(np.nan_to_num(r[by]), 0.0) / most, 2)} for r in rows]


def tenths(backtest: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return tenths of customers by risk, at the latest cutoff of a back-test that kept its predictions: ``said``, ``lost``,
    ``n``; no ids.
    """
    kept = getattr(backtest, "predictions", None)
    if kept is None or "model" not in kept or not len(kept):
        return None
    kept = kept[kept.index.get_level_values("cutoff") == kept.index.get_level_values("cutoff").max()]
    tenth = (kept["model"].rank(method="first") * 10 / (len(kept) + 1)).astype(int)
    found = kept.groupby(tenth.to_numpy()).agg(said=("model", "mean"), lost=("outcome", "sum"), n=("outcome", "size"))
    return found[found["n"] >= SMALL].reset_index(drop=True)


def calibration(found: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return what was said and what happened, of :func:`tenths`."""
    if found is None or found.empty:
        return None
    low, high = wilson(found["lost"], found["n"])
    rows: list[Any] = found.assign(happened=found["lost"] / found["n"], low=low, high=high).to_dict("records")
    return {
        "rows": rows,
        "chart": reliability_chart(rows, "Share that left against risk said, in tenths of customers; the figures are below"),
    }


def shares_over_time(frame: pd.DataFrame | None, first: str, what: str) -> dict[str, Any] | None:
    """Return shares that left with their intervals, period by period or year by year, as a chart and as rows; what is missing says why."""
    if frame is None or not len(frame):
        return None
    rows: list[dict[str, Any]] = []
    for row in pd.DataFrame(frame).to_dict("records"):
        customers, lost = (float(row[name]) if pd.notna(row[name]) else math.nan for name in ("customers", "lost"))
        second = float(row["involuntary"]) / customers if pd.notna(row.get("involuntary")) and customers else 0.0
        value, low, high = (float(row[name]) if pd.notna(row[name]) else math.nan for name in ("rate", "low", "high"))
        said = {"label": shown(row[first], "id"), "customers": customers, "lost": lost, "value": value, "low": low, "high": high}
        rows.append(said | {"second": second, "note": shown(row.get("note"))})
    known = [r for r in rows if math.isfinite(r["value"])]
    if not known:
        return None
    return {"rows": rows, "chart": columns_chart(known, f"{what}; the figures are below"), "second": any(r["second"] for r in known)}


def cohort_table(frame: pd.DataFrame | None, most: int = 12) -> dict[str, Any] | None:
    """Retention by the period of joining: cells with a shade, 0 to 9, the darker the more are still there."""
    if frame is None or not len(frame):
        return None
    plain = pd.DataFrame(frame).tail(most)
    columns = [c for c in plain.columns if c != "customers"][:most]
    rows = []
    for joined, row in plain.iterrows():
        shares = [float(row[c]) if pd.notna(row[c]) else math.nan for c in columns]
        cells = [{"text": percent(s) if math.isfinite(s) else "", "shade": min(int(10 * s), 9) if math.isfinite(s) else -1} for s in shares]
        n = row["customers"]
        rows.append({"label": shown(joined, "id"), "customers": f"{int(n):,}" if pd.notna(n) else "–", "cells": cells})
    return {"columns": columns, "rows": rows}


def drifted(drift: Any) -> dict[str, Any] | None:
    """Return a drift check: an object with ``alarms`` and ``sent``, or the alarms as a frame with ``where``, ``what`` and ``remedy``."""
    if drift is None:
        return None
    alarms = getattr(drift, "alarms", drift)
    if isinstance(alarms, pd.DataFrame):
        rows = alarms.to_dict("records")
    else:
        rows = [{name: getattr(a, name, "") for name in ("where", "what", "remedy")} for a in alarms]
    told = [{name: shown(r.get(name)) for name in ("where", "what", "remedy")} for r in rows]
    return {"alarms": told, "sent": shown(getattr(drift, "sent", "")).capitalize()}


def without_score(unscored: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return how many customers have no score, by why."""
    if unscored is None:
        return []
    return [{"reason": shown(reason), "n": int(n)} for reason, n in unscored["reason"].value_counts().items()]
