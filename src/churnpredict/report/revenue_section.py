"""Contracts on the page: which come up for renewal when, and how the recurring revenue changed month by month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnpredict.accounting.bridge import revenue_bridge
from churnpredict.accounting.coming_renewals import renewals
from churnpredict.accounting.paid_for import UNTOLD
from churnpredict.churn.rule import ChurnRule, is_of_contracts, left_by
from churnpredict.errors import TimeError
from churnpredict.events.declarations import Intervals
from churnpredict.events.money import is_money
from churnpredict.events.tables import EventTables
from churnpredict.languages.catalogue import Language
from churnpredict.pipeline.cutoffs import window_ends
from churnpredict.pipeline.scoring import earlier_horizons_of, staying_table
from churnpredict.report.charts import share_bar
from churnpredict.report.display_formats import shown
from churnpredict.spans import Span

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["coming_renewals", "recurring_revenue", "renewals_told", "revenue_told"]

_MOST = 12  # months on the page
_LOOK_BACK = Span(months=15)  # so that as many are over, and the time in which a renewal may be late


def recurring_revenue(tables: EventTables, churn: ChurnRule) -> pd.DataFrame | None:
    """Return the revenue bridge of the last fifteen months, from the first contract on; None without one table of contracts whose values
    are money, or a month that is over.

    Parameters
    ----------
    tables : EventTables
        What was known at the cutoff of the page.
    churn : churn rule
    """
    name = _contracts(tables, churn)
    if name is None:
        return None
    rule = churn if left_by(churn) in ("contract", "row") else None
    begin, times = _LOOK_BACK.before(tables.observed_until(), tables.timezone), tables.stream(name).times
    older = len(times) > 0 and int(times.min()) < begin
    try:
        bridge = revenue_bridge(tables, rule, value=name, start=pd.Timestamp(begin, unit="us", tz="UTC") if older else None)
    except TimeError as error:
        if error.code != "no-period":
            raise
        return None
    return bridge if bridge["end"].notna().any() else None


def coming_renewals(pipeline: ChurnPipeline, tables: EventTables, X: pd.DataFrame) -> pd.DataFrame | None:
    """Return the contracts that come up in the coming months; None where the rule is not one of contracts, or they have no agreed end, or
    no value that is money.

    Parameters
    ----------
    pipeline : ChurnPipeline
    tables : EventTables
    X : DataFrame
        Features of everybody at risk at the cutoff of the page.
    """
    churn = pipeline.churn
    if not is_of_contracts(churn) or not len(X):
        return None
    declared = tables.declarations[churn.table(tables)]
    if not is_money(declared) or getattr(declared, "planned_end", None) is None:
        return None
    risks = staying_table(pipeline.model_, X, window_ends(tables, churn, X, earlier_horizons_of(pipeline.model_)))
    try:
        return renewals(_Known(churn, risks), tables, at=X.index.get_level_values("cutoff")[0])
    except TimeError as error:
        if error.code != "no-period":
            raise
        return None


@dataclass(frozen=True)
class _Known:
    """Risks that are known already, as a pipeline would give them."""

    churn: ChurnRule
    risks: pd.DataFrame

    def when(self, tables: EventTables, at: Any = None) -> pd.DataFrame:
        """Return them."""
        return self.risks


def _contracts(tables: EventTables, churn: ChurnRule) -> str | None:
    """Return the table of contracts whose values are money: that of the rule, else the only one."""
    found = [name for name, declared in tables.declarations.items() if isinstance(declared, Intervals) and is_money(declared)]
    if is_of_contracts(churn) and churn.table(tables) in found:
        return churn.table(tables)
    return found[0] if len(found) == 1 else None


def revenue_told(bridge: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return the months of a bridge that are over, with the revenue at the end of each as a bar, and the newest of them."""
    known = None if bridge is None else pd.DataFrame(bridge[bridge["end"].notna()]).tail(_MOST)
    if known is None or not len(known):
        return None
    top = float(known["end"].max())
    rows = [
        {name: float(row[name]) for name in ("start", "expansion", "contraction", "churn", "end", "net_retention")}
        | {"label": shown(row["period"], "id"), "new": float(row["new"] + row["returned"]), "bar": share_bar(float(row["end"]), top)}
        for row in known.to_dict("records")
    ]
    return {"rows": rows, "last": rows[-1], "per": getattr(bridge, "amounts_per", UNTOLD)}


def renewals_told(coming: pd.DataFrame | None, spoken: Language) -> dict[str, Any] | None:
    """Return the months in which contracts come up, with what is at risk as a bar; and how many come later, without a chance yet."""
    if coming is None or not len(coming):
        return None
    frame = pd.DataFrame(coming).astype(dict.fromkeys(("contracts", "scored", "at_risk", "at_risk_high"), "float64"))
    scored = frame["scored"] > 0
    later = frame[~scored & frame["contracts"].notna()]
    near = frame[: int(scored.to_numpy().nonzero()[0].max()) + 1] if scored.any() else frame[:0]
    near = near[near["contracts"].isna() | (near["scored"] > 0)].head(_MOST)
    top = float(near["at_risk_high"].max()) if len(near) else 0.0
    rows = []
    for row in near.to_dict("records"):
        known = math.isfinite(row["contracts"])
        ends = {
            "low": min(row["at_risk_low"], row["at_risk"]),
            "high": max(row["at_risk_high"], row["at_risk"]),
        }  # of few: it may lie outside
        note = spoken.say("renewals.part", n=int(row["contracts"] - row["scored"])) if known and row["scored"] < row["contracts"] else ""
        rows.append(
            {name: float(row[name]) for name in ("contracts", "amount", "renews", "at_risk")}
            | {f"at_risk_{name}": float(value) for name, value in ends.items()}
            | {"label": shown(row["period"], "id"), "bar": share_bar(row["at_risk"], top, **ends) if known else "", "known": known}
            | {"note": note if known else spoken.say("renewals.few")}
        )
    return {
        "rows": rows,
        "per": getattr(coming, "amounts_per", UNTOLD),
        "contracts": int(near["scored"].sum()),
        "at_risk": float(near["at_risk"].sum()),
        "later": int(later["contracts"].sum()),
        "later_amount": float(later["amount"].sum()),
    }
