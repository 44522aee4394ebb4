"""Pairs of an explanation: found, told in sentences, and never all held at once where only the top is asked for."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from churnpredict import explain
from churnpredict.errors import UsageError
from churnpredict.explanation import pairs as module


def test_the_planted_pair_is_found_and_told(world):
    model, X, both = world
    why = explain(model, X)
    assert list(why.top_pairs(1, "drivers").loc[0, ["first", "second"]]) == sorted(("price", "support"), key=list(why.table).index)
    assert set(why.top_pairs(1).loc[0, ["first", "second"]]) == {"price__prices_last_change_pct", "support__tickets_open_count"}
    told = why.pair_words()
    assert told[both].notna().mean() > 0.9
    pair = ("support", "price") if ("support", "price") in why.pairs else ("price", "support")
    assert (why.pair_points.loc[both, pair] >= 0.005).mean() > 0.95
    assert (
        not told[(X.iloc[:, 0] == 0) & (X.iloc[:, 2] == 0)].fillna("").str.contains("Price and Support|Support and Price").any()
    )  # what is absent is no news
    assert "at the same time" in told[both].iloc[0]
    assert "12 %" in told[both].iloc[0] or "12%" in told[both].iloc[0]
    assert "zugleich" in why[np.flatnonzero(both)[:1]].pair_words(language="de").iloc[0]


def test_top_pairs_only_hold_the_top(world, monkeypatch):
    why = explain(world[0], world[1])
    all_pairs = why.top_pairs(100)
    monkeypatch.setattr(module, "MOST_NUMBERS", 2 * len(why))
    monkeypatch.setattr(module, "CELLS", 500)
    pd.testing.assert_frame_equal(why.top_pairs(2), all_pairs.head(2))
    with pytest.raises(UsageError, match="too-many-pairs"):
        why.interactions("features")
    with pytest.raises(UsageError, match="too-many-pairs"):
        why.top_pairs(3)
    with pytest.raises(UsageError, match="bad-argument"):
        why.top_pairs(0)


@pytest.mark.filterwarnings("ignore")
def test_shap_draws_them(world):
    import shap

    why = explain(world[0], world[1].iloc[:100])
    told = why.to_shap(pairs=True)
    assert told.values.shape == (100, 4, 4)
    shap.summary_plot(told.values, told.data, feature_names=np.array(told.feature_names), show=False)  # shap 0.46 takes no list
    plt.close("all")
    shap.dependence_plot((0, 2), told.values, told.data, feature_names=told.feature_names, show=False)
    plt.close("all")
    assert why.to_shap("drivers", "points", pairs=True).values.shape == (100, 3, 3)
