"""Tenure years, cohorts, and stated reasons against drivers, counted by hand."""

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import IdentityError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def test_the_second_year():
    joined = pd.Timestamp("2020-03-01")
    left = {i: joined + pd.Timedelta(days=d) for i, d in enumerate([10, 365, 366, 400, 700, 731])}
    tables = cp.EventTables(
        people=cp.Customers(pd.DataFrame({"id": range(20), "since": joined}), customer="id", since="since"),
        ends=cp.Events(pd.DataFrame({"id": list(left), "at": list(left.values())}), customer="id", time="at"),
        observed_until="2023-02-28",
    )
    churn = cp.Cancellation("30d", of="ends")
    years = cp.accounting.tenure_table(tables, churn).set_index("tenure_year")
    # year 1 ends on 1 March 2021, which is day 365, year 2 on day 730, year 3 after the end of the data
    assert years["customers"].tolist()[:2] == [20, 19]
    assert years["lost"].tolist()[:2] == [1, 4]
    assert years["rate"].tolist()[:2] == [0.05, 4 / 19]
    assert years["immature"].tolist() == [0, 0, 15]
    assert pd.isna(years["lost"].iloc[2])
    assert years["note"].tolist() == ["", "", "no whole year observed yet"]
    at = cp.churn_rate(tables, churn, period="Y", by="tenure_year", start="2021-01-01", end="2023-01-01")
    assert at[["period", "tenure_year", "customers", "lost"]].to_numpy().tolist() == [["2021", 1, 19, 3], ["2022", 2, 16, 2]]


def test_reasons_against_drivers():
    said = pd.Series(["dear", "dear", "dear", None, "moved"], index=list("abcde"))
    index = pd.MultiIndex.from_product([list("abcd"), pd.to_datetime(["2024-01-01", "2024-02-01"])], names=["customer_id", "cutoff"])
    drivers = pd.DataFrame({"price": [0, 1, 0, 1, 1, 0, 0, 0], "habit": [1, 0, 1, 0, 0, 1, 1, 1]}, index=index, dtype=float)
    table = cp.accounting.reasons_against_drivers(said, drivers, min_group=1)
    assert table.loc["dear"].to_dict() == {"habit": 1, "price": 2, "all": 3}
    assert table.loc["not stated"].to_dict() == {"habit": 1, "price": 0, "all": 1}
    assert "moved" not in table.index
    assert cp.accounting.reasons_against_drivers(said, drivers, min_group=2).index.tolist() == ["dear", "other", "all"]
    with pytest.raises(IdentityError, match="nobody-in-both"):
        cp.accounting.reasons_against_drivers(said.rename(index=str.upper), drivers)
