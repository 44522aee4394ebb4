"""Section of the plan: its lines, grouped by remedy, each with its card; a list by risk where there is no plan."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from churnpredict.explanation.attribution import MOST_REASONS
from churnpredict.languages.catalogue import Language, capital
from churnpredict.number_checks import is_number
from churnpredict.per_customer import match_ids
from churnpredict.report.charts import share_bar, sparkline
from churnpredict.report.display_formats import label_of, shown
from churnpredict.retention.plan import Plan

__all__ = ["listed", "planned"]

_COLON = re.compile(r"\)\s?:")  # French sets a space before it
_FIRST = 20  # lines that are seen at once; the rest are folded


def planned(
    plan: Plan, spoken: Language, unit: str, most_cards: int, by_customer: Mapping[str, pd.DataFrame | pd.Series | None]
) -> dict[str, Any]:
    """Return what the page shows of a plan: its figures, the assumptions as numbers, and the lines.

    ``by_customer`` holds what cards show besides the plan: ``changes``, ``pairs`` and ``activity``, each with customer ids as its index.
    """
    contacts = plan.contacts
    first = contacts.head(most_cards)
    held = plan.table.loc[plan.table["arm"] == "hold-out", "customer_id"]
    return {
        "profit": plan.profit,
        "spend": plan.spend,
        "budget": plan.budget,
        "kept": plan.kept,
        "contacts": len(contacts),
        "no_room": any(name.startswith("beyond") for name in plan.counts),  # contacts would pay, but budget or capacity ends before them
        "decisions": [{"name": spoken.decisions.get(name, name), "n": n} for name, n in plan.counts.items()],
        "assumptions": _assumptions(plan, spoken, unit),
        "holdout": plan.holdout,
        "notes": [note for note in plan.notes if not plan.assumptions or note != plan.notes[0] or all(a.said for a in plan.assumptions)],
        "held": [shown(c, "id") for c in held.head(most_cards)],
        "n_held": len(held),
        **_lines(first, spoken, by_customer),
        "rest": max(len(contacts) - _FIRST, 0),
        "most": most_cards if len(contacts) > most_cards else None,
    }


def listed(scores: pd.DataFrame, money: pd.Series, spoken: Language, most_cards: int) -> dict[str, Any]:
    """Return the lines of a page without a plan: the customers with the most money at risk, or those whose risk is not below the
    average, the highest first.
    """
    by = money if money.notna().any() else scores["risk"][scores["risk"] >= scores["risk"].mean()]
    order = by.sort_values(ascending=False, kind="stable").index[:most_cards]
    rows = scores.loc[order].assign(money_at_risk=money.loc[order])
    rows = rows.assign(driver=rows.get("reason_1", ""), rank=range(1, len(rows) + 1))
    rows["remedy"] = [_remedy(row, spoken) for row in rows.to_dict("records")]
    return {**_lines(rows, spoken, {}), "rest": max(len(rows) - _FIRST, 0), "contacts": len(rows), "most": None}


def _remedy(row: Mapping[Any, Any], spoken: Language) -> str:
    given = row.get("remedy_1")
    return given if isinstance(given, str) else spoken.remedy(row["driver"]) if isinstance(row["driver"], str) else ""


def _assumptions(plan: Plan, spoken: Language, unit: str) -> list[dict[str, Any]]:
    """Return the numbers that the plan assumes, written, with whether somebody has said them."""
    rows = []
    for found in plan.assumptions:
        write = spoken.percent if found.name == "acceptance" else lambda v: spoken.amount(v, unit)
        same = found.high - found.low < 1e-9
        text = write(found.low) if same else spoken.say("plan.varies", low=write(found.low), high=write(found.high))
        note = spoken.say("plan.said.note" if found.said else "plan.assumed.note")
        rows.append({"name": spoken.say(f"plan.{found.name}"), "text": text, "note": note})
    return rows


def _lines(rows: pd.DataFrame, spoken: Language, by_customer: Mapping[str, pd.DataFrame | pd.Series | None]) -> dict[str, Any]:
    """Return the first lines and the folded ones, each grouped by remedy, the most profitable group first."""
    more = {name: _of_cards(by_customer.get(name), rows, name) for name in ("changes", "pairs", "activity")}
    cards = [_card(row, spoken, **{name: of.get(row["customer_id"]) for name, of in more.items()}) for row in rows.to_dict("records")]
    return {"first": _grouped(cards[:_FIRST], spoken), "more": _grouped(cards[_FIRST:], spoken)}


def _grouped(cards: list[dict[str, Any]], spoken: Language) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for card in cards:
        groups.setdefault(card["remedy"], []).append(card)
    found = []
    for remedy, members in groups.items():
        profits = [c["expected_profit"] for c in members if c["expected_profit"] is not None]
        labels = list(dict.fromkeys(c["label"] for c in members))
        head = labels[0] if len(labels) == 1 else remedy
        total = sum(profits) if profits else None
        found.append({"head": head or spoken.say("why.none"), "remedy": remedy, "n": len(members), "profit": total, "cards": members})
    return sorted(found, key=lambda g: -(g["profit"] or 0.0))


def _of_cards(frame: pd.DataFrame | pd.Series | None, cards: pd.DataFrame, what: str) -> dict[Any, Any]:
    """Return the values of a table by customer for the customers on the cards: words of changes and pairs, counts of activity."""
    if frame is None or not len(frame) or not len(cards):
        return {}
    place, _ = match_ids(frame.index, cards["customer_id"], what)
    found = (frame["words"] if what == "changes" else frame).to_numpy().tolist()
    return {who: found[p] for who, p in zip(cards["customer_id"], place, strict=True) if p >= 0}


def _number(row: Mapping[Any, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if value is not None and is_number(value) and math.isfinite(value) else None


def _card(row: Mapping[Any, Any], spoken: Language, *, changes: Any, pairs: Any, activity: list[float] | None) -> dict[str, Any]:
    """Return what a line and its card show; bars are shares of the strongest reason."""
    reasons: list[dict[str, Any]] = []
    for i in range(1, MOST_REASONS + 1):
        key, points = row.get(f"reason_{i}"), _number(row, f"reason_{i}_points")
        if isinstance(key, str) and key:
            reasons.append({"key": key, "label": label_of(key, spoken), "points": points})
    top = max((r["points"] or 0.0 for r in reasons), default=0.0)
    for reason in reasons:
        reason["bar"] = share_bar(max(reason["points"] or 0.0, 0.0), top)
    driver = row.get("driver") if isinstance(row.get("driver"), str) and row.get("driver") else (reasons[0]["key"] if reasons else "")
    sentences = _sentences(row.get("words"), [r["label"] for r in reasons])
    label = label_of(str(driver), spoken)
    wanted = ("risk", "value", "expected_profit", "expected_spend", "money_at_risk")
    return {name: _number(row, name) for name in wanted} | {
        "rank": int(row["rank"]),
        "id": shown(row["customer_id"], "id"),
        "owner": shown(row.get("owner"), "id"),
        "remedy": shown(row["remedy"]),
        "label": label,
        "fact": shown(sentences.get(label, "")),
        "words": shown(row.get("words")),
        "change": shown(changes),
        "together": shown(pairs),
        "history": _history(activity, spoken),
        "reasons": reasons,
    }


def _sentences(words: Any, labels: list[str]) -> dict[str, str]:
    """Return the facts of each reason out of its sentences: what stands between "Label (+5 points):" and the next such label."""
    if not isinstance(words, str):
        return {}
    starts = [(re.search(re.escape(label) + r" \(\u200e?\+", words), label) for label in labels]  # in Arabic, after a mark
    known = sorted((at.start(), label) for at, label in starts if at)
    found = {}
    ends = [*(at for at, _ in known[1:]), len(words)]
    for (at, label), end in zip(known, ends[: len(known)], strict=True):
        parts = _COLON.split(words[at:end], maxsplit=1)
        found[label] = capital(parts[1].strip().rstrip(".")) if len(parts) == 2 else ""
    return found


def _history(counts: list[float] | None, spoken: Language) -> dict[str, Any] | None:
    if not counts:
        return None
    weeks, silent = len(counts), next((i for i, v in enumerate(reversed(counts)) if v), len(counts))
    told = spoken.say("card.silent", n=silent) if silent else spoken.say("card.active")
    return {"picture": sparkline(counts, spoken.say("card.events", n=weeks)), "told": spoken.say("card.weeks", n=weeks, told=told)}
