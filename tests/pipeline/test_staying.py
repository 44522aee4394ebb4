"""Curves of staying over a year: coherent with the scores, sums that hold, money, reasons, and silence."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICKEST

import churnpredict as cp
from churnpredict.errors import IdentityError, UsageError
from churnpredict.model import hazards
from churnpredict.pipeline import leaving_curves
from churnpredict.pipeline.staying import Staying

AT = "2023-12-01"
Shop = tuple[cp.ChurnPipeline, cp.EventTables, Staying]


class Fast(cp.ChurnClassifier):
    """Few trees for the hazards too, where how well they predict does not matter."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**(QUICKEST | settings))

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return sorted(cp.ChurnClassifier().get_params(deep=False))


@pytest.fixture(scope="module", autouse=True)
def fast():
    with mock.patch.object(hazards, "ChurnClassifier", Fast):
        yield


@pytest.fixture(scope="module")
def cancelling() -> Shop:
    shop = cp.make_business(400, random_state=4, rule="cancellation")
    model = cp.ChurnClassifier(horizon="90d", horizons=["30d", "60d"], **QUICKEST)
    pipeline = cp.ChurnPipeline(shop.churn, classifier=model, every="45d", n_jobs=1).fit(shop.tables, until=AT)
    return pipeline, shop.tables, pipeline.when(shop.tables, at=AT, over="365d", discount=0.1)


@pytest.fixture(scope="module")
def silent(trained: cp.ChurnPipeline, tables: cp.EventTables) -> Shop:
    return trained, tables, trained.when(tables, at=AT, over="200d")


def test_it_meets_the_scores_at_their_horizons_and_never_rises(cancelling: Shop) -> None:
    pipeline, tables, found = cancelling
    scores = pipeline.score(tables, at=AT).set_index("customer_id")
    wide = found.pivot_table(index="customer_id", columns="by", values="stays", aggfunc="first")
    assert (np.diff(wide.to_numpy(), axis=1) <= 1e-15).all()
    risk = found.pivot_table(index="customer_id", columns="horizon", values="risk", aggfunc="first").loc[scores.index]
    for horizon, column in (("30d", "risk_30d"), ("60d", "risk_60d"), ("90d", "risk")):
        np.testing.assert_allclose(risk[horizon], scores[column], atol=1e-12)
    np.testing.assert_allclose(found["risk_left"] + found["risk_lost"], found["risk"], atol=1e-12)
    lost = found.pivot_table(index="customer_id", columns="by", values="risk_lost", aggfunc="first")
    assert (np.diff(lost.to_numpy(), axis=1) >= -1e-12).all()
    whole = found[found["horizon"] == "90d"].set_index("customer_id").loc[scores.index]
    np.testing.assert_allclose(whole["risk_lost"], scores["risk_lost"], atol=1e-12)
    assert (found["by"] - found["cutoff"]).max() == pd.Timedelta(days=365)


def test_without_over_it_is_the_horizons(cancelling: Shop) -> None:
    pipeline, tables, found = cancelling
    short = pipeline.when(tables, at=AT)
    same = found[found["horizon"].isin(["30d", "60d", "90d"])].reset_index(drop=True)
    assert short["horizon"].tolist() == same["horizon"].tolist()
    np.testing.assert_allclose(short["risk"], same["risk"], atol=1e-12)
    assert short.customers is None


def test_reasons_sum_to_the_chance_of_staying(cancelling: Shop) -> None:
    _, _, found = cancelling
    people = found.customers
    assert people is not None
    assert found.points is not None
    np.testing.assert_allclose(found.points.sum(axis=1), people["stays"] - found.usual_stays, atol=1e-9)
    first = people[people["reason_1"].notna()].iloc[0]
    assert found.points.loc[(first["customer_id"], first["cutoff"]), first["reason_1"]] == pytest.approx(first["reason_1_points"])
    assert first["reason_1_points"] == found.points.loc[(first["customer_id"], first["cutoff"])].min() < 0


