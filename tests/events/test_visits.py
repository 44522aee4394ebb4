"""What counts as an activity: one definition, asked by rules, accounts, features and models of repeat buying alike."""

import warnings

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.events.activity import activity
from churnpredict.events.visits import visits

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

# a buys once and sends it back; b buys twice; c orders, cancels, and takes something free
LOG = pd.DataFrame(
    [
        ("a", "2024-01-05", 50.0, "paid"),
        ("a", "2024-03-01", -50.0, "refund"),
        ("b", "2024-01-05", 10.0, "paid"),
        ("b", "2024-03-01", 20.0, "paid"),
        ("c", "2024-01-10", 30.0, "cancelled"),
        ("c", "2024-03-02", 0.0, "free"),
    ],
    columns=["user", "day", "eur", "what"],
)


def tables_of(log=LOG, **more):
    declared = cp.Events(log, customer="user", time="day", value="eur", **{"kind": "what"} | more)
    return cp.EventTables(orders=declared, observed_until="2024-05-01")


def times(tables, **more):
    stream = visits(tables, "orders", **more)
    names = tables.ids.to_pylist()
    return [(names[c], str(d)) for c, d in zip(stream.owners, tables.wall_times(stream.times).date, strict=True)]


def test_refunds_are_no_visit_and_free_orders_are():
    assert times(tables_of()) == [("a", "2024-01-05"), ("b", "2024-01-05"), ("b", "2024-03-01"), ("c", "2024-01-10"), ("c", "2024-03-02")]


def test_declared_kinds_any_sign_and_kinds_of_a_rule():
    assert times(tables_of(activity=["paid"])) == [("a", "2024-01-05"), ("b", "2024-01-05"), ("b", "2024-03-01")]
    assert len(times(tables_of(activity="any"))) == len(LOG)
    assert times(tables_of(activity=["paid"]), kinds=["free", "refund"]) == [("c", "2024-03-02")]
    assert times(tables_of(activity="any"), kinds=["refund"]) == [("a", "2024-03-01")]


def test_where_all_rows_count_nothing_is_copied():
    tables = tables_of(LOG[LOG["eur"] >= 0])
    assert visits(tables, "orders") is tables.stream("orders")


@pytest.mark.parametrize(
    ("declared", "rule", "expected"),
    [
        ({}, {}, ["b", "c"]),
        ({"activity": ["paid"]}, {}, ["b"]),
        ({}, {"kinds": ["free"]}, ["c"]),
        ({"activity": "any"}, {}, ["a", "b", "c"]),
        ({"activity": "any"}, {"kinds": ["refund"]}, ["a"]),
    ],
)
def test_who_is_at_risk(declared, rule, expected):
    tables, churn = tables_of(**declared), cp.Inactivity("31d", of="orders", **rule)
    assert cp.take_snapshots(tables, churn, at="2024-03-10")["customer_id"].tolist() == expected
    table = cp.churn_rate(tables, churn, period="M", start="2024-03-01", end="2024-05-01", min_group=1)
    assert table["customers"].tolist() == [0, len(expected)]
    back = cp.rules.WinBack("30d", of="orders", silent_for="20d", **rule)
    at = cp.take_snapshots(tables, back, at="2024-03-31")["customer_id"].tolist()
    assert at == expected if rule else set(at) >= set(expected)


def test_a_refund_does_not_answer_for_a_stay():
    """Labels: of three who bought in January, one came in March and one only sent something back."""
    tables, churn = tables_of(), cp.Inactivity("60d", of="orders")
    past = cp.take_snapshots(tables, churn, at="2024-01-20")
    assert cp.label_churn(tables, past, churn)["outcome"].tolist() == [1, 0, 0]
    assert cp.accounting.cohorts(tables, churn, min_group=1).loc["2024-01", "customers"] == 3


def test_features_of_rhythm_and_features_of_money():
    pairs = pd.DataFrame({"customer_id": list("abc"), "cutoff": pd.Timestamp("2024-03-10")})
    asked = [cp.Feature("orders", a, w) for a, w in (("days_since_last", None), ("active_days", "all"), ("count", "all"), ("sum", "all"))]
    X = cp.build_features(tables_of(), pairs, features=asked).to_numpy().tolist()
    assert X == [[65.0, 1.0, 2.0, 0.0], [9.0, 2.0, 2.0, 30.0], [8.0, 2.0, 2.0, 30.0]]
    one = cp.build_features(tables_of(), pairs, features=[cp.Feature("orders", "days_since_last", kind="refund")])
    assert one.iloc[0, 0] == 9.0, "a kind that is asked for by name counts as it stands"


def test_a_one_time_buyer_is_not_loyal():
    table = cp.diagnostics.rfm(tables_of(), "2024-03-10")
    assert table[["days_since_last", "active_days", "value"]].to_numpy().tolist() == [[65, 1, 0.0], [9, 2, 30.0], [8, 2, 30.0]]
    summary = cp.diagnostics.rfm_summary(tables_of(), "2024-03-10")
    assert summary["repeat_days"].tolist() == [0, 1, 1]
    assert summary["mean_repeat_value"].tolist() == [0.0, 20.0, 0.0]


