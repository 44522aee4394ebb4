"""Lists that a page or a docstring writes out are those of the registry that they repeat."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from tests import test_odd_arguments
from tests.cli import test_setting_values

import churnpredict as cp
from churnpredict.accounting.ledger import Ledger
from churnpredict.churn.rules import rules_by_name
from churnpredict.cli import config
from churnpredict.errors import UsageError
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.languages.catalogue import LANGUAGES

DOCS = Path(__file__).parents[1] / "docs"
RULES = {rule.__name__: rule for rule in rules_by_name().values()}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def table(text: str, head: str) -> dict[str, str]:
    """First cell -> last cell of the table whose head begins so."""
    lines = text[text.index(f"| {head} |") :].splitlines()[2:]
    rows = [line.strip("| ").split(" | ") for line in lines[: next(i for i, line in enumerate([*lines, ""]) if not line.startswith("|"))]]
    return {row[0]: row[-1] for row in rows}


def test_drivers_and_their_natures() -> None:
    text = page("drivers.md")
    first = text[: text.index("##")]
    assert re.findall(r"`(\w+)`", first) == list(DRIVERS)
    natures = table(text, "nature")
    for nature, named in natures.items():
        assert set(re.findall(r"\w+", named.partition(", and in every")[0])) == {k for k, d in DRIVERS.items() if d.actionable == nature}


def test_rules_and_which_know_the_day() -> None:
    text = page("concepts/outcomes.md")
    assert [re.match(r"`(\w+)", cell)[1] for cell in table(text, "rule")] == list(RULES)  # type: ignore[index]
    known = {name for name, rule in RULES.items() if not rule("30d").decided_at_end}
    assert set(re.findall(r"`(\w+)`", text[text.index("All other rules have them") :].splitlines()[0])) == known
    listed = re.search(r"know the day of\s+leaving \(([^)]*)\)", inspect.getdoc(cp.ChurnPipeline) or "")
    assert listed is not None
    assert set(re.findall(r"\w+", listed[1])) == known


@pytest.mark.parametrize("name", RULES)
def test_rules_that_accounts_can_be_kept_by(name: str) -> None:
    """The docstring of churn_rate and the remedy of its error list them."""
    shop = cp.make_business(60, random_state=1, rule="cancellation", months=8, trial="14d")
    tables = {"Cancellation": "cancellations", "SubscriptionEnd": "subscriptions", "TrialEnd": "subscriptions", "DownSell": "prices"}
    given = {"of": tables.get(name, "orders")} | ({"value": "price"} if name == "DownSell" else {})
    said = re.search(r"churn : ([^\n]+)", inspect.getdoc(cp.churn_rate) or "")
    assert said is not None
    listed = re.findall(r"[A-Z]\w+", said[1])
    if name in listed:
        assert Ledger(shop.tables, RULES[name]("30d", **given))
        return
    with pytest.raises(UsageError, match="rule-not-accountable") as refused:
        Ledger(shop.tables, RULES[name]("30d", **given))
    assert set(re.findall(r"[A-Z]\w+", refused.value.remedy)) - {"Use"} == set(listed)


def test_what_the_page_can_show() -> None:
    text = page("how/report.md")
    shown = {key for cell in table(text, "given") for key in re.findall(r"`(\w+)=`", cell)}
    beside = {"scores", "path", "backtest_note", "calibration", "earlier", "title", "unit", "most_cards"}
    assert shown == set(inspect.signature(cp.write_report).parameters) - beside
    assert set(re.findall(r'"(\w+)"', table(text, "given")["`language=`"])) == set(LANGUAGES)


def test_tests_have_an_entry_for_each_kind_and_rule() -> None:
    assert set(test_odd_arguments.RULES) == set(RULES.values())
    assert set(test_odd_arguments.ROLES) == {cp.Events, cp.Intervals, cp.States, cp.Customers}
    assert set(test_setting_values.RULE) == set(rules_by_name())
    assert set(test_setting_values.TABLE) == set(config.TABLES)
