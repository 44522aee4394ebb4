"""Sentence templates of explanations per language, with number and date formats.

Longer than most because every aggregate has its sentences in every language.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass

from churnpredict.errors import UsageError

__all__ = ["LANGUAGES", "Language", "language_of"]


@dataclass(frozen=True)
class Language:
    """Templates by aggregate, and how numbers are written.

    Placeholders: ``{things}`` what is counted, ``{n}`` the customer's number, ``{w}`` the window, ``{m}`` the number in the window before,
    ``{k}`` which one, ``{date}`` a day, ``{u}`` what is usual. A template ``x.none`` is for a missing value of x, ``x.zero`` for
    zero, ``x.first`` for k = 1, ``x.all`` for the whole history, ``x.mass`` for things that have no plural.

    Attributes
    ----------
    templates : mapping of str to str
    decimal, thousands : str
    date : str
        For ``strftime``, numbers only.
    units : mapping of unit to (one, many)
    labels : mapping of driver key to its name; English names are the drivers' own
    plural_s : bool
        Whether a plural is known by its s, so that one of several orders is an order.
    """

    templates: Mapping[str, str]
    decimal: str
    thousands: str
    date: str
    units: Mapping[str, tuple[str, str]]
    labels: Mapping[str, str]
    plural_s: bool = False

    def number(self, value: float, digits: int | None = None) -> str:
        """Return a number as people write it: whole from 1,000 on, two digits at most before.

        >>> LANGUAGES["de"].number(1234567.8), LANGUAGES["en"].number(97.68000030517578), LANGUAGES["en"].number(41.0)
        ('1.234.568', '97.68', '41')
        """
        if digits is None:
            digits = 0 if abs(value) >= 1000 else 2
        text = f"{value:,.{digits}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        text = "0" if text in ("-0", "") else text
        return text.translate({ord(","): self.thousands, ord("."): self.decimal})

    def day(self, moment: datetime.date) -> str:
        """Return a day, in numbers."""
        return moment.strftime(self.date)

    def span(self, window: str) -> str:
        """Return a window in words.

        >>> LANGUAGES["en"].span("90d"), LANGUAGES["de"].span("1w"), LANGUAGES["en"].span("1y6mo")
        ('90 days', '1 Woche', '1 year 6 months')
        """
        parts = re.findall(r"([0-9.]+)([a-z]+)", window)
        named = [(n, *self.units.get(unit, (unit, unit))) for n, unit in parts]
        return " ".join(f"{n} {one if n == '1' else many}" for n, one, many in named)

    def days(self, value: float) -> str:
        """Return a number of days with its unit; below one day, "less than 1 day"."""
        whole = int(value)
        one, many = self.units["d"]
        return f"{self.number(whole)} {one if whole == 1 else many}" if whole else f"< 1 {one}"


_EN = {
    "reason": "{label} (+{points} points): {facts}.",
    "reason.fixed": "{label} (+{points} points, not to be changed): {facts}.",
    "nothing": "No driver raises this risk above that of {reference}.",
    "help": "The model would see {then} instead of {risk} with {changes}. So the model behaves; what causes what it does not know.",
    "help.change": "{label}: {then} (now: {now})",
    "help.below": "The risk is below the threshold already.",
    "usual.own": ", usually {u}",
    "usual.others": " ({u} is typical)",
    "unknown": "{things}: not known",
    "count": "{n} {things} in the last {w}",
    "count.zero": "no {things} in the last {w}",
    "count.mass": "{things}: {n} in the last {w}",
    "count.all": "{n} {things} in all",
    "active_days": "{things} on {n} in the last {w}",
    "active_days.zero": "no {things} in the last {w}",
    "active_days.all": "{things} on {n} in all",
    "trend": "{n} {things} in the last {w}, {m} in the {w} before",
    "trend.mass": "{things}: {n} in the last {w}, {m} in the {w} before",
    "trend.none": "no {things} in the last {w}, nor in the {w} before",
    "trend.down": "fewer {things} in the last {w} than in the {w} before",
    "trend.up": "more {things} in the last {w} than in the {w} before",
    "decayed": "{things} on {n} days, recent ones counting more (half after {w})",
    "days_since_last": "{things}: last one {n} ago ({date})",
    "days_since_last.same": "last one {n} ago ({date})",
    "days_since_last.none": "no {things} so far",
    "every": ", usually every {u}",
    "gap_ratio": "silence of {n} times the usual gap between {things}",
    "gap_share_longer": "{n} % of the customer's gaps between {things} were longer than this silence",
    "gap_mean": "{things} every {n} days on average",
    "gap_sd": "gaps between {things} vary by {n} days",
    "gap_max": "longest gap between {things}: {n} days",
    "last_gap": "{things}: gap number {k} from the last took {n} days",
    "last_gap.first": "{things}: the last gap took {n} days",
    "sum": "{things} worth {n} in the last {w}",
    "sum.all": "{things} worth {n} in all",
    "mean": "{things}: {n} on average in the last {w}",
    "mean.all": "{things}: {n} on average",
    "max": "{things}: {n} at most in the last {w}",
    "max.all": "{things}: {n} at most",
    "last_value": "{things}: number {k} from the last was {n}",
    "last_value.first": "{things}: the last one was {n}",
    "distinct": "{things}: {n} different ones in the last {w}",
    "distinct.all": "{things}: {n} different ones in all",
    "first_count": "{n} {things} in the first {w}",
    "first_count.mass": "{things}: {n} in the first {w}",
    "first_count.zero": "no {things} in the first {w}",
    "days_to": "{things}: number {k} came after {n} days",
    "days_to.none": "{things}: number {k} is not on record",
    "days_since_first": "{things}: first one {n} ago ({date})",
    "days_since_first.none": "no {things} so far",
    "tenure_days": "customer for {n} (since {date})",
    "tenure_year": "in year {n} as a customer",
    "season_sin": "the time of the year ({date})",
    "season_cos": "the time of the year ({date})",
    "open_count": "{things}: {n} open",
    "open_count.zero": "{things}: none open",
    "open_age": "{things}: the oldest open one is {n} old (since {date})",
    "open_age.none": "{things}: none open",
    "open_value": "{things}: {n} open in value",
    "days_to_end": "{things}: {n} until the agreed end ({date})",
    "days_to_end.none": "{things}: no agreed end",
    "planned_days": "{things}: agreed for {n} days",
    "planned_days.none": "{things}: no agreed end",
    "closed_count": "{things}: {n} closed",
    "closed_count.zero": "{things}: none closed",
    "closed_days_mean": "{things}: closed after {n} days on average",
    "closed_days_mean.none": "{things}: none closed",
    "days_since_end": "{things}: last end {n} ago ({date})",
    "days_since_end.none": "{things}: none closed",
    "end_value_mean": "{things}: {n} on average at the end",
    "end_value_last": "{things}: {n} at the last end",
    "renewals": "{things}: {n} renewals",
    "renewals.zero": "{things}: no renewal",
    "response_days_mean": "{things}: first response after {n} days on average",
    "response_days_mean.none": "{things}: no response so far",
    "waiting_days": "{things}: the oldest without a response waits for {n} (since {date})",
    "waiting_days.none": "{things}: none waits for a response",
    "recovered": "{things}: {n} recovered at the next attempt in the last {w}",
    "recovered.zero": "{things}: none recovered in the last {w}",
    "recovered.all": "{things}: {n} recovered at the next attempt",
    "recovered_share": "{things}: {n} % recovered at the next attempt in the last {w}",
    "recovered_share.all": "{things}: {n} % recovered at the next attempt",
    "per_session": "{things}: {n} per session in the last {w}",
    "per_session.all": "{things}: {n} per session",
    "unanswered": "{things}: {n} since the last reply",
    "unanswered.zero": "{things}: the last one was answered",
    "answered_share": "{things}: {n} % answered in the last {w}",
    "answered_share.all": "{things}: {n} % answered",
    "days_until": "{things}: in {n} ({date})",
    "days_until.past": "{things}: {n} ago ({date})",
    "days_since_change": "{things}: unchanged for {n} (since {date})",
    "changes": "{things}: {n} changes",
    "changes.zero": "{things}: never changed",
    "last_change_pct": "{things}: last change {n} %",
    "change_year_pct": "{things}: {n} % against a year before",
    "share": "{things}: {n} % of all in the last {w}",
    "share.all": "{things}: {n} % of all",
    "own_share": "{n} % of all {things} so far in the last {w}",
    "entropy": "{things}: variety of {n} bits in the last {w}",
    "entropy.all": "{things}: variety of {n} bits in all",
    "dropped": "{things}: {n} different ones dropped: used in the {w} before, not in the last {w}",
    "dropped.zero": "{things}: none dropped in the last {w}",
    "value_ratio": "{things}: the last one was {n} times the usual",
    "weekend_share": "{things}: {n} % on weekends in the last {w}",
    "weekend_share.all": "{things}: {n} % on weekends",
    "night_share": "{things}: {n} % at night in the last {w}",
    "night_share.all": "{things}: {n} % at night",
    "peer_churn": "{things}: {n} % of the customers with the same one fell silent within {w}",
    "peer_count": "{things}: {n} other customers with the same one within {w}",
    "streak": "{things}: the last {n} in a row",
    "streak.zero": "{things}: not the last time",
    "stage": "by own rhythm of {things}: {n}",
    "stage.names": "new, current, at risk, dormant, resurrected",
    "gap_ratio.none": "{things}: too few to know a rhythm",
    "gap_share_longer.none": "{things}: too few to know a rhythm",
    "gap_mean.none": "{things}: too few to know a rhythm",
    "gap_sd.none": "{things}: too few to know a rhythm",
    "gap_max.none": "{things}: too few to know a rhythm",
    "last_gap.none": "{things}: too few to know a rhythm",
    "mean.none": "no {things} with a known value in the last {w}",
    "mean.none.all": "no {things} with a known value",
    "max.none": "no {things} with a known value in the last {w}",
    "max.none.all": "no {things} with a known value",
    "last_value.none": "no {things} with a known value",
    "share.none": "no {things} in the last {w}",
    "share.none.all": "no {things} so far",
    "own_share.none": "no {things} in the last {w}",
    "own_share.none.all": "no {things} so far",
    "entropy.none": "no {things} in the last {w}",
    "entropy.none.all": "no {things} so far",
    "weekend_share.none": "no {things} in the last {w}",
    "weekend_share.none.all": "no {things} so far",
    "night_share.none": "no {things} in the last {w}",
    "night_share.none.all": "no {things} so far",
    "per_session.none": "no {things} in the last {w}",
    "per_session.none.all": "no {things} so far",
    "days_since_change.none": "no {things} so far",
    "changes.none": "no {things} so far",
    "stage.none": "no {things} so far",
    "recovered_share.none": "{things}: none to recover in the last {w}",
    "recovered_share.none.all": "{things}: none to recover",
    "answered_share.none": "{things}: none to answer in the last {w}",
    "answered_share.none.all": "{things}: none to answer",
    "end_value_mean.none": "{things}: no value at an end",
    "end_value_last.none": "{things}: no value at an end",
    "value_ratio.none": "{things}: too few values to know the usual one",
    "last_change_pct.none": "{things}: no change that has a percentage",
    "change_year_pct.none": "{things}: no value of a year before",
    "first_count.none": "{things}: the first {w} are not on record",
    "days_until.none": "{things}: no date",
    "tenure_days.none": "since when a customer is not known",
    "tenure_year.none": "since when a customer is not known",
    "plain": "{things}: {n}",
}
_DE = {
    "reason": "{label} (+{points} Punkte): {facts}.",
    "reason.fixed": "{label} (+{points} Punkte, nicht zu ändern): {facts}.",
    "nothing": "Nichts hebt dieses Risiko über das Vergleichsrisiko ({reference}).",
    "help": "Das Modell sähe {then} statt {risk} bei {changes}. So verhält sich das Modell; was was verursacht, weiß es nicht.",
    "help.change": "{label}: {then} (jetzt: {now})",
    "help.below": "Das Risiko liegt schon unter der Schwelle.",
    "usual.own": ", sonst {u}",
    "usual.others": " (typisch: {u})",
    "unknown": "{things}: nicht bekannt",
    "count": "{n} {things} in den letzten {w}",
    "count.zero": "0 {things} in den letzten {w}",
    "count.mass": "{things}: {n} in den letzten {w}",
    "count.all": "{n} {things} insgesamt",
    "active_days": "{things} an {n} in den letzten {w}",
    "active_days.zero": "0 {things} in den letzten {w}",
    "active_days.all": "{things} an insgesamt {n}",
    "trend": "{n} {things} in den letzten {w}, {m} in den {w} davor",
    "trend.mass": "{things}: {n} in den letzten {w}, {m} in den {w} davor",
    "trend.none": "0 {things} in den letzten {w} und in den {w} davor",
    "trend.down": "weniger {things} in den letzten {w} als in den {w} davor",
    "trend.up": "mehr {things} in den letzten {w} als in den {w} davor",
    "decayed": "{things} an {n} Tagen, jüngere stärker gewichtet (halb nach {w})",
    "days_since_last": "{things}: zuletzt vor {n} ({date})",
    "days_since_last.same": "zuletzt vor {n} ({date})",
    "days_since_last.none": "noch keine {things}",
    "every": ", sonst alle {u} Tage",
    "gap_ratio": "Stille vom {n}-Fachen des üblichen Abstands zwischen {things}",
    "gap_share_longer": "{n} % der eigenen Abstände zwischen {things} waren länger als diese Stille",
    "gap_mean": "{things} im Mittel alle {n} Tage",
    "gap_sd": "Abstände zwischen {things} schwanken um {n} Tage",
    "gap_max": "längster Abstand zwischen {things}: {n} Tage",
    "last_gap": "{things}: der {k}.-letzte Abstand dauerte {n} Tage",
    "last_gap.first": "{things}: der letzte Abstand dauerte {n} Tage",
    "sum": "{things} im Wert von {n} in den letzten {w}",
    "sum.all": "{things} im Wert von insgesamt {n}",
    "mean": "{things}: im Mittel {n} in den letzten {w}",
    "mean.all": "{things}: im Mittel {n}",
    "max": "{things}: höchstens {n} in den letzten {w}",
    "max.all": "{things}: höchstens {n}",
    "last_value": "{things}: der {k}.-letzte Wert war {n}",
    "last_value.first": "{things}: der letzte Wert war {n}",
    "distinct": "{things}: {n} verschiedene in den letzten {w}",
    "distinct.all": "{things}: insgesamt {n} verschiedene",
    "first_count": "{n} {things} in den ersten {w}",
    "first_count.mass": "{things}: {n} in den ersten {w}",
    "first_count.zero": "0 {things} in den ersten {w}",
    "days_to": "{things}: Nummer {k} kam nach {n} Tagen",
    "days_to.none": "{things}: Nummer {k} ist nicht verzeichnet",
    "days_since_first": "{things}: zuerst vor {n} ({date})",
    "days_since_first.none": "noch keine {things}",
    "tenure_days": "Kunde seit {n} ({date})",
    "tenure_year": "im {n}. Jahr als Kunde",
    "season_sin": "die Jahreszeit ({date})",
    "season_cos": "die Jahreszeit ({date})",
    "open_count": "{things}: {n} offen",
    "open_count.zero": "{things}: nichts offen",
    "open_age": "{things}: am längsten offen seit {n} ({date})",
    "open_age.none": "{things}: nichts offen",
    "open_value": "{things}: {n} offen (Wert)",
    "days_to_end": "{things}: vereinbartes Ende in {n} ({date})",
    "days_to_end.none": "{things}: kein vereinbartes Ende",
    "planned_days": "{things}: vereinbart für {n} Tage",
    "planned_days.none": "{things}: kein vereinbartes Ende",
    "closed_count": "{things}: {n} abgeschlossen",
    "closed_count.zero": "{things}: nichts abgeschlossen",
    "closed_days_mean": "{things}: im Mittel nach {n} Tagen abgeschlossen",
    "closed_days_mean.none": "{things}: nichts abgeschlossen",
    "days_since_end": "{things}: letztes Ende vor {n} ({date})",
    "days_since_end.none": "{things}: nichts abgeschlossen",
    "end_value_mean": "{things}: am Ende im Mittel {n}",
    "end_value_last": "{things}: am letzten Ende {n}",
    "renewals": "{things}: {n} Verlängerungen",
    "renewals.zero": "{things}: nie verlängert",
    "response_days_mean": "{things}: erste Antwort im Mittel nach {n} Tagen",
    "response_days_mean.none": "{things}: noch keine Antwort",
    "waiting_days": "{things}: am längsten ohne Antwort seit {n} ({date})",
    "waiting_days.none": "{things}: nichts wartet auf Antwort",
    "recovered": "{things}: {n} beim nächsten Versuch behoben in den letzten {w}",
    "recovered.zero": "{things}: 0 behoben in den letzten {w}",
    "recovered.all": "{things}: {n} beim nächsten Versuch behoben",
    "recovered_share": "{things}: {n} % beim nächsten Versuch behoben in den letzten {w}",
    "recovered_share.all": "{things}: {n} % beim nächsten Versuch behoben",
    "per_session": "{things}: {n} je Sitzung in den letzten {w}",
    "per_session.all": "{things}: {n} je Sitzung",
    "unanswered": "{things}: {n} seit der letzten Antwort",
    "unanswered.zero": "{things}: zuletzt beantwortet",
    "answered_share": "{things}: {n} % beantwortet in den letzten {w}",
    "answered_share.all": "{things}: {n} % beantwortet",
    "days_until": "{things}: in {n} ({date})",
    "days_until.past": "{things}: vor {n} ({date})",
    "days_since_change": "{things}: unverändert seit {n} ({date})",
    "changes": "{things}: {n} Änderungen",
    "changes.zero": "{things}: nie geändert",
    "last_change_pct": "{things}: letzte Änderung {n} %",
    "change_year_pct": "{things}: {n} % gegenüber dem Vorjahr",
    "share": "{things}: {n} % von allen in den letzten {w}",
    "share.all": "{things}: {n} % von allen",
    "own_share": "{n} % aller bisherigen {things} in den letzten {w}",
    "entropy": "{things}: Vielfalt von {n} Bit in den letzten {w}",
    "entropy.all": "{things}: Vielfalt von insgesamt {n} Bit",
    "dropped": "{things}: {n} verschiedene aufgegeben: in den {w} davor genutzt, in den letzten {w} nicht",
    "dropped.zero": "{things}: nichts aufgegeben in den letzten {w}",
    "value_ratio": "{things}: der letzte Wert war das {n}-Fache des üblichen",
    "weekend_share": "{things}: {n} % am Wochenende in den letzten {w}",
    "weekend_share.all": "{things}: {n} % am Wochenende",
    "night_share": "{things}: {n} % nachts in den letzten {w}",
    "night_share.all": "{things}: {n} % nachts",
    "peer_churn": "{things}: {n} % der Kunden mit demselben Wert verstummten binnen {w}",
    "peer_count": "{things}: {n} weitere Kunden mit demselben Wert binnen {w}",
    "streak": "{things}: die letzten {n} in Folge",
    "streak.zero": "{things}: nicht beim letzten Mal",
    "stage": "nach eigenem Rhythmus der {things}: {n}",
    "stage.names": "neu, aktiv, gefährdet, ruhend, zurückgekehrt",
    "gap_ratio.none": "{things}: zu wenige für einen Rhythmus",
    "gap_share_longer.none": "{things}: zu wenige für einen Rhythmus",
    "gap_mean.none": "{things}: zu wenige für einen Rhythmus",
    "gap_sd.none": "{things}: zu wenige für einen Rhythmus",
    "gap_max.none": "{things}: zu wenige für einen Rhythmus",
    "last_gap.none": "{things}: zu wenige für einen Rhythmus",
    "mean.none": "keine {things} mit bekanntem Wert in den letzten {w}",
    "mean.none.all": "keine {things} mit bekanntem Wert",
    "max.none": "keine {things} mit bekanntem Wert in den letzten {w}",
    "max.none.all": "keine {things} mit bekanntem Wert",
    "last_value.none": "keine {things} mit bekanntem Wert",
    "share.none": "keine {things} in den letzten {w}",
    "share.none.all": "noch keine {things}",
    "own_share.none": "keine {things} in den letzten {w}",
    "own_share.none.all": "noch keine {things}",
    "entropy.none": "keine {things} in den letzten {w}",
    "entropy.none.all": "noch keine {things}",
    "weekend_share.none": "keine {things} in den letzten {w}",
    "weekend_share.none.all": "noch keine {things}",
    "night_share.none": "keine {things} in den letzten {w}",
    "night_share.none.all": "noch keine {things}",
    "per_session.none": "keine {things} in den letzten {w}",
    "per_session.none.all": "noch keine {things}",
    "days_since_change.none": "noch keine {things}",
    "changes.none": "noch keine {things}",
    "stage.none": "noch keine {things}",
    "recovered_share.none": "{things}: nichts zu beheben in den letzten {w}",
    "recovered_share.none.all": "{things}: nichts zu beheben",
    "answered_share.none": "{things}: nichts zu beantworten in den letzten {w}",
    "answered_share.none.all": "{things}: nichts zu beantworten",
    "end_value_mean.none": "{things}: kein Wert am Ende",
    "end_value_last.none": "{things}: kein Wert am Ende",
    "value_ratio.none": "{things}: zu wenige Werte für einen üblichen",
    "last_change_pct.none": "{things}: keine Änderung mit Prozentsatz",
    "change_year_pct.none": "{things}: kein Wert vom Vorjahr",
    "first_count.none": "{things}: die ersten {w} sind nicht verzeichnet",
    "days_until.none": "{things}: kein Datum",
    "tenure_days.none": "Kunde, seit wann ist nicht bekannt",
    "tenure_year.none": "Kunde, seit wann ist nicht bekannt",
    "plain": "{things}: {n}",
}
_LABELS_DE = {
    "habit": "Gewohnheit",
    "value": "Nutzen",
    "onboarding": "Einstieg",
    "quality": "Qualität",
    "support": "Betreuung",
    "communication": "Kontakt",
    "price": "Preis",
    "payment": "Zahlung",
    "contract": "Vertrag",
    "complexity": "Bedienung",
    "competition": "Wettbewerb",
    "lifecycle": "Lebensphase",
    "other": "Sonstiges",
}
_UNITS_EN = {
    **{"y": ("year", "years"), "mo": ("month", "months"), "w": ("week", "weeks"), "d": ("day", "days")},
    **{"h": ("hour", "hours"), "min": ("minute", "minutes"), "s": ("second", "seconds")},
}
_UNITS_DE = {
    **{"y": ("Jahr", "Jahren"), "mo": ("Monat", "Monaten"), "w": ("Woche", "Wochen"), "d": ("Tag", "Tagen")},
    **{"h": ("Stunde", "Stunden"), "min": ("Minute", "Minuten"), "s": ("Sekunde", "Sekunden")},
}

LANGUAGES: dict[str, Language] = {
    "en": Language(_EN, ".", ",", "%Y-%m-%d", _UNITS_EN, {}, plural_s=True),
    "de": Language(_DE, ",", ".", "%d.%m.%Y", _UNITS_DE, _LABELS_DE),
}


def language_of(language: str | Language) -> Language:
    """Return the language of that name, or the one that is given.

    Raises
    ------
    UsageError
        Nobody here speaks it (``unknown-language``).
    """
    if isinstance(language, Language):
        return language
    if language not in LANGUAGES:
        raise UsageError(
            "unknown-language", f"language={language!r}", remedy=f"Use {', '.join(LANGUAGES)}, or give a Language of your own."
        )
    return LANGUAGES[language]
