"""The driver table, and how features find their driver."""

import pytest

from churnpredict.errors import ChurnWarning, UsageError
from churnpredict.explanation.drivers import DRIVERS, OTHER, Driver, assign_drivers, driver_of, nature_of

KEYS = ["habit", "value", "onboarding", "quality", "support", "communication"]
KEYS += ["price", "payment", "contract", "complexity", "competition", "calendar", "lifecycle"]


def test_table_is_whole_and_cannot_be_edited():
    assert list(DRIVERS) == KEYS
    for key, driver in DRIVERS.items():
        assert driver.key == key
        assert driver.label
        assert driver.says
        assert driver.signals
        assert driver.remedy
        assert driver.actionable in ("actionable", "behavioural", "fixed")
    with pytest.raises(TypeError):
        DRIVERS["habit"] = OTHER


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("habit__orders_count_30d", "habit"),
        ("staff__visits", "staff"),
        ("tenure", "other"),
        ("__x", "other"),
        ("x__", "other"),
        ("a__b__c", "a"),
        ("", "other"),
    ],
)
def test_driver_of(name, driver):
    assert driver_of(name) == driver


@pytest.mark.parametrize(
    ("name", "nature"),
    [
        ("habit__orders_days_since_last", "behavioural"),
        ("price__rises_count_90d", "actionable"),
        ("onboarding__orders_days_to_3", "fixed"),
        ("habit__orders_days_since_first", "fixed"),
        ("lifecycle__customers_tenure_days", "fixed"),
        ("lifecycle__customers_region", "fixed"),
        ("value__orders_sum_90d", "behavioural"),
        ("tenure", "fixed"),
    ],
)
def test_nature_of(name, nature):
    assert nature_of(name) == nature


def test_order_is_the_tables_then_own_then_other():
    keys, table = assign_drivers(["x", "zoo__a", "price__b", "habit__c", "art__d"])
    assert keys == ["other", "zoo", "price", "habit", "art"]
    assert list(table) == ["habit", "price", "art", "zoo", "other"]


def test_own_driver_object_replaces_the_tables():
    ours = Driver("price", "Tariff", "dear", "bills", "Call them", "fixed")
    _, table = assign_drivers(["price__a", "b"], {"b": ours})
    assert table["price"] is ours


def test_strange_columns_and_drivers_are_refused():
    with pytest.raises(UsageError, match="unknown-feature") as caught:
        assign_drivers(["Contract"], {"Contrct": "contract"})
    assert 'Did you mean "Contract"' in str(caught.value)
    with pytest.raises(UsageError, match="bad-driver"):
        assign_drivers(["a"], {"a": 3})
    with pytest.warns(ChurnWarning, match='Did you mean "support"'):
        assign_drivers(["a"], {"a": "suport"})
