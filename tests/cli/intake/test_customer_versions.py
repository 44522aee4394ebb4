"""Versions of customers: found by how they follow each other, and not where contracts do."""

from __future__ import annotations

from pathlib import Path

from tests.cli.intake.profiles import DIMENSION, profile_of, versions

from churnpredict.cli.intake.customer_versions import changes, follow_each_other, is_of_versions


def test_each_version_ends_where_the_next_begins(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "dim_customer", DIMENSION, versions()).columns
    order, following, sound = follow_each_other(found["customer_bk"], found["valid_from"], found["valid_to"])
    assert sound
    assert following.sum() == 60
    assert changes(found["tier"], order)[following].all()
    assert not changes(found["city"], order)[following].any()


def test_versions_with_holes_between_them_are_none(tmp_path: Path) -> None:
    rows = [row.replace("9999-12-31", "2025-01-01") for row in versions()]
    found = profile_of(tmp_path, "dim_customer", DIMENSION, rows).columns
    assert not follow_each_other(found["customer_bk"], found["valid_from"], found["valid_to"])[2]


def test_contracts_are_not_versions(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "contracts", DIMENSION, versions())
    assert not is_of_versions(found, "customer_bk", found.columns["valid_from"], found.columns["valid_to"])
    found = profile_of(tmp_path, "dim_customer", DIMENSION, versions())
    assert is_of_versions(found, "customer_bk", found.columns["valid_from"], found.columns["valid_to"])
