"""Backtest: the figures, verdicts, plots and page of a backtest."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.evaluation.campaign import ASSUMED, Campaign
from churnpredict.evaluation.comparison import DIFFERENCE, METRICS
from churnpredict.evaluation.metric_titles import head_of, write_figure
from churnpredict.evaluation.verdict import Verdict, reach_verdict
from churnpredict.figures import percent, score
from churnpredict.markup import STYLE, document, table
from churnpredict.pipeline.calls_display import HEAD, calls_heading, calls_notes, calls_table, switch_words
from churnpredict.text_tables import Figure, paragraph, text_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

__all__ = ["Backtest"]

_SHOWN = ("auc", "average_precision", "log_loss", "brier", "lift_10", "calibration_gap", "calibration_slope", "empc", "expected_profit")
_BRIEF = ("auc", "log_loss", "lift_10", "calibration_gap")
_EQUAL = "not told apart"  # a verdict's key: no significant difference
_NEEDED = {"cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal", *DIFFERENCE}


class Backtest(pd.DataFrame):
    """Figures of a backtest, one row per cutoff, model and metric.

    Columns ``cutoff``, ``model``, ``metric``, ``value``, ``low``, ``high``; ``difference``, ``difference_low``, ``difference_high`` (the
    model minus this baseline, over the same draws of customers); ``n``, ``leavers``; ``train_rate`` (share that left in training),
    ``seasons_seen`` (earlier years whose outcomes training knew at this time of the year) and ``signal`` ("weak" where the model does not
    differ significantly from the base rate); ``strongest`` is the single feature that best separates leavers, where the model is too good
    to be true; ``season`` says what the clock of the season knew. Printed, it is a table with a verdict in words per cutoff. The metric
    ``same_first_reason`` is the share of customers for
    whom the model names the same strongest driver as the model of the previous cutoff.

    Attributes
    ----------
    predictions : DataFrame or None
        Index ``(customer_id, cutoff)``; ``outcome`` (0/1) and the risk that each model gave. Pictures are drawn from it.
    campaign : Campaign
        The costs and values of the profits, assumed where not given.
    switch : DataFrame or None
        Where something was judged ``against``, or a ``capacity`` given: what each model, score, rule and list finds in the calls of all
        cutoffs together. Columns ``model``, ``metric``, ``value``, ``low``, ``high``, and the difference of the model as above; metrics
        ``called``, ``found`` (leavers), ``false_alarms``, ``lead_days`` (mean days from the cutoff until those found left) and
        ``profit_of_calls``; ``found_by_model`` is what the model finds in as many calls as a list makes that is shorter than the capacity.
    capacity : int or None
        Calls at one cutoff; None: a tenth of the customers.
    """

    _metadata = ["predictions", "campaign", "switch", "capacity"]  # noqa: RUF012 (pandas asks for a list)
    predictions: pd.DataFrame | None = None
    campaign: Campaign = ASSUMED
    switch: pd.DataFrame | None = None
    capacity: int | None = None

    @property
    def _constructor(self) -> type[Backtest]:
        return Backtest

    def _parts(self) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
        return [(pd.Timestamp(str(cutoff)), part) for cutoff, part in pd.DataFrame(self).groupby("cutoff", sort=True)]

    def verdicts(self) -> dict[pd.Timestamp, Verdict]:
        """Return the verdict at each cutoff."""
        out = {}
        for cutoff, part in self._parts():
            first = part.iloc[0]
            known = {"train_rate": float(first["train_rate"]), "seasons_seen": int(first["seasons_seen"])} if "seasons_seen" in part else {}
            texts = {key: first[key] if key in part and isinstance(first[key], str) else None for key in ("strongest", "season")}
            out[cutoff] = reach_verdict(part, **texts, **known)  # type: ignore[arg-type]
        return out

    def table(self, *names: str) -> pd.DataFrame:
        """Return one line per cutoff and model, one column per metric."""
        wanted = list(names) or [m for m in _SHOWN if m in set(self["metric"])]
        order = list(dict.fromkeys(self["model"]))
        wide = pd.DataFrame(self).pivot_table(index=["cutoff", "model"], columns="metric", values="value", dropna=False)[wanted]
        wide = wide.reindex(pd.MultiIndex.from_product([sorted(set(self["cutoff"])), order], names=["cutoff", "model"]))
        return wide.dropna(how="all")

    def summary(self, width: int | None = None) -> str:
        """Return the backtest in words and figures, as wide as the terminal, or as ``width``; intervals are on a second line."""
        lines, verdicts = [], self.verdicts()
        for cutoff, part in self._parts():
            lines += paragraph(_heading(cutoff, part), width=width)
            lines += text_table(*_figures(part, _BRIEF, short=True), indent="  ", width=width)
            words = " ".join(filter(None, (verdicts[cutoff].words, steady(part))))
            lines += [*paragraph(words, indent="  ", width=width), ""]
            if calls := calls_heading(part):
                lines += [*paragraph(calls, indent="  ", width=width), *text_table(calls_table(part), HEAD, indent="  ", width=width)]
                lines += [line for note in calls_notes(part) for line in paragraph(note, indent="  ", width=width)] + [""]
        last = [self._overall(verdicts), *self._switched()]
        return "\n".join([*lines, *(line for told in last for line in paragraph(told, width=width))])

    def _switched(self) -> list[str]:
        """Return what a switch to the model would have meant, with the money behind it, as sentences."""
        first = pd.DataFrame(self).drop_duplicates("cutoff")
        sentences = switch_words(self.switch, self.capacity, int(first["leavers"].sum()), len(first))
        return [*sentences, self._money()] if sentences else []

    def _overall(self, verdicts: dict[pd.Timestamp, Verdict]) -> str:
        n = len(verdicts)
        counts = {kind: sum(v.against == kind for v in verdicts.values()) for kind in ("better", _EQUAL, "worse")}
        told = ", ".join(f"{'no significant difference' if kind == _EQUAL else kind} at {count}" for kind, count in counts.items() if count)
        against = f"Against the best baseline: {told}." if told else "The only baseline to compare with is the base rate."
        right, open_, weak = (
            sum(getattr(v, k) == w for v in verdicts.values())
            for k, w in (("level", "right"), ("level", "too few rows"), ("signal", "weak"))
        )
        level = f"Right on average at {right} of {n - open_}" if open_ < n else "Too few customers to tell whether it is right on average"
        level += f", too few customers to tell at {open_}." if 0 < open_ < n else "."
        signal = f" Weak signal at {weak}." if weak else ""
        return f"{n} cutoff{'' if n == 1 else 's'}. {against} {level}{signal}"

    def _money(self) -> str:
        """Return the costs and values behind the profits, in a sentence."""
        return f"Profits {'assume' if self.campaign is ASSUMED else 'are reckoned so'}: {self.campaign}."

    def _complete(self) -> bool:
        return bool(len(self)) and set(self.columns) >= _NEEDED

    def __repr__(self) -> str:
        return self.summary() if self._complete() else super().__repr__()

    __str__ = __repr__

    def _repr_html_(self) -> str:
        styled = f'<div class="churnpredict"><style>{STYLE}</style>'
        return f"{styled}{self._tables()}</div>" if self._complete() else str(pd.DataFrame(self)._repr_html_())  # type: ignore[operator]

    def _tables(self, names: tuple[str, ...] = _BRIEF) -> str:
        """Return a table per cutoff with its verdict, as HTML without style of its own."""
        out, verdicts = [], self.verdicts()
        for cutoff, part in self._parts():
            words = " ".join(filter(None, (verdicts[cutoff].words, steady(part))))
            out.append(f"<h3>{html.escape(_heading(cutoff, part))}</h3><p>{html.escape(words)}</p>{table(*_figures(part, names))}")
            if calls := calls_heading(part):
                notes = "".join(f"<p>{html.escape(note)}</p>" for note in calls_notes(part))
                out.append(f"<p>{html.escape(calls)}</p>{table(calls_table(part), HEAD)}{notes}")
        switched = "".join(f"<p>{html.escape(told)}</p>" for told in self._switched())
        return f"<div><p><b>{html.escape(self._overall(verdicts))}</b></p>{switched}{''.join(out)}</div>"

    def plot(self, *, metric: str = "log_loss") -> MatplotlibFigure:  # type: ignore[override]
        """Return calibration, gain and profit over all cutoffs together, and one metric over time.

        Returns
        -------
        matplotlib Figure
            Notebooks show it by themselves.
        """
        from churnpredict.evaluation.displays import GainDisplay, OverTimeDisplay, ProfitDisplay, ReliabilityDisplay
        from churnpredict.evaluation.pictures import new_figure

        predictions = self.predictions
        if predictions is None:
            raise UsageError(
                "no-predictions",
                "plots need predicted risks, and these figures come without them",
                remedy="Plot the object that backtest() returned.",
            )
        if metric not in METRICS:
            raise UsageError("unknown-metric", f"metric={metric!r}", remedy=f"Choose from {', '.join(METRICS)}.")
        y, who = predictions["outcome"].to_numpy(), predictions.index.get_level_values("customer_id")
        models = [m for m in dict.fromkeys(self["model"]) if m in predictions]
        ranked = [m for m in models if m != "base rate"]  # as a ranking the base rate is chance, which is drawn anyway
        losses = pd.DataFrame(self).query("metric == 'log_loss'")
        unlike = set(losses.loc[losses["value"].isna(), "model"])  # scores that are not probabilities: they say nothing of profit or loss
        figure, grid = new_figure(11, 9.4, rows=2, columns=2)
        (reliable, gain), (profit, over_time) = grid
        ReliabilityDisplay.from_predictions(y, predictions[models[0]], name=models[0], ax=reliable)
        for i, name in enumerate(ranked):
            known = predictions[name].notna().to_numpy()
            p = predictions[name].to_numpy()[known]
            GainDisplay.from_predictions(y[known], p, customers=who[known], rounds=0 if i else 100, name=name, ax=gain)
            if name not in unlike:
                ProfitDisplay.from_predictions(y[known], p, **asdict(self.campaign), name=name, ax=profit)
        frame = pd.DataFrame(self)
        cutoffs = sorted(set(frame["cutoff"]))
        wide = np.ptp([c.value for c in map(pd.Timestamp, cutoffs)]) / 8.64e13
        for i, name in enumerate([*ranked, *(m for m in models if m not in ranked)]):
            part = frame[(frame["model"] == name) & (frame["metric"] == metric)].dropna(subset="value").sort_values("cutoff")
            if not len(part):
                continue
            shown = OverTimeDisplay(part["cutoff"], part["value"], low=part["low"], high=part["high"], metric=metric, name=name)
            shown.plot(over_time, shift=(wide or 30.0) * 0.012 * (i - (len(models) - 1) / 2))
        for ax in (gain, profit, over_time):
            ax.get_legend().remove()
        handles = {label: handle for ax in (gain, over_time, profit) for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
        titles = ("Are the risks true?", "Are leavers found first?", "What would a campaign earn?", "Does it hold over time?")
        for ax, title in zip(grid.ravel(), titles, strict=True):
            ax.set_title(title, loc="left", fontsize=12)
        return figure

    def to_html(self, path: str | Path | None = None, *, title: str = "How good is it?") -> Path | str:  # type: ignore[override]
        """Return one page with the verdict, the pictures and all figures: no script, no request, no other file.

        Parameters
        ----------
        path : path, optional
            Where to write the page; without it, the page is returned as text.
        title : str

        Returns
        -------
        Path or str

        Raises
        ------
        OutputError
            ``not-written``.
        """
        from churnpredict.evaluation.pictures import svg
        from churnpredict.files import write_text

        style = (Path(__file__).parent / "templates" / "backtest.css").read_text(encoding="utf-8")
        picture = base64.b64encode(svg(self.plot()).encode()).decode()
        body = (
            f"<h1>{html.escape(title)}</h1>\n"
            "<p>At each cutoff the model and the baselines were trained on what was known before it, and tested on what came after. "
            "In brackets: 95 % intervals over customers; differences use the same draws.</p>\n"
            f"<p>{html.escape(self._money())}</p>\n"
            f'<img alt="Calibration, gain, profit and log loss over time" src="data:image/svg+xml;base64,{picture}">\n'
            f"{self._tables(_SHOWN)}"
        )
        page = document(title, body, style, images=True)
        return page if path is None else write_text(path, page)


def _by_model(part: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(model, part[part["model"] == model].set_index("metric")) for model in dict.fromkeys(part["model"])]


def _heading(cutoff: pd.Timestamp, part: pd.DataFrame) -> str:
    n, leavers = int(part["n"].iloc[0]), int(part["leavers"].iloc[0])
    return f"{cutoff.date()}: {n:,} customers at risk, {leavers:,} left ({percent(leavers / n)})"


def steady(part: pd.DataFrame) -> str | None:
    row = part[part["metric"] == "same_first_reason"]
    return None if not len(row) else f"Share with the same first reason as under the previous model: {percent(row['value'].iloc[0])}."


def _figures(part: pd.DataFrame, names: Sequence[str], *, short: bool = False) -> tuple[list[list[object]], list[str]]:
    """Return rows and names of the columns: model, each metric with its interval below, log loss minus that of this baseline."""
    shown = [m for m in names if m in set(part["metric"])]
    rows: list[list[object]] = []
    for model, figures in _by_model(part):
        rows.append([model, *(cell(m, figures.loc[m]) for m in shown), _apart(figures.loc["log_loss"])])
    return rows, ["", *(head_of(m, short=short) for m in shown), "log loss, model minus this"]


def cell(metric: str, row: Any) -> Figure:
    if np.isnan(row["value"]):
        return Figure("-")
    value, low, high = (write_figure(metric, float(row[name])) for name in ("value", "low", "high"))
    return Figure(
        f"{value}\n{low} to {high}" if {low[0], high[0]} & {"+", "-", "−"} else f"{value}\n{low}–{high}"
    )  # a dash is not a minus sign


def _apart(row: Any) -> Figure:
    value, low, high = (float(row[name]) for name in DIFFERENCE)
    if np.isnan(value):
        return Figure("")
    return Figure("{}\n{} to {}".format(*(("+" if v > 0 else "") + score(v) for v in (value, low, high))))
