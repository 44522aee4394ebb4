"""A second oracle, in another language: SQLite joins and window functions over the same rows."""

import sqlite3

import pandas as pd

__all__ = ["count_in_sqlite"]

DAY = 86_400_000_000

# One statement per family; :w is the window in microseconds, -1 for the whole history.
WINDOWED = """
SELECT p.n, COUNT(e.time) AS count, COALESCE(SUM(e.value), 0.0) AS sum, AVG(e.value) AS mean, MAX(e.value) AS max,
       COUNT(DISTINCT e.item) AS "distinct", COUNT(DISTINCT CASE WHEN e.value < 0 THEN NULL ELSE e.time / :day END) AS active_days
FROM pairs p LEFT JOIN events e
  ON e.customer = p.customer AND e.time < p.cutoff AND e.known < p.cutoff AND (:w < 0 OR e.time >= p.cutoff - :w)
GROUP BY p.n ORDER BY p.n
"""

AGES = """
SELECT p.n, (p.cutoff - MAX(e.time)) / :days AS days_since_last, (p.cutoff - MIN(e.time)) / :days AS days_since_first
FROM pairs p LEFT JOIN events e
  ON e.customer = p.customer AND e.time < p.cutoff AND e.known < p.cutoff AND COALESCE(e.value, 0) >= 0
GROUP BY p.n ORDER BY p.n
"""

GAPS = """
WITH active AS (
  SELECT DISTINCT p.n, e.time / :day AS day
  FROM pairs p JOIN events e
    ON e.customer = p.customer AND e.time < p.cutoff AND e.known < p.cutoff AND COALESCE(e.value, 0) >= 0
), steps AS (
  SELECT n, day, day - LAG(day) OVER (PARTITION BY n ORDER BY day) AS gap, ROW_NUMBER() OVER (PARTITION BY n ORDER BY day DESC) AS back
  FROM active
)
SELECT p.n, AVG(s.gap) AS gap_mean, MAX(s.gap) AS gap_max, MAX(CASE WHEN s.back = 1 THEN s.gap END) AS last_gap
FROM pairs p LEFT JOIN steps s ON s.n = p.n AND s.back <= 32
GROUP BY p.n ORDER BY p.n
"""


def count_in_sqlite(rows, pairs, windows):
    """Aggregates of one log (as ``plain_rows`` gives it, in UTC): columns ``count_30d``, ..., ``days_since_last``, ``gap_mean``, ...

    ``windows`` maps the word in the column's name to microseconds, -1 for the whole history.
    """
    micro = {c: rows[c].to_numpy().astype("datetime64[us]").astype("int64") for c in ("time", "known")}
    columns = {"customer": rows["customer"], **micro, "value": rows.get("value"), "item": rows.get("item")}
    events = pd.DataFrame({k: v if v is not None else None for k, v in columns.items()}, index=rows.index)
    asked = pd.DataFrame(pairs, columns=["customer", "cutoff"])
    asked["cutoff"] = asked["cutoff"].to_numpy().astype("datetime64[us]").astype("int64")
    base = sqlite3.connect(":memory:")
    try:
        events.astype(object).where(events.notna(), None).to_sql("events", base, index=False, dtype={"value": "REAL"})
        asked.rename_axis("n").reset_index().to_sql("pairs", base, index=False)
        base.execute("CREATE INDEX by_customer ON events (customer, time)")
        parts = [pd.read_sql(AGES, base, params={"days": float(DAY)}).drop(columns="n")]
        parts.append(pd.read_sql(GAPS, base, params={"day": DAY}).drop(columns="n"))
        for word, length in windows.items():
            found = pd.read_sql(WINDOWED, base, params={"w": length, "day": DAY}).drop(columns="n")
            parts.append(found.add_suffix(f"_{word}"))
    finally:
        base.close()
    return pd.concat(parts, axis=1).astype(float)
