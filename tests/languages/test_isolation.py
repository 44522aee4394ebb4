"""Names of the data keep their own direction amid sentences from right to left: every one that a page or message shows is isolated."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import numpy as np
import pandas as pd
import pytest
from tests.shops import QUICKEST, shop_log

import churnpredict as cp
from churnpredict.explanation.attribution import Explanation
from churnpredict.explanation.drivers import assign_drivers
from churnpredict.features.feature import AGGREGATES, Feature
from churnpredict.languages.catalogue import LANGUAGES, NAMES, language_of
from churnpredict.monitoring.drift import Drift
from churnpredict.monitoring.drift_checks import Alarm
from churnpredict.report.drift_section import MEASURED
from churnpredict.report.page import render_report

NAME = re.compile(r"zq\w*", re.IGNORECASE)  # every name of the data in these tests begins so
BLOCKS = {"p", "li", "td", "th", "h1", "h2", "h3", "h4", "summary", "div", "dt", "dd", "title", "figcaption", "body", "header", "section"}
ISOLATES = {"\u2066", "\u2067", "\u2068"}


def bare_names(text: str) -> list[str]:
    """The names in a text that stand outside of marks which isolate them."""
    depths, depth = [], 0
    for letter in text:
        depth += letter in ISOLATES
        depths.append(depth)
        depth -= letter == "\u2069"
    assert depth == 0, "every mark is closed"
    return [found[0] for found in NAME.finditer(text) if not depths[found.start()]]


class Blocks(HTMLParser):
    """Texts of a page block by block; what has a direction of its own (<bdi>, dir=) reads as isolated."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blocks, self.own = [""], [False]
        self.open: list[tuple[str, bool]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("meta", "br", "rect", "line", "path", "circle"):
            return
        own = tag == "bdi" or (tag not in ("html", "table") and "dir" in dict(attrs))
        self.open.append((tag, own))
        self.blocks += [""] * (tag in BLOCKS)
        self.blocks[-1] += "\u2068" * own

    def handle_endtag(self, tag):
        while self.open:
            name, own = self.open.pop()
            self.blocks[-1] += "\u2069" * own
            self.blocks += [""] * (name in BLOCKS)
            if name == tag:
                break

    def handle_data(self, data):
        self.blocks[-1] += data


def bare_on(page: str) -> list[str]:
    """The blocks of a page in which a name is not isolated, and does not stand alone."""
    style = page.index("</style>") if "</style>" in page else 0
    return [b.strip() for b in Blocks(page[style:]).blocks if bare_names(b) and not re.fullmatch(NAME.pattern, b.strip(), re.IGNORECASE)]


def test_the_finder_finds():
    found = bare_on("<p>\u0645 zq1: 5</p><p>\u0645 <bdi>zq2</bdi></p><td>zq3</td><p>\u0645 \u2068zq4 7\u2069</p><td>zq5 (6)</td>")
    assert [NAME.search(block)[0] for block in found] == ["zq1", "zq5"]


@pytest.fixture(scope="module")
def shop() -> tuple[cp.ChurnPipeline, cp.EventTables]:
    log = shop_log(160)
    log["who"] = "ZqK" + log["who"]
    rng = np.random.default_rng(2)
    log["zqkind"] = rng.choice(["Zq kind 1", "Zq kind 2"], len(log))
    people = pd.DataFrame({"who": log["who"].unique()})
    people["zqowner"] = [f"Zq Owner {n}" for n in rng.integers(1, 3, len(people))]
    people["zqcolumn"] = rng.choice(["Zq segment 1", "Zq segment 2"], len(people))
    tables = cp.EventTables(
        zqorders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True, kind="zqkind"),
        zqpeople=cp.Customers(people, customer="who", owner="zqowner", attributes=["zqcolumn"]),
    )
    churn = cp.Inactivity("60d", of="zqorders", active_within="90d")
    quick = cp.ChurnClassifier(**QUICKEST, horizon="60d")
    pipeline = cp.ChurnPipeline(churn, classifier=quick, every="30d", language="ar", unit="ZQU").fit(tables, until="2024-01-01")
    return pipeline, tables


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_the_page_and_the_digests_and_the_page_of_one_customer(shop, tmp_path: Path):
    pipeline, tables = shop
    scores = pipeline.score(tables, at="2024-01-01")
    assert scores["words"].str.contains("zq", case=False).any(), "names are in the reasons"
    assert [text for text in scores["words"] if bare_names(text)] == []
    ids = tables.ids.to_pandas()
    backtest = pipeline.backtest(tables, at=["2023-10-01"], against={"Zq score 9": pd.Series(np.linspace(0.1, 0.9, len(ids)), index=ids)})
    rules = {"zq rule 7": "habit__zqorders_days_since_last >= 1"}
    page = pipeline.report(tables, tmp_path / "p.html", at="2024-01-01", alerts=rules, backtest=backtest, title="Zq title (8)")
    text = page.read_text(encoding="utf-8")
    for name in ("Zq rule 7", "ZQU", "Zq Owner", "ZqK", "Zq title", "zqorders", "Zq score 9"):
        assert name.lower() in text.lower(), name
    assert bare_on(text) == []
    plan = cp.plan_retention(scores.assign(owner="Zq Owner 3"), value=500.0, language="ar", unit="ZQU")
    for html, plain in cp.diagnostics.write_digests(plan, tmp_path / "d", language="ar", unit="ZQU").values():
        assert NAME.search(plain.read_text(encoding="utf-8"))
        assert bare_names(plain.read_text(encoding="utf-8")) == []
        assert bare_on(html.read_text(encoding="utf-8")) == []
    one = cp.diagnostics.write_customer_page(pipeline, tables, scores["customer_id"].iloc[0], tmp_path / "c.html", at="2024-01-01")
    assert bare_on(one.read_text(encoding="utf-8")) == []


