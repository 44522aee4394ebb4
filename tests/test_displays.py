"""The part of the public face that draws: every display draws what its model predicts, from a model or from risks."""

from __future__ import annotations

import numpy as np
import pytest

import churnpredict as cp

pyplot = pytest.importorskip("matplotlib.pyplot", reason="Matplotlib is not installed (pip install churnpredict[plot])")


@pytest.mark.parametrize(
    "name", [n for n in cp.displays.__all__ if n.endswith("Display") and n not in ("OverTimeDisplay", "ProfitDisplay", "UpliftDisplay")]
)
def test_risks_and_the_model_that_gives_them_draw_the_same(name: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + rng.normal(size=300) > 0.5).astype(int)
    model = cp.ChurnClassifier(members=("linear",), n_jobs=1).fit(X, y)
    new = X + 0.01
    display = getattr(cp.displays, name)
    one, other = display.from_estimator(model, new, y), display.from_predictions(y, model.predict_proba(new)[:, 1])
    for first, second in zip(one.ax_.lines, other.ax_.lines, strict=True):
        np.testing.assert_allclose(np.asarray(first.get_xydata(), float), np.asarray(second.get_xydata(), float))
    pyplot.close("all")


def test_every_name_is_found_where_scikit_learn_users_look() -> None:
    for name in cp.displays.__all__:
        with pytest.raises(AttributeError, match=rf"It is churnpredict\.displays\.{name}"):
            getattr(cp, name)
