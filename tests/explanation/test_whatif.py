"""what_would_help: every proposed value was seen, nothing fixed is touched, and the promised risk is the model's own."""

import warnings

import numpy as np
import pandas as pd
import pytest

from churnpredict import ChurnClassifier
from churnpredict.errors import ChurnWarning, UsageError
from churnpredict.explanation.drivers import nature_of
from churnpredict.explanation.whatif import what_would_help


@pytest.fixture(scope="module")
def helped(book):
    model, X, y = book
    risk = model.predict_proba(X)[:, 1]
    rows = np.argsort(-risk)[::40][:8]
    return model, X, y, X.iloc[rows], what_would_help(model, X.iloc[rows], among=X, stayed=y, threshold=0.3)


def _applied(row, values):
    row = row.copy()
    for name, value in values.items():
        row[name] = pd.Series([value], index=row.index).astype(row[name].dtype)
    return row


def test_the_promised_risk_is_the_models_own(helped):
    model, _, _, rows, table = helped
    assert table.index.equals(rows.index)
    assert (table["risk"] - model.predict_proba(rows)[:, 1]).abs().max() < 1e-12
    for i in range(len(rows)):
        then = model.predict_proba(_applied(rows.iloc[[i]], table["values"].iloc[i]))[0, 1]
        assert then == pytest.approx(table["risk_then"].iloc[i], abs=1e-9)
    assert (table["reached"] == (table["risk_then"] < 0.3)).all()
    assert table["reached"].mean() > 0.5


def test_values_are_those_of_one_customer_who_stayed(helped):
    _, X, y, _, table = helped
    stayers = X[(y == 0).to_numpy()]
    changed = [values for values in table["values"] if values]
    assert changed
    for values in changed:
        same = np.ones(len(stayers), dtype=bool)
        for name, value in values.items():
            column = stayers[name]
            same &= (column.isna() if pd.isna(value) else column == value).to_numpy()
        assert same.any()
        assert all(nature_of(name) != "fixed" for name in values)


def test_few_changes_and_honest_words(helped):
    _, _, _, rows, table = helped
    assert table["n_changes"].max() <= 3
    for risk, n, words in table[["risk", "n_changes", "words"]].itertuples(index=False):
        assert (n == 0) == (risk < 0.3)
        assert ("already below the threshold" in words) if n == 0 else ("describes the model, not cause and effect" in words)
    for (customer, _), words in zip(rows.index, table["words"], strict=True):
        assert f"C{customer}" not in words


def test_fewest_changes_win(book, helped):
    model, X, y, rows, table = helped
    one = what_would_help(model, rows, among=X, stayed=y, threshold=0.3, max_changes=1)
    assert (one["n_changes"] <= 1).all()
    assert (one["reached"] == (table["n_changes"] <= 1) & table["reached"]).all()
    assert (table["risk_then"][~one["reached"]] <= one["risk_then"][~one["reached"]] + 1e-12).all()


def test_order_of_the_past_does_not_matter(book, helped):
    model, X, y, rows, table = helped
    places = np.random.default_rng(0).permutation(len(X))
    again = what_would_help(model, rows.iloc[:3], among=X.iloc[places], stayed=y.iloc[places], threshold=0.3, language="de")
    assert again["risk_then"].to_numpy() == pytest.approx(table["risk_then"].to_numpy()[:3], abs=1e-9)
    assert again["words"].iloc[0].endswith("Das beschreibt das Modell, nicht Ursache und Wirkung.")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"max_changes": 4}, "bad-changes"),
        ({"threshold": 2.0}, "bad-threshold"),
        ({"stayed": np.zeros(3)}, "unequal-lengths"),
        ({"stayed": np.ones(900)}, "nobody-stayed"),
        ({"drivers": "all fixed"}, "nothing-to-change"),
    ],
)
def test_what_cannot_be_searched_is_refused(book, more, code):
    model, X, _ = book
    if more.get("drivers"):
        more = {"drivers": dict.fromkeys(X.columns, "lifecycle")}
    with pytest.raises(UsageError, match=code):
        what_would_help(model, X.iloc[:2], among=X, **more)


def test_rows_that_the_model_was_trained_on_are_warned_of():
    """Their risks are too certain, and said nothing of it."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"support__a": rng.normal(size=800), "habit__b": rng.normal(size=800)})
    y = (rng.random(800) < 1 / (1 + np.exp(-X["support__a"]))).astype(int)
    model = ChurnClassifier(members=("trees",), n_estimators=20, n_seeds=1, n_jobs=1).fit(X[:600], y[:600])
    with pytest.warns(ChurnWarning, match="in-sample") as told:
        what_would_help(model, X[:40], among=X[:600], stayed=y[:600])
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        what_would_help(model, X[600:640], among=X[:600], stayed=y[:600])
