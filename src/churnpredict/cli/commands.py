"""The command line: ``churnpredict demo | init | check | train | score | backtest | drift | ...``.

Exit codes: 0 success, 2 usage, 3 the data are refused, 4 the model is refused, 5 a result could not be written. Heavy imports wait
until a command needs them. Long because all commands are in it.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command_name

from churnpredict.cli.options import (
    BANDS,
    App,
    AtOption,
    ConfigOption,
    Detail,
    DryRun,
    Format,
    FormatOption,
    Key,
    SignedBy,
    Snoozed,
    UntilOption,
    Vanished,
    WhenEqual,
    ask,
    in_words,
    tell,
    typed,
)
from churnpredict.cli.period_commands import expected, transitions, when
from churnpredict.cli.process import log_line, run, say
from churnpredict.cli.record_commands import card, check_model, digest, forget, why
from churnpredict.cli.scoring_checks import Copied, check_scoring, upsert_of
from churnpredict.cli.usage_hints import hint_for
from churnpredict.errors import UsageError
from churnpredict.progress import be_quiet, begin, stage

__all__ = ["app", "main"]

app = App(
    help="Which customers will leave, why, and what to do about it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from churnpredict import __version__

        say(f"churnpredict {__version__}")
        raise typer.Exit


@app.callback(epilog="To start: churnpredict init orders.csv, then train, then score. Details of a command: churnpredict train --help")
def _all_commands(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_say_version)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Hide progress bars on the terminal: churnpredict --quiet train.")] = False,
) -> None:
    pass


@app.command(short_help="Simulate a business and run all steps.")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for all output.")] = Path("churnpredict-demo"),
    customers: Annotated[int, typer.Option(help="Number of customers of the business.", min=200)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation; the same seed gives the same business.", min=0)] = 0,
) -> None:
    """Simulate a business and run all steps: train, backtest, score, explain."""
    from churnpredict.cli.demo import run_demo

    run_demo(folder, customers=customers, seed=seed, say=say)


@app.command(short_help="Write a commented churn.toml from the columns it finds.")
def init(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILES", help="Files, folders or globs of tables, DuckDB or SQLite databases; by default this folder."),
    ] = None,
    config: ConfigOption = Path("churn.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing churn.toml.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask no questions: take the first of two equally good readings.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Guess the meaning of each table, print the guesses, and write a commented churn.toml that runs."""
    from churnpredict.cli.intake.found_files import read_profiles, tables_under
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.files import write_text
    from churnpredict.text_tables import paragraph

    found = tables_under(files or [Path()])
    if not found:
        where = "this folder" if not files else ", ".join(f'"{path}"' for path in files)
        raise UsageError("no-files", f"no file in {where} holds a table", remedy="Name the files: churnpredict init orders.csv")
    if config.exists() and not force and not dry_run:
        raise UsageError(
            "config-exists", f'"{config}" exists already', remedy="Write to another with --config, or replace it with --force."
        )
    refuse_clashes({"--config": config}, reads={f"file {n}": path for n, path in enumerate(found, 1)})
    shown = [*map(str, found[:12]), *([f"{len(found) - 12:,} more"] if len(found) > 12 else [])]
    typer.echo("\n".join(paragraph(f"reading {', '.join(shown)} ...", indent="  ", first="")), err=True)
    from churnpredict.cli.intake.draft_config import draft_config
    from churnpredict.cli.intake.guess_report import guess_report

    profiles, refused = read_profiles(found)
    asking = not yes and not dry_run and sys.stdin.isatty() and sys.stdout.isatty()
    draft = draft_config(profiles, config.parent, ask=ask if asking else lambda _: 0, refused=refused)
    if dry_run:
        say(draft.text, end="")
        return
    say(guess_report(draft.readings, draft.rule, refused))
    if asking and not typer.confirm(f"\nWrite {config}?", default=True):
        raise typer.Exit(1)
    write_text(config, draft.text)
    say(f"\nwrote {config}: check every line\nnext: {typed('train', config)}")


