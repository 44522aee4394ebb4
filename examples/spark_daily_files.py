"""Spark: write the rows that have arrived on a day as files, which a kept history on one machine reads.

Spark itself keeps no history: it reads its tables in every run. Where one machine can score, let Spark write one folder a day, by the
time at which rows arrived, so that late rows are among those of the day on which they came:

    spark-submit spark_daily_files.py shop.orders inserted_at 2024-06-01 /srv/churn/orders
    cd /srv/churn && churnpredict score --at 2024-06-02 --output scores --keep-history history

with source = "orders" under [tables.orders] in churn.toml. Rows that were corrected or removed: write their day again.
"""

from __future__ import annotations

import datetime
import sys
from typing import Any


def write_day(session: Any, table: str, arrived: str, day: datetime.date, folder: str) -> None:
    """Write the rows of a day as Parquet below a folder of that day, which is replaced.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
    table : str
        Of the catalog.
    arrived : str
        Column of the time at which rows were written to the table.
    day : date
    folder : str
        On a disk that the machine that scores reads, too.
    """
    from pyspark.sql.functions import col, lit

    session.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    begin, end = (lit(d.isoformat()).cast("timestamp") for d in (day, day + datetime.timedelta(days=1)))
    rows = session.table(table).where((col(arrived) >= begin) & (col(arrived) < end))
    rows.coalesce(1).write.mode("overwrite").parquet(f"{folder}/arrived={day.isoformat()}")


if __name__ == "__main__":
    from pyspark.sql import SparkSession

    table, arrived, day, folder = sys.argv[1:]
    write_day(SparkSession.builder.getOrCreate(), table, arrived, datetime.date.fromisoformat(day), folder)
