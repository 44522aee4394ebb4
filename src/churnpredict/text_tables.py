"""Text tables and paragraphs that fit the width of a terminal, and the cells that they share with HTML tables."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Bar", "Figure", "cell_text", "paragraph", "text_table", "width_of_terminal"]

_LEAST, _MOST = 40, 200  # narrower tables are unreadable; longer lines are lost by the eye
_GAP = 2
_NO_BREAK = "\u00a0"
_TOGETHER = re.compile(r"(?<=\d) (?=%)|(?<=\d,) (?=[^ ,\[\]]*\d\])")  # 12 %, and the two ends of [-.04, +.01]
_FURTHER = "  "  # before further lines of a name in the first column
_NARROWEST = 14  # of a column of prose, before the table is cut into blocks


class Figure(str):
    """Text of a number: stands to the right. A line break puts what follows, such as an interval, on a second line."""

    __slots__ = ()


@dataclass(frozen=True)
class Bar:
    """A share with a bar in HTML, and only its text in a terminal.

    Attributes
    ----------
    share : float
        Length of the bar, 0 to 1.
    text : str
    """

    share: float
    text: str


def width_of_terminal() -> int:
    """Return columns of the terminal (``COLUMNS`` goes first), 80 where there is none; 40 to 200."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, _LEAST), _MOST)


def paragraph(text: str, *, indent: str = "", first: str | None = None, width: int | None = None) -> list[str]:
    """Return lines of a text, wrapped at words; what is longer than a line is not broken, nor a number from its per cent sign or an
    interval within its brackets.

    >>> paragraph("Call those whose contract ends in May.", indent="  ", width=24)
    ['  Call those whose', '  contract ends in May.']
    """
    begin = indent if first is None else first
    wide = width_of_terminal() if width is None else width
    return _wrapped(text, wide, begin, indent) or [begin.rstrip()]


def cell_text(value: object) -> str:
    """Return the text of a cell: whole numbers by thousands, bars by their text."""
    if isinstance(value, Bar):
        return value.text
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def text_table(
    rows: Iterable[Sequence[object]], head: Sequence[str] = (), *, indent: str = "", width: int | None = None, keys: int = 1
) -> list[str]:
    """Return lines of a table that is no wider than the terminal.

    Prose is wrapped at words, but not at a no-break space; where that is not enough, the table is cut into blocks of columns, each with
    the first columns again. Rows that have nothing in a further block are left out there.

    Parameters
    ----------
    rows : iterable of rows
        Cells: int, :class:`Figure` and :class:`Bar` stand to the right, other texts to the left.
    head : sequence of str
    indent : str
        Before every line.
    width : int, optional
        Columns of the terminal by default.
    keys : int
        First columns that say what a row is of.

    >>> text_table([("a", 1200), ("bcd", 7)], ("who", "paid"))
    ['who   paid', 'a    1,200', 'bcd      7']
    """
    cells = [list(row) for row in rows]
    n = max([len(head), *map(len, cells)], default=0)
    if not n:
        return []
    cells = [[*row, *[""] * (n - len(row))] for row in cells]
    right = [bool(cells) and all(isinstance(row[j], int | Figure | Bar) or row[j] == "" for row in cells) for j in range(n)]
    right = [r and any(row[j] != "" for row in cells) for j, r in enumerate(right)]
    texts = [[cell_text(value) for value in row] for row in cells]
    names = [*head, *[""] * (n - len(head))] if head else None
    room = (width_of_terminal() if width is None else width) - len(indent)
    lines: list[str] = []
    for block in _blocks(texts, names, right, room, min(keys, n)):
        shown = [row for row in texts if any(row[j] for j in block[keys:])] if lines else texts
        if lines and texts and not shown:
            continue
        if lines:
            lines.append("")
        lines += [indent + line for line in _block(shown, names, right, block, room)]
    return lines


def _natural(texts: list[list[str]], names: list[str] | None, j: int) -> int:
    lines = [line for row in ([names] if names else []) + texts for line in row[j].split("\n")]
    return max((len(line) for line in lines), default=0)


def _shortest(texts: list[list[str]], names: list[str] | None, right: list[bool], j: int) -> int:
    """Return how narrow a column may become: figures keep their width, prose its longest word."""
    name = max(map(len, _words(names[j] if names else "")), default=0)
    if right[j]:
        return max([name, *(len(line) for row in texts for line in row[j].split("\n"))])
    word = max((len(word) for row in texts for word in _words(row[j])), default=0) + (0 if j else len(_FURTHER))
    return max(name, min(max(word, _NARROWEST), _natural(texts, names, j)))


def _words(text: str) -> list[str]:
    """Return the parts of a text that are not broken."""
    return re.findall(r"[^ \n]+", _TOGETHER.sub(_NO_BREAK, text))


def _blocks(texts: list[list[str]], names: list[str] | None, right: list[bool], room: int, keys: int) -> list[list[int]]:
    """Return places of the columns of each block."""
    least = [_shortest(texts, names, right, j) for j in range(len(right))]
    first = list(range(keys))
    start = sum(least[:keys]) + _GAP * (keys - 1)
    blocks, used = [list(first)], start
    for j in range(keys, len(least)):
        if used + _GAP + least[j] > room and len(blocks[-1]) > (keys if len(blocks) > 1 else 0):
            blocks.append(list(first))
            used = start
        blocks[-1].append(j)
        used += _GAP + least[j]
    return blocks


def _block(texts: list[list[str]], names: list[str] | None, right: list[bool], block: list[int], room: int) -> list[str]:
    least = {j: _shortest(texts, names, right, j) for j in block}
    wide = {j: _natural(texts, names, j) for j in block}
    over = sum(wide.values()) + _GAP * (len(block) - 1) - room
    while over > 0:
        widest = max(block, key=lambda j: (wide[j] - least[j] > 0, wide[j]))
        spare = wide[widest] - least[widest]
        if spare <= 0:
            break
        wide[widest] -= (cut := min(spare, over, max(1, spare // 4)))
        over -= cut
    lines = []
    for row in ([names] if names else []) + texts:
        parts = {j: [part for line in row[j].split("\n") for part in _fitted(line, wide[j], "" if j else _FURTHER)] for j in block}
        for i in range(max(map(len, parts.values()))):
            shown = ((parts[j][i] if i < len(parts[j]) else "", wide[j], right[j]) for j in block)
            line = (" " * _GAP).join(text.rjust(size) if figure else text.ljust(size) for text, size, figure in shown)
            lines.append(line.rstrip().replace(_NO_BREAK, " "))  # it has kept words together
    return lines


def _fitted(text: str, width: int, further: str) -> list[str]:
    return _wrapped(text, width, "", further) if len(text) > width else [text]


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Return lines of a text, without breaks where parts belong together."""
    wrapper = textwrap.TextWrapper(width, first, rest, break_long_words=False, break_on_hyphens=False)
    lines = wrapper.wrap(_TOGETHER.sub(_NO_BREAK, text))
    return [line.replace(f"{_NO_BREAK}%", " %").replace(f",{_NO_BREAK}", ", ") for line in lines]
