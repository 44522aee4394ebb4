"""Two values of one customer at one moment: settled by what was known first, else left out or refused; never by the order of rows."""

import itertools

import numpy as np
import pandas as pd
import pytest
from tests.laws.checks import same_bits

import churnpredict as cp
from churnpredict.errors import ContentError

CHANGES = [cp.Feature("prices", a, column="price") for a in ("state", "changes", "days_since_change", "last_change_pct", "change_year_pct")]


def history(*ties, n=400):
    """Many prices without ties, and those given."""
    calm = [(f"x{i}", "2024-01-01", 10.0, "2024-01-01") for i in range(n)]
    return pd.DataFrame([*ties, *calm], columns=["id", "at", "price", "seen"])


def tables_of(frame, **more):
    return cp.EventTables(prices=cp.States(frame, customer="id", time="at", values=["price"], **more), observed_until="2024-12-01")


def features(tables, *cutoffs):
    pairs = pd.DataFrame({"customer_id": "a", "cutoff": pd.to_datetime(list(cutoffs))})
    return cp.build_features(tables, pairs, features=CHANGES)


FIRST = ("a", "2024-01-01", 29.0, "2024-01-01")
TIED = [("a", "2024-03-01", 35.0, "2024-03-01"), ("a", "2024-03-01", 20.0, "2024-03-05")]


@pytest.mark.parametrize("values", [(35.0, 20.0), (20.0, 35.0)])
def test_what_was_known_last_holds_and_is_one_change(values):
    ties = [(who, at, value, seen) for (who, at, _, seen), value in zip(TIED, values, strict=True)]
    for rows in itertools.permutations([FIRST, *ties]):
        X = features(tables_of(history(*rows), known_at="seen"), "2024-03-03", "2024-04-01")
        first, last = ((v / 29.0 - 1) * 100 for v in values)
        expected = [[values[0], 1, 2, first, first], [values[1], 1, 31, last, last]]
        assert X.to_numpy() == pytest.approx(np.array(expected), rel=1e-6)


def test_without_knowledge_neither_holds():
    results = []
    for rows in itertools.permutations([FIRST, *TIED]):
        with pytest.warns(cp.ChurnWarning, match=r"2 of 403 rows.*\[two-states\]|two-states"):
            tables = tables_of(history(*rows))
        results.append(features(tables, "2024-04-01"))
    for X in results:
        same_bits(results[0], X)
        assert X.to_numpy()[0][:2].tolist() == [29.0, 0.0], "no change of price is invented"


def test_the_same_knowledge_settles_nothing():
    same = [(*row[:3], "2024-03-02") for row in TIED]
    with pytest.warns(cp.ChurnWarning, match="two-states"):
        tables = tables_of(history(FIRST, *same), known_at="seen")
    assert features(tables, "2024-04-01").to_numpy()[0][:2].tolist() == [29.0, 0.0]


def test_many_are_refused():
    with pytest.raises(ContentError, match="known_at=") as refused:
        tables_of(history(FIRST, *TIED, n=20))
    assert refused.value.code == "two-states"
    assert "a" not in str(refused.value).split("prices")[0].split()


def test_equal_rows_say_the_same():
    tables = tables_of(history(FIRST, TIED[0], TIED[0], n=3))
    assert features(tables, "2024-04-01").to_numpy()[0][:3].tolist() == [35.0, 1.0, 31.0]


def test_one_column_of_several_is_enough_and_missing_is_a_value():
    rows = pd.DataFrame({"id": ["a", "a", "b", "b"], "at": "2024-03-01", "price": [1.0, 1.0, np.nan, np.nan], "plan": ["x", "y", "z", "z"]})
    calm = pd.DataFrame({"id": range(1000), "at": "2024-01-01", "price": 1.0, "plan": "x"}).astype({"id": "str"})
    with pytest.warns(cp.ChurnWarning, match="two-states"):
        tables = cp.EventTables(prices=cp.States(pd.concat([rows, calm]), customer="id", time="at", values=["price", "plan"]))
    assert len(tables.streams["prices"]) == 1002


def test_the_parts_judge_together():
    """One tie among few rows of a part is few among all."""
    declared = {"prices": cp.States(history(FIRST, *TIED), customer="id", time="at", values=["price"])}
    with pytest.warns(cp.ChurnWarning, match="two-states"):
        parts = cp.runs.scan_tables(observed_until="2024-12-01", partitions=40, **declared)
    with parts:
        assert sum(len(part.streams["prices"]) for part in parts) == 401
    with pytest.raises(ContentError, match="two-states"):
        cp.runs.scan_tables(partitions=5, prices=cp.States(history(FIRST, *TIED, n=20), customer="id", time="at", values=["price"]))


def test_down_sell_reads_what_holds():
    ties = [("a", "2024-03-01", 5.0, "2024-03-01"), ("a", "2024-03-01", 29.0, "2024-03-02")]
    tables = tables_of(history(FIRST, *ties), known_at="seen")
    churn = cp.rules.DownSell("60d", value="price", drop=0.3)
    past = cp.take_snapshots(tables, churn, at="2024-02-01")
    assert cp.label_churn(tables, past, churn)["outcome"].sum() == 0, "a slip that was corrected is no fall"


def test_the_end_of_an_interval_does_not_say_which_is_the_latest():
    """Law 1: two contracts begin together; which ends later is not known yet."""
    frame = pd.DataFrame({"id": ["a", "a"], "s": "2024-01-01", "e": ["2024-06-01", "2024-03-01"], "auto": [0.0, 1.0]})
    asked = [cp.Feature("subs", "attribute", column="auto")]
    found = []
    for ends in (["2024-06-01", "2024-03-01"], ["2024-03-01", "2024-06-01"], [None, None]):
        declared = cp.Intervals(frame.assign(e=ends), customer="id", start="s", end="e", attributes=["auto"])
        with pytest.warns(cp.ChurnWarning, match="features show the greater ones"):
            tables = cp.EventTables(subs=declared, observed_until="2024-12-01")
        found += (
            cp.build_features(tables, pd.DataFrame({"customer_id": ["a"], "cutoff": "2024-02-01"}), features=asked)
            .to_numpy()
            .ravel()
            .tolist()
        )
    assert found == [1.0, 1.0, 1.0]
