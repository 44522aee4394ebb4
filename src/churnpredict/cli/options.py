"""Options that several commands share, and how their results are printed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core
from typer.models import CommandFunctionType

from churnpredict.cli.process import say
from churnpredict.errors import UsageError

if TYPE_CHECKING:
    from churnpredict.cli.intake.draft_tables import Question

__all__ = [
    "BANDS",
    "App",
    "AtOption",
    "ConfigOption",
    "Detail",
    "DryRun",
    "Format",
    "FormatOption",
    "Key",
    "SignedBy",
    "Snoozed",
    "UntilOption",
    "Vanished",
    "WhenEqual",
    "ask",
    "content_of",
    "in_words",
    "tell",
    "typed",
]


BANDS = ("high", "medium", "low")  # of risks, in the order in which they are printed


class _Command(typer.core.TyperCommand):
    """A command whose help names values as people do, whatever the library calls their types."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                argument = param.param_type_name == "argument"
                rows["Arguments" if argument else "Options"].append((_named(*record, argument=argument), record[1]))
        for title, records in rows.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _named(name: str, told: str, *, argument: bool) -> str:
    """Return an option with the name of its value: FILE of ``<path>``, ``PATH`` and ``<list[Path]>``, N of ``<int range>``."""
    if argument:
        return re.sub(r" <[^<>]*>$", "", name)
    kinds = {
        r"path|file|directory|list\[path\]": "FOLDER" if told.startswith("Folder") else "FILE",
        "str|text": "TEXT",
        r"int( range)?|integer( range)?": "N",
    }
    for kind, value in kinds.items():
        name = re.sub(rf" (<({kind})>|({kind.upper()}))$", f" {value}", name, flags=re.IGNORECASE)
    return re.sub(r" <([^<>]*)>$", r" [\1]", name)


class App(typer.Typer):
    """A command line whose commands have such a help."""

    def command(self, *args: Any, **options: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        return super().command(*args, cls=_Command, **options)


class Format(StrEnum):
    """Format of results."""

    text = "text"
    json = "json"


class Detail(StrEnum):
    """How reasons are written in a run."""

    words = "words"
    drivers = "drivers"


class Key(StrEnum):
    """What a row of the table in a database stands for."""

    cutoff = "cutoff"
    customer = "customer"


class Vanished(StrEnum):
    """What becomes of rows of the table whose customer is not in the run."""

    remove = "remove"
    keep = "keep"
    empty = "empty"


class WhenEqual(StrEnum):
    """Which model to keep when the difference is not significant."""

    keep = "keep"
    newer = "newer"


ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The configuration file (churn.toml).")]
AtOption = Annotated[str | None, typer.Option(metavar="TIME", help="Cutoff; by default the end of the observed time.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Use only data known before this time.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check everything, but write nothing.")]
SignedBy = Annotated[Path | None, typer.Option(help="Accept only a model file signed with the private key of this public key (PEM).")]
Snoozed = Annotated[Path | None, typer.Option(help="File of alerts to hide, with columns customer_id, alert and until.")]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format: text for people, json for programs.")]


def tell(found: dict[str, Any], text: str, how: Format, then: str) -> None:
    """Print the results: as JSON, or as text whose last line names the next command or the file to open."""
    say(json.dumps(found, indent=2, default=str) if how is Format.json else f"{text}\nnext: {then}")


def typed(command: str, config: Path) -> str:
    """Return a command as it is typed for this configuration."""
    return f"churnpredict {command}" + (f" --config {config}" if str(config) != "churn.toml" else "")


def ask(question: Question) -> int:
    """Let the user choose between equally good readings."""
    say(question.text)
    for number, choice in enumerate(question.choices, 1):
        say(f"  {number}  {choice}")
    chosen = int(typer.prompt("which", type=int, default=1))
    return chosen - 1 if 1 <= chosen <= len(question.choices) else 0


def content_of(path: Path) -> bytes:
    """Return the bytes of a file named on the command line, or of standard input."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "missing-file", f'"{path}" cannot be read: {error.strerror}', remedy="Check the path and its permissions."
        ) from None


def in_words(bands: Mapping[Any, int]) -> str:
    """Return counts by name as people read them."""
    return ", ".join(f"{n:,} {name}" for name, n in bands.items())
