"""The page: nothing in it runs, nothing leaves it, names are text, colours can be read; and a real browser agrees."""

import itertools
import re
import shutil
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.shops import HOSTILE, made_scores

import churnpredict as cp
from churnpredict.errors import OutputError, SchemaError, UsageError
from churnpredict.pipeline.backtest_result import Backtest
from churnpredict.report import page as module
from churnpredict.report import sections
from churnpredict.report.display_formats import percent

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
        return " ".join(" ".join(self.words).split())


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


def whole(scores, backtest):
    return module.render_report(scores, plan=cp.plan_retention(scores), backtest=backtest, title=f"Book {HOSTILE}", unit="€")


def test_nothing_runs_nothing_loads_names_are_text(hostile, backtest):
    page = check_page(whole(hostile, backtest))
    assert HOSTILE in page.text
    assert f"Book {HOSTILE}" in page.text


def test_a_template_that_does_not_escape_is_caught(hostile, backtest, monkeypatch):
    template = module._template()
    monkeypatch.setitem(template.environment.filters, "shown", lambda text, kind="text": module.shown(text, kind))
    monkeypatch.setattr(template.environment, "autoescape", False)
    fresh = template.environment.overlay(autoescape=False).from_string((module._TEMPLATES / "report.html.j2").read_text())
    monkeypatch.setattr(module, "_template", lambda: fresh)
    with pytest.raises((AssertionError, IndexError)):
        check_page(whole(hostile, backtest))


def test_figures_are_those_of_scores_and_plan(scores, backtest):
    plan = cp.plan_retention(scores)
    page = check_page(module.render_report(scores, plan=plan, backtest=backtest, unit="€"))
    assert f"{scores['money_at_risk'].sum():,.0f} €" in page.text
    assert f"{plan.profit.value:,.0f} €" in page.text
    assert plan.holdout in page.text
    assert sum(tag == "details" and a.get("class") == "card" for tag, a in page.tags) == len(plan.contacts)
    assert "2024-06-01" in page.text
    assert "base rate" in page.text
    assert "As known on 2024-09-01" in page.text


def test_hold_out_customers_have_no_card(scores):
    plan = cp.plan_retention(scores, holdout=0.3)
    text = module.render_report(scores, plan=plan)
    held = plan.table.loc[plan.table["arm"] == "hold-out", "customer_id"]
    cards = text[text.index("<h3>Whom to contact") :]
    assert not any(c in cards for c in held)
    assert all(c in text for c in held)


def test_without_a_backtest_the_page_says_so(scores):
    assert "No back-test was given" in check_page(module.render_report(scores)).text


def test_small_groups_are_put_together(scores):
    scores["reason_1"] = ["price"] * 390 + ["support"] * 4 + ["quality"] * 3 + ["payment"] * 3
    text = check_page(module.render_report(scores)).text
    assert "Other reasons, small groups 10" in text
    assert "Support" not in text.split("Why they would leave")[1].split("How far")[0]
    scores["reason_1"] = ["price"] * 398 + ["support"] * 2
    assert "small groups 2" not in check_page(module.render_report(scores)).text


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
    css = (module._TEMPLATES / "report.css").read_text()
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{([^}]*)\}", css)]
    assert len(schemes) == 3
    for colours in schemes:
        for back in ("back", "panel"):
            assert contrast(colours["text"], colours[back]) >= 7
            assert contrast(colours["quiet"], colours[back]) >= 4.5
            assert contrast(colours["mark"], colours[back]) >= 3
    assert contrast("#777777", "#ffffff") < 4.5


# --- the sections of the book ---


