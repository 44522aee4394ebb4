"""How silences end: equal to the plain Kaplan-Meier loop, and a horizon that finds planted rhythms."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.histories import GRAINS, ZONES, make_history
from tests.oracles.features_pandas import utc
from tests.oracles.rates import kaplan_meier

import churnpredict as cp
from churnpredict.accounting import horizon as module
from churnpredict.errors import DataError, MissingExtraError, UsageError
from churnpredict.spans import Span

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def rhythm(rng, gap, sd, *, leaving=0.05, n=400, days=720):
    """Customers who come every ``gap`` days, give or take, and after each visit leave for good with a small probability."""
    rows = []
    for customer in range(n):
        day = rng.integers(0, gap)
        while day < days:
            rows.append((customer, day))
            if rng.random() < leaving:
                break
            day += max(1, round(rng.normal(gap, sd)))
    frame = pd.DataFrame(rows, columns=["id", "day"])
    frame["day"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(frame["day"], unit="D")
    last = pd.Timestamp("2023-01-01") + pd.Timedelta(days=days)
    return cp.EventTables(visits=cp.Events(frame, customer="id", time="day"), observed_until=last)


def final_after(gap, sd, leaving, returning=0.1):
    """The first day on which the planted probability of coming back is small enough."""
    from scipy.stats import norm

    for day in range(1, 1000):
        late = (1 - leaving) * norm.sf(day + 0.5, gap, sd)  # visits are rounded to days
        if late / (late + leaving) <= returning:
            return day
    raise AssertionError


@pytest.mark.parametrize(("gap", "sd"), [(7, 1), (30, 5), (60, 12)])
@pytest.mark.parametrize("leaving", [0.05, 0.15])
def test_planted_rhythms_are_found(rng, gap, sd, leaving):
    proposed = cp.accounting.suggest_horizon(rhythm(rng, gap, sd, leaving=leaving))
    planted = final_after(gap, sd, leaving)
    assert proposed.days == pytest.approx(planted, rel=0.05, abs=1)
    assert proposed.final
    assert proposed.comes_back <= 0.1
    assert proposed.horizon == f"{proposed.days}d"
    assert repr(proposed).startswith(f"{proposed.horizon}: of customers")
    assert cp.Inactivity(proposed.horizon).horizon_span == Span(days=proposed.days)


def test_a_share_of_nine_in_ten_gaps_would_have_been_too_short(rng):
    """Why the horizon is not simply the gap that 90 % of gaps do not exceed: many of those silent for so long come back."""
    curve = cp.accounting.return_curve(rhythm(rng, 30, 5))
    assert curve.comes_back(36) > 0.4


def test_a_stricter_share_takes_a_longer_silence(rng):
    tables = rhythm(rng, 30, 5)
    days = [cp.accounting.suggest_horizon(tables, returning=r).days for r in (0.5, 0.2, 0.05)]
    assert days == sorted(days)
    assert len(set(days)) == 3


def test_a_share_that_is_exactly_reached_counts_in_spite_of_rounding():
    """Of 68 silences 18 end after 2 days and 10 after 5: behind the first step it is 10 of 50, exactly a fifth."""
    visits = [(who, 0) for who in range(40)] + [(who, 2) for who in range(18)] + [(who, 5) for who in range(18, 28)]
    frame = pd.DataFrame(visits, columns=["id", "day"])
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["day"], unit="D")
    tables = cp.EventTables(visits=cp.Events(frame, customer="id", time="day"), observed_until="2024-03-01", timezone="UTC")
    proposed = cp.accounting.suggest_horizon(tables, returning=0.2)
    assert (proposed.days, proposed.final) == (2, True)
    assert proposed.comes_back > 0.2, "by rounding"


def test_where_no_silence_is_final_it_says_so(rng):
    """Gaps without memory and without leaving: whoever is silent comes back."""
    proposed = cp.accounting.suggest_horizon(rhythm(rng, 40, 25, leaving=0.0))
    assert not proposed.final
    assert proposed.days <= 240
    assert "no silence" in repr(proposed)
    assert proposed.comes_back > 0.1


def check_curve(history):
    tables = history.tables()
    visits = history.log[~(history.log["amount"] < 0)]  # a refund is no visit
    local = pd.Series(pd.DatetimeIndex(visits["at"]))
    wall = pd.Series(utc(local, history.timezone).tz_localize("UTC").tz_convert(history.timezone).tz_localize(None))
    days = (wall.dt.floor("D") - pd.Timestamp("2020-01-01")).dt.days
    end = pd.Timestamp(tables.observed_until("orders"), unit="us", tz="UTC").tz_convert(history.timezone).tz_localize(None)
    last = (end - pd.Timestamp("2020-01-01")).days - 1
    own = days.groupby(visits["user"].to_numpy()).apply(list)
    expected = kaplan_meier(own.tolist(), last + 1)
    curve = cp.accounting.return_curve(tables, of="orders").frame
    assert curve["quiet"].tolist() == [n for n, _ in expected][: len(curve)]
    assert curve["returned"].tolist() == pytest.approx([r for _, r in expected][: len(curve)], abs=1e-12)
    assert all(n < 20 for n, _ in expected[len(curve) :])
    assert (curve["low"] <= curve["comes_back"] + 1e-12).all()
    assert (curve["comes_back"] <= curve["high"] + 1e-12).all()


@given(
    st.builds(
        make_history,
        st.integers(0, 10_000),
        n_rows=st.integers(40, 80),
        timezone=st.sampled_from(ZONES),
        grain=st.sampled_from(list(GRAINS)),
    )
)
def test_the_curve_is_that_of_the_plain_loop(history):
    try:
        check_curve(history)
    except DataError as error:
        assert error.code == "too-few-silences"  # noqa: PT017


def uncensored(starts, days, end):
    """A fault: silences that still run are taken for ended."""
    ended, running, longest = ORIGINAL(starts, days, end)
    return np.concatenate([ended, running]), running[:0], longest


def a_day_too_long(starts, days, end):
    """A fault: the day on which the data end counts as watched."""
    return ORIGINAL(starts, days, end + 1)


ORIGINAL = module.gaps


@pytest.mark.parametrize("fault", [uncensored, a_day_too_long])
def test_faults_are_caught(fault, monkeypatch):
    history = make_history(5, n_rows=80)
    check_curve(history)
    monkeypatch.setattr(module, "gaps", fault)
    with pytest.raises(AssertionError):
        check_curve(history)


def test_several_rows_of_a_day_are_one_visit(rng):
    tables = rhythm(rng, 30, 5, n=100)
    stream = tables.stream("visits")
    twice = dataclasses.replace(
        stream, offsets=2 * stream.offsets, times=np.repeat(stream.times, 2) + np.tile([0, 3_600_000_000], len(stream))
    )
    before = cp.accounting.return_curve(tables)
    tables.streams["visits"] = twice
    pd.testing.assert_frame_equal(before.frame, cp.accounting.return_curve(tables).frame)


def test_the_picture_shows_the_curve(rng):
    pytest.importorskip("matplotlib")
    proposed = cp.accounting.suggest_horizon(rhythm(rng, 30, 5, n=100))
    (ax,) = proposed.plot().axes
    drawn = ax.lines[0].get_xydata()
    assert drawn[:, 1] == pytest.approx(proposed.curve.frame["comes_back"].to_numpy())
    assert ax.lines[1].get_xdata()[0] == proposed.days
    assert ax.get_xlim()[1] >= 2 * proposed.days
    assert proposed.plot()._repr_png_()[:4] == b"\x89PNG"
    assert len(proposed.curve.plot().axes[0].lines) == 1


def test_without_matplotlib_it_says_what_to_install(rng, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r'pip install "churnpredict\[plot\]"'):
        cp.accounting.return_curve(rhythm(rng, 30, 5, n=60)).plot()


def test_refusals(rng):
    tables = rhythm(rng, 30, 5, n=60)
    with pytest.raises(UsageError, match="bad-argument"):
        cp.accounting.suggest_horizon(tables, returning=1.5)
    with pytest.raises(UsageError, match="too-long-silence"):
        cp.accounting.return_curve(tables).comes_back(100_000)
    with pytest.raises(UsageError, match="unknown-table"):
        cp.accounting.suggest_horizon(tables, of="visit")
    few = pd.DataFrame({"id": [1, 2], "day": ["2024-01-01", "2024-01-02"]})
    with pytest.raises(DataError, match="too-few-silences"):
        cp.accounting.return_curve(cp.EventTables(visits=cp.Events(few, customer="id", time="day")))
