"""Versions that decide how rows are read: the same now and later, another for another zone."""

from __future__ import annotations

from churnpredict.events.history.versions import reading_versions


def test_versions_are_stable_and_know_the_zone() -> None:
    here = reading_versions("Europe/Berlin")
    assert here == reading_versions("Europe/Berlin")
    other = reading_versions("America/New_York")
    assert {name for name in here if here[name] != other[name]} == {"timezone"}
    assert all(here[name] for name in ("duckdb", "numpy", "pandas", "pyarrow", "code"))
