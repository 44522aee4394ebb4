"""write_report: one self-contained HTML file without scripts or requests."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from churnpredict.errors import ChurnError, SchemaError, UsageError
from churnpredict.explanation.attribution import MOST_REASONS
from churnpredict.files import write_text
from churnpredict.per_customer import match_ids
from churnpredict.report import sections
from churnpredict.report.charts import sparkline
from churnpredict.report.display_formats import amount, label_of, percent, shown
from churnpredict.retention.plan import Plan, with_plan_values

__all__ = ["render_report", "write_report"]

_TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    scores: pd.DataFrame,
    path: str | Path,
    *,
    plan: Plan | None = None,
    backtest: pd.DataFrame | None = None,
    backtest_note: str = "",
    calibration: pd.DataFrame | None = None,
    alerts: pd.DataFrame | None = None,
    rates: pd.DataFrame | None = None,
    tenure: pd.DataFrame | None = None,
    cohorts: pd.DataFrame | None = None,
    drift: Any = None,
    earlier: Any = None,
    unscored: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    activity: pd.DataFrame | None = None,
    title: str = "Customers at risk",
    unit: str = "",
    most_cards: int = 500,
) -> Path:
    """Write the page that people open: how the book stands, why, how far to trust it, whom to contact.

    Groups of fewer than five customers are put together or left out. Texts of the data are shown as text, whatever they hold. Each part
    may be the :class:`churnpredict.ChurnError` that it failed with: the page then says "not available", with its code. With a plan, the
    values of customers are those that the plan has reckoned with, everywhere.

    Parameters
    ----------
    scores : DataFrame
        As :meth:`churnpredict.ChurnPipeline.score` gives them; with ``owner``, money at risk by owner is shown too.
    path : path
        Of the HTML file.
    plan : Plan, optional
        A card per customer to contact, with reasons and remedy.
    backtest : DataFrame, optional
        As :meth:`churnpredict.ChurnPipeline.backtest` gives it, with calibration drawn from its predictions. Without it the page says that
        nothing is known of the model.
    backtest_note : str
        What is to be said of it, such as that it is of another date than the page.
    calibration : DataFrame, optional
        Tenths of customers by risk: ``said``, ``lost``, ``n``; by default those of the back-test's predictions.
    alerts : DataFrame, optional
        As :func:`churnpredict.find_alerts` gives them.
    rates, tenure, cohorts : DataFrame, optional
        As :func:`churnpredict.churn_rate` (without ``by``), :func:`churnpredict.accounting.tenure_table` and
        :func:`churnpredict.accounting.cohorts` give them.
    drift : Drift or DataFrame, optional
        As :func:`churnpredict.find_drift` gives it, or its alarms: ``where``, ``what``, ``remedy``.
    earlier : ChurnError, optional
        Why earlier scorings are missing in the drift check.
    unscored : DataFrame, optional
        As :meth:`churnpredict.ChurnPipeline.unscored` gives it.
    changes : DataFrame, optional
        Why risks changed since the last scoring, as :func:`churnpredict.explanation.change.explain_change` gives it; told on the cards.
    activity : DataFrame, optional
        Counts per customer (index) and week (columns), oldest first, as :func:`churnpredict.events.activity.activity` gives them; drawn on
        the cards.
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
    ...     page = write_report(scores, f"{folder}/report.html").read_text()
    >>> page.count("<script")
    0
    """
    parts = {
        "plan": plan,
        "backtest": backtest,
        "alerts": alerts,
        "rates": rates,
        "tenure": tenure,
        "cohorts": cohorts,
        "drift": drift,
        "earlier": earlier,
        "backtest_note": backtest_note,
    }
    parts |= {"calibration": calibration, "unscored": unscored, "changes": changes, "activity": activity}
    page = render_report(scores, title=title, unit=unit, most_cards=most_cards, **parts)
    return write_text(path, page)


def render_report(scores: pd.DataFrame, *, title: str = "Customers at risk", unit: str = "", most_cards: int = 500, **parts: Any) -> str:
    """Return the page of :func:`write_report` as text."""
    for name in ("customer_id", "risk"):
        if name not in scores:
            raise SchemaError("missing-column", f"the scores have no column {name!r}", remedy="Give what pipeline.score() gave.")
    if most_cards < 0:
        raise UsageError("bad-argument", f"most_cards is {most_cards}", remedy="Give a number of at least 0.")
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode()
    scores = scores.reset_index(drop=True)
    given = {name: part for name, part in parts.items() if not isinstance(part, ChurnError)}.get
    if (plan := given("plan")) is not None:
        scores = with_plan_values(scores, plan)
    money = sections.money_of(scores)
    return str(
        _template().render(
            title=title,
            unit=unit,
            style=style,
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            book=sections.book(scores, money),
            unscored=sections.without_score(given("unscored")),
            histogram=sections.histogram(scores["risk"]),
            segments=sections.segments(scores, money),
            owners=sections.owners(scores, money),
            rates=sections.shares_over_time(given("rates"), "period", "Share of customers who left, by period"),
            tenure=sections.shares_over_time(given("tenure"), "tenure_year", "Share of customers who left, by year as a customer"),
            cohorts=sections.cohort_table(given("cohorts")),
            backtest=sections.judged(given("backtest"), scores),
            backtest_note=shown(given("backtest_note") or ""),
            calibration=sections.calibration(sections.tenths(given("backtest")) if given("calibration") is None else given("calibration")),
            drift=sections.drifted(given("drift")),
            plan=_planned(plan, most_cards, given("changes"), given("activity")),
            alerts=_alerted(given("alerts")),
            missing=sections.not_available(parts),
            no_value=plan is None and "value" in scores and bool(scores["value"].isna().all()),
            small=sections.SMALL,
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    places = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    places.filters |= {"capitalize_first": lambda text: text[:1].upper() + text[1:], "amount": amount, "shown": shown, "percent": percent}
    return places.get_template("report.html.j2")


def _planned(
    plan: Plan | None, most_cards: int, changes: pd.DataFrame | None = None, activity: pd.DataFrame | None = None
) -> dict[str, Any] | None:
    if plan is None:
        return None
    contacts = plan.contacts
    first = contacts.head(most_cards)
    moved, counts = _of_cards(changes, first, "changes"), _of_cards(activity, first, "activity")
    cards = [_card(row, moved, counts) for row in first.to_dict("records")]
    held = plan.table.loc[plan.table["arm"] == "hold-out", "customer_id"]
    return {
        "profit": plan.profit,
        "spend": plan.spend,
        "budget": plan.budget,
        "kept": plan.kept,
        "contacts": len(contacts),
        "counts": plan.counts,
        "holdout": plan.holdout,
        "notes": plan.notes,
        "held": [shown(c, "id") for c in held.head(most_cards)],
        "n_held": len(held),
        "cards": cards,
    }


def _of_cards(frame: pd.DataFrame | None, cards: pd.DataFrame, what: str) -> dict[Any, Any]:
    """Return what a table by customer says of the customers on the cards: words of changes, counts of activity."""
    if frame is None or not len(frame) or not len(cards):
        return {}
    place, _ = match_ids(frame.index, cards["customer_id"], what)
    found = frame["words"].tolist() if what == "changes" else frame.to_numpy().tolist()
    return {who: found[p] for who, p in zip(cards["customer_id"], place, strict=True) if p >= 0}


def _card(row: Mapping[Any, Any], moved: Mapping[Any, str], counts: Mapping[Any, list[float]]) -> dict[str, Any]:
    """Return what a card shows; bars are shares of the strongest reason."""
    reasons = []
    for i in range(1, MOST_REASONS + 1):
        key, points = row.get(f"reason_{i}"), row.get(f"reason_{i}_points", math.nan)
        if isinstance(key, str) and key:
            reasons.append({"label": label_of(key), "points": points})
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
        "change": shown(moved.get(row["customer_id"])),
        "history": _history(counts.get(row["customer_id"])),
        "reasons": reasons,
    }


def _history(counts: list[float] | None) -> dict[str, Any] | None:
    if not counts:
        return None
    weeks, silent = len(counts), next((i for i, v in enumerate(reversed(counts)) if v), len(counts))
    told = f"nothing in the last {silent} week{'s' if silent > 1 else ''}" if silent else "active in the last week"
    return {"picture": sparkline(counts, f"{sum(counts):,.0f} events in {weeks} weeks"), "told": f"{weeks} weeks: {told}"}


def _alerted(alerts: pd.DataFrame | None) -> list[dict[str, Any]]:
    if alerts is None:
        return []
    out = []
    for name, rows in alerts.groupby("alert", sort=False):
        listed = [{"id": shown(r["customer_id"], "id"), "since": f"{r['since']:%Y-%m-%d}"} for r in rows.head(200).to_dict("records")]
        out.append({"name": shown(name), "n": len(rows), "rows": listed})
    return out
