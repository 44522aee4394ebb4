"""Coming renewals: chances worked by hand from the risks of a stand-in for a trained pipeline, and the same as was known at the cutoff."""

import math

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting import renewals
from churnpredict.errors import ChurnWarning, UsageError

AT = "2024-03-01"
ROWS = [
    ("yearly", "2023-03-31", None, "2024-03-31", 100.0),
    ("monthly", "2024-02-11", None, "2024-03-12", 10.0),  # 30 days, again on 11 April and 11 May
    ("late", "2024-01-01", None, "2024-12-31", 50.0),  # beyond 90 days
    ("nobody", "2024-02-01", None, "2024-04-30", 70.0),  # without a risk
    ("over", "2023-01-01", "2023-12-31", "2023-12-31", 30.0),
]


class Trained:
    """What renewals reads of a pipeline."""

    churn = cp.SubscriptionEnd("90d", of="contracts", grace="10d")

    def __init__(self, *horizons):
        self.horizons = horizons or (("90d", "2024-05-30", 0.4),)

    def when(self, tables, at=None):
        rows = [(who, AT, h, by, risk) for h, by, risk in self.horizons for who in ("yearly", "monthly", "late")]
        frame = pd.DataFrame(rows, columns=["customer_id", "cutoff", "horizon", "by", "risk"])
        return frame.assign(cutoff=pd.to_datetime(frame["cutoff"]), by=pd.to_datetime(frame["by"]))


def declared(rows=ROWS, **more):
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "until", "eur"])
    role = {"customer": "user", "start": "from", "end": "to", "planned_end": "until", "value": "eur", "end_inclusive": False} | {
        "money": True,
        "per": "month",
    }
    return cp.EventTables(contracts=cp.Intervals(frame, **role), observed_until="2024-06-01", **more)


def coming(tables=None, *horizons, **options):
    return renewals(Trained(*horizons), declared() if tables is None else tables, **{"at": AT, "min_group": 1, **options})


def risk_of(hazard):
    return 1 - math.exp(-hazard)


def test_chances_by_hand():
    """One contract was lost in the past, at its end: customers leave at ends in (1 + 1) of (1 + 2) cases."""
    table = coming().set_index("period")
    assert table["contracts"].to_dict() == {"2024-03": 2, "2024-04": 1, "2024-12": 1}
    assert table["amount"].tolist() == [110.0, 70.0, 50.0]
    whole = -math.log(0.6)
    yearly = risk_of(whole * (2 / 3 + 1 / 3 * 30 / 90))
    monthly = risk_of(whole * (2 / 3 / 3 + 1 / 3 * 11 / 90))
    assert table.loc["2024-03", "renews"] == pytest.approx(1 - (yearly + monthly) / 2)
    assert table.loc["2024-03", "at_risk"] == pytest.approx(100 * yearly + 10 * monthly)
    assert table["note"].tolist() == ["", "beyond the longest horizon", "beyond the longest horizon"]
    assert table.loc[["2024-04", "2024-12"], ["renews", "at_risk", "at_risk_low", "at_risk_high"]].isna().all(axis=None)
    low, high = table.loc["2024-03", ["at_risk_low", "at_risk_high"]]
    assert 0 <= low <= table.loc["2024-03", "at_risk"] <= high <= 110


def test_shorter_horizons_come_first():
    first, second = -math.log(0.9), -math.log(0.6)
    table = coming(None, ("20d", "2024-03-21", 0.1), ("90d", "2024-05-30", 0.4)).set_index("period")
    monthly = risk_of(first * (2 / 3 + 1 / 3 * 11 / 20))
    yearly = risk_of(first + (second - first) * (2 / 3 + 1 / 3 * 10 / 70))
    assert table.loc["2024-03", "at_risk"] == pytest.approx(100 * yearly + 10 * monthly)


