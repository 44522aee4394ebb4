"""Settings of churn.toml as dataclasses. Unknown keys are refused; paths are relative to the file.

::

    [tables.orders]                 # one section per table
    kind = "events"                 # or "customers"
    source = "orders.csv"           # CSV, Parquet, .xlsx, .jsonl, a folder or a glob; with options where needed:
    # encoding = "cp1252"           # and delimiter, decimal, thousands, skip_rows, footer_rows, column_names, sheet, member, version
    # database = "shop.duckdb"      # instead: a DuckDB or SQLite file, "postgresql://user@host/name", or "$SHOP" for the variable SHOP
    # query = "SELECT * FROM orders"  # or a table's name; by default the name of the section
    # files = { orders = "orders.csv", people = "people.csv" }  # or a query over files, under these names
    customer = "customer_id"
    time = "date"
    value = "amount"
    money = true                    # the values are money that customers pay, not hours or points

    [churn]
    rule = "inactivity"
    horizon = "91d"
    of = "orders"
    active_within = "182d"

Longer than most modules because each section is declared next to its checks.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from churnpredict.cli.rival_settings import Rivals, campaign_of, read_rivals
from churnpredict.cli.setting_values import check_value, kinds_of, shown
from churnpredict.errors import ConfigError, UsageError, closest
from churnpredict.languages.catalogue import language_of

if TYPE_CHECKING:
    from churnpredict.churn.rule import ChurnRule
    from churnpredict.events.partitions import PartitionedTables
    from churnpredict.events.tables import EventTables
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["Config", "Output", "Planning", "Settings", "parse_config", "read_config"]

# Name in the file -> class in events.tables, and keys with other names there: "kind" is the kind of table.
TABLES = {"events": "Events", "customers": "Customers", "intervals": "Intervals", "states": "States"}
RENAMED = {"kinds": "kind"}
_PLACES = ("source", "database", "files", "query", "grows_by")
# Options of churnpredict.File.
FILE = ("encoding", "delimiter", "decimal", "thousands", "skip_rows", "footer_rows", "column_names", "sheet", "member", "version")
_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@|[?&]password=")
_WRITTEN = ("model", "scores", "backtest", "report", "plan", "alerts", "registry", "keep_history")  # keys of [output] that are paths
_TAKEN = ("timezone", "observed_until", "memory", "partitions", "folder", "self")  # names that the readers of tables use internally


@dataclass(frozen=True)
class Settings:
    """Section ``[model]``: how the pipeline trains.

    ``until`` is the time of training; everything else is as in :class:`churnpredict.ChurnPipeline`. ``churnpredict train`` refuses what
    ``churnpredict check`` refuses, errors of the audit, unless ``raise_on`` is "warning" (refuse more) or "nothing".
    """

    history: str | None = None
    every: str | None = None
    since: str | datetime.date | None = None
    until: str | datetime.date | None = None
    most_cutoffs: int = 24
    most_rows: int = 2_000_000
    horizons: list[str] | None = None
    random_state: int = 0
    n_jobs: int | None = None
    treatments: str | None = None
    treated: str = "exclude"
    raise_on: str | None = None
    season: bool = True
    season_by: str | None = None
    calendar: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Planning:
    """Section ``[plan]``: what a contact costs and achieves, as in :func:`churnpredict.plan_retention`; ``unit`` is printed after amounts.

    ``value`` is what every customer is worth over the horizon, instead of the value from the tables, in the scores too. ``exclude`` is a
    file (.csv, .parquet) with a column ``customer_id`` and optionally ``why``: customers not to contact, such as those who opted out.
    ``rest``, such as ``"30d"``, leaves out customers contacted within that time, by the table that ``treatments`` under ``[model]`` names.
    """

    value: float | None = None
    budget: float | None = None
    offer_cost: float | None = None
    contact_cost: float | None = None
    acceptance: float | None = None
    capacity: int | None = None
    holdout: float = 0.1
    playbook: str | None = None
    exclude: str | None = None
    rest: str | None = None
    unit: str = ""


@dataclass(frozen=True)
class Output:
    """Section ``[output]``: where results go, relative to the file.

    ``scores`` is a file (.csv, .csv.gz, .parquet) or, without an ending, a folder of runs; the newest ``keep`` runs are kept, all by
    default, and they are copied to a ``table`` of a ``database``, if there is one. With ``changes`` only rows that are new or differ are
    written, by the ``key`` "cutoff" (one row per customer and cutoff) or "customer" (one row per customer); ``vanished`` says what becomes
    of rows whose customer is not in the run ("remove", "keep" or "empty"). ``registry`` is the folder in which ``churnpredict
    retrain`` keeps models and decisions, or ``mlflow:`` and the name of a registered model in MLflow; ``model`` is then a copy of the
    current one. ``keep_history`` is a folder in which the sorted rows of the tables stay from one run of ``churnpredict score`` to the
    next, so that only what has changed is read again.
    """

    model: str = "churn.model"
    scores: str = "scores.csv"
    backtest: str = "backtest.csv"
    report: str = "report.html"
    plan: str = "plan.csv"
    alerts: str = "alerts.csv"
    keep: int | None = None
    database: str | None = None
    table: str = "churn_scores"
    changes: bool = False
    key: str = "cutoff"
    vanished: str = "remove"
    registry: str = "models"
    keep_history: str | None = None


@dataclass(frozen=True)
class Config:
    """A churn.toml, read and checked; its columns are checked when the tables are opened."""

    path: Path
    tables: dict[str, dict[str, Any]]
    churn: dict[str, Any]
    model: Settings = field(default_factory=Settings)
    output: Output = field(default_factory=Output)
    plan: Planning = field(default_factory=Planning)
    alerts: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    observed_until: str | datetime.date | None = None
    language: str = "en"
    against: Rivals = field(default_factory=Rivals)

    def resolve(self, name: str) -> Path:
        """Return a path of the file, relative to the folder in which it lies."""
        return self.path.parent / os.path.expanduser(name)

    def inputs(self) -> dict[str, str]:
        """Return all files, folders and globs that the file names as inputs, with a description; database files included."""
        found = {f'the table "{name}"': str(self.resolve(s["source"])) for name, s in self.tables.items() if "source" in s}
        found |= {name: source for name, (source, _) in self.databases().items() if "://" not in source}
        named = {"[plan] playbook": self.plan.playbook, "[plan] exclude": self.plan.exclude}
        return found | {what: str(self.resolve(path)) for what, path in named.items() if path is not None}

    def databases(self) -> dict[str, tuple[str, str]]:
        """Return database and query of each table that comes from one; those named by a variable only where it is set."""
        sections = {name: s for name, s in self.tables.items() if "database" in s}
        found = {name: self._database(str(s["database"])) for name, s in sections.items()}
        return {f'the table "{name}"': (found[name], str(s.get("query", name))) for name, s in sections.items() if found[name]}

    def outputs(self) -> dict[str, Path]:
        """Return the paths under ``[output]``, by their keys."""
        named = {key: name for key in _WRITTEN if (name := getattr(self.output, key)) is not None}
        return {key: self.resolve(name) for key, name in named.items() if not name.startswith("mlflow:")}

    def destination(self) -> str | None:
        """Return the database into which runs are copied, if there is one."""
        if self.output.database is None:
            return None
        return self._database(self.output.database) or self._refuse_variable("[output]", self.output.database)

    def _database(self, named: str) -> str:
        """Return an address, a path, or nothing where the named variable is not set."""
        named = os.environ.get(named[1:], "") if named.startswith("$") else named
        return named if "://" in named or not named else str(self.resolve(os.path.expanduser(named)))

    def _refuse_variable(self, where: str, named: str) -> NoReturn:
        remedy = f'Set it to "postgresql://user@host/name" or to the path of a database: export {named[1:]}=...'
        raise ConfigError("no-variable", f"{where} names a variable that is not set in the environment", remedy=remedy)

    def event_tables(self) -> EventTables:
        """Open and read the tables."""
        from churnpredict.events.tables import EventTables
        from churnpredict.progress import stage

        stage(f"reading {', '.join(self.tables)}")
        return EventTables(timezone=self.timezone, observed_until=self.observed_until, **self._declared())

    def scan_tables(
        self, folder: Path, *, memory: str | None = None, partitions: int | None = None, history: Path | None = None
    ) -> PartitionedTables:
        """Cut the tables into partitions of customers, kept in a folder: see :func:`churnpredict.runs.scan_tables`; or in a history, where
        they stay: see :func:`churnpredict.runs.open_history`.
        """
        from churnpredict.events.history.kept_tables import open_history
        from churnpredict.events.partitions import scan_tables

        options: dict[str, Any] = {"timezone": self.timezone, "observed_until": self.observed_until}
        if history is not None:
            return open_history(history, memory=memory, partitions=partitions, **options, **self._declared())
        return scan_tables(folder=folder, memory=memory, partitions=partitions, **options, **self._declared())

    def _declared(self) -> dict[str, Any]:
        from churnpredict.events import tables as kinds

        declared = {}
        for name, section in self.tables.items():
            options = {RENAMED.get(k, k): v for k, v in section.items() if k not in ("kind", *_PLACES, *FILE)}
            declared[name] = getattr(kinds, TABLES[section["kind"]])(self._source(name, section), **options)
        return declared

    def _source(self, name: str, section: Mapping[str, Any]) -> Any:
        """Return a file or a glob, or a query on a database."""
        from churnpredict.events.source import Query

        if "source" in section:
            return self._file(section)

        if "files" in section:
            return Query(section["query"], {alias: self._file(said) for alias, said in section["files"].items()})
        database = self._database(section["database"]) or self._refuse_variable(f"[tables.{name}]", section["database"])
        return Query(section.get("query", name), database, grows_by=section.get("grows_by"))

    def _file(self, said: Any) -> Any:
        """Return a path, or a file with the options that read it."""
        from churnpredict.events.source import File

        if isinstance(said, str):
            return str(self.resolve(said))
        path = str(self.resolve(said["source"]))
        options = {key: said[key] for key in FILE if key in said}
        return File(path, **options) if options else path

    def planning(self) -> dict[str, Any]:
        """Return the arguments of :func:`churnpredict.plan_retention`, and ``rest``."""
        options = {f.name: getattr(self.plan, f.name) for f in dataclasses.fields(self.plan)} | {"language": self.language}
        return options | {name: None if options[name] is None else self.resolve(options[name]) for name in ("playbook", "exclude")}

    def judging(self) -> dict[str, Any]:
        """Return the arguments of :meth:`churnpredict.ChurnPipeline.backtest`: ``[against]``, and the money and capacity of ``[plan]``."""
        plan = self.plan
        campaign = campaign_of(plan.value, plan.offer_cost, plan.contact_cost, plan.acceptance)
        return {**self.against.options(), "capacity": plan.capacity or None, "campaign": campaign}

    def churn_rule(self) -> ChurnRule:
        """Return the churn rule."""
        from churnpredict.churn.rules import rules_by_name

        return rules_by_name()[self.churn["rule"]](**{k: v for k, v in self.churn.items() if k != "rule"})

    def pipeline(self) -> ChurnPipeline:
        """Return an untrained pipeline."""
        from churnpredict.pipeline.churn_pipeline import ChurnPipeline

        options = {f.name: getattr(self.model, f.name) for f in dataclasses.fields(self.model) if f.name != "until"}
        options["raise_on"] = None if self.model.raise_on == "nothing" else self.model.raise_on
        return ChurnPipeline(self.churn_rule(), language=self.language, unit=self.plan.unit, **options)


def read_config(path: str | Path) -> Config:
    """Read a churn.toml.

    Raises
    ------
    ConfigError
        ``no-config``, ``bad-toml``, ``unknown-key``, ``missing-key``, ``bad-setting``; names the section and proposes the nearest key.
    """
    path = Path(path)
    return parse_config(_text(path), path)


def parse_config(text: str, path: Path) -> Config:
    """Return the configuration from the text of a file; ``path`` is where the file is, or will be.

    Raises
    ------
    ConfigError
        As :func:`read_config`.
    """
    content = _content(text, path)
    _refuse_unknown("the file", content, [f.name for f in dataclasses.fields(Config) if f.name != "path"])
    tables = {name: _table(name, section) for name, section in _section(content, "tables").items()}
    if not tables:
        raise ConfigError("missing-key", "no table is declared", remedy='Add a section [tables.orders] with kind = "events".')
    churn = _churn(_section(content, "churn"))
    model = _typed(Settings, "[model]", content.get("model", {}))
    output = _typed(Output, "[output]", content.get("output", {}))
    plan = _typed(Planning, "[plan]", content.get("plan", {}))
    alerts = _alerts(content.get("alerts", {}))
    against = read_rivals(_mapping("[against]", content.get("against", {})))
    for key, kind in (("timezone", str), ("observed_until", datetime.date), ("language", str)):
        if key in content:
            check_value("the file", key, content[key], kind)
    _check_output(output)
    spoken = language_of(content.get("language", "en")).code
    moments = (content.get("timezone", "UTC"), content.get("observed_until"))
    return Config(path, tables, churn, model, output, plan, alerts, *moments, language=spoken, against=against)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its path cannot be that of a file"
        raise ConfigError("no-config", f'"{path}" cannot be read: {why}', remedy="Write one with: churnpredict init orders.csv") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"not UTF-8 in line {content[: error.start].count(10) + 1}"
        raise ConfigError("bad-toml", f'"{path}" is {found}', remedy="Save it as UTF-8.") from None


def _content(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is nested too deeply"
        other = f"--config takes a churn.toml, not a table. Write one with: churnpredict init {path}"
        remedy = other if path.suffix.lower() in (".csv", ".tsv", ".json", ".jsonl") else "Correct that line."
        raise ConfigError("bad-toml", f'"{path}" is not TOML: {why}', remedy=remedy) from error


def _alerts(section: Any) -> dict[str, str]:
    from churnpredict.retention.alerts import read_alerts

    rules = _mapping("[alerts]", section)
    return dict(rules) if not rules or read_alerts(rules) else {}  # refused here, not after the tables are read


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if name not in content:
        raise ConfigError("missing-key", f"there is no section [{name}]", remedy="Write one with: churnpredict init orders.csv")
    return _mapping(f"[{name}]", content[name])


def _mapping(where: str, section: Any) -> Mapping[str, Any]:
    if not isinstance(section, Mapping):
        raise ConfigError("bad-setting", f"{where} is not a section", remedy="Write it in square brackets on a line of its own.")
    return section


def _refuse_unknown(where: str, section: Mapping[str, Any], known: Any) -> None:
    for key in section:
        if key not in known:
            raise ConfigError(
                "unknown-key", f'{where} has a key "{key}" that is unknown.{closest(key, known)}', remedy=f"Known keys: {', '.join(known)}."
            )


def _need(where: str, section: Mapping[str, Any], key: str, known: Any) -> str:
    if key not in section:
        raise ConfigError("missing-key", f'{where} lacks its "{key}"', remedy=f"Add {key} = one of {', '.join(known)}.")
    value = section[key]
    if not isinstance(value, str) or value not in known:
        shown = f'"{value}"' if isinstance(value, str) else repr(value)
        raise ConfigError(
            "bad-setting", f"{where}: {key} is {shown}.{closest(str(value), known)}", remedy=f"Write one of {', '.join(known)}."
        )
    return str(value)


def _options_of(cls: Any) -> dict[str, bool]:
    """Return names of a dataclass's fields, and whether each must be given."""
    none = dataclasses.MISSING
    return {f.name: f.default is none and f.default_factory is none for f in dataclasses.fields(cls) if f.init}


