"""Drift alarms in the language of the page: sentences by code, with their figures filled in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.languages.catalogue import Language
from churnpredict.report.display_formats import shown

__all__ = ["MEASURED", "REMEDIES", "drifted"]

_Write = Callable[[Language, float], str]
_FIELDS = ("code", "group", "where", "what", "remedy", "value", "usual", "limit", "facts")


def _plain(spoken: Language, value: float) -> str:
    return spoken.number(value)


def _factor(spoken: Language, log_odds: float) -> str:
    return spoken.number(np.exp(log_odds))


MEASURED: Mapping[str, tuple[str, _Write] | None] = {
    "late-source": ("silence", Language.lasting),
    "delay": ("delay", Language.lasting),
    **dict.fromkeys(("column", "inputs", "scores"), ("psi", _plain)),
    **dict.fromkeys(("new-values", "rewritten", "gone"), ("share", Language.percent)),
    "risk-level": ("odds", _factor),
    "calibration": ("calibration", _factor),
    "slope": ("slope", lambda spoken, gap: spoken.number(1 - gap, 2)),
    "no-gain": ("loss", lambda spoken, gap: spoken.number(gap, 4)),
    **dict.fromkeys(("volume", "customers", "missing-table", "not-scored")),
}
"""The sentence of each code about value, usual and limit, and how it writes them; None where the facts say it all."""

_NAMES = {"risk-level": "scores", "slope": "calibration"}  # codes with the remedy of another
REMEDIES: Mapping[str, str] = {code: f"fix.{_NAMES.get(code, code)}" for code in MEASURED}
"""The sentence of each code about what to do."""

_FACTS: Mapping[str, _Write] = {"count": Language.people, "missing": Language.percent, "level": Language.percent, "median": _plain}


def drifted(drift: Any, spoken: Language) -> dict[str, Any] | None:
    """Return a drift check: an object with ``alarms``, or the alarms as a frame with ``where``, ``what`` and ``remedy``.

    Each alarm has sentences of the page's language by its ``code``, with its figures; one with an unknown code is shown as given.
    """
    if drift is None:
        return None
    from churnpredict.monitoring.drift_checks import EVERYTHING

    alarms = getattr(drift, "alarms", drift)
    given: Any = (
        alarms.to_dict("records") if isinstance(alarms, pd.DataFrame) else [{n: getattr(a, n, None) for n in _FIELDS} for a in alarms]
    )
    told = [_alarm(row, spoken) | {"where": shown(row.get("where")), "named": row.get("where") not in EVERYTHING} for row in given]
    left_out = getattr(drift, "in_sample", 0)
    return {
        "alarms": told,
        "left_out": spoken.say("drift.in-sample", n=left_out) if left_out else "",
        "outcomes": _outcomes(drift, spoken),
    }


def _alarm(row: Mapping[str, Any], spoken: Language) -> dict[str, str]:
    """Return what an alarm says in the page's language (``said``, ``details``), or as given (``own``)."""
    code = str(row.get("code"))
    if code not in MEASURED:
        own = ". ".join(text.rstrip(".") for name in ("what", "remedy") if (text := shown(row.get(name)))) + "."
        return {"said": "", "details": "", "own": own}
    details = [_measured(row, spoken), *(_fact(spoken, *fact) for fact in row.get("facts") or ())]
    crept = row.get("group") == "input" and code in ("volume", "column")
    details.append(spoken.say("fix.crept" if crept else REMEDIES[code]))
    return {"said": spoken.say(f"alarm.{code}"), "details": " ".join(filter(None, details)), "own": ""}


def _measured(row: Mapping[str, Any], spoken: Language) -> str:
    """Return the sentence about value, usual and limit; nothing where the value is not known."""
    message = MEASURED[row["code"]]
    figures = {name: float("nan") if row.get(name) is None else float(row[name]) for name in ("value", "usual", "limit")}
    if message is None or not math.isfinite(figures["value"]):
        return ""
    key, write = message
    return spoken.say(f"drift.{key}", **{name: write(spoken, v) if math.isfinite(v) else "–" for name, v in figures.items()})


def _fact(spoken: Language, kind: str, *figures: Any) -> str:
    if kind == "names":
        return spoken.say("drift.names", names=", ".join(spoken.isolated(shown(name)) for name in figures))
    if kind == "features":
        return spoken.say("drift.names", names=", ".join(_feature(spoken, *feature) for feature in figures))
    before, now, *name = figures
    return spoken.say(
        f"drift.{kind}", before=_FACTS[kind](spoken, before), now=_FACTS[kind](spoken, now), name="".join(shown(n) for n in name)
    )


def _feature(spoken: Language, name: str, *facts: tuple[Any, ...]) -> str:
    """Return a feature and in brackets what of it has changed."""
    told = " ".join(_fact(spoken, *fact) for fact in facts).rstrip(".")
    return spoken.isolated(shown(name)) + (f" ({told})" if told else "")


def _outcomes(drift: Any, spoken: Language) -> str:
    """Return in words how earlier scores compare with their outcomes; nothing where no outcome is known."""
    outcomes = getattr(drift, "outcomes", None)
    if outcomes is None or not len(outcomes):
        return ""
    from churnpredict.monitoring.realised_outcomes import verdict

    found = verdict(outcomes)
    told = [spoken.say("alarm.outcomes", risk=spoken.percent(found["mean_risk"].value), observed=spoken.percent(found["observed"].value))]
    order = {"calibration_slope": ("alarm.outcomes.slope", "value", 2), "lift_10": ("trust.found", "n", 1)}
    for name, (key, hole, digits) in order.items():
        if name in found and math.isfinite(found[name].value):
            told.append(spoken.say(key, **{hole: spoken.number(found[name].value, digits)}))
    return " ".join(told)
