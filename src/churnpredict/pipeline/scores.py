"""Scores: the frame of scores, as notebooks and terminals show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from churnpredict.explanation.drivers import label_of
from churnpredict.figures import amount, percent, points, short
from churnpredict.markup import show
from churnpredict.text_tables import Bar, Figure, paragraph, text_table, width_of_terminal

__all__ = ["Scores"]

_MOST = 10
_NEEDED = ("customer_id", "risk", "reason_1", "reason_1_points")
_REASONS = 3
_OWN = 3  # columns of the user's own that are shown
_WIDE = 110  # columns of a terminal that has room for remedies
_TOLD = {"customer_id", "cutoff", "risk", "percentile", "band", "value", "money_at_risk", "about_equal", "words", "model_id", "in_sample"}
_TOLD |= {"expected_days"}


class Scores(pd.DataFrame):
    """Scores of customers, one row each: a DataFrame in every respect, but for how it is shown.

    Shown are the first ten rows with risk, money at risk, reasons and the first remedy, whatever the width; ``pd.DataFrame(scores)`` shows
    the columns themselves. A selection without risk or reasons is shown as pandas does.

    ``pd.testing.assert_frame_equal`` wants the narrower class on the left: give it the scores first, or ``pd.DataFrame(scores)``.

    Attributes
    ----------
    unit : str
        The unit of money, such as "€": shown with every amount. Empty if not given.

    Examples
    --------
    >>> scores = Scores({"customer_id": ["a"], "risk": [0.5], "reason_1": ["price"], "reason_1_points": [0.2], "money_at_risk": [120.0]})
    >>> scores
    1 customer at risk; money at risk: 120
    customer  risk  money at risk  reasons and their points
    a         50 %            120  Price +20.0
    5 columns; all of them: pd.DataFrame(scores)
    >>> type(scores[["customer_id", "risk"]].iloc[:1]).__name__
    'Scores'
    """

    _metadata = ["unit"]  # noqa: RUF012 (pandas asks for a list)
    unit: str = ""

    @property
    def _constructor(self) -> type[Scores]:
        return Scores

    def _can_be_shown(self) -> bool:
        return self.columns.nlevels == 1 and self.columns.is_unique and set(_NEEDED) <= set(self.columns)

    def __repr__(self) -> str:
        if not self._can_be_shown():
            return str(super().__repr__())
        width = width_of_terminal()
        shown = self._told(remedies=width >= _WIDE)
        lines = paragraph(self._headline(), width=width)
        lines += text_table([row for _, row in zip(range(_MOST), shown, strict=False)], self._head(remedies=width >= _WIDE), width=width)
        cut = f"{_MOST} of {len(self):,} rows, " if len(self) > _MOST else ""
        return "\n".join([*lines, *paragraph(f"{cut}{self.shape[1]} columns; all of them: pd.DataFrame(scores)", width=width)])

    __str__ = __repr__

    def _repr_html_(self) -> str | None:
        if not self._can_be_shown():
            shown: Any = pd.DataFrame(self)
            return shown._repr_html_()
        rows = [row for _, row in zip(range(_MOST + 1), self._told(remedies=True), strict=False)]
        cut = f"{_MOST} of {len(self):,} customers, the first; " if len(self) > _MOST else ""
        after = [f"{cut}{self.shape[1]} columns: scores.columns. All of them: pd.DataFrame(scores)."]
        return show(self._headline(), rows[:_MOST], self._head(remedies=True), after)

    def _headline(self) -> str:
        n = len(self)
        said = f"{n:,} customer{'' if n == 1 else 's'} at risk"
        times: Any = self["cutoff"].dropna().unique() if "cutoff" in self else []
        if len(times) == 1:
            said += f", as known on {pd.Timestamp(times[0]):%Y-%m-%d}"
        if n and "money_at_risk" in self and self["money_at_risk"].notna().any():
            said += f"; money at risk: {amount(float(self['money_at_risk'].sum()), self.unit)}"
        return said + ("; the model was trained on later outcomes (in-sample)" if "in_sample" in self else "")

    def _own(self) -> list[str]:
        """Return columns of the user's own."""
        told = {f"{name}_{i}{rest}" for i in range(1, 9) for name, rest in (("reason", ""), ("reason", "_points"), ("remedy", ""))}
        return [c for c in self.columns if isinstance(c, str) and c not in _TOLD | told and not c.startswith("risk_")][:_OWN]

    def _head(self, *, remedies: bool) -> list[str]:
        money = ["money at risk"] if "money_at_risk" in self else []
        last = ["first remedy"] if remedies and "remedy_1" in self else []
        return ["customer", "risk", *money, "reasons and their points", *last, *self._own()]

    def _told(self, *, remedies: bool) -> Iterator[tuple[object, ...]]:
        head = self.head(_MOST)
        for row in head.to_dict("records"):
            cells: list[object] = [str(row["customer_id"]), Bar(float(row["risk"]), percent(row["risk"]))]
            if "money_at_risk" in row:
                cells.append(Figure(amount(row["money_at_risk"], self.unit)))
            found = list(_reasons(row))
            if len(found) > 1 and row.get("about_equal") is True:
                found[:2] = [" / ".join(found[:2])]
            cells.append(", ".join(found) or "none stands out")
            if remedies and "remedy_1" in row:
                cells.append("" if pd.isna(row["remedy_1"]) else str(row["remedy_1"]))
            yield (*cells, *(_own_cell(row[c]) for c in self._own()))


def _reasons(row: dict[Any, Any]) -> Iterator[str]:
    for i in range(1, _REASONS + 1):
        key, adds = row.get(f"reason_{i}"), row.get(f"reason_{i}_points")
        if isinstance(key, str) and key:
            label = label_of(key)
            yield f"{label}\u00a0{points(adds)}" if pd.notna(adds) else label  # never a line break between both


def _own_cell(value: Any) -> object:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    return Figure(short(value)) if isinstance(value, float) else value if isinstance(value, int) else str(value)
