"""plan_retention: whom to contact under a budget, with what offer, and whom to hold out.

Longer than most modules because :class:`Plan` holds everything that users see of a plan.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_choice, check_text, shows_call
from churnpredict.errors import IdentityError, SchemaError, UsageError, closest, kind_of, warn
from churnpredict.evaluation.metrics import Interval
from churnpredict.explanation.attribution import MOST_REASONS
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.figures import amount, people, unit_of
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.markup import show
from churnpredict.number_checks import check_number, check_numbers, check_share, check_whole_number
from churnpredict.per_customer import by_customer, listed_customers, match_ids
from churnpredict.retention.choice import choose, draw_holdout
from churnpredict.retention.plan_words import Assumption, assumed, assumptions_of, justify_holdout
from churnpredict.retention.playbook import read_playbook
from churnpredict.retention.profit import Floats, Offer, contact_profit, contact_spend, profit_interval
from churnpredict.signatures import CustomerId, PerCustomer
from churnpredict.table_files import write_csv, write_parquet, write_workbook
from churnpredict.text_tables import Figure, paragraph, text_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

__all__ = ["DECISIONS", "Plan", "plan_retention", "with_plan_values"]

DECISIONS = (
    "contact",
    "hold-out",
    "excluded",
    "no value known",
    "not actionable",
    "no profit",
    "beyond capacity",
    "beyond budget",
)
_PLAYS = ("contacts", "driver", "expected profit", "remedy")
_COLUMNS = (  # then the reasons, then the words
    *("rank", "customer_id", "cutoff", "arm", "owner", "risk", "value", "money_at_risk"),
    *("expected_profit", "expected_spend", "offer_cost", "acceptance", "driver", "remedy"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """Whom to contact, with what offer, and the expected result. Made by :func:`plan_retention`.

    Attributes
    ----------
    table : DataFrame
        Customers of the plan, highest expected profit first: ``rank``, ``customer_id``, ``cutoff`` where known, ``arm`` ("contact" or
        "hold-out"), ``owner`` where given, ``risk``, ``value``, ``money_at_risk``, ``expected_profit``, ``expected_spend``, ``offer_cost``,
        ``acceptance``, ``driver``, ``remedy``, ``reason_1`` .. with their points, ``words`` where known.
    decisions : DataFrame
        Everybody, in the order of the scores: ``customer_id``, ``decision`` (one of :data:`DECISIONS`), ``why`` (of exclusions),
        ``expected_profit`` (NaN where unknown), and the ``value`` that was used.
    profit : Interval
        Expected profit of the contacts, with its 95 % interval.
    spend : float
        Expected spend of the contacts.
    kept : float
        Customers whom the contacts are expected to keep.
    budget : float or None
    holdout : str
        Size of the hold-out, what it will show, and what it costs, in a sentence.
    notes : tuple of str
        Notes: assumptions, and ids to exclude that no customer has.
    offer : Offer or None
        What goes into the profit of everybody, in the order of :attr:`decisions`: pictures are drawn from it.
    assumptions : tuple of Assumption
        The numbers that it uses, and whether they were given or assumed.
    unit : str
        The unit of money, such as "€".
    """

    table: pd.DataFrame
    decisions: pd.DataFrame
    profit: Interval
    spend: float
    kept: float
    budget: float | None
    holdout: str
    notes: tuple[str, ...] = ()
    offer: Offer | None = None
    assumptions: tuple[Assumption, ...] = ()
    unit: str = ""

    @property
    def contacts(self) -> pd.DataFrame:
        """The rows of :attr:`table` to contact."""
        return self.table[self.table["arm"] == "contact"]

    @property
    def counts(self) -> dict[str, int]:
        """How many customers each decision concerns, in the order of :data:`DECISIONS`."""
        found = self.decisions["decision"].value_counts()
        return {name: int(found[name]) for name in DECISIONS if name in found}

    @property
    def log(self) -> pd.DataFrame:
        """The treatment log: ``customer_id``, ``at``, ``arm`` ("contact" or "hold_out"), to keep, and to declare as events later.

        ``cp.Events(log, customer="customer_id", time="at", kind="arm", driver="communication")``
        """
        at = self.table["cutoff"] if "cutoff" in self.table else pd.Series(pd.NaT, index=self.table.index)
        arm = self.table["arm"].str.replace("-", "_")
        return pd.DataFrame({"customer_id": self.table["customer_id"], "at": at, "arm": arm}).reset_index(drop=True)

    def __repr__(self) -> str:
        headline, expected, *after = self._told()
        lines = [*paragraph(headline), *paragraph(expected, indent="  ")]
        lines += text_table(self._plays(), _PLAYS, indent="  ")
        return "\n".join([*lines, *(line for text in after for line in paragraph(text, indent="    ", first="  "))])

    def _repr_html_(self) -> str:
        headline, *lines = self._told()
        return show(headline, self._plays(), _PLAYS, lines)

    def _plays(self) -> list[tuple[int, str, Figure, str]]:
        """Return contacts, driver, expected profit and remedy of each play, the most profitable first."""
        plays = self.contacts.groupby(["driver", "remedy"], sort=False, dropna=False)["expected_profit"].agg(["size", "sum"])
        rows = []
        for key, (size, total) in plays.sort_values("sum", ascending=False).iterrows():
            driver, remedy = cast(tuple[str, str], key)
            label = DRIVERS[driver].label if driver in DRIVERS else driver or "no reason"
            rows.append((int(size), label, Figure(self._money(total)), remedy))
        return rows

    def _money(self, value: float) -> str:
        return amount(value, self.unit)

    def _told(self) -> list[str]:
        counts, money = self.counts, self._money
        of = "" if self.budget is None else f" of a budget of {money(self.budget)}"
        rest = [f"{n:,} {name}" for name, n in counts.items() if name not in ("contact", "hold-out")]
        return [
            f"Plan: contact {counts.get('contact', 0):,} of {len(self.decisions):,} customers"
            + (f", as known on {self.table['cutoff'].max():%Y-%m-%d}" if "cutoff" in self.table and len(self.table) else ""),
            f"expected profit {money(self.profit.value)} (95 %: {money(self.profit.low)} to {money(self.profit.high)}), "
            f"expected spend {money(self.spend)}{of}, {people(self.kept)} customers kept",
            *(["left alone: " + ", ".join(rest)] if rest else []),
            self.holdout,
            *self.notes,
        ]

    def plot(self, kind: Literal["profit", "effect", "value"] = "profit", **options: object) -> Picture:
        """Return a picture: profit by number of contacts, money at risk before and after, or risk by value with the line where a contact
        pays.

        Parameters
        ----------
        kind : {"profit", "effect", "value"}
        **options
            ``unit`` of money, by default that of the plan, and ``theme`` ("light", "dark"): see
            :mod:`churnpredict.retention.pictures`.

        Returns
        -------
        matplotlib.figure.Figure
            Its ``alt_text`` says in words what is seen.

        Raises
        ------
        MissingExtraError
            ``missing-extra``: matplotlib is not installed.
        UsageError
            ``unknown-choice``.
        """
        from churnpredict.retention import pictures

        drawing: dict[str, Any] = {"profit": pictures.plot_profit, "effect": pictures.plot_effect, "value": pictures.plot_value}
        draw = drawing[check_choice(kind, "kind", list(drawing))]
        return draw(self, **{"unit": self.unit} | options)

    def to_csv(self, path: str | Path) -> Path:
        """Write :attr:`table` as CSV; no text of it runs as a formula."""
        return write_csv(path, self.table)

    def to_parquet(self, path: str | Path) -> Path:
        """Write :attr:`table` as Parquet."""
        return write_parquet(path, self.table)

    def to_excel(self, path: str | Path) -> Path:
        """Write a workbook: the plan, and the decision about every customer.

        Raises
        ------
        MissingExtraError
            ``missing-extra``: openpyxl is not installed.
        """
        return write_workbook(path, {"plan": self.table, "decisions": self.decisions})


@shows_call("cp.plan_retention(scores, budget=1000) with scores = pipeline.score(tables)")
def plan_retention(
    scores: pd.DataFrame,
    *,
    value: PerCustomer | None = None,
    budget: float | None = None,
    offer_cost: PerCustomer | None = None,
    contact_cost: float | None = None,
    acceptance: float | None = None,
    uplift: PerCustomer | None = None,
    owner: PerCustomer | None = None,
    capacity: int | Mapping[Hashable, int] | None = None,
    exclude: Iterable[CustomerId] | None = None,
    holdout: float = 0.1,
    playbook: str | Path | Mapping[str, Mapping[str, object]] | None = None,
    random_state: int = 0,
    language: str | Language = "en",
    unit: str = "",
) -> Plan:
    """Choose whom to contact: only customers with an expected profit, highest first, never by risk alone.

    A contact is expected to bring ``p * gamma * (V - d) - (1 - p) * d - f``: risk p, value V over the horizon, offer d, acceptance gamma,
    contact f (Verbraken, Verbeke and Baesens 2013, for one customer). The play is that of the strongest actionable reason.

    Where the budget binds, customers are taken by profit or by profit per amount spent, whichever has the higher expected total. Values by
    customer are matched by id, never by position; only arrays and lists are in the order of the scores, and must have the same length.
    Unknown ids, and customers without a value, are counted in a warning.

    Parameters
    ----------
    scores : DataFrame
        One row per customer: ``customer_id``, ``risk``; ``value``, ``cutoff``, ``reason_1`` .., ``words``, ``owner`` where known. As from
        :meth:`churnpredict.ChurnPipeline.score`.
    value : number, mapping or Series by customer, column of the scores, or array (n,), optional
        Value of a customer over the horizon; by default the scores' ``value``.
    budget : float, optional
        Limit of the expected spend.
    offer_cost : number, mapping or Series by customer, column of the scores, or array (n,)
        The offer d, paid to customers who stay; in the unit of the values, 10 if not given. The playbook takes precedence.
    contact_cost : float
        The contact f, paid in any case; 1 if not given.
    acceptance : float
        Share gamma of would-be leavers whom an offer keeps; 0.3 if not given. Assumptions are listed in :attr:`Plan.notes` and on the page.
    uplift : mapping or Series by customer, column of the scores, or array (n,), optional
        By how much a contact lowers the risk, in probability, as learnt from a treatment log
        (:meth:`churnpredict.ChurnPipeline.learn_uplift`); takes precedence over the acceptance where it is known.
    owner : mapping or Series by customer, column of the scores, or array (n,), optional
        Person who would make the contact; by default the scores' ``owner``.
    capacity : int, or mapping of owner to int, optional
        Maximum number of contacts per owner; owners that a mapping does not name have no limit. Without owners: maximum number of contacts
        in total.
    exclude : iterable of customers, or mapping or Series of customer to why, or to True and False, optional
        Never contacted and never held out: opted out, contacted recently.
    holdout : float
        Share of the customers worth contacting who are held out at random, so that the effect can be measured.
    playbook : path of a TOML file, or mapping, optional
        Per driver ``remedy``, ``offer_cost``, ``acceptance``; the rest is as in the driver table, with acceptance 0 for lifecycle.
    random_state : int
    language : {"en", "ar", "bg", "de", "es", "fr", "pl", "ru"} or Language
        Of remedies and sentences.
    unit : str
        Of amounts of money in the sentences, such as "€"; by default that of the scores.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        ``bad-argument``; ``no-value``: the value of customers is unknown; ``two-rows``: a customer occurs twice.
    SchemaError
        ``missing-column``.
    IdentityError
        ``id-types-differ``: ids that can never match those of the scores; ``default-index``, ``duplicate-customer``, ``unknown-ids``.
    ConfigError
        Of the playbook.

    Examples
    --------
    >>> scores = pd.DataFrame({"customer_id": ["a", "b", "c"], "risk": [0.9, 0.5, 0.01], "value": [15.0, 500.0, 900.0]})
    >>> plan = plan_retention(scores, holdout=0)
    >>> plan.table[["customer_id", "expected_profit"]].values.tolist()
    [['b', 67.5]]
    >>> plan.decisions["decision"].tolist()
    ['no profit', 'contact', 'no profit']
    """
    spoken = language_of(language)
    check_text(unit, "unit")
    unit = unit or unit_of(scores)
    (offer_cost, contact_cost, acceptance), was_given, assumption_notes = assumed(offer_cost, contact_cost, acceptance, spoken, unit)
    budget = None if budget is None else check_number(budget, "budget", least=0)
    contact_cost = check_number(contact_cost, "contact_cost", least=0)
    acceptance, holdout = check_share(acceptance, "acceptance"), check_share(holdout, "holdout", most=0.5)
    random_state = check_whole_number(random_state, "random_state")
    frame = _checked(scores)
    _warn_of_hindsight(frame)
    ids = frame["customer_id"]
    worth = _values(frame, value)
    drivers = _reasons(frame)
    offer_costs = _costs(offer_cost, frame)
    plays = read_playbook(playbook, offer_cost=math.nan, acceptance=float(acceptance), drivers=set(drivers.ravel()) - {""}, language=spoken)
    driver, offer, remedies, hopeless = _offers(
        frame["risk"].to_numpy(dtype=np.float64), worth, drivers, plays, offer_costs, acceptance, contact_cost
    )
    if uplift is not None:
        offer = _with_uplift(offer, check_numbers(_given(uplift, frame, "uplift"), "uplift", least=-1, most=1, missing=True))
    profit, spend = contact_profit(offer), contact_spend(offer)
    excluded, why, notes = _excluded(ids, exclude, spoken)
    owners = _owners(owner, frame)

    decision = np.full(len(frame), "no profit", dtype=object)
    decision[hopeless] = "not actionable"
    decision[np.isnan(worth)] = "no value known"
    decision[excluded] = "excluded"
    candidates = np.flatnonzero((decision == "no profit") & (profit > 0))
    order = candidates[np.lexsort((ids.iloc[candidates].astype(str).to_numpy(), -profit[candidates]))]
    held = np.zeros(len(frame), dtype=bool)
    held[order] = draw_holdout(len(order), holdout, np.random.default_rng(random_state))
    room = _room(owners, capacity, len(frame))
    chosen = choose(order, held, profit, spend, room, budget)
    decision[order] = chosen

    in_plan = order[np.isin(chosen, ("contact", "hold-out"))]
    columns = {
        "value": worth, "money_at_risk": offer.risk * worth, "expected_profit": profit, "expected_spend": spend,
        "offer_cost": offer.offer_cost, "acceptance": offer.acceptance, "driver": driver, "remedy": remedies,
    }  # fmt: skip
    table = _table(frame, in_plan, decision, owners).assign(**{name: values[in_plan] for name, values in columns.items()})
    contacts, held_out = in_plan[decision[in_plan] == "contact"], in_plan[decision[in_plan] == "hold-out"]
    contacted = Offer(offer.risk[contacts], worth[contacts], offer.offer_cost[contacts], offer.acceptance[contacts], float(contact_cost))
    known_profit = np.where(np.isnan(worth), np.nan, profit)
    decided = {"customer_id": ids.to_numpy(), "decision": decision, "why": why, "expected_profit": known_profit, "value": worth}
    return Plan(
        table=table[[c for c in _COLUMNS if c in table] + [c for c in table if c not in _COLUMNS]],
        decisions=pd.DataFrame(decided),
        profit=profit_interval(contacted, random_state=random_state),
        spend=float(spend[contacts].sum()),
        kept=float((contacted.risk * contacted.acceptance).sum()),
        budget=budget,
        holdout=justify_holdout(offer, contacts, held_out, spoken.amount(float(profit[held_out].sum()), unit), spoken),
        notes=assumption_notes + notes,
        offer=offer,
        assumptions=assumptions_of(contacted, was_given),
        unit=unit,
    )


def with_plan_values(scores: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return the scores with the values that a plan used, so that a customer has the same value wherever it is shown.

    Raises
    ------
    UsageError
        ``other-customers``: the plan is of none of the customers of the scores.
    """
    if not len(scores) or not len(plan.decisions):
        return scores
    place, _ = match_ids(plan.decisions["customer_id"], scores["customer_id"], "the plan")
    if (place < 0).all():
        raise UsageError("other-customers", "the plan is of other customers than the scores", remedy="Plan with these scores.")
    before = scores["value"].to_numpy(dtype=np.float64) if "value" in scores else np.full(len(scores), np.nan)
    value = np.where(place >= 0, plan.decisions["value"].to_numpy(dtype=np.float64)[place], before)
    return scores.assign(value=value, money_at_risk=scores["risk"].to_numpy(dtype=np.float64) * value)


