"""Figures of each section of the page, with small groups suppressed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import ChurnError
from churnpredict.intervals import wilson
from churnpredict.languages.catalogue import Language
from churnpredict.report.charts import reliability_chart, share_bar
from churnpredict.report.display_formats import label_of, shown

__all__ = [
    "SMALL",
    "book",
    "calibration",
    "cohort_table",
    "histogram",
    "judged",
    "money_of",
    "not_available",
    "owners",
    "segments",
    "shares_over_time",
    "tenths",
    "without_score",
]

_NOTES = {"no customers": "note.empty", "no whole year observed yet": "note.year"}
_FEWER = re.compile(r"fewer than (\d+) customers")
_IMMATURE = re.compile(r"immature until (\d{4}-\d\d-\d\d).*")
SMALL = 5  # smaller groups would identify single people
_BINS = 20
_METRICS = ("auc", "lift_10", "log_loss", "calibration_gap")
_PARTS: tuple[str, ...] = (
    "rates",
    "definition",
    "tenure",
    "cohorts",
    "backtest",
    "calibration",
    "drift",
    "earlier",
    "alerts",
    "plan",
    "changes",
)
_PARTS += ("pairs", "activity", "unscored", "season", "renewals", "revenue")


def money_of(scores: pd.DataFrame) -> pd.Series:
    """Return the money at risk of each customer, NaN where nothing says what the customer is worth."""
    if "money_at_risk" in scores:
        return scores["money_at_risk"].astype(np.float64)
    if "value" in scores:
        return (scores["risk"] * scores["value"]).astype(np.float64)
    return pd.Series(np.nan, index=scores.index)


def book(scores: pd.DataFrame, money: pd.Series, spoken: Language, days: float | None) -> dict[str, Any]:
    """Return the figures at the top of the page; money a year where the days of the horizon are known."""
    total = float(money.sum(min_count=1)) if len(scores) else float("nan")
    return {
        "cutoff": spoken.day(scores["cutoff"].max()) if "cutoff" in scores and len(scores) else None,
        "model": shown(scores["model_id"].iloc[0], "id") if "model_id" in scores and len(scores) else None,
        "customers": len(scores),
        "leavers": float(scores["risk"].sum()),
        "mean": float(scores["risk"].mean()) if len(scores) else float("nan"),
        "money": total,
        "year": total * 365 / days if days else None,
        "without_value": int(money.isna().sum()),
        "looks_back": "in_sample" in scores and bool(scores["in_sample"].astype(bool).any()),
        "high": int((scores["band"] == "high").sum()) if "band" in scores else None,
    }


def histogram(risk: pd.Series) -> list[dict[str, Any]]:
    """Return customers per twentieth of risk; heights as shares of the highest."""
    counts = np.histogram(risk.to_numpy(dtype=np.float64), bins=_BINS, range=(0, 1))[0]
    most = max(int(counts.max()), 1)
    return [{"low": i / _BINS, "high": (i + 1) / _BINS, "n": int(n), "height": round(100 * n / most, 2)} for i, n in enumerate(counts)]


def segments(scores: pd.DataFrame, money: pd.Series, spoken: Language) -> list[dict[str, Any]]:
    """Return customers by main reason with their true shares, most money (else most expected leavers) first; small groups together."""
    if "reason_1" not in scores or not len(scores):
        return []
    reason = scores["reason_1"].astype(object).where(scores["reason_1"].notna(), "")
    if (reason == "").all():
        return []
    size = reason.map(reason.value_counts())
    groups = pd.DataFrame({"key": reason.where(size >= SMALL), "risk": scores["risk"], "money": money}).groupby("key", dropna=False)
    rows = []
    for row in _by_money(groups):
        small = not isinstance(row["key"], str)
        if small and row["n"] < SMALL:  # still so few that they identify single people
            continue
        label, remedy = (spoken.say("why.small"), "") if small else (label_of(row["key"], spoken), spoken.remedy(row["key"]))
        share = row["n"] / len(scores)
        rows.append(row | {"label": label, "remedy": remedy, "share": share, "bar": share_bar(share, 1.0), "small": small})
    return sorted(rows, key=lambda r: r["small"])


def owners(scores: pd.DataFrame, money: pd.Series) -> list[dict[str, Any]]:
    """Return customers and money at risk by owner, most money first, with their true shares; owners of few customers are left out."""
    if "owner" not in scores or not len(scores):
        return []
    groups = pd.DataFrame({"owner": scores["owner"], "risk": scores["risk"], "money": money}).groupby("owner", sort=False)
    rows = []
    for row in _by_money(groups):
        if row["n"] >= SMALL:
            share = row["n"] / len(scores)
            rows.append(row | {"label": shown(row["owner"], "id"), "share": share, "bar": share_bar(share, 1.0)})
    return rows


def _by_money(groups: Any) -> list[dict[Any, Any]]:
    found = groups.agg(n=("risk", "size"), mean=("risk", "mean"), left=("risk", "sum"), money=("money", lambda m: m.sum(min_count=1)))
    found = found.reset_index()
    by = "money" if found["money"].notna().any() else "left"
    rows: list[dict[Any, Any]] = found.sort_values(by, ascending=False, kind="stable").to_dict("records")
    return rows


def not_available(parts: Mapping[str, Any], spoken: Language) -> dict[str, dict[str, str] | None]:
    """Report for each part that failed that it is missing, and what its error says; None for the others."""
    failed = {name: parts[name] if isinstance(parts.get(name), ChurnError) else None for name in _PARTS}
    return {
        name: None
        if error is None
        else {"told": spoken.say("part.missing", label=spoken.say(f"part.{name}"), code=error.code), "what": shown(error.what.rstrip("."))}
        for name, error in failed.items()
    }


def judged(backtest: pd.DataFrame | None, spoken: Language, scores: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """Return, per metric, the models with their intervals at the latest cutoff, on one scale; with the baselines beside them.

    With the scores of the page, a backtest of a cutoff that is not before theirs is marked as ``later``.
    """
    if backtest is None or not len(backtest):
        return []
    frame = pd.DataFrame(backtest)
    frame = frame[frame["cutoff"] == frame["cutoff"].max()]
    out = []
    for key in _METRICS:
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
            name = str(row["model"])
            named = spoken.say(f"model.{name}") if f"model.{name}" in spoken.page else shown(name)
            models.append(row | {"name": named, "x": place(row["value"]), "from": place(ends[0]), "to": place(ends[1])})
        first = models[0]
        out.append(
            {
                "label": spoken.say(f"metric.{key}"),
                "better": spoken.say(f"metric.{key}.note", n=spoken.score(0.5)) if key == "auc" else spoken.say(f"metric.{key}.note"),
                "write": {"lift_10": spoken.ratio, "calibration_gap": partial(spoken.points, sign=True)}.get(key, spoken.score),
                "models": models,
                "cutoff": spoken.day(pd.Timestamp(first["cutoff"])),
                "n": int(first["n"]),
                "leavers": int(first["leavers"]),
                "later": _is_later(first["cutoff"], scores),
            }
        )
    return out


def _is_later(tested: Any, scores: pd.DataFrame | None) -> bool:
    if scores is None or "cutoff" not in scores or not len(scores):
        return False
    tested, date = (pd.Timestamp(t).tz_localize(None) for t in (tested, scores["cutoff"].max()))
    return bool(tested >= date)


def tenths(backtest: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return tenths of customers by risk, at the latest cutoff of a backtest that kept its predictions: ``said``, ``lost``, ``n``."""
    kept = getattr(backtest, "predictions", None)
    if kept is None or "model" not in kept or not len(kept):
        return None
    kept = kept[kept.index.get_level_values("cutoff") == kept.index.get_level_values("cutoff").max()]
    tenth = (kept["model"].rank(method="first") * 10 / (len(kept) + 1)).astype(int)
    found = kept.groupby(tenth.to_numpy()).agg(said=("model", "mean"), lost=("outcome", "sum"), n=("outcome", "size"))
    return found[found["n"] >= SMALL].reset_index(drop=True)


