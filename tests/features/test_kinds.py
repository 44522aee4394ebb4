"""Law 15 for names: a kind that few customers have names no feature, whoever has how many rows of it, and whatever happens later."""

import pandas as pd
import pytest

import churnpredict as cp

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def log(n=800, named=()):
    """Visits of n customers; ``named`` are further rows (customer, kind, day)."""
    rows = [(i, "visit", f"2024-01-{1 + i % 28:02d}") for i in range(n)]
    return pd.DataFrame([*rows, *named], columns=["who", "what", "at"])


def kinds_of(frame, before="2024-03-01", partitions=None):
    events = cp.Events(frame, customer="who", time="at", kind="what")
    if partitions is None:
        return {r.kind for r in cp.catalog(cp.EventTables(log=events), before=before)} - {None}
    with cp.scan_tables(log=events, partitions=partitions) as tables:
        return {r.kind for r in cp.catalog(tables.outline, before=before)} - {None}


def test_a_kind_of_few_customers_names_no_feature():
    few = [(i % 19, "Call with Jane Doe", "2024-02-01") for i in range(500)]
    enough = [(i, "call", "2024-02-01") for i in range(20)]
    for partitions in (None, 1, 7):
        assert kinds_of(log(named=few + enough), partitions=partitions) == {"visit", "call"}


def test_customers_of_later_do_not_make_a_kind_common():
    now = [(i, "call", "2024-02-01") for i in range(15)]
    later = [(i, "call", "2024-03-01") for i in range(15, 60)]
    for partitions in (None, 3):
        assert kinds_of(log(named=now + later), partitions=partitions) == {"visit"}
        assert kinds_of(log(named=now + later), before="2024-03-02", partitions=partitions) == {"visit", "call"}


@pytest.mark.parametrize(("customers", "least"), [(10, 2), (40, 2), (100, 5), (399, 20)])
def test_small_tables_ask_for_one_customer_in_twenty(customers, least):
    for holders in (least - 1, least):
        calls = [(i, "call", "2024-02-01") for i in range(holders)]
        assert ("call" in kinds_of(log(customers, calls))) == (holders == least)