def _warn_of_hindsight(scores: pd.DataFrame) -> None:
    """Warn of scores that are marked as those of a model which knows what became of the customers."""
    if "in_sample" in scores and scores["in_sample"].astype(str).str.lower().isin(("true", "1", "1.0")).any():  # a file keeps it as text
        remedy = "Plan on scores of the newest cutoff; test a plan on those of a model that was trained until their cutoff."
        what = "the scores are of a model that was trained on later outcomes, so the plan looks better than it would have been"
        warn("in-sample", what, remedy=remedy, stacklevel=4)


def _checked(scores: Any) -> pd.DataFrame:
    if scores is None or isinstance(scores, (str, Path, type)) or hasattr(scores, "predict_proba") or hasattr(scores, "declarations"):
        remedy = "Call plan_retention(scores) with scores = pipeline.score(tables), or those from cp.runs.read_scores(folder)."
        raise UsageError("not-scores", f"plan_retention takes the table of scores, not {kind_of(scores)}", remedy=remedy)
    frame = scores.to_pandas() if not isinstance(scores, pd.DataFrame) and hasattr(scores, "to_pandas") else pd.DataFrame(scores)
    frame = frame.reset_index(drop=True)
    for name in ("customer_id", "risk"):
        if name not in frame:
            near = closest(name, map(str, frame.columns))
            raise SchemaError("missing-column", f"the scores have no column {name!r}.{near}", remedy="Give the table of pipeline.score().")
    twice = frame["customer_id"].duplicated()
    if twice.any():
        raise UsageError(
            "two-rows",
            "customers have more than one row in the scores",
            rows=int(twice.sum()),
            total=len(frame),
            remedy="Give the scores of one cutoff.",
        )
    risk = pd.to_numeric(frame["risk"], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~((risk >= 0) & (risk <= 1)) | bool(pd.api.types.is_bool_dtype(frame["risk"].dtype))
    if wrong.any():
        raise UsageError(
            "bad-risk", "risks are not probabilities", rows=int(wrong.sum()), total=len(frame), remedy="Give risks from 0 to 1."
        )
    return frame


def _given(given: Any, frame: pd.DataFrame, name: str, *, partial: bool = False) -> Any:
    """Return one array (n,) in the order of the scores, from values by customer, a column of the scores, or values in their order."""
    if isinstance(given, str):
        if given not in frame:
            near = closest(given, map(str, frame.columns))
            raise SchemaError("missing-column", f"{name} is {given!r}, and the scores have no such column.{near}", remedy="Name a column.")
        return frame[given].to_numpy()
    if isinstance(given, pd.Series) and given.name in frame and given.index.equals(frame.index):
        remedy = f'Name it as a column, {name}={given.name!r}, or give it customer ids: series.set_axis(scores["customer_id"]).'
        raise IdentityError("default-index", f"{name} is a column without customer ids as its index", remedy=remedy)
    return by_customer(given, frame["customer_id"], name, positional=True, partial=partial, stacklevel=6)


def _values(frame: pd.DataFrame, value: Any) -> Floats:
    if value is None:
        found: Any = frame["value"].to_numpy() if "value" in frame else np.full(len(frame), np.nan)
    elif np.ndim(value) == 0 and not isinstance(value, (str, Mapping)):
        found = np.full(len(frame), check_number(value, "value", least=0, what="the worth of a customer over the horizon,"))
    else:
        found = _given(value, frame, "value")
    worth = check_numbers(found, "value", missing=True)
    if len(worth) and np.isnan(worth).all():
        raise UsageError(
            "no-value",
            "the value of customers is unknown",
            remedy="Give value= over the horizon, a number or one per customer; or declare Events(..., money=True), train and score again.",
        )
    return worth


def _costs(offer_cost: Any, frame: pd.DataFrame) -> Floats:
    """Return the offer for each customer (n,)."""
    if np.ndim(offer_cost) == 0 and not isinstance(offer_cost, (str, Mapping)):
        return np.full(len(frame), check_number(offer_cost, "offer_cost", least=0))
    return check_numbers(_given(offer_cost, frame, "offer_cost", partial=True), "offer_cost", least=0)


def _owners(owner: Any, frame: pd.DataFrame) -> Any:
    """Return who would make each contact (n,); None where nobody is known."""
    by = "owner" if owner is None and "owner" in frame else owner
    return None if by is None else _given(by, frame, "owner")


def _with_uplift(offer: Offer, uplift: Floats) -> Offer:
    """Return the acceptance from the uplift where known: only would-be leavers can be kept, and a contact can drive customers away."""
    p = offer.risk
    known = ~np.isnan(uplift) & (p > 0)
    learnt = np.divide(np.clip(uplift, p - 1, p), p, out=offer.acceptance.copy(), where=known)
    over = int((known & (uplift > p)).sum())
    if over:
        warn(
            "uplift-above-risk",
            "uplifts are larger than the risk of their customer, and count as the whole of it",
            rows=over,
            total=len(p),
            remedy="Two models differ most where the risk is small; where they differ often, train both on the same time.",
            stacklevel=4,
        )
    return offer._replace(acceptance=learnt)


def _reasons(frame: pd.DataFrame) -> Any:
    """Return drivers (n, up to 4) as text, "" for none."""
    names = [f"reason_{i}" for i in range(1, MOST_REASONS + 1) if f"reason_{i}" in frame]
    return frame[names].astype(object).where(frame[names].notna(), "").to_numpy(dtype=object)


def _offers(
    risk: Floats, worth: Floats, drivers: Any, plays: Any, price: Floats, acceptance: float, contact_cost: float
) -> tuple[Any, Offer, Any, Any]:
    """Return the driver of the play (n,), the offer, its remedy (n,), and which customers have reasons, but none to spend on."""
    n = len(risk)
    driver = np.full(n, "", dtype=object)
    for column in range(drivers.shape[1] - 1, -1, -1):  # the strongest last, so that it overwrites the others
        useful = np.array([bool(key) and plays[key].acceptance > 0 for key in drivers[:, column]], dtype=bool)
        driver[useful] = drivers[useful, column]
    hopeless = (driver == "") & (drivers != "").any(axis=1) if drivers.shape[1] else np.zeros(n, dtype=bool)
    keys, place = np.unique(driver.astype(str), return_inverse=True)
    said = [(plays[k].offer_cost, plays[k].acceptance, plays[k].remedy) if k else (math.nan, acceptance, "") for k in keys]
    costs, rates = (np.array([row[i] for row in said], dtype=np.float64)[place] for i in (0, 1))
    costs = np.where(np.isnan(costs), price, costs)
    remedies = np.array([row[2] for row in said], dtype=object)[place]
    return driver, Offer(risk, worth, costs, rates, float(contact_cost)), remedies, hopeless


def _excluded(ids: pd.Series, exclude: Any, spoken: Language) -> tuple[Any, Any, tuple[str, ...]]:
    """Return who is excluded (n,), why (n,), and a note on the list."""
    if exclude is None:
        return np.zeros(len(ids), dtype=bool), np.full(len(ids), "", dtype=object), ()
    listed = listed_customers(exclude, ids, "exclude")
    matched = int(listed.found.sum())
    if listed.strangers and len(ids) and not matched:
        warn("excludes-nobody", "no customer of the scores is among those to exclude", remedy="Compare the ids.", stacklevel=4)
    note = spoken.say("note.strangers", n=listed.strangers, m=listed.strangers + matched)
    return listed.found, listed.why, (note,) if listed.strangers else ()


def _room(owners: Any, capacity: Any, n: int) -> tuple[Any, dict[Any, float]]:
    """Return owner (n,) as a key, and how many contacts each can make."""
    if capacity is None:
        return None, {}
    if not isinstance(capacity, Mapping):
        capacity = check_whole_number(capacity, "capacity", what="a whole number of contacts")
        keys = np.full(n, "", dtype=object) if owners is None else owners
        return keys, dict.fromkeys(pd.unique(pd.Series(keys)), float(capacity))
    if owners is None:
        raise UsageError("bad-argument", "capacity is per owner, and no owner is known", remedy="Give owner=, or a column owner.")
    for most in capacity.values():
        check_whole_number(most, "capacity", what="a whole number of contacts per owner")
    nobody = len([key for key in capacity if not pd.Series(owners, dtype=object).isin([key]).any()])
    if nobody and len(owners):
        warn(
            "unknown-owners",
            f"capacity names {nobody} of {len(capacity)} owners to whom no customer belongs",
            remedy="Compare the names: owners whom capacity does not name have no limit.",
            stacklevel=4,
        )
    return owners, {key: float(most) for key, most in capacity.items()}


def _table(frame: pd.DataFrame, taken: Any, decision: Any, owners: Any) -> pd.DataFrame:
    """Return what is known about the customers of the plan."""
    reasons = [f"reason_{i}{rest}" for i in range(1, MOST_REASONS + 1) for rest in ("", "_points")]
    table = frame.iloc[taken][[c for c in ["customer_id", "cutoff", "risk", *reasons, "words"] if c in frame]].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(taken) + 1))
    table["arm"] = decision[taken].astype(object)
    if owners is not None:
        table["owner"] = owners[taken]
    return table
