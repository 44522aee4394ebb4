"""[[model.calendar]] in churn.toml."""

from pathlib import Path

import pytest

from churnpredict.cli.config import parse_config
from churnpredict.errors import ChurnError

TOML = """
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "at"
[churn]
rule = "inactivity"
horizon = "60d"
[model]
season = true
[[model.calendar]]
name = "closed"
kind = "closure"
days = ["12-20/01-01", 2024-05-09]
"""


def test_sections_become_the_pipelines_calendar():
    pipeline = parse_config(TOML, Path("churn.toml")).pipeline()
    assert pipeline.calendar == [{"name": "closed", "kind": "closure", "days": ["12-20/01-01", "2024-05-09"]}]
    assert pipeline.season is True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[[model.calendar]]", "[model.calendar]"),
        ('"closure"', '"open"'),
        ("season = true", 'season = "yes"'),
        ('"12-20/01-01"', '"12-20/99-01"'),
    ],
)
def test_what_is_no_calendar_is_refused(old, new):
    with pytest.raises(ChurnError):
        parse_config(TOML.replace(old, new), Path("churn.toml")).pipeline()
