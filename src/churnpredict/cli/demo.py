"""The demo: simulate a business, write its files, then train, backtest and score from them."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from churnpredict.errors import UsageError
from churnpredict.files import write_text
from churnpredict.text_tables import paragraph

__all__ = ["run_demo"]

_MARK = "# Written by churnpredict demo."
# A business whose customers leave for seven reasons that show some time before, and pay enough for a contact to be worth it.
_CAUSES = ("habit", "value", "onboarding", "support", "price", "payment", "contract")
_BUSINESS: dict[str, Any] = {
    "months": 15,
    "signal": 1.0,
    "causes": _CAUSES,
    "distractors": 0.1,
    "involuntary": 0.15,
    "season": 0.1,
    "spend": 10.0,
}
_TABLES = ("customers", "orders", "usage", "payments", "tickets", "subscriptions", "prices", "cancellations")
_MONEY = {"subscriptions": {"money": True}}
_HORIZON = "60d"
_MODEL = {"every": "75d", "history": "90d"}
_TESTED = 1  # past dates, one horizon apart
_ALERTS = (
    '"no order for 60 days" = "habit__orders_days_since_last >= 60"',
    '"two failed payments in a row" = "payment__payments_failed_streak >= 2"',
    '"usage down by half" = "habit__usage_trend_30d <= -0.33"',  # (1 - 2) / (1 + 2): half of the month before
    '"renewal within 30 days and an open ticket" = "contract__subscriptions_days_to_end <= 30 and support__tickets_open_count >= 1"',
)


def run_demo(folder: str | Path, *, customers: int = 1000, seed: int = 0, say: Callable[[str], Any] = print) -> dict[str, Path]:
    """Simulate a business, write its tables and a churn.toml, then train, backtest and score from these files alone.

    Parameters
    ----------
    folder : path
        Created if missing.
    customers, seed : int
    say : callable
        Called with each step as text.

    Returns
    -------
    dict of str to Path
        The files written: ``config``, ``model``, ``scores``, ``backtest``, ``plan``, ``alerts``, ``report``.
    """
    _refuse_folder(Path(folder))
    folder = Path(folder)
    say(f"1/5 a business of {customers:,} customers")
    from churnpredict.cli.config import read_config  # only now: the libraries behind these take longer to load than a person waits
    from churnpredict.cli.terminal_tables import counted, riskiest
    from churnpredict.pipeline.cutoffs import backtest_cutoffs
    from churnpredict.report.backtest_files import write_backtest
    from churnpredict.report.collect import find_all
    from churnpredict.report.page import write_report
    from churnpredict.simulation.business import make_business
    from churnpredict.table_files import write_frame

    business = make_business(customers, random_state=seed, rule="cancellation", **_BUSINESS)
    config = write_business(business, folder, only=_TABLES, churn={"horizon": _HORIZON}, model=_MODEL)
    settings = read_config(config)
    tables = settings.event_tables()
    say(f"{tables!r}\n2/5 training on the past")
    pipeline = settings.pipeline().fit(tables)
    written = {"config": config, "model": pipeline.save(settings.resolve(settings.output.model))}
    say(f"{pipeline!r}\n3/5 backtest: how well would it have worked {_HORIZON.removesuffix('d')} days before the end?")
    figures = settings.pipeline().backtest(tables, at=backtest_cutoffs(tables, pipeline.churn)[-_TESTED:], rounds=100)
    written["backtest"] = write_backtest(settings.resolve(settings.output.backtest), figures)
    say(f"{figures}\n4/5 scores with reasons")
    found = find_all(pipeline, tables, rules=settings.alerts, plan=settings.planning())
    scores = found.scores
    written["scores"] = write_frame(settings.resolve(settings.output.scores), scores)
    say(f"5/5 the highest risks of {len(scores):,} customers\n\n{riskiest(scores, settings.plan.unit)}\n")
    first = f"{scores['customer_id'].iloc[0]}: {scores['words'].iloc[0]}"
    say("\n".join([*paragraph(first, indent="  ", first=""), *paragraph(f"to do: {scores['remedy_1'].iloc[0]}", indent="  "), ""]))
    assert found.plan is not None  # the business has prices
    say(f"{found.plan!r}\n")
    for name, n in found.parts["alerts"]["alert"].value_counts().items():
        say(f"alert {name}: {counted(n, 'customer')}")
    written["plan"] = found.plan.to_csv(settings.resolve(settings.output.plan))
    written["alerts"] = write_frame(settings.resolve(settings.output.alerts), found.parts["alerts"])
    page = settings.resolve(settings.output.report)
    written["report"] = write_report(
        found.scores, page, plan=found.plan, backtest=figures, unit=settings.plan.unit, language=settings.language, **found.parts
    )
    say("\n".join([*(f"wrote {path}" for path in written.values()), f"next: open {page}"]))
    return written


def _refuse_folder(folder: Path) -> None:
    """Refuse a folder in which other files would be replaced."""
    config = folder / "churn.toml"
    if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir() or not config.is_file() or not config.read_bytes().startswith(_MARK.encode()):
        remedy = "Name a new folder: churnpredict demo DIR."
        raise UsageError("folder-in-use", f'"{folder}" holds files that are not from a demo', remedy=remedy)


def write_business(business: Any, folder: Path, *, only: tuple[str, ...] | None = None, **said: dict[str, Any]) -> Path:
    """Write the tables of a simulated business as CSV files with a churn.toml, as if they came from a warehouse.

    ``only`` names the tables to write, all by default; ``churn`` and ``model`` are settings of these sections.
    """
    from churnpredict.table_files import write_frame

    lines = [_MARK, f"observed_until = {json.dumps(str(business.end.date()))}", ""]
    for name, declaration in business.tables.declarations.items():
        if only is not None and name not in only:
            continue
        frame = declaration.source[list(dict.fromkeys(declaration.columns()))]
        if not len(frame):
            continue
        write_frame(folder / f"{name}.csv", frame)
        lines += [f"[tables.{name}]", f"kind = {json.dumps(type(declaration).__name__.lower())}", f'source = "{name}.csv"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in (_said(declaration) | _MONEY.get(name, {})).items()] + [""]
    rule = {f.name: getattr(business.churn, f.name) for f in dataclasses.fields(business.churn)}
    if "active_within" in rule:
        rule["active_within"] = "60d"  # customers silent for longer have left already, which needs no model
    rule |= said.get("churn", {})
    lines += ["[churn]", f"rule = {json.dumps(business.rule)}"]
    lines += [
        f"{key} = {json.dumps(list(value) if isinstance(value, tuple) else value)}" for key, value in rule.items() if value is not None
    ]
    lines += [
        "",
        "[plan]",
        "offer_cost = 10.0  # of the offer",
        "contact_cost = 5.0  # of the contact",
        "acceptance = 0.4  # of the offers keep a customer who would leave",
        "budget = 3000.0",
        'unit = "€"',
        "",
        "[alerts]",
        *_ALERTS,
    ]
    model = {"every": "45d"} | said.get("model", {})
    lines += ["", "[model]  # fewer past dates than by default, so that it is quick", *(f"{k} = {json.dumps(v)}" for k, v in model.items())]
    return write_text(folder / "churn.toml", "\n".join(lines) + "\n")


def _said(declaration: Any) -> dict[str, Any]:
    """Return the settings of a declaration that differ from the defaults, under the names of churn.toml."""
    said = {}
    for item in dataclasses.fields(declaration):
        value = getattr(declaration, item.name)
        if item.name == "source" or value is None or value in (item.default, {}):
            continue
        said["kinds" if item.name == "kind" else item.name] = list(value) if isinstance(value, tuple) else value
    return said
