"""Every key of churn.toml with values that it cannot have: refused by name, before any table is read where that can be."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.cli.test_commands import run
from tests.cli.test_config import GOOD

import churnpredict as cp
from churnpredict.churn import rules
from churnpredict.cli import config, setting_values
from churnpredict.cli.config import read_config
from churnpredict.errors import ChurnError, ConfigError
from churnpredict.events import tables as kinds

WRONG: list[Any] = [
    5,
    -1,
    0,
    1.5,
    float("nan"),
    float("inf"),
    10**30,
    True,
    [],
    [1],
    ["no such thing"],
    [[]],
    {},
    {"a": "b"},
    "",
    " ",
    "a\0b",
    "no such thing",
    datetime.date(2024, 1, 1),
    datetime.time(7),
]


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str,)):
        return json.dumps(value).replace("\\u0000", "\\u0000")
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + "}"
    return str(value)


TABLE = {
    "events": {"customer": "who", "time": "paid_at"},
    "customers": {"customer": "who"},
    "intervals": {"customer": "who", "start": "paid_at", "end": "paid_at"},
    "states": {"customer": "who", "time": "paid_at", "values": ["eur"]},
}
RULE: dict[str, dict[str, Any]] = {
    "inactivity": {},
    "subscription_end": {},
    "cancellation": {},
    "trial_end": {},
    "down_sell": {"value": "eur"},
    "win_back": {"silent_for": "60d"},
}


def fields(cls: Any) -> list[str]:
    return [f.name for f in dataclasses.fields(cls) if f.init]


def places() -> list[tuple[str, str, str]]:
    """(section, what it is of, key) of every key that churn.toml knows."""
    found = [("the file", "", key) for key in ("timezone", "observed_until")]
    for kind, name in config.TABLES.items():
        back = {v: k for k, v in config.RENAMED.items()}
        found += [("tables", kind, back.get(key, key)) for key in fields(getattr(kinds, name)) if key != "source"]
        found += [("tables", kind, key) for key in ("kind", "source", "database", "query", *(config.FILE if kind == "events" else ()))]
    for rule, cls in rules.rules_by_name().items():
        found += [("churn", rule, key) for key in ("rule", *fields(cls))]
    for section, cls in (("model", config.Settings), ("plan", config.Planning), ("output", config.Output)):
        found += [(section, "", key) for key in fields(cls)]
    return found


def written(section: str, of: str, key: str, value: Any) -> str:
    """A churn.toml in which one key holds one value."""
    orders = {"kind": "events", "source": "orders.csv", **TABLE["events"], "value": "eur"}
    other = {"kind": of, "source": "orders.csv", **TABLE.get(of, {})} if section == "tables" else None
    rule = (
        {"rule": of or "inactivity", "horizon": "60d", **RULE.get(of, {})}
        if section == "churn"
        else {"rule": "inactivity", "horizon": "60d"}
    )
    top: dict[str, Any] = {}
    own: dict[str, Any] = {}
    target = {"the file": top, "tables": other, "churn": rule}.get(section, own)
    assert target is not None
    target[key] = value
    if key in ("database", "query") and other is not None:
        other.pop("source")
        other.setdefault("database", "shop.db")
    sections = {"tables.orders": orders, **({} if other is None else {"tables.other": other}), "churn": rule}
    sections |= {} if not own else {section: own}
    lines = [f"{k} = {toml(v)}" for k, v in top.items()]
    for name, content in sections.items():
        lines += [f"[{name}]", *(f"{k} = {toml(v)}" for k, v in content.items())]
    return "\n".join(lines)


def fits(section: str, of: str, key: str, value: Any) -> bool:
    """Whether the type is right, so that the value may be accepted, or refused later by what it names."""
    cls = {"tables": config.TABLES, "churn": {rule: cls.__name__ for rule, cls in rules.rules_by_name().items()}}.get(section)
    if section == "the file":
        kind: Any = str if key == "timezone" else datetime.date
    elif key in ("rule", "source", "database", "query") or (section == "tables" and key == "kind"):
        kind = str
    else:
        module: Any = kinds if section == "tables" else rules
        declared = {"model": config.Settings, "plan": config.Planning, "output": config.Output}.get(section)
        own = cp.File if key in config.FILE and section == "tables" else declared
        kind = setting_values.kinds_of(own or getattr(module, cls[of]))[config.RENAMED.get(key, key) if section == "tables" else key]  # type: ignore[index]
    return setting_values.KINDS[kind][0](value)


def refusal(call: Any, *arguments: Any) -> tuple[Any, ChurnError | None]:
    """What a call returns, or the error of ours that it ends in; any other error is a failure."""
    try:
        return call(*arguments), None
    except ChurnError as error:
        return None, error


@pytest.fixture(scope="module")
def orders(log: pd.DataFrame) -> bytes:
    """The rows of a few customers: enough for what is asked here, and quickly read a thousand times."""
    return log[log["who"] < "K0040"].to_csv(index=False).encode()


@pytest.fixture
def folder(tmp_path: Path, orders: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "orders.csv").write_bytes(orders)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("section", "of", "key"), [pytest.param(*place, id="-".join(filter(None, place))) for place in places()])
@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_a_wrong_value_is_refused_by_the_name_of_its_key(folder: Path, section: str, of: str, key: str) -> None:
    for value in WRONG:
        Path("churn.toml").write_text(written(section, of, key, value), encoding="utf-8")
        typed = fits(section, of, key, value)
        found, error = refusal(read_config, "churn.toml")
        if error is not None:
            assert error.exit_code in (2, 3), (value, error)
            assert key in str(error), (value, str(error))
            continue
        assert typed, f"{key} = {value!r} was accepted"
        if section in ("tables", "the file"):
            _, error = refusal(found.event_tables)
            assert error is None or error.exit_code in (2, 3), (value, error)
        found.churn_rule(), found.pipeline(), found.planning(), found.inputs(), found.outputs()


LATER = [
    ("model", "since", "no such thing"),
    ("model", "until", "no such thing"),
    ("model", "treatments", "no such table"),
    ("model", "since", datetime.date(1, 1, 1)),
    ("model", "until", datetime.date(1, 1, 1)),
    ("model", "until", datetime.date(9999, 12, 31)),
    ("the file", "observed_until", datetime.date(1, 1, 1)),
    ("the file", "observed_until", datetime.date(9999, 12, 31)),
    ("churn", "of", "no such table"),
]


@pytest.mark.parametrize(("section", "key", "value"), LATER)
@pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning")
def test_what_only_the_tables_can_tell_is_refused_too(
    folder: Path, capsys: pytest.CaptureFixture[str], section: str, key: str, value: Any
) -> None:
    Path("churn.toml").write_text(written(section, "inactivity" if section == "churn" else "", key, value), encoding="utf-8")
    harmless = key in ("since", "until") and isinstance(value, datetime.date)  # far away, but a moment
    assert run("train", "--dry-run") in ((0, 2, 3) if harmless else (2, 3))
    told = capsys.readouterr().err
    assert harmless or told.startswith("error: ")


@pytest.mark.parametrize("name", ["timezone", "observed_until", "memory", "partitions", "folder", "self", "calendar", "a__b", "1st", "ü"])
def test_names_of_tables_that_are_taken_or_cannot_be(folder: Path, name: str) -> None:
    Path("churn.toml").write_text(GOOD.replace("tables.orders", f'tables."{name}"'), encoding="utf-8")
    with pytest.raises(ChurnError, match="table-name"):
        read_config("churn.toml").event_tables()


FILES = {
    "utf-16": (GOOD.encode("utf-16"), "UTF-16"),
    "latin-1": (GOOD.replace('"eur"', '"größe"').encode("latin-1"), "not UTF-8 in line 7"),
    "binary": (bytes(range(256)), "not"),
    "twice": (GOOD + "[churn]\nrule = 'inactivity'\n", "not TOML"),
    "twice a key": (GOOD.replace('time = "paid_at"', 'time = "paid_at"\ntime = "x"'), "line 7"),
    "deep": ("x = " + "[" * 60 + "]" * 60, "x"),
    "nothing": ("", "tables"),
    "sections as values": ("tables = 3\nchurn = 4", "tables"),
    "lists of tables": (GOOD.replace("[churn]", "[[churn]]"), "churn"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_not_as_they_should_be(folder: Path, kind: str) -> None:
    content, named = FILES[kind]
    Path("churn.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=named):
        read_config("churn.toml")


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    Path("churn.toml").write_text(GOOD, encoding="utf-8-sig")
    assert read_config("churn.toml").churn_rule() == cp.Inactivity("60d", active_within="90d")


@pytest.mark.parametrize("path", [".", "no/such/file", "churn.toml/x", "a\0b"])
def test_paths_that_hold_no_configuration(folder: Path, path: str) -> None:
    Path("churn.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match="no-config"):
        read_config(path)


def test_every_number_has_bounds() -> None:
    """So that none is forgotten when a key is added."""
    for cls in (config.Settings, config.Planning, config.Output):
        for key, kind in setting_values.kinds_of(cls).items():
            assert kind not in (int, float) or key in setting_values.BOUNDS, key
