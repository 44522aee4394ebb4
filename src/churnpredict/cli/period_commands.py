"""Commands about a period: when customers leave, what they buy until then, how they moved in the last one; ``commands`` registers them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnpredict.cli.options import AtOption, ConfigOption, DryRun, Format, FormatOption, SignedBy, tell, typed
from churnpredict.progress import stage

if TYPE_CHECKING:
    from churnpredict.cli.config import Config

__all__ = ["Buying", "expected", "transitions", "when"]


class Buying(StrEnum):
    """Models of repeat buying."""

    mbg_nbd = "MBG/NBD"
    bg_nbd = "BG/NBD"


def when(
    config: ConfigOption = Path("churn.toml"),
    at: AtOption = None,
    over: Annotated[str | None, typer.Option(metavar="SPAN", help="Period of the curves; by default 365d, or a longer horizon.")] = None,
    discount: Annotated[
        float, typer.Option(metavar="SHARE", help="By how much revenue a year later counts less: 0.1 for 10 %.", min=0)
    ] = 0.0,
    output: Annotated[Path, typer.Option(help="File of one row per customer (.csv, .csv.gz, .parquet); curves lie beside it.")] = Path(
        "when.csv"
    ),
    model: Annotated[Path | None, typer.Option(help="Model file, instead of the one in the configuration.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Accept only a model file with this SHA-256.")] = None,
    signed_by: SignedBy = None,
    dry_run: DryRun = False,
    how: FormatOption = Format.text,
) -> None:
    """Say when customers are likely to leave, and the revenue until then: dates, curves of staying, and what brings the leaving forward.

    What happens after the horizon is learnt in the call, which takes about as long as training.
    """
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.trained_model import trained_model
    from churnpredict.figures import amount
    from churnpredict.pipeline.staying import check_period
    from churnpredict.spans import span
    from churnpredict.table_files import beside, write_frame

    settings = read_config(config)
    curves = beside(output, "curves")
    refuse_clashes({"--output": output, "curves": curves}, reads={"--model": model, "--signed-by": signed_by}, settings=settings)
    pipeline = trained_model(settings, model, expected_sha256=sha256, signed_by=signed_by)
    period = over or max("365d", str(pipeline.churn.horizon_span), key=lambda each: span(each, "over").nominal)
    check_period(period, discount, pipeline.churn)
    tables = settings.event_tables()
    written = {"customers": output, "curves": curves}
    if dry_run:
        n = len(pipeline.features_at(tables, at))
        found: dict[str, Any] = {"command": "when", "dry_run": True, "customers": n, "over": period}
        tell(found, f"would follow {n:,} customers over {period} and write {output}, {curves}", how, typed("when", config))
        return
    stage(f"learning the chances of leaving over {period}")
    staying = pipeline.when(tables, at, over=period, discount=discount, value=settings.plan.value)
    people = staying.customers
    assert people is not None  # with a period
    for name, frame in (("customers", people.reset_index(drop=True)), ("curves", staying)):
        write_frame(written[name], frame)
    revenue = None if people["expected_revenue"].isna().any() else float(people["expected_revenue"].sum())  # no table is money
    found = {"command": "when", "customers": len(people), "cutoff": str(people["cutoff"].iloc[0]), "over": period}
    found |= {"stay": float(people["stays"].mean()), "observed_days": staying.observed_days}
    found |= {"expected_revenue": revenue, "written": {k: str(v) for k, v in written.items()}}
    lines = [repr(staying), *([] if revenue is None else [f"expected revenue over {period}: {amount(revenue, settings.plan.unit)}"])]
    tell(found, "\n".join([*lines, *(f"wrote {path}" for path in written.values())]), how, f"open {output}")


def expected(
    config: ConfigOption = Path("churn.toml"),
    at: AtOption = None,
    over: Annotated[str | None, typer.Option(metavar="SPAN", help="Period that follows; by default the horizon of the rule.")] = None,
    of: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Table of events meant; by default that of the rule, or the only one.")
    ] = None,
    buying: Annotated[Buying, typer.Option("--buying", help="Model of repeat buying.")] = Buying.mbg_nbd,
    output: Annotated[Path, typer.Option(help="File of one row per customer (.csv, .csv.gz, .parquet).")] = Path("expected.csv"),
    how: FormatOption = Format.text,
) -> None:
    """Say what to expect of each customer in a coming period: purchases, spend, and the chance of still being one; no model is needed."""
    from churnpredict.accounting.expected_purchases import expected as expect
    from churnpredict.cli.terminal_tables import best_buyers
    from churnpredict.events.expected import one_log
    from churnpredict.table_files import write_frame

    settings = _settings(config, output)
    churn = settings.churn_rule()
    period = over or str(churn.horizon_span)
    bought = of or (settings.churn.get("of") if churn.decided_at_end else None)  # other rules read tables without purchases
    tables = settings.event_tables()
    bought = one_log(tables, bought, "--of {}")
    stage("fitting repeat buying")
    found = expect(tables, at, over=period, of=bought, model=buying.value)
    write_frame(output, found.reset_index())
    sums = {name: float(found[name].sum()) for name in ("p_alive", "expected_purchases", "expected_spend") if name in found}
    told = {"command": "expected", "customers": len(found), "over": period, **sums, "written": str(output)}
    tell(told, f"{best_buyers(found, period, settings.plan.unit)}\nwrote {output}", how, f"open {output}")


def transitions(
    config: ConfigOption = Path("churn.toml"),
    start: Annotated[str | None, typer.Option(metavar="TIME", help="First moment; by default 90 days before the second.")] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Second moment; by default the last for which all departures are known.")
    ] = None,
    of: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Table of events whose silence puts customers at risk; by default that of the rule.")
    ] = None,
    value: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Payments, contracts or prices: also count the money that moved.")
    ] = None,
    min_group: Annotated[int, typer.Option(metavar="N", help="Hide the figures of fewer customers than this.", min=1)] = 5,
    output: Annotated[Path, typer.Option(help="File of one row per pair of states (.csv, .csv.gz, .parquet).")] = Path("transitions.csv"),
    how: FormatOption = Format.text,
) -> None:
    """Count how many customers moved from one state of their life to another: new, current, at risk, dormant, left; no model is needed."""
    from churnpredict.accounting.state_moves import transitions as count_moves
    from churnpredict.table_files import write_frame

    settings = _settings(config, output)
    churn = settings.churn_rule()
    moved = count_moves(settings.event_tables(), churn, start=start, end=end, of=of, value=value, min_group=min_group)
    write_frame(output, moved)
    told = {"command": "transitions", "start": moved.start, "end": moved.end, "moves": len(moved)}
    told |= {"customers": int(moved["customers"].sum()), "written": str(output)}
    hidden = [f"hidden (\u2013): {note}" for note in dict.fromkeys(moved["note"]) if note]
    tell(told, "\n".join([repr(moved), *hidden, f"wrote {output}"]), how, f"open {output}")


def _settings(config: Path, output: Path) -> Config:
    """Return the configuration of a command that writes one table to ``output``; refuse paths that it cannot write."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.table_files import check_ending

    settings = read_config(config)
    check_ending(output)
    refuse_clashes({"--output": output}, settings=settings)
    return settings
