"""Pictures of a plan: profit by number of contacts, before and after, risk by value, and renewals by money at risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import check_instance
from churnpredict.errors import SchemaError
from churnpredict.evaluation.pictures import bare, drawn, escaped, finish, look, new_figure, percent_axis, sentence
from churnpredict.explanation.drivers import DRIVERS
from churnpredict.figures import amount, people, percent, unit_of
from churnpredict.moments import Moment, moment_column
from churnpredict.number_checks import check_whole_number
from churnpredict.per_customer import by_customer
from churnpredict.retention.profit import Offer, contact_profit, contact_spend, profit_interval
from churnpredict.signatures import CustomerId

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

__all__ = ["contact_line", "plot_effect", "plot_profit", "plot_renewals", "plot_value", "profit_by_contacts", "renewals_by_week"]

_POINTS = 60
_MOST_WEEKS = 53
_NOT_OFFERED = ("excluded", "no value known", "not actionable", "hold-out")


def profit_by_contacts(plan: Any, *, points: int = _POINTS) -> pd.DataFrame:
    """Return expected profit of the first n contacts: those of the plan, then the next customers, by expected profit.

    Returns
    -------
    DataFrame
        ``contacts``, ``profit``, ``low``, ``high`` (95 %), ``spend``; the plan itself is one of the rows.
    """
    offer, decisions = plan.offer, plan.decisions
    if offer is None or not len(decisions):
        return pd.DataFrame({name: pd.Series(dtype=np.float64) for name in ("contacts", "profit", "low", "high", "spend")})
    decision = decisions["decision"].to_numpy()
    profit, spend = contact_profit(offer), contact_spend(offer)
    chosen, rest = np.flatnonzero(decision == "contact"), np.flatnonzero(~np.isin(decision, (*_NOT_OFFERED, "contact")))
    order = np.concatenate([part[np.argsort(-profit[part], kind="stable")] for part in (chosen, rest)])
    steps = np.unique(np.r_[0, len(chosen), np.linspace(0, len(order), points).round()]).astype(np.int64)
    rows = []
    for n in steps:
        found = profit_interval(_of(offer, order[:n]))
        rows.append((int(n), *found[:3], float(spend[order[:n]].sum())))
    return pd.DataFrame(rows, columns=["contacts", "profit", "low", "high", "spend"])


def _of(offer: Offer, rows: Any) -> Offer:
    return Offer(offer.risk[rows], offer.value[rows], offer.offer_cost[rows], offer.acceptance[rows], offer.contact_cost)


@drawn
def plot_profit(plan: Any, *, unit: str = "") -> Any:
    """Return expected profit against the number of contacts, with its 95 % band, the plan, and where the budget ends.

    Parameters
    ----------
    plan : Plan
    unit : str
        Currency of the amounts, such as "€".
    """
    curve, n = profit_by_contacts(plan), plan.counts.get("contact", 0)
    if len(curve) < 2:
        return sentence("There is no profit to draw: nobody could be contacted.")
    theme = look()
    figure, grid = new_figure(7.4, 4.2)
    ax = bare(grid[0, 0])
    ax.axhline(0, color=theme.quiet, linewidth=0.8)
    colour = theme.colours[0]
    ax.fill_between(curve["contacts"], curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0, gid="band")
    ax.plot(curve["contacts"], curve["profit"], color=colour, linewidth=2, gid="profit")
    here, best = plan.profit, curve.iloc[int(np.argmax(curve["profit"].to_numpy()))]
    ax.axvline(n, color=theme.colours[1], linewidth=1.2, linestyle="--")
    ax.plot([n], [here.value], "o", color=theme.colours[1], markersize=8, zorder=4, gid="plan")
    ends = f"the budget of {amount(plan.budget, unit)} ends here" if "beyond budget" in plan.counts else "the plan"
    told = f"{ends}:\n{people(n)} contacts, {amount(here.value, unit)}"
    left = n < 0.6 * float(curve["contacts"].iloc[-1])
    place = {"xytext": (8 if left else -8, 10), "textcoords": "offset points", "ha": "left" if left else "right"}
    ax.annotate(escaped(told), (n, ax.get_ylim()[0]), color=theme.ink, fontsize=9, va="bottom", **place)
    ax.set_xlim(0, float(curve["contacts"].iloc[-1]))
    ax.set_xlabel("customers contacted, highest expected profit first")
    ax.set_ylabel(f"expected profit{f' in {unit}' if unit else ''}, band: 95 %")
    ax.yaxis.set_major_formatter(lambda value, _=None: amount(value))
    if not n:
        title = "No contact is expected to pay: the plan contacts nobody"
    elif best["profit"] > 1.02 * here.value and "beyond budget" in plan.counts:
        title = f"The budget pays for {people(n)} contacts, which earn {amount(here.value, unit)}; {people(best['contacts'])} would earn "
        title += amount(best["profit"], unit)
    else:
        between = f"95 %: {amount(here.low, unit)} to {amount(here.high, unit)}"
        title = f"{people(n)} contacts are expected to earn {amount(here.value, unit)} ({between})"
    seen = f"Line: expected profit of up to {people(curve['contacts'].iloc[-1])} contacts, with a band where it lies 95 times in 100."
    return finish(figure, title, seen)


@drawn
def plot_effect(plan: Any, *, unit: str = "", most: int = 8) -> Any:
    """Return money at risk of the contacted customers before and after the plan, by the driver that each contact is about.

    Parameters
    ----------
    plan : Plan
    unit : str
        Currency of the amounts, such as "€".
    most : int
        Drivers, those with most money at risk first.
    """
    contacts = plan.contacts
    if not len(contacts):
        return sentence("There is no before and after: the plan contacts nobody.")
    saved = contacts["money_at_risk"] * contacts["acceptance"]
    table = pd.DataFrame({"driver": contacts["driver"], "before": contacts["money_at_risk"], "after": contacts["money_at_risk"] - saved})
    table = table.groupby("driver", sort=True)[["before", "after"]].sum().sort_values("before", ascending=False, kind="stable")
    theme, shown = look(), table.head(most)
    figure, grid = new_figure(7.4, 1.5 + 0.46 * len(shown))
    ax = bare(grid[0, 0], grid="x")
    places = np.arange(len(shown))
    ax.barh(places, shown["before"], color=theme.raises, alpha=0.35, height=0.62, label="kept by the plan", gid="before")
    ax.barh(places, shown["after"], color=theme.raises, height=0.62, label="still at risk", gid="after")
    for place, (before, after) in zip(places, shown.to_numpy(), strict=True):
        told = f"{amount(before, unit)} → {amount(after, unit)}"
        ax.annotate(escaped(told), (before, place), xytext=(5, 0), textcoords="offset points", va="center", fontsize=9)
    ax.set_yticks(places, [escaped(_label_of(d)) for d in shown.index])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.3 * float(max(shown["before"].max(), 1e-9)))
    ax.set_xlabel(f"money at risk of the {people(len(contacts))} customers contacted{f', in {unit}' if unit else ''}")
    ax.xaxis.set_major_formatter(lambda value, _=None: amount(value))
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    leavers = float(contacts["risk"].sum())
    title = f"The plan keeps {people(plan.kept)} of {people(leavers)} expected leavers, and {amount(float(saved.sum()), unit)} of "
    title += f"{amount(float(contacts['money_at_risk'].sum()), unit)} at risk"
    return finish(figure, title, f"Bars: money at risk before and after the contacts, for {len(shown)} drivers.")


def contact_line(risk: Any, offer_cost: float, acceptance: float, contact_cost: float) -> Any:
    """Return the value from which on a contact pays, by risk (n,): where its expected profit is 0.

    >>> contact_line(np.array([0.5]), 10.0, 0.3, 1.0).tolist()
    [50.0]
    """
    risk = np.asarray(risk, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return offer_cost + ((1 - risk) * offer_cost + contact_cost) / (risk * acceptance)


@drawn
def plot_value(plan: Any, *, unit: str = "") -> Any:
    """Return customers by risk and value, and the line above which a contact pays.

    Parameters
    ----------
    plan : Plan
    unit : str
        Currency of the amounts, such as "€".
    """
    offer = plan.offer
    known = np.zeros(0, dtype=bool) if offer is None else ~np.isnan(offer.value) & (offer.value > 0)
    if offer is None or not known.any():
        return sentence("There is no risk by value to draw: no customer has a value above zero.")
    theme = look()
    decision = plan.decisions["decision"].to_numpy()
    figure, grid = new_figure(7.4, 4.6)
    ax = bare(grid[0, 0], grid="both")
    groups = (
        ("no contact", ~np.isin(decision, ("contact", "hold-out")), theme.quiet, "o", 0.35),
        ("contact", decision == "contact", theme.colours[1], "o", 0.85),
        ("held out at random", decision == "hold-out", theme.colours[0], "D", 0.85),
    )
    for name, mask, colour, marker, alpha in groups:
        rows = known & mask
        label = f"{name}: {people(rows.sum())}"
        options = {"s": 16, "color": colour, "marker": marker, "alpha": alpha, "linewidth": 0, "gid": name}
        if rows.any():
            ax.scatter(offer.risk[rows], offer.value[rows], label=label, **options)
    usual: Any = pd.Series(list(zip(offer.offer_cost, offer.acceptance, strict=True)))[known].mode().iloc[0]
    ax.set_yscale("log")
    bottom, top = ax.get_ylim()
    if usual[1] > 0:
        risks = np.linspace(0.002, 1, 500)
        line = contact_line(risks, usual[0], usual[1], offer.contact_cost)
        ax.plot(risks, line, color=theme.ink, linewidth=1.4, linestyle="--", gid="line", label="above it a contact pays")
    ax.set_ylim(bottom, top)
    ax.set_xlim(0, min(1.0, 1.08 * float(offer.risk[known].max()) + 0.01))
    ax.yaxis.set_major_formatter(lambda value, _=None: amount(value))
    ax.yaxis.set_minor_formatter(lambda value, _=None: amount(value) if f"{value:e}"[0] in "25" else "")
    ax.tick_params(axis="y", which="minor", labelsize=9)
    percent_axis(ax.xaxis)
    ax.set_xlabel("risk of leaving")
    ax.set_ylabel(f"value over the horizon{f' in {unit}' if unit else ''}")
    figure.legend(loc="outside lower left", frameon=False, fontsize=9, ncols=4)
    pays = int((plan.decisions["expected_profit"] > 0).sum())
    title = f"A contact pays for {people(pays)} of {people(known.sum())} customers: those above the line"
    if not pays:
        title = f"A contact pays for none of {people(known.sum())} customers"
    return finish(figure, title, "Points: customers by risk and value; the dashed line is where the expected profit of a contact is zero.")


def renewals_by_week(scores: pd.DataFrame, renewals: Any, *, weeks: int = 26) -> pd.DataFrame:
    """Return renewals of the coming weeks.

    Parameters
    ----------
    scores : DataFrame
        ``customer_id``, ``risk``, ``cutoff``; ``money_at_risk`` where known.
    renewals : Series or mapping of customer to time
        When the contract of a customer ends; customers without one are missing, or NaT.
    weeks : int
        1 to 53.

    Returns
    -------
    DataFrame
        Index ``week`` (its Monday): ``renewals``, ``expected_leavers``, ``money_at_risk`` (NaN where nothing is known of money).

    Raises
    ------
    SchemaError
        ``missing-column``.
    UsageError
        ``bad-argument``.
    IdentityError
        Of ids that match nobody.
    TimeError
        ``bad-time``: numbers, periods, or text that is not ISO 8601; customers without a renewal may be missing.
    """
    check_instance(scores, "scores", pd.DataFrame, "Give what pipeline.score() gave.")
    missing = [c for c in ("customer_id", "risk", "cutoff") if c not in scores]
    if missing:
        raise SchemaError("missing-column", f"the scores have no column {missing[0]!r}", remedy="Give what pipeline.score() gave.")
    weeks = check_whole_number(weeks, "weeks", least=1, most=_MOST_WEEKS)
    frame = pd.DataFrame(scores).reset_index(drop=True)
    given = pd.Series(by_customer(renewals, frame["customer_id"], "renewals", partial=True))
    when, there = pd.Series(pd.NaT, index=given.index, dtype="datetime64[us]"), given.notna()
    if there.any():
        when[there] = moment_column(given[there], "renewals", None).view("datetime64[us]")
    first = pd.Timestamp(int(moment_column(frame["cutoff"], "cutoff", None).max()) if len(frame) else 0, unit="us")
    monday = (first - pd.Timedelta(days=first.weekday())).normalize()
    index = pd.date_range(monday, periods=weeks, freq="7D", name="week")
    place = ((when.dt.normalize() - monday).dt.days // 7).where(when >= first.normalize())
    inside = place.between(0, weeks - 1)
    at = place[inside].astype(np.int64)
    money = frame["money_at_risk"] if "money_at_risk" in frame else pd.Series(np.nan, index=frame.index)
    sums = {"renewals": np.ones(len(at)), "expected_leavers": frame["risk"][inside], "money_at_risk": money[inside].fillna(0.0)}
    found = pd.DataFrame({k: np.bincount(at, np.asarray(v, dtype=np.float64), minlength=weeks) for k, v in sums.items()}, index=index)
    found["renewals"] = found["renewals"].astype(np.int64)
    return found if money.notna().any() else found.assign(money_at_risk=np.nan)


@drawn
def plot_renewals(
    scores: pd.DataFrame, renewals: pd.Series | Mapping[CustomerId, Moment], *, weeks: int = 26, unit: str = ""
) -> MatplotlibFigure:
    """Return a calendar of the coming renewals: the money at risk of the contracts that end in each week.

    Where nothing is known of money, it shows how many of these customers are expected to leave.

    Parameters
    ----------
    scores : DataFrame
        ``customer_id``, ``risk``, ``cutoff``; ``money_at_risk`` where known: as :meth:`churnpredict.ChurnPipeline.score` gives them.
    renewals : Series or mapping of customer to time
        When the contract of a customer ends; customers without one are missing, or NaT.
    weeks : int
        Weeks from the cutoff on, 1 to 53.
    unit : str
        Currency of the amounts, such as "€"; by default that of the scores.

    Returns
    -------
    matplotlib.figure.Figure
        Its ``alt_text`` says in words what is seen.

    Raises
    ------
    SchemaError
        ``missing-column``.
    UsageError
        ``bad-argument``.
    TimeError
        ``bad-time``.
    IdentityError
        ``id-types-differ``, ``default-index``, ``duplicate-customer``, ``unknown-ids``.
    MissingExtraError
        ``missing-extra``: matplotlib is not installed.

    Examples
    --------
    >>> scores = pd.DataFrame({"customer_id": ["a", "b"], "risk": [0.5, 0.25], "cutoff": "2024-05-01", "money_at_risk": [50.0, 25.0]})
    >>> plot_renewals(scores, {"a": "2024-05-07", "b": "2024-05-30"}, weeks=8, unit="€").alt_text.partition(":")[0]
    '67 % of the money at risk in 2 renewals falls into the week of 2024-05-06'
    """
    table, unit = renewals_by_week(scores, renewals, weeks=weeks), unit or unit_of(scores)
    total = int(table["renewals"].sum())
    if not total:
        return sentence(f"No contract of these customers ends within {weeks} weeks.")
    money = table["money_at_risk"].notna().all()
    what, values = ("money at risk", table["money_at_risk"]) if money else ("expected leavers", table["expected_leavers"])
    theme = look()
    figure, grid = new_figure(8.2, 3.8)
    ax = bare(grid[0, 0])
    worst = int(np.argmax(values.to_numpy()))
    colours = [theme.raises if i == worst else theme.colours[0] for i in range(len(table))]
    ax.bar(range(len(table)), values, color=colours, width=0.8, gid="weeks")
    if len(table) <= 30:
        for i, (value, n) in enumerate(zip(values, table["renewals"], strict=True)):
            if n:
                ax.annotate(people(n), (i, value), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8)
    every = max(1, -(-len(table) // 6))
    ax.set_xticks(range(0, len(table), every), [f"{day:%Y-%m-%d}" for day in table.index[::every]], fontsize=9)
    ax.set_xlabel("week that begins on; above the columns: contracts that end")
    ax.set_ylabel(f"{what}{f' in {unit}' if unit and money else ''}")
    ax.yaxis.set_major_formatter(lambda value, _=None: f"{value:,.6g}")
    most, of = (amount(float(v), unit if money else "") for v in (values.iloc[worst], values.sum()))
    share = percent(values.iloc[worst] / max(float(values.sum()), 1e-12))
    title = f"{share} of the {what} in {people(total)} renewals falls into the week of {table.index[worst]:%Y-%m-%d}: {most} of {of}"
    return finish(figure, title, f"Columns: {what} by the week in which contracts end, for {weeks} weeks.")


def _label_of(driver: str) -> str:
    return DRIVERS[driver].label if driver in DRIVERS else driver.replace("_", " ").capitalize() or "No reason"
