#!/usr/bin/env bash
# DuckDB decides from the first 20,480 rows of a CSV whether it has quotes at all.
#
# A good guess: a field in quotes is read without them wherever it stands, as RFC 4180 says, and a reader that guesses takes the usual quote
# until it sees another.
# What happens: where the first quotes come later, the guess is "no quotes". A quoted field with a comma or a line break then makes the valid
# file unreadable; worse, a quoted field with neither keeps its quotes as part of the text, without a word: "gold" and gold are two labels.
# Versions: duckdb 2.0.1, Python's csv module and pyarrow 26.0.1 read the same file rightly.
# Why it matters here: labels and ids of a large export split in two, in silence, from the first row on that somebody's program quoted.
# Exits with 1 once the quotes are gone.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q pyarrow==26.0.1 duckdb==2.0.1
PLACE="$place" "$place/venv/bin/python" - <<'PY'
import csv
import os
import sys

import duckdb
import pyarrow.csv

path = os.path.join(os.environ["PLACE"], "plans.csv")
with open(path, "w") as file:
    file.write("user,plan\n" + "1,gold\n" * 30_000 + '2,"gold"\n')
with open(path, newline="") as file:
    python = {row["plan"] for row in csv.DictReader(file)}
arrow = set(pyarrow.csv.read_csv(path)["plan"].to_pylist())
guessed = {row[0] for row in duckdb.sql(f"SELECT DISTINCT plan FROM read_csv('{path}')").fetchall()}
told = {row[0] for row in duckdb.sql(f"SELECT DISTINCT plan FROM read_csv('{path}', quote='\"', escape='\"')").fetchall()}
print(f"labels: Python {python}, Arrow {arrow}, DuckDB guessing {guessed}, DuckDB told the quote {told}")
with open(path, "a") as file:
    file.write('3,"gold,\nold"\n')
try:
    duckdb.sql(f"SELECT count(plan) FROM read_csv('{path}')").fetchall()
    broken = False
except duckdb.Error as error:
    broken = True
    print("with a line break in a late field:", str(error).splitlines()[0])
sys.exit(0 if python == arrow == told == {"gold"} and guessed == {"gold", '"gold"'} and broken else 1)
PY
