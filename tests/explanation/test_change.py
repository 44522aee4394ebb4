"""Why risks changed: the parts sum to the change, of one model and of two; what is said is what is largest."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.explanation.change import explain_change


@pytest.fixture(scope="module")
def explained():
    rng = np.random.default_rng(0)
    ids = [f"K{i}" for i in range(300)]

    def rows(at):
        index = pd.MultiIndex.from_product([ids, [pd.Timestamp(at)]], names=["customer_id", "cutoff"])
        names = ["habit__orders_days_since_last", "support__tickets_open_count", "own__thing"]
        return pd.DataFrame(rng.exponential(10, (300, 3)), index=index, columns=names)

    before, now = rows("2024-01-01"), rows("2024-02-01")
    y = (rng.random(300) < 1 / (1 + np.exp(2.5 - before.iloc[:, 0] / 8 - before.iloc[:, 1] / 12))).to_numpy().astype(int)
    models = [cp.ChurnClassifier(members=("linear",), random_state=seed, n_jobs=1).fit(before, y) for seed in (0,)]
    models.append(cp.ChurnClassifier(members=("linear",), n_jobs=1).fit(now.iloc[:, :2], 1 - y))
    return before, now, models


def test_the_parts_sum_to_the_change(explained):
    before, now, (one, other) = explained
    old = cp.explain(one, before)
    for new in (cp.explain(one, now.iloc[::-1]), cp.explain(other, now.iloc[:, :2])):
        change = explain_change(old, new)
        risks = [w.risk.droplevel("cutoff") for w in (old, new)]
        assert change.index.tolist() == risks[1].index.tolist()
        pd.testing.assert_series_equal(change["change"], risks[1] - risks[0].reindex(risks[1].index), check_names=False)
        parts = change.drop(columns=["risk_before", "risk", "change", "words"])
        assert np.abs(parts.sum(axis=1) - change["change"]).max() < 1e-12
        assert {"own", "model"} <= set(parts)
    assert (explain_change(old, cp.explain(one, now))["model"] == 0).all()


def test_words_name_the_largest_first(explained):
    before, now, (one, _) = explained
    change = explain_change(cp.explain(one, before), cp.explain(one, now))
    largest = change[["habit", "support", "own"]].abs().idxmax(axis=1)
    for row, key in zip(change.to_dict("records"), largest, strict=True):
        if abs(row["change"]) > 0.001:
            assert row["words"].startswith(f"Risk {'up' if row['change'] > 0 else 'down'}")
            first = row["words"].split(": ")[1].split(";")[0]
            assert f"{100 * row[key]:+.1f}".replace("-", "−") in first
    same = explain_change(cp.explain(one, before), cp.explain(one, before))
    assert set(same["words"]) == {"Risk unchanged."}


def test_only_customers_of_both_and_one_row_each(explained):
    before, now, (one, _) = explained
    assert len(explain_change(cp.explain(one, before.iloc[:200]), cp.explain(one, now.iloc[100:]))) == 100
    with pytest.raises(UsageError, match="more than one row"):
        explain_change(cp.explain(one, pd.concat([before, now])), cp.explain(one, now))
