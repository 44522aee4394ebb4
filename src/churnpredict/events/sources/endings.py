"""Endings of files that hold tables, by kind. Whatever asks which files are tables asks here."""

from __future__ import annotations

__all__ = ["JSON", "JSON_LINES", "PACKED", "PARQUET", "STREAMS", "TABLES", "TEXT", "WORKBOOKS", "ZIP"]

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".txt")
JSON_LINES = (".jsonl", ".ndjson")
JSON = (".json", *JSON_LINES)
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
STREAMS = (".gz", ".zst", ".bz2", ".xz")  # one packed file; its name keeps the ending of what is in it: "orders.csv.gz"
ZIP = ".zip"
PACKED = (*STREAMS, ZIP)
TABLES = (*PARQUET, *(plain + packed for plain in (*TEXT, *JSON) for packed in ("", *STREAMS)), *WORKBOOKS, ZIP)
