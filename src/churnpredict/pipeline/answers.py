"""Short ways of a trained pipeline: reasons, leaving times and the page, each in one call."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from churnpredict.argument_checks import shows_call
from churnpredict.churn.rule import ChurnRule
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import EventTables
from churnpredict.moments import Moment, Moments
from churnpredict.pipeline import cutoffs, scoring
from churnpredict.signatures import CustomerId, Frame
from churnpredict.spans import SpanLike

if TYPE_CHECKING:
    from churnpredict.evaluation.campaign import Campaign
    from churnpredict.explanation.attribution import Explanation
    from churnpredict.pipeline.backtest_result import Backtest
    from churnpredict.pipeline.staying import Staying
    from churnpredict.pipeline.timeline import Timeline
    from churnpredict.retention.plan import Plan

__all__ = ["Answers"]


class Answers:
    """Questions to a trained pipeline that need nothing but its features and its model."""

    churn: ChurnRule
    model_: Any
    usual_: dict[str, float | str] | None

    if not TYPE_CHECKING:  # for a type checker, names that do not exist remain errors

        def __getattr__(self, name: str) -> Any:
            from churnpredict.model.elsewhere import not_an_attribute
            from churnpredict.pipeline.expected import ELSEWHERE

            said = not_an_attribute(self, name, ELSEWHERE, learnt="model_", train="pipeline.fit(tables)")
            raise AttributeError(said, name=name, obj=self)

    def _fitted(self) -> None:
        """Refuse to go on without a model."""
        raise NotImplementedError

    def check_tables(self, tables: EventTables) -> None:
        """Refuse tables that lack one of those trained with."""
        raise NotImplementedError

    def features_at(self, tables: EventTables, at: Moment | None = None) -> Frame:
        """Return the features X of everybody at risk at one cutoff."""
        raise NotImplementedError

    def has_seen(self, tables: EventTables, moments: Moments) -> bool:
        """Return whether the model was trained on outcomes after any of these cutoffs."""
        raise NotImplementedError

    @shows_call("pipeline.backtest(tables)")
    def backtest(
        self,
        tables: EventTables,
        at: Moments | None = None,
        *,
        against: Mapping[str, object] | None = None,
        high: Literal["risk", "healthy"] | Mapping[str, str] | None = None,
        capacity: int | None = None,
        rounds: int = 200,
        campaign: Campaign | None = None,
    ) -> Backtest:
        """Measure how well the model would have predicted at past cutoffs, compared with simple baselines.

        At each cutoff the pipeline is trained again on what was known before it, outcomes included, and so are the baselines.

        Parameters
        ----------
        tables : EventTables
        at : time or list of times, optional
            Test cutoffs; by default the latest three whose outcome windows are observed and do not overlap.
        against : mapping, optional
            What you use today, by name, to judge beside the model: at each cutoff, and among the customers whom the team can call.
            A score is the name of a feature, ``"table.column"`` of a table of :class:`churnpredict.States`, a Series by ``customer_id``
            and ``cutoff``, or a mapping of cutoff to scores by customer. Features and columns are read as known before the cutoff. It may
            also be a function of the tables as known before the cutoff, and of the cutoff. A rule is an alert rule, such as
            ``"habit__orders_days_since_last >= 60"``. A list is a mapping of cutoff to ids.
        high : {"risk", "healthy"} or mapping, optional
            What a high score means, for all scores or by name: any numbers then serve, and customers without a score come last. Scores
            without it are probabilities of leaving, from 0 to 1, which every customer needs.
        capacity : int, optional
            The number of customers that the team can call at one cutoff; a tenth of them by default, where ``against`` is given.
        rounds : int
            Bootstrap samples of customers for the intervals.
        campaign : Campaign, optional
            The money for the figures of profit; without it they are calculated with assumptions, which the result shows.

        Returns
        -------
        Backtest
            A frame with one row per cutoff, model and metric with the difference of the model from each baseline; printed, a verdict in
            words per cutoff; ``plot()`` and ``to_html(path)``. With ``against`` or ``capacity`` also what each finds in the calls:
            leavers, false alarms, days before leaving and money, and over all cutoffs as ``.switch``.

        Raises
        ------
        UsageError
            ``bad-argument``; ``no-direction``: a score that is not a probability, without ``high``; ``as-of-today``: a column of customers
            without a history.
        ImmatureError
            ``immature``: outcomes of a cutoff are not fully observed yet.

        Examples
        --------
        >>> import churnpredict as cp
        >>> shop = cp.make_business(150, random_state=1)
        >>> pipeline = cp.ChurnPipeline(shop.churn, classifier=cp.ChurnClassifier(members=("linear",)), every="60d")
        >>> rule = {"silent for 30 days": "habit__orders_days_since_last >= 30"}
        >>> found = pipeline.backtest(shop.tables, "2024-01-01", against=rule, capacity=20, rounds=0)
        >>> calls = found.switch.pivot(index="model", columns="metric", values="value")
        >>> bool((calls["found"] + calls["false_alarms"] == calls["called"]).all())
        True
        """
        from churnpredict.evaluation.campaign import ASSUMED
        from churnpredict.pipeline.backtesting import backtest

        check_tables(tables, "pipeline.backtest(tables)")
        options: dict[str, Any] = {"against": against, "high": high, "capacity": capacity, "rounds": rounds}
        return backtest(cast(Any, self), tables, at, campaign=ASSUMED if campaign is None else campaign, **options)

    @shows_call("pipeline.explain(tables)")
    def explain(
        self,
        tables: EventTables,
        at: Moment | None = None,
        *,
        outcome: Literal["left", "lost"] | None = None,
        horizon: str | None = None,
        n_jobs: int | None = None,
    ) -> Explanation:
        """Explain the risks of everybody at risk at one cutoff: every feature and driver, in log-odds and probability points.

        Parameters
        ----------
        tables : EventTables
        at : time, optional
            The cutoff; by default the end of what was observed.
        outcome, horizon : optional
            Which part of the risk, as for :func:`churnpredict.explain`.
        n_jobs : int, optional
            Threads.

        Returns
        -------
        Explanation
            Index ``(customer_id, cutoff)``; ``why.plot("customer", customer="C42")`` draws one customer.

        Raises
        ------
        UsageError
            ``not-fitted``.
        TimeError, DataError, MismatchError
            As :meth:`score`.
        """
        from churnpredict.explanation.attribution import explain

        check_tables(tables, "pipeline.explain(tables)")
        X = self._looked_at(tables, at)
        return explain(self.model_, X, outcome=outcome, horizon=horizon, usual=self.usual_, n_jobs=n_jobs)

    def _looked_at(self, tables: EventTables, at: Moment | None) -> Frame:
        """Return the features of everybody at risk; warns where the model has seen what became of them."""
        X = self.features_at(tables, at)
        if self.has_seen(tables, X.index.get_level_values("cutoff")):
            cutoffs.warn_in_sample(stacklevel=5)
        return X

    def when(
        self,
        tables: EventTables,
        at: Moment | None = None,
        *,
        over: SpanLike | None = None,
        discount: float = 0.0,
        value: float | None = None,
    ) -> Staying:
        """Return when customers are likely to leave: the chance of having left, and of staying, by the end of every horizon learnt, and
        with ``over`` month by month over a longer period.

        Parameters
        ----------
        tables : EventTables
        at : time, optional
            The cutoff; by default the end of what was observed.
        over : span, optional
            A period such as ``"365d"``, not shorter than the horizon. What happens after the horizon is learnt now, from what was known at
            the cutoff, at cutoffs as far back as the period is long; it takes about as long as training, and no model file holds it.
        discount : float
            By how much revenue a year later counts less: 0.1 for 10 %.
        value : float, optional
            Value of every customer over the horizon, instead of the value from the tables.

        Returns
        -------
        Staying
            One row per customer at risk and horizon, sorted by customer, shortest horizon first: ``customer_id``, ``cutoff``, ``horizon``
            (such as "30d"), ``by`` (the moment at which its outcome window closes), ``risk`` of leaving until then (never lower for a
            longer horizon), ``risk_left`` and ``risk_lost`` where the training distinguished them (they sum to it), ``stays`` = 1 - risk.
            Horizons before the whole one are those of ``horizons=``; under ``Inactivity`` nobody has left before the whole horizon has
            passed, and later a customer leaves when a silence of that length is complete. With ``over`` its attribute ``customers`` holds
            the expected date with its spread, the expected revenue and what brings the leaving forward, customer by customer;
            ``plot(customer)`` draws a curve.

        Raises
        ------
        UsageError
            ``not-fitted``, ``bad-horizons``.
        TimeError, DataError, MismatchError
            As :meth:`score`.
        TrainingError
            ``no-follow-up``: nobody was observed for longer than the horizon.
        """
        from churnpredict.pipeline.staying import Staying, staying_over

        check_tables(tables, "pipeline.when(tables)")
        X = self._looked_at(tables, at)
        if over is not None:
            return staying_over(self, tables, X, over, discount=discount, value=value)
        ends = cutoffs.window_ends(tables, self.churn, X, scoring.earlier_horizons_of(self.model_))
        return Staying(scoring.staying_table(self.model_, X, ends))

    @shows_call('pipeline.report(tables, "report.html")')
    def report(
        self,
        tables: EventTables,
        path: str | Path,
        *,
        at: Moment | None = None,
        since: Moment | None = None,
        plan: Plan | Mapping[str, object] | None = None,
        backtest: Backtest | bool = False,
        alerts: Mapping[str, str] | None = None,
        title: str = "",
        unit: str = "",
        most_cards: int = 500,
    ) -> Path:
        """Write the HTML page, as the command ``churnpredict report`` does: scores, plan, drift, rates, activity, alerts.

        The page is in the language of the pipeline (``pipeline.language = "de"`` changes it); without ``unit``, amounts have its unit.

        Parameters
        ----------
        tables : EventTables
        path : path
            Of the HTML file.
        at : time, optional
            The cutoff; by default the end of what was observed.
        since : time, optional
            The scoring before, which changes are counted from; by default four weeks earlier.
        plan : Plan or mapping, optional
            A plan made of these scores, or the arguments of :func:`churnpredict.plan_retention`, such as ``{"budget": 500}``.
        backtest : Backtest or bool
            What :meth:`backtest` gave; True runs it now, which trains a model for each cutoff; without it the page says that nothing is
            known of the model.
        alerts : mapping of name to rule, optional
            As for :func:`churnpredict.diagnostics.find_alerts`.
        title, unit, most_cards
            As for :func:`churnpredict.write_report`.

        Returns
        -------
        Path

        Raises
        ------
        UsageError
            ``not-fitted``.
        TimeError, DataError, MismatchError
            As :meth:`score`.
        OutputError
            ``not-written``.
        """
        self._fitted()
        check_tables(tables, "pipeline.report(tables)")
        page = import_module("churnpredict.report.whole")  # it stands higher: the one call upwards, see decision 17
        found = None if backtest is False else self.backtest(tables) if backtest is True else backtest
        options = {"at": at, "since": since, "plan": plan, "backtest": found, "alerts": alerts}
        return Path(page.write_whole_report(self, tables, path, title=title, unit=unit, most_cards=most_cards, **options))

    def timeline(self, tables: EventTables, customer: CustomerId, at: Moments | None = None) -> Timeline:
        """Return what happened to one customer, the risk at past cutoffs, and since when the first reason has been the first.

        Parameters
        ----------
        tables : EventTables
        customer : id
            The id as in the tables.
        at : time or list of times, optional
            Cutoffs; by default twelve, back from the end of what was observed, in steps of training.

        Returns
        -------
        Timeline
            ``risks``, ``drivers``, ``events``; ``plot()``.

        Raises
        ------
        UsageError
            ``not-fitted``, ``bad-argument``.
        IdentityError
            ``unknown-ids``.
        MismatchError
            ``missing-table``.
        """
        from churnpredict.pipeline.timeline import timeline_of

        self._fitted()
        self.check_tables(tables)
        return timeline_of(self, tables, customer, at)
