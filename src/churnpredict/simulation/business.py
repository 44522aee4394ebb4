"""make_business: a seeded business whose true risks and true reasons are known.

Longer than most modules: half of it is documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_flag, check_flag_or_none, shows_call
from churnpredict.errors import TimeError, UsageError, closest
from churnpredict.events.timing import DAY, stamp
from churnpredict.markup import show
from churnpredict.moments import Moment, moment
from churnpredict.number_checks import is_number
from churnpredict.simulation.planting import DRIVERS, MAX_HORIZON, NUMBER, Settings, World, plant
from churnpredict.simulation.records import when, write_records
from churnpredict.spans import span
from churnpredict.text_tables import paragraph

if TYPE_CHECKING:
    from churnpredict.churn.rules import Cancellation, Inactivity
    from churnpredict.events.tables import EventTables

__all__ = ["Business", "make_business"]

RULES = ("inactivity", "cancellation")


@dataclass(frozen=True, repr=False)
class Business:
    """A simulated business: its records, and the truth behind them.

    Attributes
    ----------
    frames : dict of pandas.DataFrame
        The raw tables, each with its own column names, in the order of its times (datetime64[us], naive UTC).
    truth : pandas.DataFrame
        One row per customer, index ``customer_id``: ``left_at`` (NaT: stayed until the end), ``outcome`` (0 stayed, 1 left, 2 lost),
        ``driver`` and ``cause_at`` of the planted cause ("" and NaT: stayed), and ``effect``: by how much a retention contact lowers the
        logarithm of this customer's daily hazard for 45 days (negative: it drives them away; contacts do not keep customers who leave for
        `lifecycle`).
    causes : pandas.DataFrame
        Every episode of a cause, including those with a recovery: ``customer_id``, ``driver``, ``cause_at``, ``ended_at`` (NaT: not yet),
        ``end`` ("left", "recovered", "open").
    rule : str
        Which churn rule :attr:`churn` gives: "inactivity" or "cancellation".
    """

    frames: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    causes: pd.DataFrame
    rule: str
    world: World = field(compare=False)

    @property
    def start(self) -> pd.Timestamp:
        """The first moment of the records."""
        return self.world.settings.start

    @property
    def end(self) -> pd.Timestamp:
        """The end of the records: everything before it is observed."""
        return self.start + pd.Timedelta(days=self.world.days)

    @cached_property
    def tables(self) -> EventTables:
        """The frames, declared as :class:`~churnpredict.EventTables`.

        Errors and help pages are declared separately from other usage, because they belong to other drivers. Cancellations are a table only
        under the cancellation rule: with the inactivity rule they would leak the outcome.
        """
        from churnpredict.events import tables

        return tables.EventTables(**_declare(self, tables), observed_until=self.end)

    @cached_property
    def churn(self) -> Inactivity | Cancellation:
        """The churn rule under which this business is studied."""
        from churnpredict.churn import rules

        if self.rule == "inactivity":
            return rules.Inactivity("90d", of="orders", active_within="180d")
        return rules.Cancellation("90d", of="cancellations", involuntary=["payment_failure"])

    def true_risk(
        self,
        cutoff: Moment,
        horizon: str = "90d",
        *,
        outcome: Literal[1, 2] | None = None,
        contact: bool | None = None,
        meaning: Literal["leaving", "silence"] = "leaving",
    ) -> pd.Series:
        """Return the true probability, for every customer alive at a cutoff, of leaving within the horizon.

        It is computed from the generating hazards, not from the simulated outcomes, and conditions on the whole hidden state at the cutoff:
        the customer's traits (how prone to each cause, how patient, how a contact works), the active cause and its stage, tenure, contract
        term, owner and season. It also conditions on what is drawn independently of the customer: competitors' campaigns, dates of harmless
        episodes, and, with ``treatments=True``, the dates of contacts. It averages over everything else in the future. No model that uses
        only the tables can do better.

        Parameters
        ----------
        cutoff : str, datetime or timestamp
            A midnight between :attr:`start` and :attr:`end`.
        horizon : str
            Whole days, at most a year.
        outcome : {1, 2}, optional
            Only leaving (1) or only being lost to failed payments (2); they sum to the total.
        contact : bool, optional
            The risk if the customer is (True) or is not (False) contacted at the cutoff, and no campaign follows. The difference is the
            customer's own treatment effect. None: the campaigns as they are.
        meaning : {"leaving", "silence"}
            "silence": the probability of no order within the horizon, which is churn under inactivity; customers who left before
            the cutoff are not listed (theirs is 1).

        Returns
        -------
        pandas.Series
            Named ``risk``, float64 in [0, 1], index ``customer_id``.

        Raises
        ------
        TimeError
            The cutoff is not a midnight within the records.
        UsageError
            The horizon is not in whole days, or too long, or the other arguments contradict each other.

        Examples
        --------
        >>> business = make_business(300, random_state=1)
        >>> risk = business.true_risk("2023-06-01", "90d")
        >>> bool(risk.between(0, 1).all())
        True
        """
        day, rest = divmod(moment(cutoff, "cutoff") - moment(self.start), DAY)
        if rest or not 0 <= day <= self.world.days:
            raise TimeError(
                "no-such-cutoff",
                f"the true risk at {stamp(moment(cutoff))} is unknown",
                remedy=f"Give a midnight from {self.start.date()} to {self.end.date()}.",
            )
        at = moment(cutoff, "cutoff")
        length, rest = divmod(span(horizon, "horizon").after(at) - at, DAY)
        if rest or not 1 <= length <= MAX_HORIZON:
            raise UsageError("bad-horizon", f"horizon is {horizon!r}", remedy=f"Give whole days, from 1d to {MAX_HORIZON}d.")
        if meaning not in ("leaving", "silence") or outcome not in (None, 1, 2) or (meaning == "silence" and outcome is not None):
            raise UsageError(
                "bad-argument",
                f"meaning is {meaning!r} with outcome {outcome!r}",
                remedy='meaning is "leaving" or "silence"; outcome is 1 or 2, and only goes with "leaving".',
            )
        check_flag_or_none(contact, "contact", remedy="Give True or False; None leaves the campaigns as they are.")
        rows, risk = self.world.risk(day, length, outcome=outcome, contact=contact, quiet=meaning == "silence")
        return pd.Series(risk, index=self.truth.index[rows], name="risk")

    def __repr__(self) -> str:
        headline, *lines = self._told()
        return "\n".join([*paragraph(headline), *(part for line in lines for part in paragraph(line, indent="    ", first="  "))])

    def _repr_html_(self) -> str:
        headline, *lines = self._told()
        return show(headline, after=lines)

    def _told(self) -> list[str]:
        gone, n = self.truth["outcome"], len(self.truth)
        reasons = self.truth.loc[gone > 0, "driver"].value_counts()
        return [
            f"Business of {n:,} customers, {self.start.date()} to {self.end.date()}, churn by {self.rule}",
            f"{int((gone == 1).sum()):,} left, {int((gone == 2).sum()):,} lost to failed payments, {int((gone == 0).sum()):,} stayed",
            "reasons: " + ", ".join(f"{driver} {count:,}" for driver, count in reasons.items()),
            "rows: " + ", ".join(f"{name} {len(frame):,}" for name, frame in self.frames.items()),
        ]


def _declare(business: Business, kinds: Any) -> dict[str, Any]:
    """Return the declarations of frames: the only place that repeats their column names."""
    frames = business.frames
    usage = frames["usage"]
    actions, errors, pages = (usage[usage["kind"] == kind] for kind in ("action", "error", "help"))
    who = {"customer": "customer"}
    log = who | {"time": "at", "kind": "kind", "optional": True}
    used = {"customer": "user", "time": "at", "item": "feature", "optional": True}
    traits = ["channel", "region", "plan"]
    owner: dict[str, Any] = (
        {"attributes": traits, "owner": "owner"} if hasattr(kinds.Customers, "owner") else {"attributes": [*traits, "owner"]}
    )
    declared = {
        "customers": kinds.Customers(frames["customers"], customer="customer_id", since="signup_date", **owner),
        "orders": kinds.Events(frames["orders"], time="paid_at", value="amount", money=True, item="product", id="order_id", **who),
        "usage": kinds.Events(actions, **used),
        "errors": kinds.Events(errors, driver="quality", **used),
        "help": kinds.Events(pages, driver="complexity", **used),
        "returns": kinds.Events(
            frames["returns"], time="returned_at", value="amount", known_at="recorded_at", driver="quality", optional=True, **who
        ),
        "payments": kinds.Events(frames["payments"], value="amount", driver="payment", **log),
        "contacts": kinds.Events(frames["contacts"], driver="communication", replies=["open", "click"], **log),
        "market": kinds.Events(frames["market"], driver="competition", **log),
    }
    ticket = {"start": "opened_at", "end": "closed_at", "value": "severity", "value_at_end": "satisfaction", "kind": "topic"}
    term = {"start": "starts", "end": "ends", "planned_end": "renews_at", "value": "price", "kind": "plan", "attributes": ["auto_renew"]}
    declared["tickets"] = kinds.Intervals(frames["tickets"], driver="support", optional=True, **ticket, **who)
    declared["subscriptions"] = kinds.Intervals(frames["subscriptions"], driver="contract", money=True, per="month", **term, **who)
    declared["prices"] = kinds.States(frames["prices"], time="at", values=["price", "discount"], driver="price", **who)
    if business.rule == "cancellation":
        declared["cancellations"] = kinds.Events(frames["cancellations"], **log)
    if "treatments" in frames:
        declared["treatments"] = kinds.Events(frames["treatments"], driver="communication", **(log | {"kind": "arm"}))
    return declared


@shows_call("cp.make_business(2000, random_state=0)")
def make_business(
    n_customers: int = 2000,
    random_state: int = 0,
    *,
    months: int = 30,
    start: Moment = "2022-01-01",
    season: float = 0.3,
    trial: str | None = None,
    second_year: float = 1.0,
    involuntary: float = 0.2,
    distractors: float = 0.2,
    signal: float = 0.0,
    causes: Sequence[str] | None = None,
    spend: float = 1.0,
    treatments: bool = False,
    rule: Literal["inactivity", "cancellation"] = "inactivity",
) -> Business:
    """Simulate a business whose true risks and true reasons are known.

    Customers sign up, order, use the service, open tickets, pay, are contacted, renew, and get price changes. Causes begin at dated
    moments, one of twelve drivers each, leave traces in the tables, and end in a recovery or in a cancellation. Nobody leaves without a
    cause, and nothing is recorded after leaving (except returns that were booked late). Customers who stay have tickets, price rises,
    failed payments and quiet weeks too.

    Parameters
    ----------
    n_customers : int
        At least 1. The first customers of a larger business are those of a smaller one, row for row.
    random_state : int
        Not negative. The same number gives the same business, to the last bit; no global random state is read or changed.
    months : int
        Length of the records, 6 to 120.
    start : str, datetime or timestamp
        First day.
    season : float
        Strength of Christmas, 0 to 3: orders are multiplied by up to exp(season) in mid-December and fall to exp(-season / 2) early in
        February, when causes begin more often.
    trial : str, optional
        A free trial such as ``"14d"`` (at most 60 days) before the first paid term; customers may leave at its end.
    second_year : float
        How much more often customers move on around their first anniversary; 0 for never, 1 is strong.
    involuntary : float
        About this share of leavers is lost to failed payments, 0 to 0.9.
    distractors : float
        Chance per customer and year of a harmless episode that looks like a cause for 30 days, 0 to 1.
    signal : float
        How strongly causes show before customers leave, 0 to 1: at 1 they strike 1.8 times as often, grow half as fast, and seldom pass.
    causes : list of str, optional
        The drivers whose causes strike; all twelve by default.
    spend : float
        Amounts that customers pay, as a multiple of the usual amounts, 0.01 to 1,000.
    treatments : bool
        Add ``frames["treatments"]``: monthly retention campaigns to customers chosen at random, half of them a hold-out.
    rule : {"inactivity", "cancellation"}
        The churn rule that :attr:`Business.churn` gives.

    Returns
    -------
    Business
        With ``frames``, ``tables``, ``churn``, ``truth``, ``causes`` and ``true_risk(cutoff, horizon)``.

    Raises
    ------
    UsageError
        An argument is out of its range.

    Examples
    --------
    >>> import churnpredict as cp
    >>> business = cp.make_business(500, random_state=7)
    >>> sorted(business.frames)[:4]
    ['cancellations', 'contacts', 'customers', 'market']
    >>> business.truth.columns.tolist()
    ['left_at', 'outcome', 'driver', 'cause_at', 'effect']
    """
    if not isinstance(rule, str) or rule not in RULES:
        raise UsageError("bad-argument", f"rule is {rule!r}", remedy=f'Use "inactivity" or "cancellation".{closest(str(rule), RULES)}')
    trial_days, rest = divmod(span(trial, "trial").nominal, DAY) if trial is not None else (0, 0)
    for name, value, low, high in (
        ("n_customers", n_customers, 1, 100_000_000),
        ("random_state", random_state, 0, 2**63 - 1),
        ("months", months, 6, 120),
        ("season", season, 0, 3),
        ("trial", trial_days if not rest else -1, 0, 60),
        ("second_year", second_year, 0, 3),
        ("involuntary", involuntary, 0, 0.9),
        ("distractors", distractors, 0, 1),
        ("signal", signal, 0, 1),
        ("spend", spend, 0.01, 1000),
    ):
        whole = name in ("n_customers", "random_state", "months")
        if not is_number(value) or not low <= value <= high or (whole and int(value) != value):
            kind = "a whole number" if whole else "whole days" if name == "trial" else "a number"
            raise UsageError("bad-argument", f"{name} is {value!r}", remedy=f"Give {kind} from {low:,} to {high:,}.")
    settings = Settings(
        n_customers=int(n_customers),
        seed=int(random_state),
        months=int(months),
        start=pd.Timestamp(moment(start, "start"), unit="us").normalize(),
        season=float(season),
        trial_days=int(trial_days),
        second_year=float(second_year),
        involuntary=float(involuntary),
        distractors=float(distractors),
        signal=float(signal),
        causes=_causes_of(causes),
        spend=float(spend),
        treatments=check_flag(treatments, "treatments"),
    )
    world = plant(settings)
    ids = pd.Series([f"C{i:06d}" for i in range(1, world.n + 1)], name="customer_id")
    episodes = world.episodes()
    frames = write_records(world, ids, episodes)
    struck = _causes(world, ids, episodes)
    return Business(frames, _truth(world, ids, struck), struck, rule, world)


def _causes_of(causes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the drivers whose causes strike, checked."""
    if causes is None:
        return DRIVERS
    if not isinstance(causes, (list, tuple, set, frozenset)) or not causes or not set(causes) <= set(DRIVERS):
        raise UsageError("bad-argument", f"causes is {causes!r}", remedy=f"Give a list of drivers: {', '.join(DRIVERS)}.")
    return tuple(causes)