@app.command(short_help="Validate the data and look for leaks.")
def check(
    config: ConfigOption = Path("churn.toml"),
    until: UntilOption = None,
    how: FormatOption = Format.text,
) -> None:
    """Validate the data and look for leaks, without training: exit code 3 for bad data, 4 for leaks."""
    from churnpredict.cli.config import read_config
    from churnpredict.figures import percent

    settings = read_config(config)
    tables, pipeline = settings.event_tables(), settings.pipeline()
    moment = until or settings.model.until
    stage("features of the training snapshots")
    X, outcomes = pipeline.training_rows(tables, moment)
    stage("looking for leaks")
    report = pipeline.audit(tables, moment, rows=(X, outcomes))
    n, share = len(X), float(outcomes.within().mean())
    findings = json.loads(report.findings.to_json(orient="records"))
    found = {"command": "check", "ok": report.ok, "snapshots": n, "features": X.shape[1], "left": share, "findings": findings}
    then = typed("train", config) if report.ok else f"correct {config}, then {typed('check', config)}"
    tell(found, f"{tables!r}\n{n:,} snapshots of {X.shape[1]} features, {percent(share)} left\n{report!r}", how, then)
    report.raise_on("error")


@app.command(short_help="Train a model and write it.")
def train(
    config: ConfigOption = Path("churn.toml"),
    until: UntilOption = None,
    sign_with: Annotated[Path | None, typer.Option(help="Sign the model file with this private ed25519 key (PEM).")] = None,
    dry_run: DryRun = False,
    how: FormatOption = Format.text,
) -> None:
    """Train a model and write it: exit code 4 where the audit finds a leak, as `check` does."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.pipeline.cutoffs import as_known, snapshots_of_training

    settings = read_config(config)
    tables, pipeline = settings.event_tables(), settings.pipeline()
    moment = until or settings.model.until
    target = settings.resolve(settings.output.model)
    refuse_clashes({"model": target}, reads={"--sign-with": sign_with}, settings=settings)
    if dry_run:
        past = as_known(tables, moment)
        if pipeline.treatments is not None:
            past.stream(pipeline.treatments)  # refused before training, not after it
        snapshots = snapshots_of_training(pipeline, past)
        n, cutoffs = len(snapshots), snapshots["cutoff"].nunique()
        found = {"command": "train", "dry_run": True, "snapshots": n, "cutoffs": cutoffs, "model": str(target)}
        tell(found, f"{tables!r}\nwould train on {n:,} snapshots at {cutoffs} cutoffs and write {target}", how, typed("train", config))
        return
    as_set = pipeline.raise_on
    pipeline.raise_on = as_set or (None if settings.model.raise_on == "nothing" else "error")  # training refuses what `check` refuses
    pipeline.fit(tables, until=moment)
    pipeline.raise_on = as_set
    pipeline.save(target, sign_with=sign_with)
    found = {
        "command": "train",
        "model": str(target),
        "model_id": pipeline.model_id_,
        "snapshots": pipeline.n_snapshots_,
        "leavers": pipeline.n_leavers_,
        "cutoffs": [str(c.date()) for c in pipeline.cutoffs_],
        "features": len(pipeline.features_),
    }
    tell(found, f"{tables!r}\n{pipeline!r}\nwrote {target}", how, typed("score", config))


@app.command(short_help="Score everybody at risk, with reasons.")
def score(
    config: ConfigOption = Path("churn.toml"),
    at: AtOption = None,
    output: Annotated[
        Path | None, typer.Option(help="File (.csv, .csv.gz, .parquet); without an ending, a folder of runs, for any number of customers.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="Model file, instead of the one in the configuration.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Accept only a model file with this SHA-256.")] = None,
    signed_by: SignedBy = None,
    detail: Annotated[Detail, typer.Option(help="Reasons in sentences, or only as drivers with points, which is faster.")] = Detail.words,
    keep: Annotated[int | None, typer.Option(help="Number of runs to keep in the folder, the newest ones.", min=1)] = None,
    into: Annotated[str | None, typer.Option(help="A database to copy the run into: postgresql://... or a DuckDB or SQLite file.")] = None,
    changes: Annotated[bool, typer.Option("--changes", help="Write only rows of that table that are new or differ.")] = False,
    key: Annotated[Key | None, typer.Option(help="With --changes: one row per customer and cutoff, or per customer.")] = None,
    vanished: Annotated[
        Vanished | None, typer.Option(help="With --changes: what becomes of rows whose customer is not in the run; remove by default.")
    ] = None,
    memory: Annotated[str | None, typer.Option(help="Memory for a run, such as 2GiB; by default half of the limit.")] = None,
    partitions: Annotated[int | None, typer.Option(help="Number of partitions of customers in a run.", min=1)] = None,
    jobs: Annotated[int, typer.Option(help="Threads of a run; -1 for one per core.", min=-1)] = 1,
    keep_history: Annotated[
        Path | None, typer.Option(help="Folder in which sorted rows stay, so that the next run reads only what has changed.")
    ] = None,
    unscored: Annotated[Path | None, typer.Option(help="With one file: write customers without a score here, with the reason.")] = None,
    dry_run: DryRun = False,
    how: FormatOption = Format.text,
) -> None:
    """Score everybody at risk, with reasons, and write the table: one file, or a run that can be resumed after an interruption."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.terminal_tables import riskiest
    from churnpredict.cli.trained_model import trained_model
    from churnpredict.table_files import write_frame

    settings = read_config(config)
    target, copied_to = output or settings.resolve(settings.output.scores), into or settings.destination()
    folder = not target.suffix or target.is_dir()
    history = keep_history or settings.outputs().get("keep_history")
    only: dict[str, Any] = {"detail": detail is Detail.drivers, "keep": keep, "into": into, "memory": memory, "partitions": partitions}
    only |= {"keep-history": history}
    upsert = upsert_of(settings, changes, key, vanished, copied_to, folder)
    check_scoring(settings, target, folder, unscored, only, copied_to, {"--model": model, "--signed-by": signed_by}, history)
    pipeline = trained_model(settings, model, expected_sha256=sha256, signed_by=signed_by)
    found: dict[str, Any] = {"command": "score", "scores": str(target)}
    if dry_run:
        n = len(pipeline.features_at(settings.event_tables(), at))
        found |= {"dry_run": True, "customers": n}
        tell(found, f"would score {n:,} customers into {target}", how, typed("score", config))
        return
    if folder:
        from churnpredict.score_runs.batch import score_into

        options: dict[str, Any] = {"at": at, "detail": detail.value, "keep": keep or settings.output.keep, "n_jobs": jobs}
        options |= {"into": copied_to, "table": settings.output.table, "value": settings.plan.value, "changes": upsert}
        copied = Copied(log_line if how is Format.json else None)
        options["log"] = copied
        scan = partial(settings.scan_tables, memory=memory, partitions=partitions, history=history)
        with ExitStack() as opened:  # a kept history is released
            run = score_into(pipeline, lambda scratch: opened.enter_context(scan(scratch)), target, **options)
        found |= {"run": str(run.path), "customers": run.rows, "cutoff": run.cutoff, "bands": run.bands, "model_id": run.model_id}
        found |= {"table": copied.counts} if copied.counts else {}
        counts = in_words({name: run.bands[name] for name in BANDS})
        tell(found, f"{run.rows:,} customers, {counts}\nwrote {run.path}{copied.told()}", how, typed("report", config))
        return
    tables = settings.event_tables()
    stage("scoring with reasons")
    scores, absent = pipeline.score(tables, at=at, value=settings.plan.value), pipeline.unscored(tables, at=at)
    write_frame(target, scores)
    if unscored is not None:
        write_frame(unscored, absent)
    without = absent["reason"].value_counts().to_dict()
    bands = {name: int((scores["band"] == name).sum()) for name in BANDS}
    found |= {"customers": len(scores), "cutoff": str(scores["cutoff"].iloc[0]), "bands": bands, "model_id": pipeline.model_id_}
    found |= {"without_score": without}
    lines = [
        riskiest(scores, settings.plan.unit),
        "",
        f"{len(scores):,} customers, {in_words(bands)}",
        *([f"no score: {in_words(without)}"] if without else []),
    ]
    tell(found, "\n".join([*lines, *(f"wrote {path}" for path in (target, unscored) if path is not None)]), how, typed("report", config))


