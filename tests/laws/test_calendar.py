"""Law 17: spans of days and longer move the wall clock and the calendar of the business; hours are elapsed time."""

import datetime
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_labels, check_risk_set, check_windows, same_bits
from tests.laws.histories import make_history
from tests.oracles.features_pandas import us, utc
from tests.oracles.wall_clock import anniversaries, moved_by

import churnpredict as cp
from churnpredict.clock import DAY, local_time
from churnpredict.errors import ImmatureError, TimeError, UsageError
from churnpredict.spans import Span, span, whole_years

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

ZONES = ["Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe"]
# wall times around both changes of the clock in each zone, a leap day, and ends of months of different length
CHANGES = {
    "Europe/Berlin": ("2024-03-31", "2024-10-27"),
    "America/New_York": ("2024-03-10", "2024-11-03"),
    "America/Santiago": ("2024-04-07", "2024-09-08"),  # at midnight
    "Australia/Lord_Howe": ("2024-04-07", "2024-10-06"),  # by half an hour
}
CALENDAR = ("2024-02-29", "2024-03-31", "2024-08-31", "2024-12-31")


def daily(zone, start="2023-12-01", days=400, **settings):
    """One customer who comes every midnight but for a month, and another who came on a few days only."""
    every = pd.date_range(start, periods=days, freq="D")
    log = pd.DataFrame({"user": "a", "at": every})
    few = pd.DataFrame({"user": "b", "at": every[[0, 90, 121, 300]]})
    return cp.EventTables(visits=cp.Events(pd.concat([log, few]), customer="user", time="at"), timezone=zone, **settings)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("every", ["1d", "30d", "2w", "1 month", "90d", "1y"])
def test_cutoffs_stay_at_the_hour_of_the_last_one(zone, every):
    tables = daily(zone)
    past = cp.take_snapshots(tables, cp.Inactivity("7d", active_within="ever"), every=every, since="2024-01-05", last="2024-12-31")
    found = past["cutoff"].unique()
    midnights = pd.DatetimeIndex(found).normalize()
    assert ((found == midnights) | (midnights == pd.Timestamp(CHANGES[zone][1]))).all(), "the day on which midnight is left out begins at 1"
    last, step = us(utc(["2024-12-31"], zone)[0]), span(every)
    text = f"{step.months}mo" if step.months else f"{step.days}d"
    expected = []
    for k in range(400):
        moment = moved_by(last, text, zone, -k)
        if moment < us(utc(["2024-01-05"], zone)[0]):
            break
        expected.append(int(local_time(np.array([moment]), zone)[0]))
    assert found.astype("datetime64[us]").astype(np.int64).tolist() == sorted(expected)


def check_every_day(zone):
    """A window of a day before each midnight holds the visit of the day before and no other, whatever the clock does."""
    tables = daily(zone)
    cutoffs = pd.date_range("2024-01-10", "2024-12-20", freq="D")
    pairs = pd.DataFrame({"customer_id": "a", "cutoff": cutoffs})
    rows = [cp.Feature("visits", "count", w) for w in ("1d", "7d", "30d")] + [cp.Feature("visits", "days_since_last")]
    X = cp.build_features(tables, pairs, features=rows)
    assert (X.iloc[:, :3] == [1, 7, 30]).all().all()
    assert (X.iloc[:, 3] == 1).all(), "days are counted on the wall clock"


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_holds_one_midnight(zone):
    check_every_day(zone)


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_24_hours_are_caught(zone):
    """The planted fault: spans that do not know the clock of the business."""
    real = Span.before
    with mock.patch.object(Span, "before", lambda self, moments, timezone="UTC": real(self, moments)), pytest.raises(AssertionError):
        check_every_day(zone)


@given(
    st.integers(0, 10_000),
    st.sampled_from(ZONES),
    st.sampled_from(["day", "hour", "second"]),
    st.sampled_from([None, "45d", "2mo"]),
    st.booleans(),
)
def test_windows_across_both_changes(seed, zone, grain, limit, known_at):
    history = make_history(seed, n_rows=70, n_customers=4, grain=grain, timezone=zone, known_at=known_at)
    rng = np.random.default_rng(seed)
    days = pd.DatetimeIndex([*CHANGES[zone], *CALENDAR])
    moments = (
        days
        + pd.to_timedelta(rng.integers(-2, 9, len(days)), unit="D")
        + pd.to_timedelta(rng.choice([0, 0, 1, 2, 3, 12], len(days)), unit="h")
    )
    later = moments[moments > history.log["at"].min() + pd.Timedelta("2D")]
    unique = pd.Series(later, index=utc(later, zone)).groupby(level=0).first()
    check_windows(history, sorted(unique), limit=limit)


