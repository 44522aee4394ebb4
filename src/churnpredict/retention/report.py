"""write_report: the book and the plan as one HTML file that needs nothing: no script, no request, no other file."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import SchemaError, UsageError
from churnpredict.explanation.attribution import MOST_REASONS
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.retention.files import write_whole
from churnpredict.retention.plan import Plan

__all__ = ["render_report", "write_report"]

_TEMPLATES = Path(__file__).parent / "templates"
_SMALL = 5  # smaller groups would speak of single people
_BINS = 20
_LONGEST = {"id": 60, "text": 600}  # so that 500 cards stay under two megabytes
_METRICS = {
    "auc": ("AUC", "higher is better, 0.5 is chance"),
    "lift_10": ("Lift of the top tenth", "higher is better, 1 is chance"),
    "log_loss": ("Log loss", "lower is better"),
    "calibration_gap": ("Risk said minus share that left", "0 is best"),
}
# Control characters, lone surrogates and marks that turn text round: shown as what they are, a replacement character.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def write_report(
    path: str | Path,
    scores: pd.DataFrame,
    *,
    plan: Plan | None = None,
    backtest: pd.DataFrame | None = None,
    alerts: pd.DataFrame | None = None,
    title: str = "Customers at risk",
    unit: str = "",
    most_cards: int = 500,
) -> Path:
    """Write the page that people open: how the book stands, why, how far to trust it, whom to contact.

    Groups of fewer than five customers are put together. Texts of the data are shown as text, whatever they hold.

    Parameters
    ----------
    path : path
        Of the HTML file.
    scores : DataFrame
        As :meth:`churnpredict.ChurnPipeline.score` gives them.
    plan : Plan, optional
        A card per customer to contact, with reasons and remedy.
    backtest : DataFrame, optional
        As :meth:`churnpredict.ChurnPipeline.backtest` gives it. Without it the page says that nothing is known of the model.
    alerts : DataFrame, optional
        As :func:`churnpredict.find_alerts` gives them.
    title, unit : str
        The unit stands behind amounts of money, such as "€".
    most_cards : int
        Cards for at most so many customers, the most profitable ones.

    Returns
    -------
    Path

    Raises
    ------
    SchemaError
        ``missing-column``: the scores have no customer_id or risk.
    OutputError
        ``not-written``.

    Examples
    --------
    >>> import tempfile
    >>> scores = pd.DataFrame({"customer_id": ["a", "b"], "risk": [0.9, 0.2], "value": [100.0, 300.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_report(f"{folder}/report.html", scores).read_text()
    >>> page.count("<script")
    0
    """
    page = render_report(scores, plan=plan, backtest=backtest, alerts=alerts, title=title, unit=unit, most_cards=most_cards)
    return write_whole(path, lambda file: file.write(page.encode("utf-8")))


def render_report(
    scores: pd.DataFrame,
    *,
    plan: Plan | None = None,
    backtest: pd.DataFrame | None = None,
    alerts: pd.DataFrame | None = None,
    title: str = "Customers at risk",
    unit: str = "",
    most_cards: int = 500,
) -> str:
    """The page of :func:`write_report` as text."""
    for name in ("customer_id", "risk"):
        if name not in scores:
            raise SchemaError("missing-column", f"the scores have no column {name!r}", remedy="Give what pipeline.score() gave.")
    if most_cards < 0:
        raise UsageError("bad-argument", f"most_cards is {most_cards}", remedy="Give a number of at least 0.")
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode()
    scores = scores.reset_index(drop=True)
    money = _with_money(scores)
    return str(
        _template().render(
            title=title,
            unit=unit,
            style=style,
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            book=_book(scores, money),
            histogram=_histogram(scores["risk"]),
            segments=_segments(scores, money),
            backtest=_judged(backtest),
            plan=_planned(plan, most_cards),
            alerts=_alerted(alerts),
            small=_SMALL,
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    places = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    places.filters |= {"amount": amount, "shown": shown, "percent": percent}
    return places.get_template("report.html.j2")


def amount(number: Any, unit: str = "") -> str:
    """Thousands apart, three digits that count.

    >>> amount(12345.6, "€"), amount(1.234), amount(float("nan")), amount(-0.2)
    ('12,346 €', '1.23', '–', '-0.20')
    """
    if number is None or not math.isfinite(number):
        return "–"
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    return f"{number:,.{digits}f}" + (f" {unit}" if unit else "")


def percent(share: Any) -> str:
    """A share in per cent; what is not nothing is not shown as nothing.

    >>> percent(0.123), percent(0.0002), percent(0.5)
    ('12 %', '< 0.1 %', '50 %')
    """
    if share is None or not math.isfinite(share):
        return "–"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def shown(text: Any, kind: str = "text") -> str:
    """A text of the data as it can be shown: nothing unseen, not endlessly long. The template escapes it.

    >>> shown("a\\u202eb"), shown(None)
    ('a\\ufffdb', '')
    """
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return ""
    clean, most = _UNSEEN.sub("\ufffd", str(text)), _LONGEST[kind]
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _with_money(scores: pd.DataFrame) -> pd.Series:
    if "money_at_risk" in scores:
        return scores["money_at_risk"].astype(np.float64)
    if "value" in scores:
        return (scores["risk"] * scores["value"]).astype(np.float64)
    return pd.Series(np.nan, index=scores.index)


def _book(scores: pd.DataFrame, money: pd.Series) -> dict[str, Any]:
    return {
        "cutoff": f"{scores['cutoff'].max():%Y-%m-%d}" if "cutoff" in scores and len(scores) else None,
        "model": shown(scores["model_id"].iloc[0], "id") if "model_id" in scores and len(scores) else None,
        "customers": len(scores),
        "leavers": float(scores["risk"].sum()),
        "mean": float(scores["risk"].mean()) if len(scores) else float("nan"),
        "money": float(money.sum(min_count=1)) if len(scores) else float("nan"),
        "without_value": int(money.isna().sum()),
        "high": int((scores["band"] == "high").sum()) if "band" in scores else None,
    }


def _histogram(risk: pd.Series) -> list[dict[str, Any]]:
    """Customers per twentieth of risk; heights as shares of the highest."""
    counts = np.histogram(risk.to_numpy(dtype=np.float64), bins=_BINS, range=(0, 1))[0]
    most = max(int(counts.max()), 1)
    return [{"low": i / _BINS, "high": (i + 1) / _BINS, "n": int(n), "height": round(100 * n / most, 2)} for i, n in enumerate(counts)]


def _label(key: str) -> str:
    return DRIVERS[key].label if key in DRIVERS else shown(key, "id").replace("_", " ").capitalize() or "No reason stands out"


def _segments(scores: pd.DataFrame, money: pd.Series) -> list[dict[str, Any]]:
    """Customers by main reason, most money (else most expected leavers) first; small groups together at the end."""
    if "reason_1" not in scores or not len(scores):
        return []
    reason = scores["reason_1"].astype(object).where(scores["reason_1"].notna(), "")
    size = reason.map(reason.value_counts())
    groups = pd.DataFrame({"key": reason.where(size >= _SMALL), "risk": scores["risk"], "money": money}).groupby("key", dropna=False)
    found = groups.agg(n=("risk", "size"), mean=("risk", "mean"), left=("risk", "sum"), money=("money", lambda m: m.sum(min_count=1)))
    found = found.reset_index()
    by = "money" if found["money"].notna().any() else "left"
    most = max(float(found[by].max()), 1e-12)
    rows = []
    for row in found.sort_values(by, ascending=False).to_dict("records"):
        small = not isinstance(row["key"], str)
        if small and row["n"] < _SMALL:  # still so few that they speak of single people
            continue
        width = 0.0 if math.isnan(row[by]) else max(row[by], 0.0) / most
        label, remedy = (
            ("Other reasons, small groups", "")
            if small
            else (_label(row["key"]), DRIVERS[row["key"]].remedy if row["key"] in DRIVERS else "")
        )
        rows.append(row | {"label": label, "remedy": remedy, "width": round(100 * width, 2), "small": small})
    return sorted(rows, key=lambda r: r["small"])


def _judged(backtest: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Per metric the models with their intervals, at the latest cutoff, on a scale of their own; baselines beside, always."""
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
            }
        )
    return out


def _planned(plan: Plan | None, most_cards: int) -> dict[str, Any] | None:
    if plan is None:
        return None
    contacts = plan.contacts
    cards = [_card(row) for row in contacts.head(most_cards).to_dict("records")]
    held = plan.table.loc[plan.table["arm"] == "hold-out", "customer_id"]
    return {
        "profit": plan.profit,
        "spend": plan.spend,
        "budget": plan.budget,
        "kept": plan.kept,
        "contacts": len(contacts),
        "counts": plan.counts,
        "holdout": plan.holdout,
        "held": [shown(c, "id") for c in held.head(most_cards)],
        "n_held": len(held),
        "cards": cards,
    }


def _card(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What a card shows; bars are shares of the strongest reason."""
    reasons = []
    for i in range(1, MOST_REASONS + 1):
        key, points = row.get(f"reason_{i}"), row.get(f"reason_{i}_points", math.nan)
        if isinstance(key, str) and key:
            reasons.append({"label": _label(key), "points": points})
    most = max((r["points"] for r in reasons if math.isfinite(r["points"])), default=0.0)
    for reason in reasons:
        known = most > 0 and math.isfinite(reason["points"])
        reason["width"] = round(100 * max(reason["points"], 0.0) / most, 2) if known else 0.0
    wanted = ("rank", "risk", "value", "expected_profit", "expected_spend", "money_at_risk")
    return {name: row[name] for name in wanted} | {
        "id": shown(row["customer_id"], "id"),
        "owner": shown(row.get("owner"), "id"),
        "remedy": shown(row["remedy"]),
        "words": shown(row.get("words")),
        "reasons": reasons,
    }


def _alerted(alerts: pd.DataFrame | None) -> list[dict[str, Any]]:
    if alerts is None:
        return []
    out = []
    for name, rows in alerts.groupby("alert", sort=False):
        listed = [{"id": shown(r["customer_id"], "id"), "since": f"{r['since']:%Y-%m-%d}"} for r in rows.head(200).to_dict("records")]
        out.append({"name": shown(name), "n": len(rows), "rows": listed})
    return out
