"""Displays: what is drawn is what the metrics say, whatever the order of rows, and several models share axes."""

import sys

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import MissingExtraError, UsageError
from churnpredict.evaluation import metrics
from churnpredict.evaluation.curves import gain_curve, profit_curve, reliability_curve
from churnpredict.evaluation.displays import GainDisplay, OverTimeDisplay, ProfitDisplay, ReliabilityDisplay

pytest.importorskip("matplotlib")
DISPLAYS = (ReliabilityDisplay, GainDisplay, ProfitDisplay)
MONEY = {"value": 200, "offer_cost": 10, "contact_cost": 1}


@pytest.fixture
def told(rng):
    p = np.round(rng.random(600), 2)  # with ties
    return (rng.random(600) < p).astype(int), p


def test_curves_pass_through_the_metrics(told):
    y, p = told
    assert gain_curve(y, p, shares=[0.1, 0.3]) == pytest.approx([metrics.gain(y, p, k=k) for k in (0.1, 0.3)])
    share, profit, stop = profit_curve(y, p, **MONEY)
    assert profit.max() == pytest.approx(metrics.mpc(y, p, **MONEY))
    assert stop[1] == pytest.approx(metrics.expected_profit(y, p, **MONEY))
    assert np.interp(stop[0], share, profit) == pytest.approx(stop[1])
    said, seen, n = reliability_curve(y, p)
    assert n @ np.abs(said - seen) / n.sum() == pytest.approx(metrics.calibration_error(y, p))


def test_curves_do_not_depend_on_the_order_of_rows_and_take_weights(told, rng):
    y, p = told
    order = rng.permutation(len(y))
    w = rng.integers(0, 3, len(y))
    for curve in (
        lambda y, p, w: gain_curve(y, p, shares=np.linspace(0, 1, 11), sample_weight=w),
        lambda y, p, w: profit_curve(y, p, **MONEY, sample_weight=w)[1],
    ):
        assert curve(y, p, w) == pytest.approx(curve(y[order], p[order], w[order]))
        twice = np.repeat(np.arange(len(y)), w)
        assert curve(y, p, w)[-1] == pytest.approx(curve(y[twice], p[twice], None)[-1])
        assert np.max(curve(y, p, w)) == pytest.approx(np.max(curve(y[twice], p[twice], None)))


@pytest.mark.parametrize("display", DISPLAYS)
def test_two_models_share_axes_in_colours_of_their_own(display, told):
    y, p = told
    money = MONEY if display is ProfitDisplay else {}
    one = display.from_predictions(y, p, **money, name="one")
    other = display.from_predictions(y, 1 - p, **money, name="other", ax=one.ax_)
    curves = [line for line in one.ax_.lines if line.get_gid() == "curve"]
    assert [line.get_label() for line in curves] == ["one", "other"]
    assert len({line.get_color() for line in curves}) == 2
    assert one._repr_png_()[:4] == b"\x89PNG"
    assert other._repr_png_() is None, "axes that somebody else owns are shown by their owner"


def test_drawn_are_the_numbers_and_their_intervals(told):
    y, p = told
    for kind in ("gain", "lift"):
        shown = GainDisplay.from_predictions(y, p, kind=kind, rounds=20)
        curve = next(line for line in shown.ax_.lines if line.get_gid() == "curve")
        at = np.argmin(np.abs(curve.get_xdata() - 0.1))
        assert curve.get_ydata()[at] == pytest.approx(getattr(metrics, kind)(y, p, k=0.1))
        assert (shown.low <= shown.gain + 0.05).all()
        assert (shown.low <= shown.high).all()
    reliable = ReliabilityDisplay.from_predictions(y, p)
    assert reliable.counts.sum() == len(y)
    assert ((reliable.low <= reliable.observed) & (reliable.observed <= reliable.high)).all()


def test_constant_risks_give_the_line_of_chance():
    y, p = np.tile([0, 0, 1], 30), np.full(90, 0.3)
    assert GainDisplay.from_predictions(y, p, rounds=0).gain == pytest.approx(np.linspace(0, 1, 101))
    assert len(ReliabilityDisplay.from_predictions(y, p).risk) == 1
    assert ProfitDisplay.from_predictions(y, p, **MONEY).share.tolist() == [0, 1]


