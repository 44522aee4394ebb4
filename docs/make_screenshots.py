"""Pictures of the report page for the README and the guide: a simulated business, scored, planned, written, opened in a real browser.

Run as ``python docs/make_screenshots.py``; it needs Chromium and playwright, and writes ``docs/images/report-*.png``.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import churnpredict as cp
from churnpredict.events.activity import activity

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1100, 900


def page(folder: Path) -> Path:
    """Return the report of a business of 2,000 customers."""
    shop = cp.make_business(2000, random_state=5, rule="cancellation")
    tables, at = shop.tables, "2024-01-01"
    rows = [row for row in cp.catalog(tables) if row.window in (None, "30d", "90d") and row.table != "cancellations"]
    quick = cp.ChurnClassifier(horizon="90d", members=("trees",), n_estimators=150, n_jobs=1, min_leavers=10)
    pipeline = cp.ChurnPipeline(shop.churn, features=rows, classifier=quick, every="45d").fit(tables, until=at)
    scores = pipeline.score(tables, at=at)
    plan = cp.plan_retention(scores, offer_cost=1, contact_cost=0.2, acceptance=0.05, budget=150, holdout=0.05)
    known = tables.known_before(int(tables.instants(at)[0]))
    return cp.write_report(
        scores,
        folder / "report.html",
        plan=plan,
        backtest=pipeline.backtest(tables, at=["2023-07-01", "2023-10-01"], rounds=50),
        rates=cp.churn_rate(known, shop.churn),
        tenure=cp.accounting.tenure_table(known, shop.churn),
        cohorts=cp.accounting.cohorts(known, shop.churn, period="Q"),
        unscored=pipeline.unscored(tables, at=at),
        activity=activity(tables, scores[["customer_id", "cutoff"]], "orders"),
        unit="€",
    )


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        url = page(Path(name)).as_uri()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            tab.goto(url)
            tab.screenshot(path=IMAGES / f"report-{theme}.png")
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        tab.goto(url)
        card = tab.locator("details.card").first
        card.evaluate("element => element.open = true")
        card.screenshot(path=IMAGES / "report-card.png")
        browser.close()


if __name__ == "__main__":
    main()
