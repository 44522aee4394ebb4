"""Displays in scikit-learn's manner: reliability, gain and lift, profit, and figures over time.

Each is made by ``from_estimator(model, X, y)`` or ``from_predictions(y, p)`` and drawn by ``plot(ax=)``; drawn twice on the same axes, two
models can be compared. Notebooks show the display itself. Longer than most modules because the four displays are in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice, check_text
from churnpredict.errors import UsageError
from churnpredict.evaluation import metrics
from churnpredict.evaluation.curves import gain_curve, profit_curve, reliability_curve, resampled_weights
from churnpredict.evaluation.metric_titles import axis_title
from churnpredict.evaluation.metrics import as_rows
from churnpredict.evaluation.pictures import drawn, finish, look, new_figure, percent_axis, png
from churnpredict.figures import amount, given, percent, short, times
from churnpredict.intervals import wilson
from churnpredict.model.labels import leaving_of, read_labels, risk_of
from churnpredict.model.seen_rows import warn_if_seen
from churnpredict.model.split import customers_of, cutoffs_of
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column, Estimator, Matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GainDisplay", "OverTimeDisplay", "ProfitDisplay", "ReliabilityDisplay"]

_GRID = np.linspace(0, 1, 101)
_CROWD, _FEW_BINS = 0.7, 5  # of the bins in a corner make a crowd


class Display:
    """Base of the displays: the estimator's risks, axes, and the next free colour on them."""

    size = (5.4, 4.4)
    ax_: Any
    figure_: Any

    @property
    def name(self) -> str | None:
        """The model, for the legend and the title."""
        return self._name

    @name.setter
    def name(self, given: str | None) -> None:
        self._name = checked_name(given)

    @classmethod
    def from_estimator(cls, estimator: Estimator, X: Matrix, y: Column, *, name: str | None = None, **options: object) -> Self:
        """Draw the risks of a fitted classifier.

        Parameters
        ----------
        estimator : fitted classifier
            The risk is its probability of the label that means "left": see :func:`churnpredict.model.labels.risk_of`.
        X, y : matrix (n, n_features), labels (n,)
            Features and labels; customers and cutoffs are taken from the index of X, if it has them. Rows that the model was trained on
            look better than others will: they are recognised, and warned of.
        name : str, optional
            For the legend; the estimator's class by default.
        **options
            As for ``from_predictions``.
        """
        name = checked_name(name) or type(estimator).__name__
        leaving = leaving_of(estimator)
        y = in_row_order(y, X, "y")
        target = read_labels(y).target if isinstance(y, pd.DataFrame) else np.asarray(np.asarray(y) == leaving, dtype=np.float64)
        p = risk_of(estimator, X)
        warn_if_seen(estimator, X)
        draw: Any = vars(cls)["from_predictions"].__get__(None, cls)
        shown: Self = draw(target, p, name=name, **cls._known(X), **options)
        return shown

    @classmethod
    def _known(cls, X: Any) -> dict[str, Any]:
        """Return the customers and cutoffs in the index of X that this display can use."""
        return {}

    def _axes(self, ax: Any) -> tuple[Any, str]:
        """Return axes to draw on, made if there are none, and the colour that this curve gets."""
        own = ax is None
        if own:
            _, grid = new_figure(*self.size)
            ax = grid[0, 0]
        self.ax_, self.figure_, self._own = ax, ax.figure, own
        there, theme = sum(line.get_gid() == "curve" for line in ax.lines), look()
        if not there:
            ax.spines[["top", "right"]].set_visible(False)
            ax.grid(color=theme.grid, linewidth=0.8)
            ax.set_axisbelow(True)
        return ax, theme.colours[there % len(theme.colours)]

    def _tell(self, finding: str, seen: str) -> None:
        """Set title and description on a new figure; given axes keep their titles."""
        if self._own:
            finish(self.figure_, f"{self.name}: {finding}" if self.name else finding, seen)

    @property
    def alt_text(self) -> str:
        """What is seen, in words; empty on axes of somebody else."""
        return self.figure_.alt_text if getattr(self, "_own", False) else ""

    def _repr_png_(self) -> bytes | None:
        return png(self.figure_) if getattr(self, "_own", False) else None


