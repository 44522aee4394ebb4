"""Check the built pages without a network: every link inside leads somewhere, every public name has a place, every picture exists.

python docs/check_links.py [docs/_build/html] [--list]     # --list also prints the links that lead outside
"""

from __future__ import annotations

import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Links, pictures and anchors of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.links, self.anchors = path, [], {""}
        self.unlabelled = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors |= {v for k in ("id", "name") if (v := found.get(k))}
        self.links += [v for k in ("href", "src") if (v := found.get(k))]
        self.unlabelled += tag == "img" and not (found.get("alt") or "").strip()


def broken_links(root: Path) -> tuple[list[str], set[str]]:
    """Return what leads nowhere within the pages under ``root``, and all links that lead outside."""
    pages = {p.resolve(): Page(p) for p in root.rglob("*.html") if "_static" not in p.parts}
    broken, outside = [], set()
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                outside |= {link} - {x for x in (link,) if parts.scheme in ("data", "mailto")}
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                broken.append(f"{path.relative_to(root.resolve())}: {link} is no file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                broken.append(f"{path.relative_to(root.resolve())}: {link} has no such place")
        if page.unlabelled:
            broken.append(f"{path.relative_to(root.resolve())}: {page.unlabelled} pictures without a text")
    return broken, outside


def names_shown(root: Path) -> set[str]:
    """Return all Python names that the index of the built pages knows."""
    raw = (root / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split()[0] for line in zlib.decompress(raw).decode().splitlines() if " py:" in line}


def main() -> int:
    from make_reference import homes

    given = [a for a in sys.argv[1:] if not a.startswith("--")]
    root = Path(given[0]) if given else Path(__file__).parent / "_build" / "html"
    broken, outside = broken_links(root)
    broken += [
        f"objects.inv: churnpredict.{n} is missing"
        for n in sorted({*homes()} - {x.partition(".")[2] for x in names_shown(root) if "." in x})
    ]
    print("\n".join(broken + (sorted(outside) if "--list" in sys.argv else [])))
    print(f"{len(list(root.rglob('*.html')))} pages, {len(broken)} broken, {len(outside)} links lead outside (--list shows them)")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
