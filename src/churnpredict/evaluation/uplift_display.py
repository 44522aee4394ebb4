"""The curve of an uplift ranking on a randomised experiment, in scikit-learn's manner."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from churnpredict.argument_checks import check_choice
from churnpredict.errors import UsageError
from churnpredict.evaluation.curves import resampled_weights
from churnpredict.evaluation.displays import Display, checked_name, legend_of
from churnpredict.evaluation.metrics import Interval, as_rows, bootstrap_interval, qini
from churnpredict.evaluation.pictures import drawn, look, percent_axis
from churnpredict.evaluation.uplift_curves import auuc, max_uplift_profit, qini_curve, uplift_curve, uplift_profit_curve
from churnpredict.figures import amount, given, percent, points
from churnpredict.model.split import customers_of
from churnpredict.signatures import Column, Estimator, Matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["UpliftDisplay"]

_GRID = np.linspace(0, 1, 101)
_CURVES = {"uplift": uplift_curve, "qini": qini_curve}


class UpliftDisplay(Display):
    """Customers kept by contacting a top share of an uplift ranking, with its 95 % interval, beside a random order.

    Attributes
    ----------
    share, kept, low, high : ndarray (101,)
        Share of the customers contacted, customers kept as a share of all customers (``kind="qini"``: per contacted customer of all), and
        the interval over customers.
    qini, auuc : Interval
        Area between the Qini curve and that of a random order; area under the uplift curve. A ranking whose Qini interval holds 0 does not
        tell whom to contact.
    profit, best_share : Interval or None, float or None
        The highest profit per customer that contacting a top share would have earned, where ``value`` is given, and that share. Its
        interval is of the share that is best on all rows, so that it may lie below 0.
    kind : {"uplift", "qini"}
    ax_, figure_ : matplotlib Axes and Figure

    References
    ----------
    Radcliffe (2007) for Qini, Gutierrez and Gérardy (2017) for the uplift curve, Devriendt, Berrevoets and Verbeke (2021) for the profit:
    see :mod:`churnpredict.evaluation.uplift_curves`.

    Examples
    --------
    >>> y, t, uplift = [0, 1, 0, 0] * 50, [1, 0, 1, 0] * 50, [.3, .3, .1, .1] * 50
    >>> shown = UpliftDisplay.from_predictions(y, uplift, treated=t, rounds=20)
    >>> float(shown.kept[50]), float(shown.kept[100]), shown.qini.low > 0
    (0.5, 0.5, True)
    """

    def __init__(
        self,
        share: Column,
        kept: Column,
        *,
        low: Column,
        high: Column,
        qini: Interval,
        auuc: Interval,
        profit: Interval | None = None,
        best_share: float | None = None,
        kind: str = "uplift",
        reckoned: str = "",
        name: str | None = None,
    ) -> None:
        check_choice(kind, "kind", list(_CURVES), code="bad-argument")
        self.share, self.kept = np.asarray(share), np.asarray(kept)
        self.low, self.high = np.asarray(low), np.asarray(high)
        self.qini, self.auuc, self.profit, self.best_share = qini, auuc, profit, best_share
        self.kind, self.reckoned, self.name = kind, reckoned, name

    @classmethod
    def from_estimator(cls, estimator: Estimator, X: Matrix, y: Column, *, name: str | None = None, **options: object) -> UpliftDisplay:
        """Draw the uplift that a fitted model predicts: an :class:`churnpredict.evaluation.uplift.UpliftModel`, or anything whose
        ``predict(X)`` returns one number per row.

        Parameters
        ----------
        estimator : fitted model
        X, y : matrix (n, n_features), labels (n,)
            Rows that the model was not trained on; customers are taken from the index of X, if it has them.
        name : str, optional
        **options
            As for ``from_predictions``; ``treated`` is needed.
        """
        if "treated" not in options:
            raise UsageError("one-arm", "treated= is missing", remedy="Give 1 for contacted, 0 for held out, one per row of X.")
        draw: Any = cls.from_predictions
        model: Any = estimator
        uplift = np.asarray(model.predict(X), dtype=np.float64)
        shown: UpliftDisplay = draw(
            y, uplift, name=checked_name(name) or type(estimator).__name__, **({"customers": customers_of(X)} | options)
        )
        return shown

    @classmethod
    def from_predictions(
        cls,
        y: Column,
        p: Column,
        *,
        treated: Column,
        kind: str = "uplift",
        value: float | None = None,
        offer_cost: float = 0.0,
        contact_cost: float = 0.0,
        customers: Column | None = None,
        sample_weight: Column | None = None,
        rounds: int = 200,
        random_state: int = 0,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> UpliftDisplay:
        """Draw how many customers a ranking keeps, from contacts that were made at random.

        Parameters
        ----------
        y, p : array (n,)
            Labels (0 stayed, 1 left), and the predicted uplift or any other score: customers with the highest are contacted first.
        treated : array (n,)
            1 for customers who were contacted, 0 for those held out.
        kind : {"uplift", "qini"}
        value : float, optional
            What a kept customer is worth; with it the profit is computed too.
        offer_cost, contact_cost : float
            Costs of an offer and of a contact, in the unit of ``value``.
        customers : array (n,), optional
            The customer of each row: rows of a customer are drawn together for intervals. By default every row is a customer.
        sample_weight : array (n,), optional
            Weights of the rows.
        rounds, random_state : int
            Draws of the intervals (0: none), and their seed.
        name, ax : str, matplotlib Axes, optional
            Name in legend and title; axes to draw on, by default new ones.
        """
        check_choice(kind, "kind", list(_CURVES), code="bad-argument")
        p, treated, customers, sample_weight = as_rows(y, p=p, treated=treated, customers=customers, sample_weight=sample_weight)
        base = np.ones(np.size(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)

        def curve(w: np.ndarray) -> np.ndarray:
            return np.asarray(np.interp(_GRID, *_CURVES[kind](y, p, treated=treated, sample_weight=w)))

        found, how = curve(base), {"customers": customers, "rounds": rounds, "random_state": random_state}
        draws = [curve(base * w) for w in resampled_weights(len(base), **how)]  # type: ignore[arg-type]
        low, high = np.quantile(draws, [0.025, 0.975], axis=0) if draws else (found, found)

        def area(metric: Any) -> Interval:
            return bootstrap_interval(metric, y, p, treated=treated, sample_weight=sample_weight, **how)  # type: ignore[arg-type]

        profit, best, reckoned = None, None, ""
        if value is not None:
            money = {"value": value, "offer_cost": offer_cost, "contact_cost": contact_cost}
            best = max_uplift_profit(y, p, treated=treated, sample_weight=sample_weight, **money)[1]
            profit = area(partial(_profit_at, share=best, **money))
            reckoned = f"a customer worth {given(value)}, an offer {given(offer_cost)}, a contact {given(contact_cost)}"
        return cls(
            _GRID, found, low=low, high=high, qini=area(qini), auuc=area(auuc), profit=profit, best_share=best, kind=kind,
            reckoned=reckoned, name=name,
        ).plot(ax)  # fmt: skip

    @drawn
    def plot(self, ax: Axes | None = None, *, name: str | None = None) -> UpliftDisplay:
        """Draw on the axes, or on new ones; ``name`` replaces that of the display in the legend."""
        ax, colour = self._axes(ax)
        if not any(line.get_gid() == "curve" for line in ax.lines):
            ax.plot([0, 1], [0, self.kept[-1]], color=look().quiet, linewidth=1, linestyle="--", label="random order")
            ax.axhline(0, color=look().quiet, linewidth=0.8)
            ax.set_xlabel("\n".join(filter(None, ("Share contacted, highest uplift first", self.reckoned))))
            ax.set_ylabel("Customers kept, of all customers" if self.kind == "uplift" else "Customers kept, per contact of all")
            ax.set_xlim(0, 1)
            percent_axis(ax.xaxis)
            percent_axis(ax.yaxis)
        ax.fill_between(self.share, self.low, self.high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(self.share, self.kept, color=colour, linewidth=1.6, label=checked_name(name) or self.name, gid="curve")
        if self.best_share:
            at = self.best_share, float(np.interp(self.best_share, self.share, self.kept))
            ax.plot(*at, "o", color=colour, markersize=7, markeredgecolor=look().paper, zorder=4, label="most profitable share")
        legend_of(ax, loc="best")
        finding = self._finding()
        seen = "Curve: customers kept by contacting those of highest uplift first, band 95 %, beside a random order."
        self._tell(finding if self.name else finding[:1].upper() + finding[1:], seen)
        return self

    def _finding(self) -> str:
        if self.profit is not None and self.best_share:
            sure = "" if self.profit.low > 0 else ", not significantly more than none"
            return f"contacting {percent(self.best_share)} would have earned {amount(self.profit.value)} per customer{sure}"
        if self.profit is not None:
            return "no share of contacts would have earned anything"
        third = float(np.interp(0.3, self.share, self.kept))
        if self.qini.high < 0:
            return "this order is worse than a random one"
        if self.qini.low <= 0:
            return "whom to contact first makes no significant difference"
        unit = "of 100 customers" if self.kind == "uplift" else "per 100 contacted of all"
        return f"contacting 30 % keeps {points(third, sign=False)} {unit}, a random 30 % {points(0.3 * self.kept[-1], sign=False)}"


def _profit_at(y: Any, p: Any, *, share: float, **experiment: Any) -> float:
    """Return the profit per customer of contacting a given top share."""
    return float(np.interp(share, *uplift_profit_curve(y, p, **experiment)))
