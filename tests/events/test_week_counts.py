"""Weekly counts of the streams, against a slow count customer by customer."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.clock import DAY
from churnpredict.events.week_counts import count_weeks
from churnpredict.model.season.week_counts import SCALE, merge_counts

END = pd.Timestamp("2024-03-15")


def _log(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who = rng.integers(0, n, 40 * n)
    seconds = (rng.uniform(0, 150, len(who)) * 86_400).astype(int)
    at = (END - pd.Timedelta(days=120) + pd.to_timedelta(seconds, unit="s")).astype("datetime64[us]")
    return pd.DataFrame({"who": [f"K{c:03d}" for c in who], "at": at})


def _tables(log: pd.DataFrame, **more: str) -> cp.EventTables:
    return cp.EventTables(orders=cp.Events(log, customer="who", time="at", **more))


def _same(one, other) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("moment", "by_ends", "by_first", "weekdays", "people", "days")
    )


def _slowly(log: pd.DataFrame, end: pd.Timestamp):
    """The same by dictionaries: for each customer the set of active days, the weeks, the inner ones."""
    by_ends, by_first, people = {}, {}, 0
    for _, times in log[log["at"] < end].groupby("who")["at"]:
        days = sorted(set((end - times.dt.floor("D")).dt.days))
        weeks = [(back - 1) // 7 for back in days]
        inner = [w for w in weeks if min(weeks) < w < max(weeks)]
        if not inner:
            continue
        people += 1
        weight = int(SCALE / (1 + len(inner) / 20) + 0.5)
        ends = max(weeks), min(weeks)
        by_ends[ends] = by_ends.get(ends, 0) + weight * len(inner)
        for w in inner:
            by_first[max(weeks), w] = by_first.get((max(weeks), w), 0) + weight
    return by_ends, by_first, people


def test_the_kernel_counts_as_a_slow_count_does():
    log = _log()
    tables = _tables(log)
    (found,) = count_weeks(tables, "orders", tables.instants(END))
    by_ends, by_first, people = _slowly(log, END)
    assert people == found.people > 30
    for wanted, counts in ((by_ends, found.by_ends), (by_first, found.by_first)):
        assert {tuple(map(int, at)): int(counts[tuple(at)]) for at in np.argwhere(counts)} == wanted
    assert found.moment == END.value // 1000


def test_rows_at_or_after_the_moment_change_nothing():
    log = _log()
    before = _tables(log[log["at"] < END])
    moved = log.assign(at=np.where(log["at"] >= END, log["at"] + pd.Timedelta(days=9), log["at"]))
    at_the_moment = pd.concat([log, pd.DataFrame({"who": ["K001", "K002"], "at": [END, END]})])
    (alone,) = count_weeks(before, "orders", before.instants(END))
    for other in (log, moved, at_the_moment):
        tables = _tables(other.sample(frac=1, random_state=1))
        assert _same(alone, count_weeks(tables, "orders", tables.instants(END))[0])
    noon = END + pd.Timedelta(hours=12)  # the day has begun: its rows before noon count, those after it do not
    tables, cut = _tables(log), _tables(log[log["at"] < noon])
    assert _same(count_weeks(tables, "orders", tables.instants(noon))[0], count_weeks(cut, "orders", cut.instants(noon))[0])


def test_a_planted_look_ahead_is_caught():
    log = _log()
    tables = _tables(log)
    (honest,) = count_weeks(tables, "orders", tables.instants(END))
    (late,) = count_weeks(tables, "orders", tables.instants(END) + DAY)  # what a clock that looks a day ahead would see
    assert not np.array_equal(honest.by_first, late.by_first)


def test_rows_that_were_known_late_wait():
    log = _log()
    log["known"] = log["at"] + pd.to_timedelta(np.where(np.arange(len(log)) % 3 == 0, 20, 0), unit="D")
    tables = _tables(log, known_at="known")
    there = _tables(log[log["known"] < END])
    (found,) = count_weeks(tables, "orders", tables.instants(END))
    assert _same(found, count_weeks(there, "orders", there.instants(END))[0])


def test_parts_of_the_customers_add_up_to_the_last_bit():
    log = _log()
    tables = _tables(log)
    moments = tables.instants([END, END - pd.Timedelta(days=40)])
    part = [_tables(log[log["who"].str[-1].isin(list(ends))]) for ends in ("012", "345", "6789")]
    merged = merge_counts([count_weeks(some, "orders", moments) for some in part])
    for whole, sums in zip(count_weeks(tables, "orders", moments), merged, strict=True):
        assert _same(whole, sums)


def test_shifted_histories_have_the_same_counts():
    log = _log()
    later = log.assign(at=log["at"] + pd.Timedelta(days=364))
    (one,) = count_weeks(_tables(log), "orders", [END.value // 1000])
    (other,) = count_weeks(_tables(later), "orders", [(END + pd.Timedelta(days=364)).value // 1000])
    assert np.array_equal(one.by_ends, other.by_ends)
    assert np.array_equal(one.weekdays, other.weekdays)


def test_days_are_those_of_the_wall_clock():
    times = pd.to_datetime(["2024-01-01T23:30:00", "2024-01-15T23:30:00", "2024-02-12T23:30:00"]).tz_localize("UTC")
    log = pd.DataFrame({"who": ["a"] * 3, "at": times})
    tables = cp.EventTables(timezone="Asia/Tokyo", orders=cp.Events(log, customer="who", time="at"))
    (found,) = count_weeks(tables, "orders", tables.instants("2024-02-20"))
    assert found.weekdays.tolist() == np.bincount([19_724 % 7, 19_738 % 7, 19_766 % 7], minlength=7).tolist()  # 2, 16 January, 13 February


@pytest.mark.parametrize("n", [0, 1])
def test_histories_without_inner_weeks_count_nobody(n):
    log = pd.DataFrame({"who": ["a", "b"], "at": pd.to_datetime(["2024-01-01", "2024-03-01"])}).iloc[: n + 1]
    tables = _tables(log)
    (found,) = count_weeks(tables, "orders", tables.instants("2024-03-10"))
    assert found.people == 0
    assert not found.by_ends.any()


def _with_profile(log, **more):
    rows = [(who, "2020-01-01", "even" if int(who[1:]) % 2 == 0 else "odd") for who in sorted(set(log["who"]))]
    people = pd.DataFrame(rows, columns=["who", "from", "side"]).astype({"from": "datetime64[us]"})
    if "later" in more:  # from a day on, all are on one side
        people = pd.concat([people, people.assign(**{"from": pd.Timestamp(more["later"]), "side": "odd"})], ignore_index=True)
    customers = cp.Customers(people, customer="who", attributes=["side"], valid_from="from")
    return cp.EventTables(customers=customers, orders=cp.Events(log, customer="who", time="at"))


def test_segments_are_counted_apart_and_add_up():
    log = _log()
    tables = _with_profile(log)
    whole, *apart = count_weeks(tables, "orders", tables.instants(END), ("side", "column"))
    assert [part.segment for part in apart] == [("column", "even"), ("column", "odd")]
    assert whole.segment is None
    for part, rest in zip(apart, (0, 1), strict=True):
        some = log[log["who"].str[1:].astype(int) % 2 == rest]
        by_ends, by_first, people = _slowly(some, END)
        assert people == part.people > 10
        for wanted, counted in ((by_ends, part.by_ends), (by_first, part.by_first)):
            assert {tuple(map(int, at)): int(counted[tuple(at)]) for at in np.argwhere(counted)} == wanted
    for name in ("by_ends", "by_first", "weekdays", "people"):
        assert np.array_equal(sum(getattr(part, name) for part in apart), getattr(whole, name))
    with pytest.raises(ValueError, match="two segments"):
        apart[0] + apart[1]


def test_a_segment_holds_those_who_were_in_it_before_the_moment():
    log = _log()
    asked = ("side", "column")
    now, late = (_with_profile(log, later=day) for day in (END, END - pd.Timedelta(days=1)))
    usual = count_weeks(_with_profile(log), "orders", now.instants(END), asked)
    assert all(_same(a, b) for a, b in zip(usual, count_weeks(now, "orders", now.instants(END), asked), strict=True))
    moved = count_weeks(late, "orders", late.instants(END), asked)
    assert moved[1].people == 0
    assert moved[2].people == usual[0].people
