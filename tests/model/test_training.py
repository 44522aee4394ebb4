"""The protocol: folds that purge, weights that rolling log loss supports, members that stay what they are."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnpredict.model.calibration import AffineCalibration, sigmoid
from churnpredict.model.members import LinearMember, PurchaseMember, mean_line
from churnpredict.model.split import Window
from churnpredict.model.training import Rows, Settings, blend_weights, distrust, train, validation_folds
from churnpredict.spans import Span

DAY = 86_400_000_000


def history(rng, n, cutoffs, step):
    times = np.tile(np.arange(cutoffs) * step * DAY, n)
    A = rng.normal(size=(len(times), 3))
    y = (rng.random(len(times)) < sigmoid(A[:, 0])).astype(float)
    return Rows(A, y, np.ones(len(times)), times, np.repeat(np.arange(n), cutoffs), names=["a", "b", "c"])


def check_purged(rows, folds, purge):
    for train_rows, valid in folds:
        assert len(valid)
        assert rows.times[train_rows].max() + purge <= rows.times[valid].min()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 20), st.integers(5, 40), st.integers(10, 120))
def test_law_5_no_training_window_reaches_into_validation(cutoffs, step, horizon):
    rows = history(np.random.default_rng(cutoffs), 60, cutoffs, step)
    folds, kept_apart = validation_folds(rows, window=Window(Span(days=horizon)))
    assert folds
    if kept_apart == "time":
        check_purged(rows, folds, horizon * DAY)
    else:  # too short a history: customers are kept apart instead
        assert kept_apart == "customers"
        for a, b in folds:
            assert not set(rows.customers[a]) & set(rows.customers[b])


def test_law_5_catches_folds_that_forget_the_horizon(rng, monkeypatch):
    rows = history(rng, 60, 12, 15)
    module = importlib.import_module("churnpredict.model.training")
    honest = module.time_folds
    monkeypatch.setattr(module, "time_folds", lambda rows, window: honest(rows, Window(Span(days=window.horizon.days // 3))))
    with pytest.raises(AssertionError):
        check_purged(rows, validation_folds(rows, window=Window(Span(days=60)))[0], 60 * DAY)


def test_large_data_take_one_block(rng):
    rows = history(rng, 9000, 12, 15)
    assert len(validation_folds(rows, window=Window(Span(days=60)))[0]) == 1
    assert len(validation_folds(history(rng, 500, 12, 15), window=Window(Span(days=60)))[0]) == 3


def test_blend_weights_follow_the_evidence_and_sum_to_one(rng):
    z = rng.normal(size=4000)
    y = (rng.random(4000) < sigmoid(z)).astype(float)
    noise = rng.normal(size=4000)
    w = np.ones(4000)
    weights = blend_weights(np.column_stack([z, noise]), y, w, pull=1.0)
    assert weights == pytest.approx([1, 0], abs=0.06)
    assert blend_weights(np.column_stack([z, -z]), y, w, pull=1.0)[1] == 0
    assert blend_weights(np.column_stack([z, z + 0.1 * noise]), y, w, pull=1e6) == pytest.approx([0.5, 0.5], abs=0.01)
    assert blend_weights(z[:, None], y, w, pull=1.0).tolist() == [1.0]


def test_a_member_that_knows_nothing_draws_no_risks_together(rng):
    """Free weights, brought to a sum of 1 afterwards, would leave a third to a constant."""
    z = 1.5 * rng.normal(size=4000) - 1
    y = (rng.random(4000) < sigmoid(z)).astype(float)
    panel = np.column_stack([z, np.full(4000, z.mean())])
    assert blend_weights(panel, y, np.ones(4000), pull=20.0)[1] < 0.1


def slope_kept(panel, share, y):
    w = np.ones(len(y))
    calibration = AffineCalibration().fit(panel @ share, y, w)
    measured = calibration.slope
    distrust(calibration, panel, share, y, w)
    return measured, calibration.slope


def test_of_a_later_period_only_what_averaging_did_to_the_slope_is_kept(rng):
    risk, halves = 2 * rng.normal(size=20_000), np.array([0.5, 0.5])
    y = (rng.random(20_000) < sigmoid(risk)).astype(float)
    views = risk[:, None] + 2 * rng.normal(size=(20_000, 2))
    calibrated = np.column_stack([AffineCalibration().fit(view, y).transform(view) for view in views.T])
    measured, kept = slope_kept(calibrated, halves, y)
    assert measured > 1.1  # two views that err apart: their mean is too careful
    assert kept == pytest.approx(measured, rel=0.02)
    period = 0.6 * np.column_stack([risk, risk])  # one view, twice, in a period that is more extreme than the one learnt from
    measured, kept = slope_kept(period, halves, y)
    assert measured > 1.5
    assert kept == pytest.approx(1, abs=0.02)
    measured, kept = slope_kept(np.column_stack([risk, 0.01 * rng.normal(size=20_000)]), np.array([0.9, 0.1]), y)
    assert 1 <= kept <= measured  # never beyond what was measured


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_line_is_a_sum_over_features_whatever_the_rows(seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(300, 5)) * 10.0 ** rng.integers(-3, 6, 5)
    A[rng.random(A.shape) < 0.1] = np.nan
    A[:, 3] = rng.integers(0, 4, 300)
    A[::9, 3] = np.nan
    A[:, 4] = np.nan if seed % 2 else 7.0
    y = rng.integers(0, 2, 300).astype(float)
    member = LinearMember(categories=(3,)).fit(A, y, rng.random(300) + 0.5)
    new = np.vstack([A, np.full((1, 5), np.nan), [[1e300, -1e300, 0, 99, 0]]])
    phi, base = member.contributions(new)
    np.testing.assert_allclose(phi.sum(axis=1) + base, member.margin(new), atol=1e-9)
    assert np.isfinite(phi).all()
    assert not phi[:, 4].any()


def test_a_line_through_logarithms_finds_a_logarithmic_risk(rng):
    a = rng.exponential(100, 20_000)
    y = (rng.random(20_000) < sigmoid(np.log1p(a) - 4)).astype(float)
    member = LinearMember(strength=1.0).fit(a[:, None], y, np.ones(20_000))
    phi, _ = member.contributions(np.array([[np.expm1(3.0)], [np.expm1(4.0)]]))
    assert phi[1, 0] - phi[0, 0] == pytest.approx(1.0, abs=0.06)


def test_the_mean_of_lines_is_a_line(rng):
    A = np.column_stack([rng.normal(size=(400, 2)), rng.integers(0, 3, 400)])
    A[::7, 0] = np.nan
    y = rng.integers(0, 2, 400).astype(float)
    lines = [LinearMember(categories=(2,), strength=strength).fit(A, y, np.ones(400)) for strength in (0.003, 0.3)]
    mean = mean_line(lines, [0.25, 0.75])
    for part in (0, 1):
        expected = 0.25 * lines[0].contributions(A)[part] + 0.75 * lines[1].contributions(A)[part]
        np.testing.assert_allclose(mean.contributions(A)[part], expected, atol=1e-12)
    np.testing.assert_allclose(mean.margin(A), 0.25 * lines[0].margin(A) + 0.75 * lines[1].margin(A), atol=1e-12)
    assert lines[0].strength == 0.003, "the lines stay as they are"


def test_near_equal_penalties_share_and_a_bad_one_has_no_part(rng):
    settings_ = Settings(window=Window(Span(days=30)), n_jobs=1, members=("linear",))
    clear = history(rng, 200, 20, 15)  # one strong column: the heavy penalty loses
    assert "0.003" not in train(clear, settings_).record["strengths"]
    noise = Rows(clear.A, rng.permutation(clear.y), clear.w, clear.times, clear.customers, clear.names)
    parts = train(noise, settings_).record["strengths"]
    assert len(parts) == 3
    assert max(parts.values()) < 0.5
    assert sum(parts.values()) == pytest.approx(1)


def test_a_refit_averages_more_seeds_than_validation(rng):
    rows = history(rng, 100, 8, 15)
    common = {"window": Window(Span(days=30)), "n_estimators": 5, "n_jobs": 1, "members": ("trees",)}
    weights = [m.weight for m in train(rows, Settings(**common)).members]
    assert len(weights) in (4, 8)  # for each of the one or two ways of sampling
    assert sum(weights) == pytest.approx(1)
    assert len(train(rows, Settings(**common, n_seeds=1)).members) in (1, 2)


def test_all_of_mbg_nbd_belongs_to_recency(rng):
    A = np.column_stack([1.0 + rng.poisson(3, 400), rng.uniform(0, 90, 400), rng.uniform(90, 300, 400)])
    A[:20] = np.nan
    y = rng.integers(0, 2, 400).astype(float)
    member = PurchaseMember(None, columns=(0, 1, 2), window=(60.0, 7.0)).fit(A, y, np.ones(400))
    phi, base = member.contributions(A)
    np.testing.assert_allclose(phi[:, 1] + base, member.margin(A), atol=1e-12)
    assert abs(phi.sum()) / 400 < 1e-9


def test_a_correction_from_one_period_is_kept_in_part_only(rng):
    rows = history(rng, 300, 12, 15)
    newest = rows.times >= rows.times.max() - 20 * DAY
    y = np.where(newest, 1.0, rows.y)  # a period that will not come again
    y[np.flatnonzero(newest)[::4]] = 0
    blend = train(
        Rows(rows.A, y, rows.w, rows.times, rows.customers, rows.names), Settings(window=Window(Span(days=60)), n_estimators=40, n_jobs=1)
    )
    assert blend.validated_on == "time"
    assert isinstance(blend.calibration, AffineCalibration)
    z = blend.calibration.transform(sum(m.weight * m.margin(rows.A) for m in blend.members))
    assert sigmoid(z).mean() == pytest.approx(y.mean(), abs=0.05)


def test_fading_is_chosen_only_where_it_helps(rng):
    rows = history(rng, 400, 20, 15)
    settings_ = Settings(window=Window(Span(days=30)), n_estimators=10, n_jobs=1, members=("linear",))
    assert train(rows, settings_).record["half_life_days"] is None
    turned = np.where(rows.times < rows.times.max() / 2, 1 - rows.y, rows.y)
    moved = Rows(rows.A, turned, rows.w, rows.times, rows.customers, rows.names)
    assert train(moved, settings_).record["half_life_days"] is not None


def seasonal(rng, strength):
    """Three years of monthly cutoffs whose level follows the year with some strength, and the season as columns."""
    times = np.tile(np.arange(36) * 30 * DAY, 80)
    turn = 2 * np.pi * times / (365 * DAY)
    A = np.column_stack([rng.normal(size=len(times)), np.sin(turn), np.cos(turn)])
    y = (rng.random(len(times)) < sigmoid(A[:, 0] + strength * A[:, 1])).astype(float)
    names = ["a", "lifecycle__calendar_season_sin", "lifecycle__calendar_season_cos"]
    return Rows(A, y, np.ones(len(times)), times, np.repeat(np.arange(80), 36), names)


@pytest.mark.parametrize(("strength", "years", "kept"), [(2.0, 3, True), (2.0, 1, False), (0.0, 3, False)])
def test_a_season_is_used_where_whole_years_say_that_it_returns(rng, strength, years, kept):
    rows = seasonal(rng, strength)
    some = rows.times < years * 360 * DAY
    part = Rows(rows.A[some], rows.y[some], rows.w[some], rows.times[some], rows.customers[some], rows.names)
    module = importlib.import_module("churnpredict.model.training")
    settled = module.settle_season(part, Settings(window=Window(Span(days=60)), n_jobs=1))
    assert np.isfinite(settled.A[:, 1]).all() == kept
    assert np.isfinite(rows.A).all(), "the user's own array stays as it was"
