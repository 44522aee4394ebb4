"""Names of months in ten languages, full and short, as numbers: date parsers know only English."""

from __future__ import annotations

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["MONTHS", "name_no_months"]

# Language -> twelve months, each with its forms: in a date Polish and Russian use the genitive.
NAMES = {
    "English": "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|october oct|november nov"
    "|december dec",
    "German": "januar jänner jan jän|februar feber feb|märz maerz mär mrz|april apr|mai|juni jun|juli jul|august aug|september sep sept"
    "|oktober okt|november nov|dezember dez",
    "French": "janvier janv jan|février févr fév|mars mar|avril avr|mai|juin jun|juillet juil jul|août aoû|septembre sept sep|octobre oct"
    "|novembre nov|décembre déc",
    "Spanish": "enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|agosto ago|septiembre setiembre sep sept set"
    "|octubre oct|noviembre nov|diciembre dic",
    "Italian": "gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug|agosto ago|settembre set sett|ottobre ott"
    "|novembre nov|dicembre dic",
    "Portuguese": "janeiro jan|fevereiro fev|março mar|abril abr|maio mai|junho jun|julho jul|agosto ago|setembro set|outubro out"
    "|novembro nov|dezembro dez",
    "Polish": "styczeń stycznia sty|luty lutego lut|marzec marca mar|kwiecień kwietnia kwi|maj maja|czerwiec czerwca cze"
    "|lipiec lipca lip|sierpień sierpnia sie|wrzesień września wrz|październik października paź"
    "|listopad listopada lis|grudzień grudnia gru",
    "Dutch": "januari jan|februari feb|maart mrt|april apr|mei|juni jun|juli jul|augustus aug|september sep sept|oktober okt|november nov"
    "|december dec",
    "Russian": "январь января янв|февраль февраля фев февр|март марта мар|апрель апреля апр|май мая|июнь июня июн|июль июля июл"
    "|август августа авг|сентябрь сентября сен сент|октябрь октября окт|ноябрь ноября ноя нояб|декабрь декабря дек",
    "Turkish": "ocak oca|şubat şub|mart mar|nisan nis|mayıs may|haziran haz|temmuz tem|ağustos ağu|eylül eyl|ekim eki|kasım kas|aralık ara",
}


def bare(word: str) -> str:
    """Return a word in small letters without accents and dots, whatever its case and Unicode form."""
    plain = unicodedata.normalize("NFKD", word.replace("ı", "i").replace("İ", "i").casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


MONTHS: dict[str, int] = {
    bare(form): number for months in NAMES.values() for number, forms in enumerate(months.split("|"), 1) for form in forms.split()
}


def name_no_months(text: pa.Array, form: str) -> tuple[pa.Array, str]:
    """Replace names of months by marked numbers, in texts and in their format: a plain number in place of a name is not read.

    A dot after a short name belongs to it, and so do the endings of ordinal numbers (1st, 1er) to the day.

    >>> name_no_months(pa.array(["5 мая 2024 г."]), "%d %B %Y г.")[0].to_pylist()
    ['5 ~05 2024 г.']
    """
    if not re.search("%[bBh]", form):
        return text, form
    text = _composed(text)
    if pc.any(pc.match_substring_regex(text, "[0-9](st|nd|rd|th|er|re|º|ª|°)")).as_py():
        text = pc.replace_substring_regex(text, "([0-9])(?:st|nd|rd|th|er|re|º|ª|°)([ .,]|$)", r"\1\2")
    words = set(re.findall(r"[^\W\d_]{3,}", " ".join(pc.drop_null(pc.unique(text)).to_pylist())))
    dotted = not re.search(r"%[bBh]\.", form)
    for word in sorted(words, key=len, reverse=True):  # "mar" is a part of "marca"
        if (number := MONTHS.get(bare(word))) is not None:
            text = pc.replace_substring(text, f"{word}.", f"~{number:02}") if dotted else text
            text = pc.replace_substring(text, word, f"~{number:02}")
    return text, re.sub("%[bBh]", "~%m", form)


def _composed(text: pa.Array) -> pa.Array:
    """Return texts in Unicode's form NFC, by Python: what Arrow 18 to 25 calls NFC is NFD, where accents are letters of their own."""
    if pc.all(pc.string_is_ascii(text)).as_py() in (True, None):
        return text
    coded = text.dictionary_encode()
    composed = [unicodedata.normalize("NFC", t) for t in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(composed, text.type)).dictionary_decode()