def _check_database(where: str, database: str | None) -> None:
    if database is not None and _PASSWORD.search(database):
        remedy = 'Leave it out: set PGPASSWORD, use ~/.pgpass, or write database = "$SHOP" and keep the address in the variable SHOP.'
        raise ConfigError("password-in-file", f"{where}: the address of the database holds a password", remedy=remedy)


def _check_output(output: Output) -> None:
    """Refuse file endings and names now that would otherwise be refused after all is computed."""
    from churnpredict.events.sources.destinations import TABLE
    from churnpredict.table_files import check_ending

    _check_database("[output]", output.database)
    if not TABLE.fullmatch(output.table):
        remedy = 'Write table = "churn_scores" or "schema.churn_scores".'
        raise ConfigError("bad-setting", f"[output]: table is {shown(output.table)}", remedy=remedy)
    for key in _WRITTEN:
        name = getattr(output, key)
        if name is None:
            continue
        if not name.strip() or "\0" in name:
            raise ConfigError("bad-setting", f"[output]: {key} is {shown(name)}", remedy="Write the path of a file.")
        if key in ("backtest", "plan", "alerts"):
            try:
                check_ending(name)
            except UsageError as error:
                raise ConfigError("bad-setting", f"[output]: {key} is {shown(name)}", remedy=error.remedy) from None


