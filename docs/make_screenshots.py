"""Pictures of the report page for the README and the guide, and the page itself: the demo, run unchanged, opened in a real browser.

Run as ``python docs/make_screenshots.py``; it needs Chromium and playwright, and writes ``docs/images/report*-*.png`` and
``docs/_static/demo-report.html``.
"""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
from pathlib import Path

from churnpredict.cli.demo import run_demo

HERE = Path(__file__).parent
SCREENS = {"": (1100, 980, 1), "-phone": (390, 760, 2)}  # width, height, dots per pixel: also as a telephone shows it


def main(page: Path | None = None) -> None:
    """Run the demo, or take a page that it wrote, and take its pictures."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        written = run_demo(Path(name) / "demo")["report"] if page is None else page
        live = HERE / "_static" / "demo-report.html"
        shutil.copyfile(written, live)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme, (screen, (width, height, dots)) in itertools.product(("light", "dark"), SCREENS.items()):
            size = {"width": width, "height": height}
            tab = browser.new_page(viewport=size, color_scheme=theme, device_scale_factor=dots)
            tab.goto(live.as_uri())
            tab.screenshot(path=HERE / "images" / f"report{screen}-{theme}.png")
            several = tab.locator("tbody tr:nth-child(3)")  # a card that shows how reasons add up
            card = tab.locator("details.card").filter(has=several).first
            card.evaluate("element => element.open = true")
            card.screenshot(path=HERE / "images" / f"report-card{screen}-{theme}.png")
            tab.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
