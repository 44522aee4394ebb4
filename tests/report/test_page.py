"""The page: nothing in it runs, nothing leaves it, names are text, colours can be read; and a real browser agrees."""

import itertools
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.shops import HOSTILE, made_scores

import churnpredict as cp
from churnpredict.errors import OutputError, SchemaError, UsageError
from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.monitoring import drift_checks
from churnpredict.monitoring.drift import Drift
from churnpredict.report import leaving, sections
from churnpredict.report import page as module

DAY = pd.Timestamp("2024-01-01")

VOID = {"meta", "img", "br", "link", "input", "hr", "base"}
LOADS = ("src", "href", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href")


class Page(HTMLParser):
    """Every tag with its attributes, the text, and whether the tags are nested as they should be."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\u2060", "").split())


def check_page(text):
    """The laws of the page."""
    page = Page(text)
    assert not page.open, "every tag is closed"
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "iframe", "object", "embed", "link", "img", "base", "form"} & set(tags)
    for tag, attributes in page.tags:
        assert not [a for a in attributes if a.startswith("on") or a == "style" or a in LOADS], tag
    assert "url(" not in text
    assert "@import" not in text
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert tags.count("h1") == 1
    levels = [int(t[1]) for t in tags if re.fullmatch("h[1-6]", t)]
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), "no level of headings is left out"
    for tag, attributes in page.tags:
        assert tag != "svg" or attributes.get("aria-hidden") == "true" or attributes.get("aria-label")
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    return page


@pytest.fixture
def hostile(rng):
    scores = made_scores(rng)
    scores.loc[:4, ["customer_id", "words"]] = [[f"{HOSTILE}{i}", f'{HOSTILE}" onmouseover="x'] for i in range(5)]
    scores.loc[:4, ["risk", "value", "reason_1"]] = [[0.9, 9000.0 + i, "support"] for i in range(5)]
    scores.loc[5:15, "reason_1"] = "</table><script>x"
    return scores


@pytest.fixture
def backtest():
    rows = [
        (pd.Timestamp("2024-06-01"), m, k, 0.7 + d, 0.6, 0.9, 300, 45, "clear")
        for k in ("auc", "log_loss")
        for m, d in (("churnpredict", 0.1), ("base rate", 0.0), ("recency", 0.02), ("<b>own</b>", np.nan))
    ]
    return pd.DataFrame(rows, columns=["cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal"])


def whole(scores, backtest, language="en"):
    plan = cp.plan_retention(scores, language=language)
    return module.render_report(scores, plan=plan, backtest=backtest, title=f"Book {HOSTILE}", unit="€", language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_runs_nothing_loads_names_are_text(hostile, backtest, language):
    page = check_page(whole(hostile, backtest, language))
    assert HOSTILE in page.text
    assert f"Book {HOSTILE}" in page.text


def test_a_template_that_does_not_escape_is_caught(hostile, backtest, monkeypatch):
    template = module.template()
    monkeypatch.setitem(template.environment.filters, "shown", lambda text, kind="text": module.shown(text, kind))
    monkeypatch.setattr(template.environment, "autoescape", False)
    fresh = template.environment.overlay(autoescape=False).from_string((module.TEMPLATES / "report.html.j2").read_text())
    monkeypatch.setattr(module, "template", lambda: fresh)
    with pytest.raises((AssertionError, IndexError)):
        check_page(whole(hostile, backtest))


def test_figures_are_those_of_scores_and_plan(scores, backtest):
    plan = cp.plan_retention(scores)
    page = check_page(module.render_report(scores, plan=plan, backtest=backtest, unit="€"))
    assert f"€{scores['money_at_risk'].sum():,.0f}" in page.text
    assert f"€{plan.profit.value:,.0f}" in page.text
    assert plan.holdout in page.text
    assert sum(tag == "details" and a.get("class") == "card" for tag, a in page.tags) == len(plan.contacts)
    assert "1 Jun 2024" in page.text
    assert "Everybody the same risk" in page.text
    assert "As known on 1 Sep 2024" in page.text


def test_without_a_backtest_the_page_says_so(scores):
    assert "there was no backtest. Run “churnpredict backtest”" in check_page(module.render_report(scores)).text


def test_small_groups_are_put_together(scores):
    scores["reason_1"] = ["price"] * 390 + ["support"] * 4 + ["quality"] * 3 + ["payment"] * 3
    text = check_page(module.render_report(scores)).text
    assert "Price 98 % 390" in text, "a true share"
    assert "Other reasons, small groups 2.5 % 10" in text
    assert "Support" not in text.split("Why they would leave")[1].split("How many have left")[0]
    scores["reason_1"] = ["price"] * 398 + ["support"] * 2
    assert "small groups 0.5" not in check_page(module.render_report(scores)).text


def test_five_hundred_cards_are_under_two_megabytes(rng, tmp_path):
    scores = made_scores(rng, 3000)
    scores["words"] = '"<quoted>" & long ' * 200
    scores["customer_id"] = scores["customer_id"] + "&" * 200
    plan = cp.plan_retention(scores, holdout=0)
    assert len(plan.contacts) > 500
    path = cp.write_report(scores, tmp_path / "report.html", plan=plan)
    assert path.stat().st_size < 2_000_000
    assert path.read_text().count('class="card"') == 500


@pytest.mark.parametrize("drop", [["value", "money_at_risk"], ["reason_1", "reason_2"], ["cutoff", "model_id", "band", "words"]])
def test_what_is_not_known_is_left_out(scores, drop):
    scores = scores.drop(columns=drop)
    plan = cp.plan_retention(scores, value=200.0)
    assert "nan" not in check_page(module.render_report(scores, plan=plan)).text.lower().split()


def test_nobody_is_a_page_too(scores):
    check_page(module.render_report(scores.iloc[:0], plan=cp.plan_retention(scores.iloc[:0])))


def test_unseen_characters_are_shown(scores):
    scores.loc[0, ["customer_id", "risk", "value", "reason_1"]] = ["a\u202eb\x00", 0.9, 9000.0, "price"]
    text = module.render_report(scores, plan=cp.plan_retention(scores, holdout=0))
    assert "a\ufffdb\ufffd<" in text
    assert module.shown("\ud800").encode("utf-8").decode() == "\ufffd"


def test_what_is_refused(scores, tmp_path):
    with pytest.raises(SchemaError, match="missing-column"):
        cp.write_report(scores.drop(columns="risk"), tmp_path / "x.html")
    with pytest.raises(UsageError, match="bad-argument"):
        cp.write_report(scores, tmp_path / "x.html", most_cards=-1)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not-written"):
        cp.write_report(scores, tmp_path / "file" / "x.html")


# --- colours ---


def luminance(colour):
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, two):
    """WCAG 2.2, relative contrast."""
    a, b = sorted((luminance(one), luminance(two)))
    return (b + 0.05) / (a + 0.05)


def test_colours_can_be_read_in_light_dark_and_print():
    css = (module.TEMPLATES / "report.css").read_text()
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{([^}]*)\}", css)]
    assert len(schemes) == 3
    for colours in schemes:
        for back in ("back", "panel"):
            assert contrast(colours["text"], colours[back]) >= 7
            assert contrast(colours["quiet"], colours[back]) >= 4.5
            assert contrast(colours["mark"], colours[back]) >= 3
    assert contrast("#777777", "#ffffff") < 4.5


# --- the sections of the book ---


def test_owners_of_few_customers_are_left_out(scores):
    found = sections.owners(scores.assign(owner=["one"] * 4 + ["all"] * 396), sections.money_of(scores))
    assert [(o["label"], o["n"]) for o in found] == [("all", 396)]


# --- a browser ---

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with driver.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize(
    ("scheme", "width", "language"), [("light", 1200, "en"), ("dark", 360, "en"), ("light", 360, "de"), ("dark", 400, "ar")]
)
def test_a_browser_runs_and_loads_nothing_and_shows_names_as_text(browser, scheme, width, language, hostile, everything, tmp_path):
    path = tmp_path / "report.html"
    plan = cp.plan_retention(hostile, language=language)
    cp.write_report(hostile, path, plan=plan, title=f"Book {HOSTILE}", language=language, **everything)
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    requests, said = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")  # everything that a reader can open
    assert requests == [path.as_uri()], "nothing but the page itself is asked for"
    assert said == [], "no script, no error, no breach of the policy"
    assert page.inner_text("h1") == f"Book {HOSTILE}"
    assert HOSTILE[:50] in page.inner_text("details.card summary .who > bdi")
    assert page.evaluate("document.querySelectorAll('script, img').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing scrolls sideways"
    wide = page.evaluate(
        f"[...document.querySelectorAll('table, svg, dl, details, p')].filter(e => e.getBoundingClientRect().right > {width} + 1).length"
    )
    assert wide == 0, "nothing is cut at the edge"
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 28)")
    context.close()


# --- order, meaning, trust, and what is said where something is missing ---


def figures_of(differences, signal="clear"):
    """A back-test at as many cutoffs as there are differences of log loss from the best baseline: below zero is better."""
    rows = []
    for k, gap in enumerate(differences):
        at, n, left = pd.Timestamp("2024-03-01") + pd.DateOffset(months=k), 400, 60
        for model, metric, value, low, high, d in (
            ("model", "log_loss", 0.4, 0.35, 0.45, np.nan),
            ("base rate", "log_loss", 0.5, 0.45, 0.55, -0.1),
            ("recency", "log_loss", 0.45, 0.4, 0.5, gap),
            ("model", "auc", 0.7321, 0.7, 0.76, np.nan),
            ("model", "lift_10", 3.0, 2.5, 3.5, np.nan),
            ("model", "calibration_gap", 0.01, -0.01, 0.03, np.nan),
            ("model", "calibration_slope", 1.0, 0.9, 1.1, np.nan),
        ):
            rows.append((at, model, metric, value, low, high, d, d - 0.01, d + 0.01, n, left, signal))
    columns = [
        "cutoff",
        "model",
        "metric",
        "value",
        "low",
        "high",
        "difference",
        "difference_low",
        "difference_high",
        "n",
        "leavers",
        "signal",
    ]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(
    ("differences", "signal", "kind", "words"),
    [
        (
            (-0.05, -0.05, -0.05),
            "clear",
            "better",
            "Tested at 3 past dates: the model was clearly better than every simple rule each time.",
        ),
        ((-0.05,), "clear", "better", "Tested on the past: the model was clearly better than every simple rule."),
        ((-0.05, -0.05), "clear", "better", "clearly better than every simple rule each time."),
        ((-0.05, -0.05, 0.0), "clear", "better", "clearly better than every simple rule at 2 of them."),
        ((-0.05, 0.0, 0.0), "clear", "equal", "clearly better than the best simple rule at only 1 of them."),
        ((0.0, 0.0), "clear", "equal", "but never clearly better than the best simple rule."),
        (
            (-0.05, -0.05, 0.05),
            "clear",
            "better",
            "at 3 past dates. Clearly better than every simple rule: 2. Worse than a simple rule: 1. "
            "No better than giving everybody the same risk: 0.",
        ),
        ((0.05, 0.05, -0.05), "clear", "worse", "at 2 of 3 dates a simple rule was better than this model."),
        ((-0.05, -0.05), "weak", "weak", "Weak signal: tested on the past, the model was never better"),
        ((0.05,), "clear", "worse", "Tested on the past: a simple rule was better than this model."),
    ],
)
def test_trust_is_one_sentence_over_all_tested_dates(scores, differences, signal, kind, words):
    found = leaving.trust(figures_of(differences, signal), language_of("en"))
    assert found["kind"] == kind
    assert words in found["words"][0]
    assert "3 times as many left" in found["words"][1]
    assert found["words"][2] == "The risks said that 16 % would leave; 15 % left."
    page = check_page(module.render_report(scores, backtest=figures_of(differences, signal))).text
    assert page.count(found["words"][0]) == 1
    if kind in ("weak", "worse"):
        assert page.index(found["words"][0]) < page.index("What leaving means here"), "a weak signal stands on top"


def test_figures_such_as_auc_stand_only_in_the_part_for_specialists(scores):
    text = check_page(module.render_report(scores, plan=cp.plan_retention(scores), backtest=figures_of((-0.05, -0.05)))).text
    before, _, after = text.partition("For specialists")
    assert "AUC" not in before
    assert "Log loss" not in before
    assert ".732" in after
    assert "0.732" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_in_one_language(scores, everything, language):
    """Nothing of the English catalogue is left on a page in another language; numbers are written as there."""
    spoken = language_of(language)
    plan = cp.plan_retention(scores, language=language, unit="€")
    text = module.render_report(scores, plan=plan, language=language, unit="€", churn=cp.Inactivity("90d", of="orders"), **everything)
    page = check_page(text)
    assert f'<html lang="{language}" dir="{spoken.direction}">' in text
    assert spoken.say("plan.head") in page.text
    assert f"{spoken.amount(plan.profit.value, '€')}".replace("\u00a0", " ").replace("\u202f", " ") in page.text.replace("\u202f", " ")
    if language != "en":
        english = language_of("en").page
        left = [key for key, said in english.items() if isinstance(said, str) and "{" not in said and len(said) > 12 and said in page.text]
        assert left == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_drift_alarms_speak_the_language_of_the_page(scores, code):
    source = Path(drift_checks.__file__).read_text()
    codes = set(re.findall(r'\.(?:check|alarm)\([^"]*"([a-z-]+)"', source))
    spoken = language_of(code)
    assert {f"alarm.{c}" for c in codes} <= spoken.page.keys() | {"alarm.in-sample"}
    assert len(codes) >= 13
    alarms = (
        SimpleNamespace(code="volume", where="orders", what="12 rows in 28 days", remedy="Look."),
        SimpleNamespace(code="risk-level", where="all customers", what="mean risk 30 % now", remedy="Retrain."),
    )
    outcomes = pd.DataFrame(
        {"metric": ["mean_risk", "observed", "calibration_gap"], "value": [0.2, 0.25, -0.05], "cutoff": pd.NaT, "customers": 100}
    )
    text = Page(module.render_report(scores, drift=Drift(DAY, 100, alarms, outcomes=outcomes), language=code)).text
    assert spoken.page["alarm.volume"] in text
    assert spoken.page["alarm.risk-level"] in text
    assert "orders" in text
    assert "all customers" not in text
    assert " ".join(spoken.percent(0.25).split()) in text


def test_a_page_without_customers_says_what_to_do_and_asks_for_no_money(scores):
    none = check_page(module.render_report(scores.head(0), churn=cp.Inactivity("90d", of="orders"))).text
    assert language_of("en").say("plan.empty") in none
    assert language_of("en").say("plan.empty.do") in none
    assert "Mark payments" not in none
    assert "Why they would leave" not in none
    few = check_page(module.render_report(scores.head(1), churn=cp.Inactivity("90d", of="orders"))).text
    assert "The groups are too small to be shown: each has fewer than 5 customers." in few
    assert "No reasons are known" not in few


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_line_of_a_customer_says_its_fact_in_every_language(code):
    spoken = language_of(code)
    price, habit = spoken.label("price"), spoken.label("habit")
    tied = spoken.clause("unranked").format(a=price, b=habit)
    said = [
        spoken.clause("reason", 4.2, 1).format(label=name, points=spoken.points(0.042), facts=fact)
        for name, fact in ((price, "one"), (habit, "two"))
    ]
    row = {"customer_id": "a", "risk": 0.4, "value": 100.0, "money_at_risk": 40.0, "words": " ".join([tied, *said]), "remedy_1": "call"}
    reasons = {"reason_1": "price", "reason_1_points": 0.042, "reason_2": "habit", "reason_2_points": 0.042}
    page = module.render_report(pd.DataFrame([row | reasons]), language=code)
    assert f"<b>{price}</b><span>One</span>" in page
