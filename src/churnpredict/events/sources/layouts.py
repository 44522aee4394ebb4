"""Layout of a text file: its delimiter, the lines above the header, whether there is a header, the rows below the table."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

__all__ = ["Layout", "find_layout", "is_total", "lacks_header", "layout_of_rows"]

_DELIMITERS = (";", "\t", "|", ",")
_NAMES = {";": "semicolons", "\t": "tabs", "|": "strokes", ",": "commas"}
_MOST_TITLES = 30
_SOME = 200  # rows that decide
_FEW = 40  # rows at the end that are looked at
_MOST = 0.9  # of a column's cells: they say its type
_BLANKS = " \t\u00a0\u202f\ufeff"
# "Total" in ten languages, below a table.
_TOTAL = re.compile(
    r"(grand[ -]?|sub[ -]?|zwischen|end)?(total(e|s|es|en|i|t|geral|general)?|sum(me|men|a|as)?|somm[ae]|gesamt(summe|betrag|ergebnis)?"
    r"|insgesamt|totaal|subtotaal|razem|łącznie|ogółem|итого|итог|всего|общий итог|сумма|(genel |ara )?toplam|resultado total|total général"
    r"|average|mean|durchschnitt|mittelwert|moyenne|promedio|media|média|średnia|gemiddelde?|среднее|ortalama"
    r"|total generale?|totale complessivo|suma (total|końcowa|całkowita))"
    r"( (general|général|generale|geral|general|gesamt|общий))?\b.{0,40}",
    re.IGNORECASE,
)
_SIGN = r"[€$£¥₽₺₹]"
_NUMBER = re.compile(
    rf"[-+−(]?\s*(?:[^\W\d_]{{0,3}}(?:{_SIGN}|\.)?)\s*[-+−(]?\d[\d.,' \u00a0\u202f\u2009’]*(?:[eE][-+]?\d+)?"
    rf"\s*[-−]?\s*(?:[^\W\d_]{{0,4}}\.?|{_SIGN}|%)\s*\)?"
)
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T,].*)?|\d{4}-\d{2}"
    r"|[^\W\d_]{0,12},? ?\d{1,2}(st|nd|rd|th|er|º|\.)?[ -]+(de )?[^\W\d_]{3,12}\.?,?[ -]+(de )?\d{2,4}.*"
    r"|[^\W\d_]{3,12}\.? \d{1,2}(st|nd|rd|th)?,? \d{4}.*"
)
_CODE = re.compile(r"[^\W\d_]{1,6}[-_#]?\d+")
_PERIOD = re.compile(r"(19|20)\d\d([-/.]?\d\d)?")


@dataclass(frozen=True)
class Layout:
    """Layout of a table in a text file.

    Attributes
    ----------
    delimiter : str
    skip_rows : int
        Lines above the header, empty ones included; 0 where they are all empty.
    header : bool
        Whether the first row of the table holds names.
    footer_rows : int
        Rows below the table, such as totals; empty lines do not count.
    width : int
        How many columns.
    reasons : dict
        Option -> why, in words.
    """

    delimiter: str
    skip_rows: int = 0
    header: bool = True
    footer_rows: int = 0
    width: int = 0
    reasons: dict[str, str] = field(default_factory=dict)


@functools.lru_cache(maxsize=32)  # the same file is asked about by each reader that opens it
def find_layout(head: str, tail: str, delimiter: str | None = None) -> Layout:
    """Return the layout of a file by its beginning and its end, both cut at line ends; with the delimiter, if it is known."""
    hint = re.match(r"\ufeff?sep=(.)\r?\n", head)
    delimiter = delimiter or (hint[1] if hint else _delimiter(head))
    rows, lines = _parsed(head, delimiter)
    found = layout_of_rows(rows, lines, _parsed(tail, delimiter)[0] or rows)
    if tail.count('"') % 2:  # a quote is not closed: the rows after it are one field, and no rows below the table; the reader says so
        found = replace(found, footer_rows=0, reasons={key: why for key, why in found.reasons.items() if key != "footer_rows"})
    told = {"delimiter": f"fields are separated by {_NAMES.get(delimiter, 'this')}"}
    return replace(found, delimiter=delimiter, reasons=told | found.reasons)


def layout_of_rows(rows: list[list[str]], lines: list[int], last: list[list[str]]) -> Layout:
    """Return the layout of a table by its first rows, by the line in which each begins, and by its last rows; all without empty rows."""
    if not rows:
        return Layout(",")
    width = Counter(len(r) for r in rows[:_SOME] if len(r) > 1 or not _blank(r)).most_common(1)[0][0]
    first = _first_row(rows, width)
    below = rows[first + 1 :]
    footers = _footers(last[-_FEW:], below, width, alone=len(rows) - first <= 1)
    header = not lacks_header(rows[first], below[: max(len(below) - footers, 0) or len(below)]) if below else True
    reasons = {}
    if first:
        reasons["skip_rows"] = "lines above the header"
    if footers:
        named = any(is_total(cell) for row in last[-footers:] for cell in row)
        reasons["footer_rows"] = "rows below the table, with totals" if named else "rows below the table"
    return Layout(",", lines[first] if first else 0, header, footers, width, reasons)


def _parsed(text: str, delimiter: str, most: int | None = None) -> tuple[list[list[str]], list[int]]:
    """Return rows, at ``most`` so many, and the line in which each begins; rows of empty cells only are left out."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    rows, lines, before = [], [], 0
    try:
        for row in reader:
            cells = [c.strip(_BLANKS) for c in row]
            if any(cells):
                rows.append(cells)
                lines.append(before)
            if len(rows) == most:
                break
            before = reader.line_num
    except csv.Error:
        pass  # a field beyond what the parser takes: what came before decides
    return rows, lines


