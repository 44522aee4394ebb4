#!/usr/bin/env bash
# A good guess:  where a column of SQLite holds amounts and one "n/a", the ADBC driver gives text, and each amount as SQLite itself would
#                write it: 1234567.89.
# What happens:  amounts are written with seven significant digits: 1.234568e+06, eleven cents too many, and casting the text back to
#                numbers works. So it is if the "n/a" comes early; after some thousand rows, it is an error that names the types.
# Why it matters: one "n/a" in the export of a shop changes all other amounts, and with them sums, values of customers and money at risk.
#                churnpredict refuses a column of several types in SQLite by name, through sqlite3 and through ADBC alike.
# Versions:      adbc-driver-sqlite 1.13.0, pyarrow 26.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet adbc-driver-sqlite==1.13.0 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder/shop.db" <<'PYTHON'
import sqlite3
import sys

from adbc_driver_sqlite import dbapi

path = sys.argv[1]


def read(values, column):
    with sqlite3.connect(path) as shop:
        shop.execute("DROP TABLE IF EXISTS orders")
        shop.execute("CREATE TABLE orders (amount)")
        shop.executemany("INSERT INTO orders VALUES (?)", [(value,) for value in values])
    shop.close()
    with dbapi.connect(path) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} AS amount FROM orders")
        return cursor.fetch_arrow_table()["amount"].to_pylist()


pure = read([1234567.89, 9.5], "amount")
mixed = read([1234567.89, "n/a"], "amount")
cast = read([1234567.89, "n/a"], "CAST(amount AS TEXT)")
print(f"amounts alone {pure}; with one text {mixed}; cast by SQLite {cast}")
assert pure == [1234567.89, 9.5]
assert cast == ["1234567.89", "n/a"]
assert mixed == ["1.234568e+06", "n/a"], "this has changed"
try:
    late = read([1234567.89] * 2_000 + ["n/a"], "amount")
except OSError as error:
    late = str(error)
print(f"the text after 2,000 rows: {late}")
assert "Type mismatch" in late, "this has changed"
PYTHON
