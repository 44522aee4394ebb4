#!/usr/bin/env bash
# A good guess:  pyarrow.compute.utf8_normalize(texts, form="NFC") composes letters and accents, as Python's unicodedata does: "é" is one letter.
# What happens:  up to pyarrow 25 it takes them apart. NFC gives what NFD gives, and NFKC what NFKD gives: "é" is two. Nothing is said. With 26
#                the forms are right.
# Why it matters: customer ids and names of months that were normalised by it equal none of those that anything else has normalised: joins find
#                no février, and a search for a letter finds a part of one. churnpredict composes names of months by Python.
# Versions:      pyarrow 25.0.0 and 26.0.1 (18.0.0 to 24.0.0 do the same as 25.0.0), Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==25.0.0
for version in 25.0.0 26.0.1; do
    "$folder/venv/bin/pip" install --quiet "pyarrow==$version"
    "$folder/venv/bin/python" - <<'PYTHON'
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

word = "février"
lengths = {form: len(pc.utf8_normalize(pa.array([word]), form=form)[0].as_py()) for form in ("NFC", "NFD", "NFKC", "NFKD")}
expected = {form: len(unicodedata.normalize(form, word)) for form in lengths}
print(pa.__version__, lengths, "Python:", expected)
if pa.__version__ == "25.0.0":
    assert lengths == {"NFC": 8, "NFD": 8, "NFKC": 8, "NFKD": 8} != expected, "this has changed"
else:
    assert lengths == expected, "this has changed"
PYTHON
done
