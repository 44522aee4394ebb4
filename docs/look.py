"""Take a picture of every built page in four looks, and say which pages are wider than the window, or lack a picture or words.

python docs/look.py FOLDER [PAGE...]      after make docs; wants Chromium and Playwright

All pages, or those named (start/index), at the width of a desktop and of a phone, light and dark, whole in height, as
FOLDER/desktop-light-*.png and so on. Exit code 1 if a page is found wanting. To be looked at, a handful of pages at a time.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BUILT = Path(__file__).parent / "_build" / "html"
WIDTHS = {"desktop": 1280, "phone": 400}
THEMES = ("light", "dark")
GENERATED = ("_static", "_modules", "_sources", "_downloads")
FAULTS = """() => {
  const found = [], page = document.querySelector("article");
  const words = page?.innerText ?? "";
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window");
  if ([...document.images].some(i => !i.naturalWidth)) found.push("a picture is missing");
  if (words.length < 100) found.push("hardly a word");
  if (/\\{(ref|doc|func|class)\\}|:(ref|doc|func|class):`/.test(words)) found.push("raw markup");
  const named = (what, element) => found.push(`${what}: ${element.textContent.trim().slice(0, 40)}`);
  for (const code of page.querySelectorAll("div.highlight"))
    if (!code.parentElement.querySelector("button.copybtn")) named("no copy button", code);
  for (const code of page.querySelectorAll("pre:not(.terminal pre)"))
    if (code.scrollWidth > code.clientWidth + 1 && getComputedStyle(code).overflowX != "auto") named("code is cut", code);
  for (const table of page.querySelectorAll("table:not(.dataframe)"))
    if (table.getBoundingClientRect().right > innerWidth + 1) named("a table is cut", table);
  const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number); return 0.3 * r + 0.6 * g + 0.1 * b; };
  const paper = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$|transparent/.test(c)) return light(c); } return 255; };
  for (const cell of page.querySelectorAll(".churnpredict td, .churnpredict p, td, .highlight pre"))
    if (cell.innerText && Math.abs(light(getComputedStyle(cell).color) - paper(cell)) < 60) { named("cannot be read", cell); break; }
  const range = document.createRange();
  for (const code of page.querySelectorAll("table code .pre, table code, dt .sig-name"))
    for (const text of code.childNodes) for (const word of text.nodeType == 3 ? text.data.matchAll(/[a-z0-9]{4,}/gi) : []) {
      range.setStart(text, word.index); range.setEnd(text, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) named("broken inside a word", code);
    }
  return found;
}"""


def look(folder: Path, wanted: list[str]) -> int:
    """Return pictures into ``folder``; how many faults are found."""
    folder.mkdir(parents=True, exist_ok=True)
    wanting = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for theme in THEMES:
            for kind, width in WIDTHS.items():
                tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
                tab.add_init_script(f"localStorage.mode = localStorage.theme = '{theme}'")
                for page in sorted(BUILT.rglob("*.html")):
                    name = page.relative_to(BUILT).with_suffix("").as_posix()
                    if name.startswith(GENERATED) or name == "search" or (wanted and name not in wanted):
                        continue
                    tab.goto(page.as_uri())
                    for fault in tab.evaluate(FAULTS):
                        wanting += 1
                        print(f"{name} ({kind}, {theme}): {fault}")
                    tab.screenshot(path=folder / f"{kind}-{theme}-{name.replace('/', '-')}.png", full_page=True)
                tab.close()
        browser.close()
    return wanting


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(1 if look(Path(sys.argv[1]), sys.argv[2:]) else 0)
