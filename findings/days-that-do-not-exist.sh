#!/usr/bin/env bash
# A good guess:  pyarrow.compute.strptime with error_is_null=True makes null of what is no date, so 31.04.2024 is null.
# What happens:  pyarrow 26.0.1 rolls a day beyond the end of its month over: 31.04.2024 is 1 May, 30/02/2024 is 1 March. A day 32 or a
#                month 13 is null as expected. And %Z is read and dropped: "10:00 CET" is 10:00, without a zone and without a word.
# Why it matters: typing errors in a log become orders of another month, and times of another zone move by hours; a check for nulls finds
#                neither. churnpredict writes the parsed date back and compares, and refuses %Z in a format.
# Versions:      pyarrow 26.0.1, Python 3.11, Linux with glibc.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PYTHON'
import pyarrow as pa
import pyarrow.compute as pc


def read(text, form):
    return pc.strptime(pa.array([text]), format=form, unit="s", error_is_null=True)[0].as_py()


seen = {
    "31.04.2024": read("31.04.2024", "%d.%m.%Y"),
    "30/02/2024": read("30/02/2024", "%d/%m/%Y"),
    "32.01.2024": read("32.01.2024", "%d.%m.%Y"),
    "01.13.2024": read("01.13.2024", "%d.%m.%Y"),
    "2024-01-01 10:00 CET": read("2024-01-01 10:00 CET", "%Y-%m-%d %H:%M %Z"),
}
print(pa.__version__, *(f"{text} -> {moment}" for text, moment in seen.items()), sep="\n")
told = [None if moment is None else str(moment) for moment in seen.values()]
assert told == ["2024-05-01 00:00:00", "2024-03-01 00:00:00", None, None, "2024-01-01 10:00:00"], "this has changed"
PYTHON
