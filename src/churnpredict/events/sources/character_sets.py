"""Detect the encoding of a text file: by its first bytes, by whether it is UTF-8, else by the language of its letters."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

__all__ = ["Encoding", "check_encoding", "find_encoding"]

Encoding = tuple[str, tuple[str, ...], str]  # the best, others that are as good, and why
_CHUNK = 1 << 20
_KEPT = 200_000  # bytes of words with letters beyond ASCII that are compared
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, which begins like it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Letters beyond ASCII, in small, of the languages that an encoding was made for.
_WESTERN = {
    **{"German": "äöüß", "French": "àâæçèéêëîïôœùûüÿ", "Spanish": "áéíñóúü", "Italian": "àèéìòù", "Portuguese": "àáâãçéêíóôõú"},
    **{"Dutch": "áéëïóöü", "Swedish": "åäö", "Danish": "æøå", "Finnish": "äöå", "Catalan": "àçèéíïòóúü", "Icelandic": "áðéíóúýþæö"},
}
_CENTRAL = {
    **{"Polish": "ąćęłńóśźż", "Czech": "áčďéěíňóřšťúůýž", "Hungarian": "áéíóöőúüű", "Romanian": "ăâîşţ", "Croatian": "čćđšž"},
    **{"Slovak": "áäčďéíĺľňóôŕšťúýž", "German": "äöüß"},
}
_TURKISH = {"Turkish": "çğıİöşüâîû", "German": "äöüß"}
_CYRILLIC = {"Russian": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"}
# In order of preference: the first of those that read a file equally well is taken.
_SETS = {
    "cp1252": _WESTERN,
    "iso-8859-15": _WESTERN,
    "cp1254": _TURKISH,
    "cp1250": _CENTRAL,
    "iso-8859-2": _CENTRAL,
    "cp1251": _CYRILLIC,
    "koi8-r": _CYRILLIC,
}
_SIGNS = frozenset("€£§°²³µ·«»“”„‘’‚–—…™®©½¼№\u00a0¿¡ºª•")
_RARE = {"Icelandic": 0.9}  # short words of Turkish read well in it too
_NEAR = 0.98  # share of the best score that counts as equally good


def find_encoding(file: BinaryIO) -> Encoding:
    """Return the encoding of a file, others that read it as well with another meaning, and why.

    The whole file is read, because one letter in its last row decides as well as one in its first.
    """
    head = file.read(_CHUNK)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return (name, (), "it begins with a byte order mark")
    if (wide := _wide(head)) is not None:
        return (wide, (), "every second byte is zero")
    words: list[bytes] = []
    if _is_utf8(_chunks(head, file), words):
        return ("utf-8", (), "every byte is UTF-8" if words else "it is plain ASCII")
    return _by_letters(b" ".join(words))


def check_encoding(name: str) -> str | None:
    """Return Python's name of the encoding, or None where there is no such encoding of text."""
    try:
        found = codecs.lookup({"latin": "latin-1", "ansi": "cp1252"}.get(name.lower(), name))
    except (LookupError, ValueError):
        return None
    return found.name if getattr(found, "_is_text_encoding", True) else None


def _chunks(head: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield head
    while chunk := file.read(_CHUNK):
        yield chunk


def _wide(head: bytes) -> str | None:
    """Return the kind of UTF-16 without a mark: delimiters, digits and line ends have a zero byte, always on the same side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    least = max(len(head) // 20, 1)
    if odd > least and odd > 20 * even:
        return "utf-16-le"
    return "utf-16-be" if even > least and even > 20 * odd else None


def _is_utf8(chunks: Iterable[bytes], words: list[bytes]) -> bool:
    """Return whether all of it is UTF-8; words with bytes beyond ASCII are kept, and no more is read than decides."""
    decoder, good, kept = codecs.getincrementaldecoder("utf-8")(), True, 0
    for chunk in chunks:
        if kept < _KEPT and not chunk.isascii():
            found = re.findall(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*", chunk)
            words += found
            kept += sum(map(len, found))
        if good:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                good = False
        if not good and kept >= _KEPT:
            break
    if good:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            good = False
    return good


def _by_letters(content: bytes) -> Encoding:
    scores = {}
    for name, languages in _SETS.items():
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        scores[name] = _score(text, languages), text
    if not scores:  # bytes that none of these encodings has
        return ("latin-1", (), "it has bytes that are not UTF-8, in no known language")
    best = max(scores, key=lambda name: scores[name][0][0])
    (most, language), text = scores[best]
    near = [n for n, ((score, _), other) in scores.items() if n != best and other != text and most > 0 and score >= _NEAR * most]
    return (best, tuple(near), f"its letters are those of {language}" if most > 0 and language else "bytes that are not UTF-8")


def _score(text: str, languages: dict[str, str]) -> tuple[float, str]:
    """Return how well a text reads, from -1 to 1, in the language in which it reads best."""
    strange, total, signs_known = 0.0, 0, 0.0
    letters: Counter[str] = Counter()
    for word in sorted(set(text.split())):  # each word once: a city in every row is no more evidence than one
        beyond = [c for c in word if ord(c) > 127]
        total += len(beyond)
        kinds = ["l" if c.islower() else "U" if c.isupper() else "." for c in word]
        for place, char in enumerate(word):
            if ord(char) < 128:
                continue
            if char in "ºª":  # "nº", "2ª": letters by their category
                numbered = place > 0 and (word[place - 1].isdigit() or word[:place].lower() in ("n", "no", "num"))
                signs_known += 0.5 * numbered
                letters[char] += 0
            elif char.isalpha():
                mixed = any(_script(char) != _script(other) for other in word if other.isalpha())
                shouts = place > 0 and kinds[place] == "U" and kinds[place - 1] == "l"
                strange += 2.0 * mixed + 1.0 * shouts
                letters[char.lower() if len(char.lower()) == 1 else char] += 1
            else:
                strange += 2.0 * (
                    char not in _SIGNS or (0 < place < len(word) - 1 and word[place - 1].isalpha() and word[place + 1].isalpha())
                )
                letters[char] += 0
    signs = total - sum(letters.values())
    known = {name: sum(letters[c] for c in alphabet) for name, alphabet in languages.items()}
    language = max(known, key=lambda name: known[name] * _RARE.get(name, 1.0))
    score = known[language] * _RARE.get(language, 1.0) + 0.5 * signs + signs_known - strange
    return score / max(total, 1), language if known[language] else ""


def _script(char: str) -> str:
    return "Cyrillic" if "\u0400" <= char <= "\u04ff" else "Latin"
