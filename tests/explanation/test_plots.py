"""Pictures: the numbers drawn are the numbers explained; every picture of shap works on what to_shap gives."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import MissingExtraError, UsageError
from churnpredict.explanation.attribution import explain
from churnpredict.explanation.rows import row_of

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
INDEX = ["customer_id", "cutoff"]


@pytest.fixture(scope="module")
def why(book):
    model, X, _ = book
    return explain(model, X.iloc[:120])


def _bars(ax):
    return np.array([bar.get_width() for bar in ax.patches])


@pytest.mark.parametrize("row", [0, 7, -1])
@pytest.mark.parametrize("most", [1, 8])
def test_a_customers_bars_lead_from_base_to_risk(why, row, most):
    figure = why.plot("customer", customer=why.index.get_level_values("customer_id")[row], most=most)
    (ax,) = figure.axes
    small = np.abs(why.points.iloc[row])
    assert _bars(ax).sum() == pytest.approx(why.risk.iloc[row] - why.base_risk, abs=small[small < 0.0005].sum() + 1e-9)
    texts = [text.get_text() for text in ax.texts]
    assert f"{100 * why.risk.iloc[row]:.1f} %" in texts
    assert f"{100 * why.base_risk:.1f} %" in texts


def test_the_book_shows_what_raises_and_what_lowers(why):
    left, right = why.plot().axes
    assert _bars(left).sum() == pytest.approx(100 * why.points.to_numpy().sum(axis=1).mean())
    assert _bars(right).sum() == pytest.approx(why.top(1)["reason_1"].notna().mean())


def test_segments_show_their_means(why):
    plan = why.frame()["lifecycle__customers_plan"].astype(str).to_numpy()
    for by in ("lifecycle__customers_plan", plan):
        (ax,) = why.plot("segment", by=by).axes
        drawn = {line.get_label().split(":")[0]: line.get_xdata() for line in ax.lines if ":" in str(line.get_label())}
        assert set(drawn) == {"basic", "plus", "family"}
        for name, means in drawn.items():
            assert sorted(means) == pytest.approx(sorted(100 * why.points[plan == name].mean()))
    with pytest.raises(UsageError, match="bad-segments"):
        why.plot("segment", by=np.arange(3))
    with pytest.raises(UsageError, match="bad-segments"):
        why.plot("segment", by="no such feature")


def test_the_segment_of_the_highest_risk_comes_first_in_the_legend_and_above(why):
    plan = why.frame()["lifecycle__customers_plan"].astype(str).to_numpy()
    figure = why.plot("segment", by=plan)
    named = [text.get_text().split(":")[0] for text in figure.legends[0].get_texts()]
    assert named == why.risk.groupby(plan).mean().sort_values(ascending=False).index.tolist()
    heights = {str(line.get_label()).split(":")[0]: line.get_ydata()[0] for line in figure.axes[0].lines}
    assert heights[named[0]] > heights[named[1]] > heights[named[2]]


def test_formulas_in_labels_stay_text(why):
    labels = np.where(np.arange(len(why)) % 2, "under $5 and $", "over $5")
    assert why.plot("segment", by=labels)._repr_png_()[:4] == b"\x89PNG"


def test_unknown_pictures_and_rows(why):
    with pytest.raises(UsageError, match="unknown-choice"):
        why.plot("pie")
    with pytest.raises(UsageError, match="no-such-customer"):
        why.plot("customer", customer="nobody")
    with pytest.raises(UsageError, match="which-customer"):
        why.plot("customer")
    with pytest.raises(UsageError, match="no-such-customer"):
        why.plot("customer", customer=why.index.get_level_values("customer_id")[0], cutoff="1999-01-01")


def test_a_customer_is_found_by_id_and_cutoff(why):
    two = replace(
        why[[0, 1, 2]], index=pd.MultiIndex.from_arrays([["a", "b", "a"], pd.to_datetime(["2024-03-01"] * 2 + ["2024-01-01"])], names=INDEX)
    )
    assert [row_of(two, "a"), row_of(two, "b"), row_of(two, "a", "2024-01-01")] == [0, 1, 2], "the newest cutoff by default"
    assert row_of(two[1]) == 0, "one customer needs no name"
    plain = replace(why[[0, 1]], index=pd.Index([7, 9]))
    assert row_of(plain, 9) == 1
    with pytest.raises(UsageError, match="no-such-customer"):
        row_of(plain, "9")


def test_without_matplotlib_the_pip_command_is_named(why, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r'pip install "churnpredict\[plot\]"'):
        why.plot()


SHAP_PICTURES = ["bar", "beeswarm", "violin", "heatmap", "scatter", "waterfall", "decision", "force"]
SHAP_PICTURES += ["embedding", "group_difference", "monitoring"]  # the others are for images, texts, and models in need of a function


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("by", ["features", "drivers"])
@pytest.mark.parametrize("picture", SHAP_PICTURES)
def test_every_picture_of_shap_works(why, by, picture):
    import matplotlib.pyplot as plt
    import shap

    told = why.to_shap(by)
    assert told.values.sum(axis=1) + told.base_values == pytest.approx(why.log_odds)
    draw = getattr(shap.plots, picture)
    if picture == "waterfall":
        draw(told[3], show=False)
    elif picture == "scatter":
        draw(told[:, 0], show=False)
    elif picture == "decision":
        draw(float(told.base_values[0]), told.values, feature_names=list(told.feature_names), show=False)
    elif picture == "force":
        draw(told[3], matplotlib=True, show=False)
    elif picture == "embedding":
        draw(0, told.values, feature_names=list(told.feature_names), show=False)
    elif picture == "group_difference":
        draw(told.values, np.arange(len(why)) % 2 == 0, feature_names=list(told.feature_names), show=False)
    elif picture == "monitoring":
        draw(0, told.values, features=told.data, feature_names=list(told.feature_names), show=False)
    else:
        draw(told, show=False)
    plt.close("all")


def test_to_shap_in_points(why):
    told = why.to_shap("drivers", unit="points")
    assert told.values.sum(axis=1) + told.base_values == pytest.approx(why.risk.to_numpy())
    with pytest.raises(UsageError, match="unknown-choice"):
        why.to_shap("columns")


def test_the_map_divides_every_risk_into_its_drivers(why):
    figure = why.plot("map", theme="dark")
    (ax,) = figure.axes
    line = next(line for line in ax.lines if line.get_gid() == "total")
    order = np.argsort(-why.risk.to_numpy(), kind="stable")
    groups = np.array_split(100 * (why.risk.to_numpy() - why.base_risk)[order], 40)
    assert line.get_ydata()[:-1] == pytest.approx([g.mean() for g in groups])
    stacked = sum(bar.get_height() * bar.get_width() for bar in ax.patches)
    assert stacked == pytest.approx(100 * (why.risk.mean() - why.base_risk))
    assert "riskiest tenth" in figure.alt_text


@pytest.mark.parametrize("by", ["features", "drivers"])
def test_every_dot_of_the_swarm_is_a_customers_points(why, by):
    ax = why.plot("swarm", by=by, most=3).axes[0]
    points = why.feature_points if by == "features" else why.points
    strongest = points.abs().mean().sort_values(ascending=False, kind="stable").index[0]
    places = [np.asarray(dots.get_offsets()) for dots in ax.collections]
    drawn = np.concatenate([place[:, 0] for place in places if np.abs(place[:, 1]).max(initial=0) <= 0.4])
    assert sorted(drawn) == pytest.approx(sorted(100 * points[strongest]))
    with pytest.raises(UsageError, match="unknown-choice"):
        why.plot("swarm", by="rows")


def test_one_customer_and_nobody_are_drawn_or_said(why):
    for kind in ("book", "map", "swarm", "customer"):
        assert why[0].plot(kind)._repr_png_()[:4] == b"\x89PNG"
    for kind in ("book", "map", "swarm"):
        assert why[:0].plot(kind).alt_text == "There is nothing to draw: no customer is explained."


def test_the_title_says_whose_risk_it_is_and_why(why):
    figure = why.plot("customer", customer=why.index.get_level_values("customer_id")[3])
    name = why.index.get_level_values("customer_id")[3] if "customer_id" in why.index.names else why.index[3]
    assert str(name) in figure.alt_text
    assert figure.alt_text.startswith(figure.get_suptitle().replace("\n", " "))
