"""One customer's time line: the risks are those that scoring gives, and nothing after a cutoff is in it."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import IdentityError, UsageError
from churnpredict.pipeline.timeline import Timeline

AT = ["2023-10-01", "2023-11-01", "2023-12-01"]


@pytest.mark.filterwarnings("ignore:.*in-sample")
def test_risks_and_reasons_are_those_of_the_scores(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    scores = trained.score(tables, at=AT[-1]).set_index("customer_id")
    customer = scores.index[0]
    found = trained.timeline(tables, customer, at=AT)
    newest = found.risks.iloc[-1]
    assert newest["cutoff"] == pd.Timestamp(AT[-1])
    assert newest["risk"] == pytest.approx(scores.loc[customer, "risk"], abs=1e-12)
    assert newest["driver"] == scores.loc[customer, "reason_1"]
    assert newest["points"] == pytest.approx(scores.loc[customer, "reason_1_points"], abs=1e-9)
    assert found.in_sample, "the model has learnt from what came after October"
    assert found.events["start"].max() < pd.Timestamp(AT[-1])
    assert (found.events["table"] == "orders").all()
    figure = found.plot(theme="dark")
    line = next(line for line in figure.axes[0].lines if line.get_gid() == "risk")
    assert line.get_ydata() == pytest.approx(found.risks["risk"].to_numpy())
    ticks = next(line for line in figure.axes[2].lines if line.get_gid() == "events orders")
    assert len(ticks.get_xdata()) == len(found.events)
    assert str(customer) in figure.alt_text
    assert "in hindsight" in repr(found)
    assert "first reason" in found._repr_html_()


def test_without_cutoffs_it_looks_back_in_steps_of_training(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    customer = tables.ids.to_pandas()[0]
    found = trained.timeline(tables, customer)
    assert len(found.risks) <= 12
    assert found.risks["cutoff"].is_monotonic_increasing


def test_a_reason_begins_where_it_is_first_without_a_break() -> None:
    cutoffs = pd.date_range("2024-01-01", periods=4, freq="MS")
    risks = pd.DataFrame({"cutoff": cutoffs, "risk": 0.5, "driver": ["price", "habit", "price", "price"], "points": 0.1})
    events = pd.DataFrame({"table": [], "start": pd.to_datetime([]), "end": pd.to_datetime([])})
    drivers = pd.DataFrame({"price": 0.1, "habit": 0.05}, index=pd.Index(cutoffs, name="cutoff"))
    found = Timeline("a", risks, drivers, events)
    assert found.began == ("price", cutoffs[2])
    assert found.plot()._repr_png_()[:4] == b"\x89PNG", "no event is no reason to fail"
    nothing = Timeline("a", risks.iloc[:0], drivers.iloc[:0], events)
    assert nothing.began is None
    assert "at risk at none of the cutoffs" in nothing.plot().alt_text


def test_strangers_are_refused_without_their_name(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    for stranger in ("NOBODY-7", 7, ["K0001"]):
        with pytest.raises(IdentityError, match="unknown-ids") as caught:
            trained.timeline(tables, stranger)
        assert "NOBODY" not in str(caught.value)
    with pytest.raises(UsageError, match="bad-argument"):
        trained.timeline(tables, tables.ids.to_pandas()[0], at=[])
