"""Ends that are last days: declared, found out and said, or left alone; whole, in parts, and in any time zone."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import TimeError, UsageError
from churnpredict.events.partition_context import Whole


def monthly(n=60, months=6, last="D", first="2024-01-01"):
    """Contracts from the first of a month to its last day, or to its last second."""
    edges = pd.date_range(first, periods=months + 1, freq="MS")
    back = {"D": pd.Timedelta(days=1), "s": pd.Timedelta(seconds=1), "us": pd.Timedelta(microseconds=1), "": pd.Timedelta(0)}[last]
    rows = [(i, a, b - back) for i in range(n) for a, b in itertools.pairwise(edges)]
    return pd.DataFrame(rows, columns=["u", "s", "e"])


def tables_of(frame, until="2024-08-01", timezone="UTC", **more):
    return cp.EventTables(subs=cp.Intervals(frame, customer="u", start="s", end="e", **more), observed_until=until, timezone=timezone)


def quiet(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


CHURN = cp.SubscriptionEnd("30d", grace="10d")


@pytest.mark.parametrize("last", ["D", "s", "us"])
@pytest.mark.parametrize("grace", ["0d", "10d"])
def test_contracts_through_the_last_day_have_no_seam(last, grace):
    with pytest.warns(cp.ChurnWarning, match=r"300 of 300 intervals that follow another begin on the day after its end.*\[last-days\]"):
        tables = tables_of(monthly(last=last))
    churn = cp.SubscriptionEnd("30d", grace=grace)
    table = cp.churn_rate(tables, churn, period="M")
    assert table["customers"].tolist() == [60] * 5 + [0]
    assert table["lost"].tolist()[:5] == [0, 0, 0, 0, 60], "the last contracts end with June"
    for at in ("2024-01-31", "2024-02-01", "2024-02-01 00:00:01", "2024-02-29 23:59:59.5"):
        assert len(cp.take_snapshots(tables, churn, at=at)) == 60
    assert cp.accounting.cohorts(tables, churn).loc["2024-01", [1, 2, 3, 4, 5]].tolist() == [1.0] * 5


def test_declared_or_found_out_is_the_same():
    frame = monthly()
    found, said = quiet(lambda: tables_of(frame)), tables_of(frame, end_inclusive=True)
    assert np.array_equal(found.streams["subs"].columns["end"], said.streams["subs"].columns["end"])
    for table in (found, said):
        assert cp.churn_rate(table, CHURN, period="M")["customers"].tolist() == [60] * 5 + [0]
    past = cp.take_snapshots(said, CHURN, at=["2024-03-01", "2024-03-31"])
    pd.testing.assert_frame_equal(cp.build_features(found, past), cp.build_features(said, past))
    renewed = cp.build_features(said, past, features=[cp.Feature("subs", "closed_days_mean")]).to_numpy().ravel()
    assert renewed[:2].tolist() == [31.0, 30.0], "January has 31 days, February 29"


def test_half_open_is_left_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        touching, declared = tables_of(monthly(last="")), tables_of(monthly(), end_inclusive=False)
    assert touching.streams["subs"].columns["end"].max() == touching.instants("2024-07-01")[0]
    assert declared.streams["subs"].columns["end"].max() == declared.instants("2024-06-30")[0]
    assert cp.churn_rate(declared, CHURN, period="M")["customers"].tolist() == [60] * 5 + [0], "bridged within the grace"


def accidents():
    two = monthly(1, 3)  # two follow-ups are an accident
    late = monthly(10, 3)
    late["s"] += pd.to_timedelta(np.arange(len(late)) % 3, unit="D")  # most renew on another day
    timed = monthly(10, 3)
    timed.loc[4, "e"] += pd.Timedelta(hours=9)
    return {"two": two, "late": late, "timed": timed}


@pytest.mark.parametrize("name", accidents())
def test_an_accident_is_no_custom(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = tables_of(accidents()[name])
    assert tables.streams["subs"].columns["end"].max() == tables.instants(accidents()[name]["e"].max())[0]


def test_a_day_is_one_of_the_business():
    """The last day of March ends an hour sooner in UTC than the last day of February: summer has begun."""
    tables = quiet(lambda: tables_of(monthly(), timezone="Europe/Berlin"))
    ends = np.unique(tables.streams["subs"].columns["end"])
    assert np.array_equal(ends, tables.instants(["2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01", "2024-06-01", "2024-07-01"]))
    assert cp.churn_rate(tables, CHURN, period="M")["customers"].tolist() == [60] * 5 + [0]


def test_times_with_a_zone():
    frame = monthly()
    for column in ("s", "e"):
        frame[column] = frame[column].dt.tz_localize("Europe/Berlin")
    tables = quiet(lambda: tables_of(frame, timezone="Europe/Berlin"))
    assert tables.streams["subs"].columns["end"].max() == tables.instants("2024-07-01")[0]


def test_planned_ends_likewise():
    frame = monthly()
    frame["plan"], frame["e"] = frame["e"], frame["e"].where(frame["s"] < "2024-06-01")
    with pytest.warns(cp.ChurnWarning, match="last-days"):
        tables = tables_of(frame, planned_end="plan")
    assert tables.streams["subs"].columns["planned_end"].max() == tables.instants("2024-07-01")[0]
    past = pd.DataFrame({"customer_id": [0], "cutoff": pd.Timestamp("2024-06-21")})
    assert cp.build_features(tables, past, features=[cp.Feature("subs", "days_to_end")]).to_numpy().ravel().tolist() == [10.0]
    open_ended = tables_of(frame.assign(e=pd.NaT), planned_end="plan", end_inclusive=True)
    assert open_ended.streams["subs"].columns["planned_end"].max() == tables.instants("2024-07-01")[0]


def test_a_contract_of_one_day():
    frame = pd.DataFrame({"u": [1, 2], "s": ["2024-03-01 10:00", "2024-03-01 10:00"], "e": ["2024-03-01", "2024-03-05"]})
    with pytest.raises(TimeError, match="end_inclusive=True"):
        tables_of(frame)
    tables = tables_of(frame, end_inclusive=True)
    assert len(cp.take_snapshots(tables, CHURN, at="2024-03-01 12:00")) == 2
    assert cp.take_snapshots(tables, CHURN, at="2024-03-02")["customer_id"].tolist() == [2]


def test_parts_say_what_the_whole_says():
    """One customer's follow-ups are an accident, those of sixty are not: the parts are judged together."""
    frame = monthly(40, 3)
    declared = {"subs": cp.Intervals(frame, customer="u", start="s", end="e")}
    whole = quiet(lambda: cp.EventTables(observed_until="2024-05-01", **declared))
    with pytest.warns(cp.ChurnWarning, match="80 of 80 intervals"):
        parts = cp.runs.scan_tables(observed_until="2024-05-01", partitions=30, **declared)
    with parts:
        digests = [parts.digest(i) for i in range(parts.n_partitions)]
        rows = 0
        for part in parts:
            own = part.streams["subs"]
            rows += len(own)
            assert set(own.columns["end"]) == set(whole.streams["subs"].columns["end"])
        assert rows == len(frame)
    with cp.runs.scan_tables(
        observed_until="2024-05-01", partitions=30, subs=cp.Intervals(frame, customer="u", start="s", end="e", end_inclusive=False)
    ) as left:
        assert set(digests).isdisjoint(left.digest(i) for i in range(left.n_partitions)), "another reading is another content"


def test_what_tasks_have_learnt_adds_up():
    declared = {"subs": cp.Intervals(monthly(), customer="u", start="s", end="e")}
    halves = []
    for some in (monthly(2, 2), monthly(1, 2)):
        whole = Whole(declared, "UTC")
        whole.learn(quiet(lambda some=some: cp.EventTables(subs=cp.Intervals(some, customer="u", start="s", end="e"))))
        halves.append(whole)
    assert [h.last_days for h in halves] == [{"subs": []}, {"subs": []}]
    halves[0].merge(halves[1])
    assert halves[0].last_days == {"subs": ["end"]}
    halves[0].draw_outline()
    assert halves[0].plain().last_days == {"subs": ["end"]}


def test_nothing_else_is_taken():
    with pytest.raises(UsageError, match="end_inclusive is 'yes'"):
        tables_of(monthly(), end_inclusive="yes")
