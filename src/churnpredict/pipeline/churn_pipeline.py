"""ChurnPipeline: from tables to risks and reasons.

Longer than most modules because all stages are in it, in their order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnpredict.argument_checks import check_flag, check_text, check_texts, shows_call
from churnpredict.churn import treatments
from churnpredict.churn.outcomes import Outcomes, label_churn
from churnpredict.churn.rule import ChurnRule, check_rule
from churnpredict.errors import MismatchError, ModelFileError, UsageError
from churnpredict.events.expected import check_tables
from churnpredict.events.money import money_tables
from churnpredict.events.tables import EventTables
from churnpredict.features.build import build_features, check_kinds, features_listed
from churnpredict.features.catalog import catalog
from churnpredict.features.feature import Feature
from churnpredict.figures import percent
from churnpredict.languages.catalogue import language_of
from churnpredict.moments import Moment, Moments
from churnpredict.number_checks import check_whole_number
from churnpredict.pipeline import cutoffs, scoring, season_counts, valuing
from churnpredict.pipeline.answers import Answers
from churnpredict.pipeline.expected import check_metric
from churnpredict.pipeline.learner import checked_classifier, default_classifier, with_window
from churnpredict.pipeline.named_days import check_calendar
from churnpredict.progress import stage
from churnpredict.signatures import Estimator, Frame
from churnpredict.spans import SpanLike, span_text

if TYPE_CHECKING:
    from churnpredict.evaluation.audit import Audit
    from churnpredict.evaluation.uplift import UpliftModel
    from churnpredict.features.shared import SharedFeatures
    from churnpredict.model.season.week_counts import WeekCounts
    from churnpredict.model_file.state import TrainedState
    from churnpredict.pipeline.scores import Scores
    from churnpredict.pipeline.season_view import SeasonView

__all__ = ["ChurnPipeline"]


def _same(value: object, usual: object) -> bool:
    """Return whether a setting is the default, without comparing frames or arrays."""
    return value is usual or (type(value) is type(usual) and isinstance(value, str | int) and value == usual)


@shows_call('ChurnPipeline(cp.Inactivity("90d", of="orders")).fit(tables)')
class ChurnPipeline(Answers):
    """Train on past cutoffs, score everybody at risk today, and backtest the model on past cutoffs.

    Parameters
    ----------
    churn : Inactivity or another churn rule
    features : list of Feature, optional
        Rows of the catalog and your own; :func:`churnpredict.catalog` of the tables by default.
    history : span, optional
        How far back features may look, such as ``"730d"``; without limit by default.
    every : span, optional
        Step between training cutoffs; a sixth of the horizon by default. Where the cutoffs would then cover less than a year, and two years
        of events show that the time of the year matters, so long a step that they cover a year.
    since : time, optional
        No training cutoff before it.
    most_cutoffs, most_rows : int
        Maximum number of training cutoffs and of snapshots; the oldest are left out.
    classifier : estimator, optional
        An unfitted classifier; a :class:`churnpredict.ChurnClassifier` by default. Its ``horizon`` and ``gap`` are taken from the rule
        where they are missing; others than the rule's are refused (``other-window``).
    horizons : list of str, optional
        Earlier horizons to score as well, such as ``["30d", "60d"]``; only with the default classifier. Only for rules that know the day of
        leaving (SubscriptionEnd, Cancellation, TrialEnd, DownSell, WinBack): under Inactivity nobody has left before the end of the
        whole horizon, and earlier ones are refused (``shorter-horizon``).
    random_state : int
    n_jobs : int, optional
        Threads of the default classifier.
    treatments : str, optional
        The table of events that logs past retention contacts; its kinds are the arms.
    treated : {"exclude", "flag", "feature"}
        How training handles snapshots whose outcome window contains a contact: see :mod:`churnpredict.churn.treatments`.
    raise_on : {"error", "warning"}, optional
        Abort training on audit findings of at least this severity; warn about the others. By default it only warns, so that a scheduled
        training always yields a model. ``churnpredict check`` fails on errors.
    season : bool
        Learn the season, where the past bears one out: as a clock for :class:`Inactivity`, as a hazard for :class:`Cancellation` and
        :class:`SubscriptionEnd`: see :attr:`season_`.
    season_by : str, optional
        An attribute of the customers, such as the country, whose values may have clocks of their own: each is drawn towards the clock of
        all customers, unless its events differ. For :class:`Inactivity`; other rules refuse it (``bad-argument``).
    calendar : list of dict, optional
        Named days on which customers are busier or quieter, for that clock: closures, sales, holidays, breaks. For cancellations and
        contracts only their place in the calendar counts, and what they do is learnt from the past. Each has a ``name``, a
        ``kind`` ("closure", "sale", "holiday", "break") or a ``factor``, and ``days`` such as ``["2024-12-20/2025-01-01", "05-01"]``, or a
        ``country``: see :mod:`churnpredict.pipeline.named_days`.
    language : {"en", "ar", "bg", "de", "es", "fr", "pl", "ru"}
        Language of reasons, remedies, plan and page.
    unit : str
        Unit of amounts of money in the reasons and on the page, such as "€".

    Attributes
    ----------
    model_ : estimator
        The fitted classifier.
    features_ : list of Feature
        The features that were used: scoring builds the same columns, whatever the tables hold by then.
    cutoffs_ : list of Timestamp
        Training cutoffs, oldest first.
    n_snapshots_, n_leavers_ : int
    base_rate_ : float
        Share of leavers among the training snapshots.
    model_id_ : str
        Hash that identifies the model.
    worth_ : Credibility or None
        How much weight the payments of a single customer get: see :meth:`score`.
    usual_ : dict of str to float or str, or None
        Usual values at the newest training cutoff, by feature, for the reasons in words: rounded medians, common categories. None in older
        files.
    audit_ : Audit
        Findings of the audit before training.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> tables = cp.EventTables(orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at", value="amount", money=True))
    >>> pipeline = cp.ChurnPipeline(shop.churn, every="45d", n_jobs=1).fit(tables, until="2024-01-01")
    >>> scores = pipeline.score(tables, at="2024-01-01")
    >>> scores.columns[:4].tolist()
    ['customer_id', 'cutoff', 'risk', 'percentile']
    """

    def __init__(
        self,
        churn: ChurnRule,
        *,
        features: Sequence[Feature] | None = None,
        history: SpanLike | None = None,
        every: SpanLike | None = None,
        since: Moment | None = None,
        most_cutoffs: int = 24,
        most_rows: int = 2_000_000,
        classifier: Estimator | None = None,
        horizons: Sequence[str] | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
        treatments: str | None = None,
        treated: str = "exclude",
        raise_on: str | None = None,
        language: str = "en",
        unit: str = "",
        season: bool = True,
        season_by: str | None = None,
        calendar: Sequence[Mapping[str, object]] | None = None,
    ) -> None:
        check_rule(churn, "ChurnPipeline(churn)")
        self.churn = churn
        self.features = None if features is None else features_listed(features)
        self.history = history if history is None or isinstance(history, str) else span_text(history, "history")
        self.every = every if every is None or isinstance(every, str) else span_text(every, "every")
        self.since = since
        self.most_cutoffs = check_whole_number(most_cutoffs, "most_cutoffs", least=1)
        self.most_rows = check_whole_number(most_rows, "most_rows", least=1)
        self.classifier = checked_classifier(classifier)
        self.horizons = horizons if horizons is None else check_texts(horizons, "horizons", "spans")
        check_whole_number(random_state, "random_state")
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.treatments = None if treatments is None else check_text(treatments, "treatments", "Give the name of the table of contacts.")
        self.treated = treated
        self.raise_on = raise_on
        self.language = language_of(language).code
        self.unit = unit
        self.season = check_flag(season, "season")
        self.season_by = season_counts.check_season_by(season_by, churn)
        self.calendar = check_calendar(calendar)

    def __repr__(self) -> str:
        from churnpredict.text_tables import paragraph

        settings = [value if name == "churn" else f"{name}={value}" for name, value in self._settings()]
        lines = paragraph(f"ChurnPipeline({', '.join(settings)})", indent=" " * 14, first="")
        return "\n".join([*lines, *(paragraph(self._trained(), indent="  ") if hasattr(self, "model_") else [])])

    def _repr_html_(self) -> str:
        from churnpredict.markup import show

        told = self._trained() if hasattr(self, "model_") else "not trained yet: call fit(tables, until=...)"
        return show(f"ChurnPipeline, {told}", self._settings(), ("setting", "value"))

    def _settings(self) -> list[tuple[str, str]]:
        """Return the settings that differ from the defaults, as text."""
        usual = {k: p.default for k, p in inspect.signature(type(self)).parameters.items()}
        given = {k: v for k, v in self.__dict__.items() if not k.endswith("_") and not _same(v, usual.get(k))}
        return [(k, f"[{len(v)} rows]" if k == "features" else repr(v)) for k, v in given.items()]

    def _trained(self) -> str:
        return (
            f"trained on {self.n_snapshots_:,} snapshots at {len(self.cutoffs_)} cutoffs, "
            f"{self.cutoffs_[0].date()} to {self.cutoffs_[-1].date()}, {percent(self.base_rate_)} left; "
            f"{len(self.features_)} features; model {self.model_id_}"
        )

    def copy(self) -> ChurnPipeline:
        """Return an unfitted pipeline of the same settings."""
        return ChurnPipeline(**{k: v for k, v in self.__dict__.items() if not k.endswith("_")})

    @property
    def state(self) -> TrainedState:
        """All that the trained pipeline has learnt, as its file holds it.

        Raises
        ------
        UsageError
            ``not-fitted``.
        """
        from churnpredict.model_file.state import TrainedState

        self._fitted()
        return TrainedState(
            churn=self.churn,
            settings={k: v for k, v in self.__dict__.items() if not k.endswith("_") and k != "churn"},
            features=self.features_,
            model=self.model_,
            model_id=self.model_id_,
            cutoffs=self.cutoffs_,
            n_snapshots=self.n_snapshots_,
            n_leavers=self.n_leavers_,
            base_rate=self.base_rate_,
            worth=getattr(self, "worth_", None),
            usual=self.usual_,
        )

    @classmethod
    def from_state(cls, state: TrainedState) -> ChurnPipeline:
        """Return a trained pipeline from the state of another one.

        Raises
        ------
        ModelFileError
            ``model-contradiction``: a setting that no pipeline has.
        """
        try:
            pipeline = cls(state.churn, **state.settings)
        except (TypeError, UsageError):  # no such argument, or an invalid value
            remedy = "Take the file from its source again."
            raise ModelFileError(
                "model-contradiction", "a setting of the pipeline is unknown, or has a value that cannot be", remedy=remedy
            ) from None
        pipeline.features_, pipeline.model_, pipeline.model_id_ = state.features, state.model, state.model_id
        pipeline.cutoffs_, pipeline.base_rate_ = state.cutoffs, state.base_rate
        pipeline.n_snapshots_, pipeline.n_leavers_ = state.n_snapshots, state.n_leavers
        pipeline.worth_, pipeline.usual_ = state.worth, state.usual
        return pipeline

    @property
    def season_(self) -> SeasonView:
        """Return what the trained pipeline knows of the season: ``share``, ``table``, ``words()`` and ``plot()``.

        Raises
        ------
        UsageError
            ``not-fitted``.
        """
        from churnpredict.pipeline.season_view import season_of

        self._fitted()
        return season_of(self.model_, self.churn)

    @shows_call('pipeline.fit(tables, until="2024-06-01")')
    def fit(self, tables: EventTables, until: Moment | None = None) -> ChurnPipeline:
        """Train on what was known before ``until``, outcomes included.

        Parameters
        ----------
        tables : EventTables
        until : time, optional
            Use only what was known before it; by default everything.

        Raises
        ------
        TimeError
            ``no-history``.
        OutcomeError, TrainingError
            Too few leavers, or one class only.
        LeakageError
            ``leakage``: the audit found features that contain the outcome.
        """
        from churnpredict.pipeline.auditing import settle

        check_tables(tables, "pipeline.fit(tables)")
        stage("features of the training snapshots")
        X, outcomes = self.training_rows(tables, until)
        stage(f"looking for leaks in {len(X):,} snapshots of {X.shape[1]} features")
        self.audit_ = settle(self.audit(tables, until, rows=(X, outcomes)), self.raise_on)
        stage("training the model")
        self.learn(X, outcomes)
        self.__dict__.pop("weeks_", None)  # counts of the tables: the season that was learnt from them stays
        latest = X[X.index.get_level_values("cutoff") == self.cutoffs_[-1]]
        self.worth_ = valuing.learn_worth(cutoffs.as_known(tables, until), scoring.snapshots_of(latest), self.churn)
        return self

    def audit(self, tables: EventTables, until: Moment | None = None, *, rows: tuple[Frame, Outcomes] | None = None) -> Audit:
        """Look for leaks in the training rows and in the tables behind them, without training; :meth:`fit` does so by itself.

        ``until`` is as for :meth:`fit`; ``rows`` are what :meth:`training_rows` gave for it, if they have been computed already.
        """
        from churnpredict.pipeline.auditing import audit_training, still_there

        check_tables(tables, "pipeline.audit(tables)")
        X, outcomes = self.training_rows(tables, until) if rows is None else rows
        past = cutoffs.as_known(tables, until)
        handling: Any = {"treatments": self.treatments, "handled": self.treated, "there": still_there(tables, self.churn)}
        return audit_training(past, self.churn, X, outcomes, features=self.features_, history=self.history, **handling)

    def training_rows(
        self, tables: EventTables, until: Moment | None = None, *, shared: SharedFeatures | None = None
    ) -> tuple[Frame, Outcomes]:
        """Return features X (n, n_features) and outcomes (n, 2) of all training snapshots; settles :attr:`features_`.

        ``until`` is as for :meth:`fit`. ``shared`` holds features that several trainings of a backtest share; X does not depend on it.
        """
        check_tables(tables, "pipeline.training_rows(tables)")
        if self.horizons and self.classifier is None and self.churn.decided_at_end:
            from churnpredict.model.sub_risks import refuse_earlier_horizons

            refuse_earlier_horizons(type(self.churn).__name__)
        past = cutoffs.as_known(tables, until)
        self.churn.check(past)
        snapshots = cutoffs.snapshots_of_training(self, past)
        self.features_ = catalog(past, history=self.history) if self.features is None else features_listed(self.features)
        if self.treatments is not None:
            snapshots = treatments.prepare(past, snapshots, self.churn, self.treatments, self.treated)
        outcomes = label_churn(past, snapshots, self.churn)  # customers who left within the gap have no outcome, and no row
        build = build_features if shared is None else shared.build
        X = build(past, scoring.snapshots_of(outcomes), features=self.features_, history=self.history)
        if self.treatments is not None:
            X, outcomes = treatments.apply(past, X, outcomes, self.churn, self.treatments, self.treated)
        self.weeks_ = season_counts.weeks_before(past, self.churn, X, self.season_by) if self.season else []
        return X, outcomes

    def step_between(self, past: EventTables, weeks: Callable[[str, list[int]], list[WeekCounts]] | None = None) -> SpanLike | None:
        """Return the step between training cutoffs, None for the default: see :func:`churnpredict.pipeline.season_counts.training_step`."""
        if self.every is not None or not self.season:
            return self.every
        return season_counts.training_step(past, self.churn, most_cutoffs=self.most_cutoffs, weeks=weeks, by=self.season_by)

    def learn(self, X: Frame, outcomes: Outcomes) -> ChurnPipeline:
        """Train on features and outcomes from :meth:`training_rows`."""
        from churnpredict.model.classifier import ChurnClassifier
        from churnpredict.model_file.store import fingerprint

        model = self._unfitted()
        weeks = getattr(self, "weeks_", [])
        seasonal = season_counts.to_learn_from(weeks, self.calendar) if isinstance(model, ChurnClassifier) and weeks else {}
        self.model_ = model.fit(X, outcomes if hasattr(model, "predict_risk") else outcomes.within(), **seasonal)
        self.cutoffs_ = sorted(set(X.index.get_level_values("cutoff")))
        self.n_snapshots_, self.n_leavers_ = len(X), int(outcomes.within().sum())
        self.base_rate_ = float(outcomes.within().mean())
        self.model_id_ = fingerprint(self.model_, list(X.columns))
        self.usual_: dict[str, float | str] | None = scoring.usual_in(X, self.model_)
        return self

    def learn_uplift(self, tables: EventTables, until: Moment | None = None) -> UpliftModel:
        """Learn from the treatment log, :attr:`treatments`, how much a contact lowers each customer's risk.

        Features and first reasons (``by_group_``: the effect by driver) are those at the contact or the hold-out. For a plan:
        ``plan_retention(scores, uplift=uplift.for_plan(X))``, X of :meth:`features_at`; it counts only where the log proves an effect.

        Raises
        ------
        UsageError
            ``no-treatments``, ``no-hold-out``.
        TrainingError
            ``log-too-small``, ``not-random``.
        """
        from churnpredict.evaluation.uplift import UpliftModel

        self._fitted()
        check_tables(tables, "pipeline.learn_uplift(tables)")
        past = cutoffs.as_known(tables, until)
        rows = treatments.experiment(past, self.churn, self.treatments)
        X = build_features(past, rows, features=self.features_, history=self.history)
        outcomes = label_churn(past, rows, self.churn)
        X, arm = X.loc[outcomes.index], rows.set_index(["customer_id", "cutoff"]).loc[outcomes.index, "treated"]
        first = scoring.first_reasons(self.model_, treatments.nobody_treated(X, getattr(self.model_, "feature_names_in_", ())))
        model = UpliftModel(horizon=self.churn.horizon_span, gap=self.churn.gap_span, random_state=self.random_state)
        return model.fit(X, outcomes.within(), arm, groups=first)

    def _unfitted(self) -> Any:
        if self.classifier is not None:
            return with_window(self.classifier, self.churn)
        return default_classifier(self.churn, horizons=self.horizons, random_state=self.random_state, n_jobs=self.n_jobs)

    def _fitted(self) -> None:
        """Raise an error if the pipeline is not trained yet."""
        if not hasattr(self, "model_"):
            raise UsageError("not-fitted", "the pipeline is not trained yet", remedy="Call fit(tables) first, or load a trained one.")

    def features_at(self, tables: EventTables, at: Moment | None = None) -> Frame:
        """Return the features X of everybody at risk at one cutoff, by default at the end of what was observed."""
        self._fitted()
        check_tables(tables, "pipeline.features_at(tables)")
        self.check_tables(tables)
        return self.features_of(tables, cutoffs.scoring_snapshots(tables, self.churn, at))

    def features_of(self, tables: EventTables, snapshots: Frame) -> Frame:
        """Return the features X of snapshots, in the columns of the model."""
        X = build_features(tables, snapshots, features=self.features_, history=self.history)
        return treatments.nobody_treated(X, getattr(self.model_, "feature_names_in_", ()))

    def check_tables(self, tables: EventTables) -> None:
        """Refuse tables that lack one the model was trained with; warn, or refuse with ``raise_on``, where all kinds of a table are
        missing.
        """
        wanted = {name for row in self.features_ for name in row.tables} - {"calendar"}
        missing = sorted(wanted - set(tables.declarations))
        if missing:
            raise MismatchError(
                "missing-table",
                f"the model was trained with tables that are not here: {', '.join(missing)}",
                remedy="Declare them under the same names, or train again without them.",
            )
        check_kinds(self.features_, tables, refuse=self.raise_on is not None)

    def predict_proba(self, tables: EventTables, at: Moment | None = None) -> Frame:
        """Return the probabilities of everybody at risk at one cutoff, by default at the end of what was observed.

        Returns
        -------
        DataFrame
            Columns ``customer_id``, ``stays``, ``leaves``; sorted by customer.
        """
        check_tables(tables, "pipeline.predict_proba(tables)")
        X = self.features_at(tables, at)
        from churnpredict.model.labels import risk_of

        if self.has_seen(tables, X.index.get_level_values("cutoff")):
            cutoffs.warn_in_sample(stacklevel=3)
        return scoring.probability_table(X, risk_of(self.model_, X))

    @shows_call('pipeline.score(tables, at="2024-09-01")')
    def score(self, tables: EventTables, at: Moment | None = None, *, value: float | None = None) -> Scores:
        """Return one row per customer at risk, highest risk first.

        It is not a metric, as ``score`` of scikit-learn is: :meth:`backtest` measures.

        Parameters
        ----------
        tables : EventTables
        at : time, optional
            The cutoff; by default the end of what was observed.
        value : float, optional
            Value of every customer over the horizon, instead of the value from the tables.

        Returns
        -------
        Scores
            A DataFrame with ``customer_id``, ``cutoff``, ``risk``; where training distinguished the two, ``risk_left`` and ``risk_lost``,
            which sum to it; with ``horizons`` the risks within them (``risk_30d``) and ``expected_days`` until leaving; ``percentile`` (per
            cent of customers whose risk is no higher); ``band`` (high: at least twice the odds of the base rate, low: at most half);
            ``value`` over the horizon, and ``money_at_risk`` (both missing where no table has ``money=True``); ``reason_1`` to ``reason_3``
            with the probability points that each adds; ``about_equal``: whether the model cannot rank the first two; ``words``;
            ``remedy_1`` to ``remedy_3``; ``model_id``; and ``in_sample`` where the model has learnt from later outcomes.

        Warns
        -----
        ChurnWarning
            ``in-sample``: the model was trained on outcomes after this cutoff.

        Raises
        ------
        TimeError
            ``cutoff-past-data``, ``before-first-event``.
        DataError
            ``nobody-at-risk``.
        MismatchError
            ``missing-table``.
        """
        check_metric(tables, at)
        check_tables(tables, "pipeline.score(tables)")
        return self.scores_of(tables, self.features_at(tables, at), value=value)

    def scores_of(self, tables: EventTables, X: Frame, *, value: float | None = None) -> Scores:
        """Return the scores for features ``X`` of these tables, ranked among themselves; ``value`` is as for :meth:`score`."""
        scores = scoring.score_table(scoring.frame_of(self.columns_of(tables, X, usual=self.usual_, value=value)))
        scores.unit = self.unit
        return scores

    def columns_of(
        self,
        tables: EventTables,
        X: Frame,
        *,
        usual: Mapping[str, float | str] | None,
        words: bool = True,
        n_jobs: int | None = None,
        value: float | None = None,
    ) -> dict[str, scoring.ScoreColumn]:
        """Return all columns of the scores but the percentile, in the order of X; reasons in sentences only with ``words``.

        ``usual`` holds the usual values; None: the medians of X, which differ where X holds only some customers. ``value`` is what every
        customer is worth; None: the value from the tables.
        """
        from churnpredict.explanation.attribution import explain
        from churnpredict.model.encoding import EncodedRows

        A = self.model_.encode(X) if hasattr(self.model_, "parts_of_encoded") else None
        worth = valuing.value_by_model(tables, scoring.snapshots_of(X), self.churn, getattr(self, "worth_", None), value)
        rows: Any = X if A is None else EncodedRows(X, A)
        why = explain(self.model_, rows, usual=usual, detail="features" if words else "drivers", n_jobs=n_jobs)
        parts = scoring.parts_of_risk(self.model_, X, A, why.margin)  # the margins come out of the tables of the reasons
        rate, name = self.base_rate_, self.model_id_
        in_sample = self.has_seen(tables, X.index.get_level_values("cutoff"))
        if in_sample:
            cutoffs.warn_in_sample()
        wording: dict[str, Any] = {
            "words": words,
            "language": language_of(self.language),
            "money": dict.fromkeys(money_tables(tables.declarations), self.unit),
        }
        return scoring.score_columns(X, parts, worth, explanation=why, base_rate=rate, model_id=name, in_sample=in_sample, **wording)

    def has_seen(self, tables: EventTables, moments: Moments) -> bool:
        """Return whether the model was trained on outcomes after any of these cutoffs: its scores there are not forecasts."""
        return cutoffs.in_sample(tables, self.churn, self.cutoffs_, moments)

    def unscored(self, tables: EventTables, at: Moment | None = None) -> Frame:
        """Return the customers without a score at a cutoff (by default the end of what was observed), each with the reason.

        Returns
        -------
        DataFrame
            ``customer_id``, ``reason`` ("not a customer yet", "no data", "gone already"), ``words``; sorted by customer.
        """
        from churnpredict.churn.unscored import absent

        check_tables(tables, "pipeline.unscored(tables)")
        return absent(tables, self.churn, cutoffs.scoring_cutoff(tables, self.churn, at))

    def save(self, path: str | Path, *, sign_with: str | Path | None = None) -> Path:
        """Write the pipeline to one file, whole or not at all; signed, if the path of a private ed25519 key (PEM) is given."""
        from churnpredict.model_file.store import save

        return save(self.state, path, sign_with=sign_with)