def test_drift_alarms():
    facts = (("level", 0.1, 0.75, "Zq red (1)"), ("names", "zqone", "Zq two 2"), ("count", 1200, 310))
    alarms = tuple(Alarm("source", code, "zqvisits", "Zq old words.", 0.5, 0.1, 0.25, "Do this.", facts) for code in [*MEASURED, "zqown"])
    scores = pd.DataFrame({"customer_id": ["ZqA"], "risk": [0.4], "cutoff": [pd.Timestamp("2024-06-01")]})
    text = render_report(scores, drift=Drift(pd.Timestamp("2024-06-01"), 1, alarms), language="ar")
    assert text.count("Zq red (1)") == len(MEASURED)
    assert bare_on(text) == []


def words_of(name: str, values: list[object], usual: object, *, language: str, names: object = None) -> list[str]:
    """What is said of customers with these values of one feature, in all forms, with amounts of money."""
    index = pd.MultiIndex.from_tuples([(i, pd.Timestamp("2024-06-01")) for i in range(len(values))], names=["customer_id", "cutoff"])
    X = pd.DataFrame({name: values}, index=index)
    keys, table = assign_drivers(X.columns)
    ones = np.ones((len(X), 1))
    why = Explanation(X.index, list(X.columns), keys, table, 0.0, ones[:, 0], ones, ones, X, {name: usual}, X, None, "somebody")
    return list(why.words(3, language=language, names=names, money={"zq_table": "ZQU"}))


@pytest.mark.parametrize("aggregate", [a for a in AGGREGATES if a not in ("attribute", "state")])
def test_reasons(aggregate):
    takes = AGGREGATES[aggregate].takes
    extra = {"window": "90d"} if takes in ("window", "half-life") else {"nth": 2} if takes == "nth" else {}
    column = "zqcolumn" if AGGREGATES[aggregate].needs in ("state", "label", "date") else None
    kinds = {"kind": ("Zq kind",), "replies": (None,)}.get(AGGREGATES[aggregate].needs, (None, "Zq kind"))
    for kind in kinds:
        name = Feature("zq_table", aggregate, extra.get("window"), kind=kind, nth=extra.get("nth"), column=column, driver="zqdriver").name
        for names in (None, {"zq_table": ("Zq thing", "Zq things")}):
            for said in words_of(name, [3.0, 1.0, 0.0, -0.4, np.nan], 2.0, language="ar", names=names):
                assert bare_names(said) == []
                assert "zq" in said.lower()


def test_labels_of_columns():
    said = words_of("contract__zqprofile_zqplan", ["Zq plan (1)", "Zq plan 2"], "Zq plan 3", language="ar")
    assert all(len(NAME.findall(text)) >= 2 for text in said)
    assert [bare_names(text) for text in said] == [[], []]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_name_from_right_to_left_is_isolated_everywhere(code):
    spoken = language_of(code)
    name = "\u05d7\u05d1\u05e8\u05d4 7"
    assert f"\u2068{name}\u2069" in spoken.say("alerts.group", name=name, n=3)
    assert f"\u2068{name}\u2069" in spoken.say("digest.title", owner=name)
    assert spoken.amount(12, "\u20aa").replace("\u2068", "").replace("\u2069", "").count("\u20aa") == 1
    plain = spoken.say("alerts.group", name="silent", n=3)
    assert ("\u2068silent\u2069" in plain) == (spoken.direction == "rtl")


def test_a_name_cannot_reach_out_of_its_marks():
    for code in ("ar", "en"):
        told = language_of(code).say("alerts.group", name="\u05d0\u2069\u202e evil", n=3)
        assert bare_names(told) == []
        assert told.count("\u2068") == told.count("\u2069") == 1
        assert "\u202e" not in told


# Holes of the page's messages that hold numbers, days, spans of time, and sentences whose own names are isolated.
COUNTS = {
    *"knm",
    "left",
    "calls",
    "found",
    "theirs",
    "other",
    "worse",
    "weak",
    "error",
    "effect",
    "stayed",
    "unknown",
    "value",
    "usual",
    "limit",
}
MONEY = {"money", "low", "high", "profit", "cost", "risk", "base", "spend", "amount", "start", "end", "new", "more", "less", "lost"}
SHARES = {"share", "one", "two", "observed", "said", "now", "before"}
SENTENCES = {"date", "tested", "days", "things", "what", "told", "words", "names", "label", "version"}


def test_a_new_hole_of_a_message_is_a_name_or_not():
    messages = [m for message in language_of("en").page.values() for m in ([message] if isinstance(message, str) else message)]
    assert {
        hole for message in messages for _, hole, _, _ in Formatter().parse(message) if hole
    } == NAMES | COUNTS | MONEY | SHARES | SENTENCES
