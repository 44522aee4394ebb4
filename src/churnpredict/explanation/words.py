"""Sentences for reasons, with the customer's own numbers, dates and usual values.

Everything told is a feature's value, its date, or one of two kinds of "usual" that anybody can recompute: *usually* is the customer's own
(the mean gap; the year's total, in proportion to the window), *typical* is the median of the rows that customers are compared with.

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
from churnpredict.explanation.drivers import nature_of
from churnpredict.explanation.explained import Explained
from churnpredict.explanation.languages import Language, language_of
from churnpredict.feature_names import FeatureName, read_name, subjects_of
from churnpredict.spans import span

__all__ = ["Narrator", "reasons", "words"]

_LEAST = 0.0005  # a reason of +0.0 points is none
_FACTS = 2  # per reason: a third is read by nobody
_DATED = (
    "days_since_last",
    "days_since_first",
    "tenure_days",
    "open_age",
    "days_since_end",
    "days_since_change",
    "days_to_end",
    "days_until",
    "waiting_days",
)
_NO_DATE = re.compile(r" \([^()]*\{date\}\)")
_SHARES = ("gap_share_longer", "share", "own_share", "weekend_share", "night_share", "peer_churn", "recovered_share", "answered_share")
_TOLD_OF_A_YEAR = ("count", "active_days", "sum")


class Narrator:
    """Tells one feature of one customer in words.

    Parameters
    ----------
    why : Explanation
        With values per feature.
    language : str or Language
    names : mapping, optional
        Subject -> what it is called, or (one, many): ``{"orders": "Bestellungen"}``.
    bare : bool
        Without dates and without what is usual.
    """

    def __init__(
        self, why: Explained, language: str | Language = "en", names: Mapping[str, Any] | None = None, *, bare: bool = False
    ) -> None:
        self.language = language_of(language)
        self.bare = bare
        self.names = dict(names or {})
        self.usual = {} if bare else why.usual
        self.read = [read_name(name) for name in why.features]
        self.parts = subjects_of(why.features)
        self.tables = {f.subject for f in self.read if f.of_table}
        self.at = {(f.subject, f.aggregate, f.window): j for j, f in reversed(list(enumerate(self.read)))}
        self.tenure = next((j for j, f in enumerate(self.read) if f.aggregate == "tenure_days"), None)
        frame = why.frame()
        self.numeric = [pd.api.types.is_numeric_dtype(d) and not pd.api.types.is_bool_dtype(d) for d in frame.dtypes]
        self.columns: list[np.ndarray] = [
            frame.iloc[:, j].to_numpy(dtype=np.float64, na_value=np.nan) if ok else frame.iloc[:, j].to_numpy(dtype=object)
            for j, ok in enumerate(self.numeric)
        ]
        self.cutoffs = pd.DatetimeIndex(why.index.get_level_values("cutoff")) if "cutoff" in why.index.names and not bare else None

    # --- names and numbers -------------------------------------------------------------------------------------------------------------

    def things(self, subject: str, n: float | None = None) -> str:
        """Return what a subject is called: in the singular for one."""
        table, kind = self.parts.get(subject, (subject, ""))
        given = self.names.get(subject)
        if given is None and kind and table in self.names:
            inside = self.names[table]
            return f"{inside if isinstance(inside, str) else inside[0 if n == 1 else 1]} ({kind.replace('_', ' ')})"
        if given is not None:
            return str(given if isinstance(given, str) else given[0 if n == 1 else 1])
        noun = table.replace("_", " ")
        if kind and table not in self.tables:
            return kind.replace("_", " ")  # a column of a profile or of states: "region", not "customers (region)"
        if n == 1 and self._has_plural(noun):
            noun = f"{noun[:-3]}y" if noun.endswith("ies") else noun[:-1]
        return f"{noun} ({kind.replace('_', ' ')})" if kind else noun

    def _has_plural(self, noun: str) -> bool:
        return self.language.plural_s and noun.endswith("s") and not noun.endswith("ss")

    def value(self, j: int, i: int) -> Any:
        """Return value of feature j of row i; None where it is missing."""
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
        """Return what is usual for this customer, or None where the history is too short to say."""
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

    def fact(self, j: int, i: int, *, after: str = "") -> str:
        """Return feature j of row i as a clause; ``after``: the subject of the clause before, which need not be named again."""
        f = self.read[j]
        if f.family == "silence" and (f.subject, "days_since_last", "") in self.at:
            return self._silence(self.read[self.at[f.subject, "days_since_last", ""]], i, after)
        if f.aggregate == "trend":
            return self._trend(f, j, i)
        if f.aggregate == "decayed":
            j = self._window_like(f, j)
            f = self.read[j]
        value = self.value(j, i)
        if value is None:
            ever = self._template(f, "none.all") if f.window == "all" else ""
            template = ever or self._template(f, "none") or self.language.templates["unknown"]
            return self._say(template, f, i, things=self.things(f.subject))
        return self._value(f, j, i, value)

    def _value(self, f: FeatureName, j: int, i: int, value: Any) -> str:
        if not self.numeric[j]:
            said = self._say(self.language.templates["plain"], f, i, things=self.things(f.subject), n=str(value))
            return said + self._typical(j, str(value))
        number = float(value)
        text, template = self._number_of(f, number), self._chosen(f, number)
        if f.family == "season" or f.aggregate in _DATED:
            return self._say(template, f, i, things=self.things(f.subject), n=text, days=number)
        said = self._say(template, f, i, things=self.things(f.subject, number), n=text)
        usual = self.own_usual(f, i)
        if usual is not None:
            return said + self.language.templates["usual.own"].format(u=self.rounded(usual))
        return said + self._typical(j, text)

    def _silence(self, f: FeatureName, i: int, after: str) -> str:
        days = self.other(f, i, "days_since_last")
        if days is None:
            return self._say(self.language.templates["days_since_last.none"], f, i, things=self.things(f.subject))
        template = self.language.templates["days_since_last.same" if after == f.subject else "days_since_last"]
        said = self._say(template, f, i, things=self.things(f.subject), n=self.language.days(days), days=days)
        gap = self.own_usual(f, i)
        return said if gap is None else said + self.language.templates["every"].format(u=self.rounded(gap))

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
        things = self.things(f.subject, now)
        if value is None or now is None:
            return self._say(self.language.templates["trend.none"], f, i, things=self.things(f.subject))
        double = re.sub(r"[0-9]+", lambda n: str(2 * int(n[0])), f.window)
        both = self.other(f, i, "count", double)
        if both is not None:
            before = both - now
        elif value > -1:  # (now - before) / (now + before), solved for before
            before = now * (1 - float(value)) / (1 + float(value))
        else:
            return self._trend_alone(f, j, i)
        template = self._template(f, "mass" if self.language.plural_s and not self._has_plural(things) and now != 1 else "")
        return self._say(template, f, i, things=things, n=self.language.number(now), m=self.language.number(round(before)))

    def _trend_alone(self, f: FeatureName, j: int, i: int) -> str:
        value = self.value(j, i)
        way = "none" if value is None or value == 0 else "down" if value < 0 else "up"
        return self._say(self.language.templates[f"trend.{way}"], f, i, things=self.things(f.subject))

    # --- templates -----------------------------------------------------------------------------------------------------------------------

    def _template(self, f: FeatureName, variant: str) -> str:
        return self.language.templates.get(f"{f.aggregate}.{variant}" if variant else f.aggregate, "")

    def _chosen(self, f: FeatureName, value: float) -> str:
        mass = self.language.plural_s and value != 1 and not self._has_plural(self.parts.get(f.subject, (f.subject, ""))[0])
        variants = [
            "past" if f.aggregate == "days_until" and value < 0 else "",
            "zero" if value == 0 else "",
            "all" if f.window == "all" else "",
            "first" if f.number == 1 else "",
            "mass" if mass else "",
            "",
        ]
        if f.window == "all":
            variants.remove("zero" if value == 0 else "")
        return next(t for t in (self._template(f, v) for v in [*[v for v in variants if v], ""]) if t)

    def _say(self, template: str, f: FeatureName, i: int, *, days: float | None = None, **more: str) -> str:
        if "{date}" in template:
            date = self._date(i, 0.0 if f.family == "season" else days, ahead=f.aggregate in ("days_to_end", "days_until"))
            if date is None:
                template = _NO_DATE.sub("", template)
            else:
                more["date"] = date
        window = "" if f.window in ("", "all") else self.language.span(f.window)
        return template.format(w=window, k=f.number, **more)

    def _date(self, i: int, days: float | None, *, ahead: bool = False) -> str | None:
        if self.cutoffs is None or days is None:
            return None
        # features are float32: a day that began at midnight must not become the day before
        moment = (self.cutoffs[i] + (1 if ahead else -1) * datetime.timedelta(days=days)).round("min")
        return self.language.day(moment)

    def _number_of(self, f: FeatureName, value: float) -> str:
        if f.aggregate in _DATED or f.aggregate == "active_days":
            return self.language.days(abs(value) if f.aggregate == "days_until" else value)
        if f.aggregate == "stage":
            stages = self.language.templates["stage.names"].split(", ")
            return stages[int(value)] if 0 <= value < len(stages) else self.language.number(value)
        if f.aggregate in _SHARES:
            return self.language.number(100 * value, 0)
        if f.aggregate in ("last_change_pct", "change_year_pct"):
            return ("+" if value > 0 else "") + self.language.number(value, 1)
        if f.family in ("rhythm", "silence") or f.aggregate in (
            "days_to",
            "planned_days",
            "closed_days_mean",
            "response_days_mean",
            "decayed",
        ):
            return self.language.number(value, 1)
        return self.language.number(value)

    def rounded(self, usual: float) -> str:
        """Round an average to one digit at most."""
        return self.language.number(usual, 0 if abs(usual) >= 10 else 1)

    def _typical(self, j: int, said: str) -> str:
        usual = self.usual.get(self.read[j].name)
        if usual is None or (isinstance(usual, float) and np.isnan(usual)):
            return ""
        text = self._number_of(self.read[j], float(usual)) if self.numeric[j] else str(usual)
        if self.read[j].aggregate == "active_days" and text != said:  # the unit is said already, and may need another case
            text = self.language.number(float(usual))
        return "" if text == said else self.language.templates["usual.others"].format(u=text)


def _days_of(window: str) -> float | None:
    try:
        return span(window).nominal / DAY
    except UsageError:  # "all", none, or what somebody's own column ends with
        return None


def _strongest_features(why: Explained, narrator: Narrator, driver: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of one driver that raise the risk most, one per family and subject, (n, 2), -1 for none; ranked by their family's
    sum.
    """
    inside = np.flatnonzero(np.array(why.keys) == list(why.table)[driver])
    values = why.values.to_numpy()[:, inside]
    raising = np.maximum(values, 0.0)
    families = pd.factorize(pd.Series([(narrator.read[j].subject, narrator.read[j].family) for j in inside]))[0]
    n_families = int(families.max()) + 1
    sums, lead = np.zeros((len(values), n_families)), np.zeros((len(values), n_families), dtype=np.int64)
    for family in range(n_families):
        members = np.flatnonzero(families == family)
        sums[:, family] = raising[:, members].sum(axis=1)
        lead[:, family] = inside[members[np.argmax(raising[:, members], axis=1)]]
    order = np.argsort(-sums, axis=1, kind="stable")[:, :_FACTS]
    best = np.take_along_axis(sums, order, axis=1)
    # a second fact is worth telling if it carries a fifth of what the first does
    worth = (best > 0) & (best >= 0.2 * best[:, :1])
    return np.where(worth, np.take_along_axis(lead, order, axis=1), -1), best


