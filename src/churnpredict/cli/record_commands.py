"""Commands about one customer, one owner or one model file; ``commands`` registers them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnpredict.cli.options import Format, FormatOption, SignedBy, content_of, tell

__all__ = ["check_model", "forget"]


def forget(
    folder: Annotated[Path, typer.Argument(help="Folder of runs.")],
    customers: Annotated[Path, typer.Option(help="File in UTF-8 with one id per line, or - for standard input.")],
    into: Annotated[str | None, typer.Option(help="Database that the runs are copied into.")] = None,
    table: Annotated[str, typer.Option(help="Table in that database.")] = "churn_scores",
    history: Annotated[Path | None, typer.Option(help="Folder of a kept history.")] = None,
    how: FormatOption = Format.text,
) -> None:
    """Remove customers from all runs, from the database, and from a kept history."""
    from churnpredict.cli.terminal_tables import forgotten
    from churnpredict.score_runs.forgetting import forget, ids_in

    found = forget(ids_in(content_of(customers), str(customers)), folder, into=into, table=table, history=history)
    tell(
        {"command": "forget", **found},
        forgotten(found, into is not None, history is not None),
        how,
        "remove the customers from what was not reached, too",
    )


def check_model(
    file: Annotated[Path, typer.Argument(help="Model file.")],
    sha256: Annotated[str | None, typer.Option(help="Accept only a file with this SHA-256.")] = None,
    signed_by: SignedBy = None,
    how: FormatOption = Format.text,
) -> None:
    """Check a model file to the last byte and describe its contents, without loading the model."""
    from churnpredict.model_file.store import describe, told

    found = describe(file, expected_sha256=sha256, signed_by=signed_by)
    tell(found, told(found), how, f"churnpredict score --model {file}")
