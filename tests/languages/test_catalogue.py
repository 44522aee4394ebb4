"""Every language says everything: each key, each hole, each form of the plural, and nothing in English by mistake."""

from __future__ import annotations

import datetime
import re
import string
from pathlib import Path
from typing import Any

import pytest

from churnpredict.churn.rules import rules_by_name
from churnpredict.errors import UsageError
from churnpredict.explanation.drivers import DRIVERS, label_and_remedy
from churnpredict.languages import catalogue
from churnpredict.languages.catalogue import LANGUAGES, Language, language_of, read_language
from churnpredict.report.drift_section import MEASURED, REMEDIES

ENGLISH = language_of("en")
OTHERS = [code for code in LANGUAGES if code != "en"]
SECTIONS = ("words", "page", "drivers", "decisions", "absences")
SAME = {"AUC", "{things}: {n}", "{things} : {n}", "; ", "Lift", ""}  # what may look like English and is not
FOREIGN = {"ar": r"[\u0600-\u06ff]", "bg": r"[\u0400-\u04ff]", "ru": r"[\u0400-\u04ff]"}  # the letters that every sentence must have


def forms(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else list(message.values()) if isinstance(message, dict) else list(message)


def holes(message: Any) -> set[str]:
    return {name for text in forms(message) for _, name, _, _ in string.Formatter().parse(text) if name}


def lacks(spoken: Language) -> list[str]:
    """What a language lacks, in words: nothing is what the tests ask for."""
    found: list[str] = []
    for section in SECTIONS:
        english, here = getattr(ENGLISH, section), getattr(spoken, section)
        found += [f"{section}: no {key!r}" for key in english if key not in here and not key.endswith(".mass") and "=" not in key]
        found += [f"{section}: {key!r} is in no other language" for key in here if key.partition("=")[0] not in english]
        found += [
            f"{section}: {key!r} has other holes"
            for key in here
            if "=" in key and not holes(here[key]) <= holes(here[key.partition("=")[0]])
        ]
        for key in {key for key in set(english) & set(here) if "=" not in key}:
            if holes(here[key]) != holes(english[key]):
                found.append(f"{section}: {key!r} has the holes {sorted(holes(here[key]))}, not {sorted(holes(english[key]))}")
            listed = (not isinstance(english[key], str) and section == "page") or isinstance(here[key], list)
            if listed and len(forms(here[key])) != len(spoken.plural) + 1:
                found.append(f"{section}: {key!r} has {len(forms(here[key]))} forms, not {len(spoken.plural) + 1}")
    for phrase, units in ENGLISH.spans.items():
        for unit in units:
            given = spoken.spans.get(phrase, {}).get(unit, [])
            if len(given) != len(spoken.plural) + 1:
                found.append(f"spans: {phrase}.{unit} has {len(given)} forms, not {len(spoken.plural) + 1}")
    return found


def english_left(spoken: Language) -> list[str]:
    """Messages that read as they do in English, or lack the letters of the language."""
    found = []
    for section in ("words", "page", "drivers"):
        english, here = getattr(ENGLISH, section), getattr(spoken, section)
        for key, message in here.items():
            for text, same in zip(forms(message), forms(english.get(key, "")), strict=False):
                plain = re.sub(r"\{\w+\}|[\W\d_]", "", text)
                if text == same and len(plain) > 6 and text not in SAME:
                    found.append(f"{section}: {key}: {text}")
                if spoken.code in FOREIGN and len(plain) > 3 and text not in SAME and not re.search(FOREIGN[spoken.code], text):
                    found.append(f"{section}: {key}: {text}")
    return found


def test_each_file_of_the_folder_is_a_language_and_english_is_the_first() -> None:
    folder = Path(catalogue.__file__).parent
    assert sorted(LANGUAGES) == sorted(path.stem for path in folder.glob("*.toml"))
    assert LANGUAGES[0] == "en"
    assert list(LANGUAGES[1:]) == sorted(LANGUAGES[1:])


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_lacks_nothing(code: str) -> None:
    assert lacks(language_of(code)) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_churn_rule_has_its_sentence(code: str) -> None:
    assert [rule for rule in rules_by_name() if f"leaving.{rule}" not in language_of(code).page] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_drift_alarm_has_its_sentences(code: str) -> None:
    page = language_of(code).page
    wanted = {f"alarm.{alarm}" for alarm in MEASURED} | set(REMEDIES.values()) | {f"drift.{m[0]}" for m in MEASURED.values() if m}
    assert wanted - set(page) == set()
    assert {key for key in page if key.startswith("fix.")} - wanted == {"fix.crept"}


@pytest.mark.parametrize("code", OTHERS)
def test_no_english_is_left(code: str) -> None:
    assert english_left(language_of(code)) == []


def test_what_a_ninth_language_lacks_is_told(tmp_path: Path) -> None:
    text = (Path(language_of.__code__.co_filename).parent / "de.toml").read_text(encoding="utf-8")
    text = text.replace('unknown = "{things}: nicht bekannt"\n', "").replace('"{n} Kunde ohne Wert", ', "")
    text = text.replace('"figure.customers" = "Kunden"', '"figure.customers" = "Customers who"').replace(
        "{share} davon, Zeitraum", "Zeitraum"
    )
    path = tmp_path / "nn.toml"
    path.write_text(text.replace('code = "de"', 'code = "nn"'), encoding="utf-8")
    told = "\n".join(lacks(read_language(path)))
    assert "no 'unknown'" in told
    assert "'figure.without' has 1 forms, not 2" in told
    assert "'figure.leaving.note' has the holes ['days'], not ['days', 'share']" in told
    assert english_left(language_of("en")), "English reads as English"
    (tmp_path / "xx.toml").write_text("[words]\n", encoding="utf-8")
    with pytest.raises(UsageError, match="unknown-language"):
        read_language(tmp_path / "xx.toml")


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_can_be_said(code: str) -> None:
    spoken = language_of(code)
    for key, message in spoken.page.items():
        for n in (0, 1, 2, 5, 11, 21, 1234):
            said = spoken.say(key, **(dict.fromkeys(holes(message) | {"n"}, "x") | {"n": n}))
            assert "{" not in said
    for phrase, units in spoken.spans.items():
        for unit in {name.partition("=")[0] for name in units}:
            for n in (1, 2, 3, 11, 90, 1.5):
                assert "{" not in spoken.span(phrase, n, unit)


def test_one_number_may_have_a_form_of_its_own() -> None:
    seen = {code: [language_of(code).say("season.seen", n=n) for n in (1, 2, 21)] for code in ("en", "ru", "pl")}
    assert seen["en"][1] == "This time of the year has been seen twice before."
    assert "21 times" in seen["en"][2]
    assert ("дважды" in seen["ru"][1], "21 раз." in seen["ru"][2]) == (True, True)
    assert seen["pl"][0] == "Tę porę roku zaobserwowano dotąd raz."
    assert language_of("ru").span("every", 1) == "раз в день"
    assert language_of("ru").span("every", 21) == "раз в 21 день"
    left = language_of("en").say("holdout.begin", n=1, m=30, cost="€5")
    assert left == "1 of the 30 customers worth contacting is left alone at random, which gives up about €5."


@pytest.mark.parametrize(
    ("code", "n", "told"),
    [
        ("en", 1.0, "silent for as long as normal"),
        ("en", 2.0, "silent for 2 times as long as normal"),
        ("fr", 1.0, "silence aussi long que d’habitude"),
        ("pl", 5.0, "przerwa 5 razy dłuższa niż zwykle"),
        ("pl", 2.5, "przerwa 2,5 raza dłuższa niż zwykle"),
        ("ar", 4.0, "انقطاع أطول من المعتاد بمقدار 4 مرات"),
    ],
)
def test_reasons_go_by_their_number(code: str, n: float, told: str) -> None:
    spoken = language_of(code)
    assert spoken.clause("gap_ratio", n).format(things="", n=spoken.number(n)).strip(" :") == told


def test_french_points_are_many_from_two_on() -> None:
    french = language_of("fr")
    said = [french.clause("reason.bare", n, 1).format(label="Prix", points=french.points(n / 100)) for n in (0.8, 1.0, 1.96, 2.0)]
    assert said == ["Prix (+0,8 point).", "Prix (+1,0 point).", "Prix (+2,0 points).", "Prix (+2,0 points)."]


def test_numbers_are_those_of_the_language() -> None:
    shown = {code: (language_of(code).number(1234.5), language_of(code).percent(0.0512)) for code in LANGUAGES}
    assert shown["en"] == ("1,234", "5.1 %")
    assert shown["de"] == ("1.234", "5,1\u00a0%")
    assert shown["fr"] == ("1\u202f234", "5,1\u00a0%")
    assert shown["pl"] == ("1234", "5,1\u00a0%")
    assert shown["ar"] == ("1,234", "\u200e5.1%")
    assert language_of("de").amount(1234567, "€") == "1.234.567\u00a0€"
    assert language_of("en").amount(1234567, "€") == "€1,234,567"
    assert language_of("en").amount(12, "USD") == "12 USD"
    assert language_of("ru").day(datetime.date(2024, 4, 2)) == "02.04.2024"
    assert language_of("en").score(0.5) == ".500"
    assert language_of("en").score(-0.02) == "−.020"
    assert language_of("en").percent(float("nan")) == "–"
    assert language_of("en").percent(0.9996) == "> 99.9 %"
    assert [language_of("de").points(x, sign=True) for x in (-0.0001, 0.0001, -0.0006)] == ["0,0", "+0,0", "−0,1"]


def test_a_wrong_language_names_all_eight() -> None:
    for wrong in ("xx", "DE", None, 3):
        with pytest.raises(UsageError, match="unknown-language") as error:
            language_of(wrong)  # type: ignore[arg-type]
        assert all(f'"{code}"' in str(error.value) for code in LANGUAGES)


def test_every_driver_has_its_words_and_a_user_keeps_his_own() -> None:
    for driver in DRIVERS.values():
        for code in OTHERS:
            _label, remedy = label_and_remedy(driver, language_of(code))
            assert remedy
            assert remedy != driver.remedy
    import dataclasses

    own = dataclasses.replace(DRIVERS["price"], remedy="Ask Anna")
    assert label_and_remedy(own, language_of("de")) == ("Preis", "Ask Anna")