@app.command(short_help="Test the model at past cutoffs.")
def backtest(
    config: ConfigOption = Path("churn.toml"),
    at: Annotated[list[str] | None, typer.Option(metavar="TIME", help="Test cutoff; repeat for several; by default the latest 3.")] = None,
    rounds: Annotated[int, typer.Option(help="Bootstrap samples of customers for the intervals.", min=20)] = 200,
    dry_run: DryRun = False,
    how: FormatOption = Format.text,
) -> None:
    """Test how well the model would have worked at past cutoffs, compared with simple baselines."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.pipeline.cutoffs import backtest_cutoffs
    from churnpredict.report.backtest_files import tenths_path, write_backtest
    from churnpredict.table_files import check_ending

    settings = read_config(config)
    target = settings.resolve(settings.output.backtest)
    check_ending(target)
    refuse_clashes({"backtest": target, "tenths of the backtest": tenths_path(target)}, settings=settings)
    tables, pipeline = settings.event_tables(), settings.pipeline()
    if dry_run:
        cutoffs = [str(c.date()) for c in backtest_cutoffs(tables, pipeline.churn, at)]
        found = {"command": "backtest", "dry_run": True, "cutoffs": cutoffs, "backtest": str(target)}
        tell(found, f"would test at {', '.join(cutoffs)} and write {target}", how, typed("backtest", config))
        return
    stage("training and testing at each cutoff")
    figures = pipeline.backtest(tables, at=at, rounds=rounds, **settings.judging())
    write_backtest(target, figures)
    found = {"command": "backtest", "backtest": str(target), "figures": json.loads(figures.to_json(orient="records", date_format="iso"))}
    found |= {} if figures.switch is None else {"switch": json.loads(figures.switch.to_json(orient="records"))}
    tell(found, f"{figures}\nwrote {target}", how, typed("report", config))


@app.command(short_help="Report what has changed since training.")
def drift(
    config: ConfigOption = Path("churn.toml"),
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Cutoff. Set it to detect sources that have stopped updating.")] = None,
    scores: Annotated[list[Path] | None, typer.Option(help="Earlier scores, a file or a folder of runs; repeat for several.")] = None,
    output: Annotated[Path | None, typer.Option(help="File for the result of every check (.csv, .csv.gz, .parquet).")] = None,
    model: Annotated[Path | None, typer.Option(help="Model file, instead of the one in the configuration.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 on alarms of sources or inputs, 4 of scores or outcomes.")] = False,
    how: FormatOption = Format.text,
) -> None:
    """Report what has changed since the model was trained, and whether earlier scores were right."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.trained_model import trained_model
    from churnpredict.monitoring.drift import find_drift, refuse
    from churnpredict.monitoring.realised_outcomes import read_earlier
    from churnpredict.table_files import check_ending, write_frame

    settings = read_config(config)
    if output is not None:
        check_ending(output)
        refuse_clashes(
            {"--output": output},
            reads={"--model": model, **{f"--scores {n}": path for n, path in enumerate(scores or [], 1)}},
            settings=settings,
        )
    pipeline = trained_model(settings, model, lacking="allow")
    sent = None if not scores else [frame for path in scores for frame in read_earlier(path)]
    stage("comparing with training")
    found = find_drift(pipeline, settings.event_tables(), at, scores=sent)
    if output is not None:
        write_frame(output, found.figures)
    alarms, checked = json.loads(found.table.to_json(orient="records")), {"at": str(found.at), "customers": found.customers}
    then = typed("score" if found.ok else "retrain", config)
    tell({"command": "drift", "ok": found.ok, **checked, "checks": len(found.figures), "alarms": alarms}, repr(found), how, then)
    if strict:
        refuse(found)


