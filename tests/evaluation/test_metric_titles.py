"""What metrics are called is said in one place, for every metric that a backtest computes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import churnpredict
from churnpredict.evaluation.comparison import METRICS
from churnpredict.evaluation.metric_titles import TITLES, axis_title, head_of, write_figure
from churnpredict.languages.catalogue import language_of

SOURCE = Path(churnpredict.__file__).parent


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_of_a_backtest_has_a_title(metric: str) -> None:
    assert "_" not in TITLES[metric].long + TITLES[metric].short


def test_no_other_module_names_a_metric() -> None:
    long = {title.long for title in TITLES.values()} - {"AUC", "EMPC"}
    for path in SOURCE.rglob("*.py"):
        texts = {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert path.name == "metric_titles.py" or not texts & long, path


def test_a_gap_is_in_points_in_a_table_and_a_share_on_an_axis() -> None:
    assert head_of("calibration_gap").endswith(", points")
    assert "points" not in axis_title("calibration_gap")
    assert write_figure("calibration_gap", 0.01) == "+1.0"


@pytest.mark.parametrize("metric", ["auc", "log_loss", "lift_10"])
def test_the_page_in_english_uses_the_same_words(metric: str) -> None:
    assert language_of("en").say(f"metric.{metric}") == TITLES[metric].long
