"""The picture of a drift report: bars are multiples of limits, alarms come first, and nothing is said of nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnpredict.monitoring.drift import Drift
from churnpredict.monitoring.pictures import checks_by_limit

AT = pd.Timestamp("2024-09-01")


def report(rows: list[tuple[str, float, float, float, bool]]) -> Drift:
    figures = pd.DataFrame(rows, columns=["where", "value", "usual", "limit", "alarm"]).assign(group="input", check="feature")
    return Drift(AT, 500, (), figures)


def test_bars_are_multiples_of_the_limits_alarms_first() -> None:
    found = report([("age", 0.1, 0.05, 0.2, False), ("region", 0.5, 0.1, 0.2, True), ("plan", 0.15, 0.1, 0.2, False)])
    figure = found.plot(theme="dark")
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    assert bars == pytest.approx([2.5, 0.75, 0.5])
    usual = next(line for line in figure.axes[0].lines if line.get_gid() == "usual")
    assert usual.get_xdata() == pytest.approx([0.5, 0.5, 0.25])
    assert figure.alt_text.startswith("1 of 3 checks raises a drift alarm, region (feature) most")
    assert (
        report([("age", 0.1, 0.05, 0.2, False)]).plot().alt_text.startswith("No drift alarm in 1 checks; age (feature) is nearest, at 0.5")
    )


def test_a_check_without_a_limit_is_beyond_it() -> None:
    found = report([("orders", 1.0, 0.0, 0.0, True), ("age", np.nan, 0.0, 0.2, False)])
    assert checks_by_limit(found.figures)["value_by_limit"].iloc[0] == np.inf
    assert found.plot()._repr_png_()[:4] == b"\x89PNG"


def test_no_check_is_a_sentence_and_many_are_cut() -> None:
    assert Drift(AT, 0).plot().alt_text == "There is no check to draw: nothing could be compared."
    many = report([(f"column_{i}", 0.01 * i, 0.0, 1.0, False) for i in range(40)])
    assert len(many.plot(most=10).axes[0].patches) == 10
    assert "30 farther from their limits left out" in many.plot(most=10).alt_text