def calibration(found: pd.DataFrame | None, spoken: Language) -> dict[str, Any] | None:
    """Return what was predicted and what was observed, from :func:`tenths`."""
    if found is None or found.empty:
        return None
    low, high = wilson(found["lost"], found["n"])
    rows: list[Any] = found.assign(happened=found["lost"] / found["n"], low=low, high=high).to_dict("records")
    label = spoken.say("chart.below", what=spoken.say("expert.calibration.note"))
    return {"rows": rows, "chart": reliability_chart(rows, label, spoken.percent)}


def shares_over_time(frame: pd.DataFrame | None, first: str, spoken: Language) -> dict[str, Any] | None:
    """Return shares that left, period by period or year by year, with bars and intervals; what is missing says why."""
    if frame is None or not len(frame):
        return None
    rows: list[dict[str, Any]] = []
    for row in pd.DataFrame(frame).to_dict("records"):
        customers, lost = (float(row[name]) if pd.notna(row[name]) else math.nan for name in ("customers", "lost"))
        second = float(row["involuntary"]) / customers if pd.notna(row.get("involuntary")) and customers else 0.0
        value, low, high = (float(row[name]) if pd.notna(row[name]) else math.nan for name in ("rate", "low", "high"))
        label = spoken.day(row[first]) if isinstance(row[first], pd.Timestamp) else shown(row[first], "id")
        said = {"label": label, "customers": customers, "lost": lost, "value": value, "low": low, "high": high}
        rows.append(said | {"second": second, "note": _note(row.get("note"), spoken)})
    known = [r for r in rows if math.isfinite(r["value"])]
    if not known:
        return None
    top = max(r["high"] if math.isfinite(r["high"]) else r["value"] for r in known) or 1.0
    for r in rows:
        ends = {"second": r["second"], "low": r["low"], "high": r["high"]}
        r["bar"] = share_bar(r["value"], top, **ends) if math.isfinite(r["value"]) else ""
    return {"rows": rows, "last": known[-1], "second": any(r["second"] for r in known), "notes": any(r["note"] for r in rows)}


