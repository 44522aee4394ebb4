#!/usr/bin/env bash
# A good guess:  the holidays package lists the public holidays of a supported country for any year near today, or says that it cannot.
# What happens:  calendars that follow the moon or a yearly decree end, each in a year of its own, in silence. Release 0.109 (November 2026) knows
#                25 holidays of Sri Lanka in 2026 and none in 2027: an empty calendar, without an error and without a warning.
# Why it matters: a season that is learnt with holidays and used for the first months of next year treats Sinhalese New Year as an ordinary
#                week, and takes the quiet for customers who leave. churnpredict warns with [calendar-ends] where a declared country has no
#                holiday in the year of training or the next one.
# Versions:      holidays 0.109, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet holidays==0.109
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import holidays

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    counts = {year: len(holidays.country_holidays("LK", years=year)) for year in range(2024, 2030)}
    germany = {year: len(holidays.country_holidays("DE", years=year)) for year in (2026, 2027)}
print("Sri Lanka:", counts, "Germany:", germany, "warnings:", len(said))
assert counts[2026] > 20
assert germany[2026] == germany[2027] == 9
assert counts[2027] == 0, "this has changed"
assert not said, "this has changed"
PYTHON
