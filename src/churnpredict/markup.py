"""HTML displays for notebooks in one style: headline, table and sentences, every text escaped; and whole pages without script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from math import isfinite

from churnpredict.text_tables import Bar, Figure, cell_text

__all__ = ["STYLE", "document", "policy", "show", "table"]

# Colours follow the page: JupyterLab's, VS Code's and the documentation's variables first, else the current text colour. Lines are
# that colour, thinned, so that they are right on light and on dark paper; the bar is of one brightness between both.
STYLE = (
    ".churnpredict{--cp-ink:var(--jp-content-font-color1,var(--vscode-editor-foreground,var(--pst-color-text-base,inherit)));"
    "--cp-line:var(--jp-border-color2,var(--vscode-widget-border,rgba(128,128,128,.35)));--cp-bar:#3b8bc4;"
    "color:var(--cp-ink);font-variant-numeric:tabular-nums;line-height:1.45;overflow-x:auto;max-width:100%}"
    "@media(prefers-color-scheme:dark){.churnpredict{--cp-bar:#56b4e9}}"
    ".churnpredict p{margin:.35em 0;max-width:75em}"
    ".churnpredict table{border-collapse:collapse;border:0;margin:.5em 0;background:none;color:inherit;width:auto;font-size:.95em}"
    ".churnpredict :is(thead,tbody,tr,tr:nth-child(even),tr:hover){background:none;color:inherit}"
    ".churnpredict :is(td,th){padding:.3em .8em;border:0;border-bottom:1px solid var(--cp-line);text-align:right;vertical-align:top;"
    "background:none;color:inherit;max-width:34em;white-space:normal}"
    ".churnpredict thead th{border-bottom-width:2px;font-weight:600;vertical-align:bottom}"
    ".churnpredict tbody th{font-weight:400}"
    ".churnpredict .left{text-align:left}.churnpredict small{opacity:.72;white-space:nowrap}.churnpredict .whole{white-space:nowrap}"
    ".churnpredict .bar{display:inline-block;width:4.5em;height:.62em;margin-left:.6em;background:rgba(128,128,128,.22);border-radius:2px}"
    ".churnpredict .bar i{display:block;height:100%;background:var(--cp-bar);border-radius:2px}"
)


def show(
    headline: str, rows: Iterable[Sequence[object]] = (), head: Sequence[str] = (), after: Iterable[str] = (), *, most: int | None = None
) -> str:
    """Return a headline, a table if there are rows, and sentences after it, as HTML.

    Parameters
    ----------
    headline : str
    rows : iterable of rows
        Cells: int (grouped by thousands), :class:`~churnpredict.text_tables.Figure` and :class:`~churnpredict.text_tables.Bar` stand to
        the right, other texts to the left. A line break in a cell is one.
    head : sequence of str
        Names of the columns.
    after : iterable of str
    most : int, optional
        Rows at most; how many there are is below.

    >>> page = show("Two", [("<b>", 1200)])
    >>> page[page.index("</style>") + 8 :]
    '<p><b>Two</b></p><table><tbody><tr><td class="left">&lt;b&gt;</td><td>1,200</td></tr></tbody></table></div>'
    """
    lines = list(rows)
    cut = [] if most is None or len(lines) <= most else [f"{most:,} of {len(lines):,}"]
    sentences = "".join(f"<p>{escape(line)}</p>" for line in [*cut, *after])
    title = f"<p><b>{escape(headline)}</b></p>" if headline else ""
    return f'<div class="churnpredict"><style>{STYLE}</style>{title}{table(lines[:most], head)}{sentences}</div>'


def document(title: str, body: str, style: str, *, language: str = "en", direction: str = "ltr", images: bool = False) -> str:
    """Return a whole HTML page with a style; a browser runs and loads nothing from it, but ``images`` that are inside it.

    >>> print(document("A < B", "<p>Text</p>", "p{margin:0}").splitlines()[4])
    <title>A &lt; B</title>
    """
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(style, images=images)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def policy(style: str, *, images: bool = False) -> str:
    """Return the content security policy of a page that has nothing but one style, and images inside it."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; {'img-src data:; ' if images else ''}base-uri 'none'; form-action 'none'"


def table(rows: Sequence[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Return a table as HTML, "" where there are no rows; its style is :data:`STYLE`, inside an element of class ``churnpredict``."""
    if not rows:
        return ""
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    sides = ["" if isinstance(cell, int | Figure | Bar) else ' class="left"' for cell in rows[0]]
    sides += [""] * (len(head) - len(sides))
    names = f"<thead><tr>{''.join(f'<th{side}>{escape(name)}</th>' for name, side in zip(head, sides, strict=False))}</tr></thead>"
    return f"<table>{names if head else ''}<tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, Bar):
        share = min(max(value.share, 0.0), 1.0) if isfinite(value.share) else 0.0
        bar = f'<span class="bar"><i style="width:{100 * share:.0f}%"></i></span>'
        return f'<td class="whole">{escape(value.text)}{bar}</td>'
    first, *rest = cell_text(value).split("\n")
    if isinstance(value, int | Figure):
        return f"<td>{escape(first)}{''.join(f'<br><small>{escape(line)}</small>' for line in rest)}</td>"
    return f'<td class="left">{"<br>".join(escape(line) for line in (first, *rest))}</td>'
