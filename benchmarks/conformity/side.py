"""What every comparison shares: a row of the table, and the other tool in a virtual environment of its own.

Data go to the other side as arrays and CSV files, answers come back as arrays: nothing that both would have to install in one version.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["ENVIRONMENTS", "NoPython", "Other", "Row", "Tool", "row"]

ENVIRONMENTS = Path(tempfile.gettempdir()) / "churnpredict-conformance"
OTHERS = Path(__file__).parent / "others"


class NoPython(RuntimeError):
    """The Python for which the packages of a tool are pinned is not on the path."""


@dataclass(frozen=True)
class Tool:
    """Another tool: its script in ``others``, its name, its pinned version, the packages of its environment, and the Python for it."""

    script: str
    name: str
    version: str
    packages: tuple[str, ...]
    python: str = "3.11"


@dataclass(frozen=True)
class Row:
    """A quantity on both sides: how many values were compared, the largest difference, and the limit that it must not exceed.

    A row without a limit is of another definition on the other side: its difference is shown and explained, not judged.
    """

    quantity: str
    values: int
    difference: float
    unit: str
    limit: float | None
    why: str
    beside: str = ""  # the source, where it is not the tool

    @property
    def holds(self) -> bool:
        return self.limit is None or self.difference <= self.limit

    def stored(self) -> dict[str, Any]:
        return asdict(self)


def row(quantity: str, ours: Any, theirs: Any, *, limit: float | None, why: str, relative: bool = False) -> Row:
    """Compare two arrays of one shape; missing values must be missing on both sides."""
    mine, other = np.atleast_1d(np.asarray(ours, dtype=np.float64)), np.atleast_1d(np.asarray(theirs, dtype=np.float64))
    if mine.shape != other.shape or not mine.size:
        raise ValueError(f"{quantity}: {mine.shape} values beside {other.shape}")
    if (np.isnan(mine) != np.isnan(other)).any():
        return Row(quantity, mine.size, float("inf"), "missing on one side only", limit, why)
    apart = np.abs(mine - other)
    if relative:
        apart = apart / np.maximum(np.abs(other), 1e-300)
        apart = np.where((mine == 0) & (other == 0), 0.0, apart)
    return Row(quantity, mine.size, float(np.nanmax(apart)), "relative" if relative else "", limit, why)


class Other(NamedTuple):
    """The other side, ready to be asked; ``beside`` returns that of another tool."""

    ask: Callable[..., dict[str, npt.NDArray[Any]]]
    version: str
    beside: Callable[[Tool], Other] | None = None


def other_side(tool: Tool, folder: Path = ENVIRONMENTS) -> Other:
    """Return the tool in its own environment, which is made on first use."""
    home = folder / f"{tool.script}-{tool.version}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        print(f"making the environment of {tool.name} {tool.version} ...", flush=True)
        subprocess.run([interpreter(tool), "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *tool.packages], check=True)
        (home / "complete").touch()
    return Other(
        lambda given=None, frames=None: run(python, tool.script, given or {}, frames or {}),
        installed(python, tool),
        lambda another: other_side(another, folder),
    )


def interpreter(tool: Tool) -> str:
    """Return a Python of the version for which the packages of a tool are pinned."""
    for name in (sys.executable, f"python{tool.python}"):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", code], check=False, capture_output=True, text=True).stdout.strip() == tool.python:
            return found
    raise NoPython(f"{tool.name} is pinned for Python {tool.python}: put python{tool.python} on the path")


def installed(python: Path, tool: Tool) -> str:
    """Return the versions that were met: of the tool, and of what its numbers rest on."""
    names = [*(package.split("==")[0] for package in tool.packages), "numpy", "pandas", "scipy"]
    code = (
        "import json, sys, importlib.metadata as m\nfound = {}\nfor n in sys.argv[1:]:\n"
        "    try: found[n] = m.version(n)\n    except m.PackageNotFoundError: pass\nprint(json.dumps(found))"
    )
    out = subprocess.run([str(python), "-c", code, *dict.fromkeys(names)], check=True, capture_output=True, text=True)
    found = json.loads(out.stdout)
    return ", ".join(f"{name} {version}" for name, version in found.items())


def run(
    python: Path | str, script: str, given: Mapping[str, npt.NDArray[Any]], frames: Mapping[str, pd.DataFrame]
) -> dict[str, npt.NDArray[Any]]:
    """Run a script of ``others`` on arrays and frames; return its answers by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "given.npz", **given)  # type: ignore[arg-type]
        for title, frame in frames.items():
            frame.to_csv(folder / f"{title}.csv", index=False)
        # -P: scripts bear the names of their tools, and must not be imported instead of them
        done = subprocess.run([str(python), "-P", str(OTHERS / f"{script}.py"), name], check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{script}: {done.stderr[-3000:]}")
        with np.load(folder / "answers.npz") as answers:
            return {key: answers[key] for key in answers.files}