def test_points_that_leave_out_an_interval_are_noticed(cancelling: Shop) -> None:
    """A planted fault: the hazard of one interval has no reasons."""
    pipeline, tables, _ = cancelling
    true = leaving_curves.log_stay_by_driver
    calls: list[int] = []

    def wrong(*given):
        calls.append(1)
        drivers, base = true(*given)
        return (drivers * 0, base) if len(calls) == 3 else (drivers, base)

    with mock.patch.object(leaving_curves, "log_stay_by_driver", wrong):
        found = pipeline.when(tables, at=AT, over="200d")
    assert found.points is not None
    assert found.customers is not None
    assert np.abs(found.points.sum(axis=1) - (found.customers["stays"] - found.usual_stays)).max() > 1e-6


def test_revenue_is_the_value_of_a_day_times_the_days(cancelling: Shop) -> None:
    pipeline, tables, found = cancelling
    people = found.customers
    assert people is not None
    scores = pipeline.score(tables, at=AT).set_index("customer_id")
    for customer in people["customer_id"].head(5):
        part = found[found["customer_id"] == customer]
        days = [0.0, *(part["by"] - part["cutoff"]).dt.days]
        fine = (np.arange(365_000) + 0.5) / 1000
        stays = np.exp(np.interp(fine, days, [0.0, *np.log(part["stays"])]))
        expected = scores.loc[customer, "value"] / 90 * (stays * 1.1 ** (-fine / 365.25)).mean() * 365
        got = people.set_index("customer_id").loc[customer, "expected_revenue"]
        assert got == pytest.approx(expected, rel=2e-3), "the curve is told every thirty days, so only nearly"
    dates = people[people["left_by_10"].notna() & people["left_by_50"].notna()]
    assert (dates["left_by_10"] <= dates["left_by_50"]).all()
    assert (people["expected_days"] > 0).all()
    assert (people["days_sd"] > 0).all()


def test_under_silence_nobody_leaves_before_the_horizon(silent: Shop) -> None:
    pipeline, tables, found = silent
    days = (found["by"] - found["cutoff"]).dt.days
    assert (found.loc[days < 60, "stays"] == 1).all()
    risk = pipeline.score(tables, at=AT).set_index("customer_id")["risk"]
    whole = found[days == 60].set_index("customer_id").loc[risk.index]
    np.testing.assert_allclose(whole["risk"], risk, atol=1e-12)
    wide = found.pivot_table(index="customer_id", columns="by", values="stays", aggfunc="first").to_numpy()
    assert (np.diff(wide, axis=1) <= 1e-15).all()
    people = found.customers
    assert people is not None
    sure = people[people["stays"] < 0.1]
    assert (sure["expected_days"] >= 60).all()
    worth = pipeline.score(tables, at=AT).set_index("customer_id")["value"].loc[people["customer_id"]].to_numpy()
    first = whole["stays"].loc[people["customer_id"]].to_numpy() * worth
    assert (people["expected_revenue"].to_numpy() >= first * 0.2).all(), "whoever comes back pays from the first day on"
    assert (people["expected_revenue"].to_numpy() <= worth / 60 * 200 * (first / np.maximum(worth, 1e-9)) + 1e-6).all()


def test_what_cannot_be_is_refused(cancelling: Shop) -> None:
    pipeline, tables, found = cancelling
    with pytest.raises(UsageError, match="shorter than the horizon"):
        pipeline.when(tables, at=AT, over="30d")
    with pytest.raises(UsageError, match="longer than a century"):
        pipeline.when(tables, at=AT, over="40000d")
    with pytest.raises(UsageError, match="discount"):
        pipeline.when(tables, at=AT, over="365d", discount=-0.1)
    with pytest.raises(IdentityError, match="no curve"):
        found.plot("nobody")


def test_it_is_shown_in_words_and_drawn(cancelling: Shop, silent: Shop) -> None:
    for _, _, found in (cancelling, silent):
        told = repr(found)
        assert "what brings it forward" in told
        assert "are expected to be there after" in told
        assert "<table" in found._repr_html_()
        customer = found["customer_id"].iloc[0]
        assert "chance of staying until" in found.plot(customer).alt_text
        assert "are expected to be there" in found.plot(theme="dark").alt_text
    assert "stays" in repr(cancelling[2].head(3)), "a part is shown as pandas does"


def test_nothing_after_the_cutoff_is_used(silent: Shop) -> None:
    pipeline, tables, found = silent
    cut = tables.known_before(int(tables.instants(AT)[0]))
    again = pipeline.when(cut, at=AT, over="200d")
    pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(found))