@app.command(short_help="Train a new model and compare it with the current one.")
def retrain(
    config: ConfigOption = Path("churn.toml"),
    until: UntilOption = None,
    when_equal: Annotated[
        WhenEqual, typer.Option(help="Model to use when the difference is not significant: the champion, or the newer one.")
    ] = WhenEqual.keep,
    despite_sources: Annotated[bool, typer.Option("--despite-sources", help="Continue although tables do not arrive as usual.")] = False,
    dry_run: DryRun = False,
    how: FormatOption = Format.text,
) -> None:
    """Train a challenger and compare it with the champion: promote it if it is better, otherwise refuse it with the reason.

    A refusal is a result, not a failure: the exit code is 0. The first time, the existing model becomes the champion, or else a new one.
    """
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.terminal_tables import decided
    from churnpredict.lifecycle.promotion import promote

    settings = read_config(config)
    refuse_clashes({key: path for key, path in settings.outputs().items() if key in ("model", "registry")}, settings=settings)
    how_to: dict[str, Any] = {"when_equal": when_equal.value, "despite_sources": despite_sources}
    entry, decision = promote(settings, until or settings.model.until, dry_run=dry_run, **how_to)
    found = {"command": "retrain", "promoted": entry.action in ("add", "promote"), "dry_run": dry_run, **entry.model_dump()}
    tell(found, repr(decision) if decision is not None else decided(entry), how, typed("score", config))


