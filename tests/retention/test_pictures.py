"""Pictures of plans: what is drawn is what the plan expects, and what cannot be drawn is said."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError, SchemaError, UsageError
from churnpredict.figures import people
from churnpredict.retention.pictures import contact_line, plot_renewals, profit_by_contacts, renewals_by_week

mpl.use("Agg")
AT = pd.Timestamp("2024-01-01")  # a Monday


def scores(n: int = 60, **columns: object) -> pd.DataFrame:
    risk = np.linspace(0.95, 0.01, n)
    made = {
        "customer_id": [f"k{i}" for i in range(n)],
        "cutoff": AT,
        "risk": risk,
        "value": 300.0,
        "reason_1": ["support", "price"] * (n // 2),
    }
    frame = pd.DataFrame(made | columns)
    return frame.assign(reason_1_points=0.1, money_at_risk=frame["risk"] * frame["value"])


def drawn(figure, gid):  # type: ignore[no-untyped-def]
    return [a for ax in figure.axes for a in (*ax.lines, *ax.patches, *ax.collections) if a.get_gid() == gid]


def test_the_curve_passes_through_the_plan_and_its_interval() -> None:
    plan = cp.plan_retention(scores(), budget=150)
    curve = profit_by_contacts(plan)
    at = curve[curve["contacts"] == plan.counts["contact"]].iloc[0]
    assert (at["profit"], at["low"], at["high"]) == pytest.approx((plan.profit.value, plan.profit.low, plan.profit.high))
    assert at["spend"] == pytest.approx(plan.spend)
    assert (curve["low"] <= curve["profit"]).all()
    assert (curve["profit"] <= curve["high"]).all()
    figure = plan.plot(unit="€")
    assert drawn(figure, "profit")[0].get_ydata() == pytest.approx(curve["profit"].to_numpy())
    assert drawn(figure, "plan")[0].get_ydata() == pytest.approx([plan.profit.value])
    assert "budget" in figure.alt_text


def test_before_and_after_are_the_sums_of_the_plan() -> None:
    plan = cp.plan_retention(scores())
    figure = plan.plot("effect", theme="dark")
    before, after = ([bar.get_width() for bar in figure.axes[0].patches][i : i + 2] for i in (0, 2))
    assert sum(before) == pytest.approx(plan.contacts["money_at_risk"].sum())
    assert sum(after) == pytest.approx((plan.contacts["money_at_risk"] * (1 - plan.contacts["acceptance"])).sum())
    assert f"keeps {people(plan.kept)} of" in figure.alt_text


def test_above_the_line_a_contact_pays_and_below_it_does_not() -> None:
    table = scores(value=np.linspace(5, 900, 60))
    plan = cp.plan_retention(table, holdout=0)
    offer = plan.offer
    assert offer is not None
    above = table["value"].to_numpy() > contact_line(table["risk"], 10.0, 0.3, 1.0)
    assert above.tolist() == (plan.decisions["expected_profit"] > 0).tolist()
    dots = drawn(plan.plot("value"), "contact")[0].get_offsets()
    assert sorted(dots[:, 0]) == pytest.approx(sorted(plan.contacts["risk"]))


NOBODY = {
    "no row": scores(0),
    "one customer": scores(1, reason_1=["price"]),
    "all leave": scores(6, risk=1.0),
    "nobody leaves": scores(6, risk=0.0),
    "no value": scores(4, value=[np.nan, np.nan, np.nan, 0.0]),
}


@pytest.mark.parametrize("kind", ["profit", "effect", "value"])
@pytest.mark.parametrize("name", NOBODY)
def test_hardly_anybody_gives_a_picture_or_a_sentence(name: str, kind: str) -> None:
    figure = cp.plan_retention(NOBODY[name]).plot(kind)
    assert len(figure.alt_text.split()) > 5
    assert figure._repr_png_()[:4] == b"\x89PNG"


def test_an_unknown_picture_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown-choice"):
        cp.plan_retention(scores()).plot("pie")


def test_renewals_fall_into_their_weeks() -> None:
    ends = {"k0": "2024-01-01", "k1": "2024-01-07", "k2": "2024-01-08", "k3": "2023-12-31", "k4": "2024-03-01", "k5": None}
    table = scores(6)
    weeks = renewals_by_week(table, ends, weeks=4)
    assert weeks["renewals"].tolist() == [2, 1, 0, 0]
    assert weeks["money_at_risk"].tolist() == pytest.approx([table["money_at_risk"][:2].sum(), table["money_at_risk"][2], 0, 0])
    assert weeks["expected_leavers"].sum() == pytest.approx(table["risk"][:3].sum())
    assert weeks.index[0] == AT
    figure = plot_renewals(table, ends, weeks=4, unit="€")
    assert [bar.get_height() for bar in figure.axes[0].patches] == pytest.approx(weeks["money_at_risk"].tolist())
    assert "3 renewals" in figure.alt_text
    assert plot_renewals(table, {"k0": "2030-01-01"}).alt_text == "No contract of these customers ends within 26 weeks."


def test_renewals_are_moments_and_nothing_else() -> None:
    """A number was a day of 1970, and 01/02/2024 the second of January."""
    for wrong in (1704067200, "01/02/2024", "soon", pd.Period("2024-01")):
        with pytest.raises(ChurnError, match="bad-time"):
            renewals_by_week(scores(6), {"k0": wrong})
    local = renewals_by_week(scores(6), {"k0": pd.Timestamp("2024-01-08 00:30", tz="Europe/Berlin"), "k1": None}, weeks=2)
    assert local["renewals"].tolist() == [0, 1], "a day of the business, not of UTC"


def test_without_money_renewals_are_counted_in_expected_leavers() -> None:
    figure = plot_renewals(scores(6).drop(columns="money_at_risk"), {"k0": "2024-01-03"})
    assert "expected leavers" in figure.alt_text
    with pytest.raises(UsageError, match="bad-argument"):
        plot_renewals(scores(6), {"k0": "2024-01-03"}, weeks=0)
    with pytest.raises(SchemaError, match="missing-column"):
        plot_renewals(scores(6).drop(columns="cutoff"), {"k0": "2024-01-03"})