def _table(name: str, section: Any) -> dict[str, Any]:
    from churnpredict.events import tables as kinds
    from churnpredict.events.source import File

    where = f"[tables.{name}]"
    if name in _TAKEN:
        raise ConfigError("table-name", f'{where}: a table cannot be called "{name}"', remedy=f'Name it "{name}_log", for example.')
    section = _mapping(where, section)
    cls = getattr(kinds, TABLES[_need(where, section, "kind", TABLES)])
    options = _options_of(cls)
    back = {v: k for k, v in RENAMED.items()}
    known = ["kind", *_PLACES, *FILE, *(back.get(o, o) for o in options if o != "source")]
    _refuse_unknown(where, section, known)
    options["source"] = not {"database", "files"} & set(section)
    for option, must in options.items():
        if must and back.get(option, option) not in section:
            raise ConfigError(
                "missing-key", f'{where} lacks its "{back.get(option, option)}"', remedy=f"A table of {section['kind']} needs it."
            )
    types = kinds_of(cls) | kinds_of(File) | dict.fromkeys(("kind", *_PLACES), str) | {"files": dict}
    for key, value in section.items():
        check_value(where, key, value, types[RENAMED.get(key, key) if key != "kind" else "kind"])
    places = {"source", "database", "files"} & set(section)
    if len(places) != 1 or ("query" in section and "source" in places) or ("query" not in section and "files" in places):
        remedy = 'Write source = "orders.csv", or database = "shop.duckdb" and query = "orders", or files = {...} and a query over them.'
        raise ConfigError("bad-setting", f"{where} mixes a file and a database", remedy=remedy)
    if "grows_by" in section and "database" not in section:
        raise ConfigError("bad-setting", f"{where}: grows_by is for databases, not for files", remedy="Leave it out.")
    if "source" not in section and (said := [key for key in FILE if key in section]):
        raise ConfigError("bad-setting", f"{where}: {said[0]} is for files, not for databases", remedy="Leave it out.")
    for alias, file in section.get("files", {}).items():
        if isinstance(file, dict):
            _check_file(f"{where}: files.{alias}", file)
    _check_database(where, section.get("database"))
    return dict(section)