@app.command(short_help="List which models were in use and why.")
def history(
    config: ConfigOption = Path("churn.toml"),
    roll_back: Annotated[bool, typer.Option("--roll-back", help="Return to the previous model.")] = False,
    how: FormatOption = Format.text,
) -> None:
    """List which models were in use and why, or undo the last change."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.terminal_tables import history_table
    from churnpredict.lifecycle.promotion import publish, registry_of

    settings = read_config(config)
    registry = registry_of(settings)
    if roll_back:
        refuse_clashes({key: path for key, path in settings.outputs().items() if key in ("model", "registry")}, settings=settings)
        with registry.deciding():
            registry.roll_back()
            publish(settings, registry)
    entries = registry.history()
    then = typed("score" if roll_back else "retrain", config)
    listed = history_table(entries) if entries else "no model is registered yet"
    tell({"command": "history", "history": [e.model_dump() for e in entries]}, listed, how, then)


@app.command(short_help="Write the page, the plan and the alerts.")
def report(
    config: ConfigOption = Path("churn.toml"),
    at: AtOption = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Earlier cutoff to compare with; by default four weeks before.")] = None,
    output: Annotated[Path | None, typer.Option(help="File for the page.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model file, instead of the one in the configuration.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Accept only a model file with this SHA-256.")] = None,
    snoozed: Snoozed = None,
    dry_run: DryRun = False,
    how: FormatOption = Format.text,
) -> None:
    """Write the page for people, the plan of whom to contact, and the alerts of the configuration."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.terminal_tables import counted
    from churnpredict.cli.trained_model import trained_model
    from churnpredict.report.backtest_files import date_backtest, read_backtest
    from churnpredict.report.collect import find_all
    from churnpredict.report.page import write_report
    from churnpredict.table_files import check_ending, write_frame

    settings = read_config(config)
    targets = {"report": output or settings.resolve(settings.output.report), "plan": settings.resolve(settings.output.plan)}
    if settings.alerts:
        targets["alerts"] = settings.resolve(settings.output.alerts)
    for name in targets.keys() - {"report"}:
        check_ending(targets[name])
    refuse_clashes(targets, reads={"--model": model, "--snoozed": snoozed}, settings=settings)
    if snoozed is not None and not settings.alerts:
        raise _no_alerts(config)
    pipeline = trained_model(settings, model, expected_sha256=sha256)
    tables = settings.event_tables()
    if dry_run:
        n = len(pipeline.features_at(tables, at))
        found = {"command": "report", "dry_run": True, "customers": n, **{k: str(v) for k, v in targets.items()}}
        tell(found, f"would report on {n:,} customers and write {', '.join(map(str, targets.values()))}", how, typed("report", config))
        return
    sent = settings.resolve(settings.output.scores)
    options: dict[str, Any] = {"since": since, "rules": settings.alerts, "plan": settings.planning(), "snoozed": snoozed}
    stage("scores, plan, drift and rates")
    told = find_all(pipeline, tables, at=at, sent=sent if sent.exists() else None, **options)
    told.parts.update(
        date_backtest(read_backtest(settings.resolve(settings.output.backtest)), tables, pipeline.churn, at, language=settings.language)
    )
    spoken: dict[str, Any] = {"unit": settings.plan.unit, "language": settings.language}
    write_report(told.scores, targets["report"], plan=told.plan, **spoken, **told.parts)
    if told.plan is None:
        del targets["plan"]
    else:
        write_frame(targets["plan"], told.plan.table)
    if settings.alerts:
        write_frame(targets["alerts"], told.parts["alerts"])
    firing = told.parts["alerts"]["alert"].value_counts().to_dict() if settings.alerts else {}
    failed = {name: error.code for name, error in told.failed.items()}
    without = {} if "unscored" in failed else told.parts["unscored"]["reason"].value_counts().to_dict()
    found = {"command": "report", "customers": len(told.scores), "without_score": without}
    found |= {} if told.plan is None else {"plan": told.plan.counts, "profit": told.plan.profit._asdict()}
    found |= {"alerts": firing, "not_available": failed, "written": {k: str(v) for k, v in targets.items()}}
    lines = [*([] if told.plan is None else [repr(told.plan)]), *(f"alert {name}: {counted(n, 'customer')}" for name, n in firing.items())]
    lines += [f"no score: {in_words(without)}"] if without else []
    lines += [f"not available: {name} [{code}]" for name, code in failed.items()]
    tell(found, "\n".join([*lines, *(f"wrote {path}" for path in targets.values())]), how, f"open {targets['report']}")