def reasons(why: Explained, k: int = 3, *, language: str | Language = "en", names: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the reasons of every customer, one row each.

    Returns
    -------
    frame
        Index as in ``why``, repeated. Columns: rank (1 is the strongest), driver, label, points (probability points), nature (actionable,
        behavioural, fixed), facts (in words), remedy.
    """
    narrator = Narrator(why, language, names)
    chosen, points = why.strongest(k)
    keys = list(why.table)
    leads = {d: _strongest_features(why, narrator, d)[0] for d in np.unique(chosen[chosen >= 0])}
    rows: list[tuple[Any, ...]] = []
    places: list[int] = []
    for i, rank in zip(*np.nonzero(chosen >= 0), strict=True):
        d = int(chosen[i, rank])
        driver, features = why.table[keys[d]], [int(j) for j in leads[d][i] if j >= 0]
        label = narrator.language.labels.get(driver.key, driver.label)
        nature = nature_of(why.features[features[0]], driver)
        rows.append((rank + 1, driver.key, label, points[i, rank], nature, _facts(narrator, features, int(i)), driver.remedy))
        places.append(int(i))
    columns = ["rank", "driver", "label", "points", "nature", "facts", "remedy"]
    return pd.DataFrame(rows, columns=columns, index=why.index[np.array(places, dtype=np.int64)])


def _facts(narrator: Narrator, features: list[int], i: int) -> str:
    if len(features) > 1 and narrator.read[features[0]].family == "silence":
        features = features[::-1]  # what was done, then since when no more
    said: list[str] = []
    after = ""
    for j in features:
        clause = narrator.fact(j, i, after=after)
        if clause not in said:
            said.append(clause)
        after = narrator.read[j].subject
    return "; ".join(said)


def words(why: Explained, k: int = 3, *, language: str | Language = "en", names: Mapping[str, Any] | None = None) -> pd.Series:
    """Return every customer's reasons as one text, the strongest first."""
    spoken = language_of(language)
    table = reasons(why, k, language=spoken, names=names)
    texts = [spoken.templates["nothing"].format(reference=why.reference)] * len(why)
    found: dict[int, list[str]] = {}
    i = -1
    for rank, label, points, nature, facts in table[["rank", "label", "points", "nature", "facts"]].itertuples(index=False):
        i = i + 1 if rank == 1 else i
        if rank > 1 and points < _LEAST:
            continue
        template = spoken.templates["reason.fixed" if nature == "fixed" else "reason"]
        found.setdefault(i, []).append(template.format(label=label, points=spoken.number(100 * points, 1), facts=facts))
    for place, parts in zip(np.flatnonzero(why.strongest(1)[0][:, 0] >= 0), found.values(), strict=True):
        texts[place] = " ".join(parts)
    return pd.Series(texts, index=why.index, name="words", dtype=object)
