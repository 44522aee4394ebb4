"""Definition of leaving on the page, the number of customers who left by it so far, and how far to trust the risks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.rule import ChurnRule, rule_name
from churnpredict.churn.rules import rules_by_name
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.clock import DAY
from churnpredict.errors import ChurnError
from churnpredict.evaluation.campaign import ASSUMED
from churnpredict.evaluation.comparison import BASELINES, DIFFERENCE
from churnpredict.evaluation.verdict import reach_verdict
from churnpredict.events.tables import EventTables
from churnpredict.intervals import wilson
from churnpredict.languages.catalogue import Language
from churnpredict.report.display_formats import shown
from churnpredict.spans import Span

__all__ = ["NOTHING_YET", "horizon_days", "meaning", "rates_by_definition", "span_told", "trust"]

NOTHING_YET = ("before-first-event", "nobody-at-risk")  # codes: before the first rows there was nothing to see
_WINDOWS = 8  # outcome windows of the rule itself, one before the other
_FEWEST = 5  # customers of whom a share is shown

_DIFFERENCE = {"difference", "difference_low", "difference_high"}


def horizon_days(churn: ChurnRule | None) -> float | None:
    """Return the days of the rule's horizon; None without a rule."""
    return None if churn is None else churn.horizon_span.nominal / DAY


def span_told(length: Span, spoken: Language) -> str:
    """Return a span of time in words: months as months, everything else in days.

    >>> from churnpredict.languages.catalogue import language_of
    >>> from churnpredict.spans import span
    >>> span_told(span("90d"), language_of("en")), span_told(span("3mo"), language_of("de"))
    ('90 days', '3 Monate')
    """
    months = getattr(length, "months", 0)
    if months and not getattr(length, "days", 0):
        return spoken.span("days", months, "mo")
    days = length.nominal / DAY
    return spoken.span("days", days, "d") if days >= 1 else spoken.span("days", round(24 * days, 1), "h")


def meaning(churn: ChurnRule | None, date: str | None, spoken: Language) -> list[str]:
    """Return the sentences that say what leaving means here and within how many days."""
    if churn is None or date is None:
        return [spoken.say("leaving.unknown")]
    days = span_told(churn.horizon_span, spoken)
    key = rule_name(churn) if rule_name(churn) in rules_by_name() else "other"
    holes: dict[str, Any] = {"days": days, "date": date}
    if key == "inactivity":
        holes["things"] = spoken.noun(shown(getattr(churn, "of", None) or "events", "id"))
    if key == "other":
        holes["rule"] = shown(type(churn).__name__, "id")
    told = [spoken.say(f"leaving.{key}", **holes)]
    if churn.gap_span.nominal > 0:
        told.append(spoken.say("leaving.gap", days=span_told(churn.gap_span, spoken)))
    return told


def trust(backtest: pd.DataFrame | None, spoken: Language, unit: str = "") -> dict[str, Any]:
    """Return how far to trust the risks: the verdict over all tested cutoffs as sentences, and whether it is a warning.

    Returns
    -------
    dict
        ``words`` (list of sentences), ``kind`` ("better", "equal", "worse", "weak" or "none"), ``yours`` (list of texts: what the scores,
        rules and lists of the business found in its calls).
    """
    if backtest is None or not len(backtest):
        return {"kind": "none", "words": [spoken.say("trust.none"), spoken.say("trust.do")], "yours": []}
    frame = pd.DataFrame(backtest)
    parts = [part for _, part in frame.groupby("cutoff", sort=True)]
    against = [_against(part) for part in parts]
    n, weak = len(parts), sum(kind == "weak" for kind in against)
    better, worse = against.count("better"), against.count("worse")
    if 2 * weak >= n:
        kind, key, k = "weak", "trust.weak.all" if weak == n else "trust.weak", weak
    elif worse and worse >= better:
        kind, key, k = "worse", "trust.worse.all" if worse == n else "trust.worse", worse
    else:
        kind, k = "better" if 2 * better > n else "equal", better
        if n == 1:
            key = f"trust.{kind}"
        elif weak or worse:
            key = "trust.mixed"
        else:
            key = "trust.each" if better == n else "trust.most" if kind == "better" else "trust.some" if better else "trust.never"
    words = [spoken.say(key, n=n, k=k, worse=worse, weak=weak), *_found(frame, spoken)]
    return {"kind": kind, "words": words, "yours": _beside_yours(backtest, spoken, unit)}


