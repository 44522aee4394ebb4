"""Alerts against a loop; missing values never fire; nothing in a rule is executed."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ConfigError, SchemaError, UsageError
from churnpredict.retention import alerts as module

RULES = {"silent": "idle >= 60", "halved": 'now < 0.5 * "now before" and "now before" >= 4', "even": "now == idle"}
NOW = pd.Timestamp("2024-06-01")


@pytest.fixture
def X(rng):
    index = pd.MultiIndex.from_product([[f"K{i:02d}" for i in range(40)], pd.date_range("2024-01-01", NOW, freq="MS")])
    index.names = ["customer_id", "cutoff"]
    frame = pd.DataFrame(rng.integers(0, 12, (len(index), 3)).astype(float), index=index, columns=["idle", "now", "now before"])
    frame["idle"] *= 10
    return frame.mask(rng.random(frame.shape) < 0.1)


def by_loop(X):
    """Every rule written out, every run walked back month by month."""
    written = {
        "silent": lambda r: r["idle"] >= 60,
        "halved": lambda r: r["now"] < 0.5 * r["now before"] and r["now before"] >= 4,
        "even": lambda r: r["now"] == r["idle"],
    }
    found = set()
    for name, rule in written.items():
        for customer, rows in X.sort_index().groupby(level=0):
            moments, holds = rows.index.get_level_values(1), [bool(rule(r)) for _, r in rows.iterrows()]
            i = len(holds)
            while i and holds[i - 1]:
                i -= 1
            if i < len(holds):
                found.add((name, customer, moments[i]))
    return found


def check_alerts(X):
    found = cp.diagnostics.find_alerts(X, RULES)
    assert set(found[["alert", "customer_id", "since"]].itertuples(index=False, name=None)) == by_loop(X)
    assert (found["cutoff"] == NOW).all()


def test_alerts_are_those_of_a_loop(X):
    check_alerts(X)
    check_alerts(X.sample(frac=1, random_state=1))


def test_rows_in_another_order_are_caught(X, monkeypatch):
    monkeypatch.setattr(module, "checked", lambda X: X.sort_index(level="cutoff"))
    with pytest.raises(AssertionError):
        check_alerts(X)


def test_missing_values_never_fire(X):
    X[:] = np.nan
    assert len(cp.diagnostics.find_alerts(X, RULES | {"below": "idle < 3", "above": "idle > now"})) == 0


def test_snoozed_alerts_wake(X):
    X["idle"] = 90.0
    for moment, quiet in (("2024-06-02", True), ("2024-06-01", False)):
        found = cp.diagnostics.find_alerts(X, {"silent": "idle >= 60"}, snoozed={("K00", "silent"): moment, ("K01", "other"): "2030-01-01"})
        assert ("K00" not in set(found["customer_id"])) == quiet
        assert "K01" in set(found["customer_id"])


def test_rules_come_from_toml(X, tmp_path):
    path = tmp_path / "churn.toml"
    path.write_text('[churn]\nhorizon = "90d"\n[alerts]\nsilent = "idle >= 60"\n')
    pd.testing.assert_frame_equal(cp.diagnostics.find_alerts(X, path), cp.diagnostics.find_alerts(X, {"silent": "idle >= 60"}))


def test_judged_by_what_followed(X, rng):
    y = (rng.random(len(X)) < np.where(X["idle"] >= 60, 0.6, 0.1)).astype(int)
    row = cp.diagnostics.judge_alerts(X, y, {"silent": "idle >= 60", "never": "idle > 1e6"}).set_index("alert")
    fires = (X["idle"] >= 60).to_numpy()
    assert row.loc["silent", "left"] == pytest.approx(y[fires].mean())
    assert row.loc["silent", "lift"] == pytest.approx(y[fires].mean() / y.mean())
    assert row.loc["silent", "caught"] == pytest.approx(y[fires].sum() / y.sum())
    assert row.loc["silent", "fired"] == fires.sum()
    assert row.loc["never", "fired"] == 0
    assert np.isnan(row.loc["never", "left"])
    with pytest.raises(UsageError, match="bad-argument"):
        cp.diagnostics.judge_alerts(X, y[1:], RULES)


def leavings_by_loop(rows):
    """Customers who left, those of whom nothing fired before, and the days of each first alert: snapshot by snapshot."""
    moments = {}
    for customer, cutoff, fires, days in rows:
        if not np.isnan(days):
            alarms = moments.setdefault((customer, cutoff + pd.Timedelta(days=days)), [])
            if fires and days > 0:
                alarms.append((cutoff, days))
    first = [min(alarms)[1] for alarms in moments.values() if alarms]
    return len(moments), len(moments) - len(first), np.median(first) if first else np.nan


def check_leavings(X, seed):
    """Customers who leave once or twice, at hours of their own; alerts before, after and of customers who stay."""
    rng = np.random.default_rng(seed)
    rows, days = [], []
    for customer, cutoff in X.index:
        left = [
            pd.Timestamp("2024-01-01") + pd.Timedelta(hours=int(h))
            for h in np.random.default_rng([seed, int(customer[1:])]).integers(0, 4000, 2)
        ]
        ahead = [(t - cutoff) / pd.Timedelta("1D") for t in sorted(left) if -20 <= (t - cutoff) / pd.Timedelta("1D") < 60]
        days.append(ahead[0] if ahead else np.nan)
    X = X.assign(idle=np.where(rng.random(len(X)) < 0.3, 90.0, 0.0))
    rows = [(c, t, idle >= 60, d) for (c, t), idle, d in zip(X.index, X["idle"], days, strict=True)]
    y = ~np.isnan(days)
    found = cp.diagnostics.judge_alerts(X, y.astype(int), {"silent": "idle >= 60"}, days=days).iloc[0]
    assert tuple(found[["leavers", "missed", "lead_days"]]) == pytest.approx(leavings_by_loop(rows), nan_ok=True)
    mixed = rng.permutation(len(X))
    again = cp.diagnostics.judge_alerts(X.iloc[mixed], y[mixed].astype(int), {"silent": "idle >= 60"}, days=np.array(days)[mixed]).iloc[0]
    assert again.equals(found)


def wilson_by_hand(count: float, n: float) -> tuple[float, float]:
    """The roots of (p - share)^2 = z^2 p (1 - p) / n in p."""
    z2, share = 1.959963984540054**2, count / n
    return tuple(sorted(np.roots([1 + z2 / n, -(2 * share + z2 / n), share**2]).real))


def test_shares_have_intervals(X):
    """Over customers, and over leavings; without any of them there is none."""
    y = (X.index.get_level_values("customer_id").str[-1].astype(int) % 3 == 0).astype(int)
    days = np.where(y == 1, np.arange(len(X)) % 50 + 1.0, np.nan)
    X = X.assign(idle=np.where(np.arange(len(X)) % 4 == 0, 90.0, 0.0))
    found = cp.diagnostics.judge_alerts(X, y, {"silent": "idle >= 60", "never": "idle > 1000"}, days=days).set_index("alert")
    row = found.loc["silent"]
    assert row["customers"] < row["fired"], "snapshots of one customer are alike"
    assert (row["left_low"], row["left_high"]) == pytest.approx(wilson_by_hand(row["left"] * row["customers"], row["customers"]))
    assert (row["missed_low"], row["missed_high"]) == pytest.approx(wilson_by_hand(row["missed"], row["leavers"]))
    assert found.loc["never", ["left_low", "left_high"]].isna().all()
    assert found.loc["never", "missed_high"] == 1.0
    without = cp.diagnostics.judge_alerts(X, y, {"silent": "idle >= 60"})
    assert without[["missed_low", "missed_high"]].isna().all(axis=None)


@pytest.mark.parametrize("seed", range(6))
def test_each_leaving_counts_once_from_its_first_alert(X, seed):
    check_leavings(X, seed)


def test_the_last_alert_instead_of_the_first_is_caught(X, monkeypatch):
    monkeypatch.setattr(module.np, "maximum", np.minimum)
    with pytest.raises(AssertionError):
        check_leavings(X, 0)


def test_without_days_nothing_is_said_of_how_early(X):
    y = np.arange(len(X)) % 2
    assert cp.diagnostics.judge_alerts(X, y, RULES)[["leavers", "missed", "lead_days"]].isna().all().all()
    for wrong in (np.ones(len(X)), np.where(y, 3.0, np.nan)[1:], np.where(y, 3.0, np.inf)):
        with pytest.raises(UsageError, match="bad-argument"):
            cp.diagnostics.judge_alerts(X, y, RULES, days=wrong)


@pytest.mark.parametrize(
    "rule",
    ["", "idle", "idle >", "idle > __import__('os')", "idle > 1 or now > 2", "idle >> 2", "idle > 1; now", "3 < idle", 7, "idle > 1 and"],
)
def test_what_is_no_rule_is_refused(X, rule):
    with pytest.raises(ConfigError, match="bad-alert"):
        cp.diagnostics.find_alerts(X, {"r": rule})


def test_what_is_not_there_is_refused(X, tmp_path):
    with pytest.raises(SchemaError, match='Did you mean "idle"'):
        cp.diagnostics.find_alerts(X, {"r": "idel > 3"})
    with pytest.raises(SchemaError, match="bad-feature"):
        cp.diagnostics.find_alerts(X.assign(plan="gold"), {"r": "plan > 3"})
    with pytest.raises(SchemaError, match="bad-index"):
        cp.diagnostics.find_alerts(X.reset_index(), RULES)
    with pytest.raises(ConfigError, match="no-alerts"):
        cp.diagnostics.find_alerts(X, {})
    with pytest.raises(ConfigError, match="unreadable-alerts"):
        cp.diagnostics.find_alerts(X, tmp_path / "nowhere.toml")


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_threshold_of_money_is_reached_exactly(kind):
    """20.30 is 70 % of 29.00, in the precision of features and in any other; a cent less or more is not."""
    index = pd.MultiIndex.from_product([["a", "b", "c"], pd.to_datetime(["2024-01-01"])], names=["customer_id", "cutoff"])
    X = pd.DataFrame({"now": np.array([20.29, 20.30, 20.31], kind), "before": np.array([29.0] * 3, kind)}, index=index)
    found = {
        op: cp.diagnostics.find_alerts(X, {"fell": f"now {op} 0.7 * before"})["customer_id"].tolist() for op in ("<", "<=", "==", ">=", ">")
    }
    assert found == {"<": ["a"], "<=": ["a", "b"], "==": ["b"], ">=": ["b", "c"], ">": ["c"]}
    assert cp.diagnostics.find_alerts(X, {"low": "now < 20.3"})["customer_id"].tolist() == ["a"]
