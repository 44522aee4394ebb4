"""Do the same work with two sets of installed packages, and tell which versions differ and which results.

python tests/compare_versions.py .venv/bin/python .venv-newest/bin/python

Each Python simulates two businesses, makes features, trains, scores, explains and counts money, in a process of its own. Printed are the
packages whose versions differ, and for each result the largest difference. The exit code is 1 if features, labels or counts differ at all,
or if a risk differs by more than .02: models are grown again by another LightGBM, which may place a split elsewhere. `make newest` runs
it between the environment of the tests and one with the newest versions, pre-releases included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp

RULES = ("inactivity", "cancellation")
LARGEST = 0.02  # difference of a risk; a moved split of one small model moves single risks by less


def results(folder: Path) -> None:
    """Write what this Python makes into a folder."""
    made: dict[str, Any] = {}
    for rule in RULES:
        shop = cp.make_business(600, random_state=7, rule=rule)
        classifier = cp.ChurnClassifier(n_estimators=60, n_seeds=1, random_state=0, n_jobs=1)
        pipeline = cp.ChurnPipeline(shop.churn, every="30d", classifier=classifier).fit(shop.tables, until="2024-03-01")
        X = pipeline.features_at(shop.tables, "2024-04-01")
        scores = pipeline.score(shop.tables, at="2024-04-01").sort_index()
        made[f"{rule}: features"] = X.sort_index().select_dtypes("number").to_numpy(np.float64)
        made[f"{rule}: risks"] = scores["risk"].to_numpy(np.float64)
        made[f"{rule}: first reasons"] = pd.factorize(scores["reason_1"].astype(str), sort=True)[0].astype(np.float64)
        rate = cp.churn_rate(shop.tables, shop.churn, start="2024-01-01", end="2024-06-01")
        made[f"{rule}: churn rates"] = rate.select_dtypes("number").to_numpy(np.float64)
    np.savez(folder / "results.npz", **made)
    versions = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in metadata.distributions()}
    (folder / "versions.json").write_text(json.dumps({"python": sys.version.split()[0], **versions}))


def compare(one: Path, other: Path) -> list[tuple[str, str, bool]]:
    """Return each result with what differs, and whether it may."""
    found = []
    with np.load(one / "results.npz") as before, np.load(other / "results.npz") as after:
        for name in before:
            a, b = before[name], after[name]
            if a.shape != b.shape:
                found.append((name, f"shape {a.shape} and {b.shape}", False))
                continue
            differs = ~((a == b) | (np.isnan(a) & np.isnan(b)))
            largest = float(np.nan_to_num(np.abs(a - b)[differs], nan=np.inf).max(initial=0.0))
            told = (
                f"{differs.sum():,} of {a.size:,} differ, by at most {largest:.2g}"
                if differs.any()
                else f"{a.size:,} equal to the last bit"
            )
            if name.endswith("first reasons"):
                found.append((name, f"{(~differs).mean():.1%} the same", True))
            else:
                found.append((name, told, largest <= LARGEST if name.endswith("risks") else not differs.any()))
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("python", nargs="*", help="two Pythons, each with the package installed")
    options.add_argument("--results", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.results:
        results(given.results)
        return 0
    if len(given.python) != 2:
        options.error("name two Pythons to compare")
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / side for side in ("before", "after")]
        for python, folder in zip(given.python, folders, strict=True):
            folder.mkdir()
            subprocess.run([python, "-W", "ignore", __file__, "--results", str(folder)], check=True)
        before, after = (json.loads((folder / "versions.json").read_text()) for folder in folders)
        print("versions that differ:")
        for name in sorted(before.keys() & after.keys()):
            if before[name] != after[name]:
                print(f"  {name:<32} {before[name]:<16} {after[name]}")
        found = compare(*folders)
        print("results:")
        for name, told, may in found:
            print(f"  {'ok     ' if may else 'CHANGED'} {name:<32} {told}")
    return 0 if all(may for *_, may in found) else 1


if __name__ == "__main__":
    sys.exit(main())