def _blank(row: Sequence[str]) -> bool:
    return not any(row)


def _delimiter(head: str) -> str:
    """Return the one that cuts most rows into the same number of fields, at least two."""
    best, most = ",", (0.0, 0, 0)
    for delimiter in _DELIMITERS:
        widths = Counter(len(r) for r in _parsed(head, delimiter, _SOME + _MOST_TITLES)[0])
        wide = {w: n for w, n in widths.items() if w > 1}
        if wide:
            width, rows = max(wide.items(), key=lambda item: (item[1], item[0]))
            share = round(rows / sum(widths.values()), 2)
            found = (share, width, -_DELIMITERS.index(delimiter))
            if found > most:
                best, most = delimiter, found
    return best


def _first_row(rows: list[list[str]], width: int) -> int:
    """Return where the table begins: the first row that is as wide as the table and mostly filled."""
    for place, row in enumerate(rows[:_MOST_TITLES]):
        filled = sum(map(bool, row))
        titled = width > 1 and row[0] and not any(row[1:])
        titled = titled or _describes_the_file(row, rows[place + 1 : place + 1 + _SOME], width)
        if len(row) >= width and (2 * filled >= width) and not titled and filled > 0:
            return place
    return 0


def _describes_the_file(row: list[str], below: list[list[str]], width: int) -> bool:
    """Return whether a row that is wider than the table, with numbers in it, is above the names: settings of the export."""
    if not any(row[width:]) or sum(_kind(cell) in ("number", "date") for cell in row) < 2 or len(below) < 3:
        return False
    return len(below[0]) == width and all(below[0]) and not lacks_header(below[0], below[1:])


def _kind(cell: str) -> str:
    if not cell:
        return ""
    for kind, pattern in (("date", _DATE), ("number", _NUMBER), ("code", _CODE)):
        if pattern.fullmatch(cell):
            return kind
    return "text"


def lacks_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row is one like those below: each cell of the type that its column has, where columns have types."""
    typed = 0
    periods = [c for c in first if _PERIOD.fullmatch(c)]
    if len(periods) > 1 and len(set(periods)) == len(periods):
        return False  # years or months as names of columns
    for place, cell in enumerate(first):
        kinds = Counter(k for row in below[:_SOME] if place < len(row) and (k := _kind(row[place])))
        if not kinds:
            continue
        kind, rows = kinds.most_common(1)[0]
        if kind == "text" or rows < _MOST * kinds.total():
            continue
        if cell and _kind(cell) != kind:
            return False
        typed += bool(cell)
    return typed > 0


def is_total(cell: str) -> bool:
    """Return whether a cell says that its row is a total.

    >>> is_total("Grand Total:"), is_total("Gesamtsumme"), is_total("Итого"), is_total("Totally Tea Ltd")
    (True, True, True, False)
    """
    return _TOTAL.fullmatch(cell) is not None


def _footers(last: list[list[str]], below: list[list[str]], width: int, *, alone: bool) -> int:
    """Return how many of the last rows are not of the table: totals, notes, and rows that leave out what every other row has."""
    if width < 2 or alone:
        return 0
    proper = below[: max(len(below) - _FEW, len(below) // 2)]
    always = [place for place in range(width) if proper and all(place < len(row) and row[place] for row in proper)]
    for number, row in enumerate(reversed(last)):
        if not (_is_note(row, width, always) or _is_sum(row, width, always)):
            return number
    return 0


def _is_note(row: list[str], width: int, always: list[int]) -> bool:
    """Return whether a row is one text, where the table has several columns."""
    if sum(map(bool, row)) > 1:
        return False
    return len(row) != width or (width > 2 and len(always) > 1 and re.match(r"[*(#]|[^:]{1,40}:", row[0]) is not None)


def _is_sum(row: list[str], width: int, always: list[int]) -> bool:
    """Return whether a row says that it is a total, or has nothing where every other row says whose it is."""
    filled = sum(map(bool, row))
    texts = [c for c in row[:3] if c and _kind(c) == "text"]
    if texts and is_total(texts[0]) and (filled < width or len(row) != width):
        return True
    return len(always) > 1 and not (always[0] < len(row) and row[always[0]]) and 2 * filled <= width
