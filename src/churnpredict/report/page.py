"""write_report: one self-contained HTML file without scripts or requests."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from churnpredict import __version__
from churnpredict.argument_checks import check_instance, check_text, shows_call
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import ChurnError, SchemaError
from churnpredict.figures import unit_of
from churnpredict.files import write_text
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.markup import policy
from churnpredict.monitoring.drift import Drift
from churnpredict.number_checks import check_whole_number
from churnpredict.report import sections
from churnpredict.report.display_formats import shown
from churnpredict.report.drift_section import drifted
from churnpredict.report.leaving import horizon_days, meaning, span_told, trust
from churnpredict.report.plan_section import listed, planned
from churnpredict.report.revenue_section import renewals_told, revenue_told
from churnpredict.report.season_section import SeasonAhead, season_told
from churnpredict.retention.plan import Plan, with_plan_values

__all__ = ["render_report", "write_report"]

TEMPLATES = Path(__file__).parent / "templates"


@shows_call('pipeline.report(tables, "report.html")')
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
    drift: Drift | pd.DataFrame | None = None,
    earlier: ChurnError | None = None,
    unscored: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    pairs: pd.Series | None = None,
    activity: pd.DataFrame | None = None,
    churn: ChurnRule | None = None,
    definition: pd.DataFrame | None = None,
    season: SeasonAhead | None = None,
    renewals: pd.DataFrame | None = None,
    revenue: pd.DataFrame | None = None,
    title: str = "",
    unit: str = "",
    language: str | Language = "en",
    most_cards: int = 500,
) -> Path:
    """Write the HTML page: the state of the customer base, the reasons, how far to trust them, and whom to contact.

    Groups of fewer than five customers are put together or left out. Texts of the data are shown as text, whatever they hold. Each part
    may be the :class:`churnpredict.ChurnError` that it failed with: the page then says "not available", with its code. With a plan, the
    values of customers are those that the plan used, everywhere.

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
        A note on it, such as that its date differs from that of the page.
    calibration : DataFrame, optional
        Tenths of customers by risk: ``said``, ``lost``, ``n``; by default those of the backtest's predictions.
    alerts : DataFrame, optional
        As :func:`churnpredict.diagnostics.find_alerts` gives them.
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
    pairs : Series, optional
        Sentences by customer id on two reasons that add more together than each alone, as
        :meth:`churnpredict.Explanation.pair_words` gives them; told on the cards.
    activity : DataFrame, optional
        Counts per customer (index) and week (columns), oldest first, as :func:`churnpredict.events.activity.activity` gives them; drawn on
        the cards.
    churn : ChurnRule, optional
        The rule that risks are of: with it the page says what leaving means, within how many days, and how much money a year is at risk.
    season : SeasonAhead, optional
        What the season expects of the time ahead, as :func:`churnpredict.report.season_section.season_ahead` finds it.
    definition : DataFrame, optional
        How many left by the rule itself at past cutoffs: ``cutoff``, ``customers``, ``lost``, ``rate``, ``low``, ``high``, as
        :func:`churnpredict.report.leaving.rates_by_definition` gives them.
    renewals : DataFrame, optional
        The contracts that come up by month, as :func:`churnpredict.accounting.renewals` gives them (without ``by``).
    revenue : DataFrame, optional
        The recurring revenue by month, as :func:`churnpredict.accounting.revenue_bridge` gives it (without ``by``), months that are over.
    title, unit : str
        By default a title in the language of the page; the unit of amounts of money, such as "€", by default that of the plan or of the
        scores.
    language : {"en", "ar", "bg", "de", "es", "fr", "pl", "ru"} or Language
        Of the page. Reasons, remedies and the sentences of the plan come as they were made: score and plan in the same language.
    most_cards : int
        Cards for at most so many customers, the most profitable ones.

    Returns
    -------
    Path

    Raises
    ------
    SchemaError
        ``missing-column``: the scores have no customer_id or risk, or a part lacks a column that the page shows.
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
    parts: dict[str, Any] = {
        **{"plan": plan, "backtest": backtest, "backtest_note": backtest_note, "calibration": calibration, "drift": drift},
        **{"earlier": earlier, "alerts": alerts, "rates": rates, "tenure": tenure, "cohorts": cohorts, "definition": definition},
        **{"unscored": unscored, "changes": changes, "pairs": pairs, "activity": activity, "season": season},
        **{"renewals": renewals, "revenue": revenue},
    }
    page = render_report(scores, title=title, unit=unit, most_cards=most_cards, language=language, churn=churn, **parts)
    return write_text(path, page)


def render_report(
    scores: pd.DataFrame,
    *,
    title: str = "",
    unit: str = "",
    most_cards: int = 500,
    language: str | Language = "en",
    churn: ChurnRule | None = None,
    **parts: Any,
) -> str:
    """Return the page of :func:`write_report` as text."""
    check_instance(scores, "scores", pd.DataFrame, "Call write_report(scores, path) with scores = pipeline.score(tables).")
    _check_parts(parts)
    check_text(title, "title"), check_text(unit, "unit")
    for name in ("customer_id", "risk"):
        if name not in scores:
            raise SchemaError("missing-column", f"the scores have no column {name!r}", remedy="Give what pipeline.score() gave.")
    most_cards = check_whole_number(most_cards, "most_cards")
    spoken = language_of(language)
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    scores = scores.reset_index(drop=True)
    given = {name: part for name, part in parts.items() if not isinstance(part, ChurnError)}.get
    plan = given("plan")
    unit = unit or unit_of(plan) or unit_of(scores)
    if plan is not None:
        scores = with_plan_values(scores, plan)
    money = sections.money_of(scores)
    found = _sections(scores, money, given, spoken=spoken, churn=churn, unit=unit)
    if plan is not None:
        lines = planned(plan, spoken, unit, most_cards, {name: given(name) for name in ("changes", "pairs", "activity")})
    else:
        lines = listed(scores, money, spoken, most_cards)
    return str(
        template().render(
            **found,
            **_writers(spoken, unit),
            title=shown(title) or spoken.say("title"),
            code=spoken.code,
            direction=spoken.direction,
            version=__version__,
            style=style,
            policy=policy(style),
            plan=plan is not None,
            lines=lines,
            missing=sections.not_available(parts, spoken),
            no_value=plan is None and bool(money.isna().all()),
            small=sections.SMALL,
        )
    )