def test_a_refund_lowers_the_mean_of_repeat_days():
    log = pd.DataFrame({"user": "a", "day": ["2024-01-01", "2024-01-08", "2024-01-20"], "eur": [5.0, 9.0, -4.0]})
    assert cp.diagnostics.rfm_summary(tables_of(log, kind=None), "2024-02-01").loc["a"].tolist() == [1.0, 7.0, 30.0, 5.0]


def test_money_is_right_to_the_cent():
    log = pd.DataFrame({"user": "a", "day": ["2024-01-01", "2024-01-02"], "eur": [100_000_000.0, 23_456_789.01]})
    assert cp.diagnostics.rfm(tables_of(log, kind=None), "2024-02-01")["value"].tolist() == [123_456_789.01]


def test_pictures_words_and_horizons_see_the_same():
    tables, churn = tables_of(), cp.Inactivity("30d", of="orders")
    past = pd.DataFrame({"customer_id": list("abc"), "cutoff": pd.Timestamp("2024-03-10")})
    assert activity(tables, past, "orders", every="14d", periods=1).to_numpy().ravel().tolist() == [0, 1, 1]
    from churnpredict.churn.unscored import absent

    gone = absent(tables, churn, int(tables.instants("2024-03-10")[0]))
    assert gone["words"].tolist() == ["gone already: the last row in orders is 65 days old"]
    days = ["2024-01-01", "2024-01-11", "2024-01-16"]
    buys = pd.DataFrame({"user": np.repeat(np.arange(30), 3), "day": np.tile(days, 30), "eur": np.tile([5.0, 5.0, -5.0], 30)})
    assert cp.accounting.return_curve(tables_of(buys, kind=None)).longest_gaps.tolist() == [10] * 30


def test_back_after_a_cancellation_is_no_refund():
    ends = pd.DataFrame({"user": ["a", "b"], "day": "2024-02-01"})
    tables = cp.EventTables(
        orders=cp.Events(LOG, customer="user", time="day", value="eur"),
        ends=cp.Events(ends, customer="user", time="day"),
        observed_until="2024-05-01",
    )
    churn = cp.Cancellation("30d", of="ends", back="orders")
    assert cp.take_snapshots(tables, churn, at="2024-03-10")["customer_id"].tolist() == ["b", "c"]


@pytest.mark.parametrize(
    ("more", "said"), [({}, "such rows do not count as activity"), ({"activity": "any"}, "such rows count as activity")]
)
def test_the_warning_says_which_holds(more, said):
    with pytest.warns(cp.ChurnWarning, match=rf"17 % of the values are negative; sums are net of them, and {said}"):
        tables_of(**more)


def test_parts_count_the_same():
    with cp.runs.scan_tables(
        orders=cp.Events(LOG, customer="user", time="day", value="eur", kind="what", activity=["paid"]), partitions=3
    ) as parts:
        found = sorted(row for part in parts for row in times(part))
    assert found == [("a", "2024-01-05"), ("b", "2024-01-05"), ("b", "2024-03-01")]


@pytest.mark.parametrize("wrong", ["paid", [], "all"])
def test_what_it_cannot_be(wrong):
    with pytest.raises(UsageError, match="activity is"):
        tables_of(activity=wrong)
    with pytest.raises(UsageError, match="activity is"):
        tables_of(kind=None, activity=["paid"])


def test_kinds_are_a_list_and_must_be_there():
    with pytest.raises(UsageError, match=r"kinds=\['paid'\]"):
        cp.Inactivity("30d", kinds="paid")
    with pytest.warns(cp.ChurnWarning, match="unknown-kind"):
        cp.Inactivity("30d", kinds=["payed", "paid"]).check(tables_of())
    with pytest.raises(UsageError, match="no-kinds"):
        cp.Inactivity("30d", kinds=["paid"]).check(tables_of(kind=None))
    assert repr(cp.Inactivity("30d", of="orders", kinds=["paid"])).endswith("active_within=None, kinds=['paid'])")


def test_a_model_keeps_the_kinds(tmp_path):
    from churnpredict.model_file.serialise import freeze_rule, thaw_rule

    rule = cp.Inactivity("30d", of="orders", kinds=["paid"])
    assert thaw_rule(freeze_rule(rule)) == cp.Inactivity("30d", of="orders", kinds=["paid"])
    old = freeze_rule(cp.Inactivity("30d", of="orders"))
    options = {k: v for k, v in old.options.items() if k != "kinds"}
    assert thaw_rule(old.model_copy(update={"options": options})) == cp.Inactivity("30d", of="orders"), "files from before"


def test_a_config_says_it(tmp_path):
    from churnpredict.cli.config import read_config

    LOG.to_csv(tmp_path / "orders.csv", index=False)
    table = '[tables.orders]\nkind = "events"\nsource = "orders.csv"\ncustomer = "user"\ntime = "day"\nvalue = "eur"\nkinds = "what"'
    rule = '[churn]\nrule = "inactivity"\nhorizon = "30d"\nof = "orders"\nkinds = ["free"]'
    for said, n in (('["paid"]', 3), ('"any"', 6)):
        (tmp_path / "churn.toml").write_text(f"{table}\nactivity = {said}\n{rule}\n")
        config = read_config(tmp_path / "churn.toml")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert len(visits(config.event_tables(), "orders")) == n
        assert config.churn_rule() == cp.Inactivity("30d", of="orders", kinds=["free"])