@given(
    st.integers(0, 10_000), st.sampled_from(ZONES), st.sampled_from(["1d", "30d", "1mo", "24h"]), st.sampled_from(["0d", "1d", "1mo", "6h"])
)
def test_labels_and_risk_sets_across_both_changes(seed, zone, horizon, gap):
    history = make_history(seed, n_rows=70, n_customers=4, grain="hour", timezone=zone)
    first = history.log["at"].min()
    days = [pd.Timestamp(day) for day in (*CHANGES[zone], *CALENDAR)]
    cutoffs = sorted({day - pd.Timedelta(days=back) for day in days for back in (0, 1, 30) if day - pd.Timedelta(days=back) > first})
    check_labels(history, cp.Inactivity(horizon, of="orders", gap=gap), cutoffs, horizon=horizon, gap=gap)
    check_risk_set(history, cp.Inactivity("30d", of="orders", active_within=horizon), cutoffs, within=horizon)


@pytest.mark.parametrize("zone", ["UTC", *ZONES])
@pytest.mark.parametrize("horizon", ["1d", "30d", "1 month", "3 months", "1y", "36h"])
@pytest.mark.parametrize("gap", ["0d", "1 month", "1d"])
@pytest.mark.parametrize("until", ["2024-03-31", "2024-04-01 02:30", "2024-09-09", "2024-10-28", "2024-02-29"])
def test_the_latest_cutoff_is_mature_and_its_window_all_but_fills_the_time(zone, horizon, gap, until):
    tables = daily(zone, start="2022-06-01", days=1000, observed_until=until)
    churn = cp.Inactivity(horizon, gap=gap, active_within="ever")
    latest, observed = churn.latest_cutoff(tables), tables.observed_until()
    closes = moved_by(moved_by(latest, _plain(gap), zone), _plain(horizon), zone)
    assert closes <= observed
    assert observed - closes <= 4 * DAY, "months are clipped, and a day may begin at 1"
    pairs = pd.DataFrame({"customer_id": ["a"], "cutoff": [tables.wall_times(np.array([latest]))[0]]})
    assert len(cp.label_churn(tables, pairs, churn)) == 1
    week = pairs.assign(cutoff=pairs["cutoff"] + pd.Timedelta(days=7))
    with pytest.raises(ImmatureError, match="latest cutoff that can be labelled"):
        cp.label_churn(tables, week, churn)


def _plain(text):
    s = span(text, zero=True)
    return f"{s.months}mo" if s.months else f"{s.days}d" if s.days or not s.microseconds else f"{s.microseconds // (DAY // 24)}h"


def test_an_order_of_the_cutoffs_own_day_is_the_future():
    """Dates without a time, a business in Berlin, cutoffs every 30 days: each stands at midnight, before the orders of its day."""
    tables = daily("Europe/Berlin", days=600)
    past = cp.take_snapshots(tables, cp.Inactivity("30d"), every="30d")
    assert (past["cutoff"] == past["cutoff"].dt.normalize()).all()
    assert past["cutoff"].nunique() > 15
    X = cp.build_features(tables, past, features=[cp.Feature("visits", "days_since_last")])
    assert (X.xs("a").to_numpy() == 1).all()


@given(st.datetimes(datetime.datetime(2018, 1, 1), datetime.datetime(2025, 1, 1)), st.integers(0, 2000), st.sampled_from(["UTC", *ZONES]))
def test_anniversaries_are_those_of_the_calendar(begun, days, zone):
    since = us(utc([begun], zone)[0])
    for moment in (since + days * DAY, moved_by(since, f"{12 * (days % 5)}mo", zone), moved_by(since, f"{12 * (days % 5)}mo", zone) - 1):
        if moment >= since:
            assert whole_years(np.array([since]), np.array([moment]), zone).tolist() == [anniversaries(since, moment, zone)]


