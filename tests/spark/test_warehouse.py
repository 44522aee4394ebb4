"""The road of docs/warehouse.md on a real PostgreSQL: history out by query, scores back in one transaction."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def warehouse(postgres, log):
    """The log of the small shop as a table."""
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS shop_orders, churn_scores, churn_scores_new, churn_runs")
        cursor.adbc_ingest("shop_orders", pa.Table.from_pandas(log, preserve_index=False), mode="create")
        connection.commit()
    return postgres


def write_back(address, scores, *, dies=False):
    """As the page says."""
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(address) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("churn_scores_new", pa.Table.from_pandas(scores, preserve_index=False), mode="create")
        cursor.execute("DROP TABLE IF EXISTS churn_scores")
        cursor.execute("ALTER TABLE churn_scores_new RENAME TO churn_scores")
        if dies:
            connection.rollback()
            raise KeyboardInterrupt
        connection.commit()


def read_back(address, table="churn_scores"):
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return cursor.fetch_arrow_table().to_pandas().sort_values("customer_id", ignore_index=True)


def same(found, scores):
    expected = scores.sort_values("customer_id", ignore_index=True)
    for name in expected.select_dtypes("floating"):
        assert found[name].to_numpy(np.float64).tobytes() == expected[name].to_numpy(np.float64).tobytes(), name
    assert found["words"].tolist() == expected["words"].tolist()


def test_history_out_and_scores_back(warehouse, tables, trained, tmp_path):
    query = cp.Query("SELECT who, paid_at, eur FROM shop_orders", warehouse)
    there = cp.EventTables(orders=cp.Events(query, customer="who", time="paid_at", value="eur", money=True))
    scores = trained.score(there, at="2023-12-01")
    pd.testing.assert_frame_equal(scores, trained.score(tables, at="2023-12-01"))
    write_back(warehouse, scores)
    found = read_back(warehouse)
    assert set(found) == set(scores)
    same(found, scores)
    with pytest.raises(KeyboardInterrupt):
        write_back(warehouse, scores.head(3), dies=True)
    assert len(read_back(warehouse)) == len(scores), "the old scores stand as long as the new ones are not whole"
    cp.runs.write_scores(trained, there, tmp_path / "scores", at="2023-12-01", into=warehouse, table="churn_runs")
    same(read_back(warehouse, "churn_runs"), cp.runs.read_scores(tmp_path / "scores"))
