"""Pictures of accounts: what is drawn is what the table says, and what cannot be drawn is said."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from churnpredict.accounting.accounts import Accounts
from churnpredict.accounting.pictures import kind_of, retention_curve
from churnpredict.errors import UsageError

mpl.use("Agg")


def cohorts(rows: dict[str, list[float]], sizes: list[int]) -> Accounts:
    steps = max(map(len, rows.values()))
    table = {"customers": sizes} | {k + 1: [r[k] if k < len(r) else np.nan for r in rows.values()] for k in range(steps)}
    return Accounts(table, index=pd.Index(list(rows), name="joined"))


def rates(**more: object) -> Accounts:
    counts = {"period": ["2023Q1", "2023Q2", "2023Q3"], "customers": [100, 100, 90], "lost": [10, 20, None], "voluntary": [8, 20, None]}
    shares = {"involuntary": [2, 0, None], "rate": [0.1, 0.2, np.nan], "low": [0.05, 0.14, np.nan], "high": [0.17, 0.29, np.nan]}
    return Accounts(counts | shares | {"note": ["", "", "immature"]} | more)


def revenue() -> Accounts:
    columns = {"period": ["2023", "2024"], "customers": [100, 120], "start": [1000.0, 1200.0], "lost_revenue": [200.0, np.nan]}
    return Accounts(
        columns | {"contraction": [50.0, np.nan], "expansion": [100.0, np.nan], "end": [850.0, np.nan], "note": ["", "immature"]}
    )


def drawn(figure, gid):  # type: ignore[no-untyped-def]
    return [a for ax in figure.axes for a in (*ax.lines, *ax.patches, *ax.collections) if a.get_gid() == gid]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_retention_curves_are_those_of_the_table(theme: str) -> None:
    table = cohorts({"2023Q1": [0.8, 0.6], "2023Q2": [0.9]}, [100, 300])
    figure = table.plot(theme=theme)
    (one,) = drawn(figure, "cohort 2023Q1")
    assert one.get_ydata().tolist() == [1.0, 0.8, 0.6]
    (every,) = drawn(figure, "all cohorts")
    assert every.get_ydata() == pytest.approx([1.0, 0.875, 0.875 * 0.75])
    assert "88 %" in figure.alt_text
    assert "quarter" in figure.alt_text
    assert figure._repr_png_()[:4] == b"\x89PNG"
    assert figure._repr_mimebundle_()[1]["image/png"]["alt"] == figure.alt_text


def test_no_step_of_the_curve_comes_from_a_cohort_that_is_missing() -> None:
    table = cohorts({"a": [0.5, 0.5], "b": [1.0]}, [100, 100])
    assert retention_curve(table).tolist() == [1.0, 0.75, 0.75], "the loyal cohort is not observed any more; the other lost nobody"


def test_all_who_leave_end_at_nothing() -> None:
    figure = cohorts({"2023-01": [0.0, 0.0]}, [5]).plot()
    assert drawn(figure, "all cohorts")[0].get_ydata().tolist() == [1.0, 0.0]
    assert "have left after 1 month" in figure.alt_text


def test_rates_stand_in_columns_with_what_was_lost_against_their_will() -> None:
    figure = rates().plot()
    assert [bar.get_height() for ax in figure.axes for bar in ax.patches] == pytest.approx([0.08, 0.2, 0.02, 0.0])
    assert "20 % of customers were lost in 2023Q2; before: 10 %." in figure.alt_text


def test_groups_are_lines_and_the_title_says_which_is_worst() -> None:
    both = pd.concat([rates(), rates(rate=[0.3, 0.4, np.nan])], ignore_index=True)
    both.insert(1, "channel", ["web"] * 3 + ["shop"] * 3)
    figure = Accounts(both).plot()
    assert drawn(figure, "shop")[0].get_ydata().tolist() == [0.3, 0.4]
    assert "Lost in the newest period: 40 % of shop, 20 % of web" in figure.alt_text


def test_the_bridge_leads_from_start_to_end() -> None:
    figure = revenue().plot(unit="€")
    heights = {bar.get_gid(): bar.get_height() for ax in figure.axes for bar in ax.patches}
    assert heights == {"at the start": 1000, "lost customers": -200, "pay less": -50, "pay more": 100, "at the end": 850}
    assert "85 % of the revenue stayed" in figure.alt_text
    with pytest.raises(UsageError, match="no-period"):
        revenue().plot(period="2024")


EMPTY = {
    "nobody joined": cohorts({"2023Q1": [np.nan]}, [2]),
    "no cohort": Accounts({"customers": [], 1: []}, index=pd.Index([], name="joined")),
    "immature": rates(rate=[np.nan] * 3, low=[np.nan] * 3, high=[np.nan] * 3),
    "no revenue": revenue().iloc[1:],
}


@pytest.mark.parametrize("name", EMPTY)
def test_what_cannot_be_drawn_is_said(name: str) -> None:
    figure = EMPTY[name].plot()
    assert figure.alt_text.startswith(("There is no", "There are no"))
    assert figure._repr_png_()


def test_pandas_still_draws_what_is_asked_of_it() -> None:
    import matplotlib.pyplot as plt

    assert kind_of(pd.DataFrame({"a": [1]})) is None
    axes = rates().plot.bar(x="period", y="rate")
    assert len(axes.patches) == 3
    assert rates().plot(kind="line", x="period", y="rate").lines
    plt.close("all")


def test_a_theme_is_light_or_dark_and_settings_of_matplotlib_count() -> None:
    with pytest.raises(UsageError, match="unknown-choice"):
        rates().plot(theme="blue")
    with mpl.rc_context({"figure.facecolor": "black", "axes.facecolor": "black"}):
        line = drawn(cohorts({"2023Q1": [0.8]}, [10]).plot(), "all cohorts")[0]
    assert line.get_color() == "#E4E7EC"
