"""Ids in several spellings become one by a query, where that makes no two customers the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnpredict.cli.intake.id_spellings import with_one_spelling
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table


def profiles(folder: Path, **tables: list[str]) -> list[TableProfile]:
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return [profile_table(folder / f"{name}.csv") for name in tables]


def log(ids: list[str], key: str = "customer_id") -> list[str]:
    return [f"{key},order_date", *(f"{who},2024-01-{1 + day:02d}" for day in range(3) for who in ids)]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("{:06d}", "{}", "without leading zeros"),
        ("C{}", "c{}", "in small letters"),
        ("C{:07d}", "c{}", "in small letters, without leading zeros"),
        ("C-{:07d}", "c{}", "in small letters, without signs and leading zeros"),
    ],
)
def test_the_mildest_spelling_that_joins_is_taken(one: str, other: str, said: str, tmp_path: Path) -> None:
    numbers = range(10_001, 10_040)
    given = profiles(tmp_path, orders=log([one.format(n) for n in numbers]), payments=log([other.format(n) for n in numbers]))
    found, refused = with_one_spelling(given)
    assert not refused
    one_way, other_way = (set(map(str, p.columns["customer_id"].codes[1])) for p in found)
    assert one_way == other_way
    assert any(f"written {said}, as those in" in note for p in found for note in p.notes)
    assert all(p.rows == q.rows for p, q in zip(found, given, strict=True))


def test_spellings_that_would_make_two_customers_one_are_refused(tmp_path: Path) -> None:
    numbers = [f"{n:06d}" for n in range(101, 140)]
    both = [*numbers, *(n.lstrip("0") for n in numbers)]  # 000101 and 101 are two customers here
    given = profiles(tmp_path, orders=log([f"K{n}" for n in both]), payments=log([f"k-{n}" for n in both]))
    found, refused = with_one_spelling(given)
    assert list(refused) in (["orders"], ["payments"])
    assert "write both in one way" in next(iter(refused.values()))
    assert found[0].source == given[0].source


def test_few_ids_that_differ_in_their_case_are_others(tmp_path: Path) -> None:
    """Short keys of letters in both cases collide by chance; addresses never do."""
    keys = [f"k{n:03d}" for n in range(120)] + ["K001"]
    (same,), _ = with_one_spelling(profiles(tmp_path, orders=log(keys)))
    assert same.columns["customer_id"].distinct == 121
    mails = [f"c{n}@x.example" for n in range(120)] + ["C1@x.example"]
    (one,), _ = with_one_spelling(profiles(tmp_path, orders=log(mails, "email")))
    assert one.columns["email"].distinct == 120
    assert "1 of 121 were others in another spelling" in one.notes[0]


def test_one_spelling_of_everything_changes_nothing(tmp_path: Path) -> None:
    given = profiles(tmp_path, orders=log([f"C{n:03d}" for n in range(60)]), visits=log([f"C{n:03d}" for n in range(60)]))
    found, refused = with_one_spelling(given)
    assert [p.source for p in found] == [p.source for p in given]
    assert not refused
