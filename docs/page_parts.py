"""Parts of pages that Sphinx lacks: lists of pages as cards, sections that fold, and tables that can be read on a telephone."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

__all__ = ["Cards", "finish_page", "first_sentence"]

FOLDED = {
    "features": ("h2", "h3"),
    "benchmarks/index": ("h2",),
    "bad-inputs": ("h2",),
    "errors": ("h2",),
    "comparison": ("h3",),
}
_STANDING = re.compile(r"(Status: \w+|Accepted|Concerns .*|Question|Decided|Asked|What was wrong)\.?$", re.S)  # how decisions begin
_FEW_COLUMNS = 3  # of a table that fits a telephone as it is
_LONG_LINE = 110  # characters of a printed line that is a sentence: printed tables are at most 80 wide
_LONG_CELL = 150  # characters of a cell that a third of a telephone cannot hold


class Cards(Directive):
    """Pages as cards: one line each, ``page | sentence | picture``; without a sentence the page's own first one is taken.

    A picture is the name of one in docs/pictures, drawn for light and for dark pages, or a file of docs/gallery without its theme. A card
    without one shows the number or the first letter of its title.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        env = self.state.document.settings.env
        here = posixpath.dirname(env.docname)
        box = nodes.container(classes=["page-cards"])
        for name, sentence, picture in listed(Path(env.srcdir), list(self.content)):
            source = source_of(Path(env.srcdir), name)
            env.note_dependency(str(source))
            title = title_of(source)
            box += card(posixpath.relpath(f"{name}.html", here or "."), title, sentence or first_sentence(source), picture)
        return [box]


def listed(root: Path, lines: list[str]) -> list[tuple[str, str, str]]:
    """Page, sentence and picture of each line; a name with a star stands for all pages of that name that no line has named."""
    found: dict[str, tuple[str, str, str]] = {}
    for line in filter(str.strip, lines):
        name, sentence, picture = [*(part.strip() for part in line.split("|")), "", ""][:3]
        names = sorted(str(p.relative_to(root).with_suffix("")) for p in root.glob(f"{name}.*")) if "*" in name else [name]
        for page in names:
            found.setdefault(page, (page, sentence, picture))
    return list(found.values())


def card(target: str, title: str, sentence: str, picture: str) -> nodes.Node:
    """Return one card: picture, title that leads to the page, sentence."""
    made = nodes.container(classes=["page-card"])
    if picture:
        end, folder = (".png", "gallery") if picture.startswith("gallery/") else (".svg", "pictures")
        for theme in ("light", "dark"):
            uri = f"/{folder}/{picture.removeprefix('gallery/')}-{theme}{end}"
            made += nodes.image(uri=uri, alt=title, classes=[f"only-{theme}"])
    else:
        number = re.match(r"0*(\d+)\.", title)
        made += nodes.container("", nodes.paragraph("", number[1] if number else title[:1]), classes=["page-card-mark"])
    made += nodes.paragraph("", "", nodes.reference("", title, refuri=target, internal=True), classes=["page-card-title"])
    made += nodes.paragraph("", sentence)
    return made


def source_of(root: Path, name: str) -> Path:
    """Return the file of a page: notebooks are copied under docs when the pages are built."""
    for end in (".md", ".rst", ".ipynb"):
        if (root / f"{name}{end}").exists():
            return root / f"{name}{end}"
    raise FileNotFoundError(f"{name} is no page")


def _text(source: Path) -> str:
    if source.suffix != ".ipynb":
        return source.read_text(encoding="utf-8")
    import json

    cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def title_of(source: Path) -> str:
    """Return the first heading of a page."""
    text = _text(source)
    found = re.search(r"^# (.+)$", text, re.M) or re.search(r"^(\S.*)\n=+$", text, re.M)
    return plain(found[1]) if found else source.stem


