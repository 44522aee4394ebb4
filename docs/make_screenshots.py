"""Pictures of the report page for the README and the guide, and the page itself: the demo, run unchanged, opened in a real browser.

Run as ``python docs/make_screenshots.py``; it needs Chromium and playwright, and writes ``docs/images/report-*.png`` and
``docs/_static/demo-report.html``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from churnpredict.cli.demo import run_demo

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1100, 980


def main(page: Path | None = None) -> None:
    """Run the demo, or take a page that it wrote, and take its pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        written = run_demo(Path(name) / "demo")["report"] if page is None else page
        live = HERE / "_static" / "demo-report.html"
        shutil.copyfile(written, live)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in ("light", "dark"):
            tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            tab.goto(live.as_uri())
            tab.screenshot(path=HERE / "images" / f"report-{theme}.png")
            several = tab.locator("tbody tr:nth-child(3)")  # a card that shows how reasons add up
            card = tab.locator("details.card").filter(has=several).first
            card.evaluate("element => element.open = true")
            card.screenshot(path=HERE / "images" / f"report-card-{theme}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
