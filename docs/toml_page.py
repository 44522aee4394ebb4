"""Every key of churn.toml with its type, default, meaning and an example, from the classes that read it."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import churnpredict as cp
from churnpredict.churn import rules
from churnpredict.cli import config, setting_values
from churnpredict.events import declarations, observation, tables, terms
from churnpredict.events.values import time_units
from churnpredict.languages.catalogue import LANGUAGES

__all__ = ["Key", "page", "sections"]

_TYPES = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Sequence[str]: "list of texts",
    list[str]: "list of texts",
    Sequence[str] | Literal["any"]: 'list of texts, or "any"',
    Mapping[str, float]: "table of numbers",
    list[dict[str, Any]]: "sections",
    int | str: "number, or text",
    datetime.date: "date or time",
}
_SPANS = {*setting_values.SPANS, "every", "history"} - {"horizons"}
# What no docstring of a parameter says, by section and key.
_MEANS = {
    ("tables", "source"): "A file, a folder or a glob, relative to churn.toml.",
    ("tables", "database"): "Instead of ``source``: a DuckDB or SQLite file, a ``postgresql://`` address, or ``$NAME`` for a variable.",
    ("tables", "query"): "What to read from ``database`` or ``files``: a query, or the name of a table; the section's name by default.",
    (
        "tables",
        "grows_by",
    ): "Column of ``database``'s table that is greater for newer rows: a kept history reads only what is above the last one.",
    ("tables", "files"): "Files that ``query`` sees under these names.",
    ("tables", "kind of table"): "What kind of table it is.",
    ("tables", "customer"): "Column of the customer's id.",
    ("tables", "time"): "Column of the time.",
    ("tables", "activity"): "Kinds of rows that count as activity of the customer; all but refunds by default.",
    ("tables", "unit"): "Unit of times that are numbers: since 1970, or as spreadsheets number days.",
    ("tables", "start"): "Column of the beginning.",
    ("tables", "end"): "Column of the actual end, missing while it is open.",
    ("churn", "rule"): "What leaving means in this business.",
    ("churn", "horizon"): "Length of the outcome window: within how long somebody must leave to count.",
    ("churn", "of"): "Table that the rule reads; the only one of its kind by default.",
    ("churn", "gap"): "Time between the cutoff and the outcome window, in which a retention team can act.",
    ("churn", "kinds"): "Kinds of rows that count for the rule.",
    ("model", "until"): "Moment of training: nothing known at or after it is used.",
    ("model", "since"): "No training cutoff lies before it.",
    ("model", "most_cutoffs"): "Training cutoffs at most; the oldest are left out.",
    ("model", "most_rows"): "Training snapshots at most; the oldest are left out.",
    ("model", "random_state"): "Seed: the same data and seed give the same model.",
    ("model", "n_jobs"): "Threads of the model; as many as help by default.",
    ("model", "raise_on"): 'Findings of the audit that stop the training: errors; "warning" for warnings too, "nothing" for none.',
    ("model", "season"): "Whether the season is learnt, where it improves predictions at past cutoffs.",
    ("model", "calendar"): "Named days on which customers are busier or quieter, also written as sections ``[[model.calendar]]``.",
    ("model", "treated"): "How training handles snapshots whose outcome window holds a contact.",
    ("plan", "value"): "What every customer is worth over the horizon, instead of what the tables say.",
    ("plan", "budget"): "Limit of the expected spend.",
    ("plan", "offer_cost"): "Cost of an offer, paid to everybody who stays; 10 where nothing is given.",
    ("plan", "contact_cost"): "Cost of a contact, paid in any case; 1 where nothing is given.",
    ("plan", "acceptance"): "Share of would-be leavers whom an offer keeps; 0.3 where nothing is given.",
    ("plan", "capacity"): "Contacts at most, per owner where owners are known.",
    ("plan", "holdout"): "Share of the customers worth contacting who are left alone at random, to measure the effect.",
    ("plan", "playbook"): "File with remedies, costs and acceptance per driver.",
    ("plan", "exclude"): "File (.csv, .parquet) with a column ``customer_id`` of customers who are not to be contacted.",
    ("plan", "rest"): "Leaves alone customers who were contacted so recently, by the table that ``treatments`` names.",
    ("plan", "unit"): "What money is counted in, shown behind every amount.",
    ("output", "model"): "The model file.",
    ("output", "scores"): "A file (.csv, .csv.gz, .parquet) or, without an ending, a folder of runs.",
    ("output", "backtest"): "The figures of the backtest.",
    ("output", "report"): "The page for the retention team.",
    ("output", "plan"): "Whom to contact, in order.",
    ("output", "alerts"): "Customers who meet an alert rule.",
    ("output", "keep"): "Runs that stay in the folder of scores; all by default.",
    ("output", "database"): "Database into which scores are copied: a file, an address, or ``$NAME`` for a variable.",
    ("output", "table"): "Table of that database.",
    ("output", "changes"): "Whether only rows of that table are written that are new or differ.",
    ("output", "key"): "With ``changes``: whether a row stands for a customer at a cutoff, or for a customer.",
    ("output", "vanished"): "With ``changes``: what becomes of rows whose customer is not in the run.",
    ("output", "registry"): "Folder in which ``churnpredict retrain`` keeps models and decisions, or ``mlflow:`` and the name of a model.",
    ("output", "keep_history"): "Folder in which sorted rows stay, so that the next ``churnpredict score`` reads only what has changed.",
    ("file", "timezone"): "The business's time zone (IANA): calendar days and weeks are its own.",
    ("file", "observed_until"): "Up to when the tables are complete; the end of the last row's day by default.",
    ("file", "language"): "Language of sentences, remedies and pages.",
}


def _quoted(choices: Iterable[str]) -> str:
    return ", ".join(f'"{choice}"' for choice in choices)


_CHOICES: dict[Any, str] = {
    ("tables", "kind of table"): _quoted(config.TABLES),
    ("churn", "rule"): _quoted(rules.rules_by_name()),
    ("model", "calendar"): "list of tables",
    "repeats": _quoted(declarations.REPEATS),
    "per": _quoted(terms.PERIODS),
    "unit of time": _quoted(time_units.UNITS),
    "known_after": _quoted(observation.PERIODS),
    "language": _quoted(LANGUAGES),
    **{key: _quoted(choices) for key, choices in setting_values.CHOICES.items()},
}
# Values as written in a file, by section and key, or by key alone.
_EXAMPLES: dict[Any, str] = {
    ("tables", "kind of table"): '"events"',
    ("tables", "kinds"): '"event_type"',
    ("tables", "value"): '"amount"',
    ("churn", "value"): '"price"',
    ("plan", "value"): "250.0",
    ("plan", "unit"): '"€"',
    ("tables", "unit"): '"ms"',
    ("churn", "kinds"): '["paid"]',
    ('[churn], rule = "trial_end"', "kinds"): '["trial"]',
    ('[churn], rule = "trial_end"', "of"): '"subscriptions"',
    ('[churn], rule = "subscription_end"', "of"): '"subscriptions"',
    ('[churn], rule = "cancellation"', "of"): '"cancellations"',
    ('[churn], rule = "down_sell"', "of"): '"prices"',
    ('[tables.NAME], kind = "intervals"', "kinds"): '"plan"',
    ('[tables.NAME], kind = "intervals"', "value"): '"monthly_price"',
    ('[tables.NAME], kind = "intervals"', "attributes"): '["auto_renew"]',
    ('[tables.NAME], kind = "intervals"', "labels"): '["product_code"]',
    ('[tables.NAME], kind = "intervals"', "dates"): '["last_day_of_notice"]',
    ('[tables.NAME], kind = "states"', "labels"): '["tariff_code"]',
    ('[tables.NAME], kind = "states"', "time"): '"valid_from"',
    ('[tables.NAME], kind = "states"', "driver"): '"price"',
    ('[tables.NAME], kind = "customers"', "value"): '"value_per_year"',
    ("churn", "involuntary"): '["payment_failed"]',
    ("output", "database"): '"$WAREHOUSE"',
    ("output", "changes"): "true",
    ("output", "key"): '"customer"',
    ("output", "vanished"): '"empty"',
    ("output", "model"): '"churn.model"',
    ("output", "plan"): '"plan.csv"',
    "source": '"orders.csv"',
    "database": '"shop.duckdb"',
    "query": '"SELECT * FROM orders"',
    "grows_by": '"inserted_at"',
    "files": '{ orders = "orders.csv", people = "people.csv" }',
    "encoding": '"cp1252"',
    "delimiter": '";"',
    "decimal": '","',
    "thousands": '"."',
    "skip_rows": "3",
    "footer_rows": "1",
    "column_names": '["customer", "date", "amount"]',
    "sheet": '"2024"',
    "member": '"orders.csv"',
    "version": "12",
    "customer": '"customer_id"',
    "time": '"date"',
    "start": '"started_on"',
    "end": '"ended_on"',
    "end_inclusive": "true",
    "planned_end": '"renews_on"',
    "money": "true",
    "per": '"month"',
    "currency": '"currency"',
    "rates": "{ EUR = 1.0, USD = 0.92 }",
    "item": '"product"',
    "user": '"user_id"',
    "seats": '"plans.seats"',
    "known_at": '"loaded_at"',
    "activity": '["paid"]',
    "session": '"30min"',
    "replies": '["opened", "clicked"]',
    "id": '"event_id"',
    "repeats": '"drop"',
    "order": '"order_number"',
    "driver": '"support"',
    "format": '"%d.%m.%Y"',
    "known_after": '"month"',
    "observed_from": '"2020-01-01"',
    "observed_until": '"2024-07-01"',
    "optional_time": "true",
    "optional": "true",
    "since": '"joined_on"',
    ("model", "since"): '"2022-01-01"',
    "attributes": '["region", "plan"]',
    "labels": '["postcode"]',
    "dates": '["card_expires"]',
    "owner": '"account_manager"',
    "valid_from": '"valid_from"',
    "value_at_end": '"satisfaction"',
    "response": '"first_reply_at"',
    "reopened": '"reopened_at"',
    "values": '["price"]',
    "rule": '"inactivity"',
    "horizon": '"90d"',
    "of": '"orders"',
    "gap": '"7d"',
    "active_within": '"180d"',
    "grace": '"30d"',
    "back": '"orders"',
    "drop": "0.2",
    "silent_for": '"180d"',
    "history": '"730d"',
    "every": '"15d"',
    "until": '"2024-06-01"',
    "most_cutoffs": "12",
    "most_rows": "500_000",
    "horizons": '["30d", "60d"]',
    "random_state": "7",
    "n_jobs": "4",
    "treatments": '"contacts"',
    "treated": '"exclude"',
    "raise_on": '"warning"',
    "season": "false",
    "season_by": '"country"',
    "account": '"company_id"',
    "calendar": '[{ name = "closed", kind = "closure", days = ["12-20/01-01"] }]',
    "budget": "5000",
    "offer_cost": "10.0",
    "contact_cost": "1.5",
    "acceptance": "0.3",
    "capacity": "40",
    "holdout": "0.1",
    "playbook": '"playbook.toml"',
    "exclude": '"opted-out.csv"',
    "rest": '"30d"',
    "scores": '"scores.parquet"',
    "backtest": '"backtest.csv"',
    "report": '"report.html"',
    "alerts": '"alerts.csv"',
    "keep": "14",
    "table": '"churn_scores"',
    "registry": '"models"',
    "keep_history": '"history"',
    "timezone": '"Europe/Berlin"',
    "language": '"de"',
}


class Key(NamedTuple):
    """One key of the file; every text is reStructuredText."""

    name: str
    type: str
    default: str
    means: str
    example: str


def sections() -> dict[str, list[Key]]:
    """Return the keys of every section, by its heading."""
    found = {"At the top of the file": [_key("file", *f, None) for f in _fields(config.Config) if f[0].name not in _NOT_TOP]}
    back = {v: k for k, v in config.RENAMED.items()}
    places = [_named("tables", name, text, "none", None) for name, text in (("source", "text"), ("database", "text"), ("query", "text"))]
    places.append(_named("tables", "grows_by", "text", "none", None))
    places.append(_named("tables", "files", "table of paths", "none", None))
    options = [_option(name) for name in config.FILE]
    for kind, name in config.TABLES.items():
        cls = getattr(tables, name)
        keys = [_key("tables", *f, cls, back) for f in _fields(cls) if f[0].name != "source"]
        first = Key("kind", _CHOICES["tables", "kind of table"], "needed", _MEANS["tables", "kind of table"], f'kind = "{kind}"')
        if kind == "events":
            found["[tables.NAME]: where the rows come from"] = [first, *places]
            found["[tables.NAME]: how a file is written"] = options
        found[f'[tables.NAME], kind = "{kind}"'] = keys
    for rule, cls in rules.rules_by_name().items():
        first = Key("rule", _CHOICES["churn", "rule"], "needed", _MEANS["churn", "rule"], f'rule = "{rule}"')
        found[f'[churn], rule = "{rule}"'] = [first, *(_key("churn", *f, cls) for f in _fields(cls))]
    found["[model]"] = [_key("model", *f, cp.ChurnPipeline) for f in _fields(config.Settings)]
    found["[plan]"] = [_key("plan", *f, cp.plan_retention) for f in _fields(config.Planning)]
    found["[output]"] = [_key("output", *f, None) for f in _fields(config.Output)]
    return {heading: [_fitting(heading, key) for key in keys] for heading, keys in found.items()}


def _fitting(heading: str, key: Key) -> Key:
    """Return a key with the example of its own section, where it has one."""
    example = _EXAMPLES.get((heading, key.name))
    return key if example is None else key._replace(example=f"{key.name} = {example}")


_NOT_TOP = ("path", "tables", "churn", "model", "output", "plan", "alerts", "against")


def _fields(cls: Any) -> list[tuple[dataclasses.Field[Any], Any]]:
    """Return the fields that a person fills, each with its type as ``churn.toml`` reads it."""
    kinds = setting_values.kinds_of(cls)
    return [(f, kinds[f.name]) for f in dataclasses.fields(cls) if f.init]


def _option(name: str) -> Key:
    kinds = {"skip_rows": "whole number", "footer_rows": "whole number", "column_names": "list of texts", "version": "number, or text"}
    return _named("tables", name, kinds.get(name, "text"), "none", cp.File)


def _key(section: str, item: dataclasses.Field[Any], kind: Any, cls: Any, back: dict[str, str] | None = None) -> Key:
    name = (back or {}).get(item.name, item.name)
    kind = "span" if name in _SPANS else _TYPES[kind]
    kind = _CHOICES.get((section, name), _CHOICES.get(name, kind))
    if section == "tables" and name == "unit":
        kind = _CHOICES["unit of time"]
    none = dataclasses.MISSING
    needed = item.default is none and item.default_factory is none
    default = "needed" if needed else "none" if item.default in (None, none, ()) else f"``{_toml(item.default)}``"
    if (section, name) == ("model", "raise_on"):
        default = '``"error"``'
    return _named(section, name, kind, default, cls, item.name)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return "[" + ", ".join(_toml(v) for v in value) + "]" if isinstance(value, tuple | list) else f"{value}"


def _named(section: str, name: str, kind: str, default: str, cls: Any, field: str = "") -> Key:
    means = _MEANS.get((section, name)) or _sentence(cls, field or name)
    example = _EXAMPLES.get((section, name), _EXAMPLES.get(name, ""))
    return Key(name, kind, default, means, f"{name} = {example}" if example else "")


def _sentence(cls: Any, name: str) -> str:
    """Return the first sentence about a parameter in a docstring, as reStructuredText; "" where there is none."""
    text = "" if cls is None else inspect.getdoc(cls) or ""
    lines = text.split("\nParameters\n")[-1].splitlines()
    for i, line in enumerate(lines):
        head = re.fullmatch(r"(\w+(?:, \w+)*) : .*", line)
        if head and name in head[1].split(", "):
            body = []
            for below in lines[i + 1 :]:
                if below and not below.startswith(" "):
                    break
                body.append(below.strip())
            return re.split(r"(?<=[a-z\"`)\]])[.;](?: |$)", " ".join(body).strip(), maxsplit=1)[0].rstrip(".") + "."
    return ""


def page() -> str:
    """Return the page of the reference."""
    heading = "churn.toml"
    lines = [
        *(heading, "=" * len(heading), ""),
        "``churnpredict init`` writes one from your files, with a comment on every line. Unknown keys are refused, and the nearest is",
        'proposed; paths are relative to the file. A span is a text such as ``"90d"``, ``"12w"``, ``"6mo"`` or ``"1y"``.',
        "",
    ]
    for name, keys in sections().items():
        lines += [name, "-" * len(name), "", ".. list-table::", "   :header-rows: 1", "   :widths: 16 18 12 34 30", "   :class: keys", ""]
        lines += ["   * - key", "     - type", "     - default", "     - what it means", "     - example"]
        for key in keys:
            lines += [
                f"   * - ``{key.name}``",
                f"     - {key.type}",
                f"     - {key.default}",
                f"     - {key.means}",
                f"     - ``{key.example}``",
            ]
        lines.append("")
    lines += ["[alerts]", "--------", "", "One line for each rule: its name, and a condition on features.", ""]
    lines += [".. code-block:: toml", "", "   [alerts]", '   no_order = "habit__orders_days_since_last > 60"', ""]
    lines += ["[against]", "---------", ""]
    lines += ["What you use today, for ``churnpredict backtest``: a line for each rule, and for each score with what a high one means."]
    lines += ["A score without ``high`` is a probability of leaving. ``capacity`` and the money are those of ``[plan]``.", ""]
    lines += [".. code-block:: toml", "", "   [against]", '   "our rule" = "habit__orders_days_since_last >= 30"']
    lines += ['   "CRM health" = { score = "health.score", high = "healthy" }', ""]
    return "\n".join(lines) + "\n"