def _note(note: Any, spoken: Language) -> str:
    """Return why a figure is missing, in the language of the page."""
    text = shown(note)
    if text in _NOTES:
        return spoken.say(_NOTES[text])
    if (until := _IMMATURE.fullmatch(text)) is not None:
        return spoken.say("note.immature", date=spoken.day(pd.Timestamp(until[1])))
    few = _FEWER.fullmatch(text)
    return text if few is None else spoken.say("note.few", n=int(few[1]))


def cohort_table(frame: pd.DataFrame | None, spoken: Language, most: int = 12) -> dict[str, Any] | None:
    """Return retention by the period of joining: cells with a shade, 0 to 9, the darker the more are still there."""
    if frame is None or not len(frame):
        return None
    plain = pd.DataFrame(frame).tail(most)
    columns = [c for c in plain.columns if c != "customers"][:most]
    rows = []
    for joined, row in plain.iterrows():
        shares = [float(row[c]) if pd.notna(row[c]) else math.nan for c in columns]
        cells = [
            {"text": spoken.percent(s) if math.isfinite(s) else "", "shade": min(int(10 * s), 9) if math.isfinite(s) else -1}
            for s in shares
        ]
        n = row["customers"]
        rows.append({"label": shown(joined, "id"), "customers": spoken.people(n) if pd.notna(n) else "–", "cells": cells})
    return {"columns": columns, "rows": rows}


def without_score(unscored: pd.DataFrame | None, spoken: Language) -> list[dict[str, Any]]:
    """Return how many customers have no score, by why."""
    if unscored is None:
        return []
    counts = unscored["reason"].value_counts()
    return [{"reason": spoken.absences.get(str(reason), spoken.isolated(shown(reason))), "n": int(n)} for reason, n in counts.items()]