@app.command(short_help="List the customers to whom a rule of [alerts] applies.")
def alerts(
    config: ConfigOption = Path("churn.toml"),
    at: AtOption = None,
    output: Annotated[Path | None, typer.Option(help="File for the alerts (.csv, .csv.gz, .parquet).")] = None,
    snoozed: Snoozed = None,
    how: FormatOption = Format.text,
) -> None:
    """List the customers to whom a rule of the section [alerts] applies, since when, and how often churn followed; no model is needed."""
    from churnpredict.cli.config import read_config
    from churnpredict.cli.outputs import refuse_clashes
    from churnpredict.cli.terminal_tables import alert_table
    from churnpredict.report.collect import alerts_at, judged_alerts
    from churnpredict.table_files import check_ending, write_frame

    settings = read_config(config)
    if not settings.alerts:
        raise _no_alerts(config)
    target = output or settings.resolve(settings.output.alerts)
    check_ending(target)
    refuse_clashes({"alerts": target}, reads={"--snoozed": snoozed}, settings=settings)
    tables, pipeline = settings.event_tables(), settings.pipeline()
    stage("alerts, and how often churn followed them")
    found = alerts_at(tables, pipeline.churn, settings.alerts, at=at, history=pipeline.history, snoozed=snoozed)
    judged = judged_alerts(tables, pipeline.churn, settings.alerts, history=pipeline.history)
    write_frame(target, found)
    listed = alert_table(judged, found["alert"].value_counts().to_dict())
    rules = json.loads(judged.to_json(orient="records"))
    told = {"command": "alerts", "alerts": rules, "now": len(found), "written": str(target)}
    tell(told, f"{listed}\nwrote {target}", how, f"open {target}")


def _no_alerts(config: Path) -> UsageError:
    remedy = 'Add a section [alerts] with lines such as silent = "habit__orders_days_since_last >= 60".'
    return UsageError("no-alerts", f'"{config}" has no rules', remedy=remedy)


for _command, _short in (
    (when, "Say when customers will leave, and the revenue until then."),
    (expected, "Say what customers will buy in a coming period."),
    (transitions, "Count customers who moved between states: new, at risk, left."),
    (why, "Write a page on why one customer was scored."),
    (card, "Write a model card: data, tests, limits, versions."),
    (digest, "Write a message per owner: who is new on the list, and why."),
    (forget, "Remove customers from all runs."),
    (check_model, "Check a model file without loading the model."),
):
    app.command(short_help=_short)(_command)

# Commands whose imports alone may take more than a second: all but init, whose first words are the files that it reads.
LONG = tuple(name for made in app.registered_commands if made.callback and (name := get_command_name(made.callback.__name__)) != "init")


def _wants_json(arguments: list[str]) -> bool:
    return "--format=json" in arguments or any(pair == ("--format", "json") for pair in pairwise(arguments))


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code; print errors without a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    command = next((word for word in given if not word.startswith("-")), "")
    be_quiet("--quiet" in given[: given.index(command)] if command else False)
    if command in LONG and "--help" not in given:
        begin(f"{command}: loading libraries")
    sys.exit(run(partial(app, args=given, standalone_mode=False), as_json=_wants_json(given), hint=hint_for(app, given)))


if __name__ == "__main__":
    main()