def _check_file(where: str, file: Mapping[str, Any]) -> None:
    """Check a file of a query and the options that read it."""
    from churnpredict.events.source import File

    _refuse_unknown(where, file, ("source", *FILE))
    if "source" not in file:
        raise ConfigError("missing-key", f'{where} lacks its "source"', remedy='Add source = "orders.csv".')
    for key, value in file.items():
        check_value(where, key, value, {"source": str, **kinds_of(File)}[key])


def _churn(section: Mapping[str, Any]) -> dict[str, Any]:
    from churnpredict.churn.rules import rules_by_name

    rules = rules_by_name()
    cls = rules[_need("[churn]", section, "rule", rules)]
    options = _options_of(cls)
    _refuse_unknown("[churn]", section, ["rule", *options])
    for option, must in options.items():
        if must and option not in section:
            raise ConfigError("missing-key", f'[churn] lacks its "{option}"', remedy=f'Add a line such as {option} = "90d".')
    kinds = kinds_of(cls)
    for key, value in section.items():
        if key != "rule":
            check_value("[churn]", key, value, kinds[key])
    cls(**{k: v for k, v in section.items() if k != "rule"})  # spans are refused here, not after the tables are read
    return dict(section)


def _typed(cls: Any, where: str, section: Any) -> Any:
    section = _mapping(where, section)
    types = kinds_of(cls)
    _refuse_unknown(where, section, types)
    for key, value in section.items():
        check_value(where, key, value, types[key])
    return cls(**section)
