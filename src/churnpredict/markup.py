"""HTML displays for notebooks: headline, table and sentences, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["show"]

_LEFT = ' style="text-align:left"'  # notebooks set tables to the right, which suits numbers only


def show(headline: str, rows: Iterable[Sequence[object]] = (), head: Sequence[str] = (), after: Iterable[str] = ()) -> str:
    """Return a headline, a table if there are rows, and sentences after it.

    Parameters
    ----------
    headline : str
    rows : iterable of rows
        Whole numbers are grouped by thousands and stand to the right, texts to the left.
    head : sequence of str
        Names of the columns.
    after : iterable of str

    Returns
    -------
    str
        HTML.

    >>> show("Two", [("<b>", 1200)])
    '<div><p><b>Two</b></p><table><tbody><tr><td style="text-align:left">&lt;b&gt;</td><td>1,200</td></tr></tbody></table></div>'
    """
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    names = f"<thead><tr>{''.join(f'<th{_LEFT}>{escape(name)}</th>' for name in head)}</tr></thead>" if head else ""
    table = f"<table>{names}<tbody>{body}</tbody></table>" if body else ""
    return f"<div><p><b>{escape(headline)}</b></p>{table}{''.join(f'<p>{escape(line)}</p>' for line in after)}</div>"


def _cell(value: object) -> str:
    return f"<td>{value:,}</td>" if isinstance(value, int) else f"<td{_LEFT}>{escape(str(value))}</td>"