@pytest.mark.parametrize("begun", ["2023-04-01", "2024-02-29", "2020-02-29", "2023-03-01"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_annual_contracts_end_in_their_own_year(begun, zone):
    start = pd.Timestamp(begun)
    end = start + pd.DateOffset(years=1)
    log = [(i, start, end) for i in range(40)] + [(i, end, end + pd.DateOffset(years=1)) for i in range(20)]
    contracts = pd.DataFrame(log, columns=["c", "s", "e"])
    tables = cp.EventTables(
        subs=cp.Intervals(contracts, customer="c", start="s", end="e"), observed_until=end + pd.DateOffset(months=18), timezone=zone
    )
    years = pd.DataFrame(cp.accounting.tenure_table(tables, cp.SubscriptionEnd("30d", grace="14d")))
    assert years["customers"].tolist()[:2] == [40, 20]
    assert years["lost"].tolist()[:2] == [20, 20]


@pytest.mark.parametrize(
    ("period", "frequency"),
    [("Q-JAN", "Q-JAN"), ("Y-APR", "Y-APR"), ("A-MAR", "Y-MAR"), ("W-SAT", "W-SAT"), ("W-SUN", "W-SUN"), ("Q", "Q-DEC")],
)
@pytest.mark.parametrize("zone", ["UTC", "America/Santiago", "Europe/Berlin"])
def test_fiscal_periods_begin_at_local_midnights(period, frequency, zone):
    from churnpredict.accounting.ledger import Periods

    tables = daily(zone)
    first, last = tables.instants(["2023-12-01", "2025-11-30"]).tolist()
    found = Periods.between(tables, period, first, last)
    expected = pd.period_range("2023-12-01", "2025-11-30", freq=frequency)
    expected = expected[(expected.start_time >= pd.Timestamp("2023-12-01")) & (expected.start_time < pd.Timestamp("2025-11-30"))]
    assert found.labels == [str(p) for p in expected]
    assert found.starts.tolist() == [us(t) for t in utc(expected.start_time, zone)]
    assert found.ends[:-1].tolist() == found.starts[1:].tolist()


@pytest.mark.parametrize("period", ["Q-FEBRUARY", "BQ", "QS", "quarter", "q", "W-FOO", "M-JAN", 3, None, "Q-"])
def test_other_periods_are_refused(period):
    with pytest.raises(UsageError, match="bad-period"):
        cp.churn_rate(daily("UTC"), cp.Inactivity("30d"), period=period)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_classifier_purges_by_the_clock_of_its_cutoffs(zone):
    """Cutoffs with a zone, without one, and in UTC: the same rows train."""
    naive = pd.date_range("2024-01-01", periods=16, freq="30D")
    frames = [pd.DataFrame({"a": range(16)}, index=pd.Index(t, name="cutoff")) for t in (naive, naive.tz_localize(zone))]
    splits = [[(a.tolist(), b.tolist()) for a, b in cp.TemporalSplit(3, horizon="90d", gap="30d").split(X)] for X in frames]
    assert splits[0] == splits[1]


def test_features_do_not_depend_on_how_spans_are_written():
    tables = daily("Europe/Berlin")
    past = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": pd.Timestamp("2024-06-01")})
    windows = ["14d", "2w", "14 days", "2 weeks", pd.Timedelta(14, "D"), np.timedelta64(14, "D"), datetime.timedelta(days=14)]
    frames = [cp.build_features(tables, past, features=[cp.Feature("visits", "count", w)]) for w in windows]
    assert {f.columns[0] for f in frames} == {"habit__visits_count_14d", "habit__visits_count_2w"}
    for frame in frames:
        same_bits(frame.set_axis(["x"], axis=1), frames[0].set_axis(["x"], axis=1))


MOMENTS = [
    1704067200,
    1.7e9,
    np.int64(20240201),
    "20240201",
    "1704067200",
    "01/02/2024",
    "13/02/2024",
    "2024-2-1",
    "2024",
    "2024-02",
    "1 Feb 2024",
]
MOMENTS += [
    "2024-02-30",
    "2024-02-01T25:00",
    "today",
    "now",
    "",
    pd.Period("2024-02"),
    pd.Period("2024-02-01"),
    np.datetime64("2024-02", "M"),
]
MOMENTS += [None, pd.NaT, float("nan"), True, b"2024-02-01", {"at": "2024-02-01"}, datetime.time(12), "2024-02-01 12:00 Europe/Berlin"]


@pytest.mark.parametrize("given", MOMENTS, ids=repr)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_what_is_not_a_moment_is_refused_everywhere(given, zone):
    tables, churn = daily(zone), cp.Inactivity("30d")
    calls = [lambda: cp.take_snapshots(tables, churn, at=[given])]
    if given is not None:
        calls += [lambda: cp.take_snapshots(tables, churn, at=given), lambda: daily(zone, observed_until=given)]
        calls += [lambda: cp.take_snapshots(tables, churn, every="30d", since=given)]
        calls += [lambda: cp.take_snapshots(tables, churn, every="30d", last=given)]
    pairs = pd.DataFrame({"customer_id": ["a", "a"], "cutoff": pd.Series([given] * 2, dtype=object)})
    calls += [lambda: cp.build_features(tables, pairs), lambda: cp.label_churn(tables, pairs, churn)]
    X = pd.DataFrame({"a": range(2)})
    calls += [lambda: list(cp.TemporalSplit(1, horizon="30d").split(X, cutoff=pairs["cutoff"]))]
    for call in calls:
        with pytest.raises(TimeError) as refused:
            call()
        assert refused.value.code in ("bad-time", "null-cutoff")


def test_moments_say_the_same_however_they_are_written():
    tables, churn = daily("Europe/Berlin"), cp.Inactivity("30d")
    day = datetime.date(2024, 6, 1)
    same = [
        "2024-06-01",
        "2024-06-01 00:00",
        "2024-06-01T00:00:00.000000000",
        day,
        datetime.datetime(2024, 6, 1),
        pd.Timestamp(day),
        np.datetime64(day),
    ]
    same += [
        "2024-05-31T22:00:00Z",
        "2024-05-31 22:00 UTC",
        "2024-06-01T00:00+02:00",
        "20240531T220000Z",
        pd.Timestamp("2024-06-01", tz="Europe/Berlin"),
    ]
    want = cp.take_snapshots(tables, churn, at="2024-06-01")
    for written in same:
        pd.testing.assert_frame_equal(cp.take_snapshots(tables, churn, at=written), want)
        pairs = want.assign(cutoff=pd.Series([written] * len(want), dtype=object))
        pd.testing.assert_frame_equal(cp.label_churn(tables, pairs, churn), cp.label_churn(tables, want, churn))
    aware = want.assign(cutoff=want["cutoff"].dt.tz_localize("Europe/Berlin").dt.tz_convert("UTC"))
    pd.testing.assert_frame_equal(cp.label_churn(tables, aware, churn), cp.label_churn(tables, want, churn))


def test_periods_of_a_frame_are_refused_by_name():
    tables = daily("UTC")
    months = pd.DataFrame({"customer_id": ["a"], "cutoff": pd.PeriodIndex(["2024-06"], freq="M")})
    with pytest.raises(TimeError, match="end_time"):
        cp.label_churn(tables, months, cp.Inactivity("30d"))
    X = pd.DataFrame({"a": range(4)}, index=pd.period_range("2024-01", periods=4, freq="M", name="cutoff"))
    with pytest.raises(TimeError, match="end_time"):
        list(cp.TemporalSplit(1, horizon="30d").split(X))


def test_local_days_hold_their_midnights():
    for zone in ZONES:
        for day in CHANGES[zone]:
            moment = us(utc([day], zone)[0])
            assert local_time(np.array([moment]), zone)[0] // DAY == pd.Timestamp(day).value // 1000 // DAY


@pytest.mark.parametrize(
    ("zone", "end", "begins"),
    [
        ("Europe/Berlin", "2024-03-10 12:00", "2024-04-09 12:00"),
        ("Europe/Berlin", "2024-10-10 12:00", "2024-11-09 12:00"),
        ("America/Santiago", "2024-08-20 00:00", "2024-09-19 00:00"),
    ],
)
def test_a_renewal_is_counted_by_the_wall_clock(zone, end, begins):
    """30 days after noon are noon, across both changes of the clock; a minute later is no renewal."""
    later = pd.Timestamp(begins) + pd.Timedelta(minutes=1)
    rows = [("a", "2024-01-01", end), ("a", begins, None), ("b", "2024-01-01", end), ("b", later, None)]
    frame = pd.DataFrame(rows, columns=["u", "s", "e"]).astype({"s": "datetime64[us]", "e": "datetime64[us]"})
    tables = cp.EventTables(subs=cp.Intervals(frame, customer="u", start="s", end="e", end_inclusive=False), timezone=zone)
    snapshots = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": "2024-12-01"})
    found = cp.build_features(tables, snapshots, features=[cp.Feature("subs", "renewals")])
    assert found.iloc[:, 0].tolist() == [1.0, 0.0]


def test_a_renewal_within_months_is_counted_by_the_calendar():
    """From 31 January a month lasts until 29 February, and until 1 July it is 5 months, whatever their lengths; 36 hours are hours."""
    rows = [("a", "2023-01-01", "2024-01-31"), ("a", "2024-02-29", "2024-03-30"), ("a", "2024-03-31 12:00", None)]
    rows += [("b", "2023-01-01", "2024-01-31"), ("b", "2024-03-01", "2024-03-30"), ("b", "2024-03-31 13:30", None)]
    frame = pd.DataFrame(rows, columns=["u", "s", "e"]).astype({"s": "datetime64[us]", "e": "datetime64[us]"})
    tables = cp.EventTables(subs=cp.Intervals(frame, customer="u", start="s", end="e", end_inclusive=False), timezone="Europe/Berlin")
    snapshots = pd.DataFrame({"customer_id": ["a", "b"], "cutoff": "2024-12-01"})
    spans = [None, "1 month", "31d", "36h", "30d", "1d"]
    features = [cp.Feature("subs", "renewals", within) for within in spans] + [cp.Feature("subs", "closed_count")]
    found = cp.build_features(tables, snapshots, features=features)
    assert [f.name.removeprefix("contract__subs_") for f in features[:3]] == ["renewals", "renewals_1mo", "renewals_31d"]
    assert found.to_numpy().tolist() == [[2, 2, 2, 1, 2, 0, 2], [2, 1, 2, 0, 2, 0, 2]]
