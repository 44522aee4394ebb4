"""Named days as a person writes them: what they mean, and what is refused."""

import datetime
import sys
import types
import warnings

import pytest

import churnpredict as cp
from churnpredict.clock import DAY
from churnpredict.errors import UsageError
from churnpredict.pipeline.named_days import KINDS, check_calendar, named_spans

DAY_OF = {text: (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days for text in ("2024-06-01", "2024-12-20", "2025-01-01")}
MOMENT = DAY_OF["2024-06-01"] * DAY


def _entry(**more):
    return {"name": "closed", "kind": "closure", "days": ["2024-12-20/2025-01-01"]} | more


def test_dates_are_both_inside():
    (span,) = named_spans(check_calendar([_entry()]), MOMENT)
    assert (span.first, span.last) == (DAY_OF["2024-12-20"], DAY_OF["2025-01-01"])
    assert (span.factor, span.sd) == KINDS["closure"]


def test_days_of_every_year_are_laid_out_over_the_turn_of_the_year():
    spans = named_spans(check_calendar([_entry(days=["12-20/01-01"])]), MOMENT)
    assert (DAY_OF["2024-12-20"], DAY_OF["2025-01-01"]) in {(s.first, s.last) for s in spans}
    assert {s.last - s.first for s in spans} == {12}
    assert len(spans) == 13


def test_29_february_is_the_28th_in_other_years():
    spans = named_spans(check_calendar([_entry(days=["02-29"])]), MOMENT)
    days = [datetime.date(1970, 1, 1) + datetime.timedelta(days=s.first) for s in spans]
    assert {(d.month, d.day) for d in days} == {(2, 28), (2, 29)}
    assert len(days) == 13


def test_dates_of_toml_are_taken_as_they_are():
    (span,) = named_spans(check_calendar([_entry(days=[datetime.date(2024, 12, 20)])]), MOMENT)
    assert span.first == span.last == DAY_OF["2024-12-20"]


def test_a_factor_instead_of_a_kind():
    entry = {"name": "fair", "factor": 2.5, "days": ["05-01"]}
    assert named_spans(check_calendar([entry]), MOMENT)[0].factor == 2.5


def test_public_holidays_of_a_country():
    pytest.importorskip("holidays", reason="the extra holidays is not installed")
    spans = named_spans(check_calendar([{"name": "holidays", "kind": "holiday", "country": "DE", "region": "BY"}]), MOMENT)
    days = {datetime.date(1970, 1, 1) + datetime.timedelta(days=s.first) for s in spans}
    assert {datetime.date(2024, 3, 29), datetime.date(2025, 4, 18), datetime.date(2024, 11, 1)} <= days  # Good Friday moves
    with pytest.raises(UsageError, match="not known"):
        named_spans(check_calendar([{"name": "holidays", "kind": "holiday", "country": "Atlantis"}]), MOMENT)


@pytest.mark.parametrize(("last", "empty"), [(2026, None), (2025, None), (2024, "2025"), (2023, "2024"), (2010, "2024")])
def test_a_calendar_that_ends_is_noticed(monkeypatch, last, empty):
    """The package lists nothing, in silence, for years that it does not know."""

    def listed(country, subdiv, years):
        return {datetime.date(year, 4, 13): "new year" for year in years if year <= last}

    monkeypatch.setitem(sys.modules, "holidays", types.SimpleNamespace(country_holidays=listed))
    calendar = check_calendar([{"name": "holidays", "kind": "holiday", "country": "LK"}])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        spans = named_spans(calendar, MOMENT)
    assert len(spans) == max(last - 2016, 0)
    assert [w.message.code for w in said] == (["calendar-ends"] if empty else [])
    assert not empty or f"none for {empty}" in str(said[0].message)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("closed", "of type str"),
        ({"kind": "closure", "days": ["05-01"]}, "no name"),
        (_entry(kind="clozure"), 'Did you mean "closure"'),
        (_entry(kind=None), "neither kind nor factor"),
        (_entry(factor=0), "factor"),
        (_entry(factor=float("nan")), "factor"),
        (_entry(factor=True), "factor"),
        (_entry(days=[]), "not a list"),
        (_entry(days="05-01"), "not a list"),
        (_entry(days=["2024-13-01"]), "not a day"),
        (_entry(days=["2024-02-30"]), "not a day"),
        (_entry(days=["24.12.2024"]), "hold '24.12.2024'"),
        (_entry(days=["2024-12-20/2024-12-01"]), "end before they begin"),
        (_entry(days=["2024-12-20/01-01"]), "hold"),
        (_entry(country="DE"), "both days and country"),
        ({"name": "x", "kind": "sale"}, "neither days and country"),
        ({"name": "x", "kind": "sale", "country": 49}, "not a text"),
        (_entry(dates=["05-01"]), 'Did you mean "days"'),
    ],
)
def test_what_is_no_entry_is_refused(entry, said):
    with pytest.raises(UsageError, match=said) as refused:
        cp.ChurnPipeline(cp.Inactivity("90d"), calendar=[entry])
    assert refused.value.code == "bad-calendar"


def test_one_name_has_one_factor():
    with pytest.raises(UsageError, match="different factors"):
        check_calendar([_entry(), _entry(kind="sale")])
    with pytest.raises(UsageError, match="of type dict"):
        check_calendar(_entry())
