"""The result of a backtest: words, tables, pictures and a page; and the outcome window of a classifier of one's own."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.figures import percent
from churnpredict.pipeline.backtest_result import Backtest
from churnpredict.pipeline.backtesting import seasons_seen
from churnpredict.pipeline.learner import with_window


@pytest.fixture(scope="module")
def found(tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier) -> Backtest:
    return cp.ChurnPipeline(churn, classifier=quick, n_jobs=1).backtest(tables, at=["2023-10-01", "2023-12-01"], rounds=20)


def test_every_figure_has_the_model_minus_each_baseline(found: Backtest) -> None:
    frame = pd.DataFrame(found).set_index(["cutoff", "metric", "model"])
    for (cutoff, metric), part in frame[frame.index.get_level_values("metric") != "same_first_reason"].groupby(["cutoff", "metric"]):
        own = part.loc[(cutoff, metric, "model")]
        rest = part.drop(index=(cutoff, metric, "model"))
        assert len(rest) == 4
        assert rest["difference"].to_numpy() == pytest.approx((own["value"] - rest["value"]).to_numpy(), nan_ok=True)


def test_words_say_what_the_figures_say(found: Backtest) -> None:
    text = " ".join(str(found).split())
    assert "2023-10-01" in text
    assert "2 cutoffs." in text
    for verdict in found.verdicts().values():
        assert verdict.words in text
    agreed = pd.DataFrame(found).query("metric == 'same_first_reason'")
    assert len(agreed) == 1, "the first cutoff has no model before it"
    assert 0 < agreed["value"].item() <= 1
    assert f"Share with the same first reason as under the previous model: {percent(agreed['value'].item())}" in text


def test_notebooks_get_tables_and_no_script(found: Backtest) -> None:
    page = found._repr_html_()
    assert page.count("<table") == 2
    assert page.count("<style") == 1
    assert page.count("MBG/NBD</td>") == 2
    assert "<script" not in page


def test_a_hostile_model_name_is_text(found: Backtest) -> None:
    renamed = Backtest(pd.DataFrame(found).replace({"model": {"recency": "<script>alert(1)</script>"}}))
    assert "<script" not in renamed._repr_html_()


def test_pictures_are_drawn_from_the_predictions(found: Backtest) -> None:
    pytest.importorskip("matplotlib")
    told = found.predictions
    assert told is not None
    assert len(told) == found.drop_duplicates("cutoff")["n"].sum()
    figure = found.plot(metric="auc")
    assert [ax.get_title(loc="left") for ax in figure.axes][:4] == [
        "Are the risks true?",
        "Are leavers found first?",
        "What would a campaign earn?",
        "Does it hold over time?",
    ]
    with pytest.raises(UsageError, match="unknown-metric"):
        found.plot(metric="accuracy")
    with pytest.raises(UsageError, match="no-predictions"):
        Backtest(pd.DataFrame(found)).plot()


def test_the_page_needs_nothing(found: Backtest, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    page = found.to_html(tmp_path / "backtest.html").read_text()
    assert page == found.to_html(), "the same page, whenever it is made"
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "default-src 'none'" in page
    assert len(page) < 1_000_000
    assert not set(map(str, found.predictions.index.get_level_values("customer_id"))) & set(re.findall(r"K\d{4}", page))  # type: ignore[union-attr]


def test_a_part_of_a_backtest_still_prints() -> None:
    frame = Backtest({"cutoff": [pd.Timestamp("2024-01-01")], "model": ["model"], "metric": ["auc"], "value": [0.7]})
    assert "0.7" in repr(frame)
    assert "0.7" in frame._repr_html_()
    assert isinstance(frame.head(1), Backtest)
    assert "Empty" in repr(frame.iloc[:0])


def test_seasons_count_years_in_which_the_outcomes_were_seen() -> None:
    churn = cp.Inactivity("60d", of="orders")
    christmas = pd.Timestamp("2023-12-01")
    every = pd.date_range("2021-01-01", "2023-10-01", freq="30D")
    assert seasons_seen(list(every), christmas, churn) == 2
    assert seasons_seen(list(every[every > "2022-01-01"]), christmas, churn) == 1
    assert seasons_seen(list(every[every > "2023-01-15"]), christmas, churn) == 0
    assert seasons_seen([pd.Timestamp("2022-12-25")], christmas, churn) == 1
    assert seasons_seen([pd.Timestamp("2023-01-05")], christmas, churn) == 0


RULE = cp.Inactivity("60d", gap="7d")


def test_a_classifier_gets_the_window_of_the_rule() -> None:
    assert (with_window(cp.ChurnClassifier(), RULE).horizon, with_window(cp.ChurnClassifier(), RULE).gap) == ("60d", "7d")
    assert with_window(cp.ChurnClassifier(horizon="1440h", gap="7d"), RULE).horizon == "1440h"
    nested = make_pipeline(FunctionTransformer(), cp.ChurnClassifier())
    assert with_window(nested, RULE)[-1].horizon == "60d"
    assert isinstance(with_window(LogisticRegression(), RULE), LogisticRegression)


@pytest.mark.parametrize(
    "wrong",
    [
        cp.ChurnClassifier(horizon="30d", gap="7d"),
        cp.ChurnClassifier(horizon="60d"),
        make_pipeline(FunctionTransformer(), cp.ChurnClassifier(horizon="90d", gap="7d")),
        GridSearchCV(LogisticRegression(), {"C": [1]}, cv=cp.TemporalSplit(horizon="30d", gap="7d")),
    ],
)
def test_another_window_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="other-window"):
        with_window(wrong, RULE)


def test_a_classifier_without_reasons_is_judged_all_the_same(tables: cp.EventTables, churn: cp.Inactivity) -> None:
    plain = make_pipeline(FunctionTransformer(np.nan_to_num), GaussianNB())
    found = cp.ChurnPipeline(churn, classifier=plain, every="30d", n_jobs=1).backtest(tables, at=["2023-10-01", "2023-12-01"], rounds=20)
    assert "same_first_reason" not in set(found["metric"])


def test_a_season_that_training_never_saw_is_named() -> None:
    """A shop with a strong Christmas and no earlier one on record: right on average, or the verdict says why not."""
    shop = cp.make_business(350, random_state=3, months=14, season=2.5, start="2022-01-01")
    orders = cp.Events(shop.frames["orders"], customer="customer", time="paid_at", value="amount")
    quick = cp.ChurnClassifier(n_estimators=40, n_seeds=1, n_jobs=1, members=("trees",))
    pipeline = cp.ChurnPipeline(cp.Inactivity("30d", of="orders", active_within="30d"), classifier=quick, n_jobs=1)
    tables = cp.EventTables(orders=orders, observed_until=shop.end)
    verdicts = pipeline.backtest(tables, at=["2022-10-01", "2023-01-05"], rounds=30).verdicts()
    autumn, after_christmas = verdicts.values()
    assert autumn.level in ("right", "too few rows")
    assert after_christmas.level == "season never seen"


def test_departures_written_down_are_no_recurring_event() -> None:
    """Nobody at risk stands in the table of cancellations: the baselines must read another one."""
    shop = cp.make_business(250, random_state=4, rule="cancellation")
    tables = cp.EventTables(
        cancellations=cp.Events(shop.frames["cancellations"], customer="customer", time="at", kind="kind"),
        orders=cp.Events(shop.frames["orders"], customer="customer", time="paid_at"),
        customers=cp.Customers(shop.frames["customers"], customer="customer_id", since="signup_date"),
    )
    quick = cp.ChurnClassifier(n_estimators=10, n_seeds=1, n_jobs=1, members=("trees",))
    pipeline = cp.ChurnPipeline(cp.Cancellation("90d", of="cancellations"), every="60d", classifier=quick, n_jobs=1)
    found = pipeline.backtest(tables, at="2024-01-01", rounds=10)
    assert found.predictions is not None
    assert found.predictions["recency"].nunique() > 10