def test_quarters_groups_and_what_is_partly_known():
    people = cp.Customers(pd.DataFrame({"id": [r[0] for r in ROWS], "by": ["Ann", "Ann", "Bob", "Ann", "Bob"]}), customer="id", owner="by")
    table = coming(declared(people=people), period="Q", by="owner")
    assert table[["period", "owner", "contracts", "amount"]].to_numpy().tolist() == [
        ["2024Q1", "Ann", 2, 110.0],
        ["2024Q2", "Ann", 1, 70.0],
        ["2024Q4", "Bob", 1, 50.0],
    ]
    year = coming(period="Y")
    assert year["contracts"].tolist() == [4]
    assert year["scored"].tolist() == [2]
    assert year["note"].tolist() == ["2 without a chance"]
    assert "%" in repr(year)
    assert "at risk" in year.plot(unit="€").alt_text
    assert coming(min_group=3)["note"].eq("fewer than 3 customers").all()
    assert coming(min_group=3).plot().alt_text.startswith("There are no renewals")


def test_only_what_was_known_at_the_cutoff_counts():
    later = [*ROWS, ("yearly", "2024-03-31", None, "2025-03-31", 120.0), ("new", "2024-03-05", None, "2024-04-05", 9.0)]
    later[1] = ("monthly", "2024-02-11", "2024-03-12", "2024-03-12", 10.0)  # has left since
    pd.testing.assert_frame_equal(coming(declared(later)), coming())


def notices(rows):
    return cp.Events(pd.DataFrame(rows, columns=["user", "at"]), customer="user", time="at")


def test_notice_settles_what_becomes_of_a_contract():
    """Monthly has until 12 March: with a notice of 30 days that day has passed on 1 March, with one of 5 days it has not."""
    plain = coming().set_index("period")
    soon = coming(notice="5d").set_index("period")
    pd.testing.assert_frame_equal(soon[plain.columns.tolist()], plain)
    assert soon.loc["2024-03", ["on_notice", "certain"]].tolist() == [0, 0]
    month = coming(notice="20d").set_index("period").loc["2024-03"]
    yearly = risk_of(-math.log(0.6) * (2 / 3 + 1 / 3 * 30 / 90))
    assert month["at_risk"] == pytest.approx(100 * yearly), "monthly renews itself"
    assert month[["on_notice", "certain"]].tolist() == [0, 1]
    told = declared(notices=notices([("monthly", "2024-02-20"), ("yearly", "2024-03-01"), ("late", "2024-02-01")]))
    month = coming(told, notice="20d", notices="notices").set_index("period")
    assert month.loc["2024-03", "at_risk"] == pytest.approx(100 * yearly + 10), "notice on the day of the cutoff is not known yet"
    assert month.loc["2024-12", "at_risk"] == 50.0, "beyond the longest horizon, and yet known"
    assert month["on_notice"].dropna().tolist() == [1, 1]
    early = declared(notices=notices([("monthly", "2024-02-10")]))  # of the contract before
    assert coming(early, notices="notices").set_index("period").loc["2024-03", "on_notice"] == 0
    with pytest.raises(UsageError, match="unknown-table"):
        coming(notices="notice")


def test_the_same_seed_gives_the_same_interval():
    assert coming(random_state=1).equals(coming(random_state=1))
    narrow, wide = (coming(level=level).iloc[0] for level in (0.5, 0.95))
    assert wide["at_risk_high"] - wide["at_risk_low"] >= narrow["at_risk_high"] - narrow["at_risk_low"]


def test_what_cannot_be_answered_is_refused():
    with pytest.warns(ChurnWarning, match="overdue-contracts"):
        table = coming(declared([*ROWS, ("old", "2023-01-01", None, "2024-01-01", 5.0)]))
    assert table["amount"].sum() == 230.0
    stranger = Trained()
    stranger.churn = cp.Inactivity("90d", of="contracts")
    with pytest.raises(UsageError, match="rule-not-accountable"):
        renewals(stranger, declared())
    with pytest.raises(UsageError, match="bad-argument"):
        renewals(declared(), declared())
    frame = pd.DataFrame(ROWS, columns=["user", "from", "to", "until", "eur"])
    plain = cp.Intervals(frame, customer="user", start="from", end="to", end_inclusive=False, value="eur", money=True, per="month")
    with pytest.raises(UsageError, match="no-planned-end"):
        coming(cp.EventTables(contracts=plain, observed_until="2024-06-01"))
    with pytest.raises(UsageError, match="bad-argument"):
        coming(draws=3)
    assert np.isnan(coming(None, ("20d", "2024-03-02", 0.1))["at_risk"].to_numpy(dtype=float, na_value=np.nan)).all()
