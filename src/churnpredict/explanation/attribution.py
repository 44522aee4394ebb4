"""explain: contributions per feature and driver, in log-odds and in probability points that add up.

Longer than most modules because :class:`Explanation` is the one interface to all reasons of a risk.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice, shows_call
from churnpredict.errors import UsageError
from churnpredict.explanation.additive import AdditiveModel, Constant, as_additive, check_model
from churnpredict.explanation.certainty import RankedReasons
from churnpredict.explanation.contributions import Contributions, encoded_blocks, rows_bar
from churnpredict.explanation.drivers import Driver, assign_drivers
from churnpredict.explanation.pair_reasons import PairReasons
from churnpredict.explanation.pairs import PairSource
from churnpredict.explanation.products import Factor, product_scales, reasons_of_product, secant
from churnpredict.explanation.references import choose_reference, usual_values
from churnpredict.figures import percent, points
from churnpredict.languages.catalogue import Language
from churnpredict.markup import show
from churnpredict.model.calibration import sigmoid
from churnpredict.model.encoding import EncodedRows, as_frame
from churnpredict.model.sub_risks import Share
from churnpredict.number_checks import is_whole_number
from churnpredict.signatures import Estimator, Matrix, Names
from churnpredict.text_tables import Bar, paragraph, text_table
from churnpredict.text_tables import Figure as Number

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture
    from shap import Explanation as ShapExplanation

__all__ = ["MOST_REASONS", "Explanation", "explain", "secant"]

_LEAST_SHARE = 0.1  # of the distance from the base risk: what adds less is not a reason that anybody acts on
MOST_REASONS = 4  # people do not read more than four reasons, and Regulation B for credit sets the same limit
_HEAD = ("driver", "mean points", "raises the risk of", "first reason of")


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(PairReasons, RankedReasons):
    """The reasons for each risk. Made by :func:`explain`.

    Attributes
    ----------
    index : pandas.Index (n,)
        As in X.
    features : list of str (F,)
    table : dict of key to Driver
        The drivers that occur, in the order of the columns of :attr:`drivers`.
    base_value : float
        Calibrated log-odds of the reference, from which contributions are counted.
    log_odds : ndarray (n,)
        Calibrated log-odds: ``base_value`` plus the row's values.
    base_rate : float or None
        Share of leavers in training. The reference is an average customer, whose risk is not this share: show both.
    reference : str
        What customers are compared with.
    outcome, horizon : str or None
        Which part of the risk is explained; None: all of it.
    source : PairSource or None
        What :attr:`pairs` are computed from.
    ahead : str or None
        How far ahead the risk looks, for the words.
    lead_error : ndarray (n,) or None
        Standard error of :attr:`lead`, in log-odds, for :attr:`about_equal`; None where a part of the risk is explained.
    margin : ndarray (n,) or None
        What the model's own ``margin`` returns, to the last bit; None unless the rows were encoded before.

    Examples
    --------
    >>> from churnpredict import ChurnClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"habit__orders_days_since_last": rng.exponential(30, 500), "price__rises_count_90d": rng.poisson(0.3, 500)})
    >>> y = (rng.random(500) < sigmoid(X.iloc[:, 0] / 20 + X.iloc[:, 1] - 2)).astype(int)
    >>> why = explain(ChurnClassifier(n_jobs=1).fit(X, y), X)
    >>> bool(np.allclose(why.points.sum(axis=1), why.risk - why.base_risk, atol=1e-9))
    True
    >>> list(why.top(1).columns)
    ['reason_1', 'reason_1_points']
    >>> list(why.pairs.columns)
    [('habit', 'habit'), ('habit', 'price'), ('price', 'price')]
    >>> bool(np.allclose(why.pair_points.sum(axis=1), why.risk - why.base_risk, atol=1e-9))
    True
    """

    index: pd.Index
    features: list[str]
    keys: list[str]
    table: dict[str, Driver]
    base_value: float
    log_odds: np.ndarray
    by_driver: np.ndarray
    by_feature: np.ndarray | None
    rows: Matrix
    given_usual: dict[str, float | str] | None
    usual_rows: Matrix | None
    base_rate: float | None
    reference: str
    outcome: str | None = None
    horizon: str | None = None
    source: PairSource | None = None
    ahead: str | None = None
    lead_error: np.ndarray | None = None
    margin: np.ndarray | None = None

    # --- figures -------------------------------------------------------------------------------------------------------------------

    @property
    def values(self) -> pd.DataFrame:
        """Calibrated log-odds (n, F) per feature; they sum, with ``base_value``, to the model's ``decision_function``."""
        return pd.DataFrame(self._need_features(), index=self.index, columns=self.features, copy=False)

    @property
    def drivers(self) -> pd.DataFrame:
        """Calibrated log-odds (n, D) per driver."""
        return pd.DataFrame(self.by_driver, index=self.index, columns=list(self.table), copy=False)

    @property
    def points(self) -> pd.DataFrame:
        """Probability points (n, D) per driver, 0.05 for five points; they sum to ``risk - base_risk``."""
        return pd.DataFrame(self.by_driver * self._secant[:, None], index=self.index, columns=list(self.table))

    @property
    def feature_points(self) -> pd.DataFrame:
        """Probability points (n, F) per feature; they sum to ``risk - base_risk``."""
        return pd.DataFrame(self._need_features() * self._secant[:, None], index=self.index, columns=self.features)

    @property
    def risk(self) -> pd.Series:
        """Probability (n,) of leaving, equal to the model's ``predict_proba``."""
        return pd.Series(sigmoid(self.log_odds), index=self.index, name="risk")

    @property
    def base_risk(self) -> float:
        """Probability of leaving of the reference, the p0 from which points are counted."""
        return float(sigmoid(np.asarray(self.base_value)))

    @cached_property
    def usual(self) -> dict[str, float | str]:
        """Usual values, by feature, for the words: as given, else medians of the reference rows (of X if there are none)."""
        return usual_values(self.usual_rows, self.features) if self.given_usual is None else self.given_usual

    @cached_property
    def _secant(self) -> np.ndarray:
        return secant(self.log_odds, self.base_value)

    def _need_features(self) -> np.ndarray:
        if self.by_feature is None:
            raise UsageError("only-drivers", "this explanation was made for drivers only", remedy='Call explain(..., detail="features").')
        return self.by_feature

    # --- told to people ------------------------------------------------------------------------------------------------------------

    def top(self, k: int = 3) -> pd.DataFrame:
        """Return the k drivers that raise each risk most.

        Parameters
        ----------
        k : int
            1 to 4.

        Returns
        -------
        frame with columns reason_1 .. reason_k, reason_1_points .. reason_k_points
            A driver's key and its probability points; missing where no more drivers raise the risk, or by less than a tenth of its
            distance from the base risk.
        """
        chosen, points = self.strongest(k)
        keys = np.array([*self.table, None], dtype=object)
        columns: dict[str, Any] = {f"reason_{i + 1}": keys[chosen[:, i]] for i in range(chosen.shape[1])}
        columns |= {f"reason_{i + 1}_points": points[:, i] for i in range(chosen.shape[1])}
        return pd.DataFrame(columns, index=self.index)

    def strongest(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return positions of drivers (n, k), -1 for none, and their points; ties go to the earlier driver.

        After the first, drivers that make up less than a tenth of the distance from the base risk are left out.
        """
        if not is_whole_number(k) or not 1 <= k <= MOST_REASONS:
            raise UsageError("bad-reasons", f"k is {k!r}", remedy=f"Give k from 1 to {MOST_REASONS}: people do not read more.")
        k = int(k)
        points = self.by_driver * self._secant[:, None]
        order = np.argsort(-points, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(points, order, axis=1)
        least = np.zeros(best.shape)
        least[:, 1:] = _LEAST_SHARE * np.abs(points.sum(axis=1))[:, None]
        order, best = np.where(best > least, order, -1), np.where(best > least, best, np.nan)
        short = k - order.shape[1]
        if short > 0:
            order = np.pad(order, ((0, 0), (0, short)), constant_values=-1)
            best = np.pad(best, ((0, 0), (0, short)), constant_values=np.nan)
        return order, best

    def reasons(
        self, k: int = 3, *, language: str | Language = "en", names: Names | None = None, money: Mapping[str, str] | None = None
    ) -> pd.DataFrame:
        """Return one row per customer and reason: rank, driver, label, points, nature, facts, remedy.

        ``language``, ``names`` and ``money`` are as for :meth:`words`.
        """
        from churnpredict.explanation.words import reasons

        return reasons(self, k, language=language, names=names, money=money)

    def words(
        self, k: int = 3, *, language: str | Language = "en", names: Names | None = None, money: Mapping[str, str] | None = None
    ) -> pd.Series:
        """Return every customer's reasons in sentences, with the customer's own numbers, dates, and what is usual.

        *Usually* is the customer's own history, *most customers* the median of the rows that customers are compared with. A feature that
        says nothing to a person is not told; its weight counts for the driver.

        Parameters
        ----------
        k : int
            1 to 4 reasons.
        language : {"en", "ar", "bg", "de", "es", "fr", "pl", "ru"} or Language
        names : mapping, optional
            Names of tables and columns in sentences: ``{"orders": "Bestellungen", "usage": ("session", "sessions")}``.
        money : mapping of table to unit, optional
            Tables whose values are money, and the unit of amounts: ``{"orders": "€"}``.

        Returns
        -------
        Series of str (n,)
        """
        from churnpredict.explanation.words import words

        return words(self, k, language=language, names=names, money=money)

    def to_shap(
        self,
        by: Literal["features", "drivers"] = "features",
        unit: Literal["log-odds", "points"] = "log-odds",
        *,
        pairs: bool = False,
    ) -> ShapExplanation:
        """Return a ``shap.Explanation``, for every function of ``shap.plots``.

        Parameters
        ----------
        by : {"features", "drivers"}
        unit : {"log-odds", "points"}
            Points are counted from ``base_risk``, log-odds from ``base_value``.
        pairs : bool
            Interaction values (n, F, F) instead of values (n, F), as ``shap.summary_plot`` and ``shap.dependence_plot`` take them.
        """
        import shap

        check_choice(by, "by", ("features", "drivers"))
        check_choice(unit, "unit", ("log-odds", "points"))
        if by == "features":
            values, names = self._need_features(), self.features
            data, shown = self._numeric()
        else:
            values, names = self.by_driver, [driver.label for driver in self.table.values()]
            data = shown = self.by_driver  # a driver has no value; plots colour it by its contribution
        base = self.base_value
        if unit == "points":
            values, base = values * self._secant[:, None], self.base_risk
        if pairs:
            values = self.interactions(by, unit)
        return shap.Explanation(
            values=np.array(values), base_values=np.full(len(values), base), data=data, display_data=shown, feature_names=list(names)
        )

    def plot(self, kind: Literal["book", "customer", "map", "segment", "swarm"] = "book", **options: object) -> Picture:
        """Return a picture: all customers, one customer's way to the risk, customers in the order of risk, segments, or every customer as a
        dot.

        Parameters
        ----------
        kind : {"book", "customer", "map", "segment", "swarm"}
        **options
            ``theme`` ("light", "dark"), and those of :func:`~churnpredict.explanation.plots.plot_customer` (``customer=``, an id),
            :func:`~churnpredict.explanation.plots.plot_segments` (``by=``), :func:`~churnpredict.explanation.plots.plot_swarm`.

        Returns
        -------
        matplotlib.figure.Figure
            Its ``alt_text`` says in words what is seen.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        from churnpredict.explanation import plots

        drawing: dict[str, Any] = {
            "book": plots.plot_book,
            "customer": plots.plot_customer,
            "map": plots.plot_map,
            "segment": plots.plot_segments,
            "swarm": plots.plot_swarm,
        }
        check_choice(kind, "kind", list(drawing))
        return drawing[kind](self, **options)

    def frame(self) -> pd.DataFrame:
        """Return the explained rows, their columns in the order of ``features``."""
        frame = as_frame(self.rows)
        if frame is None:
            return pd.DataFrame(np.asarray(self.rows), index=self.index, columns=self.features)
        columns = {str(c): c for c in frame.columns}
        frame = frame[[columns[name] for name in self.features]]
        frame.columns = pd.Index(self.features)
        return frame

    def _numeric(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the explained rows as numbers, with categories as codes; and unchanged."""
        frame = self.frame()
        data = np.empty(frame.shape)
        for j in range(frame.shape[1]):
            column = frame.iloc[:, j]
            if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
                data[:, j] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            else:
                codes = pd.factorize(column, sort=True)[0].astype(np.float64)
                data[:, j] = np.where(codes < 0, np.nan, codes)
        return data, frame.to_numpy(dtype=object)

    # --- parts and looks -----------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.log_odds)

    def __getitem__(self, rows: Any) -> Explanation:
        """Return the explanation of some rows: a position, a slice, positions or a mask."""
        if isinstance(rows, (int, np.integer)):
            rows = [int(rows)]
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        frame = as_frame(self.rows)
        return replace(
            self,
            index=self.index[rows],
            log_odds=self.log_odds[rows],
            by_driver=self.by_driver[rows],
            by_feature=None if self.by_feature is None else self.by_feature[rows],
            rows=np.asarray(self.rows)[rows] if frame is None else frame.iloc[rows],
            source=None if self.source is None else self.source[rows],
            lead_error=None if self.lead_error is None else self.lead_error[rows],
            margin=None if self.margin is None else self.margin[rows],
        )

    def summary(self) -> pd.DataFrame:
        """Return one row per driver: label, mean absolute points, share of customers whose risk it raises, in how many first, nature."""
        points = self.by_driver * self._secant[:, None]
        first = self.strongest(1)[0][:, 0]
        return pd.DataFrame(
            {
                "label": [driver.label for driver in self.table.values()],
                "mean_abs_points": np.abs(points).mean(axis=0),
                "raises_risk_of": (points > 0).mean(axis=0),
                "first_reason_of": [(first == j).mean() for j in range(len(self.table))],
                "nature": [driver.actionable for driver in self.table.values()],
            },
            index=pd.Index(list(self.table), name="driver"),
        ).sort_values("mean_abs_points", ascending=False, kind="stable")

    def _headline(self) -> str:
        lost = "were lost" if self.outcome == "lost" else "left"
        rate = "" if self.base_rate is None else f"; {percent(self.base_rate)} {lost} in training"
        customers = "1 row" if len(self) == 1 else f"{len(self):,} rows"
        return (
            f"Explanation of {customers}, {len(self.features)} features, {len(self.table)} drivers: "
            f"mean risk{self._part()} {percent(sigmoid(self.log_odds).mean())}, "
            f"counted from {percent(self.base_risk)} ({self.reference}){rate}"
        )

    def _part(self) -> str:
        """Return which part of the risk is explained, in words; empty for the whole risk."""
        ways = {None: "", "left": " of leaving voluntarily", "lost": " of being lost"}
        return ways[self.outcome] + ("" if self.horizon is None else f" within {self.horizon}")

    def _table(self) -> list[tuple[object, ...]]:
        """Return the rows of :meth:`summary` as people read them."""
        by_driver = self.summary()
        top = max(float(by_driver["mean_abs_points"].max()), 1e-12) if len(by_driver) else 1.0
        return [
            (label, Bar(mean / top, points(mean, sign=False)), Number(percent(raises)), Number(percent(first)))
            for label, mean, raises, first in by_driver.iloc[:, :4].itertuples(index=False)
        ]

    def __repr__(self) -> str:
        return "\n".join([*paragraph(self._headline()), *text_table(self._table(), _HEAD, indent="  ")])

    def _repr_html_(self) -> str:
        return show(self._headline(), self._table(), _HEAD)


@shows_call("cp.explain(model, X), or pipeline.explain(tables)")
def explain(
    model: Estimator,
    X: Matrix,
    *,
    outcome: Literal["left", "lost"] | None = None,
    horizon: str | None = None,
    reference: str | Matrix | None = None,
    threshold: float | None = None,
    drivers: Mapping[str, object] | None = None,
    detail: Literal["features", "drivers"] = "features",
    usual: Mapping[str, float | str] | None = None,
    positive: Hashable = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Explanation:
    """Explain every risk exactly: drivers sum to the calibrated log-odds, and in probability points to ``risk - base_risk``.

    With calibrated log-odds ``z = a s + c`` of a margin s, a feature's value is a times its SHAP value; see :func:`secant` for points.

    Parameters
    ----------
    model : ChurnClassifier, lightgbm.Booster or classifier
        Fitted. Every member of a blend is explained with its weight. Classifiers of LightGBM, XGBoost, CatBoost and scikit-learn that
        are made of trees are explained as :class:`~churnpredict.TreeShap` reads them; of forests the log-odds of their probability.
    X : frame or array (n, F)
        Columns are found by name.
    outcome, horizon : str, optional
        Explain only the risk of leaving ("left") or of being lost ("lost"), or that within an earlier horizon, as
        :meth:`~churnpredict.ChurnClassifier.predict_risk` gives it. Points of both outcomes sum to those of the risk, driver by driver:
        see :mod:`churnpredict.explanation.products`.
    reference : {"all_active", "just_below_threshold"} or frame or array, optional
        The reference. None: the customers at the newest training cutoff, by their mean contributions, which the model stores; without
        cutoffs the training rows, as stored in the trees (path-dependent SHAP). Otherwise rows (interventional SHAP): all rows of X, those
        of X just below the threshold, or given rows. Of more than 5,000 rows of X, 5,000 are taken, evenly spaced in risk.
    threshold : float, optional
        A risk, for "just_below_threshold". Default: the 90 % quantile of the risks in X, above which the riskiest tenth begins.
    drivers : mapping of column to driver, optional
        For columns whose names carry no driver (``driver__rest``).
    detail : {"features", "drivers"}
        "drivers" never holds the (n, F) matrix of values: for scoring runs over millions of customers.
    usual : mapping of feature to value, optional
        Usual values, for the words. Default: those that the model stores (``usual_``), else medians of the reference rows, else of X if it
        has 30 rows or more.
    positive : label, optional
        Which text label of an ``LGBMClassifier`` means "left".
    n_jobs : int, optional
        Threads; by default the model's own ``n_jobs``.
    progress : bool, optional
        A progress bar; None shows one for 200,000 rows or more, on a terminal or in a notebook.

    Returns
    -------
    Explanation

    Raises
    ------
    UsageError
        The model cannot be explained (``cannot-explain``, ``not-a-risk``), X has no rows (``no-rows``), nobody is below the threshold
        (``nobody-below``).
    MismatchError
        Columns are missing.
    ModelError
        The model's contributions do not sum to its score (``not-additive``).

    Examples
    --------
    >>> from churnpredict import ChurnClassifier
    >>> X = pd.DataFrame({"habit__days_since_last": np.arange(400) % 90, "price__rises": np.arange(400) % 3})
    >>> y = ((X["habit__days_since_last"] > 45) & (X["price__rises"] > 0)).astype(int)
    >>> why = explain(ChurnClassifier(n_jobs=1).fit(X, y), X)
    >>> np.allclose(why.drivers.sum(axis=1) + why.base_value, why.log_odds, atol=1e-9)
    True
    """
    check_choice(detail, "detail", ("features", "drivers"))
    check_model(model, X, "explain(model, X)")
    frame = as_frame(X)
    rows: Any = X if frame is None else frame
    if (n := len(rows)) == 0:
        raise UsageError("no-rows", "X has no rows", remedy="Give at least one customer.")
    additive = as_additive(model, rows, positive=positive)
    keys, table = assign_drivers(additive.names, drivers)
    group_of = np.array([list(table).index(key) for key in keys])
    chosen = choose_reference(additive, rows, reference, threshold)
    chain = _chain(model, outcome, horizon)
    n_jobs = getattr(model, "n_jobs", None) if n_jobs is None else n_jobs
    options: dict[str, Any] = {"keep_features": detail == "features", "background": chosen.matrix, "n_jobs": n_jobs}
    models = (additive, *(_as_part(additive, share) for share, _ in chain))
    works = [Contributions(part, group_of, **options) for part in models]
    works[0].with_margin = isinstance(X, EncodedRows)  # which are scored, too
    with rows_bar(n, progress) as bar:
        for A in encoded_blocks(additive, X if isinstance(X, EncodedRows) else rows):
            for work in works:
                work.add(A)
            bar.update(len(A))
    signs = 1.0, *(sign for _, sign in chain)
    factors = [f if sign > 0 else f.turned() for f, sign in zip([Factor(*work.calibrated()) for work in works], signs, strict=True)]
    contributions = reasons_of_product(factors) if chain else factors[0]
    scales = [work.scale * sign for work, sign in zip(works, signs, strict=True)]
    if chain:
        scales = [own * whole for own, whole in zip(scales, product_scales(factors)[2], strict=True)]
    rate = additive.base_rate
    for share, sign in chain:
        rate = None if rate is None else rate * (share.rate if sign > 0 else 1 - share.rate)
    usual = getattr(model, "usual_", None) if usual is None else usual
    busy = model.expected_activity(rows) if hasattr(model, "expected_activity") else None
    if busy is not None and frame is not None:  # the calendar is shown by how busy it is, not by its log-odds
        rows = frame.assign(**{additive.names[-1]: busy})
    ahead = getattr(model, "horizon", None)
    return Explanation(
        index=pd.RangeIndex(n) if frame is None else frame.index,
        features=additive.names,
        keys=keys,
        table=table,
        base_value=contributions.base_value,
        log_odds=contributions.log_odds,
        by_driver=contributions.by_driver,
        by_feature=contributions.by_feature,
        rows=rows,
        given_usual=None if usual is None else dict(usual),
        usual_rows=rows if chosen.rows is None else chosen.rows,
        base_rate=rate,
        reference=chosen.name,
        outcome=outcome,
        horizon=horizon,
        source=PairSource(models, tuple(scales), chosen.matrix, n_jobs),
        ahead=None if ahead is None else str(ahead),
        lead_error=None if chain else works[0].lead_error(),
        margin=works[0].exact_margin,
    )


def _chain(model: Any, outcome: str | None, horizon: str | None) -> list[tuple[Share, float]]:
    """Return the shares that the risk is multiplied by."""
    if outcome is None and horizon is None:
        return []
    if not hasattr(model, "shares_for"):
        raise UsageError(
            "no-outcomes-apart",
            f"{type(model).__name__} predicts a single risk only",
            remedy="Leave out outcome= and horizon=, or train a ChurnClassifier on an outcomes frame.",
        )
    return list(model.shares_for(outcome, horizon))


def _as_part(whole: AdditiveModel, share: Share) -> AdditiveModel:
    """Return a share in the form of a model; a constant share has no reasons."""
    return replace(whole, typical=None, members=share.members, calibration=share.calibration or Constant(share.constant))
