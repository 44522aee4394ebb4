"""Dates in every order and in ten languages: what a writer wrote is found and read back, or the doubt is said."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from churnpredict.errors import TimeError
from churnpredict.events.values import time_formats
from churnpredict.events.values.month_names import NAMES, bare, name_no_months
from churnpredict.events.values.time_formats import fitting_formats, read_formatted

# First and short names as a person of the country writes them in a date.
LONG = {
    "English": "January February March April May June July August September October November December",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Russian": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "Turkish": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
}
SHORT = {
    "English": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "German": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "French": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "Spanish": "ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic.",
    "Italian": "gen feb mar apr mag giu lug ago set ott nov dic",
    "Portuguese": "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
    "Polish": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "Dutch": "jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
    "Russian": "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.",
    "Turkish": "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
}
NUMBERED = (
    *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d. %m. %Y", "%d %m %Y"),
    *("%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d"),
    *("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d", "%d%m%y", "%m%d%y", "%Y%m%d%H%M", "%Y%m%d%H%M%S"),
    *("%d.%m.%Y %H:%M", "%d.%m.%Y, %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y, %I:%M:%S %p", "%m/%d/%y %I:%M%p", "%d/%m/%Y %H.%M"),
    *("%Y-%m-%d %I:%M %p", "%d-%m-%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S.%f", "%d/%m/%YT%H:%M:%S", "%Y%m%d %H:%M:%S"),
)


def moments(seed, n=200):
    rng = np.random.default_rng(seed)
    return [dt.datetime(2022, 12, 20) + dt.timedelta(seconds=int(s)) for s in rng.integers(0, 600 * 86_400, n)]


def cut(moment, form):
    """The moment as precise as a format writes it."""
    parts = [c for c in "HIMSf" if f"%{c}" in form]
    if not parts:
        return dt.datetime.combine(moment.date(), dt.time())
    return moment.replace(microsecond=0, second=moment.second if "S" in parts else 0)


@pytest.mark.parametrize("form", NUMBERED)
@pytest.mark.parametrize("zeros", [True, False])
def test_orders_of_numbers(form, zeros):
    days = moments(len(form))
    texts = [
        d.strftime(form) if zeros or "%d%" in form or "%m%" in form or "%y%" in form or "%H%" in form else short(d, form) for d in days
    ]
    assert fitting_formats(pa.array(texts)) == [form]
    read = read_formatted(pa.array(texts), form, table="t", name="at")
    assert read.to_pylist() == [cut(d, form) for d in days]


def short(moment, form):
    """Without zeros before days, months and hours, as people type."""
    return moment.strftime(form.replace("%d", "%-d").replace("%m", "%-m").replace("%H", "%-H").replace("%I", "%-I"))


@pytest.mark.parametrize("language", LONG)
@pytest.mark.parametrize("names", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("case", [str, str.upper, str.title])
def test_names_of_months(language, names, case):
    if language == "Turkish" and case is str.upper:

        def case(text):
            return text.replace("i", "İ").replace("ı", "I").upper()

    months = [case(m) for m in names[language].split()]
    days = moments(7)
    between = {"Spanish": " de ", "Portuguese": " de "}.get(language, " ")
    after = " г." if language == "Russian" else ""
    dot = "." if language == "German" else ""
    texts = [f"{d.day}{dot}{between}{months[d.month - 1]}{between}{d.year}{after}" for d in days]
    forms = fitting_formats(pa.array(texts))
    assert len(forms) == 1
    assert read_formatted(pa.array(texts), forms[0], table="t", name="at").to_pylist() == [cut(d, "%d") for d in days]


def test_a_name_means_one_month_in_all_languages():
    seen = {}
    for language, months in NAMES.items():
        assert months.count("|") == 11, language
        for number, forms in enumerate(months.split("|"), 1):
            for form in forms.split():
                assert seen.setdefault(bare(form), number) == number, (language, form)


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("5 мая 2024 г.", "%d %B %Y г.", "2024-05-05"),
        ("1er févr. 2024", "%d %b %Y", "2024-02-01"),
        ("Sept. 5th, 2024", "%b %d, %Y", "2024-09-05"),
        ("May 1st, 2024", "%B %d, %Y", "2024-05-01"),
        ("31. DEZEMBER 2023", "%d. %B %Y", "2023-12-31"),
        ("05-KAS-24", "%d-%b-%y", "2024-11-05"),
        ("5 de março de 2024", "%d de %B de %Y", "2024-03-05"),
        ("10 a\u0306ustos 2024".replace("a\u0306", "ağ"[:1] + "ğ"), "%d %B %Y", "2024-08-10"),
        ("3 aou\u0302t 2024", "%d %B %Y", "2024-08-03"),
    ],
)
def test_single_dates(text, form, day):
    assert str(read_formatted(pa.array([text]), form, table="t", name="at")[0])[:10] == day


def test_day_and_month_are_a_question_where_nothing_tells():
    assert fitting_formats(pa.array(["01/02/2024", "03/04/2024"])) == ["%m/%d/%Y", "%d/%m/%Y"]
    assert fitting_formats(pa.array(["010203"])) == ["%y%m%d", "%d%m%y", "%m%d%y"]
    days = sorted(d for d in moments(3) if d.day <= 12)
    assert fitting_formats(pa.array([f"{d:%d/%m/%Y}" for d in days])) == ["%d/%m/%Y"]  # in order of time, read so and not otherwise
    mixed = [f"{d:%d/%m/%Y}" for d in days]
    np.random.default_rng(1).shuffle(mixed)
    assert fitting_formats(pa.array(mixed)) == ["%m/%d/%Y", "%d/%m/%Y"]


def test_a_reading_over_thirty_years_is_not_meant():
    assert fitting_formats(pa.array([f"{d:%d.%m.%y}" for d in moments(2)])) == ["%d.%m.%y"]


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%d %b %Y", "%d%m%Y"])
def test_days_that_do_not_exist_are_refused_with_their_number(form):
    texts = [dt.date(2024, 3, n + 1).strftime(form) for n in range(20)] + ["31.04.2024", "30.02.2024"]
    texts[-2:] = [
        {"%d.%m.%Y": t, "%d %b %Y": t.replace(".04.", " Apr ").replace(".02.", " Feb "), "%d%m%Y": t.replace(".", "")}[form]
        for t in texts[-2:]
    ]
    with pytest.raises(TimeError) as caught:
        read_formatted(pa.array(texts), form, table="t", name="at")
    assert (caught.value.code, caught.value.rows) == ("time-format", 2)


def test_numbers_of_digits_alone_keep_their_zeros():
    assert [str(v)[:10] for v in read_formatted(pa.array([50124, 311224]), "%d%m%y", table="t", name="at")] == ["2024-01-05", "2024-12-31"]
    assert str(read_formatted(pa.array([1022024]), "%d%m%Y", table="t", name="at")[0])[:10] == "2024-02-01"


def test_a_planted_fault_is_caught(monkeypatch):
    monkeypatch.setattr(time_formats, "DAYS", tuple(f for f in time_formats.DAYS if f != "%d.%m.%y"))
    with pytest.raises(AssertionError):
        test_orders_of_numbers("%d.%m.%y", True)


@pytest.mark.parametrize("text", ["2024-W05", "2024-Q1", "Q1 2024", "hello", "12", "1234.5", "2024", "A17", "12:30", ""])
def test_what_is_no_date_has_no_format(text):
    assert fitting_formats(pa.array([text] * 3)) == []


def test_a_number_is_no_name_of_a_month():
    assert fitting_formats(pa.array(["3 Feb 2024", "1 Feb 2024"])) == ["%d %b %Y"]
    with pytest.raises(TimeError, match="time-format"):
        read_formatted(pa.array(["3 Feb 2024"]), "%b %d %Y", table="t", name="at")
    with pytest.raises(TimeError, match="time-format"):
        read_formatted(pa.array(["3 02 2024"]), "%d %b %Y", table="t", name="at")


def test_texts_without_names_of_months_stay():
    text = pa.array(["5.3.2024"])
    assert name_no_months(text, "%d.%m.%Y")[0] is text


def test_first_days_of_months_are_not_a_fortnight_of_januaries():
    months = pa.array([f"01/{m:02d}/{year}" for year in (2023, 2024) for m in (5, 1, 9, 12, 3, 2)])
    assert fitting_formats(months) == ["%d/%m/%Y"]
    american = pa.array([f"{m:02d}/01/{year}" for year in (2023, 2024) for m in (5, 1, 9, 12, 3, 2)])
    assert fitting_formats(american) == ["%m/%d/%Y"]
    one_year = pa.array([f"01/{m:02d}/2024" for m in (5, 1, 9, 12, 3, 2)])  # days of one January, or months: asked, months first
    assert fitting_formats(one_year) == ["%d/%m/%Y", "%m/%d/%Y"]


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("%Y-%M-%d", "2024-05-12", "a day and no month"),  # minutes: all were in January
        ("%d.%M.%Y", "12.05.2024", "a day and no month"),
        ("%Y-W%W", "2024-W31", "a week and no day of the week"),  # all were the first of January
        ("%Y-%U", "2024-31", "a week and no day of the week"),
        ("%d.%m.", "12.05.", "no year"),
        ("%d %b", "12 May", "no year"),
        ("%Y-%m-%d %H:%M %p", "2024-05-12 01:05 PM", "%p beside %H"),  # five past one at night
        ("%Y-%m-%d %I:%M", "2024-05-12 01:05", "%I without %p"),
    ],
)
def test_a_format_that_leaves_out_a_part_is_refused(form, text, said):
    with pytest.raises(TimeError, match=said) as caught:
        read_formatted(pa.array([text]), form, table="t", name="at")
    assert caught.value.code == "time-format"


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        ("%m/%Y", "05/2024", dt.datetime(2024, 5, 1)),
        ("%Y", "2024", dt.datetime(2024, 1, 1)),
        ("%Y-%j", "2024-133", dt.datetime(2024, 5, 12)),
        ("%G-W%V-%u", "2024-W19-7", dt.datetime(2024, 5, 12)),
        ("%Y-%W-%a", "2024-19-Sun", dt.datetime(2024, 5, 12)),
        ("%Y-%m-%d %I:%M %p", "2024-05-12 01:05 PM", dt.datetime(2024, 5, 12, 13, 5)),
        ("%Y-%m-%d %I:%M %p", "2024-05-12 12:05 AM", dt.datetime(2024, 5, 12, 0, 5)),
        ("100%% %Y-%m-%d", "100% 2024-05-12", dt.datetime(2024, 5, 12)),
    ],
)
def test_a_format_with_all_parts_is_read(form, text, moment):
    assert read_formatted(pa.array([text]), form, table="t", name="at").to_pylist() == [moment]
