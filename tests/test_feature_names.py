"""Names of features are read as they are written."""

import pytest

from churnpredict import catalog, make_business
from churnpredict.feature_names import GRAMMAR, kind_names, read_name, subjects_of


@pytest.mark.parametrize("aggregate", sorted(set(GRAMMAR) - {"plain"}))
def test_every_aggregate_is_read_back(aggregate):
    end = {"window": "90d", "number": "2"}.get(GRAMMAR[aggregate], "")
    read = read_name(f"support__tickets_{aggregate}" + (f"_{end}" if end else ""))
    assert (read.driver, read.subject, read.aggregate) == ("support", "tickets", aggregate)
    assert (read.window, read.number) == (end if GRAMMAR[aggregate] == "window" else "", 2 if GRAMMAR[aggregate] == "number" else 0)


def test_every_row_of_a_catalog_is_read_as_it_was_made():
    for row in catalog(make_business(40, random_state=0).tables):
        read = read_name(row.name)
        assert (read.driver, read.aggregate) == (row.driver, row.aggregate) or row.aggregate not in GRAMMAR, row.name


def test_later_kinds_never_rename_earlier_ones():
    kinds = ["sign-up", "Sign_Up", "sign up 2", "+", "own"]
    assert all(kind_names(kinds[:n]) == dict(list(kind_names(kinds).items())[:n]) for n in range(6))
    assert len(set(kind_names(kinds).values())) == 5


def test_kinds_belong_to_their_table():
    assert subjects_of(["payment__payments_count_7d", "payment__payments_failed_count_7d"])["payments_failed"] == ("payments", "failed")


def test_a_window_that_may_be_left_out_is_no_part_of_the_subject():
    for name, window in (("contract__subs_renewals", ""), ("contract__subs_renewals_2mo", "2mo")):
        read = read_name(name)
        assert (read.subject, read.aggregate, read.window) == ("subs", "renewals", window)
