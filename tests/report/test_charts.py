"""Charts of the page: numbers become marks in their place, and texts are escaped."""

from __future__ import annotations

import re
from xml.dom.minidom import parseString

import pytest

from churnpredict.report.charts import reliability_chart, season_chart, share_bar, sparkline

BINS = [{"said": 0.1, "happened": 0.12, "low": 0.08, "high": 0.16}, {"said": 0.4, "happened": 0.3, "low": 0.2, "high": 0.45}]
LABEL = 'x" onload="alert(1)'
CHARTS = {
    "reliability": reliability_chart(BINS, LABEL, "<{:.0%}>".format),
    "season": season_chart([0, 182, 365], [1, 2, 1], [0.9, 1.5, 0.9], [1.1, 2.5, 1.1], (300, 390), LABEL),
    "spark": sparkline([0, 2, 1], LABEL),
    "bar": share_bar(0.25, 1.0),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_one_svg_without_code(name: str) -> None:
    drawn = parseString(str(CHARTS[name])).documentElement
    assert drawn is not None
    assert drawn.tagName == "svg"
    assert not drawn.hasAttribute("onload")
    assert "nan" not in str(CHARTS[name]).lower()


def test_marks_of_calibration_stand_where_their_numbers_are() -> None:
    text = str(CHARTS["reliability"])
    xs, ys = ([float(v) for v in re.findall(rf'<circle[^>]* c{axis}="([\d.]+)"', text)] for axis in "xy")
    assert xs == sorted(xs)
    assert ys == sorted(ys, reverse=True), "y grows downwards"
    (x1, y1, x2, y2) = (float(v) for v in re.findall(r'diagonal" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"', text)[0])
    for b, x, y in zip(BINS, xs, ys, strict=True):
        on_diagonal = y1 + (x - x1) * (y2 - y1) / (x2 - x1)
        assert (y < on_diagonal) == (b["happened"] > b["said"]), "above the diagonal where more left than predicted"
    assert str(reliability_chart([], LABEL, str)).count("<circle") == 0
