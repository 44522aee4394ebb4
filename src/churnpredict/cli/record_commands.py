"""Commands about one customer, one owner or one model file; ``commands`` registers them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from churnpredict.cli.options import AtOption, ConfigOption, Format, FormatOption, SignedBy, content_of, tell
from churnpredict.errors import ChurnError
from churnpredict.progress import stage

__all__ = ["card", "check_model", "digest", "forget", "why"]


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


def digest(
    config: ConfigOption = Path("churn.toml"),
    plan: Annotated[Path | None, typer.Option(help="The plan to report, instead of the one in the configuration.")] = None,
    before: Annotated[Path | None, typer.Option(help="The plan before: who is new, and what became of its customers.")] = None,
    contacts: Annotated[
        Path | None, typer.Option(help="Contacts made since (.csv, .parquet): customer_id, at; and by, response, outcome, arm.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the digests; each cutoff has a folder in it.")] = Path("digests"),
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Cutoff of a plan in which there is nobody.")] = None,
    how: FormatOption = Format.text,
) -> None:
    """Write a digest per owner, as HTML for e-mail and as text: who is new on the list, why, and what became of the list before."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.report.digest import write_digests
    from churnpredict.report.digest_inputs import digest_inputs
    from churnpredict.retention.contacts import read_contacts

    settings = read_config(config)
    current = plan or settings.resolve(settings.output.plan)
    refuse_clashes({"digests": output}, reads={"--plan": current, "--before": before, "--contacts": contacts}, settings=settings)
    made = None if contacts is None else read_contacts(contacts)
    stage("who is still a customer")
    given: dict[str, Any] = digest_inputs(settings.event_tables(), settings.churn_rule(), current, before, at=at)
    spoken: dict[str, Any] = {"language": settings.language, "unit": settings.plan.unit}
    written = write_digests(given.pop("plan"), output, contacts=made, at=at, **given, **spoken)
    folder = next(iter(written.values()))[0].parent
    found = {
        "command": "digest",
        "owners": len(written),
        "folder": str(folder),
        "written": [str(p) for pair in written.values() for p in pair],
    }
    tell(
        found,
        f"{len(written):,} {'digest' if len(written) == 1 else 'digests, one for each owner'}\nwrote {folder}",
        how,
        f"open {next(iter(written.values()))[0]}",
    )


def why(
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    config: ConfigOption = Path("churn.toml"),
    at: AtOption = None,
    output: Annotated[Path, typer.Option(help="File for the page.")] = Path("why.html"),
    model: Annotated[Path | None, typer.Option(help="Model file, instead of the one in the configuration.")] = None,
    purpose: Annotated[str, typer.Option(help="What the score is used for.")] = "",
    controller: Annotated[str, typer.Option(help="Person or company responsible for it.")] = "",
    how: FormatOption = Format.text,
) -> None:
    """Write a page on why one customer was scored, for data-protection requests: this customer's data and nobody else's."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.trained_model import trained_model
    from churnpredict.per_customer import read_as
    from churnpredict.report.customer_page import write_customer_page

    settings = read_config(config)
    refuse_clashes({"--output": output}, reads={"--model": model}, settings=settings)
    pipeline = trained_model(settings, model)
    tables = settings.event_tables()
    who = read_as([customer], tables.ids.to_pandas())[0]
    write_customer_page(pipeline, tables, who, output, at=at, purpose=purpose, controller=controller)
    tell({"command": "why", "written": str(output)}, f"wrote {output}", how, f"open {output}")


def card(
    config: ConfigOption = Path("churn.toml"),
    output: Annotated[Path, typer.Option(help="File for the page.")] = Path("model-card.html"),
    model: Annotated[Path | None, typer.Option(help="Model file, instead of the one in the configuration.")] = None,
    purpose: Annotated[str, typer.Option(help="What the model is meant for.")] = "",
    not_for: Annotated[str, typer.Option(help="What it must not be used for.")] = "",
    contact: Annotated[str, typer.Option(help="Whom to ask.")] = "",
    how: FormatOption = Format.text,
) -> None:
    """Write a model card: what the model predicts, on which data, how it was tested, its limits and versions."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.report.backtest_files import read_backtest
    from churnpredict.report.model_card import write_model_card

    settings = read_config(config)
    file = model or settings.resolve(settings.output.model)
    refuse_clashes({"--output": output}, reads={"--model": file}, settings=settings)
    tested = read_backtest(settings.resolve(settings.output.backtest)).get("backtest")
    if isinstance(tested, ChurnError):
        raise tested
    write_model_card(file, output, backtest=tested, purpose=purpose, not_for=not_for, contact=contact)
    found = {"command": "card", "written": str(output), "tested": tested is not None}
    tell(found, f"wrote {output}" + ("" if tested is not None else "; there was no backtest"), how, f"open {output}")