# Who gives each part of the page, besides the tables.
_SOURCES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "plan": (Plan, "plan_retention() gives"),
    "drift": ((Drift, pd.DataFrame), "find_drift() gives"),
    "season": (SeasonAhead, "churnpredict.report.season_section.season_ahead() gives"),
    "pairs": (pd.Series, "why.pair_words() gives, with customer ids as its index"),
    "backtest_note": (str, "you would like to stand there, as a text"),
    "earlier": ((), "was raised"),
}


_SHARES = ("customers", "lost", "rate", "low", "high")
COLUMNS: dict[str, tuple[str, ...]] = {
    "backtest": ("cutoff", "model", "metric", "value", "low", "high", "n", "leavers"),
    "calibration": ("said", "lost", "n"),
    "alerts": ("customer_id", "alert", "since"),
    "rates": ("period", *_SHARES),
    "definition": ("cutoff", *_SHARES),
    "tenure": ("tenure_year", *_SHARES),
    "cohorts": ("customers",),
    "drift": ("where", "what", "remedy"),
    "unscored": ("reason",),
    "changes": ("words",),
    "renewals": ("period", "contracts", "amount", "scored", "renews", "at_risk", "at_risk_low", "at_risk_high"),
    "revenue": ("period", "start", "new", "expansion", "contraction", "churn", "returned", "end", "net_retention"),
}


def _check_parts(parts: dict[str, Any]) -> None:
    """Refuse a part that is not what the page shows there; an error stands for a part that is not available."""
    for name, part in parts.items():
        kinds, giver = _SOURCES.get(name, (pd.DataFrame, "the call named in the documentation of write_report gives: a pandas DataFrame"))
        if part is not None and not isinstance(part, ChurnError):
            check_instance(part, name, kinds, f"Give what {giver}.")
            lacking = [column for column in COLUMNS.get(name, ()) if isinstance(part, pd.DataFrame) and column not in part]
            if lacking:
                remedy = f"Give what {giver}, with all of its columns."
                raise SchemaError("missing-column", f"the part {name} has no column {lacking[0]!r}", column=lacking[0], remedy=remedy)


def _writers(spoken: Language, unit: str) -> dict[str, Any]:
    """Return what writes numbers and sentences in the template: no line ends within a number."""

    def money(value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return "–"
        return spoken.amount(value if abs(value) < 10 else round(value), unit).replace("\u2212", "\u2212\u2060")

    return {
        "t": spoken.say,
        "pct": lambda share: spoken.percent(share).replace(" ", "\u00a0"),
        "people": spoken.people,
        "points": spoken.points,
        "money": money,
    }


def _sections(
    scores: pd.DataFrame, money: pd.Series, given: Any, *, spoken: Language, churn: ChurnRule | None, unit: str
) -> dict[str, Any]:
    """Return everything on the page but its lines of customers."""
    days = horizon_days(churn)
    figures = sections.book(scores, money, spoken, days)
    calibration = sections.tenths(given("backtest")) if given("calibration") is None else given("calibration")
    rates, definition = (
        sections.shares_over_time(given(name), first, spoken) for name, first in (("rates", "period"), ("definition", "cutoff"))
    )
    return {
        "book": figures,
        "days": None if churn is None else span_told(churn.horizon_span, spoken),
        "leaving": meaning(churn, figures["cutoff"], spoken),
        "trust": trust(given("backtest"), spoken, unit),
        "unscored": sections.without_score(given("unscored"), spoken),
        "histogram": sections.histogram(scores["risk"]),
        "reasons_known": "reason_1" in scores and bool(scores["reason_1"].notna().any()),
        "segments": sections.segments(scores, money, spoken),
        "owners": sections.owners(scores, money),
        "rates": rates,
        "definition": definition,
        "tenure": sections.shares_over_time(given("tenure"), "tenure_year", spoken),
        "cohorts": sections.cohort_table(given("cohorts"), spoken),
        "backtest": sections.judged(given("backtest"), spoken, scores),
        "backtest_note": shown(given("backtest_note") or ""),
        "calibration": sections.calibration(calibration, spoken),
        "drift": drifted(given("drift"), spoken),
        "season": season_told(given("season"), None if churn is None else span_told(churn.horizon_span, spoken), spoken),
        "renewals": renewals_told(given("renewals"), spoken),
        "revenue": revenue_told(given("revenue")),
        "alerts": None if given("alerts") is None else _alerted(given("alerts"), spoken),
    }


@cache
def template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    places = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    places.filters |= {"shown": shown}
    return places.get_template("report.html.j2")


def _alerted(alerts: pd.DataFrame, spoken: Language) -> list[dict[str, Any]]:
    """Return the customers of each rule, the first 200 of them."""
    out = []
    for name, rows in alerts.groupby("alert", sort=False):
        listed_ = [
            {"id": shown(r["customer_id"], "id"), "since": spoken.say("alerts.since", date=spoken.day(r["since"]))}
            for r in rows.head(200).to_dict("records")
        ]
        out.append({"told": spoken.say("alerts.group", name=shown(name), n=len(rows)), "n": len(rows), "rows": listed_})
    return out
