"""Take a picture of every built page, and say which are wider than the window, or lack a picture or words.

python docs/look.py FOLDER [PAGE...]      after make docs; wants Chromium and Playwright

All pages, or those named (start/index), at the width of a desktop, ten at that of a phone, whole in height, as FOLDER/desktop-*.png and
FOLDER/phone-*.png. Exit code 1 if a page is found wanting. To be looked at, a handful of pages at a time.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BUILT = Path(__file__).parent / "_build" / "html"
WIDTHS = {"desktop": 1280, "phone": 390}
ON_A_PHONE = ("index", "start/index", "how/report", "concepts/calibration", "concepts/drivers", "migrate/featuretools", "benchmarks/index")
ON_A_PHONE += ("features", "errors", "bad-inputs")
GENERATED = ("_static", "_modules", "_sources")
FAULTS = """() => {
  const found = [];
  const words = document.querySelector("article")?.innerText ?? "";
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window");
  if ([...document.images].some(i => !i.naturalWidth)) found.push("a picture is missing");
  if (words.length < 100) found.push("hardly a word");
  if (/\\{(ref|doc|func|class)\\}|:(ref|doc|func|class):`/.test(words)) found.push("raw markup");
  return found;
}"""


def look(folder: Path, wanted: list[str]) -> int:
    """Return pictures into ``folder``; how many pages are found wanting."""
    folder.mkdir(parents=True, exist_ok=True)
    wanting = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tabs = {kind: browser.new_page(viewport={"width": width, "height": 900}) for kind, width in WIDTHS.items()}
        for page in sorted(BUILT.rglob("*.html")):
            name = page.relative_to(BUILT).with_suffix("").as_posix()
            if name.startswith(GENERATED) or name == "search" or (wanted and name not in wanted):
                continue
            for kind, tab in tabs.items():
                if kind == "phone" and name not in ON_A_PHONE:
                    continue
                tab.goto(page.as_uri())
                for fault in tab.evaluate(FAULTS):
                    wanting += 1
                    print(f"{name} ({kind}): {fault}")
                tab.screenshot(path=folder / f"{kind}-{name.replace('/', '-')}.png", full_page=True)
        browser.close()
    return wanting


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(1 if look(Path(sys.argv[1]), sys.argv[2:]) else 0)
