"""Sentences for reasons, with the customer's own numbers, dates and usual values.

Sentences hold a feature's value, its date, or one of two kinds of "usual" that can be recomputed: *usually* is the
customer's own (the mean gap; the year's total, in proportion to the window), *most customers* is the median of the rows that customers are
compared with. What says nothing to a person is not told: its weight goes to the driver, its sentence to a plainer feature beside it.

Longer than most because choosing what to say, and saying it, look at the same numbers.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.clock import DAY
from churnpredict.errors import UsageError
from churnpredict.explanation.drivers import label_and_remedy, nature_of
from churnpredict.explanation.explained import Explained
from churnpredict.explanation.rows import known_numbers
from churnpredict.feature_names import FeatureName, column_alone, read_name, subjects_of
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.model.season.leaving import LEAVING
from churnpredict.model.season.season import COLUMN
from churnpredict.spans import span

__all__ = ["Narrator", "leading_features", "reasons", "words"]

_LEAST = 0.0005  # a reason of +0.0 points does not count
_FACTS = 2  # facts per reason: people do not read a third
# Days that are written as a date: how long ago, or in how many days, with the date.
_AGO = ("days_since_last", "days_since_first", "tenure_days", "open_age", "days_since_end", "days_since_change", "waiting_days")
_AHEAD = ("days_to_end", "days_until")
_LASTING = (
    *("gap_mean", "gap_max", "last_gap", "days_to", "planned_days", "closed_days_mean", "response_days_mean", "first_value_days"),
    *("late_days_mean", "late_days_max", "late_days_last", "late_days_trend", "overdue_days"),
)
_NO_DATE = re.compile(r" \([^()]*\{date\}\)")
_SHARES = (
    *("share", "own_share", "peer_churn", "recovered_share", "answered_share", "concentration", "seats_used", "first_value_share"),
    *("late_rate", "slow_answer_rate", "reopened_rate"),
)
_PERCENT = ("last_change_pct", "change_year_pct")
_MONEY = ("sum", "mean", "max", "last_value", "open_value", "end_value_mean", "end_value_last")
_COUNTED = ("count", "first_count", "trend")  # where the number stands before the noun
# Compared with what is normal for the customer already, or yes and no: what most customers have adds nothing.
_AGAINST_OWN = ("gap_ratio", "value_ratio", "busiest_silence", "busiest_gone", "late_days_trend", "session_depth_change")
_NONE_AT_ZERO = (
    *("count", "first_count", "active_days", "distinct", "dropped", "active_users", "new_users", "lost_users", "open_count"),
    *("closed_count", "renewals", "recovered", "unanswered", "streak", "changes", "reopenings", "sessions"),
)
# Where nothing is a sentence of its own, in which a number of most customers would have no noun.
_NOTHING_ALONE = ("unanswered", "dropped", "streak", "renewals", "changes")
_TOLD_OF_A_YEAR = ("count", "active_days", "sum")
# What no customer and no manager can make anything of: the spread of gaps, the third gap from the last, shares of weekends, bits.
UNSAID = ("gap_sd", "gap_share_longer", "entropy", "weekend_share", "night_share", "peer_count")
# What takes a moment to understand: told where it weighs twice as much as something plain.
_HARD = (
    *("decayed", "distinct", "own_share", "value_ratio", "stage", "per_session", "peer_churn", "gap_ratio", "gap_mean", "gap_max", "max"),
    *("mean", "end_value_mean", "end_value_last", "season_sin", "season_cos", "tenure_year", "changes", "active_days", "dropped"),
    *("concentration", "busiest_silence", "kinds_per_user", "items_per_user", "seats_change", "first_value_share", "first_value_days"),
    *("session_minutes", "session_events", "session_depth", "session_depth_change"),
)


class Narrator:
    """Writes sentences about features of customers.

    Parameters
    ----------
    why : Explanation
        With values per feature.
    language : str or Language
    names : mapping, optional
        Subject -> what it is called, or (one, many): ``{"orders": "Bestellungen"}``.
    bare : bool
        Without dates and without usual values.
    money : mapping of table to unit, optional
        Tables whose values are money, and the unit that their amounts carry, such as "€" or "".
    """

    def __init__(
        self,
        why: Explained,
        language: str | Language = "en",
        names: Mapping[str, Any] | None = None,
        *,
        bare: bool = False,
        money: Mapping[str, str] | None = None,
    ) -> None:
        self.language = language_of(language)
        self.bare = bare
        self.names = dict(names or {})
        self.money = dict(money or {})
        self.usual = {} if bare else why.usual
        self.read = [read_name(name) for name in why.features]
        self.parts = subjects_of(why.features)
        self.tables = {f.subject for f in self.read if f.of_table}
        self.attributes = {f.subject for f in self.read if f.aggregate == "plain"}
        self.at = {(f.subject, f.aggregate, f.window): j for j, f in reversed(list(enumerate(self.read)))}
        self.tenure = next((j for j, f in enumerate(self.read) if f.aggregate == "tenure_days"), None)
        frame = why.frame()
        self.numeric = [pd.api.types.is_numeric_dtype(d) and not pd.api.types.is_bool_dtype(d) for d in frame.dtypes]
        self.columns: list[np.ndarray] = [
            known_numbers(frame.iloc[:, j]) if ok else frame.iloc[:, j].to_numpy(dtype=object) for j, ok in enumerate(self.numeric)
        ]
        self.ahead = why.ahead
        self.cutoffs = pd.DatetimeIndex(why.index.get_level_values("cutoff")) if "cutoff" in why.index.names and not bare else None

    # --- names and numbers -------------------------------------------------------------------------------------------------------------

    def things(self, subject: str, n: float | None = None) -> str:
        """Return what a subject is called: in the singular for one, where the language counts so."""
        table, kind = self.parts.get(subject, (subject, ""))
        given = self.names.get(subject)
        if given is None and kind and table in self.names:
            return f"{self.language.isolated(_of_count(self.names[table], n))} ({self._own(kind)})"
        if given is not None:
            return self.language.isolated(_of_count(given, n))
        if kind and (table not in self.tables or subject in self.attributes):
            return self.language.noun(_plain(kind))  # a column of a profile or of states: "region", not "customers (region)"
        noun = self.language.noun(column_alone(table))
        if n == 1 and self._has_plural(noun):
            noun = f"{noun[:-3]}y" if noun.endswith("ies") else noun[:-1]
        return f"{noun} ({self._own(kind)})" if kind else noun

    def _own(self, kind: str) -> str:
        """Return a kind as the business calls it, in quotation marks where the language has no noun for it and uses them."""
        told = self.language.noun(_plain(kind))
        return told if told in self.language.nouns.values() else self.language.words["quoted"].format(text=told)

    def _has_plural(self, noun: str) -> bool:
        """Say whether a plural is known by its s, so that one of several orders is an order: English only."""
        return self.language.code == "en" and " " not in noun and noun.endswith("s") and not noun.endswith("ss")

    def value(self, j: int, i: int) -> Any:
        """Return the value of feature j of row i; None where it is missing."""
        value = self.columns[j][i]
        return None if pd.isna(value) else value

    def other(self, f: FeatureName, i: int, aggregate: str, window: str = "") -> float | None:
        """Return another number about the same subject."""
        j = self.at.get((f.subject, aggregate, window))
        if j is None or not self.numeric[j]:
            return None
        value = self.value(j, i)
        return None if value is None else float(value)

    def known_days(self, f: FeatureName, i: int) -> float | None:
        """Return for how many days the customer is known: since the first event of the table, or since joining."""
        table = self.parts[f.subject][0]
        j = self.at.get((table, "days_since_first", ""), self.tenure)
        value = None if j is None else self.value(j, i)
        return None if value is None else float(value)

    def own_usual(self, f: FeatureName, i: int) -> float | None:
        """Return the usual value for this customer, or None where the history is too short."""
        if self.bare:
            return None
        if f.aggregate in ("days_since_last", "last_gap"):
            return self.other(f, i, "gap_mean")
        if f.aggregate == "last_value" or (f.aggregate == "mean" and f.window != "all"):
            return self.other(f, i, "mean", "all")
        window = _days_of(f.window)
        known = self.known_days(f, i)
        if f.aggregate not in _TOLD_OF_A_YEAR or window is None or known is None:
            return None
        for longer, days in (("365d", min(known, 365.0)), ("all", known)):
            total = self.other(f, i, f.aggregate, longer)
            if total is not None and days >= 2 * window:
                return total * window / days
        return None

    # --- facts -------------------------------------------------------------------------------------------------------------------------

    def says(self, j: int) -> bool:
        """Say whether feature j says something to a person."""
        f = self.read[j]
        if f.aggregate in UNSAID:
            return False
        if f.aggregate in ("last_gap", "last_value") and f.number > 1:
            return False
        if f.aggregate == "decayed":
            return self._window_like(f, j) != j
        if f.aggregate == "open_value":
            return self._unit(f) is not None
        if f.aggregate == "renewals":  # "tickets: times renewed" means nothing
            return f.driver == "contract"
        return True

    def plainness(self, j: int) -> float:
        """Return how readily a person understands feature j: its weight is multiplied by it where facts are chosen."""
        return 0.5 if self.read[j].aggregate in _HARD else 1.0

    def fact(self, j: int, i: int, *, after: str = "") -> str:
        """Return feature j of row i as a clause, "" where there is nothing to say; ``after`` is the subject of the clause before."""
        f = self.read[j]
        if f.family == "silence" and (f.subject, "days_since_last", "") in self.at:
            return self._silence(self.read[self.at[f.subject, "days_since_last", ""]], i, after)
        if not self.says(j):
            return ""
        if f.aggregate == "trend":
            return self._trend(f, j, i)
        if f.aggregate == "decayed":
            j = self._window_like(f, j)
            f = self.read[j]
        value = self.value(j, i)
        if f.name in (COLUMN, LEAVING) and value is not None:
            return self._calendar(float(value), f.name)
        if value is None:
            return self._missing(f, j, i)
        return self._value(f, j, i, value)

    def _missing(self, f: FeatureName, j: int, i: int) -> str:
        """Say why a value is missing: none so far, not on record, too few."""
        if f.family in ("rhythm", "busiest") or f.aggregate in ("value_ratio", "gap_ratio"):
            return "" if f.aggregate != "value_ratio" else self._say("value_ratio.none", f, i)
        own = next((key for key in (f"{f.aggregate}.none", f"{f.aggregate[:9]}.none") if key in self.language.words), "")
        own = "none" if own == "days_to.none" and f.number == 1 else own  # not "fewer than 1 so far"
        if f.family in ("tenure",) or own:
            return self._say(own, f, i)
        if f.aggregate == "plain" or f.family == "days_until":
            return self._say("unknown", f, i)
        return self._say("none.window" if f.window not in ("", "all") else "none", f, i)

    def _calendar(self, ratio: float, column: str) -> str:
        """Say how busy the time ahead usually is, or how often customers leave in it, against the time that the model learnt from."""
        if not self.ahead:
            return self.language.words["season"]
        days = self.language.lasting(span(self.ahead).nominal / DAY)
        return self.language.activity(days, ratio, what=column.removeprefix("calendar__"))

    def _value(self, f: FeatureName, j: int, i: int, value: Any) -> str:
        if not self.numeric[j]:
            text = self._label(value)
            return self._say("plain", f, i, n=text) + self._typical(j, text)
        number = float(value)
        key = self._key(f, number)
        if f.aggregate == "plain" and f.name.endswith("_known"):
            return ""
        if f.family == "season":
            return self.language.words["season"]
        if f.aggregate in _AGO + _AHEAD:
            return self._say(key, f, i, days=number)
        if number == 0 and f.aggregate == "sum" and f.window != "all" and self.other(f, i, "count", f.window) == 0:
            return self._say("none.window", f, i)  # not "orders worth 0"
        text = self._number_of(f, number)
        counted = number if f.aggregate in _COUNTED else None
        said = self._say(key, f, i, count=counted, value=self._written(f, number), n=text, lasting=number)
        return self._compared(f, j, i, said, text)

    def _compared(self, f: FeatureName, j: int, i: int, said: str, text: str) -> str:
        """Add what is usual for the customer, or else for most; "" where nothing differs from what is usual."""
        usual = self.own_usual(f, i)
        if usual is None:
            return said + self._typical(j, text)
        own = self._usual_text(f, usual)
        if own != text:
            return said + self.language.words["usual.own"].format(u=own)
        others = self._typical(j, text)
        return said + others if others or f.aggregate not in _LASTING else ""  # "7 days between the last two" when it is always 7

    def _label(self, value: Any) -> str:
        if isinstance(value, (bool, np.bool_)) or str(value) in ("True", "False", "true", "false"):
            return self.language.words["yes" if str(value).lower() == "true" else "no"]
        return str(self.language.words["quoted"].format(text=self.language.isolated(str(value))))

    def _silence(self, f: FeatureName, i: int, after: str) -> str:
        days = self.other(f, i, "days_since_last")
        if days is None:
            return self._say("none", f, i)
        said = self._say("days_since_last.same" if after == f.subject else "days_since_last", f, i, days=days)
        gap = self.own_usual(f, i)
        return said if gap is None else said + self.language.words["every"].format(u=self._every(gap))

    def _every(self, gap: float) -> str:
        return self.language.span("every", gap, digits=0 if gap >= 10 else 1)

    def _window_like(self, f: FeatureName, j: int) -> int:
        """Return the plain count over about twice the half-life of a decayed count."""
        wanted = _days_of(f.window)
        near = [(k, _days_of(g.window)) for k, g in enumerate(self.read) if g.subject == f.subject and g.aggregate == "count"]
        ranked = sorted((abs(np.log(days / (2 * wanted))), k) for k, days in near if days and wanted)
        return ranked[0][1] if ranked else j

    def _trend(self, f: FeatureName, j: int, i: int) -> str:
        now, value = self.other(f, i, "count", f.window), self.value(j, i)
        if (f.subject, "count", f.window) not in self.at:
            return self._trend_alone(f, j, i)
        if value is None or now is None:
            return self._say("trend.none", f, i)
        if value == 0:  # as many as before: the number alone
            return self._value(self.read[self.at[f.subject, "count", f.window]], self.at[f.subject, "count", f.window], i, now)
        double = re.sub(r"[0-9]+", lambda n: str(2 * int(n[0])), f.window)
        both = self.other(f, i, "count", double)
        if both is not None:
            before = both - now
        elif value > -1:  # (now - before) / (now + before), solved for before
            before = now * (1 - float(value)) / (1 + float(value))
        else:
            return self._trend_alone(f, j, i)
        key = "trend.mass" if self._is_mass(f, now) else "trend"
        return self._say(key, f, i, count=now, n=self.language.number(now), m=self.language.number(round(before)))

    def _trend_alone(self, f: FeatureName, j: int, i: int) -> str:
        value = self.value(j, i)
        return self._say(f"trend.{'none' if value is None or value == 0 else 'down' if value < 0 else 'up'}", f, i)

    def empty(self, j: int, i: int) -> tuple[str, str] | None:
        """Return the table and the window of which feature j of row i says that nothing was there: none of a kind adds nothing to it."""
        f = self.read[j]
        nothing = f.aggregate in ("count", "trend", "active_days", "sum") and self.other(f, i, "count", f.window) == 0
        return (self.parts[f.subject][0], f.window) if nothing else None

    # --- templates -----------------------------------------------------------------------------------------------------------------------

    def _is_mass(self, f: FeatureName, n: float) -> bool:
        """Say whether so many cannot stand before the noun: "usage: 5 in the last 30 days", "offers of competitors: 1 in all"."""
        if self.language.code != "en" or f.subject in self.names:
            return False
        noun = self.things(f.subject).partition(" (")[0]
        return " " in noun if n == 1 else not noun.endswith("s") or noun.endswith("ss")

    def _key(self, f: FeatureName, value: float) -> str:
        """Return the key of the sentence for a value."""
        words, base = self.language.words, f.aggregate
        if base == "sum" and self._unit(f) is None:
            base = "sum.plain"
        variants = [
            "past" if f.aggregate in ("days_until", "late_days_trend") and value < 0 else "",
            "zero" if value == 0 and f.window != "all" else "",
            "all" if f.window == "all" else "",
            "first" if f.number == 1 else "",
            "mass" if self._is_mass(f, value) else "",
        ]
        return next((f"{base}.{v}" for v in variants if v and f"{base}.{v}" in words), base)

    def _say(self, key: str, f: FeatureName, i: int, *, days: float | None = None, count: float | None = None, **more: Any) -> str:
        spoken = self.language
        key = f"{key}.contract" if f.driver == "contract" and f"{key}.contract" in spoken.words else key  # contracts run, tickets are open
        template = spoken.clause(key, more.pop("value", count))
        if "{date}" in template:
            date = self._date(i, days, ahead=f.aggregate in _AHEAD)
            if date is None:
                template = _NO_DATE.sub("", template)
            else:
                more["date"] = date
        if days is not None:
            more |= {"ago": spoken.ago(abs(days)), "ahead": spoken.ahead(abs(days))}
        lasting = more.pop("lasting", None)
        if lasting is not None and f.aggregate in _LASTING:
            more |= {"days": spoken.lasting(abs(lasting)), "every": self._every(lasting)}
        if "{last}" in template or "{first}" in template:
            more |= {"last": self._window("last", f), "first": self._window("first", f)}
        text = template.format(things=self.things(f.subject, count), k=f.number, **more)
        return re.sub(r" {2,}", " ", text).strip()

    def _window(self, phrase: str, f: FeatureName) -> str:
        """Return a window in words; one of several units in days, or in hours."""
        found = re.fullmatch(r"(\d+)(h|d|w|mo|y)", f.window)
        if found:
            return self.language.span(phrase, int(found[1]), found[2])
        days = _days_of(f.window)
        if days is None:
            return ""
        return self.language.span(phrase, days, "d") if days >= 1 else self.language.span(phrase, max(24 * days, 1), "h")

    def _date(self, i: int, days: float | None, *, ahead: bool = False) -> str | None:
        if self.cutoffs is None or days is None:
            return None
        # features are float32: a day that began at midnight must not become the day before
        moment = (self.cutoffs[i] + (1 if ahead else -1) * datetime.timedelta(days=days)).round("min")
        return self.language.day(moment)

    def _unit(self, f: FeatureName) -> str | None:
        """Return the unit of an amount of money; None where the values are not known to be money."""
        return self.money.get(self.parts.get(f.subject, (f.subject, ""))[0]) if f.aggregate in _MONEY else None

    def _number_of(self, f: FeatureName, value: float) -> str:
        unit, sign = self._unit(f), ""
        if unit is not None:
            return self.language.amount(value, unit)
        if f.aggregate == "stage":
            stages = self.language.words["stage.names"].split(", ")
            return stages[int(value)] if 0 <= value < len(stages) else self.language.number(value)
        if f.aggregate in _SHARES:
            return self.language.percent(value)
        if f.aggregate in _PERCENT:
            return self.language.signed("+" if value > 0 else "", self.language.numbers["percent"].format(n=self.language.number(value)))
        if f.aggregate in _LASTING:
            return self._every(value) if f.aggregate == "gap_mean" else self.language.lasting(value)
        if f.aggregate in ("seats_change", "session_depth_change"):
            sign = "+" if value > 0 else ""
        return self.language.signed(sign, self.language.number(self._written(f, value)))

    def _written(self, f: FeatureName, value: float) -> float:
        """Return the number that a sentence says: changes of shares in points, multiples of what is usual to a tenth."""
        if f.aggregate == "seats_change":
            return 100 * value
        return round(value, 1) if f.aggregate in _AGAINST_OWN and value >= 1 else value

    def _usual_text(self, f: FeatureName, usual: float) -> str:
        """Round an average to one digit at most."""
        if f.aggregate in _LASTING:
            return self.language.lasting(usual)
        unit = self._unit(f)
        return self.language.amount(round(usual), unit) if unit is not None else self.language.number(usual, 0 if abs(usual) >= 10 else 1)

    def _typical(self, j: int, said: str) -> str:
        usual = self.usual.get(self.read[j].name)
        if usual is None or (isinstance(usual, float) and np.isnan(usual)):
            return ""
        aggregate = self.read[j].aggregate
        if aggregate in _AGAINST_OWN or (aggregate in _NOTHING_ALONE and said == self.language.number(0)):
            return ""
        if self.numeric[j] and usual == 0 and aggregate in _NONE_AT_ZERO:
            return "" if said == self.language.number(0) else self.language.words["usual.none"]
        text = self._number_of(self.read[j], float(usual)) if self.numeric[j] else self._label(usual)
        return "" if text == said else self.language.words["usual.others"].format(u=text)


def _plain(kind: str) -> str:
    return kind.removeprefix("kind_").replace("_", " ")  # before kinds that would end a feature's name


def _of_count(given: Any, n: float | None) -> str:
    return str(given if isinstance(given, str) else given[0 if n == 1 else 1])


def _days_of(window: str) -> float | None:
    try:
        return span(window).nominal / DAY
    except UsageError:  # "all", none, or the ending of a custom column
        return None


def leading_features(why: Explained, narrator: Narrator, driver: int) -> np.ndarray:
    """Return which features of one driver to show for each customer, one per family and subject, (n, 2), -1 for none.

    Families are ranked by what they add, twice as much where they are plain; of each, the strongest feature that says something.
    """
    inside = np.flatnonzero(np.array(why.keys) == list(why.table)[driver])
    raising = np.maximum(why.values.to_numpy()[:, inside], 0.0)
    said = np.array([narrator.says(int(j)) for j in inside], dtype=bool)
    plain = np.array([narrator.plainness(int(j)) for j in inside])
    families = pd.factorize(pd.Series([(narrator.read[j].subject, narrator.read[j].family) for j in inside]))[0]
    n_families = int(families.max()) + 1
    sums, lead = np.zeros((len(raising), n_families)), np.zeros((len(raising), n_families), dtype=np.int64)
    for family in range(n_families):
        members = np.flatnonzero((families == family) & said)
        if len(members):
            told = raising[:, members] * plain[members]
            strongest = np.argmax(told, axis=1)
            lead[:, family] = inside[members[strongest]]
            here = raising[:, families == family].sum(axis=1) * plain[members[strongest]]
            sums[:, family] = np.where(told.max(axis=1) > 0, here, 0.0)
    order = np.argsort(-sums, axis=1, kind="stable")[:, :_FACTS]
    best = np.take_along_axis(sums, order, axis=1)
    # a second fact is used if its contribution is a fifth of the first one's
    worth = (best > 0) & (best >= 0.2 * best[:, :1])
    return np.where(worth, np.take_along_axis(lead, order, axis=1), -1)


def reasons(
    why: Explained,
    k: int = 3,
    *,
    language: str | Language = "en",
    names: Mapping[str, Any] | None = None,
    money: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the reasons of every customer, one row each.

    Returns
    -------
    frame
        Index as in ``why``, repeated. Columns: rank (1 is the strongest), driver, label, points (probability points), nature (actionable,
        behavioural, fixed), facts (in words, "" where none of the features says something to a person), remedy.
    """
    narrator = Narrator(why, language, names, money=money)
    chosen, points = why.strongest(k)
    keys = list(why.table)
    leads = {d: leading_features(why, narrator, d) for d in np.unique(chosen[chosen >= 0])}
    values, owners = why.values.to_numpy(), np.array(why.keys)
    rows: list[tuple[Any, ...]] = []
    places: list[int] = []
    for i, rank in zip(*np.nonzero(chosen >= 0), strict=True):
        d = int(chosen[i, rank])
        driver, features = why.table[keys[d]], [int(j) for j in leads[d][i] if j >= 0]
        inside = np.flatnonzero(owners == keys[d])
        strongest = features[0] if features else int(inside[np.argmax(values[i, inside])])
        nature = nature_of(why.features[strongest], driver)
        label, remedy = label_and_remedy(driver, narrator.language)
        rows.append((rank + 1, driver.key, label, points[i, rank], nature, _facts(narrator, features, int(i)), remedy))
        places.append(int(i))
    columns = ["rank", "driver", "label", "points", "nature", "facts", "remedy"]
    return pd.DataFrame(rows, columns=columns, index=why.index[np.array(places, dtype=np.int64)])


