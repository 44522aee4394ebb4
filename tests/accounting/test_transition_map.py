"""The map of transitions: one field per move, departures in a colour of their own, and a title that is true."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.evaluation.pictures import DARK, LIGHT

mpl.use("Agg")


def moves(table: dict[tuple[str, str], int | None], **more: list[float]) -> cp.accounting.Transitions:
    frame = pd.DataFrame({"from": [a for a, _ in table], "to": [b for _, b in table], "customers": pd.array([*table.values()], "Int64")})
    whole = frame.groupby("from")["customers"].transform("sum")
    frame["share"] = (frame["customers"] / whole.where(whole > 0)).astype(float)
    found = cp.accounting.Transitions(frame.assign(**more, note=["" if n is not None else "few" for n in table.values()]))
    found.start, found.end = "2024-01-01", "2024-07-01"
    return found


TABLE = {("not yet", "new"): 7, ("current", "current"): 60, ("current", "left"): 40, ("at risk", "left"): 9, ("at risk", "current"): 1}


def fields(figure):  # type: ignore[no-untyped-def]
    return {p.get_gid(): p.get_facecolor()[:3] for p in figure.axes[0].patches}


@pytest.mark.parametrize(("theme", "look"), [("light", LIGHT), ("dark", DARK)])
def test_fields_are_the_moves(theme: str, look) -> None:  # type: ignore[no-untyped-def]
    figure = moves(TABLE).plot(theme=theme)
    found = fields(figure)
    assert set(found) == {f"{a} to {b}" for a, b in TABLE}
    assert found["not yet to new"] == pytest.approx(to_rgb(look.lowers)), "all of the row: the full colour"

    def away(name: str) -> float:
        return float(np.abs(np.subtract(found[name], to_rgb(look.paper))).sum())

    assert away("at risk to left") > away("current to left")
    assert away("current to current") > away("at risk to current")
    red = {name: colour[0] - colour[2] for name, colour in found.items()}
    assert min(red[n] for n in red if n.endswith("left")) > max(red[n] for n in red if not n.endswith("left"))
    texts = [t.get_text() for t in figure.axes[0].texts]
    assert "60\n60 %" in texts
    assert figure._repr_png_()[:4] == b"\x89PNG"


def test_the_title_says_who_left() -> None:
    alt = moves(TABLE).plot().alt_text
    first = "45 % of the customers at 2024-01-01 had left by 2024-07-01; of those who were at risk, 90 %; of the current ones, 40 %."
    assert alt.startswith(first)
    assert alt.endswith("Most are 60 from current to current, 40 from current to left, 9 from at risk to left.")
    assert (
        moves({("current", "left"): 3, ("current", "new"): 1}).plot().alt_text.startswith("75 % of the customers at 2024-01-01 had left by")
    )
    assert "7 customers joined between 2024-01-01 and 2024-07-01" in moves({("not yet", "new"): 7}).plot().alt_text
    assert moves({("current", "current"): 8, ("new", "current"): 3}).plot().alt_text.startswith("0 % of the customers")


def test_hidden_rows_are_shown_as_hidden_and_said() -> None:
    figure = moves({**TABLE, ("dormant", "left"): None}).plot()
    assert "dormant to left" in fields(figure)
    assert "–" in [t.get_text() for t in figure.axes[0].texts]
    assert "45 % of the 110 customers shown at" in figure.alt_text
    assert "no group of customers is large enough" in moves({("dormant", "left"): None}).plot().alt_text


def test_money_is_written_in_the_fields() -> None:
    frame = moves(TABLE, money_end=[70.0, 600.0, 0.0, 0.0, 10.0])
    texts = [t.get_text() for t in frame.plot(of="money_end", unit="€").axes[0].texts]
    assert "€600\n60 %" in texts
    assert "€0\n40 %" in texts, "no money is not nobody"
    with pytest.raises(UsageError, match="unknown-choice"):
        frame.plot(of="money")