def checked_name(given: str | None) -> str | None:
    """Return the name of a curve as it is given; what is not a text is refused."""
    return None if given is None else check_text(given, "name", 'Give a text, such as name="logistic", or leave it out.')


def legend_of(ax: Any, **options: Any) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(facecolor=look().paper, edgecolor="none", framealpha=0.85, fontsize=9, **options)


class ReliabilityDisplay(Display):
    """Predicted risk against observed share of leavers, in bins of equal size with 95 % intervals, above a histogram of the risks.

    Attributes
    ----------
    risk, observed, low, high : ndarray (bins,)
        Mean risk, share that left and its interval (Wilson 1927) in each bin; equal risks share a bin.
    n : ndarray (bins,)
        Customers in each bin.
    counts, edges : ndarray (20,), ndarray (21,)
        The histogram of risks.
    ax_, figure_ : matplotlib Axes and Figure

    Examples
    --------
    >>> y, p = np.tile([0, 0, 0, 1], 50), np.tile([.1, .2, .3, .4], 50)
    >>> ReliabilityDisplay.from_predictions(y, p, bins=4).observed.tolist()
    [0.0, 0.0, 0.0, 1.0]
    """

    size = (5.4, 5.4)

    def __init__(
        self,
        risk: Column,
        observed: Column,
        *,
        low: Column,
        high: Column,
        counts: Column,
        edges: Column,
        n: Column | None = None,
        name: str | None = None,
    ) -> None:
        self.risk, self.observed = np.asarray(risk), np.asarray(observed)
        self.low, self.high = np.asarray(low), np.asarray(high)
        self.counts, self.edges = np.asarray(counts), np.asarray(edges)
        self.n = np.ones(len(self.risk)) if n is None else np.asarray(n, dtype=np.float64)
        self.name = name

    @classmethod
    def from_predictions(
        cls, y: Column, p: Column, *, sample_weight: Column | None = None, bins: int = 10, name: str | None = None, ax: Axes | None = None
    ) -> ReliabilityDisplay:
        """Draw predicted risks against observed labels.

        Parameters
        ----------
        y, p, sample_weight : array (n,)
            Labels (0 stayed, 1 left), predicted risks, and weights of the rows where they differ.
        bins : int
            Number of bins.
        name, ax : str, matplotlib Axes, optional
            Name in legend and title; axes to draw on, by default new ones.
        """
        said, seen, n = reliability_curve(y, p, sample_weight=sample_weight, bins=bins)
        low, high = wilson(seen * n, n)
        risks = np.asarray(p, dtype=np.float64)
        counts, edges = np.histogram(risks, bins=20, range=(0, max(float(risks.max(initial=0.0)), 1e-6)), weights=sample_weight)
        return cls(said, seen, low=low, high=high, counts=counts, edges=edges, n=n, name=name).plot(ax)

    @drawn
    def plot(self, ax: Axes | None = None, *, name: str | None = None) -> ReliabilityDisplay:
        """Draw on the axes, or on new ones; ``name`` replaces that of the display in the legend."""
        ax, colour = self._axes(ax)
        top = min(1.0, 1.05 * float(np.max(np.r_[self.risk, self.high, 0.02])))
        if not ax.child_axes:
            ax.plot([0, 1], [0, 1], color=look().quiet, linewidth=1, linestyle="--", label="perfect")
            below = ax.inset_axes((0, -0.26, 1, 0.2), sharex=ax)
            below.spines[["top", "right", "left"]].set_visible(False)
            below.set_yticks([])
            below.set_ylabel("customers", fontsize=8)
            below.set_xlabel("predicted risk")
            ax.tick_params(axis="x", labelbottom=False)
            ax.set_ylabel("observed share that left")
            ax.set_xlim(0, top)
            ax.set_ylim(0, top)
            percent_axis(below.xaxis)
            percent_axis(ax.yaxis)
        else:
            top = max(top, ax.get_xlim()[1])
            ax.set_xlim(0, top)
            ax.set_ylim(0, top)
        strip: Any = ax.child_axes[0]
        strip.stairs(self.counts, self.edges, color=colour, fill=not strip.patches, alpha=0.6 if not strip.patches else 1.0)
        ax.vlines(self.risk, self.low, self.high, color=colour, linewidth=1, alpha=0.7)
        ax.plot(
            self.risk, self.observed, "o-", color=colour, markersize=4.5, linewidth=1.3, label=checked_name(name) or self.name, gid="curve"
        )
        self._zoom(ax, colour)
        legend_of(ax, loc="upper left")
        predicted, observed = (percent(float(np.average(v, weights=self.n))) for v in (self.risk, self.observed))
        seen = f"Observed share by predicted risk in {len(self.risk)} bins with 95 % intervals, above a histogram of the risks."
        self._tell(f"{predicted} predicted, {observed} observed on average", seen)
        return self

    def _zoom(self, ax: Any, colour: str) -> None:
        """Add a second plot of the corner where most bins are."""
        reach = np.sort(np.maximum(self.risk, self.observed))
        if len(ax.child_axes) < 2:
            edge = 1.2 * float(reach[int(_CROWD * (len(reach) - 1))]) if len(reach) else 0.0
            if len(reach) < _FEW_BINS or not 0 < edge < ax.get_xlim()[1] / 2.5:
                return
            corner = ax.inset_axes([0.58, 0.06, 0.4, 0.4])
            corner.set(xlim=(0, edge), ylim=(0, edge))
            corner.plot([0, edge], [0, edge], color=look().quiet, linewidth=1, linestyle="--")
            corner.tick_params(labelsize=7)
            corner.locator_params(nbins=3)
            percent_axis(corner.xaxis)
            percent_axis(corner.yaxis)
            ax.indicate_inset_zoom(corner, edgecolor=look().quiet)
        corner = ax.child_axes[1]
        corner.vlines(self.risk, self.low, self.high, color=colour, linewidth=1, alpha=0.7)
        corner.plot(self.risk, self.observed, "o-", color=colour, markersize=3.5, linewidth=1.1)


