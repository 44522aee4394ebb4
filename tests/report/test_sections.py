"""Sections of the page: each part that is given is shown, and what it lacks is named."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.report.test_page import DAY, Page, check_page
from tests.shops import HOSTILE

import churnpredict as cp
from churnpredict.errors import SchemaError
from churnpredict.languages.catalogue import language_of
from churnpredict.monitoring.drift import Drift
from churnpredict.report import page as module
from churnpredict.report import sections


@pytest.fixture
def backtest():
    rows = [
        (pd.Timestamp("2024-06-01"), m, k, 0.7 + d, 0.6, 0.9, 300, 45, "clear")
        for k in ("auc", "log_loss")
        for m, d in (("churnpredict", 0.1), ("base rate", 0.0), ("recency", 0.02), ("<b>own</b>", np.nan))
    ]
    return pd.DataFrame(rows, columns=["cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal"])


def test_the_book_shows_what_it_is_given(scores, everything):
    owned = scores.assign(owner=["Anna", HOSTILE] * 200)
    page = check_page(module.render_report(owned, plan=cp.plan_retention(owned), **everything))
    rates = everything["rates"].dropna(subset="rate")
    for row in rates.itertuples():
        assert f"{row.period} {language_of('en').percent(row.rate)}" in page.text
        assert f"{row.lost:,} {row.customers:,}" in page.text
    assert "12 gone already: 9 no data: 3" in page.text
    assert page.text.count(HOSTILE) >= 3, "owner, drift and change are text"
    assert "nothing in the last 2 weeks" in page.text
    pictures = [a["class"] for tag, a in page.tags if tag == "svg"]
    assert pictures.count("square") == 1
    assert pictures.count("bar") > len(rates_shown := everything["rates"].dropna(subset="rate")), rates_shown
    kept = everything["backtest"].predictions
    tenths = sections.calibration(sections.tenths(everything["backtest"]), language_of("en"))["rows"]
    assert sum(t["n"] for t in tenths) == len(kept)
    assert sum(t["happened"] * t["n"] for t in tenths) == pytest.approx(kept["outcome"].sum())


def test_no_drift_is_said_too_and_an_object_is_read(scores):
    calm, alarm = Drift(DAY, 100), SimpleNamespace(where="risk", what="Mean up.", remedy="Look.")
    assert "Nothing: tables, customers and risks are as they were" in Page(module.render_report(scores, drift=calm)).text
    assert "risk : Mean up. Look." in Page(module.render_report(scores, drift=Drift(DAY, 100, (alarm,)))).text


def test_alerts_are_listed_as_text(scores):
    index = pd.MultiIndex.from_arrays([[HOSTILE, "b"], pd.to_datetime(["2024-09-01"] * 2)], names=["customer_id", "cutoff"])
    alerts = cp.diagnostics.find_alerts(pd.DataFrame({"idle": [70.0, 80.0]}, index=index), {"silent <b>": "idle >= 60"})
    page = check_page(module.render_report(scores, alerts=alerts))
    assert "silent <b>: 2 customers" in page.text
    assert f"{HOSTILE} since 1 Sep 2024" in page.text
    assert "No rule of [alerts] holds" in check_page(module.render_report(scores, alerts=alerts.iloc[:0])).text


@pytest.mark.parametrize("part", sorted(module.COLUMNS))
def test_a_part_that_lacks_a_column_is_refused_by_name(scores, everything, part):
    given = everything.get(part)
    whole = given if isinstance(given, pd.DataFrame) else pd.DataFrame({c: [1.0] for c in module.COLUMNS[part]})
    for column in module.COLUMNS[part]:
        with pytest.raises(SchemaError, match="missing-column") as error:
            module.render_report(scores, **{part: pd.DataFrame(whole).drop(columns=column)})
        assert column in str(error.value)


@pytest.mark.parametrize(("code", "written"), [("en", "1.0"), ("de", "1,0")])
def test_a_lift_of_one_keeps_its_zero(backtest, code, written):
    lift = backtest[backtest["metric"] == "auc"].assign(metric="lift_10", value=1.0)
    (told,) = sections.judged(lift, language_of(code))
    assert told["write"](told["models"][0]["value"]) == written
