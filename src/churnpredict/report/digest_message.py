"""The message of a digest for one owner: as HTML for e-mail clients, and as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from churnpredict.languages.catalogue import Language
from churnpredict.report.display_formats import shown
from churnpredict.text_tables import paragraph

__all__ = ["STATUSES", "Digest", "Line", "Past"]

STATUSES = ("left", "on", "off", "moved", "unknown")
_INK, _SOFT, _LINE, _MARK = "#1b1f24", "#57606a", "#d0d7de", "#0b6bcb"
_TEXT = "font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:14px;line-height:20px"
_WIDE = 76  # characters of a line of plain text


@dataclass(frozen=True)
class Line:
    """A customer on the list: texts only, ready to be shown."""

    customer: str
    figures: str
    why: str
    remedy: str
    new: bool


@dataclass(frozen=True)
class Past:
    """A customer of the list before: what became of it, and the contact."""

    customer: str
    status: str
    told: str
    contact: str


@dataclass(frozen=True, eq=False)
class Digest:
    """The message for one owner. Made by :func:`digests`.

    Attributes
    ----------
    owner : object
        None for customers without one.
    lines : tuple of Line
        Customers to contact, new ones first, then as the plan ranks them.
    past : tuple of Past
        Customers of the list before, those who left first.
    counts : dict of str to int
        ``list``, ``new``, and per status of the list before (:data:`STATUSES`) how many, and ``contacted``.
    """

    owner: Any
    lines: tuple[Line, ...]
    past: tuple[Past, ...]
    counts: dict[str, int]
    now: pd.Timestamp
    before: pd.Timestamp | None
    with_contacts: bool
    spoken: Language
    most: int

    @property
    def title(self) -> str:
        """The subject of the message."""
        return self.spoken.say("digest.title", owner=shown(self.owner, "id") or self.spoken.say("digest.nobody.owns"))

    def _parts(self) -> list[tuple[str, list[str], Sequence[Line | Past]]]:
        """Return heading, sentences and rows of each part, the same for both forms."""
        say, counts = self.spoken.say, self.counts
        day = self.spoken.day
        if self.before is None:
            told = [say("digest.list", n=counts["list"])]
            parts: list[tuple[str, list[str], Sequence[Line | Past]]] = [("", told, self.lines)]
        else:
            told = [say("digest.list.new", n=counts["list"], m=counts["new"], date=day(self.before))]
            new = [line for line in self.lines if line.new]
            still = [line for line in self.lines if not line.new]
            parts = [("", told, ()), (say("digest.new"), [], new), (say("digest.still"), [], still)]
            key = "digest.told" if self.with_contacts else "digest.told.bare"
            n = len(self.past)
            stayed = counts["on"] + counts["off"] + counts["moved"]
            after = {"n": n, "left": counts["left"], "stayed": stayed, "unknown": counts["unknown"]}
            after |= {"m": counts["contacted"]} if self.with_contacts else {}
            parts.append(
                (say("digest.before", date=day(self.before)), [say(key, **after)] if n else [say("digest.before.nobody")], self.past)
            )
        if not self.lines:
            parts[0] = ("", [*parts[0][1], say("digest.nobody")], parts[0][2])
        return [(head, sentences, rows) for head, sentences, rows in parts if sentences or rows]

    def to_text(self) -> str:
        """Return the message as plain text."""
        out = [*paragraph(self.title, width=_WIDE), *paragraph(self.spoken.say("as_known", date=self.spoken.day(self.now)), width=_WIDE)]
        for head, sentences, rows in self._parts():
            out += ["", head, "-" * len(head)] if head else [""]
            for text in sentences:
                out += paragraph(text, width=_WIDE)
            for row in rows[: self.most]:
                out += ["", *self._as_text(row)]
            out += self._cut(rows)
        return "\n".join(out) + "\n"

    def _cut(self, rows: Sequence[Line | Past]) -> list[str]:
        return ["", self.spoken.say("plan.most", n=self.most)] if len(rows) > self.most else []

    def _as_text(self, row: Line | Past) -> list[str]:
        if isinstance(row, Past):
            return paragraph(
                f"* {row.customer}: {row.told}" + (f"; {row.contact}" if row.contact else ""), indent="  ", first="", width=_WIDE
            )
        lines = paragraph(f"* {row.customer}: {row.figures}", indent="  ", first="", width=_WIDE)
        lines += paragraph(row.why, indent="  ", width=_WIDE) if row.why else []
        return lines + (paragraph(f"> {row.remedy}", indent="    ", first="  ", width=_WIDE) if row.remedy else [])

    def to_html(self) -> str:
        """Return the message as HTML: one table of fixed width, inline styles, no script, no picture, no request."""
        spoken = self.spoken
        cells = [_cell(f'<span style="font-size:20px;font-weight:600;color:{_INK}">{escape(self.title)}</span>')]
        cells.append(_cell(escape(spoken.say("as_known", date=spoken.day(self.now))), colour=_SOFT))
        for head, sentences, rows in self._parts():
            if head:
                style = f"border-top:1px solid {_LINE};padding-top:16px;font-size:16px;font-weight:600;color:{_INK}"
                cells.append(_cell(f'<div style="{style}">{escape(head)}</div>', above=20))
            cells += [_cell(escape(text)) for text in sentences]
            cells += [_cell(_row(row, self._start())) for row in rows[: self.most]]
            cells += [_cell(escape(text), colour=_SOFT) for text in self._cut(rows) if text]
        body = "".join(f"<tr>{cell}</tr>" for cell in cells)
        language, direction = spoken.code, spoken.direction
        return (
            f'<!doctype html>\n<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(self.title)}</title></head>\n'
            f'<body style="margin:0;padding:0;background:#ffffff">\n<table role="presentation" width="100%" cellpadding="0" '
            f'cellspacing="0" border="0" dir="{direction}" style="max-width:640px;margin:0 auto;{_TEXT};color:{_INK}">\n'
            f"{body}\n</table>\n</body></html>\n"
        )

    def _start(self) -> str:
        return "right" if self.spoken.direction == "rtl" else "left"


def _cell(content: str, *, colour: str = _INK, above: int = 8) -> str:
    return f'<td style="padding:{above}px 16px 0;{_TEXT};color:{colour}">{content}</td>'


def _row(row: Line | Past, start: str) -> str:
    name = f"<strong>{escape(row.customer)}</strong>"
    if isinstance(row, Past):
        contact = f'<br><span style="color:{_SOFT}">{escape(row.contact)}</span>' if row.contact else ""
        return f"{name}: {escape(row.told)}{contact}"
    why = f"<br>{escape(row.why)}" if row.why else ""
    remedy = f'<br><span style="color:{_MARK};font-weight:600"><bdi>{escape(row.remedy)}</bdi></span>' if row.remedy else ""
    style = f"border-{start}:3px solid {_MARK if row.new else _LINE};padding:2px 12px"
    return f'<div style="{style}">{name} <span style="color:{_SOFT}">{escape(row.figures)}</span>{why}{remedy}</div>'
