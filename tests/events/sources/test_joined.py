"""A query over several files: it sees these files as tables, their ids as text, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import churnpredict as cp
from churnpredict.errors import SourceError, UsageError
from churnpredict.events.source import open_source


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "orders.csv").write_text("order,user\n1,007\n2,7\n")
    (tmp_path / "lines.csv").write_text("order,eur\n1,2.5\n1,4\n2,1\n")
    return {name: str(tmp_path / f"{name}.csv") for name in ("orders", "lines")}


def test_a_join_keeps_the_zeros_of_ids(files: dict[str, str]) -> None:
    sql = 'SELECT user, sum(CAST(eur AS DOUBLE)) AS paid FROM orders JOIN lines USING ("order") GROUP BY user ORDER BY user'
    source = open_source(cp.Query(sql, files), "paid")
    assert source.columns() == ["user", "paid"]
    assert source.read(["user", "paid"], ["user"]).to_pydict() == {"user": ["007", "7"], "paid": [6.5, 1.0]}


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM read_csv('{orders}')", "SELECT * FROM nothing", "SELECT price FROM orders", "COPY orders TO 'x.csv'"]
)
def test_the_query_reaches_nothing_else(files: dict[str, str], sql: str) -> None:
    with pytest.raises(SourceError, match="unreadable-query"):
        open_source(cp.Query(sql.format(**files), files), "paid").columns()


def test_a_query_without_files_is_refused() -> None:
    with pytest.raises(UsageError, match="empty-query"):
        open_source(cp.Query("SELECT 1", {}), "paid")