@pytest.fixture(scope="module")
def everything():
    """What the page can show beside scores, plan and back-test."""
    rng = np.random.default_rng(1)
    shop = cp.make_business(400, random_state=3, rule="cancellation")
    rates, tenure = cp.churn_rate(shop.tables, shop.churn), cp.accounting.tenure_table(shop.tables, shop.churn)
    ids = [f"K{i:04d}" for i in range(400)]
    index = pd.MultiIndex.from_product([ids, [pd.Timestamp("2024-06-01")]], names=["customer_id", "cutoff"])
    risk = rng.beta(2, 8, 400)
    figures = Backtest([(pd.Timestamp("2024-06-01"), "model", "auc", 0.7, 0.6, 0.8, 400, 80, "clear")])
    figures.columns = ["cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal"]
    figures.predictions = pd.DataFrame({"outcome": (rng.random(400) < risk).astype(int), "model": risk}, index=index)
    return {
        "rates": rates,
        "tenure": tenure,
        "cohorts": cp.accounting.cohorts(shop.tables, shop.churn, period="Q"),
        "backtest": figures,
        "drift": pd.DataFrame({"where": [HOSTILE], "what": ["PSI 0.31"], "remedy": ["Retrain."]}),
        "unscored": pd.DataFrame({"customer_id": range(12), "reason": ["gone already"] * 9 + ["no data"] * 3}),
        "changes": pd.DataFrame({"words": [f"Risk up 3.0 points: {HOSTILE} +3.0."] * 400}, index=ids),
        "activity": pd.DataFrame(rng.poisson(1, (400, 26)) * (np.arange(26) < 24), index=ids),
    }


def test_the_book_shows_what_it_is_given(scores, everything):
    owned = scores.assign(owner=["Anna", HOSTILE] * 200)
    page = check_page(module.render_report(owned, plan=cp.plan_retention(owned), **everything))
    rates = everything["rates"].dropna(subset="rate")
    for row in rates.itertuples():
        assert f"{row.customers:,} {row.lost:,} {percent(row.rate)}" in page.text
    assert "12 9 gone already 3 no data" in page.text
    assert page.text.count(HOSTILE) >= 3, "owner, drift and change are text"
    assert "nothing in the last 2 weeks" in page.text
    pictures = [a["class"] for tag, a in page.tags if tag == "svg"]
    assert [pictures.count(k) for k in ("columns", "square")] == [2, 1]
    kept = everything["backtest"].predictions
    tenths = sections.calibration(sections.tenths(everything["backtest"]))["rows"]
    assert sum(t["n"] for t in tenths) == len(kept)
    assert sum(t["happened"] * t["n"] for t in tenths) == pytest.approx(kept["outcome"].sum())


def test_no_drift_is_said_too_and_an_object_is_read(scores):
    calm, alarm = SimpleNamespace(alarms=()), SimpleNamespace(where="risk", what="Mean up.", remedy="Look.")
    assert "No drift" in Page(module.render_report(scores, drift=calm)).text
    assert "risk : Mean up. Look." in Page(module.render_report(scores, drift=SimpleNamespace(alarms=(alarm,)))).text


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_a_browser_runs_and_loads_nothing_and_shows_names_as_text(browser, scheme, width, hostile, everything, tmp_path):
    path = tmp_path / "report.html"
    cp.write_report(hostile, path, plan=cp.plan_retention(hostile), title=f"Book {HOSTILE}", **everything)
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    requests, said = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert requests == [path.as_uri()], "nothing but the page itself is asked for"
    assert said == [], "no script, no error, no breach of the policy"
    assert page.inner_text("h1") == f"Book {HOSTILE}"
    assert HOSTILE[:50] in page.inner_text("details.card summary bdi")
    assert page.evaluate("document.querySelectorAll('script, img').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "only tables scroll sideways"
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 28)")
    context.close()


def test_alerts_are_listed_as_text(scores):
    index = pd.MultiIndex.from_arrays([[HOSTILE, "b"], pd.to_datetime(["2024-09-01"] * 2)], names=["customer_id", "cutoff"])
    alerts = cp.find_alerts(pd.DataFrame({"idle": [70.0, 80.0]}, index=index), {"silent <b>": "idle >= 60"})
    page = check_page(module.render_report(scores, alerts=alerts))
    assert "silent <b>: 2 customers" in page.text
    assert f"{HOSTILE} since 2024-09-01" in page.text
