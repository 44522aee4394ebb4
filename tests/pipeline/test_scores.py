"""Scores are a DataFrame for whoever computes with them, and a table for whoever looks."""

from __future__ import annotations

import pickle
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from churnpredict.pipeline.scores import Scores

EVIL = "<img src=x onerror=alert(1)>"
N = 30


@pytest.fixture
def scores() -> Scores:
    return Scores(
        {
            "customer_id": [f"c{i:03d}" for i in range(N)],
            "cutoff": pd.Timestamp("2024-01-01"),
            "risk": np.linspace(0.9, 0.01, N),
            "money_at_risk": np.linspace(0.9, 0.01, N) * 1234.5,
            "reason_1": "price",
            "reason_2": ["support", None] * (N // 2),
            "reason_1_points": 0.2,
            "reason_2_points": [0.05, np.nan] * (N // 2),
            "remedy_1": "Clearer bundle, early notice, offer",
        }
    )


def test_it_is_a_frame_in_every_respect(scores: Scores) -> None:
    plain = pd.DataFrame(scores)
    assert type(plain) is pd.DataFrame
    pd.testing.assert_frame_equal(scores, plain)
    again = pickle.loads(pickle.dumps(scores))
    pd.testing.assert_frame_equal(again, scores)
    both = pd.concat([scores, plain], ignore_index=True)
    assert both.shape == (2 * N, scores.shape[1])
    assert type(scores["risk"]) is pd.Series
    assert type(scores.iloc[0]) is pd.Series
    assert scores.merge(plain[["customer_id"]], on="customer_id").shape == scores.shape
    assert scores.groupby("reason_1")["risk"].mean().item() == pytest.approx(plain["risk"].mean())
    assert scores.query("risk > 0.5").sort_values("risk").iloc[0]["risk"] > 0.5
    assert len(scores.to_csv(index=False).splitlines()) == N + 1


@pytest.mark.parametrize("width", [80, 140])
def test_a_terminal_gets_a_table_that_fits(scores: Scores, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = repr(scores)
    assert max(map(len, text.splitlines())) <= width
    assert "c009" in text
    assert "c010" not in text
    assert "10 of 30 rows" in text
    assert "Price +20.0, Support +5.0" in text
    assert ("Clearer bundle" in text) == (width == 140)
    assert str(scores) == text


def test_a_notebook_gets_risk_as_a_bar_money_with_its_unit_and_no_markup_of_the_data(scores: Scores) -> None:
    scores.loc[0, ["customer_id", "remedy_1"]] = EVIL
    scores.unit = "€"
    page = scores.head(11)._repr_html_()
    assert page is not None
    assert "<img" not in page
    assert page.count('class="bar"') == 10
    assert "€1,111" in page
    assert "10 of 11 customers" in page
    assert "nan" not in page.lower()
    HTMLParser().feed(page)


def test_columns_of_ones_own_are_shown(scores: Scores) -> None:
    assert "segment" in repr(scores.assign(segment="gold"))
    assert "gold" in repr(scores.assign(segment="gold"))


def test_a_selection_is_shown_as_pandas_does(scores: Scores) -> None:
    part = scores[["customer_id", "risk"]]
    assert repr(part) == repr(pd.DataFrame(part))
    assert part._repr_html_() == pd.DataFrame(part)._repr_html_()  # type: ignore[operator]


def test_nobody_at_risk_is_a_sentence(scores: Scores) -> None:
    assert repr(scores.iloc[:0]).startswith("0 customers at risk")
    assert "0 customers at risk" in str(scores.iloc[:0]._repr_html_())


def test_scores_are_equal_to_their_plain_frame_as_the_docstring_says():
    plain = pd.DataFrame({"customer_id": ["a"], "risk": [0.5]})
    pd.testing.assert_frame_equal(Scores(plain), plain)
    pd.testing.assert_frame_equal(plain, pd.DataFrame(Scores(plain)))
    assert type(pd.DataFrame(Scores(plain))) is pd.DataFrame
