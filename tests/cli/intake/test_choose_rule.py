"""The churn rules that drafted tables allow, the best first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from tests.cli.intake.profiles import days, profile_of, read

import churnpredict as cp
from churnpredict.cli.intake.choose_rule import rules_for


def orders(folder: Path):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    when = pd.Timestamp("2022-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 720, 600)), unit="D")
    log = pd.DataFrame({"who": rng.integers(0, 40, 600), "day": when.astype("datetime64[us]")})
    profile = profile_of(folder, "orders", "who,day", [f"c{w},{d.date()}" for w, d in zip(log["who"], log["day"], strict=True)])
    tables = cp.EventTables(orders=cp.Events(str(folder / "orders.csv"), customer="who", time="day"))
    return read(profile, "events", customer="who", time="day"), tables


def said(rule) -> dict[str, object]:  # type: ignore[no-untyped-def]
    return {key: value for key, value, _ in rule.lines}


def test_silence_where_nothing_else_says_who_left(tmp_path: Path) -> None:
    log, tables = orders(tmp_path)
    (rule,) = rules_for([log], tables)
    assert (said(rule)["rule"], said(rule)["of"], rule.table) == ("inactivity", "orders", "orders")
    assert said(rule)["horizon"] == said(rule)["active_within"] == f"{cp.accounting.suggest_horizon(tables, of='orders').days}d"
    assert "no table records who left" in rule.words


def test_contracts_come_before_silence(tmp_path: Path) -> None:
    log, tables = orders(tmp_path)
    starts, ends = days("2022-01-01", 40, 5), days("2022-09-01", 40, 10)
    rows = [f"c{i},{starts[i]},{ends[i] if i % 2 else ''}" for i in range(40)]
    held = read(profile_of(tmp_path, "contracts", "who,start,end", rows), "intervals", customer="who", start="start", end="end")
    found = rules_for([log, held], tables)
    assert [said(r)["rule"] for r in found] == ["subscription_end", "inactivity"]
    assert said(found[0])["grace"] == "30d"
    tickets = replace(held, keys=[("driver", "support", "")])
    assert [said(r)["rule"] for r in rules_for([log, tickets], tables)] == ["inactivity"], "tickets are no contracts"


def test_a_table_of_leavers_comes_first_and_names_those_who_were_lost(tmp_path: Path) -> None:
    log, tables = orders(tmp_path)
    rows = [f"c{i},{d},{['moved', 'card declined'][i % 2]}" for i, d in enumerate(days("2022-03-01", 30, 20))]
    gone = read(profile_of(tmp_path, "cancellations", "who,day,kind", rows), "events", customer="who", time="day", kinds="kind")
    first, *others = rules_for([log, gone], tables)
    assert (said(first)["rule"], said(first)["of"]) == ("cancellation", "cancellations")
    assert said(first)["involuntary"] == ["card declined"]
    assert [said(r)["rule"] for r in others] == ["inactivity"]


def test_the_horizon_fits_five_times_into_the_history(tmp_path: Path) -> None:
    log, tables = orders(tmp_path)
    short = profile_of(tmp_path, "short", "who,day", [f"c{i % 9},{d}" for i, d in enumerate(days("2022-03-01", 60, 3))])
    few = read(short, "events", customer="who", time="day")
    lately = cp.EventTables(short=cp.Events(str(tmp_path / "short.csv"), customer="who", time="day"))
    rows = [f"c{i},{d}" for i, d in enumerate(days("2022-03-01", 30, 5))]
    gone = read(profile_of(tmp_path, "cancellations", "who,day", rows), "events", customer="who", time="day")
    assert said(rules_for([few, gone], lately)[0])["horizon"] == "30d", "177 days of history"
    assert said(rules_for([log, gone], tables)[0])["horizon"] == "90d"