def first_sentence(source: Path) -> str:
    """Return the first sentence of the first paragraph of a page that is one: not a heading, a list, a table or code."""
    for block in re.split(r"\n\s*\n", re.sub(r"^```.*?^```", "", _text(source), flags=re.M | re.S)):
        text = " ".join(line for line in block.strip().splitlines() if not line.startswith("#"))
        if not text or block.startswith("    ") or re.match(r"[|`!:><({=]|\[\w|\d+\. ", text):
            continue
        sentences = [s for s in re.split(r"(?<=[.?!]) ", plain(text).removeprefix("- ")) if not _STANDING.match(s)]
        if sentences:
            return sentences[0] if sentences[0][-1] in ".?!" else f"{sentences[0].rstrip(':')}."
    return ""


def plain(text: str) -> str:
    """Markdown without its marks."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*]|\{[^}]*\}", "", text).strip()


def finish_page(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Fold long sections; for narrow screens, name the cells of wide tables by their column, and mark printed sentences, which may wrap."""
    body = context.get("body")
    if not body or ("<table" not in body and "<pre" not in body and page not in FOLDED):
        return
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(body, "html.parser")
    for table in soup.find_all("table"):
        names = _column_names(table)
        longest = max((len(td.get_text()) for td in table.select("tbody td")), default=0)
        if len(names) > _FEW_COLUMNS or (len(names) == _FEW_COLUMNS and longest > _LONG_CELL):
            table["class"] = [*table.get("class", []), "wide"]
            for cell, column in _placed(table.select("tbody tr")):
                if column < len(names):
                    cell["data-label"] = names[column]
    for output in soup.select(".cell_output pre"):
        if max(map(len, output.get_text().split("\n"))) > _LONG_LINE:
            output["class"] = [*output.get("class", []), "sentences"]
    for code in soup.select("table code, table a.external"):
        _let_break(soup, code)
    for heading in FOLDED.get(page, ())[::-1]:
        for title in soup.find_all(heading):
            _fold(soup, title)
    context["body"] = str(soup)


def _placed(rows: list[Any]) -> list[tuple[Any, int]]:
    """Return the cells of rows with their column: a cell above may reach down into a row, and a cell may span several columns."""
    placed, reaching = [], {}  # column -> rows into which a cell above still reaches
    for row in rows:
        column = 0
        for cell in row.find_all(["td", "th"], recursive=False):
            while reaching.get(column, 0):
                reaching[column] -= 1
                column += 1
            placed.append((cell, column))
            for _ in range(int(cell.get("colspan", 1))):
                reaching[column] = int(cell.get("rowspan", 1)) - 1
                column += 1
        for rest in [c for c, left in reaching.items() if c >= column and left]:
            reaching[rest] -= 1
    return placed


def _column_names(table: Any) -> list[str]:
    """Return what each column is called: the lowest line of the head that says something."""
    names: dict[int, str] = {}
    for cell, column in _placed(table.select("thead tr")):
        said = cell.get_text(" ", strip=True)
        for j in range(column, column + int(cell.get("colspan", 1))):
            names[j] = said or names.get(j, "")
    return [names[j] for j in sorted(names)]


def _let_break(soup: Any, code: Any) -> None:
    """Allow a long name in a cell to be broken, but only behind the marks between its words."""
    for text in code.find_all(string=True):
        parts = re.split(r"(?<=[_./(])(?=\w)", str(text))
        for part in parts[:-1]:
            text.insert_before(part, soup.new_tag("wbr"))
        text.replace_with(parts[-1])


def _fold(soup: Any, title: Any) -> None:
    """Everything of a section below its heading can be folded away; a link to it opens it."""
    section = title.parent
    if section.name != "section":
        return
    details, summary = soup.new_tag("details", attrs={"class": "folded"}), soup.new_tag("summary")
    rest = list(title.next_siblings)
    title.wrap(summary)
    summary.wrap(details)
    for node in rest:
        details.append(node.extract())
