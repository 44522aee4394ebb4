"""The picture of a retraining shows the figures that decided."""

from __future__ import annotations

import pandas as pd
import pytest

from churnpredict.evaluation.metrics import Interval
from churnpredict.lifecycle.retraining import Retraining

AT = pd.Timestamp("2024-09-01")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dots_are_the_figures_and_drivers_are_in_points(theme: str) -> None:
    rows = [
        ("challenger", "log_loss", 0.40, 0.38, 0.42),
        ("champion", "log_loss", 0.45, 0.43, 0.47),
        ("base rate", "log_loss", 0.50, 0.48, 0.52),
        ("challenger", "auc", 0.81, 0.78, 0.84),
        ("champion", "auc", 0.79, 0.76, 0.82),
    ]
    found = Retraining(
        promoted=True,
        verdict="better",
        words="log loss is lower beyond chance",
        until=AT,
        n=500,
        leavers=80,
        difference=Interval(-0.05, -0.07, -0.03),
        figures=pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high"]),
        drivers=pd.DataFrame({"champion": [0.05, 0.02], "challenger": [0.01, 0.021]}, index=pd.Index(["habit", "price"], name="driver")),
        agreement=pd.Series({"same_first": 0.8}),
    )
    figure = found.plot(theme=theme)
    dots = {line.get_gid(): float(line.get_xdata()[0]) for ax in figure.axes for line in ax.lines if line.get_gid()}
    assert {f"{metric} {model}": value for model, metric, value, *_ in rows} == {k: v for k, v in dots.items() if k[0] in "la"}
    assert dots["challenger habit"] == pytest.approx(1.0)
    assert dots["champion habit"] == pytest.approx(5.0)
    assert "The challenger takes over [better]: log loss −.0500 (95 %: −.0700 to −.0300)" in figure.alt_text


def test_nothing_compared_is_a_sentence() -> None:
    found = Retraining(promoted=False, verdict="too-early", words="No window is observed yet.", until=AT)
    assert found.plot().alt_text == "Nothing was compared. No window is observed yet."
