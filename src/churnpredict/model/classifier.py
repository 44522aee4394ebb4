"""ChurnClassifier: calibrated, additive risks from any matrix, as a scikit-learn estimator.

Longer than most modules because scikit-learn's contract wants all of an estimator in one place, and every error says what to do.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from churnpredict.argument_checks import shows_call
from churnpredict.errors import MismatchError, OutcomeError, SchemaError, TrainingError, UsageError, closest
from churnpredict.model.calibration import sigmoid
from churnpredict.model.elsewhere import ON_A_CLASSIFIER, not_an_attribute
from churnpredict.model.encoding import MatrixEncoder, as_frame, check_finite, check_matrix
from churnpredict.model.identifiers import refuse_identifiers
from churnpredict.model.labels import check_leavers, read_labels
from churnpredict.model.members import blended_margin, mean_contributions
from churnpredict.model.season.named_spans import NamedSpan
from churnpredict.model.seasonal import AnySeason, SeasonCounts, activity_ratio, season_beside, season_column
from churnpredict.model.seen_rows import sketch_of
from churnpredict.model.split import Window, customers_of, cutoffs_of, zone_of
from churnpredict.model.sub_risks import (
    LOST,
    Share,
    earlier_horizons,
    expected_days,
    learn_shares,
    left_sooner,
    multiply,
    product_shares,
    shares_of,
)
from churnpredict.model.training import MEMBERS, SOONER, Rows, Settings, train
from churnpredict.model.tree_parameters import read_parameter, read_parameters
from churnpredict.moments import Moment
from churnpredict.number_checks import is_number, is_whole_number
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column, Matrix
from churnpredict.spans import SpanLike, span
from churnpredict.threads import asking, thread_count

__all__ = ["ChurnClassifier"]

_DAY = 86_400_000_000
TYPICAL = 2_000  # customers in the mean contributions: more change the mean by less than another seed does
_FEWEST_HOLDERS = 5  # a category of fewer customers could identify them, and teaches nothing


@shows_call("cp.ChurnClassifier().fit(X, y), with a matrix of features, or cp.ChurnPipeline(churn).fit(tables), with tables of events")
class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Risk of leaving, calibrated in log-odds and additive over features.

    A blend in log-odds of small LightGBM trees, a logistic regression on logarithms and, where an event recurs, MBG/NBD.
    Trees are stopped early, and the members weighed, on the latest cutoffs, predicted from rows whose outcome windows had
    closed before (purge = gap + horizon); then all are refitted on all rows. No resampling, no class weights.

    Parameters
    ----------
    horizon, gap : span, optional
        The outcome window, such as ``"90d"``. Without ``horizon`` the length of the outcome window is unknown: validation then splits by
        customer instead of by time (by row, where customers are unknown too).
    horizons : list of spans, optional
        Earlier horizons to predict as well, such as ``["30d", "60d"]``; needs an outcomes frame as y, of a rule that knows the
        day of leaving: not of Inactivity (``shorter-horizon``). They can never exceed the risk of a longer one: see
        :mod:`churnpredict.model.sub_risks`.
    members : "auto" or sequence of {"trees", "linear", "purchases", "sooner"}
        Members that may take part; validation chooses their weights. "auto" means the first three. "sooner" are trees that learn who left
        in the first third of the window: what drives leaving is plainer shortly before it
        (docs/decisions/0021-ceiling-of-reasons.md). It needs the outcomes frame as y, of a rule that knows the day of leaving, and takes
        part from 50 such leavers on.
    of : str, optional
        Table whose events recur, for MBG/NBD; by default the first that has the three columns it needs.
    half_life : "auto", span or None
        Rows lose half of their weight with every such span before the newest cutoff; None weighs all equally.
    n_seeds : int, optional
        Boosters to average for each way of sampling rows and columns (two ways up to 100,000 rows, one above); by default
        4 up to 20,000 rows, 2 up to 100,000 and 1 above, half of them while validating.
    n_estimators : int
        Maximum number of trees; early stopping usually takes fewer.
    learning_rate, num_leaves, max_depth : float, int, int
        Shape of the trees; shallow trees cost no accuracy here and make exact reasons cheap.
    calibration : {"affine", "identity", "isotonic"}
        How log-odds become those that are observed: by a slope and an intercept, not at all, or by any rising function.
    monotone : dict, optional
        Feature or driver name -> +1 (risk may only rise with it) or -1.
    positive : label, optional
        Which label means "left". Needed for text and bool labels; of two numbers, also as text ("0" and "1"), the larger one means "left".
        Where y holds 0 and 1 instead, as meta-estimators such as ``StackingClassifier`` encode labels, predictions by label are right, and
        methods that return a risk are refused, because it is unknown which label means "left".
    min_leavers : int
        Fewer leavers than this are refused (``too-few-leavers``); below 50 there is a warning if this is above 0.
    lightgbm_params : dict, optional
        Additional LightGBM parameters, or other values; :mod:`churnpredict.model.tree_parameters` lists what may be set.
    tune : int or time, optional
        A budget to search for other trees: a number of trials (reproducible with the same seed), or a time such as ``"10min"``. Trials are
        compared by log loss on later cutoffs of the training rows alone; needs ``churnpredict[tune]``.
    random_state : int, RandomState or None
        Seed; None means 0, so that two fits agree.
    n_jobs : int, optional
        Threads. None or 0: as many as speed up training on these data, within the affinity of the process and the quota of its container;
        -1: one for each processor. A forked process uses one. Can be changed after training.

    Attributes
    ----------
    classes_ : ndarray (2,)
        The two labels, sorted: the order of the columns of ``predict_proba``, as everywhere in scikit-learn.
    leaving_ : label or None
        Which of them means "left". :meth:`predict_risk` gives its probability, whichever column that is.
    feature_names_in_, n_features_in_ : ndarray, int
    members_ : list
        Each with ``name``, ``weight``, ``margin(A)`` and ``contributions(A)``.
    calibration_ : AffineCalibration
        ``slope * sum(weight * margin) + intercept`` is the log-odds of leaving.
    typical_ : ndarray (n_features,) or None
        Mean contributions, in log-odds before calibration, of the customers at the newest training cutoff: the reference of
        :func:`~churnpredict.explain`. None where rows have no cutoffs, or only one.
    season_ : Season, LeavingSeason or None
        What the calendar adds to the log-odds: see :mod:`churnpredict.model.season`. None without weekly counts, or without evidence.
    shares_ : dict of str to Share
        Factors that turn the risk into that of an earlier horizon, or of being lost (where y holds both 1 and 2).
    base_rate_ : float
        Weighted share of leavers among the training rows.
    validated_on_ : {"time", "customers", "rows", "nothing"}
        The unit by which validation folds are split.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"habit__orders_days_since_last": rng.exponential(30, 500), "plan": rng.choice(["a", "b"], 500)})
    >>> y = (rng.random(500) < sigmoid(X.iloc[:, 0].to_numpy() / 20 - 2)).astype(int)
    >>> model = ChurnClassifier(n_jobs=1).fit(X, y)
    >>> model.predict_proba(X).shape
    (500, 2)
    """

    def __init__(
        self,
        *,
        horizon: SpanLike | None = None,
        gap: SpanLike = "0d",
        horizons: Sequence[SpanLike] | None = None,
        members: str | Sequence[str] = "auto",
        of: str | None = None,
        half_life: SpanLike | None = "auto",
        n_seeds: int | None = None,
        n_estimators: int = 1000,
        learning_rate: float = 0.03,
        num_leaves: int = 15,
        max_depth: int = 6,
        calibration: str = "affine",
        monotone: Mapping[str, int] | None = None,
        positive: Hashable = None,
        min_leavers: int = 0,
        lightgbm_params: Mapping[str, object] | None = None,
        tune: int | SpanLike | None = None,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.horizon = horizon
        self.gap = gap
        self.horizons = horizons
        self.members = members
        self.of = of
        self.half_life = half_life
        self.n_seeds = n_seeds
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.calibration = calibration
        self.monotone = monotone
        self.positive = positive
        self.min_leavers = min_leavers
        self.lightgbm_params = lightgbm_params
        self.tune = tune
        self.random_state = random_state
        self.n_jobs = n_jobs

    if not TYPE_CHECKING:  # for a type checker, names that do not exist remain errors

        def __getattr__(self, name: str) -> Any:
            said = not_an_attribute(self, name, ON_A_CLASSIFIER, learnt="classes_", train="model.fit(X, y)")
            raise AttributeError(said, name=name, obj=self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    @shows_call("model.fit(X, y) with a matrix of features, or cp.ChurnPipeline(churn).fit(tables) with tables of events")
    def fit(
        self,
        X: Matrix,
        y: Column | pd.DataFrame,
        sample_weight: Column | None = None,
        cutoff: Column | Moment | None = None,
        *,
        weeks: SeasonCounts = (),
        named_spans: Sequence[NamedSpan] = (),
    ) -> ChurnClassifier:
        """Learn from rows X (n, n_features) and outcomes y.

        Parameters
        ----------
        X : frame or array
            pandas, Polars, Arrow or array; NaN is missing. An index level "cutoff" gives the time of each row, and
            "customer_id" its customer.
        y : array (n,) or outcomes frame
            Labels, or the frame with a column ``outcome`` (0 stayed, 1 left, 2 lost) and, for earlier horizons, ``duration``
            (days from the cutoff). Where both 1 and 2 occur, the risks of leaving and of being lost are predicted separately.
        sample_weight : array (n,), optional
        cutoff : array (n,) of times, optional
        weeks : list of WeekCounts, or LeavingCounts, optional
            Weekly counts of the recurring event, as :func:`churnpredict.events.week_counts.count_weeks` gives them, or how many left in the
            past, as :func:`churnpredict.churn.leaving_counts.count_leaving`: from these the season is learnt, if earlier cutoffs bear it
            out. :class:`churnpredict.ChurnPipeline` gives them.
        named_spans : list of NamedSpan, optional
            Declared days for that clock.

        Raises
        ------
        OutcomeError
            Missing labels, text labels without ``positive``, fewer leavers than ``min_leavers``.
        TrainingError
            One class only.
        ContentError, SchemaError
            Infinite values, times, identifiers (``identifier-column``: texts that nearly all differ; whole numbers, one to each
            customer, in a column called an id). Consecutive numbers under another name only cause a warning.
        """
        thread_count(self.n_jobs)  # refused before anything is learnt
        check_matrix(X, "model.fit(X, y)", y)
        frame = as_frame(X)
        A = self._learn_columns(X if frame is None else frame, frame)
        y, sample_weight, cutoff = (
            in_row_order(given, X, name) for given, name in ((y, "y"), (sample_weight, "sample_weight"), (cutoff, "cutoff"))
        )
        target, self.classes_, self.leaving_ = read_labels(y, positive=self.positive)
        horizons = earlier_horizons(self.horizons, self.horizon)
        sooner = left_sooner(y, self.horizon, gap=self.gap) if SOONER in self.members else None
        finer = shares_of(y, horizons, gap=self.gap)
        w = np.ones(len(A)) if sample_weight is None else _check_sample_weight(sample_weight, A, dtype=np.float64, ensure_non_negative=True)
        times = cutoffs_of(frame if frame is not None else A, cutoff)
        customers = customers_of(frame)
        for name, values in (("cutoff", times), ("y", target)):
            if values is not None and len(values) != len(A):
                raise UsageError("unequal-lengths", f"X has {len(A)} rows and {name} {len(values)}", remedy="Pass one value per row.")
        keep = w > 0
        if not keep.all():  # a row of weight zero does not count
            A, target, w = A[keep], target[keep], w[keep]
            times, customers = (None if v is None else v[keep] for v in (times, customers))
            finer = {name: asked[keep] for name, asked in finer.items()}
            sooner = None if sooner is None else sooner[keep]
        if self.leaving_ is None and any(dict(self.monotone or {}).values()):
            _refuse_unknown_risk("monotone= declares the direction of the risk")
        if not is_whole_number(self.min_leavers) or self.min_leavers < 0:
            raise UsageError("bad-parameter", f"min_leavers is {self.min_leavers!r}", remedy="Give a whole number of leavers, 0 or more.")
        check_leavers(target, at_least=self.min_leavers, either=self.leaving_ is None)
        self._seen = sketch_of(A)
        w = w / w.mean()
        self.base_rate_ = float(w @ target / w.sum())
        names, categories = self.matrix_encoder_.names, tuple(self.matrix_encoder_.levels)
        rows = Rows(A, target, w, times, customers, names=names, categories=categories, sooner=sooner)
        settings, tuned = self._settings(zone_of(frame, cutoff)), None
        if self.tune is not None:
            from churnpredict.model.tuning import tune

            settings, tuned = tune(rows, settings, self.tune)
        self.season_: AnySeason | None = None
        seasonal: dict[str, Any] = {}
        if weeks:
            rows, settings, season = season_beside(rows, settings, weeks, named_spans, self.matrix_encoder_.levels)
            seasonal = {"season": {"share": 0.0, "why": season} if isinstance(season, str) else {"share": season.share}}
            self.season_ = None if isinstance(season, str) else season
        blend = train(rows, settings)
        self.members_, self.calibration_ = blend.members, blend.calibration
        self.typical_ = _typical(rows, blend.members)
        self.shares_ = learn_shares(rows, finer, horizons, settings)
        self.validated_on_ = blend.validated_on
        self.training_record_ = blend.record | seasonal | ({} if tuned is None else {"tuned": tuned})
        return self

    def _settings(self, timezone: str = "UTC") -> Settings:
        seed = self.random_state
        if isinstance(seed, np.random.RandomState):
            seed = int(seed.randint(2**31 - 1))
        if seed is not None and not (is_whole_number(seed) and 0 <= seed < 2**32):
            remedy = "Give a whole number from 0 to 4294967295, a RandomState or None."
            raise UsageError("bad-parameter", f"random_state is {seed!r}", remedy=remedy)
        members = MEMBERS if isinstance(self.members, str) and self.members == "auto" else tuple(self.members)
        if self.leaving_ is None and "purchases" in members and len(members) > 1:
            members = tuple(m for m in members if m != "purchases")  # it needs the label that means leaving, and that is unknown
        if not members or set(members) - {*MEMBERS, SOONER}:
            raise UsageError("unknown-member", f"members={self.members!r}", remedy=f"Choose from {', '.join((*MEMBERS, SOONER))}.")
        half_life = self.half_life if self.half_life in (None, "auto") else span(self.half_life, "half_life").nominal
        return Settings(
            window=None if self.horizon is None else Window.of(self.horizon, self.gap, timezone),
            members=members,
            of=self.of,
            half_life=half_life,
            n_seeds=None if self.n_seeds is None else _at_least_one("n_seeds", self.n_seeds),
            n_estimators=_at_least_one("n_estimators", self.n_estimators),
            learning_rate=read_parameter("learning_rate", self.learning_rate),
            num_leaves=read_parameter("num_leaves", self.num_leaves),
            max_depth=read_parameter("max_depth", self.max_depth),
            calibration=self.calibration,
            seed=int(seed or 0),
            n_jobs=self.n_jobs,
            monotone=self._monotone(),
            extra=read_parameters(self.lightgbm_params or {}, self.matrix_encoder_.names),
        )

    def _monotone(self) -> tuple[int, ...]:
        wanted = dict(self.monotone or {})
        names = self.matrix_encoder_.names
        drivers = {name.split("__", 1)[0] for name in names if "__" in name}
        for key, sign in wanted.items():
            if key not in names and key not in drivers:
                known = [*names, *drivers]
                raise UsageError(
                    "unknown-feature", f"monotone names {key!r}.{closest(key, known)}", remedy="Name a feature of X, or a driver."
                )
            if not is_number(sign) or sign not in (-1, 0, 1):
                raise UsageError("bad-monotone", f"monotone={sign!r}", remedy="Use +1, -1 or 0.")
        ordered = [name for j, name in enumerate(names) if j not in self.matrix_encoder_.levels]
        for key, sign in wanted.items():
            if sign and key in names and key not in ordered:
                raise UsageError(
                    "bad-monotone",
                    f"monotone names {key!r}, whose values are categories without an order",
                    remedy="Name a column of numbers.",
                )
        signs = (wanted.get(name, wanted.get(name.split("__", 1)[0], 0) if "__" in name else 0) for name in names)
        return tuple(0 if j in self.matrix_encoder_.levels else int(sign) for j, sign in enumerate(signs))

    def _learn_columns(self, X: Matrix, frame: pd.DataFrame | None) -> np.ndarray:
        self.matrix_encoder_ = MatrixEncoder(fewest=_FEWEST_HOLDERS)
        self.__dict__.pop("feature_names_in_", None)
        if frame is None:
            A = np.asarray(validate_data(self, X, dtype=np.float64, ensure_all_finite=False, ensure_min_samples=2))
            self.matrix_encoder_.names = [f"x{j}" for j in range(A.shape[1])]
            check_finite(A, self.matrix_encoder_.names)
            return np.ascontiguousarray(A)
        texts = [isinstance(c, str) for c in frame.columns]
        if any(texts) and not all(texts):
            raise SchemaError("mixed-names", "some column names are text and some are not", remedy="Make all of them text.")
        if not len(frame) or not frame.shape[1]:
            raise TrainingError("empty-matrix", "X has no rows or no columns", remedy="Give at least two rows and one column.")
        A = self.matrix_encoder_.fit(frame).transform(frame)
        refuse_identifiers(frame, customers_of(frame))
        self.n_features_in_ = frame.shape[1]
        if all(texts):
            self.feature_names_in_ = np.array(self.matrix_encoder_.names, dtype=object)
        return A

    def encode(self, X: Matrix) -> np.ndarray:
        """Return the matrix (n, n_features) that members take: columns aligned by name, categories as codes, NaN for missing."""
        check_is_fitted(self)
        check_matrix(X, "model.predict_proba(X)")
        frame = as_frame(X)
        named = hasattr(self, "feature_names_in_")
        # names that are not text count as well: without them, columns in another order would be taken by position
        framed = named or self.matrix_encoder_.levels or self.matrix_encoder_.names != [f"x{j}" for j in range(self.n_features_in_)]
        if frame is not None and framed:
            beside = int(getattr(self, "season_", None) is not None)
            return self._with_season(self.matrix_encoder_.transform(frame, beside=beside), frame)
        if self.matrix_encoder_.levels:
            raise MismatchError("no-names", "an array has no column names, and some columns are categories", remedy="Pass a frame.")
        if frame is not None:
            X = frame.to_numpy()
        # scikit-learn's own message where only one of fit and predict has names
        A = np.asarray(validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite=False))
        check_finite(A, self.matrix_encoder_.names)
        is_seasonal = getattr(self, "season_", None) is not None
        return self._with_season(np.column_stack([A, np.empty(len(A))]) if is_seasonal else np.ascontiguousarray(A), X)

    def _with_season(self, A: np.ndarray, X: Any) -> np.ndarray:
        """Return the encoded rows, with what the calendar adds to their log-odds in the last column, where a season was learnt."""
        season = getattr(self, "season_", None)
        if season is not None:
            window = Window.of(self.horizon, self.gap, zone_of(X))
            A[:, -1] = season_column(season, self._season_columns(A, season), cutoffs_of(X), window)
        return A

    def _season_columns(self, A: np.ndarray, season: AnySeason) -> list[np.ndarray]:
        return [A[:, self.matrix_encoder_.names.index(name)] for name in season.columns]

    def _blended(self, A: np.ndarray) -> np.ndarray:
        with asking(self.n_jobs):
            return blended_margin(self.members_, A)

    def expected_activity(self, X: Matrix) -> np.ndarray | None:
        """Return how busy the outcome window of each row (n,) usually is, against those learnt from; None where no season was learnt."""
        season, times = getattr(self, "season_", None), cutoffs_of(X)
        if season is None or times is None:
            return None
        columns = self._season_columns(self.encode(X), season) if len(season.columns) > 3 else []
        return activity_ratio(season, columns, times, Window.of(self.horizon, self.gap, zone_of(X)))

    def margin(self, X: Matrix) -> np.ndarray:
        """Return the weighted sum of the members' margins (n,), before calibration."""
        return self._blended(self.encode(X))

    def _log_odds(self, A: np.ndarray, margin: np.ndarray | None = None) -> np.ndarray:
        """Return calibrated log-odds (n,) of the label that was learnt."""
        return np.asarray(self.calibration_.transform(self._blended(A) if margin is None else margin))

    @property
    def _learnt(self) -> int:
        """Index in ``classes_`` of the label that the members' margins predict: the one that means "left", or the last where that is
        unknown.
        """
        return 1 if self.leaving_ is None else int(self.classes_.tolist().index(self.leaving_))

    def decision_function(self, X: Matrix) -> np.ndarray:
        """Return calibrated log-odds (n,) of ``classes_[1]``."""
        z = self._log_odds(self.encode(X))
        return z if self._learnt else -z

    @shows_call("model.predict_proba(X)")
    def predict_proba(self, X: Matrix) -> np.ndarray:
        """Return probabilities (n, 2) of the two labels, in the order of ``classes_``."""
        p = sigmoid(self._log_odds(self.encode(X)))
        return np.column_stack([1 - p, p] if self._learnt else [p, 1 - p])

    def predict_risk(self, X: Matrix, *, outcome: str | None = None, horizon: SpanLike | None = None) -> np.ndarray:
        """Return the risk (n,) of leaving in any way within the whole horizon; or of one outcome, within an earlier horizon, or both.

        It is the probability of the label that means "left", whichever column of :meth:`predict_proba` that is.


        For every row, "left" and "lost" sum to the risk, and the risk within a shorter horizon is never higher.

        Parameters
        ----------
        X : frame or array (n, n_features)
        outcome : {"left", "lost"}, optional
        horizon : span, optional
            The whole horizon or one of ``horizons``.

        Raises
        ------
        UsageError
            The training did not learn that outcome (``no-outcomes-apart``) or horizon (``unknown-horizon``).
        OutcomeError
            It is unknown which label means "left" (``no-positive-class``).
        """
        A = self.encode(X)
        self._check_risk()
        risk = sigmoid(self._log_odds(A))
        with asking(self.n_jobs):
            return multiply(risk, self.shares_for(outcome, horizon), A)

    def shares_for(self, outcome: str | None, horizon: SpanLike | None) -> list[tuple[Share, float]]:
        """Return the shares, each with its sign, that the risk is multiplied by for an outcome and a horizon."""
        whole = None if self.horizon is None else span(self.horizon, "horizon").nominal / _DAY
        return product_shares(self.shares_, outcome, horizon, whole)

    def predict_parts(self, X: Matrix) -> pd.DataFrame:
        """Return the risk and its parts, one row for each row of X (n).

        Returns
        -------
        DataFrame
            ``risk``; ``risk_left`` and ``risk_lost`` where the training distinguished them; ``risk_30d`` and so on for each of
            ``horizons``, and with them ``expected_days`` until leaving, from the start of the outcome window. Within the horizon the risk
            is taken to rise evenly from one learnt horizon to the next; after it, the hazard of the last interval is taken to go on for
            ever, which no data show: read them as a lifetime at today's rate, not as a date.
        """
        frame = as_frame(X)
        return pd.DataFrame(self.parts_of_encoded(self.encode(X)), index=None if frame is None else frame.index)

    def parts_of_encoded(self, A: np.ndarray, margin: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Return the columns of :meth:`predict_parts` for encoded rows A (n, n_features).

        ``margin`` (n,) is what :meth:`margin` returns for them, where it is known already.
        """
        self._check_risk()
        risk = sigmoid(self._log_odds(A, margin))
        with asking(self.n_jobs):
            shares = {name: sigmoid(share.log_odds(A)) for name, share in self.shares_.items()}
        parts = {"risk": risk}
        if LOST in shares:
            parts |= {"risk_left": risk * (1 - shares[LOST]), "risk_lost": risk * shares[LOST]}
        earlier, within = {}, risk
        for name, share in self.shares_.items():  # the longest first
            if share.days is not None:
                within = within * shares[name]
                earlier[name] = within
        parts |= {f"risk_{name}": earlier[name] for name in reversed(earlier)}
        if earlier:
            times = [0.0, *(self.shares_[name].days or 0.0 for name in reversed(earlier)), span(self.horizon, "horizon").nominal / _DAY]
            alive = [np.ones(len(A)), *(1 - earlier[name] for name in reversed(earlier)), 1 - risk]
            parts["expected_days"] = expected_days(times, alive)
        return parts

    def predict(self, X: Matrix) -> np.ndarray:
        """Return the likelier label (n,)."""
        likelier = (self.decision_function(X) > 0).astype(np.int64)
        return np.asarray(self.classes_[likelier])

    def _check_risk(self) -> None:
        if self.leaving_ is None:
            _refuse_unknown_risk("the labels were 0 and 1, and positive= is neither")


def _refuse_unknown_risk(why: str) -> NoReturn:
    what = f"it is unknown which label means that the customer left: {why}"
    raise OutcomeError("no-positive-class", what, remedy="Give positive= a label of y, or the labels that positive= names.")


def _at_least_one(name: str, value: Any) -> int:
    if not is_whole_number(value) or not 1 <= int(value) <= 1_000_000:
        raise UsageError("bad-parameter", f"{name} is {value!r}", remedy="Give a whole number from 1 to 1,000,000.")
    return int(value)


def _typical(rows: Rows, members: list[Any]) -> np.ndarray | None:
    """Return mean contributions of the customers at the newest cutoff (of 2,000 of them, evenly spaced, where there are more).

    They are closest to the customers whom the model will score. The mean of all training rows lies many months back: customers have aged
    since, and what all have in common would be a reason for everybody, a different one after each training.
    """
    if rows.times is None or rows.times.min() == rows.times.max():
        return None
    newest = np.flatnonzero(rows.times == rows.times.max())
    some = newest[np.linspace(0, len(newest) - 1, min(len(newest), TYPICAL)).round().astype(np.int64)]
    usual = mean_contributions(members, rows.A[some], rows.w[some])
    if rows.offset is not None:  # the calendar is compared with all that was learnt from, not with one time of the year
        usual[-1] = float(rows.w @ rows.offset / rows.w.sum())
    return usual
