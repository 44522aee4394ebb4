"""Drift alarms on a page are told in its language, with their figures; no detail stays English."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.monitoring import drift, drift_checks
from churnpredict.monitoring.drift import Drift
from churnpredict.monitoring.drift_checks import Alarm
from churnpredict.monitoring.realised_outcomes import judge_matured, verdict
from churnpredict.report.drift_section import MEASURED, REMEDIES, drifted
from churnpredict.report.page import render_report

DAY = pd.Timestamp("2024-09-01")
FACTS = (
    ("count", 1200, 310),
    ("missing", 0.02, 0.5),
    ("level", 0.1, 0.75, "red {x}"),
    ("median", 3.0, 1250.0),
    ("names", "idle", "visits"),
)
EVERY = tuple(Alarm("source", code, "visits", "Old words.", 0.5, 0.1, 0.25, "Do this.", FACTS) for code in MEASURED)


def test_every_code_of_the_checks_has_its_sentences() -> None:
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (drift, drift_checks))
    assert set(re.findall(r'book\.(?:check|alarm)\([^,"]+, "([\w-]+)"', source)) == set(MEASURED)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_alarm_is_told_in_every_language(code: str) -> None:
    spoken = language_of(code)
    found = drifted(Drift(DAY, 100, EVERY, in_sample=21), spoken)
    assert found is not None
    for alarm, row in zip(EVERY, found["alarms"], strict=True):
        assert row["said"] == spoken.page[f"alarm.{alarm.code}"]
        assert row["details"].endswith(spoken.page[REMEDIES[alarm.code]])
        assert row["own"] == ""
        idle = ", ".join(map(spoken.isolated, ("idle", "visits")))
        for figure in (spoken.people(1200), spoken.percent(0.75), spoken.number(1250), "red {x}", idle):
            assert figure in row["details"]
    assert "21" in found["left_out"]


def test_figures_are_those_of_the_alarm() -> None:
    found = drifted(Drift(DAY, 100, EVERY), language_of("de"))
    assert found is not None
    told = {alarm.code: row["details"] for alarm, row in zip(EVERY, found["alarms"], strict=True)}
    assert found["left_out"] == ""
    assert "(PSI): 0,5; üblich 0,1, Grenze 0,25." in told["column"]
    assert "Anteil: 50\u00a0%; Grenze 25\u00a0%." in told["gone"]
    assert "um den Faktor 1,65 ab; Grenze 1,28." in told["risk-level"]
    assert "mindestens um den Faktor 1,65 falsch" in told["calibration"]
    assert "höchstens 0,5; sie" in told["slope"]
    assert "mindestens 0,5 schlechter" in told["no-gain"]
    assert "Zeit ohne neue Zeile: 0,5 Tage; bisher höchstens: 0,1 Tage." in told["late-source"]
    assert "Jetzt 310; beim Training üblich: 1.200." in told["volume"]


def test_what_is_not_known_is_not_said() -> None:
    rows = [
        Alarm("input", "column", "visits.kind", "w", 0.5, np.nan, np.inf, "r"),
        Alarm("input", "column", "visits.kind", "w", np.nan, 0, 0, "r"),
    ]
    found = drifted(Drift(DAY, 1, tuple(rows)), language_of("de"))
    assert found is not None
    said = [row["details"] for row in found["alarms"]]
    little = language_of("de").page["fix.crept"]
    assert said == [f"Unterschied zum Training (PSI): 0,5; üblich –, Grenze –. {little}", little]
    assert drifted(None, language_of("de")) is None


def test_a_frame_of_alarms_and_one_that_is_not_ours() -> None:
    ours = drifted(Drift(DAY, 1, EVERY).table, language_of("fr"))
    assert ours is not None
    assert all(row["said"] and not row["own"] for row in ours["alarms"])
    assert "facts" not in Drift(DAY, 1, EVERY).table
    other = drifted([SimpleNamespace(code="own", where="here", what="Up.", remedy="Look.")], language_of("fr"))
    assert other is not None
    assert other["alarms"][0]["own"] == "Up. Look."


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_a_page_holds_no_english_drift_sentence(code: str) -> None:
    scores = pd.DataFrame({"customer_id": ["a"], "cutoff": [DAY], "risk": [0.2]})
    page = render_report(scores, drift=Drift(DAY, 100, EVERY, in_sample=3), language=code)
    alarms = page[page.index('<ul class="alarms">') :].partition("</ul>")[0]
    assert alarms.count("<li") == len(EVERY)
    for english in ("Old words", "Do this", 'lang="en"', *language_of("en").page["drift.in-sample"]):
        assert english not in alarms
    assert language_of(code).say("drift.in-sample", n=3) in page
    assert "scored rows are left out" not in page


@pytest.mark.parametrize("code", LANGUAGES)
def test_features_are_told_with_what_changed_of_them(code: str) -> None:
    spoken = language_of(code)
    moved = (("habit__gap", ("missing", 0.02, 0.5), ("median", 3.0, 12.0)), ("price__plan",))
    alarm = Alarm("input", "inputs", "visits", "w", 0.5, 0.1, 0.2, "r", (("features", *moved),))
    found = drifted(Drift(DAY, 1, (alarm,)), spoken)
    assert found is not None
    missing = spoken.say("drift.missing", before=spoken.percent(0.02), now=spoken.percent(0.5))
    median = spoken.say("drift.median", before="3", now="12").rstrip(".")
    names = f"{spoken.isolated('habit__gap')} ({missing} {median}), {spoken.isolated('price__plan')}"
    assert spoken.say("drift.names", names=names) in found["alarms"][0]["details"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_earlier_scores_are_told_with_slope_and_lift(code: str) -> None:
    spoken = language_of(code)
    rng = np.random.default_rng(5)
    n = 400
    risk = rng.uniform(0.02, 0.6, n)
    rows = pd.DataFrame({"customer_id": np.arange(n), "cutoff": DAY, "risk": risk, "left": rng.random(n) < risk})
    figures = judge_matured(rows, 0.3, pd.Timedelta(days=90))
    slope, lift = (verdict(figures)[name].value for name in ("calibration_slope", "lift_10"))
    told = drifted(Drift(DAY, 1, (), outcomes=figures), spoken)
    assert told is not None
    assert spoken.say("alarm.outcomes.slope", value=spoken.number(slope, 2)) in told["outcomes"]
    assert spoken.say("trust.found", n=spoken.number(lift, 1)) in told["outcomes"]