def _facts(narrator: Narrator, features: list[int], i: int) -> str:
    if len(features) > 1 and narrator.read[features[0]].family == "silence":
        features = features[::-1]  # activity first, then the time since it ended
    if len(features) > 1 and (empty := narrator.empty(features[0], i)) and empty == narrator.empty(features[1], i):
        features = sorted(features, key=lambda j: (narrator.read[j].subject != empty[0], narrator.read[j].aggregate != "trend"))[:1]
    said: list[str] = []
    after = ""
    for j in features:
        clause = narrator.fact(j, i, after=after)
        if clause and clause not in said:
            said.append(clause)
            after = narrator.read[j].subject
    return narrator.language.words["and"].join(said)


def words(
    why: Explained,
    k: int = 3,
    *,
    language: str | Language = "en",
    names: Mapping[str, Any] | None = None,
    money: Mapping[str, str] | None = None,
) -> pd.Series:
    """Return every customer's reasons as one text, the strongest first."""
    spoken = language_of(language)
    table = reasons(why, k, language=spoken, names=names, money=money)
    texts = [spoken.words["nothing"]] * len(why)
    found: dict[int, list[str]] = {}
    i = -1
    for rank, label, points, nature, facts in table[["rank", "label", "points", "nature", "facts"]].itertuples(index=False):
        i = i + 1 if rank == 1 else i
        if rank > 1 and points < _LEAST:
            continue
        key = "reason.bare" if not facts else "reason.fixed" if nature == "fixed" else "reason"
        told = spoken.clause(key, 100 * points, 1).format(label=label, points=spoken.points(points), facts=facts)
        found.setdefault(i, []).append(told)
    tied = why.about_equal.to_numpy()
    pairs = why.strongest(2)[0]
    labels = [label_and_remedy(driver, spoken)[0] for driver in why.table.values()]
    for place, parts in zip(np.flatnonzero(pairs[:, 0] >= 0), found.values(), strict=True):
        if tied[place] and len(parts) > 1:
            a, b = pairs[place]
            parts.insert(0, spoken.words["unranked"].format(a=labels[a], b=labels[b]))
        texts[place] = " ".join(parts)
    return pd.Series(texts, index=why.index, name="words", dtype=object)
