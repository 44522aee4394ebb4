"""A feature as a row of data: its name, and each combination that has no meaning refused."""

from __future__ import annotations

import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError
from churnpredict.features.feature import AGGREGATES


def made(name: str, **more: object) -> cp.Feature:
    """A feature of an aggregate, with all that it needs."""
    row = AGGREGATES[name]
    needs: dict[str, object] = {"window": "90d"} if row.takes in ("window", "half-life") else {"nth": 2} if row.takes == "nth" else {}
    if row.needs in ("attribute", "state", "label", "date"):
        needs["column"] = "plan"
    if name in ("share", "streak", "recovered", "recovered_share", "per_session"):
        needs["kind"] = "failed"
    return cp.Feature("orders", name, **needs | more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", AGGREGATES)
def test_every_aggregate_has_a_name_that_begins_with_its_driver(name: str) -> None:
    feature = made(name)
    assert feature.name.startswith(f"{AGGREGATES[name].driver}__orders_")
    assert made(name, driver="price").name == feature.name.replace(f"{AGGREGATES[name].driver}__", "price__", 1)


def test_equal_windows_and_kinds_are_one_feature() -> None:
    assert cp.Feature("orders", "sum", "90 days") == cp.Feature("orders", "sum", "90d")
    assert cp.Feature("orders", "count", "90d", kind=1) == cp.Feature("orders", "count", "90d", kind="1")


@pytest.mark.parametrize(
    ("arguments", "options", "code"),
    [
        (("orders", "total"), {}, "unknown-aggregate"),
        (("orders", "sum"), {}, "no-window"),
        (("orders", "days_since_last", "90d"), {}, "no-such-window"),
        (("orders", "last_gap"), {}, "no-nth"),
        (("orders", "last_gap"), {"nth": 0}, "no-nth"),
        (("orders", "sum", "90d"), {"nth": 1}, "no-such-nth"),
        (("orders", "share", "90d"), {}, "no-kind"),
        (("plan", "state"), {}, "no-column"),
        (("orders", "sum", "90d"), {"column": "eur"}, "no-such-column"),
        (("orders", "count", "90d"), {"kind": float("nan")}, "bad-argument"),
        (("orders", "count", "90d"), {"called": "x"}, "bad-argument"),
    ],
    ids=str,
)
def test_a_combination_without_meaning_is_refused(arguments: tuple[str, ...], options: dict[str, object], code: str) -> None:
    with pytest.raises(ChurnError) as caught:
        cp.Feature(*arguments, **options)  # type: ignore[arg-type]
    assert caught.value.code == code
