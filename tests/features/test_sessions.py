"""Sessions as a table and as features: equal to a plain loop, cut at the cutoff, by the silence that is declared."""

from __future__ import annotations

import statistics

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.diagnostics import sessions
from churnpredict.errors import ChurnError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
START = pd.Timestamp("2024-03-30")  # the clock of Berlin changes on the next day
AGGREGATES = ("sessions", "session_minutes", "session_events", "session_depth")


def clicks(seed: int, n: int) -> pd.DataFrame:
    """Clicks in bursts: silences of exactly the gap, and of a minute less."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in ("a", "b", "c"):
        pauses = rng.choice([0, 1, 9, 10, 29, 30, 31, 600, 3000], n)
        rows.append(pd.DataFrame({"who": who, "at": START + pd.to_timedelta(np.cumsum(pauses), unit="min")}))
    log = pd.concat(rows, ignore_index=True)
    log["page"] = pd.Series(rng.choice(list("wxyz"), len(log))).mask(rng.random(len(log)) < 0.2)
    return log.drop_duplicates(ignore_index=True)


def declared(log: pd.DataFrame, **more: object) -> cp.EventTables:
    options = {"customer": "who", "time": "at", "item": "page", "repeats": "keep"} | more
    return cp.EventTables(clicks=cp.Events(log, **options), observed_until="2025-01-01")


def plain(times: list[pd.Timestamp], pages: list[str | None], gap: int) -> list[tuple[pd.Timestamp, float, int, int]]:
    """One session after the other: start, minutes, events, depth."""
    found: list[list[tuple[pd.Timestamp, str | None]]] = []
    for row in sorted(zip(times, pages, strict=True), key=lambda r: r[0]):
        if found and row[0] - found[-1][-1][0] < pd.Timedelta(minutes=gap):
            found[-1].append(row)
        else:
            found.append([row])
    ends = [(own[0][0], (own[-1][0] - own[0][0]) / pd.Timedelta(minutes=1), len(own)) for own in found]
    return [(*end, len({p for _, p in own if isinstance(p, str)})) for end, own in zip(ends, found, strict=True)]


def by_customer(log: pd.DataFrame, gap: int) -> dict[str, list[tuple[pd.Timestamp, float, int, int]]]:
    return {who: plain(own["at"].tolist(), own["page"].tolist(), gap) for who, own in log.groupby("who")}


@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([None, 10, 30]))
def test_the_table_is_that_of_the_plain_loop(seed: int, n: int, gap: int | None) -> None:
    log = clicks(seed, n)
    found = sessions(declared(log), gap=None if gap is None else f"{gap}min")
    expected = [(who, *row) for who, rows in by_customer(log, gap or 30).items() for row in rows]
    assert [tuple(row) for row in found.itertuples(index=False)] == expected
    assert sessions(declared(log, session="10min")).equals(sessions(declared(log), gap="10min"))


@given(st.integers(0, 10_000), st.integers(2, 40), st.sampled_from([None, "10min"]))
def test_features_are_those_of_the_sessions_in_the_window(seed: int, n: int, gap: str | None) -> None:
    """A session that is open at the cutoff, or at the start of the window, is cut there."""
    log = clicks(seed, n)
    tables = declared(log, session=gap)
    rng = np.random.default_rng(seed)
    cutoff = log["at"].iloc[int(rng.integers(len(log)))] + pd.Timedelta(minutes=int(rng.integers(0, 40)))
    windows = {"1h": 1, "20h": 20, "40h": 40, "all": 10**6}
    rows = [cp.Feature("clicks", a, w, driver="habit") for a in AGGREGATES for w in windows]
    rows += [cp.Feature("clicks", "session_depth_change", "20h", driver="habit")]
    X = cp.build_features(tables, pd.DataFrame({"customer_id": ["a", "b", "c"], "cutoff": cutoff}), features=rows).droplevel("cutoff")
    past = declared(log[log["at"] < cutoff], session=gap) if (log["at"] < cutoff).sum() else None
    for who, own in log.groupby("who"):
        depths = {}
        for window, hours in windows.items():
            seen = own[(own["at"] < cutoff) & (own["at"] >= cutoff - pd.Timedelta(hours=hours))]
            found = plain(seen["at"].tolist(), seen["page"].tolist(), 30 if gap is None else 10)
            depths[window] = sum(d for *_, d in found) / len(found) if found else np.nan
            middle = statistics.median(m for _, m, _, _ in found) if found else np.nan
            expected = [len(found), middle, len(seen) / len(found) if found else np.nan, depths[window]]
            got = [X.loc[who, f"habit__clicks_{a}_{window}"] for a in AGGREGATES]
            np.testing.assert_allclose(got, expected, rtol=3e-7, err_msg=f"{who} {window}")
        before = own[(own["at"] < cutoff - pd.Timedelta(hours=20)) & (own["at"] >= cutoff - pd.Timedelta(hours=40))]
        found = plain(before["at"].tolist(), before["page"].tolist(), 30 if gap is None else 10)
        change = depths["20h"] - (sum(d for *_, d in found) / len(found) if found else np.nan)
        np.testing.assert_allclose(X.loc[who, "habit__clicks_session_depth_change_20h"], change, rtol=3e-7, atol=1e-6)
    if past is not None:
        known = [who for who in X.index if who in past.ids.to_pylist()]
        again = cp.build_features(past, pd.DataFrame({"customer_id": known, "cutoff": cutoff}), features=rows).droplevel("cutoff")
        pd.testing.assert_frame_equal(again, X.loc[known], check_exact=True)
        assert sessions(declared(log, session=gap), until=cutoff).equals(sessions(past))


def test_declared_sessions_are_rows_of_the_catalog() -> None:
    log = clicks(1, 30)
    names = {r.name for r in cp.catalog(declared(log, session="30min"))}
    assert {"habit__clicks_sessions_30d", "value__clicks_session_minutes_90d", "value__clicks_session_depth_change_90d"} <= names
    assert not any("session" in r.name for r in cp.catalog(declared(log))), "only where they are declared"
    assert not any("depth" in r.name for r in cp.catalog(declared(log, session="30min", item=None)))
    assert "depth" not in sessions(declared(log, item=None))


def test_what_cannot_be_a_silence_is_refused() -> None:
    for wrong in ("often", "0min", ""):
        with pytest.raises(ChurnError, match="session"):
            declared(clicks(1, 5), session=wrong)
    with pytest.raises(ChurnError, match="gap"):
        sessions(declared(clicks(1, 5)), gap="0min")
    log = cp.Events(clicks(1, 5), customer="who", time="at")
    both = cp.EventTables(one=log, two=log)
    with pytest.raises(UsageError, match="which-table"):
        sessions(both)
