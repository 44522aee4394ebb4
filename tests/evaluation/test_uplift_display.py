"""The uplift display: what is drawn is what the curves say; its words follow the intervals; refusals."""

import numpy as np
import pytest

from churnpredict.displays import UpliftDisplay
from churnpredict.errors import UsageError
from churnpredict.evaluation.metrics import qini
from churnpredict.evaluation.uplift import UpliftModel
from churnpredict.evaluation.uplift_curves import auuc, max_uplift_profit, qini_curve, uplift_curve

pytest.importorskip("matplotlib")


@pytest.fixture
def log(rng):
    n = 3000
    helped, arm = rng.random(n), (rng.random(n) < 0.5).astype(int)
    y = (rng.random(n) < 0.5 - 0.4 * arm * np.maximum(helped - 0.5, 0)).astype(int)
    return y, helped, arm


@pytest.mark.parametrize(("kind", "curve"), [("uplift", uplift_curve), ("qini", qini_curve)])
def test_what_is_drawn_is_the_curve(log, kind, curve):
    y, p, arm = log
    shown = UpliftDisplay.from_predictions(y, p, treated=arm, kind=kind, rounds=20)
    drawn = next(line for line in shown.ax_.lines if line.get_gid() == "curve")
    np.testing.assert_allclose(drawn.get_ydata(), np.interp(shown.share, *curve(y, p, treated=arm)), atol=1e-12)
    assert shown.qini.value == pytest.approx(qini(y, p, treated=arm))
    assert shown.auuc.value == pytest.approx(auuc(y, p, treated=arm))
    assert (shown.low <= shown.high).all()
    assert shown._repr_png_()[:4] == b"\x89PNG"


def test_the_profit_has_an_interval_at_the_best_share(log):
    y, p, arm = log
    money = {"value": 100, "offer_cost": 3, "contact_cost": 1}
    shown = UpliftDisplay.from_predictions(y, p, treated=arm, rounds=40, **money)
    assert (shown.profit.value, shown.best_share) == pytest.approx(max_uplift_profit(y, p, treated=arm, **money))
    assert shown.profit.low < shown.profit.value < shown.profit.high
    assert "would have earned" in shown.alt_text
    nothing = UpliftDisplay.from_predictions(y, p, treated=arm, rounds=5, value=1, contact_cost=50)
    assert nothing.profit.value == 0
    assert "no share" in nothing.alt_text.lower()


def test_words_follow_the_interval(log, rng):
    y, p, arm = log
    assert "keeps" in UpliftDisplay.from_predictions(y, p, treated=arm, rounds=60).alt_text
    assert "worse than a random one" in UpliftDisplay.from_predictions(y, -p, treated=arm, rounds=60).alt_text
    constant = UpliftDisplay.from_predictions(y, np.ones(len(y)), treated=arm, rounds=20)
    assert "no significant difference" in constant.alt_text
    np.testing.assert_allclose(constant.kept, constant.share * constant.kept[-1], atol=1e-12)


def test_a_fitted_model_draws_rows_that_it_was_not_trained_on(rng):
    from sklearn.linear_model import LogisticRegression

    X = rng.normal(size=(2500, 2))
    arm = (rng.random(2500) < 0.5).astype(int)
    y = (rng.random(2500) < 1 / (1 + np.exp(1 + arm * (X[:, 0] > 0)))).astype(int)
    model = UpliftModel(classifier=LogisticRegression(), learner="two", rounds=30).fit(X[:2000], y[:2000], arm[:2000])
    own = model.plot()
    assert own.qini.value == pytest.approx(model.qini_.value)
    later = UpliftDisplay.from_estimator(model, X[2000:], y[2000:], treated=arm[2000:], rounds=10)
    assert later.name == "UpliftModel"
    with pytest.raises(UsageError, match="treated= is missing"):
        UpliftDisplay.from_estimator(model, X, y)
    with pytest.raises(UsageError, match="bad-argument"):
        UpliftDisplay.from_predictions(y, X[:, 0], treated=arm, kind="gain")
