"""Run every command on the business of the demo, and keep what it prints in docs/command_output.txt, for the page of the command line.

python docs/make_samples.py

It trains several times, so it takes a minute. ``tests/cli/test_demo.py`` runs the commands that are quick again, and fails when
they print something else.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import re
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from churnpredict.cli.commands import main as churnpredict

__all__ = ["LEARNERS", "QUICK_STEPS", "TRAINING_STEPS", "libraries", "masked", "output_of", "quick_outputs", "samples"]

FILE = Path(__file__).parent / "command_output.txt"
WIDTH = "80"
TABLES = ("customers", "orders", "usage", "payments", "tickets", "subscriptions", "prices", "cancellations")
LEARNERS = ("lightgbm", "numba", "numpy", "scikit-learn")  # other versions of them may print other reasons

# Commands that do not train, in an order in which each finds what it reads; the page shows the first of each name
QUICK_STEPS = (
    "init",
    "check",
    "score",
    "score --output runs",
    "expected --of orders",
    "transitions --start 2023-01-01",
    "report",
    "digest",
    "why C000780",
    "card",
    "alerts",
    "drift",
    "check-model churn.model",
    "forget runs --customers ids.txt",
)
TRAINING_STEPS = ("train", "backtest --at 2023-01-31", "when --over 180d", "retrain", "history")  # the demo itself has done two
_BEFORE_RETRAIN = "train --until 2022-12-02"  # so that outcomes have become known since


def output_of(command: str) -> str:
    """Return what a command prints in a terminal of 80 columns.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    printed = io.StringIO()
    with patch.dict(os.environ, {"COLUMNS": WIDTH}), redirect_stdout(printed):
        try:
            churnpredict(command.split())
        except SystemExit as ended:
            if ended.code:
                raise RuntimeError(f"churnpredict {command}: exit code {ended.code}") from None
    return printed.getvalue().rstrip()


def quick_outputs(shop: Path) -> dict[str, str]:
    """Return what the commands print that do not train, in the folder of a finished demo; what they write stands there."""
    found = {}
    with chdir(shop):
        new = Path("new")
        new.mkdir()
        for name in TABLES:
            (new / f"{name}.csv").write_bytes(Path(f"{name}.csv").read_bytes())
        Path("ids.txt").write_text("C000780\nC000001\nC000002\n", encoding="utf-8")
        for step in QUICK_STEPS:
            with chdir(new if step == "init" else "."):
                found[step] = output_of(step)
    return found


def samples() -> dict[str, str]:
    """Return what every command prints, by command."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        found = {"demo shop": output_of("demo shop")}
        found |= quick_outputs(Path("shop"))
        with chdir("shop"):
            for step in TRAINING_STEPS:
                if step == "retrain":
                    output_of(_BEFORE_RETRAIN)
                found[step] = output_of(step)
    return found


def libraries() -> str:
    """Return the libraries that decide on the figures, with their versions."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LEARNERS)


def masked(text: str) -> list[str]:
    """Return the lines of an output without what changes with the machine: digits, hashes, and which drivers are named with points."""
    text = re.sub(r"\b(?!to )[A-Za-z]+ [+\u2212][\d.]+(, | / )?", "driver ", text)  # "to" stands within intervals
    text = re.sub(r"\b[0-9a-f]{12,64}\b", "hash", text)
    text = re.sub(r"[\d.,+\u2212\u2013-]*\d", "9", text)
    return [re.sub(r"[ ]+", " ", line).strip() for line in re.sub(r"(driver )+", "driver", text).splitlines()]


def read_samples() -> tuple[str, dict[str, str]]:
    """Return the kept outputs by command, and the libraries that they were made with."""
    first, *blocks = re.split(r"^\$ churnpredict ", FILE.read_text(encoding="utf-8"), flags=re.M)
    found = dict(block.split("\n", 1) for block in blocks)
    return first.split("with ", 1)[1].strip(), {step: text.rstrip() for step, text in found.items()}


def main() -> None:
    blocks = [f"$ churnpredict {step}\n{text}\n" for step, text in samples().items()]
    FILE.write_text("\n".join([f"Made by docs/make_samples.py with {libraries()}\n", *blocks]), encoding="utf-8")


if __name__ == "__main__":
    main()
