"""Our quantities beside those of other tools: the largest difference, and why.

    python benchmarks/conformance.py [--only scikit_learn empulse ...] [--write] [--environments FOLDER]

Each tool runs in a virtual environment of its own with a pinned version, in a temporary folder by default; both sides get the same data.
The result fails where a difference exceeds its limit. ``--write`` stores it in benchmarks/conformance.json, from which docs/make_pages.py
makes the page; tools that were not run keep what is stored. A tool whose
Python is not on the path is left out, and named. Not part of continuous integration; the part that needs no other tools is in
tests/benchmarks/test_conformance.py.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from _measure import Table
from conformity.side import ENVIRONMENTS, NoPython, Row, other_side

STORED = Path(__file__).with_suffix(".json")
TOOLS = (
    "scikit_learn",
    "empulse",
    "lifetimes",
    "pymc_marketing",
    "published",
    "scikit_uplift",
    "causalml",
    "scikit_survival",
    "featuretools",
    "getml",
    "explainers",
)


def printed(name: str, rows: list[Row]) -> None:
    table = Table(name, ["quantity", "values", "largest difference", "limit"])
    for r in rows:
        limit = "another definition" if r.limit is None else f"{r.limit:.0e}"
        table.add(r.quantity, f"{r.values:,}", f"{r.difference:.2g} {r.unit}".strip(), limit)
    table.print()


def store(found: dict[str, Any]) -> None:
    """Write what was found beside what is stored of tools that were not run, in the order of TOOLS."""
    old = json.loads(STORED.read_text()) if STORED.exists() else {}
    together = old | found
    STORED.write_text(json.dumps({t: together[t] for t in TOOLS if t in together}, indent=1) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS)
    options = parser.parse_args()
    found, broken = {}, []
    for name in options.only:
        module = importlib.import_module(f"conformity.{name}")
        try:
            other = other_side(module.TOOL, options.environments)
        except NoPython as error:
            print(f"left out: {error}\n")
            continue
        rows = module.compare(other)
        printed(other.version, rows)
        broken += [f"{module.TOOL.name}: {r.quantity}: {r.difference:.2g} above {r.limit:.0e}" for r in rows if not r.holds]
        about = {"name": module.TOOL.name, "version": module.TOOL.version, "met": other.version, "run": str(datetime.date.today())}
        found[name] = about | {"rows": [r.stored() for r in rows]}
    if options.write:
        store(found)
    for line in broken:
        print(line)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