def _causes(world: World, ids: pd.Series, episodes: pd.DataFrame) -> pd.DataFrame:
    customer = episodes["customer"].to_numpy()
    after = np.where(episodes["end"] == "open", np.iinfo(np.int64).min, (episodes["last"].to_numpy() + 1) * DAY)
    return pd.DataFrame(
        {
            "customer_id": ids.take(customer).array,
            "driver": pd.Series(DRIVERS).take(episodes["cause"].to_numpy()).array,
            "cause_at": when(world, episodes["first"].to_numpy() * DAY),
            "ended_at": when(world, np.where(episodes["end"] == "left", world.left_at()[customer], after)),
            "end": pd.Series(episodes["end"].to_numpy()),
        }
    )


def _truth(world: World, ids: pd.Series, causes: pd.DataFrame) -> pd.DataFrame:
    last = causes[causes["end"] == "left"].set_index("customer_id")
    driver = last["driver"].reindex(ids.array).fillna("")
    outcome = np.where(world.left_day < 0, 0, np.where(driver == DRIVERS[NUMBER["payment"]], 2, 1))
    return pd.DataFrame(
        {
            "left_at": when(world, world.left_at()),
            "outcome": outcome,
            "driver": driver.to_numpy(),
            "cause_at": last["cause_at"].reindex(ids.array).to_numpy(),
            "effect": world.traits["effect"],
        },
        index=pd.Index(ids.array, name="customer_id"),
    ).astype({"driver": "str"})