class GainDisplay(Display):
    """Share of the leavers among the customers of highest risk (gain), or how much denser they are there than overall (lift).

    Attributes
    ----------
    share, gain, low, high : ndarray (101,)
        Share of the customers, share of the leavers among them, and its 95 % interval over customers.
    best : ndarray (101,)
        The gain of a perfect ranking.
    kind : {"gain", "lift"}
    ax_, figure_ : matplotlib Axes and Figure

    Examples
    --------
    >>> y, p = np.tile([0, 0, 0, 1], 50), np.tile([.1, .2, .3, .4], 50)
    >>> float(GainDisplay.from_predictions(y, p).gain[25])
    1.0
    """

    def __init__(
        self, share: Column, gain: Column, *, low: Column, high: Column, best: Column, kind: str = "gain", name: str | None = None
    ) -> None:
        check_choice(kind, "kind", ("gain", "lift"), code="bad-argument")
        self.share, self.gain = np.asarray(share), np.asarray(gain)
        self.low, self.high, self.best = np.asarray(low), np.asarray(high), np.asarray(best)
        self.kind, self.name = kind, name

    @classmethod
    def from_predictions(
        cls,
        y: Column,
        p: Column,
        *,
        kind: str = "gain",
        customers: Column | None = None,
        sample_weight: Column | None = None,
        rounds: int = 100,
        random_state: int = 0,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> GainDisplay:
        """Draw the gain, or the lift, of risks.

        Parameters
        ----------
        y, p, sample_weight : array (n,)
            Labels (0 stayed, 1 left), predicted risks, and weights of the rows where they differ.
        kind : {"gain", "lift"}
        customers : array (n,), optional
            The customer of each row: rows of a customer are drawn together for the interval. By default every row is a customer.
        rounds, random_state : int
            Draws of the interval (0: none), and their seed.
        name, ax : str, matplotlib Axes, optional
            Name in legend and title; axes to draw on, by default new ones.
        """
        p, customers, sample_weight = as_rows(y, p=p, customers=customers, sample_weight=sample_weight)
        base = np.ones(np.size(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)

        def curve(score: Any, w: np.ndarray) -> np.ndarray:
            return gain_curve(y, score, shares=_GRID, sample_weight=w)

        found, best = curve(p, base), curve(y, base)
        draws = resampled_weights(len(base), customers=customers, rounds=rounds, random_state=random_state)
        drawn = [curve(p, base * w) for w in draws]
        low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0) if drawn and np.isfinite(found).any() else (found, found)
        return cls(_GRID, found, low=low, high=high, best=best, kind=kind, name=name).plot(ax)

    @classmethod
    def _known(cls, X: Any) -> dict[str, Any]:
        return {"customers": customers_of(X)}

    @drawn
    def plot(self, ax: Axes | None = None, *, name: str | None = None) -> GainDisplay:
        """Draw on the axes, or on new ones; ``name`` replaces that of the display in the legend."""
        ax, colour = self._axes(ax)
        lift = self.kind == "lift"
        some = self.share >= (0.02 if lift else 0)
        share = self.share[some]
        unit = share if lift else np.ones(len(share))
        if not any(line.get_gid() == "curve" for line in ax.lines):
            ax.plot(share, self.best[some] / unit, color=look().quiet, linewidth=1, linestyle=":", label="perfect")
            ax.plot(share, share / unit, color=look().quiet, linewidth=1, linestyle="--", label="random")
            ax.set_xlabel("Share of customers, highest risk first")
            ax.set_ylabel("Lift: leavers against the average" if lift else "Share of all leavers among them")
            percent_axis(ax.xaxis)
            if lift:
                ax.set_ylim(0, 1.15 * float(np.nanmax(np.r_[self.high[some] / unit, 1.0])))
            else:
                percent_axis(ax.yaxis)
                ax.set_ylim(0, 1.02)
            ax.set_xlim(0, 1)
        ax.fill_between(share, self.low[some] / unit, self.high[some] / unit, color=colour, alpha=0.15, linewidth=0)
        ax.plot(share, self.gain[some] / unit, color=colour, linewidth=1.6, label=checked_name(name) or self.name, gid="curve")
        legend_of(ax, loc="upper right" if lift else "lower right")
        tenth = float(np.interp(0.1, self.share, self.gain))
        finding = (
            f"the riskiest tenth leaves {times(10 * tenth)} as often as all"
            if lift
            else f"the riskiest tenth holds {percent(tenth)} of all leavers"
        )
        if not np.isfinite(tenth):
            finding = "nobody left, so there is no leaver to find"
        self._tell(
            finding if self.name else finding[:1].upper() + finding[1:], "Curve: leavers among the customers of highest risk, band 95 %."
        )
        return self


class ProfitDisplay(Display):
    """Profit per customer of contacting those of highest risk, by the share contacted, computed from the observed outcomes.

    Attributes
    ----------
    share, profit : ndarray (steps + 1,)
        Customers contacted, and profit per customer (of all of them), one point for each distinct score.
    chosen : (float, float)
        Share and profit if all customers with a positive expected profit are contacted (``expected_profit``).
    reckoned : str
        The money behind the figures, shown under the axis.
    ax_, figure_ : matplotlib Axes and Figure

    Examples
    --------
    >>> y, p = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [.9, .9, .1, .1, .1, .1, .1, .1, .1, .1]
    >>> shown = ProfitDisplay.from_predictions(y, p, value=200, offer_cost=10, contact_cost=1)
    >>> shown.share.tolist(), [round(v, 9) for v in shown.profit.tolist()]
    ([0.0, 0.2, 1.0], [0.0, 11.2, 2.4])
    """

    def __init__(self, share: Column, profit: Column, *, chosen: tuple[float, float], reckoned: str = "", name: str | None = None) -> None:
        self.share, self.profit = np.asarray(share), np.asarray(profit)
        self.chosen, self.reckoned, self.name = chosen, reckoned, name

    @classmethod
    def from_predictions(
        cls,
        y: Column,
        p: Column,
        *,
        value: Column,
        offer_cost: float,
        contact_cost: float,
        acceptance: float = 0.3,
        sample_weight: Column | None = None,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> ProfitDisplay:
        """Draw the profit of contacting customers by expected profit: with one value for all that is the order of the risks.

        Parameters
        ----------
        y, p, sample_weight : array (n,)
            Labels (0 stayed, 1 left), predicted risks, and weights of the rows where they differ.
        value : float or array (n,)
            Value of a customer over the horizon.
        offer_cost, contact_cost, acceptance : float
            As of :class:`churnpredict.Campaign`.
        name, ax : str, matplotlib Axes, optional
            Name in legend and title; axes to draw on, by default new ones.
        """
        money: dict[str, Any] = {"value": value, "offer_cost": offer_cost, "contact_cost": contact_cost, "acceptance": acceptance}
        share, profit, chosen = profit_curve(y, p, sample_weight=sample_weight, **money)
        worth = given(value) if np.ndim(value) == 0 else "its own value"
        reckoned = f"a customer worth {worth}, an offer {given(offer_cost)}, a contact {given(contact_cost)}, {percent(acceptance)} accept"
        return cls(share, profit, chosen=chosen, reckoned=reckoned, name=name).plot(ax)

    @drawn
    def plot(self, ax: Axes | None = None, *, name: str | None = None) -> ProfitDisplay:
        """Draw on the axes, or on new ones; ``name`` replaces that of the display in the legend."""
        ax, colour = self._axes(ax)
        if not any(line.get_gid() == "curve" for line in ax.lines):
            ax.plot([0, 1], [0, self.profit[-1]], color=look().quiet, linewidth=1, linestyle="--", label="random")
            ax.axhline(0, color=look().quiet, linewidth=0.8)
            ax.set_xlabel("\n".join(filter(None, ("Share of customers contacted", self.reckoned))))
            ax.set_ylabel("profit per customer, of all customers")
            ax.set_xlim(0, 1)
            percent_axis(ax.xaxis)
        ax.plot(self.share, self.profit, color=colour, linewidth=1.6, label=checked_name(name) or self.name, gid="curve")
        first = not any(line.get_gid() == "stop" for line in ax.lines)
        where: dict[str, Any] = {"label": "where the risks say stop"} if first else {}
        ax.plot(*self.chosen, "o", color=colour, markersize=7, markeredgecolor=look().paper, gid="stop", zorder=4, **where)
        legend_of(ax, loc="best")
        finding = f"contacting {percent(self.chosen[0])} of the customers earns {amount(self.chosen[1])} per customer"
        seen = "Curve: profit per customer by the share contacted, highest expected profit first."
        self._tell(finding if self.name else finding[:1].upper() + finding[1:], seen)
        return self


class OverTimeDisplay(Display):
    """A metric over cutoffs, with 95 % intervals over customers.

    Attributes
    ----------
    cutoffs : DatetimeIndex (c,)
    value, low, high : ndarray (c,)
    metric : str
    ax_, figure_ : matplotlib Axes and Figure

    Examples
    --------
    >>> y, p, when = [0, 1, 0, 1], [.1, .9, .9, .1], ["2024-01-01", "2024-01-01", "2024-02-01", "2024-02-01"]
    >>> OverTimeDisplay.from_predictions(y, p, cutoff=when, metric="auc", rounds=0).value.tolist()
    [1.0, 0.0]
    """

    size = (6.4, 3.8)

    def __init__(
        self, cutoffs: Column, value: Column, *, low: Column, high: Column, metric: str = "log_loss", name: str | None = None
    ) -> None:
        self.cutoffs = pd.DatetimeIndex(np.asarray(cutoffs))
        self.value, self.low, self.high = np.asarray(value), np.asarray(low), np.asarray(high)
        self.metric, self.name = metric, name

    @classmethod
    def from_predictions(
        cls,
        y: Column,
        p: Column,
        *,
        cutoff: Column | None = None,
        metric: str = "log_loss",
        customers: Column | None = None,
        rounds: int = 100,
        random_state: int = 0,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> OverTimeDisplay:
        """Draw a metric at each cutoff.

        Parameters
        ----------
        y, p : array (n,)
            Labels (0 stayed, 1 left) and predicted risks, one per row.
        cutoff : array (n,) of times
            The cutoff of each row; may be left out where the index of ``y`` has it.
        metric : str
            One of those that :meth:`churnpredict.ChurnPipeline.backtest` reports, such as ``"auc"``.
        customers : array (n,), optional
            The customer of each row: rows of a customer are drawn together for the interval. By default every row is a customer.
        rounds, random_state : int
            Draws of the interval (0: none), and their seed.
        name, ax : str, matplotlib Axes, optional
            Name in legend and title; axes to draw on, by default new ones.

        Raises
        ------
        UsageError
            ``unknown-metric``, ``no-cutoffs``.
        """
        from churnpredict.evaluation.comparison import METRICS

        if metric not in METRICS:
            raise UsageError("unknown-metric", f"metric={metric!r}", remedy=f"Choose from {', '.join(METRICS)}.")
        p, customers, cutoff = as_rows(y, p=p, customers=customers, cutoff=cutoff)
        times = None if cutoff is None else cutoffs_of(y, cutoff)
        if times is None:
            raise UsageError("no-cutoffs", "the cutoff of each row is unknown", remedy="Pass cutoff=, or X with cutoffs in its index.")
        target, risk = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
        who = np.arange(len(target)) if customers is None else np.asarray(customers)
        points = []
        for time in np.unique(times):
            at = times == time
            drawn = metrics.bootstrap_interval(
                METRICS[metric], target[at], risk[at], customers=who[at], rounds=rounds, random_state=random_state
            )
            points.append((pd.Timestamp(int(time), unit="us"), *drawn))
        when, value, low, high = zip(*points, strict=True)
        return cls(when, value, low=low, high=high, metric=metric, name=name).plot(ax)

    @classmethod
    def _known(cls, X: Any) -> dict[str, Any]:
        times = cutoffs_of(X)
        return {"customers": customers_of(X)} | ({} if times is None else {"cutoff": pd.to_datetime(times, unit="us")})

    @drawn
    def plot(self, ax: Axes | None = None, *, name: str | None = None, shift: float = 0.0) -> OverTimeDisplay:
        """Draw on the axes, or on new ones; ``name`` is for the legend, ``shift`` moves the marks by days, apart from other models."""
        ax, colour = self._axes(ax)
        when = self.cutoffs + pd.Timedelta(days=shift)
        ax.vlines(when, self.low, self.high, color=colour, linewidth=1.2, alpha=0.7)
        ax.plot(when, self.value, "o-", color=colour, markersize=5, linewidth=1.2, label=checked_name(name) or self.name, gid="curve")
        ax.set_ylabel(axis_title(self.metric))
        ax.set_xlabel("Cutoff")
        seen = sorted({*getattr(ax, "_cutoffs", ()), *self.cutoffs})
        vars(ax)["_cutoffs"] = seen
        if len(seen) <= 6:
            ax.set_xticks(seen, [f"{t:%Y-%m-%d}" for t in seen])
        else:
            from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

            ax.xaxis.set_major_locator(AutoDateLocator())
            ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
        legend_of(ax, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
        low, high = (short(v) for v in (np.nanmin(self.value), np.nanmax(self.value))) if np.isfinite(self.value).any() else ("-", "-")
        n = len(self.cutoffs)
        words = f"{axis_title(self.metric)}: {low} to {high} at {n} cutoff{'' if n == 1 else 's'}"
        self._tell(words, "Dots with 95 % intervals over customers, by cutoff.")
        return self
