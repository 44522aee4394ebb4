"""The business of accounts: its records keep what its truth says, and a pipeline finds the planted cause."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.simulation.accounts import make_accounts


@pytest.fixture(scope="module")
def business():
    return make_accounts(600, random_state=1)


def test_the_same_number_gives_the_same_business():
    one, two, other = (make_accounts(30, random_state=seed) for seed in (4, 4, 5))
    for name, frame in one.frames.items():
        pd.testing.assert_frame_equal(frame, two.frames[name])
        assert not frame.equals(other.frames[name])
    pd.testing.assert_frame_equal(one.truth, two.truth)
    assert "30 accounts" in repr(one)


def test_nothing_is_recorded_after_leaving_and_nobody_acts_after_going(business):
    contracts, usage, truth = business.frames["contracts"], business.frames["usage"], business.truth
    left = truth["left_at"].dropna()
    assert not (usage["at"] >= usage["account"].map(left)).any()
    assert not (contracts["starts"] >= contracts["account"].map(left)).any()
    pd.testing.assert_series_equal(contracts.groupby("account")["ends"].max().loc[left.index], left, check_names=False)
    assert contracts.groupby("account")["ends"].apply(lambda ends: ends.isna().sum()).eq(truth["left_at"].isna()).all()
    busiest = usage.groupby(["account", "person"])["at"].agg(["count", "max"])
    for account, day in truth["busiest_gone_at"].dropna().head(20).items():
        assert (busiest.loc[account, "max"] < day).any(), "somebody has gone by that day"


def test_contracts_end_as_often_as_planted(business):
    """65 % where the busiest person has gone in the 200 days before the end, else 6 %."""
    contracts = business.frames["contracts"].dropna(subset=["ends"])
    truth = business.truth.loc[contracts["account"]]
    early = (contracts["ends"] - truth["busiest_gone_at"].set_axis(contracts.index)).dt.days
    gone, lost = early.between(1, 200).to_numpy(), contracts["ends"].to_numpy() == truth["left_at"].to_numpy()
    assert abs(lost[gone].mean() - 0.65) < 0.1
    assert abs(lost[~gone].mean() - 0.06) < 0.02
    assert (truth["cause"].to_numpy()[lost & gone] == "busiest gone").all()


def test_the_activity_of_accounts_stays_what_it_was(business):
    """Others do the work of the busiest person: the count of events alone would not tell."""
    usage, truth = business.frames["usage"], business.truth
    gone = truth["busiest_gone_at"].dropna()
    gone = gone[(gone < business.end - pd.Timedelta(days=90)) & ~(truth.loc[gone.index, "left_at"] < gone + pd.Timedelta(days=90))]
    since = (usage["at"] - usage["account"].map(gone)).dt.days
    before, after = since.between(-90, -1).sum(), since.between(0, 89).sum()
    assert len(gone) > 60
    assert 0.85 < after / before < 1.15


def test_a_pipeline_finds_the_planted_cause(business):
    """Accounts whose busiest person has gone and whose contract ends soon: their risk stands out, and the words say why."""
    alone = [cp.Feature("usage", *f) for f in (("count", "90d"), ("trend", "30d"), ("active_users", "30d"), ("seats_used", "90d"))]
    alone += [cp.Feature("contracts", "days_to_end"), cp.Feature("contracts", "planned_days")]
    people = [cp.Feature("usage", *f) for f in (("concentration", "90d"), ("busiest_silence", "180d"), ("busiest_gone", "180d"))]
    risks, quick = {}, cp.ChurnClassifier(horizon="90d", n_estimators=60, n_jobs=1)
    at = pd.Timestamp("2024-07-01")
    for name, rows in {"people": alone + people, "alone": alone}.items():
        pipeline = cp.ChurnPipeline(business.churn, classifier=quick, every="30d", features=rows)
        scores = pipeline.fit(business.tables, until="2024-01-01").score(business.tables, at=at).set_index("customer_id")
        gone_at = business.truth.loc[scores.index, "busiest_gone_at"]
        contracts = business.frames["contracts"]
        ends = contracts[(contracts["starts"] < at) & (contracts["renews_at"] >= at)].set_index("account")["renews_at"].loc[scores.index]
        due = (ends < at + pd.Timedelta(days=90)).to_numpy()
        gone = gone_at.between(at - pd.Timedelta(days=110), at - pd.Timedelta(days=21)).to_numpy()
        risks[name] = scores["risk"][due & gone].mean() / scores["risk"][due & ~gone].mean()
        if name == "people":
            assert scores["words"][due & gone].str.contains("busiest person").mean() >= 0.9
            assert not scores["words"].str.contains(r"u\d{6}").any(), "people are counted, never named"
    assert np.sum(due & gone) >= 8
    assert risks["people"] > 2.0
    assert risks["alone"] < 1.4


def test_impossible_sizes_are_refused():
    for wrong in ({"n_accounts": 0}, {"n_accounts": 3, "months": 3}, {"n_accounts": 3, "random_state": -1}):
        with pytest.raises(UsageError, match="bad-argument"):
            make_accounts(**wrong)
    assert make_accounts(3, months=12).tables.declarations.keys() == {"accounts", "contracts", "seats", "usage"}
