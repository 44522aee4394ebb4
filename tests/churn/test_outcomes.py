"""Labels of snapshots: 0, 1 or 2 within the window, unknown where it is not complete, and shorter horizons from the duration."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.outcomes import immature, label_churn
from churnpredict.errors import ImmatureError, OutcomeError, TimeError

DAYS = pd.date_range("2024-01-01", "2024-06-30", freq="10D")


@pytest.fixture
def tables() -> cp.EventTables:
    """Four customers who are seen every ten days; two of them end."""
    visits = pd.DataFrame([(user, day) for user in "abcd" for day in DAYS], columns=["user", "day"])
    ends = pd.DataFrame({"user": ["b", "c"], "day": ["2024-03-11", "2024-03-21"], "why": ["choice", "card"]})
    return cp.EventTables(
        visits=cp.Events(visits, customer="user", time="day"), ends=cp.Events(ends, customer="user", time="day", kind="why")
    )


def snapshots(at: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list("abcd"), "cutoff": at})


def test_outcomes_tell_left_from_lost_and_after_how_many_days(tables: cp.EventTables) -> None:
    found = label_churn(tables, snapshots("2024-03-01"), cp.Cancellation("30d", of="ends", involuntary=["card"]))
    by = found.reset_index().set_index("customer_id")
    assert by["outcome"].to_dict() == {"a": 0, "b": 1, "c": 2, "d": 0}
    assert by["duration"].to_dict() == {"a": 30.0, "b": 10.0, "c": 20.0, "d": 30.0}
    assert found.within().tolist() == [0, 1, 1, 0]
    assert found.within("15d").tolist() == [0, 1, 0, 0], "a shorter horizon counts those who left within it"
    with pytest.raises(OutcomeError, match="longer-horizon"):
        found.within("31d")


def test_silence_is_known_only_at_the_end_of_the_window(tables: cp.EventTables) -> None:
    found = label_churn(tables, snapshots("2024-03-01"), cp.Inactivity("30d", of="visits"))
    with pytest.raises(OutcomeError, match="shorter-horizon"):
        found.within("15d")


def test_a_window_that_is_not_complete_has_no_label(tables: cp.EventTables) -> None:
    churn = cp.Inactivity("30d", of="visits")
    latest = churn.latest_cutoff(tables)
    assert immature(tables, churn, pd.Series([latest, latest + 86_400_000_000]).to_numpy()).tolist() == [False, True]
    with pytest.raises(ImmatureError, match="immature"):
        label_churn(tables, snapshots("2024-06-20"), churn)
    both = pd.concat([snapshots("2024-03-01"), snapshots("2024-06-20")])
    assert len(label_churn(tables, both, churn, drop_immature=True)) == 4
    with pytest.raises(TimeError, match="no-mature-snapshot"):
        label_churn(tables, snapshots("2024-06-20"), churn, drop_immature=True)