@pytest.mark.filterwarnings("ignore:.*in-sample")
def test_estimators_give_labels_customers_and_cutoffs(snapshots):
    X, y = snapshots
    model = cp.ChurnClassifier(horizon="60d", members=("linear",), half_life=None).fit(X, y)
    risk = model.predict_proba(X)[:, 1]
    assert GainDisplay.from_estimator(model, X, y, rounds=5).gain == pytest.approx(gain_curve(y, risk, shares=np.linspace(0, 1, 101)))
    over_time = OverTimeDisplay.from_estimator(model, X, y, metric="auc", rounds=5)
    assert over_time.cutoffs.tolist() == sorted(set(X.index.get_level_values("cutoff")))
    last = X.index.get_level_values("cutoff") == over_time.cutoffs[-1]
    assert over_time.value[-1] == pytest.approx(metrics.auc(y[last], risk[last]))
    words = np.where(y == 1, "gone", "here")
    text = cp.ChurnClassifier(positive="gone", members=("linear",)).fit(X, words)
    assert ProfitDisplay.from_estimator(text, X, words, **MONEY).profit[-1] == pytest.approx(
        ProfitDisplay.from_predictions(y, risk, **MONEY).profit[-1]
    )


def test_what_cannot_be_drawn_is_said(told, monkeypatch):
    y, p = told
    with pytest.raises(UsageError, match="bad-argument"):
        GainDisplay.from_predictions(y, p, kind="roc")
    with pytest.raises(UsageError, match="no-cutoffs"):
        OverTimeDisplay.from_predictions(y, p)
    with pytest.raises(UsageError, match="unknown-metric"):
        OverTimeDisplay.from_predictions(y, p, cutoff=pd.Timestamp("2024-01-01"), metric="accuracy")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"churnpredict\[plot\]"):
        ReliabilityDisplay.from_predictions(y, p)


def test_a_crowd_in_a_corner_is_shown_again_larger(rng):
    p = np.where(rng.random(3000) < 0.9, rng.beta(1, 60, 3000), rng.beta(5, 3, 3000))
    y = (rng.random(3000) < p).astype(int)
    crowded = ReliabilityDisplay.from_predictions(y, p)
    _, corner = crowded.ax_.child_axes
    assert corner.get_xlim()[1] < crowded.ax_.get_xlim()[1] / 2.5
    assert corner.lines[-1].get_xdata() == pytest.approx(crowded.risk)
    other = ReliabilityDisplay.from_predictions(y, p[::-1].copy(), ax=crowded.ax_)
    assert corner.lines[-1].get_ydata() == pytest.approx(other.observed), "the second model is in the corner, too"
    even = rng.random(600)
    assert len(ReliabilityDisplay.from_predictions((rng.random(600) < even).astype(int), even).ax_.child_axes) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("display", [*DISPLAYS, OverTimeDisplay])
def test_titles_say_the_finding_in_both_themes(display, theme, told):
    y, p = told
    more = (
        MONEY if display is ProfitDisplay else {"cutoff": np.tile(["2024-01-01", "2024-02-01"], 300)} if display is OverTimeDisplay else {}
    )
    shown = display.from_predictions(y, p, **more).plot(theme=theme)
    assert any(letter.isdigit() for letter in shown.figure_.get_suptitle())
    assert shown.alt_text.startswith(shown.figure_.get_suptitle().replace("\n", " "))
    assert shown.figure_.get_facecolor()[0] == pytest.approx({"light": 1.0, "dark": 0x14 / 255}[theme])


def test_predicted_and_observed_in_the_title_are_the_means_of_all_rows(told):
    y, p = told
    said = ReliabilityDisplay.from_predictions(y, p).alt_text
    assert said.startswith(f"{100 * p.mean():.0f} % predicted, {100 * y.mean():.0f} % observed on average")


@pytest.mark.parametrize("y", [np.zeros(20, int), np.ones(20, int)])
def test_nobody_or_everybody_left(y):
    for display in DISPLAYS:
        shown = display.from_predictions(y, np.linspace(0.1, 0.9, 20), **(MONEY if display is ProfitDisplay else {}))
        assert shown._repr_png_()[:4] == b"\x89PNG"
        assert "nan" not in shown.alt_text


def test_a_name_that_is_not_a_text_is_refused_wherever_it_is_given(told):
    y, p = told[:2]
    for name in (3, 0, ["a"]):
        for draw in (
            lambda name=name: GainDisplay.from_predictions(y, p, rounds=0, name=name),
            lambda name=name: ReliabilityDisplay.from_predictions(y, p, name=name),
            lambda name=name: GainDisplay.from_predictions(y, p, rounds=0).plot(name=name),
            lambda name=name: GainDisplay.from_estimator(None, None, y, name=name),
        ):
            with pytest.raises(UsageError, match="name is "):
                draw()