def _against(part: pd.DataFrame) -> str:
    """Return how the model did at one cutoff: "weak", else against the best baseline."""
    if part.iloc[0].get("signal") == "weak":
        return "weak"
    if not set(part.columns) >= _DIFFERENCE or not {"log_loss", "calibration_gap", "calibration_slope"} <= set(part["metric"]):
        return "equal"
    verdict = reach_verdict(part)
    return {"better": "better", "alone": "better", "worse": "worse"}.get(verdict.against, "equal") if verdict.signal == "clear" else "weak"


def _found(frame: pd.DataFrame, spoken: Language) -> list[str]:
    """Return what else the tests have shown: leavers among the riskiest tenth, and the level; over all cutoffs, by their customers."""
    mine = frame[frame["model"] == frame["model"].iloc[0]].dropna(subset="value")
    lift, gap = (mine[mine["metric"] == name] for name in ("lift_10", "calibration_gap"))
    told = []
    if len(lift):
        n = float(np.average(lift["value"], weights=lift["leavers"] + 1e-9))
        told.append(spoken.say("trust.found", n=spoken.number(n, 1)))
    if len(gap):
        customers, left = gap["n"].to_numpy(dtype=float), gap["leavers"].to_numpy(dtype=float)
        share = float(left.sum() / customers.sum())
        said = float((left + gap["value"].to_numpy(dtype=float) * customers).sum() / customers.sum())
        told.append(spoken.say("trust.level", said=spoken.percent(said), left=spoken.percent(share)))
    return told


def _beside_yours(backtest: pd.DataFrame, spoken: Language, unit: str) -> list[str]:
    """Return what scores, rules and lists of the business found in the calls of all tested cutoffs, and the worth of a switch from them.

    Money is reported where the backtest knows what a call costs and brings, and how sure it is.
    """
    frame = pd.DataFrame(backtest)
    sums = frame[frame["metric"].isin(("called", "found"))].pivot_table(
        index="model", columns="metric", values="value", aggfunc="sum", sort=False
    )
    switch, paragraphs = getattr(backtest, "switch", None), []
    known = switch is not None and getattr(backtest, "campaign", ASSUMED) is not ASSUMED
    for name in sums.index[1:].difference(list(BASELINES), sort=False):
        (calls, found), (theirs, other) = (sums.loc[who, ["called", "found"]] for who in (sums.index[0], name))
        holes = {"calls": spoken.people(calls), "found": spoken.number(found, 0), "theirs": spoken.people(theirs)}
        told = [spoken.say("trust.against", name=shown(name), other=spoken.number(other, 0), **holes)]
        if known:
            rows = pd.DataFrame(switch).query("metric == 'profit_of_calls'").set_index("model")
            worth = rows.loc[[name], list(DIFFERENCE)].to_numpy(dtype=float)[0]
            if not np.isnan(worth).any():
                money = dict(zip(("money", "low", "high"), (spoken.amount(value, unit) for value in worth), strict=True))
                told.append(spoken.say("trust.switch", name=shown(name), **money))
        paragraphs.append(" ".join(told))
    return paragraphs


def rates_by_definition(tables: EventTables, churn: ChurnRule) -> pd.DataFrame | None:
    """Return how many left by the rule itself, at past cutoffs whose outcome windows are observed and follow each other.

    Returns
    -------
    DataFrame or None
        One row per cutoff, oldest first: ``cutoff``, ``customers`` (at risk), ``lost``, ``involuntary``, ``rate``, ``low``, ``high``;
        None where no window is observed yet.
    """
    moment, rows = churn.latest_cutoff(tables), []
    for _ in range(_WINDOWS):
        try:
            snapshots = take_snapshots(tables, churn, at=pd.Timestamp(moment, unit="us", tz="UTC"))
            outcomes = label_churn(tables, snapshots, churn)
        except ChurnError as error:
            if error.code not in NOTHING_YET:
                raise
            break
        customers, lost = len(outcomes), int(outcomes.within().sum())
        rows.append((snapshots["cutoff"].iloc[0], customers, lost, int((outcomes["outcome"] == 2).sum())))
        moment = churn.horizon_span.before(moment, tables.timezone)
    found = pd.DataFrame(rows[::-1], columns=["cutoff", "customers", "lost", "involuntary"])
    found = found[found["customers"] >= _FEWEST].reset_index(drop=True)
    if not len(found):
        return None
    low, high = wilson(found["lost"], found["customers"])
    return found.assign(rate=found["lost"] / found["customers"], low=low, high=high)
