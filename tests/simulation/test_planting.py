"""The planted chain of causes: its exact risks are calibrated and equal a slow oracle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulation.test_business import check_calibrated, realised, world

from churnpredict.simulation import planting
from churnpredict.simulation.business import Business, make_business
from churnpredict.simulation.planting import DRIVERS, NUMBER, World

D = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shop() -> Business:
    return make_business(2500, random_state=3, treatments=True, trial="14d", season=0.5)


def check_causes(truth: pd.DataFrame, joined: pd.Series) -> None:
    left = truth["outcome"] > 0
    assert (truth["left_at"].notna() == left).all()
    assert (truth["cause_at"].notna() == left).all()
    assert ((truth["driver"] != "") == left).all()
    assert set(truth["driver"]) == {"", *DRIVERS}
    assert ((truth["outcome"] == 2) == (truth["driver"] == "payment")).all()
    assert (truth["cause_at"][left] + D < truth["left_at"][left]).all(), "cause dated after leaving"
    assert (truth["cause_at"][left] > joined[left]).all()


def test_each_leaver_has_a_dated_cause_and_nobody_else_has(shop: Business) -> None:
    joined = shop.frames["customers"].set_index("customer_id")["signup_date"]
    check_causes(shop.truth, joined)
    wrong = shop.truth.assign(cause_at=shop.truth["left_at"])
    with pytest.raises(AssertionError, match="after leaving"):
        check_causes(wrong, joined)


def test_causes_list_all_episodes_one_at_a_time(shop: Business) -> None:
    causes = shop.causes.sort_values(["customer_id", "cause_at"])
    before = causes.groupby("customer_id")["ended_at"].shift()
    assert (causes["cause_at"][before.notna()] > before.dropna()).all()
    assert (causes.loc[causes["end"] == "left"].set_index("customer_id")["driver"] == shop.truth["driver"][shop.truth["outcome"] > 0]).all()
    assert (causes["end"] == "recovered").mean() > 0.15, "stayers overcome causes"
    assert causes["ended_at"].isna().equals(causes["end"] == "open")


WORLDS = [{"seed": s} for s in range(4)] + [
    {"seed": 11, "season": 1.5},
    {"seed": 12, "trial_days": 14},
    {"seed": 13, "treatments": True},
    {"seed": 14, "treatments": True, "involuntary": 0.5, "second_year": 0.0},
    {"seed": 15, "distractors": 1.0},
]


@pytest.mark.parametrize("outcome", [None, 1, 2])
def test_true_risk_is_calibrated_over_many_seeds(outcome: int | None) -> None:
    pairs = []
    for changes in WORLDS:
        where = world(**changes)
        for day in (210, 365, 560, 800):
            rows, p = where.risk(day, 90, outcome=outcome, contact=None, quiet=False)
            y = realised(where, rows, day, 90)
            if outcome is not None:
                lost = np.array(DRIVERS)[(where.states[rows, np.maximum(where.left_day[rows], 0)] - 1) % len(DRIVERS)] == "payment"
                y &= lost == (outcome == 2)
            pairs.append((p, y))
    check_calibrated(pairs)


def test_fault_a_risk_from_other_hazards_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [world(**changes) for changes in WORLDS]
    monkeypatch.setattr(planting, "ACUTE", planting.ACUTE * 1.5)
    pairs = []
    for where in worlds:
        for day in (210, 365, 560, 800):
            rows, p = where.risk(day, 90, outcome=None, contact=None, quiet=False)
            pairs.append((p, realised(where, rows, day, 90)))
    with pytest.raises(AssertionError):
        check_calibrated(pairs)


def test_silence_is_calibrated_on_the_orders_themselves() -> None:
    pairs, wrong = [], []
    for seed in range(3):
        shop = make_business(1500, random_state=20 + seed, season=0.3 * seed)
        orders = shop.frames["orders"]
        for cutoff in map(pd.Timestamp, ("2022-09-01", "2022-12-10", "2023-02-01", "2023-06-01", "2024-02-01")):
            p = shop.true_risk(cutoff, "30d", meaning="silence")
            seen = orders.loc[(orders["paid_at"] >= cutoff) & (orders["paid_at"] < cutoff + 30 * D), "customer"].unique()
            pairs.append((p.to_numpy(), ~p.index.isin(seen)))
            wrong.append((shop.true_risk(cutoff, "30d").to_numpy(), pairs[-1][1]))
    check_calibrated(pairs)
    with pytest.raises(AssertionError):
        check_calibrated(wrong)  # leaving is not silence


def oracle_risk(where: World, row: int, day: int, horizon: int) -> float:
    """One customer, one full transition matrix per day, multiplied out."""
    k = len(DRIVERS)
    chance = np.zeros(2 * k + 2)
    chance[where.states[row, day]] = 1.0
    rows = np.array([row])
    for now in range(day, day + horizon):
        step = where.step(rows, now, where.treated(rows, now))
        move = np.zeros((2 * k + 2, 2 * k + 2))
        move[-1, -1] = 1.0
        for c in range(k):
            move[0, 1 + c] = step.onset[c, 0]
            move[1 + c, 1 + k + c] = step.worsen
            move[1 + c, 0] = step.recover_early[0]
            move[1 + k + c, -1] = step.leave[c, 0]
            move[1 + k + c, 0] = step.recover_acute[0]
        move += np.diag(1 - move.sum(axis=1))
        assert (move >= 0).all()
        chance = chance @ move
    return float(chance[-1])


def test_true_risk_equals_the_slow_oracle() -> None:
    where = world(seed=13, treatments=True)
    for day in (100, 500):
        rows, p = where.risk(day, 45, outcome=None, contact=None, quiet=False)
        ill = np.flatnonzero(where.states[rows, day] > 0)[:15]
        for i in [*range(5), *ill]:
            assert p[i] == pytest.approx(oracle_risk(where, int(rows[i]), day, 45), abs=1e-12)


@given(day=st.integers(0, 912), horizons=st.tuples(st.integers(1, 120), st.integers(1, 120)))
@settings(max_examples=10, deadline=None)
def test_risk_grows_with_the_horizon_and_splits_by_outcome(day: int, horizons: tuple[int, int]) -> None:
    where = world(n_customers=300, seed=4)
    short, long = sorted(horizons)
    rows, near = where.risk(day, short, outcome=None, contact=None, quiet=False)
    _, far = where.risk(day, long, outcome=None, contact=None, quiet=False)
    _, left = where.risk(day, long, outcome=1, contact=None, quiet=False)
    _, lost = where.risk(day, long, outcome=2, contact=None, quiet=False)
    assert (near <= far + 1e-15).all()
    assert ((far >= 0) & (far <= 1)).all()
    np.testing.assert_allclose(left + lost, far, atol=1e-12)
    assert (where.join[rows] < day).all()
    assert ((where.left_day[rows] < 0) | (where.left_day[rows] >= day)).all()


def check_share_of_lost(where: World, promised: float) -> None:
    ended = where.episodes().query("end == 'left'")
    lost = (ended["cause"] == NUMBER["payment"]).mean()
    assert abs(lost - promised) < 0.05, f"{lost:.3f} against {promised}"


@pytest.mark.parametrize("promised", [0.0, 0.2, 0.5])
def test_share_of_involuntary_leavers(promised: float) -> None:
    where = world(n_customers=4000, seed=41, involuntary=promised)
    check_share_of_lost(where, promised)
    with pytest.raises(AssertionError):
        check_share_of_lost(where, promised + 0.12)


def test_every_voluntary_cause_has_its_share() -> None:
    ended = world(n_customers=4000, seed=41, involuntary=0.2).episodes().query("end == 'left'")
    share = ended["cause"].value_counts(normalize=True)
    assert len(share) == len(DRIVERS)
    assert share.min() > 0.03
    assert share.drop(NUMBER["payment"]).max() < 0.15
